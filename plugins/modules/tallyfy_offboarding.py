#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_offboarding
short_description: Offboard members and guests of a Tallyfy organization
version_added: 1.0.0
description:
  - Ends the access of leavers in one task. The order is fixed. Their guests, running processes and open tasks are
    reassigned first, then the leavers are removed from their groups, then their access ends, and guests who leave are
    removed last.
  - Everything is read and validated first. Every mistake in the input is reported at once, before anything is written.
  - Nobody loses access before their own work is reassigned. An error for one person does not stop the others. The task
    then fails at the end and names everybody affected.
  - People who have no access any more are checked too. Work that an earlier run could not reassign is reassigned now.
  - O(protect), O(max_removals) and O(min_admins) limit what a run may remove, for members and guests alike. The Tallyfy
    Bot, support accounts, the default administrator and the acting user are never removed.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The members who leave. Each entry is a dictionary with C(email) and, optionally, C(reassign_to).
      - C(reassign_to) is the e-mail address of an active member who takes over the open tasks, running processes and
        guests of this person. If omitted or blank, O(reassign_to) is used.
      - An address that no member has is not an error. It is counted and reported in RV(notes), because it may be
        misspelled.
    type: raw
  src:
    description:
      - Path of a file with the people, on the machine that runs the task. Its name ends in C(.yml), C(.yaml), C(.json)
        or C(.csv), as in O(tallyfy.platform.tallyfy_roster#module:src).
    type: path
  guests:
    description:
      - E-mail addresses of guests who leave. They are removed from the organization and from all tasks, which cannot be
        undone.
      - An address that no guest has is counted and reported in RV(notes).
    type: raw
  reassign_to:
    description:
      - E-mail address of an active member who takes over from every leaver whose row names nobody.
      - Without a successor, open tasks and running processes stay with the leaver, and the leaver is removed from the
        associated members of their guests.
    type: str
  delete:
    description:
      - Whether to permanently delete the people after their access has ended. This cannot be undone.
    type: bool
    default: false
  protect:
    description:
      - Members and guests who are never removed, as e-mail addresses or as patterns such as V(*@partner.example.com).
        Input that names one of them is refused.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - Maximum number of members and guests together who may lose access in one run, as a number or as a percentage,
        rounded up. If the run would remove more, nothing is written.
      - A percentage refers to the active members and present guests. It also limits members and guests separately.
      - The default is 10 %, but at least 3 people. A percentage that you set has no such minimum.
    type: str
  min_admins:
    description:
      - Minimum number of active administrators that must remain after the run. If fewer would remain, and fewer than
        there are now, nothing is written.
    type: int
    default: 2
  concurrency:
    description:
      - Maximum number of parallel requests, from 1 to 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) continues with the other people after an error.
      - V(stop) starts no further work after an error.
      - The task fails at the end in both cases.
    type: str
    choices: [finish, stop]
    default: finish
  report:
    description:
      - Path of a report on the controller. The ending C(.md), C(.html) or C(.json) selects the format. The report is
        written in check mode too, and also when the task fails.
      - The report contains the name of the organization, which costs one request.
    type: path
extends_documentation_fragment:
  - tallyfy.platform.rows
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
  - A run with nothing to do sends these requests. The sign-in, the pages of members (1000 each), guests (999 each) and
    groups (100 each), and per hundred people one list of processes with 100 per page. For people without access who
    have a successor it also sends one list of open tasks per hundred people. If only guests leave, it reads the members
    and the guests. If the list of members lacks the fields to compare, it reads the record of each leaver.
  - One request reassigns all open tasks of a person who has no access any more. If Tallyfy refuses it, RV(notes)
    reports that, the tasks stay where they are, and the person is not permanently deleted.
  - The tasks of a guest who leaves are not reassigned.
  - A lock in O(state_dir) lets one run of a controller change an organization at a time. A second run waits for up to
    O(max_wait) seconds, then fails and names the run that holds the lock.
  - A removal counts as done only when Tallyfy shows it.
  - When Tallyfy asks for a pause longer than O(max_wait), the task fails and RV(deferred) lists the people who have to
    wait. Run the task again later to continue.
  - A task with O(report) cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_guest
  - module: tallyfy.platform.tallyfy_onboarding
