# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What lists of tasks filter and sort by, and what ``with`` adds to tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import ENGINEERING, FOLDER, HIRE_ID, PARTNER, URGENT_TAG
from tests.sandbox.caller import RUN, TASK, Api

CALL, APPROVAL = "a5f0ee0a4550350114ce5c241c5577ab", "ad7928853e057617f6afd538981382e0"
SERIAL, SUITE = "97fa6c95a7399ed9ea5f997be085fc28", "ed0cdf5010734b3c8e11d599e6d3c7af"
ONBOARDING_TAG = "a9a53a2ae1e6dd36db693399d5332e7b"
BADGE, NOBODYS = "b" * 32, "c" * 32
CODE = "MITxZa1z2f4523"


@pytest.fixture
def tasks(api: Api) -> Api:
    """Let there be the three tasks of a process and two one-off tasks, each different from the others."""
    api.sandbox.plan_ids("task", BADGE, NOBODYS)
    one_off = {"title": "Order badge", "task_type": "task", "deadline": "2027-03-01 17:00:00"}
    owners = {"users": [1003], "guests": [PARTNER], "groups": []}
    assert api.post("/tasks", {**one_off, "owners": owners, "tags": [URGENT_TAG]}).status_code == 201
    assert api.post("/tasks", {**one_off, "owners": owners}).status_code == 201
    sandbox = api.sandbox
    nobody: dict[str, Any] = {"users": [], "guests": [], "groups": []}
    sandbox.patch_task(TASK, status="completed", completed_at="2026-02-21T17:00:00.000Z")
    sandbox.patch_task(CALL, status="in-progress", problem=True, deadline="2026-03-02T09:00:00.000Z")
    sandbox.patch_task(APPROVAL, status="completed", completed_at="2026-02-22T17:00:00.000Z")
    sandbox.patch_task(NOBODYS, owners=nobody, deadline=None, created_at="2026-02-21T00:00:00.000Z")
    for run in ("5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b", "7a9b1c3d5e7f9a2b4c6d8e0f1a3b5c7d"):
        sandbox.delete_run(run)
    return api


NAMES = {TASK: "accounts", CALL: "call", APPROVAL: "approval", BADGE: "badge", NOBODYS: "nobody's"}
EVERY = list(NAMES.values())
PROCESS = EVERY[:3]


def found(api: Api, query: str, path: str = "/tasks") -> list[str]:
    answer = api.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["pagination"]["total"] == len(answer.json()["data"])
    return [NAMES[row["id"]] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", EVERY),
        ("q=CALL", ["call"]),
        ("owners=12345", ["accounts", "approval"]),
        ("owners=12345,1003", ["accounts", "approval", "badge"]),
        ("owners=nobody", []),
        ("guests=Partner%40example.org", ["badge"]),
        ("guests=4523", ["badge"]),
        (f"guests={CODE}", ["badge"]),
        ("guests=nora%40example.net", []),
        (f"groups={ENGINEERING}", ["call"]),
        ("groups=1", []),
        ("roles=1", []),
        ("unassigned=true", ["nobody's"]),
        ("unassigned=false", EVERY),
        ("is_oneoff=true", ["badge", "nobody's"]),
        ("is_oneoff=false", PROCESS),
        (f"tag={ONBOARDING_TAG}", PROCESS),
        (f"tag={URGENT_TAG},x", ["badge"]),
        (f"folder={FOLDER}", PROCESS),
        ("folder=x", []),
        ("created=2026-02-21", ["nobody's"]),
        ("created=2026-02-20T11:00:00Z", PROCESS),
        ("deadline_on=2026-03-01", ["accounts", "approval"]),
        ("deadline_on=2026-03-02", ["call"]),
        ("deadline_before=2026-03-02", ["accounts", "approval"]),
        ("deadline_before=2026-03-01%2017:00:00", []),
        ("deadline_after=2026-03-01", ["call", "badge"]),
        ("deadline_after=2026-03-02T09:00:00Z", ["badge"]),
        ("deadline_start_range=2026-03-01&deadline_end_range=2026-03-02", PROCESS),
        ("deadline_start_range=2026-03-02&deadline_end_range=2026-03-02", ["call"]),
        ("custom_field_key=site&custom_field_value=7", PROCESS),
        ("custom_field_key=site", PROCESS),
        ("custom_field_key=site&custom_field_value=8", []),
        ("status=completed&owners=12345&deadline_on=2026-03-01", ["accounts", "approval"]),
        ("status=active&owners=12345", []),
        ("status=hasproblem", ["call"]),
        ("archived=only", []),
        ("archived=true", EVERY),
        ("sort=deadline", ["nobody's", "accounts", "approval", "call", "badge"]),
        ("sort=newest&is_oneoff=false", ["approval", "call", "accounts"]),
        ("sort=problems", ["call", "accounts", "approval", "badge", "nobody's"]),
        ("sort_by=completed_newest&owners=12345", ["approval", "accounts"]),
    ],
)  # fmt: skip
def test_filter(query: str, expected: list[str], tasks: Api) -> None:
    tasks.sandbox.patch_run(RUN, custom_fields=[{"key": "site", "value": 7}])
    assert found(tasks, query) == expected


