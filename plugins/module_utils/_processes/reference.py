# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds processes by their references with few requests. Private to the collection.

A template may have launched tens of thousands of processes. The search of the service finds names; it is used, once for
each reference, where that takes fewer requests than reading all pages. Source: API reference, "List and find".
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently

from .desired import DesiredProcess, marks_of, plain
from .doubt import Doubt
from .fields import is_empty
from .listing import READINGS, VALUE_WORKERS, list_runs, rows_of, runs_query, with_values
from .record import TIES, Found, age, launch_second, values_of
from .shape import Form
from .template import Template, is_archived, is_searchable

#: Parameters by which a service may find kick-off values. Each is tested before it is used.
VALUE_PARAMETERS = ("form_fields_values", "q")
#: The number of processes whose values are read for this test.
MOST_SAMPLES = 3
#: A shorter piece of a reference would match too many names.
SHORTEST_PIECE = 3
_ODD = re.compile(r"[^\w\s.@:,()/-]+", re.ASCII)
_WORDS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")


@dataclass(frozen=True)
class Sought:
    """A process to be found. ``field_of_reference`` returns the ID of the reference field, if any.

    It is called only when the names do not identify the process, because it may take a request.
    """

    desired: DesiredProcess
    field_of_reference: Callable[[], str | None] = lambda: None

    @property
    def field_id(self) -> str | None:
        """The ID of the reference field, ``None`` when none is given or the form does not have it."""
        return self.field_of_reference() if self.desired.reference_field else None


class RunIndex:
    """An index of the processes of a template by reference. ``field_ids`` are the IDs of the reference fields."""

    def __init__(self, runs: Iterable[Record], field_ids: Collection[str] = ()) -> None:
        self._index: dict[str | None, dict[tuple[str, str], list[Record]]] = {
            field_id: {} for field_id in (None, *field_ids)
        }
        for run in runs:
            self.add(run)

    def add(self, run: Record) -> None:
        """Add a process to the index."""
        for field_id, by_mark in self._index.items():
            for mark in marks_of(run, field_id):
                by_mark.setdefault(mark, []).append(run)

    def find(self, desired: DesiredProcess, field_id: str | None = None) -> tuple[Record, ...]:
        """Return the processes with the reference, oldest first."""
        by_mark = self._index[field_id]
        runs = {str(run["id"]): run for mark in desired.marks(field_id) for run in by_mark.get(mark, ())}
        return tuple(sorted(runs.values(), key=age))


@dataclass
class Listing:
    """The archived or the other processes of a template, as far as they have been read.

    ``rows`` is the first page, or all rows if ``is_whole``; ``pages`` and ``total`` come from the service.
    """

    rows: list[Record]
    pages: int
    total: int
    state: Mapping[str, str]

    @property
    def is_whole(self) -> bool:
        return self.pages <= 1


