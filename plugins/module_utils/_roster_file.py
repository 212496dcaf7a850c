# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roster files: YAML, JSON and CSV, as they are read. Private to the collection."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._regular_files import read_regular
from ansible_collections.tallyfy.platform.plugins.module_utils._rows import Rows

try:
    import yaml

    HAS_YAML = True
except ImportError:  # ansible-core brings it, but a machine that only runs modules may not have it
    HAS_YAML = False

ENDINGS = (".yml", ".yaml", ".json", ".csv")
#: The key under which a file may hold its rows, when it is not a plain list.
ROWS_KEYS = ("people", "members")
_NULL_TAG = "tag:yaml.org,2002:null"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = {_NULL_TAG, _MERGE_TAG, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))}
#: As much of a value as a message shows.
LONGEST_QUOTE = 60


def read_roster(path: str, option: str = "src") -> Rows:
    """Return the rows of a roster file. Raises ``InputError`` for one that cannot be read or understood.

    ``option`` is how the person who reads the error calls the option.
    """
    name = Path(path).name
    try:
        text = read_regular(Path(path).expanduser()).decode("utf-8-sig")
    except OSError as error:
        raise InputError([f"{option} {path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise InputError([f"{option} {path}: not UTF-8 (byte {error.start})"]) from error
    except (RuntimeError, ValueError) as error:  # somebody's home who is not there, or a path that no file can have
        raise InputError([f"{option} {path!r}: {error}"]) from error
    readers: dict[str, Callable[[str, str], Rows]] = {
        ".yml": _rows_in_yaml,
        ".yaml": _rows_in_yaml,
        ".json": _rows_in_json,
        ".csv": _rows_in_csv,
    }
    reader = readers.get(Path(path).suffix.lower())
    if reader is None:
        raise InputError([f"{option} {path}: the name must end in {', '.join(ENDINGS)}"])
    try:
        return reader(text, name)
    except ValueError as error:
        raise InputError([f"{option} {path}: {error}"]) from error
    except RecursionError as error:
        raise InputError([f"{option} {path}: it is nested too deeply"]) from error


# --- reading ----------------------------------------------------------------------------------------------------------


def _rows_in_json(text: str, name: str) -> Rows:
    problems: list[str] = []

    def without_repetitions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key in _repeated(key for key, _value in pairs):
            values = " and ".join(shorten(json.dumps(value), LONGEST_QUOTE) for one, value in pairs if one == key)
            problems.append(f"{key!r} stands in one row more than once: {values}")
        return dict(pairs)

    rows = _list_in(json.loads(text, object_pairs_hook=without_repetitions))
    if problems:
        raise ValueError("; ".join(problems))
    return _with_lines(rows, text, name)


def _rows_in_yaml(text: str, name: str) -> Rows:
    require_yaml()
    try:
        loader = _text_loader()(text)
        node = loader.get_single_node()
        problems = _problems_in(node)
        if problems:
            raise ValueError("; ".join(problems))
        rows = _list_in(loader.construct_document(node) if node is not None else None)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())}") from error
    return _with_lines(rows, text, name)


def _problems_in(root: Any) -> list[str]:
    """Return what the loader would not mind: keys that stand twice, of which it takes the last, and types."""
    problems: list[tuple[int, str]] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        # An anchor may be met many times, and may hold itself.
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        line = node.start_mark.line + 1
        if node.tag not in _PLAIN_TAGS:
            problems.append((line, f"line {line}: the type {node.tag} is not for a roster; all values are texts"))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [one for pair in node.value for one in pair]
            keys = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
            problems += [(line, f"line {line}: {key!r} stands in one row more than once") for key in _repeated(keys)]
    return [text for _line, text in sorted(problems)]


def _repeated(keys: Iterable[str]) -> list[str]:
    return [key for key, count in Counter(keys).items() if count > 1]


def _rows_in_csv(text: str, name: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip().lower() for column in next(reader, [])]
        if "email" not in header:
            # What a spreadsheet writes in countries with a decimal comma.
            advice = "; put commas between the columns, not semicolons" if any(";" in name for name in header) else ""
            raise ValueError(
                f"line 1 must name the columns, with email among them; it names {', '.join(header)!r}{advice}"
            )
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise ValueError(f"line 1 names the column {twice[0]!r} twice")
        rows, lines, line = [], [], reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(header):
                    raise ValueError(f"line {line} has {len(cells)} cells, and the header names {len(header)} columns")
                if any(cell.strip() for column, cell in zip(header, cells) if not column):
                    raise ValueError(f"line {line} has a value in a column that line 1 does not name")
                # An empty cell is a value left out: a table cannot tell it from one that is to be cleared.
                rows.append({column: cell.strip() for column, cell in zip(header, cells) if column and cell.strip()})
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return Rows(rows, source=name, lines=lines)


def _list_in(content: Any) -> list[Any]:
    rows = content
    if isinstance(content, Mapping) and len(content) == 1:
        rows = next((content[key] for key in ROWS_KEYS if key in content), None)
    if isinstance(rows, list):
        return rows
    raise ValueError(f"it must hold a list of people, or a dictionary with nothing but {ROWS_KEYS[0]}")


class _LazyLines(Sequence[int]):
    """The line of each row, found out when the first of them is asked for: only a message needs them."""

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
    # JSON is YAML as far as this goes, and PyYAML tells where each thing stands.
    return Rows(rows, source=name, lines=_LazyLines(text, len(rows)) if HAS_YAML else ())


def _lines_of_rows(text: str, count: int) -> list[int]:
    try:
        node = yaml.compose(text, Loader=_text_loader())
    except yaml.YAMLError:
        return [1] * count
    if isinstance(node, yaml.MappingNode):
        node = node.value[0][1]
    return [row.start_mark.line + 1 for row in node.value] if isinstance(node, yaml.SequenceNode) else [1] * count


def require_yaml() -> Any:
    """Return PyYAML. Raises ``ValueError`` where it is not there."""
    if not HAS_YAML:
        raise ValueError("PyYAML is not there to read or write YAML; install it, or use .json or .csv")
    return yaml


def _text_loader() -> Any:
    """Return a loader for which all values are texts, as in a CSV file: ``no`` is a name and ``+49151`` a number.

    Only null and the merge key keep their meaning.
    """
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag in (_NULL_TAG, _MERGE_TAG)]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    return type("TextLoader", (base,), {"yaml_implicit_resolvers": resolvers})
