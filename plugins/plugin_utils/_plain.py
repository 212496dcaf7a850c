# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values out of a template as ordinary Python values. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return ordinary containers and texts: those of ansible-core 2.19 and later drag its templating engine along."""
    if isinstance(value, Mapping):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        # Texts that older versions call unsafe answer str() with themselves.
        return str.__str__(value)
    # True is an int, too.
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
