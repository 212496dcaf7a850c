# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies and CA bundles of the environment: errors name the variable and show no secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http import network
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.network import (
    bundle_flaw,
    check_way_to,
    credentials_in,
    keep_credentials,
    proxies_for,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper

URL = "https://go.example.com/api"
#: Characters that people forget to encode, and at which the libraries split the URL differently.
AWKWARD = [
    "first#second", "first/second", "first?second", "first[second", "first]second", "f[ir]st", "12/34#sec", "a\\b",
]  # fmt: skip
NO_PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
NAMES = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]


def connection(**options: Any) -> Connection:
    return Connection(**{"api_url": URL, "token_url": URL, "org_id": "o", **options})


def refusal(url: str = URL, **options: Any) -> str:
    with pytest.raises(OptionError) as caught:
        check_way_to(url, connection(**options))
    return caught.value.message


# --- proxies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("password", AWKWARD)
def test_password_that_is_not_encoded(monkeypatch: pytest.MonkeyPatch, name: str, password: str) -> None:
    monkeypatch.setenv(name, f"http://user:{password}@proxy.example.com:3128")
    message = refusal()
    assert message.startswith(f"{name} is not a proxy address")
    assert "Percent-encode special characters" in message
    assert "user:" not in message
    assert password not in message


@pytest.mark.parametrize(
    "proxy",
    ["http://", "http:/proxy", "http://[proxy", "http://proxy:port", "http://proxy:99999", "localhost:3128", "ftp://proxy:1",
     "user:secret@proxy:3128", " http://proxy:3128", "http://proxy:3128\n", f"http://{'a' * 64}.example.com:3128",
     "http://a..b:3128", "http://user:secret", "https://", "://proxy", "http://[::1",
     "http://pro\nxy:3128", "http://pro xy:3128", "http://proxy:31\t28", "http://proxy\r\nX-Other: a", "http://proxy\x1b[2J",
     "http://pro\\xy:3128", "http://user:sec ret@proxy:3128"],
)  # fmt: skip
def test_what_is_no_address_of_a_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    message = refusal()
    assert message.startswith("HTTPS_PROXY is not a proxy address")
    assert "secret" not in message


@pytest.mark.parametrize(
    "proxy",
    ["http://proxy:3128", "https://proxy:3128/", "proxy.example.com:3128", "10.0.0.1:3128", "http://[::1]:3128",
     "http://user@proxy", "http://user:p%23s%5Bs@proxy:3128", "http://user:p@ss@proxy:3128", "HTTP://proxy:3128",
     "http://müller.example.com:3128", ""],
)  # fmt: skip
def test_what_requests_can_use(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    check_way_to(URL, connection())
    if proxy:
        # requests does not refuse it either, which is what the check is based on.
        requests.adapters.HTTPAdapter().proxy_manager_for(requests.utils.prepend_scheme_if_needed(proxy, "http"))


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_PROXY": "go.example.com"},
        {"no_proxy": ".example.com"},
        {"NO_PROXY": "*"},
        {"https_proxy": "http://proxy:3128"},
    ],
    ids=str,
)
def test_proxy_that_is_not_used_is_no_error(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in {"HTTPS_PROXY": "http://[", "HTTP_PROXY": "http://[", **environment}.items():
        monkeypatch.setenv(name, value)
    check_way_to(URL, connection())


def test_proxy_is_that_of_the_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://[")
    check_way_to(URL, connection())
    assert refusal("http://go.example.com/x").startswith("HTTP_PROXY ")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "[::1]", "[0:0::1]", "[::ffff:127.0.0.1]"]
)
@pytest.mark.parametrize("no_proxy", ["", "example.com", "*", None])
def test_this_machine_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, no_proxy: str | None
) -> None:
    for name in (*NAMES, "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://[")
    if no_proxy is not None:
        monkeypatch.setenv("no_proxy", no_proxy)
    assert proxies_for(f"{scheme}://{host}:8080/api") == {}
    check_way_to(f"{scheme}://{host}:8080/api", connection())


