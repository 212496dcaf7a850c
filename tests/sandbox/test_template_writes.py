# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Templates from the inside: fields of steps, the order of steps, rules, and copies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import HIRE_ID, TOUR_ID
from tests.sandbox.caller import RUN, TASK, Api

TOUR = f"/checklists/{TOUR_ID}"
SHOW, LUNCH, FEEDBACK = (
    "9e1c3a5b7d9f0b2d4f6a8c0e2a4c6e81", "af2d4b6c8e0a1c3e5a7b9d1f3b5d7f92", "b03e5c7d9f1b2d4f6b8c0e2a4c6e80a3",
)  # fmt: skip
CREATE = "4e4cb9903679399220e808159803ea6c"
SERIAL = "97fa6c95a7399ed9ea5f997be085fc28"
INITECH, GRACE, LIGHT = "9c1b6d5a04e84b7fa3d2c0e95f7a6b18", "grace.kim@example.net", "frank.moore@example.com"
TEXT = {"label": "Room", "field_type": "text", "required": True}
FORM = f"{TOUR}/steps/{SHOW}/captures"


def labels(api: Api, step: str = SHOW) -> list[tuple[str, int]]:
    return [(one["label"], one["position"]) for one in api.get(f"{TOUR}/steps/{step}").json()["data"]["captures"]]


def order(api: Api) -> list[tuple[str, int]]:
    return [(step["title"], step["position"]) for step in api.get(f"{TOUR}/steps").json()["data"]]


