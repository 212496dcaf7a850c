#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_process
short_description: Launch, change or archive one Tallyfy process
version_added: 1.0.0
description:
  - Launches a process from a template exactly once per O(reference). Later runs, parallel runs, and runs after a lost
    answer find the existing process and launch no second one.
  - Kick-off values are given by the labels that people see. They are validated against the template and converted to
    the type of each field before anything is sent. All errors are reported at once.
  - After the launch the module compares the values with those Tallyfy stored, and fails when Tallyfy dropped one.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - ID of the template, or its exact and unique title.
      - A title costs one more request than an ID.
      - Required unless O(process_id) is set.
    type: str
  process_id:
    description:
      - ID of an existing process, instead of O(template) with O(name) or O(reference). Such a process is never
        launched. An unknown ID is an error, even with O(state=archived); the process was deleted or belongs to another
        organization.
      - O(name) and O(reference) then rename the process. A reference in the current name is kept unless O(reference)
        sets another one.
    type: str
  name:
    description:
      - Name of the process, at most 550 characters. One of O(name), O(reference) and O(process_id) is required.
      - Defaults to the title of the template.
    type: str
  reference:
    description:
      - Key by which the process is found, such as an employee number or an e-mail address. Case does not matter.
      - The reference is added to the end of the name, in brackets.
      - A number is refused. Quote a reference of digits, because YAML reads an unquoted C(00123) as 83.
      - Without a reference, the process is found by its whole O(name).
    type: str
  reference_field:
    description:
      - Label of a text field of the kick-off form that also stores the O(reference). The process is then found even
        after somebody renames it.
      - If no name contains the reference, the module searches Tallyfy for the value. The module tests on an existing
        process whether that search finds values. If it does not, the module reads all processes of the template, one
        request per hundred; the items of a loop share the result.
      - Required for a template with automatic naming, because names then do not contain the reference.
    type: str
  kickoff:
    description:
      - Values for the kick-off form, by label. Case does not matter. If several fields have the same label, use the
        alias of the field, which M(tallyfy.platform.tallyfy_template_info) returns.
      - Text, e-mail and date fields take a string. A date without an offset is UTC.
      - Quote strings of digits. YAML reads C(00123) as 83 and C(12:30:45) as 45045. An integer is accepted, and
        RV(notes) reports the text that is sent; a number with a fraction is refused.
      - Radio buttons and dropdowns take the text of the option. A multiselect takes a list of them.
      - A table takes one list with an entry for each column, or a dictionary by the labels of the columns.
      - An assignees field takes a list of members' e-mail addresses, or a dictionary with the lists C(members) and
        C(guests) (e-mail addresses) and C(groups) (names).
      - A file field takes the web address of the file.
      - The values apply at the launch. If an existing process has other values, RV(unchangeable) reports them, unless
        O(kickoff_update=true).
    type: dict
  assignments:
    description:
      - Assignees of steps, by the title of the step. Only used at the launch.
      - Each value is a list of members' e-mail addresses, or a dictionary with C(members) and C(guests) (e-mail
        addresses), C(groups) (names), and C(deadline), a date in UTC.
      - A list adds to the assignees of the template. In place of each list, a dictionary with C(add) and C(remove)
        changes them, and one with C(set) replaces them. At least one assignee must remain.
    type: dict
  owner:
    description:
      - E-mail address of the member who owns the process.
    type: str
  tags:
    description:
      - Titles of tags. A list, or a string with semicolons, adds tags and keeps the others. A dictionary has the lists
        C(add) and C(remove), or C(set) with all tags.
      - Tags to add must exist.
      - Tallyfy removes a tag by the ID of its link to the process. If Tallyfy does not return that ID, removing the tag
        is refused.
    type: raw
  folders:
    description:
      - Names of process folders, in the same forms as O(tags). They must exist.
      - Tallyfy returns the ID that is needed to remove a process from a folder only to whoever added it. Therefore
        removing the process from a folder is refused.
    type: raw
  state:
    description:
      - V(present) ensures that the process has been launched and is not archived. A completed process is present.
      - V(archived) ensures that no active process has the reference. If there is no such process, the module warns,
        because the name may be misspelled. Other options may repeat the current values, so that a record of
        M(tallyfy.platform.tallyfy_process_info) can be given back. Different values are refused.
    type: str
    choices: [present, archived]
    default: present
  kickoff_update:
    description:
      - Whether to write O(kickoff) to an existing process that has other values.
      - The module sends all values of the form and reads them back. It fails when Tallyfy does not store them, which
        can happen when the form has been completed and not reopened.
    type: bool
    default: false
  duplicates:
    description:
      - What to do with more than one active process with the same reference. Duplicates come from manual launches or
        from controllers with separate state directories.
      - V(report) names them in a warning and in RV(notes). V(archive) archives all but the oldest, and with
        O(state=archived) all of them.
    type: str
    choices: [report, archive]
    default: report
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
  - Tallyfy does not detect a repeated launch, so a launch whose answer is lost is never sent again. The module looks
    for the process, and fails when it cannot find it. After a timeout Tallyfy may still be launching, so the next run
    waits until two minutes have passed, or fails when that exceeds O(max_wait).
  - A lock in O(state_dir) lets one process of a controller launch from a template at a time. Controllers share no lock,
    so each run checks again right before and right after the launch. If two controllers launched the same process, the
    older one is kept, and the run that launched the newer one archives it and reports that in RV(notes).
  - If Tallyfy's search may miss a reference or a name because of an accented letter, the module reads all processes of
    the template before it launches one.
  - If Tallyfy renames a process at its launch, the module restores the name right after. Set O(reference_field) for
    such templates, so that a run interrupted in between still finds the process.
  - A process that was permanently deleted is launched again.
  - RV(process) can be given back as options without changing anything. Looking up the owner and other members takes one
    request, and looking up groups another one, for all items of a loop together.
