# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens regular files only. Private to the collection.

Opening a named pipe blocks until another process opens its other end, and a device can be endless.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class NotRegularError(OSError):
    """A path leads to a pipe, a device or the like instead of a regular file."""


def open_regular(path: str | Path, flags: int, mode: int = 0o600) -> int:
    """Return the descriptor of a regular file; raise ``OSError`` for anything else."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise NotRegularError(errno.EINVAL, "Not a regular file", str(path))


def read_regular(path: str | Path, most: int = -1) -> bytes:
    """Return the content of a regular file, or its first ``most`` bytes; raise ``OSError`` for anything else."""
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        return file.read(most)
