#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_group_info
short_description: List the groups of a Tallyfy organization
version_added: 1.0.0
description:
  - Returns groups. The records have the same keys as those of M(tallyfy.platform.tallyfy_group).
  - The module reads all pages and checks that their total is correct. It also reads the members for their e-mail
    addresses when a group has any.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Return only groups with this name. Case does not matter.
    type: str
  query:
    description:
      - Return only groups whose name or description contains this text.
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

- name: Read one group
  tallyfy.platform.tallyfy_group_info:
    name: Engineering
  register: engineering

- name: Search groups by name or description
  tallyfy.platform.tallyfy_group_info:
    query: onboarding

- name: List all groups as a member
  tallyfy.platform.tallyfy_group_info:
    act_as: alice.smith@example.com
"""

RETURN = r"""
groups:
  description: The groups, sorted by name. Empty after a failure.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the group, 32 hexadecimal characters.
      type: str
      sample: 97e95e53bf25476dfbf55dd84fcda0b4
    name:
      description: Name of the group as stored in Tallyfy.
      type: str
      sample: Engineering
    description:
      description: Description of the group. Groups created before 2021 may have none.
      type: str
      sample: Core engineering group
    state:
      description: V(present), as in O(tallyfy.platform.tallyfy_group#module:state).
      type: str
      sample: present
    members:
      description: E-mail addresses of the members, sorted.
      type: list
      elements: str
      sample: [alice.smith@example.com, john.smith@example.com]
    member_ids:
      description: IDs of the members, sorted. A member whom Tallyfy does not list appears only here.
      type: list
      elements: int
      sample: [1001, 12345]
    guests:
      description: E-mail addresses of the guests, sorted.
      type: list
      elements: str
      sample: [partner@example.org]
    created_at:
      description: Creation time, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2024-01-15T10:30:00.000Z"
    updated_at:
      description: Time of the last change, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2025-06-20T14:45:00.000Z"
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
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
