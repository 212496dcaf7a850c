# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Lists of tasks: of a process, of a person, of all, and what they may be filtered by."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from .assignments import tasks_of_guest, tasks_of_user
from .calls import Call, Route, certain
from .envelopes import Reply, resource_not_found
from .listings import paged, plain_list
from .records import Task
from .state import World
from .task_records import DUE_SOON_SECONDS, is_late, is_there, passed, shown_task
from .validation import as_id


def list_of_process(call: Call) -> Reply:
    run = call.organization.runs.get(call.params[1])
    if run is None:
        raise resource_not_found()
    return _list(call, run.tasks, default_status="")


def list_all(call: Call) -> Reply:
    return _list(call, call.organization.tasks.values(), default_status="")


def list_mine(call: Call) -> Reply:
    return _list(call, tasks_of_user(call.organization, certain(call.acting_id)), default_status="active")


def list_of_member(call: Call) -> Reply:
    member = call.organization.members.get(as_id(call.params[1]) or 0)
    if member is None or member.deleted:
        raise resource_not_found()
    return _list(call, tasks_of_user(call.organization, member.id), default_status="active")


def list_of_guest(call: Call) -> Reply:
    wanted = as_id(call.params[1])
    guest = next((guest for guest in call.organization.guests.values() if guest.profile.id == wanted), None)
    if guest is None or guest.deleted_at is not None:
        raise resource_not_found()
    return _list(call, tasks_of_guest(call.world, call.organization, guest.profile.email), default_status="active")


def _list(call: Call, tasks: Iterable[Task], *, default_status: str) -> Reply:
    status = call.query.get("status") or default_status
    owners = {as_id(number) for number in call.query.get("owners", "").split(",")} - {None}
    found = [
        task
        for task in tasks
        if is_there(task)
        and _has_status(call.world, task, status)
        and not (owners and owners.isdisjoint(task.record["owners"]["users"]))
    ]
    name, downwards = call.sorting()
    if name in ("position", "deadline", "created_at", "title"):
        found.sort(key=lambda task: (task.record[name] is not None, task.record[name]), reverse=downwards)

    def render(task: Task) -> bytes:
        return orjson.dumps(shown_task(call.world, task))

    if call.query.get("without_pagination") == "true":
        return plain_list(call, found, render)
    return paged(call, found, render, default=10, maximum=100)


def _has_status(world: World, task: Task, wanted: str) -> bool:
    status = task.record["status"]
    if wanted in ("", "all"):
        return True
    if wanted in ("complete", "completed"):
        return bool(status == "completed")
    if wanted in ("active", "active_visible", "incomplete"):
        return task.is_open
    if wanted in ("inprogress", "in-progress"):
        return bool(status == "in-progress")
    if wanted == "hasproblem":
        return bool(task.record["problem"])
    if wanted == "overdue":
        return is_late(world, task)
    if wanted == "due_soon":
        deadline = task.record["deadline"]
        return task.is_open and not passed(world, deadline) and passed(world, deadline, ahead=DUE_SOON_SECONDS)
    return bool(status == wanted)


_ORG = "/organizations/{org}"

ROUTES = (
    Route("tasks.list_of_process", "GET", f"{_ORG}/runs/{{run}}/tasks", list_of_process),
    Route("tasks.list", "GET", f"{_ORG}/tasks", list_all),
    Route("tasks.list_mine", "GET", f"{_ORG}/me/tasks", list_mine, caller="user"),
    Route("tasks.list_of_member", "GET", f"{_ORG}/users/{{id}}/tasks", list_of_member),
    Route("tasks.list_of_guest", "GET", f"{_ORG}/guests/{{id}}/tasks", list_of_guest),
)
