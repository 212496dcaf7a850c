# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a group: its fields, members and guests. Private to the collection.

Source: API reference, "Groups" and "Ensure a group".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import await_late_writes, rewrite
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    PlanRun,
    Step,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    InvalidError,
    NotFoundError,
    NotStoredError,
)

from .directory import (
    Directory,
)
from .group import (
    DesiredGroup,
    GroupChange,
    find_group,
    guests_to_add,
    members_directory,
    members_of,
    plan_group,
    shape_group,
    validate_group,
)
from .guest import list_guests

NO_CONTENT = 204


def create_group(
    client: Client,
    name: str,
    description: str | None = None,
    members: Sequence[int] = (),
    guests: Sequence[str] = (),
) -> Record:
    """Create a group, check that everything sent was stored, and return it.

    If the group has been created elsewhere in the meantime, it is changed to the desired state instead.
    """
    body: Record = {"name": name, "description": description or name}
    body.update({key: list(value) for key, value in (("members", members), ("guests", guests)) if value})
    try:
        group = client.create(client.path("groups"), body, find=lambda: find_group(client, name))
    except InvalidError as error:
        found = find_group(client, name) if "name" in error.errors else None
        if found is None:
            raise
        group = found
    desired = GroupChange(description, Names(add=tuple(map(str, members))), Names(add=tuple(guests)))
    return _changed(client, group, desired)


def change_group(client: Client, group_id: str, change: GroupChange) -> tuple[Record, bool]:
    """Change a group in one write; return it as stored, and whether a write was needed."""

    def body(group: Record, fields: Record) -> Record:
        sent: Record = {"name": group.get("name"), "members": sorted(members_of(group)), "guests": group["guests"]}
        # Tallyfy refuses a null or empty description; left out, it stays unchanged.
        if group.get("description"):
            sent["description"] = group["description"]
        return {**sent, **fields}

    return rewrite(client, "groups", group_id, differing=change.differing, body=body, unseen=_unseen_lists)


def change_members(client: Client, group_id: str, *, add: Sequence[int] = (), remove: Sequence[int] = ()) -> Record:
    """Add and remove members and return the group as stored."""
    names = Names(add=tuple(map(str, add)), remove=tuple(map(str, remove)))
    return change_group(client, group_id, GroupChange(members=names))[0]


def _changed(client: Client, group: Record, change: GroupChange) -> Record:
    """Return the group as stored, after changing what differs."""
    if not _unseen_lists(group) and not change.differing(group):
        return group
    return change_group(client, str(group["id"]), change)[0]


def _unseen_lists(group: Mapping[str, Any]) -> list[str]:
    return [name for name in ("members", "guests") if not isinstance(group.get(name), list)]


class GroupRun(PlanRun):
    """Carries out one group's plan and keeps the record of the last answer."""

    def __init__(
        self, client: Client, desired: DesiredGroup, current: Record | None, directory: Directory, plan: Plan
    ) -> None:
        super().__init__(plan)
        self.desired = desired
        self.record: Record = dict(current or {})
        self._client = client
        self._change = desired.change(directory)

    def carry_out(self, step: Step) -> bool:
        """Send the step and check that the service stored it; return whether it was done."""
        acts: dict[str, Callable[[], bool]] = {
            "created": self._create,
            "updated": self._update,
            "deleted": self._delete,
        }
        return acts[step.action]()

    def _create(self) -> bool:
        members = self._change.members.desired if self._change.members is not None else ()
        guests = self.desired.guests.desired if self.desired.guests is not None else ()
        group = create_group(
            self._client,
            self.desired.name,
            self.desired.description,
            [int(member_id) for member_id in members],
            guests,
        )
        # If another task has created the group, it may hold members that the desired list does not.
        self.record = _changed(self._client, group, self._change)
        return True

    def _update(self) -> bool:
        self.record, is_written = change_group(self._client, str(self.record["id"]), self._change)
        return is_written

    def _delete(self) -> bool:
        path = self._client.path("groups", self.record["id"])
        try:
            status = self._client.call("DELETE", path).status
        except NotFoundError as error:
            # A repeated DELETE finds nothing if its first attempt succeeded. A wrong address is a failure.
            if error.code == "ENDPOINT_NOT_FOUND":
                raise
            found = find_group(self._client, self.desired.name)
            if found is not None and found["id"] == self.record["id"]:
                error.advise("Tallyfy still lists the group, so nothing was done. Try again later.")
                raise
            return True
        if status != NO_CONTENT:
            self._expect_gone(path)
        return True

    def _expect_gone(self, path: str) -> None:
        """Raise ``NotStoredError`` when the group still exists: only the documented answer proves the deletion."""
        try:
            group = self._client.get("groups", self.record["id"])
        except NotFoundError:
            return
        if not group.get("deleted_at"):
            raise NotStoredError(
                f"DELETE {path}: the service answered with success, but the group still exists. Run it again.",
                not_stored=["state"],
            )


def ensure_group(client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring one group into the desired state and return the result of ``tallyfy_group``.

    Raises ``InputError`` before anything is written when a desired value is invalid.
    """
    problems = validate_group(params)
    if any(problem.stored is None for problem in problems):
        raise InputError(problems)
    desired = DesiredGroup.from_params(params)
    current = find_group(client, desired.name)
    reported = {name: tidied((current or {}).get(name)) for name in ("name", "description")}
    problems = [problem for problem in problems if not problem.is_confirmed_by(reported)]
    if problems:
        raise InputError(problems)
    if current is not None and await_late_writes(client, [client.path("groups", current["id"])]):
        current = find_group(client, desired.name)
    is_desired = desired.members is not None and desired.state == "present"
    directory = members_directory(client, is_needed=is_desired or bool(current and members_of(current)))
    guests = {Email(row["email"]) for row in list_guests(client)} if guests_to_add(desired, current) else None
    run = GroupRun(client, desired, current, directory, plan_group(desired, current, directory, guests))
    if run.plan.steps:
        client.require_locks()
    run.complete(run.carry_out, check_mode=client.check_mode)
    for note in run.plan.warnings:
        warn(note)
    run.raise_failure()
    return {
        **run.result(),
        "notes": list(run.plan.warnings),
        "group": _group_after(run, directory),
    }


def _group_after(run: GroupRun, directory: Directory) -> Record | None:
    """Return the group after the run, or, in check mode, as the plan predicts it."""
    desired = run.desired
    if desired.state == "absent":
        return None
    if not run.is_pretended:
        return shape_group(run.record, directory)
    planned = {"name": desired.name, "description": desired.description or desired.name, **run.record}
    return shape_group({**planned, **desired.change(directory).differing(run.record)}, directory)
