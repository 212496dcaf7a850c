# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all processes of a controller remember for a while. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable

from ansible_collections.tallyfy.platform.plugins.module_utils._private_files import (
    PrivateDirectory,
    UntrustedPathError,
)

LOCK_SECONDS = 10.0


class Marks:
    """Remembers texts by their digests for so many seconds; without a directory nothing."""

    def __init__(self, directory: PrivateDirectory | None, name: str, seconds: float) -> None:
        self.seconds = seconds
        self._directory = directory
        self._name = name

    def since(self, text: str, now: float) -> float | None:
        """Return when the text was remembered last, ``None`` when it is not known or too long ago."""
        return self._read(now).get(_digest(text))

    def known(self, texts: Iterable[str], now: float) -> list[str]:
        """Return those of the texts that are remembered; where nothing is, they are not even looked at."""
        marks = self._read(now)
        return [text for text in texts if _digest(text) in marks] if marks else []

    def add(self, text: str, now: float) -> None:
        """Remember the text; a full or read-only disk remembers nothing."""
        self._change(lambda marks: {**marks, _digest(text): now}, now)

    def drop(self, text: str, now: float) -> None:
        """Forget the text."""
        self._change(lambda marks: {mark: at for mark, at in marks.items() if mark != _digest(text)}, now)

    def _change(self, change: Callable[[dict[str, float]], dict[str, float]], now: float) -> None:
        if self._directory is None:
            return
        lock = f"{self._name}.lock"
        with contextlib.suppress(OSError, UntrustedPathError), self._directory.locked(lock, seconds=LOCK_SECONDS):
            self._directory.write(self._name, json.dumps(change(self._read(now))).encode())

    def _read(self, now: float) -> dict[str, float]:
        if self._directory is None:
            return {}
        try:
            marks = json.loads(self._directory.read(self._name) or b"{}")
            return {mark: float(at) for mark, at in marks.items() if now - at < self.seconds}
        except (OSError, UntrustedPathError, ValueError, TypeError, AttributeError):
            return {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
