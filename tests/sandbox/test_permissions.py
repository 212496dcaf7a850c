# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The permission matrix: what each rank may do, with the token of somebody of that rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.people import FOLDER, HIRE_ID
from tests.sandbox.caller import ARCHIVED_RUN, INVITATION, PROFILE, RUN, TASK, TOUR_LAUNCH, Api

RANKS = {"admin": "erin.walker@example.com", "standard": "bob@example.com", "light": "frank.moore@example.com"}
GROUP = {"name": "New", "description": "New"}
EVERYBODY = set(RANKS)
TIE = {"subject_id": RUN, "subject_type": "Run", "tag_id": "a9a53a2ae1e6dd36db693399d5332e7b", "tag_type": "private"}
IN_FOLDER = {"folder_id": FOLDER, "subject_id": RUN, "subject_type": "Run"}

# Action: who may do it, and the call. The default seed lets standard members invite and manage groups.
MATRIX: dict[str, tuple[set[str], Callable[[Api], Any]]] = {
    "list members": ({"admin", "standard", "light"}, lambda api: api.get("/users")),
    "list minimal": ({"admin", "standard", "light"}, lambda api: api.get("/users-list")),
    "list groups": ({"admin", "standard", "light"}, lambda api: api.get("/groups")),
    "list guests": ({"admin", "standard", "light"}, lambda api: api.get("/guests")),
    "get me": ({"admin", "standard", "light"}, lambda api: api.get("/me")),
    "get organization": ({"admin", "standard", "light"}, lambda api: api.get("")),
    "get member": ({"admin"}, lambda api: api.get("/users/12345")),
    "update": ({"admin"}, lambda api: api.put("/users/12345", PROFILE)),
    "role": ({"admin"}, lambda api: api.put("/users/12345/role", {"role": "light"})),
    "disable": ({"admin"}, lambda api: api.delete("/users/12345/disable")),
    "enable": ({"admin"}, lambda api: api.put("/users/1007/enable")),
    "remove": ({"admin"}, lambda api: api.delete("/users/12345")),
    "delete": ({"admin"}, lambda api: api.delete("/users/1007/delete")),
    "approve": ({"admin"}, lambda api: api.put("/users/12345/approve")),
    "convert": ({"admin"}, lambda api: api.put("/users/12345/to/guest")),
    "invite": ({"admin", "standard"}, lambda api: api.post("/users/invite", INVITATION)),
    "invite admin": ({"admin"}, lambda api: api.post("/users/invite", {**INVITATION, "role": "admin"})),
    "create group": ({"admin", "standard"}, lambda api: api.post("/groups", GROUP)),
    "update group": (
        {"admin", "standard"},
        lambda api: api.put("/groups/97e95e53bf25476dfbf55dd84fcda0b4", {"members": []}),
    ),
    "delete group": ({"admin", "standard"}, lambda api: api.delete("/groups/97e95e53bf25476dfbf55dd84fcda0b4")),
    "create guest": ({"admin", "standard", "light"}, lambda api: api.post("/guests", {"email": "new@example.org"})),
    "create tag": ({"admin", "standard"}, lambda api: api.post("/tags", {"title": "T"})),
    "attach tag": ({"admin", "standard"}, lambda api: api.post("/checklists/tags", TIE)),
    "detach tag": ({"admin", "standard"}, lambda api: api.delete("/checklists/tags/302")),
    "list templates": (EVERYBODY, lambda api: api.get("/checklists")),
    "get template": (EVERYBODY, lambda api: api.get(f"/checklists/{HIRE_ID}")),
    "create template": (
        {"admin", "standard"},
        lambda api: api.post("/checklists", {"title": "T", "type": "form"}),
    ),
    # A standard member who owns the template, or whom it names, may do these too: see test_templates.py.
    "update template": ({"admin"}, lambda api: api.put(f"/checklists/{HIRE_ID}", {"title": "T"})),
    "archive template": ({"admin"}, lambda api: api.delete(f"/checklists/{HIRE_ID}")),
    "add step": ({"admin"}, lambda api: api.post(f"/checklists/{HIRE_ID}/steps", {"title": "T"})),
    "list processes": (EVERYBODY, lambda api: api.get("/runs")),
    "get process": (EVERYBODY, lambda api: api.get(f"/runs/{RUN}")),
    "launch": ({"admin"}, lambda api: api.post("/runs", TOUR_LAUNCH)),
    "update process": ({"admin", "standard"}, lambda api: api.put(f"/runs/{RUN}", {"name": "N"})),
    "archive process": ({"admin", "standard"}, lambda api: api.delete(f"/runs/{RUN}")),
    "activate process": ({"admin", "standard"}, lambda api: api.put(f"/runs/{ARCHIVED_RUN}/activate")),
    "delete process": ({"admin"}, lambda api: api.delete(f"/runs/{ARCHIVED_RUN}/delete")),
    "list tasks": (EVERYBODY, lambda api: api.get("/tasks")),
    "update task": (EVERYBODY, lambda api: api.put(f"/runs/{RUN}/tasks/{TASK}", {"title": "T"})),
    "list folders": (EVERYBODY, lambda api: api.get("/folders")),
    "create folder": ({"admin", "standard"}, lambda api: api.post("/folders", {"name": "F"})),
    "update folder": ({"admin", "standard"}, lambda api: api.put(f"/folders/{FOLDER}", {"name": "F"})),
    "delete folder": ({"admin", "standard"}, lambda api: api.delete(f"/folders/{FOLDER}")),
    "put into folder": ({"admin", "standard"}, lambda api: api.post("/folders/add-object", IN_FOLDER)),
    "take out of folder": ({"admin", "standard"}, lambda api: api.delete("/folders-objects/401")),
}


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("action", MATRIX)
def test_matrix(action: str, rank: str, api: Api) -> None:
    allowed, act = MATRIX[action]
    before = api.sandbox.state()
    answer = act(Api(api.sandbox, api.sandbox.issue_token(RANKS[rank])))
    if rank in allowed:
        assert answer.status_code in (200, 201, 204)
    else:
        assert answer.status_code == 403
        denied = "Permission denied: cannot launch process from this template."
        assert answer.json()["message"] == (
            denied if action == "launch" else "You do not have permission to perform this action."
        )
        assert {**api.sandbox.state(), "tokens": 0} == {**before, "tokens": 0}


@pytest.mark.parametrize("action", MATRIX)
def test_an_application_acts_as_administrator(action: str, api: Api) -> None:
    answer = MATRIX[action][1](api)
    assert answer.status_code == 401 if action == "get me" else answer.status_code in (200, 201, 204)


def test_organization_settings(bob: Api) -> None:
    bob.sandbox.switch(allow_user_invite=False, allow_manage_groups=False)
    assert bob.post("/users/invite", INVITATION).status_code == 403
    assert bob.post("/groups", GROUP).status_code == 403
    settings = bob.get("").json()["data"]
    assert (settings["allow_user_invite"], settings["allow_manage_groups"]) == (False, False)
    assert settings["user_role"] == "standard"
