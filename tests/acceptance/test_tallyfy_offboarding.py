# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tallyfy_offboarding does with members, guests, groups and processes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import (
    ALICE,
    ALICE_ID,
    BOB,
    BOB_ID,
    DANA,
    ERIN,
    FRANK,
    FRANK_ID,
    JOHN,
    JOHN_ID,
    NORA,
    PARTNER,
    TOUR_ID,
)

pytestmark = pytest.mark.any_core

MODULE = "tallyfy_offboarding"
DANA_ID = 1007
NOTHING = dict.fromkeys(
    ("disabled", "deleted", "updated", "unchanged", "not_found", "deferred", "failed", "skipped"), 0
)
KEYS = {
    "changed", "summary", "people", "guests", "groups", "processes", "problems", "deferred", "notes", "actions", "diff",
    "org_id", "organization", "check_mode", "requests",
}  # fmt: skip


@pytest.fixture
def left_behind(sandbox: Sandbox) -> Sandbox:
    """Bob, in People, has a guest and a process; Dana, without access, has the same and a task."""
    sandbox.patch_guest(PARTNER, associated_members=[ALICE_ID, BOB_ID])
    sandbox.patch_guest(NORA, associated_members=[DANA_ID])
    sandbox.patch_group("Legacy Team", members=[DANA_ID])
    sandbox.insert_runs(
        {"checklist_id": TOUR_ID, "name": "Bob's tour", "owner_id": BOB_ID, "users": [JOHN_ID]},
        {"checklist_id": TOUR_ID, "name": "Dana's tour", "owner_id": DANA_ID},
        {"checklist_id": TOUR_ID, "name": "Past tour", "owner_id": DANA_ID, "status": "complete"},
        {"checklist_id": TOUR_ID, "name": "Old tour", "owner_id": DANA_ID, "archived_at": "2026-01-01T00:00:00.000Z"},
    )
    task = sandbox.state(sandbox.org_id)["tasks"][0]["id"]
    sandbox.patch_task(task, status="in-progress", owners={"users": [DANA_ID], "guests": [], "groups": []})
    sandbox.clear_ledger()
    return sandbox


def guest_of(sandbox: Sandbox, email: str) -> dict[str, Any]:
    return next(dict(guest) for guest in sandbox.state(sandbox.org_id)["guests"] if guest["email"] == email)


def owner_of(sandbox: Sandbox, name: str) -> int:
    (run,) = sandbox.runs(name)
    return int(run["owner_id"])


def open_tasks_of(sandbox: Sandbox, number: int) -> int:
    tasks = sandbox.state(sandbox.org_id)["tasks"]
    return sum(number in task["owners"]["users"] and task["status"] == "in-progress" for task in tasks)


def routes(sandbox: Sandbox) -> list[str]:
    return [entry["route"] for entry in sandbox.ledger()]


# --- handing over -----------------------------------------------------------------------------------------------------


def test_a_leaver_is_handed_over_in_order(left_behind: Sandbox, modules: Modules) -> None:
    wish = {"people": [{"email": BOB, "reassign_to": JOHN}], "guests": [NORA]}
    result = modules.succeed(MODULE, concurrency=1, **wish)
    assert [entry["route"] for entry in left_behind.writes()] == [
        "guests.update", "processes.update", "groups.update", "members.remove", "guests.delete",
    ]  # fmt: skip
    assert result.keys() >= KEYS
    (row,) = result["people"]
    assert (row["name"], row["outcome"], row["action"], row["reassign_to"]) == (
        "Bob Jones",
        "disabled",
        "disabled",
        JOHN,
    )
    assert (row["before"], row["after"]) == ({"status": "active"}, {"status": "disabled"})
    assert row["message"] == (
        f"Handed over the guest {PARTNER} to {JOHN}; handed over the process Bob's tour to {JOHN}; "
        f"removed from group People; "
        f"disabled, open work goes to {JOHN}."
    )
    (process,) = result["processes"]
    assert (process["name"], process["owner_before"], process["owner_after"]) == ("Bob's tour", BOB, JOHN)
    assert row["processes"] == [process]
    assert [(row["email"], row["action"], row["outcome"]) for row in result["guests"]] == [
        (NORA, "deleted", "deleted"),
        (PARTNER, "handed_over", "updated"),
    ]
    assert result["groups"] == [
        {
            "name": "People", "action": "updated", "outcome": "updated", "message": "",
            "before": {"members": [BOB, ERIN]}, "after": {"members": [ERIN]},
        },
    ]  # fmt: skip
    assert result["summary"]["people"] == {**NOTHING, "disabled": 1}
    assert result["summary"]["guests"] == {**NOTHING, "deleted": 1, "updated": 1}
    assert guest_of(left_behind, PARTNER)["associated_members"] == [ALICE_ID, JOHN_ID]
    assert left_behind.runs("Bob's tour")[0]["users"] == [JOHN_ID], "a PUT detaches whom it does not name"


