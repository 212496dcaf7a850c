# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: an updated project, a credential injected by AWX's own code, and ansible-runner."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

from tests.acceptance.pages import Command, read_page

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
REPOSITORY_URL = "https://github.com/tallyfy/ansible-platform"
AWX_FOLDER = REPOSITORY_ROOT / "playbooks" / "awx"
#: In the order in which their commands can be typed: the last page ends at another controller.
PAGES = ("tutorial_awx", "reference_awx_jobs", "reference_awx")
#: Where the private data directory is in the container of a job.
CONTAINER_ROOT = "/runner"
JOB_ID, USER_NAME = 4711, "ann.admin"
#: The Pythons of the execution environments, that with the oldest ansible-core first.
ENVIRONMENTS = [
    Path(python) for python in os.environ.get("AWX_EXECUTION_ENVIRONMENTS", sys.executable).split(os.pathsep)
]
on_both = pytest.mark.parametrize("controller", ENVIRONMENTS, ids=lambda path: path.parts[-3], indirect=True)


def commands_of_pages() -> list[str]:
    """Return what the pages about AWX tell their reader to type."""
    return [part.text for page in PAGES for part in read_page(page) if isinstance(part, Command)]


def credential_type() -> dict[str, Any]:
    """Return the credential type that is shipped."""
    found: dict[str, Any] = yaml.safe_load((AWX_FOLDER / "credential_type.yml").read_text(encoding="utf-8"))
    return found


@dataclass
class Injected:
    """What a credential puts into a job, and what AWX keeps of it in its database."""

    env: dict[str, str]
    safe_env: dict[str, str]
    args: list[str]


def inject(inputs: Mapping[str, Any], private_data_dir: Path) -> Injected:
    """Run AWX's injection with the shipped type and these values of a credential."""
    (private_data_dir / "env").mkdir(parents=True, exist_ok=True)
    shipped = credential_type()
    injected = Injected({}, {}, [])
    inject_credential(
        ManagedCredentialType(
            namespace="",
            name=shipped["name"],
            kind=shipped["kind"],
            inputs=shipped["inputs"],
            injectors=shipped["injectors"],
        ),
        Credential(dict(inputs)),
        injected.env,
        injected.safe_env,
        injected.args,
        str(private_data_dir),
    )
    return injected


def extra_vars_text(answers: Mapping[str, Any], of_template: Mapping[str, Any]) -> str:
    """Return the file of extra variables of a job: what the job template says as it is, and answers as unsafe texts."""
    reported = {"awx_job_id": JOB_ID, "awx_user_name": USER_NAME, "awx_job_launch_type": "manual"}
    reported |= {name.replace("awx_", "tower_"): value for name, value in reported.items()}
    trusted = [f"{name}: {json.dumps(value)}" for name, value in {**reported, **of_template}.items()]
    return "\n".join([*trusted, *(f"{name}: {_unsafe(value)}" for name, value in answers.items())]) + "\n"


def _unsafe(answer: Any) -> str:
    """Write what somebody has answered as YAML that Ansible never takes for a template."""
    if isinstance(answer, list):
        return f"[{', '.join(map(_unsafe, answer))}]"
    return f"!unsafe {json.dumps(answer)}" if isinstance(answer, str) else json.dumps(answer)


@dataclass
class Job:
    """A job that has ended: its exit status, what it printed, its events, and where its artifacts are."""

    status: int
    output: str
    folder: Path
    injected: Injected

    @property
    def events(self) -> list[dict[str, Any]]:
        files = self.folder.glob("artifacts/*/job_events/*.json")
        return sorted(
            (json.loads(file.read_text(encoding="utf-8")) for file in files), key=lambda event: event["counter"]
        )

    @property
    def stats(self) -> dict[str, Any]:
        """The artifacts in AWX's sense, which it hands to the nodes of a workflow that come after."""
        for event in reversed(self.events):
            if event["event"] == "playbook_on_stats":
                return dict(event["event_data"].get("artifact_data", {}))
        return {}

    @property
    def recap(self) -> dict[str, Any]:
        """How many tasks of localhost ended how."""
        data = next(event["event_data"] for event in reversed(self.events) if event["event"] == "playbook_on_stats")
        return {name: data[name].get("localhost", 0) for name in ("ok", "changed", "failures", "skipped", "rescued")}

    def everything_kept(self) -> Iterator[tuple[str, str]]:
        """Yield what AWX keeps of the job: output, events and what is in the folder of artifacts.

        ansible-runner's file ``command`` holds the environment in the clear. AWX replaces it by the safe one.
        """
        yield "output", self.output
        for file in sorted(self.folder.glob("artifacts/**/*")):
            if file.is_file() and file.name != "command":
                yield str(file.relative_to(self.folder)), file.read_text(encoding="utf-8", errors="replace")


