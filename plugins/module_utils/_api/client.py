# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to one organization: tokens, envelopes, pages, errors and lost answers. Private to the collection."""

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
# How long after its time-out a request may still be carried out.
LATE_SECONDS = 120.0


class Client:
    """Makes calls for one task, or for the items of its loop one after the other. Threads may share it."""

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
        #: Why there is no directory although one was meant to be, empty when nothing is wrong.
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
        #: What the items of a loop share, by who keeps it.
        self.shared: dict[tuple[str, ...], Any] = {}
        #: The second of the service's clock in which it last answered, 0 where it does not tell.
        self.service_second = 0
        #: Whether a write of this task has been carried out, or may have been.
        self.has_written = False
        self._keep_in(directory)
        #: Launches that the service may still be at work on although nobody waits for their answers any more.
        self.late_launches = Marks(directory, "late-launches", LATE_SECONDS)
        #: Launches of which no run knows what became of them, with the service's second before they were sent.
        self.doubtful_launches = Marks(directory, "doubtful-launches", REMEMBERED_SECONDS)
        #: The same for the paths of records that are being replaced.
        self.late_writes = Marks(directory, "late-writes", LATE_SECONDS)
        #: Tasks that were completed from here: one that is open all the same was reopened by somebody.
        self.completed_tasks = Marks(directory, "completed-tasks", COMPLETION_SECONDS)
        if connection.has_application:
            self.application = self.application_tokens()
            if connection.act_as:
                self.member = self.tokens_of(connection.act_as)

    def _keep_in(self, directory: PrivateDirectory | None) -> None:
        for_tokens = directory if self.connection.cache_tokens else None
        self.store = TokenStore(for_tokens, self.connection.client_secret or "")
        #: Answers of the sign-in page that have been used.
        self.used_answers = Marks(directory, "used-answers", REMEMBERED_SECONDS)

    def for_check_mode(self) -> Client:
        """Return a client over the same connections that refuses to write, and neither locks anything nor waits for it.

        What it signs in with is kept as ever; tokens that are a result, and answers that are used up, are not.
        """
        other = copy.copy(self)
        other.check_mode = True
        other._locks = Locks(self.connection, None, "")
        other._keep_in(self._directory and self._directory.kept_as_it_is())
        other.late_writes = Marks(None, "late-writes", LATE_SECONDS)
        return other

    @property
    def requests_sent(self) -> int:
        """How many requests this task has sent, repeated ones and sign-ins included."""
        return self._allowance.requests

    def application_tokens(self) -> ApplicationTokens:
        """Return a source of the application's tokens."""
        if not self.connection.has_application:
            raise OptionError(f"A token is issued to an application only. {APPLICATION_ADVICE}")
        return ApplicationTokens(self._transport, self.store, self.secrets, self._now)

    def tokens_of(self, user: str) -> MemberTokens:
        """Return the source of tokens in the name of the member ``user`` (an e-mail address)."""
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
        """Return a client that makes its calls with this token alone, over the same connections."""
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
        """Return the address of the member whom the calls are made as; an application has none.

        For a ready token it is asked for, once.
        """
        if self.member is not None:
            return self.member.user
        if self.application is not None:
            return None
        if not self._owner_of_token:
            try:
                self._owner_of_token.append(str(self.get("me").get("email") or "") or None)
            except UnauthorizedError:
                # An application's own token was given as the access token; there is no user behind it.
                self._owner_of_token.append(None)
        return self._owner_of_token[0]

    def acting_as(self) -> str:
        """Return in whose name the calls are made, in words, as far as that is known without asking."""
        if self.member is not None:
            return self.member.user
        if self.application is not None:
            return f"the application {self.connection.client_id}"
        return next(iter(self._owner_of_token), None) or "the owner of the access token"

    def renew_allowance(self) -> None:
        """Allow ``max_wait`` again, for the next item of a loop, which has not written anything yet."""
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

        ``token`` is ``auto`` (by the route), ``application`` or ``user``. Raises an ``ApiError`` for everything else.
        With ``repeats=False`` no failure that may pass is met by sending it again; only a token that is not accepted
        any more is renewed, which happens at once.
        """
        if self.check_mode and method not in READING:
            raise AssertionError(f"{method} {path} was to be sent in check mode, which writes nothing")
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
                # What came whole may still be half of what was meant, or the page of somebody on the way.
                may_repeat = method == "GET" and repeats and attempts < BODY_ATTEMPTS
                if not (may_repeat and self._allowance.wait(backoff_seconds(attempts - 1))):
                    raise self._refusals.unreadable(response, request, method, error) from error

    def _keep_cap(self, method: str, path: str) -> None:
        """Wait while the service takes no requests of this kind; raise what it said when that is too long."""
        cap = self._caps.find(method, self.connection.api_url + path)
        if cap is None or self._allowance.wait(cap.until - self._now()):
            return
        raise self._refusals.capped(f"{method} {path}", cap)

    def get(self, *segments: object, query: Mapping[str, Any] | None = None) -> Record:
        """Return one record below the organization, by the segments of its path.

        Raises ``NotFoundError`` when there is none and ``UnreadableAnswerError`` when the answer is no record.
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
        """Return the record of the organization as it was when it was first asked for, by this task or its loop."""
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
        """Let one task of this controller at a time read and write ``subject``, as a person calls it.

        Raises ``BusyError`` with who is at work there when that takes longer than ``max_wait``, and ``StateDirError``
        where nothing can be locked. In check mode nobody is kept out.
        """
        return self._locks.alone(subject, lambda: self.has_written)

    def require_locks(self) -> None:
        """Raise ``StateDirError`` where ``state_dir`` is no place for locks; who writes asks before the first write."""
        self._locks.require()

    @property
    def lock_flaw(self) -> str:
        """Why nothing can be locked in ``state_dir``, empty when it can be, and in check mode."""
        return self._locks.flaw

    def prepaid(self, count: int) -> contextlib.AbstractContextManager[None]:
        """Wait for the pace of the next ``count`` requests of this thread before the block, and not in between them.

        What is not used at the end of the block is dropped.
        """
        return self._transport.prepaid(count)

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._now()

    def service_now(self) -> int:
        """Return a second that has begun by the clock of the service, or at least by that of this machine."""
        return self.service_second or int(self._now())

    def wait(self, seconds: float) -> bool:
        """Wait and return true; return false at once when this task may not wait so long."""
        return self._allowance.wait(seconds)

    def rest(self, seconds: float) -> None:
        """Wait for a moment that is a part of the work, whatever this task may wait for the service."""
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
        """Return every record of a listing, in the order of the service; its pages have been checked to add up.

        The first page tells how many there are by the service's own count, which may be more than ``per_page`` would
        make; the others are read with ``workers`` of them under way. A listing that changes while it is walked is
        walked again, three times at the most; then, or when it contradicts itself each time,
        ``InconsistentListError`` is raised: a short list is never returned. A list without a count may be short, so
        only routes that do not come in pages (``is_paged=False``: folders, the minimal lists) may send one. Every row
        must be a record by its route (see ``KINDS``), unless they are not used here (``is_checked=False``).
        Source: API reference, "Envelopes" (walk by the server's numbers) and "Default and maximum page sizes".
        """
        kind = kind_of(path.rpartition("/")[2]) if is_checked else None
        listing = Listing(path, {"per_page": per_page, **(query or {})}, kind, token, workers, is_paged=is_paged)
        return walked(self.call, listing)[0]

    def first_page(self, path: str, *, query: Mapping[str, Any] | None = None) -> tuple[list[Record], Page]:
        """Return the first page of a listing, checked as ``records`` does, and where it stands.

        By the service's own count its caller decides whether to read the others.
        """
        listing = Listing(
            path, {"per_page": PER_PAGE, **(query or {})}, kind_of(path.rpartition("/")[2]), first_only=True
        )
        rows, page = walked(self.call, listing)
        if page is None:
            raise AssertionError("a listing without a count has been refused")
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

        When the answer is lost, ``find`` (by the natural key) tells whether the record is there. Only after it has
        stayed absent for a while is the POST sent again, ``attempts`` times in all; the service's own check of
        uniqueness guards against the rest. Where it has none, only one attempt is safe.
        """
        return created(
            lambda: self.call("POST", path, body=body, token=token),
            path,
            find=find,
            wait=self.wait,
            attempts=attempts,
        )
