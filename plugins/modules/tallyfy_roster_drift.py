#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_roster_drift
short_description: Report how a Tallyfy organization differs from its roster
version_added: 1.0.0
description:
  - Compares the members of a Tallyfy organization with a roster and returns everybody who differs, field by field. The
    module never writes to Tallyfy, so the acting member does not need to be an administrator.
  - The comparison uses the plan that M(tallyfy.platform.tallyfy_roster) would carry out with the same options, so both
    always agree.
  - Problems that would make a roster run fail do not hide drift. A missing group is listed in RV(groups), and a person
    whose row the organization does not allow is listed in RV(people). O(protect) hides nobody, and there is no limit to
    the number of differences.
  - An invalid roster or a failed sign-in makes the task fail with RV(problems), and RV(drifted) is V(false). With
    O(fail), drift makes the task fail too; RV(drifted) is then V(true) and the result is complete.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people of the roster. Each entry is a dictionary as in O(tallyfy.platform.tallyfy_roster#module:people).
      - A field that is omitted is taken from O(defaults). Without a default it is not compared.
    type: list
    elements: raw
  src:
    description:
      - Path of a file with the people, on the machine that runs the task, as in
        O(tallyfy.platform.tallyfy_roster#module:src).
    type: path
  defaults:
    description:
      - Values for fields that a row omits.
    type: dict
    default: {}
  unlisted:
    description:
      - How to treat members who are not on the roster.
      - V(disabled) reports those who have access as V(extra), because a roster run with O(unlisted=disabled) would
        disable them. An empty roster is then refused.
      - V(ignore) omits them.
    type: str
    choices: [ignore, disabled]
    default: ignore
  protect:
    description:
      - People whom a roster run would never disable or delete, as e-mail addresses or as patterns such as
        V(*@partner.example.com). If they are not on the roster, they are reported as V(kept) instead of V(extra).
      - The Tallyfy Bot, support accounts, the default administrator and the acting user are always protected.
    type: list
    elements: str
    default: []
  reassign_to:
    description:
      - E-mail address of the member who takes over from everybody who leaves, unless a row names somebody else. A
        member without access is V(different) when a roster run would reassign their open tasks.
    type: str
  report:
    description:
      - Path of a report on the controller. The ending C(.md), C(.html) or C(.json) selects the format. The report is
        written in check mode too, and also when the task fails.
      - The report contains the name of the organization, which costs one request.
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
  - A member without access who is not on the roster is no drift. Neither is an address listed as V(disabled) or
    V(deleted) that no member has, but RV(notes) reports it, because it may be misspelled.
  - A task with O(report) cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_roster
  - module: tallyfy.platform.tallyfy_roster_export
"""

EXAMPLES = r"""
- name: Compare the organization with a roster file
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
  register: drift

- name: Report members who are not in the file, too
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
    unlisted: disabled
    report: drift.html

- name: Compare some people, a new member and a missing group
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
        role: light

- name: Accept partners who are not in the file
  tallyfy.platform.tallyfy_roster_drift:
    src: roster.csv
    unlisted: disabled
    protect:
      - "*@example.net"
      - frank.moore@example.com

- name: Fail when the organization differs from the roster
  tallyfy.platform.tallyfy_roster_drift:
    people:
      - email: bob@example.com
        role: light
    fail: true
"""

RETURN = r"""
drifted:
  description: Whether there is drift, that is, whether RV(summary.total) is greater than zero.
  type: bool
  returned: always
  sample: true
summary:
  description: Number of differences per kind.
  type: dict
  returned: always
  contains:
    missing:
      description: People on the roster who are not members.
      type: int
      sample: 1
    extra:
      description: Members whom the roster lists as V(disabled) or V(deleted), and, with O(unlisted=disabled), unlisted
        members.
      type: int
      sample: 0
    different:
      description: Members whose profile, role, groups or access differ from the roster.
      type: int
      sample: 2
    unclear:
      description: Members with a value that cannot be compared or changed. They do not count as drift.
      type: int
      sample: 0
    kept:
      description: Unlisted members whom a roster run would not disable. They do not count as drift.
      type: int
      sample: 0
    groups:
      description: Groups on the roster that do not exist.
      type: int
      sample: 1
    total:
      description: Sum of V(missing), V(extra), V(different) and V(groups).
      type: int
      sample: 5
  sample:
    missing: 1
    extra: 0
    different: 0
    unclear: 0
    kept: 0
    total: 1
    groups: 0
people:
  description: One row per person who differs, in the order of the roster, then one per unlisted member.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address, as spelled in the roster, if listed there.
      type: str
      sample: bob@example.com
    name:
      description: Full name of the member. For a person who is not a member, the name in the roster.
      type: str
      sample: Bob Jones
    outcome:
      description: V(missing), V(extra), V(different), V(unclear) or V(kept), as in RV(summary).
      type: str
      sample: different
    differences:
      description: Fields that differ, including C(status) and C(groups). Empty for an unlisted member.
      type: list
      elements: dict
      contains:
        field:
          description: Name of the field.
          type: str
          sample: role
        is:
          description: Value in Tallyfy. V(null) when empty. For C(groups), the groups to leave.
          type: raw
          sample: standard
        roster:
          description: Value in the roster. V(null) when empty. For C(groups), the groups to join.
          type: raw
          sample: light
    message:
      description: The differences as one line of text.
      type: str
      sample: "role is standard, should be light; should be in Engineering; should not be in People"
    unlisted:
      description: Whether the member is not on the roster.
      type: bool
      sample: false
    notes:
      description: What cannot be compared or changed, and why.
      type: list
      elements: str
      sample: ["belongs to 2 organizations, so only this person can change team"]
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
      message: "role is standard, should be light; should be in Engineering; should not be in People"
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
      message: "is not on the roster, but a run would keep them: protect holds *@example.net"
      unlisted: true
      notes: []
groups:
  description: One row per group that the roster names and that does not exist, for example because somebody renamed it.
    The people who should be in it are V(different) too.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the group, as spelled in the roster.
      type: str
      sample: Sales
    outcome:
      description: Always V(missing).
      type: str
      sample: missing
    people:
      description: E-mail addresses of the people whose rows name the group.
      type: list
      elements: str
      sample: [erin.walker@example.com]
    message:
      description: The difference as one line of text.
      type: str
      sample: does not exist; named by 1 person
  sample:
    - name: Sales
      outcome: missing
      people: [erin.walker@example.com]
      message: does not exist; named by 1 person
problems:
  description: Errors that prevented the comparison, one text each. Drift is not an error.
  type: list
  elements: str
  returned: always
  sample: ["roster.csv line 2 (bob): email 'bob' is not an e-mail address"]
notes:
  description: What cannot be compared or changed, and people to remove whose address no member has.
  type: list
  elements: str
  returned: always
  sample: ["bob@example.com: Tallyfy does not show country_id, so it cannot be compared or checked."]
deferred:
  description: Always empty. Present so that the results of all roster modules have the same keys.
  type: list
  elements: dict
  returned: always
  sample: []
actions:
  description: Always empty. Present so that the results of all roster modules have the same keys.
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
  description: The organization and the identity that made the calls.
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
      description: E-mail address of the acting member, or the application.
      type: str
      sample: the application 1111
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
  description: Path of the report. V(null) when none was written.
  type: str
  returned: always
  sample: /home/alice/drift.html
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
