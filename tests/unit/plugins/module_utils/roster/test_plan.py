# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning a whole roster: random organizations and rosters for which all promises must hold.

The effect of the steps, and what the fuse must refuse, are written here independently of the code.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InconsistentListError,
    InputError,
    RefusedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import DesiredMember, Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import PlanContext
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.plan import (
    PlannedPerson,
    plan_roster,
    unlisted_leavers,
)

GROUPS = ("Sales", "Ops", "HR")
ADDRESSES = [f"p{number}@example.com" for number in range(8)]
STRANGERS = ["new1@example.com", "new2@example.com", "New3@Example.com"]
OPEN = Policy(max_removals="100%", min_admins=0)


class Organization:
    """A stand-in for the service: the records of many people, and the effect of the steps of their plans."""

    def __init__(self, members: Sequence[dict[str, Any]], held: dict[str, set[int]]) -> None:
        self.members = {record["id"]: Member(copy.deepcopy(record)) for record in members}
        self.held = {name: set(ids) for name, ids in held.items()}

    def records(self) -> list[dict[str, Any]]:
        return list(self.members.values())

    def groups(self) -> Groups:
        return Groups(
            {fold(name): {"id": name, "name": name, "members": sorted(ids)} for name, ids in self.held.items()}
        )

    def find(self, email: str) -> dict[str, Any] | None:
        return next((member for member in self.members.values() if member["email"].lower() == email.lower()), None)

    def apply(self, step: Step) -> None:
        if step.action in ("created", "invited"):
            assert self.find(step.subject) is None, "twice"
            number = max(self.members, default=0) + 1
            status = "active" if step.action == "created" else "invited"
            self.members[number] = Member(
                {"id": number, "status": status, "team": None, "timezone": None, **step.values}
            )
            return
        member = self.find(step.subject)
        assert member is not None
        assert member.get("type") != "bot"
        if step.action in ("updated", "role_changed"):
            member.update(step.values)
        elif step.action == "enabled":
            member["status"] = "active"
        elif step.action == "added_to_group":
            assert member["status"] != "disabled"
            self.held[str(step.target)].add(member["id"])
        elif step.action == "removed_from_group":
            self.held[str(step.target)].remove(member["id"])
        elif step.action == "deleted":
            assert member["status"] == "disabled"
            del self.members[member["id"]]
        else:
            assert step.action == "disabled"
            assert not is_untouchable(member)
            if step.target is not None:
                assert self.members[int(str(step.target))]["status"] == "active"
            member["status"] = "disabled"
            for ids in self.held.values():
                ids.discard(member["id"])

    def wish(self, desired: Sequence[DesiredMember], policy: Policy) -> list[PlannedPerson]:
        everybody = self.records()
        people = [*desired, *unlisted_leavers(desired, everybody, policy)]
        context = PlanContext(
            groups=self.groups(),
            organization_timezone="Europe/London",
            acting_email=ADDRESSES[0],
            successors={member["email"].lower(): member for member in everybody},
        )
        pairs = [(person, self.find(person.email)) for person in people]
        return plan_roster(pairs, everybody, policy, context, listed=len(desired))

    def run(self, planned: Sequence[PlannedPerson]) -> None:
        """Carry out all steps in the order of a run: people are added before anybody is removed."""
        for phase in (
            ("created", "invited"), ("enabled", "updated", "role_changed"), ("added_to_group", "removed_from_group"),
            ("disabled", "deleted"),
        ):  # fmt: skip
            for person in planned:
                for step in person.plan.steps:
                    if step.action in phase:
                        self.apply(step)


def is_untouchable(member: dict[str, Any]) -> bool:
    return bool(
        member.get("type") == "bot"
        or member.get("support_user")
        or member.get("is_default_admin")
        or member["email"].lower() == ADDRESSES[0]
    )


def active_admins(organization: Organization) -> set[int]:
    return {
        member["id"]
        for member in organization.records()
        if member["status"] == "active"
        and member["role"].lower() == "admin"
        and member.get("type") != "bot"
        and not member.get("support_user")
    }


def without_access(organization: Organization) -> set[str]:
    return {member["email"].lower() for member in organization.records() if member["status"] == "disabled"}


