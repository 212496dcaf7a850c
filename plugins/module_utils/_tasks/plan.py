# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done for one task. Private to the collection. Every function here is pure."""

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

STAYS = "It is completed, and Tallyfy changes no completed step; reopen it first (state=open)."
#: A field to compare a summary by, which may be shown as HTML.
_SUMMARY = FormField("summary", "summary", "textarea")


@dataclass(frozen=True)
class Situation:
    """What is known of a task when it is decided what to do.

    ``was_completed`` is whether this controller has completed it before, ``may_complete`` whether the acting member is
    one of those who may.
    """

    task: Mapping[str, Any]
    process: Mapping[str, Any] = field(default_factory=dict)
    people: People = field(default_factory=People)
    known: Known = field(default_factory=Known)
    was_completed: bool = False
    may_complete: bool = True

    @property
    def subject(self) -> str:
        """How the task is called in messages."""
        return called(self.task, self.process)


@dataclass(frozen=True)
class Planned:
    """What is to be done for a task, and what stays as it is although something else is desired."""

    plan: Plan
    corrections: tuple[Correction, ...] = ()
    fixed: tuple[Record, ...] = ()


def plan_task(desired: DesiredTask, at: Situation) -> Planned:
    """Return what has to be done; raises ``InputError`` with everything that is wrong."""
    state = state_of(at.task)
    form = encoded_form(desired, at.task)
    problems = [f"form: {problem}" for problem in form.problems]
    problems += _problems_of_people(desired, at, form)
    problems += _problems_of_answer(desired, at.task)
    # Whom nobody knows cannot be compared.
    corrections = _corrections(form, at, None if problems else at.known)
    warnings = [f"{at.subject}: form: {note}" for note in form.notes]
    stays_open = desired.state == COMPLETED and state == OPEN and at.was_completed and not desired.complete_again
    if stays_open and not problems:
        warnings.append(
            f"{at.subject}: It was completed from here, and is open again. It stays so, since somebody may have "
            f"reopened it on purpose; complete_again=true completes it again."
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
    """Add what the steps change beside the fields of a task."""
    for step in steps:
        if step.action in ("reopened", "completed"):
            before["state"], after["state"] = state_of(at.task), step.values["state"]
        if step.action == "completed" and desired.approved is not None:
            before["approved"], after["approved"] = answer_of(at.task), desired.approved
        if step.action == "commented":
            found = find_comment(at.task, desired.comment_key) or {}
            before["comment"], after["comment"] = found.get("content"), step.values["comment"]


def encoded_form(desired: DesiredTask, task: Mapping[str, Any]) -> Kickoff:
    """Return the values for the form of a task as they are sent, and what is wrong with them.

    What was read and is given back as it was told need not be one that the form takes today.
    """
    fields = form_of(task)
    if not desired.form:
        return Kickoff()
    if fields is None:
        return Kickoff(problems=("Tallyfy does not show its form",))
    form = Form(fields)
    reported = shown_values(form, values_of(task), Known())

    def is_unchanged(name: str, value: Any) -> bool:
        one = form.find(name)
        return one is not None and value == reported[form.names[one.id]]

    return encode(
        fields, {name: value for name, value in desired.form.items() if not is_unchanged(name, value)}, is_whole=False
    )


def differing(
    desired: DesiredTask, task: Mapping[str, Any], people: People, corrections: Sequence[Correction]
) -> Record:
    """Return what a task has otherwise than desired, as the service takes it."""
    fields: Record = {}
    stored = values_of(task)
    lacking = {
        one.field.id: one.sent for one in corrections if not is_stored(one.field, one.sent, stored.get(one.field.id))
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
    """Return what differs of what one request writes, as people see it, before and after."""
    before: Record = {}
    after: Record = {}
    fields = differing(desired, at.task, at.people, corrections)
    if "taskdata" in fields:
        before["form"] = {one.field.label: one.current for one in corrections}
        after["form"] = {one.field.label: one.shown for one in corrections}
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
    """Return the writes in their order: what a completion may depend on comes before it."""
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
            reason = f"no comment {signature(desired.comment_key)}" if found is None else "the text of it differs"
            steps.append(Step("commented", subject, reason, {"comment": content}))
    if desired.state == COMPLETED and state != COMPLETED:
        answer = {"approved": desired.approved} if desired.approved is not None else {}
        steps.append(Step("completed", subject, state, {"state": COMPLETED, **answer}))
    return steps


def _problems_of_people(desired: DesiredTask, at: Situation, form: Kickoff) -> list[str]:
    problems: list[str] = []
    if desired.assignees is not None:
        problems += at.people.problems(desired.assignees, Owners.of(at.task))
    labels = {one.id: one.label for one in form_of(at.task) or ()}
    for field_id, value in form.encoded.items():
        if isinstance(value, Assignees):
            problems += at.known.validate_assignees(value, f"form: {labels[field_id]}")
    return problems


def _problems_of_answer(desired: DesiredTask, task: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the answer to an approval, given or lacking."""
    if desired.state != COMPLETED:
        return []
    kind = str(task.get("task_type") or "").lower()
    if desired.approved is None:
        return ["it is an approval: approved is required, true or false"] if kind == APPROVAL else []
    if kind != APPROVAL and kind not in EXPIRING:
        return [f"approved is for approvals and expiring steps, and its type is {kind or 'not known'}"]
    answer = answer_of(task)
    # A step that expires and was completed in time needed no answer.
    answer = True if answer is None and kind in EXPIRING else answer
    if state_of(task) != COMPLETED or answer in (None, desired.approved):
        return []
    words = {True: "approved", False: "rejected"} if kind == APPROVAL else {True: "completed", False: "expired"}
    asked = f"approved={str(desired.approved).lower()}"
    return [f"it is {words[not desired.approved]} already, and {asked} is asked for; reopen it first (state=open)"]


def _refusals(at: Situation, actions: set[str], form: Kickoff) -> list[str]:
    """Return why the service would refuse what is to be done, as far as that can be told before."""
    problems = _hindrances(at, actions)
    if "completed" not in actions or form_of(at.task) is None:
        return problems
    return problems + [
        f"form: {one.label} is required ({described(one)})" for one in empty_fields(at.task, form.encoded)
    ]


def _hindrances(at: Situation, actions: set[str]) -> list[str]:
    """Return what of a refusal is no matter of the form."""
    problems = []
    writes = actions - {"commented"}
    if actions and is_of_archived(at.process, at.task):
        problems.append("its process is archived; reactivate it first")
    if writes and state_of(at.task) == SKIPPED:
        problems.append("a rule of the template skips it, so nobody can complete it")
    if writes and is_frozen(at.process, at.task):
        problems.append("an open issue of the process keeps its steps as they are; resolve it first")
    if "completed" in actions and at.task.get("problem"):
        problems.append("it has an open issue; resolve it first")
    if "completed" in actions and not at.may_complete:
        problems.append("only its assignees may complete it, and the acting member is none of them")
    return problems


def obstacles(at: Situation) -> list[str]:
    """Return why a step would not be completed now, whatever its form holds; nothing of a completed one."""
    if state_of(at.task) == COMPLETED:
        return []
    reopened = ["it was completed from here, and somebody has reopened it"] if at.was_completed else []
    return _hindrances(at, {"updated", "completed"}) + reopened
