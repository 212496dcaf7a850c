# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launches that the service may have carried out although no answer arrived. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client

from .desired import DesiredProcess
from .record import Found, launch_second


@dataclass(frozen=True)
class Doubt:
    """The period, in seconds of the service, in which a launch without an answer may have been carried out."""

    since: float
    until: float

    def covers(self, run: Mapping[str, Any]) -> bool:
        """Return whether this launch may have created the process."""
        return self.since <= launch_second(run) <= self.until


def mark_of(client: Client, template_id: str, desired: DesiredProcess) -> str:
    """Return the key of a launch in the state files of this controller."""
    return "\n".join((client.connection.api_url, template_id, *map(str, sorted(desired.marks()))))


def doubt_since(client: Client, second: float) -> Doubt:
    """Return the period in which a launch sent at ``second`` may be carried out: it ends after the timeout."""
    return Doubt(second, second + client.connection.timeout + client.late_launches.seconds)


def doubt_about(client: Client, template_id: str, desired: DesiredProcess, found: Found) -> Doubt | None:
    """Return the period in which an earlier run may have launched one of several processes without an answer."""
    if len(found.active) < 2:
        return None
    since = client.doubtful_launches.since(mark_of(client, template_id, desired), client.now())
    return None if since is None else doubt_since(client, since)
