# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as they leave: what is written out, what may stay, and which parts of a result are texts."""

from __future__ import annotations

import ast
import json
import sys
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._texts import (
    is_harmless,
    json_text,
    public_address,
    rewritten,
    shown_lines,
    shown_result,
    shown_text,
    whole_text,
)

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\nok: [localhost]", "\\x1b[2J\\nok: [localhost]"),
        ("a\tb\r\x00\x7f\x85\x9b1m", "a\\tb\\r\\x00\\x7f\\x85\\x9b1m"),
        ("\u061c\u200e\u200f", "\\u061c\\u200e\\u200f"),
        ("\u202a\u202e\u2066\u2069", "\\u202a\\u202e\\u2066\\u2069"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\u200b\u2060\ufeff\xad\u180e", "\\u200b\\u2060\\ufeff\\xad\\u180e"),
        ("\u3164\u115f\u034f", "\\u3164\\u115f\\u034f"),
        ("\U000e0041\U000e007f", "\\U000e0041\\U000e007f"),
        ("\ufff9\ufffb\ufffe\U0001ffff\ufdd0", "\\ufff9\\ufffb\\ufffe\\U0001ffff\\ufdd0"),
        ("\ud800 half", "\\ud800 half"),
        ("admin\u200d\u200c", "admin\\u200d\\u200c"),
        ("a\ufe0f", "a\\ufe0f"),
        ("\U0001f44d\ufe0f\ufe01", "\U0001f44d\ufe0f\\ufe01"),
    ],
)  # fmt: skip
def test_what_is_harmful_is_written_out(text: str, shown: str) -> None:
    assert shown_text(text) == shown
    assert not is_harmless(text)
    assert json.loads(json_text(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Zo\u00eb M\u00fcller, \u6771\u4eac, \u05e9\u05dc\u05d5\u05dd",
        "C:\\x1b \\u202e",
        "a\u00a0b\u3000c",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        # Two that are newer than the table of Python 3.9.
        "\U0001faf1\U0001f3ff\u200d\U0001faf2\U0001f3fe",
        # Of somebody's own icon font.
        "\ue0a0",
    ],
    ids=ascii,
)
def test_what_is_in_order_stays(text: str) -> None:
    assert shown_text(text) == text
    assert is_harmless(text)


def test_no_harmful_category_is_left() -> None:
    harmful = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    found = [one for one in EVERY_CHARACTER if unicodedata.category(one) in harmful]
    assert all(shown_text(f"a{one}b").isascii() for one in found)
    assert all(json_text(f"a{one}b").isascii() for one in found)


@given(st.text(st.characters() | st.sampled_from("\u200c\u200d\ufe0f\u2764\u094d\u0645\ufffe\u180b")))
def test_what_is_shown_is_harmless_and_stays_as_it_is(text: str) -> None:
    shown = shown_text(text)
    assert is_harmless(shown)
    assert shown_text(shown) == shown
    assert shown_lines(text).count("\n") == text.count("\n")


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_escapes_are_those_of_python_and_json(text: str) -> None:
    assert json.loads(json_text([text])) == [text]
    for character in text:
        if not is_harmless(character):
            assert ast.literal_eval(f"'{shown_text(character)}'") == character


def test_long_texts_take_no_time() -> None:
    began = time.process_time()
    for character in ("\u200d", "\ufe0f", "\u200d\ufe0f", "\x1b", "\u2764\ufe0f"):
        shown_text(character * 50_000)
    assert time.process_time() - began < 5


def test_texts_of_a_result_are_shown_and_its_data_is_kept() -> None:
    raw, shown = "\x1b[2J\u202e", "\\x1b[2J\\u202e"

    def result(text: str) -> dict[str, Any]:
        return {
            "msg": text, "problems": [text], "notes": [text], "warnings": [text], "request_id": text, "holder": text,
            "errors": {text: [text]}, "changed": True, "requests": 3, "status": 422,
            "people": [
                {"email": raw, "name": raw, "message": text, "notes": [text], "before": {"notes": raw},
                 "process": {"name": raw, "message": text, "unchangeable": [{"field": raw, "reason": text}]}},
            ],
            "actions": [{"process": raw, "target": raw, "reason": text}], "failed_action": {"reason": text},
            "deferred": [{"guest": raw, "reason": text}], "removals": [raw], "data": {"message": raw, "notes": [raw]},
            "user": {"notes": raw}, "diff": {"before_header": text, "after_header": text, "before": {"message": raw}},
        }  # fmt: skip

    assert shown_result(result(raw)) == result(shown)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://user:s3cret@host.example/cb?token=s3cret#s3cret", "https://host.example/cb"),
        ("https://user@host.example:8443/", "https://host.example:8443/"),
        ("HTTPS://a:s3cret@b:s3cret@[::1]:443", "HTTPS://[::1]:443"),
        ("//user:s3cret@host.example/cb", "//host.example/cb"),
        ("https:\\\\user:s3cret@host.example\\cb", "https:\\\\host.example\\cb"),
        ("https:////user:s3cret@host.example", "https:////host.example"),
        (" \thttps://us\ter:s3cret@host.example/", "https://host.example/"),
        ("https://user:%73@host.example/a@b", "https://host.example/a@b"),
        ("/users/alice@example.com/me", "/users/alice@example.com/me"),
        ("users/alice@example.com", "users/alice@example.com"),
        ("", ""),
        ("https://host.example/users/a:b@c", "https://host.example/users/a:b@c"),
    ],
)
def test_address_without_what_signs_in(address: str, public: str) -> None:
    assert public_address(address) == public


@pytest.mark.parametrize(
    "address",
    [
        "https:user:s3cret@host.example/", "user:s3cret@host.example/", "https://user:s3/cret@host.example/",
        "https://user:s3?cret@host.example/", "https://user:s3#cret@host.example/", "https:/user:s3cret@host.example/",
        "https://[s3cret@/", "https://user:s3cret@", "//user:s3\\cret@host.example",
    ],
)  # fmt: skip
def test_of_an_address_that_is_none_nothing_is_shown(address: str) -> None:
    assert public_address(address) == "an address that cannot be read"


def test_lines_of_a_traceback_stay_lines() -> None:
    failure = {"msg": "MODULE FAILURE\nSee stdout", "module_stdout": "a\n\x1bb", "exception": "x\n\ty\x9b"}
    assert shown_result(failure) == {
        "msg": "MODULE FAILURE\nSee stdout", "module_stdout": "a\n\\x1bb", "exception": "x\n\ty\\x9b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "whole"),
    [("Zo\ud83d", "Zo\\ud83d"), ("\udcff", "\\udcff"), ("Zoë \U0001f600 \x1b", "Zoë \U0001f600 \x1b"), ("", "")],
)
def test_half_characters_are_written_out_where_a_record_leaves(text: str, whole: str) -> None:
    assert whole_text(text) == whole
    assert rewritten({text: [(text,), {"a": 1}]}, whole_text) == {whole: [[whole], {"a": 1}]}
