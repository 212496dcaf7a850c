#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_onboarding
short_description: Onboard people to a Tallyfy organization with groups, guests and processes
version_added: 1.0.0
description:
  - Adds and changes people, adds them to groups, ensures that guests exist, and launches one process per person exactly
    once, all in one task.
  - Everything is read and validated first. While there is an error, nothing is written, and the message names all of
    them.
  - The number of requests grows slowly with the number of people. Members, groups and processes are read in pages, each
    template is read once, and each group is written once.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people. Each entry is a dictionary with the options of M(tallyfy.platform.tallyfy_user), except C(state) and
        C(reassign_to), because an onboarding removes nobody.
      - The groups in C(groups) must exist or be listed in O(ensure_groups).
      - C(process) is the process of the person, with the same fields as O(process). It overrides O(process) field by
        field, and kick-off value by kick-off value. A string is the title of a template. V(false) means no process.
      - A blank field counts as omitted.
    type: list
    elements: raw
  src:
    description:
      - Path of a file with the people, on the machine that runs the task, instead of O(people). The formats are those
        of O(tallyfy.platform.tallyfy_roster#module:src).
      - In a CSV file, the column C(process) holds the title of a template, or C(false). In YAML and JSON files it may
        also be a dictionary.
    type: path
  defaults:
    description:
      - Values for fields that a row omits. The fields are those of a row, except C(email) and C(process).
    type: dict
    default: {}
  process:
    description:
      - The process to launch for each person. The fields are C(template), C(name), C(reference), C(reference_field),
        C(kickoff), C(assignments), C(owner), C(tags) and C(folders), as in M(tallyfy.platform.tallyfy_process).
      - The name of a person's field in braces, such as C({full_name}), is replaced by its value. The fields are
        C(email), C(first_name), C(last_name), C(full_name), C(role), C(timezone), C(phone), C(job_title),
        C(job_description), C(team), C(country_id) and C(date_format). Texts in O(people) are not expanded.
      - The reference defaults to C({email}), so nobody gets a second process. If addresses can change, set a permanent
        C(reference), such as the personnel number, in the C(process) of each row. With a new address and the default,
        the person would get a second process.
      - A string is the title of a template.
      - Without this option, only people whose row has a C(process) get one.
    type: raw
  ensure_groups:
    description:
      - Groups that must exist, as names or as dictionaries with C(name) and C(description). A missing group is created
        in one request with its first members. A string is a list whose entries are separated by semicolons or line
        breaks.
    type: raw
    default: []
  ensure_guests:
    description:
      - Guests that must exist, as e-mail addresses or as dictionaries with the options of
        M(tallyfy.platform.tallyfy_guest), except C(state). A string is a list whose entries are separated by semicolons
        or line breaks.
    type: raw
    default: []
  min_admins:
    description:
      - Minimum number of active administrators that must remain when the role of a member changes.
    type: int
    default: 2
  concurrency:
    description:
      - Maximum number of parallel requests, from 1 to 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) continues with the other people after an error. V(stop) starts no further work after an error. The
        task fails at the end in both cases.
    type: str
    choices: [finish, stop]
    default: finish
  report:
    description:
      - Path of a report on the controller. The ending C(.md), C(.html) or C(.json) selects the format.
      - The action plugin writes the report, also in check mode and when the task fails.
    type: path
extends_documentation_fragment:
  - tallyfy.platform.rows
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
  - Most changes require the acting member to be an administrator. Without the necessary rights the module fails before
    the first write, in check mode too.
  - People are written first, then groups, guests and processes. No process is launched for a person who could not be
    added.
  - When the answer to a launch is lost, the module looks for the process and never repeats the launch; see
    M(tallyfy.platform.tallyfy_process). Run the task again for people who are reported as unknown, failed or deferred.
  - Locks in O(state_dir) let one run at a time write the members of an organization and launch from a template. A
    second run waits for up to O(max_wait) seconds and then fails.
  - A task with O(report) cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_process
  - module: tallyfy.platform.tallyfy_guest
