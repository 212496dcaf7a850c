# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The four promises over all modules, from one table, in every world that the API's sources describe.

Check mode sends no write; what it told is what the run did; the second run sends no write; the diff names exactly the
changed fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import PROFILE_FIELDS
from sandbox.testing import Sandbox
from tests.acceptance.cases_drift import CASES_OF_DRIFT
from tests.acceptance.cases_groups import CASES_OF_GROUPS
from tests.acceptance.cases_offboarding import (
    CASES_OF_OFFBOARDING,
    REPORTED_BY_OFFBOARDING,
    changes_of_offboarding,
)
from tests.acceptance.cases_onboarding import CASES_OF_ONBOARDING, entries_of
from tests.acceptance.cases_processes import (
    CASES_OF_PROCESSES,
    WORLDS_OF_PROCESSES,
    changes_of_processes,
    picture_of_processes,
)
from tests.acceptance.cases_tasks import CASES_OF_TASKS, WORLDS_OF_TASKS, changes_of_tasks, picture_of_tasks
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, JOHN, LEGACY_GROUP, MARY, SUPPORT, URGENT_TAG

# What the service keeps about a member and a user can see change; times and counters move by themselves.
VISIBLE = (
    "email", "first_name", "last_name", "role", "status", "timezone", "phone", "job_title", "job_description", "team",
    "country_id", "date_format",
)  # fmt: skip

#: What check mode must tell as the run then does.
REPORTED = ("changed", "actions", "diff", "summary", "problems", "deferred", "notes", "organization", "unchangeable")


#: Modules of one subject: what the picture and the result call it, and the option that names it.
SUBJECTS = {"tallyfy_group": ("groups", "group", "name"), "tallyfy_guest": ("guests", "guest", "email")}


@dataclass(frozen=True)
class Case:
    """One task, and which fields of its subject it changes; nothing means that all is well already."""

    name: str
    module: str
    arguments: dict[str, Any]
    changes: frozenset[str] = frozenset()
    is_repeatable: bool = True


def case(called: str, module: str, /, *changes: str, is_repeatable: bool = True, **arguments: Any) -> Case:
    return Case(called, module, arguments, frozenset(changes), is_repeatable)


def of(email: str, *fields: str) -> list[str]:
    """Return the changes of one person of a roster."""
    return [f"{email}: {field}" for field in fields]


