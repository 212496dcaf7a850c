# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is tagged can be released, and what its release says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.collection_tree import CHECKOUT


def release_notes(tag: str, checkout: Path = CHECKOUT) -> tuple[list[str], str]:
    """Return what is wrong with a release of that tag, and its part of the changelog."""
    problems = []
    galaxy = (checkout / "galaxy.yml").read_text(encoding="utf-8")
    (version,) = re.findall(r"^version: (\S+)$", galaxy, re.MULTILINE)
    if tag != version:
        problems.append(f"The tag is {tag}, and galaxy.yml has the version {version}.")
    notes = _part_of(version, (checkout / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not notes:
        problems.append(f"CHANGELOG.md has no part about {version}: run nox -s changelog.")
    fragments = sorted(path.name for path in (checkout / "changelogs" / "fragments").glob("*.y*ml"))
    if fragments:
        problems.append(f"Fragments are not in the changelog yet: {', '.join(fragments)}. Run nox -s changelog.")
    return problems, notes


def _part_of(version: str, changelog: str) -> str:
    # Dots are escaped in it, and headings have anchors before them.
    escaped = version.replace(".", "\\.")
    _before, heading, rest = changelog.partition(f"\n## v{escaped}\n")
    part = re.split(r"\n(?:<a id=[^\n]*\n)*## ", rest)[0] if heading else ""
    return re.sub(r"<a id=[^>]*></a>\n", "", part).strip()
