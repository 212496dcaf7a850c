# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Processes as the API shows them: their attributes, and what follows from their tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from .calls import Call
from .member_records import spelled
from .permissions import acting_role
from .records import Run
from .state import World
from .tags import included_tags
from .task_records import DUE_SOON_SECONDS, filled_fields, is_late, passed, shown_task
from .template_records import template_row


def shown_run(call: Call, run: Run, *, prerun: bool = True) -> bytes:
    includes = call.includes()
    if not includes and prerun:
        return run_row(call.world, run)
    record = run_record(call.world, run)
    if not prerun:
        del record["prerun"]
    for name in includes:
        if name in _INCLUDES:
            record[name] = call.wrapped(_INCLUDES[name](call, run))
    return orjson.dumps(record)


def run_row(world: World, run: Run) -> bytes:
    if run.row_generation != world.generation:
        run.row = orjson.dumps(run_record(world, run))
        run.row_generation = world.generation
    return run.row


def run_record(world: World, run: Run) -> dict[str, Any]:
    """Return a process as the API shows it: its attributes and what follows from its tasks."""
    record = run.record
    shown: dict[str, Any] = {}
    for name, value in record.items():
        shown[name] = value
        if name == "status":
            shown["progress"] = shown["whole_progress"] = _progress(world, run)
        elif name == "completed_at":
            shown |= _dues(world, run)
    if record["archived_at"] is not None:
        shown["status"] = "archived"
    return _spelled(world, shown)


def _progress(world: World, run: Run) -> Any:
    total = len(run.tasks)
    complete = sum(1 for task in run.tasks if task.record["status"] == "completed")
    percent = 100 * complete // total if total else 0
    return percent if world.switches.progress_int else {"complete": complete, "total": total, "percent": percent}


def _dues(world: World, run: Run) -> dict[str, Any]:
    due = max((task.record["deadline"] for task in run.tasks if task.record["deadline"]), default=None)
    is_open = run.record["completed_at"] is None
    return {
        "due_date": due,
        "due_date_passed": is_open and passed(world, due),
        "due_soon": is_open and passed(world, due, ahead=DUE_SOON_SECONDS),
        "late_tasks": late_tasks(world, run),
        "collaborators": _collaborators(run),
        "max_task_deadline": due,
    }


def _spelled(world: World, shown: dict[str, Any]) -> dict[str, Any]:
    """Write a process the way the switches say."""
    switches = world.switches
    if not shown["prerun"] and switches.run_prerun_list_when_empty:
        shown["prerun"] = []
    if switches.run_ids_as_text:
        for name in ("started_by", "owner_id", "prerun_completed_by"):
            shown[name] = None if shown[name] is None else str(shown[name])
        for name in ("users", "collaborators"):
            shown[name] = [str(one) for one in shown[name]]
    if switches.mixed_dates:
        for variant, name in enumerate(("created_at", "started_at", "last_updated", "archived_at", "due_date")):
            shown[name] = spelled(shown[name], variant)
    return shown


def _collaborators(run: Run) -> list[int]:
    return list(dict.fromkeys(user for task in run.tasks for user in task.record["owners"]["users"]))


def late_tasks(world: World, run: Run) -> int:
    return sum(1 for task in run.tasks if is_late(world, task))


def _shown_tasks(call: Call, run: Run) -> list[dict[str, Any]]:
    """The tasks of a process; archiving it hides them."""
    return [] if run.record["archived_at"] is not None else [shown_task(call.world, task) for task in run.tasks]


def _shown_folders(call: Call, run: Run) -> list[dict[str, Any]]:
    known = ((number, call.organization.folders.get(one)) for number, one in run.folders.items())
    return [
        {"id": folder.id, "name": folder.name, "folder_object_id": number}
        for number, folder in known
        if folder is not None
    ]


def _next_task(call: Call, run: Run) -> list[dict[str, Any]]:
    """The task that waits to be done next, as a list that is empty when there is none."""
    return [shown_task(call.world, task) for task in run.tasks if task.is_open][:1]


def _tasks_meta(_call: Call, run: Run) -> dict[str, int]:
    done = sum(1 for task in run.tasks if task.record["status"] == "completed")
    return {"total": len(run.tasks), "completed": done}


def _permissions(call: Call, run: Run) -> dict[str, bool]:
    own = acting_role(call) == "admin" or call.acting_id == run.record["owner_id"]
    return {"process_update": own, "process_archive": own}


_INCLUDES: dict[str, Callable[[Call, Run], Any]] = {
    "checklist": lambda call, run: orjson.Fragment(template_row(call.world, run.template)),
    "tasks": _shown_tasks,
    "tags": lambda call, run: included_tags(call, run.tags),
    "folders": _shown_folders,
    "next_task": _next_task,
    "tasks_meta": _tasks_meta,
    "ko_form_fields": lambda _call, run: run.template.record["prerun"],
    "form_fields": lambda _call, run: task_fields(run),
    "permissions": _permissions,
    "assets": lambda _call, _run: [],
    "stages": lambda _call, _run: [],
}


def task_fields(run: Run) -> list[dict[str, Any]]:
    """The fields of all tasks with their values."""
    return [
        {
            "id": one["id"],
            "step_id": task.record["step_id"],
            "label": one["label"],
            "field_type": one["field_type"],
            "required": one["required"],
            "value": one["value"],
        }
        for task in run.tasks
        for one in filled_fields(task)
    ]
