# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of the bulk modules as Markdown, HTML or JSON files. Private to the collection.

All three formats have the same content. A text of the service is data in all of them, never markup or a template.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from ansible_collections.tallyfy.platform.plugins.module_utils._texts import json_text
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import replace_file
from ansible_collections.tallyfy.platform.plugins.plugin_utils._report_content import (
    Content,
    Row,
    Table,
    content_of,
    name_of,
    utc,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._subjects import called_in
from ansible_collections.tallyfy.platform.plugins.plugin_utils._totals import (
    TITLES,
    is_dry_run,
    subjects_of,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import (
    NOUNS,
    Record,
)

ENDINGS = (".md", ".html", ".json")
_TEMPLATES = Path(__file__).parent / "templates"


def render(
    kind: str,
    result: Record,
    ending: str,
    *,
    moment: datetime,
    job: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> str:
    """Return the report as a text, in the format of the file ``ending``.

    ``kind`` is ``onboarding``, ``offboarding``, ``roster`` or ``drift``; ``job`` is the AWX job (``id``,
    ``workflow_id``, ``user``). ``limit`` is the most rows of Markdown and HTML, failures first; JSON has all rows.
    """
    ending = ending.lower()
    if ending == ".json":
        return _as_json(kind, result, moment, job)
    content = content_of(kind, result, moment, job, limit)
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
    """Return the report as JSON, with one line for each row.

    Its keys are ``title``, ``kind``, ``check_mode``, ``organization`` (``id``, ``name``), ``acting_as``, ``moment``
    (ISO 8601, UTC), ``summary``, ``problems``, ``people``, ``groups``, ``guests``, ``processes`` (the rows of the
    result; changed rows have ``text``, a readable description), ``notes`` and ``job`` (null without
    AWX).
    """
    title, preposition = TITLES[kind]
    where = name_of(result)
    organization = result.get("organization")
    organization = organization if isinstance(organization, Mapping) else {}
    texts = {(subject.kind, subject.called): subject.text for subject in subjects_of(result)}
    rows = {
        part: _json_rows(result.get(part), NOUNS[part], texts) for part in ("people", "groups", "guests", "processes")
    }
    known_job = {name: (job or {}).get(name) for name in ("id", "workflow_id", "user")}
    fields: dict[str, str] = {
        "title": json_text(f"{title} {preposition} {where}" if where else title),
        "kind": json_text(kind),
        "check_mode": json_text(is_dry_run(result)),
        "organization": json_text(
            {"id": organization.get("id") or result.get("org_id"), "name": organization.get("name")}
        ),
        "acting_as": json_text(organization.get("acting_as")),
        "moment": json_text(f"{utc(moment):%Y-%m-%dT%H:%M:%SZ}"),
        "summary": json_text(result.get("summary") or {}),
        "problems": _json_list(map(json_text, result.get("problems") or ())),
        **{part: _json_list(lines) for part, lines in rows.items()},
        "notes": _json_list(map(json_text, result.get("notes") or ())),
        "job": json_text(known_job if any(known_job.values()) else None),
    }
    return "{\n" + ",\n".join(f"  {json_text(name)}: {text}" for name, text in fields.items()) + "\n}\n"


def _json_rows(rows: object, kind: str, texts: Mapping[tuple[str, str], str]) -> list[str]:
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, (list, tuple)) else []
    named = [(row, texts.get((kind, called_in(row, kind)))) for row in found]
    return [json_text(row if text is None else {**row, "text": text}) for row, text in named]


def _json_list(lines: Iterable[str]) -> str:
    text = ",\n".join(f"    {line}" for line in lines)
    return f"[\n{text}\n  ]" if text else "[]"


# --- Markdown ---------------------------------------------------------------------------------------------------------

#: An underscore inside a word is not a Markdown mark, so job_title stays readable in the file.
_MARKS = re.compile(r"[\\`*\[\]<>|&~$]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])|:(?=//)|(?<=[wW]{3})\.")
#: Marks of headings, lists and rules at the beginning of a line.
_LINE_MARKS = re.compile(r"^(?:[#+=-]|\d+(?=[.)]))")


def markdown(text: str) -> str:
    """Escape a text of one line, so that Markdown shows it as it is in a paragraph, a list or a cell."""
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
    """Replace the file atomically, so that readers see the old or the new report, never a part of it.

    Reports contain personal data, so only owner and group may read them. Raises ``OSError`` and leaves no files then.
    """
    # A text of the service may contain half of a surrogate pair, which cannot be encoded.
    content = text.encode("utf-8", errors="backslashreplace")
    # Replace the target of a link, not the link.
    replace_file(Path(os.path.realpath(path)), content)
