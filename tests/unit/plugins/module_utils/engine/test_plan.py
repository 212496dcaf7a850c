# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: steps, check mode and diff."""

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    NotStoredError,
    RefusedError,
    TallyfyError,
)

STEPS = (
    Step("updated", "a@example.com", "team differs", {"team": "Ops", "phone": "1"}),
    Step("role_changed", "a@example.com", "role is light", {"role": "admin"}),
    Step("added_to_group", "a@example.com", "not in Sales", target="Sales"),
)
PLAN = Plan("a@example.com", {"team": None}, {"team": "Ops"}, STEPS)
DESCRIBED = [
    {"action": "updated", "reason": "team differs", "fields": ["phone", "team"], "target": None},
    {"action": "role_changed", "reason": "role is light", "fields": ["role"], "target": None},
    {"action": "added_to_group", "reason": "not in Sales", "fields": [], "target": "Sales"},
]


def test_steps_are_carried_out_in_their_order() -> None:
    done: list[Step] = []
    result = PLAN.run(done.append, check_mode=False)
    assert tuple(done) == STEPS
    assert result["actions"] == DESCRIBED
    assert result["changed"] is True


def test_check_mode_carries_out_nothing_and_tells_the_same() -> None:
    done: list[Step] = []
    reported = PLAN.run(done.append, check_mode=True)
    assert done == []
    assert reported == PLAN.run(done.append, check_mode=False)


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_to_do_is_no_change(check_mode: bool) -> None:
    result = Plan("x").run(pytest.fail, check_mode=check_mode)
    assert result == {
        "changed": False,
        "actions": [],
        "diff": {"before_header": "x", "after_header": "x", "before": {}, "after": {}},
    }


def test_diff_is_the_difference() -> None:
    diff = PLAN.run(lambda _step: None, check_mode=True)["diff"]
    assert diff == {
        "before_header": "a@example.com",
        "after_header": "a@example.com",
        "before": {"team": None},
        "after": {"team": "Ops"},
    }


@pytest.mark.parametrize("failing", [0, 1, 2])
@pytest.mark.parametrize("may_be_done", [True, False])
def test_step_that_fails_ends_the_run_and_tells_what_was_done(failing: int, may_be_done: bool) -> None:
    tried: list[Step] = []

    def carry_out(step: Step) -> None:
        tried.append(step)
        if len(tried) == failing + 1:
            raise (NotStoredError if may_be_done else RefusedError)("not stored", not_stored=["team"])

    with pytest.raises(TallyfyError) as caught:
        PLAN.run(carry_out, check_mode=False)
    assert tuple(tried) == STEPS[: failing + 1]
    assert caught.value.facts == {
        "not_stored": ["team"],
        "changed": failing > 0 or may_be_done,
        "actions": DESCRIBED[:failing],
        "failed_action": DESCRIBED[failing],
    }


def test_defect_is_not_taken_for_a_failure() -> None:
    def carry_out(_step: Step) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        PLAN.run(carry_out, check_mode=False)


def test_failure_keeps_its_own_facts() -> None:
    def carry_out(_step: Step) -> None:
        raise ApiError("PUT /x", "no", status=500)

    with pytest.raises(ApiError) as caught:
        PLAN.run(carry_out, check_mode=False)
    assert caught.value.status == 500
    assert caught.value.facts["request"] == "PUT /x"


def test_plans_can_be_compared() -> None:
    assert Plan("a", steps=(Step("x", "a", "r", {"b": 1}),)) == Plan("a", steps=(Step("x", "a", "r", {"b": 1}),))
    assert Plan("a", steps=(Step("x", "a", "r", {"b": 1}),)) != Plan("a", steps=(Step("x", "a", "r", {"b": 2}),))


# --- a run step by step -----------------------------------------------------------------------------------------------


def failing(_step: Step) -> None:
    raise ApiError("PUT /x", "no")


def test_open_steps_are_those_that_have_not_been_tried() -> None:
    run = PlanRun(PLAN)
    assert list(run.open_steps()) == list(STEPS)
    assert list(run.open_steps(["added_to_group", "role_changed"])) == list(STEPS[1:])
    run.finish(STEPS[1], is_done=False)
    run.attempt(STEPS[0], lambda _step: True)
    assert list(run.open_steps()) == [STEPS[2]]
    assert run.done == [STEPS[0]]


def test_after_a_failure_nothing_is_open() -> None:
    run = PlanRun(PLAN)
    tried = []
    for step in run.open_steps():
        tried.append(step)
        run.attempt(step, failing if step is STEPS[1] else lambda _step: True)
    assert tried == list(STEPS[:2])
    assert list(run.open_steps()) == []
    assert run.changed
    with pytest.raises(ApiError) as caught:
        run.raise_failure()
    assert caught.value.facts["actions"] == DESCRIBED[:1]
    assert caught.value.facts["failed_action"] == DESCRIBED[1]


def test_equal_steps_are_told_apart() -> None:
    twice = (Step("updated", "a", "r"), Step("updated", "a", "r"))
    run = PlanRun(Plan("a", steps=twice))
    run.finish(twice[0])
    assert [step is twice[1] for step in run.open_steps()] == [True]


def test_step_that_failed_for_the_time_being_can_be_tried_again() -> None:
    run = PlanRun(PLAN)
    run.finish(STEPS[0])
    run.attempt(STEPS[1], failing)
    run.reopen()
    assert list(run.open_steps()) == list(STEPS[1:])
    run.pretend()
    run.raise_failure()
    assert run.result()["actions"][:1] == DESCRIBED[:1]


def test_pretending_counts_everything_as_done() -> None:
    run = PlanRun(PLAN)
    run.pretend()
    assert (run.done, list(run.open_steps()), run.error) == (list(STEPS), [], None)
