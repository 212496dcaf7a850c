# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a bulk module in words, for the terminal, for reports and for other jobs. Private to the collection.

A result is the plain JSON that the module returns. Any key of it may be missing: a task that failed before it read
anything has little more than ``msg`` and ``problems``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import (
    DRIFT as DRIFTED,  # what a run would change
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import (
    DONE,
    OFFBOARDED_COUNTS,
    ONBOARDED_COUNTS,
    PEOPLE_COUNTS,
    UNDONE,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text

Record = Mapping[str, Any]
#: What something is done to, the person of the row when it is empty, and what is done, as a participle.
Clause = tuple[str, str]

#: Outcomes that somebody has to look at.
ATTENTION = (*UNDONE, "not_found")
UNCHANGED = "unchanged"
#: In the order in which rows are told.
OUTCOMES = (*ATTENTION, *DONE, *DRIFT, UNCHANGED)
_RANKS = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}

TITLES = {
    "onboarding": ("Onboarding", "into"),
    "offboarding": ("Offboarding", "from"),
    "roster": ("Roster", "of"),
    "drift": ("Drift", "of"),
}
_PARTICIPLES = {
    "onboarding": "onboarded into",
    "offboarding": "offboarded from",
    "roster": "converged in",
    "drift": "compared in",
}
#: The counts of people that are passed on, for each kind.
_COUNTS = {
    "onboarding": ONBOARDED_COUNTS,
    "offboarding": OFFBOARDED_COUNTS,
    "roster": PEOPLE_COUNTS,
    "drift": (*DRIFT, "groups"),
}
#: The parts of a summary, with one of each.
NOUNS = {"people": "person", "processes": "process", "groups": "group", "guests": "guest"}

UNKNOWN = {
    "person": "no member has this address",
    "guest": "no guest has this address",
    "group": "no group has this name",
}
#: A text of the service may be a whole page of HTML.
LONGEST_TEXT = 500
LONGEST_VALUE = 80
MOST_NAMES = 6
MOST_PROBLEM_LINES = 20

_EMPTY = "empty"
#: Fields that are told in other words, or say nothing.
_TOLD_OTHERWISE = {
    "email",
    "full_name",
    "groups",
    "status",
    "is_disabled",
    "open_tasks",
    "owner",
    "reassign_to",
    "members",
    "guests",
    "associated_members",
}


# --- texts and values -------------------------------------------------------------------------------------------------


def shown(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return a text as it can stand in one line, with every harmful character visible."""
    text = " ".join(str(value).split())
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return shown_text(text)


def in_words(value: object) -> str:
    """Return the value of a field as it is told, texts in quotes."""
    if value is None or value == "" or value == [] or value == {}:
        return _EMPTY
    if isinstance(value, (list, tuple)):
        return listed([shown(one, LONGEST_VALUE) for one in value])
    if isinstance(value, (bool, int, float, dict)):
        return shown(json.dumps(value, ensure_ascii=False, default=str), LONGEST_VALUE)
    return f"'{shown(value, LONGEST_VALUE)}'"


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return names as a sentence lists them, the first few when there are many."""
    more = len(names) - most
    if more > 0:
        return f"{', '.join(names[:most])} and {more} more"
    return " and ".join(one for one in (", ".join(names[:-1]), *names[-1:]) if one)


def counted(number: int, part: str) -> str:
    """Return a number with its noun: 1 person, 2 people. A part is one of ``NOUNS`` or an English plural."""
    return f"{number} {NOUNS.get(part, part[:-1]) if number == 1 else part}"


def word(outcome: str, *, dry_run: bool = False) -> str:
    """Return an outcome as it is told."""
    text = shown(outcome).replace("_", " ")
    return f"would be {text}" if dry_run and outcome in DONE else text


# --- what happened to somebody or something ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A person, guest or group of a result, and what happened to them in words.

    ``actions`` may hold those of others too; ``kind`` is a key of ``UNKNOWN``.
    """

    kind: str
    row: Record
    actions: tuple[Record, ...]
    dry_run: bool

    @property
    def outcome(self) -> str:
        return str(self.row.get("outcome") or UNCHANGED)

    @property
    def called(self) -> str:
        """The e-mail address, or the name of a group."""
        return shown(self.row.get("name" if self.kind == "group" else "email") or "?")

    @property
    def label(self) -> str:
        """What a line about it begins with."""
        return self.called if self.kind == "person" else f"{self.kind} {self.called}"

    @property
    def name(self) -> str:
        return shown(self.row.get("name") or "") if self.kind != "group" else ""

    @property
    def notes(self) -> list[str]:
        """What else is to be known, without what the text says already."""
        unknown = UNKNOWN[self.kind] if self.outcome == "not_found" else ""
        notes = [_without_address(shown(note), self.called) for note in _list(self.row.get("notes"))]
        return [note for note in notes if note and _bare(note) != unknown and note not in self.details]

    @property
    def text(self) -> str:
        """What happened, with the outcome where the details do not hold it."""
        details = self.details
        if self.outcome not in ATTENTION:
            return details
        if details.casefold().startswith(word(self.outcome)):
            return details[:1].lower() + details[1:]
        return f"{word(self.outcome)}: {details}"

    @property
    def details(self) -> str:
        """What happened, without the outcome."""
        message = _without_address(shown(self.row.get("message") or ""), self.called).rstrip(".")
        if self.outcome == "not_found":
            return UNKNOWN[self.kind]
        if self.outcome in UNDONE:
            return self._undone(message)
        if self.outcome in DRIFT:
            return message or word(self.outcome)
        if self.outcome == UNCHANGED:
            return UNCHANGED
        done = self.done() or word(self.outcome, dry_run=self.dry_run)
        if self.kind == "group" and message:
            # Who was taken out, and who could not be.
            return f"{done}; {message}"
        return f"not listed: {done}" if self.row.get("unlisted") else done

    def _undone(self, message: str) -> str:
        process = _dict(self.row.get("process"))
        steps = self._steps()
        if process.get("outcome") == self.outcome and (steps or self.row.get("action") in (None, "", "none")):
            # The person is in; what is lacking is the process.
            reason = shown(process.get("message") or "").rstrip(".") or "no reason was given"
            message = f"process {in_words(process.get('name'))}: {reason}"
        done = self.done()
        if not done or "Done before:" in message:
            return message or "no reason was given"
        return f"{message or 'no reason was given'}; before that: {done}"

    def _steps(self) -> list[Record]:
        key = "email" if self.kind == "person" else self.kind
        subject = self.row.get("name" if self.kind == "group" else "email")
        return [step for step in self.actions if step.get(key, subject) == subject and "process" not in step and step]

    def done(self) -> str:
        steps = self._steps()
        if not steps and self.outcome not in UNDONE:
            steps = _steps_of(self.row)
        clauses = _clauses(self.row, steps)
        if self.kind == "person":
            clauses += _processes(self.row)
        return _sentence(clauses, dry_run=self.dry_run)


def _without_address(text: str, address: str) -> str:
    """Return a text without the address that the row has already."""
    rest = text[len(address) + 2 :] if text.startswith(f"{address}: ") else ""
    return rest or text


def _bare(text: str) -> str:
    return text.rstrip(".").casefold()


def _sentence(clauses: Sequence[Clause], *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    # What the same was done to is told together, and so is what was done to the same.
    merged = [
        (listed([subject for subject, _done in group]), done)
        for (_own, done), group in groupby(clauses, key=lambda clause: ("" if clause[0] else clause, clause[1]))
    ]
    return "; ".join(
        f"{subject} {would}{', '.join(done for _subject, done in group)}".lstrip()
        for subject, group in groupby(merged, key=lambda clause: clause[0])
    )


def _steps_of(row: Record) -> list[Record]:
    """Return the steps that a row alone tells of, for a result without actions."""
    action = row.get("action")
    if action in (None, "", "none"):
        return []
    joined, left = _difference(row, "groups")
    steps: list[Record] = []
    if action not in ("add_to_group", "remove_from_group"):
        steps.append({"action": action, "fields": [*_dict(row.get("before")), *_dict(row.get("after"))]})
    steps += [{"action": "add_to_group", "target": name} for name in joined]
    return steps + [{"action": "remove_from_group", "target": name} for name in left]


def _clauses(row: Record, steps: Sequence[Record]) -> list[Clause]:
    """Return what the steps did, each kind of step once, in the order of the first one."""
    by_action: dict[str, list[Record]] = {}
    for step in steps:
        action = str(step.get("action") or "")
        by_action.setdefault("update" if action in ("change_role", "hand_over") else action, []).append(step)
    is_new = bool({"create", "invite"} & by_action.keys())
    clauses: list[Clause] = []
    for action, group in by_action.items():
        if action == "update":
            clauses += [] if is_new else _updates(row, group)
        elif action in ("add_to_group", "remove_from_group"):
            names = [shown(step.get("target") or "?", LONGEST_VALUE) for step in group]
            clauses.append(("", f"{'put into' if action == 'add_to_group' else 'taken out of'} {listed(names)}"))
        else:
            clauses += _clauses_of(action, row)
    return clauses


def _clauses_of(action: str, row: Record) -> list[Clause]:
    if action in ("create", "invite"):
        role = _dict(row.get("after")).get("role")
        return [("", ("created" if action == "create" else "invited") + (f" as {shown(role)}" if role else ""))]
    if action == "remove":
        successor = _successor(row)
        return [("access", "removed"), ("open work", "handed over" + (f" to {successor}" if successor else ""))]
    simple = {"enable": ("", "enabled again"), "disable": ("access", "removed"), "delete": ("", "deleted for good")}
    return [simple.get(action) or ("", f"done: {shown(action).replace('_', ' ')}")]


def _successor(row: Record) -> str:
    return shown(row.get("reassign_to") or _dict(row.get("after")).get("reassign_to") or "")


def _updates(row: Record, steps: Iterable[Record]) -> list[Clause]:
    before, after = _dict(row.get("before")), _dict(row.get("after"))
    fields = dict.fromkeys(str(field) for step in steps for field in _list(step.get("fields")))
    told = [name for name in fields if name not in _TOLD_OTHERWISE and (name in before or name in after)]
    changes = [
        f"{shown(name).replace('_', ' ')}: {in_words(before.get(name))} → {in_words(after.get(name))}" for name in told
    ]
    clauses: list[Clause] = [("", f"changed ({'; '.join(changes)})")] if changes else []
    if "open_tasks" in fields and before.get("open_tasks"):
        successor = _successor(row)
        tasks = f"open task{'s' if before['open_tasks'] != 1 else ''}"
        clauses.append(
            (f"{shown(before['open_tasks'])} {tasks}", f"handed over{f' to {successor}' if successor else ''}")
        )
    return clauses + _list_changes(row)


def _list_changes(row: Record) -> list[Clause]:
    """Return who came into a group or went, and to whom a guest belongs."""
    clauses: list[Clause] = []
    for name, noun in (("members", ""), ("guests", "guest ")):
        added, gone = _difference(row, name)
        clauses += [(noun + listed(added), "added")] if added else []
        clauses += [(noun + listed(gone), "taken out")] if gone else []
    added, gone = _difference(row, "associated_members")
    if added and gone:
        clauses.append(("", f"handed over from {listed(gone)} to {listed(added)}"))
    elif added or gone:
        clauses.append(("", f"connected with {listed(added)}" if added else f"disconnected from {listed(gone)}"))
    return clauses


def _difference(row: Record, name: str) -> tuple[list[str], list[str]]:
    """Return what a list of the row gained and lost."""
    before, after = (_list(_dict(row.get(side)).get(name)) for side in ("before", "after"))
    gained = [shown(one, LONGEST_VALUE) for one in after if one not in before]
    return gained, [shown(one, LONGEST_VALUE) for one in before if one not in after]


def _processes(row: Record) -> list[Clause]:
    """Return what became of the process of somebody new, and of the running ones of somebody who leaves."""
    clauses: list[Clause] = []
    process = _dict(row.get("process"))
    done = {"launch": "launched", "reactivate": "reactivated"}.get(str(process.get("action")), "changed")
    if process.get("outcome") in DONE:
        clauses.append((f"process {in_words(process.get('name'))}", done))
    heirs: dict[str, list[Record]] = {}
    for running in _records(row.get("processes")):
        after = running.get("owner_after")
        if after and after != running.get("owner_before"):
            heirs.setdefault(shown(after), []).append(running)
    for heir, processes in heirs.items():
        one = f"process {in_words(processes[0].get('name'))}"
        clauses.append((one if len(processes) == 1 else f"{len(processes)} processes", f"handed over to {heir}"))
    return clauses


# --- the whole result -------------------------------------------------------------------------------------------------


def subjects_of(result: Record) -> list[Subject]:
    """Return everything that is not unchanged: what needs attention first, then people, guests and groups."""
    dry_run = is_dry_run(result)
    steps: dict[tuple[str, str], list[Record]] = {}
    for step in _records(result.get("actions")):
        for key in ("email", "guest", "group"):
            if key in step:
                steps.setdefault((key, str(step[key])), []).append(step)
    found = []
    for part, kind, key, column in _PARTS:
        for row in _records(result.get(part)):
            if row.get("outcome") not in (None, "", UNCHANGED):
                actions = steps.get((key, str(row.get(column))), ())
                found.append(Subject(kind, row, tuple(actions), dry_run))
    order = {kind: place for place, (_part, kind, _key, _column) in enumerate(_PARTS)}
    return sorted(
        found,
        key=lambda one: (one.outcome not in ATTENTION, order[one.kind], _RANKS.get(one.outcome, len(_RANKS))),
    )


#: The lists of a result: key, kind, key of their actions, key of the subject in a row.
_PARTS = (
    ("people", "person", "email", "email"),
    ("guests", "guest", "guest", "email"),
    ("groups", "group", "group", "name"),
)


def is_dry_run(result: Record) -> bool:
    return bool(result.get("check_mode"))


def organization_in_words(result: Record) -> str:
    """Return name and ID of the organization, empty when neither is known."""
    organization = _dict(result.get("organization"))
    number, name = shown(organization.get("id") or result.get("org_id") or ""), shown(organization.get("name") or "")
    return f"{name} ({number})" if name and number else name or number


def acting_as(result: Record) -> str:
    return shown(_dict(result.get("organization")).get("acting_as") or "")


def counts_of(kind: str, result: Record) -> dict[str, dict[str, int]]:
    """Return how many came to which end, for each part that the result counts, people first."""
    summary = _dict(result.get("summary"))
    parts = {part: _dict(summary.get(part)) for part in NOUNS if isinstance(summary.get(part), Mapping)}
    if not summary:
        parts = {
            part: dict(Counter(str(row.get("outcome") or UNCHANGED) for row in _records(result.get(part))))
            for part in ("people", "guests", "groups")
        }
    elif not parts:
        parts = {"people": {name: number for name, number in summary.items() if name not in ("total", "groups")}}
        if kind == "drift":
            parts["groups"] = {"missing": summary.get("groups", 0)}
    return {
        part: {name: int(number) for name, number in counts.items() if isinstance(number, int)}
        for part, counts in parts.items()
    }


def totals_in_words(counts: Mapping[str, Mapping[str, int]], only: Iterable[str] = OUTCOMES) -> str:
    """Return the counts that are not zero: "created 2, unchanged 1; groups: created 1"."""
    wanted = tuple(only)
    parts = []
    for part, numbers in counts.items():
        texts = [f"{word(name)} {number}" for name, number in numbers.items() if number and name in wanted]
        if texts:
            parts.append(f"{'' if part == 'people' else f'{part}: '}{', '.join(texts)}")
    return "; ".join(parts)


def totals_of(kind: str, result: Record) -> str:
    """Return the totals in words, or that nothing is to be done."""
    counts = counts_of(kind, result)
    if kind == "drift" and not differs(counts):
        return "; ".join(one for one in ("nothing differs", totals_in_words(counts)) if one)
    ends = {name for numbers in counts.values() for name, number in numbers.items() if number}
    if ends <= {UNCHANGED}:
        everybody = {part: sum(numbers.values()) for part, numbers in counts.items() if part != "processes"}
        named = [counted(number, part) for part, number in everybody.items() if number or part == "people"]
        return f"{listed(named) or '0 people'}: nothing to do"
    return totals_in_words(counts)


def heading_of(kind: str, result: Record) -> str:
    """Return what was done where: "Onboarding into Example Corp (25f6…)"."""
    title, preposition = TITLES[kind]
    where = organization_in_words(result)
    return f"{title} {preposition} {where}" if where else title


def text_of(kind: str, result: Record, *, limit: int = 20, report: str | None = None) -> list[str]:
    """Return what people read after a run that succeeded, at most ``limit + 5`` lines."""
    heading = heading_of(kind, result)
    if acting_as(result):
        heading += f", acting as {acting_as(result)}"
    if is_dry_run(result) and kind != "drift":
        heading += "; dry run: nothing was written"
    subjects = subjects_of(result)
    lines = [heading, totals_of(kind, result)]
    lines += [f"{one.label}: {one.text}" for one in subjects[:limit]]
    more = len(subjects) - limit
    if more > 0:
        lines.append(f"and {more} more" + (f": see the report {shown(report)}" if report else ""))
    notes = notes_of(result, subjects)
    room = limit + 5 - len(lines)
    if len(notes) > room:
        notes = [*notes[: room - 1], f"and {counted(len(notes) - room + 1, 'more notes')}"]
    return lines + [shown(note) for note in notes]


def notes_of(result: Record, subjects: Iterable[Subject], *, beside_rows: bool = False) -> list[str]:
    """Return the notes, each once, without those that the line of a subject holds.

    Those of ``beside_rows`` are told where rows have their own notes, so all notes of subjects are left out.
    """
    told: set[str] = set()
    for one in subjects:
        own = [_bare(_without_address(shown(note), one.called)) for note in _list(one.row.get("notes"))]
        text = one.text.casefold()
        own = [note for note in own if beside_rows or note in text]
        if one.outcome == "not_found":
            own.append(UNKNOWN[one.kind])
        called = one.called.casefold()
        told.update(form for note in own for form in (note, f"{called}: {note}", f"{called} {note}"))
    notes = dict.fromkeys(shown(note) for note in _list(result.get("notes")))
    return [note for note in notes if note and _bare(note) not in told]


def failure_of(kind: str, result: Record) -> tuple[str, list[str]]:
    """Return a sentence that says what failed, and the problems, each once."""
    problems = list(dict.fromkeys(shown(problem) for problem in _list(result.get("problems")) if shown(problem)))
    counts = counts_of(kind, result)
    if kind == "drift" and not problems and differs(counts):
        where = organization_in_words(result) or "The organization"
        return f"{where} differs from the roster: {totals_in_words(counts, DRIFTED)}.", _lines_of(result, DRIFTED)
    undone = undone_in_words(kind, result)
    if undone:
        where = organization_in_words(result) or "the organization"
        preposition = _PARTICIPLES[kind].partition(" ")[2]
        told = [*problems, *_done_before(result)] if problems else _lines_of(result, UNDONE)
        return f"{undone} {preposition} {where}{_done_beside(result, counts)}.", told
    if not problems:
        return shown(result.get("msg") or "The task failed and gave no reason."), []
    number = counted(len(problems), "problems")
    if result.get("changed") and not is_dry_run(result):
        return f"Stopped: {number}{_done_beside(result, counts)}.", problems
    return f"Nothing was {'compared' if kind == 'drift' else 'written'}: {number}.", problems


def differs(counts: Mapping[str, Mapping[str, int]]) -> bool:
    """Return whether the counts of a comparison hold drift."""
    return any(numbers.get(name) for numbers in counts.values() for name in DRIFTED)


def undone_in_words(kind: str, result: Record) -> str:
    """Return "1 of 3 people could not be onboarded", empty when nothing was left undone."""
    counts = counts_of(kind, result)
    undone = {part: sum(numbers.get(name, 0) for name in UNDONE) for part, numbers in counts.items()}
    parts = [part for part, number in undone.items() if number]
    # Without its process a person counts as not done, too.
    parts = [part for part in parts if part != "processes"] or parts
    who = listed([f"{undone[part]} of {counted(sum(counts[part].values()), part)}" for part in parts])
    could = "would" if is_dry_run(result) else "could"
    return f"{who} {could} not be {_PARTICIPLES[kind].partition(' ')[0]}" if who else ""


def _done_beside(result: Record, counts: Mapping[str, Mapping[str, int]]) -> str:
    done = totals_in_words(counts, DONE)
    if done:
        return f"; {'would be done' if is_dry_run(result) else 'done'}: {done}"
    return "; nothing was written" if is_dry_run(result) or not result.get("changed") else ""


def _done_before(result: Record) -> list[str]:
    """Return what was done for those for whom something failed: the totals count them as failed only."""
    done = {one.label: one.done() for one in subjects_of(result) if one.outcome in UNDONE}
    lines = [f"{label}: before that: {text}" for label, text in done.items() if text]
    more = len(lines) - MOST_PROBLEM_LINES
    return lines[:MOST_PROBLEM_LINES] + ([f"and {more} more"] if more > 0 else [])


def _lines_of(result: Record, outcomes: Sequence[str]) -> list[str]:
    lines = [f"{one.label}: {one.text}" for one in subjects_of(result) if one.outcome in outcomes]
    more = len(lines) - MOST_PROBLEM_LINES
    return lines[:MOST_PROBLEM_LINES] + ([f"and {more} more"] if more > 0 else [])


def artifacts_of(kind: str, result: Record) -> dict[str, int]:
    """Return the counts for ``set_stats``; every key is there each time."""
    counts = counts_of(kind, result)
    people = counts.get("people", {})
    told = {name: people.get(name, 0) for name in _COUNTS[kind]}
    total = sum(people.values())
    if kind == "onboarding":
        told["launched"] = counts.get("processes", {}).get("launched", 0)
    elif kind == "offboarding":
        guests = counts.get("guests", {})
        told["guests_removed"], told["guests_handed_over"] = guests.get("removed", 0), guests.get("changed", 0)
        told["groups_left"] = counts.get("groups", {}).get("changed", 0)
    elif kind == "drift":
        told["groups"] = counts.get("groups", {}).get("missing", 0)
        total = sum(told[name] for name in (*DRIFTED, "groups"))
    return {f"tallyfy_{kind}_{name}": number for name, number in {**told, "total": total}.items()}


# --- tolerance --------------------------------------------------------------------------------------------------------


def _dict(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _records(value: object) -> list[Record]:
    return [one for one in _list(value) if isinstance(one, Mapping)]
