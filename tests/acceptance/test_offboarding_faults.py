# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An offboarding in bad weather: one fault at each of its requests, or its end, and then a run that nothing disturbs.

Nobody loses access before their hand-over is done, and nothing stays behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding import (
    OFFBOARDING_OPTIONS,
    ensure_offboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_results import OFFBOARDING_KEYS
from ansible_collections.tallyfy.platform.plugins.module_utils._options import Task
from sandbox.testing import Sandbox

pytestmark = pytest.mark.any_core

ALICE, JOHN = "alice.smith@example.com", "john.smith@example.com"
BOB, CHARLIE, DANA = "bob@example.com", "charlie.brown@example.com", "dana.lee@example.com"
PARTNER, NORA = "partner@example.org", "nora@example.net"
PEOPLE = "5d2f8a7c3b1e49609f8e7d6c5b4a3921"
TOUR = "3c1d5e7f9a0b2c4d6e8f0a1b2c3d4e5f"
#: An active member with a successor, an invited one without, and one who has left without a hand-over; and a guest.
WISH: dict[str, Any] = {
    **{name: option.get("default") for name, option in OFFBOARDING_OPTIONS.items()},
    "people": [{"email": BOB, "reassign_to": JOHN}, {"email": CHARLIE}, {"email": DANA, "reassign_to": ALICE}],
    "guests": [NORA],
    "max_removals": "5",
    "concurrency": 1,
}
ROUTES = (
    "members.list", "groups.list", "guests.list", "processes.list", "tasks.list", "guests.get", "guests.update",
    "processes.get", "processes.update", "groups.get", "groups.update", "members.remove", "members.disable",
    "guests.delete",
)  # fmt: skip
WAIT = {"Retry-After": "900"}
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "422": {"status": 422},
    "429": {"status": 429, "headers": WAIT},
    "500": {"status": 500},
    "500 that lasts": {"status": 500, "times": 7},
    "500 after the change": {"status": 500, "apply": True},
    "cut before": {"cut": "before"},
    "cut before, for a while": {"cut": "before", "times": 7},
    "cut after": {"cut": "after"},
    "cut after, for a while": {"cut": "after", "times": 7},
    "half of the body": {"half_body": True},
    "empty": {"empty": True},
    "empty after the change": {"empty": True, "apply": True},
    "a short page": {"shrink": True},
    "a short page each time": {"shrink": True, "times": 7},
    "a total that is off": {"total_off": True},
}


def connection(sandbox: Sandbox) -> Connection:
    return Connection(
        sandbox.api_url,
        sandbox.token_url,
        sandbox.org_id,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        rate_limit=0,
    )


