# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No spelling of a secret survives masking."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils import _secrets
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper, masked

# Every way in which a secret gets into a text, and the text it then is.
SPELLINGS = {
    "plain": lambda secret: secret,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 without padding": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "urlsafe base64": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "urlsafe base64 without padding": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "path segment": lambda secret: quote(secret, safe=""),
    "path": quote,
    "form": quote_plus,
    "form body": lambda secret: urlencode({"client_secret": secret}).partition("=")[2],
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with slashes escaped": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON as people read it": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
    "repr in a text with both quotes": lambda secret: repr(secret + "'\"")[1:-4],
}
AWKWARD = ["pa/ss+wo=rd", 'a"b\\c/d', "it's", "tab\there", "müß/ig\"'", "日本語/+", "a b&c=d", "????>>>>", "x" * 400]

# A secret of asterisks cannot be told from the mask.
secrets = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=24)
texts = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), max_size=40)


def keeper(*kept: str) -> SecretKeeper:
    one = SecretKeeper()
    for secret in kept:
        one.keep(secret)
    return one


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", AWKWARD)
def test_each_spelling_is_masked(spelling: str, secret: str) -> None:
    written = SPELLINGS[spelling](secret)
    text = keeper(secret).mask(f"before {written} after")
    assert written not in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert MASK in text


@given(secrets, texts, texts, st.sampled_from(sorted(SPELLINGS)))
def test_no_spelling_survives(secret: str, before: str, after: str, spelling: str) -> None:
    written = SPELLINGS[spelling](secret)
    assume(len(written) >= 4)
    text = keeper(secret).mask(before + written + after)
    for name, spell in SPELLINGS.items():
        assert len(spell(secret)) < 4 or spell(secret) not in text, name


@given(st.lists(secrets, min_size=2, max_size=4), texts)
def test_secrets_that_contain_each_other_leave_no_rest(many: list[str], text: str) -> None:
    whole = "".join(many)
    rest = keeper(*many, whole).mask(text + whole + text)
    for secret in (*many, whole):
        assert secret not in rest


def test_longer_secret_goes_before_its_part() -> None:
    assert keeper("abcd", "abcd-the-rest").mask("abcd-the-rest") == MASK
    assert keeper("abcd-the-rest", "abcd").mask("abcd-the-rest") == MASK


def test_every_occurrence_goes() -> None:
    assert keeper("s3cret").mask("s3cret s3crets3cret") == f"{MASK} {MASK}{MASK}"


@pytest.mark.parametrize("short", ["x", "ab", "abc"])
def test_short_secret_does_not_garble_messages(short: str) -> None:
    assert keeper(short).mask(f"the {short} of abcx") == f"the {short} of abcx"


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_no_secret(nothing: str | None) -> None:
    one = SecretKeeper()
    one.keep(nothing)
    assert one.mask("text") == "text"


def test_padding_alone_is_not_masked() -> None:
    assert keeper("====ab").mask("a = b == c") == "a = b == c"


def test_new_secret_is_told_to_ansible_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    monkeypatch.setattr(_secrets, "_register", reported.append)
    keeper("s3cret", "s3cret", "abc", "other secret")
    assert reported == ["s3cret", "other secret"]


def test_secret_from_an_environment_that_is_not_utf8_is_masked() -> None:
    # os.environ turns bytes that are not UTF-8 into lone surrogates.
    secret = b"caf\xe9-secret".decode("utf-8", "surrogateescape")
    assert keeper(secret).mask(f"got {secret}") == f"got {MASK}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s3cret", MASK),
        (None, None),
        (3.5, 3.5),
        (True, True),
        ({"b": "s3cret", "a": {"s3cret": ["s3cret", 1]}}, {"b": MASK, "a": {MASK: [MASK, 1]}}),
        (("s3cret", ("x",)), [MASK, ["x"]]),
        ({"s3cret"}, [MASK]),
        ([{"a": []}, {}, [[]]], [{"a": []}, {}, [[]]]),
    ],
)
def test_whole_values_are_masked(value: Any, expected: Any) -> None:
    found = masked(value, keeper("s3cret"))
    assert found == expected
    assert list(found) == list(expected) if isinstance(expected, dict) else type(found) is type(expected)


def test_depth_is_no_matter() -> None:
    value: Any = "s3cret"
    for _level in range(50_000):
        value = {"a": [value]}
    found = masked(value, keeper("s3cret"))
    for _level in range(50_000):
        found = found["a"][0]
    assert found == MASK
