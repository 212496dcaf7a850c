#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_user
short_description: Manage one member of a Tallyfy organization
version_added: 1.0.0
description:
  - Adds, changes, disables or permanently deletes one member of a Tallyfy organization. The e-mail address identifies
    the member.
  - Options that are omitted or blank do not change anything. To empty a field, name it in O(clear).
  - A member who needs no change costs one request and is not written to.
  - After each write the module compares Tallyfy's answer with the values it sent. It fails when Tallyfy accepts a value
    without storing it.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - E-mail address of the member. Case does not matter. An internationalized domain matches its punycode form.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the person is an active or invited member. A disabled member is enabled.
      - V(disabled) ensures that the person has no access. Their seat is freed and their history is kept.
      - V(deleted) permanently deletes the member, after disabling them if needed. This cannot be undone.
      - With V(disabled) and V(deleted), the module warns when no member has the address, because it may be misspelled.
    type: str
    choices: [present, disabled, deleted]
    default: present
  first_name:
    description:
      - First name, at most 32 characters. Required for a new member.
    type: str
  last_name:
    description:
      - Last name, at most 32 characters. Required for a new member.
    type: str
  role:
    description:
      - Role in the organization.
      - A new member without a role becomes V(light), the role with the fewest rights.
    type: str
    choices: [admin, standard, light]
  timezone:
    description:
      - IANA name of the time zone, for example V(Europe/Berlin).
      - Tallyfy requires a time zone with every profile change. A member without one gets the time zone of the
        organization.
    type: str
  phone:
    description:
      - Phone number, at most 20 characters. Quote it, because YAML reads an unquoted C(0151) as a different number.
    type: str
  job_title:
    description:
      - Job title.
    type: str
  job_description:
    description:
      - Job description. It may have several lines.
    type: str
  team:
    description:
      - Name of the team, a free text of the profile. For Tallyfy's groups see O(groups).
    type: str
  country_id:
    description:
      - Tallyfy country ID.
    type: int
  date_format:
    description:
      - Date format that Tallyfy uses for the member.
    type: str
    choices: [mm/dd/yyyy, dd/mm/yyyy]
  clear:
    description:
      - Fields to empty, from V(phone), V(job_title), V(job_description) and V(team). A string may name several,
        separated by semicolons or commas.
      - The same field cannot be set and cleared in one task.
    type: list
    elements: str
  groups:
    description:
      - Groups of the organization, by name. Case does not matter. The groups must exist.
      - A list names groups to add. A dictionary has the lists C(add) and C(remove), or the list C(set) with all groups
        of the member. An empty C(set) removes the member from every group. A string is a list whose entries are
        separated by semicolons or line breaks.
      - Costs one more request, which reads the groups.
    type: raw
  provision:
    description:
      - How a new member is added.
      - V(direct) adds the person at once through the application route, without an invitation. It requires
        O(client_id) and O(client_secret), and is the default when they are set.
      - V(invite) sends an invitation by e-mail, and is the default otherwise.
    type: str
    choices: [direct, invite]
  invitation_message:
    description:
      - Text of the invitation, at most 5000 characters. Only used when an invitation is sent.
    type: str
    default: You are invited to join us on Tallyfy.
  reassign_to:
    description:
      - E-mail address of an active member who takes over the open work of a member with O(state=disabled) or
        O(state=deleted). Without it, open tasks stay assigned to the leaver.
      - Tallyfy reassigns the work in the request that ends the access. Open tasks of a member who is already disabled
        are reassigned too, which costs one listing of tasks. If Tallyfy refuses that, RV(notes) reports it and the
        member is not deleted.
    type: str
  min_admins:
    description:
      - Minimum number of active administrators that must remain when an administrator is disabled, deleted or given
        another role. If fewer would remain, and fewer than there are now, nothing is written, as in
        M(tallyfy.platform.tallyfy_roster).
      - In that case only, the module reads the list of members.
    type: int
    default: 2
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
  - Spaces and invisible characters at the ends of a text are removed, and no-break spaces become plain spaces. Control
    characters, direction marks and invisible characters inside a text are refused. So are values that a spreadsheet
    has damaged, such as V(#REF!) and V(4.91512E+12). Values that Tallyfy itself returns are always accepted.
  - Options of type string do not accept numbers, dates or booleans. Quote such values.
  - The Tallyfy Bot, support accounts, the default administrator and the acting user are never disabled or deleted.
  - Most changes require the acting member to be an administrator. Without the necessary rights the module fails before
    the first write, in check mode too.
  - Only the members themselves can change their profile when they belong to several organizations. The module then
    warns and leaves the profile unchanged.
  - Tallyfy replaces the whole profile, and the whole member list of a group, with each write. The module therefore
    reads both again right before it writes them, retries included, and a lock lets one process of a controller write at
    a time. A change made from another machine between that read and the write can still be lost.
  - If a run stops after ending the access but before the deletion, the next run completes the deletion, provided that
    Tallyfy lists disabled members.
seealso:
  - module: tallyfy.platform.tallyfy_user_info
  - module: tallyfy.platform.tallyfy_roster
    description: Manages many members in one task.
"""

EXAMPLES = r"""
- name: Add a member with a role and groups
  tallyfy.platform.tallyfy_user:
    email: mary.major@example.com
    first_name: Mary
    last_name: Major
    role: standard
    timezone: Europe/London
    job_title: Support engineer
    groups: [Engineering]

- name: Invite a member by e-mail
  tallyfy.platform.tallyfy_user:
    email: richard.roe@example.com
    first_name: Richard
    last_name: Roe
    provision: invite
    invitation_message: Welcome! This is where we run our processes.

- name: Make a member an administrator
  tallyfy.platform.tallyfy_user:
    email: bob@example.com
    role: admin

- name: Show what a profile change would do
  tallyfy.platform.tallyfy_user:
    email: frank.moore@example.com
    job_title: Lead courier
    phone: "+15550100123"
  check_mode: true
  diff: true
  register: preview

- name: Empty the phone number and the team of a member
  tallyfy.platform.tallyfy_user:
    email: bob@example.com
    clear: [phone, team]

- name: Add a member to one group and remove them from another
  tallyfy.platform.tallyfy_user:
    email: bob@example.com
    groups:
      add: [Engineering]
      remove: [People]

- name: Set the exact groups of a member
  tallyfy.platform.tallyfy_user:
    email: erin.walker@example.com
    groups:
      set: [Engineering]

- name: Disable a leaver and reassign their open work
  tallyfy.platform.tallyfy_user:
    email: john.smith@example.com
    state: disabled
    reassign_to: bob@example.com

- name: Enable a disabled member
  tallyfy.platform.tallyfy_user:
    email: john.smith@example.com

- name: Permanently delete a member
  tallyfy.platform.tallyfy_user:
    email: dana.lee@example.com
    state: deleted
"""

RETURN = r"""
user:
  description:
    - The member after the run. In check mode, the expected member.
    - V(null) when no member has the address, or when the member was deleted.
    - For a new member, some values are V(null). In check mode these are the values that only Tallyfy knows, otherwise
      those that Tallyfy does not return at a creation.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the member.
      type: int
      sample: 20001
    email:
      description: E-mail address as stored in Tallyfy.
      type: str
      sample: mary.major@example.com
    username:
      description: Username generated by Tallyfy.
      type: str
      sample: marymajor
    first_name:
      description: First name.
      type: str
      sample: Mary
    last_name:
      description: Last name.
      type: str
      sample: Major
    full_name:
      description: First and last name.
      type: str
      sample: Mary Major
    status:
      description: V(active), V(invited) or V(disabled).
      type: str
      sample: active
    state:
      description: V(present) or V(disabled), as in O(state).
      type: str
      sample: present
    role:
      description: V(admin), V(standard) or V(light).
      type: str
      sample: standard
    timezone:
      description: IANA name of the time zone.
      type: str
      sample: Europe/London
    phone:
      description: Phone number.
      type: str
      sample: "+15551234567"
    job_title:
      description: Job title.
      type: str
      sample: Support engineer
    job_description:
      description: Job description.
      type: str
      sample: "Answers customers' questions."
    team:
      description: Name of the team.
      type: str
      sample: Operations
    country_id:
      description: Tallyfy country ID.
      type: int
      sample: 1
    date_format:
      description: V(mm/dd/yyyy) or V(dd/mm/yyyy).
      type: str
      sample: mm/dd/yyyy
    is_default_admin:
      description: Whether the member is the default administrator.
      type: bool
      sample: false
    is_bot:
      description: Whether the member is the Tallyfy Bot.
      type: bool
      sample: false
    is_support_user:
      description: Whether the member is a support account of Tallyfy.
      type: bool
      sample: false
    created_at:
      description: Time when the member was added, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-22T07:31:13.000Z"
    updated_at:
      description: Time of the last change, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-11-22T07:31:13.000Z"
    last_login_at:
      description: Time of the last sign-in, in ISO 8601 as returned by Tallyfy.
      type: str
      sample: "2026-02-10T09:12:44.000Z"
    groups:
      description: Names of the groups of the member.
      type: list
      elements: str
      returned: when O(groups) are given
      sample: [Engineering]
  sample:
    id: 20001
    email: mary.major@example.com
    username: marymajor
    full_name: Mary Major
    status: active
    state: present
    role: standard
    first_name: Mary
    last_name: Major
    timezone: Europe/London
    phone: null
    job_title: Support engineer
    job_description: null
    team: null
    country_id: 1
    date_format: mm/dd/yyyy
    is_default_admin: false
    is_support_user: false
    created_at: "2026-11-22T07:31:13.000Z"
    updated_at: "2026-11-22T07:31:13.000Z"
    last_login_at: null
    is_bot: false
    groups: [Engineering]
actions:
  description: Steps that were carried out, in order. In check mode, the steps that would be carried out.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(invited), V(enabled), V(updated), V(role_changed), V(added_to_group),
        V(removed_from_group), V(handed_over), V(disabled) or V(deleted).
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
    - action: created
      reason: not a member of the organization
      fields: [email, first_name, last_name, role, timezone]
      target: null
    - action: updated
      reason: not taken at creation
      fields: [job_title]
      target: null
    - action: added_to_group
      reason: not in Engineering
      fields: []
      target: Engineering
notes:
  description: Remarks that are not errors, such as fields that could not be changed. They are also issued as warnings.
    Before ansible-core 2.22, the registered result of a loop does not contain these warnings.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      grace.kim@example.net belongs to 2 organizations, so only this person can change team.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: added_to_group
    reason: not in Engineering
    fields: []
    target: Engineering
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
not_stored:
  description: Names of fields whose values Tallyfy accepted but did not store.
  type: list
  elements: str
  returned: always
  sample: [team]
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
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.one_member import (
    ONE_MEMBER_OPTIONS,
    ensure_member,
)


def ensure(task: Task) -> dict[str, object]:
    """Bring the member into the desired state."""
    return ensure_member(task)


SPEC = ModuleSpec(
    argument_spec=ONE_MEMBER_OPTIONS, operation=ensure, result_keys={"user": None, **STATE_KEYS}, takes_texts=True
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
