# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

r"""Escapes control, direction and invisible characters in texts that are shown. Private to the collection.

Names, error texts and headers come from other people. ``\x1b[2J`` clears a screen, a line break forges the line of
another task, and U+202E shows a name backwards. Such characters are escaped the way Python, JSON and YAML do it. Texts
for people are escaped last, after secrets are masked; records keep their values. Backslashes stay as they are, so
escaping a text twice changes nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any

#: Controls, formats (direction marks, invisible characters, tags), lone surrogates, line and paragraph separators.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_JOINER = "\u200d"
_JOINERS = f"\u200c{_JOINER}"
#: Letters and marks that are invisible: they make two names look alike.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
#: Variation selectors: they select the form of the character before them, such as an emoji.
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SELECTOR = re.compile(f"[{_SELECTORS}]")
#: Characters that need a check although ``str.isprintable`` accepts them.
_UNSEEN = re.compile(f"[{_BLANKS}{_SELECTORS}]")
#: Code points that are no characters or are reserved for invisible ones, listed because Python's table may be older.
_NEVER_SEEN = re.compile(
    "[\u2065\ufdd0-\ufdef\ufff0-\ufff8\ufffe\uffff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
#: The combining class of viramas. A joiner after a virama changes how the next letter is written.
_VIRAMA = 9

#: A URL, with or without scheme, up to its path. Browsers read a backslash as a slash.
_AUTHORITY = re.compile(r"((?:[a-z][a-z0-9+.-]*:)?[/\\\\]{2,})([^/\\\\]*)", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9a-f:.%]+\]|[^\s:@\[\]]+)(?::[0-9]*)?", re.IGNORECASE)

#: The texts for people in a result, by key. Each may be a text, a list of texts, or a dictionary of them.
_TEXTS = frozenset(
    {"msg", "problems", "notes", "warnings", "text", "message", "reason", "errors", "code", "request", "request_id"}
    | {"holder", "not_before", "before_header", "after_header"}
)
#: The keys whose texts have several lines, written by ansible-core or Python.
_WITH_LINES = frozenset({"exception", "module_stdout", "module_stderr"})
#: The keys that hold rows with such texts. All other keys are data.
_ROWS = frozenset(
    {"people", "guests", "groups", "processes", "process", "actions", "failed_action", "deferred", "unchangeable"}
    | {"diff"}
)


def shown_text(text: str) -> str:
    r"""Return the text with every harmful character escaped: ``\x1b``, ``\u202e``, ``\n``.

    Joiners and variation selectors stay where scripts and emojis need them: after a virama and between Arabic letters
    (RFC 5892), and between the parts of an emoji. Tags are always escaped, so a few regional flags become escapes.
    """
    return _rewritten(text, _as_escape)


def shown_lines(text: str) -> str:
    """Return a text of several lines with harmful characters escaped; line breaks and tabs stay.

    A carriage return without a line feed is escaped.
    """
    parts = re.split(r"(\r?\n|\t)", text)
    return "".join(part if place % 2 else shown_text(part) for place, part in enumerate(parts))


def whole_text(text: str) -> str:
    r"""Return the text with lone surrogates escaped (``\ud83d``), which ansible-core does not accept from a module."""
    return str(text) if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def rewritten(value: Any, change: Callable[[str], str]) -> Any:
    """Return a copy of ``value`` with all its texts changed, keys too, at any depth; tuples and sets become lists."""
    waiting: list[tuple[Any, Any]] = []

    def copied(part: Any) -> Any:
        """Return the copy of a part; the copy of a container is empty and filled later."""
        if isinstance(part, str):
            # A plain str, because two spellings of an ``Email`` are equal and ``change`` may have a cache.
            return change(str(part))
        # Checked first: the check for a Mapping is far slower.
        if part is None or isinstance(part, (bool, int, float)):
            return part
        if not isinstance(part, (Mapping, list, tuple, set, frozenset)):
            return part
        empty: Any = {} if isinstance(part, Mapping) else []
        waiting.append((part, empty))
        return empty

    result = copied(value)
    while waiting:
        source, copy = waiting.pop()
        if isinstance(source, Mapping):
            copy.update((copied(key), copied(inner)) for key, inner in source.items())
        else:
            copy.extend(map(copied, source))
    return result


def is_harmless(text: str) -> bool:
    """Return whether ``shown_text`` would escape nothing."""
    return shown_text(text) == text


def harmful_character(text: str) -> str | None:
    """Return the first character that ``shown_text`` would escape, ``None`` when there is none."""
    if is_harmless(text):
        return None
    return next(character for place, character in enumerate(text) if _is_harmful(text, place))


def json_text(value: Any) -> str:
    """Return the value as one line of JSON; harmful characters are JSON escapes, so parsing it gives the same value."""
    return _rewritten(json.dumps(value, ensure_ascii=False, default=str), _as_json_escape)


def public_address(address: str) -> str:
    """Return a URL without user, password, query and fragment.

    If the parts of the URL cannot be told apart, nothing of it is returned.
    """
    start = re.split("[?#]", address.strip())[0]
    match = _AUTHORITY.match(start)
    if match is None:
        # A path, with or without a leading slash, but not https:user:password@host.
        return "an address that cannot be read" if "@" in address and ":" in start.partition("/")[0] else start
    host = match[2].rpartition("@")[2]
    if not _HOST.fullmatch(host):
        return "an address that cannot be read"
    return f"{match[1]}{host}{start[match.end() :]}"


def shown_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a module, or a row of it, with harmful characters in texts for people escaped."""
    # ansible-core's own message about a module that crashed has several lines.
    with_lines = _WITH_LINES | ({"msg"} if "module_stdout" in result else set())
    return {key: _shown_part(key, value, with_lines) for key, value in result.items()}