# --- random organizations and rosters ---------------------------------------------------------------------------------

special = st.sampled_from([{}, {}, {}, {}, {"type": "bot"}, {"support_user": True}, {"is_default_admin": True}])
statuses = st.sampled_from(["active", "active", "active", "invited", "disabled"])


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True))
    members = []
    for number, address in enumerate(addresses, start=1):
        members.append(
            {
                "id": number,
                "email": draw(st.sampled_from([address, address.upper()])),
                "first_name": draw(st.sampled_from(["Ann", "Bob"])),
                "last_name": "Smith",
                "status": draw(statuses),
                "role": draw(st.sampled_from(["Admin", "admin", "standard", "light"])),
                "timezone": draw(st.sampled_from(["UTC", None])),
                "team": draw(st.sampled_from(["A", None])),
                **draw(special),
            }
        )
    enabled = [member["id"] for member in members if member["status"] != "disabled"]
    some = st.sets(st.sampled_from(enabled)) if enabled else st.just(set())
    return Organization(members, {name: draw(some) for name in GROUPS})


desired_names = st.lists(st.sampled_from(["sales", "Ops", " HR "]), max_size=2, unique=True).map(tuple)
desired_people = st.builds(
    DesiredMember,
    email=st.sampled_from(ADDRESSES + STRANGERS).map(Email),
    state=st.sampled_from(["present", "present", "present", "disabled", "deleted"]),
    profile=st.fixed_dictionaries(
        {"first_name": st.sampled_from(["Ann", "Eve"]), "last_name": st.just("Smith")},
        optional={"team": st.sampled_from(["A", "B", ""]), "timezone": st.just("UTC")},
    ),
    role=st.sampled_from([None, "admin", "light"]),
    groups=st.none()
    | st.builds(Names, add=desired_names)
    | st.builds(Names, remove=desired_names)
    | st.builds(Names, set=desired_names),
    provision=st.sampled_from(["direct", "invite"]),
    reassign_to=st.sampled_from([None, None, ADDRESSES[1]]),
)
rosters = st.lists(desired_people, max_size=8, unique_by=lambda person: person.email.lower())
policies = st.builds(
    Policy,
    unlisted=st.sampled_from(["ignore", "disabled"]),
    protect=st.sampled_from([(), ("p3@example.com",), ("p[45]@*", "NEW1@EXAMPLE.COM")]),
    max_removals=st.sampled_from(["0", "1", "3", "10%", "50%", "100%"]),
    min_admins=st.integers(0, 3),
    reassign_to=st.sampled_from([None, ADDRESSES[2]]),
)


def planned_or_reason(
    organization: Organization, desired: Sequence[DesiredMember], policy: Policy
) -> tuple[list[PlannedPerson], Exception | None]:
    try:
        return organization.wish(desired, policy), None
    except (InputError, RefusedError) as error:
        return [], error


@given(organizations(), rosters, policies)
def test_plan_leads_to_what_is_desired_and_a_second_one_is_empty(
    organization: Organization, desired: list[DesiredMember], policy: Policy
) -> None:
    arguments = copy.deepcopy((organization.records(), organization.held, desired, policy))
    planned, reason = planned_or_reason(organization, desired, policy)
    assert (organization.records(), organization.held, desired, policy) == arguments, "planning changes nothing"
    assume(reason is None)
    assert planned == organization.wish(desired, policy), "the same arguments give the same plan"
    before = copy.deepcopy(organization)
    organization.run(planned)
    listed = {person.email.lower() for person in desired}
    for person in desired:
        assert_as_desired(person, organization, before)
    for record in before.records():
        now = organization.find(record["email"])
        if record["email"].lower() in listed:
            continue
        kept = policy.unlisted == "ignore" or is_untouchable(record) or policy.protector(record["email"])
        expected = record if kept or record["status"] == "disabled" else {**record, "status": "disabled"}
        assert now == expected, "nobody else is touched"
    again = organization.wish(desired, policy)
    assert [person.plan.steps for person in again if person.plan.steps] == [], "the second time there is nothing to do"


