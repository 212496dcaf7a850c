# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of an onboarding: one row for each person, group and guest, counts, and the failure. Private to the
collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import RosterError
from ansible_collections.tallyfy.platform.plugins.module_utils._groups import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._guests import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding_processes import PlannedProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding_run import OnboardingRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_results import (
    DIFF_PEOPLE,
    OUTCOMES_COUNTED,
    PlannedPerson,
    Told,
    ToldRun,
    failure_text,
    reasons_of,
    summary_of,
)

#: From the one that matters most.
OUTCOMES = ("failed", "deferred", "skipped", "changed", "unchanged")
#: Under which name ``summary`` counts what the first step does.
PEOPLE_COUNTS = ("created", "invited", "enabled", "updated", *OUTCOMES_COUNTED)
PROCESS_COUNTS = {"launch": "launched", "reactivate": "reactivated"}
GROUP_COUNTS = {"create": "created"}
GUEST_COUNTS = {"create": "created", "enable": "enabled"}
UPDATED = "updated"


class ToldThing(ToldRun):
    """The part of the result that is about one group, guest or process."""

    def __init__(
        self, name: str, run: GroupRun | GuestRun | PlannedProcess, told_by: OnboardingRun, counts: Mapping[str, str]
    ) -> None:
        self.run = run.run if isinstance(run, PlannedProcess) else run
        super().__init__(self.run, told_by.halt_of(self.run))
        self.name = name
        self._counts = counts
        self.notes = list(self.run.plan.warnings if isinstance(self.run, GroupRun) else self.run.notes)

    @property
    def action(self) -> str:
        return self.steps[0].action if self.steps else "none"

    @property
    def counted_as(self) -> str:
        """Under which name ``summary`` counts it."""
        return self._counts.get(self.action, UPDATED) if self.outcome == "changed" else self.outcome

    def told(self) -> Record:
        """Return what every row has."""
        texts = [*([self.obstacle] if self.is_undone else []), *self.notes]
        row = {"action": self.action, "outcome": self.outcome, "message": " ".join(texts)}
        return {**row, **({"notes": self.notes} if self.notes else {})}


class ToldPerson:
    """One person's part of the result, with their process if they have one."""

    def __init__(self, member: Told, process: ToldThing | None, planned: PlannedProcess | None) -> None:
        self.member = member
        self.process = process
        self._planned = planned
        self.email = member.email

    @property
    def parts(self) -> list[ToldRun]:
        return [self.member, *([self.process] if self.process is not None else [])]

    @property
    def outcome(self) -> str:
        """What became of the person: of the two parts, what matters most."""
        return min((part.outcome for part in self.parts), key=OUTCOMES.index)

    @property
    def counted_as(self) -> str:
        """Under which name ``summary`` counts the person, once: with a change of the process alone as updated."""
        if self.outcome != "changed":
            return self.outcome
        if self.member.outcome == "unchanged":
            return UPDATED
        return next(name for name, count in summary_of([self.member]).items() if count)

    def obstacles(self) -> list[tuple[str, str, str]]:
        """Return why the person is not as wanted."""
        undone = [part for part in self.parts if part.is_undone]
        # That no process is launched for who is not in needs no saying.
        return [(self.email, part.outcome, part.obstacle) for part in undone[:1]]

    def row(self) -> Record:
        row = {**self.member.row(), "outcome": self.outcome}
        if self.process is None or self._planned is None:
            return row
        run = self._planned.run
        name = run.record.get("name") or run.plan.after.get("name") or run.desired.subject
        title = run.launch.template.title if run.launch is not None else run.record.get("checklist_title")
        told = self.process.told()
        row["process"] = {
            "id": run.record.get("id"),
            "name": name,
            "template": title,
            "reference": run.desired.key,
            **told,
            "unchangeable": self._planned.unchangeable,
        }
        # In the words of what is done to the person, which are the same in check mode.
        verb = self.process.action if self.process.action in PROCESS_COUNTS else "update"
        done = f"{verb.capitalize()} {name}." if self.process.outcome == "changed" else ""
        row["message"] = " ".join(text for text in (row["message"], done, told["message"]) if text)
        return row


