# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The steps of templates."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, resource_not_found
from .listings import paged
from .records import Template
from .template_copies import copy_step
from .template_records import add_step
from .templates import TITLE_MAXIMUM, find_template, touch_template, writable
from .validation import Checker, as_id, known_ids, user_ids

STEP_TYPES = ("task", "approval", "expiring", "email", "expiring_email")


def list_steps(call: Call) -> Reply:
    steps = [step for step in find_template(call).steps if step["archived_at"] is None]
    return paged(call, steps, orjson.dumps, default=10, maximum=100)


def create_step(call: Call) -> Reply:
    template = writable(call)
    changes = _step_changes(call)
    changes.pop("position", None)  # a new step is the last one
    add_step(call.world, template, changes)
    touch_template(call, template)
    return item(orjson.dumps(template.steps[-1]), 201)


def get_step(call: Call) -> Reply:
    return item(orjson.dumps(find_step(call, find_template(call))))


def update_step(call: Call) -> Reply:
    """Store what the body names; assignees, guests and groups it does not name are wiped."""
    template = writable(call)
    step = find_step(call, template)
    step |= {"assignees": [], "guests": [], "groups": []} | _step_changes(call)
    step["last_updated"] = call.world.timestamp()
    touch_template(call, template)
    return item(orjson.dumps(step))


def delete_step(call: Call) -> Reply:
    template = writable(call)
    template.steps.remove(find_step(call, template))
    _number(call, template)
    return Reply(204)


def clone_step(call: Call) -> Reply:
    """Copy a step with its form; the copy comes next."""
    template = writable(call)
    original = find_step(call, template)
    step = copy_step(call.world, original)
    template.steps.insert(template.steps.index(original) + 1, step)
    _number(call, template)
    return item(orjson.dumps(step), 201)


def reorder_step(call: Call) -> Reply:
    """Move a step to a place, counted from 1; those behind it make room."""
    template = writable(call)
    step = find_step(call, template)
    checker = Checker(call)
    position = checker.position()
    checker.raise_if_any()
    template.steps.remove(step)
    template.steps.insert(certain(position) - 1, step)
    _number(call, template)
    return item(orjson.dumps(step))


def _number(call: Call, template: Template) -> None:
    for position, step in enumerate(template.steps, 1):
        step["position"] = position
    template.record["steps_count"] = len(template.steps)
    touch_template(call, template)


def find_step(call: Call, template: Template) -> dict[str, Any]:
    for step in template.steps:
        if step["id"] == call.params[2]:
            return step
    raise resource_not_found()


_STEP_TEXTS = ("summary", "webhook")
_STEP_FLAGS = ("skip_start_process", "can_complete_only_assignees", "everyone_must_complete", "is_soft_start_date",
               "prevent_guest_comment", "role_changes_every_time", "assign_run_starter")  # fmt: skip


def _step_changes(call: Call) -> dict[str, Any]:
    """Return the attributes of a step the body sets; refuses people and groups that do not exist."""
    checker = Checker(call)
    body = call.body
    changes: dict[str, Any] = {"title": checker.text("title", required=True, maximum=TITLE_MAXIMUM)}
    changes |= {name: checker.text(name) for name in _STEP_TEXTS if name in body}
    changes |= {name: bool(checker.boolean(name)) for name in _STEP_FLAGS if name in body}
    if body.get("step_type") is not None:
        changes["step_type"] = checker.one_of("step_type", STEP_TYPES)
    for name in ("start_date", "deadline"):
        if isinstance(body.get(name), dict):
            changes[name] = body[name]
    for name in ("position", "max_assignable"):
        if as_id(body.get(name)) is not None:
            changes[name] = as_id(body[name])
    if body.get("assignees") is not None:
        changes["assignees"] = user_ids(call, checker, "assignees")
    if body.get("groups") is not None:
        changes["groups"] = known_ids(checker, "groups", call.organization.groups)
    if body.get("guests") is not None:
        changes["guests"] = checker.array("guests")
    checker.raise_if_any()
    return changes


_ONE = "/organizations/{org}/checklists/{id}"

ROUTES = (
    Route("templates.steps", "GET", f"{_ONE}/steps", list_steps),
    Route("templates.create_step", "POST", f"{_ONE}/steps", create_step, permission="standard"),
    Route("templates.get_step", "GET", f"{_ONE}/steps/{{step}}", get_step),
    Route("templates.update_step", "PUT", f"{_ONE}/steps/{{step}}", update_step, permission="standard"),
    Route("templates.delete_step", "DELETE", f"{_ONE}/steps/{{step}}", delete_step, permission="standard"),
    Route("templates.clone_step", "POST", f"{_ONE}/steps/{{step}}/clone", clone_step, permission="standard"),
    Route("templates.reorder_step", "PUT", f"{_ONE}/steps/{{step}}/reorder", reorder_step, permission="standard"),
)
