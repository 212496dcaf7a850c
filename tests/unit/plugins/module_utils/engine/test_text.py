# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and addresses at input: how they are normalized, validated and compared."""

from __future__ import annotations

import copy
import json
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, fold, tidied

# Addresses damaged by mail programs, spreadsheets and typing errors.
BROKEN_ADDRESSES = """
mailto:zoe.park@example.net|SMTP:zoe.park@example.net|'yan.k@example.net|\u2018lee.p@example.net
sean.o\u2019brien@example.net
a..b@example.net|a@example..net|(a@example.net|a@example.net:443|<a@example.net>|a@example.net;|a b@example.net
a@example|@example.net|a@|a@@example.net|.a@example.net|a.@example.net|a@-example.net|a@example-.net|a,b@example.net
a@example.net,|a@example.net.|'a@example.net'|a'@example.net|"a@example.net"|\u201ca@example.net\u201d|`a@example.net|a@.net
a@example.net/|a@example.net?subject=x|a@example_x.net|a@10.0.0.1|a@[10.0.0.1]|a@example.n|a@exam ple.net
a\\@example.net|Zoe <zoe@example.net>|a@b@example.net|a@example.net)|a@example,net|http://a@example.net|a:b@example.net|a@example.net>
sean.o\u02bcbrien@example.net|\uff41@example.net|a@\uff45xample.net|\u00aa@example.net|\ua78ca@example.net
a\u200bb@example.net|a@exam\u00adple.net|a\u202e@example.net|a\u00a0b@example.net|a\tb@example.net|a@example.net\u3002|
""".replace("\n", "|").split("|")
GOOD_ADDRESSES = (
    """
a@example.net|a+b@example.net|o'brien@example.net|a_b-c.d@example.net|7@example.net|007@7.example.net|A.B@Example.NET
a@sub.sub.example.museum|a@example.photography|a@xn--bcher-kva.example|a@b\u00fccher.example|jos\u00e9@example.net
\u0e2a\u0e21\u0e0a\u0e32\u0e22@example.net|a@\u0939\u093f\u0928\u094d\u0926\u0940.example|a@example.xn--p1ai|a@\u043f.\u0440\u0444
x&y@example.net|a=b@example.net|{a}@example.net|a@1-2.example.net|--@example.net|john.smith@yourcompany.com
""".strip()
    .replace("\n", "|")
    .split("|")
)


@pytest.mark.parametrize("address", BROKEN_ADDRESSES)
def test_a_broken_address_is_none(address: str) -> None:
    assert not Email(address).is_valid


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_a_good_address_stays_one(address: str) -> None:
    assert Email(address).is_valid
    assert Email(f" {address}\u00a0\n\u200b") == Email(address)


def test_the_longest_addresses() -> None:
    assert Email(f"{'a' * 64}@example.net").is_valid
    assert not Email(f"{'a' * 65}@example.net").is_valid
    assert Email(f"a@{'b' * 63}.net").is_valid
    assert not Email(f"a@{'b' * 64}.net").is_valid
    assert not Email(f"a@{'b' * 60 + '.'}{('b' * 60 + '.') * 4}net").is_valid


words = st.from_regex(r"[a-z0-9_+-]+(\.[a-z0-9_+-]+){0,2}", fullmatch=True).map(lambda word: word[:64].strip("."))
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(words, st.lists(labels, min_size=1, max_size=3), st.sampled_from(["com", "net", "io", "technology"]))
def test_plain_addresses_are_taken(word: str, domain: list[str], top: str) -> None:
    assert Email(f"{word}@{'.'.join([*domain, top])}").is_valid


