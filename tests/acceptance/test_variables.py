# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option, then ``tallyfy_`` variable, then environment: for modules, in both ways, and for lookups."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks
from tests.people import ALICE, BOB

#: What each host and each way gets, in one line: who calls by the module, by its token and by the token of the lookup.
PLAY = """
- hosts: all
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    tallyfy_max_wait: "{{ nothing | default(omit) }}"
    tallyfy_act_as: "{{ acting[inventory_hostname] | default(omit) }}"
  tasks:
    - tallyfy.platform.tallyfy_organization_info:
      register: used
    - tallyfy.platform.tallyfy_token:
      register: asked
    - tallyfy.platform.tallyfy_organization_info:
        access_token: "{{ lookup('tallyfy.platform.token') }}"
      register: looked_up
      no_log: true
    - ansible.builtin.debug:
        msg: >-
          {{ inventory_hostname }} is {{ used.caller.kind }} {{ used.caller.email }},
          {{ asked.token.kind }} {{ asked.token.user }}, the same {{ asked.token.access_token == lookup('tallyfy.platform.token') }},
          {{ looked_up.caller.kind }},
          bob {{ lookup('tallyfy.platform.token', 'bob@example.com') != asked.token.access_token }},
          page {{ lookup('tallyfy.platform.authorization_request', redirect_uri='http://localhost/').url | truncate(60, true, '') }}
    - ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', org_id='of-somebody-else', kind='application', client_id='wrong', client_secret='x') }}"
      ignore_errors: true
    - tallyfy.platform.tallyfy_organization_info:
        client_id: wrong
        client_secret: x
      ignore_errors: true
    - tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_access_token: "{{ lookup('tallyfy.platform.token', *item) }}"
      loop: [[], ["alice.smith@example.com"]]
      loop_control:
        label: a token that the variable itself is made of
"""  # noqa: E501 - what a debug shows is one line


def vaulted(folder: Path, text: str) -> str:
    """Return the text as ``ansible-vault encrypt_string`` writes it, as the last value of a file."""
    (folder / "password").write_text("opens the vault\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", "password", text]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def bare(sandbox: Sandbox, playbooks: Playbooks) -> Playbooks:
    """Take the connection out of the environment, but for another one that must not be used, into an inventory."""
    for name in ("API_URL", "TOKEN_URL", "AUTHORIZE_URL", "MAX_WAIT"):
        del playbooks.environment[f"TALLYFY_{name}"]
    playbooks.environment.update(TALLYFY_ORG_ID="wrong", TALLYFY_CLIENT_ID="wrong", TALLYFY_ACT_AS=BOB)
    variables = {
        "ansible_connection": "local",
        "url": sandbox.url,
        "tallyfy_api_url": "{{ url }}/api",
        "tallyfy_token_url": "{{ url }}/oauth/token",
        "tallyfy_organization_id": sandbox.org_id,
        "tallyfy_client_id": int(sandbox.client_id),
    }
    inventory = {"all": {"hosts": {"one": None, "two": None}, "vars": variables}}
    (playbooks.folder / "hosts.json").write_text(json.dumps(inventory))
    (playbooks.folder / "group_vars").mkdir()
    secret = vaulted(playbooks.folder, sandbox.client_secret)
    (playbooks.folder / "group_vars" / "all.yml").write_text(f"---\ntallyfy_client_secret: {secret}")
    return playbooks


@pytest.mark.parametrize("extra", [{}, {"tallyfy_in_process": False}], ids=["in-process", "module"])
def test_variables(sandbox: Sandbox, bare: Playbooks, extra: dict[str, Any]) -> None:
    given = {**extra, "acting": {"one": ALICE}, "tallyfy_authorize_url": "https://sign-in.example.com/authorize"}
    done = bare.run(PLAY, "-i", "hosts.json", "--vault-password-file", "password", "-e", json.dumps(given))
    assert done.returncode == 0, done.stdout
    reported = re.findall(r'"msg": "((?:one|two) is [^"]*)"', done.stdout)
    page = "page https://sign-in.example.com/authorize?client_id=1111&respons"
    # One acts as Alice; the other leaves it out, so the environment has the word, and that says Bob.
    assert sorted(reported) == [
        f"one is user {ALICE}, user {ALICE}, the same True, given, bob True, {page}",
        f"two is user {BOB}, user {BOB}, the same True, given, bob False, {page}",
    ]
    # An option wins over the variable.
    assert done.stdout.count("the sign-in failed") == 6
    assert {one["organization"] for one in sandbox.ledger(route="organization.get")} == {sandbox.org_id}


WRONG = [
    ({"tallyfy_orgid": "x"}, "tallyfy_orgid is not a variable of this collection; did you mean tallyfy_org_id?"),
    ({"given": {"token": "s3cret-0815"}}, "token is not an option; did you mean access_token?"),
    ({"given": {"kind": "s3cret-0815"}}, "value of kind must be one of: application, user"),
    ({"given": {"min_ttl": "s3cret-0815"}}, "and we were unable to convert to int"),
    ({"given": {"name": "alice", "kind": "user"}}, "parameters are mutually exclusive: name|kind"),
    ({"tallyfy_rate_limit": "s3cret-0815"}, "and we were unable to convert to int"),
    ({"tallyfy_state_dir": "somewhere"}, "state_dir must be an absolute path"),
]


def test_what_a_lookup_refuses(playbooks: Playbooks) -> None:
    """One play for all: each item has its own variables."""
    task = {"ansible.builtin.debug": {"msg": "{{ lookup('tallyfy.platform.token', **(given | default({}))) }}"}}
    tasks = [{**task, "vars": variables, "ignore_errors": True} for variables, _message in WRONG]
    done = playbooks.run(
        f"---\n{json.dumps([{'hosts': 'localhost', 'gather_facts': False, 'tasks': tasks}])}\n", "-vvv"
    )
    assert done.returncode == 0, done.stdout
    output = " ".join(done.stdout.split())
    assert [message for _variables, message in WRONG if message not in output] == []
    assert "s3cret-0815" not in re.sub(r"Origin: .*?(?=fatal|TASK|ok:)", "", output)
