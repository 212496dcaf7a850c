# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired people on one side, the live organization on the other: what has to be done for each. Private to the
collection.

Planning is pure: it depends on nothing but its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    Place,
    Problem,
    RefusedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, missing_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
    unseen_in,
)

from .fuse import Policy, ambiguous, doubt, refusals
from .member_plan import (
    PlanContext,
    is_removal,
    plan_member,
)
from .reading import Pair
from .result import (
    PlannedPerson,
)
from .rows import (
    LEAVING_SUCCESSOR,
)

SEVERAL_MEMBERS = "several members have this address when case does not matter; keep one of them in Tallyfy"
#: Fields that tell that a member belongs to Tallyfy, or cannot be spared.
PROTECTING_FIELDS = ("is_default_admin", "is_support_user")


@dataclass(frozen=True)
class Roster:
    """A roster that has been read, compared with the organization and planned."""

    planned: list[PlannedPerson]
    everybody: Sequence[Member]
    context: PlanContext
    policy: Policy


def unlisted_leavers(
    listed: Iterable[DesiredMember], everybody: Iterable[Member], policy: Policy
) -> list[DesiredMember]:
    """Return the wish that members who are not listed lose their access, where the policy has it; pure."""
    if policy.unlisted == "ignore":
        return []
    addresses = {desired.email for desired in listed}
    return [
        DesiredMember(email=member.email, state="disabled", reassign_to=policy.reassign_to)
        for member in everybody
        if member.email not in addresses and member.status != "disabled"
    ]


def plan_roster(
    pairs: Sequence[Pair],
    everybody: Sequence[Member],
    policy: Policy,
    context: PlanContext,
    *,
    listed: int | None = None,
    place_of: Callable[[int], Place] = lambda index: Place(f"row {index + 1}", index),
) -> list[PlannedPerson]:
    """Return the plan of every person, in the order of ``pairs``. Pure: it depends on nothing but its arguments.

    The first ``listed`` pairs (by default: all) were asked for, the others are members whom nobody listed. ``place_of``
    tells where a pair that was asked for stands.

    Raises ``InputError`` for what is missing or impossible, with every row concerned, ``InconsistentListError`` when
    the list of members leaves a doubt about who is meant, and ``RefusedError`` when the policy does not allow it.
    """
    count = len(pairs) if listed is None else listed
    planned: list[PlannedPerson] = []
    problems: list[Problem] = []

    def placed(index: int, text: str, option: str = "") -> Problem:
        desired = pairs[index][0]
        if option == "reassign_to" and policy.reassign_to is not None and desired.reassign_to == policy.reassign_to:
            # It was named once, for everybody.
            return Problem(text, option=policy.called(option))
        if index >= count:
            return Problem(text, Place(order=len(pairs)), f"{desired.email} (not listed)", option)
        return Problem(text, place_of(index), desired.email, option)

    for index, (desired, current) in enumerate(pairs):
        try:
            if index < count:
                planned.append(_plan_listed(desired, current, policy, context))
            else:
                planned.append(_plan_unlisted(desired, current, policy, context))
        except InputError as error:
            problems += [placed(index, problem.text, problem.option) for problem in error.problems]
        except RefusedError as error:
            problems.append(placed(index, error.text))
    problems += _leaving_successors(pairs, count, planned, placed)
    if problems:
        raise InputError(problems)
    _refuse_doubts(everybody, planned)
    refuse_by_policy([(person.current, person.plan) for person in planned], everybody, policy)
    return planned


def compare_roster(
    pairs: Sequence[Pair], everybody: Sequence[Member], policy: Policy, context: PlanContext, *, listed: int
) -> list[PlannedPerson]:
    """Return what a run would do for every person, as ``plan_roster`` does, when nothing is going to be written. Pure.

    Nothing is refused then: what the organization does not allow is the ``obstacle`` of a person with an empty plan.
    """
    doubtful = set(ambiguous(everybody))
    compared = []
    for index, (desired, current) in enumerate(pairs):
        obstacle = SEVERAL_MEMBERS if index < listed and desired.email in doubtful else ""
        if not obstacle:
            try:
                plan_one = _plan_listed if index < listed else _plan_unlisted
                compared.append(plan_one(desired, current, policy, context))
                continue
            except InputError as error:
                obstacle = "; ".join(problem.text for problem in error.problems)
            except RefusedError as error:
                obstacle = error.text
        person = PlannedPerson(desired, current, Plan(desired.email), is_listed=index < listed, obstacle=obstacle)
        compared.append(person)
    return compared


