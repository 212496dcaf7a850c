#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_token
short_description: Get an access token of Tallyfy
version_added: 1.0.0
description:
  - Returns an access token for use in other tasks. It is the token that the modules of this collection use, which is
    the token of the member in O(act_as), otherwise that of the application, otherwise O(access_token).
  - The modules of this collection sign in by themselves and do not need it.
  - Tokens are cached, encrypted, in O(state_dir) and reused until shortly before they expire.
  - On success the output is censored without C(no_log) in the play, and C(register) still receives the token. Errors
    stay readable.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  user:
    description:
      - E-mail address of a member. The token is issued for this member, regardless of O(act_as).
      - A blank address is refused, because the token of the application has more rights.
    type: str
  kind:
    description:
      - Kind of token to return. V(application) is the token of the application. V(user) is the token of the member in
        O(user) or O(act_as), or O(access_token).
      - By default it is the token that the modules use.
    type: str
    choices: [application, user]
  min_ttl:
    description:
      - Minimum remaining lifetime of the token in seconds. A cached token that expires earlier is replaced.
      - The lifetime of O(access_token) is not known, so it is always returned.
    type: int
    default: 300
  renew:
    description:
      - Whether to always have a new token issued. An O(access_token) cannot be renewed.
    type: bool
    default: false
  state:
    description:
      - V(present) returns a token. V(absent) deletes the cached token. Tallyfy offers no way to revoke it.
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
      - Signing in does not change the organization, so it happens in check mode too. The new token is then not cached.
  diff_mode:
    support: none
    details:
      - All values are secret.
  idempotent:
    support: partial
    details:
      - A cached token is returned again. With O(renew=true), or without a usable O(state_dir), each run has a new token
        issued.
seealso:
  - module: tallyfy.platform.tallyfy_authorization
  - plugin: tallyfy.platform.token
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Get the token that the modules use
  tallyfy.platform.tallyfy_token:
  register: tallyfy

- name: Get a token for a member
  tallyfy.platform.tallyfy_token:
    user: alice.smith@example.com
  register: alice

- name: Get the token of the application, regardless of act_as
  tallyfy.platform.tallyfy_token:
    kind: application
    act_as: alice.smith@example.com
  register: application

- name: Get a new token instead of the cached one
  tallyfy.platform.tallyfy_token:
    renew: true

- name: Delete the cached token
  tallyfy.platform.tallyfy_token:
    state: absent
"""

RETURN = r"""
token:
  description: The token. V(null) with O(state=absent) and after a failure.
  type: dict
  returned: always
  contains:
    access_token:
      description: The secret token, for an C(Authorization) header.
      type: str
      sample: eyJ0eXAi.not-a-real-token
    token_type:
      description: Scheme of the C(Authorization) header.
      type: str
      sample: Bearer
    expires_in:
      description: Remaining lifetime in seconds. V(null) when it is not known.
      type: int
      sample: 7775999
    expires_at:
      description: Expiry time, in ISO 8601 (UTC). V(null) when it is not known.
      type: str
      sample: "2027-02-20T07:31:09Z"
    kind:
      description: V(application), V(user), or V(given) for O(access_token).
      type: str
      sample: user
    user:
      description: E-mail address of the member for whom the token was issued. V(null) for other tokens.
      type: str
      sample: alice.smith@example.com
    org_id:
      description: ID of the organization of the token.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    source:
      description: V(issued) for a new token, V(cache) for a cached one, or V(given).
      type: str
      sample: issued
  sample:
    access_token: eyJ0eXAi.not-a-real-token
    token_type: Bearer
    expires_in: 604797
    expires_at: "2026-12-06T09:41:46Z"
    kind: application
    user: null
    org_id: 25f66ae8cd27630803af1f25fe015a1a
    source: cache
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
