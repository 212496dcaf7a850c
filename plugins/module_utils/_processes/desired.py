# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes: what can be wanted of one, how it is found again, and what has to be done. Private to the collection.

A process has no natural key: the service launches as many of one name as it is asked to. So each carries a reference,
by which the second run finds what the first one launched. Source: API reference, "Processes" and "Recipes".
The service calls processes runs.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    Step,
    unchangeable,
    unchangeable_warning,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import is_address

from .kickoff import (
    Assignees,
    FormField,
    Kickoff,
    UnfitError,
    choices,
    encode,
    fields_of,
    find_field,
    is_blank,
    is_stored,
    moment,
    shown_value,
)
from .template import Template, is_archived

LONGEST_NAME = 550
AT_LAUNCH = "They count at the launch; kickoff_update of tallyfy_process corrects them later."
#: Kinds of fields that can hold a reference.
REFERENCE_KINDS = ("text", "textarea", "email")
#: The argument spec of one process: options of ``tallyfy_process``, and the fields of a person's ``process``.
PROCESS_OPTIONS: dict[str, dict[str, Any]] = {
    "template": {"type": "str", "required": True},
    "name": {"type": "str"},
    "reference": {"type": "str"},
    "reference_field": {"type": "str"},
    "kickoff": {"type": "dict"},
    "assignments": {"type": "dict"},
    "owner": {"type": "str"},
    "tags": {"type": "list", "elements": "str"},
    "folders": {"type": "list", "elements": "str"},
}
#: What ``tallyfy_process`` takes beside these.
SINGLE_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "archived"], "default": "present"},
    "kickoff_update": {"type": "bool", "default": False},
    "duplicates": {"type": "str", "choices": ["report", "archive"], "default": "report"},
}
_OVERRIDES = ("users", "guests", "groups", "deadline")


@dataclass(frozen=True)
class DesiredProcess:
    """What is wanted of one process. ``None`` and what is empty was not mentioned and stays as it is."""

    template: str
    name: str | None = None
    reference: str | None = None
    reference_field: str | None = None
    kickoff: Mapping[str, Any] = field(default_factory=dict)
    assignments: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None
    tags: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    state: str = "present"
    kickoff_update: bool = False
    duplicates: str = "report"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredProcess:
        """Return what module parameters or a person's ``process`` ask for; blank counts as not mentioned."""

        def text(name: str) -> str | None:
            return str(params.get(name) or "").strip() or None

        def line(name: str) -> str | None:
            # The search of the service is particular about spaces, and nobody else is.
            return " ".join(str(params.get(name) or "").split()) or None

        return cls(
            template=text("template") or "",
            name=line("name"),
            reference=line("reference"),
            reference_field=text("reference_field"),
            kickoff=dict(params.get("kickoff") or {}),
            assignments=dict(params.get("assignments") or {}),
            owner=text("owner"),
            tags=_names(params.get("tags")),
            folders=_names(params.get("folders")),
            state=params.get("state") or "present",
            kickoff_update=bool(params.get("kickoff_update")),
            duplicates=params.get("duplicates") or "report",
        )

    @property
    def key(self) -> str:
        """What the process is found by."""
        return self.reference or self.name or ""

    @property
    def subject(self) -> str:
        """How the process is called in a message."""
        return self.name or self.key

    def full_name(self, template_title: str) -> str:
        """Return the name to launch with; a reference that is not the whole name stands in brackets at its end."""
        name = self.name or template_title
        if self.reference is None or fold(name) == fold(self.reference) or self._is_marked(name):
            return name
        return f"{name} ({self.reference})"

    def _is_marked(self, name: str) -> bool:
        return plain(name).endswith(plain(f"({self.reference})"))

    def lacking(self, current: Mapping[str, Any] | None) -> DesiredProcess:
        """Return the same without the tags and folders that the process has, which need not be looked up."""
        if current is None:
            return self
        there = {kind: {fold(name) for name in names_in(current, kind) or ()} for kind in ("tags", "folders")}
        return replace(
            self,
            tags=tuple(name for name in self.tags if fold(name) not in there["tags"]),
            folders=tuple(name for name in self.folders if fold(name) not in there["folders"]),
        )

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


@dataclass(frozen=True)
class Found:
    """The processes that carry a reference, oldest first."""

    active: tuple[Record, ...] = ()
    archived: tuple[Record, ...] = ()

    @property
    def current(self) -> Record | None:
        """The process that is meant: the oldest one that is not archived, else the latest archived one."""
        return self.active[0] if self.active else self.archived[-1] if self.archived else None


@dataclass(frozen=True)
class Doubt:
    """From when to when, in seconds of the service, a launch may have been carried out whose answer nobody has seen."""

    since: float
    until: float

    def covers(self, run: Mapping[str, Any]) -> bool:
        """Return whether the process may be what came of it."""
        return self.since <= launch_second(run) <= self.until


