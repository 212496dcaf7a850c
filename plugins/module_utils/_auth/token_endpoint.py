# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the answers of the token endpoints: a token or a refusal. Private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    RateLimitError,
    RefusedByServiceError,
    SignInError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import not_before, refusal_in, shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import TOKEN
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import is_outage, json_in
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import requests
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper, masked

from .answered_tokens import keep_tokens
from .store import Token

CREDENTIALS_ADVICE = "Check client_id and client_secret (in Tallyfy: Settings > Integrations)."
#: A later expiry cannot be formatted as a date.
LONGEST_LIFE_SECONDS = 1e10
OTHER_TOKEN_URLS = "https://account.tallyfy.com/oauth/token and https://go.tallyfy.com/api/oauth/token"


def token_from(
    response: requests.Response,
    request: str,
    secrets: SecretKeeper,
    *,
    kind: str,
    org_id: str,
    user: str | None,
    now: float,
) -> Token:
    try:
        body = json_in(response)
        access_token = _checked_token(body["access_token"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableAnswerError(
            request,
            f"the answer has no valid access token (HTTP {response.status_code}, {_content_type(response)})",
            advice=f"Check token_url; Tallyfy's own pages also name {OTHER_TOKEN_URLS}.",
        ) from error
    secrets.keep(access_token)
    try:
        expires_in = _checked_lifetime(body.get("expires_in"))
    except ValueError as error:
        shown = shorten(secrets.mask(repr(body["expires_in"])), 40)
        raise UnreadableAnswerError(
            request,
            f"expires_in of the token is {shown}, which is not a valid number of seconds",
            advice="The token is not used. Check that token_url is an address of Tallyfy; if so, contact its support.",
        ) from error
    return Token(
        access_token=access_token,
        kind=kind,
        org_id=org_id,
        user=user,
        token_type=str(body.get("token_type") or "Bearer"),
        issued_at=now,
        expires_at=now + expires_in if expires_in else 0.0,
    )


def sign_in_refusal(
    response: requests.Response, request: str, secrets: SecretKeeper, advice_on_input: str, now: float
) -> RefusedByServiceError:
    """Return the error for a refusal of the token endpoint; ``advice_on_input`` is the advice for invalid input."""
    try:
        # Masked before it is shortened, because a part of a secret would not be recognized.
        refusal = refusal_in(masked(keep_tokens(json_in(response), secrets), secrets))
    except ValueError:
        refusal = refusal_in(None)
    status = response.status_code
    kind: type[RefusedByServiceError] = SignInError
    facts: dict[str, Any] = {}
    if status == 429:
        kind, facts = RateLimitError, {"not_before": not_before(response.headers, now)}
        advice = f"Run it again after {facts['not_before']}, or allow a longer max_wait."
    elif refusal.code == "invalid_client":
        advice = CREDENTIALS_ADVICE
    elif status in {400, 401}:
        advice = advice_on_input
    elif is_outage(status):
        advice = "Try again later."
    else:
        advice = f"Check token_url; Tallyfy's own pages also name {OTHER_TOKEN_URLS}."
    answer = refusal.text or f"refused without a readable reason ({_content_type(response)})"
    return kind(
        request,
        f"the sign-in failed: {answer}",
        status=status,
        code=refusal.code,
        request_id=response.headers.get("X-Request-Id"),
        advice=advice,
        **facts,
    )


def _checked_token(value: Any) -> str:
    """Return a token that can be sent in a header; raises ``ValueError`` or ``TypeError`` for anything else."""
    if not TOKEN.fullmatch(value):
        raise ValueError("invalid characters in a token")
    return str(value)


def _checked_lifetime(value: Any) -> float:
    """Return the number of seconds, 0 if the answer has none; raises ``ValueError`` for an invalid number."""
    if value is None or value == "":
        return 0.0
    seconds = float(str(value))  # float(True) is 1.0, float("True") an error
    if not 0 <= seconds < LONGEST_LIFE_SECONDS:
        raise ValueError("invalid lifetime of a token")
    return seconds


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "no content type").split(";")[0]
