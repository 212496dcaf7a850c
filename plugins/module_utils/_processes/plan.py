# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of one process. Private to the collection. Every function here is pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    Step,
    unchangeable,
    unchangeable_warning,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError

from .assignees import Assignees
from .desired import DesiredProcess, is_same_name
from .doubt import Doubt
from .fields import FormField
from .launch import Known, Launch
from .record import TIES, Found, shown_names, values_of
from .template import is_archived
from .values import Kickoff, encode, is_stored, shown_value

AT_LAUNCH = "They are set at the launch; to correct them later, use kickoff_update of tallyfy_process."


def plan_process(
    desired: DesiredProcess,
    found: Found,
    launch: Launch | None,
    known: Known,
    *,
    corrections: Sequence[Correction] = (),
    keeps_name: bool = False,
    doubt: Doubt | None = None,
    owner: str | None = None,
) -> Plan:
    """Return the plan of one process. Pure: the same arguments always give the same plan.

    ``launch`` comes from ``prepare_launch``, for a process that does not exist yet. ``corrections`` are the kick-off
    values to write. With ``keeps_name`` the template decides the name. ``doubt`` is the period in which an earlier run
    may have launched the process without an answer. ``owner`` is the current owner, where ``known`` has only the
    desired owner. Raises ``InputError`` when several processes match.
    """
    current = found.current
    if desired.state == "archived":
        return _plan_archive(desired, found)
    if current is None:
        if launch is None:
            raise AssertionError("plan_process needs the launch of a process that does not exist")
        return _plan_launch(desired, launch)
    draft = _Draft(str(current.get("name")))
    _plan_duplicates(draft, desired, found, doubt)
    _plan_update(draft, desired, current, known, corrections, keeps_name=keeps_name)
    if owner is not None and "owner" in draft.before:
        draft.before["owner"] = owner
    subject = draft.name if desired.process_id is not None else desired.subject
    return Plan(subject, draft.before, draft.after, tuple(draft.steps), tuple(draft.warnings))


def _plan_archive(desired: DesiredProcess, found: Found) -> Plan:
    if not found.active:
        # The name may be misspelled.
        warning = f"{desired.subject}: no process has the {desired.identity}."
        return Plan(desired.subject, warnings=() if found.archived else (warning,))
    if len(found.active) > 1 and desired.duplicates != "archive":
        ids = ", ".join(str(run["id"]) for run in found.active)
        problem = (
            f"{len(found.active)} active processes have the {desired.identity}, so none was archived: {ids}. "
            f"Archive the duplicates first, or archive all with duplicates=archive"
        )
        raise InputError([problem])
    run, *others = found.active
    step = Step("archived", str(run.get("name")), str(run.get("status") or "active"), {"status": "archived"})
    steps = (step, *(_archive_of(other, run) for other in others))
    subject = step.subject if desired.process_id is not None else desired.subject
    return Plan(subject, {"status": run.get("status")}, {"status": "archived"}, steps)


def _archive_of(duplicate: Record, kept: Mapping[str, Any]) -> Step:
    """Return the step that archives a process with the same reference as an older process."""
    reason = f"has the same reference as the older process {kept['id']}"
    return Step("archived", str(duplicate.get("name")), reason, {"status": "archived"}, target=str(duplicate["id"]))


def _plan_launch(desired: DesiredProcess, launch: Launch) -> Plan:
    after: Record = {"name": launch.name, "template": launch.template.title, "status": "active"}
    if launch.kickoff.shown:
        after["kickoff"] = dict(launch.kickoff.shown)
    if launch.overrides:
        after["assignments"] = {override.title: override.shown() for override in launch.overrides.values()}
    after.update({"owner": desired.owner} if desired.owner else {})
    after.update({kind: list(desired.ties(kind).desired) for kind in TIES if desired.ties(kind).desired})
    values = {name: value for name, value in after.items() if name not in ("status", "template")}
    step = Step("launched", launch.name, f"no process has the {desired.identity}", values, target=launch.template.title)
    return Plan(desired.subject, {}, after, (step,))


@dataclass
class _Draft:
    """An unfinished plan for an existing process."""

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
        draft.steps.append(Step("unarchived", draft.name, "archived", {"status": "active"}))
        draft.before["status"], draft.after["status"] = "archived", "active"
    _change_fields(draft, desired, current, known, keeps_name=keeps_name)
    if corrections:
        draft.before["kickoff"] = {correction.field.label: correction.current for correction in corrections}
        values = draft.after["kickoff"] = {correction.field.label: correction.shown for correction in corrections}
        draft.steps.append(Step("kickoff_updated", draft.name, _differ(values), values))
    _tie(draft, desired, current)


