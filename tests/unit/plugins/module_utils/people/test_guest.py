# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests: what is planned for one, and what cannot be changed about them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    PROFILE_FIELDS,
    DesiredGuest,
    comparable,
    drift,
    plan_guest,
    shape_guest,
    validate_guest,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member

EMAIL = "pat@example.org"
ANN = {"id": 1, "email": "ann@example.com"}
BEN = {"id": 2, "email": "ben@example.com", "status": "invited"}
PEOPLE = Directory(map(Member, [ANN, BEN]))
DETAILS = {"phone_1": "+1", "associated_members": ["1"], "disabled_at": None}
PAT = {"id": 7, "email": "Pat@example.org", "first_name": "Pat", "last_name": None, "details": DETAILS}
PAT_DISABLED = {**PAT, "details": {**DETAILS, "disabled_at": "2026-01-05T12:00:00.000Z", "associated_members": None}}


def desired_guest(**params: Any) -> DesiredGuest:
    return DesiredGuest.from_params({"email": EMAIL, **params})


@pytest.mark.parametrize(
    ("params", "current", "actions", "before", "after"),
    [
        ({}, PAT, [], {}, {}),
        ({"first_name": "Patrick", "phone_1": ""}, PAT, [], {}, {}),
        ({"associated_members": {"add": ["ANN@example.com"], "remove": ["ben@example.com"]}}, PAT, [], {}, {}),
        ({"associated_members": {"add": ["ben@example.com"]}}, PAT, ["updated"],
         {"associated_members": ["ann@example.com"]}, {"associated_members": ["ann@example.com", "ben@example.com"]}),
        ({"associated_members": {"set": []}}, PAT, ["updated"],
         {"associated_members": ["ann@example.com"]}, {"associated_members": []}),
        ({"associated_members": {"set": []}, "state": "disabled"}, PAT_DISABLED, [], {}, {}),
        ({}, PAT_DISABLED, ["enabled"], {"state": "disabled"}, {"state": "present"}),
        ({"state": "disabled"}, PAT, ["disabled"], {"state": "present"}, {"state": "disabled"}),
        ({"associated_members": {"set": ["ben@example.com"]}}, PAT_DISABLED, ["enabled", "updated"],
         {"state": "disabled", "associated_members": []},
         {"state": "present", "associated_members": ["ben@example.com"]}),
        ({"state": "deleted"}, None, [], {}, {}),
        ({"state": "disabled"}, None, [], {}, {}),
        ({"first_name": " Pat ", "phone_1": " "}, None, ["created"], {}, {"email": EMAIL, "first_name": "Pat"}),
        ({"associated_members": {"add": ["ben@example.com"]}}, None, ["created", "updated"],
         {}, {"email": EMAIL, "associated_members": ["ben@example.com"]}),
        ({"associated_members": {"set": []}}, None, ["created"], {}, {"email": EMAIL}),
    ],
    ids=str,
)  # fmt: skip
def test_plan(
    params: dict[str, Any],
    current: dict[str, Any] | None,
    actions: list[str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    plan = plan_guest(desired_guest(**params), current, PEOPLE)
    assert [step.action for step in plan.steps] == actions
    assert (plan.before, plan.after) == (before, after)


def test_plan_of_a_removal() -> None:
    plan = plan_guest(desired_guest(state="deleted", first_name="X"), PAT, PEOPLE)
    assert [step.action for step in plan.steps] == ["deleted"]
    assert plan.after == {}
    assert plan.warnings == ()
    assert plan.before["phone_1"] == "+1"


def test_a_misspelled_address_to_be_disabled_is_reported() -> None:
    assert plan_guest(desired_guest(state="disabled"), None, PEOPLE) == Plan(
        EMAIL, warnings=(f"{EMAIL}: no guest has this address.",)
    )


@pytest.mark.parametrize("status", ["active", "invited"])
def test_a_member_is_no_guest(status: str) -> None:
    members = Directory(map(Member, [{"id": 5, "email": EMAIL.upper(), "status": status}]))
    with pytest.raises(InputError, match=f"is a member of the organization \\({status}\\)"):
        plan_guest(desired_guest(), None, members)
    assert plan_guest(desired_guest(), PAT, members).steps == ()
    assert plan_guest(
        desired_guest(), None, Directory(map(Member, [{"id": 5, "email": EMAIL, "status": "disabled"}]))
    ).steps


def test_drift_is_what_differs_of_what_was_mentioned() -> None:
    desired = desired_guest(first_name="Pat ", last_name="Lee", phone_1="+1", phone_2="", company_name=" ")
    (entry,) = drift(desired, PAT)
    assert (entry["field"], entry["current"], entry["wanted"]) == ("last_name", None, "Lee")
    assert plan_guest(desired, PAT, PEOPLE).warnings[0].startswith(f"{EMAIL}: Tallyfy keeps its own last_name.")


def test_both_shapes_are_returned_as_one() -> None:
    details = {**DETAILS, "first_name": "Pat", "last_name": None}
    old = {"id": "7", "email": "Pat@example.org", "details": details, "link": "https://go.tallyfy.com/secret"}
    assert shape_guest(old, PEOPLE) == shape_guest(PAT, PEOPLE)
    shaped = shape_guest(PAT, PEOPLE)
    assert (shaped["id"], shaped["associated_members"], shaped["associated_member_ids"]) == (
        "7", ["ann@example.com"], [1],
    )  # fmt: skip
    assert set(PROFILE_FIELDS) <= set(shaped)
    assert "link" not in shaped


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 09:00:00",
        "2026-01-31T09:00:00Z",
        "2026-01-31T09:00:00.000Z",
        "2026-01-31T09:00:00.000000Z",
        "2026-01-31T10:00:00+01:00",
        " 2026-01-31T09:00 ",
    ],
)
def test_dates_in_all_spellings_are_one(text: str) -> None:
    assert comparable("external_date_creation", text) == "2026-01-31 09:00:00"
    assert validate_guest({"email": EMAIL, "external_date_creation": text}) == []


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"email": "pat"}, "'pat' is not an e-mail address"),
        ({"first_name": "x" * 201}, "first_name has 201 characters"),
        ({"phone_2": "1" * 21}, "phone_2 has 21 characters"),
        ({"company_url": "park.example.org"}, "is not a web address"),
        ({"image_url": "javascript:alert(1)"}, "is not a web address"),
        ({"contact_url": "https://a b.example.org"}, "is not a web address"),
        ({"opportunity_url": "http://["}, "is not a web address"),
        ({"timezone": "Mars/Olympus"}, "is not an IANA name"),
        ({"external_date_creation": "31.01.2026"}, "is not a date"),
        ({"associated_members": {"add": ["ann"]}}, "associated_members: 'ann'"),
        ({"associated_members": {"set": [], "add": ["a@b.test"]}}, "associated_members.set is the whole list"),
    ],
)
def test_problems_by_themselves(params: dict[str, Any], word: str) -> None:
    (problem,) = validate_guest({"email": EMAIL, **params})
    assert word in problem.text


def test_blank_values_are_no_problem() -> None:
    blank = {name: " " for name in PROFILE_FIELDS if name != "external_sync_source"}
    assert validate_guest({"email": EMAIL, **blank}) == []
