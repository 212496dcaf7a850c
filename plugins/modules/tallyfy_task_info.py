#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_task_info
short_description: List the tasks of a Tallyfy organization
version_added: 0.1.0
description:
  - Returns steps of processes and one-off tasks, with their forms by label and records of the same shape as
    M(tallyfy.platform.tallyfy_task).
  - Tallyfy is asked for what it can narrow down (O(state), O(assignee), O(group), O(overdue), O(due_before) and the
    process), and each task is then compared with all that was asked for. With O(state=open) the number of requests does
    not depend on how much was completed long ago.
  - Tasks of archived processes are left out.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - Only tasks of processes that were launched from this template, given by its ID or its exact title.
    type: str
  reference:
    description:
      - Only tasks of the process of the O(template) that carries this reference in its name, as
        M(tallyfy.platform.tallyfy_process) writes it, or has it as its whole name. Case does not matter. When there is
        none such, it is a failure.
    type: str
  process_id:
    description:
      - Only tasks of the process with this ID.
    type: str
  step:
    description:
      - Only tasks of the step with this title in its template, without regard to case, or with this alias or ID.
    type: str
  task_id:
    description:
      - Only the task with this ID.
    type: str
  state:
    description:
      - Only tasks in this state. Without it all of them are read, completed ones too.
    type: str
    choices: [open, completed, skipped]
  assignee:
    description:
      - Only tasks of the member or guest with this e-mail address. V(me) is the member whom the calls are made as.
      - What is given to a group is not a task of its members; ask for the O(group).
    type: str
  group:
    description:
      - Only tasks of the group with this name.
    type: str
  overdue:
    description:
      - Only tasks that are open and whose deadline has passed, or only those that are not.
    type: bool
  due_before:
    description:
      - Only tasks with a deadline before this moment, such as C(2026-03-02 17:00:00), in UTC unless it has an offset.
    type: str
  kickoff:
    description:
      - Whether to return the values of the kick-off form of the process by the labels that people see, too. Costs one
        request for each template that the processes come from.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
notes:
  - Besides the pages of tasks, of a hundred each, it takes one request for the members and one for the groups where any
    are named, and one for the O(template) where a title is given.
seealso:
  - module: tallyfy.platform.tallyfy_task
"""

EXAMPLES = r"""
- name: Find the open steps that are meant for automation
  tallyfy.platform.tallyfy_task_info:
    template: New hire onboarding
    step: Create accounts
    state: open
    kickoff: true
  register: accounts

- name: See what is overdue
  tallyfy.platform.tallyfy_task_info:
    overdue: true

- name: Read the answer to an approval
  tallyfy.platform.tallyfy_task_info:
    template: New hire onboarding
    reference: HR-10293
    step: Manager approval
  register: approval
"""

RETURN = r"""
tasks:
  description: The tasks, by the names of their processes and their place in them. Empty after a failure.
  type: list
  elements: dict
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
      description: E-mail address of who completed it.
      type: str
    is_overdue:
      description: Whether it is open and its deadline has passed.
      type: bool
    kickoff:
      description:
        - The values of the kick-off form of the process by label. V(null) for a one-off task, and when the template is
          not there any more.
      type: dict
      returned: when O(kickoff=true)
  sample:
    - id: 445c3d87850db96d73b577036f6f3fd5
      title: Create accounts
      step: Create accounts
      step_id: 4e4cb9903679399220e808159803ea6c
      process: "Onboarding: Jordan Rivera (HR-10293)"
      process_id: fcaae90452f4241d11355039e8797621
      template: New hire onboarding
      template_id: 98e32e2b1b2e491d02e885e91dfd6c76
      reference: HR-10293
      state: open
      status: not-started
      type: task
      approved: null
      form:
        Laptop serial: null
        Software suite: null
      assignees: [john.smith@example.com]
      deadline: "2026-03-01T17:00:00Z"
      summary: null
      completed_at: null
      completed_by: null
      is_overdue: true
      kickoff:
        New hire name: Jordan Rivera
        Department: Engineering
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
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.listing import (
    LIST_OPTIONS,
    LIST_RULES,
    list_tasks,
)


def show(task: Task) -> dict[str, object]:
    """Return the tasks that match."""
    return {"changed": False, "tasks": list_tasks(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec=LIST_OPTIONS, operation=show, takes_texts=True, rules=LIST_RULES, result_keys={"tasks": []}
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
