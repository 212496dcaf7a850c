# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be desired of a process, and by what it is found again. Private to the collection.

A process has no natural key: the service launches as many of one name as it is asked to. So each carries a reference,
by which the second run finds what the first one launched. Source: API reference, "Processes" and "Recipes". Every
function here is pure.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION, Names, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, fold, tidied

from .record import TIES, values_of
from .template import is_id

LONGEST_NAME = 550
#: The argument spec of one process: options of ``tallyfy_process``, and the fields of a person's ``process``.
PROCESS_OPTIONS: dict[str, dict[str, Any]] = {
    "template": {"type": "str"},
    "name": {"type": "str"},
    "reference": {"type": "str"},
    "reference_field": {"type": "str"},
    "kickoff": {"type": "dict"},
    "assignments": {"type": "dict"},
    "owner": {"type": "str"},
    "tags": LIST_OPTION,
    "folders": LIST_OPTION,
}
#: What ``tallyfy_process`` takes beside these.
SINGLE_OPTIONS: dict[str, dict[str, Any]] = {
    "process_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "archived"], "default": "present"},
    "kickoff_update": {"type": "bool", "default": False},
    "duplicates": {"type": "str", "choices": ["report", "archive"], "default": "report"},
}


@dataclass(frozen=True)
class DesiredProcess:
    """What is desired of one process. ``None`` and what is empty was not mentioned and stays as it is."""

    template: str = ""
    process_id: str | None = None
    name: str | None = None
    reference: str | None = None
    reference_field: str | None = None
    kickoff: Mapping[str, Any] = field(default_factory=dict)
    assignments: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None
    tags: Names | None = None
    folders: Names | None = None
    state: str = "present"
    kickoff_update: bool = False
    duplicates: str = "report"
    #: What is wrong with the lists by themselves.
    flaws: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredProcess:
        """Return what module parameters or a person's ``process`` ask for; blank counts as not mentioned."""

        def text(name: str) -> str | None:
            return tidied(params.get(name)) or None

        def line(name: str) -> str | None:
            # The search of the service is particular about spaces, and nobody else is.
            return " ".join(tidied(params.get(name)).split()) or None

        lists = {kind: names_in(params.get(kind), kind) for kind in TIES}
        return cls(
            template=text("template") or "",
            process_id=text("process_id"),
            name=line("name"),
            reference=line("reference"),
            reference_field=text("reference_field"),
            kickoff=dict(params.get("kickoff") or {}),
            assignments=dict(params.get("assignments") or {}),
            owner=text("owner"),
            tags=_without_duplicates(lists["tags"][0]),
            folders=_without_duplicates(lists["folders"][0]),
            flaws=tuple(problem for _names, problems in lists.values() for problem in problems),
            state=params.get("state") or "present",
            kickoff_update=bool(params.get("kickoff_update")),
            duplicates=params.get("duplicates") or "report",
        )

    def ties(self, kind: str) -> Names:
        """Return what is wanted of the tags or the folders."""
        desired: Names | None = getattr(self, kind)
        return desired or Names()

    @property
    def key(self) -> str:
        """What the process is found by."""
        return self.reference or self.name or ""

    @property
    def subject(self) -> str:
        """How the process is called in a message."""
        return self.name or self.key or self.process_id or ""

    def full_name(self, template_title: str) -> str:
        """Return the name to launch with; a reference that is not the whole name stands in brackets at its end."""
        name = self.name or template_title
        if self.reference is None or fold(name) == fold(self.reference) or self._is_marked(name):
            return name
        return f"{name} ({self.reference})"

    def _is_marked(self, name: str) -> bool:
        return plain(name).endswith(plain(f"({self.reference})"))

    def is_carried_by(self, run: Mapping[str, Any], field_id: str | None = None) -> bool:
        """Return whether this process is that one: by the reference in its name or in the field with ``field_id``.

        Without a reference the whole name must be the same. Case does not matter: an address that is spelled
        differently tomorrow must not launch a second process.
        """
        return not self.marks(field_id).isdisjoint(marks_of(run, field_id))

    def marks(self, field_id: str | None = None) -> set[tuple[str, str]]:
        """Return the marks of which a process must have one to be this one."""
        if self.reference is None:
            return {("name", plain(self.name))}
        reference = plain(self.reference)
        return {("name", reference), ("end", reference), *([("field", reference)] if field_id else [])}


