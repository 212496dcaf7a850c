# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Templates: finding, writing, archiving, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import FOLDER, HIRE_ID, TOUR_ID
from tests.sandbox.caller import TOUR_LAUNCH, Api

ARCHIVED, DRAFT = "8d0f6a3b5c7e19248b0d6f4a2c9e7153", "b2e4d6f8091a3c5e7b9d1f3a5c7e9b0d"
ONBOARDING_TAG = "a9a53a2ae1e6dd36db693399d5332e7b"


def titles(api: Api, query: str = "") -> list[str]:
    return [row["title"] for row in api.get(f"/checklists{query}").json()["data"]]


SEEDED = ["New hire onboarding", "Welcome tour", "Laptop request", "Laptop request", "Contractor onboarding"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", SEEDED),
        ("?q=ONBOARDING", ["New hire onboarding", "Contractor onboarding"]),
        ("?q=Laptop%20request", ["Laptop request", "Laptop request"]),
        ("?q=hire&archived=only", []),
        ("?archived=only", ["Old onboarding"]),
        ("?archived=true&q=old", ["Old onboarding"]),
        ("?status=draft", ["Contractor onboarding"]),
        ("?type=form", []),
        ("?starred=true", []),
        (f"?tag={ONBOARDING_TAG}", ["New hire onboarding"]),
        (f"?folder={FOLDER}", []),
        ("?owner_id=1001&q=tour", ["Welcome tour"]),
        ("?owner_id=1003", []),
        ("?sort_by=-title&per_page=10", sorted(SEEDED, reverse=True)),
    ],
)
def test_list(query: str, expected: list[str], api: Api) -> None:
    assert titles(api, query) == expected


def test_pages_and_pinned_first(api: Api) -> None:
    for number in range(12):
        api.sandbox.insert_template(f"T {number:02}", starred=True)
    api.sandbox.patch_template(TOUR_ID, is_pinned=True)
    assert titles(api, "?sort=title")[0] == "Welcome tour"
    page = api.get("/checklists?per_page=10&page=2").json()
    assert (len(page["data"]), page["meta"]["pagination"]["total"]) == (7, 17)
    assert len(titles(api, "?starred=true&per_page=100")) == 12


def test_create_with_fields_and_steps(api: Api) -> None:
    created = api.post(
        "/checklists",
        {
            "title": "Own",
            "type": "form",
            "shoe_size": 42,
            "prerun": [
                {"label": "Name", "field_type": "text", "required": True, "unknown": 1},
                {"label": "Size", "field_type": "dropdown", "required": False, "options": [{"id": 1, "text": "L"}]},
                {"label": "Table", "field_type": "table", "required": 0, "columns": [{"id": 1, "label": "A"}]},
            ],
        },
    )
    assert created.status_code == 201
    template = created.json()["data"]
    assert (template["type"], template["owner_id"], "shoe_size" in template) == ("form", 1001, False)
    assert [(one["label"], one["required"], one["position"]) for one in template["prerun"]] == [
        ("Name", True, 1),
        ("Size", False, 2),
        ("Table", False, 3),
    ]
    assert template["prerun"][1]["options"] == [{"value": None, "id": 1, "text": "L"}]
    path = f"/checklists/{template['id']}"
    for number in range(12):
        step = api.post(f"{path}/steps", {"title": f"Step {number}", "position": 1, "assignees": [1003]})
        assert step.status_code == 201
    steps = api.get(f"{path}/steps?without_pagination=true").json()
    assert (len(steps["data"]), steps["meta"]["pagination"]["total"]) == (10, 12), "always in pages"
    step_path = f"{path}/steps/{step.json()['data']['id']}"
    assert step.json()["data"]["position"] == 12, "a new step is the last one"
    assert api.put(step_path, {"title": "Last"}).json()["data"]["assignees"] == [], "omitted assignees are wiped"
    assert api.get(step_path).json()["data"]["title"] == "Last"
    assert api.delete(step_path).status_code == 204
    assert api.get(step_path).status_code == 404
    assert api.get(path).json()["data"]["steps_count"] == 11


def test_put_replaces_definitions_and_wipes_people(api: Api) -> None:
    path = f"/checklists/{TOUR_ID}"
    api.put(path, {"title": "Tour", "users": [1003], "groups": ["97e95e53bf25476dfbf55dd84fcda0b4"]})
    kept = api.get(path).json()["data"]
    assert (kept["users"], len(kept["groups"]), len(kept["prerun"])) == ([1003], 1, 2)
    first = kept["prerun"][0]
    changed = api.put(
        path,
        {
            "title": "Tour 2",
            "prerun": [{**first, "label": "Ref"}, {"label": "New", "field_type": "date", "required": True}],
        },
    ).json()["data"]
    assert (changed["title"], changed["users"], changed["groups"]) == ("Tour 2", [], [])
    assert [one["label"] for one in changed["prerun"]] == ["Ref", "New"]
    assert changed["prerun"][0]["id"] == first["id"]


