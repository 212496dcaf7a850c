# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request budget that all processes of a controller share. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    PID_BYTES,
    STATE_LOCK_SECONDS,
    HeldError,
    PrivateDirectory,
    UnusableError,
)

from .allowance import WaitAllowance
from .schedule import HEADER_BYTES, LEARNED_SECONDS, Booking, Limits, Schedule, State

# The service counts in whole seconds, so the pauses of two tasks may differ by one second.
SHORT_PAUSE_SECONDS = 1.0

_SLOT = struct.Struct("<d")
#: The process ID of the lock holder follows the header, and the slots follow the process ID.
_SLOTS_AT = HEADER_BYTES + PID_BYTES

_Result = TypeVar("_Result")


class PauseTooLongError(Exception):
    """The service asked for a pause until ``until`` (epoch seconds), which is longer than the task may wait."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class FileSlots:
    """The slots in an open file, after the state. The file is sparse where nothing has been booked yet."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __getitem__(self, place: int) -> float:
        content = os.pread(self._descriptor, _SLOT.size, _SLOTS_AT + _SLOT.size * place)
        return float(_SLOT.unpack(content)[0]) if len(content) == _SLOT.size else 0.0

    def __setitem__(self, place: int, moment: float) -> None:
        os.pwrite(self._descriptor, _SLOT.pack(moment), _SLOTS_AT + _SLOT.size * place)


class RequestBudget:
    """A maximum number of requests per minute, and the pauses that the service asks for.

    With a directory, all processes with the same ``scope`` share the budget; without one it applies to this process. A
    rate of 0 means no budget; pauses are still observed.
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
        #: How long the next update waits for the lock of the file.
        self._patience = STATE_LOCK_SECONDS
        #: The last known rate, learned limit and end of that limit.
        self._seen = (per_minute, 0, 0.0)

    def take(self, allowance: WaitAllowance, count: int = 1) -> None:
        """Wait until the next ``count`` requests may be sent back to back.

        A pause is deducted from ``allowance``, waiting for the rate is not. Raises ``PauseTooLongError`` at once if the
        allowance is too small, and ``HeldError`` if a process that hangs has locked the budget file.
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
        # The service may have asked for a pause during the sleep; then all waiting requests are booked again.
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
        """Pause the requests of all processes for ``seconds``, as the service asked."""
        self._note(lambda schedule: schedule.pause(self._now(), seconds))

    def learn(self, limits: Limits) -> None:
        """Apply a limit of the service, which may be lower than the rate of the task."""
        if self._per_minute and self._is_news(limits):
            self._note(lambda schedule: schedule.learn(self._now(), limits))

    def _is_news(self, limits: Limits) -> bool:
        """Return whether the answer may change the rate, so that most answers do not need the file."""
        rate, learned, until = self._seen
        is_known = limits.limit is None or (limits.limit >= learned and until - self._now() > LEARNED_SECONDS / 2)
        is_enough = limits.remaining is None or limits.remaining >= rate
        return limits.is_refusal or not (is_known and is_enough)

    def _note(self, change: Callable[[Schedule], object]) -> None:
        """Store information from an answer; if that fails, the next refusal repeats it."""
        # A request that succeeded must not fail because of the budget.
        with contextlib.suppress(HeldError):
            self._update(change)

    def _update(self, change: Callable[[Schedule], _Result]) -> _Result:
        with self._lock:
            if self._directory is not None:
                try:
                    return self._update_file(self._directory, change)
                except HeldError:
                    # The next update does not wait for the same lock again.
                    self._patience = 0.0
                    raise
                except (OSError, UnusableError):
                    # A full or missing disk must not stop the task: continue with a budget for this process alone.
                    self._directory = None
            return self._changed(self._schedule, change)

    def _update_file(self, directory: PrivateDirectory, change: Callable[[Schedule], _Result]) -> _Result:
        with directory.locked(self._name, seconds=self._patience, pid_at=HEADER_BYTES) as descriptor:
            self._patience = STATE_LOCK_SECONDS
            content = os.pread(descriptor, HEADER_BYTES, 0)
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
