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
  - All pages are read, and their total is checked.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - Only processes that were launched from this template, given by its ID or its exact title.
    type: str
  name:
    description:
      - Only processes with this name. Case does not matter.
    type: str
  reference:
    description:
      - Only processes that carry this reference in their name, as M(tallyfy.platform.tallyfy_process) writes it.
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
      - Only processes that these members own, given by their e-mail addresses, or by their numbers, which need not be
        looked up.
    type: list
    elements: str
  kickoff:
    description:
      - Whether to return the values of the kick-off forms by the labels that people see, too. Costs one request for
        each template that the processes come from.
    type: bool
    default: false
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
    kickoff: true
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
  description: The processes, sorted by name.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: ID of the process.
      type: str
    name:
      description: Name of the process.
      type: str
    template:
      description: Title of the template it was launched from.
      type: str
    template_id:
      description: ID of that template.
      type: str
    status:
      description: V(active), V(complete), V(problem), V(delayed), V(archived) or another word of Tallyfy.
      type: str
    owner_id:
      description: Number of the member who owns it.
      type: int
    started_by:
      description: Number of the member who launched it, V(null) for an application.
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
    prerun:
      description: The values of the kick-off form, by the IDs of the fields, as Tallyfy stores them.
      type: dict
    kickoff:
      description: The values of the kick-off form by label, V(null) when the template is not there any more.
      type: dict
      returned: when O(kickoff=true)
  sample:
    - id: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
      name: Onboarding of Jordan Rivera (HR-20417)
      template: New hire onboarding
      template_id: 98e32e2b1b2e491d02e885e91dfd6c76
      status: active
      owner_id: 1001
      started_by: null
      percent: 0
      due_date: "2026-11-27T17:00:00.000Z"
      created_at: "2026-11-22T13:04:11.000Z"
      completed_at: null
      archived_at: null
      prerun:
        d94210940113aa88d27d73abafc1f539: Jordan Rivera
        e3f4e4caa8433fc00133e46a36ae1290:
          id: 1
          text: Engineering
          value: null
      kickoff:
        New hire name: Jordan Rivera
        Department: Engineering
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
        "template": {"type": "str"},
        "name": {"type": "str"},
        "reference": {"type": "str"},
        "query": {"type": "str"},
        "status": {"type": "str", "choices": [*STATUSES, RUNNING]},
        "owner": {"type": "list", "elements": "str"},
        "kickoff": {"type": "bool", "default": False},
    },
    operation=show,
    rules={"mutually_exclusive": [("query", "name"), ("query", "reference"), ("name", "reference")]},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
