# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who sees and changes what in the stand-in for a controller: the roles of AWX, as far as the configuration uses them.

Source: the role fields of awx/main/models, and the querysets and ``can_`` methods of awx/main/access.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Records = dict[str, dict[int, Record]]

_RESOURCE = {"admin": ("organization.admin",), "use": ("admin",), "read": ("use", "organization.auditor")}
#: The roles of an object, and which others imply each. Administrators of the whole system need none.
IMPLIED_BY: dict[str, dict[str, tuple[str, ...]]] = {
    "organizations": {
        "admin": (),
        "auditor": (),
        "execute": ("admin",),
        "approval": ("admin",),
        "member": ("admin",),
        "read": ("member", "auditor", "execute", "approval"),
    },
    "teams": {
        "admin": ("organization.admin",),
        "member": ("admin",),
        "read": ("member", "organization.auditor"),
    },
    "projects": {**_RESOURCE, "update": ("admin",), "read": ("use", "update", "organization.auditor")},
    "inventories": _RESOURCE,
    "credentials": _RESOURCE,
    "job_templates": {
        "admin": ("organization.admin",),
        "execute": ("admin", "organization.execute"),
        "read": ("execute", "organization.auditor"),
    },
    "workflow_job_templates": {
        "admin": ("organization.admin",),
        "execute": ("admin", "organization.execute"),
        "approval": ("admin", "organization.approval"),
        "read": ("execute", "approval", "organization.auditor"),
    },
}
#: What has no roles of its own belongs to something that has.
OWNERS = {
    "hosts": "inventory",
    "workflow_job_template_nodes": "workflow_job_template",
    "schedules": "unified_job_template",
    "jobs": "unified_job_template",
    "workflow_jobs": "unified_job_template",
    "project_updates": "unified_job_template",
    "workflow_approvals": "workflow_job_template",
    "notification_templates": "organization",
    "credential_input_sources": "target_credential",
}
#: Everybody who is signed in sees them.
FOR_EVERYBODY = ("credential_types", "execution_environments", "labels", "instance_groups")
SYSTEM_ONLY = ("organizations", "credential_types", "instance_groups", "users")


class Access:
    """The roles that users and teams have, and what follows from them."""

    def __init__(self, records: Records, ids: itertools.count[int]) -> None:
        self._records = records
        self._ids = ids
        #: The ID of each role that somebody has asked for: the kind of its object, the ID of that, the name.
        self.roles: dict[int, tuple[str, int, str]] = {}
        #: Who has them: the ID of a role, ``users`` or ``teams``, the ID of a user or team.
        self.granted: set[tuple[int, str, int]] = set()

    def role_id(self, kind: str, record_id: int, role: str) -> int:
        """Return the ID of a role of an object."""
        key = (kind, record_id, role)
        found = next((role_id for role_id, known in self.roles.items() if known == key), None)
        if found is None:
            found = next(self._ids)
            self.roles[found] = key
        return found

    def has(self, user: Record, kind: str, record: Record, role: str) -> bool:
        """Return whether a user has a role of an object: directly, by a team, or since another role implies it."""
        if user["is_superuser"]:
            return True
        role_id = self.role_id(kind, record["id"], role)
        if (role_id, "users", user["id"]) in self.granted:
            return True
        teams = [team for team in self._records["teams"].values() if (role_id, "teams", team["id"]) in self.granted]
        if any(self.has(user, "teams", team, "member") for team in teams):
            return True
        return any(self._implies(user, kind, record, other) for other in IMPLIED_BY[kind][role])

    def _implies(self, user: Record, kind: str, record: Record, role: str) -> bool:
        owner, _dot, name = role.rpartition(".")
        if not owner:
            return self.has(user, kind, record, role)
        organization = self._records["organizations"].get(record["organization"] or 0)
        return organization is not None and self.has(user, "organizations", organization, name)

    def may_read(self, user: Record, kind: str, record: Record) -> bool:
        """Return whether a user sees an object."""
        if user["is_superuser"] or kind in FOR_EVERYBODY:
            return True
        if kind == "users":
            return user["id"] == record["id"] or self._administers_any(user)
        if kind == "workflow_approval_templates":
            nodes = self._records["workflow_job_template_nodes"].values()
            return any(self.may_read(user, "workflow_job_template_nodes", node) for node in nodes
                       if node["unified_job_template"] == record["id"])  # fmt: skip
        role = "auditor" if kind == "notification_templates" else "read"
        return self._by_owner(user, kind, record, lambda *owner: self.has(user, *owner, role)) or (
            kind == "notification_templates" and self.may_change(user, kind, record)
        )

    def may_change(self, user: Record, kind: str, record: Record) -> bool:
        """Return whether a user may change or delete an object, or make it when it has no ID yet."""
        if user["is_superuser"]:
            return True
        if kind in SYSTEM_ONLY and (kind != "organizations" or "id" not in record):
            return False
        if (kind in IMPLIED_BY and "id" not in record) or kind == "execution_environments":
            return self._implies(user, kind, {"organization": None, **record}, "organization.admin")
        if kind == "workflow_approval_templates":
            return self.may_read(user, kind, record)
        return self._by_owner(user, kind, record, lambda *owner: self.has(user, *owner, "admin"))

    def _by_owner(self, user: Record, kind: str, record: Record, allows: Callable[[str, Record], bool]) -> bool:
        if kind in IMPLIED_BY:
            return allows(kind, record)
        owner_id = record[OWNERS[kind]]
        for owner in IMPLIED_BY:
            if owner_id in self._records[owner]:
                return allows(owner, self._records[owner][owner_id])
        return False

    def _administers_any(self, user: Record) -> bool:
        return any(
            self.has(user, "organizations", organization, "admin")
            for organization in self._records["organizations"].values()
        )
