# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned for a task, by what is desired and what is there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.desired import DesiredTask
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.people import People
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.plan import Planned, Situation, plan_task
from tests.people import ALICE, ALICE_ID, BOB, BOB_ID, ENGINEERING, NORA, PARTNER

SERIAL = {"id": "f1", "alias": "serial-1", "label": "Serial", "field_type": "text", "required": True, "value": None}
SUITE = {
    "id": "f2", "alias": "suite-2", "label": "Suite", "field_type": "dropdown", "required": False, "value": None,
    "options": [{"id": 1, "text": "Office 365"}, {"id": 2, "text": "None"}],
}  # fmt: skip
PEOPLE = People(
    Directory(
        Member({"id": number, "email": email, "status": "active"})
        for number, email in ((ALICE_ID, ALICE), (BOB_ID, BOB))
    ),
    Groups({"engineering": {"id": ENGINEERING, "name": "Engineering"}}),
    [NORA, PARTNER],
)
OFFICE = {"id": 1, "text": "Office 365", "value": None}
COMMENT = {"id": "c1", "content": "<p>All is ready.</p><p>(Ansible: mailbox)</p>", "created_at": "2026-03-01T10:00:00Z"}


def task(**fields: Any) -> dict[str, Any]:
    """Return an open task whose form holds nothing."""
    return {
        "id": "t1", "run_id": "r1", "step_id": "s1", "title": "Accounts!", "original_title": "Accounts",
        "task_type": "task", "status": "not-started", "deadline": "2026-03-02T17:00:00.000Z", "summary": "<p>Do it</p>",
        "owners": {"users": [ALICE_ID], "guests": [PARTNER], "groups": [ENGINEERING]}, "taskdata": {},
        "form_fields": {"data": [SERIAL, SUITE]}, "threads": {"data": [COMMENT]}, **fields,
    }  # fmt: skip


def done(**fields: Any) -> dict[str, Any]:
    filled = [{**SERIAL, "value": "SN-1"}, {**SUITE, "value": OFFICE}]
    return task(**{"status": "completed", "completed_at": "2026-03-01T10:00:00Z", "form_fields": filled, **fields})


def planned(desired: dict[str, Any], there: dict[str, Any], **situation: Any) -> Planned:
    return plan_task(DesiredTask.from_params(desired), Situation(there, people=PEOPLE, **situation))


FILLED, SUITED = {"form": {"serial": "SN-1"}}, {"form": {"suite-2": "office 365"}}
DONE, OPEN = {"state": "completed"}, {"state": "open"}
YES, NO = {**DONE, "approved": True}, {**DONE, "approved": False}
APPROVAL, EXPIRING = {"task_type": "approval"}, {"task_type": "expiring"}
MAILBOX = {"comment": "All is ready.", "comment_key": "mailbox"}
REPORTED, OFFICE_REPORTED = {"form": {"Serial": "SN-1"}}, {"form": {"Suite": "Office 365"}}
HM, HM_SIGNED = {"comment": "Hm."}, {"comment": "Hm.\n\n(Ansible)"}


def due(at: str) -> dict[str, str]:
    return {"deadline": at}


EARLIER, LATER = due("2026-02-27T09:00:00Z"), due("2026-03-03T17:00:00Z")


def to(*names: str) -> dict[str, Any]:
    return {"assignees": {"set": list(names)}}


@pytest.mark.parametrize(
    ("desired", "there", "actions", "after"),
    [
        ({}, task(), "", {}),
        (FILLED, task(), "updated", REPORTED),
        (SUITED, task(), "updated", OFFICE_REPORTED),
        (SUITED, task(taskdata={"f2": OFFICE}), "", {}),
        ({"form": {"Serial": " "}}, task(), "", {}),
        ({**FILLED, **DONE}, task(), "updated completed", {**REPORTED, **DONE}),
        (DONE, task(taskdata={"f1": "x"}), "completed", DONE),
        (DONE, done(), "", {}),
        ({**FILLED, **DONE}, done(), "", {}),
        (OPEN, done(), "reopened", OPEN),
        (OPEN, task(), "", {}),
        ({**FILLED, **OPEN}, done(form_fields=[SERIAL]), "reopened updated", {**REPORTED, **OPEN}),
        (YES, done(**APPROVAL, is_approved=True), "", {}),
        (NO, task(**APPROVAL, form_fields=[]), "completed", NO),
        (YES, done(**EXPIRING), "", {}),
        (NO, done(**EXPIRING, is_approved=False), "", {}),
        (due("2026-03-02T17:00Z"), task(), "", {}),
        (due("2026-02-28 17:00"), task(), "", {}),
        (due("2026-02-27 09:00"), task(), "updated", EARLIER),
        (due("2026-03-03 17:00"), task(), "updated", LATER),
        ({"summary": "Do it"}, task(), "", {}),
        ({"summary": "Do that"}, task(), "updated", {"summary": "Do that"}),
        (to(ALICE, PARTNER, "engineering"), task(), "", {}),
        (to("1001", PARTNER, ENGINEERING), task(), "", {}),
        (to(str(BOB_ID)), task(), "updated", {"assignees": [BOB]}),
        (MAILBOX, task(), "", {}),
        (HM, task(), "commented", HM_SIGNED),
        (HM, task(status="auto-skipped"), "commented", HM_SIGNED),
        ({**HM, **OPEN}, done(), "reopened commented", {**HM_SIGNED, **OPEN}),
        ({**HM, **DONE, **FILLED}, task(), "updated commented completed",
         {**HM_SIGNED, **REPORTED, **DONE}),
    ],
)  # fmt: skip
def test_what_is_to_be_done(desired: dict[str, Any], there: Any, actions: str, after: dict[str, Any]) -> None:
    plan = planned(desired, there).plan
    assert " ".join(step.action for step in plan.steps) == actions
    assert plan.after == after
    assert plan.before.keys() == after.keys()
    assert not plan.warnings


