#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_user_info
short_description: List the members of a Tallyfy organization
version_added: 0.1.0
description:
  - Returns members of every status, O(status) included, with records of the same shape as
    M(tallyfy.platform.tallyfy_user).
  - All pages are read, and their total is checked. Guests and removed members are not members.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - Only the member with this e-mail address, compared without regard to case.
    type: str
  query:
    description:
      - Only members whose first name, last name or e-mail address contains this text.
    type: str
  status:
    description:
      - Only members of this status.
    type: str
    choices: [active, invited, disabled]
  role:
    description:
      - Only members with this role.
    type: str
    choices: [admin, standard, light]
  groups:
    description:
      - Whether to name each member's groups. Costs the reading of the groups.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_user
"""

EXAMPLES = r"""
- name: List everybody
  tallyfy.platform.tallyfy_user_info:
  register: everybody

- name: Look one person up, with her groups
  tallyfy.platform.tallyfy_user_info:
    email: alice.smith@example.com
    groups: true
  register: alice

- name: Find invitations that nobody has accepted yet
  tallyfy.platform.tallyfy_user_info:
    status: invited
"""

RETURN = r"""
users:
  description: The members, sorted by e-mail address.
  type: list
  elements: dict
  returned: success
  sample: []
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._members import ROLES, list_members
from ansible_collections.tallyfy.platform.plugins.module_utils._options import Task, run_module


def show(task: Task) -> dict[str, object]:
    """Return the members that match."""
    return {"changed": False, "users": list_members(task.client, task.params)}


def main() -> None:
    run_module(
        argument_spec={
            "email": {"type": "str"},
            "query": {"type": "str"},
            "status": {"type": "str", "choices": ["active", "invited", "disabled"]},
            "role": {"type": "str", "choices": list(ROLES)},
            "groups": {"type": "bool", "default": False},
        },
        operation=show,
    )


if __name__ == "__main__":
    main()
