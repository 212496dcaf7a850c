# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the same function on many subjects concurrently. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Subject = TypeVar("Subject")
Result = TypeVar("Result")


def map_concurrently(
    work: Callable[[Subject], Result], subjects: Sequence[Subject], *, workers: int = 1
) -> Iterator[Result]:
    """Yield ``work(subject)`` for each subject, in order, with at most ``workers`` running at a time.

    After an exception, running calls finish and no further call starts.
    """
    workers = min(workers, len(subjects))
    if workers <= 1:
        yield from map(work, subjects)
        return
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="tallyfy")
    try:
        yield from pool.map(work, subjects)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