def _plan_duplicates(draft: _Draft, desired: DesiredProcess, found: Found, doubt: Doubt | None) -> None:
    duplicates = found.active[1:]
    archives_all = desired.duplicates == "archive"
    # Archive processes that an earlier run of this controller launched without an answer.
    unwanted = [run for run in duplicates if archives_all or (doubt is not None and doubt.covers(run))]
    if unwanted:
        draft.steps += [_archive_of(run, found.active[0]) for run in unwanted]
        draft.before["duplicates"] = [str(run["id"]) for run in unwanted]
        draft.after["duplicates"] = []
    ids = [str(run["id"]) for run in duplicates if run not in unwanted]
    if ids:
        draft.warnings.append(
            f"{draft.name}: {len(found.active)} active processes have the {desired.identity}. The oldest was "
            f"used. Archive the others ({', '.join(ids)}), for example by tallyfy_process with duplicates=archive."
        )


def _change_fields(draft: _Draft, desired: DesiredProcess, current: Record, known: Known, *, keeps_name: bool) -> None:
    changes: Record = {}
    # Without a reference, the process was found by its name.
    is_other = desired.process_id is not None or (desired.name and desired.reference)
    full_name = desired.full_name(draft.name) if is_other else draft.name
    if not keeps_name and not is_same_name(full_name, draft.name):
        changes["name"] = full_name
        draft.before["name"] = draft.name
    if desired.owner and str(current.get("owner_id")) != str(known.member_id(desired.owner)):
        changes["owner"] = desired.owner
        draft.before["owner"] = known.directory.email_of(current.get("owner_id")) or current.get("owner_id")
    if changes:
        draft.after.update(changes)
        draft.steps.append(Step("updated", draft.name, _differ(changes), changes))


def _tie(draft: _Draft, desired: DesiredProcess, current: Record) -> None:
    acts: tuple[tuple[str, Verb, str], ...]
    acts = (("tags", "tagged", "lacks {}"), ("folders", "added_to_folder", "not in {}"))
    for kind, action, reason in acts:
        held = shown_names(current, kind)
        if getattr(desired, kind) is not None and held is None:
            draft.warnings.append(f"{draft.name}: Tallyfy does not return its {kind}, so they were not compared.")
            continue
        by_name = {fold(name): name for name in held or ()}
        missing, unwanted = desired.ties(kind).changes(by_name)
        if not missing and not unwanted:
            continue
        draft.steps += [Step(action, draft.name, reason.format(title), target=title) for title in missing]
        draft.steps += [Step("untagged", draft.name, f"has {title}", target=by_name[fold(title)]) for title in unwanted]
        kept = [name for folded, name in by_name.items() if folded not in map(fold, unwanted)]
        draft.before[kind], draft.after[kind] = sorted(held or ()), sorted([*kept, *missing])


def _differ(changes: Mapping[str, Any]) -> str:
    return f"{', '.join(changes)} {'differs' if len(changes) == 1 else 'differ'}"


@dataclass(frozen=True)
class Correction:
    """A kick-off value to be changed: its field, the value to send, and both values in readable form."""

    field: FormField
    sent: Any
    current: Any
    shown: Any


def differing_kickoff(
    kickoff: Kickoff, current: Mapping[str, Any], fields: Iterable[FormField], known: Known | None = None
) -> list[Correction]:
    """Return the kick-off values that differ from the desired values; pure.

    Assignees are compared only with ``known``, which has their IDs.
    """
    if "prerun" not in current:
        return []
    stored = values_of(current)
    found = []
    for form_field in fields:
        desired = kickoff.encoded.get(form_field.id)
        if desired is None or (isinstance(desired, Assignees) and known is None):
            continue
        sent = known.resolved(desired) if known is not None else desired
        if not is_stored(form_field, sent, stored.get(form_field.id)):
            current_value = (known or Known()).shown(form_field, stored.get(form_field.id))
            found.append(Correction(form_field, sent, current_value, shown_value(form_field, desired)))
    return found


def compare_kickoff(
    desired: DesiredProcess, current: Mapping[str, Any], fields: Sequence[FormField]
) -> tuple[list[Record], list[str]]:
    """Return the kick-off values that differ from the desired values, and notes about them.

    Kick-off values are set at the launch, so a difference is not a failure, and neither is a field that the form no
    longer has.
    """
    kickoff = encode(fields, desired.kickoff, is_whole=False)
    name = str(current.get("name"))
    notes = [f"{name}: kickoff: {problem}" for problem in kickoff.problems]
    differing = [
        unchangeable(correction.field.label, correction.current, correction.shown, AT_LAUNCH)
        for correction in differing_kickoff(kickoff, current, fields)
    ]
    return differing, notes + ([unchangeable_warning(name, differing)] if differing else [])
