# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP itself: one session, time-outs, configured retries, pacing and transport failures. Private to the collection."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode

from ansible_collections.tallyfy.platform.plugins.module_utils._answers import retry_after_seconds, shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._budget import RequestBudget, WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    CertificateError,
    LostAnswerError,
    OptionError,
    RedirectedError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._requests import (
    AuthBase,
    HTTPAdapter,
    MaxRetryError,
    ResponseError,
    Retry,
    requests,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._version import VERSION

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
CONNECT_ATTEMPTS = 3
STATUS_ATTEMPTS = 4
HEADERS = {
    "Accept": "application/json",
    "User-Agent": f"tallyfy.platform/{VERSION}",
    "X-Tallyfy-Client": "APIClient",
}


class PacedRetry(Retry):
    """The retry policy: what may be repeated, after which wait, within the allowance of the task.

    A 429 was refused before it was carried out, so any method may be repeated, as often as the allowance lasts.
    """

    def __init__(self, *args: Any, budget: RequestBudget, allowance: WaitAllowance, **options: Any) -> None:
        super().__init__(*args, **options)
        self.budget = budget
        self.allowance = allowance

    def new(self, **options: Any) -> PacedRetry:
        return super().new(budget=self.budget, allowance=self.allowance, **options)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or super().is_retry(method, status_code, has_retry_after)

    def increment(self, method: Any = None, url: Any = None, response: Any = None, *args: Any, **options: Any) -> Any:
        if response is None:
            return super().increment(method, url, response, *args, **options)
        if not self.allowance.has(self._seconds_asked(response) or self._backoff_seconds()):
            pool = options.get("_pool") or args[-2]
            raise MaxRetryError(pool, url, ResponseError(f"status {response.status}"))
        if response.status == 429:
            uncounted = self.new(status=(self.status or 0) + 1)
            return super(PacedRetry, uncounted).increment(method, url, response, *args, **options)
        return super().increment(method, url, response, *args, **options)

    def sleep(self, response: Any = None) -> None:
        asked = self._seconds_asked(response) if response is not None else None
        if asked and self.allowance.has(asked):
            self.budget.pause(asked)
        # Jitter keeps fifty forks that failed together from coming back together; "0 seconds" is no leave to hammer.
        seconds = asked or self._backoff_seconds() * random.uniform(1.0, 1.5)
        self.allowance.wait(seconds)
        self.budget.take()

    def _backoff_seconds(self) -> float:
        return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** max(0, len(self.history) - 1))

    @staticmethod
    def _seconds_asked(response: Any) -> float | None:
        headers = response.headers
        return retry_after_seconds(headers.get("Retry-After"), headers.get("Date"), datetime.now(timezone.utc))


class NoAuth(AuthBase):
    """Sends a request as it is; without it ``requests`` would look for a password in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Transport:
    """Sends requests for one task over kept connections."""

    def __init__(self, connection: Connection, budget: RequestBudget, allowance: WaitAllowance) -> None:
        self.connection = connection
        self.allowance = allowance
        self._budget = budget
        self._session = self._new_session(SAFE_TO_REPEAT)
        # Asking twice for a token does no harm, so a sign-in may be repeated although it is a POST.
        self._sign_in_session = self._new_session(SAFE_TO_REPEAT | {"POST"})

    def send(
        self,
        method: str,
        url: str,
        *,
        auth: AuthBase,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        sign_in: bool = False,
    ) -> requests.Response:
        """Send one request and return the answer, whatever its status (but redirects are refused).

        Raises ``UnreachableError`` when nothing was carried out, ``LostAnswerError`` when a write may have been.
        """
        name = f"{method} {url}"
        session = self._sign_in_session if sign_in else self._session
        self._budget.take()
        try:
            response = session.request(
                method,
                url + encoded_query(query),
                json=json,
                data=form,
                auth=auth,
                timeout=self.connection.timeout,
                # Given with each request: from the session it would be overruled by REQUESTS_CA_BUNDLE.
                verify=self.connection.verify,
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            raise self._failure(error, name, may_be_done=method not in {"GET", "HEAD"} and not sign_in) from error
        if response.is_redirect:
            target = re.split("[?#]", response.headers.get("Location", ""))[0]
            raise RedirectedError(
                name,
                f"the service redirected to {target} (HTTP {response.status_code})",
                advice="Redirects are not followed; set api_url and token_url to the addresses meant.",
            )
        return response

    def _new_session(self, may_repeat: frozenset[str]) -> requests.Session:
        session = requests.Session()
        session.headers.update(HEADERS)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        policy = PacedRetry(
            total=None,
            connect=CONNECT_ATTEMPTS,
            read=CONNECT_ATTEMPTS,
            status=STATUS_ATTEMPTS,
            other=0,
            redirect=0,
            allowed_methods=may_repeat,
            status_forcelist=TRANSIENT_STATUSES,
            raise_on_status=False,
            budget=self._budget,
            allowance=self.allowance,
        )
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=policy))
        return session

    def _failure(self, error: requests.exceptions.RequestException, name: str, *, may_be_done: bool) -> Exception:
        reason = _reason(error)
        kinds = {kind.__name__ for one in _chain(error) for kind in type(one).__mro__}
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL)):
            return OptionError(f"{name}: this address or the proxy's cannot be used: {reason}")
        # A handshake that fails comes before anything is sent; a TLS connection that ends early may end an answer.
        broke_off = may_be_done and kinds & {"SSLEOFError", "SSLZeroReturnError"}
        if isinstance(error, requests.exceptions.SSLError) and not broke_off:
            return CertificateError(
                name,
                f"the TLS connection failed: {reason}",
                advice="Check the address, or give the right CA bundle with ca_path.",
            )
        if kinds & {"NewConnectionError", "ConnectTimeoutError", "ConnectTimeout", "ProxyError"}:
            return UnreachableError(
                name,
                f"no connection: {reason}",
                advice="Check api_url, token_url, the network and the proxy settings.",
            )
        if kinds & {"ReadTimeoutError", "ReadTimeout"}:
            reason = f"no answer within {self.connection.timeout:g} s"
        if may_be_done:
            return LostAnswerError(
                name,
                f"the answer was lost: {reason}",
                advice="It may or may not have been carried out; run it again to find out and to finish.",
            )
        kind: type[ApiError] = UnreadableAnswerError if "IncompleteRead" in kinds else UnreachableError
        return kind(name, f"the answer broke off: {reason}", advice="Try again later.")


def encoded_path(*segments: object) -> str:
    """Return ``/a/b`` with every segment percent-encoded by itself (``@`` as %40, ``+`` as %2B)."""
    return "".join("/" + quote(str(segment), safe="") for segment in segments)


def encoded_query(query: Mapping[str, Any] | None) -> str:
    """Return ``?a=b`` with spaces as %20, which the service needs, and booleans as true and false."""
    if not query:
        return ""
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in query.items()
        if value is not None
    ]
    return "?" + urlencode(pairs, quote_via=quote) if pairs else ""


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and everything it was made of: ``requests`` wraps urllib3, which wraps the socket's error."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


def _reason(error: BaseException) -> str:
    """Return the shortest true reason: the words of the operating system or of the TLS library."""
    chain = _chain(error)
    for one in chain:
        if isinstance(one, OSError) and not isinstance(one, requests.exceptions.RequestException) and one.strerror:
            return shorten(str(getattr(one, "verify_message", "") or one.strerror))
    last = chain[-1]
    return shorten(str(last) or type(last).__name__)
