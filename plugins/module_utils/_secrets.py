# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping secrets out of everything that is shown. Private to the collection."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from ansible_collections.tallyfy.platform.plugins.module_utils._texts import rewritten, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "********"
# Shorter values can occur anywhere, such as the "x" of a test; masking them would only garble messages.
SHORTEST_SECRET = 4
#: A JSON Web Token, as Tallyfy issues them. It is a secret in whatever option it is given.
_TOKEN = re.compile(r"eyJ[\w-]{4,}(?:\.[\w-]+)+")
#: A token with the characters that follow it, which belong to it if its issuer uses another base64 alphabet.
_WHOLE_TOKEN = re.compile(rf"{_TOKEN.pattern}[\w.+/=~-]*")
_ESCAPE = re.compile(r"%[0-9A-F]{2}")

if TYPE_CHECKING:
    _register: Callable[[str], object]
else:
    try:
        from ansible.module_utils.secrets import register_secret as _register
    except ImportError:  # ansible-core < 2.22 cannot mask a value found at run time

        def _register(value: str) -> str:
            return value


def forms_of(secret: str) -> set[str]:
    """Return every spelling in which ``secret`` could appear in a message, a log line or a file."""
    # Python reads bytes of the environment that are not UTF-8 as lone surrogates.
    raw = secret.encode("utf-8", "surrogatepass")
    spellings = {
        secret,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        # The repr of a text with both kinds of quotes escapes the single ones.
        repr(secret + "'\"")[1:-4],
        shown_text(secret),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    }
    # Some servers write %2F as %2f.
    spellings |= {_ESCAPE.sub(lambda escape: escape.group().lower(), spelling) for spelling in spellings}
    spellings |= {spelling.rstrip("=") for spelling in spellings if len(spelling.rstrip("=")) >= SHORTEST_SECRET}
    return {spelling for spelling in spellings if len(spelling) >= SHORTEST_SECRET}


class SecretKeeper:
    """Holds the secrets of one run and masks them in texts."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._spellings: list[str] = []
        self._lock = threading.Lock()

    def keep(self, secret: str | None) -> None:
        """Remember ``secret`` and register it with ansible-core, which supports that since 2.22."""
        if not secret:
            return
        with self._lock:
            if secret in self._secrets:
                return
            self._secrets.add(secret)
            spellings = {spelling for kept in self._secrets for spelling in forms_of(kept)}
            # Longest first: a short spelling may be part of a longer one.
            self._spellings = sorted(spellings, key=len, reverse=True)
        if len(secret) >= SHORTEST_SECRET:
            _register(secret)

    def mask(self, text: str) -> str:
        """Return ``text`` with every spelling of every known secret replaced."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text


def tokens_in(value: Any) -> set[str]:
    """Return the tokens in ``value``, at any depth."""
    # Values rarely hold a token, and searching their JSON is far faster than walking through them.
    with contextlib.suppress(RecursionError, TypeError, ValueError):
        if "eyJ" not in json.dumps(value, default=str):
            return set()
    found: set[str] = set()

    def collect(text: str) -> str:
        if "eyJ" in text:
            found.update(_TOKEN.findall(text), _WHOLE_TOKEN.findall(text))
        return text

    rewritten(value, collect)
    return found


def masked(value: Any, secrets: SecretKeeper) -> Any:
    """Return ``value`` with every known secret masked in all its texts, at any depth."""
    return rewritten(value, secrets.mask)
