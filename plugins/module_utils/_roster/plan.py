# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired people on one side, the live organization on the other: one plan, one run. Private to the collection.

One member is a roster of one; there is no other way to plan or to change a member.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import CircuitBreaker
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    Place,
    Problem,
    RefusedError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import MOST_CONNECTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, missing_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    find_member,
    folded,
    is_address,
    list_everybody,
    problems_with,
    shape_member,
    status_of,
    unseen_in,
)

from .columns import COLUMN_OPTIONS, ROW_FIELDS, given_rows
from .fuse import Policy, ambiguous, doubt, refusals
from .member_plan import (
    Surroundings,
    is_removal,
    plan_member,
)
from .member_run import MemberRun, Newcomers
from .reading import Pair, look_around
from .result import (
    MemberReport,
    PlannedPerson,
    roster_result,
    warn_of_notes,
)
from .rights import refuse_without_rights
from .rows import (
    LEAVING_SUCCESSOR,
    Rows,
    checked_rows,
)
from .run import RosterRun

LOCK_SUBJECT = "the roster of {}"
SEVERAL_MEMBERS = "several members have this address when case does not matter; keep one of them in Tallyfy"
#: Fields that tell that a member belongs to Tallyfy, or cannot be spared.
PROTECTING_FIELDS = ("is_default_admin", "support_user")
DIRECT_NEEDS_APPLICATION = "provision=direct goes through the application: give client_id and client_secret"
#: The argument spec of ``tallyfy_roster``. Rows are raw: ansible-core's own messages would not say which one is wrong.
ROSTER_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "list", "elements": "raw", "aliases": ["members"]},
    "src": {"type": "path"},
    **COLUMN_OPTIONS,
    "defaults": {"type": "dict", "default": {}},
    "unlisted": {"type": "str", "choices": ["ignore", "disabled", "absent"], "default": "ignore"},
    "protect": {"type": "list", "elements": "str", "default": []},
    "max_removals": {"type": "str", "default": "10%"},
    "min_admins": {"type": "int", "default": 2},
    "reassign_to": {"type": "str"},
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
    "report": {"type": "path"},
}
ROSTER_RULES: dict[str, Any] = {
    "mutually_exclusive": [("people", "src")],
    "required_one_of": [("people", "src")],
}


# --- planning ---------------------------------------------------------------------------------------------------------


def unlisted_leavers(
    listed: Iterable[DesiredMember], everybody: Iterable[Record], policy: Policy
) -> list[DesiredMember]:
    """Return the wish that members who are not listed lose their access, where the policy has it; pure."""
    if policy.unlisted == "ignore":
        return []
    addresses = {folded(desired.email) for desired in listed}
    return [
        DesiredMember(email=Email(record["email"]), state="disabled", reassign_to=policy.reassign_to)
        for record in everybody
        if folded(record["email"]) not in addresses and status_of(record) != "disabled"
    ]


def plan_roster(
    pairs: Sequence[Pair],
    everybody: Sequence[Record],
    policy: Policy,
    around: Surroundings,
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
                planned.append(_plan_listed(desired, current, policy, around))
            else:
                planned.append(_plan_unlisted(desired, current, policy, around))
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
    pairs: Sequence[Pair], everybody: Sequence[Record], policy: Policy, around: Surroundings, *, listed: int
) -> list[PlannedPerson]:
    """Return what a run would do for every person, as ``plan_roster`` does, when nothing is going to be written. Pure.

    Nothing is refused then: what the organization does not allow is the ``obstacle`` of a person with an empty plan.
    """
    doubtful = set(ambiguous(everybody))
    compared = []
    for index, (desired, current) in enumerate(pairs):
        obstacle = SEVERAL_MEMBERS if index < listed and folded(desired.email) in doubtful else ""
        if not obstacle:
            try:
                plan_one = _plan_listed if index < listed else _plan_unlisted
                compared.append(plan_one(desired, current, policy, around))
                continue
            except InputError as error:
                obstacle = "; ".join(problem.text for problem in error.problems)
            except RefusedError as error:
                obstacle = error.text
        person = PlannedPerson(desired, current, Plan(desired.email), is_listed=index < listed, obstacle=obstacle)
        compared.append(person)
    return compared


