# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client against the sandbox: pages, tokens, retries, lost answers. No test sleeps; the waits are recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    ForbiddenError,
    InconsistentListError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    OptionError,
    RateLimitError,
    RefusedByServiceError,
    ServerError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import BODY_ATTEMPTS
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox
from tests.acceptance.pace import send_many
from tests.people import ALICE

pytestmark = pytest.mark.any_core

NEW = {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major", "role": "light"}
SOON_SECONDS = 5


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client_with(sandbox: Sandbox, tmp_path: Path, waits: list[float]) -> Callable[..., Client]:
    """Make clients that share one token cache and record what they would have waited."""

    def clock() -> float:
        # Time passes by the waits alone, and they take none.
        return time.time() + sum(waits)

    def make(**options: Any) -> Client:
        given: dict[str, Any] = {
            "api_url": sandbox.api_url,
            "token_url": sandbox.token_url,
            "org_id": sandbox.org_id,
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "rate_limit": 0,
        }
        connection = Connection(**{**given, **options})
        directory = PrivateDirectory(str(tmp_path / "cache"))
        return Client(connection, directory=directory, sleep=waits.append, now=clock, clock=clock)

    return make


@pytest.fixture
def client(client_with: Callable[..., Client]) -> Client:
    return client_with()


def find_mary(client: Client) -> Callable[[], dict[str, Any] | None]:
    def find() -> dict[str, Any] | None:
        rows = client.records(client.path("users"), query={"q": NEW["email"]})
        return next((row for row in rows if row["email"] == NEW["email"]), None)

    return find


def create_mary(client: Client) -> dict[str, Any]:
    return client.create(f"/applications/{client.connection.org_id}/users", NEW, find=find_mary(client))


class TestRequests:
    def test_every_request_carries_what_the_service_asks_for(self, sandbox: Sandbox, client: Client) -> None:
        client.get()
        request = sandbox.ledger()[-1]
        # The sandbox answers a request without the client header by 401, and notes what else is missing.
        assert request["status"] == 200
        assert request["warnings"] == []

    def test_base_address_with_and_without_api(self, sandbox: Sandbox, client_with: Callable[..., Client]) -> None:
        for address in (sandbox.url, sandbox.api_url):
            assert client_with(api_url=address).get()["id"] == sandbox.org_id

    def test_both_envelope_styles(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.switch(unwrapped_application_user=True)
        assert create_mary(client)["email"] == NEW["email"]


class TestPages:
    @pytest.mark.parametrize("workers", [1, 4])
    def test_all_pages_are_walked_by_the_servers_numbers(self, sandbox: Sandbox, client: Client, workers: int) -> None:
        sandbox.reset(members=450)
        sandbox.switch(per_page_cap=40)
        members = client.records(client.path("users"), per_page=1000, workers=workers)
        assert [member["id"] for member in members] == [
            member["id"] for member in client.records(client.path("users"), per_page=100, query={"sort": None})
        ]
        sandbox.clear_ledger()
        members = client.records(client.path("users"), per_page=1000, workers=workers)
        assert (
            len(members) == len({member["id"] for member in members}) == len(sandbox.state(sandbox.org_id)["members"])
        )
        assert len(sandbox.ledger(route="members.list")) == -(-len(members) // 40)

    @pytest.mark.parametrize("route", ["users-list", "guests-list", "folders"])
    def test_a_route_without_pages_is_read_at_once(self, sandbox: Sandbox, client: Client, route: str) -> None:
        client.get()
        sandbox.clear_ledger()
        assert client.records(client.path(route), is_paged=False)
        assert len(sandbox.ledger()) == 1

    @pytest.mark.parametrize(
        ("noun", "route"),
        [
            ("users", "members.list"), ("groups", "groups.list"), ("guests", "guests.list"), ("tags", "tags.list"),
            ("checklists", "templates.list"), ("runs", "processes.list"), ("tasks", "tasks.list"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("body", [{"data": []}, {"data": [], "meta": None}, {"data": [], "count": 0}, []])
    def test_a_list_without_a_count_may_be_short(
        self, sandbox: Sandbox, client: Client, noun: str, route: str, body: Any
    ) -> None:
        whole = client.records(client.path(noun))
        sandbox.fault(route=route, times=2, status=200, body=body)
        assert client.records(client.path(noun)) == whole
        sandbox.fault(route=route, times=None, status=200, body=body)
        with pytest.raises(InconsistentListError, match="page 1 has no valid page number and counts"):
            client.records(client.path(noun))
        assert len(sandbox.ledger(method="GET", route=route)) == 1 + 3 + 3

    def test_the_first_page_tells_whether_there_are_more(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.switch(per_page_cap=1)
        groups = client.records(client.path("groups"))
        sandbox.clear_ledger()
        rows, page = client.first_page(client.path("groups"))
        assert (rows, page.pages, page.total) == (groups[:1], len(groups), len(groups))
        assert len(sandbox.ledger()) == 1
        assert client.first_page(client.path("groups"), query={"q": "no such group"})[0] == []

    def test_pages_do_not_say_how_long_they_are(self, sandbox: Sandbox, client: Client) -> None:
        rows = [{"id": number, "email": f"{number}@example.com"} for number in (1, 2)]
        pages = [
            {"data": [row], "meta": {"pagination": {"total": 2, "current_page": row["id"], "total_pages": 2}}}
            for row in rows
        ]
        for page in pages:
            sandbox.fault(route="members.list", status=200, body=page)
        assert client.records(client.path("users")) == rows

    def test_pages_are_read_concurrently(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.reset(members=450)
        sandbox.switch(per_page_cap=40)
        client.records(client.path("users"))
        assert len({entry["connection"] for entry in sandbox.ledger(route="members.list")}) == 1
        sandbox.clear_ledger()
        # A page that is slow keeps its connection, so the others need connections of their own.
        sandbox.fault(route="members.list", skip=1, times=None, delay_ms=50)
        client.records(client.path("users"), workers=4)
        assert len({entry["connection"] for entry in sandbox.ledger(route="members.list")}) == 4

    @pytest.mark.parametrize("workers", [1, 4])
    @pytest.mark.parametrize("trouble", ["shrink", "repeat_page", "grow", "total_off"])
    def test_a_listing_that_does_not_add_up_is_refused(
        self, sandbox: Sandbox, client: Client, trouble: str, workers: int
    ) -> None:
        sandbox.switch(per_page_cap=5)
        sandbox.fault(route="members.list", times=None, **{trouble: True})
        with pytest.raises((InconsistentListError, UnreadableAnswerError)):
            client.records(client.path("users"), workers=workers)

    def test_more_pages_than_records_are_not_asked_for(self, sandbox: Sandbox, client: Client) -> None:
        body = {
            "data": [{"id": 1, "email": ALICE}],
            "meta": {"pagination": {"total": 1, "current_page": 1, "total_pages": 10**9}},
        }
        sandbox.fault(route="members.list", times=None, status=200, body=body)
        with pytest.raises(InconsistentListError, match="1 records cannot fill 1000000000 pages"):
            client.records(client.path("users"), workers=4)

    def test_a_listing_that_changed_in_between_is_walked_again(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.switch(per_page_cap=5)
        sandbox.fault(route="members.list", times=1, shrink=True)
        assert len(client.records(client.path("users"))) == len(sandbox.state(sandbox.org_id)["members"])

    def test_an_expired_token_on_the_second_page_is_survived(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.switch(per_page_cap=5)
        sandbox.fault(route="members.list", skip=1, status=401, body={"error": True, "message": "Unauthenticated."})
        assert len(client.records(client.path("users"))) == len(sandbox.state(sandbox.org_id)["members"])
        assert len(sandbox.sign_ins()) == 2

    @pytest.mark.parametrize("body", ["{}", '{"data": {}}', '{"data": [1, 2]}', "[]x", "null"])
    def test_what_is_no_listing_is_refused(self, sandbox: Sandbox, client: Client, body: str) -> None:
        sandbox.fault(route="members.list", times=None, status=200, body=body, content_type="application/json")
        with pytest.raises(UnreadableAnswerError):
            client.records(client.path("users"))


class TestRecords:
    """A record is a record when it has its id, and in a list what it is found by."""

    @pytest.mark.parametrize("data", [{}, [], None, "fine", {"name": "People"}, {"id": None}, {"id": []}, {"id": ""}])
    def test_what_is_no_record_is_not_taken_for_one(self, sandbox: Sandbox, client: Client, data: Any) -> None:
        sandbox.fault(route="organization.get", status=200, body={"data": data})
        with pytest.raises(
            UnreadableAnswerError, match=r"GET /organizations/\w+: the answer cannot be used: it is not a"
        ):
            client.get()

    @pytest.mark.parametrize(
        ("noun", "spoiled"),
        [
            ("users", {"id": "7a"}), ("users", {"email": " "}), ("users", {"email": None}), ("groups", {"id": None}),
            ("groups", {"name": []}), ("guests", {"email": {}}), ("checklists", {"title": 7}), ("runs", {"name": {}}),
            ("tasks", {"id": True}), ("tags", {"title": []}),
        ],
    )  # fmt: skip
    def test_a_row_that_is_no_record_makes_a_list_unusable(
        self, sandbox: Sandbox, client: Client, noun: str, spoiled: dict[str, Any]
    ) -> None:
        path = client.path(noun)
        whole = client.records(path)
        page = {"total": len(whole), "current_page": 1, "total_pages": 1}
        body = {"data": [*whole[:-1], {**whole[-1], **spoiled}], "meta": {"pagination": page}}
        sandbox.fault(method="GET", path="*" + path, times=2, status=200, body=body)
        # It is read again, as a list that contradicts itself.
        assert client.records(path) == whole
        sandbox.fault(method="GET", path="*" + path, times=None, status=200, body=body)
        with pytest.raises(InconsistentListError, match="a row of the list cannot be used: it is not a"):
            client.records(path)
        assert client.records(path, is_checked=False) == body["data"]


class TestTokens:
    def test_one_sign_in_serves_all_clients(self, sandbox: Sandbox, client_with: Callable[..., Client]) -> None:
        for _again in range(3):
            client_with().get()
        assert len(sandbox.sign_ins()) == 1

    def test_a_member_is_acted_for(self, sandbox: Sandbox, client_with: Callable[..., Client]) -> None:
        sandbox.switch(app_token_on_org_routes="deny")
        for _again in range(2):
            assert client_with(act_as=ALICE.upper()).get("me")["email"] == ALICE
        assert [request["route"] for request in sandbox.sign_ins()] == ["oauth.token", "applications.token"]

    def test_application_routes_take_the_application_token(
        self, sandbox: Sandbox, client_with: Callable[..., Client]
    ) -> None:
        create_mary(client_with(act_as=ALICE))
        assert [request["token"] for request in sandbox.writes()] == ["application"]

    def test_401_on_an_organization_route_names_act_as(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.switch(app_token_on_org_routes="deny")
        for sign_ins in (2, 2, 2):
            with pytest.raises(UnauthorizedError, match="set act_as"):
                client.get()
            # The first refusal may be that of a server that does not know the token yet.
            assert len(sandbox.sign_ins()) == sign_ins
        assert len(sandbox.ledger(route="organization.get")) == 4

    @pytest.mark.parametrize("act_as", [None, ALICE])
    @pytest.mark.parametrize("max_wait", [0, 300])
    def test_a_server_that_does_not_know_the_token_yet_is_asked_again(
        self, sandbox: Sandbox, client_with: Callable[..., Client], act_as: str | None, max_wait: float
    ) -> None:
        refusal = {"status": 401, "body": {"error": True, "message": "Unauthenticated."}}
        for route in ("organization.get", "applications.token"):
            sandbox.fault(route=route, **refusal)
        client = client_with(act_as=act_as, max_wait=max_wait)
        assert client.get()["id"] == sandbox.org_id
        assert len(sandbox.sign_ins()) == (5 if act_as else 2)
        # A token that has worked, and is refused, may again be followed by one that is not known yet.
        sandbox.revoke_tokens()
        sandbox.clear_ledger()
        sandbox.fault(route="organization.get", skip=1, **refusal)
        with pytest.raises(UnauthorizedError):
            client.get()
        assert client.get()["id"] == sandbox.org_id

    def test_threads_that_are_refused_together_share_the_second_token(self, sandbox: Sandbox, client: Client) -> None:
        source = client.application
        assert source is not None
        first = source.current()
        second = source.renewed(first)
        assert second is not None
        assert second.access_token != first.access_token
        assert source.renewed(first) is second
        assert source.renewed(second) is None
        assert len(sandbox.sign_ins()) == 2

    @pytest.mark.parametrize("act_as", [None, ALICE])
    def test_429_at_a_sign_in_says_when_to_come_back(
        self, sandbox: Sandbox, client_with: Callable[..., Client], act_as: str | None, waits: list[float]
    ) -> None:
        route = "applications.token" if act_as else "oauth.token"
        sandbox.fault(route=route, times=None, status=429, headers={"Retry-After": "3600"})
        with pytest.raises(RateLimitError) as failure:
            client_with(act_as=act_as).get()
        reported = datetime.strptime(str(failure.value.facts["not_before"]), "%Y-%m-%dT%H:%M:%S%z").timestamp()
        assert 3500 < reported - time.time() <= 3601
        assert f"Run it again after {failure.value.facts['not_before']}" in str(failure.value)
        assert waits == []

    @pytest.mark.parametrize(
        "expires_in",
        ["-1", "1e300", "1" * 400, str(2**63), '"soon"', '"-5"', '"inf"', "NaN", "true", "false", "[]", "[60]", "{}"],
        ids=lambda text: text[:20],
    )
    @pytest.mark.parametrize("act_as", [None, ALICE])
    def test_an_odd_lifetime_is_named(
        self, sandbox: Sandbox, client_with: Callable[..., Client], act_as: str | None, expires_in: str
    ) -> None:
        route = "applications.token" if act_as else "oauth.token"
        body = f'{{"access_token": "eyJ.a.b", "expires_in": {expires_in}}}'
        sandbox.fault(route=route, times=None, body=body, content_type="application/json")
        with pytest.raises(UnreadableAnswerError, match=r"expires_in of the token is .*not a valid number of seconds"):
            client_with(act_as=act_as).get()
        assert len(sandbox.ledger(route=route)) == 1

    @pytest.mark.parametrize("expires_in", [None, 0, "", "3600", 3600.5, 10**9])
    def test_a_lifetime_that_can_be_understood(self, sandbox: Sandbox, client: Client, expires_in: object) -> None:
        token = sandbox.issue_token()
        sandbox.fault(route="oauth.token", times=None, body={"access_token": token, "expires_in": expires_in})
        assert client.get()["id"] == sandbox.org_id

    @pytest.mark.parametrize("forget", ["revoke_tokens", "expire_tokens"])
    @pytest.mark.parametrize("act_as", [None, ALICE])
    def test_a_401_in_the_middle_is_survived_once(
        self, sandbox: Sandbox, client_with: Callable[..., Client], forget: str, act_as: str | None
    ) -> None:
        client = client_with(act_as=act_as)
        client.get()
        getattr(sandbox, forget)()
        sandbox.clear_ledger()
        assert client.get()["id"] == sandbox.org_id
        statuses = [request["status"] for request in sandbox.ledger(route="organization.get")]
        assert statuses == [401, 200]

    def test_a_401_that_comes_late_gets_the_token_that_others_have_renewed(
        self, sandbox: Sandbox, client: Client
    ) -> None:
        client.get()
        source = client.application
        assert source is not None
        old = source.current()
        sandbox.revoke_tokens()
        client.get()
        new = source.current()
        # Another thread's request was refused with the old one at the same time, and its answer took longer.
        assert new.access_token != old.access_token
        assert source.renewed(old) is new

    def test_another_process_finds_the_renewed_token(
        self, sandbox: Sandbox, client_with: Callable[..., Client]
    ) -> None:
        first, second = client_with(), client_with()
        first.get()
        second.get()
        sandbox.revoke_tokens()
        sandbox.clear_ledger()
        first.get()
        second.get()
        assert len(sandbox.sign_ins()) == 1

    def test_a_write_after_a_401_is_sent_once_more_and_done_once(self, sandbox: Sandbox, client: Client) -> None:
        client.get()
        sandbox.revoke_tokens()
        create_mary(client)
        assert [request["status"] for request in sandbox.writes()] == [401, 201]

    def test_a_lasting_401_costs_one_new_sign_in(self, sandbox: Sandbox, client: Client) -> None:
        client.get()
        sandbox.clear_ledger()
        sandbox.fault(route="organization.get", times=None, status=401, body={"message": "Unauthenticated."})
        with pytest.raises(UnauthorizedError):
            client.get()
        assert len(sandbox.sign_ins()) == 1
        assert len(sandbox.ledger(route="organization.get")) == 2

    def test_a_403_never_signs_in_again(self, sandbox: Sandbox, client: Client) -> None:
        client.get()
        sandbox.clear_ledger()
        sandbox.fault(route="organization.get", times=None, status=403, body={"error": True, "message": "No."})
        with pytest.raises(ForbiddenError, match="belong together"):
            client.get()
        assert sandbox.sign_ins() == []
        assert len(sandbox.ledger()) == 1

    def test_a_token_is_renewed_before_it_expires(self, sandbox: Sandbox, client_with: Callable[..., Client]) -> None:
        sandbox.switch(expires_in_application=100)
        client = client_with()
        moment = [1000.0]
        assert client.application is not None
        client.application._now = lambda: moment[0]
        first = client.application.current()
        moment[0] += 89
        assert client.application.current() is first
        moment[0] += 2
        assert client.application.current() is not first

    @pytest.mark.parametrize("max_wait", [0, 300])
    def test_who_waits_for_the_sign_in_of_another_waits_as_long_as_it_may_take(
        self, client_with: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, max_wait: float
    ) -> None:
        client = client_with(max_wait=max_wait, timeout=10)
        seconds: list[float] = []
        locked = client.store.locked

        def recorded(scope: str, wait: float) -> Any:
            seconds.append(wait)
            return locked(scope, wait)

        monkeypatch.setattr(client.store, "locked", recorded)
        client.get()
        assert seconds == [max_wait + 40]

    def test_a_request_repeated_with_a_new_token_counts_in_the_budget(
        self, sandbox: Sandbox, client_with: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = client_with()
        client.get()
        sandbox.revoke_tokens()
        sandbox.clear_ledger()
        taken: list[object] = []
        monkeypatch.setattr(client._transport._budget, "take", taken.append)
        client.get()
        assert len(taken) == len(sandbox.ledger()) == 3

    def test_a_given_token_is_sent_and_never_renewed(
        self, sandbox: Sandbox, client_with: Callable[..., Client]
    ) -> None:
        token = sandbox.issue_token(ALICE)
        client = client_with(client_id=None, client_secret=None, access_token=token)
        assert client.get("me")["email"] == ALICE
        sandbox.revoke_tokens()
        with pytest.raises(UnauthorizedError, match="get a new one"):
            client.get("me")
        assert sandbox.sign_ins() == []

    def test_insisting_on_a_token_that_cannot_be_had(self, client: Client) -> None:
        with pytest.raises(OptionError, match="act_as"):
            client.call("GET", client.path(), token="user")

    def test_acting_for_somebody_unknown(self, client_with: Callable[..., Client]) -> None:
        with pytest.raises((NotFoundError, InvalidError), match="must be an active member"):
            client_with(act_as="nobody@example.com").get()


class TestRetries:
    def test_a_post_is_repeated_after_429_only(self, sandbox: Sandbox, client: Client, waits: list[float]) -> None:
        sandbox.fault(method="POST", path="/applications/*/users", status=429, headers={"Retry-After": "3"})
        create_mary(client)
        assert [request["status"] for request in sandbox.writes()] == [429, 201]
        assert waits == [3.0]

    @pytest.mark.parametrize("status", [300, 302, 304])
    def test_only_2xx_is_success(self, sandbox: Sandbox, client: Client, status: int) -> None:
        sandbox.fault(route="organization.get", times=None, status=status, body={"data": {"id": 1}})
        with pytest.raises(RefusedByServiceError, match=f"HTTP {status}"):
            client.get()

    @pytest.mark.parametrize("status", [302, 304])
    def test_a_sign_in_is_a_2xx(self, sandbox: Sandbox, client: Client, status: int) -> None:
        sandbox.fault(route="oauth.token", times=None, status=status, body={"access_token": "x", "expires_in": 60})
        with pytest.raises(RefusedByServiceError, match=f"HTTP {status}"):
            client.get()

    @pytest.mark.parametrize(
        "body", ["", '{"data": {"id"', "<html>busy</html>", "null]", "[" * 100_000], ids=lambda body: body[:5]
    )
    def test_an_answer_that_is_no_json_is_asked_for_again(
        self, sandbox: Sandbox, client: Client, waits: list[float], body: str
    ) -> None:
        sandbox.fault(route="organization.get", times=2, body=body)
        assert client.get()["id"] == sandbox.org_id
        assert len(sandbox.ledger(route="organization.get")) == BODY_ATTEMPTS
        assert len(waits) == BODY_ATTEMPTS - 1

    @pytest.mark.parametrize(("max_wait", "requests"), [(300, BODY_ATTEMPTS), (0, 1)])
    def test_a_lasting_page_is_reported(
        self, sandbox: Sandbox, client_with: Callable[..., Client], max_wait: float, requests: int
    ) -> None:
        sandbox.fault(route="organization.get", times=None, body="<html>busy</html>")
        with pytest.raises(UnreadableAnswerError, match="the answer is not JSON"):
            client_with(max_wait=max_wait).get()
        assert len(sandbox.ledger(route="organization.get")) == requests

    def test_a_write_whose_answer_is_no_json_is_not_repeated(self, sandbox: Sandbox, client: Client) -> None:
        group = client.path("groups", "731dc65d13ecdd9c8a8cb706592cf863")
        sandbox.fault(method="PUT", body="<html>busy</html>")
        with pytest.raises(LostAnswerError, match="the answer is not JSON"):
            client.call("PUT", group, body={"name": "Elders", "members": [], "guests": []})
        assert len(sandbox.writes()) == 1


class TestLostAnswers:
    """A POST whose answer is lost is resolved by reading back, so that nobody is lost and nobody is there twice."""

    @pytest.mark.parametrize(
        "fault",
        [
            {"cut": "after"},
            {"cut": "before"},
            {"status": 500, "apply": True},
            {"status": 500},
            {"status": 503},
            {"status": 504, "apply": True},
            {"status": 408, "apply": True},
            {"status": 408},
            {"status": 425},
            {"status": 499, "apply": True},
            {"status": 524, "apply": True},
            {"half_body": True},
            {"empty": True, "apply": True},
            {"status": 200, "body": "<html>proxy</html>", "content_type": "text/html", "apply": True},
        ],
        ids=str,
    )
    def test_created_once(self, sandbox: Sandbox, client: Client, fault: dict[str, Any]) -> None:
        sandbox.fault(method="POST", path="/applications/*/users", **fault)
        record = create_mary(client)
        people = [member for member in sandbox.state(sandbox.org_id)["members"] if member["email"] == NEW["email"]]
        assert len(people) == 1
        assert not record or record["email"] == NEW["email"]

    def test_the_post_is_not_repeated_when_it_was_done(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.fault(method="POST", path="/applications/*/users", cut="after")
        assert create_mary(client)["id"]
        assert len(sandbox.writes()) == 1

    def test_an_unknown_outcome_is_said_so(self, sandbox: Sandbox, client: Client) -> None:
        client.get()
        sandbox.fault(method="POST", path="/applications/*/users", cut="after")
        sandbox.fault(route="members.list", times=None, status=500)
        with pytest.raises(LostAnswerError, match="may or may not have been carried out"):
            create_mary(client)

    def test_it_gives_up_after_three_attempts(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.fault(method="POST", path="/applications/*/users", times=None, status=500)
        with pytest.raises(ServerError):
            create_mary(client)
        assert len(sandbox.writes()) == 3

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    @pytest.mark.parametrize(
        ("fault", "may_be_done"),
        [
            *(({"status": status}, True) for status in (408, 425, 499, 500, 502, 503, 504, 524)),
            ({"cut": "after"}, True),
            ({"cut": "before"}, True),
            *(({"status": status}, False) for status in (400, 401, 403, 404, 409, 422, 429)),
        ],
        ids=str,
    )
    def test_what_a_failure_says_about_the_write(
        self, sandbox: Sandbox, client: Client, method: str, fault: dict[str, Any], may_be_done: bool
    ) -> None:
        sandbox.fault(method=method, path="/organizations/*", times=None, **fault)
        with pytest.raises(ApiError) as caught:
            client.call(method, client.path("groups", "731dc65d13ecdd9c8a8cb706592cf863"))
        assert (caught.value.may_be_done, client.has_written) == (may_be_done, may_be_done)
        assert ("It may or may not have been carried out" in str(caught.value)) is may_be_done
        client.renew_allowance()
        assert client.has_written is False

    def test_an_earlier_try_may_have_done_it(self, sandbox: Sandbox, client: Client) -> None:
        for first in ({"status": 502}, {"cut": "after"}):
            sandbox.clear_faults()
            sandbox.fault(method="PUT", **first)
            sandbox.fault(method="PUT", times=None, status=422)
            with pytest.raises(InvalidError) as caught:
                client.call("PUT", client.path("groups", "731dc65d13ecdd9c8a8cb706592cf863"))
            assert caught.value.may_be_done

    def test_reading_does_nothing(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.fault(method="GET", times=None, status=503)
        with pytest.raises(ServerError) as caught:
            client.get()
        assert (caught.value.may_be_done, client.has_written) == (False, False)

    def test_a_delete_that_was_done_is_not_an_error(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.fault(method="DELETE", cut="after")
        client.call("DELETE", client.path("tags", "c4e1f0a9b8d7465f9e3d2c1b0a998877"))
        assert "Urgent" not in [tag["title"] for tag in sandbox.state(sandbox.org_id)["tags"]]


class TestCaps:
    """What the service takes no more of for an hour holds up requests of that kind, and no others."""

    HOUR = {"status": 429, "headers": {"Retry-After": "3000"}, "times": None, "method": "POST", "path": "*/guests"}

    def test_it_is_remembered_by_all_until_its_time(
        self, sandbox: Sandbox, client_with: Callable[..., Client], waits: list[float]
    ) -> None:
        sandbox.fault(**self.HOUR, body={"message": "hourly limit", "code": "RATE_LIMIT_EXCEEDED"})
        path = client_with().path("guests")
        reported = []
        for number in range(3):
            with pytest.raises(RateLimitError, match="hourly limit") as refusal:
                client_with(max_wait=2000).call("POST", path, body={"email": f"g{number}@example.org"})
            reported.append(refusal.value)
        assert len(sandbox.writes()) == 1
        assert waits == []
        assert {error.request for error in reported} == {f"POST {path}"}
        assert {error.code for error in reported} == {"RATE_LIMIT_EXCEEDED"}
        first, *others = (
            datetime.strptime(str(error.facts["not_before"]), "%Y-%m-%dT%H:%M:%S%z").timestamp() for error in reported
        )
        assert all(abs(moment - first) <= 1 for moment in others)
        waits.append(3001)
        sandbox.clear_faults()
        client_with().call("POST", path, body={"email": "g@example.org"})

    def test_who_may_wait_for_so_long_waits_and_then_sends(
        self, sandbox: Sandbox, client_with: Callable[..., Client], waits: list[float]
    ) -> None:
        sandbox.fault(**self.HOUR)
        with pytest.raises(RateLimitError):
            client_with().call("POST", client_with().path("guests"), body={"email": "g@example.org"})
        sandbox.clear_faults()
        patient = client_with(max_wait=3600)
        patient.call("POST", patient.path("guests"), body={"email": "g@example.org"})
        assert waits == [pytest.approx(3000, abs=5)]

    def test_nothing_else_waits_for_somebody_who_waits_an_hour(
        self, sandbox: Sandbox, client_with: Callable[..., Client], waits: list[float]
    ) -> None:
        sandbox.fault(**{**self.HOUR, "times": 1})
        patient, other = client_with(max_wait=3600, rate_limit=600), client_with(max_wait=0, rate_limit=600)
        other.get()
        sleep, seen = patient._allowance._sleep, []

        def meanwhile(seconds: float) -> None:
            seen.append(other.get()["id"])
            seen.append(other.call("PUT", other.path("guests", "nora@example.net"), body={}).record["email"])
            sleep(seconds)

        patient._allowance._sleep = meanwhile
        patient.call("POST", patient.path("guests"), body={"email": "g@example.org"})
        assert seen == [sandbox.org_id, "nora@example.net"]
        assert waits == [3000]


class TestLimitsOfTheService:
    """The default rate of 600 a minute against a service that takes 100: forks and threads learn it together."""

    FORKS, THREADS, REQUESTS = 4, 8, 450

    @pytest.mark.parametrize(("headers", "most_refused"), [("all", 0), ("remaining", 32), ("429", 32), ("none", 32)])
    def test_one_burst_is_refused_at_the_most(
        self, sandbox: Sandbox, tmp_path: Path, headers: str, most_refused: int
    ) -> None:
        sandbox.switch(rate_limit_per_minute=100, rate_limit_headers=headers)
        load = send_many(sandbox, tmp_path / "cache", self.REQUESTS, forks=self.FORKS, threads=self.THREADS)
        assert load.refused_first <= most_refused
        assert load.refused_later == 0
        assert load.sent == self.REQUESTS + load.refused_first
        assert load.minutes < 5
