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
  - Or takes the answer of the sign-in page in a browser, which P(tallyfy.platform.authorization_request#lookup) makes
    the address of, and returns the token of the person who signed in there, kept under a O(name) if one is given.
  - The modules of this collection sign in by themselves and do not need it.
  - Tokens are kept, encrypted, in O(state_dir) and handed out again until shortly before they expire.
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
      - Only the person can replace a token of O(name), by signing in again. One that expires earlier is refused.
    type: int
    default: 300
  name:
    description:
      - Name under which a token of the sign-in page is kept. With O(redirect_response) the token is kept; without it
        the kept one is returned, and it is a failure when there is none or it expires before O(min_ttl).
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
      - The answer in O(redirect_response) is checked. A code in it is not exchanged, since it works once, so RV(token)
        is left out for it. A token in it is tried and not kept.
  diff_mode:
    support: none
    details:
      - There is nothing to show that is not secret.
  idempotent:
    support: partial
    details:
      - A token that is kept is returned again. With O(renew=true), or without a usable O(state_dir), each run has a
        token issued.
      - A O(redirect_response) works once and is refused when it is used again within a day on the same machine.
seealso:
  - plugin: tallyfy.platform.authorization_request
    plugin_type: lookup
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

- name: Take the answer of the sign-in page and keep its token
  tallyfy.platform.tallyfy_token:
    name: alice
    redirect_response: "{{ pasted.user_input }}"
    redirect_uri: "{{ asked.redirect_uri }}"
    expected_state: "{{ asked.state }}"
    code_verifier: "{{ asked.code_verifier }}"

- name: Get the token that is kept as alice
  tallyfy.platform.tallyfy_token:
    name: alice
    min_ttl: 600
  register: alice

- name: Forget the token that is kept as alice
  tallyfy.platform.tallyfy_token:
    name: alice
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
kept_as:
  description: Name under which the token is kept, V(null) when it is not.
  type: str
  returned: with O(redirect_response) or O(name), and O(state=present)
  sample: alice
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.named_token import is_authorized
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.token import ensure_token


def ensure(task: Task) -> dict[str, object]:
    """Return a token, or forget it."""
    return ensure_token(task.client, task.params, warn=task.warn)


SPEC = ModuleSpec(
    argument_spec={
        "user": {"type": "str"},
        "min_ttl": {"type": "int", "default": 300},
        "name": {"type": "str"},
        "redirect_response": {"type": "str", "no_log": True},
        "redirect_uri": {"type": "str"},
        "expected_state": {"type": "str", "no_log": True},
        "code_verifier": {"type": "str", "no_log": True},
        "renew": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    operation=ensure,
    shows_tokens=True,
    signs_in=lambda params: not is_authorized(params),
    rules={
        "mutually_exclusive": [("user", "name"), ("user", "redirect_response")],
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
