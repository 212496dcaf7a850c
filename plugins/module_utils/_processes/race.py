# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Concurrent launches of the same process: only one of them is kept. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    TallyfyError,
)

from .record import launch_second
from .reference import Finder
from .run import NOT_LISTED, ProcessRun

LOCK_SUBJECT = "launches of the template {}"


def use_existing(client: Client, runs: Sequence[ProcessRun]) -> None:
    """Search again for the processes to be launched, and use those that exist by now.

    The first search may have returned old data, and others may launch at the same time.
    """
    for finder, several in _by_finder(run for run in runs if run.launches).items():
        try:
            found = finder.look_again([run.sought for run in several])
            if finder.may_give_way(found):
                client.rest(1.0)
                found = finder.look_again([run.sought for run in several])
        except TallyfyError as error:
            for run in several:
                run.fail(next(run.open_steps()), error)
            continue
        for run, active in zip(several, found):
            if active:
                run.use(active[0])


def settle_launches(client: Client, runs: Sequence[ProcessRun]) -> None:
    """Find concurrent launches by others, and launches whose answers were lost.

    Waits for the end of the second of the last launch, because IDs decide within a second, and a process with a
    smaller ID may still appear.
    """
    sent = [run for run in runs if run.may_have_launched]
    if not sent:
        return
    latest = max(launch_second(run.record) or client.service_second for run in sent)
    if client.service_second <= latest:
        client.rest(_rest_of_second(client.now() - latest))
    for finder, several in _by_finder(sent).items():
        try:
            found = finder.look_again([run.sought for run in several])
        except ApiError as error:
            for run in several:
                if not run.is_unknown:
                    run.notes.append(f"{NOT_LISTED.format(run.record.get('name'))} ({error.answer})")
            continue
        for run, active in zip(several, found):
            run.settle(active)


def _rest_of_second(passed: float) -> float:
    """Return the seconds to wait when ``passed`` seconds have passed by this clock; one second is always enough.

    The clocks differ by less than a quarter of a second, or by so much that this clock is of no use.
    """
    return min(1.0, 1.25 - passed) if 0.0 <= passed < 1.0 else 1.0


def _by_finder(runs: Iterable[ProcessRun]) -> dict[Finder, list[ProcessRun]]:
    grouped: dict[Finder, list[ProcessRun]] = {}
    for run in runs:
        grouped.setdefault(run.finder, []).append(run)
    return grouped
