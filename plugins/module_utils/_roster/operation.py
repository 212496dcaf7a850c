# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole roster: read it and the organization, plan, carry out the plan, report. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import CircuitBreaker
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import MOST_CONNECTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
    list_everybody,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

from .columns import COLUMN_OPTIONS, ROW_FIELDS, given_rows
from .fuse import FUSE_OPTIONS, Policy
from .member_plan import (
    PlanContext,
)
from .member_run import MemberRun, Newcomers
from .plan import Roster, add_missing_groups, compare_roster, plan_roster, unlisted_leavers
from .reading import Pair, read_context
from .result import (
    MemberReport,
    roster_result,
    warn_of_notes,
)
from .rights import refuse_without_rights
from .rows import (
    LEAVING_SUCCESSOR,
    Rows,
    checked_rows,
    standing,
)
from .run import RosterRun

LOCK_SUBJECT = "the roster of {}"
DIRECT_NEEDS_APPLICATION = "provision=direct requires an application: set client_id and client_secret"
#: The argument spec of ``tallyfy_roster``. Rows are raw: ansible-core's messages would not name the invalid row.
ROSTER_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "list", "elements": "raw"},
    "src": {"type": "path"},
    **COLUMN_OPTIONS,
    "defaults": {"type": "dict", "default": {}},
    "unlisted": {"type": "str", "choices": ["ignore", "disabled"], "default": "ignore"},
    "protect": {"type": "list", "elements": "str", "default": []},
    **FUSE_OPTIONS,
    "reassign_to": {"type": "str"},
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
    "report": {"type": "path"},
}
ROSTER_RULES: dict[str, Any] = {
    "mutually_exclusive": [("people", "src")],
    "required_one_of": [("people", "src")],
}


def ensure_roster(task: Task) -> dict[str, Any]:
    """Bring all people of a roster into their desired state and return the result of ``tallyfy_roster``.

    Raises ``InputError`` with every invalid row before anything is written, and ``RosterError`` at the end when
    somebody could not be converged.
    """
    with roster_lock(task):
        roster = read_and_plan(task)
        steps = [step for person in roster.planned for step in person.plan.steps]
        refuse_without_rights(task.client, steps, roster.everybody)
        organization = task.organization()
        newcomers = Newcomers(task.client)
        runs = [
            MemberRun(task.client, person.desired, person.current, roster.context, person.plan, newcomers)
            for person in roster.planned
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
    """Return the scheduler for the options of a bulk module."""
    breaker = CircuitBreaker(stops_on_error=task.params["on_error"] == "stop", called=task.called)
    return Scheduler(breaker, workers=task.params["concurrency"])


def read_and_plan(task: Task, *, is_comparison: bool = False) -> Roster:
    """Read the roster and the organization and return the plan for everybody.

    With ``is_comparison``, the plans are not carried out: ``compare_roster`` makes them, and a missing group has a
    placeholder without an ID. Raises ``InputError`` with every problem.
    """
    client, params = task.client, task.params
    workers = params["concurrency"]
    policy = Policy.from_params(params, task.called)
    rows, misnamed = given_rows(params, ROW_FIELDS, task.called, task.decrypt)
    indexed, problems = _listed(rows, params, policy, has_application=client.application is not None)
    problems += misnamed
    listed = [desired for _index, desired in indexed]
    problems += _problems_of_task(workers, policy, listed, rows)
    if is_comparison and any(problem.stored is None for problem in problems):
        raise InputError(problems)
    try:
        everybody = list_everybody(client, workers=workers)
        problems = standing(problems, everybody)
        desired = [*listed, *unlisted_leavers(listed, everybody, policy)]
        pairs, everybody, context = read_members(client, desired, everybody, workers=workers)
        if is_comparison and not problems:
            add_missing_groups(context.groups, pairs, also_removed=True)
            planned = compare_roster(pairs, everybody, policy, context, listed=len(listed))
        elif is_comparison:
            planned = []
        else:
            planned = plan_roster(
                pairs,
                everybody,
                policy,
                context,
                listed=len(listed),
                place_of=lambda index: rows.place(indexed[index][0]),
            )
    except InputError as error:
        # A successor who also leaves is found both in the rows and by the plan, and reported once.
        odd = {problem.place for problem in problems if problem.stored is not None}
        raise InputError([*problems, *(problem for problem in error.problems if problem.place not in odd)]) from None
    except TallyfyError:
        if problems:
            raise InputError(problems) from None
        raise
    if problems:
        raise InputError(problems)
    return Roster(planned, everybody, context, policy)


def _listed(
    rows: Rows, params: Mapping[str, Any], policy: Policy, *, has_application: bool
) -> tuple[list[tuple[int, DesiredMember]], list[Problem]]:
    """Return the index and the desired member of each row that names a person, and every problem."""
    checked, problems = checked_rows(rows, params["defaults"], policy.called)
    listed = []
    for index, row in checked:
        if not Email(row.get("email")):
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
    problems = [*policy.problems(), *validate_concurrency(workers, called)]
    if policy.unlisted == "disabled" and not rows.rows:
        problems.append(f"refusing an empty roster with {called('unlisted')}=disabled: it would remove everybody")
    successor = Email(policy.reassign_to)
    if successor and any(desired.email == successor and desired.state != "present" for desired in listed):
        problems.append(f"{called('reassign_to')} {LEAVING_SUCCESSOR.format(successor.key)}")
    return [Problem(text) for text in problems]


def validate_concurrency(workers: int, called: Callable[[str], str]) -> list[str]:
    """Return the problem of an invalid number of concurrent requests."""
    if 1 <= workers <= MOST_CONNECTIONS:
        return []
    return [f"{called('concurrency')} must be between 1 and {MOST_CONNECTIONS}, not {workers}"]


@contextlib.contextmanager
def roster_lock(task: Task) -> Iterator[contextlib.ExitStack]:
    """Lock the members of the organization against other runs; yield the stack of locks, which may take more."""
    with contextlib.ExitStack() as locks:
        locks.enter_context(task.client.alone(LOCK_SUBJECT.format(task.client.connection.org_id)))
        yield locks


def read_members(
    client: Client, people: Iterable[DesiredMember], everybody: Sequence[Member], *, workers: int
) -> tuple[list[Pair], list[Member], PlanContext]:
    """Return the people with their records, all members with their full records as far as read, and the context."""
    index = {member.email: member for member in everybody}
    pairs: list[Pair] = [(desired, index.get(desired.email)) for desired in people]
    pairs, context = read_context(client, pairs, everybody=index, workers=workers)
    # The fuse counts roles, which the listing may not show.
    whole = {str(current["id"]): current for _desired, current in pairs if current is not None}
    return pairs, [whole.get(str(member["id"]), member) for member in everybody], context
