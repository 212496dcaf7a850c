# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers as AWX and ansible-core hand them on, and the rows that they make."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import (
    EMAILS,
    PERSON,
    PERSON_ANSWERS,
    PERSON_FIELDS,
    offboarding_rows,
    onboarding_row,
)
from tests.people import BOB, JOHN

MARY = "mary.major@example.com"
BLANKS: list[Any] = ["", " ", "\r\n", None, [], {}, [""], [None, " "]]
LONG = "x" * 5000


def row_of(*, has_process: bool = False, **answers: Any) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the row of answers; what is not a list of people is about one person."""
    lists = ("onboarding_people", "onboarding_src")
    named = {name if name in lists else f"{PERSON}{name}": value for name, value in answers.items()}
    return onboarding_row(named, has_process=has_process)


# --- one person -------------------------------------------------------------------------------------------------------


def test_every_field_of_a_row_but_those_of_leavers_can_be_an_answer() -> None:
    assert set(PERSON_FIELDS) == set(MEMBER_OPTIONS) - {"state", "reassign_to", "clear"}
    assert PERSON_ANSWERS[0] == "email"
    answers = dict.fromkeys(PERSON_FIELDS, "x")
    assert row_of(**answers) == ({**answers, "groups": ["x"]}, [])


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_blank_answers_are_none(blank: Any) -> None:
    assert row_of(**dict.fromkeys(PERSON_ANSWERS, blank)) == (None, [])
    assert row_of(**dict.fromkeys(PERSON_ANSWERS, blank), nickname=blank, onboarding_people=[{}]) == (None, [])
    assert row_of(**{**dict.fromkeys(PERSON_ANSWERS, blank), "email": MARY}) == ({"email": MARY}, [])


def test_what_is_no_answer_is_not_looked_at() -> None:
    variables = {"onboarding_ticket": "X-1", "onboarding_person": "Mary", PERSON: "Mary", "person_email": MARY}
    assert onboarding_row(variables, has_process=True) == (None, [])
    assert onboarding_row({}, has_process=True) == (None, [])


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (" Mary \n", "Mary"),
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% if x %}{# {email}", "{% if x %}{# {email}"),
        ("{'a': 1}", "{'a': 1}"),
        ("[1]", "[1]"),
        ("No", "No"),
        ("false", "false"),
        ("Major, Mary; Dr.\nPhD", "Major, Mary; Dr.\nPhD"),
        # The zeros in front of it are gone before anybody can look.
        (15112345678, "15112345678"),
        (7, "7"),
        (0, "0"),
        (-1, "-1"),
        (4.5, "4.5"),
        (float("inf"), "inf"),
        (datetime.date(2026, 12, 1), "2026-12-01"),
        (datetime.datetime(2026, 12, 1, 9, 30, tzinfo=datetime.timezone.utc), "2026-12-01T09:30:00+00:00"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["first_name", "phone", "country_id", "role"])
def test_texts_stay_and_numbers_become_texts_again(name: str, answer: Any, value: str) -> None:
    assert row_of(email=MARY, **{name: answer}) == ({"email": MARY, name: value}, [])


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("A", ["A"]),
        ("A; B\r\n\r\n  C ;\n", ["A", "B", "C"]),
        ("A\rB", ["A", "B"]),
        ("People, Culture\nSales", ["People, Culture", "Sales"]),
        ("42", ["42"]),
        (42, ["42"]),
        ("{{ x }}", ["{{ x }}"]),
        (["A;B", " C ", "", None], ["A;B", "C"]),
        ([2026, "No"], ["2026", "No"]),
        (("A",), ["A"]),
        ({"set": ["A"]}, {"set": ["A"]}),
    ],
    ids=repr,
)
def test_groups(answer: Any, names: Any) -> None:
    assert row_of(email=MARY, groups=answer) == ({"email": MARY, "groups": names}, [])


@pytest.mark.parametrize(
    ("answers", "process"),
    [
        ({"process": " Welcome tour\n"}, {"template": "Welcome tour"}),
        ({"process": 2026}, {"template": "2026"}),
        ({"process": "{{ x }}"}, {"template": "{{ x }}"}),
        ({"process": "Tour", "kickoff": ""}, {"template": "Tour"}),
        ({"process": "Tour", "kickoff": "A:\nB : c: d\r\n  'E': [1, 2]\n{F}: {G}\n\nH: |"},
         {"template": "Tour", "kickoff": {"A": "", "B": "c: d", "'E'": "[1, 2]", "{F}": "{G}", "H": "|"}}),
        ({"process": "Tour", "kickoff": "Notes: one\u2028two"},
         {"template": "Tour", "kickoff": {"Notes": "one\u2028two"}}),
        ({"process": "Tour", "kickoff": {"A": ["x", 1], "B": {"c": None, "d": 1.5}, "E": 7, "F": True}},
         {"template": "Tour", "kickoff": {"A": ["x", "1"], "B": {"c": None, "d": "1.5"}, "E": "7", "F": True}}),
    ],
    ids=repr,
)  # fmt: skip
def test_process(answers: dict[str, Any], process: dict[str, Any]) -> None:
    assert row_of(email=MARY, **answers) == ({"email": MARY, "process": process}, [])


def test_values_of_a_form_are_enough_when_everybody_has_a_process() -> None:
    row = {"email": MARY, "process": {"kickoff": {"A": "b"}}}
    assert row_of(email=MARY, kickoff="A: b", has_process=True) == (row, [])


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"first_name": "Mary"}, "onboarding_person_email is not given."),
        ({"email": MARY, "nickname": "M"}, "onboarding_person_nickname is not known."),
        ({"email": MARY, "frist_name": "M"},
         "onboarding_person_frist_name is not known; did you mean onboarding_person_first_name?"),
        ({"email": MARY, "Role": "light"}, "onboarding_person_Role is not known; did you mean onboarding_person_role?"),
        ({"email": MARY, "state": "deleted"}, "onboarding_person_state is not known."),
        ({"email": MARY, "last_name": False},
         "onboarding_person_last_name is the truth value false; put quotes around the text."),
        ({"email": MARY, "groups": True},
         "onboarding_person_groups is the truth value true; put quotes around the text."),
        ({"email": MARY, "role": ["light"]}, "onboarding_person_role is neither a text nor a number: ['light']"),
        ({"email": MARY, "team": {"a": 1}}, "onboarding_person_team is neither a text nor a number: {'a': 1}"),
        ({"email": MARY, "groups": [["A"]]}, "onboarding_person_groups is not a list of names: [['A']]"),
        ({"email": MARY, "groups": ["A", False]}, "onboarding_person_groups is not a list of names: ['A', False]"),
        ({"email": MARY, "groups": " ; \n"}, "onboarding_person_groups contains no name: ' ; \\n'"),
        ({"email": MARY, "process": {"template": "Tour"}}, "onboarding_person_process is not the title of a template."),
        ({"email": MARY, "process": False}, "onboarding_person_process is not the title of a template."),
        ({"email": MARY, "kickoff": "A: b"},
         "onboarding_person_kickoff is given without a process; give onboarding_person_process."),
        ({"email": MARY, "process": "Tour", "kickoff": ["A: b"]},
         "onboarding_person_kickoff is neither a text nor a dictionary."),
        ({"email": MARY, "process": "Tour", "kickoff": True},
         "onboarding_person_kickoff is neither a text nor a dictionary."),
        ({"email": MARY, "process": "Tour", "kickoff": 5},
         "onboarding_person_kickoff: '5' is not a label, a colon and a value."),
        ({"email": MARY, "process": "Tour", "kickoff": "A: b\n{{ c }}\n"},
         "onboarding_person_kickoff: '{{ c }}' is not a label, a colon and a value."),
        ({"email": MARY, "process": "Tour", "kickoff": " : b\n"},
         "onboarding_person_kickoff: ': b' is not a label, a colon and a value."),
        ({"email": MARY, "process": "Tour", "kickoff": "A: b\nB: c\na : d\nA: e"},
         ["onboarding_person_kickoff: 'a' is given more than once.",
          "onboarding_person_kickoff: 'A' is given more than once."]),
        ({"email": MARY, "onboarding_people": []},
         "onboarding_person_email and onboarding_people are both given. Give only one of them."),
        ({"email": MARY, "onboarding_people": [{"email": BOB}], "onboarding_src": "people.csv"},
         ["onboarding_person_email and onboarding_people are both given. Give only one of them.",
          "onboarding_person_email and onboarding_src are both given. Give only one of them."]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_wrong_is_reported(answers: dict[str, Any], problem: str | list[str]) -> None:
    assert row_of(**answers)[1] == ([problem] if isinstance(problem, str) else problem)


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    _row, problems = row_of(nickname="M", team=["A"], process={}, kickoff="x", onboarding_src="a.csv")
    assert [problem.partition(" ")[0] for problem in problems] == [
        "onboarding_person_email", "onboarding_person_nickname", "onboarding_person_email", "onboarding_person_team",
        "onboarding_person_kickoff", "onboarding_person_kickoff:",
    ]  # fmt: skip


def test_blank_lists_stand_beside_answers() -> None:
    assert row_of(email=MARY, onboarding_people=" ", onboarding_src="") == ({"email": MARY}, [])
    assert row_of(email=MARY, onboarding_people=None, onboarding_src=None) == ({"email": MARY}, [])


def test_a_message_does_not_repeat_a_whole_novel() -> None:
    for answers in ({"team": [LONG]}, {"groups": {LONG}}, {"process": "Tour", "kickoff": LONG}):
        _row, problems = row_of(email=MARY, **answers)
        assert len(problems) == 1
        assert len(problems[0]) < 200


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["", " ", "A: b", "a;b\nc"])
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
NAMES = st.sampled_from(PERSON_ANSWERS) | st.text(max_size=6)


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.booleans())
def test_no_answer_is_lost_without_a_word(answers: dict[str, Any], has_process: bool) -> None:
    row, problems = onboarding_row(
        {f"{PERSON}{name}": value for name, value in answers.items()}, has_process=has_process
    )
    reported = {problem.split(maxsplit=1)[0].rstrip(":") for problem in problems}
    for name, value in answers.items():
        if name == "" or value in BLANKS or (isinstance(value, str) and not value.strip()) or is_blank_list(value):
            continue
        assert row is not None
        in_row = row.get("process", {}) if name in ("process", "kickoff") else row
        field = "template" if name == "process" else name
        assert field in in_row or any(f"{PERSON}{name}".startswith(one) for one in reported), (name, value, problems)
    if row is not None and not problems:
        assert set(row) <= {*PERSON_FIELDS, "process"}
        assert all(isinstance(value, str) for name, value in row.items() if name not in ("groups", "process"))


def is_blank_list(value: Any) -> bool:
    return isinstance(value, list) and all(one == {} or is_blank(one) or is_blank_list(one) for one in value)


@given(st.text())
@example("\u200b")
def test_a_text_stays_as_it_is(text: str) -> None:
    row, problems = row_of(email=MARY, first_name=text)
    assert problems == []
    assert row == ({"email": MARY} if is_blank(text) else {"email": MARY, "first_name": text.strip()})


# --- leavers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "addresses"),
    [
        *[(blank, []) for blank in BLANKS],
        (BOB, [BOB]),
        (f" {BOB}\r\n\r\n {JOHN},{MARY}; a@example.net b@example.net\n",
         [BOB, JOHN, MARY, "a@example.net", "b@example.net"]),
        ([BOB, f" {JOHN}", "", None, f"{MARY}, a@example.net"], [BOB, JOHN, MARY, "a@example.net"]),
        ((BOB,), [BOB]),
        # As mail programs copy them.
        (f"John Smith <{JOHN}>\r\nBob <{BOB}>; ", [JOHN, BOB]),
        (f"John Smith <{JOHN}>, Bob<{BOB}>", [JOHN, BOB]),
        (f"John Smith <{JOHN}> Bob <{BOB}>", [JOHN, BOB]),
        (f'"Smith, John" <{JOHN}>; "Bob" <{BOB}>', [JOHN, BOB]),
        (f"<{JOHN}>", [JOHN]),
        (f"< {JOHN} >", [JOHN]),
        (f"{JOHN.title()} <{JOHN}>", [JOHN]),
        (f"'{JOHN}' <{JOHN}>", [JOHN]),
        (f'"{JOHN}" <{JOHN}>', [JOHN]),
        (f'"{JOHN}"', [JOHN]),
        (f'"{JOHN}, {BOB}"', [JOHN, BOB]),
        (f"<{JOHN},{BOB}>", [JOHN, BOB]),
        # Nobody is taken for the name of somebody else.
        (f"{BOB} John <{JOHN}>", [BOB, JOHN]),
        (f"old@example.com <{JOHN}>", ["old@example.com", JOHN]),
        (f'"{BOB}" <{JOHN}>', [BOB, JOHN]),
        # What is no address is refused with its row.
        (f"{JOHN}\n[{BOB}] x@example.com", [JOHN, f"[{BOB}]", "x@example.com"]),
        (f"Smith, John <{JOHN}>", ["Smith", JOHN]),
        (f"<{JOHN}> (left)", [JOHN, "(left)"]),
        (f"John <{JOHN}\nBob <{BOB}>", ["John", JOHN, BOB]),
        ("John Smith", ["John", "Smith"]),
        ("{{7*7}}", ["{{7*7}}"]),
        (42, ["42"]),
        ([42], ["42"]),
        (f"{JOHN},{JOHN}", [JOHN, JOHN]),
    ],
    ids=repr,
)  # fmt: skip
def test_leavers(answer: Any, addresses: list[str]) -> None:
    assert offboarding_rows({EMAILS: answer}) == ([{"email": address} for address in addresses], [])


def test_nobody_leaves_without_an_answer() -> None:
    assert offboarding_rows({}) == ([], [])
    assert offboarding_rows({EMAILS: "", "offboarding_people": [{"email": BOB}]}) == ([], [])


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (True, "offboarding_person_emails is neither a text nor a list of e-mail addresses: True"),
        ({"email": BOB}, "offboarding_person_emails is neither a text nor a list of e-mail addresses: "),
        ([{"email": BOB}], "offboarding_person_emails is neither a text nor a list of e-mail addresses: "),
        ([BOB, [JOHN]], "offboarding_person_emails is neither a text nor a list of e-mail addresses: "),
        (" ,;\n", "offboarding_person_emails contains no e-mail address: ' ,;\\n'"),
        (["<>", '""'], "offboarding_person_emails contains no e-mail address: "),
    ],
    ids=repr,
)
def test_what_names_no_leaver_is_reported(answer: Any, problem: str) -> None:
    rows, problems = offboarding_rows({EMAILS: answer})
    assert rows == []
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("other", "value", "is_given"),
    [
        ("offboarding_people", [{"email": BOB}], True),
        ("offboarding_people", [{}], True),
        ("offboarding_people", "x", True),
        # For guests alone the list of people is empty.
        ("offboarding_people", [], False),
        ("offboarding_people", " ", False),
        ("offboarding_people", None, False),
        ("offboarding_src", "leavers.csv", True),
        ("offboarding_src", "", False),
    ],
)
def test_leavers_are_named_in_one_way(other: str, value: Any, is_given: bool) -> None:
    rows, problems = offboarding_rows({EMAILS: BOB, other: value})
    assert rows == [{"email": BOB}]
    both = f"offboarding_person_emails and {other} are both given. Give only one of them."
    assert problems == ([both] if is_given else [])


PIECES = st.sampled_from(
    ["a@b.cc", "C@D.ee", "Jo", "Smith", "<", ">", '"', "'", ",", ";", " ", "\n", "\r\n", "<a@b.cc>"]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text())
@example("\x1b")
def test_no_leaver_is_lost(text: str) -> None:
    rows, problems = offboarding_rows({EMAILS: text})
    found = "\n".join(row["email"] for row in rows).casefold()
    for word in re.findall(r'[^\s,;<>"]+', text):
        assert "@" not in word or word.strip("'").casefold() in found
    assert is_blank(text) != bool(rows or problems)
    assert all(row["email"] and row["email"] == "".join(row["email"].split()) for row in rows)


@given(VALUES)
def test_no_answer_breaks_it(value: Any) -> None:
    rows, problems = offboarding_rows({EMAILS: value})
    assert isinstance(rows, list)
    assert all(problem.startswith(EMAILS) for problem in problems)
