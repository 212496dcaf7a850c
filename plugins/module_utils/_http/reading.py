# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads answers with a limit: their time, their bytes, and what is made of these. Private to the collection.

A time-out of the libraries is for one read of the socket, so an answer that comes byte by byte never ends.
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

#: Of one answer, as it arrives and unpacked. A page of 9,999 members has about 20 MB.
MOST_ANSWER_BYTES = 64 << 20
#: Of an answer that only tells why a request is sent again.
MOST_REFUSAL_BYTES = 1 << 20
#: Before it is unpacked: it becomes 16 MiB at the most.
PIECE_BYTES = 16 << 10
#: What is asked for. One packing inside another multiplies what a piece becomes.
ACCEPTED_ENCODINGS = "gzip, deflate"
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
MOST_LEVELS = 100
#: What holds nothing; nearly all values are of these types, and need no closer look.
_LEAVES = frozenset({str, int, float, bool, type(None)})
#: Python itself turns a number of 4300 digits into a text no more.
MOST_DIGITS = 1000
#: Where a module is a process of its own, ansible-core makes other things of dictionaries that have such keys.
RESERVED = "__ansible_"


class RefusedAnswerError(HTTPError):
    """An answer is too long, or packed in a way that nobody asked for. Asked again, it would be the same.

    Neither urllib3 nor requests takes it for a failure of the connection, which they would repeat.
    """


class _BoundedReader(io.RawIOBase):
    """Reads from a socket for as long altogether as the socket's time-out says, and not more than an answer may have.

    The time begins when this is made, which is when a request has been sent.
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
            # The next request on this connection has all of its time again.
            self._connection.settimeout(self._seconds)
        self._bytes_left -= count or 0
        if self._bytes_left < 0:
            raise _too_long(MOST_ANSWER_BYTES)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """Reads everything within the limits: status line, headers, body, and the answer of a proxy to CONNECT."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock))


class BoundedAdapter(HTTPAdapter):
    """Has all its connections, direct ones and those through a proxy, read within the limits.

    ``beside`` is an adapter with another policy of retries, whose connections this one uses instead of its own.
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
    """Have the connections that a pool manager is going to make read within the limits."""
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
    """Return the body that comes in unpacked ``pieces``; raises ``RefusedAnswerError`` for one that is not taken.

    It is as long as an answer may be, or as ``most`` says.
    """
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise RefusedAnswerError(f"it is packed as {encoding}, and {ACCEPTED_ENCODINGS} was asked for")
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
    """Return the body of an answer of urllib3 that a request is sent again after, empty when that is not worth it.

    Read to its end, its connection can serve the next request; otherwise it is closed.
    """
    try:
        return body_of(response.stream(PIECE_BYTES, decode_content=True), response.headers, MOST_REFUSAL_BYTES)
    except (HTTPError, OSError):
        response.close()
        return b""


def json_of(content: bytes | str, **options: Any) -> Any:
    """Return the JSON that this holds; raises ``ValueError`` when it holds none, or none that is fit to be used.

    ``options`` are further ones of ``json.loads``.
    """
    try:
        value = json.loads(content, parse_int=_integer, parse_float=_fraction, **options)
    except RecursionError:
        raise UnfitError from None
    if is_deep(value):
        raise UnfitError
    if _may_be_reserved(content) and _has_reserved_key(value):
        raise UnfitError(f"holding a key that begins with {RESERVED}, as what Ansible itself reads does")
    return value


class UnfitError(ValueError):
    """Something is JSON, and yet no answer: its depth or one of its numbers would be too much for who works with it."""

    def __init__(self, text: str = f"nested deeper than {MOST_LEVELS} levels") -> None:
        super().__init__(text)


def is_deep(value: Any) -> bool:
    """Return whether something is nested deeper than what works itself through it can go."""
    last = next(islice(_levels(value), MOST_LEVELS, None), [])
    return any(isinstance(one, (Mapping, list, tuple)) for one in last)


def _levels(value: Any) -> Iterator[list[Any]]:
    """Yield, from the outside, what is at each level and may hold something."""
    level = [value]
    while level:
        yield level
        below: list[Any] = []
        for outer in level:
            if isinstance(outer, (dict, Mapping)):
                below += [one for one in outer.values() if type(one) not in _LEAVES]
            elif isinstance(outer, (list, tuple)):
                below += [one for one in outer if type(one) not in _LEAVES]
        level = below


def _may_be_reserved(content: bytes | str) -> bool:
    """Return whether a key could be reserved, as it stands, behind an escape, or in an encoding of two bytes."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    return any(sign in text for sign in (RESERVED, "\\u", "\0"))


def _has_reserved_key(value: Any) -> bool:
    return any(
        isinstance(key, str) and key.startswith(RESERVED)
        for level in _levels(value)
        for one in level
        if isinstance(one, dict)
        for key in one
    )


def _integer(text: str) -> int:
    return int(_number(text))


def _fraction(text: str) -> float:
    return float(_number(text))


def _number(text: str) -> str:
    if len(text) > MOST_DIGITS:
        raise UnfitError(f"holding a number of more than {MOST_DIGITS} digits")
    return text


def _too_long(most: int) -> RefusedAnswerError:
    return RefusedAnswerError(f"it is longer than {most >> 20} MiB")
