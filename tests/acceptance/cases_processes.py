# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of processes and templates for the table of promises: name, module, what changes, and the arguments."""

from __future__ import annotations

from typing import Any

from tests.people import ALICE, BOB, JOHN, TOUR_ID

HIRE, TOUR = "New hire onboarding", "Welcome tour"
#: A process of the seed that goes on, and one that is archived.
JORDAN_ID = "fcaae90452f4241d11355039e8797621"
JORDAN = {"template": HIRE, "reference": "HR-10293"}
CASEY = {"template": HIRE, "reference": "HR-10201"}
REQUIRED = {
    "New hire name": "Mary Major", "Personal email": "mary@example.net", "Start date": "2026-12-01",
    "Contract type": "full-time", "Department": "engineering",
}  # fmt: skip
EVERYTHING = {
    **REQUIRED, "Notes": "Needs a quiet desk.", "Software": ["slack", "GitHub"],
    "Hardware": {"Item": "Laptop", "Qty": 1}, "Buddy": {"members": [BOB], "groups": ["people"]},
    "Offer letter": "https://example.com/letters/major.pdf",
}  # fmt: skip
LAUNCH = ("name", "template", "status")

CASES_OF_PROCESSES: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("process only mentioned", "tallyfy_process", (), JORDAN),
    ("process found by its name", "tallyfy_process", (),
     {"template": HIRE, "name": "onboarding: jordan rivera (hr-10293)"}),
    ("process unchanged", "tallyfy_process", (), {
        **JORDAN, "name": " Onboarding: Jordan Rivera", "owner": ALICE.upper(), "tags": ["ONBOARDING"],
        "folders": ["hr"],
    }),
    ("process whose values have drifted", "tallyfy_process", (),
     {**JORDAN, "kickoff": {"Department": "Sales", "Notes": "Needs a quiet desk."}}),
    ("process twice there", "tallyfy_process", (), {"template": TOUR, "name": "Welcome tour: Robin Hale"}),
    ("process launched", "tallyfy_process", LAUNCH, {"template": TOUR, "name": "Tour of Mary Major"}),
    ("process launched by id", "tallyfy_process", LAUNCH, {"template": TOUR_ID, "reference": "E+1 (x)"}),
    ("process launched with values", "tallyfy_process", (*LAUNCH, "kickoff"),
     {"template": HIRE, "reference": "HR-2", "kickoff": REQUIRED}),
    ("process launched with a reference in a field", "tallyfy_process", (*LAUNCH, "kickoff"),
     {"template": TOUR, "reference": "E-1", "reference_field": "reference"}),
    ("process launched with everything", "tallyfy_process",
     (*LAUNCH, "kickoff", "assignments", "owner", "tags", "folders"),
     {"template": HIRE, "name": "Onboarding of Mary", "reference": "mary@example.net", "kickoff": EVERYTHING,
      "assignments": {"create accounts": {"members": [JOHN], "deadline": "2026-11-30"}, "Welcome call": [BOB]},
      "owner": JOHN, "tags": ["Urgent"], "folders": ["HR"]}),
    ("process named by its id", "tallyfy_process", (), {
        "process_id": JORDAN_ID, "name": "Onboarding: Jordan Rivera", "owner": ALICE, "tags": ["ONBOARDING"],
    }),
    ("process changed by its id", "tallyfy_process", ("name", "owner", "kickoff", "tags"), {
        "process_id": JORDAN_ID, "name": "Jordan", "owner": JOHN, "tags": ["urgent"],
        "kickoff": {"Department": "Sales"}, "kickoff_update": True,
    }),
    ("process archived by its id", "tallyfy_process", ("status",), {"process_id": JORDAN_ID, "state": "archived"}),
    ("process renamed", "tallyfy_process", ("name",), {**JORDAN, "name": "Jordan"}),
    ("process owner changed", "tallyfy_process", ("owner",), {**JORDAN, "owner": JOHN}),
    ("process tagged", "tallyfy_process", ("tags",), {**JORDAN, "tags": ["urgent", "onboarding"]}),
    ("process with whole lists", "tallyfy_process", (),
     {**JORDAN, "tags": {"set": ["Onboarding"]}, "folders": {"set": "hr"}}),
    ("process put into a folder", "tallyfy_process", ("folders",),
     {"template": TOUR, "name": "Welcome tour: Robin Hale", "folders": ["HR"]}),
    ("process archived", "tallyfy_process", ("status",), {**JORDAN, "state": "archived"}),
    ("process archived already", "tallyfy_process", (), {**CASEY, "state": "archived"}),
    ("process never there", "tallyfy_process", (), {"template": HIRE, "reference": "HR-0", "state": "archived"}),
    ("process reactivated", "tallyfy_process", ("status",), CASEY),
    ("process reactivated and changed", "tallyfy_process", ("status", "name", "owner", "tags"),
     {**CASEY, "name": "Casey", "owner": BOB, "tags": ["Urgent"]}),
    ("process info", "tallyfy_process_info", (), {}),
    ("process info by reference", "tallyfy_process_info", (), {"reference": "HR-10293"}),
    ("process info by id", "tallyfy_process_info", (), {"process_id": JORDAN_ID}),
    ("template info", "tallyfy_template_info", (), {}),
    ("template info with archived ones", "tallyfy_template_info", (), {"query": "onboarding", "archived": True}),
]  # fmt: skip

