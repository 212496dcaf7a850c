# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The rules of templates. They are kept and copied as they are; nothing in the sandbox carries them out."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route
from .envelopes import Reply, item, resource_not_found
from .records import Template
from .templates import touch_template, writable
from .validation import Checker

ACTION_TYPES = ("visibility", "deadline", "assignment", "status", "webhook")

Rule = dict[str, Any]


def create_rule(call: Call) -> Reply:
    template = writable(call)
    given = _checked(call, template)
    now = call.world.timestamp()
    times = {"created_at": now, "last_updated": now, "archived_at": None}
    rule = {"id": call.world.new_hex("rule")} | given | times
    template.record["automated_actions"].append(rule)
    touch_template(call, template)
    return item(orjson.dumps(rule), 201)


def update_rule(call: Call) -> Reply:
    """Replace the whole rule."""
    template = writable(call)
    rule = _rule(call, template)
    rule |= _checked(call, template) | {"last_updated": call.world.timestamp()}
    touch_template(call, template)
    return item(orjson.dumps(rule))


def delete_rule(call: Call) -> Reply:
    template = writable(call)
    template.record["automated_actions"].remove(_rule(call, template))
    touch_template(call, template)
    return Reply(204)


def _rule(call: Call, template: Template) -> Rule:
    rules: list[Rule] = template.record["automated_actions"]
    for rule in rules:
        if rule["id"] == call.params[2]:
            return rule
    raise resource_not_found()


def _checked(call: Call, template: Template) -> Rule:
    """Return alias, conditions and actions of a body; all that they name must be of the template."""
    checker = Checker(call)
    steps = {step["id"] for step in template.steps}
    known = {
        "Step": steps,
        "Capture": {one["id"] for step in template.steps for one in step["captures"]},
        "Prerun": {one["id"] for one in template.record["prerun"]},
    }
    alias = checker.text("automated_alias", required=True)
    conditions = [
        _condition(call, checker, known, f"conditions.{place}", one) | {"position": place + 1}
        for place, one in enumerate(_parts(checker, "conditions"))
    ]
    actions = [
        _action(call, checker, steps, f"then_actions.{place}", one) | {"position": place + 1}
        for place, one in enumerate(_parts(checker, "then_actions"))
    ]
    checker.raise_if_any()
    return {"automated_alias": alias, "conditions": conditions, "then_actions": actions}


def _parts(checker: Checker, name: str) -> list[dict[str, Any]]:
    requested = checker.array(name) if checker.required(name) else None
    return [one if isinstance(one, dict) else {} for one in requested or []]


def _condition(
    call: Call, checker: Checker, known: dict[str, set[str]], where: str, given: dict[str, Any]
) -> dict[str, Any]:
    kind = given.get("conditionable_type")
    if kind not in known:
        checker.complain(f"{where}.conditionable_type", f"The selected {where}.conditionable_type is invalid.")
    elif given.get("conditionable_id") not in known[kind]:
        checker.complain(f"{where}.conditionable_id", f"The selected {where}.conditionable_id is invalid.")
    if not given.get("operation"):
        checker.complain(f"{where}.operation", f"The {where}.operation field is required.")
    kept = ("conditionable_id", "conditionable_type", "operation", "statement", "logic", "column_contains_name")
    return {"id": _id(call, given)} | {name: given.get(name) for name in kept}


def _action(call: Call, checker: Checker, steps: set[str], where: str, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("action_type") not in ACTION_TYPES:
        checker.complain(f"{where}.action_type", f"The selected {where}.action_type is invalid.")
    if not given.get("action_verb"):
        checker.complain(f"{where}.action_verb", f"The {where}.action_verb field is required.")
    if given.get("target_step_id") is not None and given["target_step_id"] not in steps:
        checker.complain(f"{where}.target_step_id", f"The selected {where}.target_step_id is invalid.")
    kept = ("action_type", "action_verb", "target_step_id", "actionable_id", "actionable_type", "deadline", "assignees")
    return {"id": _id(call, given)} | {name: given.get(name) for name in kept}


def _id(call: Call, given: dict[str, Any]) -> str:
    """A part of a rule that is sent back keeps its id."""
    known = given.get("id")
    return known if isinstance(known, str) else call.world.new_hex("rule")


_RULES = "/organizations/{org}/checklists/{id}/automated-actions"

ROUTES = (
    Route("templates.create_rule", "POST", _RULES, create_rule, permission="standard"),
    Route("templates.update_rule", "PUT", f"{_RULES}/{{rule}}", update_rule, permission="standard"),
    Route("templates.delete_rule", "DELETE", f"{_RULES}/{{rule}}", delete_rule, permission="standard"),
)
