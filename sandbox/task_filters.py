# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What lists of tasks may be filtered and sorted by. Filters that are named together must all be met."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from .assignments import code_of
from .calls import Call
from .records import Guest, Task
from .state import World
from .task_records import DUE_SOON_SECONDS, is_late, is_there, passed, step_of
from .validation import as_id

Passes = Callable[[Task], bool]

_TRUE = ("true", "1")
_DAY = timedelta(days=1)


def filtered(call: Call, tasks: Iterable[Task], default_status: str) -> list[Task]:
    """Return the tasks that meet every filter of the query, in the order it asks for."""
    query = {"status": default_status} | {name: text for name, text in call.query.items() if text}
    filters = [make(call, query[name]) for name, make in _FILTERS.items() if query.get(name)]
    filters.append(_archived(query.get("archived", "").lower()))
    if "custom_field_key" in query:
        filters.append(_custom_field(query["custom_field_key"], query.get("custom_field_value")))
    found = list(tasks)
    for passes in filters:
        found = [task for task in found if passes(task)]
    return _sorted(call, found)


def _archived(requested: str) -> Passes:
    """Archived one-off tasks come with ``true``, and alone with ``only``; those of archived processes never."""
    if requested == "only":
        return lambda task: task.record["archived_at"] is not None and is_there(task, archived=True)
    return lambda task: is_there(task, archived=requested in _TRUE)


def _title(_call: Call, text: str) -> Passes:
    requested = text.lower()
    return lambda task: requested in task.record["title"].lower()


def _status(call: Call, requested: str) -> Passes:
    return lambda task: _has_status(call.world, task, requested)


def _has_status(world: World, task: Task, requested: str) -> bool:
    status = task.record["status"]
    if requested == "all":
        return True
    if requested in ("complete", "completed"):
        return bool(status == "completed")
    if requested in ("active", "active_visible", "incomplete"):
        return task.is_open
    if requested in ("inprogress", "in-progress"):
        return bool(status == "in-progress")
    if requested == "hasproblem":
        return bool(task.record["problem"])
    if requested == "overdue":
        return is_late(world, task)
    if requested == "due_soon":
        deadline = task.record["deadline"]
        return task.is_open and not passed(world, deadline) and passed(world, deadline, ahead=DUE_SOON_SECONDS)
    return bool(status == requested)


def _owners(_call: Call, text: str) -> Passes:
    requested = {as_id(one.strip()) for one in text.split(",")}
    return lambda task: not requested.isdisjoint(task.record["owners"]["users"])


def _guests(call: Call, text: str) -> Passes:
    """Guests are named by address, ID or code."""
    world = call.world
    named = {one.strip() for one in text.split(",")}
    keys = {world.email_key(one) for one in named}
    keys |= {key for key, guest in call.organization.guests.items() if named & _names(guest)}
    return lambda task: (
        task.record["owners"]["guests"] and any(world.email_key(one) in keys for one in task.record["owners"]["guests"])
    )


def _names(guest: Guest) -> set[str]:
    return {str(guest.profile.id), code_of(guest)}


def _groups(_call: Call, text: str) -> Passes:
    requested = {one.strip() for one in text.split(",")}
    return lambda task: not requested.isdisjoint(task.record["owners"]["groups"])


def _roles(_call: Call, text: str) -> Passes:
    requested = {one.strip() for one in text.split(",")}
    return lambda task: not requested.isdisjoint(str(role) for role in (step_of(task) or {"roles": ()})["roles"])


def _unassigned(_call: Call, text: str) -> Passes:
    return lambda task: text.lower() not in _TRUE or not any(task.record["owners"].values())


def _one_off(_call: Call, text: str) -> Passes:
    requested = text.lower() in _TRUE
    return lambda task: task.is_one_off is requested


def _tag(_call: Call, text: str) -> Passes:
    """A task has its own tags and those of its process."""
    requested = {one.strip() for one in text.split(",")}
    return lambda task: (
        not (
            requested.isdisjoint(task.tags.values())
            and (task.run is None or requested.isdisjoint(task.run.tags.values()))
        )
    )


def _folder(_call: Call, text: str) -> Passes:
    requested = {one.strip() for one in text.split(",")}
    return lambda task: task.run is not None and not requested.isdisjoint(task.run.folders.values())


def _custom_field(key: str, value: str | None) -> Passes:
    """Processes get custom fields from the control plane only: a list of ``key`` and ``value``."""

    def passes(task: Task) -> bool:
        fields = [] if task.run is None else task.run.record["custom_fields"]
        return any(one.get("key") == key and value in (None, str(one.get("value"))) for one in fields)

    return passes


def _span(call: Call, name: str, text: str) -> tuple[str, str]:
    """Return the moments a time begins and ends at, as answers spell them: a day lasts, other times do not."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise call.invalid({name: [f"The {name.replace('_', ' ')} is not a valid date."]}) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    end = moment + _DAY if len(text) == len("YYYY-MM-DD") else moment
    return _spelled(moment), _spelled(end)


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _time(name: str, attribute: str, compare: Callable[[str, str, str], bool]) -> Callable[[Call, str], Passes]:
    """Make a filter that compares a time of a task with the beginning and the end of the one that is asked for."""

    def make(call: Call, text: str) -> Passes:
        start, end = _span(call, name, text)
        return lambda task: task.record[attribute] is not None and compare(task.record[attribute], start, end)

    return make


def _within(at: str, start: str, end: str) -> bool:
    return start <= at < end or at == start


_FILTERS: dict[str, Callable[[Call, str], Passes]] = {
    "q": _title,
    "status": _status,
    "owners": _owners,
    "guests": _guests,
    "groups": _groups,
    "roles": _roles,
    "unassigned": _unassigned,
    "is_oneoff": _one_off,
    "tag": _tag,
    "folder": _folder,
    "created": _time("created", "created_at", _within),
    "deadline_on": _time("deadline_on", "deadline", _within),
    "deadline_before": _time("deadline_before", "deadline", lambda at, start, _end: at < start),
    "deadline_after": _time("deadline_after", "deadline", lambda at, start, end: at >= end and at > start),
    "deadline_start_range": _time("deadline_start_range", "deadline", lambda at, start, _end: at >= start),
    "deadline_end_range": _time("deadline_end_range", "deadline", lambda at, start, end: at < end or at == start),
}


def _sorted(call: Call, tasks: list[Task]) -> list[Task]:
    name, downwards = call.sorting()
    if name in ("position", "deadline", "created_at", "title"):
        return sorted(tasks, key=lambda task: (task.record[name] is not None, task.record[name]), reverse=downwards)
    if name == "newest":
        key = "created_at"
    elif name == "completed_newest":
        key = "completed_at"
    elif name == "problems":
        return sorted(tasks, key=lambda task: not task.record["problem"], reverse=downwards)
    else:
        return tasks
    # Of those of one second, the one made later is the newer one; what has no such time comes last.
    return sorted(tasks, key=lambda task: (task.record[key] or "", task.record["increment_id"]), reverse=not downwards)
