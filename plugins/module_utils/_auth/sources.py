# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which token a route needs and how to obtain it, as ``requests`` auth objects. Private to the collection."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import OptionError, RefusedByServiceError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.addresses import encoded_path
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import APPLICATION_ADVICE, Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import succeeded
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import rest_of
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import AuthBase, requests
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import CONNECT_ATTEMPTS, backoff_seconds
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import NoAuth
from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import Transport
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper

from .store import Token, TokenStore
from .token_endpoint import CREDENTIALS_ADVICE, sign_in_refusal, token_from


class TokenSource(ABC):
    """Provides the token of one identity. ``kind`` is ``given``, ``application`` or ``user``."""

    kind = ""

    def current(self) -> Token:
        """Return a token to send now."""
        return self.obtain()

    @abstractmethod
    def obtain(self, *, min_ttl: float | None = None, renew: bool = False) -> Token:
        """Return a token that is valid for ``min_ttl`` seconds, a new token with ``renew``."""

    @abstractmethod
    def forget(self) -> bool:
        """Remove the stored token and return whether there was one."""

    @abstractmethod
    def renewed(self, rejected: Token) -> Token | None:
        """Return another token after ``rejected`` was answered with 401, or ``None`` if there is none."""

    @abstractmethod
    def worked(self, token: Token) -> None:
        """Record that the service accepted ``token``."""


class GivenToken(TokenSource):
    """A bearer token from the user; it cannot be renewed here."""

    kind = "given"

    def __init__(self, access_token: str, org_id: str) -> None:
        self._token = Token(access_token=access_token, kind=self.kind, org_id=org_id, source="given")

    def obtain(self, *, min_ttl: float | None = None, renew: bool = False) -> Token:  # noqa: ARG002 - not known here
        """Return it, regardless of its lifetime."""
        if renew:
            raise OptionError(f"access_token cannot be renewed. {APPLICATION_ADVICE}")
        return self._token

    def forget(self) -> bool:
        return False

    def renewed(self, rejected: Token) -> None:
        """Return nothing, because there are no credentials to renew ``rejected`` with."""

    def worked(self, token: Token) -> None:
        pass


