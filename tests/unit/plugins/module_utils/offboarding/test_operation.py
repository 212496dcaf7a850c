# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning an offboarding: tables of plans and refusals, and random organizations that the plans must converge.

The effect of the steps is written here independently of the code."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InconsistentListError,
    InputError,
    RefusedError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding.plan import (
    Current,
    OffboardingPlan,
    plan_offboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding.rows import desired_offboarding
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import DesiredGuest
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import is_open, is_running
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import PlanContext
from tests.people import PARTNER

BOSS, ERIN, JOHN, BOB, DANA, BOT = (
    f"{name}@example.com" for name in ("boss", "erin", "john", "bob", "dana", "tallyfy.bot")
)
NORA = "nora@example.org"
ANDRE, ANDRE_SPELLED = "andr\u00e9@example.com", "andre\u0301@example.com"


def member(number: int, email: str, **fields: Any) -> Member:
    name = email.partition("@")[0]
    return Member({"id": number, "email": email, "status": "active", "role": "light", "full_name": name, **fields})


def guest(number: int, email: str, members: Sequence[int] = (), **details: Any) -> dict[str, Any]:
    return {"id": number, "email": email, "details": {"associated_members": list(members), **details}}


DEFAULT_ADMIN = "the default administrator. Make another member the default administrator in Tallyfy first."
EVERYBODY = [
    member(1, BOSS, role="admin", is_default_admin=True),
    member(2, ERIN, role="admin"),
    member(3, JOHN),
    member(4, BOB),
    member(5, DANA, status="disabled"),
    member(6, BOT, type="bot"),
    member(7, ANDRE),
]
GUESTS = [guest(11, PARTNER, [4, 1]), guest(12, NORA, [5])]
GROUPS = [
    {"id": "g1", "name": "Sales", "members": [4, 3], "guests": [PARTNER]},
    {"id": "g2", "name": "Ops", "members": ["5", "2"], "guests": []},
]
PROCESSES = [{"id": "r4", "name": "Of Bob", "owner_id": 4}, {"id": "r5", "name": "Of Dana", "owner_id": "5"}]
TASKS = [
    {"id": "t1", "status": "in-progress", "owners": {"users": [5, 3]}},
    {"id": "t2", "status": "not-started", "owners": {"users": [{"id": 5}]}},
]
OPTIONS: dict[str, Any] = {
    "columns": {},
    "ignore_columns": [],
    "delete": False,
    "protect": [],
    "min_admins": 0,
    "concurrency": 8,
    "max_removals": "100%",
}


def plan(
    people: Any = (), current: Current | None = None, *, acting: str | None = None, prefix: str = "", **options: Any
) -> OffboardingPlan:
    """Plan with the people above; everybody is a possible successor."""
    current = current or Current(EVERYBODY, PlanContext(), GROUPS, GUESTS, PROCESSES, TASKS)
    successors = {record["email"].lower(): record for record in current.everybody}
    context = PlanContext(acting_email=acting, successors=successors)
    current = Current(current.everybody, context, current.groups, current.guests, current.processes, current.tasks)

    def called(option: str) -> str:
        return prefix + option

    desired = desired_offboarding({**OPTIONS, "people": list(people) if people == () else people, **options}, called)
    return plan_offboarding(desired, current)


def reported(planned: OffboardingPlan) -> list[tuple[str, str, Any]]:
    """Return what a plan does: the kind, the subject and the values afterwards."""
    handed = [(handover.kind, handover.plan.subject, handover.plan.after) for handover in planned.handovers]
    people = [(step.action, step.subject, step.target) for person in planned.people for step in person.plan.steps]
    return (
        handed + people + [(step.action, step.subject, None) for guest in planned.guests for step in guest.plan.steps]
    )


# --- what is planned --------------------------------------------------------------------------------------------------


def test_everything_of_a_leaver_goes_to_the_successor() -> None:
    assert reported(plan([{"email": "BOB@example.com", "reassign_to": JOHN}])) == [
        ("guest", PARTNER, {"associated_members": [BOSS, JOHN]}),
        ("process", "Of Bob", {"owner": JOHN}),
        ("group", "Sales", {"members": [JOHN]}),
        ("disabled", "BOB@example.com", "3"),
    ]


def test_nobody_takes_over() -> None:
    assert reported(plan([{"email": BOB}])) == [
        ("guest", PARTNER, {"associated_members": [BOSS]}),
        ("group", "Sales", {"members": [JOHN]}),
        ("disabled", BOB, None),
    ]


def test_who_has_no_access_any_more_is_looked_at_all_the_same() -> None:
    assert reported(plan([{"email": DANA}], reassign_to=JOHN)) == [
        ("guest", NORA, {"associated_members": [JOHN]}),
        ("process", "Of Dana", {"owner": JOHN}),
        ("tasks", DANA, {"open_tasks": 0}),
        ("group", "Ops", {"members": [ERIN]}),
    ]
    handovers = plan([{"email": DANA, "reassign_to": JOHN}]).handovers
    (tasks,) = (handover for handover in handovers if handover.kind == "tasks")
    assert tasks.plan.before == {"open_tasks": 2}
    assert [(step.reason, step.target) for step in tasks.plan.steps] == [(f"2 open tasks; they go to {JOHN}", "3")]


def test_two_leavers_of_one_group_and_one_guest_are_written_once() -> None:
    guests = [guest(11, PARTNER, [4, 3])]
    current = Current(EVERYBODY, guests=guests, groups=GROUPS)
    planned = plan([{"email": BOB, "reassign_to": ERIN}, {"email": JOHN, "reassign_to": BOSS}], current)
    assert reported(planned)[:2] == [
        ("guest", PARTNER, {"associated_members": [BOSS, ERIN]}),
        ("group", "Sales", {"members": []}),
    ]
    assert [handover.leavers for handover in planned.handovers] == [{BOB, JOHN}] * 2


def test_a_guest_who_leaves_is_not_handed_over() -> None:
    planned = plan([{"email": BOB}], guests=[PARTNER.upper()])
    assert [entry[:2] for entry in reported(planned)] == [("group", "Sales"), ("disabled", BOB), ("deleted", PARTNER)]


def test_a_disabled_guest_stays_disabled() -> None:
    current = Current(EVERYBODY, guests=[guest(11, PARTNER, [4], disabled_at="2026-01-01")])
    (handover,) = plan([{"email": BOB, "reassign_to": JOHN}], current).handovers
    assert isinstance(handover.desired, DesiredGuest)
    assert handover.desired.state == "disabled"
    assert [step.action for step in handover.plan.steps] == ["handed_over"]


def test_deletion() -> None:
    assert reported(plan([{"email": BOB}], delete=True))[-2:] == [("disabled", BOB, None), ("deleted", BOB, None)]
    assert reported(plan([{"email": DANA}], delete=True))[-1] == ("deleted", DANA, None)


def test_one_identity_however_a_letter_is_made_up() -> None:
    current = Current(EVERYBODY, guests=[guest(11, PARTNER, [7])], groups=[{"id": "g", "name": "G", "members": [7]}])
    assert reported(plan([{"email": ANDRE_SPELLED, "reassign_to": JOHN}], current)) == [
        ("guest", PARTNER, {"associated_members": [JOHN]}),
        ("group", "G", {"members": []}),
        ("disabled", ANDRE_SPELLED, "3"),
    ]


def test_who_is_nobody_is_no_failure() -> None:
    planned = plan([{"email": "ghost@example.com"}], guests=["ghost@example.org"], reassign_to=JOHN)
    assert planned.is_empty
    assert [person.plan.warnings for person in planned.people] != [()]
    assert [guest.record for guest in planned.guests] == [None]


def test_an_old_list_whose_successor_has_left_is_fine_when_nothing_is_open() -> None:
    current = Current([*EVERYBODY, member(9, "old@example.com", status="disabled")])
    for successor in (DANA, "gone@example.com"):
        assert plan([{"email": "old@example.com", "reassign_to": successor}], current).is_empty
    deletion = plan([{"email": "old@example.com", "reassign_to": DANA}], current, delete=True)
    assert reported(deletion) == [("deleted", "old@example.com", None)]


@pytest.mark.parametrize(
    ("run", "runs"),
    [
        ({"status": "active"}, True),
        ({"status": "issue"}, True),
        ({"status": "complete"}, False),
        ({"status": "active", "completed_at": "2026-01-01"}, False),
        ({"status": "active", "archived_at": "2026-01-01"}, False),
    ],
)
def test_running(run: dict[str, Any], runs: bool) -> None:
    assert is_running(run) is runs


@pytest.mark.parametrize(
    ("task", "waits"),
    [
        ({"status": "not-started"}, True),
        ({"status": "in-progress"}, True),
        ({"status": "completed"}, False),
        ({"status": "auto-skipped"}, False),
        ({"status": "active", "archived_at": "2026-01-01"}, False),
    ],
)
def test_open(task: dict[str, Any], waits: bool) -> None:
    assert is_open(task) is waits


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("bob@example.com", "row 1: not a dictionary with email and reassign_to"),
        (None, "row 1: not a dictionary with email and reassign_to"),
        ({}, "row 1 (no e-mail address): email is missing"),
        ({"email": " "}, "row 1 (no e-mail address): email is missing"),
        ({"email": "bob"}, "row 1 (bob): email 'bob' is not an e-mail address"),
        ({"email": 5}, "row 1 (5): email is not a text: 5"),
        ({"email": BOB, "state": "absent"},
         f"row 1 ({BOB}): unknown field state; list it in ignore_columns, or name its field in columns"),
        ({"email": BOB, "reasign_to": JOHN}, f"row 1 ({BOB}): unknown field reasign_to; did you mean reassign_to?"),
        ({"email": BOB, "reassign_to": "john"}, f"row 1 ({BOB}): reassign_to 'john' is not an e-mail address"),
        ({"email": BOB, "reassign_to": [JOHN]}, f"row 1 ({BOB}): reassign_to is not a text: ['{JOHN}']"),
        ({"email": BOB, "reassign_to": BOB.upper()}, f"row 1 ({BOB}): reassign_to is the leaver: name another member"),
        ({"email": BOB, "reassign_to": "x@example.com"},
         f"row 1 ({BOB}): reassign_to x@example.com is not a member of the organization"),
        ({"email": BOB, "reassign_to": PARTNER},
         f"row 1 ({BOB}): reassign_to {PARTNER} is not a member of the organization"),
        ({"email": BOB, "reassign_to": DANA}, f"row 1 ({BOB}): reassign_to {DANA} is disabled, but must be active"),
        ({"email": BOB, "reassign_to": BOT},
         f"row 1 ({BOB}): reassign_to {BOT} is the Tallyfy Bot, which cannot take over work"),
        # A leaver without access whose work is still to be handed over.
        ({"email": DANA, "reassign_to": "x@example.com"},
         f"row 1 ({DANA}): reassign_to x@example.com is not a member of the organization"),
        ({"email": PARTNER}, f"row 1 ({PARTNER}): is a guest; list them in guests"),
        ({"email": BOT},
         f"row 1 ({BOT}): refusing to remove this member: it is the Tallyfy Bot, which belongs to every organization."),
        ({"email": BOSS}, f"row 1 ({BOSS}): refusing to remove this member: it is {DEFAULT_ADMIN}"),
    ],
)  # fmt: skip
def test_a_row_that_is_refused(row: Any, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        plan([row])
    assert [str(found) for found in refused.value.problems] == [problem]


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"people": BOB}, [f"o_people must be a list of dictionaries with email and reassign_to, not '{BOB}'"]),
        ({"people": {"email": BOB}},
         [f"o_people must be a list of dictionaries with email and reassign_to, not {{'email': '{BOB}'}}"]),
        ({"guests": PARTNER}, [f"o_guests must be a list of e-mail addresses, not '{PARTNER}'"]),
        ({"guests": ["x"]}, ["o_guests entry 1 (x): 'x' is not an e-mail address"]),
        ({"guests": [None]}, ["o_guests entry 1 (no e-mail address): '' is not an e-mail address"]),
        ({"guests": [{"email": PARTNER, "state": "absent"}]}, [f"o_guests entry 1 ({PARTNER}): unknown field state"]),
        ({"guests": [PARTNER, PARTNER.upper()]},
         [f"o_guests entry 2 ({PARTNER.upper()}): the same e-mail address as o_guests entry 1"]),
        ({"guests": [BOB]}, [f"o_guests entry 1 ({BOB}): is a member; list them in o_people"]),
        ({"people": [{"email": BOB}], "guests": [BOB.upper()]},
         [f"o_guests entry 1 ({BOB.upper()}): is also listed in o_people",
          f"o_guests entry 1 ({BOB.upper()}): is a member; list them in o_people"]),
        ({"guests": [PARTNER], "protect": ["[p]artner@example.org"]},
         [f"o_guests entry 1 ({PARTNER}): refusing to remove this guest: o_protect holds [p]artner@example.org"]),
        ({"people": [{"email": BOB}], "protect": ["b*"]},
         [f"row 1 ({BOB}): refusing to remove this member: o_protect holds b*"]),
        ({"people": [{"email": BOB}, {"email": BOB.upper()}]},
         [f"row 2 ({BOB.upper()}): the same e-mail address as row 1"]),
        ({"people": [{"email": BOB}], "reassign_to": "x@example.com"},
         ["o_reassign_to x@example.com is not a member of the organization"]),
        ({"people": [{"email": BOB}], "reassign_to": "x"}, ["o_reassign_to 'x' is not an e-mail address"]),
        ({"people": [{"email": BOB}, {"email": JOHN}], "reassign_to": JOHN}, [f"o_reassign_to {JOHN} is leaving too"]),
        ({"people": [{"email": BOB, "reassign_to": JOHN}, {"email": JOHN}]},
         [f"row 1 ({BOB}): reassign_to {JOHN} is leaving too"]),
        ({"max_removals": "ten"}, ["o_max_removals 'ten' is neither a number nor a percentage such as 10%"]),
        ({"min_admins": -1}, ["o_min_admins is -1, and cannot be negative"]),
        ({"concurrency": 0}, ["o_concurrency must be between 1 and 32, not 0"]),
        ({"protect": [" "]}, ["o_protect holds a blank entry"]),
    ],
)  # fmt: skip
def test_options_that_are_refused(options: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        plan(**{"people": [], **options}, prefix="o_")
    assert [str(found) for found in refused.value.problems] == problems


def test_everything_is_reported_at_once_row_by_row() -> None:
    with pytest.raises(InputError) as refused:
        plan(
            [{"email": "x"}, {"email": PARTNER}, {"email": BOB, "reassign_to": DANA}, {"email": JOHN, "role": "x"}],
            guests=[ERIN],
            min_admins=-1,
        )
    assert [str(problem).partition(":")[0] for problem in refused.value.problems] == [
        "min_admins is -1, and cannot be negative",
        "row 1 (x)",
        f"row 2 ({PARTNER})",
        f"row 3 ({BOB})",
        f"row 4 ({JOHN})",
        f"guests entry 1 ({ERIN})",
    ]


@pytest.mark.parametrize(
    ("people", "options", "reason"),
    [
        ([], {"guests": [PARTNER], "max_removals": "0"}, "1 guest would lose access, but max_removals allows 0"),
        ([{"email": BOB}], {"guests": [PARTNER], "max_removals": 1}, "1 member and 1 guest would lose"),
        (
            [{"email": ERIN}],
            {"min_admins": 2},
            "the number of active administrators would drop from 2 to 1",
        ),
    ],
)
def test_a_plan_that_is_refused(people: list[Any], options: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        plan(people, **options)
    (found,) = refused.value.facts["problems"]  # type: ignore[misc] # facts are objects
    assert found.startswith(reason)
    assert str(refused.value).startswith("Nothing was written: ")


def test_the_acting_member_does_not_remove_themselves() -> None:
    with pytest.raises(InputError, match="it is the acting user"):
        plan([{"email": BOB}], acting=BOB)


@pytest.mark.parametrize(
    "current",
    [
        Current([*EVERYBODY, member(8, BOB.upper())]),
        Current(EVERYBODY, guests=[*GUESTS, guest(13, PARTNER.upper())]),
    ],
)
def test_two_of_one_address_leave_a_doubt(current: Current) -> None:
    with pytest.raises(InconsistentListError, match="when case is ignored"):
        plan([{"email": JOHN}], current)


@pytest.mark.parametrize(
    "current",
    [
        Current(EVERYBODY, guests=[{"id": 11, "email": PARTNER, "details": {}}]),
        Current(EVERYBODY, guests=[{"id": 11, "email": PARTNER}]),
        Current(EVERYBODY, groups=[{"id": "g", "name": "G"}]),
    ],
)
def test_a_list_that_does_not_show_what_is_needed_is_no_empty_list(current: Current) -> None:
    with pytest.raises(UnreadableAnswerError):
        plan([{"email": BOB}], current)


# --- random organizations ---------------------------------------------------------------------------------------------

PEOPLE = [BOSS, *(f"p{number}@example.com" for number in range(6)), ANDRE]
STRANGERS = ["x@example.com"]
OUTSIDE = [f"guest{number}@example.org" for number in range(3)]
STATUSES = [st.sampled_from(["active", "invited", "disabled"]), st.just("active")]


class World:
    """A stand-in for the service: its records, and the effect of the steps of a plan."""

    def __init__(
        self,
        statuses: Mapping[int, str],
        groups: Mapping[str, set[int]],
        guests: Mapping[str, set[int]],
        owners: Sequence[int],
        tasks: Sequence[set[int]],
    ) -> None:
        self.statuses = {1: "active", **statuses}
        self.groups = {name: set(ids) for name, ids in groups.items()}
        self.guests = {email: set(ids) for email, ids in guests.items()}
        self.owners = list(owners)
        self.tasks = [set(ids) for ids in tasks]

    def current(self) -> Current:
        everybody = [
            member(number, PEOPLE[number - 1], status=status, role="admin" if number == 1 else "light")
            for number, status in sorted(self.statuses.items())
        ]
        return Current(
            everybody,
            groups=[{"id": name, "name": name, "members": sorted(ids)} for name, ids in self.groups.items()],
            guests=[guest(90 + n, email, sorted(ids)) for n, (email, ids) in enumerate(self.guests.items())],
            processes=[{"id": str(n), "name": f"R{n}", "owner_id": owner_id} for n, owner_id in enumerate(self.owners)],
            tasks=[
                {"id": str(n), "status": "active", "owners": {"users": sorted(ids)}} for n, ids in enumerate(self.tasks)
            ],
        )

    def id_of(self, email: str) -> int:
        return PEOPLE.index({ANDRE_SPELLED: ANDRE}.get(email.lower(), email.lower())) + 1

    def _give(self, leaver: int, heir: int) -> None:
        self.tasks = [ids - {leaver} | {heir} if leaver in ids else ids for ids in self.tasks]

    def run(self, planned: OffboardingPlan) -> None:
        for handover in planned.handovers:
            (step,) = handover.plan.steps
            if handover.kind in ("guest", "group"):
                kept = self.guests if handover.kind == "guest" else self.groups
                (field,) = handover.plan.after
                kept[handover.plan.subject] = {self.id_of(email) for email in handover.plan.after[field]}
            elif handover.kind == "process":
                self.owners[int(handover.record["id"])] = int(str(step.target))
            else:
                self._give(int(handover.record["id"]), int(str(step.target)))
        for person in planned.people:
            for step in person.plan.steps:
                number = self.id_of(step.subject)
                # A leaver must not lose access before groups and guests are handed over.
                leaving = {guest.desired.email for guest in planned.guests}
                staying = [ids for email, ids in self.guests.items() if email not in leaving]
                assert not any(number in ids for ids in (*self.groups.values(), *staying))
                if step.action == "disabled" and step.target is not None:
                    self._give(number, int(str(step.target)))
                if step.action == "deleted":
                    del self.statuses[number]
                else:
                    self.statuses[number] = "disabled"
        for leaving in planned.guests:
            for step in leaving.plan.steps:
                del self.guests[step.subject]


ids = st.sets(st.integers(2, len(PEOPLE)), max_size=4)
worlds = st.builds(
    World,
    # The last two are active and may take over.
    st.fixed_dictionaries({number: STATUSES[number in (6, 7)] for number in range(2, len(PEOPLE) + 1)}),
    st.dictionaries(st.sampled_from(["Sales", "Ops", "HR"]), ids),
    st.dictionaries(st.sampled_from(OUTSIDE), ids),
    st.lists(st.integers(2, len(PEOPLE)), max_size=4),
    st.lists(ids, max_size=4),
)  # fmt: skip
rows = st.lists(
    st.fixed_dictionaries(
        {"email": st.sampled_from([*PEOPLE[1:4], ANDRE_SPELLED, *STRANGERS, PEOPLE[1].upper()])},
        optional={"reassign_to": st.sampled_from(["", BOSS, PEOPLE[5], PEOPLE[6]])},
    ),
    max_size=4,
    unique_by=lambda row: row["email"].lower(),
)
wishes = st.fixed_dictionaries(
    {
        "people": rows,
        "guests": st.lists(st.sampled_from([*OUTSIDE, "ghost@example.org"]), unique=True, max_size=2),
        "reassign_to": st.sampled_from([None, BOSS]),
        "delete": st.booleans(),
    }
)


@given(worlds, wishes)
def test_the_plan_leads_to_what_is_desired_and_a_second_one_is_empty(world: World, wish: dict[str, Any]) -> None:
    before, asked = copy.deepcopy(world), copy.deepcopy(wish)
    planned = plan(current=world.current(), **wish)
    assert wish == asked, "planning changes nothing"
    world.run(planned)
    leavers = {}
    for row in wish["people"]:
        if row["email"] in STRANGERS:
            continue
        heir = row.get("reassign_to") or wish["reassign_to"]
        heir = None if heir is None or before.statuses.get(before.id_of(heir)) != "active" else heir
        leavers[before.id_of(row["email"])] = None if heir is None else before.id_of(heir)
    for number, heir in leavers.items():
        assert world.statuses.get(number) == (None if wish["delete"] else "disabled")
        assert not any(number in members for members in (*world.groups.values(), *world.guests.values()))
        if heir is not None:
            assert number not in world.owners
            assert not any(number in members for members in world.tasks)
    for email, members in before.guests.items():
        if email in wish["guests"]:
            assert email not in world.guests
            continue
        heirs = {leavers[number] for number in members if leavers.get(number)}
        assert world.guests[email] == members - leavers.keys() | heirs
    for name, members in before.groups.items():
        assert world.groups[name] == members - leavers.keys()
    assert {number: world.statuses[number] for number in before.statuses if number not in leavers} == {
        number: status for number, status in before.statuses.items() if number not in leavers
    }
    assert plan(current=world.current(), **wish).is_empty, "the second time there is nothing to do"
