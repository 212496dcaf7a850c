# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups: what add, remove and set mean, and writing a list that others write, too."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotStoredError
from ansible_collections.tallyfy.platform.plugins.module_utils._groups import (
    WRITE_ATTEMPTS,
    Names,
    change_members,
    fold,
    list_groups,
    members_of,
    require_groups,
)

names = st.lists(st.sampled_from(["Sales", "sales ", "Ops", "OPS", "Straße", "HR"]), max_size=5)


# --- what is wanted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, None),
        ({}, None),
        ({"add": None, "remove": None, "set": None}, None),
        ({"add": []}, Names()),
        ({"set": []}, Names(set=())),
        ({"add": ["a"], "remove": ["b"], "set": None}, Names(add=("a",), remove=("b",))),
        ({"set": ["a"]}, Names(set=("a",))),
    ],
)
def test_omitted_differs_from_empty(option: dict[str, Any] | None, expected: Names | None) -> None:
    assert Names.from_option(option) == expected


@pytest.mark.parametrize(
    ("wanted", "current", "expected"),
    [
        (Names(), {"ops"}, ([], [])),
        (Names(add=("Sales", "Ops")), {"ops"}, (["Sales"], [])),
        (Names(add=("  OPS ",)), {"ops"}, ([], [])),
        (Names(remove=("Ops", "Sales")), {"ops"}, ([], ["Ops"])),
        (Names(add=("Sales",), remove=("Ops",)), {"ops"}, (["Sales"], ["Ops"])),
        (Names(set=()), {"ops", "hr"}, ([], ["hr", "ops"])),
        (Names(set=("OPS", "Sales")), {"ops", "hr"}, (["Sales"], ["hr"])),
        (Names(set=("b", "A", "c")), set(), (["A", "b", "c"], [])),
        (Names(add=("Sales", "sales", " SALES")), set(), ([" SALES"], [])),
    ],
)
def test_changes(wanted: Names, current: set[str], expected: tuple[list[str], list[str]]) -> None:
    assert wanted.changes(current) == expected


@given(names, names, names | st.none(), st.sets(st.sampled_from(["sales", "ops", "strasse", "hr", "it"])))
def test_changes_lead_to_what_is_wanted(
    add: list[str], remove: list[str], whole: list[str] | None, current: set[str]
) -> None:
    wanted = Names(set=tuple(whole)) if whole is not None else Names(add=tuple(add), remove=tuple(remove))
    if wanted.problems():
        return
    added, removed = wanted.changes(frozenset(current))
    after = (current | {fold(name) for name in added}) - {fold(name) for name in removed}
    if whole is not None:
        assert after == {fold(name) for name in whole}
    else:
        assert after == (current | {fold(name) for name in add}) - {fold(name) for name in remove}
    assert wanted.changes(frozenset(after)) == ([], []), "the second time there is nothing to do"
    assert not {fold(name) for name in added} & current
    assert {fold(name) for name in removed} <= current


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Names(set=("a",), add=("b",)), ["groups.set"]),
        (Names(set=(), remove=("b",)), ["groups.set"]),
        (Names(add=("Sales", "Ops"), remove=("sales",)), ["both name sales"]),
        (Names(add=("Sales ",), remove=("sales",)), ["both name sales"]),
        (Names(add=("",)), ["blank"]),
        (Names(set=("a", "  ")), ["blank"]),
        (Names(remove=("\t",)), ["blank"]),
        (Names(set=("a",), add=(" ",)), ["groups.set", "blank"]),
        (Names(set=()), []),
        (Names(add=("a",), remove=("b",)), []),
    ],
)
def test_problems(wanted: Names, words: list[str]) -> None:
    found = wanted.problems()
    assert len(found) == len(words)
    for problem, word in zip(found, words):
        assert word in problem


def test_unknown_groups_are_all_named() -> None:
    groups = {"sales": {"name": "Sales"}, "ops": {"name": "Ops"}}
    require_groups(groups, ["SALES", " ops"], "a@example.com")
    with pytest.raises(InputError) as caught:
        require_groups(groups, ["Sales", "Markting", "HR", "HR"], "a@example.com")
    assert len(caught.value.problems) == 2
    assert all(problem.startswith("a@example.com: there is no group") for problem in caught.value.problems)
    assert "Markting" in caught.value.message
    assert "(groups: Ops, Sales)" in caught.value.message


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"members": [1, 2]}, {1, 2}),
        ({"members": ["1", 2, "2"]}, {1, 2}),
        ({"members": []}, set()),
        ({"members": None}, set()),
        ({}, set()),
    ],
)
def test_ids_of_members_are_numbers(group: dict[str, Any], expected: set[int]) -> None:
    assert members_of(group) == expected


# --- writing ----------------------------------------------------------------------------------------------------------


