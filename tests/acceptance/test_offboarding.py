# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leavers leave behind: groups, guests and processes. Their access is the subject of test_roles.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules, Playbooks
from tests.acceptance.test_roles import BOB, FRANK, JOHN, OFFBOARD, Run, given

pytestmark = pytest.mark.any_core

PARTNER, NORA = "partner@example.org", "nora@example.net"
ALICE_ID, BOB_ID, JOHN_ID, FRANK_ID = 1001, 1002, 12345, 1008
TOUR = "3c1d5e7f9a0b2c4d6e8f0a1b2c3d4e5f"
REFUSAL = {"error": True, "message": "Not today"}


@pytest.fixture
def left_behind(sandbox: Sandbox) -> Sandbox:
    """John, of Engineering, and Frank have guests; John runs a process, has completed one and archived one."""
    sandbox.patch_guest(PARTNER, associated_members=[ALICE_ID, JOHN_ID])
    sandbox.patch_guest(NORA, associated_members=[FRANK_ID])
    sandbox.insert_runs(
        {"checklist_id": TOUR, "name": "Tour {{ 7*7 }}", "owner_id": JOHN_ID},
        {"checklist_id": TOUR, "name": "Late tour", "owner_id": JOHN_ID, "status": "delayed"},
        {"checklist_id": TOUR, "name": "Past tour", "owner_id": JOHN_ID, "status": "complete"},
        {"checklist_id": TOUR, "name": "Old tour", "owner_id": JOHN_ID, "archived_at": "2026-01-01T00:00:00.000Z"},
        {"checklist_id": TOUR, "name": "Bob's tour", "owner_id": BOB_ID},
    )
    sandbox.clear_ledger()
    return sandbox


def associated(sandbox: Sandbox, email: str) -> list[int]:
    (guest,) = [one for one in sandbox.state(sandbox.org_id)["guests"] if one["email"] == email]
    return sorted(guest["associated_members"] or ())


def guests_of(sandbox: Sandbox) -> set[str]:
    return {one["email"] for one in sandbox.state(sandbox.org_id)["guests"] if not one["deleted_at"]}


def status_of(sandbox: Sandbox, email: str) -> str:
    member = sandbox.member(email)
    assert member
    return str(member["status"])


def report_of(playbooks: Playbooks) -> dict[str, dict[str, str]]:
    report = json.loads((playbooks.folder / "report.json").read_text(encoding="utf-8"))
    return {row["email"]: row for row in report["rows"]}


LEAVERS: dict[str, Any] = {
    "offboarding_people": [{"email": "John.Smith@example.com", "reassign_to": "Bob@example.com"}, {"email": FRANK}],
    "offboarding_guests": [" Partner@Example.org"],
    "offboarding_report": "report.json",
}


