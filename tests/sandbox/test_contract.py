# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Answers have the shape of the documented samples: the same keys, values of the same types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import HIRE_ID
from tests.sandbox.caller import INVITATION, RUN, TASK, Api, sample, sign_in


def same_shape(answer: Any, documented: Any, where: str = "$") -> None:
    """Compare keys and types; null stands for any type, links for any of their shapes, an empty list for any list."""
    if where.endswith(".links") or answer is None or documented is None:
        return
    assert type(answer) is type(documented), f"{where}: {answer!r} against {documented!r}"
    if isinstance(documented, dict):
        assert list(answer) == list(documented), where
        for key in documented:
            same_shape(answer[key], documented[key], f"{where}.{key}")
    if isinstance(documented, list) and documented:
        for position, inner in enumerate(answer):
            same_shape(inner, documented[0], f"{where}[{position}]")


READS = {
    "member": "/users/12345",
    "member-with-includes": "/users/12345?with=stats,groups,country",
    "member-disabled": "/users/1007",
    "member-invited": "/users/1005",
    "members-list": "/users",
    "members-list-page2": "/users?per_page=3&page=2",
    "members-list-empty": "/users?q=nobody-at-all",
    "users-list": "/users-list",
    "organization": "",
    "group": "/groups/97e95e53bf25476dfbf55dd84fcda0b4",
    "group-legacy-null-description": "/groups/731dc65d13ecdd9c8a8cb706592cf863",
    "groups-list": "/groups",
    "guest": "/guests/partner%40example.org",
    "guest-with-stats": "/guests/partner%40example.org?with=stats",
    "guests-list": "/guests",
    "tag": "/tags/a9a53a2ae1e6dd36db693399d5332e7b?with=statistics",
    "tags-list": "/tags",
    "checklist": f"/checklists/{HIRE_ID}?with=steps,tags",
    "checklists-list": "/checklists",
    "steps-list": f"/checklists/{HIRE_ID}/steps",
    "run": f"/runs/{RUN}?with=tags",
    "runs-list": "/runs?q=jordan",
    "runs-list-empty": "/runs?q=nobody-at-all",
    "task": f"/tasks/{TASK}",
    "tasks-list": f"/runs/{RUN}/tasks",
    "form-fields": f"/runs/{RUN}/form-fields",
    "folder": "/folders/a9f47897a44aa9baa6f908e0d77e5664",
    "folders-list": "/folders?pagination=false&sort=position&with=children&folder_type=run",
    "search": "/search?on=process&search=jordan",
}


@pytest.mark.parametrize("name", READS)
def test_read(name: str, api: Api) -> None:
    api.sandbox.switch(included_tags="tags")  # the samples are the pages'; clients read ties
    answer = api.get(READS[name])
    assert answer.status_code in (200, 201)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]
    same_shape(answer.json(), sample(name))


def test_members_of_the_samples_are_the_seeded_ones(api: Api) -> None:
    """Values that carry meaning agree too, not only types."""
    for name, path in (("member", "/users/12345"), ("member-invited", "/users/1005"), ("me", "/users/1001")):
        documented, answer = sample(name)["data"], api.get(path).json()["data"]
        for key in ("id", "email", "username", "full_name", "role", "status", "is_active", "type", "is_default_admin"):
            assert answer[key] == documented[key], (name, key)


def test_me(alice: Api) -> None:
    for path in ("/me", f"/organizations/{alice.organization}/me"):
        same_shape(alice.get(path, root=True).json(), sample("me"))
    same_shape(alice.get("/me/organizations", root=True).json(), sample("me-organizations"))


@pytest.mark.parametrize(
    ("shape", "case", "name"),
    [
        ("doc", "title", "member-doc-shape"),
        ("sdk", "lower", "member-sdk-shape"),
        ("minimal", "title", "member-as-documented-minimal"),
    ],
)
def test_member_shapes(shape: str, case: str, name: str, api: Api) -> None:
    api.sandbox.switch(member_shape=shape, role_case=case)
    answer = api.get("/users/12345").json()
    assert set(answer["data"]) == set(sample(name)["data"])
    assert answer["data"]["role"] == ("Standard" if case == "title" else "standard")


def test_tokens(sandbox: Any, api: Api) -> None:
    application = sign_in(sandbox)
    same_shape(application.json(), sample("token-app"))
    assert application.json()["expires_in"] == sample("token-app")["expires_in"]
    minted = api.mint("alice.smith@example.com").json()
    same_shape(minted, sample("token-user"))
    assert minted["expires_in"] == sample("token-user")["expires_in"]
    signed_in = sign_in(sandbox, grant_type="password", username="alice.smith@example.com", password="sandbox-password")
    same_shape(signed_in.json(), sample("token-password"))


