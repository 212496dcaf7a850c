# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Answers that are lists, page by page or whole, and what they say when a fault lets them lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from .calls import Call
from .envelopes import Reply

# Links in answers point to a host that never resolves: a client that follows one blindly fails at once
# instead of carrying its token to a real server.
LINK_BASE = "https://go.tallyfy.invalid/api"

Row = TypeVar("Row")


def paged(
    call: Call,
    rows: Sequence[Row],
    render: Callable[[Row], bytes],
    *,
    default: int,
    maximum: int,
) -> Reply:
    """Answer with the page of ``rows`` the query asks for, and the counts a client walks by."""
    switches = call.world.switches
    per_page = default if switches.ignore_per_page else min(_positive(call.query.get("per_page"), default), maximum)
    if switches.per_page_cap is not None:
        per_page = min(per_page, switches.per_page_cap)
    current = _positive(call.query.get("page"), 1)
    flaw = call.listing_fault
    if flaw == "empty_list":
        rows = ()
    served = 1 if flaw == "repeat_page" else current
    page = rows[(served - 1) * per_page : served * per_page]
    total = len(rows)
    total_pages = max(1, -(-total // per_page))
    if flaw == "shrink" and page:
        page = page[:-1]
    elif flaw == "grow":
        total_pages = max(total_pages, current + 1)
    elif flaw == "total_off":
        total += 1
    if flaw == "unpaged":
        return plain_list(call, page, render)
    pagination: dict[str, Any] = {
        "total": total,
        "count": len(page),
        "per_page": per_page,
        "current_page": current,
        "total_pages": total_pages,
    }
    links = _links(call, per_page, current, total_pages)
    if links is not _ABSENT:
        pagination["links"] = links
    meta = orjson.dumps({"pagination": pagination})
    return Reply(200, b"".join((b'{"data":[', b",".join([render(row) for row in page]), b'],"meta":', meta, b"}")))


def plain_list(call: Call, rows: Sequence[Row], render: Callable[[Row], bytes], *, count: bool = False) -> Reply:
    """Answer with all rows and no ``meta``."""
    if call.listing_fault == "shrink":
        rows = rows[:-1]
    elif call.listing_fault == "empty_list":
        rows = ()
    tail = b'],"count":%d}' % len(rows) if count else b"]}"
    return Reply(200, b"".join((b'{"data":[', b",".join([render(row) for row in rows]), tail)))


_ABSENT = object()


def _links(call: Call, per_page: int, current: int, total_pages: int) -> Any:
    shape = call.world.switches.links_shape
    if shape == "absent":
        return _ABSENT
    if shape == "null":
        return None
    if shape == "array":
        return []
    links: dict[str, str] = {}
    if current > 1:
        links["previous"] = _page_url(call, per_page, current - 1)
    if current < total_pages:
        links["next"] = _page_url(call, per_page, current + 1)
    if not links and shape == "default":
        return []
    return links


def _page_url(call: Call, per_page: int, page: int) -> str:
    kept = [(key, value) for key, value in call.query.items() if key not in ("page", "per_page")]
    pairs = [*kept, ("per_page", str(per_page)), ("page", str(page))]
    return f"{LINK_BASE}{call.path}?" + "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs
    )


def _positive(text: str | None, default: int) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        return default
    return int(text) or default
