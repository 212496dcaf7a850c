#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_guest
short_description: Manage one guest of a Tallyfy organization
version_added: 0.1.0
description:
  - Adds, disables, enables or removes one guest of a Tallyfy organization, found by e-mail address, and says which
    members the guest is associated with.
  - The profile of a guest counts only when the guest is first created, wherever in Tallyfy that was. What differs later
    is warned about, reported in RV(unchangeable) and never counted as a change.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - E-mail address of the guest. It is compared without regard to case. No member of the organization can be a
        guest of it.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the person is a guest with access. A disabled guest is enabled.
      - V(disabled) makes sure that a guest has no access. Nobody is added for that. Tallyfy does not disable a guest
        who has open tasks.
      - V(deleted) takes the guest out of the organization and of all tasks.
      - With V(disabled) and V(deleted), an address that no guest has is warned of, for it may be misspelled.
    type: str
    choices: [present, disabled, deleted]
    default: present
  first_name:
    description:
      - First name, at most 200 characters. Counts at the first creation only, like all fields of the profile.
    type: str
  last_name:
    description:
      - Last name, at most 200 characters.
    type: str
  company_name:
    description:
      - Name of the company, at most 200 characters.
    type: str
  opportunity_name:
    description:
      - Name of the opportunity, at most 200 characters.
    type: str
  status:
    description:
      - Status in the words of the organization, at most 200 characters. For access see O(state).
    type: str
  phone_1:
    description:
      - Phone number, at most 20 characters.
    type: str
  phone_2:
    description:
      - Another phone number, at most 20 characters.
    type: str
  company_url:
    description:
      - Web address of the company.
    type: str
  contact_url:
    description:
      - Web address of the contact.
    type: str
  image_url:
    description:
      - Web address of a picture.
    type: str
  opportunity_url:
    description:
      - Web address of the opportunity.
    type: str
  timezone:
    description:
      - IANA name of the time zone, for example V(Europe/Berlin).
    type: str
  external_sync_source:
    description:
      - System that the guest comes from.
    type: str
    choices: [salesforce]
  external_date_creation:
    description:
      - When the guest was made in that system, such as V(2026-01-31 09:00:00) in UTC, or in ISO 8601 with an offset.
    type: str
  associated_members:
    description:
      - Members the guest is associated with, by e-mail address, without regard to case. They must be active or invited.
      - A list names members to be added. A dictionary has the lists C(add) and C(remove), or C(set) with all of the
        members. An empty C(set) leaves nobody. A text is a list with semicolons or line breaks between its entries.
    type: raw
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Tallyfy sends an e-mail to a new guest, and lets an organization add 30 of them an hour. Beyond that the module
    fails at once, and RV(deferred) says when to go on.
  - Somebody who is a guest elsewhere in Tallyfy keeps the profile they have there, which check mode cannot know.
  - The link that lets a guest in without a password is never returned.
seealso:
  - module: tallyfy.platform.tallyfy_guest_info
  - module: tallyfy.platform.tallyfy_group
"""

EXAMPLES = r"""
- name: Add a guest who is looked after by Alice
  tallyfy.platform.tallyfy_guest:
    email: paula.park@example.org
    first_name: Paula
    last_name: Park
    company_name: Park Logistics
    phone_1: "+12125550188"
    associated_members:
      - alice.smith@example.com

- name: Let Bob look after the partner, and nobody else
  tallyfy.platform.tallyfy_guest:
    email: partner@example.org
    associated_members:
      set:
        - bob@example.com

- name: Remove the partner's access
  tallyfy.platform.tallyfy_guest:
    email: partner@example.org
    state: disabled

- name: Give Nora her access back
  tallyfy.platform.tallyfy_guest:
    email: nora@example.net

- name: Remove a guest
  tallyfy.platform.tallyfy_guest:
    email: nora@example.net
    state: deleted
"""

RETURN = r"""
guest:
  description:
    - The guest after the run. In check mode, the guest as the run would leave them, with V(null) for what only Tallyfy
      knows.
    - V(null) when there is no such guest.
  type: dict
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
    id: "20001"
    email: paula.park@example.org
    first_name: Paula
    last_name: Park
    company_name: Park Logistics
    opportunity_name: null
    status: null
    phone_1: "+12125550188"
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
    created_at: "2026-11-22T13:03:37.000Z"
    last_accessed_at: null
actions:
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(enabled), V(disabled), V(updated) or V(deleted).
      type: str
    fields:
      description: Names of the fields the step writes.
      type: list
      elements: str
    reason:
      description: Why the step is needed.
      type: str
    target:
      description: Always V(null), since nothing else is concerned. It is there for plays that read the actions of any
        module.
      type: str
  sample:
    - action: created
      reason: not a guest of the organization
      fields: [company_name, email, first_name, last_name, phone_1]
      target: null
    - action: updated
      reason: not taken at creation
      fields: [associated_members]
      target: null
unchangeable:
  description:
    - Fields of the profile that are not as asked for, and stay so.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Name of the option.
      type: str
    current:
      description: The value in Tallyfy.
      type: raw
    wanted:
      description: The value that was asked for.
      type: raw
    reason:
      description: Why it stays so.
      type: str
  sample:
    - field: company_name
      current: Partner Co
      wanted: Partner Company
      reason: The profile of a guest counts only when they are first created in Tallyfy, in whichever organization.
notes:
  description:
    - What somebody should know about the run, such as fields that could not be changed. The same as the warnings, which
      get lost in the registered result of a loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - "partner@example.org: Tallyfy keeps its own company_name. The profile of a guest counts only when they are first
      created in Tallyfy, in whichever organization."
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: disabled
    reason: present
    fields: [state]
    target: null
deferred:
  description: Who was not added because the organization has added as many guests as it may in an hour; otherwise
    empty.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the guest.
      type: str
    reason:
      description: What Tallyfy said.
      type: str
    not_before:
      description: When to run it again, in ISO 8601.
      type: str
  sample:
    - email: paula.park@example.org
      reason: You've reached the hourly limit for Guest Invite (30 per hour per organization). Please try again later
        (HTTP 429)
      not_before: "2026-11-22T14:02:10Z"
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
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
not_stored:
  description: Names of the fields that Tallyfy answered with success and did not store.
  type: list
  elements: str
  returned: always
  sample: [state]
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import STATE_KEYS, ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import GUEST_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import ensure_guest


def ensure(task: Task) -> dict[str, object]:
    """Bring the guest into the desired state."""
    return ensure_guest(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec=GUEST_OPTIONS,
    operation=ensure,
    result_keys={"guest": None, "unchangeable": [], "deferred": [], **STATE_KEYS},
    takes_texts=True,
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
