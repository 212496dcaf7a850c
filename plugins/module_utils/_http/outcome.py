# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a request, by the status of its answer. Private to the collection."""

from __future__ import annotations

from typing import Any

from .reading import json_of
from .requests_guard import requests

READING = frozenset({"GET", "HEAD"})
MAY_BE_DONE_ADVICE = "It may or may not have been carried out; run it again to find out and to finish."
#: Transient failures of the service or of a proxy in front of it.
TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504, *range(520, 528), 530})
#: A proxy stopped waiting; the service behind it may still carry the request out.
LATE_STATUSES = frozenset({408, 499, 504, 524})


def succeeded(response: requests.Response) -> bool:
    """Return whether the status is a 2xx; ``response.ok`` would let 3xx pass."""
    return 200 <= response.status_code < 300


def is_outage(status: int) -> bool:
    """Return whether a status is an outage instead of a refusal; a write may have been carried out."""
    return status >= 500 or status in TRANSIENT_STATUSES or status in LATE_STATUSES


def json_in(response: requests.Response) -> Any:
    """Return the JSON in an answer; raises ``ValueError`` if there is none."""
    return json_of(response.content)
