# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the record of a task says. Private to the collection.

A task is what a process makes of a step of its template; a one-off task belongs to no step, and mostly to no process.
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
#: Only a one-off task can be archived by itself, and then no list of tasks shows it.
ARCHIVED = "archived"
#: Kinds of tasks whose completion is an answer: one that must be given, and ones where a no is the time that ran out.
APPROVAL = "approval"
EXPIRING = ("expiring", "expiring_email")
#: What a task is asked to show beside itself.
INCLUDES = ("run", "step", "form_fields", "summary")
BUCKETS = ("users", "guests", "groups")


def state_of(task: Mapping[str, Any]) -> str:
    """Return which of ``STATES`` a task is in; the service has more words for it."""
    status = str(task.get("status") or "").lower()
    if "skipped" in status:
        return SKIPPED
    return COMPLETED if status.startswith("complete") or task.get("completed_at") else OPEN


def process_of(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return as much of the process as a task shows; nothing of a one-off task."""
    run = included(task, "run")
    return run if isinstance(run, Mapping) else {}


def step_of(task: Mapping[str, Any]) -> Record:
    """Return the step of the template as far as the task shows it; the title of a task may have been edited."""
    step = included(task, "step")
    shown = step if isinstance(step, Mapping) else {}
    return {
        "id": task.get("step_id") or shown.get("id"),
        "alias": shown.get("alias") or task.get("alias"),
        "title": tidied(shown.get("title") or task.get("original_title") or task.get("title")),
    }


def form_of(task: Mapping[str, Any]) -> tuple[FormField, ...] | None:
    """Return the fields of the form, ``None`` when the task does not show them."""
    rows = included(task, "form_fields")
    return fields_of(rows) if isinstance(rows, list) else None


def values_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored values of the form by the ids of the fields."""
    stored = included(task, "taskdata")
    values = dict(stored) if isinstance(stored, Mapping) else {}
    rows = included(task, "form_fields")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("value") is not None:
            values[str(row.get("id"))] = row["value"]
    return values


def empty_fields(task: Mapping[str, Any], given: Iterable[str] = ()) -> list[FormField]:
    """Return the required fields that hold nothing and whose ids are not among those that are given."""
    values, coming = values_of(task), set(given)
    return [
        one for one in form_of(task) or () if one.is_required and one.id not in coming and is_empty(values.get(one.id))
    ]


@dataclass(frozen=True)
class Owners:
    """Whom a task is given to, as the service has them: IDs of members, addresses of guests, IDs of groups."""

    users: tuple[int, ...] = ()
    guests: tuple[Email, ...] = ()
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> Owners:
        """Return whom a task shows; raises ``UnreadableAnswerError``, since whoever is not sent back is taken off."""
        owners = task.get("owners")
        lists = owners if isinstance(owners, Mapping) else {}
        marks = {name: [_mark_in(one) for one in lists.get(name) or ()] for name in BUCKETS}
        users = [str(one) for one in marks["users"]]
        if not isinstance(owners, Mapping) or not all(one.isdigit() for one in users):
            raise UnreadableAnswerError(
                f"task {task.get('id')}", "its assignees are not listed by their IDs", advice="Check api_url."
            )
        return cls(tuple(map(int, users)), tuple(map(Email, marks["guests"])), tuple(map(str, marks["groups"])))

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> Owners:
        """Return those who are meant by such tokens as ``tokens`` holds."""
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
        """Everybody and every group in one list of texts that can be compared."""
        return [
            *(f"users {member_id}" for member_id in self.users),
            *(f"guests {email.key}" for email in self.guests),
            *(f"groups {group}" for group in self.groups),
        ]

    def body(self) -> Record:
        """Return all three lists: one that is left out is emptied by the service."""
        return {"users": list(self.users), "guests": list(map(str, self.guests)), "groups": list(self.groups)}


def _mark_in(one: Any) -> Any:
    if not isinstance(one, Mapping):
        return one
    return next((one[name] for name in ("id", "email") if one.get(name) is not None), None)


def shown_deadline(value: Any) -> str | None:
    """Return a moment as records tell it, whatever spelling the service has for it today."""
    read = moment(value) if value else None
    return iso_utc(read.timestamp()) if read is not None else (str(value) if value else None)


def is_overdue(task: Mapping[str, Any], now: float) -> bool:
    """Return whether a task is open and its deadline has passed at that moment, in epoch seconds."""
    deadline = moment(task.get("deadline")) if task.get("deadline") else None
    return deadline is not None and state_of(task) == OPEN and deadline.timestamp() < now


def is_frozen(process: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Return whether an open issue of the process keeps its tasks as they are."""
    status = process.get("status") if process else task.get("run_status")
    return str(status or "").lower() == "issue"


def is_of_archived(process: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Return whether the process of a task is archived."""
    return is_archived(process) or str(task.get("run_status") or "").lower() == "archived"


def called(task: Mapping[str, Any], process: Mapping[str, Any]) -> str:
    """Return how a task is called in messages."""
    title = step_of(task)["title"] or str(task.get("title") or task.get("id"))
    name = process.get("name")
    return f"{title} of {name}" if name else title


def titles_of(tasks: Iterable[Mapping[str, Any]]) -> str:
    """Return the titles of the steps of some tasks for a message."""
    return choices(step_of(task)["title"] for task in tasks)
