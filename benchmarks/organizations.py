# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure many organizations: what one costs, and how the time falls with forks.

    PYTHONPATH=. .venv/bin/python benchmarks/organizations.py [--organizations 50] [--latency 100] [--forks 1 2 5 ...]

Needs what the tests need. Runs tallyfy.platform.onboard where nothing is left to do, with as many hosts as there are
organizations, and prints seconds, processor time of the controller and memory. Figures of one run can be compared with
each other; those of another machine, or of a busy one, cannot.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from benchmarks.measuring import Run, measure
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.test_many_organizations import ONBOARD, Hosts, job, organizations, write_inventory, write_people

FORKS = (1, 2, 5, 10, 25, 50)


class Bench:
    """Runs a playbook over organizations, the tokens of which are asked for anew each time."""

    def __init__(self, sandbox: Sandbox, folder: Path, hosts: Hosts, latency_ms: float) -> None:
        self.sandbox = sandbox
        self.latency_ms = latency_ms
        self.hosts = hosts
        self.job = job(sandbox, folder)

    def play(self, number: int, forks: int, report: str = "", *, playbook: str = ONBOARD, **environment: str) -> Run:
        shutil.rmtree(self.job.home / ".cache", ignore_errors=True)
        folder = self.job.folder
        hosts = dict(list(self.hosts.items())[:number])
        options = ("-i", write_inventory(folder, hosts), write_people(folder, onboarding_report=report))
        command = ["ansible", "playbook", playbook, *options, "--forks", str(forks)]
        return measure(self.sandbox, command, folder=folder, environment={**self.job.environment, **environment})


def cost_of_one(bench: Bench, number: int) -> None:
    """Print what one organization more costs, as the difference of two runs."""
    few = max(1, number // 5)
    print(f"One organization more, from {few} and {number}, 10 forks, nothing left to do")
    print(f"  {'':<34}{'requests':>9}{'CPU s':>8}{'MB':>8}")
    for name, report, strategy in (
        ("without a report", "", "linear"),
        ("without a report, strategy free", "", "free"),
        ("with a report", "{{ inventory_hostname }}.md", "linear"),
    ):
        small = bench.play(few, 10, report, ANSIBLE_STRATEGY=strategy)
        large = bench.play(number, 10, report, ANSIBLE_STRATEGY=strategy)
        requests, cpu_seconds, megabytes = (
            (getattr(large, value) - getattr(small, value)) / (number - few)
            for value in ("requests", "cpu_seconds", "megabytes")
        )
        print(f"  {name:<34}{requests:>9.3g}{cpu_seconds:>8.2f}{megabytes:>8.2f}")
    print(f"  the largest process with {number}: {large.megabytes:.0f} MB")


def forks(bench: Bench, number: int, chosen: list[int]) -> None:
    """Print how the time falls with forks."""
    first = 0.0
    print(f"{number} organizations, answers after {bench.latency_ms:g} ms, {os.cpu_count()} processors")
    print(f"  {'forks':>5}{'seconds':>9}{'faster':>8}{'CPU s':>8}{'busy':>7}{'requests':>10}")
    for count in chosen:
        run = bench.play(number, count)
        first = first or run.seconds
        faster, busy = first / run.seconds, run.cpu_seconds / run.seconds
        print(f"  {count:>5}{run.seconds:>9.1f}{faster:>7.1f}x{run.cpu_seconds:>8.1f}{busy:>7.1f}{run.requests:>10}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--organizations", type=int, default=50)
    parser.add_argument("--latency", type=float, default=100, help="milliseconds for each answer, besides none at all")
    parser.add_argument("--forks", type=int, nargs="*", default=FORKS)
    wanted = parser.parse_args()
    started = time.perf_counter()
    # Short, as the sockets of ansible-core 2.20 and later want it.
    for latency_ms in (0.0, wanted.latency):
        with running_sandbox(latency=latency_ms) as sandbox, tempfile.TemporaryDirectory(dir="/tmp") as folder:
            hosts = organizations(sandbox, wanted.organizations)
            bench = Bench(sandbox, Path(folder) / "job", hosts, latency_ms)
            bench.play(wanted.organizations, 10)
            if not latency_ms:
                cost_of_one(bench, wanted.organizations)
            forks(bench, wanted.organizations, list(wanted.forks))
    print(f"{time.perf_counter() - started:.0f} s altogether")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
