# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: twin of ``plugins/module_utils/_http/connection.py``; a test keeps the two equal."""

from __future__ import annotations


class ModuleDocFragment:
    # For modules. An empty environment variable counts as not set.
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base address of the API, with or without a trailing slash. The environment variable E(TALLYFY_API_URL) is used
        when the option is not given.
      - Plain C(http://) is refused except for loopback addresses (C(localhost), C(127.0.0.1), C([::1])). No proxy is
        used for these.
    type: str
    default: https://go.tallyfy.com/api
  token_url:
    description:
      - Address of the token endpoint. The environment variable E(TALLYFY_TOKEN_URL) is used when the option is not
        given.
      - The client secret is sent to this address only.
    type: str
    default: https://go.tallyfy.com/oauth/token
  org_id:
    description:
      - ID of the organization. The environment variable E(TALLYFY_ORG_ID) is used when the option is not given.
    type: str
    aliases: [organization_id]
  client_id:
    description:
      - Client ID of the application credentials. The environment variable E(TALLYFY_CLIENT_ID) is used when the
        option is not given.
    type: str
  client_secret:
    description:
      - Client secret of the application credentials. The environment variable E(TALLYFY_CLIENT_SECRET) is used when
        the option is not given.
    type: str
  access_token:
    description:
      - A ready bearer token, instead of application credentials. The environment variables E(TALLYFY_ACCESS_TOKEN)
        and E(TALLYFY_API_TOKEN) are used, in this order, when the option is not given.
      - Application credentials are preferred when both are given, except that a token given as an option is preferred
        to credentials from the environment. O(act_as) is not read from the environment then.
    type: str
    aliases: [api_token]
  act_as:
    description:
      - E-mail address of a member in whose name the calls to the organization are made; usually an administrator.
        A token is issued for them with the application credentials. The environment variable E(TALLYFY_ACT_AS) is
        used when the option is not given.
      - Needed when Tallyfy answers calls with the application's own token by C(401).
    type: str
  timeout:
    description:
      - Seconds that the answer to one request may take, from the end of the request to the last byte. A request that is
        repeated has them again. The environment variable E(TALLYFY_TIMEOUT) is used when the option is not given.
    type: float
    default: 30
  max_wait:
    description:
      - Seconds that one task may spend waiting because Tallyfy asks for it or because a request is repeated,
        altogether. The environment variable E(TALLYFY_MAX_WAIT) is used when the option is not given.
      - The pace of O(rate_limit) does not count.
      - For so long a task also waits for a lock that another one has; then it fails and says who has it.
    type: float
    default: 300
  rate_limit:
    description:
      - Requests a minute for all processes of this controller and organization together; V(0) means no limit of our
        own. The environment variable E(TALLYFY_RATE_LIMIT) is used when the option is not given.
      - When Tallyfy's answers show a lower limit, that one is kept for an hour. They never raise the pace, and V(0)
        ignores them.
    type: int
    default: 600
  validate_certs:
    description:
      - Whether TLS certificates are checked. The environment variable E(TALLYFY_VALIDATE_CERTS) is used when the
        option is not given.
      - Only V(false), or another spelling of no, switches that off. A blank text does not.
    type: bool
    default: true
  ca_path:
    description:
      - File or directory with the certificates of the authorities that are trusted. In a directory they need the names
        that C(openssl rehash) gives them. The environment variable E(TALLYFY_CA_PATH) is used when the option is not
        given.
    type: path
  state_dir:
    description:
      - Directory of one's own for locks between processes, the shared request budget and encrypted tokens; an absolute
        path, or one that starts with C(~). The environment variable E(TALLYFY_STATE_DIR) is used when the option is not
        given.
      - It is made when it is not there. One that others may look into or replace is refused and never changed. Where it
        cannot be used or its files cannot be locked, tasks that read go on with a warning, and what needs a lock fails
        before it writes.
    type: str
    default: ~/.cache/tallyfy-platform
  cache_tokens:
    description:
      - Whether tokens are kept in O(state_dir). Locks and the budget are there in any case. The environment variable
        E(TALLYFY_CACHE_TOKENS) is used when the option is not given.
    type: bool
    default: true
requirements:
  - requests
"""

    # For lookups and other plugins: what ansible-doc shows. Variables are read by plugin_options, the environment by
    # connection_from.
    PLUGIN = r"""
options:
  api_url:
    vars:
      - name: tallyfy_api_url
    env:
      - name: TALLYFY_API_URL
  token_url:
    vars:
      - name: tallyfy_token_url
    env:
      - name: TALLYFY_TOKEN_URL
  org_id:
    vars:
      - name: tallyfy_org_id
      - name: tallyfy_organization_id
    env:
      - name: TALLYFY_ORG_ID
  client_id:
    vars:
      - name: tallyfy_client_id
    env:
      - name: TALLYFY_CLIENT_ID
  client_secret:
    vars:
      - name: tallyfy_client_secret
    env:
      - name: TALLYFY_CLIENT_SECRET
  access_token:
    vars:
      - name: tallyfy_access_token
      - name: tallyfy_api_token
    env:
      - name: TALLYFY_ACCESS_TOKEN
      - name: TALLYFY_API_TOKEN
  act_as:
    vars:
      - name: tallyfy_act_as
    env:
      - name: TALLYFY_ACT_AS
  timeout:
    vars:
      - name: tallyfy_timeout
    env:
      - name: TALLYFY_TIMEOUT
  max_wait:
    vars:
      - name: tallyfy_max_wait
    env:
      - name: TALLYFY_MAX_WAIT
  rate_limit:
    vars:
      - name: tallyfy_rate_limit
    env:
      - name: TALLYFY_RATE_LIMIT
  validate_certs:
    vars:
      - name: tallyfy_validate_certs
    env:
      - name: TALLYFY_VALIDATE_CERTS
  ca_path:
    vars:
      - name: tallyfy_ca_path
    env:
      - name: TALLYFY_CA_PATH
  state_dir:
    vars:
      - name: tallyfy_state_dir
    env:
      - name: TALLYFY_STATE_DIR
  cache_tokens:
    vars:
      - name: tallyfy_cache_tokens
    env:
      - name: TALLYFY_CACHE_TOKENS
"""