def test_life_cycle(api: Api) -> None:
    path = f"/checklists/{TOUR_ID}"
    assert api.delete(path).status_code == 200
    assert api.get(path).status_code == api.put(path, {"title": "X"}).status_code == 404
    assert api.put(f"{path}/restore").json()["data"]["archived_at"] is None
    assert api.get(path).status_code == 200
    assert api.post("/runs", {"checklist_id": DRAFT}).status_code == 422
    assert api.put(f"/checklists/{DRAFT}/publish").json()["data"]["status"] == "active"
    assert api.post("/runs", {"checklist_id": DRAFT}).status_code == 201
    copied = api.post(f"/checklists/{HIRE_ID}/clone", {"tenant": api.organization, "title": "Copy"}).json()["data"]
    original = api.get(f"/checklists/{HIRE_ID}").json()["data"]
    assert (copied["title"], len(copied["prerun"]), copied["steps_count"]) == ("Copy", 10, 3)
    assert {one["id"] for one in copied["prerun"]}.isdisjoint(one["id"] for one in original["prerun"])
    assert api.post(f"/checklists/{HIRE_ID}/clone", {"tenant": "0" * 32}).status_code == 422
    assert api.delete(f"{path}/delete").json()["deleted_references"] == {}
    assert api.put(f"{path}/restore").status_code == 404


def test_includes(api: Api) -> None:
    api.put(f"/checklists/{TOUR_ID}", {"title": "Welcome tour", "folder_id": FOLDER})
    desired = "folder,permissions,stages,linked_tasks,assets,member_watchers,guest_watchers,nonsense"
    shown = api.get(f"/checklists/{TOUR_ID}?with={desired}").json()["data"]
    assert shown["folder"] == {"data": {"id": FOLDER, "name": "HR"}}
    assert shown["stages"] == {"data": []}
    assert "nonsense" not in shown
    assert titles(api, f"?folder={FOLDER}") == ["Welcome tour"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/checklists", {"type": "form"}, "title"),
        ("POST", "/checklists", {"title": "x"}, "type"),
        ("POST", "/checklists", {"title": "x" * 251, "type": "form"}, "title"),
        ("POST", "/checklists", {"title": "x", "type": "novel"}, "type"),
        ("POST", "/checklists", {"title": "x", "type": "form", "prerun": [{"field_type": "text", "required": True}]},
         "prerun.0.label"),
        ("POST", "/checklists",
         {"title": "x", "type": "form", "prerun": [{"label": "N", "field_type": "number", "required": True}]},
         "prerun.0.field_type"),
        ("POST", "/checklists",
         {"title": "x", "type": "form", "prerun": [{"label": "N", "field_type": "dropdown", "required": True,
                                    "options": [{"id": "1", "text": "a"}]}]},
         "prerun.0.options.0.id"),
        ("PUT", f"/checklists/{TOUR_ID}", {"summary": "x"}, "title"),
        ("PUT", f"/checklists/{TOUR_ID}", {"title": "x", "users": [999]}, "users.0"),
        ("PUT", f"/checklists/{TOUR_ID}", {"title": "x", "groups": ["x"]}, "groups.0"),
        ("PUT", f"/checklists/{TOUR_ID}", {"title": "x", "owner_id": 999}, "owner_id"),
        ("PUT", f"/checklists/{TOUR_ID}", {"title": "x", "folder_id": "x"}, "folder_id"),
        ("POST", f"/checklists/{TOUR_ID}/steps", {"title": "x", "step_type": "dance"}, "step_type"),
    ],
)  # fmt: skip
def test_refusals(method: str, path: str, body: Any, field: str, api: Api) -> None:
    before = api.sandbox.state()
    answer = api.call(method, path, body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert api.sandbox.state() == before


def test_unknown_and_archived_are_not_found(api: Api) -> None:
    for path in (f"/checklists/{ARCHIVED}", "/checklists/" + "0" * 32, f"/checklists/{ARCHIVED}/steps"):
        assert api.get(path).json()["code"] == "RESOURCE_NOT_FOUND"


def test_template_permissions(bob: Api) -> None:
    """A standard member launches and edits what is theirs, or what they were let."""
    path, denied = f"/checklists/{TOUR_ID}", "Permission denied: cannot launch process from this template."
    assert bob.put(path, {"title": "Mine"}).status_code == 403
    refused = bob.post("/runs", TOUR_LAUNCH)
    assert (refused.status_code, refused.json()["message"]) == (403, denied)
    bob.sandbox.patch_template(TOUR_ID, permissions={"process_launch": [1002], "template_edit": [1002]})
    assert bob.put(path, {"title": "Mine"}).status_code == 200
    assert bob.post("/runs", TOUR_LAUNCH).status_code == 201
    bob.sandbox.patch_template(HIRE_ID, owner_id=1002)
    assert bob.put(f"/checklists/{HIRE_ID}", {"title": "Mine too"}).status_code == 200
