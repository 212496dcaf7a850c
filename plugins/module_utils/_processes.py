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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._answers import included
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._groups import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._kickoff import (
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
from ansible_collections.tallyfy.platform.plugins.module_utils._lists import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._members import is_address
from ansible_collections.tallyfy.platform.plugins.module_utils._parallel import side_by_side
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import (
    Plan,
    Step,
    unchangeable,
    unchangeable_warning,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._templates import (
    Template,
    is_archived,
    is_searchable,
)

LONGEST_NAME = 550
VALUE_WORKERS = 8
AT_LAUNCH = "Kick-off values count at the launch only."
#: The readings of what brings archived processes, the likelier one first.
_ARCHIVED = ({"archived": "only"}, {"status": "archived"})
#: Kinds of fields that can hold a reference.
REFERENCE_KINDS = ("text", "textarea", "email")
#: The argument spec of one process: the options of ``tallyfy_process`` and the fields of a person's ``process``.
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
    "state": {"type": "str", "choices": ["present", "archived"], "default": "present"},
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
        return _plain(name).endswith(_plain(f"({self.reference})"))

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
            return {("name", _plain(self.name))}
        reference = _plain(self.reference)
        return {("name", reference), ("end", reference), *([("field", reference)] if field_id else [])}


def marks_of(run: Mapping[str, Any], field_id: str | None = None) -> set[tuple[str, str]]:
    """Return by what a process can be found: its name, what stands in brackets at its end, and the field's value."""
    name = _plain(run.get("name"))
    marks = {("name", name)}
    if name.endswith(")"):
        # There may be brackets in a reference, too.
        marks |= {("end", name[start + 1 : -1]) for start, letter in enumerate(name) if letter == "("}
    if field_id is not None:
        marks.add(("field", _plain(values_of(run).get(field_id))))
    return marks


class RunIndex:
    """Many processes of one template, to be found by their references. ``field_ids`` are those that hold references."""

    def __init__(self, active: Iterable[Record], archived: Iterable[Record], field_ids: Collection[str] = ()) -> None:
        self._active = self._indexed(active, field_ids)
        self._archived = self._indexed(archived, field_ids)

    @staticmethod
    def _indexed(
        runs: Iterable[Record], field_ids: Collection[str]
    ) -> dict[str | None, dict[tuple[str, str], list[Record]]]:
        index: dict[str | None, dict[tuple[str, str], list[Record]]] = {one: {} for one in (None, *field_ids)}
        for run in runs:
            for field_id, by_mark in index.items():
                for mark in marks_of(run, field_id):
                    by_mark.setdefault(mark, []).append(run)
        return index

    def find(self, desired: DesiredProcess, field_id: str | None = None) -> Found:
        """Return the processes that carry the reference."""
        found = []
        for index in (self._active, self._archived):
            runs = {str(run["id"]): run for mark in desired.marks(field_id) for run in index[field_id].get(mark, ())}
            found.append(tuple(sorted(runs.values(), key=age)))
        return Found(*found)


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
        given = [one for one in ("kickoff", "assignments", "owner", "tags", "folders") if getattr(desired, one)]
        problems += [f"{one} cannot be given with state=archived" for one in given]
    return problems


def prepare_launch(desired: DesiredProcess, template: Template) -> tuple[Launch, list[str]]:
    """Return what a launch from the template sends, and everything that is wrong with it; pure."""
    problems = []
    if template.is_draft:
        problems.append(f"template {template.title!r} is a draft; publish it in Tallyfy first")
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


def problems_with_names(desired: DesiredProcess, launch: Launch | None, known: Known) -> list[str]:
    """Return everything that the process names and the organization does not have; pure."""
    problems = known.directory.problems(Names(add=(desired.owner,)), "owner") if desired.owner else []
    if launch is not None:
        by_id = {one.id: one for one in launch.template.fields}
        for field_id, value in launch.kickoff.encoded.items():
            if isinstance(value, Assignees):
                problems += known.problems_with(value, f"kickoff: {by_id[field_id].label}")
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


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_process(desired: DesiredProcess, found: Found, launch: Launch | None, known: Known) -> Plan:
    """Return what has to be done for one process. Pure: the same arguments always give the same plan.

    ``launch`` is what ``prepare_launch`` made, for a process that is not there yet. Raises ``InputError`` when it is
    not sure which process is meant.
    """
    current = found.current
    if desired.state == "archived":
        return _plan_archive(desired, found)
    if current is None:
        if launch is None:
            raise AssertionError("a launch is planned without being prepared")
        return _plan_launch(desired, launch)
    return _plan_update(desired, current, found, known)


def _plan_archive(desired: DesiredProcess, found: Found) -> Plan:
    if not found.active:
        # Its name may be misspelled.
        is_odd = not found.archived
        return Plan(desired.subject, warnings=(f"{desired.subject}: no process carries {desired.key!r}.",) * is_odd)
    if len(found.active) > 1:
        ids = ", ".join(str(run["id"]) for run in found.active)
        raise InputError([f"{len(found.active)} active processes carry {desired.key!r}, so none is archived: {ids}"])
    run = found.active[0]
    step = Step("archive", str(run.get("name")), str(run.get("status") or "active"), {"status": "archived"})
    return Plan(desired.subject, {"status": run.get("status")}, {"status": "archived"}, (step,))


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


def _plan_update(desired: DesiredProcess, current: Record, found: Found, known: Known) -> Plan:
    before: Record = {}
    after: Record = {}
    steps: list[Step] = []
    warnings = []
    name = str(current.get("name"))
    if len(found.active) > 1:
        others = ", ".join(str(run["id"]) for run in found.active[1:])
        warnings.append(
            f"{name}: {len(found.active)} active processes carry {desired.key!r}; besides this one {others}"
        )
    if not found.active:
        steps.append(Step("reactivate", name, "archived", {"status": "active"}))
        before["status"], after["status"] = "archived", "active"
    changes: Record = {}
    # Without a reference the name is what the process was found by.
    full_name = desired.full_name(name) if desired.name and desired.reference else name
    if not is_same_name(full_name, name):
        changes["name"] = full_name
        before["name"], after["name"] = name, full_name
    if desired.owner and str(current.get("owner_id")) != str(known.member_id(desired.owner)):
        changes["owner"] = desired.owner
        before["owner"], after["owner"] = _email_of(current.get("owner_id"), known.directory), desired.owner
    if changes:
        steps.append(Step("update", name, f"{', '.join(changes)} differ" + "s" * (len(changes) == 1), changes))
    for kind, action, wanted in (("tags", "add_tag", desired.tags), ("folders", "add_to_folder", desired.folders)):
        held = names_in(current, kind)
        if wanted and held is None:
            warnings.append(f"{name}: Tallyfy does not show its {kind}, so they cannot be compared.")
            continue
        missing = [one for one in wanted if fold(one) not in map(fold, held or ())]
        if missing:
            reason = "not in {}" if kind == "folders" else "lacks {}"
            steps += [Step(action, name, reason.format(one), target=one) for one in missing]
            before[kind], after[kind] = sorted(held or ()), sorted([*(held or ()), *missing])
    return Plan(desired.subject, before, after, tuple(steps), tuple(warnings))


def shown_fields(run: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields of the kick-off form as a process shows them when it is asked to."""
    rows = included(run, "ko_form_fields")
    return fields_of(rows) if isinstance(rows, list) else ()


def compare_kickoff(
    desired: DesiredProcess, current: Mapping[str, Any], fields: Sequence[FormField]
) -> tuple[list[Record], list[str]]:
    """Return the kick-off values that differ from what is asked for, and what somebody should know of that.

    They count at the launch only, so neither a difference nor a name that the form does not have any more is a failure.
    """
    kickoff = encode(fields, desired.kickoff, is_whole=False)
    name = str(current.get("name"))
    notes = [f"{name}: kickoff: {problem}" for problem in kickoff.problems]
    stored = values_of(current)
    differing = [
        unchangeable(one.label, shown_value(one, stored.get(one.id)), shown_value(one, wanted), AT_LAUNCH)
        for one in fields
        for wanted in [kickoff.encoded.get(one.id)]
        # Whose numbers assignees are would have to be asked.
        if wanted is not None and not isinstance(wanted, Assignees) and not is_stored(one, wanted, stored.get(one.id))
    ]
    if "prerun" not in current:
        differing = []
    return differing, notes + ([unchangeable_warning(name, differing)] if differing else [])


# --- reading ----------------------------------------------------------------------------------------------------------


def find_processes(
    client: Client, desired: DesiredProcess, template_id: str, field_of_reference: Callable[[], str | None]
) -> Found:
    """Return the processes of the template that carry the reference; archived ones where no other one does.

    The search of the service is asked first. Where nothing is found and it may not be up to the reference, or the
    name may have been changed since, all processes of the template are read. ``field_of_reference`` gives the id of
    the field that holds the reference; it is only called then.
    """
    active = find_active(client, desired, template_id, field_of_reference)
    if active:
        return Found(active)
    needs_all = _needs_all(desired)
    rows = list_runs(
        client, template_id, query=None if needs_all else desired.key, archived=True, includes=_includes(desired)
    )
    field_id = field_of_reference() if needs_all else None
    return Found(archived=_carrying(with_values(client, rows) if field_id else rows, desired, field_id))


def find_active(
    client: Client, desired: DesiredProcess, template_id: str, field_of_reference: Callable[[], str | None]
) -> tuple[Record, ...]:
    """Return the processes that carry the reference and are not archived, oldest first; see ``find_processes``."""
    includes = _includes(desired)
    fields = ["ko_form_fields"] if desired.kickoff else []
    found = _carrying(list_runs(client, template_id, query=desired.key, includes=[*includes, *fields]), desired)
    if not found and _needs_all(desired):
        field_id = field_of_reference()
        rows = list_runs(client, template_id, includes=includes)
        found = _carrying(with_values(client, rows) if field_id else rows, desired, field_id)
    return found


def _includes(desired: DesiredProcess) -> list[str]:
    return [name for name in ("tags", "folders") if getattr(desired, name)]


def _needs_all(desired: DesiredProcess) -> bool:
    """Return whether a search that finds nothing does not prove that there is nothing."""
    return desired.reference_field is not None or not is_searchable(desired.key)


def _carrying(rows: Iterable[Record], desired: DesiredProcess, field_id: str | None = None) -> tuple[Record, ...]:
    return tuple(row for row in rows if desired.is_carried_by(row, field_id))


def list_runs(
    client: Client,
    template_id: str | None,
    *,
    query: str | None = None,
    archived: bool = False,
    includes: Sequence[str] = (),
    filters: Mapping[str, Any] | None = None,
    workers: int = 1,
) -> list[Record]:
    """Return the active or the archived processes of a template, or of all, oldest first.

    What each row says of itself counts, and not the filters of the service, which its sources disagree about: a
    filter that brings no archived process may be one that it does not know.
    """
    common = {"checklist_id": template_id, "q": query, "with": ",".join(includes) or None, **(filters or {})}
    rows: list[Record] = []
    for state in _ARCHIVED if archived else ({},):
        found = client.records(client.path("runs"), query={**common, **state}, workers=workers)
        rows = [
            row
            for row in found
            if template_id in (None, str(row.get("checklist_id") or template_id)) and is_archived(row) is archived
        ]
        if rows:
            break
    return sorted(rows, key=age)


def with_values(client: Client, rows: Sequence[Record], *, workers: int = VALUE_WORKERS) -> list[Record]:
    """Return the processes with their kick-off values, which some lists do not show."""

    def whole(row: Record) -> Record:
        return row if "prerun" in row else {**row, **client.get("runs", row["id"])}

    return list(side_by_side(whole, rows, workers=workers))


def age(run: Mapping[str, Any]) -> tuple[str, str]:
    """Return by what processes are sorted, the oldest first."""
    return str(run.get("created_at") or ""), str(run.get("id"))


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
    return _plain(one) == _plain(other)


def _plain(value: Any) -> str:
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