def assert_as_desired(person: DesiredMember, organization: Organization, before: Organization) -> None:
    member = organization.find(person.email)
    if person.state != "present":
        assert member is None or (person.state == "disabled" and member["status"] == "disabled")
        return
    assert member is not None
    assert member["status"] in ("active", "invited")
    for name, value in person.profile.items():
        assert (member.get(name) or None) == (value or None), name
    old = before.find(person.email)
    assert member["role"].lower() == (person.role or (old["role"].lower() if old else "light"))
    held = {fold(name) for name in GROUPS if member["id"] in organization.held[name]}
    had = {fold(name) for name in GROUPS if old and old["id"] in before.held[name]}
    wish = person.groups or Names()
    add, remove = ({fold(name) for name in names} for names in (wish.add, wish.remove))
    assert held == ({fold(name) for name in wish.set} if wish.set is not None else (had | add) - remove)


@given(organizations(), rosters, policies)
def test_no_plan_takes_away_more_than_the_policy_allows(
    organization: Organization, desired: list[DesiredMember], policy: Policy
) -> None:
    planned, reason = planned_or_reason(organization, desired, policy)
    free, _other = planned_or_reason(organization, desired, replace(policy, max_removals="100%", min_admins=0))
    model = copy.deepcopy(organization)
    model.run(free)
    new = {member["id"] for member in model.records()} - {member["id"] for member in organization.records()}
    leavers = [
        member["email"]
        for member in organization.records()
        if member["id"] not in model.members
        or (member["status"] != "disabled" and model.members[member["id"]]["status"] == "disabled")
    ]
    records = organization.records()
    active = [member for member in records if member["status"] == "active" and not is_bot_or_support(member)]
    limit = policy.max_removals
    allowed = math.ceil(len(active) * int(limit[:-1]) / 100) if limit.endswith("%") else int(limit)
    allowed = len(organization.members) if limit == "100%" else allowed
    admins, left = active_admins(organization), active_admins(model) - new
    too_many = len(leavers) > allowed
    too_few = len(left) < policy.min_admins and len(left) < len(admins)
    if isinstance(reason, InputError):
        assert free == []
    else:
        assert (reason is not None) == bool(free and (too_many or too_few))
    if isinstance(reason, RefusedError):
        assert reason.facts["removals"] == sorted(
            person.desired.email
            for person in free
            if any(step.action in ("disabled", "deleted") for step in person.plan.steps)
        )
        assert ("max_removals to" in str(reason)) == too_many
        assert ("min_admins to" in str(reason)) == too_few
        allowing = replace(policy, max_removals=str(len(leavers)), min_admins=min(policy.min_admins, len(left)))
        assert organization.wish(desired, allowing) == free, "what the message names is what allows it"
    organization.run(planned)
    for member in organization.records():
        if is_untouchable(member) or policy.protector(member["email"]):
            original = next((old for old in planned if old.current and old.current["id"] == member["id"]), None)
            was_disabled = original is None or (original.current or {})["status"] == "disabled"
            assert member["status"] != "disabled" or was_disabled


def is_bot_or_support(record: dict[str, Any]) -> bool:
    return record.get("type") == "bot" or bool(record.get("support_user"))


# --- the table --------------------------------------------------------------------------------------------------------


def organization_of(count: int, **fields: Any) -> Organization:
    people = [
        {
            "id": number + 1, "email": f"p{number}@example.com", "first_name": "A", "last_name": "B",
            "status": "active", "role": "admin" if number < 3 else "light", "timezone": "UTC", "team": None, **fields,
        }
        for number in range(count)
    ]  # fmt: skip
    return Organization(people, {name: set() for name in GROUPS})


def test_people_and_problems_of_all_rows_are_reported_at_once() -> None:
    desired = [
        DesiredMember("stranger@example.com"),
        DesiredMember("p0@example.com", state="disabled"),
        DesiredMember("p3@example.com", groups=Names(add=("Nowhere",))),
        DesiredMember("p4@example.com", state="disabled", reassign_to="nobody@example.com"),
        DesiredMember("p5@example.com", state="disabled"),
    ]
    with pytest.raises(InputError) as caught:
        organization_of(8).wish(desired, replace(OPEN, protect=("p5@*",)))
    assert [str(problem) for problem in caught.value.problems] == [
        "row 1 (stranger@example.com): not a member yet; to add this person, set first_name and last_name",
        "row 2 (p0@example.com): refusing to remove this member: it is the acting user. Ask another administrator.",
        "row 3 (p3@example.com): there is no group 'Nowhere' (groups: HR, Ops, Sales)",
        "row 4 (p4@example.com): reassign_to nobody@example.com is not a member of the organization",
        "row 5 (p5@example.com): refusing to remove this member: protect holds p5@*",
    ]


