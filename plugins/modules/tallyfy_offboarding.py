#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_offboarding
short_description: Offboard people and guests of a Tallyfy organization
version_added: 0.1.0
description:
  - Takes the access of leavers away, as one plan. What they leave behind is handed over first, their guests, running
    processes and open tasks; then they are taken out of groups; then their access ends; then guests are removed.
  - Everything is read and every mistake in the input is named, all at once, before anything is written.
  - Nobody loses access before their own hand-over is done. One person's failure does not keep the others; the task then
    fails at its end and names everybody concerned.
  - A listed person who has no access any more is looked at as well. What an earlier run could not hand over is handed
    over now.
  - Deleting by accident is hard. O(protect), O(max_removals) and O(min_admins) hold for members and guests alike, and
    the Tallyfy Bot, support accounts, the default administrator and the acting user are never removed.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The members who leave. Each is a dictionary with C(email) and, optionally, C(reassign_to).
      - C(reassign_to) is the e-mail address of an active member who takes over the open tasks, running processes and
        guests of this person. When it is left out or blank, O(reassign_to) does.
      - An address that no member has is told in RV(notes) and counted, since it may be misspelled. It is no failure.
    type: raw
  src:
    description:
      - Path of a file that holds the people, on the machine that runs the task. Its name ends in C(.yml), C(.yaml),
        C(.json) or C(.csv), as for M(tallyfy.platform.tallyfy_roster).
    type: path
  guests:
    description:
      - E-mail addresses of guests who leave. They are taken out of the organization and of all tasks, which cannot be
        undone.
      - An address that no guest has is told in RV(notes) and counted.
    type: raw
  reassign_to:
    description:
      - E-mail address of an active member who takes over from everybody whose row names nobody.
      - When nobody takes over, open tasks and running processes stay with the leaver, and guests are associated with
        the leaver no more.
    type: str
  delete:
    description:
      - Whether the people are permanently deleted after their access has ended. This cannot be undone.
    type: bool
    default: false
  protect:
    description:
      - Members and guests who are never removed, as e-mail addresses or as patterns such as V(*@partner.example.com). A
        list that names one of them is refused.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - How many members and guests, counted together, may lose their access in one run, as a number or as a percentage,
        which is rounded up. When it would be more, nothing is written at all.
      - A percentage is one of the active members and the guests who are there. It holds for each kind by itself, too.
      - The default is 10 % with a floor of 3 people. A percentage that is given has no floor.
    type: str
  min_admins:
    description:
      - How many active administrators the run must leave. When it would leave fewer, and fewer than there are now,
        nothing is written at all.
    type: int
    default: 2
  concurrency:
    description:
      - How many requests may be under way at a time, from 1 to 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) goes on with the others when something fails for one person.
      - V(stop) starts no further work after a failure.
      - In both cases the task fails at its end.
    type: str
    choices: [finish, stop]
    default: finish
  report:
    description:
      - Path of a report, on the machine that runs Ansible. It ends in C(.md), C(.html) or C(.json), which decides the
        form. It is written in check mode too, and also when the task fails.
      - The name of the organization is looked up for it, which costs one request.
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
  - A run that finds nothing to do sends the sign-in, the pages of members (1000 each), of guests (999 each) and of
    groups (100 each), and one list of processes, with 100 on a page, for each hundred people. For people who have no
    access any more and have a successor there is also one list of open tasks for each hundred. A list of guests alone
    costs the members and the guests. Where the list of members is too short to compare, each leaver is read.
  - Open tasks of somebody who has no access any more are handed over by one request for all of them. When Tallyfy
    refuses that, RV(notes) tells so, and the tasks stay where they are. A person is not permanently deleted then.
  - A guest who leaves is not handed over before.
  - One run at a time changes an organization from one controller. A second one waits for up to O(max_wait) seconds and
    then fails and says who is at work. The lock is in O(state_dir).
  - A removal is taken for done only when Tallyfy shows it.
  - When Tallyfy asks for a pause that is longer than O(max_wait), RV(deferred) tells who has to wait, and the task
    fails. Run it again later; it goes on where it stopped.
  - With O(report) the task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_guest
  - module: tallyfy.platform.tallyfy_onboarding
