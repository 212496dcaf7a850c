# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the plans of many members concurrently, in a safe order. Private to the collection.

People are added first, then changed, then each group is written once for everybody, and access is removed last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import TROUBLE, CircuitBreaker
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, SkipReason, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.scheduler import BulkRun, Scheduler
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    InvalidError,
    NotStoredError,
    SeatPoolError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import change_members, create_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    MEMBERS_PER_PAGE,
    Member,
    list_everybody,
    unseen_in,
)

from .actions import CHANGES, CREATIONS, GROUP_CHANGES, MEMBER_ACTIONS, REMOVALS
from .fuse import (
    Policy,
    active_admins,
    admins_after,
    is_short_of_admins,
)
from .member_run import MemberRun

PROGRESS_SECONDS = 5.0
AFTER_AN_ERROR = "Not tried: access is removed last, and not after an error. Run it again."


class SeatPool(CircuitBreaker):
    """Opens for steps that need a seat when its pool has none left; other failures go to the parent breaker."""

    def __init__(self, name: str, parent: CircuitBreaker) -> None:
        super().__init__(parent=parent)
        self._name = name
        self._everybody = parent
        #: Whether somebody waits for a seat.
        self.is_full = False

    def learn(self, subject: str, error: TallyfyError | None) -> SkipReason | None:
        """Learn from the outcome of a step that takes a seat; return why further steps are skipped, if they are."""
        if not isinstance(error, SeatPoolError):
            return self._everybody.learn(subject, error)
        self._everybody.learn(subject, None)
        with self._lock:
            if not self.is_full:
                self.is_full = True
                self._reason = SkipReason(f"Deferred: no {self._name} seat is left. {error}", True)
            return self._reason


