# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: row_problems
short_description: Everything that is wrong with the rows of a list of people
version_added: 0.1.0
description:
  - Checks a list of people, each with the options of M(tallyfy.platform.tallyfy_user), without asking Tallyfy. What
    was asked before can be given with O(groups) and O(successors).
  - The roles of this collection use it to name every bad row at once before anything is written.
author:
  - the tallyfy.platform authors (@tallyfy)
positional: _input
options:
  _input:
    description:
      - The people, one dictionary each. A blank value counts as left out.
    type: list
    elements: dict
    required: true
  defaults:
    description:
      - Fields for everybody whose row leaves them out.
    type: dict
    default: {}
  fields:
    description:
      - The fields that a row may have, when they are fewer than the options of M(tallyfy.platform.tallyfy_user).
    type: list
    elements: str
  groups:
    description:
      - The names of all groups of the organization. Rows with other groups are refused when it is given.
    type: list
    elements: str
  successors:
    description:
      - The members that were found for the addresses in C(reassign_to), as M(tallyfy.platform.tallyfy_user_info)
        returns them. Rows whose C(reassign_to) is not among them, or is not fit to take over, are refused when it is
        given.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Refuse a list with bad rows
  ansible.builtin.assert:
    that: new_hires | tallyfy.platform.row_problems | length == 0
    fail_msg: "{{ new_hires | tallyfy.platform.row_problems }}"
"""

RETURN = r"""
_value:
  description: One text for each problem, led by the row's number and e-mail address; empty when all is well.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._row_problems import problems_in_rows


def row_problems(
    rows: Any,
    defaults: Mapping[str, Any] | None = None,
    fields: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    successors: Sequence[Mapping[str, Any]] | None = None,
) -> list[str]:
    """Return everything that is wrong with the rows."""
    return problems_in_rows(_plain(rows), _plain(defaults), _plain(fields), _plain(groups), _plain(successors))


def _plain(value: Any) -> Any:
    """Return ordinary containers and texts: those of ansible-core 2.19 and later drag its templating engine along."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, str) else value


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters of this file."""
        return {"row_problems": row_problems}
