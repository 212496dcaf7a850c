# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the checkout: where they are, what is released of them, and copies to work in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.collection_tree import CHECKOUT

# Development parts that need a newer Python than the oldest ansible-core can judge; ruff and mypy check them.
NEEDS_NEWER_PYTHON = (
    "benchmarks/",
    "demo/",
    "docs/pictures/",
    "docs/site/",
    "noxfile.py",
    "sandbox/",
    "tests/awx/",
    "tests/eda/",
    "tests/gate/",
    "tests/sandbox/",
)

# What is released; everything else in the repository serves development.
SHIPPED = (
    "CHANGELOG.md",
    "COPYING",
    "README.md",
    "changelogs/changelog.yaml",
    "docs/docsite/",
    "extensions/eda/",
    "meta/",
    "playbooks/",
    "plugins/",
    "roles/",
)


def without_spaces(folder: Path) -> Path:
    """Return a way to the folder that has no space in it: ansible-test writes shebang lines, which end at the first."""
    if not re.search(r"\s", str(folder)):
        return folder
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    link = Path(tempfile.gettempdir(), f"tallyfy-platform-{os.getuid()}-{mark}")
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder, target_is_directory=True)
    if link.readlink() != folder:
        sys.exit(f"nox: {link} is in the way; it should be a link to {folder}.")
    return link


def files(checkout: Path, *below: str) -> set[str]:
    """Return the names of the files that git tracks or would track."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *below]
    names = subprocess.run(listing, cwd=checkout, capture_output=True, check=True, text=True).stdout.split("\0")
    return {name for name in names if name and (checkout / name).is_file()}


def copy_of_checkout(folder: Path, *, without: tuple[str, ...] = (), checkout: Path = CHECKOUT) -> Path:
    """Copy the files of the checkout to the folder; ansible-test refuses a symbolic link to them."""
    for name in files(checkout):
        if not name.startswith(without):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name, follow_symlinks=False)
    # A repository of its own, or ansible-test would ask the one around it and skip what that one ignores.
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def differences_of_artifact(artifact: Path, checkout: Path = CHECKOUT) -> list[str]:
    """Return how the files of the artifact differ from what ships, a line each."""
    expected = files(checkout, *SHIPPED) | {"MANIFEST.json", "FILES.json"}
    with tarfile.open(artifact) as archive:
        found = {member.name for member in archive.getmembers() if not member.isdir()}
    more = [f"must not ship (add it to build_ignore in galaxy.yml): {name}" for name in sorted(found - expected)]
    return more + [f"does not ship (see build_ignore in galaxy.yml): {name}" for name in sorted(expected - found)]
