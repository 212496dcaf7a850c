# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A one-off task, created once for its reference. Private to the collection.

The service creates any number of tasks with the same title. So each task has a reference in brackets at the end of its
title, by which the second run finds what the first run created. Source: API reference, "Tasks" and "Retry safety".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import await_late_writes, bring_about
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step, unchangeable
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import flaw_in
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotFoundError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import (
    DesiredProcess,
    is_same_name,
    plain,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import Found
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import is_archived

from .desired import TASK_OPTIONS, DesiredTask, sent_deadline, validate_task
from .find import FoundTask, read_again
from .oneoff_search import find_oneoff
from .people import People, look_up
from .plan import Situation, plan_task
from .record import APPROVAL, ARCHIVED, COMPLETED, OPEN, Owners
from .run import TaskRun, send_once
from .shape import shape_task
from .single import SingleTask, task_after

LONGEST_TITLE = 600
TASK = "task"
#: The argument spec of ``tallyfy_oneoff_task``.
ONEOFF_OPTIONS: dict[str, dict[str, Any]] = {
    "title": {"type": "str", "required": True},
    "reference": {"type": "str", "required": True},
    "type": {"type": "str", "choices": [TASK, APPROVAL]},
    "assignees": LIST_OPTION,
    "deadline": {"type": "str"},
    "summary": {"type": "str"},
    "state": {"type": "str", "choices": [OPEN, COMPLETED, ARCHIVED]},
    "approved": TASK_OPTIONS["approved"],
}


@dataclass(frozen=True)
class DesiredOneOff:
    """The desired state of a one-off task. ``task`` is the part that all kinds of tasks have."""

    named: DesiredProcess
    kind: str | None
    state: str | None
    task: DesiredTask

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredOneOff:
        """Return the task that module parameters describe."""
        named = DesiredProcess.from_params({"name": params["title"], "reference": params["reference"]})
        return cls(named, params.get("type"), params.get("state"), DesiredTask.from_params(_of_task(params)))

    @property
    def title(self) -> str:
        """The title with the reference at the end."""
        return self.named.full_name("")


def _of_task(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that all kinds of tasks have; an archived task is not changed."""
    state = params.get("state")
    names = ("assignees", "deadline", "summary", "approved")
    return {"state": None if state == ARCHIVED else state, **{name: params.get(name) for name in names}}


def validate_oneoff(params: Mapping[str, Any]) -> list[str]:
    """Return all errors in the desired task that can be found without a request."""
    desired = DesiredOneOff.from_params(params)
    problems = []
    for option, text in (("title", desired.named.name), ("reference", desired.named.reference)):
        flaw = flaw_in(text or "") if text else "is blank"
        problems += [f"{option} {flaw}"] if flaw else []
    if len(desired.title) > LONGEST_TITLE:
        length = len(desired.title)
        problems.append(f"title has {length} characters including its reference; at most {LONGEST_TITLE} are allowed")
    return problems + validate_task(_of_task(params))


def ensure_oneoff(client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring the one-off task into the desired state and return the result of ``tallyfy_oneoff_task``."""
    problems = validate_oneoff(params)
    if problems:
        raise InputError(problems)
    result = _OneOff(client, DesiredOneOff.from_params(params)).ensure()
    for note in result["notes"]:
        warn(note)
    return result


class _OneOff:
    """A one-off task. Only one run of this controller at a time may find and create it."""

    def __init__(self, client: Client, desired: DesiredOneOff) -> None:
        self._client = client
        self._desired = desired
        reference = plain(desired.named.reference)
        self._lock = f"the one-off task {reference} of {client.connection.org_id}"
        #: The key, in the state files, of a creation without an answer.
        self._mark = f"{client.path('tasks')} {reference}"
        self._notes: list[str] = []

    def ensure(self) -> dict[str, Any]:
        client = self._client
        with contextlib.ExitStack() as locks:
            if not client.check_mode and not client.lock_flaw:
                locks.enter_context(client.alone(self._lock))
                await_late_writes(client, [self._mark])
            found = find_oneoff(client, self._desired.named)
            task = found.current
            if task is None:
                return self._when_absent()
            self._note(task, found)
            if is_archived(task):
                return self._when_archived(task)
            return self._archived(task) if self._desired.state == ARCHIVED else self._converged(task)

    def _note(self, task: Record, found: Found) -> None:
        title, subject = self._desired.title, str(task.get("title"))
        several = len(found.active or found.archived)
        if several > 1:
            self._notes.append(
                f"{title}: {several} tasks have this reference; the task with the ID {task['id']} was used."
            )
        if not any(is_same_name(subject, name) for name in (title, self._desired.named.name)):
            self._notes.append(
                f"The task with this reference has the title {subject!r}, which was not changed. To create {title!r} "
                f"as a second task, give another reference."
            )

    def _when_absent(self) -> dict[str, Any]:
        # A task that does not exist need not be completed or archived.
        if self._desired.state in (COMPLETED, ARCHIVED):
            return self._result(Plan(self._desired.title).run(_nothing, check_mode=True), None)
        return self._created()

    def _when_archived(self, task: Record) -> dict[str, Any]:
        if self._desired.state == OPEN:
            return self._restored(task)
        if self._desired.state is None:
            self._notes.append(f"{task['title']}: The task is archived and was not changed; state=open restores it.")
        return self._result(Plan(str(task["title"])).run(_nothing, check_mode=True), _as_archived(self._shown(task)))

    # --- writing ------------------------------------------------------------------------------------------------------

    def _created(self) -> dict[str, Any]:
        client, desired, title = self._client, self._desired.task, self._desired.title
        people = look_up(client, desired.assignees, Owners()) if desired.assignees else People()
        problems = people.problems(desired.assignees, Owners()) if desired.assignees else []
        owners = people.desired(desired.assignees, Owners()) if desired.assignees and not problems else Owners()
        if not problems and owners == Owners():
            problems.append("assignees is missing: a new task needs an assignee")
        if desired.deadline is None:
            problems.append("deadline is missing: a new task needs a deadline")
        if problems or desired.deadline is None:
            raise InputError(problems)
        kind = self._desired.kind or TASK
        body = {"title": title, "task_type": kind, "owners": owners.body(), "deadline": sent_deadline(desired.deadline)}
        reported = {
            "title": title, "type": kind, "assignees": people.shown(owners),
            "deadline": iso_utc(desired.deadline.timestamp()),
        }  # fmt: skip
        if desired.summary:
            body["summary"] = reported["summary"] = desired.summary
        record: Record = {**body, "id": None, "status": "not-started", "deadline": reported["deadline"]}

        def make(_step: Step) -> None:
            record.update(send_once(client, client.path("tasks"), body, mark=self._mark, find=self._find))

        client.require_locks()
        plan = Plan(title, {}, reported, (Step("created", title, "no task has this reference", reported),))
        made = plan.run(make, check_mode=client.check_mode)
        if client.check_mode:
            return self._result(made, self._shown(record, people))
        with _after(made):
            found = read_again(client, desired, FoundTask(record, {}))
            planned = plan_task(desired, Situation(found.task, people=people))
            run = TaskRun(client, desired, planned, found, people, Known())
            run.complete(run.carry_out)
            return self._joined(made, run)

    def _find(self) -> Record | None:
        return find_oneoff(self._client, self._desired.named).current

    def _archived(self, task: Record) -> dict[str, Any]:
        title = str(task["title"])
        shown = self._shown(task)
        step = Step("archived", title, "state=archived", {"state": ARCHIVED})
        plan = Plan(title, {"state": shown["state"]}, {"state": ARCHIVED}, (step,))

        def archive(_step: Step) -> None:
            bring_about(
                self._client, "tasks", task["id"], method="DELETE",
                read=lambda: self._read(task), is_so=lambda record: not record or is_archived(record),
            )  # fmt: skip

        self._client.require_locks()
        return self._result(plan.run(archive, check_mode=self._client.check_mode), _as_archived(shown))

    def _restored(self, task: Record) -> dict[str, Any]:
        title = str(task["title"])
        step = Step("unarchived", title, "archived", {"state": OPEN})
        plan = Plan(title, {"state": ARCHIVED}, {"state": OPEN}, (step,))

        def restore(_step: Step) -> None:
            bring_about(
                self._client, "tasks", task["id"], "restore",
                read=lambda: self._read(task), is_so=lambda record: bool(record) and not is_archived(record),
            )  # fmt: skip

        self._client.require_locks()
        made = plan.run(restore, check_mode=self._client.check_mode)
        with _after(made):
            return self._converged({**task, "archived_at": None}, made)

    def _read(self, task: Record) -> Record:
        """Return the current task, an empty record where it is not found: the service may hide an archived task."""
        try:
            return self._client.get("tasks", task["id"])
        except NotFoundError:
            return {}

    def _converged(self, task: Record, made: dict[str, Any] | None = None) -> dict[str, Any]:
        """Bring an existing task into the desired state; ``made`` is the result of the changes before."""
        kind = self._desired.kind
        run = SingleTask(self._client, self._desired.task, lambda *_: FoundTask(task, {})).ensure()
        if kind not in (None, task.get("task_type")):
            run.fixed.append(
                unchangeable("type", task.get("task_type"), kind, "Tallyfy does not change the type of a task.")
            )
        return self._joined(made, run)

    # --- results ------------------------------------------------------------------------------------------------------

    def _joined(self, made: Mapping[str, Any] | None, run: TaskRun) -> dict[str, Any]:
        """Return the joined result of the changes before and of the run."""
        run.raise_failure()
        self._notes += run.notes
        result, task = run.result(), task_after(self._client, run)
        if made is not None:
            diff, more = made["diff"], result["diff"]
            result["changed"] = True
            result["actions"] = [*made["actions"], *result["actions"]]
            result["diff"] = {
                **diff,
                "before": {**more["before"], **diff["before"]},
                "after": {**diff["after"], **more["after"]},
            }
        return self._result(result, task, run.fixed)

    def _result(self, result: dict[str, Any], task: Record | None, fixed: list[Record] | None = None) -> dict[str, Any]:
        return {**result, "task": task, "unchangeable": fixed or [], "notes": self._notes}

    def _shown(self, task: Record, people: People | None = None) -> Record:
        return shape_task(task, people or People(), self._client.service_now())


def _as_archived(shown: Record) -> Record:
    return {**shown, "state": ARCHIVED, "is_overdue": False}


def _nothing(_step: Step) -> None:
    raise AssertionError("an empty plan has no steps")


@contextlib.contextmanager
def _after(made: Mapping[str, Any]) -> Iterator[None]:
    """Add the actions so far to an error."""
    try:
        yield
    except TallyfyError as error:
        later = error.facts.get("actions")
        error.facts["actions"] = [*made["actions"], *(later if isinstance(later, list) else ())]
        error.facts["changed"] = True
        raise