"""

EXAMPLES = r"""
- name: Offboard two people
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: john.smith@example.com
        reassign_to: bob@example.com
      - email: frank.moore@example.com
    reassign_to: erin.walker@example.com

- name: Tell what would be done, and write it down
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: john.smith@example.com
        reassign_to: bob@example.com
    report: leavers.md
  check_mode: true

- name: Remove guests
  tallyfy.platform.tallyfy_offboarding:
    guests:
      - partner@example.org

- name: Offboard everybody in a file, but nobody of the board
  tallyfy.platform.tallyfy_offboarding:
    src: leavers.csv
    reassign_to: erin.walker@example.com
    protect:
      - "*@board.example.com"
    max_removals: 20

- name: Delete somebody for good
  tallyfy.platform.tallyfy_offboarding:
    people:
      - email: frank.moore@example.com
        reassign_to: erin.walker@example.com
    delete: true
"""

RETURN = r"""
summary:
  description:
    - How many people, guests and groups came to which end; each counts once. In check mode, how many would.
  type: dict
  returned: always
  contains:
    people:
      description: Counts of the people by RV(people[].outcome).
      type: dict
    guests:
      description: Counts of the guests by RV(guests[].outcome).
      type: dict
    groups:
      description: Counts of the groups by RV(groups[].outcome).
      type: dict
  sample:
    people:
      disabled: 2
      deleted: 0
      updated: 0
      unchanged: 0
      not_found: 1
      deferred: 0
      failed: 0
      skipped: 0
    guests:
      disabled: 0
      deleted: 0
      updated: 1
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
  description:
    - One row for each person, in the order of the list.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    name:
      description: Full name, empty for who is no member.
      type: str
    action:
      description: The main step, V(disabled), V(deleted), V(handed_over) (something of somebody who has no access any
        more), V(removed_from_group), V(updated), or V(unchanged) when there is none.
      type: str
    fields:
      description: Names of the fields that differ.
      type: list
      elements: str
    outcome:
      description: V(disabled), V(deleted), V(updated) (something was finished for somebody who had no access any more),
        V(unchanged), V(not_found), V(failed), V(deferred) or V(skipped).
      type: str
    message:
      description: What was done, or why not.
      type: str
    before:
      description: The fields that differ, as they were; empty for people who were up to date.
      type: dict
    after:
      description: The fields that differ, as desired; empty for people who were up to date.
      type: dict
    notes:
      description: What needs somebody's attention.
      type: list
      elements: str
    reassign_to:
      description: Who takes over, V(null) for nobody.
      type: str
    processes:
      description: The running processes that the person owns, as in RV(processes).
      type: list
      elements: dict
  sample:
    - email: john.smith@example.com
      name: John Smith
      action: disabled
      fields: [status]
      outcome: disabled
      message: >-
        Handed over the guest partner@example.org to bob@example.com; removed from group Engineering; disabled, open
        work goes to bob@example.com.
      before:
        status: active
      after:
        status: disabled
      notes: []
      reassign_to: bob@example.com
      processes: []
guests:
  description:
    - One row for each guest who leaves, in the order of the list, then one for each guest who is handed over.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    action:
      description: V(deleted) for who leaves, V(handed_over), V(updated) when nobody takes over, or V(unchanged).
      type: str
    outcome:
      description: V(deleted), V(updated) (handed over), V(unchanged), V(not_found), V(failed), V(deferred) or
        V(skipped).
      type: str
    message:
      description: What was done, or why not.
      type: str
    before:
      description: The fields that differ, as they were; all that were set of a guest who leaves.
      type: dict
    after:
      description: The fields that differ, as desired.
      type: dict
  sample:
    - email: partner@example.org
      action: handed_over
      outcome: updated
      message: Associated with bob@example.com.
      before:
        associated_members: [john.smith@example.com]
      after:
        associated_members: [bob@example.com]
