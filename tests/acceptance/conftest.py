# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sandbox for each test run, planted afresh for each test, and the two ways to run what is tested against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import IN_PROCESS, Modules, Playbooks


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    """The sandbox with the people, groups and switches it starts with, and an empty ledger."""
    server.reset()
    return server


@pytest.fixture
def way() -> str:
    """In which way modules are run; files whose tests are run in both ways parametrize it."""
    return IN_PROCESS


@pytest.fixture
def modules(sandbox: Sandbox, tmp_path: Path, way: str) -> Modules:
    """Runs modules in processes of their own, with a token cache that nobody else uses."""
    return Modules(sandbox, tmp_path / "cache", way)


@pytest.fixture
def signed_in(sandbox: Sandbox, modules: Modules) -> Modules:
    """The modules with a token in the cache and without a pace, so that only the work itself is counted."""
    modules.use(rate_limit=0)
    modules.succeed("tallyfy_organization_info")
    sandbox.clear_ledger()
    return modules


@pytest.fixture
def playbooks(sandbox: Sandbox, tmp_path: Path) -> Playbooks:
    """Runs playbooks with the real ansible-playbook in an empty home."""
    return Playbooks(sandbox, tmp_path)


@pytest.fixture
def roles(sandbox: Sandbox, tmp_path: Path) -> Roles:
    """Runs the tasks of roles in this process, in an empty folder."""
    return Roles(sandbox, tmp_path)
