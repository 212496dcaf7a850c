# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: what makes one the wanted one, and what is planned for it."""

from __future__ import annotations

import html
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.assignees import Assignees
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import (
    LONGEST_NAME,
    DesiredProcess,
    validate_archived,
    validate_process,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import (
    Known,
    Launch,
    Override,
    prepare_launch,
    validate_names,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.listing import list_runs
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.plan import (
    AT_LAUNCH,
    compare_kickoff,
    plan_process,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import (
    Found,
    age,
    shown_fields,
    shown_names,
    values_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import RunIndex
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.shape import Form, beyond, shape_process
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import Template
from tests.people import BOB

FIELD = "f" * 32
ALICE = "alice@example.com"


def desired(**values: Any) -> DesiredProcess:
    return DesiredProcess.from_params({"template": "Onboarding", **values})


def run(name: str, **values: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "status": "active", "created_at": "2026-01-01", "checklist_id": "t", **values}


# --- finding a process again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ({"reference": "E-1"}, "Onboarding (E-1)"),
        ({"reference": "E-1"}, "E-1"),
        ({"reference": "e-1 "}, " Onboarding (E-1) "),
        ({"reference": "HR (1)"}, "Onboarding (HR (1))"),
        ({"reference": "a) (b"}, "Onboarding (a) (b)"),
        ({"reference": "(x)"}, "Onboarding ((x))"),
        ({"reference": "jo+x%y@example.com"}, "Onboarding (JO+x%y@example.com)"),
        ({"reference": 'O\'Brien "R&D"'}, "Onboarding (O&#039;Brien &quot;R&amp;D&quot;)"),
        ({"reference": "Ju\u0308rgen"}, "Onboarding (J\u00fcrgen)"),
        ({"reference": "STRASSE"}, "Onboarding (straße)"),
        ({"reference": "&AMP"}, "Onboarding (&amp;AMP)"),
        ({"reference": "É&amp;"}, "Onboarding (&Eacute;&amp;amp;)"),
        ({"reference": "a  b"}, "Onboarding (a b)"),
        ({"name": "Onboarding"}, "ONBOARDING"),
        ({"name": "Onboarding (E-1)"}, "Onboarding (E-1)"),
        ({"reference": "E-1", "name": "Anything else"}, "Onboarding (E-1)"),
    ],
    ids=str,
)
def test_carried(wish: dict[str, str], name: str) -> None:
    assert desired(**wish).is_carried_by(run(name))


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ({"reference": "E-1"}, "Onboarding (E-10)"),
        ({"reference": "E-10"}, "Onboarding (E-1)"),
        ({"reference": "1"}, "Onboarding (E-1)"),
        ({"reference": "E-1"}, "Onboarding (AE-1)"),
        ({"reference": "E-1"}, "Onboarding E-1"),
        ({"reference": "E-1"}, "E-1 (Onboarding)"),
        ({"reference": "E-1"}, "Onboarding (E-1) again"),
        ({"reference": "a%"}, "Onboarding (abc)"),
        ({"reference": "a_c"}, "Onboarding (abc)"),
        ({"name": "Onboarding"}, "Onboarding (E-1)"),
        ({"name": "Onboarding"}, "Onboarding of Jo"),
        ({"reference": "E-1", "name": "Onboarding"}, "Onboarding"),
    ],
    ids=str,
)
def test_not_carried(wish: dict[str, str], name: str) -> None:
    assert not desired(**wish).is_carried_by(run(name))


