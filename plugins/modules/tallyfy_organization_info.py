#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_organization_info
short_description: Show a Tallyfy organization and who the calls are made as
version_added: 0.1.0
description:
  - Returns the organization and the caller. With a cached token it costs one request, so it serves as a check that
    the sign-in works.
author:
  - the tallyfy.platform authors (@tallyfy)
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
"""

EXAMPLES = r"""
- name: Check that the sign-in works
  tallyfy.platform.tallyfy_organization_info:
  register: tallyfy

- name: Say where we are
  ansible.builtin.debug:
    msg: "{{ tallyfy.organization.name }}, as {{ tallyfy.caller.kind }}"
"""

RETURN = r"""
organization:
  description: The organization as Tallyfy returns it, V(null) after a failure. These are the fields that matter
    most here.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
    name:
      description: Name of the organization.
      type: str
    timezone:
      description: IANA name of the time zone, which members without one of their own get.
      type: str
    users_count:
      description: Number of active members.
      type: int
    in_trial:
      description: Whether the organization is in its trial.
      type: bool
    allow_user_invite:
      description: Whether members who are not administrators may invite.
      type: bool
    enable_onboarding_template:
      description: Whether Tallyfy itself launches a process for each new member.
      type: bool
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: Globex Corporation
    timezone: America/Chicago
    users_count: 7
    in_trial: false
    allow_user_invite: true
    enable_onboarding_template: false
caller:
  description: Who the calls are made as, V(null) after a failure.
  type: dict
  returned: always
  contains:
    kind:
      description: V(application), V(user) (a member's token, see O(act_as)) or V(given) (a ready O(access_token)).
      type: str
    email:
      description: E-mail address of the member that is acted for, V(null) when it is not known.
      type: str
    role:
      description: The caller's role in the organization, V(null) when Tallyfy does not tell.
      type: str
  sample:
    kind: application
    email: null
    role: admin
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
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module


def show(task: Task) -> dict[str, object]:
    """Return the organization and the caller."""
    client = task.client
    organization = client.get()
    source = client.source_for(client.path())
    role = organization.get("user_role")
    caller = {
        "kind": source.kind,
        "email": client.member.user if client.member is not None and source is client.member else None,
        "role": str(role).lower() if role else None,
    }
    return {"changed": False, "organization": organization, "caller": caller}


SPEC = ModuleSpec(argument_spec={}, operation=show, result_keys={"organization": None, "caller": None})


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
