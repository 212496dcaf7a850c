# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Guests of an organization, known by their e-mail address."""

from __future__ import annotations

from typing import Any

import orjson

from .assignments import open_tasks_of_guest, release_guest
from .calls import Call, Route, certain
from .envelopes import Reply, item, rate_limited, refuse, resource_not_found
from .listings import paged, plain_list
from .member_records import member_with_includes, spelled
from .people import arrive
from .records import Guest, GuestProfile, Organization
from .state import World
from .validation import ROLES, Checker, as_id

TRIAL_GUESTS = 10
HOUR_SECONDS = 3600.0

_NAMES = ("first_name", "last_name")
_TEXTS = {"company_name": 200, "opportunity_name": 200, "status": 200, "phone_1": 20, "phone_2": 20}
_DETAILS = ("status", "phone_1", "phone_2", "timezone", "image_url", "contact_url", "company_url", "opportunity_url",
            "company_name", "opportunity_name", "external_sync_source", "external_date_creation")  # fmt: skip
_URLS = ("company_url", "contact_url", "image_url", "opportunity_url")


def list_guests(call: Call) -> Reply:
    requested = call.query.get("q", "").lower()
    is_lost = call.world.switches.q_plus_finds_nothing and "+" in requested
    guests = [
        guest
        for key, guest in call.organization.guests.items()
        if guest.deleted_at is None and not is_lost and requested in key.lower()
    ]
    name, downwards = call.sorting()
    if name == "email":
        guests.sort(key=lambda guest: guest.profile.email, reverse=downwards)
    elif name == "created_at":
        guests.sort(key=lambda guest: guest.created_at, reverse=downwards)
    if call.query.get("without_pagination") == "true":
        return plain_list(call, guests, lambda guest: _row(call, guest))
    return paged(
        call, guests, lambda guest: _row(call, guest), default=999, maximum=call.world.switches.users_max_per_page
    )


def list_minimal(call: Call) -> Reply:
    guests = [guest for guest in call.organization.guests.values() if guest.deleted_at is None]
    return plain_list(call, guests, _minimal_row, count=call.world.switches.minimal_list_count)


def create_guest(call: Call) -> Reply:
    world, organization = call.world, call.organization
    checker = Checker(call)
    email = checker.email()
    values = _profile(checker)
    if email is not None:
        if world.member_of(organization, email) is not None:
            checker.complain("email", "The email has already been taken.")
        if world.switches.saml_enabled and _domain(email) == _company_domain(organization):
            checker.complain("email", "Guests may not use the company domain.")
    checker.raise_if_any()
    email = certain(email)
    known = organization.guests.get(world.email_key(email))
    if known is None or known.deleted_at is not None:
        refuse_beyond_trial_guests(call)
        _count_invitation(call)
    guest = attach_guest(world, organization, email, values)
    return item(_row(call, guest), 201)


def get_guest(call: Call) -> Reply:
    return item(_row(call, _find(call)), call.world.switches.guest_get_status)


def update_guest(call: Call) -> Reply:
    """Store ``associated_members``; every other key is ignored, as the service does."""
    guest = _find(call)
    checker = Checker(call)
    if call.world.switches.guest_put_strict:
        for name in call.body:
            if name not in ("associated_members", "email"):
                checker.complain(name, f"The {name.replace('_', ' ')} field cannot be changed.")
    requested = call.body.get("associated_members")
    ids: list[int] | None = None
    if requested is not None:
        ids = []
        for position, value in enumerate(checker.array("associated_members") or []):
            member_id = as_id(value)
            member = call.organization.members.get(member_id) if member_id is not None else None
            if member is None or member.deleted:
                checker.complain(
                    f"associated_members.{position}", f"The selected associated_members.{position} is invalid."
                )
            elif member.id not in ids:
                ids.append(member.id)
    checker.raise_if_any()
    if "associated_members" in call.body:
        guest.associated_members = ids
        guest.row_generation = -1
    return item(_row(call, guest), call.world.switches.guest_get_status)


