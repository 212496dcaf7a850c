# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""One-off tasks: alone or in a process, one for each assignee, with a form of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import ENGINEERING, HIRE_ID, PARTNER, URGENT_TAG
from tests.sandbox.caller import ARCHIVED_RUN, RUN, TASK, Api
from tests.sandbox.test_tasks import ONE_OFF, SERIAL

FORM = [
    {"label": "Badge number", "field_type": "text", "required": True},
    {"label": "Colour", "field_type": "dropdown", "required": False, "options": [{"id": 1, "text": "Red"}]},
]


def made(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post("/tasks", {**ONE_OFF, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def test_a_task_joins_a_process(api: Api) -> None:
    assert api.post("/tasks", {**ONE_OFF, "run_id": RUN}).json()["errors"] == {
        "run_id": ["One-off tasks cannot be added to this process."]
    }
    api.sandbox.patch_template(HIRE_ID, can_add_oot=True)
    for unknown in ("0" * 32, ARCHIVED_RUN):
        assert list(api.post("/tasks", {**ONE_OFF, "run_id": unknown}).json()["errors"]) == ["run_id"]
    task = made(api, run_id=RUN)
    assert (task["run_id"], task["checklist_id"], task["step_id"]) == (RUN, HIRE_ID, None)
    assert (task["is_oneoff_task"], task["run_status"], task["position"]) == (True, "active", 4)
    shown = api.get(f"/runs/{RUN}/tasks").json()["data"]
    assert [one["is_oneoff_task"] for one in shown] == [False, False, False, True]
    assert api.get(f"/runs/{RUN}").json()["data"]["progress"]["total"] == 4
    assert api.put(f"/runs/{RUN}/tasks/{task['id']}", {"title": "New"}).json()["data"]["title"] == "New"
    assert api.put(f"/tasks/{task['id']}", {"title": "New"}).status_code == 422, "title, deadline and owners each time"
    assert api.put(f"/tasks/{TASK}", ONE_OFF).status_code == 404, "that of a step is none"
    assert api.post(f"/runs/{RUN}/completed-tasks", {"task_id": task["id"]}).status_code == 200
    assert api.delete(f"/tasks/{task['id']}").status_code == 204
    assert api.get(f"/runs/{RUN}").json()["data"]["progress"]["total"] == 3
    assert api.put(f"/tasks/{task['id']}/restore").status_code == 200
    assert api.get(f"/runs/{RUN}").json()["data"]["progress"] == {"complete": 1, "total": 4, "percent": 25}
    assert api.delete(f"/tasks/{task['id']}/delete").status_code == 204
    assert api.get(f"/runs/{RUN}").json()["data"]["progress"]["total"] == 3
    assert api.post(f"/runs/{RUN}/completed-tasks", {"task_id": task["id"]}).status_code == 404


def test_a_task_for_each_assignee(api: Api) -> None:
    owners = {"users": [12345, 1003], "guests": [PARTNER], "groups": [ENGINEERING]}
    body = {"owners": owners, "separate_task_for_each_assignee": True, "form_fields": FORM, "tags": [URGENT_TAG]}
    first = made(api, **body)
    rows = api.get("/tasks?is_oneoff=true&with=form_fields,tags").json()["data"]
    assert rows[0]["id"] == first["id"], "the answer shows the first"
    got = [{bucket: ids for bucket, ids in row["owners"].items() if ids} for row in rows]
    assert got == [{"users": [12345]}, {"users": [1003]}, {"guests": [PARTNER]}, {"groups": [ENGINEERING]}]
    fields = [[one["id"] for one in row["form_fields"]["data"]] for row in rows]
    assert len({one for row in fields for one in row}) == 8, "each has a form of its own"
    assert [len(row["tags"]["data"]) for row in rows] == [1, 1, 1, 1]
    made(api, owners=owners, separate_task_for_each_assignee=False)
    assert len(api.get("/tasks?is_oneoff=true").json()["data"]) == 5


def test_a_form_of_its_own(api: Api) -> None:
    task = made(api, form_fields=FORM)
    path = f"/tasks/{task['id']}"
    number, colour = api.get(f"{path}?with=form_fields").json()["data"]["form_fields"]["data"]
    assert (number["label"], number["required"], number["value"]) == ("Badge number", True, None)
    assert colour["options"] == [{"value": None, "id": 1, "text": "Red"}]
    refused = api.post("/completed-tasks", {"task_id": task["id"]})
    assert refused.json()["errors"] == {"taskdata": ["Badge number is required"]}
    values = {number["id"]: "B-7", colour["id"]: {"id": 1, "text": "Red"}, SERIAL: "dropped"}
    stored = api.put(path, {**ONE_OFF, "taskdata": values}).json()["data"]["taskdata"]
    assert stored == {number["id"]: "B-7", colour["id"]: {"id": 1, "text": "Red", "value": None}}
    assert api.put(path, {**ONE_OFF, "taskdata": {colour["id"]: "Red"}}).status_code == 422
    assert api.post("/completed-tasks", {"task_id": task["id"]}).status_code == 200


@pytest.mark.parametrize(
    ("field", "complaint"),
    [
        ({"field_type": "text", "required": True}, "form_fields.0.label"),
        ({"label": "A", "field_type": "text"}, "form_fields.0.required"),
        ({"label": "A", "field_type": "number", "required": True}, "form_fields.0.field_type"),
        ({"label": "A", "field_type": "radio", "required": True, "options": [{"id": 1, "text": "x"}]},
         "form_fields.0.options"),
        ({"label": "A", "field_type": "table", "required": True, "columns": [{"id": "1", "label": "x"}]},
         "form_fields.0.columns.0.id"),
    ],
)  # fmt: skip
def test_refused_forms(field: dict[str, Any], complaint: str, api: Api) -> None:
    answer = api.post("/tasks", {**ONE_OFF, "form_fields": [field]})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [complaint])
    assert api.get("/tasks?is_oneoff=true").json()["data"] == []


def test_everything_else_a_task_may_say(api: Api) -> None:
    given = {"can_complete_only_assignees": True, "everyone_must_complete": True, "top_secret": True,
             "max_assignable": 2, "webhook": "https://hooks.example.com/1"}  # fmt: skip
    task = made(api, **given, started_at="2027-01-01 08:00:00")
    assert {name: task[name] for name in given} == given
    assert task["started_at"] == "2027-01-01T08:00:00.000Z"


def test_a_copy_is_open_and_empty(api: Api) -> None:
    api.put(f"/runs/{RUN}/tasks/{TASK}", {"taskdata": {SERIAL: "SN-1"}})
    api.post(f"/runs/{RUN}/completed-tasks", {"task_id": TASK})
    copied = api.post(f"/tasks/{TASK}/clone").json()["data"]
    assert (copied["title"], copied["status"], copied["taskdata"]) == ("Create accounts", "not-started", {})
    assert (copied["run_id"], copied["is_oneoff_task"], copied["owners"]["users"]) == (RUN, True, [12345])
    fields = api.get(f"/tasks/{copied['id']}?with=form_fields").json()["data"]["form_fields"]["data"]
    assert [one["label"] for one in fields] == ["Laptop serial", "Software suite"]
    assert SERIAL not in [one["id"] for one in fields]
