# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several controllers launch the same process at the same moment: in the end there is one, and all of them know it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.controllers import Controller, ServerTime, active, at_launch, by_age, killed, together
from tests.people import TOUR_ID

pytestmark = pytest.mark.any_core

TRIES = range(15)
WISH: dict[str, Any] = {"template": TOUR_ID, "reference": "E-1", "name": "Tour", "kickoff": {"Notes": "Tour of Mary"}}
NAME = "Tour (E-1)"
PEOPLE = [
    {"email": f"hire{number}@example.com", "first_name": f"Hire{number}", "last_name": "Newcomer"}
    for number in range(3)
]
ONBOARDING: dict[str, Any] = {"people": PEOPLE, "process": {"template": TOUR_ID, "name": "Tour for {first_name}"}}
LOW, HIGH = "0" * 31 + "1", "f" * 32

Controllers = Callable[[], Controller]


@pytest.fixture
def clock(sandbox: Sandbox) -> ServerTime:
    return ServerTime(sandbox)


@pytest.fixture
def new_controller(sandbox: Sandbox, tmp_path: Path, clock: ServerTime) -> Controllers:
    """Returns a controller that nobody has worked with before."""
    numbers = itertools.count()
    return lambda: Controller(sandbox, tmp_path / f"home{next(numbers)}", clock)


def assert_one_stays(sandbox: Sandbox, name: str, ids: list[Any]) -> None:
    """Fail unless the first process of the name is the only active one, and what everybody was told of."""
    runs = by_age(sandbox.runs(name))
    assert active(runs) == [runs[0]["id"]]
    assert set(ids) == {runs[0]["id"]}


def processes_of(result: dict[str, Any]) -> list[Any]:
    assert not result.get("failed"), result["msg"]
    return [row["process"]["id"] for row in result["people"]]


class TestAtTheSameMoment:
    @pytest.mark.parametrize("attempt", TRIES)
    def test_one_process(self, sandbox: Sandbox, new_controller: Controllers, attempt: int) -> None:
        # Who comes first may have the greater id; all of it happens in one second.
        sandbox.plan_ids("run", *((HIGH, LOW) if attempt % 2 else (LOW, HIGH)))
        one, other = new_controller(), new_controller()
        results = together(lambda: one.process(**WISH), lambda: other.process(**WISH))
        assert [result["msg"] for result in results if result.get("failed")] == []
        assert len(sandbox.launches()) == 2, "both have launched, or nothing was tried"
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])
        assert active(sandbox.runs(NAME)) == [LOW]
        sandbox.clear_ledger()
        again = [controller.process(**WISH) for controller in (one, other)]
        assert [result["changed"] for result in again] == [False, False]
        assert sandbox.writes() == []

    def test_four_controllers(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        controllers = [new_controller() for _number in range(4)]
        results = together(*[lambda one=one: one.process(**WISH) for one in controllers])
        assert len(sandbox.launches()) == 4
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])

    @pytest.mark.parametrize("attempt", TRIES)
    def test_an_onboarding(self, sandbox: Sandbox, new_controller: Controllers, attempt: int) -> None:
        # Both have people in, and neither their members nor their groups are what this is about.
        for person in PEOPLE:
            sandbox.insert_members(person)
        sandbox.plan_ids("run", *((HIGH, LOW) if attempt % 2 else (LOW, HIGH)))
        one, other = new_controller(), new_controller()
        results = together(lambda: one.onboarding(**ONBOARDING), lambda: other.onboarding(**ONBOARDING))
        reported = list(zip(*map(processes_of, results)))
        for person, ids in zip(PEOPLE, reported):
            assert_one_stays(sandbox, f"Tour for {person['first_name']} ({person['email']})", list(ids))
        sandbox.clear_ledger()
        again = [controller.onboarding(**ONBOARDING) for controller in (one, other)]
        assert [result["changed"] for result in again] == [False, False]
        assert sandbox.writes() == []

    def test_an_onboarding_and_a_process(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        sandbox.insert_members(PEOPLE[0])
        one, other = new_controller(), new_controller()
        wish = {"template": TOUR_ID, "name": "Tour for Hire0", "reference": PEOPLE[0]["email"]}
        results = together(
            lambda: one.onboarding(**{**ONBOARDING, "people": PEOPLE[:1]}), lambda: other.process(**wish)
        )
        ids = [*processes_of(results[0]), results[1]["process"]["id"]]
        assert_one_stays(sandbox, "Tour for Hire0 (hire0@example.com)", ids)

    def test_with_a_reference_in_a_field(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        wish = {**WISH, "reference_field": "Reference"}
        one, other = new_controller(), new_controller()
        results = together(lambda: one.process(**wish), lambda: other.process(**wish))
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])

    def test_a_lost_answer_at_one_of_them(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        sandbox.fault(route="processes.launch", cut="after")
        one, other = new_controller(), new_controller()
        together(lambda: one.process(**WISH), lambda: other.process(**WISH))
        results = [controller.process(**WISH) for controller in (one, other)]
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])

    def test_what_gives_way_is_tried_again_when_it_was_refused(
        self, sandbox: Sandbox, new_controller: Controllers
    ) -> None:
        sandbox.fault(route="processes.archive", status=500)
        one, other = new_controller(), new_controller()
        together(lambda: one.process(**WISH), lambda: other.process(**WISH))
        results = [controller.process(**WISH) for controller in (one, other)]
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])


