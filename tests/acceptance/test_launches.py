# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many launches with random faults: none twice, none missing, every value stored or reported.

``benchmarks/launches.py`` does the same with more of them and other faults each time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError, LostAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox
from tests.acceptance.launches import TIMEOUT_SECONDS, Clock, launch_many, new_client
from tests.people import TOUR_ID

pytestmark = pytest.mark.any_core

LAUNCHES = 200


def test_exactly_once(sandbox: Sandbox, tmp_path: Path) -> None:
    tally = launch_many(sandbox, tmp_path / "cache", LAUNCHES, seed=4)
    assert (tally.duplicates, tally.missing, tally.unreported) == (0, 0, 0), tally
    # Otherwise nothing has been tried.
    assert tally.reported > 0
    assert tally.doubts > LAUNCHES / 20
    assert set(tally.failures) >= {"LostAnswerError", "NotStoredError"}
    assert tally.posts > LAUNCHES


class Hurry(Clock):
    """For who does not wait at all."""

    def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture
def clients(sandbox: Sandbox, tmp_path: Path) -> Callable[[float], Client]:
    """Clients that may wait so long, for which waiting takes no time; what the service is at work on is finished."""
    clock, hurry = Clock(sandbox), Hurry(sandbox)

    def client(max_wait: float) -> Client:
        directory = PrivateDirectory(str(tmp_path / "cache"))
        return new_client(sandbox, directory, clock if max_wait else hurry, max_wait=max_wait)

    return client


DESIRED = {"template": TOUR_ID, "reference": "E-1", "name": "Tour"}
LATE = 2.5e3 * TIMEOUT_SECONDS


class TestLateLaunches:
    """The answer does not come in time, and nobody knows whether the service is still at work on it."""

    @staticmethod
    def launch(client: Client) -> dict[str, Any]:
        return ensure_process(client, DESIRED, warn=lambda _text: None)

    def test_a_second_run_does_not_overtake_the_first(
        self, sandbox: Sandbox, clients: Callable[[float], Client]
    ) -> None:
        sandbox.fault(method="POST", path="*/runs", delay_ms=LATE)
        with pytest.raises(LostAnswerError):
            self.launch(clients(0))
        with pytest.raises(BusyError, match=r"may still carry it out, .* Run this again after") as reported:
            self.launch(clients(0))
        assert reported.value.facts["not_before"]
        assert len(sandbox.launches()) == 1
        done = self.launch(clients(300))
        assert done["process"]["id"]
        assert len(sandbox.launches()) == len(sandbox.runs("Tour (E-1)")) == 1

    def test_what_never_came_is_launched_in_the_end(self, sandbox: Sandbox, clients: Callable[[float], Client]) -> None:
        sandbox.fault(method="POST", path="*/runs", status=504)
        with pytest.raises(LostAnswerError):
            self.launch(clients(300))
        assert self.launch(clients(300))["changed"] is True
        assert len(sandbox.launches()) == 2
        assert len(sandbox.runs("Tour (E-1)")) == 1

    def test_what_the_service_has_answered_needs_no_waiting(
        self, sandbox: Sandbox, clients: Callable[[float], Client]
    ) -> None:
        sandbox.fault(method="POST", path="*/runs", status=503)
        with pytest.raises(LostAnswerError):
            self.launch(clients(300))
        assert self.launch(clients(5))["changed"] is True

    def test_another_process_waits_for_nothing(self, sandbox: Sandbox, clients: Callable[[float], Client]) -> None:
        sandbox.fault(method="POST", path="*/runs", status=504)
        with pytest.raises(LostAnswerError):
            self.launch(clients(300))
        other = {**DESIRED, "reference": "E-2"}
        assert ensure_process(clients(5), other, warn=lambda _text: None)["changed"] is True
