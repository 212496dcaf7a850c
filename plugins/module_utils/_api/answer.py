# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a successful call returns. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import is_id_of, unwrap
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import json_in
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import requests

Record = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A successful answer: the content of its envelope (``None`` for an empty body), the whole body, and its facts."""

    status: int
    data: Any
    body: Any
    request_id: str | None = None

    @property
    def record(self) -> Record:
        """The record of the answer; empty if the answer has no record, or a record with an invalid ID."""
        is_record = isinstance(self.data, Mapping) and ("id" not in self.data or is_id_of(self.data["id"]))
        return dict(self.data) if is_record else {}


def answer_in(response: requests.Response, method: str) -> Answer:
    """Return the content of a successful answer; raises ``ValueError`` if it is not JSON, or empty for a GET."""
    request_id = response.headers.get("X-Request-Id")
    if not response.content and method != "GET":
        return Answer(response.status_code, None, None, request_id)
    content = json_in(response)
    return Answer(response.status_code, unwrap(content), content, request_id)
