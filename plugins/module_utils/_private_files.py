# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that nobody else may read or plant: owner, mode and links are checked. Private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOCK_POLL_SECONDS = 0.02


class UntrustedPathError(Exception):
    """A path belongs to somebody else, is open to others or is a link."""


class PrivateDirectory:
    """A directory of one's own, mode 0700, whose files are 0600 and replaced in one step."""

    def __init__(self, path: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Create the directory if needed and check it.

        Raises ``OSError`` when it cannot be made or written and ``UntrustedPathError`` when it is not one's own.
        """
        try:
            self.path = Path(path).expanduser().absolute()
        except RuntimeError as error:
            raise UntrustedPathError(f"{path} has no home directory to be in") from error
        self._sleep = sleep
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        found = self.path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise UntrustedPathError(f"{self.path} is not a directory")
        if found.st_uid != os.geteuid():
            raise UntrustedPathError(f"{self.path} belongs to user {found.st_uid}")
        if stat.S_IMODE(found.st_mode) & 0o077:
            self.path.chmod(0o700)
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path))

    def read(self, name: str) -> bytes | None:
        """Return what the file holds, ``None`` when there is none; raise ``UntrustedPathError`` for a foreign one."""
        try:
            descriptor = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise UntrustedPathError(f"{self._path(name)} is a link") from error
            raise
        with os.fdopen(descriptor, "rb") as file:
            self._check_file(file.fileno(), name)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Replace the file in one step, so that a reader sees the old or the new content, never half of it."""
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(self._path(name))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def delete(self, name: str) -> bool:
        """Remove the file and return whether there was one."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def locked(self, name: str, *, seconds: float | None = None) -> Iterator[int]:
        """Hold the exclusive lock file ``name`` and yield its descriptor, which may be read and written.

        With ``seconds`` raise ``TimeoutError`` when somebody else holds it for longer. The kernel frees the lock of
        a process that dies.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path(name), flags, 0o600)
        try:
            self._check_file(descriptor, name)
            self._lock(descriptor, name, seconds)
            yield descriptor
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, name: str, seconds: float | None) -> None:
        if seconds is None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return
        waited = 0.0
        while not _try_lock(descriptor):
            if waited >= seconds:
                raise TimeoutError(f"{self._path(name)} stayed locked for {seconds:g} s")
            self._sleep(LOCK_POLL_SECONDS)
            waited += LOCK_POLL_SECONDS

    def _check_file(self, descriptor: int, name: str) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise UntrustedPathError(f"{self._path(name)} is not a file of one's own with mode 0600")

    def _path(self, name: str) -> Path:
        return self.path / name


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
