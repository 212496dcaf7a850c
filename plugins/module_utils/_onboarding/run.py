# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out an onboarding: people first, then groups, guests and processes. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import Brakes, Halt
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import PlanRun
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.race import (
    settle_launches,
    take_what_is_there,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.run import ProcessRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import Surroundings
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_run import MemberRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.run import RosterRun

from .processes import PlannedProcess


class OnboardingRun:
    """Carries out all plans of an onboarding with ``workers`` requests under way.

    A process is launched only for somebody who is in, and a
    process or guest that names somebody who could not be added is left for the next run.
    """

    def __init__(
        self,
        client: Client,
        *,
        people: Sequence[MemberRun],
        groups: Sequence[GroupRun],
        guests: Sequence[GuestRun],
        processes: Sequence[PlannedProcess],
        around: Surroundings,
        everybody: Sequence[Record],
        policy: Policy,
        workers: int,
        brakes: Brakes,
        progress: Callable[[str], None],
    ) -> None:
        self.people = people
        self.groups = groups
        self.guests = guests
        self.processes = processes
        self._client = client
        self._around = around
        self._everybody = everybody
        self._workers = workers
        self._brakes = brakes
        # The hourly limit of invited guests keeps nobody else waiting.
        self._guest_brakes = Brakes(goes_on=brakes.goes_on)
        self._halts: dict[int, Halt] = {}
        self.roster = RosterRun(
            client,
            people,
            workers=workers,
            brakes=brakes,
            everybody=everybody,
            policy=policy,
            progress=progress,
        )

    def pretend(self) -> None:
        """Count every step as done: this is check mode."""
        for run in (*self.people, *self.groups, *self.guests, *(one.run for one in self.processes)):
            run.pretend()

    def carry_out(self) -> None:
        """Carry out all plans, as far as that is possible; the runs and ``halt_of`` tell how far that was."""
        self.roster.carry_out()
        for group in self.groups:
            self._work_on_group(group)
        directory = self._directory()
        for guest in self.guests:
            self._work_on_guest(guest, directory)
        self._launch(directory)

    def halt_of(self, run: PlanRun) -> Halt | None:
        """Return why steps of the run have not been tried, ``None`` when all have been."""
        return self.roster.halt_of(run) if isinstance(run, MemberRun) else self._halts.get(id(run))

    def notes(self) -> list[str]:
        """Return what somebody should know about the run."""
        notes = [note for run in self.people for note in run.notes]
        notes += [note for run in self.groups for note in run.plan.warnings]
        notes += [note for run in self.guests for note in run.notes]
        return notes + [note for one in self.processes for note in one.run.notes]

    def _directory(self) -> Directory:
        """Return everybody as they are now; whoever could not be added is not there."""
        records = {str(record["id"]): record for record in self._everybody}
        records.update({str(run.record["id"]): run.record for run in self.people if run.record.get("id") is not None})
        return Directory({**record, "email": record.get("email")} for record in records.values())

    def _work_on_group(self, run: GroupRun) -> None:
        created = self._around.groups[fold(run.desired.name)]
        for step in run.open_steps():
            if step.action == "create" and created.get("id") is not None:
                # It came with its first members.
                run.record = created
                run.finish(step)
            elif self._may_try(run):
                run.attempt(step, run.carry_out)
                created.update(run.record)
        self._learn_from(run, run.desired.name)

    def _work_on_guest(self, run: GuestRun, directory: Directory) -> None:
        if not any(run.open_steps()):
            return
        missing = _missing(run.desired.members.wanted if run.desired.members is not None else (), directory)
        if missing:
            self._halts[id(run)] = Halt(f"Not tried: {missing} could not be added.")
        elif self._may_try(run) and self._may_try(run, self._guest_brakes):
            run.use(directory)
            run.complete(run.carry_out)
            self._learn_from(run, run.desired.email, self._guest_brakes)

    def _launch(self, directory: Directory) -> None:
        known_groups = self._around.groups
        ready = []
        out = {run.desired.email for run in self.people if run.error is not None or self.halt_of(run) is not None}
        for one in self.processes:
            run = one.run
            run.known = replace(run.known, directory=directory, groups=known_groups or run.known.groups)
            missing = _missing(run.named_members(), directory)
            without = [name for name in run.named_groups() if run.known.groups[fold(name)].get("id") is None]
            if not any(run.open_steps()):
                continue
            if one.email in out:
                self._halts[id(run)] = Halt(f"Not tried: {one.email} could not be brought in.")
            elif missing:
                self._halts[id(run)] = Halt(f"Not tried: {missing} could not be added.")
            elif without:
                self._halts[id(run)] = Halt(f"Not tried: the group {', '.join(without)} could not be created.")
            else:
                ready.append(run)
        if self._brakes.stop is None:
            take_what_is_there(self._client, ready)
        for _nothing in side_by_side(self._work_on_process, ready, workers=self._workers):
            pass
        if not self._brakes.is_silent:
            settle_launches(self._client, ready)

    def _work_on_process(self, run: ProcessRun) -> None:
        for step in run.open_steps():
            if not self._may_try(run):
                return
            run.attempt(step, run.carry_out)
        self._learn_from(run, run.desired.subject)

    def _may_try(self, run: PlanRun, brakes: Brakes | None = None) -> bool:
        halt = self._halts.get(id(run)) or (brakes or self._brakes).stop
        if halt is not None:
            self._halts[id(run)] = halt
        return halt is None

    def _learn_from(self, run: PlanRun, subject: str, brakes: Brakes | None = None) -> None:
        halt = (brakes or self._brakes).learn(subject, run.error)
        if halt is not None:
            self._halts[id(run)] = halt


def _missing(emails: Sequence[str], directory: Directory) -> str:
    return ", ".join(email for email in emails if directory.find(email) is None)