"""

EXAMPLES = r"""
- name: Onboard two people with a role, a group and a process
  tallyfy.platform.tallyfy_onboarding:
    defaults:
      role: standard
      groups: [Engineering]
    process:
      template: New hire onboarding
      name: Onboarding of {full_name}
      kickoff:
        New hire name: "{full_name}"
        Personal email: "{email}"
        Contract type: Full-time
        Department: Engineering
    people:
      - email: mary.major@example.com
        first_name: Mary
        last_name: Major
        process:
          reference: HR-10412
          kickoff:
            Start date: "2026-12-01"
      - email: richard.roe@example.com
        first_name: Richard
        last_name: Roe
        process:
          reference: HR-10413
          kickoff:
            Start date: "2026-12-15"
            Buddy: [mary.major@example.com]

- name: Onboard the people in a file, each with the process that the file names
  tallyfy.platform.tallyfy_onboarding:
    src: new-hires.csv
    defaults:
      role: standard

- name: Show what an onboarding would do and write a report
  tallyfy.platform.tallyfy_onboarding:
    people:
      - email: alex.poe@example.com
        first_name: Alex
        last_name: Poe
    process: Welcome tour
    report: onboarding.html
  check_mode: true
  diff: true

- name: Create a group and a guest together with a new member
  tallyfy.platform.tallyfy_onboarding:
    people:
      - email: alex.poe@example.com
        first_name: Alex
        last_name: Poe
        groups: [Newcomers]
    ensure_groups:
      - name: Newcomers
        description: Everybody in their first months
    ensure_guests:
      - email: agency@example.net
        company_name: A Recruiting Agency
        associated_members: [alex.poe@example.com]

- name: Invite a person by e-mail instead of adding them at once
  tallyfy.platform.tallyfy_onboarding:
    people:
      - email: kim.park@example.com
        first_name: Kim
        last_name: Park
        provision: invite
        invitation_message: Welcome! Your first tasks are waiting for you.

- name: Launch a process for a member who is already there
  tallyfy.platform.tallyfy_onboarding:
    people:
      - email: bob@example.com
    process:
      template: Welcome tour
      name: Refresher for {full_name}
      reference: "{email}"
      owner: erin.walker@example.com
      tags: [Onboarding]
      folders: [HR]

- name: Assign the steps of each process
  tallyfy.platform.tallyfy_onboarding:
    people:
      - email: erin.walker@example.com
    process:
      template: New hire onboarding
      name: Onboarding of {full_name}
      kickoff:
        New hire name: "{full_name}"
        Personal email: "{email}"
        Start date: "2026-12-01"
        Contract type: Part-time
        Department: Sales
      assignments:
        Create accounts:
          members:
            set: [john.smith@example.com]
        Welcome call:
          members: [bob@example.com]
          deadline: "2026-12-02 10:00:00"

- name: Onboard everybody except one person without a process
  tallyfy.platform.tallyfy_onboarding:
    process: Welcome tour
    people:
      - email: frank.moore@example.com
      - email: charlie.brown@example.com
        process: false
