# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the plans of processes, and launching each exactly once. Private to the collection.

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

NOT_LISTED = (
    "{}: whether another run launched it, too, is not known, because Tallyfy does not list it yet. The next run tells."
)
STATE_UNKNOWN = (
    "Whether it was launched is not known. It is not tried again by itself, since that could launch it twice; run it "
    "again: it looks first."
)


class ProcessRun(ChangeRun):
    """Carries out one process's plan and keeps the record as the service last told it.

    Whoever carries out a plan that launches holds the lock of the template, calls ``take_what_is_there`` before and
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
        #: The process that this run launched, if it knows which one, and the service's second before it did.
        self.launched: Record | None = None
        self.launch_began: int | None = None

    def carry_out(self, step: Step) -> bool:
        """Send what the step says and check that the service stored it; return whether it was done."""
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
        """Whether the service was asked to launch it, and did not clearly refuse."""
        return self.launch_began is not None and (self.launched is not None or self.error is None or self.is_unknown)

    def take(self, found: Record) -> None:
        """Take the process that somebody else has launched since the plan was made."""
        for step in self.open_steps():
            self.finish(step, is_done=False)
        self.record = found

    def _launch(self) -> bool:
        launch = self.launch
        if launch is None:
            raise AssertionError("a launch is carried out without being prepared")
        client, mark = self._client, self.mark
        earlier = self._earlier_launch(launch)
        if earlier is not None:
            self.record = earlier
            self._see_to_name(launch)
            return False
        body = launch.body(self.desired, self.known)
        self.launch_began = client.service_now()
        # Whoever ends in the middle of it leaves these for the next run.
        client.late_launches.add(mark, client.now())
        client.doubtful_launches.add(mark, self.launch_began)
        try:
            # The service would launch a second one without a word, so the request is never repeated.
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
        # The answer shows neither.
        for kind in TIES:
            desired = self.desired.ties(kind).desired
            self.record.setdefault(kind, [{"name": self.known.tie(kind, one)[1]} for one in desired])
        self.finder.add(self.record)
        self._see_to_name(launch)
        self._prove(launch, body)
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
            # The template lets nobody but Tallyfy name its processes.
            del body["name"]
            record = self._client.create(path, body, find=find, attempts=1)
        self.launched = None if read_back else record
        return record

    def _see_to_name(self, launch: Launch) -> None:
        if not launch.template.names_its_processes and not self.desired.is_carried_by(self.record):
            self._rename(launch)

    def _find_doubtful(self, launch: Launch, doubt: Doubt) -> Record | None:
        """Return the process that came of a launch which nobody has seen the answer to, if it is there.

        Where neither its name nor its field tells, it is known by its values, its starter and its time.
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
        """How the launch is called among what this controller remembers."""
        return mark_of(self._client, self.finder.template_id, self.desired)

    def forget_doubt(self) -> None:
        """Take note that the process is there and can be found again."""
        self._client.doubtful_launches.drop(self.mark, self._client.now())

    def _earlier_launch(self, launch: Launch) -> Record | None:
        """Return the process that an earlier run asked for in vain, if that was lately and it has shown up since.

        Raises ``BusyError`` when the service may still be at work on it for longer than this task may wait.
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
                f"Tallyfy was asked to launch {launch.name} a short time ago and did not answer; it may still do so. "
                f"Nothing was sent. Run it again after {not_before}, or allow a longer max_wait.",
                not_before=not_before,
            )
        return self._find_doubtful(launch, doubt)

    def _rename(self, launch: Launch) -> None:
        """Give the process the name that it was to have: templates may name theirs, and no run would find it again."""
        try:
            self._put({"name": launch.name})
        except TallyfyError as error:
            # Whatever the reason is, only this message keeps the next run from launching another one.
            reason = error.answer if isinstance(error, ApiError) else error.message
            if self.sought.field_id is not None:
                self._note_other_name(launch.name, error)
                return
            raise NotStoredError(
                f"{launch.name} was launched, but Tallyfy named it {self.record.get('name')} and did not let it be "
                f"renamed ({reason}). Rename it, or the next run launches another one; with reference_field the name "
                f"would not matter.",
                process=self.shape(self.record),
                not_stored=["name"],
            ) from error

    def named_members(self) -> list[str]:
        """Return the addresses of the members whom the process names."""
        assignees = self.launch.assignees if self.launch is not None else []
        owner = [self.desired.owner] if self.desired.owner else []
        return [*owner, *(email for one in assignees for email in one.members)]

    def named_groups(self) -> list[str]:
        """Return the names of the groups that the launch names."""
        assignees = self.launch.assignees if self.launch is not None else []
        return [name for one in assignees for name in one.groups]

    @property
    def is_unknown(self) -> bool:
        """Whether the answer to the launch got lost and the process has not shown up."""
        return self.failed_step is not None and self.failed_step.action == "launched" and isinstance(self.error, LOST)

    def settle(self, active: Sequence[Record]) -> None:
        """Draw the conclusions from the active processes that carry the reference, oldest first, after the launch.

        Everybody who launches looks so, and sees what is older than their own process. So the oldest one stays, and
        who launched another one archives it.
        """
        if not active:
            if not self.is_unknown:
                self.notes.append(NOT_LISTED.format(self.record.get("name")))
            return
        if self.is_unknown:
            self._take_late(active[0])
        own = next((run for run in active if run["id"] == self.record.get("id")), {})
        # A template may have added some of its own.
        self.record.update({kind: own[kind] for kind in TIES if kind in own})
        if self.launched is not None:
            # Its own may not be listed yet, and then must not give way to a younger one that is.
            first = min(active[0], self.launched, key=age)
            surplus = [self.launched] if str(first["id"]) != str(self.launched["id"]) else []
        else:
            # Which of them is its own is not known. Nobody else keeps what is not the oldest, either.
            first, began = active[0], self.launch_began or 0
            surplus = [one for one in active[1:] if launch_second(one) >= began > 0]
        for one in surplus:
            self._give_way(one, first)
        if self.error is None:
            self.forget_doubt()

    def _give_way(self, surplus: Record, first: Record) -> None:
        name, own_id = surplus.get("name"), str(surplus["id"])
        step = Step("archived", str(name), f"another run had launched {first['id']}", target=own_id)
        try:
            self._archive_run(own_id)
        except TallyfyError as error:
            self.fail(
                step,
                NotStoredError(
                    f"{name} was launched twice at the same moment, by this run and by another one, and {own_id} could "
                    f"not be archived ({error.message}). Archive it; {first['id']} is the older one.",
                    process=self.shape(dict(first)),
                ),
            )
            return
        if self.failed_step is not None:
            # Whatever the archived one lacked does not matter any more.
            failed = self.failed_step
            self.reopen()
            self.finish(failed)
        self.finish(step)
        self.record = dict(first)
        self.notes.append(
            f"{name}: another run launched it at the same moment. {first['id']}, which is older, stays; {own_id} was "
            f"archived."
        )

    def _take_late(self, found: Mapping[str, Any]) -> None:
        """Take note that the process whose launch was in doubt has shown up, and of what was stored of it."""
        step, launch = self.failed_step, self.launch
        if step is None or launch is None:
            return
        self.record = dict(found)
        self.reopen()
        self.finish(step)
        try:
            self._prove(launch, launch.body(self.desired, self.known))
        except TallyfyError as error:
            self.fail(step, error)

    def _prove(self, launch: Launch, body: Mapping[str, Any]) -> None:
        """Raise ``NotStoredError`` for what the launch sent and the service dropped; a 2xx does not prove anything."""
        sent = body["prerun"]
        if sent and any(field_id not in values_of(self.record) for field_id in sent):
            # The answer to the launch may be a short one.
            try:
                self.record.update(self._client.get("runs", self.record["id"]))
            except ApiError as error:
                # The launch itself has been done, so it has neither failed nor is it deferred.
                raise NotStoredError(
                    f"{self.record.get('name')} was launched, but what Tallyfy stored of it could not be read "
                    f"({error.answer}). Run it again: it compares the values.",
                    process=self.shape(self.record),
                ) from error
        lost = launch.not_stored(self.record, sent)
        wrong_owner = (
            "owner_id" in body and "owner_id" in self.record and str(self.record["owner_id"]) != str(body["owner_id"])
        )
        if not lost and not wrong_owner:
            return
        stored = values_of(self.record)
        texts = [f"{one.label} (stored: {shown_value(one, stored.get(one.id))!r})" for one in lost]
        texts += ["owner"] if wrong_owner else []
        raise NotStoredError(
            f"{self.record.get('name')} was launched, but Tallyfy did not store {choices(texts)}. Set that in Tallyfy; "
            f"a launch cannot be repeated.",
            process=self.shape(self.record),
            not_stored=[*(one.label for one in lost), *(["owner_id"] if wrong_owner else [])],
        )