def test_writes(api: Api) -> None:
    request = {**sample("application-user-request"), "email": "john.another@example.com"}
    created = api.provision(request)
    assert created.status_code == 201
    same_shape(created.json(), sample("application-user-created"))
    invited = api.post("/users/invite", {**sample("invite-request"), "email": INVITATION["email"]})
    assert invited.status_code == 200
    same_shape(invited.json(), sample("member-invited"))
    updated = api.put("/users/12345", sample("member-update-request"))
    assert updated.status_code == 200
    same_shape(updated.json(), sample("member"))
    assert updated.json()["data"]["job_title"] == sample("member-update-request")["job_title"]
    group = api.post("/groups", {**sample("group-create-request"), "name": "Engineering 2"})
    assert group.status_code == 201
    same_shape(group.json(), sample("group"))
    guest = api.post("/guests", {**sample("guest-create-request"), "email": "other@example.org"})
    assert guest.status_code == 201
    same_shape(guest.json(), sample("guest"))
    assert guest.json()["data"]["details"]["company_name"] == "Partner Co"


def test_permanent_deletion_reads_as_the_sample(api: Api) -> None:
    answer = api.delete("/users/1007/delete").json()
    same_shape(answer, sample("member-deleted"))
    for key in ("email", "last_name", "full_name", "username", "status"):
        assert answer["data"][key] == sample("member-deleted")["data"][key]


def test_the_template_and_the_process_of_the_samples_are_the_seeded_ones(api: Api) -> None:
    """What a client reads a template for agrees in value: fields with their ids, options and columns; steps; values."""
    documented, answer = sample("checklist")["data"], api.get(f"/checklists/{HIRE_ID}?with=steps").json()["data"]
    for key in ("id", "title", "summary", "owner_id", "type", "steps_count", "status", "archived_at"):
        assert answer[key] == documented[key], key
    for got, desired in zip(answer["prerun"], documented["prerun"], strict=True):
        for key in ("id", "label", "field_type", "position", "required", "options", "columns", "use_wysiwyg_editor"):
            assert got[key] == desired[key], (desired["label"], key)
    for got, desired in zip(answer["steps"]["data"], documented["steps"]["data"], strict=True):
        for key in ("id", "title", "step_type", "position", "assignees", "groups", "deadline", "assign_run_starter"):
            assert got[key] == desired[key], (desired["title"], key)
    documented, answer = sample("run")["data"], api.get(f"/runs/{RUN}").json()["data"]
    for key in ("id", "name", "summary", "status", "progress", "started_by", "owner_id", "prerun", "collaborators"):
        assert answer[key] == documented[key], key
    documented, answer = sample("tasks-list")["data"], api.get(f"/runs/{RUN}/tasks").json()["data"]
    for got, desired in zip(answer, documented, strict=True):
        for key in ("id", "title", "step_id", "owners", "status", "task_type", "deadline"):
            assert got[key] == desired[key], (desired["title"], key)


def test_process_writes(api: Api) -> None:
    launched = api.post("/runs", sample("launch-request"))
    assert launched.status_code == 201
    same_shape(launched.json(), sample("run-created"))
    assert launched.json()["data"]["prerun"] == sample("launch-request")["prerun"]
    archived = api.delete(f"/runs/{RUN}")
    same_shape(archived.json(), sample("run-archived"))
    assert archived.json()["data"]["status"] == "archived"
    api.put(f"/runs/{RUN}/activate")
    api.put(f"/runs/{RUN}/tasks/{TASK}", sample("task-update-request"))
    completed = api.post(f"/runs/{RUN}/completed-tasks", sample("task-complete-request"))
    assert completed.status_code == 200
    shown, documented = completed.json(), sample("task-completed")
    documented["data"]["taskdata"] = shown["data"]["taskdata"]
    same_shape(shown, documented)
    shown, documented = api.delete(f"/runs/{RUN}/completed-tasks/{TASK}").json(), sample("task-reopened")
    documented["data"]["taskdata"] = shown["data"]["taskdata"]
    same_shape(shown, documented)
    one_off = api.post("/tasks", sample("task-oneoff-request"))
    assert one_off.status_code == 201
    same_shape(one_off.json(), sample("task"))
    tied = api.post("/checklists/tags", sample("tag-attach-request"))
    assert isinstance(tied.json()["data"]["id"], int)
    same_shape(api.delete(f"/checklists/{HIRE_ID}").json(), sample("checklist-archived-response"))
