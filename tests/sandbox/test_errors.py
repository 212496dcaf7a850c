# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Every error text of the catalogue that belongs to these routes can be met, with its documented body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.sandbox.caller import INVITATION, PERSON, PROFILE, TOUR_LAUNCH, Api, sample, sign_in

BOT = "/users/2"

CASES: dict[str, tuple[int, str, dict[str, Any], Callable[[Api], Any]]] = {
    "bot remove": (400, "error-400-bot", {}, lambda api: api.delete(BOT)),
    "default admin remove": (400, "error-400-default-admin", {}, lambda api: api.delete("/users/1001")),
    "default admin disable": (400, "error-400-default-admin", {}, lambda api: api.delete("/users/1001/disable")),
    "default admin demote": (400, "error-400-default-admin", {},
        lambda api: api.put("/users/1001/role", {"role": "light"})),
    "delete while active": (400, "error-400-delete-not-disabled", {}, lambda api: api.delete("/users/12345/delete")),
    "no token": (401, "error-401", {}, lambda api: Api(api.sandbox, None).get("/users")),
    "bad token": (401, "error-401", {}, lambda api: Api(api.sandbox, "nonsense").get("/users")),
    "no token, bare": (401, "error-401-variant-bare", {"unauthenticated_body": "bare"},
        lambda api: Api(api.sandbox, None).get("/users")),
    "other organization": (403, "error-403-application-org", {},
        lambda api: Api(api.sandbox, api.sandbox.issue_token(), "9c1b6d5a04e84b7fa3d2c0e95f7a6b18").provision(PERSON)),
    "rank": (403, "error-403", {},
        lambda api: Api(api.sandbox, api.sandbox.issue_token("bob@example.com")).get("/users/1001")),
    "read-only": (403, "error-403-read-only", {"read_only": True}, lambda api: api.post("/users/invite", INVITATION)),
    "unknown route": (404, "error-404-endpoint", {}, lambda api: api.get("/members")),
    "unknown member": (404, "error-404-resource", {}, lambda api: api.get("/users/999999")),
    "unknown group": (404, "error-404-resource", {}, lambda api: api.get("/groups/" + "0" * 32)),
    "unknown guest": (404, "error-404-resource", {}, lambda api: api.get("/guests/nobody%40example.org")),
    "unknown tag": (404, "error-404-resource", {}, lambda api: api.get("/tags/" + "0" * 32)),
    "unknown template": (404, "error-404-resource", {}, lambda api: api.get("/checklists/" + "0" * 32)),
    "unknown process": (404, "error-404-resource", {}, lambda api: api.get("/runs/" + "0" * 32)),
    "unknown task": (404, "error-404-resource", {}, lambda api: api.get("/tasks/" + "0" * 32)),
    "unknown folder": (404, "error-404-resource", {}, lambda api: api.get("/folders/" + "0" * 32)),
    "launch without a right": (403, "error-403-launch", {},
        lambda api: Api(api.sandbox, api.sandbox.issue_token("bob@example.com")).post("/runs", TOUR_LAUNCH)),
    "launch while read-only": (403, "error-403-read-only",
        {"read_only": True}, lambda api: api.post("/runs", TOUR_LAUNCH)),
    "unknown token owner": (404, "error-404-resource", {}, lambda api: api.mint("nobody@example.org")),
    "seat pool": (409, "error-409-seat-pool", {"seat_limit_full": 0},
        lambda api: api.post("/users/invite", INVITATION)),
    "validation, documented": (422, "error-422", {"validation_shape": "documented"},
        lambda api: api.put("/users/12345", {"first_name": "John"})),
    "e-mail taken": (422, "error-422-laravel", {},
        lambda api: api.post("/users/invite", {**INVITATION, "email": "John.Smith@example.com"})),
    "group description on create": (422, "error-422-group-description", {},
        lambda api: api.post("/groups", {"name": "New", "description": ""})),
    "group description on update": (422, "error-422-group-description", {},
        lambda api: api.put("/groups/97e95e53bf25476dfbf55dd84fcda0b4", {"description": None})),
    "operation limit": (429, "error-429-operation", {"rate_limit_per_minute": 0}, lambda api: api.get("/users")),
    "burst": (429, "error-429", {"burst_per_second": 0}, lambda api: api.get("/users")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_catalogue(case: str, api: Api) -> None:
    status, name, switches, act = CASES[case]
    before = api.sandbox.state()
    api.sandbox.switch(**switches)
    answer = act(api)
    assert answer.status_code == status
    assert answer.json() == sample(name)
    after = api.sandbox.state()
    assert {**after, "tokens": 0} == {**before, "tokens": 0}, "a refused request changes nothing"


def test_bot_cannot_be_disabled_or_edited(api: Api) -> None:
    assert api.delete(f"{BOT}/disable").json() == {"error": True, "message": "Bot users cannot be disabled."}
    for answer in (api.put(BOT, PROFILE), api.put(f"{BOT}/role", {"role": "admin"}), api.put(f"{BOT}/to/guest")):
        assert answer.status_code == 400
    assert api.sandbox.member("bot@tallyfy.com")["status"] == "active"


def test_guest_with_incomplete_tasks(api: Api) -> None:
    api.sandbox.patch_guest("partner@example.org", open_tasks=1)
    answer = api.delete("/guests/partner%40example.org/disable")
    assert (answer.status_code, answer.json()) == (403, sample("error-403-guest-incomplete-tasks"))


def test_hourly_guest_limit(api: Api) -> None:
    api.sandbox.switch(guest_invites_per_hour=30)
    for number in range(30):
        assert api.post("/guests", {"email": f"guest{number}@example.org"}).status_code == 201
    refused = api.post("/guests", {"email": "late@example.org"})
    assert (refused.status_code, refused.json()) == (429, sample("error-429-hourly"))
    assert 3500 <= int(refused.headers["Retry-After"]) <= 3600
    assert api.post("/guests", {"email": "guest1@example.org"}).status_code == 201, "a known guest gets no mail"
    api.sandbox.advance(3601)
    assert api.post("/guests", {"email": "late@example.org"}).status_code == 201


def test_light_seats(api: Api) -> None:
    api.sandbox.switch(seat_limit_light=1)
    refused = api.post("/users/invite", {**INVITATION, "role": "light"})
    assert refused.json()["error"]["details"] == {"pool_type": "light"}
    assert api.put("/users/12345/role", {"role": "light"}).status_code == 200, "going down is never refused"


def test_seats_on_role_and_enable(api: Api) -> None:
    api.sandbox.switch(seat_limit_full=6)
    assert api.put("/users/1008/role", {"role": "standard"}).status_code == 409
    api.sandbox.patch_member("dana.lee@example.com", role="standard")
    assert api.put("/users/1007/enable").status_code == 409
    api.sandbox.switch(seat_limit_full=7)
    assert api.put("/users/1007/enable").status_code == 200


@pytest.mark.parametrize(
    ("changes", "name", "status"),
    [
        ({"client_secret": "wrong"}, "error-401-invalid-client", 401),
        ({"client_id": "abc"}, "error-401-invalid-client", 401),
        ({"client_id": None}, "error-400-invalid-request", 400),
        ({"grant_type": None}, "error-400-unsupported-grant", 400),
        ({"grant_type": "device"}, "error-400-unsupported-grant", 400),
    ],
)
def test_token_errors(changes: dict[str, Any], name: str, status: int, sandbox: Sandbox) -> None:
    answer = sign_in(sandbox, **changes)
    assert (answer.status_code, answer.json()) == (status, sample(name))


def test_other_token_errors(sandbox: Sandbox) -> None:
    assert sign_in(sandbox, scope="admin").json()["error"] == "invalid_scope"
    wrong = sign_in(sandbox, grant_type="password", username="alice.smith@example.com", password="no")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    stale = sign_in(sandbox, grant_type="refresh_token", refresh_token="def50200")
    assert (stale.status_code, stale.json()["hint"]) == (401, "Token has been revoked")


def test_old_texts(api: Api) -> None:
    api.sandbox.switch(old_error_texts=True)
    assert api.get("/users/999").json() == {"error": "User not found"}
    answer = api.delete("/users/12345/delete")
    assert (answer.status_code, answer.json()) == (400, {"error": "Please disable the user before deletion"})
    answer = api.delete("/users/1001/disable")
    assert (answer.status_code, answer.json()["message"]) == (403, "Cannot modify the default administrator")
    api.sandbox.patch_member("alice.smith@example.com", is_default_admin=False)
    assert api.delete("/users/1003/disable").status_code == 200
    answer = api.delete("/users/1001/disable")
    assert (answer.status_code, answer.json()["message"]) == (403, "Cannot disable the last administrator")


INVITE_ERRORS = {
    "email": [None, "", "not-an-address", 7],
    "first_name": [None, "", "x" * 33, "http://example.com", "Tallyfy", 5],
    "last_name": [None, "x" * 33],
    "role": [None, "owner"],
    "message": [None, "x" * 5001],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in INVITE_ERRORS.items() for value in values]
)
def test_invite_validation(name: str, value: Any, api: Api) -> None:
    answer = api.post("/users/invite", {**INVITATION, name: value})
    assert answer.status_code == 422
    assert answer.json()["message"] == "The given data was invalid."
    assert list(answer.json()["errors"]) == [name]
    if value in (None, ""):
        assert answer.json()["errors"][name] == [f"The {name.replace('_', ' ')} field is required."]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", None), ("timezone", "CST"), ("phone", "1" * 21), ("country_id", 999), ("country_id", "x"),
        ("date_format", "MM/DD/YYYY"), ("step_preferences", "maybe"),
    ],
)  # fmt: skip
def test_profile_validation(name: str, value: Any, api: Api) -> None:
    answer = api.put("/users/12345", {**PROFILE, name: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"name": "engineering", "description": "x"}, "name"),
        ({"name": "x" * 201, "description": "x"}, "name"),
        ({"description": "x"}, "name"),
        ({"name": "N", "description": "x", "members": [1001, 424242]}, "members.1"),
        ({"name": "N", "description": "x", "members": [1007]}, "members.0"),
        ({"name": "N", "description": "x", "members": "1001"}, "members"),
        ({"name": "N", "description": "x", "guests": ["unknown@example.org"]}, "guests.0"),
    ],
)
def test_group_validation(body: dict[str, Any], key: str, api: Api) -> None:
    answer = api.post("/groups", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [key])


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({}, "email"),
        ({"email": "john.smith@example.com"}, "email"),
        ({"email": "g@example.org", "first_name": "x" * 201}, "first_name"),
        ({"email": "g@example.org", "phone_1": "1" * 21}, "phone_1"),
        ({"email": "g@example.org", "company_url": "nope"}, "company_url"),
        ({"email": "g@example.org", "external_sync_source": "other"}, "external_sync_source"),
        ({"email": "g@example.org", "external_date_creation": 20250101}, "external_date_creation"),
    ],
)
def test_guest_validation(body: dict[str, Any], key: str, api: Api) -> None:
    answer = api.post("/guests", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [key])


def test_tag_validation(api: Api) -> None:
    for body, key in (
        ({"color": "#ffffff"}, "title"),
        ({"title": "x" * 31}, "title"),
        ({"title": "onboarding"}, "title"),
        ({"title": "T", "color": "red"}, "color"),
    ):
        answer = api.post("/tags", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [key])
    assert api.delete("/tags/" + "0" * 32).status_code == 204, "deleting an unknown tag succeeds"


def test_unknown_guest_by_verb(api: Api) -> None:
    unknown = "/guests/nobody%40example.org"
    assert api.put(unknown, {"associated_members": []}).status_code == 404
    answer = api.delete(unknown)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["email"])


def test_token_for_somebody_of_another_organization(api: Api) -> None:
    answer = api.mint("ivy.stone@example.net")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["email"])