@dataclass
class ExecutionEnvironment:
    """A Python with ansible-core, ansible-runner and what the collection needs; nothing of this checkout is in it."""

    python: Path
    #: What stands before the command, for example to run it as somebody else.
    prefix: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *command],
            cwd=cwd,
            env={
                "PATH": f"{self.python.parent}:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "VIRTUAL_ENV": "",
                **env,
                **self.environment,
            },
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )


@dataclass
class Controller:
    """Updates projects and runs jobs in an execution environment, each in a private data directory of its own."""

    environment: ExecutionEnvironment
    folder: Path
    _number: int = 0

    def update_project(self, files: Mapping[str, Path], name: str = "project") -> Path:
        """Copy a repository and install its requirements, and return the folder that jobs get as their own.

        Raises ``AssertionError`` with the output when the installation fails, as the update of a project would.
        """
        project = self.folder / name
        for path, source in files.items():
            target = project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        done = self.environment.run(
            "ansible-galaxy", "collection", "install", "--requirements-file", "collections/requirements.yml",
            "--collections-path", str(self.folder / f"{name}-requirements"),
            cwd=project, env={"HOME": str(self.folder), "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp")},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return project

    def run(
        self,
        playbook: str,
        project: Path,
        credential: Mapping[str, Any],
        answers: Mapping[str, Any] | None = None,
        *,
        template_vars: Mapping[str, Any] | None = None,
        job_type: str = "run",
        options: str = "",
    ) -> Job:
        """Run a job template with ``diff_mode`` on and return the job."""
        self._number += 1
        private_data_dir = self.folder / f"job{self._number}"
        home = private_data_dir / "home"
        for name in ("artifacts", "env", "home", "inventory"):
            (private_data_dir / name).mkdir(parents=True)
        (private_data_dir / "project").symlink_to(project, target_is_directory=True)
        injected = inject(credential, private_data_dir)
        # There is no container, so what would be below /runner is where it is.
        job_env = {
            name: value.replace(CONTAINER_ROOT, str(private_data_dir), 1) for name, value in injected.env.items()
        }
        job_env |= {
            "ANSIBLE_COLLECTIONS_PATH": f"{project}-requirements",
            "ANSIBLE_FORCE_COLOR": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_UNSAFE_WRITES": "1",
            "AWX_HOST": "https://awx.example.com",
            "AWX_PRIVATE_DATA_DIR": str(private_data_dir),
            "INVENTORY_ID": "2",
            "JOB_ID": str(JOB_ID),
            "PROJECT_REVISION": "0123456789abcdef0123456789abcdef01234567",
        }
        (private_data_dir / "env" / "envvars").write_text(json.dumps(job_env))
        (private_data_dir / "env" / "extravars").write_text(extra_vars_text(answers or {}, template_vars or {}))
        (private_data_dir / "env" / "settings").write_text(json.dumps({"suppress_env_files": True}))
        self._write_inventory(private_data_dir / "inventory" / "hosts")
        if self.environment.prefix:
            _open_to_everybody(private_data_dir)
        check = "--check " if job_type == "check" else ""
        done = self.environment.run(
            str(self.environment.python), "-m", "ansible_runner", "run", str(private_data_dir),
            "--playbook", playbook, "--ident", str(JOB_ID), f"--cmdline={check}--diff {options}",
            cwd=private_data_dir, env={"HOME": str(home)},
        )  # fmt: skip
        return Job(done.returncode, done.stdout, private_data_dir, injected)

    def _write_inventory(self, script: Path) -> None:
        """Write the inventory as AWX does, as a program that prints it."""
        variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": variables}}}
        script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(hosts)!r})\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _open_to_everybody(folder: Path) -> None:
    """Let a job write into its private data directory although another user runs it, as a container's volume does."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o777 if path.is_dir() else 0o666))


def tracked_files(root: Path = REPOSITORY_ROOT) -> dict[str, Path]:
    """Return the files of the repository as a clone has them, by their path in it."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=root, capture_output=True, check=True, text=True).stdout.split("\0")
    return {name: root / name for name in names if name and (root / name).is_file()}


def published_at(repository: Path) -> dict[str, str]:
    """Return the environment in which git finds the published address in that folder."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY_URL,
    }
