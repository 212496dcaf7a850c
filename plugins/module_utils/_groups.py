# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups: find them and change who is in them. Private to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    NotStoredError,
    UnreadableAnswerError,
)

WRITE_ATTEMPTS = 3
TRY_LATER = "Nothing was written; try again later."


@dataclass(frozen=True)
class Names:
    """What is wanted of a list: names to be added and removed, or the whole list."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None

    @classmethod
    def from_option(cls, option: Mapping[str, Any] | None) -> Names | None:
        """Return what the sub-options ``add``, ``remove`` and ``set`` ask for; ``None`` when nothing is mentioned."""
        if not option or all(option.get(name) is None for name in ("add", "remove", "set")):
            return None
        whole = option.get("set")
        return cls(
            add=tuple(option.get("add") or ()),
            remove=tuple(option.get("remove") or ()),
            set=None if whole is None else tuple(whole),
        )

    def problems(self) -> list[str]:
        """Return what is wrong with the option by itself."""
        problems = []
        if self.set is not None and (self.add or self.remove):
            problems.append("groups.set is the whole list and cannot stand beside groups.add or groups.remove")
        both = {fold(name) for name in self.add} & {fold(name) for name in self.remove}
        if both:
            problems.append(f"groups.add and groups.remove both name {', '.join(sorted(both))}")
        if any(not str(name).strip() for name in (*self.add, *self.remove, *(self.set or ()))):
            problems.append("groups holds a blank name")
        return problems

    def changes(self, current: Collection[str]) -> tuple[list[str], list[str]]:
        """Return the names to add and to remove, given the folded names of ``current``."""
        wanted = self.add if self.set is None else self.set
        unwanted: Iterable[str] = self.remove
        if self.set is not None:
            kept = {fold(name) for name in self.set}
            unwanted = [name for name in current if name not in kept]
        add = {fold(name): name for name in wanted if fold(name) not in current}
        remove = {fold(name): name for name in unwanted if fold(name) in current}
        return [add[name] for name in sorted(add)], [remove[name] for name in sorted(remove)]


def fold(name: str) -> str:
    """Return a group's name as it is compared; names that differ only in case count as the same."""
    return name.strip().casefold()


class Groups(dict[str, Record]):
    """The groups of an organization by their folded name, and who is in them.

    ``ambiguous`` are the folded names that several groups have.
    """

    ambiguous: frozenset[str] = frozenset()

    @cached_property
    def _names_by_member(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for group in self.values():
            for member in members_of(group):
                names.setdefault(str(member), []).append(str(group["name"]))
        return names

    def names_of(self, member: Mapping[str, Any] | None) -> list[str]:
        """Return the names of the groups that hold the member; nobody is in none."""
        return list(self._names_by_member.get(str(member.get("id")), ())) if member is not None else []


def list_groups(client: Client) -> Groups:
    """Return all groups. Source: API reference, "Groups" (the list always comes in pages)."""
    rows = client.records(client.path("groups"))
    groups = Groups({fold(str(row.get("name", ""))): row for row in rows})
    counts = Counter(fold(str(row.get("name", ""))) for row in rows)
    groups.ambiguous = frozenset(name for name, count in counts.items() if count > 1)
    return groups


def require_groups(groups: Mapping[str, Record], names: Iterable[str], subject: str) -> None:
    """Raise ``InputError`` that lists every name which is no group of the organization."""
    unknown = sorted({name for name in names if fold(name) not in groups})
    if unknown:
        there = ", ".join(sorted(str(group["name"]) for group in groups.values())[:20]) or "none"
        raise InputError([f"{subject}: there is no group {name!r} (groups: {there})" for name in unknown])


def members_of(group: Mapping[str, Any]) -> set[int]:
    """Return the ids of a group's members; some answers spell them as texts."""
    try:
        return {int(member) for member in group.get("members") or ()}
    except (TypeError, ValueError):
        raise UnreadableAnswerError(
            f"group {group.get('name')}", "its members are not listed by their numbers", advice="Check api_url."
        ) from None


def change_members(client: Client, group_id: str, *, add: Sequence[int] = (), remove: Sequence[int] = ()) -> Record:
    """Add and remove members and return the group as stored.

    The service replaces the whole list, so the group is read right before it is written, by one process of this
    controller at a time, and what comes back is checked. A writer on another machine can still come in between.
    """
    path = client.path("groups", group_id)
    with client.alone(path):
        for _attempt in range(WRITE_ATTEMPTS):
            group = client.get("groups", group_id)
            for name in ("members", "guests"):
                if not isinstance(group.get(name), list):
                    # Writing it back would empty the group.
                    raise UnreadableAnswerError(f"GET {path}", f"the answer has no list of {name}", advice=TRY_LATER)
            wanted = (members_of(group) | set(add)) - set(remove)
            if wanted == members_of(group):
                return group
            body = {"name": group.get("name"), "members": sorted(wanted), "guests": list(group["guests"])}
            # A description that is null or empty is refused, so it is left out then and stays as it is.
            if group.get("description"):
                body["description"] = group["description"]
            stored = client.call("PUT", path, body=body).record
            if "members" in stored and members_of(stored) >= wanted and not members_of(stored) & set(remove):
                return stored
    raise NotStoredError(
        f"PUT {path}: the service answered with success, but the group still lacks what was sent. "
        f"Check that the members are active and that nobody else keeps changing the group."
    )