def onboarding_result(run: OnboardingRun, planned: Sequence[PlannedPerson], client: Client) -> dict[str, Any]:
    """Return the result of ``tallyfy_onboarding``; raises ``RosterError`` when something is not as wanted."""
    processes = {one.email: (ToldThing(one.email, one, run, PROCESS_COUNTS), one) for one in run.processes}
    people = [
        ToldPerson(
            Told(person, member_run, run.halt_of(member_run)), *processes.get(member_run.desired.email, (None, None))
        )
        for person, member_run in zip(planned, run.people)
    ]
    groups = [ToldThing(one.desired.name, one, run, GROUP_COUNTS) for one in run.groups]
    guests = [ToldThing(one.desired.email, one, run, GUEST_COUNTS) for one in run.guests]
    things = [*groups, *guests, *(process for process, _planned in processes.values())]
    result: dict[str, Any] = {
        "changed": any(one.changed for one in (*run.people, *(thing.run for thing in things))),
        "summary": {
            "people": _counts(people, PEOPLE_COUNTS),
            "processes": _counts([told for told, _one in processes.values()], PROCESS_COUNTS.values()),
            "groups": _counts(groups, GROUP_COUNTS.values()),
            "guests": _counts(guests, GUEST_COUNTS.values()),
        },
        "people": [person.row() for person in people],
        "groups": [{"name": one.name, **one.told()} for one in groups],
        "guests": [
            {"email": one.name, **one.told(), "unchangeable": guest.unchangeable}
            for one, guest in zip(guests, run.guests)
        ],
        "deferred": _deferred([*((person.email, part) for person in people for part in person.parts)], guests),
        "org_id": client.connection.org_id,
        "requests": client.requests_sent,
        "actions": _actions(people, groups, guests),
        "diff": _diff(people, groups, guests, client.connection.org_id),
    }
    obstacles = [obstacle for person in people for obstacle in person.obstacles()]
    obstacles += [(one.name, one.outcome, one.obstacle) for one in (*groups, *guests) if one.is_undone]
    if obstacles:
        # ansible-core prints all of a failure; thousands of people who are well already would bury the others.
        result["people"] = [person.row() for person in people if person.outcome != "unchanged"]
        reasons = reasons_of(obstacles)
        outcomes = [outcome for _name, outcome, _text in obstacles]
        total = len(people) + len(groups) + len(guests)
        kind = "people" if total == len(people) else "people, groups and guests"
        raise RosterError(failure_text(outcomes, total, reasons, kind=kind), reasons=reasons, **result)
    return result


def _counts(told: Iterable[ToldThing | ToldPerson], names: Iterable[str]) -> dict[str, int]:
    counts = Counter(one.counted_as for one in told)
    return {name: counts[name] for name in dict.fromkeys((*names, UPDATED, *OUTCOMES_COUNTED))}


def _deferred(parts: Iterable[tuple[str, ToldRun]], guests: Iterable[ToldThing]) -> list[Record]:
    halts = [(email, part.halt) for email, part in (*parts, *((one.name, one) for one in guests))]
    return [
        {"email": email, "reason": halt.reason, "not_before": halt.not_before}
        for email, halt in dict.fromkeys(halts)
        if halt is not None and halt.is_deferred
    ]


def _actions(people: Iterable[ToldPerson], groups: Iterable[ToldThing], guests: Iterable[ToldThing]) -> list[Record]:
    people = list(people)
    actions = [{"email": one.email, **step.described()} for one in people for step in one.member.run.done]
    actions += [{"group": one.name, **step.described()} for one in groups for step in one.run.done]
    actions += [{"guest": one.name, **step.described()} for one in guests for step in one.run.done]
    return actions + [
        {"email": one.email, "process": step.subject, **step.described()}
        for one in people
        if one.process is not None
        for step in one.process.run.done
    ]


def _diff(
    people: Iterable[ToldPerson], groups: Iterable[ToldThing], guests: Iterable[ToldThing], org_id: str
) -> dict[str, Any]:
    """Return the difference of what changed only; what is not there, before or afterwards, has no entry."""
    entries: list[tuple[str, ToldRun]] = [(f"group {one.name}", one) for one in groups if one.run.done]
    entries += [(f"guest {one.name}", one) for one in guests if one.run.done]
    for person in people:
        entries += [(person.email, person.member)] if person.member.run.done else []
        if person.process is not None and person.process.run.done:
            entries.append((f"{person.email}: process", person.process))
    header = f"onboarding of {org_id}"
    shown = list(islice(entries, DIFF_PEOPLE))
    before: dict[str, Any] = {name: dict(one.difference.before) for name, one in shown if one.difference.before}
    after: dict[str, Any] = {name: dict(one.difference.after) for name, one in shown}
    more = len(entries) - len(shown)
    if more:
        header += f", {len(shown)} of {len(entries)} that differ"
        after[f"and {more} more"] = "see people in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}