def test_successor_who_is_not_listed_would_leave_too() -> None:
    policy = replace(OPEN, unlisted="disabled", reassign_to="p4@example.com")
    desired = [DesiredMember(f"p{number}@example.com") for number in range(4)]
    with pytest.raises(InputError) as caught:
        organization_of(6).wish(desired, policy)
    # Reported once, and not for each leaver.
    assert [str(problem) for problem in caught.value.problems] == ["reassign_to p4@example.com would also lose access"]
    desired.append(DesiredMember("p5@example.com", state="disabled", reassign_to="p4@example.com"))
    with pytest.raises(InputError, match=r"row 5 \(p5@example\.com\): reassign_to p4@example\.com would also lose"):
        organization_of(6).wish(desired, replace(policy, reassign_to=None))


def test_successor_of_everybody_who_is_nobody_is_reported_once() -> None:
    policy = replace(OPEN, unlisted="disabled", reassign_to="nobody@example.com")
    desired = [
        *(DesiredMember(f"p{number}@example.com") for number in range(3)),
        DesiredMember("p3@example.com", state="disabled", reassign_to="stranger@example.com"),
    ]
    with pytest.raises(InputError) as caught:
        organization_of(6).wish(desired, policy)
    assert [str(problem) for problem in caught.value.problems] == [
        "reassign_to nobody@example.com is not a member of the organization",
        "row 4 (p3@example.com): reassign_to stranger@example.com is not a member of the organization",
    ]


def test_who_is_kept_although_not_listed_is_reported_with_the_reason() -> None:
    organization = organization_of(3)
    organization.members[9] = Member({**organization.members[2], "id": 9, "email": "bot@tallyfy.com"})
    policy = replace(OPEN, unlisted="disabled", protect=("p1@*",))
    planned = organization.wish([DesiredMember("p2@example.com")], policy)
    kept = "Unlisted, but kept: "
    assert [(person.desired.email, person.is_listed, bool(person.plan.steps), person.note) for person in planned] == [
        ("p2@example.com", True, False, ""),
        (
            "p0@example.com", False, False,
            kept + "it is the acting user. Ask another administrator.",
        ),
        ("p1@example.com", False, False, kept + "protect holds p1@*."),
        (
            "bot@tallyfy.com", False, False,
            kept + "it is the Tallyfy Bot, which belongs to every organization.",
        ),
    ]  # fmt: skip


def test_doubt_about_who_is_meant_removes_nobody() -> None:
    organization = organization_of(6)
    organization.members[9] = Member({**organization.members[4], "id": 9, "email": "P3@Example.com"})
    removing = [DesiredMember("p5@example.com", state="disabled")]
    for desired in (removing, [DesiredMember("p3@example.com")]):
        with pytest.raises(InconsistentListError, match=r"p3@example\.com when case is ignored"):
            organization.wish(desired, OPEN)
    changing = organization.wish([DesiredMember("p4@example.com", profile={"team": "A"})], OPEN)
    assert [step.action for step in changing[0].plan.steps] == ["updated"], "it does not concern them"


def test_unlisted_people_are_ignored_unless_told_otherwise() -> None:
    everybody = organization_of(4).records()
    desired = [DesiredMember(Email("P0@EXAMPLE.COM"))]
    assert unlisted_leavers(desired, everybody, Policy()) == []
    leavers = unlisted_leavers(desired, everybody, Policy(unlisted="disabled", reassign_to="p0@example.com"))
    assert [(leaver.email, leaver.state, leaver.reassign_to) for leaver in leavers] == [
        (f"p{number}@example.com", "disabled", "p0@example.com") for number in (1, 2, 3)
    ]
