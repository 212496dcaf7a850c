#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_process
short_description: Launch one Tallyfy process exactly once
version_added: 0.1.0
description:
  - Launches a process from a template, once for each O(reference). The next run, another run at the same time and a run
    after an answer that got lost find the process and launch no second one.
  - Values for the kick-off form are given by the labels that people see. They are checked against the template and
    written as each type of field wants them, before anything is sent; whatever is wrong is told at once.
  - After the launch the values are compared with what Tallyfy stored. One that it dropped is reported as a failure.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  template:
    description:
      - ID of the template, or its exact title, which no other template may have.
      - A title costs one request more than an ID.
      - Needed unless O(process_id) is given.
    type: str
  process_id:
    description:
      - ID of a process that is there, in the place of O(template) and what it is found by. It is never launched, and an
        ID that no process has is a failure, with O(state=archived), too, because an ID is copied from a process
        and not made up. One that is not there was deleted by somebody, or is not in this organization.
      - O(name) and O(reference) are then what it is to be called. A reference that it carries stays in its name unless
        another one is given.
    type: str
  name:
    description:
      - Name of the process, at most 550 characters. One of O(name), O(reference) and O(process_id) is needed.
      - Without it the process has the title of the template for a name.
    type: str
  reference:
    description:
      - What the process is found by, such as the number of an employee or an e-mail address. Case does not matter.
      - It is written at the end of the name, in brackets, so that it can be found again.
      - Put quotes around one of digits; a number is refused. Of C(00123) without quotes YAML makes 83.
      - Without it, the process is found by its whole O(name).
    type: str
  reference_field:
    description:
      - Label of a text field of the kick-off form that gets the O(reference), too. The process is then also found when
        somebody changes its name.
      - When no name carries the reference, Tallyfy is asked for the value. Where its search does not find values, which
        is tried out with a process that is there, all processes of the template are read, which costs one request for
        each hundred of them; the items of a loop share what was read.
      - A template that names its processes itself (automatic naming) needs it, since no name tells then.
    type: str
  kickoff:
    description:
      - Values for the kick-off form, by label. Case does not matter. Where several fields have one label, use the alias
        of the field, which M(tallyfy.platform.tallyfy_template_info) shows.
      - For a text, an e-mail or a date, give a text. A date without an offset is in UTC.
      - Put quotes around a text of digits. YAML takes C(00123) for 83 and C(12:30:45) for 45045. An integer is taken,
        and RV(notes) tells what is sent; a number with a fraction is refused.
      - For a radio button or a dropdown, give the text of the option, for a multiselect a list of them.
      - For a table, give one list with an entry for each column, or a dictionary by the labels of the columns.
      - For an assignees field, give a list of members' e-mail addresses, or a dictionary with the lists C(members),
        C(guests) (e-mail addresses) and C(groups) (names).
      - For a file, give its web address.
      - Values count at the launch. When they differ from those of a process that is there, RV(unchangeable) tells,
        unless O(kickoff_update) is true.
    type: dict
  assignments:
    description:
      - Who gets which step, by the title of the step. Only used by a launch.
      - Each value is a list of members' e-mail addresses, or a dictionary with C(members) and C(guests) (e-mail
        addresses), C(groups) (names), and C(deadline), a date in UTC.
      - A list is added to those whom the template says. A dictionary with C(add) and C(remove), or with C(set), takes
        somebody out, or says exactly who gets it. Somebody must be left.
    type: dict
  owner:
    description:
      - E-mail address of the member who owns the process.
    type: str
  tags:
    description:
      - Titles of tags. A list or a text, whose titles are separated by semicolons, is added; other tags stay. A
        dictionary has C(add) and C(remove), or C(set), which is the whole list.
      - Tags that it is to have must exist.
      - A tag is taken off by the ID of its tie to the process. Where Tallyfy shows the tags and not the ties, a tag
        that would have to be taken off is refused.
    type: raw
  folders:
    description:
      - Names of folders for processes, with the same forms as O(tags). They must exist.
      - Tallyfy tells the ID by which a process is taken out of a folder only to whoever puts it there. So one that
        would have to be taken out is refused.
    type: raw
  state:
    description:
      - V(present) makes sure that the process has been launched and is not archived. One that is completed is present.
      - V(archived) makes sure that no active process carries the reference. What was never launched stays so, and a
        warning says that there is none, since the name may be misspelled. Values that the process has already may be
        given with it, as they are when a record of M(tallyfy.platform.tallyfy_process_info) is given back; others are
        refused.
    type: str
    choices: [present, archived]
    default: present
  kickoff_update:
    description:
      - Whether values of O(kickoff) are also written to a process that is there and has others.
      - All values of the form are sent and read back. It fails when Tallyfy does not store them, as it may with a form
        that has been completed and not been reopened.
    type: bool
    default: false
  duplicates:
    description:
      - What becomes of further active processes that carry the same reference, such as two runs on controllers with
        different state directories left behind in earlier versions, or somebody launched by hand.
      - V(report) names them in a warning and RV(notes). V(archive) archives all but the oldest one, and with
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
  - Tallyfy launches as many processes as it is asked to, so a launch whose answer got lost is never sent again. It is
    looked for, and when it does not show up the module fails and says so; the next run looks first. Where Tallyfy did
    not answer in time it may still be at work on the launch, so the next run waits until two minutes have passed, or
    fails when that is longer than O(max_wait).
  - One process of a controller at a time launches from a template, by a lock in O(state_dir).
    No lock exists between controllers, so every run looks again right before it launches, and once more afterwards,
    when the second of its launch has passed. When two have launched the same, the older process stays, and who launched
    the other one archives it and tells so in RV(notes).
  - Where the search of Tallyfy may not find a reference or a name, because of an accented letter in it, all processes
    of the template are read before one is launched.
  - When Tallyfy gives a process another name than the one it was launched with, it gets the desired name back right
    after the launch. Give O(reference_field) where that happens, so that a run that is broken off in between does not
    matter.
  - A process that was deleted for good is launched again.
  - What RV(process) tells can be given back as options, and then nothing changes. The addresses of the owner and of
    other members whom it names take one request, names of groups another one, for all items of a loop.