class Finder:
    """Finds processes of one template, for one task or for the items of its loop.

    A listing of more than one page is kept for the next item; everything else is requested each time.
    """

    def __init__(self, client: Client, template_id: str, *, workers: int = 1) -> None:
        self.template_id = template_id
        self._client = client
        self._workers = workers
        self._kept: dict[bool, tuple[frozenset[str], list[Record]]] = {}
        self._pages = 0
        self._has_active = False
        self._values: dict[str, Any] = {}
        #: The template, after the first read.
        self.template: Template | None = None
        #: Its form, after a process has included it.
        self.form: Form | None = None
        self._claimed: dict[str, str] = {}
        self._lock = threading.Lock()
        # Empty when the service does not find values.
        self._value_parameter: str | None = None

    # --- finding ------------------------------------------------------------------------------------------------------

    def find(self, sought: Sequence[Sought], includes: Sequence[str] = ()) -> list[Found]:
        """Return the processes with each reference; archived processes only where no other has it."""
        active = self._find(sought, includes, archived=False)
        if self.may_give_way(active):
            self._client.rest(1.0)
            active = self._find(sought, includes, archived=False)
        absent = [target for target, runs in zip(sought, active) if not runs]
        archived = iter(self._find(absent, includes, archived=True))
        return [Found(runs) if runs else Found((), next(archived)) for runs in active]

    def look_again(self, sought: Sequence[Sought]) -> list[tuple[Record, ...]]:
        """Return the active processes that have each reference now, oldest first.

        Earlier answers are used only to decide whether reading all pages takes fewer requests than searching.
        """
        names_identify = self.template is None or not self.template.names_its_processes
        by_value = not names_identify and bool(self._value_parameter)
        # A concurrent launch uses the same spelling.
        can_search = by_value or (names_identify and all(piece_of(target.desired.key) is not None for target in sought))
        if can_search and not 0 < self._pages <= len(sought):
            return self._search(sought, {}, TIES, by_value=by_value)
        rows = list_runs(self._client, self.template_id, includes=TIES, workers=self._workers)
        return self._indexed(rows, sought)

    def launched_in(self, doubt: Doubt) -> list[Record]:
        """Return the active processes that were launched in this period, with their values, oldest first."""
        newest_first = runs_query(self.template_id, more={"sort": "-created_at"})
        rows, page = self._client.first_page(self._client.path("runs"), query=newest_first)
        seconds = [launch_second(row) for row in rows]
        # The service may ignore the order.
        if page.pages > 1 and not (seconds == sorted(seconds, reverse=True) and seconds[-1] < doubt.since):
            rows = list_runs(self._client, self.template_id, workers=self._workers)
        recent = [row for row in self._own(rows, archived=False) if doubt.covers(row)]
        self._fill_in(recent)
        return sorted(recent, key=age)

    @staticmethod
    def is_unmarked(run: Mapping[str, Any], desired: DesiredProcess) -> bool:
        """Return whether the name does not end with another reference of the same form."""
        return not _has_reference_of(run, {_form(desired.key)})

    def claim(self, run_id: str, key: str) -> bool:
        """Claim a process for the reference ``key``; return whether no other reference has claimed it by its values."""
        with self._lock:
            return self._claimed.setdefault(run_id, key) == key

    def may_give_way(self, active: Iterable[Sequence[Record]]) -> bool:
        """Return whether one of the processes was launched in the current second, so an older one may still appear."""
        now = self._client.service_second
        return any(launch_second(run) >= now > 0 for runs in active for run in runs[:1])

    def add(self, run: Record) -> None:
        """Add a launched process to the kept listing."""
        if False in self._kept:
            self._kept[False][1].append(run)

    # --- listing ------------------------------------------------------------------------------------------------------

    def _find(self, sought: Sequence[Sought], includes: Sequence[str], *, archived: bool) -> list[tuple[Record, ...]]:
        if not sought:
            return []
        kept = self._kept.get(archived)
        if kept is not None and kept[0].issuperset(_brief(includes)):
            return self._indexed(kept[1], sought)
        found: list[tuple[Record, ...]] = []
        for state in READINGS if archived else ({},):
            found, is_sure = self._find_in(sought, includes, state, archived=archived)
            if is_sure or any(found):
                break
        return found

    def _find_in(
        self, sought: Sequence[Sought], includes: Sequence[str], state: Mapping[str, str], *, archived: bool
    ) -> tuple[list[tuple[Record, ...]], bool]:
        """Return the processes found with one filter for archived processes, and whether the result is final."""
        # A letter such as an umlaut has several Unicode forms; the search may not know all.
        can_search = all(target.desired.key.isascii() and piece_of(target.desired.key) is not None for target in sought)
        names: list[tuple[Record, ...]] | None = None
        if can_search and len(sought) == 1 and not archived:
            names = self._search(sought, state, includes)
            if names[0] or sought[0].field_id is None:
                return names, True
        listing = self._first_page(state, includes)
        proves = not archived or any(map(is_archived, listing.rows)) or (listing.total == 0 and self._has_active)
        if not listing.is_whole and can_search and listing.pages > len(sought):
            if names is None:
                names = self._search(sought, state, includes)
            lacking = [target for target, runs in zip(sought, names) if not runs and target.field_id is not None]
            if not lacking:
                return names, proves
            if self._finds_values(lacking, listing):
                by_value = iter(self._search(lacking, state, includes, by_value=True))
                merged = [
                    runs or (next(by_value) if target.field_id is not None else ())
                    for target, runs in zip(sought, names)
                ]
                return merged, proves
        rows = self._whole(listing, includes, archived=archived)
        return self._indexed(rows, sought), proves

    def _first_page(self, state: Mapping[str, str], includes: Sequence[str]) -> Listing:
        query = runs_query(self.template_id, includes=_brief(includes), state=state)
        rows, page = self._client.first_page(self._client.path("runs"), query=query)
        listing = Listing(rows, page.pages, page.total, state)
        if not state:
            self._pages = page.pages
            self._has_active = any(not is_archived(row) for row in rows)
        return listing

    def _whole(self, listing: Listing, includes: Sequence[str], *, archived: bool) -> list[Record]:
        if listing.is_whole:
            return self._own(listing.rows, archived=archived)
        query = runs_query(self.template_id, includes=_brief(includes), state=listing.state)
        found = self._client.records(self._client.path("runs"), query=query, workers=self._workers)
        rows = self._own(found, archived=archived)
        if rows:
            self._kept[archived] = (frozenset(_brief(includes)), rows)
        return rows

    def _own(self, rows: Iterable[Record], *, archived: bool) -> list[Record]:
        return rows_of(rows, self.template_id, archived=archived)

    def _indexed(self, rows: list[Record], sought: Sequence[Sought]) -> list[tuple[Record, ...]]:
        """Return the processes with each reference; values are read only where the names do not identify a process."""
        index = RunIndex(rows)
        found = [index.find(target.desired) for target in sought]
        lacking = [target for target, runs in zip(sought, found) if not runs and target.field_id is not None]
        if not lacking:
            return found
        self._read_values(rows, lacking)
        index = RunIndex(rows, {target.field_id for target in lacking if target.field_id is not None})
        return [
            runs or (index.find(target.desired, target.field_id) if target.field_id is not None else ())
            for target, runs in zip(sought, found)
        ]

    def _read_values(self, rows: Sequence[Record], sought: Iterable[Sought]) -> None:
        """Add the kick-off values, which some listings omit, to the rows that may match."""
        forms = {_form(target.desired.key) for target in sought}
        self._fill_in(row for row in rows if not _has_reference_of(row, forms))

    def _fill_in(self, rows: Iterable[Record]) -> None:
        short = [row for row in rows if "prerun" not in row]
        new = [row for row in short if str(row["id"]) not in self._values]
        for whole in with_values(self._client, new, workers=max(self._workers, VALUE_WORKERS)):
            self._values[str(whole["id"])] = whole.get("prerun")
        for row in short:
            row["prerun"] = self._values[str(row["id"])]

    # --- searching ----------------------------------------------------------------------------------------------------

    def _search(
        self, sought: Sequence[Sought], state: Mapping[str, str], includes: Sequence[str], *, by_value: bool = False
    ) -> list[tuple[Record, ...]]:
        """Return the results of the search of the service, by names or, if it supports that, by values."""

        def look_for(target: Sought) -> tuple[Record, ...]:
            parameter = self._value_parameter if by_value and self._value_parameter else "q"
            text = target.desired.key if by_value else piece_of(target.desired.key)
            query = runs_query(self.template_id, includes=includes, state=state, more={parameter: text})
            rows = self._client.records(self._client.path("runs"), query=query)
            found = self._own(rows, archived=bool(state))
            if by_value:
                self._read_values(found, [target])
            carried = [row for row in found if target.desired.is_carried_by(row, target.field_id if by_value else None)]
            return tuple(sorted(carried, key=age))

        found = list(map_concurrently(look_for, sought, workers=self._workers))
        self._has_active = self._has_active or (not state and any(found))
        return found

    def _finds_values(self, sought: Iterable[Sought], listing: Listing) -> bool:
        """Return whether the search of the service finds the values of the reference fields.

        No source says which parameter does, or whether an answer without rows is reliable. So each parameter is tested
        with a value of an existing process: the search must find this process, and must not return all others.
        """
        desired = list(sought)
        if not all(is_searchable(target.desired.key) for target in desired):
            return False
        if self._value_parameter is None:
            field_ids = {target.field_id for target in desired if target.field_id is not None}
            rows = self._own(listing.rows, archived=bool(listing.state))
            samples = self._samples(rows, field_ids)
            if not samples:
                return False
            parameters = (name for name in VALUE_PARAMETERS if self._is_proved(name, samples, listing))
            self._value_parameter = next(parameters, "")
        return self._value_parameter != ""

    def _samples(self, rows: Sequence[Record], field_ids: Iterable[str]) -> list[tuple[Record, str]]:
        """Return a process with a searchable value, as a list of at most one."""
        samples = [row for row in rows if "prerun" in row] or rows[:MOST_SAMPLES]
        self._fill_in(samples)
        for row in samples:
            for value in map(values_of(row).get, field_ids):
                if isinstance(value, str) and not is_empty(value) and is_searchable(value):
                    return [(row, value)]
        return []

    def _is_proved(self, parameter: str, samples: Iterable[tuple[Record, str]], listing: Listing) -> bool:
        ((row, value),) = samples
        if parameter == "q" and plain(value) in plain(row.get("name")):
            # The search would find it by its name.
            return False
        query = runs_query(self.template_id, state=listing.state, more={parameter: value})
        rows, page = self._client.first_page(self._client.path("runs"), query=query)
        return page.total < listing.total and any(str(found.get("id")) == str(row["id"]) for found in rows)


