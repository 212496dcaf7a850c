# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes errors of refusals and of unreadable answers. Private to the collection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.answered_tokens import (
    keep_tokens,
    keep_tokens_of_text,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.sources import TokenSource
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    RateLimitError,
    RefusedByServiceError,
    SeatPoolError,
    ServerError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import (
    iso_utc,
    not_before,
    refusal_in,
    shorten,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.caps import Cap
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import APPLICATION_ADVICE, Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import (
    MAY_BE_DONE_ADVICE,
    is_outage,
    json_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.reading import UnfitError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import requests
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import seconds_asked
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper, masked

#: A message shows no more of an unreadable answer; requests would scan all of it to detect its encoding.
LONGEST_START_BYTES = 10_000
REFUSALS: dict[int, type[RefusedByServiceError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: SeatPoolError,
    422: InvalidError,
    429: RateLimitError,
}


class Refusals:
    """Makes errors of answers, with advice for this connection."""

    def __init__(self, connection: Connection, secrets: SecretKeeper, now: Callable[[], float]) -> None:
        self.connection = connection
        self.secrets = secrets
        self._now = now

    def capped(self, request: str, cap: Cap) -> RateLimitError:
        """Return the error for a request that is not sent, because the service accepts none of its kind for now."""
        until = iso_utc(math.ceil(cap.until))
        return RateLimitError(
            request,
            masked(cap.text, self.secrets) or "no reason given",
            status=429,
            code=cap.code,
            advice=f"That was the answer to an earlier request; this request was not sent. Run it again after "
            f"{until}, or allow a longer max_wait.",
            not_before=until,
        )

    def unreadable(self, response: requests.Response, request: str, method: str, error: ValueError) -> ApiError:
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

    def refused(
        self, response: requests.Response, request: str, source: TokenSource, advice: str = ""
    ) -> RefusedByServiceError:
        status = response.status_code
        try:
            # Masked before it is shortened, because a part of a secret would not be recognized.
            refusal = refusal_in(masked(keep_tokens(json_in(response), self.secrets), self.secrets))
        except ValueError:
            content_type = response.headers.get("Content-Type", "no content type").split(";")[0]
            refusal = refusal_in({"message": f"no readable reason ({content_type})"})
            if status == 404:
                advice = f"Check api_url: the answer of {self.connection.api_url} does not come from the Tallyfy API."
        if refusal.code == "ENDPOINT_NOT_FOUND":
            advice = f"Check api_url: {self.connection.api_url} does not lead to this route."
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
            return f"Check that org_id {org_id} and client_id {client_id} belong together, and what they may do."
        actor = f"{self.connection.act_as} (act_as)" if kind == "user" else "the owner of the access_token"
        return f"Check that {actor} is an administrator of the organization {org_id}."


def _advice_on_401(kind: str, *, on_application_route: bool) -> str:
    if kind == "given" and on_application_route:
        return f"This route needs the application's token. {APPLICATION_ADVICE}"
    if kind == "given":
        return "The access_token is expired, revoked or not valid for this route; get a new one."
    if kind == "application" and not on_application_route:
        return "This route needs a user token: set act_as (TALLYFY_ACT_AS) to the e-mail address of an administrator."
    return "A newly issued token was refused as well: check client_id, org_id, and act_as if it is set."
