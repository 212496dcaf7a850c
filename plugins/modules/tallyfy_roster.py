#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_roster
short_description: Manage many members of a Tallyfy organization at once
version_added: 1.0.0
description:
  - Compares a roster, a list of people, with the members of a Tallyfy organization and changes the members to match.
    One task manages all of them with few requests. Ten thousand unchanged people cost the sign-in and the pages of one
    listing.
  - The whole roster is validated first. Every mistake is reported with its line, and nothing is written while there is
    one.
  - People are added first and changed second. Then each group is written once with all its members. Access is removed
    last, and not after an error.
  - An error for one person does not stop the others. The task then fails at the end and names everybody affected.
  - By default, members who are not on the roster are left alone; see O(unlisted). The run is refused when it would
    remove more people than O(max_removals) allows, or leave fewer administrators than O(min_admins).
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people. Each entry is a dictionary with these options of M(tallyfy.platform.tallyfy_user), C(email),
        C(state), C(first_name), C(last_name), C(role), C(timezone), C(phone), C(job_title), C(job_description),
        C(team), C(country_id), C(date_format), C(clear), C(groups), C(provision), C(invitation_message) and
        C(reassign_to).
      - A field that is omitted, C(null) or blank is taken from O(defaults). Without a default it is left unchanged. To
        empty a field, name it in C(clear), a list or a string with semicolons.
      - Text fields do not accept numbers, dates or booleans; quote such values. The error names the row.
      - C(groups) is a list of groups to add, or a dictionary with the lists C(add), C(remove) or C(set).
      - C(first_name) and C(last_name) are required for a new member.
      - A record of M(tallyfy.platform.tallyfy_user_info) is a valid row that changes nothing. When a row has a
        C(state), the fields that only Tallyfy sets are ignored. These are C(id), C(username), C(full_name), C(status),
        C(is_default_admin), C(is_bot), C(is_support_user), C(created_at), C(updated_at) and C(last_login_at).
      - The module warns when no member has the address of somebody to disable or delete, because it may be misspelled.
    type: list
    elements: raw
  src:
    description:
      - Path of a file with the people, on the machine that runs the task. The file is UTF-8, and its name ends in
        C(.yml), C(.yaml), C(.json) or C(.csv).
      - YAML and JSON files hold a list of people as in O(people), either at the top level or under the key C(people).
        All values of a YAML file are read as strings, so a phone number keeps its plus sign, and C(no) can be a name.
      - The first line of a CSV file holds the column names. An empty cell counts as omitted. The column C(groups) names
        groups to add, separated by semicolons. C(groups.add), C(groups.remove), C(groups.set) and C(clear) are columns
        too.
      - A file encrypted by C(ansible-vault) is decrypted with the vault secrets of the run, provided that the module
        runs inside the controller.
    type: path
  defaults:
    description:
      - Values for fields that a row omits.
    type: dict
    default: {}
  unlisted:
    description:
      - How to treat members who are not on the roster.
      - V(ignore) leaves them alone.
      - V(disabled) disables them. An empty roster is then refused.
    type: str
    choices: [ignore, disabled]
    default: ignore
  protect:
    description:
      - People who are never disabled or deleted, as e-mail addresses or as patterns such as V(*@partner.example.com).
      - The Tallyfy Bot, support accounts, the default administrator and the acting user are always protected.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - Maximum number of people who may lose access in one run, as a number or as a percentage of the active members,
        rounded up. If the run would remove more, nothing is written.
      - The default is 10 %, but at least 3 people. A percentage that you set has no such minimum.
    type: str
  min_admins:
    description:
      - Minimum number of active administrators that must remain after the run. If fewer would remain, and fewer than
        there are now, nothing is written. New members do not count yet.
      - Members whom this run makes administrators count. If that fails, the people who would stop being administrators
        are skipped.
    type: int
    default: 2
  reassign_to:
    description:
      - E-mail address of an active member who takes over the open work of everybody who leaves, unless a row names
        somebody else.
    type: str
  concurrency:
    description:
      - Maximum number of parallel requests, from 1 to 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) continues with the other people after an error.
      - V(stop) starts no further work after an error.
      - The task fails at the end in both cases.
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
  - A lock in O(state_dir) lets one run of a controller change an organization at a time. A second run waits for up to
    O(max_wait) seconds, then fails and names the run that holds the lock.
  - A long run shows its progress every few seconds when it works inside the controller, which is the default on the
    local connection.
  - Nobody is removed when a listing contradicts itself, or when the addresses of two members differ in case only. The
    task then fails with the reason.
  - When no seat is left, or Tallyfy asks for a pause longer than O(max_wait), the task fails and RV(deferred) lists the
    people who have to wait. Run the task again later to continue.
  - Most changes require the acting member to be an administrator. Without the necessary rights the module fails before
    the first write, in check mode too.
  - A task with O(report) cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_user
  - module: tallyfy.platform.tallyfy_user_info
  - module: tallyfy.platform.tallyfy_roster_drift
