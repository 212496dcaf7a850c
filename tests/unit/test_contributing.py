# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CONTRIBUTING names is there: sessions, targets of make, files, and the versions of its examples."""

from __future__ import annotations

import re

import pytest

from tests.collection_tree import CHECKOUT
from tests.gate import cores

pytestmark = pytest.mark.any_core

TEXT = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = "benchmarks|changelogs|demo|docs|extensions|meta|playbooks|plugins|roles|sandbox|tests"


def test_sessions() -> None:
    there = re.findall(r"^def (\w+)\(session: nox", (CHECKOUT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r'nox -s "?(\w+)', TEXT))
    assert {"changelog", "pythons", "release", "units"} <= named <= set(there)


def test_versions_of_sessions() -> None:
    pairs = re.findall(r'nox -s "\w+\((\d\.\d+)(?:-(\d\.\d+))?\)"', TEXT)
    assert pairs
    assert all(python in ("", *cores.FURTHER_PYTHONS[core]) for core, python in pairs)


def test_targets_of_make() -> None:
    there = re.findall(r"^([\w-]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r"(?:`|^)make ([\w-]+)", TEXT, re.MULTILINE))
    assert {"demo", "test"} <= named <= set(there)


def test_files() -> None:
    paths = set(re.findall(rf"(?<![\w./])((?:{FOLDERS})/[\w./-]*)(?![\w<*])", TEXT))
    # One that the reader makes, one of each role, and a pattern.
    others = {"tests/integration/integration_config.yml", "meta/argument_specs.yml", "docs/pictures/images/NAME.svg"}
    assert others <= paths
    assert [path for path in sorted(paths - others) if not (CHECKOUT / path).exists()] == []
