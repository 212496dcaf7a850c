# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repository as a project of AWX: what it offers there, what an update installs, what an image would hold."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.awx.controller import playbooks_in
from tests.awx.jobs import (
    AWX_FOLDER,
    REPOSITORY_ROOT,
    REPOSITORY_URL,
    Controller,
    commands_of_pages,
    on_both,
    published_at,
)

EXAMPLES = REPOSITORY_ROOT / "playbooks" / "examples"
#: They need a terminal, or run where you are: no job can use them.
NOT_FOR_JOBS = {"playbooks/authorize.yml", "playbooks/awx_setup.yml"}


@pytest.fixture(scope="module")
def thin_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that the page has somebody write."""
    folder = tmp_path_factory.mktemp("thin")
    typed = commands_of_pages()
    (first,) = (number for number, command in enumerate(typed) if command.startswith("mkdir -p tallyfy-onboarding"))
    subprocess.run(["bash", "-euc", "\n".join(typed[first : first + 4])], cwd=folder, check=True)
    return folder / "tallyfy-onboarding"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- name: A play\n  hosts: all\n", True),
        ("- hosts: all\n", True),
        ("- ansible.builtin.import_playbook: tallyfy.platform.onboard\n", True),
        ("all:\n  hosts:\n    a:\n", True),
        ('- name: A rulebook\n  "hosts": all\n', False),
        ("# hosts: all\n", False),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", True),
    ],
)
def test_the_rule(text: str, expected: bool, tmp_path: Path) -> None:
    for folder in ("", "some", "tasks", "some/roles/here", ".hidden"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "some.yml").write_text(text)
    assert playbooks_in(tmp_path) == (["some.yml", "some/some.yml"] if expected else [])


def test_only_what_is_meant_to_be_run_is_offered(project: Path) -> None:
    playbooks = {f"playbooks/{path.name}" for path in (REPOSITORY_ROOT / "playbooks").glob("*.yml")}
    assert len(playbooks) >= 8
    assert playbooks > NOT_FOR_JOBS
    plays = {path for path in EXAMPLES.glob("*.yml") if "\n  hosts: " in path.read_text(encoding="utf-8")}
    assert len(plays) == 11
    examples = {f"playbooks/examples/{path.name}" for path in plays}
    assert set(playbooks_in(project)) == playbooks - NOT_FOR_JOBS | examples


def test_every_playbook_says_whose_it_is() -> None:
    """``playbooks/*.yml`` is all that AWX offers and all that the collection can be asked for by name."""
    for path in sorted((REPOSITORY_ROOT / "playbooks").glob("*.yml")):
        plays = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert all("name" in play for play in plays), path.name


@on_both
def test_an_update_installs_the_repository_itself(controller: Controller, project: Path) -> None:
    installed = Path(f"{project}-requirements", "ansible_collections")
    assert sorted(str(path.relative_to(installed)) for path in installed.glob("*/*")) == ["tallyfy/platform"]
    assert (installed / "tallyfy" / "platform" / "playbooks" / "onboard.yml").is_file()


def test_a_thin_project(
    controller: Controller,
    published: Path,
    sandbox: Sandbox,
    credential: dict[str, str],
    thin_project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The project that the page has somebody write: AWX offers its playbook, and the job does its work."""
    files = {str(path.relative_to(thin_project)): path for path in thin_project.rglob("*") if path.is_file()}
    data = yaml.safe_load((AWX_FOLDER / "controller.yml").read_text(encoding="utf-8"))
    # Or awx_setup would fail with it.
    assert playbooks_in(thin_project) == sorted({template["playbook"] for template in data["job_templates"]})
    monkeypatch.setattr(controller.environment, "environment", published_at(published))
    project = controller.update_project(files, "thin")
    people = [{"email": "bob@example.com", "job_title": "Engineer"}]
    job = controller.run("onboard.yml", project, credential, template_vars={"onboarding_people": people})
    assert job.status == 0, job.output
    assert job.recap["changed"] == 1
    member = sandbox.member("bob@example.com")
    assert member["job_title"] == "Engineer"


def run_builder(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["ansible-builder", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def names_of(requirements: Iterable[str]) -> list[str]:
    return [re.split(r"[^A-Za-z0-9_.-]", line.strip(), maxsplit=1)[0] for line in requirements]


def test_an_image_needs_two_libraries_and_nothing_else(project: Path, tmp_path: Path) -> None:
    python, system = tmp_path / "python.txt", tmp_path / "system.txt"
    reported = run_builder(
        "introspect", f"{project}-requirements", "--write-pip", str(python), "--write-bindep", str(system), cwd=tmp_path
    )
    assert "tallyfy.platform" in reported
    assert sorted(names_of(python.read_text().splitlines())) == ["requests", "urllib3"]
    assert not system.exists() or not system.read_text().strip()


def test_the_example_of_an_image_is_a_definition(thin_project: Path, tmp_path: Path) -> None:
    definition = EXAMPLES / "execution-environment.yml"
    options = ("--file", str(definition), "--context", str(tmp_path / "context"), "--output-filename", "Containerfile")
    run_builder("create", *options, cwd=tmp_path)
    asked: dict[str, Any] = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())
    thin = yaml.safe_load((thin_project / "collections" / "requirements.yml").read_text(encoding="utf-8"))
    assert asked == thin == {"collections": [{"name": REPOSITORY_URL, "type": "git", "version": "main"}]}
    image = yaml.safe_load(definition.read_text(encoding="utf-8"))["images"]["base_image"]["name"]
    assert f'EE_BASE_IMAGE="{image}"' in (tmp_path / "context" / "Containerfile").read_text()
