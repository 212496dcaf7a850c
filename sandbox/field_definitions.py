# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Definitions of form fields in a body: of a kick-off form, of a step, of a one-off task."""

from __future__ import annotations

from typing import Any

from .field_values import FIELD_TYPES
from .template_records import FIELD_ATTRIBUTES
from .validation import Checker


def checked_definitions(checker: Checker, name: str, requested: Any) -> list[dict[str, Any]]:
    """Return the fields of a list in a body, complaining about those that cannot be."""
    if not isinstance(requested, list):
        return []
    return [checked_definition(checker, f"{name}.{place}.", one) for place, one in enumerate(requested)]


def checked_definition(checker: Checker, where: str, requested: Any) -> dict[str, Any]:
    """Return one field; keys that are no attribute are dropped. ``where`` goes before the names in complaints."""
    given = requested if isinstance(requested, dict) else {}
    for name in ("label", "required"):
        if given.get(name) is None:
            checker.complain(f"{where}{name}", f"The {where}{name} field is required.")
    kind = given.get("field_type")
    if kind not in FIELD_TYPES:
        checker.complain(f"{where}field_type", f"The selected {where}field_type is invalid.")
    for name in ("options", "columns"):
        for place, one in enumerate(given.get(name) or []):
            if not isinstance(one, dict) or type(one.get("id")) is not int:
                checker.complain(f"{where}{name}.{place}.id", f"The {where}{name}.{place}.id must be an integer.")
    options = [one for one in given.get("options") or [] if isinstance(one, dict)]
    if kind == "radio" and len(options) < 2:
        checker.complain(f"{where}options", f"The {where}options must have at least 2 items.")
    kept = {name: given[name] for name in (*FIELD_ATTRIBUTES, "id") if name in given}
    return kept | {
        "required": given.get("required") in (True, 1, "1"),
        "options": [{"value": None, **option} for option in options],
    }
