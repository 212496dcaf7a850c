# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reduces an event of a completed task to the values that a rule and its job need.

Everybody who can reach the port can post any JSON to a webhook, so this filter validates each value. Tallyfy posts
launches and completions of processes to the same address; they are not completed tasks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
---
short_description: Reduce an event of a completed task to the values that a job needs
description:
  - Removes the payload of an event. When the payload reports a completed task, the event gets C(completed_task)
    instead, with the ID of the C(organization), the C(title) of the task, and C(answers), the variables of the playbook
    C(tallyfy.platform.confirm_task).
  - An event does not get C(completed_task) when its header and payload name different organizations, or when an ID or
    the time is invalid.
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    port: 5001
  filters:
    - tallyfy.platform.completed_task:
"""

_ID = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(r"[0-9][-0-9A-Za-z:/+. ]{9,39}")
_HEADER = "x-tallyfy-orgid"


def main(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with ``completed_task`` in place of the payload, or with neither."""
    meta = event.get("meta", {})
    found = _completed(_mapping(event.get("payload")), _header(_mapping(meta.get("headers"))))
    return {"meta": meta, **({"completed_task": found} if found else {})}


def _completed(payload: Mapping[str, Any], organization: Any) -> dict[str, Any]:
    process, task = _mapping(payload.get("process")), _mapping(payload.get("this_task"))
    reported = {"process": process.get("id"), "id": task.get("id"), "completed_at": task.get("completed_at")}
    texts = [organization, task.get("title"), *reported.values()]
    if not all(isinstance(text, str) for text in texts):
        return {}
    if organization != process.get("organization_id") or task.get("status") != "completed":
        return {}
    if not (
        _ID.fullmatch(reported["process"])
        and _ID.fullmatch(reported["id"])
        and _TIME.fullmatch(reported["completed_at"])
    ):
        return {}
    answers = {f"confirm_task_{name}": text for name, text in {"organization": organization, **reported}.items()}
    return {"organization": organization, "title": task["title"], "answers": answers}


def _header(headers: Mapping[str, Any]) -> Any:
    """Return the organization of the header; proxies change the case of names."""
    return next((value for name, value in headers.items() if name.lower() == _HEADER), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
