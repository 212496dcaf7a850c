#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_group_info
short_description: List the groups of a Tallyfy organization
version_added: 0.1.0
description:
  - Returns groups with records of the same shape as M(tallyfy.platform.tallyfy_group).
  - All pages are read, and their total is checked. The members are read, too, where a group has any, to name them by
    their e-mail addresses.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Only groups of this name, compared without regard to case.
    type: str
  query:
    description:
      - Only groups whose name or description contains this text.
    type: str
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_group
"""

EXAMPLES = r"""
- name: List all groups
  tallyfy.platform.tallyfy_group_info:
  register: all_groups

- name: Look one group up
  tallyfy.platform.tallyfy_group_info:
    name: Engineering
  register: engineering

- name: Find the groups that have to do with onboarding
  tallyfy.platform.tallyfy_group_info:
    query: onboarding
"""

RETURN = r"""
groups:
  description: The groups, sorted by name. Empty after a failure.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: Identifier of the group, 32 hexadecimal characters.
      type: str
    name:
      description: Name of the group, spelled as Tallyfy has it.
      type: str
    description:
      description: What the group is for. Groups from before 2021 may have none.
      type: str
    state:
      description: V(present), as the option of M(tallyfy.platform.tallyfy_group).
      type: str
    members:
      description: E-mail addresses of the members of the group, sorted.
      type: list
      elements: str
    member_ids:
      description: Numbers of the members of the group, sorted. Somebody whom Tallyfy does not list is named here only.
      type: list
      elements: int
    guests:
      description: E-mail addresses of the guests of the group, sorted.
      type: list
      elements: str
    created_at:
      description: When the group was made, in ISO 8601 as Tallyfy sends it.
      type: str
    updated_at:
      description: When the group was last changed, in ISO 8601 as Tallyfy sends it.
      type: str
  sample:
    - id: 97e95e53bf25476dfbf55dd84fcda0b4
      name: Engineering
      description: Core engineering group
      state: present
      members: [alice.smith@example.com, john.smith@example.com]
      member_ids: [1001, 12345]
      guests: [partner@example.org]
      created_at: "2024-01-15T10:30:00.000Z"
      updated_at: "2025-06-20T14:45:00.000Z"
problems:
  description:
    - What is wrong with the options, or what kept the task from doing all it was asked for, one text each. C(msg) is
      made of them.
    - Empty when there is nothing of the kind.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import show_groups


def show(task: Task) -> dict[str, object]:
    """Return the groups that match."""
    return {"changed": False, "groups": show_groups(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec={"name": {"type": "str"}, "query": {"type": "str"}},
    operation=show,
    result_keys={"groups": []},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
