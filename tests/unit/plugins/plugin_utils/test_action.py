# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action makes of the variables of its host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import names_of_own


@pytest.mark.parametrize(
    "registered",
    [
        {"changed": False, "failed": False},
        {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"},
        {"changed": True, "msg": "All items completed", "results": [], "skipped": False},
        {"changed": False, "results": []},
        {"changed": False, "unreachable": True, "msg": "no route"},
    ],
)
def test_what_a_task_registered_is_nobodys_variable(registered: dict[str, Any]) -> None:
    """ansible-core 2.15 says of a task only that it has not failed when it was neither skipped nor a loop."""
    own = {"roster_people": [], "roster_defaults": {"changed": 1}}
    assert names_of_own({**own, "roster_people_found": registered}) == list(own)
