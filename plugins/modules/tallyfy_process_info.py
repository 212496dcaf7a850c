#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_process_info
short_description: List the processes of a Tallyfy organization
version_added: 1.0.0
description:
  - Returns processes of every status, including archived ones. The records have the same keys as those of
    M(tallyfy.platform.tallyfy_process).
  - The module reads all pages and checks that their total is correct. It also sends one request per template for the
    labels of the kick-off form, one list of members for the e-mail addresses (one request for a single member), and one
    list of groups if a value names a group. It sends no request per process.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  process_id:
    description:
      - Return only the process with this ID. The result is empty when there is none.
    type: str
  template:
    description:
      - Return only processes launched from this template, given by its ID or its exact title.
    type: str
  reference:
    description:
      - Return only processes whose name contains this reference, as M(tallyfy.platform.tallyfy_process) writes it, or
        whose whole name is this text. Case does not matter.
    type: str
  query:
    description:
      - Return only processes whose name contains this text.
    type: str
  status:
    description:
      - Return only processes with this status. V(running) stands for all except V(complete) and V(archived).
    type: str
    choices: [active, complete, problem, issue, improvement, delayed, archived, running]
  owner:
    description:
      - Return only processes owned by these members, given by e-mail address or by ID. An ID saves a request.
    type: list
    elements: str
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: List the active processes of a template
  tallyfy.platform.tallyfy_process_info:
    template: New hire onboarding
    status: active
  register: onboardings

- name: Find a process by its reference
  tallyfy.platform.tallyfy_process_info:
    reference: HR-10293

- name: Read a process by its ID
  tallyfy.platform.tallyfy_process_info:
    process_id: fcaae90452f4241d11355039e8797621

- name: List the running processes of a leaver
  tallyfy.platform.tallyfy_process_info:
    owner: [erin.walker@example.com]
    status: running

- name: List archived processes whose name contains a text
  tallyfy.platform.tallyfy_process_info:
    query: Casey
    status: archived
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
      sample: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
    name:
      description: Name of the process.
      type: str
      sample: "Onboarding: Jordan Rivera (HR-10293)"
    reference:
      description:
        - Reference of the process, from the brackets at the end of its name. A reference that only a form field stores
          is in RV(processes[].kickoff).
        - V(null) when there is none. The process is then found by its whole name.
      type: str
      sample: HR-20417
    template:
      description: Title of the template of the process.
      type: str
      sample: New hire onboarding
    template_id:
      description: ID of the template, which is also a valid C(template) of M(tallyfy.platform.tallyfy_process). Titles
        may not be unique.
      type: str
      sample: 98e32e2b1b2e491d02e885e91dfd6c76
    state:
      description: V(present) or V(archived).
      type: str
      sample: present
    status:
      description: V(active), V(complete), V(problem), V(delayed), V(archived) or another status of Tallyfy.
      type: str
      sample: active
    owner:
      description: E-mail address of the owner. V(null) when the owner has left.
      type: str
      sample: alice.smith@example.com
    owner_id:
      description: ID of the owner.
      type: int
      sample: 1001
    kickoff:
      description:
        - Kick-off values in the form of C(kickoff) of M(tallyfy.platform.tallyfy_process), by label, or by alias when
          several fields have the same label. Empty fields are V(null).
        - Members are given by e-mail address and groups by name. Deleted ones are given by ID.
        - V(null) when Tallyfy returns neither the form nor the template, or no values.
      type: dict
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
    tags:
      description: Titles of the tags. V(null) when Tallyfy does not return them.
      type: list
      elements: str
      sample: [Onboarding]
    folders:
      description: Names of the folders. V(null) when Tallyfy does not return them.
      type: list
      elements: str
      sample: [HR]
    started_by:
      description: ID of the member who launched the process. V(null) for an application.
      type: int
      sample: 1001
    percent:
      description: Progress in percent.
      type: int
      sample: 0
    due_date:
      description: Due date, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-27T17:00:00.000Z"
    created_at:
      description: Launch time, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-22T13:04:11.000Z"
    completed_at:
      description: Completion time, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-30T16:20:08.000Z"
    archived_at:
      description: Time when the process was archived, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-02-25T10:30:00.000Z"
  sample:
    - id: fcaae90452f4241d11355039e8797621
      name: "Onboarding: Jordan Rivera (HR-10293)"
      reference: HR-10293
      template: New hire onboarding
      template_id: 98e32e2b1b2e491d02e885e91dfd6c76
      state: present
      status: active
      owner: alice.smith@example.com
      owner_id: 1001
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
      tags: [Onboarding]
      folders: [HR]
      started_by: 1001
      percent: 0
      due_date: "2026-03-01T17:00:00.000Z"
      created_at: "2026-02-20T11:00:00.000Z"
      completed_at: null
      archived_at: null
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
