# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes a row of a result and its steps in words. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import DONE, UNDONE
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.actions import (
    CREATIONS,
    GROUP_CHANGES,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import (
    ATTENTION,
    LONGEST_VALUE,
    UNCHANGED,
    Record,
    dict_in,
    in_words,
    list_in,
    listed,
    records_in,
    shown,
    word,
)

#: The subject of a change, empty for the person of the row, and the change as a participle.
Clause = tuple[str, str]

UNKNOWN = {
    "person": "no member has this address",
    "guest": "no guest has this address",
    "group": "no group has this name",
}
#: Fields that other words show, or that need not be shown.
_SHOWN_ELSEWHERE = {
    "email",
    "full_name",
    "groups",
    "status",
    "state",
    "open_tasks",
    "owner",
    "reassign_to",
    "members",
    "guests",
    "associated_members",
}


@dataclass(frozen=True)
class Subject:
    """A person, guest or group of a result, with a description of the changes.

    ``actions`` may include those of other subjects; ``kind`` is a key of ``UNKNOWN``.
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
        return called_in(self.row, self.kind)

    @property
    def label(self) -> str:
        """The beginning of a line about the subject."""
        return self.called if self.kind == "person" else f"{self.kind} {self.called}"

    @property
    def name(self) -> str:
        return shown(self.row.get("name") or "") if self.kind != "group" else ""

    @property
    def notes(self) -> list[str]:
        """The notes of the row that the details do not include."""
        unknown = UNKNOWN[self.kind] if self.outcome == "not_found" else ""
        notes = [without_address(shown(note), self.called) for note in list_in(self.row.get("notes"))]
        return [note for note in notes if note and bare(note) != unknown and note not in self.details]

    @property
    def text(self) -> str:
        """The description, with the outcome where the details do not include it."""
        details = self.details
        if self.outcome not in ATTENTION:
            return details
        if details.casefold().startswith(word(self.outcome)):
            return details[:1].lower() + details[1:]
        return f"{word(self.outcome)}: {details}"

    @property
    def details(self) -> str:
        """The description without the outcome."""
        message = without_address(shown(self.row.get("message") or ""), self.called).rstrip(".")
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
            # The message names the people who were removed, and those who were not.
            return f"{done}; {message}"
        return f"not listed: {done}" if self.row.get("unlisted") else done

    def _undone(self, message: str) -> str:
        process = dict_in(self.row.get("process"))
        steps = self._steps()
        if process.get("outcome") == self.outcome and (steps or self.row.get("action") in (None, "", UNCHANGED)):
            # The person was converged, but not the process.
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


def called_in(row: Record, kind: str) -> str:
    """Return the e-mail address of a row, or the name of a group."""
    return shown(row.get("name" if kind == "group" else "email") or "?")


def without_address(text: str, address: str) -> str:
    """Return a text without the address at its beginning."""
    rest = text[len(address) + 2 :] if text.startswith(f"{address}: ") else ""
    return rest or text


def bare(text: str) -> str:
    return text.rstrip(".").casefold()


def _sentence(clauses: Sequence[Clause], *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    # Join clauses with the same change, then clauses with the same subject.
    merged = [
        (listed([subject for subject, _done in group]), done)
        for (_own, done), group in groupby(clauses, key=lambda clause: ("" if clause[0] else clause, clause[1]))
    ]
    return "; ".join(
        f"{subject} {would}{', '.join(done for _subject, done in group)}".lstrip()
        for subject, group in groupby(merged, key=lambda clause: clause[0])
    )


def _steps_of(row: Record) -> list[Record]:
    """Return the steps that follow from a row, for a result without actions."""
    action = row.get("action")
    if action in (None, "", UNCHANGED):
        return []
    joined, left = _difference(row, "groups")
    steps: list[Record] = []
    if action not in GROUP_CHANGES:
        steps.append({"action": action, "fields": [*dict_in(row.get("before")), *dict_in(row.get("after"))]})
    steps += [{"action": "added_to_group", "target": name} for name in joined]
    return steps + [{"action": "removed_from_group", "target": name} for name in left]


def _clauses(row: Record, steps: Sequence[Record]) -> list[Clause]:
    """Return the changes of the steps, one clause for each kind, in the order of first occurrence."""
    by_action: dict[str, list[Record]] = {}
    for step in steps:
        action = str(step.get("action") or "")
        by_action.setdefault("updated" if action in ("role_changed", "handed_over") else action, []).append(step)
    is_new = any(action in CREATIONS for action in by_action)
    clauses: list[Clause] = []
    for action, group in by_action.items():
        if action == "updated":
            clauses += [] if is_new else _updates(row, group)
        elif action in GROUP_CHANGES:
            names = [shown(step.get("target") or "?", LONGEST_VALUE) for step in group]
            clauses.append(("", f"{word(action)}{'s' if len(names) > 1 else ''} {listed(names)}"))
        else:
            clauses += _clauses_of(action, row)
    return clauses


def _clauses_of(action: str, row: Record) -> list[Clause]:
    if action == "disabled" and _successor(row):
        return [("", word(action)), ("open work", f"handed over to {_successor(row)}")]
    role = dict_in(row.get("after")).get("role") if action in CREATIONS else None
    return [("", word(action) + (f" as {shown(role)}" if role else ""))]


def _successor(row: Record) -> str:
    return shown(row.get("reassign_to") or dict_in(row.get("after")).get("reassign_to") or "")


def _updates(row: Record, steps: Iterable[Record]) -> list[Clause]:
    before, after = dict_in(row.get("before")), dict_in(row.get("after"))
    fields = dict.fromkeys(str(field) for step in steps for field in list_in(step.get("fields")))
    reported = [name for name in fields if name not in _SHOWN_ELSEWHERE and (name in before or name in after)]
    changes = [
        f"{shown(name).replace('_', ' ')}: {in_words(before.get(name))} → {in_words(after.get(name))}"
        for name in reported
    ]
    clauses: list[Clause] = [("", f"updated ({'; '.join(changes)})")] if changes else []
    if "open_tasks" in fields and before.get("open_tasks"):
        successor = _successor(row)
        tasks = f"open task{'s' if before['open_tasks'] != 1 else ''}"
        clauses.append(
            (f"{shown(before['open_tasks'])} {tasks}", f"handed over{f' to {successor}' if successor else ''}")
        )
    return clauses + _list_changes(row)


def _list_changes(row: Record) -> list[Clause]:
    """Return the changes of the members and guests of a group, and of the members of a guest."""
    clauses: list[Clause] = []
    for name, noun in (("members", ""), ("guests", "guest ")):
        added, removed = _difference(row, name)
        clauses += [(noun + listed(added), "added")] if added else []
        clauses += [(noun + listed(removed), "removed")] if removed else []
    added, removed = _difference(row, "associated_members")
    if added and removed:
        clauses.append(("", f"handed over from {listed(removed)} to {listed(added)}"))
    elif added or removed:
        clauses.append(("", f"connected with {listed(added)}" if added else f"disconnected from {listed(removed)}"))
    return clauses


def _difference(row: Record, name: str) -> tuple[list[str], list[str]]:
    """Return the entries that a list of the row gained and lost."""
    before, after = (list_in(dict_in(row.get(side)).get(name)) for side in ("before", "after"))
    gained = [shown(entry, LONGEST_VALUE) for entry in after if entry not in before]
    return gained, [shown(entry, LONGEST_VALUE) for entry in before if entry not in after]


def _processes(row: Record) -> list[Clause]:
    """Return the clauses about the process of a new person, and the running processes of a leaver."""
    clauses: list[Clause] = []
    process = dict_in(row.get("process"))
    if process.get("outcome") in DONE:
        clauses.append((f"process {in_words(process.get('name'))}", word(str(process["outcome"]))))
    heirs: dict[str, list[Record]] = {}
    for running in records_in(row.get("processes")):
        after = running.get("owner_after")
        if after and after != running.get("owner_before"):
            heirs.setdefault(shown(after), []).append(running)
    for heir, processes in heirs.items():
        single = f"process {in_words(processes[0].get('name'))}"
        clauses.append((single if len(processes) == 1 else f"{len(processes)} processes", f"handed over to {heir}"))
    return clauses
