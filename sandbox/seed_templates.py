# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The templates, processes and folders of a fresh sandbox. All of it is invented."""

from __future__ import annotations

from typing import Any

from .launching import launch
from .records import Folder, Organization, Template
from .state import World
from .template_records import add_step, new_field, new_template

HIRE_ID = "98e32e2b1b2e491d02e885e91dfd6c76"
TOUR_ID = "3c1d5e7f9a0b2c4d6e8f0a1b2c3d4e5f"
LAPTOP_IDS = ("1a7e0c5d3b9f48261d0e5c7a9b3f1e28", "6f4b2d8e0a1c5937e2f6b4d8c0a3915e")
ARCHIVED_ID = "8d0f6a3b5c7e19248b0d6f4a2c9e7153"
DRAFT_ID = "b2e4d6f8091a3c5e7b9d1f3a5c7e9b0d"
HIRE_RUN_ID = "fcaae90452f4241d11355039e8797621"
ARCHIVED_RUN_ID = "2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e"
TWIN_RUN_IDS = ("5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b", "7a9b1c3d5e7f9a2b4c6d8e0f1a3b5c7d")
FOLDER_ID = "a9f47897a44aa9baa6f908e0d77e5664"

_MADE = "2025-10-27T10:00:00.000Z"
_LAUNCHED = "2026-02-20T11:00:00.000Z"
_ENGINEERING = "97e95e53bf25476dfbf55dd84fcda0b4"
_ONBOARDING_TAG = "a9a53a2ae1e6dd36db693399d5332e7b"


def _options(*texts: str) -> list[dict[str, Any]]:
    return [{"id": number, "text": text, "value": None} for number, text in enumerate(texts, 1)]


# Every type of kick-off field: id, label, type, required, and what the type needs.
_HIRE_FIELDS: tuple[tuple[str, str, str, bool, dict[str, Any]], ...] = (
    ("d94210940113aa88d27d73abafc1f539", "New hire name", "text", True, {}),
    ("89f6f391a05e236f8d8a08ffe5a7173a", "Notes", "textarea", False, {}),
    ("79460ee0decdb109417cccd48146dfda", "Personal email", "email", True, {}),
    ("64ed1afe45162647309b013f55ebce99", "Start date", "date", True, {}),
    ("7185be635b195ece3332e99e914f5bed", "Contract type", "radio", True,
     {"options": _options("Full-time", "Part-time")}),
    ("e3f4e4caa8433fc00133e46a36ae1290", "Department", "dropdown", True,
     {"options": _options("Engineering", "Sales")}),
    ("ee546f13f3a2569aed4273e7b7565df0", "Software", "multiselect", False,
     {"options": _options("Slack", "Office 365", "GitHub")}),
    ("40fc8ca745a3caaf43d6a2a211a3345f", "Hardware", "table", False,
     {"columns": [{"id": 1, "label": "Item"}, {"id": 2, "label": "Qty"}]}),
    ("e6b727394ed4b6175b754a837625b7ae", "Buddy", "assignees_form", False, {}),
    ("d1dd6c08628242cc5ee26ddc3780c53a", "Offer letter", "file", False, {}),
)  # fmt: skip

_HIRE_VALUES = {
    "d94210940113aa88d27d73abafc1f539": "Jordan Rivera",
    "89f6f391a05e236f8d8a08ffe5a7173a": "Needs a quiet desk.",
    "79460ee0decdb109417cccd48146dfda": "jordan@example.net",
    "64ed1afe45162647309b013f55ebce99": "2026-03-02T09:00:00.000Z",
    "7185be635b195ece3332e99e914f5bed": "Full-time",
    "e3f4e4caa8433fc00133e46a36ae1290": {"id": 1, "text": "Engineering", "value": None},
    "ee546f13f3a2569aed4273e7b7565df0": [
        {"id": 1, "text": "Slack", "value": None, "selected": True},
        {"id": 3, "text": "GitHub", "value": None, "selected": True},
    ],
    "40fc8ca745a3caaf43d6a2a211a3345f": ["Laptop", "1"],
    "e6b727394ed4b6175b754a837625b7ae": {"users": [12345], "guests": [], "groups": []},
}

_STEPS = ("4e4cb9903679399220e808159803ea6c", "f7c4fa1aff8c430a080688074d533c5d", "96ac94c6bd6996029d9a2c2b98d7618a")
_TASKS = ("445c3d87850db96d73b577036f6f3fd5", "a5f0ee0a4550350114ce5c241c5577ab", "ad7928853e057617f6afd538981382e0")


