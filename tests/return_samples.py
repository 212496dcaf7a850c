# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what the examples of the modules return, as samples for their RETURN blocks.

Run ``python -m tests.return_samples`` in the root of the repository. Name modules to print only theirs.
Tokens are replaced.
"""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from pathlib import Path

import yaml

from sandbox.testing import running_sandbox

TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
FAKE_TOKEN = "eyJ0eXAi.not-a-real-token"
COMMON = {"ansible_parsed", "changed", "diff", "exception", "failed", "invocation", "msg", "warnings", "deprecations"}


def main(chosen: list[str]) -> None:
    importlib.import_module("conftest")  # lets the collection be found
    from tests.acceptance.documented import documented_files, run_examples
    from tests.acceptance.running import Playbooks

    for file in documented_files():
        if file.parent.name != "modules" or (chosen and file.stem not in chosen):
            continue
        with running_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
            for task, result in run_examples(Playbooks(sandbox, Path(folder)), sandbox, [file])[file]:
                sample = {name: value for name, value in result.items() if name not in COMMON}
                text = yaml.safe_dump(sample, sort_keys=False, allow_unicode=True)
                print(f"# {file.stem}: {task['name']}\n{TOKEN.sub(FAKE_TOKEN, text)}")


if __name__ == "__main__":
    main(sys.argv[1:])
