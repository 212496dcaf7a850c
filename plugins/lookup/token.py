# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: token
short_description: Get an access token of Tallyfy for use in other modules
version_added: 0.1.0
description:
  - Returns one access token, of the application or in the name of a member, from the cache or newly issued.
  - Or the token that M(tallyfy.platform.tallyfy_token) has kept under a O(name) after somebody signed in by a browser.
  - The modules of this collection sign in by themselves and do not need it.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  _terms:
    description:
      - At most one e-mail address of a member. The token is then issued in their name.
      - Without a term, the token is the application's own. A blank term is refused.
    type: list
    elements: str
  min_ttl:
    description:
      - Seconds that the token must last. A kept token that expires earlier is replaced. One with a O(name) is refused,
        since only its owner can replace it.
    type: int
    default: 300
  name:
    description:
      - Name under which the token was kept. Not together with a term.
      - The O(client_id) and the O(client_secret) must be those it was kept with. With O(org_id), a token of another
        organization is refused.
    type: str
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.connection.plugin
notes:
  - Use C(no_log) on tasks that send the token with other modules, since these print their arguments when run with
    C(-vvv).
seealso:
  - module: tallyfy.platform.tallyfy_token
"""

EXAMPLES = r"""
- name: Ask for the tasks of a member with another module
  ansible.builtin.uri:
    url: "{{ tallyfy_api_url }}/organizations/{{ tallyfy_org_id }}/me"
    headers:
      Accept: application/json
      Authorization: "Bearer {{ lookup('tallyfy.platform.token', 'alice.smith@example.com') }}"
      X-Tallyfy-Client: APIClient
  no_log: true

- name: Keep the token of somebody who has signed in by a browser
  tallyfy.platform.tallyfy_token:
    name: alice
    redirect_response: "{{ pasted.user_input }}"
    redirect_uri: "{{ asked.redirect_uri }}"
    expected_state: "{{ asked.state }}"
    code_verifier: "{{ asked.code_verifier }}"

- name: Look at the organization in their name
  tallyfy.platform.tallyfy_organization_info:
    access_token: "{{ lookup('tallyfy.platform.token', name='alice') }}"
"""

RETURN = r"""
_raw:
  description: A list with the access token.
  type: list
  elements: str
"""

import time
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.tallyfy.platform.plugins.module_utils._api.opening import open_client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS, connection_from
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import REQUESTS_IMPORT_ERROR
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.named_token import kept_token
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.token import tokens_for
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_text


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return the access token in a list."""
        if REQUESTS_IMPORT_ERROR is not None:
            raise AnsibleLookupError(
                "The lookup tallyfy.platform.token needs the Python library requests on the controller."
            )
        if len(terms) > 1:
            raise AnsibleLookupError(f"The lookup tallyfy.platform.token takes one e-mail address, not {len(terms)}.")
        # ansible-core takes an empty environment variable for a value, and an empty text for false. So it is kept from
        # looking for the connection options, and they are read as those of the modules are.
        settled = {name: default or "" for name, (default, _variables) in OPTIONS.items()}
        self.set_options(var_options=variables, direct={**options, **settled})
        given = {**{name: options.get(alias) for alias, name in ALIASES.items()}, **options}
        name, min_ttl = self.get_option("name"), self.get_option("min_ttl")
        if name is not None and (terms or not name.strip()):
            raise AnsibleLookupError(
                "The lookup tallyfy.platform.token takes an e-mail address or a name, and the name must not be blank."
            )
        secrets = SecretKeeper()
        try:
            connection = connection_from(given, parse_bool=boolean, signs_in=name is None)
            client = open_client(connection, secrets, lambda text: Display().warning(shown_text(secrets.mask(text))))
            if name is not None:
                return [kept_token(client, name, min_ttl=min_ttl, now=time.time()).access_token]
            user = str(terms[0] or "") if terms else None
            token = tokens_for(client, user).obtain(min_ttl=min_ttl)
        except TallyfyError as error:
            raise AnsibleLookupError(shown_text(secrets.mask(error.message))) from None
        return [token.access_token]