#: What the files of rosters hold.
FILES = {
    "leavers.csv": f"email,reassign_to\n{FRANK},\n",
    "new-hires.csv": "email,first_name,last_name,role,groups,process\n"
    f"{MARY['email']},Mary,Major,standard,Engineering,\n{BOB},Bob,,,People,false\n",
    "people.csv": f"email,first_name,last_name,phone,groups\n{MARY['email']},Mary,Major,,People\n{BOB},Bob,,+49151,\n",
}
CREATION = ("email", "first_name", "last_name", "role")
CASES = [
    case("user unchanged", "tallyfy_user", email=BOB, role="standard", first_name="Bob"),
    case("user only mentioned", "tallyfy_user", email=BOB),
    case("user found without regard to case", "tallyfy_user", email="BOB@Example.COM", team="Operations"),
    case("user values trimmed", "tallyfy_user", email=BOB, first_name=" Bob ", team="Operations "),
    case("user created", "tallyfy_user", *CREATION, **MARY),
    case("user created with a role", "tallyfy_user", *CREATION, **MARY, role="admin"),
    case("user created with a timezone", "tallyfy_user", *CREATION, "timezone", **MARY, timezone="Europe/Berlin"),
    case("user created with a profile", "tallyfy_user", *CREATION, "timezone", "phone", **MARY, phone="+1"),
    case("user created in groups", "tallyfy_user", *CREATION, "groups", **MARY, groups=["people"]),
    case("user invited", "tallyfy_user", *CREATION, **MARY, provision="invite"),
    case("user invited with a profile", "tallyfy_user", *CREATION, "timezone", "job_title",
         **MARY, provision="invite", invitation_message="Hello", job_title="Clerk"),
    case("user updated", "tallyfy_user", "phone", "job_title", email=BOB, phone="+49", job_title="Lead"),
    case("user field cleared", "tallyfy_user", "phone", email=BOB, clear=["phone"]),
    case("user renamed", "tallyfy_user", "last_name", email=BOB, last_name="Jones-Smith"),
    case("user date format", "tallyfy_user", "date_format", email=BOB, date_format="dd/mm/yyyy"),
    case("user date format as it is", "tallyfy_user", email=BOB, date_format="mm/dd/yyyy"),
    case("user role", "tallyfy_user", "role", email=BOB, role="light"),
    case("user profile and role", "tallyfy_user", "role", "team", email=FRANK, role="admin", team="Board"),
    case("user country", "tallyfy_user", "country_id", email=FRANK, country_id=2),
    case("user invited already", "tallyfy_user", email=CHARLIE, first_name="Charlie"),
    case("user invited gets a role", "tallyfy_user", "role", email=CHARLIE, role="light"),
    case("user enabled", "tallyfy_user", "status", email=DANA),
    case("user enabled and changed", "tallyfy_user", "status", "team", "role", email=DANA, team="A", role="admin"),
    case("user into groups", "tallyfy_user", "groups", email=BOB,
         groups={"add": ["Engineering"], "remove": ["PEOPLE"]}),
    case("user groups as they are", "tallyfy_user", email=BOB, groups={"add": ["people"], "remove": ["Engineering"]}),
    case("user groups set", "tallyfy_user", "groups", email=BOB, groups={"set": ["Legacy Team"]}),
    case("user groups emptied", "tallyfy_user", "groups", email=JOHN, groups={"set": []}),
    case("user of two organizations", "tallyfy_user", email=GRACE, team="Elsewhere"),
    case("user of two organizations gets a role", "tallyfy_user", "role", email=GRACE, role="light", team="Elsewhere"),
    case("user disabled", "tallyfy_user", "status", email=BOB, state="disabled"),
    case("user disabled with a successor", "tallyfy_user", "status", email=BOB, state="disabled", reassign_to=JOHN),
    case("user invited and disabled", "tallyfy_user", "status", email=CHARLIE, state="disabled"),
    case("user disabled already", "tallyfy_user", email=DANA, state="disabled"),
    case("user never there", "tallyfy_user", email="nobody@example.com", state="disabled"),
    case("user deleted", "tallyfy_user", "gone", email=BOB, state="deleted"),
    case("user deleted with a successor", "tallyfy_user", "gone", email=BOB, state="deleted", reassign_to=JOHN),
    case("user deleted when half done", "tallyfy_user", "gone", email=DANA, state="deleted"),
    case("user deleted already", "tallyfy_user", email="nobody@example.com", state="deleted"),
    case("roster unchanged", "tallyfy_roster", unlisted="ignore",
         people=[{"email": BOB, "role": "standard", "groups": ["people"]}, {"email": "FRANK.moore@example.com"},
                 {"email": DANA, "state": "disabled"}, {"email": "nobody@example.com", "state": "deleted"}]),
    case("roster created", "tallyfy_roster", *of(MARY["email"], *CREATION, "timezone", "phone", "groups"),
         *of("richard@example.com", *CREATION),
         people=[{**MARY, "phone": "+1", "groups": "People; Legacy Team"},
                 {"email": "richard@example.com", "first_name": "Richard", "last_name": "Roe", "provision": "invite"}]),
    case("roster mixed", "tallyfy_roster", *of(MARY["email"], *CREATION, "groups"), *of(BOB, "team", "role", "groups"),
         *of(DANA, "status", "groups"), *of(JOHN, "groups"), *of(FRANK, "status"), concurrency=3,
         people=[{**MARY, "groups": ["Engineering"]}, {"email": ALICE, "role": "admin"},
                 {"email": BOB, "team": "Sales", "role": "light", "groups": {"set": ["Engineering", "Legacy Team"]}},
                 {"email": DANA, "groups": {"add": ["Legacy Team"]}}, {"email": JOHN, "groups": {"set": []}},
                 {"email": FRANK, "state": "disabled", "reassign_to": ALICE}]),
    case("roster deleted", "tallyfy_roster", *of(BOB, "gone"), *of(DANA, "gone"), max_removals=2,
         people=[{"email": BOB, "state": "deleted"}, {"email": DANA, "state": "deleted"}]),
    case("roster unlisted", "tallyfy_roster", *of(BOB, "status"), *of(FRANK, "status"), unlisted="disabled",
         max_removals=2, reassign_to=ALICE, protect=[GRACE.upper()],
         people=[{"email": email} for email in (ALICE, ERIN, JOHN, CHARLIE, SUPPORT)]),
    case("roster groups", "tallyfy_roster", *of(BOB, "groups"), *of(JOHN, "groups"), *of(FRANK, "groups"),
         defaults={"groups": ["Legacy Team", "Engineering"]},
         people=[{"email": email} for email in (BOB, JOHN, FRANK)]),
    case("roster from a csv file", "tallyfy_roster",
         *of(MARY["email"], *CREATION, "groups"), *of(BOB, "phone"), src="people.csv"),
    case("user info", "tallyfy_user_info"),
    case("user info with groups", "tallyfy_user_info", complete=True, status="active"),
    case("organization info", "tallyfy_organization_info"),
    case("api get", "tallyfy_api", path="/organizations/{org_id}/groups", all_pages=True),
    case("api put of the same", "tallyfy_api", method="PUT", path=f"/organizations/{{org_id}}/groups/{LEGACY_GROUP}",
         body={"name": "Legacy Team"}, only_if_different=True),
    case("api put", "tallyfy_api", "name", method="PUT", path=f"/organizations/{{org_id}}/groups/{LEGACY_GROUP}",
         body={"name": "Elders", "members": [], "guests": []}, only_if_different=True),
    case("api delete", "tallyfy_api", "api", method="DELETE", path=f"/organizations/{{org_id}}/tags/{URGENT_TAG}"),
    case("api delete of nothing", "tallyfy_api", method="DELETE", path=f"/organizations/{{org_id}}/groups/{'0' * 32}"),
    case("api post", "tallyfy_api", "api", is_repeatable=False, method="POST",
         path="/organizations/{org_id}/groups", body={"name": "Fresh", "description": "Newly made"}),
    *(case(name, module, *changes, **arguments) for name, module, changes,
        arguments in (*CASES_OF_DRIFT, *CASES_OF_GROUPS,
                      *CASES_OF_OFFBOARDING, *CASES_OF_ONBOARDING, *CASES_OF_PROCESSES, *CASES_OF_TASKS)),
]  # fmt: skip

