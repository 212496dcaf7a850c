# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of a launch, and its validation. Private to the collection.

Source: API reference, "Launch body". Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold, meant, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups

from .assignees import BUCKETS, Assignees, member_ids_in
from .desired import LONGEST_NAME, DesiredProcess, is_same_name
from .fields import FormField, UnfitError, choices, find_field, is_empty
from .record import TIES, shown_names, tie_id, values_of
from .template import Template
from .values import Kickoff, encode, is_stored, moment, shown_value

#: Kinds of fields that can hold a reference.
REFERENCE_KINDS = ("text", "textarea", "email")
_OVERRIDES = (*BUCKETS, "deadline")
_TAKEN = f"; takes {', '.join(_OVERRIDES)}"


@dataclass(frozen=True)
class Known:
    """What a process may name: members by e-mail address, groups, tags and folders by folded name.

    For each tag and folder it holds the names by ID.
    """

    directory: Directory = field(default_factory=Directory)
    groups: Groups = field(default_factory=Groups)
    tags: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    folders: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)

    def validate_assignees(self, assignees: Assignees, where: str) -> list[str]:
        """Return an error for each person and group that cannot be assigned."""
        problems = self.directory.problems(Names(add=assignees.members), where)
        for name in assignees.groups:
            if fold(name) in self.groups.ambiguous:
                problems.append(f"{where}: several groups are called {name} when case does not matter; rename one")
            elif fold(name) not in self.groups:
                existing = choices(sorted(str(group["name"]) for group in self.groups.values()))
                problems.append(f"{where}: there is no group {name!r}; groups: {existing}")
        return problems

    def tie(self, kind: str, name: str) -> tuple[Any, str]:
        """Return the ID of a tag or a folder, which must exist, and its name as Tallyfy spells it."""
        found: Mapping[str, Mapping[Any, str]] = getattr(self, kind)
        return next(iter(found[fold(name)].items()))

    def member_id(self, email: str) -> int:
        """Return the ID of a member, who must exist."""
        member = self.directory.find(email)
        if member is None:
            raise InputError([f"{email} is not a member of the organization"])
        return int(member["id"])

    def shown(self, field: FormField, stored: Any) -> Any:
        """Return a stored value in the form in which people give it; unknown people are shown by ID."""
        if field.kind != "assignees_form" or not isinstance(stored, Mapping):
            return shown_value(field, stored)
        names = {str(group.get("id")): str(group["name"]) for group in self.groups.values()}
        lists = {
            "members": [self.directory.email_of(member_id) or str(member_id) for member_id in member_ids_in(stored)],
            "guests": list(stored.get("guests") or ()),
            "groups": [names.get(str(group), str(group)) for group in stored.get("groups") or ()],
        }
        return {name: shown for name, shown in lists.items() if shown}

    def group_ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the IDs of the groups that exist; a group that does not exist need not be removed."""
        return tuple(str(self.groups[fold(name)]["id"]) for name in names if fold(name) in self.groups)

    def resolved(self, value: Any) -> Any:
        """Return a value with IDs in place of addresses and names."""
        if not isinstance(value, Assignees):
            return value
        return {
            "users": [self.member_id(email) for email in value.members],
            "guests": list(value.guests),
            "groups": [self.groups[fold(name)]["id"] for name in value.groups],
        }


@dataclass(frozen=True)
class Launch:
    """A launch: its name, the values of the kick-off form, and overrides of steps by ID."""

    template: Template
    name: str
    kickoff: Kickoff
    overrides: Mapping[str, Override] = field(default_factory=dict)

    @property
    def assignees(self) -> list[Assignees]:
        """All assignees in the values and the overrides."""
        return [*self.kickoff.assignees, *(override.named for override in self.overrides.values())]

    def body(self, desired: DesiredProcess, known: Known) -> Record:
        """Return the body of the request. Source: API reference, "Launch body"."""
        body: Record = {"checklist_id": self.template.id, "name": self.name, "prerun": self.sent(known)}
        if desired.owner:
            body["owner_id"] = known.member_id(desired.owner)
        tasks = {step_id: override.body(known) for step_id, override in self.overrides.items()}
        if tasks:
            body["tasks"] = tasks
        for kind in TIES:
            names = desired.ties(kind).desired
            body.update({kind: list(dict.fromkeys(known.tie(kind, name)[0] for name in names))} if names else {})
        return body

    def sent(self, known: Known) -> Record:
        """Return the values of the kick-off form for the request."""
        return {field_id: known.resolved(value) for field_id, value in self.kickoff.encoded.items()}

    def is_like(self, run: Mapping[str, Any], known: Known) -> bool:
        """Return whether this launch may have created the process: it has the values of the launch, and no others.

        So no field of it holds the reference of another process.
        """
        sent = self.sent(known)
        others = [value for field_id, value in values_of(run).items() if field_id not in sent and not is_empty(value)]
        return not others and not self.not_stored(run, sent)

    def not_stored(self, run: Mapping[str, Any], sent: Mapping[str, Any]) -> list[FormField]:
        """Return the fields whose values in the process differ from the sent values."""
        stored = values_of(run)
        return [
            field
            for field in self.template.fields
            if field.id in sent and not is_stored(field, sent[field.id], stored.get(field.id))
        ]


@dataclass(frozen=True)
class Override:
    """What differs in a task of a process from its step; ``None`` was not given and stays."""

    step: Mapping[str, Any]
    members: Names | None = None
    guests: Names | None = None
    groups: Names | None = None
    deadline: str | None = None

    @classmethod
    def from_value(cls, step: Mapping[str, Any], value: Any) -> Override:
        """Return the override of an entry of ``assignments``; raises ``UnfitError`` for an invalid entry."""
        given = value if isinstance(value, Mapping) else {"members": value}
        problems = [
            f"unknown field {name}{meant(name, _OVERRIDES) or _TAKEN}" for name in given if name not in _OVERRIDES
        ]
        lists = {}
        for name in BUCKETS:
            lists[name], found = names_in(given.get(name), name, tidied if name == "groups" else Email)
            problems += found
        until = given.get("deadline")
        read = None if is_empty(until) else moment(until)
        if read is None and not is_empty(until):
            problems.append(f"deadline {until!r} is not a date such as 2026-03-02 17:00:00")
        if problems:
            raise UnfitError("; ".join(problems))
        return cls(step, deadline=read.strftime("%Y-%m-%d %H:%M:%S") if read is not None else None, **lists)

    @property
    def title(self) -> str:
        return str(self.step.get("title") or "")

    @property
    def named(self) -> Assignees:
        """The assignees who must exist."""
        return Assignees(*(tuple(map(str, names.desired)) if names else () for names in self._lists.values()))

    @property
    def unwanted(self) -> list[str]:
        """The members to be removed from the step, who need not exist."""
        return list(self.members.remove) if self.members is not None else []

    @property
    def _lists(self) -> dict[str, Names | None]:
        return {"members": self.members, "guests": self.guests, "groups": self.groups}

    def owners(self, known: Known) -> Record | None:
        """Return the IDs of the assignees of the task, ``None`` when the step decides.

        The service empties each list that a request omits, so all three are sent.
        """
        if not any(self._lists.values()):
            return None
        groups = None
        if self.groups is not None:
            whole = None if self.groups.set is None else known.group_ids(self.groups.set)
            groups = Names(known.group_ids(self.groups.add), known.group_ids(self.groups.remove), whole)
        members = _changed(map(str, self.step.get("assignees") or ()), known.directory.ids(self.members))
        return {
            "users": [int(member_id) for member_id in members],
            "guests": _changed(map(Email, self.step.get("guests") or ()), self.guests, Email),
            "groups": _changed(map(str, self.step.get("groups") or ()), groups),
        }

    def body(self, known: Known) -> Record:
        """Return the entry of ``tasks``."""
        owners = self.owners(known)
        body: Record = {"owners": owners} if owners is not None else {}
        return {**body, **({"deadline": self.deadline} if self.deadline else {})}

    def shown(self) -> Record:
        """Return the override as results show it."""
        lists = {name: names.shown() for name, names in self._lists.items() if names is not None}
        return {**lists, **({"deadline": self.deadline} if self.deadline else {})}


def _changed(current: Iterable[str], names: Names | None, of: Callable[[str], str] = str) -> list[str]:
    """Return the list with the changes, in its order."""
    held = {of(name): str(name) for name in current}
    add, remove = names.changes(held, of) if names is not None else ([], [])
    for name in remove:
        held.pop(of(name), None)
    return [*held.values(), *map(str, add)]


def prepare_launch(desired: DesiredProcess, template: Template) -> tuple[Launch, list[str]]:
    """Return a launch from the template, and all errors in it; pure."""
    problems = []
    if template.is_draft:
        problems.append(f"template {template.title!r} is a draft; publish it in Tallyfy first")
    if template.names_its_processes and not desired.reference_field:
        problems.append(
            f"template {template.title!r} names its processes automatically, so a process cannot be found by its name: "
            f"give reference_field, the label of a text field of its kick-off form"
        )
    given = dict(desired.kickoff)
    if desired.reference_field:
        problems += _add_reference(desired, template, given)
    kickoff = encode(template.fields, given)
    problems += [f"kickoff: {problem}" for problem in kickoff.problems]
    overrides: dict[str, Override] = {}
    for title, value in desired.assignments.items():
        try:
            step = template.step(title)
            override = Override.from_value(step, value)
        except UnfitError as error:
            problems.append(f"assignments: {title}: {error}")
            continue
        if str(step["id"]) in overrides:
            problems.append(f"assignments: step {title!r} is named twice")
        overrides[str(step["id"])] = override
    name = desired.full_name(template.title)
    if len(name) > LONGEST_NAME:
        problems.append(f"name has {len(name)} characters including its reference; at most {LONGEST_NAME} are allowed")
    return Launch(template, name, kickoff, overrides), problems


def reference_field_of(desired: DesiredProcess, template: Template) -> str | None:
    """Return the ID of the reference field; ``None`` when none is given or the form does not have it."""
    if not desired.reference_field:
        return None
    try:
        return find_field(template.fields, desired.reference_field).id
    except UnfitError:
        return None


def _add_reference(desired: DesiredProcess, template: Template, given: dict[str, Any]) -> list[str]:
    try:
        field = find_field(template.fields, str(desired.reference_field))
    except UnfitError as error:
        return [f"reference_field: {error}"]
    if field.kind not in REFERENCE_KINDS:
        return [f"reference_field: {field.label} is a {field.kind} field; give a text field"]
    key = field.alias or field.id
    for name, value in given.items():
        if fold(str(name)) in (fold(field.label), field.alias, field.id):
            if not is_empty(value) and not is_same_name(value, desired.reference):
                return [f"kickoff: {field.label} is the reference_field, but its value differs from the reference"]
            key = name
    given[key] = desired.reference
    return []


def validate_names(
    desired: DesiredProcess,
    launch: Launch | None,
    known: Known,
    kickoff: Kickoff | None = None,
    fields: Iterable[FormField] = (),
    *,
    current: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return an error for everything that the process names and the organization does not have; pure.

    ``kickoff`` holds values of ``fields`` to be corrected; ``current`` is the existing process.
    """
    problems = _validate_untying(desired, current)
    problems += known.directory.problems(Names(add=(desired.owner,)), "owner") if desired.owner else []
    if kickoff is not None:
        problems += _problems_in_values(kickoff, fields, known)
    if launch is not None:
        problems += _problems_in_values(launch.kickoff, launch.template.fields, known)
        for override in launch.overrides.values():
            where = f"assignments: {override.title}"
            found = known.validate_assignees(override.named, where)
            owners = None if found else override.owners(known)
            is_left = owners is None or any(owners.values())
            problems += found if is_left else [f"{where}: nobody would be assigned; add an assignee"]
    for kind, existing in (("tag", known.tags), ("folder", known.folders)):
        for name in desired.ties(f"{kind}s").desired:
            ids = existing.get(fold(name), ())
            if len(ids) > 1:
                problems.append(f"{kind}s: {len(ids)} {kind}s are named {name!r}; rename all but one")
            if not ids:
                problems.append(f"{kind}s: there is no {kind} {name!r}; {kind}s: {choices(sorted(existing))}")
    return problems


def _problems_in_values(kickoff: Kickoff, fields: Iterable[FormField], known: Known) -> list[str]:
    labels = {field.id: field.label for field in fields}
    named = [(labels[field_id], value) for field_id, value in kickoff.encoded.items() if isinstance(value, Assignees)]
    return [problem for label, value in named for problem in known.validate_assignees(value, f"kickoff: {label}")]


def _validate_untying(desired: DesiredProcess, current: Mapping[str, Any] | None) -> list[str]:
    """Return an error for each tag and folder that cannot be removed.

    A tag is removed by the ID of its association, which some answers include. For a folder, the service returns that
    ID only to the caller who added the process. Source: API reference, "Tags" and "Folders".
    """
    problems = []
    for kind in TIES:
        held = None if current is None else shown_names(current, kind)
        for name in desired.ties(kind).changes(set(map(fold, held or ())))[1]:
            if kind == "folders":
                problems.append(f"folders: the API cannot remove a process from {name!r}; remove it in Tallyfy")
            elif tie_id(current or {}, name) is None:
                problems.append(
                    f"tags: Tallyfy does not return the ID that is needed to remove {name!r}; remove it in Tallyfy"
                )
    return problems
