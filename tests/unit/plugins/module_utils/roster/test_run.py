# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run tells its progress, and the order of its phases; what it sends is tested against the sandbox."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.run import RosterRun


class Person(PlanRun):
    """A person whose steps take two seconds each."""

    must_read = False

    def __init__(self, number: int, actions: tuple[str, ...], past: dict[str, Any]) -> None:
        super().__init__(Plan(str(number), steps=tuple(Step(action, str(number), "") for action in actions)))
        self.desired = SimpleNamespace(email=f"p{number}@example.com")
        self.record = Member(id=number, role="light")
        # Only the first person was an administrator before.
        self.current = Member(id=number, role="light" if number else "Admin")
        self._past = past

    def carry_out(self, step: Step) -> bool:
        self._past["seconds"] += 2
        self._past["done"].append((step.action, step.subject))
        return True


def run(*actions: tuple[str, ...]) -> tuple[list[str], list[tuple[str, str]]]:
    """Run people with these actions; return the lines of progress and the actions in order."""
    past: dict[str, Any] = {"seconds": 0.0, "done": []}
    reported: list[str] = []
    people: list[Any] = [Person(number, person_actions, past) for number, person_actions in enumerate(actions)]
    client: Any = SimpleNamespace()
    RosterRun(client, people, progress=reported.append, clock=lambda: past["seconds"]).carry_out()
    return reported, past["done"]


def test_progress_is_reported_every_few_seconds_and_not_more_often() -> None:
    reported, _done = run(*[("created",)] * 10, *[("updated",)] * 4)
    assert reported == [
        "3 of 10 people added",
        "6 of 10 people added",
        "9 of 10 people added",
        "2 of 4 people updated",
    ]


def test_a_short_run_tells_nothing() -> None:
    assert run(("created",), ("updated",))[0] == []


def test_people_come_in_before_anybody_goes_out() -> None:
    _reported, done = run(("disabled", "deleted"), ("updated",), ("created", "updated"), ("enabled", "role_changed"))
    assert done == [
        ("created", "2"), ("updated", "1"), ("updated", "2"), ("enabled", "3"), ("role_changed", "3"),
        ("disabled", "0"), ("deleted", "0"),
    ]  # fmt: skip


def test_nobody_stops_being_an_administrator_before_others_have_become_one() -> None:
    _reported, done = run(("updated", "role_changed"), ("role_changed",), ("enabled", "role_changed"))
    assert done == [
        ("updated", "0"), ("role_changed", "1"), ("enabled", "2"), ("role_changed", "2"), ("role_changed", "0"),
    ]  # fmt: skip
