# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The shapes of answers: items, lists with pagination, and the bodies of errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import orjson

if TYPE_CHECKING:
    from .calls import Call

JSON = "application/json"

# Links in answers point to a host that never resolves: a client that follows one blindly fails at once
# instead of carrying its token to a real server.
LINK_BASE = "https://go.tallyfy.invalid/api"

Row = TypeVar("Row")


@dataclass(slots=True)
class Reply:
    """One answer, ready for the wire."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def json_reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Answer with any JSON document."""
    return Reply(status, orjson.dumps(document), JSON, headers or {})


def item(row: bytes, status: int = 200) -> Reply:
    """Answer with one serialised record in ``data``."""
    return Reply(status, b'{"data":' + row + b"}")


def refuse(status: int, message: str, **members: Any) -> RefusalError:
    """The general error body: ``error`` is true and ``message`` says why."""
    return RefusalError(json_reply({"error": True, "message": message, **members}, status))


def unauthenticated(*, bare: bool = False) -> RefusalError:
    if bare:
        return RefusalError(json_reply({"message": "Unauthenticated."}, 401))
    return refuse(401, "Unauthenticated.")


def forbidden() -> RefusalError:
    return refuse(403, "You do not have permission to perform this action.")


def wrong_application() -> RefusalError:
    return refuse(403, "You don't have application's permissions for this organization!")


def endpoint_not_found() -> RefusalError:
    return refuse(404, "API endpoint not found", code="ENDPOINT_NOT_FOUND")


def resource_not_found() -> RefusalError:
    return refuse(404, "Resource not found", code="RESOURCE_NOT_FOUND")


def read_only() -> RefusalError:
    return refuse(
        403,
        "This organization is read-only due to an overdue payment. Settle the invoice in Xero to restore access.",
    )


def seat_pool_exhausted(pool: str) -> RefusalError:
    message = f"Your organization has reached its committed {pool} seat limit."
    error = {"code": "SEAT_POOL_EXHAUSTED", "message": message, "details": {"pool_type": pool}}
    return RefusalError(json_reply({"error": error}, 409))


def rate_limited(message: str, retry_after: float, *, limit: int | None = None, code: bool = True) -> RefusalError:
    body: dict[str, Any] = {"message": message}
    if code:
        body["code"] = "RATE_LIMIT_EXCEEDED"
    headers = {"Retry-After": str(max(1, math.ceil(retry_after))), "X-RateLimit-Remaining": "0"}
    if limit is not None:
        headers["X-RateLimit-Limit"] = str(limit)
    return RefusalError(json_reply(body, 429, headers))


def invalid(shape: str, errors: dict[str, list[Any]]) -> RefusalError:
    """A 422 in the shape the switch ``validation_shape`` names."""
    if shape == "documented":
        return RefusalError(json_reply({"error": True, "errors": errors}, 422))
    return RefusalError(json_reply({"message": "The given data was invalid.", "errors": errors}, 422))


def html_page(status: int, title: str) -> Reply:
    """What a browser would have been shown: the answer to callers that do not ask for JSON."""
    page = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{status}</h1><p>{title}</p></body></html>"
    )
    return Reply(status, page.encode(), "text/html; charset=UTF-8")


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
