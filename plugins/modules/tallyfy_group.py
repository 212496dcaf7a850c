#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_group
short_description: Manage one group of a Tallyfy organization
version_added: 1.0.0
description:
  - Creates, changes or deletes one group of a Tallyfy organization and sets its members and guests. The name identifies
    the group.
  - Options that are omitted do not change anything. All differences are written in one request.
  - Every address is looked up before anything is written. The error names all addresses that cannot be in the group.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Name of the group, at most 200 characters. Case does not matter, and a different spelling is not a change.
      - If several groups have this name and differ in case only, the task fails.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the group exists.
      - V(absent) permanently deletes the group. Its members and guests stay in the organization.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Description of the group. A new group without one is described by its name, because Tallyfy requires a
        description.
      - A blank description counts as omitted, because Tallyfy does not accept an empty one.
    type: str
  members:
    description:
      - Members of the group, by e-mail address. Case does not matter. They must be active or invited.
      - A list names members to add. A dictionary has the lists C(add) and C(remove), or C(set) with all of the members.
        An empty C(set) removes everybody. A string is a list whose entries are separated by semicolons or line breaks.
      - An unknown address in C(remove) is not an error, because the member may have been deleted.
    type: raw
  guests:
    description:
      - Guests of the group, by e-mail address, in the same forms as O(members). They must be guests of the
        organization, see M(tallyfy.platform.tallyfy_guest). To add a guest, the module reads the list of guests.
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
  - Tallyfy replaces the whole lists of a group with each write. The module therefore reads the group again right before
    it writes, retries included, and checks what was stored. A lock lets one process of a controller write at a time. A
    change made from another machine between that read and the write can still be lost.
seealso:
  - module: tallyfy.platform.tallyfy_group_info
  - module: tallyfy.platform.tallyfy_guest
  - module: tallyfy.platform.tallyfy_user
    description: Adds one member to groups.
"""

EXAMPLES = r"""
- name: Create a group with members and a guest
  tallyfy.platform.tallyfy_group:
    name: Field Service
    description: Everybody who visits customers
    members:
      - bob@example.com
      - frank.moore@example.com
    guests:
      - partner@example.org

- name: Add one member and remove another
  tallyfy.platform.tallyfy_group:
    name: Engineering
    members:
      add:
        - erin.walker@example.com
      remove:
        - john.smith@example.com

- name: Set the exact members and remove all guests
  tallyfy.platform.tallyfy_group:
    name: Field Service
    members:
      set:
        - alice.smith@example.com
        - erin.walker@example.com
    guests:
      set: []

- name: Change the description of a group
  tallyfy.platform.tallyfy_group:
    name: People
    description: Hiring, onboarding and offboarding

- name: Delete a group
  tallyfy.platform.tallyfy_group:
    name: Legacy Team
    state: absent
"""

RETURN = r"""
group:
  description:
    - The group after the run. In check mode, the expected group, with V(null) for values that only Tallyfy knows.
    - V(null) when the group does not exist.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the group, 32 hexadecimal characters.
      type: str
      sample: 1bbe946fd26759c742d7642ba8474397
    name:
      description: Name of the group as stored in Tallyfy.
      type: str
      sample: Field Service
    description:
      description: Description of the group. Groups created before 2021 may have none.
      type: str
      sample: Everybody who visits customers
    state:
      description: V(present), as in O(tallyfy.platform.tallyfy_group#module:state).
      type: str
      sample: present
    members:
      description: E-mail addresses of the members, sorted.
      type: list
      elements: str
      sample: [bob@example.com, frank.moore@example.com]
    member_ids:
      description: IDs of the members, sorted. A member whom Tallyfy does not list appears only here.
      type: list
      elements: int
      sample: [1002, 1008]
    guests:
      description: E-mail addresses of the guests, sorted.
      type: list
      elements: str
      sample: [partner@example.org]
    created_at:
      description: Creation time, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-22T13:03:33.000Z"
    updated_at:
      description: Time of the last change, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-22T13:03:33.000Z"
  sample:
    id: 1bbe946fd26759c742d7642ba8474397
    name: Field Service
    description: Everybody who visits customers
    state: present
    members: [bob@example.com, frank.moore@example.com]
    member_ids: [1002, 1008]
    guests: [partner@example.org]
    created_at: "2026-11-22T13:03:33.000Z"
    updated_at: "2026-11-22T13:03:33.000Z"
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(updated) or V(deleted).
      type: str
      sample: created
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [description, guests, members, name]
    reason:
      description: Reason for the step.
      type: str
      sample: no group of this name
    target:
      description: Always V(null). Present so that the actions of all modules have the same keys.
      type: str
      sample: null
  sample:
    - action: created
      reason: no group of this name
      fields: [description, guests, members, name]
      target: null
notes:
  description: Remarks that are not errors, such as fields that could not be changed. They are also issued as warnings.
    Before ansible-core 2.22, the registered result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Engineering: Tallyfy keeps its own description. Tallyfy does not let the description of a group
      be empty.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: updated
    reason: members differ
    fields: [members]
    target: null
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
not_before:
  description: Earliest time to run the task again, in ISO 8601, when a limit of Tallyfy requires a wait longer than
    O(max_wait). Otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import STATE_KEYS, ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import GROUP_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import ensure_group


def ensure(task: Task) -> dict[str, object]:
    """Bring the group into the desired state."""
    return ensure_group(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec=GROUP_OPTIONS, operation=ensure, result_keys={"group": None, **STATE_KEYS}, takes_texts=True
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
