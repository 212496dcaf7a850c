# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each example of the documentation does, by its title: the steps it takes, what it returns, or how it fails.

The examples of a plugin run one after another, so a later one finds what an earlier one has left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What an example must do: ``actions`` are its steps in order, ``failure`` is part of its message."""

    changed: bool = False
    actions: tuple[str, ...] = ()
    check: Callable[[Result], Any] = bool
    failure: str = ""

    def verify(self, title: str, result: Result) -> None:
        """Raise ``AssertionError`` when the result is not what the title says."""
        assert bool(result.get("failed")) == bool(self.failure), f"{title}: {result.get('msg')}"
        assert self.failure in str(result.get("msg", "")), f"{title}: {result.get('msg')}"
        assert bool(result.get("changed")) == self.changed, f"{title}: changed is {result.get('changed')}"
        actions = tuple(action["action"] for action in result.get("actions", ()))
        assert actions == self.actions, f"{title}: {actions}"
        assert self.check(result), f"{title}: {result}"


def changes(*actions: str, check: Callable[[Result], Any] = bool) -> Outcome:
    """Take these steps, or announce them in check mode."""
    return Outcome(changed=True, actions=actions, check=check)


def returns(check: Callable[[Result], Any]) -> Outcome:
    """Change nothing."""
    return Outcome(check=check)


def fails(message: str, check: Callable[[Result], Any] = bool) -> Outcome:
    """Write nothing and fail with this message."""
    return Outcome(failure=message, check=check)


def rows(result: Result, key: str, name: str = "email") -> dict[str, str]:
    """Return the outcomes of the rows of a result by their names."""
    return {row[name]: row["outcome"] for row in result[key]}


def names(result: Result, key: str, name: str = "email") -> list[str]:
    return [row[name] for row in result[key]]


OUTCOMES: dict[str, dict[str, Outcome]] = {
    "authorization_request": {
        "Create the URL of the sign-in page": returns(
            lambda r: "response_type=token" in r["ansible_facts"]["asked"]["url"]
        ),
        "Show the URL": returns(lambda r: "/oauth/authorize?" in r["msg"]),
        "Request a code instead of a token": returns(
            lambda r: "response_type=code" in r["ansible_facts"]["asked"]["url"]
        ),
        "Request a code for another application": returns(
            lambda r: "client_id=4711" in r["ansible_facts"]["asked"]["url"]
        ),
    },
    "token": {
        "Call the API as a member with another module": returns(
            lambda r: r["json"]["data"]["email"] == "alice.smith@example.com"
        ),
        "Call the API as the application": returns(lambda r: r["json"]["data"]),
        "Store the token of a person who has signed in by a browser": changes(check=lambda r: r["kept_as"] == "alice"),
        "Read the organization with the stored token": returns(lambda r: r["caller"]["kind"] == "given"),
    },
    "tallyfy_api": {
        "List all tags": returns(lambda r: len(r["data"]) == 3),
        "Create a tag": changes("created", check=lambda r: r["data"]["title"] == "Remote"),
        "Rename a tag unless it already has the new name": changes(
            "updated", check=lambda r: r["data"]["title"] == "Pressing"
        ),
        "Delete a tag": changes("deleted"),
        "Read a route as a member": returns(lambda r: r["data"]["email"] == "alice.smith@example.com"),
    },
    "tallyfy_authorization": {
        "Exchange the answer of the sign-in page for a token and store it": changes(
            check=lambda r: r["kept_as"] == "alice" and r["token"]["source"] == "issued"
        ),
        "Get the stored token if it lasts ten minutes or more": returns(lambda r: r["token"]["source"] == "cache"),
        "Delete the stored token": changes(check=lambda r: r["token"] is None),
        "Fail when no token is stored under a name": fails("alice"),
    },
    "tallyfy_group": {
        "Create a group with members and a guest": changes(
            "created", check=lambda r: (len(r["group"]["members"]), len(r["group"]["guests"])) == (2, 1)
        ),
        "Add one member and remove another": changes(
            "updated", check=lambda r: r["group"]["members"] == ["alice.smith@example.com", "erin.walker@example.com"]
        ),
        "Set the exact members and remove all guests": changes(
            "updated",
            check=lambda r: (
                r["group"]["members"] == ["alice.smith@example.com", "erin.walker@example.com"]
                and r["group"]["guests"] == []
            ),
        ),
        "Change the description of a group": changes(
            "updated", check=lambda r: r["group"]["description"] == "Hiring, onboarding and offboarding"
        ),
        "Delete a group": changes("deleted", check=lambda r: r["group"] is None),
    },
    "tallyfy_group_info": {
        "List all groups": returns(lambda r: names(r, "groups", "name") == ["Engineering", "Legacy Team", "People"]),
        "Read one group": returns(lambda r: names(r, "groups", "name") == ["Engineering"]),
        "Search groups by name or description": returns(lambda r: names(r, "groups", "name") == ["People"]),
        "List all groups as a member": returns(lambda r: len(r["groups"]) == 3),
    },
    "tallyfy_guest": {
        "Add a guest and associate a member": changes(
            "created", "updated", check=lambda r: r["guest"]["associated_members"] == ["alice.smith@example.com"]
        ),
        "Set the exact associated members of a guest": changes(
            "updated", check=lambda r: r["guest"]["associated_members"] == ["bob@example.com"]
        ),
        "Show that the profile of an existing guest does not change": returns(
            lambda r: (
                r["guest"]["company_name"] == "Partner Co" and names(r, "unchangeable", "field") == ["company_name"]
            )
        ),
        "Disable a guest": changes("disabled", check=lambda r: r["guest"]["state"] == "disabled"),
        "Enable a disabled guest": changes("enabled", check=lambda r: r["guest"]["state"] == "present"),
        "Remove a guest": changes("deleted", check=lambda r: r["guest"] is None),
    },
    "tallyfy_guest_info": {
        "List all guests": returns(lambda r: names(r, "guests") == ["nora@example.net", "partner@example.org"]),
        "Read one guest": returns(lambda r: names(r, "guests") == ["partner@example.org"]),
        "List the guests who have access": returns(lambda r: names(r, "guests") == ["partner@example.org"]),
        "List the disabled guests of a domain": returns(lambda r: names(r, "guests") == ["nora@example.net"]),
    },
    "tallyfy_offboarding": {
        "Offboard a member and reassign their work": changes(
            "updated",
            "disabled",
            check=lambda r: (
                rows(r, "people") == {"john.smith@example.com": "disabled"}
                and r["people"][0]["reassign_to"] == "bob@example.com"
            ),
        ),
        "Show what an offboarding would do and write a report": changes(
            "disabled", check=lambda r: r["check_mode"] and r["report"].endswith("leavers.md")
        ),
        "Offboard the people in a file, with one successor for all": changes(
            "updated",
            "disabled",
            check=lambda r: (
                rows(r, "people") == {"bob@example.com": "disabled"}
                and r["people"][0]["reassign_to"] == "erin.walker@example.com"
            ),
        ),
        "Offboard a member without a successor": changes(
            "disabled", check=lambda r: r["people"][0]["reassign_to"] is None
        ),
        "Remove guests": changes("deleted", check=lambda r: rows(r, "guests") == {"partner@example.org": "deleted"}),
        "Report an address that no member has": returns(
            lambda r: rows(r, "people") == {"jon.smith@example.com": "not_found"} and r["notes"]
        ),
        "Refuse to offboard a protected person": fails("protect holds erin.walker@example.com"),
        "Refuse to remove more people than allowed": fails("allows 1", check=lambda r: len(r["removals"]) == 2),
        "Permanently delete a leaver": changes(
            "disabled", "deleted", check=lambda r: rows(r, "people") == {"frank.moore@example.com": "deleted"}
        ),
        "Offboard an administrator, reassign their processes and leave one administrator": changes(
            "handed_over",
            "handed_over",
            "updated",
            "disabled",
            check=lambda r: {row["owner_after"] for row in r["processes"]} == {"alice.smith@example.com"},
        ),
    },
    "tallyfy_onboarding": {
        "Onboard two people with a role, a group and a process": changes(
            "created",
            "added_to_group",
            "created",
            "added_to_group",
            "launched",
            "launched",
            check=lambda r: [row["process"]["reference"] for row in r["people"]] == ["HR-10412", "HR-10413"],
        ),
        "Onboard the people in a file, each with the process that the file names": changes(
            "created", "launched", check=lambda r: r["people"][0]["process"]["template"] == "Welcome tour"
        ),
        "Show what an onboarding would do and write a report": changes(
            "created", "launched", check=lambda r: r["check_mode"] and r["report"].endswith("onboarding.html")
        ),
        "Create a group and a guest together with a new member": changes(
            "created",
            "added_to_group",
            "created",
            "created",
            "updated",
            check=lambda r: (
                rows(r, "groups", "name") == {"Newcomers": "created"}
                and rows(r, "guests") == {"agency@example.net": "created"}
            ),
        ),
        "Invite a person by e-mail instead of adding them at once": changes(
            "invited", check=lambda r: rows(r, "people") == {"kim.park@example.com": "invited"}
        ),
        "Launch a process for a member who is already there": changes(
            "launched", check=lambda r: r["people"][0]["process"]["name"] == "Refresher for Bob Jones (bob@example.com)"
        ),
        "Assign the steps of each process": changes("launched"),
        "Onboard everybody except one person without a process": changes(
            "launched", check=lambda r: [bool(row["process"]) for row in r["people"]] == [True, False]
        ),
    },
    "tallyfy_oneoff_task": {
        "Ask a member and a group to do something": changes(
            "created", check=lambda r: r["task"]["assignees"] == ["john.smith@example.com", "People"]
        ),
        "Ask for an approval": changes("created", check=lambda r: r["task"]["type"] == "approval"),
        "Change the assignees and the deadline of a task": changes(
            "updated",
            check=lambda r: (
                r["task"]["assignees"] == ["bob@example.com"] and r["task"]["deadline"] == "2026-12-09T17:00:00Z"
            ),
        ),
        "Complete a task": changes("completed", check=lambda r: r["task"]["state"] == "completed"),
        "Archive a task": changes("archived", check=lambda r: r["task"]["state"] == "archived"),
    },
    "tallyfy_organization_info": {
        "Check the credentials": returns(lambda r: r["caller"]["kind"] == "application"),
        "Check which member the calls act as": returns(lambda r: r["caller"]["email"] == "alice.smith@example.com"),
        "Check an access token": returns(lambda r: r["caller"]["kind"] == "given"),
        "Read an organization with its own options": returns(lambda r: r["organization"]["name"]),
    },
    "tallyfy_process": {
        "Launch a process once": changes(
            "launched", check=lambda r: r["process"]["name"] == "Welcome tour of Mary Major (HR-10412)"
        ),
        "Launch an onboarding with kick-off values, assignees and tags": changes(
            "launched",
            check=lambda r: (
                r["process"]["tags"] == ["Onboarding"] and r["process"]["kickoff"]["Software"] == ["Slack", "GitHub"]
            ),
        ),
        "Show what a launch would do": changes("launched", check=lambda r: r["process"]["id"] is None),
        "Correct a kick-off value of a running process": changes(
            "kickoff_updated", check=lambda r: r["process"]["kickoff"]["Department"] == "Sales"
        ),
        "Change the owner of a process by its ID": changes(
            "updated", check=lambda r: r["process"]["owner"] == "bob@example.com"
        ),
        "Rename a process and keep its reference": changes(
            "updated", check=lambda r: r["process"]["name"] == "Onboarding of Jordan Rivera (HR-10293)"
        ),
        "Tag a process and add it to a folder": changes(
            "tagged", "tagged", "added_to_folder", check=lambda r: r["process"]["folders"] == ["HR"]
        ),
        "Archive duplicates of a process and keep the oldest": changes(
            "archived", check=lambda r: r["process"]["state"] == "present"
        ),
        "Archive a process": changes("archived", check=lambda r: r["process"]["state"] == "archived"),
    },
    "tallyfy_process_info": {
        "List the active processes of a template": returns(lambda r: names(r, "processes", "status") == ["active"]),
        "Find a process by its reference": returns(lambda r: names(r, "processes", "reference") == ["HR-10293"]),
        "Read a process by its ID": returns(lambda r: len(r["processes"]) == 1),
        "List the running processes of a leaver": returns(
            lambda r: names(r, "processes", "owner") == ["erin.walker@example.com"] * 2
        ),
        "List archived processes whose name contains a text": returns(
            lambda r: names(r, "processes", "name") == ["Onboarding: Casey Lane (HR-10201)"]
        ),
    },
    "tallyfy_roster": {
        "Converge the members with a roster file": changes(
            "created",
            "added_to_group",
            check=lambda r: (r["summary"]["created"], r["summary"]["unchanged"]) == (1, 3),
        ),
        "Add two members with defaults and disable a third": changes(
            "created",
            "added_to_group",
            "created",
            "disabled",
            check=lambda r: list(rows(r, "people").values()) == ["created", "created", "disabled"],
        ),
        "Show what a roster would change and write a report": changes(
            "updated", check=lambda r: r["check_mode"] and r["report"].endswith("roster.html")
        ),
        "Set the exact groups of several members": changes(
            "added_to_group",
            "removed_from_group",
            "added_to_group",
            check=lambda r: r["people"][0]["after"] == {"groups": ["Engineering"]},
        ),
        "Map the column names of an HR export and skip its other columns": changes(
            "updated", check=lambda r: r["people"][0]["after"] == {"job_title": "Senior analyst"}
        ),
        "Refuse a roster that would disable more people than allowed": fails(
            "allows 1", check=lambda r: len(r["removals"]) == 7
        ),
        "Disable every member who is not in the file, except partners": changes(
            "disabled",
            "disabled",
            "disabled",
            "disabled",
            check=lambda r: rows(r, "people")["grace.kim@example.net"] == "unchanged",
        ),
        "Enable a disabled member again": changes(
            "enabled", check=lambda r: rows(r, "people") == {"dana.lee@example.com": "enabled"}
        ),
        "Permanently delete a member, one request at a time": changes(
            "disabled", "deleted", check=lambda r: rows(r, "people") == {"dana.lee@example.com": "deleted"}
        ),
    },
    "tallyfy_roster_drift": {
        "Compare the organization with a roster file": returns(
            lambda r: rows(r, "people") == {"jane.doe@example.com": "missing"}
        ),
        "Report members who are not in the file, too": returns(
            lambda r: r["summary"]["extra"] == 4 and r["report"].endswith("drift.html")
        ),
        "Compare some people, a new member and a missing group": returns(
            lambda r: (
                list(rows(r, "people").values()) == ["different", "different", "missing"]
                and rows(r, "groups", "name") == {"Sales": "missing"}
            )
        ),
        "Accept partners who are not in the file": returns(lambda r: r["summary"]["kept"] == 2),
        "Fail when the organization differs from the roster": fails("differs", check=lambda r: r["drifted"]),
    },
    "tallyfy_roster_export": {
        "Export all members to a YAML roster": changes(check=lambda r: r["dest"].endswith("/roster.yml")),
        "Show how the roster file would change": returns(lambda r: r["check_mode"]),
        "Export all members to a CSV roster": changes(check=lambda r: r["dest"].endswith("/exported.csv")),
        "Export to JSON as an administrator": changes(
            check=lambda r: r["organization"]["acting_as"] == "alice.smith@example.com"
        ),
    },
    "tallyfy_task": {
        "Fill in, comment on and complete a step": changes(
            "updated", "commented", "completed", check=lambda r: r["task"]["state"] == "completed"
        ),
        "Approve a step": changes("completed", check=lambda r: r["task"]["approved"] is True),
        "Reassign a step and set its deadline": changes(
            "updated",
            check=lambda r: (
                set(r["task"]["assignees"]) == {"john.smith@example.com", "People"}
                and r["task"]["deadline"] == "2026-12-04T17:00:00Z"
            ),
        ),
        "Update the comment of a task without changing its state": changes(
            "commented", check=lambda r: r["task"]["state"] == "completed"
        ),
        "Reopen a completed step": changes("reopened", check=lambda r: r["task"]["state"] == "open"),
    },
    "tallyfy_task_info": {
        "List the open tasks of a step with their kick-off values": returns(
            lambda r: [row["kickoff"]["New hire name"] for row in r["tasks"]] == ["Jordan Rivera"]
        ),
        "Read the answer to an approval": returns(lambda r: names(r, "tasks", "type") == ["approval"]),
        "List overdue tasks": returns(lambda r: r["tasks"] and all(row["is_overdue"] for row in r["tasks"])),
        "List the open tasks of one member": returns(
            lambda r: r["tasks"] and all("john.smith@example.com" in row["assignees"] for row in r["tasks"])
        ),
        "List the open tasks of a group": returns(
            lambda r: r["tasks"] and all("Engineering" in row["assignees"] for row in r["tasks"])
        ),
    },
    "tallyfy_template_info": {
        "Show the fields and steps of a template": returns(
            lambda r: (len(r["templates"][0]["kickoff_fields"]), len(r["templates"][0]["steps"])) == (10, 3)
        ),
        "Search templates by title": returns(lambda r: names(r, "templates", "title") == ["New hire onboarding"]),
        "List all templates": returns(lambda r: r["templates"] and not any(names(r, "templates", "is_archived"))),
        "List all templates, archived ones included": returns(lambda r: any(names(r, "templates", "is_archived"))),
    },
    "tallyfy_token": {
        "Get the token that the modules use": returns(lambda r: r["token"]["kind"] == "application"),
        "Get a token for a member": returns(lambda r: r["token"]["user"] == "alice.smith@example.com"),
        "Get the token of the application, regardless of act_as": returns(
            lambda r: r["token"]["kind"] == "application"
        ),
        "Get a new token instead of the cached one": changes(check=lambda r: r["token"]["source"] == "issued"),
        "Delete the cached token": changes(check=lambda r: r["token"] is None),
    },
    "tallyfy_user": {
        "Add a member with a role and groups": changes(
            "created",
            "updated",
            "added_to_group",
            check=lambda r: r["user"]["role"] == "standard" and r["user"]["groups"] == ["Engineering"],
        ),
        "Invite a member by e-mail": changes("invited", check=lambda r: r["user"]["status"] == "invited"),
        "Make a member an administrator": changes("role_changed", check=lambda r: r["user"]["role"] == "admin"),
        "Show what a profile change would do": changes(
            "updated", check=lambda r: r["user"]["job_title"] == "Lead courier"
        ),
        "Empty the phone number and the team of a member": changes(
            "updated", check=lambda r: (r["user"]["phone"], r["user"]["team"]) == (None, None)
        ),
        "Add a member to one group and remove them from another": changes(
            "added_to_group", "removed_from_group", check=lambda r: r["user"]["groups"] == ["Engineering"]
        ),
        "Set the exact groups of a member": changes(
            "added_to_group", "removed_from_group", check=lambda r: r["user"]["groups"] == ["Engineering"]
        ),
        "Disable a leaver and reassign their open work": changes(
            "disabled",
            check=lambda r: r["user"]["state"] == "disabled" and r["actions"][0]["target"] == "bob@example.com",
        ),
        "Enable a disabled member": changes("enabled", check=lambda r: r["user"]["status"] == "active"),
        "Permanently delete a member": changes("deleted", check=lambda r: r["user"] is None),
    },
    "tallyfy_user_info": {
        "List all members": returns(lambda r: {"active", "invited", "disabled"} == set(names(r, "users", "status"))),
        "Read one member with their groups": returns(lambda r: names(r, "users", "groups") == [["Engineering"]]),
        "List open invitations": returns(lambda r: names(r, "users") == ["charlie.brown@example.com"]),
        "List the administrators": returns(
            lambda r: names(r, "users") == ["alice.smith@example.com", "erin.walker@example.com"]
        ),
        "Search members by name or address": returns(
            lambda r: names(r, "users") == ["alice.smith@example.com", "john.smith@example.com"]
        ),
    },
}
