# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that one task may spend waiting. Private to the collection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class WaitAllowance:
    """The seconds that one task may spend waiting, and the number of requests it has sent. Threads share it.

    Concurrent waits of several threads count once, because the task waits only once.
    """

    def __init__(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.requests = 0
        self._seconds = float(seconds)
        self._left = self._seconds
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting_until: list[float] = []

    def renew(self) -> None:
        """Reset the time and the number of requests, for the next item of a loop."""
        with self._lock:
            self.requests = 0
            self._left = self._seconds
            self._waiting_until.clear()

    def reserve(self, seconds: float) -> bool:
        """Count ``seconds`` as waited and return true; return false if less time is left."""
        with self._lock:
            now = self._clock()
            cost = self._cost(now, seconds)
            if cost > self._left:
                return False
            self._left -= cost
            self._waiting_until.append(now + seconds)
            return True

    def reaches(self, seconds: float) -> bool:
        """Return whether ``reserve`` would return true."""
        with self._lock:
            return self._cost(self._clock(), seconds) <= self._left

    def _cost(self, now: float, seconds: float) -> float:
        # Time that another thread waits anyway costs nothing.
        self._waiting_until = [end for end in self._waiting_until if end > now]
        return max(0.0, now + seconds - max([now, *self._waiting_until]))

    def count_requests(self, count: int = 1) -> None:
        """Count requests that are sent; a negative number undoes the count of requests that were not."""
        with self._lock:
            self.requests += count

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` that are reserved."""
        self._sleep(seconds)

    def wait(self, seconds: float) -> bool:
        """Wait and return true; return false at once if less time is left."""
        if not self.reserve(seconds):
            return False
        self.sleep(seconds)
        return True
