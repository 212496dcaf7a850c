# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live organization as a roster file: YAML, JSON or CSV. Private to the collection.

Applying the file changes nothing, and the same organization always yields the same text.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import SEPARATORS
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    MEMBER_OPTIONS,
    validate_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member_list import list_members
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import json_text, shown_lines

from .file import ENDINGS
from .result import facts_of, warn_of_notes
from .yaml_texts import require_yaml

EXPORTED_FIELDS = ("email", "role", *PROFILE_FIELDS)
#: The argument spec of ``tallyfy_roster_export``.
EXPORT_OPTIONS: dict[str, dict[str, Any]] = {"dest": {"type": "path", "required": True}}
EXPORT_KEYS: dict[str, Any] = {
    "dest": None,
    "people": 0,
    "left_out": {"disabled": 0, "service_accounts": 0},
    "problems": [],
    "notes": [],
    "diff": {},
    "org_id": None,
    "organization": {},
    "requests": 0,
    "check_mode": False,
}
# Texts that YAML reads as texts without quotes: words, or a phone number with spaces. Without spaces it is a number.
_PLAIN = re.compile(r"[A-Za-z](?: ?[A-Za-z0-9@._/+()-])*|\+?[0-9]+(?: [0-9]+)+", re.ASCII)
_NUMBER = re.compile(r"\+?[1-9][0-9]*", re.ASCII)
_YAML_WORDS = ("yes", "no", "true", "false", "on", "off", "null")
#: The start of a formula in a spreadsheet, also as full-width characters. A phone number is not a formula.
_FORMULA = re.compile("[=@\t\r\uff1d\uff20]|[+\uff0b\uff0d-](?![0-9 ()./-]*\\Z)")
_UNSEEN = "control, direction or invisible characters"
_MOST_NAMED = 20


@dataclass(frozen=True)
class Export:
    """A roster file: its text, the number of people in it, and what was left out. ``notes`` name the values."""

    text: str
    people: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()


def export_roster(task: Task) -> dict[str, Any]:
    """Return the result of ``tallyfy_roster_export`` with the ``content`` of the file, which the caller writes.

    Raises ``InputError`` for an organization that a roster file cannot describe.
    """
    dest = task.params["dest"]
    ending = Path(dest).suffix.lower()
    if ending not in ENDINGS:
        endings = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        raise InputError([Problem(f"{dest} does not end in {endings}", option=task.called("dest"))])
    export = roster_of(list_members(task.client, {"complete": True}), ending)
    warn_of_notes(export.notes, task.warn)
    return {
        "changed": False,
        "dest": dest,
        "people": export.people,
        "left_out": dict(export.left_out),
        "problems": [],
        "notes": list(export.notes),
        "diff": {},
        "content": export.text,
        **facts_of(task, task.organization()),
    }


def roster_of(members: Iterable[Mapping[str, Any]], ending: str) -> Export:
    """Return the roster file of these members, sorted, in the format of ``ending`` (with its dot). Pure.

    ``members`` have the shape that ``tallyfy_user_info`` returns with ``complete``. Members without access and accounts
    of Tallyfy (the bot, support accounts) are left out, as are values that are not set or that a roster must not hold:
    other applications also write to the service. Raises ``InputError`` for what such a file cannot describe.
    """
    kinds: dict[str, list[Mapping[str, Any]]] = {"disabled": [], "service_accounts": [], "people": []}
    for member in members:
        kinds[_kind_of(member)].append(member)
    people = sorted(kinds["people"], key=lambda member: Email(member["email"]).key)
    _refuse_repetitions(people)
    rows, notes = [], []
    for member in people:
        refused = _refused_fields(member)
        notes += [f"{member['email']}: {name} is left out, because a roster cannot hold its value" for name in refused]
        rows.append(_row(member, refused))
    if ending == ".csv":
        rows, more = _rows_for_cells(rows)
        notes += more
    writers: dict[str, Callable[[Sequence[Record]], str]] = {
        ".yml": _yaml_text,
        ".yaml": _yaml_text,
        ".json": _json_text,
        ".csv": _csv_text,
    }
    left_out = {kind: len(kinds[kind]) for kind in ("disabled", "service_accounts")}
    return Export(writers[ending](rows), len(rows), left_out, notes)


def _kind_of(member: Mapping[str, Any]) -> str:
    if member["is_bot"] or member["is_support_user"]:
        return "service_accounts"
    return "disabled" if member.get("status") == "disabled" else "people"


def _refuse_repetitions(people: Iterable[Mapping[str, Any]]) -> None:
    addresses = Counter(Email(member["email"]).key for member in people)
    twice = sorted(address for address, count in addresses.items() if count > 1)
    if twice:
        those = f"the address {', '.join(twice)} when case is ignored"
        raise InputError(
            [f"several members have {those}, so a roster cannot tell them apart; keep one of them in Tallyfy"]
        )


def _refused_fields(member: Mapping[str, Any]) -> list[str]:
    given = {name: member[name] for name in EXPORTED_FIELDS if member.get(name) not in (None, "")}
    refused = [name for name, value in given.items() if value not in MEMBER_OPTIONS[name].get("choices", (value,))]
    if _is_refused(given):
        refused += [name for name, value in given.items() if _is_refused({"email": member["email"], name: value})]
    return refused + [name for name, value in given.items() if not _is_unicode(str(value)) and name not in refused]


