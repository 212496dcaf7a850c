# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a plain clone importable as ``ansible_collections.tallyfy.platform``, whatever its folder is called.

Python and Ansible find a collection by the last three folders of its path. The tree made here holds nothing but a
symbolic link of that name to the checkout. Run as a script, it prints the folder that belongs on
``ANSIBLE_COLLECTIONS_PATH`` and ``PYTHONPATH``.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def collection_tree(checkout: Path = CHECKOUT) -> Path:
    """Return the folder that holds ``ansible_collections/tallyfy/platform``, made if it is not there."""
    tree = checkout / ".cache" / "tree"
    link = tree / "ansible_collections" / "tallyfy" / "platform"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == checkout:
        return tree
    link.unlink(missing_ok=True)
    with contextlib.suppress(FileExistsError):  # another process was quicker
        link.symlink_to(checkout, target_is_directory=True)
    return tree


if __name__ == "__main__":
    sys.stdout.write(f"{collection_tree()}\n")
