#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_group
short_description: Manage one group of a Tallyfy organization
version_added: 0.1.0
description:
  - Creates, changes or deletes one group of a Tallyfy organization, found by its name, and says who is in it.
  - What is not given stays as it is. All that differs goes into one write.
  - Every address is looked up before anything is written; those that cannot be in the group are all named at once.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Name of the group, at most 200 characters. It is compared without regard to case, and a different spelling is
        no change.
      - When several groups have the name but for case, nothing is done to any of them.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that there is the group.
      - V(absent) deletes it for good. Its members and guests stay in the organization.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the group is for. A new group that is given none is described by its name, since Tallyfy wants one.
      - A blank one counts as not given. Tallyfy does not let it be empty.
    type: str
  members:
    description:
      - Members of the group, by e-mail address, without regard to case. They must be active or invited.
      - A list names members to be added. A dictionary has the lists C(add) and C(remove), or C(set) with all of the
        members. An empty C(set) leaves nobody. A text is a list with semicolons or line breaks between its entries.
      - An address that nobody has is no error in C(remove), since a leaver may have been deleted.
    type: raw
  guests:
    description:
      - Guests of the group, by e-mail address, without regard to case, written as O(members) are. They must be guests
        of the organization, see M(tallyfy.platform.tallyfy_guest). Costs the reading of the guests when somebody is to
        come in.
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
  - Tallyfy replaces the whole lists of a group. It is therefore read again right before it is written, also before a
    write that failed is repeated; one process of a controller at a time changes it, and what was stored is checked.
    Somebody who changes the same group from another machine between that reading and its write can still undo it, or be
    undone.
seealso:
  - module: tallyfy.platform.tallyfy_group_info
  - module: tallyfy.platform.tallyfy_guest
  - module: tallyfy.platform.tallyfy_user
    description: Puts one member into groups, and the other way round.
"""

EXAMPLES = r"""
- name: Make a group and put people into it
  tallyfy.platform.tallyfy_group:
    name: Field Service
    description: Everybody who visits customers
    members:
      - bob@example.com
      - frank.moore@example.com
    guests:
      - partner@example.org

- name: Let Erin in and John out, and leave the others where they are
  tallyfy.platform.tallyfy_group:
    name: Engineering
    members:
      add:
        - erin.walker@example.com
      remove:
        - john.smith@example.com

- name: Say exactly who is in a group
  tallyfy.platform.tallyfy_group:
    name: People
    members:
      set:
        - alice.smith@example.com
        - erin.walker@example.com
    guests:
      set: []

- name: Delete a group
  tallyfy.platform.tallyfy_group:
    name: Legacy Team
    state: absent
"""

RETURN = r"""
group:
  description:
    - The group after the run. In check mode, the group as the run would leave it, with V(null) for what only Tallyfy
      knows.
    - V(null) when there is no such group.
  type: dict
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
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(updated) or V(deleted).
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
      reason: no group of this name
      fields: [description, guests, members, name]
      target: null
notes:
  description:
    - What somebody should know about the run, such as fields that could not be changed. The same as the warnings, which
      get lost in the registered result of a loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - "Engineering: Tallyfy keeps its own description. Tallyfy does not let the description of a group be empty."
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: updated
    reason: members differ
    fields: [members]
    target: null
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
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

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
