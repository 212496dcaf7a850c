#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_guest_info
short_description: List the guests of a Tallyfy organization
version_added: 0.1.0
description:
  - Returns guests, disabled ones included, with records of the same shape as M(tallyfy.platform.tallyfy_guest).
  - All pages are read, and their total is checked. The members are read, too, where a guest is associated with any, to
    name them by their e-mail addresses.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - Only the guest with this e-mail address, compared without regard to case.
    type: str
  query:
    description:
      - Only guests whose e-mail address contains this text.
    type: str
  disabled:
    description:
      - Only guests who have no access, or with V(false) only those who have. Both by default.
    type: bool
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
notes:
  - The link that lets a guest in without a password is never returned.
seealso:
  - module: tallyfy.platform.tallyfy_guest
"""

EXAMPLES = r"""
- name: List all guests
  tallyfy.platform.tallyfy_guest_info:
  register: all_guests

- name: Look one guest up
  tallyfy.platform.tallyfy_guest_info:
    email: partner@example.org
  register: partner

- name: Find the guests of one domain who have no access
  tallyfy.platform.tallyfy_guest_info:
    query: "@example.net"
    disabled: true
"""

RETURN = r"""
guests:
  description: The guests, sorted by e-mail address. Empty after a failure.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the guest, as a text.
      type: str
    email:
      description: E-mail address, spelled as Tallyfy has it.
      type: str
    first_name:
      description: First name.
      type: str
    last_name:
      description: Last name.
      type: str
    company_name:
      description: Name of the company.
      type: str
    opportunity_name:
      description: Name of the opportunity.
      type: str
    status:
      description: Status in the words of the organization, a free text.
      type: str
    phone_1:
      description: Phone number.
      type: str
    phone_2:
      description: Another phone number.
      type: str
    company_url:
      description: Web address of the company.
      type: str
    contact_url:
      description: Web address of the contact.
      type: str
    image_url:
      description: Web address of a picture.
      type: str
    opportunity_url:
      description: Web address of the opportunity.
      type: str
    timezone:
      description: IANA name of the time zone.
      type: str
    external_sync_source:
      description: System that the guest came from.
      type: str
    external_date_creation:
      description: When the guest was made in that system, in UTC.
      type: str
    state:
      description: V(present) for a guest who has access, V(disabled) for one who has none, as the option of
        M(tallyfy.platform.tallyfy_guest).
      type: str
    disabled_at:
      description: When the guest was disabled, in ISO 8601 as Tallyfy sends it.
      type: str
    associated_members:
      description: E-mail addresses of the members the guest is associated with, sorted.
      type: list
      elements: str
    associated_member_ids:
      description: Numbers of these members, sorted. Somebody whom Tallyfy does not list is named here only.
      type: list
      elements: int
    created_at:
      description: When the guest was made, in ISO 8601 as Tallyfy sends it.
      type: str
    last_accessed_at:
      description: When the guest was last seen, in ISO 8601 as Tallyfy sends it.
      type: str
  sample:
    - id: "4523"
      email: partner@example.org
      first_name: External
      last_name: Partner
      company_name: Partner Co
      opportunity_name: null
      status: null
      phone_1: "+12125550123"
      phone_2: null
      company_url: null
      contact_url: null
      image_url: null
      opportunity_url: null
      timezone: null
      external_sync_source: null
      external_date_creation: null
      state: present
      disabled_at: null
      associated_members: [alice.smith@example.com]
      associated_member_ids: [1001]
      created_at: "2025-01-15T10:30:00.000Z"
      last_accessed_at: null
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
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import show_guests


def show(task: Task) -> dict[str, object]:
    """Return the guests that match."""
    return {"changed": False, "guests": show_guests(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec={
        "email": {"type": "str"},
        "query": {"type": "str"},
        "disabled": {"type": "bool"},
    },
    operation=show,
    result_keys={"guests": []},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
