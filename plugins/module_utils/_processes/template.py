# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates: find them, and say what a launch needs to be given. Private to the collection.

Source: API reference, "Templates". The service calls them checklists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotFoundError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side

from .kickoff import (
    FormField,
    UnfitError,
    choices,
    fields_of,
    position_of,
)

TEMPLATE_WORKERS = 8
_ID = re.compile(r"[0-9a-f]{32}")
#: What the service's search is sure to find as it is: nothing that it could escape, fold or take for a wildcard.
_SEARCHABLE = re.compile(r"[\w\s.@:,()/-]*", re.ASCII)


@dataclass(frozen=True)
class Template:
    """A template as the service told it, with its steps."""

    record: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def title(self) -> str:
        return str(self.record.get("title") or "").strip()

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """The fields of the kick-off form."""
        return fields_of(self.record.get("prerun"))

    @property
    def is_draft(self) -> bool:
        """Whether it has not been published, so that nothing can be launched from it."""
        return str(self.record.get("status") or "").lower() == "draft"

    @property
    def names_its_processes(self) -> bool:
        """Whether Tallyfy may give the processes names of its own. Source: API reference, "Auto-naming"."""
        return bool(self.record.get("auto_naming"))

    def step(self, title: str) -> Mapping[str, Any]:
        """Return the step with this title, without regard to case, or with this id or alias.

        Raises ``UnfitError`` with what would be valid.
        """
        wanted = str(title).strip()
        exact = [step for step in self.steps if wanted in (step.get("id"), step.get("alias"))]
        named = exact or [step for step in self.steps if fold(str(step.get("title") or "")) == fold(wanted)]
        if len(named) > 1:
            aliases = ", ".join(str(step.get("alias") or step.get("id")) for step in named)
            raise UnfitError(f"{len(named)} steps have the title {wanted!r}; use an alias instead: {aliases}")
        if not named:
            titles = choices(str(step.get("title") or "") for step in self.steps)
            raise UnfitError(f"there is no step {wanted!r}; steps: {titles}")
        return named[0]

    def shaped(self) -> Record:
        """Return the template as modules return it."""
        return {
            **{name: self.record.get(name) for name in ("id", "title", "summary", "status", "type", "owner_id")},
            "is_archived": is_archived(self.record),
            "kickoff": [_shaped_field(one) for one in self.fields],
            "steps": [_shaped_step(step) for step in self.steps],
        }


def is_id(text: str) -> bool:
    """Return whether a text has the form of the service's identifiers."""
    return _ID.fullmatch(text.strip()) is not None


def is_searchable(text: str) -> bool:
    """Return whether the service's search is sure to find a text."""
    return _SEARCHABLE.fullmatch(text) is not None


def is_archived(record: Mapping[str, Any]) -> bool:
    """Return whether a template or process is archived; filters of the service alone do not tell."""
    return bool(record.get("archived_at")) or str(record.get("status") or "").lower() == "archived"


def find_template_id(client: Client, template: str) -> str:
    """Return the id of the template that is given by its id or its exact title; see ``find_template``."""
    return find_template(client, template)[0]


def find_template(client: Client, template: str) -> tuple[str, Template | None]:
    """Return the id of the template that is given by its id or its exact title, and the template if that was shown.

    An id is not looked up. Titles are not unique: raises ``InputError`` unless exactly one template has it, or, where
    none is left that can be launched, exactly one archived one: what was launched from it goes on.
    """
    template = template.strip()
    if is_id(template):
        return template, None
    path = client.path("checklists")
    query = {"q": template, "archived": True, "with": "steps"}
    found = _titled(client.records(path, query=query), template)
    rows = [] if found else client.records(path)
    # How the search of the service takes unusual characters is not known; the whole list is the last word.
    found = found or _titled(rows, template)
    if len(found) == 1:
        (row,) = found
        # Rows of the list may be short, and one that is archived is for ``get_template`` to refuse.
        is_whole = "prerun" in row and isinstance(included(row, "steps"), list) and not is_archived(row)
        return str(row["id"]), _with_steps(client, row) if is_whole else None
    if found:
        ids = ", ".join(str(row["id"]) for row in found)
        raise InputError([f"template: {len(found)} templates have the title {template!r}; give an id instead: {ids}"])
    titles = choices(sorted({_title_of(row) for row in rows if not is_archived(row)}))
    raise InputError([f"template: there is no template {template!r} that is not archived; templates: {titles}"])


