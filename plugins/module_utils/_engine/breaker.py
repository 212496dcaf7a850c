# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the work on many subjects must stop, because it would only fail again. Private to the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable

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

from .plan import SkipReason

#: The service wants to hear nothing before a certain time: nobody else would fare better now.
PAUSES = (RateLimitError, PausedError)
#: What would fail for everybody else in the same way.
HOPELESS = (SignInError, UnauthorizedError, UnreachableError, BusyRequestError)
#: What a service that is out of order answers. One of them may be one subject's bad luck; so many in a row are not.
OUTAGES = (ServerError, LostAnswerError, UnreadableAnswerError)
TROUBLE = (*OUTAGES, *PAUSES, *HOPELESS)
MOST_OUTAGES_IN_A_ROW = 50


class CircuitBreaker:
    """What failures so far mean for the subjects that have not had their turn: it opens when none is to be tried.

    With ``stops_on_error`` the first failure opens it. ``called`` is how people call an option. Where the ``parent`` is
    open, it is open as well. Threads may share it.
    """

    def __init__(
        self,
        *,
        stops_on_error: bool = False,
        called: Callable[[str], str] = str,
        parent: CircuitBreaker | None = None,
    ) -> None:
        self._stops_on_error = stops_on_error
        self._called = called
        self._parent = parent
        self._lock = threading.Lock()
        self._outages = 0
        self._latest_outage: TallyfyError | None = None
        self._reason: SkipReason | None = None
        #: Whether the service is known to answer nobody for now.
        self.is_silent = False

    @property
    def open_reason(self) -> SkipReason | None:
        """Why nothing else is to be tried, ``None`` while it is closed."""
        return (self._parent.open_reason if self._parent is not None else None) or self._reason

    def branch(self) -> CircuitBreaker:
        """Return a breaker for some of the subjects, whose failures are none of the others' business."""
        return CircuitBreaker(stops_on_error=self._stops_on_error, called=self._called, parent=self)

    def learn(self, subject: str, error: TallyfyError | None) -> SkipReason | None:
        """Draw the conclusions from how a step of ``subject`` ended; return why the subject itself has to wait."""
        with self._lock:
            self._count_outage(error)
            if error is None:
                return None
            if isinstance(error, PAUSES):
                not_before = str(error.facts.get("not_before"))
                self.is_silent = True
                self._reason = SkipReason(f"Deferred until {not_before}: {error}", True, not_before)
                return self._reason
            if self._reason is not None:
                return None
            if isinstance(error, HOPELESS):
                self.is_silent = True
                self._reason = SkipReason(f"Not tried, because it would fail in the same way: {error}")
            elif self._outages >= MOST_OUTAGES_IN_A_ROW:
                self.is_silent = True
                self._reason = SkipReason(
                    f"Not tried: {self._outages} requests in a row have failed, the last one so: {error}"
                )
            elif self._stops_on_error:
                self._reason = SkipReason(f"Not tried: {self._called('on_error')}=stop, and {subject} failed.")
        return None

    def _count_outage(self, error: TallyfyError | None) -> None:
        if not isinstance(error, OUTAGES):
            self._outages = 0
        elif error is not self._latest_outage:
            # One refusal of a group is all its members' error, and still one.
            self._outages += 1
            self._latest_outage = error
