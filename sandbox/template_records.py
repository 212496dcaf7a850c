# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Templates, their fields and steps, as records: made, and shown."""

from __future__ import annotations

import re
from typing import Any

import orjson

from .member_records import spelled
from .records import Template
from .state import World


def new_template(
    world: World,
    title: str,
    *,
    owner_id: int,
    at: str,
    kind: str = "procedure",
    template_id: str | None = None,
    status: str = "active",
) -> Template:
    """Return an empty template that belongs to no organization yet."""
    return Template(
        {
            "id": template_id or world.new_hex("template"),
            "increment_id": world.new_increment_id(),
            "title": title,
            "summary": None,
            "starred": False,
            "webhook": None,
            "guidance": None,
            "alias": alias(world, title),
            "folder_id": None,
            "prerun": [],
            "created_by": owner_id,
            "owner_id": owner_id,
            "kickoff_title": None,
            "kickoff_description": None,
            "started_processes": 0,
            "created_at": at,
            "last_updated": at,
            "archived_at": None,
            "is_public": False,
            "automated_actions": [],
            "topic_tags": [],
            "industry_tags": [],
            "public_cover": None,
            "icon": "fa-users",
            "type": kind,
            "steps_count": 0,
            "is_public_kickoff": False,
            "default_process_name_format": None,
            "dual_version_enabled": False,
            "is_published_state": status != "draft",
            "is_featured": False,
            "auto_naming": False,
            "last_updated_by": owner_id,
            "status": status,
            "explanation_video": None,
            "users": [],
            "groups": [],
            "is_pinned": False,
            "folderize_process": False,
            "tag_process": False,
            "allow_launcher_change_name": True,
            "ko_form_blueprint_id": None,
            "default_folder": None,
            "folder_changeable_by_launcher": False,
            "can_add_oot": False,
            "kickoff_sharing_user_id": None,
        }
    )


FIELD_ATTRIBUTES = ("label", "field_type", "required", "guidance", "options", "columns", "use_wysiwyg_editor",
                     "collect_time", "field_validation")  # fmt: skip


def new_field(world: World, template: Template | None, position: int, given: dict[str, Any]) -> dict[str, Any]:
    """Return a field of a template, or of a one-off task; ``label`` and ``field_type`` must be given."""
    at = world.timestamp() if template is None else template.record["last_updated"]
    return {
        "id": given.get("id") or world.new_hex("field"),
        "checklist_id": None if template is None else template.id,
        "alias": alias(world, given["label"]),
        "label": given["label"],
        "field_type": given["field_type"],
        "guidance": given.get("guidance"),
        "position": position,
        "required": given.get("required", False),
        "use_wysiwyg_editor": given.get("use_wysiwyg_editor", given["field_type"] == "textarea"),
        "collect_time": given.get("collect_time", False),
        "options": given.get("options") or [],
        "columns": given.get("columns") or [],
        "field_validation": given.get("field_validation") or [],
        "created_at": at,
        "last_updated": at,
    }


def add_step(world: World, template: Template, given: dict[str, Any]) -> None:
    """Append a step to a template; ``title`` must be given."""
    at = template.record["last_updated"]
    step = {
        "id": world.new_hex("step"),
        "checklist_id": template.id,
        "alias": alias(world, given["title"]),
        "title": given["title"],
        "summary": None,
        "step_type": "task",
        "position": len(template.steps) + 1,
        "allow_guest_owners": False,
        "max_assignable": 0,
        "skip_start_process": False,
        "can_complete_only_assignees": False,
        "everyone_must_complete": False,
        "webhook": None,
        "start_date": {"value": 0, "unit": "days"},
        "is_soft_start_date": False,
        "deadline": {"value": 5, "unit": "days", "option": "from", "step": "start_run"},
        "bp_to_launch": None,
        "assignees": [],
        "guests": [],
        "groups": [],
        "captures": [],
        "prevent_guest_comment": False,
        "roles": [],
        "role_changes_every_time": False,
        "assign_run_starter": True,
        "created_at": at,
        "last_updated": at,
        "archived_at": None,
    }
    step |= given
    step["captures"] = [{**one, "step_id": step["id"]} for one in step["captures"]]
    template.steps.append(step)
    template.record["steps_count"] = len(template.steps)


def template_row(world: World, template: Template) -> bytes:
    if template.row_generation != world.generation:
        template.row = orjson.dumps(template_record(world, template))
        template.row_generation = world.generation
    return template.row


def template_record(world: World, template: Template) -> dict[str, Any]:
    if not world.switches.mixed_dates:
        return template.record
    record = template.record
    return {
        **record,
        "created_at": spelled(record["created_at"], 4),
        "last_updated": spelled(record["last_updated"], 1),
    }


def alias(world: World, text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{slug}-{world.new_increment_id()}"
