# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_user in detail: its requests, its refusals, and the behaviour of the API that is not documented."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_processes import JORDAN_ID
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, BOT, CHARLIE, DANA, ERIN, GRACE, JOHN, MARY, SUPPORT

pytestmark = pytest.mark.any_core


def actions(result: dict[str, Any]) -> list[str]:
    return [action["action"] for action in result["actions"]]


class TestRequests:
    """Few requests is a feature: these tests fail when a second look-up is added."""

    @pytest.mark.parametrize(
        ("requests", "arguments"),
        [
            (1, {"email": BOB, "role": "standard", "team": "Operations"}),
            (2, {"email": BOB, "groups": {"add": ["People"]}}),
            (2, MARY),
            (2, {**MARY, "provision": "invite"}),
            (2, {"email": BOB, "role": "light"}),
            # A profile is read right before it is written, because others may write it, too.
            (3, {"email": BOB, "team": "Finance", "phone": "+1", "job_title": "Lead"}),
            (2, {"email": DANA}),
            (1, {"email": DANA, "state": "disabled"}),
            (2, {"email": BOB, "state": "disabled"}),
            (3, {"email": BOB, "state": "disabled", "reassign_to": JOHN}),
            (3, {"email": BOB, "state": "deleted"}),
            # The list of members is read only for an administrator, to count the others.
            (2, {"email": JOHN, "role": "admin"}),
            (3, {"email": ERIN, "role": "light", "min_admins": 1}),
        ],
        ids=str,
    )
    def test_count(self, sandbox: Sandbox, signed_in: Modules, requests: int, arguments: dict[str, Any]) -> None:
        signed_in.succeed("tallyfy_user", **arguments)
        assert len(sandbox.ledger()) == requests

    def test_organization_info_costs_one(self, sandbox: Sandbox, signed_in: Modules) -> None:
        signed_in.succeed("tallyfy_organization_info")
        assert len(sandbox.ledger()) == 1