def finder_for(client: Client, template_id: str) -> Finder:
    """Return the finder of a template, which the items of a loop share."""
    found: Finder = client.shared.setdefault(("processes", template_id), Finder(client, template_id))
    return found


def _brief(includes: Iterable[str]) -> list[str]:
    """Return the includes without the form, which every row of a listing would repeat."""
    return [name for name in includes if name != "ko_form_fields"]


def piece_of(key: str) -> str | None:
    """Return the longest piece of a reference that the search of the service can find, ``None`` when all are too short.

    The search finds parts of names, so it finds every process with the reference by this piece.
    """
    pieces = [piece.strip() for piece in _ODD.split(key)]
    longest = max(pieces, key=len)
    return longest if len(longest) >= min(SHORTEST_PIECE, len(key)) and longest else None


def _form(text: str) -> str:
    """Return the form of a reference: ``E-17`` and ``E-4`` have the same form, and so do all e-mail addresses."""
    return "@" if "@" in text else _DIGITS.sub("0", _WORDS.sub("a", plain(text)))


def _has_reference_of(run: Mapping[str, Any], forms: Collection[str]) -> bool:
    """Return whether the name of a process ends with a reference of one of these forms."""
    return any(kind == "end" and _form(text) in forms for kind, text in marks_of(run))
