# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is a value, which is put into words once."""

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    MOST_PROBLEMS,
    ForbiddenError,
    InputError,
    RefusedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem

ROW = Place("people.csv line 7", 5)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("it is wrong"), "it is wrong"),
        (Problem("it is wrong", ROW), "people.csv line 7: it is wrong"),
        (Problem("it is wrong", subject="a@example.com"), "a@example.com: it is wrong"),
        (Problem("it is wrong", ROW, "a@example.com"), "people.csv line 7 (a@example.com): it is wrong"),
        (Problem("b is leaving", option="reassign_to"), "reassign_to b is leaving"),
        (
            Problem("b is leaving", ROW, "a@x.org", "reassign_to"),
            "people.csv line 7 (a@x.org): reassign_to b is leaving",
        ),
    ],
)
def test_problem_in_words(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problems_are_reported_once_and_in_the_order_of_the_input() -> None:
    last, first = Problem("c", Place("row 3", 2)), Problem("b", Place("row 2", 1))
    error = InputError([last, first, "of the task", last, Problem("defaults", Place("defaults")), first])
    assert [str(problem) for problem in error.problems] == ["of the task", "defaults: defaults", "row 2: b", "row 3: c"]
    assert str(error) == "of the task; defaults: defaults; row 2: b; row 3: c"
    assert error.facts["problems"] == ["of the task", "defaults: defaults", "row 2: b", "row 3: c"]


def test_message_names_so_many_problems_and_the_facts_all() -> None:
    error = InputError(f"problem {number}" for number in range(MOST_PROBLEMS + 2))
    assert str(error).endswith(f"; problem {MOST_PROBLEMS - 1}; and 2 more, see problems")
    assert len(error.problems) == MOST_PROBLEMS + 2


def test_text_is_the_message_without_its_subject() -> None:
    error = RefusedError("not removed.", subject="a@example.com", removals=[])
    assert (str(error), error.message, error.text) == ("a@example.com: not removed.",) * 2 + ("not removed.",)
    assert error.facts == {"removals": []}
    assert RefusedError("no").text == RefusedError("no").message == "no"


def test_text_of_a_refusal_holds_no_number_of_a_request() -> None:
    """Many people meet the same obstacle, each by a request of its own."""
    error = ForbiddenError("PUT /x", "No.", advice="Ask.", status=403, request_id="r-1")
    assert "(HTTP 403, request r-1)" in error.message
    assert error.text == error.message.replace(", request r-1", "")
    error.advise("Go away.")
    assert "request r-1" in str(error)
    assert "Go away." in str(error)
    assert error.text == str(error).replace(", request r-1", "")
