# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""``python -m sandbox``: start the server, or say how to install what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Run the server; what is missing is reported before any file is imported that needs it."""
    if sys.version_info < OLDEST_PYTHON:
        return _refuse(f"The sandbox needs Python 3.11 or newer. This is {sys.version.split()[0]}.", "python3.11")
    try:
        from .serving import main as serve
    except ModuleNotFoundError as error:
        return _refuse(f"The sandbox needs Python packages that are not installed: {error.name}.", sys.executable)
    return serve()


def _refuse(reason: str, python: str) -> int:
    requirements = os.path.relpath(Path(__file__).with_name("requirements.txt"))
    sys.stderr.write(
        f"{reason}\n\n"
        "Either let make install everything in a virtual environment of its own:\n\n"
        "    make sandbox\n\n"
        "or install it yourself, then start the sandbox again:\n\n"
        f"    {python} -m pip install -r {requirements} ansible-core requests\n"
        f"    {python} -m sandbox\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