def test_check_mode_tells_what_the_run_does_and_the_second_run_does_nothing(
    left_behind: Sandbox, playbooks: Playbooks
) -> None:
    sandbox = left_behind
    sandbox.patch_guest(NORA, associated_members=[ALICE_ID, JOHN_ID, FRANK_ID])
    options = (given(playbooks, **LEAVERS),)
    announced = Run(playbooks, OFFBOARD, *options, "--check", "--diff").succeeded()
    told = report_of(playbooks)
    assert sandbox.writes() == []

    done = Run(playbooks, OFFBOARD, *options).succeeded()
    written = report_of(playbooks)
    assert announced.stats == done.stats
    assert announced.changed == done.changed
    assert done.stats == {
        "offboarding_total": 2,
        "offboarding_removed": 2,
        "offboarding_deleted": 0,
        "offboarding_unchanged": 0,
        "offboarding_not_found": 0,
        "offboarding_failed": 0,
        "offboarding_deferred": 0,
        "offboarding_guests_handed_over": 1,
        "offboarding_guests_removed": 1,
        "offboarding_guests_not_found": 0,
        "offboarding_guests_failed": 0,
    }
    assert {email: row["done"] for email, row in told.items()} == {email: row["done"] for email, row in written.items()}
    john, frank, partner = written["John.Smith@example.com"], written[FRANK], written[PARTNER]
    assert john["done"] == (
        f"Take access away, open work goes to {BOB}. Leave Engineering. Hand the guest {NORA} over to {BOB}."
    )
    assert told["John.Smith@example.com"]["note"] == "Running processes: Late tour, Tour {{ 7*7 }}."
    assert john["note"] == (
        f"Running processes: Late tour (owner still {JOHN}), Tour {{{{ 7*7 }}}} (owner still {JOHN})."
    ).replace(JOHN, "John.Smith@example.com")
    assert frank["done"] == f"Take access away. Take the guest {NORA} from them."
    assert (partner["outcome"], partner["done"]) == ("changed", "Remove the guest.")
    assert associated(sandbox, NORA) == [ALICE_ID, BOB_ID]
    assert guests_of(sandbox) == {NORA}
    (nora,) = [one for one in sandbox.state(sandbox.org_id)["guests"] if one["email"] == NORA]
    assert nora["disabled_at"], "a guest without access gets none by being handed over"

    sandbox.clear_ledger()
    again = Run(playbooks, OFFBOARD, *options).succeeded()
    assert again.changed == 0
    assert sandbox.writes() == []
    assert again.stats["offboarding_unchanged"] == 2
    assert again.stats["offboarding_guests_not_found"] == 1
    assert f"{PARTNER} (as a guest)" in again.messages
    # The guest might be a member, so the members are read once more, and a third time to name those of the other guest.
    assert [entry["route"] for entry in sandbox.ledger()] == [
        "organization.get", "members.list", "guests.list", "members.list", "members.list",
    ]  # fmt: skip


def test_nothing_is_read_for_people_who_have_no_access_any_more(left_behind: Sandbox, playbooks: Playbooks) -> None:
    left_behind.patch_member(JOHN, status="disabled")
    variables = given(playbooks, offboarding_people=[{"email": JOHN}, {"email": "dana.lee@example.com"}])
    run = Run(playbooks, OFFBOARD, variables).succeeded()
    assert run.changed == 0
    assert [entry["route"] for entry in left_behind.ledger()] == ["oauth.token", "members.list"]


def test_how_many_requests_many_leavers_cost(sandbox: Sandbox, playbooks: Playbooks) -> None:
    sandbox.reset(members=60)
    people = [
        {"email": row["email"], "reassign_to": BOB}
        for row in sandbox.state(sandbox.org_id)["members"]
        if row["status"] == "active" and row["id"] > 13000
    ][:20]
    assert len(people) == 20
    sandbox.clear_ledger()
    Run(playbooks, OFFBOARD, given(playbooks, offboarding_people=people)).succeeded()
    asked = [entry["route"] for entry in sandbox.ledger() if not entry["write"]]
    assert len(sandbox.writes()) == 20
    assert len(asked) <= 11, asked
    assert asked.count("processes.list") <= 2


def test_groups_that_keep_leavers_are_mended(left_behind: Sandbox, playbooks: Playbooks) -> None:
    left_behind.switch(disable_keeps_groups=True)
    Run(playbooks, OFFBOARD, given(playbooks, **LEAVERS)).succeeded()
    engineering = left_behind.group("Engineering")
    assert engineering
    assert engineering["members"] == [ALICE_ID]

    left_behind.reset()
    left_behind.switch(disable_keeps_groups=True)
    left_behind.fault(method="PUT", path="*/groups/*", times=None, status=403, body=REFUSAL)
    failed = Run(playbooks, OFFBOARD, given(playbooks, **LEAVERS)).failed()
    assert any(text.startswith(f"The group Engineering still lists {JOHN}") for text in failed.messages)
    assert report_of(playbooks)["John.Smith@example.com"]["note"] == "Still in Engineering."


