# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of an offboarding: one row for each person, guest and group, counts, and the failure. Private to the
collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._brakes import Halt
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import RosterError
from ansible_collections.tallyfy.platform.plugins.module_utils._fuse import named
from ansible_collections.tallyfy.platform.plugins.module_utils._handovers import Leaver
from ansible_collections.tallyfy.platform.plugins.module_utils._member_plans import REMOVALS
from ansible_collections.tallyfy.platform.plugins.module_utils._member_runs import MemberRun
from ansible_collections.tallyfy.platform.plugins.module_utils._members import shape_member
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_plans import (
    UNKNOWN_GUEST,
    UNKNOWN_MEMBER,
    PlannedGuest,
    PlannedLeaver,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding_run import OffboardingRun, RunningHandover
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_results import DIFF_PEOPLE, MESSAGE_PEOPLE

PEOPLE_COUNTS = ("removed", "changed", "unchanged", "not_found", "deferred", "failed", "skipped")
GROUP_COUNTS = ("changed", "unchanged", "deferred", "failed", "skipped")
LISTS = ("people", "guests", "groups", "processes", "problems", "deferred", "notes", "actions")
#: From the one that matters most.
UNDONE = ("failed", "deferred", "skipped")


class Part:
    """How one run ended, and what became different."""

    def __init__(self, run: PlanRun, halt: Halt | None, *, done_as: str = "changed") -> None:
        self.run = run
        self.halt = halt
        self._done_as = done_as

    @property
    def outcome(self) -> str:
        if self.halt is not None:
            return "deferred" if self.halt.is_deferred else "skipped"
        if self.run.error is not None:
            return "failed"
        return self._done_as if self.run.done else "unchanged"

    @property
    def is_undone(self) -> bool:
        return self.outcome in UNDONE

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was done, or what was to be done when it did not come to its end."""
        return self.run.plan.steps if self.is_undone else tuple(self.run.done)

    @property
    def obstacle(self) -> str:
        """Why it is not done, without the number of the request, which differs for everybody."""
        if self.halt is not None:
            return self.halt.reason
        error = self.run.error
        request_id = error.facts.get("request_id") if error is not None else None
        return "" if error is None else str(error).replace(f", request {request_id}", "")

    @property
    def difference(self) -> Plan:
        """What became different: the plan, or as much of it as was done; all of it when it is not done."""
        plan, done = self.run.plan, self.run.done
        if self.is_undone or len(done) == len(plan.steps):
            return plan
        after = {name: value for step in done for name, value in step.values.items()}
        return Plan(plan.subject, {name: value for name, value in plan.before.items() if name in after}, after)

    @property
    def shown(self) -> Plan:
        """What became different for certain, for the diff."""
        done = self.run.done
        if len(done) == len(self.run.plan.steps):
            return self.run.plan
        after = {name: value for step in done for name, value in step.values.items()}
        before = {name: value for name, value in self.run.plan.before.items() if name in after}
        return Plan(self.run.plan.subject, before, after)


class PersonReport:
    """One leaver's part of the result."""

    def __init__(self, person: PlannedLeaver, run: MemberRun, ran: OffboardingRun) -> None:
        self.email = person.desired.email
        self.leaver: Leaver | None = person.leaver
        self.access = Part(run, ran.halt_of(run), done_as="removed")
        concerning = ran.concerning(self.email)
        self.handovers = [(one, Part(one.run, ran.halt_of(one.run))) for one in concerning if not _stays(one, person)]
        self._run = run
        self._person = person
        self._processes = processes_of(person.leaver, ran)

    @property
    def parts(self) -> list[Part]:
        return [self.access, *(part for _one, part in self.handovers)]

    @property
    def outcome(self) -> str:
        """What became of the person: of all parts, what matters most."""
        if self.leaver is None:
            return "not_found"
        order = (*UNDONE, "removed", "changed", "unchanged")
        return min((part.outcome for part in self.parts), key=order.index)

    @property
    def action(self) -> str:
        if self.access.steps:
            return self.access.steps[-1].action
        kinds = {one.handover.kind for one, part in self.handovers if part.steps}
        return "update" if kinds - {"group"} else "remove_from_group" if kinds else "none"

    @property
    def notes(self) -> list[str]:
        notes = [f"{self.email}: {UNKNOWN_MEMBER[0].lower()}{UNKNOWN_MEMBER[1:]}"] * (self.leaver is None)
        notes += self._run.notes
        notes += [note for one, _part in self.handovers for note in getattr(one.run, "notes", ()) if _is_own(one)]
        kept = [str(one["name"]) for one in self._processes if one["owner_after"] == one["owner_before"]]
        if kept and self.leaver is not None and self.leaver.successor is None:
            notes.append(f"{self.email} still owns running processes, because nobody takes over: {named(kept)}.")
        return notes

    def row(self) -> Record:
        plans = [self.access.difference] + [part.difference for one, part in self.handovers if _is_own(one)]
        is_told = self.outcome not in ("unchanged", "not_found")
        before = {name: value for plan in plans for name, value in plan.before.items()}
        after = {name: value for plan in plans for name, value in plan.after.items()}
        row: Record = {
            "email": self.email,
            "name": shape_member(self.leaver.record)["full_name"] or "" if self.leaver is not None else "",
            "action": self.action,
            "fields": sorted({*before, *after}) if is_told and self.action != "delete" else [],
            "outcome": self.outcome,
            "message": self.message(),
        }
        if is_told:
            row.update(before=before, after=after)
        notes = self.notes
        if notes:
            row["notes"] = notes
        row["reassign_to"] = self._person.desired.reassign_to
        row["processes"] = self._processes
        return row

    def message(self) -> str:
        if self.leaver is None:
            return UNKNOWN_MEMBER
        done = [_story(one, self.leaver) for one, part in self.handovers if part.run.done]
        done += [_story_of_access(step, self.leaver) for step in self.access.run.done]
        told = "; ".join(islice(done, MESSAGE_PEOPLE)) + f"; and {len(done) - MESSAGE_PEOPLE} more" * (
            len(done) > MESSAGE_PEOPLE
        )
        told = f"{told[:1].upper()}{told[1:]}." if told else ""
        undone = [part for part in self.parts if part.is_undone]
        if not undone:
            return " ".join([*([told] if told else []), *self.notes])
        reasons = dict.fromkeys(part.obstacle for part in sorted(undone, key=lambda one: UNDONE.index(one.outcome)))
        return " ".join([*reasons, *([f"Done before: {told}"] if told else []), *self.notes])


def _stays(one: RunningHandover, person: PlannedLeaver) -> bool:
    """Return whether the person was left where they are when others were taken out of the group."""
    return (
        person.leaver is not None
        and person.leaver.email in one.staying
        and one.run.error is None
        and bool(one.run.done)
    )


def _is_own(one: RunningHandover) -> bool:
    """Return whether it is about the person alone, and no record of its own."""
    return one.handover.kind == "tasks"


def _story(one: RunningHandover, leaver: Leaver) -> str:
    """Return what was done, in words that fit before it is done and afterwards."""
    kind, subject = one.handover.kind, one.run.plan.subject
    heir = None if leaver.successor is None else str(leaver.successor["email"])
    if kind == "group":
        return f"take out of {subject}"
    if kind == "tasks":
        return f"hand {one.run.plan.steps[0].reason.partition(';')[0]} over to {heir}"
    if heir is None:
        return f"take the {kind} {subject} from them"
    return f"hand the {kind} {subject} over to {heir}"


def _story_of_access(step: Step, leaver: Leaver) -> str:
    if step.action == "delete":
        return "delete"
    return "take access away" + ("" if leaver.successor is None else f", open work goes to {leaver.successor['email']}")


def processes_of(leaver: Leaver | None, ran: OffboardingRun) -> list[Record]:
    """Return the running processes of a leaver with their owners before and after."""
    if leaver is None:
        return []
    runs = {str(one.handover.record["id"]): one.run for one in ran.handovers if one.handover.kind == "process"}
    rows = []
    for process in ran.plan.processes:
        if str(process.get("owner_id")) != leaver.number:
            continue
        run = runs.get(str(process["id"]))
        after: str | None = leaver.email
        if run is not None and run.done:
            after = str(run.plan.after["owner"])
        elif run is not None and run.error is None and ran.halt_of(run) is None:
            # Somebody else has changed it in the meantime.
            after = None
        rows.append(
            {"id": process["id"], "name": process.get("name"), "owner_before": leaver.email, "owner_after": after}
        )
    return rows


class GuestReport:
    """The part of the result that is about one guest, who leaves or is handed over."""

    def __init__(self, email: str, part: Part, *, is_known: bool = True, notes: Iterable[str] = ()) -> None:
        self.email = email
        self.part = part
        self.is_known = is_known
        self._notes = list(notes)

    @property
    def outcome(self) -> str:
        return self.part.outcome if self.is_known else "not_found"

    @property
    def notes(self) -> list[str]:
        unknown = [f"{self.email}: {UNKNOWN_GUEST[0].lower()}{UNKNOWN_GUEST[1:]}"] * (not self.is_known)
        return unknown + self._notes

    def row(self) -> Record:
        is_told = self.outcome not in ("unchanged", "not_found")
        plan = self.part.difference
        return {
            "email": self.email,
            "action": self.part.steps[-1].action if self.part.steps else "none",
            "outcome": self.outcome,
            "message": self._message(),
            "before": dict(plan.before) if is_told else {},
            "after": dict(plan.after) if is_told else {},
        }

    def _message(self) -> str:
        if not self.is_known:
            return UNKNOWN_GUEST
        if self.part.is_undone:
            return self.part.obstacle
        if not self.part.run.done:
            return ""
        members = self.part.run.plan.after.get("associated_members")
        if members is None:
            return "Remove the guest."
        return f"Associate with {', '.join(members) or 'nobody'}."


# --- the whole result -------------------------------------------------------------------------------------------------


def empty_result(organization: Mapping[str, Any], client: Client, *, check_mode: bool) -> dict[str, Any]:
    """Return every key of the result, for a run that did not get to its work."""
    return {
        "changed": False,
        "summary": {
            "people": dict.fromkeys(PEOPLE_COUNTS, 0),
            "guests": dict.fromkeys(PEOPLE_COUNTS, 0),
            "groups": dict.fromkeys(GROUP_COUNTS, 0),
        },
        **{
            name: [] for name in ("people", "guests", "groups", "processes", "problems", "deferred", "notes", "actions")
        },
        "diff": {"before": {}, "after": {}},
        "org_id": client.connection.org_id,
        "organization": dict(organization),
        "check_mode": check_mode,
        "requests": client.requests_sent,
    }


def offboarding_result(
    ran: OffboardingRun, organization: Mapping[str, Any], client: Client, *, check_mode: bool
) -> dict[str, Any]:
    """Return the result of ``tallyfy_offboarding``; raises ``RosterError`` when somebody is not gone."""
    people = [PersonReport(person, run, ran) for person, run in zip(ran.plan.people, ran.people)]
    leaving = [_report_of_guest(guest, run, ran) for guest, run in zip(ran.plan.guests, ran.guests)]
    parts = [(one, Part(one.run, ran.halt_of(one.run))) for one in ran.handovers]
    handed = [
        GuestReport(one.run.plan.subject, part, notes=one.run.notes if hasattr(one.run, "notes") else ())
        for one, part in parts
        if one.handover.kind == "guest"
    ]
    groups = [(one, part) for one, part in parts if one.handover.kind == "group"]
    guests = [*leaving, *handed]
    result = empty_result(organization, client, check_mode=check_mode)
    result.update(
        changed=any(run.changed for run in (*ran.people, *ran.guests, *(one.run for one in ran.handovers))),
        summary={
            "people": _counts((one.outcome for one in people), PEOPLE_COUNTS),
            "guests": _counts((one.outcome for one in guests), PEOPLE_COUNTS),
            "groups": _counts((part.outcome for _one, part in groups), GROUP_COUNTS),
        },
        people=[one.row() for one in people],
        guests=[one.row() for one in guests],
        groups=[_group_row(one, part) for one, part in groups],
        processes=[process for person in ran.plan.leavers for process in processes_of(person, ran)],
        deferred=_deferred(people, guests, groups),
        notes=_distinct([*(one.notes for one in people), *(one.notes for one in guests)]),
        actions=_actions(ran),
        diff=_diff(ran, client.connection.org_id),
    )
    problems = _problems(people, leaving, parts)
    if problems:
        outcomes = [one.outcome for one in people] + [one.outcome for one in guests]
        outcomes = [one for one in (*outcomes, *(part.outcome for _one, part in groups)) if one in UNDONE]
        total = len(people) + len(guests) + len(groups)
        counts = ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes).items())
        told = "; ".join(problem.rstrip(".") for problem in problems)
        raise RosterError(
            f"{len(outcomes)} of {total} people, guests and groups could not be offboarded ({counts}). {told}.",
            **{**result, "problems": problems},
        )
    return result