"""

RETURN = r"""
people:
  description: One row per person, in the order of the input. After a failure, only people who needed a change.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: mary.major@example.com
    name:
      description: Full name, as far as known. May be empty.
      type: str
      sample: Mary Major
    action:
      description: The first step for the person, as in M(tallyfy.platform.tallyfy_roster), or V(none).
      type: str
      sample: created
    fields:
      description: Names of the fields that differ.
      type: list
      elements: str
      sample: [email, first_name, groups, last_name, role]
    outcome:
      description: V(created), V(invited), V(enabled), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped).
        It combines the person and the process. A member who only got a process launched or unarchived is V(updated).
      type: str
      sample: created
    message:
      description: What was done, or why it was not done.
      type: str
      sample: >-
        Created as standard; added to group Engineering. Process launched: Onboarding of Mary Major (HR-10412).
    before:
      description: Current values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        role: standard
    after:
      description: Desired values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        first_name: Mary
        last_name: Major
        email: mary.major@example.com
        role: standard
        groups: [Engineering]
    notes:
      description: Remarks about the person.
      type: list
      elements: str
      sample:
        - >-
          grace.kim@example.net belongs to 2 organizations, so only this person can change team.
    process:
      description: The process. V(null) when the person gets none.
      type: dict
      contains:
        id:
          description: ID of the process. V(null) when it has not been launched.
          type: str
          sample: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
        name:
          description: Name of the process.
          type: str
          sample: Onboarding of Mary Major (HR-10412)
        template:
          description: Title of its template.
          type: str
          sample: New hire onboarding
        reference:
          description: Reference by which the process is found.
          type: str
          sample: HR-10412
        action:
          description: V(launched), V(unarchived), V(updated), V(tagged), V(untagged), V(added_to_folder), V(archived)
            (a duplicate with the same reference) or V(unchanged).
          type: str
          sample: launched
        outcome:
          description: V(launched), V(unarchived), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped).
          type: str
          sample: launched
        message:
          description: Why it could not be converged, and remarks.
          type: str
          sample: >-
            Onboarding: Jordan Rivera (HR-10293): Tallyfy keeps its own Department. They are set at the launch;
            to correct them later, use kickoff_update of tallyfy_process.
        notes:
          description: Remarks about the process.
          type: list
          elements: str
          sample:
            - >-
              Onboarding: Jordan Rivera (HR-10293): Tallyfy keeps its own Department. They are set at the launch;
              to correct them later, use kickoff_update of tallyfy_process.
        unchangeable:
          description: Kick-off values that differ and cannot be changed; see M(tallyfy.platform.tallyfy_process).
          type: list
          elements: dict
          sample:
            - field: Department
              current: Engineering
              wanted: Sales
              reason: They are set at the launch; to correct them later, use kickoff_update of tallyfy_process.
  sample:
    - email: mary.major@example.com
      name: Mary Major
      action: created
      fields: [email, first_name, groups, last_name, role]
      outcome: created
      message: >-
        Created as standard; added to group Engineering. Process launched: Onboarding of Mary Major
        (HR-10412).
      before: {}
      after:
        first_name: Mary
        last_name: Major
        email: mary.major@example.com
        role: standard
        groups: [Engineering]
      notes: []
      process:
        id: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
        name: Onboarding of Mary Major (HR-10412)
        template: New hire onboarding
        reference: HR-10412
        action: launched
        outcome: launched
        message: ""
        notes: []
        unchangeable: []
groups:
  description: One row per group of O(ensure_groups).
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group.
      type: str
      sample: Newcomers
    action:
      description: V(created), V(updated) or V(unchanged).
      type: str
      sample: created
    outcome:
      description: V(created), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped).
      type: str
      sample: created
    message:
      description: Why it could not be converged, and remarks.
      type: str
      sample: "Deferred until 2026-11-22T14:00:00Z: the hourly limit is reached."
    notes:
      description: Remarks about the group.
      type: list
      elements: str
      sample:
        - >-
          Engineering: Tallyfy keeps its own description. Tallyfy does not let the description of a group
          be empty.
  sample:
    - name: Newcomers
      action: created
      outcome: created
      message: ""
      notes: []
guests:
  description: One row per guest of O(ensure_guests).
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: agency@example.net
    action:
      description: V(created), V(updated), V(enabled) or V(unchanged).
      type: str
      sample: created
    outcome:
      description: V(created), V(updated), V(enabled), V(unchanged), V(deferred), V(failed) or V(skipped).
      type: str
      sample: created
    message:
      description: Why it could not be converged, and remarks.
      type: str
      sample: >-
        partner@example.org: Tallyfy keeps its own company_name. The profile of a guest counts only when they
        are first created in Tallyfy, in whichever organization.
    notes:
      description: Remarks about the guest.
      type: list
      elements: str
      sample:
        - >-
          partner@example.org: Tallyfy keeps its own company_name. The profile of a guest counts only
          when they are first created in Tallyfy, in whichever organization.
    unchangeable:
      description: Profile fields that differ and cannot be changed; see M(tallyfy.platform.tallyfy_guest).
      type: list
      elements: dict
      sample:
        - field: company_name
          current: Partner Co
          wanted: Partner Company
          reason: >-
            The profile of a guest counts only when they are first created in Tallyfy, in whichever organization.
  sample:
    - email: agency@example.net
      action: created
      outcome: created
      message: ""
      notes: []
      unchangeable: []
