# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes of many people: one wish for all, filled with each person's own fields, and what it takes to launch
them. Private to the collection.

However many people there are, a template and its processes are read once.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    PROFILE_FIELDS,
    DesiredMember,
    folded,
    shape_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import (
    PROCESS_OPTIONS,
    DesiredProcess,
    problems_with_process,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.doubt import doubt_about
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import UnfitError, choices, is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import (
    Launch,
    prepare_launch,
    problems_with_names,
    reference_field_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.plan import compare_kickoff, plan_process
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.race import LOCK_SUBJECT
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reading import (
    find_template,
    get_template,
    look_up,
    read_organization,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.record import Found
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.reference import Finder, Sought
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.run import ProcessRun
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.template import (
    Template,
    warning_of_automatic_launch,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import notes_of_numbers, text_of
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import Rows, unknown_field

#: The fields of a person that a wish for everybody may name in braces.
PERSON_FIELDS = ("email", "first_name", "last_name", "full_name", "role", *PROFILE_FIELDS[2:])
#: By what a person's process is found when nobody says otherwise.
DEFAULT_REFERENCE = "{email}"
_OPTIONAL = {name: {**option, "required": False} for name, option in PROCESS_OPTIONS.items()}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
#: In how many rows a problem is named in each of them.
MOST_ROWS = 3
_TYPES: dict[str, type] = {"str": str, "dict": dict, "list": list}


@dataclass(frozen=True)
class Wish:
    """What is wanted of one person's process: what goes for everybody, and what their row says.

    ``notes`` tell of what may not be what somebody has written in the row.
    """

    index: int
    member: DesiredMember
    own: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass
class PlannedProcess:
    """One person's process with its plan. ``email`` is the person's."""

    index: int
    email: str
    run: ProcessRun
    unchangeable: list[Record] = field(default_factory=list)


# --- what is wanted ---------------------------------------------------------------------------------------------------


def split_processes(rows: Sequence[Any]) -> tuple[list[Any], dict[int, Any]]:
    """Return the rows without ``process``, and what each row says of it."""
    plain = [
        {name: value for name, value in row.items() if name != "process"} if isinstance(row, Mapping) else row
        for row in rows
    ]
    own = {index: row["process"] for index, row in enumerate(rows) if isinstance(row, Mapping) and "process" in row}
    return plain, own


def general_process(given: Any, called: Callable[[str], str] = str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the good part of what goes for everybody's process, ``None`` for nothing, and what is wrong with it.

    The title of a template alone will do.
    """
    if is_blank(given):
        return None, []
    if not isinstance(given, (str, Mapping)):
        return None, [Problem("neither a dictionary nor the title of a template", Place(called("process")))]
    given = _without_blanks({"template": given.strip()} if isinstance(given, str) else given)
    if not given:
        return None, []
    params, problems = _validated(given, _OPTIONAL)
    unknown = sorted(set(_names_in(given)) - set(PERSON_FIELDS))
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        problems.append(f"{names} is no field of a person; fields: {choices(PERSON_FIELDS)}")
    # What could not be made what it must be is told here, and not with each person.
    good = {name: value for name, value in params.items() if isinstance(value, _TYPES[PROCESS_OPTIONS[name]["type"]])}
    return good, [Problem(text, Place(called("process"))) for text in problems]


def process_wishes(
    people: Iterable[tuple[int, DesiredMember]], own: Mapping[int, Any], general: Mapping[str, Any] | None, rows: Rows
) -> tuple[list[Wish], list[Problem]]:
    """Return what is wanted of each person's process, and everything that is wrong with the wishes by themselves.

    A person has a process when there is a wish for everybody, or when the row holds one: a dictionary, or the template
    alone. ``false`` in a row is no process for this person.
    """
    problems = []
    wishes = []
    for index, member in people:
        value = own.get(index)
        if value is False or (is_blank(value) and general is None):
            continue
        if isinstance(value, str):
            value = {"template": value} if value.strip() else {}
        if not isinstance(value, (Mapping, bool, type(None))):
            problems.append(rows.problem(index, member.email, "process is neither a dictionary nor a template"))
            continue
        given = dict(value) if isinstance(value, Mapping) else {}
        params, found = _validated(given, _OPTIONAL)
        problems += [rows.problem(index, member.email, f"process: {text}") for text in found]
        if not found:
            notes = [note for name in ("name", "reference") for note in notes_of_numbers(name, given.get(name))]
            wishes.append(Wish(index, member, params, tuple(notes)))
    return wishes, problems


def _validated(given: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    if not given:
        return {}, []
    unknown = [unknown_field(name, list(options)) for name in given if name not in options]
    known = {name: value for name, value in given.items() if name in options and value is not None}
    result = ArgumentSpecValidator(dict(options)).validate(known)
    params = {name: value for name, value in result.validated_parameters.items() if not is_blank(value)}
    return params, [*unknown, *(str(message) for message in result.error_messages), *_unfit_texts(known, options)]


def _unfit_texts(given: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Return which texts are none that anybody has written; ansible-core's own check makes a text of everything."""
    problems = []
    for name, value in given.items():
        is_list = options[name]["type"] == "list" and isinstance(value, (list, tuple))
        if options[name]["type"] == "str" or is_list:
            for one in value if is_list else [value]:
                try:
                    text_of(one)
                except UnfitError as error:
                    problems.append(f"{name} {error}")
    return problems


def _names_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return _PLACEHOLDER.findall(value)
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    return [name for one in value for name in _names_in(one)] if isinstance(value, (list, tuple)) else []


def fields_of_person(desired: DesiredMember, current: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the fields of a person as they are after the run, as texts; what they do not have is empty."""
    fields = {**shape_member(current or {}), **desired.profile, "role": desired.role or (current or {}).get("role")}
    fields["email"] = folded(desired.email)
    names = (str(fields.get(name) or "").strip() for name in ("first_name", "last_name"))
    fields["full_name"] = " ".join(name for name in names if name)
    return {name: str(fields.get(name) or "").strip() for name in PERSON_FIELDS}


def filled(value: Any, fields: Mapping[str, str]) -> Any:
    """Return a value with the person's fields in the place of their names in braces. Other braces stay."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: fields.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {name: filled(one, fields) for name, one in value.items()}
    return [filled(one, fields) for one in value] if isinstance(value, (list, tuple)) else value


def desired_process(wish: Wish, general: Mapping[str, Any] | None, fields: Mapping[str, str]) -> DesiredProcess:
    """Return one person's process. What the row says goes before what goes for everybody, kick-off values one by one.

    Only what goes for everybody is filled with fields; a value of a row is taken as it stands.
    """
    common = filled({"reference": DEFAULT_REFERENCE, **(general or {})}, fields)
    params = {**common, **wish.own}
    for name in ("kickoff", "assignments"):
        own = wish.own.get(name) or {}
        replaced = {fold(str(label)) for label in own}
        kept = {label: one for label, one in (common.get(name) or {}).items() if fold(str(label)) not in replaced}
        params[name] = {**kept, **own}
    return DesiredProcess.from_params(params)


def _without_blanks(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if not is_blank(value)}


# --- reading and planning ---------------------------------------------------------------------------------------------


class LaunchPlanner:
    """Reads the templates that people's processes come from and what was launched from them, each once, and plans.

    ``locks`` holds the lock of each template from before its processes are read, so that nobody else launches in
    between; ``None`` where nothing is going to be written.
    """

    def __init__(self, client: Client, locks: contextlib.ExitStack | None, *, workers: int = 1) -> None:
        self._client = client
        self._locks = locks
        self._workers = workers
        self._templates: dict[str, Template | InputError] = {}
        self._finders: dict[str, Finder] = {}
        self.notes: list[str] = []

    def plan(
        self,
        wished: Sequence[tuple[Wish, DesiredProcess]],
        *,
        rows: Rows,
        called: Callable[[str], str] = str,
        directory: Directory,
        groups: Groups | None,
    ) -> tuple[list[PlannedProcess], list[Problem]]:
        """Return the plan of each process, and everything that is wrong; then there may be fewer plans."""
        problems: list[Problem] = []
        of_rows: list[tuple[int, str]] = []
        ready: list[tuple[Wish, DesiredProcess, Template]] = []
        for wish, desired in wished:
            found = problems_with_process(desired)
            if not found:
                template = self._template(desired.template)
                if isinstance(template, Template):
                    ready.append((wish, desired, template))
                    continue
                if "template" not in wish.own:
                    # What goes for everybody is told once.
                    problems += [replace(problem, place=Place(called("process"))) for problem in template.problems]
                    continue
                found = [problem.text for problem in template.problems]
            of_rows += [(wish.index, problem) for problem in found]
        of_rows += _twins(ready, rows)
        sought = [Sought(desired, partial(reference_field_of, desired, template)) for _wish, desired, template in ready]
        found_runs = self._found(ready, sought)
        launches: list[Launch | None] = []
        for (wish, desired, template), runs in zip(ready, found_runs):
            launch = None
            if runs.current is None:
                launch, found = prepare_launch(desired, template)
                of_rows += [(wish.index, problem) for problem in found]
            launches.append(launch)
        known = look_up(
            self._client,
            [(desired, launch) for (_wish, desired, _template), launch in zip(ready, launches)],
            directory=directory,
            groups=groups,
        )
        for (wish, desired, _template), launch in zip(ready, launches):
            of_rows += [(wish.index, problem) for problem in problems_with_names(desired, launch, known)]
        emails = {wish.index: wish.member.email for wish, _desired in wished}
        problems += _told_once([(index, emails[index], text) for index, text in of_rows], rows, called)
        if problems:
            return [], problems
        noted = [
            (wish.index, wish.member.email, note)
            for (wish, _desired, _template), launch in zip(ready, launches)
            if launch is not None
            for note in (*wish.notes, *(f"kickoff: {one}" for one in launch.kickoff.notes))
        ]
        self.notes += [str(note) for note in _told_once(noted, rows, called)]
        planned = []
        for (wish, desired, template), one, runs, launch in zip(ready, sought, found_runs, launches):
            current = runs.current
            doubt = doubt_about(self._client, template.id, desired, runs)
            plan = plan_process(
                desired,
                runs,
                launch,
                known,
                keeps_name=template.names_its_processes,
                doubt=doubt,
            )
            run = ProcessRun(
                self._client,
                desired,
                plan,
                known,
                current=current,
                launch=launch,
                finder=self._finders[template.id],
                sought=one,
            )
            fixed, notes = compare_kickoff(desired, current, template.fields) if current is not None else ([], [])
            run.notes += notes
            planned.append(PlannedProcess(wish.index, wish.member.email, run, fixed))
        self._warn_of_automatic_launches(launches)
        return planned, []

    def _template(self, wanted: str) -> Template | InputError:
        if wanted not in self._templates:
            try:
                template_id, template = find_template(self._client, wanted)
                same = [one for one in self._templates.values() if isinstance(one, Template) and one.id == template_id]
                self._templates[wanted] = (
                    same[0] if same else template or get_template(self._client, template_id, wanted)
                )
            except InputError as error:
                self._templates[wanted] = error
        return self._templates[wanted]

    def _found(self, ready: Sequence[tuple[Wish, DesiredProcess, Template]], sought: Sequence[Sought]) -> list[Found]:
        """Return what carries each reference, after the locks of the templates have been taken."""
        by_template: dict[str, list[int]] = {}
        for place, (_wish, _desired, template) in enumerate(ready):
            by_template.setdefault(template.id, []).append(place)
            finder = self._finders.setdefault(template.id, Finder(self._client, template.id, workers=self._workers))
            finder.template = template
        if self._locks is not None:
            # Always in the same order, or two runs could wait for each other.
            for template_id in sorted(by_template):
                self._locks.enter_context(self._client.alone(LOCK_SUBJECT.format(template_id)))
        found: dict[int, Found] = {}
        for template_id, places in by_template.items():
            includes = [name for name in ("tags", "folders") if any(getattr(ready[place][1], name) for place in places)]
            found.update(zip(places, self._finders[template_id].find([sought[place] for place in places], includes)))
        return [found[place] for place in range(len(ready))]

    def _warn_of_automatic_launches(self, launches: Iterable[Launch | None]) -> None:
        templates = {launch.template.id: launch.template for launch in launches if launch is not None}
        if not templates:
            return
        organization = read_organization(self._client)
        warnings = (warning_of_automatic_launch(organization, template) for template in templates.values())
        self.notes += [warning for warning in warnings if warning is not None]


def _told_once(of_rows: Iterable[tuple[int, str, str]], rows: Rows, called: Callable[[str], str]) -> list[Problem]:
    """Return the problems of rows, each an index, an address and a text, as they are told.

    One that many rows have is mostly one of what goes for everybody.
    """
    by_text: dict[str, list[tuple[int, str]]] = {}
    for index, email, text in of_rows:
        by_text.setdefault(text, []).append((index, email))
    told = []
    for text, concerned in by_text.items():
        if len(concerned) > MOST_ROWS:
            (index, email), more = concerned[0], len(concerned) - 1
            told.append(
                Problem(f"{text} ({rows.place(index).label}, {email}, and {more} more)", Place(called("process")))
            )
        else:
            told += [rows.problem(index, email, f"process: {text}") for index, email in concerned]
    return told


def _twins(ready: Sequence[tuple[Wish, DesiredProcess, Template]], rows: Rows) -> list[tuple[int, str]]:
    """Return a problem for each process that is another row's, too: only one of them would be launched."""
    first: dict[tuple[str, str, str], int] = {}
    emails = {wish.index: wish.member.email for wish, _desired, _template in ready}
    problems = []
    for wish, desired, template in ready:
        marks = sorted(desired.marks(reference_field_of(desired, template)))
        earlier = min(first.setdefault((template.id, *mark), wish.index) for mark in marks)
        if earlier != wish.index:
            whose = f"{rows.place(earlier).label} ({emails[earlier]})"
            problems.append((wish.index, f"the same reference {desired.key!r} as {whose}"))
    return problems