#: Readings of the API that only processes and templates know, to be added to the worlds of the table.
WORLDS_OF_PROCESSES: dict[str, dict[str, Any]] = {
    "filters ignored": {"run_q_ignored": True, "run_checklist_filter_ignored": True,
                        "archived_param_ignored": True, "checklist_rows": "short"},
    "other words": {"run_ids_as_text": True, "progress_int": True, "run_prerun_list_when_empty": True,
                    "launch_status": 200, "launch_name_required": True, "included_tags": "tags", "prerun_dates": "iso",
                    "status_archived_ignored": True},
}  # fmt: skip


def picture_of_processes(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the sandbox holds of each process by its id, in the words of the module's diff."""
    emails = {member["id"]: member["email"] for member in state["members"]}
    tags = {tag["id"]: tag["title"] for tag in state["tags"]}
    folders = {folder["id"]: folder["name"] for folder in state["folders"]}
    titles = {template["id"]: template["title"] for template in state["templates"]}
    steps = {step["id"]: step for template in state["templates"] for step in template["steps"]}
    assigned: dict[str, list[Any]] = {}
    for task in state["tasks"]:
        step = steps.get(task["step_id"], {})
        own = {"users": step.get("assignees"), "guests": step.get("guests"), "groups": step.get("groups")}
        # Whoever launches gets what the template gives to nobody.
        if any(own.values()) and task["owners"] != own:
            assigned.setdefault(task["run_id"], []).append((task["title"], task["owners"]))
    return {
        run["id"]: {
            "name": run["name"],
            "template": titles[run["checklist_id"]],
            "status": "archived" if run["archived_at"] else run["status"],
            "kickoff": run["prerun"],
            "assignments": assigned.get(run["id"], []),
            "owner": emails[run["owner_id"]],
            "tags": sorted(tags[one] for one in run["tags"]),
            "folders": sorted(folders[one] for one in run["folders"]),
            "people": [*run["users"], *run["groups"]],
        }
        for run in state["runs"]
    }


def changes_of_processes(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> set[str]:
    """Return which fields of any process differ between two pictures; of a new one, those that hold something.

    Nothing here deletes a process, and who owns one by default is no change.
    """
    assert before.keys() <= after.keys()
    return {
        name
        for process_id, shown in after.items()
        for name, value in shown.items()
        if (value or None) != (before.get(process_id, {"owner": ALICE}).get(name) or None)
    }
