# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends requests: rate limits, time-outs, retries and failures. Private to the collection."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyRequestError,
    CertificateError,
    LostAnswerError,
    OptionError,
    PausedError,
    RedirectedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import HeldError
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import public_address

from .addresses import encoded_query
from .allowance import WaitAllowance
from .answers import iso_utc, shorten
from .budget import PauseTooLongError, RequestBudget
from .caps import Caps
from .connection import Connection
from .failures import advice_on, cause_of, chain_of, reason_of
from .network import bundle_flaw, check_way_to, keep_credentials
from .outcome import MAY_BE_DONE_ADVICE, READING, succeeded
from .reading import PIECE_BYTES, BoundedAdapter, RefusedAnswerError, body_of
from .requests_guard import (
    AuthBase,
    ChunkedEncodingError,
    ContentDecodingError,
    HTTPError,
    InsecureRequestWarning,
    ReadTimeoutError,
    RequestException,
    Retry,
    disable_warnings,
    requests,
)
from .retry import SAFE_TO_REPEAT, ArrivedBeforeError, Listener, backoff_seconds, policy
from .session import MOST_CONNECTIONS, new_session

BODY_ATTEMPTS = 3
JSON_HEADERS = {"Content-Type": "application/json"}


class Transport:
    """Sends the requests of one task over persistent connections."""

    def __init__(
        self,
        connection: Connection,
        budget: RequestBudget,
        allowance: WaitAllowance,
        secrets: SecretKeeper | None = None,
        caps: Caps | None = None,
    ) -> None:
        self.connection = connection
        self.allowance = allowance
        self._budget = budget
        self._secrets = secrets or SecretKeeper()
        keep_credentials(connection, self._secrets)
        self._checked: set[tuple[str, str]] = set()
        self._listener = Listener(budget, caps or Caps(), self._secrets)
        adapter = BoundedAdapter(policy(SAFE_TO_REPEAT, self._listener, allowance), MOST_CONNECTIONS)
        # Requesting a token twice does no harm, so a sign-in may be repeated although it is a POST. It usually goes to
        # the same host as the other requests, so the sessions share their connections.
        signing_in = policy(SAFE_TO_REPEAT | {"POST"}, self._listener, allowance)
        self._session = new_session(adapter)
        self._sign_in_session = new_session(BoundedAdapter(signing_in, MOST_CONNECTIONS, beside=adapter))
        self._single_session = new_session(BoundedAdapter(Retry(0, read=False), MOST_CONNECTIONS, beside=adapter))
        self._prepaid = threading.local()
        if not connection.validate_certs:
            # The user switched the check off, and the lookup would print the warning with each request.
            disable_warnings(InsecureRequestWarning)

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
        repeats: bool = True,
    ) -> requests.Response:
        """Send one request and return the answer with any status, except for redirects, which are refused.

        With ``repeats=False`` it is sent once. All processes still observe the pause that the answer asks for.
        Raises ``UnreachableError`` if nothing was carried out, ``LostAnswerError`` if a write may have been carried
        out, ``PausedError`` if Tallyfy asked another task for a longer pause than this one may wait, and
        ``BusyRequestError`` if a process that hangs has locked the budget.
        """
        name = f"{method} {url}"
        headers, data = ({}, form) if json is None else (JSON_HEADERS, _body_of(json, name))
        session = self._session if repeats else self._single_session
        session = self._sign_in_session if sign_in else session
        self._check_way(url, name)
        attempts = 0
        while True:
            attempts += 1
            try:
                if sign_in or not self._is_prepaid():
                    self.keep_pace()
                response = _read(
                    session.request(
                        method,
                        url + encoded_query(query),
                        headers=headers,
                        data=data,
                        auth=auth,
                        timeout=self.connection.timeout,
                        # Passed with each request, since REQUESTS_CA_BUNDLE overrides the value of the session. With
                        # True instead of a path, requests reads that variable and CURL_CA_BUNDLE.
                        verify=self.connection.verify,
                        allow_redirects=False,
                        stream=True,
                    )
                )
                break
            except PauseTooLongError as error:
                raise _paused(error, name) from error
            except HeldError as error:
                raise BusyRequestError(name, f"the request budget is locked: {error}", error.holder) from None
            except (RequestException, HTTPError) as error:
                may_repeat = repeats and (method in SAFE_TO_REPEAT or sign_in) and attempts < BODY_ATTEMPTS
                if may_repeat and _body_broke_off(error) and self.allowance.wait(backoff_seconds(attempts - 1)):
                    continue
                is_write = method not in READING and not sign_in
                raise self._failure(error, name, is_write=is_write, arrived_before=attempts > 1) from error
        pause = self._listener.hear(method, url, response.status_code, response.headers, lambda: response.content)
        # With repeats, the retry policy has handled the pause. A pause longer than max_wait does not stop other tasks.
        if pause and not repeats and self.allowance.reaches(pause):
            self._budget.pause(pause)
        if response.is_redirect:
            target = shorten(public_address(self._secrets.mask(response.headers.get("Location", ""))))
            raise RedirectedError(
                name,
                f"the service redirected to {target} (HTTP {response.status_code})",
                advice="Redirects are not followed. Set api_url and token_url to the final addresses.",
            )
        return response

    def keep_pace(self) -> None:
        """Wait until the next request may be sent."""
        self._budget.take(self.allowance)

    @contextlib.contextmanager
    def prepaid(self, count: int) -> Iterator[None]:
        """Book ``count`` requests in the budget at once, so that these requests of this thread do not wait one by one.

        Bookings that are unused at the end of the block are dropped. If the pause is longer than this task may wait, or
        the budget is locked, nothing is booked, and the first request raises the error.
        """
        before, self._prepaid.count = getattr(self._prepaid, "count", 0), 0
        try:
            with contextlib.suppress(PauseTooLongError, HeldError):
                self._budget.take(self.allowance, count)
                self._prepaid.count = count
            yield
        finally:
            self.allowance.count_requests(-self._prepaid.count)
            self._prepaid.count = before

    def _is_prepaid(self) -> bool:
        left: int = getattr(self._prepaid, "count", 0)
        self._prepaid.count = max(0, left - 1)
        return left > 0

    def _check_way(self, url: str, name: str) -> None:
        """Raise ``OptionError`` for an unusable proxy or CA bundle; checked once for each host."""
        host = urlsplit(url)[:2]
        if host not in self._checked:
            try:
                check_way_to(url, self.connection)
            except OptionError as error:
                raise OptionError(f"{name}: {error.message}") from None
            self._checked.add(host)

    def _failure(
        self, error: RequestException | HTTPError, name: str, *, is_write: bool, arrived_before: bool
    ) -> ApiError | OptionError:
        cause, reason = cause_of(error), reason_of(error, self._secrets)
        arrived_before |= any(isinstance(link, ArrivedBeforeError) for link in chain_of(error))
        if cause.is_late:
            reason = f"no answer within {self.connection.timeout:g} s"
        if is_write and (cause.may_have_arrived or arrived_before):
            return LostAnswerError(
                name,
                f"the answer was lost: {reason}",
                advice=MAY_BE_DONE_ADVICE,
                is_late=cause.is_late or None,
            )
        flaw = bundle_flaw(self.connection) if issubclass(cause.kind, CertificateError) else ""
        if flaw:
            return OptionError(f"{name}: {flaw}")
        if issubclass(cause.kind, OptionError):
            return cause.kind(f"{name}: {cause.text}: {reason}")
        return cause.kind(name, f"{cause.text}: {reason}", advice=advice_on(error))


