# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Whose tasks are whose, and what leaving people leave behind."""

from __future__ import annotations

from typing import Any

from .launching import touch
from .records import Guest, Organization, Task
from .state import World


def tasks_of_user(organization: Organization, user: int) -> list[Task]:
    return [task for task in organization.tasks.values() if user in task.record["owners"]["users"]]


def hand_over(world: World, organization: Organization, member_id: int, successor_id: int) -> None:
    """Give a member's open tasks and places in templates to somebody else."""
    now = world.timestamp()
    for task in tasks_of_user(organization, member_id):
        if task.is_open:
            _replace(task.record["owners"]["users"], member_id, successor_id)
            task.record["last_updated"] = now
            if task.run is not None:
                touch(task.run, now)
    for template in organization.templates.values():
        for step in template.steps:
            if member_id in step["assignees"]:
                _replace(step["assignees"], member_id, successor_id)


def open_tasks_of_guest(world: World, organization: Organization, email: str) -> int:
    return sum(1 for task in tasks_of_guest(world, organization, email) if task.is_open)


def tasks_of_guest(world: World, organization: Organization, email: str) -> list[Task]:
    key = world.email_key(email)
    return [
        task
        for task in organization.tasks.values()
        if task.record["owners"]["guests"]
        and any(world.email_key(guest) == key for guest in task.record["owners"]["guests"])
    ]


def release_guest(world: World, organization: Organization, email: str, member_id: int | None = None) -> None:
    """Take a guest off all tasks, in favour of the member the guest has become if there is one."""
    key = world.email_key(email)
    for task in tasks_of_guest(world, organization, email):
        owners = task.record["owners"]
        owners["guests"] = [guest for guest in owners["guests"] if world.email_key(guest) != key]
        if member_id is not None and member_id not in owners["users"]:
            owners["users"].append(member_id)
        if task.run is not None:
            touch(task.run, world.timestamp())


def _replace(ids: list[Any], old: Any, new: Any) -> None:
    place = ids.index(old)
    ids[place : place + 1] = [] if new in ids else [new]


def code_of(guest: Guest) -> str:
    """The last part of a guest's link: what names a guest in the routes of tasks."""
    return guest.link.rpartition("/")[2]


def guest_of_code(organization: Organization, code: str) -> Guest | None:
    return next(
        (guest for guest in organization.guests.values() if guest.deleted_at is None and code_of(guest) == code), None
    )
