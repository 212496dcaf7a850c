# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listing processes. Private to the collection.

Source: API reference, "Processes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.listing import PER_PAGE
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory

from .desired import DesiredProcess
from .reading import directory_of, find_template_id, get_template
from .record import age, shape_process
from .template import Template, is_archived, is_searchable
from .values import shown_value

#: What the service calls the states of a process.
STATUSES = ("active", "complete", "problem", "issue", "improvement", "delayed", "archived")
#: Every status of a process that is neither complete nor archived.
RUNNING = "running"


def list_processes(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped processes that match, sorted by name.

    ``template``, ``name``, ``reference``, ``query``, ``owner`` (a list) and ``status`` narrow the list down.
    ``kickoff`` adds the values by the labels that people see, for which each template is read once.
    """
    template_id = find_template_id(client, filters["template"]) if filters.get("template") else None
    desired = DesiredProcess.from_params({name: filters.get(name) for name in ("name", "reference")})
    text = str(filters.get("query") or "").strip()
    status = filters.get("status")
    # What the search of the service may not find is looked for in all processes.
    query = next((one for one in (desired.key, text) if one and is_searchable(one)), None)
    rows = []
    owners = _ids_of_owners(client, filters.get("owner") or ())
    # More IDs than that would make too long an address.
    narrowed = {"owners": ",".join(owners)} if 0 < len(owners) <= PER_PAGE else None
    if status != "archived":
        rows += list_runs(client, template_id, query=query, filters=narrowed)
    if status in (None, "archived"):
        rows += list_runs(client, template_id, query=query, archived=True, filters=narrowed)
    if desired.key:
        rows = [row for row in rows if desired.is_carried_by(row)]
    rows = [row for row in rows if fold(text) in fold(str(row.get("name") or ""))]
    if status == RUNNING:
        rows = [row for row in rows if row.get("status") != "complete" and not row.get("completed_at")]
    elif status not in (None, "archived"):
        rows = [row for row in rows if str(row.get("status")) == status]
    if owners:
        rows = [row for row in rows if str(row.get("owner_id")) in owners]
    shaped = [shape_process(row) for row in rows]
    if filters.get("kickoff"):
        _add_labels(client, shaped)
    return sorted(shaped, key=lambda one: (str(one["name"]).casefold(), str(one["id"])))


def _ids_of_owners(client: Client, owners: Sequence[str]) -> list[str]:
    """Return the IDs of members, spelled as texts, who are given by address or by ID."""
    emails = [owner for owner in owners if not owner.strip().isdigit()]
    directory = directory_of(client, emails) if emails else Directory()
    found = {owner: directory.find(owner) for owner in emails}
    unknown = [owner for owner, record in found.items() if record is None]
    if unknown:
        raise InputError([f"owner {owner} is not a member of the organization" for owner in unknown])
    ids = {owner: str(record["id"]) for owner, record in found.items() if record is not None}
    return list(dict.fromkeys(ids.get(owner, owner.strip()) for owner in owners))


def _add_labels(client: Client, processes: Iterable[Record]) -> None:
    templates: dict[str, Template | None] = {}
    for process in processes:
        template_id = str(process["template_id"])
        if template_id not in templates:
            templates[template_id] = None
            # An archived template is not shown; its processes are told without labels.
            with contextlib.suppress(InputError):
                templates[template_id] = get_template(client, template_id)
        template = templates[template_id]
        values = process["prerun"]
        process["kickoff"] = (
            {one.label: shown_value(one, values.get(one.id)) for one in template.fields} if template else None
        )


VALUE_WORKERS = 8
#: The readings of what brings archived processes, the likelier one first.
READINGS: tuple[Mapping[str, str], ...] = ({"archived": "only"}, {"status": "archived"})


def list_runs(
    client: Client,
    template_id: str | None,
    *,
    query: str | None = None,
    archived: bool = False,
    includes: Sequence[str] = (),
    filters: Mapping[str, Any] | None = None,
    workers: int = 1,
) -> list[Record]:
    """Return the active or the archived processes of a template, or of all, oldest first.

    What each row says of itself counts, and not the filters of the service, which its sources disagree about: a
    filter that brings no archived process may be one that it does not know.
    """
    rows: list[Record] = []
    for state in READINGS if archived else ({},):
        asked = runs_query(template_id, includes=includes, state=state, more={"q": query, **(filters or {})})
        rows = rows_of(
            client.records(client.path("runs"), query=asked, workers=workers), template_id, archived=archived
        )
        if rows:
            break
    return sorted(rows, key=age)


def with_values(client: Client, rows: Sequence[Record], *, workers: int = VALUE_WORKERS) -> list[Record]:
    """Return the processes with their kick-off values, which some lists do not show."""

    def whole(row: Record) -> Record:
        return row if "prerun" in row else {**row, **client.get("runs", row["id"])}

    return list(map_concurrently(whole, rows, workers=workers))


def runs_query(
    template_id: str | None,
    *,
    includes: Iterable[str] = (),
    state: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {"checklist_id": template_id, "with": ",".join(includes) or None, **(more or {}), **(state or {})}


def rows_of(rows: Iterable[Record], template_id: str | None, *, archived: bool) -> list[Record]:
    return [
        row
        for row in rows
        if template_id in (None, str(row.get("checklist_id") or template_id)) and is_archived(row) is archived
    ]
