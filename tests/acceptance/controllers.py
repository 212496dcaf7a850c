# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers that share nothing but the service: each has a directory of its own for tokens, locks and marks."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.operation import (
    ONBOARDING_OPTIONS,
    ensure_onboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.result import ONBOARDING_KEYS
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox

TIMEOUT_SECONDS = 10.0
#: How long somebody who launches waits for the others to do so, too.
TOGETHER_SECONDS = 2.0
#: What a request tells whoever watches it: when it is sent, and when its answer is there or got lost.
Watcher = Callable[[str, requests.PreparedRequest], None]


class ServerTime:
    """The time of all controllers and of the service: it stands still unless somebody waits, which takes no time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._now = sandbox.stop_clock(float(int(time.time())))

    def __call__(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += max(0.0, seconds)
            self._sandbox.advance(max(0.0, seconds))


class RealTime:
    """The real time, to which waits are added that take none."""

    def __init__(self) -> None:
        self._waited = 0.0

    def __call__(self) -> float:
        return time.time() + self._waited

    def sleep(self, seconds: float) -> None:
        self._waited += max(0.0, seconds)


class Controller:
    """Runs modules in this process as a controller would that has ``home`` for its state."""

    def __init__(self, sandbox: Sandbox, home: Path, clock: ServerTime | RealTime) -> None:
        connection = Connection(
            api_url=sandbox.api_url,
            token_url=sandbox.token_url,
            org_id=sandbox.org_id,
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            timeout=TIMEOUT_SECONDS,
            rate_limit=0,
        )
        directory = PrivateDirectory(str(home))
        self.client = Client(connection, directory=directory, sleep=clock.sleep, now=clock, clock=clock)

    def process(self, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        """Run ``tallyfy_process``; return its result, or the facts of its failure with ``failed`` and ``msg``."""
        self.client.renew_allowance()
        try:
            return ensure_process(self._client(check_mode), params, warn=_unheard)
        except TallyfyError as error:
            return {"process": None, "notes": [], **error.facts, "failed": True, "msg": str(error)}

    def _client(self, check_mode: bool) -> Client:
        return self.client.for_check_mode() if check_mode else self.client

    def onboarding(self, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        """Run ``tallyfy_onboarding``; return its result, or the facts of its failure with ``failed`` and ``msg``."""
        self.client.renew_allowance()
        defaults = {name: option.get("default") for name, option in ONBOARDING_OPTIONS.items()}
        task = Task(self._client(check_mode), {**defaults, "concurrency": 1, **params}, _unheard, _unheard)
        try:
            return ensure_onboarding(task)
        except TallyfyError as error:
            return {**ONBOARDING_KEYS, **error.facts, "failed": True, "msg": str(error)}


def _unheard(_text: str) -> None:
    """Warnings are in the notes, too."""


def is_launch(request: requests.PreparedRequest) -> bool:
    return request.method == "POST" and str(request.url).partition("?")[0].endswith("/runs")


@contextlib.contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher`` with ``before`` and ``after`` around each request of this process."""
    send = requests.adapters.HTTPAdapter.send

    def watched_send(
        adapter: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, *arguments: Any, **options: Any
    ) -> requests.Response:
        watcher("before", request)
        try:
            return send(adapter, request, *arguments, **options)
        finally:
            watcher("after", request)

    requests.adapters.HTTPAdapter.send = watched_send  # type: ignore[method-assign] # for the time of one run
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]


@contextlib.contextmanager
def at_launch(moment: str, act: Callable[[], Any]) -> Iterator[None]:
    """Call ``act`` once, ``before`` or ``after`` the first launch of this process."""
    waiting = [act]

    def watcher(now: str, request: requests.PreparedRequest) -> None:
        if now == moment and is_launch(request) and waiting:
            waiting.pop()()

    with watched(watcher):
        yield


def together(*runs: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """Carry out runs that all launch at the same moment: none launches before all have looked, and none goes on before
    all have launched."""
    barrier = threading.Barrier(len(runs))
    own = threading.local()

    def watcher(now: str, request: requests.PreparedRequest) -> None:
        if is_launch(request) and not getattr(own, "has_launched", False):
            own.has_launched = now == "after"
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(TOGETHER_SECONDS)

    with watched(watcher), ThreadPoolExecutor(len(runs)) as pool:
        return [future.result() for future in [pool.submit(run) for run in runs]]


def killed(run: Callable[[], Any], moment: str) -> bool:
    """Carry out a run in a process that is killed before or after its first launch; return whether it came to that."""
    child = os.fork()
    if child == 0:
        with at_launch(moment, lambda: os.kill(os.getpid(), signal.SIGKILL)):
            run()
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def by_age(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return processes, the one that counts as the first of them first."""
    return sorted(runs, key=lambda run: (run["created_at"], run["id"]))


def active(runs: Sequence[dict[str, Any]]) -> list[str]:
    return [run["id"] for run in by_age(runs) if run["archived_at"] is None]
