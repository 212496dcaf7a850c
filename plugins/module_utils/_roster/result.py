# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a roster: rows, counts, diff and failure. Private to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, SkipReason, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import UNDONE, Outcome, outcome_of
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import RosterError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    Member,
    full_name_of,
    is_service_account,
)

from .actions import MEMBER_ACTIONS, REMOVALS
from .fuse import named
from .member_run import MemberRun

DIFF_PEOPLE = 100
MESSAGE_PEOPLE = 20
WARNED_NOTES = 10
PEOPLE_COUNTS: tuple[Outcome, ...] = (
    "created",
    "invited",
    "enabled",
    "updated",
    "unchanged",
    "disabled",
    "deleted",
    "not_found",
    "deferred",
    "failed",
    "skipped",
)
#: An onboarding removes nobody, and an offboarding adds nobody.
ONBOARDED_COUNTS = tuple(name for name in PEOPLE_COUNTS if name not in ("disabled", "deleted", "not_found"))
OFFBOARDED_COUNTS: tuple[Outcome, ...] = (
    "disabled", "deleted", "updated", "unchanged", "not_found", "deferred", "failed", "skipped",
)  # fmt: skip
#: The keys of every bulk module's result, also of a failure.
RESULT_KEYS: dict[str, Any] = {
    "people": [],
    "problems": [],
    "deferred": [],
    "notes": [],
    "actions": [],
    "diff": {},
    "org_id": None,
    "organization": {},
    "requests": 0,
    "report": None,
    "check_mode": False,
}
ROSTER_KEYS: dict[str, Any] = {**RESULT_KEYS, "summary": dict.fromkeys(PEOPLE_COUNTS, 0), "removals": []}


@dataclass(frozen=True)
class PlannedPerson:
    """The plan for one person of a roster. ``obstacle`` is the reason for an empty plan, if it must be reported."""

    desired: DesiredMember
    current: Member | None
    plan: Plan
    is_listed: bool = True
    obstacle: str = ""

    @property
    def note(self) -> str:
        """The message about an unlisted member that a run keeps."""
        return f"Unlisted, but kept: {self.obstacle}" if self.obstacle and not self.is_listed else ""

    @property
    def name(self) -> str:
        """The full name of the member, or, for a new one, the desired name."""
        return full_name_of(self.current or self.desired.profile)


