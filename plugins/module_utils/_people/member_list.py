# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of members that modules return: filtered, completed and shaped. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently

from .fields import PROFILE_FIELDS
from .group import list_groups
from .member import MEMBERS_PER_PAGE, PAGE_WORKERS, Member, find_member, require_address, shape_member, unseen_in


def list_members(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped members that match ``email``, ``query``, ``status`` and ``role``, sorted by e-mail address.

    The service filters by text only. ``complete`` adds the names of each member's groups, and reads the record of each
    member that the list shows only in part.
    """
    email = (filters.get("email") or "").strip()
    if email:
        found = find_member(client, email)
        require_address(email, found)
        members = [found] if found is not None else []
        text = str(filters.get("query") or "").casefold()
        members = [
            member
            for member in members
            if text in " ".join(str(member.get(name)) for name in ("first_name", "last_name", "email")).casefold()
        ]
    else:
        listed = client.records(
            client.path("users"),
            query={"q": filters.get("query") or None},
            per_page=MEMBERS_PER_PAGE,
            workers=PAGE_WORKERS,
        )
        members = [Member(row) for row in listed]
    groups = list_groups(client) if filters.get("complete") else None
    status, role = filters.get("status"), filters.get("role")
    rows: Sequence[Record] = [
        member
        for member in members
        if member.status != "deleted" and status in (None, member.status) and role in (None, member.role)
    ]
    if filters.get("complete"):
        rows = _completed(client, rows)
    shaped = [shape_member(row, None if groups is None else groups.names_of(row)) for row in rows]
    return sorted(shaped, key=lambda member: str(member["email"]).lower())


def _completed(client: Client, rows: Sequence[Record]) -> Sequence[Record]:
    short = {str(row["id"]): row for row in rows if unseen_in(("role", *PROFILE_FIELDS), row)}
    if not short:
        return rows

    def read(member_id: str) -> Record:
        return {**short[member_id], **client.get("users", member_id)}

    first, *others = short
    found = {first: read(first)}
    # If the full record of the first member shows no more fields, the other records will not either.
    if unseen_in(PROFILE_FIELDS, found[first]) != unseen_in(PROFILE_FIELDS, short[first]):
        found.update(zip(others, map_concurrently(read, others, workers=PAGE_WORKERS)))
    return [found.get(str(row["id"]), row) for row in rows]
