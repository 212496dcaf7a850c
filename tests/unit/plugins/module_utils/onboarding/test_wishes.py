# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.wishes import (
    PERSON_FIELDS,
    Wish,
    desired_process,
    fields_of_person,
    filled,
    general_process,
    process_wishes,
    split_processes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import DesiredMember
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import Rows

MARY = DesiredMember("Mary.Major@Example.com", profile={"first_name": "Mary", "last_name": "Major"}, role="admin")
FIELDS = {"email": "mary.major@example.com", "full_name": "Mary Major", "team": ""}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("For {full_name}", "For Mary Major"),
        ("{team}", ""),
        ("{unknown} {{ full_name }} {full name} {} {full_name", "{unknown} {{ full_name }} {full name} {} {full_name"),
        (["{email}", 7, None, True], ["mary.major@example.com", 7, None, True]),
        ({"{email}": {"members": ["{email}"]}}, {"{email}": {"members": ["mary.major@example.com"]}}),
        (3.5, 3.5),
    ],
)
def test_fields_take_the_place_of_their_names(value: Any, expected: Any) -> None:
    assert filled(value, FIELDS) == expected


def test_a_field_is_not_filled_twice() -> None:
    """A person's name may be the text {email}."""
    assert filled("{full_name}", {"full_name": "{email}", "email": "x@example.com"}) == "{email}"


class TestFieldsOfPerson:
    def test_of_somebody_new(self) -> None:
        fields = fields_of_person(MARY, None)
        assert set(fields) == set(PERSON_FIELDS)
        assert fields["email"] == "mary.major@example.com"
        assert fields["full_name"] == "Mary Major"
        assert fields["role"] == "admin"
        assert fields["phone"] == ""

    def test_what_is_desired_goes_before_what_is(self) -> None:
        record = {
            "id": 1,
            "email": MARY.email,
            "first_name": "Maria",
            "last_name": "Major",
            "team": "Sales",
            "role": "light",
        }
        fields = fields_of_person(DesiredMember(MARY.email, profile={"first_name": " Mary "}), record)
        assert fields["full_name"] == "Mary Major"
        assert fields["first_name"] == "Mary"
        assert (fields["team"], fields["role"]) == ("Sales", "light")


class TestDesiredProcess:
    def test_of_everybody(self) -> None:
        general = {"template": "Tour", "name": "For {full_name}", "kickoff": {"Name": "{full_name}"}, "tags": ["New"]}
        desired = desired_process(Wish(0, MARY, {}), general, FIELDS)
        assert (desired.template, desired.name, desired.reference) == ("Tour", "For Mary Major", FIELDS["email"])
        assert desired.kickoff == {"Name": "Mary Major"}
        assert desired.tags == Names(("New",))

    def test_what_a_row_says_goes_before(self) -> None:
        general = {"template": "Tour", "name": "a", "reference": "R{email}", "kickoff": {"Name": "x", "Note": "y"}}
        own = {"name": "{email}", "kickoff": {" name": "{team}"}, "assignments": {"Step": ["a@example.com"]}}
        desired = desired_process(Wish(0, MARY, own), general, FIELDS)
        assert desired.name == "{email}", "a row is taken as it stands"
        assert desired.kickoff == {"Note": "y", " name": "{team}"}
        assert desired.reference == "Rmary.major@example.com"
        assert desired.assignments == {"Step": ["a@example.com"]}

    def test_blank_is_not_given(self) -> None:
        general, problems = general_process({"template": "Tour", "reference": " ", "name": ""})
        assert problems == []
        desired = desired_process(Wish(0, MARY, {}), general, FIELDS)
        assert (desired.name, desired.reference) == (None, FIELDS["email"])


class TestWishes:
    people = [(0, MARY), (2, DesiredMember("bob@example.com"))]
    rows = Rows([{}, {}, {}])

    @pytest.mark.parametrize(
        ("own", "general", "wished"),
        [
            ({}, None, []),
            ({}, {"template": "Tour"}, [0, 2]),
            ({0: False}, {"template": "Tour"}, [2]),
            ({0: None, 2: ""}, {"template": "Tour"}, [0, 2]),
            ({0: "", 2: "Tour"}, None, [2]),
            ({2: {"template": "Tour", "name": None}}, None, [2]),
            ({2: True}, {"template": "Tour"}, [0, 2]),
        ],
    )
    def test_who_gets_a_process(self, own: dict[int, Any], general: dict[str, Any] | None, wished: list[int]) -> None:
        wishes, problems = process_wishes(self.people, own, general, self.rows)
        assert problems == []
        assert [wish.index for wish in wishes] == wished

    def test_everything_wrong_is_reported(self) -> None:
        general = {"templat": "Tour", "name": "{nme} {full_name}", "kickoff": {"{nobody}": ["{x}"]}}
        own = {0: {"state": "archived", "kickoff": 7}, 2: ["Tour"]}
        good, problems = general_process(general)
        assert good == {"name": "{nme} {full_name}", "kickoff": {"{nobody}": ["{x}"]}}
        _wishes, more = process_wishes(self.people, own, good, self.rows)
        reported = "\n".join(str(problem) for problem in [*problems, *more])
        for text in (
            "process: unknown field templat",
            "process: {nme}, {nobody}, {x} is not a field of a person; fields: email",
            "row 1 (Mary.Major@Example.com): process: unknown field state",
            "row 3 (bob@example.com): process is neither a dictionary nor a template",
        ):
            assert text in reported, text
        assert "kickoff" in reported.partition("row 1")[2]

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ({"name": True}, "name is the truth value true; put quotes around"),
            ({"reference": 1.1}, "reference is the number 1.1, which may have lost digits"),
            ({"template": ["Tour"]}, "template takes one text or number"),
        ],
    )
    def test_what_cannot_have_been_written_so_is_refused(self, given: dict[str, Any], problem: str) -> None:
        for problems in (general_process(given)[1], process_wishes(self.people, {0: given}, None, self.rows)[1]):
            assert [text for text in map(str, problems) if problem in text], problems

    def test_a_reference_that_yaml_took_for_a_number_is_reported(self) -> None:
        (wish,), problems = process_wishes(self.people, {0: {"reference": 83}}, None, self.rows)
        assert (wish.own["reference"], problems) == ("83", [])
        advice = "put quotes around a text such as '00123'"
        assert wish.notes == (f"reference: given as a number and sent as 83; {advice}",)


def test_rows_are_split() -> None:
    rows = [{"email": "a", "process": False}, "no row", {"email": "b"}, {"process": {"template": "T"}}]
    plain, own = split_processes(rows)
    assert plain == [{"email": "a"}, "no row", {"email": "b"}, {}]
    assert own == {0: False, 3: {"template": "T"}}
