# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tasks of processes and one-off tasks: read, changed, completed and reopened."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route
from .envelopes import Reply, forbidden, item, resource_not_found
from .field_values import ValueRefusedError, checked_owners, checked_values
from .launching import settle, touch
from .notifications import notify_assignment, notify_completion, notify_end
from .permissions import acting_role
from .records import Task
from .task_includes import shown_with_includes
from .task_records import checked_moment, fields_of, find_task, shown_task
from .validation import Checker, as_id, user_id

TITLE_MAXIMUM = 600


def get_task(call: Call) -> Reply:
    return item(shown_with_includes(call, _find(call, call.params[-1]), summary=True))


def complete_task(call: Call) -> Reply:
    checker = Checker(call)
    requested = checker.text("task_id", required=True)
    checker.raise_if_any()
    task = _find(call, requested)
    record = task.record
    _refuse_frozen(call, task)
    if record["status"] == "completed" and not call.world.switches.complete_is_lenient:
        raise call.invalid({"task_id": ["The task is already completed."]})
    if record["can_complete_only_assignees"] and not _is_assigned(call, task):
        raise forbidden()
    approved = checker.boolean("is_approved")
    if record["task_type"] == "approval" and approved is None:
        checker.complain("is_approved", "The is approved field is required")
    completer = call.acting_id
    if call.body.get("override_user") is not None:
        completer = user_id(call, checker, "override_user")
    missing = [
        capture["label"]
        for capture in fields_of(task)
        if capture["required"] and not record["taskdata"].get(capture["id"])
    ]
    if missing:
        checker.errors["taskdata"] = [f"{label} is required" for label in missing]
    if record["problem"]:
        checker.complain("task_id", "The task has an open issue.")
    checker.raise_if_any()
    now = call.world.timestamp()
    record |= {"status": "completed", "completed_at": now, "completer_id": completer, "is_approved": approved}
    _touch(call, task)
    notify_completion(call, task)
    run = task.run
    if run is not None and settle(run, now):
        notify_end(call, run)
    extra: dict[str, Any] = {} if run is None else {"tasks_changed_by_rules": {}}
    return item(orjson.dumps(shown_task(call.world, task) | extra))


def reopen_task(call: Call) -> Reply:
    task = _find(call, call.params[-1])
    record = task.record
    _refuse_frozen(call, task)
    if record["status"] != "completed":
        raise call.invalid({"task_id": ["The task is not completed."]})
    record |= {"status": "in-progress", "completed_at": None, "completer_id": None, "is_approved": None}
    _touch(call, task)
    if task.run is not None:
        settle(task.run, call.world.timestamp())
    return item(orjson.dumps(shown_task(call.world, task) | {"completer_guest_id": None}))


def update_task(call: Call) -> Reply:
    """Store what the body names; at its own route, a one-off task needs title, deadline and owners each time."""
    task = _find(call, call.params[-1])
    record = task.record
    _refuse_frozen(call, task)
    if record["status"] == "completed":
        raise call.invalid({"task": ["Completed tasks cannot be updated."]})
    checker = Checker(call)
    changes = task_changes(call, checker, needed="/runs/" not in call.path)
    stored, complaints = checked_values(call, fields_of(task), call.body.get("taskdata"), require=False)
    if complaints:
        checker.errors["taskdata"] = complaints
    checker.raise_if_any()
    before = record["owners"]
    record |= changes
    record["taskdata"] = {**record["taskdata"], **stored}
    _touch(call, task)
    notify_assignment(call, task, before)
    return item(shown_with_includes(call, task, summary=True))


def _find(call: Call, task_id: str | None) -> Task:
    """Return a task of the process or, where the path names none, a one-off task; it may have joined a process."""
    task = find_task(call, task_id)
    if "/runs/" in call.path:
        if task.run is None or task.run.id != call.params[1]:
            raise resource_not_found()
    elif call.method != "GET" and not task.is_one_off:
        raise resource_not_found()
    return task


def _refuse_frozen(call: Call, task: Task) -> None:
    if task.is_frozen:
        raise call.invalid({"task_id": ["The process has an open issue."]})


def _is_assigned(call: Call, task: Task) -> bool:
    if acting_role(call) == "admin":
        return True
    owners = task.record["owners"]
    if call.acting_id in owners["users"]:
        return True
    groups = (call.organization.groups.get(group) for group in owners["groups"])
    return any(group is not None and call.acting_id in group.members for group in groups)


def task_changes(call: Call, checker: Checker, *, needed: bool) -> dict[str, Any]:
    """Return the attributes the body sets; with ``needed``, title, deadline and owners must be there."""
    body = call.body
    changes: dict[str, Any] = {}
    if needed:
        for name in ("deadline", "owners"):
            checker.required(name)
    if needed or "title" in body:
        changes["title"] = checker.text("title", required=True, maximum=TITLE_MAXIMUM)
    for name in ("summary", "webhook"):
        if name in body:
            changes[name] = checker.text(name)
    changes |= {name: value for name in ("deadline", "started_at") if (value := _date(checker, name, body.get(name)))}
    if body.get("owners") is not None:
        try:
            changes["owners"] = checked_owners(call, body["owners"] or {})
        except ValueRefusedError as refused:
            checker.complain("owners", str(refused))
    if "prevent_guest_comment" in body:
        changes["prevent_guest_comment"] = bool(checker.boolean("prevent_guest_comment"))
    changes |= {
        name: number
        for name in ("position", "max_assignable")
        if (number := _number(checker, name, body.get(name))) is not None
    }
    return changes


def _date(checker: Checker, name: str, value: Any) -> str | None:
    try:
        return None if value is None else checked_moment(value)
    except ValueRefusedError:
        checker.complain(name, f"The {name.replace('_', ' ')} is not a valid date.")
        return None


def _number(checker: Checker, name: str, value: Any) -> int | None:
    number = as_id(value)
    if number is None and value is not None:
        checker.complain(name, f"The {name.replace('_', ' ')} must be an integer.")
    return number


def _touch(call: Call, task: Task) -> None:
    now = call.world.timestamp()
    task.record["last_updated"] = now
    if task.run is not None:
        touch(task.run, now)


_ORG = "/organizations/{org}"
_OF_RUN = f"{_ORG}/runs/{{run}}"
_TASKS = f"{_ORG}/tasks"

ROUTES = (
    Route("tasks.get_of_process", "GET", f"{_OF_RUN}/tasks/{{id}}", get_task),
    Route("tasks.update", "PUT", f"{_OF_RUN}/tasks/{{id}}", update_task),
    Route("tasks.complete", "POST", f"{_OF_RUN}/completed-tasks", complete_task),
    Route("tasks.reopen", "DELETE", f"{_OF_RUN}/completed-tasks/{{id}}", reopen_task),
    Route("tasks.get", "GET", f"{_TASKS}/{{id}}", get_task),
    Route("tasks.update_one_off", "PUT", f"{_TASKS}/{{id}}", update_task),
    Route("tasks.complete_one_off", "POST", f"{_ORG}/completed-tasks", complete_task),
    Route("tasks.reopen_one_off", "DELETE", f"{_ORG}/completed-tasks/{{id}}", reopen_task),
)
