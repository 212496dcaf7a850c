# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of which a part or the whole is wanted. Private to the collection."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .text import fold, tidied

__all__ = ["LIST_OPTION", "Names", "fold", "meant"]
_TEXTS = {"type": "list", "elements": "str"}
#: The argument spec of a list of which a part or the whole can be wanted.
LIST_OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {"add": _TEXTS, "remove": _TEXTS, "set": _TEXTS},
    "mutually_exclusive": [("set", "add"), ("set", "remove")],
}


@dataclass(frozen=True)
class Names:
    """What is wanted of a list: names to be added and removed, or the whole list.

    Methods take the ``option`` that people know the list as, and the ``key`` by which its names are compared.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None

    @classmethod
    def from_option(cls, option: Mapping[str, Any] | None, of: Callable[[object], str] = tidied) -> Names | None:
        """Return what the sub-options ``add``, ``remove`` and ``set`` ask for; ``None`` when nothing is mentioned.

        ``of`` makes the names what they are, such as an ``Email``.
        """
        if not option or all(option.get(name) is None for name in ("add", "remove", "set")):
            return None
        whole = option.get("set")
        return cls(
            add=tuple(map(of, option.get("add") or ())),
            remove=tuple(map(of, option.get("remove") or ())),
            set=None if whole is None else tuple(map(of, whole)),
        )

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names that the list is to hold."""
        return self.add if self.set is None else self.set

    def problems(self, option: str = "groups", key: Callable[[str], str] = fold) -> list[str]:
        """Return what is wrong with the option by itself."""
        problems = []
        if self.set is not None and (self.add or self.remove):
            problems.append(f"{option}.set is the whole list and cannot stand beside {option}.add or {option}.remove")
        both = {key(name) for name in self.add} & {key(name) for name in self.remove}
        if both:
            problems.append(f"{option}.add and {option}.remove both name {', '.join(sorted(both))}")
        every = dict.fromkeys((*self.add, *self.remove, *(self.set or ())))
        if not all(map(tidied, every)):
            problems.append(f"{option} holds a blank name")
        return problems

    def changes(self, current: Collection[str], key: Callable[[str], str] = fold) -> tuple[list[str], list[str]]:
        """Return the names to add and to remove, given the names of ``current`` as they are compared."""
        unwanted: Iterable[str] = self.remove
        if self.set is not None:
            kept = {key(name) for name in self.set}
            unwanted = [name for name in current if name not in kept]
        add = {key(name): name for name in self.wanted if key(name) not in current}
        remove = {key(name): name for name in unwanted if key(name) in current}
        added, removed = sorted(add, key=str.casefold), sorted(remove, key=str.casefold)
        return [add[name] for name in added], [remove[name] for name in removed]


def meant(name: object, known: Sequence[str]) -> str:
    """Return the question whether a name that nobody knows is one much like it, empty when there is none."""
    close = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""
