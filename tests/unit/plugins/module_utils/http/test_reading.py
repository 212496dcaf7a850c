# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endless answers of the hostile server: reading stops at the limits of time and size."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    LostAnswerError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http import reading
from ansible_collections.tallyfy.platform.plugins.module_utils._http.allowance import WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import json_in
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import (
    MOST_ANSWER_BYTES,
    MOST_LEVELS,
    UnfitError,
    is_deep,
    json_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import NoAuth
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import Transport
from tests.certificates import self_signed
from tests.clock import Clock
from tests.hostile import DRIP_SECONDS, HostileServer, running_hostile

SECONDS = 0.3
SMALL = 2 << 20
#: The size of a decompressed piece, plus the buffer of the decoder.
UNPACKED_PIECES = 3 * (17 << 20)
SLOW = [
    "silence", "drip-status", "drip-headers", "drip-body", "drip-endless-body", "drip-chunks", "drip-chunk-size",
    "drip-gzip", "drip-100",
]  # fmt: skip
MUCH = [
    "flood", "flood-json", "flood-length", "flood-chunked", "flood-one-chunk", "flood-trailers", "gzip-bomb",
    "gzip-bomb-chunked", "gzip-bomb-of-many", "zlib-bomb", "deflate-bomb", "endless-100",
]  # fmt: skip
PACKED = ["gzip-bomb-stacked", "encoding-br", "encoding-zstd", "encoding-compress", "encoding-x-gzip"]
BROKEN = [
    "many-headers", "endless-headers", "long-header", "long-status", "no-http", "length-too-long", "lengths-differ",
    "chunk-size-word", "no-gzip",
]  # fmt: skip


def transport(timeout: float = 30, **options: Any) -> Transport:
    clock = Clock()
    connection = Connection(api_url="http://x", token_url="http://x", org_id="o", timeout=timeout, **options)
    allowance = WaitAllowance(300, sleep=clock.sleep, clock=clock.now)
    return Transport(connection, RequestBudget(0, now=clock.now, sleep=clock.sleep), allowance)


def send(one: Transport, method: str, url: str, **options: Any) -> Any:
    return one.send(method, url, auth=NoAuth(), **options)


def failure(one: Transport, method: str, url: str, **options: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        send(one, method, url, **options)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.fixture
def is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits."""
    monkeypatch.setattr(reading, "MOST_ANSWER_BYTES", SMALL)
    monkeypatch.setattr(reading, "MOST_REFUSAL_BYTES", SMALL)


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SLOW)
def test_slow_answer_is_left_after_the_time_of_a_request(hostile: HostileServer, kind: str) -> None:
    error = failure(transport(SECONDS), "GET", hostile.url(kind), repeats=False)
    assert isinstance(error, UnreachableError)
    assert f"no answer within {SECONDS:g} s" in error.message
    # Without the limit, reading the slow answer would take longer than that.
    assert hostile.sent < 200 + 30 * SECONDS / DRIP_SECONDS


@pytest.mark.parametrize("kind", SLOW)
def test_slow_answer_to_a_write_is_lost(hostile: HostileServer, kind: str) -> None:
    error = failure(transport(SECONDS), "POST", hostile.url(kind))
    assert isinstance(error, LostAnswerError)
    assert error.facts["is_late"] is True
    assert len(hostile.requests) == 1


def test_every_attempt_has_its_own_time(hostile: HostileServer) -> None:
    failure(transport(SECONDS), "GET", hostile.url("drip-body"))
    assert len(hostile.requests) > 1


@pytest.mark.parametrize("kind", ["drip-status", "drip-headers"])
def test_slow_proxy_is_left_too(hostile: HostileServer, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    hostile.connect = kind
    monkeypatch.setenv("HTTPS_PROXY", hostile.origin)
    error = failure(transport(SECONDS), "GET", "https://elsewhere.example.com/", repeats=False)
    assert f"no answer within {SECONDS:g} s" in error.message
    assert hostile.requests == ["CONNECT elsewhere.example.com:443"]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostileServer, Path]]:
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"))
    with running_hostile(certificate, key) as server:
        yield server, certificate


@pytest.mark.parametrize("kind", ["drip-headers", "drip-body", "drip-chunks", "flood"])
def test_the_limits_hold_for_tls(tls: tuple[HostileServer, Path], is_small: None, kind: str) -> None:
    server, certificate = tls
    one = transport(2 if kind == "flood" else SECONDS, ca_path=str(certificate))
    error = failure(one, "GET", server.url(kind), repeats=False)
    expected = "longer than 2 MiB" if kind == "flood" else f"no answer within {SECONDS:g} s"
    assert expected in error.message


def test_kept_connection_has_all_of_its_time_again() -> None:
    """The next request must get the full time-out, not the rest that the previous answer left."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _address = listening.accept()
            with connection:
                for pause in (0.6, 0.6, 0.6):
                    connection.recv(65536)
                    time.sleep(pause)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        one = transport(1)
        for _time in range(3):
            assert send(one, "GET", f"http://127.0.0.1:{listening.getsockname()[1]}").content == b"{}"
        thread.join(5)
        assert not thread.is_alive(), "all three came over one connection"


def test_the_time_of_a_socket_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30)
        response = reading.BoundedResponse(ours)
        theirs.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        response.begin()
        assert ours.gettimeout() == 30
        monkeypatch.setattr(time, "monotonic", lambda: float("inf"))
        with pytest.raises(socket.timeout):
            response.fp.read(1)
        response.close()


# --- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MUCH)
def test_long_answer_is_not_taken_and_not_asked_for_again(hostile: HostileServer, is_small: None, kind: str) -> None:
    error = failure(transport(), "GET", hostile.url(kind))
    assert isinstance(error, UnreadableAnswerError)
    assert "it is longer than 2 MiB" in error.message
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("kind", MUCH)
def test_long_answer_to_a_write_is_lost(hostile: HostileServer, is_small: None, kind: str) -> None:
    error = failure(transport(), "PUT", hostile.url(kind))
    assert isinstance(error, LostAnswerError)
    assert "it is longer than 2 MiB" in error.message
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("kind", PACKED)
def test_packing_that_was_not_asked_for_is_not_taken(hostile: HostileServer, kind: str) -> None:
    error = failure(transport(), "GET", hostile.url(kind))
    assert isinstance(error, UnreadableAnswerError)
    assert "is not one of gzip, deflate" in error.message
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("kind", BROKEN)
def test_answer_that_cannot_be_read_is_one_clear_error(hostile: HostileServer, kind: str) -> None:
    """For each of them, the error says that a write may have been carried out."""
    assert isinstance(failure(transport(), "GET", hostile.url(kind)), (UnreadableAnswerError, UnreachableError))
    assert isinstance(failure(transport(), "POST", hostile.url(kind)), LostAnswerError)


@pytest.mark.parametrize("kind", ["flood", "flood-chunked", "gzip-bomb", "zlib-bomb", "gzip-bomb-stacked"])
def test_memory_is_bounded(hostile: HostileServer, kind: str) -> None:
    tracemalloc.start()
    try:
        failure(transport(), "GET", hostile.url(kind))
        assert tracemalloc.get_traced_memory()[1] < MOST_ANSWER_BYTES + UNPACKED_PIECES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packer", [lambda text: text, gzip.compress, zlib.compress], ids=["plain", "gzip", "deflate"])
def test_page_of_9999_members_fits(packer: Any) -> None:
    row = {"id": 1000000, "email": "somebody.with-a-long-name@example.com", "groups": [], "text": "x" * 2000}
    page = json.dumps({"data": [{**row, "id": row["id"] + number} for number in range(9999)]}).encode()
    assert 20e6 < len(page) < MOST_ANSWER_BYTES / 2
    body = packer(page)
    encoding = {b"\x1f": "gzip", b"\x78": "deflate"}.get(body[:1], "identity")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _address = listening.accept()
            with connection:
                connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nContent-Encoding: {encoding}\r\n\r\n"
                connection.sendall(head.encode() + body)

        threading.Thread(target=serve, daemon=True).start()
        response = send(transport(), "GET", f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert len(json_in(response)["data"]) == 9999


# --- a status that says enough ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
@pytest.mark.parametrize("kind", ["flood", "gzip-bomb", "gzip-bomb-stacked", "drip-body"])
def test_refusal_stands_without_its_body(hostile: HostileServer, is_small: None, status: int, kind: str) -> None:
    one = transport(SECONDS if kind == "drip-body" else 30)
    response = send(one, "POST", hostile.url(f"{status}-{kind}"))
    assert (response.status_code, response.content) == (status, b"")
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("kind", ["flood", "flood-chunked", "gzip-bomb", "gzip-bomb-stacked"])
def test_what_is_read_before_a_repetition_is_bounded(hostile: HostileServer, status: int, kind: str) -> None:
    tracemalloc.start()
    try:
        response = send(transport(), "GET", hostile.url(f"{status}-{kind}", to="GET"))
        assert response.status_code == status
        assert len(hostile.requests) > 1
        # The last attempt is not repeated, so its body is read as an answer.
        assert tracemalloc.get_traced_memory()[1] < MOST_ANSWER_BYTES + UNPACKED_PIECES
    finally:
        tracemalloc.stop()


def test_lines_after_a_body_are_bounded_before_a_repetition(hostile: HostileServer, is_small: None) -> None:
    assert send(transport(), "GET", hostile.url("503-flood-trailers")).status_code == 503
    assert len(hostile.requests) > 1


def test_what_is_read_before_a_repetition_has_its_time(hostile: HostileServer) -> None:
    response = send(transport(SECONDS), "GET", hostile.url("503-drip-body"))
    assert response.status_code == 503
    assert len(hostile.requests) > 1


def test_connection_is_kept_after_a_refusal_that_is_repeated() -> None:
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _address = listening.accept()
            with connection:
                for status in (503, 429, 200):
                    connection.recv(65536)
                    seen.append(status)
                    connection.sendall(f"HTTP/1.1 {status} Text\r\nContent-Length: 2\r\n\r\n{{}}".encode())

        threading.Thread(target=serve, daemon=True).start()
        assert send(transport(), "GET", f"http://127.0.0.1:{listening.getsockname()[1]}").status_code == 200
    assert seen == [503, 429, 200]


def test_what_is_left_over_is_no_answer_to_the_next_request(hostile: HostileServer) -> None:
    one = transport()
    for _time in range(2):
        assert json_in(send(one, "GET", hostile.url("length-too-short"))) == {"data": {}}


# --- JSON -------------------------------------------------------------------------------------------------------------


def nested(levels: int, kind: str) -> bytes:
    return {
        "lists": b"[" * levels + b"]" * levels,
        "objects": b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1),
        "both": b'[{"a":' * (levels // 2) + b"1" + b"}]" * (levels // 2),
    }[kind]


@pytest.mark.parametrize("kind", ["lists", "objects", "both"])
@pytest.mark.parametrize("levels", [2, MOST_LEVELS - 2, MOST_LEVELS])
def test_json_of_some_levels_is_read(levels: int, kind: str) -> None:
    content = nested(levels, kind)
    assert json.dumps(json_of(content), separators=(",", ":")).encode() == content


@pytest.mark.parametrize("kind", ["lists", "objects"])
def test_one_level_too_many_is_unfit(kind: str) -> None:
    with pytest.raises(UnfitError):
        json_of(nested(MOST_LEVELS + 1, kind))


@pytest.mark.parametrize("kind", ["lists", "objects", "both"])
@pytest.mark.parametrize("levels", [MOST_LEVELS + 2, 500, 900, 1000, 5000, 100_000])
def test_json_of_too_many_levels_is_unfit(levels: int, kind: str) -> None:
    with pytest.raises(UnfitError, match="nested deeper than 100 levels"):
        json_of(nested(levels, kind))


@pytest.mark.parametrize("key", ["__ansible_type", "__ansible_vault", "\\u005f_ansible_unsafe"])
@pytest.mark.parametrize("form", ['{"%s": "x"}', '[{"id": 1, "a": [{"b": {"%s": 1}}]}]'])
def test_json_that_ansible_would_take_for_its_own_is_unfit(key: str, form: str) -> None:
    with pytest.raises(UnfitError, match="a key that begins with __ansible_"):
        json_of((form % key).encode())


@pytest.mark.parametrize("number", ["9" * 1001, "9" * 5000, "9" * 1_000_000, "0." + "1" * 1000], ids=len)
def test_json_with_a_number_without_an_end_is_unfit(number: str) -> None:
    with pytest.raises(UnfitError, match="a number of more than 1000 digits"):
        json_of(f'{{"id": {number}}}'.encode())


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"12345678901234567890", 12345678901234567890), (b"-1.5e3", -1500.0), ('"ü"'.encode("utf-16"), "ü")],
)
def test_ordinary_json_is_read(content: bytes, expected: object) -> None:
    assert json_of(content) == expected


@pytest.mark.parametrize("content", [b"", b"<p>", b'{"a": ', b"\xff\xfe\xfd", b'"\x80"'])
def test_no_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_of(content)


def test_depth_of_what_is_wide_is_looked_at_in_every_branch() -> None:
    deep: Any = 1
    for _level in range(MOST_LEVELS + 1):
        deep = {"a": (deep,), "b": 1}
    assert is_deep([*range(1000), {"x": deep}])
    assert not is_deep([[number] for number in range(1000)])
