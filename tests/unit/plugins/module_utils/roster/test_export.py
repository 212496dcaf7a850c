# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live organization as a roster file: who and what is in it, and that it is read again as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import yaml_texts
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.export import EXPORTED_FIELDS, roster_of
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.file import ENDINGS, read_roster
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import checked_rows
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import is_harmless

PERSON = {
    "email": "a@example.com", "first_name": "A", "last_name": "B", "status": "active", "is_bot": False,
    "is_support_user": False, "groups": [],
}  # fmt: skip

# --- round trip -------------------------------------------------------------------------------------------------------

any_text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).map(str.strip).filter(bool)
# Texts that a file holds unchanged.
text = any_text.filter(is_harmless)
nasty = st.sampled_from(
    ["no", "~", "null", "+49151", "007", "1e3", "=1+1", "{{ x }}", 'a"b', "a, b", "- x", "#x", "'", "é"]
)
members = st.lists(
    st.fixed_dictionaries(
        {
            "email": st.integers(0, 99).map(lambda number: f"Person{number}@example.com"),
            "first_name": text | nasty,
            "last_name": text | nasty,
            "role": st.sampled_from(["admin", "light", None]),
            "timezone": st.sampled_from(["Europe/Berlin", None]),
            "phone": nasty | st.none(),
            "job_title": text | st.sampled_from(["two\nlines", ""]),
            "job_description": st.none(),
            "team": text | nasty,
            "country_id": st.none() | st.integers(1, 300),
            "date_format": st.sampled_from(["mm/dd/yyyy", None]),
            "status": st.sampled_from(["active", "invited", "disabled", None]),
            "is_bot": st.just(value=False),
            "is_support_user": st.just(value=False),
            "groups": st.lists((text | nasty).filter(lambda name: ";" not in name), max_size=3, unique=True),
        }
    ),
    max_size=5,
    unique_by=lambda member: member["email"],
)


@pytest.mark.parametrize("ending", ENDINGS)
@given(people=members)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, ending: str, people: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("there") / f"roster{ending}"
    export = roster_of(people, ending)
    path.write_bytes(export.text.encode())
    rows = read_roster(str(path))
    found = {str(row["email"]): row for _index, row in checked_rows(rows, {})[0]}
    expected = {member["email"]: member for member in people if member["status"] != "disabled"}
    assert list(found) == sorted(expected, key=str.lower)
    for email, row in found.items():
        person = expected[email]
        for name in EXPORTED_FIELDS:
            # For example a name with http:// in it, which another application has stored.
            is_left_out = any(note.startswith(f"{email}: {name} is left out") for note in export.notes)
            assert str(row.get(name) or "") == ("" if is_left_out else str(person.get(name) or "")), name
        # A CSV file cannot express that a person is in no group.
        groups = person["groups"] or (None if ending == ".csv" else [])
        found_groups = names_in(row.get("groups"), "groups")[0]
        assert found_groups == (
            None if groups is None else Names(set=tuple(map(tidied, sorted(groups, key=str.casefold))))
        )


@given(people=members)
def test_yaml_is_what_pyyaml_writes(people: list[dict[str, Any]]) -> None:
    written = roster_of(people, ".yml").text
    rows = yaml.safe_load(written)
    form = {"allow_unicode": True, "sort_keys": False, "width": 10_000, "explicit_start": True}
    assert written == yaml.dump(rows, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **form)


# Texts close to numbers and keywords of YAML.
near_plain = st.text("aBnoy01289 @._/+()-:#'", min_size=1, max_size=8).map(str.strip).filter(bool)
words = st.sampled_from(
    ["no", "Off", "TRUE", "null", "y", "inf", ".inf", "1e3", "012", "+0", "2026-01-01", "a\nb", "é"]
)


@given(value=near_plain | words)
def test_a_value_is_written_as_pyyaml_writes_it(value: str) -> None:
    written = roster_of([{**PERSON, "team": value, "groups": [value]}], ".yml").text
    row = {"email": "a@example.com", "first_name": "A", "last_name": "B", "team": value, "groups": {"set": [value]}}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    assert written == "---\n" + yaml.dump([row], Dumper=dumper, allow_unicode=True, sort_keys=False, width=10_000)


HARMFUL = ("\x1b", "\x00", "\x9b", "\u202e", "\u200b", "\u2028", "\x85", "\ufeff", "\U000e0041", "\uffff")


@pytest.mark.parametrize("ending", [".yml", ".json"])
@given(before=text | nasty, character=st.sampled_from((*HARMFUL, "\r", "\r\n", "\n\x1b")), after=text | nasty)
def test_what_is_harmful_is_escaped_and_read_again(
    tmp_path_factory: pytest.TempPathFactory, ending: str, before: str, character: str, after: str
) -> None:
    value = before + character + after
    path = tmp_path_factory.mktemp("there") / f"roster{ending}"
    path.write_bytes(roster_of([{**PERSON, "team": value, "groups": [value]}], ending).text.encode())
    assert all(is_harmless(line) for line in path.read_bytes().decode().split("\n"))
    (row,) = read_roster(str(path)).rows
    assert (row["team"], row["groups"]["set"]) == (value, [value])


