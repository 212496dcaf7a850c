# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates: the fields and steps that a launch can set. Private to the collection.

Source: API reference, "Templates". The service calls them checklists. Every function here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory

from .fields import FormField, UnfitError, choices, fields_of, position_of

_ID = re.compile(r"[0-9a-f]{32}")
#: Texts that the search of the service finds: without characters that it may escape, fold or treat as a wildcard.
_SEARCHABLE = re.compile(r"[\w\s.@:,()/-]*", re.ASCII)


@dataclass(frozen=True)
class Template:
    """A template as the service returned it, with its steps."""

    record: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def title(self) -> str:
        return tidied(self.record.get("title"))

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """The fields of the kick-off form."""
        return fields_of(self.record.get("prerun"))

    @property
    def is_draft(self) -> bool:
        """Whether the template is not published, so no process can be launched from it."""
        return str(self.record.get("status") or "").lower() == "draft"

    @property
    def names_its_processes(self) -> bool:
        """Whether Tallyfy may name the processes automatically. Source: API reference, "Auto-naming"."""
        return bool(self.record.get("auto_naming"))

    def step(self, title: str) -> Mapping[str, Any]:
        """Return the step with this title (case is ignored), ID or alias.

        Raises ``UnfitError``, which names the valid choices.
        """
        title = tidied(title)
        exact = [step for step in self.steps if title in (step.get("id"), step.get("alias"))]
        named = exact or [step for step in self.steps if fold(step.get("title") or "") == fold(title)]
        if len(named) > 1:
            aliases = ", ".join(str(step.get("alias") or step.get("id")) for step in named)
            raise UnfitError(f"{len(named)} steps have the title {title!r}; use an alias instead: {aliases}")
        if not named:
            titles = choices(str(step.get("title") or "") for step in self.steps)
            raise UnfitError(f"there is no step {title!r}; steps: {titles}")
        return named[0]

    def shaped(self, directory: Directory) -> Record:
        """Return the template as modules return it."""
        owner_id = self.record.get("owner_id")
        return {
            **{name: self.record.get(name) for name in ("id", "title", "summary", "status", "type")},
            "owner": directory.email_of(owner_id),
            "owner_id": owner_id,
            "is_archived": is_archived(self.record),
            "kickoff_fields": [_shaped_field(field) for field in self.fields],
            "steps": [_shaped_step(step) for step in self.steps],
        }


def is_id(text: str) -> bool:
    """Return whether a text has the form of an ID of the service."""
    return _ID.fullmatch(text.strip()) is not None


def is_searchable(text: str) -> bool:
    """Return whether the search of the service is sure to find a text."""
    return _SEARCHABLE.fullmatch(text) is not None


def is_archived(record: Mapping[str, Any]) -> bool:
    """Return whether a template or process is archived; the filters of the service are not reliable."""
    return bool(record.get("archived_at")) or str(record.get("status") or "").lower() == "archived"


def _shaped_field(field: FormField) -> Record:
    return {
        "label": field.label,
        "alias": field.alias or None,
        "id": field.id,
        "type": field.kind,
        "required": field.is_required,
        "options": [option.text for option in field.options],
        "columns": list(field.columns),
    }


def _shaped_step(step: Mapping[str, Any]) -> Record:
    return {
        "title": step.get("title"),
        "alias": step.get("alias"),
        "id": step.get("id"),
        "type": step.get("step_type"),
        "position": position_of(step),
    }


def warning_of_automatic_launch(organization: Mapping[str, Any], template: Template) -> str | None:
    """Return a warning when the organization launches the template automatically for new members."""
    is_on = organization.get("enable_onboarding_template")
    if not is_on or str(organization.get("onboarding_template_id")) != template.id:
        return None
    return (
        f"The organization launches {template.title} automatically for each member who accepts an invitation, so "
        f"members may get it twice. Turn this off in the settings of the organization, or do not launch it here."
    )
