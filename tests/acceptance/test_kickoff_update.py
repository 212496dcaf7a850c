# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_process corrects the kick-off values of a process that is there, and says when Tallyfy does not take them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import BOB, HIRE_ID

pytestmark = pytest.mark.any_core

LAUNCH = {
    "template": HIRE_ID,
    "reference": "E-1",
    "kickoff": {
        "New hire name": "Robin Hale", "Personal email": "robin@example.net", "Start date": "2026-12-01",
        "Contract type": "Full-time", "Department": "Engineering", "Notes": "Window seat", "Software": ["Slack"],
        "Hardware": ["Laptop", "1"], "Buddy": [BOB],
    },
}  # fmt: skip
CORRECTED = {
    "Notes": "Door seat",
    "Department": "Sales",
    "Software": ["Slack", "GitHub"],
    "Buddy": ["john.smith@example.com"],
}


def values(sandbox: Sandbox, run_id: str) -> dict[str, Any]:
    (run,) = (one for one in sandbox.runs() if one["id"] == run_id)
    (template,) = (one for one in sandbox.state(sandbox.org_id)["templates"] if one["id"] == HIRE_ID)
    return {field["label"]: run["prerun"].get(field["id"]) for field in template["prerun"]}


@pytest.fixture
def launched(sandbox: Sandbox, modules: Modules) -> str:
    """The id of a process that is there, with people and a group."""
    process_id: str = modules.succeed("tallyfy_process", **LAUNCH)["process"]["id"]
    group = sandbox.group("People")
    sandbox.patch_run(process_id, users=[1001], groups=[group["id"]])
    return process_id


@pytest.mark.parametrize("reading", ["merge", "replace"])
def test_what_differs_is_corrected_and_all_else_stays(
    sandbox: Sandbox, modules: Modules, launched: str, reading: str
) -> None:
    sandbox.switch(run_put_prerun=reading)
    before = values(sandbox, launched)
    (there,) = (one for one in sandbox.runs() if one["id"] == launched)
    desired = {**LAUNCH, "kickoff": CORRECTED, "kickoff_update": True}
    planned = modules.succeed("tallyfy_process", check_mode=True, **desired)
    done = modules.succeed("tallyfy_process", **desired)
    assert {name: planned[name] for name in ("changed", "actions", "diff", "notes", "unchangeable")} == {
        name: done[name] for name in ("changed", "actions", "diff", "notes", "unchangeable")
    }
    (action,) = done["actions"]
    assert (action["action"], action["fields"]) == ("kickoff_updated", sorted(CORRECTED))
    assert done["diff"]["before"]["kickoff"]["Department"] == "Engineering"
    assert done["diff"]["after"]["kickoff"]["Department"] == "Sales"
    after = values(sandbox, launched)
    assert {name: after[name] for name in after if name not in CORRECTED} == {
        name: before[name] for name in before if name not in CORRECTED
    }
    assert (after["Notes"], after["Department"]["text"], after["Buddy"]["users"]) == ("Door seat", "Sales", [12345])
    (kept,) = (one for one in sandbox.runs() if one["id"] == launched)
    assert (kept["users"], kept["groups"], kept["name"]) == (there["users"], there["groups"], there["name"])
    sandbox.clear_ledger()
    again = modules.succeed("tallyfy_process", **desired)
    assert (again["changed"], again["unchangeable"], sandbox.writes()) == (False, [], [])


def test_without_it_they_are_only_reported(sandbox: Sandbox, modules: Modules, launched: str) -> None:
    reported = modules.succeed("tallyfy_process", **{**LAUNCH, "kickoff": {"Notes": "Door seat"}})
    assert reported["changed"] is False
    assert [entry["field"] for entry in reported["unchangeable"]] == ["Notes"]
    assert "kickoff_update" in reported["unchangeable"][0]["reason"]


def test_what_tallyfy_does_not_keep_is_a_failure(sandbox: Sandbox, modules: Modules, launched: str) -> None:
    sandbox.switch(run_put_prerun="ignore")
    failed = modules.fail("tallyfy_process", **{**LAUNCH, "kickoff": {"Notes": "Door seat"}, "kickoff_update": True})
    assert failed["not_stored"] == ["Notes"]
    assert "did not store Notes" in failed["msg"]
    assert "reopen it first" in failed["msg"]
    assert failed["changed"] is True


def test_a_form_that_is_locked(sandbox: Sandbox, modules: Modules, launched: str) -> None:
    sandbox.switch(completed_kickoff_locked=True)
    modules.succeed("tallyfy_api", method="POST", path=f"/organizations/{{org_id}}/runs/{launched}/complete-prerun")
    failed = modules.fail("tallyfy_process", **{**LAUNCH, "kickoff": {"Notes": "Door seat"}, "kickoff_update": True})
    assert "reopen it in Tallyfy first" in failed["msg"]
    assert failed["changed"] is False


def test_bad_values_are_refused_before_anything_is_written(sandbox: Sandbox, modules: Modules, launched: str) -> None:
    sandbox.clear_ledger()
    desired = {**LAUNCH, "kickoff": {"Department": "Sails", "Buddy": ["nobody@example.com"]}, "kickoff_update": True}
    failed = modules.fail("tallyfy_process", **desired)
    assert "kickoff: Department" in failed["msg"]
    assert "nobody@example.com" in failed["msg"]
    assert sandbox.writes() == []


def test_it_has_no_meaning_for_one_to_be_archived(modules: Modules) -> None:
    failed = modules.fail("tallyfy_process", template=HIRE_ID, reference="E-1", state="archived", kickoff_update=True)
    assert "kickoff_update cannot be changed with state=archived" in failed["msg"]
