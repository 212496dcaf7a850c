# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs launch the same process at the same time: whoever sees what, exactly one process stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import LostAnswerError, NotStoredError
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import DesiredProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.race import settle_launches
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import age
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import Finder, Sought
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.run import ProcessRun

DESIRED = DesiredProcess.from_params({"template": "t", "reference": "E-1"})
LAUNCH = Step("launched", "Tour (E-1)", "no process has the reference 'E-1'")


class Service:
    """Archives processes, or refuses to."""

    connection = SimpleNamespace(api_url="https://example.com/api")
    doubtful_launches = SimpleNamespace(drop=lambda _mark, _now: None)
    late_writes = SimpleNamespace(since=lambda _path, _now: None)

    def now(self) -> float:
        return 0.0

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.archived: list[str] = []

    def path(self, *segments: object) -> str:
        return "/".join(map(str, segments))

    def call(self, method: str, path: str) -> Any:
        assert method == "DELETE"
        if self.refuses:
            raise LostAnswerError(f"DELETE {path}", "the answer was lost")
        self.archived.append(path.rpartition("/")[2])
        return SimpleNamespace(record={"id": self.archived[-1], "archived_at": "2026-01-01T00:00:00Z"})


def run_of(second: int, number: str) -> dict[str, Any]:
    return {"id": number, "name": "Tour (E-1)", "created_at": f"2026-01-01T00:00:{second:02}.000Z"}


def launcher(service: Any, own: dict[str, Any] | None) -> ProcessRun:
    """Return a run that has launched this process, or does not know which one."""
    run = ProcessRun(
        service, DESIRED, Plan("E-1", steps=(LAUNCH,)), Known(),
        current=own, launch=None, finder=Finder(service, "t"), sought=Sought(DESIRED),
    )  # fmt: skip
    run.launched, run.launch_began = own, 1
    run.finish(LAUNCH)
    return run


moments = st.tuples(st.integers(0, 2), st.text("abc", min_size=1, max_size=2))
launches = st.lists(moments, min_size=1, max_size=5, unique_by=lambda one: one[1])


@given(launches, st.data())
def test_exactly_one_stays(made: list[tuple[int, str]], data: st.DataObject) -> None:
    """Each sees what is older than its own; of its own and of younger ones it sees what the lists happen to show."""
    service = Service()
    oldest_first = sorted((run_of(second, number) for second, number in made), key=age)
    runs = []
    for place, own in enumerate(oldest_first):
        seen = [*oldest_first[:place], *(one for one in oldest_first[place:] if data.draw(st.booleans()))]
        run = launcher(service, own)
        run.settle(seen)
        assert run.error is None
        runs.append(run)
    assert sorted(service.archived) == sorted(one["id"] for one in oldest_first[1:])
    assert {run.record["id"] for run in runs} == {oldest_first[0]["id"]}
    for run in runs[1:]:
        assert [step.action for step in run.done] == ["launched", "archived"]
        assert f"{run.launched['id'] if run.launched else ''} was archived" in run.notes[0]


def test_who_does_not_know_its_own_archives_what_is_new_and_not_the_oldest() -> None:
    service = Service()
    old, older = run_of(50, "b"), run_of(0, "a")
    run = launcher(service, None)
    run.launch_began = 1767225640  # 2026-01-01T00:00:40Z
    run.settle([older, run_of(10, "c"), old])
    assert service.archived == ["b"], "what was there before is nobody's to archive"
    run = launcher(service, None)
    run.launch_began = 0
    run.settle([older, old])
    assert service.archived == ["b"], "without a clock nothing is known to be new"


def test_one_that_cannot_be_archived_is_a_failure_with_both_ids() -> None:
    run = launcher(Service(refuses=True), run_of(1, "b"))
    run.settle([run_of(0, "a"), run_of(1, "b")])
    assert isinstance(run.error, NotStoredError)
    assert "b could not be archived" in str(run.error)
    assert "keep the older a" in str(run.error)
    assert run.changed


def test_what_the_archived_one_lacked_does_not_matter() -> None:
    run = launcher(Service(), run_of(1, "b"))
    run.fail(LAUNCH, NotStoredError("Tallyfy did not store Notes"))
    run.settle([run_of(0, "a"), run_of(1, "b")])
    assert run.error is None
    assert run.record["id"] == "a"


def test_what_is_not_listed_is_reported() -> None:
    run = launcher(Service(), run_of(1, "b"))
    run.settle([])
    (note,) = run.notes
    assert "another run may have launched it too; Tallyfy does not list it yet" in note


class Rests(Service):
    """Tells the time, and how long somebody rested; it lists one process."""

    def __init__(self, now: float, second: int) -> None:
        super().__init__()
        self.service_second = second
        self.rests: list[float] = []
        self._now = now

    def now(self) -> float:
        return self._now

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)

    def records(self, _path: str, *, query: dict[str, Any], workers: int = 1) -> list[dict[str, Any]]:
        assert (query["q"], workers) == ("E-1", 1)
        return [run_of(7, "a")]


@pytest.mark.parametrize(
    ("passed", "reported", "rest"),
    [
        (0.0, 7, 1.0), (0.1, 7, 1.0), (0.5, 7, 0.75), (0.99, 7, 0.26),
        # The service has gone on already.
        (0.5, 8, None),
        # This clock is another one, or the service does not tell the time.
        (-5.0, 7, 1.0), (3.0, 7, 1.0), (0.5, 0, 0.75),
    ],
)  # fmt: skip
def test_the_second_of_the_launch_has_passed_before_it_looks(passed: float, reported: int, rest: float | None) -> None:
    second = 1767225600  # 2026-01-01T00:00:00Z
    service = Rests(second + 7 + passed, second + reported if reported else 0)
    run = launcher(service, run_of(7, "a"))
    settle_launches(service, [run])  # type: ignore[arg-type] # all of a client that is needed
    assert service.rests == ([] if rest is None else [pytest.approx(rest)])
    assert run.record["id"] == "a"
