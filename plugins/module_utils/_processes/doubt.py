# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launches that may have been carried out without an answer. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client

from .desired import DesiredProcess
from .record import Found, launch_second


@dataclass(frozen=True)
class Doubt:
    """From when to when, in seconds of the service, a launch may have been carried out whose answer nobody has seen."""

    since: float
    until: float

    def covers(self, run: Mapping[str, Any]) -> bool:
        """Return whether the process may be what came of it."""
        return self.since <= launch_second(run) <= self.until


def mark_of(client: Client, template_id: str, desired: DesiredProcess) -> str:
    """Return how a launch is called among what this controller remembers."""
    return "\n".join((client.connection.api_url, template_id, *map(str, sorted(desired.marks()))))


def doubt_since(client: Client, second: float) -> Doubt:
    """Return until when a launch may be carried out that was sent then: it is given up a while after its time-out."""
    return Doubt(second, second + client.connection.timeout + client.late_launches.seconds)


def doubt_about(client: Client, template_id: str, desired: DesiredProcess, found: Found) -> Doubt | None:
    """Return when one of several processes may have been launched by an earlier run that did not learn of it."""
    if len(found.active) < 2:
        return None
    since = client.doubtful_launches.since(mark_of(client, template_id, desired), client.now())
    return None if since is None else doubt_since(client, since)
