# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of an onboarding, made from plain records without a request. Private to the collection.

People are planned as in a roster, groups and guests as by their modules. Processes are planned by ``LaunchPlanner``,
which reads their templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import (
    DesiredGroup,
    Groups,
    missing_group,
    plan_group,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    DesiredGuest,
    PlannedGuest,
    plan_guest,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import PlanContext
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.plan import plan_roster
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.reading import Pair
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import PlannedPerson
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import standing

from .prepare import DesiredOnboarding


@dataclass(frozen=True)
class Current:
    """The state before anything is written, as far as an onboarding depends on it.

    ``pairs`` are the people and their records, ``guests`` the named guests, by address in the form that is compared.
    ``has_groups`` is whether the groups of the ``context`` have been read.
    """

    everybody: Sequence[Member] = ()
    pairs: Sequence[Pair] = ()
    context: PlanContext = field(default_factory=PlanContext)
    has_groups: bool = False
    guests: Mapping[Email, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedGroup:
    """The plan for one group; ``record`` is ``None`` when the group does not exist yet."""

    desired: DesiredGroup
    record: Record | None
    plan: Plan


@dataclass(frozen=True)
class OnboardingPlan:
    """The plans for people, groups and guests, and all ``problems``.

    ``context`` holds a placeholder for each group to create, and ``directory`` all members as they will be.
    """

    people: Sequence[PlannedPerson]
    groups: Sequence[PlannedGroup]
    guests: Sequence[PlannedGuest]
    context: PlanContext
    directory: Directory
    problems: Sequence[Problem]

    @property
    def member_steps(self) -> list[Step]:
        """The steps about members."""
        return [step for person in self.people for step in person.plan.steps]

    @property
    def group_steps(self) -> list[Step]:
        """The steps about the groups themselves."""
        return [step for group in self.groups for step in group.plan.steps]


def plan_onboarding(desired: DesiredOnboarding, current: Current) -> OnboardingPlan:
    """Return the plan. Pure: it depends only on its arguments.

    Raises ``InconsistentListError`` when an address is ambiguous in the list of members, and ``RefusedError`` when the
    policy does not allow the plan.
    """
    problems = standing(desired.problems, current.everybody)
    groups = _plan_groups(desired, current.context.groups, problems)
    context = replace(current.context, groups=_with_places(current.context.groups, groups))
    people = _plan_people(desired, current, context, problems)
    directory = _directory(desired, current.everybody)
    guests = [_plan_guest(guest, desired, current, directory, problems) for guest in desired.guests]
    return OnboardingPlan(people, groups, guests, context, directory, problems)


def _plan_groups(desired: DesiredOnboarding, groups: Groups, problems: list[Problem]) -> list[PlannedGroup]:
    planned = []
    for group in desired.groups:
        if fold(group.name) in groups.ambiguous:
            text = f"several groups are called {group.name} when case is ignored; rename one of them"
            problems.append(Problem(text, desired.place("ensure_groups")))
            continue
        record = groups.get(fold(group.name))
        planned.append(PlannedGroup(group, record, plan_group(group, record, Directory(), None)))
    return planned


def _with_places(groups: Groups, planned: Sequence[PlannedGroup]) -> Groups:
    """Return the groups with a placeholder for each missing one, which is created together with its first members."""
    missing = [group.desired for group in planned if group.record is None]
    places = Groups({**groups, **{fold(group.name): missing_group(group.name, group.description) for group in missing}})
    places.ambiguous = groups.ambiguous
    return places


def _plan_people(
    desired: DesiredOnboarding, current: Current, context: PlanContext, problems: list[Problem]
) -> list[PlannedPerson]:
    try:
        return plan_roster(
            current.pairs,
            current.everybody,
            desired.policy,
            context,
            place_of=lambda position: desired.rows.place(desired.people[position][0]),
        )
    except InputError as error:
        # An invalid address is reported once, and not again as an unknown member.
        odd = {problem.place for problem in problems if problem.stored is not None}
        problems += [problem for problem in error.problems if problem.place not in odd]
        return []


def _directory(desired: DesiredOnboarding, everybody: Sequence[Member]) -> Directory:
    """Return all members as they will be; new members have negative IDs."""
    people = dict.fromkeys(member.email for _index, member in desired.people)
    members = [Member({**member, "status": "active"}) if member.email in people else member for member in everybody]
    known = {member.email for member in everybody}
    new = [email for email in people if email not in known]
    return Directory([*members, *(Member(id=-number, email=email) for number, email in enumerate(new, start=1))])


def _plan_guest(
    guest: DesiredGuest, desired: DesiredOnboarding, current: Current, directory: Directory, problems: list[Problem]
) -> PlannedGuest:
    record = current.guests.get(guest.email)
    try:
        plan = plan_guest(guest, record, directory)
    except InputError as error:
        place = desired.place("ensure_guests")
        problems += [replace(problem, place=place, subject=guest.email) for problem in error.problems]
        plan = Plan(guest.email)
    return PlannedGuest(guest, record, plan)
