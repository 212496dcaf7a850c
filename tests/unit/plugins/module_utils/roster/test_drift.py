# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an organization differs from its roster: which kind of drift each person is, and how their fields read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import DesiredMember, Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import (
    drift_rows,
    missing_groups,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_plan import PlanContext
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.plan import (
    Roster,
    add_missing_groups,
    compare_roster,
    unlisted_leavers,
)
from tests.people import BOB

ALICE, NORA = "alice@example.com", "nora@example.com"
RECORD = {
    "id": 2, "email": BOB, "first_name": "Bob", "last_name": "Jones", "status": "active", "role": "standard",
    "timezone": "UTC", "team": "Ops", "phone": None, "job_title": "", "is_default_admin": False, "support_user": False,
}  # fmt: skip
BOSS = {**RECORD, "id": 1, "email": ALICE, "first_name": "Alice", "role": "admin"}
BOT = {**RECORD, "id": 9, "email": "bot@tallyfy.com", "first_name": "Tallyfy", "last_name": "Bot"}


def compared(
    *desired: DesiredMember,
    members: tuple[dict[str, Any], ...] = (RECORD,),
    groups: tuple[tuple[str, list[int]], ...] = (),
    **policy: Any,
) -> Roster:
    """Return the planned roster for this desired state in an organization with these members and groups."""
    members = tuple(map(Member, members))
    found = Groups({fold(name): {"id": name, "name": name, "members": ids} for name, ids in groups})
    open_tasks = {str(member["id"]): member["open_tasks"] for member in members if "open_tasks" in member}
    found.ambiguous = frozenset(fold(name) for name, _ids in groups if name.startswith("Twice"))
    by_address = {member["email"].lower(): member for member in members}
    context = PlanContext(
        groups=found,
        organization_timezone="Europe/London",
        acting_email=ALICE,
        successors=by_address,
        open_tasks=open_tasks,
    )
    rules = Policy(**{"unlisted": "ignore", "max_removals": "100%", "min_admins": 0, **policy})
    people = [*desired, *unlisted_leavers(desired, members, rules)]
    pairs = [(desired_member, by_address.get(desired_member.email.lower())) for desired_member in people]
    add_missing_groups(found, pairs, also_removed=True)
    planned = compare_roster(pairs, members, rules, context, listed=len(desired))
    return Roster(planned, list(members), context, rules)


def rows(*desired: DesiredMember, **more: Any) -> list[dict[str, Any]]:
    return drift_rows(compared(*desired, **more).planned)


def row(*desired: DesiredMember, **more: Any) -> dict[str, Any]:
    (found,) = rows(*desired, **more)
    return found


def difference(field: str, current: Any, desired: Any) -> dict[str, Any]:
    return {"field": field, "is": current, "roster": desired}


# --- kinds of drift ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "desired",
    [
        DesiredMember(BOB),
        DesiredMember(BOB.upper(), role="standard", profile={"team": " Ops ", "phone": "", "job_title": ""}),
        DesiredMember(BOB, groups=Names(set=("sales ",))),
        DesiredMember(BOB, groups=Names(add=("SALES",), remove=("People",))),
        DesiredMember("gone@example.com", state="disabled"),
        DesiredMember("gone@example.com", state="deleted"),
    ],
)
def test_who_is_as_desired_is_no_drift(desired: DesiredMember) -> None:
    assert rows(desired, groups=(("Sales", [2]), ("People", [7]))) == []


def test_a_disabled_member_is_as_desired_when_nobody_lists_them() -> None:
    left = {**RECORD, "status": "disabled"}
    assert rows(members=(left,), unlisted="disabled") == []
    assert rows(DesiredMember(BOB, state="disabled"), members=(left,)) == []


def test_a_member_with_other_values_is_different() -> None:
    desired = DesiredMember(
        BOB, role="light", profile={"phone": "+1", "team": ""}, groups=Names(set=("Board", "Engineering"))
    )
    groups = (("People", [2]), ("Board", [2]), ("Engineering", []), ("Legacy", [2]))
    assert row(desired, groups=groups) == {
        "email": BOB,
        "name": "Bob Jones",
        "outcome": "different",
        "differences": [
            difference("phone", None, "+1"),
            difference("team", "Ops", None),
            difference("role", "standard", "light"),
            difference("groups", ["Legacy", "People"], ["Engineering"]),
        ],
        "message": (
            "phone is empty, should be +1; team is Ops, should be empty; role is standard, should be light; "
            "should be in Engineering; should not be in Legacy, People"
        ),
        "unlisted": False,
        "notes": [],
    }


