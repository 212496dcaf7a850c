#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_oneoff_task
short_description: Manage one one-off task in Tallyfy
version_added: 1.0.0
description:
  - Creates a task outside of any process, so that automation can ask a person to do something. One task is created per
    O(reference), which is added to the end of its title in brackets. A second run finds the task and changes nothing.
  - RV(task.state) shows whether the task is done, and RV(task.approved) how an approval was answered.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  title:
    description:
      - Title of the task. The O(reference) is added to its end, in brackets, unless it is already there.
      - The title of an existing task is not changed. RV(notes) reports a different title.
    type: str
    required: true
  reference:
    description:
      - Key by which the task is found. Case does not matter. Use one reference per task. If several tasks concern the
        same person, extend the personnel number, as in C(HR-1042-laptop).
    type: str
    required: true
  type:
    description:
      - Type of the task. V(approval) is answered with yes or no. Defaults to V(task) for a new task. The type of an
        existing task cannot be changed.
    type: str
    choices: [task, approval]
  assignees:
    description:
      - Assignees of the task. A list names assignees to add. A dictionary has the lists C(add) and C(remove), or C(set)
        with all of them. A string is a list whose entries are separated by semicolons or line breaks.
      - An entry is the e-mail address of a member or guest, or the name of a group.
      - Required for a new task.
    type: raw
  deadline:
    description:
      - Deadline of the task, such as C(2026-03-02 17:00:00), in UTC unless it has an offset. Required for a new task.
      - Use a fixed time. A deadline that is computed in each run changes the task in each run.
      - Tallyfy moves deadlines to working days of the organization. A deadline on a Saturday or Sunday counts as set
        when Tallyfy stores one within the next three days. RV(notes) reports any other change.
    type: str
  summary:
    description:
      - Description of the task.
    type: str
  state:
    description:
      - Without this option the module ensures that the task exists, whether it is open, completed or archived.
      - V(open) reopens a completed task and restores an archived one.
      - V(completed) completes an open task. V(archived) archives the task. Neither creates a task.
    type: str
    choices: [open, completed, archived]
  approved:
    description:
      - Answer to an approval. Required with O(state=completed) for an approval.
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
  - A creation is sent once. When the answer is lost, the module looks for the task and fails when it is not there.
    After a timeout, the next run waits until two minutes have passed, or fails when that exceeds O(max_wait).
  - A lock in O(state_dir) lets one run of a controller create the task of a reference at a time. Two controllers may
    both create it at the same moment; later runs use the older task and report this in RV(notes).
  - All errors are reported at once, and nothing is written while there is one.
  - To comment on the task, or to complete a task again that somebody has reopened, pass RV(task.id) to
    M(tallyfy.platform.tallyfy_task).
seealso:
  - module: tallyfy.platform.tallyfy_task
  - module: tallyfy.platform.tallyfy_task_info
"""

EXAMPLES = r"""
- name: Ask a member and a group to do something
  tallyfy.platform.tallyfy_oneoff_task:
    title: Order a laptop for Mary Major
    reference: HR-1042-laptop
    assignees: [john.smith@example.com, People]
    deadline: "2026-12-04 17:00:00"
    summary: 14 inches, with a German keyboard.

- name: Ask for an approval
  tallyfy.platform.tallyfy_oneoff_task:
    title: Release 4.2
    reference: release-4.2
    type: approval
    assignees: [john.smith@example.com]
    deadline: "2026-12-04 17:00:00"
  register: release

- name: Change the assignees and the deadline of a task
  tallyfy.platform.tallyfy_oneoff_task:
    title: Order a laptop for Mary Major
    reference: HR-1042-laptop
    assignees:
      set: [bob@example.com]
    deadline: "2026-12-09 17:00:00"

- name: Complete a task
  tallyfy.platform.tallyfy_oneoff_task:
    title: Order a laptop for Mary Major
    reference: HR-1042-laptop
    state: completed

- name: Archive a task
  tallyfy.platform.tallyfy_oneoff_task:
    title: Release 4.2
    reference: release-4.2
    state: archived
