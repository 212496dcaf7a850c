# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends a module with a clear message if the Python is too old for it. Private to the collection.

Modules import this file first: with an older Python the next import would fail with a ``SyntaxError`` or ``TypeError``
that names neither cause nor remedy. Like the modules themselves, this file must parse on Python 3.6, the oldest version
with which a supported ansible-core starts modules.
"""

import json
import sys

OLDEST = (3, 9)


def refusal(major: int, minor: int, executable: str) -> str:
    """Return why this Python cannot run the modules, an empty text if it can."""
    if (major, minor) >= OLDEST:
        return ""
    needed = f"{OLDEST[0]}.{OLDEST[1]}"
    return (
        f"The modules of tallyfy.platform need Python {needed} or later; {executable} is Python {major}.{minor}. "
        "Run them on the controller (connection: local, or delegate_to: localhost), "
        "or set ansible_python_interpreter to a newer Python."
    )


def require_supported_python(
    major: int = sys.version_info[0], minor: int = sys.version_info[1], executable: str = sys.executable
) -> None:
    """End the module with a failure if this Python is too old."""
    message = refusal(major, minor, executable)
    if message:
        sys.stdout.write(json.dumps({"failed": True, "changed": False, "msg": message, "problems": [message]}))
        raise SystemExit(1)
