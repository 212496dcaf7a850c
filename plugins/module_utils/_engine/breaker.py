# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops the work on many subjects when further requests would fail too. Private to the collection."""

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

#: The service asks for a pause: requests for other subjects would be refused as well.
PAUSES = (RateLimitError, PausedError)
#: Requests for all other subjects would fail in the same way.
HOPELESS = (SignInError, UnauthorizedError, UnreachableError, BusyRequestError)
#: Failures of a service outage. A single one may concern only its subject, many in a row do not.
OUTAGES = (ServerError, LostAnswerError, UnreadableAnswerError)
TROUBLE = (*OUTAGES, *PAUSES, *HOPELESS)
MOST_OUTAGES_IN_A_ROW = 50


class CircuitBreaker:
    """Decides by the failures so far whether the remaining subjects are tried; when it is open, they are not.

    With ``stops_on_error`` the first failure opens it. ``called`` returns the name of an option in messages. It is open
    whenever its ``parent`` is open. Threads may share it.
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
        #: Whether the service currently answers no requests.
        self.is_silent = False

    @property
    def open_reason(self) -> SkipReason | None:
        """Why no further subject is tried, ``None`` while the breaker is closed."""
        return (self._parent.open_reason if self._parent is not None else None) or self._reason

    def branch(self) -> CircuitBreaker:
        """Return a breaker for some of the subjects, whose failures do not affect the others."""
        return CircuitBreaker(stops_on_error=self._stops_on_error, called=self._called, parent=self)

    def learn(self, subject: str, error: TallyfyError | None) -> SkipReason | None:
        """Take the outcome of a step of ``subject`` into account; return why the subject itself has to wait."""
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
                    f"Not tried: {self._outages} requests in a row have failed. The last error: {error}"
                )
            elif self._stops_on_error:
                self._reason = SkipReason(f"Not tried: {subject} failed and {self._called('on_error')}=stop.")
        return None

    def _count_outage(self, error: TallyfyError | None) -> None:
        if not isinstance(error, OUTAGES):
            self._outages = 0
        elif error is not self._latest_outage:
            # All members of a group share its error, which counts once.
            self._outages += 1
            self._latest_outage = error
