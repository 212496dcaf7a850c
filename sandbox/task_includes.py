# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What ``with`` adds to tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from .calls import Call
from .records import Task
from .run_records import run_record, run_row
from .tags import included_tags
from .task_records import filled_fields, shown_task, step_of
from .template_records import template_row


def shown_with_includes(call: Call, task: Task, *, summary: bool = False) -> bytes:
    """Return a task with what the query wants added; ``summary`` is always there where one task was asked for."""
    record = shown_task(call.world, task)
    requested = call.includes()
    if summary or "summary" in requested:
        record["summary"] = task.record["summary"]
    for name in requested:
        related = _INCLUDES[name](call, task) if name in _INCLUDES else None
        if related is not None:
            record[name] = related if name == "threads_count" else call.wrapped(related)
    if "run.checklist" in requested and task.run is not None:
        checklist = orjson.Fragment(template_row(call.world, task.run.template))
        record["run"] = call.wrapped(run_record(call.world, task.run) | {"checklist": call.wrapped(checklist)})
    return orjson.dumps(record)


def _threads(task: Task) -> list[dict[str, Any]]:
    return [one for one in task.threads if one["archived_at"] is None]


# Name: what it adds, nothing where a task has no such thing.
_INCLUDES: dict[str, Callable[[Call, Task], Any]] = {
    "run": lambda call, task: None if task.run is None else orjson.Fragment(run_row(call.world, task.run)),
    "step": lambda _call, task: step_of(task),
    "threads": lambda _call, task: _threads(task),
    "threads_count": lambda _call, task: len(_threads(task)),
    "form_fields": lambda _call, task: filled_fields(task),
    "tags": lambda call, task: included_tags(call, task.tags),
    "assets": lambda _call, _task: [],
}