"""

RETURN = r"""
task:
  description:
    - The task after the run. In check mode, the expected task.
    - V(null) when O(state=completed) or O(state=archived) finds no task.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the task. V(null) in check mode for a new task.
      type: str
      sample: 7f1d5c0b2a9e4c6d8b3f0e1a2c4d6e8f
    title:
      description: Title of the task, with the reference at its end.
      type: str
      sample: Order a laptop for Mary Major (HR-1042-laptop)
    step:
      description: Always V(null), because the task belongs to no process.
      type: str
      sample: null
    step_id:
      description: Always V(null).
      type: str
      sample: null
    process:
      description: Always V(null), because the task belongs to no process.
      type: str
      sample: null
    process_id:
      description: Always V(null).
      type: str
      sample: null
    template:
      description: Always V(null).
      type: str
      sample: null
    template_id:
      description: Always V(null).
      type: str
      sample: null
    reference:
      description: Reference in brackets at the end of the title.
      type: str
      sample: HR-1042-laptop
    state:
      description: V(open), V(completed) or V(archived).
      type: str
      sample: open
    status:
      description: Status as returned by Tallyfy, such as V(not-started) or V(in-progress).
      type: str
      sample: not-started
    type:
      description: V(task) or V(approval).
      type: str
      sample: task
    approved:
      description: Answer to an approval. V(null) when there is none.
      type: bool
      sample: true
    form:
      description: Form values by label, if somebody added a form to the task.
      type: dict
      sample:
        Serial number: SN-4711
    assignees:
      description:
        - E-mail addresses of members and guests, and names of groups.
        - IDs of members and groups that were not looked up. M(tallyfy.platform.tallyfy_task_info) looks up all of them,
          this module only those in O(assignees).
      type: list
      elements: str
      sample: [john.smith@example.com, People]
    deadline:
      description: Deadline, in ISO 8601 and UTC.
      type: str
      sample: "2026-12-04T17:00:00Z"
    summary:
      description: Description of the task. V(null) when Tallyfy does not return it.
      type: str
      sample: "14 inches, with a German keyboard."
    completed_at:
      description: Completion time, in ISO 8601 and UTC.
      type: str
      sample: "2026-11-29T09:36:09Z"
    completed_by:
      description: E-mail address of the member who completed it, or the ID of a member who was not looked up.
      type: str
      sample: "1001"
    is_overdue:
      description: Whether the task is open and its deadline has passed.
      type: bool
      sample: false
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
    summary: "14 inches, with a German keyboard."
    completed_at: null
    completed_by: null
    is_overdue: false
unchangeable:
  description: Options that differ from an existing task and cannot be applied, such as the type or values of a
    completed task.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Name of the option.
      type: str
      sample: type
    current:
      description: Current value of the task.
      type: raw
      sample: task
    wanted:
      description: Desired value.
      type: raw
      sample: approval
    reason:
      description: Why it cannot be changed.
      type: str
      sample: "Tallyfy does not change the type of a task."
  sample:
    - field: type
      current: task
      wanted: approval
      reason: "Tallyfy does not change the type of a task."
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(unarchived), V(archived), V(reopened), V(updated) or V(completed).
      type: str
      sample: created
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [assignees, deadline, summary, title, type]
    reason:
      description: Reason for the step.
      type: str
      sample: no task has this reference
    target:
      description: Always V(null). Present so that the actions of all modules have the same keys.
      type: str
      sample: null
  sample:
    - action: created
      reason: no task has this reference
      fields: [assignees, deadline, summary, title, type]
      target: null
notes:
  description: Remarks that are not errors. They are also issued as warnings. Before ansible-core 2.22, the registered
    result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Order a laptop for Mary Major (HR-1042-laptop): The task is archived and was not changed;
      state=open restores it.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: created
    reason: no task has this reference
    fields: [assignees, deadline, title, type]
    target: null
not_stored:
  description: Names of options whose values Tallyfy accepted but did not store.
  type: list
  elements: str
  returned: always
  sample: [summary]
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
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
