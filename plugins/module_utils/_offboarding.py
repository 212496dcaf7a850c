# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People and guests who leave, in one plan: all of it is read and checked before anything is written. Private to the
collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._brakes import Brakes
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._guests import list_guests
from ansible_collections.tallyfy.platform.plugins.module_utils._handovers import (
    Leaver,
    read_open_tasks,
    read_processes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._member_runs import Pair, look_around
from ansible_collections.tallyfy.platform.plugins.module_utils._members import (
    DesiredMember,
    folded,
    list_everybody,
    status_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_plans import (
    Current,
    OffboardingPlan,
    plan_offboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_results import (
    empty_result,
    offboarding_result,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_rows import (
    DesiredOffboarding,
    desired_offboarding,
    in_order,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_run import OffboardingRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import LOCK_SUBJECT
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_results import warn_of_notes

#: The argument spec of ``tallyfy_offboarding``. Rows are raw, so that messages say which one is wrong.
OFFBOARDING_OPTIONS: dict[str, dict[str, Any]] = {
    "people": {"type": "raw"},
    "src": {"type": "path"},
    "guests": {"type": "raw"},
    "reassign_to": {"type": "str"},
    "delete": {"type": "bool", "default": False},
    "protect": {"type": "list", "elements": "str", "default": []},
    "max_removals": {"type": "str"},
    "min_admins": {"type": "int", "default": 2},
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
    """Return what is there: members, and guests, groups, processes and tasks as far as they matter."""
    everybody = list_everybody(client, workers=workers)
    index = {folded(record["email"]): record for record in everybody}
    wanted = [
        DesiredMember(email=wish.email, state=desired.state, reassign_to=wish.reassign_to) for wish in desired.people
    ]
    pairs: list[Pair] = [(member, index.get(folded(member.email))) for member in wanted]
    pairs, around = look_around(client, pairs, everybody=index, workers=workers)
    # The fuse counts what the listing may not show, such as roles.
    whole = {str(record["id"]): record for _member, record in pairs if record is not None}
    everybody = [whole.get(str(record["id"]), record) for record in everybody]
    # Who has no access any more is looked at as well: what an earlier run could not finish is finished.
    known = [(member, record) for member, record in pairs if record is not None]
    leavers = [Leaver(record) for _member, record in known]
    gone = [Leaver(record) for member, record in known if member.reassign_to and status_of(record) == "disabled"]
    acting = client.member.user if client.member is not None else around.acting_email
    successors = {address: index[address] for address in map(_successor_of, wanted) if address in index}
    return Current(
        everybody,
        replace(around, acting_email=acting, successors=successors),
        groups=client.records(client.path("groups")) if leavers else (),
        guests=list_guests(client) if wanted or desired.guests else (),
        processes=read_processes(client, leavers, workers=workers),
        tasks=read_open_tasks(client, gone, workers=workers),
    )


def _successor_of(desired: DesiredMember) -> str:
    return folded(desired.reassign_to)


# --- a whole offboarding ----------------------------------------------------------------------------------------------


def ensure_offboarding(
    client: Client,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
    called: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Take the access of people and guests away, their work handed over, and return the result of the module.

    ``called`` tells how the caller names an option. Raises ``InputError`` with everything that is wrong, before
    anything is written, and ``RosterError`` at the end when somebody is not gone. Every error carries the whole result.
    """
    organization = {"id": client.connection.org_id, "name": None, "acting_as": _acting_as(client, None)}
    try:
        with contextlib.ExitStack() as locks:
            if not check_mode:
                locks.enter_context(client.exclusively(LOCK_SUBJECT.format(client.connection.org_id)))
            desired = desired_offboarding(params, called)
            plan, current = _read_and_plan(client, desired, params, organization, called)
            run = OffboardingRun(
                client,
                plan,
                current,
                min_admins=params["min_admins"],
                workers=params["concurrency"],
                brakes=Brakes(goes_on=params["on_error"] == "finish"),
                progress=progress,
            )
            if check_mode:
                run.pretend()
            else:
                run.carry_out()
            result = offboarding_result(run, organization, client, check_mode=check_mode)
            warn_of_notes(result["notes"], warn)
            return result
    except TallyfyError as error:
        error.facts = {**empty_result(organization, client, check_mode=check_mode), **error.facts}
        raise


def _read_and_plan(
    client: Client,
    desired: DesiredOffboarding,
    params: Mapping[str, Any],
    organization: dict[str, Any],
    called: Callable[[str], str],
) -> tuple[OffboardingPlan, Current]:
    try:
        current = read_current(client, desired, workers=desired.workers)
        organization["acting_as"] = _acting_as(client, current.around.acting_email)
        if params.get("report"):
            organization["name"] = client.get().get("name")
    except TallyfyError:
        if desired.problems:
            raise InputError(in_order(desired.problems)) from None
        raise
    return plan_offboarding(desired, current, called=called), current


def _acting_as(client: Client, email: str | None) -> str:
    if client.member is not None:
        return client.member.user
    if client.application is not None:
        return f"the application {client.connection.client_id}"
    return email or "the owner of the access token"
