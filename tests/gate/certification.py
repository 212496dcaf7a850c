# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checkers of certification and of Galaxy say of the artifact, each in the versions that they use."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.gate import steps

if TYPE_CHECKING:
    import nox

PYTHON = "3.12"
#: Certification pins these; ansible-lint 25.2.0 itself asks for a later patch release of ansible-core than 2.16.0.
LINTERS = {
    "24.12.2": ("ansible-core==2.16.0", "ansible-lint==24.12.2"),
    "25.2.0": ("ansible-core~=2.16.0", "ansible-lint==25.2.0"),
}
IMPORTERS = {
    "0.4.31": ("ansible-core==2.16.0", "galaxy-importer==0.4.31"),
    "newest": ("ansible-core", "galaxy-importer"),
}
IMPORTER_CONFIG = """\
[galaxy-importer]
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
OFFLINE_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
CHECK_REQUIRED_TAGS = True
"""
#: Of a line of the importer that is to be mended.
_COMPLAINT = re.compile(r"\b(ERROR|WARNING|Failed to find|Traceback)\b|^[\w./-]+:\d+: ")


def complaints_in(output: str) -> list[str]:
    """Return the lines in which the importer finds fault."""
    return [line for line in output.splitlines() if _COMPLAINT.search(line)]


def build(session: nox.Session) -> Path:
    """Return the artifact, built by the newest ansible-core."""
    python = Path(steps.python_with("galaxy-importer-newest", f"python{PYTHON}", *IMPORTERS["newest"]))
    folder = steps.scratch(session, "built")
    command = (str(python.with_name("ansible-galaxy")), "collection", "build", "--output-path", str(folder))
    session.run(*command, env=_environment(session, python), external=True)
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


def lint(session: nox.Session, artifact: Path, version: str) -> None:
    """Lint what is in the artifact, with the profile for production."""
    python = Path(steps.python_with(f"ansible-lint-{version}", f"python{PYTHON}", *LINTERS[version]))
    root = steps.scratch(session, f"unpacked for {version}")
    folder = root / "ansible_collections" / "tallyfy" / "platform"
    folder.mkdir(parents=True)
    with tarfile.open(artifact) as archive:
        archive.extractall(folder, filter="data")
    env = _environment(session, python) | {"ANSIBLE_COLLECTIONS_PATH": str(root)}
    with session.chdir(folder):
        session.run(str(python.with_name("ansible-lint")), "--offline", "--profile=production", env=env, external=True)


def import_to_galaxy(session: nox.Session, artifact: Path, version: str) -> None:
    """Import the artifact as Galaxy does; a line that finds fault ends the session."""
    python = Path(steps.python_with(f"galaxy-importer-{version}", f"python{PYTHON}", *IMPORTERS[version]))
    folder = steps.scratch(session, f"imported by {version}")
    config = folder / "galaxy-importer.cfg"
    config.write_text(IMPORTER_CONFIG, encoding="utf-8")
    env = _environment(session, python) | {"GALAXY_IMPORTER_CONFIG": str(config)}
    with session.chdir(folder):
        command = (str(python), "-m", "galaxy_importer.main", str(artifact))
        output = str(session.run(*command, env=env, external=True, silent=True))
    if complaints := complaints_in(output):
        session.error("\n".join([f"galaxy-importer {version} finds fault with {artifact.name}:", *complaints]))
    session.log(f"galaxy-importer {version} finds no fault.")


def _environment(session: nox.Session, python: Path) -> dict[str, str | None]:
    # They start one another by name.
    path = f"{python.parent}:{os.environ['PATH']}"
    return steps.isolated(session) | {"PATH": path, "PYTHONPATH": None, "ANSIBLE_COLLECTIONS_PATH": None}
