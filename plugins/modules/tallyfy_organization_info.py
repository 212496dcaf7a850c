#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_organization_info
short_description: Show a Tallyfy organization and the identity that makes the calls
version_added: 1.0.0
description:
  - Returns the organization and the caller. With a cached token it costs one request, so it is a cheap check of the
    credentials.
author:
  - the tallyfy.platform authors (@tallyfy)
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes.info
"""

EXAMPLES = r"""
- name: Check the credentials
  tallyfy.platform.tallyfy_organization_info:
  register: tallyfy

- name: Check which member the calls act as
  tallyfy.platform.tallyfy_organization_info:
    act_as: alice.smith@example.com
  register: acting

- name: Check an access token
  tallyfy.platform.tallyfy_organization_info:
    access_token: "{{ lookup('tallyfy.platform.token', 'alice.smith@example.com') }}"

- name: Read an organization with its own options
  tallyfy.platform.tallyfy_organization_info:
    org_id: "{{ tallyfy_org_id }}"
    timeout: 10
    max_wait: 60
"""

RETURN = r"""
organization:
  description: The organization as returned by Tallyfy. V(null) after a failure. The fields below are the most useful
    ones.
  type: dict
  returned: always
  contains:
    id:
      description: ID of the organization.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    name:
      description: Name of the organization.
      type: str
      sample: Globex Corporation
    timezone:
      description: IANA name of the time zone, the default for members without one.
      type: str
      sample: America/Chicago
    users_count:
      description: Number of active members.
      type: int
      sample: 7
    in_trial:
      description: Whether the organization is in its trial period.
      type: bool
      sample: false
    allow_user_invite:
      description: Whether members who are not administrators may invite people.
      type: bool
      sample: true
    enable_onboarding_template:
      description: Whether Tallyfy launches a process for each new member.
      type: bool
      sample: false
  sample:
    id: 25f66ae8cd27630803af1f25fe015a1a
    name: Globex Corporation
    timezone: America/Chicago
    users_count: 7
    in_trial: false
    allow_user_invite: true
    enable_onboarding_template: false
caller:
  description: The identity that made the calls. V(null) after a failure.
  type: dict
  returned: always
  contains:
    kind:
      description: V(application), V(user) (the token of a member, see O(act_as)) or V(given) (an O(access_token)).
      type: str
      sample: application
    email:
      description: E-mail address of the acting member. V(null) when it is not known.
      type: str
      sample: alice.smith@example.com
    role:
      description: Role of the caller in the organization. V(null) when Tallyfy does not return it.
      type: str
      sample: admin
  sample:
    kind: application
    email: null
    role: admin
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
