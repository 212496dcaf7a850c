# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens in answers that nobody expected there: found by their names, and kept out of what is shown.

Private to the collection.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote

from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SHORTEST_SECRET, SecretKeeper

#: As ``access_token``, ``access-token``, ``accessToken`` and the like are without what differs.
_NAMES = frozenset({"accesstoken", "refreshtoken", "idtoken", "clientsecret"})
_NAMED = re.compile(
    r"""(?:(?:access|refresh|id)[-_ ]?token|client[-_ ]?secret)(?:["'\\]|%22)*\s*(?:[:=]|%3[AaDd])\s*(?:["'\\]|%22)*"""
    r"""([^\s"'\\<>&,;{}\[\]]+)""",
    re.IGNORECASE,
)
#: The same in a sentence, an element of XML and the like: a long word a few short ones after the name. What has 32
#: hexadecimal digits is an ID.
_FOLLOWED = re.compile(
    r"(?:(?:access|refresh|id)[-_ ]?token|client[-_ ]?secret|bearer)(?:[^A-Za-z0-9]+[A-Za-z0-9]{1,5}){0,3}?"
    r"[^A-Za-z0-9]+(?![0-9a-f]{32}\b)([A-Za-z0-9._~+/=-]{16,})",
    re.IGNORECASE,
)
_UNICODE_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
#: In a text that is about something else, a shorter word behind such a name is no token.
SHORTEST_IN_TEXT = 16
#: Each is looked for in all that is shown. What stands under its name in a result is not shown in any case.
MOST_KEPT = 100


def keep_tokens(content: Any, secrets: SecretKeeper, *, shortest: int = SHORTEST_IN_TEXT) -> Any:
    """Let ``secrets`` know the tokens in the content of an answer, and return the content.

    ``shortest`` is for texts, which say ``access_token=…`` and go on.
    """
    for token in islice(_tokens_in(content, shortest), MOST_KEPT):
        secrets.keep(token)
    return content


def keep_tokens_of_text(text: str, secrets: SecretKeeper) -> str:
    """Do the same with an answer that is no JSON, such as the first half of one, and return the text."""
    return str(keep_tokens(text, secrets, shortest=SHORTEST_SECRET))


def without_tokens(value: Any) -> tuple[Any, bool]:
    """Return a result without what stands under the name of a token, whatever it is, and whether there was some."""
    if isinstance(value, Mapping):
        found = False
        shown: dict[Any, Any] = {}
        for name, inner in value.items():
            is_token = _is_name(name) and _has_token(inner)
            shown[name], is_inside = (MASK, True) if is_token else without_tokens(inner)
            found |= is_inside
        return shown, found
    if isinstance(value, (list, tuple)):
        pairs = [without_tokens(inner) for inner in value]
        return [inner for inner, _found in pairs], any(is_inside for _inner, is_inside in pairs)
    return value, False


def _tokens_in(content: Any, shortest: int) -> Iterator[str]:
    """Yield the tokens of an answer; without recursion, since nobody knows how deep it is."""
    waiting = [(content, "")]
    while waiting:
        value, name = waiting.pop()
        if isinstance(value, Mapping):
            # What stands beside the token in an object of its own, such as its type, is no secret. Others are lists of
            # names and values.
            inside = "inside" if name or any(isinstance(one, str) and _is_name(one) for one in value.values()) else ""
            waiting += [(inner, "token" if _is_name(key) else inside) for key, inner in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [(inner, name) for inner in value]
        elif name == "token" and _has_token(value):
            yield str(value)
        elif isinstance(value, str):
            if name and len(value) >= shortest:
                yield value
            yield from _tokens_of_text(value, shortest)


def _tokens_of_text(text: str, shortest: int) -> Iterator[str]:
    for spelling in dict.fromkeys((text, _readable(text))):
        for found in _NAMED.finditer(spelling):
            if len(found[1]) >= shortest:
                yield found[1]
                yield unquote(found[1])
        for found in _FOLLOWED.finditer(spelling):
            # A word of small letters only is one of some language.
            if not (found[1].isalpha() and found[1].islower()):
                yield found[1]


def _readable(text: str) -> str:
    """Return a text without the escapes of addresses, of HTML and of JSON that was not read as such."""
    return html.unescape(unquote(_UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)))


def _is_name(name: Any) -> bool:
    return re.sub(r"[^a-z0-9]", "", str(name).lower()) in _NAMES


def _has_token(value: Any) -> bool:
    """Return whether there is something under the name of a token, rather than that there is none or one."""
    return value not in (None, "", MASK) and not isinstance(value, bool)
