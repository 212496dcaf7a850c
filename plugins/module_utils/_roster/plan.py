# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a roster: compares the desired people with the live organization. Private to the collection.

Planning is pure: it depends only on its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, RefusedError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, missing_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
    unseen_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem

from .fuse import Policy, ambiguous, doubt, refusals
from .member_plan import (
    REFUSING,
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

SEVERAL_MEMBERS = "several members have this address when case is ignored; keep one of them in Tallyfy"
#: The fields that protect a member from removal.
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
    """Return the desired state of unlisted members when the policy disables them, else nothing; pure."""
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
    """Return the plan of every person, in the order of ``pairs``. Pure: it depends only on its arguments.

    The first ``listed`` pairs (by default: all) are rows of the roster, the others are unlisted members. ``place_of``
    returns the place of a listed pair in the input.

    Raises ``InputError`` with every row that is incomplete or impossible, ``InconsistentListError`` when an address is
    ambiguous in the list of members, and ``RefusedError`` when the policy does not allow the plans.
    """
    count = len(pairs) if listed is None else listed
    planned: list[PlannedPerson] = []
    problems: list[Problem] = []

    def placed(index: int, text: str, option: str = "") -> Problem:
        desired = pairs[index][0]
        if option == "reassign_to" and policy.reassign_to is not None and desired.reassign_to == policy.reassign_to:
            # The option applies to everybody, so it has no row.
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
    """Return the plan of every person as ``plan_roster`` does, for a comparison that writes nothing. Pure.

    Nothing is refused: a change that is not allowed becomes the ``obstacle`` of a person with an empty plan.
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
    """Raise ``RefusedError`` when the fuse does not allow these plans and the removal of ``guests``."""
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
            problems.append(placed(index, f"{desired.reassign_to} would also lose access", "reassign_to"))
        elif successor != address:
            problems.append(placed(index, LEAVING_SUCCESSOR.format(successor.key), "reassign_to"))
    return problems


def _plan_listed(desired: DesiredMember, current: Member | None, policy: Policy, context: PlanContext) -> PlannedPerson:
    plan = plan_member(desired, current, context)
    protector = policy.protector(desired.email) if is_removal(plan) else None
    if protector is not None:
        raise RefusedError(f"{REFUSING}{policy.called('protect')} holds {protector}", subject=desired.email)
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
            obstacle = error.text.removeprefix(REFUSING)
    hidden = unseen_in(PROTECTING_FIELDS, current or {}) if plan.steps else []
    if hidden:
        warning = (
            f"{desired.email}: Tallyfy does not show {', '.join(hidden)}, which could protect this member from removal."
        )
        plan = replace(plan, warnings=(*plan.warnings, warning))
    return PlannedPerson(desired, current, plan, is_listed=False, obstacle=obstacle)


def _refuse_doubts(everybody: Sequence[Member], planned: Sequence[PlannedPerson]) -> None:
    """Raise ``InconsistentListError`` when the address of a member to change is ambiguous."""
    doubtful = ambiguous(everybody)
    if not doubtful:
        return
    concerned = {person.desired.email for person in planned if person.is_listed}
    if concerned & set(doubtful) or any(is_removal(person.plan) for person in planned):
        raise doubt("members", doubtful)


def add_missing_groups(groups: Groups, pairs: Iterable[Pair], *, also_removed: bool = False) -> None:
    """Add a placeholder without an ID for each missing group that people are to join.

    With ``also_removed``, missing groups that people are to leave get a placeholder, too.
    """
    for desired, _current in pairs:
        names = desired.groups if desired.state == "present" else None
        if names is None:
            continue
        for name in (*names.desired, *(names.remove if also_removed else ())):
            groups.setdefault(fold(name), missing_group(name.strip()))
