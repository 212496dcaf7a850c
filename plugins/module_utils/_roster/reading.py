# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what the plans of members depend on. Private to the collection.

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

#: The desired state of a person, and the record of the member if there is one.
Pair = tuple[DesiredMember, Optional[Member]]


def read_context(
    client: Client,
    pairs: Sequence[Pair],
    *,
    everybody: Mapping[Email, Member] | None = None,
    workers: int = 1,
) -> tuple[list[Pair], PlanContext]:
    """Return the pairs, with records completed when the listing lacks fields, and the context of their plans.

    Only reads what these plans depend on: nothing for members who are up to date and have no groups, and one listing
    of tasks for each hundred members who have no access and name a successor. ``everybody`` holds all members by
    address, if they have been read; otherwise each successor is looked up. A run learns from the answers which fields
    Tallyfy does not show of new members; check mode reads an existing member instead.
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
    """Return the fields that Tallyfy does not show: it shows the same fields of every member."""
    if everybody is None:
        answer = client.call("GET", client.path("users"), query={"per_page": 1}).data
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
    else:
        rows = list(everybody.values())
    row = max(rows, key=len, default={})
    hidden = unseen_in(("role", *PROFILE_FIELDS), row) if row.get("id") is not None else []
    if hidden:
        # The full record may show more fields than a row of a list.
        with contextlib.suppress(ForbiddenError, NotFoundError):
            hidden = unseen_in(hidden, client.get("users", row["id"]))
    return frozenset(hidden)


def _settled(client: Client, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs once no earlier write to one of them is pending."""
    actions: tuple[tuple[str, ...], ...] = ((), ("role",), ("enable",), ("disable",))

    def paths_of(current: Mapping[str, Any]) -> Iterator[str]:
        return (client.path("users", current["id"], *action) for action in actions)

    def is_late(current: Mapping[str, Any]) -> bool:
        return await_late_writes(client, paths_of(current))

    everybody = (path for _desired, current in pairs if current is not None for path in paths_of(current))
    # Checked once for all, since a pending write is rare.
    if not client.late_writes.known(everybody, client.now()):
        return list(pairs)
    return [
        (desired, find_member(client, desired.email) if current is not None and is_late(current) else current)
        for desired, current in pairs
    ]


def _completed(client: Client, pairs: Sequence[Pair], workers: int) -> list[Pair]:
    """Return the pairs with every field that their plans need; rows of a listing may have only six fields.

    A field that even the full record lacks cannot be compared: it is left unchanged, with a warning.
    """
    completed = list(pairs)
    short = [
        (index, current)
        for index, (desired, current) in enumerate(pairs)
        if current is not None and unseen_in(fields_needed(desired, current), current)
    ]
    whole = map_concurrently(lambda pair: client.get("users", pair[1]["id"]), short, workers=workers)
    for (index, current), record in zip(short, whole):
        completed[index] = (pairs[index][0], Member({**current, **record}))
    return completed
