# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which run of this machine is at work on what, for as long as it lives. Private to the collection.

The locks of ``state_dir`` end with the task that holds them, but the work for a step is many tasks. So the run writes
down that it has taken the step up. A run is the process of ansible-playbook, which all its tasks are children of; when
that has ended, in whatever way, nothing of what it wrote down counts.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
)

FILE = "worklist-claims"
_START = 19  # of what follows the name of the program in /proc/PID/stat: when the process was started


def claim(state_dir: str, subject: str, host: str) -> str:
    """Take ``subject`` for this run and host; return who has it already, empty when nobody has.

    Where there is no ``state_dir``, or none that can be used, nobody is kept out.
    """
    owner = own = _own(host)
    with contextlib.suppress(OSError, HeldError, UnusableError), _claims_in(state_dir) as claims:
        for key in [key for key, other in claims.items() if not _lives(other)]:
            del claims[key]
        owner = claims.setdefault(subject, own)
    return "" if owner == own else f"process {owner[0]}, for the host {owner[2]}"


def release(state_dir: str, subject: str, host: str) -> None:
    """Let others have ``subject``, if it was this run's and host's."""
    with contextlib.suppress(OSError, HeldError, UnusableError), _claims_in(state_dir) as claims:
        if claims.get(subject) == _own(host):
            del claims[subject]


def _own(host: str) -> list[object]:
    return [os.getppid(), _start_of(os.getppid()), host]


@contextlib.contextmanager
def _claims_in(state_dir: str) -> Iterator[dict[str, list[object]]]:
    """Yield what is taken, and by whom, to be changed in place, while nobody else does."""
    if state_dir.lower() == "none":
        yield {}
        return
    directory = PrivateDirectory(state_dir)
    with directory.locked(f"{FILE}.lock"):
        claims = _read(directory)
        yield claims
        directory.write(FILE, json.dumps(claims).encode())


def _read(directory: PrivateDirectory) -> dict[str, list[object]]:
    try:
        claims = json.loads(directory.read(FILE) or b"{}")
    except ValueError:
        return {}
    return {str(key): owner for key, owner in claims.items() if isinstance(owner, list) and len(owner) == 3}


def _lives(owner: list[object]) -> bool:
    """Return whether the run is still there: that very process, and no later one with its ID."""
    pid = owner[0]
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return owner[1] == _start_of(pid)


def _start_of(pid: int) -> str:
    """Return when a process was started, empty where the system does not tell."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[_START]
    return ""