def _distinct(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in lists for text in texts))


def _report_of_guest(guest: PlannedGuest, run: PlanRun, ran: OffboardingRun) -> GuestReport:
    part = Part(run, ran.halt_of(run), done_as="removed")
    return GuestReport(guest.desired.email, part, is_known=guest.record is not None)


def _group_row(one: RunningHandover, part: Part) -> Record:
    done = f"Take {named(one.run.done[0].reason.partition(' ')[2].split(', '))} out." if one.run.done else ""
    stay = f"{named(one.staying)} stayed, because their hand-over is not done." if one.staying and one.run.done else ""
    texts = [part.obstacle] if part.is_undone else [text for text in (done, stay) if text]
    return {
        "name": one.run.plan.subject,
        "action": part.steps[-1].action if part.steps else "none",
        "outcome": part.outcome,
        "message": " ".join(texts),
    }


def _counts(outcomes: Iterable[str], names: Iterable[str]) -> dict[str, int]:
    counts = Counter(outcomes)
    return {name: counts[name] for name in names}


def _deferred(
    people: Iterable[PersonReport], guests: Iterable[GuestReport], groups: Iterable[tuple[RunningHandover, Part]]
) -> list[Record]:
    halts = [({"email": one.email}, part.halt) for one in people for part in one.parts]
    halts += [({"guest": one.email}, one.part.halt) for one in guests]
    halts += [({"group": one.run.plan.subject}, part.halt) for one, part in groups]
    found: list[Record] = []
    for subject, halt in halts:
        if halt is None or not halt.is_deferred:
            continue
        entry = {**subject, "reason": halt.reason, "not_before": halt.not_before}
        found += [entry] * (entry not in found[-1:])
    return found


