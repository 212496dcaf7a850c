# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of the browser flow: taken from its answer, verified, stored under a name. Private to the collection."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import (
    RedirectAnswer,
    redirect_answer,
    secrets_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import Token
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    AuthorizationError,
    ForbiddenError,
    InputError,
    NotFoundError,
    OptionError,
    PausedError,
    RateLimitError,
    SignInError,
    StateDirError,
    TallyfyError,
    UnauthorizedError,
    UnreachableError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import APPLICATION_ADVICE
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import is_outage

from .token import shape_token

#: The lock for all answers: an answer is looked up and recorded as used in one step.
_ANSWERS = "answers of the sign-in page"
REPLAYABLE = (
    "This answer of the sign-in page cannot be recorded as used, so anybody who has it can use it again ({}). "
    "Set state_dir to a directory of your own, and keep the answer secret."
)


def ensure_authorization(
    client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None], now: float | None = None
) -> dict[str, Any]:
    """Return the result of ``tallyfy_authorization``: ``changed`` means that a token was accepted or removed."""
    moment = time.time() if now is None else now
    problems = []
    if params["name"] is not None and not params["name"].strip():
        problems.append("name is blank")
    if params["state"] == "absent" and params["redirect_response"] is not None:
        problems.append("redirect_response requires state=present; state=absent removes the stored token")
    if problems:
        raise InputError(problems)
    if params["state"] == "absent":
        return {"changed": client.store.forget(_scope(client, params["name"]))}
    if params["redirect_response"] is None:
        kept = kept_token(client, params["name"], min_ttl=params["min_ttl"], now=moment)
        return {"changed": False, "token": shape_token(kept, moment), "kept_as": params["name"].strip()}
    token, is_kept = token_of_answer(client, params, warn=warn, now=moment)
    shaped = {"token": shape_token(token, moment)} if token else {}
    return {"changed": True, **shaped, "kept_as": params["name"].strip() if is_kept else None}


def kept_token(client: Client, name: str, *, min_ttl: float, now: float) -> Token:
    """Return the token stored under ``name``.

    Raises ``AuthorizationError`` if it is missing, expires within ``min_ttl`` or belongs to another organization.
    """
    if not client.store.keeps:
        raise OptionError(
            f"No token can be stored as {name}: this requires client_secret, a usable state_dir and cache_tokens. "
            f"{APPLICATION_ADVICE}"
        )
    connection = client.connection
    token = client.store.get(_scope(client, name))
    if token is None:
        raise AuthorizationError(
            f"No token is stored as {name} for client_id {connection.client_id}, or it was stored with another client "
            f"secret. Authorize again."
        )
    client.secrets.keep(token.access_token)
    if connection.org_id and token.org_id != connection.org_id:
        raise AuthorizationError(
            f"The token stored as {name} belongs to the organization {token.org_id}, not to org_id {connection.org_id}."
        )
    if token.expires_at and not token.is_fresh(now, min_ttl):
        until = iso_utc(token.expires_at)
        raise AuthorizationError(
            f"The token stored as {name} expires at {until}, too early for min_ttl ({min_ttl:g} s). Authorize again."
        )
    return token


def token_of_answer(
    client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None], now: float
) -> tuple[Token | None, bool]:
    """Return the verified token of the answer in the browser, and whether it is stored under its name.

    In check mode nothing is stored. A code is not exchanged, because it works once, and the token is ``None``.
    """
    for secret in (params["expected_state"], params["code_verifier"], *secrets_in(params["redirect_response"])):
        client.secrets.keep(secret)
    answer = redirect_answer(
        params["redirect_response"],
        redirect_uri=params["redirect_uri"],
        expected_state=params["expected_state"],
        code_verifier=params["code_verifier"],
        min_ttl=params["min_ttl"],
    )
    if answer.code is not None and not client.connection.client_id:
        raise InputError(["client_id is not set; a code requires it: set the option or TALLYFY_CLIENT_ID"])
    if not params["expected_state"]:
        warn("expected_state is not set, so the answer could belong to another request or come from somebody else.")
    with contextlib.ExitStack() as lock:
        uses = _Uses(client, lock, answer, warn)
        if client.used_answers.since(answer.mark, now) is not None:
            raise AuthorizationError("This answer of the sign-in page has already been used. Authorize again.")
        issued = _given(answer, now) if answer.code is None else _exchanged(client, answer, params, now, uses)
        if issued is None:
            return None, False
        token = _owned(client, issued, is_code=answer.code is not None)
        if answer.code is None:
            uses.note(now)
    if not token.expires_at:
        warn("Tallyfy did not return the expiry of the token, so it is used until it is refused.")
    elif not token.is_fresh(now, params["min_ttl"]):
        raise AuthorizationError(
            f"The token expires too soon: it is valid for {token.expires_at - now:.0f} s, and min_ttl requires more "
            f"than {params['min_ttl']} s."
        )
    return token, params["name"] is not None and _keep(client, params["name"], token, warn)


