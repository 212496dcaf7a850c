# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages of the documentation tell their readers to save and to type works, and prints what they show."""

from __future__ import annotations

import contextlib
import re
import shutil

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.pages import CHECKOUT, File, Terminal, find_missing, read_page
from tests.acceptance.running import Playbooks

pytestmark = pytest.mark.any_core

#: The pages that are read here. Each begins with a fresh sandbox and an empty folder.
PAGES = (
    "reference_drift",
    "reference_failures",
    "reference_onboarding",
    "reference_people",
    "reference_process",
    "reference_results",
    "reference_roster",
    "reference_running",
    "reference_sign_in",
    "reference_survey",
    "tutorial_offboarding",
    "tutorial_onboarding",
    "tutorial_roster",
)


def follow(page: str, sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Save the files of the page and type its commands, in the order in which they stand there."""
    shutil.copytree(CHECKOUT / "playbooks" / "examples", playbooks.folder, dirs_exist_ok=True)
    with contextlib.closing(Terminal(playbooks)) as terminal:
        for part in read_page(page):
            if isinstance(part, File):
                terminal.save(File(part.name, part.text.replace("the secret", sandbox.client_secret)))
                continue
            status, output = terminal.type(part.text.replace(" --ask-vault-pass", ""))
            assert status == part.status, f"{part.text}\n{output}"
            missing = find_missing(part.shown, output)
            assert not missing, f"{part.text}\n{output}\ndoes not print\n{missing}"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(sandbox: Sandbox, playbooks: Playbooks, page: str) -> None:
    follow(page, sandbox, playbooks)


def test_the_first_steps_of_somebody_who_has_nothing_yet(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Nothing is installed, and nothing is in the environment. The repository is the one that git has here."""
    for name in ("ANSIBLE_COLLECTIONS_PATH", "TALLYFY_ORG_ID", "TALLYFY_CLIENT_ID", "TALLYFY_CLIENT_SECRET"):
        del playbooks.environment[name]
    given = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{CHECKOUT}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/tallyfy/ansible-platform",
        "ANSIBLE_VAULT_PASSWORD_FILE": str(playbooks.home / "password"),
    }
    (playbooks.home / "password").write_text("invented")
    (playbooks.home / "answers").write_text(f"{sandbox.client_secret}\n")
    # The package index is out of reach. What is asked of it is what the collection says that it needs.
    pip = playbooks.home / "python3"
    pip.write_text('#!/bin/sh\nset -e\ntest "$1 $2 $3" = "-m pip install"\necho "$4" > ~/installed\n')
    pip.chmod(0o700)
    playbooks.environment["PATH"] = f"{playbooks.home}:{playbooks.environment['PATH']}"
    playbooks.environment.update(given)
    follow("tutorial_start", sandbox, playbooks)
    (needed,) = re.findall(r"^\w+", (CHECKOUT / "meta" / "ee-requirements.txt").read_text(), flags=re.MULTILINE)
    assert (playbooks.home / "installed").read_text() == f"{needed}\n"
    assert (playbooks.folder / "tallyfy.yml").read_text().startswith("$ANSIBLE_VAULT")
    assert sandbox.writes() == []
