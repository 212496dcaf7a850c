# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open tasks of members who have lost their access already, and a successor who is to take them over."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import BOB, BOB_ID, JOHN, JOHN_ID

pytestmark = pytest.mark.any_core


def owners(sandbox: Sandbox) -> list[list[int]]:
    """Return whom the open tasks belong to."""
    tasks = sandbox.state(sandbox.org_id)["tasks"]
    return [task["owners"]["users"] for task in tasks if task["status"] not in ("completed", "auto-skipped")]


@pytest.fixture
def john_is_out(sandbox: Sandbox, modules: Modules) -> Sandbox:
    """John has open tasks, and lost his access when nobody took over."""
    task = sandbox.state(sandbox.org_id)["tasks"][0]
    sandbox.patch_task(task["id"], owners={"users": [JOHN_ID], "guests": [], "groups": []}, status="not-started")
    modules.succeed("tallyfy_user", email=JOHN, state="disabled")
    assert [JOHN_ID] in owners(sandbox)
    sandbox.clear_ledger()
    return sandbox


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("tallyfy_user", {"email": JOHN, "state": "disabled", "reassign_to": BOB}),
        ("tallyfy_roster", {"people": [{"email": JOHN, "state": "disabled"}], "reassign_to": BOB}),
    ],
)
def test_are_handed_over_once(module: str, arguments: dict[str, Any], john_is_out: Sandbox, modules: Modules) -> None:
    announced = modules.succeed(module, check_mode=True, **arguments)
    assert john_is_out.writes() == []
    done = modules.succeed(module, **arguments)
    assert announced["changed"]
    assert done["changed"]
    assert announced["actions"] == done["actions"]
    assert [action["action"] for action in done["actions"]] == ["handed_over"]
    assert [row["reassign_to"] for row in done.get("people", ())] == [BOB] * ("people" in done)
    assert not any(JOHN_ID in users for users in owners(john_is_out))
    assert [BOB_ID] in owners(john_is_out)

    john_is_out.clear_ledger()
    again = modules.succeed(module, **arguments)
    assert not again["changed"]
    assert john_is_out.writes() == []


def test_cost_nothing_where_nobody_takes_over(john_is_out: Sandbox, modules: Modules) -> None:
    modules.succeed("tallyfy_user", email=JOHN, state="disabled")
    assert [entry["route"] for entry in john_is_out.ledger()] == ["members.list"]


def test_need_an_active_successor(john_is_out: Sandbox, modules: Modules) -> None:
    failure = modules.fail("tallyfy_user", email=JOHN, state="disabled", reassign_to="nobody@example.com")
    assert failure["msg"] == f"{JOHN}: reassign_to nobody@example.com is not a member of the organization"
    assert john_is_out.writes() == []


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_nobody_is_deleted_whose_tasks_are_not_handed_over(state: str, john_is_out: Sandbox, modules: Modules) -> None:
    john_is_out.fault(route="members.remove", status=422)
    people = [{"email": JOHN, "state": state, "reassign_to": BOB}]
    result = modules.run("tallyfy_roster", people=people)
    assert bool(result.get("failed")) == (state == "deleted")
    assert [entry["route"] for entry in john_is_out.writes()] == ["members.remove"]
    assert [JOHN_ID] in owners(john_is_out)
