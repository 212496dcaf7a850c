# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads answers with limits of time, size, nesting and numbers. Private to the collection.

The time-out of the libraries applies to a single read of the socket, so a slow answer could go on for ever.
"""

from __future__ import annotations

import functools
import http.client
import io
import json
import math
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from .requests_guard import HTTPAdapter, HTTPError, Retry

#: The largest answer, both compressed and decompressed. A page of 9,999 members has about 20 MB.
MOST_ANSWER_BYTES = 64 << 20
#: The largest answer to a request that is sent again.
MOST_REFUSAL_BYTES = 1 << 20
#: The size of a compressed piece, which decompresses to at most 16 MiB.
PIECE_BYTES = 16 << 10
#: The requested encodings. Nested encodings would multiply the size of a decompressed piece.
ACCEPTED_ENCODINGS = "gzip, deflate"
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
MOST_LEVELS = 100
#: The types of values without nested values; nearly all values have one of them.
_LEAVES = frozenset({str, int, float, bool, type(None)})
#: Python converts integers of at most 4300 digits to texts.
MOST_DIGITS = 1000
#: The prefix of keys with which ansible-core marks its own types in the JSON of a module.
RESERVED = "__ansible_"


class RefusedAnswerError(HTTPError):
    """An answer is too long, or has an encoding that was not requested. Another request would get the same answer.

    urllib3 and requests do not treat this class as a failure of the connection, which they would retry.
    """


class _BoundedReader(io.RawIOBase):
    """Reads an answer from a socket, within the socket's time-out in total and up to ``MOST_ANSWER_BYTES``.

    The time starts when the reader is created, which is after a request has been sent.
    """

    def __init__(self, raw: Any, connection: Any) -> None:
        self._raw = raw
        self._connection = connection
        self._seconds: float | None = connection.gettimeout()
        self._end = time.monotonic() + (math.inf if self._seconds is None else self._seconds)
        self._bytes_left = MOST_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        if self._seconds is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            self._connection.settimeout(left)
        try:
            count: int | None = self._raw.readinto(buffer)
        finally:
            # The next request on this connection gets the full time-out.
            self._connection.settimeout(self._seconds)
        self._bytes_left -= count or 0
        if self._bytes_left < 0:
            raise _too_long(MOST_ANSWER_BYTES)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """Reads status line, headers, body, and the answer of a proxy to CONNECT within the limits."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock))


class BoundedAdapter(HTTPAdapter):
    """An adapter whose connections, direct or through a proxy, read answers within the limits.

    ``beside`` is an adapter with another retry policy, whose connections this one uses instead of its own.
    """

    def __init__(self, policy: Retry, pool_maxsize: int, beside: BoundedAdapter | None = None) -> None:
        self._beside = beside
        super().__init__(max_retries=policy, pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        if self._beside is not None:
            self.poolmanager = self._beside.poolmanager
            return
        super().init_poolmanager(*arguments, **options)
        _bound(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        if self._beside is not None:
            return self._beside.proxy_manager_for(proxy, **options)
        manager = super().proxy_manager_for(proxy, **options)
        _bound(manager)
        return manager


def _bound(manager: Any) -> None:
    """Make all future connections of a pool manager read answers within the limits."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(pool) for scheme, pool in classes.items()}


@functools.cache
def _bounded_pool(pool: Any) -> Any:
    connection = pool.ConnectionCls
    if issubclass(connection.response_class, BoundedResponse):
        return pool
    bounded = type(connection.__name__, (connection,), {"response_class": BoundedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": bounded})


def body_of(pieces: Iterable[bytes], headers: Mapping[str, str], most: int | None = None) -> bytes:
    """Return the body that consists of the decompressed ``pieces``; raises ``RefusedAnswerError`` for a bad one.

    It may have ``most`` bytes, by default ``MOST_ANSWER_BYTES``.
    """
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise RefusedAnswerError(f"its encoding {encoding!r} is not one of {ACCEPTED_ENCODINGS}")
    most = MOST_ANSWER_BYTES if most is None else most
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise _too_long(most)
        found.append(piece)
    return b"".join(found)


def rest_of(response: Any) -> bytes:
    """Return the body of a urllib3 answer after which the request is sent again, empty if it is too long.

    If the body was read to its end, the connection is reused for the next request; otherwise it is closed.
    """
    try:
        return body_of(response.stream(PIECE_BYTES, decode_content=True), response.headers, MOST_REFUSAL_BYTES)
    except (HTTPError, OSError):
        response.close()
        return b""


def json_of(content: bytes | str, **options: Any) -> Any:
    """Return the parsed JSON; raises ``ValueError`` for invalid JSON and for JSON beyond the limits.

    ``options`` are passed to ``json.loads``.
    """
    try:
        value = json.loads(content, parse_int=_integer, parse_float=_fraction, **options)
    except RecursionError:
        raise UnfitError from None
    if is_deep(value):
        raise UnfitError
    if _may_be_reserved(content) and _has_reserved_key(value):
        raise UnfitError(f"JSON with a key that begins with {RESERVED}, which Ansible reserves for itself")
    return value


class UnfitError(ValueError):
    """Valid JSON that cannot be used because of its depth, one of its numbers or one of its keys."""

    def __init__(self, text: str = f"nested deeper than {MOST_LEVELS} levels") -> None:
        super().__init__(text)


def is_deep(value: Any) -> bool:
    """Return whether a value is nested deeper than ``MOST_LEVELS``, which recursive code may not survive."""
    last = next(islice(_levels(value), MOST_LEVELS, None), [])
    return any(isinstance(part, (Mapping, list, tuple)) for part in last)


def _levels(value: Any) -> Iterator[list[Any]]:
    """Yield, from the outermost level on, the values of each level that may contain others."""
    level = [value]
    while level:
        yield level
        below: list[Any] = []
        for outer in level:
            if isinstance(outer, (dict, Mapping)):
                below += [inner for inner in outer.values() if type(inner) not in _LEAVES]
            elif isinstance(outer, (list, tuple)):
                below += [inner for inner in outer if type(inner) not in _LEAVES]
        level = below


def _may_be_reserved(content: bytes | str) -> bool:
    """Return whether the content may have a reserved key: verbatim, with escapes, or in UTF-16 or UTF-32."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    return any(sign in text for sign in (RESERVED, "\\u", "\0"))


def _has_reserved_key(value: Any) -> bool:
    return any(
        isinstance(key, str) and key.startswith(RESERVED)
        for level in _levels(value)
        for part in level
        if isinstance(part, dict)
        for key in part
    )


def _integer(text: str) -> int:
    return int(_number(text))


def _fraction(text: str) -> float:
    return float(_number(text))


def _number(text: str) -> str:
    if len(text) > MOST_DIGITS:
        raise UnfitError(f"JSON with a number of more than {MOST_DIGITS} digits")
    return text


def _too_long(most: int) -> RefusedAnswerError:
    return RefusedAnswerError(f"it is longer than {most >> 20} MiB")
