# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Complete many steps while random requests go wrong, run again what failed, and count who was told how often."""

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
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.single import ensure_task
from sandbox.testing import Sandbox
from tests.acceptance.launches import MOST_ROUNDS, POLL_SECONDS, TIMEOUT_SECONDS, Clock, new_client
from tests.people import HIRE_ID

#: A fault for this part of the runs, and some of the steps wanted by two at the same time.
FAULTY, DESIRED_TWICE = 0.7, 0.2
ROUTE = "tasks.complete"
_COMPLETE, _FILL = {"method": "POST", "path": "*/completed-tasks"}, {"method": "PUT", "path": "*/tasks/*"}
_READ, _COMMENT = {"method": "GET", "path": "*/tasks*"}, {"method": "POST", "path": "*/comment"}
#: What goes wrong, and how often in comparison: the time-outs take real time.
FAULTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (6, {**_COMPLETE, "cut": "before"}),
    (6, {**_COMPLETE, "cut": "after"}),
    (6, {**_COMPLETE, "status": 500, "apply": True}),
    (4, {**_COMPLETE, "status": 500}),
    (4, {**_COMPLETE, "status": 502, "apply": True}),
    (4, {**_COMPLETE, "status": 429, "headers": {"Retry-After": "2"}}),
    (3, {**_COMPLETE, "half_body": True}),
    (3, {**_COMPLETE, "empty": True, "apply": True}),
    (2, {**_COMPLETE, "delay_ms": 1.2e3 * TIMEOUT_SECONDS}),
    (4, {**_FILL, "cut": "after"}),
    (4, {**_FILL, "status": 503}),
    (4, {**_FILL, "body": {}}),
    (2, {**_FILL, "body": {}, "times": 8}),
    (4, {**_COMMENT, "cut": "after"}),
    (4, {**_COMMENT, "status": 500, "apply": True}),
    (4, {**_READ, "status": 503}),
    (2, {**_READ, "status": 500, "times": 8}),
)


@dataclass
class Tally:
    """What came of all steps. ``doubts`` counts the runs that ended without knowing whether they completed it."""

    desired: int
    posts: int = 0
    twice: int = 0
    missing: int = 0
    unstored: int = 0
    comments: Counter[int] = field(default_factory=Counter)
    changed: int = 0
    rounds: int = 0
    doubts: int = 0
    failures: Counter[str] = field(default_factory=Counter)


Job = dict[str, Any]


def jobs_of(sandbox: Sandbox, number: int) -> list[Job]:
    """Return what is wanted of the first step of so many processes, named by its process or by itself."""
    runs = sandbox.insert_runs(
        *({"checklist_id": HIRE_ID, "name": f"Person {one} (E-{one}x)"} for one in range(number))
    )
    tasks = {
        task["run_id"]: task["id"]
        for task in sandbox.state(sandbox.org_id, "tasks")["tasks"]
        if task["title"] == "Create accounts"
    }
    return [
        {
            **({"task_id": tasks[run]} if one % 3 == 0 else {"process_id": run, "step": "Create accounts"}
               if one % 3 == 1 else {"template": HIRE_ID, "reference": f"E-{one}x", "step": "create accounts"}),
            "form": {"Laptop serial": f"SN-{one}", "Software suite": "Office 365"},
            "comment": f"The accounts of {one} are there.",
            "state": "completed",
        }
        for one, run in enumerate(runs)
    ]  # fmt: skip


class Completer:
    """Carries jobs out with several workers, each with a client of its own, as tasks of several forks would."""

    def __init__(self, sandbox: Sandbox, folder: Path, chance: random.Random, workers: int) -> None:
        self.sandbox = sandbox
        self.chance = chance
        self.failures: Counter[str] = Counter()
        self.doubts = self.changed = 0
        self._clock = Clock(sandbox, ROUTE)
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
        client = self._client()
        client.renew_allowance()
        try:
            result = ensure_task(client, job, warn=lambda _text: None)
        except TallyfyError as error:
            self.failures[type(error).__name__] += 1
            self.doubts += isinstance(error, LostAnswerError)
            return False
        self.changed += any(step["action"] == "completed" for step in result["actions"])
        return True

    def _client(self) -> Client:
        if not hasattr(self._own, "client"):
            self._own.client = new_client(self.sandbox, self._directory, self._clock)
        client: Client = self._own.client
        return client


def complete_many(sandbox: Sandbox, folder: Path, number: int, *, seed: int, workers: int = 4) -> Tally:
    """Complete so many steps with random faults, running again whatever failed, and return what came of it."""
    chance = random.Random(seed)
    jobs = jobs_of(sandbox, number)
    completer = Completer(sandbox, folder, chance, workers)
    tally = Tally(number)
    left = jobs + chance.sample(jobs, int(number * DESIRED_TWICE))
    chance.shuffle(left)
    while left and tally.rounds < MOST_ROUNDS:
        left = completer.round(left)
        tally.rounds += 1
    tally.posts = sum(entry["status"] != 429 for entry in sandbox.ledger(route=ROUTE))
    tally.doubts, tally.failures, tally.changed = completer.doubts, completer.failures, completer.changed
    state = sandbox.state(sandbox.org_id)
    desired = {run["id"] for run in state["runs"] if run["name"].startswith("Person ")}
    tasks = [one for one in state["tasks"] if one["run_id"] in desired and one["title"] == "Create accounts"]
    tally.missing = number - sum(one["status"] == "completed" for one in tasks)
    reported = Counter(one["task_id"] for one in sandbox.events(event="task.completed"))
    tally.twice = sum(reported[one["id"]] > 1 for one in tasks)
    tally.unstored = sum(len(one["taskdata"]) < 2 for one in tasks)
    tally.comments = Counter(len(one["threads"]) for one in tasks)
    return tally
