# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party authorization flow: its URL, its state, PKCE and the redirect answer. Private to the collection.

All functions here are pure; randomness is passed in. Messages never quote a value of an answer, except for the code and
description of an error. Source: API reference, "Implicit authorization for third-party applications"; RFC 6749,
RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import AuthorizationError, InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import (
    AddressError,
    checked_url,
    is_loopback,
    odd_character,
    parsed,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import TOKEN

AUTHORIZE_URL = "https://account.tallyfy.com/oauth/authorize"
AUTHORIZE_URL_VARIABLE = "TALLYFY_AUTHORIZE_URL"
#: 256 bits, and a verifier of 86 characters (RFC 7636 allows 43 to 128).
STATE_BYTES = 32
VERIFIER_BYTES = 64
_SECRETS = frozenset({"access_token", "refresh_token", "id_token", "code", "state"})
#: Parameters of an answer, which a redirect URI must not have.
_OF_ANSWERS = _SECRETS | {"token_type", "expires_in", "scope", "error", "error_description", "error_uri"}
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SECONDS = re.compile(r"[0-9]{1,10}")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_ERROR_WORD = re.compile(r"[a-z_]{1,40}")
_LONGEST_DESCRIPTION = 300
_AGAIN = "Authorize again."
_REASONS = {
    "access_denied": "the person did not consent, or Tallyfy does not let them: their e-mail address must be verified, "
    "and the organization on a paid plan",
}


@dataclass(frozen=True)
class AuthorizationRequest:
    """The URL to open in a browser, and the values to validate the answer with."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str
    code_verifier: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RedirectAnswer:
    """The answer of the sign-in page: a token, or a code to exchange for one.

    ``expires_in`` is in seconds, ``None`` if the answer does not contain it. ``mark`` identifies the answer without
    revealing its state, so that it can be recorded as used.
    """

    access_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None
    code: str | None = field(default=None, repr=False)
    mark: str = ""


def authorization_request(
    *,
    client_id: str,
    redirect_uri: str,
    random_text: Callable[[int], str],
    response_type: str = "token",
    scope: str | None = None,
    authorize_url: str = AUTHORIZE_URL,
) -> AuthorizationRequest:
    """Return a new request; ``random_text`` returns URL-safe text made of the given number of random bytes.

    Raises ``InputError`` with all problems.
    """
    problems: list[str] = []
    authorize_url = checked_url("authorize_url", authorize_url, problems)
    problems += validate_redirect_uri(redirect_uri)
    if not client_id.strip():
        problems.append("client_id is not set: set the option or TALLYFY_CLIENT_ID")
    for name, text in (("client_id", client_id.strip()), ("scope", (scope or "").replace(" ", ""))):
        odd = odd_character(text)
        if odd:
            problems.append(f"{name} is invalid: it contains {odd!r}")
    if problems:
        raise InputError(problems)
    state = random_text(STATE_BYTES)
    verifier = random_text(VERIFIER_BYTES) if response_type == "code" else None
    query = {
        "client_id": client_id.strip(),
        "response_type": response_type,
        "redirect_uri": redirect_uri.strip(),
        "scope": scope,
        "state": state,
        "code_challenge": code_challenge(verifier) if verifier else None,
        "code_challenge_method": "S256" if verifier else None,
    }
    given = [(name, value) for name, value in query.items() if value]
    url = f"{authorize_url}?{urlencode(given, quote_via=quote, safe='')}"
    return AuthorizationRequest(url=url, state=state, redirect_uri=redirect_uri.strip(), code_verifier=verifier)


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier. Source: RFC 7636, section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def validate_redirect_uri(redirect_uri: str) -> list[str]:
    """Return the problems of a redirect URI. Source: RFC 6749, section 3.1.2."""
    text = redirect_uri.strip()
    try:
        address = parsed(text)
    except AddressError as error:
        return [f"redirect_uri {error}"]
    if not text.isascii():
        return ["redirect_uri must contain an international host name in the form that starts with xn--"]
    if "#" in text:
        return ["redirect_uri must not have a fragment"]
    if address.scheme == "http" and not is_loopback(address.host):
        host = address.host
        return [f"redirect_uri must start with https://, because http:// would send the token unencrypted to {host}"]
    query = address.rest.partition("?")[2]
    taken = sorted({name for name, _value in parse_qsl(query, keep_blank_values=True)} & _OF_ANSWERS)
    if taken:
        return [f"redirect_uri must not have {', '.join(taken)} in its query: these are parameters of the answer"]
    return []


def secrets_in(redirect_response: str) -> list[str]:
    """Return the secrets in a pasted answer, even if the answer is invalid."""
    _address, *parts = re.split("[?#]", redirect_response.strip())
    pairs = [pair for part in parts for pair in parse_qsl(part)]
    return [redirect_response.strip(), *(value for name, value in pairs if name.lower() in _SECRETS)]


def redirect_answer(
    redirect_response: str,
    *,
    redirect_uri: str,
    expected_state: str | None,
    code_verifier: str | None,
    min_ttl: float = 0,
) -> RedirectAnswer:
    """Validate the URL in the browser and return the answer in it.

    With a verifier the request was for a code, otherwise for a token. Raises ``InputError`` for invalid options and
    ``AuthorizationError`` for an answer that is not accepted.
    """
    problems = validate_redirect_uri(redirect_uri)
    if code_verifier and not _VERIFIER.fullmatch(code_verifier):
        problems.append("code_verifier must consist of 43 to 128 letters, digits, '-', '.', '_' or '~'")
    if problems:
        raise InputError(problems)
    parameters = _parameters(redirect_response.strip(), redirect_uri.strip())
    is_refusal = "error" in parameters
    _check_state(parameters.get("state"), expected_state, is_refusal=is_refusal)
    if is_refusal:
        raise _refusal(parameters)
    expected, other = ("code", "access_token") if code_verifier else ("access_token", "code")
    if other in parameters:
        raise _tampered(
            "it contains a token, but a code was requested"
            if code_verifier
            else "it contains a code, but a token was requested; if a code was requested, set code_verifier"
        )
    if not TOKEN.fullmatch(parameters.get(expected, "")):
        raise AuthorizationError(f"The address has no valid {expected}. Paste the whole address from the browser.")
    mark = hashlib.sha256((parameters.get("state") or parameters[expected]).encode()).hexdigest()
    if code_verifier:
        return RedirectAnswer(code=parameters["code"], mark=mark)
    seconds = _lifetime(parameters, min_ttl)
    return RedirectAnswer(access_token=parameters["access_token"], expires_in=seconds, mark=mark)


def _parameters(answer: str, redirect_uri: str) -> dict[str, str]:
    """Return the parameters of the query and the fragment, after checking that the URL matches ``redirect_uri``."""
    found, expected = _ADDRESS.fullmatch(answer), _ADDRESS.fullmatch(redirect_uri)
    if not TOKEN.fullmatch(answer):
        raise AuthorizationError("redirect_response is not an address: it is empty, or contains spaces or line breaks.")
    if found is None or expected is None:
        raise AuthorizationError(
            "redirect_response is not an address. Paste the whole address from the browser, including https://."
        )
    if _place(found) != _place(expected):
        raise _tampered("it does not start with redirect_uri")
    own, query = expected[4] or "", found[4] or ""
    if own:
        if query != own and not query.startswith(own + "&"):
            raise _tampered("it does not contain the query of redirect_uri")
        query = query[len(own) + 1 :]
    parameters: dict[str, str] = {}
    for part in (query, found[5] or ""):
        for name, value in parse_qsl(part, keep_blank_values=True):
            if parameters.setdefault(name, value) != value:
                raise _tampered("it contains a parameter twice with different values")
    return parameters


def _place(address: re.Match[str]) -> tuple[str, str, str]:
    """Return scheme, host with port, and path; browsers remove the default port and add an empty path."""
    scheme, authority = address[1].lower(), address[2].lower()
    port = _DEFAULT_PORTS.get(scheme, "")
    return scheme, authority[: -len(port)] if port and authority.endswith(port) else authority, address[3] or "/"


def _check_state(state: str | None, expected: str | None, *, is_refusal: bool) -> None:
    if not expected:
        if state:
            raise _tampered("it has a state, but expected_state is not set")
        return
    if state is None:
        # A refusal contains no secret, and the person needs its reason.
        if is_refusal:
            return
        raise _tampered("it has no state")
    if not hmac.compare_digest(state.encode("utf-8", "replace"), expected.encode("utf-8", "replace")):
        raise _tampered("its state differs from expected_state")


def _refusal(parameters: Mapping[str, str]) -> AuthorizationError:
    word = parameters["error"] if _ERROR_WORD.fullmatch(parameters["error"]) else "an invalid error code"
    description = " ".join(parameters.get("error_description", "").split())
    if not description or len(description) > _LONGEST_DESCRIPTION:
        # A truncated text could contain a part of a secret, which would not be masked.
        description = _REASONS.get(word, "")
    elif word in _REASONS:
        description = f"{description.rstrip('.')}; {_REASONS[word]}"
    return AuthorizationError(
        f"The sign-in page answered with {word}{': ' if description else ''}{description.rstrip('.')}. {_AGAIN}"
    )


def _lifetime(parameters: Mapping[str, str], min_ttl: float) -> int | None:
    if parameters.get("token_type", "").lower() != "bearer":
        raise AuthorizationError(f"The token in the address is not a bearer token. {_AGAIN}")
    text = parameters.get("expires_in")
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise _tampered("its expires_in is not a number of seconds")
    if int(text) <= min_ttl:
        raise AuthorizationError(
            f"The token in the address expires too soon: it is valid for {int(text)} s, and min_ttl requires more "
            f"than {min_ttl:g} s. {_AGAIN}"
        )
    return int(text)


def _tampered(reason: str) -> AuthorizationError:
    return AuthorizationError(f"The address is not the answer to this request: {reason}. {_AGAIN}")