"""

EXAMPLES = r"""
- name: Offboard a member and reassign their work
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: john.smith@example.com
        reassign_to: bob@example.com

- name: Show what an offboarding would do and write a report
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: frank.moore@example.com
    reassign_to: erin.walker@example.com
    report: leavers.md
  check_mode: true
  diff: true

- name: Offboard the people in a file, with one successor for all
  tallyfy.platform.tallyfy_offboarding:
    src: leavers.csv
    reassign_to: erin.walker@example.com
    protect:
      - "*@board.example.com"
    max_removals: 20

- name: Offboard a member without a successor
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: grace.kim@example.net

- name: Remove guests
  tallyfy.platform.tallyfy_offboarding:
    guests:
      - partner@example.org

- name: Report an address that no member has
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: jon.smith@example.com

- name: Refuse to offboard a protected person
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: erin.walker@example.com
    protect:
      - erin.walker@example.com

- name: Refuse to remove more people than allowed
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: frank.moore@example.com
      - email: charlie.brown@example.com
    max_removals: 1

- name: Permanently delete a leaver
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: frank.moore@example.com
        reassign_to: erin.walker@example.com
    delete: true

- name: Offboard an administrator, reassign their processes and leave one administrator
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: erin.walker@example.com
        reassign_to: alice.smith@example.com
    min_admins: 1
"""

RETURN = r"""
summary:
  description: Number of people, guests and groups per outcome. Each counts once. In check mode, the expected numbers.
  type: dict
  returned: always
  contains:
    people:
      description: Number of people per RV(people[].outcome).
      type: dict
      sample:
        disabled: 1
        deleted: 0
        updated: 0
        unchanged: 0
        not_found: 0
        deferred: 0
        failed: 0
        skipped: 0
    guests:
      description: Number of guests per RV(guests[].outcome).
      type: dict
      sample:
        disabled: 0
        deleted: 0
        updated: 0
        unchanged: 0
        not_found: 0
        deferred: 0
        failed: 0
        skipped: 0
    groups:
      description: Number of groups per RV(groups[].outcome).
      type: dict
      sample:
        updated: 1
        unchanged: 0
        deferred: 0
        failed: 0
        skipped: 0
  sample:
    people:
      disabled: 1
      deleted: 0
      updated: 0
      unchanged: 0
      not_found: 0
      deferred: 0
      failed: 0
      skipped: 0
    guests:
      disabled: 0
      deleted: 0
      updated: 0
      unchanged: 0
      not_found: 0
      deferred: 0
      failed: 0
      skipped: 0
    groups:
      updated: 1
      unchanged: 0
      deferred: 0
      failed: 0
      skipped: 0
people:
  description: One row per person, in the order of the input.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: john.smith@example.com
    name:
      description: Full name. Empty for an address that no member has.
      type: str
      sample: John Smith
    action:
      description: The main step, V(disabled), V(deleted), V(handed_over) (reassigned something of a person without
        access), V(removed_from_group) or V(updated). V(unchanged) when there is none.
      type: str
      sample: disabled
    fields:
      description: Names of the fields that differ.
      type: list
      elements: str
      sample: [status]
    outcome:
      description: V(disabled), V(deleted), V(updated) (completed the offboarding of a person without access),
        V(unchanged), V(not_found), V(failed), V(deferred) or V(skipped).
      type: str
      sample: disabled
    message:
      description: What was done, or why it was not done.
      type: str
      sample: "Removed from group Engineering; disabled, open work goes to bob@example.com."
    before:
      description: Current values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        status: active
    after:
      description: Desired values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        status: disabled
    notes:
      description: Remarks that need attention.
      type: list
      elements: str
      sample: ["jon.smith@example.com: No member has this address."]
    reassign_to:
      description: E-mail address of the successor. V(null) when there is none.
      type: str
      sample: bob@example.com
    processes:
      description: Running processes owned by the person, as in RV(processes).
      type: list
      elements: dict
      sample:
        - id: 5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b
          name: "Welcome tour: Robin Hale"
          owner_before: erin.walker@example.com
          owner_after: alice.smith@example.com
        - id: 7a9b1c3d5e7f9a2b4c6d8e0f1a3b5c7d
          name: "Welcome tour: Robin Hale"
          owner_before: erin.walker@example.com
          owner_after: alice.smith@example.com
  sample:
    - email: john.smith@example.com
      name: John Smith
      action: disabled
      fields: [status]
      outcome: disabled
      message: "Removed from group Engineering; disabled, open work goes to bob@example.com."
      before:
        status: active
      after:
        status: disabled
      notes: []
      reassign_to: bob@example.com
      processes: []
