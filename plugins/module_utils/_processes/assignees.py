# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignees of a field or a step. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email

from .fields import UnfitError, is_empty, quoted, text_of

BUCKETS = ("members", "guests", "groups")


@dataclass(frozen=True)
class Assignees:
    """Assignees of a field or a step: e-mail addresses of members and guests, names of groups."""

    members: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @classmethod
    def from_value(cls, value: Any) -> Assignees:
        """Return the assignees in a text, a list of members or a dictionary; raises ``UnfitError`` for other values."""
        if not isinstance(value, Mapping):
            value = {"members": value}
        unknown = sorted(str(name) for name in value if name not in BUCKETS)
        if unknown:
            raise UnfitError(f"takes members, guests and groups, not {', '.join(unknown)}")
        lists = {name: _texts(value.get(name)) for name in BUCKETS}
        for name in ("members", "guests"):
            emails = [email_of(text) for text in lists[name]]
            lists[name] = tuple(map(str, dict.fromkeys(emails)))
        return cls(**lists)

    def shown(self) -> dict[str, list[str]]:
        """Return the assignees as results show them, without empty lists."""
        lists = {"members": self.members, "guests": self.guests, "groups": self.groups}
        return {name: list(emails_or_names) for name, emails_or_names in lists.items() if emails_or_names}


def member_ids_in(stored: Mapping[str, Any]) -> list[Any]:
    """Return the IDs of the members in a stored value; some answers hold records instead of IDs."""
    members = stored.get("users")
    rows = members if isinstance(members, (list, tuple)) else ()
    return [member.get("id") if isinstance(member, Mapping) else member for member in rows]


def email_of(text: str) -> Email:
    """Return a text as an e-mail address; raises ``UnfitError`` when it is not an address."""
    email = Email(text)
    if not email.is_valid:
        raise UnfitError(f"{quoted(text)} is not an e-mail address")
    return email


def _texts(value: Any) -> tuple[str, ...]:
    if is_empty(value):
        return ()
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(text_of(item) for item in values if not is_empty(item))
