# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the plans of processes, and launches each process exactly once. Private to the collection.

Source: API reference, "Processes" and "Recipes".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyError,
    InvalidError,
    LostAnswerError,
    NotStoredError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import LATE_STATUSES
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import find_member

from .change import LOST, ChangeRun
from .desired import DesiredProcess
from .doubt import Doubt, doubt_since, mark_of
from .fields import choices
from .launch import Known, Launch
from .plan import Correction
from .record import TIES, age, launch_second, values_of
from .reference import Finder, Sought
from .shape import shape_process
from .values import shown_value

NOT_LISTED = "{}: another run may have launched it too; Tallyfy does not list it yet. The next run checks this."
STATE_UNKNOWN = (
    "It is unknown whether the process was launched, so the launch was not repeated. Run this again: the next run "
    "looks for the process first."
)


class ProcessRun(ChangeRun):
    """Carries out the plan of one process and keeps the record that the service last returned.

    The caller of a plan that launches holds the lock of the template, calls ``use_existing`` before and
    ``settle_launches`` afterwards.
    """

    def __init__(
        self,
        client: Client,
        desired: DesiredProcess,
        plan: Plan,
        known: Known,
        *,
        current: Mapping[str, Any] | None,
        launch: Launch | None,
        finder: Finder,
        sought: Sought,
        corrections: Sequence[Correction] = (),
        shape: Callable[[Record], Record] = shape_process,
    ) -> None:
        super().__init__(
            client,
            desired,
            plan,
            known,
            current=current,
            finder=finder,
            sought=sought,
            corrections=corrections,
            shape=shape,
        )
        self.launch = launch
        #: The process that this run launched, if known, and the second of the service before the launch.
        self.launched: Record | None = None
        self.launch_began: int | None = None

    def carry_out(self, step: Step) -> bool:
        """Send the request of a step and check that the service stored it; return whether anything changed."""
        acts: dict[Verb, Callable[[Step], bool | None]] = {
            "launched": lambda _step: self._launch(),
            "archived": self._archive,
            "unarchived": lambda _step: self._reactivate(),
            "updated": self._update,
            "kickoff_updated": lambda _step: self._update_kickoff(),
            "tagged": self._add_tag,
            "untagged": self._untag,
            "added_to_folder": self._add_to_folder,
        }
        return acts[step.action](step) is not False

    # --- launching ----------------------------------------------------------------------------------------------------

    @property
    def launches(self) -> bool:
        """Whether the next step is the launch."""
        step = next(self.open_steps(), None)
        return step is not None and step.action == "launched"

    @property
    def may_have_launched(self) -> bool:
        """Whether the launch was sent and not clearly refused."""
        return self.launch_began is not None and (self.launched is not None or self.error is None or self.is_unknown)

    def use(self, found: Record) -> None:
        """Use the process that somebody else has launched since the plan was made."""
        for step in self.open_steps():
            self.finish(step, is_done=False)
        self.record = found

    def _launch(self) -> bool:
        launch = self.launch
        if launch is None:
            raise AssertionError("a plan with a launch needs the prepared launch")
        client, mark = self._client, self.mark
        earlier = self._earlier_launch(launch)
        if earlier is not None:
            self.record = earlier
            self._ensure_name(launch)
            return False
        body = launch.body(self.desired, self.known)
        self.launch_began = client.service_now()
        # The next run reads these when this run is interrupted.
        client.late_launches.add(mark, client.now())
        client.doubtful_launches.add(mark, self.launch_began)
        try:
            # A repeated request would launch a second process, so it is never repeated.
            self.record = self._post(launch, body)
        except TallyfyError as error:
            if not isinstance(error, ApiError) or not error.may_be_done:
                client.doubtful_launches.drop(mark, client.now())
            is_late = bool(error.facts.get("is_late")) or getattr(error, "status", None) in LATE_STATUSES
            if not is_late:
                client.late_launches.drop(mark, client.now())
            if not isinstance(error, ApiError) or not error.may_be_done:
                raise
            raise LostAnswerError(error.request, error.answer, advice=STATE_UNKNOWN, status=error.status) from error
        client.late_launches.drop(mark, client.now())
        # The answer includes neither.
        for kind in TIES:
            desired = self.desired.ties(kind).desired
            self.record.setdefault(kind, [{"name": self.known.tie(kind, name)[1]} for name in desired])
        self.finder.add(self.record)
        self._ensure_name(launch)
        self._require_stored(launch, body)
        return True

    def _post(self, launch: Launch, body: Record) -> Record:
        path, began = self._client.path("runs"), self.launch_began or 0
        read_back: list[Record] = []

        def find() -> Record | None:
            found = self._find_doubtful(launch, doubt_since(self._client, began))
            read_back.extend([found] if found is not None else [])
            return found

        try:
            record = self._client.create(path, body, find=find, attempts=1)
        except InvalidError as error:
            if "name" not in error.errors or self.desired.reference_field is None:
                raise
            # Tallyfy names the processes of this template itself.
            del body["name"]
            record = self._client.create(path, body, find=find, attempts=1)
        self.launched = None if read_back else record
        return record

    def _ensure_name(self, launch: Launch) -> None:
        if not launch.template.names_its_processes and not self.desired.is_carried_by(self.record):
            self._rename(launch)

    def _find_doubtful(self, launch: Launch, doubt: Doubt) -> Record | None:
        """Return the process of a launch without an answer, ``None`` if it does not exist.

        Where neither name nor field identifies it, its values, starter and time do.
        """
        active = self.finder.look_again([self.sought])[0]
        if active:
            return active[0]
        recent = self.finder.launched_in(doubt)
        carrying = [run for run in recent if self.desired.is_carried_by(run, self.sought.field_id)]
        if carrying:
            return carrying[0]
        alike = [run for run in recent if launch.is_like(run, self.known)]
        alike = [run for run in alike if self.finder.is_unmarked(run, self.desired)]
        starter = self._starter() if alike else None
        ours = (run for run in alike if run.get("started_by") is None or str(run["started_by"]) == starter)
        return next((run for run in ours if self.finder.claim(str(run["id"]), self.desired.key)), None)

    def _starter(self) -> str | None:
        email = self._client.acting_email()
        member = find_member(self._client, email) if email is not None else None
        return None if member is None else str(member["id"])

    @property
    def mark(self) -> str:
        """The key of the launch in the state files of this controller."""
        return mark_of(self._client, self.finder.template_id, self.desired)

    def forget_doubt(self) -> None:
        """Record that the process exists and can be found."""
        self._client.doubtful_launches.drop(self.mark, self._client.now())

    def _earlier_launch(self, launch: Launch) -> Record | None:
        """Return the process of a recent launch without an answer by an earlier run, if it exists by now.

        Raises ``BusyError`` when the service may still carry out that launch for longer than this task may wait.
        """
        client, now = self._client, self._client.now()
        since, asked = client.doubtful_launches.since(self.mark, now), client.late_launches.since(self.mark, now)
        if since is None:
            return None
        doubt = doubt_since(client, since)
        found = self._find_doubtful(launch, doubt)
        if found is not None or asked is None:
            return found
        until = asked + client.late_launches.seconds
        if not client.wait(max(0.0, until - now)):
            not_before = iso_utc(until)
            raise BusyError(
                f"Tallyfy has not answered a recent request to launch {launch.name} and may still carry it out, so the "
                f"launch was not repeated. Run this again after {not_before}, or allow a longer max_wait.",
                not_before=not_before,
            )
        return self._find_doubtful(launch, doubt)

    def _rename(self, launch: Launch) -> None:
        """Rename the process as desired: the template may have named it, and later runs would not find it."""
        try:
            self._put({"name": launch.name})
        except TallyfyError as error:
            # Whatever the reason is, only this message prevents a second launch by the next run.
            reason = error.answer if isinstance(error, ApiError) else error.message
            if self.sought.field_id is not None:
                self._note_other_name(launch.name, error)
                return
            raise NotStoredError(
                f"{launch.name} was launched, but Tallyfy named it {self.record.get('name')} and refused to rename it "
                f"({reason}). Rename it in Tallyfy, or the next run launches another process. With reference_field, "
                f"the name does not matter.",
                process=self.shape(self.record),
                not_stored=["name"],
            ) from error

    def named_members(self) -> list[str]:
        """Return the e-mail addresses of the members that the process names."""
        assignees = self.launch.assignees if self.launch is not None else []
        owner = [self.desired.owner] if self.desired.owner else []
        return [*owner, *(email for named in assignees for email in named.members)]

    def named_groups(self) -> list[str]:
        """Return the names of the groups that the launch names."""
        assignees = self.launch.assignees if self.launch is not None else []
        return [name for named in assignees for name in named.groups]

    @property
    def is_unknown(self) -> bool:
        """Whether the answer to the launch was lost and the process was not found."""
        return self.failed_step is not None and self.failed_step.action == "launched" and isinstance(self.error, LOST)

    def settle(self, active: Sequence[Record]) -> None:
        """Keep the oldest active process with the reference after the launch, and archive one that this run launched.

        ``active`` is sorted, oldest first. Every run that launches does this and sees all older processes, so the
        oldest stays, and the other runs archive theirs.
        """
        if not active:
            if not self.is_unknown:
                self.notes.append(NOT_LISTED.format(self.record.get("name")))
            return
        if self.is_unknown:
            self._take_late(active[0])
        own = next((run for run in active if run["id"] == self.record.get("id")), {})
        # The template may have added tags or folders.
        self.record.update({kind: own[kind] for kind in TIES if kind in own})
        if self.launched is not None:
            # The process of this run may not be listed yet; it must not be archived in favour of a younger one.
            first = min(active[0], self.launched, key=age)
            surplus = [self.launched] if str(first["id"]) != str(self.launched["id"]) else []
        else:
            # It is unknown which of them this run launched. Every run archives all but the oldest.
            first, began = active[0], self.launch_began or 0
            surplus = [run for run in active[1:] if launch_second(run) >= began > 0]
        for run in surplus:
            self._archive_duplicate(run, first)
        if self.error is None:
            self.forget_doubt()

    def _archive_duplicate(self, surplus: Record, first: Record) -> None:
        name, own_id = surplus.get("name"), str(surplus["id"])
        step = Step("archived", str(name), f"another run had launched {first['id']}", target=own_id)
        try:
            self._archive_run(own_id)
        except TallyfyError as error:
            self.fail(
                step,
                NotStoredError(
                    f"{name} was launched twice at the same time, by this run and by another, and {own_id} could not "
                    f"be archived ({error.message}). Archive it in Tallyfy and keep the older {first['id']}.",
                    process=self.shape(dict(first)),
                ),
            )
            return
        if self.failed_step is not None:
            # An error about the archived process no longer matters.
            failed = self.failed_step
            self.reopen()
            self.finish(failed)
        self.finish(step)
        self.record = dict(first)
        self.notes.append(
            f"{name}: another run launched it at the same time. The older {first['id']} was kept, and {own_id} was "
            f"archived."
        )

    def _take_late(self, found: Mapping[str, Any]) -> None:
        """Record that the process of a launch without an answer exists, and check its values."""
        step, launch = self.failed_step, self.launch
        if step is None or launch is None:
            return
        self.record = dict(found)
        self.reopen()
        self.finish(step)
        try:
            self._require_stored(launch, launch.body(self.desired, self.known))
        except TallyfyError as error:
            self.fail(step, error)

    def _require_stored(self, launch: Launch, body: Mapping[str, Any]) -> None:
        """Raise ``NotStoredError`` for values that the service did not store; a 2xx answer is no proof."""
        sent = body["prerun"]
        if sent and any(field_id not in values_of(self.record) for field_id in sent):
            # The answer to the launch may be incomplete.
            try:
                self.record.update(self._client.get("runs", self.record["id"]))
            except ApiError as error:
                # The launch itself succeeded, so it is neither failed nor deferred.
                raise NotStoredError(
                    f"{self.record.get('name')} was launched, but its stored values could not be read "
                    f"({error.answer}). Run this again: the next run compares the values.",
                    process=self.shape(self.record),
                ) from error
        lost = launch.not_stored(self.record, sent)
        wrong_owner = (
            "owner_id" in body and "owner_id" in self.record and str(self.record["owner_id"]) != str(body["owner_id"])
        )
        if not lost and not wrong_owner:
            return
        stored = values_of(self.record)
        texts = [f"{field.label} (stored: {shown_value(field, stored.get(field.id))!r})" for field in lost]
        texts += ["owner"] if wrong_owner else []
        raise NotStoredError(
            f"{self.record.get('name')} was launched, but Tallyfy did not store {choices(texts)}. Set them in "
            f"Tallyfy; a launch cannot be repeated.",
            process=self.shape(self.record),
            not_stored=[*(field.label for field in lost), *(["owner_id"] if wrong_owner else [])],
        )
