# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a task. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION, Names, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import DesiredProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import LONGEST_TEXTAREA, moment

from .comments import LONGEST_KEY
from .record import COMPLETED, OPEN

#: The options that identify a task: by its process and step, or by its ID.
NAMING_OPTIONS: dict[str, dict[str, Any]] = {
    "template": {"type": "str"},
    "reference": {"type": "str"},
    "reference_field": {"type": "str"},
    "name": {"type": "str"},
    "process_id": {"type": "str"},
    "step": {"type": "str"},
    "task_id": {"type": "str"},
}
#: The argument spec of ``tallyfy_task``.
TASK_OPTIONS: dict[str, dict[str, Any]] = {
    **NAMING_OPTIONS,
    "state": {"type": "str", "choices": [OPEN, COMPLETED]},
    "approved": {"type": "bool"},
    "complete_again": {"type": "bool", "default": False},
    "form": {"type": "dict"},
    "assignees": LIST_OPTION,
    "deadline": {"type": "str"},
    "summary": {"type": "str"},
    "comment": {"type": "str"},
    "comment_key": {"type": "str", "no_log": False},
}
TASK_RULES: dict[str, Any] = {
    "required_one_of": [("task_id", "process_id", "template")],
    "mutually_exclusive": [
        *(("task_id", name) for name in ("process_id", "template", "step")),
        *(("process_id", name) for name in ("template", "reference", "name")),
    ],
    "required_by": {
        "template": "step", "process_id": "step", "reference": "template", "name": "template",
        "reference_field": "reference", "comment_key": "comment",
    },
}  # fmt: skip
#: How far Tallyfy moves a deadline that falls on a weekend.
LONGEST_MOVE = timedelta(days=3)
_SATURDAY = 5


@dataclass(frozen=True)
class DesiredTask:
    """The desired state of one task. ``None`` and empty values were not given and change nothing."""

    task_id: str | None = None
    process_id: str | None = None
    process: DesiredProcess | None = None
    step: str = ""
    state: str | None = None
    approved: bool | None = None
    complete_again: bool = False
    form: Mapping[str, Any] = field(default_factory=dict)
    assignees: Names | None = None
    deadline: datetime | None = None
    summary: str | None = None
    comment: str | None = None
    comment_key: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredTask:
        """Return the task that module parameters describe; blank counts as not given."""

        def text(name: str) -> str | None:
            return tidied(params.get(name)) or None

        return cls(
            task_id=text("task_id"),
            process_id=text("process_id"),
            process=DesiredProcess.from_params(
                {name: params.get(name) for name in ("template", "name", "reference", "reference_field")}
            ) if text("template") else None,
            step=text("step") or "",
            state=params.get("state"),
            approved=params.get("approved"),
            complete_again=bool(params.get("complete_again")),
            form=dict(params.get("form") or {}),
            assignees=names_in(params.get("assignees"), "assignees", _assignee)[0],
            deadline=moment(params["deadline"]) if text("deadline") else None,
            summary=text("summary"),
            comment=text("comment"),
            comment_key=text("comment_key"),
        )  # fmt: skip

    @property
    def has_changes(self) -> bool:
        """Whether anything is desired, so that the task is not only read."""
        return any((self.state, self.form, self.assignees, self.deadline, self.summary, self.comment))

    def without_deadline(self) -> DesiredTask:
        """Return the same state without a deadline, for a deadline that Tallyfy moved."""
        return replace(self, deadline=None)


def _assignee(given: object) -> str:
    name = tidied(given)
    return Email(name) if "@" in name else name


def validate_task(params: Mapping[str, Any]) -> list[str]:
    """Return all errors in the desired task that can be found without a request."""
    desired = DesiredTask.from_params(params)
    problems = []
    if desired.process is not None and not desired.process.key:
        problems.append("reference and name are missing: give one of them to identify the process")
    if tidied(params.get("deadline")) and desired.deadline is None:
        problems.append(f"deadline {params['deadline']!r} is not a date such as 2026-03-02 17:00:00")
    for option, longest in (("summary", None), ("comment", LONGEST_TEXTAREA), ("comment_key", LONGEST_KEY)):
        flaw = flaw_in(getattr(desired, option) or "", longest=longest, has_lines=option != "comment_key")
        problems += [f"{option} {flaw}"] if flaw else []
    if desired.state != COMPLETED:
        given = [name for name in ("approved", "complete_again") if params.get(name) not in (None, False)]
        given += ["approved"] if desired.approved is False else []
        problems += [f"{name} needs state=completed" for name in given]
    return problems + names_in(params.get("assignees"), "assignees", _assignee)[1]


def sent_deadline(deadline: datetime) -> str:
    """Return a deadline in the format of the service."""
    return deadline.strftime("%Y-%m-%d %H:%M:%S")


def is_same_deadline(desired: datetime, stored: Any) -> bool:
    """Return whether a deadline equals the desired one, to the second, or the service moved it from a weekend.

    The service moves deadlines that are not on a working day of the organization; no answer shows the working days.
    Source: API reference, "Dates, times, time zones".
    """
    found = moment(stored) if stored else None
    if found is None:
        return False
    moved = found - desired
    return moved == timedelta(0) or (timedelta(0) < moved <= LONGEST_MOVE and desired.weekday() >= _SATURDAY)
