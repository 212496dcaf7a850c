# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tags of an organization. Tying them to templates and processes belongs to the rooms of those."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, paged, resource_not_found
from .member_records import spelled
from .state import Tag
from .validation import Checker

TITLE_MAXIMUM = 30
DEFAULT_COLOR = "#cccccc"


def list_tags(call: Call) -> Reply:
    wanted = call.query.get("q", "").lower()
    everything = call.query.get("all") == "true"
    generated_only = call.query.get("auto_generated") == "true"
    tags = [
        tag
        for tag in call.organization.tags.values()
        if (everything or tag.auto_generated == generated_only) and (not wanted or wanted in tag.title.lower())
    ]
    return paged(call, tags, lambda tag: _row(call, tag), default=10, maximum=100)


def get_tag(call: Call) -> Reply:
    return item(_row(call, _find(call)))


def create_tag(call: Call) -> Reply:
    checker = Checker(call)
    title = _title(call, checker, current=None)
    color = checker.color()
    checker.raise_if_any()
    tag = Tag(call.world.new_hex("tag"), certain(title), color or DEFAULT_COLOR, call.world.timestamp())
    call.organization.tags[tag.id] = tag
    return item(_row(call, tag), 201)


def update_tag(call: Call) -> Reply:
    tag = _find(call)
    checker = Checker(call)
    title = _title(call, checker, current=tag)
    color = checker.color()
    checker.raise_if_any()
    tag.title = certain(title)
    tag.color = color or tag.color
    return item(_row(call, tag))


def delete_tag(call: Call) -> Reply:
    """Delete for good; a tag that does not exist gets the same answer."""
    call.organization.tags.pop(call.params[1], None)
    return Reply(204)


def _find(call: Call) -> Tag:
    tag = call.organization.tags.get(call.params[1])
    if tag is None:
        raise resource_not_found()
    return tag


def _title(call: Call, checker: Checker, *, current: Tag | None) -> str | None:
    title = checker.text("title", required=True, maximum=TITLE_MAXIMUM)
    if title is not None:
        key = call.world.name_key(title)
        if any(tag is not current and call.world.name_key(tag.title) == key for tag in call.organization.tags.values()):
            checker.complain("title", "The title has already been taken.")
    return title


def _row(call: Call, tag: Tag) -> bytes:
    record: dict[str, Any] = {
        "id": tag.id,
        "title": tag.title,
        "color": tag.color,
        "auto_generated": tag.auto_generated,
        "created_at": spelled(tag.created_at, 2) if call.world.switches.mixed_dates else tag.created_at,
        "deleted_at": tag.deleted_at,
    }
    if "statistics" in call.includes():
        record["statistics"] = call.wrapped(
            {"active_template": 0, "archived_template": 0, "active_process": 0, "archived_process": 0}
        )
    return orjson.dumps(record)


_TAGS = "/organizations/{org}/tags"

ROUTES = (
    Route("tags.list", "GET", _TAGS, list_tags),
    Route("tags.create", "POST", _TAGS, create_tag, permission="standard"),
    Route("tags.get", "GET", f"{_TAGS}/{{id}}", get_tag),
    Route("tags.update", "PUT", f"{_TAGS}/{{id}}", update_tag, permission="standard"),
    Route("tags.delete", "DELETE", f"{_TAGS}/{{id}}", delete_tag, permission="standard"),
)