def test_carried_in_the_field() -> None:
    wish = desired(reference="E-1", reference_field="Number")
    there = run("Renamed", prerun={FIELD: " e-1"})
    assert wish.is_carried_by(there, FIELD)
    assert not wish.is_carried_by(there)
    assert not wish.is_carried_by(run("Renamed", prerun={FIELD: "E-10"}), FIELD)
    assert not wish.is_carried_by(run("Renamed", prerun=[]), FIELD)
    assert not desired(name="E-1").is_carried_by(there, FIELD)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"name": "Jo"}, "Jo"),
        ({"reference": "E-1"}, "Title (E-1)"),
        ({"name": "Jo", "reference": "E-1"}, "Jo (E-1)"),
        ({"name": "Jo (e-1)", "reference": "E-1"}, "Jo (e-1)"),
        ({"name": "e-1", "reference": "E-1"}, "e-1"),
        ({"name": "Jo E-1", "reference": "E-1"}, "Jo E-1 (E-1)"),
    ],
    ids=str,
)
def test_full_name(wish: dict[str, str], expected: str) -> None:
    assert desired(**wish).full_name("Title") == expected


awkward = st.text(
    st.sampled_from("aA1-() +%_'\"&;ßéÉ\u0301<>") | st.characters(blacklist_categories=["Cs"]), max_size=12
)
tricky = awkward | st.sampled_from(["E-1", "E-10", "e-1", "E", "a) (b", "(", ")", "()", "&amp;", "&", "R&D", "x (y)"])


@given(tricky, tricky | st.none(), tricky)
def test_what_is_launched_is_found_again(reference: str, name: str | None, title: str) -> None:
    wish = desired(reference=reference, name=name)
    assume(wish.key)
    launched = wish.full_name(title)
    for shown in (launched, html.escape(launched), launched.upper() if launched.isascii() else launched):
        assert wish.is_carried_by(run(shown))


@given(st.lists(st.tuples(tricky, tricky), max_size=6), tricky, tricky)
def test_the_index_finds_what_one_by_one_finds(rows: list[tuple[str, str]], reference: str, name: str) -> None:
    wish = desired(reference=reference, name=name)
    assume(wish.key)
    runs = [run(title, id=str(number), prerun={FIELD: value}) for number, (title, value) in enumerate(rows)]
    for field_id in (None, FIELD):
        found = RunIndex(runs, [FIELD]).find(wish, field_id)
        assert list(found) == [one for one in runs if wish.is_carried_by(one, field_id)]


simple = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=4)


@given(simple, simple, simple)
def test_one_reference_never_finds_another(one: str, other: str, title: str) -> None:
    assume(one != other and title != other)
    assert not desired(reference=other).is_carried_by(run(desired(reference=one).full_name(title)))


def test_the_oldest_active_one_is_meant() -> None:
    old, new = run("a", created_at="2026-01-01"), run("b", created_at="2026-02-01")
    assert Found((old, new), (run("c"),)).current is old
    assert Found((), (old, new)).current is new
    assert Found().current is None
    assert sorted([new, old], key=age) == [old, new]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "problems"),
    [
        ({"reference": "E-1", "owner": ALICE, "tags": " "}, []),
        ({"name": "x", "tags": [" ", 7], "folders": {"add": "a", "remove": ["A"], "st": []}}, [
            "tags: entry 2 is the number 7, not a text: put it in quotes", "tags holds a blank name",
            "unknown field folders.st; did you mean set?", "folders.add and folders.remove both name a",
        ]),
        ({"template": " ", "name": ""}, [
            "template is missing: give its ID or its exact title",
            "name and reference are missing: give one of them, so that the next run finds the process",
        ]),
        ({"name": "x", "reference_field": "Notes", "owner": "alice"}, [
            "reference_field needs a reference", "owner 'alice' is not an e-mail address",
        ]),
        ({"name": "x" * LONGEST_NAME, "reference": "E-1"}, [
            "name has 556 characters including its reference; at most 550 are allowed",
        ]),
        ({"process_id": FIELD}, []),
        ({"process_id": "HR-1", "duplicates": "archive"}, [
            "process_id 'HR-1' is not an ID: an ID has 32 characters, 0-9 and a-f",
            "duplicates=archive cannot be given with process_id, which names one process",
        ]),
    ],
    ids=str,
)  # fmt: skip
def test_problems_by_themselves(wish: dict[str, Any], problems: list[str]) -> None:
    assert validate_process(desired(**wish)) == problems


