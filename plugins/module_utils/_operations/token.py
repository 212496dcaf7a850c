# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens as a result: get one, or forget it. Private to the collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.sources import IssuedTokens
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import Token
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import odd_character
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import told_moment

from .named_token import (
    forget_token,
    is_authorized,
    kept_token,
    problems_with,
    token_of_answer,
)


def tokens_for(client: Client, user: str | None) -> IssuedTokens:
    """Return the source of the application's tokens, or of those in the name of ``user``.

    A blank ``user`` is refused: whoever names a member must never get the application's token.
    """
    if user is not None:
        if not user.strip():
            raise OptionError("The e-mail address of the member is blank. Leave it out for the application's token.")
        odd = odd_character(user.strip())
        if odd:
            raise OptionError(f"The e-mail address of the member is none: it holds {odd!r}.")
        return client.tokens_of(user.strip())
    return client.application_tokens()


def _unheard(_text: str) -> None:
    """Say nothing."""


def ensure_token(
    client: Client,
    params: Mapping[str, Any],
    *,
    warn: Callable[[str], None] = _unheard,
    now: float | None = None,
) -> dict[str, Any]:
    """Return the result of ``tallyfy_token``: ``changed`` means that a token was issued or forgotten."""
    if is_authorized(params):
        moment = time.time() if now is None else now
        return _ensure_authorized(client, params, warn=warn, now=moment)
    source = tokens_for(client, params["user"])
    if params["state"] == "absent":
        return {"changed": source.forget()}
    token = source.obtain(min_ttl=params["min_ttl"], renew=params["renew"])
    shaped = shape_token(token, time.time() if now is None else now)
    return {"changed": token.source == "issued", "token": shaped}


def _ensure_authorized(
    client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None], now: float
) -> dict[str, Any]:
    problems = problems_with(params)
    if problems:
        raise InputError(problems)
    if params["state"] == "absent":
        return {"changed": forget_token(client, params["name"])}
    if params["redirect_response"] is None:
        kept = kept_token(client, params["name"], min_ttl=params["min_ttl"], now=now)
        return {"changed": False, "token": shape_token(kept, now), "kept_as": params["name"].strip()}
    token, is_kept = token_of_answer(client, params, warn=warn, now=now)
    shaped = {"token": shape_token(token, now)} if token else {}
    return {"changed": True, **shaped, "kept_as": params["name"].strip() if is_kept else None}


def shape_token(token: Token, now: float) -> dict[str, Any]:
    """Return a token in the shape that modules return."""
    return {
        "access_token": token.access_token,
        "token_type": token.token_type,
        "expires_in": max(0, int(token.expires_at - now)) if token.expires_at else None,
        "expires_at": told_moment(token.expires_at) if token.expires_at else None,
        "kind": token.kind,
        "user": token.user,
        "org_id": token.org_id,
        "source": token.source,
    }