def offboard(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    """Run it in this process, with waits that take no time; return the result, or the facts of the failure."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += max(0.0, seconds)

    client = Client(
        connection(sandbox),
        sleep=sleep,
        now=lambda: time.time() + passed[0],
        clock=lambda: time.monotonic() + passed[0],
    )

    def unheard(_text: str) -> None:
        """Warnings are in the notes, too."""

    try:
        return ensure_offboarding(Task(client, {**WISH, **options}, False, unheard, unheard))
    except TallyfyError as error:
        return {**OFFBOARDING_KEYS, **error.facts, "failed": True, "msg": str(error)}


def set_the_scene(sandbox: Sandbox) -> None:
    """Plant the same people as ever, and what they leave behind."""
    sandbox.reset(switches={"disable_keeps_groups": True})
    state = sandbox.state(sandbox.org_id)
    ids = {member["email"]: member["id"] for member in state["members"]}
    for email, associated in ((PARTNER, [ALICE, BOB, CHARLIE, DANA]), (NORA, [DANA])):
        sandbox.patch_guest(email, associated_members=[ids[one] for one in associated])
    sandbox.patch_group("People", members=[ids[BOB], ids[JOHN], ids[CHARLIE]])
    sandbox.patch_group("Legacy Team", members=[ids[DANA]])
    sandbox.insert_runs(
        {"checklist_id": TOUR, "name": "Of Bob", "owner_id": ids[BOB]},
        {"checklist_id": TOUR, "name": "Of Dana", "owner_id": ids[DANA]},
    )
    for task, owner in zip(state["tasks"], (BOB, DANA)):
        owners = {"users": [ids[owner]], "guests": [], "groups": []}
        sandbox.patch_task(task["id"], status="in-progress", owners=owners)


@pytest.fixture
def scene(sandbox: Sandbox) -> None:
    """The people and what they leave behind."""
    set_the_scene(sandbox)


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


def outcome(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything that is there in the end, but for times."""
    state = sandbox.state(sandbox.org_id)
    return {
        "members": {member["email"]: member["status"] for member in state["members"]},
        "groups": {group["name"]: (sorted(map(int, group["members"])), group["guests"]) for group in state["groups"]},
        "guests": {
            guest["email"]: sorted(guest["associated_members"] or ())
            for guest in state["guests"]
            if guest["deleted_at"] is None
        },
        "owners": {run["id"]: run["owner_id"] for run in state["runs"]},
        "tasks": {task["id"]: (task["owners"], task["status"]) for task in state["tasks"]},
    }


def assert_handed_over(sandbox: Sandbox) -> None:
    """Fail when somebody who had access has lost it, and something is still theirs. A guest who leaves is no matter."""
    now, behind = statuses(sandbox), left_behind(sandbox)
    for email in (BOB, CHARLIE):
        if now[email] == "disabled":
            assert [one for one in behind[email] if one != NORA] == [], email


@contextlib.contextmanager
def at_request(number: int, act: Callable[[str], None]) -> Iterator[None]:
    """Call ``act`` with ``before`` and ``after`` at the n-th request of this process."""
    send = requests.adapters.HTTPAdapter.send
    sent = [0]

    def watched(*arguments: Any, **options: Any) -> requests.Response:
        sent[0] += 1
        is_it = sent[0] == number
        if is_it:
            act("before")
        response = send(*arguments, **options)
        if is_it:
            act("after")
        return response

    requests.adapters.HTTPAdapter.send = watched  # type: ignore[method-assign] # for the time of one run
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def unbroken(server: Sandbox) -> tuple[int, dict[str, Any]]:
    """How many requests an unbroken run sends, and what it leaves behind."""
    sandbox = server
    set_the_scene(sandbox)
    result = offboard(sandbox)
    assert not result.get("failed"), result["msg"]
    assert result["summary"] == {
        "people": {
            "removed": 2, "changed": 1, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 0, "skipped": 0,
        },
        "guests": {
            "removed": 1, "changed": 1, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 0, "skipped": 0,
        },
        "groups": {"changed": 2, "unchanged": 0, "deferred": 0, "failed": 0, "skipped": 0},
    }  # fmt: skip
    ledger = sandbox.ledger()
    assert {entry["route"] for entry in ledger} == {"oauth.token", *ROUTES}
    assert left_behind(sandbox) == {BOB: [], CHARLIE: [], DANA: []}
    end = outcome(sandbox)
    sandbox.clear_ledger()
    again = offboard(sandbox)
    assert again["changed"] is False
    assert sandbox.writes() == []
    return len(ledger), end


def assert_ends_well(sandbox: Sandbox, end: dict[str, Any]) -> None:
    """Fail unless nobody has lost anything so far, and a run that nothing disturbs ends as an unbroken one."""
    assert_handed_over(sandbox)
    sandbox.clear_faults()
    result = offboard(sandbox)
    assert not result.get("failed"), result["msg"]
    assert outcome(sandbox) == end


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_at_each_request(sandbox: Sandbox, unbroken: tuple[int, dict[str, Any]], name: str) -> None:
    count, end = unbroken
    met = 0
    for number in range(count):
        set_the_scene(sandbox)
        sandbox.fault(skip=number, **FAULTS[name])
        result = offboard(sandbox)
        hits = sum(fault["hits"] for fault in sandbox.faults())
        met += bool(hits)
        if result.get("failed"):
            assert result["problems"] or not result.get("changed"), "it is told what failed"
        assert_ends_well(sandbox, end)
    assert met > 3


def test_a_token_that_is_revoked_before_each_request(sandbox: Sandbox, unbroken: tuple[int, dict[str, Any]]) -> None:
    count, end = unbroken
    for number in range(1, count + 1):
        set_the_scene(sandbox)
        with at_request(number, lambda moment: moment == "before" and sandbox.revoke_tokens()):
            result = offboard(sandbox)
        # One that is refused the first time it is used is no token for this.
        assert number < 3 or not result.get("failed"), result["msg"]
        assert_ends_well(sandbox, end)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_each_request(sandbox: Sandbox, unbroken: tuple[int, dict[str, Any]], moment: str) -> None:
    count, end = unbroken
    for number in range(1, count + 1):
        set_the_scene(sandbox)
        child = os.fork()
        if child == 0:
            with at_request(number, lambda now: now == moment and os.kill(os.getpid(), signal.SIGKILL)):
                offboard(sandbox)
            os._exit(0)
        _child, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"there is a request {number}"
        assert_ends_well(sandbox, end)


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("guests.update", None),
        ("processes.update", None),
        ("groups.update", f"*/{PEOPLE}"),
        ("members.remove", "*/users/1002"),
    ],
)
def test_who_cannot_be_handed_over_keeps_their_access_and_the_others_go(
    sandbox: Sandbox, unbroken: tuple[int, dict[str, Any]], scene: None, route: str, path: str | None
) -> None:
    _count, end = unbroken
    ids = {member["email"]: member["id"] for member in sandbox.state(sandbox.org_id)["members"]}
    # The guest is Bob's alone, so that it concerns nobody else.
    sandbox.patch_guest(PARTNER, associated_members=[ids[ALICE], ids[BOB]])
    sandbox.patch_group("People", members=[ids[BOB], ids[JOHN]])
    sandbox.fault(route=route, path=path, status=403)
    result = offboard(sandbox)
    assert result["failed"]
    now = statuses(sandbox)
    assert (now[BOB], now[CHARLIE]) == ("active", "disabled")
    rows = {row["email"]: row["outcome"] for row in result["people"]}
    assert (rows[BOB], rows[CHARLIE]) == ("failed", "removed")
    assert any("403" in problem for problem in result["problems"])
    sandbox.patch_guest(PARTNER, associated_members=[ids[ALICE], ids[BOB], ids[CHARLIE], ids[DANA]])
    result = offboard(sandbox)
    assert not result.get("failed"), result["msg"]
    assert outcome(sandbox) == end


def test_nothing_else_is_begun_when_it_is_to_stop(sandbox: Sandbox, scene: None) -> None:
    sandbox.fault(route="guests.update", status=403)
    result = offboard(sandbox, on_error="stop")
    assert [entry["route"] for entry in sandbox.writes()] == ["guests.update"]
    assert result["summary"]["people"] == {
        "removed": 0, "changed": 0, "unchanged": 0, "not_found": 0, "deferred": 0, "failed": 3, "skipped": 0,
    }  # fmt: skip
    assert result["summary"]["groups"]["skipped"] == 2


def test_a_pause_defers_the_rest(sandbox: Sandbox, scene: None) -> None:
    sandbox.fault(route="groups.update", status=429, headers={"Retry-After": "9000"}, times=None)
    result = offboard(sandbox)
    assert result["summary"]["people"]["deferred"] == 3
    assert {entry.get("email") for entry in result["deferred"]} >= {BOB, CHARLIE, DANA}
    assert all(entry["not_before"] for entry in result["deferred"])
    assert statuses(sandbox)[BOB] == "active"
