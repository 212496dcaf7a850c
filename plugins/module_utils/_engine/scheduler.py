# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out many plans concurrently, and skips those that cannot succeed. Private to the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently

from .breaker import CircuitBreaker
from .plan import PlanRun, SkipReason, Step

Subject = TypeVar("Subject")


class Scheduler:
    """Attempts the steps of many plans, ``workers`` at a time, until the ``breaker`` opens.

    A run that was skipped or stopped has the reason as its ``skip_reason``. The caller skips runs that depend on
    another run. Threads may share a scheduler.
    """

    def __init__(self, breaker: CircuitBreaker | None = None, *, workers: int = 1) -> None:
        self.breaker = breaker or CircuitBreaker()
        self.workers = workers
        self._lock = threading.Lock()

    def for_each(
        self,
        work: Callable[[Subject], None],
        subjects: Sequence[Subject],
        *,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Call ``work`` for each subject; after each, ``progress`` gets the number of completed subjects."""
        for count, _nothing in enumerate(map_concurrently(work, subjects, workers=self.workers), start=1):
            progress(count)

    def complete(
        self,
        run: PlanRun,
        subject: str,
        *,
        is_due: Callable[[Step], bool] = lambda _step: True,
        breaker_for: Callable[[Step], CircuitBreaker | None] = lambda _step: None,
    ) -> None:
        """Attempt the steps that are due, until one fails or the breaker is open.

        ``subject`` is the name of the run in messages. A step may replace the plan of the run; then the steps of the
        new plan follow. ``breaker_for`` returns the breaker of a step that has its own.
        """
        while (step := next(filter(is_due, run.open_steps()), None)) is not None:
            breaker = breaker_for(step)
            if not self.may_try(run, breaker):
                return
            run.attempt(step, run.carry_out)
            self.learn_from(run, subject, breaker)

    def may_try(self, run: PlanRun, breaker: CircuitBreaker | None = None) -> bool:
        """Return whether a step of the run may be tried; if not, set the ``skip_reason`` of the run."""
        with self._lock:
            run.skip_reason = run.skip_reason or (breaker or self.breaker).open_reason
            return run.skip_reason is None

    def learn_from(self, run: PlanRun, subject: str, breaker: CircuitBreaker | None = None) -> None:
        """Take the outcome of a step into account, for its run and for all that follow."""
        reason = (breaker or self.breaker).learn(subject, run.error)
        with self._lock:
            run.skip_reason = reason or run.skip_reason

    def skip(self, run: PlanRun, reason: SkipReason) -> None:
        """Skip the remaining steps of the run; the first reason stays."""
        with self._lock:
            run.skip_reason = run.skip_reason or reason


class BulkRun:
    """The base class of runs that carry out many plans together."""

    @property
    def runs(self) -> Sequence[PlanRun]:
        """The runs of all plans."""
        raise NotImplementedError

    def carry_out(self) -> None:
        """Carry out all plans as far as possible; each run records its outcome."""
        raise NotImplementedError

    def complete(self, *, check_mode: bool) -> None:
        """Carry out all plans; in check mode count every step as done."""
        if not check_mode:
            self.carry_out()
            return
        for run in self.runs:
            run.pretend()

    @property
    def changed(self) -> bool:
        """Whether something was changed or may have been changed."""
        return any(run.changed for run in self.runs)
