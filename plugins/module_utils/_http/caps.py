# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of requests that the service refuses for a while, such as guest invitations. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from urllib.parse import urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
)

# The longest known cap of the service is one day; one that ends later was written while the clock was wrong.
LONGEST_CAP_SECONDS = 86400.0
# The names of routes; every other segment of a path is an ID or an address.
_WORD = re.compile(r"[a-z]+([-_][a-z]+)*")


@dataclass(frozen=True)
class Cap:
    """Until when (epoch seconds) requests of a kind are refused, and the text of the refusal."""

    until: float
    text: str
    code: str | None = None


class Caps:
    """Remembers which requests the service refuses for a while, by method and route without IDs.

    With a directory, all processes with the same ``scope`` share the caps.
    """

    def __init__(
        self,
        *,
        directory: PrivateDirectory | None = None,
        scope: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._name = "caps-" + _digest(scope)[:24]
        self._now = now
        self._own: dict[str, Cap] = {}

    def find(self, method: str, url: str) -> Cap | None:
        """Return the cap that applies to such a request now."""
        kind = _digest(kind_of(method, url))
        return self._lasting({**self._read(), **self._own}).get(kind)

    def add(self, method: str, url: str, seconds: float, text: str, code: str | None = None) -> None:
        """Remember a refusal for ``seconds``; if it cannot be written, only this process remembers it.

        Other processes then send a request that is refused in the same way.
        """
        cap = Cap(self._now() + min(seconds, LONGEST_CAP_SECONDS), text, code)
        self._own[_digest(kind_of(method, url))] = cap
        directory, lock = self._directory, f"{self._name}.lock"
        if directory is None:
            return
        with contextlib.suppress(OSError, UnusableError, HeldError), directory.locked(lock):
            caps = self._lasting({**self._read(), **self._own})
            directory.write(self._name, json.dumps({kind: astuple(kept) for kind, kept in caps.items()}).encode())

    def _lasting(self, caps: dict[str, Cap]) -> dict[str, Cap]:
        now = self._now()
        return {kind: cap for kind, cap in caps.items() if now < cap.until <= now + LONGEST_CAP_SECONDS}

    def _read(self) -> dict[str, Cap]:
        if self._directory is None:
            return {}
        try:
            caps = json.loads(self._directory.read(self._name) or b"{}")
            return {
                kind: Cap(float(until), str(text), code and str(code)) for kind, (until, text, code) in caps.items()
            }
        except (OSError, UnusableError, ValueError, TypeError, AttributeError, RecursionError):
            return {}


def kind_of(method: str, url: str) -> str:
    """Return the kind of a request: ``POST /organizations/*/guests``, with a star for each ID or address."""
    segments = urlsplit(url).path.split("/")
    return f"{method} " + "/".join("*" if segment and not _WORD.fullmatch(segment) else segment for segment in segments)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
