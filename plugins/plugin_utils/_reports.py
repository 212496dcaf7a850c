# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of the bulk modules as Markdown, HTML or JSON, and the files they are written to. Private to the collection.

All three forms are made of one content. A text of the service is data in each of them: it is never markup, and never a
template.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import DRIFT as DRIFTED
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import UNDONE
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import json_text
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import replace_file
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import (
    ATTENTION,
    OUTCOMES,
    TITLES,
    UNCHANGED,
    Record,
    Subject,
    acting_as,
    counted,
    counts_of,
    differs,
    failure_of,
    is_dry_run,
    notes_of,
    organization_in_words,
    shown,
    subjects_of,
    totals_of,
    undone_in_words,
    word,
)

ENDINGS = (".md", ".html", ".json")
#: How many unchanged people are named; of more there is the number only.
MOST_UNCHANGED = 500
_TEMPLATES = Path(__file__).parent / "templates"


# --- what is in a report ----------------------------------------------------------------------------------------------


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
    """A table without empty columns. ``columns`` are the headings of who, outcome, text and note, empty for none.

    ``style`` is ``attention``, ``done`` (whose texts say the outcome themselves) or ``drift``.
    """

    title: str
    columns: tuple[str, str, str, str]
    rows: Sequence[Row]
    style: str = "done"


@dataclass(frozen=True)
class Content:
    """What a report says, as plain texts; each form escapes them in its own way."""

    title: str
    badge: str
    facts: Sequence[tuple[str, str]]
    tiles: Sequence[tuple[int, str, str]]
    #: How the headline is to be taken: ``good``, ``bad``, or ``wait`` for what somebody has to look at.
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


def _content(kind: str, result: Record, moment: datetime, job: Mapping[str, Any] | None, limit: int | None) -> Content:
    subjects = subjects_of(result)
    shown_subjects = subjects if limit is None else subjects[:limit]
    attention = [one for one in shown_subjects if one.outcome in ATTENTION]
    others = [one for one in shown_subjects if one.outcome not in ATTENTION]
    counts = counts_of(kind, result)
    unchanged = counts.get("people", {}).get(UNCHANGED, 0)
    title, preposition = TITLES[kind]
    where = _name_of(result)
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
        problems=_untold(_problems(result), subjects),
        attention=_table("Needs attention", attention, ("Who", "Outcome", "Why"), "attention") if attention else None,
        tables=tables,
        more=len(subjects) - len(shown_subjects),
        notes=notes_of(result, subjects, beside_rows=True),
        unchanged=f"{counted(unchanged, 'people')} unchanged" if unchanged else "",
        unchanged_people=_unchanged_people(result),
    )


def _name_of(result: Record) -> str:
    organization = result.get("organization")
    name = organization.get("name") if isinstance(organization, Mapping) else None
    return shown(name) if name else organization_in_words(result)


def _badge(kind: str, result: Record) -> str:
    if kind == "drift":
        return "Compared only: nothing was written"
    return "Dry run: nothing was written" if is_dry_run(result) else ""


def _headline(kind: str, result: Record) -> tuple[str, str]:
    """Return how it went, as a mood and a sentence; the numbers stand beside it."""
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
        ("Time", f"{_utc(moment):%Y-%m-%d %H:%M} UTC"),
        ("AWX job", shown(job.get("id") or "")),
        ("AWX workflow job", shown(job.get("workflow_id") or "")),
        ("Launched by", shown(job.get("user") or "")),
    ]
    return [(name, text) for name, text in facts if text]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def _tiles(counts: Mapping[str, Mapping[str, int]], *, dry_run: bool) -> list[tuple[int, str, str]]:
    """Return number, label and outcome of each count that is not zero; people first, what needs attention before."""
    tiles = []
    for part, numbers in counts.items():
        for outcome in sorted(numbers, key=lambda name: OUTCOMES.index(name) if name in OUTCOMES else len(OUTCOMES)):
            number = numbers[outcome]
            if number and (part == "people" or outcome != UNCHANGED):
                noun = "" if part == "people" else f"{counted(number, part).partition(' ')[2]} "
                tiles.append((number, noun + word(outcome, dry_run=dry_run), _style(outcome)))
    return sorted(tiles, key=lambda tile: tile[2] not in ATTENTION)


def _style(outcome: str) -> str:
    """Return the name of a style for an outcome, which is a word of the service's for nobody."""
    return outcome if outcome in OUTCOMES else "other"


def _problems(result: Record) -> list[str]:
    problems = result.get("problems")
    return list(dict.fromkeys(shown(one) for one in problems)) if isinstance(problems, (list, tuple)) else []


def _untold(problems: Iterable[str], subjects: Iterable[Subject]) -> list[str]:
    """Return the problems that are not about somebody whose row tells them already."""
    told = {one.called for one in subjects if one.outcome in UNDONE}
    return [problem for problem in problems if _first_subject(problem) not in told]


