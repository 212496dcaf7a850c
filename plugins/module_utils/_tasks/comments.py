# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comments of tasks, which later runs find by a signature. Private to the collection.

Each comment ends with a signature, such as ``(Ansible: mailbox)``: it shows people the author and the subject, and the
next run does not write the comment again. The service may remove or show every other kind of mark.
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
    """Return the signature of a key, which ends the comment."""
    return f"({SIGNER}: {key})" if key else f"({SIGNER})"


def signed(text: str, key: str | None) -> str:
    """Return a comment with its signature."""
    return f"{text}\n\n{signature(key)}"


def comments_of(task: Mapping[str, Any]) -> list[Record] | None:
    """Return the comments of a task, without archived ones, oldest first; ``None`` when it does not include them."""
    rows = included(task, "threads")
    if not isinstance(rows, list):
        return None
    return [dict(row) for row in rows if isinstance(row, Mapping) and row.get("id") and not row.get("archived_at")]


def find_comment(task: Mapping[str, Any], key: str | None) -> Record | None:
    """Return the latest comment with the signature of a key."""
    end = fold(signature(key))
    found = [
        comment for comment in comments_of(task) or () if any(fold(text).endswith(end) for text in _readings(comment))
    ]
    return max(found, key=lambda comment: str(comment.get("created_at") or "")) if found else None


def is_same_comment(comment: Mapping[str, Any], content: str) -> bool:
    """Return whether a comment has the sent content, in any of the forms in which the service returns it.

    The service may remove text that looks like a tag, such as the address in ``Mary <mary@example.com>``, or add tags.
    """
    if _plain(content) in _readings(comment):
        return True
    shown, tags = str(comment.get("content") or ""), _TAGS.findall(content)
    kept = [tag in shown for tag in tags]
    return (all(kept) or not any(kept)) and _letters(shown) == _letters(content)


def _readings(comment: Mapping[str, Any]) -> set[str]:
    """Return the possible texts of a comment: the service returns it as sent, or as HTML."""
    content = str(comment.get("content") or "")
    return {_plain(content), _plain(html.unescape(content)), _plain(html.unescape(_TAGS.sub(" ", content)))}


def _letters(text: str) -> str:
    """Return a text without tags and white space, which the service may change."""
    return "".join(tidied(html.unescape(_TAGS.sub("", text))).split())


def _plain(text: str) -> str:
    return " ".join(tidied(text).split())
