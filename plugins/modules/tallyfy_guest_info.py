#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_guest_info
short_description: List the guests of a Tallyfy organization
version_added: 1.0.0
description:
  - Returns guests, including disabled ones. The records have the same keys as those of
    M(tallyfy.platform.tallyfy_guest).
  - The module reads all pages and checks that their total is correct. It also reads the members for their e-mail
    addresses when a guest is associated with one.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - Return only the guest with this e-mail address. Case does not matter.
    type: str
  query:
    description:
      - Return only guests whose e-mail address contains this text.
    type: str
  disabled:
    description:
      - With V(true), return only disabled guests. With V(false), return only guests with access. The default is both.
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

- name: Read one guest
  tallyfy.platform.tallyfy_guest_info:
    email: partner@example.org
  register: partner

- name: List the guests who have access
  tallyfy.platform.tallyfy_guest_info:
    disabled: false

- name: List the disabled guests of a domain
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
      description: ID of the guest, as a string.
      type: str
      sample: "4523"
    email:
      description: E-mail address as stored in Tallyfy.
      type: str
      sample: partner@example.org
    first_name:
      description: First name.
      type: str
      sample: External
    last_name:
      description: Last name.
      type: str
      sample: Partner
    company_name:
      description: Name of the company.
      type: str
      sample: Partner Co
    opportunity_name:
      description: Name of the opportunity.
      type: str
      sample: Renewal 2027
    status:
      description: Status, a free text.
      type: str
      sample: Prospect
    phone_1:
      description: Phone number.
      type: str
      sample: "+12125550123"
    phone_2:
      description: Second phone number.
      type: str
      sample: "+12125550189"
    company_url:
      description: Web address of the company.
      type: str
      sample: https://logistics.example.org
    contact_url:
      description: Web address of the contact.
      type: str
      sample: https://logistics.example.org/paula
    image_url:
      description: Web address of a picture.
      type: str
      sample: https://logistics.example.org/paula.png
    opportunity_url:
      description: Web address of the opportunity.
      type: str
      sample: "https://crm.example.com/renewal-2027"
    timezone:
      description: IANA name of the time zone.
      type: str
      sample: America/New_York
    external_sync_source:
      description: External system from which the guest was imported.
      type: str
      sample: salesforce
    external_date_creation:
      description: Time when the guest was created in the external system, in UTC.
      type: str
      sample: "2026-01-31 09:00:00"
    state:
      description: V(present) for a guest with access, V(disabled) for one without, as in
        O(tallyfy.platform.tallyfy_guest#module:state).
      type: str
      sample: present
    disabled_at:
      description: Time when the guest was disabled, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-01-05T12:00:00.000Z"
    associated_members:
      description: E-mail addresses of the associated members, sorted.
      type: list
      elements: str
      sample: [alice.smith@example.com]
    associated_member_ids:
      description: IDs of the associated members, sorted. A member whom Tallyfy does not list appears only here.
      type: list
      elements: int
      sample: [1001]
    created_at:
      description: Creation time, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2025-01-15T10:30:00.000Z"
    last_accessed_at:
      description: Time of the last visit, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-23T08:15:02.000Z"
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
