# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of one task. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    Step,
    unchangeable,
    unchangeable_warning,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.assignees import Assignees
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import FormField, described
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.launch import Known
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.plan import Correction, differing_kickoff
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.shape import Form, shown_values
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import (
    Kickoff,
    encode,
    is_stored,
)

from .comments import find_comment, is_same_comment, signature, signed
from .desired import DesiredTask, is_same_deadline
from .people import People
from .record import (
    APPROVAL,
    COMPLETED,
    EXPIRING,
    OPEN,
    SKIPPED,
    Owners,
    called,
    empty_fields,
    form_of,
    is_frozen,
    is_of_archived,
    shown_deadline,
    state_of,
    values_of,
)
from .shape import answer_of

STAYS = "Tallyfy does not change completed steps; reopen the step first (state=open)."
#: A field for the comparison of summaries, which the service may return as HTML.
_SUMMARY = FormField("summary", "summary", "textarea")


@dataclass(frozen=True)
class Situation:
    """The records that planning needs.

    ``was_completed`` is whether this controller has completed the task before, ``may_complete`` whether the acting
    member may complete it.
    """

    task: Mapping[str, Any]
    process: Mapping[str, Any] = field(default_factory=dict)
    people: People = field(default_factory=People)
    known: Known = field(default_factory=Known)
    was_completed: bool = False
    may_complete: bool = True

    @property
    def subject(self) -> str:
        """The name of the task in messages."""
        return called(self.task, self.process)


@dataclass(frozen=True)
class Planned:
    """The plan of a task, and the desired values that cannot be set."""

    plan: Plan
    corrections: tuple[Correction, ...] = ()
    fixed: tuple[Record, ...] = ()


def plan_task(desired: DesiredTask, at: Situation) -> Planned:
    """Return the plan of a task; raises ``InputError`` with all errors."""
    state = state_of(at.task)
    form = encoded_form(desired, at.task)
    problems = [f"form: {problem}" for problem in form.problems]
    problems += _validate_people(desired, at, form)
    problems += _validate_answer(desired, at.task)
    # Unknown people cannot be compared.
    corrections = _corrections(form, at, None if problems else at.known)
    warnings = [f"{at.subject}: form: {note}" for note in form.notes]
    stays_open = desired.state == COMPLETED and state == OPEN and at.was_completed and not desired.complete_again
    if stays_open and not problems:
        warnings.append(
            f"{at.subject}: An earlier run completed it, and somebody has reopened it, so it was not completed again. "
            f"To complete it, set complete_again=true."
        )
        return Planned(Plan(at.subject, warnings=tuple(warnings)))
    before, after = _differences(desired, at, corrections)
    if state == COMPLETED and desired.state != OPEN:
        fixed = _fixed(before, after)
        warnings += [unchangeable_warning(at.subject, fixed)] if fixed else []
        before, after, corrections = {}, {}, []
    else:
        fixed = []
    steps = _steps(desired, at, after)
    problems += _refusals(at, {step.action for step in steps}, form)
    if problems:
        raise InputError([f"{at.subject}: {problem}" for problem in problems])
    _add_differences(steps, desired, at, before, after)
    plan = Plan(at.subject, before, after, tuple(steps), tuple(warnings))
    return Planned(plan, tuple(corrections), tuple(fixed))


def _add_differences(steps: Sequence[Step], desired: DesiredTask, at: Situation, before: Record, after: Record) -> None:
    """Add the changes of the steps other than those of fields."""
    for step in steps:
        if step.action in ("reopened", "completed"):
            before["state"], after["state"] = state_of(at.task), step.values["state"]
        if step.action == "completed" and desired.approved is not None:
            before["approved"], after["approved"] = answer_of(at.task), desired.approved
        if step.action == "commented":
            found = find_comment(at.task, desired.comment_key) or {}
            before["comment"], after["comment"] = found.get("content"), step.values["comment"]


def encoded_form(desired: DesiredTask, task: Mapping[str, Any]) -> Kickoff:
    """Return the values of the form of a task for the request, and the errors in them.

    Values that were read and are given back unchanged are not validated; the form may no longer accept them.
    """
    fields = form_of(task)
    if not desired.form:
        return Kickoff()
    if fields is None:
        return Kickoff(problems=("Tallyfy does not return its form",))
    form = Form(fields)
    reported = shown_values(form, values_of(task), Known())

    def is_unchanged(name: str, value: Any) -> bool:
        form_field = form.find(name)
        return form_field is not None and value == reported[form.names[form_field.id]]

    return encode(
        fields, {name: value for name, value in desired.form.items() if not is_unchanged(name, value)}, is_whole=False
    )


def differing(
    desired: DesiredTask, task: Mapping[str, Any], people: People, corrections: Sequence[Correction]
) -> Record:
    """Return the desired values that differ from the task, in the form of the request."""
    fields: Record = {}
    stored = values_of(task)
    lacking = {
        correction.field.id: correction.sent
        for correction in corrections
        if not is_stored(correction.field, correction.sent, stored.get(correction.field.id))
    }
    if lacking:
        fields["taskdata"] = lacking
    if desired.assignees is not None:
        current = Owners.of(task)
        owners = people.desired(desired.assignees, current)
        if owners != current:
            fields["owners"] = owners.body()
    if desired.deadline is not None and not is_same_deadline(desired.deadline, task.get("deadline")):
        fields["deadline"] = desired.deadline
    if desired.summary is not None and not is_stored(_SUMMARY, desired.summary, task.get("summary") or ""):
        fields["summary"] = desired.summary
    return fields