class RunReport:
    """The report on one subject: the outcome of its run, and the difference."""

    #: Whether a person to remove was not found.
    is_unknown = False

    def __init__(self, run: PlanRun) -> None:
        self._run = run

    @property
    def skip_reason(self) -> SkipReason | None:
        return self._run.skip_reason

    @property
    def outcome(self) -> Outcome:
        if self.skip_reason is not None:
            return "deferred" if self.skip_reason.is_deferred else "skipped"
        if self._run.error is not None:
            return "failed"
        if self._run.done and self.main_step is not None:
            return outcome_of(self.main_step.action)
        return "not_found" if self.is_unknown else "unchanged"

    @property
    def is_undone(self) -> bool:
        """Whether the subject could not be converged."""
        return self.outcome in UNDONE

    @property
    def is_changed(self) -> bool:
        """Whether the plan had steps, and all of them were done."""
        return bool(self._run.done) and not self.is_undone

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that describe the action: the steps done, or all steps when the run was not completed."""
        # A step that the service declined is left out when the other steps were done.
        return self._run.plan.steps if self._run.is_undone else tuple(self._run.done)

    @property
    def main_step(self) -> Step | None:
        """The step that names the action: the first, or, for a person who leaves, the last."""
        steps = self.steps
        if not steps:
            return None
        return steps[-1 if steps[-1].action in REMOVALS else 0]

    @property
    def action(self) -> Outcome:
        """The action, as one word."""
        return self.main_step.action if self.main_step is not None else "unchanged"

    @property
    def obstacle(self) -> str:
        """Why the subject was not converged, without what differs for each: its name, and the ID of the request."""
        if self.skip_reason is not None:
            return self.skip_reason.text
        return self._run.error.text if self._run.error is not None else ""

    @property
    def difference(self) -> Plan:
        """The difference: the plan, or the part of it that was done."""
        plan, done = self._run.plan, self._run.done
        if len(done) == len(plan.steps):
            return plan
        after = {name: value for step in done for name, value in step.values.items()}
        return Plan(plan.subject, {name: value for name, value in plan.before.items() if name in after}, after)


class MemberReport(RunReport):
    """One person's part of the result."""

    def __init__(self, person: PlannedPerson, run: MemberRun) -> None:
        super().__init__(run)
        self.run = run
        self.person = person
        self.email = run.desired.email
        self.is_unknown = run.current is None and run.desired.state != "present"

    @property
    def difference(self) -> Plan:
        """The difference, with the groups joined and left."""
        plan = super().difference
        joined = {step.target for step in self.run.done if step.action == "added_to_group"}
        left = {step.target for step in self.run.done if step.action == "removed_from_group"}
        if plan is self.run.plan or not joined | left:
            return plan
        before = self.run.plan.before.get("groups", ())
        groups = sorted(map(str, {*before, *joined} - left), key=str.casefold)
        return Plan(plan.subject, {**plan.before, "groups": before}, {**plan.after, "groups": groups})

    @property
    def handed_over(self) -> dict[str, Any]:
        """The successor for open work, shown in the diff for reviewers although it is not a field of a member."""
        return {"reassign_to": self.run.desired.reassign_to} if _hands_over(self.run.done) else {}

    def row(self) -> Record:
        """Return the keys that a row about a person has in every module."""
        outcome = self.outcome
        plan = self.difference if self.is_changed else self.run.plan
        is_reported = outcome not in ("unchanged", "not_found")
        return {
            "email": self.email,
            "name": self.person.name,
            "action": self.action,
            "fields": sorted({*plan.before, *plan.after}) if is_reported and self.action != "deleted" else [],
            "outcome": outcome,
            "message": self._message(),
            "before": dict(plan.before) if is_reported else {},
            "after": dict(plan.after) if is_reported else {},
            "notes": list(self.run.notes),
        }

    def roster_row(self) -> Record:
        """Return the row of a roster, which also has keys about leavers and unlisted members."""
        is_unlisted = not self.person.is_listed
        return {
            **self.row(),
            "reassign_to": self.run.desired.reassign_to if _hands_over(self.steps) else None,
            "unlisted": is_unlisted,
            "service_account": is_unlisted and is_service_account(self.person.current or {}),
        }

    def _message(self) -> str:
        done = "; ".join(MEMBER_ACTIONS[step.action].described(step) for step in self.run.done)
        texts = [self.person.note] if self.person.note else []
        if self.is_undone:
            texts.append(self.skip_reason.text if self.skip_reason is not None else str(self.run.error))
            texts += [f"Done before: {done}."] if done else []
        elif done:
            texts.append(f"{done[:1].upper()}{done[1:]}.")
        return " ".join([*texts, *self.run.notes])


def _hands_over(steps: Iterable[Step]) -> bool:
    return any(step.action in ("disabled", "handed_over") and step.target is not None for step in steps)


def roster_result(
    reports: Sequence[MemberReport], notes: Sequence[str], organization: Record, task: Task
) -> dict[str, Any]:
    """Return the result of ``tallyfy_roster``; raises ``RosterError`` when somebody could not be converged."""
    result: dict[str, Any] = {
        "changed": any(report.run.changed for report in reports),
        "summary": counts_of(reports, PEOPLE_COUNTS),
        "people": [report.roster_row() for report in reports],
        "problems": [],
        "deferred": deferred_of(("email", report.email, report.skip_reason) for report in reports),
        "notes": list(notes),
        "actions": [{"email": report.email, **step.described()} for report in reports for step in report.run.done],
        "diff": diff_of(reports, task.client.connection.org_id),
        **facts_of(task, organization),
    }
    undone = [(report.email, report) for report in reports if report.is_undone]
    if undone:
        # ansible-core prints the whole result of a failure, and thousands of unchanged people would hide the others.
        result["people"] = [report.roster_row() for report in reports if report.outcome != "unchanged"]
        raise_undone(result, undone, len(reports))
    return result


