# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tasks, folders and tags: everyday work in processes, and what leaving people leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import FOLDER, HIRE_ID, TOUR_ID, URGENT_TAG
from tests.sandbox.caller import ARCHIVED_RUN, RUN, TASK, Api, sample

CALL_TASK, APPROVAL = "a5f0ee0a4550350114ce5c241c5577ab", "ad7928853e057617f6afd538981382e0"
SERIAL, SUITE = "97fa6c95a7399ed9ea5f997be085fc28", "ed0cdf5010734b3c8e11d599e6d3c7af"
COMPLETED = f"/runs/{RUN}/completed-tasks"
ONE_OFF: dict[str, Any] = {
    "title": "Order badge",
    "task_type": "task",
    "owners": {"users": [12345], "guests": ["partner@example.org"], "groups": []},
    "deadline": "2027-03-01 17:00:00",
}


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


def test_lists(api: Api, alice: Api) -> None:
    assert ids(api.get(f"/runs/{RUN}/tasks?sort=-position")) == [APPROVAL, CALL_TASK, TASK]
    assert ids(api.get("/users/12345/tasks")) == [TASK, APPROVAL]
    assert api.get("/tasks").json()["meta"]["pagination"]["total"] == 9, "those of archived processes are hidden"
    assert len(ids(api.get("/tasks?without_pagination=true"))) == 9
    assert ids(api.get("/tasks?owners=12345,999")) == [TASK, APPROVAL]
    assert ids(api.get("/tasks?owners=999")) == []
    own = [alice.post("/tasks", {**ONE_OFF, "owners": {"users": [1001]}}).json()["data"]["id"]]
    assert ids(alice.get("/me/tasks")) == own
    alice.post("/completed-tasks", {"task_id": own[0]})
    assert ids(alice.get("/me/tasks")) == []
    assert ids(alice.get("/me/tasks?status=completed")) == ids(alice.get("/me/tasks?status=all")) == own
    task = api.post("/tasks", ONE_OFF).json()["data"]
    code = api.get("/guests/partner%40example.org").json()["data"]["link"].rpartition("/")[2]
    assert ids(api.get(f"/guests/{code}/tasks")) == [task["id"]]
    unknown = "0" * 32
    for path in (
        "/users/999/tasks", "/guests/4523/tasks", "/guests/partner%40example.org/tasks", f"/runs/{unknown}/tasks",
        f"/tasks/{unknown}",
    ):  # fmt: skip
        assert api.get(path).status_code == 404
    assert api.get("/me/tasks").status_code == 401, "an application is nobody"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("complete", [TASK]), ("active", [CALL_TASK, APPROVAL]), ("incomplete", [CALL_TASK, APPROVAL]),
        ("inprogress", [CALL_TASK]), ("not-started", [APPROVAL]), ("hasproblem", [APPROVAL]),
        ("overdue", [CALL_TASK, APPROVAL]), ("due_soon", []),
    ],
)  # fmt: skip
def test_status(status: str, expected: list[str], api: Api) -> None:
    api.sandbox.patch_task(TASK, status="completed")
    api.sandbox.patch_task(CALL_TASK, status="in-progress")
    api.sandbox.patch_task(APPROVAL, problem=True)
    assert ids(api.get(f"/runs/{RUN}/tasks?status={status}")) == expected


