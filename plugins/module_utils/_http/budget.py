# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast and how long: the request budget of a controller, and what one task may wait. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import struct
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial
from typing import Protocol, TypeVar

from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    PID_BYTES,
    STATE_LOCK_SECONDS,
    HeldError,
    PrivateDirectory,
    UnusableError,
)

# The service counts a rolling minute by its own clock; half a second covers what the way there adds and takes.
WINDOW_SECONDS = 60.5
# A longer pause was written under a wrong clock; at worst the service asks for it once more.
LONGEST_PAUSE_SECONDS = 3600.0
# The service counts in whole seconds, so the pauses that two tasks were asked for may differ by one.
SHORT_PAUSE_SECONDS = 1.0
# As many bookings as the ring remembers. A higher rate counts as this one, which is 540 requests a second.
MOST_PER_MINUTE = 32768
# For how long a limit is kept unless the service tells it again: it may be raised, or somebody else used it up.
LEARNED_SECONDS = 3600.0
# What others use up is theirs until it is told anew, which happens once a window at the latest.
SHARE_SECONDS = 2 * WINDOW_SECONDS
# A refusal without a number may be due to what others sent; that is no reason to crawl, nor to go by it for long.
LEAST_GUESS_PER_MINUTE = 60
GUESSED_SECONDS = 600.0

_SLOT = struct.Struct("<d")
_FIELDS = struct.Struct("<QQdddQdQdQd")
_SEAL = struct.Struct("<4sI")
_MARK = b"tfy3"
_HEADER_BYTES = _SEAL.size + _FIELDS.size
#: Behind the header stands who has the file locked, and behind that the slots.
_SLOTS_AT = _HEADER_BYTES + PID_BYTES

_Result = TypeVar("_Result")


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


class Slots(Protocol):
    """Where the moments of the bookings are kept, by their places in the ring."""

    def __getitem__(self, place: int) -> float: ...

    def __setitem__(self, place: int, moment: float) -> None: ...


@dataclass(frozen=True)
class Limits:
    """What an answer told about the pace: how many requests a minute are taken, and how many of them are left.

    ``is_refusal`` when the request was refused for the sake of the pace.
    """

    limit: int | None = None
    remaining: int | None = None
    is_refusal: bool = False


@dataclass(frozen=True)
class Booking:
    """So many requests that go out at one moment; ``number`` is that of the first of them."""

    moment: float
    number: int
    count: int = 1


@dataclass
class State:
    """What is known beside the bookings themselves. Moments are epoch seconds.

    ``written`` is the clock at the last booking. Bookings are numbered from 0; those before ``first`` do not count, and
    ``latest`` is the latest moment of the others. ``learned`` is the limit that the service told, ``share`` what it has
    left for us while others use it up, too. ``refused`` is how many requests it refused since ``refused_since``.
    """

    booked: int = 0
    first: int = 0
    latest: float = 0.0
    written: float = 0.0
    paused_until: float = 0.0
    learned: int = 0
    learned_until: float = 0.0
    share: int = 0
    share_until: float = 0.0
    refused: int = 0
    refused_since: float = 0.0

    @classmethod
    def unpacked(cls, content: bytes) -> State:
        """Read what ``packed`` wrote; anything else counts as empty."""
        if len(content) != _HEADER_BYTES or content[: _SEAL.size] != _sealed(content[_SEAL.size :]):
            return cls()
        return cls(*_FIELDS.unpack_from(content, _SEAL.size))

    def packed(self) -> bytes:
        """Return the state as the first bytes of a file."""
        fields = _FIELDS.pack(*astuple(self))
        return _sealed(fields) + fields


