# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates: found by id or exact title, and shown with all that a launch needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotFoundError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import UnfitError
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import (
    find_template_id,
    get_template,
    list_templates,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import (
    Template,
    is_archived,
    is_searchable,
)

ID = "98e32e2b1b2e491d02e885e91dfd6c76"


class FakeClient:
    """Answers listings from rows, as a service whose search may miss what it should find."""

    def __init__(self, *rows: dict[str, Any], finds: bool = True, steps: Any = None) -> None:
        self.rows = list(rows)
        self.finds = finds
        self.steps = steps
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.connection = SimpleNamespace(act_as="alice@example.com")
        self.shared: dict[tuple[str, ...], Any] = {}

    def path(self, *segments: object) -> str:
        return "/".join(map(str, segments))

    def records(self, path: str, *, query: Any = None) -> list[dict[str, Any]]:
        query = query or {}
        self.asked.append((path, query))
        if path.endswith("/steps"):
            return list(self.steps or ())
        text = (query.get("q") or "").lower()
        return [
            row
            for row in self.rows
            if text in row["title"].lower()
            and (self.finds or not text)
            and (query.get("archived") or not is_archived(row))
            and (query.get("archived") != "only" or is_archived(row))
        ]

    def get(self, *segments: object, query: Any = None) -> dict[str, Any]:
        self.asked.append((self.path(*segments), query))
        for row in self.rows:
            if row["id"] == segments[-1] and not is_archived(row):
                return row
        raise NotFoundError("GET", "nothing", status=404)


def row(number: str, title: str, **values: Any) -> dict[str, Any]:
    return {"id": number, "title": title, "steps": {"data": []}, **values}


A, B = row("a", "Onboarding"), row("b", "Onboarding (old)")
GONE = row("g", "Onboarding", archived_at="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("rows", "title", "finds", "expected", "requests"),
    [
        ([A, B], "Onboarding", True, "a", 1),
        ([A, B], " Onboarding (old) ", True, "b", 1),
        ([A, GONE], "Onboarding", True, "a", 1),
        ([GONE], "Onboarding", True, "g", 1),
        ([A], "Onboarding", False, "a", 2),
        ([], f" {ID}", True, ID, 0),
        ([row("d", "Cafe\u0301")], "Caf\u00e9", True, "d", 2),
        ([row("d", "\u00c5rhus")], "A\u030arhus", True, "d", 1),
    ],
)
def test_found(rows: list[Any], title: str, finds: bool, expected: str, requests: int) -> None:
    client = FakeClient(*rows, finds=finds)
    assert find_template_id(client, title) == expected
    assert len(client.asked) == requests


@pytest.mark.parametrize(
    ("rows", "title", "message"),
    [
        ([A, row("c", "Onboarding")], "Onboarding", "2 templates have the title 'Onboarding'; give an ID"),
        ([GONE, row("h", "Onboarding", status="archived")], "Onboarding", "give an ID instead: g, h"),
        ([B, A, GONE], "onboarding", "that is not archived; templates: Onboarding, Onboarding (old)"),
        ([A], "Board", "templates: Onboarding"),
        ([], "Board", "templates: none"),
    ],
)  # fmt: skip
def test_not_found(rows: list[Any], title: str, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        find_template_id(FakeClient(*rows), title)
    assert message in str(refusal.value)


def test_one_that_cannot_be_read() -> None:
    with pytest.raises(
        InputError, match=rf"template: {ID} does not exist, is archived, or alice@example.com may not see it"
    ):
        get_template(FakeClient(), ID)
    with pytest.raises(
        InputError, match=r"^template: 'Onboarding' \(g\) does not exist, is archived, or alice@example.com may not see"
    ):
        get_template(FakeClient(), "g", " Onboarding ")


STEPS = [
    {"id": "s2", "title": "Second", "alias": "second-2", "position": 2},
    {"id": "s1", "title": "First ", "alias": "first-1", "position": "1", "step_type": "task"},
    {"id": "s0", "title": "Gone", "position": 0, "archived_at": "2026-01-01"},
]


@pytest.mark.parametrize("included", [{"steps": {"data": STEPS}}, {"steps": STEPS}, {}, {"steps": None}], ids=str)
def test_steps_bare_wrapped_or_apart(included: dict[str, Any]) -> None:
    client = FakeClient({"id": "a", "title": "Onboarding", **included}, steps=STEPS)
    template = get_template(client, "a")
    assert [step["id"] for step in template.steps] == ["s1", "s2"]
    assert len(client.asked) == (1 if included.get("steps") else 2)


@pytest.mark.parametrize("name", ["first", " First", "first-1", "s1", "\ufefffirst\u00a0"])
def test_step_by_title_alias_and_id(name: str) -> None:
    assert Template({"id": "a"}, tuple(STEPS)).step(name)["id"] == "s1"


def test_step_that_is_not_sure() -> None:
    template = Template({"id": "a"}, (*STEPS[:2], {"id": "s3", "title": "SECOND", "alias": "second-3"}))
    with pytest.raises(UnfitError, match="2 steps have the title 'second'; use an alias instead: second-2, second-3"):
        template.step("second")
    with pytest.raises(UnfitError, match="there is no step 'third'; steps: Second, First , SECOND"):
        template.step("third")


def test_shaped() -> None:
    fields = [{"id": "f", "label": "Size", "field_type": "radio", "required": True, "options": [{"text": "S"}]}]
    directory = Directory([Member({"id": 1, "email": "alice@example.com"})])
    shaped = Template({**A, "prerun": fields, "status": "draft", "owner_id": 1}, tuple(STEPS[1:2])).shaped(directory)
    assert shaped == {
        "id": "a", "title": "Onboarding", "summary": None, "status": "draft", "type": None,
        "owner": "alice@example.com", "owner_id": 1, "is_archived": False,
        "kickoff_fields": [{"label": "Size", "alias": None, "id": "f", "type": "radio", "required": True,
                            "options": ["S"], "columns": []}],
        "steps": [{"title": "First ", "alias": "first-1", "id": "s1", "type": "task", "position": 1}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["a", "b"]),
        ({"query": "OLD"}, ["b"]),
        ({"query": "100%"}, []),
        ({"template": "Onboarding"}, ["a"]),
        ({"template": "onboarding"}, []),
        ({"template": "Onboarding", "archived": True}, ["a", "g"]),
        ({"archived": True}, ["a", "g", "b"]),
        ({"template": ID}, []),
    ],
    ids=str,
)
def test_listed(filters: dict[str, Any], expected: list[str]) -> None:
    assert [one["id"] for one in list_templates(FakeClient(B, A, GONE), filters)] == expected


def test_listed_by_a_service_that_ignores_the_search() -> None:
    class Ignorant(FakeClient):
        def records(self, path: str, *, query: Any = None) -> list[dict[str, Any]]:
            return super().records(path)

    assert [one["id"] for one in list_templates(Ignorant(A, B), {"query": "old", "archived": True})] == ["b"]


@pytest.mark.parametrize("text", ["HR-1", "a.b@example.com", "Onboarding: Jo (x), y/z", "a_b", ""])
def test_searchable(text: str) -> None:
    assert is_searchable(text)


@pytest.mark.parametrize("text", ["a+b", "100%", "O'Brien", 'say "x"', "R&D", "<b>", "Jürgen", "a\\b", "#1"])
def test_not_searchable(text: str) -> None:
    assert not is_searchable(text)
