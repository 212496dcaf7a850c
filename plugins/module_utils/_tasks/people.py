# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignees of tasks: users give addresses and names, the API has IDs. Private to the collection."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory, by_key
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import find_guest
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import choices
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import directory_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import is_id

from .record import Owners


class People:
    """Members, guests and groups that have been looked up. Others are shown by ID, which options accept as well."""

    def __init__(
        self, directory: Directory | None = None, groups: Groups | None = None, guests: Collection[Email] = ()
    ) -> None:
        self.directory = directory or Directory()
        self.groups = groups if groups is not None else Groups()
        self.guests = frozenset(guests)
        self._names = {str(group["id"]): str(group["name"]) for group in self.groups.values()}

    def token(self, name: str) -> str:
        """Return the token (see ``Owners.tokens``) of an e-mail address, an ID or the name of a group."""
        if "@" in name:
            member = self.directory.find(name)
            return f"users {member['id']}" if member is not None else f"guests {Email(name).key}"
        if name.isdigit():
            return f"users {int(name)}"
        found = self.groups.get(fold(name))
        return f"groups {found['id'] if found is not None else name}"

    def desired(self, names: Names, current: Owners) -> Owners:
        """Return the desired assignees of a task that has the assignees ``current``."""
        held = current.tokens
        tokens = Names(
            add=tuple(map(self.token, names.add)),
            remove=tuple(map(self.token, names.remove)),
            set=None if names.set is None else tuple(map(self.token, names.set)),
        )
        added, removed = tokens.changes(held, key=str)
        return Owners.from_tokens({*held, *added} - set(removed)) if added or removed else current

    def problems(self, names: Names, current: Owners, option: str = "assignees") -> list[str]:
        """Return an error for each person and group that cannot be assigned; current assignees may stay."""
        problems = []
        for name in names.desired:
            if "@" in name:
                if self.directory.find(name) is not None:
                    problems += self.directory.problems(Names(add=(name,)), option, current.users)
                elif Email(name) not in (*self.guests, *current.guests):
                    problems.append(f"{option}: {name} is neither a member nor a guest of the organization")
            elif fold(name) in self.groups.ambiguous:
                problems.append(f"{option}: several groups are called {name} when case does not matter; rename one")
            elif not name.isdigit() and fold(name) not in self.groups and name not in self._names and not is_id(name):
                existing = choices(sorted(self._names.values()))
                problems.append(f"{option}: there is no group {name!r}; groups: {existing}")
        return problems

    def shown(self, owners: Owners) -> list[str]:
        """Return members and guests by e-mail address, then groups by name."""
        groups = sorted((self._names.get(group, group) for group in owners.groups), key=str.casefold)
        return [*map(str, self.directory.shown(owners.users)), *map(str, sorted(owners.guests, key=by_key)), *groups]

    def shown_member(self, member_id: Any) -> str | None:
        """Return the e-mail address of a member, or the ID if the member was not looked up."""
        return self.shown(Owners(users=(int(member_id),)))[0] if str(member_id).isdigit() else None


def look_up(client: Client, names: Names, current: Owners) -> People:
    """Return the people and groups in a list, with one request for each kind that it contains."""
    every = [*names.desired, *names.remove]
    emails = [Email(name) for name in every if "@" in name]
    unknown = [email for email in emails if email not in current.guests]
    directory = directory_of(client, unknown) if unknown else Directory()
    has_groups = any("@" not in name and not name.isdigit() and not is_id(name) for name in every)
    guests = set()
    for email in unknown:
        if email in names.desired and directory.find(email) is None and find_guest(client, email) is not None:
            guests.add(email)
    return People(directory, list_groups(client) if has_groups else Groups(), guests)
