# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_process in detail: launched exactly once, whatever goes wrong; what it costs, refuses and never touches."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import IN_PROCESS, Modules
from tests.people import ALICE, BOB, DANA, ENGINEERING, HIRE_ID, JOHN, TOUR_ID

pytestmark = pytest.mark.any_core

HIRE, TOUR = "New hire onboarding", "Welcome tour"
#: A process of the seed that goes on, and one that is archived.
JORDAN, CASEY = "HR-10293", "HR-10201"
GONE_ID = "8d0f6a3b5c7e19248b0d6f4a2c9e7153"
JORDAN_ID = "fcaae90452f4241d11355039e8797621"
REQUIRED = {
    "New hire name": "Robin Hale", "Personal email": "robin@example.net", "Start date": "2026-12-01",
    "Contract type": "full-time", "Department": "engineering",
}  # fmt: skip
EVERYTHING = {
    **REQUIRED,
    "Notes": 'Likes "R&D", <b> & O\'Brien',
    "Software": ["slack", "Office 365"],
    "Hardware": {"qty": 1, "Item": "Laptop"},
    "Buddy": {"members": [BOB], "guests": ["partner@example.org"], "groups": ["engineering"]},
    "Offer letter": "https://example.com/letters/offer%20letter.pdf",
}
LABELS = (
    "New hire name", "Notes", "Personal email", "Start date", "Contract type", "Department", "Software", "Hardware",
    "Buddy", "Offer letter",
)  # fmt: skip
LAUNCH = {"template": TOUR_ID, "reference": "E-1"}


def carriers(sandbox: Sandbox, reference: str = "E-1") -> list[dict[str, Any]]:
    return [run for run in sandbox.runs() if f"({reference})" in run["name"]]


def stored(sandbox: Sandbox, run_id: str = JORDAN_ID) -> dict[str, Any]:
    (found,) = (run for run in sandbox.runs() if run["id"] == run_id)
    return found


