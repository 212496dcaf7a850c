# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that all processes of a controller remember for a limited time. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError, StateDirError, TallyfyError

from .private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
    reason_of,
)


class Marks:
    """Remembers digests of texts for a number of seconds; without a directory it remembers nothing.

    Marks keep tasks from doing something twice, so a failure to read or add one is an error. A failure to drop one is
    ignored. Raises ``StateDirError``, and ``BusyError`` if a process that hangs holds the lock.
    """

    def __init__(self, directory: PrivateDirectory | None, name: str, seconds: float) -> None:
        self.seconds = seconds
        self._directory = directory
        self._name = name

    def since(self, text: str, now: float) -> float | None:
        """Return when the text was last remembered, ``None`` if it is unknown or has expired."""
        return self._read(now).get(_digest(text))

    def known(self, texts: Iterable[str], now: float) -> list[str]:
        """Return the texts that are remembered; without any marks, ``texts`` is not iterated."""
        marks = self._read(now)
        return [text for text in texts if _digest(text) in marks] if marks else []

    def add(self, text: str, now: float) -> None:
        """Remember the text."""
        self._change(lambda marks: {**marks, _digest(text): now}, now)

    def drop(self, text: str, now: float) -> None:
        """Forget the text; if that fails, another task reads or waits once more than necessary."""
        with contextlib.suppress(TallyfyError):
            self._change(lambda marks: {mark: at for mark, at in marks.items() if mark != _digest(text)}, now)

    def _change(self, change: Callable[[dict[str, float]], dict[str, float]], now: float) -> None:
        if self._directory is None:
            return
        try:
            with self._directory.locked(f"{self._name}.lock"):
                self._directory.write(self._name, json.dumps(change(self._read(now))).encode())
        except HeldError as error:
            raise BusyError(
                f"{error}. End that process if it hangs, and run this again.", holder=error.holder
            ) from None
        except (OSError, UnusableError) as error:
            raise StateDirError(self._directory.path, f"{self._name}: {reason_of(error)}") from error

    def _read(self, now: float) -> dict[str, float]:
        if self._directory is None:
            return {}
        try:
            marks = json.loads(self._directory.read(self._name) or b"{}")
            return {mark: float(at) for mark, at in marks.items() if now - at < self.seconds}
        except (OSError, UnusableError) as error:
            raise StateDirError(self._directory.path, f"{self._name}: {reason_of(error)}") from error
        except (ValueError, TypeError, AttributeError, RecursionError):
            # Files are replaced atomically, so this one was not written by the collection and holds no marks.
            return {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
