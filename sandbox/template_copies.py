# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Copies of templates and of steps: the same in all but their ids and aliases, which refer to one another as before."""

from __future__ import annotations

from typing import Any

import orjson

from .records import Template
from .state import World
from .template_records import alias, new_template

# What a copy does not take over from its original.
_OWN = ("id", "increment_id", "alias", "title", "created_by", "owner_id", "last_updated_by", "created_at",
        "last_updated", "started_processes", "archived_at", "prerun", "automated_actions")  # fmt: skip


def copy_template(world: World, original: Template, title: str, owner_id: int, *, is_foreign: bool) -> Template:
    """Return a copy that belongs to no organization yet; people, groups and folders stay behind at home."""
    record = original.record
    template = new_template(world, title, owner_id=owner_id, kind=record["type"], at=world.timestamp())
    rules = record["automated_actions"]
    ids = {original.id: template.id}
    ids |= {one["id"]: world.new_hex("field") for one in record["prerun"]}
    ids |= {step["id"]: world.new_hex("step") for step in original.steps}
    ids |= {one["id"]: world.new_hex("field") for step in original.steps for one in step["captures"]}
    ids |= {part["id"]: world.new_hex("rule") for rule in rules for part in (rule, *_parts(rule))}
    copied = _renamed({"prerun": record["prerun"], "steps": original.steps, "rules": rules}, ids)
    template.record |= _renamed({name: value for name, value in record.items() if name not in _OWN}, {})
    template.record |= {"prerun": copied["prerun"], "automated_actions": copied["rules"]}
    template.steps = copied["steps"]
    for one in copied["prerun"]:
        one["alias"] = alias(world, one["label"])
    for step in template.steps:
        _rename_step(world, step)
        if is_foreign:
            step |= {"assignees": [], "guests": [], "groups": [], "roles": []}
    if is_foreign:
        template.record |= {"users": [], "groups": [], "folder_id": None, "default_folder": None}
    return template


def copy_step(world: World, original: dict[str, Any]) -> dict[str, Any]:
    ids = {original["id"]: world.new_hex("step")}
    ids |= {one["id"]: world.new_hex("field") for one in original["captures"]}
    step: dict[str, Any] = _renamed(original, ids)
    _rename_step(world, step)
    return step


def _parts(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [*rule["conditions"], *rule["then_actions"]]


def _rename_step(world: World, step: dict[str, Any]) -> None:
    step["alias"] = alias(world, step["title"])
    for one in step["captures"]:
        one["alias"] = alias(world, one["label"])


def _renamed(document: Any, ids: dict[str, str]) -> Any:
    """Return a deep copy with other ids, wherever they are named."""
    text = orjson.dumps(document)
    for old, new in ids.items():
        text = text.replace(old.encode(), new.encode())
    return orjson.loads(text)
