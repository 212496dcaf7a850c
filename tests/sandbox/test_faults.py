# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Faults: each kind does to a request what it says, as often as it says."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from sandbox.testing import SandboxError
from tests.sandbox.caller import INVITATION, PERSON, RUN, TOUR_LAUNCH, Api, sign_in

CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def statuses(api: Api, number: int, path: str = "/groups") -> list[int]:
    return [api.get(path).status_code for _ in range(number)]


def test_times_skip_and_every(api: Api) -> None:
    api.sandbox.fault(route="groups.list", status=500, times=2)
    assert statuses(api, 3) == [500, 500, 200]
    api.sandbox.clear_faults()
    api.sandbox.fault(path="/organizations/*/groups", status=502, skip=2)
    assert statuses(api, 4) == [200, 200, 502, 200]
    api.sandbox.clear_faults()
    fault = api.sandbox.fault(method="get", path=r"/organizations/[0-9a-f]+/groups", status=504, times=None, every=3)
    assert statuses(api, 7) == [200, 200, 504, 200, 200, 504, 200]
    assert statuses(api, 3, "/guests") == [200, 200, 200]
    described = api.sandbox.faults()[0]
    assert (described["id"], described["matched"], described["hits"]) == (fault, 7, 2)
    assert [entry["fault"] for entry in api.sandbox.ledger(route="groups.list")][-2] == fault


def test_bodies(api: Api) -> None:
    api.sandbox.fault(status=500)
    assert api.get("/users").json() == {"error": True, "message": "Server Error"}
    api.sandbox.fault(status=503)
    page = api.get("/users")
    assert (page.headers["Content-Type"], page.text[:6]) == ("text/html; charset=UTF-8", "<html>")
    api.sandbox.fault(status=422, body={"message": "odd", "errors": {}})
    assert api.get("/users").json()["message"] == "odd"
    api.sandbox.fault(body="{broken")
    broken = api.get("/users")
    assert (broken.status_code, broken.text, broken.headers["Content-Type"]) == (200, "{broken", "application/json")
    api.sandbox.fault(empty=True)
    empty = api.get("/users")
    assert (empty.status_code, empty.content) == (200, b"")
    api.sandbox.fault(content_type="text/html")
    assert api.get("/users").headers["Content-Type"] == "text/html"


def test_retry_after(api: Api) -> None:
    api.sandbox.fault(status=429, headers={"Retry-After": 3})
    api.sandbox.fault(status=429, headers={"Retry-After": "http-date:+2"})
    api.sandbox.fault(status=429)
    assert api.get("/users").headers["Retry-After"] == "3"
    moment = parsedate_to_datetime(api.get("/users").headers["Retry-After"]).timestamp()
    assert 0 <= moment - time.time() + 1 <= 4
    assert "Retry-After" not in api.get("/users").headers


def test_cut_before_and_after(api: Api) -> None:
    api.sandbox.fault(route="members.invite", cut="before")
    with pytest.raises(CUT):
        api.post("/users/invite", INVITATION)
    assert api.sandbox.find_member(INVITATION["email"]) is None
    api.sandbox.fault(route="members.invite", cut="after")
    with pytest.raises(CUT):
        api.post("/users/invite", INVITATION)
    assert api.sandbox.member(INVITATION["email"])["status"] == "invited"
    assert [entry["status"] for entry in api.sandbox.writes()] == [None, None]


def test_apply_and_empty_body_after_the_change(api: Api) -> None:
    api.sandbox.fault(method="POST", status=500, apply=True)
    assert api.post("/users/invite", INVITATION).status_code == 500
    assert api.sandbox.find_member(INVITATION["email"]) is not None
    api.sandbox.fault(method="DELETE", status=500)
    assert api.delete("/users/12345/disable").status_code == 500
    assert api.sandbox.member("john.smith@example.com")["status"] == "active"
    api.sandbox.fault(method="DELETE", empty=True, apply=True)
    assert api.delete("/users/12345/disable").content == b""
    assert api.sandbox.member("john.smith@example.com")["status"] == "disabled"


def test_half_body(api: Api) -> None:
    api.sandbox.fault(route="members.list", half_body=True)
    with pytest.raises(CUT):
        api.get("/users")
    assert api.get("/users").status_code == 200


def test_delay_and_latency(api: Api) -> None:
    api.sandbox.fault(delay_ms=120)
    started = time.monotonic()
    assert api.get("/users").status_code == 200
    assert time.monotonic() - started >= 0.12
    api.sandbox.reset(latency_ms=60)
    started = time.monotonic()
    Api(api.sandbox, api.sandbox.issue_token()).get("/users")
    assert time.monotonic() - started >= 0.06


def test_faults_meet_the_token_endpoint(api: Api) -> None:
    api.sandbox.fault(route="oauth.token", status=503, body={"message": "busy"})
    assert [sign_in(api.sandbox).status_code for _ in range(2)] == [503, 200]


def walked(api: Api, pages: int) -> list[Any]:
    return [api.get(f"/users?per_page=4&page={page}").json() for page in range(1, pages + 1)]


