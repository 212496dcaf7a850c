# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Folders for templates and processes, and what lies in them."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item, json_reply, resource_not_found
from .launching import touch
from .listings import plain_list
from .records import Folder
from .validation import Checker, as_id

NAME_MAXIMUM = 32
FOLDER_TYPES = ("checklist", "run")


def list_folders(call: Call) -> Reply:
    kind, requested = call.query.get("folder_type"), call.query.get("q", "").lower()
    folders = [
        folder
        for folder in call.organization.folders.values()
        if (not kind or folder.folder_type == kind) and requested in folder.name.lower()
    ]
    name, downwards = call.sorting()
    if name in ("position", "name"):
        folders.sort(key=lambda folder: getattr(folder, name), reverse=downwards)
    return plain_list(call, folders, lambda folder: _row(call, folder))


def get_folder(call: Call) -> Reply:
    return item(_row(call, _find(call)))


def create_folder(call: Call) -> Reply:
    checker = Checker(call)
    name = checker.text("name", required=True, maximum=NAME_MAXIMUM)
    parent_id = _parent(call, checker, None)
    kind = checker.one_of("folder_type", FOLDER_TYPES)
    checker.raise_if_any()
    folders = call.organization.folders
    if parent_id is not None:
        kind = folders[parent_id].folder_type
    folder = Folder(call.world.new_hex("folder"), certain(name), len(folders) + 1, parent_id, kind or "checklist")
    folders[folder.id] = folder
    return item(_row(call, folder), 201)


def update_folder(call: Call) -> Reply:
    folder = _find(call)
    checker = Checker(call)
    name = checker.text("name", required=True, maximum=NAME_MAXIMUM)
    parent_id = _parent(call, checker, folder)
    checker.raise_if_any()
    folder.name = certain(name)
    if "parent_id" in call.body:
        folder.parent_id = parent_id
    return item(_row(call, folder))


def delete_folder(call: Call) -> Reply:
    """Delete a folder; what lay in it stays, its subfolders move to the top."""
    organization, folder = call.organization, _find(call)
    del organization.folders[folder.id]
    for child in organization.folders.values():
        if child.parent_id == folder.id:
            child.parent_id = None
    for template in organization.templates.values():
        if template.record["folder_id"] == folder.id:
            template.record["folder_id"] = None
            template.row_generation = -1
    for run in organization.runs.values():
        if folder.id in run.folders.values():
            run.folders = {tie_id: one for tie_id, one in run.folders.items() if one != folder.id}
    return Reply(204)


def add_object(call: Call) -> Reply:
    """Put a process into a folder; templates are put there by their own PUT."""
    checker = Checker(call)
    folder_id = checker.text("folder_id", required=True)
    subject_id = checker.text("subject_id", required=True)
    checker.one_of("subject_type", ("Run",), required=True)
    if folder_id is not None and folder_id not in call.organization.folders:
        checker.complain("folder_id", "The selected folder id is invalid.")
    run = call.organization.runs.get(subject_id or "")
    if subject_id is not None and run is None:
        checker.complain("subject_id", "Subject not found")
    checker.raise_if_any()
    run = certain(run)
    tie_id = call.world.new_id()
    run.folders[tie_id] = certain(folder_id)
    touch(run, call.world.timestamp())
    relation = {"id": tie_id, "folder_id": folder_id, "subject_id": run.id, "subject_type": "Run"}
    return json_reply({"data": relation}, 201)


def remove_object(call: Call) -> Reply:
    """Take a process out of a folder; an ID that does not exist, or no ID at all, silently does nothing."""
    tie_id = as_id(call.params[1])
    for run in call.organization.runs.values():
        if tie_id in run.folders:
            del run.folders[tie_id]
            touch(run, call.world.timestamp())
            break
    return Reply(204)


def _find(call: Call) -> Folder:
    folder = call.organization.folders.get(call.params[1])
    if folder is None:
        raise resource_not_found()
    return folder


def _parent(call: Call, checker: Checker, folder: Folder | None) -> str | None:
    """Return the parent the body names, which must exist and not lie below the folder itself."""
    requested = checker.text("parent_id")
    above = requested
    while above is not None:
        found = call.organization.folders.get(above)
        if found is None or found is folder:
            checker.complain("parent_id", "The selected parent id is invalid.")
            return None
        above = found.parent_id
    return requested


def _row(call: Call, folder: Folder) -> bytes:
    return orjson.dumps(_record(call, folder))


def _record(call: Call, folder: Folder) -> dict[str, Any]:
    organization = call.organization
    parent = organization.folders.get(folder.parent_id or "")
    if folder.folder_type == "run":
        total = sum(1 for run in organization.runs.values() if folder.id in run.folders.values())
    else:
        total = sum(1 for template in organization.templates.values() if template.record["folder_id"] == folder.id)
    return {
        "id": folder.id,
        "name": folder.name,
        "parent_id": folder.parent_id,
        "parent": None if parent is None else parent.name,
        "total": total,
        "position": folder.position,
        "folder_type": folder.folder_type,
        "children": [_record(call, child) for child in organization.folders.values() if child.parent_id == folder.id],
    }


_FOLDERS = "/organizations/{org}/folders"

ROUTES = (
    Route("folders.list", "GET", _FOLDERS, list_folders),
    Route("folders.create", "POST", _FOLDERS, create_folder, permission="standard"),
    Route("folders.get", "GET", f"{_FOLDERS}/{{id}}", get_folder),
    Route("folders.update", "PUT", f"{_FOLDERS}/{{id}}", update_folder, permission="standard"),
    Route("folders.delete", "DELETE", f"{_FOLDERS}/{{id}}", delete_folder, permission="standard"),
    Route("folders.add_object", "POST", f"{_FOLDERS}/add-object", add_object, permission="standard"),
    Route(
        "folders.remove_object",
        "DELETE",
        "/organizations/{org}/folders-objects/{id}",
        remove_object,
        permission="standard",
    ),
)
