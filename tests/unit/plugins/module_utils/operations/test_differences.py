# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How records differ, leaf by leaf."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._operations.differences import (
    differing,
    is_same,
    leaves,
    nested,
    part_of,
    unasked_changes,
)

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", " x", "3"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(KEYS, VALUES, max_size=3)


@pytest.mark.parametrize(
    ("desired", "found", "expected"),
    [
        (7, "7", True),
        ("7", 7, True),
        ("07", 7, False),
        (7, "7.0", False),
        (1.5, "1.5", True),
        (True, "true", False),
        (True, 1, False),
        (False, None, False),
        (0, None, False),
        ("", None, True),
        (None, " ", True),
        (" x ", "x", True),
        ("x", "X", False),
        ("2026-01-31T09:00:00Z", "2026-01-31 09:00:00", True),
        ("2026-01-31T09:00:00+01:00", "2026-01-31T08:00:00.000Z", True),
        ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z", False),
        ([1, "2"], ["1", 2], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ([], None, False),
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({7: 1}, {"7": 1}, True),
        ({"a": 1}, [], False),
        ([{"id": 1}], [{"id": 1, "text": "x"}], True),
    ],
)
def test_what_says_the_same(desired: Any, found: Any, expected: bool) -> None:
    assert is_same(desired, found) is expected


@pytest.mark.parametrize(
    ("before", "after", "sent", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("a",)], set()),
        ({"a": 1, "b": [7]}, {"a": 2, "b": []}, [("a",)], {("b",)}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2, "y": 2}}, [("a", "x")], {("a", "y")}),
        # What one of both does not show is not known to have changed.
        ({"a": 1, "b": 1}, {"a": 2, "c": 1}, [("a",)], set()),
        ({"a": {"x": 1}}, {"a": None}, [], {("a",)}),
        ({"a": None}, {"a": {"x": 1, "y": 2}}, [], {("a",)}),
        ({"a": None}, {"a": {"x": 1, "y": 2}}, [("a", "x")], {("a", "y")}),
        ({"a": {"updated_at": 1}, "last_updated": 1}, {"a": {"updated_at": 2}, "last_updated": 2}, [], set()),
    ],
)
def test_what_nobody_asked_for(before: Any, after: Any, sent: Any, expected: Any) -> None:
    assert unasked_changes(before, after, sent) == expected


@given(RECORDS)
def test_a_record_is_the_sum_of_its_leaves(record: dict[str, Any]) -> None:
    assert nested(leaves(record)) == record
    assert differing(record, record) == {}
    assert unasked_changes(record, record, ()) == set()


@given(RECORDS, RECORDS)
def test_what_differs_can_always_be_shown(before: dict[str, Any], after: dict[str, Any]) -> None:
    reported = {*differing(after, before), *unasked_changes(before, after, leaves(after))}
    for record in (before, after):
        assert differing(part_of(record, reported), record) == {}
