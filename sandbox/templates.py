# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Templates: kick-off fields, steps, and the way from draft to archive."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, forbidden, item, json_reply, resource_not_found
from .field_definitions import checked_definitions
from .listings import paged
from .permissions import acting_role
from .records import Organization, Template
from .tags import included_tags
from .template_copies import copy_template
from .template_records import new_field, new_template, template_record, template_row
from .validation import Checker, as_id, known_ids, user_id, user_ids

TITLE_MAXIMUM = 250
TYPES = ("procedure", "form", "document")

# What a PUT stores when the body names it; ``users`` and ``groups`` are stored always.
_TEXTS = ("summary", "guidance", "webhook", "kickoff_title", "kickoff_description", "default_process_name_format",
          "icon", "explanation_video", "folder_id", "default_folder")  # fmt: skip
_FLAGS = ("starred", "is_public", "is_pinned", "auto_naming", "folderize_process", "tag_process", "can_add_oot",
          "allow_launcher_change_name", "folder_changeable_by_launcher", "is_public_kickoff")  # fmt: skip
_SORTABLE = ("title", "created_at", "last_updated", "started_processes", "increment_id")


def list_templates(call: Call) -> Reply:
    query = call.query
    archived = query.get("archived", "").lower()
    requested = query.get("q", "").lower()
    tags = {tag for tag in query.get("tag", "").split(",") if tag}
    equal = {name: query[name] for name in ("status", "type") if query.get(name)}
    folder, owner = query.get("folder"), as_id(query.get("owner_id"))
    starred = query.get("starred", "").lower() in ("true", "1")
    found = []
    for template in call.organization.templates.values():
        record = template.record
        is_archived = record["archived_at"] is not None
        if (is_archived and archived not in ("only", "true", "1")) or (archived == "only" and not is_archived):
            continue
        if requested and requested not in record["title"].lower():
            continue
        if any(record[name] != value for name, value in equal.items()) or (starred and not record["starred"]):
            continue
        if (tags and not tags & set(template.tags.values())) or (folder and record["folder_id"] != folder):
            continue
        if owner is not None and record["owner_id"] != owner:
            continue
        found.append(template)
    name, downwards = call.sorting()
    if name in _SORTABLE:
        found.sort(key=lambda template: template.record[name], reverse=downwards)
    found.sort(key=lambda template: not template.record["is_pinned"])
    short = call.world.switches.checklist_rows == "short"
    return paged(call, found, lambda template: _row(call, template, short=short), default=10, maximum=100)


def get_template(call: Call) -> Reply:
    return item(_row(call, find_template(call)))


def create_template(call: Call) -> Reply:
    checker = Checker(call)
    title = checker.text("title", required=True, maximum=TITLE_MAXIMUM)
    kind = checker.one_of("type", TYPES, required=True)
    changes = _changes(call, checker)
    prerun = checked_definitions(checker, "prerun", call.body.get("prerun"))
    checker.raise_if_any()
    owner = call.acting_id if call.acting_id is not None else _someone(call.organization)
    template = new_template(call.world, certain(title), owner_id=owner, kind=certain(kind), at=call.world.timestamp())
    template.record |= changes
    template.record["prerun"] = [new_field(call.world, template, number, one) for number, one in enumerate(prerun, 1)]
    call.organization.templates[template.id] = template
    return item(_row(call, template), 201)


def update_template(call: Call) -> Reply:
    """Store what the body names; users and groups it does not name are wiped."""
    template = writable(call)
    checker = Checker(call)
    title = checker.text("title", required=True, maximum=TITLE_MAXIMUM)
    changes = _changes(call, checker)
    prerun = checked_definitions(checker, "prerun", call.body.get("prerun"))
    checker.raise_if_any()
    record = template.record
    record |= changes
    record["title"] = title
    if isinstance(call.body.get("prerun"), list):
        known = {one["id"]: one for one in record["prerun"]}
        record["prerun"] = [
            known[one["id"]] | {**one, "position": number}
            if one.get("id") in known
            else new_field(call.world, template, number, one)
            for number, one in enumerate(prerun, 1)
        ]
    touch_template(call, template)
    return item(_row(call, template))


def archive_template(call: Call) -> Reply:
    template = writable(call)
    template.record["archived_at"] = call.world.timestamp()
    touch_template(call, template)
    return _deleted()


def restore_template(call: Call) -> Reply:
    template = writable(call, archived=True)
    template.record["archived_at"] = None
    touch_template(call, template)
    return item(_row(call, template))


def delete_template(call: Call) -> Reply:
    """Delete for good; the processes that were launched stay."""
    template = writable(call, archived=True)
    del call.organization.templates[template.id]
    return _deleted()


def publish_template(call: Call) -> Reply:
    template = writable(call)
    template.record["status"], template.record["is_published_state"] = "active", True
    touch_template(call, template)
    return item(_row(call, template))


