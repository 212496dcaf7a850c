# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of drift and export for the table of promises: name, module, what changes (nothing), and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import BOB, DANA

CASES_OF_DRIFT: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("drift of everybody", "tallyfy_roster_drift", (), {
        "people": [
            {"email": BOB, "role": "light", "groups": {"set": ["Engineering", "Nobodies"]}},
            {"email": DANA, "state": "deleted"},
            {"email": "nora@example.com", "first_name": "Nora", "last_name": "Body"},
            {"email": "nobody@example.com", "state": "disabled"},
        ],
        "protect": ["grace*"],
    }),
    ("drift of nobody", "tallyfy_roster_drift", (), {"people": [{"email": BOB}], "unlisted": "ignore", "fail": True}),
    ("export", "tallyfy_roster_export", (), {"dest": "roster.yml"}),
]  # fmt: skip
