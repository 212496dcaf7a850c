#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_process_info
short_description: List the processes of a Tallyfy organization
version_added: 0.1.0
description:
  - Returns processes of every status, archived ones included, with records of the same shape as
    M(tallyfy.platform.tallyfy_process).
  - All pages are read, and their total is checked. What the values of the kick-off forms are called takes one request
    for each template, the addresses of members one list of all of them (for a single one, a request), and the names of
    groups another list, when one is named. None is sent for each process.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  process_id:
    description:
      - Only the process with this ID. There is none in the result when no process has it.
    type: str
  template:
    description:
      - Only processes that were launched from this template, given by its ID or its exact title.
    type: str
  reference:
    description:
      - Only processes that carry this reference in their name, as M(tallyfy.platform.tallyfy_process) writes it, or
        whose whole name it is. Case does not matter.
    type: str
  query:
    description:
      - Only processes whose name contains this text.
    type: str
  status:
    description:
      - Only processes of this status. V(running) stands for all but V(complete) and V(archived).
    type: str
    choices: [active, complete, problem, issue, improvement, delayed, archived, running]
  owner:
    description:
      - Only processes that these members own, given by their e-mail addresses, or by their IDs, which need not be
        looked up.
    type: list
    elements: str
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: Find the processes of one template that go on
  tallyfy.platform.tallyfy_process_info:
    template: New hire onboarding
    status: active
  register: onboardings

- name: Look for one by its reference
  tallyfy.platform.tallyfy_process_info:
    reference: HR-10293

- name: See what somebody who leaves still runs
  tallyfy.platform.tallyfy_process_info:
    owner: [john.smith@example.com]
    status: running
"""

RETURN = r"""
processes:
  description: The processes, sorted by name. Empty after a failure.
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
    reference:
      description:
        - The reference that it carries, which stands in the brackets at the end of its name. One that stands in a field
          alone is among RV(processes[].kickoff).
        - V(null) when it carries none. It is then found by its whole name.
      type: str
    template:
      description: Title of the template it was launched from.
      type: str
    template_id:
      description: ID of that template, which C(template) of M(tallyfy.platform.tallyfy_process) takes, too. Titles may
        not be unique.
      type: str
    state:
      description: V(present) or V(archived).
      type: str
    status:
      description: V(active), V(complete), V(problem), V(delayed), V(archived) or another word of Tallyfy.
      type: str
    owner:
      description: E-mail address of the member who owns it, V(null) for one who is not there any more.
      type: str
    owner_id:
      description: ID of the member who owns it.
      type: int
    kickoff:
      description:
        - The values of the kick-off form as C(kickoff) of M(tallyfy.platform.tallyfy_process) takes them, by label, or
          by alias where several fields have one label. What has no value is V(null).
        - Members are told by their e-mail addresses, and groups by their names; those who are not there any more by
          their IDs.
        - V(null) where Tallyfy shows neither the form nor the template, or no values.
      type: dict
    tags:
      description: Titles of its tags, V(null) where Tallyfy does not show them.
      type: list
      elements: str
    folders:
      description: Names of the folders that it is in, V(null) where Tallyfy does not show them.
      type: list
      elements: str
    started_by:
      description: ID of the member who launched it, V(null) for an application.
      type: int
    percent:
      description: How much of it is done, in percent.
      type: int
    due_date:
      description: When it is due, in ISO 8601 as Tallyfy sends it.
      type: str
    created_at:
      description: When it was launched, in ISO 8601 as Tallyfy sends it.
      type: str
    completed_at:
      description: When it was completed, in ISO 8601 as Tallyfy sends it.
      type: str
    archived_at:
      description: When it was archived, in ISO 8601 as Tallyfy sends it.
      type: str
  sample:
    - id: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
      name: Onboarding of Jordan Rivera (HR-20417)
      reference: HR-20417
      template: New hire onboarding
      template_id: 98e32e2b1b2e491d02e885e91dfd6c76
      state: present
      status: active
      owner: alice.smith@example.com
      owner_id: 1001
      kickoff:
        New hire name: Jordan Rivera
        Notes: null
        Personal email: jordan@example.net
        Start date: "2026-12-01T00:00:00.000Z"
        Contract type: Full-time
        Department: Engineering
        Software: [Slack, GitHub]
        Hardware: [Laptop, "1"]
        Buddy:
          members: [bob@example.com]
        Offer letter: null
      tags: [Onboarding]
      folders: []
      started_by: null
      percent: 0
      due_date: "2026-11-27T17:00:00.000Z"
      created_at: "2026-11-22T13:04:11.000Z"
      completed_at: null
      archived_at: null
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
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.listing import (
    RUNNING,
    STATUSES,
    list_processes,
)


def show(task: Task) -> dict[str, object]:
    """Return the processes that match."""
    return {"changed": False, "processes": list_processes(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec={
        "process_id": {"type": "str"},
        "template": {"type": "str"},
        "reference": {"type": "str"},
        "query": {"type": "str"},
        "status": {"type": "str", "choices": [*STATUSES, RUNNING]},
        "owner": {"type": "list", "elements": "str"},
    },
    operation=show,
    result_keys={"processes": []},
    rules={
        "mutually_exclusive": [
            ("query", "reference"),
            *[("process_id", name) for name in ("template", "reference", "query", "status", "owner")],
        ]
    },
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
