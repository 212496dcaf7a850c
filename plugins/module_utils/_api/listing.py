# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads listings page by page, and checks that their pages add up. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InconsistentListError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import Kind, Page, page_of
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently

from .answer import Answer, Record

PER_PAGE = 100
WALK_ATTEMPTS = 3
#: ``Client.call``.
Call = Callable[..., Answer]


@dataclass(frozen=True)
class Listing:
    """A listing to read; ``kind`` validates its records, ``first_only`` reads one page."""

    path: str
    query: Mapping[str, Any]
    kind: Kind | None
    token: str = "auto"
    workers: int = 1
    is_paged: bool = True
    first_only: bool = False


def walked(call: Call, listing: Listing) -> tuple[list[Record], Page | None]:
    """Return the records of a listing and the position of its first page, if it has pages; see ``Client.records``."""
    for _attempt in range(WALK_ATTEMPTS - 1):
        with contextlib.suppress(InconsistentListError):
            return _walk(call, listing)
    return _walk(call, listing)


def _walk(call: Call, listing: Listing) -> tuple[list[Record], Page | None]:
    path, request = listing.path, f"GET {listing.path}"

    def read(number: int) -> tuple[list[Record], Page | None]:
        answer = call("GET", path, query={**listing.query, "page": number}, token=listing.token)
        rows = answer.data
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnreadableAnswerError(
                request,
                "the answer is not a list of records",
                advice="Check api_url, and that the path is a listing.",
            )
        _check_rows(request, rows, listing.kind)
        return rows, _page_in(answer, request, number, is_paged=listing.is_paged)

    rows, first = read(1)
    if first is None:
        _check_unique(request, rows)
        return rows, None
    _check_page(request, first, 1, first)
    if first.pages > max(1, first.total):
        raise InconsistentListError(request, f"{first.total} records cannot fill {first.pages} pages")
    if listing.first_only and first.pages > 1:
        return rows, first
    others = range(2, first.pages + 1)
    for number, (more, page) in zip(others, map_concurrently(read, others, workers=listing.workers)):
        _check_page(request, page or first, number, first)
        rows += more
    _check_unique(request, rows)
    if len(rows) != first.total:
        raise InconsistentListError(request, f"{len(rows)} records were sent, but the service counts {first.total}")
    return rows, first


def _page_in(answer: Answer, request: str, number: int, *, is_paged: bool) -> Page | None:
    """Return the position of the page, ``None`` for a listing without pages; raises ``InconsistentListError``."""
    try:
        page = page_of(answer.body)
    except ValueError:
        page, is_readable = None, False
    else:
        is_readable = page is not None or (number == 1 and not is_paged)
    if not is_readable:
        raise InconsistentListError(request, f"page {number} has no valid page number and counts")
    return page


def _check_page(request: str, page: Page, number: int, first: Page) -> None:
    """Raise ``InconsistentListError`` for another page than requested, or if the listing changed since its first."""
    if page.number != number:
        raise InconsistentListError(request, f"the service sent page {page.number} instead of page {number}")
    if (page.total, page.pages) != (first.total, first.pages):
        raise InconsistentListError(
            request,
            f"page {number} counts {page.total} records on {page.pages} pages, but page 1 counted "
            f"{first.total} on {first.pages}",
        )


def _check_rows(request: str, rows: list[Record], kind: Kind | None) -> None:
    """Raise ``InconsistentListError`` for a row that is not a record, because it could be the desired record."""
    flaw = next(filter(None, (kind.flaw(row) for row in rows)), "") if kind is not None else ""
    if flaw:
        raise InconsistentListError(request, f"a row of the list cannot be used: {flaw}", advice="Try again later.")


def _check_unique(request: str, rows: list[Record]) -> None:
    seen: set[str] = set()
    for row in rows:
        if "id" not in row:
            continue
        if str(row["id"]) in seen:
            raise InconsistentListError(request, f"the record {row['id']} occurs twice")
        seen.add(str(row["id"]))