class Schedule:
    """When requests went out and the next may go: pure arithmetic on epoch seconds.

    Slot ``n`` of the ring holds the latest moment of all bookings up to number ``n``. So one slot tells when all but
    the last so many bookings have left the window, whatever the rates of those who booked them.
    """

    def __init__(self, per_minute: int, state: State | None = None, slots: Slots | None = None) -> None:
        self.per_minute = min(per_minute, MOST_PER_MINUTE)
        self.state = state or State()
        self._slots: Slots = defaultdict(float) if slots is None else slots

    def rate(self, now: float) -> int:
        """Return how many requests a minute may go out now; 0 when there is no budget."""
        state = self.state
        told = ((state.learned, state.learned_until), (state.share, state.share_until))
        return min([self.per_minute, *(limit for limit, until in told if now < until)])

    def reserve(self, now: float, count: int = 1) -> Booking:
        """Book ``count`` requests for the next moment at which all of them are free to go.

        No window that a booking lies in ever holds more of the earlier ones than its own rate allows, unless ``count``
        alone is more. Moments ahead of ``now`` are bookings of others who are still waiting, so that everybody gets a
        turn in the order of asking.
        """
        self._settle(now)
        state = self.state
        moment = max(now, state.paused_until)
        # Without a budget nobody asks when the others went out.
        if not self.per_minute:
            return Booking(moment, state.booked, count)
        booking = Booking(max(moment, self._free(now, state.booked, count)), state.booked, count)
        state.latest = max(state.latest, booking.moment)
        for number in range(state.booked, state.booked + count):
            self._slots[number % MOST_PER_MINUTE] = state.latest
        state.booked += count
        state.written = now
        return booking

    def confirm(self, now: float, booking: Booking) -> Booking:
        """Return the booking, or a later one when there is a pause or a lower limit since it was made."""
        self._settle(now)
        is_good = booking.moment >= self.state.paused_until and (
            not self.per_minute or booking.moment >= self._free(now, booking.number, booking.count)
        )
        return booking if is_good else self.reserve(now, booking.count)

    def pause(self, now: float, seconds: float) -> float:
        """Let nothing go out for ``seconds`` and return when that ends."""
        self._settle(now)
        self.state.paused_until = max(self.state.paused_until, now + seconds)
        self.state.written = now
        return self.state.paused_until

    def pause_left(self, now: float) -> float:
        """Return for how long nothing may go out."""
        self._settle(now)
        return max(0.0, self.state.paused_until - now)

    def learn(self, now: float, limits: Limits) -> None:
        """Take a limit that the service told, or showed by refusing a request, as long as nothing lower is known."""
        self._settle(now)
        state = self.state
        limit = self._shown(now, limits) if limits.is_refusal else limits.limit
        if limit is not None and (now >= state.learned_until or limit <= state.learned):
            seconds = LEARNED_SECONDS if limits.limit is not None else GUESSED_SECONDS
            state.learned, state.learned_until, state.written = limit, now + seconds, now
        if limits.remaining is not None and not limits.is_refusal:
            share = max(1, self._went_out(now) + limits.remaining)
            if share < self.rate(now) or (share == state.share and now < state.share_until):
                state.share, state.share_until, state.written = share, now + SHARE_SECONDS, now

    def _shown(self, now: float, limits: Limits) -> int | None:
        """Return the limit that a refusal shows: what went out and was not refused is what the service takes.

        After a few requests it shows none: what they were too much for is no pace, or others have used it up.
        """
        state = self.state
        if not now - WINDOW_SECONDS < state.refused_since <= now:
            state.refused, state.refused_since = 0, now
        state.refused += 1
        guess = self._went_out(now) - state.refused
        return limits.limit or (guess if guess >= LEAST_GUESS_PER_MINUTE else None)

    def _settle(self, now: float) -> None:
        """Drop what only a wrong clock can have brought."""
        state = self.state
        if now < state.written - WINDOW_SECONDS:
            state.first, state.latest, state.written = state.booked, 0.0, 0.0
            state.paused_until = state.learned_until = state.share_until = 0.0
        if state.paused_until > now + LONGEST_PAUSE_SECONDS:
            state.paused_until = 0.0

    def _free(self, now: float, number: int, count: int) -> float:
        """Return the earliest moment for bookings from ``number`` on, by the pace alone."""
        # Where not even an empty window has room for all, they have the window to themselves.
        return self._moment(number - 1 - max(0, self.rate(now) - count)) + WINDOW_SECONDS

    def _moment(self, number: int) -> float:
        """Return the latest moment of the bookings up to ``number``, minus infinity when nothing is known of them."""
        if number < max(self.state.first, self.state.booked - MOST_PER_MINUTE):
            return -math.inf
        moment = self._slots[number % MOST_PER_MINUTE]
        # Anything else is in a damaged file only.
        return moment if 0.0 <= moment <= self.state.latest else -math.inf

    def _went_out(self, now: float) -> int:
        """Return how many requests have gone out within the window that ends now."""
        return self._first_after(now) - self._first_after(now - WINDOW_SECONDS)

    def _first_after(self, moment: float) -> int:
        low, high = max(self.state.first, self.state.booked - MOST_PER_MINUTE), self.state.booked
        while low < high:
            middle = (low + high) // 2
            if self._moment(middle) > moment:
                high = middle
            else:
                low = middle + 1
        return low


