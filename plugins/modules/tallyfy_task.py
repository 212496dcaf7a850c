#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_task
short_description: Fill in and complete one step of a Tallyfy process
version_added: 1.0.0
description:
  - Fills in the form of a step, assigns it, comments on it, and completes or reopens it. A second run changes nothing.
  - O(step) identifies the step within a process, which is given by O(template) with O(reference) or O(name), or by
    O(process_id). O(task_id) identifies it alone, and also works for a one-off task.
  - Form values are given by the labels that people see. They are validated before anything is sent, and compared with
    the values that Tallyfy stored afterwards. All errors are reported at once, and nothing is written while there is
    one.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - ID of the template of the process, or its exact title.
    type: str
  reference:
    description:
      - Reference of the process, as M(tallyfy.platform.tallyfy_process) writes it at the end of the name.
    type: str
  reference_field:
    description:
      - Label of the text field of the kick-off form that also stores the O(reference). The process is then found even
        after somebody renames it.
    type: str
  name:
    description:
      - Name of the process. Case does not matter.
    type: str
  process_id:
    description:
      - ID of the process.
    type: str
  step:
    description:
      - Title of the step in the template, its alias or its ID. Case does not matter. It must identify one step.
      - The title in the template counts, even when somebody has edited the title of the task.
    type: str
  task_id:
    description:
      - ID of the task for the step, or of a one-off task. Replaces the process and the step, and saves requests.
    type: str
  state:
    description:
      - V(completed) ensures that the step is completed. V(open) ensures that it is open and reopens a completed step.
      - Without this option the state does not change, for example to add a comment only.
    type: str
    choices: [open, completed]
  approved:
    description:
      - Answer to an approval. Required with O(state=completed) for an approval. V(false) rejects it.
      - For a step that expires, V(false) marks it as expired, and V(true) has no effect. Other steps take no answer.
      - An approval that was completed with the other answer is an error. Reopen it first.
    type: bool
  complete_again:
    description:
      - Whether to complete a step that this controller completed before and that is open again. By default it stays
        open and RV(notes) reports it, because somebody may have reopened it on purpose.
      - Completions are remembered in O(state_dir) for 90 days. A reopened step is treated as never completed if
        O(state_dir) is not kept between runs (as in an execution environment), if another controller completed it, or
        if the run stopped right after the completion.
    type: bool
    default: false
  form:
    description:
      - Values for the form of the step, by label. Case does not matter. If several fields have the same label, use the
        alias of the field.
      - Only these fields are compared and sent. The values have the forms described for
        O(tallyfy.platform.tallyfy_process#module:kickoff).
      - Values of a completed step cannot be changed. RV(unchangeable) reports values that differ.
    type: dict
  assignees:
    description:
      - Assignees of the step. A list names assignees to add. A dictionary has the lists C(add) and C(remove), or C(set)
        with all of them. A string is a list whose entries are separated by semicolons or line breaks.
      - An entry is the e-mail address of a member or guest, or the name of a group. The ID of a member or of a group
        works too and saves the lookup.
    type: raw
  deadline:
    description:
      - Deadline of the step, such as C(2026-03-02 17:00:00), in UTC unless it has an offset.
      - Tallyfy moves deadlines to working days of the organization. A deadline on a Saturday or Sunday counts as set
        when Tallyfy stores one within the next three days. RV(notes) reports any other change.
    type: str
  summary:
    description:
      - Description of the step in this process.
    type: str
  comment:
    description:
      - A comment that the step must have. The module appends a signature in brackets, Ansible and the O(comment_key),
        by which it finds the comment again.
      - If the text differs from the existing comment, the module updates that comment instead of adding another one.
    type: str
  comment_key:
    description:
      - Key of the comment. A step has one comment per key, and one without a key.
    type: str
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
  - The module writes the form, the assignees, the deadline and the summary first, then the comment, and completes the
    step last. People who are notified of the completion see the other changes.
  - Tallyfy accepts the completion of a completed step and notifies everybody again, so the module sends a completion
    once. When the answer is lost, it reads the state of the step, and fails when the step is still open. After a
    timeout, the next run waits until two minutes have passed, or fails when that exceeds O(max_wait).
  - A lock in O(state_dir) lets one run of a controller change a step at a time. Two controllers check right before they
    write, but may complete the same step at the same moment.
  - Nothing is written for a step that a rule of the template skips, that an open issue of the process blocks, that
    belongs to an archived process, or whose required fields would stay empty. The task fails.
  - Tallyfy accepts 120 comments per hour and organization.
seealso:
  - module: tallyfy.platform.tallyfy_task_info
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: Fill in, comment on and complete a step
  tallyfy.platform.tallyfy_task:
    template: New hire onboarding
    reference: HR-10293
    step: Create accounts
    form:
      Laptop serial: SN-4711
      Software suite: Office 365
    comment: The mailbox jordan@example.net is ready.
    comment_key: mailbox
    state: completed

- name: Approve a step
  tallyfy.platform.tallyfy_task:
    template: New hire onboarding
    reference: HR-10293
    step: Manager approval
    state: completed
    approved: true

- name: Reassign a step and set its deadline
  tallyfy.platform.tallyfy_task:
    process_id: fcaae90452f4241d11355039e8797621
    step: Welcome call
    assignees:
      add: [john.smith@example.com, People]
      remove: [Engineering]
    deadline: "2026-12-04 17:00:00"

- name: Update the comment of a task without changing its state
  tallyfy.platform.tallyfy_task:
    task_id: 445c3d87850db96d73b577036f6f3fd5
    comment: The mailbox jordan@example.net is ready. The password is in the vault.
    comment_key: mailbox

- name: Reopen a completed step
  tallyfy.platform.tallyfy_task:
    template: New hire onboarding
    reference: HR-10293
    step: Manager approval
    state: open
"""

RETURN = r"""
task:
  description: The task after the run. In check mode, the expected task.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the task, for C(task_id) of M(tallyfy.platform.tallyfy_task).
      type: str
      sample: 445c3d87850db96d73b577036f6f3fd5
    title:
      description: Title of the task, which may have been edited.
      type: str
      sample: Create accounts
    step:
      description: Title of the step in the template. V(null) for a one-off task.
      type: str
      sample: Create accounts
    step_id:
      description: ID of the step.
      type: str
      sample: 4e4cb9903679399220e808159803ea6c
    process:
      description: Name of the process. V(null) for a one-off task.
      type: str
      sample: "Onboarding: Jordan Rivera (HR-10293)"
    process_id:
      description: ID of the process.
      type: str
      sample: fcaae90452f4241d11355039e8797621
    template:
      description: Title of the template of the process.
      type: str
      sample: New hire onboarding
    template_id:
      description: ID of the template.
      type: str
      sample: 98e32e2b1b2e491d02e885e91dfd6c76
    reference:
      description: Reference in brackets at the end of the name of the process, or of the title of a one-off task.
      type: str
      sample: HR-10293
    state:
      description: V(open), V(completed), or V(skipped) by a rule of the template.
      type: str
      sample: completed
    status:
      description: Status as returned by Tallyfy, such as V(not-started) or V(in-progress).
      type: str
      sample: completed
    type:
      description: V(task), V(approval), V(expiring), V(email) or V(expiring_email).
      type: str
      sample: task
    approved:
      description: Answer to an approval. V(null) when there is none.
      type: bool
      sample: true
    form:
      description: Form values by label. Empty fields are V(null).
      type: dict
      sample:
        Laptop serial: SN-4711
        Software suite: Office 365
    assignees:
      description:
        - E-mail addresses of members and guests, and names of groups.
        - IDs of members and groups that were not looked up. M(tallyfy.platform.tallyfy_task_info) looks up all of them,
          M(tallyfy.platform.tallyfy_task) only those in its C(assignees).
      type: list
      elements: str
      sample: ["12345"]
    deadline:
      description: Deadline, in ISO 8601 and UTC.
      type: str
      sample: "2026-03-01T17:00:00Z"
    summary:
      description: Description of the step in this process. V(null) when Tallyfy does not return it.
      type: str
      sample: "Mail, chat and the code forge."
    completed_at:
      description: Completion time, in ISO 8601 and UTC.
      type: str
      sample: "2026-02-21T17:00:00Z"
    completed_by:
      description: E-mail address of the member who completed it, or the ID of a member who was not looked up.
      type: str
      sample: "1001"
    is_overdue:
      description: Whether the task is open and its deadline has passed.
      type: bool
      sample: false
  sample:
    id: 445c3d87850db96d73b577036f6f3fd5
    title: Create accounts
    step: Create accounts
    step_id: 4e4cb9903679399220e808159803ea6c
    process: "Onboarding: Jordan Rivera (HR-10293)"
    process_id: fcaae90452f4241d11355039e8797621
    template: New hire onboarding
    template_id: 98e32e2b1b2e491d02e885e91dfd6c76
    reference: HR-10293
    state: completed
    status: completed
    type: task
    approved: null
    form:
      Laptop serial: SN-4711
      Software suite: Office 365
    assignees: ["12345"]
    deadline: "2026-03-01T17:00:00Z"
    summary: null
    completed_at: "2026-11-29T09:41:41Z"
    completed_by: null
    is_overdue: false
obstacles:
  description:
    - Reasons why the open step cannot be completed now, whatever its form contains, such as an open issue, a rule that
      skips it, or because somebody reopened it. Check them before you do the work of the step.
    - Only determined when the task has no other options than those that identify the step. Otherwise empty.
  type: list
  elements: str
  returned: always
  sample: [it has an open issue; resolve the issue first]
unchangeable:
  description: Options that differ from a completed step. Tallyfy does not change completed steps.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Label of the form field, or name of the option.
      type: str
      sample: Laptop serial
    current:
      description: Current value of the step.
      type: raw
      sample: SN-4711
    wanted:
      description: Desired value.
      type: raw
      sample: SN-4712
    reason:
      description: Why it cannot be changed.
      type: str
      sample: "Tallyfy does not change completed steps; reopen the step first (state=open)."
  sample:
    - field: Laptop serial
      current: SN-4711
      wanted: SN-4712
      reason: "Tallyfy does not change completed steps; reopen the step first (state=open)."
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(reopened), V(updated), V(commented) or V(completed).
      type: str
      sample: updated
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [form]
    reason:
      description: Reason for the step.
      type: str
      sample: form differs
    target:
      description: Always V(null). Present so that the actions of all modules have the same keys.
      type: str
      sample: null
  sample:
    - action: updated
      reason: form differs
      fields: [form]
      target: null
    - action: completed
      reason: open
      fields: [state]
      target: null
notes:
  description: Remarks that are not errors. They are also issued as warnings. Before ansible-core 2.22, the registered
    result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Create accounts of Onboarding: Jordan Rivera (HR-10293): An earlier run completed it, and
      somebody has reopened it, so it was not completed again. To complete it, set complete_again=true.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: completed
    reason: open
    fields: [state]
    target: null
not_stored:
  description: Labels of fields and names of options whose values Tallyfy accepted but did not store.
  type: list
  elements: str
  returned: always
  sample: [Laptop serial]
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
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.desired import TASK_OPTIONS, TASK_RULES
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.single import ensure_task


def ensure(task: Task) -> dict[str, object]:
    """Bring the task into the desired state."""
    return ensure_task(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec=TASK_OPTIONS,
    operation=ensure,
    takes_texts=True,
    rules=TASK_RULES,
    result_keys={"task": None, "obstacles": [], "unchangeable": [], **STATE_KEYS},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