def _first_subject(problem: str) -> str:
    """Return whom a problem is about: the first one of "a@example.com, b@example.com and 3 more: …"."""
    names = problem.partition(": ")[0]
    first: str = re.split(", | and ", names, maxsplit=1)[0]
    return re.sub("^the (guest|group) ", "", first)


def _tables(kind: str, subjects: Sequence[Subject], *, dry_run: bool) -> list[Table]:
    if kind == "drift":
        differing = [one for one in subjects if one.outcome in DRIFTED]
        others = [one for one in subjects if one.outcome not in DRIFTED]
        found = [("What differs", differing, "Difference"), ("No drift, but to be known", others, "Why")]
        return [_table(title, rows, ("Who", "Outcome", column), "drift") for title, rows, column in found if rows]
    column = "What would be done" if dry_run else "What was done"
    parts = [("People", "Person", "person"), ("Guests", "Guest", "guest"), ("Groups", "Group", "group")]
    found_parts = [(title, [one for one in subjects if one.kind == name], head) for title, head, name in parts]
    return [_table(title, rows, (head, "Outcome", column)) for title, rows, head in found_parts if rows]


def _table(title: str, subjects: Sequence[Subject], columns: tuple[str, str, str], style: str = "done") -> Table:
    kinds = {one.kind for one in subjects}
    is_mixed = columns[0] == "Who"
    rows = [
        Row(
            called=one.called,
            name="" if one.name == one.called else one.name,
            kind=one.kind if is_mixed and one.kind != "person" else "",
            outcome=_style(one.outcome),
            label=word(one.outcome, dry_run=one.dry_run),
            text=one.details,
            note=" ".join(one.notes),
        )
        for one in subjects
    ]
    who = "Person" if kinds == {"person"} else columns[0]
    return Table(title, (who, *columns[1:], "Note" if any(row.note for row in rows) else ""), rows, style)


def _running_processes(result: Record) -> list[Table]:
    """Return the table of the running processes of people who leave, with who owns them now."""
    processes = result.get("processes")
    rows = [
        Row(
            called=shown(one.get("name") or one.get("id") or "?"),
            text=_owners(one),
        )
        for one in (processes if isinstance(processes, (list, tuple)) else ())
        if isinstance(one, Mapping) and "owner_before" in one
    ]
    return [Table("Running processes", ("Process", "", "Owner", ""), rows)] if rows else []


def _owners(process: Record) -> str:
    before, after = process.get("owner_before"), process.get("owner_after")
    if before == after:
        return f"still {shown(before)}"
    if not after:
        return f"was {shown(before)}; somebody else changed it meanwhile"
    return f"{shown(before)} → {shown(after)}"


def _unchanged_people(result: Record) -> list[Row]:
    people = result.get("people")
    rows = [one for one in people if isinstance(one, Mapping)] if isinstance(people, (list, tuple)) else []
    found = [one for one in rows if one.get("outcome") in (None, "", UNCHANGED)]
    if len(found) > MOST_UNCHANGED:
        return []
    return [Row(called=shown(one.get("email") or "?"), name=shown(one.get("name") or "")) for one in found]


# --- the three forms --------------------------------------------------------------------------------------------------


