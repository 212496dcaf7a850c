# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure rosters: what nothing to do costs, how that grows, how fast people come in, and how a rate limit is kept.

    PYTHONPATH=. .venv/bin/python benchmarks/roster.py [growth] [creations] [groups] [limit]

Needs ``benchmarks/requirements.txt``. Each part runs real playbooks against a sandbox that answers after 20 ms, prints
counts and ratios within this run, and says whether each goal is met; the exit status is 1 if one is not.
``limit`` takes two minutes and a half, because it waits for a real rate limit.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallyfy import TallyfySDK

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Playbooks

LATENCY_MS = 20
GROWTH = (100, 1_000, 10_000, 50_000)
CREATIONS = 1_000
CONCURRENCY = 16
PER_MINUTE = 600
LIMITED_CREATIONS = 1_250
GROUPS, GROUPED = 20, 500
# The loops that the roster is compared with are long; a part of them is measured, and what they take is linear.
SDK_SAMPLE, URI_SAMPLE = 100, 20
COLUMNS = ("email", "first_name", "last_name", "role", "timezone", "groups")
# A process of its own, and a small one: a child's largest memory counts from that of its parent.
MEASURE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
status = subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=False).returncode
seconds, usage = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]), file=sys.stderr)
sys.exit(status)
"""
NOTHING = "- hosts: localhost\n  gather_facts: false\n  tasks: []\n"
PING = NOTHING.replace("[]", "\n    - ansible.builtin.ping:")
ROSTER = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_roster:
        src: people.csv
        concurrency: %d
"""
URI = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.uri:
        url: "{{ api_url }}/applications/{{ org_id }}/users"
        method: POST
        headers: {Authorization: "Bearer {{ token }}", Accept: application/json, X-Tallyfy-Client: APIClient}
        body_format: json
        body: {email: "u{{ item }}@example.com", first_name: Una, last_name: Person, role: light}
        status_code: [200, 201]
      loop: "{{ range(people | int) | list }}"
"""


@dataclass(frozen=True)
class Run:
    """What one playbook took: time, processor time, the memory of its largest process, and requests."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    requests: int
    writes: int


