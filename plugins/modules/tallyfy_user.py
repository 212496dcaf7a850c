#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_user
short_description: Manage one member of a Tallyfy organization
version_added: 0.1.0
description:
  - Adds, changes, disables or permanently deletes one member of a Tallyfy organization, found by e-mail address.
  - Fields that are not given, or blank, stay as they are. O(clear) names those that are to be emptied.
  - A member who is up to date costs one request and is not written to.
  - After every write the answer is compared with what was sent; a value that Tallyfy accepted but did not store is
    reported as a failure.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  email:
    description:
      - E-mail address of the member. Case does not matter, and a domain in punycode is the same as in letters.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the person is a member who is active or invited. A disabled member is enabled.
      - V(disabled) makes sure that the person has no access. Their seat is freed and their history is kept.
      - V(deleted) deletes the member permanently, after disabling them if needed. This cannot be undone.
      - With V(disabled) and V(deleted), an address that no member has is warned of, for it may be misspelled.
    type: str
    choices: [present, disabled, deleted]
    default: present
  first_name:
    description:
      - First name, at most 32 characters. Needed when the person is not a member yet.
    type: str
  last_name:
    description:
      - Last name, at most 32 characters. Needed when the person is not a member yet.
    type: str
  role:
    description:
      - Role in the organization.
      - A person who is added without a role becomes V(light), the least of the three.
    type: str
    choices: [admin, standard, light]
  timezone:
    description:
      - IANA name of the time zone, for example V(Europe/Berlin).
      - Tallyfy wants one with every change of a profile. A member who has none then gets the organization's.
    type: str
  phone:
    description:
      - Phone number, at most 20 characters. Put it in quotes, or YAML reads C(0151) as another number.
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
      - How dates are shown to the member.
    type: str
    choices: [mm/dd/yyyy, dd/mm/yyyy]
  clear:
    description:
      - Names of the fields to be emptied, of V(phone), V(job_title), V(job_description) and V(team). A text may hold
        several, parted by semicolons or commas.
      - A field cannot be given and cleared at the same time.
    type: list
    elements: str
  groups:
    description:
      - Groups of the organization, by name, without regard to case. They must exist.
      - A list names groups to be added. A dictionary has the lists C(add) and C(remove), or C(set) with all groups the
        member is in. An empty C(set) takes the member out of every group. A text is a list with semicolons or line
        breaks between its entries.
      - Costs one request more, to read the groups.
    type: raw
  provision:
    description:
      - How a person who is not a member yet is added.
      - V(direct) adds them at once through the application route, which sends no invitation.
        This needs O(client_id) and O(client_secret), and is the default when they are given.
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
      - E-mail address of an active member who takes over the leaver's open work, with O(state=disabled) and
        O(state=deleted). Without it, open tasks stay with the leaver.
      - Work is handed over together with the access being taken away. Open tasks that somebody has who is disabled
        already are handed over, too, for which one listing of tasks is read. Where Tallyfy refuses that, RV(notes)
        tells so; nobody is deleted then.
    type: str
  min_admins:
    description:
      - How many active administrators must be left when an administrator is disabled or deleted, or gets another role.
        When there would be fewer, and fewer than there are now, nothing is written, as in
        M(tallyfy.platform.tallyfy_roster).
      - Costs the list of members, in that case only.
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
  - Texts are kept without spaces and invisible characters at their ends, and with plain spaces for no-break ones.
    Control characters, direction marks and characters that cannot be seen are refused inside, and so is what a
    spreadsheet broke, such as V(#REF!) and V(4.91512E+12). What Tallyfy itself says of a member is always taken back.
  - A number, a date or a truth value is no text. Put it in quotes.
  - The Tallyfy Bot, support accounts, the default administrator and the acting user are never disabled or deleted.
  - An acting member must be an administrator for most of this. A member who may not do what has to be done is refused
    before the first write, in check mode too.
  - Only they themselves can change the profile of somebody who belongs to several organizations. The module then warns
    and leaves the profile as it is.
  - Tallyfy replaces a whole profile and the whole list of a group's members. Each is therefore read again right before
    it is written, also before a write that failed is repeated, and one process of a controller at a time does that.
    Somebody who changes the same from another machine between that reading and its write can still undo it, or be
    undone.
  - A deletion that was broken off after the access was taken away is finished by the next run, as long as Tallyfy lists
    disabled members.
seealso:
  - module: tallyfy.platform.tallyfy_user_info
"""

EXAMPLES = r"""
- name: Bring Mary in, with a role and in her groups
  tallyfy.platform.tallyfy_user:
    email: mary.major@example.com
    first_name: Mary
    last_name: Major
    role: standard
    timezone: Europe/London
    job_title: Support engineer
    groups: [Engineering]

- name: Invite Richard by e-mail
  tallyfy.platform.tallyfy_user:
    email: richard.roe@example.com
    first_name: Richard
    last_name: Roe
    provision: invite
    invitation_message: Welcome! This is where we keep our processes.

- name: Make Bob an administrator, and leave everything else about him alone
  tallyfy.platform.tallyfy_user:
    email: bob@example.com
    role: admin

- name: Empty Bob's phone number and team
  tallyfy.platform.tallyfy_user:
    email: bob@example.com
    clear: [phone, team]

- name: Remove John's access and hand his open work to Bob
  tallyfy.platform.tallyfy_user:
    email: john.smith@example.com
    state: disabled
    reassign_to: bob@example.com

- name: Delete Dana for good
  tallyfy.platform.tallyfy_user:
    email: dana.lee@example.com
    state: deleted
"""

RETURN = r"""
user:
  description:
    - The member after the run. In check mode, the member as the run would leave them.
    - V(null) when there is no such member, or when the member was deleted.
    - Values that only Tallyfy knows are V(null) for somebody who would be added in check mode, and those that the
      answer to the creation does not tell are V(null) for somebody who was just added.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the member.
      type: int
    email:
      description: E-mail address, spelled as Tallyfy has it.
      type: str
    username:
      description: Name that Tallyfy made up.
      type: str
    first_name:
      description: First name.
      type: str
    last_name:
      description: Last name.
      type: str
    full_name:
      description: First and last name.
      type: str
    status:
      description: V(active), V(invited) or V(disabled).
      type: str
    state:
      description: V(present) or V(disabled), as O(state) wants it.
      type: str
    role:
      description: V(admin), V(standard) or V(light).
      type: str
    timezone:
      description: IANA name of the time zone.
      type: str
    phone:
      description: Phone number.
      type: str
    job_title:
      description: Job title.
      type: str
    job_description:
      description: Job description.
      type: str
    team:
      description: Name of the team.
      type: str
    country_id:
      description: ID of the country.
      type: int
    date_format:
      description: V(mm/dd/yyyy) or V(dd/mm/yyyy).
      type: str
    is_default_admin:
      description: Whether this is the default administrator.
      type: bool
    is_bot:
      description: Whether this is the Tallyfy Bot.
      type: bool
    is_support_user:
      description: Whether this is a support account of Tallyfy.
      type: bool
    created_at:
      description: When the member was added, in ISO 8601 as Tallyfy sends it.
      type: str
    updated_at:
      description: When the member was last changed, in ISO 8601 as Tallyfy sends it.
      type: str
    last_login_at:
      description: When the member last signed in, in ISO 8601 as Tallyfy sends it.
      type: str
    groups:
      description: Names of the member's groups.
      type: list
      elements: str
      returned: when O(groups) are given
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
  description:
    - What was done, in order. In check mode, what would be done.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created), V(invited), V(enabled), V(updated), V(role_changed), V(added_to_group),
        V(removed_from_group), V(handed_over), V(disabled) or V(deleted).
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
  description:
    - What somebody should know about the run, such as fields that could not be changed. The same as the warnings, which
      get lost in the registered result of a loop before ansible-core 2.22.
  type: list
  elements: str
  returned: always
  sample:
    - grace.kim@example.net belongs to 2 organizations, so only they themselves can change their team.
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: added_to_group
    reason: not in Engineering
    fields: []
    target: Engineering
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
not_stored:
  description: Names of the fields that Tallyfy answered with success and did not store.
  type: list
  elements: str
  returned: always
  sample: [team]
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

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
