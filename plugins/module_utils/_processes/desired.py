# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a process, and the reference that identifies it. Private to the collection.

A process has no natural key: the service launches any number of processes with the same name. So each process has a
reference, by which the second run finds what the first run launched. Every function here is pure.

Source: API reference, "Processes" and "Recipes".
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
#: Further options of ``tallyfy_process``.
SINGLE_OPTIONS: dict[str, dict[str, Any]] = {
    "process_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "archived"], "default": "present"},
    "kickoff_update": {"type": "bool", "default": False},
    "duplicates": {"type": "str", "choices": ["report", "archive"], "default": "report"},
}


@dataclass(frozen=True)
class DesiredProcess:
    """The desired state of one process. ``None`` and empty values were not given and change nothing."""

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
    #: Errors in the lists.
    flaws: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredProcess:
        """Return the process that module parameters or a person's ``process`` describe; blank counts as not given."""

        def text(name: str) -> str | None:
            return tidied(params.get(name)) or None

        def line(name: str) -> str | None:
            # The search of the service distinguishes numbers of spaces; people do not.
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
        """Return the desired tags or folders."""
        desired: Names | None = getattr(self, kind)
        return desired or Names()

    @property
    def key(self) -> str:
        """The text by which the process is found."""
        return self.reference or self.name or ""

    @property
    def identity(self) -> str:
        """The text by which the process is found, for messages."""
        return f"{'reference' if self.reference else 'name'} {self.key!r}"

    @property
    def subject(self) -> str:
        """The name of the process in messages."""
        return self.name or self.key or self.process_id or ""

    def full_name(self, template_title: str) -> str:
        """Return the name for the launch, with the reference in brackets at the end unless it is the whole name."""
        name = self.name or template_title
        if self.reference is None or fold(name) == fold(self.reference) or self._is_marked(name):
            return name
        return f"{name} ({self.reference})"

    def _is_marked(self, name: str) -> bool:
        return plain(name).endswith(plain(f"({self.reference})"))

    def is_carried_by(self, run: Mapping[str, Any], field_id: str | None = None) -> bool:
        """Return whether ``run`` is this process, by the reference in its name or in the field with ``field_id``.

        Without a reference the whole name must match. Case is ignored: an e-mail address in other case must not
        launch a second process.
        """
        return not self.marks(field_id).isdisjoint(marks_of(run, field_id))

    def marks(self, field_id: str | None = None) -> set[tuple[str, str]]:
        """Return the marks that identify this process; a record needs one of them."""
        if self.reference is None:
            return {("name", plain(self.name))}
        reference = plain(self.reference)
        return {("name", reference), ("end", reference), *([("field", reference)] if field_id else [])}


def marks_of(run: Mapping[str, Any], field_id: str | None = None) -> set[tuple[str, str]]:
    """Return the marks of a process: its name, the text in brackets at the end, and the value of the field."""
    name = plain(run.get("name"))
    marks = {("name", name)}
    if name.endswith(")"):
        # A reference may contain brackets.
        marks |= {("end", name[start + 1 : -1]) for start, letter in enumerate(name) if letter == "("}
    if field_id is not None:
        marks.add(("field", plain(values_of(run).get(field_id))))
    return marks


def reference_in(name: str) -> str | None:
    """Return the reference in a name: the text in brackets at the end, ``None`` without brackets.

    A reference may contain brackets, which are usually balanced.
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
    """Return the error message for a text that is not the ID of a process."""
    return f"process_id {process_id!r} is not an ID: an ID has 32 characters, 0-9 and a-f"


def validate_process(desired: DesiredProcess) -> list[str]:
    """Return all errors in the desired process that can be found without a request."""
    problems = []
    by_id = desired.process_id is not None
    if desired.process_id is not None and not is_id(desired.process_id):
        problems.append(not_an_id(desired.process_id))
    if by_id and desired.duplicates == "archive":
        problems.append("duplicates=archive cannot be given with process_id, which names one process")
    if not desired.template and not by_id:
        problems.append("template is missing: give its ID or its exact title")
    if not desired.key and not by_id:
        problems.append("name and reference are missing: give one of them, so that the next run finds the process")
    if desired.reference_field and not desired.reference:
        problems.append("reference_field needs a reference")
    name = desired.full_name(desired.template)
    if len(name) > LONGEST_NAME:
        problems.append(f"name has {len(name)} characters including its reference; at most {LONGEST_NAME} are allowed")
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
    """Return an error for each option that cannot be given with ``state=archived``."""
    if desired.state != "archived":
        return []
    name_option = "name" if desired.name else "reference"
    by_id = (name_option,) if desired.process_id is not None else ()
    unfit = (*by_id, "kickoff", "assignments", "owner", "tags", "folders", "kickoff_update")
    return [f"{option} cannot be changed with state=archived" for option in unfit if getattr(desired, option)]


def is_same_name(left: Any, right: Any) -> bool:
    """Return whether two names of processes count as the same."""
    return plain(left) == plain(right)


def plain(value: Any) -> str:
    """Return a text in the form in which names and references are compared: case and spaces are ignored.

    Letters with accents have two Unicode forms, and the service may return a text with HTML escapes.
    """
    text = str("" if value is None else value).casefold()
    # The text may be escaped more than once.
    while text != html.unescape(text):
        text = html.unescape(text)
    return fold(" ".join(text.split()))


def _without_duplicates(names: Names | None) -> Names | None:
    def once(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple({fold(name): name for name in reversed(given)}.values())[::-1]

    if names is None:
        return None
    return Names(once(names.add), once(names.remove), None if names.set is None else once(names.set))
