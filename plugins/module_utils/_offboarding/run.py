# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out an offboarding: hand over, groups, access, guests, in this order. Private to the collection.

Nobody loses their access before what they leave behind is handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import Brakes, Halt
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import PlanRun
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import ApiError
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import folded
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
    """A hand-over and how far it has come. ``staying`` are the addresses of leavers whom it left where they are."""

    handover: Handover
    run: HandoverRun
    staying: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """How a message calls it."""
        kind = "open tasks of" if self.handover.kind == "tasks" else self.handover.kind
        return f"the {kind} {self.run.plan.subject}"

    @property
    def notes(self) -> list[str]:
        """What somebody should know about it."""
        return list(self.run.plan.warnings) if isinstance(self.run, GroupRun) else self.run.notes


class OffboardingRun:
    """Carries out all plans of an offboarding with ``workers`` requests under way.

    Whatever fails for one person keeps only that person back, unless the ``brakes`` say otherwise.
    """

    def __init__(
        self,
        client: Client,
        plan: OffboardingPlan,
        current: Current,
        *,
        policy: Policy,
        workers: int,
        brakes: Brakes,
        progress: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self.handovers = [RunningHandover(one, run_of(client, one, plan.directory)) for one in plan.handovers]
        self.people = [
            MemberRun(client, one.desired, one.leaver.record if one.leaver else None, current.around, one.plan)
            for one in plan.people
        ]
        self.guests = [GuestRun(client, one.desired, one.record, plan.directory, one.plan) for one in plan.guests]
        self._client = client
        self._everybody = current.everybody
        self._policy = policy
        self._workers = workers
        self._brakes = brakes
        self._progress = progress
        self._halts: dict[int, Halt] = {}

    def pretend(self) -> None:
        """Count every step as done: this is check mode."""
        for run in (*(one.run for one in self.handovers), *self.people, *self.guests):
            run.pretend()

    def carry_out(self) -> None:
        """Carry out all plans, as far as that is possible; the runs and ``halt_of`` tell how far that was."""
        self._side_by_side(self._hand_over, [one for one in self.handovers if one.handover.kind in BEFORE_GROUPS])
        self._side_by_side(self._leave_group, [one for one in self.handovers if one.handover.kind == "group"])
        self._end_access()
        self._side_by_side(lambda run: self._work_on(run, run.desired.email), self.guests)

    def halt_of(self, run: PlanRun) -> Halt | None:
        """Return why steps of the run have not been tried, ``None`` when all have been."""
        return self._halts.get(id(run))

    def concerning(self, email: str) -> list[RunningHandover]:
        """Return what is handed over for one leaver."""
        return [one for one in self.handovers if folded(email) in one.handover.leavers]

    def undone(self, email: str) -> list[RunningHandover]:
        """Return what has not been handed over for one leaver."""
        return [one for one in self.concerning(email) if self._is_undone(one)]

    def _is_undone(self, one: RunningHandover) -> bool:
        return one.run.error is not None or self.halt_of(one.run) is not None

    def _side_by_side(self, work: Callable[..., None], subjects: Sequence[object]) -> None:
        for _nothing in side_by_side(work, subjects, workers=self._workers):
            pass

    def _work_on(self, run: HandoverRun, subject: str) -> None:
        if not any(run.open_steps()):
            return
        if self._brakes.stop is not None:
            self._halts[id(run)] = self._brakes.stop
            return
        run.complete(run.carry_out)
        halt = self._brakes.learn(subject, run.error)
        if halt is not None:
            self._halts[id(run)] = halt

    def _hand_over(self, one: RunningHandover) -> None:
        self._work_on(one.run, one.called)

    def _leave_group(self, one: RunningHandover) -> None:
        """Take leavers out of a group, but for those whose other things have not been handed over."""
        leavers = [leaver for leaver in self.plan.leavers if leaver.key in one.handover.leavers]
        kept = {leaver.key: self._kept_back(leaver.email) for leaver in leavers}
        ready = [leaver for leaver in leavers if kept[leaver.key] is None]
        one.staying = tuple(leaver.email for leaver in leavers if kept[leaver.key] is not None)
        halts = [halt for halt in kept.values() if halt is not None]
        if not ready:
            self._halts[id(one.run)] = halts[0]
            return
        if halts:
            one.run = run_of(self._client, narrowed(one.handover, ready, self.plan.directory), self.plan.directory)
        self._hand_over(one)

    def _kept_back(self, email: str, kinds: Iterable[str] = BEFORE_GROUPS) -> Halt | None:
        """Return why nothing may be taken away from this person, ``None`` when it may."""
        undone = [one for one in self.undone(email) if one.handover.kind in kinds]
        if not undone:
            return None
        halts = [halt for halt in (self.halt_of(one.run) for one in undone) if halt is not None]
        if len(halts) == len(undone):
            return halts[0]
        texts = named(one.called for one in undone)
        return Halt(f"Not tried: access ends after the hand-over, which failed for {texts}. Run it again.")

    def _without_owners(self, runs: Sequence[MemberRun]) -> list[MemberRun]:
        """Return those who do not own a process after their hand-over; the list that was planned by may have been old.

        Who has no successor keeps theirs.
        """
        leaving = {folded(run.desired.email) for run in runs if any(run.open_steps())}
        leavers = [
            leaver
            for leaver in self.plan.leavers
            if leaver.key in leaving and leaver.has_access and leaver.successor is not None
        ]
        if not leavers or self._brakes.stop is not None:
            return list(runs)
        reasons: dict[str, str] = {}
        try:
            for process in read_processes(self._client, leavers, workers=self._workers):
                owner = next(leaver for leaver in leavers if leaver.number == owner_of(process))
                reasons[owner.key] = f"the process {process.get('name')} has become theirs since it was planned."
        except ApiError as error:
            reasons = {leaver.key: f"whether they own more processes is not known ({error})" for leaver in leavers}
        for run in runs:
            reason = reasons.get(folded(run.desired.email))
            if reason is not None:
                self._halts[id(run)] = Halt(f"Not tried: {reason} Run it again.")
        return [run for run in runs if folded(run.desired.email) not in reasons]

    def _end_access(self) -> None:
        ready = []
        for run in self.people:
            halt = self._kept_back(run.desired.email, (*BEFORE_GROUPS, "group")) if any(run.open_steps()) else None
            if halt is not None:
                self._halts[id(run)] = halt
            else:
                ready.append(run)
        ready = self._without_owners(ready)
        roster = RosterRun(
            self._client,
            ready,
            workers=self._workers,
            brakes=self._brakes,
            everybody=self._everybody,
            policy=self._policy,
            progress=self._progress,
        )
        roster.carry_out()
        self._halts.update({id(run): halt for run in ready for halt in [roster.halt_of(run)] if halt is not None})