@pytest.mark.parametrize("character", HARMFUL, ids=ascii)
def test_a_table_leaves_out_what_it_cannot_escape(tmp_path: Path, character: str) -> None:
    value = f"a{character}b"
    export = roster_of([{**PERSON, "team": value, "job_title": "Cook", "groups": ["Sales", value]}], ".csv")
    assert all(is_harmless(line) for line in export.text.split("\n"))
    path = tmp_path / "roster.csv"
    path.write_bytes(export.text.encode())
    ((_index, row),) = checked_rows(read_roster(str(path)), {})[0]
    assert row["job_title"] == "Cook"
    # The groups of a person are left out as a whole: with a part of them, a run would remove the others.
    assert not {name for name in ("team", "groups") if row.get(name)}
    reason = "it has control, direction or invisible characters; .yml and .json hold it"
    assert export.notes == [f"a@example.com: {name} is left out, because {reason}" for name in ("team", "groups")]


def test_an_address_that_a_table_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match=r"export to \.yml or \.json instead"):
        roster_of([{**PERSON, "email": "a\u202e@example.com"}], ".csv")


def test_lines_stay_in_a_cell() -> None:
    export = roster_of([{**PERSON, "job_title": "two\r\nlines\tand\ra tab"}], ".csv")
    assert '"two\r\nlines\tand\ra tab"' in export.text
    assert export.notes == []


@pytest.mark.parametrize(
    "value",
    [
        "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-1+cmd", "\t=1", "\r\n=1", "\uff1d1",
        "\uff0b1+x", "\uff0d1+x", "\uff20x",
    ],
    ids=ascii,
)  # fmt: skip
def test_formulas_of_a_table_are_reported(value: str) -> None:
    other = {**PERSON, "email": "b@example.com", "job_title": value, "groups": ["A", value]}
    people = [{**PERSON, "team": value}, other]
    export = roster_of(people, ".csv")
    assert value in export.text
    (note,) = export.notes
    assert note == (
        "A spreadsheet would run these cells as formulas: a@example.com (team), b@example.com (job_title, "
        "groups). Do not open the file in a spreadsheet, or export to .yml or .json."
    )
    assert roster_of(people, ".yml").notes == []


@pytest.mark.parametrize(
    "value", ["+49 151 1234567", "+1 (555) 010-0100", "+49151/1234", "-", "-5", "a=b", "a@example.com"]
)
def test_numbers_and_plain_texts_are_no_formulas(value: str) -> None:
    assert roster_of([{**PERSON, "phone": value, "team": value, "groups": [value]}], ".csv").notes == []


def test_many_formulas_are_one_note() -> None:
    people = [{**PERSON, "email": f"p{number:02}@example.com", "team": "=1"} for number in range(25)]
    (note,) = roster_of(people, ".csv").notes
    assert "p19@example.com (team) and 5 more. " in note
    assert "p20@" not in note


# --- people and fields in the file ------------------------------------------------------------------------------------


def test_who_is_not_exported() -> None:
    people = [
        {**PERSON, "email": "b@example.com"},
        {**PERSON, "email": "A@example.com", "status": "invited"},
        {**PERSON, "email": "c@example.com", "status": "disabled"},
        {**PERSON, "email": "d@example.com", "is_bot": True},
        {**PERSON, "email": "e@example.com", "is_support_user": True, "status": "disabled"},
    ]
    export = roster_of(people, ".csv")
    addresses = [line.partition(",")[0] for line in export.text.splitlines()]
    assert addresses == ["email", "A@example.com", "b@example.com"]
    assert (export.people, export.left_out) == (2, {"disabled": 1, "service_accounts": 2})


@pytest.mark.parametrize(("ending", "text"), [(".json", "[]\n"), (".yml", "--- []\n"), (".yaml", "--- []\n")])
def test_nobody_is_an_empty_list(ending: str, text: str) -> None:
    assert roster_of([], ending).text == text
    assert yaml.safe_load(text) == []


def test_what_no_roster_may_hold_is_left_out_and_reported() -> None:
    person = {
        **PERSON, "first_name": "www.example.com", "role": "owner", "timezone": "Mars/Base", "phone": "0" * 20,
        "team": "Ops",
        "job_title": "half \ud83e of an owl",
    }  # fmt: skip
    export = roster_of([person], ".json")
    assert (
        export.text
        == '[\n  {"email": "a@example.com", "last_name": "B", "phone": "%s", "team": "Ops", ' % ("0" * 20)
        + '"groups": {"set": []}}\n]\n'
    )
    assert export.notes == [
        f"a@example.com: {name} is left out, because a roster cannot hold its value"
        for name in ("role", "first_name", "timezone", "job_title")
    ]


def test_two_members_who_cannot_be_told_apart_are_refused() -> None:
    people = [PERSON, {**PERSON, "email": "A@Example.com"}]
    with pytest.raises(InputError, match=r"several members have the address a@example\.com when case is ignored"):
        roster_of(people, ".yml")
    assert roster_of([PERSON, {**people[1], "status": "disabled"}], ".yml").people == 1


def test_group_that_a_table_cannot_hold_is_refused() -> None:
    for name in ("a;b", "a\nb"):
        person = {**PERSON, "groups": [name]}
        with pytest.raises(InputError, match="semicolon or a line break"):
            roster_of([person], ".csv")
        assert roster_of([person], ".json").people == 1


def test_without_pyyaml_other_forms_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_texts, "yaml", None)
    assert "a@example.com" in roster_of([PERSON], ".json").text
    with pytest.raises(InputError, match="PyYAML is required"):
        roster_of([PERSON], ".yml")
