# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What faults happen to: each case of the table of promises that writes, some with more in them, and the playbooks."""

from __future__ import annotations

import importlib
from typing import Any

from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import run_in_process
from sandbox.testing import Sandbox
from tests.acceptance.faults import FAULTS, Result, Scenario, Stage
from tests.acceptance.roles import Roles
from tests.acceptance.running import COLLECTION, MODULES, Playbooks, Run, given
from tests.acceptance.test_promises import CASES
from tests.acceptance.test_roster_faults import OPTIONS
from tests.acceptance.test_roster_faults import set_the_scene as set_the_scene_of_rosters
from tests.people import ALICE, BOB, CHARLIE, DANA, FRANK, JOHN, NORA, PARTNER, TOUR_ID

#: Their cases are many people and things, one after the other so that each run sends the same requests.
IN_BULK = ("tallyfy_roster", "tallyfy_onboarding", "tallyfy_offboarding")


def by_module(name: str, module: str, arguments: dict[str, Any], **more: Any) -> Scenario:
    """Return the scenario of a task, which runs in this process."""
    spec = importlib.import_module(f"{MODULES}.{module}").SPEC
    if module in IN_BULK:
        arguments = {**arguments, "concurrency": 1}
    if arguments.get("method") == "POST":
        # What any route answers is its own affair, so a raw call cannot know that an empty object is none.
        more["faults"] = [fault for fault in FAULTS if fault != "200 {}"]

    def run(stage: Stage, check_mode: bool) -> Result:
        stage.shows_tokens = spec.shows_tokens
        given = {**stage.options, **arguments}
        result = run_in_process(
            f"{COLLECTION}.{module}", spec, given, check_mode=check_mode, progress=lambda _text: None
        )
        # That one changes nothing but which tokens there are; test_tokens.py knows when.
        return {**result, "changed": False} if spec.shows_tokens else result

    return Scenario(name, run, **more)


def by_role(role: str, variables: dict[str, Any], **more: Any) -> Scenario:
    """Return the scenario of a role's task, which runs in this process."""

    def run(stage: Stage, check_mode: bool) -> Result:
        options = {f"tallyfy_{name}": value for name, value in stage.options.items()}
        given = {f"{role}_{name}": value for name, value in {**variables, "concurrency": 1}.items()}
        return Roles(stage.sandbox, stage.folder).run(role, check_mode, **options, tallyfy_max_wait=300, **given)

    return Scenario(f"role {role}", run, **more)


def by_playbook(playbook: str, role: str, variables: dict[str, Any], **more: Any) -> Scenario:
    """Return the scenario of a playbook, whose waits take their time."""

    def run(stage: Stage, check_mode: bool) -> Result:
        playbooks = Playbooks(stage.sandbox, stage.folder)
        given_variables = {f"{role}_{name}": value for name, value in {**variables, "concurrency": 1}.items()}
        options = [given(playbooks, **given_variables), *(["--check"] if check_mode else [])]
        ended = Run(playbooks, f"{COLLECTION}.{playbook}", *options, TALLYFY_RATE_LIMIT="0", TALLYFY_MAX_WAIT="30")
        return {"failed": ended.status != 0, "msg": ended.output, "changed": ended.changed > 0}

    faults = ("401", "500", "502 after the change", "cut after", "429 with a short wait", "200 malformed")
    return Scenario(f"playbook {playbook}", run, faults=faults, share=0.07, **more)


# --- Leavers and what they leave behind -------------------------------------------------------------------------------


def leave_much_behind(sandbox: Sandbox) -> None:
    """Let those who leave own something of every kind."""
    sandbox.reset(switches={"disable_keeps_groups": True})
    state = sandbox.state(sandbox.org_id)
    ids = {member["email"]: member["id"] for member in state["members"]}
    for email, associated in ((PARTNER, [ALICE, BOB, CHARLIE, DANA]), (NORA, [DANA])):
        sandbox.patch_guest(email, associated_members=[ids[one] for one in associated])
    sandbox.patch_group("People", members=[ids[BOB], ids[JOHN], ids[CHARLIE]])
    sandbox.patch_group("Legacy Team", members=[ids[DANA]])
    sandbox.insert_runs(
        {"checklist_id": TOUR_ID, "name": "Of Bob", "owner_id": ids[BOB]},
        {"checklist_id": TOUR_ID, "name": "Of Dana", "owner_id": ids[DANA]},
    )
    for task, owner in zip(state["tasks"], (BOB, DANA)):
        owners = {"users": [ids[owner]], "guests": [], "groups": []}
        sandbox.patch_task(task["id"], status="in-progress", owners=owners)


