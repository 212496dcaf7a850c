# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The meaning of each failure of the HTTP libraries, in one table. Private to the collection."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import NamedTuple

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    CertificateError,
    OptionError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper

from .answers import shorten
from .reading import RefusedAnswerError
from .requests_guard import (
    ChunkedEncodingError,
    ConnectTimeout,
    ConnectTimeoutError,
    ContentDecodingError,
    DecodeError,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    LocationValueError,
    MissingSchema,
    NewConnectionError,
    ProxyError,
    ProxySchemeUnsupported,
    ReadTimeout,
    ReadTimeoutError,
    RequestException,
    RequestsProxyError,
    RequestsSSLError,
    SSLError,
    UnreadableHeader,
)


class Cause(NamedTuple):
    """The meaning of a failure: our error, its text and advice, whether the request may have arrived, or timed out."""

    errors: tuple[type[BaseException], ...]
    kind: type[ApiError | OptionError]
    text: str
    advice: str = ""
    may_have_arrived: bool = False
    is_late: bool = False


#: The causes; the first match counts. An error is matched together with all errors that it wraps.
CAUSES = (
    Cause(
        (RefusedAnswerError,),
        UnreadableAnswerError,
        "the answer was rejected",
        "Check that api_url and token_url are the addresses of Tallyfy.",
        may_have_arrived=True,
    ),
    # Before InvalidHeader: requests wraps this error in its own InvalidHeader, as it does for headers of requests.
    Cause(
        (UnreadableHeader,),
        UnreadableAnswerError,
        "the answer cannot be read",
        "Try again later.",
        may_have_arrived=True,
    ),
    Cause(
        (InvalidURL, InvalidSchema, MissingSchema, LocationValueError, ProxySchemeUnsupported, http.client.InvalidURL),
        OptionError,
        "the address or the proxy address is invalid",
    ),
    Cause((InvalidHeader,), OptionError, "the request cannot be sent"),
    Cause(
        (NewConnectionError, ConnectTimeoutError, ConnectTimeout, socket.gaierror),
        UnreachableError,
        "no connection",
        "Check api_url, token_url, the network and the proxy settings.",
    ),
    # Before the other TLS errors: a handshake fails before anything is sent, but a closed connection may cut an answer.
    Cause(
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        UnreachableError,
        "the TLS connection was closed",
        "Try again later. If the error persists, check the address, the network and the proxy settings.",
        may_have_arrived=True,
    ),
    Cause(
        (RequestsSSLError, SSLError, ssl.SSLError),
        CertificateError,
        "the TLS connection failed",
        "Check the address, or set ca_path or REQUESTS_CA_BUNDLE (not SSL_CERT_FILE) to the right CA bundle.",
    ),
    Cause(
        (ReadTimeoutError, ReadTimeout, socket.timeout),
        UnreachableError,
        "no complete answer",
        "Try again later.",
        may_have_arrived=True,
        is_late=True,
    ),
    Cause(
        (http.client.IncompleteRead, ChunkedEncodingError, ContentDecodingError, DecodeError),
        UnreadableAnswerError,
        "no complete answer",
        "Try again later.",
        may_have_arrived=True,
    ),
    # Before the proxy errors: with a proxy, urllib3 reports every lost connection as a proxy error.
    Cause(
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        UnreachableError,
        "no complete answer",
        "Try again later.",
        may_have_arrived=True,
    ),
    Cause(
        (ProxyError, RequestsProxyError),
        UnreachableError,
        "no connection through the proxy",
        "Check the proxy in HTTPS_PROXY or ALL_PROXY, and its user and password.",
    ),
    Cause((Exception,), UnreachableError, "no complete answer", "Try again later.", may_have_arrived=True),
)

_WRONG_DATES = "Renew the certificate of the service, or correct the clock of the machine that runs the task."
_WRONG_HOST = "Check the host in api_url and token_url; the certificate is for another host."
#: The advice on a certificate, by OpenSSL's error number (X509_V_ERR_…).
CERTIFICATE_ADVICE = {9: _WRONG_DATES, 10: _WRONG_DATES, 62: _WRONG_HOST, 64: _WRONG_HOST}


def cause_of(error: BaseException) -> Cause:
    """Return the first cause in the table that matches the error or an error that it wraps."""
    chain = chain_of(error)
    return next(cause for cause in CAUSES if any(isinstance(link, cause.errors) for link in chain))


def advice_on(error: BaseException) -> str:
    """Return what the reader can do about the error."""
    codes = [getattr(link, "verify_code", None) for link in chain_of(error)]
    found = (CERTIFICATE_ADVICE[code] for code in codes if code in CERTIFICATE_ADVICE)
    return next(found, cause_of(error).advice)


def chain_of(error: BaseException) -> list[BaseException]:
    """Return the error and all errors that it wraps: ``requests`` wraps urllib3, which wraps the socket's error."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            context = None if link.__suppress_context__ else link.__context__
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__, context]
    return found


def reason_of(error: BaseException, secrets: SecretKeeper) -> str:
    """Return the shortest correct reason, without secrets: the text of the operating system or the TLS library."""
    chain = chain_of(error)
    for link in chain:
        if isinstance(link, OSError) and not isinstance(link, RequestException) and link.strerror:
            # Masked before it is shortened: a part of a secret would not be recognized.
            return shorten(secrets.mask(str(getattr(link, "verify_message", "") or link.strerror)))
    last = chain[-1]
    return shorten(secrets.mask(str(last))) or type(last).__name__
