# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of ``module_utils`` as a house: each stands on those that it imports from."""

from __future__ import annotations

import ast
from pathlib import Path

from .canvas import INNER, MARGIN, WIDTH, Canvas, width_of
from .scenes import Scenes

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PREFIX = "ansible_collections.tallyfy.platform.plugins.module_utils."
#: What each knows; a package that is not here has no picture.
KNOWS = {
    "_onboarding": "people and processes",
    "_offboarding": "hand over, end access",
    "_roster": "files, rows, fuse, drift",
    "_tasks": "steps of processes",
    "_operations": "any call, tokens",
    "_processes": "templates, forms, launches",
    "_people": "members and groups",
    "_module": "options to operation",
    "_api": "calls, lists, lost answers",
    "_auth": "which token, and how",
    "_http": "session, retries, budget",
    "_engine": "steps, plans, diff",
    "_state": "private files, locks",
    "_secrets": "masking",
    "_errors": "every way to fail",
    "_parallel": "many at once",
    "_texts": "texts of others",
    "_problems": "wrong input",
    "_python": "old Pythons",
    "_version": "the version",
}
GAP, HEIGHT = 6, 43


def draw(_scenes: Scenes) -> str:
    house = PLUGINS / "module_utils"
    imports = imports_of(house)
    canvas = Canvas("The house of packages", "Each stands on those below and imports from no other.")
    _roof(canvas)
    for floor in reversed(floors_of(imports)):
        _floor(canvas, floor)
    canvas.y += 2
    canvas.paragraph(
        "No package knows AnsibleModule, prints or exits. Plans are made without I/O, so that check mode and a run "
        "have the same one.",
        "soft",
        color="soft",
    )
    return canvas.svg()


def imports_of(house: Path) -> dict[str, set[str]]:
    """Return which other packages each package imports from."""
    found: dict[str, set[str]] = {}
    for file in sorted(house.rglob("*.py")):
        package = file.relative_to(house).parts[0].split(".")[0]
        names = found.setdefault(package, set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PREFIX):
                names.add(str(node.module)[len(PREFIX) :].split(".")[0])
        names.discard(package)
    return found


def floors_of(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the packages by floor, from the ground: each as low as its imports let it be."""
    floors: list[list[str]] = []
    rest = dict(imports)
    while rest:
        built = {package for floor in floors for package in floor}
        floor = sorted(package for package, needs in rest.items() if needs <= built)
        if not floor:
            raise RuntimeError(f"These packages import from each other in a circle: {', '.join(rest)}.")
        floors.append(floor)
        rest = {package: needs for package, needs in rest.items() if package not in floor}
    return floors


def _roof(canvas: Canvas) -> None:
    top, height = canvas.y, 84
    points = f"M{MARGIN} {top + height}L{WIDTH / 2 - 60} {top}h120L{WIDTH - MARGIN} {top + height}z"
    canvas.parts.append(f'<path d="{points}" class="b-info" stroke-linejoin="round"/>')
    modules = len(list((PLUGINS / "modules").glob("*.py")))
    roles = len(list((PLUGINS.parent / "roles").glob("*/meta")))
    canvas.text(WIDTH / 2, top + 12, "playbooks", "head", "info", "middle")
    canvas.text(WIDTH / 2, top + 34, f"{roles} roles", "head", "info", "middle")
    canvas.text(WIDTH / 2, top + 57, f"{modules} modules and their action plugins", "pill", "info", "middle")
    canvas.y = top + height + GAP


def _floor(canvas: Canvas, packages: list[str]) -> None:
    """Draw a floor in rows of two rooms, so that a name and what it knows stay readable."""
    rows = [packages[first : first + 2] for first in range(0, len(packages), 2)]
    height = len(rows) * (HEIGHT + GAP) + GAP
    canvas.parts.append(canvas.rectangle(MARGIN, canvas.y, INNER, height, "b-plain", 6))
    canvas.y += GAP
    for row in rows:
        width = (INNER - GAP * (len(row) + 1)) / len(row)
        for place, package in enumerate(row):
            x = MARGIN + GAP + place * (width + GAP)
            canvas.parts.append(canvas.rectangle(x, canvas.y, width, HEIGHT, "room", 4))
            canvas.text(x + 8, canvas.y + 3, package, "head")
            if width_of(KNOWS[package], "soft") > width - 10:
                raise RuntimeError(f"{KNOWS[package]!r} is too long for the picture.")
            canvas.text(x + 8, canvas.y + 22, KNOWS[package], "soft", "soft")
        canvas.y += HEIGHT + GAP
    canvas.y += 5
