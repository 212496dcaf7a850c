# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The onboarding role passes tokens to later tasks of the play and shows them nowhere."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import Playbooks
from tests.people import MARY

PEOPLE = ["bob@example.com", "john.smith@example.com"]
# The start of every token of the sandbox.
ISSUED = "eyJ0eXAiOiJKV1QiLCJhbGci"
#: Inside the controller, as a module, and with tasks that fail.
PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/tallyfy.platform.tallyfy:
      max_wait: 1
  vars:
    onboarding_people:
      - {email: mary.major@example.com, first_name: Mary, last_name: Major}
      - {email: bob@example.com}
      - {email: john.smith@example.com}
    onboarding_tokens_tasks: keep.yml
  tasks:
    - ansible.builtin.set_fact:
        something: else
        cacheable: true
    - ansible.builtin.include_role:
        name: tallyfy.platform.onboarding
      vars:
        onboarding_tokens_for: [MARY.major@example.com, bob@example.com]
    - ansible.builtin.include_role:
        name: tallyfy.platform.onboarding
      vars:
        tallyfy_in_process: false
        onboarding_tokens_for: [bob@example.com, john.smith@example.com]
    - block:
        - ansible.builtin.include_role:
            name: tallyfy.platform.onboarding
          vars:
            onboarding_tokens_for: [bob@example.com]
            onboarding_tokens_tasks: fail.yml
      rescue:
        - ansible.builtin.debug:
            msg: survived
    - ansible.builtin.debug:
        msg: "left over: {{ (hostvars | string ~ vars | string) is search('eyJ0eXAi') }}"
"""
KEEP = """
- name: Put it into a vault
  ansible.builtin.copy:
    content: "{{ onboarding_token }}"
    dest: "{{ lookup('ansible.builtin.env', 'VAULT') }}/{{ onboarding_token_user }}"
    mode: "0600"
"""
FAIL = """
- name: Fail with the token in hand
  ansible.builtin.fail:
    msg: "cannot keep {{ onboarding_token }}"
"""


def test_tokens_reach_the_tasks_and_nothing_else(sandbox: Sandbox, playbooks: Playbooks) -> None:
    folder = playbooks.folder
    vault = folder.parent / f"{folder.name}-vault"
    vault.mkdir()
    (folder / "keep.yml").write_text(KEEP)
    (folder / "fail.yml").write_text(FAIL)
    run = playbooks.run(
        PLAY,
        "-vvvv",
        "--diff",
        VAULT=str(vault),
        ANSIBLE_LOG_PATH=str(folder / "ansible.log"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(folder / "facts"),
        ANSIBLE_SHOW_CUSTOM_STATS="1",
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert "survived" in run.stdout
    assert "left over: False" in run.stdout
    kept = {file.name: file.read_text() for file in vault.iterdir()}
    assert sorted(kept, key=str.lower) == ["bob@example.com", "john.smith@example.com", "MARY.major@example.com"]
    assert all(token.startswith(ISSUED) for token in kept.values())
    seen = {path.name: path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()}
    assert "ansible.log" in seen
    assert any(name.endswith("localhost") for name in seen), "facts are not cached"
    for name, text in {"the output": run.stdout, **seen}.items():
        for piece in (
            ISSUED,
            base64.b64encode(ISSUED.encode()).decode()[:-4],
            *(token[-20:] for token in kept.values()),
        ):
            assert piece not in text, f"{name} holds a token"
    minted = [entry["path"].split("/")[4].lower() for entry in sandbox.ledger(route="applications.token")]
    assert minted == [MARY["email"], *PEOPLE], "a kept token is not issued again"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"onboarding_tokens_tasks": "nowhere.yml"}, "onboarding_tokens_tasks is not a file"),
        ({"onboarding_tokens_tasks": "~nobody-of-this-name/keep.yml"}, "onboarding_tokens_tasks is not a file"),
        ({"onboarding_people": []},
         "onboarding_tokens_for names people who are not in the list: bob@example.com, john.smith@example.com"),
        ({"onboarding_tokens_tasks": ""}, "onboarding_tokens_tasks is not given"),
        ({"onboarding_tokens_for": "bob@example.com"}, "onboarding_tokens_for is not a list of e-mail addresses"),
        ({"onboarding_tokens_for": ["BOB@example.com", "bbo@example.com"]},
         "onboarding_tokens_for names people who are not in the list: bbo@example.com"),
        ({"onboarding_people": None, "onboarding_src": "hires.csv"},
         "onboarding_tokens_for names people who are not in the list: john.smith@example.com"),
    ],
    ids=["no-file", "no-home", "nobody", "no-tasks", "no-list", "not-listed", "not-in-the-file"],
)  # fmt: skip
def test_what_cannot_be_is_reported_before(wrong: dict[str, Any], text: str, sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "keep.yml").write_text(KEEP)
    (roles.folder / "hires.csv").write_text("email\nbob@example.com\n", encoding="utf-8")
    given = {
        "onboarding_people": [{"email": email} for email in PEOPLE],
        "onboarding_tokens_for": PEOPLE,
        "onboarding_tokens_tasks": "keep.yml",
    }
    (problem,) = roles.fail("onboarding", **{**given, **wrong})
    assert text in problem
    assert sandbox.ledger() == []


def test_who_gets_a_token_is_reported_by_the_run_and_not_by_a_dry_run(sandbox: Sandbox, roles: Roles) -> None:
    (roles.folder / "keep.yml").write_text(KEEP)
    (roles.folder / "hires.csv").write_text("email,first_name,last_name\nmary.major@example.com,Mary,Major\n")
    given = {
        "onboarding_src": "hires.csv",
        "onboarding_tokens_for": [f" {MARY['email'].upper()}"],
        "onboarding_tokens_tasks": "keep.yml",
    }
    announced = roles.succeed("onboarding", check_mode=True, **given)
    assert announced["tokens_for"] == []
    assert announced["text"][-1] == f"tokens would be passed to the tasks for {MARY['email'].upper()}"
    assert sandbox.writes() == []
    assert roles.succeed("onboarding", **given)["tokens_for"] == [MARY["email"].upper()]
    # No token is passed after a failure, and blank answers request none.
    sandbox.fault(route="members.list", status=403)
    assert not roles.run("onboarding", **given).get("tokens_for")
    assert roles.succeed("onboarding", **{**given, "onboarding_tokens_for": ""})["tokens_for"] == []
