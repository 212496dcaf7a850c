# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any call: which options fit together, and where a path may lead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._calls import make_call, problems_with
from ansible_collections.tallyfy.platform.plugins.module_utils._client import path_below
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InputError,
    NotFoundError,
    OptionError,
)

API = "https://go.tallyfy.com/api"


def options(**given: Any) -> dict[str, Any]:
    return {
        "method": "GET",
        "path": "/organizations/{org_id}/tags",
        "query": {},
        "body": None,
        "all_pages": False,
        "token": "auto",
        "only_if_different": False,
        **given,
    }


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, []),
        ({"all_pages": True}, []),
        ({"method": "PUT", "only_if_different": True, "body": {"a": 1}}, []),
        ({"method": "POST", "body": [1]}, []),
        ({"method": "DELETE"}, []),
        ({"method": "POST", "all_pages": True}, ["all_pages"]),
        ({"method": "POST", "only_if_different": True, "body": {"a": 1}}, ["only_if_different"]),
        ({"method": "PUT", "only_if_different": True}, ["needs a body"]),
        ({"method": "PUT", "only_if_different": True, "body": {}}, ["needs a body"]),
        ({"method": "PUT", "only_if_different": True, "body": [1]}, ["needs a body"]),
        ({"body": {}}, ["GET request has no body"]),
        ({"method": "DELETE", "all_pages": True, "only_if_different": True}, ["all_pages", "for method PUT", "body"]),
    ],
)
def test_options_that_do_not_fit_are_all_named(given: dict[str, Any], words: list[str]) -> None:
    found = problems_with(options(**given))
    assert len(found) == len(words)
    for problem, word in zip(found, words):
        assert word in problem


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/organizations/o/tags", "/organizations/o/tags"),
        ("organizations/o/tags", "/organizations/o/tags"),
        ("/api/organizations/o/tags", "/organizations/o/tags"),
        ("api/organizations/o/tags", "/organizations/o/tags"),
        (API + "/organizations/o/tags", "/organizations/o/tags"),
        ("https://go.tallyfy.com/organizations/o/tags", "/organizations/o/tags"),
        ("/apis/x", "/apis/x"),
        ("/api", "/"),
        ("/api/", "/"),
        ("/organizations/o/users/a%40example.com", "/organizations/o/users/a%40example.com"),
        ("/organizations/o/guests/a.b..c@example.com", "/organizations/o/guests/a.b..c@example.com"),
        # Only one prefix is taken off.
        ("/api/api/x", "/api/x"),
    ],
)
def test_path_is_joined_without_doubling(path: str, expected: str) -> None:
    assert path_below(API, path) == expected


def test_api_without_a_prefix_keeps_the_path() -> None:
    assert path_below("https://api.tallyfy.com", "/api/x") == "/api/x"
    assert path_below("https://api.tallyfy.com", "https://api.tallyfy.com/x") == "/x"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/api/organizations",
        "http://go.tallyfy.com/api/organizations",
        "https://go.tallyfy.com:444/api/organizations",
        "https://go.tallyfy.com.evil.example/api",
        "https://user@go.tallyfy.com/api/organizations",
        "https://go.tallyfy.com@evil.example/api",
        "//evil.example/organizations",
        "ftp://go.tallyfy.com/api",
        "file:///etc/passwd",
        "https://[::1/x",
    ],
)
def test_another_host_is_refused(path: str) -> None:
    with pytest.raises(OptionError, match="path"):
        path_below(API, path)


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/../../oauth/token",
        "/organizations/./tags",
        "..",
        "/organizations/%2e%2e/x",
        "/organizations/%2E%2e/x",
        "/organizations/.%2e/x",
        "/organizations/..%2f..%2foauth/token",
        "/organizations/x%2F..%2Fy",
        "/organizations/..\\..\\x",
        "/organizations/..%5c..%5cx",
        API + "/../oauth/token",
    ],
)
def test_path_that_climbs_is_refused(path: str) -> None:
    with pytest.raises(OptionError, match="climbs"):
        path_below(API, path)


@pytest.mark.parametrize("path", ["/x?a=b", "/x#a", API + "/x?per_page=1", "/x?a=b#c"])
def test_query_in_the_path_is_refused(path: str) -> None:
    with pytest.raises(OptionError, match="query"):
        path_below(API, path)


@given(st.text(alphabet="/.%2eE5cCfF\\:@?#[]ax", max_size=20))
def test_every_path_stays_below_the_api_or_is_refused(path: str) -> None:
    try:
        route = path_below(API, path)
    except OptionError:
        return
    assert route.startswith("/")
    assert "?" not in route
    assert "#" not in route
    assert not {".", ".."} & set(route.replace("%2e", ".").replace("%2E", ".").split("/"))


# --- calls ------------------------------------------------------------------------------------------------------------


class Service:
    """As much of a client as a call needs; answers by method from a dictionary."""

    def __init__(self, **answers: Any) -> None:
        self.connection = SimpleNamespace(api_url=API, org_id="org1")
        self.answers = answers
        self.sent: list[tuple[str, str, Any]] = []

    def call(self, method: str, path: str, *, body: Any = None, **_options: Any) -> SimpleNamespace:
        self.sent.append((method, path, body))
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        data = answer.get("data", answer) if isinstance(answer, dict) else answer
        record = data if isinstance(data, dict) else {}
        return SimpleNamespace(status=200, data=data, body=answer, record=record, request_id="r1")

    def records(self, path: str, **_options: Any) -> list[Any]:
        self.sent.append(("GET", path, None))
        return [{"id": 1}]


