# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The names of processes that nobody named, and of those whose template names them itself."""

from __future__ import annotations

import re
from typing import Any

from .calls import Call
from .records import Template
from .validation import Checker

NAME_MAXIMUM = 550
_VARIABLE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def default_name(template: Template, prerun: dict[str, Any], now: str) -> str:
    """Return the name of a process that was given none: made from the template's format, else title and date."""
    record = template.record
    name = ""
    if record["auto_naming"] and record["default_process_name_format"]:
        name = _filled(record["default_process_name_format"], record["prerun"], prerun)
    return (name or f"{record['title']} - {now[:10]}")[:NAME_MAXIMUM]


def names_itself(call: Call, template: Template) -> bool:
    """Say whether the switches of automatic naming concern a template, whoever may change the name in the browser."""
    return bool(template.record["auto_naming"]) or call.world.switches.auto_naming_everywhere


def name_of_launch(call: Call, checker: Checker, template: Template) -> str | None:
    """Return the name that a launch gives its process, None where the template's own counts."""
    switches = call.world.switches
    name = checker.text("name", required=switches.launch_name_required, maximum=NAME_MAXIMUM)
    if name is None or switches.auto_naming_wins == "no" or not names_itself(call, template):
        return name
    if switches.auto_naming_wins == "refuses":
        checker.complain("name", "The name is made by the template and may not be given.")
    return None


def name_of_update(call: Call, checker: Checker, template: Template) -> dict[str, Any]:
    """Return the name that a PUT stores, nothing where it names none or the template keeps its own."""
    if "name" not in call.body:
        return {}
    answer = call.world.switches.auto_naming_put if names_itself(call, template) else "accept"
    if answer == "422":
        checker.complain("name", "The name is made by the template and may not be changed.")
    name = checker.text("name", required=True, maximum=NAME_MAXIMUM)
    return {"name": name} if answer == "accept" else {}


def _filled(name_format: str, fields: list[dict[str, Any]], prerun: dict[str, Any]) -> str:
    """Put the values of kick-off fields, named by label or alias, in the place of ``{{variables}}``."""
    texts = {}
    for field in fields:
        text = _as_text(prerun.get(field["id"]))
        texts[field["label"].lower()] = texts[field["alias"].lower()] = text
    return _VARIABLE.sub(lambda variable: texts.get(variable[1].lower(), ""), name_format).strip()


def _as_text(value: Any) -> str:
    """Return a stored value as a name shows it: options by their text, lists with commas."""
    if isinstance(value, dict):
        return _as_text(value.get("text"))
    if isinstance(value, list):
        return ", ".join(text for text in map(_as_text, value) if text)
    return "" if value is None else str(value)