# The readings of the API that its sources disagree on, section by section of the contract's list of contradictions.
WORLDS: dict[str, dict[str, Any]] = {
    "as documented": {},
    "application tokens denied": {"app_token_on_org_routes": "deny"},
    "members as in the documentation": {"member_shape": "doc", "role_case": "title"},
    "members as in the SDK": {"member_shape": "sdk", "bare_includes": True, "guest_delete_unknown": "404"},
    "short rows": {"member_shape": "minimal_rows", "role_case": "title"},
    "PUT wipes": {"member_put_nulls_omitted": True, "group_put_absent_wipes": True},
    "PUT wants everything": {"group_put_requires_all": True, "put_status": 200,
                             "group_member_ids": "string", "guest_put_strict": True, "guest_get_status": 200},
    "small pages": {"per_page_cap": 3, "links_shape": "array"},
    "bare answers": {"unwrapped_application_user": True, "provision_status": 200, "invite_status": 201},
    "other spellings": {"validation_shape": "documented", "mixed_dates": True,
                        "group_shape": "legacy", "guest_shape": "legacy"},
    "removed members hidden": {"remove_hides_member": True, "old_error_texts": True},
}  # fmt: skip


#: Processes show nothing of most readings that are about members.
PROCESS_MODULES = ("tallyfy_process", "tallyfy_process_info", "tallyfy_template_info")
TASK_MODULES = ("tallyfy_task", "tallyfy_oneoff_task", "tallyfy_task_info")
FOR_PROCESSES = (
    "as documented",
    "application tokens denied",
    "members as in the SDK",
    "small pages",
    "other spellings",
)


