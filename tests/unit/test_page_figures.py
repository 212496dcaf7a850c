# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures in sentences of the documentation are those of the code; tables and commands have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api import client, listing
from ansible_collections.tallyfy.platform.plugins.module_utils._http import reading, schedule
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._people import member
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import fuse
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _bulk_action, _totals

ROOT = Path(__file__).resolve().parents[2]
PERCENTAGE = fuse.DEFAULT_PERCENTAGE.rstrip("%")
DAYS = f"{client.COMPLETION_SECONDS / 86400:.0f}"
MEGABYTES = reading.MOST_ANSWER_BYTES >> 20
LISTED, SHOWN, REPORTED = listing.PER_PAGE, _totals.MOST_PROBLEM_LINES, _bulk_action.TEXT_ROWS
MINUTES = {600.0: "ten minutes"}[schedule.GUESSED_SECONDS]
HOUR = {3600.0: "an hour"}[schedule.LEARNED_SECONDS]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("reference_onboarding", f"1 for each {member.MEMBERS_PER_PAGE:,} members"),
        ("reference_roster", f"one for each {member.MEMBERS_PER_PAGE:,} members"),
        (
            "reference_offboarding",
            f"one list of processes for each {LISTED} leavers. For each {LISTED} people",
        ),
        ("reference_offboarding", f"by default {PERCENTAGE} % of the active"),
        ("reference_roster", f"at least {fuse.DEFAULT_FLOOR}"),
        ("reference_roster", f"``roster_min_admins``    {fuse.FUSE_OPTIONS['min_admins']['default']} "),
        ("reference_drift", f"The terminal names {SHOWN} people at most."),
        ("reference_results", f"The last task names {SHOWN} people, guests and groups at most"),
        ("reference_results", f"It names {REPORTED} people, guests and groups at most"),
        ("reference_network", f"An answer of more than {MEGABYTES} MiB"),
        (
            "reference_security",
            f"{MEGABYTES} MiB, {reading.MOST_LEVELS} levels of nesting and numbers of {reading.MOST_DIGITS:,} digits",
        ),
        ("reference_running", f"Requests a minute, {OPTIONS['rate_limit'][0]} by default"),
        ("reference_running", f"for {HOUR}, or for {MINUTES} where Tallyfy gave no number"),
        ("reference_steps", f"kept for {DAYS} days"),
    ],
)
def test_a_figure_is_that_of_the_code(page: str, sentence: str) -> None:
    text = (ROOT / "docs" / "docsite" / "rst" / f"{page}.rst").read_text(encoding="utf-8")
    # Lines end anywhere in a sentence; in tables the columns stay apart.
    assert sentence in text or sentence in " ".join(text.split())
