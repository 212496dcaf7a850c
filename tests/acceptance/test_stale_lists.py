# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An onboarding whose lists lie once, or are overtaken: whatever was read, nobody's process is launched twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.testing import Sandbox
from tests.acceptance.controllers import Controller, ServerTime, active, is_launch, watched
from tests.people import MARY, TOUR_ID

pytestmark = pytest.mark.any_core

ONBOARDING: dict[str, Any] = {
    "people": [{**MARY, "groups": ["Engineering"]}],
    "process": {"template": TOUR_ID, "name": "Tour for {first_name}"},
    "ensure_guests": [{"email": "partner@example.org", "associated_members": [MARY["email"]]}],
}
NAME = "Tour for Mary (mary.major@example.com)"
LOW = "0" * 31 + "1"
#: Lists that are not what they should be. What is ``old`` was so before the scene was set.
LIES: dict[str, dict[str, Any]] = {
    "empty": {"empty_list": True},
    "old": {"old": True},
    "without paging": {"unpaged": True},
    "empty and without paging": {"body": {"data": []}},
}
#: More requests than an onboarding of one person sends.
MOST_REQUESTS = 60

Onboard = Callable[..., dict[str, Any]]


@pytest.fixture
def onboard(sandbox: Sandbox, tmp_path: Path) -> Onboard:
    """Returns a run by a controller that nobody has worked with before."""
    numbers = itertools.count()

    def run(**options: Any) -> dict[str, Any]:
        clock = ServerTime(sandbox)
        return Controller(sandbox, tmp_path / f"home{next(numbers)}", clock).onboarding(**{**ONBOARDING, **options})

    return run


def launch_before(sandbox: Sandbox) -> str:
    """Have Mary and her process there, as if somebody else had seen to it."""
    sandbox.insert_members(MARY)
    return sandbox.insert_runs({"checklist_id": TOUR_ID, "name": NAME, "created_at": "2026-01-01T10:00:00.000Z"})[0]


def assert_converges(sandbox: Sandbox, onboard: Onboard, *, process: str | None) -> None:
    """Fail unless there is at most one process and one Mary, and a run that nothing disturbs ends with one of each."""
    runs = active(sandbox.runs(NAME))
    assert len(runs) <= 1
    assert process is None or runs == [process]
    sandbox.clear_faults()
    result = onboard()
    assert not result.get("failed"), result["msg"]
    (run,) = active(sandbox.runs(NAME))
    assert [row["process"]["id"] for row in result["people"]] == [run]
    state = sandbox.state(sandbox.org_id, "members,groups,guests")
    (mary,) = [member for member in state["members"] if member["email"] == MARY["email"]]
    (group,) = [group for group in state["groups"] if group["name"] == "Engineering"]
    (guest,) = [guest for guest in state["guests"] if guest["email"] == "partner@example.org"]
    assert group["members"].count(mary["id"]) == guest["associated_members"].count(mary["id"]) == 1
    assert {1001, 12345} <= set(group["members"]), "nobody is taken out of a group unasked"


def hits(sandbox: Sandbox) -> int:
    return sum(fault["hits"] for fault in sandbox.faults())


@pytest.mark.parametrize("is_there", [True, False], ids=["there", "new"])
@pytest.mark.parametrize("lie", LIES)
def test_one_list_that_lies(sandbox: Sandbox, onboard: Onboard, lie: str, is_there: bool) -> None:
    met = 0
    for number in range(MOST_REQUESTS):
        sandbox.reset()
        sandbox.fault(route="*.list", skip=number, **LIES[lie])
        process = launch_before(sandbox) if is_there else None
        result = onboard()
        if not hits(sandbox):
            break
        met += 1
        if result.get("failed"):
            assert result["msg"]
        assert_converges(sandbox, onboard, process=process)
    assert met >= 4, "members, groups, guests and processes"
    assert met < MOST_REQUESTS


@pytest.mark.parametrize("route", ["processes.list", "*.list"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_copy_that_lags_for_a_while(sandbox: Sandbox, onboard: Onboard, route: str, times: int) -> None:
    sandbox.fault(route=route, old=True, times=times)
    process = launch_before(sandbox)
    onboard()
    assert hits(sandbox)
    if route == "processes.list" and times == 1:
        assert active(sandbox.runs(NAME)) == [process], "it looks again before it launches"
    sandbox.clear_faults()
    onboard()
    assert active(sandbox.runs(NAME)) == [process], "what was launched in vain gives way"


@pytest.mark.parametrize("lie", ["without paging", "empty and without paging"])
def test_a_list_of_processes_that_never_has_paging_is_no_list(sandbox: Sandbox, onboard: Onboard, lie: str) -> None:
    process = launch_before(sandbox)
    sandbox.fault(route="processes.list", times=None, **LIES[lie])
    assert onboard().get("failed")
    assert sandbox.launches() == []
    assert_converges(sandbox, onboard, process=process)


class TestSomebodyElseLaunches:
    """While an onboarding is under way, somebody launches the same by hand or from elsewhere."""

    @staticmethod
    def run(sandbox: Sandbox, onboard: Onboard, number: int) -> tuple[dict[str, Any], bool, bool]:
        """Onboard Mary while somebody else launches right before the n-th request.

        Return the result, whether there was such a request, and whether it came no later than the launch.
        """
        sandbox.reset()
        sandbox.insert_members(MARY)
        sent, launches = itertools.count(1), []

        def watcher(moment: str, request: requests.PreparedRequest) -> None:
            if moment != "before":
                return
            if next(sent) == number:
                # Earlier than ours, and so before it when both are of the same second.
                sandbox.insert_runs({"checklist_id": TOUR_ID, "name": NAME, "id": LOW})
                launches.append("theirs")
            if is_launch(request):
                launches.append("ours")

        with watched(watcher):
            result = onboard()
        return result, "theirs" in launches, launches[:1] == ["theirs"]

    def test_between_any_two_requests(self, sandbox: Sandbox, onboard: Onboard) -> None:
        for number in range(1, MOST_REQUESTS):
            result, is_sent, is_earlier = self.run(sandbox, onboard, number)
            if not is_sent:
                break
            assert not result.get("failed"), result["msg"]
            (row,) = result["people"]
            if is_earlier:
                assert active(sandbox.runs(NAME)) == [LOW], number
                assert row["process"]["id"] == LOW
                sandbox.clear_ledger()
                assert onboard()["changed"] is False
                assert sandbox.writes() == []
        assert 8 < number < MOST_REQUESTS

    def test_what_somebody_launches_later_is_reported(self, sandbox: Sandbox, onboard: Onboard) -> None:
        first = launch_before(sandbox)
        (later,) = sandbox.insert_runs({"checklist_id": TOUR_ID, "name": NAME})
        result = onboard()
        assert [row["process"]["id"] for row in result["people"]] == [first]
        assert any(later in note for note in result["notes"])
        assert active(sandbox.runs(NAME)) == [first, later]
