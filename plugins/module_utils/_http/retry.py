# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The retry policy, and rate limits in answers. Private to the collection."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper, masked

from .allowance import WaitAllowance
from .answers import refusal_in, request_count, retry_after_seconds
from .budget import RequestBudget
from .caps import Caps
from .failures import cause_of
from .outcome import TRANSIENT_STATUSES, is_outage
from .reading import json_of, rest_of
from .requests_guard import MaxRetryError, RequestHistory, ResponseError, Retry, requests
from .schedule import MOST_PER_MINUTE, Limits

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
CONNECT_ATTEMPTS = 3
STATUS_ATTEMPTS = 4
#: A longer wait is not for the rate per minute: a quota for this kind of request is used up.
LONGEST_PACE_SECONDS = 60.0
#: A wait up to this long follows too many requests within seconds.
LONGEST_BURST_SECONDS = 5.0


class ArrivedBeforeError(MaxRetryError):
    """The last attempt failed, and an earlier one may have arrived."""


class Listener:
    """Applies the rate limits in answers to the shared budget and caps.

    Source: API reference, "Rate limits". It does not document what the numbers in the headers count, so they can only
    lower the rate. Limits for one kind of request apply to writes, so the numbers in answers to writes are ignored.
    """

    def __init__(self, budget: RequestBudget, caps: Caps, secrets: SecretKeeper) -> None:
        self.budget = budget
        self.caps = caps
        self.secrets = secrets

    def hear(
        self, method: str, url: str, status: int, headers: Mapping[str, str], body: Callable[[], bytes]
    ) -> float | None:
        """Return the seconds of the pause that the answer asks for, ``None`` if it asks for none."""
        asked = seconds_asked(headers)
        limit = request_count(headers.get("X-RateLimit-Limit"))
        limit = limit if limit and limit <= MOST_PER_MINUTE else None
        if status != 429:
            if method == "GET":
                self.budget.learn(Limits(limit, request_count(headers.get("X-RateLimit-Remaining"))))
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
        # A refusal without a code may apply to the last second only; then it says nothing about a rate per minute.
        if refusal.code is not None or (asked or 0.0) > LONGEST_BURST_SECONDS:
            self.budget.learn(Limits(limit, is_refusal=refusal.code is not None))
        return asked


class PacedRetry(Retry):
    """The retry policy: which requests are repeated, after which wait, within the allowance of the task.

    A request that got a 429 was not carried out, so any method is repeated as long as the allowance lasts.
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
        """Return the policy for the next attempt, with its wait reserved; raises if there is no next attempt."""
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
    """Return the seconds to wait that an answer asks for, ``None`` if it asks for none."""
    return retry_after_seconds(headers.get("Retry-After"), headers.get("Date"), datetime.now(timezone.utc))


def backoff_seconds(attempts: int) -> float:
    """Return how long to wait after ``attempts`` earlier attempts if the service asks for no wait, or for 0 seconds.

    Jitter prevents fifty forks that failed together from retrying together.
    """
    return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**attempts) * random.uniform(1.0, 1.5)


def _may_have_arrived(attempt: RequestHistory) -> bool:
    """Return whether a failed attempt may have been carried out; one that got a 429 was not."""
    if attempt.error is not None:
        return cause_of(attempt.error).may_have_arrived
    return attempt.status != 429


def policy(may_repeat: frozenset[str], listener: Listener, allowance: WaitAllowance) -> PacedRetry:
    """Return the policy that repeats requests with the methods ``may_repeat``."""
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
        listener=listener,
        allowance=allowance,
    )


def may_be_done(response: requests.Response) -> bool:
    """Return whether a failed write may have been carried out, by this attempt or an earlier one."""
    policy = getattr(response.raw, "retries", None)
    statuses = [response.status_code]
    was_lost = False
    if policy is not None and policy.history:
        statuses += [attempt.status for attempt in policy.history if attempt.status is not None]
        was_lost = policy.read < CONNECT_ATTEMPTS
    return was_lost or any(map(is_outage, statuses))
