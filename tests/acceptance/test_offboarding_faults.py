# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An offboarding whose steps are refused: nobody loses access before the hand-over, and the others are removed.

Single faults are tested in test_faults.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_faults import LEAVERS, MUCH_LEFT_BEHIND, by_module, leave_much_behind, left_behind, statuses
from tests.acceptance.faults import Stage, picture, unbroken
from tests.people import ALICE, BOB, CHARLIE, DANA, JOHN, PARTNER

pytestmark = pytest.mark.any_core

PEOPLE = "5d2f8a7c3b1e49609f8e7d6c5b4a3921"
ROUTES = (
    "members.list", "groups.list", "guests.list", "processes.list", "tasks.list", "guests.get", "guests.update",
    "processes.get", "processes.update", "groups.get", "groups.update", "members.remove", "members.disable",
    "guests.delete",
)  # fmt: skip
Offboard = Callable[..., "dict[str, Any]"]


@pytest.fixture
def offboard(sandbox: Sandbox, tmp_path: Path) -> Offboard:
    """Runs offboardings with many hand-overs in this process, with waits that take no time."""
    leave_much_behind(sandbox)

    def run(**options: Any) -> dict[str, Any]:
        stage = Stage(sandbox, tmp_path / str(len(list(tmp_path.iterdir()))))
        with stage.online():
            return by_module("offboarding", "tallyfy_offboarding", {**LEAVERS, **options}).run(stage, False)

    return run


def test_nothing_stays_behind(sandbox: Sandbox, offboard: Offboard) -> None:
    result = offboard()
    assert not result.get("failed"), result["msg"]
    assert result["summary"] == {
        "people": {
            "disabled": 2, "deleted": 0, "updated": 1, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 0,
            "skipped": 0,
        },
        "guests": {
            "disabled": 0, "deleted": 1, "updated": 1, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 0,
            "skipped": 0,
        },
        "groups": {"updated": 2, "unchanged": 0, "deferred": 0, "failed": 0, "skipped": 0},
    }  # fmt: skip
    assert {entry["route"] for entry in sandbox.ledger()} == {"oauth.token", *ROUTES}
    assert left_behind(sandbox) == {BOB: [], CHARLIE: [], DANA: []}


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("guests.update", None),
        ("processes.update", None),
        ("groups.update", f"*/{PEOPLE}"),
        ("members.remove", "*/users/1002"),
    ],
)
def test_who_cannot_be_handed_over_keeps_their_access_and_the_others_go(
    sandbox: Sandbox, offboard: Offboard, tmp_path: Path, route: str, path: str | None
) -> None:
    end = unbroken(MUCH_LEFT_BEHIND, Stage(sandbox, tmp_path / "unbroken")).end
    leave_much_behind(sandbox)
    ids = {member["email"]: member["id"] for member in sandbox.state(sandbox.org_id)["members"]}
    # Only Bob has the guest, so that nobody else is concerned.
    sandbox.patch_guest(PARTNER, associated_members=[ids[ALICE], ids[BOB]])
    sandbox.patch_group("People", members=[ids[BOB], ids[JOHN]])
    sandbox.fault(route=route, path=path, status=403)
    result = offboard()
    assert result["failed"]
    now = statuses(sandbox)
    assert (now[BOB], now[CHARLIE]) == ("active", "disabled")
    rows = {row["email"]: row["outcome"] for row in result["people"]}
    assert (rows[BOB], rows[CHARLIE]) == ("failed", "disabled")
    assert any("403" in problem for problem in result["problems"])
    sandbox.patch_guest(PARTNER, associated_members=[ids[ALICE], ids[BOB], ids[CHARLIE], ids[DANA]])
    result = offboard()
    assert not result.get("failed"), result["msg"]
    assert picture(sandbox) == end


@pytest.mark.parametrize("fault", [{"empty_list": True}, {"status": 403, "skip": 1}], ids=str)
def test_who_turns_out_to_own_a_process_keeps_their_access(
    sandbox: Sandbox, offboard: Offboard, fault: dict[str, Any]
) -> None:
    """The list of processes is read again during the run."""
    sandbox.fault(route="processes.list", **fault)
    result = offboard()
    assert result["failed"]
    # The others have no successor or no access.
    now = statuses(sandbox)
    assert (now[BOB], now[CHARLIE]) == ("active", "disabled")
    (problem,) = (text for text in result["problems"] if BOB in text)
    assert "Run it again." in problem
    sandbox.clear_faults()
    assert not offboard().get("failed")
    assert left_behind(sandbox)[BOB] == []


def test_nothing_else_is_begun_when_it_is_to_stop(sandbox: Sandbox, offboard: Offboard) -> None:
    sandbox.fault(route="guests.update", status=403)
    result = offboard(on_error="stop")
    assert [entry["route"] for entry in sandbox.writes()] == ["guests.update"]
    assert result["summary"]["people"] == {
        "disabled": 0, "deleted": 0, "updated": 0, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 3,
        "skipped": 0,
    }  # fmt: skip
    assert result["summary"]["groups"]["skipped"] == 2


def test_a_pause_defers_the_rest(sandbox: Sandbox, offboard: Offboard) -> None:
    sandbox.fault(route="groups.update", status=429, headers={"Retry-After": "9000"}, times=None)
    result = offboard()
    assert result["summary"]["people"]["deferred"] == 3
    assert {entry.get("email") for entry in result["deferred"]} >= {BOB, CHARLIE, DANA}
    assert all(entry["not_before"] for entry in result["deferred"])
    assert statuses(sandbox)[BOB] == "active"
