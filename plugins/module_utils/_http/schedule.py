# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When requests went out and the next may go, worked out without a clock or a file. Private to the collection."""

from __future__ import annotations

import math
import struct
import zlib
from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import Protocol

# The service counts a rolling minute by its own clock; half a second covers what the way there adds and takes.
WINDOW_SECONDS = 60.5
# A longer pause was written under a wrong clock; at worst the service asks for it once more.
LONGEST_PAUSE_SECONDS = 3600.0
# As many bookings as the ring remembers. A higher rate counts as this one, which is 540 requests a second.
MOST_PER_MINUTE = 32768
# For how long a limit is kept unless the service tells it again: it may be raised, or somebody else used it up.
LEARNED_SECONDS = 3600.0
# What others use up is theirs until it is told anew, which happens once a window at the latest.
SHARE_SECONDS = 2 * WINDOW_SECONDS
# A refusal without a number may be due to what others sent; that is no reason to crawl, nor to go by it for long.
LEAST_GUESS_PER_MINUTE = 60
GUESSED_SECONDS = 600.0

_FIELDS = struct.Struct("<QQdddQdQdQd")
_SEAL = struct.Struct("<4sI")
_MARK = b"tfy3"
HEADER_BYTES = _SEAL.size + _FIELDS.size


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
        if len(content) != HEADER_BYTES or content[: _SEAL.size] != _sealed(content[_SEAL.size :]):
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
        reported = ((state.learned, state.learned_until), (state.share, state.share_until))
        return min([self.per_minute, *(limit for limit, until in reported if now < until)])

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


def _sealed(fields: bytes) -> bytes:
    """Return what tells a whole state from a damaged one."""
    return _SEAL.pack(_MARK, zlib.crc32(fields))
