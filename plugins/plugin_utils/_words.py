# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words for the results of bulk modules, for the terminal, reports and other jobs. Private to the collection.

A result is the plain JSON of the module. Any key may be missing: a task that failed before it read anything has little
more than ``msg`` and ``problems``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import DONE, UNDONE, spoken
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import OUTCOMES as DRIFT
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text

Record = Mapping[str, Any]

#: Outcomes that need attention.
ATTENTION = (*UNDONE, "not_found")
UNCHANGED = "unchanged"
#: In the order of rows.
OUTCOMES = (*ATTENTION, *DONE, *DRIFT, UNCHANGED)

#: The parts of a summary, in plural and singular.
NOUNS = {"people": "person", "processes": "process", "groups": "group", "guests": "guest"}

#: A text of the service may be a whole page of HTML.
LONGEST_TEXT = 500
LONGEST_VALUE = 80
MOST_NAMES = 6

_EMPTY = "empty"


# --- texts and values -------------------------------------------------------------------------------------------------


def shown(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return a text as one line, with every harmful character escaped."""
    text = " ".join(str(value).split())
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return shown_text(text)


def in_words(value: object) -> str:
    """Return the readable value of a field, texts in quotes."""
    if value is None or value == "" or value == [] or value == {}:
        return _EMPTY
    if isinstance(value, (list, tuple)):
        return listed([shown(item, LONGEST_VALUE) for item in value])
    if isinstance(value, (bool, int, float, dict)):
        return shown(json.dumps(value, ensure_ascii=False, default=str), LONGEST_VALUE)
    return f"'{shown(value, LONGEST_VALUE)}'"


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return names as a list in a sentence, shortened when there are many."""
    more = len(names) - most
    if more > 0:
        return f"{', '.join(names[:most])} and {more} more"
    return " and ".join(text for text in (", ".join(names[:-1]), *names[-1:]) if text)


def counted(number: int, part: str) -> str:
    """Return a number with its noun: 1 person, 2 people. A part is one of ``NOUNS`` or an English plural."""
    return f"{number} {NOUNS.get(part, part[:-1]) if number == 1 else part}"


def word(outcome: str, *, dry_run: bool = False) -> str:
    """Return the readable word for an outcome."""
    text = spoken(shown(outcome))
    return f"would be {text}" if dry_run and outcome in DONE else text


# --- tolerance --------------------------------------------------------------------------------------------------------


def dict_in(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def list_in(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def records_in(value: object) -> list[Record]:
    return [item for item in list_in(value) if isinstance(item, Mapping)]