def _body_of(value: Any, name: str) -> bytes:
    # requests before 2.26 would send NaN, and would use another JSON library if one is installed.
    try:
        return dumps(value, allow_nan=False).encode()
    except ValueError as error:
        raise OptionError(f"{name}: the request cannot be sent: {error}") from None


def _read(response: requests.Response) -> requests.Response:
    """Return an answer with its body, or without it if the body is rejected and the status says enough."""
    try:
        response._content = body_of(response.iter_content(PIECE_BYTES), response.headers)
        # urllib3 1.26 accepts an answer that is shorter than its header says.
        if response.raw.length_remaining:
            raise ChunkedEncodingError(f"{response.raw.length_remaining} bytes are missing")
    except (RequestException, HTTPError) as error:
        response.close()
        is_hostile = isinstance(error, RefusedAnswerError) or cause_of(error).is_late
        if succeeded(response) or not is_hostile:
            raise
        response._content = b""
    return response


def _body_broke_off(error: RequestException | HTTPError) -> bool:
    """Return whether the body broke off, which the retry policy of urllib3 does not cover."""
    is_late = isinstance(error, requests.exceptions.ConnectionError) and isinstance(
        next(iter(error.args), None), ReadTimeoutError
    )
    return is_late or isinstance(error, (ChunkedEncodingError, ContentDecodingError))


def _paused(error: PauseTooLongError, name: str) -> PausedError:
    until = iso_utc(math.ceil(error.until))
    return PausedError(
        name,
        f"Tallyfy asked another task for a pause until {until}, which is longer than max_wait allows",
        advice=f"Run it again after {until}, or allow a longer max_wait.",
        not_before=until,
    )
