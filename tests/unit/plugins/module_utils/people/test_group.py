# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups: what is planned for one, and writing a list that others write, too."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import WRITE_ATTEMPTS
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    InvalidError,
    NotStoredError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import (
    DesiredGroup,
    GroupChange,
    find_group,
    guests_of,
    list_groups,
    members_of,
    plan_group,
    require_groups,
    shape_group,
    validate_group,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import change_members, create_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks

ANN, BEN, CAT = (
    {"id": number, "email": f"{name}@example.com"} for number, name in ((1, "ann"), (2, "ben"), (3, "cat"))
)
DISABLED = {"id": 4, "email": "dan@example.com", "status": "disabled"}
PEOPLE = Directory(map(Member, [ANN, BEN, CAT, DISABLED]))
SALES = {"id": "g1", "name": "Sales", "description": "Sellers", "members": ["2", 1], "guests": ["G@example.org"]}


# --- planning ---------------------------------------------------------------------------------------------------------


def desired_group(**params: Any) -> DesiredGroup:
    return DesiredGroup.from_params({"name": "sales", **params})


@pytest.mark.parametrize(
    ("params", "before", "after"),
    [
        ({}, {}, {}),
        ({"description": " Sellers "}, {}, {}),
        ({"description": "New"}, {"description": "Sellers"}, {"description": "New"}),
        ({"description": ""}, {}, {}),
        ({"members": {"add": ["ANN@example.com"], "remove": ["cat@example.com"]}}, {}, {}),
        ({"members": {"set": ["ben@example.com", "ann@example.com"]}}, {}, {}),
        ({"members": {"add": ["cat@example.com"], "remove": ["ann@example.com"]}},
         {"members": ["ann@example.com", "ben@example.com"]}, {"members": ["ben@example.com", "cat@example.com"]}),
        ({"members": {"set": []}}, {"members": ["ann@example.com", "ben@example.com"]}, {"members": []}),
        ({"guests": {"add": ["g@EXAMPLE.org"]}}, {}, {}),
        ({"guests": {"set": ["h@example.org"]}}, {"guests": ["G@example.org"]}, {"guests": ["h@example.org"]}),
        ({"guests": {"add": [" H@example.org"]}}, {"guests": ["G@example.org"]},
         {"guests": ["G@example.org", "H@example.org"]}),
    ],
    ids=str,
)  # fmt: skip
def test_plan_of_a_group_that_is_there(params: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    plan = plan_group(desired_group(**params), SALES, PEOPLE, {"g@example.org", "h@example.org"})
    assert (plan.before, plan.after) == (before, after)
    assert [(step.action, step.values) for step in plan.steps] == ([("updated", after)] if after else [])


def test_plan_of_a_new_group() -> None:
    values = {"name": "sales", "description": "sales", "members": ["ann@example.com"]}
    expected = Plan("sales", {}, values, (Step("created", "sales", "no group of this name", values),))
    assert plan_group(desired_group(members={"set": ["ann@example.com"]}, guests={"set": []}), None, PEOPLE) == expected


def test_plan_of_a_deletion() -> None:
    plan = plan_group(desired_group(state="absent", members={"add": ["nobody@example.com"]}), SALES, PEOPLE)
    assert [step.action for step in plan.steps] == ["deleted"]
    assert plan.before["members"] == ["ann@example.com", "ben@example.com"]
    assert plan.after == {}
    assert plan_group(desired_group(state="absent"), None, PEOPLE) == Plan("sales")


def test_all_who_cannot_be_in_it_are_named() -> None:
    desired = desired_group(
        members={"set": ["dan@example.com", "x@example.com"]}, guests={"set": ["g@example.org", "y@example.org"]}
    )
    with pytest.raises(InputError) as caught:
        plan_group(desired, SALES, PEOPLE, set())
    assert [str(problem).split()[1] for problem in caught.value.problems] == [
        "dan@example.com", "x@example.com", "y@example.org",
    ]  # fmt: skip
    # A guest that the group holds already needs no check.
    assert plan_group(desired_group(guests={"add": ["g@example.org"]}), SALES, PEOPLE, set()).steps == ()


def test_a_blank_description_is_none() -> None:
    assert desired_group(description="\u200b ") == desired_group()
    assert plan_group(desired_group(description=" "), SALES, PEOPLE).steps == ()


def test_a_name_is_one_however_it_is_composed() -> None:
    desired = DesiredGroup.from_params({"name": " Cafe\u0301\u200b"})
    assert desired.name == "Caf\u00e9"
    client = SimpleNamespace(path=lambda *_parts: "", records=lambda _path: [{**SALES, "name": "CAF\u00c9"}])
    assert find_group(client, "cafe\u0301") is not None


def test_what_has_been_written_differs_no_more() -> None:
    change = GroupChange("New", Names(add=("3",), remove=("1",)), Names(set=("h@example.org",)))
    fields = change.differing(SALES)
    assert fields == {"description": "New", "members": [2, 3], "guests": ["h@example.org"]}
    assert change.differing({**SALES, **fields}) == {}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"name": "Sales", "members": {"add": ["a@example.com"]}}, []),
        ({"name": "  "}, ["blank"]),
        ({"name": "x" * 201}, ["201 characters"]),
        (
            {"name": "Sales", "members": {"add": ["a"]}, "guests": {"set": [" "]}},
            ["'a' is not an e-mail", "guests.set holds"],
        ),
        ({"name": "Sales", "guests": {"add": ["A@b.test"], "remove": ["a@B.test"]}}, ["guests.add and guests.remove"]),
    ],
)
def test_problems_by_themselves(params: dict[str, Any], words: list[str]) -> None:
    found = validate_group(params)
    assert len(found) == len(words)
    assert all(word in problem.text for word, problem in zip(words, found))


