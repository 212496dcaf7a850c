# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the failures of the HTTP libraries mean: one table. Private to the collection."""

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
    """What a failure means: our error, its words and advice, whether the request may have arrived, or came too late."""

    errors: tuple[type[BaseException], ...]
    kind: type[ApiError | OptionError]
    text: str
    advice: str = ""
    may_have_arrived: bool = False
    is_late: bool = False


#: The causes, the first that fits counts: an error holds those it was made of, and is matched with all of them.
CAUSES = (
    Cause(
        (RefusedAnswerError,),
        UnreadableAnswerError,
        "the answer is not taken",
        "Check that api_url and token_url are the addresses of Tallyfy.",
        may_have_arrived=True,
    ),
    # Before what cannot be sent: requests has one error for the headers of both.
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
        "this address or the proxy's cannot be used",
    ),
    Cause((InvalidHeader,), OptionError, "this cannot be sent"),
    Cause(
        (NewConnectionError, ConnectTimeoutError, ConnectTimeout, socket.gaierror),
        UnreachableError,
        "no connection",
        "Check api_url, token_url, the network and the proxy settings.",
    ),
    # A handshake that fails comes before anything is sent; a TLS connection that ends early may end an answer.
    Cause(
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        UnreachableError,
        "the TLS connection broke off",
        "Try again later; if it lasts, check the address, the network and the proxy settings.",
        may_have_arrived=True,
    ),
    Cause(
        (RequestsSSLError, SSLError, ssl.SSLError),
        CertificateError,
        "the TLS connection failed",
        "Check the address, or give the right CA bundle with ca_path or REQUESTS_CA_BUNDLE (not SSL_CERT_FILE).",
    ),
    Cause(
        (ReadTimeoutError, ReadTimeout, socket.timeout),
        UnreachableError,
        "the answer broke off",
        "Try again later.",
        may_have_arrived=True,
        is_late=True,
    ),
    Cause(
        (http.client.IncompleteRead, ChunkedEncodingError, ContentDecodingError, DecodeError),
        UnreadableAnswerError,
        "the answer broke off",
        "Try again later.",
        may_have_arrived=True,
    ),
    # Before the errors of proxies: urllib3 makes one of any lost connection for which there is a proxy.
    Cause(
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        UnreachableError,
        "the answer broke off",
        "Try again later.",
        may_have_arrived=True,
    ),
    Cause(
        (ProxyError, RequestsProxyError),
        UnreachableError,
        "the proxy made no connection",
        "Check the proxy that HTTPS_PROXY or ALL_PROXY names, and the user and password in it.",
    ),
    Cause((Exception,), UnreachableError, "the answer broke off", "Try again later.", may_have_arrived=True),
)

_WRONG_DATES = "Have the certificate of the service renewed, or set the clock of the machine that runs the task."
_WRONG_HOST = "Check the host in api_url and token_url; its certificate is for another one."
#: What helps with a certificate, by OpenSSL's number of what is wrong with it (X509_V_ERR_…).
CERTIFICATE_ADVICE = {9: _WRONG_DATES, 10: _WRONG_DATES, 62: _WRONG_HOST, 64: _WRONG_HOST}


def cause_of(error: BaseException) -> Cause:
    """Return the first cause of the table that the error, or one it was made of, belongs to."""
    chain = chain_of(error)
    return next(cause for cause in CAUSES if any(isinstance(one, cause.errors) for one in chain))


def advice_on(error: BaseException) -> str:
    """Return what the reader can do about the error."""
    codes = [getattr(one, "verify_code", None) for one in chain_of(error)]
    found = (CERTIFICATE_ADVICE[code] for code in codes if code in CERTIFICATE_ADVICE)
    return next(found, cause_of(error).advice)


def chain_of(error: BaseException) -> list[BaseException]:
    """Return the error and everything it was made of: ``requests`` wraps urllib3, which wraps the socket's error."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            context = None if one.__suppress_context__ else one.__context__
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, context]
    return found


def reason_of(error: BaseException, secrets: SecretKeeper) -> str:
    """Return the shortest true reason, without secrets: the words of the operating system or of the TLS library."""
    chain = chain_of(error)
    for one in chain:
        if isinstance(one, OSError) and not isinstance(one, RequestException) and one.strerror:
            # Masked before it is shortened: a part of a secret would not be recognized.
            return shorten(secrets.mask(str(getattr(one, "verify_message", "") or one.strerror)))
    last = chain[-1]
    return shorten(secrets.mask(str(last))) or type(last).__name__
