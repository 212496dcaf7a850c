# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out an onboarding: people first, then groups, guests and processes. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import PlanRun, SkipReason
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import BulkRun, Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.race import (
    settle_launches,
    use_existing,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.run import ProcessRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_run import MemberRun, Newcomers
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.run import RosterRun

from .plan import OnboardingPlan
from .processes import PlannedProcess


class OnboardingRun(BulkRun):
    """Carries out all plans of an onboarding.

    A process is launched only for a person who has been converged. A process or guest that names a person who could
    not be added is skipped.
    """

    def __init__(
        self,
        client: Client,
        plan: OnboardingPlan,
        processes: Sequence[PlannedProcess],
        *,
        everybody: Sequence[Member],
        policy: Policy,
        scheduler: Scheduler,
        progress: Callable[[str], None],
    ) -> None:
        newcomers = Newcomers(client)
        self.people = [
            MemberRun(client, person.desired, person.current, plan.context, person.plan, newcomers)
            for person in plan.people
        ]
        self.groups = [GroupRun(client, group.desired, group.record, Directory(), group.plan) for group in plan.groups]
        self.guests = [
            GuestRun(client, guest.desired, guest.record, plan.directory, guest.plan) for guest in plan.guests
        ]
        self.processes = processes
        self._client = client
        self._groups = plan.context.groups
        self._everybody = everybody
        self._scheduler = scheduler
        # The hourly limit of guest invitations defers only guests.
        self._guest_breaker = scheduler.breaker.branch()
        self._roster = RosterRun(
            client, self.people, scheduler=scheduler, everybody=everybody, policy=policy, progress=progress
        )

    @property
    def runs(self) -> Sequence[PlanRun]:
        """The runs of all plans."""
        return (*self.people, *self.groups, *self.guests, *(planned.run for planned in self.processes))

    def carry_out(self) -> None:
        """Carry out all plans as far as possible; the runs hold the outcomes."""
        self._roster.carry_out()
        for group in self.groups:
            self._work_on_group(group)
        directory = self._directory()
        for guest in self.guests:
            self._work_on_guest(guest, directory)
        self._launch(directory)

    def notes(self) -> list[str]:
        """Return the notes of all runs."""
        notes = [note for run in self.people for note in run.notes]
        notes += [note for run in self.groups for note in run.plan.warnings]
        notes += [note for run in self.guests for note in run.notes]
        return notes + [note for planned in self.processes for note in planned.run.notes]

    def _directory(self) -> Directory:
        """Return the current members; people who could not be added are missing."""
        members = {str(member["id"]): member for member in self._everybody}
        members.update({str(run.record["id"]): run.record for run in self.people if run.record.get("id") is not None})
        return Directory(members.values())

    def _work_on_group(self, run: GroupRun) -> None:
        created = self._groups[fold(run.desired.name)]
        if created.get("id") is not None:
            # A new group was created together with its first members.
            for step in run.open_steps({"created"}):
                run.record = created
                run.finish(step)
        self._scheduler.complete(run, run.desired.name)
        created.update(run.record)

    def _work_on_guest(self, run: GuestRun, directory: Directory) -> None:
        if not any(run.open_steps()):
            return
        missing = _missing(run.desired.members.desired if run.desired.members is not None else (), directory)
        if missing:
            self._scheduler.skip(run, SkipReason(f"Not tried: {missing} could not be added."))
            return
        run.use(directory)
        self._scheduler.complete(run, run.desired.email, breaker_for=lambda _step: self._guest_breaker)

    def _launch(self, directory: Directory) -> None:
        ready: list[ProcessRun] = []
        out = {run.desired.email for run in self.people if run.is_undone}
        for planned in self.processes:
            run = planned.run
            run.known = replace(run.known, directory=directory, groups=self._groups or run.known.groups)
            missing = _missing(run.named_members(), directory)
            without = [name for name in run.named_groups() if run.known.groups[fold(name)].get("id") is None]
            if not any(run.open_steps()):
                continue
            reason = ""
            if planned.email in out:
                reason = f"{planned.email} could not be converged"
            elif missing:
                reason = f"{missing} could not be added"
            elif without:
                reason = f"the group {', '.join(without)} could not be created"
            if reason:
                self._scheduler.skip(run, SkipReason(f"Not tried: {reason}."))
            else:
                ready.append(run)
        breaker = self._scheduler.breaker
        if breaker.open_reason is None:
            use_existing(self._client, ready)
        self._scheduler.for_each(lambda run: self._scheduler.complete(run, run.desired.subject), ready)
        if not breaker.is_silent:
            settle_launches(self._client, ready)


def _missing(emails: Sequence[str], directory: Directory) -> str:
    return ", ".join(email for email in emails if directory.find(email) is None)
