# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: authorization_request
short_description: Make the address at which somebody lets an application act for them in Tallyfy
version_added: 0.1.0
description:
  - Returns the address of Tallyfy's sign-in page for one authorization, and what its answer is to be checked with. Each
    call makes new random values, so keep the result, for example with M(ansible.builtin.set_fact), and use it once.
  - The person opens the address in a browser, signs in and consents. The address that the browser then shows goes to
    M(tallyfy.platform.tallyfy_token).
  - Nothing is sent from here.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  redirect_uri:
    description:
      - Address to which the browser is sent back. It must be one that is registered for the application in Tallyfy,
        character by character. Nothing has to answer there.
      - Plain C(http://) is refused except for loopback addresses.
    type: str
    required: true
  response_type:
    description:
      - What the answer holds, a V(token) or a V(code) that is exchanged for one.
      - Tallyfy's page on third-party applications describes V(token). With V(code) the token itself never goes through
        the browser, and PKCE (S256) lets only who has asked exchange the code. Prefer it where Tallyfy offers it for
        your application.
    type: str
    choices: [token, code]
    default: token
  scope:
    description:
      - Scope to ask for. Tallyfy documents none.
    type: str
  client_id:
    description:
      - Client ID of the application. The environment variable E(TALLYFY_CLIENT_ID) is used when the option is not
        given.
    type: str
    env:
      - name: TALLYFY_CLIENT_ID
  authorize_url:
    description:
      - Address of the sign-in page. The environment variable E(TALLYFY_AUTHORIZE_URL) is used when the option is not
        given.
      - Plain C(http://) is refused except for loopback addresses.
    type: str
    default: https://account.tallyfy.com/oauth/authorize
    env:
      - name: TALLYFY_AUTHORIZE_URL
notes:
  - The C(state) and the C(code_verifier) are secrets until the answer is used. The address contains the state, so show
    it to the person only.
seealso:
  - module: tallyfy.platform.tallyfy_token
"""

EXAMPLES = r"""
- name: Make the address of the sign-in page
  ansible.builtin.set_fact:
    asked: >-
      {{ lookup('tallyfy.platform.authorization_request', redirect_uri='https://app.example.com/auth/callback') }}
  no_log: true

- name: Show it
  ansible.builtin.debug:
    msg: "Open {{ asked.url }}"

- name: Ask for a code instead
  ansible.builtin.set_fact:
    asked: >-
      {{ lookup('tallyfy.platform.authorization_request', redirect_uri='http://localhost:8765/callback',
         response_type='code') }}
  no_log: true
"""

RETURN = r"""
_raw:
  description:
    - A list with one dictionary, which C(lookup) returns by itself.
  type: list
  elements: dict
  contains:
    url:
      description: The address to open in a browser.
      type: str
    state:
      description: The random text that the answer must carry.
      type: str
    code_verifier:
      description: The secret of PKCE, V(null) with O(response_type=token).
      type: str
    redirect_uri:
      description: The address to which the browser is sent back.
      type: str
"""

import secrets
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import (
    AUTHORIZE_URL,
    AUTHORIZE_URL_VARIABLE,
    authorization_request,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS, environment_value
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any
    ) -> list[dict[str, str | None]]:
        """Return the request in a list."""
        if terms:
            raise AnsibleLookupError("The lookup tallyfy.platform.authorization_request takes options and no terms.")
        # As in the lookup token: an empty variable of the environment, and an empty option, count as not set.
        settled = {
            "client_id": _first(options.get("client_id"), OPTIONS["client_id"][1], ""),
            "authorize_url": _first(options.get("authorize_url"), (AUTHORIZE_URL_VARIABLE,), AUTHORIZE_URL),
        }
        self.set_options(var_options=variables, direct={**options, **settled})
        try:
            request = authorization_request(
                **settled,
                redirect_uri=self.get_option("redirect_uri"),
                response_type=self.get_option("response_type"),
                scope=self.get_option("scope"),
                random_text=secrets.token_urlsafe,
            )
        except TallyfyError as error:
            raise AnsibleLookupError(shown_text(error.message)) from None
        return [asdict(request)]


def _first(given: Any, variables: tuple[str, ...], default: str) -> str:
    """Return what is given, else the environment's value, else the default, without spaces around it."""
    text = "" if given is None else str(given)
    return (text.strip() or environment_value(variables) or default).strip()
