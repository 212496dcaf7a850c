# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a roster and the organization disagree about: which kind of drift each row is, and how its fields read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._drift import drift_of

BOB = "bob@example.com"


def row(action: str, **more: Any) -> dict[str, Any]:
    outcome = "unchanged" if action == "none" else "changed"
    return {"email": BOB, "action": action, "outcome": outcome, "message": "", **more}


def told(action: str, **more: Any) -> tuple[str, str, str]:
    (one,) = drift_of([row(action, **more)])
    assert one["email"] == BOB
    return one["outcome"], one["done"], one["note"]


def test_who_is_as_wanted_is_no_drift() -> None:
    assert drift_of([]) == []
    assert drift_of([row("none"), row("none", notes=[])]) == []


@pytest.mark.parametrize("action", ["create", "invite"])
def test_who_is_listed_and_no_member_is_missing(action: str) -> None:
    after = {"first_name": "Bob", "email": BOB, "role": "light", "groups": ["People", "Board"]}
    assert told(action, before={}, after=after) == (
        "missing",
        "first_name: Bob; role: light; groups: People, Board",
        "",
    )


@pytest.mark.parametrize("action", ["enable", "update", "change_role", "add_to_group", "remove_from_group"])
def test_a_member_with_other_values_is_different(action: str) -> None:
    before = {"role": "light", "phone": None, "team": "A", "groups": ["People", "Board"]}
    after = {"role": "standard", "phone": "+1", "team": None, "groups": ["Board", "Engineering"]}
    assert told(action, before=before, after=after, notes=[f"{BOB}: phone is new.", "Other."]) == (
        "different",
        "role: light → standard; phone: nothing → +1; team: A → nothing; groups: -People +Engineering",
        "phone is new. Other.",
    )


def test_who_is_listed_as_gone_is_extra() -> None:
    left = {"before": {"status": "active"}, "after": {"status": "disabled"}}
    assert told("disable", **left) == ("extra", "status: active → disabled", "Listed as absent.")
    assert told("remove", **left) == ("extra", "status: active → disabled", "Listed as absent.")
    whole = {"email": BOB, "status": "disabled", "first_name": "Bob"}
    assert told("delete", before=whole, after={}) == ("extra", "status: disabled → deleted", "Listed as deleted.")


def test_who_is_not_listed_is_extra_unless_a_run_would_keep_them() -> None:
    left = {"before": {"status": "active"}, "after": {"status": "disabled"}, "unlisted": True}
    assert told("disable", **left) == ("extra", "status: active → disabled", "Not listed.")
    kept = "Not listed, and kept: protect holds bob*."
    assert told("none", message=kept, unlisted=True) == ("kept", "", kept)
    assert drift_of([row("none", message=kept, unlisted=True, service_account=True)]) == []


def test_what_cannot_be_compared_is_unclear() -> None:
    notes = [f"{BOB} belongs to 2 organizations."]
    assert told("none", notes=notes) == ("unclear", "", "belongs to 2 organizations.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (7, "7"),
        ("", "nothing"),
        (None, "nothing"),
        ("nothing", '"nothing"'),
        ("two\nlines", '"two\\nlines"'),
        ("a  b", '"a  b"'),
        ("a; b", '"a; b"'),
        ("a → b", '"a → b"'),
        ('say "x"', '"say \\"x\\""'),
        ("Zoë 山田", "Zoë 山田"),
    ],
)
def test_a_value_that_could_be_misread_is_put_into_quotes(value: Any, text: str) -> None:
    assert told("update", before={"team": value}, after={"team": "x"})[1] == f"team: {text} → x"


@given(before=st.text(), after=st.text())
def test_a_difference_is_one_line_that_can_be_taken_apart_again(before: str, after: str) -> None:
    told_texts = told("update", before={"team": before}, after={"team": after})[1].removeprefix("team: ")
    assert "\n" not in told_texts
    decoder = json.JSONDecoder()
    values = []
    for _side in range(2):
        if told_texts.startswith('"'):
            value, end = decoder.raw_decode(told_texts)
            told_texts = told_texts[end:].removeprefix(" → ")
        else:
            value, _arrow, told_texts = told_texts.partition(" → ")
            value = "" if value == "nothing" else value
        values.append(value)
    assert values == [before, after]
