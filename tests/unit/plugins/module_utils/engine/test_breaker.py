# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import (
    MOST_OUTAGES_IN_A_ROW,
    CircuitBreaker,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    LostAnswerError,
    PausedError,
    ServerError,
    SignInError,
    TallyfyError,
    UnauthorizedError,
    UnreachableError,
)

REFUSAL = ForbiddenError("PUT /x", "no", status=403)
PAUSE = PausedError("GET /x", "later", not_before="2026-11-22T14:00:00Z")
UNREACHABLE = UnreachableError("GET /x", "nobody there")


def broken() -> ServerError:
    return ServerError("GET /x", "broken", status=500)


def outages(count: int) -> list[TallyfyError | None]:
    return [broken() for _number in range(count)]


@pytest.mark.parametrize(
    ("errors", "text", "is_deferred", "is_silent"),
    [
        ([None], "", False, False),
        ([REFUSAL], "", False, False),
        ([UNREACHABLE], "Not tried, because it would fail in the same way: ", False, True),
        ([UnauthorizedError("GET /x", "who?", status=401)], "Not tried, because it would fail", False, True),
        ([SignInError("POST /token", "no", status=401)], "Not tried, because it would fail", False, True),
        ([PAUSE], "Deferred until 2026-11-22T14:00:00Z: ", True, True),
        # A pause has an end, which the reason names.
        ([UNREACHABLE, PAUSE], "Deferred until ", True, True),
        ([PAUSE, UNREACHABLE], "Deferred until ", True, True),
        (outages(MOST_OUTAGES_IN_A_ROW - 1), "", False, False),
        (outages(MOST_OUTAGES_IN_A_ROW), f"Not tried: {MOST_OUTAGES_IN_A_ROW} requests in a row ", False, True),
        ([LostAnswerError("GET /x", "lost") for _number in range(MOST_OUTAGES_IN_A_ROW)], "Not tried: ", False, True),
        # A success or another kind of failure in between resets the count.
        ([*outages(MOST_OUTAGES_IN_A_ROW - 1), None, *outages(MOST_OUTAGES_IN_A_ROW - 1)], "", False, False),
        ([*outages(MOST_OUTAGES_IN_A_ROW - 1), REFUSAL, *outages(MOST_OUTAGES_IN_A_ROW - 1)], "", False, False),
        # One outage that many subjects share, such as all members of a group, counts once.
        ([broken()] * 2 * MOST_OUTAGES_IN_A_ROW, "", False, False),
    ],
)
def test_when_a_breaker_opens(
    errors: Sequence[TallyfyError | None], text: str, is_deferred: bool, is_silent: bool
) -> None:
    breaker = CircuitBreaker()
    for error in errors:
        breaker.learn("bob", error)
    reason = breaker.open_reason
    assert (reason.text if reason is not None else "").startswith(text)
    assert (reason is not None) == bool(text)
    assert (reason is not None and reason.is_deferred, breaker.is_silent) == (is_deferred, is_silent)


def test_a_pause_is_the_reason_of_who_met_it_and_others_have_errors_of_their_own() -> None:
    breaker = CircuitBreaker()
    assert breaker.learn("a", UNREACHABLE) is None
    reason = breaker.learn("b", PAUSE)
    assert reason is breaker.open_reason
    assert reason is not None
    assert reason.not_before == "2026-11-22T14:00:00Z"


def test_stops_on_error() -> None:
    breaker = CircuitBreaker(stops_on_error=True, called=lambda option: f"onboarding_{option}")
    breaker.learn("bob", None)
    assert breaker.open_reason is None
    assert breaker.learn("bob", REFUSAL) is None
    assert breaker.open_reason is not None
    assert breaker.open_reason.text == "Not tried: bob failed and onboarding_on_error=stop."
    assert not breaker.is_silent


def test_a_branch_is_open_where_its_parent_is_and_tells_it_nothing() -> None:
    parent = CircuitBreaker(stops_on_error=True, called=lambda option: f"onboarding_{option}")
    branch = parent.branch()
    branch.learn("a guest", REFUSAL)
    assert branch.open_reason is not None
    assert branch.open_reason.text == "Not tried: a guest failed and onboarding_on_error=stop."
    assert parent.open_reason is None
    parent.learn("bob", PAUSE)
    assert branch.open_reason is parent.open_reason