def test_complete_and_reopen(api: Api, alice: Api) -> None:
    refused = alice.post(COMPLETED, {"task_id": TASK})
    assert refused.json()["errors"] == {"taskdata": ["Laptop serial is required"]}
    alice.put(f"/runs/{RUN}/tasks/{TASK}", sample("task-update-request"))
    done = alice.post(COMPLETED, {"task_id": TASK}).json()["data"]
    assert (done["status"], done["completer_id"], done["tasks_changed_by_rules"]) == ("completed", 1001, {})
    assert done["completed_at"] is not None
    assert alice.put(f"/runs/{RUN}/tasks/{TASK}", {"title": "x"}).status_code == 422
    refused = alice.post(COMPLETED, {"task_id": APPROVAL})
    assert (refused.status_code, refused.json()) == (422, sample("error-422-approval"))
    alice.post(COMPLETED, {"task_id": CALL_TASK, "override_user": 1003})
    assert alice.get(f"/tasks/{CALL_TASK}").json()["data"]["completer_id"] == 1003
    alice.post(COMPLETED, sample("task-approve-request"))
    run = alice.get(f"/runs/{RUN}").json()["data"]
    assert (run["status"], run["progress"]["percent"]) == ("complete", 100)
    assert run["completed_at"] is not None
    back = alice.delete(f"{COMPLETED}/{APPROVAL}").json()["data"]
    assert (back["status"], back["completed_at"], back["is_approved"]) == ("in-progress", None, None)
    assert alice.delete(f"{COMPLETED}/{APPROVAL}").status_code == 422
    assert alice.get(f"/runs/{RUN}").json()["data"]["status"] == "active"
    assert api.post(COMPLETED, {"task_id": "0" * 32}).status_code == 404
    assert api.post(COMPLETED, {}).status_code == 422
    assert api.post(f"/runs/{ARCHIVED_RUN}/completed-tasks", {"task_id": TASK}).status_code == 404


def test_complete_needs_a_right_and_no_issue(frank: Api) -> None:
    frank.sandbox.patch_task(CALL_TASK, can_complete_only_assignees=True)
    assert frank.post(COMPLETED, {"task_id": CALL_TASK}).status_code == 403
    frank.sandbox.patch_group("Engineering", members=[1008])
    frank.sandbox.patch_task(CALL_TASK, problem=True)
    assert frank.post(COMPLETED, {"task_id": CALL_TASK}).status_code == 422
    frank.sandbox.patch_task(CALL_TASK, problem=False)
    assert frank.post(COMPLETED, {"task_id": CALL_TASK}).json()["data"]["completer_id"] == 1008


def test_update(api: Api) -> None:
    path = f"/runs/{RUN}/tasks/{TASK}"
    changed = api.put(path, {"owners": {"groups": ["97e95e53bf25476dfbf55dd84fcda0b4"]}, "position": 5}).json()["data"]
    assert changed["owners"]["users"] == [], "a bucket that is missing is wiped"
    assert changed["position"] == 5
    changed = api.put(path, {"taskdata": {SERIAL: "SN-1", "0" * 32: "x"}, "deadline": "2027-01-02T03:04:05Z"})
    assert changed.json()["data"]["taskdata"] == {SERIAL: "SN-1"}
    assert changed.json()["data"]["deadline"] == "2027-01-02T03:04:05.000Z"
    for body in (
        {"title": "x" * 601},
        {"owners": {"users": [5]}},
        {"deadline": "x"},
        {"position": "x"},
        {"taskdata": {SUITE: "Office 365"}},
    ):
        assert api.put(path, body).status_code == 422, body
    assert api.put(f"/tasks/{TASK}", ONE_OFF).status_code == 404, "not a one-off task"
    assert api.get(f"/runs/{ARCHIVED_RUN}/tasks/{TASK}").status_code == 404


def test_one_off(api: Api) -> None:
    for name in ("title", "task_type", "owners", "deadline"):
        assert list(api.post("/tasks", {**ONE_OFF, name: None}).json()["errors"]) == [name]
    task = api.post("/tasks", {**ONE_OFF, "description": "Soon", "tags": [URGENT_TAG]}).json()["data"]
    assert (task["is_oneoff_task"], task["run_id"], task["summary"]) == (True, None, "Soon")
    path = f"/tasks/{task['id']}"
    assert api.put(path, {"title": "New"}).status_code == 422, "title, deadline and owners each time"
    assert api.put(path, {**ONE_OFF, "title": "New"}).json()["data"]["title"] == "New"
    assert api.post("/completed-tasks", {"task_id": task["id"]}).json()["data"]["status"] == "completed"
    assert api.delete(f"/completed-tasks/{task['id']}").json()["data"]["status"] == "in-progress"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.put(f"{path}/restore").status_code == 200
    assert api.delete(f"{path}/delete").status_code == 204
    assert api.put(f"{path}/restore").status_code == 404


