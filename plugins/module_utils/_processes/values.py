# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of kick-off forms: how each kind is written, and how it is recognized in what is read back. Private to the
collection.

Source: API reference, "Kick-off and task field values". Every function here is pure.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, fold, tidied

from .assignees import Assignees, email_of
from .fields import FormField, Option, UnfitError, choices, described, find_field, is_empty, quoted, text_of

LONGEST_TEXT = 200
LONGEST_TEXTAREA = 30000
#: YAML takes 00123 for 83 and 12:30:45 for 45045, and says nothing.
QUOTE_IT = "put quotes around a text such as '00123'"
_KINDS_OF_TEXT = ("text", "textarea", "radio", "dropdown", "multiselect", "table")
_SECONDS_AND_ZONE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?(?:\.\d+)? ?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Kickoff:
    """Values for a kick-off form: ``encoded`` by field id and ``shown`` by label, and everything that is wrong.

    ``encoded`` is what the service takes, except that ``Assignees`` stand where their IDs will. ``notes`` tell of
    values that may not be what somebody has written.
    """

    encoded: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def assignees(self) -> list[Assignees]:
        """All assignees that the values name."""
        return [value for value in self.encoded.values() if isinstance(value, Assignees)]


def encode(fields: Iterable[FormField], given: Mapping[str, Any], *, is_whole: bool = True) -> Kickoff:
    """Return the values for a form, given by the labels that people see; blank ones count as not given.

    A required value that is missing is a problem of a form that ``is_whole``.
    """
    fields = tuple(fields)
    encoded: dict[str, Any] = {}
    problems: list[str] = []
    notes: list[str] = []
    named: dict[str, str] = {}
    for name, value in given.items():
        try:
            one = find_field(fields, name)
        except UnfitError as error:
            problems.append(str(error))
            continue
        if one.id in named:
            problems.append(f"{named[one.id]!r} and {name!r} are the same field")
        named[one.id] = str(name)
        if is_empty(value) or (isinstance(value, str) and not tidied(value)):
            continue
        try:
            encoded[one.id] = _encoder_of(one)(one, value)
        except UnfitError as error:
            problems.append(f"{one.label}: {error}")
            # Told once: it has a value, which is wrong.
            encoded[one.id] = None
            continue
        if one.kind in _KINDS_OF_TEXT:
            notes += notes_of_numbers(one.label, value)
    missing = [one for one in fields if is_whole and one.is_required and one.id not in encoded]
    problems += [f"{one.label} is required ({described(one)})" for one in missing]
    shown = {one.label: shown_value(one, encoded[one.id]) for one in fields if one.id in encoded}
    return Kickoff(encoded, shown, tuple(problems), tuple(notes))


def shown_value(one: FormField, encoded: Any) -> Any:
    """Return a value, encoded or as the service stores it, as people write it down."""
    if isinstance(encoded, Assignees):
        return encoded.shown()
    if one.kind == "dropdown" and isinstance(encoded, Mapping):
        return encoded.get("text")
    if one.kind == "multiselect" and isinstance(encoded, list):
        return [option.get("text") if isinstance(option, Mapping) else option for option in _selected(encoded)]
    if one.kind == "file" and isinstance(encoded, list):
        return [entry.get("url") if isinstance(entry, Mapping) else entry for entry in encoded]
    return encoded


def is_stored(one: FormField, sent: Any, stored: Any) -> bool:
    """Return whether the service stored what was sent, in whatever spelling it shows that."""
    return bool(_COMPARISONS.get(one.kind, _is_same_text)(sent, stored))


def moment(value: Any) -> datetime | None:
    """Return the moment a date stands for, ``None`` when it cannot be read. Without an offset it counts as UTC."""
    match = _SECONDS_AND_ZONE.fullmatch(str(value).strip())
    if match is None:
        return None
    time = (match["time"] or "00:00") + (match["seconds"] or ":00")
    zone = (match["zone"] or "Z").replace("Z", "+0000").replace(":", "")
    with contextlib.suppress(ValueError, OverflowError):
        read = datetime.strptime(f"{match['date']} {time} {zone}", "%Y-%m-%d %H:%M:%S %z")
        return read.astimezone(timezone.utc)
    return None


