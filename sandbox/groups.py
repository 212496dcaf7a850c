# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Groups of members and guests; a PUT replaces the lists it names."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, resource_not_found
from .guests import attach_guest, guest_row
from .listings import paged
from .member_records import member_ids, member_row, spelled
from .records import Group
from .validation import Checker, as_id

NAME_MAXIMUM = 200

_SORTABLE = {
    "name": lambda group: group.name.lower(),
    "created_at": lambda group: group.created_at,
    "updated_at": lambda group: group.last_updated,
    "last_updated": lambda group: group.last_updated,
}


def list_groups(call: Call) -> Reply:
    requested = call.query.get("q", "").lower()
    groups = [
        group
        for group in call.organization.groups.values()
        if not requested or requested in group.name.lower() or requested in (group.description or "").lower()
    ]
    name, downwards = call.sorting()
    if name in _SORTABLE:
        groups.sort(key=_SORTABLE[name], reverse=downwards)
    return paged(call, groups, lambda group: _row(call, group), default=10, maximum=100)


def get_group(call: Call) -> Reply:
    return item(_row(call, _find(call)))


def create_group(call: Call) -> Reply:
    world = call.world
    checker = Checker(call)
    name = _name(call, checker, current=None, required=True)
    description = checker.text("description", required=not world.switches.lenient_group_description)
    members = _members(call, checker)
    guests = _guests(call, checker)
    checker.raise_if_any()
    now = world.timestamp()
    group = Group(
        world.new_hex("group"), certain(name), description, members or [], _created_guests(call, guests or []), now, now
    )
    world.index_group(call.organization, group)
    return item(_row(call, group), 201)


def update_group(call: Call) -> Reply:
    world = call.world
    switches = world.switches
    group = _find(call)
    checker = Checker(call)
    if switches.group_put_requires_all:
        for key in ("name", "members", "guests"):
            if key not in call.body:
                checker.complain(key, f"The {key} field is required.")
    name = _name(call, checker, current=group, required="name" in call.body)
    description = checker.text("description", required="description" in call.body)
    members = _members(call, checker)
    guests = _guests(call, checker)
    checker.raise_if_any()
    if switches.group_put_absent_wipes:
        members, guests = members or [], guests or []
    world.unindex_group(call.organization, group)
    group.name = name if name is not None else group.name
    group.description = description if description is not None else group.description
    group.members = members if members is not None else group.members
    group.guests = _created_guests(call, guests) if guests is not None else group.guests
    group.last_updated = world.timestamp()
    group.row_generation = -1
    world.index_group(call.organization, group)
    return item(_row(call, group), switches.put_status)


def delete_group(call: Call) -> Reply:
    call.world.unindex_group(call.organization, _find(call))
    return Reply(204)


def _find(call: Call) -> Group:
    group = call.organization.groups.get(call.params[1])
    if group is None:
        raise resource_not_found()
    return group


def _name(call: Call, checker: Checker, *, current: Group | None, required: bool) -> str | None:
    name = checker.text("name", required=required, maximum=NAME_MAXIMUM)
    if name is not None:
        taken_by = call.organization.group_names.get(call.world.name_key(name))
        if taken_by is not None and (current is None or taken_by != current.id):
            checker.complain("name", "The name has already been taken.")
    return name


def _members(call: Call, checker: Checker) -> list[int] | None:
    requested = checker.array("members")
    if requested is None:
        return None
    switches = call.world.switches
    ids: dict[int, None] = {}
    for position, value in enumerate(requested):
        member_id = as_id(value)
        member = call.organization.members.get(member_id) if member_id is not None else None
        if member is None or member.deleted:
            if switches.group_unknown_members == "422":
                checker.complain(f"members.{position}", f"The selected members.{position} is invalid.")
        elif member.status == "disabled" and switches.group_disabled_members == "422":
            checker.complain(f"members.{position}", f"The selected members.{position} is invalid.")
        else:
            ids[member.id] = None
    return list(ids)


def _guests(call: Call, checker: Checker) -> list[str] | None:
    requested = checker.array("guests")
    if requested is None:
        return None
    world = call.world
    emails: dict[str, str] = {}
    for position, value in enumerate(requested):
        guest = call.organization.guests.get(world.email_key(value)) if isinstance(value, str) else None
        if guest is not None and guest.deleted_at is None:
            emails[world.email_key(value)] = guest.profile.email
        elif isinstance(value, str) and "@" in value and world.switches.group_auto_create_guests:
            emails[world.email_key(value)] = value
        else:
            checker.complain(f"guests.{position}", f"The selected guests.{position} is invalid.")
    return list(emails.values())


def _created_guests(call: Call, emails: list[str]) -> list[str]:
    """Attach the guests that ``group_auto_create_guests`` let through; the others exist already."""
    for email in emails:
        attach_guest(call.world, call.organization, email, {})
    return emails


def _row(call: Call, group: Group) -> bytes:
    includes = call.includes()
    if not includes:
        return _plain_row(call, group)
    record = _record(call, group)
    if "assets" in includes:
        record["assets"] = call.wrapped([])
    if "users" in includes:
        members = (call.organization.members[member_id] for member_id in group.members)
        record["users"] = call.wrapped([orjson.Fragment(member_row(call.world, member)) for member in members])
    if "guests" in includes:
        guests = (call.organization.guests.get(call.world.email_key(email)) for email in group.guests)
        record["guests"] = call.wrapped(
            [orjson.Fragment(guest_row(call.world, guest)) for guest in guests if guest is not None]
        )
    return orjson.dumps(record)


def _plain_row(call: Call, group: Group) -> bytes:
    if group.row_generation != call.world.generation:
        group.row = orjson.dumps(_record(call, group))
        group.row_generation = call.world.generation
    return group.row


def _record(call: Call, group: Group) -> dict[str, Any]:
    mixed = call.world.switches.mixed_dates
    updated = spelled(group.last_updated, 1) if mixed else group.last_updated
    record: dict[str, Any] = {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "logo": group.logo,
        "members": member_ids(call.world, group),
        "guests": group.guests,
        "created_at": spelled(group.created_at, 4) if mixed else group.created_at,
    }
    if call.world.switches.group_shape == "legacy":
        return {**record, "updated_at": updated, "deleted_at": None}
    return {**record, "last_updated": updated}


_GROUPS = "/organizations/{org}/groups"

ROUTES = (
    Route("groups.list", "GET", _GROUPS, list_groups),
    Route("groups.create", "POST", _GROUPS, create_group, permission="manage_groups"),
    Route("groups.get", "GET", f"{_GROUPS}/{{id}}", get_group),
    Route("groups.update", "PUT", f"{_GROUPS}/{{id}}", update_group, permission="manage_groups"),
    Route("groups.delete", "DELETE", f"{_GROUPS}/{{id}}", delete_group, permission="manage_groups"),
)