@pytest.mark.parametrize(
    ("assignees", "after"),
    [
        ([ALICE.upper(), "engineering"], None),
        ([BOB, NORA], [ALICE, BOB, NORA, PARTNER, "Engineering"]),
        ({"remove": ["Engineering", "ghost@example.com"]}, [ALICE, PARTNER]),
        ({"remove": [PARTNER], "add": ["Engineering"]}, [ALICE, "Engineering"]),
    ],
)
def test_a_part_of_the_assignees(assignees: Any, after: list[str] | None) -> None:
    assert planned({"assignees": assignees}, task()).plan.after.get("assignees") == after


def test_a_comment_of_a_key_is_changed() -> None:
    (step,) = planned({**MAILBOX, "comment": "all is ready."}, done()).plan.steps
    assert (step.action, step.reason) == ("commented", "its text differs")


EMPTY = "form: Serial is required (text)"
SKIPPED = "a rule of the template skips it, so nobody can complete it"
ANSWER = "approved (true or false) is required for an approval"
NO_ANSWER = "approved is only for approvals and expiring steps; the type of this step is task"
IS_APPROVED = "it is already approved, so approved=false cannot be set; reopen it first (state=open)"
IS_REJECTED = "it is already rejected, so approved=true cannot be set; reopen it first (state=open)"
IS_EXPIRED = "it is already expired, so approved=true cannot be set; reopen it first (state=open)"
UNSHOWN = "form: Tallyfy does not return its form"
OPEN_ISSUE = "it has an open issue; resolve the issue first"
ARCHIVED = "its process is archived; reactivate it first"
NO_GROUP = "assignees: there is no group 'Nobodies'; groups: Engineering"
UNKNOWN = "form: there is no field 'serail'; fields: Serial, Suite"
NO_OPTION = "form: Suite: 'Libre' is not an option; options: Office 365, None"
ISSUE = "its process has an open issue, which blocks changes; resolve the issue first"
GHOST = "assignees: ghost@example.com is neither a member nor a guest of the organization"
FORBIDDEN = "only its assignees may complete it, and the acting member is not one of them"


@pytest.mark.parametrize(
    ("desired", "there", "situation", "problems"),
    [
        (DONE, task(), {}, [EMPTY]),
        ({**DONE, "form": {"serail": "x"}}, task(status="auto-skipped"), {}, [UNKNOWN, SKIPPED, EMPTY]),
        (FILLED, task(status="auto-skipped"), {}, [SKIPPED]),
        ({"form": {"Suite": "Libre"}}, task(), {}, [NO_OPTION]),
        (FILLED, task(form_fields=None), {}, [UNSHOWN]),
        ({**DONE, **FILLED}, task(**APPROVAL), {}, [ANSWER]),
        (DONE, done(**APPROVAL), {}, [ANSWER]),
        ({**YES, **FILLED}, task(), {}, [NO_ANSWER]),
        (NO, done(**APPROVAL, is_approved=1), {}, [IS_APPROVED]),
        (YES, done(**APPROVAL, is_approved=0), {}, [IS_REJECTED]),
        (YES, done(**EXPIRING, is_approved=False), {}, [IS_EXPIRED]),
        ({**DONE, **FILLED}, task(problem=True), {}, [OPEN_ISSUE]),
        ({**DONE, **FILLED}, task(), {"may_complete": False}, [FORBIDDEN]),
        (FILLED, task(), {"process": {"status": "issue"}}, [ISSUE]),
        (FILLED, task(run_status="issue"), {"process": {}}, [ISSUE]),
        (HM, task(run_status="archived"), {"process": {}}, [ARCHIVED]),
        ({"assignees": ["ghost@example.com", "Nobodies"]}, task(), {}, [GHOST, NO_GROUP]),
    ],
)  # fmt: skip
def test_what_is_refused_is_reported_at_once(desired: Any, there: Any, situation: Any, problems: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        planned(desired, there, **situation)
    assert [str(problem).partition(": ")[2] for problem in raised.value.problems] == problems


@pytest.mark.parametrize(
    ("desired", "fixed"),
    [
        ({"form": {"serial": "SN-2", "suite": "office 365"}}, [("Serial", "SN-1", "SN-2")]),
        ({"assignees": {"set": [BOB]}}, [("assignees", [ALICE, PARTNER, "Engineering"], [BOB])]),
        ({"summary": "Else"}, [("summary", "<p>Do it</p>", "Else")]),
    ],
    ids=["form", "assignees", "summary"],
)
@pytest.mark.parametrize("state", [None, "completed"])
def test_a_completed_step_stays_as_it_is(state: str | None, desired: Any, fixed: Any) -> None:
    found = planned({**desired, "state": state}, done())
    assert found.plan.steps == ()
    assert [(row["field"], row["current"], row["wanted"]) for row in found.fixed] == fixed
    assert len(found.plan.warnings) == 1


def test_what_somebody_has_reopened_stays_open() -> None:
    desired = {**DONE, **FILLED, "comment": "Again."}
    found = planned(desired, task(), was_completed=True)
    assert found.plan.steps == ()
    assert "somebody has reopened it" in found.plan.warnings[0]
    again = planned({**desired, "complete_again": True}, task(), was_completed=True)
    assert [step.action for step in again.plan.steps] == ["updated", "commented", "completed"]
    assert [step.action for step in planned(FILLED, task(), was_completed=True).plan.steps] == ["updated"]
