# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any call: which options fit together, and where a path may lead."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._api.routes import path_below
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    ForbiddenError,
    InputError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    NotStoredError,
    OptionError,
    RateLimitError,
    ServerError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.api_call import (
    TOKEN_NOTE,
    make_call,
    validate_call,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper

API = "https://go.tallyfy.com/api"


def options(**given: Any) -> dict[str, Any]:
    return {
        "method": "GET",
        "path": "/organizations/{org_id}/tags",
        "query": {},
        "body": None,
        "all_pages": False,
        "token_kind": "auto",
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
        ({"method": "PUT", "only_if_different": True}, ["requires a body"]),
        ({"method": "PUT", "only_if_different": True, "body": {}}, ["requires a body"]),
        ({"method": "PUT", "only_if_different": True, "body": [1]}, ["requires a body"]),
        ({"body": {}}, ["method GET has no body"]),
        (
            {"method": "DELETE", "all_pages": True, "only_if_different": True},
            ["all_pages", "requires method PUT", "body"],
        ),
    ],
)
def test_options_that_do_not_fit_are_all_named(given: dict[str, Any], words: list[str]) -> None:
    found = validate_call(options(**given))
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
        "https://evil.example/api/organizations", "http://go.tallyfy.com/api/organizations",
        "https://go.tallyfy.com:444/api/organizations", "https://go.tallyfy.com.evil.example/api",
        "https://user@go.tallyfy.com/api/organizations", "https://go.tallyfy.com@evil.example/api",
        "//evil.example/organizations", "ftp://go.tallyfy.com/api", "file:///etc/passwd", "https://[::1/x",
    ],
)  # fmt: skip
def test_another_host_is_refused(path: str) -> None:
    with pytest.raises(OptionError, match="path"):
        path_below(API, path)


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/../../oauth/token", "/organizations/./tags", "..", "/organizations/%2e%2e/x",
        "/organizations/%2E%2e/x", "/organizations/.%2e/x", "/organizations/..%2f..%2foauth/token",
        "/organizations/x%2F..%2Fy", "/organizations/..\\..\\x", "/organizations/..%5c..%5cx", API + "/../oauth/token",
    ],
)  # fmt: skip
def test_path_that_leaves_the_api_is_refused(path: str) -> None:
    with pytest.raises(OptionError, match="must not contain"):
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
    """As much of a client as a call needs; answers by method from a dictionary, with several in a list one by one."""

    def __init__(self, **answers: Any) -> None:
        self.connection = SimpleNamespace(api_url=API, org_id="org1")
        self.check_mode = False
        self.secrets = SecretKeeper()
        self.late_writes = SimpleNamespace(seconds=120.0, since=lambda _name, _now: None, add=print, drop=print)
        self.answers = answers
        self.sent: list[tuple[str, str, Any]] = []

    def alone(self, _subject: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def prepaid(self, _count: int) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def now(self) -> float:
        return 0.0

    def wait(self, _seconds: float) -> bool:
        return True

    def call(self, method: str, path: str, *, body: Any = None, **_options: Any) -> SimpleNamespace:
        self.sent.append((method, path, body))
        answer = self.answers[method]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        data = answer.get("data", answer) if isinstance(answer, dict) else answer
        record = data if isinstance(data, dict) else {}
        return SimpleNamespace(status=200, data=data, body=answer, record=record, request_id="r1")

    def records(self, path: str, **_options: Any) -> list[Any]:
        self.sent.append(("GET", path, None))
        return [{"id": 1}]


def call(service: Service, *, check_mode: bool = False, **given: Any) -> dict[str, Any]:
    service.check_mode = check_mode
    return make_call(service, options(**given))


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
    reported = call(service, check_mode=True, method=method, body={"a": 1})
    assert service.sent == []
    assert reported["changed"] is True
    done = call(service, method=method, body={"a": 1})
    assert service.sent == [(method, "/organizations/org1/tags", {"a": 1})]
    assert done["actions"] == reported["actions"]
    assert (done["data"], done["status"], done["request_id"]) == ({"id": 1}, 200, "r1")
    assert (reported["data"], reported["status"]) == (None, None)


@pytest.mark.parametrize("check_mode", [True, False])
def test_deleting_what_is_gone_is_no_change(check_mode: bool) -> None:
    service = Service(GET=gone(), DELETE=gone())
    result = call(service, check_mode=check_mode, method="DELETE")
    assert (result["changed"], result["actions"]) == (False, [])
    assert [method for method, _path, _body in service.sent] == ["GET"]


def test_what_was_seen_and_is_gone_after_the_delete_was_deleted() -> None:
    result = call(Service(GET=[{"data": {"id": 1}}, gone()], DELETE=gone()), method="DELETE")
    assert (result["changed"], result["status"]) == (True, 404)


def test_what_is_still_there_after_a_404_was_not_deleted() -> None:
    with pytest.raises(NotFoundError):
        call(Service(GET={"data": {"id": 1}}, DELETE=gone()), method="DELETE")
    # What is archived can still be read.
    archived = {"data": {"id": 1, "archived_at": "2026-01-01T00:00:00Z"}}
    result = call(Service(GET=[{"data": {"id": 1}}, archived], DELETE=gone()), method="DELETE")
    assert result["changed"] is True


def test_what_could_not_be_seen_and_is_gone_was_never_there() -> None:
    result = call(Service(GET=ForbiddenError("GET /x", "no", status=403), DELETE=gone()), method="DELETE")
    assert (result["changed"], result["status"], result["actions"]) == (False, 404, [])


def test_wrong_route_is_an_error_and_not_gone() -> None:
    service = Service(GET=gone("ENDPOINT_NOT_FOUND"), DELETE=gone("ENDPOINT_NOT_FOUND"))
    with pytest.raises(NotFoundError):
        call(service, method="DELETE")


@pytest.mark.parametrize(
    ("path", "errors", "is_gone"),
    [
        ("/organizations/org1/guests/a%40example.com", {"email": ["must exist"]}, True),
        ("/organizations/org1/guests/a%40example.com", {"to": ["must exist"]}, False),
        ("/organizations/org1/guests/a%40example.com/disable", {"email": ["must exist"]}, False),
        ("/organizations/org1/tags/7", {"email": ["must exist"]}, False),
    ],
)
def test_a_guest_who_is_unknown_is_gone(path: str, errors: dict[str, list[str]], is_gone: bool) -> None:
    refusal = InvalidError(f"DELETE {path}", "invalid", status=422, errors=errors)
    service = Service(GET=ForbiddenError("GET /x", "no", status=403), DELETE=refusal)
    if not is_gone:
        with pytest.raises(InvalidError):
            call(service, method="DELETE", path=path)
        return
    result = call(service, method="DELETE", path=path)
    assert (result["changed"], result["status"], result["actions"]) == (False, 422, [])


def test_a_guest_who_is_refused_and_still_there_is_not_gone() -> None:
    path = "/organizations/org1/guests/a%40example.com"
    refusal = InvalidError(f"DELETE {path}", "invalid", status=422, errors={"email": ["is in use"]})
    with pytest.raises(InvalidError):
        call(Service(GET={"data": {"id": 7}}, DELETE=refusal), method="DELETE", path=path)


@pytest.mark.parametrize(
    ("before", "after", "query", "changed"),
    [
        ({"id": 7}, gone(), {}, True),
        ({"id": 7}, ForbiddenError("GET /x", "no", status=403), {}, True),
        # An archived process and a disabled member can still be read.
        ({"id": 7, "archived_at": None}, {"id": 7, "archived_at": "2026-01-01"}, {}, True),
        ({"id": 7, "status": "active"}, {"id": 7, "status": "disabled", "updated_at": "now"}, {}, True),
        # What was so before is no change, unless the query asks for something that does not show there.
        ({"id": 7, "archived_at": "2026-01-01"}, {"id": 7, "archived_at": "2026-01-01"}, {}, False),
        ({"id": 7, "details": {"disabled_at": "2026-01-01"}}, {"id": 7, "details": {"disabled_at": "2026-01-01"}}, {},
         False),
        ({"id": 7, "status": "disabled"}, {"id": 7, "status": "disabled"}, {"to": 8}, True),
        ({"id": 7}, {"id": 7}, {}, None),
        ({"id": 7, "updated_at": "then"}, {"id": 7, "updated_at": "now"}, {}, None),
    ],
)  # fmt: skip
def test_a_delete_that_did_nothing_is_not_reported_as_done(
    before: Any, after: Any, query: dict[str, Any], changed: bool | None
) -> None:
    service = Service(GET=[before, after], DELETE={})
    if changed is None:
        with pytest.raises(NotStoredError, match="still there and unchanged") as caught:
            call(service, method="DELETE", query=query)
        assert caught.value.facts["changed"] is True
        return
    result = call(service, method="DELETE", query=query)
    assert (result["changed"], len(result["actions"])) == (changed, int(changed))


def test_a_delete_that_takes_a_moment_to_show_is_done() -> None:
    assert call(Service(GET=[{"id": 7}, {"id": 7}, {"id": 7}, gone()], DELETE={}), method="DELETE")["changed"] is True


def in_doubt(method: str, status: int) -> ServerError:
    error = ServerError(f"{method} /x", "Bad Gateway", status=status, advice="Run it again later.")
    error.may_be_done = True
    return error


@pytest.mark.parametrize(
    ("method", "verb"), [("POST", "created"), ("PUT", "updated"), ("PATCH", "updated"), ("DELETE", "deleted")]
)
@pytest.mark.parametrize("kind", ["lost", "refused on the way"])
def test_a_write_that_may_be_done_is_not_to_be_repeated_blindly(method: str, verb: str, kind: str) -> None:
    lost: ApiError = LostAnswerError(f"{method} /x", "the answer was lost", advice="run it again to find out")
    error = lost if kind == "lost" else in_doubt(method, 502)
    service = Service(**{"GET": ForbiddenError("GET /x", "no", status=403), method: error})
    with pytest.raises(ApiError, match=r"It may have been carried out\. Do not just run it again") as caught:
        call(service, method=method)
    assert "method=GET" in str(caught.value)
    assert "later" not in str(caught.value)
    assert caught.value.facts["changed"] is True
    assert caught.value.facts["failed_action"]["action"] == verb


def test_a_delete_of_what_was_seen_may_be_repeated() -> None:
    with pytest.raises(ServerError, match="Run it again to find out: it reads first") as caught:
        call(Service(GET={"id": 7}, DELETE=in_doubt("DELETE", 504)), method="DELETE")
    assert caught.value.facts["changed"] is True


@pytest.mark.parametrize(
    "error",
    [
        RateLimitError("POST /x", "slow down", status=429, advice="Run it again after noon."),
        UnreachableError("POST /x", "no connection", advice="Check api_url."),
        InvalidError("POST /x", "invalid", status=422),
    ],
)
def test_what_was_refused_changed_nothing(error: ApiError) -> None:
    reported = str(error)
    with pytest.raises(ApiError) as caught:
        call(Service(POST=error), method="POST")
    assert (caught.value.facts["changed"], str(caught.value)) == (False, reported)


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
        # Dictionaries are compared key by key.
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 1}}, {"a": {"b": 3}}),
        ({"a": {"b": 1}}, {"a": {"c": {"d": 2}}}, {}, {"a": {"c": {"d": 2}}}),
        ({"a": None}, {"a": {"b": 3}}, {}, {"a": {"b": 3}}),
        ({"a": [{"id": 7, "text": "x"}]}, {"a": [{"id": "7"}]}, {}, {}),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_only_what_differs_is_a_reason_to_write(
    current: dict[str, Any], body: dict[str, Any], before: dict[str, Any], after: dict[str, Any], check_mode: bool
) -> None:
    stored = {name: {**(current.get(name) or {}), **value} if isinstance(value, dict) else value
              for name, value in body.items()}  # fmt: skip
    service = Service(GET={"data": current}, PUT={"data": {**current, **stored}})
    result = call(service, check_mode=check_mode, method="PUT", only_if_different=True, body=body)
    assert result["changed"] is bool(after)
    assert (result["diff"]["before"], result["diff"]["after"]) == (before, after)
    written = [sent for method, _path, sent in service.sent if method == "PUT"]
    assert written == ([body] if after and not check_mode else [])
    assert [method for method, _path, _body in service.sent] == ["GET", *["PUT"] * len(written)]
    assert result["notes"] == []


