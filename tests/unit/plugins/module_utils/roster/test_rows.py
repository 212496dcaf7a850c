# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of people: what they ask for, and every problem of every row, at once."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import Rows, checked_rows, standing

MARY = {"email": "mary@example.com", "first_name": "Mary", "last_name": "Major"}
values = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.text(max_size=3), max_size=2)
names = st.sampled_from(["email", "first_name", "last_name", "state", "role", "groups", "timezone", "country_id", "x"])


def problems(rows: list[Any], defaults: Mapping[str, Any] | None = None) -> list[str]:
    return [str(problem) for problem in checked_rows(Rows(rows), defaults or {})[1]]


def desired(row: dict[str, Any], defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the parameters of one valid row, without those that were not given."""
    checked, found = checked_rows(Rows([row]), defaults or {})
    assert found == []
    return {name: value for name, value in checked[0][1].items() if value is not None}


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
        {"email": "gone@example.com", "state": "disabled", "reassign_to": "mary@example.com"},
        {"email": "away@example.com", "state": "deleted"},
        {"email": "only@example.com"},
    ]
    assert problems(rows) == []
    assert problems([]) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**MARY, "email": "mary"}, ["not an e-mail address"]),
        ({**MARY, "last_name": False}, ["last_name is the truth value false, not a text: put it in quotes"]),
        ({**MARY, "phone": 27605367}, ["phone is the number 27605367, not a text: put it in quotes"]),
        ({**MARY, "phone": 4915112345678.0}, ["phone is the number 4915112345678.0, not a text"]),
        ({**MARY, "team": 7}, ["team is the number 7, not a text"]),
        ({**MARY, "job_title": datetime.date(2026, 1, 31)}, ["job_title is the date 2026-01-31, not a text"]),
        ({**MARY, "team": {"name": "Ops"}}, ["team is not a text: {'name': 'Ops'}"]),
        ({**MARY, "email": 7}, ["email is the number 7, not a text"]),
        ({**MARY, "groups": [7]}, ["groups: entry 1 is the number 7, not a text"]),
        ({**MARY, "clear": [True]}, ["clear is the truth value true, not a text"]),
        ({**MARY, "country_id": False}, ["country_id is not a number: False"]),
        ({**MARY, "phone": "4.91512E+12"}, ["phone is 4.91512E+12, a number that a spreadsheet has shortened"]),
        ({**MARY, "team": "#REF!"}, ["team is #REF!, an error value of a spreadsheet"]),
        ({**MARY, "first_name": "Ma\u200bry"}, ["first_name holds U+200B (zero width space)"]),
        ({**MARY, "job_title": "Cook\nand bottle washer"}, ["job_title holds U+000A"]),
        ({**MARY, "clear": ["timezone"]}, ["clear: timezone cannot be cleared; these can be: phone, job_title"]),
        ({**MARY, "clear": "phones"}, ["clear: phones cannot be cleared; did you mean phone?"]),
        ({**MARY, "clear": ["phone"], "phone": "+1"}, ["phone is both given and cleared"]),
        ({**MARY, "clear": " ; "}, ["clear names nothing: ' ; '; leave it blank"]),
        ({**MARY, "groups": ";"}, ["groups names nothing: ';'"]),
        ({**MARY, "groups.set": ";;"}, ["groups.set names nothing: ';;'"]),
        ({**MARY, "email": "two words@example.com"}, ["not an e-mail address"]),
        ({**MARY, "email": "a@example.com, b@example.com"}, ["not an e-mail address"]),
        ({**MARY, "email": "mary@localhost"}, ["not an e-mail address"]),
        ({"first_name": "Mary", "last_name": "Major"}, ["email"]),
        ({**MARY, "first_name": "x" * 33}, ["first_name has 33 characters, at most 32"]),
        ({**MARY, "last_name": "x" * 33}, ["last_name has 33 characters"]),
        ({**MARY, "phone": "1" * 21}, ["phone has 21 characters, at most 20"]),
        ({**MARY, "first_name": "https://example.com"}, ["first_name is a web address"]),
        ({**MARY, "last_name": "www.example.com"}, ["last_name is a web address"]),
        ({**MARY, "timezone": "Middle/Earth"}, ["timezone 'Middle/Earth'"]),
        ({**MARY, "timezone": "CET+1"}, ["timezone"]),
        ({**MARY, "role": "boss"}, ["value of role must be one of: admin, standard, light, got: boss"]),
        ({**MARY, "role": "eyJ0eXAi.a.b"}, ["value of role must be one of: admin, standard, light"]),
        ({**MARY, "state": "absent"}, ["value of state must be one of: present, disabled, deleted, got: absent"]),
        ({**MARY, "date_format": "yyyy-mm-dd"}, ["date_format"]),
        ({**MARY, "country_id": "Germany"}, ["country_id"]),
        ({**MARY, "reassign_to": "somebody"}, ["reassign_to 'somebody'"]),
        (
            {**MARY, "state": "disabled", "reassign_to": "MARY@example.com"},
            ["reassign_to is the leaver: name another member"],
        ),
        ({**MARY, "groups": {"add": ["a"], "set": ["b"]}}, ["groups"]),
        ({**MARY, "groups": {"add": ["a"], "remove": ["A"]}}, ["groups.add and groups.remove"]),
        ({**MARY, "groups": {"add": [" "]}}, ["blank"]),
        ({**MARY, "groups": {"joins": ["a"]}}, ["unknown field groups.joins; these are known: add, remove, set"]),
        ({**MARY, "groups": {"ad": ["a"]}, "colour": "red"}, ["unknown field groups.ad; did you mean add?", "colour"]),
        ({**MARY, "groups": "a", "groups.add": "b"}, ["groups.add is given twice, as a column and in groups"]),
        ({**MARY, "groups": {"set": []}, "groups.add": "b"}, ["groups.set is the whole list"]),
        ({**MARY, "groups": 0, "groups.remove": "b"}, ["groups.add is the number 0, not a text"]),
        ({"groups": {"add": [7]}}, ["email", "groups.add: entry 1 is the number 7, not a text"]),
        ({**MARY, "groups": 7}, ["groups is the number 7, not a text"]),
        ({**MARY, "groups": ["Sales", None]}, ["groups"]),
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
    found = problems([{**MARY, "email": "somebody@example.org"}, row])
    assert found
    assert all(problem.startswith("row 2") for problem in found)
    for word in words:
        assert any(word in problem for problem in found), (word, found)


def test_all_problems_of_all_rows_are_reported_at_once() -> None:
    found = problems(
        [
            {"email": "mary", "role": "boss", "first_name": "x" * 40, "colour": "red", "timezone": "Nowhere"},
            MARY,
            {"last_name": "Roe"},
            {"email": "MARY@example.com ", "first_name": "M", "last_name": "M", "groups": 7, "country_id": "x"},
        ]
    )
    by_row = {number: [problem for problem in found if problem.startswith(f"row {number} ")] for number in (1, 2, 3, 4)}
    for word in ("e-mail address", "role", "40 characters", "unknown field colour", "Nowhere"):
        assert any(word in problem for problem in by_row[1]), word
    assert by_row[2] == []
    assert any("email" in problem for problem in by_row[3])
    for word in ("same e-mail address as row 2", "groups", "country_id"):
        assert any(word in problem for problem in by_row[4]), word


def test_row_is_called_by_its_place_and_address() -> None:
    assert problems([{**MARY, "role": "boss"}])[0].startswith("row 1 (mary@example.com): ")
    assert problems([{"role": "light"}])[0].startswith("row 1 (no e-mail address): ")
    rows = Rows([MARY, {**MARY, "role": "boss"}], source="team.csv", lines=[2, 7])
    assert [str(problem) for problem in checked_rows(rows, {})[1]] == [
        "team.csv line 7 (mary@example.com): value of role must be one of: admin, standard, light, got: boss",
        "team.csv line 7 (mary@example.com): the same e-mail address as team.csv line 2",
    ]
    assert Rows([MARY], source="team.json").place(0).label == "team.json row 1"


def test_same_address_twice_is_reported_whatever_its_case() -> None:
    found = problems([MARY, {**MARY, "email": " Mary@EXAMPLE.com"}, {**MARY, "email": "MARY@EXAMPLE.COM"}])
    assert found == [
        "row 2 (Mary@EXAMPLE.com): the same e-mail address as row 1",
        "row 3 (MARY@EXAMPLE.COM): the same e-mail address as row 1",
    ]


def test_rows_without_an_address_are_not_duplicates() -> None:
    assert not any("same e-mail" in problem for problem in problems([{}, {}]))


def test_defaults_fill_what_a_row_leaves_out_or_blank() -> None:
    defaults = {"role": "light", "timezone": "Europe/London", "phone": "+1", "groups": ["Everybody"]}
    assert desired({**MARY, "role": "", "timezone": None}, defaults) == {
        **MARY, "role": "light", "timezone": "Europe/London", "phone": "+1", "groups": ["Everybody"],
    }  # fmt: skip
    assert desired({**MARY, "role": "admin", "phone": "", "groups": "A;B"}, defaults) == {
        **MARY, "role": "admin", "timezone": "Europe/London", "phone": "+1", "groups": "A;B",
    }  # fmt: skip


@pytest.mark.parametrize("blank", ["", " ", None, "\u200b", "\u00a0", "\ufeff\t"])
def test_a_blank_leaves_a_value_as_it_is(blank: str | None) -> None:
    assert desired({"email": MARY["email"], **dict.fromkeys(set(MEMBER_OPTIONS) - {"email"}, blank)}) == desired(
        {"email": MARY["email"]}
    )


@pytest.mark.parametrize(
    ("own", "defaults", "phone", "clear"),
    [
        ({"clear": ["phone"]}, {}, None, ["phone"]),
        ({"clear": " phone ;team; "}, {}, None, ["phone", "team"]),
        ({"clear": ("phone",)}, {}, None, ["phone"]),
        ({"clear": ["phone"]}, {"phone": "+1"}, None, ["phone"]),
        ({"phone": "+2"}, {"clear": "phone;team"}, "+2", ["team"]),
        ({"clear": ""}, {"clear": ["team"]}, None, ["team"]),
    ],
)
def test_what_is_to_be_emptied_is_named(own: Any, defaults: Any, phone: str | None, clear: list[str]) -> None:
    asked = desired({**MARY, **own}, defaults)
    assert (asked.get("phone"), asked["clear"]) == (phone, clear)


@pytest.mark.parametrize("clear", ["phone,team", ["Phone"], ["phone", "bogus"], ["timezone"]])
def test_what_cannot_be_emptied_is_reported_and_not_planned(clear: Any) -> None:
    checked, found = checked_rows(Rows([{**MARY, "clear": clear}]), {})
    assert "cannot be cleared" in str(found[0])
    assert set(checked[0][1]["clear"]) <= {"phone"}


def test_what_tallyfy_says_of_a_member_can_be_said_back() -> None:
    odd = {"email": "Root@localhost", "job_title": "a\u200fb", "phone": "1" * 30}
    found = checked_rows(Rows([odd, {"email": "mary@localhost"}, {**odd, "email": "b@localhost"}]), {})[1]
    assert len(found) == 7
    left = standing(found, [odd, {**odd, "email": "b@localhost", "phone": None}])
    assert list(map(str, left)) == [
        "row 2 (mary@localhost): email 'mary@localhost' is not an e-mail address",
        "row 3 (b@localhost): phone has 30 characters, at most 20 are allowed",
    ]
    assert len(standing(found, [{**odd, "email": "root@localhost"}])) == 5, "another spelling is no proof"


def test_mistake_in_the_defaults_is_reported_once() -> None:
    rows = [MARY, {**MARY, "email": "bob@example.com", "role": "admin"}, {**MARY, "email": "eve@example.com"}]
    defaults = {"role": "boss", "timezone": "Nowhere", "email": "x@example.com", "colour": "red", "country_id": "1"}
    assert problems(rows, defaults) == [
        "defaults: email cannot be the same for everybody",
        "defaults: unknown field colour",
        "defaults: value of role must be one of: admin, standard, light, got: boss",
        "defaults: timezone 'Nowhere' is not an IANA name such as Europe/Berlin",
    ]


@pytest.mark.parametrize(
    ("groups", "meant"),
    [
        ({"groups": "Sales"}, Names(add=("Sales",))),
        ({"groups": " Sales ; Ops;; "}, Names(add=("Sales", "Ops"))),
        ({"groups": ["Sales", "Ops; Dev"]}, Names(add=("Sales", "Ops; Dev"))),
        ({"groups": {"add": "Sales", "remove": ["Ops"]}}, Names(add=("Sales",), remove=("Ops",))),
        ({"groups": {"set": []}}, Names(set=())),
        ({"groups.add": "Sales", "groups.remove": "Ops;De"}, Names(add=("Sales",), remove=("Ops", "De"))),
        ({"groups.set": "Sales, the best;Ops"}, Names(set=("Sales, the best", "Ops"))),
        ({"groups": "Sales", "groups.remove": "Ops"}, Names(add=("Sales",), remove=("Ops",))),
        ({"groups": {"add": ["Sales"]}, "groups.remove": "Ops"}, Names(add=("Sales",), remove=("Ops",))),
        ({"groups": ""}, Names(add=("Everybody",))),
        ({"groups": []}, Names(add=("Everybody",))),
        ({"groups": {}}, Names(add=("Everybody",))),
        ({"groups": {"add": None, "set": ""}}, Names(add=("Everybody",))),
        ({"groups": None, "groups.set": ""}, Names(add=("Everybody",))),
    ],
    ids=str,
)  # fmt: skip
def test_spellings_of_groups(groups: dict[str, Any], meant: Names) -> None:
    option = desired({**MARY, **groups}, {"groups": ["Everybody"]})["groups"]
    assert names_in(option, "groups") == (meant, [])


def test_successor_who_is_leaving_too_is_refused() -> None:
    rows = [
        {"email": "a@example.com", "reassign_to": "B@example.com"},
        {"email": "b@example.com", "reassign_to": "c@example.com"},
    ]
    assert problems(rows, {"state": "disabled"}) == ["row 1 (a@example.com): reassign_to b@example.com is leaving too"]


@pytest.mark.parametrize("blank", ["", " ", None, "\u200b"])
def test_who_has_a_blank_state_is_not_leaving(blank: str | None) -> None:
    rows = [{"email": "a@example.com", "state": "disabled", "reassign_to": MARY["email"]}, {**MARY, "state": blank}]
    assert problems(rows) == []


def test_what_cannot_be_seen_at_the_ends_of_a_choice_or_a_number_is_dropped() -> None:
    assert desired({**MARY, "role": "admin\u00a0", "country_id": "\u200b49 "}) == desired(
        {**MARY, "role": "admin", "country_id": "49"}
    )


@pytest.mark.parametrize("cell", ["#REF!", "4.9E+12", "1.0", "1_0", "x"])
def test_what_is_no_number_is_named(cell: str) -> None:
    assert problems([{**MARY, "country_id": cell}]) == [
        f"row 1 (mary@example.com): country_id is not a number: {cell!r}"
    ]


def test_rows_are_left_as_they_are() -> None:
    rows = [{**MARY, "groups": {"add": "Sales"}, "country_id": "1"}, {**MARY, "groups": ["x"], "groups.remove": "y"}]
    before = copy.deepcopy(rows)
    problems(rows, {"role": "light"})
    assert rows == before


@given(st.lists(st.dictionaries(names | st.integers(), values, max_size=6) | values, max_size=3))
def test_no_row_breaks_the_check(rows: list[Any]) -> None:
    found = problems(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            assert f"row {number}: not a dictionary of a person's fields" in found
    assert all(problem.startswith("row ") for problem in found)


PLAIN = {
    "email": st.sampled_from(["a@example.com", "A@example.com"]),
    "state": st.sampled_from(["present", "disabled", "nowhere", "", None]),
    "role": st.sampled_from(["admin", "boss", 7, None]),
    "first_name": st.sampled_from(["Ann", 7, True, " ", None]),
    "country_id": st.sampled_from([1, "1", True, "x", None]),
    "groups": st.sampled_from(
        [{"add": ["x"]}, {"set": []}, {"add": [7]}, {"add": "x,y"}, {"set": ["a"], "add": ["b"]}, {"x": ["a"]}, {}]
    ),
}


@given(st.fixed_dictionaries({"email": PLAIN.pop("email")}, optional=PLAIN))
def test_shortcut_for_plain_rows_judges_like_ansible_core(row: dict[str, Any]) -> None:
    given_values = {name: value for name, value in row.items() if not is_blank(value)}
    judged = ArgumentSpecValidator(MEMBER_OPTIONS).validate(given_values)
    checked, found = checked_rows(Rows([row]), {})
    assert bool(judged.error_messages) <= bool(found)
    if not found:
        plain = {name: value for name, value in judged.validated_parameters.items() if value is not None}
        missing_defaults = {"state": "present", "invitation_message": plain["invitation_message"]}
        reported = {name: value for name, value in {**missing_defaults, **checked[0][1]}.items() if value is not None}
        for parameters in (plain, reported):
            groups = parameters.get("groups") or {}
            parameters["groups"] = {name: names for name, names in groups.items() if names is not None}
        assert reported == plain