GROUP_MODULES = ("tallyfy_group", "tallyfy_group_info", "tallyfy_guest", "tallyfy_guest_info")
ABOUT_MEMBERS = ("members as in the documentation", "short rows", "bare answers", "removed members hidden")


def worlds_of(one: Case) -> list[str]:
    """Return the worlds in which a case can turn out differently."""
    if one.module in PROCESS_MODULES:
        return [*FOR_PROCESSES, *WORLDS_OF_PROCESSES]
    if one.module in TASK_MODULES:
        return [*FOR_PROCESSES, *WORLDS_OF_PROCESSES, *WORLDS_OF_TASKS]
    if one.module in GROUP_MODULES:
        return [name for name in WORLDS if name not in ABOUT_MEMBERS]
    return [*WORLDS, *(WORLDS_OF_PROCESSES if one.module == "tallyfy_onboarding" else ())]


@pytest.fixture
def world(request: pytest.FixtureRequest, sandbox: Sandbox, modules: Modules) -> Sandbox:
    sandbox.switch(**{**WORLDS, **WORLDS_OF_PROCESSES, **WORLDS_OF_TASKS}[request.param])
    if request.param == "application tokens denied":
        modules.use(act_as=ALICE)
    return sandbox


@pytest.mark.parametrize(
    ("one", "world"),
    [
        pytest.param(
            one,
            name,
            id=f"{one.name}-in-{name}".replace(" ", "-"),
            marks=[pytest.mark.any_core] if name != "as documented" else [],
        )
        for one in CASES
        for name in worlds_of(one)
    ],
    indirect=["world"],
)
def test_four_promises(one: Case, world: Sandbox, modules: Modules, tmp_path: Path) -> None:
    if "country_id" in one.changes and world.switches()["member_shape"] == "sdk":
        pytest.skip("members of this shape do not show their country; see test_members.py for what happens then")
    before = picture(world)
    arguments = dict(one.arguments)
    if "src" in arguments:
        (tmp_path / arguments["src"]).write_text(FILES[arguments["src"]])
        arguments["src"] = str(tmp_path / arguments["src"])

    reported = modules.succeed(one.module, check_mode=True, **arguments)
    assert world.writes() == []
    assert picture(world) == before

    done = modules.succeed(one.module, **arguments)
    after = picture(world)
    assert {name: reported.get(name) for name in REPORTED} == {name: done.get(name) for name in REPORTED}
    assert done["changed"] is bool(one.changes)
    assert bool(world.writes()) is bool(one.changes)
    assert (after != before) is bool(one.changes)
    if one.module == "tallyfy_user":
        email = one.arguments["email"]
        assert changed_fields(before.get(email.lower()), after.get(email.lower())) == one.changes
        assert diff_fields(done["diff"]) == one.changes - {"gone"}
        assert_same_shape(reported["user"], done["user"])
    if one.module in SUBJECTS:
        kind, subject, key = SUBJECTS[one.module]
        name = one.arguments[key].strip().lower()
        assert changed_values(before[kind].get(name), after[kind].get(name)) == one.changes
        assert diff_fields(done["diff"]) == one.changes - {"gone"}
        assert_same_shape(reported[subject], done[subject])
    if one.module == "tallyfy_process":
        assert changes_of_processes(before["processes"], after["processes"]) == one.changes
        assert diff_fields(done["diff"]) == one.changes
        assert_same_shape(reported["process"], done["process"])
    if one.module in ("tallyfy_task", "tallyfy_oneoff_task"):
        assert changes_of_tasks(before["tasks"], after["tasks"]) == one.changes
        assert diff_fields(done["diff"]) == one.changes
        assert_same_shape(reported["task"], done["task"])
    if one.module == "tallyfy_roster":
        assert reported["people"] == done["people"]
        assert changes_of_people(before, after) == one.changes
        assert diff_of_people(done["diff"]) == {change for change in one.changes if not change.endswith(": gone")}
    if one.module == "tallyfy_onboarding":
        assert changes_of_entries(entries_of(before), entries_of(after)) == one.changes
        assert diff_of_people(done["diff"]) == one.changes
        assert [without_numbers(row) for row in reported["people"]] == [without_numbers(row) for row in done["people"]]
        assert (reported["groups"], reported["guests"]) == (done["groups"], done["guests"])
    assert_rest(one, before, after, reported, done)

    world.clear_ledger()
    again = modules.run(one.module, **arguments)
    if one.is_repeatable:
        assert not again.get("failed"), again["msg"]
        assert again["changed"] is False
        assert world.writes() == []
        assert picture(world) == after