groups:
  description:
    - One row for each group that listed somebody who leaves.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group.
      type: str
    action:
      description: V(updated) or V(unchanged).
      type: str
    outcome:
      description: V(updated), V(unchanged), V(failed), V(deferred) or V(skipped).
      type: str
    message:
      description: Why it was not done, or who stayed.
      type: str
    before:
      description: The fields that differ, as they were.
      type: dict
    after:
      description: The fields that differ, as desired.
      type: dict
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
  description:
    - The running processes that the people own, with their owners by address.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the process.
      type: str
    name:
      description: Name of the process.
      type: str
    owner_before:
      description: Who owned it before the run.
      type: str
    owner_after:
      description: Who owns it after the run, or would in check mode. V(null) when somebody else changed it meanwhile.
      type: str
  sample:
    - id: 1b2c3d4e5f60718293a4b5c6d7e8f901
      name: Onboarding of Jordan Doe
      owner_before: john.smith@example.com
      owner_after: bob@example.com
removals:
  description: Everybody who would lose their access, when the fuse refused the run; otherwise empty.
  type: list
  elements: str
  returned: always
  sample: [frank.moore@example.com, john.smith@example.com]
problems:
  description:
    - What is wrong with the input, why nothing was written, or what kept somebody from being offboarded.
  type: list
  elements: str
  returned: always
  sample:
    - "john.smith@example.com: the guest partner@example.org: PUT
      /organizations/25f66ae8cd27630803af1f25fe015a1a/guests/partner%40example.org: Tallyfy itself failed (HTTP 500)"
deferred:
  description:
    - Who has to wait.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the person.
      type: str
      returned: for people
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for guests
    group:
      description: Name of the group.
      type: str
      returned: for groups
    reason:
      description: What they wait for.
      type: str
    not_before:
      description: From when on it is worth trying again, in ISO 8601; V(null) when nobody knows.
      type: str
  sample:
    - email: bob@example.com
      reason: "Deferred until 2026-02-27T10:15:00Z: the hourly limit is reached."
      not_before: "2026-02-27T10:15:00Z"
notes:
  description:
    - What needs somebody's attention and is no failure, such as addresses that nobody has, and processes that nobody
      takes over.
  type: list
  elements: str
  returned: always
  sample:
    - "jon.smith@example.com: No member has this address."
actions:
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the person it was done for.
      type: str
      returned: for steps that concern a person
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for steps that concern a guest
    group:
      description: Name of the group.
      type: str
      returned: for steps that concern a group
    process:
      description: Name of the process.
      type: str
      returned: for steps that concern a process
    action:
      description: V(handed_over), V(updated), V(disabled) or V(deleted).
      type: str
    fields:
      description: Names of the fields the step writes.
      type: list
      elements: str
    reason:
      description: Why the step is needed.
      type: str
    target:
      description: E-mail address of the member who takes over; V(null) for other steps.
      type: str
  sample:
    - guest: partner@example.org
      action: updated
      reason: associated with john.smith@example.com
      fields: [associated_members]
      target: null
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
  description: Where it was done, and as whom.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
    name:
      description: Name of the organization; V(null) unless it is asked for, which takes O(report) or a role.
      type: str
    acting_as:
      description: E-mail address of the acting member, or the application.
      type: str
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: null
    acting_as: the application 1111
check_mode:
  description: Whether this was a dry run.
  type: bool
  returned: always
  sample: false
report:
  description: Path of the report that was written, V(null) when none was.
  type: str
  returned: always
  sample: /home/alice/leavers.md
requests:
  description: How many requests the task has sent, the sign-in and repeated ones included.
  type: int
  returned: always
  sample: 12
"""

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
