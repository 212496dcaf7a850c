# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List options that add, remove or set names: how they are written, and what they mean. Private to the collection."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .text import Email, fold, is_blank, not_a_text, tidied

__all__ = ["LIST_OPTION", "NO_NAME", "PARTS", "SEPARATORS", "Names", "fold", "meant", "names_in", "split_names"]
#: The argument spec of a list option; ``names_in`` reads its value.
LIST_OPTION: dict[str, Any] = {"type": "raw"}
#: The keys of a list option. A plain list means ``add``.
PARTS = ("add", "remove", "set")
#: The separators of names in a text, such as a cell of a CSV file.
SEPARATORS = ";\r\n"
NO_NAME = "{} names nothing: {!r}; leave it blank, a text cannot say that nothing is wanted"
_BETWEEN = re.compile(f"[{SEPARATORS}]")


@dataclass(frozen=True)
class Names:
    """The desired content of a list: names to add and to remove, or the whole list."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None

    @property
    def desired(self) -> tuple[str, ...]:
        """The names that the list must contain."""
        return self.add if self.set is None else self.set

    def shown(self) -> Any:
        """Return the option in its shortest form: a plain list if it only adds names."""
        parts = {name: None if getattr(self, name) is None else list(map(str, getattr(self, name))) for name in PARTS}
        given = {name: value for name, value in parts.items() if value or (name == "set" and value is not None)}
        return given["add"] if list(given) == ["add"] else given

    def changes(self, current: Collection[str], key: Callable[[str], str] = fold) -> tuple[list[str], list[str]]:
        """Return the names to add and to remove; ``current`` holds the existing names as ``key`` returns them."""
        unwanted: Iterable[str] = self.remove
        if self.set is not None:
            kept = {key(name) for name in self.set}
            unwanted = [name for name in current if name not in kept]
        add = {key(name): name for name in self.desired if key(name) not in current}
        remove = {key(name): name for name in unwanted if key(name) in current}
        added, removed = sorted(add, key=str.casefold), sorted(remove, key=str.casefold)
        return [add[name] for name in added], [remove[name] for name in removed]


def names_in(given: object, option: str, of: Callable[[object], str] = tidied) -> tuple[Names | None, list[str]]:
    """Return the value of a list option, ``None`` if it is empty, and all errors in it.

    A list or a text holds names to add. A mapping has such a list or text for each of ``PARTS``. A blank counts as
    omitted; an empty ``set`` does not. ``option`` is the name of the option in messages. ``of`` converts each name; an
    ``Email`` must be valid. Names with errors are left out.
    """
    if given is None:
        return None, []
    parts = given if isinstance(given, Mapping) else {"add": given}
    read: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for part, value in parts.items():
        if part not in PARTS:
            known = meant(part, PARTS) or f"; these are known: {', '.join(PARTS)}"
            problems.append(f"unknown field {option}.{part}{known}")
            continue
        texts, found = _texts_in(value, option if parts is not given else f"{option}.{part}")
        problems += found
        if texts is not None:
            read[part] = tuple(map(of, texts))
    names = Names(**read)
    problems += _contradictions(names, option)
    every = dict.fromkeys((*names.add, *names.remove, *(names.set or ())))
    problems += [
        f"{option}: {name!r} is not an e-mail address"
        for name in every
        if isinstance(name, Email) and not name.is_valid
    ]
    return (None if names == Names() else names), problems


def split_names(text: str) -> list[str]:
    """Return the names in a text."""
    return [name for name in map(tidied, _BETWEEN.split(text)) if name]


def meant(name: object, known: Sequence[str]) -> str:
    """Return the question whether a similar known name was meant, an empty text if there is none."""
    close = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _texts_in(value: object, option: str) -> tuple[list[str] | None, list[str]]:
    """Return the texts of a part, ``None`` if it is omitted, and the errors in other values."""
    if is_blank(value):
        return None, []
    if isinstance(value, str):
        names = split_names(value)
        return names, [] if names else [NO_NAME.format(option, value)]
    if not isinstance(value, (list, tuple)):
        return None, [f"{option} {not_a_text(value)}"]
    flaws = {number: not_a_text(entry) for number, entry in enumerate(value, start=1) if entry is not None}
    problems = [f"{option}: entry {number} {flaw}" for number, flaw in flaws.items() if flaw is not None]
    problems += [f"{option} holds a blank name"] if any(map(is_blank, value)) else []
    return [entry for entry in value if isinstance(entry, str) and not is_blank(entry)], problems


def _contradictions(names: Names, option: str) -> list[str]:
    problems = []
    if names.set is not None and (names.add or names.remove):
        problems.append(f"{option}.set is the whole list and cannot be combined with {option}.add or {option}.remove")
    both = set(map(_compared, names.add)) & set(map(_compared, names.remove))
    if both:
        problems.append(f"{option}.add and {option}.remove both name {', '.join(sorted(both))}")
    return problems


def _compared(name: str) -> str:
    return name.key if isinstance(name, Email) else fold(name)