def test_a_listed_member_without_access_is_different() -> None:
    found = row(DesiredMember(BOB), members=({**RECORD, "status": "disabled"},))
    assert found["outcome"] == "different"
    assert found["differences"] == [difference("status", "disabled", "active")]
    assert found["message"] == "status is disabled, should be active"


@pytest.mark.parametrize("provision", ["direct", "invite"])
def test_who_is_listed_and_no_member_is_missing(provision: str) -> None:
    desired = DesiredMember(
        NORA,
        profile={"first_name": "Nora", "last_name": "Body", "phone": "+1"},
        groups=Names(add=("Sales",)),
        provision=provision,
    )
    found = row(desired, groups=(("Sales", []),))
    assert (found["outcome"], found["name"], found["message"]) == ("missing", "Nora Body", "is not a member")
    assert found["differences"] == [
        difference("first_name", None, "Nora"),
        difference("last_name", None, "Body"),
        *([difference("timezone", None, "Europe/London")] if provision == "direct" else []),
        difference("role", None, "light"),
        difference("phone", None, "+1"),
        *([difference("timezone", None, "Europe/London")] if provision == "invite" else []),
        difference("groups", [], ["Sales"]),
    ]


def test_who_was_taken_away_is_missing_although_the_roster_could_not_bring_them_back() -> None:
    found = row(DesiredMember(NORA, role="light"))
    assert (found["outcome"], found["differences"]) == ("missing", [])
    assert found["message"] == "not a member yet; to add this person, set first_name and last_name"


@pytest.mark.parametrize(
    ("state", "status", "desired"),
    [("disabled", "active", "disabled"), ("deleted", "invited", "deleted"), ("deleted", "disabled", "deleted")],
)
def test_who_is_listed_as_gone_is_extra(state: str, status: str, desired: str) -> None:
    found = row(DesiredMember(BOB, state=state), members=({**RECORD, "status": status},))
    assert (found["outcome"], found["unlisted"]) == ("extra", False)
    assert found["differences"] == [difference("status", status, desired)]
    assert found["message"] == f"status is {status}, should be {desired}"


def test_work_that_was_not_handed_over_is_a_difference() -> None:
    left = {**RECORD, "status": "disabled", "open_tasks": 2}
    found = row(DesiredMember(BOB, state="disabled", reassign_to=ALICE), members=(BOSS, left))
    assert (found["outcome"], found["message"]) == ("different", "open_tasks is 2, should be 0")


def test_who_is_not_listed_is_extra_unless_a_run_would_keep_them() -> None:
    frank = {**RECORD, "id": 3, "email": "frank@example.com", "status": "invited"}
    support = {**RECORD, "id": 4, "email": "support@example.net", "support_user": True}
    more = {"members": (BOSS, RECORD, frank, BOT, support), "protect": ("frank@*",)}
    found = rows(unlisted="disabled", **more)
    assert [(row["email"], row["outcome"], row["differences"], row["unlisted"]) for row in found] == [
        (ALICE, "kept", [], True),
        (BOB, "extra", [], True),
        ("frank@example.com", "kept", [], True),
    ]
    kept = "is not on the roster, but a run would keep them: "
    assert [row["message"] for row in found] == [
        f"{kept}it is the acting user. Ask another administrator",
        "is not on the roster",
        f"{kept}protect holds frank@*",
    ]
    assert rows(**more) == []


def test_what_cannot_be_compared_is_unclear() -> None:
    elsewhere = {**RECORD, "organizations": [{"id": "a"}, {"id": "b"}]}
    found = row(DesiredMember(BOB, profile={"team": "Board"}), members=(elsewhere,))
    reported = "belongs to 2 organizations, so only this person can change team"
    assert (found["outcome"], found["differences"], found["message"]) == ("unclear", [], reported)
    assert found["notes"] == [reported]

    short = {name: value for name, value in RECORD.items() if name != "team"}
    found = row(DesiredMember(BOB, profile={"team": "Board"}), members=(short,))
    assert (found["outcome"], found["message"]) == (
        "unclear",
        "Tallyfy does not show team, so it cannot be compared or checked",
    )


def test_what_differs_is_reported_beside_what_cannot_be_compared() -> None:
    elsewhere = {**RECORD, "organizations": [{"id": "a"}, {"id": "b"}]}
    found = row(DesiredMember(BOB, role="light", profile={"team": "Board"}), members=(elsewhere,))
    assert found["outcome"] == "different"
    assert found["message"].startswith("role is standard, should be light; belongs to 2 organizations")


