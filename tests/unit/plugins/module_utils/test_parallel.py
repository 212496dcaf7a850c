# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work side by side: in order, no more than allowed, and not longer than it makes sense."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import map_concurrently


@pytest.mark.parametrize("workers", [1, 2, 8, 50])
def test_results_come_in_the_order_of_the_subjects(workers: int) -> None:
    assert list(map_concurrently(lambda number: number * 2, range(40), workers=workers)) == list(range(0, 80, 2))
    assert list(map_concurrently(str, [], workers=workers)) == []


@pytest.mark.parametrize("workers", [2, 3])
def test_as_many_as_allowed_are_under_way_and_no_more(workers: int) -> None:
    # Each waits until as many as allowed have met; with fewer of them at work nobody would ever go on.
    meeting = threading.Barrier(workers, timeout=20)
    lock = threading.Lock()
    counts = {"now": 0, "most": 0}

    def work(_subject: int) -> None:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        meeting.wait()
        with lock:
            counts["now"] -= 1

    assert len(list(map_concurrently(work, range(workers * 4), workers=workers))) == workers * 4
    assert counts["most"] <= workers


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_ends_it(workers: int) -> None:
    begun: list[int] = []
    never = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ZeroDivisionError
        # As a request would, this takes long enough for somebody to hear of the exception.
        never.wait(0.001)

    with pytest.raises(ZeroDivisionError):
        list(map_concurrently(work, range(10_000), workers=workers))
    assert len(begun) < 10_000


def test_one_worker_needs_no_thread() -> None:
    assert list(map_concurrently(lambda _one: threading.current_thread(), [1, 2])) == [threading.main_thread()] * 2
    assert list(map_concurrently(lambda _one: threading.current_thread(), [1], workers=8)) == [threading.main_thread()]