def refuse_by_policy(
    plans: Sequence[tuple[Record | None, Plan]],
    everybody: Sequence[Record],
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
    leaving = {folded(person.desired.email) for person in planned if is_removal(person.plan)}
    unlisted = {folded(desired.email) for desired, _current in pairs[listed:]}
    for index, (desired, _current) in enumerate(pairs):
        address, successor = folded(desired.email), folded(desired.reassign_to)
        if address not in leaving or successor not in leaving:
            continue
        if index >= listed or successor in unlisted:
            problems.append(placed(index, f"{desired.reassign_to} would lose their access, too", "reassign_to"))
        elif successor != address:
            problems.append(placed(index, LEAVING_SUCCESSOR.format(successor), "reassign_to"))
    return problems


def _plan_listed(desired: DesiredMember, current: Record | None, policy: Policy, around: Surroundings) -> PlannedPerson:
    plan = plan_member(desired, current, around)
    protector = policy.protector(desired.email) if is_removal(plan) else None
    if protector is not None:
        raise RefusedError(f"not removed, because {policy.called('protect')} holds {protector}", subject=desired.email)
    return PlannedPerson(desired, current, plan)


def _plan_unlisted(
    desired: DesiredMember, current: Record | None, policy: Policy, around: Surroundings
) -> PlannedPerson:
    protector = policy.protector(desired.email)
    obstacle = f"{policy.called('protect')} holds {protector}." if protector is not None else ""
    plan = Plan(desired.email)
    if not obstacle:
        try:
            plan = plan_member(desired, current, around)
        except RefusedError as error:
            obstacle = error.text
    hidden = unseen_in(PROTECTING_FIELDS, current or {}) if plan.steps else []
    if hidden:
        warning = (
            f"{desired.email}: Tallyfy does not show {', '.join(hidden)}, which could have been a reason to keep them."
        )
        plan = replace(plan, warnings=(*plan.warnings, warning))
    return PlannedPerson(desired, current, plan, is_listed=False, obstacle=obstacle)


def _refuse_doubts(everybody: Sequence[Record], planned: Sequence[PlannedPerson]) -> None:
    """Raise ``InconsistentListError`` when it is not sure who is meant, and that matters."""
    doubtful = ambiguous(everybody)
    if not doubtful:
        return
    concerned = {folded(person.desired.email) for person in planned if person.is_listed}
    if concerned & set(doubtful) or any(is_removal(person.plan) for person in planned):
        raise doubt("members", doubtful)


# --- a whole roster ---------------------------------------------------------------------------------------------------


def ensure_roster(task: Task) -> dict[str, Any]:
    """Bring all people of a roster into their wanted state and return the result of ``tallyfy_roster``.

    Raises ``InputError`` with every row that is wrong, before anything is written, and ``RosterError`` at the end when
    somebody could not be brought into the wanted state.
    """
    subject = LOCK_SUBJECT.format(task.client.connection.org_id)
    # Who only looks keeps nobody waiting.
    with contextlib.nullcontext() if task.check_mode else task.client.alone(subject):
        roster = read_and_plan(task)
        steps = [step for one in roster.planned for step in one.plan.steps]
        refuse_without_rights(task.client, steps, roster.everybody)
        organization = task.organization()
        newcomers = Newcomers(task.client)
        runs = [
            MemberRun(task.client, one.desired, one.current, roster.around, one.plan, newcomers)
            for one in roster.planned
        ]
        roster_run = RosterRun(
            task.client,
            runs,
            scheduler=scheduler_of(task),
            everybody=roster.everybody,
            policy=roster.policy,
            progress=task.progress,
        )
        roster_run.complete(check_mode=task.check_mode)
        reports = [MemberReport(person, run) for person, run in zip(roster.planned, runs)]
        notes = [note for run in runs for note in run.notes]
        warn_of_notes(notes, task.warn)
        return roster_result(reports, notes, organization, task)


def scheduler_of(task: Task) -> Scheduler:
    """Return the scheduler that the options of a bulk module ask for."""
    breaker = CircuitBreaker(stops_on_error=task.params["on_error"] == "stop", called=task.called)
    return Scheduler(breaker, workers=task.params["concurrency"])


@dataclass(frozen=True)
class Roster:
    """A roster that has been read, compared with the organization and planned."""

    planned: list[PlannedPerson]
    everybody: list[Record]
    around: Surroundings
    policy: Policy


def read_and_plan(task: Task, *, policy: Policy | None = None, is_comparison: bool = False) -> Roster:
    """Read the roster and the organization and return the plan for everybody.

    ``policy`` takes the place of the task's own. With ``is_comparison`` the plans are there to be looked at:
    ``compare_roster`` makes them, and a group that is not there has a placeholder without a number. Raises
    ``InputError`` with everything that is wrong.
    """
    client, params = task.client, task.params
    workers = params["concurrency"]
    policy = policy or policy_from(params, task.called)
    rows, misnamed = given_rows(params, ROW_FIELDS, task.called, task.decrypt)
    indexed, problems = _listed(rows, params, policy, has_application=client.application is not None)
    problems += misnamed
    listed = [desired for _index, desired in indexed]
    problems += _problems_of_task(workers, policy, listed, rows)
    if is_comparison and problems:
        raise InputError(problems)
    try:
        looks_only = task.check_mode or is_comparison
        pairs, everybody, around = _read(client, listed, policy, workers, is_check_mode=looks_only)
        if is_comparison:
            add_missing_groups(around.groups, pairs, also_removed=True)
            planned = compare_roster(pairs, everybody, policy, around, listed=len(listed))
        else:
            planned = plan_roster(
                pairs,
                everybody,
                policy,
                around,
                listed=len(listed),
                place_of=lambda index: rows.place(indexed[index][0]),
            )
    except InputError as error:
        # A successor who is leaving, too, is found out before anything is asked, and again by the plan.
        raise InputError([*problems, *error.problems]) from None
    except TallyfyError:
        if problems:
            raise InputError(problems) from None
        raise
    if problems:
        raise InputError(problems)
    return Roster(planned, everybody, around, policy)


def policy_from(params: Mapping[str, Any], called: Callable[[str], str]) -> Policy:
    """Return the policy that the parameters of a roster ask for."""
    return Policy(
        unlisted=unlisted_from(params["unlisted"]),
        protect=tuple(params["protect"]),
        max_removals=str(params["max_removals"]),
        min_admins=params["min_admins"],
        reassign_to=Email(params["reassign_to"]) or None,
        called=called,
    )


def unlisted_from(given: str) -> str:
    """Return what becomes of people who are not listed; ``absent`` is another spelling of ``disabled``."""
    return "disabled" if given == "absent" else given


def add_missing_groups(groups: Groups, pairs: Iterable[Pair], *, also_removed: bool = False) -> None:
    """Add a placeholder without a number for each group that people are wanted in and that is not there.

    With ``also_removed`` those that they are to leave have one, too.
    """
    for desired, _current in pairs:
        names = desired.groups if desired.state == "present" else None
        if names is None:
            continue
        for name in (*names.wanted, *(names.remove if also_removed else ())):
            groups.setdefault(fold(name), missing_group(name.strip()))


def _listed(
    rows: Rows, params: Mapping[str, Any], policy: Policy, *, has_application: bool
) -> tuple[list[tuple[int, DesiredMember]], list[Problem]]:
    """Return each row's index with what it wants, as far as it names a person, and every problem."""
    checked, problems = checked_rows(rows, params["defaults"], policy.called)
    listed = []
    for index, row in checked:
        if not is_address(row.get("email")):
            continue
        desired = DesiredMember.from_params(row, has_application=has_application)
        if desired.state == "present" and desired.provision == "direct" and not has_application:
            problems.append(rows.problem(index, desired.email, DIRECT_NEEDS_APPLICATION))
        if desired.state != "present" and desired.reassign_to is None:
            desired = replace(desired, reassign_to=policy.reassign_to)
        listed.append((index, desired))
    return listed, problems


def _problems_of_task(workers: int, policy: Policy, listed: Sequence[DesiredMember], rows: Rows) -> list[Problem]:
    called = policy.called
    problems = [*policy.problems(), *workers_problems(workers, called)]
    if policy.unlisted == "disabled" and not rows.rows:
        problems.append(
            f"the roster is empty, and {called('unlisted')}=disabled would remove everybody; that is never done"
        )
    successor = folded(policy.reassign_to)
    if successor and any(folded(one.email) == successor and one.state != "present" for one in listed):
        problems.append(f"{called('reassign_to')} {LEAVING_SUCCESSOR.format(successor)}")
    return [Problem(text) for text in problems]


def workers_problems(workers: int, called: Callable[[str], str]) -> list[str]:
    """Return what is wrong with the number of requests that may be under way."""
    if 1 <= workers <= MOST_CONNECTIONS:
        return []
    return [f"{called('concurrency')} is {workers}, and must be between 1 and {MOST_CONNECTIONS}"]


def _read(
    client: Client, listed: Sequence[DesiredMember], policy: Policy, workers: int, *, is_check_mode: bool
) -> tuple[list[Pair], list[Record], Surroundings]:
    everybody = list_everybody(client, workers=workers)
    index = {folded(record["email"]): record for record in everybody}
    wanted = [*listed, *unlisted_leavers(listed, everybody, policy)]
    pairs: list[Pair] = [(desired, index.get(folded(desired.email))) for desired in wanted]
    completed, around = look_around(client, pairs, everybody=index, workers=workers, is_check_mode=is_check_mode)
    # The fuse counts what the listing may not show, such as roles.
    whole = {str(current["id"]): current for _desired, current in completed if current is not None}
    return completed, [whole.get(str(record["id"]), record) for record in everybody], around


# --- a roster of one --------------------------------------------------------------------------------------------------


def ensure_member(task: Task) -> dict[str, Any]:
    """Bring one person into the wanted state and return the result of ``tallyfy_user``.

    Raises ``InputError`` before anything is sent when the wanted values are wrong by themselves.
    """
    client = task.client
    problems = problems_with(task.params)
    if problems:
        raise InputError(problems)
    desired = DesiredMember.from_params(task.params, has_application=client.application is not None)
    if desired.state == "present" and desired.provision == "direct" and client.application is None:
        raise InputError([DIRECT_NEEDS_APPLICATION])
    pairs: list[Pair] = [(desired, find_member(client, desired.email))]
    ((_desired, current),), around = look_around(client, pairs, is_check_mode=task.check_mode)
    run = MemberRun(client, desired, current, around, plan_member(desired, current, around))
    refuse_without_rights(client, run.plan.steps)
    if run.plan.steps and not task.check_mode:
        client.require_locks()
    RosterRun(client, [run]).complete(check_mode=task.check_mode)
    for note in run.notes:
        task.warn(note)
    run.raise_failure()
    # Warnings are lost from the registered results of a loop before ansible-core 2.22; a report wants them.
    return {**run.result(), "notes": run.notes, "user": _member_after(run, check_mode=task.check_mode)}


def _member_after(run: MemberRun, *, check_mode: bool) -> Record | None:
    """Return the member as they are after the run, or, in check mode, as far as the plan can tell."""
    if run.desired.state == "deleted" or (run.current is None and not run.plan.steps):
        return None
    groups = None
    if run.desired.groups is not None:
        groups = list(run.plan.after.get("groups", run.around.groups.names_of(run.current)))
    planned = {name: value for name, value in run.plan.after.items() if name != "groups"}
    return shape_member({**(run.current or {}), **planned, **({} if check_mode else run.record)}, groups)
