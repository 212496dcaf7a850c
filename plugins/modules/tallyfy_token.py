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
  - Gets a token for the application, or in the name of a member, and returns it for use in other tasks.
  - The modules of this collection sign in by themselves and do not need it.
  - Tokens are kept, encrypted, in O(token_cache) and handed out again until shortly before they expire.
  - On success the output is censored without C(no_log) in the play, while C(register) holds the token. Failures stay
    readable.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  user:
    description:
      - E-mail address of a member. The token is then issued in their name.
      - Without it, the token is the application's own. A blank address is refused, because that token can do more.
    type: str
  min_ttl:
    description:
      - Seconds that the token must last. A kept token that expires earlier is replaced.
    type: int
    default: 300
  renew:
    description:
      - Whether to have a new token issued in any case.
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
      - A token that is kept is returned again. With O(renew=true), or without a usable O(token_cache), each run has a
        token issued.
seealso:
  - plugin: tallyfy.platform.token
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Get the application's token
  tallyfy.platform.tallyfy_token:
  register: tallyfy

- name: Get a token in the name of Alice
  tallyfy.platform.tallyfy_token:
    user: alice.smith@example.com
  register: alice

- name: Have a new token issued
  tallyfy.platform.tallyfy_token:
    renew: true

- name: Forget the kept token
  tallyfy.platform.tallyfy_token:
    state: absent
"""

RETURN = r"""
token:
  description: The token.
  type: dict
  returned: when O(state=present)
  contains:
    access_token:
      description: The secret itself, for an C(Authorization) header.
      type: str
    token_type:
      description: The scheme of the header.
      type: str
    expires_in:
      description: Seconds the token still lasts, V(null) when Tallyfy did not tell.
      type: int
    expires_at:
      description: When the token expires, in ISO 8601 (UTC), V(null) when Tallyfy did not tell.
      type: str
    kind:
      description: V(application) or V(user).
      type: str
    user:
      description: E-mail address of the member in whose name the token is, V(null) for the application's.
      type: str
    org_id:
      description: ID of the organization the token belongs to.
      type: str
    source:
      description: V(issued) just now, or from the V(cache).
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
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._options import ModuleSpec, Task, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._tokens import ensure_token


def ensure(task: Task) -> dict[str, object]:
    """Return a token, or forget it."""
    return ensure_token(task.client, task.params, check_mode=task.check_mode)


SPEC = ModuleSpec(
    argument_spec={
        "user": {"type": "str"},
        "min_ttl": {"type": "int", "default": 300},
        "renew": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    operation=ensure,
    shows_tokens=True,
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
