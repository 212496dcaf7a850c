# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the plan of one task, and completes it exactly once. Private to the collection.

The service completes a completed task again without an error, and sends webhooks and e-mails each time. So a completion
is sent once; if its answer is lost, the task is read. Source: API reference, "Tasks" and "Retry safety".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import (
    WRITE_ATTEMPTS,
    bring_about,
    replace_by,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    NotStoredError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import LATE_STATUSES
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known

from .comments import find_comment, is_same_comment, signature
from .desired import DesiredTask, sent_deadline
from .find import FoundTask, includes_for, read_again
from .people import People
from .plan import Planned, differing
from .record import COMPLETED, OPEN, Owners, process_of, shown_deadline, state_of

#: The advice for a lost answer.
STATE_UNKNOWN = (
    "It is unknown whether the request was carried out, so it was not repeated. Run this again: the next run reads the "
    "task first."
)


class TaskRun(PlanRun):
    """Carries out the plan of one task and keeps the record that the service last returned.

    The caller holds the lock of the task, ``lock_of``.
    """

    def __init__(
        self,
        client: Client,
        desired: DesiredTask,
        planned: Planned,
        found: FoundTask,
        people: People,
        known: Known,
    ) -> None:
        super().__init__(planned.plan)
        self.desired = desired
        self.people = people
        self.known = known
        self.record: Record = dict(found.task)
        self.process: Record = dict(found.process)
        self.notes: list[str] = [*found.notes, *planned.plan.warnings]
        self.fixed = list(planned.fixed)
        self._client = client
        self._corrections = planned.corrections
        # A task that has just been read is not read again before a write.
        self._is_fresh = True

    def carry_out(self, step: Step) -> bool:
        """Send the request of a step and check that the service stored it; return whether anything changed."""
        acts: dict[str, Callable[[Step], bool]] = {
            "reopened": lambda _step: self._reopen(),
            "updated": lambda _step: self._update(),
            "commented": self._comment,
            "completed": lambda _step: self._complete(),
        }
        return acts[step.action](step)

    # --- updates that must keep changes of others ---------------------------------------------------------------------

    def _update(self) -> bool:
        """Write the differences in one request, and check that they were stored."""
        path = task_path(self._client, self.record)
        is_written = False
        left: Record = {}
        for _attempt in range(WRITE_ATTEMPTS):
            done = replace_by(
                self._client, path, read=self._read, body=self._body, query={"with": includes_for(self.desired)}
            )
            is_written = is_written or done.is_written
            self._learn(done.after)
            if done.answer is None:
                return is_written
            self._accept_moved_deadline(done.before)
            left = {} if self._unshown(done.after) else self._differing(self.record)
            self._is_fresh = not self._unshown(done.after)
            if self._is_fresh and not left:
                return True
        raise NotStoredError(
            f"PUT {path}: Tallyfy answered with success, but did not store {', '.join(self._names_of(left))}.",
            not_stored=self._names_of(left),
        )

    def _read(self) -> tuple[Record, Record]:
        if not self._is_fresh:
            self._learn(self._client.get("tasks", self.record["id"], query={"with": includes_for(self.desired)}))
        self._is_fresh = False
        return dict(self.record), self._differing(self.record)

    def _differing(self, task: Record) -> Record:
        return differing(self.desired, task, self.people, self._corrections)

    def _body(self, task: Record, fields: Record) -> Record:
        if "deadline" in fields:
            fields = {**fields, "deadline": sent_deadline(fields["deadline"])}
        if task.get("run_id"):
            return fields
        # The service requires these for a one-off task.
        return {
            "title": task.get("title"),
            "deadline": task.get("deadline"),
            "owners": Owners.of(task).body(),
            **fields,
        }

    def _unshown(self, answer: Record) -> list[str]:
        """Return the written keys that an answer does not include."""
        names = {"form": "form_fields", "assignees": "owners", "deadline": "deadline", "summary": "summary"}
        return [
            name
            for option, name in names.items()
            if option in self.plan.after and name not in answer and not (option == "form" and "taskdata" in answer)
        ]

    def _accept_moved_deadline(self, before: Mapping[str, Any]) -> None:
        """Accept a deadline that the service moved to a working day."""
        stored = self.record.get("deadline")
        if "deadline" in self._differing(self.record) and stored != before.get("deadline"):
            desired = shown_deadline(self.desired.deadline and self.desired.deadline.isoformat())
            self.notes.append(f"{self.plan.subject}: Tallyfy moved the deadline {desired} to {shown_deadline(stored)}.")
            self.desired = self.desired.without_deadline()

    def _names_of(self, fields: Mapping[str, Any]) -> list[str]:
        labels = [
            correction.field.label
            for correction in self._corrections
            if correction.field.id in fields.get("taskdata", ())
        ]
        return [*labels, *(name for name in fields if name != "taskdata")]

    # --- requests that must not be sent twice -------------------------------------------------------------------------

    def _complete(self) -> bool:
        client, task_id = self._client, self.record["id"]
        body = {"task_id": task_id}
        if self.desired.approved is not None:
            body["is_approved"] = self.desired.approved
        try:
            answer = send_once(
                client,
                client.path(*completion_segments(self.record)),
                body,
                mark=completion_mark(client, self.record),
                find=lambda: self._read_if(lambda: state_of(self.record) == COMPLETED),
            )
        except InvalidError:
            # Somebody else may have completed it.
            if self._read_if(lambda: state_of(self.record) == COMPLETED) is None:
                raise
            return False
        self._learn(answer)
        if state_of(answer) != COMPLETED:
            self._read_if(lambda: True)
        client.completed_tasks.add(memory_of(client, self.record), client.now())
        self._expect_completed()
        return True

    def _expect_completed(self) -> None:
        if state_of(self.record) == COMPLETED:
            return
        if self.record.get("everyone_must_complete"):
            self.notes.append(f"{self.plan.subject}: The step stays open until all of its assignees have completed it.")
            return
        raise NotStoredError(
            f"{self.plan.subject}: Tallyfy answered the completion with success, but it is still open. Run this again.",
            not_stored=["state"],
        )

    def _reopen(self) -> bool:
        client = self._client
        segments = [*completion_segments(self.record), self.record["id"]]
        self._is_fresh = False
        try:
            answer = bring_about(
                client,
                *segments,
                method="DELETE",
                read=lambda: self._read_if(lambda: True) or {},
                is_so=lambda task: state_of(task) == OPEN,
            )
        except (InvalidError, NotFoundError):
            # Tallyfy refuses to reopen an open task; somebody else may have reopened it.
            if self._read_if(lambda: state_of(self.record) == OPEN) is None:
                raise
            return False
        finally:
            client.completed_tasks.drop(memory_of(client, self.record), client.now())
        self._learn(answer if "status" in answer else (self._read_if(lambda: True) or {}))
        if state_of(self.record) != OPEN:
            raise NotStoredError(
                f"{self.plan.subject}: Tallyfy answered the reopening with success, but it is still completed.",
                not_stored=["state"],
            )
        return True

    def _comment(self, step: Step) -> bool:
        content = str(step.values["comment"])
        segments = ("tasks", self.record["id"], "comment")
        found = find_comment(self.record, self.desired.comment_key)

        def stored() -> Record | None:
            self._read_if(lambda: True)
            comment = find_comment(self.record, self.desired.comment_key)
            return comment if comment is not None and is_same_comment(comment, content) else None

        if found is None:
            path = self._client.path(*segments)
            mark = comment_mark(self._client, self.record, self.desired.comment_key)
            answer = send_once(self._client, path, {"content": content}, mark=mark, find=stored)
        else:
            try:
                answer = bring_about(
                    self._client,
                    *segments,
                    found["id"],
                    body={"content": content},
                    read=lambda: stored() or {},
                    is_so=bool,
                )
            except ForbiddenError as error:
                error.advise("Only its author can change a comment; give another comment_key to write a new comment.")
                raise
        if not is_same_comment(answer, content) and stored() is None:
            raise NotStoredError(
                f"{self.plan.subject}: Tallyfy answered with success, but did not store the comment.",
                not_stored=["comment"],
            )
        return True

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read_if(self, is_so: Callable[[], bool]) -> Record | None:
        """Read the task again and return it if ``is_so``."""
        found = read_again(self._client, self.desired, FoundTask(self.record, self.process))
        self._learn(found.task)
        return self.record if is_so() else None

    def _learn(self, record: Mapping[str, Any]) -> None:
        self.record.update(record)
        self.process.update(process_of(record))


def send_once(
    client: Client, path: str, body: Mapping[str, Any], *, mark: str, find: Callable[[], Record | None]
) -> Record:
    """Send a POST that must not be repeated, and return the answer, or after a lost one what ``find`` returns.

    ``await_late_writes`` waits for ``mark`` in the next run, while the service may still carry out the request.
    """
    client.late_writes.add(mark, client.now())
    try:
        answer = client.create(path, body, find=find, attempts=1)
    except TallyfyError as error:
        is_late = bool(error.facts.get("is_late")) or getattr(error, "status", None) in LATE_STATUSES
        if not is_late:
            client.late_writes.drop(mark, client.now())
        if not isinstance(error, ApiError) or not error.may_be_done:
            raise
        raise LostAnswerError(error.request, error.answer, advice=STATE_UNKNOWN, status=error.status) from error
    client.late_writes.drop(mark, client.now())
    return answer


def task_path(client: Client, task: Mapping[str, Any]) -> str:
    """Return the route that changes a task."""
    run = task.get("run_id")
    return client.path("runs", run, "tasks", task["id"]) if run else client.path("tasks", task["id"])


def completion_segments(task: Mapping[str, Any]) -> list[object]:
    """Return the route that completes a task."""
    run = task.get("run_id")
    return ["runs", run, "completed-tasks"] if run else ["completed-tasks"]


def completion_mark(client: Client, task: Mapping[str, Any]) -> str:
    """Return the route that reopens a task, also the key of a completion without an answer."""
    return client.path(*completion_segments(task), task["id"])


def comment_mark(client: Client, task: Mapping[str, Any], key: str | None) -> str:
    return f"{client.path('tasks', task['id'], 'comment')} {signature(key)}"


def memory_of(client: Client, task: Mapping[str, Any]) -> str:
    """Return the key of a task among those that this controller has completed."""
    return f"{client.connection.api_url}\n{client.path('tasks', task['id'])}"


def marks_of(client: Client, task: Mapping[str, Any], comment_key: str | None) -> list[str]:
    """Return the keys of all writes to a task that may have no answer."""
    return [completion_mark(client, task), task_path(client, task), comment_mark(client, task, comment_key)]
