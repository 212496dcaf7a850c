# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What planning members needs to know, read as far as the plans depend on it. Private to the collection.

Source: API reference, "Members".
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import (
    await_late_writes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
    find_member,
    unseen_in,
)

from .handover import (
    Leaver,
    count_open_tasks,
)
from .member_plan import (
    PlanContext,
    fields_needed,
    is_left_behind,
    needs_acting_email,
    needs_timezone,
)

#: Somebody who is wanted in some way, and their record if they are a member.
Pair = tuple[DesiredMember, Optional[Member]]


def read_context(
    client: Client,
    pairs: Sequence[Pair],
    *,
    everybody: Mapping[Email, Member] | None = None,
    workers: int = 1,
) -> tuple[list[Pair], PlanContext]:
    """Return the pairs with records completed where the listing was too short, and what else their plans need.

    Asks only for what these plans can depend on: nothing at all for members who are up to date and have no groups, and
    one listing of tasks for each hundred people who have no access any more and name a successor.
    ``everybody`` are all members by their address, for who has read them; successors are looked up
    there, and otherwise one by one. A run sees in the answers what Tallyfy does not show of people whom it adds; check
    mode looks at somebody who is there.
    """
    pairs = _completed(client, _settled(client, pairs), workers)
    left = [Leaver(current) for desired, current in pairs if current is not None and is_left_behind(desired, current)]
    open_tasks = count_open_tasks(client, left, workers=workers) if left else {}
    wants_groups = any(desired.groups is not None and desired.state == "present" for desired, _current in pairs)
    wants_timezone = any(needs_timezone(desired, current) for desired, current in pairs)
    wants_acting_email = any(needs_acting_email(desired, current) for desired, current in pairs)
    names = sorted(
        {
            Email(desired.reassign_to)
            for desired, current in pairs
            if desired.reassign_to and desired.state != "present"
            if current is not None and (current.status != "disabled" or str(current["id"]) in open_tasks)
        }
    )
    if everybody is None:
        found = {name: find_member(client, name) for name in names}
    else:
        found = {name: everybody.get(name) for name in names}
    return pairs, PlanContext(
        groups=list_groups(client) if wants_groups else Groups(),
        organization_timezone=client.organization().get("timezone") if wants_timezone else None,
        acting_email=client.acting_email() if wants_acting_email else None,
        successors={name: record for name, record in found.items() if record is not None},
        open_tasks=open_tasks,
        hidden=_hidden_fields(client, everybody) if client.check_mode and any(map(_is_new, pairs)) else frozenset(),
    )


def _is_new(pair: Pair) -> bool:
    desired, current = pair
    return current is None and desired.state == "present"


def _hidden_fields(client: Client, everybody: Mapping[Email, Member] | None) -> frozenset[str]:
    """Return the fields that Tallyfy shows of nobody: it shows the same of each."""
    if everybody is None:
        answer = client.call("GET", client.path("users"), query={"per_page": 1}).data
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
    else:
        rows = list(everybody.values())
    row = max(rows, key=len, default={})
    hidden = unseen_in(("role", *PROFILE_FIELDS), row) if row.get("id") is not None else []
    if hidden:
        # The record itself may show more than the rows of lists.
        with contextlib.suppress(ForbiddenError, NotFoundError):
            hidden = unseen_in(hidden, client.get("users", row["id"]))
    return frozenset(hidden)


def _settled(client: Client, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs as they are when no earlier write to one of them is in doubt any more."""
    actions: tuple[tuple[str, ...], ...] = ((), ("role",), ("enable",), ("disable",))

    def paths_of(current: Mapping[str, Any]) -> Iterator[str]:
        return (client.path("users", current["id"], *action) for action in actions)

    def is_late(current: Mapping[str, Any]) -> bool:
        return await_late_writes(client, paths_of(current))

    everybody = (path for _desired, current in pairs if current is not None for path in paths_of(current))
    # One look for all, since nearly always no write is in doubt.
    if not client.late_writes.known(everybody, client.now()):
        return list(pairs)
    return [
        (desired, find_member(client, desired.email) if current is not None and is_late(current) else current)
        for desired, current in pairs
    ]


def _completed(client: Client, pairs: Sequence[Pair], workers: int) -> list[Pair]:
    """Return the pairs with every field that their plans need; rows of a listing may be as short as six fields.

    A field that even the whole record lacks cannot be compared, and is warned about and left alone.
    """
    completed = list(pairs)
    short = [
        (index, current)
        for index, (desired, current) in enumerate(pairs)
        if current is not None and unseen_in(fields_needed(desired, current), current)
    ]
    whole = map_concurrently(lambda one: client.get("users", one[1]["id"]), short, workers=workers)
    for (index, current), record in zip(short, whole):
        completed[index] = (pairs[index][0], Member({**current, **record}))
    return completed
