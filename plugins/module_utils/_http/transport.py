# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP itself: one session, time-outs, configured retries, pacing and transport failures. Private to the collection."""

from __future__ import annotations

import contextlib
import math
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyRequestError,
    CertificateError,
    LostAnswerError,
    OptionError,
    PausedError,
    RedirectedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper, masked
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import HeldError
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import public_address
from ansible_collections.tallyfy.platform.plugins.module_utils._version import VERSION

from .answers import (
    number_told,
    refusal_in,
    retry_after_seconds,
    shorten,
    told_moment,
)
from .budget import (
    MOST_PER_MINUTE,
    Limits,
    PauseTooLongError,
    RequestBudget,
    WaitAllowance,
)
from .caps import Caps
from .connection import Connection
from .failures import advice_on, cause_of, chain_of, reason_of
from .network import (
    bundle_flaw,
    check_way_to,
    keep_credentials,
    proxies_for,
)
from .reading import (
    ACCEPTED_ENCODINGS,
    PIECE_BYTES,
    BoundedAdapter,
    RefusedAnswerError,
    body_of,
    json_of,
    rest_of,
)
from .requests_guard import (
    AuthBase,
    ChunkedEncodingError,
    ContentDecodingError,
    HTTPError,
    InsecureRequestWarning,
    MaxRetryError,
    ReadTimeoutError,
    RequestException,
    RequestHistory,
    ResponseError,
    Retry,
    Session,
    disable_warnings,
    requests,
)

READING = frozenset({"GET", "HEAD"})
MAY_BE_DONE_ADVICE = "It may or may not have been carried out; run it again to find out and to finish."
SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
#: Failures that pass, of the service or of what stands before it: the one list of them.
TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504, *range(520, 528), 530})
#: Somebody on the way has stopped waiting, which says nothing about the service behind.
LATE_STATUSES = frozenset({408, 499, 504, 524})
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
CONNECT_ATTEMPTS = 3
STATUS_ATTEMPTS = 4
BODY_ATTEMPTS = 3
#: A longer wait is none of the pace: something has been used up for this kind of request.
LONGEST_PACE_SECONDS = 60.0
#: A wait that is asked for after too many requests within seconds.
LONGEST_BURST_SECONDS = 5.0
#: As many as may be under way at a time; what a pool cannot keep would be closed after each request.
MOST_CONNECTIONS = 32
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "User-Agent": f"tallyfy.platform/{VERSION}",
    "X-Tallyfy-Client": "APIClient",
}


class ArrivedBeforeError(MaxRetryError):
    """The last attempt has failed, and one before it may have arrived."""


class Listener:
    """Draws the conclusions from what answers tell about limits, for all who share the budget and the caps.

    Source: API reference, "Rate limits". What the numbers in the headers count is not documented: they only ever lower
    the pace. Limits of one kind of request are on writes, so the numbers of an answer to a write are not looked at.
    """

    def __init__(self, budget: RequestBudget, caps: Caps, secrets: SecretKeeper) -> None:
        self.budget = budget
        self.caps = caps
        self.secrets = secrets

    def hear(
        self, method: str, url: str, status: int, headers: Mapping[str, str], body: Callable[[], bytes]
    ) -> float | None:
        """Return for how many seconds the answer wants to hear of nobody, ``None`` when it does not say so."""
        asked = seconds_asked(headers)
        limit = number_told(headers.get("X-RateLimit-Limit"))
        limit = limit if limit and limit <= MOST_PER_MINUTE else None
        if status != 429:
            if method == "GET":
                self.budget.learn(Limits(limit, number_told(headers.get("X-RateLimit-Remaining"))))
            return asked if status in TRANSIENT_STATUSES else None
        try:
            # Masked before it is shortened, and kept: a part of a secret would not be recognized.
            refusal = refusal_in(masked(json_of(body()), self.secrets))
        except ValueError:
            refusal = refusal_in(None)
        if (asked or 0.0) > LONGEST_PACE_SECONDS or "hour" in refusal.text.casefold():
            if asked:
                self.caps.add(method, url, asked, refusal.text, refusal.code)
            return None
        # What has no code may be about the last second alone; then it tells nothing about a minute.
        if refusal.code is not None or (asked or 0.0) > LONGEST_BURST_SECONDS:
            self.budget.learn(Limits(limit, is_refusal=refusal.code is not None))
        return asked