def test_both_shapes_are_returned_as_one() -> None:
    old = shape_group({**SALES, "updated_at": "then", "deleted_at": None}, PEOPLE)
    assert old == shape_group({**SALES, "last_updated": "then"}, PEOPLE)
    assert old["members"] == ["ann@example.com", "ben@example.com"]
    assert (old["member_ids"], old["updated_at"]) == ([1, 2], "then")


# --- finding ----------------------------------------------------------------------------------------------------------


def test_unknown_groups_are_all_named() -> None:
    groups = {"sales": {"name": "Sales"}, "ops": {"name": "Ops"}}
    require_groups(groups, ["SALES", " ops"], "a@example.com")
    with pytest.raises(InputError) as caught:
        require_groups(groups, ["Sales", "Markting", "HR", "HR"], "a@example.com")
    assert len(caught.value.problems) == 2
    assert all(str(problem).startswith("a@example.com: there is no group") for problem in caught.value.problems)
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
    """A stand-in for the client and the service: one group, which a PUT replaces."""

    def __init__(self, **fields: Any) -> None:
        self.group: dict[str, Any] = {"id": "g1", "name": "Sales", "description": "Sellers", "guests": [], **fields}
        self.sent: list[tuple[str, Any]] = []
        self.after_read: list[Callable[[], None]] = []
        self.answered: Callable[[dict[str, Any]], dict[str, Any]] = copy.deepcopy
        self.late_writes = Marks(None, "late-writes", 120)
        self.now = time.time

    @contextlib.contextmanager
    def alone(self, subject: str) -> Iterator[None]:
        assert subject == "/organizations/o/groups/g1"
        self.sent.append(("lock", None))
        yield
        self.sent.append(("unlock", None))

    @contextlib.contextmanager
    def prepaid(self, count: int) -> Iterator[None]:
        assert count == 2
        yield

    def path(self, *segments: object) -> str:
        return "/".join(("", "organizations", "o", *map(str, segments)))

    def get(self, *segments: object) -> dict[str, Any]:
        assert segments == ("groups", "g1")
        self.sent.append(("GET", None))
        read = copy.deepcopy(self.group)
        if self.after_read:
            self.after_read.pop(0)()
        return read

    def call(self, method: str, path: str, *, body: dict[str, Any], repeats: bool) -> SimpleNamespace:
        assert (method, path, repeats) == ("PUT", "/organizations/o/groups/g1", False)
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
    client.answered = lambda group: {**group, "members": [str(member_id) for member_id in group["members"]]}
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
    # The answer shows no members, so they are checked by the next read.
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


class Creating(OneGroup):
    """A service that refuses the creation."""

    refusal: InvalidError | None = None

    def create(self, path: str, body: dict[str, Any], *, find: Callable[[], Any]) -> dict[str, Any]:
        assert path == "/organizations/o/groups"
        self.sent.append(("POST", body))
        if self.refusal is not None:
            raise self.refusal
        return copy.deepcopy(self.group)


def refused(field: str) -> InvalidError:
    return InvalidError("POST /groups", "invalid", status=422, errors={field: ["No."]})


def test_a_creation_that_took_nobody_in_is_finished() -> None:
    client = Creating(members=[], guests=[])
    stored = create_group(client, "Sales", members=[2, 1], guests=["g@example.org"])
    assert client.sent[0] == (
        "POST", {"name": "Sales", "description": "Sales", "members": [2, 1], "guests": ["g@example.org"]},
    )  # fmt: skip
    assert (stored["members"], stored["guests"]) == ([1, 2], ["g@example.org"])
    assert stored["description"] == "Sellers"


def test_a_creation_that_is_as_desired_costs_one_request() -> None:
    client = Creating(members=["1"])
    create_group(client, "Sales", "Sellers", [1])
    assert [method for method, _body in client.sent] == ["POST"]


def test_a_group_that_somebody_else_has_made_is_shared() -> None:
    client = Creating(members=[7])
    client.refusal = refused("name")
    assert members_of(create_group(client, "sales", members=[1])) == {1, 7}


@pytest.mark.parametrize(("name", "field"), [("sales", "members.0"), ("Marketing", "name")])
def test_any_other_refusal_is_reported(name: str, field: str) -> None:
    client = Creating(members=[])
    client.refusal = refused(field)
    with pytest.raises(InvalidError):
        create_group(client, name, members=[1])


@pytest.mark.parametrize("guests", ["odd", 7, {"a": 1}, [None], [{"email": "a@example.com"}]])
def test_guests_who_are_no_list_of_addresses_are_reported(guests: object) -> None:
    # Writing them back would make each character of the text a guest.
    with pytest.raises(UnreadableAnswerError, match="group People: its guests are not listed by their addresses"):
        guests_of({"name": "People", "guests": guests})
