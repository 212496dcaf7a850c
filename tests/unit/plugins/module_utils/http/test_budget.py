# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate of requests: never exceeded in any minute, in the order of booking, across processes."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
from collections import defaultdict
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._http.allowance import WaitAllowance
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import (
    SHORT_PAUSE_SECONDS,
    PauseTooLongError,
    RequestBudget,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.schedule import (
    LEARNED_SECONDS,
    MOST_PER_MINUTE,
    SHARE_SECONDS,
    WINDOW_SECONDS,
    Limits,
    Schedule,
    State,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._state import private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import HeldError, PrivateDirectory
from tests.clock import Clock

FORK = multiprocessing.get_context("fork")
START = 1_700_000_000.0
PATIENCE = WaitAllowance(1e9)
acts = st.lists(
    st.tuples(st.just("reserve"), st.integers(1, 3), st.floats(0, 70))
    | st.tuples(st.just("reserve"), st.just(1), st.just(0.0))
    | st.tuples(st.just("pause"), st.just(1), st.floats(0, 200))
    | st.tuples(st.just("learn"), st.integers(1, 9), st.just(0.0)),
    max_size=60,
)


class Ring(defaultdict[int, float]):
    """Slots that count how often they are read and written."""

    def __init__(self) -> None:
        super().__init__(float)
        self.touched = 0

    def __getitem__(self, place: int) -> float:
        self.touched += 1
        return super().__getitem__(place)

    def __setitem__(self, place: int, moment: float) -> None:
        self.touched += 1
        super().__setitem__(place, moment)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budget_of(clock: Clock, rate: int, path: Path | None = None, **options: Any) -> RequestBudget:
    """Return a budget that uses a simulated clock and is shared by all budgets with the same path."""
    directory = PrivateDirectory(str(path)) if path else None
    return RequestBudget(rate, directory=directory, now=clock.now, sleep=clock.sleep, **options)


def most_in_a_window(moments: list[float], seconds: float = 60.0) -> int:
    """Return the largest number of moments within any ``seconds``."""
    ordered = sorted(moments)
    return max((sum(1 for other in ordered if one <= other < one + seconds) for one in ordered), default=0)


# --- the schedule -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(3, 7), min_size=1, max_size=3), acts, st.booleans())
def test_rates_order_and_pauses_are_kept(rates: list[int], todo: list[tuple[str, int, float]], stored: bool) -> None:
    """Tasks of several rates share the bookings, and each keeps its own rate and the learned one."""
    state, slots, now = State(), Ring(), START
    booked: list[tuple[float, int]] = []
    for turn, (act, count, seconds) in enumerate(todo):
        if stored:  # as every process does
            state = State.unpacked(state.packed())
        schedule = Schedule(rates[turn % len(rates)], state, slots)
        if act == "pause":
            assert schedule.pause(now, seconds) >= now + seconds
            continue
        if act == "learn":
            schedule.learn(now, Limits(limit=count))
            continue
        now += seconds
        moment = schedule.reserve(now, count).moment
        assert moment >= max(now, state.paused_until)
        booked += [(moment, max(count, schedule.rate(now)))] * count
    moments = [moment for moment, _rate in booked]
    if len(rates) == 1:
        assert moments == sorted(moments), "whoever asks first goes first"
    for place, (moment, rate) in enumerate(booked):
        # The later booking has to keep its own rate.
        earlier = moments[: place + 1]
        for start in (one for one in earlier if moment - WINDOW_SECONDS < one <= moment):
            assert sum(1 for one in earlier if start <= one < start + 60.0) <= rate


@given(st.integers(1, 4), st.integers(0, 80))
def test_long_queue_is_remembered(rate: int, waiting: int) -> None:
    schedule = Schedule(rate)
    booked = [schedule.reserve(START).moment for _one in range(waiting)]
    assert booked == [START + WINDOW_SECONDS * (place // rate) for place in range(waiting)]


def test_nobody_waits_below_the_rate() -> None:
    schedule = Schedule(600)
    assert {schedule.reserve(START).moment for _one in range(600)} == {START}
    assert schedule.reserve(START + 1).moment == START + WINDOW_SECONDS


def test_fast_task_does_not_wait_for_a_slow_one() -> None:
    slow = Schedule(2)
    assert [slow.reserve(START).moment for _one in range(4)] == [START] * 2 + [START + WINDOW_SECONDS] * 2
    fast = Schedule(9, slow.state, slow._slots)
    assert [fast.reserve(START).moment for _one in range(5)] == [START] * 5


def test_ring_is_used_again_and_again() -> None:
    slots = Ring()
    schedule = Schedule(MOST_PER_MINUTE, State(), slots)
    for step in range(3):
        assert schedule.reserve(START + 100 * step, MOST_PER_MINUTE).moment == START + 100 * step
    assert schedule.reserve(START + 201).moment == START + 200 + WINDOW_SECONDS
    assert max(slots) == MOST_PER_MINUTE - 1


def test_higher_rate_than_the_ring_holds_is_that_of_the_ring() -> None:
    assert Schedule(10 * MOST_PER_MINUTE).rate(START) == MOST_PER_MINUTE


@pytest.mark.parametrize("per_minute", [10, 600, 6000, MOST_PER_MINUTE])
def test_booking_touches_one_slot_whatever_the_rate(per_minute: int) -> None:
    slots = Ring()
    schedule = Schedule(per_minute, State(), slots)
    for _one in range(2 * per_minute):
        schedule.reserve(START)
    slots.touched = 0
    schedule.reserve(START)
    assert slots.touched == 2


def test_rate_of_zero_is_no_budget_but_pauses_are_kept() -> None:
    schedule = Schedule(0)
    assert [schedule.reserve(START).moment for _one in range(1000)] == [START] * 1000
    schedule.pause(START, 30)
    assert schedule.reserve(START).moment == START + 30
    assert schedule.reserve(START + 31).moment == START + 31
    assert schedule.state.booked == 0


def test_shorter_pause_does_not_end_a_longer_one() -> None:
    schedule = Schedule(10)
    schedule.pause(START, 100)
    assert schedule.pause(START + 10, 5) == START + 100
    assert schedule.reserve(START + 20).moment == START + 100


state_fields = st.tuples(
    *(st.integers(0, 2**40) if field.type == "int" else st.floats(allow_nan=False) for field in fields(State))
)


@given(state_fields)
def test_packed_state_can_be_read_again(values: tuple[float, ...]) -> None:
    state = State(*values)
    assert State.unpacked(state.packed()) == state


@given(state_fields, st.data())
def test_damaged_state_is_empty(values: tuple[float, ...], data: st.DataObject) -> None:
    whole = State(*values).packed()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    for content in (damaged, whole[:place], data.draw(st.binary(max_size=200))):
        assert State.unpacked(content) == State()


@given(st.lists(st.floats(), min_size=5, max_size=5), st.integers(0, 20))
def test_damaged_slots_delay_nobody_for_long(garbage: list[float], booked: int) -> None:
    schedule = Schedule(5)
    for _one in range(booked):
        schedule.reserve(START)
    for number in range(booked):
        schedule._slots[number] = garbage[number % 5]
    free = START + WINDOW_SECONDS * (booked // 5)
    assert START <= schedule.reserve(START).moment <= free
    schedule.learn(START, Limits(is_refusal=True))


def test_clock_that_was_wrong_delays_nobody_for_long() -> None:
    schedule = Schedule(5)
    for _one in range(5):
        schedule.reserve(START + 7200)
    schedule.pause(START + 7200, 300)
    schedule.learn(START + 7200, Limits(limit=1))
    again = Schedule(5, State.unpacked(schedule.state.packed()), schedule._slots)
    assert [again.reserve(START).moment for _one in range(5)] == [START] * 5
    assert again.reserve(START).moment == START + WINDOW_SECONDS, "from here on it counts again"


def test_clock_that_is_put_right_a_little_forgets_nothing() -> None:
    schedule = Schedule(1)
    schedule.reserve(START)
    assert schedule.reserve(START - 30).moment == START + WINDOW_SECONDS


# --- limits of the service --------------------------------------------------------------------------------------------


def spread(schedule: Schedule, count: int, now: float = START) -> list[float]:
    return [schedule.reserve(now).moment - now for _one in range(count)]


def test_told_limit_lowers_the_pace_and_is_forgotten_unless_told_again() -> None:
    schedule = Schedule(600)
    schedule.learn(START, Limits(limit=2))
    assert spread(schedule, 3) == [0, 0, WINDOW_SECONDS]
    schedule.learn(START + 3000, Limits(limit=2))
    assert schedule.rate(START + 3000 + LEARNED_SECONDS - 1) == 2
    assert schedule.rate(START + 3000 + LEARNED_SECONDS) == 600


def test_lower_limit_counts_and_a_higher_one_only_when_the_lower_is_forgotten() -> None:
    schedule = Schedule(600)
    for reported, expected in ((100, 100), (300, 100), (50, 50), (9000, 50)):
        schedule.learn(START, Limits(limit=reported))
        assert schedule.rate(START) == expected
    schedule.learn(START + LEARNED_SECONDS, Limits(limit=9000))
    assert schedule.rate(START + LEARNED_SECONDS) == 600, "never above the rate of the task"


def test_those_who_wait_queue_up_again_when_the_limit_turns_out_lower() -> None:
    schedule = Schedule(4)
    waiting = [schedule.reserve(START) for _one in range(8)][4:]
    schedule.learn(START, Limits(limit=2))
    moments = [schedule.confirm(one.moment, one).moment for one in waiting]
    assert most_in_a_window(moments) <= 2
    assert min(moments) == START + WINDOW_SECONDS


def test_what_others_use_is_theirs_for_a_while() -> None:
    schedule = Schedule(600)
    spread(schedule, 10)
    schedule.learn(START + 1, Limits(remaining=30))
    assert schedule.rate(START + 1) == 40
    schedule.learn(START + 2, Limits(remaining=31))
    assert schedule.rate(START + 2) == 40
    assert schedule.rate(START + SHARE_SECONDS) == 40
    assert schedule.rate(START + 1 + SHARE_SECONDS) == 600


def test_nothing_left_stops_nobody_for_good() -> None:
    schedule = Schedule(600)
    schedule.learn(START, Limits(remaining=0))
    assert schedule.rate(START) == 1


def test_refusals_without_a_number_show_how_many_were_taken() -> None:
    schedule = Schedule(600)
    spread(schedule, 50, START - 100)
    spread(schedule, 131)
    for _refused in range(31):
        schedule.learn(START + 1, Limits(is_refusal=True))
    assert schedule.rate(START + 1) == 100
    schedule.learn(START + 120, Limits(is_refusal=True))
    assert schedule.rate(START + 120) == 100, "after no requests that is no limit of them"


@pytest.mark.parametrize(("number", "rate"), [(5, 600), (60, 600), (61, 60), (200, 199)])
def test_a_refusal_after_a_few_requests_shows_no_pace(number: int, rate: int) -> None:
    """Otherwise one refusal would slow down a whole controller for an hour."""
    schedule = Schedule(600)
    spread(schedule, number)
    schedule.learn(START + 1, Limits(is_refusal=True))
    assert schedule.rate(START + 1) == rate
    assert schedule.rate(START + 602) == 600, "a guess does not last for long"


@given(st.lists(st.tuples(st.integers(1, 700), st.booleans()), max_size=10))
def test_learned_limit_is_never_above_the_rate_and_never_nothing(reported: list[tuple[int, bool]]) -> None:
    schedule = Schedule(600)
    for number, (limit, is_refusal) in enumerate(reported):
        schedule.reserve(START + number)
        schedule.learn(START + number, Limits(limit, limit - 1, is_refusal))
        assert 1 <= schedule.rate(START + number) <= min(600, limit)


# --- the budget -------------------------------------------------------------------------------------------------------


def test_budget_waits_without_a_directory(clock: Clock) -> None:
    budget = budget_of(clock, 2)
    sent = []
    for _one in range(7):
        budget.take(PATIENCE)
        sent.append(clock.time)
    assert most_in_a_window(sent) == 2
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)] * 3


def test_requests_taken_together_go_out_together(clock: Clock) -> None:
    allowance = WaitAllowance(0)
    budget = budget_of(clock, 3)
    sent = []
    for count in (2, 2, 1, 3):
        budget.take(allowance, count)
        sent += [clock.time] * count
    # The second pair does not fit into the window of the first, and no later booking overtakes it.
    expected = [0.0] * 2 + [WINDOW_SECONDS] * 3 + [2 * WINDOW_SECONDS] * 3
    assert [moment - START for moment in sent] == pytest.approx(expected)
    assert allowance.requests == 8


def test_more_requests_than_the_rate_have_their_window_to_themselves(clock: Clock) -> None:
    budget = budget_of(clock, 1)
    sent = []
    for count in (2, 1, 2, 2):
        budget.take(PATIENCE, count)
        sent.append(clock.time - START)
    assert sent == pytest.approx([WINDOW_SECONDS * place for place in range(4)])


def test_pause_that_comes_while_somebody_sleeps_is_kept(clock: Clock) -> None:

    def nap(seconds: float) -> None:
        if not clock.naps:
            budget.pause(200)
        clock.sleep(seconds)

    budget = RequestBudget(1, now=clock.now, sleep=nap)
    budget.take(PATIENCE)
    budget.take(PATIENCE)
    assert clock.time == pytest.approx(START + 200)
    assert len(clock.naps) == 2


def test_those_who_were_paused_do_not_all_come_back_at_once(clock: Clock) -> None:
    schedule = Schedule(2)
    booked = [schedule.reserve(START) for _one in range(6)]
    schedule.pause(START, 150)
    # All six wake up, the early ones before the pause ends, and book again.
    later = [schedule.confirm(clock.now() + 61 * (place // 2), one).moment for place, one in enumerate(booked)]
    assert all(moment >= START + 150 for moment in later)
    assert most_in_a_window(later) <= 2


def test_moment_is_confirmed_without_a_pause() -> None:
    schedule = Schedule(1)
    _first, second = schedule.reserve(START), schedule.reserve(START)
    assert schedule.confirm(second.moment - 1, second) == second
    assert schedule.reserve(second.moment - 1).moment == second.moment + WINDOW_SECONDS


def test_processes_of_the_same_scope_share_a_budget(clock: Clock, tmp_path: Path) -> None:
    one, other, foreign = (budget_of(clock, 1, tmp_path, scope=scope) for scope in ("org 1", "org 1", "org 2"))
    one.take(PATIENCE)
    foreign.take(PATIENCE)
    assert clock.naps == []
    other.take(PATIENCE)
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]


def test_pause_reaches_the_other_processes(clock: Clock, tmp_path: Path) -> None:
    one, other = (budget_of(clock, 0, tmp_path) for _one in "12")
    one.pause(40)
    other.take(PATIENCE)
    assert clock.naps == [pytest.approx(40)]


def test_pause_of_others_is_charged_and_the_pace_is_not(clock: Clock, tmp_path: Path) -> None:
    allowance = WaitAllowance(50, clock=clock.now)
    one, other = (budget_of(clock, 1, tmp_path) for _one in "12")
    one.pause(40)
    other.take(allowance)
    other.take(allowance)
    assert clock.time == pytest.approx(START + 40 + WINDOW_SECONDS)
    assert not allowance.reserve(10.1)
    assert allowance.reserve(10)


def test_pause_that_is_too_long_is_not_waited_and_books_nothing(clock: Clock, tmp_path: Path) -> None:
    allowance = WaitAllowance(30, clock=clock.now)
    one, other = (budget_of(clock, 1, tmp_path) for _one in "12")
    one.pause(40)
    with pytest.raises(PauseTooLongError) as caught:
        other.take(allowance)
    assert caught.value.until == START + 40
    assert clock.naps == []
    assert allowance.reserve(30)
    clock.time += 40
    other.take(allowance)
    assert clock.naps == []


def test_pause_that_comes_while_somebody_sleeps_is_charged_too(clock: Clock) -> None:

    def nap(seconds: float) -> None:
        budget.pause(200)
        clock.sleep(seconds)

    budget = RequestBudget(1, now=clock.now, sleep=nap)
    budget.take(PATIENCE)
    with pytest.raises(PauseTooLongError):
        budget.take(WaitAllowance(100))
    assert len(clock.naps) == 1


def test_rest_of_a_second_is_waited_by_everybody(clock: Clock) -> None:
    budget = budget_of(clock, 0)
    budget.pause(SHORT_PAUSE_SECONDS)
    budget.take(WaitAllowance(0))
    assert clock.naps == [SHORT_PAUSE_SECONDS]


def test_file_tells_nothing_about_the_organization(tmp_path: Path) -> None:
    RequestBudget(5, directory=PrivateDirectory(str(tmp_path)), scope="https://x\norg-1234").take(PATIENCE)
    (file,) = tmp_path.iterdir()
    assert "org-1234" not in file.name
    assert b"org-1234" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_garbage_in_the_file_is_written_over(clock: Clock, tmp_path: Path) -> None:
    budget = budget_of(clock, 5, tmp_path)
    budget.take(PATIENCE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"nonsense" * 100 + b"!")
    budget.take(PATIENCE)
    assert clock.naps == []
    state = State.unpacked(file.read_bytes()[: len(State().packed())])
    assert (state.booked, state.latest) == (1, START)


def test_file_of_a_busy_task_stays_small(tmp_path: Path) -> None:
    budget = RequestBudget(MOST_PER_MINUTE, directory=PrivateDirectory(str(tmp_path)))
    for _one in range(10):
        budget.take(PATIENCE)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size < 200


def test_limit_that_one_process_got_holds_for_all(clock: Clock, tmp_path: Path) -> None:
    one, other, unbound = (budget_of(clock, rate, tmp_path) for rate in (600, 600, 0))
    one.learn(Limits(limit=1))
    other.take(PATIENCE)
    unbound.learn(Limits(limit=1))
    unbound.take(PATIENCE)
    assert clock.naps == []
    other.take(PATIENCE)
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]


def test_without_a_budget_nothing_is_learned(tmp_path: Path) -> None:
    budget = RequestBudget(0, directory=PrivateDirectory(str(tmp_path)))
    budget.learn(Limits(limit=1, remaining=0, is_refusal=True))
    assert list(tmp_path.iterdir()) == []


def test_limit_that_is_known_is_not_written_again(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = budget_of(clock, 600, tmp_path)
    budget.learn(Limits(limit=100, remaining=99))
    with monkeypatch.context() as patch:
        patch.setattr(budget, "_update", None)
        budget.learn(Limits(limit=100, remaining=100))
        budget.learn(Limits(limit=101))
    clock.time += LEARNED_SECONDS - 1
    budget.learn(Limits(limit=100))
    clock.time += LEARNED_SECONDS - 1
    budget.take(PATIENCE)
    assert budget._seen[0] == 100


@pytest.mark.parametrize("harm", ["vanished", "open to others", "link"])
def test_work_goes_on_without_the_directory(clock: Clock, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "cache"
    budget = budget_of(clock, 1, path)
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
    # The shared count is lost; the process continues with its own count.
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]
    assert not (tmp_path / "elsewhere").exists()


def test_who_hangs_is_named_and_waited_for_once(tmp_path: Path) -> None:
    naps: list[float] = []
    directory = PrivateDirectory(str(tmp_path), sleep=naps.append)
    budget = RequestBudget(10, directory=directory, sleep=naps.append)
    budget.take(PATIENCE)
    naps.clear()
    holder = RequestBudget(10, directory=PrivateDirectory(str(tmp_path)))

    def hang(_schedule: Schedule) -> None:
        with pytest.raises(HeldError, match=f"locked after 10 s by process {os.getpid()}$"):
            budget.take(PATIENCE)
        waited = sum(naps)
        assert 10 <= waited < 11
        with pytest.raises(HeldError, match=f"by process {os.getpid()}$"):
            budget.take(PATIENCE)
        # A request that succeeded must not fail because of the budget.
        budget.pause(30)
        budget.learn(Limits(limit=1))
        assert sum(naps) == waited

    holder._update(hang)
    naps.clear()
    budget.take(PATIENCE)
    assert naps == [], "what could not be noted is told again"


def test_where_nothing_can_be_locked_each_has_a_budget(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(private_files.fcntl, "flock", refuse)
    budget = budget_of(clock, 1, tmp_path)
    budget.take(PATIENCE)
    budget.take(PATIENCE)
    assert clock.naps == [pytest.approx(WINDOW_SECONDS)]


def book_some(path: str, times: int, results: object) -> None:
    budget = RequestBudget(10, directory=PrivateDirectory(path), scope="x")
    # The requests are booked without waiting, so that the clocks of all processes stand still.
    moments = [budget._update(lambda schedule: schedule.reserve(START).moment) for _time in range(times)]
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


def test_allowance_is_spent_and_then_refuses_at_once(clock: Clock) -> None:
    allowance = WaitAllowance(10, sleep=clock.sleep, clock=clock.now)
    assert allowance.wait(6)
    assert not allowance.reserve(4.1)
    assert not allowance.wait(5)
    assert clock.naps == [6]
    assert allowance.wait(4)
    assert not allowance.wait(0.001)
    assert not allowance.reserve(0.001)
    assert allowance.wait(0)


def test_threads_that_wait_at_the_same_time_wait_once(clock: Clock) -> None:
    allowance = WaitAllowance(10, clock=clock.now)
    assert allowance.reserve(6)
    assert allowance.reserve(6), "another thread sleeps anyhow"
    assert allowance.reserve(9), "and this one three seconds longer"
    assert not allowance.reserve(10.5)
    clock.time += 9
    assert not allowance.reserve(1.1)
    assert allowance.reserve(1)


def test_requests_are_counted(clock: Clock) -> None:
    allowance = WaitAllowance(0)
    budget = budget_of(clock, 0)
    for _request in range(3):
        budget.take(allowance)
    assert allowance.requests == 3


def test_allowance_is_whole_again_for_the_next_item(clock: Clock) -> None:
    allowance = WaitAllowance(5, sleep=clock.sleep, clock=clock.now)
    assert allowance.wait(4)
    assert not allowance.wait(4)
    allowance.count_requests()
    allowance.renew()
    assert allowance.wait(4)
    assert allowance.requests == 0
