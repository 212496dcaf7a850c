#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_roster_drift
short_description: Tell how a Tallyfy organization differs from its roster
version_added: 0.1.0
description:
  - Compares the members of a Tallyfy organization with a roster and returns everybody who differs, field by field.
    Nothing is ever written to Tallyfy, so no rights of an administrator are needed.
  - It makes the plan that M(tallyfy.platform.tallyfy_roster) would carry out with the same options, so a comparison and
    a run agree.
  - What a run would refuse because of the organization hides no drift. A group of the roster that is not there is in
    RV(groups), and somebody whose row the organization does not allow is in RV(people). O(protect) takes nobody out of
    the result, and there is no limit to how much may differ.
  - A mistake in the roster, or a sign-in that fails, is a failure with RV(problems) in which RV(drifted) is V(false).
    With O(fail) drift is a failure, too. RV(drifted) is V(true) then, and every row is there.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people of the roster. Each is a dictionary as in O(tallyfy.platform.tallyfy_roster#module:people).
      - A field that is left out comes from O(defaults). When it is not there either, it is not compared.
    type: list
    elements: raw
  src:
    description:
      - Path of a file that holds the people, on the machine that runs the task, as in
        O(tallyfy.platform.tallyfy_roster#module:src).
    type: path
  defaults:
    description:
      - Fields for everybody whose row leaves them out.
    type: dict
    default: {}
  unlisted:
    description:
      - What counts of members who are not listed.
      - V(disabled) counts those who have access as V(extra), as a run with O(unlisted=disabled) would take their access
        away. An empty list is then refused.
      - V(ignore) leaves them out.
    type: str
    choices: [ignore, disabled]
    default: ignore
  protect:
    description:
      - People whom a run would never disable or delete, as e-mail addresses or as patterns such as
        V(*@partner.example.com). Those who are not listed are V(kept) instead of V(extra).
      - The Tallyfy Bot, support accounts, the default administrator and the acting user are protected in any case.
    type: list
    elements: str
    default: []
  reassign_to:
    description:
      - Who takes over from everybody who leaves, unless their row names somebody else. Open tasks that wait for
        somebody without access, and that a run would hand over, are V(different).
    type: str
  report:
    description:
      - Path of a report, on the machine that runs Ansible. It ends in C(.md), C(.html) or C(.json), which decides the
        form. It is written in check mode too, and also when the task fails.
      - The name of the organization is looked up for it, which costs one request.
    type: path
  fail:
    description:
      - Whether the task fails when there is drift, for a pipeline that only looks at the exit status.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.rows
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
notes:
  - A member who has no access and is not listed is up to date, and so is somebody listed as V(disabled) or V(deleted)
    who is not there. The latter is told in RV(notes), since the address may be misspelled.
  - With O(report) the task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_roster_export
"""

EXAMPLES = r"""
- name: See how the organization differs from the file, people included who are not in it
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
    unlisted: disabled
    report: drift.html
  register: drift

- name: Compare some people and a group
  tallyfy.platform.tallyfy_roster_drift:
    people:
      - email: bob@example.com
        role: light
        groups:
          set: [Engineering]
      - email: erin.walker@example.com
        groups: [Sales]
      - email: mary.major@example.com
        first_name: Mary
        last_name: Major

- name: Compare everybody, and expect guests of a partner beside the people of the file
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
    unlisted: disabled
    protect:
      - "*@example.net"
      - frank.moore@example.com

- name: Fail when one of the people in the file differs
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
    fail: true
"""

RETURN = r"""
drifted:
  description: Whether there is drift, which is whether RV(summary.total) is more than zero.
  type: bool
  returned: always
  sample: true
summary:
  description:
    - How many people differ in which way.
  type: dict
  returned: always
  contains:
    missing:
      description: People who are listed and are no members.
      type: int
    extra:
      description: Members who are listed as V(disabled) or V(deleted), or, with O(unlisted=disabled), not listed.
      type: int
    different:
      description: Members whose profile, role, groups or access are not as listed.
      type: int
    unclear:
      description: Members of whom something cannot be compared or cannot be changed. They are no drift.
      type: int
    kept:
      description: Members who are not listed and whose access a run would not take away. They are no drift.
      type: int
    groups:
      description: Groups of the roster that are not there.
      type: int
    total:
      description: All drift together, which is V(missing), V(extra), V(different) and V(groups).
      type: int
  sample:
    missing: 1
    extra: 1
    different: 2
    unclear: 0
    kept: 1
    total: 5
    groups: 1
people:
  description:
    - One row for each person who differs, in the order of the roster; then members who are not listed.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address, as the roster has it when it does.
      type: str
    name:
      description: Full name of the member, or, for somebody who is none, as the roster has it.
      type: str
    outcome:
      description: V(missing), V(extra), V(different), V(unclear) or V(kept), as in RV(summary).
      type: str
    differences:
      description:
        - The fields that differ, C(status) and C(groups) among them. Nothing for a member who is not listed, since
          the roster has no field of theirs.
      type: list
      elements: dict
      contains:
        field:
          description: Name of the field.
          type: str
        is:
          description: What it is in Tallyfy, V(null) for nothing. Of C(groups) those that the roster does not want.
          type: raw
        roster:
          description: What the roster wants, V(null) for nothing. Of C(groups) those that the member is not in.
          type: raw
    message:
      description: The same in one line of words.
      type: str
    unlisted:
      description: Whether this is a member who is not listed.
      type: bool
    notes:
      description: What cannot be compared or changed, and why.
      type: list
      elements: str
  sample:
    - email: bob@example.com
      name: Bob Jones
      outcome: different
      differences:
        - field: role
          is: standard
          roster: light
        - field: groups
          is: [People]
          roster: [Engineering]
      message: role is standard, should be light; should be in Engineering; should not be in People
      unlisted: false
      notes: []
    - email: erin.walker@example.com
      name: Erin Walker
      outcome: different
      differences:
        - field: groups
          is: []
          roster: [Sales]
      message: should be in Sales
      unlisted: false
      notes: []
    - email: mary.major@example.com
      name: Mary Major
      outcome: missing
      differences:
        - field: first_name
          is: null
          roster: Mary
        - field: last_name
          is: null
          roster: Major
        - field: role
          is: null
          roster: light
      message: is not a member
      unlisted: false
      notes: []
    - email: john.smith@example.com
      name: John Smith
      outcome: extra
      differences: []
      message: is not on the roster
      unlisted: true
      notes: []
    - email: grace.kim@example.net
      name: Grace Kim
      outcome: kept
      differences: []
      message: "is not on the roster, and a run would keep them: protect holds *@example.net"
      unlisted: true
      notes: []
groups:
  description:
    - One row for each group that the roster names and that is not there, for example because somebody renamed it.
      Whoever should be in it is V(different), too.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group, as the roster has it.
      type: str
    outcome:
      description: V(missing).
      type: str
    people:
      description: E-mail addresses of the people whose rows name it.
      type: list
      elements: str
    message:
      description: The same in words.
      type: str
  sample:
    - name: Sales
      outcome: missing
      people: [erin.walker@example.com]
      message: is not there; 1 person names it
problems:
  description: Why nothing could be compared, one text each. Empty when there is nothing but drift.
  type: list
  elements: str
  returned: always
  sample: ["roster.csv line 2 (bob): email 'bob' is not an e-mail address"]
notes:
  description: What cannot be compared or changed, and who is listed as gone and not known at all.
  type: list
  elements: str
  returned: always
  sample: ["bob@example.com: Tallyfy does not show country_id, so it cannot be compared or checked."]
deferred:
  description: Always empty, since nobody waits. It is there for plays that read the result of any of these modules.
  type: list
  elements: dict
  returned: always
  sample: []
actions:
  description: Always empty, since nothing is done. It is there for plays that read the result of any of these modules.
  type: list
  elements: dict
  returned: always
  sample: []
org_id:
  description: ID of the organization.
  type: str
  returned: always
  sample: 25f66ae8cd27630803af1f25fe015a1a
organization:
  description: Which organization was compared, and as whom.
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
      description: E-mail address of the acting member, or the application.
      type: str
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: Globex Corporation
    acting_as: the application 1111
check_mode:
  description: Whether the task ran in check mode, which makes no difference here.
  type: bool
  returned: always
  sample: false
report:
  description: Path of the report that was written, V(null) when none was.
  type: str
  returned: always
  sample: /home/alice/drift.html
requests:
  description: How many requests the task has sent, the sign-in and repeated ones included.
  type: int
  returned: always
  sample: 3
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.drift import (
    DRIFT_KEYS,
    DRIFT_OPTIONS,
    find_drift,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import ROSTER_RULES


def compare(task: Task) -> dict[str, object]:
    """Tell who differs."""
    return find_drift(task)


SPEC = ModuleSpec(argument_spec=DRIFT_OPTIONS, operation=compare, rules=ROSTER_RULES, result_keys=DRIFT_KEYS)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