def test_hand_over(api: Api) -> None:
    """Removing somebody with reassignment moves open tasks and places in templates; without it they stay."""
    api.put(f"/runs/{RUN}/tasks/{CALL_TASK}", {"owners": {"users": [12345, 1003]}})
    api.sandbox.patch_task(APPROVAL, status="completed")
    steps = api.get(f"/checklists/{TOUR_ID}/steps").json()["data"]
    api.sandbox.patch_template(TOUR_ID, steps=[{**steps[0], "assignees": [12345]}])
    answer = api.delete("/users/12345?with_reassignment=true&to=1003")
    assert answer.status_code == 200
    owners = {task["id"]: task["owners"]["users"] for task in api.get(f"/runs/{RUN}/tasks").json()["data"]}
    assert owners == {TASK: [1003], CALL_TASK: [1003], APPROVAL: [12345]}
    assert api.get(f"/checklists/{TOUR_ID}/steps").json()["data"][0]["assignees"] == [1003]
    assert api.get(f"/runs/{RUN}").json()["data"]["collaborators"] == [1003, 12345]
    api.delete("/users/1003/disable")
    assert api.get(f"/tasks/{TASK}").json()["data"]["owners"]["users"] == [1003]


def test_guests_with_open_tasks(api: Api) -> None:
    path = "/guests/partner%40example.org"
    task = api.post("/tasks", ONE_OFF).json()["data"]
    refused = api.delete(f"{path}/disable")
    assert (refused.status_code, refused.json()) == (403, sample("error-403-guest-incomplete-tasks"))
    assert api.get(f"{path}?with=stats").json()["data"]["stats"]["assigned_tasks"] == 1
    api.post("/completed-tasks", {"task_id": task["id"]})
    assert api.delete(f"{path}/disable").status_code == 200
    assert api.delete(path).status_code == 200
    assert api.get(f"/tasks/{task['id']}").json()["data"]["owners"]["guests"] == [], "deleting takes them off"


def test_guest_who_becomes_a_member_keeps_the_tasks(api: Api) -> None:
    task = api.post("/tasks", ONE_OFF).json()["data"]
    member = api.post("/guests/partner%40example.org/to/member", {"role": "light"}).json()["data"]
    owners = api.get(f"/tasks/{task['id']}").json()["data"]["owners"]
    assert (owners["users"], owners["guests"]) == ([12345, member["id"]], [])


