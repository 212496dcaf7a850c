# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.breaker import MOST_OUTAGES_IN_A_ROW, Brakes
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


def test_one_refusal_stops_nobody() -> None:
    brakes = Brakes()
    assert brakes.learn("a", REFUSAL) is None
    assert brakes.stop is None


def test_unless_it_is_wanted_so() -> None:
    brakes = Brakes(goes_on=False)
    assert brakes.learn("bob", REFUSAL) is None
    assert brakes.stop is not None
    assert brakes.stop.reason == "Not tried: on_error=stop, and bob failed."
    assert not brakes.stop.is_deferred
    assert not brakes.is_silent


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("GET /x", "nobody there"),
        UnauthorizedError("GET /x", "who?", status=401),
        SignInError("POST /token", "no", status=401),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_hopeless_stops_everybody(error: TallyfyError) -> None:
    brakes = Brakes()
    assert brakes.learn("a", error) is None
    assert brakes.stop is not None
    assert "would fail in the same way" in brakes.stop.reason
    assert brakes.is_silent


def test_a_pause_defers_everybody_who_waits() -> None:
    brakes = Brakes()
    halt = brakes.learn("a", PausedError("GET /x", "later", not_before="2026-11-22T14:00:00Z"))
    assert halt is brakes.stop
    assert halt is not None
    assert (halt.is_deferred, halt.not_before) == (True, "2026-11-22T14:00:00Z")


def test_a_pause_goes_before_another_reason() -> None:
    """Who waits for something that will end is told when it ends."""
    brakes = Brakes(goes_on=False)
    brakes.learn("a", REFUSAL)
    brakes.learn("b", PausedError("GET /x", "later", not_before="then"))
    assert brakes.stop is not None
    assert brakes.stop.is_deferred


@pytest.mark.parametrize("kind", [ServerError, LostAnswerError])
def test_so_many_outages_in_a_row_are_nobodys_bad_luck(kind: type[TallyfyError]) -> None:
    brakes = Brakes()
    for number in range(MOST_OUTAGES_IN_A_ROW):
        assert brakes.stop is None
        brakes.learn(str(number), _outage(kind))
    assert brakes.stop is not None
    assert brakes.stop.reason.startswith(f"Not tried: {MOST_OUTAGES_IN_A_ROW} requests in a row have failed")


def test_a_success_in_between_begins_the_count_anew() -> None:
    brakes = Brakes()
    for _number in range(3):
        for _outage_number in range(MOST_OUTAGES_IN_A_ROW - 1):
            brakes.learn("a", _outage(ServerError))
        brakes.learn("b", None)
    assert brakes.stop is None


def test_one_outage_that_many_share_counts_once() -> None:
    brakes = Brakes()
    error = _outage(ServerError)
    for number in range(2 * MOST_OUTAGES_IN_A_ROW):
        brakes.learn(str(number), error)
    assert brakes.stop is None


def _outage(kind: type[TallyfyError]) -> TallyfyError:
    return ServerError("GET /x", "broken", status=500) if kind is ServerError else LostAnswerError("GET /x", "lost")