NEXT_ADMIN = "make another member the default administrator in Tallyfy first"


@pytest.mark.parametrize(
    ("desired", "member", "protect", "message"),
    [
        (DesiredMember(ALICE, role="light"), {**BOSS, "is_default_admin": True},
         "", f"the default administrator cannot become light: {NEXT_ADMIN}"),
        (DesiredMember(BOB, state="disabled"), RECORD, "bob@*", "refusing to remove this member: protect holds bob@*"),
        (DesiredMember(BOB, state="disabled", reassign_to="left@example.com"),
         RECORD, "", "left@example.com is not a member of the organization"),
        (DesiredMember("twice@example.com", role="light"), {**RECORD, "email": "Twice@example.com"}, "",
         "several members have this address when case is ignored; keep one of them in Tallyfy"),
        (DesiredMember(BOB, groups=Names(add=("Twice",))), RECORD, "",
         "several groups are called twice when case is ignored; rename one of them"),
    ],
)  # fmt: skip
def test_what_a_run_would_refuse_is_unclear_and_hides_nobody_else(
    desired: DesiredMember, member: dict[str, Any], protect: str, message: str
) -> None:
    others = ({**RECORD, "id": 3, "email": "frank@example.com"}, {**RECORD, "id": 4, "email": "twice@example.com"})
    found = rows(
        desired,
        DesiredMember("frank@example.com", role="light"),
        members=(member, *others),
        groups=(("Twice", []),),
        protect=(protect,) if protect else (),
    )
    assert [(row["outcome"], row["message"]) for row in found] == [
        ("unclear", message),
        ("different", "role is standard, should be light"),
    ]


# --- groups -----------------------------------------------------------------------------------------------------------


def test_a_group_that_is_not_there_is_a_row_and_a_difference_of_who_should_be_in_it() -> None:
    nora = {**RECORD, "id": 3, "email": NORA}
    roster = compared(
        DesiredMember(BOB, groups=Names(set=("Sales",))),
        DesiredMember(NORA, groups=Names(add=(" sales ",), remove=("Gone",))),
        DesiredMember(ALICE, state="disabled", groups=Names(add=("Never",))),
        members=(RECORD, nora),
        groups=(("Sales EMEA", [2]),),
    )
    assert missing_groups(roster) == [
        {"name": "Sales", "outcome": "missing", "people": [BOB, NORA], "message": "does not exist; named by 2 people"},
        {"name": "Gone", "outcome": "missing", "people": [NORA], "message": "does not exist; named by 1 person"},
    ]
    assert [row["differences"] for row in drift_rows(roster.planned)] == [
        [difference("groups", ["Sales EMEA"], ["Sales"])],
        [difference("groups", [], ["Sales"])],
    ]


def test_groups_that_are_there_are_no_rows() -> None:
    roster = compared(DesiredMember(BOB, groups=Names(set=("SALES",))), groups=(("Sales", []),))
    assert missing_groups(roster) == []


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"), (7, "7"), ("empty", '"empty"'), ("two\nlines", '"two\\nlines"'), ("a  b", '"a  b"'),
        ("a; b", '"a; b"'), ("a, b", '"a, b"'), ("Ops Inc.", "Ops Inc."), ('say "x"', '"say \\"x\\""'),
        ("Zoë 山田", "Zoë 山田"),
    ],
)  # fmt: skip
def test_a_value_that_could_be_misread_is_put_into_quotes(value: Any, text: str) -> None:
    found = row(DesiredMember(BOB, profile={"team": "x"}), members=({**RECORD, "team": value},))
    assert found["message"] == f"team is {text}, should be x"
    found = row(DesiredMember(BOB, profile={"team": value}), members=({**RECORD, "team": "x"},))
    assert found["message"] == f"team is x, should be {text}"


@given(before=st.text().map(tidied), after=st.text().map(tidied))
def test_a_message_is_one_line_that_can_be_taken_apart_again(before: str, after: str) -> None:
    found = rows(DesiredMember(BOB, profile={"team": after}), members=({**RECORD, "team": before},))
    if before == after:
        assert found == []
        return
    left = found[0]["message"].removeprefix("team is ")
    assert "\n" not in left
    decoder = json.JSONDecoder()
    values = []
    for _side in range(2):
        if left.startswith('"'):
            value, end = decoder.raw_decode(left)
            left = left[end:].removeprefix(", should be ")
        else:
            value, _comma, left = left.partition(", should be ")
            value = "" if value == "empty" else value
        values.append(value)
    assert values == [before, after]
