#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_onboarding
short_description: Bring people into a Tallyfy organization, with their groups, guests and processes
version_added: 0.1.0
description:
  - Adds and changes people, puts them into groups, makes sure that guests are there, and launches one process for each
    person exactly once, all in one task.
  - Everything is read and checked first. As long as anything is wrong, nothing is written, and the message names all of
    it.
  - However many people there are, the members, the groups and the processes are read in pages, each template once, and
    each group is written once.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people. Each is a dictionary with options of M(tallyfy.platform.tallyfy_user), C(state) and C(reassign_to)
        apart, for nobody leaves by an onboarding.
      - C(groups) must be there, or be listed in O(ensure_groups).
      - C(process) is the person's process, with options of M(tallyfy.platform.tallyfy_process) as in O(process), and
        goes before what O(process) says, kick-off values one by one. A text is its template. V(false) is no process.
      - A blank field counts as not given.
    type: list
    elements: raw
  src:
    description:
      - Path of a file that holds the people, on the machine that runs the task, instead of O(people). What a file may
        hold is told at M(tallyfy.platform.tallyfy_roster).
      - C(process) is the title of a template, or C(false), in a column of a CSV file, and may be a dictionary in the
        others.
    type: path
  defaults:
    description:
      - What goes for everybody whose row does not say otherwise, with the same fields but C(email) and C(process).
    type: dict
    default: {}
  process:
    description:
      - The process of everybody, with the options C(template), C(name), C(reference), C(reference_field), C(kickoff),
        C(assignments), C(owner), C(tags) and C(folders) of M(tallyfy.platform.tallyfy_process).
      - In its texts, the name of a field of the person in braces stands for the value, as in C({full_name}). There are
        C(email), C(first_name), C(last_name), C(full_name), C(role), C(timezone), C(phone), C(job_title),
        C(job_description), C(team), C(country_id) and C(date_format). Texts of O(people) are taken as they stand.
      - The reference is C({email}) unless another one is given, so that nobody gets two. Somebody whose address changes
        gets a second process then, so better give each row's C(process) a C(reference) that never changes, such as the
        personnel number.
      - The title of a template alone will do.
      - Without it, only those have a process whose row says so.
    type: raw
  ensure_groups:
    description:
      - Groups that must exist, as names or as dictionaries with C(name) and C(description). One that does not is
        created, in one request with its first members. A text is a list with semicolons or line breaks.
    type: raw
    default: []
  ensure_guests:
    description:
      - Guests that must be there, as e-mail addresses or as dictionaries with options of
        M(tallyfy.platform.tallyfy_guest), C(state) apart. A text is a list with semicolons or line breaks.
    type: raw
    default: []
  min_admins:
    description:
      - How many active administrators must be left when somebody's role changes.
    type: int
    default: 2
  concurrency:
    description:
      - How many requests are under way at the same time, at most 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) goes on with the others when somebody could not be brought into the desired state.
      - V(stop) starts no further work after a failure.
    type: str
    choices: [finish, stop]
    default: finish
  report:
    description:
      - Path on the controller of a report, C(.md), C(.html) or C(.json) by its ending.
      - It is written by the action plugin, in check mode too and also when the task fails.
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
  - An acting member must be an administrator for most of this. A member who may not do what has to be done is refused
    before the first write, in check mode too.
  - People come first, then groups, guests and processes. Nobody's process is launched who could not be brought in.
  - A launch whose answer got lost is looked for and never sent again; see M(tallyfy.platform.tallyfy_process). Run the
    task again for what is told to be unknown, failed or deferred.
  - One run at a time works on the members of an organization and launches from a template, by locks in O(state_dir).
    A second one waits for up to O(max_wait) seconds and then fails.
  - With O(report) the task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_process
  - module: tallyfy.platform.tallyfy_guest
"""

EXAMPLES = r"""
- name: Bring two people in, with their groups and the process of their onboarding
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
      tags: [Onboarding]
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
        groups: [Engineering, Newcomers]
        process:
          reference: HR-10413
          kickoff:
            Start date: "2026-12-15"
            Buddy: [mary.major@example.com]
    ensure_groups:
      - name: Newcomers
        description: Everybody in their first months
    ensure_guests:
      - email: agency@example.net
        company_name: A Recruiting Agency
        associated_members: [mary.major@example.com]

- name: Bring in who is in the file, each with the process that the file names
  tallyfy.platform.tallyfy_onboarding:
    src: new-hires.csv
    defaults:
      role: standard
