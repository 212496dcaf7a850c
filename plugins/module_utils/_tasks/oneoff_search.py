# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds a one-off task by the reference in its title among many tasks. Private to the collection.

Uses the search of the service. An empty result counts only after a test has shown that the search finds titles;
otherwise a second task would be created. Source: API reference, "Sorting, searching, including" and "Tasks".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import Page
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import DesiredProcess
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import Found, age
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import piece_of
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import is_archived, is_searchable

from .record import INCLUDES

PAGE_WORKERS = 4


def find_oneoff(client: Client, named: DesiredProcess) -> Found:
    """Return the one-off tasks outside of processes that have the reference, oldest first."""
    search = _Search(client, named)
    active = search.find()
    return Found(active) if active else Found((), search.find(archived="true"))


class _Search:
    """A search for active and for archived tasks, which share the test of the search of the service."""

    def __init__(self, client: Client, named: DesiredProcess) -> None:
        self._client = client
        self._named = named
        self._path = client.path("tasks")
        self._piece = piece_of(named.key) if is_searchable(named.key) else None
        #: Whether the search of the service has found an existing title.
        self._is_proved = False

    def find(self, **state: str) -> tuple[Record, ...]:
        """Return the tasks with the reference, oldest first: the active or the archived ones."""
        rows = self._rows(state)
        return tuple(
            sorted((row for row in rows if self._has_reference(row) and is_archived(row) == bool(state)), key=age)
        )

    def _rows(self, state: Mapping[str, str]) -> list[Record]:
        """Return tasks that include all tasks with the reference."""
        searched = self._searched(state) if self._is_proved or not state else []
        if self._is_proved or any(map(self._has_reference, searched)):
            return searched
        rows, page = self._client.first_page(self._path, query=_query(state))
        if page.pages <= 1:
            return rows
        self._is_proved = self._finds_titles(rows, page, state)
        if self._is_proved:
            return self._searched(state) if state else searched
        return self._client.records(self._path, query=_query(state), workers=PAGE_WORKERS)

    def _searched(self, state: Mapping[str, str]) -> list[Record]:
        return self._client.records(self._path, query=_query(state, self._piece)) if self._piece else []

    def _finds_titles(self, rows: Iterable[Record], page: Page, state: Mapping[str, str]) -> bool:
        """Return whether the search finds a task by its title, and omits others."""
        titles = {str(row["title"]): row for row in rows if is_searchable(str(row["title"]))}
        longest = max(titles, key=len, default="")
        piece = piece_of(longest) if longest else None
        if self._piece is None or piece is None:
            return False
        found, narrowed = self._client.first_page(self._path, query=_query(state, piece))
        return narrowed.total < page.total and any(row["id"] == titles[longest]["id"] for row in found)

    def _has_reference(self, row: Mapping[str, Any]) -> bool:
        is_oneoff = not row.get("step_id") and not row.get("run_id")
        return is_oneoff and self._named.is_carried_by({"name": row.get("title")})


def _query(state: Mapping[str, str], piece: str | None = None) -> dict[str, Any]:
    query = {"with": ",".join(INCLUDES), "is_oneoff": "true", **state}
    return {**query, "q": piece} if piece else query