def _actions(ran: OffboardingRun) -> list[Record]:
    """Return what was done, in the order in which it is done."""
    actions: list[Record] = []
    for one in ran.handovers:
        subject = one.run.plan.subject
        keys = {
            "guest": {"guest": subject},
            "group": {"group": subject},
            "process": {"email": _leaver_of(one), "process": subject},
            "tasks": {"email": subject},
        }
        actions += [{**keys[one.handover.kind], **step.described()} for step in one.run.done]
    actions += [{"email": run.desired.email, **step.described()} for run in ran.people for step in run.done]
    return actions + [{"guest": run.desired.email, **step.described()} for run in ran.guests for step in run.done]


def _leaver_of(one: RunningHandover) -> str:
    return str(one.handover.plan.before.get("owner", ""))


def _problems(
    people: Iterable[PersonReport], guests: Iterable[GuestReport], handovers: Iterable[tuple[RunningHandover, Part]]
) -> list[str]:
    """Return why it is not done, one text for all who met the same obstacle, the failed ones first."""
    found = [(part.outcome, part.obstacle, one.called) for one, part in handovers if part.is_undone]
    found += [(one.access.outcome, one.access.obstacle, one.email) for one in people if one.access.is_undone]
    found += [(one.outcome, one.part.obstacle, one.email) for one in guests if one.part.is_undone]
    subjects: dict[str, list[str]] = {}
    for _outcome, obstacle, subject in sorted(found, key=lambda one: UNDONE.index(one[0])):
        subjects.setdefault(obstacle.removeprefix(subject).lstrip(": "), []).append(subject)
    return [f"{named(names)}: {obstacle}" for obstacle, names in subjects.items()]