def _scope(client: Client, name: str) -> str:
    connection = client.connection
    return f"{connection.api_url}\n{connection.client_id}\n{quote(name.strip())}\nauthorized"


def _given(answer: RedirectAnswer, now: float) -> Token:
    return Token(
        access_token=str(answer.access_token),
        kind="user",
        org_id="",
        issued_at=now,
        expires_at=now + answer.expires_in if answer.expires_in else 0.0,
    )


class _Uses:
    """Records under a lock that an answer was used, or warns once that this is not possible."""

    def __init__(
        self, client: Client, lock: contextlib.ExitStack, answer: RedirectAnswer, warn: Callable[[str], None]
    ) -> None:
        self._client = client
        self._mark = answer.mark
        self._warn = warn
        flaw = "state_dir cannot be used" if client.state_flaw else ""
        try:
            lock.enter_context(client.alone(_ANSWERS))
        except StateDirError:
            flaw = "state_dir cannot be used"
        self._is_kept = not flaw
        if flaw:
            warn(REPLAYABLE.format(flaw))

    def note(self, now: float) -> None:
        if not self._is_kept:
            return
        try:
            self._client.used_answers.add(self._mark, now)
        except TallyfyError as error:
            # The token has been issued by now.
            self._warn(REPLAYABLE.format(error.reason if isinstance(error, StateDirError) else error))


def _exchanged(
    client: Client, answer: RedirectAnswer, params: Mapping[str, Any], now: float, uses: _Uses
) -> Token | None:
    is_unused = False
    try:
        return client.exchange_code(
            code=str(answer.code), redirect_uri=params["redirect_uri"].strip(), code_verifier=params["code_verifier"]
        )
    except TallyfyError as error:
        is_unused = _is_code_unused(error)
        raise
    finally:
        if not is_unused:
            uses.note(now)


def _is_code_unused(error: TallyfyError) -> bool:
    """Return whether the service certainly did not process the code, so that it can be sent again."""
    if isinstance(error, SignInError):
        return error.code != "invalid_grant" and not is_outage(error.status or 0)
    return isinstance(error, (RateLimitError, UnreachableError, PausedError, OptionError))


def _owned(client: Client, token: Token, *, is_code: bool = False) -> Token:
    """Return the token with its owner and its organization, which is ``org_id`` if that is set."""
    try:
        user, org_id = _owner(client.with_token(token.access_token))
    except ApiError as error:
        if is_code:
            error.advise("The code has been used, and its token was not stored. Authorize again.")
        raise
    return replace(token, user=user, org_id=org_id)


def _owner(client: Client) -> tuple[str, str]:
    requested = client.connection.org_id
    try:
        me = client.call("GET", client.path("me") if requested else "/me").record
    except UnauthorizedError as error:
        raise AuthorizationError(
            f"Tallyfy refuses the token ({error.answer}): it is expired or revoked. Authorize again."
        ) from error
    except (ForbiddenError, NotFoundError) as error:
        if not requested:
            raise
        raise AuthorizationError(_foreign(requested, error.answer)) from error
    email = me.get("email")
    if not isinstance(email, str) or not email:
        raise AuthorizationError("Tallyfy did not return the owner of the token. Check api_url.")
    org_id = str(me.get("organization_id") or requested or _only_organization(client))
    if requested and org_id != requested:
        raise AuthorizationError(_foreign(requested, f"it belongs to {org_id}"))
    return email.lower(), org_id


def _foreign(requested: str, reason: str) -> str:
    return (
        f"The token is not for the organization {requested} (org_id): {reason}. Open that organization in Tallyfy in "
        f"the same browser and authorize again, or set org_id to the organization of the token."
    )


def _only_organization(client: Client) -> str:
    rows: list[Record] = client.records("/me/organizations")
    if len(rows) != 1:
        raise AuthorizationError(
            f"The owner of the token belongs to {len(rows)} organizations, and Tallyfy did not return the organization "
            f"of the token. Set org_id."
        )
    return str(rows[0]["id"])


def _keep(client: Client, name: str, token: Token, warn: Callable[[str], None]) -> bool:
    is_kept = client.store.put(_scope(client, name), token)
    if not is_kept:
        warn(f"The token is not stored as {name}: this requires client_secret, a usable state_dir and cache_tokens.")
    return is_kept