class FileSlots:
    """The slots behind the state in an open file, which has holes where nothing was booked yet."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __getitem__(self, place: int) -> float:
        content = os.pread(self._descriptor, _SLOT.size, _SLOTS_AT + _SLOT.size * place)
        return float(_SLOT.unpack(content)[0]) if len(content) == _SLOT.size else 0.0

    def __setitem__(self, place: int, moment: float) -> None:
        os.pwrite(self._descriptor, _SLOT.pack(moment), _SLOTS_AT + _SLOT.size * place)


def _sealed(fields: bytes) -> bytes:
    """Return what tells a whole state from a damaged one."""
    return _SEAL.pack(_MARK, zlib.crc32(fields))


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
        self._schedule = Schedule(per_minute)
        #: For how long the next one waits for the lock of the file.
        self._patience = STATE_LOCK_SECONDS
        #: The pace, the limit that was learned and its end, as they were seen last.
        self._seen = (per_minute, 0, 0.0)

    def take(self, allowance: WaitAllowance, count: int = 1) -> None:
        """Wait until the next ``count`` requests may go out one right after the other.

        A pause counts for ``allowance``, the pace does not. Raises ``PauseTooLongError`` at once when the allowance
        does not reach, and ``HeldError`` when a process that hangs has the file of the budget locked.
        """
        booking = self._update(partial(self._reserve, allowance=allowance, count=count))
        allowance.count_requests(count)
        while True:
            wait = booking.moment - self._now()
            if wait <= 0:
                return
            self._sleep(wait)
            booking = self._update(partial(self._confirm, booking=booking, allowance=allowance))

    def _reserve(self, schedule: Schedule, *, allowance: WaitAllowance, count: int) -> Booking:
        now = self._now()
        self._charge(schedule, now, allowance)
        return schedule.reserve(now, count)

    def _confirm(self, schedule: Schedule, *, booking: Booking, allowance: WaitAllowance) -> Booking:
        # Somebody may have been told to pause while we slept; then all who waited queue up again.
        now = self._now()
        if booking.moment < schedule.state.paused_until:
            self._charge(schedule, now, allowance)
        return schedule.confirm(now, booking)

    @staticmethod
    def _charge(schedule: Schedule, now: float, allowance: WaitAllowance) -> None:
        pause = schedule.pause_left(now)
        if pause > SHORT_PAUSE_SECONDS and not allowance.reserve(pause):
            raise PauseTooLongError(schedule.state.paused_until)

    def pause(self, seconds: float) -> None:
        """Let nobody send anything for ``seconds``, as the service asked."""
        self._note(lambda schedule: schedule.pause(self._now(), seconds))

    def learn(self, limits: Limits) -> None:
        """Take a limit of the service into account, which may be lower than the rate of the task."""
        if self._per_minute and self._is_news(limits):
            self._note(lambda schedule: schedule.learn(self._now(), limits))

    def _is_news(self, limits: Limits) -> bool:
        """Return whether the answer may change the pace, so that most answers need no look into the file."""
        rate, learned, until = self._seen
        is_known = limits.limit is None or (limits.limit >= learned and until - self._now() > LEARNED_SECONDS / 2)
        is_enough = limits.remaining is None or limits.remaining >= rate
        return limits.is_refusal or not (is_known and is_enough)

    def _note(self, change: Callable[[Schedule], object]) -> None:
        """Change what an answer told; where that cannot be noted, the next refusal tells it again."""
        # What has been answered must not fail for want of a note.
        with contextlib.suppress(HeldError):
            self._update(change)

    def _update(self, change: Callable[[Schedule], _Result]) -> _Result:
        with self._lock:
            if self._directory is not None:
                try:
                    return self._update_file(self._directory, change)
                except HeldError:
                    # Whoever comes next must not wait for the same again.
                    self._patience = 0.0
                    raise
                except (OSError, UnusableError):
                    # A full or vanished disk must not stop the work: go on with a budget of this process alone.
                    self._directory = None
            return self._changed(self._schedule, change)

    def _update_file(self, directory: PrivateDirectory, change: Callable[[Schedule], _Result]) -> _Result:
        with directory.locked(self._name, seconds=self._patience, pid_at=_HEADER_BYTES) as descriptor:
            self._patience = STATE_LOCK_SECONDS
            content = os.pread(descriptor, _HEADER_BYTES, 0)
            schedule = Schedule(self._per_minute, State.unpacked(content), FileSlots(descriptor))
            result = self._changed(schedule, change)
            packed = schedule.state.packed()
            if packed != content:
                os.pwrite(descriptor, packed, 0)
            return result

    def _changed(self, schedule: Schedule, change: Callable[[Schedule], _Result]) -> _Result:
        result = change(schedule)
        state = schedule.state
        self._seen = (schedule.rate(self._now()), state.learned, state.learned_until)
        return result