def put(service: Service, body: dict[str, Any], **given: Any) -> dict[str, Any]:
    return call(service, method="PUT", only_if_different=True, body=body, **given)


@pytest.mark.parametrize("stored", [{"a": 1, "b": {"c": 1}}, {"a": 2, "b": {"c": 1}}])
def test_what_was_not_stored_is_named(stored: dict[str, Any]) -> None:
    service = Service(GET={"a": 1, "b": {"c": 1}}, PUT=stored)
    with pytest.raises(NotStoredError, match=r"did not store .*b\.c") as caught:
        put(service, {"a": 2, "b": {"c": 2}})
    assert caught.value.facts["not_stored"] == [*["a"] * (stored["a"] == 1), "b.c"]
    assert caught.value.facts["changed"] is True


def test_what_nobody_asked_for_is_reported() -> None:
    before = {
        "title": "Old",
        "users": [7],
        "groups": ["g"],
        "steps": {"a": 1, "b": 2},
        "updated_at": "then",
        "none": None,
    }
    after = {"title": "New", "users": [], "groups": [], "steps": {"a": 1, "b": 3}, "updated_at": "now", "none": ""}
    result = put(Service(GET=before, PUT=after), {"title": "New", "steps": {"a": 1}})
    assert len(result["notes"]) == 1
    assert "also changed groups, steps.b, users," in result["notes"][0]
    assert result["diff"]["before"] == {"title": "Old", "users": [7], "groups": ["g"], "steps": {"b": 2}}
    assert result["diff"]["after"] == {"title": "New", "users": [], "groups": [], "steps": {"b": 3}}
    assert result["actions"][0]["fields"] == ["title"]


