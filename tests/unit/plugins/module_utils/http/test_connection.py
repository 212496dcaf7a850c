# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options: where they come from, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import (
    OPTIONS,
    Connection,
    connection_from,
    environment_value,
)

SECRET = "s3cret/of+the=client"
TOKEN = "eyJ0eXAiOiJKV1Qi.token.of-somebody"
ENOUGH = {"org_id": "org1", "client_id": "1111", "client_secret": SECRET}
# A valid value for each option that differs from its default: as an option, as an environment variable, and converted.
VALUES: dict[str, tuple[Any, str, Any]] = {
    "api_url": ("https://staging.example.com/api", "https://staging.example.com/api", None),
    "token_url": ("https://staging.example.com/oauth/token", "https://staging.example.com/oauth/token", None),
    "org_id": ("other-org", "other-org", None),
    "client_id": ("2222", "2222", None),
    "client_secret": ("another", "another", None),
    "access_token": (TOKEN, TOKEN, None),
    "act_as": ("alice@example.com", "alice@example.com", None),
    "timeout": (7.5, "7.5", 7.5),
    "max_wait": (0, "0", 0.0),
    "rate_limit": (60, "60", 60),
    "validate_certs": (False, "no", False),
    "ca_path": (str(Path(__file__).parent), str(Path(__file__).parent), None),
    "state_dir": ("/var/lib/somewhere", "/var/lib/somewhere", None),
    "cache_tokens": (False, "no", False),
}


def connect(given: dict[str, Any] | None = None, environment: dict[str, str] | None = None) -> Connection:
    return connection_from(given or {}, environment=environment or {}, parse_bool=boolean)


def problems(given: dict[str, Any] | None = None, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(OptionError) as caught:
        connect(given, environment)
    found = caught.value.facts["problems"]
    assert isinstance(found, list)
    assert caught.value.message == "; ".join(found)
    return found


def test_every_option_has_a_case() -> None:
    assert set(VALUES) == set(OPTIONS)


# --- sources of values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_option_wins(name: str) -> None:
    given, _text, expected = VALUES[name]
    environment = dict.fromkeys(OPTIONS[name][1], "999")
    if name == "ca_path":
        environment = dict.fromkeys(OPTIONS[name][1], "/nowhere")
    connection = connect({**ENOUGH, name: given}, environment)
    assert getattr(connection, name) == (given if expected is None else expected)


@pytest.mark.parametrize(("name", "variable"), [(name, one) for name in OPTIONS for one in OPTIONS[name][1]])
@pytest.mark.parametrize("given", [None, "", "  ", "\u200b"])
def test_environment_is_asked_when_the_option_is_blank(name: str, variable: str, given: str | None) -> None:
    _given, text, expected = VALUES[name]
    connection = connect({**ENOUGH, name: given}, {variable: f" {text} "})
    assert getattr(connection, name) == (text if expected is None else expected)


@pytest.mark.parametrize("blank", ["", "   "])
def test_blank_environment_counts_as_not_set(blank: str) -> None:
    everything = {variable: blank for _default, variables in OPTIONS.values() for variable in variables}
    connection = connect(ENOUGH, everything)
    for name, (default, _variables) in OPTIONS.items():
        assert getattr(connection, name) == ENOUGH.get(name, default), name


def test_second_variable_counts_when_the_first_is_empty() -> None:
    names = OPTIONS["access_token"][1]
    assert environment_value(names, {names[0]: "", names[1]: TOKEN}) == TOKEN
    assert environment_value(names, {names[0]: "first", names[1]: TOKEN}) == "first"
    assert environment_value(names, {}) is None
    connection = connect({"org_id": "o"}, {"TALLYFY_ACCESS_TOKEN": " ", "TALLYFY_API_TOKEN": TOKEN})
    assert connection.access_token == TOKEN


APPLICATION = {"TALLYFY_CLIENT_ID": "1111", "TALLYFY_CLIENT_SECRET": SECRET}


def test_given_token_is_preferred_to_an_application_of_the_environment() -> None:
    environment = {**APPLICATION, "TALLYFY_ACT_AS": "alice@example.com"}
    connection = connect({"org_id": "o", "access_token": TOKEN}, environment)
    assert connection.access_token == TOKEN
    assert not connection.has_application
    assert (connection.client_id, connection.client_secret, connection.act_as) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"access_token": TOKEN, "client_id": "1111", "client_secret": SECRET}, {}),
        ({"access_token": TOKEN, "client_id": "1111"}, APPLICATION),
        ({"access_token": " "}, {**APPLICATION, "TALLYFY_ACCESS_TOKEN": TOKEN}),
        ({"client_id": "1111", "client_secret": SECRET}, {"TALLYFY_API_TOKEN": TOKEN}),
    ],
)
def test_application_is_preferred_otherwise(given: dict[str, Any], environment: dict[str, str]) -> None:
    connection = connect({"org_id": "o", "act_as": "alice@example.com", **given}, environment)
    assert connection.has_application
    assert connection.act_as == "alice@example.com"


