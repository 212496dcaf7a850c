# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a field or a step is given to. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email

from .fields import UnfitError, is_empty, quoted, text_of

BUCKETS = ("members", "guests", "groups")


@dataclass(frozen=True)
class Assignees:
    """Whom a field or a step is given to, as people name them: addresses of members and guests, names of groups."""

    members: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @classmethod
    def from_value(cls, value: Any) -> Assignees:
        """Return whom a text, a list of members or a dictionary names; raises ``UnfitError`` for anything else."""
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
        """Return the assignees as they are shown, without empty lists."""
        lists = {"members": self.members, "guests": self.guests, "groups": self.groups}
        return {name: list(one) for name, one in lists.items() if one}


def member_ids_in(stored: Mapping[str, Any]) -> list[Any]:
    """Return the IDs of the members in a value as Tallyfy stores it; some answers hold a record in their place."""
    members = stored.get("users")
    rows = members if isinstance(members, (list, tuple)) else ()
    return [one.get("id") if isinstance(one, Mapping) else one for one in rows]


def email_of(text: str) -> Email:
    """Return a text as an e-mail address; raises ``UnfitError`` when it is none."""
    email = Email(text)
    if not email.is_valid:
        raise UnfitError(f"{quoted(text)} is not an e-mail address")
    return email


def _texts(value: Any) -> tuple[str, ...]:
    if is_empty(value):
        return ()
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(text_of(one) for one in values if not is_empty(one))
