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
      - Base URL of the API, with or without a trailing slash. Defaults to the environment variable E(TALLYFY_API_URL)
        when set.
      - Plain C(http://) is refused except for loopback addresses (C(localhost), C(127.0.0.1), C([::1])). Loopback
        addresses do not use a proxy.
    type: str
    default: https://go.tallyfy.com/api
  token_url:
    description:
      - URL of the token endpoint. Defaults to the environment variable E(TALLYFY_TOKEN_URL) when set.
      - The client secret is sent to this URL only.
    type: str
    default: https://go.tallyfy.com/oauth/token
  org_id:
    description:
      - ID of the organization. Defaults to the environment variable E(TALLYFY_ORG_ID).
    type: str
    aliases: [organization_id]
  client_id:
    description:
      - Client ID of the application credentials. Defaults to the environment variable E(TALLYFY_CLIENT_ID).
    type: str
  client_secret:
    description:
      - Client secret of the application credentials. Defaults to the environment variable E(TALLYFY_CLIENT_SECRET).
    type: str
  access_token:
    description:
      - An access token, instead of application credentials. Defaults to the environment variable
        E(TALLYFY_ACCESS_TOKEN), then E(TALLYFY_API_TOKEN).
      - If both are set, application credentials take precedence. A token given as an option takes precedence over
        credentials from the environment, and O(act_as) is then not read from the environment.
    type: str
    aliases: [api_token]
  act_as:
    description:
      - E-mail address of the member who makes the calls to the organization, usually an administrator. A token for this
        member is issued with the application credentials. Defaults to the environment variable E(TALLYFY_ACT_AS).
      - Required when Tallyfy answers calls with the token of the application by C(401).
    type: str
  timeout:
    description:
      - Maximum time in seconds for the answer to one request, from the end of the request to the last byte. A retry has
        the same limit again. Defaults to the environment variable E(TALLYFY_TIMEOUT) when set.
    type: float
    default: 30
  max_wait:
    description:
      - Maximum total time in seconds that one task waits, because Tallyfy asks for it or between retries. Defaults to
        the environment variable E(TALLYFY_MAX_WAIT) when set.
      - Delays due to O(rate_limit) do not count.
      - Also the maximum time to wait for a lock of another task. After that, the task fails and names the holder.
    type: float
    default: 300
  rate_limit:
    description:
      - Maximum number of requests per minute of all processes on this controller for this organization. V(0) disables
        the limit. Defaults to the environment variable E(TALLYFY_RATE_LIMIT) when set.
      - If Tallyfy's answers announce a lower limit, that limit applies for an hour. They never raise the limit, and
        V(0) ignores them.
    type: int
    default: 600
  validate_certs:
    description:
      - Whether to validate TLS certificates. Defaults to the environment variable E(TALLYFY_VALIDATE_CERTS) when set.
      - Only V(false) or an equivalent boolean value disables the validation. A blank value does not.
    type: bool
    default: true
  ca_path:
    description:
      - File or directory with trusted CA certificates. In a directory, the files need the names that C(openssl rehash)
        creates. Defaults to the environment variable E(TALLYFY_CA_PATH).
    type: path
  state_dir:
    description:
      - Private directory for locks between processes, the shared request budget and encrypted tokens. It is an absolute
        path or starts with C(~). Defaults to the environment variable E(TALLYFY_STATE_DIR) when set.
      - The directory is created if needed. A directory that other users can read or replace is refused and never
        changed. If the directory cannot be used, or its files cannot be locked, tasks that only read continue with a
        warning, and tasks that need a lock fail before they write.
    type: str
    default: ~/.cache/tallyfy-platform
  cache_tokens:
    description:
      - Whether to cache tokens in O(state_dir). Locks and the request budget are kept there in any case. Defaults to
        the environment variable E(TALLYFY_CACHE_TOKENS) when set.
    type: bool
    default: true
requirements:
  - python >= 3.9
  - requests >= 2.25.1
  - urllib3 >= 1.26
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
