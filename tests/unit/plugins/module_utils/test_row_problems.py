# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of people: every problem of every row, at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._row_problems import problems_in_rows

MARY = {"email": "mary@example.com", "first_name": "Mary", "last_name": "Major"}
values = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.text(max_size=3), max_size=2)
names = st.sampled_from(["email", "first_name", "last_name", "state", "role", "groups", "timezone", "country_id", "x"])


def test_good_rows_have_no_problems() -> None:
    rows = [
        MARY,
        {
            "email": "Bob@Example.com",
            "first_name": "Bob",
            "last_name": "Jones",
            "role": "admin",
            "timezone": "Europe/London",
            "country_id": "1",
            "date_format": "dd/mm/yyyy",
            "groups": {"add": ["Sales"], "remove": ["Ops"]},
            "provision": "invite",
        },
        {"email": "gone@example.com", "state": "absent", "reassign_to": "mary@example.com"},
        {"email": "away@example.com", "state": "deleted"},
    ]
    assert problems_in_rows(rows) == []
    assert problems_in_rows([]) == []
    assert problems_in_rows(tuple(rows)) == []


@pytest.mark.parametrize("rows", [None, "mary@example.com", b"x", {"email": "x"}, 7])
def test_something_else_than_a_list(rows: object) -> None:
    (problem,) = problems_in_rows(rows)
    assert problem.startswith("a list of people is needed, not ")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**MARY, "email": "mary"}, ["not an e-mail address"]),
        ({**MARY, "email": "two words@example.com"}, ["not an e-mail address"]),
        ({**MARY, "email": "a@example.com, b@example.com"}, ["not an e-mail address"]),
        ({**MARY, "email": "mary@localhost"}, ["not an e-mail address"]),
        ({"first_name": "Mary", "last_name": "Major"}, ["email"]),
        ({"email": "mary@example.com"}, ["first_name and last_name missing"]),
        ({**MARY, "last_name": ""}, ["last_name missing"]),
        ({**MARY, "first_name": None}, ["first_name missing"]),
        ({**MARY, "first_name": "x" * 33}, ["first_name has 33 characters, at most 32"]),
        ({**MARY, "last_name": "x" * 33}, ["last_name has 33 characters"]),
        ({**MARY, "phone": "1" * 21}, ["phone has 21 characters, at most 20"]),
        ({**MARY, "first_name": "  "}, ["first_name is blank"]),
        ({**MARY, "first_name": "https://example.com"}, ["first_name is a web address"]),
        ({**MARY, "last_name": "www.example.com"}, ["last_name is a web address"]),
        ({**MARY, "timezone": "Middle/Earth"}, ["timezone 'Middle/Earth'"]),
        ({**MARY, "timezone": "CET+1"}, ["timezone"]),
        ({**MARY, "role": "boss"}, ["role"]),
        ({**MARY, "state": "gone"}, ["state"]),
        ({**MARY, "date_format": "yyyy-mm-dd"}, ["date_format"]),
        ({**MARY, "country_id": "Germany"}, ["country_id"]),
        ({**MARY, "reassign_to": "somebody"}, ["reassign_to 'somebody'"]),
        ({**MARY, "state": "absent", "reassign_to": "MARY@example.com"}, ["reassign_to is the leaver"]),
        ({**MARY, "groups": {"add": ["a"], "set": ["b"]}}, ["groups"]),
        ({**MARY, "groups": {"add": ["a"], "remove": ["A"]}}, ["groups.add and groups.remove"]),
        ({**MARY, "groups": {"add": [" "]}}, ["blank"]),
        ({**MARY, "groups": {"join": ["a"]}}, ["groups"]),
        ({**MARY, "groups": "Sales"}, ["groups"]),
        ({**MARY, "groups": ["Sales"]}, ["groups"]),
        ({**MARY, "invitation_message": "x" * 5001}, ["invitation_message has 5001 characters"]),
        ({**MARY, "rôle": "admin"}, ["unknown field rôle"]),
        ({**MARY, "colour": "red", "size": 7}, ["unknown field colour", "unknown field size"]),
        ({**MARY, 7: "seven"}, ["unknown field 7"]),
        ({**MARY, 7: "seven", "colour": "red"}, ["unknown field"]),
        ("mary@example.com", ["not a dictionary"]),
        (None, ["not a dictionary"]),
    ],
)
def test_each_problem_names_its_row(row: Any, words: list[str]) -> None:
    found = problems_in_rows([{**MARY, "email": "somebody@example.org"}, row])
    assert all(problem.startswith("row 2") for problem in found)
    for word in words:
        assert any(word in problem for problem in found), (word, found)


def test_all_problems_of_all_rows_are_told_at_once() -> None:
    found = problems_in_rows(
        [
            {"email": "mary", "role": "boss", "first_name": "x" * 40, "colour": "red", "timezone": "Nowhere"},
            MARY,
            {"last_name": "Roe"},
            {"email": "MARY@example.com ", "first_name": "M", "last_name": "M", "groups": "x", "country_id": "x"},
        ]
    )
    by_row = {number: [problem for problem in found if problem.startswith(f"row {number} ")] for number in (1, 2, 3, 4)}
    for word in ("e-mail address", "role", "40 characters", "unknown field colour", "Nowhere", "last_name missing"):
        assert any(word in problem for problem in by_row[1]), word
    assert by_row[2] == []
    assert any("email" in problem for problem in by_row[3])
    assert any("first_name missing" in problem for problem in by_row[3])
    for word in ("same e-mail address as row 2", "groups", "country_id"):
        assert any(word in problem for problem in by_row[4]), word


