# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Demonstrates the main use case: onboards people with their processes, and completes a step of these processes.

Runs against the embedded sandbox.

Needs ansible-core and requests in the Python that runs it, and sandbox/requirements.txt in the same Python or in the
Python that TALLYFY_SANDBOX_PYTHON names. ``make demo`` installs both.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from sandbox.testing import Sandbox, SandboxError, running_sandbox
from tests.collection_tree import collection_tree

MEMBER = ("name", "e-mail", "role", "status", "job title", "groups")
PROCESS = ("process", "template", "status", "tags")
STEP = ("step", "process", "status", "laptop", "comment")
#: The step that the worklist completes.
AUTOMATED = "Create accounts"
EXAMPLES = "playbooks/examples"
ONBOARD = ("tallyfy.platform.onboard", "-e", f"@{EXAMPLES}/new-hires.yml")
#: The mailboxes are a file in the home folder of the demo.
WORKLIST = (
    *("tallyfy.platform.worklist", "-e", f"@{EXAMPLES}/accounts.yml"),
    *("-e", f"worklist_tasks_file={EXAMPLES}/tasks/create_accounts.yml", "-e", "mailboxes=~/mailboxes"),
)
#: Tasks of the roles of which the viewer sees only the printed texts, without the lines around them.
TEXT_ONLY = (
    *("Pass the totals to later jobs", "Show the results", "Pass tokens to the tasks of the user"),
    *("Clear the result", "Include the tasks of the user", "Count the results", "Fail if a step failed"),
)
BANNER = re.compile(r"(?P<kind>PLAY RECAP|PLAY|TASK)(?: \[(?:.* : )?(?P<name>.*)\])? \*+")
TEXT = re.compile(r' +".*",?')
#: The path of an included file, in the middle of a line.
INCLUDED = re.compile(r"included: \S+")
COLOR = re.compile(r"\x1b\[[0-9;]*m")


class DemoError(Exception):
    """The demo failed."""


@dataclass(frozen=True)
class Cost:
    """The cost of one run of a playbook."""

    changed_tasks: int
    requests: int
    writes: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.requests} requests, {self.writes} of them writes, {self.seconds:.0f} s"


def main() -> int:
    started = time.monotonic()
    say(f"This is {name_of_core()}, run by Python {sys.version.split()[0]}.")
    try:
        with running_sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="tallyfy-demo-") as home:
            last_line = show(sandbox, environment(sandbox, Path(home)))
    except (DemoError, SandboxError) as error:
        say(f"\nThe demo failed: {error}")
        return 1
    say(f"\n{last_line} {time.monotonic() - started:.0f} s in all; the sandbox is stopped.")
    return 0


def show(sandbox: Sandbox, env: dict[str, str]) -> str:
    """Run the playbooks, show members, processes and steps, and return a summary."""
    seeded, running = members(sandbox), processes(sandbox)
    heading(f"A sandbox replaces Tallyfy at {sandbox.url}. These are its members and processes:")
    table(MEMBER, seeded)
    table(PROCESS, running)
    heading("1. Check mode shows what would change, with a diff, and writes nothing.")
    planned = play(sandbox, env, *ONBOARD, "--check", "--diff")
    heading("2. The run onboards the people and launches their processes.")
    done = play(sandbox, env, *ONBOARD)
    heading("3. The second run changes nothing.")
    present, launched = members(sandbox), processes(sandbox)
    repeated = play(sandbox, env, *ONBOARD)
    heading("The members and processes now (+ new, * changed):")
    table(MEMBER, present, seeded)
    table(PROCESS, launched, running)
    is_same = members(sandbox) == present and processes(sandbox) == launched
    expect_nothing_done(repeated, is_same=is_same)

    heading("4. Each process has a step for automation. The worklist does its work and completes the step, once.")
    waiting = steps(sandbox)
    table(STEP, waiting)
    say("")
    worked = play(sandbox, env, *WORKLIST)
    completed_steps = steps(sandbox)
    sandbox.clear_events()
    heading("The second run finds no open step and sends no notifications.")
    expect_nothing_done(
        play(sandbox, env, *WORKLIST), is_same=steps(sandbox) == completed_steps and not sandbox.events()
    )
    heading("The steps now:")
    table(STEP, completed_steps, waiting)

    added = len(present.keys() - seeded.keys())
    new = len(launched.keys() - running.keys())
    changed = sum(present[email] != seeded[email] for email in seeded)
    if planned.writes:
        raise DemoError(f"check mode sent {planned.writes} write requests; expected none.")
    if not added or not new or not done.writes:
        raise DemoError("the run onboarded nobody or launched no process.")
    completed = sum(step != waiting[task] for task, step in completed_steps.items())
    if completed != len(completed_steps) or not worked.writes:
        raise DemoError(f"the worklist completed {completed} of {len(completed_steps)} steps.")
    return (
        f"The demo worked. Check mode wrote nothing ({planned.requests} requests); the run added {added} "
        f"people, changed {changed} and launched {new} processes ({done.requests} requests, {done.writes} of them "
        f"writes); the second run changed nothing ({repeated.requests} requests, no writes). The worklist completed "
        f"{completed} steps ({worked.requests} requests, {worked.writes} of them writes), each exactly once."
    )