@pytest.mark.parametrize(
    ("faults", "reasons"),
    [
        (
            [
                {"method": "PUT", "path": "*/guests/*", "status": 403, "body": REFUSAL},
                {"method": "DELETE", "path": "*/guests/*", "status": 500},
                {"method": "GET", "path": "*/runs", "status": 403, "skip": 1},
            ],
            [
                "Who owns the processes afterwards could not be read: ",
                f"The guest {NORA} may still be associated with {FRANK}, which another run does not look at: PUT",
                f"The guest {PARTNER} could not be removed: DELETE",
            ],
        ),
        (
            [
                {"method": "GET", "path": "*/groups", "status": 403},
                {"method": "DELETE", "path": "*/guests/*", "status": 429, "headers": {"Retry-After": "900"}},
            ],
            [
                "The groups and numbers of the leavers could not be read: ",
                f"The guest {PARTNER} could not be removed: DELETE",
            ],
        ),
        (
            [
                {"method": "GET", "path": "*/guests", "status": 403, "times": 1},
                {"method": "GET", "path": "*/runs", "status": 403},
            ],
            ["The guests could not be read: ", "The processes of the leavers could not be read: "],
        ),
    ],
)
def test_the_failure_of_one_part_leaves_the_others_alone(
    faults: list[dict[str, Any]], reasons: list[str], left_behind: Sandbox, playbooks: Playbooks
) -> None:
    for fault in faults:
        left_behind.fault(**{"times": None, **fault})
    failed = Run(playbooks, OFFBOARD, given(playbooks, **LEAVERS)).failed()
    told = failed.lines[failed.lines.index("Not everything could be done:") + 1 :]
    assert len(told) == len(reasons)
    assert all(text.startswith(reason) for text, reason in zip(told, reasons)), told
    assert status_of(left_behind, JOHN) == status_of(left_behind, FRANK) == "disabled"
    assert failed.stats["offboarding_removed"] == 2
    is_removed = not any(fault["method"] == "DELETE" for fault in faults)
    assert failed.stats["offboarding_guests_failed"] == (not is_removed)
    assert guests_of(left_behind) == ({NORA} if is_removed else {NORA, PARTNER})
    assert report_of(playbooks)[FRANK]["outcome"] == "changed"


def test_who_could_not_be_looked_at_again_is_not_said_to_be_gone(left_behind: Sandbox, playbooks: Playbooks) -> None:
    # The first listing finds the leavers; the roster task's own is refused.
    left_behind.fault(route="members.list", skip=3, times=None, status=403, body=REFUSAL)
    failed = Run(playbooks, OFFBOARD, given(playbooks, **{**LEAVERS, "offboarding_guests": []})).failed()
    assert "2 of 2 could not be removed:" in failed.messages
    assert any("Not today" in text for text in failed.messages)
    assert failed.stats["offboarding_failed"] == 2
    assert failed.stats["offboarding_removed"] == 0
    assert {row["outcome"] for row in report_of(playbooks).values()} == {"failed"}
    assert status_of(left_behind, JOHN) == "active"


def test_all_mistakes_are_told_at_once_and_nothing_is_written(left_behind: Sandbox, playbooks: Playbooks) -> None:
    variables = {
        "offboarding_people": [
            {"email": JOHN, "reassign_to": "nobody@example.com"},
            "somebody",
            {"email": PARTNER},
            {"email": FRANK, "role": "light"},
        ],
        "offboarding_guests": ["paula", BOB, "NORA@example.net", 5],
        "offboarding_protect": ["nora@*", "*@example.com.test"],
    }
    told = Run(playbooks, OFFBOARD, given(playbooks, **variables)).failed().lines
    assert told == [
        "The list of leavers has mistakes, so nobody was removed:",
        "offboarding_guests: 'paula' is not an e-mail address",
        f"offboarding_guests: {BOB} is a member; list them in offboarding_people",
        f"offboarding_guests: {NORA} is not removed: offboarding_protect holds nora@*",
        "offboarding_guests: '5' is not an e-mail address",
        f"row 1 ({JOHN}): reassign_to nobody@example.com is not a member of the organization",
        "row 2: not a dictionary of a person's fields",
        f"row 3 ({PARTNER}): is a guest; list them in offboarding_guests",
        f"row 4 ({FRANK}): unknown field role",
    ]
    assert left_behind.writes() == []


