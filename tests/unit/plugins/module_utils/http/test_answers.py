# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of answers: envelopes, pages, every error shape of the API reference, and waits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import (
    LONGEST_QUOTE,
    Page,
    included,
    kind_of,
    page_of,
    refusal_in,
    retry_after_seconds,
    shorten,
    unwrap,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "message", "code", "hint", "data", "x"]), inner)
    ),
    max_leaves=6,
)


# --- envelopes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": {"id": 1}}, {"id": 1}),
        ({"data": [1, 2], "meta": {}}, [1, 2]),
        ({"data": None}, None),
        ({"message": "archived"}, {"message": "archived"}),
        ({"access_token": "x"}, {"access_token": "x"}),
        ([1], [1]),
        (None, None),
    ],
)
def test_envelope_is_taken_off_where_there_is_one(body: object, expected: object) -> None:
    assert unwrap(body) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"data": [{"id": 1}]}, [{"id": 1}]),
        ({"data": {"id": 1}}, {"id": 1}),
        ({"data": []}, []),
        ({"data": None}, None),
        ({"data": [], "meta": {"pagination": {}}}, []),
        ([{"id": 1}], [{"id": 1}]),
        ({"id": 1, "name": "United States"}, {"id": 1, "name": "United States"}),
        # A record with a field of that name is not an envelope.
        ({"data": 1, "id": 2}, {"data": 1, "id": 2}),
        (None, None),
    ],
)
def test_include_arrives_wrapped_or_bare(value: object, expected: object) -> None:
    assert included({"groups": value}, "groups") == expected


def test_include_that_did_not_arrive_is_none() -> None:
    assert included({}, "groups") is None


# --- pages ------------------------------------------------------------------------------------------------------------


def pagination(**changes: object) -> dict[str, object]:
    numbers = {"total": 101, "count": 1, "per_page": 100, "current_page": 2, "total_pages": 2, "links": {}}
    return {"data": [], "meta": {"pagination": {**numbers, **changes}}}


@pytest.mark.parametrize("links", [{}, [], None, {"next": "https://elsewhere.example/?page=3"}, "absent"])
def test_page_is_read_whatever_its_links_look_like(links: object) -> None:
    body = pagination(links=links)
    if links == "absent":
        del body["meta"]["pagination"]["links"]
    del body["meta"]["pagination"]["per_page"]
    assert page_of(body) == Page(number=2, pages=2, total=101)


def test_numbers_spelled_as_texts_are_numbers() -> None:
    assert page_of(pagination(total="101", current_page="2")) == Page(number=2, pages=2, total=101)


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "value", "flaw"),
    [
        (None, {"id": "0a"}, ""),
        ("anything", {"id": 7, "name": []}, ""),
        ("users", {"id": 7, "email": "a@example.com"}, ""),
        ("users", {"id": "7", "email": "a@example.com"}, ""),
        ("groups", {"id": "0a", "name": None}, ""),
        ("groups", {"id": "0a", "name": ""}, ""),
        (None, [], "it is not a record"),
        ("users", "fine", "it is not a member"),
        (None, {}, "it is not a record, because it has no ID"),
        ("tags", {"id": True, "title": "a"}, "it is not a tag, because it has no ID"),
        ("runs", {"id": " ", "name": "a"}, "it is not a process, because it has no ID"),
        ("runs", {"id": 1.5, "name": "a"}, "it is not a process, because it has no ID"),
        ("users", {"id": "0a", "email": "a@example.com"}, "it is not a member, because it has no integer ID"),
        ("users", {"id": 7, "email": " "}, "it is not a member, because it has no email"),
        ("guests", {"id": 7, "email": None}, "it is not a guest, because it has no email"),
        ("groups", {"id": "0a"}, "it is not a group, because it has no name"),
        ("checklists", {"id": "0a", "title": ["a"]}, "it is not a template, because it has no title"),
    ],
)
def test_a_record_has_its_id_and_what_it_is_found_by(route: str | None, value: object, flaw: str) -> None:
    assert kind_of(route).flaw(value) == flaw