def marks_of(run: Mapping[str, Any], field_id: str | None = None) -> set[tuple[str, str]]:
    """Return by what a process can be found: its name, what stands in brackets at its end, and the field's value."""
    name = plain(run.get("name"))
    marks = {("name", name)}
    if name.endswith(")"):
        # There may be brackets in a reference, too.
        marks |= {("end", name[start + 1 : -1]) for start, letter in enumerate(name) if letter == "("}
    if field_id is not None:
        marks.add(("field", plain(values_of(run).get(field_id))))
    return marks


def reference_in(name: str) -> str | None:
    """Return the reference that a name carries, ``None`` for none: what stands in the brackets at its end.

    There may be brackets in a reference, too, and mostly they are closed.
    """
    name, depth = name.strip(), 0
    if not name.endswith(")"):
        return None
    start = name.rfind("(")
    for place in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[place], 0)
        if depth == 0:
            start = place
            break
    return name[start + 1 : -1].strip() or None if start >= 0 else None


def not_an_id(process_id: str) -> str:
    """Return what is wrong with a text that cannot be the ID of a process."""
    return f"process_id {process_id!r} is not an ID, which has 32 characters of 0-9 and a-f"


def validate_process(desired: DesiredProcess) -> list[str]:
    """Return everything that is wrong with the desired process by itself; nothing is asked of the service."""
    problems = []
    by_id = desired.process_id is not None
    if desired.process_id is not None and not is_id(desired.process_id):
        problems.append(not_an_id(desired.process_id))
    if by_id and desired.duplicates == "archive":
        problems.append("duplicates=archive cannot be given with process_id, which names one process")
    if not desired.template and not by_id:
        problems.append("template is missing: give its id or its exact title")
    if not desired.key and not by_id:
        problems.append("name and reference are missing: one of them is needed to find the process again")
    if desired.reference_field and not desired.reference:
        problems.append("reference_field needs a reference")
    name = desired.full_name(desired.template)
    if len(name) > LONGEST_NAME:
        problems.append(f"name has {len(name)} characters with its reference, at most {LONGEST_NAME} are allowed")
    for option in ("name", "reference"):
        flaw = flaw_in(getattr(desired, option) or "")
        problems += [f"{option} {flaw}"] if flaw else []
    problems += desired.flaws
    for kind in TIES:
        flaws = {name: flaw_in(name) for name in desired.ties(kind).desired}
        problems += [f"{kind}: {name!r} {flaw}" for name, flaw in flaws.items() if flaw is not None]
    if desired.owner and not Email(desired.owner).is_valid:
        problems.append(f"owner {desired.owner!r} is not an e-mail address")
    return problems


def validate_archived(desired: DesiredProcess) -> list[str]:
    """Return what cannot be desired of a process that is to be archived, which Tallyfy does not change any more."""
    if desired.state != "archived":
        return []
    called = "name" if desired.name else "reference"
    by_id = (called,) if desired.process_id is not None else ()
    unfit = (*by_id, "kickoff", "assignments", "owner", "tags", "folders", "kickoff_update")
    return [f"{one} cannot be changed with state=archived" for one in unfit if getattr(desired, one)]


def is_same_name(one: Any, other: Any) -> bool:
    """Return whether two names of processes count as the same."""
    return plain(one) == plain(other)


def plain(value: Any) -> str:
    """Return a text as names and references are compared: without regard to case, spaces and how it is spelled.

    Letters with accents have two spellings, and a service may show a text with the escapes of HTML.
    """
    text = str("" if value is None else value).casefold()
    # What is escaped may have been a text that looks escaped.
    while text != html.unescape(text):
        text = html.unescape(text)
    return fold(" ".join(text.split()))


def _without_duplicates(names: Names | None) -> Names | None:
    def once(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple({fold(name): name for name in reversed(given)}.values())[::-1]

    if names is None:
        return None
    return Names(once(names.add), once(names.remove), None if names.set is None else once(names.set))
