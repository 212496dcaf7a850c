# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the roles and plays of one's own, run by the real ansible-playbook.

What a role does with its variables is the subject of test_roles.py, in one process. Here is what only a playbook shows:
what stands on the screen, on stderr and in the statistics, which task is the red one, and how a play is made.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks, Run, given
from tests.people import BOB, FRANK, JOHN, MARY, PARTNER

CHECKOUT = Path(__file__).resolve().parents[2]
ONBOARD, OFFBOARD, ROSTER, DRIFT, EXPORT = PLAYBOOKS = tuple(
    f"tallyfy.platform.{name}" for name in ("onboard", "offboard", "roster", "drift", "export_roster")
)
ROLES = ("onboarding", "offboarding", "roster", "drift", "export_roster")
#: For each role two people to whom something happens.
TWO_PEOPLE: dict[str, Any] = {
    "onboarding_people": [MARY, {"email": JOHN, "job_title": "Team lead"}],
    "offboarding_people": [{"email": JOHN, "reassign_to": BOB}, {"email": FRANK}],
    "roster_people": [MARY, {"email": JOHN, "job_title": "Team lead"}],
    "drift_people": [{**MARY, "email": "missing@example.com"}, {"email": BOB, "role": "light"}],
    "drift_unlisted": "ignore",
}


def plays_of(output: str) -> list[str]:
    """Return what was printed between the beginning of each play and the next, or the recap."""
    return [
        re.split(r"^PLAY RECAP ", part, flags=re.MULTILINE)[0] for part in re.split(r"^PLAY \[", output, flags=re.M)[1:]
    ]