def expect_nothing_done(repeated: Cost, *, is_same: bool) -> None:
    if repeated.changed_tasks or repeated.writes or not is_same:
        raise DemoError(f"the second run should change nothing, but it sent {repeated.writes} write requests.")


def play(sandbox: Sandbox, env: dict[str, str], *arguments: str) -> Cost:
    """Run a playbook, show its output, and return its cost; a failure ends the demo."""
    sandbox.clear_ledger()
    command = ["ansible-playbook", *arguments]
    say(f"$ {shlex.join(command)}\n")
    started = time.monotonic()
    # Use the program next to the current Python, since a virtual environment need not be on PATH.
    command[0] = str(Path(sys.executable).with_name(command[0]))
    lines, changed, task = [], "", ""
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        for line in run.stdout or ():
            lines.append(line.rstrip("\n"))
            banner = BANNER.match(COLOR.sub("", line))
            task = banner["name"] or banner["kind"] if banner else task
            if is_worth_a_line(COLOR.sub("", lines[-1]), task):
                say(INCLUDED.sub("included", lines[-1]))
            recap = re.search(r"\bchanged=(\d+)", line)
            changed = recap[1] if recap else changed
    if run.returncode or not changed:
        say("\n".join(["", "The full output of the playbook:", *lines]))
        raise DemoError(f"the playbook ended with status {run.returncode}.")
    cost = Cost(int(changed), len(sandbox.ledger()), len(sandbox.writes()), time.monotonic() - started)
    say(f"-> {cost}")
    return cost


def is_worth_a_line(line: str, task: str) -> bool:
    """Return whether the viewer sees a line of the output: blank lines, banners and brackets are hidden."""
    if task in TEXT_ONLY:
        return TEXT.fullmatch(line) is not None
    return bool(line.strip()) and not line.startswith("PLAY RECAP")


def environment(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return an environment with the credentials of the sandbox, without Ansible and Tallyfy settings of the user."""
    config = home / "ansible.cfg"
    (home / "mailboxes").touch()
    config.write_text("[defaults]\nlocalhost_warning = false\n[inventory]\ninventory_unparsed_warning = false\n")
    foreign = ("ANSIBLE_", "TALLYFY_", "XDG_")
    color = {"ANSIBLE_FORCE_COLOR": "1"} if sys.stdout.isatty() and "NO_COLOR" not in os.environ else {}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        **color,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": str(collection_tree()),
        "TALLYFY_API_URL": sandbox.api_url,
        "TALLYFY_TOKEN_URL": sandbox.token_url,
        "TALLYFY_ORG_ID": sandbox.org_id,
        "TALLYFY_CLIENT_ID": sandbox.client_id,
        "TALLYFY_CLIENT_SECRET": sandbox.client_secret,
    }


def members(sandbox: Sandbox) -> dict[str, tuple[str, ...]]:
    """Return the table row of each member, by e-mail address."""
    state = sandbox.state(sandbox.org_id)
    return {member["email"]: row_of(member, state["groups"]) for member in state["members"]}


def row_of(member: dict[str, Any], groups: list[dict[str, Any]]) -> tuple[str, ...]:
    held = ", ".join(group["name"] for group in groups if member["id"] in group["members"])
    name = f"{member['first_name']} {member['last_name']}"
    return (name, member["email"], member["role"], member["status"], str(member["job_title"] or ""), held)


def processes(sandbox: Sandbox) -> dict[str, tuple[str, ...]]:
    """Return the table row of each process, by ID."""
    state = sandbox.state(sandbox.org_id)
    tags = {tag["id"]: tag["title"] for tag in state["tags"]}
    return {
        run["id"]: (
            run["name"],
            run["checklist_title"],
            "archived" if run["archived_at"] else run["status"],
            ", ".join(tags[tag_id] for tag_id in run["tags"]),
        )
        for run in state["runs"]
    }


def steps(sandbox: Sandbox) -> dict[str, tuple[str, ...]]:
    """Return the table row of each step for automation that is not archived, by the ID of its task."""
    state = sandbox.state(sandbox.org_id)
    names = {run["id"]: run["name"] for run in state["runs"] if not run["archived_at"]}
    return {
        task["id"]: (
            task["title"],
            names[task["run_id"]],
            task["status"],
            ", ".join(str(value) for value in task["taskdata"].values()),
            "; ".join(comment["content"].split("\n")[0] for comment in task["threads"]),
        )
        for task in state["tasks"]
        if task["run_id"] in names and task["title"] == AUTOMATED
    }


def table(
    header: tuple[str, ...], shown: dict[str, tuple[str, ...]], before: dict[str, tuple[str, ...]] | None = None
) -> None:
    say("")
    rows = [header, *shown.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    marks = [" ", *(mark(key, shown, before) for key in shown)]
    for sign, row in zip(marks, rows, strict=True):
        say(f"{sign} {'  '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))}".rstrip())


def mark(key: str, shown: dict[str, tuple[str, ...]], before: dict[str, tuple[str, ...]] | None) -> str:
    if before is None or before.get(key) == shown[key]:
        return " "
    return "*" if key in before else "+"


def name_of_core() -> str:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "ansible-core " + version.split("[core ")[1].split("]")[0]


def heading(text: str) -> None:
    say("\n" + "\n".join(textwrap.wrap(f"=== {text}", width=110)))


def say(text: str) -> None:
    # Flush, to keep the order with the output of the playbook.
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
