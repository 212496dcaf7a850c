#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_authorization
short_description: Complete a browser sign-in to Tallyfy and store its token
version_added: 1.0.0
description:
  - Takes the URL to which Tallyfy's sign-in page redirected the browser, and returns the token of the person who signed
    in. With O(name) the token is stored. P(tallyfy.platform.authorization_request#lookup) creates the URL of the
    sign-in page.
  - Without O(redirect_response) the module returns the token that is stored under O(name).
  - On success the output is censored without C(no_log) in the play, and C(register) still receives the token. Errors
    stay readable.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  name:
    description:
      - Name under which the token is stored. Required without O(redirect_response). The task then fails when no token
        is stored under the name, or when it expires within O(min_ttl).
      - A name belongs to one O(client_id). The O(client_secret) encrypts the token. Without it the token is not stored
        and the module warns.
      - With O(org_id), a stored token of another organization is refused.
    type: str
  redirect_response:
    description:
      - The complete URL that the browser shows after the person has signed in and consented. The answer may be in its
        query or its fragment.
      - The module refuses a URL that does not match O(redirect_uri) or O(expected_state), that lacks the requested
        token or code, that was used before, or that reports an error. It refuses a token that is expired, revoked, or
        for another organization than O(org_id). Without O(org_id) the organization is the one in the answer.
      - No credentials are required, except O(client_id) for a code.
      - A code works once. When the answer to its exchange is lost, it is not sent again, and the person has to
        authorize again.
    type: str
  redirect_uri:
    description:
      - The redirect URI of the authorization request. Required with O(redirect_response).
    type: str
  expected_state:
    description:
      - The state of the authorization request. Without it the module warns, and refuses an answer that contains a
        state.
    type: str
  code_verifier:
    description:
      - The PKCE verifier of the authorization request. With it the answer must contain a code, which is exchanged for a
        token at O(token_url). Without it the answer must contain a token.
    type: str
  min_ttl:
    description:
      - Minimum remaining lifetime of the token in seconds. A token that expires earlier is refused, because only the
        person can replace it, by signing in again.
    type: int
    default: 300
  state:
    description:
      - V(present) returns a token. V(absent) deletes the stored token of O(name). Tallyfy offers no way to revoke it.
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
      - The answer in O(redirect_response) is validated. A code is not exchanged, because it works once, so RV(token) is
        V(null) for it. A token is tested and not stored.
  diff_mode:
    support: none
    details:
      - All values are secret.
  idempotent:
    support: partial
    details:
      - A O(redirect_response) works once. A second use on the same machine within a day is refused.
seealso:
  - plugin: tallyfy.platform.authorization_request
    plugin_type: lookup
  - plugin: tallyfy.platform.token
    plugin_type: lookup
  - module: tallyfy.platform.tallyfy_token
"""

EXAMPLES = r"""
- name: Exchange the answer of the sign-in page for a token and store it
  tallyfy.platform.tallyfy_authorization:
    name: alice
    redirect_response: "{{ pasted.user_input }}"
    redirect_uri: "{{ asked.redirect_uri }}"
    expected_state: "{{ asked.state }}"
    code_verifier: "{{ asked.code_verifier }}"

- name: Get the stored token if it lasts ten minutes or more
  tallyfy.platform.tallyfy_authorization:
    name: alice
    min_ttl: 600
  register: alice

- name: Delete the stored token
  tallyfy.platform.tallyfy_authorization:
    name: alice
    state: absent

- name: Fail when no token is stored under a name
  tallyfy.platform.tallyfy_authorization:
    name: alice
"""

RETURN = r"""
token:
  description: The token. V(null) when there is none, for example with O(state=absent) and after a failure.
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
      description: Always V(user).
      type: str
      sample: user
    user:
      description: E-mail address of the person who signed in.
      type: str
      sample: alice.smith@example.com
    org_id:
      description: ID of the organization of the token.
      type: str
      sample: 25f66ae8cd27630803af1f25fe015a1a
    source:
      description: V(issued) for a new token, V(cache) for a stored one.
      type: str
      sample: issued
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
  description: Name under which the token is stored. V(null) when it is not stored.
  type: str
  returned: always
  sample: alice
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      No token is stored as alice for client_id 1111, or it was stored with another client secret. Authorize
      again.
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

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
