# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The meaning of each failure of the HTTP libraries, constructed as they do it; both urllib3 versions have them all."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

import pytest
from requests import exceptions as outer
from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as inner

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    CertificateError,
    OptionError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.failures import CAUSES, cause_of, reason_of
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import RefusedAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper

POOL: Any = HTTPConnectionPool("127.0.0.1")
RESET = ConnectionResetError(104, "Connection reset by peer")
GONE = http.client.RemoteDisconnected("Remote end closed connection without response")
REFUSED = inner.NewConnectionError(POOL, "Failed to establish a new connection: [Errno 111] Connection refused")
TUNNEL = OSError("Tunnel connection failed: 407 Proxy Authentication Required")


def spent(reason: Exception) -> inner.MaxRetryError:
    return inner.MaxRetryError(POOL, "/x", reason)


def of_proxy(error: Exception) -> outer.ProxyError:
    return outer.ProxyError(spent(inner.ProxyError("Cannot connect to proxy.", error)))


@pytest.mark.parametrize(
    ("error", "kind", "text", "may_have_arrived"),
    [
        (outer.InvalidURL("x"), OptionError, "address", False),
        (outer.InvalidProxyURL("x"), OptionError, "address", False),
        (outer.InvalidSchema("Missing dependencies for SOCKS support."), OptionError, "address", False),
        (outer.MissingSchema("x"), OptionError, "address", False),
        (inner.LocationParseError("x"), OptionError, "address", False),
        (outer.ConnectionError(spent(http.client.InvalidURL("x"))), OptionError, "address", False),
        # requests has one error for a header that cannot be sent and for one that cannot be read.
        (outer.InvalidHeader("x"), OptionError, "cannot be sent", False),
        (outer.InvalidHeader(inner.InvalidHeader("Content-Length")), UnreadableAnswerError, "cannot be read", True),
        (inner.InvalidHeader("Content-Length"), UnreadableAnswerError, "cannot be read", True),
        (RefusedAnswerError("it is longer than 64 MiB"), UnreadableAnswerError, "was rejected", True),
        (outer.ConnectionError(spent(REFUSED)), UnreachableError, "no connection", False),
        (outer.ConnectTimeout(spent(inner.ConnectTimeoutError(POOL, "x"))), UnreachableError, "no conn", False),
        (outer.ConnectionError(socket.gaierror(-2, "Name or service not known")), UnreachableError, "no conn", False),
        (of_proxy(REFUSED), UnreachableError, "no connection", False),
        (of_proxy(TUNNEL), UnreachableError, "no connection through the proxy", False),
        # With a proxy, urllib3 reports a lost answer like this.
        (of_proxy(RESET), UnreachableError, "no complete answer", True),
        (of_proxy(GONE), UnreachableError, "no complete answer", True),
        (outer.SSLError(spent(inner.SSLError(ssl.SSLEOFError(8, "EOF occurred")))),
         UnreachableError, "the TLS connection was closed", True),
        (outer.SSLError(spent(inner.SSLError(ssl.SSLCertVerificationError("certificate verify failed")))),
         CertificateError, "the TLS connection failed", False),
        (outer.ReadTimeout(inner.ReadTimeoutError(POOL, "/x", "x")), UnreachableError, "no complete answer", True),
        (outer.ConnectionError(inner.ReadTimeoutError(POOL, "/x", "x")), UnreachableError, "no complete answer", True),
        (outer.ConnectionError(spent(inner.ProtocolError("x", GONE))), UnreachableError, "no complete answer", True),
        (outer.ConnectionError(inner.ProtocolError("x", RESET)), UnreachableError, "no complete answer", True),
        (outer.ConnectionError(inner.ProtocolError("x", http.client.BadStatusLine("garbage"))),
         UnreachableError, "no complete answer", True),
        (outer.ChunkedEncodingError("x"), UnreadableAnswerError, "no complete answer", True),
        (outer.ContentDecodingError(inner.DecodeError("x")), UnreadableAnswerError, "no complete answer", True),
        (outer.ConnectionError(inner.ProtocolError("x", http.client.IncompleteRead(b"", 5))),
         UnreadableAnswerError, "no complete answer", True),
        (outer.RequestException("something new"), UnreachableError, "no complete answer", True),
    ],
    ids=lambda value: repr(value)[:70] if isinstance(value, Exception) else None,
)  # fmt: skip
def test_cause(error: Exception, kind: type[Exception], text: str, may_have_arrived: bool) -> None:
    cause = cause_of(error)
    assert (cause.kind, cause.may_have_arrived) == (kind, may_have_arrived)
    assert text in cause.text


def test_only_a_time_out_is_late() -> None:
    assert [cause.is_late for cause in CAUSES].count(True) == 1
    assert cause_of(outer.ReadTimeout(inner.ReadTimeoutError(POOL, "/x", "x"))).is_late


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (outer.ConnectionError(inner.ProtocolError("Connection aborted.", RESET)), "Connection reset by peer"),
        (of_proxy(TUNNEL), "Tunnel connection failed: 407 Proxy Authentication Required"),
        (inner.LocationParseError("http://user:s3cret@x"), f"Failed to parse: http://user:{MASK}@x"),
        (outer.InvalidURL("x" * 290 + " s3cret"), "x" * 290 + f" {MASK}"),
        (outer.ConnectionError(), "ConnectionError"),
    ],
)  # fmt: skip
def test_reason_is_short_and_without_secrets(error: Exception, expected: str) -> None:
    secrets = SecretKeeper()
    secrets.keep("s3cret")
    assert reason_of(error, secrets) == expected
