# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one command against a sandbox and measure it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.testing import Sandbox

# A small process of its own: the largest memory of a child counts from that of its parent.
MEASURE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
status = subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=False).returncode
seconds, usage = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
bytes_of_unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * bytes_of_unit / 2**20]), file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True)
class Run:
    """What one command took, all of its processes together; ``megabytes`` is the peak of the largest of them."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    requests: int
    writes: int
    #: Processor time of the sandbox meanwhile.
    sandbox_cpu_seconds: float


def measure(sandbox: Sandbox, command: list[str], *, folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a module of this Python, given as after ``python -m``; raises ``RuntimeError`` with its output if it fails.

    Requests are those of the sandbox's ledger, which is emptied before.
    """
    sandbox.clear_ledger()
    before = sandbox.health()["cpu_seconds"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    sandbox_cpu_seconds = sandbox.health()["cpu_seconds"] - before
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    ledger = sandbox.ledger()
    writes = sum(entry["write"] for entry in ledger)
    return Run(*json.loads(done.stderr.splitlines()[-1]), len(ledger), writes, sandbox_cpu_seconds)
