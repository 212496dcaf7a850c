# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What the sandbox says to a newcomer when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sandbox import __main__ as entry
from sandbox.testing import REPOSITORY_ROOT

INSTALL = "-m pip install -r sandbox/requirements.txt ansible-core requests\n"


def test_missing_packages_are_named_with_the_command_that_installs_them() -> None:
    interpreter = os.environ.get("TALLYFY_SANDBOX_PYTHON") or sys.executable
    # Without the folder of installed packages.
    command = [interpreter, "-S", "-m", "sandbox"]
    run = subprocess.run(command, cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("The sandbox needs Python packages that are not installed: uvicorn.\n")
    assert f"    {interpreter} {INSTALL}" in run.stderr
    assert "    make sandbox\n" in run.stderr


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry, "OLDEST_PYTHON", (99, 0))
    assert entry.main() == 1
    reported = capsys.readouterr().err
    assert reported.startswith(f"The sandbox needs Python 3.11 or newer. This is {sys.version.split()[0]}.\n")
    assert f"    python3.11 {INSTALL}" in reported
