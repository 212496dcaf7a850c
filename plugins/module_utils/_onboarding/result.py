# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of an onboarding: rows of people, groups and guests, counts and diff. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import DONE, OUTCOMES, Outcome, spoken
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.run import ProcessRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import (
    DIFF_PEOPLE,
    ONBOARDED_COUNTS,
    RESULT_KEYS,
    MemberReport,
    PlannedPerson,
    RunReport,
    counts_of,
    deferred_of,
    facts_of,
    raise_undone,
)

from .processes import PlannedProcess
from .run import OnboardingRun

_MORE: tuple[Outcome, ...] = ("unchanged", "deferred", "failed", "skipped")
COUNTS: dict[str, tuple[Outcome, ...]] = {
    "people": ONBOARDED_COUNTS,
    "processes": ("launched", "unarchived", "updated", *_MORE),
    "groups": ("created", "updated", *_MORE),
    "guests": ("created", "enabled", "updated", *_MORE),
}
ONBOARDING_KEYS: dict[str, Any] = {
    **RESULT_KEYS,
    "groups": [],
    "guests": [],
    "summary": {kind: dict.fromkeys(names, 0) for kind, names in COUNTS.items()},
}


class PartReport(RunReport):
    """The report on one group, guest or process."""

    def __init__(self, name: str, run: GroupRun | GuestRun | ProcessRun) -> None:
        super().__init__(run)
        self.run = run
        self.name = name
        self.notes = list(run.plan.warnings if isinstance(run, GroupRun) else run.notes)

    def row(self) -> Record:
        """Return the keys that every row has."""
        texts = [*([self.obstacle] if self.is_undone else []), *self.notes]
        return {"action": self.action, "outcome": self.outcome, "message": " ".join(texts), "notes": self.notes}


class PersonReport(RunReport):
    """The report on one person, with the process if there is one."""

    def __init__(self, member: MemberReport, process: PartReport | None, planned: PlannedProcess | None) -> None:
        super().__init__(member.run)
        self.member = member
        self.process = process
        self._planned = planned
        self.email = member.email

    @property
    def parts(self) -> list[RunReport]:
        return [self.member, *([self.process] if self.process is not None else [])]

    @property
    def outcome(self) -> Outcome:
        """The more important outcome of member and process; a new process alone counts as an update of the person."""
        outcomes = [self.member.outcome]
        if self.process is not None:
            outcomes.append("updated" if self.process.outcome in DONE else self.process.outcome)
        return min(outcomes, key=OUTCOMES.index)

    @property
    def obstacle(self) -> str:
        """Why the person was not converged. A failed member hides the process that was skipped because of it."""
        return next((part.obstacle for part in self.parts if part.is_undone), "")

    def row(self) -> Record:
        row = {**self.member.row(), "outcome": self.outcome, "process": None}
        if self.process is None or self._planned is None:
            return row
        run = self._planned.run
        name = run.record.get("name") or run.plan.after.get("name") or run.desired.subject
        title = run.launch.template.title if run.launch is not None else run.record.get("checklist_title")
        process = self.process.row()
        row["process"] = {
            "id": run.record.get("id"),
            "name": name,
            "template": title,
            "reference": run.desired.key,
            **process,
            "unchangeable": self._planned.unchangeable,
        }
        done = f"Process {spoken(self.process.outcome)}: {name}." if self.process.is_changed else ""
        row["message"] = " ".join(text for text in (row["message"], done, process["message"]) if text)
        return row


def onboarding_result(
    run: OnboardingRun, planned: Sequence[PlannedPerson], notes: Sequence[str], organization: Record, task: Task
) -> dict[str, Any]:
    """Return the result of ``tallyfy_onboarding``; raises ``RosterError`` when something could not be converged."""
    processes = {process.email: (PartReport(process.email, process.run), process) for process in run.processes}
    people = [
        PersonReport(MemberReport(person, member), *processes.get(member.desired.email, (None, None)))
        for person, member in zip(planned, run.people)
    ]
    groups = [PartReport(group.desired.name, group) for group in run.groups]
    guests = [PartReport(guest.desired.email, guest) for guest in run.guests]
    reports: dict[str, Sequence[RunReport]] = {
        "people": people,
        "processes": [process for process, _planned in processes.values()],
        "groups": groups,
        "guests": guests,
    }
    result: dict[str, Any] = {
        "changed": run.changed,
        "summary": {kind: counts_of(reports[kind], names) for kind, names in COUNTS.items()},
        "people": [person.row() for person in people],
        "groups": [{"name": group.name, **group.row()} for group in groups],
        "guests": [
            {"email": guest.name, **guest.row(), "unchangeable": guest_run.unchangeable}
            for guest, guest_run in zip(guests, run.guests)
        ],
        "problems": [],
        "deferred": deferred_of(
            [
                *(("email", person.email, part.skip_reason) for person in people for part in person.parts),
                *(("email", guest.name, guest.skip_reason) for guest in guests),
            ]
        ),
        "notes": list(notes),
        "actions": _actions(people, groups, guests),
        "diff": _diff(people, groups, guests, task.client.connection.org_id),
        **facts_of(task, organization),
    }
    undone: list[tuple[str, RunReport]] = [(person.email, person) for person in people if person.is_undone]
    undone += [(part.name, part) for part in (*groups, *guests) if part.is_undone]
    if undone:
        # ansible-core prints the whole result of a failure, and thousands of unchanged people would hide the others.
        result["people"] = [person.row() for person in people if person.outcome != "unchanged"]
        total = len(people) + len(groups) + len(guests)
        raise_undone(result, undone, total, kind="people" if total == len(people) else "people, groups and guests")
    return result


def _actions(
    people: Sequence[PersonReport], groups: Iterable[PartReport], guests: Iterable[PartReport]
) -> list[Record]:
    actions = [{"email": person.email, **step.described()} for person in people for step in person.member.run.done]
    actions += [{"group": group.name, **step.described()} for group in groups for step in group.run.done]
    actions += [{"guest": guest.name, **step.described()} for guest in guests for step in guest.run.done]
    return actions + [
        {"email": person.email, "process": step.subject, **step.described()}
        for person in people
        if person.process is not None
        for step in person.process.run.done
    ]


def _diff(
    people: Iterable[PersonReport], groups: Iterable[PartReport], guests: Iterable[PartReport], org_id: str
) -> dict[str, Any]:
    """Return the diff of what changed only; what does not exist before or afterwards has no entry there."""
    entries: list[tuple[str, RunReport]] = [(f"group {group.name}", group) for group in groups if group.run.done]
    entries += [(f"guest {guest.name}", guest) for guest in guests if guest.run.done]
    for person in people:
        entries += [(person.email, person.member)] if person.member.run.done else []
        if person.process is not None and person.process.run.done:
            entries.append((f"{person.email}: process", person.process))
    header = f"onboarding of {org_id}"
    shown = list(islice(entries, DIFF_PEOPLE))
    before: dict[str, Any] = {
        name: dict(report.difference.before) for name, report in shown if report.difference.before
    }
    after: dict[str, Any] = {name: dict(report.difference.after) for name, report in shown}
    more = len(entries) - len(shown)
    if more:
        header += f", {len(shown)} of {len(entries)} changed"
        after[f"and {more} more"] = "see people in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}