SAME_ADDRESSES = [
    ("Ann@Example.com", " ann@example.COM "),
    ("jos\u00e9@example.com", "jose\u0301@example.com"),
    ("JOS\u00c9@example.com", "jose\u0301@example.com"),
    ("a@b\u00fccher.example", "a@xn--bcher-kva.example"),
    ("a@B\u00dcCHER.example", "A@XN--BCHER-KVA.Example"),
    ("a@bu\u0308cher.example", "a@xn--bcher-kva.example"),
    ("a@stra\u00dfe.example", "a@xn--strae-oqa.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME_ADDRESSES)
def test_two_spellings_are_one_person(one: str, other: str) -> None:
    assert Email(one) == Email(other)
    # Python keeps this apart from the equality above.
    assert Email(one).__ne__(Email(other)) is False
    assert Email(one) == other
    assert one == Email(other)
    assert len({Email(one), Email(other)}) == 1
    assert {Email(one): 1}[Email(other)] == 1
    assert {Email(one).key: 1}[Email(other)] == 1


def test_different_people_stay_apart() -> None:
    different = ["a@example.com", "a@example.net", "a+b@example.com", "a@strasse.example", "a@stra\u00dfe.example", ""]
    assert len(set(map(Email, different))) == len(different)
    assert Email("a@example.com") != "b@example.com"
    assert Email("1") != 1


def test_an_address_stays_the_text_that_was_written() -> None:
    email = Email(" Jose\u0301@B\u00fccher.example ")
    assert (f"{email}", json.dumps([email])) == (
        "Jos\u00e9@B\u00fccher.example",
        json.dumps(["Jos\u00e9@B\u00fccher.example"]),
    )
    assert not isinstance(str(email), Email)
    for copied in (copy.deepcopy(email), pickle.loads(pickle.dumps(email)), Email(email)):  # noqa: S301 - our own
        assert (str(copied), copied.key, copied) == (str(email), email.key, email)


@given(st.text(), st.text())
def test_equal_addresses_have_one_hash(one: str, other: str) -> None:
    first, second = Email(one), Email(other)
    assert (first == second) is (first.key == second.key)
    assert Email(first.key) == first
    assert Email(unicodedata.normalize("NFD", one)) == first
    assert Email(f" {one.upper().lower()}") == Email(one.upper())


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("Zoe\u200b", "Zoe"), ("\ufeff\u202aZoe\u202c\r\n", "Zoe"), ("\u00a0Zoe\u00a0 ", "Zoe"), ("\u200b", ""),
        (" \u2060\u00ad\t", ""), ("Anna\u00a0Maria", "Anna Maria"), ("10\u202f000", "10 000"),
        ("Zoe\u0308", "Zo\u00eb"), ("\u2764\ufe0f", "\u2764\ufe0f"), ("a\nb", "a\nb"), (None, ""), (7, "7"),
    ],
)  # fmt: skip
def test_text_is_tidied(given_text: object, kept: str) -> None:
    assert tidied(given_text) == kept
    assert tidied(kept) == kept


@given(st.text())
def test_what_is_tidied_stays_so(text: str) -> None:
    kept = tidied(text)
    assert tidied(kept) == kept
    assert tidied(unicodedata.normalize("NFD", text)) == kept
    assert fold(kept) == fold(text) == fold(fold(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Z\u200boe", "holds U+200B (zero width space)"),
        ("Z\u202eoe", "holds U+202E (right-to-left override)"),
        ("Zo\u200fe", "holds U+200F (right-to-left mark)"),
        ("Zo\ne", "holds U+000A (a control character)"),
        ("Zo\x07e", "holds U+0007"),
        ("Zo\ue000e\U000e0041", "holds U+E0041"),
        ("#REF!", "an error value of a spreadsheet"),
        ("#n/a", "an error value"),
        ("#DIV/0!", "an error value"),
        ("########", "an error value"),
        ("4.91512E+12", "a number that a spreadsheet has shortened"),
        ("4,9e+12", "a number that a spreadsheet has shortened"),
        ("Zo\u00eb", "has 3 characters, at most 2"),
    ],
)
def test_a_text_is_refused_with_the_reason(text: str, words: str) -> None:
    assert words in str(flaw_in(text, longest=2 if words.startswith("has") else None))


@pytest.mark.parametrize(
    "text",
    [
        "Zo\u00eb", "Anna Maria", "#1", "C#", "+49 151 123", "E+", "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc",
        "\u2764\ufe0f", "",
    ],
)  # fmt: skip
def test_a_good_text_is_taken(text: str) -> None:
    assert flaw_in(text) is None


def test_a_text_of_lines() -> None:
    assert flaw_in("one\r\n\ttwo\n", has_lines=True) is None
    assert "U+000D" in str(flaw_in("one\rtwo", has_lines=True))
    assert "U+200B" in str(flaw_in("one\n\u200btwo", has_lines=True))


def test_a_name_is_one_however_it_is_composed() -> None:
    assert fold("Caf\u00e9 ") == fold("CAFE\u0301\u200b") == fold("caf\u00e9")
    assert fold("Sales\u00a0Team") == fold("sales team")
