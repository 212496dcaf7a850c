#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_template_info
short_description: List the templates of a Tallyfy organization and what a launch needs
version_added: 0.1.0
description:
  - Returns templates with the fields of their kick-off forms and their steps, which is what
    M(tallyfy.platform.tallyfy_process) needs to be given.
  - All pages are read, and their total is checked. Each template is then read by itself, because the list may not tell
    all of it. The addresses of their owners cost one request for one owner, and the pages of the members for several.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - Only the template with this ID, or those with exactly this title, which several templates may have.
    type: str
  query:
    description:
      - Only templates whose title contains this text.
    type: str
  archived:
    description:
      - Whether to return archived templates, too. Nothing can be launched from them, and their steps are not shown by
        every version of Tallyfy.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: See what a launch of the onboarding needs
  tallyfy.platform.tallyfy_template_info:
    template: New hire onboarding
  register: onboarding

- name: List all templates about hires
  tallyfy.platform.tallyfy_template_info:
    query: hire
"""

RETURN = r"""
templates:
  description: The templates, sorted by title. Empty after a failure.
  type: list
  elements: dict
  returned: always
  contains:
    id:
      description: ID of the template.
      type: str
    title:
      description: Title of the template.
      type: str
    summary:
      description: What it is for.
      type: str
    status:
      description: V(active) or V(draft), V(null) in older templates. Nothing can be launched from a draft.
      type: str
    type:
      description: V(procedure), V(form) or V(document).
      type: str
    owner:
      description: E-mail address of the member who owns it, V(null) for one who is not there any more.
      type: str
    owner_id:
      description: ID of the member who owns it.
      type: int
    is_archived:
      description: Whether it is archived.
      type: bool
    kickoff_fields:
      description: The fields of the kick-off form, in their order.
      type: list
      elements: dict
      contains:
        label:
          description: What people see, and what C(kickoff) of M(tallyfy.platform.tallyfy_process) goes by.
          type: str
        alias:
          description: Name that no other field has, for labels that several fields have.
          type: str
        id:
          description: ID of the field.
          type: str
        type:
          description: V(text), V(textarea), V(radio), V(dropdown), V(multiselect), V(date), V(email), V(file), V(table)
            or V(assignees_form).
          type: str
        required:
          description: Whether a launch needs a value.
          type: bool
        options:
          description: Texts of the options of a radio button, a dropdown or a multiselect.
          type: list
          elements: str
        columns:
          description: Labels of the columns of a table.
          type: list
          elements: str
    steps:
      description: The steps, in their order.
      type: list
      elements: dict
      contains:
        title:
          description: What people see, and what C(assignments) of M(tallyfy.platform.tallyfy_process) goes by.
          type: str
        alias:
          description: Name that no other step has.
          type: str
        id:
          description: ID of the step.
          type: str
        type:
          description: V(task), V(approval), V(expiring), V(email) or another word of Tallyfy.
          type: str
        position:
          description: Place of the step, from 1.
          type: int
  sample:
    - id: 98e32e2b1b2e491d02e885e91dfd6c76
      title: New hire onboarding
      summary: Standard process for onboarding a new hire.
      status: active
      type: procedure
      owner: alice.smith@example.com
      owner_id: 1001
      is_archived: false
      kickoff_fields:
        - label: Department
          alias: department-100206
          id: e3f4e4caa8433fc00133e46a36ae1290
          type: dropdown
          required: true
          options: [Engineering, Sales]
          columns: []
      steps:
        - title: Create accounts
          alias: create-accounts-55201
          id: 4e4cb9903679399220e808159803ea6c
          type: task
          position: 1
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
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import list_templates


def show(task: Task) -> dict[str, object]:
    """Return the templates that match."""
    return {"changed": False, "templates": list_templates(task.client, task.params)}


SPEC = ModuleSpec(
    argument_spec={
        "template": {"type": "str"},
        "query": {"type": "str"},
        "archived": {"type": "bool", "default": False},
    },
    operation=show,
    result_keys={"templates": []},
    rules={"mutually_exclusive": [("template", "query")]},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
