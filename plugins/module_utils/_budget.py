# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast and how long: the request budget of a controller, and what one task may wait. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from array import array
from collections.abc import Callable
from functools import partial

from ansible_collections.tallyfy.platform.plugins.module_utils._private_files import (
    PrivateDirectory,
    UntrustedPathError,
)

# The service counts a rolling minute by its own clock; half a second covers what the way there adds and takes.
WINDOW_SECONDS = 60.5
# A longer pause was written under a wrong clock; at worst the service asks for it once more.
LONGEST_PAUSE_SECONDS = 3600.0
# The service counts in whole seconds, so the pauses that two tasks were asked for may differ by one.
SHORT_PAUSE_SECONDS = 1.0


class PauseTooLongError(Exception):
    """The service wants to hear nothing before ``until`` (epoch seconds), and the task may not wait for so long."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class WaitAllowance:
    """The seconds that one task may spend waiting, shared by all its threads, and how many requests it has sent.

    Threads that wait at the same time wait once: it is the task's time that is counted.
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
        """Allow the full time again and count from the beginning, for the next item of a loop."""
        with self._lock:
            self.requests = 0
            self._left = self._seconds
            self._waiting_until.clear()

    def reserve(self, seconds: float) -> bool:
        """Count ``seconds`` as waited and return true; return false when the allowance does not reach."""
        with self._lock:
            now = self._clock()
            cost = self._cost(now, seconds)
            if cost > self._left:
                return False
            self._left -= cost
            self._waiting_until.append(now + seconds)
            return True

    def reaches(self, seconds: float) -> bool:
        """Return whether ``reserve`` would count so many seconds."""
        with self._lock:
            return self._cost(self._clock(), seconds) <= self._left

    def _cost(self, now: float, seconds: float) -> float:
        # What another thread waits for anyhow costs nothing.
        self._waiting_until = [end for end in self._waiting_until if end > now]
        return max(0.0, now + seconds - max([now, *self._waiting_until]))

    def count_requests(self, count: int = 1) -> None:
        """Count the requests that go out; a negative number takes back what did not."""
        with self._lock:
            self.requests += count

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` that have been reserved."""
        self._sleep(seconds)

    def wait(self, seconds: float) -> bool:
        """Wait and return true; return false at once when the allowance does not reach."""
        if not self.reserve(seconds):
            return False
        self.sleep(seconds)
        return True


class Schedule:
    """When the requests of the last minute went out and the next may go: pure arithmetic on epoch seconds."""

    def __init__(self, per_minute: int, sent: list[float], paused_until: float = 0.0) -> None:
        self.per_minute = per_minute
        self.sent = sent
        self.paused_until = paused_until

    def reserve(self, now: float, count: int = 1) -> float:
        """Book ``count`` requests for the next moment at which all of them are free to go, and return it.

        No more than ``per_minute`` bookings ever lie within one window, unless ``count`` alone is more. Moments ahead
        of ``now`` are bookings of others who are still waiting, so that everybody gets a turn in the order of asking.
        """
        self._settle(now)
        moment = max(now, self.paused_until)
        # Where not even an empty window has room for all, they have the window to themselves.
        last_out = max(1, self.per_minute - count + 1)
        if self.per_minute and len(self.sent) >= last_out:
            moment = max(moment, self.sent[-last_out] + WINDOW_SECONDS)
        # Without a budget nobody asks when the others went out, and the list would only grow.
        self.sent += [moment] * (count if self.per_minute else 0)
        return moment

    def confirm(self, now: float, moment: float, count: int = 1) -> float:
        """Return ``moment``, or a later one when the service has asked for a pause since it was booked."""
        self._settle(now)
        return moment if moment >= self.paused_until else self.reserve(now, count)

    def pause(self, now: float, seconds: float) -> float:
        """Let nothing go out for ``seconds`` and return when that ends."""
        self._settle(now)
        self.paused_until = max(self.paused_until, now + seconds)
        return self.paused_until

    def pause_left(self, now: float) -> float:
        """Return for how long nothing may go out."""
        self._settle(now)
        return max(0.0, self.paused_until - now)

    def _settle(self, now: float) -> None:
        """Drop what has left the window, and what only a wrong clock or a damaged file can have brought."""
        if not self.paused_until <= now + LONGEST_PAUSE_SECONDS:
            self.paused_until = 0.0
        recent = [moment for moment in self.sent if moment > now - WINDOW_SECONDS]
        # As many bookings as the rate allows lie in each window from here on, so none can be further ahead than this.
        start, rate = max(now, self.paused_until), max(1, self.per_minute)
        self.sent = [
            moment for place, moment in enumerate(recent) if moment <= start + WINDOW_SECONDS * (place // rate + 1)
        ]

    @classmethod
    def unpacked(cls, per_minute: int, content: bytes) -> Schedule:
        """Read what ``packed`` wrote; anything else counts as empty."""
        numbers = array("d")
        if len(content) % numbers.itemsize == 0:
            numbers.frombytes(content)
        paused_until, *sent = numbers.tolist() or [0.0]
        return cls(per_minute, sorted(sent), paused_until)

    def packed(self) -> bytes:
        """Return the schedule as bytes: the end of the pause, then one number a request."""
        return array("d", [self.paused_until, *self.sent]).tobytes()


class RequestBudget:
    """At most so many requests a minute, and none before the service wants to hear from us again.

    With a directory the budget is shared by all processes that use the same ``scope``; without one it holds for this
    process. A rate of 0 means no budget, yet pauses are kept.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        directory: PrivateDirectory | None = None,
        scope: str = "",
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._directory = directory
        self._name = "budget-" + hashlib.sha256(scope.encode()).hexdigest()[:24]
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._schedule = Schedule(per_minute, [])

    def take(self, allowance: WaitAllowance, count: int = 1) -> None:
        """Wait until the next ``count`` requests may go out one right after the other.

        A pause counts for ``allowance``, the pace does not. Raises ``PauseTooLongError`` at once when the allowance
        does not reach.
        """
        moment = self._update(partial(self._reserve, allowance=allowance, count=count))
        allowance.count_requests(count)
        while True:
            wait = moment - self._now()
            if wait <= 0:
                return
            self._sleep(wait)
            moment = self._update(partial(self._confirm, moment=moment, allowance=allowance, count=count))

    def _reserve(self, schedule: Schedule, *, allowance: WaitAllowance, count: int) -> float:
        now = self._now()
        self._charge(schedule, now, allowance)
        return schedule.reserve(now, count)

    def _confirm(self, schedule: Schedule, *, moment: float, allowance: WaitAllowance, count: int) -> float:
        # Somebody may have been told to pause while we slept; then all who waited queue up again.
        now = self._now()
        if moment < schedule.paused_until:
            self._charge(schedule, now, allowance)
        return schedule.confirm(now, moment, count)

    @staticmethod
    def _charge(schedule: Schedule, now: float, allowance: WaitAllowance) -> None:
        pause = schedule.pause_left(now)
        if pause > SHORT_PAUSE_SECONDS and not allowance.reserve(pause):
            raise PauseTooLongError(schedule.paused_until)

    def pause(self, seconds: float) -> None:
        """Let nobody send anything for ``seconds``, as the service asked."""
        self._update(lambda schedule: schedule.pause(self._now(), seconds))

    def _update(self, change: Callable[[Schedule], float]) -> float:
        with self._lock:
            if self._directory is None:
                return change(self._schedule)
            try:
                with self._directory.locked(self._name) as descriptor:
                    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
                    schedule = Schedule.unpacked(self._per_minute, content)
                    result = change(schedule)
                    packed = schedule.packed()
                    if packed != content:
                        os.pwrite(descriptor, packed, 0)
                        os.ftruncate(descriptor, len(packed))
                    return result
            except (OSError, UntrustedPathError):
                # A full or vanished disk must not stop the work: go on with a budget of this process alone.
                self._directory = None
                return change(self._schedule)
