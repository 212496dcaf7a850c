#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_task_info
short_description: List the tasks of a Tallyfy organization
version_added: 1.0.0
description:
  - Returns steps of processes and one-off tasks, with their form values by label. The records have the same keys as
    those of M(tallyfy.platform.tallyfy_task).
  - Tallyfy filters by O(state), O(assignee), O(group), O(overdue), O(due_before) and the process. The module then
    applies all filters to each task. With O(state=open) the number of requests does not depend on the number of tasks
    that were completed in the past.
  - Tasks of archived processes are not included.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - Return only tasks of processes launched from this template, given by its ID or its exact title.
    type: str
  reference:
    description:
      - Return only tasks of the process of O(template) whose name contains this reference, as
        M(tallyfy.platform.tallyfy_process) writes it, or whose whole name is this text. Case does not matter. It is an
        error when there is no such process.
    type: str
  process_id:
    description:
      - Return only tasks of the process with this ID.
    type: str
  step:
    description:
      - Return only tasks of the step with this title in its template, this alias or this ID. Case does not matter.
    type: str
  task_id:
    description:
      - Return only the task with this ID.
    type: str
  state:
    description:
      - Return only tasks in this state. By default all tasks are read, including completed ones.
    type: str
    choices: [open, completed, skipped]
  assignee:
    description:
      - Return only tasks assigned to the member or guest with this e-mail address. V(me) is the acting member.
      - A task that is assigned to a group is not assigned to its members; use O(group) to find it.
    type: str
  group:
    description:
      - Return only tasks assigned to the group with this name.
    type: str
  overdue:
    description:
      - With V(true), return only open tasks whose deadline has passed. With V(false), return only the others.
    type: bool
  due_before:
    description:
      - Return only tasks with a deadline before this time, such as C(2026-03-02 17:00:00), in UTC unless it has an
        offset.
    type: str
  kickoff:
    description:
      - Whether to also return the kick-off values of the process by label. Costs one request per template.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
notes:
  - Besides the pages of tasks, a hundred per page, the module sends one request for members and one for groups when
    tasks have any, and one for O(template) when it is a title.
seealso:
  - module: tallyfy.platform.tallyfy_task
"""

EXAMPLES = r"""
- name: List the open tasks of a step with their kick-off values
  tallyfy.platform.tallyfy_task_info:
    template: New hire onboarding
    step: Create accounts
    state: open
    kickoff: true
  register: accounts

- name: Read the answer to an approval
  tallyfy.platform.tallyfy_task_info:
    template: New hire onboarding
    reference: HR-10293
    step: Manager approval
  register: approval

- name: List overdue tasks
  tallyfy.platform.tallyfy_task_info:
    overdue: true

- name: List the open tasks of one member
  tallyfy.platform.tallyfy_task_info:
    assignee: john.smith@example.com
    state: open

- name: List the open tasks of a group
  tallyfy.platform.tallyfy_task_info:
    group: Engineering
    state: open
"""

RETURN = r"""
tasks:
  description: The tasks, sorted by the name of the process and their position in it. Empty after a failure.
  type: list
  elements: dict
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
      sample: open
    status:
      description: Status as returned by Tallyfy, such as V(not-started) or V(in-progress).
      type: str
      sample: not-started
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
        Laptop serial: null
        Software suite: null
    assignees:
      description: E-mail addresses of members and guests, and names of groups.
      type: list
      elements: str
      sample: [john.smith@example.com]
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
      sample: "2026-11-30T16:20:08Z"
    completed_by:
      description: E-mail address of the person who completed it.
      type: str
      sample: alice.smith@example.com
    is_overdue:
      description: Whether the task is open and its deadline has passed.
      type: bool
      sample: true
    kickoff:
      description: Kick-off values of the process by label. V(null) for a one-off task, and when the template has been
        deleted.
      type: dict
      returned: when O(kickoff=true)
      sample:
        New hire name: Jordan Rivera
        Notes: Needs a quiet desk.
        Personal email: jordan@example.net
        Start date: "2026-03-02T09:00:00.000Z"
        Contract type: Full-time
        Department: Engineering
        Software: [Slack, GitHub]
        Hardware: [Laptop, "1"]
        Buddy:
          members: [john.smith@example.com]
        Offer letter: null
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
        Notes: Needs a quiet desk.
        Personal email: jordan@example.net
        Start date: "2026-03-02T09:00:00.000Z"
        Contract type: Full-time
        Department: Engineering
        Software: [Slack, GitHub]
        Hardware: [Laptop, "1"]
        Buddy:
          members: [john.smith@example.com]
        Offer letter: null
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