def test_a_run_over_two_people_is_reported_in_few_lines(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Roster, drift, onboarding and offboarding, one after the other."""
    variables = {**TWO_PEOPLE, "tallyfy_act_as": "alice.smith@example.com"}
    options = (given(playbooks, **variables), "-e", "export_roster_dest=roster.yml")
    run = Run(playbooks, ROSTER, DRIFT, EXPORT, ONBOARD, OFFBOARD, *options).succeeded()
    roster, drift, export, onboarding, offboarding = plays_of(run.output)
    people = {
        roster: (MARY["email"], JOHN), drift: ("missing@example.com", BOB), onboarding: (), offboarding: (JOHN, FRANK),
    }  # fmt: skip
    for output, emails in people.items():
        assert len(output.strip().splitlines()) <= 25, output
        assert f"Globex Corporation ({sandbox.org_id})" in output
        assert "alice.smith@example.com" in output
        for email in emails:
            assert len([line for line in output.splitlines() if f'"{email}: ' in line]) == 1, output
    assert "2 people: nothing to do" in onboarding, "the roster has done the same"
    assert "roster.yml" in export
    written = yaml.safe_load((playbooks.folder / "roster.yml").read_text(encoding="utf-8"))
    assert MARY["email"] in {row["email"] for row in written}
    stats = run.stats
    assert {stats[name] for name in ("tallyfy_roster_created", "tallyfy_drift_missing", "tallyfy_drift_different")} == {
        1
    }
    assert (stats["tallyfy_onboarding_unchanged"], stats["tallyfy_offboarding_disabled"]) == (2, 2)
    for role in ("onboarding", "offboarding", "roster", "drift"):
        text = stats[f"tallyfy_{role}_report_text"]
        assert "Globex Corporation" in text
        assert "|" in text or role == "onboarding"
    assert sandbox.client_secret not in run.output


@pytest.mark.parametrize(
    ("playbook", "variables", "task", "problem", "is_written"),
    [
        (OFFBOARD, TWO_PEOPLE, "Offboard people", "Nobody may touch John", True),
        (OFFBOARD, {**TWO_PEOPLE, "offboarding_protected": ["*"]}, "Offboard people",
         "offboarding_protected is not a variable of this role; did you mean offboarding_protect?", False),
        (ROSTER, {"roster_people": [{"email": BOB, "role": "boss"}]}, "Converge the organization to the roster",
         "row 1 (bob@example.com): value of role must be one of", False),
    ],
    ids=["refused", "misspelled", "row"],
)  # fmt: skip
def test_a_failure_is_reported_once_and_the_task_of_the_module_is_the_red_one(
    playbook: str, variables: dict[str, Any], task: str, problem: str, is_written: bool, sandbox: Sandbox,
    playbooks: Playbooks,
) -> None:  # fmt: skip
    refusal = {"error": True, "message": "Nobody may touch John"}
    sandbox.fault(method="DELETE", path="*/users/12345*", times=None, status=403, body=refusal)
    run = Run(playbooks, playbook, given(playbooks, **variables)).failed()
    before, found, _after = run.output.partition("fatal: [localhost]: FAILED! =>")
    assert found
    assert task in before.rpartition("TASK [")[2]
    assert run.output.count("fatal: ") == 1
    assert run.output.count(problem) == 1, run.output
    for word in ("assertion", "tasks/main.yml", "roles/", "[ERROR]", "failed_when", "invocation", "['"):
        assert word not in run.output, word
    assert len(run.output.strip().splitlines()) <= 40, run.output
    assert bool(sandbox.writes()) is is_written
    if not is_written:
        assert sandbox.ledger() == [] or problem.startswith("row")
    assert any(name.startswith("tallyfy_") for name in run.stats), "other jobs are told of a failure, too"


@pytest.mark.parametrize("playbook", [*PLAYBOOKS, "tallyfy.platform.worklist", "tallyfy.platform.confirm_task"])
def test_a_file_of_variables_without_its_at_sign_is_named(
    playbook: str, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    """A variable beside it does not hide that those of the file are not there."""
    run = Run(playbooks, playbook, "-e", "new-hires.yml", given(playbooks, **TWO_PEOPLE)).failed()
    assert "-e new-hires.yml sets no variables. To read variables from the file, write -e @new-hires.yml." in run.output
    assert sandbox.ledger() == []


DRY = """
- hosts: localhost
  gather_facts: false
  check_mode: true
  roles:
    - role: tallyfy.platform.onboarding
      onboarding_people:
        - {email: mary.major@example.com, first_name: Mary, last_name: Major, groups: [People]}
        - {email: bob@example.com}
      onboarding_process: {template: Welcome tour}
      onboarding_tokens_for: [bob@example.com]
      onboarding_tokens_tasks: keep.yml
      onboarding_report: onboarding.md
    - role: tallyfy.platform.offboarding
      offboarding_people: [{email: john.smith@example.com, reassign_to: bob@example.com}]
      offboarding_guests: [partner@example.org]
      offboarding_report: offboarding.md
    - role: tallyfy.platform.roster
      roster_people: [{email: frank.moore@example.com, state: disabled}]
      roster_report: roster.md
"""


def test_check_mode_of_a_play_is_a_dry_run_in_every_respect(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "keep.yml").write_text("- ansible.builtin.fail: {msg: handed over}\n")
    run = Run(playbooks, DRY).succeeded()
    assert sandbox.writes() == []
    assert [entry["route"] for entry in sandbox.sign_ins()] == ["oauth.token"], "no token of a person is issued"
    for role, subject in (("onboarding", MARY["email"]), ("offboarding", PARTNER), ("roster", FRANK)):
        report = (playbooks.folder / f"{role}.md").read_text(encoding="utf-8")
        assert "Dry run: nothing was written" in report
        assert "What would be done" in report
        assert subject in report
        assert re.search(r"would be (created|disabled)", report)
        assert not re.search(r"\| (created|disabled) \|", report)
    assert "tokens would be passed to the tasks for bob@example.com" in run.output
    assert run.output.count("dry run: nothing was written") == 3


AS_MODULE = """
- hosts: localhost
  gather_facts: false
  vars:
    tallyfy_in_process: false
    onboarding_people: [{email: mary.major@example.com, first_name: Mary, last_name: Major}]
    onboarding_report: report.json
  tasks:
    - ansible.builtin.include_role:
        name: tallyfy.platform.onboarding
    - ansible.builtin.include_role:
        name: tallyfy.platform.onboarding
      vars:
        onboarding_people: [{email: nobody}]
"""


def test_a_role_whose_module_runs_in_a_process_of_its_own(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """The same comes out: rows, problems once, and a report of the failure."""
    run = Run(playbooks, AS_MODULE, "-vvv").failed()
    assert "Using module file" in run.output
    assert any(line.startswith(f"{MARY['email']}: created") for line in run.lines)
    assert sandbox.member(MARY["email"])
    shown = run.output.partition("fatal: ")[2]
    assert shown.count("row 1 (nobody): email 'nobody' is not an e-mail address") == 1
    report = json.loads((playbooks.folder / "report.json").read_text(encoding="utf-8"))
    assert report["problems"] == ["row 1 (nobody): email 'nobody' is not an e-mail address"]
    assert run.stats["tallyfy_onboarding_created"] == 1


def test_progress_goes_to_stderr(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """What callbacks print on stdout may be for a program to read."""
    people = [{**MARY, "email": f"hire{number}@example.com"} for number in range(6)]
    sandbox.reset(latency_ms=1000)
    playbooks.stderr = subprocess.PIPE
    finished = playbooks.run(
        ROSTER, given(playbooks, roster_people=people, roster_concurrency=1), TALLYFY_MAX_WAIT="60"
    )
    assert finished.returncode == 0, finished.stdout
    reported = [
        line for line in finished.stderr.splitlines() if "tallyfy.platform.tallyfy_roster [localhost]: " in line
    ]
    assert reported
    assert " of 6 people" in reported[0]
    assert "[localhost]: " not in finished.stdout.replace("ok: [localhost]", "").replace("changed: [localhost]", "")


def test_drift_is_a_failure_only_when_that_is_asked_for(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """What was exported does not differ; then a group is renamed."""
    options = ("-e", "export_roster_dest=roster.yml", "-e", "drift_src=roster.yml", "-e", "drift_fail=true")
    calm = Run(playbooks, EXPORT, DRIFT, *options).succeeded()
    assert "nothing differs" in calm.output
    sandbox.patch_group("People", name="Staff")
    sandbox.patch_member(BOB, role="light")
    run = Run(playbooks, DRIFT, *options, "-e", "drift_report=drift.html").failed()
    assert "differs from the roster: different 2" in run.output
    assert "Nothing was compared" not in run.output
    assert any(line.startswith(f"{BOB}: ") for line in run.lines)
    assert any(line.startswith("group People: ") for line in run.lines)
    assert (run.stats["tallyfy_drift_groups"], run.stats["tallyfy_drift_different"]) == (1, 2)
    assert BOB in (playbooks.folder / "drift.html").read_text(encoding="utf-8")
    assert sandbox.writes() == []


# --- how they are made ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_its_module_and_nothing_else(role: str) -> None:
    """One task runs the module, one passes totals on in any case, one shows what the module told."""
    tasks = yaml.safe_load((CHECKOUT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8"))
    first, *others = tasks
    (module,) = first.get("block", [first])
    assert [value for key, value in module.items() if key.startswith("tallyfy.platform.")] == [None]
    assert set(module) - {"name", "register"} == {key for key in module if key.startswith("tallyfy.platform.")}
    if "block" in first:
        assert [list(task)[1] for task in first["always"]] == ["ansible.builtin.set_stats"]
    rest = ["ansible.builtin.include_tasks"] if role == "onboarding" else []
    assert [list(task)[1] for task in others] == ["ansible.builtin.debug", *rest]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_is_hosts_and_its_role(playbook: str) -> None:
    (play,) = yaml.safe_load(
        (CHECKOUT / "playbooks" / f"{playbook.rpartition('.')[2]}.yml").read_text(encoding="utf-8")
    )
    assert play["hosts"] == "{{ tallyfy_hosts | default('localhost') }}"
    assert (play["connection"], play["gather_facts"]) == ("local", False)
    assert play["serial"] == "{{ tallyfy_serial | default([], true) }}"
    assert set(play["vars"]) == {"ansible_python_interpreter"}
    (task,) = play["tasks"]
    role = task["ansible.builtin.import_role"]
    assert role["name"].rpartition(".")[2] == dict(zip(PLAYBOOKS, ROLES))[playbook]
    assert role["rolespec_validate"] is False


@pytest.mark.parametrize("playbook", ["worklist", "confirm_task"])
def test_a_playbook_that_includes_tasks_of_its_user_says_nothing_of_connections(playbook: str) -> None:
    """What is delegated from there to another machine would get them, and be done on this one."""
    (play,) = yaml.safe_load((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    assert play["hosts"] == "{{ tallyfy_hosts | default('localhost') }}"
    assert not {"connection", "vars"} & set(play)
