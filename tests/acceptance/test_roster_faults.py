# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A roster with faults and concurrent requests: whatever is lost, the end state is that of an undisturbed run.

Single faults are tested in test_faults.py.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.testing import Sandbox
from tests.acceptance.faults import IS_WHOLE
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, JOHN

pytestmark = pytest.mark.any_core

RUNS = 3
NAMES = {"first_name": "Mary", "last_name": "Major"}
TASKS_LEFT = {BOB: 3, FRANK: 4, CHARLIE: 5}
#: One of everything that can happen to a member, for some thirty people.
PEOPLE: list[dict[str, Any]] = [
    *({"email": f"direct.{number}@example.com", **NAMES, "role": "standard", "timezone": "UTC"} for number in range(4)),
    *({"email": f"profile.{number}@example.com", **NAMES, "phone": "+1", "groups": ["People"]} for number in range(4)),
    *({"email": f"invited.{number}@example.com", **NAMES, "provision": "invite"} for number in range(4)),
    *(
        {"email": f"guest.{number}@example.com", **NAMES, "provision": "invite", "team": "Sales", "groups": ["People"]}
        for number in range(3)
    ),
    *({"email": f"there.{number}@example.com", "team": "Sales"} for number in range(3)),
    *({"email": f"there.{number}@example.com", "role": "admin", "groups": {"set": ["People"]}} for number in (3, 4)),
    *({"email": f"there.{number}@example.com", "first_name": "Another"} for number in range(5, 8)),
    *({"email": f"away.{number}@example.com", "role": "light", "groups": ["Legacy Team"]} for number in range(2)),
    {"email": DANA, "team": "Back"},
    {"email": JOHN, "groups": {"set": []}},
    {"email": BOB, "state": "disabled", "reassign_to": JOHN},
    {"email": FRANK, "state": "deleted", "reassign_to": ERIN},
    {"email": CHARLIE, "state": "disabled"},
    {"email": "leaver.0@example.com", "state": "disabled"},
    {"email": "leaver.1@example.com", "state": "deleted"},
]  # fmt: skip
OPTIONS: dict[str, Any] = {"people": PEOPLE, "max_removals": 5}
WRITES = (
    "applications.create_user", "members.invite", "members.update", "members.role", "members.enable", "groups.update",
    "members.remove", "members.disable", "members.delete",
)  # fmt: skip
KEPT = (
    "email", "first_name", "last_name", "role", "status", "timezone", "phone", "job_title", "job_description", "team",
    "country_id", "date_format", "open_tasks", "deleted", "is_default_admin",
)  # fmt: skip


class Mortal(Modules):
    """Runs modules, and can kill a run right before one of its requests."""

    def _sleep(self, seconds: float) -> None:
        # The clock of the service is not changed, because the dates in its headers are those of the machine.
        self._passed += max(0.0, seconds)

    @staticmethod
    def _die(number: int) -> None:
        send = requests.adapters.HTTPAdapter.send
        lock = threading.Lock()
        sent = [0]

        def mortal_send(*arguments: Any, **options: Any) -> requests.Response:
            with lock:
                sent[0] += 1
                is_last = sent[0] == number
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)
            return send(*arguments, **options)

        requests.adapters.HTTPAdapter.send = mortal_send  # type: ignore[method-assign] # in this child

    def is_killed(self, number: int, **arguments: Any) -> bool:
        """Start a roster that is killed at its n-th request; return false when it ended before."""
        child = os.fork()
        if child == 0:
            try:
                self._die(number)
                self.run("tallyfy_roster", **arguments)
            finally:
                os._exit(0)
        _child, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture
def modules(sandbox: Sandbox, tmp_path: Path) -> Mortal:
    mortal = Mortal(sandbox, tmp_path / "cache")
    # The service requests a pause only when a test plants one.
    mortal.use(rate_limit=0, max_wait=3000)
    return mortal


def set_the_scene(sandbox: Sandbox) -> None:
    """Plant the usual people, and those that the roster changes."""
    sandbox.reset()
    sandbox.insert_members(
        *({"email": f"there.{number}@example.com"} for number in range(8)),
        *({"email": f"away.{number}@example.com", "status": "disabled"} for number in range(2)),
        *({"email": f"leaver.{number}@example.com"} for number in range(2)),
    )
    for email, tasks in TASKS_LEFT.items():
        sandbox.patch_member(email, open_tasks=tasks)
    members = {member["email"]: member["id"] for member in sandbox.state(sandbox.org_id)["members"]}
    sandbox.patch_group("Legacy Team", members=[members[BOB], members["there.4@example.com"]])


