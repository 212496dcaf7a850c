# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README tells a newcomer to type works, and prints what the README shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.pages import PAGES
from tests.acceptance.running import Playbooks

pytestmark = pytest.mark.any_core

CHECKOUT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (CHECKOUT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def block(language: str, word: str) -> str:
    """Return the one block of the README that holds ``word``."""
    (found,) = [text for kind, text in BLOCKS if kind == language and word in text]
    return found


@pytest.fixture
def files(playbooks: Playbooks) -> Path:
    """The folder of somebody who has saved the README's files under the names it gives."""
    (playbooks.folder / "new-hires.yml").write_text(block("yaml", "onboarding_people:"))
    (playbooks.folder / "leavers.yml").write_text(block("yaml", "offboarding_people:"))
    (playbooks.folder / "roster.yml").write_text(block("yaml", "groups: [Engineering, People]"))
    return playbooks.folder


@pytest.mark.usefixtures("files")
def test_the_output_shown_is_the_output(sandbox: Sandbox, playbooks: Playbooks) -> None:
    shown = block("console", "+++ after")
    command, output = shown.split("\n...\n")
    assert command == "$ ansible-playbook tallyfy.platform.onboard -e @new-hires.yml --check --diff"
    run = playbooks.run("tallyfy.platform.onboard", "-e", "@new-hires.yml", "--check", "--diff")
    assert run.returncode == 0, run.stdout
    assert output in run.stdout
    assert sandbox.writes() == []


def test_onboarding_and_offboarding(sandbox: Sandbox, playbooks: Playbooks, files: Path) -> None:
    run = playbooks.run("tallyfy.platform.onboard", "-e", "@new-hires.yml", "-e", "onboarding_report=report.md")
    assert run.returncode == 0, run.stdout
    assert "mary.major@example.com" in (files / "report.md").read_text()
    run = playbooks.run("tallyfy.platform.offboard", "-e", "@leavers.yml")
    assert run.returncode == 0, run.stdout
    john = sandbox.member("john.smith@example.com")
    assert john["status"] == "disabled"


@pytest.mark.usefixtures("files")
def test_a_roster_and_the_fuse(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for command in block("console", "roster_src=roster.yml --check --diff").splitlines():
        finished = playbooks.run(*command.split()[1:])
        assert finished.returncode == 0, finished.stdout
    assert sandbox.find_member("mary.major@example.com") is not None
    sandbox.reset()

    command, output = block("console", "roster_max_removals").split("\n...\n")
    run = playbooks.run(*command.split()[2:])
    assert run.returncode == 2
    # The lines are broken in the README, so that they can be read.
    assert "".join(output.split()) in "".join(run.stdout.split())
    assert sandbox.writes() == []


def test_an_export_and_its_drift(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for command in block("console", "tallyfy.platform.export_roster").splitlines():
        finished = playbooks.run(*command.split()[1:])
        assert finished.returncode == 0, finished.stdout
    assert "nothing differs" in finished.stdout
    assert (playbooks.folder / "drift.html").is_file()
    assert sandbox.writes() == []


def test_signing_in_by_variables(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for name in ("ORG_ID", "CLIENT_ID", "CLIENT_SECRET"):
        del playbooks.environment[f"TALLYFY_{name}"]
    variables = block("yaml", "tallyfy_act_as:").replace("the secret", sandbox.client_secret)
    (playbooks.folder / "tallyfy.yml").write_text(variables)
    run = playbooks.run(f"---\n{block('yaml', 'found.caller')}", "-e", "@tallyfy.yml")
    assert run.returncode == 0, run.stdout
    assert "Globex Corporation, as alice.smith@example.com" in run.stdout


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^):]+)\)", (CHECKOUT / "README.md").read_text()):
        assert (CHECKOUT / link).exists(), f"{link} leads nowhere"


def test_every_module_and_role_has_a_job() -> None:
    text = (PAGES / "reference_modules.rst").read_text(encoding="utf-8")
    listed = set(re.findall(r":ansplugin:`tallyfy\.platform\.(\w+#\w+)`", text))
    kinds = {"module": "plugins/modules/*.py", "lookup": "plugins/lookup/*.py", "inventory": "plugins/inventory/*.py"}
    there = {f"{path.stem}#{kind}" for kind, files in kinds.items() for path in CHECKOUT.glob(files)}
    there |= {f"{path.name}#role" for path in CHECKOUT.glob("roles/*")}
    assert listed == there
    for playbook in CHECKOUT.glob("playbooks/*.yml"):
        assert f"``tallyfy.platform.{playbook.stem}``" in text, playbook.stem
