# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role offboarding with all work of leavers. The hand-overs are tested with the module."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Modules
from tests.acceptance.test_roles import associated, guests_of, people_counts, report_of
from tests.people import ALICE_ID, BOB, BOB_ID, FRANK, FRANK_ID, JOHN, JOHN_ID, NORA, PARTNER, TOUR_ID

pytestmark = pytest.mark.any_core

REFUSAL = {"error": True, "message": "Not today"}
LEAVERS: dict[str, Any] = {
    "offboarding_people": [{"email": "John.Smith@example.com", "reassign_to": "Bob@example.com"}, {"email": FRANK}],
    "offboarding_guests": [" Partner@Example.org"],
    "offboarding_report": "report.json",
}


@pytest.fixture
def left_behind(sandbox: Sandbox) -> Sandbox:
    """John, of Engineering, and Frank have guests; John runs a process, has completed one and archived one."""
    sandbox.patch_guest(PARTNER, associated_members=[ALICE_ID, JOHN_ID])
    sandbox.patch_guest(NORA, associated_members=[FRANK_ID])
    sandbox.insert_runs(
        {"checklist_id": TOUR_ID, "name": "Tour {{ 7*7 }}", "owner_id": JOHN_ID},
        {"checklist_id": TOUR_ID, "name": "Late tour", "owner_id": JOHN_ID, "status": "delayed"},
        {"checklist_id": TOUR_ID, "name": "Past tour", "owner_id": JOHN_ID, "status": "complete"},
        {"checklist_id": TOUR_ID, "name": "Old tour", "owner_id": JOHN_ID, "archived_at": "2026-01-01T00:00:00.000Z"},
        {"checklist_id": TOUR_ID, "name": "Bob's tour", "owner_id": BOB_ID},
    )
    sandbox.clear_ledger()
    return sandbox


def test_what_is_left_behind_is_reported_in_a_dry_run_and_done_once(left_behind: Sandbox, roles: Roles) -> None:
    sandbox = left_behind
    sandbox.patch_guest(NORA, associated_members=[ALICE_ID, JOHN_ID, FRANK_ID])
    announced = roles.succeed("offboarding", check_mode=True, **LEAVERS)
    planned = report_of(roles)
    assert sandbox.writes() == []
    done = roles.succeed("offboarding", **LEAVERS)
    written = report_of(roles)
    assert announced["summary"] == done["summary"]
    assert done["summary"]["people"]["disabled"] == 2
    assert {name: done["summary"]["guests"][name] for name in ("deleted", "updated")} == {"deleted": 1, "updated": 1}
    assert done["artifacts"]["tallyfy_offboarding_guests_deleted"] == 1
    assert done["artifacts"]["tallyfy_offboarding_guests_updated"] == 1
    assert [row["outcome"] for row in planned["guests"]] == [row["outcome"] for row in written["guests"]]

    (john_line,) = [line for line in done["text"] if line.startswith("John.Smith@example.com: ")]
    assert BOB in john_line
    assert [line for line in done["text"] if line.startswith("group Engineering: ")]
    running = {process["name"]: process for process in done["processes"]}
    assert set(running) == {"Late tour", "Tour {{ 7*7 }}"}
    for process in running.values():
        assert (process["owner_before"].lower(), process["owner_after"]) == (JOHN, BOB)
    assert associated(sandbox, NORA) == [ALICE_ID, BOB_ID]
    assert guests_of(sandbox) == {NORA}
    (nora,) = [guest for guest in sandbox.state(sandbox.org_id)["guests"] if guest["email"] == NORA]
    assert nora["disabled_at"], "a guest without access gets none by being handed over"
    engineering = sandbox.group("Engineering")
    assert JOHN_ID not in engineering["members"]

    sandbox.clear_ledger()
    again = roles.succeed("offboarding", **LEAVERS)
    assert (again["changed"], sandbox.writes()) == (False, [])
    assert people_counts(again) == {"unchanged": 2}
    assert again["summary"]["guests"]["not_found"] == 1
    assert [text for text in again["warnings"] if "artner@" in text.lower()]


@pytest.mark.parametrize(
    ("fault", "who", "stays"),
    [
        ({"method": "PUT", "path": "*/guests/*", "status": 403, "body": REFUSAL}, [FRANK], [FRANK]),
        ({"method": "PUT", "path": "*/groups/*", "status": 403, "body": REFUSAL}, [JOHN], [JOHN]),
        ({"method": "DELETE", "path": "*/guests/*", "status": 500}, [PARTNER], []),
        ({"method": "GET", "path": "*/groups", "status": 403}, [], [JOHN, FRANK]),
        (
            {"method": "DELETE", "path": "*/guests/*", "status": 429, "headers": {"Retry-After": "900"}},
            [PARTNER],
            [],
        ),
        ({"method": "GET", "path": "*/guests", "status": 403}, [], [JOHN, FRANK]),
        ({"method": "GET", "path": "*/runs", "status": 403}, [], [JOHN, FRANK]),
    ],
    ids=["guest", "group", "removal", "groups", "pause", "guests", "processes"],
)
def test_who_cannot_be_handed_over_keeps_their_access_and_is_named(
    fault: dict[str, Any], who: list[str], stays: list[str], left_behind: Sandbox, roles: Roles
) -> None:
    """An unreadable list stops everything; a failed write is reported for the people concerned."""
    left_behind.fault(**{"times": None, **fault})
    result = roles.run("offboarding", **LEAVERS)
    assert result["failed"]
    assert "exception" not in result
    reported = "\n".join(result["problems"]).lower()
    assert all(email in reported for email in who), reported
    for email in (JOHN, FRANK):
        assert (left_behind.member(email)["status"] == "active") is (email in stays), email
    assert (PARTNER in guests_of(left_behind)) is (PARTNER in who or not who)
    outcomes = {row["email"].lower(): row["outcome"] for row in json.loads(
        (roles.folder / "report.json").read_text(encoding="utf-8"))["people"]}  # fmt: skip
    assert all(outcomes.get(email) not in ("disabled", "deleted") for email in stays)


def test_guests_can_leave_by_themselves(left_behind: Sandbox, roles: Roles) -> None:
    blank = dict.fromkeys(("src", "people", "reassign_to", "protect", "max_removals", "min_admins", "concurrency"), "")
    variables = {f"offboarding_{name}": value for name, value in blank.items()}
    done = roles.succeed("offboarding", **variables, offboarding_guests=[PARTNER])
    assert done["summary"]["guests"]["deleted"] == 1
    assert guests_of(left_behind) == {NORA}
    assert left_behind.ledger(route="processes.list") == []


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
