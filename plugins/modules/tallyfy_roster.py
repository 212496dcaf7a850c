#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_roster
short_description: Manage many members of a Tallyfy organization at once
version_added: 0.1.0
description:
  - Compares a list of people with the members of a Tallyfy organization and makes the organization what the list says,
    in one task and few requests. Ten thousand people who are up to date cost the sign-in and the pages of one listing.
  - Every mistake in the list is named with its line, all at once, before anything is written.
  - People are added first, then changed, then each group is written once for everybody. Access is taken away last, and
    not after an error.
  - One person's failure does not keep the others out. The task then fails at its end and names everybody concerned.
  - Deleting by accident is hard. Unlisted members are left alone unless O(unlisted=disabled) is given, and a fuse,
    O(max_removals) and O(min_admins), refuses the whole run when it would take away more than expected.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  people:
    description:
      - The people. Each is a dictionary with the options of M(tallyfy.platform.tallyfy_user), C(email), C(state),
        C(first_name), C(last_name), C(role), C(timezone), C(phone), C(job_title), C(job_description), C(team),
        C(country_id), C(date_format), C(clear), C(groups), C(provision), C(invitation_message) and C(reassign_to).
      - A field that is left out, C(null) or blank comes from O(defaults). When it is not there either, it stays as it
        is. What is to be emptied is named by C(clear), a list or a text with semicolons.
      - A number, a date or a truth value for a text is refused with the row; put it in quotes.
      - C(groups) is a list of groups to be added, or a dictionary with the lists C(add), C(remove) or C(set).
      - The names are needed for somebody who is not a member yet.
      - A record of M(tallyfy.platform.tallyfy_user_info) is a row, too, and changes nothing. Beside a C(state) what
        only Tallyfy sets is ignored, C(id), C(username), C(full_name), C(status), C(is_default_admin), C(is_bot),
        C(is_support_user), C(created_at), C(updated_at) and C(last_login_at).
      - Somebody who is to have no access and whom nobody knows is warned of, for the address may be misspelled.
    type: list
    elements: raw
  src:
    description:
      - Path of a file that holds the people, on the machine that runs the task. Its name ends in C(.yml), C(.yaml),
        C(.json) or C(.csv), and it is UTF-8.
      - YAML and JSON hold a list of people as in O(people), alone or under the key C(people). All values of a YAML
        file are read as texts, so a phone number keeps its plus sign, and C(no) can be a name.
      - CSV has a line with the names of the columns first. An empty cell counts as left out. The column C(groups) names
        groups to be added, parted by semicolons; C(groups.add), C(groups.remove), C(groups.set) and C(clear) are
        columns, too.
      - A file that C(ansible-vault) has encrypted is decrypted with the secrets of the run where the module runs
        inside the controller.
    type: path
  defaults:
    description:
      - Fields for everybody whose row leaves them out.
    type: dict
    default: {}
  unlisted:
    description:
      - What becomes of members who are not listed.
      - V(ignore) leaves them alone.
      - V(disabled) takes their access away. An empty list is then refused.
    type: str
    choices: [ignore, disabled]
    default: ignore
  protect:
    description:
      - People who are never disabled or deleted, as e-mail addresses or as patterns such as V(*@partner.example.com).
      - The Tallyfy Bot, support accounts, the default administrator and the acting user are protected in any case.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - How many people may lose their access in one run, as a number or as a percentage of the active members, which is
        rounded up. When it would be more, nothing is written at all.
      - The default is 10 % with a floor of 3 people. A percentage that is given has no floor.
    type: str
  min_admins:
    description:
      - How many active administrators the run must leave. When it would leave fewer, and fewer than there are now,
        nothing is written at all. Somebody who is only being added does not count yet.
      - Somebody who is to become one by this run counts. If that fails, those who would stop being one are skipped.
    type: int
    default: 2
  reassign_to:
    description:
      - E-mail address of an active member who takes over the open work of everybody who leaves, unless their row names
        somebody else.
    type: str
  concurrency:
    description:
      - How many requests may be under way at a time, from 1 to 32.
    type: int
    default: 8
  on_error:
    description:
      - V(finish) goes on with the others when somebody cannot be brought into the desired state.
      - V(stop) starts no further work after a failure.
      - In both cases the task fails at its end.
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
  - One run at a time changes an organization from one controller. A second one waits for up to O(max_wait) seconds and
    then fails and says who is at work. The lock is in O(state_dir).
  - A long run tells every few seconds how far it is, when it works inside the controller, as it does by default on the
    local connection.
  - A listing that contradicts itself, or two members whose addresses differ in case only, leave a doubt about who is
    meant; then nobody is removed, and the task fails with the reason.
  - When no seat is left, or Tallyfy asks for a pause that is longer than O(max_wait), RV(deferred) tells who has to
    wait, and the task fails. Run it again later; it goes on where it stopped.
  - An acting member must be an administrator for most of this. A member who may not do what has to be done is refused
    before the first write, in check mode too.
  - With O(report) the task cannot be asynchronous.