guests:
  description: One row per guest who leaves, in the order of the input, then one per guest who is reassigned to a
    successor.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: partner@example.org
    action:
      description: V(deleted) for a guest who leaves, V(handed_over) for a reassigned one, V(updated) for one whose
        leaver has no successor, or V(unchanged).
      type: str
      sample: deleted
    outcome:
      description: V(deleted), V(updated) (reassigned), V(unchanged), V(not_found), V(failed), V(deferred) or
        V(skipped).
      type: str
      sample: deleted
    message:
      description: What was done, or why it was not done.
      type: str
      sample: Deleted.
    before:
      description: Current values of the fields that differ. For a guest who leaves, all fields that are set.
      type: dict
      sample:
        id: "4523"
        email: partner@example.org
        first_name: External
        last_name: Partner
        company_name: Partner Co
        phone_1: "+12125550123"
        state: present
        associated_members: [alice.smith@example.com]
        associated_member_ids: [1001]
        created_at: "2025-01-15T10:30:00.000Z"
    after:
      description: Desired values of the fields that differ.
      type: dict
      sample:
        associated_members: [bob@example.com]
  sample:
    - email: partner@example.org
      action: deleted
      outcome: deleted
      message: Deleted.
      before:
        id: "4523"
        email: partner@example.org
        first_name: External
        last_name: Partner
        company_name: Partner Co
        phone_1: "+12125550123"
        state: present
        associated_members: [alice.smith@example.com]
        associated_member_ids: [1001]
        created_at: "2025-01-15T10:30:00.000Z"
      after: {}
groups:
  description: One row per group that contains a leaver.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group.
      type: str
      sample: Engineering
    action:
      description: V(updated) or V(unchanged).
      type: str
      sample: updated
    outcome:
      description: V(updated), V(unchanged), V(failed), V(deferred) or V(skipped).
      type: str
      sample: updated
    message:
      description: Why the group was not changed, or who remained in it.
      type: str
      sample: "john.smith@example.com stayed in the group, because the hand-over is not completed."
    before:
      description: Current values of the fields that differ.
      type: dict
      sample:
        members: [alice.smith@example.com, john.smith@example.com]
    after:
      description: Desired values of the fields that differ.
      type: dict
      sample:
        members: [alice.smith@example.com]
  sample:
    - name: Engineering
      action: updated
      outcome: updated
      message: ""
      before:
        members: [alice.smith@example.com, john.smith@example.com]
      after:
        members: [alice.smith@example.com]
processes:
  description: Running processes owned by the people, with the e-mail addresses of their owners.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the process.
      type: str
      sample: 1b2c3d4e5f60718293a4b5c6d7e8f901
    name:
      description: Name of the process.
      type: str
      sample: "Welcome tour: Robin Hale"
    owner_before:
      description: Owner before the run.
      type: str
      sample: erin.walker@example.com
    owner_after:
      description: Owner after the run, in check mode the expected owner. V(null) when somebody else changed the owner
        in the meantime.
      type: str
      sample: alice.smith@example.com
  sample:
    - id: 5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b
      name: "Welcome tour: Robin Hale"
      owner_before: erin.walker@example.com
      owner_after: alice.smith@example.com
    - id: 7a9b1c3d5e7f9a2b4c6d8e0f1a3b5c7d
      name: "Welcome tour: Robin Hale"
      owner_before: erin.walker@example.com
      owner_after: alice.smith@example.com