def _is_refused(row: Mapping[str, Any]) -> bool:
    # A value that Tallyfy itself holds for a member is accepted, even if it is invalid.
    return any(flaw.stored is None for flaw in validate_member(row))


def _is_unicode(text: str) -> bool:
    """Return whether UTF-8 can encode the text: JSON may hold an unpaired surrogate, UTF-8 may not."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _row(member: Mapping[str, Any], refused: Sequence[str]) -> Record:
    row = {name: member[name] for name in EXPORTED_FIELDS if member.get(name) not in (None, "") and name not in refused}
    return {**row, "groups": {"set": sorted(member["groups"], key=str.casefold)}}


# --- file formats -----------------------------------------------------------------------------------------------------


def _json_text(rows: Sequence[Record]) -> str:
    # One row a line, so that the change of one person is one line of a diff.
    lines = ",\n".join(f"  {json_text(row)}" for row in rows)
    return f"[\n{lines}\n]\n" if rows else "[]\n"


def _yaml_text(rows: Sequence[Record]) -> str:
    try:
        yaml = require_yaml()
    except ValueError as error:
        raise InputError([str(error)]) from error
    form = {"Dumper": _dumper_of(yaml), "allow_unicode": True, "sort_keys": False, "width": 10_000}
    # Harmful characters are written in double quotes, where YAML has the same escapes as JSON.
    texts = [_plain_yaml(row) or shown_lines(yaml.dump([row], **form)) for row in rows]
    return "---\n" + "".join(texts) if texts else "--- []\n"


def _dumper_of(yaml: Any) -> Any:
    """Return a dumper that double-quotes texts that need more escapes than PyYAML writes."""
    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    def represent(dumper: Any, text: str) -> Any:
        style = None if "\r" not in text and shown_lines(text) == text else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    return type("Dumper", (base,), {"yaml_representers": {**base.yaml_representers, str: represent}})


def _plain_yaml(row: Mapping[str, Any]) -> str:
    """Return a simple row as PyYAML writes it, else an empty text: PyYAML takes seconds for ten thousand rows."""
    fields = {name: _yaml_value(value) for name, value in row.items() if name != "groups"}
    names = [_yaml_value(name) for name in row["groups"]["set"]]
    if not all(fields.values()) or not all(names):
        return ""
    listed = "\n  ".join(f"{name}: {text}" for name, text in fields.items())
    groups = "".join(f"\n    - {name}" for name in names) if names else " []"
    return f"- {listed}\n  groups:\n    set:{groups}\n"


def _yaml_value(value: object) -> str:
    """Return a value as PyYAML writes it, or an empty text when PyYAML must write it."""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return f"'{text}'" if _NUMBER.fullmatch(text) else ""


def _rows_for_cells(rows: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """Return the rows as a table can hold them, with notes on values left out and on values a spreadsheet would run.

    A table has no escapes. A value that is left out stays unchanged when the file is applied.
    """
    kept, notes, formulas = [], [], []
    for row in rows:
        email = row["email"]
        cells = {name: row["groups"]["set"] if name == "groups" else (value,) for name, value in row.items()}
        harmful = [name for name, values in cells.items() if not all(map(_is_for_cells, values))]
        if "email" in harmful:
            raise InputError([f"the address {email!r} has {_UNSEEN}; export to .yml or .json instead"])
        notes += [f"{email}: {name} is left out, because it has {_UNSEEN}; .yml and .json hold it" for name in harmful]
        kept.append({name: value for name, value in row.items() if name not in harmful})
        run = [name for name, values in cells.items() if name not in harmful and any(map(_is_formula, values))]
        formulas += [f"{email} ({', '.join(run)})"] if run else []
    if formulas:
        more = len(formulas) - _MOST_NAMED
        named = ", ".join(formulas[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        notes.append(
            f"A spreadsheet would run these cells as formulas: {named}. Do not open the file in a spreadsheet, or "
            f"export to .yml or .json."
        )
    return kept, notes


def _is_for_cells(value: object) -> bool:
    # Line breaks of any system, and tabs, are safe inside a quoted cell.
    text = str(value).replace("\r", "\n")
    return shown_lines(text) == text


def _is_formula(value: object) -> bool:
    return _FORMULA.match(str(value)) is not None


def _csv_text(rows: Sequence[Record]) -> str:
    columns = (*EXPORTED_FIELDS, "groups.set")
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    # Older Pythons do not quote a lone carriage return, and readers take it for the end of the line.
    quoting_writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in rows:
        names = row["groups"]["set"] if "groups" in row else ()
        parted = [name for name in names if not set(tidied(name)).isdisjoint(SEPARATORS)]
        if parted:
            text = f"the group {parted[0]!r} has a semicolon or a line break in its name"
            raise InputError([f"{text}; export to .yml or .json instead"])
        cells = [*(row.get(name, "") for name in EXPORTED_FIELDS), SEPARATORS[0].join(names)]
        (quoting_writer if "\r" in "".join(map(str, cells)) else writer).writerow(cells)
    return file.getvalue()
