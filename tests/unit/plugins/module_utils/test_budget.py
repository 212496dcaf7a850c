# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of requests: never more than the rate in any minute, in the order of asking, across processes."""

from __future__ import annotations

import math
import multiprocessing
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._budget import (
    LONGEST_PAUSE_SECONDS,
    SHORT_PAUSE_SECONDS,
    WINDOW_SECONDS,
    PauseTooLongError,
    RequestBudget,
    Schedule,
    WaitAllowance,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._private_files import PrivateDirectory

FORK = multiprocessing.get_context("fork")
START = 1_700_000_000.0
PATIENCE = WaitAllowance(1e9)
acts = st.lists(
    st.tuples(st.integers(1, 3), st.floats(0, 70))
    | st.tuples(st.just(1), st.just(0.0))
    | st.tuples(st.just("pause"), st.floats(0, 200)),
    max_size=60,
)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.naps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.naps.append(seconds)
        self.time += seconds


def most_in_a_window(moments: list[float], seconds: float = 60.0) -> int:
    """Return the most moments that lie within any ``seconds``."""
    ordered = sorted(moments)
    return max((sum(1 for other in ordered if one <= other < one + seconds) for one in ordered), default=0)


# --- the schedule -----------------------------------------------------------------------------------------------------


@given(st.integers(3, 7), acts, st.booleans())
def test_rate_order_and_pauses_are_kept(rate: int, todo: list[tuple[int | str, float]], stored: bool) -> None:
    schedule, now, booked = Schedule(rate, []), START, []
    for act, seconds in todo:
        if stored:  # as every process does
            schedule = Schedule.unpacked(rate, schedule.packed())
        if act == "pause":
            assert schedule.pause(now, seconds) >= now + seconds
            paused_until = schedule.paused_until
            assert schedule.reserve(now) >= paused_until
            booked.append(schedule.sent[-1])
            continue
        now += seconds
        moment = schedule.reserve(now, act)
        assert moment >= now
        assert moment >= schedule.paused_until
        booked += [moment] * act
    assert booked == sorted(booked), "whoever asks first goes first"
    assert most_in_a_window(booked) <= rate


@given(st.integers(1, 4), st.integers(0, 80))
def test_long_queue_is_remembered(rate: int, waiting: int) -> None:
    schedule = Schedule(rate, [])
    booked = [schedule.reserve(START) for _one in range(waiting)]
    assert booked == [START + WINDOW_SECONDS * (place // rate) for place in range(waiting)]


def test_nobody_waits_below_the_rate() -> None:
    schedule = Schedule(600, [])
    assert {schedule.reserve(START) for _one in range(600)} == {START}
    assert schedule.reserve(START + 1) == START + WINDOW_SECONDS


def test_schedule_forgets_what_has_left_the_window() -> None:
    schedule = Schedule(2, [])
    for step in range(50):
        schedule.reserve(START + 100 * step)
    assert len(schedule.sent) == 1


def test_rate_of_zero_is_no_budget_but_pauses_are_kept() -> None:
    schedule = Schedule(0, [])
    assert [schedule.reserve(START) for _one in range(1000)] == [START] * 1000
    schedule.pause(START, 30)
    assert schedule.reserve(START) == START + 30
    assert schedule.reserve(START + 31) == START + 31


def test_shorter_pause_does_not_end_a_longer_one() -> None:
    schedule = Schedule(10, [])
    schedule.pause(START, 100)
    assert schedule.pause(START + 10, 5) == START + 100
    assert schedule.reserve(START + 20) == START + 100


@given(st.lists(st.floats(START, START + 60), max_size=20), st.floats(0, START + 99))
def test_packed_schedule_can_be_read_again(sent: list[float], paused_until: float) -> None:
    read = Schedule.unpacked(5, Schedule(5, sorted(sent), paused_until).packed())
    assert (read.per_minute, read.sent, read.paused_until) == (5, sorted(sent), paused_until)


@given(
    st.binary(max_size=100) | st.lists(st.floats(), max_size=12).map(lambda many: struct.pack(f"{len(many)}d", *many))
)
def test_garbage_delays_nobody_for_long(content: bytes) -> None:
    schedule = Schedule.unpacked(5, content)
    moment = schedule.reserve(START)
    assert math.isfinite(moment)
    assert START <= moment <= START + LONGEST_PAUSE_SECONDS + WINDOW_SECONDS * 4
    assert Schedule.unpacked(5, schedule.packed()).reserve(START) >= moment


def test_clock_that_was_wrong_delays_nobody_for_long() -> None:
    ahead = Schedule(5, [])
    for _one in range(5):
        ahead.reserve(START + 7200)
    ahead.pause(START + 7200, 300)
    assert Schedule.unpacked(5, ahead.packed()).reserve(START) == START


@pytest.mark.parametrize("content", [b"", b"1234567", b"\0" * 9])
def test_content_of_a_wrong_size_is_empty(content: bytes) -> None:
    read = Schedule.unpacked(5, content)
    assert (read.sent, read.paused_until) == ([], 0.0)


# --- the budget -------------------------------------------------------------------------------------------------------


def test_budget_waits_without_a_directory() -> None:
    clock = Clock()
    budget = RequestBudget(2, now=clock.now, sleep=clock.sleep)
    sent = []
    for _one in range(7):
        budget.take(PATIENCE)
        sent.append(clock.time)
    assert most_in_a_window(sent) == 2
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)] * 3


def test_requests_taken_together_go_out_together() -> None:
    clock, allowance = Clock(), WaitAllowance(0)
    budget = RequestBudget(3, now=clock.now, sleep=clock.sleep)
    sent = []
    for count in (2, 2, 1, 3):
        budget.take(allowance, count)
        sent += [clock.time] * count
    # The second pair does not fit beside the first, and nobody overtakes it.
    expected = [0.0] * 2 + [WINDOW_SECONDS] * 3 + [2 * WINDOW_SECONDS] * 3
    assert [moment - START for moment in sent] == pytest.approx(expected)
        [0, 0] + [WINDOW_SECONDS] * 3 + [2 * WINDOW_SECONDS] * 3
    )
    assert allowance.requests == 8


