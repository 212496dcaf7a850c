# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Things that go wrong on request: refusals, delays, cut connections, broken bodies, lists that lie."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from typing import Any

import orjson

from .envelopes import JSON, Reply

CUTS = ("before", "after")
LISTING_FLAWS = ("shrink", "repeat_page", "grow", "total_off", "unpaged", "empty_list", "old")

_DEFAULT_BODIES: dict[int, Any] = {
    401: {"error": True, "message": "Unauthenticated."},
    403: {"error": True, "message": "You do not have permission to perform this action."},
    404: {"error": True, "message": "Resource not found", "code": "RESOURCE_NOT_FOUND"},
    429: {"message": "Too Many Attempts."},
    500: {"error": True, "message": "Server Error"},
}
_GATEWAY_PAGES = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}


class FaultError(ValueError):
    """A fault that cannot be understood."""


@dataclass(slots=True)
class Fault:
    """One rule: which requests it meets, how often, and what they get."""

    id: int
    method: str | None = None
    path: str | None = None
    route: str | None = None
    times: int | None = 1
    every: int = 1
    skip: int = 0
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None
    delay_ms: float = 0.0
    cut: str | None = None
    half_body: bool = False
    empty: bool = False
    apply: bool = False
    apply_late: bool = False
    late_ms: float | None = None
    listing: str | None = None
    # The organizations as they were when an ``old`` fault was put in force.
    replica: dict[str, Any] | None = None
    matched: int = 0
    hits: int = 0

    @property
    def replaces_answer(self) -> bool:
        return self.status is not None or self.body is not None or self.empty

    @property
    def runs_request(self) -> bool:
        """Whether the request does its work although its caller may never learn of it."""
        if self.apply_late:
            return False
        return self.apply or self.cut == "after" or (self.cut is None and not self.replaces_answer)

    def answer(self, now: float) -> Reply:
        """Build the answer that takes the place of the real one."""
        status = self.status or 200
        headers = self.extra_headers(now)
        if self.empty:
            return Reply(status, b"", self.content_type or JSON, headers)
        body = self.body
        if body is None and status in _GATEWAY_PAGES:
            title = _GATEWAY_PAGES[status]
            body = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
        if body is None:
            body = _DEFAULT_BODIES.get(status, {"error": True, "message": "Server Error"})
        if isinstance(body, str):
            kind = "text/html; charset=UTF-8" if body.lstrip().startswith("<") else JSON
            return Reply(status, body.encode(), self.content_type or kind, headers)
        return Reply(status, orjson.dumps(body), self.content_type or JSON, headers)

    def extra_headers(self, now: float) -> dict[str, str]:
        """Return the headers, with ``http-date:+2`` turned into the date two seconds from now."""
        answer = {}
        for name, value in self.headers.items():
            offset = value.removeprefix("http-date:")
            answer[name] = value if offset == value else formatdate(now + float(offset), usegmt=True)
        return answer

    def fires(self, method: str, path: str, route: str) -> bool:
        """Say whether this request is met, and count it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method is not None and self.method != method:
            return False
        if self.route is not None and not fnmatch.fnmatchcase(route, self.route):
            return False
        if self.path is not None and not _path_matches(self.path, path):
            return False
        self.matched += 1
        beyond = self.matched - self.skip
        if beyond < 1 or beyond % self.every:
            return False
        self.hits += 1
        return True

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "replica"}


_FIELDS = {described.name for described in fields(Fault)} - {"id", "replica", "matched", "hits"} | {*LISTING_FLAWS}


class Faults:
    """The rules in force, oldest first; a request meets at most one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._count = 0

    def add(self, requested: dict[str, Any]) -> Fault:
        """Put a rule in force; raises ``FaultError`` when it is not understood."""
        unknown = sorted(set(requested) - _FIELDS)
        if unknown:
            raise FaultError(f"unknown fault field {', '.join(unknown)}; known are: {', '.join(sorted(_FIELDS))}")
        values = {name: value for name, value in requested.items() if name not in LISTING_FLAWS}
        for flaw in LISTING_FLAWS:
            if requested.get(flaw):
                values["listing"] = flaw
        if values.get("cut") not in (None, *CUTS):
            raise FaultError(f"cut takes one of {', '.join(CUTS)}")
        if values.get("listing") not in (None, *LISTING_FLAWS):
            raise FaultError(f"listing takes one of {', '.join(LISTING_FLAWS)}")
        if values.get("method"):
            values["method"] = str(values["method"]).upper()
        values["headers"] = {str(name): str(value) for name, value in (values.get("headers") or {}).items()}
        values["every"] = int(values.get("every") or 1)
        values["skip"] = int(values.get("skip") or 0)
        values["delay_ms"] = float(values.get("delay_ms") or 0)
        _settle_late(values)
        self._count += 1
        fault = Fault(self._count, **values)
        self._faults.append(fault)
        return fault

    def meet(self, method: str, path: str, route: str) -> Fault | None:
        for fault in self._faults:
            if fault.fires(method, path, route):
                return fault
        return None

    def all(self) -> list[dict[str, Any]]:
        return [fault.as_dict() for fault in self._faults]

    def clear(self) -> None:
        self._faults.clear()


def _settle_late(values: dict[str, Any]) -> None:
    """A request that is put off is answered by a gateway that gave up, unless the fault says otherwise."""
    if values.get("late_ms") is not None:
        values["late_ms"], values["apply_late"] = float(values["late_ms"]), True
    if not values.get("apply_late"):
        return
    if values.get("apply") or values.get("cut") == "after":
        raise FaultError("what is applied late cannot be applied at once")
    if values.get("cut") is None and not any(values.get(name) for name in ("status", "body", "empty")):
        values["status"] = 504


def _path_matches(pattern: str, path: str) -> bool:
    """A pattern is a glob (``*`` crosses slashes) or a regular expression for the whole path."""
    if fnmatch.fnmatchcase(path, pattern):
        return True
    try:
        return re.fullmatch(pattern, path) is not None
    except re.error:
        return False
