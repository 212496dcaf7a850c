# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Comments on tasks and processes, and the issues among them."""

from __future__ import annotations

from typing import Any

from .calls import Call, Route, certain
from .envelopes import Reply, forbidden, json_reply, rate_limited, refuse, resource_not_found
from .launching import has_open_issue, settle
from .notifications import notify_comment
from .permissions import acting_role
from .records import Run, Task
from .task_records import find_task
from .validation import Checker

STATES = ("open", "hide-for-guests", "collapsed")
LABELS = ("comment", "problem", "resolve", "improvement", "advice")
BOT_ID = 2
HOUR_SECONDS = 3600.0

Thread = dict[str, Any]


def add_comment(call: Call) -> Reply:
    return _add(call, None)


def add_bot_comment(call: Call) -> Reply:
    return _add(call, None, author_id=BOT_ID)


def report_issue(call: Call) -> Reply:
    return _add(call, "problem")


def resolve_issue(call: Call) -> Reply:
    """Close the issue that ``thread_id`` names, with a comment that says so."""
    threads = _threads(call)
    checker = Checker(call)
    requested = checker.text("thread_id", required=True)
    issue = next((one for one in threads if one["id"] == requested and has_open_issue([one])), None)
    if requested is not None and issue is None:
        checker.complain("thread_id", "The selected thread id is invalid.")
    checker.raise_if_any()
    call.body.setdefault("content", "Resolved")
    return _add(call, "resolve", resolves=issue)


def update_comment(call: Call) -> Reply:
    comment = _own_comment(call)
    checker = Checker(call)
    content = checker.text("content", required=True)
    state, label = checker.one_of("state", STATES), checker.one_of("label", LABELS)
    checker.raise_if_any()
    is_about_issues = "problem" in (comment["label"], label)
    comment |= {"content": content, "state": state or comment["state"], "label": label or comment["label"]}
    comment["updated_at"] = call.world.timestamp()
    if is_about_issues:
        _settle(call)
    return json_reply({"data": comment})


def delete_comment(call: Call) -> Reply:
    comment = _own_comment(call)
    comment["archived_at"] = call.world.timestamp()
    if comment["label"] == "problem":
        _settle(call)
    return Reply(204)


def _add(call: Call, label: str | None, *, author_id: int | None = None, resolves: Thread | None = None) -> Reply:
    task, run = _subject(call)
    checker = Checker(call)
    content = checker.text("content", required=True)
    state = checker.one_of("state", STATES) or "open"
    label = label or checker.one_of("label", LABELS) or "comment"
    checker.raise_if_any()
    _count_comment(call)
    now = call.world.timestamp()
    comment: Thread = {
        "id": call.world.new_hex("thread"),
        "task_id": None if task is None else task.id,
        "content": content,
        "state": state,
        "label": label,
        "author_id": author_id or call.acting_id,
        "author_type": "user",
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
        "resolve_id": None,
        "sent_to": [],
    }
    _threads(call).append(comment)
    if resolves is not None:
        resolves["resolve_id"] = comment["id"]
    if label in ("problem", "resolve"):
        _settle(call)
    event = {"problem": "task.issue_raised", "resolve": "task.issue_resolved"}.get(label, "task.comment_added")
    notify_comment(call, event, run, task, certain(content))
    return json_reply({"data": comment}, 201)


def _subject(call: Call) -> tuple[Task | None, Run | None]:
    """Return the task of the path and the process it belongs to, or the process of the path."""
    if call.path.split("/")[3] == "tasks":
        task = find_task(call, call.params[1])
        return task, task.run
    run = call.organization.runs.get(call.params[1])
    if run is None:
        raise resource_not_found()
    if run.record["archived_at"] is not None:
        raise refuse(403, "Cannot update archived processes.")
    return None, run


def _threads(call: Call) -> list[Thread]:
    task, run = _subject(call)
    return certain(run).threads if task is None else task.threads


def _settle(call: Call) -> None:
    """Let the task and its process show whether there are issues."""
    task, run = _subject(call)
    now = call.world.timestamp()
    if task is not None:
        task.record |= {"problem": has_open_issue(task.threads), "last_updated": now}
    if run is not None:
        settle(run, now)


def _own_comment(call: Call) -> Thread:
    """Return the comment of the path; it is for its author, and for administrators, to change."""
    for comment in _threads(call):
        if comment["id"] == call.params[2] and comment["archived_at"] is None:
            if acting_role(call) != "admin" and comment["author_id"] != call.acting_id:
                raise forbidden()
            return comment
    raise resource_not_found()


def _count_comment(call: Call) -> None:
    """Keep the hourly limit of comments, counted for the organization."""
    limit, made, now = call.world.switches.comments_per_hour, call.organization.comments_made, call.world.now()
    if limit is None:
        return
    while made and made[0] <= now - HOUR_SECONDS:
        made.popleft()
    if len(made) >= limit:
        wait = (made[0] if made else now) + HOUR_SECONDS - now
        raise rate_limited("You've reached the limit for Comment. Please try again later.", wait, limit=limit)
    made.append(now)


_TASK = "/organizations/{org}/tasks/{id}"
_RUN = "/organizations/{org}/runs/{id}"

ROUTES = (
    Route("comments.add", "POST", f"{_TASK}/comment", add_comment),
    Route("comments.update", "PUT", f"{_TASK}/comment/{{comment}}", update_comment),
    Route("comments.delete", "DELETE", f"{_TASK}/comment/{{comment}}", delete_comment),
    Route("comments.add_as_bot", "POST", f"{_TASK}/bot-comment", add_bot_comment),
    Route("comments.report_issue", "POST", f"{_TASK}/problem", report_issue),
    Route("comments.resolve_issue", "POST", f"{_TASK}/resolved-threads", resolve_issue),
    Route("comments.add_to_process", "POST", f"{_RUN}/comment", add_comment),
    Route("comments.report_issue_of_process", "POST", f"{_RUN}/problem", report_issue),
    Route("comments.resolve_issue_of_process", "POST", f"{_RUN}/resolved-threads", resolve_issue),
)