def outcome(sandbox: Sandbox) -> dict[str, Any]:
    """Return the state at the end, without IDs and times."""
    state = sandbox.state(sandbox.org_id)
    emails = {}
    members = []
    for member in state["members"]:
        # The address of a deleted person contains the ID.
        email = member["email"].split(".deleted.")[0]
        emails[member["id"]] = email
        members.append({**{name: member[name] for name in KEPT}, "email": email})
    return {
        "members": sorted(members, key=lambda member: str(member["email"])),
        "groups": {
            group["name"]: (sorted(emails[int(member)] for member in group["members"]), group["guests"])
            for group in state["groups"]
        },
        "guests": state["guests"],
    }


@pytest.fixture(scope="session")
def unbroken(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The state after an undisturbed run."""
    set_the_scene(server)
    modules = Mortal(server, tmp_path_factory.mktemp("unbroken") / "cache")
    modules.use(rate_limit=0)
    result = modules.succeed("tallyfy_roster", **OPTIONS)
    assert result["summary"] == {
        "created": 8, "invited": 7, "enabled": 3, "updated": 9, "unchanged": 0, "disabled": 3, "deleted": 2,
        "not_found": 0, "deferred": 0, "failed": 0, "skipped": 0,
    }  # fmt: skip
    assert {entry["route"] for entry in server.writes()} == set(WRITES)
    end = outcome(server)
    open_tasks = {member["email"]: member["open_tasks"] for member in end["members"]}
    assert (open_tasks[JOHN], open_tasks[ERIN], open_tasks[CHARLIE]) == (3, 4, 5)
    new = [row["email"] for row in PEOPLE if row.get("groups") in (["People"], {"set": ["People"]})]
    assert end["groups"] == {
        "Engineering": ([ALICE], ["partner@example.org"]),
        "People": (sorted([ERIN, *new]), []),
        "Legacy Team": (["away.0@example.com", "away.1@example.com"], []),
    }
    return end


@pytest.fixture
def scene(sandbox: Sandbox, unbroken: dict[str, Any]) -> dict[str, Any]:
    """The people of the roster before the run, and their desired state."""
    set_the_scene(sandbox)
    return unbroken


def assert_well(sandbox: Sandbox, unbroken: dict[str, Any]) -> None:
    """Fail unless the state is that of an undisturbed run, and nobody was added, invited or deleted twice."""
    end = outcome(sandbox)
    addresses = Counter(member["email"] for member in end["members"])
    assert {email: count for email, count in addresses.items() if count > 1} == {}
    assert end["members"] == unbroken["members"]
    assert end == unbroken


def run_until_it_succeeds(sandbox: Sandbox, modules: Modules, concurrency: int) -> list[dict[str, Any]]:
    """Run the roster until it succeeds, at most three times; return all results."""
    results: list[dict[str, Any]] = []
    while len(results) < RUNS:
        results.append(modules.run("tallyfy_roster", concurrency=concurrency, **OPTIONS))
        assert "Traceback" not in json.dumps(results[-1])
        if not results[-1].get("failed"):
            return results
    raise AssertionError([result["msg"] for result in results])


def weather(*faults: dict[str, Any]) -> Any:
    return pytest.param(faults, id=" and ".join(str(fault) for fault in faults))


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    "faults",
    [
        weather({"every": 7, "status": 429, "headers": {"Retry-After": "0"}}),
        weather({"every": 7, "status": 429, "headers": {"Retry-After": "1"}}),
        weather({"every": 7, "status": 429, "headers": {"Retry-After": "http-date:+2"}}),
        weather({"every": 7, "status": 429}),
        weather({"every": 3, "method": "GET", "status": 503}),
        weather({"every": 3, "method": "GET", "half_body": True}),
        weather({"every": 5, "status": 503}),
        weather({"every": 5, "half_body": True}),
        weather({"every": 7, "cut": "before"}),
        weather({"every": 7, "cut": "after"}),
        weather({"every": 9, "status": 500, "apply": True}, {"every": 11, "cut": "before"}),
        # Rare enough for eight concurrent requests: a run gives up a request that is refused twice in a row.
        weather({"every": 40, "status": 401}),
    ],
)
def test_every_so_many_requests(
    sandbox: Sandbox, modules: Mortal, scene: dict[str, Any], faults: Any, concurrency: int
) -> None:
    for fault in faults:
        # Sign-ins are tested in other files.
        sandbox.fault(path="/(organizations|applications)/.*", times=None, **fault)
    results = run_until_it_succeeds(sandbox, modules, concurrency)
    if any(fault.get("status") == 429 for fault in faults):
        assert len(results) == 1
    sandbox.clear_faults()
    assert_well(sandbox, scene)
    assert modules.succeed("tallyfy_roster", **OPTIONS)["changed"] is False


#: The session ``faults`` of nox runs all of them, and everybody else every third.
PAIRS = list(product(WRITES, [
    {"cut": "before"}, {"cut": "after"}, {"status": 500, "apply": True}, {"half_body": True}, {"status": 503},
    {"status": 429, "headers": {"Retry-After": "0"}}, {"empty": True, "apply": True},
]))[:: 1 if IS_WHOLE else 3]  # fmt: skip


@pytest.mark.parametrize(("route", "fault"), PAIRS, ids=str)
def test_after_each_kind_of_write(
    sandbox: Sandbox, modules: Mortal, scene: dict[str, Any], route: str, fault: dict[str, Any]
) -> None:
    """The second write of this kind meets the fault, and the fourth, when there is one."""
    skip = 0 if route in ("members.remove", "members.delete") else 1
    sandbox.fault(route=route, skip=skip, every=2, times=2, **fault)
    results = run_until_it_succeeds(sandbox, modules, 8)
    assert len(results) == 1, [result["msg"] for result in results[:-1]]
    assert any(fault["hits"] for fault in sandbox.faults())
    if fault.get("cut") == "after" or fault.get("apply") or fault.get("half_body"):
        # A request whose answer was lost is looked up and never repeated: an invitation sends an e-mail.
        posts = Counter(entry["body"]["email"] for entry in sandbox.writes() if entry["method"] == "POST")
        assert set(posts.values()) == {1}
    assert_well(sandbox, scene)
    assert modules.succeed("tallyfy_roster", **OPTIONS)["changed"] is False


@pytest.mark.parametrize("seed", range(12 if IS_WHOLE else 4))
def test_everything_at_random(sandbox: Sandbox, modules: Mortal, scene: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)
    kinds: list[dict[str, Any]] = [
        {"status": 429, "headers": {"Retry-After": "1"}}, {"status": 503}, {"status": 500, "apply": True},
        {"cut": "before"}, {"cut": "after"}, {"half_body": True}, {"empty": True, "apply": True}, {"status": 401},
        {"status": 502, "apply": True},
    ]  # fmt: skip
    for _fault in range(25):
        sandbox.fault(skip=chance.randrange(60), method=chance.choice(["GET", "PUT", "POST", "DELETE"]),
                      path=chance.choice(["/organizations/*", "/applications/*"]), **chance.choice(kinds))  # fmt: skip
    run_until_it_succeeds(sandbox, modules, chance.choice([1, 4, 8]))
    sandbox.clear_faults()
    assert_well(sandbox, scene)
    assert modules.succeed("tallyfy_roster", **OPTIONS)["changed"] is False


def test_a_seatless_organization_loses_nobody(sandbox: Sandbox, modules: Mortal, scene: dict[str, Any]) -> None:
    """Seats run out and become available again while other steps run."""
    sandbox.switch(seat_limit_full=14)
    result = modules.fail("tallyfy_roster", **OPTIONS)
    assert result["summary"]["deferred"] > 0
    assert result["summary"]["failed"] == 0
    sandbox.switch(seat_limit_full=None)
    modules.succeed("tallyfy_roster", **OPTIONS)
    assert_well(sandbox, scene)


@pytest.mark.parametrize("number", [3, 8, 14, 20, 26, 33, 39, 45, 50])
def test_killed_with_many_requests_under_way(
    sandbox: Sandbox, modules: Mortal, scene: dict[str, Any], number: int
) -> None:
    assert modules.is_killed(number, concurrency=8, **OPTIONS)
    modules.succeed("tallyfy_roster", concurrency=8, **OPTIONS)
    assert_well(sandbox, scene)
