# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launch many processes while random requests go wrong, run again what failed, and count what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import LostAnswerError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox
from tests.people import HIRE_ID, TOUR_ID

TIMEOUT_SECONDS = 0.3
#: A fault for this part of the launches, and some of them wanted by two at the same time.
FAULTY, DESIRED_TWICE = 0.6, 0.2
MOST_ROUNDS = 20
#: How often a worker looks whether the lock is free.
POLL_SECONDS = 0.002
_LAUNCH, _LIST = {"method": "POST", "path": "*/runs"}, {"method": "GET", "path": "*/runs"}
#: What goes wrong, and how often in comparison: the time-outs take real time.
FAULTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (6, {**_LAUNCH, "cut": "before"}),
    (6, {**_LAUNCH, "cut": "after"}),
    (6, {**_LAUNCH, "status": 500, "apply": True}),
    (4, {**_LAUNCH, "status": 500}),
    (4, {**_LAUNCH, "status": 503}),
    (4, {**_LAUNCH, "status": 502, "apply": True}),
    (4, {**_LAUNCH, "status": 429, "headers": {"Retry-After": "2"}}),
    (3, {**_LAUNCH, "half_body": True}),
    (3, {**_LAUNCH, "empty": True, "apply": True}),
    (2, {**_LAUNCH, "delay_ms": 1.2e3 * TIMEOUT_SECONDS}),
    (4, {**_LIST, "status": 503}),
    (3, {**_LIST, "cut": "after"}),
    (2, {**_LIST, "status": 500, "times": 8}),
)
#: Labels whose values the service drops now and then.
DROPPED = ("Department", "Software", "Hardware", "Notes")


class Clock:
    """Time that also passes when somebody waits, so that nobody has to."""

    def __init__(self, sandbox: Sandbox, route: str = "processes.launch") -> None:
        self._sandbox = sandbox
        self._route = route
        self._waited = 0.0
        self._finished = 0

    def __call__(self) -> float:
        return time.time() + self._waited

    def sleep(self, seconds: float) -> None:
        """Let the time pass, and with it what is still under way in the service, as a real wait would."""
        self._waited += seconds
        while True:
            sent = self._sandbox.ledger(route=self._route, since=self._finished)
            # What was cut off never has a status, but then its fault is known.
            if all(entry["status"] is not None or entry["fault"] is not None for entry in sent):
                break
        self._finished = max([self._finished, *(entry["n"] for entry in sent)])


@dataclass
class Tally:
    """What came of all launches. ``doubts`` counts the runs that ended without knowing whether they launched."""

    desired: int
    posts: int = 0
    duplicates: int = 0
    missing: int = 0
    unreported: int = 0
    reported: int = 0
    rounds: int = 0
    doubts: int = 0
    failures: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Job:
    """One process to be there, and what it is to hold."""

    params: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.params["reference"])


def jobs_of(number: int, chance: random.Random) -> list[Job]:
    """Return jobs for so many processes, from two templates by turns."""
    return [
        Job({"template": HIRE_ID, "reference": f"E-{one}", "name": f"Person {one}", "kickoff": values(one, chance)})
        if one % 2
        else Job({"template": TOUR_ID, "reference": f"E-{one}", "kickoff": {"Notes": f"Tour {one}"}})
        for one in range(number)
    ]


def values(one: int, chance: random.Random) -> dict[str, Any]:
    return {
        "New hire name": f"Person {one}",
        "Personal email": f"person{one}@example.net",
        "Start date": f"2026-12-{1 + one % 28:02}",
        "Contract type": chance.choice(["Full-time", "Part-time"]),
        "Department": chance.choice(["Engineering", "Sales"]),
        "Software": chance.sample(["Slack", "Office 365", "GitHub"], 2),
        "Hardware": ["Laptop", str(one)],
        "Notes": f"Note {one}",
    }


