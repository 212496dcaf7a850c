# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""How a member is written down: the shapes of the record, related data, and spellings of dates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from .calls import Call
from .countries import COUNTRIES
from .records import Group, Member
from .state import World, utc_offset

_DATES = (
    "last_login_at",
    "activated_at",
    "created_at",
    "updated_at",
    "last_updated",
    "last_accessed_at",
    "approved_at",
    "disabled_at",
    "reactivated_at",
)
_DOC_FIELDS = (
    "id", "email", "username", "first_name", "last_name", "full_name", "profile_pic", "country_id", "is_active",
    "last_login_at", "activated_at", "type", "created_at", "updated_at", "phone", "job_title", "job_description",
    "team", "timezone", "UTC_offset", "approved_at", "invited_by", "role", "status", "date_format", "is_default_admin",
)  # fmt: skip
_NOT_IN_SDK = frozenset({"country_id", "is_active", "type", "updated_at", "is_default_admin"})
_MINIMAL_FIELDS = ("id", "email", "first_name", "last_name", "status", "role")


def member_record(world: World, member: Member, *, in_list: bool = False) -> dict[str, Any]:
    """Return the member's fields in the shape the switches ask for."""
    switches = world.switches
    record = _union(member)
    if switches.role_case == "title":
        record["role"] = member.role.capitalize()
        record["date_format"] = member.account.date_format.upper() if member.account.date_format else None
    if switches.mixed_dates:
        for name in _DATES:
            record[name] = spelled(record[name], len(name) + member.id)
    shape = switches.member_shape
    if shape == "doc":
        return {name: record[name] for name in _DOC_FIELDS}
    if shape == "sdk":
        return {**{name: value for name, value in record.items() if name not in _NOT_IN_SDK}, "country": None}
    if shape == "minimal" or (shape == "minimal_rows" and in_list):
        return {name: record[name] for name in _MINIMAL_FIELDS}
    return record


def member_row(world: World, member: Member) -> bytes:
    """Return the serialised list row, made once and kept until something changes."""
    if member.row_generation != world.generation:
        member.row = orjson.dumps(member_record(world, member, in_list=True))
        member.row_generation = world.generation
    return member.row


def member_with_includes(call: Call, member: Member, *, in_list: bool = False) -> bytes:
    """Return the serialised record with the related data that ``with`` names."""
    includes = call.includes()
    if not includes and in_list:
        return member_row(call.world, member)
    record = member_record(call.world, member, in_list=in_list)
    for name in includes:
        warning = f"unknown include {name}"
        if name in _INCLUDES:
            record[name] = call.wrapped(_INCLUDES[name](call, member))
        elif warning not in call.warnings:
            call.warnings.append(warning)
    return orjson.dumps(record)


def haystack(member: Member) -> str:
    """Return the text ``q`` searches: first name, last name and e-mail, lower-cased."""
    if not member.haystack:
        account = member.account
        member.haystack = f"{account.first_name}\n{account.last_name}\n{account.email}".lower()
    return member.haystack


def minimal_row(member: Member) -> bytes:
    """Return a row of users-list."""
    account = member.account
    return orjson.dumps(
        {
            "id": account.id,
            "email": account.email,
            "username": account.username,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "full_name": f"{account.first_name} {account.last_name}",
            "profile_pic": account.profile_pic,
            "status": member.status,
        }
    )


_SPELLINGS = ("{0}.000Z", "{0}+00:00", "{0}Z", "{0}.000000Z", "{1}")


def spelled(value: str | None, variant: int) -> str | None:
    """Spell a moment in one of the ways seen in documentation; ``variant`` picks which."""
    if value is None:
        return None
    moment = value[:19]
    return _SPELLINGS[variant % len(_SPELLINGS)].format(moment, moment.replace("T", " "))


def member_ids(world: World, group: Group) -> list[Any]:
    if world.switches.group_member_ids == "string":
        return [str(member_id) for member_id in group.members]
    return list(group.members)


def _union(member: Member) -> dict[str, Any]:
    account = member.account
    active = member.status == "active"
    return {
        "id": account.id,
        "email": account.email,
        "username": account.username,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "full_name": f"{account.first_name} {account.last_name}",
        "profile_pic": account.profile_pic,
        "locale": account.locale,
        "country_id": account.country_id,
        "is_active": active,
        "active": active,
        "is_suspended": account.is_suspended,
        "last_login_at": account.last_login_at,
        "activated_at": account.activated_at,
        "type": member.type,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
        "last_updated": account.updated_at,
        "support_user": account.support_user,
        "phone": account.phone,
        "job_title": account.job_title,
        "job_description": account.job_description,
        "team": account.team,
        "timezone": account.timezone,
        "UTC_offset": utc_offset(account.timezone),
        "last_accessed_at": account.last_accessed_at,
        "approved_at": member.approved_at,
        "invited_by": member.invited_by,
        "disabled_at": member.disabled_at,
        "disabled_by": member.disabled_by,
        "reactivated_at": member.reactivated_at,
        "reactivated_by": member.reactivated_by,
        "role": member.role,
        "status": member.status,
        "date_format": account.date_format,
        "is_default_admin": member.is_default_admin,
        "last_known_ip": account.last_known_ip,
        "last_known_country": account.last_known_country,
    }


def _groups(call: Call, member: Member) -> list[dict[str, Any]]:
    return [
        {
            "id": group.id,
            "name": group.name,
            "logo": group.logo,
            "members": member_ids(call.world, group),
            "guests": group.guests,
        }
        for group in member.organization.groups_of.get(member.id, {}).values()
    ]


def _country(_call: Call, member: Member) -> dict[str, Any] | None:
    country_id = member.account.country_id
    country = COUNTRIES.get(country_id) if country_id is not None else None
    return None if country is None else {"id": country_id, **country._asdict()}


def _organizations(_call: Call, member: Member) -> list[dict[str, Any]]:
    organizations = [found.organization for found in member.account.memberships]
    return [{"id": organization.id, "name": organization.name} for organization in organizations]


_STATS = {
    "steps_created": 0,
    "tasks_completed": 0,
    "processes_launched": 0,
    "checklists_created": 0,
    "last_step_created_at": None,
}
_INCLUDES: dict[str, Callable[[Call, Member], Any]] = {
    "groups": _groups,
    "stats": lambda _call, _member: _STATS,
    "country": _country,
    "organizations": _organizations,
    "preferences": lambda _call, member: {"step_preferences": member.account.step_preferences},
    **dict.fromkeys(("assets", "member_watchers", "guest_watchers", "auth_methods"), lambda _call, _member: []),
}
