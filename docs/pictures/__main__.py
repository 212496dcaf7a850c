# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m docs.pictures [NAME...]``: draw the pictures anew, all of them or those that are named.

Needs ``docs/pictures/requirements.txt``. ``report`` also needs ``chromium`` and its driver; it is drawn when it is
named or when its report has changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.collection_tree import collection_tree

# As conftest.py has it, before anything of the collection is imported.
sys.path.insert(0, str(collection_tree()))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(collection_tree())

from sandbox.testing import running_sandbox

from . import report
from .drawings import DRAWINGS, IMAGES
from .scenes import Scenes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.pictures", description="Draw the pictures of the pages.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DRAWINGS)}; by default all")
    names = parser.parse_args().names
    if unknown := set(names) - set(DRAWINGS):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    IMAGES.mkdir(exist_ok=True)
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        scenes = Scenes(sandbox, Path(folder))
        for name in names or DRAWINGS:
            file = IMAGES / f"{name}.svg"
            is_current = name == "report" and file.exists() and report.mark(scenes) in file.read_text(encoding="utf-8")
            if names or not is_current:
                file.write_text(DRAWINGS[name](scenes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
