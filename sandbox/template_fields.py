# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The form fields of steps: made, changed, moved and removed; and the removal of kick-off fields."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, json_reply, resource_not_found
from .field_definitions import checked_definition
from .records import Template
from .template_records import new_field
from .template_steps import find_step
from .templates import touch_template, writable
from .validation import Checker

Field = dict[str, Any]


def create_field(call: Call) -> Reply:
    template = writable(call)
    step = find_step(call, template)
    given = _checked(call)
    field = new_field(call.world, template, len(step["captures"]) + 1, given) | {"step_id": step["id"]}
    step["captures"].append(field)
    touch_template(call, template)
    return item(orjson.dumps(field), 201)


def update_field(call: Call) -> Reply:
    """Store what the body names; label, type and whether it is required have to be there each time."""
    template = writable(call)
    field = _field(find_step(call, template)["captures"], call.params[3])
    field |= _checked(call) | {"last_updated": call.world.timestamp()}
    touch_template(call, template)
    return item(orjson.dumps(field))


def delete_field(call: Call) -> Reply:
    template = writable(call)
    return _remove(call, template, find_step(call, template)["captures"], call.params[3])


def delete_kickoff_field(call: Call) -> Reply:
    """Remove a field for what is launched from now on; processes keep their values."""
    template = writable(call)
    return _remove(call, template, template.record["prerun"], call.params[2])


def place_field(call: Call) -> Reply:
    """Move the field that ``capture_id`` names to another place in its step."""
    template = writable(call)
    fields = find_step(call, template)["captures"]
    checker = Checker(call)
    requested, position = checker.text("capture_id", required=True), checker.position()
    checker.raise_if_any()
    field = _field(fields, certain(requested))
    fields.remove(field)
    _insert(fields, field, certain(position))
    touch_template(call, template)
    return json_reply({"data": fields})


def move_field(call: Call) -> Reply:
    """Move a field to another step."""
    template = writable(call)
    fields = find_step(call, template)["captures"]
    field = _field(fields, call.params[3])
    checker = Checker(call)
    requested, position = checker.text("target_step_id", required=True), checker.position()
    target = next((step for step in template.steps if step["id"] == requested), None)
    if requested is not None and target is None:
        checker.complain("target_step_id", "The selected target step id is invalid.")
    checker.raise_if_any()
    fields.remove(field)
    _number(fields)
    target = certain(target)
    field["step_id"] = target["id"]
    _insert(target["captures"], field, certain(position))
    touch_template(call, template)
    return item(orjson.dumps(field))


def _checked(call: Call) -> Field:
    checker = Checker(call)
    given = checked_definition(checker, "", call.body)
    checker.raise_if_any()
    given.pop("id", None)  # the service makes it
    return given


def _field(fields: list[Field], field_id: str) -> Field:
    for field in fields:
        if field["id"] == field_id:
            return field
    raise resource_not_found()


def _remove(call: Call, template: Template, fields: list[Field], field_id: str) -> Reply:
    fields.remove(_field(fields, field_id))
    _number(fields)
    touch_template(call, template)
    return Reply(204)


def _insert(fields: list[Field], field: Field, position: int) -> None:
    fields.insert(position - 1, field)
    _number(fields)


def _number(fields: list[Field]) -> None:
    for position, field in enumerate(fields, 1):
        field["position"] = position


_ONE = "/organizations/{org}/checklists/{id}"
_FIELDS = f"{_ONE}/steps/{{step}}/captures"
_FIELD = f"{_FIELDS}/{{field}}"

ROUTES = (
    Route("templates.create_field", "POST", _FIELDS, create_field, permission="standard"),
    Route("templates.place_field", "PUT", _FIELDS, place_field, permission="standard"),
    Route("templates.update_field", "PUT", _FIELD, update_field, permission="standard"),
    Route("templates.delete_field", "DELETE", _FIELD, delete_field, permission="standard"),
    Route("templates.move_field", "PUT", f"{_FIELD}/move-out", move_field, permission="standard"),
    Route(
        "templates.delete_kickoff_field",
        "DELETE",
        f"{_ONE}/preruns/{{field}}",
        delete_kickoff_field,
        permission="standard",
    ),
)