class RosterRun(BulkRun):
    """Carries out members' plans.

    ``progress`` gets a line every few seconds. ``everybody`` holds all members before the run. The number of active
    administrators never drops below the minimum of the ``policy``, even when a new administrator could not be added.
    """

    def __init__(
        self,
        client: Client,
        people: Sequence[MemberRun],
        *,
        scheduler: Scheduler | None = None,
        everybody: Sequence[Member] = (),
        policy: Policy | None = None,
        progress: Callable[[str], None] = lambda _text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._people = people
        self._scheduler = scheduler or Scheduler()
        self._admins = active_admins(everybody)
        self._policy = policy or Policy(min_admins=0)
        self._progress = progress
        self._clock = clock
        self._reported_at = clock()
        self._lock = threading.Lock()
        self._pools = self._empty_pools()
        self._keeps_access = False

    @property
    def runs(self) -> Sequence[MemberRun]:
        """The runs of all members."""
        return self._people

    @property
    def _breaker(self) -> CircuitBreaker:
        return self._scheduler.breaker

    def carry_out(self) -> None:
        """Carry out all plans as far as possible; the runs hold the outcomes."""
        self._bring_in()
        self._take_access()
        if (
            any(pool.is_full for pool in self._pools.values())
            and self._breaker.open_reason is None
            and not self._keeps_access
            and any(_has_freed_a_seat(run) for run in self.runs)
        ):
            self._seat_those_who_wait()
            self._bring_in()
            self._take_access()
        for run in self.runs:
            run.sort_done()

    def _bring_in(self) -> None:
        self._phase("added", CREATIONS)
        self._look_again()
        self._phase("updated", CHANGES, but_not=_is_demotion)
        # New administrators are promoted before others are demoted.
        self._keep_administrators()
        self._phase("updated", CHANGES)
        self._write_groups()

    def _take_access(self) -> None:
        # A run that only lacks seats goes on, because removals free seats.
        self._keeps_access = any(run.error is not None and not _is_deferred(run) for run in self.runs)
        self._keep_administrators()
        if self._keeps_access:
            reason = self._breaker.open_reason or SkipReason(AFTER_AN_ERROR)
            for run in self.runs:
                if any(run.open_steps(REMOVALS)):
                    self._scheduler.skip(run, reason)
        self._phase("disabled or deleted", REMOVALS)

    def _keep_administrators(self) -> None:
        """Skip demotions and removals of administrators when too few would remain, because promotions failed."""
        takes = [run for run in self.runs if any(_takes_rights(run, step) for step in run.open_steps())]
        if not takes:
            return
        left = admins_after(self._admins, [(run.current, _as_far_as(run, run in takes)) for run in self.runs])
        if not is_short_of_admins(self._admins, left, self._policy.min_admins):
            return
        name = self._policy.called("min_admins")
        reason = SkipReason(
            f"Not tried: the number of active administrators would drop to {len(left)}, but {name} is "
            f"{self._policy.min_admins}, because a new administrator could not be added or promoted. Run it again, "
            f"or set {name} to {len(left)} to allow this."
        )
        for run in takes:
            self._scheduler.skip(run, reason)

    def _seat_those_who_wait(self) -> None:
        self._pools = self._empty_pools()
        for run in self.runs:
            if run.skip_reason is not None:
                run.reopen()

    # --- people -------------------------------------------------------------------------------------------------------

    def _phase(
        self,
        done: str,
        actions: Collection[Verb],
        *,
        but_not: Callable[[MemberRun, Step], bool] = lambda _run, _step: False,
    ) -> None:
        concerned = [run for run in self.runs if any(not but_not(run, step) for step in run.open_steps(actions))]

        def work(run: MemberRun) -> None:
            self._scheduler.complete(
                run,
                run.desired.email,
                is_due=lambda step: step.action in actions and not but_not(run, step),
                breaker_for=lambda step: self._pool_for(run, step),
            )

        self._work_on(work, concerned, f"people {done}")

    def _work_on(self, work: Callable[[MemberRun], None], runs: Sequence[MemberRun], what: str) -> None:
        def progress(count: int) -> None:
            now = self._clock()
            if now - self._reported_at >= PROGRESS_SECONDS:
                self._reported_at = now
                self._progress(f"{count} of {len(runs)} {what}")

        self._scheduler.for_each(work, runs, progress=progress)

    def _empty_pools(self) -> dict[str, SeatPool]:
        return {name: SeatPool(name, self._breaker) for name in ("full", "light")}

    def _pool_for(self, run: MemberRun, step: Step) -> SeatPool | None:
        """Return the pool that the step takes a seat from. Source: API reference, "Seats"."""
        # A 409 for a step that needs no seat is another kind of conflict.
        if not MEMBER_ACTIONS[step.action].takes_seat:
            return None
        role = step.values.get("role") or run.record.role
        if step.action == "role_changed" and role == "light":
            return None
        return self._pools["light" if role == "light" else "full"]

    def _learn_from(self, run: MemberRun, step: Step) -> None:
        self._scheduler.learn_from(run, run.desired.email, self._pool_for(run, step))

    # --- reading back -------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Read the fields that answers to creations lack, in pages when that takes fewer requests."""
        short = [run for run in self.runs if run.must_read and run.skip_reason is None]
        if len(short) > 1 + len(self.runs) // MEMBERS_PER_PAGE:
            self._learn_from_list(short)
        self._work_on(self._prove, short, "new people read back")
        for run in short:
            if run.failed_step is not None and not isinstance(run.error, TROUBLE):
                self._learn_from(run, run.failed_step)

    def _prove(self, run: MemberRun) -> None:
        reason = self._breaker.open_reason
        if self._breaker.is_silent and reason is not None:
            # The person was added, but the stored values are not verified.
            self._scheduler.skip(run, reason)
            return
        run.prove_creation()
        if run.failed_step is None:
            self._breaker.learn(run.desired.email, None)
        elif isinstance(run.error, TROUBLE):
            self._learn_from(run, run.failed_step)

    def _learn_from_list(self, short: Sequence[MemberRun]) -> None:
        try:
            everybody = {str(row["id"]): row for row in list_everybody(self._client, workers=self._scheduler.workers)}
        except ApiError:
            # Each member is then read separately, which reports the error.
            return
        listed = [run for run in short if str(run.record.get("id")) in everybody]
        for run in listed:
            run.learn(everybody[str(run.record["id"])])
        lacking = [run for run in listed if run.hidden_fields()]
        if not lacking:
            return
        hidden = lacking[0].hidden_fields()
        lacking[0].prove_creation()
        # If the full record of one member shows no more fields, the other records will not either.
        if unseen_in(hidden, lacking[0].record) == hidden:
            for run in lacking:
                run.is_shown_in_full = True

    # --- groups -------------------------------------------------------------------------------------------------------

    def _write_groups(self) -> None:
        by_group: dict[str, list[tuple[MemberRun, Step]]] = {}
        for run in self.runs:
            for step in run.open_steps(GROUP_CHANGES):
                by_group.setdefault(fold(str(step.target)), []).append((run, step))
        self._scheduler.for_each(self._write_group, list(by_group.values()))

    def _write_group(self, changes: Sequence[tuple[MemberRun, Step]]) -> None:
        # People whose run has failed in another group meanwhile are left out.
        concerned = [(run, step) for run, step in changes if run.error is None and self._scheduler.may_try(run)]
        if not concerned:
            return
        try:
            self._change(concerned)
        except (InvalidError, NotStoredError) as error:
            if len(concerned) == 1:
                self._fail(concerned, error)
                return
            # One member cannot join the group; the others are then written one by one.
            for change in concerned:
                self._write_group([change])
        except TallyfyError as error:
            self._fail(concerned, error)

    def _change(self, concerned: Sequence[tuple[MemberRun, Step]]) -> None:
        run, step = concerned[0]
        group = run.context.groups[fold(str(step.target))]
        add = [int(run.record["id"]) for run, step in concerned if step.action == "added_to_group"]
        remove = [int(run.record["id"]) for run, step in concerned if step.action == "removed_from_group"]
        if group.get("id") is None:
            # A new group is created together with its first members, in one request.
            group.update(create_group(self._client, group["name"], group.get("description"), add, group["guests"]))
        else:
            change_members(self._client, group["id"], add=add, remove=remove)
        with self._lock:
            for run, step in concerned:
                run.finish(step)

    def _fail(self, concerned: Sequence[tuple[MemberRun, Step]], error: TallyfyError) -> None:
        for run, step in concerned:
            with self._lock:
                run.fail(step, error)
            self._learn_from(run, step)


def _is_deferred(run: MemberRun) -> bool:
    return run.skip_reason is not None and run.skip_reason.is_deferred


def _has_freed_a_seat(run: MemberRun) -> bool:
    return any(
        step.action in REMOVALS or (step.action == "role_changed" and step.values.get("role") == "light")
        for step in run.done
    )


def _was_admin(run: MemberRun) -> bool:
    return run.current is not None and run.current.role == "admin"


def _is_demotion(run: MemberRun, step: Step) -> bool:
    return step.action == "role_changed" and _was_admin(run)


def _takes_rights(run: MemberRun, step: Step) -> bool:
    return _is_demotion(run, step) or (step.action in REMOVALS and _was_admin(run))


def _as_far_as(run: MemberRun, is_to_go_on: bool) -> Plan:
    """Return the plan reduced to the steps done, and, with ``is_to_go_on``, the open steps that remove rights."""
    open_steps = run.open_steps() if is_to_go_on else ()
    steps = (*run.done, *(step for step in open_steps if _takes_rights(run, step)))
    return Plan(run.desired.email, {}, {name: value for step in steps for name, value in step.values.items()}, steps)