class TestLaunchesInDoubt:
    """An earlier job was not told what became of its launch, and another controller goes on."""

    def test_it_shows_up_before_another_launches(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        sandbox.fault(route="processes.launch", apply_late=True)
        assert new_controller().process(**WISH)["failed"]
        sandbox.plan_ids("run", LOW, HIGH)
        with at_launch("before", sandbox.carry_out_late):
            result = new_controller().process(**WISH)
        assert_one_stays(sandbox, NAME, [result["process"]["id"]])

    def test_it_shows_up_before_another_onboards(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        onboarding = {**ONBOARDING, "people": PEOPLE[:1]}
        sandbox.insert_members(PEOPLE[0])
        sandbox.fault(route="processes.launch", apply_late=True)
        assert new_controller().onboarding(**onboarding)["failed"]
        sandbox.plan_ids("run", LOW, HIGH)
        with at_launch("before", sandbox.carry_out_late):
            ids = processes_of(new_controller().onboarding(**onboarding))
        assert_one_stays(sandbox, "Tour for Hire0 (hire0@example.com)", ids)

    def test_it_shows_up_after_another_has_launched(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        sandbox.fault(route="processes.launch", apply_late=True)
        one, other = new_controller(), new_controller()
        assert one.process(**WISH)["failed"]
        sandbox.plan_ids("run", LOW, HIGH)
        with at_launch("after", sandbox.carry_out_late):
            assert other.process(**WISH)["process"]["id"] == LOW
        result = one.process(**WISH)
        assert_one_stays(sandbox, NAME, [result["process"]["id"]])

    def test_a_job_that_was_killed_while_another_launched(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        one, other = new_controller(), new_controller()
        sandbox.plan_ids("run", HIGH, LOW)
        # The first gets no further than its launch, so it cannot give way to the second, which sorts before it.
        with at_launch("before", lambda: killed(lambda: one.process(**WISH), "after")):
            assert other.process(**WISH)["process"]["id"] == LOW
        results = [controller.process(**WISH) for controller in (one, other)]
        assert_one_stays(sandbox, NAME, [result["process"]["id"] for result in results])


class TestDuplicates:
    """There have been several of one reference for a while."""

    @pytest.fixture
    def ids(self, sandbox: Sandbox, clock: ServerTime) -> list[str]:
        """The ids of three processes of one reference, the oldest first, which sorts last by its id."""
        made = [
            ("e" * 32, "2026-01-01T10:00:00.000Z"),
            ("a" * 32, "2026-01-01T10:00:01.000Z"),
            ("b" * 32, "2026-01-01T10:00:01.000Z"),
        ]
        values = {"checklist_id": TOUR_ID, "name": NAME}
        return sandbox.insert_runs(*({**values, "id": number, "created_at": at} for number, at in reversed(made)))[::-1]

    def test_they_are_reported(self, sandbox: Sandbox, new_controller: Controllers, ids: list[str]) -> None:
        wish = {**WISH, "kickoff": {}}
        reported = new_controller().process(**wish, check_mode=True)
        result = new_controller().process(**wish)
        for one in (reported, result):
            assert one["changed"] is False
            assert one["process"]["id"] == ids[0]
            (note,) = one["notes"]
            assert [number for number in ids[1:] if number not in note] == []
        assert active(sandbox.runs(NAME)) == ids
        assert sandbox.writes() == []

    def test_they_are_reported_by_an_onboarding(self, sandbox: Sandbox, new_controller: Controllers) -> None:
        sandbox.insert_members(PEOPLE[0])
        name = "Tour for Hire0 (hire0@example.com)"
        made = ("2026-01-02T10:00:00.000Z", "2026-01-01T10:00:00.000Z")
        newer, older = sandbox.insert_runs(*({"checklist_id": TOUR_ID, "name": name, "created_at": at} for at in made))
        result = new_controller().onboarding(**{**ONBOARDING, "people": PEOPLE[:1]})
        assert processes_of(result) == [older]
        assert any(newer in note for note in result["notes"])
        assert active(sandbox.runs(name)) == [older, newer]
        assert sandbox.writes() == []

    def test_they_are_settled_when_asked_to(
        self, sandbox: Sandbox, new_controller: Controllers, ids: list[str]
    ) -> None:
        wish = {**WISH, "kickoff": {}, "duplicates": "archive"}
        reported = new_controller().process(**wish, check_mode=True)
        assert sandbox.writes() == []
        controller = new_controller()
        done = controller.process(**wish)
        assert (reported["changed"], reported["diff"]) == (True, done["diff"])
        assert (done["changed"], done["process"]["id"]) == (True, ids[0])
        assert active(sandbox.runs(NAME)) == ids[:1]
        assert {entry["route"] for entry in sandbox.writes()} == {"processes.archive"}
        sandbox.clear_ledger()
        assert controller.process(**wish)["changed"] is False
        assert sandbox.writes() == []


#: What becomes of the name in a launch, and of the rename after it.
NAMINGS = (
    ("replaces", "accept"),
    ("replaces", "ignore"),
    ("replaces", "422"),
    ("refuses", "accept"),
    ("refuses", "422"),
)
LOST: dict[str, dict[str, Any]] = {
    "cut after": {"cut": "after"},
    "504 after the change": {"status": 504, "apply": True},
    "empty": {"empty": True, "apply": True},
    "half of the body": {"half_body": True},
}


class TestTemplatesThatNameTheirProcesses:
    """The reference is in the name only after the rename, if at all: nothing is launched twice all the same."""

    @staticmethod
    def set_the_scene(sandbox: Sandbox, naming: tuple[str, str], *, is_reported: bool) -> None:
        """Have processes named by a template that says so, or by a proxy that says nothing."""
        wins, put = naming
        sandbox.switch(auto_naming_wins=wins, auto_naming_put=put, auto_naming_everywhere=not is_reported)
        if is_reported:
            name_format = "Tour of {{Notes}}"
            sandbox.patch_template(
                TOUR_ID, auto_naming=True, allow_launcher_change_name=False, default_process_name_format=name_format
            )
        for run in sandbox.runs():
            sandbox.delete_run(run["id"])

    @staticmethod
    def assert_one_in_the_end(sandbox: Sandbox, controller: Controller, wish: dict[str, Any]) -> dict[str, Any]:
        """Fail unless runs that nothing disturbs leave one process, or launch none and say why; return the last."""
        results = [controller.process(**wish) for _number in range(3)]
        made = active(sandbox.runs())
        assert len(made) <= 1
        reported = {result["process"]["id"] for result in results if result["process"]}
        assert reported == set(made), "whoever has launched one knows which"
        return results[-1]

    @pytest.mark.parametrize("fault", ["cut after", "killed"])
    @pytest.mark.parametrize("is_reported", [True, False], ids=["template", "proxy"])
    @pytest.mark.parametrize("naming", NAMINGS)
    def test_with_a_reference_in_a_field(
        self, sandbox: Sandbox, new_controller: Controllers, naming: tuple[str, str], is_reported: bool, fault: str
    ) -> None:
        self.set_the_scene(sandbox, naming, is_reported=is_reported)
        wish = {**WISH, "reference_field": "Reference"}
        controller = new_controller()
        self.disturb(sandbox, controller, wish, fault)
        result = self.assert_one_in_the_end(sandbox, controller, wish)
        # Who is not told by the template learns from the refusal that a name may not be given.
        assert is_reported <= (not result.get("failed")), result

    @pytest.mark.parametrize("fault", ["cut after", "killed"])
    @pytest.mark.parametrize("is_reported", [True, False], ids=["template", "proxy"])
    @pytest.mark.parametrize("naming", NAMINGS)
    def test_with_a_reference_in_the_name(
        self, sandbox: Sandbox, new_controller: Controllers, naming: tuple[str, str], is_reported: bool, fault: str
    ) -> None:
        self.set_the_scene(sandbox, naming, is_reported=is_reported)
        controller = new_controller()
        self.disturb(sandbox, controller, WISH, fault)
        result = self.assert_one_in_the_end(sandbox, controller, WISH)
        assert active(sandbox.runs()) or result["failed"]

    @pytest.mark.parametrize("fault", LOST)
    def test_whatever_lost_the_answer(self, sandbox: Sandbox, new_controller: Controllers, fault: str) -> None:
        self.set_the_scene(sandbox, ("replaces", "422"), is_reported=True)
        wish = {**WISH, "reference_field": "Reference"}
        controller = new_controller()
        self.disturb(sandbox, controller, wish, fault)
        assert not self.assert_one_in_the_end(sandbox, controller, wish).get("failed")

    @staticmethod
    def disturb(sandbox: Sandbox, controller: Controller, wish: dict[str, Any], fault: str) -> None:
        if fault == "killed":
            killed(lambda: controller.process(**wish), "after")
            return
        sandbox.fault(route="processes.launch", **LOST[fault])
        controller.process(**wish)
        sandbox.clear_faults()