class PacedRetry(Retry):
    """The retry policy: what may be repeated, after which wait, within the allowance of the task.

    A 429 was refused before it was carried out, so any method may be repeated, as often as the allowance lasts.
    """

    def __init__(self, *args: Any, listener: Listener, allowance: WaitAllowance, **options: Any) -> None:
        super().__init__(*args, **options)
        self.listener = listener
        self.allowance = allowance
        self.seconds = 0.0

    def new(self, **options: Any) -> PacedRetry:
        return super().new(listener=self.listener, allowance=self.allowance, **options)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Any:
        """Return the policy for the next attempt, whose wait is reserved; raises when it may not be made."""
        is_refused = response is not None and response.status == 429
        counting = self.new(status=(self.status or 0) + 1) if is_refused else self
        try:
            following = super(PacedRetry, counting).increment(method, url, response, error, _pool, _stacktrace)
        except MaxRetryError as failure:
            if any(_may_have_arrived(attempt) for attempt in self.history):
                raise ArrivedBeforeError(_pool, url, failure.reason) from failure.reason
            raise
        asked = seconds_asked(response.headers) if response is not None else None
        following.seconds = asked or backoff_seconds(len(self.history))
        if not self.allowance.reserve(following.seconds):
            raise MaxRetryError(_pool, url, error or ResponseError(f"status {response.status}"))
        if response is not None:
            body = rest_of(response)
            pause = self.listener.hear(method, url, response.status, response.headers, lambda: body)
            if pause:
                self.listener.budget.pause(pause)
        return following

    def sleep(self, response: Any = None) -> None:  # noqa: ARG002 - urllib3 calls it with the answer
        self.allowance.sleep(self.seconds)
        self.listener.budget.take(self.allowance)


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Return for how long an answer asks to be left in peace, ``None`` when it does not."""
    return retry_after_seconds(headers.get("Retry-After"), headers.get("Date"), datetime.now(timezone.utc))


def backoff_seconds(attempts: int) -> float:
    """Return how long to wait after so many earlier attempts when the service does not say ("0 seconds" is no leave).

    Jitter keeps fifty forks that failed together from coming back together.
    """
    return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**attempts) * random.uniform(1.0, 1.5)


def _may_have_arrived(attempt: RequestHistory) -> bool:
    """Return whether an attempt that failed may have been carried out; a 429 was not."""
    if attempt.error is not None:
        return cause_of(attempt.error).may_have_arrived
    return attempt.status != 429


class DirectSession(Session):
    """Leaves redirects alone: ``requests`` reads where they lead to even when it is not to follow them.

    Proxies are those of ``proxies_for`` only.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the base class has it
        return None

    def merge_environment_settings(self, url: Any, *settings: Any, **named: Any) -> Any:
        merged = super().merge_environment_settings(url, *settings, **named)
        merged["proxies"] = proxies_for(url)
        return merged


class NoAuth(AuthBase):
    """Sends a request as it is; without it ``requests`` would look for a password in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Transport:
    """Sends requests for one task over kept connections."""

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
        self._session = self._new_session(self._policy(SAFE_TO_REPEAT))
        # Asking twice for a token does no harm, so a sign-in may be repeated although it is a POST.
        self._sign_in_session = self._new_session(self._policy(SAFE_TO_REPEAT | {"POST"}))
        self._single_session = self._new_session(Retry(0, read=False))
        self._prepaid = threading.local()
        self._share_connections()
        if not connection.validate_certs:
            # Who has switched the check off knows; the lookup would print the warning with each request.
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
        """Send one request and return the answer, whatever its status (but redirects are refused).

        With ``repeats=False`` it is sent once, whatever comes back; the pause that the answer asks for is kept all the
        same, by everybody.
        Raises ``UnreachableError`` when nothing was carried out, ``LostAnswerError`` when a write may have been, and
        ``PausedError`` when another task was asked for a longer pause than this one may wait, and ``BusyRequestError``
        when a process that hangs has the budget.
        """
        name = f"{method} {url}"
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
                        json=json,
                        data=form,
                        auth=auth,
                        timeout=self.connection.timeout,
                        # Given with each request: from the session it would be overruled by REQUESTS_CA_BUNDLE. With
                        # True, which is no path, requests looks at that variable, and at CURL_CA_BUNDLE.
                        verify=self.connection.verify,
                        allow_redirects=False,
                        stream=True,
                    )
                )
                break
            except PauseTooLongError as error:
                raise _paused(error, name) from error
            except HeldError as error:
                raise BusyRequestError(name, f"the request budget cannot be had: {error}", error.holder) from None
            except (RequestException, HTTPError) as error:
                may_repeat = repeats and (method in SAFE_TO_REPEAT or sign_in) and attempts < BODY_ATTEMPTS
                if may_repeat and _body_broke_off(error) and self.allowance.wait(backoff_seconds(attempts - 1)):
                    continue
                is_write = method not in READING and not sign_in
                raise self._failure(error, name, is_write=is_write, arrived_before=attempts > 1) from error
        pause = self._listener.hear(method, url, response.status_code, response.headers, lambda: response.content)
        # Who repeats has waited for the pause, or may not wait for so long; then others still try.
        if pause and not repeats and self.allowance.reaches(pause):
            self._budget.pause(pause)
        if response.is_redirect:
            target = shorten(public_address(self._secrets.mask(response.headers.get("Location", ""))))
            raise RedirectedError(
                name,
                f"the service redirected to {target} (HTTP {response.status_code})",
                advice="Redirects are not followed; set api_url and token_url to the addresses meant.",
            )
        return response

    def keep_pace(self) -> None:
        """Wait until the next request may go out."""
        self._budget.take(self.allowance)

    @contextlib.contextmanager
    def prepaid(self, count: int) -> Iterator[None]:
        """Wait for the pace of ``count`` requests at once; so many of this thread do not wait for it in the block.

        What nobody has sent at its end is dropped. After a pause that is longer than this task may wait, or where the
        budget cannot be had, nothing is prepaid, and the first request says so.
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

    def _policy(self, may_repeat: frozenset[str]) -> PacedRetry:
        return PacedRetry(
            total=None,
            connect=CONNECT_ATTEMPTS,
            read=CONNECT_ATTEMPTS,
            status=STATUS_ATTEMPTS,
            other=0,
            redirect=0,
            allowed_methods=may_repeat,
            status_forcelist=TRANSIENT_STATUSES,
            raise_on_status=False,
            listener=self._listener,
            allowance=self.allowance,
        )

    @staticmethod
    def _new_session(policy: Retry) -> requests.Session:
        session = DirectSession()
        session.headers.update(HEADERS)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            session.mount(scheme, BoundedAdapter(max_retries=policy, pool_maxsize=MOST_CONNECTIONS))
        return session

    def _share_connections(self) -> None:
        """Let all requests use the same connections: usually sign-ins, too, go to the same host."""
        for scheme in ("https://", "http://"):
            adapter = self._session.get_adapter(scheme)
            for session in (self._sign_in_session, self._single_session):
                other = session.get_adapter(scheme)
                other.poolmanager, other.proxy_manager = adapter.poolmanager, adapter.proxy_manager

    def _check_way(self, url: str, name: str) -> None:
        """Raise ``OptionError`` when the environment leads requests astray; looked at once for each host."""
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
        arrived_before |= any(isinstance(one, ArrivedBeforeError) for one in chain_of(error))
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