@pytest.mark.parametrize(
    ("guests", "problem"),
    [
        (PARTNER, "offboarding_guests: a list of e-mail addresses is needed"),
        ([{"email": PARTNER}, None], "offboarding_guests: 'none' is not an e-mail address"),
    ],
)
def test_guests_are_a_list_of_addresses(guests: Any, problem: str, left_behind: Sandbox, playbooks: Playbooks) -> None:
    variables = given(playbooks, offboarding_people=[{"email": JOHN}], offboarding_guests=guests)
    assert problem in Run(playbooks, OFFBOARD, variables).failed().output
    assert left_behind.writes() == []


def test_blank_answers_count_as_not_given_and_guests_can_leave_by_themselves(
    left_behind: Sandbox, playbooks: Playbooks
) -> None:
    blank = dict.fromkeys(("reassign_to", "guests", "protect", "max_removals", "min_admins", "concurrency"), "")
    variables = {f"offboarding_{name}": value for name, value in blank.items()}
    run = Run(playbooks, OFFBOARD, given(playbooks, offboarding_people=[{"email": FRANK}], **variables)).succeeded()
    assert run.stats["offboarding_removed"] == 1
    assert guests_of(left_behind) == {NORA, PARTNER}

    # Somebody who is in both lists leaves as a guest.
    variables = {"offboarding_people": [{"email": PARTNER}], "offboarding_guests": [PARTNER]}
    run = Run(playbooks, OFFBOARD, given(playbooks, **variables)).succeeded()
    assert run.stats["offboarding_guests_removed"] == 1
    assert guests_of(left_behind) == {NORA}


def test_the_owners_of_processes_are_told_as_they_are(left_behind: Sandbox, playbooks: Playbooks) -> None:
    (late,) = left_behind.runs("Late tour")
    (tour,) = left_behind.runs("Tour {{ 7*7 }}")
    rows = [
        {"id": late["id"], "name": late["name"], "owner_id": BOB_ID, "status": "active"},
        {"id": tour["id"], "name": tour["name"], "owner_id": ALICE_ID, "status": "active"},
    ]
    meta = {"pagination": {"total": 2, "count": 2, "per_page": 100, "current_page": 1, "total_pages": 1, "links": {}}}
    left_behind.fault(route="processes.list", skip=1, status=200, body={"data": rows, "meta": meta})
    Run(playbooks, OFFBOARD, given(playbooks, **LEAVERS)).succeeded()
    assert report_of(playbooks)["John.Smith@example.com"]["note"] == (
        f"Running processes: Late tour (owner now {BOB}), Tour {{{{ 7*7 }}}} (owner not known)."
    )


class TestProcessesOfOwners:
    def test_running_ones_cost_one_request(self, left_behind: Sandbox, modules: Modules) -> None:
        found = modules.succeed("tallyfy_process_info", owner=[str(JOHN_ID), str(FRANK_ID)], status="running")
        assert [process["name"] for process in found["processes"]] == ["Late tour", "Tour {{ 7*7 }}"]
        asked = left_behind.ledger(route="processes.list")
        assert [entry["query"]["owners"] for entry in asked] == [f"{JOHN_ID},{FRANK_ID}"]
        assert left_behind.ledger(route="members.list") == []

    def test_addresses_are_looked_up_at_once(self, left_behind: Sandbox, modules: Modules) -> None:
        found = modules.succeed("tallyfy_process_info", owner=[JOHN.upper(), BOB, BOB])
        assert [process["name"] for process in found["processes"]] == [
            "Bob's tour", "Late tour", "Old tour", "Past tour", "Tour {{ 7*7 }}",
        ]  # fmt: skip
        assert len(left_behind.ledger(route="members.list")) == 1
        failed = modules.fail("tallyfy_process_info", owner=["nobody@example.com", JOHN, "no.one@example.com"])
        assert failed["problems"] == [
            "owner nobody@example.com is not a member of the organization",
            "owner no.one@example.com is not a member of the organization",
        ]

    def test_a_filter_that_is_ignored_does_no_harm(self, left_behind: Sandbox, modules: Modules) -> None:
        many = [str(number) for number in (*range(100000, 100120), JOHN_ID)]
        found = modules.succeed("tallyfy_process_info", owner=many, status="running")
        assert [process["name"] for process in found["processes"]] == ["Late tour", "Tour {{ 7*7 }}"]
        assert "owners" not in left_behind.ledger(route="processes.list")[0]["query"]