#: What they add or change has fields that some readings of the contract do not show.
ABOUT_PROFILES = (
    "user created",
    "user created with a timezone",
    "user created with a profile",
    "user invited with a profile",
    "user renamed",
    "roster created",
    "onboarding of everything",
)


@pytest.mark.any_core
@pytest.mark.parametrize("shape", ["union", "sdk", "minimal_rows", "minimal"])
@pytest.mark.parametrize("one", [one for one in CASES if one.name in ABOUT_PROFILES], ids=lambda one: one.name)
def test_check_mode_reports_the_same_of_what_is_not_shown(
    one: Case, sandbox: Sandbox, modules: Modules, shape: str
) -> None:
    sandbox.switch(member_shape=shape)
    reported = modules.succeed(one.module, check_mode=True, **one.arguments)
    done = modules.succeed(one.module, **one.arguments)
    for name in ("notes", "actions", "diff", "summary"):
        assert reported.get(name) == done.get(name)
    is_reported = any("does not show" in note for note in reported["notes"])
    assert is_reported is (shape == "minimal" and one.name != "user created")


def assert_rest(
    one: Case, before: dict[str, Any], after: dict[str, Any], reported: dict[str, Any], done: dict[str, Any]
) -> None:
    """Fail unless the changes of an offboarding or of a single call are those that were expected."""
    if one.module == "tallyfy_offboarding":
        assert changes_of_offboarding(before, after) == one.changes
        # Tallyfy takes a guest who is removed out of groups by itself, which is no field of the guest.
        shown = {change for change in one.changes if not change.endswith((": gone", ": guests"))}
        assert diff_of_people(done["diff"]) == shown
        assert {name: reported[name] for name in REPORTED_BY_OFFBOARDING} == {
            name: done[name] for name in REPORTED_BY_OFFBOARDING
        }
    if one.module == "tallyfy_api" and "name" in one.changes:
        assert diff_fields(done["diff"]) == one.changes


