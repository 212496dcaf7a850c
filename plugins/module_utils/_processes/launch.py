# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a launch sends, and everything that is wrong with it. Private to the collection.

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
    """Who and what a process may name: people by their address, groups, tags and folders by their folded name.

    Of tags and folders it holds what they are called by their IDs.
    """

    directory: Directory = field(default_factory=Directory)
    groups: Groups = field(default_factory=Groups)
    tags: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    folders: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)

    def validate_assignees(self, assignees: Assignees, where: str) -> list[str]:
        """Return everybody and every group that cannot be assigned."""
        problems = self.directory.problems(Names(add=assignees.members), where)
        for name in assignees.groups:
            if fold(name) in self.groups.ambiguous:
                problems.append(f"{where}: several groups are called {name} when case does not matter; rename one")
            elif fold(name) not in self.groups:
                there = choices(sorted(str(group["name"]) for group in self.groups.values()))
                problems.append(f"{where}: there is no group {name!r}; groups: {there}")
        return problems

    def tie(self, kind: str, name: str) -> tuple[Any, str]:
        """Return the ID of a tag or a folder, which must be there by now, and its name as Tallyfy spells it."""
        found: Mapping[str, Mapping[Any, str]] = getattr(self, kind)
        return next(iter(found[fold(name)].items()))

    def member_id(self, email: str) -> int:
        """Return the ID of a member, who must be there by now."""
        member = self.directory.find(email)
        if member is None:
            raise InputError([f"{email} is not a member of the organization"])
        return int(member["id"])

    def shown(self, one: FormField, stored: Any) -> Any:
        """Return a value as it is stored in the form in which it is given; whom nobody knows is shown by ID."""
        if one.kind != "assignees_form" or not isinstance(stored, Mapping):
            return shown_value(one, stored)
        names = {str(group.get("id")): str(group["name"]) for group in self.groups.values()}
        lists = {
            "members": [self.directory.email_of(member_id) or str(member_id) for member_id in member_ids_in(stored)],
            "guests": list(stored.get("guests") or ()),
            "groups": [names.get(str(group), str(group)) for group in stored.get("groups") or ()],
        }
        return {name: shown for name, shown in lists.items() if shown}

    def group_ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the IDs of groups; one that is not there need not be taken away."""
        return tuple(str(self.groups[fold(name)]["id"]) for name in names if fold(name) in self.groups)

    def resolved(self, value: Any) -> Any:
        """Return a value with the IDs of those whom it names by address or name."""
        if not isinstance(value, Assignees):
            return value
        return {
            "users": [self.member_id(email) for email in value.members],
            "guests": list(value.guests),
            "groups": [self.groups[fold(name)]["id"] for name in value.groups],
        }


@dataclass(frozen=True)
class Launch:
    """What a launch sends beside the names: values of the kick-off form, and overrides of steps by their id."""

    template: Template
    name: str
    kickoff: Kickoff
    overrides: Mapping[str, Override] = field(default_factory=dict)

    @property
    def assignees(self) -> list[Assignees]:
        """All whom the values and the overrides name."""
        return [*self.kickoff.assignees, *(one.named for one in self.overrides.values())]

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
        """Return the values of the kick-off form as they are sent."""
        return {field_id: known.resolved(value) for field_id, value in self.kickoff.encoded.items()}

    def is_like(self, run: Mapping[str, Any], known: Known) -> bool:
        """Return whether a process may be what came of this launch: it holds the values that were sent, and no others.

        Nobody else's reference stands in its name then, either.
        """
        sent = self.sent(known)
        others = [value for field_id, value in values_of(run).items() if field_id not in sent and not is_empty(value)]
        return not others and not self.not_stored(run, sent)

    def not_stored(self, run: Mapping[str, Any], sent: Mapping[str, Any]) -> list[FormField]:
        """Return the fields whose values the process does not show as they were sent."""
        stored = values_of(run)
        return [
            one
            for one in self.template.fields
            if one.id in sent and not is_stored(one, sent[one.id], stored.get(one.id))
        ]


@dataclass(frozen=True)
class Override:
    """What one task of a process has instead of what its step says; ``None`` was not mentioned and stays."""

    step: Mapping[str, Any]
    members: Names | None = None
    guests: Names | None = None
    groups: Names | None = None
    deadline: str | None = None

    @classmethod
    def from_value(cls, step: Mapping[str, Any], value: Any) -> Override:
        """Return what an entry of ``assignments`` asks for; raises ``UnfitError`` for what cannot be meant."""
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
        """Who has to be there."""
        return Assignees(*(tuple(map(str, one.desired)) if one else () for one in self._lists.values()))

    @property
    def unwanted(self) -> list[str]:
        """The members who are not to get the step, who need not be there."""
        return list(self.members.remove) if self.members is not None else []

    @property
    def _lists(self) -> dict[str, Names | None]:
        return {"members": self.members, "guests": self.guests, "groups": self.groups}

    def owners(self, known: Known) -> Record | None:
        """Return who gets the task by their IDs, ``None`` when that is left to the step.

        A bucket that is left out is wiped by the service, so all three are told.
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
        """Return the override as it is shown."""
        lists = {name: one.shown() for name, one in self._lists.items() if one is not None}
        return {**lists, **({"deadline": self.deadline} if self.deadline else {})}


