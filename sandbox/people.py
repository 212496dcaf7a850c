# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The steps of a member's life that several routes share: arriving, seats, roles, leaving and coming back."""

from __future__ import annotations

from typing import Any

from .calls import Call
from .envelopes import forbidden, refuse, seat_pool_exhausted
from .permissions import acting_role
from .records import Account, Member, Organization
from .state import World

DEFAULT_ADMIN_TEXT = (
    "Cannot modify the default administrator. Please assign another member as default administrator first."
)
TRIAL_MEMBERS = 10


def acting_may_assign(call: Call, role: str) -> None:
    if role == "admin" and acting_role(call) != "admin":
        raise forbidden()


def invite(call: Call, *, email: str, first_name: str, last_name: str, role: str) -> Member:
    """Make an invited member, or refuse as the organization's state demands."""
    if call.world.switches.saml_enabled:
        raise refuse(403, "Manual invitations are disabled because single sign-on is enforced.")
    return arrive(
        call, email=email, first_name=first_name, last_name=last_name, role=role, status="invited", profile={}
    )


def arrive(
    call: Call, *, email: str, first_name: str, last_name: str, role: str, status: str, profile: dict[str, Any]
) -> Member:
    """Bring a person into the organization: new to the service, from another organization, or back again."""
    world, organization = call.world, call.organization
    here = world.member_of(organization, email)
    if here is not None:
        if here.status == "disabled" and world.switches.email_of_disabled_member == "reactivate":
            take_seat(call, role)
            here.role = role
            _set_status(call, here, status)
            return here
        raise call.invalid({"email": ["The email has already been taken."]})
    account = world.account_of(email)
    if account is not None and world.switches.email_in_other_organization == "422":
        raise call.invalid({"email": ["The email has already been taken."]})
    if world.switches.email_of_guest == "422" and world.email_key(email) in organization.guests:
        raise call.invalid({"email": ["The email has already been taken."]})
    refuse_beyond_trial_members(call)
    take_seat(call, role)
    now = world.timestamp()
    if account is None:
        account = world.add_account(
            Account(world.new_id(), email, first_name, last_name, timezone=organization.timezone, created_at=now)
        )
    for name, value in profile.items():
        setattr(account, name, value)
    member = world.add_member(Member(account, organization, role=role, invited_by=call.acting_id, approved_at=now))
    _set_status(call, member, status)
    return member


def accept(world: World, member: Member) -> None:
    """The invited person follows the link in the invitation: no route of the API does this."""
    member.status = "active"
    _become_active(world, member)
    world.touch(member)


def change_role(call: Call, member: Member, role: str) -> None:
    if role == member.role:
        return
    if member.is_bot:
        raise refuse(400, "Bot users cannot be edited.")
    if member.role == "admin":
        guard_default_admin(call, member, old_last_admin="Cannot modify the last administrator")
    if member.holds_seat and member.role == "light":
        take_seat(call, role)
    member.role = role
    member.account.updated_at = call.world.timestamp()
    call.world.touch(member)


def guard_default_admin(call: Call, member: Member, *, old_last_admin: str) -> None:
    """Refuse to take away the default or the last administrator; hand the part over if the switch says so."""
    if member.role != "admin" and not member.is_default_admin:
        return
    old_texts = call.world.switches.old_error_texts
    successor = next((admin for admin in member.organization.admins() if admin is not member), None)
    if member.is_default_admin:
        if call.world.switches.default_admin_auto_transfer and successor is not None:
            member.is_default_admin = False
            successor.is_default_admin = True
            call.world.touch(successor)
            return
        if old_texts and successor is not None:
            raise refuse(403, "Cannot modify the default administrator")
    if member.is_default_admin or (successor is None and member.status == "active"):
        raise refuse(403, old_last_admin) if old_texts else refuse(400, DEFAULT_ADMIN_TEXT)


def disable(call: Call, member: Member) -> None:
    guard_default_admin(call, member, old_last_admin="Cannot disable the last administrator")
    world = call.world
    member.status = "disabled"
    member.disabled_at = world.timestamp()
    member.disabled_by = call.acting_id
    member.account.updated_at = member.disabled_at
    if not world.switches.disable_keeps_groups:
        world.leave_groups(member)
    if world.switches.disable_revokes_tokens:
        world.revoke_user_tokens(member)
    world.touch(member)


def enable(call: Call, member: Member) -> None:
    """Bring a disabled member back; groups and open tasks stay as they are."""
    take_seat(call, member.role)
    world = call.world
    member.removed = False
    member.status = "active"
    member.reactivated_at = world.timestamp()
    member.reactivated_by = call.acting_id
    member.disabled_at = member.disabled_by = None
    _become_active(world, member)
    member.account.updated_at = member.reactivated_at
    world.touch(member)


def take_seat(call: Call, role: str) -> None:
    """Refuse with 409 when the pool of the role has no seat left."""
    pool = "light" if role == "light" else "full"
    switches = call.world.switches
    limit = switches.seat_limit_light if pool == "light" else switches.seat_limit_full
    if limit is None:
        return
    taken = sum(
        1
        for member in call.organization.members.values()
        if member.holds_seat and not member.deleted and (member.role == "light") == (pool == "light")
    )
    if taken >= limit:
        raise seat_pool_exhausted(pool)


def refuse_beyond_trial_members(call: Call) -> None:
    if call.world.switches.in_trial and _people(call.organization) >= TRIAL_MEMBERS:
        raise refuse(403, f"Trial organizations are limited to {TRIAL_MEMBERS} members.")


def _people(organization: Organization) -> int:
    return sum(1 for member in organization.members.values() if member.holds_seat and not member.deleted)


def _set_status(call: Call, member: Member, status: str) -> None:
    world = call.world
    member.status = status
    member.removed = False
    member.disabled_at = member.disabled_by = None
    if status == "active":
        _become_active(world, member)
    else:
        member.type = None
    member.account.updated_at = world.timestamp()
    world.touch(member)


def _become_active(world: World, member: Member) -> None:
    account = member.account
    member.type = member.type or "standard"
    if account.activated_at is None:
        account.activated_at = world.timestamp()
    if account.username is None:
        account.username = "".join(letter for letter in account.email.partition("@")[0].lower() if letter.isalnum())
