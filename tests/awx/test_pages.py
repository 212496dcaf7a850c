# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the pages about AWX, typed in one after the other into one shell."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.testing import CLIENT_ID, ORGANIZATION_ID
from tests.awx import aap_configuration
from tests.awx.controller import Controller, playbooks_in, running_controller
from tests.awx.jobs import PAGES, REPOSITORY_ROOT, REPOSITORY_URL, commands_of_pages, published_at

README = (REPOSITORY_ROOT / "README.md").read_text(encoding="utf-8")
DATA = aap_configuration.read("controller.yml")
#: What a newcomer types instead of the dots.
SECRET = "secret-of-the-reader"
OTHER_ORGANIZATION = "0f" * 16
#: Installs from Galaxy what the session has from the package index.
ELSEWHERE = "ansible-galaxy collection install awx.awx"


def as_typed(command: str, awx: Controller, platform: Controller, organization: str) -> str:
    """Fill in the dots and the addresses of the pages."""
    for shown, meant in {
        "https://awx.example.com": awx.url,
        "https://aap.example.com": platform.url,
        "CONTROLLER_OAUTH_TOKEN=...": f"CONTROLLER_OAUTH_TOKEN={Controller.token}",
        "TALLYFY_ORG_ID=...": f"TALLYFY_ORG_ID={organization}",
        "TALLYFY_CLIENT_ID=...": f"TALLYFY_CLIENT_ID={CLIENT_ID}",
        "TALLYFY_CLIENT_SECRET=...": f"TALLYFY_CLIENT_SECRET={SECRET}",
    }.items():
        command = command.replace(shown, meant)
    assert "..." not in command
    return command


@dataclass(frozen=True)
class Typed:
    """The folder where everything was typed in, what the two controllers hold then, and what was printed."""

    home: Path
    awx: Controller
    platform: Controller
    output: str


@pytest.fixture(scope="module")
def typed(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    home = tmp_path_factory.mktemp("home")
    somebody = {f"GIT_{who}_{what}": "me@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        **published_at(published),
        **somebody,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
    }
    organizations = iter([ORGANIZATION_ID, OTHER_ORGANIZATION])
    with running_controller() as awx, running_controller("/api/controller/") as platform:
        platform.add("organizations", name="People")
        for controller in (awx, platform):
            controller.repositories[REPOSITORY_URL] = published
        script = ["set -eu"]
        for command in commands_of_pages():
            if command != ELSEWHERE:
                organization = next(organizations) if "TALLYFY_ORG_ID" in command else ""
                script.append(as_typed(command, awx, platform, organization))
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=home,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        yield Typed(home, awx, platform, done.stdout)


def test_both_controllers_are_set_up(typed: Typed) -> None:
    for controller in (typed.awx, typed.platform):
        for kind in ("job_templates", "workflow_job_templates"):
            names = {template["name"] for template in controller.records[kind].values()}
            assert names == {template["name"] for template in DATA[kind]}
        assert controller.one("projects", "Tallyfy")["scm_url"] == REPOSITORY_URL
    assert {team["name"] for team in typed.awx.records["teams"].values()} == {"Tallyfy help desk", "Tallyfy approvers"}
    assert not typed.platform.records["teams"]
    assert typed.awx.associated("organizations", "People", "galaxy_credentials") == ["Ansible Galaxy"]
    assert not [entry for entry in typed.platform.writes if "organizations" in entry.path]


def test_each_organization_has_its_credential(typed: Typed) -> None:
    found = {name: typed.awx.one("credentials", name)["inputs"] for name in ("Tallyfy", "Tallyfy-Initech")}
    assert {name: inputs["org_id"] for name, inputs in found.items()} == {
        "Tallyfy": ORGANIZATION_ID,
        "Tallyfy-Initech": OTHER_ORGANIZATION,
    }


def test_the_workflow_is_launched_with_the_answers(typed: Typed) -> None:
    ((name, answers),) = typed.awx.launches
    assert name == "Tallyfy - onboard with approval"
    assert answers == {
        "onboarding_person_email": "mary.major@example.com",
        "onboarding_person_first_name": "Mary",
        "onboarding_person_last_name": "Major",
    }


def test_the_project_of_ones_own(typed: Typed) -> None:
    project = typed.home / "tallyfy-onboarding"
    names = ["confirm_task", "drift", "offboard", "onboard", "worklist"]
    assert playbooks_in(project) == [f"{name}.yml" for name in names]
    for name in names:
        assert yaml.safe_load((project / f"{name}.yml").read_text()) == [
            {"import_playbook": f"tallyfy.platform.{name}"}
        ]
    assert (project / ".git").is_dir()
    assert (project / "context" / "_build" / "requirements.yml").is_file()


def test_no_secret_is_printed(typed: Typed) -> None:
    assert typed.output.count("PLAY RECAP") == 3
    assert SECRET not in typed.output
    assert Controller.token not in typed.output


def test_the_readme_says_the_same() -> None:
    shown = "ansible-playbook tallyfy.platform.awx_setup -e awx_setup_organization=People"
    assert f"`{shown}`" in README
    assert any(command.startswith(shown) for command in commands_of_pages())


def test_variables_of_the_pages_are_those_of_the_playbook() -> None:
    pages = REPOSITORY_ROOT / "docs" / "docsite" / "rst"
    reported = {
        name
        for page in PAGES
        for name in re.findall(r"awx_setup_[a-z_]+", (pages / f"{page}.rst").read_text(encoding="utf-8"))
    }
    assert len(reported) > 10
    playbook = (REPOSITORY_ROOT / "playbooks" / "awx_setup.yml").read_text(encoding="utf-8")
    assert reported <= set(re.findall(r"awx_setup_[a-z_]+", playbook))
