# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of kick-off forms: encodes each kind, and compares it with the stored value. Private to the collection.

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
#: YAML reads 00123 as 83 and 12:30:45 as 45045, without a warning.
QUOTE_IT = "put quotes around a text such as '00123'"
_KINDS_OF_TEXT = ("text", "textarea", "radio", "dropdown", "multiselect", "table")
_SECONDS_AND_ZONE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?(?:\.\d+)? ?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Kickoff:
    """Values of a kick-off form: ``encoded`` by field ID, ``shown`` by label, and all errors in ``problems``.

    ``encoded`` has the values for the request, with ``Assignees`` in place of their IDs. ``notes`` are about values
    that may differ from what the user wrote.
    """

    encoded: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def assignees(self) -> list[Assignees]:
        """All assignees in the values."""
        return [value for value in self.encoded.values() if isinstance(value, Assignees)]


def encode(fields: Iterable[FormField], given: Mapping[str, Any], *, is_whole: bool = True) -> Kickoff:
    """Return the values of a form, given by label; blank values count as not given.

    With ``is_whole``, a missing required value is an error.
    """
    fields = tuple(fields)
    encoded: dict[str, Any] = {}
    problems: list[str] = []
    notes: list[str] = []
    named: dict[str, str] = {}
    for name, value in given.items():
        try:
            field = find_field(fields, name)
        except UnfitError as error:
            problems.append(str(error))
            continue
        if field.id in named:
            problems.append(f"{named[field.id]!r} and {name!r} are the same field")
        named[field.id] = str(name)
        if is_empty(value) or (isinstance(value, str) and not tidied(value)):
            continue
        try:
            encoded[field.id] = _encoder_of(field)(field, value)
        except UnfitError as error:
            problems.append(f"{field.label}: {error}")
            # Report the error once: the field has a value, so it is not missing as well.
            encoded[field.id] = None
            continue
        if field.kind in _KINDS_OF_TEXT:
            notes += notes_of_numbers(field.label, value)
    missing = [field for field in fields if is_whole and field.is_required and field.id not in encoded]
    problems += [f"{field.label} is required ({described(field)})" for field in missing]
    shown = {field.label: shown_value(field, encoded[field.id]) for field in fields if field.id in encoded}
    return Kickoff(encoded, shown, tuple(problems), tuple(notes))


def shown_value(field: FormField, encoded: Any) -> Any:
    """Return a value, encoded or stored, in readable form."""
    if isinstance(encoded, Assignees):
        return encoded.shown()
    if field.kind == "dropdown" and isinstance(encoded, Mapping):
        return encoded.get("text")
    if field.kind == "multiselect" and isinstance(encoded, list):
        return [option.get("text") if isinstance(option, Mapping) else option for option in _selected(encoded)]
    if field.kind == "file" and isinstance(encoded, list):
        return [entry.get("url") if isinstance(entry, Mapping) else entry for entry in encoded]
    return encoded


def is_stored(field: FormField, sent: Any, stored: Any) -> bool:
    """Return whether a stored value equals the sent value; the service may return it in another form."""
    return bool(_COMPARISONS.get(field.kind, _is_same_text)(sent, stored))


def moment(value: Any) -> datetime | None:
    """Return the time of a date, ``None`` for an invalid date. Without an offset, the time zone is UTC."""
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


def _encoder_of(field: FormField) -> Callable[[FormField, Any], Any]:
    # The service validates the values of unknown kinds.
    return _ENCODERS.get(field.kind, lambda _one, value: _as_json(value))


def _as_json(value: Any) -> Any:
    """Return a value as JSON; dates, which YAML has and JSON does not, become texts."""
    return json.loads(json.dumps(value, default=str))


def _encode_text(field: FormField, value: Any) -> str:
    text = text_of(value)
    flaw = flaw_in(text, longest=LONGEST_TEXTAREA if field.kind == "textarea" else LONGEST_TEXT, has_lines=True)
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


def _encode_radio(field: FormField, value: Any) -> str:
    return _option(field, value).text


def _encode_dropdown(field: FormField, value: Any) -> dict[str, Any]:
    option = _option(field, value)
    return {"id": option.id, "text": option.text, "value": option.value}


