# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of whole onboardings for the table of promises: name, module, what changes, and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, DANA, JOHN, MARY, PARTNER, RICHARD, TOUR_ID

AGENCY = "agency@example.net"
HIRED = {
    "template": "New hire onboarding",
    "name": "Onboarding of {full_name}",
    "kickoff": {
        "New hire name": "{full_name}", "Personal email": "{email}", "Start date": "2026-12-01",
        "Contract type": "Full-time", "Department": "Engineering",
    },
}  # fmt: skip
#: Jordan's process is there, and so is Casey's, which is archived.
JORDAN = {"template": "New hire onboarding", "reference": "HR-10293"}
CASEY = {"template": "New hire onboarding", "reference": "HR-10201"}
CREATION = ("email", "first_name", "last_name", "role")
LAUNCH = ("name", "template", "status")


def of(entry: str, *fields: str) -> tuple[str, ...]:
    """Return the changes of an entry of the diff: an address, ``group NAME``, ``guest ADDRESS`` or a process."""
    return tuple(f"{entry}: {field}" for field in fields)


CASES_OF_ONBOARDING: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("onboarding unchanged", "tallyfy_onboarding", (),
     {"people": [{"email": BOB.upper(), "team": "Operations", "groups": "people", "process": JORDAN}],
      "ensure_groups": ["engineering ", {"name": "PEOPLE"}], "ensure_guests": [PARTNER.upper()],
      "defaults": {"phone": ""}}),
    ("onboarding of nobody", "tallyfy_onboarding", (), {"people": [], "process": HIRED}),
    ("onboarding of everything", "tallyfy_onboarding",
     (*of(MARY["email"], *CREATION, "groups"), *of(f"{MARY['email']}: process", *LAUNCH, "kickoff", "tags", "owner"),
      *of(RICHARD["email"], *CREATION, "groups", "timezone"), *of(f"{RICHARD['email']}: process", *LAUNCH, "kickoff"),
      *of(DANA, "status", "role"), *of(JOHN, "team"), *of("group Newcomers", "name", "description"),
      *of("group Nobody", "name", "description"), *of("group People", "description"),
      *of(f"guest {AGENCY}", "email", "company_name", "associated_members")),
     {"people": [{**MARY, "groups": ["Newcomers", "Engineering"], "process": {"owner": JOHN, "tags": ["Onboarding"]}},
                 {**RICHARD, "groups": "newcomers", "timezone": "Europe/Berlin",
                  "process": {"kickoff": {"Buddy": [MARY["email"], BOB]}}}, {"email": DANA, "process": False},
                 {"email": JOHN, "team": "Sales", "process": False}],
      "process": HIRED, "defaults": {"role": "standard"}, "concurrency": 3,
      "ensure_groups": ["Newcomers", {"name": "Nobody"}, {"name": "People", "description": "Hiring"}],
      "ensure_guests": [{"email": AGENCY, "company_name": "Agency", "associated_members": [MARY["email"], ALICE]}]}),
    ("onboarding of processes only", "tallyfy_onboarding",
     (*of(f"{BOB}: process", "status"), *of(f"{JOHN}: process", *LAUNCH)),
     {"people": [{"email": BOB, "process": CASEY},
                 {"email": JOHN, "process": TOUR_ID}, {"email": ALICE, "process": JORDAN}]}),
    ("onboarding from a csv file", "tallyfy_onboarding",
     (*of(MARY["email"], *CREATION, "groups"), *of(f"{MARY['email']}: process", *LAUNCH)),
     {"src": "new-hires.csv", "process": {"template": TOUR_ID}}),
]  # fmt: skip


def entries_of(picture: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of a snapshot under the names that the diff of an onboarding gives them.

    Who is in a group is told with the people. A process is its reference's, for which the cases have a person.
    """
    whose = {"HR-10293": ALICE, "HR-10201": BOB}
    groups = {
        f"group {group['name']}": {name: group[name] for name in ("name", "description")}
        for group in picture["groups"].values()
    }
    guests = {f"guest {address}": guest for address, guest in picture["guests"].items()}
    processes = {}
    for run in picture["processes"].values():
        reference = run["name"].rpartition("(")[2].rstrip(")")
        processes[f"{whose.get(reference, reference)}: process"] = run
    return {**{name: person for name, person in picture.items() if "@" in name}, **groups, **guests, **processes}
