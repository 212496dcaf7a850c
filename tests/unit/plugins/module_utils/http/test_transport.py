# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP against a server that misbehaves on request. Sleeps are simulated."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    CertificateError,
    LostAnswerError,
    OptionError,
    PausedError,
    RedirectedError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import encoded_path, encoded_query
from ansible_collections.tallyfy.platform.plugins.module_utils._http.allowance import WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import TRANSIENT_STATUSES, is_outage
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import CONNECT_ATTEMPTS, STATUS_ATTEMPTS
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import HEADERS, NoAuth
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import BODY_ATTEMPTS, Transport
from tests.clock import Clock

RESET, SILENCE = b"RESET", b"SILENCE"
SECRET = "s3cret/of+the=client"


def answer(status: int = 200, body: bytes = b'{"data": {}}', **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


HALF = answer()[:-5]


class Server:
    """Answers one request per connection with the next prepared bytes, and records the requests."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            socket.create_connection(self._socket.getsockname()).close()
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        silent = []
        while True:
            connection, _address = self._socket.accept()
            if self._closing.is_set():
                connection.close()
                break
            with contextlib.suppress(OSError):
                self.requests.append(self._read(connection))
                prepared = self.answers.pop(0) if self.answers else RESET
                if prepared == SILENCE:
                    silent.append(connection)
                    continue
                if prepared == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    connection.sendall(prepared)
            connection.close()
        for connection in silent:
            connection.close()

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more or more.startswith(b"\x16"):  # the end, or TLS, which this server does not support
                return request
            request += more
        head, _blank_line, body = request.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


def transport(clock: Clock, *, max_wait: float = 300, timeout: float = 5, rate: int = 0) -> Transport:
    connection = Connection(api_url="http://x", token_url="http://x", org_id="o", timeout=timeout)
    budget = RequestBudget(rate, now=clock.now, sleep=clock.sleep)
    return Transport(connection, budget, WaitAllowance(max_wait, sleep=clock.sleep, clock=clock.now))


def send(one: Transport, method: str, url: str, **options: Any) -> Any:
    return one.send(method, url, auth=NoAuth(), **options)


def test_what_repeats_differently_uses_the_same_connections(clock: Clock) -> None:
    one = transport(clock)
    adapters = [
        session.get_adapter("https://x") for session in (one._session, one._sign_in_session, one._single_session)
    ]
    assert all(adapter.poolmanager is adapters[0].poolmanager for adapter in adapters)
    proxies = [adapter.proxy_manager_for("http://proxy:1") for adapter in adapters]
    assert all(proxy is proxies[0] for proxy in proxies)


# --- requests ---------------------------------------------------------------------------------------------------------


def test_request_carries_the_headers_and_nothing_of_ones_own(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.answers = [answer(Set_Cookie="session=1"), answer()]
    one = transport(clock)
    for _time in range(2):
        assert send(one, "PUT", server.url + "/a", json={"b": 1}, query={"c": True}).json() == {"data": {}}
    for request in server.requests:
        assert request.startswith(b"PUT /a?c=true HTTP/1.1\r\n")
        assert request.endswith(b'\r\n\r\n{"b": 1}')
        for name, value in HEADERS.items():
            assert f"\r\n{name}: {value}\r\n".encode() in request
        assert b"Authorization" not in request
        assert b"Cookie" not in request
    assert clock.naps == []


def test_form_is_percent_encoded(server: Server, clock: Clock) -> None:
    server.answers = [answer()]
    send(transport(clock), "POST", server.url, form={"client_secret": "a+b/c=&ü"}, sign_in=True)
    assert server.requests[0].endswith(b"client_secret=a%2Bb%2Fc%3D%26%C3%BC")
    assert b"Content-Type: application/x-www-form-urlencoded" in server.requests[0]


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((), ""),
        (("organizations", "o"), "/organizations/o"),
        (("users", 7, "disable"), "/users/7/disable"),
        (("guests", "a+b@example.com"), "/guests/a%2Bb%40example.com"),
        (("a/b", "c d", "ü?#%"), "/a%2Fb/c%20d/%C3%BC%3F%23%25"),
    ],
)
def test_path_is_encoded_segment_by_segment(segments: tuple[object, ...], expected: str) -> None:
    assert encoded_path(*segments) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, ""),
        ({}, ""),
        ({"a": None}, ""),
        ({"q": "a b+c@d"}, "?q=a%20b%2Bc%40d"),
        ({"all": True, "not": False, "page": 2, "x": None, "e": ""}, "?all=true&not=false&page=2&e="),
        ({"with": "a,b"}, "?with=a%2Cb"),
    ],
)
def test_query_has_no_plus_and_lower_case_booleans(query: dict[str, Any] | None, expected: str) -> None:
    assert encoded_query(query) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_every_text_survives_encoding(text: str) -> None:
    assert unquote(encoded_path(text)[1:]) == text
    encoded = encoded_query({"q": text})
    assert unquote(encoded[3:]) == text
    assert not set(" +&#") & set(encoded)


# --- repeating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
def test_429_is_repeated_for_every_method_after_the_wait(server: Server, clock: Clock, method: str) -> None:
    server.answers = [answer(429, Retry_After="7"), answer(429, Retry_After="3"), answer()]
    assert send(transport(clock), method, server.url).status_code == 200
    assert len(server.requests) == 3
    assert clock.slept == pytest.approx(10)


def test_429_is_repeated_as_often_as_the_allowance_lasts(server: Server, clock: Clock) -> None:
    many = 3 * STATUS_ATTEMPTS
    server.answers = [answer(429, Retry_After="1")] * many + [answer()]
    assert send(transport(clock), "POST", server.url).status_code == 200
    assert len(server.requests) == many + 1
    assert clock.slept == pytest.approx(many)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_wait_beyond_the_allowance_returns_the_answer_at_once(server: Server, clock: Clock, method: str) -> None:
    server.answers = [answer(429, b'{"message": "hourly"}', Retry_After="1800"), answer()]
    response = send(transport(clock), method, server.url)
    assert (response.status_code, response.json()) == (429, {"message": "hourly"})
    assert response.headers["Retry-After"] == "1800"
    assert clock.naps == []
    assert len(server.requests) == 1


def test_allowance_is_shared_by_all_requests_of_a_task(server: Server, clock: Clock) -> None:
    one = transport(clock, max_wait=10)
    server.answers = [answer(429, Retry_After="6"), answer(), answer(429, Retry_After="6"), answer()]
    assert send(one, "GET", server.url).status_code == 200
    assert send(one, "GET", server.url).status_code == 429
    assert clock.slept == pytest.approx(6)


def test_date_is_a_wait_too_and_counts_from_the_answers_own_clock(server: Server, clock: Clock) -> None:
    service = datetime(2031, 1, 1, tzinfo=timezone.utc)
    date, until = (format_datetime(moment, usegmt=True) for moment in (service, service + timedelta(seconds=20)))
    server.answers = [answer(429, Date=date, Retry_After=until), answer()]
    assert send(transport(clock), "GET", server.url).status_code == 200
    assert clock.slept == pytest.approx(20)


@pytest.mark.parametrize("retry_after", ["", "soon", "0", "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_429_without_a_usable_wait_backs_off_and_ends(server: Server, clock: Clock, retry_after: str) -> None:
    server.answers = [answer(429, Retry_After=retry_after)] * 100
    assert send(transport(clock, max_wait=20), "POST", server.url).status_code == 429
    assert 3 <= len(server.requests) <= 10
    assert 0.5 < clock.slept <= 20
    assert clock.naps == sorted(clock.naps), "each wait is longer than the one before"


PASSING = [408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]


def test_passing_failures_are_these() -> None:
    assert sorted(TRANSIENT_STATUSES) == PASSING


@pytest.mark.parametrize(("status", "expected"), [(400, False), (404, False), (422, False), (429, False), (499, True)])
def test_what_counts_as_an_outage(status: int, expected: bool) -> None:
    assert is_outage(status) is expected
    assert all(is_outage(one) for one in (*PASSING, 501, 599))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("status", PASSING)
def test_passing_failure_is_repeated_where_that_is_safe(server: Server, clock: Clock, method: str, status: int) -> None:
    server.answers = [answer(status, b"<html>"), answer()]
    assert send(transport(clock), method, server.url).status_code == 200
    assert 0.5 <= clock.slept <= 0.75


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("status", PASSING)
def test_write_that_may_have_been_done_is_not_repeated(server: Server, clock: Clock, method: str, status: int) -> None:
    server.answers = [answer(status, b"<html>", Retry_After="1"), answer()]
    assert send(transport(clock), method, server.url).status_code == status
    assert len(server.requests) == 1
    assert clock.naps == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 501])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refusal_is_not_repeated(server: Server, clock: Clock, method: str, status: int) -> None:
    server.answers = [answer(status, Retry_After="1"), answer()]
    assert send(transport(clock), method, server.url).status_code == status
    assert len(server.requests) == 1


def test_lasting_failure_is_returned_after_a_few_attempts(server: Server, clock: Clock) -> None:
    server.answers = [answer(503)] * 20
    assert send(transport(clock), "GET", server.url).status_code == 503
    assert len(server.requests) == STATUS_ATTEMPTS + 1
    assert clock.slept < 15


def test_sign_in_may_be_repeated(server: Server, clock: Clock) -> None:
    server.answers = [answer(503), RESET, answer()]
    assert send(transport(clock), "POST", server.url, form={"a": "b"}, sign_in=True).status_code == 200
    assert len(server.requests) == 3


@pytest.mark.parametrize("max_wait", [0.4, 0.6, 1, 1.6, 2, 5, 20])
@pytest.mark.parametrize("jitter", [1.0, 1.5])
def test_nothing_is_sent_again_without_its_wait(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, max_wait: float, jitter: float
) -> None:
    monkeypatch.setattr("random.uniform", lambda _least, _most: jitter)
    server.answers = [answer(429)] * 100
    assert send(transport(clock, max_wait=max_wait), "POST", server.url).status_code == 429
    assert len(server.requests) == len(clock.naps) + 1
    assert clock.slept <= max_wait


@pytest.mark.parametrize("max_wait", [0, 0.4, 1.3])
def test_lost_connection_is_not_repeated_without_its_wait(server: Server, clock: Clock, max_wait: float) -> None:
    with pytest.raises(UnreachableError):
        send(transport(clock, max_wait=max_wait), "GET", server.url)
    assert len(server.requests) == len(clock.naps) + 1
    assert clock.slept <= max_wait


def test_wait_beyond_the_allowance_stops_nobody_else(server: Server, clock: Clock) -> None:
    one = transport(clock, max_wait=10)
    server.answers = [answer(429, Retry_After="1800"), answer()]
    assert send(one, "GET", server.url).status_code == 429
    assert send(one, "GET", server.url).status_code == 200
    assert clock.naps == []


def test_pause_of_another_that_is_too_long_is_reported_at_once(server: Server, clock: Clock) -> None:
    one = transport(clock, max_wait=10)
    one._budget.pause(1800)
    with pytest.raises(PausedError, match=f"GET {server.url}: .* max_wait") as caught:
        send(one, "GET", server.url)
    until = datetime.strptime(str(caught.value.facts["not_before"]), "%Y-%m-%dT%H:%M:%S%z").timestamp()
    assert 1800 <= until - clock.time <= 1801
    assert str(caught.value.facts["not_before"]) in caught.value.message
    assert (clock.naps, server.requests) == ([], [])


def test_pause_reaches_other_requests_of_the_budget(server: Server, clock: Clock) -> None:
    one, budget = transport(clock), RequestBudget(0, now=clock.now, sleep=clock.sleep)
    other = Transport(one.connection, budget, WaitAllowance(300, sleep=lambda _seconds: None))
    server.answers = [answer(429, Retry_After="30"), answer()]
    # The wait itself is skipped, but nothing is sent before the pause has ended.
    assert send(other, "GET", server.url).status_code == 200
    assert clock.naps == [pytest.approx(30)]


# --- requests without repeats -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_request_that_is_not_to_be_repeated_is_sent_once(
    server: Server, clock: Clock, method: str, status: int
) -> None:
    server.answers = [answer(status, Retry_After="7"), answer()]
    assert send(transport(clock), method, server.url, repeats=False).status_code == status
    assert (len(server.requests), clock.naps) == (1, [])


@pytest.mark.parametrize("broken", [RESET, HALF, SILENCE], ids=["reset", "half", "silence"])
def test_lost_answer_of_what_is_not_to_be_repeated(server: Server, clock: Clock, broken: bytes) -> None:
    server.answers = [broken, answer()]
    with pytest.raises(LostAnswerError) as caught:
        send(transport(clock, timeout=0.2), "PUT", server.url, repeats=False)
    assert bool(caught.value.facts.get("is_late")) is (broken == SILENCE)
    assert (len(server.requests), clock.naps) == (1, [])


def test_connection_that_is_refused_is_tried_once(server: Server, clock: Clock) -> None:
    server.close()
    with pytest.raises(UnreachableError, match="no connection"):
        send(transport(clock), "PUT", server.url, repeats=False)
    assert clock.naps == []


@pytest.mark.parametrize("status", [429, 503])
def test_pause_that_an_answer_asks_for_holds_for_everybody(server: Server, clock: Clock, status: int) -> None:
    one = transport(clock)
    server.answers = [answer(status, Retry_After="30"), answer()]
    send(one, "PUT", server.url, repeats=False)
    assert send(one, "GET", server.url).status_code == 200
    assert clock.naps == [pytest.approx(30)]


def test_pause_that_is_too_long_stops_nobody_else_either(server: Server, clock: Clock) -> None:
    one = transport(clock, max_wait=10)
    server.answers = [answer(429, Retry_After="1800"), answer()]
    assert send(one, "PUT", server.url, repeats=False).status_code == 429
    assert send(one, "PUT", server.url, repeats=False).status_code == 200
    assert clock.naps == []


def paced(clock: Clock, per_minute: int) -> Transport:
    connection = Connection(api_url="http://x", token_url="http://x", org_id="o", timeout=5)
    budget = RequestBudget(per_minute, now=clock.now, sleep=clock.sleep)
    return Transport(connection, budget, WaitAllowance(300, sleep=clock.sleep, clock=clock.now))


def test_nothing_waits_between_requests_that_are_prepaid(server: Server, clock: Clock) -> None:
    one = paced(clock, 3)
    server.answers = [answer()] * 9
    for _request in range(2):
        send(one, "GET", server.url)
    with one.prepaid(2):
        waited = list(clock.naps)
        assert sum(waited) == pytest.approx(60.5)
        send(one, "GET", server.url)
        send(one, "PUT", server.url, repeats=False)
        assert clock.naps == waited
        # From here on the normal rate applies: two more are free.
        for _request in range(3):
            send(one, "GET", server.url)
    assert clock.slept == pytest.approx(2 * 60.5)
    assert one.allowance.requests == len(server.requests) == 7


def test_what_is_left_of_what_was_prepaid_is_dropped(server: Server, clock: Clock) -> None:
    one = paced(clock, 2)
    server.answers = [answer()] * 2
    with one.prepaid(2):
        send(one, "GET", server.url)
    assert one.allowance.requests == 1
    send(one, "GET", server.url)
    assert clock.slept == pytest.approx(60.5)


def test_what_is_prepaid_is_for_the_thread_that_has_waited_for_it(server: Server, clock: Clock) -> None:
    one = paced(clock, 2)
    server.answers = [answer()] * 2
    with one.prepaid(2):
        other = threading.Thread(target=send, args=(one, "GET", server.url))
        other.start()
        other.join()
        assert clock.slept == pytest.approx(60.5)
        send(one, "GET", server.url)
    assert clock.slept == pytest.approx(60.5)


def test_sign_in_leaves_what_is_prepaid_to_the_requests(server: Server, clock: Clock) -> None:
    one = paced(clock, 2)
    server.answers = [answer()] * 3
    with one.prepaid(2):
        send(one, "POST", server.url, form={"a": "b"}, sign_in=True)
        waited = clock.slept
        send(one, "GET", server.url)
        send(one, "PUT", server.url)
    assert clock.slept == waited


def test_pause_that_is_too_long_is_reported_by_the_first_request(server: Server, clock: Clock) -> None:
    one = transport(clock, max_wait=10)
    one._budget.pause(1800)
    server.answers = [answer()]
    with one.prepaid(2), pytest.raises(PausedError, match=f"GET {server.url}: .* max_wait"):
        send(one, "GET", server.url)
    assert one.allowance.requests == len(server.requests) == 0


# --- limits in answers ------------------------------------------------------------------------------------------------

PACE = b'{"message": "You\'ve reached the limit for API requests.", "code": "RATE_LIMIT_EXCEEDED"}'
HOURLY = b'{"message": "You\'ve reached the hourly limit for Guest Invite.", "code": "RATE_LIMIT_EXCEEDED"}'
BURST = b'{"message": "Too Many Attempts."}'


def limits(limit: object = None, remaining: object = None, **others: object) -> dict[str, str]:
    given = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, **others}
    return {name: str(value) for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    ("method", "status", "body", "headers", "rate"),
    [
        ("GET", 200, b"{}", limits(100), 100),
        ("GET", 404, b"{}", limits(100), 100),
        ("GET", 200, b"{}", limits(100, 20), 21),
        ("GET", 200, b"{}", limits(None, 20), 21),
        ("GET", 200, b"{}", limits(1000, 900), 600),
        ("POST", 200, b"{}", limits(30, 3), 600),
        *(
            ("GET", 200, b"{}", limits(nonsense, nonsense), 600)
            for nonsense in ("-5", "many", "", "1e3", "10" * 20, "²")
        ),
        ("GET", 200, b"{}", limits(0), 600),
        ("POST", 429, PACE, limits(100, 0, **{"Retry-After": 30}), 100),
        # A refusal after so few requests shows no rate.
        ("POST", 429, PACE, limits(None, 0, **{"Retry-After": 30}), 600),
        ("POST", 429, PACE, limits(), 600),
        ("POST", 429, PACE, limits(0, **{"Retry-After": 30}), 600),
        ("POST", 429, BURST, limits(10, 0, **{"Retry-After": 1}), 600),
        ("POST", 429, BURST, limits(100, 0, **{"Retry-After": 30}), 100),
        ("POST", 429, b"<html>", limits(), 600),
        ("POST", 429, HOURLY, limits(30, 0, **{"Retry-After": 30}), 600),
        ("POST", 429, PACE, limits(30, 0, **{"Retry-After": 61}), 600),
    ],
)
@pytest.mark.parametrize("max_wait", [0, 300], ids=["final", "repeated"])
def test_answers_teach_the_pace(
    server: Server, clock: Clock, method: str, status: int, body: bytes, headers: dict[str, str], rate: int,
    max_wait: float,
) -> None:  # fmt: skip
    one = transport(clock, max_wait=max_wait, rate=600)
    server.answers = [answer(status, body, **headers), answer()]
    send(one, method, server.url)
    assert one._budget._schedule.rate(clock.time) == rate


@pytest.mark.parametrize(
    ("body", "seconds", "is_cap"), [(HOURLY, 3000, True), (BURST, 61, True), (HOURLY, 20, True), (PACE, 60, False)]
)
@pytest.mark.parametrize("max_wait", [0, 4000], ids=["final", "repeated"])
@pytest.mark.parametrize("repeats", [True, False])
def test_cap_of_one_kind_pauses_nothing_else(
    server: Server, clock: Clock, body: bytes, seconds: int, is_cap: bool, max_wait: float, repeats: bool
) -> None:
    one = transport(clock, max_wait=max_wait)
    pauses: list[float] = []
    one._budget.pause = pauses.append  # type: ignore[method-assign]
    server.answers = [answer(429, body, Retry_After=str(seconds)), answer()]
    send(one, "POST", server.url + "/guests", repeats=repeats)
    cap = one._listener.caps.find("POST", "/guests")
    assert (cap is not None) is is_cap
    assert pauses == ([] if is_cap or not max_wait else [seconds])
    assert one._listener.caps.find("GET", "/guests") is None


def test_words_of_a_cap_are_kept_without_secrets(server: Server, clock: Clock) -> None:
    """Refusals are shortened and written to a file: half of a secret could not be masked later."""
    one = transport(clock, max_wait=0)
    secret = "x" * 200
    one._secrets.keep(secret)
    body = f'{{"message": "Only 30 an hour; {"-" * 200} {secret}"}}'.encode()
    server.answers = [answer(429, body, Retry_After="3000")]
    send(one, "POST", server.url + "/guests", repeats=False)
    cap = one._listener.caps.find("POST", "/guests")
    assert cap is not None
    assert "xx" not in cap.text
    assert "****" in cap.text


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_refused_connection_was_not_carried_out(server: Server, clock: Clock, method: str) -> None:
    server.close()
    with pytest.raises(UnreachableError, match="no connection: Connection refused") as caught:
        send(transport(clock), method, server.url + "/a", query={"secret": "x"})
    assert not isinstance(caught.value, CertificateError)
    assert caught.value.message.startswith(f"{method} {server.url}/a: ")
    assert "secret" not in caught.value.message
    assert len(clock.naps) == CONNECT_ATTEMPTS


def test_unknown_host(clock: Clock) -> None:
    with pytest.raises(UnreachableError, match="no connection"):
        send(transport(clock), "POST", "https://no-such-host.invalid/x")


def test_tls_to_a_plain_port_is_no_trusted_connection(server: Server, clock: Clock) -> None:
    server.answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n"] * 9
    with pytest.raises(CertificateError, match="the TLS connection failed"):
        send(transport(clock), "POST", server.url.replace("http:", "https:"), json={})
    assert len(server.requests) == 1


def test_reset_is_survived_by_what_may_be_repeated(server: Server, clock: Clock) -> None:
    server.answers = [RESET, answer()]
    assert send(transport(clock), "GET", server.url).status_code == 200


@pytest.mark.parametrize(
    ("method", "kind", "requests"),
    [
        ("GET", UnreachableError, CONNECT_ATTEMPTS + 1),
        ("PUT", LostAnswerError, CONNECT_ATTEMPTS + 1),
        ("POST", LostAnswerError, 1),
    ],
)
def test_lasting_reset(server: Server, clock: Clock, method: str, kind: type[Exception], requests: int) -> None:
    with pytest.raises(kind, match=r"Connection (reset|aborted)|closed connection"):
        send(transport(clock), method, server.url)
    assert len(server.requests) == requests


@pytest.mark.parametrize(("method", "kind"), [("GET", UnreadableAnswerError), ("POST", LostAnswerError)])
def test_half_a_body(server: Server, clock: Clock, method: str, kind: type[Exception]) -> None:
    server.answers = [HALF] * 9
    with pytest.raises(kind, match=r"no complete answer|was lost"):
        send(transport(clock), method, server.url)


BROKEN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n20\r\n{}"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_body_that_breaks_off_is_asked_for_again(server: Server, clock: Clock, method: str) -> None:
    server.answers = [BROKEN_CHUNKS] * (BODY_ATTEMPTS - 1) + [answer()]
    assert send(transport(clock), method, server.url).json() == {"data": {}}
    assert len(server.requests) == BODY_ATTEMPTS
    assert len(clock.naps) == BODY_ATTEMPTS - 1


@pytest.mark.parametrize(
    ("method", "max_wait", "kind", "requests"),
    [
        ("GET", 300, UnreadableAnswerError, BODY_ATTEMPTS),
        ("GET", 0, UnreadableAnswerError, 1),
        ("PUT", 300, LostAnswerError, BODY_ATTEMPTS),
        ("POST", 300, LostAnswerError, 1),
        ("PATCH", 300, LostAnswerError, 1),
    ],
)
def test_lasting_broken_body(
    server: Server, clock: Clock, method: str, max_wait: float, kind: type[Exception], requests: int
) -> None:
    server.answers = [BROKEN_CHUNKS] * 9
    with pytest.raises(kind, match=r"no complete answer|was lost"):
        send(transport(clock, max_wait=max_wait), method, server.url)
    assert len(server.requests) == requests


@pytest.mark.parametrize(
    ("method", "kind", "requests"),
    [
        ("GET", UnreachableError, CONNECT_ATTEMPTS + 1),
        ("PATCH", LostAnswerError, 1),
        ("POST", LostAnswerError, 1),
    ],
)
def test_no_answer_in_time(server: Server, clock: Clock, method: str, kind: type[Exception], requests: int) -> None:
    server.answers = [SILENCE] * 9
    with pytest.raises(kind, match=r"no answer within 0\.1 s"):
        send(transport(clock, timeout=0.1), method, server.url)
    # The server may not have read the request yet.
    server.close()
    assert len(server.requests) == requests


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("mark", ["?", "#"])
def test_redirect_is_refused_and_its_secrets_are_not_shown(
    server: Server, clock: Clock, status: int, mark: str
) -> None:
    server.answers = [answer(status, Location=f"https://evil.example/cb{mark}access_token={SECRET}"), answer()]
    with pytest.raises(RedirectedError, match=r"https://evil\.example/cb") as caught:
        send(transport(clock), "POST", server.url, json={})
    assert SECRET not in caught.value.message
    assert len(server.requests) == 1


def test_redirect_shows_no_password(server: Server, clock: Clock) -> None:
    server.answers = [answer(302, Location="https://user:p4ss@evil.example/cb")]
    with pytest.raises(RedirectedError, match=r"redirected to https://evil\.example/cb \(HTTP 302\)") as caught:
        send(transport(clock), "GET", server.url)
    assert "user" not in caught.value.message


def test_proxy_that_is_no_address_is_a_wrong_option(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://")
    with pytest.raises(OptionError, match="HTTPS_PROXY"):
        send(transport(clock), "GET", "https://go.example.com/api")


def test_proxy_that_is_not_there_is_no_connection(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.close()
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(UnreachableError, match="no connection"):
        send(transport(clock), "POST", "https://go.example.com/api", json={})


@pytest.mark.parametrize("password", ["s3cret#rest", "s3cret/rest", "s3cret?rest", "s3cret[rest"])
def test_password_that_breaks_the_address_of_a_proxy_is_not_shown(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password}@{server.url[7:]}")
    with pytest.raises(OptionError, match="HTTPS_PROXY is not a proxy address") as caught:
        send(transport(clock), "POST", "https://go.example.com/api", json={})
    assert caught.value.message.startswith("POST https://go.example.com/api: ")
    for piece in ("s3cret", "rest"):
        assert piece not in caught.value.message.replace("percent", "")
    assert server.requests == []


def test_proxy_that_wants_a_password_is_named(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [answer(407, b"")] * 9
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@{server.url[7:]}")
    with pytest.raises(UnreachableError, match=r"no connection through the proxy: .*407.* Check the proxy") as caught:
        send(transport(clock), "POST", "https://go.example.com/api", json={})
    assert "s3cret" not in caught.value.message
    assert len(server.requests) == 1


def test_answer_lost_behind_a_proxy_may_have_been_carried_out(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [RESET]
    monkeypatch.setenv("HTTP_PROXY", server.url)
    with pytest.raises(LostAnswerError):
        send(transport(clock), "POST", "http://go.example.com/api", json={})


@pytest.mark.parametrize("first", [RESET, answer(502), BROKEN_CHUNKS], ids=["reset", "502", "half"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_write_that_arrived_before_the_connection_failed_may_have_been_carried_out(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, method: str, first: bytes
) -> None:
    server.answers = [first]
    one = transport(clock)
    # The second attempt cannot connect.
    monkeypatch.setattr(one.allowance, "_sleep", lambda _seconds: server.close())
    with pytest.raises(LostAnswerError, match="Connection refused"):
        send(one, method, server.url)


def test_write_that_was_refused_before_may_be_repeated(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [answer(429)]
    one = transport(clock)
    monkeypatch.setattr(one.allowance, "_sleep", lambda _seconds: server.close())
    with pytest.raises(UnreachableError, match="Connection refused"):
        send(one, "PUT", server.url)


@pytest.mark.parametrize("location", ["http://[x", "//[", "http://a:b/", "", " "])
def test_redirect_to_nowhere_is_refused_like_any_other(server: Server, clock: Clock, location: str) -> None:
    server.answers = [answer(302, Location=location)]
    with pytest.raises(RedirectedError, match="HTTP 302"):
        send(transport(clock), "GET", server.url)


def test_what_a_proxy_wants_is_not_told_to_the_reader(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://user:s3cret@127.0.0.1:1")
    server.answers = [answer(302, Location="https://user:s3cret@evil.example/s3cret")]
    with pytest.raises(RedirectedError) as caught:
        send(transport(clock), "GET", server.url)
    assert "s3cret" not in caught.value.message


def test_body_that_cannot_be_unpacked_is_asked_for_again(server: Server, clock: Clock) -> None:
    server.answers = [answer(200, b"no gzip", Content_Encoding="gzip"), answer()]
    assert send(transport(clock), "GET", server.url).json() == {"data": {}}


def test_number_that_json_does_not_have_is_not_sent(server: Server, clock: Clock) -> None:
    with pytest.raises(OptionError, match="the request cannot be sent"):
        send(transport(clock), "POST", server.url, json={"a": float("nan")})
    assert server.requests == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ca_path"])
@pytest.mark.parametrize("is_there", [True, False])
def test_bundle_that_cannot_be_used_is_named(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, name: str, is_there: bool
) -> None:
    bundle = tmp_path / "bundle.pem"
    if is_there:
        bundle.write_text("no certificate\n")
    one = transport(clock)
    if name == "ca_path":
        one.connection = replace(one.connection, ca_path=str(bundle))
    else:
        monkeypatch.setenv(name, str(bundle))
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(OptionError) as caught:
        send(one, "POST", f"https://127.0.0.1:{listening.getsockname()[1]}", json={})
    assert (
        f"{name} {bundle} {'contains no readable certificates' if is_there else 'does not exist'}"
        in caught.value.message
    )


def test_certificates_are_checked_as_the_connection_says(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    one = transport(clock)
    one.connection = replace(one.connection, ca_path=str(tmp_path))
    # An environment variable for another program does not overrule the option.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
    seen: list[object] = []
    session = one._session

    def request(*_args: object, **options: Any) -> Any:
        seen.append(options["verify"])
        return original(*_args, **options)

    original = session.request
    monkeypatch.setattr(session, "request", request)
    server.answers = [answer()]
    send(one, "GET", server.url)
    assert seen == [str(tmp_path)]
