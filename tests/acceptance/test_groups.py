# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_group in detail: its requests, its refusals, and concurrent writers of the same group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import GROUP_OPTIONS
from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_group import SPEC
from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, BOT, CHARLIE, DANA, ERIN, FRANK, JOHN, NORA, PARTNER

pytestmark = pytest.mark.any_core

LEGACY = {"id": "731dc65d13ecdd9c8a8cb706592cf863", "name": "Legacy Team"}


def stored(sandbox: Sandbox, name: str) -> dict[str, Any]:
    return sandbox.group(name)


class TestRequests:
    @pytest.mark.parametrize(
        ("requests", "writes", "arguments"),
        [
            (1, 0, {"name": "Legacy Team"}),
            (2, 0, {"name": "Engineering", "members": {"add": [ALICE]}}),
            (2, 0, {"name": "Engineering", "guests": {"add": [PARTNER]}}),
            (2, 1, {"name": "Fresh"}),
            (3, 1, {"name": "Fresh", "members": {"add": [BOB]}}),
            (4, 1, {"name": "Fresh", "members": {"add": [BOB]}, "guests": {"add": [PARTNER]}}),
            (4, 1, {"name": "Engineering", "description": "All", "members": {"add": [BOB]}}),
            (5, 1, {"name": "Engineering", "description": "All", "members": {"add": [BOB]}, "guests": {"add": [NORA]}}),
            (3, 1, {"name": "Engineering", "state": "absent"}),
            (2, 1, {"name": "Legacy Team", "state": "absent"}),
            (1, 0, {"name": "Nobodies", "state": "absent", "members": {"add": [BOB]}}),
        ],
        ids=str,
    )
    def test_count(
        self, sandbox: Sandbox, signed_in: Modules, requests: int, writes: int, arguments: dict[str, Any]
    ) -> None:
        signed_in.succeed("tallyfy_group", **arguments)
        assert len(sandbox.ledger()) == requests
        assert len(sandbox.writes()) == writes

    def test_info(self, sandbox: Sandbox, signed_in: Modules) -> None:
        groups = signed_in.succeed("tallyfy_group_info")["groups"]
        assert [group["name"] for group in groups] == ["Engineering", "Legacy Team", "People"]
        assert len(sandbox.ledger()) == 2

    def test_every_page_is_read(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(per_page_cap=1)
        assert modules.succeed("tallyfy_group", name="Legacy Team")["changed"] is False
        assert len(modules.succeed("tallyfy_group_info")["groups"]) == 3


class TestRefusals:
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_every_address_that_cannot_be_in_it_is_named(
        self, sandbox: Sandbox, modules: Modules, check_mode: bool
    ) -> None:
        result = modules.fail(
            "tallyfy_group", check_mode, name="Engineering",
            members={"add": ["no@example.com", DANA, BOT, BOB, ERIN]}, guests={"add": ["unknown@example.org", PARTNER]},
        )  # fmt: skip
        assert result["problems"] == [
            "members: no@example.com is not a member of the organization",
            f"members: {DANA} is disabled",
            f"members: {BOT} is the Tallyfy Bot",
            "guests: unknown@example.org is not a guest of the organization",
        ]
        assert result["changed"] is False
        assert sandbox.writes() == []

    def test_what_is_wrong_by_itself_costs_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail(
            "tallyfy_group", name=" ", members={"add": ["bob", BOB], "remove": [BOB.upper()]}, guests={"set": [" "]}
        )
        assert result["problems"] == [
            "name is blank",
            f"members.add and members.remove both name {BOB}",
            "members: 'bob' is not an e-mail address",
            "guests.set holds a blank name",
        ]
        assert sandbox.ledger() == []

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_lists_that_are_none_are_reported_at_once(
        self, sandbox: Sandbox, modules: Modules, check_mode: bool
    ) -> None:
        result = modules.fail(
            "tallyfy_group", check_mode, name="x" * 201, members={"ad": [BOB], "remove": [7]}, guests=["nora"]
        )
        assert result["problems"] == [
            "name has 201 characters, at most 200 are allowed",
            "unknown field members.ad; did you mean add?",
            "members.remove: entry 1 is the number 7, not a text: put it in quotes",
            "guests: 'nora' is not an e-mail address",
        ]
        assert sandbox.ledger() == []

    @pytest.mark.parametrize("arguments", [{"members": {"add": [BOB]}}, {"state": "absent"}], ids=str)
    def test_two_groups_of_one_name(self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]) -> None:
        sandbox.switch(case_sensitive_names=True)
        sandbox.patch_group("People", name="engineering")
        result = modules.fail("tallyfy_group", name="Engineering", **arguments)
        assert "97e95e53bf25476dfbf55dd84fcda0b4" in result["msg"]
        assert "5d2f8a7c3b1e49609f8e7d6c5b4a3921" in result["msg"]
        assert sandbox.writes() == []

    def test_two_members_of_one_address(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(case_sensitive_email=True)
        sandbox.insert_members({"email": "BOB@example.com"})
        result = modules.fail("tallyfy_group", name="Engineering", members={"add": [BOB]})
        assert f"several members have the address {BOB} (1002, " in result["msg"]
        assert sandbox.writes() == []

    def test_a_member_without_the_right(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(act_as=FRANK)
        result = modules.fail("tallyfy_group", name="Fresh")
        assert "HTTP 403" in result["msg"]
        assert result["failed_action"]["action"] == "created"
        assert result["changed"] is False


class TestDescription:
    def test_a_new_group_is_described_by_its_name(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_group", name="Fresh", description="")
        assert stored(sandbox, "Fresh")["description"] == "Fresh"
        again = modules.succeed("tallyfy_group", name="Fresh", description="")
        assert again["changed"] is False

    def test_one_that_is_not_stored_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        reported = {**LEGACY, "description": None, "members": [], "guests": []}
        sandbox.fault(method="PUT", times=None, status=200, body={"data": reported})
        result = modules.fail("tallyfy_group", name="Legacy Team", description="Elders")
        assert result["not_stored"] == ["description"]
        assert result["changed"] is True


class TestPeople:
    def test_a_leaver_who_is_removed_may_be_nobody_by_now(self, modules: Modules) -> None:
        result = modules.succeed("tallyfy_group", name="Engineering", members={"remove": ["gone@example.com", DANA]})
        assert result["changed"] is False
        assert result["notes"] == ["members: no member has the address gone@example.com; nothing to remove."]

    def test_somebody_who_is_not_listed_is_named_by_number(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(group_unknown_members="ignore")
        sandbox.patch_group("Engineering", members=[1001, 999])
        group = modules.succeed("tallyfy_group", name="Engineering")["group"]
        assert (group["members"], group["member_ids"]) == ([ALICE], [999, 1001])
        result = modules.succeed("tallyfy_group", name="Engineering", members={"set": [ALICE]})
        assert result["diff"]["before"] == {"members": [ALICE, "999"]}
        assert result["diff"]["after"] == {"members": [ALICE]}
        assert stored(sandbox, "Engineering")["members"] == [1001]

    def test_members_the_service_leaves_out_are_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        reported = {"id": "0" * 32, "name": "Fresh", "description": "Fresh", "members": [], "guests": []}
        sandbox.fault(method="POST", path="*/groups", status=201, body={"data": reported})
        sandbox.fault(method="GET", path="*/groups/*", times=None, body={"data": reported})
        sandbox.fault(method="PUT", path="*/groups/*", times=None, body={"data": reported})
        result = modules.fail("tallyfy_group", name="Fresh", members={"add": [BOB]})
        assert result["not_stored"] == ["members"]
        assert result["changed"] is True

    @pytest.mark.parametrize("missing", ["members", "guests"])
    def test_a_group_without_its_lists_is_not_emptied(self, sandbox: Sandbox, modules: Modules, missing: str) -> None:
        reported = {name: value for name, value in stored(sandbox, "Engineering").items() if name != missing}
        sandbox.fault(method="GET", path="*/groups/*", body={"data": reported})
        result = modules.fail("tallyfy_group", name="Engineering", members={"add": [BOB]})
        assert f"no list of {missing}" in result["msg"]
        assert sandbox.writes() == []


LOST = [{"cut": "after"}, {"cut": "before"}, {"status": 500, "apply": True}]


class TestBadLuck:
    @pytest.mark.parametrize("fault", [*LOST, {"empty": True, "apply": True}, {"half_body": True}], ids=str)
    def test_a_creation_whose_answer_is_lost(self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]) -> None:
        sandbox.fault(method="POST", path="*/groups", **fault)
        desired = {"name": "Fresh", "members": {"set": [BOB]}, "guests": {"add": [PARTNER]}}
        result = modules.succeed("tallyfy_group", **desired)
        assert result["group"]["members"] == [BOB]
        assert result["group"]["guests"] == [PARTNER]
        assert len(sandbox.state(sandbox.org_id)["groups"]) == 4
        assert modules.succeed("tallyfy_group", **desired)["changed"] is False

    @pytest.mark.parametrize("fault", [*LOST, {"status": 503, "times": 2}], ids=str)
    @pytest.mark.parametrize(
        "arguments", [{"members": {"set": [BOB]}, "description": "All"}, {"state": "absent"}], ids=["update", "delete"]
    )
    def test_another_write_whose_answer_is_lost(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], arguments: dict[str, Any]
    ) -> None:
        sandbox.fault(method="PUT", **fault)
        sandbox.fault(method="DELETE", **fault)
        assert modules.succeed("tallyfy_group", name="People", **arguments)["changed"] is True
        assert modules.succeed("tallyfy_group", name="People", **arguments)["changed"] is False

    def test_a_404_does_not_prove_a_deletion(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", status=404, body="<html>not here</html>")
        result = modules.fail("tallyfy_group", name="People", state="absent")
        assert "Tallyfy still lists the group, so nothing was done" in result["msg"]

    def test_an_empty_answer_does_not_prove_a_deletion(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", empty=True)
        assert "the group still exists" in modules.fail("tallyfy_group", name="People", state="absent")["msg"]
        sandbox.fault(method="DELETE", empty=True, apply=True)
        assert modules.succeed("tallyfy_group", name="People", state="absent")["changed"] is True
        assert sandbox.find_group("People") is None

    def test_a_wrong_route_is_no_deletion(self, sandbox: Sandbox, modules: Modules) -> None:
        body = {"error": True, "message": "API endpoint not found", "code": "ENDPOINT_NOT_FOUND"}
        sandbox.fault(method="DELETE", status=404, body=body)
        assert "Check api_url" in modules.fail("tallyfy_group", name="People", state="absent")["msg"]


class TestSideBySide:
    """Separate processes that change the same group at the same time."""

    @pytest.mark.parametrize("name", ["People", "Fresh"])
    def test_everybody_whom_somebody_adds_stays(self, sandbox: Sandbox, modules: Modules, name: str) -> None:
        modules.succeed("tallyfy_organization_info")
        sandbox.fault(method="POST", path="*/groups", delay_ms=50, times=None)
        people = [ALICE, CHARLIE, FRANK, JOHN]

        def add(email: str) -> dict[str, Any]:
            return modules.succeed("tallyfy_group", name=name, members={"add": [email]})

        with ThreadPoolExecutor(len(people)) as pool:
            assert all(result["changed"] for result in pool.map(add, people))
        assert {1001, 1005, 1008, 12345} <= set(stored(sandbox, name)["members"])
        assert len(sandbox.state(sandbox.org_id)["groups"]) == 3 + (name == "Fresh")

    def test_guests_and_members_at_the_same_time(self, sandbox: Sandbox, modules: Modules) -> None:
        changes = [{"members": {"add": [BOB]}}, {"guests": {"add": [NORA]}}, {"members": {"remove": [JOHN]}}]
        with ThreadPoolExecutor(len(changes)) as pool:
            list(pool.map(lambda change: modules.succeed("tallyfy_group", name="Engineering", **change), changes))
        group = stored(sandbox, "Engineering")
        assert (group["members"], sorted(group["guests"])) == ([1001, 1002], [NORA, PARTNER])

    def test_made_meanwhile_by_somebody_else(self, sandbox: Sandbox, modules: Modules) -> None:
        """``set`` desires the exact list, so members that the other task has added are removed."""
        page = {"data": [], "meta": {"pagination": {"total": 0, "current_page": 1, "total_pages": 1}}}
        sandbox.fault(method="GET", path="*/groups", body=page)
        result = modules.succeed("tallyfy_group", name="Engineering", members={"set": [BOB]})
        assert result["group"]["members"] == [BOB]
        assert result["group"]["description"] == "Core engineering group"

    def test_done_meanwhile_by_somebody_else(self, sandbox: Sandbox, modules: Modules) -> None:
        group = {**stored(sandbox, "Engineering"), "members": [1001, 1002, 12345]}
        sandbox.fault(method="GET", path="*/groups/*", body={"data": group})
        result = modules.succeed("tallyfy_group", name="Engineering", members={"add": [BOB]})
        assert result["changed"] is False
        assert result["actions"] == []
        assert sandbox.writes() == []


class TestInfo:
    @pytest.mark.parametrize(
        ("filters", "names"),
        [
            ({"name": " engineering"}, ["Engineering"]),
            ({"name": "engineer"}, []),
            ({"query": "ONBOARDING"}, ["People"]),
            ({"query": "e", "name": "People"}, ["People"]),
            ({"query": "legacy", "name": "People"}, []),
        ],
        ids=str,
    )
    def test_filters(self, modules: Modules, filters: dict[str, str], names: list[str]) -> None:
        found = modules.succeed("tallyfy_group_info", **filters)["groups"]
        assert [group["name"] for group in found] == names

    def test_what_is_returned_can_be_given_back(self, sandbox: Sandbox, modules: Modules) -> None:
        """Also with members without access, which cannot be added, and with an unusual or empty description."""
        (dana,) = modules.succeed("tallyfy_user_info", email=DANA)["users"]
        sandbox.patch_group("Engineering", members=[1001, dana["id"]], guests=[PARTNER, NORA], description="\u200b#N/A")
        groups = modules.succeed("tallyfy_group_info")["groups"]
        assert DANA in groups[0]["members"]
        assert [group["description"] for group in groups[:2]] == ["#N/A".rjust(5, "\u200b"), None]
        for group in groups:
            options = {name: value for name, value in group.items() if name in GROUP_OPTIONS}
            assert options.keys() == GROUP_OPTIONS.keys()
            # Options without a value are left out, as in a task.
            options, _flaws = SPEC.given(options)
            exact = {name: {"set": group[name]} for name in ("members", "guests")}
            for arguments in (options, {**options, **exact}):
                result = modules.succeed("tallyfy_group", **arguments)
                assert (result["changed"], result["notes"], result["group"]) == (False, [], group)
        assert sandbox.writes() == []

    def test_same_record_as_the_module_that_changes(self, modules: Modules) -> None:
        changed = modules.succeed("tallyfy_group", name="Engineering", members={"add": [BOB]})["group"]
        assert modules.succeed("tallyfy_group_info", name="Engineering")["groups"] == [changed]