@dataclass(frozen=True)
class Known:
    """Who and what a process may name: people by their address, groups, tags and folders by their folded name."""

    directory: Directory = field(default_factory=Directory)
    groups: Groups = field(default_factory=Groups)
    tags: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    folders: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def problems_with(self, assignees: Assignees, where: str) -> list[str]:
        """Return everybody and every group that cannot be assigned."""
        problems = self.directory.problems(Names(add=assignees.users), where)
        for name in assignees.groups:
            if fold(name) in self.groups.ambiguous:
                problems.append(f"{where}: several groups are called {name} when case does not matter; rename one")
            elif fold(name) not in self.groups:
                there = choices(sorted(str(group["name"]) for group in self.groups.values()))
                problems.append(f"{where}: there is no group {name!r}; groups: {there}")
        return problems

    def member_id(self, email: str) -> int:
        """Return the number of a member, who must be there by now."""
        member = self.directory.find(email)
        if member is None:
            raise InputError([f"{email} is not a member of the organization"])
        return int(member["id"])

    def resolved(self, value: Any) -> Any:
        """Return a value with the numbers of those whom it names by address or name."""
        if not isinstance(value, Assignees):
            return value
        return {
            "users": [self.member_id(email) for email in value.users],
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
            body["tags"] = [known.tags[fold(title)][0] for title in desired.tags]
        if desired.folders:
            body["folders"] = [known.folders[fold(name)][0] for name in desired.folders]
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
        people = {name: value.get(name) for name in ("users", "guests", "groups")}
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


# --- what is wrong with what is wanted --------------------------------------------------------------------------------


def problems_with_process(desired: DesiredProcess) -> list[str]:
    """Return everything that is wrong with the wanted process by itself; nothing is asked of the service."""
    problems = []
    if not desired.template:
        problems.append("template is missing: give its id or its exact title")
    if not desired.key:
        problems.append("name and reference are missing: one of them is needed to find the process again")
    if desired.reference_field and not desired.reference:
        problems.append("reference_field needs a reference")
    name = desired.full_name(desired.template)
    if len(name) > LONGEST_NAME:
        problems.append(f"name has {len(name)} characters with its reference, at most {LONGEST_NAME} are allowed")
    if desired.owner and not is_address(desired.owner):
        problems.append(f"owner {desired.owner!r} is not an e-mail address")
    if desired.state == "archived":
        unfit = ("kickoff", "assignments", "owner", "tags", "folders", "kickoff_update")
        given = [one for one in unfit if getattr(desired, one)]
        problems += [f"{one} cannot be given with state=archived" for one in given]
    return problems


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


def problems_with_names(
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
                problems += known.problems_with(override.assignees, f"assignments: {override.title}")
    for kind, wanted, there in (("tag", desired.tags, known.tags), ("folder", desired.folders, known.folders)):
        for name in wanted:
            ids = there.get(fold(name), ())
            if len(ids) > 1:
                problems.append(f"{kind}s: {len(ids)} {kind}s are called {name!r}")
            if not ids:
                problems.append(f"{kind}s: there is no {kind} {name!r}; {kind}s: {choices(sorted(there))}")
    return problems


def _problems_in_values(kickoff: Kickoff, fields: Iterable[FormField], known: Known) -> list[str]:
    labels = {one.id: one.label for one in fields}
    named = [(labels[number], value) for number, value in kickoff.encoded.items() if isinstance(value, Assignees)]
    return [problem for label, value in named for problem in known.problems_with(value, f"kickoff: {label}")]


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_process(
    desired: DesiredProcess,
    found: Found,
    launch: Launch | None,
    known: Known,
    *,
    corrections: Sequence[Correction] = (),
    keeps_name: bool = False,
    doubt: Doubt | None = None,
) -> Plan:
    """Return what has to be done for one process. Pure: the same arguments always give the same plan.

    ``launch`` is what ``prepare_launch`` made, for a process that is not there yet, ``corrections`` are the kick-off
    values to be written, with ``keeps_name`` the name is the affair of the template, and ``doubt`` is when an earlier
    run may have launched one without learning of it. Raises ``InputError`` when it is not sure which process is meant.
    """
    current = found.current
    if desired.state == "archived":
        return _plan_archive(desired, found)
    if current is None:
        if launch is None:
            raise AssertionError("a launch is planned without being prepared")
        return _plan_launch(desired, launch)
    draft = _Draft(str(current.get("name")))
    _see_to_duplicates(draft, desired, found, doubt)
    _plan_update(draft, desired, current, known, corrections, keeps_name=keeps_name)
    return Plan(desired.subject, draft.before, draft.after, tuple(draft.steps), tuple(draft.warnings))


def _plan_archive(desired: DesiredProcess, found: Found) -> Plan:
    if not found.active:
        # Its name may be misspelled.
        is_odd = not found.archived
        return Plan(desired.subject, warnings=(f"{desired.subject}: no process carries {desired.key!r}.",) * is_odd)
    if len(found.active) > 1 and desired.duplicates != "archive":
        ids = ", ".join(str(run["id"]) for run in found.active)
        problem = (
            f"{len(found.active)} active processes carry {desired.key!r}, so none is archived: {ids}. Archive those "
            f"that are not meant, or all of them with duplicates=archive"
        )
        raise InputError([problem])
    run, *others = found.active
    step = Step("archive", str(run.get("name")), str(run.get("status") or "active"), {"status": "archived"})
    steps = (step, *(_archive_of(other, run) for other in others))
    return Plan(desired.subject, {"status": run.get("status")}, {"status": "archived"}, steps)


def _archive_of(duplicate: Record, kept: Mapping[str, Any]) -> Step:
    """Return the step that archives a process which carries the same reference as an older one."""
    reason = f"carries the same reference as {kept['id']}, which is older"
    return Step("archive", str(duplicate.get("name")), reason, {"status": "archived"}, target=str(duplicate["id"]))


def _plan_launch(desired: DesiredProcess, launch: Launch) -> Plan:
    after: Record = {"name": launch.name, "template": launch.template.title, "status": "active"}
    if launch.kickoff.shown:
        after["kickoff"] = dict(launch.kickoff.shown)
    if launch.overrides:
        after["assignments"] = {one.title: one.shown() for one in launch.overrides.values()}
    after.update({"owner": desired.owner} if desired.owner else {})
    after.update({name: list(getattr(desired, name)) for name in ("tags", "folders") if getattr(desired, name)})
    values = {name: value for name, value in after.items() if name not in ("status", "template")}
    step = Step("launch", launch.name, f"no process carries {desired.key!r}", values, target=launch.template.title)
    return Plan(desired.subject, {}, after, (step,))


@dataclass
class _Draft:
    """A plan for a process that is there, as far as it has been worked out."""

    name: str
    before: Record = field(default_factory=dict)
    after: Record = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _plan_update(
    draft: _Draft,
    desired: DesiredProcess,
    current: Record,
    known: Known,
    corrections: Sequence[Correction],
    *,
    keeps_name: bool,
) -> None:
    if is_archived(current):
        draft.steps.append(Step("reactivate", draft.name, "archived", {"status": "active"}))
        draft.before["status"], draft.after["status"] = "archived", "active"
    _change_fields(draft, desired, current, known, keeps_name=keeps_name)
    if corrections:
        draft.before["kickoff"] = {one.field.label: one.current for one in corrections}
        values = draft.after["kickoff"] = {one.field.label: one.shown for one in corrections}
        draft.steps.append(Step("update_kickoff", draft.name, _differ(values), values))
    _tie(draft, desired, current)


def _see_to_duplicates(draft: _Draft, desired: DesiredProcess, found: Found, doubt: Doubt | None) -> None:
    duplicates = found.active[1:]
    archives_all = desired.duplicates == "archive"
    # Those whose launch an earlier run did not see to its end are this controller's own to archive.
    unwanted = [one for one in duplicates if archives_all or (doubt is not None and doubt.covers(one))]
    if unwanted:
        draft.steps += [_archive_of(one, found.active[0]) for one in unwanted]
        draft.before["duplicates"] = [str(one["id"]) for one in unwanted]
        draft.after["duplicates"] = []
    ids = [str(one["id"]) for one in duplicates if one not in unwanted]
    if ids:
        draft.warnings.append(
            f"{draft.name}: {len(found.active)} active processes carry {desired.key!r}. The oldest is taken, beside "
            f"it {', '.join(ids)}. Archive them, for example by tallyfy_process with duplicates=archive."
        )


def _change_fields(draft: _Draft, desired: DesiredProcess, current: Record, known: Known, *, keeps_name: bool) -> None:
    changes: Record = {}
    # Without a reference the name is what the process was found by.
    full_name = desired.full_name(draft.name) if desired.name and desired.reference else draft.name
    if not keeps_name and not is_same_name(full_name, draft.name):
        changes["name"] = full_name
        draft.before["name"] = draft.name
    if desired.owner and str(current.get("owner_id")) != str(known.member_id(desired.owner)):
        changes["owner"] = desired.owner
        draft.before["owner"] = _email_of(current.get("owner_id"), known.directory)
    if changes:
        draft.after.update(changes)
        draft.steps.append(Step("update", draft.name, _differ(changes), changes))


def _tie(draft: _Draft, desired: DesiredProcess, current: Record) -> None:
    for kind, action, wanted in (("tags", "add_tag", desired.tags), ("folders", "add_to_folder", desired.folders)):
        held = names_in(current, kind)
        if wanted and held is None:
            draft.warnings.append(f"{draft.name}: Tallyfy does not show its {kind}, so they cannot be compared.")
            continue
        missing = [one for one in wanted if fold(one) not in map(fold, held or ())]
        if missing:
            reason = "not in {}" if kind == "folders" else "lacks {}"
            draft.steps += [Step(action, draft.name, reason.format(one), target=one) for one in missing]
            draft.before[kind], draft.after[kind] = sorted(held or ()), sorted([*(held or ()), *missing])


def _differ(changes: Mapping[str, Any]) -> str:
    return f"{', '.join(changes)} differ" + "s" * (len(changes) == 1)


def shown_fields(run: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields of the kick-off form as a process shows them when it is asked to."""
    rows = included(run, "ko_form_fields")
    return fields_of(rows) if isinstance(rows, list) else ()


@dataclass(frozen=True)
class Correction:
    """A kick-off value that is not as wanted: its field, the value as it is sent, and both as people see them."""

    field: FormField
    sent: Any
    current: Any
    shown: Any


def differing_kickoff(
    kickoff: Kickoff, current: Mapping[str, Any], fields: Iterable[FormField], known: Known | None = None
) -> list[Correction]:
    """Return the kick-off values that differ from what is asked for; pure.

    Whose numbers assignees are has to be ``known``; otherwise they are not compared.
    """
    if "prerun" not in current:
        return []
    stored = values_of(current)
    found = []
    for one in fields:
        wanted = kickoff.encoded.get(one.id)
        if wanted is None or (isinstance(wanted, Assignees) and known is None):
            continue
        sent = known.resolved(wanted) if known is not None else wanted
        if not is_stored(one, sent, stored.get(one.id)):
            found.append(Correction(one, sent, shown_value(one, stored.get(one.id)), shown_value(one, wanted)))
    return found


def compare_kickoff(
    desired: DesiredProcess, current: Mapping[str, Any], fields: Sequence[FormField]
) -> tuple[list[Record], list[str]]:
    """Return the kick-off values that differ from what is asked for, and what somebody should know of that.

    They count at the launch only, so neither a difference nor a name that the form does not have any more is a failure.
    """
    kickoff = encode(fields, desired.kickoff, is_whole=False)
    name = str(current.get("name"))
    notes = [f"{name}: kickoff: {problem}" for problem in kickoff.problems]
    differing = [
        unchangeable(one.field.label, one.current, one.shown, AT_LAUNCH)
        for one in differing_kickoff(kickoff, current, fields)
    ]
    return differing, notes + ([unchangeable_warning(name, differing)] if differing else [])


# --- what a record says -----------------------------------------------------------------------------------------------


def age(run: Mapping[str, Any]) -> tuple[int, str]:
    """Return by what processes are sorted, the oldest first: the second of their launch, and their id.

    Answers spell the same moment with and without fractions, so whole seconds are all that can be compared.
    """
    return launch_second(run), str(run.get("id"))


def launch_second(run: Mapping[str, Any]) -> int:
    """Return the second in which a process was launched by the clock of the service, 0 when it does not tell."""
    at = moment(run.get("created_at"))
    return 0 if at is None else int(at.timestamp())


def values_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the kick-off values of a process by field id; the service shows an empty list where there are none."""
    values = included(run, "prerun")
    return values if isinstance(values, Mapping) else {}


def names_in(run: Mapping[str, Any], kind: str) -> list[str] | None:
    """Return the titles of the tags or the names of the folders of a process, ``None`` when it does not show them."""
    rows = included(run, kind)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return [str(row.get("title") or row.get("name") or "") for row in rows]


def shape_process(run: Mapping[str, Any]) -> Record:
    """Return a process in the one shape that modules return."""
    progress = run.get("progress")
    percent = progress.get("percent") if isinstance(progress, Mapping) else progress
    return {
        "id": run.get("id"),
        "name": run.get("name"),
        "template": run.get("checklist_title"),
        "template_id": run.get("checklist_id"),
        "status": "archived" if is_archived(run) else run.get("status"),
        "owner_id": _number(run.get("owner_id")),
        "started_by": _number(run.get("started_by")),
        "percent": percent,
        "due_date": run.get("due_date"),
        "created_at": run.get("created_at"),
        "completed_at": run.get("completed_at"),
        "archived_at": run.get("archived_at"),
        "prerun": dict(values_of(run)),
    }


def _number(value: Any) -> Any:
    return int(value) if str(value).isdigit() else value


def _email_of(number: Any, directory: Directory) -> Any:
    found = directory.emails([int(number)]) if str(number).isdigit() else []
    return found[0] if found else number


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
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def _names(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one).strip() for one in value or () if not is_blank(one)))
