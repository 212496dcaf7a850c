# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads templates, and the people, groups, tags and folders that processes name. Private to the collection.

Source: API reference, "Templates" (the service calls them checklists), "Tags" and "Folders".
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InputError,
    NotFoundError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included, kind_of
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import (
    Directory,
    directory_of_ids,
    keep_members,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    find_member,
    folded,
    list_everybody,
)

from .assignees import Assignees
from .desired import DesiredProcess
from .fields import choices, position_of
from .launch import Known, Launch
from .shape import GROUPS, INCLUDES
from .template import Template, is_archived, is_id, is_searchable

TEMPLATE_WORKERS = 8


def find_template_id(client: Client, template: str) -> str:
    """Return the ID of the template with this ID or exact title; see ``find_template``."""
    return find_template(client, template)[0]


def find_template(client: Client, template: str) -> tuple[str, Template | None]:
    """Return the ID of the template with this ID or exact title, and the template if the listing was complete.

    An ID is not looked up. Titles are not unique: raises ``InputError`` unless exactly one template has the title. An
    archived template counts only when no other has the title, because its processes go on.
    """
    template = tidied(template)
    if is_id(template):
        return template, None
    path = client.path("checklists")
    query = {"q": template, "archived": True, "with": "steps"}
    found = _titled(client.records(path, query=query), template)
    rows = [] if found else client.records(path)
    # The search of the service may fail on unusual characters; the whole list decides.
    found = found or _titled(rows, template)
    if len(found) == 1:
        (row,) = found
        # Rows may be incomplete; ``get_template`` refuses archived templates.
        is_whole = "prerun" in row and isinstance(included(row, "steps"), list) and not is_archived(row)
        return str(row["id"]), _with_steps(client, row) if is_whole else None
    if found:
        ids = ", ".join(str(row["id"]) for row in found)
        raise InputError([f"template: {len(found)} templates have the title {template!r}; give an ID instead: {ids}"])
    titles = choices(sorted({_title_of(row) for row in rows if not is_archived(row)}))
    raise InputError([f"template: there is no template {template!r} that is not archived; templates: {titles}"])


def get_template(client: Client, template_id: str, given: str | None = None) -> Template:
    """Return the template with its kick-off fields and steps; raises ``InputError`` when it does not exist.

    ``given`` is the ID or the title that the user gave.
    """
    try:
        record = client.get("checklists", template_id, query={"with": "steps"})
    except NotFoundError:
        title = template_id if given is None else tidied(given)
        name = template_id if title == template_id else f"{title!r} ({template_id})"
        raise InputError(
            [f"template: {name} does not exist, is archived, or {_actor(client)} may not see it"]
        ) from None
    return _with_steps(client, record)


def get_process(client: Client, process_id: str) -> Record:
    """Return the process with this ID and its includes; raises ``InputError`` when it does not exist."""
    try:
        return client.get("runs", process_id, query={"with": ",".join(INCLUDES)})
    except NotFoundError:
        raise InputError([f"process_id: {process_id} does not exist, or {_actor(client)} may not see it"]) from None


def list_templates(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped templates with the ID or exact title ``template``, or those that match ``query``.

    Sorted by title; archived templates only with ``archived``. Each is read, since rows may be incomplete.
    """
    template = tidied(filters.get("template"))
    if is_id(template):
        try:
            return _shaped(client, [_with_steps(client, client.get("checklists", template, query={"with": "steps"}))])
        except NotFoundError:
            return []
    text = template or tidied(filters.get("query"))
    query = {"q": text if is_searchable(text) and text else None}
    path = client.path("checklists")
    rows = client.records(path, query=query)
    if filters.get("archived"):
        archived = client.records(path, query={**query, "archived": "only"})
        rows = [*rows, *(row for row in archived if is_archived(row))]
    # A service that ignores the filter returns everything twice.
    rows = list({row["id"]: row for row in rows if filters.get("archived") or not is_archived(row)}.values())
    # The search of the service may match differently.
    rows = [row for row in rows if (_title_of(row) == template if template else fold(text) in fold(_title_of(row)))]

    def read(row: Record) -> Template:
        # The service does not return an archived template by ID.
        record = row if is_archived(row) else client.get("checklists", row["id"], query={"with": "steps"})
        return _with_steps(client, record)

    return _shaped(client, list(map_concurrently(read, rows, workers=TEMPLATE_WORKERS)))


def _shaped(client: Client, templates: Sequence[Template]) -> list[Record]:
    directory = directory_of_ids(client, (template.record.get("owner_id") for template in templates))
    shaped = [template.shaped(directory) for template in templates]
    return sorted(shaped, key=lambda template: (str(template["title"]).casefold(), template["id"]))


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
    return tidied(row.get("title"))


def _actor(client: Client) -> str:
    return client.connection.act_as or "the owner of this token"


def look_up(
    client: Client,
    launches: Sequence[tuple[DesiredProcess, Launch | None]],
    more: Iterable[Assignees] = (),
    *,
    directory: Directory | None = None,
    groups: Groups | None = None,
) -> Known:
    """Return the records that the processes and ``more`` assignees name, with at most one request for each kind.

    ``directory`` and ``groups`` are records that have been read already.
    """
    assignees = [named for _desired, launch in launches if launch is not None for named in launch.assignees]
    assignees += more
    emails = {folded(desired.owner) for desired, _launch in launches if desired.owner}
    emails |= {folded(email) for named in assignees for email in named.members}
    launched = [launch for _desired, launch in launches if launch is not None]
    overrides = [override for launch in launched for override in launch.overrides.values()]
    emails |= {folded(email) for override in overrides for email in override.unwanted}
    if directory is None:
        directory = directory_of(client, sorted(emails))
    if groups is None and any(named.groups for named in assignees):
        groups = client.shared[GROUPS] = list_groups(client)
    return Known(
        directory=directory,
        groups=groups or Groups(),
        tags=_list_tags(client) if any(desired.ties("tags").desired for desired, _launch in launches) else {},
        folders=_list_folders(client) if any(desired.ties("folders").desired for desired, _launch in launches) else {},
    )


def directory_of(client: Client, emails: Sequence[str]) -> Directory:
    found = list_everybody(client) if len(emails) > 1 else [find_member(client, email) for email in emails]
    members = [record for record in found if record is not None]
    keep_members(client, members)
    return Directory(members)


def _list_tags(client: Client) -> dict[str, dict[Any, str]]:
    # Without all=true the service omits the tags that it created for processes.
    rows = client.records(client.path("tags"), query={"all": True})
    return _ids_by_name((row.get("title"), row["id"]) for row in rows)


def _list_folders(client: Client) -> dict[str, dict[Any, str]]:
    query = {"pagination": False, "folder_type": "run", "with": "children"}
    rows = client.records(client.path("folders"), query=query, is_paged=False)
    return _ids_by_name((row.get("name"), row["id"]) for row in _with_children(rows))


def _with_children(rows: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        yield row
        children = included(row, "children")
        below = children if isinstance(children, list) else ()
        yield from _with_children(child for child in below if not kind_of("folders").flaw(child))


def _ids_by_name(rows: Iterable[tuple[Any, Any]]) -> dict[str, dict[Any, str]]:
    found: dict[str, dict[Any, str]] = {}
    for name, record_id in rows:
        found.setdefault(fold(str(name or "")), {})[record_id] = str(name or "")
    return found


def read_organization(client: Client) -> Record:
    """Return the record of the organization, an empty one where the caller may not see it."""
    with contextlib.suppress(ForbiddenError, NotFoundError):
        return client.organization()
    return {}
