# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans of many people's processes. Private to the collection.

A template and its processes are read once, however many people there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import (
    DesiredProcess,
    validate_process,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.doubt import doubt_about
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import (
    Launch,
    prepare_launch,
    reference_field_of,
    validate_names,
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
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import Rows

from .wishes import Wish

#: A problem that more rows have is reported once, with the first row.
MOST_ROWS = 3


@dataclass
class PlannedProcess:
    """One person's process with its plan. ``email`` is the person's."""

    index: int
    email: str
    run: ProcessRun
    unchangeable: list[Record] = field(default_factory=list)


class LaunchPlanner:
    """Plans processes; reads each template and the processes launched from it once.

    ``locks`` takes the lock of each template before its processes are read, so that no other run launches one in the
    meantime.
    """

    def __init__(self, client: Client, locks: contextlib.ExitStack, *, workers: int = 1) -> None:
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
        """Return the plan of each process, or no plans and the problems."""
        problems: list[Problem] = []
        of_rows: list[tuple[int, str]] = []
        ready: list[tuple[Wish, DesiredProcess, Template]] = []
        for wish, desired in wished:
            found = validate_process(desired)
            if not found:
                template = self._template(desired.template)
                if isinstance(template, Template):
                    ready.append((wish, desired, template))
                    continue
                if "template" not in wish.own:
                    # A problem of the values for everybody is reported once.
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
        for (wish, desired, _template), launch, runs in zip(ready, launches, found_runs):
            found = validate_names(desired, launch, known, current=runs.current)
            of_rows += [(wish.index, problem) for problem in found]
        emails = {wish.index: wish.member.email for wish, _desired in wished}
        problems += _reported_once([(index, emails[index], text) for index, text in of_rows], rows, called)
        if problems:
            return [], problems
        noted = [
            (wish.index, wish.member.email, note)
            for (wish, _desired, _template), launch in zip(ready, launches)
            if launch is not None
            for note in (*wish.notes, *(f"kickoff: {note}" for note in launch.kickoff.notes))
        ]
        self.notes += [str(note) for note in _reported_once(noted, rows, called)]
        planned = []
        for (wish, desired, template), reference, runs, launch in zip(ready, sought, found_runs, launches):
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
                sought=reference,
            )
            fixed, notes = compare_kickoff(desired, current, template.fields) if current is not None else ([], [])
            run.notes += notes
            planned.append(PlannedProcess(wish.index, wish.member.email, run, fixed))
        self._warn_of_automatic_launches(launches)
        return planned, []

    def _template(self, desired: str) -> Template | InputError:
        if desired not in self._templates:
            try:
                template_id, template = find_template(self._client, desired)
                templates = [template for template in self._templates.values() if isinstance(template, Template)]
                same = [template for template in templates if template.id == template_id]
                self._templates[desired] = (
                    same[0] if same else template or get_template(self._client, template_id, desired)
                )
            except InputError as error:
                self._templates[desired] = error
        return self._templates[desired]

    def _found(self, ready: Sequence[tuple[Wish, DesiredProcess, Template]], sought: Sequence[Sought]) -> list[Found]:
        """Lock the templates, then return the processes found for each reference."""
        by_template: dict[str, list[int]] = {}
        for place, (_wish, _desired, template) in enumerate(ready):
            by_template.setdefault(template.id, []).append(place)
            finder = self._finders.setdefault(template.id, Finder(self._client, template.id, workers=self._workers))
            finder.template = template
        # Always in the same order, to avoid a deadlock between two runs.
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


def _reported_once(of_rows: Iterable[tuple[int, str, str]], rows: Rows, called: Callable[[str], str]) -> list[Problem]:
    """Return the problems of rows, each an index, an address and a text.

    A problem that many rows have is reported once: its cause is mostly a value for everybody.
    """
    by_text: dict[str, list[tuple[int, str]]] = {}
    for index, email, text in of_rows:
        by_text.setdefault(text, []).append((index, email))
    problems = []
    for text, concerned in by_text.items():
        if len(concerned) > MOST_ROWS:
            (index, email), more = concerned[0], len(concerned) - 1
            problems.append(
                Problem(f"{text} ({rows.place(index).label}, {email}, and {more} more)", Place(called("process")))
            )
        else:
            problems += [rows.problem(index, email, f"process: {text}") for index, email in concerned]
    return problems


def _twins(ready: Sequence[tuple[Wish, DesiredProcess, Template]], rows: Rows) -> list[tuple[int, str]]:
    """Return a problem for each process that another row also asks for: only one of them would be launched."""
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
