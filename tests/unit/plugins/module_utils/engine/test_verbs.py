# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of actions and outcomes, compared with what modules document and count."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import (
    DONE,
    OUTCOMES,
    Verb,
    outcome_of,
    spoken,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT

VERBS = get_args(Verb)
MODULES = Path(__file__).parents[5] / "plugins/modules"


def documented(module: str) -> dict[str, Any]:
    package = "ansible_collections.tallyfy.platform.plugins.modules"
    returned: dict[str, Any] = yaml.safe_load(importlib.import_module(f"{package}.{module}").RETURN)
    return returned


def words(value: Any) -> Iterator[str]:
    """Yield each action and outcome of a sample."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (value[name] for name in ("action", "outcome") if name in value)
    for one in inner:
        yield from words(one)


def test_an_outcome_is_a_verb_and_a_minor_one_is_an_update() -> None:
    assert set(DONE) < set(VERBS)
    assert {outcome_of(verb) for verb in VERBS} == set(DONE)
    assert outcome_of("role_changed") == outcome_of("archived") == "updated"
    assert spoken("removed_from_group") == "removed from group"


@pytest.mark.parametrize("module", sorted(file.stem for file in MODULES.glob("tallyfy_*.py")))
def test_samples_use_no_other_words(module: str) -> None:
    known = {*VERBS, *OUTCOMES, *DRIFT}
    assert {word for key in documented(module).values() for word in words(key.get("sample"))} <= known


@pytest.mark.parametrize("module", ["tallyfy_roster", "tallyfy_onboarding", "tallyfy_offboarding"])
def test_a_summary_counts_outcomes(module: str) -> None:
    summary = documented(module)["summary"]["sample"]
    counts = summary.values() if isinstance(next(iter(summary.values())), dict) else [summary]
    assert {name for count in counts for name in count} <= set(OUTCOMES)