seealso:
  - module: tallyfy.platform.tallyfy_user
  - module: tallyfy.platform.tallyfy_user_info
"""

EXAMPLES = r"""
- name: Bring the people of two teams in
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
      - email: dana.lee@example.com
        state: disabled

- name: Make the organization what the file says
  tallyfy.platform.tallyfy_roster:
    src: roster.csv
    unlisted: disabled
    protect:
      - "*@example.net"
    max_removals: 8
    reassign_to: alice.smith@example.com
"""

RETURN = r"""
summary:
  description:
    - How many people each outcome has; everybody counts once. In check mode, how many would have it.
  type: dict
  returned: always
  contains:
    created:
      description: People who were added at once.
      type: int
    invited:
      description: People who were invited.
      type: int
    enabled:
      description: Disabled members who were enabled, and perhaps updated as well.
      type: int
    updated:
      description: Members whose profile, role or groups were changed.
      type: int
    unchanged:
      description: People who were up to date.
      type: int
    disabled:
      description: Members whose access was taken away.
      type: int
    deleted:
      description: Members who were permanently deleted.
      type: int
    not_found:
      description: People who are to have no access and whose address no member has.
      type: int
    deferred:
      description: People who have to wait for a seat or for the end of a pause.
      type: int
    failed:
      description: People for whom a request failed.
      type: int
    skipped:
      description: People whose turn did not come after an error.
      type: int
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
    - One row for each person, in the order of the list; then members who are not listed, with O(unlisted=disabled).
    - After a failure, people who were up to date are left out.
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
      description: The main step, V(created), V(invited), V(enabled), V(updated), V(role_changed), V(added_to_group),
        V(removed_from_group), V(handed_over) (open tasks of somebody who has no access any more), V(disabled) or
        V(deleted), or V(unchanged) when there is none.
      type: str
    fields:
      description: Names of the fields that differ, C(status) and C(groups) among them.
      type: list
      elements: str
    outcome:
      description: One of the words of RV(summary).
      type: str
    message:
      description: What was done, or why not. It also tells when somebody who is to leave is no member at all.
      type: str
    before:
      description: The fields that differ, as they were; empty for people who were up to date.
      type: dict
    after:
      description: The fields that differ, as desired; empty for people who were up to date.
      type: dict
    notes:
      description: What cannot be compared or changed, and why; C(message) holds it too.
      type: list
      elements: str
    reassign_to:
      description: Who takes over the open work, V(null) when none is handed over.
      type: str
    unlisted:
      description: V(true) for a member who is not listed.
      type: bool
    service_account:
      description: V(true) for the Tallyfy Bot and support accounts of Tallyfy that are not listed.
      type: bool
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
    - email: dana.lee@example.com
      name: Dana Lee
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
    - What is wrong with the input, or why somebody could not be converged, one text for all who met the same obstacle,
      or why the fuse refused the run.
    - Empty when there is nothing of the kind.
  type: list
  elements: str
  returned: always
  sample:
    - "bob@example.com: Deferred: no full seat is left."
deferred:
  description:
    - People who have to wait.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    reason:
      description: What they wait for.
      type: str
    not_before:
      description: From when on it is worth trying again, in ISO 8601; V(null) when nobody knows.
      type: str
  sample:
    - email: richard.roe@example.com
      reason: "Deferred: no light seat is left."
      not_before: null
notes:
  description:
    - What somebody should know about the run, such as fields that could not be changed. The same as the warnings, which
      show no more than the first ten.
  type: list
  elements: str
  returned: always
  sample:
    - "gone@example.com: No member has this address."
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
  sample: /home/alice/roster.html
requests:
  description: How many requests the task has sent, the sign-in and repeated ones included.
  type: int
  returned: always
  sample: 6
actions:
  description:
    - What was done for each person, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    email:
      description: E-mail address.
      type: str
    action:
      description: The step, as in RV(people[].action).
      type: str
    fields:
      description: Names of the fields the step writes.
      type: list
      elements: str
    reason:
      description: Why the step is needed.
      type: str
    target:
      description: The group, or the e-mail address of the member who takes over the open work; V(null) for other steps.
      type: str
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
  description: Everybody who would lose their access, when the fuse refused the run; otherwise empty.
  type: list
  elements: str
  returned: always
  sample: [bob@example.com]
"""

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