class Launcher:
    """Carries jobs out with several workers, each with a client of its own, as tasks of several forks would."""

    def __init__(self, sandbox: Sandbox, folder: Path, chance: random.Random, workers: int) -> None:
        self.sandbox = sandbox
        self.chance = chance
        self.reported: dict[str, set[str]] = {}
        self.failures: Counter[str] = Counter()
        self.doubts = 0
        self._clock = Clock(sandbox)
        self._directory = PrivateDirectory(str(folder), sleep=lambda _seconds: time.sleep(POLL_SECONDS))
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(workers)

    def round(self, jobs: Sequence[Job]) -> list[Job]:
        """Run the jobs while things go wrong; return those that failed."""
        done = list(self._pool.map(self._run, jobs))
        self._clock.sleep(1.0)
        return [job for job, is_done in zip(jobs, done) if not is_done]

    def _run(self, job: Job) -> bool:
        if self.chance.random() < FAULTY:
            (fault,) = self.chance.choices([fault for _often, fault in FAULTS], [often for often, _fault in FAULTS])
            self.sandbox.fault(**fault)
        if self.chance.random() < 0.1:
            self.sandbox.switch(drop_prerun_labels=self.chance.choice([[], [self.chance.choice(DROPPED)]]))
        client = self._client()
        client.renew_allowance()
        reported = self.reported.setdefault(job.key, set())
        try:
            result = ensure_process(client, job.params, warn=lambda _text: None)
        except TallyfyError as error:
            self.failures[type(error).__name__] += 1
            self.doubts += isinstance(error, LostAnswerError)
            reported.update(error.facts.get("not_stored", ()))  # type: ignore[arg-type] # a list of labels
            return False
        reported.update(entry["field"] for entry in result["unchangeable"])
        return True

    def _client(self) -> Client:
        if not hasattr(self._own, "client"):
            self._own.client = new_client(self.sandbox, self._directory, self._clock)
        client: Client = self._own.client
        return client


def new_client(sandbox: Sandbox, directory: PrivateDirectory, clock: Clock, *, max_wait: float = 300) -> Client:
    """Return a client for which waiting takes no time."""
    connection = Connection(
        api_url=sandbox.api_url,
        token_url=sandbox.token_url,
        org_id=sandbox.org_id,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        timeout=TIMEOUT_SECONDS,
        max_wait=max_wait,
        rate_limit=0,
    )
    return Client(connection, directory=directory, sleep=clock.sleep, now=clock, clock=clock)


def launch_many(sandbox: Sandbox, folder: Path, number: int, *, seed: int, workers: int = 4) -> Tally:
    """Launch so many processes with random faults, running again whatever failed, and return what came of it."""
    chance = random.Random(seed)
    jobs = jobs_of(number, chance)
    launcher = Launcher(sandbox, folder, chance, workers)
    tally = Tally(number)
    left = jobs + chance.sample(jobs, int(number * DESIRED_TWICE))
    chance.shuffle(left)
    while left and tally.rounds < MOST_ROUNDS:
        left = launcher.round(left)
        tally.rounds += 1
    tally.posts = sum(entry["status"] != 429 for entry in sandbox.launches())
    tally.doubts, tally.failures = launcher.doubts, launcher.failures
    tally.missing = len({job.key for job in left})
    state = sandbox.state(sandbox.org_id)
    runs: dict[str, list[dict[str, Any]]] = {}
    for run in state["runs"]:
        runs.setdefault(run["name"].rpartition("(")[2].rstrip(")"), []).append(run)
    labels = {one["id"]: one["label"] for template in state["templates"] for one in template["prerun"]}
    for job in jobs:
        found = runs.get(job.key, [])
        tally.missing += not found
        tally.duplicates += max(0, len(found) - 1)
        for run in found[:1]:
            stored = {labels[number] for number, value in run["prerun"].items() if value is not None}
            lost = set(job.params["kickoff"]) - stored
            tally.reported += len(lost & launcher.reported[job.key])
            tally.unreported += len(lost - launcher.reported[job.key])
    return tally