def picture(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything that a task could change, by the folded address of its subject or by its kind."""
    state = sandbox.state(sandbox.org_id)
    names: dict[int, list[str]] = {}
    for group in state["groups"]:
        for member in group["members"]:
            names.setdefault(int(member), []).append(group["name"])
    people = {
        str(member["email"]).lower(): {
            **{name: member.get(name) for name in VISIBLE},
            "groups": sorted(names.get(member["id"], [])),
        }
        for member in state["members"]
        if ".deleted." not in member["email"]
    }
    emails = {member["id"]: member["email"] for member in state["members"]}
    groups = {
        group["name"].lower(): {
            "name": group["name"],
            "description": group["description"],
            "members": sorted(emails[int(member)] for member in group["members"]),
            "guests": sorted(group["guests"]),
        }
        for group in state["groups"]
    }
    guests = {
        guest["email"].lower(): {
            **{name: guest[name] for name in ("email", *PROFILE_FIELDS)},
            "state": guest["disabled_at"] and "disabled",
            "associated_members": sorted(emails[int(member)] for member in guest["associated_members"] or ()),
        }
        for guest in state["guests"]
        if guest["deleted_at"] is None
    }
    processes, tags = picture_of_processes(state), sorted(tag["title"] for tag in state["tags"])
    tasks = picture_of_tasks(state)
    return {**people, "groups": groups, "guests": guests, "processes": processes, "tags": tags, "tasks": tasks}


def changed_values(before: dict[str, Any] | None, after: dict[str, Any] | None) -> frozenset[str]:
    """Return which fields of a group or a guest differ; of a new one, those that hold something."""
    if before is not None and after is None:
        return frozenset({"gone"})
    return frozenset(
        name for name, value in (after or {}).items() if (value or None) != ((before or {}).get(name) or None)
    )


def changed_fields(before: dict[str, Any] | None, after: dict[str, Any] | None) -> frozenset[str]:
    """Return which visible fields of a person differ; of somebody new, those that are not what everybody gets."""
    if before is not None and after is None:
        return frozenset({"gone"})
    if before is None and after is not None:
        defaults = {"status": after["status"], "country_id": 1, "date_format": "mm/dd/yyyy", "groups": []}
        if after["timezone"] == "America/Chicago" and after["phone"] is None and after["job_title"] is None:
            defaults["timezone"] = after["timezone"]
        return frozenset(name for name, value in after.items() if value is not None and defaults.get(name) != value)
    changes = {name for name in (after or {}) if (after or {})[name] != (before or {})[name]}
    if "status" in changes and (after or {})["status"] == "disabled":
        changes.discard("groups")  # the service takes a member whose access ends out of all groups
    return frozenset(changes)


def changes_of_people(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return which visible fields of which people differ between two pictures."""
    emails = [name for name in {**before, **after} if "@" in name]
    return {change for name in emails for change in of(name, *changed_fields(before.get(name), after.get(name)))}


def changes_of_entries(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return which fields of which people, groups, guests and processes of an onboarding differ."""
    changes = changes_of_people(
        *({name: entry for name, entry in one.items() if " " not in name} for one in (before, after))
    )
    things = {name: entry for name, entry in after.items() if " " in name}
    # Who owns a process when nobody is named is no change.
    return changes | {
        change
        for name, entry in things.items()
        for change in of(name, *changed_values(before.get(name, {"owner": ALICE}), entry))
    }


def without_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """Return a person's row without the id of the process, which check mode cannot know."""
    return {**row, "process": {**row["process"], "id": None}} if row["process"] else row


def diff_of_people(diff: dict[str, Any]) -> set[str]:
    """Return which fields of which people the diff of a roster shows as different."""
    before, after = diff["before"], diff["after"]
    return {
        change
        for name in {**before, **after}
        for change in of(name, *diff_fields({"before": before.get(name, {}), "after": after.get(name, {})}))
    }


def diff_fields(diff: dict[str, Any]) -> frozenset[str]:
    """Return which fields a diff shows as different; of a deletion none, since all of the record goes."""
    before, after = diff["before"], diff["after"]
    if before and not after:
        return frozenset()
    # Who takes over the open work is told, and is no field of the member.
    names = {**before, **after}.keys() - {"reassign_to"}
    return frozenset(name for name in names if before.get(name) != after.get(name))


def assert_same_shape(reported: Any, done: Any) -> None:
    if reported is None or done is None:
        assert reported == done
        return
    assert set(reported) == set(done)
    for name, value in reported.items():
        if value is not None and name not in {"updated_at", "full_name", "email", "status"}:
            assert done[name] in (value, None) or name == "groups", name