"""

EXAMPLES = r"""
- name: Converge the members with a roster file
  tallyfy.platform.tallyfy_roster:
    src: roster.csv

- name: Add two members with defaults and disable a third
  tallyfy.platform.tallyfy_roster:
    defaults:
      role: light
      timezone: Europe/London
    people:
      - email: mary.major@example.com
        first_name: Mary
        last_name: Major
        role: standard
        groups: [Engineering]
      - email: richard.roe@example.com
        first_name: Richard
        last_name: Roe
      - email: frank.moore@example.com
        state: disabled

- name: Show what a roster would change and write a report
  tallyfy.platform.tallyfy_roster:
    people:
      - email: bob@example.com
        job_title: Senior analyst
    report: roster.html
  check_mode: true
  diff: true

- name: Set the exact groups of several members
  tallyfy.platform.tallyfy_roster:
    people:
      - email: bob@example.com
        groups:
          set: [Engineering]
      - email: erin.walker@example.com
        groups:
          set: [Engineering, People]

- name: Map the column names of an HR export and skip its other columns
  tallyfy.platform.tallyfy_roster:
    src: hr-export.csv
    columns:
      mail: email
      title: job_title
    ignore_columns: [cost_center]

- name: Refuse a roster that would disable more people than allowed
  tallyfy.platform.tallyfy_roster:
    people:
      - email: alice.smith@example.com
      - email: erin.walker@example.com
    unlisted: disabled
    max_removals: 1

- name: Disable every member who is not in the file, except partners
  tallyfy.platform.tallyfy_roster:
    src: roster.csv
    unlisted: disabled
    protect:
      - "*@example.net"
    max_removals: 8
    reassign_to: alice.smith@example.com

- name: Enable a disabled member again
  tallyfy.platform.tallyfy_roster:
    people:
      - email: dana.lee@example.com
        state: present

- name: Permanently delete a member, one request at a time
  tallyfy.platform.tallyfy_roster:
    people:
      - email: dana.lee@example.com
        state: deleted
        reassign_to: bob@example.com
    concurrency: 1
    on_error: stop
"""

RETURN = r"""
summary:
  description: Number of people per outcome. Everybody counts once. In check mode, the expected numbers.
  type: dict
  returned: always
  contains:
    created:
      description: People who were added without an invitation.
      type: int
      sample: 2
    invited:
      description: People who were invited.
      type: int
      sample: 0
    enabled:
      description: Disabled members who were enabled. Other changes may have been made too.
      type: int
      sample: 0
    updated:
      description: Members whose profile, role or groups were changed.
      type: int
      sample: 0
    unchanged:
      description: People who needed no change.
      type: int
      sample: 0
    disabled:
      description: Members who were disabled.
      type: int
      sample: 1
    deleted:
      description: Members who were permanently deleted.
      type: int
      sample: 0
    not_found:
      description: People to disable or delete whose address no member has.
      type: int
      sample: 0
    deferred:
      description: People who have to wait for a seat or for the end of a limit.
      type: int
      sample: 0
    failed:
      description: People for whom a request failed.
      type: int
      sample: 0
    skipped:
      description: People who were not processed because of an earlier error.
      type: int
      sample: 0
  sample:
    created: 2
    invited: 0
    enabled: 0
    updated: 0
    unchanged: 0
    disabled: 1
    deleted: 0
    not_found: 0
    deferred: 0
    failed: 0
    skipped: 0
