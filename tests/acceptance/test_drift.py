# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles drift and export_roster. Differences and file contents are tested with their modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, JOHN

pytestmark = pytest.mark.any_core


def roster_file(roles: Roles, rows: list[dict[str, Any]]) -> str:
    (roles.folder / "roster.json").write_text(json.dumps(rows), encoding="utf-8")
    return "roster.json"


def test_a_group_that_was_renamed_is_a_row_and_hides_nothing(sandbox: Sandbox, roles: Roles) -> None:
    sandbox.patch_group("People", name="Staff")
    rows = [{"email": BOB, "groups": ["People"]}, {"email": JOHN, "role": "light"}]
    drift = {"drift_people": rows, "drift_report": "report.json"}
    done = roles.succeed("drift", **drift)
    assert (done["drifted"], done["changed"], done["problems"]) == (True, False, [])
    assert [(row["name"], row["outcome"]) for row in done["groups"]] == [("People", "missing")]
    assert [(row["email"], row["outcome"]) for row in done["people"]] == [(BOB, "different"), (JOHN, "different")]
    assert [line for line in done["text"] if line.startswith("group People: ")]
    assert done["artifacts"]["tallyfy_drift_groups"] == 1
    report = json.loads((roles.folder / "report.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in report["groups"]] == ["People"]
    assert sandbox.writes() == []


def test_drift_and_a_failure_to_compare_are_told_apart(sandbox: Sandbox, roles: Roles) -> None:
    drift = {"drift_people": [{"email": BOB, "role": "light"}]}
    differs = roles.run("drift", **drift, drift_fail=True, drift_report="report.md")
    assert differs["failed"]
    assert differs["msg"] == f"Globex Corporation ({sandbox.org_id}) differs from the roster: different 1."
    assert [problem for problem in differs["problems"] if problem.startswith(f"{BOB}: ")]
    assert differs["artifacts"]["tallyfy_drift_different"] == 1
    assert BOB in (roles.folder / "report.md").read_text(encoding="utf-8")
    # Invalid input fails with and without the option.
    for wrong in ({"drift_people": [{"email": BOB, "role": "boss"}]}, {"tallyfy_client_secret": "wrong"}):
        for fail in (True, False):
            cannot = roles.run("drift", **{**drift, **wrong, "drift_fail": fail})
            assert cannot["failed"]
            assert cannot["msg"].startswith("Nothing was compared: 1 problem.")
    calm = roles.succeed("drift", drift_people=[{"email": BOB}], drift_fail=True)
    assert "nothing differs" in calm["text"][1]


def test_the_variables_of_the_roster_serve_drift_too(sandbox: Sandbox, roles: Roles) -> None:
    rows = [{"email": email} for email in (ALICE, BOB, CHARLIE, ERIN, GRACE, JOHN)]
    src = roster_file(roles, rows)
    names = ("src", "people", "defaults", "protect", "unlisted", "report", "fail", "reassign_to")
    blank = {f"drift_{name}": "" for name in names}
    roster = {"roster_src": src, "roster_defaults": {"team": "Board"}, "roster_protect": [FRANK]}
    assert {row["outcome"] for row in roles.succeed("drift", **roster, **blank)["people"]} == {"different", "unclear"}
    roster["roster_unlisted"] = "disabled"
    done = roles.succeed("drift", **roster, **blank)
    outcomes = {row["email"]: row["outcome"] for row in done["people"]}
    assert (outcomes[FRANK], outcomes[BOB]) == ("kept", "different")
    (bob,) = [row for row in done["people"] if row["email"] == BOB]
    assert bob["differences"] == [{"field": "team", "is": "Operations", "roster": "Board"}]

    # A list given to drift replaces the file of the roster.
    own = {"drift_people": [{"email": BOB}], "drift_defaults": {"team": "Own"}, "drift_unlisted": "ignore"}
    done = roles.succeed("drift", **{**roster, **blank, **own})
    assert [(row["email"], row["differences"][0]["roster"]) for row in done["people"]] == [(BOB, "Own")]
    # Variables of the roster that drift does not use are ignored.
    meant_for_the_roster = {"roster_max_removals": 0, "roster_min_admins": 99, "roster_report": "roster.md"}
    roles.succeed("drift", **roster, **meant_for_the_roster)


def test_many_differences_are_cut_short_on_the_screen_only(sandbox: Sandbox, roles: Roles) -> None:
    sandbox.reset(members=30)
    src = roster_file(roles, [{"email": email} for email in (ALICE, BOB, ERIN, JOHN)])
    done = roles.succeed("drift", drift_src=src, drift_unlisted="disabled", drift_report="drift.json")
    extra = done["summary"]["extra"]
    assert extra > 20
    assert len(done["text"]) <= 25
    assert [line for line in done["text"] if line.startswith("and ") and "more: see the report" in line]
    report = json.loads((roles.folder / "drift.json").read_text(encoding="utf-8"))
    assert len([row for row in report["people"] if row["outcome"] == "extra"]) == extra


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "Neither drift_people nor drift_src is given"),
        ({"drift_src": "nowhere.yml"}, "nowhere.yml: No such file or directory"),
        ({"drift_src": "a.yml", "drift_unlisted": "no"}, "value of drift_unlisted must be one of: ignore, disabled"),
        ({"drift_people": {"email": BOB}}, "drift_people is not a list"),
    ],
    ids=str,
)
def test_a_mistake_is_one_clear_message(
    variables: dict[str, Any], problem: str, sandbox: Sandbox, roles: Roles
) -> None:
    (roles.folder / "a.yml").write_text("[]")
    (found,) = roles.fail("drift", **variables)
    assert problem in found
    assert sandbox.ledger() == []


def test_an_exported_roster_is_written_once_and_does_not_differ(sandbox: Sandbox, roles: Roles) -> None:
    export = {"export_roster_dest": "roster.yml"}
    file: Path = roles.folder / "roster.yml"
    announced = roles.succeed("export_roster", check_mode=True, **export)
    assert announced["changed"] is True
    assert not file.exists()
    done = roles.succeed("export_roster", **export)
    assert done["changed"] is True
    assert "roster.yml" in " ".join(done["text"])
    assert f"Globex Corporation ({sandbox.org_id})" in " ".join(done["text"])
    assert {row["email"] for row in yaml.safe_load(file.read_text(encoding="utf-8"))} >= {ALICE, BOB, JOHN}
    assert DANA not in file.read_text(encoding="utf-8")
    assert roles.succeed("export_roster", **export)["changed"] is False
    assert roles.succeed("drift", drift_src="roster.yml", drift_unlisted="disabled")["drifted"] is False
    assert sandbox.writes() == []


@pytest.mark.parametrize(
    ("dest", "problem"),
    [
        ("", "export_roster_dest is not given"),
        ("home.yml", "is a folder"),
    ],
)
def test_a_place_where_no_roster_can_be_is_refused_at_once(
    dest: str, problem: str, sandbox: Sandbox, roles: Roles
) -> None:
    (roles.folder / "home.yml").mkdir()
    (found,) = roles.fail("export_roster", export_roster_dest=dest)
    assert problem in found
    assert "export_roster_dest" in found
    assert sandbox.ledger() == []
