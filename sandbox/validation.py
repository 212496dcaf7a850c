# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Checks of request bodies in the order and the words of Laravel's validator."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from .calls import Call
from .countries import COUNTRIES

ROLES = ("admin", "standard", "light")

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")
_URL_IN_NAME = re.compile(r"(?i)\b(?:https?://|www\.)|^[\w-]+\.(?:com|net|org|io)$")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
_UNRESOLVED_DOMAINS = ("example.com", "example.net", "example.org")
_UNRESOLVED_SUFFIXES = (".invalid", ".test", ".example", ".localhost")
_TIMEZONES = frozenset(available_timezones())


class Checker:
    """Collects the errors of one body, first complaint of a field first; ``raise_if_any`` ends the request."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._body = call.body
        self.errors: dict[str, list[Any]] = {}

    def complain(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)

    def raise_if_any(self) -> None:
        if self.errors:
            raise self._call.invalid(self.errors)

    def required(self, name: str) -> bool:
        """Complain when a field is absent or null; an empty list or object counts as absent too."""
        value = self._body.get(name)
        if value is None or value == [] or value == {}:
            self.complain(name, f"The {_words(name)} field is required.")
            return False
        return True

    def text(self, name: str, *, required: bool = False, maximum: int | None = None) -> str | None:
        """Return a string field, complaining about other types and too many characters."""
        if required and not self.required(name):
            return None
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.complain(name, f"The {_words(name)} must be a string.")
            return None
        if maximum is not None and len(value) > maximum:
            self.complain(name, f"The {_words(name)} may not be greater than {maximum} characters.")
        return value

    def person_name(self, name: str) -> str | None:
        """A first or last name: 32 characters, no address of a web page, no disallowed name."""
        value = self.text(name, required=True, maximum=32)
        if value is not None:
            if _URL_IN_NAME.search(value):
                self.complain(name, f"The {_words(name)} may not be a URL.")
            if value.lower() in self._call.world.switches.disallowed_names:
                self.complain(name, f"The {_words(name)} is not allowed.")
        return value

    def email(self, name: str = "email") -> str | None:
        value = self.text(name, required=True, maximum=255)
        if value is None:
            return None
        if not is_email(value) or (self._call.world.switches.strict_email_dns and not _resolves(value)):
            self.complain(name, f"The {_words(name)} must be a valid email address.")
            return None
        return value

    def one_of(self, name: str, choices: tuple[str, ...], *, required: bool = False) -> str | None:
        value = self._body.get(name)
        if value is None:
            if required:
                self.required(name)
            return None
        if value not in choices:
            self.complain(name, f"The selected {_words(name)} is invalid.")
            return None
        return str(value)

    def timezone(self, *, required: bool = False) -> str | None:
        value = self.text("timezone", required=required)
        if value is not None and self._call.world.switches.strict_timezone and value not in _TIMEZONES:
            self.complain("timezone", "The timezone must be a valid zone.")
        return value

    def country(self, name: str = "country_id") -> int | None:
        value = self._body.get(name)
        if value is None:
            return None
        number = as_id(value)
        if number is None:
            self.complain(name, f"The {_words(name)} must be an integer.")
        elif number not in COUNTRIES:
            self.complain(name, f"The selected {_words(name)} is invalid.")
        return number

    def boolean(self, name: str) -> bool | None:
        value = self._body.get(name)
        if value is None:
            return None
        if value not in (True, False, 0, 1, "0", "1"):
            self.complain(name, f"The {_words(name)} field must be true or false.")
            return None
        return value in (True, 1, "1")

    def url(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.netloc:
                self.complain(name, f"The {_words(name)} format is invalid.")
        return value

    def color(self, name: str = "color") -> str | None:
        value = self.text(name, maximum=7)
        if value is not None and not _COLOR.fullmatch(value):
            self.complain(name, f"The {_words(name)} format is invalid.")
        return value

    def date(self, name: str) -> str | None:
        """A date in the documented request form or, unless ``strict_dates``, in any ISO form."""
        value = self._body.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            if _PLAIN_DATE.fullmatch(value):
                return value
            if not self._call.world.switches.strict_dates:
                try:
                    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M:%S")
                except ValueError:
                    pass
        self.complain(name, f"The {_words(name)} does not match the format Y-m-d H:i:s.")
        return None

    def position(self) -> int | None:
        """The place something is to have, counted from 1."""
        number = as_id(self._body.get("position")) if self.required("position") else 1
        if number is None or number < 1:
            self.complain("position", "The position must be at least 1.")
        return number

    def array(self, name: str) -> list[Any] | None:
        """A list field; None when the key is absent. Null is not a list."""
        if name not in self._body:
            return None
        value = self._body[name]
        if not isinstance(value, list):
            self.complain(name, f"The {_words(name)} must be an array.")
            return None
        return value


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def as_id(value: Any) -> int | None:
    """Return an id given as integer or as digits, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None


def user_id(call: Call, checker: Checker, name: str) -> int | None:
    """Return the member a field names, complaining about somebody who is none."""
    requested = as_id(call.body.get(name))
    member = call.organization.members.get(requested) if requested is not None else None
    if member is None or member.deleted:
        checker.complain(name, f"The selected {name.replace('_', ' ')} is invalid.")
        return None
    return member.id


def user_ids(call: Call, checker: Checker, name: str) -> list[int] | None:
    requested = checker.array(name) if call.body.get(name) is not None else None
    if requested is None:
        return None
    ids: dict[int, None] = {}
    for position, value in enumerate(requested):
        member = call.organization.members.get(as_id(value) or 0)
        if member is None or member.deleted:
            checker.complain(f"{name}.{position}", f"The selected {name}.{position} is invalid.")
        else:
            ids[member.id] = None
    return list(ids)


def known_ids(checker: Checker, name: str, known: dict[str, Any]) -> list[str] | None:
    """Return a list of ids that all belong to ``known``."""
    requested = checker.array(name) or []
    for position, value in enumerate(requested):
        if not isinstance(value, str) or value not in known:
            checker.complain(f"{name}.{position}", f"The selected {name}.{position} is invalid.")
    return list(dict.fromkeys(value for value in requested if isinstance(value, str)))


def without_empty_strings(value: Any, *, trim: bool) -> Any:
    """Apply what runs before every validation: strings are trimmed and empty ones become null."""
    if isinstance(value, str):
        text = value.strip() if trim else value
        return text or None
    if isinstance(value, dict):
        return {key: without_empty_strings(inner, trim=trim) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_empty_strings(inner, trim=trim) for inner in value]
    return value


def _words(name: str) -> str:
    return name.replace("_", " ")


def _resolves(email: str) -> bool:
    domain = email.rpartition("@")[2].lower()
    return domain not in _UNRESOLVED_DOMAINS and not domain.endswith(_UNRESOLVED_SUFFIXES)
