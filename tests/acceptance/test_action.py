# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin in real playbooks: which way it takes, what goes in, and what comes out either way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Playbooks
from tests.people import BOB

HERE, AS_MODULE = "inside the controller", "Using module file"
AS_MODULES = "tallyfy_in_process=false"

# What differs from one run to the next: the time, and the numbers that the sandbox gives to requests.
CHANCE = re.compile(r"sandbox-\d+|\d{4}-\d\d-\d\dT[\d:.]+Z?")

both_ways = pytest.mark.parametrize("options", [(), ("-e", AS_MODULES)], ids=["in-process", "module"])


def script(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def ways(output: str) -> dict[str, str]:
    """Return which way each task took, by its name, from what a run with -vvv printed."""
    taken = {}
    for part in output.split("\nTASK [")[1:]:
        name, _end, rest = part.partition("]")
        found = {way for way in (HERE, AS_MODULE) if way in rest}
        taken[name] = found.pop() if len(found) == 1 else str(found)
    return taken


# --- which way --------------------------------------------------------------------------------------------------------

CHOICES = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/tallyfy.platform.tallyfy:
      max_wait: 4
  vars:
    ansible_become_exe: "{{ playbook_dir }}/last-argument"
    ansible_ssh_executable: "{{ playbook_dir }}/last-argument"
    ansible_ssh_transfer_method: piped
    empty: {}
  tasks:
    - name: here
      tallyfy.platform.tallyfy_organization_info:
    - name: here in check mode
      tallyfy.platform.tallyfy_user:
        email: bob@example.com
      check_mode: true
      diff: true
    - name: here with an empty environment
      tallyfy.platform.tallyfy_organization_info:
      environment: "{{ empty }}"
    - name: here when that is wanted
      tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_in_process: "{{ 'yes' }}"
    - name: here as another connection's delegate
      tallyfy.platform.tallyfy_organization_info:
      delegate_to: local.example.com
    - name: here on this very Python
      tallyfy.platform.tallyfy_organization_info:
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
    - name: here on whatever Python
      tallyfy.platform.tallyfy_organization_info:
      vars:
        ansible_python_interpreter: auto_silent
    - name: here by another name of the connection
      tallyfy.platform.tallyfy_organization_info:
      vars:
        ansible_connection: ansible.builtin.local
    - name: module when that is wanted
      tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_in_process: "{{ false }}"
    - name: module when that is said in words
      tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_in_process: "no"
    - name: module with an environment
      tallyfy.platform.tallyfy_organization_info:
      environment:
        TALLYFY_ACT_AS: alice.smith@example.com
    - name: module as somebody else
      tallyfy.platform.tallyfy_organization_info:
      become: true
    - name: module in the background
      tallyfy.platform.tallyfy_organization_info:
      async: 60
      poll: 1
      vars:
        ansible_async_dir: "{{ playbook_dir }}/jobs"
    - name: module on another Python
      tallyfy.platform.tallyfy_organization_info:
      vars:
        ansible_python_interpreter: "{{ playbook_dir }}/python"
    - name: module elsewhere
      tallyfy.platform.tallyfy_organization_info:
      delegate_to: elsewhere.example.com
    - name: module on the delegate's Python
      tallyfy.platform.tallyfy_organization_info:
      delegate_to: other.example.com
    - name: module for the token elsewhere
      tallyfy.platform.tallyfy_token:
      delegate_to: elsewhere.example.com
- hosts: elsewhere.example.com
  gather_facts: false
  vars:
    ansible_ssh_executable: "{{ playbook_dir }}/last-argument"
    ansible_ssh_transfer_method: piped
  tasks:
    - name: module of the host
      tallyfy.platform.tallyfy_organization_info:
    - name: here on behalf of a host
      tallyfy.platform.tallyfy_organization_info:
      delegate_to: localhost
    - name: here with a local action
      local_action:
        module: tallyfy.platform.tallyfy_organization_info
- hosts: local.example.com
  gather_facts: false
  collections: [tallyfy.platform]
  tasks:
    - name: here for a host of the inventory
      tallyfy.platform.tallyfy_organization_info:
    - name: here by a short name
      tallyfy_organization_info:
"""


def test_the_way_is_chosen_by_what_is_equivalent(sandbox: Sandbox, playbooks: Playbooks) -> None:
    folder = playbooks.folder
    # A stand-in for ssh and sudo: the command is the last argument.
    script(folder / "last-argument", 'for command; do :; done\nexec sh -c "$command"')
    script(folder / "python", f'exec {sys.executable} "$@"')
    python = f"ansible_python_interpreter={sys.executable}"
    (folder / "inventory").write_text(
        "localhost ansible_connection=local\n"
        "local.example.com ansible_connection=local\n"
        f"other.example.com ansible_connection=local ansible_python_interpreter={folder}/python\n"
        f"elsewhere.example.com {python}\n"
    )
    done = playbooks.run(CHOICES, "-vvv", "-i", str(folder / "inventory"), ANSIBLE_PYTHON_INTERPRETER=sys.executable)
    assert done.returncode == 0, done.stdout[-4000:]
    taken = ways(done.stdout)
    assert len(taken) == CHOICES.count("- name:")
    assert taken == {name: HERE if name.startswith("here") else AS_MODULE for name in taken}
    asked = sandbox.ledger(route="organization.get")
    assert {one["token"] for one in asked} == {"application", "user"}


@pytest.mark.parametrize("interpreter", ["auto", "", "/usr/bin/python-of-nobody", "sibling", "base"])
def test_the_interpreter_of_the_configuration(
    roles: Roles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, interpreter: str
) -> None:
    """A setting counts as a variable does; a link in the same folder is the same Python, one elsewhere is not."""
    is_here = interpreter in ("auto", "", "sibling")
    if interpreter == "sibling":
        interpreter = f"{Path(sys.executable).parent}/python"
    elif interpreter == "base":
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        interpreter = str(tmp_path / "bin" / "python")
    monkeypatch.setenv("ANSIBLE_PYTHON_INTERPRETER", interpreter)
    plugin = roles.plugin("tallyfy_organization_info", {}, {})
    assert plugin._is_equivalent({}) is is_here
    assert plugin._is_equivalent({"ansible_python_interpreter": sys.executable}) is True


def test_nonsense_about_the_way(roles: Roles) -> None:
    variables = {"tallyfy_in_process": "perhaps"}
    result = roles.module("tallyfy_organization_info", args={}, **variables)
    assert (result["failed"], result["msg"]) == (True, "tallyfy_in_process is neither true nor false: 'perhaps'")


def test_names_and_defaults(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Defaults of the group and of a module arrive in every module, by its full and by its short name."""
    done = playbooks.run(
        """
- hosts: localhost
  gather_facts: false
  collections: [tallyfy.platform]
  module_defaults:
    group/tallyfy.platform.tallyfy:
      org_id: "{{ lookup('env', 'DEFAULT_ORG_ID') }}"
    tallyfy.platform.tallyfy_user_info:
      status: invited
  tasks:
    - tallyfy.platform.tallyfy_organization_info:
    - tallyfy_organization_info:
    - tallyfy.platform.tallyfy_user_info:
      register: full
    - tallyfy_user_info:
      register: short
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
    - tallyfy.platform.tallyfy_api:
        path: /organizations/{org_id}/tags
    - tallyfy.platform.tallyfy_token:
    - ansible.builtin.assert:
        that:
          - full.users | map(attribute='status') | unique == ['invited']
          - full.users == short.users
""",
        "-vvv",
        DEFAULT_ORG_ID=sandbox.org_id,
        TALLYFY_ORG_ID="",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count(HERE) == 7
    assert AS_MODULE not in done.stdout


# --- loops ------------------------------------------------------------------------------------------------------------

LOOP = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: "{{ item }}"
        team: "{{ omit }}"
      loop: "{{ ['bob@example.com'] * 40 }}"
      loop_control:
        label: somebody
"""


def test_a_loop_has_one_connection_and_one_sign_in(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """With a token cache and without one."""
    without = LOOP.replace("  tasks:", "  vars:\n    tallyfy_cache_tokens: false\n  tasks:")
    done = playbooks.run(LOOP + without, TALLYFY_STATE_DIR="~/cache")
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count("=> (item=somebody)") == 80
    assert len(sandbox.ledger(route="members.list")) == 80
    assert [one["route"] for one in sandbox.sign_ins()] == ["oauth.token"] * 2
    assert len({one["connection"] for one in sandbox.ledger()}) == 2


# --- what goes in -----------------------------------------------------------------------------------------------------


def vaulted(playbooks: Playbooks, text: str) -> str:
    """Return the text as ``ansible-vault encrypt_string`` writes it, indented for an option of a task."""
    (playbooks.folder / "password").write_text("opens the vault\n")
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", "password", text],
        env=playbooks.environment,
        cwd=playbooks.folder,
        text=True,
        capture_output=True,
        check=True,
    )
    return re.sub(r"\n *", "\n" + " " * 10, done.stdout.strip())


@both_ways
def test_values_leave_as_plain_json(sandbox: Sandbox, playbooks: Playbooks, options: tuple[str, ...]) -> None:
    """Tagged, unsafe, vaulted and computed values arrive at the service as what they are."""
    done = playbooks.run(
        f"""
- hosts: localhost
  gather_facts: false
  vars:
    people: [bob@example.com]
    body:
      name: "{{{{ 'Computed ' ~ 7 * 6 }}}}"
      description: !unsafe "{{{{ not a template }}}}"
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: "{{{{ people | first }}}}"
        team: !unsafe "{{{{ neither }}}}"
        job_title: "{{{{ '2026-11-22' }}}}"
        phone: "{{{{ 4711 | string }}}}"
        job_description: {vaulted(playbooks, "kept in a vault")}
        client_secret: {vaulted(playbooks, sandbox.client_secret)}
        country_id: "{{{{ '2' | int }}}}"
        validate_certs: "yes"
        groups:
          add: "{{{{ ['Engineering'] | map('upper') }}}}"
    - tallyfy.platform.tallyfy_api:
        method: POST
        path: /organizations/{{org_id}}/groups
        body: "{{{{ body }}}}"
""",
        "--vault-password-file",
        "password",
        *options,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    bob = sandbox.member(BOB)
    assert {name: bob[name] for name in ("team", "job_title", "phone", "job_description", "country_id")} == {
        "team": "{{ neither }}",
        "job_title": "2026-11-22",
        "phone": "4711",
        "job_description": "kept in a vault",
        "country_id": 2,
    }
    assert sandbox.group("Engineering")["members"].count(bob["id"]) == 1
    assert sandbox.group("Computed 42")["description"] == "{{ not a template }}"


def test_paths_are_relative_to_the_playbook(playbooks: Playbooks) -> None:
    (playbooks.folder / "plays").mkdir()
    (playbooks.folder / "plays" / "people.yml").write_text(f"- email: {BOB}\n")
    play = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_roster:
        src: people.yml
"""
    as_module = play.replace("  tasks:", "  vars:\n    tallyfy_in_process: false\n  tasks:")
    (playbooks.folder / "plays" / "play.yml").write_text(play + as_module)
    done = playbooks.run("plays/play.yml")
    assert done.returncode == 0, done.stdout[-3000:]


# --- what comes out ---------------------------------------------------------------------------------------------------


def test_texts_of_the_service_are_never_templates(sandbox: Sandbox, playbooks: Playbooks) -> None:
    evil = f"{{{{ lookup('ansible.builtin.pipe', 'touch {playbooks.folder}/done') }}}}"
    sandbox.patch_member(BOB, team=evil, job_title=f"{{% if true %}}{evil}{{% endif %}}")
    sandbox.fault(
        path="/organizations/*/tags", times=None, status=422, body={"message": evil, "errors": {evil: [evil]}}
    )
    play = """
- hosts: localhost
  gather_facts: false
  vars:
    tallyfy_in_process: true
    kept_in: here
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        phone: "42"
      register: bob
    - tallyfy.platform.tallyfy_user_info:
      register: everybody
      loop: [1]
    - tallyfy.platform.tallyfy_api:
        path: /organizations/{org_id}/tags
      register: refused
      ignore_errors: true
    - ansible.builtin.set_fact:
        again: "{{ bob.user.team }}"
        all: "{{ everybody.results[0].users | map(attribute='job_title') | select | list }}"
        reason: "{{ refused.msg }}"
    - ansible.builtin.copy:
        content: "{{ [again, all, reason, bob, refused] | to_json }}"
        dest: "{{ playbook_dir }}/{{ kept_in }}"
        mode: "0600"
    - ansible.builtin.debug:
        msg: "{{ again }} {{ all }} {{ reason }} {{ bob }}"
"""
    done = playbooks.run(play + play.replace("in_process: true", "in_process: false").replace("here", "there"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert not (playbooks.folder / "done").exists()
    for name in ("here", "there"):
        seen = json.loads((playbooks.folder / name).read_text())
        assert seen[0] == evil
        assert evil in seen[2]


REGISTER = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        phone: "42"
      check_mode: true
      diff: true
      register: told
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        phone: "42"
      register: done
      diff: true
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        phone: "42"
      register: again
    - tallyfy.platform.tallyfy_user:
        email: grace.kim@example.net
        team: Elsewhere
        state_dir: /dev/null/cache
      register: warned
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        role: boss
      register: wrong
      ignore_errors: true
    - tallyfy.platform.tallyfy_user:
        emai: bob@example.com
        email: bob@example.com
      register: unknown
      ignore_errors: true
    - tallyfy.platform.tallyfy_api:
        path: /organizations/{org_id}/nothing
      register: refused
      failed_when: refused.status != 404
    - tallyfy.platform.tallyfy_user:
        email: "{{ item }}"
        role: light
      loop: [bob@example.com, "", nobody@example.com, alice.smith@example.com]
      check_mode: true
      register: loop
      ignore_errors: true
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
      no_log: true
      register: hidden
    - tallyfy.platform.tallyfy_organization_info:
      until: asked.organization.id != ''
      retries: 2
      delay: 0
      register: asked
    - ansible.builtin.copy:
        content: "{{ [told, done, again, warned, wrong, unknown, refused, loop, hidden, asked] | to_json }}"
        dest: "{{ playbook_dir }}/registered"
        mode: "0600"
"""


def registered(playbooks: Playbooks, sandbox: Sandbox, *options: str) -> tuple[Any, str]:
    """Return what was registered and what was printed, without chance."""
    sandbox.reset()
    done = playbooks.run(REGISTER, *options)
    assert done.returncode == 0, done.stdout[-3000:]
    text = (playbooks.folder / "registered").read_text()
    # Notes that newer ones of ansible-core keep about where a result comes from.
    text = re.sub(r', "(ansible_parsed|failed_when_suppressed_exception)": (true|"[^"]*")', "", text)
    return json.loads(CHANCE.sub("…", text)), CHANCE.sub("…", " ".join(done.stdout.split()))


def test_both_ways_register_and_show_the_same(sandbox: Sandbox, playbooks: Playbooks) -> None:
    here, shown_here = registered(playbooks, sandbox)
    module, shown = registered(playbooks, sandbox, "-e", AS_MODULES)
    assert here == module
    # ansible-core 2.19 and later says whose failure it is.
    assert shown_here.replace("Action failed", "Module failed") == shown
    assert "cannot be used" in shown_here
    assert "only this person can change team" in shown_here


def test_in_the_background(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """A task can be started, left alone and asked for; the one that would keep a token in a file refuses that."""
    done = playbooks.run(
        """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_async_dir: "{{ playbook_dir }}/jobs"
  tasks:
    - tallyfy.platform.tallyfy_user:
        email: bob@example.com
        phone: "42"
      async: 60
      poll: 0
      register: started
    - ansible.builtin.async_status:
        jid: "{{ started.ansible_job_id }}"
      until: ended is finished
      retries: 100
      delay: 0.2
      register: ended
    - ansible.builtin.assert:
        that:
          - ended is changed
          - ended.user.phone == '42'
    - tallyfy.platform.tallyfy_token:
      async: 60
      ignore_errors: true
""",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "ignored=1" in done.stdout
    assert "async" in done.stdout.rpartition("TASK [")[2]
