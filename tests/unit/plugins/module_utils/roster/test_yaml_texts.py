# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML as texts: compared with PyYAML, and the limits."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import UnfitError
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import yaml_texts
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.yaml_texts import MOST_VALUES, texts_in

#: Without the line breaks that PyYAML itself does not write so that it reads them.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)
values = st.recursive(
    st.one_of(st.none(), texts, st.sampled_from(["no", "1", "~", "null", "<<", "*a", "&a", "- a"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans())
def test_what_pyyaml_writes_is_read(value: Any, is_flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=is_flow, allow_unicode=True)
    found = texts_in(text)
    assert (found.content, found.problems) == (value, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# nobody\n", None),
        ("- 'no'\n- no\n- !!str ~\n- !!null x\n- ''\n-\n- ! null\n", ["no", "no", "~", None, "", None, "null"]),
        ("- &a 1\n- *a\n- {*a : *a}\n", ["1", "1", {"1": "1"}]),
        ("- {&k a: 1}\n- [*k]\n", [{"a": "1"}, ["a"]]),
        ("a: &x [1]\nb: *x\nc: {d: *x}\n", {"a": ["1"], "b": ["1"], "c": {"d": ["1"]}}),
        (
            "- &a {x: 1, y: 1}\n- {y: 2, <<: *a}\n- {<<: *a, y: 2}\n",
            [{"x": "1", "y": "1"}] + 2 * [{"x": "1", "y": "2"}],
        ),
        ("- <<: [{x: 1}, {x: 2, y: 2}]\n  z: 3\n", [{"x": "1", "y": "2", "z": "3"}]),
        ("- &a {<<: {x: 1}}\n- &b {<<: *a}\n- <<: *b\n", [{"x": "1"}] * 3),
        ("- '<<': 1\n", [{"<<": "1"}]),
        ("- <<\n", ["<<"]),
        ("- {~: 1}\n", [{None: "1"}]),
        ("- !!map {}\n- !!seq []\n", [{}, []]),
        ("- |\n  two\n  lines\n- >-\n  one\n  line\n", ["two\nlines\n", "one line"]),
        ("- &a 1\n- *a\n- &a 2\n- *a\n", ["1", "1", "2", "2"]),
    ],
)
def test_what_it_means(text: str, expected: Any) -> None:
    found = texts_in(text)
    assert (found.content, found.problems) == (expected, [])
    if isinstance(expected, list) and expected and all(isinstance(entry, dict) for entry in expected):
        assert [list(entry) for entry in found.content] == [list(entry) for entry in expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- *a\n", "line 1: no anchor before it is named &a"),
        ("- 1\n- &a [*a]\n", "line 2: &a contains itself"),
        ("- &a {b: {c: *a}}\n", "line 1: &a contains itself"),
        ("- &a {<<: *a}\n", "line 1: &a contains itself"),
        ("- [a]: b\n", "line 1: a key must be a text"),
        ("- ? [a]\n  : b\n", "line 1: a key must be a text"),
        ("- ? {a: b}\n  : b\n", "line 1: a key must be a text"),
        ("- <<: x\n", "line 1: << takes a dictionary or a list of them"),
        ("- <<: [x]\n", "line 1: << takes a dictionary or a list of them"),
        ("- a\n---\n- b\n", "line 2 starts a second document"),
        ("- \x07\n", "not YAML"),
        ("- a: b\n\tc: d\n", "at line 2, column 1"),
    ],
)
def test_what_it_cannot_be(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        texts_in(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("- {a: 1, a: 2, a: 3, b: 1}\n", ["line 1: 'a' occurs more than once in one row"]),
        ("- {<<: {a: 1}, <<: {b: 1}}\n", ["line 1: '<<' occurs more than once in one row"]),
        ("- b: 1\n  c: {x: 1, x: 1}\n  b: 1\n", ["line 1: 'b' occurs", "line 2: 'x' occurs"]),
        (
            "- !!int 1\n- !x {}\n- !!str []\n",
            ["line 1: the type tag:yaml", "line 2: the type !x", "line 3"],
        ),
    ],
)
def test_every_problem_is_reported(text: str, problems: list[str]) -> None:
    found = texts_in(text).problems
    assert len(found) == len(problems)
    for reported, words in zip(found, problems):
        assert words in reported


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000 + "a",
        "? " * 100_000 + "a",
        "- ? " * 50_000 + "a",
        "\n".join(" " * level + "a:" for level in range(2000)),
        "\n".join(" " * level + "-" for level in range(2000)),
        "- &a0 x\n" + "".join(f"- &a{level + 1} [*a{level}]\n" for level in range(1000)),
    ],
    ids=["flow", "closed flow", "flow keys", "sequence", "keys", "both", "block keys", "block lists", "aliases"],
)
@pytest.mark.parametrize("loader", ["C", "Python"])
def test_depth_is_an_error(text: str, loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if loader == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    # A newer libyaml reads ahead and reaches its own limit first.
    with pytest.raises(ValueError, match=r"nested deeper than 100 levels \(line \d+\)|exceeded maximum nesting depth"):
        texts_in(text)


def bomb(levels: int, each: int) -> str:
    lines = ["a0: &a0 [" + ", ".join("x" * each) + "]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * each)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        bomb(9, 9),
        bomb(30, 2),
        "- &a {" + ", ".join(f"k{n}: x" for n in range(1000)) + "}\n" + "- <<: *a\n" * 1000,
        "- [" + "a," * (MOST_VALUES + 1) + "]",
    ],
    ids=["laughs", "doubles", "merges", "no aliases"],
)
def test_what_expands_to_too_much_is_an_error(text: str) -> None:
    with pytest.raises(UnfitError, match="more than 500,000 values"):
        texts_in(text)


def test_aliases_within_reason_are_fine() -> None:
    found = texts_in("- &d {team: A, role: light}\n" + "- {<<: *d, email: x}\n" * 1000)
    assert found.content[-1] == {"team": "A", "role": "light", "email": "x"}
    assert texts_in(bomb(4, 9)).problems == []


def test_rows_have_their_lines() -> None:
    assert texts_in("# a\n- a: 1\n\n- [x,\n  y]\n- &z z\n- *z\n").lines == [2, 4, 6, 7]
    assert texts_in("people:\n- a: [1, 2]\n- {b: [3,\n 4]}\n").lines == [2, 3]
    assert texts_in("x").lines == []


def test_without_pyyaml_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_texts, "yaml", None)
    with pytest.raises(ValueError, match="PyYAML is required"):
        texts_in("[]")