@pytest.mark.parametrize("by_id", [{}, {"process_id": FIELD}], ids=["found", "by-id"])
def test_what_is_archived_is_not_changed(by_id: dict[str, Any]) -> None:
    wish = desired(name="x", owner=ALICE, kickoff={"a": 1}, tags=["t"], **by_id)
    options = [*(["name"] if by_id else []), "kickoff", "owner", "tags"]
    assert validate_archived(wish) == []
    problems = validate_archived(replace(wish, state="archived"))
    assert problems == [f"{one} cannot be changed with state=archived" for one in options]


@pytest.mark.parametrize("option", ["name", "reference", "tags", "folders"])
@pytest.mark.parametrize("point", ["\u200b", "\x1b", "\u202e", "\ud83d"])
def test_what_cannot_be_seen_is_refused_and_dropped_at_the_ends(option: str, point: str) -> None:
    def given(text: str) -> DesiredProcess:
        return desired(**{"name": "x", option: [text] if option in ("tags", "folders") else text})

    (problem,) = validate_process(given(f"a{point}b"))
    assert problem.startswith(option)
    assert f"holds U+{ord(point):04X}" in problem
    if point != "\ud83d":
        assert getattr(given(f"\ufeff{point} a b{point}"), option) in ("a b", Names(("a b",)))


def test_letters_are_composed_and_names_are_reported_once() -> None:
    tags = ["Caf\u00e9", "CAFE\u0301 "]
    given = desired(name="Jose\u0301", reference="e\u0301", tags=tags, folders=["a\u00a0b", "a b"])
    assert (given.name, given.reference) == ("Jos\u00e9", "\u00e9")
    assert (given.tags, given.folders) == (Names(("Caf\u00e9",)), Names(("a b",)))


TEMPLATE = Template(
    {
        "id": "t", "title": "Title", "prerun": [
            {"id": "1", "label": "Number", "field_type": "text", "alias": "number-1"},
            {"id": "2", "label": "Buddy", "field_type": "assignees_form"},
            {"id": "3", "label": "Size", "field_type": "radio", "required": True, "options": [{"id": 1, "text": "S"}]},
        ],
    },
    ({"id": "s1", "title": "First", "alias": "first-1"}, {"id": "s2", "title": "Second"}),
)  # fmt: skip
KNOWN = Known(
    directory=Directory(
        map(Member, [{"id": 1, "email": ALICE, "status": "active"}, {"id": 2, "email": BOB, "status": "disabled"}])
    ),
    groups=Groups(people={"id": "g1", "name": "People", "members": [], "guests": []}),
    tags={"urgent": {"t1": "Urgent"}, "twin": {"t2": "twin", "t3": "Twin"}},
    folders={"hr": {"d1": "HR"}},
)


def prepared(**wish: Any) -> tuple[DesiredProcess, Launch]:
    one = desired(**wish)
    launch, problems = prepare_launch(one, TEMPLATE)
    assert problems == []
    return one, launch


def test_everything_wrong_with_a_launch_at_once() -> None:
    wish = desired(
        name="x", reference="E-1", reference_field="Size", kickoff={"Height": 3},
        assignments={"First": ["bob"], "first-1": [ALICE], "s1": [ALICE], "Last": [ALICE], "Second": {"until": 1},
                     "s2": {"deadline": "soon"}},
    )  # fmt: skip
    _launch, problems = prepare_launch(wish, Template({**TEMPLATE.record, "status": "Draft"}, TEMPLATE.steps))
    assert problems == [
        "template 'Title' is a draft; publish it in Tallyfy first",
        "reference_field: Size is a radio field; give a text field",
        "kickoff: there is no field 'Height'; fields: Number, Buddy, Size",
        "kickoff: Size is required (radio of S)",
        "assignments: First: members: 'bob' is not an e-mail address",
        "assignments: step 's1' is named twice",
        "assignments: Last: there is no step 'Last'; steps: First, Second",
        "assignments: Second: unknown field until; takes members, guests, groups, deadline",
        "assignments: s2: deadline 'soon' is not a date such as 2026-03-02 17:00:00",
    ]


