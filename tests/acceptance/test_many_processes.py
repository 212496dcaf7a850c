# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking for a reference does not grow with history: requests where a template has thousands of processes.

``benchmarks/references.py`` counts them with 20,000.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.controllers import Controller, RealTime

pytestmark = pytest.mark.any_core

MANY, SOME, MEMBERS = 4_000, 1_000, 200
FIELDS = [{"label": "Reference", "field_type": "text"}, {"label": "Notes", "field_type": "textarea"}]
PAGES = MANY // 100


@dataclass(frozen=True)
class History:
    """The templates with their processes: many that carry their reference in the name, and some in the field."""

    sandbox: Sandbox
    many: str
    some: str


def person(number: int) -> dict[str, Any]:
    return {"email": f"hire{number}@example.com", "first_name": "Hire", "last_name": f"Number {number}"}


@pytest.fixture(scope="module")
def history(server: Sandbox) -> History:
    server.reset()
    many, some = (server.insert_template(title, prerun=FIELDS) for title in ("Many", "Some"))
    server.insert_members(*map(person, range(MEMBERS)))
    reference = many["prerun"][0]["id"]
    server.insert_runs(
        *(
            {
                "checklist_id": many["id"],
                "name": f"Tour of Hire Number {number} (hire{number}@example.com)",
                "prerun": {reference: f"E-{number}"},
            }
            for number in range(MANY)
        ),
        *(
            {"checklist_id": some["id"], "name": f"Tour {number}", "prerun": {some["prerun"][0]["id"]: f"E-{number}"}}
            for number in range(SOME)
        ),
    )
    return History(server, many["id"], some["id"])


@pytest.fixture
def sandbox(history: History) -> Iterator[Sandbox]:
    """The sandbox with its history; what one test launches is one more for the next."""
    history.sandbox.clear_ledger()
    yield history.sandbox
    history.sandbox.switch(run_prerun_missing=False, run_values_filter="finds")


@pytest.fixture
def controller(sandbox: Sandbox, tmp_path: Path) -> Controller:
    return Controller(sandbox, tmp_path / "home", RealTime())


Onboard = Callable[..., dict[str, Any]]


@pytest.fixture
def onboard(controller: Controller, history: History) -> Onboard:
    def run(*people: dict[str, Any], **process: Any) -> dict[str, Any]:
        wish = {"template": history.many, "name": "Tour of {full_name}", **process}
        result = controller.onboarding(people=list(people), process=wish)
        assert not result.get("failed"), result["msg"]
        return result

    return run


class TestAnOnboarding:
    def test_of_one_new_person(self, sandbox: Sandbox, onboard: Onboard) -> None:
        onboard({**person(MANY), "email": "new.hire@example.com"})
        assert len(sandbox.launches()) == 1
        assert len(sandbox.ledger()) <= 12

    def test_of_one_known_person(self, sandbox: Sandbox, onboard: Onboard) -> None:
        assert onboard(person(7))["changed"] is False
        assert len(sandbox.ledger()) <= 8

    def test_of_many_known_people(self, sandbox: Sandbox, onboard: Onboard) -> None:
        assert onboard(*map(person, range(MEMBERS)))["changed"] is False
        assert len(sandbox.ledger()) <= PAGES + 10

    def test_of_one_new_person_where_rows_hold_no_values(
        self, sandbox: Sandbox, onboard: Onboard, history: History
    ) -> None:
        sandbox.switch(run_prerun_missing=True)
        onboard(
            {**person(MANY), "email": "newer.hire@example.com"},
            template=history.some,
            name="A tour of ours",
            reference_field="Reference",
        )
        assert len(sandbox.launches()) == 1
        assert len(sandbox.ledger()) <= 30


class TestALoop:
    """Five processes, one after the other, by the same client, as the items of a loop are."""

    numbers = itertools.count(1)

    def launch_five(self, sandbox: Sandbox, controller: Controller, history: History) -> list[int]:
        """Return how many requests each of five launches took."""
        counts = []
        for number in itertools.islice(self.numbers, 5):
            before = len(sandbox.ledger())
            wish = {"template": history.many, "reference": f"N-{number}", "reference_field": "Reference"}
            assert controller.process(**wish, name=f"New tour {number}")["changed"] is True
            counts.append(len(sandbox.ledger()) - before)
        assert len(sandbox.launches()) == 5
        return counts

    def test_where_the_search_finds_values(self, sandbox: Sandbox, controller: Controller, history: History) -> None:
        assert sum(self.launch_five(sandbox, controller, history)) <= 5 * 10

    @pytest.mark.parametrize("reading", ["ignored", "finds_nothing"])
    def test_where_it_does_not(self, sandbox: Sandbox, controller: Controller, history: History, reading: str) -> None:
        sandbox.switch(run_values_filter=reading)
        assert sum(self.launch_five(sandbox, controller, history)) <= PAGES + 50, "one walk for all of them"
