# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Members of an organization: listing, profile, role, and the way from invitation to deletion."""

from __future__ import annotations

import re
from typing import Any

from .assignments import hand_over
from .calls import Call, Route, certain
from .envelopes import RefusalError, Reply, item, json_reply, refuse, resource_not_found
from .guests import attach_guest, guest_row, refuse_beyond_trial_guests
from .listings import paged, plain_list
from .member_records import haystack, member_with_includes, minimal_row
from .people import acting_may_assign, change_role, disable, enable, invite
from .records import Member
from .validation import ROLES, Checker, as_id

_OPTIONAL_PROFILE = (
    "phone",
    "job_title",
    "job_description",
    "team",
    "country_id",
    "date_format",
    "step_preferences",
)
_SORTABLE = {
    "id": lambda member: member.id,
    "email": lambda member: member.account.email,
    "first_name": lambda member: member.account.first_name.lower(),
    "last_name": lambda member: member.account.last_name.lower(),
    "created_at": lambda member: member.account.created_at,
    "updated_at": lambda member: member.account.updated_at,
    "last_updated": lambda member: member.account.updated_at,
    "last_login_at": lambda member: member.account.last_login_at or "",
    "status": lambda member: member.status,
    "role": lambda member: member.role,
}


def list_members(call: Call) -> Reply:
    switches = call.world.switches
    members = _sorted(call, _searched(call, call.world.visible_members(call.organization)))
    return paged(
        call,
        members,
        lambda member: member_with_includes(call, member, in_list=True),
        default=switches.users_default_per_page,
        maximum=switches.users_max_per_page,
    )


def list_minimal(call: Call) -> Reply:
    members = call.world.visible_members(call.organization)
    return plain_list(call, members, minimal_row, count=call.world.switches.minimal_list_count)


def get_member(call: Call) -> Reply:
    member = _find(call, hidden=call.world.switches.get_removed_member == "200")
    return _answer(call, member)


def invite_member(call: Call) -> Reply:
    checker = Checker(call)
    lenient = call.world.switches.lenient_invite
    email = checker.email()
    first_name = checker.person_name("first_name")
    last_name = checker.person_name("last_name")
    role = checker.one_of("role", ROLES, required=not lenient)
    checker.text("message", required=not lenient, maximum=5000)
    checker.raise_if_any()
    acting_may_assign(call, role or "light")
    member = invite(
        call,
        email=certain(email),
        first_name=certain(first_name),
        last_name=certain(last_name),
        role=role or "light",
    )
    return _answer(call, member, call.world.switches.invite_status)


def update_member(call: Call) -> Reply:
    member = _find(call)
    if member.is_bot:
        raise refuse(400, "Bot users cannot be edited.")
    if len(member.account.memberships) > 1 and member.id != call.acting_id:
        raise refuse(403, "Members of several organizations can only be edited by themselves.")
    if member.status == "invited" and call.world.switches.invited_member_put == "deny":
        raise refuse(400, "Invited members cannot be edited.")
    return _store_profile(call, member)


def update_self(call: Call) -> Reply:
    return _store_profile(call, certain(call.acting))


def set_role(call: Call) -> Reply:
    member = _find(call)
    checker = Checker(call)
    role = checker.one_of("role", ROLES, required=True)
    checker.raise_if_any()
    change_role(call, member, certain(role))
    return _answer(call, member)


def disable_member(call: Call) -> Reply:
    member = _find(call)
    if member.is_bot:
        raise refuse(400, "Bot users cannot be disabled.")
    if member.status == "disabled":
        _refuse_repetition(call, "The user is already disabled.")
    else:
        disable(call, member)
    return _answer(call, member)


def enable_member(call: Call) -> Reply:
    member = _find(call, hidden=True)
    if member.deleted:
        raise _unknown_member(call)
    if member.status != "disabled":
        _refuse_repetition(call, "The user is already enabled.")
    else:
        enable(call, member)
    return _answer(call, member)


def remove_member(call: Call) -> Reply:
    member = _find(call)
    if member.is_bot:
        raise refuse(400, "You can't remove a bot user from this organization!")
    successor = _successor(call, member)
    if member.status == "disabled":
        _refuse_repetition(call, "The user is already disabled.")
    else:
        disable(call, member)
    if successor is not None:
        successor.open_tasks += member.open_tasks
        member.open_tasks = 0
        hand_over(call.world, call.organization, member.id, successor.id)
    member.removed = True
    call.world.touch(member)
    return _answer(call, member)


def delete_member(call: Call) -> Reply:
    member = _find(call, hidden=True)
    if member.deleted:
        raise _unknown_member(call)
    if member.is_bot:
        raise refuse(400, "You can't remove a bot user from this organization!")
    if member.status != "disabled":
        if call.world.switches.old_error_texts:
            raise RefusalError(json_reply({"error": "Please disable the user before deletion"}, 400))
        raise refuse(400, "Please disable the user before deletion.")
    account = member.account
    world = call.world
    account.updated_at = world.timestamp()
    if len(account.memberships) == 1:
        # Only the last organization's deletion ends the person: others still know them by the old address.
        world.rename_email(account, f"{account.email}.deleted.{account.id}")
        account.last_name += " (Deleted)" if world.switches.deleted_suffix_space else "(Deleted)"
        if account.username:
            account.username += "(deleted)"
    world.touch(member)
    world.detach_member(member)
    return _answer(call, member)


