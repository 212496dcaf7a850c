# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs from users: only those that every library reads alike are accepted, and errors have our own texts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._api.routes import path_below
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import validate_redirect_uri
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._http import addresses
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import (
    AddressError,
    checked_url,
    is_loopback,
    odd_character,
    parsed,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import connection_from
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import requests

LONG = "a" * 63
#: Invalid URLs by a part of the error message.
WRONG_BY_WORDS = {
    "it contains ' '": [
        "https://go.example.com/a b",
        "https://go. example.com/",
        "https://go.example.com:4 43/",
        "https://go.example.com/{{ org }}",
    ],
    r"it contains '\t'": ["https://go.example.com/a\tb"],
    r"it contains '\n'": ["ht\ntps://go.example.com/", "https://go.exa\nmple.com/"],
    r"it contains '\r'": ["https://go.example.com/a\r\nX-Other: b", "https://go.example.com\r\n.evil.test/"],
    r"it contains '\x00'": ["https://go.example.com/\0", "https://go.example.com\0.evil.test/"],
    r"it contains '\x1b'": ["https://go.example.com/\x1b[2J"],
    r"it contains '\x7f'": ["https://go.example.com/\x7f"],
    r"it contains '\x85'": ["https://go.example.com/\x85x"],
    r"it contains '\u202e'": ["https://go.example.com/\u202e"],
    r"it contains '\u200b'": ["https://go.\u200bexample.com/"],
    r"it contains '\u2028'": ["https://go.example.com/\u2028x"],
    r"it contains '\udce9'": ["https://go.example.com/\udce9"],
    r"it contains '\u3000'": ["https://go.example.com/\u3000x"],
    r"it contains '\\'": ["https://go.example.com\\evil.test/", "https:\\\\go.example.com/"],
    "'{' must be percent-encoded": ["https://go.example.com/{org_id}"],
    "'<' must be percent-encoded": ["https://go.example.com/<x>"],
    "'é' must be percent-encoded": ["https://go.example.com/é"],
    "'[' must be percent-encoded": ["https://go.example.com/[x]"],
    "'%' must be percent-encoded": ["https://go.example.com/%zz", "https://go.example.com/%"],
    "percent-encoded character that cannot be printed": [
        "https://go.example.com/%0d%0aX",
        "https://go.example.com/%00",
    ],
    "not an http(s) address": [
        "",
        "go.example.com/api",
        "//go.example.com/api",
        "https:go.example.com/api",
        "https:/go.example.com/api",
        "ftp://go.example.com/",
        "httpss://go.example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "1https://go.example.com/",
    ],
    "without user and password": [
        "https://user@go.example.com/",
        "https://user:s3cret@go.example.com/",
        "https://@go.example.com/",
        "https://:@go.example.com/",
        "https://go.example.com\\@evil.test/",
        "https://us er:s3cret@go.example.com/",
        "https://user:s3c\nret@go.example.com/",
    ],
    "it has no host": ["https://", "https:///api", "https://:443/api", "https://?a"],
    "its host is invalid": [
        "https://.",
        "https://.example.com/",
        "https://go..example.com/",
        "https://go.example.com../",
        "https://-go.example.com/",
        "https://go-.example.com/",
        "https://%67o.example.com/",
        "https://go.example.com%2eevil.test/",
        "https://go.example.com%00/",
        "https://go,example.com/",
        "https://*.example.com/",
        "https://go!.example.com/",
        "https://go.example.com;x/",
        f"https://{LONG}a.example.com/",
        f"https://{LONG}.{LONG}.{LONG}.{LONG}.com/",
        f"https://{'ä' * 300}.example.com/",
        "https://go]/",
    ],
    "its host is not a valid international name": [
        "https://go\u2260.example.com/",
        "https://\u0660\u0660a.example.com/",
        f"https://{'ä' * 63}.example.com/",
        "https://ä..example.com/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "http://\uff4cocalhost/",
        "http://localhost\u3002/",
    ],
    r"it contains '\u0378'": ["https://\U0001f4a9.\u0378.example.com/"],
    "a numeric host": [
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://example.1/",
        "https://example.0x/",
    ],
    "no request can be sent to": ["https://0.0.0.0/", "https://[::]/"],
    "an IPv6 address must end with ]": [
        "https://[::1",
        "https://[::1/api",
        "https://[::1]x/",
        "https://[::1]evil.test/",
        "https://[::1].evil.test/",
        "https://[::1]]:80/",
        "https://[[::1]]/",
    ],
    "an IPv6 address must be in [ and ]": [
        "https://::1]/",
        "https://::1/",
        "https://x[::1]/",
        "https://go.example.com:80:80/",
    ],
    "the text in [ and ] is not an IPv6 address": [
        "https://[]/",
        "https://[go.example.com]/",
        "https://[127.0.0.1]/",
        "https://[v1.x]/",
    ],
    "an IPv6 address must not have a zone": ["https://[::1%25eth0]/", "https://[fe80::1%eth0]/"],
    "its port is not a number": [
        "https://go.example.com:/",
        "https://go.example.com:port/",
        "https://go.example.com:0/",
        "https://go.example.com:65536/",
        "https://go.example.com:99999999999999999999/",
        "https://go.example.com:-1/",
        "https://go.example.com:+1/",
        "https://go.example.com:8_0/",
        "https://go.example.com:1.5/",
        "https://go.example.com:\u0661/",
        "https://[::1]:/",
        "https://[::1]:x/",
    ],
}
WRONG = {url: words for words, urls in WRONG_BY_WORDS.items() for url in urls}
RIGHT = {
    "https://go.example.com": "go.example.com",
    "https://go.example.com/api": "go.example.com",
    "HTTPS://GO.example.com:8443/a/b-c_d~e.f;g=h,i%20j": "go.example.com",
    "https://go.example.com./": "go.example.com.",
    "https://my_host/": "my_host",
    "https://a-b.c--d/": "a-b.c--d",
    "https://3com.example/": "3com.example",
    "https://xn--mller-kva.example.com/": "xn--mller-kva.example.com",
    f"https://{LONG}.example.com/": f"{LONG}.example.com",
    "https://10.0.0.1:1/": "10.0.0.1",
    "https://[2001:db8::1]:65535/x": "2001:db8::1",
    "https://[::ffff:10.0.0.1]/": "::ffff:10.0.0.1",
}
INTERNATIONAL = {
    "https://müller.example.com/api": "https://xn--mller-kva.example.com/api",
    "https://MÜLLER.example.com:8443": "https://xn--mller-kva.example.com:8443",
    "https://faß.example.com": "https://xn--fa-hia.example.com",
    "https://例え.テスト/x": "https://xn--r8jz45g.xn--zckzah/x",
}


def problems_of(url: str) -> list[str]:
    found: list[str] = []
    checked_url("api_url", url, found)
    return found


@pytest.mark.parametrize(("url", "words"), WRONG.items(), ids=ascii)
def test_what_is_wrong_is_said(url: str, words: str) -> None:
    (problem,) = problems_of(url)
    assert problem.startswith("api_url ")
    assert words in problem
    (problem,) = validate_redirect_uri(url)
    assert problem.startswith("redirect_uri ")
    for text in ("s3c", "Error", "urlsplit", "idna", "codec"):
        assert text not in problem
    assert problem.isprintable()


@pytest.mark.parametrize("name", ["api_url", "token_url"])
@pytest.mark.parametrize("url", [url for url in WRONG if url.strip()], ids=ascii)
def test_no_connection_takes_it(name: str, url: str) -> None:
    with pytest.raises(OptionError) as caught:
        connection_from({"org_id": "o", "access_token": "token", name: url}, environment={})
    (problem,) = caught.value.facts["problems"]  # type: ignore[misc]
    assert problem.startswith(f"{name} ")
    assert problem.isprintable()


@pytest.mark.parametrize(("url", "host"), RIGHT.items())
def test_what_all_libraries_read_alike(url: str, host: str) -> None:
    assert problems_of(url) == []
    assert (parsed(url).host, parsed(url).url) == (host, url)
    assert urlsplit(url).hostname == host
    assert urlsplit(str(requests.Request("GET", url).prepare().url)).hostname == host


@pytest.mark.parametrize(("url", "expected"), INTERNATIONAL.items())
def test_international_names_are_written_as_they_are_sent(url: str, expected: str) -> None:
    found: list[str] = []
    assert checked_url("api_url", url, found) == expected
    assert found == []
    assert requests.Request("GET", url).prepare().url.rstrip("/") == expected.rstrip("/")  # type: ignore[union-attr]


def test_international_names_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "idna", None)
    assert problems_of("https://go.example.com") == []
    assert "not a valid international name" in "".join(problems_of("https://müller.example.com"))


