# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which spellings a secret may show itself: what tests that look for secrets look for."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

#: Every token that the sandbox issues starts so, and in base64 so.
ISSUED = "eyJ0eXAiOiJKV1QiLCJhbGci"
ISSUED_IN_BASE64 = base64.b64encode(ISSUED.encode()).decode()[:-4]
#: So much of a secret may stand somewhere by chance.
PIECE = 12


def forms(secret: str) -> set[str]:
    """Return the spellings that are searched for; deliberately not taken from the collection."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        re.sub("%..", lambda escape: escape.group().lower(), quote(secret, safe="")),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", r"\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        encoded,
        encoded.rstrip("="),
        encoded.replace("+", "-").replace("/", "_"),
    }


def pieces(secret: str) -> Iterator[str]:
    """Yield what must not be found anywhere: so many pieces of each spelling that a torn secret is found, too."""
    for form in forms(secret):
        for start in range(0, len(form) - PIECE + 1, PIECE):
            yield form[start : start + PIECE]
        yield form[-PIECE:]
