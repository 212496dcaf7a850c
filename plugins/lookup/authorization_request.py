# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: authorization_request
short_description: Create the URL for a browser sign-in to Tallyfy
version_added: 1.0.0
description:
  - Returns the URL of Tallyfy's sign-in page for one authorization, and the values to validate the answer with. Each
    call creates new random values. Keep the result, for example with M(ansible.builtin.set_fact), and use it once.
  - The person opens the URL in a browser, signs in and consents. Pass the URL that the browser then shows to
    M(tallyfy.platform.tallyfy_authorization).
  - The lookup sends no request.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  redirect_uri:
    description:
      - URL to which the browser is redirected. It must exactly match one that is registered for the application in
        Tallyfy. No server has to answer there.
      - Plain C(http://) is refused except for loopback addresses.
    type: str
    required: true
    vars:
      - name: tallyfy_redirect_uri
  response_type:
    description:
      - Content of the answer, a V(token), or a V(code) that is exchanged for a token.
      - Tallyfy documents V(token) for third-party applications. With V(code) the token never passes through the
        browser, and PKCE (S256) ensures that only the requester can exchange the code. Prefer V(code) if Tallyfy offers
        it for your application.
    type: str
    choices: [token, code]
    default: token
    vars:
      - name: tallyfy_response_type
  scope:
    description:
      - Scope to request. Tallyfy documents none.
    type: str
    vars:
      - name: tallyfy_scope
  client_id:
    description:
      - Client ID of the application.
    type: str
    vars:
      - name: tallyfy_client_id
    env:
      - name: TALLYFY_CLIENT_ID
  authorize_url:
    description:
      - URL of the sign-in page.
      - Plain C(http://) is refused except for loopback addresses.
    type: str
    default: https://account.tallyfy.com/oauth/authorize
    vars:
      - name: tallyfy_authorize_url
    env:
      - name: TALLYFY_AUTHORIZE_URL
notes:
  - The C(state) and the C(code_verifier) are secret until the answer is used. The URL contains the state, so show it to
    the person only.
seealso:
  - module: tallyfy.platform.tallyfy_authorization
"""

EXAMPLES = r"""
- name: Create the URL of the sign-in page
  ansible.builtin.set_fact:
    asked: >-
      {{ lookup('tallyfy.platform.authorization_request', redirect_uri='https://app.example.com/auth/callback') }}
  no_log: true

- name: Show the URL
  ansible.builtin.debug:
    msg: "Open {{ asked.url }}"

- name: Request a code instead of a token
  ansible.builtin.set_fact:
    asked: >-
      {{ lookup('tallyfy.platform.authorization_request', redirect_uri='http://localhost:8765/callback',
         response_type='code') }}
  no_log: true

- name: Request a code for another application
  ansible.builtin.set_fact:
    asked: >-
      {{ lookup('tallyfy.platform.authorization_request', redirect_uri='https://app.example.com/auth/callback',
         response_type='code', client_id='4711') }}
  no_log: true
"""

RETURN = r"""
_raw:
  description:
    - A list with one dictionary, which C(lookup) returns as a dictionary.
  type: list
  elements: dict
  contains:
    url:
      description: URL to open in a browser.
      type: str
      sample: https://account.tallyfy.com/oauth/authorize?client_id=1111&redirect_uri=http%3A%2F%2Flocalhost%3A8765
    state:
      description: Random text that the answer must contain.
      type: str
      sample: Kx3v0hWn1Q8mYpZc
    code_verifier:
      description: PKCE verifier, a secret. V(null) with O(response_type=token).
      type: str
      sample: b7Vd1oQm5xWc3tRf
    redirect_uri:
      description: URL to which the browser is redirected.
      type: str
      sample: http://localhost:8765/callback
"""

import secrets
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.lookup import LookupBase

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import (
    AUTHORIZE_URL,
    AUTHORIZE_URL_VARIABLE,
    authorization_request,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import refusal_of
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._module import from_environment
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plugin_options

NAME = "tallyfy.platform.authorization_request"
SPEC: dict[str, dict[str, Any]] = {
    "redirect_uri": {"type": "str", "required": True},
    "response_type": {"type": "str", "choices": ["token", "code"], "default": "token"},
    "scope": {"type": "str"},
    "client_id": {"type": "str", "default": "", "fallback": (from_environment, list(OPTIONS["client_id"][1]))},
    "authorize_url": {
        "type": "str", "default": AUTHORIZE_URL, "fallback": (from_environment, [AUTHORIZE_URL_VARIABLE]),
    },
}  # fmt: skip


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any
    ) -> list[dict[str, str | None]]:
        """Return the request in a list."""
        if terms:
            raise AnsibleLookupError(f"The lookup {NAME} takes options and no terms.")
        given = plugin_options(options, variables or {}, self._templar.template, SPEC)
        validation = ArgumentSpecValidator(SPEC).validate(given)
        refusal = refusal_of(validation, NAME)
        if refusal is not None:
            raise AnsibleLookupError(shown_text(refusal))
        try:
            request = authorization_request(random_text=secrets.token_urlsafe, **validation.validated_parameters)
        except TallyfyError as error:
            raise AnsibleLookupError(shown_text(error.message)) from None
        return [asdict(request)]
