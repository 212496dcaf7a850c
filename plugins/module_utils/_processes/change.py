# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of an existing process. Private to the collection.

Source: API reference, "Processes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import (
    await_late_write,
    bring_about,
    rewrite,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    NotStoredError,
    ServerError,
    TallyfyError,
    UnreadableAnswerError,
)

from .desired import DesiredProcess, is_same_name
from .fields import choices
from .launch import Known
from .plan import Correction
from .record import shown_names, tie_id, values_of
from .reference import Finder, Sought
from .shape import shape_process
from .template import is_archived
from .values import is_stored

#: After these errors the service may still have carried out the write.
LOST = (LostAnswerError, ServerError, UnreadableAnswerError)


class ChangeRun(PlanRun):
    """Changes one process and keeps the record that the service last returned."""

    def __init__(
        self,
        client: Client,
        desired: DesiredProcess,
        plan: Plan,
        known: Known,
        *,
        current: Mapping[str, Any] | None,
        finder: Finder,
        sought: Sought,
        corrections: Sequence[Correction] = (),
        shape: Callable[[Record], Record] = shape_process,
    ) -> None:
        super().__init__(plan)
        #: Shapes the process for the result of a failure.
        self.shape = shape
        self.desired = desired
        self.known = known
        self.finder = finder
        self.sought = sought
        self.record: Record = dict(current or {})
        self.notes: list[str] = list(plan.warnings)
        self._client = client
        self.corrections = corrections

    def _archive(self, step: Step) -> None:
        run_id = step.target or str(self.record["id"])
        archived = self._archive_run(run_id)
        if run_id == str(self.record["id"]):
            self.record.update(archived)

    def _archive_run(self, run_id: str) -> Record:
        """Archive a process and return its record."""
        path = self._client.path("runs", run_id)
        await_late_write(self._client, f"{path}/activate")
        try:
            record = self._client.call("DELETE", path).record or self._client.get("runs", run_id)
        except NotFoundError:
            # An earlier attempt or somebody else has archived it, or the URL is wrong.
            if any(str(run["id"]) == run_id for run in self.finder.look_again([self.sought])[0]):
                raise
            record = {"status": "archived"}
        self._expect(is_archived(record), f"DELETE {path}", "the process is still active")
        return record

    def _reactivate(self) -> None:
        path = self._client.path("runs", self.record["id"], "activate")
        run_id = self.record["id"]
        try:
            answer = bring_about(
                self._client,
                "runs",
                run_id,
                "activate",
                read=lambda: self._client.get("runs", run_id),
                is_so=lambda run: not is_archived(run),
            )
            self._learn(answer)
        except InvalidError:
            # Tallyfy refuses to reactivate an active process; somebody else may have reactivated it.
            self._learn({})
            if is_archived(self.record):
                raise
        self._expect(not is_archived(self.record), f"PUT {path}", "the process is still archived")

    def _update(self, step: Step) -> bool:
        changes = {name: value for name, value in step.values.items() if name == "name"}
        if "owner" in step.values:
            changes["owner_id"] = self.known.member_id(self.desired.owner or "")
        try:
            return self._put(changes)
        except (InvalidError, NotStoredError) as error:
            is_about_name = (
                list(error.errors) == ["name"]
                if isinstance(error, InvalidError)
                else error.facts.get("not_stored") == ["name"]
            )
            # A process that is found by its reference field does not depend on its name.
            if "name" not in changes or not is_about_name or self.sought.field_id is None:
                raise
            self._note_other_name(str(changes.pop("name")), error)
            return self._put(changes) if changes else False

    def _note_other_name(self, name: str, error: TallyfyError) -> None:
        reason = error.answer if isinstance(error, ApiError) else error.message
        self.notes.append(
            f"{self.record.get('name')}: Tallyfy chose this name and refused to change it to {name} ({reason})."
        )

    def _update_kickoff(self) -> bool:
        """Write kick-off values. Send all of them, since the service may remove omitted values.

        Source: API reference, "Update, archive, reactivate" (it does not say whether a completed form accepts values).
        """
        try:
            return self._put({})
        except InvalidError as error:
            error.advise("If the kick-off form is completed, reopen it in Tallyfy first.")
            raise
        except NotStoredError as error:
            labels = [correction.field.label for correction in self.corrections]
            raise NotStoredError(
                f"{self.record.get('name')}: Tallyfy answered with success, but did not store {choices(labels)}. Set "
                f"them in Tallyfy; if the kick-off form is completed, reopen it first.",
                process=self.shape(self.record),
                not_stored=labels,
            ) from error

    def _put(self, changes: Mapping[str, Any]) -> bool:
        """Write the fields that differ and keep the rest; return whether anything was written.

        Without ``changes``, write the kick-off values.
        """

        def differing(run: Record) -> Record:
            if not changes:
                stored = values_of(run)
                sent = {correction.field.id: correction.sent for correction in self.corrections}
                lost = any(
                    not is_stored(correction.field, correction.sent, stored.get(correction.field.id))
                    for correction in self.corrections
                )
                kept = {name: value for name, value in stored.items() if value is not None}
                return {"prerun": {**kept, **sent}} if lost else {}
            return {name: value for name, value in changes.items() if not is_same_name(run.get(name), value)}

        def body(run: Record, fields: Record) -> Record:
            # A PUT detaches the users and groups that it omits. The name may have HTML escapes, so it is not sent.
            kept = {name: [_id_of(item) for item in run[name]] for name in ("users", "groups")}
            return {**kept, **fields}

        run, is_written = rewrite(
            self._client,
            "runs",
            self.record["id"],
            differing=differing,
            body=body,
            unseen=lambda run: [
                *(name for name in ("users", "groups") if not isinstance(run.get(name), list)),
                *(["prerun"] if not changes and "prerun" not in run else []),
            ],
        )
        self.record.update(run)
        return is_written

    def _add_tag(self, step: Step) -> None:
        title = str(step.target)
        body = {
            "subject_id": self.record["id"],
            "subject_type": "Run",
            "tag_id": self.known.tie("tags", title)[0],
            "tag_type": "private",
        }
        self._attach(self._client.path("checklists", "tags"), body, "tags", title)

    def _untag(self, step: Step) -> None:
        title = str(step.target)
        path = self._client.path("checklists", "tags", tie_id(self.record, title))
        with contextlib.suppress(NotFoundError, *LOST):
            # Read the process after every answer: an unknown ID gets the same answer as a removed tag.
            self._client.call("DELETE", path)
        self._expect(
            self._shown_with("tags", title) is None, f"DELETE {path}", f"the process still has the tag {title}"
        )

    def _add_to_folder(self, step: Step) -> None:
        name = str(step.target)
        body = {
            "folder_id": self.known.tie("folders", name)[0],
            "subject_id": self.record["id"],
            "subject_type": "Run",
        }
        self._attach(self._client.path("folders", "add-object"), body, "folders", name)

    def _attach(self, path: str, body: Mapping[str, Any], kind: str, name: str) -> None:
        try:
            # The answer is the ID of the association, and no record.
            self._client.call("POST", path, body=body)
        except LOST:
            if self._shown_with(kind, name) is None:
                raise
            return
        self._expect(
            self._shown_with(kind, name) is not None,
            f"POST {path}",
            f"the process does not have {name} among its {kind}",
        )

    def _shown_with(self, kind: str, name: str) -> Record | None:
        """Return the current process, ``None`` when it does not have this tag or is not in this folder."""
        run = self._client.get("runs", self.record["id"], query={"with": kind})
        self.record.update(run)
        return run if fold(name) in map(fold, shown_names(run, kind) or ()) else None

    def _learn(self, record: Mapping[str, Any]) -> None:
        if not record:
            record = self._client.get("runs", self.record["id"])
        self.record.update(record)

    def _expect(self, is_so: bool, request: str, answer: str) -> None:
        if not is_so:
            raise NotStoredError(f"{request}: the service answered with success, but {answer}. Run it again.")


def _id_of(record: Any) -> Any:
    if not isinstance(record, Mapping):
        return record
    return next((record[name] for name in ("id", "user_id", "group_id") if name in record), record)
