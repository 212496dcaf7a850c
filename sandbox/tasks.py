# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tasks of processes and one-off tasks: listing, assigning, completing, and who is left with open work."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, forbidden, item, resource_not_found
from .field_values import ValueRefusedError, checked_owners, checked_values
from .launching import new_task_record, touch
from .permissions import acting_role
from .records import Run, Task
from .task_records import checked_moment, is_there, shown_task
from .validation import Checker, as_id, known_ids, user_id

TITLE_MAXIMUM = 600
TASK_TYPES = ("task", "approval", "expiring", "email", "expiring_email")


def get_task(call: Call) -> Reply:
    return _answer(call, _find(call))


def complete_task(call: Call) -> Reply:
    checker = Checker(call)
    wanted = checker.text("task_id", required=True)
    checker.raise_if_any()
    task = _task(call, wanted, one_off=len(call.params) == 1)
    record = task.record
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
        for capture in _captures(task)
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
    run = task.run
    if run is not None and not any(one.is_open for one in run.tasks):
        run.record |= {"status": "complete", "completed_at": now}
        touch(run, now)
    extra: dict[str, Any] = {} if run is None else {"tasks_changed_by_rules": {}}
    return item(orjson.dumps(shown_task(call.world, task) | extra))


def reopen_task(call: Call) -> Reply:
    task = _find(call)
    record = task.record
    if record["status"] != "completed":
        raise call.invalid({"task_id": ["The task is not completed."]})
    record |= {"status": "in-progress", "completed_at": None, "completer_id": None, "is_approved": None}
    _touch(call, task)
    if task.run is not None:
        task.run.record |= {"status": "active", "completed_at": None}
    return item(orjson.dumps(shown_task(call.world, task) | {"completer_guest_id": None}))


def update_task(call: Call) -> Reply:
    """Store what the body names; a one-off task needs title, deadline and owners each time."""
    task = _find(call)
    record = task.record
    if record["status"] == "completed":
        raise call.invalid({"task": ["Completed tasks cannot be updated."]})
    checker = Checker(call)
    needed = task.run is None
    changes = _changes(call, checker, needed=needed)
    stored, complaints = checked_values(call, _captures(task), call.body.get("taskdata"), require=False)
    if complaints:
        checker.errors["taskdata"] = complaints
    checker.raise_if_any()
    record |= changes
    record["taskdata"] = {**record["taskdata"], **stored}
    _touch(call, task)
    return _answer(call, task)


def create_task(call: Call) -> Reply:
    world = call.world
    checker = Checker(call)
    kind = checker.one_of("task_type", TASK_TYPES, required=True)
    changes = _changes(call, checker, needed=True)
    if call.body.get("description") is not None and not changes.get("summary"):
        changes["summary"] = checker.text("description")
    tags = known_ids(checker, "tags", call.organization.tags) if call.body.get("tags") is not None else None
    for name in ("everyone_must_complete", "top_secret"):
        if name in call.body:
            changes[name] = bool(checker.boolean(name))
    checker.raise_if_any()
    record = new_task_record(
        world,
        title=changes["title"],
        task_type=certain(kind),
        position=1,
        owners=changes["owners"],
        deadline=changes["deadline"],
        starter_id=call.acting_id,
        now=world.timestamp(),
    )
    task = Task(record | changes, tags={world.new_id(): tag_id for tag_id in tags or []})
    call.organization.tasks[task.id] = task
    return _answer(call, task, 201)


def archive_task(call: Call) -> Reply:
    task = _find(call)
    task.record["archived_at"] = call.world.timestamp()
    return Reply(204)


def restore_task(call: Call) -> Reply:
    task = _find(call, archived=True)
    task.record["archived_at"] = None
    return _answer(call, task)


def delete_task(call: Call) -> Reply:
    task = _find(call, archived=True)
    del call.organization.tasks[task.id]
    return Reply(200)


def _answer(call: Call, task: Task, status: int = 200) -> Reply:
    record = shown_task(call.world, task) | {"summary": task.record["summary"]}
    for name in call.includes():
        if name in ("threads", "assets", "form_fields", "summary"):
            record[name] = call.wrapped([])
        elif name == "step" and task.run is not None:
            record[name] = call.wrapped(_step(task))
        elif name == "run" and task.run is not None:
            record[name] = call.wrapped({"id": task.run.id, "name": task.run.record["name"]})
    return item(orjson.dumps(record), status)


def _find(call: Call, *, archived: bool = False) -> Task:
    """Return the task of the path; ``/runs/{run}/...`` names a task of that process."""
    one_off = "/runs/" not in call.path and call.method != "GET"
    return _task(call, call.params[-1], one_off=one_off, archived=archived)


def _task(call: Call, task_id: str | None, *, one_off: bool, archived: bool = False) -> Task:
    task = call.organization.tasks.get(task_id or "")
    if task is None or not (archived or is_there(task)):
        raise resource_not_found()
    if one_off and task.run is not None:
        raise resource_not_found()
    if "/runs/" in call.path and (task.run is None or task.run.id != call.params[1]):
        raise resource_not_found()
    return task


def _is_assigned(call: Call, task: Task) -> bool:
    if acting_role(call) == "admin":
        return True
    owners = task.record["owners"]
    if call.acting_id in owners["users"]:
        return True
    groups = (call.organization.groups.get(group) for group in owners["groups"])
    return any(group is not None and call.acting_id in group.members for group in groups)


def _step(task: Task) -> dict[str, Any]:
    run: Run = certain(task.run)
    return next((step for step in run.template.steps if step["id"] == task.record["step_id"]), {})


def _captures(task: Task) -> list[dict[str, Any]]:
    return [] if task.run is None else list(_step(task).get("captures", ()))


def _changes(call: Call, checker: Checker, *, needed: bool) -> dict[str, Any]:
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
    if body.get("owners"):
        try:
            changes["owners"] = checked_owners(call, body["owners"])
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
    Route("tasks.create_one_off", "POST", _TASKS, create_task),
    Route("tasks.get", "GET", f"{_TASKS}/{{id}}", get_task),
    Route("tasks.update_one_off", "PUT", f"{_TASKS}/{{id}}", update_task),
    Route("tasks.archive_one_off", "DELETE", f"{_TASKS}/{{id}}", archive_task),
    Route("tasks.restore_one_off", "PUT", f"{_TASKS}/{{id}}/restore", restore_task),
    Route("tasks.delete_one_off", "DELETE", f"{_TASKS}/{{id}}/delete", delete_task),
    Route("tasks.complete_one_off", "POST", f"{_ORG}/completed-tasks", complete_task),
    Route("tasks.reopen_one_off", "DELETE", f"{_ORG}/completed-tasks/{{id}}", reopen_task),
)