def plant_templates(world: World, globex: Organization) -> None:
    globex.folders[FOLDER_ID] = Folder(FOLDER_ID, "HR", 1)
    hire = _hire(world, globex)
    tour = _template(world, globex, TOUR_ID, "Welcome tour")
    _add_fields(
        world,
        tour,
        {"id": "0c2e4a6b8d0f1a3c5e7f9b1d3a5c7e90", "label": "Reference", "field_type": "text"},
        {"id": "1d3f5b7a9c0e2b4d6f8a0c2e4b6d8fa1", "label": "Notes", "field_type": "textarea"},
    )
    for step in (
        {"id": "9e1c3a5b7d9f0b2d4f6a8c0e2a4c6e81", "title": "Show the office", "assignees": [1003]},
        {"id": "af2d4b6c8e0a1c3e5a7b9d1f3b5d7f92", "title": "First lunch"},
        {
            "id": "b03e5c7d9f1b2d4f6b8c0e2a4c6e80a3",
            "title": "Feedback",
            "step_type": "approval",
            "assignees": [1003],
        },
    ):
        add_step(world, tour, step)
    for template_id in LAPTOP_IDS:
        laptop = _template(world, globex, template_id, "Laptop request")
        add_step(world, laptop, {"id": template_id[::-1], "title": "Order", "assignees": [1001]})
    old = _template(world, globex, ARCHIVED_ID, "Old onboarding")
    old.record["archived_at"] = "2025-12-01T09:00:00.000Z"
    add_step(world, old, {"id": ARCHIVED_ID[::-1], "title": "Fax the contract", "assignees": [1001]})
    draft = _template(world, globex, DRAFT_ID, "Contractor onboarding", status="draft")
    add_step(world, draft, {"id": DRAFT_ID[::-1], "title": "Sign the contract"})
    _processes(world, globex, hire, tour)


def _add_fields(world: World, template: Template, *given: dict[str, Any]) -> None:
    template.record["prerun"] = [new_field(world, template, number, one) for number, one in enumerate(given, 1)]


def _template(world: World, globex: Organization, template_id: str, title: str, *, status: str = "active") -> Template:
    template = new_template(world, title, owner_id=1001, at=_MADE, template_id=template_id, status=status)
    globex.templates[template_id] = template
    return template


def _hire(world: World, globex: Organization) -> Template:
    hire = _template(world, globex, HIRE_ID, "New hire onboarding")
    hire.record["summary"] = "Standard process for onboarding a new hire."
    _add_fields(
        world,
        hire,
        *(
            {"id": field_id, "label": label, "field_type": kind, "required": required, **extra}
            for field_id, label, kind, required, extra in _HIRE_FIELDS
        ),
    )
    serial: dict[str, Any] = {
        "id": "97fa6c95a7399ed9ea5f997be085fc28",
        "label": "Laptop serial",
        "field_type": "text",
        "required": True,
    }
    suite: dict[str, Any] = {
        "id": "ed0cdf5010734b3c8e11d599e6d3c7af",
        "label": "Software suite",
        "field_type": "dropdown",
        "options": _options("Google Workspace", "Office 365"),
    }
    captures = [new_field(world, hire, number, one) for number, one in enumerate((serial, suite), 1)]
    add_step(world, hire, {"id": _STEPS[0], "title": "Create accounts", "assignees": [1001], "captures": captures})
    add_step(world, hire, {"id": _STEPS[1], "title": "Welcome call", "groups": [_ENGINEERING]})
    add_step(world, hire, {"id": _STEPS[2], "title": "Manager approval", "step_type": "approval", "assignees": [1001]})
    hire.tags[301] = _ONBOARDING_TAG
    return hire


def _processes(world: World, globex: Organization, hire: Template, tour: Template) -> None:
    john = {"users": [12345], "guests": [], "groups": []}
    deadline = "2026-03-01T17:00:00.000Z"
    run = launch(
        world,
        globex,
        hire,
        starter_id=1001,
        run_id=HIRE_RUN_ID,
        at=_LAUNCHED,
        values={
            "name": "Onboarding: Jordan Rivera (HR-10293)",
            "summary": "Requested by the HR system, reference HR-10293.",
        },
        prerun=dict(_HIRE_VALUES),
        overrides={
            _STEPS[0]: {"id": _TASKS[0], "deadline": deadline, "owners": {**john, "users": [12345]}},
            _STEPS[1]: {"id": _TASKS[1], "deadline": deadline},
            _STEPS[2]: {"id": _TASKS[2], "deadline": deadline, "owners": {**john, "users": [12345]}},
        },
    )
    run.tags[302] = _ONBOARDING_TAG
    run.folders[401] = FOLDER_ID
    values = {**_HIRE_VALUES, "d94210940113aa88d27d73abafc1f539": "Casey Lane"}
    launch(world, globex, hire, starter_id=1001, run_id=ARCHIVED_RUN_ID, at=_LAUNCHED, prerun=values,
           values={"name": "Onboarding: Casey Lane (HR-10201)", "archived_at": "2026-02-25T10:30:00.000Z"})  # fmt: skip
    for run_id in TWIN_RUN_IDS:
        launch(world, globex, tour, starter_id=1003, run_id=run_id, at=_LAUNCHED,
               values={"name": "Welcome tour: Robin Hale"})  # fmt: skip