@pytest.mark.parametrize(
    ("kickoff", "problems"),
    [
        ({}, []),
        ({"number": "e-1"}, []),
        ({"number-1": " "}, []),
        ({"Number": None}, []),
        ({"Number": "E-2"}, ["kickoff: Number is the reference_field, but its value differs from the reference"]),
    ],
    ids=str,
)
def test_reference_in_a_field(kickoff: dict[str, Any], problems: list[str]) -> None:
    wish = desired(reference="E-1", reference_field="NUMBER", kickoff={**kickoff, "Size": "S"})
    launch, reported = prepare_launch(wish, TEMPLATE)
    assert reported == problems
    assert problems or launch.kickoff.encoded == {"1": "E-1", "3": "S"}


def test_reference_field_that_is_not_there() -> None:
    wish = desired(reference="E-1", reference_field="Nummer", kickoff={"Size": "S"})
    assert prepare_launch(wish, TEMPLATE)[1] == [
        "reference_field: there is no field 'Nummer'; fields: Number, Buddy, Size"
    ]


def test_title_makes_the_name_too_long() -> None:
    template = Template({**TEMPLATE.record, "title": "x" * LONGEST_NAME}, TEMPLATE.steps)
    assert "name has 556 characters" in prepare_launch(desired(reference="E-1", kickoff={"Size": "S"}), template)[1][0]


def test_names_that_nobody_has() -> None:
    wish, launch = prepared(
        name="x", owner=BOB, tags=["Urgent", "twin", "none"], folders=["HR", "IT"],
        kickoff={"Size": "S", "Buddy": {"members": ["no@example.com"], "groups": ["people", "Nobodies"]}},
        assignments={"First": [BOB]},
    )  # fmt: skip
    assert validate_names(wish, launch, KNOWN) == [
        f"owner: {BOB} is disabled",
        "kickoff: Buddy: no@example.com is not a member of the organization",
        "kickoff: Buddy: there is no group 'Nobodies'; groups: People",
        f"assignments: First: {BOB} is disabled",
        "tags: 2 tags are named 'twin'; rename all but one",
        "tags: there is no tag 'none'; tags: twin, urgent",
        "folders: there is no folder 'IT'; folders: hr",
    ]


def test_body_of_a_launch() -> None:
    wish, launch = prepared(
        reference="E-1", reference_field="Number", owner=ALICE, tags=["URGENT"], folders=["hr"],
        kickoff={"Size": "s", "Buddy": {"members": [ALICE], "guests": ["g@example.org"], "groups": ["PEOPLE"]}},
        assignments={"First": [ALICE.upper()], "Second": {"deadline": "2026-03-02T17:00:00+01:00"}},
    )  # fmt: skip
    assert launch.body(wish, KNOWN) == {
        "checklist_id": "t",
        "name": "Title (E-1)",
        "prerun": {"1": "E-1", "3": "S", "2": {"users": [1], "guests": ["g@example.org"], "groups": ["g1"]}},
        "owner_id": 1,
        "tasks": {
            "s1": {"owners": {"users": [1], "guests": [], "groups": []}},
            "s2": {"deadline": "2026-03-02 16:00:00"},
        },
        "tags": ["t1"],
        "folders": ["d1"],
    }
    assert prepared(name="x", kickoff={"Size": "S"})[1].body(desired(name="x"), KNOWN) == {
        "checklist_id": "t", "name": "x", "prerun": {"3": "S"},
    }  # fmt: skip


STEP = {"id": "s1", "title": "First", "assignees": [1, 5], "guests": ["g@example.org"], "groups": ["g1"]}


