# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Answers have the shape of the documented samples: the same keys, values of the same types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.caller import INVITATION, Api, sample, sign_in


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
}


@pytest.mark.parametrize("name", READS)
def test_read(name: str, api: Api) -> None:
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