class Bench:
    """Runs playbooks against one sandbox and remembers whether every goal was met."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.met = True
        self._playbooks = Playbooks(sandbox, folder)
        self._playbooks.environment["TALLYFY_RATE_LIMIT"] = "0"

    def reset(self, **options: Any) -> None:
        """Plant a fresh organization that answers after a while, and forget the tokens of the one before."""
        self.sandbox.reset(latency_ms=LATENCY_MS, **options)
        shutil.rmtree(self.folder / "home" / ".cache", ignore_errors=True)

    def play(self, text: str, *options: str, **environment: str) -> Run:
        """Run a playbook and measure it; whoever fails ends the benchmark."""
        (self.folder / "playbook.yml").write_text(text)
        self.sandbox.clear_ledger()
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, "ansible", "playbook", "playbook.yml", *options],
            cwd=self.folder,
            env={**self._playbooks.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:])
        seconds, cpu_seconds, kilobytes = json.loads(done.stderr.splitlines()[-1])
        ledger = self.sandbox.ledger()
        writes = sum(entry["write"] for entry in ledger)
        return Run(seconds, cpu_seconds, kilobytes / 1024, len(ledger), writes)

    def best(self, text: str, runs: int = 3) -> Run:
        """Return the quickest of some runs."""
        return min((self.play(text) for _run in range(runs)), key=lambda run: run.seconds)

    def processor(self, text: str, runs: int = 3) -> float:
        """Return the least processor time of some runs, in seconds."""
        return min(self.play(text).cpu_seconds for _run in range(runs))

    def people(self, rows: Iterable[dict[str, str]]) -> None:
        """Write the roster file."""
        with (self.folder / "people.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def everybody(self) -> list[dict[str, str]]:
        """Return rows for all members who are there."""
        return [
            {**{name: str(one.get(name) or "") for name in COLUMNS if name != "groups"}, "groups": ""}
            for one in self.sandbox.state(self.sandbox.org_id)["members"]
            if one["status"] != "disabled" and not one["deleted"] and "bot" not in str(one["username"])
        ]

    def goal(self, what: str, found: float, limit: float, unit: str = "", *, at_least: bool = False) -> None:
        """Print one line of a table with a goal."""
        is_met = found >= limit if at_least else found <= limit
        self.met &= is_met
        sign = ">=" if at_least else "<="
        print(f"  {what:<64}{found:>9.5g}{unit:<3} {sign} {limit:<7g} {'met' if is_met else 'MISSED'}")


def growth(bench: Bench) -> None:
    """Nothing to do, for organizations of different sizes."""
    ping = bench.best(PING)
    print(f"Nothing to do (a play with one ping: {ping.seconds:.2f} s, {ping.megabytes:.0f} MB)")
    print(f"  {'members':>8}{'page':>7}{'requests':>10}{'writes':>8}{'seconds':>9}{'x ping':>8}{'CPU s':>8}{'MB':>7}")
    found: dict[tuple[int, int], Run] = {}
    for size, page in [*((size, 1000) for size in GROWTH), (10_000, 100)]:
        bench.reset(members=size, switches={"per_page_cap": page})
        bench.people(bench.everybody())
        run = found[size, page] = bench.best(ROSTER % 8, runs=2)
        print(
            f"  {size:>8}{page:>7}{run.requests:>10}{run.writes:>8}{run.seconds:>9.2f}"
            f"{run.seconds / ping.seconds:>8.2f}{run.cpu_seconds:>8.2f}{run.megabytes:>7.0f}"
        )
    ten = found[10_000, 1000]
    bench.goal("10,000 members, pages of 1,000: requests", ten.requests, 12)
    bench.goal("10,000 members, pages of 100: requests", found[10_000, 100].requests, 105)
    bench.goal("writes", sum(run.writes for run in found.values()), 0)
    bench.goal("10,000 members: memory of the largest process", ten.megabytes, 200, "MB")
    bench.goal("10,000 members: times a play with one ping", ten.seconds / ping.seconds, 3)
    each = (found[50_000, 1000].cpu_seconds - ten.cpu_seconds) / 40_000
    first = (ten.cpu_seconds - found[1_000, 1000].cpu_seconds) / 9_000
    bench.goal("processor time of a member, 10,000 to 50,000 against 1,000 to 10,000", each / first, 1.5, "x")


def creations(bench: Bench) -> None:
    """A thousand new people, against the bound and against what people use today."""
    sandbox = bench.sandbox
    bench.reset()
    empty = bench.best(NOTHING)
    bench.people(
        {
            "email": f"n{number}@example.com",
            "first_name": "Nina",
            "last_name": "New",
            "role": "light",
            "timezone": "UTC",
        }
        for number in range(CREATIONS)
    )
    run = bench.play(ROSTER % CONCURRENCY)
    print(f"{CREATIONS} creations, {CONCURRENCY} at a time: {run.seconds:.2f} s (an empty play: {empty.seconds:.2f} s)")
    bound = math.ceil(CREATIONS / CONCURRENCY) * LATENCY_MS / 1000
    bench.goal("requests", run.requests, CREATIONS + 15)
    bench.goal("writes", run.writes, CREATIONS)
    bench.goal(f"times the bound ({bound:.2f} s) and an empty play", run.seconds / (bound + empty.seconds), 3, "x")
    sdk = _seconds_of_sdk(sandbox) * CREATIONS / SDK_SAMPLE
    bench.goal(f"times faster than invite_multiple_users ({sdk:.1f} s)", sdk / run.seconds, 5, "x", at_least=True)
    token = sandbox.issue_token()
    names = ("-e", f"api_url={sandbox.api_url}", "-e", f"org_id={sandbox.org_id}", "-e", f"token={token}")
    loop = bench.play(URI, *names, "-e", f"people={URI_SAMPLE}").seconds - empty.seconds
    uri = loop * CREATIONS / URI_SAMPLE
    bench.goal(
        f"times faster than a loop of ansible.builtin.uri ({uri:.1f} s)", uri / run.seconds, 100, "x", at_least=True
    )


def _seconds_of_sdk(sandbox: Sandbox) -> float:
    token = sandbox.issue_token("alice.smith@example.com")
    people = [
        {"email": f"s{number}@example.com", "first_name": "Sam", "last_name": "Person"} for number in range(SDK_SAMPLE)
    ]
    with TallyfySDK(api_key=token, base_url=sandbox.url) as client:
        client.session.trust_env = False
        started = time.perf_counter()
        invited = client.users.invite_multiple_users(sandbox.org_id, people)
        elapsed = time.perf_counter() - started
    if None in invited:
        raise RuntimeError("somebody was not invited")
    return elapsed


def groups(bench: Bench) -> None:
    """Many people into some groups."""
    sandbox = bench.sandbox
    bench.reset(members=GROUPED + 20)
    _add_groups(sandbox)
    people = [row for row in bench.everybody() if row["email"] and row["first_name"]][:GROUPED]
    for number, row in enumerate(people):
        row["groups"] = f"Group {number % GROUPS}"
    bench.people(people)
    run = bench.play(ROSTER % 8)
    print(f"{GROUPED} people into {GROUPS} groups: {run.seconds:.2f} s, {run.requests} requests")
    bench.goal("writes", run.writes, GROUPS)


def _add_groups(sandbox: Sandbox) -> None:
    token = sandbox.issue_token("alice.smith@example.com")
    with TallyfySDK(api_key=token, base_url=sandbox.url) as client:
        client.session.trust_env = False
        for number in range(GROUPS):
            client.create_group(sandbox.org_id, f"Group {number}", description="One of many")


def limit(bench: Bench) -> None:
    """As many creations as a service takes that counts them."""
    sandbox = bench.sandbox
    bench.reset(switches={"rate_limit_per_minute": PER_MINUTE})
    bench.people(
        {"email": f"n{number}@example.com", "first_name": "Nina", "last_name": "New", "role": "light"}
        for number in range(LIMITED_CREATIONS)
    )
    started = time.time()
    run = bench.play(ROSTER % 8, TALLYFY_RATE_LIMIT=str(PER_MINUTE))
    floor = (run.requests - 1) // PER_MINUTE * 60
    refused = [entry for entry in sandbox.ledger() if entry["status"] == 429]
    late = [entry for entry in refused if entry["at"] - started > 60]
    print(f"{LIMITED_CREATIONS} creations at {PER_MINUTE} a minute: {run.seconds:.1f} s, the floor is {floor} s")
    bench.goal("times the floor", run.seconds / floor, 1.05, "x")
    bench.goal("answers 429 in the first minute", len(refused) - len(late), 0)
    bench.goal("answers 429 afterwards", len(late), 0)


PARTS: dict[str, Callable[[Bench], None]] = {
    "growth": growth,
    "creations": creations,
    "groups": groups,
    "limit": limit,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything by default")
    chosen = parser.parse_args()
    # Short, as the sockets of ansible-core 2.20 and later want it.
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        bench = Bench(sandbox, Path(folder))
        for name in chosen.parts or PARTS:
            PARTS[name](bench)
    return 0 if bench.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
