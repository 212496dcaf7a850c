# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The record of what the service would tell the world: webhooks it fired, mails it sent. Nothing leaves the sandbox."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

# Old entries fall out beyond this, so that a load run cannot fill the memory.
KEPT_EVENTS = 200_000


@dataclass(slots=True)
class Event:
    """One thing that happened, and whom it was told to."""

    n: int
    at: float
    event: str
    organization: str
    run_id: str | None = None
    task_id: str | None = None
    acting: str | None = None
    # The URLs that a webhook was posted to, and the addresses that got a mail.
    webhooks: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)


class Events:
    """Every event since the last time the record was emptied."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._count = 0

    def add(self, event: str, organization: str, at: float, **details: Any) -> None:
        self._count += 1
        self._events.append(Event(self._count, at, event, organization, **details))

    def clear(self) -> None:
        self._events.clear()
        self._count = 0

    def find(
        self, *, event: str | None = None, run: str | None = None, task: str | None = None, since: int = 0
    ) -> list[dict[str, Any]]:
        """Return the events that match all filters; ``since`` leaves out numbers up to and including it."""
        return [
            asdict(one)
            for one in self._events
            if one.n > since
            and (event is None or one.event == event)
            and (run is None or one.run_id == run)
            and (task is None or one.task_id == task)
        ]
