# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps of many plans are tried, and why the others are skipped."""

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import CircuitBreaker
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, SkipReason, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import BulkRun, Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    PausedError,
    TallyfyError,
    UnreachableError,
)

REFUSAL = ForbiddenError("PUT /x", "no", status=403)
PAUSE = PausedError("PUT /x", "later", not_before="noon")
UNREACHABLE = UnreachableError("PUT /x", "nobody there")


class Run(PlanRun):
    """A run of numbered steps, of which one may fail."""

    def __init__(self, subject: str, actions: str, error: TallyfyError | None = None, *, fails: str = "2") -> None:
        super().__init__(Plan(subject, steps=tuple(Step(action, subject, "") for action in actions)))
        self._failure = {fails: error}

    def carry_out(self, step: Step) -> bool:
        error = self._failure.get(step.action)
        if error is not None:
            raise error
        # A step that is declined without harm.
        return step.action != "0"


def story_of(run: PlanRun) -> str:
    """Return the done steps of a run and its outcome."""
    done = "".join(step.action for step in run.done)
    ends = [f"failed: {type(run.error).__name__}"] * (run.error is not None)
    if run.skip_reason is not None:
        ends.append(("deferred" if run.skip_reason.is_deferred else "skipped") + f": {run.skip_reason.text[:24]}")
    return "; ".join([done, *ends])


@pytest.mark.parametrize(
    ("first", "stops_on_error", "first_story", "second_story"),
    [
        (Run("a", "123"), False, "123", "123"),
        (Run("a", "1023"), False, "123", "123"),
        (Run("a", "123", REFUSAL), False, "1; failed: ForbiddenError", "123"),
        (Run("a", "123", REFUSAL), True, "1; failed: ForbiddenError", "; skipped: Not tried: a fai"),
        (Run("a", "123", UNREACHABLE), False, "1; failed: UnreachableError", "; skipped: Not tried, because it wo"),
        (
            Run("a", "123", PAUSE),
            False,
            "1; failed: PausedError; deferred: Deferred until noon: PUT",
            "; deferred: Deferred until noon: PUT",
        ),
    ],
    ids=["success", "declined", "refused", "stop on error", "breaker opens", "deferred"],
)
def test_what_a_failure_means_for_the_next(
    first: Run, stops_on_error: bool, first_story: str, second_story: str
) -> None:
    scheduler, second = Scheduler(CircuitBreaker(stops_on_error=stops_on_error)), Run("b", "123")
    scheduler.for_each(lambda run: scheduler.complete(run, run.plan.subject), [first, second])
    assert story_of(first) == first_story
    assert story_of(second).startswith(second_story)


def test_who_depends_on_what_failed_is_skipped_for_the_first_reason() -> None:
    scheduler, run = Scheduler(), Run("b", "123")
    scheduler.complete(run, "b", is_due=lambda step: step.action == "1")
    scheduler.skip(run, SkipReason("Not tried: a failed."))
    scheduler.skip(run, SkipReason("Another reason"))
    scheduler.complete(run, "b")
    assert story_of(run) == "1; skipped: Not tried: a failed."
    run.reopen()
    scheduler.complete(run, "b")
    assert story_of(run) == "123"


def test_only_steps_that_are_due_are_tried_each_with_its_own_breaker() -> None:
    scheduler, own = Scheduler(), CircuitBreaker(stops_on_error=True)
    run, other = Run("a", "1234", REFUSAL), Run("b", "1234")
    for one in (run, other):
        scheduler.complete(
            one,
            one.plan.subject,
            is_due=lambda step: step.action != "3",
            breaker_for=lambda step: own if step.action == "2" else None,
        )
    assert story_of(run) == "1; failed: ForbiddenError"
    assert story_of(other).startswith("1; skipped: Not tried: a fai")
    assert scheduler.breaker.open_reason is None


def test_steps_of_a_plan_that_takes_the_place_of_the_runs_own_follow() -> None:
    class Replanning(Run):
        def carry_out(self, step: Step) -> bool:
            if step.action == "1":
                self.plan = Run("a", "45").plan
            return super().carry_out(step)

    run = Replanning("a", "123")
    Scheduler().complete(run, "a")
    assert story_of(run) == "145"


@pytest.mark.parametrize("workers", [1, 3])
def test_progress_is_reported_after_each(workers: int) -> None:
    counts: list[int] = []
    Scheduler(workers=workers).for_each(lambda _subject: None, "abcd", progress=counts.append)
    assert counts == [1, 2, 3, 4]


@pytest.mark.parametrize(("check_mode", "stories"), [(True, ["123", "1"]), (False, ["1; failed: ForbiddenError", ""])])
def test_check_mode_counts_every_step_as_done(check_mode: bool, stories: list[str]) -> None:
    class Both(BulkRun):
        runs = (Run("a", "123", REFUSAL), Run("b", "1"))

        def carry_out(self) -> None:
            Scheduler().complete(self.runs[0], "a")

    both = Both()
    both.complete(check_mode=check_mode)
    assert [story_of(run) for run in both.runs] == stories
    assert both.changed