def made(api: Api, **changes: Any) -> str:
    answer = api.post(FORM, {**TEXT, **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def test_fields_of_a_step(api: Api) -> None:
    room, floor = made(api, shoe_size=42, id="0" * 32), made(api, label="Floor")
    shown = api.get(f"{TOUR}/steps/{SHOW}").json()["data"]["captures"]
    assert [(one["id"], one["step_id"], one["checklist_id"]) for one in shown] == [
        (room, SHOW, TOUR_ID), (floor, SHOW, TOUR_ID),
    ]  # fmt: skip
    assert room != "0" * 32
    assert "shoe_size" not in shown[0]
    options = [{"id": 1, "text": "North"}, {"id": 2, "text": "South"}]
    radio = {"label": "Wing", "field_type": "radio", "required": False, "options": options}
    changed = api.put(f"{FORM}/{room}", radio).json()["data"]
    assert (changed["id"], changed["label"], len(changed["options"])) == (room, "Wing", 2)
    assert [one["label"] for one in api.get(f"{TOUR}/form-fields").json()["data"]["form_fields"]] == ["Wing", "Floor"]
    assert api.put(FORM, {"capture_id": floor, "position": 1}).status_code == 200
    assert labels(api) == [("Floor", 1), ("Wing", 2)]
    moved = api.put(f"{FORM}/{floor}/move-out", {"target_step_id": LUNCH, "position": 9}).json()["data"]
    assert (moved["step_id"], labels(api), labels(api, LUNCH)) == (LUNCH, [("Wing", 1)], [("Floor", 1)])
    assert api.delete(f"{FORM}/{room}").status_code == 204
    assert labels(api) == []
    assert api.delete(f"{FORM}/{floor}").status_code == 404, "it is another step's by now"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", FORM, {**TEXT, "label": ""}, "label"),
        ("POST", FORM, {**TEXT, "required": None}, "required"),
        ("POST", FORM, {**TEXT, "field_type": "number"}, "field_type"),
        ("POST", FORM, {**TEXT, "field_type": "radio", "options": [{"id": 1, "text": "x"}]}, "options"),
        ("PUT", f"/checklists/{HIRE_ID}/steps/{CREATE}/captures/{SERIAL}", {"label": "x", "required": True},
         "field_type"),
        ("PUT", f"/checklists/{HIRE_ID}/steps/{CREATE}/captures", {"position": 1}, "capture_id"),
        ("PUT", f"/checklists/{HIRE_ID}/steps/{CREATE}/captures/{SERIAL}/move-out",
         {"target_step_id": SHOW, "position": 1}, "target_step_id"),
        ("PUT", f"{TOUR}/steps/{SHOW}/reorder", {"position": 0}, "position"),
        ("PUT", f"{TOUR}/steps/{SHOW}/reorder", {}, "position"),
    ],
)  # fmt: skip
def test_refusals(method: str, path: str, body: dict[str, Any], field: str, api: Api) -> None:
    before = api.sandbox.state(only="templates")
    answer = api.call(method, path, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert api.sandbox.state(only="templates") == before


def test_fields_that_are_not_there(api: Api) -> None:
    for call in (
        api.put(f"{FORM}/{SERIAL}", TEXT),
        api.delete(f"{FORM}/{SERIAL}"),
        api.put(FORM, {"capture_id": SERIAL, "position": 1}),
        api.post(f"{TOUR}/steps/{CREATE}/captures", TEXT),
        api.delete(f"{TOUR}/preruns/{SERIAL}"),
        api.delete(f"{TOUR}/automated-actions/{SERIAL}"),
    ):
        assert call.json()["code"] == "RESOURCE_NOT_FOUND"
    assert api.get(f"{FORM}/{SERIAL}").json()["code"] == "ENDPOINT_NOT_FOUND"


def test_a_new_field_has_to_be_filled_in_by_running_processes(api: Api) -> None:
    path = f"/checklists/{HIRE_ID}/steps/{CREATE}/captures"
    assert api.delete(f"{path}/{SERIAL}").status_code == 204
    api.post(path, TEXT)
    refused = api.post(f"/runs/{RUN}/completed-tasks", {"task_id": TASK})
    assert refused.json()["errors"] == {"taskdata": ["Room is required"]}


def test_kickoff_fields_are_removed_one_by_one(api: Api) -> None:
    [reference, notes] = api.get(TOUR).json()["data"]["prerun"]
    assert api.delete(f"{TOUR}/preruns/{reference['id']}").status_code == 204
    [left] = api.get(TOUR).json()["data"]["prerun"]
    assert (left["id"], left["position"]) == (notes["id"], 1)


def test_steps_are_copied_and_moved(api: Api) -> None:
    made(api)
    copied = api.post(f"{TOUR}/steps/{SHOW}/clone")
    step = copied.json()["data"]
    original = api.get(f"{TOUR}/steps/{SHOW}").json()["data"]
    assert (copied.status_code, step["title"], step["assignees"]) == (201, "Show the office", [1003])
    assert (step["id"], step["alias"]) != (original["id"], original["alias"])
    assert [one["step_id"] for one in step["captures"]] == [step["id"]]
    assert step["captures"][0]["id"] != original["captures"][0]["id"]
    assert order(api) == [("Show the office", 1), ("Show the office", 2), ("First lunch", 3), ("Feedback", 4)]
    assert api.get(TOUR).json()["data"]["steps_count"] == 4
    assert api.put(f"{TOUR}/steps/{FEEDBACK}/reorder", {"position": 1}).json()["data"]["position"] == 1
    assert api.delete(f"{TOUR}/steps/{step['id']}").status_code == 204
    assert order(api) == [("Feedback", 1), ("Show the office", 2), ("First lunch", 3)]
    api.put(f"{TOUR}/steps/{FEEDBACK}/reorder", {"position": 99})
    assert order(api) == [("Show the office", 1), ("First lunch", 2), ("Feedback", 3)]


CONDITION = {"conditionable_id": SHOW, "conditionable_type": "Step", "operation": "completed", "statement": "any_time",
             "logic": "and", "colour": "red"}  # fmt: skip
ACTION = {"action_type": "visibility", "action_verb": "show", "target_step_id": LUNCH}


def rule(**changes: Any) -> dict[str, Any]:
    return {"automated_alias": "Lunch later", "conditions": [CONDITION], "then_actions": [ACTION], **changes}


def test_rules_are_kept_whole(api: Api) -> None:
    path = f"{TOUR}/automated-actions"
    answer = api.post(path, rule())
    assert answer.status_code == 201
    kept = answer.json()["data"]
    assert api.get(TOUR).json()["data"]["automated_actions"] == [kept]
    [condition], [action] = kept["conditions"], kept["then_actions"]
    assert (condition["conditionable_id"], condition["position"], "colour" in condition) == (SHOW, 1, False)
    assert (action["target_step_id"], action["deadline"]) == (LUNCH, None)
    changed = api.put(f"{path}/{kept['id']}", {**kept, "automated_alias": "Lunch first"}).json()["data"]
    assert (changed["automated_alias"], changed["conditions"]) == ("Lunch first", kept["conditions"])
    assert list(api.put(f"{path}/{kept['id']}", {"automated_alias": "x"}).json()["errors"]) == [
        "conditions", "then_actions",
    ]  # fmt: skip
    assert api.delete(f"{path}/{kept['id']}").status_code == 204
    assert api.get(TOUR).json()["data"]["automated_actions"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"automated_alias": ""}, "automated_alias"),
        ({"conditions": []}, "conditions"),
        ({"then_actions": None}, "then_actions"),
        (
            {"conditions": [{**CONDITION, "conditionable_type": "Task"}]},
            "conditions.0.conditionable_type",
        ),
        ({"conditions": [{**CONDITION, "conditionable_id": CREATE}]}, "conditions.0.conditionable_id"),
        ({"conditions": [{**CONDITION, "operation": None}]}, "conditions.0.operation"),
        ({"then_actions": [{**ACTION, "action_type": "explode"}]}, "then_actions.0.action_type"),
        ({"then_actions": [{**ACTION, "target_step_id": CREATE}]}, "then_actions.0.target_step_id"),
    ],
)
def test_refused_rules(changes: dict[str, Any], field: str, api: Api) -> None:
    answer = api.post(f"{TOUR}/automated-actions", rule(**changes))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_a_copy_refers_to_itself(api: Api) -> None:
    made(api)
    steps = api.sandbox.template("Welcome tour")["steps"]
    after_show = {**steps[1], "deadline": {"value": 1, "unit": "days", "option": "from", "step": SHOW}}
    api.sandbox.patch_template(TOUR_ID, steps=[steps[0], after_show, steps[2]])
    api.post(f"{TOUR}/automated-actions", rule())
    original = api.get(f"{TOUR}?with=steps").json()["data"]
    copied = api.post(f"{TOUR}/clone", {"tenant": api.organization, "title": "Copy"}).json()["data"]
    shown = api.get(f"/checklists/{copied['id']}?with=steps").json()["data"]
    first, second, _ = shown["steps"]["data"]
    assert [step["checklist_id"] for step in shown["steps"]["data"]] == [copied["id"]] * 3
    assert first["captures"][0]["step_id"] == first["id"] != SHOW
    assert second["deadline"]["step"] == first["id"]
    [copied_rule], [original_rule] = shown["automated_actions"], original["automated_actions"]
    assert copied_rule["conditions"][0]["conditionable_id"] == first["id"]
    assert copied_rule["then_actions"][0]["target_step_id"] == second["id"]
    assert copied_rule["id"] != original_rule["id"]
    assert original == api.get(f"{TOUR}?with=steps").json()["data"], "the original is as it was"
    assert api.post("/runs", {"checklist_id": copied["id"]}).status_code == 201


