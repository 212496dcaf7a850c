# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: how they are written, and what add, remove and set mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import (
    NO_NAME,
    PARTS,
    Names,
    fold,
    names_in,
    split_names,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email

names = st.lists(st.sampled_from(["Sales", "sales ", "Ops", "OPS", "Straße", "HR"]), max_size=5)
#: Any value of JSON or YAML, with the names of the parts more often than by chance.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text()
    | st.sampled_from(["a@b.co", "; "]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*PARTS, "ad", "Set", ""]) | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=8,
)


# --- how a list is written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, None),
        ("", None),
        (" \u200b", None),
        ([], None),
        ({}, None),
        ({"add": None, "remove": "", "set": None}, None),
        ({"add": [], "remove": ()}, None),
        ({"set": []}, Names(set=())),
        ({"add": [], "set": []}, Names(set=())),
        ({"set": ["a"]}, Names(set=("a",))),
        ({"set": "a;b"}, Names(set=("a", "b"))),
        (["a", " b\u00a0"], Names(add=("a", "b"))),
        (("a",), Names(add=("a",))),
        (["a; b", "A, B"], Names(add=("a; b", "A, B"))),
        ("a", Names(add=("a",))),
        (" a, b ;; c\r\n d\n", Names(add=("a, b", "c", "d"))),
        ({"add": ["a"]}, Names(add=("a",))),
        ({"add": ["a"], "remove": "b", "set": None}, Names(add=("a",), remove=("b",))),
    ],
    ids=repr,
)  # fmt: skip
def test_a_list_adds_and_a_mapping_says_what_is_desired(option: Any, expected: Names | None) -> None:
    assert names_in(option, "groups") == (expected, [])


BOTH = "groups.set is the whole list and cannot be combined with groups.add or groups.remove"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (7, ["groups is the number 7, not a text: put it in quotes"]),
        (False, ["groups is the truth value false, not a text: put it in quotes"]),
        (["a", 7], ["groups: entry 2 is the number 7, not a text: put it in quotes"]),
        ([["a"], {"name": "b"}], ["groups: entry 1 is not a text: ['a']",
                                  "groups: entry 2 is not a text: {'name': 'b'}"]),
        ({"add": {"name": "a"}}, ["groups.add is not a text: {'name': 'a'}"]),
        ({"add": 1.5, "remove": [None, 2]}, ["groups.add is the number 1.5, not a text: put it in quotes",
                                             "groups.remove: entry 2 is the number 2, not a text: put it in quotes",
                                             "groups.remove holds a blank name"]),
        (["a", ""], ["groups holds a blank name"]),
        ({"set": ["a", " "]}, ["groups.set holds a blank name"]),
        (" ; ", [NO_NAME.format("groups", " ; ")]),
        ({"set": "\n;"}, [NO_NAME.format("groups.set", "\n;")]),
        ({"ad": ["a"], "remove": ["b"]}, ["unknown field groups.ad; did you mean add?"]),
        ({"Set": None}, ["unknown field groups.Set; did you mean set?"]),
        ({"members": ["a"]}, ["unknown field groups.members; these are known: add, remove, set"]),
        ({7: ["a"]}, ["unknown field groups.7; these are known: add, remove, set"]),
        ({"set": ["a"], "add": ["b"]}, [BOTH]),
        ({"set": [], "remove": "b"}, [BOTH]),
        ({"add": ["Sales ", "Ops"], "remove": "sales"}, ["groups.add and groups.remove both name sales"]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_wrong_is_reported_at_once(option: Any, expected: list[str]) -> None:
    assert names_in(option, "groups")[1] == expected


def test_addresses_are_addresses() -> None:
    found, problems = names_in({"add": "ANN@example.com;bob"}, "members", Email)
    assert problems == ["members: 'bob' is not an e-mail address"]
    assert found == Names(add=("ann@example.com", "bob"))
    assert isinstance(found.add[0], Email)
    assert names_in({"add": ["ann@example.com"], "remove": ["Ann@Example.com"]}, "members", Email)[1] == [
        "members.add and members.remove both name ann@example.com"
    ]


@given(anything, st.sampled_from([str, Email]))
@example({"add": {"add": []}}, Email)
def test_whatever_is_given_is_a_list_nothing_or_reported(option: Any, of: Any) -> None:
    found, problems = names_in(option, "groups", of)
    assert found is None or (isinstance(found, Names) and found != Names())
    assert all(isinstance(problem, str) and "groups" in problem for problem in problems)
    if found is None and not problems:
        parts = option.values() if isinstance(option, dict) else [option]
        assert all(not value or not str(value).strip() or isinstance(value, str) for value in parts)


@given(names, names)
def test_what_is_found_can_be_given_back(add: list[str], remove: list[str]) -> None:
    found = names_in({"add": add, "remove": remove}, "groups")[0]
    given_back = {"add": list(found.add), "remove": list(found.remove)} if found else {}
    assert names_in(given_back, "groups")[0] == found
    assert names_in(add, "groups") == names_in({"add": add}, "groups") == names_in(";".join(add), "groups")


@given(st.text(st.sampled_from("ab; \r\n\t")))
def test_a_text_is_split_into_names(text: str) -> None:
    found = split_names(text)
    assert all(name and name == name.strip() and not set(name) & set(";\r\n") for name in found)
    assert "".join("".join(found).split()) == "".join(text.replace(";", "").split())


# --- what it means ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desired", "current", "expected"),
    [
        (Names(), {"ops"}, ([], [])),
        (Names(add=("Sales", "Ops")), {"ops"}, (["Sales"], [])),
        (Names(add=("  OPS ",)), {"ops"}, ([], [])),
        (Names(remove=("Ops", "Sales")), {"ops"}, ([], ["Ops"])),
        (Names(add=("Sales",), remove=("Ops",)), {"ops"}, (["Sales"], ["Ops"])),
        (Names(set=()), {"ops", "hr"}, ([], ["hr", "ops"])),
        (Names(set=("OPS", "Sales")), {"ops", "hr"}, (["Sales"], ["hr"])),
        (Names(set=("b", "A", "c")), set(), (["A", "b", "c"], [])),
        (Names(add=("Sales", "sales", " SALES")), set(), ([" SALES"], [])),
    ],
)
def test_changes(desired: Names, current: set[str], expected: tuple[list[str], list[str]]) -> None:
    assert desired.changes(current) == expected


@given(names, names, names | st.none(), st.sets(st.sampled_from(["sales", "ops", "strasse", "hr", "it"])))
def test_changes_lead_to_what_is_desired(
    add: list[str], remove: list[str], whole: list[str] | None, current: set[str]
) -> None:
    desired = Names(set=tuple(whole)) if whole is not None else Names(add=tuple(add), remove=tuple(remove))
    if whole is None and {fold(name) for name in add} & {fold(name) for name in remove}:
        return
    added, removed = desired.changes(frozenset(current))
    after = (current | {fold(name) for name in added}) - {fold(name) for name in removed}
    if whole is not None:
        assert after == {fold(name) for name in whole}
    else:
        assert after == (current | {fold(name) for name in add}) - {fold(name) for name in remove}
    assert desired.changes(frozenset(after)) == ([], []), "the second time there is nothing to do"
    assert not {fold(name) for name in added} & current
    assert {fold(name) for name in removed} <= current


def test_names_are_compared_by_the_key() -> None:
    assert Names(add=("Straße",)).changes({"strasse"}) == ([], [])
    assert Names(add=("Straße",)).changes({"strasse"}, str.lower) == (["Straße"], [])