class TestPut:
    def test_required_trio_and_everything_else_is_kept(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(member_put_nulls_omitted=True)
        sandbox.patch_member(BOB, job_description="Numbers", country_id=2)
        before = sandbox.member(BOB)
        modules.succeed("tallyfy_user", email=BOB, team="Finance")
        after = sandbox.member(BOB)
        assert {name for name in before if before[name] != after[name]} <= {"team", "updated_at", "last_updated"}

    @pytest.mark.parametrize("field", ["team", "phone"])
    def test_a_value_that_did_not_stick_is_reported(self, sandbox: Sandbox, modules: Modules, field: str) -> None:
        sandbox.switch(drop_fields=[field])
        result = modules.fail("tallyfy_user", email=BOB, team="Finance", phone="+1")
        assert f"did not store {field}" in result["msg"]
        assert result["not_stored"] == [field]

    def test_an_invited_member_whose_profile_is_refused(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(invited_member_put="deny")
        result = modules.succeed("tallyfy_user", email=CHARLIE, team="Sales", role="light")
        assert any("still invited" in str(warning) for warning in result["warnings"])
        charlie = sandbox.member(CHARLIE)
        assert charlie["role"] == "light"

    def test_nothing_but_a_refused_profile_is_no_change(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(invited_member_put="deny")
        result = modules.succeed("tallyfy_user", email=CHARLIE, team="Sales")
        assert result["changed"] is False
        assert result["actions"] == []
        assert "still invited" in result["notes"][0]

    def test_a_wrong_value_of_an_invited_member_is_an_error(self, modules: Modules) -> None:
        assert "HTTP 422" in modules.fail("tallyfy_user", email=CHARLIE, country_id=99999)["msg"]

    def test_a_field_that_is_never_shown_is_warned_about(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(member_shape="sdk")
        for _again in range(2):
            result = modules.succeed("tallyfy_user", email=BOB, country_id=2)
            assert result["changed"] is False
            assert any("does not show country_id" in str(warning) for warning in result["warnings"])

    @pytest.mark.parametrize("names", [["phone", "team"], "phone;team", "phone; team\n", "phone,team", ["phone; team"]])
    def test_fields_to_be_emptied_are_a_list_or_a_text(self, sandbox: Sandbox, modules: Modules, names: Any) -> None:
        """A text as it comes from a cell of a table that another module has read."""
        assert modules.succeed("tallyfy_user", email=BOB, clear=names)["changed"] is True
        assert (sandbox.member(BOB)["phone"], sandbox.member(BOB)["team"]) == (None, None)
        assert "did you mean team" in modules.fail("tallyfy_user", email=BOB, clear="phone;teams")["msg"]


class TestSeveralOrganizations:
    def test_known_before_it_is_warned_and_left(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.succeed("tallyfy_user", email=GRACE, team="Elsewhere")
        assert result["changed"] is False
        assert any("belongs to 2 organizations" in str(warning) for warning in result["warnings"])
        assert sandbox.writes() == []

    def test_found_out_by_the_refusal_it_is_said_once(self, sandbox: Sandbox, modules: Modules) -> None:
        refusal = {"error": True, "message": "This member cannot be edited here."}
        sandbox.fault(method="PUT", route="members.update", times=None, status=403, body=refusal)
        result = modules.fail("tallyfy_user", email=BOB, team="Elsewhere")
        assert "member of several organizations" in result["msg"]
        assert len(sandbox.writes()) == 1


class TestRefusals:
    @pytest.mark.parametrize("signed_in_by", ["act_as", "access_token"])
    @pytest.mark.parametrize("change", [{"state": "disabled"}, {"role": "standard"}], ids=str)
    def test_the_acting_user(
        self, sandbox: Sandbox, modules: Modules, signed_in_by: str, change: dict[str, str]
    ) -> None:
        erin = "erin.walker@example.com"
        if signed_in_by == "act_as":
            modules.use(act_as=erin)
        else:
            modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(erin))
        result = modules.fail("tallyfy_user", email=erin.title(), **change)
        assert "the acting user" in result["msg"]
        assert sandbox.writes() == []

    def test_everything_wrong_is_said_before_anything_is_sent(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail(
            "tallyfy_user", email="no address", first_name="x" * 33, timezone="Mars/Olympus", phone="1" * 21,
            reassign_to="nor this", groups={"add": [" "]},
        )  # fmt: skip
        assert len(result["problems"]) == 6
        assert all(problem in result["msg"] for problem in result["problems"])
        assert sandbox.ledger() == []

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_direct_needs_the_application(self, sandbox: Sandbox, modules: Modules, check_mode: bool) -> None:
        modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(ALICE))
        result = modules.fail("tallyfy_user", check_mode=check_mode, **MARY, provision="direct")
        assert "set client_id and client_secret" in result["msg"]
        assert sandbox.ledger() == []


class TestAdministrators:
    """Two administrators must be left by default, as with a roster."""

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("wish", [{"role": "light"}, {"state": "disabled"}, {"state": "deleted"}], ids=str)
    def test_the_second_to_last_one_stays(
        self, sandbox: Sandbox, modules: Modules, wish: dict[str, Any], check_mode: bool
    ) -> None:
        result = modules.fail("tallyfy_user", check_mode=check_mode, email=ERIN, **wish)
        assert "the number of active administrators would drop from 2 to 1, but min_admins is 2" in result["msg"]
        assert result["msg"].endswith(f"to be removed or demoted: {ERIN}. To allow this, set min_admins to 1.")
        assert sandbox.writes() == []
        assert modules.succeed("tallyfy_user", check_mode=check_mode, email=ERIN, min_admins=1, **wish)["changed"]
        assert (sandbox.writes() == []) is check_mode

    def test_one_of_three_may_go_and_not_two_at_a_time(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_member(JOHN, role="admin")
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(modules.run, "tallyfy_user", email=email, role="light") for email in (ERIN, JOHN)]
        assert sorted(bool(run.result().get("failed")) for run in runs) == [False, True]

    def test_a_negative_number_is_refused(self, sandbox: Sandbox, modules: Modules) -> None:
        assert "min_admins is -1" in modules.fail("tallyfy_user", email=BOB, min_admins=-1)["msg"]
        assert sandbox.ledger() == []


class TestUnknownLeavers:
    """An unknown address may be misspelled; without a note, the person would keep their access unnoticed."""

    NOBODY = "bbo@example.com"

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize(
        ("module", "wish"),
        [
            ("tallyfy_user", {"email": NOBODY, "state": "disabled"}),
            ("tallyfy_user", {"email": NOBODY, "state": "deleted"}),
            ("tallyfy_roster", {"people": [{"email": NOBODY, "state": "disabled"}]}),
            ("tallyfy_roster_drift", {"people": [{"email": NOBODY, "state": "deleted"}]}),
            ("tallyfy_offboarding", {"people": [{"email": NOBODY}]}),
            ("tallyfy_offboarding", {"guests": [NOBODY]}),
        ],
        ids=str,
    )
    def test_are_warned_of(
        self, sandbox: Sandbox, modules: Modules, module: str, wish: dict[str, Any], check_mode: bool
    ) -> None:
        result = modules.succeed(module, check_mode=check_mode, **wish)
        (note,) = result["notes"]
        assert note.lower().startswith(f"{self.NOBODY}: no ")
        assert note in str(result["warnings"])
        assert (result["changed"], result.get("user"), sandbox.writes()) == (False, None, [])


class TestReportedSuccessors:
    """Requests hold the successor's ID; results and messages hold the address that was given."""

    @pytest.mark.parametrize(
        ("module", "arguments"),
        [
            ("tallyfy_user", {"email": BOB, "state": "disabled", "reassign_to": JOHN}),
            ("tallyfy_roster", {"people": [{"email": BOB, "state": "disabled", "reassign_to": JOHN}]}),
            ("tallyfy_offboarding", {"people": [{"email": BOB, "reassign_to": JOHN}]}),
        ],
    )
    def test_the_successor_is_an_address(
        self, sandbox: Sandbox, modules: Modules, module: str, arguments: dict[str, Any]
    ) -> None:
        sandbox.patch_run(JORDAN_ID, owner_id=sandbox.member(BOB)["id"])
        result = modules.succeed(module, **arguments)
        by_verb = {action["action"]: action["target"] for action in result["actions"]}
        assert by_verb["disabled"] == JOHN
        assert by_verb.get("handed_over", JOHN) == JOHN
        (gone,) = [write for write in sandbox.writes() if write["method"] == "DELETE"]
        assert gone["query"]["to"] == str(sandbox.member(JOHN)["id"])


class TestLookUp:
    @pytest.mark.parametrize("switches", [{}, {"q_plus_finds_nothing": True}, {"plus_is_space": True}])
    def test_an_address_with_a_plus(self, sandbox: Sandbox, modules: Modules, switches: dict[str, Any]) -> None:
        sandbox.switch(**switches)
        person = {**MARY, "email": "mary+tallyfy@example.com"}
        assert modules.succeed("tallyfy_user", **person)["changed"] is True
        assert modules.succeed("tallyfy_user", **person)["changed"] is False

    def test_found_on_a_later_page(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.reset(members=60)
        sandbox.switch(per_page_cap=7)
        found = modules.succeed("tallyfy_user_info", query="example.com", status="active")["users"]
        assert len(found) > 60
        assert modules.succeed("tallyfy_user", email=found[-1]["email"])["changed"] is False

    def test_a_permanently_deleted_member_is_nobody(self, modules: Modules) -> None:
        modules.succeed("tallyfy_user", email=BOB, state="deleted")
        again = modules.succeed("tallyfy_user", email=BOB, first_name="Bob", last_name="Jones")
        assert actions(again) == ["created"]
        assert again["user"]["id"] != 1002


class TestRaces:
    """Another writer adds the person first, or an answer is lost: the person is added exactly once."""

    def test_taken_meanwhile(self, sandbox: Sandbox, modules: Modules) -> None:
        taken = {"message": "The given data was invalid.", "errors": {"email": ["The email has already been taken."]}}
        sandbox.fault(method="POST", path="/applications/*/users", status=422, body=taken, apply=True)
        assert modules.succeed("tallyfy_user", **MARY)["user"]["email"] == MARY["email"]
        assert len(sandbox.writes()) == 1

    def test_taken_by_somebody_the_search_does_not_show(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="GET", path="/organizations/*/users", status=200, body={"data": []})
        result = modules.succeed("tallyfy_user", email=DANA, first_name="Dana", last_name="Lee")
        assert result["user"]["status"] == "active"

    def test_taken_by_a_member_with_another_role(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="GET", path="/organizations/*/users", status=200, body={"data": []})
        result = modules.succeed("tallyfy_user", email=BOB, first_name="Bob", last_name="Jones")
        assert result["changed"] is False
        assert result["user"]["role"] == "standard"

    def test_taken_elsewhere(self, modules: Modules) -> None:
        result = modules.fail("tallyfy_user", email="ivy.stone@example.net", first_name="Ivy", last_name="Stone")
        assert "already been taken" in result["msg"]
        assert result["changed"] is False

    @pytest.mark.parametrize("provision", ["direct", "invite"])
    @pytest.mark.parametrize(
        "fault", [{"cut": "after"}, {"cut": "before"}, {"status": 500, "apply": True}, {"status": 503}], ids=str
    )
    def test_a_lost_answer(self, sandbox: Sandbox, modules: Modules, provision: str, fault: dict[str, Any]) -> None:
        sandbox.fault(method="POST", path="*/users*", **fault)
        modules.succeed("tallyfy_user", **MARY, provision=provision, groups={"add": ["People"]})
        people = [member for member in sandbox.state(sandbox.org_id)["members"] if member["email"] == MARY["email"]]
        assert len(people) == 1
        group = sandbox.group("People")
        assert people[0]["id"] in group["members"]

    @pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut": "before"}, {"status": 503, "times": 2}], ids=str)
    @pytest.mark.parametrize(
        "arguments",
        [
            {"email": BOB, "team": "Finance"},
            {"email": BOB, "role": "light"},
            {"email": BOB, "state": "disabled"},
            {"email": BOB, "state": "deleted"},
            {"email": DANA},
            {"email": BOB, "groups": {"set": ["Engineering"]}},
        ],
        ids=str,
    )
    def test_a_disturbed_write_ends_well(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], arguments: dict[str, Any]
    ) -> None:
        sandbox.fault(method="PUT", **fault)
        sandbox.fault(method="DELETE", **fault)
        assert modules.succeed("tallyfy_user", **arguments)["changed"] is True
        sandbox.clear_faults()
        assert modules.succeed("tallyfy_user", **arguments)["changed"] is False


class TestAnswersThatProveNothing:
    """A 2xx does not prove that a change was made, and a 404 does not prove that a member is deleted."""

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 404, "body": "<html>not here</html>", "content_type": "text/html"},
            {"status": 404, "body": {"error": True, "message": "Resource not found", "code": "RESOURCE_NOT_FOUND"}},
            {"empty": True},
            {"status": 200, "body": {"data": {"id": 1002}}},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("arguments", [{}, {"reassign_to": JOHN}], ids=str)
    @pytest.mark.parametrize("state", ["disabled", "deleted"])
    def test_access_that_is_still_there(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], arguments: dict[str, Any], state: str
    ) -> None:
        sandbox.fault(method="DELETE", times=None, **fault)
        result = modules.fail("tallyfy_user", email=BOB, state=state, **arguments)
        assert "still active instead of disabled" in result["msg"]

    @pytest.mark.parametrize("fault", [{"empty": True}, {"status": 404, "body": ""}], ids=str)
    @pytest.mark.parametrize("state", ["disabled", "deleted"])
    def test_access_that_is_gone_all_the_same(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], state: str
    ) -> None:
        sandbox.fault(method="DELETE", times=None, apply=True, **fault)
        assert modules.succeed("tallyfy_user", email=BOB, state=state)["changed"] is True

    def test_a_deletion_that_was_a_disabling(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", path="*/delete", body={"data": {"id": 1002, "status": "disabled"}})
        result = modules.fail("tallyfy_user", email=BOB, state="deleted")
        assert "still disabled instead of deleted" in result["msg"]
        assert actions(result) == ["disabled"]

    @pytest.mark.parametrize("apply", [True, False])
    @pytest.mark.parametrize(
        "fault",
        [{"empty": True}, {"status": 201, "body": {"message": "User created"}}, {"body": {"data": []}}],
        ids=str,
    )
    def test_a_creation_without_a_record(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], apply: bool
    ) -> None:
        sandbox.fault(method="POST", path="/applications/*/users", apply=apply, **fault)
        assert modules.succeed("tallyfy_user", **MARY)["user"]["id"]
        assert sandbox.find_member(MARY["email"]) is not None


class TestSideBySide:
    def test_eight_writers_of_one_group_lose_nobody(self, sandbox: Sandbox, modules: Modules) -> None:
        people = [{**MARY, "email": f"person.{number}@example.com"} for number in range(8)]

        def add(person: dict[str, Any]) -> dict[str, Any]:
            return modules.succeed("tallyfy_user", **person, groups={"add": ["People"]})

        with ThreadPoolExecutor(8) as pool:
            added = {result["user"]["id"] for result in pool.map(add, people)}
        group = sandbox.group("People")
        assert added | {1002, 1003} == set(map(int, group["members"]))


class TestShortRows:
    """Rows of a listing may have only six fields; the other fields are then read from the full record."""

    @pytest.fixture(autouse=True)
    def short(self, sandbox: Sandbox) -> None:
        sandbox.switch(member_shape="minimal_rows")

    @pytest.mark.parametrize("state", ["disabled", "deleted"])
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("email", [BOT, SUPPORT, ALICE])
    def test_protected_people(
        self, sandbox: Sandbox, modules: Modules, email: str, state: str, check_mode: bool
    ) -> None:
        result = modules.fail("tallyfy_user", check_mode=check_mode, email=email, state=state)
        assert "refusing to remove this member: it is" in result["msg"]
        assert result["changed"] is False
        assert sandbox.writes() == []

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_the_default_administrator_is_not_demoted(self, modules: Modules, check_mode: bool) -> None:
        result = modules.fail("tallyfy_user", check_mode=check_mode, email=ALICE, role="light")
        assert "default administrator" in result["msg"]


class TestHandingOver:
    def test_disabled_with_a_successor_says_to_whom(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_user", email=BOB, state="disabled", reassign_to=JOHN)
        (write,) = sandbox.writes()
        assert write["query"] == {"with_reassignment": "true", "to": "12345"}

    def test_deleted_when_the_service_hides_removed_members(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(remove_hides_member=True)
        result = modules.succeed("tallyfy_user", email=BOB, state="deleted", reassign_to=JOHN)
        assert actions(result) == ["disabled", "deleted"]
        assert sandbox.find_member(BOB) is None
