# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""One request on its way to a handler, and the table rows that name the handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .envelopes import RefusalError, Reply, invalid
from .records import Member, Organization, Token
from .state import World

Value = TypeVar("Value")


def certain(value: Value | None) -> Value:
    """Return a value that an earlier check has made sure of, such as a required field after ``raise_if_any``."""
    if value is None:
        raise RuntimeError("a value that was checked is missing")
    return value


@dataclass(slots=True)
class Call:
    """Everything a handler may look at. ``body`` holds the JSON object with empty strings already null."""

    world: World
    method: str
    path: str
    raw_body: bytes
    headers: dict[str, str]
    query: dict[str, str]
    params: list[str]
    body: dict[str, Any] = field(default_factory=dict)
    token: Token | None = None
    acting: Member | None = None
    listing_fault: str | None = None
    # What a lagging copy of the database still holds, by the id of the organization.
    replica: dict[str, Organization] | None = None
    client_host: str = ""
    warnings: list[str] = field(default_factory=list)
    #: The tightest limit of the minute that counts this request, and how many it leaves.
    pace: tuple[int, int] | None = None
    _organization: Organization | None = None

    @property
    def organization(self) -> Organization:
        """The organization of the path; the gateway has found it before a handler that needs it runs."""
        return certain(self._organization)

    @organization.setter
    def organization(self, organization: Organization) -> None:
        self._organization = organization

    @property
    def acting_id(self) -> int | None:
        """The id to note as the author of a change; an application has none."""
        return self.acting.id if self.acting is not None else None

    def sorting(self) -> tuple[str, bool]:
        """What a list is to be sorted by, and whether downwards."""
        requested = self.query.get("sort") or self.query.get("sort_by") or ""
        return requested.removeprefix("-"), requested.startswith("-")

    def includes(self) -> list[str]:
        """The names in ``with``."""
        return [name.strip() for name in self.query.get("with", "").split(",") if name.strip()]

    def wrapped(self, related: Any) -> Any:
        """Related data as the transformer sends it: in ``data``, unless the switch says bare."""
        return related if self.world.switches.bare_includes else {"data": related}

    def invalid(self, errors: dict[str, list[Any]]) -> RefusalError:
        return invalid(self.world.switches.validation_shape, errors)


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a route table.

    ``caller`` says who may speak: ``anyone`` (no token), ``application``, ``member`` (any token of the
    organization) or ``user`` (a token with a person behind it). ``permission`` names a rule of ``permissions.py``.
    """

    name: str
    method: str
    template: str
    handler: Handler
    caller: str = "member"
    permission: str = "everybody"
    sign_in: bool = False