def render(
    kind: str,
    result: Record,
    ending: str,
    *,
    moment: datetime,
    job: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> str:
    """Return the report as a text, in the form that the ``ending`` of its file says.

    ``kind`` is ``onboarding``, ``offboarding``, ``roster`` or ``drift``; ``job`` is the AWX job (``id``,
    ``workflow_id``, ``user``). ``limit`` bounds the rows of Markdown and HTML, failures first; JSON holds everybody.
    """
    ending = ending.lower()
    if ending == ".json":
        return _as_json(kind, result, moment, job)
    content = _content(kind, result, moment, job, limit)
    if ending == ".md":
        return _as_markdown(content)
    text: str = _template().render(report=content)
    return text


def short_text(
    kind: str, result: Record, *, moment: datetime, job: Mapping[str, Any] | None = None, limit: int = 200
) -> str:
    """Return the Markdown report for other jobs: without unchanged people, and with at most ``limit`` rows."""
    return render(kind, result, ".md", moment=moment, job=job, limit=limit)


@functools.lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string((_TEMPLATES / "report.html.j2").read_text(encoding="utf-8"))


def _as_json(kind: str, result: Record, moment: datetime, job: Mapping[str, Any] | None) -> str:
    """Return the report as JSON, each row on a line of its own.

    Its keys are ``title``, ``kind``, ``check_mode``, ``organization`` (``id``, ``name``), ``acting_as``, ``moment``
    (ISO 8601, UTC), ``summary``, ``problems``, ``people``, ``groups``, ``guests``, ``processes`` (the rows of the
    result; those that are not unchanged with ``text``, what happened in words), ``notes`` and ``job`` (null without
    AWX).
    """
    title, preposition = TITLES[kind]
    where = _name_of(result)
    organization = result.get("organization")
    organization = organization if isinstance(organization, Mapping) else {}
    texts = {id(one.row): one.text for one in subjects_of(result)}
    rows = {part: _json_rows(result.get(part), texts) for part in ("people", "groups", "guests", "processes")}
    known_job = {name: (job or {}).get(name) for name in ("id", "workflow_id", "user")}
    fields: dict[str, str] = {
        "title": json_text(f"{title} {preposition} {where}" if where else title),
        "kind": json_text(kind),
        "check_mode": json_text(is_dry_run(result)),
        "organization": json_text(
            {"id": organization.get("id") or result.get("org_id"), "name": organization.get("name")}
        ),
        "acting_as": json_text(organization.get("acting_as")),
        "moment": json_text(f"{_utc(moment):%Y-%m-%dT%H:%M:%SZ}"),
        "summary": json_text(result.get("summary") or {}),
        "problems": _json_list(map(json_text, result.get("problems") or ())),
        **{part: _json_list(lines) for part, lines in rows.items()},
        "notes": _json_list(map(json_text, result.get("notes") or ())),
        "job": json_text(known_job if any(known_job.values()) else None),
    }
    return "{\n" + ",\n".join(f"  {json_text(name)}: {text}" for name, text in fields.items()) + "\n}\n"


def _json_rows(rows: object, texts: Mapping[int, str]) -> list[str]:
    found = [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, (list, tuple)) else []
    return [json_text({**one, "text": texts[id(one)]} if id(one) in texts else one) for one in found]


def _json_list(lines: Iterable[str]) -> str:
    text = ",\n".join(f"    {line}" for line in lines)
    return f"[\n{text}\n  ]" if text else "[]"


# --- Markdown ---------------------------------------------------------------------------------------------------------

#: An underscore inside a word is none of Markdown's marks, so job_title stays readable in the file itself.
_MARKS = re.compile(r"[\\`*\[\]<>|&~$]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])|:(?=//)|(?<=[wW]{3})\.")
#: What makes a heading, a list or a rule at the beginning of a line.
_LINE_MARKS = re.compile(r"^(?:[#+=-]|\d+(?=[.)]))")


def markdown(text: str) -> str:
    """Return a text of one line as it can stand in a paragraph, a list or a cell, without any effect there."""
    escaped = _MARKS.sub(r"\\\g<0>", text)
    start = _LINE_MARKS.match(escaped)
    if start is None:
        return escaped
    end = start.end()
    return f"{escaped[:end]}\\{escaped[end:]}" if start.group().isdigit() else f"\\{escaped}"


def _as_markdown(content: Content) -> str:
    blocks = [f"# {markdown(content.title)}"]
    blocks += [f"**{content.badge}.**"] if content.badge else []
    facts = [*content.facts, *([("Totals", content.totals)] if content.tiles else [])]
    blocks.append(_items(f"{name}: {markdown(text)}" for name, text in facts))
    blocks.append(f"**{markdown(content.headline)}**" if content.mood == "bad" else markdown(content.headline))
    if content.problems:
        blocks += ["## Problems", _items(map(markdown, content.problems))]
    for table in [*([content.attention] if content.attention else []), *content.tables]:
        blocks += [f"## {table.title}", _markdown_table(table)]
    if content.more:
        blocks.append(f"and {content.more} more")
    if content.unchanged:
        blocks.append(f"{content.unchanged}.")
    if content.notes:
        blocks += ["## Notes", _items(map(markdown, content.notes))]
    return "\n\n".join(blocks) + "\n"


def _items(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _markdown_table(table: Table) -> str:
    columns = [place for place, heading in enumerate(table.columns) if heading]
    lines = [[table.columns[place] for place in columns], ["---"] * len(columns)]
    for row in table.rows:
        cells = (_who(row), row.label, row.text, row.note)
        lines.append([markdown(cells[place]) for place in columns])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _who(row: Row) -> str:
    who = f"{row.kind} {row.called}" if row.kind else row.called
    return f"{row.name}, {who}" if row.name else who


# --- the file ---------------------------------------------------------------------------------------------------------


def write(path: str, text: str) -> None:
    """Replace the file in one step, so that a reader sees the old or the new report, never half of it.

    Names and addresses of people are for the user and the group only. Raises ``OSError``; nothing is left behind then.
    """
    # A text of the service may hold half a character, which JSON writes as an escape too.
    content = text.encode("utf-8", errors="backslashreplace")
    # The target of a link is what somebody reads, the link is theirs to keep.
    replace_file(Path(os.path.realpath(path)), content)
