# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds, plans and changes the task of ``tallyfy_task``. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import await_late_writes
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import list_groups, members_of
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import find_member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import look_up as look_up_values

from .desired import DesiredTask, validate_task
from .find import FoundTask, find_task, read_again
from .people import People, look_up
from .plan import Situation, encoded_form, obstacles, plan_task
from .record import COMPLETED, OPEN, Owners, is_overdue, state_of
from .run import TaskRun, marks_of, memory_of
from .shape import shape_task


def ensure_task(client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring one task into the desired state and return the result of ``tallyfy_task``."""
    problems = validate_task(params)
    if problems:
        raise InputError(problems)
    desired = DesiredTask.from_params(params)
    run = SingleTask(client, desired).ensure()
    for note in run.notes:
        warn(note)
    run.raise_failure()
    looked = {} if desired.has_changes else {"obstacles": obstacles_to(client, run)}
    return {**run.result(), "task": task_after(client, run), "unchangeable": run.fixed, "notes": run.notes, **looked}


class SingleTask:
    """A task. Only one run of this controller at a time may change it.

    ``find`` replaces the way in which the task is found.
    """

    def __init__(
        self, client: Client, desired: DesiredTask, find: Callable[[Client, DesiredTask], FoundTask] = find_task
    ) -> None:
        self._client = client
        self._desired = desired
        self._find = find

    def ensure(self) -> TaskRun:
        """Find the task, plan the changes, and make them unless in check mode; return the run."""
        client, desired = self._client, self._desired
        with contextlib.ExitStack() as locks:
            # With a known ID, the lock is taken first, so the task is read only once.
            is_alone = bool(desired.task_id) and not client.check_mode and not client.lock_flaw
            if is_alone:
                locks.enter_context(client.alone(lock_of(str(desired.task_id))))
            found = self._find(client, desired)
            run = self._planned(found)
            if not client.check_mode and (run.plan.steps or self._doubts(found)):
                client.require_locks()
                if not is_alone:
                    locks.enter_context(client.alone(lock_of(str(found.task["id"]))))
                if await_late_writes(client, self._doubts(found)) or not is_alone:
                    run = self._planned(read_again(client, desired, found))
            run.complete(run.carry_out, check_mode=client.check_mode)
        return run

    def _doubts(self, found: FoundTask) -> list[str]:
        """Return the writes of earlier runs to the task that have no answer.

        They include the requests of a run that is changing the task now.
        """
        if not self._desired.has_changes:
            return []
        marks = marks_of(self._client, found.task, self._desired.comment_key)
        return self._client.late_writes.known(marks, self._client.now())

    def _planned(self, found: FoundTask) -> TaskRun:
        client, desired, task = self._client, self._desired, found.task
        people = look_up(client, desired.assignees, Owners.of(task)) if desired.assignees is not None else People()
        form = encoded_form(desired, task)
        known = look_up_values(client, [], form.assignees) if form.assignees else Known()
        completes = desired.state == COMPLETED and state_of(task) == OPEN
        mark = memory_of(client, task)
        situation = Situation(
            task,
            found.process,
            people,
            known,
            was_completed=completes and client.completed_tasks.since(mark, client.now()) is not None,
            may_complete=not completes or may_complete(client, task),
        )
        return TaskRun(client, desired, plan_task(desired, situation), found, people, known)


def obstacles_to(client: Client, run: TaskRun) -> list[str]:
    """Return the reasons, other than the form, for which the task cannot be completed now."""
    was_completed = client.completed_tasks.since(memory_of(client, run.record), client.now()) is not None
    may = may_complete(client, run.record)
    return obstacles(Situation(run.record, run.process, was_completed=was_completed, may_complete=may))


def may_complete(client: Client, task: Mapping[str, Any]) -> bool:
    """Return whether the acting member may complete the task, as far as that is known."""
    if not task.get("can_complete_only_assignees"):
        return True
    email = client.acting_email()
    member = find_member(client, email) if email else None
    # The service decides what applications and administrators may do.
    if member is None or member.role == "admin":
        return True
    owners, member_id = Owners.of(task), int(member["id"])
    if member_id in owners.users:
        return True
    groups = list_groups(client).values() if owners.groups else ()
    return any(member_id in members_of(group) for group in groups if str(group["id"]) in owners.groups)


def lock_of(task_id: str) -> str:
    """Return the readable name of the lock of a task."""
    return f"the step {task_id}"


def task_after(client: Client, run: TaskRun) -> Record:
    """Return the task after the run, or, in check mode, as far as the plan shows it."""
    shaped = shape_task(run.record, run.people, client.service_now(), run.process, run.known)
    if not run.is_pretended:
        return shaped
    after = dict(run.plan.after)
    after.pop("comment", None)
    shaped["form"] = {**shaped["form"], **after.pop("form", {})}
    shaped.update(after)
    if "state" in after:
        # Status, time and author of the change are known only after it.
        is_completed = after["state"] == COMPLETED
        shaped.update(status=COMPLETED if is_completed else "in-progress", completed_at=None, completed_by=None)
        shaped["approved"] = after.get("approved") if is_completed else None
    if "deadline" in after or "state" in after:
        shaped["is_overdue"] = is_overdue(shaped, client.service_now())
    return shaped
