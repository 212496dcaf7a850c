# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of kick-off forms: their definitions, and how to find them by name. Private to the collection.

Source: API reference, "Kick-off and task field values". Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten

LONGEST_QUOTE = 60
#: How many valid choices a message names.
MOST_CHOICES = 30


class UnfitError(Exception):
    """A name or a value that a template does not accept; its text says what is valid."""


@dataclass(frozen=True)
class Option:
    """A choice of a field. ``value`` is what the service stores with the text, usually nothing."""

    id: Any
    text: str
    value: Any = None


@dataclass(frozen=True)
class FormField:
    """A field of a kick-off form. ``kind`` is the service's ``field_type``, ``columns`` the labels of a table's."""

    id: str
    label: str
    kind: str
    alias: str = ""
    is_required: bool = False
    options: tuple[Option, ...] = ()
    columns: tuple[str, ...] = ()


def fields_of(definitions: Any) -> tuple[FormField, ...]:
    """Return the fields of a kick-off form, in their order, from a template's ``prerun``."""
    rows = [row for row in definitions or () if isinstance(row, Mapping) and row.get("id")]
    return tuple(
        FormField(
            id=str(row["id"]),
            label=tidied(row.get("label")),
            kind=str(row.get("field_type") or "text"),
            alias=str(row.get("alias") or ""),
            is_required=bool(row.get("required")),
            options=tuple(
                Option(option.get("id"), str(option.get("text") or ""), option.get("value"))
                for option in row.get("options") or ()
                if isinstance(option, Mapping)
            ),
            columns=tuple(
                str(column.get("label") or "") for column in row.get("columns") or () if isinstance(column, Mapping)
            ),
        )
        for row in sorted(rows, key=position_of)
    )


def find_field(fields: Iterable[FormField], name: str) -> FormField:
    """Return the field with this label (case is ignored), alias or ID.

    Raises ``UnfitError``, which names the valid choices, when no field or several fields match.
    """
    fields = tuple(fields)
    name = tidied(name)
    exact = [field for field in fields if name in (field.id, field.alias)]
    named = exact or [field for field in fields if fold(field.label) == fold(name)]
    if len(named) > 1:
        # Labels may differ in case only.
        named = [field for field in named if tidied(field.label) == name] or named
    if len(named) == 1:
        return named[0]
    if named:
        aliases = ", ".join(field.alias or field.id for field in named)
        raise UnfitError(f"{len(named)} fields have the label {name!r}; use an alias instead: {aliases}")
    raise UnfitError(f"there is no field {name!r}; fields: {choices(field.label for field in fields)}")


def is_empty(value: Any) -> bool:
    """Return whether a value is empty; the service treats an empty text as no value."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return all(is_empty(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_empty(inner) for inner in value)
    return value is None


def text_of(value: Any) -> str:
    """Return a value as the text that the user wrote; raises ``UnfitError`` when YAML has lost that text."""
    if isinstance(value, bool):
        raise UnfitError(f"is the truth value {str(value).lower()}; put quotes around a text such as 'yes' or 'no'")
    if isinstance(value, float):
        # Digits are lost: 1.10 has become 1.1.
        raise UnfitError(f"is the number {value}, which may have lost digits; put it in quotes")
    if isinstance(value, (Mapping, list, tuple)):
        raise UnfitError(f"takes one text or number, not {quoted(value)}")
    return tidied(value)


def quoted(value: Any) -> str:
    """Return a value in quotes for a message."""
    return repr(shorten(str(value), LONGEST_QUOTE))


def described(field: FormField) -> str:
    """Return a short description of the values that a field accepts."""
    if field.options:
        return f"{field.kind} of {choices(option.text for option in field.options)}"
    return f"{field.kind} with the columns {choices(field.columns)}" if field.columns else field.kind


def choices(names: Iterable[str]) -> str:
    """Return names for a message, at most ``MOST_CHOICES`` of them."""
    names = list(names)
    more = len(names) - MOST_CHOICES
    return ", ".join(names[:MOST_CHOICES]) + (f" and {more} more" if more > 0 else "") if names else "none"


def position_of(row: Mapping[str, Any]) -> int:
    """Return the position of a field or a step in its form or template."""
    try:
        return int(row.get("position") or 0)
    except (TypeError, ValueError):
        return 0
