# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares records of any kind with desired values and with earlier states. Private to the collection.

A record is compared leaf by leaf. A leaf is any value but a dictionary, including lists; its path consists of its keys.
All functions here are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import moment

Path = tuple[str, ...]
#: Keys that the service changes by itself, at any depth.
VOLATILE = frozenset({
    "updated_at", "last_updated", "last_accessed_at", "last_login_at", "last_known_ip", "last_known_country",
})  # fmt: skip
_MISSING = object()


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Return the leaves of a value by their paths; an empty dictionary is a leaf."""
    if not isinstance(value, Mapping) or not (value or path):
        return {path: value} if path else {}
    if not value:
        return {path: value}
    return {inner: leaf for key, child in value.items() for inner, leaf in leaves(child, (*path, str(key))).items()}


def nested(found: Mapping[Path, Any]) -> dict[str, Any]:
    """Return leaves as nested dictionaries."""
    whole: dict[str, Any] = {}
    for path, value in found.items():
        inner = whole
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = value
    return whole


def part_of(
    record: Mapping[str, Any], paths: Iterable[Path], otherwise: Mapping[Path, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the values of a record at these paths, otherwise those of ``otherwise``; omit paths without a value."""
    found = {path: _at(record, path) if is_in(record, path) else otherwise.get(path, _MISSING) for path in paths}
    return nested({path: value for path, value in found.items() if value is not _MISSING})


def dotted(path: Path) -> str:
    """Return a path as it is shown."""
    return ".".join(path)


def is_in(record: Mapping[str, Any], path: Path) -> bool:
    """Return whether the record has a value at this path."""
    return _at(record, path) is not _MISSING


def differing(desired: Mapping[str, Any], record: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the leaves of ``desired`` that are missing in the record or differ from it."""
    return {path: value for path, value in leaves(desired).items() if not is_same(value, _at(record, path))}


def unasked_changes(before: Mapping[str, Any], after: Mapping[str, Any], sent: Iterable[Path]) -> set[Path]:
    """Return the paths at which a record has changed although they were not sent.

    A key of the record that is missing in one of both is not a change.
    """
    asked = list(sent)
    changed = {
        path
        for path in leaves(before).keys() | leaves(after).keys()
        if path[-1] not in VOLATILE
        and is_in(before, path[:1])
        and is_in(after, path[:1])
        and not any(path[: len(other)] == other[: len(path)] for other in asked)
        and not is_same(_at(before, path), _at(after, path))
    }
    # A dictionary that was added or removed is one change.
    return {path for path in changed if not any(path[:length] in changed for length in range(1, len(path)))}


def lasting(record: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the leaves of a record that the service does not change by itself."""
    return {path: value for path, value in leaves(record).items() if path[-1] not in VOLATILE}


def is_same(desired: Any, found: Any) -> bool:
    """Return whether two values are equal to the service.

    It returns some user IDs as texts, strips white space, stores an empty text as null and formats times in several
    ways. Dictionaries are compared by the keys of ``desired``, lists in their order.
    """
    if found is _MISSING or desired is _MISSING:
        return desired is found
    if isinstance(desired, Mapping):
        return isinstance(found, Mapping) and all(
            is_same(value, found.get(str(key), _MISSING)) for key, value in desired.items()
        )
    if isinstance(desired, (list, tuple)):
        return isinstance(found, list) and len(desired) == len(found) and all(map(is_same, desired, found))
    left, right = _plain(desired), _plain(found)
    if isinstance(left, str) and isinstance(right, str):
        first = moment(left)
        return left == right or (first is not None and first == moment(right))
    return bool(left == right)


def _plain(value: Any) -> Any:
    """Return the normal form of a value for comparisons."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _at(record: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(record, Mapping) or key not in record:
            return _MISSING
        record = record[key]
    return record
