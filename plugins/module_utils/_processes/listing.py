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
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, NotFoundError
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory

from .desired import DesiredProcess, not_an_id
from .reading import directory_of, find_template_id, get_template
from .record import TIES, age
from .shape import INCLUDES, Form, known_of, shape_process, shown_form
from .template import is_archived, is_id, is_searchable

#: The statuses of a process in the API.
STATUSES = ("active", "complete", "problem", "issue", "improvement", "delayed", "archived")
#: Every status of a process that is neither complete nor archived.
RUNNING = "running"


def list_processes(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped processes that match, sorted by name.

    ``process_id`` selects one process. ``template``, ``reference``, ``query``, ``owner`` (a list) and ``status`` are
    filters. Shaping takes one request for each template, and the requests of ``known_of``.
    """
    rows = _rows_that_match(client, filters)
    forms = forms_of(client, rows)
    reported = [(row, forms[str(row.get("checklist_id"))]) for row in rows]
    known = known_of(client, reported)
    shaped = [shape_process(row, form, known) for row, form in reported]
    return sorted(shaped, key=lambda process: (str(process["name"]).casefold(), str(process["id"])))


def _rows_that_match(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    if filters.get("process_id"):
        return _named(client, tidied(filters["process_id"]))
    template_id = find_template_id(client, filters["template"]) if filters.get("template") else None
    desired = DesiredProcess.from_params({"reference": filters.get("reference")})
    text = str(filters.get("query") or "").strip()
    status = filters.get("status")
    # Where the search of the service may miss a text, read all processes.
    query = next((term for term in (desired.key, text) if term and is_searchable(term)), None)
    rows = []
    owners = _ids_of_owners(client, filters.get("owner") or ())
    # More IDs would make the URL too long.
    narrowed = {"owners": ",".join(owners)} if 0 < len(owners) <= PER_PAGE else None
    if status != "archived":
        rows += list_runs(client, template_id, query=query, includes=TIES, filters=narrowed)
    if status in (None, "archived"):
        rows += list_runs(client, template_id, query=query, includes=TIES, archived=True, filters=narrowed)
    rows = [row for row in rows if fold(text) in fold(str(row.get("name") or ""))]
    if desired.key:
        rows = [row for row in rows if desired.is_carried_by(row)]
    if status == RUNNING:
        rows = [row for row in rows if row.get("status") != "complete" and not row.get("completed_at")]
    elif status not in (None, "archived"):
        rows = [row for row in rows if str(row.get("status")) == status]
    return [row for row in rows if str(row.get("owner_id")) in owners] if owners else rows


def _named(client: Client, process_id: str) -> list[Record]:
    if not is_id(process_id):
        raise InputError([not_an_id(process_id)])
    try:
        return [client.get("runs", process_id, query={"with": ",".join(INCLUDES)})]
    except NotFoundError:
        return []


def forms_of(client: Client, rows: Iterable[Record]) -> dict[str, Form | None]:
    """Return the form of each template by its ID, ``None`` where the caller may not see it.

    A process includes the form that it was launched with, even when its template has been archived since.
    """
    samples = {str(row.get("checklist_id")): row for row in rows}

    def read(item: tuple[str, Record]) -> tuple[str, Form | None]:
        template_id, row = item
        shown = shown_form(row)
        with contextlib.suppress(NotFoundError):
            shown = shown or shown_form(client.get("runs", row["id"], query={"with": "ko_form_fields"}))
        with contextlib.suppress(InputError):
            shown = shown or Form(get_template(client, template_id).fields)
        return template_id, shown

    return dict(map_concurrently(read, list(samples.items()), workers=VALUE_WORKERS))


def _ids_of_owners(client: Client, owners: Sequence[str]) -> list[str]:
    """Return the IDs, as texts, of members given by e-mail address or by ID."""
    emails = [owner for owner in owners if not owner.strip().isdigit()]
    directory = directory_of(client, emails) if emails else Directory()
    found = {owner: directory.find(owner) for owner in emails}
    unknown = [owner for owner, record in found.items() if record is None]
    if unknown:
        raise InputError([f"owner {owner} is not a member of the organization" for owner in unknown])
    ids = {owner: str(record["id"]) for owner, record in found.items() if record is not None}
    return list(dict.fromkeys(ids.get(owner, owner.strip()) for owner in owners))


VALUE_WORKERS = 8
#: The possible filters for archived processes, the more likely one first.
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

    The rows decide, not the filters of the service, about which its sources disagree: the service may ignore a filter
    that returns no archived process.
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
    """Return the processes with their kick-off values, which some listings omit."""

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