def test_row_is_led_by_its_number_and_address() -> None:
    assert problems_in_rows([{**MARY, "role": "boss"}])[0].startswith("row 1 (mary@example.com): ")
    assert problems_in_rows([{"role": "light"}])[0].startswith("row 1 (no e-mail address): ")


def test_same_address_twice_is_told_whatever_its_case() -> None:
    found = problems_in_rows([MARY, {**MARY, "email": " Mary@EXAMPLE.com"}, {**MARY, "email": "MARY@EXAMPLE.COM"}])
    assert found == [
        "row 2 (Mary@EXAMPLE.com): the same e-mail address as row 1",
        "row 3 (MARY@EXAMPLE.COM): the same e-mail address as row 1",
    ]


def test_rows_without_an_address_are_not_duplicates() -> None:
    assert not any("same e-mail" in problem for problem in problems_in_rows([{}, {}]))


def test_defaults_fill_what_a_row_leaves_out_or_blank() -> None:
    rows = [{**MARY, "role": "", "timezone": None}, {**MARY, "email": "bob@example.com", "role": "admin"}]
    assert problems_in_rows(rows, {"role": "light", "timezone": "Europe/London"}) == []
    found = problems_in_rows(rows, {"role": "boss"})
    assert len(found) == 1
    assert found[0].startswith("row 1 (mary@example.com): ")
    assert "boss" in found[0]


def test_default_stands_for_a_missing_name() -> None:
    assert problems_in_rows([{"email": "bot1@example.com", "first_name": "Robot"}], {"last_name": "Account"}) == []


def test_leaver_needs_no_names() -> None:
    assert problems_in_rows([{"email": "a@example.com"}], {"state": "absent"}) == []


def test_fields_that_are_not_allowed_are_refused() -> None:
    fields = ["email", "first_name", "last_name"]
    assert problems_in_rows([{**MARY, "state": "absent", "reassign_to": "bob@example.com"}], fields=fields) == [
        "row 1 (mary@example.com): unknown field state",
        "row 1 (mary@example.com): unknown field reassign_to",
    ]


def test_groups_that_do_not_exist_are_refused() -> None:
    rows = [
        {**MARY, "groups": {"add": [" SALES ", "Ops"], "remove": "Gone, Team"}},
        {**MARY, "email": "bob@example.com"},
        {**MARY, "email": "eve@example.com", "groups": {"set": []}},
    ]
    assert problems_in_rows(rows, groups=["Sales", "Team "]) == [
        "row 1 (mary@example.com): there is no group 'Ops' (groups: Sales, Team )",
        "row 1 (mary@example.com): there is no group 'Gone' (groups: Sales, Team )",
    ]
    assert problems_in_rows(rows, {"groups": {"set": ["Nowhere"]}}, groups=["sales", "ops", "gone", "team"]) == [
        "row 2 (bob@example.com): there is no group 'Nowhere' (groups: gone, ops, sales, team)"
    ]
    assert "there is no group 'SALES' (groups: none)" in problems_in_rows(rows, groups=[])[0]
    assert problems_in_rows(rows) == []


@pytest.mark.parametrize("option", ["Ops", ["Ops"], {"add": {"Ops": 1}}, {"join": ["Ops"]}, {"add": [None, 7]}, 7])
def test_groups_of_a_wrong_form_do_not_break_the_comparison(option: Any) -> None:
    found = problems_in_rows([{**MARY, "groups": option}], groups=["7", "None"])
    assert not any("there is no group" in problem for problem in found)


def test_successors_who_cannot_take_over_are_refused() -> None:
    bot = {"email": "bot@tallyfy.com", "status": "active", "is_bot": True}
    away = {"email": "away@example.com", "status": "disabled", "is_bot": False}
    good = {"email": "Bob@example.com", "status": "active", "is_bot": False}
    given = ("bob@EXAMPLE.com ", "bot@tallyfy.com", "Away@example.com", "nobody@example.com", "frank", "l0@example.com")
    rows = [{"email": f"l{number}@example.com", "reassign_to": to} for number, to in enumerate(given)]
    assert problems_in_rows(rows, {"state": "absent"}, successors=[bot, away, good]) == [
        "row 2 (l1@example.com): reassign_to bot@tallyfy.com is the Tallyfy Bot, and must be active",
        "row 3 (l2@example.com): reassign_to away@example.com is disabled, and must be active",
        "row 4 (l3@example.com): reassign_to nobody@example.com is not a member of the organization",
        "row 5 (l4@example.com): reassign_to 'frank' is not an e-mail address",
        "row 6 (l5@example.com): reassign_to l0@example.com is leaving too",
    ]


def test_rows_are_left_as_they_are() -> None:
    rows = [{**MARY, "groups": {"add": "Sales"}, "country_id": "1"}]
    before = copy.deepcopy(rows)
    problems_in_rows(rows, {"role": "light"})
    assert rows == before


@given(st.lists(st.dictionaries(names | st.integers(), values, max_size=6) | values, max_size=3))
def test_no_row_breaks_the_check(rows: list[Any]) -> None:
    found = problems_in_rows(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            assert f"row {number}: not a dictionary of a person's fields" in found
    assert all(isinstance(problem, str) and problem.startswith("row ") for problem in found)
