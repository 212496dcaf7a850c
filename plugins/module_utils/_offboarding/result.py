# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of an offboarding: rows of people, guests and groups, counts and diff. Private to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, SkipReason, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import OUTCOMES, UNDONE, Outcome
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import full_name_of
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.actions import REMOVALS
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import named
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import Leaver
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.member_run import MemberRun
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import (
    DIFF_PEOPLE,
    OFFBOARDED_COUNTS,
    RESULT_KEYS,
    RunReport,
    counts_of,
    deferred_of,
    facts_of,
    raise_undone,
)

from .plan import PlannedLeaver
from .run import OffboardingRun, RunningHandover

GROUP_COUNTS: tuple[Outcome, ...] = ("updated", "unchanged", "deferred", "failed", "skipped")
#: The keys of every result, also of a failure.
OFFBOARDING_KEYS: dict[str, Any] = {
    **RESULT_KEYS,
    "guests": [],
    "groups": [],
    "processes": [],
    "removals": [],
    "summary": {
        "people": dict.fromkeys(OFFBOARDED_COUNTS, 0),
        "guests": dict.fromkeys(OFFBOARDED_COUNTS, 0),
        "groups": dict.fromkeys(GROUP_COUNTS, 0),
    },
}


class HandoverReport(RunReport):
    """The report on one hand-over."""

    def __init__(self, running: RunningHandover) -> None:
        super().__init__(running.run)
        self.running = running
        self.kind = running.handover.kind
        self.subject = running.run.plan.subject

    @property
    def plan(self) -> Plan:
        """The difference: the steps done, or the whole plan when the run was not completed."""
        return self.difference if self.is_changed else self._run.plan


class LeaverReport(RunReport):
    """The report on one leaver: the access, and everything that is handed over."""

    def __init__(self, person: PlannedLeaver, run: MemberRun, ran: OffboardingRun) -> None:
        super().__init__(run)
        self.email = person.desired.email
        self.leaver: Leaver | None = person.leaver
        self.is_unknown = person.leaver is None
        self.parts = [HandoverReport(running) for running in ran.concerning(self.email) if self._is_theirs(running)]
        self.access = run
        self._processes = processes_of(person.leaver, ran)

    def _is_theirs(self, running: RunningHandover) -> bool:
        """Return whether the hand-over was done for this leaver, and not only for others in the same group."""
        return not running.run.done or self.leaver is None or self.leaver.email not in running.staying

    @property
    def outcome(self) -> Outcome:
        """The most important outcome of the access and all hand-overs."""
        own = super().outcome
        if own in REMOVALS and not any(part.is_undone for part in self.parts):
            return own
        return min([own, *(part.outcome for part in self.parts)], key=OUTCOMES.index)

    @property
    def action(self) -> Outcome:
        if self.steps:
            return super().action
        handed = [part.action for part in self.parts if part.steps and part.kind != "group"]
        return handed[0] if handed else "removed_from_group" if any(part.steps for part in self.parts) else "unchanged"

    @property
    def obstacle(self) -> str:
        """Why the leaver was not converged: the obstacle of the hand-over, else that of the access."""
        undone = sorted((part for part in self.parts if part.is_undone), key=lambda part: UNDONE.index(part.outcome))
        failed = [f"{part.running.called}: {part.obstacle}" for part in undone if part.outcome == "failed"]
        return "; ".join(dict.fromkeys(failed or [part.obstacle for part in undone])) or super().obstacle

    @property
    def notes(self) -> list[str]:
        notes = list(self.access.notes)
        notes += [note for part in self.parts if part.kind == "tasks" for note in part.running.notes]
        kept = [
            str(process["name"]) for process in self._processes if process["owner_after"] == process["owner_before"]
        ]
        if kept and self.leaver is not None and self.leaver.successor is None:
            notes.append(f"{self.email} still owns running processes, because there is no successor: {named(kept)}.")
        return notes

    def row(self) -> Record:
        access = self.difference if self.is_changed else self.access.plan
        plans = [access, *(part.plan for part in self.parts if part.kind == "tasks")]
        is_reported = self.outcome not in ("unchanged", "not_found")
        before = {name: value for plan in plans for name, value in plan.before.items()}
        after = {name: value for plan in plans for name, value in plan.after.items()}
        return {
            "email": self.email,
            "name": full_name_of(self.leaver.record) if self.leaver is not None else "",
            "action": self.action,
            "fields": sorted({*before, *after}) if is_reported and self.action != "deleted" else [],
            "outcome": self.outcome,
            "message": self._message(),
            "before": before if is_reported else {},
            "after": after if is_reported else {},
            "notes": self.notes,
            "reassign_to": self.access.desired.reassign_to,
            "processes": self._processes,
        }

    def _message(self) -> str:
        story = ""
        if self.leaver is not None:
            done = [_story(part.running, self.leaver) for part in self.parts if part.running.run.done]
            done += [_story_of_access(step, self.leaver) for step in self.access.done]
            story = "; ".join(done)
        if self.is_undone:
            texts = [self.obstacle, f"Done before: {story}." if story else ""]
        else:
            texts = [f"{story[:1].upper()}{story[1:]}." if story else ""]
        return " ".join([*(text for text in texts if text), *self.notes])


