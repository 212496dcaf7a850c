# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide first, write afterwards: steps, check mode and diff, once for everything. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    LostAnswerError,
    NotStoredError,
    TallyfyError,
)

#: After these a part of the step may have been done, so claiming that nothing changed could be false.
MAY_BE_DONE = (NotStoredError, LostAnswerError)


@dataclass(frozen=True)
class Step:
    """One write: the act, its subject, the values it brings, and why. Plain data, so that plans can be compared."""

    action: str
    subject: str
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None

    def described(self) -> dict[str, Any]:
        """Return the entry of ``actions`` for this step."""
        entry: dict[str, Any] = {"action": self.action, "reason": self.reason, "fields": sorted(self.values)}
        if self.target is not None:
            entry["target"] = self.target
        return entry


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

        ``carry_out`` returns false for a step that the service declined without harm, which then was not done. A step
        that fails ends the run; its error then tells what had been done before it.
        """
        if check_mode:
            return self._result([step.described() for step in self.steps])
        done: list[dict[str, Any]] = []
        for step in self.steps:
            try:
                is_done = carry_out(step) is not False
            except TallyfyError as error:
                error.facts.update(
                    changed=bool(done) or isinstance(error, MAY_BE_DONE), actions=done, failed_action=step.described()
                )
                raise
            done += [step.described()] * is_done
        return self._result(done)

    def _result(self, actions: list[dict[str, Any]]) -> dict[str, Any]:
        # Where every step was declined, nothing became different.
        told = self if actions else Plan(self.subject)
        return {"changed": bool(actions), "actions": actions, "diff": told.diff()}

    def diff(self) -> dict[str, Any]:
        """Return the difference in the form that ansible-core prints."""
        return {
            "before_header": self.subject,
            "after_header": self.subject,
            "before": dict(self.before),
            "after": dict(self.after),
        }
