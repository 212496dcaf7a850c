# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide first, write afterwards."""

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    NotStoredError,
    RefusedError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, Step

STEPS = (
    Step("update", "a@example.com", "team differs", {"team": "Ops", "phone": "1"}),
    Step("change_role", "a@example.com", "role is light", {"role": "admin"}),
    Step("add_to_group", "a@example.com", "not in Sales", target="Sales"),
)
PLAN = Plan("a@example.com", {"team": None}, {"team": "Ops"}, STEPS)
DESCRIBED = [
    {"action": "update", "reason": "team differs", "fields": ["phone", "team"]},
    {"action": "change_role", "reason": "role is light", "fields": ["role"]},
    {"action": "add_to_group", "reason": "not in Sales", "fields": [], "target": "Sales"},
]


def test_steps_are_carried_out_in_their_order() -> None:
    done: list[Step] = []
    result = PLAN.run(done.append, check_mode=False)
    assert tuple(done) == STEPS
    assert result["actions"] == DESCRIBED
    assert result["changed"] is True


def test_check_mode_carries_out_nothing_and_tells_the_same() -> None:
    done: list[Step] = []
    told = PLAN.run(done.append, check_mode=True)
    assert done == []
    assert told == PLAN.run(done.append, check_mode=False)


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
