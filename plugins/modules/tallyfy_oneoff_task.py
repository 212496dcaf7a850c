#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_oneoff_task
short_description: Ask somebody in Tallyfy to do something, once
version_added: 0.1.0
description:
  - Makes a task of its own, which belongs to no process, for what automation has to ask a person. It is made once for
    its O(reference), which stands in brackets at the end of its title; a second run finds it there and does nothing.
  - Whether it was done, and how an approval was answered, is in RV(task.state) and RV(task.approved).
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  title:
    description:
      - What is asked. The O(reference) is put in brackets at its end, unless it stands there already.
      - The title of a task that is there stays as it is. One that differs is told in RV(notes).
    type: str
    required: true
  reference:
    description:
      - What the task is found by, without regard to case. One reference is for one task; where several things are asked
        for somebody, their employee number alone is not enough, but C(HR-1042-laptop) is.
    type: str
    required: true
  type:
    description:
      - V(approval) is answered with yes or no. A task that is made without this option is a V(task). It cannot be
        changed afterwards.
    type: str
    choices: [task, approval]
  assignees:
    description:
      - Whom the task is given to. A list names those to be added. A dictionary has the lists C(add) and C(remove), or
        C(set) with all of them. A text is a list with semicolons or line breaks between its entries.
      - An entry is the e-mail address of a member or else of a guest, or the name of a group.
      - Needed to make the task.
    type: raw
  deadline:
    description:
      - Until when it is to be done, such as C(2026-03-02 17:00:00), in UTC unless it has an offset. Needed to make the
        task.
      - A moment that is reckoned anew in each run changes the task each time.
      - Tallyfy moves deadlines to the working days of the organization. One that is on a Saturday or Sunday counts as
        set when it stands within the three days after it; any other move is told in RV(notes).
    type: str
  summary:
    description:
      - The description of the task.
    type: str
  state:
    description:
      - Without it the task is there, and stays open, completed or archived as it is. That is how to ask once.
      - V(open) reopens it if it is completed, and restores it if it is archived.
      - V(completed) completes it if it is open, and V(archived) withdraws it. Neither makes a task that is not there.
    type: str
    choices: [open, completed, archived]
  approved:
    description:
      - The answer to an approval, which O(state=completed) needs there.
    type: bool
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
  - A task is sent once. When the answer gets lost, it is read what became of it; when the task is not there then, the
    module fails and says so. Where Tallyfy did not answer in time, the next run waits until two minutes have passed, or
    fails when that is longer than O(max_wait).
  - One run of a controller at a time looks for a task of a reference and makes it, by a lock in O(state_dir).
    Two controllers may both make it in the same moment; later runs then tell so in RV(notes) and use the older one.
  - Whatever is wrong is told at once, and nothing is written then.
  - For a comment on the task, or to complete one again that somebody has reopened, give its RV(task.id) to
    M(tallyfy.platform.tallyfy_task).
seealso:
  - module: tallyfy.platform.tallyfy_task
  - module: tallyfy.platform.tallyfy_task_info
"""

EXAMPLES = r"""
- name: Ask the office for a laptop
  tallyfy.platform.tallyfy_oneoff_task:
    title: Order a laptop for Mary Major
    reference: HR-1042-laptop
    assignees: [john.smith@example.com, People]
    deadline: "2026-12-04 17:00:00"
    summary: 14 inches, with a German keyboard.

- name: Ask whether release 4.2 may go out
  tallyfy.platform.tallyfy_oneoff_task:
    title: Release 4.2
    reference: release-4.2
    type: approval
    assignees: [john.smith@example.com]
    deadline: "2026-12-04 17:00:00"
  register: release

- name: Withdraw the question
  tallyfy.platform.tallyfy_oneoff_task:
    title: Release 4.2
    reference: release-4.2
    state: archived
"""

RETURN = r"""
task:
  description:
    - The task after the run. In check mode, the task as the run would leave it.
    - V(null) where O(state=completed) or O(state=archived) finds no such task.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the task, V(null) in check mode for one that would be made.
      type: str
    title:
      description: Title of the task with the reference at its end.
      type: str
    step:
      description: Always V(null), since it belongs to no process.
      type: str
    step_id:
      description: Always V(null).
      type: str
    process:
      description: Always V(null), since it belongs to no process.
      type: str
    process_id:
      description: Always V(null).
      type: str
    template:
      description: Always V(null).
      type: str
    template_id:
      description: Always V(null).
      type: str
    reference:
      description: What stands in brackets at the end of its title.
      type: str
    state:
      description: V(open), V(completed) or V(archived).
      type: str
    status:
      description: Tallyfy's own word for it, such as V(not-started) or V(in-progress).
      type: str
    type:
      description: V(task) or V(approval).
      type: str
    approved:
      description: The answer to an approval, V(null) where there is none.
      type: bool
    form:
      description: The values of its form by label, if somebody has given it one.
      type: dict
    assignees:
      description:
        - E-mail addresses of members and guests, and names of groups.
        - The IDs of members and groups that were not looked up. M(tallyfy.platform.tallyfy_task_info)
          looks up all of them, this module those that O(assignees) names.
      type: list
      elements: str
    deadline:
      description: Until when it is to be done, in ISO 8601 and UTC.
      type: str
    summary:
      description: Its description, V(null) where Tallyfy does not show it.
      type: str
    completed_at:
      description: When it was completed, in ISO 8601 and UTC.
      type: str
    completed_by:
      description: E-mail address of who completed it; the ID of a member who was not looked up.
      type: str
    is_overdue:
      description: Whether it is open and its deadline has passed.
      type: bool
  sample:
    id: 7f1d5c0b2a9e4c6d8b3f0e1a2c4d6e8f
    title: Order a laptop for Mary Major (HR-1042-laptop)
    step: null
    step_id: null
    process: null
    process_id: null
    template: null
    template_id: null
    reference: HR-1042-laptop
    state: open
    status: not-started
    type: task
    approved: null
    form: {}
    assignees: [john.smith@example.com, People]
    deadline: "2026-12-04T17:00:00Z"
    summary: 14 inches, with a German keyboard.
    completed_at: null
    completed_by: null
    is_overdue: false
unchangeable:
  description: What is asked for and cannot be had, of a completed task, or another type.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Name of the option.
      type: str
    current:
      description: What the task has.
      type: raw
    wanted:
      description: What is asked for.
      type: raw
    reason:
      description: Why it stays as it is.
      type: str
  sample:
    - field: type
      current: task
      wanted: approval
      reason: Tallyfy changes no task's type.
actions:
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(unarchived), V(archived), V(reopened), V(updated) or V(completed).
      type: str
    fields:
      description: Names of what the step writes.
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
      reason: no task has this reference
      fields: [assignees, deadline, summary, title, type]
      target: null
notes:
  description:
    - What somebody should know about the run. The same as the warnings, which get lost in the registered result of a
      loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - "Order a laptop for Mary Major (HR-1042-laptop): It is archived and stays so; state=open restores it."
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: created
    reason: no task has this reference
    fields: [assignees, deadline, title, type]
    target: null
not_stored:
  description: Names of options whose values Tallyfy did not store although it said so.
  type: list
  elements: str
  returned: always
  sample: [summary]
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
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import STATE_KEYS, ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.oneoff import ONEOFF_OPTIONS, ensure_oneoff


def ensure(task: Task) -> dict[str, object]:
    """Bring the one-off task into the desired state."""
    return ensure_oneoff(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec=ONEOFF_OPTIONS,
    operation=ensure,
    takes_texts=True,
    result_keys={"task": None, "unchangeable": [], **STATE_KEYS},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
