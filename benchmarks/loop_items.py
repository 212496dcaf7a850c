# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what an item of a loop costs: the same playbook inside the controller and with a module for each item.

    PYTHONPATH=. .venv/bin/python benchmarks/loop_items.py

``tallyfy_user`` looks at people who are as they should be, at a sandbox that answers after a while. What an item costs
is how much longer a long loop takes than a short one, without the service's own time. Run it with the Python of an
ansible-core; ``TALLYFY_SANDBOX_PYTHON`` names one with the sandbox's requirements if that has none. Exits with 1 when
a goal is missed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Playbooks

LATENCY_MS = 20
SHORT, LONG = 50, 200
GOAL_MS = 20.0
GOAL_TIMES_FASTER = 15.0
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: "person{{ item }}@example.com"
        first_name: Person
        timezone: Europe/London
      loop: "{{ range(people | int) | list }}"
"""


@dataclass(frozen=True)
class Loop:
    """What a loop took, and what it asked of the service."""

    seconds: float
    requests: int
    connections: int
    sign_ins: int


def measured(sandbox: Sandbox, people: int, *, in_process: bool) -> Loop:
    """Run the loop in a home that holds nothing."""
    sandbox.reset(latency_ms=LATENCY_MS)
    sandbox.insert_members(
        *(
            {"email": f"person{number}@example.com", "first_name": "Person", "timezone": "Europe/London"}
            for number in range(people)
        )
    )
    # Short, as the sockets of ansible-core 2.20 and later want it.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        playbooks = Playbooks(sandbox, Path(folder))
        started = time.perf_counter()
        done = playbooks.run(
            PLAY, "-e", f"people={people}", "-e", f"tallyfy_in_process={in_process}", TALLYFY_RATE_LIMIT="0"
        )
        seconds = time.perf_counter() - started
    if done.returncode or "changed=0 " not in done.stdout:
        raise RuntimeError(done.stdout[-3000:])
    ledger = sandbox.ledger()
    return Loop(seconds, len(ledger), len({one["connection"] for one in ledger}), len(sandbox.sign_ins()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module-long", type=int, default=LONG, help="people in the long loop of modules")
    chosen = parser.parse_args()
    print(f"{'way':<14}{'people':>8}{'seconds':>10}{'requests':>10}{'connections':>13}{'sign-ins':>10}")
    costs = {}
    met = True
    with running_sandbox() as sandbox:
        for way, in_process, long in (("in-process", True, LONG), ("module", False, chosen.module_long)):
            loops = {people: measured(sandbox, people, in_process=in_process) for people in (SHORT, long)}
            for people, loop in loops.items():
                print(
                    f"{way:<14}{people:>8}{loop.seconds:>10.2f}{loop.requests:>10}{loop.connections:>13}"
                    f"{loop.sign_ins:>10}"
                )
                met &= not in_process or (loop.connections, loop.sign_ins) == (1, 1)
            costs[way] = (loops[long].seconds - loops[SHORT].seconds) * 1000 / (long - SHORT) - LATENCY_MS
    for way, cost in costs.items():
        print(f"{way + ', an item above the service':<52}{cost:>10.1f} ms")
    times = costs["module"] / costs["in-process"]
    print(f"{'times faster':<52}{times:>10.1f}")
    return 0 if met and costs["in-process"] <= GOAL_MS and times >= GOAL_TIMES_FASTER else 1


if __name__ == "__main__":
    raise SystemExit(main())