people:
  description:
    - One row per person, in the order of the roster, then one per unlisted member, with O(unlisted=disabled).
    - After a failure, rows of unchanged people are omitted.
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
      description: The main step, V(created), V(invited), V(enabled), V(updated), V(role_changed), V(added_to_group),
        V(removed_from_group), V(handed_over) (reassigned the open tasks of a person without access), V(disabled) or
        V(deleted). V(unchanged) when there is none.
      type: str
      sample: created
    fields:
      description: Names of the fields that differ, including C(status) and C(groups).
      type: list
      elements: str
      sample: [email, first_name, groups, last_name, role, timezone]
    outcome:
      description: One of the keys of RV(summary).
      type: str
      sample: created
    message:
      description: What was done, or why it was not done, also when a person to remove is not a member.
      type: str
      sample: Created as standard; added to group Engineering.
    before:
      description: Current values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        status: active
    after:
      description: Desired values of the fields that differ. Empty when nothing differs.
      type: dict
      sample:
        first_name: Mary
        last_name: Major
        timezone: Europe/London
        email: mary.major@example.com
        role: standard
        groups: [Engineering]
    notes:
      description: What could not be compared or changed, and why. Also part of C(message).
      type: list
      elements: str
      sample:
        - >-
          grace.kim@example.net belongs to 2 organizations, so only this person can change team.
    reassign_to:
      description: E-mail address of the member who takes over the open work. V(null) when nobody does.
      type: str
      sample: alice.smith@example.com
    unlisted:
      description: V(true) for a member who is not on the roster.
      type: bool
      sample: false
    service_account:
      description: V(true) for the Tallyfy Bot and support accounts that are not on the roster.
      type: bool
      sample: false
  sample:
    - email: mary.major@example.com
      name: Mary Major
      action: created
      fields: [email, first_name, groups, last_name, role, timezone]
      outcome: created
      message: Created as standard; added to group Engineering.
      before: {}
      after:
        first_name: Mary
        last_name: Major
        timezone: Europe/London
        email: mary.major@example.com
        role: standard
        groups: [Engineering]
      notes: []
      reassign_to: null
      unlisted: false
      service_account: false
    - email: frank.moore@example.com
      name: Frank Moore
      action: disabled
      fields: [status]
      outcome: disabled
      message: Disabled.
      before:
        status: active
      after:
        status: disabled
      notes: []
      reassign_to: null
      unlisted: false
      service_account: false
problems:
  description:
    - Errors, one text each, such as invalid input, a refused run, or the reason why somebody could not be converged.
      People with the same error share one text.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      7 members would lose access, but max_removals allows 1: john.smith@example.com,
      bob@example.com, charlie.brown@example.com, grace.kim@example.net, jane.doe@example.com, mary.major@example.com,
      richard.roe@example.com. To allow this, set max_removals to 7
deferred:
  description: People who have to wait.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: richard.roe@example.com
    reason:
      description: Why they have to wait.
      type: str
      sample: "Deferred: no light seat is left."
    not_before:
      description: Earliest time to run the task again, in ISO 8601. V(null) when it is not known.
      type: str
      sample: "2026-11-22T14:02:10Z"
  sample:
    - email: richard.roe@example.com
      reason: "Deferred: no light seat is left."
      not_before: null
notes:
  description: Remarks that are not errors, such as fields that could not be changed. They are also issued as warnings,
    of which at most ten are shown.
  type: list
  elements: str
  returned: always
  sample: ["gone@example.com: No member has this address."]
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
  sample: /home/alice/roster.html
requests:
  description: Number of requests that the task sent, including sign-ins and retries.
  type: int
  returned: always
  sample: 6
actions:
  description: Steps that were carried out for each person, in order. In check mode, the steps that would be carried
    out.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
      sample: mary.major@example.com
    action:
      description: The step, as in RV(people[].action).
      type: str
      sample: created
    fields:
      description: Names of the fields that the step writes.
      type: list
      elements: str
      sample: [email, first_name, last_name, role, timezone]
    reason:
      description: Reason for the step.
      type: str
      sample: not a member of the organization
    target:
      description: The group, or the e-mail address of the member who takes over the open work. V(null) for other steps.
      type: str
      sample: Engineering
  sample:
    - email: mary.major@example.com
      action: created
      reason: not a member of the organization
      fields: [email, first_name, last_name, role, timezone]
      target: null
    - email: mary.major@example.com
      action: added_to_group
      reason: not in Engineering
      fields: []
      target: Engineering
removals:
  description: People who would lose access, when O(max_removals) or O(min_admins) stopped the run. Otherwise empty.
  type: list
  elements: str
  returned: always
  sample: [bob@example.com]
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import (
    ROSTER_OPTIONS,
    ROSTER_RULES,
    ensure_roster,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.result import ROSTER_KEYS


def ensure(task: Task) -> dict[str, object]:
    """Bring everybody into the desired state."""
    return ensure_roster(task)


SPEC = ModuleSpec(argument_spec=ROSTER_OPTIONS, operation=ensure, rules=ROSTER_RULES, result_keys=ROSTER_KEYS)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