def test_an_answer_that_shows_less_is_read_again() -> None:
    service = Service(GET=[{"a": 1, "users": [7]}, {"a": 2, "users": []}], PUT={"a": 2})
    result = put(service, {"a": 2})
    assert "also changed users," in result["notes"][0]
    assert [method for method, _path, _body in service.sent] == ["GET", "PUT", "GET"]


def test_what_is_not_shown_is_not_taken_for_stored() -> None:
    result = put(Service(GET={"a": {"x": 1}}, PUT={"a": {"x": 1}}), {"a": {"y": 1}, "z": 2})
    assert result["notes"] == ["Tallyfy does not return a.y, z, so it is not known if it was stored."]
    assert result["diff"]["after"] == {"a": {"y": 1}, "z": 2}


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": []}])
def test_nothing_is_written_where_nothing_can_be_compared(answer: Any) -> None:
    service = Service(GET=answer)
    with pytest.raises(UnreadableAnswerError, match="no record to compare with"):
        put(service, {"a": 2})
    assert [method for method, _path, _body in service.sent] == ["GET"]


def test_a_put_is_worked_out_again_and_not_repeated() -> None:
    # Somebody else has written the same in the meantime.
    service = Service(GET=[{"a": 1}, {"a": 2}], PUT=in_doubt("PUT", 503))
    result = put(service, {"a": 2})
    assert (result["changed"], result["data"]) == (True, None)
    assert [method for method, _path, _body in service.sent] == ["GET", "PUT", "GET"]


