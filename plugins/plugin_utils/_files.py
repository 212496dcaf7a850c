# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are written on the controller, in one step. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

#: Names and addresses of people are nobody else's business.
MODE = 0o640
#: A module would put the variable's value there, and its message would show it.
DOLLAR = "it holds a dollar sign, and variables of the environment are not filled in"
#: What is written with a result is not there as long as the task goes on elsewhere.
NOT_ASYNCHRONOUS = "is written when the task ends, so this cannot be an asynchronous task"


def path_from(given: str, folder: str) -> Path:
    """Return the whole path of a file; one that is not absolute is below ``folder``. Links are followed."""
    return Path(folder, Path(given).expanduser()).resolve()


def tasks_file(given: str, name: str) -> tuple[str, str]:
    """Return the whole path of a file of tasks that the variable ``name`` gives, and what is wrong with it.

    A relative path starts where Ansible was called, as that of a roster, also when the playbook is elsewhere.
    """
    text = given.strip()
    if not text:
        return "", ""
    if "$" in text:
        return "", f"{name} {text}: {DOLLAR}"
    try:
        path = path_from(text, str(Path.cwd()))
        return (str(path), "") if path.is_file() else ("", f"{name} is no file: {text}")
    except (OSError, RuntimeError, ValueError) as error:  # somebody's home who is not there, or no path
        return "", f"{name} {text}: {error}"


def refusal_of(given: str, folder: str, endings: Sequence[str]) -> str:
    """Return why no file can be written there, empty when one can be. Nothing is written."""
    if not given.strip():
        return "is blank"
    if "$" in given:
        return f"{given}: {DOLLAR}"
    try:
        path = path_from(given, folder)
        kind = _mode_of(path)
    except (OSError, RuntimeError, ValueError) as error:  # somebody's home who is not there, or no path of a file
        return f"{given}: {error.strerror if isinstance(error, OSError) else error}"
    if kind is not None and not stat.S_ISREG(kind):
        return f"{given} is {'a folder' if stat.S_ISDIR(kind) else 'no file'}"
    if Path(given).suffix.lower() not in endings:
        return f"{given} does not end in {', '.join(endings[:-1])} or {endings[-1]}"
    if not path.parent.is_dir():
        return f"{given}: the folder {path.parent} does not exist"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{given}: the folder {path.parent} cannot be written to"
    return ""


def replace_file(path: Path, content: bytes) -> None:
    """Put the content there in one step, so that whoever reads sees the old or the new one, never half of it.

    It is for its owner and its group only, and a file that is there gets no mode that allows more than before.
    """
    before = path.stat() if path.exists() else None
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if before is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, MODE if before is None else MODE & before.st_mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mode
    return None
