# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes a result in words: totals, lines for the terminal, artifacts for other jobs. Private to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import DONE, UNDONE
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import (
    DRIFT as DRIFTED,  # what a run would change
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import (
    OFFBOARDED_COUNTS,
    ONBOARDED_COUNTS,
    PEOPLE_COUNTS,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._subjects import UNKNOWN, Subject, bare, without_address
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import (
    ATTENTION,
    NOUNS,
    OUTCOMES,
    UNCHANGED,
    Record,
    counted,
    dict_in,
    list_in,
    listed,
    records_in,
    shown,
    word,
)

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
#: The counts of people in the artifacts, for each kind.
_COUNTS = {
    "onboarding": ONBOARDED_COUNTS,
    "offboarding": OFFBOARDED_COUNTS,
    "roster": PEOPLE_COUNTS,
    "drift": (*DRIFT, "groups"),
}
MOST_PROBLEM_LINES = 20


def subjects_of(result: Record) -> list[Subject]:
    """Return all subjects that are not unchanged: those that need attention first, then people, guests and groups."""
    dry_run = is_dry_run(result)
    steps: dict[tuple[str, str], list[Record]] = {}
    for step in records_in(result.get("actions")):
        for key in ("email", "guest", "group"):
            if key in step:
                steps.setdefault((key, str(step[key])), []).append(step)
    found = []
    for part, kind, key, column in _PARTS:
        for row in records_in(result.get(part)):
            if row.get("outcome") not in (None, "", UNCHANGED):
                actions = steps.get((key, str(row.get(column))), ())
                found.append(Subject(kind, row, tuple(actions), dry_run))
    order = {kind: place for place, (_part, kind, _key, _column) in enumerate(_PARTS)}
    return sorted(
        found,
        key=lambda subject: (
            subject.outcome not in ATTENTION,
            order[subject.kind],
            _RANKS.get(subject.outcome, len(_RANKS)),
        ),
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
    """Return name and ID of the organization, empty when both are unknown."""
    organization = dict_in(result.get("organization"))
    org_id, name = shown(organization.get("id") or result.get("org_id") or ""), shown(organization.get("name") or "")
    return f"{name} ({org_id})" if name and org_id else name or org_id


def acting_as(result: Record) -> str:
    return shown(dict_in(result.get("organization")).get("acting_as") or "")


def counts_of(kind: str, result: Record) -> dict[str, dict[str, int]]:
    """Return the counts by outcome, for each part of the result, people first."""
    summary = dict_in(result.get("summary"))
    parts = {part: dict_in(summary.get(part)) for part in NOUNS if isinstance(summary.get(part), Mapping)}
    if not summary:
        parts = {
            part: dict(Counter(str(row.get("outcome") or UNCHANGED) for row in records_in(result.get(part))))
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
    chosen = tuple(only)
    parts = []
    for part, numbers in counts.items():
        texts = [f"{word(name)} {number}" for name, number in numbers.items() if number and name in chosen]
        if texts:
            parts.append(f"{'' if part == 'people' else f'{part}: '}{', '.join(texts)}")
    return "; ".join(parts)


def totals_of(kind: str, result: Record) -> str:
    """Return the totals in words, or "nothing to do"."""
    counts = counts_of(kind, result)
    if kind == "drift" and not differs(counts):
        return "; ".join(text for text in ("nothing differs", totals_in_words(counts)) if text)
    ends = {name for numbers in counts.values() for name, number in numbers.items() if number}
    if ends <= {UNCHANGED}:
        everybody = {part: sum(numbers.values()) for part, numbers in counts.items() if part != "processes"}
        named = [counted(number, part) for part, number in everybody.items() if number or part == "people"]
        return f"{listed(named) or '0 people'}: nothing to do"
    return totals_in_words(counts)


def heading_of(kind: str, result: Record) -> str:
    """Return the heading, such as "Onboarding into Example Corp (25f6…)"."""
    title, preposition = TITLES[kind]
    where = organization_in_words(result)
    return f"{title} {preposition} {where}" if where else title


def text_of(kind: str, result: Record, *, limit: int = 20, report: str | None = None) -> list[str]:
    """Return the readable lines after a successful run, at most ``limit + 5``."""
    heading = heading_of(kind, result)
    if acting_as(result):
        heading += f", acting as {acting_as(result)}"
    if is_dry_run(result) and kind != "drift":
        heading += "; dry run: nothing was written"
    subjects = subjects_of(result)
    lines = [heading, totals_of(kind, result)]
    lines += [f"{subject.label}: {subject.text}" for subject in subjects[:limit]]
    more = len(subjects) - limit
    if more > 0:
        lines.append(f"and {more} more" + (f": see the report {shown(report)}" if report else ""))
    notes = notes_of(result, subjects)
    room = limit + 5 - len(lines)
    if len(notes) > room:
        notes = [*notes[: room - 1], f"and {counted(len(notes) - room + 1, 'more notes')}"]
    return lines + [shown(note) for note in notes]


def notes_of(result: Record, subjects: Iterable[Subject], *, beside_rows: bool = False) -> list[str]:
    """Return the notes, each once, without those in the lines of the subjects.

    With ``beside_rows``, the rows show their own notes, so all notes of subjects are omitted.
    """
    reported: set[str] = set()
    for subject in subjects:
        own = [bare(without_address(shown(note), subject.called)) for note in list_in(subject.row.get("notes"))]
        text = subject.text.casefold()
        own = [note for note in own if beside_rows or note in text]
        if subject.outcome == "not_found":
            own.append(UNKNOWN[subject.kind])
        called = subject.called.casefold()
        reported.update(form for note in own for form in (note, f"{called}: {note}", f"{called} {note}"))
    notes = dict.fromkeys(shown(note) for note in list_in(result.get("notes")))
    return [note for note in notes if note and bare(note) not in reported]


def failure_of(kind: str, result: Record) -> tuple[str, list[str]]:
    """Return a sentence about the failure, and the problems, each once."""
    problems = list(dict.fromkeys(shown(problem) for problem in list_in(result.get("problems")) if shown(problem)))
    counts = counts_of(kind, result)
    if kind == "drift" and not problems and differs(counts):
        where = organization_in_words(result) or "The organization"
        return f"{where} differs from the roster: {totals_in_words(counts, DRIFTED)}.", _lines_of(result, DRIFTED)
    undone = undone_in_words(kind, result)
    if undone:
        where = organization_in_words(result) or "the organization"
        preposition = _PARTICIPLES[kind].partition(" ")[2]
        reported = [*problems, *_done_before(result)] if problems else _lines_of(result, UNDONE)
        return f"{undone} {preposition} {where}{_done_beside(result, counts)}.", reported
    if not problems:
        return shown(result.get("msg") or "The task failed without a message."), []
    number = counted(len(problems), "problems")
    if result.get("changed") and not is_dry_run(result):
        return f"Stopped: {number}{_done_beside(result, counts)}.", problems
    return f"Nothing was {'compared' if kind == 'drift' else 'written'}: {number}.", problems


def differs(counts: Mapping[str, Mapping[str, int]]) -> bool:
    """Return whether the counts of a comparison hold drift."""
    return any(numbers.get(name) for numbers in counts.values() for name in DRIFTED)


def undone_in_words(kind: str, result: Record) -> str:
    """Return a text such as "1 of 3 people could not be onboarded", empty when all was done."""
    counts = counts_of(kind, result)
    undone = {part: sum(numbers.get(name, 0) for name in UNDONE) for part, numbers in counts.items()}
    parts = [part for part, number in undone.items() if number]
    # A person whose process failed counts as failed, too.
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
    """Return the changes of subjects that failed later; the totals count them only as failed."""
    done = {subject.label: subject.done() for subject in subjects_of(result) if subject.outcome in UNDONE}
    lines = [f"{label}: before that: {text}" for label, text in done.items() if text]
    more = len(lines) - MOST_PROBLEM_LINES
    return lines[:MOST_PROBLEM_LINES] + ([f"and {more} more"] if more > 0 else [])


def _lines_of(result: Record, outcomes: Sequence[str]) -> list[str]:
    lines = [f"{subject.label}: {subject.text}" for subject in subjects_of(result) if subject.outcome in outcomes]
    more = len(lines) - MOST_PROBLEM_LINES
    return lines[:MOST_PROBLEM_LINES] + ([f"and {more} more"] if more > 0 else [])


def artifacts_of(kind: str, result: Record) -> dict[str, int]:
    """Return the counts for ``set_stats``, always with all keys."""
    counts = counts_of(kind, result)
    people = counts.get("people", {})
    reported = {name: people.get(name, 0) for name in _COUNTS[kind]}
    total = sum(people.values())
    if kind == "onboarding":
        reported["launched"] = counts.get("processes", {}).get("launched", 0)
    elif kind == "offboarding":
        for part, name in (("guests", "deleted"), ("guests", "updated"), ("groups", "updated")):
            reported[f"{part}_{name}"] = counts.get(part, {}).get(name, 0)
    elif kind == "drift":
        reported["groups"] = counts.get("groups", {}).get("missing", 0)
        total = sum(reported[name] for name in (*DRIFTED, "groups"))
    return {f"tallyfy_{kind}_{name}": number for name, number in {**reported, "total": total}.items()}
