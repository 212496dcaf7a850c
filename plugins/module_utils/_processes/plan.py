# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done for one process. Private to the collection. Every function here is pure."""

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

AT_LAUNCH = "They count at the launch; kickoff_update of tallyfy_process corrects them later."


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
    """Return what has to be done for one process. Pure: the same arguments always give the same plan.

    ``launch`` is what ``prepare_launch`` made, for a process that is not there yet, ``corrections`` are the kick-off
    values to be written, with ``keeps_name`` the name is the affair of the template, ``doubt`` is when an earlier run
    may have launched one without learning of it, and ``owner`` is whose the process is, where ``known`` has nobody but
    whom it is to belong to. Raises ``InputError`` when it is not sure which process is meant.
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
    if owner is not None and "owner" in draft.before:
        draft.before["owner"] = owner
    subject = draft.name if desired.process_id is not None else desired.subject
    return Plan(subject, draft.before, draft.after, tuple(draft.steps), tuple(draft.warnings))


def _plan_archive(desired: DesiredProcess, found: Found) -> Plan:
    if not found.active:
        # Its name may be misspelled.
        warning = f"{desired.subject}: no process carries {desired.key!r}."
        return Plan(desired.subject, warnings=() if found.archived else (warning,))
    if len(found.active) > 1 and desired.duplicates != "archive":
        ids = ", ".join(str(run["id"]) for run in found.active)
        problem = (
            f"{len(found.active)} active processes carry {desired.key!r}, so none is archived: {ids}. Archive those "
            f"that are not meant, or all of them with duplicates=archive"
        )
        raise InputError([problem])
    run, *others = found.active
    step = Step("archived", str(run.get("name")), str(run.get("status") or "active"), {"status": "archived"})
    steps = (step, *(_archive_of(other, run) for other in others))
    subject = step.subject if desired.process_id is not None else desired.subject
    return Plan(subject, {"status": run.get("status")}, {"status": "archived"}, steps)


def _archive_of(duplicate: Record, kept: Mapping[str, Any]) -> Step:
    """Return the step that archives a process which carries the same reference as an older one."""
    reason = f"carries the same reference as {kept['id']}, which is older"
    return Step("archived", str(duplicate.get("name")), reason, {"status": "archived"}, target=str(duplicate["id"]))


def _plan_launch(desired: DesiredProcess, launch: Launch) -> Plan:
    after: Record = {"name": launch.name, "template": launch.template.title, "status": "active"}
    if launch.kickoff.shown:
        after["kickoff"] = dict(launch.kickoff.shown)
    if launch.overrides:
        after["assignments"] = {one.title: one.shown() for one in launch.overrides.values()}
    after.update({"owner": desired.owner} if desired.owner else {})
    after.update({kind: list(desired.ties(kind).desired) for kind in TIES if desired.ties(kind).desired})
    values = {name: value for name, value in after.items() if name not in ("status", "template")}
    step = Step("launched", launch.name, f"no process carries {desired.key!r}", values, target=launch.template.title)
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
        draft.steps.append(Step("unarchived", draft.name, "archived", {"status": "active"}))
        draft.before["status"], draft.after["status"] = "archived", "active"
    _change_fields(draft, desired, current, known, keeps_name=keeps_name)
    if corrections:
        draft.before["kickoff"] = {one.field.label: one.current for one in corrections}
        values = draft.after["kickoff"] = {one.field.label: one.shown for one in corrections}
        draft.steps.append(Step("kickoff_updated", draft.name, _differ(values), values))
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
            draft.warnings.append(f"{draft.name}: Tallyfy does not show its {kind}, so they cannot be compared.")
            continue
        by_name = {fold(name): name for name in held or ()}
        missing, unwanted = desired.ties(kind).changes(by_name)
        if not missing and not unwanted:
            continue
        draft.steps += [Step(action, draft.name, reason.format(one), target=one) for one in missing]
        draft.steps += [Step("untagged", draft.name, f"has {one}", target=by_name[fold(one)]) for one in unwanted]
        kept = [name for folded, name in by_name.items() if folded not in map(fold, unwanted)]
        draft.before[kind], draft.after[kind] = sorted(held or ()), sorted([*kept, *missing])


def _differ(changes: Mapping[str, Any]) -> str:
    return f"{', '.join(changes)} {'differs' if len(changes) == 1 else 'differ'}"


@dataclass(frozen=True)
class Correction:
    """A kick-off value to be changed: its field, the value as it is sent, and both as people see them."""

    field: FormField
    sent: Any
    current: Any
    shown: Any


def differing_kickoff(
    kickoff: Kickoff, current: Mapping[str, Any], fields: Iterable[FormField], known: Known | None = None
) -> list[Correction]:
    """Return the kick-off values that differ from what is asked for; pure.

    Whose IDs assignees are has to be ``known``; otherwise they are not compared.
    """
    if "prerun" not in current:
        return []
    stored = values_of(current)
    found = []
    for one in fields:
        desired = kickoff.encoded.get(one.id)
        if desired is None or (isinstance(desired, Assignees) and known is None):
            continue
        sent = known.resolved(desired) if known is not None else desired
        if not is_stored(one, sent, stored.get(one.id)):
            current_value = (known or Known()).shown(one, stored.get(one.id))
            found.append(Correction(one, sent, current_value, shown_value(one, desired)))
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
