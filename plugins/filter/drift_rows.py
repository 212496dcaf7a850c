# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drift_rows
short_description: What a roster and the live organization disagree about
version_added: 0.1.0
description:
  - Turns what M(tallyfy.platform.tallyfy_roster) returns in check mode into one row for each person who differs.
  - The role P(tallyfy.platform.drift#role) writes its report with it.
author:
  - the tallyfy.platform authors (@tallyfy)
positional: _input
options:
  _input:
    description:
      - The C(members) that M(tallyfy.platform.tallyfy_roster) returned in check mode, with C(unlisted=absent) when
        people who are not listed count.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: See what applying a roster would do
  tallyfy.platform.tallyfy_roster:
    members:
      - email: bob@example.com
        role: light
  check_mode: true
  register: compared

- name: Show who differs
  ansible.builtin.debug:
    msg: "{{ compared.members | tallyfy.platform.drift_rows }}"
"""

RETURN = r"""
_value:
  description: One row for each person who differs, in the order of the input.
  type: list
  elements: dict
  contains:
    email:
      description: E-mail address.
      type: str
    outcome:
      description:
        - V(missing) for somebody who is listed and no member, V(extra) for a member who is not listed or is listed as
          gone, or V(different).
        - V(kept) for a member who is not listed and whom a run would leave alone, and V(unclear) for somebody of whom
          something cannot be compared or changed. Applying the roster would not change these.
      type: str
    done:
      description: What it is and what the roster wants, field by field.
      type: str
      sample: "role: light → standard; groups: -People +Engineering"
    note:
      description: What else is to know, for example why somebody would be kept.
      type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._drift import drift_of
from ansible_collections.tallyfy.platform.plugins.plugin_utils._plain import plain


def drift_rows(members: Any) -> list[dict[str, str]]:
    """Return a row for each person about whom the roster and the organization disagree."""
    return drift_of(plain(members))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file."""
        return {"drift_rows": drift_rows}