def _encode_multiselect(field: FormField, value: Any) -> list[dict[str, Any]]:
    chosen: dict[str, dict[str, Any]] = {}
    problems = []
    for text in value if isinstance(value, (list, tuple)) else [value]:
        try:
            option = _encode_dropdown(field, text)
        except UnfitError as error:
            problems.append(str(error))
        else:
            # Without this mark, the service stores the choice but does not show it.
            chosen[str(option["id"])] = {**option, "selected": True}
    if problems:
        raise UnfitError("; ".join(problems))
    return list(chosen.values())


def _encode_table(field: FormField, value: Any) -> list[str]:
    columns = field.columns
    if isinstance(value, Mapping):
        by_label = {fold(str(label)): cell for label, cell in value.items()}
        unknown = [str(label) for label in value if fold(str(label)) not in map(fold, columns)]
        if unknown:
            raise UnfitError(f"there is no column {', '.join(unknown)}; columns: {choices(columns)}")
        value = [by_label.get(fold(label), "") for label in columns]
    if not isinstance(value, (list, tuple)):
        raise UnfitError(f"is a table; give a list with one entry for each column ({choices(columns)})")
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
        # The file has been uploaded; the user gives its ID.
        return dict(_as_json(entry))
    url = str(entry.get("url") or "") if isinstance(entry, Mapping) else str(entry)
    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that hold no IPv6 address
        raise UnfitError(f"{quoted(url)} is not a URL of a file") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UnfitError(f"{quoted(url)} is not a URL of a file")
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


def _option(field: FormField, value: Any) -> Option:
    """Return the option with exactly this text, or else the only option with it when case is ignored."""
    text = tidied(text_of(value))
    found = [option for option in field.options if tidied(option.text) == text]
    found = found or [option for option in field.options if fold(option.text) == fold(text)]
    if len(found) > 1:
        raise UnfitError(f"{len(found)} options have the text {quoted(text)}; give them different texts in Tallyfy")
    if not found:
        raise UnfitError(
            f"{quoted(text)} is not an option; options: {choices(option.text for option in field.options)}"
        )
    return found[0]


def notes_of_numbers(label: str, value: Any) -> list[str]:
    """Return a note when the value of a text field was given as a number."""
    numbers = _integers_in(value)
    return [f"{label}: given as a number and sent as {choices(numbers)}; {QUOTE_IT}"] if numbers else []


def _integers_in(value: Any) -> list[str]:
    if isinstance(value, (Mapping, list, tuple)):
        inner = value.values() if isinstance(value, Mapping) else value
        return [number for item in inner for number in _integers_in(item)]
    return [str(value)] if isinstance(value, int) else []


# --- reading back -----------------------------------------------------------------------------------------------------


def _is_same_text(sent: Any, stored: Any) -> bool:
    # A rich text field may store its text as HTML.
    return _plain(sent) == _plain(stored) or _plain(sent) == _plain(html.unescape(_TAGS.sub(" ", str(stored))))


def _plain(text: Any) -> str:
    return " ".join(tidied(text).split())


def _is_same_email(sent: Any, stored: Any) -> bool:
    return Email(sent) == Email(stored)


def _is_same_date(sent: Any, stored: Any) -> bool:
    left, right = moment(sent), moment(stored)
    if left is None or right is None:
        return False
    # A field without a time of day may store only the date.
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
    return [option for option in options if not isinstance(option, Mapping) or option.get("selected") is not False]


def _are_same_cells(sent: Any, stored: Any) -> bool:
    return isinstance(stored, list) and [_plain(cell) for cell in sent] == [_plain(cell) for cell in stored]


def _are_same_assignees(sent: Any, stored: Any) -> bool:
    return isinstance(stored, Mapping) and all(
        _marks(sent.get(name)) == _marks(stored.get(name)) for name in ("users", "guests", "groups")
    )


def _marks(people: Any) -> set[Email]:
    """Return the IDs or addresses; some answers hold records instead of IDs."""
    return {
        Email(person.get("id", person.get("email")) if isinstance(person, Mapping) else person)
        for person in people or ()
    }


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
