# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the sessions of nox that carry a tag, two at a time, after a look at what they need of this machine.

    python -m tests.gate.run test

What is missing is installed where that needs no question. Sessions that still lack something are left out and named in
the last line, with what to install; with ``CI=true`` that is a failure, and no session is run.

It needs nothing but a Python that has nox and uv. ``make test`` sees to them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.collection_tree import CHECKOUT
from tests.gate.machine import advice, missing_after_installing, say

LOGS = CHECKOUT / ".cache" / "gate"

# Most sessions keep one processor busy, or wait for a process that they have started.
CONCURRENT_SESSIONS = 2


@dataclass(frozen=True)
class Run:
    """How a session ended."""

    name: str
    status: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<20} {'failed' if self.status else 'passed':<10} {self.seconds:5.0f} s"


def selected_sessions(tag: str) -> dict[str, set[str]]:
    """Return the sessions that carry the tag, in the order of noxfile.py, and the needs of each."""
    listing = [sys.executable, "-m", "nox", "--tags", tag, "--list", "--json"]
    output = subprocess.run(listing, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return {listed["session"]: needs_of(listed) for listed in json.loads(output)}


def needs_of(listed: dict[str, Any]) -> set[str]:
    """Return the Pythons and the tags of ``machine.NEEDS`` that a session needs, by what nox lists of it."""
    own = {f"python{listed['python']}"} if listed["python"] else set()
    tags = {tag for tag in listed["tags"] if tag.startswith("needs-")}
    return own | {re.sub(r"^needs-(?=python)", "", tag) for tag in tags}


def run_sessions(names: list[str]) -> list[Run]:
    """Run these sessions two at a time; what each of them says is shown in one piece, when it has ended."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    showing = threading.Lock()

    def run_session(name: str) -> Run:
        log = LOGS / f"{re.sub(r'[^0-9A-Za-z.]+', '-', name).strip('-')}.log"
        say(f"Running {name}; follow it by: tail -f {log.relative_to(CHECKOUT)}")
        started = time.monotonic()
        with log.open("wb") as file:
            nox = [sys.executable, "-m", "nox", "--session", name]
            status = subprocess.call(nox, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        run = Run(name, status, time.monotonic() - started)
        with showing:
            print(log.read_text(encoding="utf-8", errors="replace"), end="", flush=True)
            say(str(run))
        return run

    with ThreadPoolExecutor(CONCURRENT_SESSIONS) as pool:
        runs = [pool.submit(run_session, name) for name in names]
        try:
            return [run.result() for run in runs]
        except KeyboardInterrupt:  # the sessions that run get it too; the others need not begin
            pool.shutdown(cancel_futures=True)
            raise


def say_how_it_went(runs: list[Run], seconds: float) -> None:
    """Show a table of the sessions, and where the words of those that failed are."""
    failed = [run.name for run in runs if run.status]
    for run in runs:
        say(str(run))
    say(f"{len(runs) - len(failed)} sessions passed, {len(failed)} failed, in {seconds / 60:.1f} minutes.")
    if failed:
        say(f"Failed: {', '.join(failed)}. What they said is in {LOGS.relative_to(CHECKOUT)}.")


def main(tag: str) -> int:
    sessions = selected_sessions(tag)
    missing = missing_after_installing(set().union(*sessions.values()))
    left_out = [name for name, needs in sessions.items() if not needs.isdisjoint(missing)]
    reported = f"Left out: {', '.join(left_out)}. To run them: {advice(missing)}."
    if left_out and os.environ.get("CI"):
        say(f"{reported} With CI set, that is a failure, and nothing was run.")
        return 1
    started = time.monotonic()
    try:
        runs = run_sessions([name for name in sessions if name not in left_out])
    except KeyboardInterrupt:
        return 130
    say_how_it_went(runs, time.monotonic() - started)
    if left_out:
        say(reported)
    return 1 if any(run.status for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
