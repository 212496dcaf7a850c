# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send many requests as forks and their threads do, at a clock that passes in no time, and count what is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox


class PassingTime:
    """Time that passes, in the sandbox as well, as soon as all workers wait: until the first of them may go on."""

    def __init__(self, sandbox: Sandbox, workers: int) -> None:
        self._sandbox = sandbox
        self._now: float = sandbox.health()["now"]
        self._awake = workers
        self._ends: list[float] = []
        self._changed = threading.Condition()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            end = self._now + seconds
            self._ends.append(end)
            self.leave()
            while self._now < end:
                self._changed.wait()

    def leave(self) -> None:
        """Let the time pass without this worker from now on."""
        with self._changed:
            self._awake -= 1
            if self._awake or not self._ends:
                return
            first = min(self._ends)
            self._sandbox.advance(max(0.0, first - self._now))
            self._now = max(self._now, first)
            self._awake = sum(1 for end in self._ends if end <= self._now)
            self._ends = [end for end in self._ends if end > self._now]
            self._changed.notify_all()


@dataclass(frozen=True)
class Load:
    """How many requests went out, how many were refused in the first minute and after it, and how long all took."""

    sent: int
    refused_first: int
    refused_later: int
    minutes: float


def send_many(sandbox: Sandbox, directory: Path, requests: int, *, forks: int, threads: int) -> Load:
    """Read so many times, at the rate that is the default, with ``forks`` that share a budget."""
    passing = PassingTime(sandbox, forks * threads)
    connection = Connection(
        sandbox.api_url,
        sandbox.token_url,
        sandbox.org_id,
        access_token=sandbox.issue_token("alice.smith@example.com"),
        max_wait=3600,
    )
    clients = [
        Client(
            connection,
            directory=PrivateDirectory(str(directory)),
            sleep=passing.sleep,
            now=passing.now,
            clock=passing.now,
        )
        for _fork in range(forks)
    ]
    start = passing.now()

    def work(worker: int) -> None:
        client = clients[worker % forks]
        for _request in range(worker, requests, forks * threads):
            client.call("GET", client.path("groups"))
        passing.leave()

    with ThreadPoolExecutor(forks * threads) as pool:
        list(pool.map(work, range(forks * threads)))
    entries = sandbox.ledger(route="groups.list")
    refused = [entry["at"] - start for entry in entries if entry["status"] == 429]
    later = sum(1 for at in refused if at >= 60)
    return Load(len(entries), len(refused) - later, later, (entries[-1]["at"] - start) / 60)
