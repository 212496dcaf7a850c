# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out an offboarding: hand-overs, groups, access, guests, in this order. Private to the collection.

Nobody loses access before the hand-over is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import PlanRun, SkipReason
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import BulkRun, Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import ApiError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy, named
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import (
    Handover,
    HandoverRun,
    narrowed,
    owner_of,
    read_processes,
    run_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_run import MemberRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.run import RosterRun

from .plan import Current, OffboardingPlan

BEFORE_GROUPS = ("guest", "process", "tasks")


@dataclass
class RunningHandover:
    """A hand-over and its run. ``staying`` holds the addresses of leavers who were kept in a group."""

    handover: Handover
    run: HandoverRun
    staying: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The name of the hand-over in messages."""
        kind = "open tasks of" if self.handover.kind == "tasks" else self.handover.kind
        return f"the {kind} {self.run.plan.subject}"

    @property
    def notes(self) -> list[str]:
        """The notes for the result."""
        return list(self.run.plan.warnings) if isinstance(self.run, GroupRun) else self.run.notes


class OffboardingRun(BulkRun):
    """Carries out all plans of an offboarding.

    A failure stops only the person concerned, unless the breaker of the ``scheduler`` opens.
    """

    def __init__(
        self,
        client: Client,
        plan: OffboardingPlan,
        current: Current,
        *,
        policy: Policy,
        scheduler: Scheduler,
        progress: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self.handovers = [
            RunningHandover(handover, run_of(client, handover, plan.directory)) for handover in plan.handovers
        ]
        self.people = [
            MemberRun(client, person.desired, person.record, current.context, person.plan) for person in plan.people
        ]
        self.guests = [
            GuestRun(client, guest.desired, guest.record, plan.directory, guest.plan) for guest in plan.guests
        ]
        self._client = client
        self._everybody = current.everybody
        self._policy = policy
        self._scheduler = scheduler
        self._progress = progress

    @property
    def runs(self) -> Sequence[PlanRun]:
        """The runs of all plans."""
        return (*self.people, *self.guests, *(running.run for running in self.handovers))

    def carry_out(self) -> None:
        """Carry out all plans as far as possible; the runs hold the outcomes."""
        first = [running for running in self.handovers if running.handover.kind in BEFORE_GROUPS]
        groups = [running for running in self.handovers if running.handover.kind == "group"]
        self._scheduler.for_each(self._hand_over, first)
        self._scheduler.for_each(self._leave_group, groups)
        self._end_access()
        self._scheduler.for_each(lambda run: self._scheduler.complete(run, run.desired.email), self.guests)

    def concerning(self, email: str) -> list[RunningHandover]:
        """Return the hand-overs of one leaver."""
        return [running for running in self.handovers if Email(email) in running.handover.leavers]

    def undone(self, email: str) -> list[RunningHandover]:
        """Return the hand-overs of one leaver that are not completed."""
        return [running for running in self.concerning(email) if running.run.is_undone]

    def _hand_over(self, running: RunningHandover) -> None:
        self._scheduler.complete(running.run, running.called)

    def _leave_group(self, running: RunningHandover) -> None:
        """Remove leavers from a group, except those with a hand-over that is not completed."""
        leavers = [leaver for leaver in self.plan.leavers if leaver.key in running.handover.leavers]
        reasons = {leaver.key: self._reason_to_stay(leaver.email) for leaver in leavers}
        ready = [leaver for leaver in leavers if reasons[leaver.key] is None]
        staying = [(leaver, reason) for leaver in leavers if (reason := reasons[leaver.key]) is not None]
        running.staying = tuple(leaver.email for leaver, _reason in staying)
        if not ready:
            self._scheduler.skip(running.run, staying[0][1])
            return
        if staying:
            handover = narrowed(running.handover, ready, self.plan.directory)
            running.run = run_of(self._client, handover, self.plan.directory)
        self._hand_over(running)

    def _reason_to_stay(self, email: str, kinds: Iterable[str] = BEFORE_GROUPS) -> SkipReason | None:
        """Return why this person must keep access and groups, or ``None``."""
        undone = [running for running in self.undone(email) if running.handover.kind in kinds]
        if not undone:
            return None
        reasons = [running.run.skip_reason for running in undone if running.run.skip_reason is not None]
        if len(reasons) == len(undone):
            return reasons[0]
        texts = named(running.called for running in undone)
        return SkipReason(f"Not tried: access ends after the hand-over, which failed for {texts}. Run it again.")

    def _without_owners(self, runs: Sequence[MemberRun]) -> list[MemberRun]:
        """Return the runs of leavers who own no process after the hand-over; the plan may be based on an old list.

        A leaver without a successor keeps processes.
        """
        leaving = {run.desired.email for run in runs if any(run.open_steps())}
        leavers = [
            leaver
            for leaver in self.plan.leavers
            if leaver.key in leaving and leaver.has_access and leaver.successor is not None
        ]
        if not leavers or self._scheduler.breaker.open_reason is not None:
            return list(runs)
        reasons: dict[str, str] = {}
        try:
            for process in read_processes(self._client, leavers, workers=self._scheduler.workers):
                owner = next(leaver for leaver in leavers if leaver.member_id == owner_of(process))
                reasons[owner.key] = f"the process {process.get('name')} was given to this person during the run."
        except ApiError as error:
            reasons = {leaver.key: f"the processes of this person could not be read ({error})." for leaver in leavers}
        for run in runs:
            reason = reasons.get(run.desired.email)
            if reason is not None:
                self._scheduler.skip(run, SkipReason(f"Not tried: {reason} Run it again."))
        return [run for run in runs if run.desired.email not in reasons]

    def _end_access(self) -> None:
        ready = []
        for run in self.people:
            kinds = (*BEFORE_GROUPS, "group")
            reason = self._reason_to_stay(run.desired.email, kinds) if any(run.open_steps()) else None
            if reason is not None:
                self._scheduler.skip(run, reason)
            else:
                ready.append(run)
        RosterRun(
            self._client,
            self._without_owners(ready),
            scheduler=self._scheduler,
            everybody=self._everybody,
            policy=self._policy,
            progress=self._progress,
        ).carry_out()