def test_given_act_as_contradicts_a_given_token() -> None:
    found = problems({"org_id": "o", "access_token": TOKEN, "act_as": "alice@example.com"}, APPLICATION)
    assert found[0].startswith("act_as requires client_id and client_secret")


def test_act_as_is_an_address() -> None:
    given = {"org_id": "o", "client_id": "1", "client_secret": "s", "act_as": "mailto:alice@example.com"}
    assert problems(given) == ["act_as 'mailto:alice@example.com' is not an e-mail address"]


@pytest.mark.parametrize("name", ["org_id", "client_id", "client_secret", "access_token"])
def test_number_is_a_text_where_a_text_is_meant(name: str) -> None:
    assert getattr(connect({**ENOUGH, name: 4711}), name) == "4711"


def test_real_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYFY_ORG_ID", "from-the-environment")
    monkeypatch.setenv("TALLYFY_ACCESS_TOKEN", TOKEN)
    assert connection_from({}).org_id == "from-the-environment"


def test_defaults() -> None:
    connection = connect(ENOUGH)
    assert connection.api_url == "https://go.tallyfy.com/api"
    assert connection.token_url == "https://go.tallyfy.com/oauth/token"
    assert (connection.timeout, connection.max_wait, connection.rate_limit) == (30.0, 300.0, 600)
    assert connection.verify is True
    assert connection.state_dir == "~/.cache/tallyfy-platform"


# --- what is refused --------------------------------------------------------------------------------------------------


def test_all_problems_are_named_at_once() -> None:
    found = problems(
        {
            "api_url": "ftp://x",
            "token_url": "http://example.com/token",
            "client_id": "1",
            "timeout": "soon",
            "max_wait": -1,
            "rate_limit": "1.5",
            "validate_certs": "perhaps",
            "ca_path": "/no/such/file",
            "access_token": "tökén",
        }
    )
    for name in ("api_url", "token_url", "org_id", "client_secret", "timeout", "max_wait", "rate_limit"):
        assert any(problem.startswith(name) for problem in found), name
    for name in ("validate_certs", "ca_path", "access_token"):
        assert any(problem.startswith(name) for problem in found), name
    assert len(found) == 10


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_half_of_the_pair_is_not_enough(missing: str, blank: str | None) -> None:
    other = "client_secret" if missing == "client_id" else "client_id"
    assert problems({**ENOUGH, missing: blank}) == [
        f"{missing} is not set, but {other} is: set the option or TALLYFY_{missing.upper()}"
    ]
    assert len(problems({**ENOUGH, missing: blank, "access_token": TOKEN})) == 1


def test_something_to_sign_in_with_is_needed() -> None:
    (problem,) = problems({"org_id": "o"})
    for name in ("client_id", "client_secret", "access_token", "TALLYFY_ACCESS_TOKEN"):
        assert name in problem


