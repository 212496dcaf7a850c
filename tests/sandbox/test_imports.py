# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The files of the sandbox import one another in one direction, also where an import is only for a type."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import sandbox


def imported(file: Path) -> set[str]:
    """Return the names of the neighbours that a file imports."""
    statements = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    relative = [found for found in statements if isinstance(found, ast.ImportFrom) and found.level == 1]
    return {name for found in relative for name in ([found.module] if found.module else [a.name for a in found.names])}


def test_no_circle() -> None:
    files = Path(str(sandbox.__file__)).parent.glob("*.py")
    order = list(TopologicalSorter({file.stem: imported(file) for file in files}).static_order())
    assert order.index("envelopes") < order.index("calls") < order.index("app")