removals:
  description: People who would lose access, when O(max_removals) or O(min_admins) stopped the run. Otherwise empty.
  type: list
  elements: str
  returned: always
  sample: [charlie.brown@example.com, frank.moore@example.com]
problems:
  description: Errors, one text each, such as invalid input, a refused run, or the reason why somebody was not
    offboarded.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      row 1 (erin.walker@example.com): refusing to remove this member: protect holds erin.walker@example.com
deferred:
  description: People, guests and groups that have to wait.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the person.
      type: str
      returned: for people
      sample: bob@example.com
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for guests
      sample: partner@example.org
    group:
      description: Name of the group.
      type: str
      returned: for groups
      sample: Engineering
    reason:
      description: Why they have to wait.
      type: str
      sample: "Deferred until 2026-02-27T10:15:00Z: the hourly limit is reached."
    not_before:
      description: Earliest time to run the task again, in ISO 8601. V(null) when it is not known.
      type: str
      sample: "2026-02-27T10:15:00Z"
  sample:
    - email: bob@example.com
      reason: "Deferred until 2026-02-27T10:15:00Z: the hourly limit is reached."
      not_before: "2026-02-27T10:15:00Z"
notes:
  description: Remarks that need attention and are not errors, such as unknown addresses and processes without a
    successor.
  type: list
  elements: str
  returned: always
  sample: ["jon.smith@example.com: No member has this address."]
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the person.
      type: str
      returned: for steps that concern a person
      sample: john.smith@example.com
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for steps that concern a guest
      sample: partner@example.org
    group:
      description: Name of the group.
      type: str
      returned: for steps that concern a group
      sample: Engineering
    process:
      description: Name of the process.
      type: str
      returned: for steps that concern a process
      sample: "Welcome tour: Robin Hale"
    action:
      description: V(handed_over), V(updated), V(disabled) or V(deleted).
      type: str
      sample: updated
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [members]
    reason:
      description: Reason for the step.
      type: str
      sample: lists john.smith@example.com
    target:
      description: E-mail address of the successor. V(null) for other steps.
      type: str
      sample: bob@example.com
  sample:
    - group: Engineering
      action: updated
      reason: lists john.smith@example.com
      fields: [members]
      target: null
    - email: john.smith@example.com
      action: disabled
      reason: active; open work goes to bob@example.com
      fields: [status]
      target: bob@example.com
org_id:
  description: ID of the organization.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: The organization and the identity that made the calls.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    name:
      description: Name of the organization. V(null) unless O(report) or a role requires it.
      type: str
      sample: Globex Corporation
    acting_as:
      description: E-mail address of the acting member, or the application.
      type: str
      sample: the application 1111
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: null
    acting_as: the application 1111
check_mode:
  description: Whether the task ran in check mode.
  type: bool
  returned: always
  sample: false
report:
  description: Path of the report. V(null) when none was written.
  type: str
  returned: always
  sample: /home/alice/leavers.md
requests:
  description: Number of requests that the task sent, including sign-ins and retries.
  type: int
  returned: always
  sample: 12
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding.operation import (
    OFFBOARDING_OPTIONS,
    OFFBOARDING_RULES,
    ensure_offboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._offboarding.result import OFFBOARDING_KEYS


def ensure(task: Task) -> dict[str, object]:
    """Take the access of everybody who leaves away."""
    return ensure_offboarding(task)


SPEC = ModuleSpec(
    argument_spec=OFFBOARDING_OPTIONS, operation=ensure, rules=OFFBOARDING_RULES, result_keys=OFFBOARDING_KEYS
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