def _shown_part(key: str, value: Any, with_lines: Collection[str]) -> Any:
    if key in with_lines:
        return shown_lines(value) if isinstance(value, str) else value
    if key in _TEXTS:
        return _shown_deep(value)
    if key in _ROWS and isinstance(value, Mapping):
        return shown_result(value)
    if key in _ROWS and isinstance(value, (list, tuple)):
        return [shown_result(row) if isinstance(row, Mapping) else row for row in value]
    return value


def _shown_deep(value: Any) -> Any:
    if isinstance(value, str):
        return shown_text(value)
    if isinstance(value, Mapping):
        return {_shown_deep(key): _shown_deep(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown_deep(inner) for inner in value]
    return value


# --- what is harmful --------------------------------------------------------------------------------------------------


def _rewritten(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None):
        return text
    return "".join(escape(character) if _is_harmful(text, place) else character for place, character in enumerate(text))


def _is_harmful(text: str, place: int) -> bool:
    character = text[place]
    if character in _JOINERS:
        return not _is_joining(text, place)
    if _SELECTOR.match(character):
        return not _is_selecting(text, place)
    return (
        character in _BLANKS
        or unicodedata.category(character) in _CATEGORIES
        or _NEVER_SEEN.match(character) is not None
    )


def _is_joining(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if not before or before in _JOINERS or _is_harmful(text, place - 1):
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if after and unicodedata.bidirectional(after) == "AL":
        return unicodedata.bidirectional(before) in ("AL", "NSM")
    is_part = _is_symbol(before) or _SELECTOR.match(before) is not None
    return text[place] == _JOINER and is_part and _is_symbol(after)


def _is_symbol(character: str) -> bool:
    """Return whether the character can be an emoji; emojis newer than Python's table are unassigned (``Cn``)."""
    if character.isascii() or _NEVER_SEEN.match(character):
        return False
    category = unicodedata.category(character)
    return category[0] == "S" or category == "Cn"


def _is_selecting(text: str, place: int) -> bool:
    before = text[place - 1 : place]
    if before.isascii():
        return before in tuple("0123456789#*")
    # At most one selector per character: a chain of selectors can hide a message.
    is_base = before not in _JOINERS and not _SELECTOR.match(before) and not before.isspace()
    return is_base and not _is_harmful(text, place - 1)


def _as_escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return _NAMED.get(character) or f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _as_json_escape(character: str) -> str:
    # Beyond U+FFFF, JSON needs a surrogate pair.
    digits = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{digits[place : place + 4]}" for place in range(0, len(digits), 4))
