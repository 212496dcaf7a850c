# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""One sandbox for the whole run, planted afresh for every test, and callers of every rank."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.sandbox.caller import Api


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    return server


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    """The application itself, acting as an administrator."""
    return Api(sandbox, sandbox.issue_token())


@pytest.fixture
def alice(sandbox: Sandbox) -> Api:
    """The default administrator."""
    return Api(sandbox, sandbox.issue_token("alice.smith@example.com"))


@pytest.fixture
def bob(sandbox: Sandbox) -> Api:
    """A standard member."""
    return Api(sandbox, sandbox.issue_token("bob@example.com"))


@pytest.fixture
def frank(sandbox: Sandbox) -> Api:
    """A light member."""
    return Api(sandbox, sandbox.issue_token("frank.moore@example.com"))
