# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listing processes, and reading what planning them needs. Private to the collection.

Source: API reference, "Processes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.listing import PER_PAGE
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InputError,
    NotFoundError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included, kind_of
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import find_member, folded, list_everybody

from .desired import (
    DesiredProcess,
    Known,
    Launch,
    shape_process,
)
from .kickoff import (
    Assignees,
    shown_value,
)
from .reference import (
    list_runs,
)
from .template import (
    Template,
    find_template_id,
    get_template,
    is_searchable,
)

#: What the service calls the states of a process.
STATUSES = ("active", "complete", "problem", "issue", "improvement", "delayed", "archived")
#: Every status of a process that is neither complete nor archived.
RUNNING = "running"


# --- what processes name ----------------------------------------------------------------------------------------------


def look_up(
    client: Client,
    wanted: Sequence[tuple[DesiredProcess, Launch | None]],
    more: Iterable[Assignees] = (),
    *,
    directory: Directory | None = None,
    groups: Groups | None = None,
) -> Known:
    """Return whom and what the processes and ``more`` assignees name, with as few requests as there are kinds of them.

    ``directory`` and ``groups`` are what somebody has read already.
    """
    assignees = [one for _desired, launch in wanted if launch is not None for one in launch.assignees]
    assignees += more
    emails = {folded(desired.owner) for desired, _launch in wanted if desired.owner}
    emails |= {folded(email) for one in assignees for email in one.users}
    if directory is None:
        directory = _directory_of(client, sorted(emails))
    if groups is None:
        groups = list_groups(client) if any(one.groups for one in assignees) else Groups()
    return Known(
        directory=directory,
        groups=groups,
        tags=_list_tags(client) if any(desired.tags for desired, _launch in wanted) else {},
        folders=_list_folders(client) if any(desired.folders for desired, _launch in wanted) else {},
    )


def _directory_of(client: Client, emails: Sequence[str]) -> Directory:
    if len(emails) > 1:
        return Directory(list_everybody(client))
    found = [find_member(client, email) for email in emails]
    return Directory(record for record in found if record is not None)


def _list_tags(client: Client) -> dict[str, list[Any]]:
    # Without all=true the service leaves out the tags that it made for processes by itself.
    rows = client.records(client.path("tags"), query={"all": True})
    return _ids_by_name((row.get("title"), row["id"]) for row in rows)


def _list_folders(client: Client) -> dict[str, list[Any]]:
    query = {"pagination": False, "folder_type": "run", "with": "children"}
    rows = client.records(client.path("folders"), query=query, is_paged=False)
    return _ids_by_name((row.get("name"), row["id"]) for row in _with_children(rows))


def _with_children(rows: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        yield row
        children = included(row, "children")
        below = children if isinstance(children, list) else ()
        yield from _with_children(child for child in below if not kind_of("folders").flaw(child))


def _ids_by_name(rows: Iterable[tuple[Any, Any]]) -> dict[str, list[Any]]:
    found: dict[str, dict[Any, None]] = {}
    for name, number in rows:
        found.setdefault(fold(str(name or "")), {})[number] = None
    return {name: list(ids) for name, ids in found.items()}


def warning_of_automatic_launch(organization: Mapping[str, Any], template: Template) -> str | None:
    """Return a warning when the organization launches the template by itself for everybody who joins."""
    is_on = organization.get("enable_onboarding_template")
    if not is_on or str(organization.get("onboarding_template_id")) != template.id:
        return None
    return (
        f"The organization itself launches {template.title} for everybody who accepts an invitation, so they may get "
        f"it twice. Switch that off in the settings of the organization, or leave the launch to it."
    )


def read_organization(client: Client) -> Record:
    """Return the record of the organization, an empty one for who may not see it."""
    with contextlib.suppress(ForbiddenError, NotFoundError):
        return client.organization()
    return {}


# --- listing ----------------------------------------------------------------------------------------------------------


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
    owners = _numbers_of_owners(client, filters.get("owner") or ())
    # More numbers than that would make too long an address.
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


def _numbers_of_owners(client: Client, owners: Sequence[str]) -> list[str]:
    """Return the numbers of members, spelled as texts, who are given by address or by number."""
    emails = [owner for owner in owners if not owner.strip().isdigit()]
    directory = _directory_of(client, emails) if emails else Directory()
    found = {owner: directory.find(owner) for owner in emails}
    unknown = [owner for owner, record in found.items() if record is None]
    if unknown:
        raise InputError([f"owner {owner} is not a member of the organization" for owner in unknown])
    numbers = {owner: str(record["id"]) for owner, record in found.items() if record is not None}
    return list(dict.fromkeys(numbers.get(owner, owner.strip()) for owner in owners))


def _add_labels(client: Client, processes: Iterable[Record]) -> None:
    templates: dict[str, Template | None] = {}
    for process in processes:
        number = str(process["template_id"])
        if number not in templates:
            templates[number] = None
            # An archived template is not shown; its processes are told without labels.
            with contextlib.suppress(InputError):
                templates[number] = get_template(client, number)
        template = templates[number]
        values = process["prerun"]
        process["kickoff"] = (
            {one.label: shown_value(one, values.get(one.id)) for one in template.fields} if template else None
        )