seealso:
  - module: tallyfy.platform.tallyfy_process_info
  - module: tallyfy.platform.tallyfy_template_info
"""

EXAMPLES = r"""
- name: Launch the onboarding of Jordan, once
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

- name: Hand it over
  tallyfy.platform.tallyfy_process:
    process_id: fcaae90452f4241d11355039e8797621
    owner: bob@example.com

- name: Archive it
  tallyfy.platform.tallyfy_process:
    template: New hire onboarding
    reference: HR-20417
    state: archived
"""

RETURN = r"""
process:
  description:
    - The process after the run. In check mode, the process as the run would leave it.
    - V(null) when there is none, with O(state=archived).
    - Values that only Tallyfy knows are V(null) for one that would be launched in check mode.
  type: dict
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
        - The reference that it carries. That is the value of O(reference_field) where that is given and holds one, else
          what stands in the brackets at the end of its name.
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
    id: 7c4f0d1e2b3a49588a6b5c4d3e2f1a00
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
unchangeable:
  description: Kick-off values that differ from what is asked for, of a process that is there already, and stay so.
  type: list
  elements: dict
  returned: always
  contains:
    field:
      description: Label of the field.
      type: str
    current:
      description: What the process has.
      type: raw
    wanted:
      description: What is asked for.
      type: raw
    reason:
      description: Why it stays as it is.
      type: str
  sample:
    - field: Department
      current: Sales
      wanted: Engineering
      reason: They count at the launch; kickoff_update of tallyfy_process corrects them later.
actions:
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(launched), V(unarchived), V(updated), V(kickoff_updated), V(tagged), V(untagged),
        V(added_to_folder) or V(archived).
      type: str
    fields:
      description: Names of what the step writes.
      type: list
      elements: str
    reason:
      description: Why the step is needed.
      type: str
    target:
      description: The template, the tag, the folder, or the ID of a duplicate that is archived; V(null) for other
        steps.
      type: str
  sample:
    - action: launched
      reason: no process carries 'HR-20417'
      fields: [assignments, kickoff, name, owner, tags]
      target: New hire onboarding
notes:
  description:
    - What somebody should know about the run. The same as the warnings, which get lost in the registered result of a
      loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Onboarding of Jordan Rivera (HR-20417): Tallyfy keeps its own Department. They count at the launch; kickoff_update
      of tallyfy_process corrects them later.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: launched
    reason: no process carries 'HR-20417'
    fields: [kickoff, name]
    target: New hire onboarding
not_stored:
  description: Labels of the fields whose values Tallyfy answered with success and did not store; C(name) or C(owner_id)
    when it did not store these.
  type: list
  elements: str
  returned: always
  sample: [Department]
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
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

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
