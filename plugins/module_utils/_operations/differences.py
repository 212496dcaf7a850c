# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How records of any kind differ from what is wanted of them, and from what they were. Private to the collection.

A record is looked at leaf by leaf: a leaf is whatever is no dictionary, lists included, and has the path of its keys.
Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import moment

Path = tuple[str, ...]
#: What the service changes by itself, at any depth.
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
    return {inner: leaf for key, one in value.items() for inner, leaf in leaves(one, (*path, str(key))).items()}


def nested(found: Mapping[Path, Any]) -> dict[str, Any]:
    """Return leaves as the dictionaries that hold them."""
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
    """Return what a record holds at these paths, or ``otherwise`` does; what neither has is left out."""
    found = {path: _at(record, path) if is_in(record, path) else otherwise.get(path, _MISSING) for path in paths}
    return nested({path: value for path, value in found.items() if value is not _MISSING})


def dotted(path: Path) -> str:
    """Return a path as it is told."""
    return ".".join(path)


def is_in(record: Mapping[str, Any], path: Path) -> bool:
    """Return whether the record shows something at this path."""
    return _at(record, path) is not _MISSING


def differing(desired: Mapping[str, Any], record: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the leaves of ``desired`` that the record does not have, or has with another value."""
    return {path: value for path, value in leaves(desired).items() if not is_same(value, _at(record, path))}


def unasked_changes(before: Mapping[str, Any], after: Mapping[str, Any], sent: Iterable[Path]) -> set[Path]:
    """Return the paths at which a record differs from what it was although nothing was sent for them.

    A key of the record that one of both does not show is no change.
    """
    asked = list(sent)
    changed = {
        path
        for path in leaves(before).keys() | leaves(after).keys()
        if path[-1] not in VOLATILE
        and is_in(before, path[:1])
        and is_in(after, path[:1])
        and not any(path[: len(one)] == one[: len(path)] for one in asked)
        and not is_same(_at(before, path), _at(after, path))
    }
    # A dictionary that has come or gone is one change.
    return {path for path in changed if not any(path[:length] in changed for length in range(1, len(path)))}


def lasting(record: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the leaves of a record that do not change by themselves."""
    return {path: value for path, value in leaves(record).items() if path[-1] not in VOLATILE}


def is_same(desired: Any, found: Any) -> bool:
    """Return whether two values say the same to the service.

    It spells IDs of people as texts in places, keeps no white space around a text, makes an empty text null and
    writes a moment in several ways. Dictionaries are compared by the keys of ``desired``, lists with their order.
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
    """Return a value in the one spelling in which it is compared."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _at(record: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(record, Mapping) or key not in record:
            return _MISSING
        record = record[key]
    return record
