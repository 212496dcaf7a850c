# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes keys without a name from events.

After an event with such a key at any depth, the rule engine of ansible-rulebook 1.3.2 silently processes no further
events. Everybody who can reach the port can post any JSON to a webhook.
"""

from __future__ import annotations

from typing import Any

DOCUMENTATION = r"""
---
short_description: Remove keys without a name from events
description:
  - Removes every key that is an empty text from an event, at any depth and inside lists. The rule engine stops at an
    event with such a key.
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    port: 5001
  filters:
    - tallyfy.platform.drop_empty_keys:
"""


def main(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event without such keys; without recursion, since anybody can post deeply nested JSON."""
    waiting: list[Any] = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            value.pop("", None)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return event
