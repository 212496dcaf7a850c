# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to one organization: tokens, envelopes, pages, errors and lost answers. Private to the collection."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.code_exchange import exchanged_code
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.sources import (
    ApplicationTokens,
    BearerAuth,
    MemberTokens,
    TokenSource,
    source_for,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import Token, TokenStore
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    OptionError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import encoded_path
from ansible_collections.tallyfy.platform.plugins.module_utils._http.allowance import WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import Page, answered_second, kind_of
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.caps import Caps
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import APPLICATION_ADVICE, Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import (
    MAY_BE_DONE_ADVICE,
    READING,
    is_outage,
    succeeded,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import backoff_seconds, may_be_done
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import BODY_ATTEMPTS, Transport
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

from .answer import Answer, Record, answer_in
from .creation import CREATE_ATTEMPTS, created
from .listing import PER_PAGE, Listing, walked
from .locks import Locks
from .refusals import Refusals

__all__ = ["Client", "Record"]

REMEMBERED_SECONDS = 86400.0
COMPLETION_SECONDS = 90 * REMEMBERED_SECONDS
# For how long after its time-out the service may still carry out a request.
LATE_SECONDS = 120.0


class Client:
    """Sends the requests of one task, or of the items of its loop one after the other. Threads may share it."""

    def __init__(
        self,
        connection: Connection,
        *,
        directory: PrivateDirectory | None = None,
        state_flaw: str = "",
        secrets: SecretKeeper | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.secrets = secrets or SecretKeeper()
        self.secrets.keep(connection.client_secret)
        self.secrets.keep(connection.access_token)
        self.check_mode = False
        self._now = now
        self._directory = directory
        #: Why ``state_dir`` could not be opened, an empty text if it could.
        self.state_flaw = state_flaw
        self._locks = Locks(connection, directory, state_flaw)
        self._refusals = Refusals(connection, self.secrets, now)
        self._allowance = WaitAllowance(connection.max_wait, sleep=sleep, clock=clock)
        scope = f"{connection.api_url}\n{connection.org_id}"
        budget = RequestBudget(connection.rate_limit, directory=directory, scope=scope, now=now, sleep=sleep)
        self._caps = Caps(directory=directory, scope=scope, now=now)
        self._transport = Transport(connection, budget, self._allowance, self.secrets, self._caps)
        self.application: ApplicationTokens | None = None
        self.member: MemberTokens | None = None
        self._owner_of_token: list[str | None] = []
        self._organization: list[Record] = []
        #: Values that the items of a loop share, by their owner.
        self.shared: dict[tuple[str, ...], Any] = {}
        #: The second of the service's clock in which it last answered, 0 if unknown.
        self.service_second = 0
        #: Whether a write of this task has been carried out, or may have been.
        self.has_written = False
        self._keep_in(directory)
        #: Launches whose requests timed out and that the service may still be processing.
        self.late_launches = Marks(directory, "late-launches", LATE_SECONDS)
        #: Launches with an unknown outcome, with the service's second before they were sent.
        self.doubtful_launches = Marks(directory, "doubtful-launches", REMEMBERED_SECONDS)
        #: Paths of records whose replacement timed out and may still be processed.
        self.late_writes = Marks(directory, "late-writes", LATE_SECONDS)
        #: Tasks that were completed by this collection: such a task that is open was reopened by somebody.
        self.completed_tasks = Marks(directory, "completed-tasks", COMPLETION_SECONDS)
        if connection.has_application:
            self.application = self.application_tokens()
            if connection.act_as:
                self.member = self.tokens_of(connection.act_as)

    def _keep_in(self, directory: PrivateDirectory | None) -> None:
        for_tokens = directory if self.connection.cache_tokens else None
        self.store = TokenStore(for_tokens, self.connection.client_secret or "")
        #: Answers of the sign-in page that were used.
        self.used_answers = Marks(directory, "used-answers", REMEMBERED_SECONDS)

    def for_check_mode(self) -> Client:
        """Return a client over the same connections that refuses to write and uses no locks.

        Tokens of its sign-ins are cached as usual. Tokens that are a result, and used answers, are not stored.
        """
        other = copy.copy(self)
        other.check_mode = True
        other._locks = Locks(self.connection, None, "")
        other._keep_in(self._directory and self._directory.kept_as_it_is())
        other.late_writes = Marks(None, "late-writes", LATE_SECONDS)
        return other

    @property
    def requests_sent(self) -> int:
        """How many requests this task has sent, including repeated requests and sign-ins."""
        return self._allowance.requests

    def application_tokens(self) -> ApplicationTokens:
        """Return a source of the application's tokens."""
        if not self.connection.has_application:
            raise OptionError(f"Tokens are issued only to applications. {APPLICATION_ADVICE}")
        return ApplicationTokens(self._transport, self.store, self.secrets, self._now)

    def tokens_of(self, user: str) -> MemberTokens:
        """Return the source of tokens of the member ``user`` (an e-mail address)."""
        application = self.application or self.application_tokens()
        return MemberTokens(
            application,
            user,
            self.store,
            lambda response, request, advice: self._refusals.refused(response, request, application, advice),
        )

    def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str) -> Token | None:
        """Return the token for a code of the sign-in page, ``None`` in check mode; see ``exchanged_code``."""
        sign_in = partial(exchanged_code, self._transport, self.secrets, now=self._now())
        return None if self.check_mode else sign_in(code=code, redirect_uri=redirect_uri, code_verifier=code_verifier)

    def with_token(self, access_token: str) -> Client:
        """Return a client that sends only this token, over the same connections."""
        self.secrets.keep(access_token)
        other = copy.copy(self)
        other.connection = replace(
            self.connection, access_token=access_token, client_id=None, client_secret=None, act_as=None
        )
        other._refusals = Refusals(other.connection, self.secrets, self._now)
        other.application = other.member = None
        other._owner_of_token, other._organization, other.shared = [], [], {}
        return other

    def acting_email(self) -> str | None:
        """Return the e-mail address of the acting member; an application has none.

        With ``access_token`` this sends one request, once.
        """
        if self.member is not None:
            return self.member.user
        if self.application is not None:
            return None
        if not self._owner_of_token:
            try:
                self._owner_of_token.append(str(self.get("me").get("email") or "") or None)
            except UnauthorizedError:
                # The access token is the token of an application, which has no user.
                self._owner_of_token.append(None)
        return self._owner_of_token[0]

    def acting_as(self) -> str:
        """Return a text that names the acting member or application, without sending a request."""
        if self.member is not None:
            return self.member.user
        if self.application is not None:
            return f"the application {self.connection.client_id}"
        return next(iter(self._owner_of_token), None) or "the owner of the access token"

    def renew_allowance(self) -> None:
        """Allow ``max_wait`` again for the next item of a loop, which has not written anything yet."""
        self._allowance.renew()
        self.has_written = False

    # --- single calls -------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        token: str = "auto",
        repeats: bool = True,
    ) -> Answer:
        """Send one request below ``api_url`` and return the successful answer.

        ``token`` is ``auto`` (by the route), ``application`` or ``user``. Raises an ``ApiError`` for all other answers.
        With ``repeats=False`` the request is not repeated after a temporary failure; only a token that is no longer
        accepted is renewed, at once.
        """
        if self.check_mode and method not in READING:
            raise AssertionError(f"{method} {path} must not be sent in check mode")
        try:
            answer = self._sent(method, path, query=query, body=body, token=token, repeats=repeats)
        except ApiError as error:
            self.has_written = self.has_written or error.may_be_done
            raise
        self.has_written = self.has_written or method not in READING
        return answer

    def _sent(self, method: str, path: str, *, query: Any, body: Any, token: str, repeats: bool) -> Answer:
        source = self.source_for(path, token)
        request = f"{method} {path}"
        self._keep_cap(method, path)
        attempts = 0
        while True:
            attempts += 1
            response = self._transport.send(
                method,
                self.connection.api_url + path,
                auth=BearerAuth(source, self._transport),
                query=query,
                json=body,
                repeats=repeats,
            )
            self.service_second = max(self.service_second, answered_second(response.headers.get("Date")))
            if not succeeded(response):
                is_write = method not in READING
                is_unsettled = is_write and is_outage(response.status_code)
                error = self._refusals.refused(response, request, source, MAY_BE_DONE_ADVICE if is_unsettled else "")
                error.may_be_done = is_write and may_be_done(response)
                raise error
            try:
                return answer_in(response, method)
            except ValueError as error:
                # A complete body may still be truncated JSON, or the web page of a proxy.
                may_repeat = method == "GET" and repeats and attempts < BODY_ATTEMPTS
                if not (may_repeat and self._allowance.wait(backoff_seconds(attempts - 1))):
                    raise self._refusals.unreadable(response, request, method, error) from error

    def _keep_cap(self, method: str, path: str) -> None:
        """Wait while the service accepts no requests of this kind; raise its answer if that is too long."""
        cap = self._caps.find(method, self.connection.api_url + path)
        if cap is None or self._allowance.wait(cap.until - self._now()):
            return
        raise self._refusals.capped(f"{method} {path}", cap)

    def get(self, *segments: object, query: Mapping[str, Any] | None = None) -> Record:
        """Return one record of the organization, by the segments of its path.

        Raises ``NotFoundError`` if there is none and ``UnreadableAnswerError`` if the answer is not a record.
        """
        path = self.path(*segments)
        answer = self.call("GET", path, query=query)
        flaw = kind_of(str(segments[0]) if segments else None).flaw(answer.data)
        if flaw:
            raise UnreadableAnswerError(
                f"GET {path}", f"the answer cannot be used: {flaw}", advice="Check api_url, or try again later."
            )
        return answer.record

    def organization(self) -> Record:
        """Return the record of the organization, which this task or its loop reads once."""
        if not self._organization:
            self._organization.append(self.get())
        return self._organization[0]

    def path(self, *segments: object) -> str:
        """Return the encoded path of a route of the organization."""
        return encoded_path("organizations", self.connection.org_id, *segments)

    def source_for(self, path: str, token: str = "auto") -> TokenSource:
        """Return the token source that a route needs; see ``_auth.sources.source_for``."""
        return source_for(path, token, self.connection, self.application, self.member)

    def alone(self, subject: str) -> contextlib.AbstractContextManager[None]:
        """Let one task of this controller at a time read and write ``subject``, a text for messages.

        Raises ``BusyError`` with the holder of the lock if it is held for longer than ``max_wait``, and
        ``StateDirError`` if locking is not possible. Check mode does not lock.
        """
        return self._locks.alone(subject, lambda: self.has_written)

    def require_locks(self) -> None:
        """Raise ``StateDirError`` if locking in ``state_dir`` is not possible; call it before the first write."""
        self._locks.require()

    @property
    def lock_flaw(self) -> str:
        """Why locking in ``state_dir`` is not possible; an empty text if it is possible, and in check mode."""
        return self._locks.flaw

    def prepaid(self, count: int) -> contextlib.AbstractContextManager[None]:
        """Wait for the next ``count`` requests of this thread before the block, and not between them.

        Unused requests expire at the end of the block.
        """
        return self._transport.prepaid(count)

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._now()

    def service_now(self) -> int:
        """Return a second that has begun by the clock of the service, otherwise by the clock of this machine."""
        return self.service_second or int(self._now())

    def wait(self, seconds: float) -> bool:
        """Wait and return true; return false at once if this task may not wait so long."""
        return self._allowance.wait(seconds)

    def rest(self, seconds: float) -> None:
        """Wait as a part of the work, which does not count towards ``max_wait``."""
        self._allowance.sleep(seconds)

    # --- listings -----------------------------------------------------------------------------------------------------

    def records(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        token: str = "auto",
        per_page: int = PER_PAGE,
        workers: int = 1,
        is_paged: bool = True,
        is_checked: bool = True,
    ) -> list[Record]:
        """Return every record of a listing, in the order of the service, after checking that its pages add up.

        The first page contains the number of pages, which may be more than ``per_page`` implies. ``workers`` threads
        read the other pages. A listing that changes meanwhile is read again, at most three times in all, and then
        ``InconsistentListError`` is raised: a short list is never returned. A list without a count may be short, so it
        is accepted only for routes without pages (``is_paged=False``: folders, the minimal lists). Every row must be a
        record of its route (see ``KINDS``), unless the rows are not used here (``is_checked=False``).
        Source: API reference, "Envelopes" (walk by the server's numbers) and "Default and maximum page sizes".
        """
        kind = kind_of(path.rpartition("/")[2]) if is_checked else None
        listing = Listing(path, {"per_page": per_page, **(query or {})}, kind, token, workers, is_paged=is_paged)
        return walked(self.call, listing)[0]

    def first_page(self, path: str, *, query: Mapping[str, Any] | None = None) -> tuple[list[Record], Page]:
        """Return the first page of a listing, checked as ``records`` does, and its position and counts.

        The caller decides by the counts whether to read the other pages.
        """
        listing = Listing(
            path, {"per_page": PER_PAGE, **(query or {})}, kind_of(path.rpartition("/")[2]), first_only=True
        )
        rows, page = walked(self.call, listing)
        if page is None:
            raise AssertionError("a listing without a count was not refused")
        return rows, page

    # --- writes whose answer may be lost ------------------------------------------------------------------------------

    def create(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        find: Callable[[], Record | None],
        token: str = "auto",
        attempts: int = CREATE_ATTEMPTS,
    ) -> Record:
        """POST a record that has a natural key and return it, as answered or as read back.

        If the answer is lost, ``find`` looks for the record by its natural key. The POST is sent again only if the
        record stays absent for a while, at most ``attempts`` times in all. The service must check that the key is
        unique; otherwise only one attempt is safe.
        """
        return created(
            lambda: self.call("POST", path, body=body, token=token),
            path,
            find=find,
            wait=self.wait,
            attempts=attempts,
        )
