# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays of playbooks/examples: short, announced by check mode, and with nothing left to do the second time."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks, Run

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "playbooks" / "examples"
JOBS = (CHECKOUT / "docs" / "docsite" / "rst" / "reference_modules.rst").read_text(encoding="utf-8")
#: Each play in the order in which they are run, and whether there is anything to do for it.
PLAYS = {
    "one_person": True,
    "member_roles": True,
    "hand_over_and_disable": True,
    "roster_from_csv": True,
    "onboard_from_event": True,
    "complete_step": True,
    "ask_a_person": True,
    "wait_for_approval": False,
    "audit_report": True,
    "many_organizations": True,
    "token_in_uri": False,
}
LONGEST = 15
#: The step that a play waits for.
APPROVAL = "ad7928853e057617f6afd538981382e0"


def test_the_plays_are_announced_done_and_then_left_with_nothing_to_do(sandbox: Sandbox, playbooks: Playbooks) -> None:
    folder = playbooks.folder / "examples"
    shutil.copytree(EXAMPLES, folder)
    (waiting,) = [task for task in sandbox.state(sandbox.org_id, "tasks")["tasks"] if task["id"] == APPROVAL]
    sandbox.patch_task(APPROVAL, status="completed", is_approved=True)
    (folder / "mailboxes").touch()
    # In the first run nobody has approved yet when it is asked for the first time.
    pages = {"pagination": {"total": 1, "count": 1, "per_page": 100, "current_page": 1, "total_pages": 1}}
    sandbox.fault(route="tasks.list_of_process", skip=1, times=1, body={"data": [waiting], "meta": pages})
    names = [str(folder / f"{name}.yml") for name in PLAYS]
    given = ["-i", str(folder / "organizations" / "hosts"), "-e", f"@{folder / 'hire_event.yml'}"]
    given += ["-e", f"mailboxes={folder / 'mailboxes'}", "-e", "seconds_between=0"]
    secrets = {"TALLYFY_CLIENT_SECRET_GLOBEX": sandbox.client_secret, "TALLYFY_CLIENT_SECRET_INITECH": "initech-secret"}

    def changed(*options: str) -> list[str]:
        """Run the plays and return those that changed something, or would."""
        sandbox.clear_ledger()
        run = Run(playbooks, *names, *given, *options, **secrets).succeeded()
        plays = re.split(r"^PLAY \[", run.output, flags=re.MULTILINE)[1:]
        return [name for name, text in zip(PLAYS, plays) if re.search(r"^changed: \[", text, flags=re.MULTILINE)]

    expected = [name for name, is_something_to_do in PLAYS.items() if is_something_to_do]
    assert changed("--check", "--diff") == expected
    assert sandbox.writes() == []
    asked = sandbox.ledger(route="tasks.list_of_process")
    assert len(asked) == 3, "one for the step, two for the approval"
    assert changed() == expected
    assert sandbox.member("john.smith@example.com")["status"] == "disabled"
    assert changed() == []
    assert sandbox.writes() == []


@pytest.mark.any_core
@pytest.mark.parametrize("name", PLAYS)
def test_a_play_is_no_longer_than_15_lines_besides_its_data(name: str) -> None:
    text = (EXAMPLES / f"{name}.yml").read_text(encoding="utf-8")
    (play,) = yaml.safe_load(text)
    # What counts are the lines below tasks: or roles:, without comments and blank ones. Above them stand the hosts and,
    # as vars, the data, which a file of variables would hold as well.
    _head, _found, tasks = re.split(r"^  (tasks|roles):\n", text, flags=re.MULTILINE)
    lines = [line for line in tasks.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) <= LONGEST
    assert f"/blob/main/playbooks/examples/{name}.yml>" in JOBS, "it is found by its job"
    assert list(play)[-1] in ("tasks", "roles")
    assert "module_defaults" not in play
