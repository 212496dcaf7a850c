# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for the results of bulk modules, on the terminal, in reports and for other jobs. Private to the collection.

A result is the plain JSON that the module returns. Any key of it may be missing: a task that failed before it read
anything has little more than ``msg`` and ``problems``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import DONE, UNDONE, spoken
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text

Record = Mapping[str, Any]

#: Outcomes that somebody has to look at.
ATTENTION = (*UNDONE, "not_found")
UNCHANGED = "unchanged"
#: In the order in which rows are told.
OUTCOMES = (*ATTENTION, *DONE, *DRIFT, UNCHANGED)

#: The parts of a summary, with one of each.
NOUNS = {"people": "person", "processes": "process", "groups": "group", "guests": "guest"}

#: A text of the service may be a whole page of HTML.
LONGEST_TEXT = 500
LONGEST_VALUE = 80
MOST_NAMES = 6

_EMPTY = "empty"


# --- texts and values -------------------------------------------------------------------------------------------------


def shown(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return a text as it can stand in one line, with every harmful character visible."""
    text = " ".join(str(value).split())
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return shown_text(text)


def in_words(value: object) -> str:
    """Return the value of a field as it is told, texts in quotes."""
    if value is None or value == "" or value == [] or value == {}:
        return _EMPTY
    if isinstance(value, (list, tuple)):
        return listed([shown(one, LONGEST_VALUE) for one in value])
    if isinstance(value, (bool, int, float, dict)):
        return shown(json.dumps(value, ensure_ascii=False, default=str), LONGEST_VALUE)
    return f"'{shown(value, LONGEST_VALUE)}'"


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return names as a sentence lists them, the first few when there are many."""
    more = len(names) - most
    if more > 0:
        return f"{', '.join(names[:most])} and {more} more"
    return " and ".join(one for one in (", ".join(names[:-1]), *names[-1:]) if one)


def counted(number: int, part: str) -> str:
    """Return a number with its noun: 1 person, 2 people. A part is one of ``NOUNS`` or an English plural."""
    return f"{number} {NOUNS.get(part, part[:-1]) if number == 1 else part}"


def word(outcome: str, *, dry_run: bool = False) -> str:
    """Return an outcome as it is told."""
    text = spoken(shown(outcome))
    return f"would be {text}" if dry_run and outcome in DONE else text


# --- tolerance --------------------------------------------------------------------------------------------------------


def dict_in(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def list_in(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def records_in(value: object) -> list[Record]:
    return [one for one in list_in(value) if isinstance(one, Mapping)]
