# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads YAML with all values as texts, as in a CSV file: ``no`` and ``+49`` stay texts. Private to the collection.

Only null and the merge key keep their meaning. Values are built from the events of the parser, without recursion, so
that the limits are checked before values are built: PyYAML's own composer ends the process on 100,000 levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import MOST_LEVELS, UnfitError

yaml: Any
try:
    import yaml
except ImportError:  # ansible-core requires it, but a machine that only runs modules may lack it
    yaml = None

#: The limit of values in a file with aliases expanded: ten for each of 50,000 people.
MOST_VALUES = 500_000
#: The longest quote of a key in a message.
LONGEST_QUOTE = 60
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE_KEY = "<<"
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({None, "!", _TAG + "str", _TAG + "null", _TAG + "merge"})
_LIST_TAGS = frozenset({None, "!", _TAG + "seq"})
_DICTIONARY_TAGS = frozenset({None, "!", _TAG + "map"})
_NO_KEY = object()
_MERGE = object()


def has_yaml() -> bool:
    """Return whether PyYAML is installed."""
    return yaml is not None


def require_yaml() -> Any:
    """Return PyYAML. Raises ``ValueError`` when it is not installed."""
    if yaml is None:
        raise ValueError("PyYAML is required to read or write YAML; install it, or use .json or .csv")
    return yaml


@dataclass(frozen=True)
class Texts:
    """The content of a file, the lines of its rows (of its list, or of the list in its dictionary), and problems."""

    content: Any
    lines: list[int]
    problems: list[str]


def texts_in(text: str) -> Texts:
    """Return the content of YAML. Raises ``ValueError`` when it is invalid, nested too deep or too large."""
    require_yaml()
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        place_and_reason = " ".join(str(error).replace('in "<unicode string>",', "at").split())
        raise ValueError(f"not YAML: {place_and_reason}") from error
    return Texts(builder.root, builder.lines, [text for _line, text in sorted(builder.problems)])


def _events(text: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            yield event
    finally:
        loader.dispose()


@dataclass
class _Value:
    """A finished value, with the number of values in it and its depth."""

    value: Any
    size: int = 1
    height: int = 0


@dataclass
class _Open:
    """A list or dictionary whose end event is still to come."""

    value: Any
    line: int
    anchor: str | None
    size: int = 1
    height: int = 1
    key: Any = _NO_KEY
    repeated: dict[str, None] = field(default_factory=dict)
    merged: list[dict[Any, Any]] = field(default_factory=list)


class _Builder:
    """Takes the events of one document."""

    def __init__(self) -> None:
        self.root: Any = None
        self.lines: list[int] = []
        self.problems: list[tuple[int, str]] = []
        self._documents = 0
        self._open: list[_Open] = []
        self._rows: _Open | None = None
        #: ``None`` for a value that is still open.
        self._anchors: dict[str, _Value | None] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({}, event, _DICTIONARY_TAGS)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([], event, _LIST_TAGS)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ValueError(f"line {event.start_mark.line + 1} starts a second document; only one is allowed")

    def _take_scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.tag is not None:
            self._check_tag(event, _SCALAR_TAGS)
        text = event.value
        is_plain = event.tag is None and event.implicit[0]
        is_null = text in _NULLS if is_plain else event.tag == _TAG + "null"
        value = None if is_null else text
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.key is _NO_KEY and isinstance(parent.value, dict):
            is_merge = text == _MERGE_KEY and (is_plain or event.tag == _TAG + "merge")
            self._take_key(parent, _MERGE if is_merge else value)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Value(value)
            return
        self._add(_Value(value), line, event.anchor)

    def _take_key(self, parent: _Open, key: Any) -> None:
        is_known = bool(parent.merged) if key is _MERGE else key in parent.value
        if is_known:
            parent.repeated[_MERGE_KEY if key is _MERGE else str(key)] = None
        parent.key = key
        self._count(parent, 1)

    def _take_alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise ValueError(f"line {line}: no anchor before it is named &{shorten(event.anchor, LONGEST_QUOTE)}")
        found = self._anchors[event.anchor]
        if found is None:
            raise ValueError(f"line {line}: &{shorten(event.anchor, LONGEST_QUOTE)} contains itself")
        self._add(found, line, None)

    def _begin(self, empty: Any, event: Any, tags: frozenset[str | None]) -> None:
        if event.tag is not None:
            self._check_tag(event, tags)
        line = event.start_mark.line + 1
        if len(self._open) >= MOST_LEVELS:
            raise _too_deep(line)
        begun = _Open(empty, line, event.anchor)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent is self._rows:
            self.lines.append(line)
        if self._rows is None and isinstance(empty, list) and len(self._open) <= 1:
            self._rows = begun
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(begun)

    def _end(self) -> None:
        ended = self._open.pop()
        value = ended.value
        if ended.merged:
            value = {}
            for part in (*ended.merged, ended.value):
                value.update(part)
        for key in ended.repeated:
            quoted = repr(shorten(key, LONGEST_QUOTE))
            self.problems.append((ended.line, f"line {ended.line}: {quoted} occurs more than once in one row"))
        self._add(_Value(value, ended.size, ended.height), ended.line, ended.anchor, is_begun=True)

    def _add(self, found: _Value, line: int, anchor: str | None, *, is_begun: bool = False) -> None:
        """Put a finished value into its parent; with ``is_begun``, the line of the row is already known."""
        if anchor is not None:
            self._anchors[anchor] = found
        if not self._open:
            self.root = found.value
            return
        parent = self._open[-1]
        self._count(parent, found.size)
        parent.height = max(parent.height, found.height + 1)
        if len(self._open) + found.height > MOST_LEVELS:
            raise _too_deep(line)
        if isinstance(parent.value, list):
            parent.value.append(found.value)
            if parent is self._rows and not is_begun:
                self.lines.append(line)
        else:
            self._put(parent, found, line)

    def _put(self, parent: _Open, found: _Value, line: int) -> None:
        """Put a finished value into a dictionary."""
        if parent.key is _NO_KEY:
            if isinstance(found.value, (dict, list)):
                raise ValueError(f"line {line}: a key must be a text")
            self._take_key(parent, found.value)
        elif parent.key is _MERGE:
            parent.merged += reversed(_dictionaries(found.value, line))
            parent.key = _NO_KEY
        else:
            parent.value[parent.key] = found.value
            parent.key = _NO_KEY

    @staticmethod
    def _count(parent: _Open, size: int) -> None:
        parent.size += size
        if parent.size > MOST_VALUES:
            raise UnfitError(f"more than {MOST_VALUES:,} values long, with all that its aliases stand for")

    def _check_tag(self, event: Any, tags: frozenset[str | None]) -> None:
        line = event.start_mark.line + 1
        if event.tag not in tags:
            tag = shorten(event.tag, LONGEST_QUOTE)
            self.problems.append((line, f"line {line}: the type {tag} is not supported; all values are texts"))


def _dictionaries(value: Any, line: int) -> list[dict[Any, Any]]:
    """Return the dictionaries that a merge key names."""
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"line {line}: << takes a dictionary or a list of them")
    return found


def _too_deep(line: int) -> UnfitError:
    return UnfitError(f"nested deeper than {MOST_LEVELS} levels (line {line})")