summary:
  description: Number of people, processes, groups and guests per outcome. Each counts once.
  type: dict
  returned: always
  contains:
    people:
      description: C(created), C(invited), C(enabled), C(updated), C(unchanged), C(deferred), C(failed) and C(skipped).
      type: dict
      sample:
        created: 2
        invited: 0
        enabled: 0
        updated: 0
        unchanged: 0
        deferred: 0
        failed: 0
        skipped: 0
    processes:
      description: C(launched), C(unarchived), C(updated), C(unchanged), C(deferred), C(failed) and C(skipped).
      type: dict
      sample:
        launched: 2
        unarchived: 0
        updated: 0
        unchanged: 0
        deferred: 0
        failed: 0
        skipped: 0
    groups:
      description: C(created), C(updated), C(unchanged), C(deferred), C(failed) and C(skipped).
      type: dict
      sample:
        created: 1
        updated: 0
        unchanged: 0
        deferred: 0
        failed: 0
        skipped: 0
    guests:
      description: C(created), C(enabled), C(updated), C(unchanged), C(deferred), C(failed) and C(skipped).
      type: dict
      sample:
        created: 1
        enabled: 0
        updated: 0
        unchanged: 0
        deferred: 0
        failed: 0
        skipped: 0
  sample:
    people:
      created: 2
      invited: 0
      enabled: 0
      updated: 0
      unchanged: 0
      deferred: 0
      failed: 0
      skipped: 0
    processes:
      launched: 2
      unarchived: 0
      updated: 0
      unchanged: 0
      deferred: 0
      failed: 0
      skipped: 0
    groups:
      created: 0
      updated: 0
      unchanged: 0
      deferred: 0
      failed: 0
      skipped: 0
    guests:
      created: 0
      enabled: 0
      updated: 0
      unchanged: 0
      deferred: 0
      failed: 0
      skipped: 0
deferred:
  description: People and guests who have to wait for a seat or for the end of a limit.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: agency@example.net
    reason:
      description: Why they have to wait.
      type: str
      sample: "Deferred until 2026-11-22T14:00:00Z: the hourly limit is reached."
    not_before:
      description: Earliest time to run the task again, in ISO 8601. V(null) when it is not known.
      type: str
      sample: "2026-11-22T14:00:00Z"
  sample:
    - email: agency@example.net
      reason: "Deferred until 2026-11-22T14:00:00Z: the hourly limit is reached."
      not_before: "2026-11-22T14:00:00Z"
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address of the person.
      type: str
      returned: for people and their processes
      sample: mary.major@example.com
    process:
      description: Name of the process.
      type: str
      returned: for processes
      sample: Onboarding of Mary Major (HR-10412)
    group:
      description: Name of the group.
      type: str
      returned: for O(ensure_groups)
      sample: Newcomers
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for O(ensure_guests)
      sample: agency@example.net
    action:
      description: The step, in the terms of the module for a single resource.
      type: str
      sample: created
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [email, first_name, last_name, role]
    reason:
      description: Reason for the step.
      type: str
      sample: not a member of the organization
    target:
      description: The group, the template, the tag or the folder; V(null) for other steps.
      type: str
      sample: Engineering
  sample:
    - email: mary.major@example.com
      action: created
      reason: not a member of the organization
      fields: [email, first_name, last_name, role]
      target: null
problems:
  description:
    - Errors, one text each, such as invalid input or the reason why people, groups and guests could not be converged.
      People with the same error share one text.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      richard.roe@example.com: POST /applications/25f66ae8cd27630803af1f25fe015a1a/users: the answer
      got lost.
notes:
  description: Remarks that are not errors, such as fields that could not be changed. They are also issued as warnings,
    of which at most ten are shown.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      grace.kim@example.net belongs to 2 organizations, so only this person can change team.
org_id:
  description: ID of the organization. V(null) when the options were invalid.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: The organization and the identity that made the calls. Empty when the task failed early.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    name:
      description: Name of the organization. V(null) unless O(report) or a role requires it.
      type: str
      sample: Globex Corporation
    acting_as:
      description: E-mail address of the acting member, or the application with its ID.
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
report:
  description: Path of the report. V(null) when none was written.
  type: str
  returned: always
  sample: /home/alice/onboarding.html
requests:
  description: Number of requests that the task sent, including sign-ins and retries.
  type: int
  returned: always
  sample: 20
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.operation import (
    ONBOARDING_OPTIONS,
    ONBOARDING_RULES,
    ensure_onboarding,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.result import ONBOARDING_KEYS


def ensure(task: Task) -> dict[str, object]:
    """Bring everybody in."""
    return ensure_onboarding(task)


SPEC = ModuleSpec(
    argument_spec=ONBOARDING_OPTIONS, operation=ensure, rules=ONBOARDING_RULES, result_keys=ONBOARDING_KEYS
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
