# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Lists of tasks: of a process, of a person, of all."""

from __future__ import annotations

from collections.abc import Iterable

from .assignments import guest_of_code, tasks_of_guest, tasks_of_user
from .calls import Call, Route, certain
from .envelopes import Reply, resource_not_found
from .listings import paged, plain_list
from .records import Task
from .task_filters import filtered
from .task_includes import shown_with_includes
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
    """The guest is named by the code of the link, neither by number nor by address."""
    guest = guest_of_code(call.organization, call.params[1])
    if guest is None:
        raise resource_not_found()
    return _list(call, tasks_of_guest(call.world, call.organization, guest.profile.email), default_status="active")


def _list(call: Call, tasks: Iterable[Task], *, default_status: str) -> Reply:
    found = filtered(call, tasks, default_status)

    def render(task: Task) -> bytes:
        return shown_with_includes(call, task)

    if call.query.get("without_pagination") == "true":
        return plain_list(call, found, render)
    return paged(call, found, render, default=10, maximum=100)


_ORG = "/organizations/{org}"

ROUTES = (
    Route("tasks.list_of_process", "GET", f"{_ORG}/runs/{{run}}/tasks", list_of_process),
    Route("tasks.list", "GET", f"{_ORG}/tasks", list_all),
    Route("tasks.list_mine", "GET", f"{_ORG}/me/tasks", list_mine, caller="user"),
    Route("tasks.list_of_member", "GET", f"{_ORG}/users/{{id}}/tasks", list_of_member),
    Route("tasks.list_of_guest", "GET", f"{_ORG}/guests/{{code}}/tasks", list_of_guest),
)
