#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tallyfy_api
short_description: Call any route of the Tallyfy API
version_added: 1.0.0
description:
  - Sends one request to the API. The module handles sign-in, paging, retries, error messages and check mode.
  - Use it for what no other module of the collection does. The other modules are idempotent; a raw call is idempotent
    only as described in the attributes.
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  method:
    description:
      - HTTP method.
    type: str
    choices: [GET, POST, PUT, PATCH, DELETE]
    default: GET
  path:
    description:
      - Path of the route below O(api_url), for example V(/organizations/{org_id}/tags). C({org_id}) is replaced by the
        ID of the organization.
      - A full URL is accepted only for the host of O(api_url).
      - Routes that issue tokens are refused; use M(tallyfy.platform.tallyfy_token).
      - Spaces, control characters and backslashes are refused. Percent-encode them when they belong to a name.
    type: str
    required: true
  query:
    description:
      - Query parameters. The values of a list are joined with commas, as Tallyfy expects.
    type: dict
    default: {}
  body:
    description:
      - Body of the request, sent as JSON.
    type: raw
  all_pages:
    description:
      - Whether to read all pages of a listing and return all records in RV(data). Only for O(method=GET).
    type: bool
    default: false
  token_kind:
    description:
      - Kind of token to send. V(auto) selects it by the route. V(application) and V(user) require that kind. To pass a
        token itself, use O(access_token).
    type: str
    choices: [auto, application, user]
    default: auto
  only_if_different:
    description:
      - Reads O(path) first and writes only when something in O(body) differs. Only for O(method=PUT) with a dictionary
        as O(body).
      - Dictionaries are compared by the keys in O(body), nested ones too. Lists must have the same entries in the same
        order. A key that the answer does not contain counts as different.
      - A number equals a string with the same number, such as V(7) and V("7"), because Tallyfy returns some IDs both
        ways. An empty string equals V(null). Surrounding white space and the notation of a timestamp do not matter.
      - After the write the module compares the record with the values that it sent. It fails when Tallyfy did not store
        one. Many routes replace what the body omits, so include every key that matters. RV(notes) and the diff report
        other changes.
      - The PUT is sent once. After a temporary failure the record is read again, so that old values do not overwrite a
        change made by somebody else.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes
notes:
  - After a successful C(DELETE) the module reads the record, if the route allows that. It fails when the record is
    still there unchanged.
  - When an answer is lost or the server fails, Tallyfy may have carried out the write. The task then fails with
    C(changed=true), and the message tells how to check. A C(POST) is never repeated automatically in that case.
  - Values of C(access_token), C(refresh_token), C(id_token), C(client_secret) and similar keys in an answer, at any
    depth, are returned as V(********), with a remark in RV(notes). They also stay hidden in later items of a loop. To
    get a token, use M(tallyfy.platform.tallyfy_token).
attributes:
  check_mode:
    support: full
    details:
      - GET requests are sent and writes are not. For C(DELETE), the module checks whether there is something to delete.
        Changes that a PUT makes beyond its body are known only after a run.
  diff_mode:
    support: partial
    details:
      - Only with O(only_if_different=true).
  idempotent:
    support: partial
    details:
      - C(GET), C(DELETE) of a readable record, and O(only_if_different=true) are idempotent. Any other write is sent
        each time, including C(DELETE) of a route such as C(…/disable).
"""

EXAMPLES = r"""
- name: List all tags
  tallyfy.platform.tallyfy_api:
    path: /organizations/{org_id}/tags
    query:
      all: true
    all_pages: true
  register: tags

- name: Create a tag
  tallyfy.platform.tallyfy_api:
    method: POST
    path: /organizations/{org_id}/tags
    body:
      title: Remote
      color: "#3498db"

- name: Rename a tag unless it already has the new name
  tallyfy.platform.tallyfy_api:
    method: PUT
    path: /organizations/{org_id}/tags/{{ tag_id }}
    body:
      title: Pressing
      color: "#e74c3c"
    only_if_different: true

- name: Delete a tag
  tallyfy.platform.tallyfy_api:
    method: DELETE
    path: /organizations/{org_id}/tags/{{ tag_id }}

- name: Read a route as a member
  tallyfy.platform.tallyfy_api:
    path: /organizations/{org_id}/me
    act_as: alice.smith@example.com
    token_kind: user