def test_a_put_that_fails_for_good_may_be_done() -> None:
    with pytest.raises(ApiError, match="run it again to find out") as caught:
        put(Service(GET={"a": 1}, PUT=LostAnswerError("PUT /x", "lost", advice="run it again to find out")), {"a": 2})
    assert caught.value.facts["changed"] is True
    assert caught.value.facts["failed_action"]["fields"] == ["a"]


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
        "/applications/{org_id}/users/a%2Fb@example.com/token",
        "/applications/{org_id}/users/a%2fb%2Fc@example.com/token",
        "/applications/{org_id}/users/a%2Ftoken@example.com/token",
        "/applications/{org_id}/users/%2F/token",
        "/applications/{org_id}/users/a@example.com%2Ftoken",
        "/applications%2F{org_id}%2Fusers%2Fa@example.com%2Ftoken",
        "/applications/{org_id}/users/a@example.com//token//",
        "/applications/{org_id}/users/a@example.com/token%2F",
        "/applications/{org_id}/users/a@example.com/token%20",
        "/applications/{org_id}/users/a@example.com/TOKEN",
        "/Applications/{org_id}/Users/a@example.com/Token",
        "/applications/another-org/users/a@example.com/%54%4F%4b%45%4E",
        "/oauth%2Ftoken",
        "/OAuth/token/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_route_that_shows_a_token_is_refused(path: str, method: str) -> None:
    service = Service()
    with pytest.raises(InputError, match="tallyfy_token"):
        call(service, method=method, path=path)
    assert service.sent == []


