# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Tags of an organization, and the ties between them and templates or processes."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, json_reply, resource_not_found
from .listings import paged
from .member_records import spelled
from .records import Organization, Run, Tag, Template
from .validation import Checker, as_id

TITLE_MAXIMUM = 30
DEFAULT_COLOR = "#cccccc"


def list_tags(call: Call) -> Reply:
    requested = call.query.get("q", "").lower()
    everything = call.query.get("all") == "true"
    generated_only = call.query.get("auto_generated") == "true"
    tags = [
        tag
        for tag in call.organization.tags.values()
        if (everything or tag.auto_generated == generated_only) and (not requested or requested in tag.title.lower())
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
    if call.organization.tags.pop(call.params[1], None) is not None:
        for subject in _subjects(call.organization):
            subject.tags = {tie_id: tag_id for tie_id, tag_id in subject.tags.items() if tag_id != call.params[1]}
    return Reply(204)


def attach_tag(call: Call) -> Reply:
    """Tie a tag to a template or a process; the tags of this organization are all private ones."""
    organization = call.organization
    checker = Checker(call)
    subject_id = checker.text("subject_id", required=True)
    subject_type = checker.one_of("subject_type", ("Checklist", "Run"), required=True)
    tag_type = checker.one_of("tag_type", ("private", "public"), required=True)
    tag_id = checker.text("tag_id", required=True)
    if tag_id is not None and (tag_id not in organization.tags or tag_type == "public"):
        checker.complain("tag_id", "The selected tag id is invalid.")
    found: Template | Run | None = None
    if subject_type == "Checklist":
        found = organization.templates.get(subject_id or "")
    elif subject_type == "Run":
        found = organization.runs.get(subject_id or "")
    if (
        subject_id is not None
        and subject_type is not None
        and (found is None or found.record["archived_at"] is not None)
    ):
        checker.complain("subject_id", "Subject not found")
        if isinstance(found, Run):
            checker.complain("subject_id", "Cannot update archived processes.")
    checker.raise_if_any()
    ties: dict[int, str] = {} if found is None else found.tags
    tie_id = next((one for one, tied in ties.items() if tied == tag_id), None)
    if tie_id is None:
        tie_id = call.world.new_id()
        ties[tie_id] = certain(tag_id)
    tie = {"id": tie_id, "tag_id": tag_id, "subject_id": subject_id, "subject_type": subject_type}
    return json_reply({"data": tie}, 201)


def detach_tag(call: Call) -> Reply:
    """Cut a tie; an ID that does not exist, or no ID at all, silently does nothing."""
    tie_id = as_id(call.params[1])
    for subject in _subjects(call.organization):
        if tie_id is not None and subject.tags.pop(tie_id, None) is not None:
            break
    return Reply(204)


def included_tags(call: Call, ties: dict[int, str]) -> list[dict[str, Any]]:
    """Return what ``with=tags`` shows: the tags, or the ties with their IDs."""
    known = ((tie_id, call.organization.tags.get(tag_id)) for tie_id, tag_id in ties.items())
    if call.world.switches.included_tags == "ties":
        return [{**tag_record(call, tag), "id": tie_id, "tag_id": tag.id} for tie_id, tag in known if tag is not None]
    return [tag_record(call, tag) for _, tag in known if tag is not None]


def _subjects(organization: Organization) -> list[Template | Run]:
    subjects: list[Template | Run] = list(organization.templates.values())
    subjects.extend(organization.runs.values())
    return subjects


def _statistics(organization: Organization, tag: Tag) -> dict[str, int]:
    counts = {"active_template": 0, "archived_template": 0, "active_process": 0, "archived_process": 0}
    for subject in _subjects(organization):
        if tag.id in subject.tags.values():
            noun = "process" if isinstance(subject, Run) else "template"
            counts[f"{'active' if subject.record['archived_at'] is None else 'archived'}_{noun}"] += 1
    return counts


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


def tag_record(call: Call, tag: Tag) -> dict[str, Any]:
    return {
        "id": tag.id,
        "title": tag.title,
        "color": tag.color,
        "auto_generated": tag.auto_generated,
        "created_at": spelled(tag.created_at, 2) if call.world.switches.mixed_dates else tag.created_at,
        "deleted_at": tag.deleted_at,
    }


def _row(call: Call, tag: Tag) -> bytes:
    record = tag_record(call, tag)
    if "statistics" in call.includes():
        record["statistics"] = call.wrapped(_statistics(call.organization, tag))
    return orjson.dumps(record)


_TAGS = "/organizations/{org}/tags"

ROUTES = (
    Route("tags.list", "GET", _TAGS, list_tags),
    Route("tags.create", "POST", _TAGS, create_tag, permission="standard"),
    Route("tags.get", "GET", f"{_TAGS}/{{id}}", get_tag),
    Route("tags.update", "PUT", f"{_TAGS}/{{id}}", update_tag, permission="standard"),
    Route("tags.delete", "DELETE", f"{_TAGS}/{{id}}", delete_tag, permission="standard"),
    Route("tags.attach", "POST", "/organizations/{org}/checklists/tags", attach_tag, permission="standard"),
    Route("tags.detach", "DELETE", "/organizations/{org}/checklists/tags/{id}", detach_tag, permission="standard"),
)
