# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the record of a task. Private to the collection.

A process has a task for each step of its template; a one-off task has no step, and usually no process.
Source: API reference, "Tasks". Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import UnreadableAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included, iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import (
    FormField,
    choices,
    fields_of,
    is_empty,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import is_archived
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import moment

OPEN, COMPLETED, SKIPPED = "open", "completed", "skipped"
STATES = (OPEN, COMPLETED, SKIPPED)
#: Only a one-off task can be archived by itself; listings then omit it.
ARCHIVED = "archived"
#: Kinds of tasks that are completed with an answer: approvals need one; for an expiring task, "no" means expired.
APPROVAL = "approval"
EXPIRING = ("expiring", "expiring_email")
#: The includes of requests for tasks.
INCLUDES = ("run", "step", "form_fields", "summary")
BUCKETS = ("users", "guests", "groups")


def state_of(task: Mapping[str, Any]) -> str:
    """Return the state of a task, one of ``STATES``; the service has more statuses."""
    status = str(task.get("status") or "").lower()
    if "skipped" in status:
        return SKIPPED
    return COMPLETED if status.startswith("complete") or task.get("completed_at") else OPEN


def process_of(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the process that a task includes, in part; empty for a one-off task."""
    run = included(task, "run")
    return run if isinstance(run, Mapping) else {}


def step_of(task: Mapping[str, Any]) -> Record:
    """Return the step of the template that the task includes; the title of the task itself may have been edited."""
    step = included(task, "step")
    shown = step if isinstance(step, Mapping) else {}
    return {
        "id": task.get("step_id") or shown.get("id"),
        "alias": shown.get("alias") or task.get("alias"),
        "title": tidied(shown.get("title") or task.get("original_title") or task.get("title")),
    }


def form_of(task: Mapping[str, Any]) -> tuple[FormField, ...] | None:
    """Return the fields of the form, ``None`` when the task does not include them."""
    rows = included(task, "form_fields")
    return fields_of(rows) if isinstance(rows, list) else None


def values_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored values of the form by field ID."""
    stored = included(task, "taskdata")
    values = dict(stored) if isinstance(stored, Mapping) else {}
    rows = included(task, "form_fields")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("value") is not None:
            values[str(row.get("id"))] = row["value"]
    return values


def empty_fields(task: Mapping[str, Any], given: Iterable[str] = ()) -> list[FormField]:
    """Return the required fields that are empty and whose IDs are not in ``given``."""
    values, given_ids = values_of(task), set(given)
    return [
        form_field
        for form_field in form_of(task) or ()
        if form_field.is_required and form_field.id not in given_ids and is_empty(values.get(form_field.id))
    ]


@dataclass(frozen=True)
class Owners:
    """The assignees of a task in the API: IDs of members, e-mail addresses of guests, IDs of groups."""

    users: tuple[int, ...] = ()
    guests: tuple[Email, ...] = ()
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> Owners:
        """Return the assignees of a task; raises ``UnreadableAnswerError`` if they are incomplete.

        A write removes the assignees that it omits.
        """
        owners = task.get("owners")
        lists = owners if isinstance(owners, Mapping) else {}
        marks = {name: [_id_in(owner) for owner in lists.get(name) or ()] for name in BUCKETS}
        users = [str(user) for user in marks["users"]]
        if not isinstance(owners, Mapping) or not all(user.isdigit() for user in users):
            raise UnreadableAnswerError(
                f"task {task.get('id')}", "its assignees are not listed by their IDs", advice="Check api_url."
            )
        return cls(tuple(map(int, users)), tuple(map(Email, marks["guests"])), tuple(map(str, marks["groups"])))

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> Owners:
        """Return the assignees of tokens; see ``tokens``."""
        buckets: dict[str, list[str]] = {name: [] for name in BUCKETS}
        for token in tokens:
            name, _space, mark = token.partition(" ")
            buckets[name].append(mark)
        return cls(
            tuple(sorted(map(int, buckets["users"]))),
            tuple(map(Email, sorted(buckets["guests"]))),
            tuple(sorted(buckets["groups"])),
        )

    @property
    def tokens(self) -> list[str]:
        """All people and groups as texts that can be compared."""
        return [
            *(f"users {member_id}" for member_id in self.users),
            *(f"guests {email.key}" for email in self.guests),
            *(f"groups {group}" for group in self.groups),
        ]

    def body(self) -> Record:
        """Return all three lists; the service empties each list that a request omits."""
        return {"users": list(self.users), "guests": list(map(str, self.guests)), "groups": list(self.groups)}


def _id_in(owner: Any) -> Any:
    if not isinstance(owner, Mapping):
        return owner
    return next((owner[name] for name in ("id", "email") if owner.get(name) is not None), None)


def shown_deadline(value: Any) -> str | None:
    """Return a time in the format of results."""
    read = moment(value) if value else None
    return iso_utc(read.timestamp()) if read is not None else (str(value) if value else None)


def is_overdue(task: Mapping[str, Any], now: float) -> bool:
    """Return whether a task is open and its deadline is before ``now``, in epoch seconds."""
    deadline = moment(task.get("deadline")) if task.get("deadline") else None
    return deadline is not None and state_of(task) == OPEN and deadline.timestamp() < now


def is_frozen(process: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Return whether an open issue of the process blocks changes of its tasks."""
    status = process.get("status") if process else task.get("run_status")
    return str(status or "").lower() == "issue"


def is_of_archived(process: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Return whether the process of a task is archived."""
    return is_archived(process) or str(task.get("run_status") or "").lower() == "archived"


def called(task: Mapping[str, Any], process: Mapping[str, Any]) -> str:
    """Return the name of a task in messages."""
    title = step_of(task)["title"] or str(task.get("title") or task.get("id"))
    name = process.get("name")
    return f"{title} of {name}" if name else title


def titles_of(tasks: Iterable[Mapping[str, Any]]) -> str:
    """Return the titles of the steps of tasks for a message."""
    return choices(step_of(task)["title"] for task in tasks)