@pytest.mark.parametrize("host", ["go.example.com", "10.0.0.1", "[::ffff:10.0.0.1]", "localhost.example.com", "[::2]"])
def test_every_other_machine_is_reached_as_the_environment_says(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert proxies_for(f"https://{host}/api")["https"] == "http://proxy:3128"
    monkeypatch.setenv("no_proxy", "*")
    assert proxies_for(f"https://{host}/api") == {}


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_socks_needs_its_library(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:s3cret@proxy:1080")
    monkeypatch.setattr(network.importlib.util, "find_spec", lambda _name: None)
    message = refusal()
    assert message.startswith("ALL_PROXY is a SOCKS proxy")
    assert "PySocks" in message
    assert "s3cret" not in message
    monkeypatch.setattr(network.importlib.util, "find_spec", lambda _name: object())
    check_way_to(URL, connection())


# --- credentials ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://proxy:3128", set()),
        ("proxy:3128", set()),
        ("", set()),
        ("http://user:s3cret@proxy", {"user:s3cret", "s3cret"}),
        ("user:s3cret@proxy", {"user:s3cret", "s3cret"}),
        ("http://t0ken@proxy", {"t0ken"}),
        ("http://user:s3%23cret@proxy", {"user:s3%23cret", "s3%23cret", "user:s3#cret", "s3#cret"}),
        ("http://user:one#two/three@proxy", {"user:one#two/three", "one#two/three", "one", "two", "three"}),
        ("http://user:one@two@proxy", {"user:one@two", "one@two", "one", "two"}),
    ],
)
def test_credentials_of_an_address(address: str, expected: set[str]) -> None:
    assert {secret for secret in credentials_in(address) if secret} == expected


@pytest.mark.parametrize("name", [*NAMES, "http_proxy", "HTTP_PROXY", "ftp_proxy"])
@pytest.mark.parametrize("password", [*AWKWARD[:4], "plain-s3cret", "enc%23oded"])
def test_passwords_of_proxies_are_secrets(monkeypatch: pytest.MonkeyPatch, name: str, password: str) -> None:
    monkeypatch.setenv(name, f"http://user:{password}@proxy:3128")
    secrets = SecretKeeper()
    keep_credentials(connection(), secrets)
    for text in (password, password.replace("%23", "#"), password.split("#", maxsplit=1)[0]):
        assert secrets.mask(f"Failed to parse: {text}") == f"Failed to parse: {MASK}"


def test_credentials_of_other_addresses_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.com,http://me:n0-proxy@example.com")
    secrets = SecretKeeper()
    keep_credentials(connection(api_url="https://u:ap1-url@x", token_url="https://u:t0ken-url@x"), secrets)
    assert secrets.mask("n0-proxy ap1-url t0ken-url example.com") == f"{MASK} {MASK} {MASK} example.com"


# --- CA bundles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({"ca_path": "/no/such"}, {}, "ca_path /no/such does not exist"),
        ({}, {"REQUESTS_CA_BUNDLE": "/no/a", "CURL_CA_BUNDLE": "/no/b"}, "REQUESTS_CA_BUNDLE /no/a does not exist"),
        ({}, {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "/no/b"}, "CURL_CA_BUNDLE /no/b does not exist"),
    ],
)
def test_bundle_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str], environment: dict[str, str], expected: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert refusal(**options).startswith(expected)
    # Nothing is read from it there.
    check_way_to("http://127.0.0.1/x", connection(**options))
    check_way_to(URL, connection(**options, validate_certs=False))


@pytest.mark.parametrize("place", ["pipe", "/dev/zero"])
def test_bundle_that_would_never_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = str(tmp_path / place)
    assert refusal(ca_path=path).startswith(f"ca_path {path} is neither a file nor a directory")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    assert refusal().startswith(f"REQUESTS_CA_BUNDLE {path} is neither a file nor a directory")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_variables_that_requests_does_not_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/no/such")
    check_way_to(URL, connection())
    assert bundle_flaw(connection()) == ""


def test_option_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such")
    (tmp_path / "0123abcd.0").write_text("")
    check_way_to(URL, connection(ca_path=str(tmp_path)))
    assert bundle_flaw(connection(ca_path=str(tmp_path))) == ""


@pytest.mark.parametrize("file", [None, "authority.pem", "0123abcd", "0123ABCD.0", "0123abcd.r0"])
def test_directory_in_which_openssl_finds_nothing(tmp_path: Path, file: str | None) -> None:
    if file:
        (tmp_path / file).write_text("")
    assert bundle_flaw(connection(ca_path=str(tmp_path))).startswith(
        f"ca_path {tmp_path} contains no certificates with names"
    )


def test_bundle_that_nobody_can_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/" + "a" * 5000)
    assert refusal().endswith("does not exist on the machine that runs the task")


@pytest.mark.parametrize(
    "content", ["", "not a certificate\n", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"]
)
def test_bundle_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(content)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    assert bundle_flaw(connection()).startswith(f"CURL_CA_BUNDLE {bundle} contains no readable certificates")
    assert bundle_flaw(connection(ca_path=certifi.where())) == ""
    assert bundle_flaw(connection(validate_certs=False)) == ""