def test_who_has_left_is_handed_over_by_a_later_run(left_behind: Sandbox, modules: Modules) -> None:
    wish = {"people": [{"email": DANA, "reassign_to": JOHN}]}
    reported = modules.succeed(MODULE, check_mode=True, **wish)
    assert left_behind.writes() == []
    result = modules.succeed(MODULE, **wish)
    assert {name: reported[name] for name in KEYS - {"check_mode", "requests"}} == {
        name: result[name] for name in KEYS - {"check_mode", "requests"}
    }
    (row,) = result["people"]
    assert (row["outcome"], row["action"], row["fields"]) == ("updated", "handed_over", ["open_tasks"])
    assert (row["before"], row["after"]) == ({"open_tasks": 1}, {"open_tasks": 0})
    assert [process["name"] for process in result["processes"]] == ["Dana's tour"]
    assert guest_of(left_behind, NORA)["associated_members"] == [JOHN_ID]
    assert guest_of(left_behind, NORA)["disabled_at"], "a guest without access gets none by being handed over"
    assert owner_of(left_behind, "Dana's tour") == JOHN_ID
    assert owner_of(left_behind, "Past tour") == owner_of(left_behind, "Old tour") == DANA_ID
    assert open_tasks_of(left_behind, DANA_ID) == 0
    assert left_behind.group("Legacy Team")["members"] == []  # type: ignore[index] # it is there
    left_behind.clear_ledger()
    again = modules.succeed(MODULE, **wish)
    assert again["changed"] is False
    assert again["summary"]["people"] == {**NOTHING, "unchanged": 1}
    assert left_behind.writes() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"route": "guests.update", "status": 403},
        {"route": "guests.list", "status": 500, "times": 9},
        {"route": "processes.list", "status": 403},
        {"route": "groups.list", "status": 403},
    ],
    ids=str,
)
def test_access_is_not_taken_before_the_hand_over(
    left_behind: Sandbox, modules: Modules, fault: dict[str, Any]
) -> None:
    wish = {"people": [{"email": BOB, "reassign_to": JOHN}]}
    left_behind.fault(**fault)
    result = modules.fail(MODULE, **wish)
    assert left_behind.member(BOB)["status"] == "active"
    assert result.keys() >= KEYS
    left_behind.clear_faults()
    modules.succeed(MODULE, **wish)
    assert left_behind.member(BOB)["status"] == "disabled"
    assert guest_of(left_behind, PARTNER)["associated_members"] == [ALICE_ID, JOHN_ID]


