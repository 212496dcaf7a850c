# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of offboardings for the table of promises: name, module, what changes, and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, JOHN, NORA, PARTNER

#: Erin's processes, which have the same name.
TOURS = ("5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b", "7a9b1c3d5e7f9a2b4c6d8e0f1a3b5c7d")
#: What check mode must tell as the run then does.
REPORTED_BY_OFFBOARDING = ("people", "guests", "groups", "processes", "notes", "problems")

CASES_OF_OFFBOARDING: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("offboarding of nobody", "tallyfy_offboarding", (), {"people": []}),
    ("offboarding of who is gone", "tallyfy_offboarding", (),
     {"people": [{"email": DANA.upper(), "reassign_to": ALICE}, {"email": "nobody@example.com"}],
      "guests": ["nobody@example.org"], "max_removals": 0}),
    ("offboarding of everything", "tallyfy_offboarding",
     (f"{ERIN}: status", f"{BOB}: status", f"{CHARLIE}: status", "group People: members",
      *(f"process Welcome tour: Robin Hale ({process_id}): owner" for process_id in TOURS), f"guest {NORA}: gone"),
     {"people": [{"email": ERIN, "reassign_to": JOHN}, {"email": BOB}, {"email": CHARLIE}, {"email": DANA}],
      "guests": [NORA.upper(), "nobody@example.org"], "min_admins": 1, "max_removals": 4, "concurrency": 3}),
    ("offboarding with a deletion", "tallyfy_offboarding",
     (f"{JOHN}: gone", f"{DANA}: gone", "group Engineering: members"),
     {"people": [{"email": JOHN}, {"email": DANA}], "delete": True, "reassign_to": ALICE}),
    ("offboarding of a guest", "tallyfy_offboarding",
     (f"guest {PARTNER}: gone", "group Engineering: guests"), {"guests": [PARTNER], "protect": [NORA]}),
    ("offboarding from a csv file", "tallyfy_offboarding", (f"{FRANK}: status",), {"src": "leavers.csv"}),
]  # fmt: skip


def entries_of_offboarding(picture: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of a snapshot under the names that the diff of an offboarding gives them."""
    people = {name: {"status": fields["status"]} for name, fields in picture.items() if "@" in name}
    groups = {f"group {group['name']}": group for group in picture["groups"].values()}
    guests = {f"guest {address}": guest for address, guest in picture["guests"].items()}
    processes = {
        f"process {run['name']} ({process_id})": {"owner": run["owner"]}
        for process_id, run in picture["processes"].items()
    }
    return {**people, **groups, **guests, **processes}


def changes_of_offboarding(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the fields of each entry that differ between two snapshots."""
    first, second = entries_of_offboarding(before), entries_of_offboarding(after)
    assert second.keys() <= first.keys(), "nothing is added"
    gone = {f"{name}: gone" for name in first if name not in second}
    return gone | {
        f"{name}: {field}"
        for name, entry in second.items()
        for field, value in entry.items()
        if value != first[name][field]
    }
