# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The life of a member, from invitation to deletion, and the rules around groups and guests."""

from __future__ import annotations

import pytest

from tests.people import JOHN
from tests.sandbox.caller import INVITATION, PERSON, PROFILE, Api


def test_invite_accept_disable_enable_delete(alice: Api) -> None:
    sandbox = alice.sandbox
    invited = alice.post("/users/invite", INVITATION).json()["data"]
    assert (invited["status"], invited["is_active"], invited["username"], invited["type"]) == (
        "invited",
        False,
        None,
        None,
    )
    assert invited["invited_by"] == 1001
    assert invited["approved_at"] is not None
    assert alice.delete(f"/users/{invited['id']}/delete").status_code == 400
    sandbox.accept(INVITATION["email"])
    active = alice.get(f"/users/{invited['id']}").json()["data"]
    assert (active["status"], active["is_active"], active["type"]) == ("active", True, "standard")
    disabled = alice.delete(f"/users/{invited['id']}/disable").json()["data"]
    assert (disabled["status"], disabled["disabled_by"]) == ("disabled", 1001)
    enabled = alice.put(f"/users/{invited['id']}/enable").json()["data"]
    assert (enabled["status"], enabled["reactivated_by"], enabled["disabled_at"]) == ("active", 1001, None)
    alice.delete(f"/users/{invited['id']}/disable")
    gone = alice.delete(f"/users/{invited['id']}/delete").json()["data"]
    assert gone["email"] == f"{INVITATION['email']}.deleted.{invited['id']}"
    assert gone["last_name"] == "New(Deleted)"
    assert alice.get(f"/users?q={INVITATION['email']}").json()["data"] == []
    assert alice.get(f"/users/{invited['id']}").status_code == 404
    assert alice.delete(f"/users/{invited['id']}/delete").status_code == 404
    again = alice.post("/users/invite", INVITATION).json()["data"]
    assert again["id"] > invited["id"], "the address is free again, the id is not"


def test_provision(api: Api) -> None:
    created = api.provision({**PERSON, "phone": "+1555"})
    assert created.status_code == 201
    record = api.sandbox.member(PERSON["email"])
    assert (record["status"], record["role"], record["timezone"], record["phone"]) == (
        "active",
        "light",
        "America/Chicago",
        None,
    )
    assert record["invited_by"] is None
    assert api.provision(PERSON).status_code == 422
    assert api.provision({**PERSON, "email": "ivy.stone@example.net"}).status_code == 422


@pytest.mark.parametrize("path", ["/users/12345/disable", "/users/12345"])
def test_leaving_empties_groups_and_ends_sessions(path: str, api: Api) -> None:
    john = Api(api.sandbox, api.sandbox.issue_token(JOHN))
    assert john.get("/me").status_code == 200
    answer = api.delete(path).json()["data"]
    assert (answer["status"], answer["disabled_by"]) == ("disabled", None)
    assert api.sandbox.group("Engineering")["members"] == [1001]
    assert john.get("/me").status_code == 401
    assert JOHN in {row["email"] for row in api.get("/users").json()["data"]}
    first = api.sandbox.member(JOHN)["disabled_at"]
    api.sandbox.advance(60)
    assert api.delete(path).status_code == 200, "once more changes nothing"
    assert api.sandbox.member(JOHN)["disabled_at"] == first
    assert api.put("/users/12345/enable").json()["data"]["status"] == "active"
    assert api.sandbox.group("Engineering")["members"] == [1001]


def test_reassignment(api: Api) -> None:
    api.sandbox.patch_member(JOHN, open_tasks=3)
    for target in ("", "&to=999999", "&to=1007", "&to=12345"):
        refused = api.delete(f"/users/12345?with_reassignment=true{target}")
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["to"])
    assert api.delete("/users/12345?with_reassignment=true&to=1002").status_code == 200
    assert api.sandbox.member("bob@example.com")["open_tasks"] == 3
    assert api.sandbox.member(JOHN)["open_tasks"] == 0


def test_role(api: Api) -> None:
    assert api.put("/users/12345/role", {"role": "admin"}).json()["data"]["role"] == "admin"
    assert api.put("/users/12345/role", {"role": "admin"}).status_code == 200
    assert api.put("/users/12345/role", {"role": "boss"}).status_code == 422
    assert api.put("/users/999/role", {"role": "light"}).status_code == 404
    assert api.put("/users/1003/role", {"role": "light"}).status_code == 200


def test_last_administrator(api: Api) -> None:
    api.sandbox.patch_member("alice.smith@example.com", is_default_admin=False)
    assert api.delete("/users/1003/disable").status_code == 200
    for answer in (
        api.delete("/users/1001/disable"),
        api.delete("/users/1001"),
        api.put("/users/1001/role", {"role": "standard"}),
    ):
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("Cannot modify the default administrator.")


