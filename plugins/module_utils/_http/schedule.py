# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When requests were sent and when the next may be sent; uses neither clock nor file. Private to the collection."""

from __future__ import annotations

import math
import struct
import zlib
from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import Protocol

# The service counts a rolling minute by its own clock; half a second covers variations of the network latency.
WINDOW_SECONDS = 60.5
# A longer pause was written while the clock was wrong; at worst the service asks for it again.
LONGEST_PAUSE_SECONDS = 3600.0
# The number of bookings in the ring. A higher rate is capped to this one, which is 540 requests a second.
MOST_PER_MINUTE = 32768
# How long a limit is kept unless the service repeats it: it may have been raised, or other clients caused it.
LEARNED_SECONDS = 3600.0
# How long the share that other clients leave is kept; the service repeats it at least once per window.
SHARE_SECONDS = 2 * WINDOW_SECONDS
# A refusal without a number may be caused by other clients, so the guess has a minimum and expires soon.
LEAST_GUESS_PER_MINUTE = 60
GUESSED_SECONDS = 600.0

_FIELDS = struct.Struct("<QQdddQdQdQd")
_SEAL = struct.Struct("<4sI")
_MARK = b"tfy3"
HEADER_BYTES = _SEAL.size + _FIELDS.size


class Slots(Protocol):
    """The times of the bookings, by their positions in the ring."""

    def __getitem__(self, place: int) -> float: ...

    def __setitem__(self, place: int, moment: float) -> None: ...


@dataclass(frozen=True)
class Limits:
    """The rate limit in an answer: how many requests are accepted per minute, and how many of them are left.

    ``is_refusal`` means that the request was refused because of the rate limit.
    """

    limit: int | None = None
    remaining: int | None = None
    is_refusal: bool = False


@dataclass(frozen=True)
class Booking:
    """A number of requests that are sent at one moment; ``number`` is that of the first request."""

    moment: float
    number: int
    count: int = 1


@dataclass
class State:
    """The state of the schedule without the times of the bookings. Moments are epoch seconds.

    ``written`` is the time of the last booking. Bookings are numbered from 0; those before ``first`` do not count, and
    ``latest`` is the latest moment of the others. ``learned`` is the limit that the service sent or showed, ``share``
    the part of it that other clients leave. ``refused`` counts the requests refused since ``refused_since``.
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
        """Return the state from the bytes that ``packed`` returned; any other bytes give an empty state."""
        if len(content) != HEADER_BYTES or content[: _SEAL.size] != _sealed(content[_SEAL.size :]):
            return cls()
        return cls(*_FIELDS.unpack_from(content, _SEAL.size))

    def packed(self) -> bytes:
        """Return the state as the first bytes of a file."""
        fields = _FIELDS.pack(*astuple(self))
        return _sealed(fields) + fields


class Schedule:
    """When requests were sent and when the next may be sent: pure arithmetic on epoch seconds.

    Slot ``n`` of the ring holds the latest moment of all bookings up to number ``n``. One slot therefore says when all
    earlier bookings have left the window, independent of the rates of the tasks that booked them.
    """

    def __init__(self, per_minute: int, state: State | None = None, slots: Slots | None = None) -> None:
        self.per_minute = min(per_minute, MOST_PER_MINUTE)
        self.state = state or State()
        self._slots: Slots = defaultdict(float) if slots is None else slots

    def rate(self, now: float) -> int:
        """Return how many requests a minute may be sent now; 0 means that there is no budget."""
        state = self.state
        reported = ((state.learned, state.learned_until), (state.share, state.share_until))
        return min([self.per_minute, *(limit for limit, until in reported if now < until)])

    def reserve(self, now: float, count: int = 1) -> Booking:
        """Book ``count`` requests for the next moment at which all of them may be sent.

        No window with this booking holds more requests than its rate allows, unless ``count`` alone exceeds the rate.
        Bookings in the future belong to tasks that are still waiting: requests are sent in the order of booking.
        """
        self._settle(now)
        state = self.state
        moment = max(now, state.paused_until)
        # Without a budget, the times of earlier requests do not matter.
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
        """Return the booking, or a later one if there has been a pause or a lower limit since then."""
        self._settle(now)
        is_good = booking.moment >= self.state.paused_until and (
            not self.per_minute or booking.moment >= self._free(now, booking.number, booking.count)
        )
        return booking if is_good else self.reserve(now, booking.count)

    def pause(self, now: float, seconds: float) -> float:
        """Pause all requests for ``seconds`` and return when the pause ends."""
        self._settle(now)
        self.state.paused_until = max(self.state.paused_until, now + seconds)
        self.state.written = now
        return self.state.paused_until

    def pause_left(self, now: float) -> float:
        """Return how many seconds of the pause are left."""
        self._settle(now)
        return max(0.0, self.state.paused_until - now)

    def learn(self, now: float, limits: Limits) -> None:
        """Apply a limit that the service sent, or showed by a refusal, unless a lower one is known."""
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
        """Return the limit that a refusal shows: the number of requests sent in the window and not refused.

        A refusal after few requests shows no limit: it has another cause, or other clients used up the limit.
        """
        state = self.state
        if not now - WINDOW_SECONDS < state.refused_since <= now:
            state.refused, state.refused_since = 0, now
        state.refused += 1
        guess = self._went_out(now) - state.refused
        return limits.limit or (guess if guess >= LEAST_GUESS_PER_MINUTE else None)

    def _settle(self, now: float) -> None:
        """Drop values that only a wrong clock can have caused."""
        state = self.state
        if now < state.written - WINDOW_SECONDS:
            state.first, state.latest, state.written = state.booked, 0.0, 0.0
            state.paused_until = state.learned_until = state.share_until = 0.0
        if state.paused_until > now + LONGEST_PAUSE_SECONDS:
            state.paused_until = 0.0

    def _free(self, now: float, number: int, count: int) -> float:
        """Return the earliest moment for bookings from ``number`` on that the rate allows."""
        # If they exceed the rate of an empty window, they get a window of their own.
        return self._moment(number - 1 - max(0, self.rate(now) - count)) + WINDOW_SECONDS

    def _moment(self, number: int) -> float:
        """Return the latest moment of the bookings up to ``number``, minus infinity if it is unknown."""
        if number < max(self.state.first, self.state.booked - MOST_PER_MINUTE):
            return -math.inf
        moment = self._slots[number % MOST_PER_MINUTE]
        # Only a damaged file holds anything else.
        return moment if 0.0 <= moment <= self.state.latest else -math.inf

    def _went_out(self, now: float) -> int:
        """Return how many requests were sent within the window that ends now."""
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


def _sealed(fields: bytes) -> bytes:
    """Return the seal that distinguishes an intact state from a damaged one."""
    return _SEAL.pack(_MARK, zlib.crc32(fields))
