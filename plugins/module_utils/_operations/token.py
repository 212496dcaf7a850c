# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens as a result: returns or removes one. Private to the collection."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.sources import MemberTokens, TokenSource
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import Token
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import odd_character
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc


def token_source(client: Client, *, user: str | None, kind: str | None) -> TokenSource:
    """Return the source of the token that modules use, or of the token of ``user``.

    A blank ``user`` is refused, because a task that names a member must never get the application's token.
    """
    if user is None:
        source = client.source_for(client.path(), kind or "auto")
        # A separate source: in check mode the resulting token is not cached, unlike tokens of the sign-in.
        if source is client.application:
            return client.application_tokens()
        return client.tokens_of(source.user) if isinstance(source, MemberTokens) else source
    if not user.strip():
        raise OptionError("The e-mail address of the member is blank. Omit it to get the token that modules use.")
    odd = odd_character(user.strip())
    if odd:
        raise OptionError(f"The e-mail address of the member is invalid: it contains {odd!r}.")
    if kind == "application":
        raise OptionError("kind=application cannot be combined with user: it is the token of the application.")
    return client.tokens_of(user.strip())


def ensure_token(client: Client, params: Mapping[str, Any], *, now: float | None = None) -> dict[str, Any]:
    """Return the result of ``tallyfy_token``: ``changed`` means that a token was issued or removed."""
    source = token_source(client, user=params["user"], kind=params["kind"])
    if params["state"] == "absent":
        return {"changed": source.forget()}
    token = source.obtain(min_ttl=params["min_ttl"], renew=params["renew"])
    shaped = shape_token(token, time.time() if now is None else now)
    return {"changed": token.source == "issued", "token": shaped}


def shape_token(token: Token, now: float) -> dict[str, Any]:
    """Return a token in the shape that modules return."""
    return {
        "access_token": token.access_token,
        "token_type": token.token_type,
        "expires_in": max(0, int(token.expires_at - now)) if token.expires_at else None,
        "expires_at": iso_utc(token.expires_at) if token.expires_at else None,
        "kind": token.kind,
        "user": token.user,
        "org_id": token.org_id,
        "source": token.source,
    }
