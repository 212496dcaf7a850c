# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Bearer tokens: made, found, expired and revoked."""

from __future__ import annotations

import base64
import secrets

import orjson

from .envelopes import Reply, json_reply
from .records import Organization, Token
from .state import World

_HEADER = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9"


def issue(
    world: World, kind: str, organization: Organization, lifetime_seconds: int, *, user_id: int | None = None
) -> str:
    """Make a token that looks like the service's; clients must treat it as opaque."""
    claims = orjson.dumps({"aud": organization.client_id, "sub": str(user_id or ""), "jti": secrets.token_hex(8)})
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    value = f"{_HEADER}.{payload}.{secrets.token_urlsafe(32)}"
    world.tokens[value] = Token(
        kind, organization.id, organization.client_id, world.now() + lifetime_seconds, user_id=user_id
    )
    return value


def issue_refresh(world: World, organization: Organization, user_id: int) -> str:
    value = "def50200" + secrets.token_hex(24)
    expires_at = world.now() + world.switches.expires_in_refresh
    world.tokens[value] = Token(
        "user", organization.id, organization.client_id, expires_at, user_id=user_id, refresh=True
    )
    return value


def find(world: World, value: str) -> Token | None:
    """Return the token if it opens anything now."""
    token = world.tokens.get(value)
    if token is None or token.revoked or token.refresh or token.expires_at <= world.now():
        return None
    return token


def token_answer(value: str, lifetime_seconds: int, refresh_token: str | None = None) -> Reply:
    """The bare object of OAuth: no ``data`` around it."""
    answer: dict[str, object] = {"token_type": "Bearer", "expires_in": lifetime_seconds, "access_token": value}
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    return json_reply(answer)