"""

RETURN = r"""
status:
  description: HTTP status code of the answer. V(null) when there was none, for example because a write was not sent.
  type: int
  returned: always
  sample: 200
data:
  description: Content of the answer without its envelope. With O(all_pages=true), all records of the listing. V(null)
    after a failure.
  type: raw
  returned: always
  sample:
    - id: a9a53a2ae1e6dd36db693399d5332e7b
      title: Onboarding
      color: "#3498db"
      auto_generated: false
      created_at: "2025-01-15T10:00:00.000Z"
      deleted_at: null
    - id: c4e1f0a9b8d7465f9e3d2c1b0a998877
      title: Urgent
      color: "#e74c3c"
      auto_generated: false
      created_at: "2025-01-16T10:00:00.000Z"
      deleted_at: null
meta:
  description: The C(meta) object of the answer. V(null) when the answer has none, and with O(all_pages=true).
  type: dict
  returned: always
  sample:
    pagination:
      total: 3
      count: 3
      per_page: 10
      current_page: 1
      total_pages: 1
      links: []
request_id:
  description: ID that Tallyfy assigned to the request, for questions to its support. V(null) when Tallyfy returned
    none, and with O(all_pages=true).
  type: str
  returned: always
  sample: 8d0f6f7e-9a6b-4b53-a2a7-0d5f4e0c9b1e
actions:
  description: The write that was sent. In check mode, the write that would be sent.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: V(created) for C(POST), V(updated) for C(PUT) and C(PATCH), or V(deleted) for C(DELETE).
      type: str
      sample: updated
    reason:
      description: Reason for the request.
      type: str
      sample: was asked for
    fields:
      description: Keys that are written. With O(only_if_different=true), the keys that differ. A nested key includes
        its parents, such as V(taskdata.field).
      type: list
      elements: str
      sample: [color, title]
    target:
      description: Always V(null). Present so that the actions of all modules have the same keys.
      type: str
      sample: null
  sample:
    - action: created
      reason: was asked for
      fields: [color, title]
      target: null
notes:
  description:
    - With O(only_if_different=true), values that Tallyfy changed without being asked, and values that it does not
      return, which therefore cannot be verified.
    - A remark when the answer contains a token, which is not returned.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Tallyfy also changed users, which was not sent. A PUT may replace fields that body omits; add them
      to body to keep them.
problems:
  description:
    - Errors, one text each, such as invalid options or refused requests. C(msg) is composed of them.
    - Empty when there was no error.
  type: list
  elements: str
  returned: always
  sample:
    - "GET /organizations/25f66ae8cd27630803af1f25fe015a1a/users: This action is unauthorized. (HTTP 403)"
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions). RV(actions) then lists only the steps
    completed before it. V(null) when no step failed.
  type: dict
  returned: always
  sample:
    action: updated
    reason: was asked for
    fields: [name]
    target: null
not_stored:
  description: Names of fields whose values Tallyfy accepted but did not store.
  type: list
  elements: str
  returned: always
  sample: [name]
not_before:
  description: Earliest time to run the task again, in ISO 8601, when a limit of Tallyfy requires a wait longer than
    O(max_wait). Otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

from ansible_collections.tallyfy.platform.plugins.module_utils._python import require_supported_python

require_supported_python()

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._module import STATE_KEYS, ModuleSpec, run_module
from ansible_collections.tallyfy.platform.plugins.module_utils._operations.api_call import make_call


def call(task: Task) -> dict[str, object]:
    """Make the call."""
    return make_call(task.client, task.params)


SPEC = ModuleSpec(
    argument_spec={
        "method": {"type": "str", "choices": ["GET", "POST", "PUT", "PATCH", "DELETE"], "default": "GET"},
        "path": {"type": "str", "required": True},
        "query": {"type": "dict", "default": {}},
        "body": {"type": "raw"},
        "all_pages": {"type": "bool", "default": False},
        "token_kind": {
            "type": "str",
            "choices": ["auto", "application", "user"],
            "default": "auto",
            "no_log": False,
        },
        "only_if_different": {"type": "bool", "default": False},
    },
    operation=call,
    result_keys={"status": None, "data": None, "meta": None, "request_id": None, **STATE_KEYS},
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
