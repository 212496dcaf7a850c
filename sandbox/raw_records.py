# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Records as tests see and set them: everything that is known, nothing made up for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from .records import Account, Guest, GuestProfile, Member, Organization, Run, Template

MEMBER_FIELDS = {described.name for described in fields(Member)} - {
    "account", "organization", "row", "row_generation", "haystack",
}  # fmt: skip
ACCOUNT_FIELDS = {described.name for described in fields(Account)} - {"memberships"}
GUEST_FIELDS = {described.name for described in fields(Guest)} - {"profile", "row", "row_generation"}
PROFILE_FIELDS = {described.name for described in fields(GuestProfile)}
GROUP_FIELDS = {"name", "description", "logo", "members", "guests", "created_at", "last_updated"}


def raw_organization(organization: Organization) -> dict[str, Any]:
    raw = {name: getattr(organization, name) for name in ("id", "name", "timezone", "client_id", "client_secret")}
    return raw | {"redirect_uris": list(organization.redirect_uris)}


def raw_member(member: Member) -> dict[str, Any]:
    raw = {"organization_id": member.organization.id}
    raw |= {name: getattr(member.account, name) for name in sorted(ACCOUNT_FIELDS - {"password"})}
    return raw | {name: getattr(member, name) for name in sorted(MEMBER_FIELDS)}


def raw_guest(guest: Guest) -> dict[str, Any]:
    raw = {name: getattr(guest.profile, name) for name in sorted(PROFILE_FIELDS)}
    return raw | {name: getattr(guest, name) for name in sorted(GUEST_FIELDS)}


def raw_template(template: Template) -> dict[str, Any]:
    return template.record | {
        "steps": template.steps,
        "permissions": template.permissions,
        "tags": list(template.tags.values()),
    }


def raw_run(run: Run) -> dict[str, Any]:
    tied = {"tags": list(run.tags.values()), "folders": list(run.folders.values())}
    return run.record | tied | {"threads": run.threads}


# What the state is made of: the records of each kind that an organization has.
RECORDS: dict[str, Callable[[Organization], Iterable[dict[str, Any]]]] = {
    "organizations": lambda organization: [raw_organization(organization)],
    "members": lambda organization: map(raw_member, organization.members.values()),
    "groups": lambda organization: (
        {"id": group.id} | {name: getattr(group, name) for name in sorted(GROUP_FIELDS)}
        for group in organization.groups.values()
    ),
    "guests": lambda organization: map(raw_guest, organization.guests.values()),
    "tags": lambda organization: (
        {name: getattr(tag, name) for name in ("id", "title", "color", "auto_generated")}
        for tag in organization.tags.values()
    ),
    "templates": lambda organization: map(raw_template, organization.templates.values()),
    "runs": lambda organization: map(raw_run, organization.runs.values()),
    "tasks": lambda organization: (
        task.record | {"tags": list(task.tags.values()), "fields": task.fields, "threads": task.threads}
        for task in organization.tasks.values()
    ),
    "folders": lambda organization: (
        {name: getattr(folder, name) for name in ("id", "name", "parent_id")}
        for folder in organization.folders.values()
    ),
}
