# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comments of tasks that are found again. Private to the collection.

Each ends with a signature, such as ``(Ansible: mailbox)``: people see who wrote it and about what, and the next run
sees that it need not write it again. Whatever else could carry a mark may be stripped by the service, or shown.
Source: API reference, "Tasks". Every function here is pure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included

SIGNER = "Ansible"
LONGEST_KEY = 60
_TAGS = re.compile(r"<[^>]*>")


def signature(key: str | None) -> str:
    """Return how a comment of a key ends."""
    return f"({SIGNER}: {key})" if key else f"({SIGNER})"


def signed(text: str, key: str | None) -> str:
    """Return a comment as it is sent."""
    return f"{text}\n\n{signature(key)}"


def comments_of(task: Mapping[str, Any]) -> list[Record] | None:
    """Return the comments of a task that are there, oldest first, ``None`` when it does not show them."""
    rows = included(task, "threads")
    if not isinstance(rows, list):
        return None
    return [dict(row) for row in rows if isinstance(row, Mapping) and row.get("id") and not row.get("archived_at")]


def find_comment(task: Mapping[str, Any], key: str | None) -> Record | None:
    """Return the latest comment of a key."""
    end = fold(signature(key))
    found = [one for one in comments_of(task) or () if any(fold(text).endswith(end) for text in _readings(one))]
    return max(found, key=lambda one: str(one.get("created_at") or "")) if found else None


def is_same_comment(comment: Mapping[str, Any], content: str) -> bool:
    """Return whether a comment says what was sent, in whatever spelling it is shown.

    What looks like a tag, such as the address in ``Mary <mary@example.com>``, may be taken away, or stand among others.
    """
    if _plain(content) in _readings(comment):
        return True
    shown, tags = str(comment.get("content") or ""), _TAGS.findall(content)
    kept = [tag in shown for tag in tags]
    return (all(kept) or not any(kept)) and _letters(shown) == _letters(content)


def _readings(comment: Mapping[str, Any]) -> set[str]:
    """Return what a comment may say: it is shown as it was sent, or as HTML."""
    content = str(comment.get("content") or "")
    return {_plain(content), _plain(html.unescape(content)), _plain(html.unescape(_TAGS.sub(" ", content)))}


def _letters(text: str) -> str:
    """Return a text without tags and white space, neither of which is sure to be kept."""
    return "".join(tidied(html.unescape(_TAGS.sub("", text))).split())


def _plain(text: str) -> str:
    return " ".join(tidied(text).split())
