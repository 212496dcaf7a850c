# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups: find them, and plan their fields, members and guests. Private to the collection.

Source: API reference, "Groups" and "Ensure a group".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION, Names, fold, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    Step,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, UnreadableAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

from .directory import (
    Directory,
    by_key,
    ids_of,
)
from .member import list_everybody

LONGEST_NAME = 200
#: The argument spec of ``tallyfy_group``.
GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "description": {"type": "str"},
    "members": LIST_OPTION,
    "guests": LIST_OPTION,
}


@dataclass(frozen=True)
class GroupChange:
    """The desired changes of a group; ``None`` leaves a field unchanged. ``members`` are IDs as texts."""

    description: str | None = None
    members: Names | None = None
    guests: Names | None = None

    def differing(self, group: Mapping[str, Any]) -> Record:
        """Return the fields of a group that differ from the desired state, with the values to write; pure."""
        fields: Record = {}
        if self.description and self.description != tidied(group.get("description")):
            fields["description"] = self.description
        if self.members is not None:
            ids = {str(member_id) for member_id in members_of(group)}
            add, remove = self.members.changes(ids)
            if add or remove:
                fields["members"] = sorted(int(member_id) for member_id in (ids | set(add)) - set(remove))
        if self.guests is not None:
            guests = guests_of(group)
            add, remove = self.guests.changes(set(guests), Email)
            if add or remove:
                kept = set(guests) - set(map(Email, remove))
                fields["guests"] = sorted({*kept, *map(Email, add)}, key=by_key)
        return fields


@dataclass(frozen=True)
class DesiredGroup:
    """The desired state of one group; a field that is ``None`` was not given and stays unchanged."""

    name: str
    state: str = "present"
    description: str | None = None
    members: Names | None = None
    guests: Names | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredGroup:
        """Return the desired group of these module parameters."""
        return cls(
            name=tidied(params["name"]),
            state=params.get("state") or "present",
            description=tidied(params.get("description")) or None,
            members=names_in(params.get("members"), "members", Email)[0],
            guests=names_in(params.get("guests"), "guests", Email)[0],
        )

    def change(self, directory: Directory) -> GroupChange:
        """Return the desired changes, with members by their IDs."""
        return GroupChange(self.description, directory.ids(self.members), self.guests)


