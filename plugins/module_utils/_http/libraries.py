# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The required Python libraries, and how to install a missing or old one. Private to the collection."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

#: The oldest versions that are known to work; ``meta/ee-requirements.txt`` names the same.
OLDEST = {"requests": "2.25.1", "urllib3": "1.26"}
_NEEDED = " ".join(f"'{library}>={version}'" for library, version in OLDEST.items())


class OldLibraryError(ImportError):
    """The installed version of a library is too old."""


def require_current(library: str, version: str) -> None:
    """Raise ``OldLibraryError`` for a version that is too old."""
    if _numbers(version) < _numbers(OLDEST[library]):
        raise OldLibraryError(
            f"The Python library {library} {version} is too old: {OLDEST[library]} or later is needed"
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def advice(error: ImportError) -> str:
    """Return which library this Python lacks, and the command that installs it."""
    problem = f"The Python library requests cannot be imported ({error})"
    if isinstance(error, OldLibraryError):
        problem = str(error)
    elif isinstance(error, ModuleNotFoundError):
        problem = f"The Python library {str(error.name).partition('.')[0]} is missing"
    is_managed = sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()
    command = install_command(sys.prefix, sys.executable, is_managed=is_managed)
    return f"{problem}. Install it for {sys.executable}: {command}"


def install_command(prefix: str, executable: str, *, is_managed: bool) -> str:
    """Return the command that installs the libraries for a Python, depending on the tool that made its environment.

    ``is_managed`` says that the Python belongs to a distribution, which requires its own packages.
    """
    tool, folder, name = ("", "", "", *Path(prefix).parts)[-3:]
    if (tool, folder) == ("pipx", "venvs"):
        return f"pipx inject {name} {_NEEDED}"
    if (tool, folder) == ("uv", "tools"):
        return f"uv tool install --with {_NEEDED.replace(' ', ' --with ')} {name}"
    if is_managed:
        return "apt install python3-requests (Debian, Ubuntu) or dnf install python3-requests (Fedora, RHEL)"
    return f"{executable} -m pip install {_NEEDED}"