def _corrections(form: Kickoff, at: Situation, known: Known | None) -> list[Correction]:
    return differing_kickoff(form, {"prerun": values_of(at.task)}, form_of(at.task) or (), known)


def _differences(
    desired: DesiredTask, at: Situation, corrections: Sequence[Correction]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the differences that the update request writes, in readable form, before and after."""
    before: Record = {}
    after: Record = {}
    fields = differing(desired, at.task, at.people, corrections)
    if "taskdata" in fields:
        before["form"] = {correction.field.label: correction.current for correction in corrections}
        after["form"] = {correction.field.label: correction.shown for correction in corrections}
    if "owners" in fields and desired.assignees is not None:
        current = Owners.of(at.task)
        before["assignees"] = at.people.shown(current)
        after["assignees"] = at.people.shown(at.people.desired(desired.assignees, current))
    if "deadline" in fields:
        before["deadline"] = shown_deadline(at.task.get("deadline"))
        after["deadline"] = iso_utc(fields["deadline"].timestamp())
    if "summary" in fields:
        before["summary"], after["summary"] = at.task.get("summary"), desired.summary
    return before, after


def _fixed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Record]:
    rows = []
    for name, desired in after.items():
        if name == "form":
            rows += [unchangeable(label, before[name][label], value, STAYS) for label, value in desired.items()]
        else:
            rows.append(unchangeable(name, before[name], desired, STAYS))
    return rows


def _steps(desired: DesiredTask, at: Situation, after: Mapping[str, Any]) -> list[Step]:
    """Return the steps in order: changes that a completion may depend on come before it."""
    state, subject = state_of(at.task), at.subject
    steps = []
    if desired.state == OPEN and state == COMPLETED:
        steps.append(Step("reopened", subject, "completed", {"state": OPEN}))
    if after:
        reason = f"{', '.join(after)} {'differs' if len(after) == 1 else 'differ'}"
        steps.append(Step("updated", subject, reason, dict(after)))
    if desired.comment:
        content = signed(desired.comment, desired.comment_key)
        found = find_comment(at.task, desired.comment_key)
        if found is None or not is_same_comment(found, content):
            reason = f"no comment {signature(desired.comment_key)}" if found is None else "its text differs"
            steps.append(Step("commented", subject, reason, {"comment": content}))
    if desired.state == COMPLETED and state != COMPLETED:
        answer = {"approved": desired.approved} if desired.approved is not None else {}
        steps.append(Step("completed", subject, state, {"state": COMPLETED, **answer}))
    return steps


def _validate_people(desired: DesiredTask, at: Situation, form: Kickoff) -> list[str]:
    problems: list[str] = []
    if desired.assignees is not None:
        problems += at.people.problems(desired.assignees, Owners.of(at.task))
    labels = {form_field.id: form_field.label for form_field in form_of(at.task) or ()}
    for field_id, value in form.encoded.items():
        if isinstance(value, Assignees):
            problems += at.known.validate_assignees(value, f"form: {labels[field_id]}")
    return problems


def _validate_answer(desired: DesiredTask, task: Mapping[str, Any]) -> list[str]:
    """Return the errors in ``approved``, which approvals need."""
    if desired.state != COMPLETED:
        return []
    kind = str(task.get("task_type") or "").lower()
    if desired.approved is None:
        return ["approved (true or false) is required for an approval"] if kind == APPROVAL else []
    if kind != APPROVAL and kind not in EXPIRING:
        return [f"approved is only for approvals and expiring steps; the type of this step is {kind or 'unknown'}"]
    answer = answer_of(task)
    # An expiring step that was completed in time has no answer.
    answer = True if answer is None and kind in EXPIRING else answer
    if state_of(task) != COMPLETED or answer in (None, desired.approved):
        return []
    words = {True: "approved", False: "rejected"} if kind == APPROVAL else {True: "completed", False: "expired"}
    given = f"approved={str(desired.approved).lower()}"
    return [f"it is already {words[not desired.approved]}, so {given} cannot be set; reopen it first (state=open)"]


def _refusals(at: Situation, actions: set[str], form: Kickoff) -> list[str]:
    """Return the reasons for which the service would refuse the actions, as far as they are known."""
    problems = _obstacles(at, actions)
    if "completed" not in actions or form_of(at.task) is None:
        return problems
    return problems + [
        f"form: {form_field.label} is required ({described(form_field)})"
        for form_field in empty_fields(at.task, form.encoded)
    ]


def _obstacles(at: Situation, actions: set[str]) -> list[str]:
    """Return the reasons for a refusal other than the form."""
    problems = []
    writes = actions - {"commented"}
    if actions and is_of_archived(at.process, at.task):
        problems.append("its process is archived; reactivate it first")
    if writes and state_of(at.task) == SKIPPED:
        problems.append("a rule of the template skips it, so nobody can complete it")
    if writes and is_frozen(at.process, at.task):
        problems.append("its process has an open issue, which blocks changes; resolve the issue first")
    if "completed" in actions and at.task.get("problem"):
        problems.append("it has an open issue; resolve the issue first")
    if "completed" in actions and not at.may_complete:
        problems.append("only its assignees may complete it, and the acting member is not one of them")
    return problems


def obstacles(at: Situation) -> list[str]:
    """Return the reasons, other than the form, for which an open step cannot be completed now."""
    if state_of(at.task) == COMPLETED:
        return []
    reopened = ["an earlier run completed it, and somebody has reopened it"] if at.was_completed else []
    return _obstacles(at, {"updated", "completed"}) + reopened
