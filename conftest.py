# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the tests import ``ansible_collections.tallyfy.platform`` from a plain clone."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator

import pytest

from tests.collection_tree import collection_tree
from tests.hostile import HostileServer, running_hostile

TREE = str(collection_tree())

# Both ways lead to the checkout: Python's own import, and the loader of ansible-core once a test has started it.
sys.path.insert(0, TREE)
importlib.invalidate_caches()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = TREE

# Somebody's own credentials must never reach a test.
for name in [name for name in os.environ if name.startswith("TALLYFY_") and name != "TALLYFY_SANDBOX_PYTHON"]:
    del os.environ[name]


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    """A server whose addresses say in which way it is hostile; see ``tests/hostile.py``."""
    with running_hostile() as server:
        yield server
