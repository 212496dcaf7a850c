# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes in the form in which modules return and accept them. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import ForbiddenError, NotFoundError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import directory_of_ids
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups, list_groups

from .assignees import member_ids_in
from .desired import DesiredProcess, is_same_name, reference_in
from .fields import FormField, UnfitError, find_field, is_empty
from .launch import Known
from .record import TIES, shown_fields, shown_names, values_of
from .template import is_archived

#: The key under which the groups are kept for the items of a loop.
GROUPS = ("groups",)
#: The includes that are needed to shape a process.
INCLUDES = (*TIES, "ko_form_fields")


@dataclass(frozen=True)
class Form:
    """The fields of a kick-off form, by readable names."""

    fields: tuple[FormField, ...] = ()

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each field by its ID: its label, or its alias where the label is not unique."""
        labels = {field.id: field.label for field in self.fields if field.label and self.find(field.label) is field}
        return {field.id: labels.get(field.id) or field.alias or field.id for field in self.fields}

    def find(self, name: str) -> FormField | None:
        """Return the field with this name, ``None`` when no field or several fields match."""
        with contextlib.suppress(UnfitError):
            return find_field(self.fields, name)
        return None


def shown_form(run: Mapping[str, Any]) -> Form | None:
    """Return the form that a process includes, ``None`` when it includes no form."""
    return Form(shown_fields(run)) if isinstance(included(run, "ko_form_fields"), list) else None


def shape_process(
    run: Mapping[str, Any], form: Form | None = None, known: Known | None = None, field_id: str | None = None
) -> Record:
    """Return a process in the form in which all modules return it; pure.

    Without a ``form``, the names of its values are unknown. ``field_id`` is the ID of the reference field.
    """
    known = known or Known()
    progress = run.get("progress")
    percent = progress.get("percent") if isinstance(progress, Mapping) else progress
    held = values_of(run).get(field_id) if field_id is not None else None
    return {
        "id": run.get("id"),
        "name": run.get("name"),
        "reference": reference_in(str(run.get("name") or "")) if is_empty(held) else held,
        "template": run.get("checklist_title"),
        "template_id": run.get("checklist_id"),
        "state": "archived" if is_archived(run) else "present",
        "status": "archived" if is_archived(run) else run.get("status"),
        "owner": known.directory.email_of(run.get("owner_id")),
        "owner_id": _as_integer(run.get("owner_id")),
        "kickoff": None if form is None or "prerun" not in run else shown_values(form, values_of(run), known),
        **{kind: _sorted(shown_names(run, kind)) for kind in TIES},
        "started_by": _as_integer(run.get("started_by")),
        "percent": percent,
        "due_date": run.get("due_date"),
        "created_at": run.get("created_at"),
        "completed_at": run.get("completed_at"),
        "archived_at": run.get("archived_at"),
    }


def shown_values(form: Form, stored: Mapping[str, Any], known: Known) -> Record:
    """Return the values of a form, stored by field ID, by the names of the fields."""
    shown = {form.names[field.id]: known.shown(field, stored.get(field.id)) for field in form.fields}
    return {name: None if is_empty(value) else value for name, value in shown.items()}


def _sorted(names: list[str] | None) -> list[str] | None:
    return None if names is None else sorted(names, key=str.casefold)


def _as_integer(value: Any) -> Any:
    return int(value) if str(value).isdigit() else value


def known_of(client: Client, runs: Iterable[tuple[Mapping[str, Any], Form | None]]) -> Known:
    """Return the people and groups that processes name by ID, with at most one request for each kind.

    See ``directory_of_ids`` for the requests for members. The records are kept for the items of a loop.
    """
    runs = tuple(runs)
    people = [value for run, form in runs for value in _assignees(run, form)]
    ids = {run.get("owner_id") for run, _form in runs} | {
        member_id for value in people for member_id in member_ids_in(value)
    }
    groups = client.shared.get(GROUPS)
    if groups is None and any(value.get("groups") for value in people):
        with contextlib.suppress(ForbiddenError, NotFoundError):
            groups = client.shared[GROUPS] = list_groups(client)
    return Known(directory=directory_of_ids(client, ids), groups=groups or Groups())


def _assignees(run: Mapping[str, Any], form: Form | None) -> Iterator[Mapping[str, Any]]:
    stored = values_of(run)
    for field in form.fields if form is not None else ():
        value = stored.get(field.id)
        if field.kind == "assignees_form" and isinstance(value, Mapping):
            yield value


def beyond(desired: DesiredProcess, record: Record, form: Form | None) -> DesiredProcess:
    """Return the part of the desired state that differs from the record of the process; pure.

    Values that were read and given back are not looked up. They may be invalid by now: an owner who is disabled, or a
    text that a field no longer accepts.
    """
    shown = record["kickoff"] or {}

    def is_held(name: str, value: Any) -> bool:
        field = form.find(name) if form is not None else None
        return field is not None and form is not None and value == shown.get(form.names[field.id])

    keeps_name = desired.process_id is not None and (not desired.name or is_same_name(desired.name, record["name"]))
    keeps_reference = keeps_name and is_same_name(desired.reference, record["reference"])
    is_owner = desired.owner and record["owner"] and Email(desired.owner) == record["owner"]

    def lacking(kind: str) -> Names | None:
        if record[kind] is None or getattr(desired, kind) is None:
            held_or_all: Names | None = getattr(desired, kind)
            return held_or_all
        add, remove = desired.ties(kind).changes(set(map(fold, record[kind])))
        by_name = {fold(name): name for name in record[kind]}
        return Names(tuple(add), tuple(by_name[fold(name)] for name in remove)) if add or remove else None

    return replace(
        desired,
        name=None if keeps_name else desired.name,
        reference=None if keeps_reference else desired.reference,
        owner=None if is_owner else desired.owner,
        kickoff={name: value for name, value in desired.kickoff.items() if not is_held(name, value)},
        tags=lacking("tags"),
        folders=lacking("folders"),
    )