"""

RETURN = r"""
people:
  description:
    - One row for each person, in the order of the list. After a failure, only the rows of those for whom something was
      to be done.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    name:
      description: Full name as far as it is known; may be empty.
      type: str
    action:
      description: The first step for the person, as in M(tallyfy.platform.tallyfy_roster), or V(none).
      type: str
    fields:
      description: Names of the fields that differ.
      type: list
      elements: str
    outcome:
      description: V(created), V(invited), V(enabled), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped),
        of the person and their process what matters most. A disabled member who is enabled is V(enabled); one for whom
        a process alone is launched or unarchived is V(updated).
      type: str
    message:
      description: What was done, or why it was not.
      type: str
    before:
      description: The values that differ, as they were; empty when the member is up to date.
      type: dict
    after:
      description: The values that differ, as desired; empty when the member is up to date.
      type: dict
    notes:
      description: What somebody should know about the person.
      type: list
      elements: str
    process:
      description: The process, V(null) when there is to be none.
      type: dict
      contains:
        id:
          description: ID of the process, V(null) when it has not been launched.
          type: str
        name:
          description: Name of the process.
          type: str
        template:
          description: Title of its template.
          type: str
        reference:
          description: By what it is found.
          type: str
        action:
          description: V(launched), V(unarchived), V(updated), V(tagged), V(untagged), V(added_to_folder), V(archived)
            (another one with the same reference) or V(unchanged).
          type: str
        outcome:
          description: V(launched), V(unarchived), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped).
          type: str
        message:
          description: Why it is not as desired, and what somebody should know.
          type: str
        notes:
          description: What somebody should know about the process.
          type: list
          elements: str
        unchangeable:
          description: Kick-off values that differ from what is asked for; see M(tallyfy.platform.tallyfy_process).
          type: list
          elements: dict
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
  description: One row for each of O(ensure_groups).
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group.
      type: str
    action:
      description: V(created), V(updated) or V(unchanged).
      type: str
    outcome:
      description: V(created), V(updated), V(unchanged), V(deferred), V(failed) or V(skipped).
      type: str
    message:
      description: Why it is not as desired, and what somebody should know.
      type: str
    notes:
      description: What somebody should know about the group.
      type: list
      elements: str
  sample:
    - name: Newcomers
      action: created
      outcome: created
      message: ""
      notes: []
guests:
  description: One row for each of O(ensure_guests).
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    action:
      description: V(created), V(updated), V(enabled) or V(unchanged).
      type: str
    outcome:
      description: As for RV(groups).
      type: str
    message:
      description: Why it is not as desired, and what somebody should know.
      type: str
    notes:
      description: What somebody should know about the guest.
      type: list
      elements: str
    unchangeable:
      description: Fields that differ from what is asked for; see M(tallyfy.platform.tallyfy_guest).
      type: list
      elements: dict
  sample:
    - email: agency@example.net
      action: created
      outcome: created
      message: ""
      notes: []
      unchangeable: []
summary:
  description: How many of C(people), C(processes), C(groups) and C(guests) have each outcome; each counts once.
  type: dict
  returned: always
  contains:
    people:
      description:
        - C(created), C(invited), C(enabled), C(updated), C(unchanged), C(deferred), C(failed) and C(skipped).
      type: dict
    processes:
      description: C(launched), C(unarchived), C(updated) and the same others.
      type: dict
    groups:
      description: C(created), C(updated) and the same others.
      type: dict
    guests:
      description: C(created), C(enabled), C(updated) and the same others.
      type: dict
  sample:
    people: {created: 2, invited: 0, enabled: 0, updated: 0, unchanged: 0, deferred: 0, failed: 0, skipped: 0}
    processes: {launched: 2, unarchived: 0, updated: 0, unchanged: 0, deferred: 0, failed: 0, skipped: 0}
    groups: {created: 1, updated: 0, unchanged: 0, deferred: 0, failed: 0, skipped: 0}
    guests: {created: 1, enabled: 0, updated: 0, unchanged: 0, deferred: 0, failed: 0, skipped: 0}
deferred:
  description: Who lacks nothing but time or seats, and from when on it can go on.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    reason:
      description: What is lacking.
      type: str
    not_before:
      description: When it can go on, in ISO 8601, V(null) when that is not known.
      type: str
  sample:
    - email: agency@example.net
      reason: "Deferred until 2026-11-22T14:00:00Z: the hourly limit is reached."
      not_before: "2026-11-22T14:00:00Z"
actions:
  description: What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: The person.
      type: str
      returned: for people and their processes
    process:
      description: Name of the process.
      type: str
      returned: for processes
    group:
      description: Name of the group.
      type: str
      returned: for O(ensure_groups)
    guest:
      description: E-mail address of the guest.
      type: str
      returned: for O(ensure_guests)
    action:
      description: What was done, in the words of the module for one such thing.
      type: str
    fields:
      description: Names of the fields the step writes.
      type: list
      elements: str
    reason:
      description: Why the step is needed.
      type: str
    target:
      description: The group, the template, the tag or the folder; V(null) for other steps.
      type: str
  sample:
    - email: mary.major@example.com
      action: created
      reason: not a member of the organization
      fields: [email, first_name, last_name, role]
      target: null
problems:
  description:
    - What is wrong with the input, or why people, groups and guests could not be converged, one text for all who met
      the same obstacle.
    - Empty when there is nothing of the kind.
  type: list
  elements: str
  returned: always
  sample:
    - "richard.roe@example.com: POST /applications/25f66ae8cd27630803af1f25fe015a1a/users: the answer got lost."
notes:
  description:
    - What somebody should know about the run, such as fields that could not be changed. The same as the warnings, which
      show no more than the first ten.
  type: list
  elements: str
  returned: always
  sample:
    - "grace.kim@example.net belongs to 2 organizations, so only they themselves can change their team."
org_id:
  description: ID of the organization; V(null) when the task failed before its own work began.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: Where the task worked and in whose name. Empty when it failed before its own work was done.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
    name:
      description: Name of the organization; V(null) unless it is asked for, which takes O(report) or a role.
      type: str
    acting_as:
      description: E-mail address of the acting member, or the application with its ID.
      type: str
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: null
    acting_as: the application 1111
check_mode:
  description: Whether this was check mode.
  type: bool
  returned: always
  sample: false
report:
  description: Path of the report that was written, V(null) when none was.
  type: str
  returned: always
  sample: /home/alice/new-hires.html
requests:
  description: How many requests were sent, sign-ins included.
  type: int
  returned: always
  sample: 20
"""

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