@pytest.mark.parametrize(
    "path",
    [
        "/applications/{org_id}/users",
        "/organizations/{org_id}/users/7/tokens",
        "/organizations/token/users",
        "/organizations/{org_id}/users/token",
        "/applications/{org_id}/users/token%40example.com",
        "/applications/{org_id}/users/token/x",
    ],
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


# --- tokens that nobody expected --------------------------------------------------------------------------------------

TOKEN = "eyJ0eXAi.of-somebody-else"
SHAPES = {
    "access_token": {"access_token": TOKEN},
    "camel": {"accessToken": TOKEN},
    "dashes": {"Access-Token": TOKEN},
    "refresh": {"data": {"refresh_token": TOKEN}},
    "id": {"data": [{"a": [{"ID_TOKEN": TOKEN}]}]},
    "secret": {"data": {"client": {"clientSecret": TOKEN}}},
    "list": {"access_token": [TOKEN]},
    "object": {"access_token": {"value": TOKEN, "expires_in": 604800, "type": "Bearer"}},
}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("answer", SHAPES.values(), ids=SHAPES)
def test_a_token_in_an_answer_is_known_and_not_shown(answer: dict[str, Any], method: str) -> None:
    service = Service(**{"GET": ForbiddenError("GET /x", "no", status=403), method: answer})
    result = call(service, method=method, path="/organizations/{org_id}/odd")
    assert TOKEN not in str(result)
    assert MASK in str(result["data"])
    assert result["notes"] == [TOKEN_NOTE]
    assert service.secrets.mask(f"Bearer x{TOKEN}x 604800") == f"Bearer x{MASK}x 604800"


@pytest.mark.parametrize("value", ["abc", 12345678])
def test_what_is_no_text_or_a_short_one_is_not_shown_either(value: Any) -> None:
    result = call(Service(GET={"data": {"access_token": value, "id": 7}}))
    assert result["data"] == {"access_token": MASK, "id": 7}


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": None, "id_token": "", "client_secret": False, "refreshToken": True},
        {"valid_token": "abcdefgh", "token": "abcdefgh", "access_tokens_count": 7, "token_type": "Bearer"},
        {"summary": "access_token: see the page", "title": "the client_secret = unknown"},
    ],
)
def test_what_only_looks_like_one_is_shown(answer: dict[str, Any]) -> None:
    result = call(Service(GET={"data": answer}))
    assert (result["data"], result["notes"]) == (answer, [])


@pytest.mark.parametrize(
    "text",
    [
        f"https://x.example/cb#access_token={TOKEN}&a=b",
        f'{{"access_token": "{TOKEN}"}}',
        f'{{\\"refreshToken\\":\\"{TOKEN}\\"}}',
        f"client-secret: {TOKEN}, and so on",
        f"x?id_token%3D{TOKEN}",
    ],
)
def test_a_token_inside_a_text_is_known(text: str) -> None:
    service = Service(GET={"data": {"url": text}})
    call(service)
    assert TOKEN not in service.secrets.mask(text)


def test_tokens_of_a_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    rows = [{"id": number, "client_secret": f"{TOKEN}-{number}"} for number in range(2000)]
    monkeypatch.setattr(service, "records", lambda *_args, **_options: rows)
    result = call(service, all_pages=True)
    assert TOKEN not in str(result)
    assert result["data"][1999] == {"id": 1999, "client_secret": MASK}
    assert result["notes"] == [TOKEN_NOTE]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_token_does_not_stand_in_a_diff(check_mode: bool) -> None:
    before, body = {"a": 1, "inner": {"access_token": TOKEN}}, {"a": 2, "inner": {"access_token": f"{TOKEN}-new"}}
    service = Service(GET=[before, body], PUT=body)
    result = call(service, method="PUT", body=body, only_if_different=True, check_mode=check_mode)
    assert (result["changed"], result["actions"][0]["fields"]) == (True, ["a", "inner.access_token"])
    assert TOKEN not in str(result)
    assert result["diff"]["before"]["inner"] == {"access_token": MASK}
    # What is there already is compared with what it is.
    assert call(Service(GET=body), method="PUT", body=body, only_if_different=True)["changed"] is False


def test_a_delete_that_is_looked_at_before() -> None:
    service = Service(GET=[{"id": 7, "access_token": TOKEN}, NotFoundError("GET /x", "gone", status=404)], DELETE={})
    assert call(service, method="DELETE")["changed"] is True
    assert service.secrets.mask(TOKEN) == MASK
