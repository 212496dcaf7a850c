#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_template_info
short_description: List the templates of a Tallyfy organization with their fields and steps
version_added: 1.0.0
description:
  - Returns templates with the fields of their kick-off forms and their steps, which are the names to use in
    M(tallyfy.platform.tallyfy_process).
  - The module reads all pages and checks that their total is correct. It then reads each template, because the list may
    be incomplete. The address of one owner costs one request, and those of several owners cost the pages of members.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - Return only the template with this ID, or all templates with exactly this title.
    type: str
  query:
    description:
      - Return only templates whose title contains this text.
    type: str
  archived:
    description:
      - Whether to also return archived templates. They cannot be launched, and some versions of Tallyfy do not return
        their steps.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
seealso:
  - module: tallyfy.platform.tallyfy_process
"""

EXAMPLES = r"""
- name: Show the fields and steps of a template
  tallyfy.platform.tallyfy_template_info:
    template: New hire onboarding
  register: onboarding

- name: Search templates by title
  tallyfy.platform.tallyfy_template_info:
    query: hire

- name: List all templates
  tallyfy.platform.tallyfy_template_info:
  register: all_templates

- name: List all templates, archived ones included
  tallyfy.platform.tallyfy_template_info:
    archived: true
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
      sample: 98e32e2b1b2e491d02e885e91dfd6c76
    title:
      description: Title of the template.
      type: str
      sample: New hire onboarding
    summary:
      description: Description of the template.
      type: str
      sample: Standard process for onboarding a new hire.
    status:
      description: V(active) or V(draft), V(null) for older templates. A draft cannot be launched.
      type: str
      sample: active
    type:
      description: V(procedure), V(form) or V(document).
      type: str
      sample: procedure
    owner:
      description: E-mail address of the owner. V(null) when the owner has left.
      type: str
      sample: alice.smith@example.com
    owner_id:
      description: ID of the owner.
      type: int
      sample: 1001
    is_archived:
      description: Whether the template is archived.
      type: bool
      sample: false
    kickoff_fields:
      description: Fields of the kick-off form, in order.
      type: list
      elements: dict
      contains:
        label:
          description: Label that people see, the key in C(kickoff) of M(tallyfy.platform.tallyfy_process).
          type: str
          sample: Department
        alias:
          description: Unique name of the field, for labels that several fields share.
          type: str
          sample: department-100206
        id:
          description: ID of the field.
          type: str
          sample: e3f4e4caa8433fc00133e46a36ae1290
        type:
          description: V(text), V(textarea), V(radio), V(dropdown), V(multiselect), V(date), V(email), V(file), V(table)
            or V(assignees_form).
          type: str
          sample: dropdown
        required:
          description: Whether a launch requires a value.
          type: bool
          sample: true
        options:
          description: Options of a radio button, a dropdown or a multiselect.
          type: list
          elements: str
          sample: [Engineering, Sales]
        columns:
          description: Labels of the columns of a table.
          type: list
          elements: str
          sample: [Item, Qty]
    steps:
      description: Steps, in order.
      type: list
      elements: dict
      contains:
        title:
          description: Title that people see, the key in C(assignments) of M(tallyfy.platform.tallyfy_process).
          type: str
          sample: Create accounts
        alias:
          description: Unique name of the step.
          type: str
          sample: create-accounts-55201
        id:
          description: ID of the step.
          type: str
          sample: 4e4cb9903679399220e808159803ea6c
        type:
          description: V(task), V(approval), V(expiring), V(email) or another type of Tallyfy.
          type: str
          sample: task
        position:
          description: Position of the step, starting at 1.
          type: int
          sample: 1
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