def test_folders(api: Api) -> None:
    made = api.post("/folders", {"name": "Tours", "parent_id": FOLDER}).json()["data"]
    assert (made["parent"], made["folder_type"], made["total"]) == ("HR", "run", 0)
    assert api.get(f"/folders/{FOLDER}").json()["data"]["children"][0]["id"] == made["id"]
    relation = api.post("/folders/add-object", {"folder_id": made["id"], "subject_id": RUN, "subject_type": "Run"})
    number = relation.json()["data"]["id"]
    assert (relation.status_code, type(number)) == (201, int)
    assert api.get(f"/folders/{made['id']}").json()["data"]["total"] == 1
    api.delete(f"/folders-objects/{RUN}")
    assert api.get(f"/folders/{made['id']}").json()["data"]["total"] == 1, "the wrong kind of id does nothing"
    assert api.delete(f"/folders-objects/{number}").status_code == 204
    assert api.get(f"/folders/{made['id']}").json()["data"]["total"] == 0
    assert api.put(f"/folders/{made['id']}", {"name": "T", "parent_id": None}).json()["data"]["parent_id"] is None
    api.put(f"/checklists/{TOUR_ID}", {"title": "Welcome tour", "folder_id": FOLDER})
    assert api.delete(f"/folders/{FOLDER}").status_code == 204
    assert api.get(f"/checklists/{TOUR_ID}").json()["data"]["folder_id"] is None
    assert api.get(f"/runs/{RUN}?with=folders").json()["data"]["folders"]["data"] == []
    assert api.get("/folders?q=zzz").json() == {"data": []}
    for method, path, body in (
        ("POST", "/folders", {}),
        ("POST", "/folders", {"name": "x" * 33}),
        ("POST", "/folders", {"name": "x", "parent_id": "x"}),
        ("PUT", f"/folders/{made['id']}", {"name": "x", "parent_id": made["id"]}),
        ("PUT", f"/folders/{made['id']}", {"parent_id": None}),
        ("POST", "/folders/add-object", {"folder_id": "x", "subject_id": RUN, "subject_type": "Run"}),
        ("POST", "/folders/add-object", {"folder_id": made["id"], "subject_id": "x", "subject_type": "Run"}),
        ("POST", "/folders/add-object", {"folder_id": made["id"], "subject_id": TOUR_ID, "subject_type": "Checklist"}),
    ):
        assert api.call(method, path, body).status_code == 422, (path, body)
    assert api.get(f"/folders/{FOLDER}").status_code == 404


def test_tags(api: Api) -> None:
    request = {"subject_id": TOUR_ID, "subject_type": "Checklist", "tag_id": URGENT_TAG, "tag_type": "private"}
    number = api.post("/checklists/tags", request).json()["data"]["id"]
    assert api.post("/checklists/tags", request).json()["data"]["id"] == number
    api.post("/checklists/tags", {**request, "subject_id": RUN, "subject_type": "Run"})
    statistics = api.get(f"/tags/{URGENT_TAG}?with=statistics").json()["data"]["statistics"]["data"]
    assert statistics == {"active_template": 1, "archived_template": 0, "active_process": 1, "archived_process": 0}
    assert api.delete(f"/checklists/tags/{URGENT_TAG}").status_code == 204
    assert len(api.get(f"/checklists/{TOUR_ID}?with=tags").json()["data"]["tags"]["data"]) == 1, "the wrong kind of id"
    assert api.delete(f"/checklists/tags/{number}").status_code == 204
    assert api.get(f"/checklists/{TOUR_ID}?with=tags").json()["data"]["tags"]["data"] == []
    api.delete(f"/tags/{URGENT_TAG}")
    tags = api.get(f"/runs/{RUN}?with=tags").json()["data"]["tags"]["data"]
    assert [tag["title"] for tag in tags] == ["Onboarding"]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"tag_id": "0" * 32}, {"tag_id": ["The selected tag id is invalid."]}),
        ({"tag_type": "public"}, {"tag_id": ["The selected tag id is invalid."]}),
        ({"subject_id": "0" * 32}, {"subject_id": ["Subject not found"]}),
        ({"subject_id": HIRE_ID}, {"subject_id": ["Subject not found"]}),
        ({"subject_id": ARCHIVED_RUN}, {"subject_id": ["Subject not found", "Cannot update archived processes."]}),
        ({"subject_type": "Task"}, {"subject_type": ["The selected subject type is invalid."]}),
    ],
)
def test_refused_tags(changes: dict[str, Any], errors: dict[str, Any], api: Api) -> None:
    answer = api.post("/checklists/tags", {**sample("tag-attach-request"), "tag_id": URGENT_TAG, **changes})
    assert (answer.status_code, answer.json()["errors"]) == (422, errors)


def test_search(api: Api) -> None:
    found = api.get("/search?on=blueprint,process,task&search=onboarding").json()
    assert [row["title"] for row in found["blueprint"]["data"]] == ["New hire onboarding", "Contractor onboarding"]
    assert [row["id"] for row in found["process"]["data"]] == [RUN]
    assert found["task"]["data"] == []
    assert api.get("/search?on=people&search=x").status_code == 422
