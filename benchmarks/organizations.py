# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure many organizations, with nothing left to do: what one more costs, and how the time falls with forks.

    PYTHONPATH=. python -m benchmarks.organizations [--organizations 30] [--forks 1,2,5,10,25]

Needs ``benchmarks/requirements.txt``. Runs tallyfy.platform.onboard with a host for each organization. The
results go to ``benchmarks/results.json``, beside those of ``members.py``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from benchmarks import figures
from benchmarks.measuring import Run, measure
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.test_many_organizations import ONBOARD, Hosts, job, organizations, write_inventory, write_people

FORKS = (1, 2, 5, 10, 25)
LATENCIES_MS = (0, 100)


class Bench:
    """Runs a playbook over organizations, the tokens of which are asked for anew each time."""

    def __init__(self, sandbox: Sandbox, folder: Path, hosts: Hosts) -> None:
        self.sandbox = sandbox
        self.hosts = hosts
        self.job = job(sandbox, folder)

    def play(self, number: int, forks: int, report: str = "", *, playbook: str = ONBOARD, **environment: str) -> Run:
        shutil.rmtree(self.job.home / ".cache", ignore_errors=True)
        folder = self.job.folder
        hosts = dict(list(self.hosts.items())[:number])
        options = ("-i", write_inventory(folder, hosts), write_people(folder, onboarding_report=report))
        command = ["ansible", "playbook", playbook, *options, "--forks", str(forks)]
        return measure(self.sandbox, command, folder=folder, environment={**self.job.environment, **environment})


def cost_of_one(bench: Bench, number: int) -> dict[str, float]:
    """Return what one organization more costs, as the difference of two runs."""
    few = max(1, number // 5)
    small, large = bench.play(few, 10), bench.play(number, 10)
    return {
        value: round((getattr(large, value) - getattr(small, value)) / (number - few), 3)
        for value in ("requests", "cpu_seconds", "megabytes")
    }


def measured(number: int, forks: list[int]) -> dict[str, Any]:
    """Return the results of a number of organizations."""
    results: dict[str, Any] = {"number": number, "runs": []}
    for latency_ms in LATENCIES_MS:
        # Short, as the sockets of ansible-core 2.20 and later want it.
        with running_sandbox(latency=latency_ms) as sandbox, tempfile.TemporaryDirectory(dir="/tmp") as folder:
            bench = Bench(sandbox, Path(folder) / "job", organizations(sandbox, number))
            # The first run makes the organizations what the next ones find.
            bench.play(number, 10)
            results.setdefault("one_more", cost_of_one(bench, number))
            for count in forks:
                seconds = round(bench.play(number, count).seconds, 3)
                results["runs"].append({"forks": count, "latency_ms": latency_ms, "seconds": seconds})
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--organizations", type=int, default=30)
    parser.add_argument("--forks", type=figures.numbers, default=list(FORKS), help="numbers with commas between")
    chosen = parser.parse_args()
    figures.store(organizations=measured(chosen.organizations, chosen.forks))
    print(figures.organizations_table(figures.stored_results(), is_rst=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
