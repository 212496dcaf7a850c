# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several who launch the same at the same time: who keeps the process. Private to the collection."""

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


def take_what_is_there(client: Client, runs: Sequence[ProcessRun]) -> None:
    """Look once more for the processes that are about to be launched, and take those that are there by now.

    A list that was read before may have been old, and others launch, too.
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
                run.take(active[0])


def settle_launches(client: Client, runs: Sequence[ProcessRun]) -> None:
    """Look whether somebody else launched the same at the same time, and for launches whose answers were lost.

    It waits for the end of the second in which the last process was launched, because ids decide within a second, and
    one with a smaller id might still come.
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
    """Return for how long to wait when by this clock so much of the second has passed; a whole one is always enough.

    The clocks of machines differ by less than a quarter of a second, or by so much that this one does not tell.
    """
    return min(1.0, 1.25 - passed) if 0.0 <= passed < 1.0 else 1.0


def _by_finder(runs: Iterable[ProcessRun]) -> dict[Finder, list[ProcessRun]]:
    grouped: dict[Finder, list[ProcessRun]] = {}
    for run in runs:
        grouped.setdefault(run.finder, []).append(run)
    return grouped
