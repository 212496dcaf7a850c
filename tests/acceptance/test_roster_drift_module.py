# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What drift reports about a live organization, that nothing hides drift, and failures to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import DRIFT_KEYS
from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.acceptance.test_promises import WORLDS
from tests.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, JOHN, MARY

pytestmark = pytest.mark.any_core

DRIFT, ROSTER = "tallyfy_roster_drift", "tallyfy_roster"
SEEDED = (ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, JOHN)
PEOPLE: list[dict[str, Any]] = [
    {"email": ALICE},
    {"email": BOB, "role": "light", "team": "{{ 7*7 }}; <b>|*x*", "groups": {"set": ["Engineering"]}},
    {"email": DANA},
    {"email": ERIN, "job_title": "IT Lead", "groups": {"add": ["People"]}},
    {"email": GRACE, "team": "Elsewhere"},
    {"email": JOHN, "state": "disabled"},
    {**MARY, "groups": ["People"]},
]
TWO_ORGANIZATIONS = "belongs to 2 organizations, so only this person can change team"
BOBS = (
    'team is Operations, should be "{{ 7*7 }}; <b>|*x*"; role is standard, should be light; '
    "should be in Engineering; should not be in People"
)
EXPECTED = [
    (BOB, "different", BOBS),
    (DANA, "different", "status is disabled, should be active"),
    (GRACE, "unclear", TWO_ORGANIZATIONS),
    (JOHN, "extra", "status is active, should be disabled"),
    (MARY["email"], "missing", "is not a member"),
    (CHARLIE, "extra", "is not on the roster"),
    (FRANK, "kept", "is not on the roster, but a run would keep them: protect holds frank.*"),
]  # fmt: skip
COUNTS = {"missing": 1, "extra": 2, "different": 2, "unclear": 1, "kept": 1, "total": 5, "groups": 0}
DOCUMENTED = {"changed", "check_mode", *DRIFT_KEYS}


def reported(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["email"], row["outcome"], row["message"]) for row in result["people"]]


def keys_of(result: dict[str, Any]) -> set[str]:
    return {name for name in result if not name.startswith("_") and name not in ("failed", "msg", "warnings")}


# --- what it reports --------------------------------------------------------------------------------------------------


def test_everybody_who_differs_is_reported_and_nothing_is_written(sandbox: Sandbox, modules: Modules) -> None:
    drift = modules.succeed(DRIFT, people=PEOPLE, unlisted="disabled", protect=["frank.*"])
    assert reported(drift) == EXPECTED
    assert drift["summary"] == COUNTS
    assert (drift["changed"], drift["drifted"], drift["problems"], drift["diff"]) == (False, True, [], {})
    assert [row["unlisted"] for row in drift["people"]] == [False] * 5 + [True] * 2
    assert drift["notes"] == [f"{GRACE} {TWO_ORGANIZATIONS}."]
    assert drift["people"][0]["differences"] == [
        {"field": "team", "is": "Operations", "roster": "{{ 7*7 }}; <b>|*x*"},
        {"field": "role", "is": "standard", "roster": "light"},
        {"field": "groups", "is": ["People"], "roster": ["Engineering"]},
    ]
    assert drift["organization"]["id"] == drift["org_id"] == sandbox.org_id
    assert drift["requests"] == len(sandbox.ledger())
    assert keys_of(drift) == DOCUMENTED

    announced = modules.succeed(DRIFT, check_mode=True, people=PEOPLE, unlisted="disabled", protect=["frank.*"])
    assert announced["check_mode"] is True
    assert {**announced, "check_mode": False, "requests": 0} == {**drift, "requests": 0}
    assert sandbox.writes() == []


