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
  - They are rows of M(tallyfy.platform.tallyfy_roster), too. What only Tallyfy sets is ignored there.
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
  complete:
    description:
      - Whether to tell all that is known of each member. Their groups are then named, which costs the reading of the
        groups.
      - Some versions of Tallyfy show members in part only in a list, and fields that are not there are V(null). The own
        record of each such member is then read, which costs one request for each.
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
    complete: true
  register: alice

- name: Find invitations that nobody has accepted yet
  tallyfy.platform.tallyfy_user_info:
    status: invited
"""

RETURN = r"""
users:
  description: The members, sorted by e-mail address. Empty after a failure.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the member.
      type: int
    email:
      description: E-mail address, spelled as Tallyfy has it.
      type: str
    username:
      description: Name that Tallyfy made up.
      type: str
    first_name:
      description: First name.
      type: str
    last_name:
      description: Last name.
      type: str
    full_name:
      description: First and last name.
      type: str
    status:
      description: V(active), V(invited) or V(disabled).
      type: str
    state:
      description: V(present) or V(disabled), as O(tallyfy.platform.tallyfy_user#module:state) wants it.
      type: str
    role:
      description: V(admin), V(standard) or V(light).
      type: str
    timezone:
      description: IANA name of the time zone.
      type: str
    phone:
      description: Phone number.
      type: str
    job_title:
      description: Job title.
      type: str
    job_description:
      description: Job description.
      type: str
    team:
      description: Name of the team.
      type: str
    country_id:
      description: ID of the country.
      type: int
    date_format:
      description: V(mm/dd/yyyy) or V(dd/mm/yyyy).
      type: str
    is_default_admin:
      description: Whether this is the default administrator.
      type: bool
    is_bot:
      description: Whether this is the Tallyfy Bot.
      type: bool
    is_support_user:
      description: Whether this is a support account of Tallyfy.
      type: bool
    created_at:
      description: When the member was added, in ISO 8601 as Tallyfy sends it.
      type: str
    updated_at:
      description: When the member was last changed, in ISO 8601 as Tallyfy sends it.
      type: str
    last_login_at:
      description: When the member last signed in, in ISO 8601 as Tallyfy sends it.
      type: str
    groups:
      description: Names of the member's groups.
      type: list
      elements: str
      returned: when O(complete=true)
  sample:
    - id: 1001
      email: alice.smith@example.com
      username: alicesmith
      full_name: Alice Smith
      status: active
      state: present
      role: admin
      first_name: Alice
      last_name: Smith
      timezone: America/New_York
      phone: "+15551234567"
      job_title: Project Manager
      job_description: null
      team: Operations
      country_id: 1
      date_format: mm/dd/yyyy
      is_default_admin: true
      is_support_user: false
      created_at: "2024-06-01T08:00:00.000Z"
      updated_at: "2026-02-10T09:12:44.000Z"
      last_login_at: "2026-02-10T09:12:44.000Z"
      is_bot: false
      groups: [Engineering]
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
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import ROLES
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member_list import list_members


def show(task: Task) -> dict[str, object]:
    """Return the members that match."""
    return {"changed": False, "users": list_members(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec={
        "email": {"type": "str"},
        "query": {"type": "str"},
        "status": {"type": "str", "choices": ["active", "invited", "disabled"]},
        "role": {"type": "str", "choices": list(ROLES)},
        "complete": {"type": "bool", "default": False},
    },
    operation=show,
    result_keys={"users": []},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