def delete_guest(call: Call) -> Reply:
    world, organization = call.world, call.organization
    guest = organization.guests.get(world.email_key(call.params[1]))
    if guest is None or guest.deleted_at is not None:
        if world.switches.guest_delete_unknown == "404":
            raise resource_not_found()
        raise call.invalid({"email": ["The selected email is invalid."]})
    _detach(world, organization, guest)
    return item(_row(call, guest))


def disable_guest(call: Call) -> Reply:
    guest = _find(call)
    if guest.open_tasks or open_tasks_of_guest(call.world, call.organization, guest.profile.email):
        raise refuse(403, "Cannot disable guest with incomplete tasks")
    if guest.disabled_at is None:
        guest.disabled_at = call.world.timestamp()
        guest.disabled_by = call.acting_id
        guest.row_generation = -1
    return item(_row(call, guest))


def enable_guest(call: Call) -> Reply:
    guest = _find(call)
    if guest.disabled_at is not None:
        guest.disabled_at = guest.disabled_by = None
        guest.reactivated_at = call.world.timestamp()
        guest.reactivated_by = call.acting_id
        guest.row_generation = -1
    return item(_row(call, guest))


def convert_to_member(call: Call) -> Reply:
    guest = _find(call)
    checker = Checker(call)
    role = checker.one_of("role", ROLES) or "light"
    checker.raise_if_any()
    profile = guest.profile
    local_part = profile.email.partition("@")[0]
    member = arrive(
        call,
        email=profile.email,
        first_name=profile.first_name or local_part[:32],
        last_name=profile.last_name or local_part[:32],
        role=role,
        status="invited",
        profile={},
    )
    release_guest(call.world, call.organization, guest.profile.email, member.id)
    _detach(call.world, call.organization, guest)
    return item(member_with_includes(call, member))


def attach_guest(world: World, organization: Organization, email: str, values: dict[str, Any]) -> Guest:
    """Return the organization's guest of this address; the profile counts when the guest is first made."""
    key = world.email_key(email)
    profile = world.guest_profiles.get(key)
    fresh = profile is None
    if profile is None:
        profile = world.guest_profiles[key] = GuestProfile(world.new_id(), email)
    guest = organization.guests.get(key)
    if guest is None:
        code = world.new_hex("guest-link")[:14]
        guest = organization.guests[key] = Guest(
            profile, world.timestamp(), f"https://go.tallyfy.com/guest-all-task/{organization.id}/{code}"
        )
    guest.deleted_at = None
    if fresh or world.switches.guest_reattach_updates:
        for name, value in values.items():
            if value is not None:
                setattr(profile, name, value)
    guest.row_generation = -1
    return guest


def refuse_beyond_trial_guests(call: Call) -> None:
    guests = sum(1 for guest in call.organization.guests.values() if guest.deleted_at is None)
    if call.world.switches.in_trial and guests >= TRIAL_GUESTS:
        raise refuse(403, f"Trial organizations are limited to {TRIAL_GUESTS} guests.")


def guest_row(world: World, guest: Guest) -> bytes:
    if guest.row_generation != world.generation:
        guest.row = orjson.dumps(_record(world, guest))
        guest.row_generation = world.generation
    return guest.row


def _row(call: Call, guest: Guest) -> bytes:
    if "stats" not in call.includes():
        return guest_row(call.world, guest)
    stats = {
        "assigned_tasks": guest.open_tasks + open_tasks_of_guest(call.world, call.organization, guest.profile.email),
        "tasks_completed": guest.tasks_completed,
        "last_task_completed_at": None,
        "one_off_tasks_completed": 0,
        "last_one_off_task_completed_at": None,
    }
    return orjson.dumps({**_record(call.world, guest), "stats": stats})