def refuse_by_policy(
    plans: Sequence[tuple[Member | None, Plan]],
    everybody: Sequence[Member],
    policy: Policy,
    *,
    guests: Sequence[str] = (),
    guests_there: int | None = None,
) -> None:
    """Raise ``RefusedError`` when the fuse does not let these plans be carried out, and ``guests`` be removed."""
    reasons = refusals(plans, everybody, policy, guests=guests, guests_there=guests_there)
    if reasons:
        leavers = sorted([*(plan.subject for _current, plan in plans if is_removal(plan)), *guests])
        raise RefusedError(f"Nothing was written: {'; '.join(reasons)}.", removals=leavers, problems=reasons)


def _leaving_successors(
    pairs: Sequence[Pair],
    listed: int,
    planned: Iterable[PlannedPerson],
    placed: Callable[[int, str, str], Problem],
) -> list[Problem]:
    problems = []
    leaving = {person.desired.email for person in planned if is_removal(person.plan)}
    unlisted = {desired.email for desired, _current in pairs[listed:]}
    for index, (desired, _current) in enumerate(pairs):
        address, successor = desired.email, Email(desired.reassign_to)
        if address not in leaving or successor not in leaving:
            continue
        if index >= listed or successor in unlisted:
            problems.append(placed(index, f"{desired.reassign_to} would lose their access, too", "reassign_to"))
        elif successor != address:
            problems.append(placed(index, LEAVING_SUCCESSOR.format(successor.key), "reassign_to"))
    return problems


def _plan_listed(desired: DesiredMember, current: Member | None, policy: Policy, context: PlanContext) -> PlannedPerson:
    plan = plan_member(desired, current, context)
    protector = policy.protector(desired.email) if is_removal(plan) else None
    if protector is not None:
        raise RefusedError(f"not removed, because {policy.called('protect')} holds {protector}", subject=desired.email)
    return PlannedPerson(desired, current, plan)


def _plan_unlisted(
    desired: DesiredMember, current: Member | None, policy: Policy, context: PlanContext
) -> PlannedPerson:
    protector = policy.protector(desired.email)
    obstacle = f"{policy.called('protect')} holds {protector}." if protector is not None else ""
    plan = Plan(desired.email)
    if not obstacle:
        try:
            plan = plan_member(desired, current, context)
        except RefusedError as error:
            obstacle = error.text
    hidden = unseen_in(PROTECTING_FIELDS, current or {}) if plan.steps else []
    if hidden:
        warning = (
            f"{desired.email}: Tallyfy does not show {', '.join(hidden)}, which could have been a reason to keep them."
        )
        plan = replace(plan, warnings=(*plan.warnings, warning))
    return PlannedPerson(desired, current, plan, is_listed=False, obstacle=obstacle)


def _refuse_doubts(everybody: Sequence[Member], planned: Sequence[PlannedPerson]) -> None:
    """Raise ``InconsistentListError`` when it is not sure who is meant, and that matters."""
    doubtful = ambiguous(everybody)
    if not doubtful:
        return
    concerned = {person.desired.email for person in planned if person.is_listed}
    if concerned & set(doubtful) or any(is_removal(person.plan) for person in planned):
        raise doubt("members", doubtful)


def add_missing_groups(groups: Groups, pairs: Iterable[Pair], *, also_removed: bool = False) -> None:
    """Add a placeholder without an ID for each group that people are to be in and that is not there.

    With ``also_removed`` those that they are to leave have one, too.
    """
    for desired, _current in pairs:
        names = desired.groups if desired.state == "present" else None
        if names is None:
            continue
        for name in (*names.desired, *(names.remove if also_removed else ())):
            groups.setdefault(fold(name), missing_group(name.strip()))
