# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The onboarding role hands tokens to the tasks of its user, and nobody else gets to see them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Playbooks

PEOPLE = ["bob@example.com", "john.smith@example.com"]
# Every token that the sandbox issues starts so.
ISSUED = "eyJ0eXAiOiJKV1QiLCJhbGci"
PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/tallyfy.platform.tallyfy:
      max_wait: 1
  tasks:
    - ansible.builtin.set_fact:
        something: else
        cacheable: true
    - ansible.builtin.include_role:
        name: tallyfy.platform.onboarding
        tasks_from: tokens
      vars:
        onboarding_tokens_for: [bob@example.com, john.smith@example.com]
        onboarding_tokens_tasks: keep.yml
    - block:
        - ansible.builtin.include_role:
            name: tallyfy.platform.onboarding
            tasks_from: tokens
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


@pytest.mark.parametrize("options", [(), ("-e", "tallyfy_in_process=false")], ids=["run", "modules"])
def test_tokens_reach_the_tasks_and_nothing_else(
    sandbox: Sandbox, playbooks: Playbooks, options: tuple[str, ...]
) -> None:
    folder = playbooks.folder
    vault = folder.parent / f"{folder.name}-vault"
    vault.mkdir()
    (folder / "keep.yml").write_text(KEEP)
    (folder / "fail.yml").write_text(FAIL)
    run = playbooks.run(
        PLAY,
        "-vvvv",
        "--diff",
        *options,
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
    assert sorted(kept) == PEOPLE
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
    minted = [entry["path"].split("/")[4] for entry in sandbox.ledger(route="applications.token")]
    assert minted == PEOPLE, "a kept token is not issued again"


def test_check_mode_mints_nothing(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "keep.yml").write_text(KEEP)
    (playbooks.folder / "fail.yml").write_text(FAIL)
    run = playbooks.run(PLAY, "--check")
    assert run.returncode == 0, run.stdout
    assert f"A token would be handed to keep.yml for: {', '.join(PEOPLE)}" in run.stdout
    assert sandbox.ledger() == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"onboarding_tokens_tasks": "nowhere.yml"}, "nowhere.yml"),
        ({"onboarding_tokens_for": "bob@example.com"}, "a list of e-mail addresses"),
        ({"onboarding_tokens_for": ["BOB@example.com", "bbo@example.com"]}, "Not listed: bbo@example.com."),
    ],
    ids=["no-file", "no-list", "not-listed"],
)
def test_what_cannot_be_is_told_before(
    sandbox: Sandbox, playbooks: Playbooks, wrong: dict[str, Any], text: str
) -> None:
    (playbooks.folder / "keep.yml").write_text(KEEP)
    people = [{"email": email} for email in PEOPLE]
    given = {"onboarding_people": people, "onboarding_tokens_for": PEOPLE, "onboarding_tokens_tasks": "keep.yml"}
    run = playbooks.run("tallyfy.platform.onboard", "-e", json.dumps({**given, **wrong}))
    assert run.returncode == 2
    assert "Nobody was brought in." in run.stdout
    assert text in run.stdout
    assert sandbox.ledger() == []


def test_who_was_brought_in_gets_a_token_in_the_same_run(sandbox: Sandbox, playbooks: Playbooks) -> None:
    (playbooks.folder / "keep.yml").write_text(KEEP)
    mary = {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}
    given = {
        "onboarding_people": [mary],
        "onboarding_tokens_for": [mary["email"]],
        "onboarding_tokens_tasks": "keep.yml",
    }
    run = playbooks.run("tallyfy.platform.onboard", "-e", json.dumps(given), VAULT=str(playbooks.folder))
    assert run.returncode == 0, run.stdout
    assert (playbooks.folder / mary["email"]).read_text().startswith(ISSUED)
