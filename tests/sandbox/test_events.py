# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The record of webhooks and mails: what happened, whom it was told, and that it is told once more when repeated."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, ENGINEERING, ERIN, JOHN, PARTNER, TOUR_ID
from tests.sandbox.caller import RUN, TASK, TOUR_LAUNCH, Api
from tests.sandbox.test_tasks import ONE_OFF

TEMPLATE_HOOK, STEP_HOOK = "https://hooks.example.com/template", "https://hooks.example.com/step"
CALL = "a5f0ee0a4550350114ce5c241c5577ab"


def reported(api: Api, **filters: Any) -> list[tuple[str, list[str], list[str]]]:
    return [(one["event"], one["webhooks"], one["mails"]) for one in api.sandbox.events(**filters)]


def test_a_process_from_launch_to_end(alice: Api) -> None:
    sandbox = alice.sandbox
    steps = sandbox.template("Welcome tour")["steps"]
    sandbox.patch_template(TOUR_ID, webhook=TEMPLATE_HOOK, steps=[{**steps[0], "webhook": STEP_HOOK}, *steps[1:]])
    run = alice.post("/runs", {**TOUR_LAUNCH, "owner_id": 1003}).json()["data"]["id"]
    assert reported(alice) == [
        ("process.launched", [TEMPLATE_HOOK], []),
        ("task.assigned", [], [ERIN]),
        ("task.assigned", [], []),
        ("task.assigned", [], [ERIN]),
    ]
    sandbox.clear_events()
    erin = Api(sandbox, sandbox.issue_token(ERIN))
    first, second, approval = (task["id"] for task in erin.get(f"/runs/{run}/tasks").json()["data"])
    for task, body in ((first, {}), (second, {}), (approval, {"is_approved": True})):
        assert erin.post(f"/runs/{run}/completed-tasks", {"task_id": task, **body}).status_code == 200
    assert reported(alice) == [
        ("task.completed", [STEP_HOOK], [ALICE]),
        ("task.completed", [TEMPLATE_HOOK], [ALICE]),
        ("task.completed", [TEMPLATE_HOOK], [ALICE]),
        ("process.completed", [TEMPLATE_HOOK], []),
    ]
    [entry] = sandbox.events(task=second)
    assert (entry["run_id"], entry["acting"], entry["organization"]) == (run, ERIN, alice.organization)


def test_a_repeated_completion_is_reported_once_more(alice: Api) -> None:
    path, body = f"/runs/{RUN}/completed-tasks", {"task_id": CALL}
    before = alice.post(path, body).json()["data"]
    alice.sandbox.advance(60)
    again = alice.post(path, body)
    assert (again.status_code, again.json()["data"]["completed_at"] > before["completed_at"]) == (200, True)
    assert len(alice.sandbox.events(event="task.completed", task=CALL)) == 2
    alice.sandbox.switch(complete_is_lenient=False)
    assert alice.post(path, body).status_code == 422
    assert len(alice.sandbox.events(event="task.completed", run=RUN)) == 2
    last = alice.sandbox.events()[-1]["n"]
    assert alice.sandbox.events(since=last) == []


def test_one_off_tasks_have_a_webhook_of_their_own(alice: Api) -> None:
    hook = "https://hooks.example.com/one-off"
    owners = {"users": [1001], "guests": [PARTNER], "groups": [ENGINEERING]}
    task = alice.post("/tasks", {**ONE_OFF, "owners": owners, "webhook": hook}).json()["data"]["id"]
    alice.put(f"/tasks/{task}", {**ONE_OFF, "owners": {**owners, "users": [1001, 1002]}})
    alice.post("/completed-tasks", {"task_id": task})
    assert reported(alice) == [
        ("task.assigned", [], [JOHN, PARTNER]),
        ("task.assigned", [], [BOB]),
        ("task.completed", [hook], []),
    ]


def test_comments_and_issues(alice: Api) -> None:
    alice.post(f"/tasks/{TASK}/comment", {"content": "Look @[12345], not @[1007] who left, nor @[1001]"})
    bob = Api(alice.sandbox, alice.sandbox.issue_token(BOB))
    issue = bob.post(f"/tasks/{TASK}/problem", {"content": "Broken"}).json()["data"]["id"]
    bob.post(f"/tasks/{TASK}/resolved-threads", {"thread_id": issue, "content": "Mended"})
    bob.post(f"/runs/{RUN}/problem", {"content": "Ask @[1003]"})
    assert reported(alice) == [
        ("task.comment_added", [], [JOHN]),
        ("task.issue_raised", [], [ALICE]),
        ("task.issue_resolved", [], [ALICE]),
        ("task.issue_raised", [], [ERIN, ALICE]),
    ]


def test_what_is_refused_or_set_by_hand_is_not_reported(alice: Api) -> None:
    alice.post(f"/runs/{RUN}/completed-tasks", {"task_id": TASK})
    alice.put(f"/runs/{RUN}/tasks/{TASK}", {"summary": "The same people"})
    alice.sandbox.insert_runs(TOUR_LAUNCH)
    alice.sandbox.patch_task(CALL, status="completed")
    assert alice.sandbox.events() == []
    alice.post(f"/tasks/{TASK}/comment", {"content": "Hello"})
    alice.sandbox.reset()
    assert alice.sandbox.events() == []
