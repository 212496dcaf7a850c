#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_task
short_description: Fill in and complete a step of a Tallyfy process, once
version_added: 0.1.0
description:
  - Fills in the form of a step, assigns it, comments on it, and completes or reopens it. A second run finds nothing to
    do.
  - A step is named by its process (O(template) with O(reference) or O(name), or O(process_id)) and its O(step), or by
    O(task_id), which may also be that of a one-off task.
  - Values for the form are given by the labels that people see. They are checked before anything is sent and compared
    with what Tallyfy stored afterwards. Whatever is wrong is told at once, and nothing is written then.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - ID of the template that the process was launched from, or its exact title.
    type: str
  reference:
    description:
      - What the process is found by, as M(tallyfy.platform.tallyfy_process) has written it at the end of its name.
    type: str
  reference_field:
    description:
      - Label of the text field of the kick-off form that holds the O(reference), too. The process is then also found
        when somebody has changed its name.
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
      - Title of the step in the template, without regard to case, or its alias or ID. Only one step may have it.
      - Somebody may have edited the title of the step in the process, which does not matter.
    type: str
  task_id:
    description:
      - ID of the task that the process has made of the step, or of a one-off task. Instead of process and step; it
        saves requests.
    type: str
  state:
    description:
      - V(completed) completes the step unless it is completed. V(open) reopens it if it is completed.
      - Without it the step stays as it is, such as for a comment alone.
    type: str
    choices: [open, completed]
  approved:
    description:
      - The answer to an approval, which O(state=completed) needs there. V(false) rejects it.
      - For a step that expires, V(false) marks it as expired, and V(true) is the same as nothing. Other steps take no
        answer.
      - An approval that was completed with the other answer is a failure; it has to be reopened first.
    type: bool
  complete_again:
    description:
      - Whether to complete a step again that was completed from this controller and is open again. Without it the step
        stays open and RV(notes) tells, since somebody may have reopened it on purpose.
      - What was completed from here is remembered in O(state_dir) for 90 days. Where that is not kept from run
        to run, as in an execution environment, or belongs to another controller, and where a run was broken off
        right after the completion, a reopened step cannot be told from one that was never completed.
    type: bool
    default: false
  form:
    description:
      - Values for the form of the step, by label. Case does not matter. Where several fields have one label, use the
        alias of the field.
      - Only these are compared and sent; the others stay. Each value is given as in
        O(tallyfy.platform.tallyfy_process#module:kickoff).
      - Values of a completed step cannot be changed. Those that differ are told in RV(unchangeable).
    type: dict
  assignees:
    description:
      - Whom the step is given to. A list names those to be added. A dictionary has the lists C(add) and C(remove), or
        C(set) with all of them. A text is a list with semicolons or line breaks between its entries.
      - An entry is the e-mail address of a member or else of a guest, or the name of a group. The ID of a member
        and the ID of a group need not be looked up.
    type: raw
  deadline:
    description:
      - Until when the step is to be done, such as C(2026-03-02 17:00:00), in UTC unless it has an offset.
      - Tallyfy moves deadlines to the working days of the organization. One that is on a Saturday or Sunday counts as
        set when it stands within the three days after it; any other move is told in RV(notes).
    type: str
  summary:
    description:
      - The description of the step in this process.
    type: str
  comment:
    description:
      - A comment that the step must have. It ends with a signature in brackets, Ansible and the O(comment_key), by
        which the next run finds it.
      - When the text differs from the comment that is there, that one is changed; no second one is written.
    type: str
  comment_key:
    description:
      - What the comment is about. A step has one comment of a key, and one without.
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
  - The form, the assignees, the deadline and the summary are written first, then the comment, and the completion comes
    last. So whoever is told of the completion finds all of it.
  - Tallyfy completes a completed step again without a word, and tells everybody again. So a completion is sent once,
    and after a lost answer it is read what became of it. When the step is still open then, the module fails and says
    so; the next run looks first. Where Tallyfy did not answer in time, the next run waits until two minutes have
    passed, or fails when that is longer than O(max_wait).
  - One run of a controller at a time changes a step, by a lock in O(state_dir). Two runs on two
    controllers find out by reading right before they write, and may both complete a step in the same moment.
  - A step that a rule of the template skips, that an open issue of the process freezes, or that belongs to an archived
    process is refused before anything is written; so is one whose required fields would stay empty.
  - Tallyfy takes 120 comments an hour from an organization.
seealso:
  - module: tallyfy.platform.tallyfy_task_info
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: Tick off the mailbox that was made
  tallyfy.platform.tallyfy_task:
    template: New hire onboarding
    reference: HR-10293
    step: Create accounts
    form:
      Laptop serial: SN-4711
      Software suite: Office 365
    comment: The mailbox jordan@example.net is there.
    comment_key: mailbox
    state: completed

- name: Approve it
  tallyfy.platform.tallyfy_task:
    template: New hire onboarding
    reference: HR-10293
    step: Manager approval
    state: completed
    approved: true

- name: Give a step to somebody else, until Friday
  tallyfy.platform.tallyfy_task:
    process_id: fcaae90452f4241d11355039e8797621
    step: Welcome call
    assignees:
      add: [john.smith@example.com, People]
      remove: [Engineering]
    deadline: "2026-12-04 17:00:00"
"""

RETURN = r"""
task:
  description: The task after the run. In check mode, the task as the run would leave it.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the task, for O(task_id).
      type: str
    title:
      description: Title of the task, which somebody may have edited.
      type: str
    step:
      description: Title of the step in the template, V(null) for a one-off task.
      type: str
    step_id:
      description: ID of that step.
      type: str
    process:
      description: Name of the process, V(null) for a one-off task.
      type: str
    process_id:
      description: ID of the process.
      type: str
    template:
      description: Title of the template that the process was launched from.
      type: str
    template_id:
      description: ID of that template.
      type: str
    reference:
      description: What stands in brackets at the end of the name of the process, or of the title of a one-off task.
      type: str
    state:
      description: V(open), V(completed), or V(skipped) by a rule of the template.
      type: str
    status:
      description: Tallyfy's own word for it, such as V(not-started) or V(in-progress).
      type: str
    type:
      description: V(task), V(approval), V(expiring), V(email) or V(expiring_email).
      type: str
    approved:
      description: The answer to an approval, V(null) where there is none.
      type: bool
    form:
      description: The values of the form by label, V(null) for a field that is empty.
      type: dict
    assignees:
      description:
        - E-mail addresses of members and guests, and names of groups.
        - The IDs of members and groups that were not looked up. M(tallyfy.platform.tallyfy_task_info)
          looks up all of them, M(tallyfy.platform.tallyfy_task) those that O(assignees) names.
      type: list
      elements: str
    deadline:
      description: Until when it is to be done, in ISO 8601 and UTC.
      type: str
    summary:
      description: Its description in this process, V(null) where Tallyfy does not show it.
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
    completed_at: "2026-02-21T17:00:00Z"
    completed_by: "1001"
    is_overdue: false
obstacles:
  description:
    - Why an open step would not be completed now, whatever its form holds, such as an open issue or a rule that skips
      it, or because somebody has reopened it. Whoever works for a step looks at these before the work.
    - They are looked for when nothing but the step is given; otherwise it is empty.
  type: list
  elements: str
  returned: always
  sample: ["it has an open issue; resolve it first"]
unchangeable:
  description: What is asked for of a completed step that has something else. Tallyfy changes no completed step.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Label of the field of the form, or the name of the option.
      type: str
    current:
      description: What the step has.
      type: raw
    wanted:
      description: What is asked for.
      type: raw
    reason:
      description: Why it stays as it is.
      type: str
  sample:
    - field: Laptop serial
      current: SN-4711
      wanted: SN-4712
      reason: It is completed, and Tallyfy changes no completed step; reopen it first (state=open).
actions:
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(reopened), V(updated), V(commented) or V(completed).
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
    - action: updated
      reason: form differs
      fields: [form]
      target: null
    - action: completed
      reason: open
      fields: [state]
      target: null
notes:
  description:
    - What somebody should know about the run. The same as the warnings, which get lost in the registered result of a
      loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Create accounts of Onboarding: Jordan Rivera (HR-10293): It was completed from here, and is open again. It stays
      so, since somebody may have reopened it on purpose; complete_again=true completes it again.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: completed
    reason: open
    fields: [state]
    target: null
not_stored:
  description: Labels of fields and names of options whose values Tallyfy did not store although it said so.
  type: list
  elements: str
  returned: always
  sample: [Laptop serial]
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
