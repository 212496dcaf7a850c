# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kick-off forms: values by label, checked and encoded by type, and recognized when they are read back.

What the service takes for each type (API reference, "Kick-off and task field values") is written down here a second
time, as the judge of what is sent.
"""

from __future__ import annotations

import html
import json
import re
from datetime import date, datetime, timezone
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import (
    MOST_CHOICES,
    FormField,
    Option,
    UnfitError,
    choices,
    described,
    fields_of,
    find_field,
    is_empty,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import (
    LONGEST_TEXT,
    LONGEST_TEXTAREA,
    Assignees,
    encode,
    is_stored,
    moment,
    shown_value,
)

SIZES = (Option(1, "Small"), Option(2, "LARGE", "L"), Option(7, "Straße"))


def field(kind: str, label: str = "Field", **values: Any) -> FormField:
    return FormField(id=f"{label}-id", label=label, kind=kind, alias=f"{label.lower()}-1", **values)


TEXT, AREA, EMAIL, DATE, FILE = (field(kind) for kind in ("text", "textarea", "email", "date", "file"))
RADIO, DROPDOWN, MULTISELECT = (field(kind, options=SIZES) for kind in ("radio", "dropdown", "multiselect"))
TABLE = field("table", columns=("Item", "Qty"))
PEOPLE = field("assignees_form")
UNKNOWN = field("hologram")
ALL = (TEXT, AREA, EMAIL, DATE, FILE, RADIO, DROPDOWN, MULTISELECT, TABLE, PEOPLE, UNKNOWN)
SMALL = {"id": 1, "text": "Small", "value": None}
LARGE = {"id": 2, "text": "LARGE", "value": "L"}


def encoded(one: FormField, value: Any) -> Any:
    kickoff = encode([one], {one.label: value})
    assert kickoff.problems == ()
    return kickoff.encoded[one.id]


def refused(one: FormField, value: Any) -> str:
    kickoff = encode([one], {one.label: value})
    (problem,) = kickoff.problems
    return problem


# --- encoding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "value", "expected"),
    [
        (TEXT, " Jordan ", "Jordan"),
        (TEXT, "\u00a0Zoe\u0308\u200b", "Zo\u00eb"),
        (TEXT, 7, "7"),
        (TEXT, "x" * LONGEST_TEXT, "x" * LONGEST_TEXT),
        (AREA, "a\nb", "a\nb"),
        (AREA, "é" * LONGEST_TEXTAREA, "é" * LONGEST_TEXTAREA),
        (EMAIL, " Jo@Example.com ", "Jo@Example.com"),
        (DATE, "2026-03-02", "2026-03-02T00:00:00.000Z"),
        (DATE, "2026-03-02 09:00", "2026-03-02T09:00:00.000Z"),
        (DATE, "2026-03-02 09:00:30", "2026-03-02T09:00:30.000Z"),
        (DATE, "2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000Z"),
        (DATE, "2026-03-02T09:00:00.123Z", "2026-03-02T09:00:00.000Z"),
        (DATE, "2026-03-02T00:30:00+02:00", "2026-03-01T22:30:00.000Z"),
        (DATE, "2026-03-02T00:30:00-0230", "2026-03-02T03:00:00.000Z"),
        (DATE, date(2026, 3, 2), "2026-03-02T00:00:00.000Z"),
        (DATE, datetime(2026, 3, 2, 9, tzinfo=timezone.utc), "2026-03-02T09:00:00.000Z"),
        (DATE, "0999-03-02", "0999-03-02T00:00:00.000Z"),
        (RADIO, " small", "Small"),
        (RADIO, "STRASSE", "Straße"),
        (DROPDOWN, "Small", SMALL),
        (DROPDOWN, "large", LARGE),
        (MULTISELECT, "Small", [{**SMALL, "selected": True}]),
        (MULTISELECT, ["LARGE", "Small", "large"], [{**LARGE, "selected": True}, {**SMALL, "selected": True}]),
        (TABLE, ["Laptop", 1], ["Laptop", "1"]),
        (TABLE, ["Laptop", None], ["Laptop", ""]),
        (TABLE, {"qty": 1, " Item": "Laptop"}, ["Laptop", "1"]),
        (TABLE, {"Qty": 1}, ["", "1"]),
        (PEOPLE, "a@example.com", Assignees(members=("a@example.com",))),
        (PEOPLE, ["a@example.com", " ", "A@example.com"], Assignees(members=("a@example.com",))),
        (PEOPLE, {"guests": "g@example.org", "groups": ["HR"], "members": None},
         Assignees(guests=("g@example.org",), groups=("HR",))),
        (FILE, "https://example.com/a/offer%20letter.pdf?x=1",
         [{"filename": "offer letter.pdf", "url": "https://example.com/a/offer%20letter.pdf?x=1", "source": "url"}]),
        (FILE, ["https://example.com"], [{"filename": "example.com", "url": "https://example.com", "source": "url"}]),
        (FILE, {"url": "https://example.com/x", "filename": "y.pdf"},
         [{"filename": "y.pdf", "url": "https://example.com/x", "source": "url"}]),
        (FILE, [{"id": "f1", "filename": "z", "version": 1}], [{"id": "f1", "filename": "z", "version": 1}]),
        (UNKNOWN, {"any": ["thing", date(2026, 3, 2)]}, {"any": ["thing", "2026-03-02"]}),
    ],
)  # fmt: skip
def test_encoded(one: FormField, value: Any, expected: Any) -> None:
    assert encoded(one, value) == expected


@pytest.mark.parametrize(
    ("one", "value", "message"),
    [
        (TEXT, "x" * 201, "has 201 characters, at most 200 are allowed"),
        (AREA, "x" * 30001, "has 30001 characters, at most 30000 are allowed"),
        (TEXT, "a\u200bb", "holds U+200B (zero width space), which cannot be seen"),
        (AREA, "a\n\u202eb", "holds U+202E"),
        (TEXT, "#REF!", "is #REF!, an error value of a spreadsheet"),
        (AREA, "4.91512E+12", "a number that a spreadsheet has shortened"),
        (TABLE, ["Laptop", "#N/A"], "is #N/A"),
        (TEXT, True, "is the truth value true; put quotes around a text"),
        (TEXT, 1.5, "is the number 1.5, which may have lost digits; put it in quotes"),
        (AREA, float("nan"), "is the number nan"),
        (RADIO, 3.1, "is the number 3.1"),
        (MULTISELECT, ["Small", 3.1], "is the number 3.1"),
        (TABLE, ["Laptop", 1.5], "is the number 1.5"),
        (TEXT, ["a"], "takes one text or number, not \"['a']\""),
        (TEXT, {"a": 1}, "takes one text or number"),
        (EMAIL, "nobody", "'nobody' is not an e-mail address"),
        (EMAIL, "mailto:a@example.com", "is not an e-mail address"),
        (DATE, "tomorrow", "'tomorrow' is not a date such as 2026-03-02"),
        (DATE, "2026-02-30", "is not a date"),
        (DATE, "2026-03-02T24:00", "is not a date"),
        (DATE, "0001-01-01T00:00:00+14:00", "is not a date"),
        (DATE, 20260302, "is not a date"),
        (RADIO, "Medium", "'Medium' is not an option; options: Small, LARGE, Straße"),
        (RADIO, False, "truth value false"),
        (DROPDOWN, 1, "'1' is not an option"),
        (DROPDOWN, ["Small"], "takes one text or number"),
        (DROPDOWN, {"id": 1, "text": "Small"}, "takes one text or number"),
        (
            MULTISELECT,
            ["Small", "XS", "XL"],
            "'XS' is not an option; options: Small, LARGE, Straße; 'XL' is not an option",
        ),
        (TABLE, "Laptop", "is a table; give a list with one entry for each column (Item, Qty)"),
        (TABLE, ["Laptop"], "has 1 entries for 2 columns (Item, Qty)"),
        (TABLE, ["Laptop", "1", "2"], "has 3 entries for 2 columns"),
        (TABLE, ["Laptop", ["1"]], "takes one text or number"),
        (TABLE, {"Color": "red", "Qty": 1}, "there is no column Color; columns: Item, Qty"),
        (PEOPLE, "bob", "'bob' is not an e-mail address"),
        (PEOPLE, {"guests": ["g"]}, "'g' is not an e-mail address"),
        (PEOPLE, {"people": ["a@example.com"]}, "takes members, guests and groups, not people"),
        (FILE, "letter.pdf", "'letter.pdf' is not a URL of a file"),
        (FILE, "ftp://example.com/a", "is not a URL"),
        (FILE, {"filename": "a"}, "'' is not a URL"),
        (FILE, "https://[example", "'https://[example' is not a URL"),
    ],
)
def test_refused(one: FormField, value: Any, message: str) -> None:
    problem = refused(one, value)
    assert problem.startswith("Field: ")
    assert message in problem


@pytest.mark.parametrize(
    ("one", "value", "numbers"),
    [
        (TEXT, "Reference: 00123", "83"),
        (AREA, "Notes: 12:30:45", "45045"),
        (TEXT, "Id: 0x1F", "31"),
        (TEXT, "Id: 1_000", "1000"),
        (TABLE, "Gear: [Laptop, 010]", "8"),
        (TABLE, "Gear: {Item: 007, Qty: 010}", "7, 8"),
        (field("radio", options=(Option(1, "8"),)), "Size: 010", "8"),
        (field("multiselect", options=(Option(1, "8"),)), "Size: [010]", "8"),
    ],
)
def test_what_yaml_took_for_a_number_is_reported(one: FormField, value: str, numbers: str) -> None:
    (given_value,) = yaml.safe_load(value).values()
    (note,) = encode([one], {one.label: given_value}).notes
    assert note == f"Field: given as a number and sent as {numbers}; put quotes around a text such as '00123'"


@pytest.mark.parametrize(
    ("one", "value"), [(TEXT, "00123"), (TABLE, ["Laptop", "1"]), (UNKNOWN, 83), (FILE, {"id": 83}), (TEXT, True)]
)
def test_what_is_no_number_or_may_be_one_is_not_reported(one: FormField, value: Any) -> None:
    assert encode([one], {one.label: value}).notes == ()


def test_a_long_value_is_not_quoted_in_full() -> None:
    assert len(refused(EMAIL, "x" * 5000)) < 150


def test_options_of_one_text() -> None:
    twins = field("dropdown", options=(Option(1, "Yes"), Option(2, "yes"), Option(3, "No"), Option(4, "No")))
    assert encoded(twins, "yes") == {"id": 2, "text": "yes", "value": None}
    assert "2 options have the text 'YES'" in refused(twins, "YES")
    assert "2 options have the text 'No'" in refused(twins, "No")


def test_option_with_spaces_is_sent_as_the_template_has_it() -> None:
    assert encoded(field("radio", options=(Option(1, " Full-time "),)), "full-time") == " Full-time "


# --- the form as a whole ----------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    fields = [
        field("text", "Name", is_required=True), field("radio", "Size", options=SIZES, is_required=True),
        field("table", "Gear", columns=("Item", "Qty")), field("text", "Twin"), field("email", "twin"),
        field("dropdown", "Unit", options=SIZES, is_required=True),
    ]  # fmt: skip
    kickoff = encode(
        fields, {"Size": "XXL", "Gear": ["a"], "TWIN": "x", "Unheard of": 1, "Name": "  ", "gear-1": ["b", "c"]}
    )
    assert kickoff.problems == (
        "Size: 'XXL' is not an option; options: Small, LARGE, Straße",
        "Gear: has 1 entries for 2 columns (Item, Qty)",
        "2 fields have the label 'TWIN'; use an alias instead: twin-1, twin-1",
        "there is no field 'Unheard of'; fields: Name, Size, Gear, Twin, twin, Unit",
        "'Gear' and 'gear-1' are the same field",
        "Name is required (text)",
        "Unit is required (dropdown of Small, LARGE, Straße)",
    )


def test_shown_by_label_in_the_order_of_the_form() -> None:
    fields = [field("date", "Start"), field("dropdown", "Size", options=SIZES), field("assignees_form", "Buddy")]
    kickoff = encode(fields, {"buddy": ["a@example.com"], "SIZE": "small", "start-1": "2026-03-02"})
    assert list(kickoff.shown.items()) == [
        ("Start", "2026-03-02T00:00:00.000Z"), ("Size", "Small"), ("Buddy", {"members": ["a@example.com"]}),
    ]  # fmt: skip
    assert kickoff.assignees == [Assignees(members=("a@example.com",))]


@pytest.mark.parametrize("value", [None, "", "  ", [], [" ", None], {}, {"members": [], "groups": None}])
def test_blank_is_not_given(value: Any) -> None:
    assert is_empty(value)
    assert encode([TEXT], {"Field": value}).encoded == {}
    required = field("text", is_required=True)
    assert encode([required], {"Field": value}).problems == ("Field is required (text)",)


def test_a_required_value_is_one_that_can_be_seen() -> None:
    assert encode([field("text", is_required=True)], {"Field": "\u200b\u00a0"}).problems == (
        "Field is required (text)",
    )


@pytest.mark.parametrize("value", [0, False, "0", ["0"], {"members": ["a"]}])
def test_not_blank(value: Any) -> None:
    assert not is_empty(value)


def test_the_same_letters_composed_differently_are_the_same_name() -> None:
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    for label, name in ((composed, decomposed), (decomposed, composed)):
        form = [field("radio", label, options=(Option(1, label), Option(2, label.lower())))]
        assert encode(form, {name: name}).encoded == {form[0].id: label}, "the text is sent as the template has it"
        assert encode([field("table", columns=(label,))], {"Field": {name: "x"}}).problems == ()
        twins = [FormField("1", label, "text"), FormField("2", label.lower(), "text")]
        assert find_field(twins, name) is twins[0]
        assert is_stored(TEXT, label, name)


@pytest.mark.parametrize("name", ["Start date", " START DATE ", "start-7", "abc"])
def test_found_by_label_alias_and_id(name: str) -> None:
    one = FormField("abc", "Start date", "date", alias="start-7")
    assert find_field([TEXT, one], name) is one


def test_labels_that_differ_in_case_are_told_apart_by_it() -> None:
    upper, lower = FormField("1", "Site", "text", "s-1"), FormField("2", "site", "text", "s-2")
    assert find_field([upper, lower], "site") is lower
    with pytest.raises(UnfitError, match=r"2 fields have the label 'SITE'; use an alias instead: s-1, s-2"):
        find_field([upper, lower], "SITE")


def test_fields_of_a_template() -> None:
    rows = [
        {"id": "b", "label": " Second ", "field_type": "table", "position": "2", "columns": [{"label": "Item"}, None]},
        {"id": "a", "label": "First", "field_type": "radio", "position": 1, "required": 1, "alias": "first-1",
         "options": [{"id": 1, "text": "Yes"}, "junk"]},
        {"label": "no id"}, "junk", {"id": "c", "position": "last", "options": None, "label": None},
    ]  # fmt: skip
    assert fields_of(rows) == (
        FormField("c", "", "text"),
        FormField("a", "First", "radio", "first-1", True, (Option(1, "Yes"),)),
        FormField("b", "Second", "table", columns=("Item",)),
    )
    assert fields_of(None) == ()


def test_choices_are_not_endless() -> None:
    assert choices([]) == "none"
    assert choices(["a", "b"]) == "a, b"
    assert choices(str(number) for number in range(MOST_CHOICES + 3)).endswith(f"{MOST_CHOICES - 1} and 3 more")
    assert described(TABLE) == "table with the columns Item, Qty"


# --- reading back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "sent", "stored"),
    [
        (TEXT, "a  b", "a b "),
        (TEXT, "R&D <x>", "R&amp;D &lt;x&gt;"),
        (AREA, "Hello there", "<p>Hello <b>there</b></p>"),
        (EMAIL, "Jo@Example.com", "jo@example.COM"),
        (DATE, "2026-03-02T09:00:00.000Z", "2026-03-02 09:00:00"),
        (DATE, "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00+01:00"),
        (DATE, "2026-03-02T09:00:00.000Z", "2026-03-02"),
        (DROPDOWN, SMALL, {"id": "1", "text": "Small"}),
        (DROPDOWN, SMALL, "Small"),
        (MULTISELECT, [LARGE, SMALL], [{**SMALL, "selected": True}, LARGE, {"id": 7, "selected": False}]),
        (TABLE, ["Laptop", ""], ["Laptop", None]),
        (TABLE, ["Laptop", "1"], ["Laptop", 1]),
        (PEOPLE, {"users": [7], "guests": ["A@x.test"], "groups": []}, {"users": ["7"], "guests": ["a@x.test"]}),
        (PEOPLE, {"users": [7]}, {"users": [{"id": 7, "full_name": "Bo"}], "guests": None, "groups": []}),
        (FILE, [{"url": "https://x.test/a"}], [{"id": "1", "url": "https://x.test/a"}]),
        (FILE, [{"url": "https://x.test/a"}], {"url": "https://x.test/a"}),
        (UNKNOWN, "x", "x"),
    ],
)  # fmt: skip
def test_stored_in_another_spelling(one: FormField, sent: Any, stored: Any) -> None:
    assert is_stored(one, sent, stored)


@pytest.mark.parametrize(
    ("one", "sent", "stored"),
    [
        (TEXT, "a", "A"),
        (TEXT, "a", "ab"),
        (DATE, "2026-03-02T09:00:00.000Z", "2026-03-03"),
        (DATE, "2026-03-02T09:00:00.000Z", "2026-03-02T09:00:01Z"),
        (DATE, "2026-03-02T09:00:00.000Z", "soon"),
        (DROPDOWN, SMALL, LARGE),
        (DROPDOWN, SMALL, "LARGE"),
        (MULTISELECT, [SMALL], [SMALL, LARGE]),
        (MULTISELECT, [SMALL], [{**SMALL, "selected": False}]),
        (MULTISELECT, [SMALL], "Small"),
        (TABLE, ["Laptop", "1"], ["1", "Laptop"]),
        (TABLE, ["Laptop", "1"], "Laptop"),
        (PEOPLE, {"users": [7]}, {"users": [8]}),
        (PEOPLE, {"users": [7]}, {"users": [7], "groups": ["g"]}),
        (PEOPLE, {"users": [7]}, [7]),
        (FILE, [{"url": "https://x.test/a"}], [{"url": "https://x.test/b"}]),
    ],
)
def test_stored_otherwise(one: FormField, sent: Any, stored: Any) -> None:
    assert not is_stored(one, sent, stored)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.kind)
def test_what_was_dropped_is_not_stored(one: FormField) -> None:
    sent = {"dropdown": SMALL, "multiselect": [SMALL], "table": ["a", "b"], "assignees_form": {"users": [1]},
            "file": [{"url": "https://x.test/a"}], "date": "2026-03-02T09:00:00.000Z"}.get(one.kind, "x")  # fmt: skip
    assert not is_stored(one, sent, None)
    assert not is_stored(one, sent, [])
    assert not is_stored(one, sent, "")


@pytest.mark.parametrize(
    ("one", "stored", "expected"),
    [
        (DROPDOWN, SMALL, "Small"),
        (DROPDOWN, "Small", "Small"),
        (MULTISELECT, [{**SMALL, "selected": True}, {**LARGE, "selected": False}], ["Small"]),
        (FILE, [{"url": "https://x.test/a"}, "b"], ["https://x.test/a", "b"]),
        (PEOPLE, Assignees(guests=("g@example.org",)), {"guests": ["g@example.org"]}),
        (TEXT, None, None),
    ],
)
def test_shown(one: FormField, stored: Any, expected: Any) -> None:
    assert shown_value(one, stored) == expected


# --- any template, any values -----------------------------------------------------------------------------------------

KINDS = ("text", "textarea", "email", "date", "radio", "dropdown", "multiselect", "table", "assignees_form", "file")
words = st.text(max_size=8) | st.sampled_from(["Yes", "yes ", "No", "Straße", "R&D", "a+b", "1"])
scalars = (
    words | st.integers() | st.booleans() | st.none() | st.floats()
    | st.sampled_from(["x" * 200, "x" * 201, "a@example.com", "2026-03-02"])
    | st.sampled_from(["2026-03-02T09:00:00+02:00", "https://x.test/f.pdf"])
    | st.sampled_from([date(2026, 3, 2), datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words | st.sampled_from(["members", "guests", "groups", "url", "id"]), inner, max_size=3)
    ),
    max_leaves=3,
)
definitions = st.fixed_dictionaries(
    {
        "id": st.uuids().map(lambda one: one.hex),
        "label": words,
        "alias": words | st.none(),
        "field_type": st.sampled_from(KINDS),
        "required": st.booleans(),
        "options": st.lists(words, max_size=4).map(
            lambda texts: [{"id": number, "text": text, "value": None} for number, text in enumerate(texts, 1)]
        ),
        "columns": st.lists(words, max_size=3).map(lambda labels: [{"id": 1, "label": label} for label in labels]),
    }
)


def is_accepted(definition: dict[str, Any], value: Any) -> bool:
    """Return whether the service takes a value, after section 12.3; ids of people are put in already."""
    kind, options = definition["field_type"], definition["options"]
    if kind in ("text", "textarea"):
        return isinstance(value, str) and 0 < len(value) <= (30000 if kind == "textarea" else 200)
    if kind == "email":
        return isinstance(value, str) and re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None
    if kind == "date":
        return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", value) is not None
    if kind == "radio":
        return value in [option["text"] for option in options]
    if kind == "dropdown":
        return value in options
    if kind == "multiselect":
        plain = [{name: one[name] for name in one if name != "selected"} for one in value]
        return bool(value) and all(one["selected"] is True for one in value) and all(one in options for one in plain)
    if kind == "table":
        return len(value) == len(definition["columns"]) and all(isinstance(cell, str) for cell in value)
    if kind == "assignees_form":
        return set(value) == {"users", "guests", "groups"} and any(value.values())
    return bool(value) and all(one.get("id") or (one["filename"] and one["url"] and one["source"]) for one in value)


def as_sent(value: Any) -> Any:
    """Return a value as it goes out; here everybody has the number 7 and every group its name for an id."""
    if isinstance(value, Assignees):
        return {"users": [7 for _one in value.members], "guests": list(value.guests), "groups": list(value.groups)}
    return value


@given(st.lists(definitions, max_size=5), st.dictionaries(words, values, max_size=4), st.data())
def test_any_template_and_any_values(form: list[dict[str, Any]], anything: dict[str, Any], data: st.DataObject) -> None:
    fields = fields_of(form)
    named = {one["label"] or one["id"]: data.draw(values) for one in form}
    kickoff = encode(fields, {**anything, **named})
    by_id = {one["id"]: one for one in form}
    for one in fields:
        value = as_sent(kickoff.encoded.get(one.id))
        if value is None:
            continue
        assert is_accepted(by_id[one.id], value), (one, value)
        assert is_stored(one, value, value)
        assert is_stored(one, value, json.loads(json.dumps(value)))
        assert not is_stored(one, value, None) or is_empty(value)
    assert set(kickoff.encoded) <= set(by_id)
    missing = {one.label for one in fields if one.is_required and one.id not in kickoff.encoded}
    assert all(any(problem.startswith(f"{label} is required") for problem in kickoff.problems) for label in missing)


@given(st.text(max_size=40))
def test_texts_survive_being_escaped(text: str) -> None:
    sent = encode([TEXT], {"Field": text}).encoded.get(TEXT.id)
    assume(sent is not None)
    assert is_stored(TEXT, sent, html.escape(text))


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_dates_survive(when: datetime) -> None:
    sent = encoded(DATE, when.isoformat())
    assert moment(sent) == when.replace(microsecond=0)
    assert is_stored(DATE, sent, when.strftime("%Y-%m-%d").zfill(10))