seealso:
  - module: tallyfy.platform.tallyfy_process_info
  - module: tallyfy.platform.tallyfy_template_info
"""

EXAMPLES = r"""
- name: Launch a process once
  tallyfy.platform.tallyfy_process:
    template: Welcome tour
    name: Welcome tour of Mary Major
    reference: HR-10412

- name: Launch an onboarding with kick-off values, assignees and tags
  tallyfy.platform.tallyfy_process:
    template: New hire onboarding
    name: Onboarding of Jordan Rivera
    reference: HR-20417
    reference_field: Notes
    kickoff:
      New hire name: Jordan Rivera
      Personal email: jordan@example.net
      Start date: "2026-12-01"
      Contract type: Full-time
      Department: Engineering
      Software: [Slack, GitHub]
      Hardware: [Laptop, "1"]
      Buddy: [bob@example.com]
    assignments:
      Create accounts:
        members: [john.smith@example.com]
        deadline: "2026-11-30 17:00:00"
    owner: alice.smith@example.com
    tags: [Onboarding]
  register: onboarding

- name: Show what a launch would do
  tallyfy.platform.tallyfy_process:
    template: Welcome tour
    name: Welcome tour of Richard Roe
    reference: HR-10413
  check_mode: true
  diff: true

- name: Correct a kick-off value of a running process
  tallyfy.platform.tallyfy_process:
    template: New hire onboarding
    reference: HR-20417
    kickoff:
      Department: Sales
    kickoff_update: true

- name: Change the owner of a process by its ID
  tallyfy.platform.tallyfy_process:
    process_id: fcaae90452f4241d11355039e8797621
    owner: bob@example.com

- name: Rename a process and keep its reference
  tallyfy.platform.tallyfy_process:
    process_id: fcaae90452f4241d11355039e8797621
    name: Onboarding of Jordan Rivera

- name: Tag a process and add it to a folder
  tallyfy.platform.tallyfy_process:
    template: Welcome tour
    reference: HR-10412
    tags: [Onboarding, Urgent]
    folders: [HR]

- name: Archive duplicates of a process and keep the oldest
  tallyfy.platform.tallyfy_process:
    template: Welcome tour
    name: "Welcome tour: Robin Hale"
    duplicates: archive

