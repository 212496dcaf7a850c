# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims of runs on this machine to worklist steps. Private to the collection.

A lock in ``state_dir`` ends with the task that holds it, but the work of a step is many tasks. So the run records a
claim to the step. A run is the process of ansible-playbook, the parent of all its tasks; its claims are void when the
process has ended.
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
_START = 19  # index of the start time after the program name in /proc/PID/stat


def claim(state_dir: str, subject: str, host: str) -> str:
    """Claim ``subject`` for this run and host; return the other owner, empty when the claim succeeded.

    Without a usable ``state_dir``, every claim succeeds.
    """
    owner = own = _own(host)
    with contextlib.suppress(OSError, HeldError, UnusableError), _claims_in(state_dir) as claims:
        for key in [key for key, other in claims.items() if not _lives(other)]:
            del claims[key]
        owner = claims.setdefault(subject, own)
    return "" if owner == own else f"process {owner[0]}, for the host {owner[2]}"


def release(state_dir: str, subject: str, host: str) -> None:
    """Release ``subject``, if this run and host have claimed it."""
    with contextlib.suppress(OSError, HeldError, UnusableError), _claims_in(state_dir) as claims:
        if claims.get(subject) == _own(host):
            del claims[subject]


def _own(host: str) -> list[object]:
    return [os.getppid(), _start_of(os.getppid()), host]


@contextlib.contextmanager
def _claims_in(state_dir: str) -> Iterator[dict[str, list[object]]]:
    """Yield the owners of all claims, to be changed in place, under a lock."""
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
    """Return whether the process of the run still exists, and its ID has not been reused."""
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
    """Return the start time of a process, empty where the system does not provide it."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[_START]
    return ""