def facts_of(task: Task, organization: Record) -> dict[str, Any]:
    """Return the keys about the task itself that every bulk module returns.

    A task that writes reads the ``organization`` first, so that a run cannot fail at its end because of it.
    """
    return {
        "org_id": organization["id"],
        # The acting user may be known only after the run.
        "organization": {**organization, "acting_as": task.client.acting_as()},
        "requests": task.client.requests_sent,
    }


def counts_of(reports: Iterable[RunReport], names: Iterable[Outcome]) -> dict[str, int]:
    """Return the number of subjects with each outcome."""
    counts = Counter(report.outcome for report in reports)
    return {name: counts[name] for name in names}


def deferred_of(reasons: Iterable[tuple[str, str, SkipReason | None]]) -> list[Record]:
    """Return the entries of ``deferred``, each once.

    Each reason comes with the key and the name of its subject.
    """
    return [
        {key: subject, "reason": reason.text, "not_before": reason.not_before}
        for key, subject, reason in dict.fromkeys(reasons)
        if reason is not None and reason.is_deferred
    ]


def raise_undone(
    result: dict[str, Any], undone: Sequence[tuple[str, RunReport]], total: int, *, kind: str = "people"
) -> None:
    """Raise the error of a run that did not converge everything, with its whole result."""
    problems = _problems_of((name, report.outcome, report.obstacle) for name, report in undone)
    by_outcome = Counter(report.outcome for _name, report in undone)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in by_outcome.items())
    reasons = "; ".join(problem.rstrip(".") for problem in problems)
    result["problems"] = problems
    raise RosterError(f"{len(undone)} of {total} {kind} could not be converged ({counts}). {reasons}.", **result)


def _problems_of(obstacles: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return why subjects were not converged: one text for all with the same obstacle, failures first.

    An obstacle is a tuple of a name, such as an e-mail address, an outcome and a text.
    """
    people: dict[str, list[str]] = {}
    for name, _outcome, text in sorted(obstacles, key=lambda obstacle: obstacle[1] != "failed"):
        people.setdefault(text, []).append(name)
    problems = [f"{named(names)}: {text}" for text, names in people.items()]
    more = len(problems) - MESSAGE_PEOPLE
    return [*problems[:MESSAGE_PEOPLE], f"and {more} more reasons, see people"] if more > 0 else problems


def diff_of(reports: Sequence[MemberReport], org_id: str) -> dict[str, Any]:
    """Return the diff of changed people only, with the changed fields; its length is limited."""
    changed = [report for report in reports if report.run.done]
    header = f"members of {org_id}"
    shown = changed[:DIFF_PEOPLE]
    # A new person has no entry before, a deleted one none after, so that the diff shows one addition or removal.
    before: dict[str, Any] = {
        report.email: dict(report.difference.before) for report in shown if report.person.current is not None
    }
    after: dict[str, Any] = {
        report.email: {**report.difference.after, **report.handed_over}
        for report in shown
        if report.action != "deleted"
    }
    more = len(changed) - len(shown)
    if more:
        header += f", {len(shown)} of {len(changed)} changed"
        after[f"and {more} more"] = "see people in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def warn_of_notes(notes: Sequence[str], warn: Callable[[str], None]) -> None:
    """Warn of the first few notes only; the result holds all of them."""
    for note in notes[:WARNED_NOTES]:
        warn(note)
    if len(notes) > WARNED_NOTES:
        warn(f"There are {len(notes) - WARNED_NOTES} more notes like these; see notes in the result.")
