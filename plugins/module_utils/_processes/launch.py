# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a launch sends, and everything that is wrong with it. Private to the collection.

Source: API reference, "Launch body". Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups

from .assignees import BUCKETS, Assignees, numbered
from .desired import LONGEST_NAME, DesiredProcess, is_same_name
from .fields import FormField, UnfitError, choices, find_field, is_blank
from .record import values_of
from .template import Template
from .values import Kickoff, encode, is_stored, moment, shown_value

#: Kinds of fields that can hold a reference.
REFERENCE_KINDS = ("text", "textarea", "email")
_OVERRIDES = (*BUCKETS, "deadline")


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
        """Return a value as it is stored in the form in which it is given; whom nobody knows is told by the number."""
        if one.kind != "assignees_form" or not isinstance(stored, Mapping):
            return shown_value(one, stored)
        names = {str(group.get("id")): str(group["name"]) for group in self.groups.values()}
        lists = {
            "members": [self.directory.email_of(number) or str(number) for number in numbered(stored)],
            "guests": list(stored.get("guests") or ()),
            "groups": [names.get(str(group), str(group)) for group in stored.get("groups") or ()],
        }
        return {name: shown for name, shown in lists.items() if shown}

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
        overridden = [one.assignees for one in self.overrides.values() if one.assignees is not None]
        return [*self.kickoff.assignees, *overridden]

    def body(self, desired: DesiredProcess, known: Known) -> Record:
        """Return the body of the request. Source: API reference, "Launch body"."""
        body: Record = {"checklist_id": self.template.id, "name": self.name, "prerun": self.sent(known)}
        if desired.owner:
            body["owner_id"] = known.member_id(desired.owner)
        tasks = {step_id: override.body(known) for step_id, override in self.overrides.items()}
        if tasks:
            body["tasks"] = tasks
        if desired.tags:
            body["tags"] = [known.tie("tags", title)[0] for title in desired.tags]
        if desired.folders:
            body["folders"] = [known.tie("folders", name)[0] for name in desired.folders]
        return body

    def sent(self, known: Known) -> Record:
        """Return the values of the kick-off form as they are sent."""
        return {field_id: known.resolved(value) for field_id, value in self.kickoff.encoded.items()}

    def is_like(self, run: Mapping[str, Any], known: Known) -> bool:
        """Return whether a process may be what came of this launch: it holds the values that were sent, and no others.

        Nobody else's reference stands in its name then, either.
        """
        sent = self.sent(known)
        others = [value for field_id, value in values_of(run).items() if field_id not in sent and not is_blank(value)]
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
    """What one task of a process has instead of what its step says."""

    title: str
    assignees: Assignees | None = None
    deadline: str | None = None

    @classmethod
    def from_value(cls, title: str, value: Any) -> Override:
        """Return what an entry of ``assignments`` asks for; raises ``UnfitError`` for what cannot be meant."""
        if not isinstance(value, Mapping):
            return cls(title, Assignees.from_value(value))
        unknown = sorted(str(name) for name in value if name not in _OVERRIDES)
        if unknown:
            raise UnfitError(f"takes {', '.join(_OVERRIDES)}, not {', '.join(unknown)}")
        people = {name: value.get(name) for name in BUCKETS}
        until = value.get("deadline")
        read = None if is_blank(until) else moment(until)
        if read is None and not is_blank(until):
            raise UnfitError(f"deadline {until!r} is not a date such as 2026-03-02 17:00:00")
        return cls(
            title,
            None if is_blank(people) else Assignees.from_value(people),
            read.strftime("%Y-%m-%d %H:%M:%S") if read is not None else None,
        )

    def body(self, known: Known) -> Record:
        """Return the entry of ``tasks``; a bucket that is left out is wiped by the service, so all three are sent."""
        body: Record = {"owners": known.resolved(self.assignees)} if self.assignees is not None else {}
        return {**body, **({"deadline": self.deadline} if self.deadline else {})}

    def shown(self) -> Record:
        """Return the override as it is shown."""
        people = self.assignees.shown() if self.assignees is not None else {}
        return {**people, **({"deadline": self.deadline} if self.deadline else {})}


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
            override = Override.from_value(str(step.get("title") or title), value)
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
            if not is_blank(value) and not is_same_name(value, desired.reference):
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
) -> list[str]:
    """Return everything that the process names and the organization does not have; pure.

    ``kickoff`` are values for ``fields`` that are to be corrected.
    """
    problems = known.directory.problems(Names(add=(desired.owner,)), "owner") if desired.owner else []
    if kickoff is not None:
        problems += _problems_in_values(kickoff, fields, known)
    if launch is not None:
        problems += _problems_in_values(launch.kickoff, launch.template.fields, known)
        for override in launch.overrides.values():
            if override.assignees is not None:
                problems += known.validate_assignees(override.assignees, f"assignments: {override.title}")
    for kind, names, there in (("tag", desired.tags, known.tags), ("folder", desired.folders, known.folders)):
        for name in names:
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