def call(service: Service, *, check_mode: bool = False, **given: Any) -> dict[str, Any]:
    return make_call(service, options(**given), check_mode=check_mode)


def gone(code: str = "RESOURCE_NOT_FOUND") -> NotFoundError:
    return NotFoundError("DELETE /x", "not found", status=404, code=code)


@pytest.mark.parametrize("check_mode", [True, False])
def test_reading_is_never_a_change(check_mode: bool) -> None:
    service = Service(GET={"data": [1], "meta": {"a": 1}})
    result = call(service, check_mode=check_mode)
    assert (result["changed"], result["data"], result["meta"], result["actions"]) == (False, [1], {"a": 1}, [])
    assert service.sent == [("GET", "/organizations/org1/tags", None)]
    assert call(service, check_mode=check_mode, all_pages=True)["data"] == [{"id": 1}]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_write_is_not_sent_in_check_mode(method: str) -> None:
    service = Service(**{method: {"data": {"id": 1}}})
    told = call(service, check_mode=True, method=method, body={"a": 1})
    assert service.sent == []
    assert told["changed"] is True
    done = call(service, method=method, body={"a": 1})
    assert service.sent == [(method, "/organizations/org1/tags", {"a": 1})]
    assert done["actions"] == told["actions"]
    assert (done["data"], done["status"], done["request_id"]) == ({"id": 1}, 200, "r1")
    assert (told["data"], told["status"]) == (None, None)


@pytest.mark.parametrize("check_mode", [True, False])
def test_deleting_what_is_gone_is_no_change(check_mode: bool) -> None:
    service = Service(GET=gone(), DELETE=gone())
    result = call(service, check_mode=check_mode, method="DELETE")
    assert (result["changed"], result["actions"]) == (False, [])
    assert [method for method, _path, _body in service.sent] == ["GET"]


def test_what_was_seen_and_is_gone_after_the_delete_was_deleted() -> None:
    result = call(Service(GET={"data": {}}, DELETE=gone()), method="DELETE")
    assert (result["changed"], result["status"]) == (True, 404)


def test_what_could_not_be_seen_and_is_gone_was_never_there() -> None:
    result = call(Service(GET=ForbiddenError("GET /x", "no", status=403), DELETE=gone()), method="DELETE")
    assert (result["changed"], result["status"], result["actions"]) == (False, 404, [])


def test_wrong_route_is_an_error_and_not_gone() -> None:
    service = Service(GET=gone("ENDPOINT_NOT_FOUND"), DELETE=gone("ENDPOINT_NOT_FOUND"))
    with pytest.raises(NotFoundError):
        call(service, method="DELETE")


def test_delete_route_that_cannot_be_read_is_tried() -> None:
    service = Service(GET=ForbiddenError("GET /x", "no", status=403), DELETE={"data": {}})
    assert call(service, method="DELETE")["changed"] is True
    assert [method for method, _path, _body in service.sent] == ["GET", "DELETE"]


@pytest.mark.parametrize(
    ("current", "body", "before", "after"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, {}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, {"b": 3}),
        ({"a": 1}, {"c": None}, {}, {"c": None}),
        ({"a": [1, 2]}, {"a": [2, 1]}, {"a": [1, 2]}, {"a": [2, 1]}),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_only_what_differs_is_a_reason_to_write(
    current: dict[str, Any], body: dict[str, Any], before: dict[str, Any], after: dict[str, Any], check_mode: bool
) -> None:
    service = Service(GET={"data": current}, PUT={"data": {**current, **body}})
    result = call(service, check_mode=check_mode, method="PUT", only_if_different=True, body=body)
    assert result["changed"] is bool(after)
    assert (result["diff"]["before"], result["diff"]["after"]) == (before, after)
    written = [sent for method, _path, sent in service.sent if method == "PUT"]
    assert written == ([body] if after and not check_mode else [])


@pytest.mark.parametrize(
    "path",
    [
        "/applications/{org_id}/users/a%40example.com/token",
        "/applications/{org_id}/users/token",
        "/applications/{org_id}/users/a@example.com/token/",
        "/applications/{org_id}/users/a@example.com/%74oken",
        "/%61pplications/{org_id}/users/a@example.com/token",
        "/applications/{org_id}//users/a@example.com/token",
        "/api/api/applications/{org_id}/users/a@example.com/token",
        API + "/applications/{org_id}/users/a@example.com/token",
        "/oauth/token",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_route_that_shows_a_token_is_refused(path: str, method: str) -> None:
    service = Service()
    with pytest.raises(InputError, match="tallyfy_token"):
        call(service, method=method, path=path)
    assert service.sent == []


@pytest.mark.parametrize(
    "path", ["/applications/{org_id}/users", "/organizations/{org_id}/users/7/tokens", "/organizations/token/users"]
)
def test_other_routes_are_not_taken_for_it(path: str) -> None:
    service = Service(GET={"data": {}})
    assert call(service, path=path)["changed"] is False


def test_bad_options_send_nothing() -> None:
    service = Service()
    with pytest.raises(InputError) as caught:
        call(service, body={"a": 1}, only_if_different=True)
    assert len(caught.value.problems) == 2
    assert service.sent == []