class OneGroup:
    """As much of a client, and of the service behind it, as groups need: one group, which a PUT replaces."""

    def __init__(self, **fields: Any) -> None:
        self.group: dict[str, Any] = {"id": "g1", "name": "Sales", "description": "Sellers", "guests": [], **fields}
        self.sent: list[tuple[str, Any]] = []
        self.after_read: list[Callable[[], None]] = []
        self.answered: Callable[[dict[str, Any]], dict[str, Any]] = copy.deepcopy

    @contextlib.contextmanager
    def alone(self, subject: str) -> Iterator[None]:
        assert subject == "/organizations/o/groups/g1"
        self.sent.append(("lock", None))
        yield
        self.sent.append(("unlock", None))

    def path(self, *segments: object) -> str:
        return "/".join(("", "organizations", "o", *map(str, segments)))

    def get(self, *segments: object) -> dict[str, Any]:
        assert segments == ("groups", "g1")
        self.sent.append(("GET", None))
        read = copy.deepcopy(self.group)
        if self.after_read:
            self.after_read.pop(0)()
        return read

    def call(self, method: str, path: str, *, body: dict[str, Any]) -> SimpleNamespace:
        assert (method, path) == ("PUT", "/organizations/o/groups/g1")
        self.sent.append((method, copy.deepcopy(body)))
        assert body.get("description", "left out"), "the service refuses a description that is null or empty"
        self.group.update(body)
        return SimpleNamespace(record=self.answered(self.group))

    def records(self, path: str) -> list[dict[str, Any]]:
        assert path == "/organizations/o/groups"
        return [self.group, {"id": "g2", "name": " Ops ", "members": None}]

    @property
    def bodies(self) -> list[Any]:
        return [body for method, body in self.sent if method == "PUT"]


def change(client: OneGroup, **changes: list[int]) -> dict[str, Any]:
    return change_members(client, "g1", **changes)


def test_groups_are_listed_by_folded_name() -> None:
    assert set(list_groups(OneGroup())) == {"sales", "ops"}


def test_members_are_merged_and_everything_else_is_sent_along() -> None:
    client = OneGroup(members=["3", 1], guests=["g@example.org"])
    stored = change(client, add=[2], remove=[3])
    assert client.bodies == [
        {"name": "Sales", "description": "Sellers", "members": [1, 2], "guests": ["g@example.org"]}
    ]
    assert stored["members"] == [1, 2]


@pytest.mark.parametrize("description", [None, ""])
def test_description_without_text_is_left_out(description: str | None) -> None:
    client = OneGroup(members=[], description=description)
    change(client, add=[1])
    assert "description" not in client.bodies[0]
    assert client.group["description"] == description


def test_nothing_to_change_sends_no_write() -> None:
    client = OneGroup(members=["1", 2])
    assert change(client, add=[1], remove=[9])["id"] == "g1"
    assert [method for method, _body in client.sent] == ["lock", "GET", "unlock"]


def test_last_member_can_go() -> None:
    client = OneGroup(members=[1])
    change(client, remove=[1])
    assert client.bodies[0]["members"] == []


def test_answer_may_spell_ids_as_texts() -> None:
    client = OneGroup(members=[1])
    client.answered = lambda group: {**group, "members": [str(one) for one in group["members"]]}
    change(client, add=[2])
    assert len(client.bodies) == 1


def test_update_lost_to_another_writer_is_repeated() -> None:
    client = OneGroup(members=[1])
    overwritten = iter([True, False])

    def answered(group: dict[str, Any]) -> dict[str, Any]:
        if next(overwritten):
            group["members"] = [1, 7]  # somebody else's whole list came in between
        return dict(group)

    client.answered = answered
    stored = change(client, add=[2])
    assert members_of(stored) == {1, 2, 7}
    assert [body["members"] for body in client.bodies] == [[1, 2], [1, 2, 7]]


def test_list_is_read_again_before_each_attempt() -> None:
    client = OneGroup(members=[1])
    client.after_read = [lambda: None]
    client.answered = lambda group: {key: value for key, value in group.items() if key != "members"}
    # The answer does not tell, so the next read does.
    assert members_of(change(client, add=[2])) == {1, 2}
    assert [method for method, _body in client.sent] == ["lock", "GET", "PUT", "GET", "unlock"]


def test_change_that_never_sticks_is_reported() -> None:
    client = OneGroup(members=[1])

    def answered(group: dict[str, Any]) -> dict[str, Any]:
        group["members"] = [1]
        return dict(group)

    client.answered = answered
    with pytest.raises(NotStoredError, match="PUT /organizations/o/groups/g1"):
        change(client, add=[2])
    assert len(client.bodies) == WRITE_ATTEMPTS


def test_removal_that_does_not_stick_is_reported() -> None:
    client = OneGroup(members=[1, 2])

    def answered(group: dict[str, Any]) -> dict[str, Any]:
        group["members"] = [1, 2]
        return dict(group)

    client.answered = answered
    with pytest.raises(NotStoredError):
        change(client, remove=[2])