@pytest.mark.parametrize("org_id", ["a/b", "..", "a b", "a?b", "{org_id}", "a#b", "ä"])
def test_organization_id_cannot_change_the_route(org_id: str) -> None:
    assert any("org_id" in problem for problem in problems({**ENOUGH, "org_id": org_id}))


def test_acting_for_somebody_needs_application_credentials() -> None:
    found = problems({"org_id": "o", "access_token": TOKEN, "act_as": "alice@example.com"})
    assert len(found) == 1
    assert found[0].startswith("act_as requires client_id and client_secret")
    both = connect({**ENOUGH, "access_token": TOKEN, "act_as": "alice@example.com"})
    assert both.act_as == "alice@example.com"


@pytest.mark.parametrize("name", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/x", "http://LOCALHOST/x", "http://127.0.0.1:1/x", "http://127.8.9.1/x",
        "http://[::1]:8/x", "https://example.com:8443/x", "https://10.0.0.1/x",
    ],
)  # fmt: skip
def test_plain_http_goes_to_loopback_only_and_https_anywhere(name: str, url: str) -> None:
    assert getattr(connect({**ENOUGH, name: url}), name) == url


@pytest.mark.parametrize("name", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://go.tallyfy.com/api", "http://10.0.0.1/x", "http://0.0.0.0/x", "http://localhost.example.com/x",
        "http://127.0.0.1.example.com/x", "http://example.com#@localhost/", "http://[fe80::1]/x", "ftp://localhost/x",
        "file:///etc/passwd", "go.tallyfy.com/api", "//go.tallyfy.com/api", "https://", "https:///api",
        "https://host:port/x", "https://host:0/x", "https://host:99999/x", "https://[::1/x", "https://user@host/x",
        "https://user:pass@host/x", "https://@host/x", "https://host/x?a=b", "https://host/x?", "https://host/x#a",
        "https://host/x#",
    ],
)  # fmt: skip
def test_unusable_address_is_refused(name: str, url: str) -> None:
    found = problems({**ENOUGH, name: url})
    assert len(found) == 1
    assert found[0].startswith(name)


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_trailing_slash_does_not_matter(slashes: str) -> None:
    connection = connect({**ENOUGH, "api_url": f"https://x.example/api{slashes}"})
    assert connection.api_url == "https://x.example/api"


@pytest.mark.parametrize("name", ["timeout", "max_wait"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "ten", float("nan"), float("inf"), []])
def test_only_finite_numbers_are_seconds(name: str, value: object) -> None:
    found = problems({**ENOUGH, name: value})
    assert len(found) == 1
    assert found[0].startswith(name)


def test_smallest_numbers() -> None:
    connection = connect({**ENOUGH, "timeout": 1, "max_wait": 0, "rate_limit": 0})
    assert (connection.timeout, connection.max_wait, connection.rate_limit) == (1, 0, 0)
    assert len(problems({**ENOUGH, "timeout": 0.5})) == 1
    assert len(problems({**ENOUGH, "rate_limit": -1})) == 1


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tab\there", "nul\0", "ümlaut", "del\x7f"])
def test_token_that_no_header_can_carry_is_refused_unseen(token: str) -> None:
    found = problems({"org_id": "o", "access_token": token})
    assert len(found) == 1
    assert found[0].startswith("access_token")
    assert token not in found[0]


@pytest.mark.parametrize("name", ["client_id", "client_secret", "act_as"])
def test_value_that_is_not_utf8_is_refused_unseen(name: str) -> None:
    value = b"caf\xe9-value".decode("utf-8", "surrogateescape")
    assert problems({**ENOUGH, name: value}) == [f"{name} is not UTF-8"]


# --- certificates, cache ----------------------------------------------------------------------------------------------