def _story(running: RunningHandover, leaver: Leaver) -> str:
    """Return the description of a completed hand-over."""
    kind, subject = running.handover.kind, running.run.plan.subject
    heir = None if leaver.successor is None else str(leaver.successor["email"])
    if kind == "group":
        return f"removed from group {subject}"
    if kind == "tasks":
        return f"handed over {running.run.plan.steps[0].reason.partition(';')[0]} to {heir}"
    if heir is None:
        return f"removed the association with {kind} {subject}"
    return f"handed over the {kind} {subject} to {heir}"


def _story_of_access(step: Step, leaver: Leaver) -> str:
    if step.action == "deleted":
        return "deleted"
    return "disabled" + ("" if leaver.successor is None else f", open work goes to {leaver.successor['email']}")


def processes_of(leaver: Leaver | None, ran: OffboardingRun) -> list[Record]:
    """Return the running processes of a leaver with their owners before and after."""
    if leaver is None:
        return []
    runs = {
        str(running.handover.record["id"]): running.run
        for running in ran.handovers
        if running.handover.kind == "process"
    }
    rows = []
    for process in ran.plan.processes:
        if str(process.get("owner_id")) != leaver.member_id:
            continue
        run = runs.get(str(process["id"]))
        after: str | None = leaver.email
        if run is not None and run.done:
            after = str(run.plan.after["owner"])
        elif run is not None and not run.is_undone:
            # Another writer has changed the owner in the meantime.
            after = None
        rows.append(
            {"id": process["id"], "name": process.get("name"), "owner_before": leaver.email, "owner_after": after}
        )
    return rows


class GuestReport(RunReport):
    """The report on one guest, who is removed or handed over."""

    def __init__(self, email: str, run: PlanRun, *, is_unknown: bool = False) -> None:
        super().__init__(run)
        self.email = email
        self.run = run
        self.is_unknown = is_unknown

    def row(self) -> Record:
        plan = self.difference if self.is_changed else self.run.plan
        is_reported = self.outcome not in ("unchanged", "not_found")
        return {
            "email": self.email,
            "action": self.action,
            "outcome": self.outcome,
            "message": self._message(),
            "before": dict(plan.before) if is_reported else {},
            "after": dict(plan.after) if is_reported else {},
        }

    def _message(self) -> str:
        if self.is_unknown:
            return " ".join(self.run.plan.warnings)
        if self.is_undone:
            return self.obstacle
        if not self.run.done:
            return ""
        members = self.run.plan.after.get("associated_members")
        return "Deleted." if members is None else f"Associated with {', '.join(members) or 'nobody'}."


# --- the whole result -------------------------------------------------------------------------------------------------


def notes_of(ran: OffboardingRun) -> list[str]:
    """Return the notes of all runs, each once."""
    people = [LeaverReport(person, run, ran) for person, run in zip(ran.plan.people, ran.people)]
    notes = [note for report in people for note in report.notes]
    notes += [note for running in ran.handovers if running.handover.kind == "guest" for note in running.notes]
    return list(dict.fromkeys([*notes, *(note for run in ran.guests for note in run.notes)]))