@pytest.mark.parametrize(
    ("value", "users", "guests", "groups"),
    [
        ([ALICE], [1, 5], ["g@example.org"], ["g1"]),
        ("bob@example.com", [1, 5, 2], ["g@example.org"], ["g1"]),
        ({"members": {"set": [BOB]}}, [2], ["g@example.org"], ["g1"]),
        ({"members": {"remove": [ALICE, "no@example.com"]}}, [5], ["g@example.org"], ["g1"]),
        ({"guests": ["G@example.org", "h@example.org"]}, [1, 5], ["g@example.org", "h@example.org"], ["g1"]),
        ({"groups": {"remove": ["people", "Nobodies"]}}, [1, 5], ["g@example.org"], []),
        ({"members": {"set": []}, "guests": {"set": []}}, [], [], ["g1"]),
        ({"members": {"set": [BOB]}, "guests": {"set": []}, "groups": {"set": []}}, [2], [], []),
    ],
    ids=str,
)
def test_who_gets_a_step(value: Any, users: list[int], guests: list[str], groups: list[str]) -> None:
    """What is not mentioned stays as the template says; a bucket that is not sent would be wiped."""
    assert Override.from_value(STEP, value).owners(KNOWN) == {"users": users, "guests": guests, "groups": groups}


def test_a_step_that_nobody_would_get() -> None:
    emptied = {name: {"set": []} for name in ("members", "guests", "groups")}
    wish, launch = prepared(name="x", kickoff={"Size": "S"}, assignments={"First": emptied})
    assert validate_names(wish, launch, KNOWN) == ["assignments: First: nobody would be assigned; add an assignee"]


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ({"id": 7, "tag_id": "t1", "title": "Urgent"}, []),
        (
            {"id": "t1", "title": "Urgent"},
            ["tags: Tallyfy does not return the ID that is needed to remove 'URGENT'; remove it in Tallyfy"],
        ),
        ({"id": "t9", "title": "Other"}, []),
    ],
)
def test_a_tag_is_taken_off_by_the_number_of_its_tie(row: dict[str, Any], problems: list[str]) -> None:
    current = run("x", tags=[row], folders=[{"name": "HR"}])
    assert validate_names(desired(name="x", tags={"remove": "URGENT"}), None, KNOWN, current=current) == problems
    (problem,) = validate_names(desired(name="x", folders={"set": []}), None, KNOWN, current=current)
    assert problem == "folders: the API cannot remove a process from 'hr'; remove it in Tallyfy"
    assert validate_names(desired(name="x", folders={"set": ["hr"]}), None, KNOWN, current=current) == []


def test_not_stored() -> None:
    wish, launch = prepared(reference="E-1", reference_field="Number", kickoff={"Size": "S", "Buddy": [ALICE]})
    sent = launch.body(wish, KNOWN)["prerun"]
    assert [one.label for one in launch.not_stored({"prerun": {**sent, "3": None}}, sent)] == ["Size"]
    assert [one.label for one in launch.not_stored({"prerun": []}, sent)] == ["Number", "Buddy", "Size"]
    assert launch.not_stored({"prerun": {"data": sent}}, sent) == []


# --- planning ---------------------------------------------------------------------------------------------------------

THERE = run("Jo (E-1)", owner_id="1", tags={"data": [{"title": "Urgent"}]}, folders=[], users=[1], groups=[])
GONE = {**THERE, "id": "old", "status": "archived", "archived_at": "2026-02-01"}


def plan(found: Found, **wish: Any) -> Any:
    return plan_process(desired(**wish), found, None, KNOWN)