def test_certificates(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    assert connect({**ENOUGH, "ca_path": str(bundle)}).verify == str(bundle)
    assert connect({**ENOUGH, "ca_path": str(bundle), "validate_certs": "no"}).verify is False
    assert connect(ENOUGH, {"TALLYFY_VALIDATE_CERTS": "false"}).verify is False


def test_home_is_expanded_for_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ca.pem").write_text("")
    assert connect({**ENOUGH, "ca_path": "~/ca.pem"}).ca_path == str(tmp_path / "ca.pem")
    (problem,) = problems({**ENOUGH, "ca_path": "~nobody-of-this-name/ca.pem"})
    assert problem.startswith("ca_path")


@pytest.mark.parametrize(
    ("place", "flaw"),
    [
        ("pipe", "is neither a file nor a directory"),
        ("/dev/zero", "is neither a file nor a directory"),
        ("nul\0", "does not exist on the machine that runs the task"),
    ],
    ids=["pipe", "device", "no path"],
)
def test_certificates_are_in_a_file_or_a_directory(tmp_path: Path, place: str, flaw: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = str(tmp_path / place)
    assert problems({**ENOUGH, "ca_path": path}) == [f"ca_path {path} {flaw}"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("timeout", 1e12, "timeout must be at most 86400, not 1e+12"),
        ("max_wait", "1e300", "max_wait must be at most 31622400, not 1e+300"),
        ("rate_limit", 10**7, "rate_limit must be at most 1000000, not 1e+07"),
    ],
)
def test_numbers_that_no_clock_takes(name: str, value: object, problem: str) -> None:
    assert problems({**ENOUGH, name: value}) == [problem]


def test_number_without_an_end() -> None:
    (problem,) = problems({**ENOUGH, "rate_limit": 10**400})
    assert problem.startswith("rate_limit is not a number")


@pytest.mark.parametrize(
    "value", ["false", "False", "no", "0", "state", "./state", "~\0", "/\0", "None/", "$HOME/state", "none"]
)
def test_a_state_dir_is_an_absolute_path(value: str) -> None:
    (problem,) = problems({**ENOUGH, "state_dir": value})
    assert problem == f"state_dir must be an absolute path or start with ~, not {value!r}"


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_are_not_shown() -> None:
    connection = connect({**ENOUGH, "access_token": TOKEN})
    for name in ("client_secret", "access_token"):
        assert getattr(connection, name) not in repr(connection)
        assert name not in repr(connection)


@pytest.mark.parametrize(
    "given",
    [
        {"client_secret": SECRET, "access_token": TOKEN, "api_url": "nonsense", "timeout": "x"},
        {"client_secret": SECRET, "org_id": "a b"},
        {"api_url": f"ftp://user:{SECRET}@host/"},
        {"api_url": f"https://user:{SECRET}@host/"},
        {"api_url": f"user:{SECRET}@host/api"},
        {"api_url": f"go.example.com/api?access_token={TOKEN}&x={SECRET}"},
        {"token_url": f"go.example.com/api#access_token={TOKEN}&x={SECRET}"},
    ],
)
def test_messages_hold_no_secret(given: dict[str, Any]) -> None:
    text = "; ".join(problems(given))
    assert SECRET not in text
    assert TOKEN not in text


# --- without sign-in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "1111"},
        {"client_id": "1111", "client_secret": "s3cret"},
        {"access_token": "x y", "act_as": "a"},
    ],
    ids=str,
)
def test_nothing_to_sign_in_with_is_needed(given: dict[str, Any]) -> None:
    found = connection_from(given, environment={"TALLYFY_ACCESS_TOKEN": "token"}, signs_in=False)
    assert (found.org_id, found.access_token, found.act_as) == ("", None, None)
    assert (found.client_id, found.client_secret) == (given.get("client_id"), given.get("client_secret"))


@pytest.mark.parametrize("given", [{"client_secret": "s3cret"}, {"org_id": "a/b"}, {"token_url": "http://example.com"}])
def test_what_is_given_must_be_right_all_the_same(given: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        connection_from(given, environment={}, signs_in=False)
