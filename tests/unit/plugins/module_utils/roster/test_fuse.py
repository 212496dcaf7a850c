# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fuse: what a roster may take away, and in which words it refuses."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy, ambiguous, named, refusals


def member(number: int, **fields: Any) -> Member:
    return Member({"id": number, "email": f"p{number}@example.com", "status": "active", "role": "light", **fields})


def removal(record: Member, action: str = "disabled") -> tuple[Member, Plan]:
    step = Step(action, record["email"], "active", {"status": "disabled"})
    return record, Plan(record["email"], {"status": record["status"]}, {"status": "disabled"}, (step,))


def change(record: Member, **after: Any) -> tuple[Member, Plan]:
    action = "enabled" if "status" in after else "role_changed"
    return record, Plan(record["email"], {}, after, (Step(action, record["email"], "differs", after),))


ALL = [member(number, role="admin" if number < 3 else "light") for number in range(20)]


@pytest.mark.parametrize(
    ("limit", "active", "allowed"),
    [
        ("10%", 20, 2), ("10%", 21, 3), ("10%", 9, 1), ("10%", 1010, 101), ("10%", 0, 0), ("0%", 50, 0), ("0", 50, 0),
        ("7", 3, 7), (" 25 % ", 8, 2), ("99%", 8, 8), ("100%", 0, sys.maxsize),
    ],
)  # fmt: skip
def test_limit(limit: str, active: int, allowed: int) -> None:
    policy = Policy(max_removals=limit)
    assert policy.problems() == []
    assert policy.allowed_removals(active) == allowed


@pytest.mark.parametrize("limit", ["", "ten", "-1", "10.5%", "101%", "%", "10%%", "1 0", "0x10", "٣"])
def test_limit_that_makes_no_sense(limit: str) -> None:
    (problem,) = Policy(max_removals=limit).problems()
    assert problem == f"max_removals {limit!r} is neither a number nor a percentage such as 10%"
    assert Policy(max_removals=limit).allowed_removals(100) == 0


def test_other_values_that_make_no_sense() -> None:
    assert Policy(min_admins=-1, protect=("a@example.com", " ")).problems() == [
        "min_admins is -1, and cannot be negative",
        "protect holds a blank entry",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "a@example.com\nb@example.com", "a@example.com;b@example.com", "{'email': 'a@example.com'}",
        "A Person <a@example.com>", "mailto:a@example.com", "example.com", "@example.com", "boss",
    ],
)  # fmt: skip
def test_what_would_protect_nobody_is_refused(entry: str) -> None:
    (problem,) = Policy(protect=("*@example.net", entry)).problems()
    assert problem.startswith(f"protect holds {entry!r}, which is neither an e-mail address nor a pattern")


@pytest.mark.parametrize(
    ("entry", "is_protected"),
    [
        ("boss@example.com", True), (" BOSS@Example.com ", True), ("*@example.com", True), ("b?ss@*", True),
        ("*", True), ("boss", False), ("boss@example.co", False), ("*@example.net", False),
    ],
)  # fmt: skip
def test_protection(entry: str, is_protected: bool) -> None:
    assert Policy(protect=("x@example.net", entry)).protector("Boss@example.com") == (entry if is_protected else None)


@pytest.mark.parametrize("action", ["disabled", "deleted"])
def test_as_many_as_allowed_may_leave_and_not_one_more(action: str) -> None:
    leavers = [removal(record, action) for record in ALL[-3:]]
    assert refusals(leavers[:2], ALL, Policy(max_removals="10%")) == []
    (reason,) = refusals(leavers, ALL, Policy(max_removals="10%"))
    assert reason == (
        "3 members would lose access, but max_removals allows 2 of 20 active members (10%): "
        "p17@example.com, p18@example.com, p19@example.com. To allow this, set max_removals to 3"
    )
    assert refusals(leavers, ALL, Policy(max_removals="3")) == []


def test_protected_address_that_reads_like_a_glob() -> None:
    policy = Policy(protect=("Ops@[10.0.0.1]", "Jose\u0301@example.com", "*@example.net"))
    assert policy.protector("ops@[10.0.0.1]") == "Ops@[10.0.0.1]"
    assert policy.protector("JOS\u00c9@example.com") == "Jose\u0301@example.com"
    assert policy.protector("a@EXAMPLE.net") == "*@example.net"
    assert policy.protector("ops@[10.0.0.2]") is None


def test_only_active_people_make_up_the_percentage() -> None:
    others = [
        member(30, status="invited"),
        member(31, status="disabled"),
        member(32, type="bot"),
        member(33, support_user=True),
    ]
    everybody = [member(1), *others * 10]
    policy = Policy(max_removals="10%")
    assert refusals([removal(member(1)), removal(member(30, status="invited"))], everybody, policy) != []
    assert refusals([removal(member(30, status="invited"))], everybody, policy) == []


def test_somebody_invited_counts_as_leaving() -> None:
    assert refusals([removal(member(9, status="invited"))], ALL, Policy(max_removals="0")) != []


def test_administrators_are_counted_after_the_whole_run() -> None:
    removing, demoting = removal(ALL[0]), change(ALL[1], role="light")
    assert refusals([removing], ALL, Policy()) == []
    assert refusals([demoting], ALL, Policy()) == []
    (reason,) = refusals([removing, demoting], ALL, Policy())
    assert reason == (
        "the number of active administrators would drop from 3 to 1, but min_admins is 2. Administrators to be removed "
        "or demoted: p0@example.com, p1@example.com. To allow this, set min_admins to 1"
    )
    assert refusals([removing, demoting], ALL, Policy(min_admins=1)) == []
    assert refusals([removing, demoting, change(ALL[5], role="admin")], ALL, Policy()) == []