def test_a_group_lets_go_of_those_who_are_handed_over(left_behind: Sandbox, modules: Modules) -> None:
    left_behind.patch_group("People", members=[BOB_ID, FRANK_ID, JOHN_ID])
    left_behind.fault(route="guests.update", status=403)
    result = modules.fail(MODULE, people=[{"email": BOB}, {"email": FRANK}])
    assert {row["email"]: row["outcome"] for row in result["people"]} == {BOB: "failed", FRANK: "disabled"}
    assert sorted(left_behind.group("People")["members"]) == [BOB_ID, JOHN_ID]  # type: ignore[index] # it is there
    assert result["groups"] == [
        {
            "name": "People", "action": "updated", "outcome": "updated",
            "message": f"{BOB} stayed in the group, because the hand-over is not completed.",
            "before": {"members": [BOB, FRANK, JOHN]}, "after": {"members": [BOB, JOHN]},
        },
    ]  # fmt: skip
    (problem,) = result["problems"]
    assert problem.startswith(f"{BOB}: the guest {PARTNER}: PUT /")
    assert "HTTP 403" in problem


def test_nobody_takes_over(left_behind: Sandbox, modules: Modules) -> None:
    result = modules.succeed(MODULE, people=[{"email": BOB}])
    assert guest_of(left_behind, PARTNER)["associated_members"] == [ALICE_ID]
    assert owner_of(left_behind, "Bob's tour") == BOB_ID
    (note,) = result["notes"]
    assert note == f"{BOB} still owns running processes, because there is no successor: Bob's tour."
    assert result["processes"][0]["owner_after"] == BOB


@pytest.mark.parametrize("delete", [False, True])
def test_tasks_that_tallyfy_does_not_hand_over(left_behind: Sandbox, modules: Modules, delete: bool) -> None:
    left_behind.switch(repeated_change="400")
    wish = {"people": [{"email": DANA, "reassign_to": JOHN}], "delete": delete}
    result = modules.fail(MODULE, **wish) if delete else modules.succeed(MODULE, **wish)
    member = left_behind.member(DANA)
    assert member, "whose work is not handed over is not deleted for good"
    assert owner_of(left_behind, "Dana's tour") == JOHN_ID
    if not delete:
        (note,) = result["notes"]
        assert note.startswith(f"{DANA}: Tallyfy did not hand over 1 open task: ")
    assert open_tasks_of(left_behind, DANA_ID) == 1


def test_tasks_are_handed_over_only_when_they_are_shown_to_be(left_behind: Sandbox, modules: Modules) -> None:
    left_behind.fault(route="members.remove", empty=True)
    result = modules.fail(MODULE, people=[{"email": DANA, "reassign_to": JOHN}])
    assert f"{DANA} still has 1 open task" in result["msg"]
    assert modules.succeed(MODULE, people=[{"email": DANA, "reassign_to": JOHN}])["changed"] is True


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"guests": [PARTNER], "protect": ["[p]artner@example.org"]},
            f"guests entry 1 ({PARTNER}): refusing to remove this guest: protect holds [p]artner@example.org",
        ),
        (
            {"guests": [PARTNER, NORA], "people": [{"email": BOB}, {"email": FRANK}]},
            "2 members and 2 guests would lose access, but max_removals allows 3 of 6 active members and",
        ),
        ({"people": [{"email": ERIN}]}, "the number of active administrators would drop from 2 to 1"),
        ({"people": BOB}, f"people must be a list of dictionaries with email and reassign_to, not '{BOB}'"),
    ],
)  # fmt: skip
def test_what_is_refused_before_the_first_write(
    sandbox: Sandbox, modules: Modules, options: dict[str, Any], problem: str, check_mode: bool
) -> None:
    result = modules.fail(MODULE, check_mode=check_mode, **options)
    assert sandbox.writes() == []
    assert any(text.startswith(problem) for text in result["problems"]), result["problems"]
    assert result.keys() >= KEYS
    assert (result["changed"], result["people"], result["check_mode"]) == (False, [], check_mode)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("wish", [{"people": [{"email": FRANK}]}, {"guests": [NORA]}], ids=str)
def test_a_member_who_is_no_administrator_is_refused(
    sandbox: Sandbox, modules: Modules, wish: dict[str, Any], check_mode: bool
) -> None:
    modules.use(act_as=BOB)
    result = modules.fail(MODULE, check_mode=check_mode, **wish)
    assert sandbox.writes() == []
    assert f"the acting user {BOB} has the role standard" in result["msg"]
    assert result["organization"]["acting_as"] == BOB


