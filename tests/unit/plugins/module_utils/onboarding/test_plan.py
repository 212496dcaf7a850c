# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state and the plan of an onboarding: tables of options, records and steps."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.operation import ONBOARDING_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.plan import (
    Current,
    OnboardingPlan,
    plan_onboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.prepare import (
    DesiredOnboarding,
    prepare_onboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import PlanContext

BOSS = Member(id=1, email="boss@example.com", status="active", role="admin", first_name="Bo", last_name="S")
BOB = Member({**BOSS, "id": 2, "email": "bob@example.com", "role": "light", "timezone": "UTC"})
SALES = {"id": "g1", "name": "Sales", "description": None, "members": [2], "guests": []}
PARTNER = {"id": 11, "email": "partner@example.org", "details": {"associated_members": [1]}}
DEFAULTS = {name: option.get("default") for name, option in ONBOARDING_OPTIONS.items()}


def prepared(**options: Any) -> DesiredOnboarding:
    return prepare_onboarding({**DEFAULTS, **options}, lambda option: f"onboarding_{option}")


def planned(ambiguous: str = "", **options: Any) -> OnboardingPlan:
    """Plan in an organization with Bob, his boss, a group and a guest."""
    groups = Groups({"sales": SALES})
    groups.ambiguous = frozenset(filter(None, [ambiguous]))
    desired = prepared(**options)
    records = {record["email"]: record for record in (BOSS, BOB)}
    pairs = [(member, records.get(member.email)) for _index, member in desired.people]
    context = PlanContext(groups=groups, organization_timezone="UTC")
    current = Current([BOSS, BOB], pairs, context, has_groups=True, guests={PARTNER["email"]: PARTNER})
    return plan_onboarding(desired, current)


NEW = {"email": "new@example.com", "first_name": "Ne", "last_name": "W", "role": "light"}


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, []),
        ({"people": [{"email": BOB["email"]}], "ensure_groups": ["sales"], "ensure_guests": [PARTNER["email"]]}, []),
        ({"people": [NEW]}, ["created new@example.com"]),
        # People are planned into a group that the same onboarding creates.
        ({"people": [{**NEW, "groups": ["Ops"]}], "ensure_groups": ["Ops"]},
         ["created new@example.com", "added_to_group new@example.com", "created Ops"]),
        # A guest is associated with a person who is still to be added.
        ({"people": [NEW], "ensure_guests": [{"email": PARTNER["email"], "associated_members": [NEW["email"]]}]},
         ["created new@example.com", "updated partner@example.org"]),
    ],
)  # fmt: skip
def test_what_has_to_be_done(options: dict[str, Any], steps: list[str]) -> None:
    plan = planned(**options)
    guest_steps = [step for guest in plan.guests for step in guest.plan.steps]
    assert plan.problems == []
    assert [f"{step.action} {step.subject}" for step in (*plan.member_steps, *plan.group_steps, *guest_steps)] == steps


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        ({"name": 7}, "onboarding_ensure_groups (7): name is the number 7, not a text: put it in quotes"),
        ({"name": True}, "onboarding_ensure_groups (True): name is the truth value true, not a text: put it in quotes"),
        ({"name": "A", "description": 1.5},
         "onboarding_ensure_groups (A): description is the number 1.5, not a text: put it in quotes"),
    ],
)  # fmt: skip
def test_a_number_is_no_text_of_a_group(group: dict[str, Any], problem: str) -> None:
    assert list(map(str, prepared(ensure_groups=[group]).problems)) == [problem]


def test_the_groups_that_were_read_stay_as_they_were() -> None:
    groups = Groups({"sales": SALES})
    plan = plan_onboarding(prepared(ensure_groups=["Ops"]), Current([BOSS], context=PlanContext(groups=groups)))
    assert list(groups) == ["sales"]
    assert plan.context.groups["ops"]["id"] is None


def test_everything_that_is_wrong_is_reported_together() -> None:
    """Both problems of the input alone and problems that depend on the organization are reported."""
    plan = planned(
        people=[{"email": "x"}, {"email": BOB["email"], "state": "disabled", "groups": ["Nowhere"]}],
        defaults={"reassign_to": BOSS["email"]},
        ensure_groups=["Sales", "sales", {"title": "?"}],
        ensure_guests=[{"email": PARTNER["email"], "associated_members": ["nobody@example.com"]}, 7],
        process=["?"],
        concurrency=0,
        min_admins=-1,
        ambiguous="sales",
    )
    reported = [f"{problem.place.label if problem.place else ''}|{problem.text}" for problem in plan.problems]
    for part in (
        "|onboarding_concurrency must be between 1 and 32, not 0",
        "|onboarding_min_admins is -1",
        "row 1|",
        "row 2|unknown field state",
        "onboarding_defaults|unknown field reassign_to",
        "onboarding_process|neither a dictionary nor the title of a template",
        "onboarding_ensure_groups|is named twice",
        "onboarding_ensure_groups|entry 3 is neither a name nor a dictionary with a name",
        "onboarding_ensure_guests entry 2|neither an address nor a dictionary",
        "onboarding_ensure_groups|several groups are called",
        "row 2|",
        "onboarding_ensure_guests|",
    ):
        assert any(problem.startswith(part) for problem in reported), (part, reported)
    assert any("Nowhere" in problem for problem in reported)
    assert any("nobody@example.com" in problem for problem in reported)