def offboarding_result(ran: OffboardingRun, organization: Record, task: Task) -> dict[str, Any]:
    """Return the result of ``tallyfy_offboarding``; raises ``RosterError`` when somebody could not be converged."""
    people = [LeaverReport(person, run, ran) for person, run in zip(ran.plan.people, ran.people)]
    leaving = [
        GuestReport(guest.desired.email, run, is_unknown=guest.record is None)
        for guest, run in zip(ran.plan.guests, ran.guests)
    ]
    parts = [HandoverReport(running) for running in ran.handovers]
    handed = [GuestReport(part.subject, part.running.run) for part in parts if part.kind == "guest"]
    groups = [part for part in parts if part.kind == "group"]
    guests = [*leaving, *handed]
    result: dict[str, Any] = {
        "changed": ran.changed,
        "summary": {
            "people": counts_of(people, OFFBOARDED_COUNTS),
            "guests": counts_of(guests, OFFBOARDED_COUNTS),
            "groups": counts_of(groups, GROUP_COUNTS),
        },
        "people": [report.row() for report in people],
        "guests": [report.row() for report in guests],
        "groups": [_group_row(part) for part in groups],
        "processes": [process for leaver in ran.plan.leavers for process in processes_of(leaver, ran)],
        "problems": [],
        "deferred": _deferred(people, guests, groups),
        "notes": notes_of(ran),
        "actions": _actions(ran),
        "diff": _diff(ran, str(organization["id"])),
        **facts_of(task, organization),
    }
    # A failed hand-over is reported for each of its leavers.
    undone: list[tuple[str, RunReport]] = [(person.email, person) for person in people if person.is_undone]
    undone += [(guest.email, guest) for guest in leaving if guest.is_undone]
    if undone:
        raise_undone(result, undone, len(people) + len(leaving), kind="people and guests" if leaving else "people")
    return result


def _group_row(part: HandoverReport) -> Record:
    staying, run = part.running.staying, part.running.run
    text = f"{named(staying)} stayed in the group, because the hand-over is not completed."
    stay = text if staying and run.done else ""
    is_reported = part.outcome != "unchanged"
    return {
        "name": part.subject,
        "action": part.action,
        "outcome": part.outcome,
        "message": part.obstacle if part.is_undone else stay,
        "before": dict(part.plan.before) if is_reported else {},
        "after": dict(part.plan.after) if is_reported else {},
    }


def _deferred(
    people: Iterable[LeaverReport], guests: Iterable[GuestReport], groups: Iterable[HandoverReport]
) -> list[Record]:
    reasons: list[tuple[str, str, SkipReason | None]] = [
        ("email", person.email, part.skip_reason) for person in people for part in (person, *person.parts)
    ]
    reasons += [("guest", guest.email, guest.skip_reason) for guest in guests]
    reasons += [("group", part.subject, part.skip_reason) for part in groups]
    return deferred_of(reasons)


def _actions(ran: OffboardingRun) -> list[Record]:
    """Return the actions done, in their order."""
    actions: list[Record] = []
    for running in ran.handovers:
        subject = running.run.plan.subject
        keys: dict[str, Record] = {
            "guest": {"guest": subject},
            "group": {"group": subject},
            "process": {"email": running.handover.plan.before.get("owner"), "process": subject},
            "tasks": {"email": subject},
        }
        actions += [{**keys[running.handover.kind], **step.described()} for step in running.run.done]
    actions += [{"email": run.desired.email, **step.described()} for run in ran.people for step in run.done]
    return actions + [{"guest": run.desired.email, **step.described()} for run in ran.guests for step in run.done]


def _diff(ran: OffboardingRun, org_id: str) -> dict[str, Any]:
    """Return the diff of what changed only; what does not exist before or afterwards has no entry there."""
    names = Counter(running.run.plan.subject for running in ran.handovers if running.handover.kind == "process")
    entries: list[tuple[str, PlanRun]] = []
    for running in ran.handovers:
        subject, kind = running.run.plan.subject, running.handover.kind
        if kind == "process" and names[subject] > 1:
            subject = f"{subject} ({running.handover.record['id']})"
        entries.append((_written(subject, ran) if kind == "tasks" else f"{kind} {subject}", running.run))
    entries += [(run.desired.email, run) for run in ran.people]
    entries += [(f"guest {run.desired.email}", run) for run in ran.guests]
    changed = [(name, run) for name, run in entries if run.done]
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, run in changed[:DIFF_PEOPLE]:
        plan = RunReport(run).difference
        before.setdefault(name, {}).update(plan.before)
        after.setdefault(name, {}).update(plan.after)
        if any(step.action == "deleted" for step in run.done):
            del after[name]
        elif isinstance(run, MemberRun) and any(step.action in REMOVALS for step in run.done):
            after[name].update({"reassign_to": run.desired.reassign_to} if run.desired.reassign_to else {})
    header = f"offboarding of {org_id}"
    more = len(changed) - DIFF_PEOPLE
    if more > 0:
        header += f", {DIFF_PEOPLE} of {len(changed)} changed"
        after[f"and {more} more"] = "see people, guests and groups in the result"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _written(email: str, ran: OffboardingRun) -> str:
    """Return the address in the spelling of the input."""
    people = (person for person in ran.plan.people if person.leaver is not None and person.leaver.email == email)
    return next((person.desired.email for person in people), email)