@pytest.mark.parametrize(
    ("wish", "after", "actions"),
    [
        ({"reference": "E-1"}, {}, []),
        ({"reference": "E-1", "name": " JO", "owner": ALICE.upper(), "tags": ["urgent"]}, {}, []),
        ({"name": "Jo (E-1)"}, {}, []),
        ({"reference": "E-1", "name": "Jordan"}, {"name": "Jordan (E-1)"}, ["updated"]),
        ({"reference": "E-1", "tags": ["Urgent", "New"]}, {"tags": ["New", "Urgent"]}, ["tagged"]),
        ({"reference": "E-1", "folders": ["HR", "IT"]}, {"folders": ["HR", "IT"]}, ["added_to_folder"] * 2),
    ],
    ids=str,
)
def test_plan_for_one_that_is_there(wish: dict[str, Any], after: dict[str, Any], actions: list[str]) -> None:
    made = plan(Found((THERE,)), **wish)
    assert [step.action for step in made.steps] == actions
    assert made.after == after
    assert made.before.keys() == after.keys()
    assert made.warnings == ()


def test_plan_of_another_owner() -> None:
    made = plan(Found(({**THERE, "owner_id": 9},)), reference="E-1", owner=ALICE, name="Jordan")
    assert (made.before, made.after) == ({"name": "Jo (E-1)", "owner": 9}, {"name": "Jordan (E-1)", "owner": ALICE})
    assert [(step.action, dict(step.values), step.reason) for step in made.steps] == [
        ("updated", {"name": "Jordan (E-1)", "owner": ALICE}, "name, owner differ")
    ]


def test_plan_reactivates_before_anything_else() -> None:
    made = plan(Found((), (GONE,)), reference="E-1", name="Jordan", folders=["HR"])
    assert [step.action for step in made.steps] == ["unarchived", "updated", "added_to_folder"]
    assert made.before == {"status": "archived", "name": "Jo (E-1)", "folders": []}
    assert made.after == {"status": "active", "name": "Jordan (E-1)", "folders": ["HR"]}


def test_several_carry_it() -> None:
    found = Found((THERE, run("Other (E-1)", id="second")))
    made = plan(found, reference="E-1")
    assert made.steps == ()
    (warning,) = made.warnings
    assert warning.startswith(
        "Jo (E-1): 2 active processes have the reference 'E-1'. The oldest was used. Archive the others (second)"
    )
    archived = plan(found, reference="E-1", duplicates="archive")
    assert [(step.action, step.target) for step in archived.steps] == [("archived", "second")]
    assert (archived.before, archived.after) == ({"duplicates": ["second"]}, {"duplicates": []})
    assert archived.warnings == ()
    with pytest.raises(
        InputError, match=r"2 active processes have the reference 'E-1', so none was archived: Jo \(E-1\), second"
    ):
        plan(found, reference="E-1", state="archived")


def test_a_tag_is_the_same_however_its_letters_are_composed() -> None:
    current = run("x", tags=[{"title": "Cafe\u0301"}], folders=[{"name": "\u00c5rhus"}])
    wish = desired(name="x", tags=["caf\u00e9"], folders=["A\u030arhus"])
    assert plan_process(wish, Found((current,)), None, KNOWN).steps == ()
    left = beyond_of(wish, current)
    assert (left.tags, left.folders) == (None, None)


def test_tags_that_are_not_shown_are_not_compared() -> None:
    made = plan(Found((run("Jo (E-1)"),)), reference="E-1", tags=["x"])
    assert made.steps == ()
    assert "does not return its tags" in made.warnings[0]


@pytest.mark.parametrize(
    ("found", "actions"), [(Found(), []), (Found((), (GONE,)), []), (Found((THERE,), (GONE,)), ["archived"])]
)
def test_plan_of_the_end(found: Found, actions: list[str]) -> None:
    made = plan(found, reference="E-1", state="archived")
    assert [step.action for step in made.steps] == actions
    assert made.after == ({"status": "archived"} if actions else {})


def test_plan_of_a_launch() -> None:
    wish, launch = prepared(reference="E-1", owner=ALICE, kickoff={"Size": "s"}, assignments={"First": [ALICE]})
    made = plan_process(wish, Found(), launch, KNOWN)
    assert made.before == {}
    assert made.after == {
        "name": "Title (E-1)", "template": "Title", "status": "active", "kickoff": {"Size": "S"},
        "assignments": {"First": {"members": [ALICE]}}, "owner": ALICE,
    }  # fmt: skip
    (step,) = made.steps
    assert step.described() == {
        "action": "launched", "reason": "no process has the reference 'E-1'", "target": "Title",
        "fields": ["assignments", "kickoff", "name", "owner"],
    }  # fmt: skip