def _diff(ran: OffboardingRun, org_id: str) -> dict[str, Any]:
    """Return the difference of what changed only; what is not there, before or afterwards, has no entry."""
    names = Counter(one.run.plan.subject for one in ran.handovers if one.handover.kind == "process")
    entries: list[tuple[str, PlanRun, bool]] = []
    for one in ran.handovers:
        subject, kind = one.run.plan.subject, one.handover.kind
        if kind == "process" and names[subject] > 1:
            subject = f"{subject} ({one.handover.record['id']})"
        entries.append((subject if kind == "tasks" else f"{kind} {subject}", one.run, False))
    entries += [(run.desired.email, run, any(step.action == "delete" for step in run.done)) for run in ran.people]
    entries += [(f"guest {run.desired.email}", run, True) for run in ran.guests]
    changed = [(name, run, is_gone) for name, run, is_gone in entries if run.done]
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, run, is_gone in changed[:DIFF_PEOPLE]:
        plan = Part(run, None).shown
        before.setdefault(name, {}).update(plan.before)
        if not is_gone:
            after.setdefault(name, {}).update(plan.after)
        else:
            after.pop(name, None)
        if isinstance(run, MemberRun) and not is_gone and any(step.action in REMOVALS for step in run.done):
            after[name].update({"reassign_to": run.desired.reassign_to} if run.desired.reassign_to else {})
    header = f"offboarding of {org_id}"
    more = len(changed) - DIFF_PEOPLE
    if more > 0:
        header += f", {DIFF_PEOPLE} of {len(changed)} that differ"
        after[f"and {more} more"] = "see people, guests and groups in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}
