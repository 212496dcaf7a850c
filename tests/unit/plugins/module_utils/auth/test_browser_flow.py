# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The browser flow without a browser: the URL of the request, and invalid answers."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import (
    AuthorizationRequest,
    RedirectAnswer,
    authorization_request,
    code_challenge,
    redirect_answer,
    secrets_in,
    validate_redirect_uri,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import AuthorizationError, InputError

REDIRECT = "https://app.example.com/auth/callback"
STATE = "state-4711-not-guessable"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
TOKEN = "eyJ0eXAi.a-token.that/must+not=show"
CODE = "def502-the-code-that-must-not-show"
SECRETS = (STATE, VERIFIER, TOKEN, CODE)
ANSWER = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": "840", "state": STATE}


def asked(**options: Any) -> AuthorizationRequest:
    given = {"client_id": "1111", "redirect_uri": REDIRECT, "random_text": secrets.token_urlsafe, **options}
    return authorization_request(**given)


def with_token(mark: str = "?", redirect: str = REDIRECT, **changes: str | None) -> str:
    parameters = {name: value for name, value in {**ANSWER, **changes}.items() if value is not None}
    return f"{redirect}{mark}{urlencode(parameters)}"


def with_code(**changes: str) -> str:
    return f"{REDIRECT}?{urlencode({'code': CODE, 'state': STATE, **changes})}"


def taken(answer: str, **options: Any) -> RedirectAnswer:
    given = {"redirect_uri": REDIRECT, "expected_state": STATE, "code_verifier": None, "min_ttl": 300, **options}
    return redirect_answer(answer, **given)


# --- the request ------------------------------------------------------------------------------------------------------


def test_the_address_for_a_token() -> None:
    request = asked(scope="*")
    address, _mark, query = request.url.partition("?")
    assert address == "https://account.tallyfy.com/oauth/authorize"
    assert parse_qs(query) == {
        "client_id": ["1111"],
        "response_type": ["token"],
        "redirect_uri": [REDIRECT],
        "scope": ["*"],
        "state": [request.state],
    }
    assert quote(REDIRECT, safe="") in request.url
    assert request.code_verifier is None


