# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks between the tasks of one controller. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError, StateDirError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
)


class Locks:
    """The locks of a task in ``state_dir``.

    ``state_flaw`` is the reason why there is no directory. Check mode has neither a directory nor a flaw.
    """

    def __init__(self, connection: Connection, directory: PrivateDirectory | None, state_flaw: str) -> None:
        self._connection = connection
        self._directory = directory
        self._state_flaw = state_flaw
        self._flaw: str | None = None

    @contextlib.contextmanager
    def alone(self, subject: str, has_written: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock of ``subject``; see ``Client.alone``. ``has_written`` is for the message of a failure."""
        if self._state_flaw:
            raise self._no_locks(self._state_flaw)
        with contextlib.ExitStack() as stack:
            if self._directory is not None:
                self._enter(stack, self._directory, subject, has_written)
            yield

    def _enter(
        self,
        stack: contextlib.ExitStack,
        directory: PrivateDirectory,
        subject: str,
        has_written: Callable[[], bool],
    ) -> None:
        seconds = self._connection.max_wait
        try:
            stack.enter_context(directory.locked(self._lock_name(subject), seconds=seconds))
        except HeldError as error:
            undone = "This was not written" if has_written() else "Nothing was written"
            raise BusyError(
                f"Another run has been at work on {subject} for longer than max_wait ({seconds:g} s): "
                f"{error.holder or 'an unknown process'}. {undone}. Wait until that run has ended, or allow a longer "
                f"max_wait.",
                holder=error.holder,
            ) from None
        except UnusableError as error:
            raise self._no_locks(str(error)) from error

    def require(self) -> None:
        """Raise ``StateDirError`` if locking in ``state_dir`` is not possible; call it before the first write."""
        if self.flaw:
            raise self._no_locks(self.flaw)

    @property
    def flaw(self) -> str:
        """Why locking in ``state_dir`` is not possible; an empty text if it is possible, and in check mode."""
        if self._flaw is None:
            self._flaw = self._state_flaw if self._directory is None else self._directory.lock_flaw()
        return self._flaw

    def _no_locks(self, flaw: str) -> StateDirError:
        return StateDirError(self._connection.state_dir, flaw)

    def _lock_name(self, subject: str) -> str:
        scope = f"{self._connection.api_url}\n{subject}"
        return "lock-" + hashlib.sha256(scope.encode(errors="replace")).hexdigest()[:24]
