# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that writes, with one fault at one of its requests; ``faults.py`` has the questions that are asked then.

Here are some of the faults at some of the requests, always the same. The session ``faults`` of nox runs all of them.
"""

from __future__ import annotations

import math
import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_faults import ALL, SCENARIOS
from tests.acceptance.faults import FAULTS, IS_WHOLE, Scenario, Stage, difference, findings, unasked, unbroken

pytestmark = pytest.mark.any_core

SEED, SHARE = 12, 0.02


@pytest.mark.parametrize("scenario", ALL if IS_WHOLE else SCENARIOS, ids=lambda one: one.name.replace(" ", "-"))
def test_one_fault_at_one_request(sandbox: Sandbox, tmp_path: Path, scenario: Scenario) -> None:
    folders = (tmp_path / str(number) for number in count())
    line = unbroken(scenario, Stage(sandbox, next(folders)))
    cases = [(FAULTS[name], number) for name in scenario.faults for number in line.numbers(FAULTS[name])]
    share = scenario.share * (1.0 if IS_WHOLE else SHARE)
    chosen = random.Random(f"{SEED} {scenario.name}").sample(cases, math.ceil(len(cases) * share))
    found = [
        str(finding)
        for fault, number in chosen
        for finding in findings(scenario, fault, number, line, Stage(sandbox, next(folders)))
    ]
    assert not found, "\n".join(found)


# --- The questions themselves -----------------------------------------------------------------------------------------

BOB = {"email": "bob@example.com", "role": "standard", "team": "Sales"}


@pytest.mark.parametrize(
    ("before", "now", "end", "complaints"),
    [
        ({"bob": [BOB]}, {"bob": [BOB]}, {}, []),
        ({"bob": [BOB]}, {}, {}, []),
        ({}, {"bob": [BOB, BOB]}, {"bob": [BOB]}, ["bob is there 2 times, before 0, desired 1"]),
        ({"bob": [BOB]}, {}, {"bob": [BOB]}, ["bob is there 0 times, before 1, desired 1"]),
        ({}, {"eve": [BOB]}, {}, ["eve is there 1 times, before 0, desired 0"]),
        ({"bob": [BOB]}, {"bob": [BOB]}, {"bob": [{**BOB, "role": "light"}]}, []),
        (
            {"bob": [BOB]},
            {"bob": [{**BOB, "team": None}]},
            {"bob": [{**BOB, "role": "light"}]},
            ["team of bob was 'Sales', is None"],
        ),
    ],
    ids=["not yet", "gone", "doubled", "lost", "added", "not yet changed", "wiped"],
)
def test_what_nobody_asked_for(before: Any, now: Any, end: Any, complaints: list[str]) -> None:
    assert list(unasked(before, now, end)) == complaints


def test_a_difference_is_reported_in_words() -> None:
    other = {**BOB, "team": "Back"}
    assert difference({"bob": [BOB]}, {"bob": [other]}) == "team of bob is 'Back' instead of 'Sales'"
    assert difference({"bob": [BOB]}, {"bob": [BOB]}) == ""
    assert difference({"bob": [BOB]}, {"bob": [BOB, BOB], "eve": [BOB]}) == (
        "bob is there 2 times instead of 1; eve is there 1 times instead of 0"
    )
