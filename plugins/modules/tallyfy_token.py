#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_token
short_description: Get an access token of Tallyfy
version_added: 0.1.0
description:
  - Returns the token that the modules of this collection would use, for use in other tasks. That is the token of the
    member in O(act_as), else the application's, else the O(access_token) itself.
  - The modules of this collection sign in by themselves and do not need it.
  - Tokens are kept, encrypted, in O(state_dir) and handed out again until shortly before they expire.
  - On success the output is censored without C(no_log) in the play, while C(register) holds the token. Failures stay
    readable.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  user:
    description:
      - E-mail address of a member. The token is then issued in their name, whatever O(act_as) says.
      - A blank address is refused, because the token that comes without it can do more.
    type: str
  kind:
    description:
      - Whose token it has to be. V(application) is the application's own. V(user) is that of the member in O(user) or
        O(act_as), or the O(access_token).
      - Without it, the token is the one that modules use.
    type: str
    choices: [application, user]
  min_ttl:
    description:
      - Seconds that the token must last. A kept token that expires earlier is replaced.
      - How long an O(access_token) lasts is not known, so it is returned in any case.
    type: int
    default: 300
  renew:
    description:
      - Whether to have a new token issued in any case. An O(access_token) cannot be renewed.
    type: bool
    default: false
  state:
    description:
      - V(present) returns a token. V(absent) forgets the kept one; Tallyfy has no way to revoke it from here.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes
attributes:
  check_mode:
    support: full
    details:
      - Signing in is not a change of the organization, so it also happens in check mode. The token asked for is then
        not kept.
  diff_mode:
    support: none
    details:
      - There is nothing to show that is not secret.
  idempotent:
    support: partial
    details:
      - A token that is kept is returned again. With O(renew=true), or without a usable O(state_dir), each run has a
        token issued.
seealso:
  - module: tallyfy.platform.tallyfy_authorization
  - plugin: tallyfy.platform.token
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Get the token that the modules use
  tallyfy.platform.tallyfy_token:
  register: tallyfy

- name: Get a token in the name of Alice
  tallyfy.platform.tallyfy_token:
    user: alice.smith@example.com
  register: alice

- name: Get the application's own token, whoever it acts as
  tallyfy.platform.tallyfy_token:
    kind: application
  register: application

- name: Have a new token issued
  tallyfy.platform.tallyfy_token:
    renew: true

- name: Forget the kept token
  tallyfy.platform.tallyfy_token:
    state: absent
"""

RETURN = r"""
token:
  description: The token, V(null) with O(state=absent) and after a failure.
  type: dict
  returned: always
  contains:
    access_token:
      description: The secret itself, for an C(Authorization) header.
      type: str
    token_type:
      description: The scheme of the header.
      type: str
    expires_in:
      description: Seconds the token still lasts, V(null) when that is not known.
      type: int
    expires_at:
      description: When the token expires, in ISO 8601 (UTC), V(null) when that is not known.
      type: str
    kind:
      description: V(application) or V(user), V(given) for the O(access_token).
      type: str
    user:
      description: E-mail address of the member in whose name the token is, V(null) for the others.
      type: str
    org_id:
      description: ID of the organization the token belongs to.
      type: str
    source:
      description: V(issued) just now, from the V(cache), or V(given).
      type: str
  sample:
    access_token: eyJ0eXAi.not-a-real-token
    token_type: Bearer
    expires_in: 7775999
    expires_at: "2027-02-20T07:31:09Z"
    kind: user
    user: alice.smith@example.com
    org_id: 25f66ae8cd27630803af1f25fe015a1a
    source: issued
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
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.token import ensure_token


def ensure(task: Task) -> dict[str, object]:
    """Return a token, or forget it."""
    return ensure_token(task.client, task.params)


SPEC = ModuleSpec(
    argument_spec={
        "user": {"type": "str"},
        "kind": {"type": "str", "choices": ["application", "user"]},
        "min_ttl": {"type": "int", "default": 300},
        "renew": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    operation=ensure,
    result_keys={"token": None},
    shows_tokens=True,
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