def test_listing_faults(api: Api) -> None:
    honest = walked(api, 3)
    api.sandbox.fault(route="members.list", shrink=True)
    short = walked(api, 1)[0]
    assert len(short["data"]) == 3
    assert short["meta"]["pagination"]["total"] == honest[0]["meta"]["pagination"]["total"]
    api.sandbox.fault(route="members.list", repeat_page=True, times=None)
    repeated = walked(api, 2)
    assert repeated[1]["data"] == honest[0]["data"]
    assert repeated[1]["meta"]["pagination"]["current_page"] == 2
    api.sandbox.clear_faults()
    api.sandbox.fault(route="members.list", grow=True, times=None)
    assert [page["meta"]["pagination"]["total_pages"] for page in walked(api, 4)] == [3, 3, 4, 5]
    api.sandbox.clear_faults()
    api.sandbox.fault(route="members.list", total_off=True)
    assert walked(api, 1)[0]["meta"]["pagination"]["total"] == honest[0]["meta"]["pagination"]["total"] + 1


LISTS = ("/users", "/groups", "/guests", "/runs", "/tags", "/checklists")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_without_paging(path: str, api: Api) -> None:
    honest = api.get(f"{path}?per_page=1").json()
    api.sandbox.fault(method="GET", unpaged=True)
    assert api.get(f"{path}?per_page=1").json() == {"data": honest["data"]}
    assert api.get(f"{path}?per_page=1").json() == honest


@pytest.mark.parametrize("path", [*LISTS, "/users-list"])
def test_a_list_that_is_empty(path: str, api: Api) -> None:
    assert api.get(path).json()["data"]
    api.sandbox.fault(method="GET", empty_list=True)
    answer = api.get(path).json()
    assert answer["data"] == []
    if "meta" in answer:
        page = answer["meta"]["pagination"]
        assert (page["total"], page["count"], page["current_page"], page["total_pages"]) == (0, 0, 1, 1)


def test_lists_of_a_copy_that_lags(api: Api) -> None:
    def shown() -> list[Any]:
        return [api.get(path).json()["data"] for path in LISTS[:4]]

    before = shown()
    api.sandbox.fault(route="*.list", old=True, times=8)
    member = api.provision(PERSON).json()["data"]["id"]
    api.put("/groups/97e95e53bf25476dfbf55dd84fcda0b4", {"name": "Renamed", "members": [member]})
    api.delete("/guests/partner%40example.org")
    run = api.post("/runs", TOUR_LAUNCH).json()["data"]["id"]
    assert api.get(f"/runs/{run}").status_code == 200, "only what the fault meets is old"
    assert [shown(), shown()] == [before, before]
    people, groups, guests, runs = shown()
    assert member in [row["id"] for row in people]
    assert "Renamed" in [row["name"] for row in groups]
    assert len(guests) < len(before[2])
    assert run in [row["id"] for row in runs]
    api.sandbox.fault(route="processes.*", old=True, times=None)
    late = api.post("/runs", TOUR_LAUNCH).json()["data"]["id"]
    assert api.get(f"/runs/{late}").status_code == 404
    assert api.get(f"/runs/{run}").status_code == 200
    api.sandbox.clear_faults()
    assert api.get(f"/runs/{late}").status_code == 200


def test_what_is_carried_out_late(api: Api) -> None:
    api.sandbox.fault(method="POST", apply_late=True)
    api.sandbox.fault(method="POST", apply_late=True, cut="before")
    assert api.post("/runs", TOUR_LAUNCH).status_code == 504
    with pytest.raises(CUT):
        api.post("/users/invite", INVITATION)
    assert (len(api.sandbox.runs()), api.sandbox.find_member(INVITATION["email"])) == (4, None)
    assert api.sandbox.carry_out_late() == [201, 200]
    assert (len(api.sandbox.runs()), api.sandbox.member(INVITATION["email"])["status"]) == (5, "invited")
    assert api.sandbox.carry_out_late() == []
    assert [entry["status"] for entry in api.sandbox.writes()] == [504, None]


def test_what_nobody_waited_for_is_refused_late(api: Api) -> None:
    api.sandbox.fault(method="DELETE", apply_late=True, delay_ms=400)
    with pytest.raises(requests.ReadTimeout):
        api.session.delete(f"{api.sandbox.api_url}/organizations/{api.organization}/runs/{RUN}", timeout=0.1)
    api.sandbox.delete_run(RUN)
    assert api.sandbox.carry_out_late() == [404]


def test_what_is_carried_out_after_a_while(api: Api) -> None:
    api.sandbox.fault(method="POST", status=408, late_ms=50)
    assert api.post("/runs", TOUR_LAUNCH).status_code == 408
    assert len(api.sandbox.runs()) == 4
    deadline = time.monotonic() + 5
    while len(api.sandbox.runs()) == 4:
        assert time.monotonic() < deadline
    assert api.sandbox.carry_out_late() == []


def test_mistakes_are_reported(api: Api) -> None:
    late = {"apply_late": True}
    for wrong in (
        {"colour": 1},
        {"cut": "sideways"},
        {"listing": "upside-down"},
        {**late, "apply": True},
        {**late, "cut": "after"},
    ):
        with pytest.raises(SandboxError):
            api.sandbox.fault(**wrong)
    assert api.sandbox.faults() == []


def test_tokens_die_in_the_middle_of_a_walk(api: Api) -> None:
    assert api.get("/users?page=1&per_page=4").status_code == 200
    api.sandbox.revoke_tokens("application")
    assert api.get("/users?page=2&per_page=4").status_code == 401
    fresh = Api(api.sandbox, sign_in(api.sandbox).json()["access_token"])
    assert fresh.get("/users").status_code == 200
    api.sandbox.expire_tokens()
    assert fresh.get("/users").status_code == 401
    late = Api(api.sandbox, sign_in(api.sandbox).json()["access_token"])
    api.sandbox.advance(604801)
    assert late.get("/users").status_code == 401
