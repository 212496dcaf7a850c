# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a roster and the live organization disagree about, told person by person. Private to the collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

MISSING, EXTRA, DIFFERENT, KEPT, UNCLEAR = "missing", "extra", "different", "kept", "unclear"
_CREATIONS = ("create", "invite")
_REMOVALS = ("disable", "remove", "delete")
_NOTHING = "nothing"
#: What a value must not hold to stand in a line without quotes.
_MARKS = ("; ", " \u2192 ", '"')


def drift_of(members: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a row for each person about whom roster and organization disagree, in the given order.

    ``members`` are the rows that ``tallyfy_roster`` returns in check mode with ``unlisted=absent``. ``outcome`` is
    ``missing`` (listed, and no member), ``extra`` (a member who is not listed, or is listed as gone), ``different``,
    ``kept`` for a member who is not listed and whom a run would leave alone, or ``unclear`` for somebody of whom
    something could not be compared or cannot be changed. ``done`` tells field by field
    what it is and what the roster wants, ``note`` what else is to know. The Tallyfy Bot and support accounts belong to
    every organization and are no drift.
    """
    return [
        {
            "email": str(row["email"]),
            "outcome": outcome,
            "done": _differences(row, outcome),
            "note": _note(row, outcome),
        }
        for row in members
        if (outcome := _outcome(row)) is not None
    ]


def _outcome(row: Mapping[str, Any]) -> str | None:
    if row.get("service_account"):
        return None
    if row.get("unlisted"):
        return KEPT if row["action"] == "none" else EXTRA
    if row["action"] in _CREATIONS:
        return MISSING
    if row["action"] in _REMOVALS:
        return EXTRA
    if row["action"] != "none":
        return DIFFERENT
    return UNCLEAR if row.get("notes") else None


def _note(row: Mapping[str, Any], outcome: str) -> str:
    if row.get("unlisted"):
        return str(row["message"]) if outcome == KEPT else "Not listed."
    # The row names the person already.
    notes = [str(note).removeprefix(row["email"]).lstrip(": ") for note in row.get("notes") or ()]
    if row["action"] in _REMOVALS:
        notes.insert(0, f"Listed as {'deleted' if row['action'] == 'delete' else 'absent'}.")
    return " ".join(notes)


def _differences(row: Mapping[str, Any], outcome: str) -> str:
    before, after = row.get("before") or {}, row.get("after") or {}
    if row["action"] == "delete":
        return f"status: {_shown(before.get('status'))} \u2192 deleted"
    if outcome == MISSING:
        return "; ".join(f"{name}: {_shown(value)}" for name, value in after.items() if name != "email")
    names = dict.fromkeys([*before, *after])
    return "; ".join(f"{name}: {_change(name, before.get(name), after.get(name))}" for name in names)


def _change(name: str, before: Any, after: Any) -> str:
    if name != "groups":
        return f"{_shown(before)} \u2192 {_shown(after)}"
    held, wanted = list(before or ()), list(after or ())
    gone = [f"-{_shown(group)}" for group in held if group not in wanted]
    return " ".join([*gone, *(f"+{_shown(group)}" for group in wanted if group not in held)])


def _shown(value: Any) -> str:
    """Return a value as it can stand in one line; a text that could be misread there is put into quotes."""
    if value is None or value == "" or value == []:
        return _NOTHING
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    text = str(value)
    is_clear = text == " ".join(text.split()) and text != _NOTHING and not any(mark in text for mark in _MARKS)
    return text if is_clear else json.dumps(text, ensure_ascii=False)
