# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading rows from options or a file, and mapping columns to fields of people. Private to the collection.

Tables come from other systems, which have more columns than Tallyfy and other names for them. An unknown column
concerns the whole table, so it is reported once and not for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import SET_BY_TALLYFY
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem

from .file import read_roster
from .rows import GROUP_COLUMNS, Rows, unknown_field

#: The fields of a row of a roster.
ROW_FIELDS = (*MEMBER_OPTIONS, *GROUP_COLUMNS)
#: The options of every module that accepts rows.
COLUMN_OPTIONS: dict[str, dict[str, Any]] = {
    "columns": {"type": "dict", "default": {}},
    "ignore_columns": {"type": "list", "elements": "str", "default": []},
}


def given_rows(
    params: Mapping[str, Any],
    known: Collection[str],
    called: Callable[[str], str] = str,
    decrypt: Decrypt = undecrypted,
) -> tuple[Rows, list[Problem]]:
    """Return the rows of ``people`` or ``src`` with the ``known`` fields only, and problems about other fields.

    Raises ``InputError`` for a file that cannot be read.
    """
    columns, problems = _checked_columns(params["columns"], known, called)
    ignored = {fold(str(name)) for name in params["ignore_columns"]}
    problems += [
        Problem(f"holds {name}, which {called('columns')} also names", option=called("ignore_columns"))
        for name in sorted(ignored & columns.keys())
    ]
    if params.get("src") is None:
        rows = Rows(params.get("people") or [])
    else:
        spellings = ["email", *(name for name, field in columns.items() if field == "email")]
        rows = read_roster(params["src"], called("src"), decrypt, email_columns=spellings)
    plain = _PlainRows(rows, known, columns, ignored)
    return rows.replaced(plain.rows), problems + plain.problems(called)


def _checked_columns(
    given: Mapping[Any, Any], known: Collection[str], called: Callable[[str], str]
) -> tuple[dict[str, str], list[Problem]]:
    columns: dict[str, str] = {}
    problems = []
    for name, field in given.items():
        if fold(str(name)) in columns:
            problems.append(Problem(f"holds {name} twice", option=called("columns")))
        elif is_blank(field):
            problems.append(Problem(f"{name}: the field is blank", option=called("columns")))
        elif field not in known:
            problems.append(Problem(f"{name}: {unknown_field(field, list(known))}", option=called("columns")))
        elif field in columns.values():
            problems.append(Problem(f"names {field} twice", option=called("columns")))
        columns.setdefault(fold(str(name)), str(field))
    return columns, problems


class _PlainRows:
    """Rows with known fields only, and the rows of each unknown field. An entry that is not a row stays unchanged."""

    def __init__(
        self, rows: Rows, known: Collection[str], columns: Mapping[str, str], ignored: Collection[str]
    ) -> None:
        self._given = rows
        self._known = set(known)
        self._columns = columns
        self._ignored = ignored
        self._unknown: dict[str, list[int]] = {}
        self._twice: dict[tuple[str, str], list[int]] = {}
        self.rows = [self._plain(index, row) for index, row in enumerate(rows.rows)]

    def _plain(self, index: int, row: Any) -> Any:
        if not isinstance(row, Mapping) or not (self._columns or self._ignored or not row.keys() <= self._known):
            return row
        plain: dict[str, Any] = {}
        names: dict[str, Any] = {}
        for name, value in row.items():
            compared = fold(str(name))
            field = self._columns.get(compared, name)
            if compared in self._ignored or (field in SET_BY_TALLYFY and "state" in row):
                # With ``state``, the row is a record of a member. In a table without it, ``status`` is a column.
                continue
            if field not in self._known:
                # An unknown field in ``columns`` has been reported with the option.
                if not is_blank(value) and compared not in self._columns:
                    self._unknown.setdefault(str(name), []).append(index)
            elif field in plain:
                self._twice.setdefault((str(names[field]), str(name)), []).append(index)
            else:
                plain[field], names[field] = value, name
        return plain

    def problems(self, called: Callable[[str], str]) -> list[Problem]:
        """Return the problems of column names, each name once."""
        found = []
        for name, indexes in self._unknown.items():
            text = unknown_field(name, list(self._known))
            if len(indexes) > 1 or text.endswith(name):
                text += f"; list it in {called('ignore_columns')}, or name its field in {called('columns')}"
            found.append(self._problem(indexes, text))
        for (first, second), indexes in self._twice.items():
            text = f"{first} and {second} are the same field; list one of them in {called('ignore_columns')}"
            found.append(self._problem(indexes, text))
        return found

    def _problem(self, indexes: list[int], text: str) -> Problem:
        first = indexes[0]
        if len(indexes) == 1:
            return self._given.problem(first, self._email_of(first), text)
        place = self._given.place(first)
        return Problem(text, Place(f"{len(indexes)} rows, the first is {place.label}", place.order))

    def _email_of(self, index: int) -> Any:
        row = self.rows[index]
        return row.get("email") if isinstance(row, Mapping) else None
