# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rooms of ``module_utils``: each imports from those above it alone, relatively inside its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[3] / "plugins" / "module_utils"
PREFIX = "ansible_collections.tallyfy.platform.plugins."
#: Of a file; what is longer has a second subject.
MOST_LINES = 400
# From the top; those of one line know nothing of each other.
FLOORS = (
    "_parallel _problems _python _texts _version",
    "_errors",
    "_secrets _state _engine",
    "_http",
    "_auth",
    "_api",
    "_people _module",
    "_processes",
    "_roster _tasks _operations",
    "_onboarding _offboarding",
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}


def rooms_of(file: Path) -> set[str]:
    """Return the rooms that a file imports from, its own left out where that is relative."""
    imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    assert all(node.level < 2 for node in imports), "a relative import stays in its room"
    ours = [str(node.module)[len(PREFIX) :] for node in imports if str(node.module).startswith(PREFIX)]
    assert all(name.startswith("module_utils.") for name in ours), "the rooms know no plugin"
    return {name.split(".")[1] for name in ours}


@pytest.mark.parametrize("file", sorted(HOUSE.rglob("*.py")), ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_room_imports_from_those_above_it(file: Path) -> None:
    floor = FLOOR_OF[file.relative_to(HOUSE).parts[0].split(".")[0]]
    assert [room for room in sorted(rooms_of(file)) if FLOOR_OF[room] >= floor] == []


@pytest.mark.parametrize("folder", ["action", "lookup", "module_utils", "plugin_utils"])
def test_a_file_has_one_subject(folder: str) -> None:
    lines = {file.name: len(file.read_text().splitlines()) for file in (HOUSE.parent / folder).rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
