# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What an application may do with its own token: provision people and mint tokens for them."""

from __future__ import annotations

import orjson

from .calls import Call, Route, certain
from .envelopes import RefusalError, Reply, forbidden, item, json_reply, refuse, resource_not_found
from .people import arrive
from .records import Member
from .tokens import issue, token_answer
from .validation import ROLES, Checker

_PROFILE_TEXTS = {"phone": 20, "job_title": None, "job_description": None, "team": None}


def create_user(call: Call) -> Reply:
    switches = call.world.switches
    checker = Checker(call)
    first_name = checker.person_name("first_name")
    last_name = checker.person_name("last_name")
    email = checker.email()
    role = checker.one_of("role", ROLES) or switches.provision_default_role
    timezone = checker.timezone()
    profile = {"timezone": timezone} if timezone is not None else {}
    if switches.provision_accepts_profile:
        texts = {name: checker.text(name, maximum=maximum) for name, maximum in _PROFILE_TEXTS.items()}
        profile.update({name: value for name, value in texts.items() if value is not None})
    checker.raise_if_any()
    member = arrive(
        call,
        email=certain(email),
        first_name=certain(first_name),
        last_name=certain(last_name),
        role=role,
        status=switches.provisioned_status,
        profile=profile,
    )
    record = {
        "id": member.id,
        "email": member.account.email,
        "first_name": member.account.first_name,
        "last_name": member.account.last_name,
        "role": member.role,
        "created_at": member.account.created_at,
    }
    if switches.unwrapped_application_user:
        return json_reply(record, switches.provision_status)
    return item(orjson.dumps(record), switches.provision_status)


def mint_token(call: Call) -> Reply:
    return _mint(call, call.params[1])


def mint_token_by_body(call: Call) -> Reply:
    """The form of the route until early 2025."""
    checker = Checker(call)
    email = checker.text("email", required=True)
    checker.raise_if_any()
    return _mint(call, certain(email))


def _mint(call: Call, email: str) -> Reply:
    world = call.world
    member = world.member_of(call.organization, email)
    if member is None:
        if world.account_of(email) is None:
            raise resource_not_found()
        raise _not_in_organization(call)
    if member.is_bot:
        raise forbidden()
    _refuse_by_status(call, member)
    lifetime = world.switches.expires_in_user
    value = issue(world, "user", call.organization, lifetime, user_id=member.id)
    return token_answer(value, lifetime)


def _refuse_by_status(call: Call, member: Member) -> None:
    switches = call.world.switches
    answer = {"disabled": switches.minted_for_disabled, "invited": switches.minted_for_invited}.get(
        member.status, "200"
    )
    if answer == "403":
        raise refuse(403, "The user is not active in this organization.")
    if answer == "404":
        raise resource_not_found()
    if answer == "422":
        raise _not_in_organization(call)


def _not_in_organization(call: Call) -> RefusalError:
    return call.invalid({"email": ["The selected email is invalid."]})


CREATE_USER = Route("applications.create_user", "POST", "/applications/{org}/users", create_user, caller="application")
MINT = Route(
    "applications.token",
    "POST",
    "/applications/{org}/users/{email}/token",
    mint_token,
    caller="application",
    sign_in=True,
)
MINT_BY_BODY = Route(
    "applications.token",
    "POST",
    "/applications/{org}/users/token",
    mint_token_by_body,
    caller="application",
    sign_in=True,
)

ROUTES = (CREATE_USER, MINT, MINT_BY_BODY)