def test_a_group_that_was_renamed_is_drift_and_hides_nothing(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.patch_group("Engineering", name="Engineering EMEA")
    people = [*PEOPLE, {"email": FRANK, "groups": {"remove": ["engineering", "Nobodies"]}}]
    drift = modules.succeed(DRIFT, people=people, unlisted="disabled", protect=["charlie*"])
    assert drift["groups"] == [
        {
            "name": "Engineering",
            "outcome": "missing",
            "people": [BOB, FRANK],
            "message": "does not exist; named by 2 people",
        },
        {"name": "Nobodies", "outcome": "missing", "people": [FRANK], "message": "does not exist; named by 1 person"},
    ]
    assert reported(drift)[:5] == EXPECTED[:5]
    assert drift["summary"] == {**COUNTS, "extra": 1, "groups": 2, "total": 6}
    # A run would be refused, with this reason.
    assert "there is no group 'Engineering'" in modules.fail(ROSTER, check_mode=True, people=people)["msg"]

    alone = modules.succeed(DRIFT, people=[{"email": BOB, "groups": {"remove": ["Nobodies"]}}])
    assert (alone["people"], alone["drifted"], alone["summary"]["total"]) == ([], True, 1)


def test_people_who_are_not_listed_are_left_out(sandbox: Sandbox, modules: Modules) -> None:
    drift = modules.succeed(DRIFT, people=PEOPLE)
    assert reported(drift) == EXPECTED[:5]
    assert drift["summary"]["extra"] == 1, "John is listed, as disabled"


@pytest.mark.parametrize("name", ["roster.yml", "roster.json"])
def test_a_file_is_compared_as_a_list_is(name: str, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    # JSON is a subset of YAML.
    (tmp_path / name).write_text(json.dumps(PEOPLE), encoding="utf-8")
    drift = modules.succeed(DRIFT, src=str(tmp_path / name), unlisted="disabled", protect=["frank.*"])
    assert reported(drift) == EXPECTED


# --- what must not hide drift -----------------------------------------------------------------------------------------


def test_the_fuse_hides_no_drift(sandbox: Sandbox, modules: Modules) -> None:
    for email in (BOB, FRANK, JOHN, GRACE, ERIN):
        sandbox.patch_member(email, status="invited")
    drift = modules.succeed(DRIFT, people=[{"email": DANA, "role": "light"}], unlisted="disabled")
    assert drift["summary"]["extra"] == 6
    (kept,) = [row for row in drift["people"] if row["outcome"] == "kept"]
    assert kept["email"] == ALICE
    assert "is the default administrator" in kept["message"]


def test_who_may_not_write_may_compare(sandbox: Sandbox, modules: Modules) -> None:
    modules.use(act_as=BOB)
    drift = modules.succeed(DRIFT, people=PEOPLE)
    assert drift["summary"]["different"] == 2
    assert drift["organization"]["acting_as"] == BOB
    assert "these actions require an administrator" in modules.fail(ROSTER, check_mode=True, people=PEOPLE)["msg"]


# --- drift as a failure, and a failure to compare ---------------------------------------------------------------------


def test_drift_is_a_failure_when_that_is_desired(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.patch_group("Engineering", name="Engineering EMEA")
    options = {"people": PEOPLE, "unlisted": "disabled", "protect": ["frank.*"]}
    calm = modules.succeed(DRIFT, **options)
    failed = modules.fail(DRIFT, **options, fail=True)
    assert failed["msg"] == (
        "The organization differs from the roster (people: 5 of 9; groups: 1): group Engineering (missing), "
        f"{BOB} (different), {DANA} (different), {JOHN} (extra), {MARY['email']} (missing) and 1 more."
    )
    assert (failed["drifted"], failed["changed"], failed["problems"]) == (True, False, [])
    assert keys_of(failed) == DOCUMENTED
    for name in ("people", "groups", "summary", "notes"):
        assert failed[name] == calm[name]
    reported_in_check_mode = modules.fail(DRIFT, check_mode=True, **options, fail=True)
    assert reported_in_check_mode["msg"] == failed["msg"]


def test_nothing_but_what_is_unclear_or_kept_is_no_failure(sandbox: Sandbox, modules: Modules) -> None:
    people = [{"email": email} for email in SEEDED if email not in (DANA, FRANK, GRACE)]
    result = modules.succeed(DRIFT, people=[*people, PEOPLE[4]], unlisted="disabled", protect=[FRANK], fail=True)
    assert [row["outcome"] for row in result["people"]] == ["unclear", "kept"]
    assert (result["drifted"], result["summary"]["total"]) == (False, 0)


def test_one_person_who_differs_is_reported_by_itself(sandbox: Sandbox, modules: Modules) -> None:
    failed = modules.fail(DRIFT, people=[{"email": BOB, "role": "light"}, {"email": JOHN}], fail=True)
    assert failed["msg"] == f"The organization differs from the roster (people: 1 of 2): {BOB} (different)."


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"src": "/nowhere/roster.yml"}, "src /nowhere/roster.yml: No such file or directory"),
        ({"src": __file__}, "the name must end in .yml, .yaml, .json, .csv"),
        (
            {"people": [], "unlisted": "disabled"},
            "refusing an empty roster with unlisted=disabled: it would remove everybody",
        ),
        ({"people": PEOPLE, "protect": [" "]}, "protect holds a blank entry"),
    ],
)
def test_what_is_no_roster_is_reported_before_anything_is_asked(
    options: dict[str, Any], problem: str, sandbox: Sandbox, modules: Modules
) -> None:
    failed = modules.fail(DRIFT, **options, fail=True)
    assert [text.endswith(problem) for text in failed["problems"]] == [True]
    assert (failed["drifted"], failed["people"], failed["changed"]) == (False, [], False)
    assert keys_of(failed) == DOCUMENTED
    assert sandbox.ledger() == []