def left_behind(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return what is still in the name of each leaver."""
    state = sandbox.state(sandbox.org_id)
    places = [
        (guest["email"], guest["associated_members"] or ()) for guest in state["guests"] if not guest["deleted_at"]
    ]
    places += [(group["name"], group["members"]) for group in state["groups"]]
    places += [(run["name"], [run["owner_id"]]) for run in state["runs"]]
    places += [(task["title"], task["owners"]["users"]) for task in state["tasks"] if task["status"] == "in-progress"]
    return {
        email: [name for name, numbers in places if member["id"] in map(int, numbers)]
        for member in state["members"]
        for email in [member["email"].partition(".deleted.")[0]]
        if email in (BOB, CHARLIE, DANA)
    }


def statuses(sandbox: Sandbox) -> dict[str, str]:
    state = sandbox.state(sandbox.org_id)
    return {member["email"].partition(".deleted.")[0]: member["status"] for member in state["members"]}


def lost_access_too_early(sandbox: Sandbox) -> str:
    """Tell who has lost their access while something is still theirs. A guest who leaves is no matter."""
    now, behind = statuses(sandbox), left_behind(sandbox)
    left = [email for email in (BOB, CHARLIE) if now[email] == "disabled" and {*behind[email]} - {NORA}]
    return f"access ended before the hand-over: {', '.join(left)}" if left else ""


#: An active member with a successor, an invited one without, and one who has left without a hand-over; and a guest.
LEAVERS = {
    "people": [{"email": BOB, "reassign_to": JOHN}, {"email": CHARLIE}, {"email": DANA, "reassign_to": ALICE}],
    "guests": [NORA],
    "max_removals": 5,
}
ROSTER = {
    "people": [
        {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major", "groups": ["People"]},
        {"email": BOB, "team": "Sales", "role": "light"},
        {"email": FRANK, "state": "disabled", "reassign_to": ALICE},
    ]
}
HIRED = {
    "people": [
        {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major", "groups": ["Newcomers"]},
        {"email": "richard.roe@example.com", "first_name": "Richard", "last_name": "Roe", "provision": "invite"},
    ],
    "process": {"template": TOUR_ID, "tags": ["Onboarding"]},
    "ensure_groups": ["Newcomers"],
    "ensure_guests": [{"email": "agency@example.net", "first_name": "Agnes", "last_name": "Agency"}],
}

MUCH_LEFT_BEHIND = by_module(
    "offboarding of those who leave much behind", "tallyfy_offboarding", LEAVERS,
    set_the_scene=leave_much_behind, complaint=lost_access_too_early,
)  # fmt: skip
SCENARIOS = [
    *(
        by_module(one.name, one.module, one.arguments, is_repeatable=one.is_repeatable)
        for one in CASES
        if one.changes and "src" not in one.arguments
    ),
    by_module("token issued", "tallyfy_token", {}),
    by_module("token issued for a member", "tallyfy_token", {"user": BOB}),
    by_module("process launched in the name of a member", "tallyfy_process", {
        "template": TOUR_ID, "reference": "E-7", "act_as": ALICE,
    }),
    MUCH_LEFT_BEHIND,
    # Each fault happens to these routes in the smaller ones; here is the one that ends in the middle of much else.
    by_module("roster of one of everything", "tallyfy_roster", OPTIONS,
              set_the_scene=set_the_scene_of_rosters, faults=("killed before", "killed after")),
    by_role("roster", ROSTER),
    by_role("onboarding", HIRED),
    by_role("offboarding", LEAVERS, set_the_scene=leave_much_behind, complaint=lost_access_too_early),
]  # fmt: skip
#: Each of their runs takes a second or more.
ALL = [
    *SCENARIOS,
    by_playbook("roster", "roster", ROSTER),
    by_playbook("onboard", "onboarding", HIRED),
    by_playbook("offboard", "offboarding", LEAVERS, set_the_scene=leave_much_behind, complaint=lost_access_too_early),
]
