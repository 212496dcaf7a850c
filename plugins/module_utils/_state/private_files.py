# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that no other user can read or plant, and locks. Private to the collection.

Owner, mode and links are checked for the directory and all its parent directories. Existing directories are never
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
#: The longest wait for the lock of a state file. Each process holds it only while it reads or writes the file.
STATE_LOCK_SECONDS = 10.0
#: The size of the text that describes the holder of a lock.
HOLDER_BYTES = 256
_PID = struct.Struct("<Q")
PID_BYTES = _PID.size
MOST_LINKS = 40
ROOT = 0
#: The user ID that a user namespace shows for every user outside of it, including root.
OUTSIDER = 65534


class UnusableError(Exception):
    """A private file or directory cannot be used; the text is the reason."""


class UntrustedPathError(UnusableError):
    """A path belongs to another user, is open to other users or is a symbolic link."""


class NoLockError(UnusableError):
    """Files cannot be locked in this directory."""


class HeldError(Exception):
    """Another process held a lock for longer than this one may wait. ``holder`` is the text that describes it."""

    def __init__(self, path: Path, seconds: float, holder: str) -> None:
        after = f" after {seconds:g} s" if seconds else ""
        super().__init__(f"{path} is still locked{after} by {holder or 'an unknown process'}")
        self.holder = holder


def reason_of(error: BaseException) -> str:
    """Return why a file or directory cannot be used, as the system or this package says it."""
    return getattr(error, "strerror", None) or str(error)


class PrivateDirectory:
    """A private directory, mode 0700, whose files have mode 0600 and are replaced atomically."""

    def __init__(self, path: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Create the directory if needed and check it.

        Raises ``OSError`` if it cannot be created or written, and ``UntrustedPathError`` if it is not private.
        """
        try:
            self.path = Path(path).expanduser().absolute()
        except RuntimeError as error:
            raise UntrustedPathError(f"the home directory in {path} is unknown") from error
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
        """Return the same directory for check mode, which neither replaces nor removes files."""
        other = copy.copy(self)
        other._is_kept_as_it_is = True
        return other

    def read(self, name: str) -> bytes | None:
        """Return the content of the file, ``None`` if it is missing.

        Raises ``UntrustedPathError`` if it is not private.
        """
        try:
            descriptor = self._open(name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Replace the file atomically, so that a reader sees either the old or the new content."""
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
        """Remove the file and return whether it existed."""
        if self._is_kept_as_it_is:
            return os.path.lexists(self._path(name))
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def lock_flaw(self) -> str:
        """Return why files in this directory cannot be locked, an empty text if they can."""
        try:
            with self.locked("probe", seconds=0):
                return ""
        except HeldError:
            # Another process holds the lock, so locking works.
            return ""
        except UnusableError as error:
            return str(error)

    @contextlib.contextmanager
    def locked(self, name: str, *, seconds: float = STATE_LOCK_SECONDS, pid_at: int | None = None) -> Iterator[int]:
        """Hold the exclusive lock of the file ``name`` and yield its descriptor, which can be read and written.

        The file describes the holder of the lock and is removed with the lock. A file with other contents stays, and
        has ``PID_BYTES`` at ``pid_at`` for the process ID. The kernel releases the lock of a process that dies.
        Raises ``HeldError`` if another process holds it for longer than ``seconds``; 0 tries once. Raises
        ``NoLockError`` if files cannot be locked, and ``UntrustedPathError`` for a file that is not private.
        """
        descriptor = self._acquire(name, seconds, pid_at)
        try:
            yield descriptor
        finally:
            if pid_at is None:
                # Before the lock is released: a waiting process sees that the file is gone and opens a new one.
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
        """Return whether the open file is still the one with this name."""
        try:
            found = self._path(name).lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), found)

    def _read_holder(self, descriptor: int, pid_at: int | None) -> str:
        text = _holder_in(descriptor, pid_at)
        if not text:
            # The holder may have acquired the lock a moment ago.
            self._nap(LOCK_POLL_SECONDS)
            text = _holder_in(descriptor, pid_at)
        return text

    def _open(self, name: str, flags: int) -> int:
        try:
            descriptor = open_regular(self._path(name), flags | os.O_NOFOLLOW)
        except NotRegularError as error:
            raise UntrustedPathError(f"{self._path(name)} is not a regular file") from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise UntrustedPathError(f"{self._path(name)} is a symbolic link") from error
            raise
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            os.close(descriptor)
            raise UntrustedPathError(f"{self._path(name)} must belong to you and have mode 0600")
        return descriptor

    def _path(self, name: str) -> Path:
        return self.path / name


def holder() -> str:
    """Return a description of this process for other processes that wait for its lock."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    # AWX sets this to the ID of its job.
    job = os.environ.get("JOB_ID", "")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user ID that has no name
        user = str(os.getuid())
    process = f"process {os.getpid()} of {user} on {socket.gethostname()}, since {now}"
    return f"{process}, job {job}" if job else process


def _write_holder(descriptor: int, pid_at: int | None) -> None:
    content = (
        _PID.pack(os.getpid())
        if pid_at is not None
        else holder().encode(errors="replace")[:HOLDER_BYTES].ljust(HOLDER_BYTES)
    )
    # On a full disk the lock still works, only without a description of its holder.
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, content, pid_at or 0)


def _holder_in(descriptor: int, pid_at: int | None) -> str:
    if pid_at is None:
        return os.pread(descriptor, HOLDER_BYTES, 0).decode(errors="replace").strip(" \0")
    content = os.pread(descriptor, PID_BYTES, pid_at)
    return f"process {_PID.unpack(content)[0]}" if len(content) == PID_BYTES else ""


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- ownership and modes ----------------------------------------------------------------------------------------------


def _check_own(path: Path) -> None:
    """Raise ``UntrustedPathError`` for anything but a directory of this user that no other user can open."""
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        raise UntrustedPathError(f"{path} is not a directory")
    if found.st_uid != os.geteuid():
        raise UntrustedPathError(f"{path} belongs to user {found.st_uid}")
    if mode & 0o077:
        raise UntrustedPathError(
            f"other users can open {path}, mode {mode:04o}; use a new directory below it, or run chmod 0700 {path} if "
            f"nothing else uses it"
        )


def _make_folders(path: Path) -> None:
    """Check all directories of a path, and create the missing ones with mode 0700.

    Symbolic links are followed one by one. A user who can write to one of these directories could replace the next one,
    and the owner of a link could change its target.
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
            f"other users can write to its parent directory {path}, mode {mode:04o}; run chmod go-w {path}, or choose "
            f"another directory"
        )


def _check_owner(path: Path) -> None:
    found = path.lstat()
    # In containers, home directories belong to a fixed user and to the group root, of which every user is a member.
    is_of_container = found.st_gid == ROOT and ROOT in {os.getegid(), *os.getgroups()}
    if found.st_uid not in {ROOT, os.geteuid(), OUTSIDER} and not is_of_container:
        raise UntrustedPathError(f"its parent directory {path} belongs to user {found.st_uid}")


def _is_own_group(group_id: int) -> bool:
    """Return whether this user and root are the only members of a group."""
    if group_id == ROOT:
        return True
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(group_id)
    except KeyError:
        return False
    return user.pw_gid == group_id and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
