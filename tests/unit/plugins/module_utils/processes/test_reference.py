# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding processes: whatever the service's parameters do, what is there is found, in so many requests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import Page
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import DesiredProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import Finder, Sought, piece_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import Template

FIELD = "f" * 32
PER_PAGE = 10


class Service:
    """Lists processes as the service does, and counts the requests. ``quirks`` are its readings of the parameters."""

    def __init__(self, rows: list[dict[str, Any]], *quirks: str) -> None:
        self.rows = rows
        self.quirks = quirks
        self.requests = 0

    #: It does not tell the time.
    service_second = 0

    def path(self, *segments: str) -> str:
        return "/".join(segments)

    def _matching(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        rows = self.rows
        known = {name: value for name, value in query.items() if value and f"{name} ignored" not in self.quirks}
        wants_archived = known.get("archived") == "only" or known.get("status") == "archived"
        rows = [row for row in rows if ("archived_at" in row) is wants_archived]
        text = str(known.get("q", "")).lower()
        finds_values = "q finds values" in self.quirks
        rows = [row for row in rows if text in row["name"].lower() or (finds_values and text in value_of(row).lower())]
        value = str(known.get("form_fields_values", "")).lower()
        if value and "form_fields_values finds nothing" in self.quirks:
            return []
        return [row for row in rows if value in value_of(row).lower()]

    def _shown(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        hidden = {"prerun"} if "no values in lists" in self.quirks else set()
        return [{name: value for name, value in row.items() if name not in hidden} for row in rows]

    def first_page(self, _path: str, *, query: dict[str, Any]) -> tuple[list[dict[str, Any]], Page]:
        self.requests += 1
        rows = self._matching(query)
        return self._shown(rows[:PER_PAGE]), Page(1, max(1, -(-len(rows) // PER_PAGE)), len(rows))

    def records(self, _path: str, *, query: dict[str, Any], workers: int = 1) -> list[dict[str, Any]]:
        assert workers == 1
        rows = self._matching(query)
        self.requests += max(1, -(-len(rows) // PER_PAGE))
        return self._shown(rows)

    def get(self, *segments: str) -> dict[str, Any]:
        self.requests += 1
        return next(row for row in self.rows if row["id"] == segments[1])


def value_of(row: dict[str, Any]) -> str:
    return str(row["prerun"].get(FIELD, ""))


def runs(number: int, *, archived: bool = False, title: str = "Tour ({})", prefix: str = "E-") -> list[dict[str, Any]]:
    state = {"archived_at": "2026-02-01T00:00:00Z"} if archived else {}
    return [
        {
            "id": f"{title}{one:05}{archived}",
            "name": title.format(f"{prefix}{one}"),
            "checklist_id": "t",
            "created_at": f"2026-01-01T00:00:{one % 60:02}Z",
            "prerun": {FIELD: f"{prefix}{one}"},
            **state,
        }
        for one in range(number)
    ]


def sought(reference: str, *, field: bool = False) -> Sought:
    params = {"template": "t", "reference": reference, "reference_field": "Number" if field else None}
    return Sought(DesiredProcess.from_params(params), lambda: FIELD)


def finder(service: Any) -> Finder:
    return Finder(service, "t")


MANY = runs(200)
#: Processes whose names somebody has changed: only the field tells.
RENAMED = [{**row, "name": f"Welcome {number}!"} for number, row in enumerate(runs(200, prefix="N-"))]


@pytest.mark.parametrize(
    ("rows", "quirks", "desired", "requests"),
    [
        # Few: a page for each of the two lists.
        ([], (), ["E-1"], 3),
        (runs(5), (), ["E-1"], 1),
        (runs(5), (), ["E-9"], 3),
        (runs(5), (), ["E-7", "E-8", "E-9"], 2),
        (runs(5), (), ["E-1", "E-2", "E-3"], 1),
        (runs(5, archived=True), (), ["E-1"], 2),
        (runs(5, archived=True), ("archived ignored",), ["E-1"], 3),
        # Many: a search for each of a few references, all pages for many of them.
        (MANY, (), ["E-150"], 1),
        (MANY, (), ["E-300"], 3),
        (MANY, (), ["E-10", "E-11", "E-12"], 1 + 3 * 2),
        (MANY, (), [f"E-{one}" for one in range(100, 150)], 1 + 20),
        (MANY, ("q ignored",), ["E-150"], 20),
        (runs(200, archived=True), (), ["E-150"], 3),
        (runs(200, archived=True), ("archived ignored",), ["E-150"], 4),
        # What the search may not find is read.
        (MANY, (), ["Jürgen"], 1 + 20 + 1),
    ],
)
def test_by_name(rows: list[dict[str, Any]], quirks: tuple[str, ...], desired: list[str], requests: int) -> None:
    service = Service(rows, *quirks)
    found = finder(service).find([sought(one) for one in desired])
    names = [one.current["name"] if one.current else None for one in found]
    assert names == [next((row["name"] for row in rows if f"({one})" in row["name"]), None) for one in desired]
    assert service.requests == requests


@pytest.mark.parametrize(
    ("quirks", "new", "known"),
    [
        # By name, the first page, the trial, by value; then the archived ones.
        ((), 5, 4),
        # One process is read for the trial.
        (("no values in lists",), 8, 8),
        # A search that cannot be trusted: all pages.
        (("form_fields_values ignored",), 25, 24),
        (("form_fields_values finds nothing",), 25, 24),
        (("form_fields_values ignored", "q finds values"), 6, 5),
        (("form_fields_values finds nothing", "no values in lists"), 225, 224),
    ],
    ids=str,
)
def test_by_value_when_somebody_has_renamed_them(quirks: tuple[str, ...], new: int, known: int) -> None:
    for reference, requests in (("N-900", new), ("N-150", known)):
        service = Service(RENAMED, *quirks)
        (found,) = finder(service).find([sought(reference, field=True)])
        assert (found.current or {}).get("name") == (None if reference == "N-900" else "Welcome 150!")
        assert service.requests == requests, reference


def test_values_are_read_of_candidates_only() -> None:
    """A name that ends with a reference of the same kind says whose process it is."""
    rows = [*MANY, *runs(3, title="Renamed", prefix="Z-"), *runs(1, title="Tour (Berlin)", prefix="Y-")]
    service = Service(rows, "no values in lists", "form_fields_values ignored")
    (found,) = finder(service).find([sought("Z-2", field=True)])
    assert found.current is not None
    assert found.current["prerun"] == {FIELD: "Z-2"}
    # By name, the first page, three for the trial and the trial itself, all pages, and four candidates.
    assert service.requests == 1 + 1 + 3 + 1 + 21 + 4


def test_one_walk_serves_all_items_of_a_loop() -> None:
    service = Service(RENAMED, "form_fields_values ignored")
    one_finder = finder(service)
    for number in range(5):
        (found,) = one_finder.find([sought(f"X-{number}", field=True)])
        assert found.current is None
        one_finder.add({"id": f"x{number}", "name": f"Tour (X-{number})", "prerun": {FIELD: f"X-{number}"}})
    assert service.requests < 2 * 20 + 5
    assert one_finder.find([sought("X-3", field=True)])[0].active[0]["id"] == "x3"


@pytest.mark.parametrize(
    ("number", "desired", "requests"), [(5, 1, 1), (5, 3, 1), (200, 1, 1), (200, 3, 3), (200, 30, 21)]
)
def test_a_second_look_is_as_cheap(number: int, desired: int, requests: int) -> None:
    service = Service(runs(number))
    one_finder = finder(service)
    all_sought = [sought(f"E-{900 + one}") for one in range(desired)]
    one_finder.find(all_sought)
    service.requests = 0
    service.rows = [*service.rows, *runs(1, title="Late ({})", prefix="E-90")]
    looked = one_finder.look_again(all_sought)
    assert [len(one) for one in looked] == [1] + [0] * (desired - 1)
    assert service.requests == requests


def test_where_the_template_names_its_processes_the_second_look_is_at_the_values() -> None:
    service = Service(RENAMED)
    one_finder = finder(service)
    one_finder.template = Template({"id": "t", "auto_naming": True})
    one_finder.find([sought("N-900", field=True)])
    service.rows = [*RENAMED, *runs(1, title="By Tallyfy", prefix="N-90")]
    service.requests = 0
    ((found,),) = one_finder.look_again([sought("N-900", field=True)])
    assert found["name"] == "By Tallyfy"
    assert service.requests == 1


@pytest.mark.parametrize(
    ("key", "piece"),
    [
        ("E-1", "E-1"), ("e", "e"), ("a+longer@example.com", "longer@example.com"), ('O\'Brien "R&D"', "Brien"),
        ("a+b", None), ("é", None), ("+", None), ("x  y", "x  y"),
    ],
)  # fmt: skip
def test_a_piece_that_the_search_is_sure_to_find(key: str, piece: str | None) -> None:
    assert piece_of(key) == piece


@given(st.text(max_size=20))
def test_a_piece_is_a_part_of_the_whole(key: str) -> None:
    piece = piece_of(key)
    assert piece is None or (piece in key and piece == piece.strip())


def test_nothing_is_looked_for_without_a_wish() -> None:
    service = Service(MANY)
    assert finder(service).find([]) == []
    assert service.requests == 0
