# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tasks: found, shown, with the fields of their forms, and how late they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .calls import Call
from .envelopes import resource_not_found
from .field_values import ValueRefusedError
from .member_records import spelled
from .records import Task
from .state import World

DUE_SOON_SECONDS = 86400.0


def shown_task(world: World, task: Task) -> dict[str, Any]:
    """Return a task as lists show it."""
    record = task.record
    shown = {**record, "owners": _owners(world, task), "status_label": record["status"]}
    shown["completion_progress"] = 100 if record["status"] == "completed" else 0
    if task.run is not None:
        shown["run_status"] = "archived" if task.run.record["archived_at"] else task.run.record["status"]
    del shown["summary"]
    if world.switches.mixed_dates:
        for variant, name in enumerate(("created_at", "started_at", "deadline", "last_updated", "completed_at")):
            shown[name] = spelled(shown[name], variant)
    return shown


def is_late(world: World, task: Task) -> bool:
    return task.record["status"] != "completed" and passed(world, task.record["deadline"])


def passed(world: World, moment: str | None, *, ahead: float = 0.0) -> bool:
    """Say whether a moment lies behind the server's clock, or will in so many seconds."""
    if moment is None:
        return False
    return datetime.fromisoformat(moment).timestamp() < world.now() + ahead


def checked_moment(value: Any) -> str:
    """Return a deadline as answers spell it; a number is none."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueRefusedError("The deadline is not a valid date.") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _owners(world: World, task: Task) -> dict[str, Any]:
    owners = {**task.record["owners"], "taskUrls": []}
    if world.switches.task_owner_objects:
        accounts = (world.accounts[user] for user in owners["users"])
        owners["users"] = [
            {
                "id": account.id,
                "full_name": f"{account.first_name} {account.last_name}",
                "profile_pic": account.profile_pic,
            }
            for account in accounts
        ]
    return owners


def is_there(task: Task, *, archived: bool = False) -> bool:
    """Archiving a process hides its tasks, archiving a one-off task hides it unless ``archived`` ones are wanted."""
    if task.record["archived_at"] is not None and not archived:
        return False
    return task.run is None or task.run.record["archived_at"] is None


def find_task(call: Call, task_id: str | None, *, archived: bool = False) -> Task:
    task = call.organization.tasks.get(task_id or "")
    if task is None or not is_there(task, archived=archived):
        raise resource_not_found()
    return task


def step_of(task: Task) -> dict[str, Any] | None:
    """Return the step a task was made from; a one-off task has none, nor has one whose step was deleted since."""
    requested = task.record["step_id"]
    if task.run is None or requested is None:
        return None
    return next((step for step in task.run.template.steps if step["id"] == requested), None)


def fields_of(task: Task) -> list[dict[str, Any]]:
    """Return the definitions of a task's form: those of its step, or its own."""
    step = step_of(task)
    fields: list[dict[str, Any]] = task.fields if step is None else step["captures"]
    return fields


def filled_fields(task: Task) -> list[dict[str, Any]]:
    """Return the fields of a task's form with their values."""
    values = task.record["taskdata"]
    return [{**one, "value": values.get(one["id"])} for one in fields_of(task)]
