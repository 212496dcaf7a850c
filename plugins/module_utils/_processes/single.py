# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds, plans and changes the process of ``tallyfy_process``. Private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import await_late_writes
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    TallyfyError,
)

from .desired import DesiredProcess, is_same_name, reference_in, validate_archived, validate_process
from .doubt import doubt_about
from .launch import Known, prepare_launch, reference_field_of, validate_names
from .plan import compare_kickoff, differing_kickoff, plan_process
from .race import LOCK_SUBJECT, settle_launches, use_existing
from .reading import find_template, get_process, get_template, look_up, read_organization
from .record import TIES, Found, shown_names, values_of
from .reference import Sought, finder_for
from .run import ProcessRun
from .shape import INCLUDES, Form, beyond, known_of, shape_process, shown_form
from .template import Template, is_archived, warning_of_automatic_launch
from .values import Kickoff, encode


def ensure_process(client: Client, params: Mapping[str, Any], *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring one process into the desired state and return the result of ``tallyfy_process``."""
    desired = DesiredProcess.from_params(params)
    problems = validate_process(desired)
    if problems:
        raise InputError(problems)
    return SingleProcess(client, desired, warn).ensure()


class SingleProcess:
    """The process of ``tallyfy_process``. Reads the template and its processes when needed, and only once."""

    def __init__(self, client: Client, desired: DesiredProcess, warn: Callable[[str], None]) -> None:
        self._client = client
        self._desired = desired
        self._warn = warn
        template_id, template, named = self._named(desired)
        self._finder = finder_for(client, template_id)
        self._finder.template = template or self._finder.template
        self._sought = Sought(named, self._field_of_reference)

    def _named(self, desired: DesiredProcess) -> tuple[str, Template | None, DesiredProcess]:
        """Return the template, and the process to find; for ``process_id``, the process has its current name."""
        if desired.process_id is None:
            return (*find_template(self._client, desired.template), desired)
        run = get_process(self._client, desired.process_id)
        name = str(run.get("name") or "")
        if desired.name and not desired.reference and reference_in(desired.name) is None:
            # A reference that is not given stays.
            self._desired = replace(desired, reference=reference_in(name))
        return str(run.get("checklist_id") or ""), None, replace(desired, name=name, reference=None)

    def ensure(self) -> dict[str, Any]:
        """Find the process, plan the changes, and make them unless in check mode; return the result of the module."""
        found = self._find()
        if found.current is not None:
            path = self._client.path("runs", found.current["id"])
            if await_late_writes(self._client, [path, f"{path}/activate"]):
                found = self._find()
        run, fixed = self._planned(found)
        if run.plan.steps:
            self._client.require_locks()
        with contextlib.ExitStack() as locks:
            if run.launches and not self._client.check_mode:
                locks.enter_context(self._client.alone(LOCK_SUBJECT.format(self._finder.template_id)))
                use_existing(self._client, [run])
            run.complete(run.carry_out, check_mode=self._client.check_mode)
        settle_launches(self._client, [run])
        for note in run.notes:
            self._warn(note)
        run.raise_failure()
        after = _process_after(run, found)
        process = None if after is None else self._shape(after)
        return {**run.result(), "process": process, "unchangeable": fixed, "notes": run.notes}

    def _find(self) -> Found:
        if self._desired.process_id is not None:
            run = get_process(self._client, self._desired.process_id)
            return Found((), (run,)) if is_archived(run) else Found((run,))
        (found,) = self._finder.find([self._sought], INCLUDES)
        return found

    @property
    def _template(self) -> Template:
        if self._finder.template is None:
            self._finder.template = get_template(self._client, self._finder.template_id, self._desired.template)
        return self._finder.template

    def _field_of_reference(self) -> str | None:
        return reference_field_of(self._desired, self._template)

    def _form(self, run: Mapping[str, Any]) -> Form | None:
        """Return the form of an existing process, ``None`` where the caller may not see it."""
        form = shown_form(run)
        if form is None and self._finder.template is None and self._finder.form is None:
            # The template may have been archived since; its processes go on and include their form.
            with contextlib.suppress(InputError):
                self._finder.form = shown_form(get_process(self._client, str(run["id"])))
        with contextlib.suppress(InputError):
            return form or self._finder.form or Form(self._template.fields)
        return None

    def _shape(self, run: Mapping[str, Any]) -> Record:
        """Return a process as the module returns it; a failed lookup of names does not fail a run that changed it."""
        form, known = None, Known()
        with contextlib.suppress(TallyfyError):
            form = self._form(run)
            known = known_of(self._client, [(run, form)])
        return shape_process(run, form, known, self._field_id(form))

    def _field_id(self, form: Form | None) -> str | None:
        if form is None or not self._desired.reference_field:
            return None
        field = form.find(self._desired.reference_field)
        return field.id if field is not None else None

    def _planned(self, found: Found) -> tuple[ProcessRun, list[Record]]:
        """Return the run of the plan, and the values that cannot change.

        Raises ``InputError`` with all errors.
        """
        client, desired, current = self._client, self._desired, found.current
        launch, kickoff, form = None, Kickoff(), None
        notes: list[str] = []
        owner: str | None = None
        if current is not None:
            form = self._form(current)
            record = shape_process(current, form, known_of(client, [(current, form)]), self._field_id(form))
            desired, owner = beyond(desired, record, form), record["owner"]
        fields = form.fields if form is not None and desired.kickoff else ()
        problems = validate_archived(desired)
        if desired.state == "present":
            if current is None:
                launch, problems = prepare_launch(desired, self._template)
                warning = warning_of_automatic_launch(read_organization(client), self._template)
                notes += [warning] if warning is not None else []
            elif desired.kickoff_update:
                kickoff = encode(fields, desired.kickoff, is_whole=False)
                problems += [f"kickoff: {problem}" for problem in kickoff.problems]
        sent = kickoff if launch is None else launch.kickoff
        notes += [f"{desired.subject}: kickoff: {note}" for note in sent.notes]
        known = Known()
        if desired.state == "present":
            known = look_up(client, [(desired, launch)], kickoff.assignees)
            problems += validate_names(desired, launch, known, kickoff, fields, current=current)
        if problems:
            raise InputError(problems)
        corrections = differing_kickoff(kickoff, current, fields, known) if current is not None else []
        plan = plan_process(
            desired,
            found,
            launch,
            known,
            corrections=corrections,
            keeps_name=self._keeps_name(current),
            doubt=doubt_about(client, self._finder.template_id, desired, found),
            owner=owner,
        )
        fixed: list[Record] = []
        if current is not None and fields and not desired.kickoff_update:
            fixed, remarks = compare_kickoff(desired, current, fields)
            notes += remarks
        run = ProcessRun(
            client,
            desired,
            plan,
            known,
            current=current,
            launch=launch,
            finder=self._finder,
            sought=self._sought,
            corrections=corrections,
            shape=self._shape,
        )
        run.notes += notes
        return run, fixed

    def _keeps_name(self, current: Mapping[str, Any] | None) -> bool:
        """Return whether the template names its processes, which matters only where the name is not as desired."""
        if current is None or not (self._desired.name and self._desired.reference_field):
            return False
        if is_same_name(self._desired.full_name(str(current.get("name"))), current.get("name")):
            return False
        with contextlib.suppress(InputError):
            return self._template.names_its_processes
        return False


def _process_after(run: ProcessRun, found: Found) -> Record | None:
    """Return the process after the run, or, in check mode, as far as the plan shows it."""
    current, after = found.current, run.plan.after
    if current is None and not run.plan.steps:
        return None
    if not run.is_pretended:
        return run.record
    planned: Record = {name: after[name] for name in ("name", "status") if name in after}
    planned.update({"tags": [], "folders": []} if current is None else {})
    for kind in TIES:
        held = shown_names(current or {}, kind) or ()
        spelled = (name if name in held else run.known.tie(kind, name)[1] for name in after.get(kind, ()))
        planned.update({kind: [{"name": name} for name in spelled]} if kind in after else {})
    if run.launch is not None:
        title, template_id = run.launch.template.title, run.launch.template.id
        planned.update(checklist_title=title, checklist_id=template_id, prerun=run.launch.sent(run.known))
    if run.corrections:
        planned["prerun"] = {**values_of(current or {}), **{item.field.id: item.sent for item in run.corrections}}
    if run.desired.owner:
        planned["owner_id"] = run.known.member_id(run.desired.owner)
    planned.update({"archived_at": None} if after.get("status") == "active" else {})
    return {**(current or {}), **planned}
