# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""One-off tasks: made for one or for each assignee, alone or within a process, copied, archived and deleted."""

from __future__ import annotations

from typing import Any

from .calls import Call, Route, certain
from .envelopes import Reply, item, resource_not_found
from .field_definitions import checked_definitions
from .launching import new_task_record, settle
from .notifications import notify_assignment
from .records import Run, Task
from .task_includes import shown_with_includes
from .task_records import fields_of, find_task
from .tasks import task_changes
from .template_records import FIELD_ATTRIBUTES, new_field
from .validation import Checker, known_ids

TASK_TYPES = ("task", "approval", "expiring", "email", "expiring_email")
_FLAGS = ("everyone_must_complete", "can_complete_only_assignees", "top_secret", "is_soft_start_date")


def create_task(call: Call) -> Reply:
    """Make a task, or one for each assignee; the answer shows the first."""
    organization = call.organization
    checker = Checker(call)
    kind = checker.one_of("task_type", TASK_TYPES, required=True)
    changes = task_changes(call, checker, needed=True)
    if call.body.get("description") is not None and not changes.get("summary"):
        changes["summary"] = checker.text("description")
    tags = known_ids(checker, "tags", organization.tags) if call.body.get("tags") is not None else []
    changes |= {name: bool(checker.boolean(name)) for name in _FLAGS if name in call.body}
    is_for_each = checker.boolean("separate_task_for_each_assignee")
    fields = checked_definitions(checker, "form_fields", call.body.get("form_fields"))
    run = _joined(call, checker)
    checker.raise_if_any()
    owners = changes.pop("owners")
    made = [
        _add(call, run, certain(kind), changes | {"owners": one}, fields, tags or [])
        for one in (_for_each(owners) if is_for_each else [owners])
    ]
    if run is not None:
        settle(run, call.world.timestamp())
    for task in made:
        notify_assignment(call, task, {})
    return item(shown_with_includes(call, made[0], summary=True), 201)


def clone_task(call: Call) -> Reply:
    """Copy a task with its form and its assignees, not with what was done: an open one-off task of the same process."""
    original = find_task(call, call.params[1])
    record = original.record
    kept = ("title", "summary", "deadline", "webhook", "prevent_guest_comment", "max_assignable", *_FLAGS)
    owners = {bucket: list(ids) for bucket, ids in record["owners"].items()}
    changes = {name: record[name] for name in kept} | {"owners": owners}
    task = _add(call, original.run, record["task_type"], changes, fields_of(original), list(original.tags.values()))
    if task.run is not None:
        settle(task.run, call.world.timestamp())
    notify_assignment(call, task, {})
    return item(shown_with_includes(call, task, summary=True), 201)


def archive_task(call: Call) -> Reply:
    task = _find(call)
    task.record["archived_at"] = now = call.world.timestamp()
    if task.run is not None:
        task.run.tasks.remove(task)
        settle(task.run, now)
    return Reply(204)


def restore_task(call: Call) -> Reply:
    task = _find(call, archived=True)
    if task.run is not None and task not in task.run.tasks:
        task.run.tasks.append(task)
    task.record["archived_at"] = None
    if task.run is not None:
        settle(task.run, call.world.timestamp())
    return item(shown_with_includes(call, task, summary=True))


def delete_task(call: Call) -> Reply:
    task = _find(call, archived=True)
    del call.organization.tasks[task.id]
    if task.run is not None and task in task.run.tasks:
        task.run.tasks.remove(task)
        settle(task.run, call.world.timestamp())
    return Reply(204)


def _add(
    call: Call,
    run: Run | None,
    kind: str,
    changes: dict[str, Any],
    fields: list[dict[str, Any]],
    tags: list[str],
) -> Task:
    world = call.world
    record = new_task_record(
        world,
        title=changes["title"],
        task_type=kind,
        position=1 if run is None else len(run.tasks) + 1,
        owners=changes["owners"],
        deadline=changes["deadline"],
        starter_id=call.acting_id,
        now=world.timestamp(),
    )
    task = Task(record | changes, run, tags={world.new_id(): tag_id for tag_id in tags})
    if run is not None:
        task.record |= {"run_id": run.id, "checklist_id": run.template.id}
        run.tasks.append(task)
    task.fields = [
        new_field(world, None, number, {name: one[name] for name in FIELD_ATTRIBUTES if name in one})
        for number, one in enumerate(fields, 1)
    ]
    call.organization.tasks[task.id] = task
    return task


def _for_each(owners: dict[str, list[Any]]) -> list[dict[str, list[Any]]]:
    """Part assignees: each member, guest and group alone, or nobody at all."""
    nobody: dict[str, list[Any]] = {"users": [], "guests": [], "groups": []}
    return [nobody | {bucket: [one]} for bucket, ids in owners.items() for one in ids] or [owners]


def _joined(call: Call, checker: Checker) -> Run | None:
    """Return the process a task is to join: a running one whose template lets it."""
    requested = checker.text("run_id")
    if requested is None:
        return None
    run = call.organization.runs.get(requested)
    if run is None or run.record["archived_at"] is not None:
        checker.complain("run_id", "The selected run id is invalid.")
    elif not run.template.record["can_add_oot"]:
        checker.complain("run_id", "One-off tasks cannot be added to this process.")
    return run


def _find(call: Call, *, archived: bool = False) -> Task:
    task = find_task(call, call.params[1], archived=archived)
    if not task.is_one_off:
        raise resource_not_found()
    return task


_TASKS = "/organizations/{org}/tasks"

ROUTES = (
    Route("tasks.create_one_off", "POST", _TASKS, create_task),
    Route("tasks.clone", "POST", f"{_TASKS}/{{id}}/clone", clone_task),
    Route("tasks.archive_one_off", "DELETE", f"{_TASKS}/{{id}}", archive_task),
    Route("tasks.restore_one_off", "PUT", f"{_TASKS}/{{id}}/restore", restore_task),
    Route("tasks.delete_one_off", "DELETE", f"{_TASKS}/{{id}}/delete", delete_task),
)