def approve_member(call: Call) -> Reply:
    member = _find(call)
    if member.is_bot:
        raise refuse(400, "Bot users cannot be edited.")
    if member.approved_at is None:
        member.approved_at = call.world.timestamp()
        call.world.touch(member)
    return _answer(call, member)


def convert_to_guest(call: Call) -> Reply:
    member = _find(call)
    if member.is_bot:
        raise refuse(400, "You can't remove a bot user from this organization!")
    if member.status == "invited":
        raise refuse(400, "An invited member cannot be converted to a guest.")
    refuse_beyond_trial_guests(call)
    if member.status != "disabled":
        disable(call, member)
    account = member.account
    guest = attach_guest(
        call.world, call.organization, account.email, {"first_name": account.first_name, "last_name": account.last_name}
    )
    return item(guest_row(call.world, guest))


def _store_profile(call: Call, member: Member) -> Reply:
    switches = call.world.switches
    checker = Checker(call)
    values: dict[str, Any] = {
        "first_name": checker.person_name("first_name"),
        "last_name": checker.person_name("last_name"),
        "timezone": checker.timezone(required=True),
        "phone": checker.text("phone", maximum=20),
        "job_title": checker.text("job_title"),
        "job_description": checker.text("job_description"),
        "team": checker.text("team"),
        "country_id": checker.country(),
        "date_format": checker.one_of("date_format", ("mm/dd/yyyy", "dd/mm/yyyy")),
        "step_preferences": checker.boolean("step_preferences"),
    }
    role = checker.one_of("role", ROLES) if switches.member_put_accepts_role else None
    checker.raise_if_any()
    if role is not None:
        change_role(call, member, role)
    for name, value in values.items():
        if name in _OPTIONAL_PROFILE and name not in call.body and not switches.member_put_nulls_omitted:
            continue
        if name not in switches.drop_fields:
            setattr(member.account, name, value)
    member.account.updated_at = call.world.timestamp()
    call.world.touch(member)
    return _answer(call, member)


def _answer(call: Call, member: Member, status: int = 200) -> Reply:
    return item(member_with_includes(call, member), status)


def _find(call: Call, *, hidden: bool = False) -> Member:
    """Return the member the path names; removed and deleted ones only when asked for."""
    member_id = as_id(call.params[1])
    member = call.organization.members.get(member_id) if member_id is not None else None
    if member is None or (not hidden and member.deleted):
        raise _unknown_member(call)
    if not hidden and member.removed and call.world.switches.remove_hides_member:
        raise _unknown_member(call)
    return member


def _unknown_member(call: Call) -> RefusalError:
    if call.world.switches.old_error_texts:
        return RefusalError(json_reply({"error": "User not found"}, 404))
    return resource_not_found()


def _refuse_repetition(call: Call, message: str) -> None:
    answer = call.world.switches.repeated_change
    if answer == "400":
        raise refuse(400, message)
    if answer == "404":
        raise _unknown_member(call)


def _successor(call: Call, member: Member) -> Member | None:
    """Return who takes over the tasks when the query asks for reassignment."""
    if call.query.get("with_reassignment", "").lower() not in ("true", "1"):
        return None
    to = as_id(call.query.get("to"))
    if to is None:
        raise call.invalid({"to": ["The to field is required."]})
    successor = call.organization.members.get(to)
    if successor is None or successor.status != "active" or successor is member or successor.is_bot:
        raise call.invalid({"to": ["The selected to is invalid."]})
    return successor


def _searched(call: Call, members: list[Member]) -> list[Member]:
    requested = call.query.get("q", "").lower()
    if not requested:
        return members
    switches = call.world.switches
    if switches.q_plus_finds_nothing and "+" in requested:
        return []
    if switches.q_wildcards and ("%" in requested or "_" in requested):
        pattern = re.compile("".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in requested))
        return [member for member in members if pattern.search(haystack(member))]
    return [member for member in members if requested in haystack(member)]


def _sorted(call: Call, members: list[Member]) -> list[Member]:
    name, downwards = call.sorting()
    return sorted(members, key=_SORTABLE[name], reverse=downwards) if name in _SORTABLE else members


_USERS = "/organizations/{org}/users"

ROUTES = (
    Route("members.list", "GET", _USERS, list_members),
    Route("members.minimal_list", "GET", "/organizations/{org}/users-list", list_minimal),
    Route("members.invite", "POST", f"{_USERS}/invite", invite_member, permission="invite"),
    Route("members.get", "GET", f"{_USERS}/{{id}}", get_member, permission="admin"),
    Route("members.update", "PUT", f"{_USERS}/{{id}}", update_member, permission="admin"),
    Route("members.remove", "DELETE", f"{_USERS}/{{id}}", remove_member, permission="admin"),
    Route("members.role", "PUT", f"{_USERS}/{{id}}/role", set_role, permission="admin"),
    Route("members.disable", "DELETE", f"{_USERS}/{{id}}/disable", disable_member, permission="admin"),
    Route("members.enable", "PUT", f"{_USERS}/{{id}}/enable", enable_member, permission="admin"),
    Route("members.delete", "DELETE", f"{_USERS}/{{id}}/delete", delete_member, permission="admin"),
    Route("members.approve", "PUT", f"{_USERS}/{{id}}/approve", approve_member, permission="admin"),
    Route("members.to_guest", "PUT", f"{_USERS}/{{id}}/to/guest", convert_to_guest, permission="admin"),
    Route("me.update", "PUT", "/organizations/{org}/me", update_self, caller="user"),
)
