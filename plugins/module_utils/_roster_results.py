# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of the people of a roster: rows, counts, the difference and the failure. Private to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._brakes import Halt
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import RosterError
from ansible_collections.tallyfy.platform.plugins.module_utils._fuse import named
from ansible_collections.tallyfy.platform.plugins.module_utils._member_plans import REMOVALS
from ansible_collections.tallyfy.platform.plugins.module_utils._member_runs import MemberRun
from ansible_collections.tallyfy.platform.plugins.module_utils._members import DesiredMember, is_service_account
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, PlanRun, Step

DIFF_PEOPLE = 100
MESSAGE_PEOPLE = 20
WARNED_NOTES = 10
#: Nothing is to be done for somebody who is wanted away, but the address may be misspelled.
UNKNOWN_ADDRESS = "No member has this address."
#: Under which name ``summary`` counts a person whose first, or for somebody who leaves last, step this is.
COUNTED_AS = {
    "create": "created",
    "invite": "invited",
    "enable": "enabled",
    "update": "updated",
    "change_role": "updated",
    "add_to_group": "updated",
    "remove_from_group": "updated",
    "disable": "disabled",
    "remove": "handed_over",
    "delete": "deleted",
}
OUTCOMES_COUNTED = ("unchanged", "failed", "deferred", "skipped")


@dataclass(frozen=True)
class PlannedPerson:
    """What is to be done for one person of a roster. ``note`` says why nothing is, where that needs saying."""

    desired: DesiredMember
    current: Record | None
    plan: Plan
    is_listed: bool = True
    note: str = ""


class ToldRun:
    """What is told of one subject: how its run ended, and what became different."""

    def __init__(self, run: PlanRun, halt: Halt | None) -> None:
        self._run = run
        self.halt = halt

    @property
    def outcome(self) -> str:
        if self.halt is not None:
            return "deferred" if self.halt.is_deferred else "skipped"
        if self._run.error is not None:
            return "failed"
        return "changed" if self._run.done else "unchanged"

    @property
    def is_undone(self) -> bool:
        """Whether it is not as wanted."""
        return self.outcome not in ("changed", "unchanged")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that say what is done: those that were done, or all of them when it did not come to its end."""
        # What the service declined is no action of a subject for which the rest was done.
        return {"unchanged": (), "changed": tuple(self._run.done)}.get(self.outcome, self._run.plan.steps)

    @property
    def obstacle(self) -> str:
        """Why it is not as wanted, without the number of the request, which differs for everybody."""
        if self.halt is not None:
            return self.halt.reason
        error = self._run.error
        request_id = error.facts.get("request_id") if error is not None else None
        return str(error).replace(f", request {request_id}", "")

    @property
    def difference(self) -> Plan:
        """What became different: the plan, or as much of it as was done."""
        plan, done = self._run.plan, self._run.done
        if len(done) == len(plan.steps):
            return plan
        after = {name: value for step in done for name, value in step.values.items()}
        return Plan(plan.subject, {name: value for name, value in plan.before.items() if name in after}, after)


class Told(ToldRun):
    """One person's part of the result."""

    def __init__(self, person: PlannedPerson, run: MemberRun, halt: Halt | None) -> None:
        super().__init__(run, halt)
        self.run = run
        self.person = person
        self.email = run.desired.email

    @property
    def action(self) -> str:
        """The step that says most about what is done: the first one, or the last for somebody who leaves."""
        steps = self.steps
        if not steps:
            return "none"
        return steps[-1 if steps[-1].action in REMOVALS else 0].action

    @property
    def difference(self) -> Plan:
        """What became different, with the groups that were joined and left."""
        plan = super().difference
        joined = {step.target for step in self.run.done if step.action == "add_to_group"}
        left = {step.target for step in self.run.done if step.action == "remove_from_group"}
        if plan is self.run.plan or not joined | left:
            return plan
        before = self.run.plan.before.get("groups", ())
        groups = sorted(map(str, {*before, *joined} - left), key=str.casefold)
        return Plan(plan.subject, {**plan.before, "groups": before}, {**plan.after, "groups": groups})

    @property
    def handed_over(self) -> dict[str, Any]:
        """Who takes over the open work, for the diff: a reviewer wants to know, although it is no field of a member."""
        done = any(step.action == "remove" for step in self.run.done)
        return {"reassign_to": self.run.desired.reassign_to} if done else {}

    def row(self) -> dict[str, Any]:
        outcome = self.outcome
        plan = self.difference if outcome == "changed" else self.run.plan
        is_told = outcome != "unchanged"
        row: dict[str, Any] = {
            "email": self.email,
            "action": self.action,
            "fields": sorted({*plan.before, *plan.after}) if is_told and self.action != "delete" else [],
            "outcome": outcome,
            "message": self._message(outcome),
        }
        if is_told:
            row.update(before=dict(plan.before), after=dict(plan.after))
        if self.run.notes:
            row["notes"] = list(self.run.notes)
        if not self.person.is_listed:
            row["unlisted"] = True
            if is_service_account(self.person.current or {}):
                row["service_account"] = True
        return row

    def _message(self, outcome: str) -> str:
        done = "; ".join(_story(step) for step in self.run.done)
        texts = [self.person.note] if self.person.note else []
        if outcome == "changed":
            texts.append(f"{done[:1].upper()}{done[1:]}.")
        elif outcome != "unchanged":
            texts.append(str(self.halt.reason if self.halt is not None else self.run.error))
            texts += [f"Done before: {done}."] * bool(done)
        return " ".join([*texts, *self.run.notes])