def _changed(current: Iterable[str], names: Names | None, of: Callable[[str], str] = str) -> list[str]:
    """Return a list after what is wanted of it, in its order."""
    there = {of(one): str(one) for one in current}
    add, remove = names.changes(there, of) if names is not None else ([], [])
    for one in remove:
        there.pop(of(one), None)
    return [*there.values(), *map(str, add)]


def prepare_launch(desired: DesiredProcess, template: Template) -> tuple[Launch, list[str]]:
    """Return what a launch from the template sends, and everything that is wrong with it; pure."""
    problems = []
    if template.is_draft:
        problems.append(f"template {template.title!r} is a draft; publish it in Tallyfy first")
    if template.names_its_processes and not desired.reference_field:
        problems.append(
            f"template {template.title!r} names its processes itself, so that a process cannot be found by its name: "
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
        problems.append(f"name has {len(name)} characters with its reference, at most {LONGEST_NAME} are allowed")
    return Launch(template, name, kickoff, overrides), problems


def reference_field_of(desired: DesiredProcess, template: Template) -> str | None:
    """Return the id of the field that holds the reference; ``None`` when none is named or the form has none such."""
    if not desired.reference_field:
        return None
    try:
        return find_field(template.fields, desired.reference_field).id
    except UnfitError:
        return None


def _add_reference(desired: DesiredProcess, template: Template, given: dict[str, Any]) -> list[str]:
    try:
        one = find_field(template.fields, str(desired.reference_field))
    except UnfitError as error:
        return [f"reference_field: {error}"]
    if one.kind not in REFERENCE_KINDS:
        return [f"reference_field: {one.label} is a {one.kind} field, and a text field is needed"]
    key = one.alias or one.id
    for name, value in given.items():
        if fold(str(name)) in (fold(one.label), one.alias, one.id):
            if not is_empty(value) and not is_same_name(value, desired.reference):
                return [f"kickoff: {one.label} is the reference_field and differs from the reference"]
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
    """Return everything that the process names and the organization does not have; pure.

    ``kickoff`` are values for ``fields`` that are to be corrected, ``current`` is the process where it is there.
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
            problems += found if is_left else [f"{where}: nobody would be left to do it; name somebody"]
    for kind, there in (("tag", known.tags), ("folder", known.folders)):
        for name in desired.ties(f"{kind}s").desired:
            ids = there.get(fold(name), ())
            if len(ids) > 1:
                problems.append(f"{kind}s: {len(ids)} {kind}s are called {name!r}")
            if not ids:
                problems.append(f"{kind}s: there is no {kind} {name!r}; {kind}s: {choices(sorted(there))}")
    return problems


def _problems_in_values(kickoff: Kickoff, fields: Iterable[FormField], known: Known) -> list[str]:
    labels = {one.id: one.label for one in fields}
    named = [(labels[field_id], value) for field_id, value in kickoff.encoded.items() if isinstance(value, Assignees)]
    return [problem for label, value in named for problem in known.validate_assignees(value, f"kickoff: {label}")]


def _validate_untying(desired: DesiredProcess, current: Mapping[str, Any] | None) -> list[str]:
    """Return which tags and folders cannot be taken away.

    Tags are taken away by the ID of their tie, which some answers show. Where a process lies in a folder, the
    ID is shown to whoever put it there, and to nobody else. Source: API reference, "Tags" and "Folders".
    """
    problems = []
    for kind in TIES:
        held = None if current is None else shown_names(current, kind)
        for name in desired.ties(kind).changes(set(map(fold, held or ())))[1]:
            if kind == "folders":
                problems.append(f"folders: Tallyfy does not tell how {name!r} is taken away; do that in Tallyfy")
            elif tie_id(current or {}, name) is None:
                problems.append(f"tags: Tallyfy does not show how {name!r} is taken away; do that in Tallyfy")
    return problems
