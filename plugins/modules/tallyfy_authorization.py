#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_authorization
short_description: Take the answer of Tallyfy's sign-in page and keep its token
version_added: 0.1.0
description:
  - Takes the address that a browser was sent back to by the sign-in page, which
    P(tallyfy.platform.authorization_request#lookup) makes the address of. Returns the token of the person who signed in
    there, kept under a O(name) if one is given.
  - Without O(redirect_response) the token that is kept under that O(name) is returned.
  - On success the output is censored without C(no_log) in the play, while C(register) holds the token. Failures stay
    readable.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Name under which the token is kept. Without O(redirect_response) it is needed, and it is a failure when no token
        is kept under it or that expires before O(min_ttl).
      - A name belongs to one O(client_id). The token is encrypted by the O(client_secret), without which nothing is
        kept and there is a warning.
      - With O(org_id), a kept token of another organization is refused.
    type: str
  redirect_response:
    description:
      - The address that the browser shows after the person has signed in and consented, all of it. The answer may be
        in its query or in its fragment.
      - It is refused, with the cause, unless it leads to O(redirect_uri), carries O(expected_state), and holds
        what was asked for. So is one that was used before or holds an error, and a token that is expired, revoked or
        for another organization than O(org_id). Without O(org_id) the organization is the one that Tallyfy names.
      - Neither O(client_secret) nor anything else to sign in with is needed, apart from O(client_id) for a code.
      - A code works once. When the answer to its exchange is lost, it is not sent again; the person authorizes again.
    type: str
  redirect_uri:
    description:
      - The redirect address that was asked for. Needed with O(redirect_response).
    type: str
  expected_state:
    description:
      - The state that was asked with. Without it, there is a warning, and an answer that has a state is refused.
    type: str
  code_verifier:
    description:
      - The verifier of PKCE that was asked with. It means that the answer must hold a code, which is exchanged for a
        token at O(token_url). Without it the answer must hold a token.
    type: str
  min_ttl:
    description:
      - Seconds that the token must last. One that expires earlier is refused, since only the person can replace it, by
        signing in again.
    type: int
    default: 300
  state:
    description:
      - V(present) returns a token. V(absent) forgets the one that is kept under O(name); Tallyfy has no way to revoke
        it from here.
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
      - The answer in O(redirect_response) is checked. A code in it is not exchanged, since it works once, so RV(token)
        is left out for it. A token in it is tried and not kept.
  diff_mode:
    support: none
    details:
      - There is nothing to show that is not secret.
  idempotent:
    support: partial
    details:
      - A O(redirect_response) works once and is refused when it is used again within a day on the same machine.
seealso:
  - plugin: tallyfy.platform.authorization_request
    plugin_type: lookup
  - plugin: tallyfy.platform.token
    plugin_type: lookup
  - module: tallyfy.platform.tallyfy_token
"""

EXAMPLES = r"""
- name: Take the answer of the sign-in page and keep its token
  tallyfy.platform.tallyfy_authorization:
    name: alice
    redirect_response: "{{ pasted.user_input }}"
    redirect_uri: "{{ asked.redirect_uri }}"
    expected_state: "{{ asked.state }}"
    code_verifier: "{{ asked.code_verifier }}"

- name: Get the token that is kept as alice
  tallyfy.platform.tallyfy_authorization:
    name: alice
    min_ttl: 600
  register: alice

- name: Forget the token that is kept as alice
  tallyfy.platform.tallyfy_authorization:
    name: alice
    state: absent
"""

RETURN = r"""
token:
  description: The token, V(null) when there is none, as with O(state=absent) and after a failure.
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
      description: Seconds the token still lasts, V(null) when Tallyfy did not tell.
      type: int
    expires_at:
      description: When the token expires, in ISO 8601 (UTC), V(null) when Tallyfy did not tell.
      type: str
    kind:
      description: V(user).
      type: str
    user:
      description: E-mail address of the person who signed in.
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
kept_as:
  description: Name under which the token is kept, V(null) when it is not.
  type: str
  returned: always
  sample: alice
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
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.authorization import ensure_authorization


def ensure(task: Task) -> dict[str, object]:
    """Take a token, return the kept one, or forget it."""
    return ensure_authorization(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec={
        "name": {"type": "str"},
        "redirect_response": {"type": "str", "no_log": True},
        "redirect_uri": {"type": "str"},
        "expected_state": {"type": "str", "no_log": True},
        "code_verifier": {"type": "str", "no_log": True},
        "min_ttl": {"type": "int", "default": 300},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    operation=ensure,
    result_keys={"token": None, "kept_as": None},
    shows_tokens=True,
    signs_in=False,
    rules={
        "required_one_of": [("name", "redirect_response")],
        "required_if": [("state", "absent", ["name"])],
        "required_by": {
            "redirect_response": ["redirect_uri"],
            "redirect_uri": ["redirect_response"],
            "expected_state": ["redirect_response"],
            "code_verifier": ["redirect_response"],
        },
    },
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
