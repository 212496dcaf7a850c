# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of an offboarding, made from plain records without a request. Private to the collection.

Members are planned as in a roster; their work is planned in ``_handovers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, RefusedError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    DesiredGuest,
    PlannedGuest,
    associated,
    plan_guest,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy, ambiguous, doubt
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import (
    Handover,
    Leaver,
    plan_groups,
    plan_guests,
    plan_processes,
    plan_tasks,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import (
    REFUSING,
    PlanContext,
    is_removal,
    plan_member,
    reason_against_successor,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.plan import refuse_by_policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import standing

from .rows import (
    DELETED,
    DesiredOffboarding,
    Wish,
)


@dataclass(frozen=True)
class Current:
    """The state before anything is written, as far as an offboarding depends on it."""

    everybody: Sequence[Member] = ()
    context: PlanContext = field(default_factory=PlanContext)
    groups: Sequence[Record] = ()
    guests: Sequence[Record] = ()
    processes: Sequence[Record] = ()
    tasks: Sequence[Record] = ()

    def member(self, email: str | None) -> Member | None:
        """Return the member with this address, whatever their status."""
        return self._members.get(Email(email))

    def guest(self, email: str) -> Record | None:
        """Return the guest with this address, disabled or not."""
        return self._guests.get(Email(email))

    @cached_property
    def _members(self) -> dict[Email, Member]:
        return {member.email: member for member in self.everybody}

    @cached_property
    def _guests(self) -> dict[Email, Record]:
        return {Email(record.get("email")): record for record in self.guests}


@dataclass(frozen=True)
class PlannedLeaver:
    """The plan for the access of one person. ``leaver`` is ``None`` when the person is not a member."""

    desired: DesiredMember
    plan: Plan
    leaver: Leaver | None = None

    @property
    def record(self) -> Member | None:
        return self.leaver.record if self.leaver is not None else None


@dataclass(frozen=True)
class OffboardingPlan:
    """The plans of an offboarding. ``processes`` are the running processes of leavers, handed over or not."""

    people: Sequence[PlannedLeaver] = ()
    handovers: Sequence[Handover] = ()
    guests: Sequence[PlannedGuest] = ()
    processes: Sequence[Record] = ()
    directory: Directory = field(default_factory=Directory)

    @property
    def leavers(self) -> list[Leaver]:
        return [person.leaver for person in self.people if person.leaver is not None]

    @property
    def is_empty(self) -> bool:
        """Whether no plan has a step."""
        return not self.steps

    @property
    def steps(self) -> list[Step]:
        """The steps of all plans."""
        parts: list[Handover | PlannedLeaver | PlannedGuest] = [*self.handovers, *self.people, *self.guests]
        return [step for part in parts for step in part.plan.steps]


def plan_offboarding(desired: DesiredOffboarding, current: Current) -> OffboardingPlan:
    """Return the plan. Pure: it depends only on its arguments.

    Raises ``InputError`` with every problem, ``InconsistentListError`` when an address is ambiguous in a list, and
    ``RefusedError`` when the policy does not allow the plan.
    """
    problems = standing(desired.problems, [*current.everybody, *current.guests])
    people = [_plan_person(wish, desired, current, problems) for wish in desired.people]
    leavers = [person.leaver for person in people if person.leaver is not None]
    directory = Directory(current.everybody)
    guests = [_plan_guest(wish, desired.policy, current, problems) for wish in desired.guests]
    if problems:
        raise InputError(problems)
    leaving = {wish.email for wish in desired.guests}
    plan = OffboardingPlan(
        people=people,
        handovers=(
            *plan_guests(leavers, current.guests, directory, leaving=leaving),
            *plan_processes(leavers, current.processes),
            *plan_tasks(leavers, current.tasks),
            *plan_groups(leavers, current.groups, directory),
        ),
        guests=guests,
        processes=current.processes,
        directory=directory,
    )
    _refuse_doubts(plan, current)
    _refuse(plan, current, desired.policy)
    return plan


def _plan_person(wish: Wish, desired: DesiredOffboarding, current: Current, problems: list[Problem]) -> PlannedLeaver:
    called = desired.policy.called
    member = DesiredMember(email=wish.email, state=desired.state, reassign_to=wish.reassign_to)
    record = current.member(wish.email)
    if record is None:
        if current.guest(wish.email) is not None:
            problems.append(wish.problem(f"is a guest; list them in {called('guests')}"))
        return PlannedLeaver(member, plan_member(member, None, current.context))
    successor = current.member(wish.reassign_to)
    reason = reason_against_successor(successor) if wish.reassign_to is not None else None
    leaver = Leaver(record, None if reason else successor, is_deleted=desired.state == DELETED)
    nothing = PlannedLeaver(member, Plan(wish.email), leaver)
    if reason is not None and (leaver.has_access or _has_open_work(leaver, current)):
        text = f"{wish.reassign_to} {reason}"
        # The successor for everybody is reported once.
        once = Problem(text, option=called("reassign_to"))
        problems.append(once if wish.is_general else wish.problem(text, "reassign_to"))
        return nothing
    try:
        plan = plan_member(member, record, current.context)
    except RefusedError as error:
        problems.append(wish.problem(error.text))
        return nothing
    protector = desired.policy.protector(wish.email) if is_removal(plan) else None
    if protector is not None:
        problems.append(wish.problem(f"{REFUSING}{called('protect')} holds {protector}"))
    return PlannedLeaver(member, plan, leaver)


def _has_open_work(leaver: Leaver, current: Current) -> bool:
    """Return whether work of a leaver without access is still to be handed over."""
    if any(int(leaver.member_id) in associated(guest) for guest in current.guests):
        return True
    heir = replace(leaver, successor=leaver.record)
    return bool(plan_processes([heir], current.processes) or plan_tasks([heir], current.tasks))


def _plan_guest(wish: Wish, policy: Policy, current: Current, problems: list[Problem]) -> PlannedGuest:
    member, record = current.member(wish.email), current.guest(wish.email)
    if member is not None and member.status != "disabled":
        problems.append(wish.problem(f"is a member; list them in {policy.called('people')}"))
    protector = policy.protector(wish.email)
    if protector is not None:
        problems.append(wish.problem(f"refusing to remove this guest: {policy.called('protect')} holds {protector}"))
    desired = DesiredGuest(wish.email if record is None else Email(record["email"]), "deleted")
    return PlannedGuest(desired, record, plan_guest(desired, record, Directory(current.everybody)))


def _refuse_doubts(plan: OffboardingPlan, current: Current) -> None:
    """Raise ``InconsistentListError`` when the address of a leaver is ambiguous."""
    for kind, records in (("members", current.everybody), ("guests", current.guests)):
        doubtful = ambiguous(records)
        if doubtful and not plan.is_empty:
            raise doubt(kind, doubtful)


def _refuse(plan: OffboardingPlan, current: Current, policy: Policy) -> None:
    plans = [(person.record, person.plan) for person in plan.people]
    leaving = [guest.desired.email for guest in plan.guests if guest.plan.steps]
    there = len(current.guests) if leaving else None
    refuse_by_policy(plans, current.everybody, policy, guests=leaving, guests_there=there)
