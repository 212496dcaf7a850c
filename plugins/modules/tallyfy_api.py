#!/usr/bin/python

# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tallyfy_api
short_description: Make any call of the Tallyfy API
version_added: 0.1.0
description:
  - Sends one request with sign-in, paging, retries, error messages and check mode taken care of.
  - Meant for what no other module of the collection does. Those are idempotent; a raw call is so only where the
    attributes below say it.
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
      - Path of the route below O(api_url), for example V(/organizations/{org_id}/tags). C({org_id}) is replaced.
      - A whole address is accepted only on the host of O(api_url).
      - Routes that issue tokens are refused; use M(tallyfy.platform.tallyfy_token).
      - Blanks, control characters and backslashes are refused; what belongs to a name is written percent-encoded.
    type: str
    required: true
  query:
    description:
      - Query parameters. The values of a list are joined with commas, as Tallyfy takes them.
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
      - Which token to send. V(auto) chooses by the route, V(application) and V(user) insist. A token itself is given as
        O(access_token).
    type: str
    choices: [auto, application, user]
    default: auto
  only_if_different:
    description:
      - Reads O(path) first and writes only when something in O(body) differs. Only for O(method=PUT) with a dictionary
        as O(body).
      - Dictionaries are compared key by key, inner ones too, and only by the keys of O(body). Lists must have the same
        entries in the same order. Keys that the answer does not have count as different.
      - A number and the text of the same number, such as V(7) and V("7"), count as equal, as Tallyfy spells some IDs
        both ways. So do an empty text and V(null), texts that differ in white space around them, and two spellings of
        one moment.
      - Afterwards the record is compared with what was read and sent. Values that Tallyfy did not store are a failure.
        Many routes of Tallyfy replace what is left out, so give every key that matters; what changed without being
        asked for is told in RV(notes) and in the diff.
      - The PUT is sent once. After a failure that may pass the record is read again, so that no change of somebody else
        is overwritten with old values.
    type: bool
    default: false
extends_documentation_fragment:
  - tallyfy.platform.connection
  - tallyfy.platform.attributes
notes:
  - A C(DELETE) that was answered with success is looked at where the record can be read. When it is still there and
    unchanged, the task fails.
  - When an answer is lost, or a server fails, a write may have been carried out. The task then fails with
    C(changed=true), and the message says how to find out. A C(POST) is never repeated by itself after that.
  - What an answer holds as C(access_token), C(refresh_token), C(id_token) or C(client_secret), in this or a similar
    spelling and at any depth, is shown as V(********), with a note in RV(notes), and stays hidden in later items of a
    loop. M(tallyfy.platform.tallyfy_token) returns tokens.
attributes:
  check_mode:
    support: full
    details:
      - GET requests are sent. Writes are not; C(DELETE) looks whether there is something to delete. What a PUT changes
        without being asked to is known only after a run.
  diff_mode:
    support: partial
    details:
      - Only with O(only_if_different=true).
  idempotent:
    support: partial
    details:
      - C(GET), C(DELETE) of something that can be read, and O(only_if_different=true) are. Every other write is sent
        each time, C(DELETE) of a route such as C(…/disable) included.
"""

EXAMPLES = r"""
- name: List all tags
  tallyfy.platform.tallyfy_api:
    path: /organizations/{org_id}/tags
    query:
      all: true
    all_pages: true
  register: tags

- name: Rename a tag, if it is not renamed yet
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
"""

RETURN = r"""
status:
  description: HTTP status of the answer; V(null) when there was none, as for a write that was not sent.
  type: int
  returned: always
  sample: 200
data:
  description: What the answer holds, without its envelope. All records with O(all_pages=true). V(null) after a failure.
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
  description: The C(meta) of the answer's envelope, V(null) when it has none and with O(all_pages=true).
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
  description: The ID that Tallyfy gave the request, for questions to its support; V(null) when it gave none
    and with O(all_pages=true).
  type: str
  returned: always
  sample: 8d0f6f7e-9a6b-4b53-a2a7-0d5f4e0c9b1e
actions:
  description: The write that was sent, or, in check mode, would be sent.
  type: list
  elements: dict
  returned: always
  contains:
    action:
      description: What the method stands for, V(created) (C(POST)), V(updated) (C(PUT) and C(PATCH)) or V(deleted)
        (C(DELETE)).
      type: str
    reason:
      description: Why the request is needed.
      type: str
    fields:
      description:
        - Names of the keys that are written; with O(only_if_different=true) of those that differ. A key of an inner
          dictionary has the names of all, such as V(taskdata.field).
      type: list
      elements: str
    target:
      description: Always V(null), since nothing else is concerned. It is there for plays that read the actions of any
        module.
      type: str
  sample:
    - action: updated
      reason: name to be set
      fields: [name]
      target: null
notes:
  description:
    - With O(only_if_different=true), what Tallyfy changed although nobody asked for it, and what it does not show, so
      that nobody knows whether it was stored.
    - That an answer holds a token, which is not shown.
  type: list
  elements: str
  returned: always
  sample:
    - >-
      Tallyfy changed users as well, which was not asked for. What a PUT leaves out may be replaced; give it in body to
      keep it.
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
failed_action:
  description: The step that failed, with the keys of an entry of RV(actions), which then names what was done before it;
    V(null) when none did.
  type: dict
  returned: always
  sample:
    action: updated
    reason: was asked for
    fields: [name]
    target: null
not_stored:
  description: Names of the fields that Tallyfy answered with success and did not store.
  type: list
  elements: str
  returned: always
  sample: [name]
not_before:
  description: When it makes sense to run it again, in ISO 8601, after a limit of Tallyfy would have meant too long a
    wait; otherwise V(null).
  type: str
  returned: always
  sample: "2026-11-22T14:02:10Z"
"""

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