def _record(world: World, guest: Guest) -> dict[str, Any]:
    profile = guest.profile
    legacy = world.switches.guest_shape == "legacy"
    mixed = world.switches.mixed_dates
    names = {name: getattr(profile, name) for name in _NAMES}
    details = {
        **{name: getattr(profile, name) for name in _DETAILS},
        "cadence_days": None,
        "associated_members": guest.associated_members,
        "last_city": None,
        "last_country": None,
        "last_accessed_at": None,
        "disabled_at": spelled(guest.disabled_at, 3) if mixed else guest.disabled_at,
        "disabled_by": guest.disabled_by,
        "reactivated_at": spelled(guest.reactivated_at, 1) if mixed else guest.reactivated_at,
        "reactivated_by": guest.reactivated_by,
    }
    record: dict[str, Any] = {
        "id": str(profile.id) if legacy else profile.id,
        "email": profile.email,
        "last_accessed_at": None,
        "last_known_ip": None,
        "last_known_country": None,
        "details": {**names, **details} if legacy else details,
    }
    if not legacy:
        record.update(names)
    record["created_at"] = spelled(guest.created_at, 4) if mixed else guest.created_at
    record["deleted_at"] = guest.deleted_at
    record["link"] = guest.link
    return record


def _minimal_row(guest: Guest) -> bytes:
    profile = guest.profile
    return orjson.dumps(
        {
            "id": profile.id,
            "email": profile.email,
            "first_name": profile.first_name,
            "last_name": profile.last_name,
            "status": "disabled" if guest.disabled_at else "active",
        }
    )


def _profile(checker: Checker) -> dict[str, Any]:
    values: dict[str, Any] = {name: checker.text(name, maximum=200) for name in _NAMES}
    values.update({name: checker.text(name, maximum=maximum) for name, maximum in _TEXTS.items()})
    values.update({name: checker.url(name) for name in _URLS})
    values["timezone"] = checker.timezone()
    values["external_sync_source"] = checker.one_of("external_sync_source", ("salesforce",))
    values["external_date_creation"] = checker.date("external_date_creation")
    return values


def _find(call: Call) -> Guest:
    guest = call.organization.guests.get(call.world.email_key(call.params[1]))
    if guest is None or guest.deleted_at is not None:
        raise resource_not_found()
    return guest


def _detach(world: World, organization: Organization, guest: Guest) -> None:
    release_guest(world, organization, guest.profile.email)
    guest.deleted_at = world.timestamp()
    guest.row_generation = -1
    key = world.email_key(guest.profile.email)
    for group in organization.groups.values():
        kept = [email for email in group.guests if world.email_key(email) != key]
        if len(kept) != len(group.guests):
            group.guests = kept
            group.row_generation = -1


def _count_invitation(call: Call) -> None:
    """Keep the hourly limit of guest invitations, counted for the organization."""
    limit = call.world.switches.guest_invites_per_hour
    if limit is None:
        return
    now = call.world.now()
    invitations = call.organization.guest_invites
    while invitations and invitations[0] <= now - HOUR_SECONDS:
        invitations.popleft()
    if len(invitations) >= limit:
        oldest = invitations[0] if invitations else now
        raise rate_limited(
            f"You've reached the hourly limit for Guest Invite ({limit} per hour per organization). "
            "Please try again later.",
            oldest + HOUR_SECONDS - now,
            limit=limit,
        )
    invitations.append(now)


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _company_domain(organization: Organization) -> str:
    owner = organization.default_admin()
    return _domain(owner.account.email) if owner is not None else ""


_GUESTS = "/organizations/{org}/guests"

ROUTES = (
    Route("guests.list", "GET", _GUESTS, list_guests),
    Route("guests.minimal_list", "GET", "/organizations/{org}/guests-list", list_minimal),
    Route("guests.create", "POST", _GUESTS, create_guest),
    Route("guests.get", "GET", f"{_GUESTS}/{{email}}", get_guest),
    Route("guests.update", "PUT", f"{_GUESTS}/{{email}}", update_guest),
    Route("guests.delete", "DELETE", f"{_GUESTS}/{{email}}", delete_guest),
    Route("guests.disable", "DELETE", f"{_GUESTS}/{{email}}/disable", disable_guest),
    Route("guests.enable", "PUT", f"{_GUESTS}/{{email}}/enable", enable_guest),
    Route("guests.to_member", "POST", f"{_GUESTS}/{{email}}/to/member", convert_to_member, permission="admin"),
)
