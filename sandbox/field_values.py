# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Values of form fields: the one validator behind the kick-off values of a launch and the data of a task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .calls import Call
from .validation import as_id, is_email

TEXT_MAXIMUM = 200
TEXTAREA_MAXIMUM = 30000
FIELD_TYPES = (
    "text", "textarea", "radio", "dropdown", "multiselect", "date", "email", "file", "table", "assignees_form",
)  # fmt: skip

Definition = dict[str, Any]


class ValueRefusedError(ValueError):
    """A value a field does not take; its text is the service's message."""


def checked_values(
    call: Call, definitions: list[Definition], values: Any, *, require: bool
) -> tuple[dict[str, Any], list[dict[str, list[str]]]]:
    """Return the values to store by field id, and the complaints in the service's nesting.

    Keys that are no field's id are dropped; so is every value of a list, whose keys are numbers.
    """
    given = values if isinstance(values, dict) else {}
    stored: dict[str, Any] = {}
    complaints: list[dict[str, list[str]]] = []
    for definition in definitions:
        name, label = definition["id"], definition["label"]
        value = given.get(name)
        if _is_empty(definition, value):
            if require and definition["required"]:
                complaints.append({name: [f"{label} is required"]})
                continue
            if value is None:
                if name in given:
                    stored[name] = None
                continue
        try:
            kept = _CHECKS[definition["field_type"]](call, definition, value)
        except ValueRefusedError as refused:
            complaints.append({name: [str(refused)]})
        else:
            stored[name] = kept
    return stored, complaints


def checked_owners(call: Call, owners: Any) -> dict[str, list[Any]]:
    """Return the three buckets of assignees, or refuse; a bucket that is missing is empty."""
    if not isinstance(owners, dict):
        raise ValueRefusedError("The owners must be an array.")
    buckets: dict[str, list[Any]] = {}
    for bucket, check in (("users", _user), ("guests", _guest), ("groups", _group)):
        requested = owners.get(bucket)
        if requested is None:
            requested = []
        if not isinstance(requested, list):
            raise ValueRefusedError(f"The {bucket} must be an array.")
        buckets[bucket] = list(dict.fromkeys(check(call, one) for one in requested))
    return buckets


def _user(call: Call, value: Any) -> int:
    user_id = as_id(value)
    member = call.organization.members.get(user_id) if user_id is not None else None
    if member is None or member.deleted or member.is_bot:
        raise ValueRefusedError("The selected users is invalid.")
    return member.id


def _guest(_call: Call, value: Any) -> str:
    if not isinstance(value, str) or not is_email(value):
        raise ValueRefusedError("The selected guests is invalid.")
    return value


def _group(call: Call, value: Any) -> str:
    if not isinstance(value, str) or value not in call.organization.groups:
        raise ValueRefusedError("The selected groups is invalid.")
    return value


def _is_empty(definition: Definition, value: Any) -> bool:
    if value is None or value == [] or value == {}:
        return True
    if definition["field_type"] == "table" and isinstance(value, list):
        return all(cell is None for cell in value)
    if definition["field_type"] == "assignees_form" and isinstance(value, dict):
        return not any(value.get(bucket) for bucket in ("users", "guests", "groups"))
    return False


def _text(_call: Call, definition: Definition, value: Any) -> str:
    maximum = TEXTAREA_MAXIMUM if definition["field_type"] == "textarea" else TEXT_MAXIMUM
    if not isinstance(value, str):
        raise ValueRefusedError(f"{definition['label']} must be a string")
    if len(value) > maximum:
        raise ValueRefusedError(f"{definition['label']} may not be greater than {maximum} characters")
    return value


def _email(_call: Call, definition: Definition, value: Any) -> Any:
    if isinstance(value, dict):
        return value  # the service keeps a wrapper as it is
    if not isinstance(value, str) or not is_email(value):
        raise ValueRefusedError(f"{definition['label']} must be a valid email address")
    return value


def _date(call: Call, definition: Definition, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueRefusedError(f"{definition['label']} is not a valid date") from None
    if call.world.switches.prerun_dates == "as_sent":
        return str(value)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _radio(_call: Call, definition: Definition, value: Any) -> str:
    if not isinstance(value, str) or value not in [option["text"] for option in definition["options"]]:
        raise ValueRefusedError(f"The selected {definition['label']} is invalid.")
    return value


def _names_option(definition: Definition, value: Any) -> bool:
    """Say whether id and text belong to one option; the text is compared byte for byte, the id by type too."""
    return isinstance(value, dict) and any(
        type(value.get("id")) is int and value["id"] == option["id"] and value.get("text") == option["text"]
        for option in definition["options"]
    )


def _dropdown(_call: Call, definition: Definition, value: Any) -> Any:
    if not _names_option(definition, value):
        raise ValueRefusedError("Invalid dropdown choice selected.")
    return {"id": value["id"], "text": value["text"], "value": value.get("value")}


def _multiselect(_call: Call, definition: Definition, value: Any) -> Any:
    if not isinstance(value, list) or not all(_names_option(definition, one) for one in value):
        raise ValueRefusedError("Invalid multiselect choice selected.")
    return value


def _table(_call: Call, definition: Definition, value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueRefusedError("Invalid table field")
    if len(value) != len(definition["columns"]):
        raise ValueRefusedError("Number of columns does not match required columns")
    return value


def _assignees(call: Call, definition: Definition, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueRefusedError(f"{definition['label']} must be an array")
    return checked_owners(call, value)


def _file(_call: Call, definition: Definition, value: Any) -> Any:
    for one in value if isinstance(value, list) else [value]:
        uploaded = isinstance(one, dict) and one.get("filename") and one.get("url")
        if not uploaded or not (one.get("id") or one.get("source") == "url"):
            raise ValueRefusedError(f"The selected {definition['label']} is invalid.")
    return value


_CHECKS: dict[str, Callable[[Call, Definition, Any], Any]] = {
    "text": _text,
    "textarea": _text,
    "email": _email,
    "date": _date,
    "radio": _radio,
    "dropdown": _dropdown,
    "multiselect": _multiselect,
    "table": _table,
    "assignees_form": _assignees,
    "file": _file,
}