def beyond_of(wish: DesiredProcess, current: dict[str, Any]) -> DesiredProcess:
    form = Form(TEMPLATE.fields)
    return beyond(wish, shape_process(current, form, KNOWN), form)


def test_only_what_it_lacks_is_looked_up() -> None:
    wish = desired(name="x", tags=["URGENT", "New"], folders=["HR"], owner=ALICE.upper(), kickoff={"size": "S"})
    left = beyond_of(wish, {**THERE, "prerun": {"3": "S"}})
    assert (left.tags, left.folders, left.owner, left.kickoff) == (Names(("New",)), Names(("HR",)), None, {})
    assert beyond_of(wish, run("x")) == wish


@pytest.mark.parametrize(
    "values",
    [
        {"1": "=#N/A", "2": {"users": [1, 99], "guests": ["g@example.org"], "groups": ["g1", "gone"]}, "3": "XXL"},
        {"2": {"users": [{"id": 1}], "guests": [], "groups": []}},
        {"2": {"users": ["1"], "guests": None}},
        {},
    ],
)
def test_what_is_reported_can_be_given_back(values: dict[str, Any]) -> None:
    """It is not looked up, so that nothing of it is refused: not even who is gone, or what no field takes any more."""
    current = {**THERE, "prerun": values}
    reported = shape_process(current, Form(TEMPLATE.fields), KNOWN)
    given = {name: reported[name] for name in ("name", "reference", "owner", "kickoff", "tags", "folders")}
    left = beyond_of(DesiredProcess.from_params({"process_id": FIELD, **given}), current)
    assert left == DesiredProcess(process_id=FIELD, kickoff=left.kickoff)
    assert not any(left.kickoff.values())


def test_drift_of_kickoff_values() -> None:
    wish = desired(name="x", kickoff={"Size": "s", "Number": "2", "Buddy": [ALICE], "Height": 1})
    current = run("x", prerun={"1": "1", "2": {"users": [5]}, "3": "S"})
    (entry,), notes = compare_kickoff(wish, current, TEMPLATE.fields)
    assert entry == {"field": "Number", "current": "1", "wanted": "2", "reason": AT_LAUNCH}
    assert any("Number" in note for note in notes)
    assert compare_kickoff(wish, run("x"), TEMPLATE.fields)[0] == []


# --- reading ----------------------------------------------------------------------------------------------------------


class FakeRuns:
    """Answers the list of processes as a service that knows some of the filters only."""

    def __init__(self, rows: list[dict[str, Any]], ignores: tuple[str, ...] = ()) -> None:
        self.rows = rows
        self.ignores = ignores
        self.asked: list[dict[str, Any]] = []

    def path(self, *segments: str) -> str:
        return "/".join(segments)

    def records(self, _path: str, *, query: dict[str, Any], workers: int) -> list[dict[str, Any]]:
        assert workers == 1
        self.asked.append({name: value for name, value in query.items() if value is not None})
        query = {name: value for name, value in query.items() if name not in self.ignores}
        wants_archived = query.get("archived") == "only" or query.get("status") == "archived"
        return [
            row
            for row in self.rows
            if ("archived_at" in row) is wants_archived
            and query.get("checklist_id") in (None, row["checklist_id"])
            and (query.get("q") or "").lower() in row["name"].lower()
        ]


ROWS = [
    run("b", created_at="2026-02-01"), run("a"), run("a2", checklist_id="other"),
    run("c", archived_at="2026-03-01"), run("d", archived_at="2026-03-01", checklist_id="other"),
]  # fmt: skip


