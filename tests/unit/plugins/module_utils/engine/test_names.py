# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: what add, remove and set mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold

names = st.lists(st.sampled_from(["Sales", "sales ", "Ops", "OPS", "Straße", "HR"]), max_size=5)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, None),
        ({}, None),
        ({"add": None, "remove": None, "set": None}, None),
        ({"add": []}, Names()),
        ({"set": []}, Names(set=())),
        ({"add": ["a"], "remove": ["b"], "set": None}, Names(add=("a",), remove=("b",))),
        ({"set": ["a"]}, Names(set=("a",))),
    ],
)
def test_omitted_differs_from_empty(option: dict[str, Any] | None, expected: Names | None) -> None:
    assert Names.from_option(option) == expected


@pytest.mark.parametrize(
    ("wanted", "current", "expected"),
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
def test_changes(wanted: Names, current: set[str], expected: tuple[list[str], list[str]]) -> None:
    assert wanted.changes(current) == expected


@given(names, names, names | st.none(), st.sets(st.sampled_from(["sales", "ops", "strasse", "hr", "it"])))
def test_changes_lead_to_what_is_wanted(
    add: list[str], remove: list[str], whole: list[str] | None, current: set[str]
) -> None:
    wanted = Names(set=tuple(whole)) if whole is not None else Names(add=tuple(add), remove=tuple(remove))
    if wanted.problems():
        return
    added, removed = wanted.changes(frozenset(current))
    after = (current | {fold(name) for name in added}) - {fold(name) for name in removed}
    if whole is not None:
        assert after == {fold(name) for name in whole}
    else:
        assert after == (current | {fold(name) for name in add}) - {fold(name) for name in remove}
    assert wanted.changes(frozenset(after)) == ([], []), "the second time there is nothing to do"
    assert not {fold(name) for name in added} & current
    assert {fold(name) for name in removed} <= current


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Names(set=("a",), add=("b",)), ["groups.set"]),
        (Names(set=(), remove=("b",)), ["groups.set"]),
        (Names(add=("Sales", "Ops"), remove=("sales",)), ["both name sales"]),
        (Names(add=("Sales ",), remove=("sales",)), ["both name sales"]),
        (Names(add=("",)), ["blank"]),
        (Names(set=("a", "  ")), ["blank"]),
        (Names(remove=("\t",)), ["blank"]),
        (Names(set=("a",), add=(" ",)), ["groups.set", "blank"]),
        (Names(set=()), []),
        (Names(add=("a",), remove=("b",)), []),
    ],
)
def test_problems(wanted: Names, words: list[str]) -> None:
    found = wanted.problems()
    assert len(found) == len(words)
    for problem, word in zip(found, words):
        assert word in problem


def test_problems_name_the_option() -> None:
    assert Names(add=("a",), set=()).problems("members") == [
        "members.set is the whole list and cannot stand beside members.add or members.remove"
    ]
    assert Names(add=("A",), remove=("a",)).problems("guests", str.lower) == [
        "guests.add and guests.remove both name a"
    ]


def test_names_are_compared_by_the_key() -> None:
    assert Names(add=("Straße",)).changes({"strasse"}) == ([], [])
    assert Names(add=("Straße",)).changes({"strasse"}, str.lower) == (["Straße"], [])
