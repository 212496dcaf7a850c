# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: token
short_description: Get an access token of Tallyfy for use in other modules
version_added: 1.0.0
description:
  - Returns the access token that the modules of this collection use, as M(tallyfy.platform.tallyfy_token) does. That is
    the token of the member in O(act_as), otherwise that of the application, otherwise O(access_token).
  - With O(name) it returns the token that M(tallyfy.platform.tallyfy_authorization) stored after a browser sign-in.
  - The modules of this collection sign in by themselves and do not need it.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  _terms:
    description:
      - At most one e-mail address of a member. The token is issued for this member, regardless of O(act_as).
      - A blank term is refused, because the token of the application has more rights.
    type: list
    elements: str
  kind:
    description:
      - Kind of token to return. V(application) is the token of the application. V(user) is the token of the member in
        the term or in O(act_as), or O(access_token).
      - By default it is the token that the modules use.
    type: str
    choices: [application, user]
  min_ttl:
    description:
      - Minimum remaining lifetime of the token in seconds. A cached token that expires earlier is replaced. A token
        with a O(name) is refused instead, because only its owner can replace it.
    type: int
    default: 300
  name:
    description:
      - Name under which the token was stored. Cannot be combined with a term or O(kind).
      - O(client_id) and O(client_secret) must be those with which the token was stored. With O(org_id), a token of
        another organization is refused.
    type: str
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.connection.plugin
notes:
  - The variable C(tallyfy_access_token) is ignored with a term, O(name) or O(kind=application), and while this lookup
    computes that variable itself.
  - Set C(no_log) on tasks that pass the token to other modules, because they print their arguments with C(-vvv).
seealso:
  - module: tallyfy.platform.tallyfy_token
  - module: tallyfy.platform.tallyfy_authorization
"""

EXAMPLES = r"""
- name: Call the API as a member with another module
  ansible.builtin.uri:
    url: "{{ tallyfy_api_url }}/organizations/{{ tallyfy_org_id }}/me"
    headers:
      Accept: application/json
      Authorization: "Bearer {{ lookup('tallyfy.platform.token', 'alice.smith@example.com') }}"
      X-Tallyfy-Client: APIClient
  no_log: true

- name: Call the API as the application
  ansible.builtin.uri:
    url: "{{ tallyfy_api_url }}/organizations/{{ tallyfy_org_id }}/tags"
    headers:
      Accept: application/json
      Authorization: "Bearer {{ lookup('tallyfy.platform.token', kind='application', min_ttl=600) }}"
      X-Tallyfy-Client: APIClient
  no_log: true

- name: Store the token of a person who has signed in by a browser
  tallyfy.platform.tallyfy_authorization:
    name: alice
    redirect_response: "{{ pasted.user_input }}"
    redirect_uri: "{{ asked.redirect_uri }}"
    expected_state: "{{ asked.state }}"
    code_verifier: "{{ asked.code_verifier }}"

- name: Read the organization with the stored token
  tallyfy.platform.tallyfy_organization_info:
    access_token: "{{ lookup('tallyfy.platform.token', name='alice') }}"
"""

RETURN = r"""
_raw:
  description: A list with the access token, which C(lookup) returns as a string.
  type: list
  elements: str
  sample: [eyJ0eXAi.not-a-real-token]
"""

import time
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import (
    REQUESTS_ADVICE,
    REQUESTS_IMPORT_ERROR,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.authorization import kept_token
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.token import token_source
from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import run_in_process
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import open_options, plugin_options

NAME = "tallyfy.platform.token"


class LookupModule(LookupBase):
    #: Whether the variable ``tallyfy_access_token`` is being made, by a template that may have this lookup in it.
    _is_asking = False

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return the access token in a list."""
        if REQUESTS_IMPORT_ERROR is not None:
            raise AnsibleLookupError(f"The lookup {NAME} cannot run. {REQUESTS_ADVICE}")
        if len(terms) > 1:
            raise AnsibleLookupError(f"The lookup {NAME} takes one e-mail address, not {len(terms)}.")
        name, kind = options.get("name"), options.get("kind")
        if name is not None and (terms or not str(name).strip()):
            raise AnsibleLookupError(
                f"The lookup {NAME} takes an e-mail address or a name, and the name must not be blank."
            )
        user = str(terms[0] or "") if terms else None

        def obtain(task: Task) -> dict[str, Any]:
            min_ttl = task.params["min_ttl"]
            if name is not None:
                token = kept_token(task.client, task.params["name"], min_ttl=min_ttl, now=time.time())
            else:
                token = token_source(task.client, user=user, kind=kind).obtain(min_ttl=min_ttl)
            return {"changed": False, "token": token.access_token}

        spec = ModuleSpec(
            argument_spec={
                "kind": {"type": "str", "choices": ["application", "user"]},
                "min_ttl": {"type": "int", "default": 300},
                "name": {"type": "str"},
            },
            operation=obtain,
            shows_tokens=True,
            signs_in=name is None,
            rules={"mutually_exclusive": [("name", "kind")]},
        )
        is_needless = bool(terms) or name is not None or kind == "application"
        arguments = self._arguments(options, variables or {}, is_needless)
        result = run_in_process(NAME, spec, arguments, check_mode=False, progress=Display().vvv)
        for text in result.get("warnings", []):
            Display().warning(text)
        if result.get("failed"):
            raise AnsibleLookupError(result["msg"])
        return [result["token"]]

    def _arguments(self, options: dict[str, Any], variables: dict[str, Any], is_needless: bool) -> dict[str, Any]:
        """Return the options with those of variables; an access token is asked of these only where it matters."""
        unread = ("access_token",) if is_needless or LookupModule._is_asking else ()
        was_asking, LookupModule._is_asking = LookupModule._is_asking, True
        try:
            return plugin_options(options, variables, self._templar.template, open_options(options, unread))
        finally:
            LookupModule._is_asking = was_asking
