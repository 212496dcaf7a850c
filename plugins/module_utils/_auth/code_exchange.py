# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token for a code of the sign-in page. Private to the collection."""

from __future__ import annotations

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import LostAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import succeeded
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import NoAuth
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import Transport
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper

from .store import Token
from .token_endpoint import sign_in_refusal, token_from


def exchanged_code(
    transport: Transport,
    secrets: SecretKeeper,
    *,
    code: str,
    redirect_uri: str,
    code_verifier: str,
    now: float,
) -> Token:
    """Return the token for a code of the sign-in page. Its owner is not known yet.

    A code works once, so the request is sent once. It may be repeated if it was refused before it was processed. A
    client without a secret is a public client, which the verifier authenticates. Source: RFC 6749, section 4.1.3;
    RFC 7636.
    """
    connection = transport.connection
    request = f"POST {connection.token_url}"
    form = {
        "grant_type": "authorization_code",
        "client_id": str(connection.client_id),
        "code": code,
        "code_verifier": code_verifier,
        "redirect_uri": redirect_uri,
    }
    if connection.client_secret:
        form["client_secret"] = connection.client_secret
    try:
        response = transport.send("POST", connection.token_url, auth=NoAuth(), form=form)
    except LostAnswerError as error:
        error.advise("A code works only once, so it was not sent again. Authorize again.")
        raise
    if not succeeded(response):
        advice = (
            "The code has expired or was used before, or redirect_uri, code_verifier or client_id differ from the "
            "request. Authorize again."
        )
        raise sign_in_refusal(response, request, secrets, advice, now)
    token = token_from(response, request, secrets, kind="user", org_id=connection.org_id, user=None, now=now)
    secrets.keep(token.access_token)
    return token
