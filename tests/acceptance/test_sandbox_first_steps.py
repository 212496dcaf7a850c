# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox prints when a person starts it can be pasted into a shell, and leads to a roster of one's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.testing import REPOSITORY_ROOT

pytestmark = pytest.mark.any_core


@pytest.fixture
def printed() -> Iterator[str]:
    """What a sandbox prints that is running meanwhile."""
    command = [os.environ.get("TALLYFY_SANDBOX_PYTHON") or sys.executable, "-m", "sandbox"]
    with subprocess.Popen(command, cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if "Ctrl-C" in line:
                break
        yield "".join(lines)
        process.terminate()


def test_what_is_printed_can_be_pasted(printed: str, tmp_path: Path) -> None:
    script = "".join(re.findall(r"^(?:export|ansible-playbook) .*\n", printed, flags=re.MULTILINE))
    # The variables are all that a shell needs beside Ansible.
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    shell = ["sh", "-eu", "-c", script]
    run = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "alice.smith@example.com" in (tmp_path / "roster.yml").read_text()
    exported, checked = re.findall(r"^localhost .* changed=(\d+) ", run.stdout, flags=re.MULTILINE)
    assert (exported, checked) == ("1", "0")


def test_the_readme_shows_the_same_commands(printed: str) -> None:
    readme = (REPOSITORY_ROOT / "sandbox" / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ansible-playbook .*\n", printed, flags=re.MULTILINE)
    assert len(commands) == 2
    assert "".join(f"$ {command}" for command in commands) in readme
