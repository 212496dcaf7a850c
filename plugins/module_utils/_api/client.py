# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to one organization: tokens, envelopes, pages, errors and lost answers. Private to the collection."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.answered_tokens import (
    keep_tokens,
    keep_tokens_of_text,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.sources import (
    ApplicationTokens,
    BearerAuth,
    GivenToken,
    MemberTokens,
    TokenSource,
    exchanged_code,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import (
    HAS_CRYPTOGRAPHY,
    Token,
    TokenStore,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyError,
    ForbiddenError,
    InconsistentListError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    OptionError,
    RateLimitError,
    RefusedByServiceError,
    SeatPoolError,
    ServerError,
    StateDirError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import odd_character
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import (
    Kind,
    Page,
    answered_second,
    is_id_of,
    kind_of,
    not_before,
    page_of,
    refusal_in,
    shorten,
    told_moment,
    unwrap,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget, WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.caps import Caps
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import APPLICATION_ADVICE, Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import UnfitError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import requests
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import (
    BODY_ATTEMPTS,
    MAY_BE_DONE_ADVICE,
    READING,
    Transport,
    backoff_seconds,
    encoded_path,
    is_outage,
    json_in,
    may_be_done,
    seconds_asked,
    succeeded,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper, masked
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
    reason_of,
)

Record = dict[str, Any]

PER_PAGE = 100
#: Of an unreadable answer, as much as a message could show; requests would look through all of it for its encoding.
LONGEST_START_BYTES = 10_000
WALK_ATTEMPTS = 3
CREATE_ATTEMPTS = 3
REMEMBERED_SECONDS = 86400.0
# How long after its time-out a request may still be carried out.
LATE_SECONDS = 120.0
# How long a record may take to show up after a write whose answer was lost.
READ_BACK_WAITS_SECONDS = (0.0, 1.0, 2.0)
REFUSALS: dict[int, type[RefusedByServiceError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: SeatPoolError,
    422: InvalidError,
    429: RateLimitError,
}


@dataclass(frozen=True)
class Answer:
    """A successful answer: what its envelope held (``None`` for an empty body), the whole body, and its facts."""

    status: int
    data: Any
    body: Any
    request_id: str | None = None

    @property
    def record(self) -> Record:
        """The one record of the answer; empty when the answer held none, or one whose id cannot be one."""
        is_record = isinstance(self.data, Mapping) and ("id" not in self.data or is_id_of(self.data["id"]))
        return dict(self.data) if is_record else {}


@dataclass(frozen=True)
class _Listing:
    """What is read page by page, and how: records of a ``kind``, if that matters; ``first_only`` for one page."""

    path: str
    query: Mapping[str, Any]
    kind: Kind | None
    token: str = "auto"
    workers: int = 1
    is_paged: bool = True
    first_only: bool = False


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
        self._now = now
        self._directory = directory
        #: Why there is no directory although one was meant to be, empty when nothing is wrong.
        self._state_flaw = state_flaw
        self._lock_flaw: str | None = None
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
        self.store = TokenStore(directory if connection.cache_tokens else None, connection.client_secret or "")
        #: Answers of the sign-in page that have been used.
        self.used_answers = Marks(directory, "used-answers", REMEMBERED_SECONDS)
        #: Launches that the service may still be at work on although nobody waits for their answers any more.
        self.late_launches = Marks(directory, "late-launches", LATE_SECONDS)
        #: Launches of which no run knows what became of them, with the service's second before they were sent.
        self.doubtful_launches = Marks(directory, "doubtful-launches", REMEMBERED_SECONDS)
        #: The same for the paths of records that are being replaced.
        self.late_writes = Marks(directory, "late-writes", LATE_SECONDS)
        if connection.has_application:
            self.application = ApplicationTokens(self._transport, self.store, self.secrets, now)
            if connection.act_as:
                self.member = self.tokens_of(connection.act_as)

    @property
    def requests_sent(self) -> int:
        """How many requests this task has sent, repeated ones and sign-ins included."""
        return self._allowance.requests

    def tokens_of(self, user: str) -> MemberTokens:
        """Return the source of tokens in the name of the member ``user`` (an e-mail address)."""
        application = self.application
        if application is None:
            raise OptionError(f"A token in the name of {user} is issued to an application only. {APPLICATION_ADVICE}")
        return MemberTokens(
            application,
            user,
            transport=self._transport,
            store=self.store,
            secrets=self.secrets,
            refused=lambda response, request, advice: self._refused(response, request, application, advice),
            now=self._now,
        )

    def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str) -> Token:
        """Return the token for a code of the sign-in page; see ``exchanged_code``."""
        return exchanged_code(
            self._transport,
            self.secrets,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
            now=self._now(),
        )

    def with_token(self, access_token: str) -> Client:
        """Return a client that makes its calls with this token alone, over the same connections."""
        self.secrets.keep(access_token)
        other = copy.copy(self)
        other.connection = replace(
            self.connection, access_token=access_token, client_id=None, client_secret=None, act_as=None
        )
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
        known = self._owner_of_token[0] if self._owner_of_token else None
        return known or "the owner of the access token"

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
                error = self._refused(response, request, source, MAY_BE_DONE_ADVICE if is_unsettled else "")
                error.may_be_done = is_write and may_be_done(response)
                raise error
            try:
                return _answer_in(response, method)
            except ValueError as error:
                # What came whole may still be half of what was meant, or the page of somebody on the way.
                may_repeat = method == "GET" and repeats and attempts < BODY_ATTEMPTS
                if not (may_repeat and self._allowance.wait(backoff_seconds(attempts - 1))):
                    raise self._unreadable(response, request, method, error) from error

    def _keep_cap(self, method: str, path: str) -> None:
        """Wait while the service takes no requests of this kind; raise what it said when that is too long."""
        cap = self._caps.find(method, self.connection.api_url + path)
        if cap is None or self._allowance.wait(cap.until - self._now()):
            return
        not_before = told_moment(math.ceil(cap.until))
        raise RateLimitError(
            f"{method} {path}",
            masked(cap.text, self.secrets) or "no reason given",
            status=429,
            code=cap.code,
            advice=f"That was the answer to an earlier request; this one was not sent. Run it again after "
            f"{not_before}, or allow a longer max_wait.",
            not_before=not_before,
        )

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
        """Return the token source that a route needs.

        Routes of applications take the application token; routes of organizations the token of ``act_as``, else the
        application token, else the ready access token.
        """
        is_application_route = path.split("/", 2)[1:2] == ["applications"]
        if token == "user" and self.member is None and not self.connection.access_token:
            raise OptionError("token=user needs act_as (the e-mail of a member to act for) or a ready access_token.")
        if token == "application" and self.application is None:
            raise OptionError(f"token=application needs application credentials. {APPLICATION_ADVICE}")
        wants_application = token == "application" or (token == "auto" and is_application_route)
        if self.member is not None and not wants_application:
            return self.member
        if self.application is not None and token != "user":
            return self.application
        return GivenToken(str(self.connection.access_token), self.connection.org_id)

    @contextlib.contextmanager
    def alone(self, subject: str) -> Iterator[None]:
        """Let one task of this controller at a time read and write ``subject``, as a person calls it.

        Raises ``BusyError`` with who is at work there when that takes longer than ``max_wait``, and ``StateDirError``
        where nothing can be locked. Where ``state_dir`` is switched off, nobody is kept out.
        """
        if self._state_flaw:
            raise self._no_locks(self._state_flaw)
        with contextlib.ExitStack() as stack:
            if self._directory is not None:
                self._enter(stack, self._directory, subject)
            yield

    def _enter(self, stack: contextlib.ExitStack, directory: PrivateDirectory, subject: str) -> None:
        seconds = self.connection.max_wait
        try:
            stack.enter_context(directory.locked(self._lock_name(subject), seconds=seconds))
        except HeldError as error:
            undone = "This was not written" if self.has_written else "Nothing was written"
            raise BusyError(
                f"Another run has been at work on {subject} for longer than max_wait ({seconds:g} s): "
                f"{error.holder or 'it does not say who it is'}. {undone}. Wait for its end, or allow a longer "
                f"max_wait.",
                holder=error.holder,
            ) from None
        except UnusableError as error:
            raise self._no_locks(str(error)) from error

    def require_locks(self) -> None:
        """Raise ``StateDirError`` where ``state_dir`` is no place for locks; who writes asks before the first write."""
        flaw = self._state_flaw or self.lock_flaw
        if flaw:
            raise self._no_locks(flaw)

    @property
    def lock_flaw(self) -> str:
        """Why nothing can be locked in ``state_dir``, empty when it can be, and when there is no directory."""
        if self._lock_flaw is None:
            self._lock_flaw = "" if self._directory is None else self._directory.lock_flaw()
        return self._lock_flaw

    def _no_locks(self, flaw: str) -> StateDirError:
        return StateDirError(self.connection.state_dir or getattr(self._directory, "path", ""), flaw)

    def _lock_name(self, subject: str) -> str:
        scope = f"{self.connection.api_url}\n{subject}"
        return "lock-" + hashlib.sha256(scope.encode(errors="replace")).hexdigest()[:24]

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
        listing = _Listing(path, {"per_page": per_page, **(query or {})}, kind, token, workers, is_paged=is_paged)
        return self._walked(listing)[0]

    def first_page(self, path: str, *, query: Mapping[str, Any] | None = None) -> tuple[list[Record], Page]:
        """Return the first page of a listing, checked as ``records`` does, and where it stands.

        By the service's own count its caller decides whether to read the others.
        """
        listing = _Listing(
            path, {"per_page": PER_PAGE, **(query or {})}, kind_of(path.rpartition("/")[2]), first_only=True
        )
        rows, page = self._walked(listing)
        if page is None:
            raise AssertionError("a listing without a count has been refused")
        return rows, page

    def _walked(self, listing: _Listing) -> tuple[list[Record], Page | None]:
        for _attempt in range(WALK_ATTEMPTS - 1):
            with contextlib.suppress(InconsistentListError):
                return self._walk(listing)
        return self._walk(listing)

    def _walk(self, listing: _Listing) -> tuple[list[Record], Page | None]:
        path, request = listing.path, f"GET {listing.path}"

        def read(number: int) -> tuple[list[Record], Page | None]:
            answer = self.call("GET", path, query={**listing.query, "page": number}, token=listing.token)
            rows = answer.data
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise UnreadableAnswerError(
                    request,
                    "the answer is not a list of records",
                    advice="Check that the path is a listing, and api_url.",
                )
            _check_rows(request, rows, listing.kind)
            return rows, _page_in(answer, request, number, is_paged=listing.is_paged)

        rows, first = read(1)
        if first is None:
            _check_unique(request, rows)
            return rows, None
        _check_page(request, first, 1, first)
        if first.pages > max(1, first.total):
            raise InconsistentListError(request, f"{first.total} records cannot fill {first.pages} pages")
        if listing.first_only and first.pages > 1:
            return rows, first
        others = range(2, first.pages + 1)
        for number, (more, page) in zip(others, side_by_side(read, others, workers=listing.workers)):
            _check_page(request, page or first, number, first)
            rows += more
        _check_unique(request, rows)
        if len(rows) != first.total:
            raise InconsistentListError(request, f"{len(rows)} records came, and the service counts {first.total}")
        return rows, first

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
        attempt = 1
        while True:
            try:
                return self._created(self.call("POST", path, body=body, token=token), path)
            except ApiError as error:
                if not error.may_be_done:
                    raise
                found = self._read_back(find, error)
                if found is not None:
                    return found
                if attempt == attempts:
                    raise
                attempt += 1

    @staticmethod
    def _created(answer: Answer, path: str) -> Record:
        if "id" not in answer.record:
            raise LostAnswerError(
                f"POST {path}",
                f"the answer holds no record (HTTP {answer.status})",
                advice=MAY_BE_DONE_ADVICE,
            )
        return answer.record

    def _read_back(self, find: Callable[[], Record | None], lost: ApiError) -> Record | None:
        try:
            for seconds in READ_BACK_WAITS_SECONDS:
                self._allowance.wait(seconds)
                found = find()
                if found is not None:
                    return found
        except ApiError as error:
            raise LostAnswerError(
                lost.request,
                f"{lost.answer}, and reading back failed too ({error.request}: {error.answer})",
                advice=MAY_BE_DONE_ADVICE,
            ) from error
        return None

    # --- what went wrong ----------------------------------------------------------------------------------------------

    def _unreadable(self, response: requests.Response, request: str, method: str, error: ValueError) -> ApiError:
        if not response.content:
            answer = f"the answer is empty (HTTP {response.status_code})"
            return UnreadableAnswerError(request, answer, advice="Try again later.")
        content_type = response.headers.get("Content-Type", "no content type").split(";")[0]
        text = response.content[:LONGEST_START_BYTES].decode(errors="replace")
        start = shorten(self.secrets.mask(keep_tokens_of_text(text, self.secrets)), 60)
        flaw = str(error) if isinstance(error, UnfitError) else "not JSON"
        answer = f"the answer is {flaw} (HTTP {response.status_code}, {content_type}, starting {start!r})"
        if method == "GET":
            return UnreadableAnswerError(request, answer, advice="Check that api_url is the address of the API.")
        return LostAnswerError(request, answer, advice=MAY_BE_DONE_ADVICE)

    def _refused(
        self, response: requests.Response, request: str, source: TokenSource, advice: str = ""
    ) -> RefusedByServiceError:
        status = response.status_code
        try:
            # Masked before it is shortened: a part of a secret would not be recognized.
            refusal = refusal_in(masked(keep_tokens(json_in(response), self.secrets), self.secrets))
        except ValueError:
            content_type = response.headers.get("Content-Type", "no content type").split(";")[0]
            refusal = refusal_in({"message": f"no readable reason ({content_type})"})
        text = refusal.text or "no reason given"
        kind = REFUSALS.get(status, ServerError if is_outage(status) else RefusedByServiceError)
        facts: dict[str, object] = {}
        if status == 429:
            facts["not_before"] = not_before(response.headers, self._now())
        error = kind(
            request,
            text,
            status=status,
            code=refusal.code,
            errors=refusal.errors,
            request_id=response.headers.get("X-Request-Id"),
            advice=advice or self._advice(status, refusal.code, request, source, facts),
            **facts,
        )
        error.retry_after = seconds_asked(response.headers)
        return error

    def _advice(
        self, status: int, code: str | None, request: str, source: TokenSource, facts: Mapping[str, object]
    ) -> str:
        if status == 401:
            return _advice_on_401(source.kind, on_application_route=" /applications/" in request)
        if status == 403:
            return self._advice_on_403(source.kind)
        if code == "ENDPOINT_NOT_FOUND":
            return f"Check api_url: {self.connection.api_url} does not lead to this route."
        if status == 404:
            return (
                f"Check the IDs in the address, org_id {self.connection.org_id} and api_url {self.connection.api_url}."
            )
        if code == "SEAT_POOL_EXHAUSTED":
            return "Free a seat or buy more, then run it again."
        if status == 429:
            return f"Run it again after {facts['not_before']}, or allow a longer max_wait."
        return "Tallyfy itself failed; run it again later." if is_outage(status) else ""

    def _advice_on_403(self, kind: str) -> str:
        org_id, client_id = self.connection.org_id, self.connection.client_id
        if kind == "application":
            return f"Check that org_id {org_id} and client_id {client_id} belong together, and what they may do there."
        actor = f"{self.connection.act_as} (act_as)" if kind == "user" else "the owner of the access_token"
        return f"Check that {actor} is an administrator of the organization {org_id}."


def _answer_in(response: requests.Response, method: str) -> Answer:
    """Return what a successful answer holds; raises ``ValueError`` for no JSON, and for a GET without a body."""
    request_id = response.headers.get("X-Request-Id")
    if not response.content and method != "GET":
        return Answer(response.status_code, None, None, request_id)
    content = json_in(response)
    return Answer(response.status_code, unwrap(content), content, request_id)


def _advice_on_401(kind: str, *, on_application_route: bool) -> str:
    if kind == "given" and on_application_route:
        return f"This route needs the application's token. {APPLICATION_ADVICE}"
    if kind == "given":
        return "The access_token is expired, revoked or not meant for this; get a new one."
    if kind == "application" and not on_application_route:
        return "This route needs a user token: set act_as (TALLYFY_ACT_AS) to the e-mail of an administrator."
    return "A newly issued token was refused, too: check client_id, org_id, and act_as if it is set."


def _page_in(answer: Answer, request: str, number: int, *, is_paged: bool) -> Page | None:
    """Return where the page stands, ``None`` for a listing without pages; raises ``InconsistentListError``."""
    try:
        page = page_of(answer.body)
    except ValueError:
        page, is_readable = None, False
    else:
        is_readable = page is not None or (number == 1 and not is_paged)
    if not is_readable:
        raise InconsistentListError(request, f"page {number} does not say which page it is")
    return page


def _check_page(request: str, page: Page, number: int, first: Page) -> None:
    """Raise ``InconsistentListError`` when a page is not the one asked for, or the listing changed since its first."""
    if page.number != number:
        raise InconsistentListError(request, f"page {page.number} came instead of page {number}")
    if (page.total, page.pages) != (first.total, first.pages):
        raise InconsistentListError(
            request,
            f"page {number} counts {page.total} records on {page.pages} pages, and page 1 counted "
            f"{first.total} on {first.pages}",
        )


def _check_rows(request: str, rows: list[Record], kind: Kind | None) -> None:
    """Raise ``InconsistentListError`` for a row that is no record: what is looked for could be that one."""
    flaw = next(filter(None, (kind.flaw(row) for row in rows)), "") if kind is not None else ""
    if flaw:
        raise InconsistentListError(request, f"a row of the list cannot be used: {flaw}", advice="Try again later.")


def _check_unique(request: str, rows: list[Record]) -> None:
    seen: set[str] = set()
    for row in rows:
        if "id" not in row:
            continue
        if str(row["id"]) in seen:
            raise InconsistentListError(request, f"the record {row['id']} came twice")
        seen.add(str(row["id"]))


def open_client(connection: Connection, secrets: SecretKeeper, warn: Callable[[str], None]) -> Client:
    """Return a client with the tokens, the locks and the budget of ``state_dir``, or without them and a warning.

    Whoever needs the locks is refused in their place; see ``Client.alone``.
    """
    directory, flaw = None, ""
    if connection.state_dir:
        try:
            directory = PrivateDirectory(connection.state_dir)
        except (OSError, UnusableError) as error:
            flaw = reason_of(error)
    client = Client(connection, directory=directory, state_flaw=flaw, secrets=secrets)
    lacking = "sign in one by one and do not share" if flaw else "do not share"
    if flaw or client.lock_flaw:
        warn(
            f"The directory {connection.state_dir} (state_dir) cannot be used ({flaw or client.lock_flaw}): tasks "
            f"{lacking} their request budget, and what needs a lock to write is refused. Set state_dir to a directory "
            f"of your own, or to none."
        )
    elif directory is not None and not HAS_CRYPTOGRAPHY and connection.cache_tokens and connection.has_application:
        warn("Tokens are not cached, because the Python library cryptography is not there to encrypt them.")
    return client


def path_below(api_url: str, path: str) -> str:
    """Return the path of a route below ``api_url`` from a path, or from a whole address on the same host.

    Raises ``OptionError`` for another host and for a path that climbs out of the API.
    """
    base, path = urlsplit(api_url), path.strip()
    odd = odd_character(path.replace("\\", "/"))
    if odd:
        raise OptionError(f"path cannot be used: it holds {odd!r}. Write what belongs to a name percent-encoded.")
    try:
        given = urlsplit(path)
    except ValueError:
        raise OptionError("path is neither a path nor an address: its host cannot be read.") from None
    if (given.scheme or given.netloc) and (given.scheme, given.netloc) != (base.scheme, base.netloc):
        raise OptionError(f"path leads to another host than api_url ({base.netloc}); the token is not sent there.")
    if given.query or given.fragment:
        raise OptionError("path holds a query or fragment; give the query with the option query.")
    route = "/" + given.path.lstrip("/")
    if base.path and (route + "/").startswith(base.path + "/"):
        route = route[len(base.path) :] or "/"
    if any(segment in {"..", "."} for segment in unquote(route).replace("\\", "/").split("/")):
        raise OptionError("path climbs with '..' or '.'; give the plain path of the route.")
    if "\\" in route:
        raise OptionError("path cannot be used: it holds a backslash. Write what belongs to a name percent-encoded.")
    return route
