# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The shapes of answers: items and the bodies of errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json"


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