@given(st.sampled_from(["users", "groups", "runs", "tasks"]), JSON | st.fixed_dictionaries({"id": JSON, "email": JSON}))
def test_whatever_comes_is_reported(route: str, value: object) -> None:
    assert isinstance(kind_of(route).flaw(value), str)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"data": []},
        {"data": [], "meta": None},
        {"data": [], "meta": []},
        {"data": [], "meta": {"include": []}},
    ],
)
def test_listing_without_pagination_is_one_page(body: object) -> None:
    assert page_of(body) is None


@pytest.mark.parametrize(
    "body",
    [
        {"data": [], "meta": {"pagination": None}}, {"data": [], "meta": {"pagination": []}},
        {"data": [], "meta": {"pagination": {}}}, {"data": [], "meta": {"pagination": 1}}, pagination(total=None),
        pagination(total_pages="many"), pagination(total=float("inf")), pagination(current_page=[]),
    ],
)  # fmt: skip
def test_pagination_that_cannot_be_read_is_no_single_page(body: object) -> None:
    with pytest.raises(ValueError, match="pagination"):
        page_of(body)


# --- errors -----------------------------------------------------------------------------------------------------------

INVALID = "The given data was invalid."


@pytest.mark.parametrize(
    ("body", "text", "code", "errors"),
    [
        pytest.param({"error": True, "message": "Unauthenticated."}, "Unauthenticated", None, {}, id="general"),
        pytest.param({"message": "Too Many Attempts."}, "Too Many Attempts", None, {}, id="message only"),
        pytest.param({"error": True, "message": "API endpoint not found", "code": "ENDPOINT_NOT_FOUND"},
                     "API endpoint not found", "ENDPOINT_NOT_FOUND", {}, id="route"),
        pytest.param({"error": True, "message": "Resource not found", "code": "RESOURCE_NOT_FOUND"},
                     "Resource not found", "RESOURCE_NOT_FOUND", {}, id="resource"),
        pytest.param({"error": True, "errors": {"last_name": ["The last name field is required."]}},
                     "last_name: The last name field is required.", None,
                     {"last_name": ["The last name field is required."]}, id="validation as documented"),
        pytest.param({"message": INVALID, "errors": {"email": ["The email has already been taken."]}},
                     "The given data was invalid: email: The email has already been taken.", None,
                     {"email": ["The email has already been taken."]},
                     id="validation of Laravel: both texts are shown"),
        pytest.param({"error": {"code": "SEAT_POOL_EXHAUSTED",
                                "message": "Your organization has reached its committed full seat limit.",
                                "details": {"pool_type": "full"}}},
                     "Your organization has reached its committed full seat limit", "SEAT_POOL_EXHAUSTED", {},
                     id="seat pool"),
        pytest.param({"message": "You've reached the limit.", "code": "RATE_LIMIT_EXCEEDED"},
                     "You've reached the limit", "RATE_LIMIT_EXCEEDED", {}, id="rate limit"),
        pytest.param({"error": "invalid_client"}, "invalid_client", "invalid_client", {}, id="OAuth, word only"),
        pytest.param({"error": "invalid_client", "error_description": "Client authentication failed"},
                     "Client authentication failed", "invalid_client", {}, id="OAuth with a description"),
        pytest.param({"error": "invalid_request", "error_description": "described",
                      "message": "The request is malformed.", "hint": "Check the `client_id` parameter"},
                     "The request is malformed: Check the `client_id` parameter", "invalid_request", {},
                     id="OAuth with a hint"),
        pytest.param({"error": "User not found"}, "User not found", None, {}, id="very old: the sentence itself"),
        pytest.param({"message": INVALID,
                      "errors": {"tasks": [{"a1": ["One is required"]}, {"b2": ["Two is required"]}]}},
                     "The given data was invalid: tasks: One is required, Two is required", None,
                     {"tasks": ["One is required", "Two is required"]}, id="list of objects of lists"),
        pytest.param({"errors": {"a": "text", "b": {"x": "deep", "y": ["deeper"]},
                                 "options.0.text": ["dotted"], "d": None}},
                     "a: text; b: deep, deeper; options.0.text: dotted", None,
                     {"a": ["text"], "b": ["deep", "deeper"], "options.0.text": ["dotted"], "d": []},
                     id="every kind of value"),
        pytest.param({"message": "No.", "errors": ["first", "second"]}, "No: errors: first, second",
                     None, {"errors": ["first", "second"]}, id="list of errors"),
        pytest.param({"error": True, "errors": {"name": ["bad"]}, "message": "No.", "hint": "Do."},
                     "No: name: bad (Do.)", None, {"name": ["bad"]}, id="message, errors and hint"),
        pytest.param({"error": True, "errors": {}}, "", None, {}, id="nothing said"),
        pytest.param({"error": True, "errors": None, "message": None}, "", None, {}, id="nulls"),
        pytest.param({"error": {"message": None, "code": 7}}, "", None, {}, id="error object without texts"),
        pytest.param({}, "", None, {}, id="empty"),
    ],
)  # fmt: skip
def test_error_body_becomes_one_text(body: object, text: str, code: str | None, errors: dict[str, list[str]]) -> None:
    refusal = refusal_in(body)
    assert (refusal.text, refusal.code, refusal.errors) == (text, code, errors)