# --- writing ----------------------------------------------------------------------------------------------------------


def _encoder_of(one: FormField) -> Callable[[FormField, Any], Any]:
    # What a kind that this collection does not know takes is for the service to judge.
    return _ENCODERS.get(one.kind, lambda _one, value: _as_json(value))


def _as_json(value: Any) -> Any:
    """Return a value as it arrives at the service; dates, which YAML knows and JSON does not, become texts."""
    return json.loads(json.dumps(value, default=str))


def _encode_text(one: FormField, value: Any) -> str:
    text = text_of(value)
    flaw = flaw_in(text, longest=LONGEST_TEXTAREA if one.kind == "textarea" else LONGEST_TEXT, has_lines=True)
    if flaw is not None:
        raise UnfitError(flaw)
    return text


def _encode_email(_one: FormField, value: Any) -> str:
    return str(email_of(text_of(value)))


def _encode_date(_one: FormField, value: Any) -> str:
    read = moment(text_of(value))
    if read is None:
        raise UnfitError(f"{quoted(value)} is not a date such as 2026-03-02 or 2026-03-02T09:00:00Z")
    return f"{read.replace(tzinfo=None).isoformat(timespec='seconds')}.000Z"


def _encode_radio(one: FormField, value: Any) -> str:
    return _option(one, value).text


def _encode_dropdown(one: FormField, value: Any) -> dict[str, Any]:
    option = _option(one, value)
    return {"id": option.id, "text": option.text, "value": option.value}


def _encode_multiselect(one: FormField, value: Any) -> list[dict[str, Any]]:
    chosen: dict[str, dict[str, Any]] = {}
    problems = []
    for text in value if isinstance(value, (list, tuple)) else [value]:
        try:
            option = _encode_dropdown(one, text)
        except UnfitError as error:
            problems.append(str(error))
        else:
            # Without this mark the service stores the choice and shows nothing.
            chosen[str(option["id"])] = {**option, "selected": True}
    if problems:
        raise UnfitError("; ".join(problems))
    return list(chosen.values())


def _encode_table(one: FormField, value: Any) -> list[str]:
    columns = one.columns
    if isinstance(value, Mapping):
        by_label = {fold(str(label)): cell for label, cell in value.items()}
        unknown = [str(label) for label in value if fold(str(label)) not in map(fold, columns)]
        if unknown:
            raise UnfitError(f"there is no column {', '.join(unknown)}; columns: {choices(columns)}")
        value = [by_label.get(fold(label), "") for label in columns]
    if not isinstance(value, (list, tuple)):
        raise UnfitError(f"is a table: give a list with one entry for each column ({choices(columns)})")
    if len(value) != len(columns):
        raise UnfitError(f"has {len(value)} entries for {len(columns)} columns ({choices(columns)})")
    return [_cell(cell) for cell in value]


def _cell(value: Any) -> str:
    text = "" if value is None else text_of(value)
    flaw = flaw_in(text, has_lines=True)
    if flaw is not None:
        raise UnfitError(flaw)
    return text


def _encode_assignees(_one: FormField, value: Any) -> Assignees:
    return Assignees.from_value(value)


def _encode_files(_one: FormField, value: Any) -> list[dict[str, Any]]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    return [_file(entry) for entry in entries]


def _file(entry: Any) -> dict[str, Any]:
    if isinstance(entry, Mapping) and entry.get("id"):
        # Somebody has uploaded it and knows what the service calls it.
        return dict(_as_json(entry))
    url = str(entry.get("url") or "") if isinstance(entry, Mapping) else str(entry)
    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that hold no IPv6 address
        raise UnfitError(f"{quoted(url)} is not the web address of a file") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UnfitError(f"{quoted(url)} is not the web address of a file")
    name = entry.get("filename") if isinstance(entry, Mapping) else None
    return {"filename": name or unquote(parts.path.rpartition("/")[2]) or parts.netloc, "url": url, "source": "url"}


