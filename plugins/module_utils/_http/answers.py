# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interprets the bodies of the service's answers: envelopes, pages and errors. Private to the collection.

Source: API reference, "Envelopes" and "Error bodies". Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_QUOTE = 300
LONGEST_NUMBER = 9
# Far longer than any wait, but small enough to be added to a date.
LONGEST_WAIT_SECONDS = 366 * 86400.0


@dataclass(frozen=True)
class Page:
    """The position of a page in its listing, as the server reports it."""

    number: int
    pages: int
    total: int


@dataclass(frozen=True)
class Kind:
    """What makes an object a record: its ID, which is an integer for some kinds, and the text by which it is found."""

    noun: str = "record"
    found_by: str | None = None
    has_integer_id: bool = False

    def flaw(self, value: Any) -> str:
        """Return why ``value`` is not a record of this kind, an empty text if it is one.

        A name may be null, because such a record cannot be found by name. An e-mail address is always required.
        """
        if not isinstance(value, Mapping):
            return f"it is not a {self.noun}"
        if not is_id_of(value.get("id"), has_integer_id=self.has_integer_id):
            return f"it is not a {self.noun}, because it has no {'integer ID' if self.has_integer_id else 'ID'}"
        if self.found_by is None:
            return ""
        text = value.get(self.found_by, ...)
        may_be_blank = self.found_by != "email"
        is_found = bool(text.strip()) or may_be_blank if isinstance(text, str) else text is None and may_be_blank
        return "" if is_found else f"it is not a {self.noun}, because it has no {self.found_by}"


#: The kinds of records, by the last word of the route that lists them.
KINDS = {
    "users": Kind("member", "email", has_integer_id=True),
    "guests": Kind("guest", "email"),
    "groups": Kind("group", "name"),
    "checklists": Kind("template", "title"),
    "runs": Kind("process", "name"),
    "tasks": Kind("task", "title"),
    "tags": Kind("tag", "title"),
    "folders": Kind("folder", "name"),
}


def kind_of(route: str | None) -> Kind:
    """Return the kind of the records of this route; ``None`` stands for the organization itself."""
    return KINDS.get(str(route), Kind())


def is_id_of(value: Any, *, has_integer_id: bool = False) -> bool:
    """Return whether this can be the ID of a record: an integer, or a text that is not blank."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    text = str(value).strip()
    return text.isdecimal() if has_integer_id else bool(text)


@dataclass(frozen=True)
class Refusal:
    """The content of an error body: a readable text, the machine-readable code, and the texts by field."""

    text: str
    code: str | None = None
    errors: Mapping[str, list[str]] | None = None


def unwrap(body: Any) -> Any:
    """Return the content of an answer: the value of ``data`` if there is an envelope, otherwise the body itself."""
    if isinstance(body, Mapping) and "data" in body:
        return body["data"]
    return body


def included(record: Mapping[str, Any], name: str) -> Any:
    """Return the related data ``name`` of a record, which the service sends bare or wrapped in ``data``."""
    value = record.get(name)
    if isinstance(value, Mapping) and set(value) <= {"data", "meta"} and "data" in value:
        return value["data"]
    return value


def page_of(body: Any) -> Page | None:
    """Return the position of a page in its listing, or ``None`` if the answer has no pagination and is the only page.

    ``meta.pagination.links`` may be an object, a list, null or absent, and is ignored. Raises ``ValueError`` for a
    pagination that cannot be read, because more pages may follow.
    """
    meta = body.get("meta") if isinstance(body, Mapping) else None
    if not isinstance(meta, Mapping) or "pagination" not in meta:
        return None
    pagination = meta["pagination"]
    try:
        return Page(
            number=int(pagination["current_page"]),
            pages=int(pagination["total_pages"]),
            total=int(pagination["total"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("the pagination cannot be read") from error


def refusal_in(body: Any) -> Refusal:
    """Return the content of an error body in any of the service's dozen shapes.

    ``error`` may be true, a text or an object; ``message`` and ``errors`` may be missing; the values of
    ``errors`` may be texts, lists of texts, objects, or lists of objects.
    """
    if not isinstance(body, Mapping):
        return Refusal("")
    error = body.get("error")
    code = _text(body.get("code"))
    message = _text(body.get("message"))
    if isinstance(error, Mapping):
        code = code or _text(error.get("code"))
        message = message or _text(error.get("message"))
    elif isinstance(error, str):
        # OAuth answers have the machine-readable code here, very old answers the message.
        message = message or _text(body.get("error_description")) or error
        if " " not in error:
            code = code or error
    errors: dict[str, list[str]] = {}
    raw = body.get("errors")
    if isinstance(raw, Mapping):
        for field, value in raw.items():
            errors[str(field)] = _texts(value)
    elif raw:
        errors["errors"] = _texts(raw)
    details = "; ".join(f"{field}: {', '.join(texts)}" for field, texts in errors.items() if texts)
    hint = _text(body.get("hint"))
    parts = [part for part in (message.rstrip("."), details, hint) if part]
    return Refusal(shorten(": ".join(parts[:2]) + (f" ({hint})" if len(parts) == 3 else "")), code or None, errors)


def shorten(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Return ``text`` as one line of at most ``longest`` characters; server errors may quote whole queries."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def retry_after_seconds(retry_after: str | None, date: str | None, now: datetime) -> float | None:
    """Return the seconds a ``Retry-After`` header asks for, or ``None`` if it is absent or unreadable.

    Both forms of RFC 9110, section 10.2.3 are supported: a number of seconds, or a date. A date is compared with the
    answer's own ``Date`` header, so that a wrong clock of the controller does not matter.
    """
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_SECONDS)
    until = _http_date(text)
    if until is None:
        return None
    started = _http_date(date) if date else None
    return min(max(0.0, (until - (started or now)).total_seconds()), LONGEST_WAIT_SECONDS)


def answered_second(date: str | None) -> int:
    """Return the time of an answer by its ``Date`` header, in epoch seconds, 0 if it has no readable one."""
    moment = _http_date(date) if date else None
    return 0 if moment is None else int(moment.timestamp())


def request_count(text: str | None) -> int | None:
    """Return the number of requests in a header such as ``X-RateLimit-Limit``; ``None`` for anything else."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else None


def iso_utc(seconds: float) -> str:
    """Return a moment, in epoch seconds, as ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def not_before(headers: Mapping[str, str], now: float) -> str:
    """Return when a request may be sent again after a 429; without ``Retry-After`` that is in a minute."""
    moment = datetime.fromtimestamp(now, timezone.utc)
    seconds = retry_after_seconds(headers.get("Retry-After"), headers.get("Date"), moment)
    return iso_utc(now + (60.0 if seconds is None else seconds))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, (list, tuple)):
        return [text for inner in value for text in _texts(inner)]
    return [str(value).strip()]
