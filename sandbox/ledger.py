# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The record of requests that tests count and read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

# Old entries fall out beyond this, so that a load run cannot fill the memory.
KEPT_ENTRIES = 200_000

SECRET_NAMES = frozenset(
    {"client_secret", "password", "refresh_token", "access_token", "code", "code_verifier", "current_password"}
)


@dataclass(slots=True)
class Entry:
    """One request as it arrived, and the status it got; the body is parsed when somebody looks."""

    n: int
    at: float
    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    route: str
    write: bool
    connection: int
    organization: str | None = None
    token: str = "none"
    acting: str | None = None
    body: bytes = b""
    content_type: str = ""
    status: int | None = None
    fault: int | None = None
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "raw_path": self.raw_path,
            "query": {key: "***" if key in SECRET_NAMES else value for key, value in self.query.items()},
            "status": self.status,
            "route": self.route,
            "write": self.write,
            "token": self.token,
            "acting": self.acting,
            "organization": self.organization,
            "body": _parsed(self.body, self.content_type),
            "warnings": self.warnings,
            "connection": self.connection,
            "fault": self.fault,
        }


class Ledger:
    """Every request of the API since the last time it was emptied; the control plane is never in it."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._count = 0

    def next_number(self) -> int:
        self._count += 1
        return self._count

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()
        self._count = 0

    def find(
        self, *, method: str | None = None, route: str | None = None, since: int = 0, write: bool | None = None
    ) -> list[dict[str, Any]]:
        """Return the entries that match all filters; ``since`` leaves out numbers up to and including it."""
        return [
            entry.as_dict()
            for entry in self._entries
            if entry.n > since
            and (method is None or entry.method == method.upper())
            and (route is None or entry.route == route)
            and (write is None or entry.write == write)
        ]


def _parsed(body: bytes, content_type: str) -> Any:
    if not body:
        return None
    if "form-urlencoded" in content_type:
        return _masked(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    try:
        return _masked(orjson.loads(body))
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "***" if key in SECRET_NAMES else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value
