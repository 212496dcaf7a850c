# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what can be done for a member."""

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
        (["create", "update", "add_to_group"], "created"),
        (["invite", "add_to_group"], "invited"),
        (["enable", "update", "change_role", "add_to_group"], "reactivated"),
        (["update", "change_role"], "changed"),
        (["remove_from_group"], "changed"),
        (["hand_over"], "changed"),
        (["hand_over", "disable", "delete"], "removed"),
        (["remove"], "removed"),
        (["disable"], "removed"),
        ([], "unchanged"),
    ],
)
def test_what_somebody_is_told_as(actions: list[str], outcome: str) -> None:
    run = PlanRun(Plan(EMAIL, steps=tuple(Step(action, EMAIL, "") for action in actions)))
    run.pretend()
    assert RunReport(run).outcome == outcome


@pytest.mark.parametrize(
    ("action", "given", "told"),
    [
        ("create", {"values": ROLE}, "add as light"),
        ("invite", {"values": ROLE}, "invite as light"),
        ("enable", {}, "enable"),
        ("update", {"values": {"team": "{x}", "phone": "1"}}, "set team, phone"),
        ("change_role", {"values": ROLE, "reason": "role is admin"}, "make light, role is admin"),
        ("hand_over", {"reason": "2 open tasks; they go to bob@example.com"},
         "hand over 2 open tasks to bob@example.com"),
        ("add_to_group", {"target": "{Sales}"}, "put into {Sales}"),
        ("remove_from_group", {"target": "Sales"}, "take out of Sales"),
        ("remove", {"reason": "active; open work goes to bob@example.com"},
         "take access away, open work goes to bob@example.com"),
        ("disable", {"reason": "active"}, "take access away"),
        ("delete", {}, "delete"),
    ],
)  # fmt: skip
def test_the_story_of_a_step(action: str, given: dict[str, Any], told: str) -> None:
    assert MEMBER_ACTIONS[action].told(Step(action, EMAIL, **{"reason": "", **given})) == told
