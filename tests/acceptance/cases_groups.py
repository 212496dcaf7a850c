# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of groups and guests for the table of promises: name, module, what changes, and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, CHARLIE, ERIN, JOHN, NORA, PARTNER

PAULA = {"email": "Paula.Park@example.org", "first_name": "Paula", "last_name": " Park "}

CASES_OF_GROUPS: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("group only mentioned", "tallyfy_group", (), {"name": "engineering "}),
    ("group unchanged", "tallyfy_group", (),
     {"name": "Engineering", "description": " Core engineering group ",
      "members": {"add": [ALICE.upper()], "remove": [BOB]}, "guests": {"set": [PARTNER.title()]}}),
    ("group set as it is", "tallyfy_group", (),
     {"name": "Engineering", "members": {"set": f"{JOHN}; {ALICE}\n{JOHN.upper()}"}, "guests": []}),
    ("group created", "tallyfy_group", ("name", "description"), {"name": " Fresh "}),
    ("group created with people", "tallyfy_group", ("name", "description", "members", "guests"),
     {"name": "Fresh", "description": "New here", "members": [BOB, CHARLIE], "guests": PARTNER}),
    ("group created empty", "tallyfy_group", ("name", "description"),
     {"name": "Fresh", "members": {"set": []}, "guests": {"remove": [PARTNER]}}),
    ("group described", "tallyfy_group", ("description",), {"name": "PEOPLE", "description": "Hiring"}),
    ("group described at last", "tallyfy_group", ("description",), {"name": "Legacy Team", "description": "Elders"}),
    ("group description not cleared", "tallyfy_group", (), {"name": "Engineering", "description": "  "}),
    ("group without description", "tallyfy_group", (), {"name": "Legacy Team", "description": ""}),
    ("group members", "tallyfy_group", ("members",),
     {"name": "Engineering", "members": {"add": [BOB, ERIN.title()], "remove": [JOHN, "gone@example.com"]}}),
    ("group members without description", "tallyfy_group",
     ("members",), {"name": "Legacy Team", "members": [BOB]}),
    ("group emptied", "tallyfy_group", ("members", "guests"),
     {"name": "Engineering", "members": {"set": []}, "guests": {"set": []}}),
    ("group everything", "tallyfy_group", ("description", "members", "guests"),
     {"name": "Engineering", "description": "All", "members": {"set": [BOB, JOHN]},
      "guests": {"add": [NORA], "remove": [PARTNER]}}),
    ("group absent", "tallyfy_group", ("gone",), {"name": "people", "state": "absent"}),
    ("group absent already", "tallyfy_group", (), {"name": "Nobodies", "state": "absent"}),
    ("guest only mentioned", "tallyfy_guest", (), {"email": PARTNER.upper()}),
    ("guest unchanged", "tallyfy_guest", (),
     {"email": PARTNER, "first_name": "External ", "phone_2": "", "company_name": "Partner Co",
      "associated_members": {"add": [ALICE.title()], "remove": [BOB]}}),
    ("guest who has drifted", "tallyfy_guest", (),
     {"email": PARTNER, "first_name": "Internal", "phone_1": "", "timezone": "Europe/Berlin"}),
    ("guest created", "tallyfy_guest", ("email", "first_name", "last_name"), PAULA),
    ("guest created with everything", "tallyfy_guest",
     ("email", "first_name", "last_name", "company_name", "opportunity_name", "status", "phone_1", "phone_2",
      "company_url", "contact_url", "image_url", "opportunity_url", "timezone", "external_sync_source",
      "external_date_creation", "associated_members"),
     {**PAULA, "company_name": "Park", "opportunity_name": "Big one", "status": "lead", "phone_1": "+1",
      "phone_2": "+2", "company_url": "https://park.example.org", "contact_url": "https://park.example.org/paula",
      "image_url": "https://park.example.org/paula.png", "opportunity_url": "https://park.example.org/big",
      "timezone": "Europe/Berlin", "external_sync_source": "salesforce",
      "external_date_creation": "2026-01-31T09:00:00+01:00", "associated_members": {"set": [BOB, ERIN]}}),
    ("guest associated", "tallyfy_guest", ("associated_members",),
     {"email": PARTNER, "associated_members": {"add": [BOB], "remove": [ALICE, "gone@example.com"]}}),
    ("guest associated with nobody", "tallyfy_guest", ("associated_members",),
     {"email": PARTNER, "associated_members": {"set": []}}),
    ("guest enabled", "tallyfy_guest", ("state",), {"email": NORA}),
    ("guest enabled and associated", "tallyfy_guest", ("state", "associated_members"),
     {"email": NORA, "associated_members": [BOB]}),
    ("guest disabled", "tallyfy_guest", ("state",), {"email": PARTNER, "state": "disabled"}),
    ("guest disabled already", "tallyfy_guest", (), {"email": NORA, "state": "disabled", "first_name": "Eleonora"}),
    ("guest disabled and never there", "tallyfy_guest", (), {**PAULA, "state": "disabled"}),
    ("guest deleted", "tallyfy_guest", ("gone",), {"email": PARTNER, "state": "deleted"}),
    ("guest deleted already", "tallyfy_guest", (), {"email": "nobody@example.org", "state": "deleted"}),
    ("group info", "tallyfy_group_info", (), {}),
    ("group info by name", "tallyfy_group_info", (), {"name": "engineering", "query": "core"}),
    ("guest info", "tallyfy_guest_info", (), {}),
    ("guest info by address", "tallyfy_guest_info", (), {"email": PARTNER.upper(), "disabled": False}),
]  # fmt: skip