def test_mistakes_are_reported_although_the_lists_cannot_be_read(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.fault(route="members.list", status=403)
    result = modules.fail(MODULE, people=[{"email": "x"}], guests=["y"])
    assert len(result["problems"]) == 2


def test_an_option_is_missing(sandbox: Sandbox, modules: Modules) -> None:
    assert "one of the following is required" in modules.fail(MODULE)["msg"]


# --- people who are not found, and the report -------------------------------------------------------------------------


def test_who_is_nobody_is_reported_and_no_failure(sandbox: Sandbox, modules: Modules) -> None:
    result = modules.succeed(MODULE, people=[{"email": "ghost@example.com"}], guests=["ghost@example.org"])
    assert result["changed"] is False
    assert result["summary"]["people"] == result["summary"]["guests"] == {**NOTHING, "not_found": 1}
    assert [row["outcome"] for row in (*result["people"], *result["guests"])] == ["not_found"] * 2
    notes = ["ghost@example.com: No member has this address.", "ghost@example.org: no guest has this address."]
    assert result["notes"] == result["warnings"] == notes


def test_a_removal_is_believed_only_when_it_shows(left_behind: Sandbox, modules: Modules) -> None:
    for route in ("members.disable", "guests.delete"):
        left_behind.fault(route=route, empty=True)
    result = modules.fail(MODULE, people=[{"email": FRANK}], guests=[NORA])
    assert result["summary"]["people"]["failed"] == result["summary"]["guests"]["failed"] == 1
    assert modules.succeed(MODULE, people=[{"email": FRANK}], guests=[NORA])["changed"] is True
    assert left_behind.member(FRANK)["status"] == "disabled"


def test_where_and_as_whom(sandbox: Sandbox, modules: Modules) -> None:
    result = modules.succeed(MODULE, people=[], check_mode=True)
    assert result["organization"] == {"id": sandbox.org_id, "name": None, "acting_as": "the application 1111"}
    assert result["check_mode"] is True
    sandbox.clear_ledger()
    modules.use(access_token=sandbox.issue_token(ALICE), client_id=None, client_secret=None)
    result = modules.succeed(MODULE, people=[{"email": FRANK}], report="leavers.md")
    assert result["organization"] == {"id": sandbox.org_id, "name": "Globex Corporation", "acting_as": ALICE}
    assert result["requests"] == len(sandbox.ledger())


# --- how many requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ({"people": []}, ["members.list"]),
        ({"guests": ["ghost@example.org"]}, ["members.list", "guests.list"]),
        ({"people": [{"email": "ghost@example.com"}]}, ["members.list", "guests.list"]),
        ({"people": [{"email": DANA}]}, ["members.list", "groups.list", "guests.list", "processes.list"]),
        (
            {"people": [{"email": DANA, "reassign_to": JOHN}]},
            ["members.list", "groups.list", "guests.list", "processes.list", "tasks.list"],
        ),
    ],
)
def test_how_many_requests_nothing_to_do_costs(
    sandbox: Sandbox, modules: Modules, wish: dict[str, Any], asked: list[str]
) -> None:
    modules.succeed(MODULE, **wish)
    assert routes(sandbox) == ["oauth.token", *asked]


def test_many_who_have_left_cost_a_list_for_each_hundred(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.reset(members=150)
    people = [row for row in sandbox.state(sandbox.org_id)["members"] if row["id"] > 100000]
    for row in people:
        row["status"] = "disabled"
    sandbox.reset()
    sandbox.insert_members(*({"email": row["email"], "status": "disabled"} for row in people))
    wish = {"people": [{"email": row["email"]} for row in people], "reassign_to": JOHN}
    result = modules.succeed(MODULE, **wish)
    assert result["summary"]["people"]["unchanged"] == 150
    assert routes(sandbox)[1:] == [
        "members.list", "groups.list", "guests.list", *["processes.list"] * 2, *["tasks.list"] * 2,
    ]  # fmt: skip
    assert sandbox.writes() == []
