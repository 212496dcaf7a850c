# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of tasks for the table of promises: name, module, what changes, and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, HIRE_ID, JOHN, PARTNER

HIRE = "New hire onboarding"
#: The process of the seed that goes on, and its three steps: one with a form, one of a group, and an approval.
JORDAN = {"template": HIRE, "reference": "HR-10293"}
JORDAN_ID = "fcaae90452f4241d11355039e8797621"
ACCOUNTS, CALL, APPROVAL = (
    "445c3d87850db96d73b577036f6f3fd5", "a5f0ee0a4550350114ce5c241c5577ab", "ad7928853e057617f6afd538981382e0",
)  # fmt: skip
DONE = {"state": "completed"}
FORM = {"laptop serial": "SN-4711", "Software suite": "office 365"}
DUE = "2026-03-03T09:00:00Z"
EVERYTHING = {
    "form": FORM, "assignees": {"set": [BOB, PARTNER, "people"]}, "deadline": DUE, "summary": "As agreed.",
    "comment": "Everything is there.", "comment_key": "mailbox",
}  # fmt: skip
#: What automation asks a person once, and what that makes.
LAPTOP = {"title": "Order a laptop", "reference": "HR-1042", "assignees": [BOB], "deadline": "2026-12-04 17:00"}
ONEOFF = ("title", "type", "assignees", "deadline")

CASES_OF_TASKS: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("task only mentioned", "tallyfy_task", (), {**JORDAN, "step": "create accounts"}),
    ("task as it is", "tallyfy_task", (),
     {**JORDAN, "step": "Create accounts", "state": "open", "assignees": [JOHN.upper()],
      "deadline": "2026-03-01 17:00"}),
    ("task filled in", "tallyfy_task", ("form",), {**JORDAN, "step": "Create accounts", "form": FORM}),
    ("task completed", "tallyfy_task", ("form", "state"),
     {**JORDAN, "step": "Create accounts", "form": FORM, **DONE}),
    ("task of a process by its id completed", "tallyfy_task", ("state",),
     {"process_id": JORDAN_ID, "step": "Welcome call", **DONE}),
    ("task by its id completed", "tallyfy_task", ("state",), {"task_id": CALL, **DONE}),
    ("task of a template by its id approved", "tallyfy_task", ("state", "approved"),
     {"template": HIRE_ID, "reference": "hr-10293", "step": "Manager approval", **DONE, "approved": True}),
    ("task rejected", "tallyfy_task", ("state", "approved"), {"task_id": APPROVAL, **DONE, "approved": False}),
    ("task changed in every way", "tallyfy_task",
     ("form", "assignees", "deadline", "summary", "comment"), {"task_id": ACCOUNTS, **EVERYTHING}),
    ("task changed in every way and completed", "tallyfy_task",
     ("form", "assignees", "deadline", "summary", "comment", "state"),
     {**JORDAN, "step": "Create accounts", **EVERYTHING, **DONE}),
    ("task given to more", "tallyfy_task", ("assignees",),
     {**JORDAN, "step": "Welcome call", "assignees": {"add": [ALICE], "remove": ["Engineering"]}}),
    ("task commented", "tallyfy_task", ("comment",),
     {**JORDAN, "step": "Welcome call", "comment": "Not <b>yet</b> & so on."}),
    ("one-off task made", "tallyfy_oneoff_task", ONEOFF, {**LAPTOP}),
    ("one-off task for everybody made", "tallyfy_oneoff_task", (*ONEOFF, "summary"),
     {**LAPTOP, "type": "approval", "assignees": "people; " + PARTNER + "; " + BOB.upper(), "summary": "14 < 15 inches",
      "state": "open"}),
    ("one-off task that nobody was asked", "tallyfy_oneoff_task", (),
     {"title": "Order a laptop", "reference": "HR-1042", "state": "archived"}),
    ("task info", "tallyfy_task_info", (), {}),
    ("task info with kick-off values", "tallyfy_task_info", (),
     {"template": HIRE, "step": "Create accounts", "state": "open", "assignee": JOHN, "overdue": True,
      "kickoff": True}),
]  # fmt: skip

#: Readings of the API that only tasks know, to be added to the worlds of the table.
WORLDS_OF_TASKS: dict[str, dict[str, Any]] = {
    "tasks in other words": {"task_owner_objects": True, "complete_is_lenient": False, "run_prerun_missing": True},
}


def picture_of_tasks(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the sandbox holds of each task by its id, in the words of the module's diff."""
    return {
        task["id"]: {
            "title": task["title"],
            "type": task["task_type"],
            "state": "archived" if task["archived_at"] else task["status"] if task["status"] == "completed" else "open",
            "approved": task["is_approved"],
            "form": task["taskdata"],
            "assignees": task["owners"],
            "deadline": task["deadline"],
            "summary": task["summary"],
            "comment": [one["content"] for one in task["threads"]],
        }
        for task in state["tasks"]
    }


def changes_of_tasks(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> set[str]:
    """Return which fields of any task differ between two pictures."""
    new = {"state": "open", "form": {}, "summary": None, "comment": [], "approved": None}
    return {
        name
        for task_id, shown in after.items()
        for name, value in shown.items()
        if value != before.get(task_id, new).get(name)
    }
