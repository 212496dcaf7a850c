# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sandbox, and a controller for each execution environment, with this repository as an updated project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.testing import Sandbox

# Fixtures are found by their names.
from tests.acceptance.conftest import sandbox, server
from tests.awx.jobs import ENVIRONMENTS, Controller, ExecutionEnvironment, tracked_files

__all__ = ("controller", "credential", "project", "published", "sandbox", "server")


@pytest.fixture(scope="session")
def controller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """AWX as far as jobs can see it. What they share is only what a controller shares between jobs: nothing.

    Jobs run in the oldest execution environment, where ``on_both`` does not ask for the newest as well.
    """
    python = getattr(request, "param", ENVIRONMENTS[0])
    return Controller(ExecutionEnvironment(python), tmp_path_factory.mktemp("awx"))


@pytest.fixture(scope="session")
def project(controller: Controller) -> Path:
    """This repository as a project: it installs itself."""
    return controller.update_project(tracked_files())


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository that holds what this checkout does."""
    folder = tmp_path_factory.mktemp("published")
    for name, source in tracked_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(source.read_bytes())
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message=All"]):
        subprocess.run(["git", *author, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def credential(sandbox: Sandbox) -> dict[str, str]:
    """What somebody fills in for application credentials."""
    return {
        "org_id": sandbox.org_id,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "api_url": sandbox.api_url,
        "token_url": sandbox.token_url,
        "max_wait": "5",
    }
