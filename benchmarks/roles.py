# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what the roles add to their modules, in processor time: ratios within this run, each beside its goal.

    PYTHONPATH=. .venv/bin/python benchmarks/roles.py [organizations] [roster] [drift] [export] [lines]

Needs ``benchmarks/requirements.txt``. What an empty play takes is left out of both sides of a ratio. The exit status is
1 if a goal is not met.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import measure
from benchmarks.members import ROSTER
from benchmarks.organizations import Bench as OrganizationsBench
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Playbooks
from tests.acceptance.test_many_organizations import ONBOARD, organizations

CHECKOUT = Path(__file__).resolve().parents[1]
MEMBERS = 10_000
RUNS = 3
COLUMNS = ("email", "first_name", "last_name", "role", "timezone")
FEW, MANY, FORKS = 10, 50, 10
LINES = 1_800
TASK = """
- hosts: organizations
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - tallyfy.platform.tallyfy_onboarding:
        people: "{{ onboarding_people }}"
        ensure_groups: "{{ onboarding_ensure_groups }}"
"""
NOTHING = "- hosts: localhost\n  gather_facts: false\n  tasks: []\n"
READ = NOTHING.replace("[]", "\n    - tallyfy.platform.tallyfy_user_info:\n        complete: true\n")


class Bench:
    """Runs playbooks against one sandbox and remembers whether every goal was met."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.met = True
        self._playbooks = Playbooks(sandbox, folder)

    def reset(self) -> list[dict[str, Any]]:
        """Plant a fresh organization, forget the tokens of the one before, and return rows for all its members."""
        self.sandbox.reset(members=MEMBERS)
        shutil.rmtree(self._playbooks.home / ".cache", ignore_errors=True)
        return [
            {name: member[name] for name in COLUMNS}
            for member in self.sandbox.state(self.sandbox.org_id, "members")["members"]
            if member["status"] != "disabled" and not member["deleted"] and "bot" not in str(member["username"])
        ]

    def people(self, rows: list[dict[str, Any]]) -> None:
        """Write the roster file."""
        (self.folder / "people.json").write_text(json.dumps(rows), encoding="utf-8")

    def processor(self, text: str) -> float:
        """Return the least processor time of some runs of a playbook, in seconds."""
        (self.folder / "playbook.yml").write_text(text, encoding="utf-8")
        command = ["ansible", "playbook", "playbook.yml"]
        environment = {**self._playbooks.environment, "TALLYFY_RATE_LIMIT": "0"}
        runs = (measure(self.sandbox, command, folder=self.folder, environment=environment) for _run in range(RUNS))
        return min(run.cpu_seconds for run in runs)

    def goal(self, what: str, found: float, limit: float, unit: str = "") -> None:
        """Print one line of a table with a goal."""
        is_met = found <= limit
        self.met &= is_met
        print(f"  {what:<64}{found:>9.5g}{unit:<3} <= {limit:<7g} {'met' if is_met else 'MISSED'}")


def role(playbook: str, **variables: str) -> str:
    """Return a playbook that runs one of the collection with these variables."""
    lines = "".join(f"\n    {name}: {value}" for name, value in variables.items())
    return f"- import_playbook: tallyfy.platform.{playbook}\n  vars:{lines}\n"


def of_organizations(bench: Bench) -> None:
    """One organization more, where nothing is left to do: the playbook against one task."""
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        several = OrganizationsBench(sandbox, Path(folder) / "job", organizations(sandbox, MANY))
        (several.job.folder / "task.yml").write_text(TASK, encoding="utf-8")
        several.play(MANY, FORKS)

        def cost(playbook: str, report: str = "") -> float:
            few, many = (
                min(several.play(number, FORKS, report, playbook=playbook).cpu_seconds for _run in range(RUNS))
                for number in (FEW, MANY)
            )
            return (many - few) / (MANY - FEW)

        task = cost("task.yml")
        print(f"One organization more, nothing left to do (one tallyfy_onboarding task: {task:.3f} s)")
        bench.goal("the playbook onboard, times the task", cost(ONBOARD) / task, 3, "x")
        bench.goal("with a report for each", cost(ONBOARD, "{{ inventory_hostname }}.html") / task, 4, "x")


def of_rosters(bench: Bench) -> None:
    """Ten thousand members who are up to date: the playbook against its module."""
    bench.people(bench.reset())
    empty, module, playbook = (
        bench.processor(NOTHING),
        bench.processor(ROSTER),
        bench.processor(role("roster", roster_src="people.json")),
    )
    print(f"A roster of {MEMBERS} members, nothing to do (the module: {module - empty:.2f} s)")
    bench.goal("the playbook roster, times its module", (playbook - empty) / (module - empty), 1.2, "x")


def of_drift(bench: Bench) -> None:
    """Ten thousand members of whom half are extra, with a report for people, against a roster of all."""
    everybody = bench.reset()
    bench.people(everybody)
    empty, module = bench.processor(NOTHING), bench.processor(ROSTER)
    bench.people(everybody[: len(everybody) // 2])
    drift = bench.processor(role("drift", drift_src="people.json", drift_report="drift.html"))
    print(
        f"Drift of {MEMBERS} members, half of them extra, with a report "
        f"(the roster module on all: {module - empty:.2f} s)"
    )
    bench.goal("the playbook drift, times the roster module", (drift - empty) / (module - empty), 2, "x")


def of_exports(bench: Bench) -> None:
    """Ten thousand members as a file, against reading them."""
    bench.reset()
    empty, reading = bench.processor(NOTHING), bench.processor(READ)
    export = bench.processor(role("export_roster", export_roster_dest="exported.yml"))
    print(f"An export of {MEMBERS} members (tallyfy_user_info: {reading - empty:.2f} s)")
    bench.goal("the playbook export_roster, times tallyfy_user_info", (export - empty) / (reading - empty), 2, "x")


def of_lines(bench: Bench) -> None:
    """How much YAML and Jinja the roles are."""
    files = [file for file in (CHECKOUT / "roles").rglob("*") if file.is_file()]
    bench.goal("lines below roles/", sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files), LINES)


PARTS = {
    "organizations": of_organizations,
    "roster": of_rosters,
    "drift": of_drift,
    "export": of_exports,
    "lines": of_lines,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all of them by default")
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        bench = Bench(sandbox, Path(folder))
        for part in parser.parse_args().parts or PARTS:
            PARTS[part](bench)
    return 0 if bench.met else 1


if __name__ == "__main__":
    sys.exit(main())