def test_the_address_for_a_code_carries_the_challenge_only() -> None:
    request = asked(response_type="code", authorize_url="http://127.0.0.1:8080/oauth/authorize/")
    assert request.url.startswith("http://127.0.0.1:8080/oauth/authorize?")
    query = parse_qs(urlsplit(request.url).query)
    assert request.code_verifier is not None
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", request.code_verifier)
    assert query["code_challenge"] == [code_challenge(request.code_verifier)]
    assert query["code_challenge_method"] == ["S256"]
    assert request.code_verifier not in request.url
    assert "scope" not in query


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert code_challenge(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_every_request_has_a_state_of_its_own() -> None:
    states = {asked().state for _number in range(50)}
    assert len(states) == 50
    # 6 bits a character.
    assert min(len(state) for state in states) * 6 >= 128


def test_nothing_secret_is_in_its_text() -> None:
    request = asked(response_type="code")
    assert request.state not in repr(request)
    assert str(request.code_verifier) not in repr(request)
    assert TOKEN not in repr(taken(with_token()))


def test_everything_wrong_with_a_request_is_named() -> None:
    with pytest.raises(InputError) as caught:
        asked(client_id=" ", redirect_uri="app.example.com", authorize_url="http://example.com/")
    assert [str(problem).split()[0] for problem in caught.value.problems] == [
        "authorize_url",
        "redirect_uri",
        "client_id",
    ]


@pytest.mark.parametrize(
    ("redirect_uri", "problem"),
    [
        (REDIRECT, ""),
        (f" {REDIRECT}\n", ""),
        (f"{REDIRECT}?tenant=1", ""),
        ("http://localhost:8765/callback", ""),
        ("http://127.0.0.1/", ""),
        ("http://[::1]:8765/callback", ""),
        ("https://app.example.com", ""),
        ("http://app.example.com/callback", "unencrypted"),
        ("http://localhost.example.com/", "unencrypted"),
        ("", "not an http(s) address"),
        ("app.example.com/callback", "not an http(s) address"),
        ("urn:ietf:wg:oauth:2.0:oob", "not an http(s) address"),
        ("javascript:alert(1)", "not an http(s) address"),
        ("https:///callback", "not an http(s) address"),
        ("https://app.example.com:port/", "not an http(s) address"),
        ("https://[app/", "not an http(s) address"),
        ("https://app.example.com/a b", "not an http(s) address"),
        (f"{REDIRECT}#part", "fragment"),
        (f"{REDIRECT}#", "fragment"),
        ("https://user:hunter2@app.example.com/", "user"),
        ("https://app.example.com\\@evil.test/", "user"),
        (f"{REDIRECT}?state=1", "must not have state in its query"),
    ],
)
def test_redirect_addresses(redirect_uri: str, problem: str) -> None:
    problems = validate_redirect_uri(redirect_uri)
    assert bool(problems) is bool(problem)
    assert problem in "".join(problems)
    assert "hunter2" not in "".join(problems)


# --- valid answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["?", "#"])
def test_a_token_in_the_query_or_in_the_fragment(mark: str) -> None:
    answer = taken(with_token(mark))
    assert (answer.access_token, answer.expires_in, answer.code) == (TOKEN, 840, None)
    assert STATE not in answer.mark


def test_a_code() -> None:
    answer = taken(with_code(), code_verifier=VERIFIER)
    assert (answer.code, answer.access_token) == (CODE, None)


@pytest.mark.parametrize(
    ("redirect_uri", "answer"),
    [
        (REDIRECT, f"  {with_token()} \r\n"),
        (REDIRECT, with_token(redirect="HTTPS://App.Example.COM/auth/callback")),
        (REDIRECT, with_token(redirect="https://app.example.com:443/auth/callback")),
        ("https://app.example.com:443/auth/callback", with_token()),
        ("https://app.example.com", with_token(redirect="https://app.example.com/")),
        (f"{REDIRECT}?tenant=1", with_token("&", redirect=f"{REDIRECT}?tenant=1")),
        (f"{REDIRECT}?tenant=1", with_token("#", redirect=f"{REDIRECT}?tenant=1")),
        (REDIRECT, with_token(token_type="bearer")),
        # RFC 6749, section 4.2.2: unknown parameters are ignored.
        (REDIRECT, with_token(scope="*", session_state="x")),
        (REDIRECT, with_token() + "#_=_"),
        (REDIRECT, with_token() + "#" + urlencode({"state": STATE})),
        (REDIRECT, REDIRECT + "?state=" + STATE + "#" + urlencode({**ANSWER, "state": STATE})),
    ],
)
def test_what_means_the_same_is_taken(redirect_uri: str, answer: str) -> None:
    assert taken(answer, redirect_uri=redirect_uri).access_token == TOKEN


def test_an_unknown_expiry() -> None:
    assert taken(with_token(expires_in=None)).expires_in is None


def test_an_answer_without_state_when_none_was_asked_with() -> None:
    assert taken(with_token(state=None), expected_state=None).access_token == TOKEN


def test_an_answer_is_known_again_by_its_state() -> None:
    one, two = taken(with_token()), taken(with_token(access_token="another.token"))
    assert one.mark == two.mark
    other = taken(with_token(state="another"), expected_state="another")
    assert other.mark != one.mark


# --- invalid answers --------------------------------------------------------------------------------------------------

NOT_BACK = "it does not start with redirect_uri"
TWICE = "twice with different values"
TAMPERED: dict[str, tuple[str, str]] = {
    "state changed": (with_token(state="another"), "its state differs from expected_state"),
    "state shortened": (with_token(state=STATE[:-1]), "its state differs from expected_state"),
    "state emptied": (with_token(state=""), "its state differs from expected_state"),
    "state in other letters": (with_token(state=STATE.upper()), "its state differs from expected_state"),
    "state beyond ASCII": (with_token(state="ü"), "its state differs from expected_state"),
    "state left out": (with_token(state=None), "it has no state"),
    "other host": (with_token(redirect="https://evil.test/auth/callback"), NOT_BACK),
    "host with a dot": (with_token(redirect="https://app.example.com./auth/callback"), NOT_BACK),
    "longer host": (with_token(redirect="https://app.example.com.evil.test/auth/callback"), NOT_BACK),
    "other port": (with_token(redirect="https://app.example.com:8443/auth/callback"), NOT_BACK),
    "other path": (with_token(redirect="https://app.example.com/auth/callback2"), NOT_BACK),
    "path in other letters": (with_token(redirect="https://app.example.com/auth/Callback"), NOT_BACK),
    "path with a slash": (with_token(redirect=REDIRECT + "/"), NOT_BACK),
    "path with dots": (with_token(redirect="https://app.example.com/x/../auth/callback"), NOT_BACK),
    "path encoded": (with_token(redirect="https://app.example.com/auth%2fcallback"), NOT_BACK),
    "path left out": (with_token(redirect="https://app.example.com"), NOT_BACK),
    "http": (with_token(redirect="http://app.example.com/auth/callback"), NOT_BACK),
    "userinfo": (with_token(redirect="https://app.example.com@evil.test/auth/callback"), NOT_BACK),
    "userinfo with a port": (with_token(redirect="https://app.example.com:443@evil.test/auth/callback"), NOT_BACK),
    "userinfo before": (with_token(redirect="https://x@app.example.com/auth/callback"), NOT_BACK),
    "backslash": (with_token(redirect="https://app.example.com\\@evil.test/auth/callback"), NOT_BACK),
    "token twice": (with_token() + "&access_token=other", TWICE),
    "state twice": (with_token() + "&state=other", TWICE),
    "state twice, the wrong one first": (f"{REDIRECT}?state=other&{urlencode(ANSWER)}", TWICE),
    "fragment against query": (with_token() + "#access_token=other", TWICE),
    "expiry in the fragment": (with_token() + "#expires_in=99999999", TWICE),
    "code instead of a token": (with_code(), "it contains a code, but a token was requested"),
    "code beside a token": (with_token(code=CODE), "it contains a code, but a token was requested"),
    "no token": (with_token(access_token=None), "has no valid access_token"),
    "empty token": (with_token(access_token=""), "has no valid access_token"),
    "token with a line break": (with_token(access_token="a\nAuthorization: b"), "has no valid access_token"),
    "token with a space": (with_token(access_token="a b"), "has no valid access_token"),
    "token in another spelling": (with_token(access_token=None, ACCESS_TOKEN=TOKEN), "has no valid access_token"),
    "other kind of token": (with_token(token_type="mac"), "not a bearer token"),
    "no kind of token": (with_token(token_type=None), "not a bearer token"),
    "expired": (with_token(expires_in="0"), "expires too soon: it is valid for 0 s"),
    "about to expire": (with_token(expires_in="300"), "it is valid for 300 s, and min_ttl requires more than 300 s"),
    "expired long ago": (with_token(expires_in="-5"), "not a number of seconds"),
    "expiry in words": (with_token(expires_in="soon"), "not a number of seconds"),
    "expiry empty": (with_token(expires_in=""), "not a number of seconds"),
    "expiry in other digits": (with_token(expires_in="٣٦٠٠"), "not a number of seconds"),
    "expiry beyond time": (with_token(expires_in="9" * 40), "not a number of seconds"),
    "denied": (with_token(access_token=None, error="access_denied"), "access_denied: the person did not consent"),
    "denied beside a token": (with_token(error="access_denied"), "access_denied"),
    "denied, with words": (
        with_token(error="access_denied", error_description="The user  said\nno."),
        "access_denied: The user said no; the person did not consent",
    ),
    "denied without state": (f"{REDIRECT}?error=access_denied", "access_denied"),
    "denied with another state": (f"{REDIRECT}?error=access_denied&state=x", "its state differs from expected_state"),
    "denied elsewhere": ("https://evil.test/?error=access_denied", NOT_BACK),
    "other error": (with_token(error="invalid_scope"), "answered with invalid_scope. Authorize again."),
    "invalid error code": (with_token(error="<script>"), "an invalid error code"),
    "error that goes on": (with_token(error="server_error", error_description="x" * 301), "with server_error. Auth"),
    "nothing": ("", "redirect_response is not an address: it is empty"),
    "no address": ("access_token=" + TOKEN, "redirect_response is not an address. Paste"),
    "broken lines": (with_token().replace("&", "&\n"), "redirect_response is not an address: it is empty"),
    "address only": (REDIRECT, "it has no state"),
    "address of the sign-in page": ("https://account.tallyfy.com/oauth/authorize?state=" + STATE, NOT_BACK),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_answers(name: str) -> None:
    answer, reason = TAMPERED[name]
    with pytest.raises(AuthorizationError) as caught:
        taken(answer)
    assert reason in caught.value.message
    assert_silent(caught.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (with_token(), "it contains a token, but a code was requested"),
        (with_code(access_token=TOKEN), "it contains a token, but a code was requested"),
        (with_code(state="x"), "its state differs from expected_state"),
        (with_code() + "&code=other", TWICE),
        (with_code(code=""), "has no valid code"),
    ],
)
def test_tampered_answers_to_a_request_for_a_code(answer: str, reason: str) -> None:
    with pytest.raises(AuthorizationError) as caught:
        taken(answer, code_verifier=VERIFIER)
    assert reason in caught.value.message
    assert_silent(caught.value)


@pytest.mark.parametrize("query", ["", "?tenant=2", "?tenant=11", "?x=1&tenant=1", "?Tenant=1"])
def test_the_query_of_the_redirect_address_must_be_there(query: str) -> None:
    with pytest.raises(AuthorizationError, match="it does not contain the query of redirect_uri"):
        taken(with_token("&" if query else "?", redirect=REDIRECT + query), redirect_uri=f"{REDIRECT}?tenant=1")


def test_a_state_that_nobody_asked_with() -> None:
    with pytest.raises(AuthorizationError, match="it has a state, but expected_state is not set"):
        taken(with_token(), expected_state=None)


@pytest.mark.parametrize(
    "options", [{"redirect_uri": "http://app.example.com/"}, {"code_verifier": "short" + CODE[:9]}]
)
def test_options_that_are_no_good(options: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        taken(with_code(), **options)
    assert CODE[:9] not in caught.value.message


def assert_silent(error: Exception) -> None:
    """Messages and their causes contain no secret, even without masking by the caller."""
    for one in (error, error.__cause__, error.__context__):
        for secret in SECRETS:
            assert secret not in f"{one!r} {one}"


@given(st.text(), st.text(), st.text())
def test_any_text_is_taken_or_refused_in_silence(before: str, between: str, after: str) -> None:
    answer = f"{before}{REDIRECT}{between}access_token={TOKEN}&state={STATE}{after}"
    try:
        assert taken(answer).access_token
    except AuthorizationError as error:
        assert_silent(error)


@given(st.dictionaries(st.sampled_from([*ANSWER, "code", "error", "other"]), st.text(min_size=1), max_size=6))
def test_any_parameters_are_taken_or_refused(changes: dict[str, str]) -> None:
    try:
        answer = taken(with_token(**changes))
    except AuthorizationError:
        return
    assert changes.get("state", STATE) == STATE
    assert answer.access_token == changes.get("access_token", TOKEN)


def test_what_is_secret_of_an_answer() -> None:
    broken = f"nonsense?code={CODE}&x=y#access_token={quote(TOKEN)}&expires_in=1&state={STATE}"
    assert secrets_in(f" {broken}\n") == [broken, CODE, TOKEN, STATE]
