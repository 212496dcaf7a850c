# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that nobody else may read or plant, and locks. Private to the collection.

Owner, mode and links are checked, of the directory and of all those that it lies in. Nothing that was there before is
changed.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import fcntl
import getpass
import grp
import os
import pwd
import socket
import stat
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from .regular_files import NotRegularError, open_regular

LOCK_POLL_SECONDS = 0.02
SHORTEST_POLL_SECONDS = 0.001
#: For how long a file of state is locked by others at the most: each of them reads or writes it and lets it go.
STATE_LOCK_SECONDS = 10.0
#: The room for the words of whoever holds a lock.
HOLDER_BYTES = 256
_PID = struct.Struct("<Q")
PID_BYTES = _PID.size
MOST_LINKS = 40
ROOT = 0
#: What a user namespace shows for everybody outside of it, root among them.
OUTSIDER = 65534


class UnusableError(Exception):
    """A file or directory of one's own cannot be used, for the reason that is the text."""


class UntrustedPathError(UnusableError):
    """A path belongs to somebody else, is open to others or is a link."""


class NoLockError(UnusableError):
    """A file cannot be locked in this place."""


class HeldError(Exception):
    """Somebody else held a lock for as long as the other one may wait. ``holder`` is what they wrote down."""

    def __init__(self, path: Path, seconds: float, holder: str) -> None:
        after = f" after {seconds:g} s" if seconds else ""
        super().__init__(f"{path} is still locked{after} by {holder or 'a process that does not say who it is'}")
        self.holder = holder


def reason_of(error: BaseException) -> str:
    """Return why a file or directory cannot be used, in the words of the system or of this room."""
    return getattr(error, "strerror", None) or str(error)


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
        if "\0" in path:
            raise UntrustedPathError(f"{path!r} is not a path")
        self._sleep = sleep
        self._is_kept_as_it_is = False
        _make_folders(self.path.parent)
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        _check_own(self.path)
        if not os.access(self.path, os.W_OK | os.X_OK):
            code = errno.EROFS if os.statvfs(self.path).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(code, os.strerror(code), str(self.path))

    def kept_as_it_is(self) -> PrivateDirectory:
        """Return the same directory for check mode, in which files are neither replaced nor removed."""
        other = copy.copy(self)
        other._is_kept_as_it_is = True
        return other

    def read(self, name: str) -> bytes | None:
        """Return what the file holds, ``None`` when there is none; raise ``UntrustedPathError`` for a foreign one."""
        try:
            descriptor = self._open(name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Replace the file in one step, so that a reader sees the old or the new content, never half of it."""
        if self._is_kept_as_it_is:
            return
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
        if self._is_kept_as_it_is:
            return os.path.lexists(self._path(name))
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def lock_flaw(self) -> str:
        """Return why files in here cannot be locked, empty when they can be."""
        try:
            with self.locked("probe", seconds=0):
                return ""
        except HeldError:
            # Who is kept out by somebody else has seen that it works.
            return ""
        except UnusableError as error:
            return str(error)

    @contextlib.contextmanager
    def locked(self, name: str, *, seconds: float = STATE_LOCK_SECONDS, pid_at: int | None = None) -> Iterator[int]:
        """Hold the exclusive lock of the file ``name`` and yield its descriptor, which may be read and written.

        The file holds the words of whoever has the lock, and is removed with it. One with other contents stays and has
        ``PID_BYTES`` at ``pid_at`` for the process ID. The kernel frees the lock of a process that dies.
        Raises ``HeldError`` when somebody else has it for longer than ``seconds``; 0 tries once. Raises ``NoLockError``
        where nothing can be locked, and ``UntrustedPathError`` for a file that is not one's own.
        """
        descriptor = self._acquire(name, seconds, pid_at)
        try:
            yield descriptor
        finally:
            if pid_at is None:
                # While it is held: whoever has it open by then sees that it is gone, and opens the next one.
                with contextlib.suppress(OSError):
                    if self._is_at(descriptor, name):
                        self._path(name).unlink()
            os.close(descriptor)

    def _acquire(self, name: str, seconds: float, pid_at: int | None) -> int:
        waited = 0.0
        while True:
            descriptor, is_held = self._open_lock(name), False
            try:
                while not _try_lock(descriptor):
                    if waited >= seconds:
                        raise HeldError(self._path(name), seconds, self._read_holder(descriptor, pid_at))
                    waited += self._nap(waited)
                if self._is_at(descriptor, name):
                    _write_holder(descriptor, pid_at)
                    is_held = True
                    return descriptor
            except OSError as error:
                raise NoLockError(f"{name} cannot be locked: {reason_of(error)}") from error
            finally:
                if not is_held:
                    os.close(descriptor)

    def _nap(self, waited: float) -> float:
        seconds = min(LOCK_POLL_SECONDS, max(SHORTEST_POLL_SECONDS, waited))
        self._sleep(seconds)
        return seconds

    def _open_lock(self, name: str) -> int:
        try:
            return self._open(name, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise NoLockError(f"{name} cannot be locked: {reason_of(error)}") from error

    def _is_at(self, descriptor: int, name: str) -> bool:
        """Return whether the open file is the one that has this name now."""
        try:
            there = self._path(name).lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), there)

    def _read_holder(self, descriptor: int, pid_at: int | None) -> str:
        words = _holder_in(descriptor, pid_at)
        if not words:
            # It may have got the lock a moment ago.
            self._nap(LOCK_POLL_SECONDS)
            words = _holder_in(descriptor, pid_at)
        return words

    def _open(self, name: str, flags: int) -> int:
        try:
            descriptor = open_regular(self._path(name), flags | os.O_NOFOLLOW)
        except NotRegularError as error:
            raise UntrustedPathError(f"{self._path(name)} is not a regular file") from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise UntrustedPathError(f"{self._path(name)} is a link") from error
            raise
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            os.close(descriptor)
            raise UntrustedPathError(f"{self._path(name)} is not a file of one's own with mode 0600")
        return descriptor

    def _path(self, name: str) -> Path:
        return self.path / name


def holder() -> str:
    """Return who is at work, for those who wait."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    # AWX names its job so.
    job = os.environ.get("JOB_ID", "")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user ID that has no name
        user = str(os.getuid())
    process = f"process {os.getpid()} of {user} on {socket.gethostname()}, since {now}"
    return f"{process}, job {job}" if job else process


def _write_holder(descriptor: int, pid_at: int | None) -> None:
    words = (
        _PID.pack(os.getpid())
        if pid_at is not None
        else holder().encode(errors="replace")[:HOLDER_BYTES].ljust(HOLDER_BYTES)
    )
    # On a full disk the lock is held all the same; it only does not say by whom.
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, words, pid_at or 0)


