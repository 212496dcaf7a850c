# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_guest in detail: its requests, what cannot be changed, rate limits and lost answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import GUEST_OPTIONS
from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_guest import SPEC
from sandbox.testing import Sandbox
from tests.acceptance.running import IN_PROCESS, WAYS, Modules
from tests.people import ALICE, BOB, BOT, DANA, ERIN, NORA, PARTNER

pytestmark = pytest.mark.any_core

PAULA = {"email": "paula.park@example.org", "first_name": "Paula", "last_name": "Park"}


def actions(result: dict[str, Any]) -> list[str]:
    return [action["action"] for action in result["actions"]]


def stored(sandbox: Sandbox, email: str) -> dict[str, Any]:
    (guest,) = [guest for guest in sandbox.state(sandbox.org_id)["guests"] if guest["email"] == email]
    return guest


class TestRequests:
    @pytest.mark.parametrize(
        ("requests", "writes", "arguments"),
        [
            (1, 0, {"email": NORA, "state": "disabled"}),
            (2, 0, {"email": PARTNER, "associated_members": {"add": [ALICE]}}),
            (3, 1, PAULA),
            (5, 2, {**PAULA, "associated_members": {"add": [ALICE]}}),
            (2, 1, {"email": NORA}),
            (4, 1, {"email": PARTNER, "associated_members": {"add": [BOB]}}),
            (3, 1, {"email": PARTNER, "state": "disabled"}),
            (2, 1, {"email": NORA, "state": "deleted"}),
            (1, 0, {"email": "nobody@example.org", "state": "deleted", "associated_members": {"add": [ALICE]}}),
            (1, 0, {"email": "nobody@example.org", "state": "disabled"}),
        ],
        ids=str,
    )
    def test_count(
        self, sandbox: Sandbox, signed_in: Modules, requests: int, writes: int, arguments: dict[str, Any]
    ) -> None:
        signed_in.succeed("tallyfy_guest", **arguments)
        assert len(sandbox.ledger()) == requests
        assert len(sandbox.writes()) == writes

    def test_info(self, sandbox: Sandbox, signed_in: Modules) -> None:
        guests = signed_in.succeed("tallyfy_guest_info")["guests"]
        assert [guest["email"] for guest in guests] == [NORA, PARTNER]
        assert len(sandbox.ledger()) == 2

    def test_a_put_holds_the_members_and_the_address(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(guest_put_strict=True)
        modules.succeed("tallyfy_guest", email=PARTNER, first_name="X", associated_members={"add": [BOB]})
        assert [write["body"] for write in sandbox.writes()] == [{"email": PARTNER, "associated_members": [1001, 1002]}]


class TestRefusals:
    def test_everything_wrong_is_said_before_anything_is_sent(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail(
            "tallyfy_guest", email="no address", first_name="x" * 201, phone_1="1" * 21, company_url="park",
            image_url="https://[", timezone="Mars/Olympus", external_date_creation="tomorrow",
            associated_members={"add": ["bob"]},
        )  # fmt: skip
        assert len(result["problems"]) == 8
        assert all(problem in result["msg"] for problem in result["problems"])
        assert sandbox.ledger() == []

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("arguments", [{}, {"associated_members": {"add": [ALICE]}}], ids=str)
    def test_a_member_is_no_guest(
        self, sandbox: Sandbox, modules: Modules, check_mode: bool, arguments: dict[str, Any]
    ) -> None:
        result = modules.fail("tallyfy_guest", check_mode, email=BOB.upper(), **arguments)
        assert "is a member of the organization (active)" in result["msg"]
        assert sandbox.writes() == []

    def test_a_disabled_member_is_the_services_to_decide(self, modules: Modules) -> None:
        result = modules.fail("tallyfy_guest", email=DANA)
        assert "no member has or had this address" in result["msg"]
        assert result["changed"] is False

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("email", [PARTNER, PAULA["email"]])
    def test_everybody_who_cannot_be_associated_is_named(
        self, sandbox: Sandbox, modules: Modules, check_mode: bool, email: str
    ) -> None:
        desired = {"set": ["no@example.com", DANA, BOT, BOB]}
        result = modules.fail("tallyfy_guest", check_mode, email=email, associated_members=desired)
        assert result["problems"] == [
            "associated_members: no@example.com is not a member of the organization",
            f"associated_members: {DANA} is disabled",
            f"associated_members: {BOT} is the Tallyfy Bot",
        ]
        assert sandbox.writes() == []

    def test_a_guest_with_open_tasks_is_not_disabled(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_guest(PARTNER, open_tasks=2)
        result = modules.fail("tallyfy_guest", email=PARTNER, state="disabled")
        assert "open tasks" in result["msg"]
        assert "incomplete tasks" in result["msg"]
        assert result["changed"] is False
        assert result["failed_action"]["action"] == "disabled"

    def test_an_address_without_mail(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(strict_email_dns=True)
        assert "can receive mail" in modules.fail("tallyfy_guest", **PAULA)["msg"]


class TestProfile:
    """Tallyfy stores it only when the guest is first created."""

    def test_drift_is_reported_each_time_and_never_a_change(self, sandbox: Sandbox, modules: Modules) -> None:
        for _again in range(2):
            result = modules.succeed(
                "tallyfy_guest", email=PARTNER, first_name="External", last_name="Partners", phone_1="", timezone="UTC"
            )
            assert result["changed"] is False
            reported = [(entry["field"], entry["current"], entry["wanted"]) for entry in result["unchangeable"]]
            assert sorted(reported, key=str) == [
                ("last_name", "Partner", "Partners"), ("timezone", None, "UTC"),
            ]  # fmt: skip
            assert len(result["warnings"]) == len(result["notes"]) == 1
        assert sandbox.writes() == []

    def test_a_leaver_has_no_drift(self, modules: Modules) -> None:
        result = modules.succeed("tallyfy_guest", email=PARTNER, first_name="Other", state="deleted")
        assert result["unchangeable"] == result["notes"] == []

    def test_somebody_who_was_a_guest_before_keeps_their_profile(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_guest", email=PARTNER, state="deleted")
        desired = {"email": PARTNER, "first_name": "Internal", "last_name": "Partner"}
        result = modules.succeed("tallyfy_guest", **desired)
        assert actions(result) == ["created"]
        assert [entry["field"] for entry in result["unchangeable"]] == ["first_name"]
        assert result["diff"]["after"] == {"email": PARTNER, "last_name": "Partner"}
        assert result["guest"]["first_name"] == "External"
        again = modules.succeed("tallyfy_guest", **desired)
        assert again["changed"] is False
        assert again["unchangeable"] == result["unchangeable"]

    def test_somebody_who_comes_back_disabled_is_enabled(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_guest", email=NORA, state="deleted")
        result = modules.succeed("tallyfy_guest", email=NORA, associated_members={"set": [BOB]})
        assert actions(result) == ["created", "enabled", "updated"]
        assert stored(sandbox, NORA)["disabled_at"] is None
        assert stored(sandbox, NORA)["associated_members"] == [1002]

    def test_somebody_who_comes_back_with_members(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_guest", email=PARTNER, state="deleted")
        result = modules.succeed("tallyfy_guest", email=PARTNER, associated_members={"set": [ALICE]})
        assert actions(result) == ["created"]
        assert result["guest"]["associated_members"] == [ALICE]


class TestHourlyLimit:
    def test_it_ends_at_once_and_says_when_to_go_on(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(guest_invites_per_hour=1)
        modules.succeed("tallyfy_guest", **PAULA)
        result = modules.fail("tallyfy_guest", email="second@example.org", associated_members={"add": [ALICE]})
        (entry,) = result["deferred"]
        assert entry["email"] == "second@example.org"
        assert "hourly limit for Guest Invite" in entry["reason"]
        assert entry["not_before"] == result["not_before"]
        assert f"Run it again after {result['not_before']}" in result["msg"]
        assert result["changed"] is False
        assert len(sandbox.state(sandbox.org_id)["guests"]) == 3

    def test_others_are_not_held_up(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(guest_invites_per_hour=0)
        modules.fail("tallyfy_guest", **PAULA)
        assert modules.succeed("tallyfy_guest", email=NORA)["changed"] is True

    def test_the_hour_is_over(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(guest_invites_per_hour=1)
        modules.succeed("tallyfy_guest", **PAULA)
        second = {**PAULA, "email": "second@example.org"}
        modules.fail("tallyfy_guest", **second)
        sandbox.advance(3601)
        modules.let_caps_end()
        assert modules.succeed("tallyfy_guest", **second)["changed"] is True

    @pytest.mark.parametrize("way", WAYS)
    def test_a_loop_sends_no_further_invitation(self, sandbox: Sandbox, modules: Modules, way: str) -> None:
        sandbox.switch(guest_invites_per_hour=2)
        items = [{"email": f"guest.{number}@example.org"} for number in range(8)]
        if way == IN_PROCESS:
            results = modules.loop("tallyfy_guest", *items)
        else:
            results = [modules.run("tallyfy_guest", **item) for item in items]
        assert [bool(result.get("failed")) for result in results] == [False] * 2 + [True] * 6
        assert [write["status"] for write in sandbox.writes()] == [201, 201, 429]
        for result, item in zip(results[2:], items[2:]):
            assert result["deferred"][0]["email"] == item["email"]
            assert "hourly limit for Guest Invite" in result["deferred"][0]["reason"]
            assert result["status"] == 429
            assert f"{item['email']} is not a guest yet. Run it again after {result['not_before']}" in result["msg"]
        refusals = [result["not_before"] for result in results[2:]]
        assert len({moment[:-4] for moment in refusals}) <= 2, "all name the same time, but for a second"

    def test_a_limit_of_other_calls_defers_nobody(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="PUT", status=429, headers={"Retry-After": "900"}, times=None)
        assert modules.fail("tallyfy_guest", email=NORA)["deferred"] == []


LOST = [{"cut": "after"}, {"cut": "before"}, {"status": 500, "apply": True}, {"status": 503}]


class TestBadLuck:
    @pytest.mark.parametrize("fault", [*LOST[:3], {"empty": True, "apply": True}], ids=str)
    def test_a_creation_whose_answer_is_lost(self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]) -> None:
        sandbox.fault(method="POST", path="*/guests", **fault)
        desired = {**PAULA, "associated_members": {"add": [BOB]}}
        result = modules.succeed("tallyfy_guest", **desired)
        assert actions(result) == ["created", "updated"]
        assert len(sandbox.state(sandbox.org_id)["guests"]) == 3
        assert modules.succeed("tallyfy_guest", **desired)["changed"] is False

    @pytest.mark.parametrize("fault", [*LOST[:3], {"status": 503, "times": 2}], ids=str)
    @pytest.mark.parametrize("unknown", ["404", "422"])
    @pytest.mark.parametrize(
        "arguments",
        [
            {"email": PARTNER, "state": "deleted"},
            {"email": PARTNER, "state": "disabled"},
            {"email": NORA, "associated_members": {"add": [BOB]}},
        ],
        ids=str,
    )
    def test_another_write_whose_answer_is_lost(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], unknown: str, arguments: dict[str, Any]
    ) -> None:
        sandbox.switch(guest_delete_unknown=unknown)
        sandbox.fault(method="PUT", **fault)
        sandbox.fault(method="DELETE", **fault)
        assert modules.succeed("tallyfy_guest", **arguments)["changed"] is True
        assert modules.succeed("tallyfy_guest", **arguments)["changed"] is False

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 404, "body": "<html>not here</html>"},
            {"status": 404, "body": {"message": "API endpoint not found", "code": "ENDPOINT_NOT_FOUND"}},
            {"status": 422, "body": {"message": "Invalid.", "errors": {"email": ["The selected email is invalid."]}}},
            {"status": 422, "body": {"message": "Invalid.", "errors": {"reason": ["Guests are needed."]}}},
        ],
        ids=str,
    )
    def test_a_refusal_does_not_prove_a_deletion(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(method="DELETE", **fault)
        assert modules.fail("tallyfy_guest", email=PARTNER, state="deleted")["changed"] is False
        assert stored(sandbox, PARTNER)["deleted_at"] is None

    @pytest.mark.parametrize("body", [None, {"data": {"id": 4523, "email": PARTNER}}], ids=["empty", "unchanged"])
    def test_an_answer_that_does_not_prove_a_deletion(self, sandbox: Sandbox, modules: Modules, body: Any) -> None:
        answer = {"empty": True} if body is None else {"status": 200, "body": body}
        sandbox.fault(method="DELETE", **answer)
        assert "still lists the guest" in modules.fail("tallyfy_guest", email=PARTNER, state="deleted")["msg"]
        sandbox.fault(method="DELETE", apply=True, **answer)
        assert modules.succeed("tallyfy_guest", email=PARTNER, state="deleted")["changed"] is True
        assert stored(sandbox, PARTNER)["deleted_at"] is not None

    @pytest.mark.parametrize("arguments", [{"email": PARTNER, "state": "disabled"}, {"email": NORA}], ids=str)
    def test_an_answer_that_proves_nothing(self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]) -> None:
        sandbox.fault(path="*able", empty=True, times=None)
        result = modules.fail("tallyfy_guest", **arguments)
        assert result["not_stored"] == ["state"]
        sandbox.clear_faults()
        sandbox.fault(path="*able", empty=True, apply=True)
        assert modules.succeed("tallyfy_guest", **arguments)["changed"] is True

    def test_members_that_are_not_shown_are_not_wiped(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="GET", path="*/guests/*", body={"data": {"id": 4523, "email": PARTNER, "details": {}}})
        result = modules.fail("tallyfy_guest", email=PARTNER, associated_members={"add": [BOB]})
        assert "no list of associated_members" in result["msg"]
        assert sandbox.writes() == []

    def test_a_failure_in_the_middle_names_what_was_done(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="PUT", times=None, status=403, body={"error": True, "message": "No."})
        result = modules.fail("tallyfy_guest", **PAULA, associated_members={"add": [ALICE]})
        assert result["changed"] is True
        assert actions(result) == ["created"]
        assert result["failed_action"]["action"] == "updated"


class TestSideBySide:
    def test_everybody_whom_somebody_associates_stays(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_organization_info")

        def add(email: str) -> dict[str, Any]:
            return modules.succeed("tallyfy_guest", **PAULA, associated_members={"add": [email]})

        with ThreadPoolExecutor(3) as pool:
            assert all(result["changed"] for result in pool.map(add, [ALICE, BOB, ERIN]))
        assert stored(sandbox, PAULA["email"])["associated_members"] == [1001, 1002, 1003]


class TestLookUp:
    def test_a_longer_address_that_contains_it_is_somebody_else(self, modules: Modules) -> None:
        modules.succeed("tallyfy_guest", email=f"not.{PARTNER}")
        modules.succeed("tallyfy_guest", email=PARTNER, state="deleted")
        (left,) = modules.succeed("tallyfy_guest_info", query=PARTNER)["guests"]
        assert left["email"] == f"not.{PARTNER}"

    @pytest.mark.parametrize("switches", [{}, {"q_plus_finds_nothing": True}, {"plus_is_space": True}], ids=str)
    def test_an_address_with_a_plus(self, sandbox: Sandbox, modules: Modules, switches: dict[str, Any]) -> None:
        sandbox.switch(**switches)
        guest = {**PAULA, "email": "paula+tallyfy@example.org", "associated_members": {"add": [BOB]}}
        assert modules.succeed("tallyfy_guest", **guest)["changed"] is True
        assert modules.succeed("tallyfy_guest", **guest)["changed"] is False
        assert modules.succeed("tallyfy_guest", email=guest["email"], state="deleted")["changed"] is True

    def test_an_address_in_another_case(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(case_sensitive_email=True)
        result = modules.succeed("tallyfy_guest", email=PARTNER.upper(), associated_members={"set": [BOB]})
        assert result["guest"]["email"] == PARTNER

    def test_what_is_returned_can_be_given_back(self, sandbox: Sandbox, modules: Modules) -> None:
        """Also with disabled guests, disabled members, and values that the options would refuse."""
        (dana,) = modules.succeed("tallyfy_user_info", email=DANA)["users"]
        sandbox.patch_guest(NORA, associated_members=[1001, dana["id"]], company_url="nora.example.net", status="lead")
        sandbox.patch_guest(PARTNER, phone_2="1" * 30, timezone="Mars/Olympus", external_date_creation="tomorrow")
        guests = modules.succeed("tallyfy_guest_info")["guests"]
        assert [guest["state"] for guest in guests] == ["disabled", "present"]
        assert guests[0]["associated_members"] == [ALICE, DANA]
        for guest in guests:
            options = {name: value for name, value in guest.items() if name in GUEST_OPTIONS}
            assert options.keys() == GUEST_OPTIONS.keys()
            # Options without a value are left out, as in a task.
            options, _flaws = SPEC.given(options)
            for members in (guest["associated_members"], {"set": guest["associated_members"]}):
                result = modules.succeed("tallyfy_guest", **{**options, "associated_members": members})
                assert (result["changed"], result["notes"], result["guest"]) == (False, [], guest)
                assert result["unchangeable"] == []
        assert sandbox.writes() == []

    def test_what_nobody_could_give_is_refused_of_others(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_guest(PARTNER, company_url="partner.example.org")
        result = modules.fail("tallyfy_guest", email=NORA, company_url="partner.example.org")
        assert "is not a web address" in result["msg"]
        assert sandbox.writes() == []

    @pytest.mark.parametrize("shape", ["current", "legacy"])
    def test_both_shapes_give_the_same(self, sandbox: Sandbox, modules: Modules, shape: str) -> None:
        sandbox.switch(guest_shape=shape)
        partner = modules.succeed("tallyfy_guest_info", email=PARTNER)["guests"][0]
        assert (partner["id"], partner["first_name"], partner["company_name"]) == ("4523", "External", "Partner Co")
        assert "link" not in partner
        assert modules.succeed("tallyfy_guest", email=PARTNER)["guest"] == partner

    @pytest.mark.parametrize(
        ("filters", "emails"),
        [
            ({"disabled": True}, [NORA]),
            ({"disabled": "no"}, [PARTNER]),
            ({"query": "EXAMPLE.NET"}, [NORA]),
            ({"email": PARTNER.title()}, [PARTNER]),
            ({"email": PARTNER, "disabled": "yes"}, []),
            ({"email": PARTNER, "query": "example.net"}, []),
            ({"email": "nobody@example.org"}, []),
        ],
        ids=str,
    )
    def test_filters(self, modules: Modules, filters: dict[str, str], emails: list[str]) -> None:
        found = modules.succeed("tallyfy_guest_info", **filters)["guests"]
        assert [guest["email"] for guest in found] == emails

    def test_every_page_is_read(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(per_page_cap=1)
        assert len(modules.succeed("tallyfy_guest_info")["guests"]) == 2