@given(st.text(alphabet="htps:/@[]%.?#\\ \r\n\t\0aä1x0-,\u202e\ud800", max_size=30))
def test_nothing_but_our_own_words_comes_of_any_text(text: str) -> None:
    for url in (text, f"https://{text}", f"https://go.example.com{text}"):
        try:
            address = parsed(url)
        except AddressError:
            continue
        prepared = requests.Request("GET", address.url).prepare()
        assert urlsplit(str(prepared.url)).hostname == address.host


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.255.255.254", True), ("::1", True),
        ("0:0:0:0:0:0:0:1", True), ("::ffff:127.0.0.1", True), ("::ffff:7f00:1", True), ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False), ("::2", False), ("::", False), ("128.0.0.1", False), ("localhost.", False),
        ("localhost.localdomain", False), ("app.localhost", False), ("127.0.0.1.example.com", False), ("127.1", False),
        ("2130706433", False), ("0177.0.0.1", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- paths and queries ------------------------------------------------------------------------------------------------

ODD = ["a\r\nb", "a\nb", "a\tb", "a\0b", "a b", "a\u00a0b", "a\x1b[2Jb", "a\x7fb", "a\u202eb", "a\u200bb"]


@pytest.mark.parametrize("text", [*ODD, "a\\b"])
def test_path_that_no_route_has(text: str) -> None:
    for path in (f"/organizations/o/{text}", f"https://go.example.com/api/{text}", f"//{text}/x", f"{text}/x"):
        with pytest.raises(OptionError) as caught:
            path_below("https://go.example.com/api", path)
        assert str(caught.value.message).startswith("path ")
        assert caught.value.message.isprintable()


@pytest.mark.parametrize("path", ["https://[go/x", "//[", "//go\u2100.example.com/x", "https://[::1]x/"])
def test_path_whose_host_cannot_be_read(path: str) -> None:
    with pytest.raises(OptionError, match=r"^path ") as caught:
        path_below("https://go.example.com/api", path)
    for words in ("netloc", "Invalid", "NFKC"):
        assert words not in caught.value.message


def test_what_surrounds_a_path_is_left_out() -> None:
    assert path_below("https://go.example.com/api", " /organizations/o/tags\n") == "/organizations/o/tags"


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", ["org_id", "client_id", "act_as", "access_token"])
def test_value_that_would_be_a_part_of_a_request(name: str, text: str) -> None:
    given = {"org_id": "o", "client_id": "1", "client_secret": "s"} if name != "access_token" else {"org_id": "o"}
    with pytest.raises(OptionError) as caught:
        connection_from({**given, name: text}, environment={})
    (problem,) = caught.value.facts["problems"]  # type: ignore[misc]
    assert problem.startswith(f"{name} ")
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("plain", ""), ("jörg@exämple.com", ""), ("a b", " "), ("a\\", "\\"), ("\u00adx", "\u00ad"), ("🦉", "")],
)
def test_odd_characters(text: str, expected: str) -> None:
    assert odd_character(text) == expected
