# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._confirm_action import is_other_time, refusal_of

AT = "2026-02-21T17:00:00Z"
TASK: dict[str, Any] = {
    "process_id": "p" * 32, "title": "Accounts", "process": "Ada", "state": "completed", "status": "completed",
    "completed_at": AT, "approved": None, "template": "Hire", "template_id": "t" * 32, "step": "Create accounts",
    "step_id": "s" * 32,
}  # fmt: skip
OTHER_TIME = (
    "The task Accounts of Ada was completed at 2026-02-21 17:00:00 UTC, not at 2026-02-20T17:00:00Z; "
    "it has been reopened since then."
)
REPORTED = {"process": "p" * 32, "completed_at": "", "template": "", "step": ""}


@pytest.mark.parametrize(
    ("reported", "is_other"),
    [
        ("", False),
        ("yesterday", False),
        ("2026-02-21", False),
        (AT, False),
        ("2026-02-21 17:00:00", False),
        ("2026-02-21T17:00:00.000Z", False),
        ("2026-02-21T18:00:00+01:00", False),
        ("2026-02-21T17:00:01Z", True),
        ("21/02/2026 05:00 PM UTC", False),
        ("21/02/2026 05:00 AM UTC", True),
        ("21/02/2026 05:01 PM UTC", True),
        ("22/02/2026 05:00 PM UTC", True),
        ("21/02/2026 05:00 PM CET", False),
    ],
)
def test_a_time_is_another_one_only_where_it_can_be_compared(reported: str, is_other: bool) -> None:
    assert is_other_time(reported, AT) is is_other
    assert is_other_time(reported, "who knows") is False


@pytest.mark.parametrize(
    ("reported", "is_other"), [("21/02/2026 12:30 AM UTC", False), ("21/02/2026 12:30 PM UTC", True)]
)
def test_twelve_in_the_morning_is_midnight(reported: str, is_other: bool) -> None:
    assert is_other_time(reported, "2026-02-21T00:30:59Z") is is_other


@pytest.mark.parametrize(
    ("task", "reported", "refusal"),
    [
        ({}, {}, ""),
        ({}, {"template": "t" * 32, "step": "create ACCOUNTS"}, ""),
        ({"approved": True}, {"template": "Hire", "step": "s" * 32}, ""),
        ({"process_id": "q" * 32}, {}, "The task does not belong to the process."),
        ({"state": "open", "status": "in-progress"}, {},
         "The task Accounts of Ada is not completed; its status is in-progress."),
        ({"state": "skipped", "status": None}, {}, "The task Accounts of Ada is not completed; its status is unknown."),
        ({"completed_at": None}, {}, "The task Accounts of Ada is completed, but Tallyfy does not return the time."),
        ({"approved": False}, {}, "The task Accounts of Ada was completed, but not approved."),
        ({}, {"template": "Leave"}, "The task Accounts of Ada comes from the template Hire, not from Leave."),
        ({}, {"step": "Call"}, "The task Accounts of Ada comes from the step Create accounts, not from Call."),
        ({"step": None}, {"step": "Call"}, "The task Accounts of Ada comes from the step None, not from Call."),
        ({}, {"completed_at": "2026-02-20T17:00:00Z"},
         OTHER_TIME),
    ],
)  # fmt: skip
def test_why_a_task_is_not_confirmed(task: dict[str, Any], reported: dict[str, str], refusal: str) -> None:
    assert refusal_of({**TASK, **task}, {**REPORTED, **reported}) == refusal