def validate_group(params: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of the desired values that can be found without a request."""
    name = tidied(params.get("name"))
    flaws = {
        "name": flaw_in(name, longest=LONGEST_NAME) if name else "is blank",
        "description": flaw_in(tidied(params.get("description")), has_lines=True),
    }
    problems = [
        Problem(f"{option} {flaw}", stored=(option, tidied(params.get(option))) if name else None)
        for option, flaw in flaws.items()
        if flaw is not None
    ]
    lists = [names_in(params.get(option), option, Email)[1] for option in ("members", "guests")]
    return problems + [Problem(text) for found in lists for text in found]


# --- reading ----------------------------------------------------------------------------------------------------------


class Groups(dict[str, Record]):
    """The groups of an organization by their folded name, and the groups of each member.

    ``ambiguous`` holds the folded names that several groups share.
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
        """Return the names of the groups that hold the member; none for ``None``."""
        return list(self._names_by_member.get(str(member.get("id")), ())) if member is not None else []


def list_groups(client: Client) -> Groups:
    """Return all groups. Source: API reference, "Groups" (the list is always paged)."""
    rows = client.records(client.path("groups"))
    groups = Groups({fold(str(row.get("name", ""))): row for row in rows})
    counts = Counter(fold(str(row.get("name", ""))) for row in rows)
    groups.ambiguous = frozenset(name for name, count in counts.items() if count > 1)
    return groups


def missing_group(name: str, description: str | None = None) -> Record:
    """Return a placeholder for a group that does not exist yet, so that members can be planned for it."""
    return {"id": None, "name": name, "description": description, "members": [], "guests": []}


def find_group(client: Client, name: str) -> Record | None:
    """Return the group of this name, or ``None``; raises ``InputError`` when several names differ only in case.

    The service's ``q`` is a substring search, so all groups are read and compared here.
    """
    rows = client.records(client.path("groups"))
    found = [row for row in rows if fold(str(row.get("name", ""))) == fold(name)]
    if len(found) > 1:
        shown = ", ".join(f"{row['name']!r} is {row['id']}" for row in found)
        raise InputError(
            [f"several groups are called {name!r} when case does not matter ({shown}); rename or delete one of them"]
        )
    return found[0] if found else None


def require_groups(groups: Mapping[str, Record], names: Iterable[str], subject: str) -> None:
    """Raise ``InputError`` with every name that is not a group of the organization."""
    unknown = sorted({name for name in names if fold(name) not in groups})
    if unknown:
        there = ", ".join(sorted(str(group["name"]) for group in groups.values())[:20]) or "none"
        raise InputError(
            [Problem(f"there is no group {name!r} (groups: {there})", subject=subject) for name in unknown]
        )


def members_of(group: Mapping[str, Any]) -> set[int]:
    """Return the IDs of a group's members; some answers send them as texts."""
    return ids_of(group.get("members"), f"group {group.get('name')}")


def guests_of(group: Mapping[str, Any]) -> list[Email]:
    """Return the addresses of a group's guests."""
    values = group.get("guests") or []
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise UnreadableAnswerError(
            f"group {group.get('name')}", "its guests are not listed by their addresses", advice="Check api_url."
        )
    return list(map(Email, values))


def shape_group(record: Mapping[str, Any], directory: Directory) -> Record:
    """Return a group's record in the shape that modules return, with members by address."""
    return {
        **{name: record.get(name) for name in ("id", "name", "description")},
        "state": "present",
        "members": directory.emails(members_of(record)),
        "member_ids": sorted(members_of(record)),
        "guests": sorted(guests_of(record), key=by_key),
        "created_at": record.get("created_at"),
        "updated_at": record.get("last_updated") or record.get("updated_at"),
    }


def show_groups(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped groups that match ``name`` and ``query``, sorted by name."""
    name = fold(filters.get("name") or "")
    rows = client.records(client.path("groups"), query={"q": filters.get("query") or None})
    rows = [row for row in rows if not name or fold(str(row.get("name", ""))) == name]
    directory = members_directory(client, is_needed=any(members_of(row) for row in rows))
    return sorted((shape_group(row, directory) for row in rows), key=lambda group: fold(str(group["name"])))


def members_directory(client: Client, *, is_needed: bool) -> Directory:
    """Return all members when they are needed, else an empty directory."""
    return Directory(list_everybody(client) if is_needed else ())


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_group(
    desired: DesiredGroup, current: Record | None, directory: Directory, guests: Collection[Email] | None = None
) -> Plan:
    """Return the plan for one group. Pure: the same arguments always give the same plan.

    ``directory`` holds the members, and ``guests`` the addresses of all guests. With ``None``, guests were not read,
    and the service refuses an unknown one. Raises ``InputError`` with every address that cannot be in a group.
    """
    if desired.state == "absent":
        return _plan_deletion(desired, current, directory)
    change = desired.change(directory)
    problems = directory.problems(desired.members, "members", members_of(current or {})) + [
        f"guests: {email} is not a guest of the organization"
        for email in guests_to_add(desired, current)
        if guests is not None and email not in guests
    ]
    if problems:
        raise InputError(problems)
    warnings = directory.strangers(desired.members, "members")
    if current is None:
        values: Record = {"name": desired.name, "description": desired.description or desired.name}
        values.update({name: value for name, value in change.differing({}).items() if value})
        step = Step("created", desired.name, "no group of this name", _shown_fields(values, directory))
        return Plan(desired.name, {}, step.values, (step,), tuple(warnings))
    fields = change.differing(current)
    if not fields:
        return Plan(desired.name, warnings=tuple(warnings))
    before, after = (
        _shown_fields({name: current.get(name) for name in fields}, directory),
        _shown_fields(fields, directory),
    )
    reason = f"{', '.join(fields)} {'differs' if list(fields) == ['description'] else 'differ'}"
    return Plan(desired.name, before, after, (Step("updated", desired.name, reason, after),), tuple(warnings))


def _plan_deletion(desired: DesiredGroup, current: Record | None, directory: Directory) -> Plan:
    if current is None:
        return Plan(desired.name)
    shown = {name: value for name, value in shape_group(current, directory).items() if name != "member_ids"}
    before = {
        name: value
        for name, value in _shown_fields({**shown, "members": members_of(current)}, directory).items()
        if value
    }
    return Plan(desired.name, before, {}, (Step("deleted", desired.name, "absence was asked for"),))


def _shown_fields(fields: Mapping[str, Any], directory: Directory) -> Record:
    """Return the fields as they are shown: members by address, lists sorted."""
    shown = dict(fields)
    if "members" in shown:
        shown["members"] = directory.shown(members_of(fields))
    if "guests" in shown:
        shown["guests"] = sorted(map(Email, shown["guests"] or ()), key=by_key)
    return shown


def guests_to_add(desired: DesiredGroup, current: Mapping[str, Any] | None) -> list[Email]:
    """Return the addresses of the guests to add to the group: only these must exist."""
    if desired.guests is None or desired.state != "present":
        return []
    there = set(guests_of(current or {}))
    return [Email(email) for email in desired.guests.changes(there, Email)[0]]
