# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members by their address and by their number."""

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import UnreadableAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory, ids_of
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member

ANN = {"id": "1", "email": "Ann@Example.com"}
BEN = {"id": 2, "email": "ben@example.com"}
PEOPLE = Directory(map(Member, [BEN, ANN, {"id": 3, "email": "BEN@example.com"}]))


def test_addresses_become_numbers_and_back() -> None:
    names = Names(add=(" ann@example.com", "ANN@example.com"), remove=("gone@example.com",), set=("ann@example.com",))
    assert PEOPLE.ids(names) == Names(add=("1",), remove=(), set=("1",))
    assert PEOPLE.ids(None) is None
    assert PEOPLE.emails([2, 1, 9]) == ["Ann@Example.com", "ben@example.com"]
    assert PEOPLE.shown([9, 1]) == ["Ann@Example.com", "9"]


def test_problems_are_those_of_who_is_desired() -> None:
    names = Names(
        add=("ben@example.com", "x@example.com", "x@example.com", "ann@example.com"), remove=("y@example.com",)
    )
    assert PEOPLE.problems(names, "members") == [
        "members: several members have the address ben@example.com (2, 3)",
        "members: x@example.com is not a member of the organization",
    ]
    assert PEOPLE.problems(None, "members") == []
    assert len(PEOPLE.strangers(names, "members")) == 1
    assert PEOPLE.strangers(None, "members") == []


def test_numbers_that_are_none() -> None:
    assert ids_of(["1", 2], "group Sales") == {1, 2}
    assert ids_of(None, "group Sales") == set()
    with pytest.raises(UnreadableAnswerError, match="group Sales"):
        ids_of(["ann"], "group Sales")


@pytest.mark.parametrize("values", ["12", 7, {"7": 1}, [None], [[7]], ["a"], [float("inf")]])
def test_members_who_are_no_list_of_numbers_are_reported(values: object) -> None:
    with pytest.raises(UnreadableAnswerError, match="group People: its members are not listed by their IDs"):
        ids_of(values, "group People")
