# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates that name their processes: no name tells whose one is, in each reading of what becomes of a name."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import BOB, TOUR_ID

pytestmark = pytest.mark.any_core

LAUNCH = {"template": TOUR_ID, "reference": "E-1", "reference_field": "Notes"}
READINGS = [("no", "accept"), ("replaces", "accept"), ("replaces", "422"), ("refuses", "accept"), ("refuses", "422")]


@pytest.fixture
def self_naming(sandbox: Sandbox) -> None:
    """A template with automatic naming."""
    sandbox.patch_template(TOUR_ID, auto_naming=True, allow_launcher_change_name=False)


def tours(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return what these tests have launched; those of the seed have no values."""
    return [run for run in sandbox.runs() if run["checklist_id"] == TOUR_ID and run["prerun"]]


@pytest.mark.usefixtures("self_naming")
@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_is_launched_that_could_not_be_found_again(
    sandbox: Sandbox, modules: Modules, check_mode: bool
) -> None:
    failed = modules.fail("tallyfy_process", check_mode=check_mode, template=TOUR_ID, reference="E-1")
    assert "names its processes automatically" in failed["msg"]
    assert "give reference_field" in failed["msg"]
    failed = modules.fail("tallyfy_onboarding", check_mode=check_mode, people=[{"email": BOB}], process=TOUR_ID)
    assert "give reference_field" in failed["msg"]
    assert sandbox.writes() == []


@pytest.mark.usefixtures("self_naming")
@pytest.mark.parametrize(("wins", "put"), READINGS)
@pytest.mark.parametrize("fault", [None, {"cut": "after"}, {"status": 502, "apply": True}], ids=str)
def test_launched_once_in_every_reading(
    sandbox: Sandbox, modules: Modules, wins: str, put: str, fault: dict[str, Any] | None
) -> None:
    sandbox.switch(auto_naming_wins=wins, auto_naming_put=put)
    if fault is not None:
        # A launch with a name may be refused, and is then sent without one.
        sandbox.fault(method="POST", path="*/runs", skip=1 if wins == "refuses" else 0, **fault)
    done = modules.succeed("tallyfy_process", **LAUNCH)
    (there,) = tours(sandbox)
    assert (done["changed"], done["process"]["id"]) == (True, there["id"])
    for more in ({}, {"name": "A name of its own"}):
        again = modules.succeed("tallyfy_process", **LAUNCH, **more)
        assert (again["changed"], again["process"]["id"]) == (False, there["id"])
    assert len(tours(sandbox)) == 1


@pytest.mark.usefixtures("self_naming")
@pytest.mark.parametrize(("wins", "put"), READINGS)
def test_an_onboarding_launches_once_in_every_reading(sandbox: Sandbox, modules: Modules, wins: str, put: str) -> None:
    sandbox.switch(auto_naming_wins=wins, auto_naming_put=put)
    process = {"template": TOUR_ID, "name": "Tour for {email}", "reference_field": "Notes"}
    desired = {"people": [{"email": BOB}, {"email": "mary@example.com", "first_name": "M", "last_name": "Major"}]}
    done = modules.succeed("tallyfy_onboarding", **desired, process=process)
    assert done["summary"]["processes"]["launched"] == 2
    again = modules.succeed("tallyfy_onboarding", **desired, process=process)
    assert again["changed"] is False
    assert len(tours(sandbox)) == 2


@pytest.mark.parametrize("put", ["accept", "422"])
def test_a_service_that_renames_whatever_the_template_says(sandbox: Sandbox, modules: Modules, put: str) -> None:
    sandbox.switch(auto_naming_everywhere=True, auto_naming_wins="replaces", auto_naming_put=put)
    done = modules.succeed("tallyfy_process", **LAUNCH)
    assert bool(done["notes"]) is (put == "422")
    assert modules.succeed("tallyfy_process", **LAUNCH)["changed"] is False
    assert len(tours(sandbox)) == 1