def test_update_stores_and_ignores(api: Api) -> None:
    body = {**PROFILE, "job_title": "  Lead ", "phone": "", "email": "x@example.com", "role": "admin", "shoe_size": 42}
    answer = api.put("/users/12345", body).json()["data"]
    assert (answer["job_title"], answer["phone"], answer["email"], answer["role"]) == ("Lead", None, JOHN, "standard")
    assert answer["team"] == "Operations", "what is not named stays"
    assert "shoe_size" not in answer


def test_update_of_somebody_in_two_organizations(api: Api) -> None:
    profile = {"first_name": "Grace", "last_name": "Hopper", "timezone": "UTC"}
    assert api.put("/users/1009", profile).status_code == 403
    grace = Api(api.sandbox, api.sandbox.issue_token("grace.kim@example.net"))
    assert grace.put("/me", profile).json()["data"]["last_name"] == "Hopper"
    assert len(grace.get("/me/organizations", root=True).json()["data"]) == 2
    api.delete("/users/1009/disable")
    assert api.delete("/users/1009/delete").status_code == 200
    partner = api.sandbox.state("9c1b6d5a04e84b7fa3d2c0e95f7a6b18")["members"]
    assert "grace.kim@example.net" in {member["email"] for member in partner}


def test_approve_and_convert(api: Api) -> None:
    api.sandbox.patch_member(JOHN, approved_at=None)
    assert api.put("/users/12345/approve").json()["data"]["approved_at"] is not None
    guest = api.put("/users/12345/to/guest")
    assert guest.status_code == 200
    assert guest.json()["data"]["email"] == JOHN
    assert api.sandbox.member(JOHN)["status"] == "disabled"
    assert api.sandbox.group("Engineering")["members"] == [1001]
    assert api.put("/users/1001/to/guest").status_code == 400
    assert api.put("/users/1005/to/guest").status_code == 400
    member = api.post("/guests/partner%40example.org/to/member").json()["data"]
    assert (member["email"], member["status"]) == ("partner@example.org", "invited")
    assert api.get("/guests/partner%40example.org").status_code == 404


def test_group_put_replaces(api: Api) -> None:
    path = "/groups/97e95e53bf25476dfbf55dd84fcda0b4"
    answer = api.put(path, {"members": ["1002", 1002, 1003]})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["members"], data["guests"]) == ([1002, 1003], ["partner@example.org"])
    assert (data["name"], data["description"]) == ("Engineering", "Core engineering group")
    assert api.put(path, {"members": [], "guests": []}).json()["data"]["members"] == []
    assert api.put(path, {"name": "People"}).status_code == 422
    deleted = api.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.delete(path).status_code == 404
    included = api.get("/users/1002?with=groups").json()["data"]["groups"]["data"]
    assert [group["name"] for group in included] == ["People"]


def test_guest_put_and_return(api: Api) -> None:
    path = "/guests/partner%40example.org"
    answer = api.put(path, {"associated_members": [1002], "first_name": "Other", "email": "partner@example.org"})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["details"]["associated_members"], data["first_name"]) == ([1002], "External")
    deleted = api.delete(path)
    assert (deleted.status_code, deleted.json()["data"]["id"]) == (200, 4523)
    assert api.sandbox.group("Engineering")["guests"] == []
    again = api.post("/guests", {"email": "Partner@example.org", "first_name": "New", "phone": "1"}).json()["data"]
    assert (again["id"], again["first_name"], again["details"]["phone_1"]) == (4523, "External", "+12125550123")
    assert api.delete("/guests/partner%40example.org/disable").json()["data"]["details"]["disabled_at"]
    enabled = api.put("/guests/partner%40example.org/enable").json()["data"]["details"]
    assert enabled["disabled_at"] is None
    assert enabled["reactivated_at"]


def test_tags(api: Api) -> None:
    created = api.post("/tags", {"title": "New", "color": "#ABCDEF"})
    assert created.status_code == 201
    path = f"/tags/{created.json()['data']['id']}"
    assert api.put(path, {"color": "#000000"}).status_code == 422
    assert api.put(path, {"title": "Newer"}).json()["data"]["color"] == "#ABCDEF"
    assert {tag["title"] for tag in api.get("/tags").json()["data"]} == {"Onboarding", "Urgent", "Newer"}
    assert "Run 42" in {tag["title"] for tag in api.get("/tags?all=true").json()["data"]}
    assert len(api.get("/tags?all=True").json()["data"]) == 3
    assert [tag["title"] for tag in api.get("/tags?auto_generated=true").json()["data"]] == ["Run 42"]
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