def succeeded(response: requests.Response) -> bool:
    """Return whether the status is a 2xx; ``response.ok`` would let 3xx pass."""
    return 200 <= response.status_code < 300


def is_outage(status: int) -> bool:
    """Return whether a status is no refusal, but a failure to treat the request; a write may have been done then."""
    return status >= 500 or status in TRANSIENT_STATUSES or status in LATE_STATUSES


def json_in(response: requests.Response) -> Any:
    """Return the JSON that an answer holds; raises ``ValueError`` when it holds none."""
    return json_of(response.content)


def may_be_done(response: requests.Response) -> bool:
    """Return whether a write that failed may have been carried out: by this try, or by one before it."""
    policy = getattr(response.raw, "retries", None)
    statuses = [response.status_code]
    was_lost = False
    if policy is not None and policy.history:
        statuses += [one.status for one in policy.history if one.status is not None]
        was_lost = policy.read < CONNECT_ATTEMPTS
    return was_lost or any(map(is_outage, statuses))


def encoded_path(*segments: object) -> str:
    """Return ``/a/b`` with every segment percent-encoded by itself (``@`` as %40, ``+`` as %2B)."""
    return "".join("/" + quote(str(segment), safe="", errors="replace") for segment in segments)


def encoded_query(query: Mapping[str, Any] | None) -> str:
    """Return ``?a=b`` with spaces as %20, which the service needs, and booleans as true and false."""
    if not query:
        return ""
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in query.items()
        if value is not None
    ]
    return "?" + urlencode(pairs, quote_via=quote, errors="replace") if pairs else ""


def _read(response: requests.Response) -> requests.Response:
    """Return an answer with its body, or without one where that is not taken and the status tells enough."""
    try:
        response._content = body_of(response.iter_content(PIECE_BYTES), response.headers)
        # urllib3 1.26 does not mind an answer that is shorter than its header says.
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
    """Return whether the answer had begun: urllib3's policy of retries ends before the body is read."""
    is_late = isinstance(error, requests.exceptions.ConnectionError) and isinstance(
        next(iter(error.args), None), ReadTimeoutError
    )
    return is_late or isinstance(error, (ChunkedEncodingError, ContentDecodingError))


def _paused(error: PauseTooLongError, name: str) -> PausedError:
    until = told_moment(math.ceil(error.until))
    return PausedError(
        name,
        f"Tallyfy asked another task for a pause until {until}, which is longer than max_wait allows",
        advice=f"Run it again after {until}, or allow a longer max_wait.",
        not_before=until,
    )
