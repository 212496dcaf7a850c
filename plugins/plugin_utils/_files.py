# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes files on the controller atomically. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

#: The files contain personal data, so only owner and group may read them.
MODE = 0o640
#: A module would expand the variable, and its message would show the value.
DOLLAR = "it contains a dollar sign; environment variables are not expanded"
#: The result is not available while an asynchronous task runs.
NOT_ASYNCHRONOUS = "is not supported in an asynchronous task: the file is written when the task ends"


def path_from(given: str, folder: str) -> Path:
    """Return the absolute path of a file; a relative path is below ``folder``. Links are followed."""
    return Path(folder, Path(given).expanduser()).resolve()


def tasks_file(given: str, name: str) -> tuple[str, str]:
    """Return the absolute path of a file of tasks, the value of the variable ``name``, and the error, if any.

    As for a roster, a relative path is relative to the current folder of the shell, not to the playbook.
    """
    text = given.strip()
    if not text:
        return "", ""
    if "$" in text:
        return "", f"{name} {text}: {DOLLAR}"
    try:
        path = path_from(text, str(Path.cwd()))
        return (str(path), "") if path.is_file() else ("", f"{name} is not a file: {text}")
    except (OSError, RuntimeError, ValueError) as error:  # an unknown home folder, or an invalid path
        return "", f"{name} {text}: {error}"


def refusal_of(given: str, folder: str, endings: Sequence[str]) -> str:
    """Return the reason why the file cannot be written, empty for none. Nothing is written."""
    if not given.strip():
        return "is blank"
    if "$" in given:
        return f"{given}: {DOLLAR}"
    try:
        path = path_from(given, folder)
        kind = _mode_of(path)
    except (OSError, RuntimeError, ValueError) as error:  # an unknown home folder, or an invalid path
        return f"{given}: {error.strerror if isinstance(error, OSError) else error}"
    if kind is not None and not stat.S_ISREG(kind):
        return f"{given} is {'a folder' if stat.S_ISDIR(kind) else 'not a regular file'}"
    if Path(given).suffix.lower() not in endings:
        return f"{given} does not end in {', '.join(endings[:-1])} or {endings[-1]}"
    if not path.parent.is_dir():
        return f"{given}: the folder {path.parent} does not exist"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{given}: the folder {path.parent} is not writable"
    return ""


def replace_file(path: Path, content: bytes) -> None:
    """Write the content atomically, so that readers see the old or the new content, never a part of it.

    Only owner and group may read the file, and an existing file never gets a more permissive mode.
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
