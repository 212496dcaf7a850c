# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what the request budget costs at a low and a high rate, and how many requests a strict service refuses.

    PYTHONPATH=. .venv/bin/python benchmarks/pace.py

The cost is processor time, for requests that share a full budget by way of a file. The service takes 100 requests a
minute, and the client goes by its default of 600; minutes of waiting pass in no time. Run it with the Python of an
ansible-core; ``TALLYFY_SANDBOX_PYTHON`` names one with the sandbox's requirements if that has none. Exits with 1 when
a goal is missed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from ansible_collections.tallyfy.platform.plugins.module_utils._http.allowance import WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.schedule import WINDOW_SECONDS
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.pace import send_many

RATES = (100, 600, 6000)
TAKES, ROUNDS = 2000, 3
GOAL_RATIO = 1.5
TAKEN_PER_MINUTE, REQUESTS, FORKS, THREADS = 100, 450, 4, 8
MOST_REFUSED = FORKS * THREADS


def cost(rate: int) -> float:
    """Return the microseconds of processor time that a request spends in a budget that is full."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with tempfile.TemporaryDirectory() as folder:
        budget = RequestBudget(
            rate, directory=PrivateDirectory(folder), now=lambda: now[0], sleep=lambda _seconds: None
        )
        allowance = WaitAllowance(0)
        for _filling in range(rate):
            now[0] += WINDOW_SECONDS / rate
            budget.take(allowance)
        started = time.process_time()
        for _take in range(TAKES):
            # Just when the oldest booking leaves the window.
            now[0] += WINDOW_SECONDS / rate
            budget.take(allowance)
        return (time.process_time() - started) / TAKES * 1e6


def costs() -> bool:
    """Print the cost at each rate and return whether it is the same at all of them."""
    best = {rate: min(cost(rate) for _round in range(ROUNDS)) for rate in RATES}
    for rate, microseconds in best.items():
        print(f"{rate:>6} requests a minute: {microseconds:.0f} µs of processor time for each")
    ratio = best[RATES[-1]] / best[RATES[0]]
    print(f"{RATES[-1]} a minute against {RATES[0]}: {ratio:.2f}x (goal: {GOAL_RATIO}x at the most)")
    return ratio <= GOAL_RATIO


def refusals(sandbox: Sandbox, headers: str) -> bool:
    """Print how many requests were refused and return whether it was one burst at the most."""
    sandbox.reset(switches={"rate_limit_per_minute": TAKEN_PER_MINUTE, "rate_limit_headers": headers})
    with tempfile.TemporaryDirectory() as folder:
        load = send_many(sandbox, Path(folder) / "cache", REQUESTS, forks=FORKS, threads=THREADS)
    print(
        f"{REQUESTS} requests, headers of limits on {headers:>9}: {load.refused_first:>2} refused in the first minute "
        f"(goal: {MOST_REFUSED} at the most), {load.refused_later} later (goal: 0), {load.minutes:.1f} minutes"
    )
    return load.refused_first <= MOST_REFUSED and load.refused_later == 0


def main() -> int:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    met = [costs()]
    with running_sandbox() as sandbox:
        met += [refusals(sandbox, headers) for headers in ("all", "remaining", "429", "none")]
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
