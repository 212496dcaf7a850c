# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds unexpected tokens in answers by their names, and removes them from the output.

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

#: The names of secrets in lower case without separators, as for ``access_token``, ``access-token``, ``accessToken``.
_NAMES = frozenset({"accesstoken", "refreshtoken", "idtoken", "clientsecret"})
_NAMED = re.compile(
    r"""(?:(?:access|refresh|id)[-_ ]?token|client[-_ ]?secret)(?:["'\\]|%22)*\s*(?:[:=]|%3[AaDd])\s*(?:["'\\]|%22)*"""
    r"""([^\s"'\\<>&,;{}\[\]]+)""",
    re.IGNORECASE,
)
#: The same in a sentence, an XML element and the like: a long word at most three short words after the name. A word of
#: 32 hexadecimal digits is an ID.
_FOLLOWED = re.compile(
    r"(?:(?:access|refresh|id)[-_ ]?token|client[-_ ]?secret|bearer)(?:[^A-Za-z0-9]+[A-Za-z0-9]{1,5}){0,3}?"
    r"[^A-Za-z0-9]+(?![0-9a-f]{32}\b)([A-Za-z0-9._~+/=-]{16,})",
    re.IGNORECASE,
)
_UNICODE_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
#: In a text about something else, a shorter word after such a name is not a token.
SHORTEST_IN_TEXT = 16
#: The output is searched for each kept token. Tokens under their names in a result are hidden without this limit.
MOST_KEPT = 100


def keep_tokens(content: Any, secrets: SecretKeeper, *, shortest: int = SHORTEST_IN_TEXT) -> Any:
    """Add the tokens in the content of an answer to ``secrets``, and return the content.

    ``shortest`` is the minimum length of a token in a text, such as ``access_token=…``.
    """
    for token in islice(_tokens_in(content, shortest), MOST_KEPT):
        secrets.keep(token)
    return content


def keep_tokens_of_text(text: str, secrets: SecretKeeper) -> str:
    """Do the same for an answer that is not JSON, such as a truncated one, and return the text."""
    return str(keep_tokens(text, secrets, shortest=SHORTEST_SECRET))


def without_tokens(value: Any) -> tuple[Any, bool]:
    """Return a result with the values under the names of tokens masked, and whether there were any."""
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
    """Yield the tokens of an answer, without recursion, because an answer may be nested deeply."""
    waiting = [(content, "")]
    while waiting:
        value, name = waiting.pop()
        if isinstance(value, Mapping):
            # In the object of a token, other keys such as its type are not secret. Other objects are pairs of a name
            # and a value.
            names_token = any(isinstance(inner, str) and _is_name(inner) for inner in value.values())
            inside = "inside" if name or names_token else ""
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
            # A word of lower-case letters only is a word of some language.
            if not (found[1].isalpha() and found[1].islower()):
                yield found[1]


def _readable(text: str) -> str:
    """Return a text without the escapes of URLs, HTML and JSON."""
    return html.unescape(unquote(_UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)))


def _is_name(name: Any) -> bool:
    return re.sub(r"[^a-z0-9]", "", str(name).lower()) in _NAMES


def _has_token(value: Any) -> bool:
    """Return whether the value under the name of a token can be a token; null and booleans only say if there is one."""
    return value not in (None, "", MASK) and not isinstance(value, bool)