def test_a_copy_in_another_organization(api: Api) -> None:
    sandbox = api.sandbox
    sandbox.patch_template(TOUR_ID, owner_id=1009, users=[1003])
    grace = Api(sandbox, sandbox.issue_token(GRACE))
    assert grace.post(f"{TOUR}/clone", {"tenant": INITECH}).status_code == 422, "there she is a light member"
    assert api.post(f"{TOUR}/clone", {"tenant": INITECH}).status_code == 422, "an application has one organization"
    sandbox._control("PATCH", f"/members/{GRACE}?organization={INITECH}", {"role": "standard"})
    copied = grace.post(f"{TOUR}/clone", {"tenant": INITECH, "title": "Tour"}).json()["data"]
    [there] = sandbox.state(INITECH, "templates")["templates"]
    assert (there["id"], there["title"], there["owner_id"], there["users"]) == (copied["id"], "Tour", 1009, [])
    assert [step["assignees"] for step in there["steps"]] == [[], [], []]
    assert api.get(f"/checklists/{copied['id']}").status_code == 404


def test_a_template_takes_no_steps_in_one_go(api: Api) -> None:
    body = {"title": "Own", "type": "procedure", "steps": [{"title": "First"}], "description": "Lost"}
    created = api.post("/checklists", body).json()["data"]
    assert (created["steps_count"], created["summary"]) == (0, None)


@pytest.mark.parametrize("rank", ["bob@example.com", LIGHT])
def test_only_those_who_may_edit(rank: str, api: Api) -> None:
    other = Api(api.sandbox, api.sandbox.issue_token(rank))
    for method, path, body in (
        ("POST", FORM, TEXT),
        ("PUT", FORM, {"capture_id": SERIAL, "position": 1}),
        ("POST", f"{TOUR}/steps/{SHOW}/clone", None),
        ("PUT", f"{TOUR}/steps/{SHOW}/reorder", {"position": 2}),
        ("POST", f"{TOUR}/automated-actions", rule()),
        ("DELETE", f"{TOUR}/preruns/0c2e4a6b8d0f1a3c5e7f9b1d3a5c7e90", None),
    ):
        assert other.call(method, path, body).status_code == 403, path
