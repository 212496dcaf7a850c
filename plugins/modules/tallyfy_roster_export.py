#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_roster_export
short_description: Write a Tallyfy organization down as a roster file
version_added: 0.1.0
description:
  - Reads all members with their groups and writes them into a file for M(tallyfy.platform.tallyfy_roster). Applying
    that file changes nothing.
  - People are sorted by e-mail address, and nothing in the file moves by itself, so a difference between two exports is
    a difference between two organizations. The file is fit for git.
  - Members who have no access, the Tallyfy Bot and support accounts are left out, and so are values that are not set.
    A value that no roster may hold, such as a first name of more than 32 characters, is left out and told in
    RV(notes).
  - The file is written on the controller, wherever the task itself runs, and in one step, so nobody reads half of it.
    When it holds the same already, it is not touched. The file is what this module manages, so C(changed) is about it
    and not about Tallyfy.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  dest:
    description:
      - Path of the file on the controller. Its name ends in C(.yml), C(.yaml), C(.json) or C(.csv), which decides the
        form. A path that is not absolute starts in the folder of the playbook.
      - The folder must exist. A path with a dollar sign is refused, since variables of the environment are not filled
        in. Both are found out before anything is asked.
      - The file is written with the mode C(0640), since names and addresses of people are nobody else's business. One
        that is there already is not opened up by that.
      - CSV cannot say that somebody is in no group, and has no place for a group with a semicolon or a line
        break in its name.
      - YAML and JSON hold control, direction and invisible characters escaped. CSV has no escapes; there a field with
        such a character is left out and named in RV(notes).
      - A CSV cell that a spreadsheet would run as a formula, since it begins with C(=), C(+), C(-) or C(@) for example,
        is written as it is and named in RV(notes). Do not open such a file in a spreadsheet.
    type: path
    required: true
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Of a file that is larger than ansible-core shows, C(max_diff_size), only that it differs is told.
  idempotent:
    support: full
notes:
  - Some versions of Tallyfy list members in part only. Then the record of each of them is read, for one request each.
  - The task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_roster_drift
  - module: tallyfy.platform.tallyfy_user_info
"""

EXAMPLES = r"""
- name: Write everybody down
  tallyfy.platform.tallyfy_roster_export:
    dest: roster.yml
  register: exported

- name: Tell what the file would become
  tallyfy.platform.tallyfy_roster_export:
    dest: roster.yml
  check_mode: true
  register: announced

- name: Write a table for a spreadsheet
  tallyfy.platform.tallyfy_roster_export:
    dest: roster.csv

- name: Write everybody down as data, in the name of an administrator
  tallyfy.platform.tallyfy_roster_export:
    dest: "{{ playbook_dir }}/roster.json"
    act_as: alice.smith@example.com
"""

RETURN = r"""
dest:
  description: The whole path of the file.
  type: str
  returned: always
  sample: /home/tallyfy/organizations/roster.yml
people:
  description: How many people are in the file.
  type: int
  returned: always
  sample: 7
left_out:
  description: How many members are not in the file.
  type: dict
  returned: always
  contains:
    disabled:
      description: Members who have no access.
      type: int
    service_accounts:
      description: The Tallyfy Bot and support accounts of Tallyfy.
      type: int
  sample:
    disabled: 1
    service_accounts: 2
problems:
  description: Why nothing was written, one text each.
  type: list
  elements: str
  returned: always
  sample: ["dest roster.txt does not end in .yml, .yaml, .json or .csv"]
notes:
  description:
    - Which values were left out, one text each, and which cells of a CSV file a spreadsheet would run as formulas.
  type: list
  elements: str
  returned: always
  sample: ["bob@example.com: timezone is left out, since no roster may hold its value"]
org_id:
  description: ID of the organization.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: Which organization was written down, and as whom it was read.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
    name:
      description: Name of the organization; V(null), since it takes a request, unless a role asks for it.
      type: str
    acting_as:
      description: E-mail address of the acting member, or the application.
      type: str
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: null
    acting_as: the application 1111
check_mode:
  description: Whether this was a dry run.
  type: bool
  returned: always
  sample: false
requests:
  description: How many requests the task has sent, the sign-in and repeated ones included.
  type: int
  returned: always
  sample: 3
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.export import (
    EXPORT_KEYS,
    EXPORT_OPTIONS,
    export_roster,
)


def export(task: Task) -> dict[str, object]:
    """Return everybody as the text of a file, which the action plugin writes."""
    return export_roster(task)


SPEC = ModuleSpec(argument_spec=EXPORT_OPTIONS, operation=export, result_keys=EXPORT_KEYS)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
