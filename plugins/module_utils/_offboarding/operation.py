# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes people and guests by one plan, read and checked before anything is written. Private to the collection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import list_guests
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    list_everybody,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import COLUMN_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import FUSE_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import (
    Leaver,
    read_open_tasks,
    read_processes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import (
    read_members,
    roster_lock,
    scheduler_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import warn_of_notes
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rights import refuse_without_rights

from .plan import (
    Current,
    OffboardingPlan,
    plan_offboarding,
)
from .result import (
    notes_of,
    offboarding_result,
)
from .rows import (
    DesiredOffboarding,
    desired_offboarding,
)
from .run import OffboardingRun

#: The argument spec of ``tallyfy_offboarding``. Rows are raw, so that messages name the invalid row.
OFFBOARDING_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "raw"},
    "src": {"type": "path"},
    **COLUMN_OPTIONS,
    "guests": {"type": "raw"},
    "reassign_to": {"type": "str"},
    "delete": {"type": "bool", "default": False},
    "protect": {"type": "list", "elements": "str", "default": []},
    **FUSE_OPTIONS,
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
    "report": {"type": "path"},
}
OFFBOARDING_RULES: dict[str, Any] = {
    "mutually_exclusive": [("people", "src")],
    "required_one_of": [("people", "src", "guests")],
}


# --- reading ----------------------------------------------------------------------------------------------------------


def read_current(client: Client, desired: DesiredOffboarding, *, workers: int = 1) -> Current:
    """Return the current state: all members, and the guests, groups, processes and tasks that the plan needs."""
    everybody = list_everybody(client, workers=workers)
    people = [
        DesiredMember(email=wish.email, state=desired.state, reassign_to=wish.reassign_to) for wish in desired.people
    ]
    # Open tasks are read below, with everything else to hand over.
    pairs, everybody, context = read_members(
        client,
        [replace(member, reassign_to=None) for member in people],
        everybody,
        workers=workers,
    )
    index = {member.email: member for member in everybody}
    # Leavers without access are included, to finish what an earlier run could not.
    known = [(member, record) for member, (_same, record) in zip(people, pairs) if record is not None]
    leavers = [Leaver(record) for _member, record in known]
    gone = [Leaver(record) for member, record in known if member.reassign_to and record.status == "disabled"]
    successors = {address: index[address] for address in map(_successor_of, people) if address in index}
    return Current(
        everybody,
        replace(context, successors=successors),
        groups=client.records(client.path("groups")) if leavers else (),
        guests=list_guests(client) if people or desired.guests else (),
        processes=read_processes(client, leavers, workers=workers),
        tasks=read_open_tasks(client, gone, workers=workers),
    )


def _successor_of(desired: DesiredMember) -> Email:
    return Email(desired.reassign_to)


# --- a whole offboarding ----------------------------------------------------------------------------------------------


def ensure_offboarding(task: Task) -> dict[str, Any]:
    """Hand over the work of people and guests, remove their access, and return the result of the module.

    Raises ``InputError`` with every problem before anything is written, and ``RosterError`` at the end when somebody
    could not be converged.
    """
    client = task.client
    try:
        with roster_lock(task):
            desired = desired_offboarding(task.params, task.called, task.decrypt)
            plan, current, organization = _read_and_plan(task, desired)
            run = OffboardingRun(
                client,
                plan,
                current,
                policy=desired.policy,
                scheduler=scheduler_of(task),
                progress=task.progress,
            )
            run.complete(check_mode=task.check_mode)
            warn_of_notes(notes_of(run), task.warn)
            return offboarding_result(run, organization, task)
    except TallyfyError as error:
        reported = {"org_id": client.connection.org_id, "requests": client.requests_sent}
        where = {"id": client.connection.org_id, "name": None, "acting_as": client.acting_as()}
        error.facts = {**reported, "organization": where, **error.facts}
        raise


def _read_and_plan(task: Task, desired: DesiredOffboarding) -> tuple[OffboardingPlan, Current, dict[str, Any]]:
    try:
        current = read_current(task.client, desired, workers=desired.workers)
        # Read before anything is written, so that a run cannot fail at its end because of it.
        organization = task.organization()
    except TallyfyError:
        if desired.problems:
            raise InputError(desired.problems) from None
        raise
    plan = plan_offboarding(desired, current)
    refuse_without_rights(task.client, plan.steps, current.everybody)
    return plan, current, organization
