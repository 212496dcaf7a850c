# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of steps about a member."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.actions import MEMBER_ACTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import RunReport

EMAIL = "ann@example.com"
ROLE = {"role": "light"}


@pytest.mark.parametrize(
    ("actions", "outcome"),
    [
        (["created", "updated", "added_to_group"], "created"),
        (["invited", "added_to_group"], "invited"),
        (["enabled", "updated", "role_changed", "added_to_group"], "enabled"),
        (["updated", "role_changed"], "updated"),
        (["removed_from_group"], "updated"),
        (["handed_over"], "updated"),
        (["handed_over", "disabled", "deleted"], "deleted"),
        (["disabled"], "disabled"),
        ([], "unchanged"),
    ],
)
def test_what_somebody_is_reported_as(actions: list[str], outcome: str) -> None:
    run = PlanRun(Plan(EMAIL, steps=tuple(Step(action, EMAIL, "") for action in actions)))
    run.pretend()
    assert RunReport(run).outcome == outcome


@pytest.mark.parametrize(
    ("action", "given", "described"),
    [
        ("created", {"values": ROLE}, "created as light"),
        ("invited", {"values": ROLE}, "invited as light"),
        ("enabled", {}, "enabled"),
        ("updated", {"values": {"team": "{x}", "phone": "1"}}, "updated team, phone"),
        ("role_changed", {"values": ROLE, "reason": "role is admin"}, "role changed to light, role is admin"),
        ("handed_over", {"reason": "2 open tasks; they go to bob@example.com"},
         "handed over 2 open tasks to bob@example.com"),
        ("added_to_group", {"target": "{Sales}"}, "added to group {Sales}"),
        ("removed_from_group", {"target": "Sales"}, "removed from group Sales"),
        ("disabled", {"reason": "active; open work goes to bob@example.com"},
         "disabled, open work goes to bob@example.com"),
        ("disabled", {"reason": "active"}, "disabled"),
        ("deleted", {}, "deleted"),
    ],
)  # fmt: skip
def test_the_story_of_a_step(action: str, given: dict[str, Any], described: str) -> None:
    assert MEMBER_ACTIONS[action].described(Step(action, EMAIL, **{"reason": "", **given})) == described