- name: Archive a process
  tallyfy.platform.tallyfy_process:
    template: New hire onboarding
    reference: HR-20417
    state: archived
"""

RETURN = r"""
process:
  description:
    - The process after the run. In check mode, the expected process.
    - V(null) when no process exists, with O(state=archived).
    - Values that only Tallyfy knows are V(null) in check mode for a new process.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the process.
      type: str
      sample: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
    name:
      description: Name of the process.
      type: str
      sample: Onboarding of Jordan Rivera (HR-20417)
    reference:
      description:
        - Reference of the process. The value of O(reference_field) when set, otherwise the text in brackets at the end
          of the name.
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
        Reference: null
        Notes: null
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
      sample: "2026-11-29T09:36:12.000Z"
  sample:
    id: 84a55a14dcadec965a96c14fe99a56e1
    name: Welcome tour of Mary Major (HR-10412)
    reference: HR-10412
    template: Welcome tour
    template_id: 3c1d5e7f9a0b2c4d6e8f0a1b2c3d4e5f
    state: present
    status: active
    owner: alice.smith@example.com
    owner_id: 1001
    kickoff:
      Reference: null
      Notes: null
    tags: []
    folders: []
    started_by: null
    percent: 0
    due_date: "2026-12-04T09:41:18.000Z"
    created_at: "2026-11-29T09:41:18.000Z"
    completed_at: null
    archived_at: null
unchangeable:
  description: Kick-off values that differ from those of an existing process and were not changed.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Label of the field.
      type: str
      sample: Department
    current:
      description: Current value of the process.
      type: raw
      sample: Sales
    wanted:
      description: Desired value.
      type: raw
      sample: Engineering
    reason:
      description: Why it cannot be changed.
      type: str
      sample: They are set at the launch; to correct them later, use kickoff_update of tallyfy_process.
  sample:
    - field: Department
      current: Sales
      wanted: Engineering
      reason: They are set at the launch; to correct them later, use kickoff_update of tallyfy_process.
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(launched), V(unarchived), V(updated), V(kickoff_updated), V(tagged), V(untagged),
        V(added_to_folder) or V(archived).
      type: str
      sample: launched
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [assignments, kickoff, name, owner, tags]
    reason:
      description: Reason for the step.
      type: str
      sample: "no process has the reference 'HR-20417'"
    target:
      description: The template, the tag, the folder, or the ID of an archived duplicate. V(null) for other steps.
      type: str
      sample: New hire onboarding
  sample:
    - action: launched
      reason: "no process has the reference 'HR-20417'"
      fields: [assignments, kickoff, name, owner, tags]
      target: New hire onboarding
notes:
  description: Remarks that are not errors. They are also issued as warnings. Before ansible-core 2.22, the registered
    result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Onboarding of Jordan Rivera (HR-20417): Tallyfy keeps its own Department. They count at the
      launch; kickoff_update of tallyfy_process corrects them later.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: launched
    reason: "no process has the reference 'HR-20417'"
    fields: [kickoff, name]
    target: New hire onboarding
not_stored:
  description: Labels of fields whose values Tallyfy accepted but did not store, or C(name) or C(owner_id).
  type: list
  elements: str
  returned: always
  sample: [Department]
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
not_before:
  description: Earliest time to run the task again, in ISO 8601, when a limit of Tallyfy requires a wait longer than
    O(max_wait). Otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import STATE_KEYS, ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import PROCESS_OPTIONS, SINGLE_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process


def ensure(task: Task) -> dict[str, object]:
    """Bring the process into the desired state."""
    return ensure_process(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec={**PROCESS_OPTIONS, **SINGLE_OPTIONS},
    operation=ensure,
    result_keys={"process": None, "unchangeable": [], **STATE_KEYS},
    takes_texts=True,
    rules={
        "required_one_of": [("template", "process_id"), ("name", "reference", "process_id")],
        "mutually_exclusive": [("template", "process_id"), ("reference_field", "process_id")],
    },
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
