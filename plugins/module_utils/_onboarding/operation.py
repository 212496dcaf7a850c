# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People with their groups and processes, and guests, in one plan, read and checked before anything is written.

Private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    DesiredGuest,
    find_guest,
    list_guests,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import list_everybody
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import COLUMN_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import FUSE_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import (
    read_members,
    roster_lock,
    scheduler_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import warn_of_notes
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rights import refuse_without_rights

from .plan import Current, OnboardingPlan, plan_onboarding
from .prepare import DesiredOnboarding, prepare_onboarding
from .processes import LaunchPlanner, PlannedProcess
from .result import onboarding_result
from .run import OnboardingRun
from .wishes import desired_process, fields_of_person

#: The number of guests up to which each is looked up; for more, all guests are listed, in fewer requests.
MOST_LOOKUPS = 3
#: The argument spec of ``tallyfy_onboarding``. Rows are raw, so that messages name the invalid row.
ONBOARDING_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "list", "elements": "raw"},
    "src": {"type": "path"},
    **COLUMN_OPTIONS,
    "defaults": {"type": "dict", "default": {}},
    "process": {"type": "raw"},
    "ensure_groups": {"type": "raw", "default": []},
    "ensure_guests": {"type": "raw", "default": []},
    "min_admins": FUSE_OPTIONS["min_admins"],
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
    "report": {"type": "path"},
}
ONBOARDING_RULES: dict[str, Any] = {"mutually_exclusive": [("people", "src")]}


def ensure_onboarding(task: Task) -> dict[str, Any]:
    """Bring people, groups, guests and processes into the desired state and return the result of the module.

    Raises ``InputError`` with every problem before anything is written, and ``RosterError`` at the end when something
    could not be converged.
    """
    client = task.client
    with roster_lock(task) as locks:
        desired = prepare_onboarding(
            task.params, task.called, has_application=client.application is not None, decrypt=task.decrypt
        )
        current = read_current(client, desired)
        plan = plan_onboarding(desired, current)
        planner = LaunchPlanner(client, locks, workers=desired.workers)
        processes = _plan_processes(planner, desired, current, plan)
        refuse_without_rights(client, plan.member_steps, current.everybody, group_steps=plan.group_steps)
        organization = task.organization()
        run = OnboardingRun(
            client,
            plan,
            processes,
            everybody=current.everybody,
            policy=desired.policy,
            scheduler=scheduler_of(task),
            progress=task.progress,
        )
        run.complete(check_mode=task.check_mode)
        notes = [*planner.notes, *run.notes()]
        warn_of_notes(notes, task.warn)
        return onboarding_result(run, plan.people, notes, organization, task)


def read_current(client: Client, desired: DesiredOnboarding) -> Current:
    """Return the current state: all members, and the groups and guests that the plan needs."""
    workers = desired.workers
    everybody = list_everybody(client, workers=workers)
    people = [member for _index, member in desired.people]
    pairs, everybody, context = read_members(client, people, everybody, workers=workers)
    has_groups = any(member.groups is not None for member in people)
    if desired.groups and not has_groups:
        context = replace(context, groups=list_groups(client))
        has_groups = True
    guests = _read_guests(client, desired.guests, workers)
    return Current(everybody, pairs, context, has_groups, guests)


def _read_guests(client: Client, guests: Sequence[DesiredGuest], workers: int) -> dict[Email, Record]:
    """Return the full records of the guests that exist in this organization."""
    listed: Mapping[Email, Record] = {}
    short = [guest.email for guest in guests]
    if len(guests) > MOST_LOOKUPS:
        listed = {Email(record.get("email")): record for record in list_guests(client)}
        # An address that is not in the list is not a guest of this organization.
        known = [email for email in short if isinstance(listed.get(email), Mapping)]
        short = [email for email in known if not isinstance(listed[email].get("details"), Mapping)]
    found = map_concurrently(lambda email: find_guest(client, email), short, workers=workers)
    whole = {email: record for email, record in zip(short, found) if record is not None}
    return {**listed, **whole}


def _plan_processes(
    planner: LaunchPlanner, desired: DesiredOnboarding, current: Current, plan: OnboardingPlan
) -> list[PlannedProcess]:
    """Return the plan of each process; raises ``InputError`` with every problem found so far and here."""
    records = {index: record for (index, _member), (_desired, record) in zip(desired.people, current.pairs)}
    wished = [
        (wish, desired_process(wish, desired.process, fields_of_person(wish.member, records[wish.index])))
        for wish in desired.wishes
    ]
    processes: list[PlannedProcess] = []
    problems = list(plan.problems)
    if wished:
        processes, found = planner.plan(
            wished,
            rows=desired.rows,
            called=desired.policy.called,
            directory=plan.directory,
            groups=plan.context.groups if current.has_groups else None,
        )
        problems += found
    if problems:
        raise InputError(problems)
    return processes
