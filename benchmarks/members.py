# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what brings many members in, and what finds them unchanged: ``make bench`` runs it and says how it is read.

    PYTHONPATH=. python -m benchmarks.members [--sizes 100,1000] [--latencies 0,20]

Needs ``benchmarks/requirements.txt``. Every tool gets the same people and no limit of requests. A tool that is
too slow is run up to the size in ``LARGEST``; nothing is extrapolated. The results go to ``benchmarks/results.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from benchmarks import figures
from benchmarks.measuring import Run, measure
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Playbooks

SIZES = (100, 1_000, 10_000, 50_000)
LATENCIES_MS = (0, 20, 100)
# The most members that a tool is run with. A loop of tasks takes half a second a member, and the SDK sends one
# invitation after the other.
LARGEST = {("new", "uri"): 100, ("unchanged", "uri"): 100, ("new", "sdk"): 1_000}
# The default of tallyfy_roster, so that the playbook is what people write.
CONCURRENCY = 8
# The largest page of members that the API documents.
LARGEST_PAGE = 9_999
ROSTER = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_roster:
        src: people.json
"""
LOOP = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'TALLYFY_API_URL') }}/%s"
        headers:
          Authorization: "Bearer {{ lookup('env', 'TALLYFY_ACCESS_TOKEN') }}"
          Accept: application/json
          X-Tallyfy-Client: APIClient
%s
      loop: "{{ lookup('ansible.builtin.file', 'people.json') | from_json }}"
"""
CREATE = LOOP % (
    "applications/{{ lookup('env', 'TALLYFY_ORG_ID') }}/users",
    """\
        method: POST
        body_format: json
        body: "{{ item }}"
        status_code: [200, 201]""",
)
LOOK_UP = LOOP % (
    "organizations/{{ lookup('env', 'TALLYFY_ORG_ID') }}/users?q={{ item.email | urlencode }}",
    """\
      register: found
      failed_when: item.email not in found.json.data | map(attribute='email')""",
)


class Bench:
    """Runs each tool against one sandbox, in a folder that holds the people."""

    def __init__(self, sandbox: Sandbox, folder: Path, latency_ms: int, members: int) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.latency_ms, self.members = latency_ms, members
        people = [
            {"email": f"n{number}@example.com", "first_name": "Nina", "last_name": "New", "role": "light"}
            for number in range(members)
        ]
        (folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
        self._playbooks = Playbooks(sandbox, folder)

    def runs(self) -> Iterator[tuple[str, str, Run | None]]:
        """Yield the case, the tool and its run, if there was one, of each; whoever fails ends the benchmark."""
        self.reset()
        yield "new", "collection", self.collection("new")
        # Now that everybody is there, all tools look at the same members.
        for tool, run in (("collection", self.collection), ("uri", self.uri), ("sdk", self.sdk)):
            yield "unchanged", tool, self.run("unchanged", tool, run)
        for tool, run in (("uri", self.uri), ("sdk", self.sdk)):
            self.reset()
            yield "new", tool, self.run("new", tool, run)

    def run(self, case: str, tool: str, run: Callable[[str], Run]) -> Run | None:
        return run(case) if self.members <= LARGEST.get((case, tool), self.members) else None

    def reset(self) -> None:
        self.sandbox.reset(latency_ms=self.latency_ms)

    def collection(self, case: str) -> Run:
        """Apply a roster of all the people; it signs in by itself, each time anew."""
        shutil.rmtree(self._playbooks.home / ".cache", ignore_errors=True)
        return self.play(case, ROSTER, TALLYFY_RATE_LIMIT="0")

    def uri(self, case: str) -> Run:
        """Create or look up one person a task; the token is a present, and so is the comparison of values."""
        return self.play(case, CREATE if case == "new" else LOOK_UP, TALLYFY_ACCESS_TOKEN=self.sandbox.issue_token())

    def sdk(self, case: str) -> Run:
        """Invite everybody, or read all members and compare; the token is a present."""
        environment = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TALLYFY_URL": self.sandbox.url,
            "TALLYFY_ORG_ID": self.sandbox.org_id,
            "TALLYFY_ACCESS_TOKEN": self.sandbox.issue_token("alice.smith@example.com"),
        }
        return self.measure(case, ["benchmarks.sdk", case, "people.json"], environment)

    def play(self, case: str, playbook: str, **environment: str) -> Run:
        (self.folder / "playbook.yml").write_text(playbook, encoding="utf-8")
        return self.measure(
            case, ["ansible", "playbook", "playbook.yml"], {**self._playbooks.environment, **environment}
        )

    def measure(self, case: str, command: list[str], environment: dict[str, str]) -> Run:
        run = measure(self.sandbox, command, folder=self.folder, environment=environment)
        desired = self.members if case == "new" else 0
        if run.writes != desired:
            raise RuntimeError(f"{' '.join(command)}: {run.writes} writes instead of {desired}")
        return run


def bound(case: str, members: int, latency_ms: int) -> dict[str, Any]:
    """Return the fewest requests that the API allows, and how long it takes to wait for their answers, 8 at a time."""
    requests = members if case == "new" else math.ceil(members / LARGEST_PAGE)
    return {"requests": requests, "seconds": math.ceil(requests / CONCURRENCY) * latency_ms / 1000}


def machine() -> dict[str, Any]:
    """Return what the figures depend on, in general terms."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "sdk": version("tallyfy"),
    }


def measured(sizes: list[int], latencies_ms: list[int]) -> Iterator[dict[str, Any]]:
    """Yield one row of the results for each case, size, latency and tool."""
    with running_sandbox() as sandbox:
        for members in sizes:
            for latency_ms in latencies_ms:
                # Short, as the sockets of ansible-core 2.20 and later want it.
                with tempfile.TemporaryDirectory(dir="/tmp") as folder:
                    for case, tool, run in Bench(sandbox, Path(folder), latency_ms, members).runs():
                        found = {name: round(value, 3) for name, value in asdict(run).items()} if run else {}
                        yield {"case": case, "members": members, "latency_ms": latency_ms, "tool": tool, **found}
                for case in ("new", "unchanged"):
                    least = bound(case, members, latency_ms)
                    yield {"case": case, "members": members, "latency_ms": latency_ms, "tool": "bound", **least}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--sizes", type=figures.numbers, default=list(SIZES), help="numbers of members, with commas between"
    )
    parser.add_argument(
        "--latencies", type=figures.numbers, default=list(LATENCIES_MS), help="milliseconds of each answer"
    )
    chosen = parser.parse_args()
    started = time.perf_counter()
    rows = []
    for row in measured(chosen.sizes, chosen.latencies):
        rows.append(row)
        print(f"\r{len(rows)} measured, {time.perf_counter() - started:.0f} s", end="", file=sys.stderr, flush=True)
    figures.store(machine=machine(), runs=rows)
    print(f"\r{figures.table(figures.stored_results())}\n{time.perf_counter() - started:.0f} s altogether")
    return 0


if __name__ == "__main__":
    sys.exit(main())