def get_template(client: Client, template_id: str, wanted: str | None = None) -> Template:
    """Return the template with its kick-off fields and steps; raises ``InputError`` when there is none.

    ``wanted`` is what the user called it, an id or the title by which it was found.
    """
    try:
        record = client.get("checklists", template_id, query={"with": "steps"})
    except NotFoundError:
        title = template_id if wanted is None else wanted.strip()
        cause = f"there is no template {template_id}, or it" if title == template_id else f"{title!r} ({template_id})"
        raise InputError([f"template: {cause} is archived, or {_actor(client)} may not see it"]) from None
    return _with_steps(client, record)


def list_templates(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped templates with the id or exact title ``template``, or those that match ``query``.

    Sorted by title; archived ones only with ``archived``. Each of them is read, since rows of the list may be short.
    """
    wanted = str(filters.get("template") or "").strip()
    if wanted and is_id(wanted):
        try:
            return [_with_steps(client, client.get("checklists", wanted, query={"with": "steps"})).shaped()]
        except NotFoundError:
            return []
    text = wanted or str(filters.get("query") or "").strip()
    query = {"q": text if is_searchable(text) and text else None}
    path = client.path("checklists")
    rows = client.records(path, query=query)
    if filters.get("archived"):
        archived = client.records(path, query={**query, "archived": "only"})
        rows = [*rows, *(row for row in archived if is_archived(row))]
    # A service that does not know the filter would give everything twice.
    rows = list({row["id"]: row for row in rows if filters.get("archived") or not is_archived(row)}.values())
    # What the service's search takes for a match is its own affair.
    rows = [row for row in rows if (_title_of(row) == wanted if wanted else fold(text) in fold(_title_of(row)))]

    def read(row: Record) -> Record:
        # An archived template is not shown by itself.
        record = row if is_archived(row) else client.get("checklists", row["id"], query={"with": "steps"})
        return _with_steps(client, record).shaped()

    templates = list(side_by_side(read, rows, workers=TEMPLATE_WORKERS))
    return sorted(templates, key=lambda one: (str(one["title"]).casefold(), one["id"]))


def _with_steps(client: Client, record: Record) -> Template:
    steps = included(record, "steps")
    if not isinstance(steps, list) and not is_archived(record):
        steps = client.records(client.path("checklists", record["id"], "steps"))
    rows = [step for step in steps or () if isinstance(step, Mapping) and not step.get("archived_at")]
    return Template(record, tuple(sorted(rows, key=position_of)))


def _titled(rows: Iterable[Record], title: str) -> list[Record]:
    titled = [row for row in rows if _title_of(row) == title]
    return [row for row in titled if not is_archived(row)] or titled


def _title_of(row: Mapping[str, Any]) -> str:
    return str(row.get("title") or "").strip()


def _actor(client: Client) -> str:
    return client.connection.act_as or "the owner of this token"


def _shaped_field(one: FormField) -> Record:
    return {
        "label": one.label,
        "alias": one.alias or None,
        "id": one.id,
        "type": one.kind,
        "required": one.is_required,
        "options": [option.text for option in one.options],
        "columns": list(one.columns),
    }


def _shaped_step(step: Mapping[str, Any]) -> Record:
    return {
        "title": step.get("title"),
        "alias": step.get("alias"),
        "id": step.get("id"),
        "type": step.get("step_type"),
        "position": position_of(step),
    }