@pytest.mark.parametrize("ignores", [(), ("archived",), ("status",), ("checklist_id",), ("q",)], ids=str)
def test_rows_speak_for_themselves(ignores: tuple[str, ...]) -> None:
    client: Any = FakeRuns(ROWS, ignores)
    assert [row["id"] for row in list_runs(client, "t")] == ["a", "b"]
    assert [row["id"] for row in list_runs(client, "t", archived=True)] == ["c"]
    assert len(client.asked) == (3 if ignores == ("archived",) else 2)


def test_what_is_asked_for() -> None:
    client: Any = FakeRuns(ROWS)
    list_runs(client, None, query="a", includes=["tags", "folders"], filters={"owners": 7})
    assert client.asked == [{"q": "a", "with": "tags,folders", "owners": 7}]


def test_values_and_includes_in_every_shape() -> None:
    assert values_of({"prerun": {"1": "a"}}) == {"1": "a"}
    assert values_of({"prerun": []}) == values_of({}) == values_of({"prerun": None}) == {}
    assert shown_names({"tags": {"data": [{"title": "A"}]}}, "tags") == ["A"]
    assert shown_names({"folders": [{"name": "B"}]}, "folders") == ["B"]
    assert shown_names({}, "tags") is shown_names({"tags": ["id"]}, "tags") is None
    rows = [{"id": "1", "label": "Number", "field_type": "text"}]
    assert [one.label for one in shown_fields({"ko_form_fields": {"data": rows}})] == ["Number"]
    assert shown_fields({"ko_form_fields": rows}) == shown_fields({"ko_form_fields": {"data": rows}})
    assert shown_fields({}) == shown_fields({"ko_form_fields": None}) == ()


@pytest.mark.parametrize("progress", [{"percent": 50, "total": 2}, 50])
def test_shape(progress: Any) -> None:
    shaped = shape_process(run("x", progress=progress, owner_id="7", started_by=None, prerun=[], archived_at="2026"))
    assert (shaped["percent"], shaped["owner_id"], shaped["started_by"]) == (50, 7, None)
    assert (shaped["kickoff"], shaped["status"], shaped["state"]) == (None, "archived", "archived")


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("Onboarding (HR-1)", "HR-1"), ("Onboarding (HR (1)) ", "HR (1)"), ("(x)", "x"), ("Tour (a) (b)", "b"),
        ("Tour (a", None), ("Tour a)", None), ("Tour (a) b", None), ("Tour ()", None), ("", None), ("Tour (a))", "a)"),
    ],
)  # fmt: skip
def test_the_reference_that_a_name_carries(name: str, reference: str | None) -> None:
    assert shape_process(run(name))["reference"] == reference
    if reference is not None:
        wish = desired(name=name, reference=reference)
        assert wish.is_carried_by(run(name))
        assert wish.full_name("Title") == name.strip()


def test_the_reference_in_a_field_goes_before_that_in_the_name() -> None:
    assert shape_process(run("x (E-1)", prerun={"1": "E-2"}), field_id="1")["reference"] == "E-2"
    assert shape_process(run("x (E-1)", prerun={"1": " "}), field_id="1")["reference"] == "E-1"


def test_fields_of_one_label_are_reported_by_their_aliases() -> None:
    labels = ("Size", "size ", "size")
    rows = [{"id": str(one), "label": label, "alias": f"a-{one}"} for one, label in enumerate(labels)]
    form = Form(Template({"id": "t", "prerun": [*rows, {"id": "9", "label": ""}]}).fields)
    assert list(form.names.values()) == ["Size", "a-1", "a-2", "9"]
    reported = shape_process({"prerun": {"1": "S"}}, form)["kickoff"]
    assert reported == {"Size": None, "a-1": "S", "a-2": None, "9": None}


def test_assignees_without_a_number_are_an_error() -> None:
    with pytest.raises(InputError, match=r"x@example\.com is not a member"):
        KNOWN.resolved(Assignees(members=("x@example.com",)))
