# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading roster files: YAML, JSON and CSV. Private to the collection."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import MOST_PROBLEMS, InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import UnfitError, json_of
from ansible_collections.tallyfy.platform.plugins.module_utils._state.regular_files import read_regular

from .rows import Rows
from .yaml_texts import has_yaml, texts_in

ENDINGS = (".yml", ".yaml", ".json", ".csv")
#: The key that holds the rows when the file is a dictionary instead of a list.
ROWS_KEY = "people"
#: A roster of 10,000 people has 2 to 5 MB.
MOST_BYTES = 32 << 20
MOST_ROWS = 100_000
#: The longest quote of a value in a message.
LONGEST_QUOTE = 60
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
LONGEST_HEADER = 300
MOST_VALUES_SHOWN = 3
#: The longest quote of a header in a message: enough for the first columns.
MOST_BYTES_LOOKED_AT = 200
VAULTED = b"$ANSIBLE_VAULT;"


def read_roster(
    path: str,
    option: str = "src",
    decrypt: Decrypt = undecrypted,
    *,
    email_columns: Collection[str] = ("email",),
) -> Rows:
    """Return the rows of a roster file. Raises ``InputError`` when it cannot be read or parsed.

    ``option`` is the name of the option in messages. A table must have one of the ``email_columns``.
    """
    name = Path(path).name
    try:
        content = _content_of(Path(path).expanduser(), decrypt)
    except OSError as error:
        raise InputError([f"{option} {path}: {error.strerror}"]) from error
    except UnfitError as error:
        raise InputError([f"{option} {path}: it is {error}"]) from error
    except (RuntimeError, ValueError) as error:  # an unknown home folder, or an invalid path
        raise InputError([f"{option} {path!r}: {error}"]) from error
    readers: dict[str, Callable[[str, str], Rows]] = {
        ".yml": _rows_in_yaml,
        ".yaml": _rows_in_yaml,
        ".json": _rows_in_json,
        ".csv": partial(_rows_in_csv, email_columns=email_columns),
    }
    reader = readers.get(Path(path).suffix.lower())
    if reader is None:
        raise InputError([f"{option} {path}: the name must end in {', '.join(ENDINGS)}"])
    try:
        rows = reader(_text_of(content, Path(path).suffix.lower()), name)
    except UnfitError as error:
        raise InputError([f"{option} {path}: it is {error}"]) from error
    except ValueError as error:
        raise InputError([f"{option} {path}: {error}"]) from error
    if len(rows.rows) > MOST_ROWS:
        raise InputError([f"{option} {path}: it holds {len(rows.rows):,} rows; the maximum is {MOST_ROWS:,}"])
    return rows


# --- reading ----------------------------------------------------------------------------------------------------------


def _content_of(path: Path, decrypt: Decrypt) -> bytes:
    content = read_regular(path, MOST_BYTES + 1)
    if content.startswith(VAULTED):
        try:
            content = decrypt(path)
        except ValueError as error:
            raise UnfitError(f"encrypted with ansible-vault: {error}") from error
    if len(content) > MOST_BYTES:
        raise UnfitError(f"longer than {MOST_BYTES >> 20} MiB")
    return content


def _text_of(content: bytes, ending: str) -> str:
    advice = 'save it as "CSV UTF-8"' if ending == ".csv" else "save it as UTF-8"
    # ASCII text in UTF-16 has a zero in every other byte; the byte order mark may be missing.
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:MOST_BYTES_LOOKED_AT]:
        raise UnfitError(f"UTF-16, not UTF-8; {advice}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnfitError(f"not UTF-8 (line {line}, byte {content[error.start]:#04x}); {advice}") from error


def _rows_in_json(text: str, name: str) -> Rows:
    problems: list[str] = []

    def without_repetitions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) == len(pairs):
            return row
        for key in _repeated(key for key, _value in pairs):
            text = f"{shorten(key, LONGEST_QUOTE)!r} occurs more than once in one row"
            if len(problems) < MOST_PROBLEMS:
                values = [value for name, value in pairs if name == key][:MOST_VALUES_SHOWN]
                text += ": " + " and ".join(shorten(json.dumps(value), LONGEST_QUOTE) for value in values)
            problems.append(text)
        return row

    rows = _list_in(json_of(text, object_pairs_hook=without_repetitions))
    _refuse(problems)
    return _with_lines(rows, text, name)


def _rows_in_yaml(text: str, name: str) -> Rows:
    found = texts_in(text)
    _refuse(found.problems)
    return Rows(_list_in(found.content), source=name, lines=found.lines)


def _refuse(problems: Sequence[str]) -> None:
    """Raise ``ValueError`` if there are problems."""
    if problems:
        more = len(problems) - MOST_PROBLEMS
        raise ValueError("; ".join(problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else ""))


def _repeated(keys: Iterable[str]) -> list[str]:
    return [key for key, count in Counter(keys).items() if count > 1]


def _rows_in_csv(text: str, name: str, *, email_columns: Collection[str]) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [tidied(column).lower() for column in next(reader, [])]
        if not any(fold(column) in email_columns for column in header):
            # Spreadsheets write semicolons in countries with a decimal comma.
            found = next((hint for mark, hint in _SEPARATORS.items() if any(mark in name for name in header)), "")
            advice = f"; separate the columns by commas, not {found}" if found else ""
            raise ValueError(
                f"line 1 must name the columns, with {' or '.join(email_columns)} among them; it names "
                f"{shorten(', '.join(header), LONGEST_HEADER)!r}{advice}"
            )
        # Columns that were cleared in a spreadsheet leave their commas in the file.
        twice = sorted(_repeated(filter(None, header)))
        if twice:
            raise ValueError(f"line 1 names the column {shorten(twice[0], LONGEST_QUOTE)!r} twice")
        rows, lines, line = [], [], reader.line_num + 1
        for cells in reader:
            if any(map(tidied, cells)):
                if any(map(tidied, cells[len(header) :])):
                    raise ValueError(f"line {line} has {len(cells)} cells, and the header names {len(header)} columns")
                if any(tidied(cell) for column, cell in zip(header, cells) if not column):
                    raise ValueError(f"line {line} has a value in a column that line 1 does not name")
                # An empty cell counts as not given: a table cannot express that a field is to be cleared.
                rows.append({column: cell.strip() for column, cell in zip(header, cells) if column and cell.strip()})
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return Rows(rows, source=name, lines=lines)


def _list_in(content: Any) -> list[Any]:
    keys = list(content) if isinstance(content, Mapping) else []
    rows = content[ROWS_KEY] if keys == [ROWS_KEY] else content
    if isinstance(rows, list):
        return rows
    found = f", not {shorten(str(keys[0]), LONGEST_QUOTE)}" if len(keys) == 1 and keys != [ROWS_KEY] else ""
    raise ValueError(f"it must hold a list of people, or a dictionary with the single key {ROWS_KEY}{found}")


class _LazyLines(Sequence[int]):
    """The line of each row, computed on first use: only messages need it."""

    def __init__(self, text: str, count: int) -> None:
        self._text = text
        self._count = count
        self._found: list[int] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if self._found is None:
            self._found = _lines_of_rows(self._text, self._count)
        return self._found[index]


def _with_lines(rows: list[Any], text: str, name: str) -> Rows:
    # JSON is a subset of YAML, and PyYAML reports the line of each value.
    return Rows(rows, source=name, lines=_LazyLines(text, len(rows)) if has_yaml() else ())


def _lines_of_rows(text: str, count: int) -> list[int]:
    try:
        lines = texts_in(text).lines
    except ValueError:
        lines = []
    return lines if len(lines) == count else [1] * count
