# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs against a sandbox, for pictures that show what happens; each is made when the first picture needs it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules, Playbooks

PEOPLE = Path(__file__).with_name("new-hires.yml")
#: Of the terminal in which check mode is watched: what a telephone can show.
COLUMNS, ROWS = 49, 100
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
ANY_TIME = "2026-11-30 09:00 UTC"


@dataclass(frozen=True)
class Onboarding:
    """What a run of the playbook ``onboard`` printed, what it asked of the service, and its report."""

    output: str
    requests: list[dict[str, Any]]
    report: str


class Scenes:
    """The runs, all of which begin with the seed of the sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder

    @cached_property
    def dry_run(self) -> Onboarding:
        return self._onboard("--check", "--diff")

    @cached_property
    def onboarding(self) -> Onboarding:
        return self._onboard()

    def _onboard(self, *options: str) -> Onboarding:
        self.sandbox.reset()
        folder = self.folder / f"onboard{''.join(options)}"
        folder.mkdir()
        (folder / PEOPLE.name).write_bytes(PEOPLE.read_bytes())
        playbooks = Playbooks(self.sandbox, folder)
        environment = {name: text for name, text in playbooks.environment.items() if name != "ANSIBLE_NOCOLOR"}
        command = ["ansible-playbook", "tallyfy.platform.onboard", "-e", f"@{PEOPLE.name}"]
        command += ["-e", "onboarding_report=report.html", *options]
        command[:1] = [sys.executable, "-m", "ansible", "playbook"]
        output = in_terminal(command, folder, {**environment, "TERM": "xterm-256color"})
        report = TIME.sub(ANY_TIME, (folder / "report.html").read_text(encoding="utf-8"))
        return Onboarding(output, self.sandbox.ledger(), report)

    def modules(self, name: str) -> Modules:
        """Return what runs modules, with no token in its cache and the sandbox as it begins."""
        self.sandbox.reset()
        return Modules(self.sandbox, self.folder / name)


def in_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command in a terminal of its own and return what it shows, with its colours."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    output = shown.decode().replace("\r\n", "\n")
    if process.returncode:
        raise RuntimeError(f"{command} ended with status {process.returncode}:\n{output}")
    return output