def test_who_is_only_being_added_is_no_administrator_yet() -> None:
    added = (None, Plan("new@example.com", {}, {"role": "admin"}, (Step("created", "new@example.com", "new"),)))
    plans: list[Any] = [removal(ALL[0]), removal(ALL[1]), added]
    assert len(refusals(plans, ALL, Policy())) == 1


@pytest.mark.parametrize(
    "record",
    [
        member(40, role="admin", status="invited"),
        member(40, role="admin", status="disabled"),
        member(40, role="admin", type="bot"),
        member(40, role="admin", support_user=True),
    ],
)
def test_who_cannot_act_is_no_administrator(record: dict[str, Any]) -> None:
    everybody = [*ALL, record]
    plans: list[Any] = [removal(ALL[0]), removal(ALL[1]), change(record, team="x")]
    assert len(refusals(plans, everybody, Policy())) == 1


def test_enabled_administrator_counts() -> None:
    record = member(40, role="Admin", status="disabled")
    plans = [removal(ALL[0]), removal(ALL[1]), change(record, status="active")]
    assert refusals(plans, [*ALL, record], Policy()) == []


def test_few_administrators_are_no_reason_to_refuse_something_else() -> None:
    everybody = [member(1, role="admin"), *(member(number) for number in range(2, 20))]
    assert refusals([removal(everybody[5])], everybody, Policy()) == []


def test_all_reasons_are_reported() -> None:
    assert len(refusals([removal(record) for record in ALL[:4]], ALL, Policy())) == 2


def test_long_lists_are_shortened() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named("abcdef", longest=4) == "a, b, c, d and 2 more"
    assert named("abcde", longest=4) == "a, b, c, d and 1 more"
    assert named("abcd", longest=4) == "a, b, c, d"
    assert named([]) == ""


def test_addresses_that_differ_in_case_only_are_ambiguous() -> None:
    assert ambiguous(ALL) == []
    assert ambiguous([*ALL, {"id": 99, "email": "P3@Example.com "}]) == ["p3@example.com"]


@pytest.mark.parametrize(("active", "allowed"), [(0, 3), (9, 3), (30, 3), (31, 4), (200, 20)])
def test_the_default_is_a_tenth_and_three_people_at_least(active: int, allowed: int) -> None:
    policy = Policy.from_params({"max_removals": None, "min_admins": 2})
    assert policy == Policy()
    assert policy.problems() == []
    assert policy.allowed_removals(active) == allowed


@pytest.mark.parametrize(
    ("limit", "members", "guests", "is_allowed"),
    [
        ("0", 0, 1, False),
        ("2", 1, 1, True),
        ("2", 1, 2, False),
        ("2", 0, 2, True),
        ("10%", 1, 1, True),
        ("10%", 2, 1, True),
        ("10%", 2, 2, False),
        # If only the sum counted, enough guests would allow the removal of every member.
        ("10%", 3, 0, False),
        ("10%", 0, 2, False),
        ("100%", 20, 10, True),
        (None, 2, 1, True),
        (None, 2, 2, False),
    ],
)
def test_members_and_guests_are_counted_together(
    limit: str | None, members: int, guests: int, is_allowed: bool
) -> None:
    assert (Policy(max_removals=limit).exceeded(members, 20, guests, 10) is None) is is_allowed


def test_guests_make_no_room_for_members() -> None:
    assert Policy(max_removals="10%").exceeded(3, 20, 0, 1000) == "allows 2 of 20 active members (10%)"
    assert Policy(max_removals=None).exceeded(4, 20, 0, 1000) == "allows 3 of 20 active members (10%, at least 3)"


def test_a_refusal_names_the_numbers_of_each_kind_and_the_option_by_its_name() -> None:
    leavers = [removal(record) for record in ALL[-2:]]

    def called(option: str) -> str:
        return f"offboarding_{option}"

    policy = Policy(max_removals="10%", called=called)
    (reason,) = refusals(leavers, ALL, policy, guests=["a@x.org", "b@x.org"], guests_there=5)
    assert reason == (
        "2 members and 2 guests would lose access, but offboarding_max_removals allows 3 of 20 active members and "
        "5 guests (10%): p18@example.com, p19@example.com, a@x.org, b@x.org. "
        "To allow this, set offboarding_max_removals to 4"
    )
    (reason,) = refusals([], ALL, Policy(max_removals="0"), guests=["a@x.org"], guests_there=2)
    assert reason.startswith("1 guest would lose access, but max_removals allows 0: a@x.org. ")
    (reason,) = refusals([removal(record) for record in ALL[-4:]], ALL, Policy(max_removals=None))
    assert "max_removals allows 3 of 20 active members (10%, at least 3): " in reason


def test_problems_name_the_options_as_the_caller_does() -> None:
    policy = Policy(max_removals="ten", min_admins=-1, protect=(" ",), called=lambda option: f"roster_{option}")
    assert policy.problems() == [
        "roster_max_removals 'ten' is neither a number nor a percentage such as 10%",
        "roster_min_admins is -1, and cannot be negative",
        "roster_protect holds a blank entry",
    ]
