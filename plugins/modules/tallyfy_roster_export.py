#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_roster_export
short_description: Export the members of a Tallyfy organization to a roster file
version_added: 1.0.0
description:
  - Reads all members with their groups and writes them to a file for M(tallyfy.platform.tallyfy_roster). Applying that
    file changes nothing.
  - People are sorted by e-mail address, and nothing else in the file depends on the time of the export. Two exports
    differ only when the organization has changed, so the file can be kept in git.
  - The file contains neither members without access nor the Tallyfy Bot and support accounts, and no empty fields. A
    value that is not valid in a roster, such as a first name of more than 32 characters, is omitted and reported in
    RV(notes).
  - The file is written on the controller in one atomic step, wherever the task runs. An unchanged file is not touched.
    C(changed) refers to the file; the module never writes to Tallyfy.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  dest:
    description:
      - Path of the file on the controller. The ending C(.yml), C(.yaml), C(.json) or C(.csv) selects the format. A
        relative path starts in the directory of the playbook.
      - The directory must exist. A path with a dollar sign is refused, because environment variables are not expanded.
        Both are checked before the first request.
      - A new file has the mode C(0640), because it holds personal data. The mode of an existing file is never widened.
      - CSV cannot express that a member is in no group, or a group whose name has a semicolon or a line break.
      - YAML and JSON escape control, direction and invisible characters. CSV cannot, so a field with such a character
        is omitted and named in RV(notes).
      - A CSV cell that starts with C(=), C(+), C(-), C(@) or the like is written unchanged and named in RV(notes),
        because a spreadsheet would run it as a formula. Do not open such a file in a spreadsheet.
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
      - For a file larger than C(max_diff_size) of ansible-core, the diff only states that it differs.
  idempotent:
    support: full
notes:
  - Some versions of Tallyfy omit fields from the list of members. The module then reads the record of each member, at
    one request per member.
  - The task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_roster_drift
  - module: tallyfy.platform.tallyfy_user_info
"""

EXAMPLES = r"""
- name: Export all members to a YAML roster
  tallyfy.platform.tallyfy_roster_export:
    dest: roster.yml
  register: exported

- name: Show how the roster file would change
  tallyfy.platform.tallyfy_roster_export:
    dest: roster.yml
  check_mode: true
  diff: true

- name: Export all members to a CSV roster
  tallyfy.platform.tallyfy_roster_export:
    dest: exported.csv

- name: Export to JSON as an administrator
  tallyfy.platform.tallyfy_roster_export:
    dest: "{{ playbook_dir }}/roster.json"
    act_as: alice.smith@example.com
"""

RETURN = r"""
dest:
  description: Absolute path of the file.
  type: str
  returned: always
  sample: /home/tallyfy/organizations/roster.yml
people:
  description: Number of people in the file.
  type: int
  returned: always
  sample: 7
left_out:
  description: Number of members who are not in the file.
  type: dict
  returned: always
  contains:
    disabled:
      description: Members without access.
      type: int
      sample: 1
    service_accounts:
      description: The Tallyfy Bot and support accounts.
      type: int
      sample: 2
  sample:
    disabled: 1
    service_accounts: 2
problems:
  description: Errors that prevented the export, one text each.
  type: list
  elements: str
  returned: always
  sample: ["dest roster.txt does not end in .yml, .yaml, .json or .csv"]
notes:
  description: Values that were omitted, and CSV cells that a spreadsheet would run as formulas, one text each.
  type: list
  elements: str
  returned: always
  sample: ["bob@example.com: timezone is left out, because a roster cannot hold its value"]
org_id:
  description: ID of the organization.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: The organization and the identity that made the calls.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    name:
      description: Name of the organization. V(null) unless a role requires it, because it costs a request.
      type: str
      sample: Globex Corporation
    acting_as:
      description: E-mail address of the acting member, or the application.
      type: str
      sample: the application 1111
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: null
    acting_as: the application 1111
check_mode:
  description: Whether the task ran in check mode.
  type: bool
  returned: always
  sample: false
requests:
  description: Number of requests that the task sent, including sign-ins and retries.
  type: int
  returned: always
  sample: 3
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