class IssuedTokens(TokenSource):
    """Tokens that the service issues: cached in memory and in the store, renewed in time, one sign-in for all forks."""

    def __init__(
        self, transport: Transport, store: TokenStore, secrets: SecretKeeper, scope: str, now: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._secrets = secrets
        self._store = store
        self._scope = f"{scope}\n{self.kind}"
        self._now = now
        self._token: Token | None = None
        self._proven: Token | None = None
        #: The token that was refused before it ever worked, so that a second token was issued.
        self._doubted: Token | None = None
        self._lock = threading.Lock()

    def obtain(self, *, min_ttl: float | None = None, renew: bool = False, rejected: str = "") -> Token:
        """Return a token that is valid for ``min_ttl`` seconds (by default: not in the last tenth of its lifetime).

        ``renew`` requests a new token in any case, ``rejected`` any token but that one.
        """
        with self._lock:
            kept = self._token if self._token is None or self._token.access_token != rejected else None
            # The lifetime of a token without an expiry is unknown: this process uses it until a 401.
            if not renew and kept and (kept.expires_at == 0 or kept.is_fresh(self._now(), min_ttl)):
                return kept
            found = None if renew else self._stored(min_ttl, rejected)
            if found is None:
                # Fifty forks arrive here together: the first signs in, the others find its token in the store. They
                # wait as long as a sign-in can take. The kernel releases the lock of a process that dies.
                connection = self._transport.connection
                longest = connection.max_wait + (CONNECT_ATTEMPTS + 1) * connection.timeout
                with self._store.locked(self._scope, longest):
                    found = None if renew else self._stored(min_ttl, rejected)
                    if found is None:
                        found = self._issue()
                        self._store.put(self._scope, found)
            # Also a token from the store: an error may quote the request that contains it.
            self._secrets.keep(found.access_token)
            self._token = found
            return found

    def renewed(self, rejected: Token) -> Token | None:
        with self._lock:
            # Checked first: another thread may have renewed the token before this thread received the refusal.
            if self._token is not None and self._token.access_token != rejected.access_token:
                return self._token
            is_new = rejected.source == "issued" and self._proven is not rejected
            # Some servers may not know a token that was issued a moment ago. If the next token is refused as well,
            # the token is not the cause.
            if is_new:
                if self._doubted is not None and self._doubted != rejected:
                    return None
                self._doubted = rejected
        # Fifty forks get the refusal together: the first signs in, the others find its token in the store.
        token = self.obtain(rejected=rejected.access_token)
        if is_new:
            self._transport.allowance.wait(backoff_seconds(0))
        return token

    def worked(self, token: Token) -> None:
        self._proven, self._doubted = token, None

    def forget(self) -> bool:
        """Remove the stored token and return whether there was one."""
        self._token = None
        return self._store.forget(self._scope)

    def _stored(self, min_ttl: float | None, rejected: str) -> Token | None:
        found = self._store.get(self._scope)
        is_good = found is not None and found.access_token != rejected and found.is_fresh(self._now(), min_ttl)
        return found if is_good else None

    @abstractmethod
    def _issue(self) -> Token:
        """Request a token from the service."""


class ApplicationTokens(IssuedTokens):
    """Tokens of the client credentials grant."""

    kind = "application"

    def __init__(
        self,
        transport: Transport,
        store: TokenStore,
        secrets: SecretKeeper,
        now: Callable[[], float] = time.time,
    ) -> None:
        connection = transport.connection
        scope = f"{connection.token_url}\n{connection.org_id}\n{connection.client_id}"
        super().__init__(transport, store, secrets, scope, now)

    def _issue(self) -> Token:
        connection = self._transport.connection
        request = f"POST {connection.token_url}"
        form = {
            "grant_type": "client_credentials",
            "client_id": str(connection.client_id),
            "client_secret": str(connection.client_secret),
            "scope": "*",
        }
        response = self._transport.send("POST", connection.token_url, auth=NoAuth(), form=form, sign_in=True)
        if succeeded(response):
            return token_from(
                response, request, self._secrets, kind=self.kind, org_id=connection.org_id, user=None, now=self._now()
            )
        raise sign_in_refusal(response, request, self._secrets, CREDENTIALS_ADVICE, self._now())


class BearerAuth(AuthBase):
    """Sends the source's token; a 401 is answered once with a renewed token, a 403 never."""

    def __init__(self, source: TokenSource, transport: Transport) -> None:
        self.source = source
        self._transport = transport

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.source.current()
        request.headers["Authorization"] = f"Bearer {token.access_token}"
        request.register_hook("response", partial(self._survive_401, token))
        return request

    def _survive_401(self, token: Token, response: requests.Response, **options: Any) -> requests.Response:
        if response.status_code != 401:
            self.source.worked(token)
            return response
        renewed = self.source.renewed(token)
        if renewed is None:
            return response
        # After the whole answer has been read, its connection can be reused for the repeated request.
        rest_of(response.raw)
        response.close()
        repeated = response.request.copy()
        repeated.headers["Authorization"] = f"Bearer {renewed.access_token}"
        self._transport.keep_pace()
        answer: requests.Response = response.connection.send(repeated, **options)
        answer.history.append(response)
        if answer.status_code != 401:
            self.source.worked(renewed)
        return answer


class MemberTokens(IssuedTokens):
    """Tokens of a member, issued to the application."""

    kind = "user"

    def __init__(
        self,
        application: ApplicationTokens,
        user: str,
        store: TokenStore,
        refused: Callable[[requests.Response, str, str], RefusedByServiceError],
    ) -> None:
        connection = application._transport.connection
        self.user = user.lower()
        self._application = application
        self._refused = refused
        scope = f"{connection.api_url}\n{connection.org_id}\n{connection.client_id}\n{self.user}"
        super().__init__(application._transport, store, application._secrets, scope, application._now)

    def _issue(self) -> Token:
        connection = self._transport.connection
        path = encoded_path("applications", connection.org_id, "users", self.user, "token")
        request = f"POST {path}"
        url = connection.api_url + path
        auth = BearerAuth(self._application, self._transport)
        response = self._transport.send("POST", url, auth=auth, sign_in=True)
        if succeeded(response):
            return token_from(
                response,
                request,
                self._secrets,
                kind=self.kind,
                org_id=connection.org_id,
                user=self.user,
                now=self._now(),
            )
        advice = ""
        if response.status_code in {403, 404, 422}:
            advice = (
                f"{self.user} must be an active member of the organization {connection.org_id}, and client_id "
                f"{connection.client_id} must belong to that organization."
            )
        raise self._refused(response, request, advice)


def source_for(
    path: str,
    token: str,
    connection: Connection,
    application: ApplicationTokens | None,
    member: MemberTokens | None,
) -> TokenSource:
    """Return the token source that a route needs.

    Routes of applications need the application token. Routes of organizations get the token of ``act_as``, otherwise
    the application token, otherwise ``access_token``.
    """
    is_application_route = path.split("/", 2)[1:2] == ["applications"]
    if token == "user" and member is None and not connection.access_token:
        raise OptionError("A user token requires act_as (the e-mail address of a member) or access_token.")
    if token == "application" and application is None:
        raise OptionError(f"The application's token requires application credentials. {APPLICATION_ADVICE}")
    wants_application = token == "application" or (token == "auto" and is_application_route)
    if member is not None and not wants_application:
        return member
    if application is not None and token != "user":
        return application
    return GivenToken(str(connection.access_token), connection.org_id)