_ENCODERS: dict[str, Callable[[FormField, Any], Any]] = {
    "text": _encode_text,
    "textarea": _encode_text,
    "email": _encode_email,
    "date": _encode_date,
    "radio": _encode_radio,
    "dropdown": _encode_dropdown,
    "multiselect": _encode_multiselect,
    "table": _encode_table,
    "assignees_form": _encode_assignees,
    "file": _encode_files,
}


def _option(one: FormField, value: Any) -> Option:
    """Return the option with this text: exactly, or else without regard to case if that is no other one's."""
    text = tidied(text_of(value))
    found = [option for option in one.options if tidied(option.text) == text]
    found = found or [option for option in one.options if fold(option.text) == fold(text)]
    if len(found) > 1:
        raise UnfitError(f"{len(found)} options are called {quoted(text)}; give them different texts in Tallyfy")
    if not found:
        raise UnfitError(f"{quoted(text)} is no option; options: {choices(option.text for option in one.options)}")
    return found[0]


def notes_of_numbers(label: str, value: Any) -> list[str]:
    """Return a note when what becomes a text, or several, was given as integers."""
    numbers = _integers_in(value)
    return [f"{label}: given as a number, and sent as {choices(numbers)}; {QUOTE_IT}"] if numbers else []


def _integers_in(value: Any) -> list[str]:
    if isinstance(value, (Mapping, list, tuple)):
        inner = value.values() if isinstance(value, Mapping) else value
        return [number for one in inner for number in _integers_in(one)]
    return [str(value)] if isinstance(value, int) else []


# --- reading back -----------------------------------------------------------------------------------------------------


def _is_same_text(sent: Any, stored: Any) -> bool:
    # A field with an editor may keep its text as HTML.
    return _plain(sent) == _plain(stored) or _plain(sent) == _plain(html.unescape(_TAGS.sub(" ", str(stored))))


def _plain(text: Any) -> str:
    return " ".join(tidied(text).split())


def _is_same_email(sent: Any, stored: Any) -> bool:
    return Email(sent) == Email(stored)


def _is_same_date(sent: Any, stored: Any) -> bool:
    left, right = moment(sent), moment(stored)
    if left is None or right is None:
        return False
    # A field without a time of day may keep the day alone.
    return left == right or (":" not in str(stored) and left.date() == right.date())


def _is_same_option(sent: Any, stored: Any) -> bool:
    if isinstance(stored, Mapping):
        return str(stored.get("id")) == str(sent["id"])
    return _is_same_text(sent["text"], stored)


def _are_same_options(sent: Any, stored: Any) -> bool:
    if not isinstance(stored, list):
        return False
    chosen = {str(option.get("id")) for option in _selected(stored) if isinstance(option, Mapping)}
    return chosen == {str(option["id"]) for option in sent}


def _selected(options: list[Any]) -> list[Any]:
    return [one for one in options if not isinstance(one, Mapping) or one.get("selected") is not False]


def _are_same_cells(sent: Any, stored: Any) -> bool:
    return isinstance(stored, list) and [_plain(cell) for cell in sent] == [_plain(cell) for cell in stored]


def _are_same_assignees(sent: Any, stored: Any) -> bool:
    return isinstance(stored, Mapping) and all(
        _marks(sent.get(name)) == _marks(stored.get(name)) for name in ("users", "guests", "groups")
    )


def _marks(people: Any) -> set[Email]:
    """Return who is meant; some answers hold a whole record where others hold its ID."""
    return {Email(one.get("id", one.get("email")) if isinstance(one, Mapping) else one) for one in people or ()}


def _are_same_files(sent: Any, stored: Any) -> bool:
    stored = stored if isinstance(stored, list) else [stored]
    addresses = {str(entry.get("url")) for entry in stored if isinstance(entry, Mapping)}
    return all(str(entry.get("url")) in addresses for entry in sent)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "email": _is_same_email,
    "date": _is_same_date,
    "dropdown": _is_same_option,
    "multiselect": _are_same_options,
    "table": _are_same_cells,
    "assignees_form": _are_same_assignees,
    "file": _are_same_files,
}