def clone_template(call: Call) -> Reply:
    """Copy a template with its fields, steps and rules, also into another organization of the caller."""
    original = find_template(call)
    if "form-urlencoded" in call.headers.get("content-type", ""):
        call.body = dict(parse_qsl(call.raw_body.decode()))  # one official client sends this call as a form
    checker = Checker(call)
    title = checker.text("title", maximum=TITLE_MAXIMUM)
    organization = _tenant(call, checker)
    checker.raise_if_any()
    owner = call.acting_id if call.acting_id is not None else original.record["owner_id"]
    title = title or f"{original.record['title']} (copy)"[:TITLE_MAXIMUM]
    is_foreign = organization is not call.organization
    template = copy_template(call.world, original, title, owner, is_foreign=is_foreign)
    organization.templates[template.id] = template
    return item(_row(call, template), 201)


def _tenant(call: Call, checker: Checker) -> Organization:
    """Return the organization that a copy is for; the caller must belong to it."""
    tenant = checker.text("tenant")
    if tenant is None or tenant == call.organization.id:
        return call.organization
    memberships = [] if call.acting is None else call.acting.account.memberships
    for member in memberships:
        if member.organization.id == tenant and member.status == "active" and member.role != "light":
            return member.organization
    checker.complain("tenant", "The selected tenant is invalid.")
    return call.organization


def list_fields(call: Call) -> Reply:
    template = find_template(call)
    captures = [capture for step in template.steps for capture in step["captures"]]
    record = template.record
    return json_reply(
        {
            "data": {
                "id": template.id,
                "title": record["title"],
                "form_fields": captures,
                "ko_form_fields": record["prerun"],
            }
        }
    )


def may(call: Call, template: Template, what: str) -> bool:
    """Say whether the caller may do something with a template: administrators, the owner, and those it names."""
    if acting_role(call) == "admin":
        return True
    return call.acting_id == template.record["owner_id"] or call.acting_id in template.permissions.get(what, ())


def _row(call: Call, template: Template, *, short: bool = False) -> bytes:
    includes = call.includes()
    if not includes and not short:
        return template_row(call.world, template)
    record = {**template_record(call.world, template)}
    if short:
        del record["prerun"]
    for name in includes:
        if name == "steps":
            record["steps"] = call.wrapped([step for step in template.steps if step["archived_at"] is None])
        elif name == "tags":
            record["tags"] = call.wrapped(included_tags(call, template.tags))
        elif name == "folder":
            folder = call.organization.folders.get(record["folder_id"] or "")
            record["folder"] = call.wrapped(None if folder is None else {"id": folder.id, "name": folder.name})
        elif name == "permissions":
            record["permissions"] = call.wrapped(template.permissions)
        elif name in ("stages", "linked_tasks", "assets", "member_watchers", "guest_watchers"):
            record[name] = call.wrapped([])
    return orjson.dumps(record)


def find_template(call: Call, *, archived: bool = False) -> Template:
    template = call.organization.templates.get(call.params[1])
    if template is None or (template.record["archived_at"] is not None and not archived):
        raise resource_not_found()
    return template


def writable(call: Call, *, archived: bool = False) -> Template:
    template = find_template(call, archived=archived)
    if not may(call, template, "template_edit"):
        raise forbidden()
    return template


def touch_template(call: Call, template: Template) -> None:
    template.record["last_updated"] = call.world.timestamp()
    template.record["last_updated_by"] = call.acting_id
    template.row_generation = -1


def _changes(call: Call, checker: Checker) -> dict[str, Any]:
    """Return the attributes the body sets; checks ids of people, groups and folders."""
    changes: dict[str, Any] = {name: checker.text(name) for name in _TEXTS if name in call.body}
    changes |= {name: bool(checker.boolean(name)) for name in _FLAGS if name in call.body}
    if call.body.get("owner_id") is not None:
        changes["owner_id"] = user_id(call, checker, "owner_id")
    folder = changes.get("folder_id")
    if folder is not None and folder not in call.organization.folders:
        checker.complain("folder_id", "The selected folder id is invalid.")
    changes["users"] = user_ids(call, checker, "users") or []
    changes["groups"] = known_ids(checker, "groups", call.organization.groups) or []
    return changes


def _someone(organization: Organization) -> int:
    """The owner of what an application makes."""
    owner = organization.default_admin()
    return owner.id if owner is not None else next(iter(organization.members))


def _deleted() -> Reply:
    message = "The Template was deleted, and references were also deleted from:"
    return json_reply({"message": message, "deleted_references": {}})


_CHECKLISTS = "/organizations/{org}/checklists"
_ONE = f"{_CHECKLISTS}/{{id}}"

ROUTES = (
    Route("templates.list", "GET", _CHECKLISTS, list_templates),
    Route("templates.create", "POST", _CHECKLISTS, create_template, permission="standard"),
    Route("templates.get", "GET", _ONE, get_template),
    Route("templates.update", "PUT", _ONE, update_template, permission="standard"),
    Route("templates.archive", "DELETE", _ONE, archive_template, permission="standard"),
    Route("templates.restore", "PUT", f"{_ONE}/restore", restore_template, permission="standard"),
    Route("templates.delete", "DELETE", f"{_ONE}/delete", delete_template, permission="standard"),
    Route("templates.publish", "PUT", f"{_ONE}/publish", publish_template, permission="standard"),
    Route("templates.clone", "POST", f"{_ONE}/clone", clone_template, permission="standard"),
    Route("templates.form_fields", "GET", f"{_ONE}/form-fields", list_fields),
)
