# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Comments on tasks and processes, and issues: what they say, and what they stop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.caller import ARCHIVED_RUN, RUN, TASK, Api, sample
from tests.sandbox.test_contract import same_shape

CALL = "a5f0ee0a4550350114ce5c241c5577ab"
COMPLETED = f"/runs/{RUN}/completed-tasks"


def threads(api: Api, task: str = TASK) -> list[dict[str, Any]]:
    return list(api.get(f"/tasks/{task}?with=threads").json()["data"]["threads"]["data"])


def status(api: Api) -> tuple[str, bool]:
    run = api.get(f"/runs/{RUN}").json()["data"]
    return run["status"], run["has_open_issue"]


def test_a_comment_as_documented(alice: Api) -> None:
    answer = alice.post(f"/tasks/{TASK}/comment", {**sample("comment-request"), "sent_to": [1003], "resolve_id": "x"})
    assert answer.status_code == 201
    same_shape(answer.json(), sample("comment"))
    comment = answer.json()["data"]
    for key in ("content", "state", "label", "task_id", "author_id", "sent_to", "resolve_id"):
        assert comment[key] == sample("comment")["data"][key], key
    assert threads(alice) == [comment]
    assert alice.get(f"/runs/{RUN}/tasks/{TASK}?with=threads").json()["data"]["threads"]["data"] == [comment]


def test_comments_are_changed_and_deleted_by_their_author(alice: Api, frank: Api) -> None:
    path = f"/tasks/{TASK}/comment"
    own = frank.post(path, {"content": "Mine", "state": "hide-for-guests", "label": "advice"}).json()["data"]
    other = alice.post(path, {"content": "Hers"}).json()["data"]
    changed = frank.put(f"{path}/{own['id']}", {"content": "Still mine"}).json()["data"]
    assert (changed["content"], changed["state"], changed["label"]) == ("Still mine", "hide-for-guests", "advice")
    for call in (frank.put(f"{path}/{other['id']}", {"content": "x"}), frank.delete(f"{path}/{other['id']}")):
        assert call.status_code == 403
    assert alice.delete(f"{path}/{own['id']}").status_code == 204, "an administrator may"
    assert [one["content"] for one in threads(alice)] == ["Hers"]
    assert alice.delete(f"{path}/{own['id']}").status_code == 404
    assert alice.put(f"/tasks/{CALL}/comment/{other['id']}", {"content": "x"}).status_code == 404, "of another task"
    bot = frank.post(f"/tasks/{TASK}/bot-comment", {"content": "Beep"}).json()["data"]
    assert bot["author_id"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "content"), ({"content": "x", "state": "secret"}, "state"), ({"content": "x", "label": "joke"}, "label")],
)
@pytest.mark.parametrize("path", [f"/tasks/{TASK}/comment", f"/runs/{RUN}/comment"])
def test_refused_comments(path: str, body: dict[str, Any], field: str, api: Api) -> None:
    answer = api.post(path, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_an_issue_stops_its_task(api: Api) -> None:
    issue = api.post(f"/tasks/{CALL}/problem", {"content": "No room is free"}).json()["data"]
    assert (issue["label"], issue["resolve_id"]) == ("problem", None)
    assert api.get(f"/tasks/{CALL}").json()["data"]["problem"] is True
    assert status(api) == ("problem", True)
    assert [row["id"] for row in api.get("/runs?status=problem").json()["data"]] == [RUN]
    assert api.post(COMPLETED, {"task_id": CALL}).json()["errors"] == {"task_id": ["The task has an open issue."]}
    assert api.put(f"/runs/{RUN}/tasks/{CALL}", {"summary": "Ask again"}).status_code == 200
    api.post(f"/tasks/{CALL}/comment", {"content": "I ask"})
    assert status(api) == ("problem", True), "a comment alone solves nothing"
    resolved = api.post(f"/tasks/{CALL}/resolved-threads", {"thread_id": issue["id"], "content": "Room 7"})
    assert (resolved.status_code, resolved.json()["data"]["label"]) == (201, "resolve")
    assert threads(api, CALL)[0]["resolve_id"] == resolved.json()["data"]["id"]
    assert (status(api), api.get(f"/tasks/{CALL}").json()["data"]["problem"]) == (("active", False), False)
    assert api.post(COMPLETED, {"task_id": CALL}).status_code == 200
    for thread in (issue["id"], "0" * 32, None):
        answer = api.post(f"/tasks/{CALL}/resolved-threads", {"thread_id": thread})
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["thread_id"])


def test_an_issue_that_is_deleted_is_none(api: Api) -> None:
    issue = api.post(f"/tasks/{CALL}/problem", {"content": "No room is free"}).json()["data"]
    assert api.delete(f"/tasks/{CALL}/comment/{issue['id']}").status_code == 204
    assert status(api) == ("active", False)


def test_an_issue_of_the_process_freezes_its_tasks(api: Api) -> None:
    api.post(COMPLETED, {"task_id": CALL})
    issue = api.post(f"/runs/{RUN}/problem", {"content": "Who is this for?"}).json()["data"]
    assert (issue["task_id"], status(api)) == (None, ("issue", True))
    for frozen in (
        api.post(COMPLETED, {"task_id": TASK}),
        api.delete(f"{COMPLETED}/{CALL}"),
        api.put(f"/runs/{RUN}/tasks/{TASK}", {"title": "x"}),
    ):
        assert frozen.status_code == 422
        assert frozen.json()["errors"] == {"task_id": ["The process has an open issue."]}
    assert [row["id"] for row in api.get("/runs?status=issue").json()["data"]] == [RUN]
    assert api.post(f"/runs/{RUN}/comment", {"content": "For Jordan"}).status_code == 201
    assert api.post(f"/runs/{RUN}/resolved-threads", {"thread_id": issue["id"]}).status_code == 201
    assert status(api) == ("active", False)
    assert api.put(f"/runs/{RUN}/tasks/{TASK}", {"title": "x"}).status_code == 200


def test_issues_of_what_is_not_there(api: Api) -> None:
    assert api.post(f"/runs/{ARCHIVED_RUN}/problem", {"content": "x"}).status_code == 403
    for path in (f"/runs/{'0' * 32}/comment", f"/tasks/{'0' * 32}/problem"):
        assert api.post(path, {"content": "x"}).status_code == 404
    assert api.put(f"/runs/{RUN}/comment/{'0' * 32}", {"content": "x"}).json()["code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize("former", ["complete", "problem", "issue", "active"])
def test_a_process_comes_back_as_it_was(former: str, api: Api) -> None:
    api.sandbox.patch_run(RUN, status=former)
    assert api.delete(f"/runs/{RUN}").json()["data"]["status"] == "archived"
    assert api.put(f"/runs/{RUN}/activate").json()["data"]["status"] == former
