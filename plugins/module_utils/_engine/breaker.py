# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the work on many subjects must stop, because it would only fail again. Private to the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    BusyRequestError,
    LostAnswerError,
    PausedError,
    RateLimitError,
    ServerError,
    SignInError,
    TallyfyError,
    UnauthorizedError,
    UnreachableError,
    UnreadableAnswerError,
)

#: The service wants to hear nothing before a certain time: nobody else would fare better now.
PAUSES = (RateLimitError, PausedError)
#: What would fail for everybody else in the same way.
HOPELESS = (SignInError, UnauthorizedError, UnreachableError, BusyRequestError)
#: What a service that is out of order answers. One of them may be one subject's bad luck; so many in a row are not.
OUTAGES = (ServerError, LostAnswerError, UnreadableAnswerError)
TROUBLE = (*OUTAGES, *PAUSES, *HOPELESS)
MOST_OUTAGES_IN_A_ROW = 50


@dataclass(frozen=True)
class Halt:
    """Why steps that were planned have not been tried. ``is_deferred`` when nothing but time or seats is lacking."""

    reason: str
    is_deferred: bool = False
    not_before: str | None = None


class Brakes:
    """What failures so far mean for the subjects that have not had their turn. Threads may share it.

    ``goes_on`` tells whether one subject's failure leaves the others alone, ``called`` how people call an option.
    """

    def __init__(self, *, goes_on: bool = True, called: Callable[[str], str] = str) -> None:
        self.goes_on = goes_on
        self._called = called
        self._lock = threading.Lock()
        self._outages = 0
        self._latest_outage: TallyfyError | None = None
        #: Why nothing else is tried, ``None`` while it goes on.
        self.stop: Halt | None = None
        #: Whether the service is known to answer nobody for now.
        self.is_silent = False

    def learn(self, subject: str, error: TallyfyError | None) -> Halt | None:
        """Draw the conclusions from how a step of ``subject`` ended; return the halt of the subject itself, if any."""
        with self._lock:
            self._count_outage(error)
            if error is None:
                return None
            if isinstance(error, PAUSES):
                not_before = str(error.facts.get("not_before"))
                self.is_silent = True
                self.stop = Halt(f"Deferred until {not_before}: {error}", True, not_before)
                return self.stop
            if self.stop is not None:
                return None
            if isinstance(error, HOPELESS):
                self.is_silent = True
                self.stop = Halt(f"Not tried, because it would fail in the same way: {error}")
            elif self._outages >= MOST_OUTAGES_IN_A_ROW:
                self.is_silent = True
                self.stop = Halt(f"Not tried: {self._outages} requests in a row have failed, the last one so: {error}")
            elif not self.goes_on:
                self.stop = Halt(f"Not tried: {self._called('on_error')}=stop, and {subject} failed.")
        return None

    def _count_outage(self, error: TallyfyError | None) -> None:
        if not isinstance(error, OUTAGES):
            self._outages = 0
        elif error is not self._latest_outage:
            # One refusal of a group is all its members' error, and still one.
            self._outages += 1
            self._latest_outage = error