def test_more_requests_than_the_rate_have_their_window_to_themselves() -> None:
    clock = Clock()
    budget = RequestBudget(1, now=clock.now, sleep=clock.sleep)
    sent = []
    for count in (2, 1, 2, 2):
        budget.take(PATIENCE, count)
        sent.append(clock.time - START)
    assert sent == pytest.approx([WINDOW_SECONDS * place for place in range(4)])


def test_pause_that_comes_while_somebody_sleeps_is_kept() -> None:
    clock = Clock()

    def nap(seconds: float) -> None:
        if not clock.naps:
            budget.pause(200)
        clock.sleep(seconds)

    budget = RequestBudget(1, now=clock.now, sleep=nap)
    budget.take(PATIENCE)
    budget.take(PATIENCE)
    assert clock.time == pytest.approx(START + 200)
    assert len(clock.naps) == 2


def test_those_who_were_paused_do_not_all_come_back_at_once() -> None:
    clock = Clock()
    schedule = Schedule(2, [])
    booked = [schedule.reserve(START) for _one in range(6)]
    schedule.pause(START, 150)
    # All six wake up, the early ones before the pause ends, and ask again.
    later = [schedule.confirm(clock.now() + 61 * (place // 2), moment) for place, moment in enumerate(booked)]
    assert all(moment >= START + 150 for moment in later)
    assert most_in_a_window(later) <= 2


def test_moment_is_confirmed_without_a_pause() -> None:
    schedule = Schedule(1, [])
    booked = [schedule.reserve(START), schedule.reserve(START)]
    assert schedule.confirm(booked[1] - 1, booked[1]) == booked[1]
    assert schedule.reserve(booked[1] - 1) == booked[1] + WINDOW_SECONDS


def test_processes_of_the_same_scope_share_a_budget(tmp_path: Path) -> None:
    clock = Clock()
    one, other, foreign = (
        RequestBudget(1, directory=PrivateDirectory(str(tmp_path)), scope=scope, now=clock.now, sleep=clock.sleep)
        for scope in ("org 1", "org 1", "org 2")
    )
    one.take(PATIENCE)
    foreign.take(PATIENCE)
    assert clock.naps == []
    other.take(PATIENCE)
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]


def test_pause_reaches_the_other_processes(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (
        RequestBudget(0, directory=PrivateDirectory(str(tmp_path)), now=clock.now, sleep=clock.sleep) for _one in "12"
    )
    one.pause(40)
    other.take(PATIENCE)
    assert clock.naps == [pytest.approx(40)]


def test_pause_of_others_is_charged_and_the_pace_is_not(tmp_path: Path) -> None:
    clock = Clock()
    allowance = WaitAllowance(50, clock=clock.now)
    one, other = (
        RequestBudget(1, directory=PrivateDirectory(str(tmp_path)), now=clock.now, sleep=clock.sleep) for _one in "12"
    )
    one.pause(40)
    other.take(allowance)
    other.take(allowance)
    assert clock.time == pytest.approx(START + 40 + WINDOW_SECONDS)
    assert not allowance.reserve(10.1)
    assert allowance.reserve(10)


def test_pause_that_is_too_long_is_not_waited_and_books_nothing(tmp_path: Path) -> None:
    clock = Clock()
    allowance = WaitAllowance(30, clock=clock.now)
    one, other = (
        RequestBudget(1, directory=PrivateDirectory(str(tmp_path)), now=clock.now, sleep=clock.sleep) for _one in "12"
    )
    one.pause(40)
    with pytest.raises(PauseTooLongError) as caught:
        other.take(allowance)
    assert caught.value.until == START + 40
    assert clock.naps == []
    assert allowance.reserve(30)
    clock.time += 40
    other.take(allowance)
    assert clock.naps == []


def test_pause_that_comes_while_somebody_sleeps_is_charged_too() -> None:
    clock = Clock()

    def nap(seconds: float) -> None:
        budget.pause(200)
        clock.sleep(seconds)

    budget = RequestBudget(1, now=clock.now, sleep=nap)
    budget.take(PATIENCE)
    with pytest.raises(PauseTooLongError):
        budget.take(WaitAllowance(100))
    assert len(clock.naps) == 1


def test_rest_of_a_second_is_waited_by_everybody() -> None:
    clock = Clock()
    budget = RequestBudget(0, now=clock.now, sleep=clock.sleep)
    budget.pause(SHORT_PAUSE_SECONDS)
    budget.take(WaitAllowance(0))
    assert clock.naps == [SHORT_PAUSE_SECONDS]


def test_file_tells_nothing_about_the_organization(tmp_path: Path) -> None:
    RequestBudget(5, directory=PrivateDirectory(str(tmp_path)), scope="https://x\norg-1234").take(PATIENCE)
    (file,) = tmp_path.iterdir()
    assert "org-1234" not in file.name
    assert b"org-1234" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_garbage_in_the_file_is_written_over(tmp_path: Path) -> None:
    clock = Clock()
    budget = RequestBudget(5, directory=PrivateDirectory(str(tmp_path)), now=clock.now, sleep=clock.sleep)
    budget.take(PATIENCE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"nonsense" * 100 + b"!")
    budget.take(PATIENCE)
    assert clock.naps == []
    assert Schedule.unpacked(5, file.read_bytes()).sent == [START]


@pytest.mark.parametrize("harm", ["vanished", "open to others", "link"])
def test_work_goes_on_without_the_directory(tmp_path: Path, harm: str) -> None:
    clock = Clock()
    path = tmp_path / "cache"
    budget = RequestBudget(1, directory=PrivateDirectory(str(path)), now=clock.now, sleep=clock.sleep)
    budget.take(PATIENCE)
    (file,) = path.iterdir()
    if harm == "vanished":
        shutil.rmtree(path)
    elif harm == "open to others":
        file.chmod(0o666)
    else:
        file.unlink()
        file.symlink_to(tmp_path / "elsewhere")
    budget.take(PATIENCE)
    budget.take(PATIENCE)
    # The shared count is lost, a count of its own goes on.
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]
    assert not (tmp_path / "elsewhere").exists()


def book_some(path: str, times: int, results: object) -> None:
    budget = RequestBudget(10, directory=PrivateDirectory(path), scope="x")
    # Only booked and not waited for, so that the clocks of all processes stand still together.
    moments = [budget._update(lambda schedule: schedule.reserve(START)) for _time in range(times)]
    results.put(moments)


def test_real_processes_keep_the_rate_together(tmp_path: Path) -> None:
    results = FORK.SimpleQueue()
    workers = [FORK.Process(target=book_some, args=(str(tmp_path), 12, results)) for _worker in range(4)]
    for worker in workers:
        worker.start()
    each = [results.get() for _worker in workers]
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert all(moments == sorted(moments) for moments in each)
    moments = sorted(moment for moments in each for moment in moments)
    assert moments == [START + WINDOW_SECONDS * (place // 10) for place in range(48)]


# --- the allowance ----------------------------------------------------------------------------------------------------


def test_allowance_is_spent_and_then_refuses_at_once() -> None:
    clock = Clock()
    allowance = WaitAllowance(10, sleep=clock.sleep, clock=clock.now)
    assert allowance.wait(6)
    assert not allowance.reserve(4.1)
    assert not allowance.wait(5)
    assert clock.naps == [6]
    assert allowance.wait(4)
    assert not allowance.wait(0.001)
    assert not allowance.reserve(0.001)
    assert allowance.wait(0)


def test_threads_that_wait_at_the_same_time_wait_once() -> None:
    clock = Clock()
    allowance = WaitAllowance(10, clock=clock.now)
    assert allowance.reserve(6)
    assert allowance.reserve(6), "another thread sleeps anyhow"
    assert allowance.reserve(9), "and this one three seconds longer"
    assert not allowance.reserve(10.5)
    clock.time += 9
    assert not allowance.reserve(1.1)
    assert allowance.reserve(1)


def test_requests_are_counted() -> None:
    clock, allowance = Clock(), WaitAllowance(0)
    budget = RequestBudget(0, now=clock.now, sleep=clock.sleep)
    for _request in range(3):
        budget.take(allowance)
    assert allowance.requests == 3


def test_without_a_budget_nothing_is_written_down() -> None:
    schedule = Schedule(0, [])
    for place in range(1000):
        schedule.reserve(START + place / 1000)
    assert schedule.sent == []


def test_allowance_is_whole_again_for_the_next_item() -> None:
    clock = Clock()
    allowance = WaitAllowance(5, sleep=clock.sleep, clock=clock.now)
    assert allowance.wait(4)
    assert not allowance.wait(4)
    allowance.count_requests()
    allowance.renew()
    assert allowance.wait(4)
    assert allowance.requests == 0
