# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists tasks with one request for each page. Private to the collection.

The filters of the service keep old, completed tasks out of the answer. Each row is then checked again, since the API
does not document which filters work. Source: API reference, "Tasks".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import list_everybody
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.assignees import member_ids_in
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import (
    FormField,
    UnfitError,
    choices,
    position_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.listing import (
    forms_of,
    list_runs,
    with_values,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import find_template_id, get_template
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import values_of as kickoff_values_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.shape import Form, shown_values
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import is_archived
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import moment

from .desired import DesiredTask, sent_deadline
from .find import find_process, pick_task
from .people import People
from .record import (
    COMPLETED,
    INCLUDES,
    OPEN,
    STATES,
    Owners,
    form_of,
    is_of_archived,
    is_overdue,
    process_of,
    state_of,
    step_of,
    values_of,
)
from .shape import shape_task

#: The argument spec of ``tallyfy_task_info``.
LIST_OPTIONS: dict[str, dict[str, Any]] = {
    "template": {"type": "str"},
    "reference": {"type": "str"},
    "process_id": {"type": "str"},
    "step": {"type": "str"},
    "task_id": {"type": "str"},
    "state": {"type": "str", "choices": list(STATES)},
    "assignee": {"type": "str"},
    "group": {"type": "str"},
    "overdue": {"type": "bool"},
    "due_before": {"type": "str"},
    "kickoff": {"type": "bool", "default": False},
}
LIST_RULES: dict[str, Any] = {
    "mutually_exclusive": [
        *(("process_id", name) for name in ("template", "reference")),
        *(("task_id", name) for name in LIST_OPTIONS if name not in ("task_id", "kickoff")),
    ],
    "required_by": {"reference": "template"},
}
ME = "me"
#: Values of the status filter of the service.
_WORDS = {OPEN: "incomplete", COMPLETED: "complete"}
PAGE_WORKERS = 4


@dataclass(frozen=True)
class Filters:
    """The filters of a listing of tasks; ``None`` matches all."""

    template_id: str | None = None
    process_id: str | None = None
    step: str = ""
    state: str | None = None
    owners: Owners = field(default_factory=Owners)
    overdue: bool | None = None
    due_before: datetime | None = None

    def query(self) -> dict[str, Any]:
        """Return the query of the request. The service has no filter for a template or a step."""
        if self.process_id and self.step:
            # Read all tasks of the process, which are few, to see whether it has this step at all.
            return {}
        query: dict[str, Any] = {"status": _WORDS.get(self.state or "")}
        if self.overdue:
            query["status"] = "overdue"
        for name in ("users", "guests", "groups"):
            marks = getattr(self.owners, name)
            query["owners" if name == "users" else name] = ",".join(map(str, marks)) or None
        if self.due_before is not None:
            query["deadline_before"] = sent_deadline(self.due_before)
        return {name: value for name, value in query.items() if value is not None}

    def match(self, task: Mapping[str, Any], now: float) -> bool:
        """Return whether a task matches all filters."""
        owners = Owners.of(task)
        deadline = moment(task.get("deadline")) if task.get("deadline") else None
        return all((
            self.template_id in (None, task.get("checklist_id")),
            self.process_id in (None, task.get("run_id")),
            not self.step or self.is_of_step(task),
            self.state in (None, state_of(task)),
            set(self.owners.tokens) <= set(owners.tokens),
            self.overdue in (None, is_overdue(task, now)),
            self.due_before is None or (deadline is not None and deadline < self.due_before),
            not is_of_archived(process_of(task), task),
        ))  # fmt: skip

    def is_of_step(self, task: Mapping[str, Any]) -> bool:
        """Return whether a task belongs to the step."""
        step = step_of(task)
        is_named = self.step in (step["id"], step["alias"]) or fold(step["title"]) == fold(self.step)
        return step["id"] is not None and is_named


def list_tasks(client: Client, params: Mapping[str, Any]) -> list[Record]:
    """Return the shaped tasks that match, sorted by process and position; see ``LIST_OPTIONS``.

    ``kickoff`` adds the kick-off values of each process by label; each template is read once for this.
    """
    desired, people = DesiredTask.from_params(params), _People(client)
    processes: dict[str, Record] = {}
    filters = _filters(client, params, desired, processes)
    if filters is None:
        return []
    filters = replace(filters, owners=_owners(client, params, people))
    rows = _read(client, desired, filters)
    if filters.process_id and filters.step and not any(map(filters.is_of_step, rows)):
        pick_task(rows, filters.step, str(processes[filters.process_id].get("name")))
    rows = [row for row in rows if filters.match(row, client.service_now())]
    if not rows and filters.template_id and filters.step:
        _require_step(client, filters)
    for row in rows:
        if row.get("run_id"):
            process = {"id": row["run_id"], "checklist_id": row.get("checklist_id"), **process_of(row)}
            processes.setdefault(str(row["run_id"]), process)
    processes.update(_processes(client, rows, processes, has_kickoff=bool(params.get("kickoff"))))
    forms: dict[str, Form | None] = forms_of(client, processes.values()) if params.get("kickoff") else {}
    shown, now = people.named_in(rows, processes.values(), forms), client.service_now()
    known = Known(shown.directory, shown.groups)
    shaped = []
    for row in _in_order(rows, processes):
        process = processes.get(str(row.get("run_id")), {})
        shaped.append(shape_task(row, shown, now, process, known))
        if params.get("kickoff"):
            form = forms.get(str(process.get("checklist_id")))
            shaped[-1]["kickoff"] = shown_values(form, kickoff_values_of(process), known) if form else None
    return shaped


def _filters(
    client: Client, params: Mapping[str, Any], desired: DesiredTask, processes: dict[str, Record]
) -> Filters | None:
    """Return the filters without the assignees, and add the given process to ``processes``.

    ``None`` means that the process is archived, so it has no tasks to list.
    """
    due_before = moment(params["due_before"]) if tidied(params.get("due_before")) else None
    if tidied(params.get("due_before")) and due_before is None:
        raise InputError([f"due_before {params['due_before']!r} is not a date such as 2026-03-02 17:00:00"])
    filters = Filters(
        step=desired.step, state=params.get("state"), overdue=params.get("overdue"), due_before=due_before
    )
    if desired.process is not None and not desired.process.key:
        return replace(filters, template_id=find_template_id(client, desired.process.template))
    if desired.process is None and not desired.process_id:
        return filters
    process, _notes = find_process(client, desired)
    processes[str(process["id"])] = process
    return None if is_archived(process) else replace(filters, process_id=str(process["id"]))


def _read(client: Client, desired: DesiredTask, filters: Filters) -> list[Record]:
    query = {"with": ",".join(INCLUDES), **filters.query()}
    if desired.task_id:
        return [client.get("tasks", desired.task_id, query={"with": query["with"]})]
    path = client.path("runs", filters.process_id, "tasks") if filters.process_id else client.path("tasks")
    return client.records(path, query=query, workers=PAGE_WORKERS)


def _in_order(rows: Iterable[Record], processes: Mapping[str, Mapping[str, Any]]) -> list[Record]:
    def place(row: Record) -> tuple[str, str, int, str]:
        process = str(row.get("run_id") or "")
        name = str(processes.get(process, {}).get("name") or "")
        return name.casefold(), process, position_of(row), str(row["id"])

    return sorted(rows, key=place)


# --- people -----------------------------------------------------------------------------------------------------------


class _People:
    """Members and groups, read when needed, and only once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._directory: Directory | None = None
        self._groups: Groups | None = None

    @property
    def directory(self) -> Directory:
        if self._directory is None:
            self._directory = Directory(list_everybody(self._client))
        return self._directory

    @property
    def groups(self) -> Groups:
        if self._groups is None:
            self._groups = list_groups(self._client)
        return self._groups

    def named_in(self, rows: Iterable[Record], processes: Iterable[Record], forms: Mapping[str, Form | None]) -> People:
        """Return the people in the tasks, in their forms, and in the kick-off forms of their processes."""
        owners = [Owners.of(row) for row in rows]
        values = [value for row in rows for value in _assignees(form_of(row) or (), values_of(row))]
        for process in processes:
            form = forms.get(str(process.get("checklist_id")))
            values += _assignees(form.fields if form else (), kickoff_values_of(process))
        has_members = any(owner.users for owner in owners) or any(map(member_ids_in, values))
        has_members = has_members or any(row.get("completer_id") for row in rows)
        has_groups = any(owner.groups for owner in owners) or any(value.get("groups") for value in values)
        return People(self.directory if has_members else None, self.groups if has_groups else None)


def _assignees(fields: Iterable[FormField], stored: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the values of a form that name people and groups."""
    found = (stored.get(form_field.id) for form_field in fields if form_field.kind == "assignees_form")
    return [value for value in found if isinstance(value, Mapping)]


def _owners(client: Client, params: Mapping[str, Any], people: _People) -> Owners:
    """Return the assignees to filter by."""
    assignee, group = tidied(params.get("assignee")), tidied(params.get("group"))
    problems, owners = [], Owners()
    if assignee:
        email = _acting_email(client) if fold(assignee) == ME else assignee
        member = people.directory.find(email)
        if member is not None:
            owners = replace(owners, users=(int(member["id"]),))
        elif "@" in email:
            owners = replace(owners, guests=(Email(email),))
        else:
            problems.append(f"assignee {assignee!r} is neither {ME} nor the e-mail address of a member or a guest")
    if group:
        found = people.groups.get(fold(group))
        if found is None:
            existing = choices(sorted(str(group["name"]) for group in people.groups.values()))
            problems.append(f"there is no group {group!r}; groups: {existing}")
        else:
            owners = replace(owners, groups=(str(found["id"]),))
    if problems:
        raise InputError(problems)
    return owners


def _acting_email(client: Client) -> str:
    email = client.acting_email()
    if email is None:
        raise OptionError("assignee=me needs a member: set act_as (TALLYFY_ACT_AS), or give a member's access_token.")
    return email


# --- processes --------------------------------------------------------------------------------------------------------


def _processes(
    client: Client, rows: Iterable[Record], processes: Mapping[str, Record], *, has_kickoff: bool
) -> dict[str, Record]:
    """Return the processes of the tasks whose names or kick-off values the tasks do not include."""
    names = ("name", "prerun") if has_kickoff else ("name",)
    lacking = {run_id for run_id, run in processes.items() if not all(name in run for name in names)}
    if not lacking:
        return {}
    template_ids = dict.fromkeys(str(row["checklist_id"]) for row in rows if str(row.get("run_id")) in lacking)
    found = [processes[run_id] for run_id in lacking]
    if len(lacking) > 1:
        # Listing processes takes fewer requests than reading each of them.
        listed = [run for template_id in template_ids for run in list_runs(client, template_id, workers=PAGE_WORKERS)]
        found = [run for run in listed if str(run["id"]) in lacking]
    whole = with_values(client, found) if has_kickoff or len(lacking) == 1 else found
    return {str(run["id"]): run for run in whole}


def _require_step(client: Client, filters: Filters) -> None:
    """Raise ``InputError`` when the template does not have the step: a misspelled step would never match a task."""
    try:
        template = get_template(client, str(filters.template_id))
    except InputError:
        # The template is archived; its processes go on.
        return
    try:
        template.step(filters.step)
    except UnfitError as error:
        raise InputError([f"step: {error} (of the template {template.title})"]) from None