def test_roles_are_those_of_the_step(tasks: Api) -> None:
    steps = tasks.sandbox.template("New hire onboarding")["steps"]
    tasks.sandbox.patch_template(HIRE_ID, steps=[{**steps[0], "roles": [5]}, *steps[1:]])
    assert found(tasks, "roles=4,5") == ["accounts"]


def test_archived_tasks(tasks: Api) -> None:
    assert tasks.delete(f"/tasks/{BADGE}").status_code == 204
    assert found(tasks, "") == [*PROCESS, "nobody's"]
    assert found(tasks, "archived=only") == ["badge"]
    assert found(tasks, "archived=true") == EVERY
    tasks.delete(f"/runs/{RUN}")
    assert found(tasks, "archived=true") == ["badge", "nobody's"], "those of an archived process are deleted with it"


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (f"/runs/{RUN}/tasks", "status=complete&sort=-position", ["approval", "accounts"]),
        (f"/runs/{RUN}/tasks", "unassigned=true", []),
        (f"/runs/{RUN}/tasks", f"groups={ENGINEERING}&deadline_on=2026-03-02", ["call"]),
        (f"/runs/{RUN}/tasks", "guests=partner%40example.org", []),
        ("/users/12345/tasks", "", []),
        ("/users/12345/tasks", "status=all&q=approval", ["approval"]),
        ("/users/1003/tasks", "is_oneoff=true", ["badge"]),
        (f"/guests/{CODE}/tasks", "", ["badge"]),
        (f"/guests/{CODE}/tasks", "deadline_before=2027-01-01", []),
    ],
)
def test_every_list_filters(path: str, query: str, expected: list[str], tasks: Api) -> None:
    assert found(tasks, query, path) == expected


def test_my_tasks_filter(alice: Api) -> None:
    alice.sandbox.patch_task(CALL, owners={"users": [1001], "guests": [], "groups": []})
    assert found(alice, "q=welcome", "/me/tasks") == ["call"]
    assert found(alice, "deadline_after=2026-03-01", "/me/tasks") == []


@pytest.mark.parametrize("name", ["created", "deadline_on", "deadline_before", "deadline_end_range"])
def test_a_time_that_is_none_is_refused(name: str, api: Api) -> None:
    answer = api.get(f"/tasks?{name}=tomorrow")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])


def test_without_pagination_filters_too(tasks: Api) -> None:
    answer = tasks.get("/tasks?without_pagination=true&owners=12345").json()
    assert ([NAMES[row["id"]] for row in answer["data"]], "meta" in answer) == (["accounts", "approval"], False)


def test_form_fields_with_their_values(api: Api) -> None:
    api.put(f"/runs/{RUN}/tasks/{TASK}", {"taskdata": {SERIAL: "SN-1"}})
    for shown in (
        api.get(f"/tasks/{TASK}?with=form_fields").json()["data"],
        api.get(f"/runs/{RUN}/tasks/{TASK}?with=form_fields").json()["data"],
        api.get(f"/runs/{RUN}/tasks?with=form_fields").json()["data"][0],
        api.get("/users/12345/tasks?with=form_fields").json()["data"][0],
    ):
        serial, suite = shown["form_fields"]["data"]
        assert (serial["id"], serial["label"], serial["field_type"], serial["required"]) == (
            SERIAL, "Laptop serial", "text", True,
        )  # fmt: skip
        assert (serial["value"], suite["value"], serial["columns"]) == ("SN-1", None, [])
        assert [one["text"] for one in suite["options"]] == ["Google Workspace", "Office 365"]
        assert serial["alias"].startswith("laptop-serial-")
    assert "form_fields" not in api.get(f"/tasks/{TASK}").json()["data"]
    api.sandbox.switch(bare_includes=True)
    assert len(api.get(f"/tasks/{TASK}?with=form_fields").json()["data"]["form_fields"]) == 2


def test_includes(tasks: Api) -> None:
    desired = "run,run.checklist,step,threads,threads_count,assets,tags,summary,nonsense"
    [shown] = tasks.get(f"/tasks?q=welcome&with={desired}").json()["data"]
    assert shown["run"]["data"]["name"] == "Onboarding: Jordan Rivera (HR-10293)"
    assert shown["run"]["data"]["checklist"]["data"]["id"] == HIRE_ID
    assert shown["step"]["data"]["title"] == "Welcome call"
    assert (shown["threads"], shown["threads_count"], shown["assets"]) == ({"data": []}, 0, {"data": []})
    assert (shown["summary"], "nonsense" in shown) == (None, False)
    [shown] = tasks.get(f"/tasks?tag={URGENT_TAG}&with={desired}").json()["data"]
    assert [tie["tag_id"] for tie in shown["tags"]["data"]] == [URGENT_TAG]
    assert not {"run", "step"} & set(shown), "it has none"
    assert "summary" not in tasks.get("/tasks?q=welcome").json()["data"][0]


def test_a_page_of_a_long_list(api: Api) -> None:
    """Open tasks of one kind are found among thousands, and only a page of them is sent."""
    api.sandbox.insert_runs(*({"name": f"Run {number}", "checklist_id": HIRE_ID} for number in range(3000)))
    first = api.get("/tasks?per_page=100&status=active&q=welcome&with=run,form_fields").json()
    assert (first["meta"]["pagination"]["total"], len(first["data"])) == (3001, 100)
