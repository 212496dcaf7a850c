#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_guest
short_description: Manage one guest of a Tallyfy organization
version_added: 1.0.0
description:
  - Adds, disables, enables or removes one guest of a Tallyfy organization, and sets the members that the guest is
    associated with. The e-mail address identifies the guest.
  - Tallyfy accepts the profile of a guest only when the guest is first created, in any organization. For an existing
    guest, a different profile is reported as a warning and in RV(unchangeable), and never as a change.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - E-mail address of the guest. Case does not matter. A member of the organization cannot be its guest.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the person is a guest with access. A disabled guest is enabled.
      - V(disabled) ensures that the guest has no access. It does not create a guest. Tallyfy refuses to disable a guest
        who has open tasks.
      - V(deleted) removes the guest from the organization and from all tasks.
      - With V(disabled) and V(deleted), the module warns when no guest has the address, because it may be misspelled.
    type: str
    choices: [present, disabled, deleted]
    default: present
  first_name:
    description:
      - First name, at most 200 characters. Like all profile fields, it only applies when the guest is first created.
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
      - Status as a free text, at most 200 characters. For access see O(state).
    type: str
  phone_1:
    description:
      - Phone number, at most 20 characters.
    type: str
  phone_2:
    description:
      - Second phone number, at most 20 characters.
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
      - External system from which the guest was imported.
    type: str
    choices: [salesforce]
  external_date_creation:
    description:
      - Time when the guest was created in the external system, such as V(2026-01-31 09:00:00) in UTC, or in ISO 8601
        with an offset.
    type: str
  associated_members:
    description:
      - Members that the guest is associated with, by e-mail address. Case does not matter. They must be active or
        invited.
      - A list names members to add. A dictionary has the lists C(add) and C(remove), or C(set) with all of the members.
        An empty C(set) removes everybody. A string is a list whose entries are separated by semicolons or line breaks.
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
  - Tallyfy sends an e-mail to each new guest and accepts 30 new guests per hour and organization. Beyond that the
    module fails at once, and RV(deferred) shows when to try again.
  - A person who is already a guest in another organization keeps the profile they have there. Check mode cannot detect
    that.
  - The link that lets a guest in without a password is never returned.
seealso:
  - module: tallyfy.platform.tallyfy_guest_info
  - module: tallyfy.platform.tallyfy_group
"""

EXAMPLES = r"""
- name: Add a guest and associate a member
  tallyfy.platform.tallyfy_guest:
    email: paula.park@example.org
    first_name: Paula
    last_name: Park
    company_name: Park Logistics
    phone_1: "+12125550188"
    associated_members:
      - alice.smith@example.com

- name: Set the exact associated members of a guest
  tallyfy.platform.tallyfy_guest:
    email: partner@example.org
    associated_members:
      set:
        - bob@example.com

- name: Show that the profile of an existing guest does not change
  tallyfy.platform.tallyfy_guest:
    email: partner@example.org
    company_name: Partner Company
  register: partner

- name: Disable a guest
  tallyfy.platform.tallyfy_guest:
    email: partner@example.org
    state: disabled

- name: Enable a disabled guest
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
    - The guest after the run. In check mode, the expected guest, with V(null) for values that only Tallyfy knows.
    - V(null) when the guest does not exist.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the guest, as a string.
      type: str
      sample: "20001"
    email:
      description: E-mail address as stored in Tallyfy.
      type: str
      sample: paula.park@example.org
    first_name:
      description: First name.
      type: str
      sample: Paula
    last_name:
      description: Last name.
      type: str
      sample: Park
    company_name:
      description: Name of the company.
      type: str
      sample: Park Logistics
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
      sample: "+12125550188"
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
      sample: "2026-11-29T09:35:57.000Z"
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
      sample: "2026-11-22T13:03:37.000Z"
    last_accessed_at:
      description: Time of the last visit, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-23T08:15:02.000Z"
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
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(enabled), V(disabled), V(updated) or V(deleted).
      type: str
      sample: created
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [company_name, email, first_name, last_name, phone_1]
    reason:
      description: Reason for the step.
      type: str
      sample: not a guest of the organization
    target:
      description: Always V(null). Present so that the actions of all modules have the same keys.
      type: str
      sample: null
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
  description: Profile fields that differ from the options and cannot be changed.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Name of the option.
      type: str
      sample: company_name
    current:
      description: Current value in Tallyfy.
      type: raw
      sample: Partner Co
    wanted:
      description: Value of the option.
      type: raw
      sample: Partner Company
    reason:
      description: Why the field cannot be changed.
      type: str
      sample: >-
        The profile of a guest counts only when they are first created in Tallyfy, in whichever organization.
  sample:
    - field: company_name
      current: Partner Co
      wanted: Partner Company
      reason: >-
        The profile of a guest counts only when they are first created in Tallyfy, in whichever organization.
notes:
  description: Remarks that are not errors, such as fields that could not be changed. They are also issued as warnings.
    Before ansible-core 2.22, the registered result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      partner@example.org: Tallyfy keeps its own company_name. The profile of a guest counts only
      when they are first created in Tallyfy, in whichever organization.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: disabled
    reason: present
    fields: [state]
    target: null
deferred:
  description: The guest, when the organization has reached its hourly limit of new guests. Otherwise empty.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the guest.
      type: str
      sample: paula.park@example.org
    reason:
      description: Message of Tallyfy.
      type: str
      sample: >-
        You've reached the hourly limit for Guest Invite (30 per hour per organization). Please try again later
        (HTTP 429)
    not_before:
      description: Earliest time to run the task again, in ISO 8601.
      type: str
      sample: "2026-11-22T14:02:10Z"
  sample:
    - email: paula.park@example.org
      reason: >-
        You've reached the hourly limit for Guest Invite (30 per hour per organization). Please try
        again later (HTTP 429)
      not_before: "2026-11-22T14:02:10Z"
not_before:
  description: Earliest time to run the task again, in ISO 8601, when a limit of Tallyfy requires a wait longer than
    O(max_wait). Otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
not_stored:
  description: Names of fields whose values Tallyfy accepted but did not store.
  type: list
  elements: str
  returned: always
  sample: [state]
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
