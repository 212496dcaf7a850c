# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a request, by its answer. Private to the collection."""

from __future__ import annotations

from typing import Any

from .reading import json_of
from .requests_guard import requests

READING = frozenset({"GET", "HEAD"})
MAY_BE_DONE_ADVICE = "It may or may not have been carried out; run it again to find out and to finish."
#: Failures that pass, of the service or of what stands before it: the one list of them.
TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504, *range(520, 528), 530})
#: Somebody on the way has stopped waiting, which says nothing about the service behind.
LATE_STATUSES = frozenset({408, 499, 504, 524})


def succeeded(response: requests.Response) -> bool:
    """Return whether the status is a 2xx; ``response.ok`` would let 3xx pass."""
    return 200 <= response.status_code < 300


def is_outage(status: int) -> bool:
    """Return whether a status is no refusal, but a failure to treat the request; a write may have been done then."""
    return status >= 500 or status in TRANSIENT_STATUSES or status in LATE_STATUSES


def json_in(response: requests.Response) -> Any:
    """Return the JSON that an answer holds; raises ``ValueError`` when it holds none."""
    return json_of(response.content)
