# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans: their steps, how to run them, check mode and diff. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError

from .verbs import Verb


@dataclass(frozen=True)
class Step:
    """One write: its action, subject, reason and values. Plain data, so that plans can be compared.

    ``address`` is the e-mail address of the member whose ID is ``target``.
    """

    action: Verb
    subject: str
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None
    address: str | None = None

    def described(self) -> dict[str, Any]:
        """Return the entry of ``actions`` for this step."""
        fields = sorted(self.values)
        target = self.target if self.address is None else self.address
        return {"action": self.action, "reason": self.reason, "fields": fields, "target": target}


@dataclass(frozen=True)
class Plan:
    """What a run would change. ``before`` and ``after`` hold exactly the fields that differ."""

    subject: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()

    def run(self, carry_out: Callable[[Step], bool | None], *, check_mode: bool) -> dict[str, Any]:
        """Carry out the steps unless in check mode; return ``changed``, ``diff`` and ``actions``.

        ``carry_out`` returns false for a step that the service declined without harm, which counts as not done. A step
        that fails ends the run; its error lists the steps done before it.
        """
        run = PlanRun(self)
        run.complete(carry_out, check_mode=check_mode)
        run.raise_failure()
        return run.result()

    def diff(self) -> dict[str, Any]:
        """Return the difference in the form that ansible-core prints."""
        return {
            "before_header": self.subject,
            "after_header": self.subject,
            "before": dict(self.before),
            "after": dict(self.after),
        }


@dataclass(frozen=True)
class SkipReason:
    """Why planned steps were not tried. ``is_deferred`` means that only time or seats are lacking."""

    text: str
    is_deferred: bool = False
    not_before: str | None = None


class PlanRun:
    """The progress of a plan.

    If the run is incomplete, ``error`` is the error that ended it, or ``skip_reason`` says why steps were not tried.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done: list[Step] = []
        self.failed_step: Step | None = None
        self.error: TallyfyError | None = None
        self.skip_reason: SkipReason | None = None
        #: Whether steps were counted as done without carrying them out.
        self.is_pretended = False
        self._tried: list[Step] = []

    def carry_out(self, step: Step) -> bool | None:
        """Carry out the step; return false if the service declined it without harm."""
        raise NotImplementedError

    def open_steps(self, actions: Collection[Verb] | None = None) -> Iterator[Step]:
        """Yield the steps that are still to be tried, or only those with one of ``actions``, until one fails."""
        for step in self.plan.steps:
            if self.error is not None:
                return
            if not _is_among(step, self._tried) and (actions is None or step.action in actions):
                yield step

    def attempt(self, step: Step, carry_out: Callable[[Step], bool | None]) -> None:
        """Carry out one step and record its outcome; ``carry_out`` returns false if the service declined it."""
        try:
            self.finish(step, is_done=carry_out(step) is not False)
        except TallyfyError as error:
            self.fail(step, error)

    def finish(self, step: Step, *, is_done: bool = True) -> None:
        """Record that the step was tried, and done unless the service declined it without harm."""
        self._tried.append(step)
        if is_done:
            self.done.append(step)

    def fail(self, step: Step, error: TallyfyError) -> None:
        """Record that the step failed; a step that was done but cannot be verified stays in ``done``."""
        self._tried.append(step)
        self.failed_step, self.error = step, error

    def complete(self, carry_out: Callable[[Step], bool | None], *, check_mode: bool = False) -> None:
        """Carry out every step that is still to be tried, until one fails; in check mode count them as done.

        A step may replace the plan; then the steps of the new plan follow.
        """
        if check_mode:
            self.pretend()
        step = next(self.open_steps(), None)
        while step is not None:
            self.attempt(step, carry_out)
            step = next(self.open_steps(), None)

    def sort_done(self) -> None:
        """Sort the done steps into the order of the plan, which is the order in check mode."""
        steps = self.plan.steps
        self.done.sort(key=lambda step: steps.index(step) if step in steps else 0)

    def reopen(self) -> None:
        """Allow the failed or skipped step to be tried again, because its prerequisites may exist now."""
        self._tried = [step for step in self._tried if step is not self.failed_step]
        self.failed_step = self.error = self.skip_reason = None

    def pretend(self) -> None:
        """Count every step as done, for check mode."""
        for step in self.open_steps():
            self.finish(step)
            self.is_pretended = True

    @property
    def is_undone(self) -> bool:
        """Whether the run is incomplete."""
        return self.error is not None or self.skip_reason is not None

    @property
    def changed(self) -> bool:
        """Whether something was changed or may have been changed."""
        return bool(self.done) or (self.error is not None and self.error.may_be_done)

    def raise_failure(self) -> None:
        """Raise the error of the failed step, if there is one, with the steps done before it."""
        if self.error is None:
            return
        facts = {"changed": self.changed, "actions": [step.described() for step in self.done]}
        if self.failed_step is not None:
            facts["failed_action"] = self.failed_step.described()
        self.error.facts.update(facts)
        raise self.error

    def result(self) -> dict[str, Any]:
        """Return ``changed``, ``actions`` and ``diff`` of a complete run."""
        # If the service declined every step, nothing changed.
        reported = self.plan if self.done else Plan(self.plan.subject)
        actions = [step.described() for step in self.done]
        return {"changed": bool(self.done), "actions": actions, "diff": reported.diff()}


def _is_among(step: Step, steps: Iterable[Step]) -> bool:
    """Return whether this step is among ``steps``, by identity: another plan may have an equal step to be tried."""
    return any(other is step for other in steps)


def unchangeable(field: str, current: Any, desired: Any, reason: str) -> dict[str, Any]:
    """Return the entry of ``unchangeable`` for a field that cannot be changed."""
    return {"field": field, "current": current, "wanted": desired, "reason": reason}


def unchangeable_warning(subject: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return one warning for all fields of a subject that cannot be changed."""
    fields = ", ".join(str(entry["field"]) for entry in entries)
    reasons = " ".join(dict.fromkeys(str(entry["reason"]) for entry in entries))
    return f"{subject}: Tallyfy keeps its own {fields}. {reasons}"