def _story(step: Step) -> str:
    """Return what a step does, in words that fit before it is done and afterwards."""
    fields = ", ".join(step.values)
    stories = {
        "create": f"add as {step.values.get('role')}",
        "invite": f"invite as {step.values.get('role')}",
        "enable": "enable",
        "update": f"set {fields}",
        "change_role": f"make {step.values.get('role')}, {step.reason}",
        "add_to_group": f"put into {step.target}",
        "remove_from_group": f"take out of {step.target}",
        "disable": "take access away",
        "remove": f"take access away, {step.reason.partition('; ')[2]}",
        "delete": "delete",
    }
    return stories[step.action]


def roster_result(told: Sequence[Told], client: Client) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": any(one.run.changed for one in told),
        "summary": summary_of(told),
        "members": [one.row() for one in told],
        "deferred": [
            {"email": one.email, "reason": one.halt.reason, "not_before": one.halt.not_before}
            for one in told
            if one.halt is not None and one.halt.is_deferred
        ],
        "org_id": client.connection.org_id,
        "requests": client.requests_sent,
        "actions": [{"email": one.email, **step.described()} for one in told for step in one.run.done],
        "diff": diff_of(told, client.connection.org_id),
    }
    total = len(told)
    undone = [one for one in told if one.is_undone]
    if undone:
        # ansible-core prints all of a failure; thousands of people who are well already would bury the others.
        # An address that nobody has is worth looking at all the same.
        told = [one for one in told if one.outcome != "unchanged" or one.person.note == UNKNOWN_ADDRESS]
        result["members"] = [one.row() for one in told]
        reasons = reasons_of((one.email, one.outcome, one.obstacle) for one in undone)
        raise RosterError(failure_text([one.outcome for one in undone], total, reasons), reasons=reasons, **result)
    return result


def summary_of(told: Iterable[Told]) -> dict[str, int]:
    counts = Counter(COUNTED_AS[one.action] if one.outcome == "changed" else one.outcome for one in told)
    return {name: counts[name] for name in (*dict.fromkeys(COUNTED_AS.values()), *OUTCOMES_COUNTED)}


def diff_of(told: Sequence[Told], org_id: str) -> dict[str, Any]:
    """Return the difference of changed people only, field by field; bounded, so that it can be read."""
    changed = [one for one in told if one.run.done]
    header = f"members of {org_id}"
    shown = changed[:DIFF_PEOPLE]
    # Who is not there, before or afterwards, has no entry, so that the lines of the diff say just what happens.
    before: dict[str, Any] = {one.email: dict(one.difference.before) for one in shown if one.person.current is not None}
    after: dict[str, Any] = {
        one.email: {**one.difference.after, **one.handed_over} for one in shown if one.action != "delete"
    }
    more = len(changed) - len(shown)
    if more:
        header += f", {len(shown)} of {len(changed)} who differ"
        after[f"and {more} more"] = "see members in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def reasons_of(obstacles: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return why people are not as wanted, one text for all who met the same obstacle, the failed ones first.

    An obstacle is an e-mail address, an outcome and a text.
    """
    people: dict[str, list[str]] = {}
    for email, _outcome, text in sorted(obstacles, key=lambda one: one[1] != "failed"):
        people.setdefault(without_subject(text, email), []).append(email)
    reasons = [f"{named(emails)}: {reason}" for reason, emails in people.items()]
    more = len(reasons) - MESSAGE_PEOPLE
    return reasons[:MESSAGE_PEOPLE] + [f"and {more} more reasons, see members"] * (more > 0)


def failure_text(outcomes: Sequence[str], total: int, reasons: Sequence[str], *, kind: str = "people") -> str:
    """Return the message for people of whom as many as there are ``outcomes`` are not as wanted."""
    by_outcome = Counter(outcomes)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in by_outcome.items())
    told = "; ".join(reason.rstrip(".") for reason in reasons)
    return f"{len(outcomes)} of {total} {kind} are not as wanted ({counts}). {told}."


def warn_of_notes(notes: Sequence[str], warn: Callable[[str], None]) -> None:
    """Warn of the first few notes; thousands would be read by nobody."""
    for note in notes[:WARNED_NOTES]:
        warn(note)
    if len(notes) > WARNED_NOTES:
        warn(f"There are {len(notes) - WARNED_NOTES} more notes like these; see the messages of members in the result.")


def without_subject(text: str, email: str) -> str:
    """Return the text without the address at its beginning, which the name of the row tells already."""
    rest = text.removeprefix(email).lstrip(": ")
    return rest or text
