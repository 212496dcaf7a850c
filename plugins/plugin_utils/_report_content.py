# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a report, independent of its format. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import UNDONE
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import DRIFT as DRIFTED
from ansible_collections.tallyfy.platform.plugins.plugin_utils._subjects import Subject
from ansible_collections.tallyfy.platform.plugins.plugin_utils._totals import (
    TITLES,
    acting_as,
    counts_of,
    differs,
    failure_of,
    is_dry_run,
    notes_of,
    organization_in_words,
    subjects_of,
    totals_of,
    undone_in_words,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import (
    ATTENTION,
    OUTCOMES,
    UNCHANGED,
    Record,
    counted,
    shown,
    word,
)

#: The most unchanged people that a report names; of more, it shows only the number.
MOST_UNCHANGED = 500


@dataclass(frozen=True)
class Row:
    """A line of a table. ``kind`` is empty for a person; an ``outcome`` is one of ``OUTCOMES``."""

    called: str
    name: str = ""
    kind: str = ""
    outcome: str = ""
    label: str = ""
    text: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table without empty columns. ``columns`` are the headings of who, outcome, text and note, empty for no column.

    ``style`` is ``attention``, ``done`` (the texts include the outcome) or ``drift``.
    """

    title: str
    columns: tuple[str, str, str, str]
    rows: Sequence[Row]
    style: str = "done"


@dataclass(frozen=True)
class Content:
    """The content of a report as plain texts; each format escapes them."""

    title: str
    badge: str
    facts: Sequence[tuple[str, str]]
    tiles: Sequence[tuple[int, str, str]]
    #: The status of the headline: ``good``, ``bad``, or ``wait`` when somebody has to check the result.
    mood: str
    headline: str
    totals: str
    problems: Sequence[str]
    attention: Table | None
    tables: Sequence[Table]
    more: int
    notes: Sequence[str]
    unchanged: str
    unchanged_people: Sequence[Row]


def content_of(
    kind: str, result: Record, moment: datetime, job: Mapping[str, Any] | None, limit: int | None
) -> Content:
    """Return the content of a report; ``limit`` is the most subjects that it names."""
    subjects = subjects_of(result)
    shown_subjects = subjects if limit is None else subjects[:limit]
    attention = [subject for subject in shown_subjects if subject.outcome in ATTENTION]
    others = [subject for subject in shown_subjects if subject.outcome not in ATTENTION]
    counts = counts_of(kind, result)
    unchanged = counts.get("people", {}).get(UNCHANGED, 0)
    title, preposition = TITLES[kind]
    where = name_of(result)
    mood, headline = _headline(kind, result)
    tables = [*_tables(kind, others, dry_run=is_dry_run(result)), *_running_processes(result)]
    return Content(
        title=f"{title} {preposition} {where}" if where else title,
        badge=_badge(kind, result),
        facts=_facts(result, moment, job),
        tiles=_tiles(counts, dry_run=is_dry_run(result)),
        mood=mood,
        headline=headline,
        totals=totals_of(kind, result),
        problems=_unreported(_problems(result), subjects),
        attention=_table("Needs attention", attention, ("Who", "Outcome", "Why"), "attention") if attention else None,
        tables=tables,
        more=len(subjects) - len(shown_subjects),
        notes=notes_of(result, subjects, beside_rows=True),
        unchanged=f"{counted(unchanged, 'people')} unchanged" if unchanged else "",
        unchanged_people=_unchanged_people(result),
    )


def name_of(result: Record) -> str:
    organization = result.get("organization")
    name = organization.get("name") if isinstance(organization, Mapping) else None
    return shown(name) if name else organization_in_words(result)


def _badge(kind: str, result: Record) -> str:
    if kind == "drift":
        return "Compared only: nothing was written"
    return "Dry run: nothing was written" if is_dry_run(result) else ""


def _headline(kind: str, result: Record) -> tuple[str, str]:
    """Return the status of the run as a mood and a sentence; the tiles show the numbers."""
    counts = counts_of(kind, result)
    undone = undone_in_words(kind, result)
    if undone:
        return "bad", f"{undone}."
    if kind == "drift" and differs(counts) and not result.get("problems"):
        return "wait", "The organization differs from the roster."
    if result.get("failed") or result.get("problems"):
        return "bad", failure_of(kind, result)[0]
    unknown = sum(numbers.get("not_found", 0) for numbers in counts.values())
    could = "could be" if is_dry_run(result) else "was"
    if unknown:
        return "wait", f"{unknown} not found. Everything else {could} done."
    text = totals_of(kind, result)
    if kind == "drift" or text.endswith("nothing to do"):
        return "good", f"{text[:1].upper()}{text[1:].partition(';')[0]}."
    return "good", f"Everything {could} done."


def _facts(result: Record, moment: datetime, job: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    job = job or {}
    facts = [
        ("Organization", organization_in_words(result)),
        ("Acting as", acting_as(result)),
        ("Time", f"{utc(moment):%Y-%m-%d %H:%M} UTC"),
        ("AWX job", shown(job.get("id") or "")),
        ("AWX workflow job", shown(job.get("workflow_id") or "")),
        ("Launched by", shown(job.get("user") or "")),
    ]
    return [(name, text) for name, text in facts if text]


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def _tiles(counts: Mapping[str, Mapping[str, int]], *, dry_run: bool) -> list[tuple[int, str, str]]:
    """Return number, label and style of each count above zero; those that need attention first, then people."""
    tiles = []
    for part, numbers in counts.items():
        for outcome in sorted(numbers, key=lambda name: OUTCOMES.index(name) if name in OUTCOMES else len(OUTCOMES)):
            number = numbers[outcome]
            if number and (part == "people" or outcome != UNCHANGED):
                noun = "" if part == "people" else f"{counted(number, part).partition(' ')[2]} "
                tiles.append((number, noun + word(outcome, dry_run=dry_run), _style(outcome)))
    return sorted(tiles, key=lambda tile: tile[2] not in ATTENTION)


def _style(outcome: str) -> str:
    """Return the style of an outcome, ``other`` for an unknown outcome."""
    return outcome if outcome in OUTCOMES else "other"


def _problems(result: Record) -> list[str]:
    problems = result.get("problems")
    return list(dict.fromkeys(shown(problem) for problem in problems)) if isinstance(problems, (list, tuple)) else []


def _unreported(problems: Iterable[str], subjects: Iterable[Subject]) -> list[str]:
    """Return the problems that the rows of the subjects do not show."""
    reported = {subject.called for subject in subjects if subject.outcome in UNDONE}
    return [problem for problem in problems if _first_subject(problem) not in reported]


def _first_subject(problem: str) -> str:
    """Return the first subject of a problem such as "a@example.com, b@example.com and 3 more: …"."""
    names = problem.partition(": ")[0]
    first: str = re.split(", | and ", names, maxsplit=1)[0]
    return re.sub("^the (guest|group) ", "", first)


def _tables(kind: str, subjects: Sequence[Subject], *, dry_run: bool) -> list[Table]:
    if kind == "drift":
        differing = [subject for subject in subjects if subject.outcome in DRIFTED]
        others = [subject for subject in subjects if subject.outcome not in DRIFTED]
        found = [("What differs", differing, "Difference"), ("No drift, for information", others, "Why")]
        return [_table(title, rows, ("Who", "Outcome", column), "drift") for title, rows, column in found if rows]
    column = "What would be done" if dry_run else "What was done"
    parts = [("People", "Person", "person"), ("Guests", "Guest", "guest"), ("Groups", "Group", "group")]
    found_parts = [
        (title, [subject for subject in subjects if subject.kind == name], head) for title, head, name in parts
    ]
    return [_table(title, rows, (head, "Outcome", column)) for title, rows, head in found_parts if rows]


def _table(title: str, subjects: Sequence[Subject], columns: tuple[str, str, str], style: str = "done") -> Table:
    kinds = {subject.kind for subject in subjects}
    is_mixed = columns[0] == "Who"
    rows = [
        Row(
            called=subject.called,
            name="" if subject.name == subject.called else subject.name,
            kind=subject.kind if is_mixed and subject.kind != "person" else "",
            outcome=_style(subject.outcome),
            label=word(subject.outcome, dry_run=subject.dry_run),
            text=subject.details,
            note=" ".join(subject.notes),
        )
        for subject in subjects
    ]
    who = "Person" if kinds == {"person"} else columns[0]
    return Table(title, (who, *columns[1:], "Note" if any(row.note for row in rows) else ""), rows, style)


def _running_processes(result: Record) -> list[Table]:
    """Return the table of the running processes of leavers, with their owners."""
    processes = result.get("processes")
    rows = [
        Row(
            called=shown(process.get("name") or process.get("id") or "?"),
            text=_owners(process),
        )
        for process in (processes if isinstance(processes, (list, tuple)) else ())
        if isinstance(process, Mapping) and "owner_before" in process
    ]
    return [Table("Running processes", ("Process", "", "Owner", ""), rows)] if rows else []


def _owners(process: Record) -> str:
    before, after = process.get("owner_before"), process.get("owner_after")
    if before == after:
        return f"still {shown(before)}"
    if not after:
        return f"was {shown(before)}; changed by somebody else during the run"
    return f"{shown(before)} → {shown(after)}"


def _unchanged_people(result: Record) -> list[Row]:
    people = result.get("people")
    rows = [row for row in people if isinstance(row, Mapping)] if isinstance(people, (list, tuple)) else []
    found = [row for row in rows if row.get("outcome") in (None, "", UNCHANGED)]
    if len(found) > MOST_UNCHANGED:
        return []
    return [Row(called=shown(row.get("email") or "?"), name=shown(row.get("name") or "")) for row in found]
