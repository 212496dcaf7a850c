# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds a task by its process and step in two requests, or by its ID in one. Private to the collection.

Source: API reference, "List and find" of processes, and "Tasks".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotFoundError
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import DesiredProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import UnfitError
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import reference_field_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import find_template, get_template
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import Found, age
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import Sought, finder_for, piece_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import (
    Template,
    is_archived,
    is_id,
    is_searchable,
)

from .comments import comments_of
from .desired import DesiredTask
from .record import INCLUDES, form_of, process_of, step_of


@dataclass(frozen=True)
class FoundTask:
    """A task and its process, which is empty for a one-off task, and notes about them."""

    task: Record
    process: Record
    notes: tuple[str, ...] = ()


def find_task(client: Client, desired: DesiredTask) -> FoundTask:
    """Return the desired task; raises ``InputError``, which names the existing steps, when it does not exist."""
    if desired.task_id:
        return _by_id(client, desired, desired.task_id)
    process, notes = find_process(client, desired)
    if is_archived(process):
        # The service does not return tasks of archived processes.
        raise InputError([f"{process.get('name')} is archived, so its steps cannot be read. Reactivate it first"])
    tasks = client.records(
        client.path("runs", process["id"], "tasks"), query={"with": includes_for(desired, but=("run",))}
    )
    task = pick_task(tasks, desired.step, str(process.get("name")))
    return read_again(client, desired, FoundTask(task, process, tuple(notes)), only_if_needed=True)


def read_again(client: Client, desired: DesiredTask, found: FoundTask, *, only_if_needed: bool = False) -> FoundTask:
    """Return the current task; with ``only_if_needed``, read it only when the known record is incomplete."""
    if only_if_needed and not unshown(found.task, desired):
        return found
    task = client.get("tasks", found.task["id"], query={"with": includes_for(desired)})
    process = {**found.process, **process_of(task)}
    return FoundTask({**found.task, **task}, process, found.notes)


def includes_for(desired: DesiredTask, but: Iterable[str] = ()) -> str:
    """Return the includes of the request for the task; comments, which may be many, only when one is desired."""
    names = [*INCLUDES, *(["threads"] if desired.comment else [])]
    return ",".join(name for name in names if name not in but)


def unshown(task: Record, desired: DesiredTask) -> list[str]:
    """Return the includes that are needed and that the task does not have."""
    return [
        *(["form_fields"] if (desired.form or desired.state) and form_of(task) is None else []),
        *(["threads"] if desired.comment and comments_of(task) is None else []),
        *(["summary"] if desired.summary and "summary" not in task else []),
    ]


def pick_task(tasks: Sequence[Record], step: str, name: str) -> Record:
    """Return the task of a process whose step has this title in the template, or this alias or ID; pure."""
    steps = {str(task["id"]): step_of(task) for task in tasks if step_of(task)["id"]}
    try:
        # A step may have several tasks, so the IDs of the tasks distinguish the steps.
        found = Template({}, tuple({**shown, "task": task_id} for task_id, shown in steps.items())).step(step)
    except UnfitError as error:
        raise InputError([f"step: {error} (of the process {name})"]) from None
    return next(task for task in tasks if str(task["id"]) == found["task"])


def _by_id(client: Client, desired: DesiredTask, task_id: str) -> FoundTask:
    try:
        task = client.get("tasks", task_id, query={"with": includes_for(desired)})
    except NotFoundError:
        actor = client.connection.act_as or "the owner of this token"
        text = f"task_id: {task_id} does not exist, it or its process is archived, or {actor} may not see it"
        raise InputError([text]) from None
    return FoundTask(task, {"id": task["run_id"], **process_of(task)} if task.get("run_id") else {})


def find_process(client: Client, desired: DesiredTask) -> tuple[Record, list[str]]:
    """Return the process of a task, and notes about it."""
    if desired.process_id:
        try:
            return client.get("runs", desired.process_id), []
        except NotFoundError:
            raise InputError([f"process_id: there is no process {desired.process_id}"]) from None
    process = desired.process
    if process is None:
        raise AssertionError("a task is identified by its process or by its ID")
    runs = _find_by_titles(client, process)
    found = Found(tuple(runs)) if runs else _look_up(client, process)
    if found.current is None:
        raise InputError([f"no process of {process.template} has the {process.identity}"])
    others = ", ".join(str(run["id"]) for run in found.active[1:])
    note = (
        f"{found.current.get('name')}: {len(found.active)} active processes have the {process.identity}. The oldest "
        f"was used. Archive the others ({others})."
    )
    return found.current, [note] if others else []


def _find_by_titles(client: Client, process: DesiredProcess) -> list[Record]:
    """Return the active processes that match by their name and the title of their template, oldest first.

    This saves the request for the template. Raises ``InputError`` when they come from several templates.
    """
    piece = piece_of(process.key)
    if is_id(process.template) or piece is None or not is_searchable(process.key):
        return []
    rows, page = client.first_page(client.path("runs"), query={"q": piece})
    if page.pages > 1:
        # A search with the ID of the template returns fewer.
        return []
    found = [
        row
        for row in rows
        if tidied(row.get("checklist_title")) == process.template
        and process.is_carried_by(row)
        and not is_archived(row)
    ]
    templates = sorted({str(row.get("checklist_id")) for row in found})
    if len(templates) > 1:
        ids = ", ".join(templates)
        raise InputError(
            [f"template: {len(templates)} templates have the title {process.template!r}; give an ID instead: {ids}"]
        )
    return sorted(found, key=age)


def _look_up(client: Client, process: DesiredProcess) -> Found:
    template_id, template = find_template(client, process.template)
    finder = finder_for(client, template_id)
    finder.template = template or finder.template

    def field_id() -> str | None:
        finder.template = finder.template or get_template(client, template_id, process.template)
        return reference_field_of(process, finder.template)

    (found,) = finder.find([Sought(process, field_id)])
    return found