def test_a_sign_in_that_fails_is_no_drift(sandbox: Sandbox, modules: Modules) -> None:
    secret = "wrong-secret/+="
    modules.use(client_secret=secret)
    failed = modules.fail(DRIFT, people=PEOPLE, fail=True)
    assert "the sign-in failed" in failed["msg"]
    assert failed["problems"] == [failed["msg"]]
    assert (failed["drifted"], failed["summary"]) == (False, DRIFT_KEYS["summary"])
    assert secret not in json.dumps(failed)


# --- a comparison and its run agree -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDS, ids=lambda name: name.replace(" ", "-"))
def test_a_run_does_what_drift_tells_and_leaves_none(name: str, sandbox: Sandbox, modules: Modules) -> None:
    sandbox.switch(**WORLDS[name])
    modules.use(act_as=ALICE)
    same = {"people": PEOPLE, "protect": ["frank.*"], "unlisted": "disabled"}
    drift = modules.succeed(DRIFT, **same)
    assert sandbox.writes() == []
    plan = modules.succeed(ROSTER, check_mode=True, **same, max_removals="100%", min_admins=0)
    differing = {row["email"] for row in drift["people"] if row["outcome"] in ("missing", "extra", "different")}
    assert differing == {row["email"] for row in plan["people"] if row["action"] != "unchanged"}
    assert drift["drifted"] is plan["changed"] is True

    modules.succeed(ROSTER, **same, max_removals="100%", min_admins=0)
    after = modules.succeed(DRIFT, **same)
    assert {row["outcome"] for row in after["people"]} <= {"unclear", "kept"}
    assert after["drifted"] is False


#: The same for a comparison and for a run, which may have no fuse to hide what it would do.
SAME: dict[str, dict[str, Any]] = {
    "defaults": {"people": PEOPLE},
    "unlisted": {"people": PEOPLE, "unlisted": "disabled", "protect": ["*@example.net"]},
    "fields for all": {"people": [{"email": BOB}, {"email": DANA}],
                       "defaults": {"team": "Board", "groups": ["People"]}},
    "columns": {"people": [{"mail": BOB, "job": "Lead", "hired": "2026"}],
                "columns": {"mail": "email", "job": "job_title"}, "ignore_columns": ["hired"]},
    "successor": {"people": [{"email": DANA, "state": "disabled"}, {"email": BOB, "state": "deleted"}],
                  "reassign_to": ERIN},
    "nothing": {"people": [{"email": BOB}, {"email": "nobody@example.com", "state": "disabled"}]},
}  # fmt: skip
UNCHANGED = ("unchanged", "not_found")


@pytest.mark.parametrize("name", SAME)
def test_a_dry_run_with_the_same_options_differs_in_nothing(name: str, sandbox: Sandbox, modules: Modules) -> None:
    sandbox.patch_member(DANA, open_tasks=2)
    drift = modules.succeed(DRIFT, **SAME[name])
    plan = modules.succeed(ROSTER, check_mode=True, **SAME[name], max_removals="100%", min_admins=0)
    assert drift["notes"] == plan["notes"]
    assert {
        row["email"]: {
            difference["field"]: (difference["is"], difference["roster"]) for difference in row["differences"]
        }
        for row in drift["people"]
        if row["outcome"] in ("missing", "extra", "different")
    } == {row["email"]: differences_of(row) for row in plan["people"] if row["outcome"] not in UNCHANGED}
    assert sandbox.writes() == []


def differences_of(row: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the values of each field before and after a row of a roster run."""
    before, after = row["before"], row["after"]
    if row.get("unlisted"):
        return {}
    if row["action"] == "deleted":
        return {"status": (before["status"], "deleted")}
    found = {name: (before.get(name), after.get(name)) for name in {*before, *after} - {"email"}}
    if "groups" in found:
        held, desired = before.get("groups") or [], after.get("groups") or []
        found["groups"] = [name for name in held if name not in desired], [name for name in desired if name not in held]
    return found


def test_it_costs_what_is_named(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.reset(members=2500)
    modules.succeed("tallyfy_organization_info")
    sandbox.clear_ledger()
    drift = modules.succeed(DRIFT, people=[{"email": ALICE}], unlisted="disabled")
    assert drift["summary"]["extra"] > 1000
    assert [entry["route"] for entry in sandbox.ledger()] == ["members.list"] * 3