class TestRequests:
    """What it costs when nothing is to be done: the process, the addresses of whom it names, and no write."""

    @pytest.mark.parametrize(
        ("requests", "arguments"),
        [
            (2, {"template": HIRE_ID}),
            (3, {"template": HIRE}),
            (2, {"template": HIRE_ID, "kickoff": EVERYTHING}),
            (3, {"template": HIRE, "kickoff": EVERYTHING}),
            (3, {"template": HIRE, "kickoff": EVERYTHING, "reference_field": "Notes", "assignments": {"x": [BOB]}}),
            (3, {"template": HIRE, "tags": ["onboarding"], "folders": ["HR"]}),
            (2, {"template": HIRE_ID, "owner": ALICE}),
            (3, {"template": HIRE, "owner": ALICE, "kickoff": EVERYTHING}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("archived", [False, True], ids=["template", "archived-template"])
    def test_launched_already(
        self, sandbox: Sandbox, signed_in: Modules, requests: int, arguments: dict[str, Any], archived: bool
    ) -> None:
        if archived:
            sandbox.patch_template(HIRE_ID, archived_at="2026-01-01T00:00:00.000Z")
        result = signed_in.succeed("tallyfy_process", reference=JORDAN, **arguments)
        assert result["changed"] is False
        assert result["process"]["id"] == JORDAN_ID
        assert len(sandbox.ledger()) == requests
        assert sandbox.writes() == []

    @pytest.mark.parametrize(
        ("requests", "writes", "arguments"),
        [
            (9, 1, {"template": TOUR_ID, "reference": "E-1"}),
            (9, 1, {"template": TOUR, "reference": "E-1"}),
            (3, 0, {"template": TOUR_ID, "reference": "E-1", "state": "archived"}),
            (3, 1, {"template": HIRE_ID, "reference": JORDAN, "state": "archived"}),
            (5, 1, {"template": HIRE_ID, "reference": CASEY}),
            (4, 0, {"template": HIRE_ID, "reference": CASEY, "state": "archived"}),
            (3, 0, {"process_id": JORDAN_ID}),
            (4, 1, {"process_id": JORDAN_ID, "state": "archived"}),
        ],
        ids=str,
    )
    def test_count(
        self, sandbox: Sandbox, signed_in: Modules, requests: int, writes: int, arguments: dict[str, Any]
    ) -> None:
        signed_in.succeed("tallyfy_process", **arguments)
        assert len(sandbox.ledger()) == requests, [
            (one["method"], one["path"], one["query"]) for one in sandbox.ledger()
        ]
        assert len(sandbox.writes()) == writes

    def test_nothing_is_asked_for_what_is_wrong_by_itself(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail("tallyfy_process", template=" ", name="x", reference_field="Notes", owner="alice")
        assert len(result["problems"]) == 3
        assert sandbox.ledger() == []


class TestRefusals:
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_everything_at_once_and_before_any_write(
        self, sandbox: Sandbox, modules: Modules, check_mode: bool
    ) -> None:
        result = modules.fail(
            "tallyfy_process", check_mode, template=HIRE, name="x", owner=DANA, tags=["Nope"], folders=["Nowhere"],
            kickoff={
                "Departement": "Sales", "Department": "Finance", "Hardware": ["Laptop"], "Start date": "tomorrow",
                "New hire name": "x" * 201, "Software": ["Slack", "Jira"], "Buddy": ["no@example.com"],
                "Personal email": "robin", "Offer letter": "letter.pdf",
            },
            assignments={"Create accounts": {"groups": ["Nobodies"]}, "Dance": [BOB]},
        )  # fmt: skip
        assert result["problems"] == [
            f"kickoff: there is no field 'Departement'; fields: {', '.join(LABELS)}",
            "kickoff: Department: 'Finance' is not an option; options: Engineering, Sales",
            "kickoff: Hardware: has 1 entries for 2 columns (Item, Qty)",
            "kickoff: Start date: 'tomorrow' is not a date such as 2026-03-02 or 2026-03-02T09:00:00Z",
            "kickoff: New hire name: has 201 characters, at most 200 are allowed",
            "kickoff: Software: 'Jira' is not an option; options: Slack, Office 365, GitHub",
            "kickoff: Personal email: 'robin' is not an e-mail address",
            "kickoff: Offer letter: 'letter.pdf' is not a URL of a file",
            "kickoff: Contract type is required (radio of Full-time, Part-time)",
            "assignments: Dance: there is no step 'Dance'; steps: Create accounts, Welcome call, Manager approval",
            f"owner: {DANA} is disabled",
            "kickoff: Buddy: no@example.com is not a member of the organization",
            "assignments: Create accounts: there is no group 'Nobodies'; groups: Engineering, Legacy Team, People",
            "tags: there is no tag 'Nope'; tags: onboarding, run 42, urgent",
            "folders: there is no folder 'Nowhere'; folders: hr",
        ]
        assert result["changed"] is False
        assert sandbox.writes() == []

    @pytest.mark.parametrize(
        ("template", "message"),
        [
            ("Laptop request", "2 templates have the title 'Laptop request'; give an ID instead"),
            ("No such thing", "there is no template 'No such thing' that is not archived; templates: "),
            ("0" * 32, f"template: {'0' * 32} does not exist, is archived, or "),
            (
                "Old onboarding",
                "template: 'Old onboarding' (8d0f6a3b5c7e19248b0d6f4a2c9e7153) does not exist, is archived, or ",
            ),
            ("Contractor onboarding", "is a draft; publish it in Tallyfy first"),
        ],
    )
    def test_templates(self, sandbox: Sandbox, modules: Modules, template: str, message: str) -> None:
        assert message in modules.fail("tallyfy_process", template=template, name="x")["msg"]
        assert sandbox.writes() == []

    def test_a_member_without_the_right(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(act_as=BOB)
        result = modules.fail("tallyfy_process", **LAUNCH)
        assert "cannot launch process from this template" in result["msg"]
        assert result["failed_action"]["action"] == "launched"
        assert result["changed"] is False

    def test_archiving_what_is_not_sure(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail("tallyfy_process", template=TOUR, name="Welcome tour: Robin Hale", state="archived")
        assert "2 active processes have the name 'Welcome tour: Robin Hale'" in result["msg"]
        assert sandbox.writes() == []


class TestKickoff:
    @pytest.mark.parametrize(
        "world",
        [
            {},
            {"prerun_dates": "iso"},
            {"run_prerun_missing": True},
            {"checklist_rows": "short"},
            {"launch_status": 200},
        ],
        ids=str,
    )
    def test_every_type_is_stored_and_read_back(
        self, sandbox: Sandbox, modules: Modules, world: dict[str, Any]
    ) -> None:
        sandbox.switch(**world)
        desired = {"template": HIRE, "name": "Robin", "reference": "E-1", "kickoff": EVERYTHING}
        result = modules.succeed("tallyfy_process", **desired)
        by_label = {one["label"]: one["id"] for one in sandbox.template(HIRE)["prerun"]}  # type: ignore[index] # seeded
        values = {label: stored(sandbox, result["process"]["id"])["prerun"][by_label[label]] for label in by_label}
        assert values == {
            "New hire name": "Robin Hale", "Notes": EVERYTHING["Notes"], "Personal email": "robin@example.net",
            "Start date": "2026-12-01T00:00:00.000Z", "Contract type": "Full-time",
            "Department": {"id": 1, "text": "Engineering", "value": None},
            "Software": [{"id": 1, "text": "Slack", "value": None, "selected": True},
                         {"id": 2, "text": "Office 365", "value": None, "selected": True}],
            "Hardware": ["Laptop", "1"],
            "Buddy": {"users": [1002], "guests": ["partner@example.org"], "groups": [ENGINEERING]},
            "Offer letter": [{"filename": "offer letter.pdf", "source": "url",
                              "url": "https://example.com/letters/offer%20letter.pdf"}],
        }  # fmt: skip
        assert result["process"]["kickoff"] == {
            **EVERYTHING, "Start date": "2026-12-01T00:00:00.000Z", "Contract type": "Full-time",
            "Department": "Engineering", "Software": ["Slack", "Office 365"], "Hardware": ["Laptop", "1"],
            "Buddy": {"members": [BOB], "guests": ["partner@example.org"], "groups": ["Engineering"]},
            "Offer letter": [EVERYTHING["Offer letter"]],
        }  # fmt: skip
        again = modules.succeed("tallyfy_process", **desired)
        assert (again["changed"], again["unchangeable"]) == (False, [])

    @pytest.mark.parametrize("label", EVERYTHING)
    @pytest.mark.parametrize("world", [{}, {"run_prerun_missing": True}], ids=["answer", "read-back"])
    def test_a_value_that_was_dropped_is_a_failure(
        self, sandbox: Sandbox, modules: Modules, label: str, world: dict[str, Any]
    ) -> None:
        sandbox.switch(drop_prerun_labels=[label], **world)
        result = modules.fail("tallyfy_process", template=HIRE_ID, reference="E-1", kickoff=EVERYTHING)
        assert f"was launched, but Tallyfy did not store {label}" in result["msg"]
        assert result["not_stored"] == [label]
        assert result["changed"] is True
        assert len(carriers(sandbox)) == 1
        sandbox.switch(run_prerun_missing=False)
        again = modules.succeed("tallyfy_process", template=HIRE_ID, reference="E-1", kickoff=EVERYTHING)
        assert again["changed"] is False
        assert [entry["field"] for entry in again["unchangeable"]] == ([] if label == "Buddy" else [label])
        assert len(sandbox.launches()) == 1

    def test_an_owner_that_was_not_taken_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        reported = {**stored(sandbox), "name": "x (E-1)", "owner_id": 1002, "prerun": {}}
        sandbox.fault(method="POST", path="*/runs", status=201, body={"data": reported})
        result = modules.fail("tallyfy_process", **LAUNCH, owner=ALICE)
        assert result["not_stored"] == ["owner_id"]
        assert result["changed"] is True

    def test_drift_is_reported_and_not_changed(self, sandbox: Sandbox, modules: Modules) -> None:
        desired = {"Department": "Sales", "New hire name": "Jordan Rivera", "Software": ["GitHub", "Slack"]}
        result = modules.succeed("tallyfy_process", template=HIRE, reference=JORDAN, kickoff=desired)
        assert result["changed"] is False
        (entry,) = result["unchangeable"]
        assert (entry["field"], entry["current"], entry["wanted"]) == ("Department", "Engineering", "Sales")
        assert "Department" in result["notes"][0]
        assert len(result["warnings"]) == 1
        assert sandbox.writes() == []

    def test_values_that_are_not_shown_are_no_drift(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(run_prerun_missing=True)
        result = modules.succeed("tallyfy_process", template=HIRE, reference=JORDAN, kickoff=REQUIRED)
        assert (result["changed"], result["unchangeable"]) == (False, [])

    def test_assignments_and_everything_else_of_a_launch(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.succeed(
            "tallyfy_process", template=HIRE, name="Robin", kickoff=REQUIRED, owner=JOHN, tags=["onboarding"],
            folders=["hr"], assignments={
                "create accounts": {"members": {"set": [BOB]}, "groups": ["People"],
                                    "deadline": "2026-11-30T17:00:00+01:00"},
                "Welcome call": [JOHN, ALICE], "Manager approval": {"members": {"add": BOB, "remove": [ALICE]}},
            },
        )  # fmt: skip
        state = sandbox.state(sandbox.org_id)
        tasks = {task["title"]: task for task in state["tasks"] if task["run_id"] == result["process"]["id"]}
        people = sandbox.group("People")
        assert tasks["Create accounts"]["owners"] == {"users": [1002], "guests": [], "groups": [people["id"]]}
        assert tasks["Create accounts"]["deadline"].startswith("2026-11-30T16:00:00")
        assert sorted(tasks["Welcome call"]["owners"]["users"]) == [1001, 12345]
        assert tasks["Welcome call"]["owners"]["groups"] == [ENGINEERING], "what is not mentioned stays"
        assert tasks["Manager approval"]["owners"]["users"] == [1002]
        assert result["process"]["owner_id"] == 12345
        again = modules.succeed("tallyfy_process", template=HIRE, name="Robin", tags=["Onboarding"], folders=["HR"])
        assert again["changed"] is False


class TestReference:
    @pytest.mark.parametrize(
        "reference",
        ["E-1", "a+b@example.com", "100%", 'O\'Brien "R&D" <x>', "HR (7)", "a) (b", "Jürgen ß", "x_y", "#1/2?&=", "\\"],
    )
    @pytest.mark.parametrize(
        "world", [{}, {"q_wildcards": True}, {"q_plus_finds_nothing": True}], ids=["plain", "wildcards", "no-plus"]
    )
    def test_found_again(self, sandbox: Sandbox, modules: Modules, reference: str, world: dict[str, Any]) -> None:
        sandbox.switch(**world)
        desired = {"template": TOUR_ID, "reference": reference}
        assert modules.succeed("tallyfy_process", **desired)["changed"] is True
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False
        assert modules.succeed("tallyfy_process", **{**desired, "reference": reference.upper()})["changed"] is False
        assert len(sandbox.launches()) == 1

    def test_found_in_its_field_when_somebody_has_renamed_it(self, sandbox: Sandbox, modules: Modules) -> None:
        desired = {**LAUNCH, "reference_field": "reference"}
        launched = modules.succeed("tallyfy_process", **desired)["process"]
        assert launched["kickoff"]["Reference"] == "E-1"
        sandbox.patch_run(launched["id"], name="Something else")
        again = modules.succeed("tallyfy_process", **desired)
        assert (again["changed"], again["process"]["id"]) == (False, launched["id"])
        sandbox.patch_run(launched["id"], archived_at="2026-01-01T00:00:00.000Z")
        back = modules.succeed("tallyfy_process", **desired)
        assert [step["action"] for step in back["actions"]] == ["unarchived"]
        assert len(sandbox.launches()) == 1

    def test_found_in_its_field_where_lists_show_no_values(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(run_prerun_missing=True)
        desired = {**LAUNCH, "reference_field": "reference"}
        launched = modules.succeed("tallyfy_process", **desired)["process"]
        sandbox.patch_run(launched["id"], name="Something else")
        again = modules.succeed("tallyfy_process", **desired)
        assert (again["changed"], again["process"]["id"]) == (False, launched["id"])
        assert len(sandbox.launches()) == 1

    @pytest.mark.parametrize("option", ["name", "reference"])
    @pytest.mark.parametrize("space", ["  ", "\u00a0", "\n", "\t"], ids=["two", "no-break", "line", "tab"])
    def test_spaces_do_not_matter(self, sandbox: Sandbox, modules: Modules, option: str, space: str) -> None:
        first = modules.succeed("tallyfy_process", template=TOUR_ID, **{option: f"Tour{space}7"})
        again = modules.succeed("tallyfy_process", template=TOUR_ID, **{option: "Tour 7"})
        assert (again["changed"], again["process"]["id"]) == (False, first["process"]["id"])

    @pytest.mark.parametrize("is_ignored", [False, True], ids=["filtered", "unfiltered"])
    def test_the_name_of_the_same_template_only(self, sandbox: Sandbox, modules: Modules, is_ignored: bool) -> None:
        sandbox.switch(run_checklist_filter_ignored=is_ignored)
        sandbox.insert_runs({"checklist_id": HIRE_ID, "name": "Elsewhere (E-1)"})
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True

    def test_a_template_that_names_its_processes_itself(self, sandbox: Sandbox, modules: Modules) -> None:
        """By the name that the template gives, the next run would not find it and launch another one."""
        (number,) = sandbox.insert_runs({"checklist_id": TOUR_ID, "name": "Tour of 22 November", "users": [1001]})
        reported = stored(sandbox, number)
        sandbox.fault(method="POST", path="*/runs", status=201, body={"data": reported})
        assert modules.succeed("tallyfy_process", **LAUNCH)["process"]["name"] == "Welcome tour (E-1)"
        assert stored(sandbox, number)["users"] == [1001]
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is False

    def test_a_template_that_insists_on_its_name(self, sandbox: Sandbox, modules: Modules) -> None:
        (number,) = sandbox.insert_runs({"checklist_id": TOUR_ID, "name": "Tour of 22 November"})
        sandbox.fault(method="POST", path="*/runs", status=201, body={"data": stored(sandbox, number)})
        sandbox.fault(method="PUT", status=403)
        result = modules.fail("tallyfy_process", **LAUNCH)
        assert result["not_stored"] == ["name"]
        assert "Rename it in Tallyfy, or the next run launches another process" in result["msg"]
        assert result["changed"] is True

    @pytest.mark.parametrize("status", [404, 429, 500])
    def test_a_template_that_names_its_processes_and_a_name_that_cannot_be_written(
        self, sandbox: Sandbox, modules: Modules, status: int
    ) -> None:
        """That the process is there must be told: nothing but its name keeps the next run from another launch."""
        (number,) = sandbox.insert_runs({"checklist_id": TOUR_ID, "name": "Tour of 22 November"})
        sandbox.fault(method="POST", path="*/runs", status=201, body={"data": stored(sandbox, number)})
        sandbox.fault(method="PUT", status=status, times=None, headers={"Retry-After": "900"} if status == 429 else {})
        result = modules.fail("tallyfy_process", **LAUNCH, max_wait=0)
        assert (result["changed"], result["process"]["id"], result["not_stored"]) == (True, number, ["name"])
        assert "Rename it in Tallyfy, or the next run launches another process" in result["msg"]

    @pytest.mark.parametrize("status", [429, 500])
    def test_launched_and_not_read_back(self, sandbox: Sandbox, modules: Modules, status: int) -> None:
        """It is not said that nothing was launched when only the look at it failed."""
        sandbox.switch(run_prerun_missing=True)
        headers = {"Retry-After": "900"} if status == 429 else {}
        sandbox.fault(method="GET", path="*/runs/*", status=status, times=None, headers=headers)
        result = modules.fail("tallyfy_process", **LAUNCH, kickoff={"Notes": "soon"}, max_wait=0)
        (there,) = carriers(sandbox)
        assert (result["changed"], result["process"]["id"]) == (True, there["id"])
        assert "was launched" in result["msg"]

    def test_a_new_owner_leaves_the_name_alone(self, sandbox: Sandbox, modules: Modules) -> None:
        """A name may be shown with escapes; written back like that it would become another one."""
        launched = modules.succeed("tallyfy_process", **LAUNCH)["process"]
        modules.succeed("tallyfy_process", **LAUNCH, owner=BOB)
        (write,) = (entry for entry in sandbox.writes() if entry["method"] == "PUT")
        assert "name" not in write["body"]
        assert stored(sandbox, launched["id"])["name"] == launched["name"]


class TestStates:
    def test_archive_and_back(self, sandbox: Sandbox, modules: Modules) -> None:
        desired = {"template": HIRE, "reference": JORDAN}
        archived = modules.succeed("tallyfy_process", **desired, state="archived")
        assert archived["process"]["status"] == "archived"
        assert modules.succeed("tallyfy_process", **desired, state="archived")["changed"] is False
        back = modules.succeed("tallyfy_process", **desired, tags=["Urgent"], owner=BOB)
        assert [step["action"] for step in back["actions"]] == ["unarchived", "updated", "tagged"]
        assert (back["process"]["id"], back["process"]["status"], back["process"]["archived_at"]) == (
            JORDAN_ID, "active", None,
        )  # fmt: skip
        assert sandbox.launches() == []

    def test_what_was_never_launched_stays_so(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.succeed("tallyfy_process", **LAUNCH, state="archived")
        assert (result["changed"], result["process"]) == (False, None)
        assert result["notes"] == ["E-1: no process has the reference 'E-1'."]

    def test_one_that_is_completed_is_present(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_run(JORDAN_ID, status="complete", completed_at="2026-03-01T00:00:00.000Z")
        result = modules.succeed("tallyfy_process", template=HIRE, reference=JORDAN)
        assert (result["changed"], result["process"]["status"]) == (False, "complete")

    def test_one_that_is_gone_for_good_is_launched_again(self, sandbox: Sandbox, modules: Modules) -> None:
        first = modules.succeed("tallyfy_process", **LAUNCH)["process"]["id"]
        sandbox.delete_run(first)
        assert modules.succeed("tallyfy_process", **LAUNCH)["process"]["id"] != first

    @pytest.mark.parametrize(
        "fault",
        [{"cut": "after"}, {"cut": "before"}, {"status": 503, "times": 2}, {"status": 502, "apply": True}],
        ids=str,
    )
    @pytest.mark.parametrize("state", ["archived", "present"])
    def test_a_change_whose_answer_is_lost(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any], state: str
    ) -> None:
        sandbox.fault(method="DELETE" if state == "archived" else "PUT", **fault)
        desired = {"template": HIRE, "reference": JORDAN if state == "archived" else CASEY, "state": state}
        assert modules.succeed("tallyfy_process", **desired)["changed"] is True
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    def test_a_404_proves_nothing_while_it_is_still_listed(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", status=404)
        desired = {"template": HIRE, "reference": JORDAN, "state": "archived"}
        assert "HTTP 404" in modules.fail("tallyfy_process", **desired)["msg"]
        assert modules.succeed("tallyfy_process", **desired)["changed"] is True

    def test_gone_meanwhile(self, sandbox: Sandbox, modules: Modules) -> None:
        row = {**stored(sandbox), "id": "0" * 32, "name": "x (E-1)", "checklist_id": TOUR_ID}
        page = {"total": 1, "current_page": 1, "total_pages": 1}
        sandbox.fault(method="GET", path="*/runs", body={"data": [row], "meta": {"pagination": page}})
        result = modules.succeed("tallyfy_process", **LAUNCH, state="archived")
        assert result["process"]["status"] == "archived"


class TestUpdates:
    @pytest.mark.parametrize("world", [{}, {"run_put_partial": True}, {"run_ids_as_text": True}], ids=str)
    def test_people_and_groups_stay(self, sandbox: Sandbox, modules: Modules, world: dict[str, Any]) -> None:
        sandbox.switch(**world)
        sandbox.patch_run(JORDAN_ID, users=[1001, 1002], groups=[ENGINEERING])
        before = stored(sandbox)
        desired = {"template": HIRE, "reference": JORDAN, "name": "Jordan's first day", "owner": JOHN}
        result = modules.succeed("tallyfy_process", **desired)
        assert result["diff"]["after"] == {"name": f"Jordan's first day ({JORDAN})", "owner": JOHN}
        assert result["diff"]["before"]["owner"] == ALICE
        after = stored(sandbox)
        assert {name for name in after if after[name] != before[name]} <= {"name", "owner_id", "last_updated"}
        assert (after["users"], after["groups"], after["owner_id"]) == ([1001, 1002], [ENGINEERING], 12345)
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    def test_somebody_who_comes_in_meanwhile_stays(self, sandbox: Sandbox, modules: Modules) -> None:
        """The list was read before somebody else changed the record; what is written is what it then holds."""
        row = {**stored(sandbox), "users": [], "groups": []}
        page = {"total": 1, "current_page": 1, "total_pages": 1}
        sandbox.fault(method="GET", path="*/runs", body={"data": [row], "meta": {"pagination": page}})
        sandbox.patch_run(JORDAN_ID, users=[1002], groups=[ENGINEERING])
        modules.succeed("tallyfy_process", template=HIRE_ID, reference=JORDAN, owner=JOHN)
        assert (stored(sandbox)["users"], stored(sandbox)["groups"]) == ([1002], [ENGINEERING])

    @pytest.mark.parametrize("missing", ["users", "groups"])
    def test_a_process_without_its_lists_is_not_emptied(self, sandbox: Sandbox, modules: Modules, missing: str) -> None:
        reported = {name: value for name, value in stored(sandbox).items() if name != missing}
        sandbox.fault(method="GET", path="*/runs/*", body={"data": reported})
        result = modules.fail("tallyfy_process", template=HIRE_ID, reference=JORDAN, owner=JOHN)
        assert f"no list of {missing}" in result["msg"]
        assert sandbox.writes() == []

    def test_an_owner_that_is_not_stored_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="PUT", times=None, status=200, body={"data": stored(sandbox)})
        result = modules.fail("tallyfy_process", template=HIRE_ID, reference=JORDAN, owner=JOHN)
        assert result["not_stored"] == ["owner_id"]

    def test_name_that_the_service_shows_with_escapes(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_run(JORDAN_ID, name=f"R&amp;D ({JORDAN})")
        desired = {"template": HIRE_ID, "reference": JORDAN, "name": "R&D"}
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    @pytest.mark.parametrize(
        "world", [{}, {"included_tags": "tags"}, {"bare_includes": True}, {"run_ids_as_text": True}], ids=str
    )
    def test_tags_and_folders_are_added(self, sandbox: Sandbox, modules: Modules, world: dict[str, Any]) -> None:
        sandbox.switch(**world)
        desired = {"template": TOUR_ID, "name": "Tour", "tags": ["urgent", "ONBOARDING"], "folders": ["hr"]}
        modules.succeed("tallyfy_process", template=TOUR_ID, name="Tour")
        result = modules.succeed("tallyfy_process", **desired)
        assert [step["action"] for step in result["actions"]] == ["tagged", "tagged", "added_to_folder"]
        assert result["diff"]["after"] == {"tags": ["ONBOARDING", "urgent"], "folders": ["hr"]}
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    @pytest.mark.parametrize(
        ("tags", "after", "actions"),
        [
            ({"remove": ["ONBOARDING", "Nope"]}, [], ["untagged"]),
            ({"set": ["urgent"]}, ["urgent"], ["tagged", "untagged"]),
            ({"set": []}, [], ["untagged"]),
            ({"add": "urgent; onboarding", "remove": ["run 42"]}, ["Onboarding", "urgent"], ["tagged"]),
            ({"set": ["onboarding"]}, ["Onboarding"], []),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("fault", [None, {"cut": "after"}, {"status": 503}], ids=str)
    def test_tags_are_taken_off(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any] | None, tags: Any, after: list[str],
        actions: list[str],
    ) -> None:  # fmt: skip
        desired = {"template": HIRE, "reference": JORDAN, "tags": tags}
        planned = modules.succeed("tallyfy_process", True, **desired)
        if fault is not None:
            sandbox.fault(method="DELETE", **fault)
        result = modules.succeed("tallyfy_process", **desired)
        assert [step["action"] for step in result["actions"]] == actions
        assert [name.lower() for name in result["process"]["tags"]] == [name.lower() for name in after]
        assert (planned["process"], planned["diff"]) == (result["process"], result["diff"])
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    def test_what_cannot_be_taken_away_is_reported_before_any_write(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(included_tags="tags")
        desired = {"tags": {"set": ["Urgent"]}, "folders": {"remove": ["HR"]}, "owner": BOB}
        result = modules.fail("tallyfy_process", template=HIRE, reference=JORDAN, **desired)
        assert result["problems"] == [
            "tags: Tallyfy does not return the ID that is needed to remove 'Onboarding'; remove it in Tallyfy",
            "folders: the API cannot remove a process from 'HR'; remove it in Tallyfy",
        ]
        assert sandbox.writes() == []

    def test_a_tag_that_stays_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", status=204, times=None)
        result = modules.fail("tallyfy_process", template=HIRE, reference=JORDAN, tags={"set": []})
        assert "the process still has the tag Onboarding" in result["msg"]

    @pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 500, "apply": True}, {"half_body": True}], ids=str)
    @pytest.mark.parametrize(("path", "desired"), [
        ("*/checklists/tags", {"tags": ["Urgent"]}), ("*/folders/add-object", {"folders": ["HR"]}),
    ], ids=["tag", "folder"])  # fmt: skip
    def test_an_attachment_whose_answer_is_lost(
        self, sandbox: Sandbox, modules: Modules, path: str, desired: dict[str, Any], fault: dict[str, Any]
    ) -> None:
        modules.succeed("tallyfy_process", template=TOUR_ID, name="Tour")
        sandbox.fault(method="POST", path=path, **fault)
        assert modules.succeed("tallyfy_process", template=TOUR_ID, name="Tour", **desired)["changed"] is True
        assert len(sandbox.ledger(method="POST", route="tags.attach")) <= 1
        assert modules.succeed("tallyfy_process", template=TOUR_ID, name="Tour", **desired)["changed"] is False

    def test_an_attachment_that_is_not_there_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_process", template=TOUR_ID, name="Tour")
        sandbox.fault(method="POST", path="*/checklists/tags", status=201, body={"data": {"id": 1}})
        result = modules.fail("tallyfy_process", template=TOUR_ID, name="Tour", tags=["Urgent"])
        assert "does not have Urgent among its tags" in result["msg"]
        sandbox.fault(method="POST", path="*/checklists/tags", cut="before")
        assert "lost" in modules.fail("tallyfy_process", template=TOUR_ID, name="Tour", tags=["Urgent"])["msg"]


class TestGivenBack:
    """What tallyfy_process_info tells of a process is what tallyfy_process can be given."""

    OPTIONS = ("name", "reference", "state", "owner", "kickoff", "tags", "folders")

    def everything(self, sandbox: Sandbox, modules: Modules) -> list[dict[str, Any]]:
        """Launch one with every type of field and with people who are gone, and return the records of all there are."""
        modules.succeed("tallyfy_process", template=HIRE, name="Robin", reference="E-1", kickoff=EVERYTHING, owner=JOHN)
        ids = {one["label"]: one["id"] for one in sandbox.template(HIRE)["prerun"]}  # type: ignore[index] # seeded
        buddies = {"users": [1002, 4711], "guests": [], "groups": ["0" * 32]}
        odd = {ids["Buddy"]: buddies, ids["Notes"]: "#N/A", ids["Start date"]: "2026-03-02"}
        sandbox.insert_runs({"checklist_id": HIRE_ID, "name": "Odd (a) (b)", "prerun": odd,
                             "owner_id": sandbox.member(DANA)["id"]})  # fmt: skip
        # Archived, as its template is.
        sandbox.insert_runs({"checklist_id": GONE_ID, "name": "Old (E-2)", "archived_at": "2026-01-01T00:00:00.000Z"})
        found: list[dict[str, Any]] = modules.succeed("tallyfy_process_info")["processes"]
        assert len(found) == 7
        sandbox.clear_ledger()
        return found

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize(
        "world", [{}, {"run_prerun_list_when_empty": True, "included_tags": "tags", "bare_includes": True},
                  {"run_ids_as_text": True}, {"prerun_dates": "iso", "mixed_dates": True}], ids=str
    )  # fmt: skip
    def test_by_its_id(self, sandbox: Sandbox, modules: Modules, world: dict[str, Any], check_mode: bool) -> None:
        sandbox.switch(**world)
        for record in self.everything(sandbox, modules):
            given = {name: record[name] for name in self.OPTIONS}
            update = {} if record["state"] == "archived" else {"kickoff_update": True}
            result = modules.succeed("tallyfy_process", check_mode, process_id=record["id"], **given, **update)
            assert (result["changed"], result["unchangeable"], result["notes"]) == (False, [], [])
            assert result["process"] == record
        assert sandbox.writes() == []

    def test_by_its_template_and_reference(self, sandbox: Sandbox, modules: Modules) -> None:
        """Two of one name are told apart by their IDs alone."""
        for record in self.everything(sandbox, modules):
            given = {name: record[name] for name in self.OPTIONS}
            for template in (record["template"], record["template_id"]):
                result = modules.succeed("tallyfy_process", template=template, **given)
                assert result["changed"] is False
                assert result["process"]["name"] == record["name"]
        assert sandbox.writes() == []


class TestByID:
    def test_an_unknown_one_is_a_failure(self, sandbox: Sandbox, modules: Modules) -> None:
        for state in ("present", "archived"):
            result = modules.fail("tallyfy_process", process_id="0" * 32, state=state)
            assert f"process_id: {'0' * 32} does not exist, or " in result["msg"]
        assert sandbox.writes() == []

    @pytest.mark.parametrize("others", [{"template": HIRE}, {"reference_field": "Notes", "reference": "x"}], ids=str)
    def test_what_cannot_stand_beside_it(self, modules: Modules, others: dict[str, Any]) -> None:
        assert "mutually exclusive" in modules.fail("tallyfy_process", process_id=JORDAN_ID, **others)["msg"]

    def test_something_is_needed(self, modules: Modules) -> None:
        assert "template, process_id" in modules.fail("tallyfy_process", name="x")["msg"]
        assert "name, reference, process_id" in modules.fail("tallyfy_process", template=HIRE)["msg"]

    def test_archived_and_back(self, sandbox: Sandbox, modules: Modules) -> None:
        desired = {"process_id": JORDAN_ID}
        assert modules.succeed("tallyfy_process", **desired, state="archived")["process"]["state"] == "archived"
        assert modules.succeed("tallyfy_process", **desired, state="archived")["changed"] is False
        result = modules.fail("tallyfy_process", **desired, state="archived", owner=BOB, name="x")
        assert result["problems"] == [f"{one} cannot be changed with state=archived" for one in ("name", "owner")]
        back = modules.succeed("tallyfy_process", **desired)
        assert [step["action"] for step in back["actions"]] == ["unarchived"]

    @pytest.mark.parametrize("template", ["there", "archived"])
    def test_everything_of_it_is_changed(self, sandbox: Sandbox, modules: Modules, template: str) -> None:
        if template == "archived":
            sandbox.patch_template(HIRE_ID, archived_at="2026-01-01T00:00:00.000Z")
        desired = {
            "process_id": JORDAN_ID, "name": "Jordan", "owner": BOB, "tags": ["Urgent"], "folders": ["HR"],
            "kickoff": {"department": "sales", "Buddy": {"groups": ["People"]}}, "kickoff_update": True,
        }  # fmt: skip
        planned = modules.succeed("tallyfy_process", True, **desired)
        result = modules.succeed("tallyfy_process", **desired)
        assert planned["process"] == result["process"]
        process = result["process"]
        assert (process["name"], process["reference"], process["owner"]) == (f"Jordan ({JORDAN})", JORDAN, BOB)
        assert (process["tags"], process["folders"]) == (["Onboarding", "Urgent"], ["HR"])
        assert process["kickoff"]["Department"] == "Sales"
        assert process["kickoff"]["Buddy"] == {"groups": ["People"]}
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False

    def test_it_gets_a_reference(self, sandbox: Sandbox, modules: Modules) -> None:
        """One that somebody launched by hand is found from then on."""
        (number,) = sandbox.insert_runs({"checklist_id": TOUR_ID, "name": "Tour of Robin"})
        given = modules.succeed("tallyfy_process", process_id=number, reference="E-1")["process"]
        assert (given["name"], given["reference"]) == ("Tour of Robin (E-1)", "E-1")
        assert modules.succeed("tallyfy_process", **LAUNCH)["process"]["id"] == number

    def test_gone_meanwhile(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", status=404)
        failed = modules.fail("tallyfy_process", process_id=JORDAN_ID, state="archived")
        assert "HTTP 404" in failed["msg"], "it is still listed"


class TestAutomaticLaunch:
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_it_is_warned_of(self, sandbox: Sandbox, modules: Modules, check_mode: bool) -> None:
        sandbox.switch(enable_onboarding_template=True, onboarding_template_id=TOUR_ID)
        result = modules.succeed("tallyfy_process", check_mode, **LAUNCH)
        (note,) = result["notes"]
        assert "The organization launches Welcome tour automatically" in note
        assert len(result["warnings"]) == 1

    @pytest.mark.parametrize(
        "switches",
        [
            {"enable_onboarding_template": False, "onboarding_template_id": TOUR_ID},
            {"enable_onboarding_template": True, "onboarding_template_id": HIRE_ID},
        ],
        ids=str,
    )
    def test_not_without_a_reason(self, sandbox: Sandbox, modules: Modules, switches: dict[str, Any]) -> None:
        sandbox.switch(**switches)
        assert modules.succeed("tallyfy_process", **LAUNCH)["notes"] == []

    def test_who_may_not_see_the_organization_can_launch(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="GET", path=f"/organizations/{sandbox.org_id}", status=403)
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True


WORLDS: dict[str, dict[str, Any]] = {
    "search ignored": {"run_q_ignored": True},
    "template ignored": {"run_checklist_filter_ignored": True},
    "both ignored": {"run_q_ignored": True, "run_checklist_filter_ignored": True, "per_page_cap": 2},
    "status ignored": {"status_archived_ignored": True},
    "archived ignored": {"archived_param_ignored": True},
    "bare includes": {"bare_includes": True, "included_tags": "tags"},
    "small pages": {"per_page_cap": 1, "links_shape": "array"},
    "text ids": {"run_ids_as_text": True, "progress_int": True},
    "launch 200": {"launch_status": 200, "launch_name_required": True},
    "lists for nothing": {"run_prerun_list_when_empty": True},
    "short templates": {"checklist_rows": "short"},
    "no values": {"run_prerun_missing": True},
    "mixed dates": {"mixed_dates": True, "prerun_dates": "iso", "validation_shape": "documented"},
    "other refusals": {"archived_template_launch": "422"},
    "application tokens denied": {"app_token_on_org_routes": "deny"},
}


@pytest.mark.parametrize("world", WORLDS, ids=lambda name: name.replace(" ", "-"))
def test_worlds(sandbox: Sandbox, modules: Modules, world: str) -> None:
    """A life in every reading of the API: launched, there already, changed, archived, brought back."""
    sandbox.switch(**WORLDS[world])
    if world == "application tokens denied":
        modules.use(act_as=ALICE)
    desired = {
        "template": HIRE, "name": "Robin", "reference": "E-1", "reference_field": "Notes", "kickoff": REQUIRED,
        "owner": ALICE, "tags": ["Onboarding"], "folders": ["HR"],
    }  # fmt: skip
    launched = modules.succeed("tallyfy_process", **desired)
    assert launched["changed"] is True
    again = modules.succeed("tallyfy_process", **desired)
    assert (again["changed"], again["unchangeable"]) == (False, [])
    changed = modules.succeed("tallyfy_process", **{**desired, "owner": JOHN, "tags": ["Urgent"]})
    assert [step["action"] for step in changed["actions"]] == ["updated", "tagged"]
    ended = {"template": HIRE, "reference": "E-1", "state": "archived"}
    assert [modules.succeed("tallyfy_process", **ended)["changed"] for _time in range(2)] == [True, False]
    back = modules.succeed("tallyfy_process", template=HIRE, reference="E-1")
    assert [step["action"] for step in back["actions"]] == ["unarchived"]
    assert {one["process"]["id"] for one in (launched, again, changed, back)} == {launched["process"]["id"]}
    assert len(sandbox.launches()) == 1
    if "owner_id" in back["process"]:
        assert back["process"]["owner_id"] == 12345


class TestLostAnswers:
    """A launch is sent once, whatever becomes of its answer."""

    @pytest.mark.parametrize(
        "fault",
        [
            {"cut": "after"}, {"status": 500, "apply": True}, {"status": 502, "apply": True}, {"half_body": True},
            {"empty": True, "apply": True}, {"body": "<html>Welcome</html>", "apply": True},
            {"body": {"data": {}}, "apply": True}, {"body": [1], "apply": True}, {"body": "{", "apply": True},
        ],
        ids=str,
    )  # fmt: skip
    def test_carried_out(self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]) -> None:
        sandbox.fault(method="POST", path="*/runs", **fault)
        desired = {"template": HIRE_ID, "reference": "E-1", "kickoff": EVERYTHING}
        result = modules.succeed("tallyfy_process", **desired)
        assert result["changed"] is True
        assert result["process"]["id"] == carriers(sandbox)[0]["id"]
        assert modules.succeed("tallyfy_process", **desired)["changed"] is False
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1

    @pytest.mark.parametrize(
        "fault",
        [{"cut": "before"}, {"status": 500}, {"status": 502}, {"status": 503}, {"empty": True},
         {"body": "<html>Sign in</html>"}],
        ids=str,
    )  # fmt: skip
    def test_not_carried_out(self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]) -> None:
        modules.use(max_wait=0)  # so that nobody waits between the looks
        sandbox.fault(method="POST", path="*/runs", **fault)
        result = modules.fail("tallyfy_process", **LAUNCH)
        assert "It is unknown whether the process was launched" in result["msg"]
        assert "the next run looks for the process first" in result["msg"]
        assert result["changed"] is True
        assert result["failed_action"]["action"] == "launched"
        assert len(sandbox.launches()) == 1
        assert carriers(sandbox) == []
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True
        assert len(carriers(sandbox)) == 1

    def test_carried_out_long_after_the_time_was_up(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0, timeout=1)
        sandbox.fault(method="POST", path="*/runs", delay_ms=2000)
        result = modules.fail("tallyfy_process", **LAUNCH)
        assert "no answer within 1 s" in result["msg"]
        assert "It is unknown whether the process was launched" in result["msg"]
        modules.use(timeout=30)
        sandbox.fault(method="GET", path="*/runs", delay_ms=1500)
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is False
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1

    def test_the_time_was_up_but_it_shows(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(timeout=1)
        modules.is_patient = True
        sandbox.fault(method="POST", path="*/runs", delay_ms=1300)
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1

    def test_reading_back_fails_too(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0)
        sandbox.fault(method="POST", path="*/runs", cut="after")
        # The first two looks come before the launch.
        sandbox.fault(method="GET", path="*/runs", skip=4, times=None, status=500)
        result = modules.fail("tallyfy_process", **LAUNCH)
        assert "reading back failed too" in result["msg"]
        assert "It is unknown whether the process was launched" in result["msg"]
        sandbox.clear_faults()
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is False
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1

    def test_refused_before_it_was_carried_out(self, sandbox: Sandbox, modules: Modules) -> None:
        """Only a 429 is a reason to send it again: the service says that it has done nothing."""
        sandbox.fault(method="POST", path="*/runs", status=429, headers={"Retry-After": "0"})
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True
        assert [entry["status"] for entry in sandbox.launches()] == [429, 201]
        assert len(carriers(sandbox)) == 1

    def test_a_token_that_ends_at_the_launch(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="POST", path="*/runs", status=401)
        assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is True
        assert len(carriers(sandbox)) == 1

    def test_the_first_look_fails(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0)
        sandbox.fault(method="GET", path="*/runs", times=None, status=500)
        assert "HTTP 500" in modules.fail("tallyfy_process", **LAUNCH)["msg"]
        assert sandbox.launches() == []

    @pytest.mark.parametrize("flaw", ["shrink", "repeat_page", "total_off"])
    def test_a_list_that_contradicts_itself(self, sandbox: Sandbox, modules: Modules, flaw: str) -> None:
        sandbox.switch(per_page_cap=1)
        sandbox.insert_runs(*({"checklist_id": TOUR_ID, "name": f"Tour (E-1{number})"} for number in range(3)))
        sandbox.fault(method="GET", path="*/runs", times=None, **{flaw: True})
        modules.fail("tallyfy_process", **LAUNCH)
        assert sandbox.launches() == []


class TestSideBySide:
    """Processes of their own that launch the same at the same moment."""

    @pytest.mark.parametrize("number", [2, 8])
    @pytest.mark.parametrize("way", ["module", IN_PROCESS])
    def test_one_launch(self, sandbox: Sandbox, modules: Modules, tmp_path: Path, number: int) -> None:
        modules.succeed("tallyfy_organization_info")
        sandbox.fault(method="POST", path="*/runs", delay_ms=100, times=None)
        results = at_once(modules, tmp_path, [LAUNCH] * number)
        assert [result.get("msg") for result in results] == [None] * number
        assert sum(result["changed"] for result in results) == 1
        assert len({result["process"]["id"] for result in results}) == 1
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1
        (launched,) = (result for result in results if result["changed"])
        assert [step["action"] for step in launched["actions"]] == ["launched"]
        assert all(result["diff"]["after"] == {} for result in results if not result["changed"])

    def test_one_launch_although_the_first_answer_is_lost(
        self, sandbox: Sandbox, modules: Modules, tmp_path: Path
    ) -> None:
        modules.succeed("tallyfy_organization_info")
        sandbox.fault(method="POST", path="*/runs", cut="after")
        results = at_once(modules, tmp_path, [LAUNCH] * 4)
        assert sum(result["changed"] for result in results) == 1
        assert len(sandbox.launches()) == len(carriers(sandbox)) == 1

    def test_different_ones_are_all_launched(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        results = at_once(modules, tmp_path, [{**LAUNCH, "reference": f"E-{number}"} for number in range(4)])
        assert all(result["changed"] for result in results)
        assert len(sandbox.launches()) == len({result["process"]["id"] for result in results}) == 4

    def test_somebody_holds_on_to_the_lock(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_organization_info")
        sandbox.fault(method="POST", path="*/runs", delay_ms=900)
        slow = {**LAUNCH, "reference": "E-2"}
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(modules.run, "tallyfy_process", **slow)
            while not sandbox.launches():
                pass
            result = modules.fail("tallyfy_process", **LAUNCH, max_wait=0)
            assert "Another run has been at work on launches of the template" in result["msg"]
            assert result["changed"] is False
            assert other.result()["changed"] is True
        assert carriers(sandbox) == []

    @pytest.mark.parametrize(("moment", "changed"), [("before", True), ("after", False)])
    def test_killed(self, sandbox: Sandbox, modules: Modules, moment: str, changed: bool) -> None:
        """Killed while the launch is under way: before the service has it, or after that and before the answer."""
        modules.succeed("tallyfy_organization_info")
        slow = {"route": "processes.launch" if moment == "after" else "organization.get", "delay_ms": 500}
        sandbox.fault(**slow)
        child = os.fork()
        if child == 0:
            modules.run("tallyfy_process", **LAUNCH)
            os._exit(0)
        while not sandbox.ledger(route=slow["route"]):
            pass
        for one in children_of(child):
            os.kill(one, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sandbox.fault(method="GET", path="*/runs", delay_ms=600)
        result = modules.succeed("tallyfy_process", **LAUNCH)
        assert result["changed"] is changed
        assert len(carriers(sandbox)) == len(sandbox.launches()) == 1


def children_of(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def at_once(modules: Modules, folder: Path, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run tasks in processes that start at the same moment, and return their results."""
    ready, go = os.pipe()
    children = []
    for number, task in enumerate(tasks):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(ready, 1)  # returns when the last of them is there and the parent lets go
            try:
                (folder / str(number)).write_text(json.dumps(modules.run("tallyfy_process", **task)))
            finally:
                os._exit(0)
        children.append(child)
    os.close(ready)
    os.close(go)
    for child in children:
        os.waitpid(child, 0)
    return [json.loads((folder / str(number)).read_text()) for number in range(len(tasks))]


class TestInfo:
    @pytest.mark.parametrize(
        ("filters", "names"),
        [
            ({"reference": "hr-10293"}, ["Onboarding: Jordan Rivera (HR-10293)"]),
            ({"reference": "HR-1029"}, []),
            ({"reference": "welcome tour: robin hale"}, ["Welcome tour: Robin Hale"] * 2),
            ({"query": "ONBOARDING:"}, ["Onboarding: Casey Lane (HR-10201)", "Onboarding: Jordan Rivera (HR-10293)"]),
            ({"query": "%"}, []),
            ({"status": "archived"}, ["Onboarding: Casey Lane (HR-10201)"]),
            ({"status": "active", "template": HIRE}, ["Onboarding: Jordan Rivera (HR-10293)"]),
            ({"template": TOUR_ID, "status": "archived"}, []),
            (
                {"owner": ALICE.upper(), "status": "active", "template": HIRE_ID},
                ["Onboarding: Jordan Rivera (HR-10293)"],
            ),
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        "world", [{}, {"run_q_ignored": True, "archived_param_ignored": True}, {"q_wildcards": True}], ids=str
    )
    def test_filters(
        self, sandbox: Sandbox, modules: Modules, filters: dict[str, Any], names: list[str], world: dict[str, Any]
    ) -> None:
        sandbox.switch(**world)
        assert [one["name"] for one in modules.succeed("tallyfy_process_info", **filters)["processes"]] == names

    def test_values_by_label(self, sandbox: Sandbox, modules: Modules) -> None:
        (one,) = modules.succeed("tallyfy_process_info", reference=JORDAN)["processes"]
        assert one["kickoff"]["Department"] == "Engineering"
        assert one["kickoff"]["Software"] == ["Slack", "GitHub"]
        sandbox.patch_template(HIRE_ID, archived_at="2026-01-01T00:00:00.000Z")
        assert modules.succeed("tallyfy_process_info", reference=JORDAN)["processes"] == [one]

    @pytest.mark.parametrize("status", [403, 404])
    def test_whom_nobody_may_see(self, sandbox: Sandbox, modules: Modules, status: int) -> None:
        sandbox.fault(method="GET", path="*/users*", status=status, times=None)
        (one,) = modules.succeed("tallyfy_process_info", reference=JORDAN)["processes"]
        assert (one["owner"], one["owner_id"], one["kickoff"]["Buddy"]) == (None, 1001, {"members": ["12345"]})

    def test_many_cost_no_request_each(self, sandbox: Sandbox, signed_in: Modules) -> None:
        owners = (1001, 1002, 12345)
        rows = [{"checklist_id": TOUR_ID, "name": f"T {one}", "owner_id": owners[one % 3]} for one in range(2900)]
        sandbox.insert_runs(*rows)
        found = signed_in.succeed("tallyfy_process_info")["processes"]
        assert {one["owner"] for one in found} >= {ALICE, BOB, JOHN}
        # The pages, the archived ones, a form of each template and the members.
        assert len(sandbox.ledger()) == 30 + 1 + 2 + 1
        assert len(found) == 2904

    def test_one_by_its_id(self, sandbox: Sandbox, modules: Modules) -> None:
        (one,) = modules.succeed("tallyfy_process_info", process_id=JORDAN_ID)["processes"]
        assert modules.succeed("tallyfy_process_info", reference=JORDAN)["processes"] == [one]
        assert modules.succeed("tallyfy_process_info", process_id="0" * 32)["processes"] == []
        assert "is not an ID" in modules.fail("tallyfy_process_info", process_id=JORDAN)["msg"]

    def test_same_record_as_the_module_that_changes(self, modules: Modules) -> None:
        changed = modules.succeed("tallyfy_process", template=HIRE, reference=JORDAN, owner=JOHN)["process"]
        assert modules.succeed("tallyfy_process_info", reference=JORDAN)["processes"] == [changed]

    def test_nobody_of_that_address(self, modules: Modules) -> None:
        assert "is not a member" in modules.fail("tallyfy_process_info", owner="no@example.com")["msg"]


class TestTemplates:
    @pytest.mark.parametrize(
        ("filters", "titles"),
        [
            ({"template": HIRE}, [HIRE]),
            ({"template": HIRE_ID}, [HIRE]),
            ({"template": HIRE.lower()}, []),
            ({"template": "0" * 32}, []),
            ({"template": "Laptop request"}, ["Laptop request"] * 2),
            ({"query": "ONBOARDING"}, ["Contractor onboarding", HIRE]),
            ({"query": "onboarding", "archived": True}, ["Contractor onboarding", HIRE, "Old onboarding"]),
            ({"template": "Old onboarding"}, []),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("world", [{}, {"checklist_rows": "short", "bare_includes": True}], ids=str)
    def test_filters(
        self, sandbox: Sandbox, modules: Modules, filters: dict[str, Any], titles: list[str], world: dict[str, Any]
    ) -> None:
        sandbox.switch(**world)
        assert [one["title"] for one in modules.succeed("tallyfy_template_info", **filters)["templates"]] == titles

    def test_what_a_launch_needs(self, modules: Modules) -> None:
        (template,) = modules.succeed("tallyfy_template_info", template=HIRE)["templates"]
        fields = {one["label"]: one for one in template["kickoff_fields"]}
        assert (template["owner"], template["owner_id"]) == (ALICE, 1001)
        assert [label for label, one in fields.items() if one["required"]] == list(REQUIRED)
        assert fields["Software"]["options"] == ["Slack", "Office 365", "GitHub"]
        assert fields["Hardware"]["columns"] == ["Item", "Qty"]
        assert [step["title"] for step in template["steps"]] == ["Create accounts", "Welcome call", "Manager approval"]

    @pytest.mark.parametrize(("filters", "requests"), [({"template": HIRE_ID}, 2), ({}, 7)], ids=["one", "all"])
    def test_what_it_costs(self, sandbox: Sandbox, signed_in: Modules, filters: dict[str, Any], requests: int) -> None:
        """The list, each template, and the owners: by their list, or the only one alone."""
        sandbox.patch_template(TOUR_ID, owner_id=1002)
        signed_in.succeed("tallyfy_template_info", **filters)
        assert len(sandbox.ledger()) == requests
        assert len([one for one in sandbox.ledger() if "/users" in one["path"]]) == 1

    @pytest.mark.parametrize("status", [403, 404])
    def test_an_owner_who_cannot_be_seen(self, sandbox: Sandbox, modules: Modules, status: int) -> None:
        sandbox.fault(method="GET", path="*/users/*", status=status)
        (template,) = modules.succeed("tallyfy_template_info", template=HIRE)["templates"]
        assert (template["owner"], template["owner_id"]) == (None, 1001)