def _holder_in(descriptor: int, pid_at: int | None) -> str:
    if pid_at is None:
        return os.pread(descriptor, HOLDER_BYTES, 0).decode(errors="replace").strip(" \0")
    words = os.pread(descriptor, PID_BYTES, pid_at)
    return f"process {_PID.unpack(words)[0]}" if len(words) == PID_BYTES else ""


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- whose a directory is ---------------------------------------------------------------------------------------------


def _check_own(path: Path) -> None:
    """Raise ``UntrustedPathError`` for anything but a directory of one's own that nobody else can look into."""
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        raise UntrustedPathError(f"{path} is not a directory")
    if found.st_uid != os.geteuid():
        raise UntrustedPathError(f"{path} belongs to user {found.st_uid}")
    if mode & 0o077:
        raise UntrustedPathError(
            f"others may look into {path}, mode {mode:04o}; use a directory of its own below it, or run chmod 0700 "
            f"{path} if it is for nothing else"
        )


def _make_folders(path: Path) -> None:
    """Check all directories that a path leads through, and make those that are missing, for nobody else.

    Links are followed one by one. Whoever may write to one of these directories could put another one in the place of
    the next, and whoever owns a link could let it lead elsewhere.
    """
    here, left, links = Path("/"), list(reversed(path.parts[1:])), 0
    _check_folder(here)
    while left:
        name = left.pop()
        step = here / name
        if name == "..":
            here = here.parent
        elif step.is_symlink():
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            _check_owner(step)
            target = step.readlink()
            here = Path("/") if target.is_absolute() else here
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        else:
            with contextlib.suppress(FileExistsError):
                if not step.exists():
                    step.mkdir(mode=0o700)
            _check_folder(step)
            here = step


def _check_folder(path: Path) -> None:
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    _check_owner(path)
    shared = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _is_own_group(found.st_gid))
    if shared and not mode & stat.S_ISVTX:
        raise UntrustedPathError(
            f"others may write to {path}, mode {mode:04o}, which it lies in; run chmod go-w {path}, or choose another "
            f"place"
        )


def _check_owner(path: Path) -> None:
    found = path.lstat()
    # In containers homes belong to a fixed user and to the group of root, in which whoever runs there is.
    is_of_container = found.st_gid == ROOT and ROOT in {os.getegid(), *os.getgroups()}
    if found.st_uid not in {ROOT, os.geteuid(), OUTSIDER} and not is_of_container:
        raise UntrustedPathError(f"{path}, which it lies in, belongs to user {found.st_uid}")


def _is_own_group(group_id: int) -> bool:
    """Return whether nobody but this user and root is in a group."""
    if group_id == ROOT:
        return True
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(group_id)
    except KeyError:
        return False
    return user.pw_gid == group_id and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
