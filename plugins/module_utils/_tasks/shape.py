# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task in the form in which all modules return it. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import reference_in
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.shape import Form, shown_values

from .people import People
from .record import Owners, form_of, is_overdue, process_of, shown_deadline, state_of, step_of, values_of


def shape_task(
    task: Mapping[str, Any],
    people: People,
    now: float,
    process: Mapping[str, Any] | None = None,
    known: Known | None = None,
) -> Record:
    """Return a task as modules return it; ``process`` is the known part of its process, ``now`` is in epoch seconds.

    ``known`` has the people and groups in the values of its form.
    """
    run = {**process_of(task), **(process or {})}
    has_step = task.get("step_id") is not None
    step = step_of(task)
    return {
        "id": task.get("id"),
        "title": task.get("title"),
        "step": step["title"] if has_step else None,
        "step_id": step["id"] if has_step else None,
        "process": run.get("name"),
        "process_id": task.get("run_id"),
        "template": run.get("checklist_title"),
        "template_id": task.get("checklist_id") or run.get("checklist_id"),
        "reference": reference_in(str((run.get("name") if task.get("run_id") else task.get("title")) or "")),
        "state": state_of(task),
        "status": task.get("status"),
        "type": task.get("task_type"),
        "approved": answer_of(task),
        "form": shown_values(Form(form_of(task) or ()), values_of(task), known or Known()),
        "assignees": people.shown(Owners.of(task)),
        "deadline": shown_deadline(task.get("deadline")),
        "summary": task.get("summary") if isinstance(task.get("summary"), str) else None,
        "completed_at": shown_deadline(task.get("completed_at")),
        "completed_by": people.shown_member(task.get("completer_id")) or _address(task.get("completer_guest")),
        "is_overdue": is_overdue(task, now),
    }


def answer_of(task: Mapping[str, Any]) -> bool | None:
    """Return the answer to an approval, ``None`` for no answer."""
    answer = task.get("is_approved")
    return None if answer is None else str(answer).lower() in ("true", "1")


def _address(guest: Any) -> str | None:
    if isinstance(guest, Mapping):
        guest = guest.get("email")
    return str(guest) if guest else None
