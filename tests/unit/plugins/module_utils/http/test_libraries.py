# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._http.libraries import (
    OLDEST,
    OldLibraryError,
    advice,
    install_command,
    require_current,
)

ROOT = Path(__file__).parents[5]
NEEDED = "'requests>=2.25.1' 'urllib3>=1.26'"


@pytest.mark.parametrize(
    ("prefix", "is_managed", "command"),
    [
        ("/home/ann/.local/share/pipx/venvs/ansible-core", False, f"pipx inject ansible-core {NEEDED}"),
        ("/home/ann/.local/share/pipx/venvs/ansible", True, f"pipx inject ansible {NEEDED}"),
        (
            "/home/ann/.local/share/uv/tools/ansible-core",
            False,
            "uv tool install --with 'requests>=2.25.1' --with 'urllib3>=1.26' ansible-core",
        ),
        ("/home/ann/uv/.venv", False, f"/bin/python3 -m pip install {NEEDED}"),
        ("/usr", False, f"/bin/python3 -m pip install {NEEDED}"),
        ("/", False, f"/bin/python3 -m pip install {NEEDED}"),
        ("/usr", True, "apt install python3-requests (Debian, Ubuntu) or dnf install python3-requests (Fedora, RHEL)"),
    ],
)
def test_command_is_that_of_what_made_the_environment(prefix: str, is_managed: bool, command: str) -> None:
    assert install_command(prefix, "/bin/python3", is_managed=is_managed) == command


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ModuleNotFoundError("No module", name="urllib3.util"), "The Python library urllib3 is missing. "),
        (ImportError("a broken file"), "The Python library requests cannot be imported (a broken file). "),
        (
            OldLibraryError("The Python library x 1 is too old: 2 is needed"),
            "The Python library x 1 is too old: 2 is needed",
        ),
    ],
)
def test_advice_names_the_cause_and_the_interpreter(error: ImportError, problem: str) -> None:
    assert advice(error).startswith(problem)
    assert f"Install it for {sys.executable}: " in advice(error)


@pytest.mark.parametrize(
    ("library", "version", "is_current"),
    [
        ("requests", "2.25.1", True),
        ("requests", "2.25.0", False),
        ("requests", "2.9.2", False),
        ("requests", "3.0.0a1", True),
        ("urllib3", "1.26", True),
        ("urllib3", "1.26.0.post1", True),
        ("urllib3", "1.25.11", False),
        ("urllib3", "2.0.0", True),
    ],
)
def test_version_that_is_too_old(library: str, version: str, is_current: bool) -> None:
    if is_current:
        require_current(library, version)
        return
    with pytest.raises(OldLibraryError, match=rf"{library} {version} is too old: {OLDEST[library]}"):
        require_current(library, version)


def test_an_execution_environment_gets_what_is_needed() -> None:
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"{name}>={OLDEST[name]}" for name in OLDEST]