@pytest.mark.parametrize("body", [None, [], "<html>", 7, True])
def test_body_that_is_no_object_says_nothing(body: object) -> None:
    assert refusal_in(body).text == ""
    assert refusal_in(body).code is None


@given(JSON)
def test_any_json_can_be_read_as_an_error(body: object) -> None:
    refusal = refusal_in(body)
    assert len(refusal.text) <= LONGEST_QUOTE + 400  # a hint may follow
    assert "\n" not in refusal.text


def test_long_server_errors_are_not_quoted_in_full() -> None:
    text = refusal_in({"message": "SQLSTATE[42S02]: select * from\n  secrets where " + "x" * 5000}).text
    assert len(text) <= LONGEST_QUOTE
    assert text.startswith("SQLSTATE[42S02]: select * from secrets where")
    assert text.endswith("…")


def test_short_text_stays_as_it_is_in_one_line() -> None:
    assert shorten(" a \n b\t c ") == "a b c"
    assert shorten("x" * 300) == "x" * 300


# --- Retry-After ------------------------------------------------------------------------------------------------------


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "date", "expected"),
    [
        (None, None, None),
        ("0", None, 0.0),
        ("120", None, 120.0),
        (" 7 ", None, 7.0),
        (http_date(NOW + timedelta(seconds=90)), None, 90.0),
        # A date in the past asks for no wait.
        (http_date(NOW - timedelta(seconds=90)), None, 0.0),
        # The clock of the controller is ten minutes slow: the date of the answer counts.
        (http_date(NOW + timedelta(seconds=630)), http_date(NOW + timedelta(seconds=600)), 30.0),
        # An unreadable Date header is not used.
        (http_date(NOW + timedelta(seconds=30)), "yesterday", 30.0),
        # The obsolete form without a zone means UTC.
        ("Sunday, 01-Mar-26 12:01:00 GMT", None, 60.0),
        ("Sun Mar  1 12:01:00 2026", None, 60.0),
    ],
)
def test_both_forms_of_retry_after(retry_after: str | None, date: str | None, expected: float | None) -> None:
    assert retry_after_seconds(retry_after, date, NOW) == expected


@pytest.mark.parametrize(
    "garbage",
    [
        "", " ", "soon", "-5", "1.5", "1e9", "٣", "²", "0x10", "Mon, 99 Foo 2026", ",",
        "1 Jan 99999999999999999999 1:1:1",
    ],
)  # fmt: skip
def test_garbage_counts_as_absent(garbage: str) -> None:
    assert retry_after_seconds(garbage, garbage, NOW) is None


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_no_header_breaks_the_reader(retry_after: str, date: str | None) -> None:
    seconds = retry_after_seconds(retry_after, date, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(min_value=0, max_value=10**400))
def test_any_number_of_seconds_can_be_added_to_a_date(asked: int) -> None:
    seconds = retry_after_seconds(str(asked), None, NOW)
    assert seconds is not None
    assert NOW + timedelta(seconds=seconds) >= NOW
