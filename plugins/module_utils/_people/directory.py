# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members by address and by ID: people write addresses, Tallyfy records hold IDs. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    NotFoundError,
    UnreadableAnswerError,
)

from .member import Member, is_bot, list_everybody

#: The sort key of addresses.
by_key = attrgetter("key")


class Directory:
    """All members of an organization, whatever their status."""

    def __init__(self, everybody: Iterable[Member] = ()) -> None:
        self._by_address: dict[Email, list[Member]] = {}
        self._addresses: dict[int, Email] = {}
        for member in everybody:
            email = member.email
            self._by_address.setdefault(email, []).append(member)
            self._addresses[int(member["id"])] = email

    def find(self, email: str) -> Member | None:
        """Return the member with this address, or ``None``."""
        return next(iter(self._by_address.get(Email(email), ())), None)

    def problems(self, names: Names | None, option: str, there: Collection[int] = ()) -> list[str]:
        """Return a problem for each address to add that cannot be listed; addresses to remove need no member.

        The IDs in ``there`` are listed already: these members may stay, even if they are disabled now.
        """
        problems = []
        for email in dict.fromkeys(names.desired if names is not None else ()):
            found = self._by_address.get(Email(email), [])
            if not found:
                problems.append(f"{option}: {email} is not a member of the organization")
            elif len(found) > 1:
                ids = ", ".join(str(record["id"]) for record in found)
                problems.append(f"{option}: several members have the address {email} ({ids})")
            elif int(found[0]["id"]) in there:
                continue
            elif is_bot(found[0]):
                problems.append(f"{option}: {email} is the Tallyfy Bot")
            elif found[0].status == "disabled":
                problems.append(f"{option}: {email} is disabled")
        return problems

    def strangers(self, names: Names | None, option: str) -> list[str]:
        """Return a note for each address to remove that no member has: it may be misspelled."""
        unwanted = names.remove if names is not None else ()
        return [
            f"{option}: no member has the address {email}; nothing to remove."
            for email in dict.fromkeys(unwanted)
            if self.find(email) is None
        ]

    def ids(self, names: Names | None) -> Names | None:
        """Return the list with member IDs, as texts, instead of addresses."""
        if names is None:
            return None
        return Names(
            add=self._ids_of(names.add),
            remove=self._ids_of(names.remove),
            set=None if names.set is None else self._ids_of(names.set),
        )

    def _ids_of(self, emails: Iterable[str]) -> tuple[str, ...]:
        found = (record for email in emails for record in self._by_address.get(Email(email), ()))
        return tuple(dict.fromkeys(str(record["id"]) for record in found))

    def emails(self, ids: Iterable[int]) -> list[str]:
        """Return the sorted addresses of the members with these IDs; unknown IDs are skipped."""
        return sorted((self._addresses[member_id] for member_id in ids if member_id in self._addresses), key=by_key)

    def email_of(self, member_id: Any) -> str | None:
        """Return the address of the member with this ID; some answers send IDs as texts."""
        return next(iter(self.emails([int(member_id)])), None) if str(member_id).isdigit() else None

    def shown(self, ids: Iterable[int]) -> list[str]:
        """Return the sorted addresses, then the IDs of unknown members, so that a diff shows everybody."""
        ids = set(ids)
        return self.emails(ids) + [str(member_id) for member_id in sorted(ids - self._addresses.keys())]


def directory_of_ids(client: Client, ids: Iterable[Any]) -> Directory:
    """Return the members with these IDs, to show their addresses; missing and forbidden members are skipped.

    A record may hold an ID as a text, or no ID. A single member is read by ID; for several, all members are listed.
    The members are kept for the other items of a loop.
    """
    kept: dict[int, Member | None] = client.shared.setdefault(("members by id",), {})
    lacking = {int(member_id) for member_id in ids if str(member_id).isdigit()} - kept.keys()
    if lacking:
        kept.update(dict.fromkeys(lacking))
        with contextlib.suppress(ForbiddenError, NotFoundError):
            is_single = len(lacking) == 1
            found = [Member(client.get("users", *lacking))] if is_single else list_everybody(client)
            kept.update({int(member["id"]): member for member in found})
    return Directory(member for member in kept.values() if member is not None)


def keep_members(client: Client, members: Iterable[Member]) -> None:
    """Keep members that have been read, so that showing their addresses sends no further request."""
    kept = client.shared.setdefault(("members by id",), {})
    kept.update({int(member["id"]): member for member in members})


def ids_of(values: Any, what: str) -> set[int]:
    """Return the member IDs that a record lists; some answers send them as texts."""
    # Iterating over a text would yield its characters.
    listed: Iterable[Any] = values or () if isinstance(values or (), (list, tuple, set, frozenset)) else (None,)
    try:
        return {int(value) for value in listed}
    except (TypeError, ValueError, OverflowError):
        raise UnreadableAnswerError(what, "its members are not listed by their IDs", advice="Check api_url.") from None
