# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences between the live organization and its roster, for each person. Private to the collection.

The rows are made from the plans that a roster run would carry out, so that a comparison and a run agree.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import DriftError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import Groups
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import PAGE_WORKERS, is_service_account

from .fuse import named
from .member_plan import is_removal
from .operation import ROSTER_OPTIONS, read_and_plan
from .plan import Roster
from .result import (
    RESULT_KEYS,
    PlannedPerson,
    facts_of,
    warn_of_notes,
)

MISSING, EXTRA, DIFFERENT, UNCLEAR, KEPT = OUTCOMES = ("missing", "extra", "different", "unclear", "kept")
#: The outcomes that a run would change. ``unclear`` and ``kept`` are not drift.
DRIFT = (MISSING, EXTRA, DIFFERENT)
NOT_ON_THE_ROSTER = "is not on the roster"
NOT_A_MEMBER = "is not a member"
MESSAGE_NAMES = 5
#: The options that only a run has: its fuse must not hide how much differs.
OF_RUNS: dict[str, Any] = {"max_removals": "100%", "min_admins": 0, "concurrency": PAGE_WORKERS, "on_error": "finish"}
#: The argument spec of ``tallyfy_roster_drift``: the options and defaults of a run, so that both give the same plan.
DRIFT_OPTIONS: dict[str, dict[str, Any]] = {
    **{name: option for name, option in ROSTER_OPTIONS.items() if name not in OF_RUNS},
    "fail": {"type": "bool", "default": False},
}
DRIFT_KEYS: dict[str, Any] = {
    **RESULT_KEYS,
    "summary": dict.fromkeys((*OUTCOMES, "total", "groups"), 0),
    "groups": [],
    "drifted": False,
}
_NOTHING = "empty"
#: A value that holds one of these is quoted in a message.
_MARKS = ("; ", ", ", '"')


def find_drift(task: Task) -> dict[str, Any]:
    """Return the result of ``tallyfy_roster_drift``; nothing is written.

    Raises ``InputError`` with every invalid row, and ``DriftError`` with the whole result when there is drift and the
    option ``fail`` is set.
    """
    task = replace(task, client=task.client.for_check_mode(), params={**task.params, **OF_RUNS})
    roster = read_and_plan(task, is_comparison=True)
    rows, groups = drift_rows(roster.planned), missing_groups(roster)
    notes = [warning for person in roster.planned for warning in person.plan.warnings]
    summary = _summary(rows, groups)
    warn_of_notes(notes, task.warn)
    result: dict[str, Any] = {
        "changed": False,
        "drifted": summary["total"] > 0,
        "summary": summary,
        "people": rows,
        "groups": groups,
        "problems": [],
        "deferred": [],
        "notes": notes,
        "actions": [],
        "diff": {},
        **facts_of(task, task.organization()),
    }
    if result["drifted"] and task.params["fail"]:
        compared = sum(not _is_left_alone(person) for person in roster.planned)
        raise DriftError(_failure(rows, groups, compared), **result)
    return result


def drift_rows(planned: Iterable[PlannedPerson]) -> list[Record]:
    """Return a row for each person who differs, in the given order. Pure.

    A person to remove who is not a member is up to date. The Tallyfy Bot and support accounts belong to every
    organization; leaving them out of the roster is not drift.
    """
    return [_row(person, outcome) for person in planned if (outcome := _outcome(person)) is not None]


def missing_groups(roster: Roster) -> list[Record]:
    """Return a row for each group that the roster names and that does not exist, in the order of the roster."""
    groups = roster.context.groups
    people: dict[str, list[str]] = {name: [] for name, group in groups.items() if group.get("id") is None}
    if not people:
        return []
    for person in roster.planned:
        for name in _groups_named_by(person, groups):
            people[name].append(person.desired.email)
    return [
        {"name": groups[name]["name"], "outcome": MISSING, "people": emails, "message": _group_message(len(emails))}
        for name, emails in people.items()
    ]


def _groups_named_by(person: PlannedPerson, groups: Groups) -> dict[str, None]:
    """Return the folded names of the groups that a row names and that do not exist."""
    names = person.desired.groups if person.desired.state == "present" else None
    if names is None:
        return {}
    folded_names = map(fold, (*names.desired, *names.remove))
    return {name: None for name in folded_names if groups[name].get("id") is None}


def _group_message(count: int) -> str:
    return f"does not exist; named by {count} {'person' if count == 1 else 'people'}"


# --- people -----------------------------------------------------------------------------------------------------------


def _is_left_alone(person: PlannedPerson) -> bool:
    return not person.is_listed and is_service_account(person.current or {})


def _outcome(person: PlannedPerson) -> str | None:
    if not person.is_listed:
        if _is_left_alone(person):
            return None
        return EXTRA if person.plan.steps else KEPT
    if person.current is None:
        return MISSING if person.desired.state == "present" else None
    if person.plan.steps:
        return EXTRA if is_removal(person.plan) else DIFFERENT
    return UNCLEAR if person.obstacle or person.plan.warnings else None


def _row(person: PlannedPerson, outcome: str) -> Record:
    differences = _differences(person)
    # The row already names the person.
    notes = [note.removeprefix(person.desired.email).lstrip(": ").rstrip(".") for note in person.plan.warnings]
    return {
        "email": person.desired.email,
        "name": person.name,
        "outcome": outcome,
        "differences": differences,
        "message": "; ".join([*_texts_of(person, outcome, differences), *notes]),
        "unlisted": not person.is_listed,
        "notes": notes,
    }


def _differences(person: PlannedPerson) -> list[Record]:
    """Return the current and the desired value of each field that differs; for groups, those in only one of the two."""
    plan = person.plan
    if not person.is_listed:
        # An unlisted member has no fields in the roster.
        return []
    if person.desired.state == "deleted" and plan.steps:
        return [_difference("status", person.current.status if person.current is not None else "", "deleted")]
    names = dict.fromkeys([*plan.before, *plan.after])
    return [
        _group_difference(plan) if name == "groups" else _difference(name, plan.before.get(name), plan.after.get(name))
        for name in names
        # For a person who is not a member, the address is no difference.
        if name != "email"
    ]


def _difference(field: str, current: Any, desired: Any) -> Record:
    return {"field": field, "is": current, "roster": desired}


def _group_difference(plan: Plan) -> Record:
    held, desired = plan.before.get("groups") or [], plan.after.get("groups") or []
    return _difference(
        "groups", [name for name in held if name not in desired], [name for name in desired if name not in held]
    )


def _texts_of(person: PlannedPerson, outcome: str, differences: Iterable[Mapping[str, Any]]) -> list[str]:
    obstacle = person.obstacle.rstrip(".")
    if outcome == KEPT:
        return [f"{NOT_ON_THE_ROSTER}, but a run would keep them: {obstacle}"]
    if not person.is_listed:
        return [NOT_ON_THE_ROSTER]
    if outcome == MISSING:
        return [obstacle or NOT_A_MEMBER]
    return [obstacle] if obstacle else [text for difference in differences for text in _difference_texts(difference)]


def _difference_texts(difference: Mapping[str, Any]) -> list[str]:
    name, current, desired = difference["field"], difference["is"], difference["roster"]
    if name != "groups":
        return [f"{name} is {_shown(current)}, should be {_shown(desired)}"]
    texts = [f"should be in {_shown(desired)}"] if desired else []
    return texts + ([f"should not be in {_shown(current)}"] if current else [])


def _shown(value: Any) -> str:
    """Return a value on one line; a text that could be misread is quoted."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, list):
        return ", ".join(_shown(entry) for entry in value)
    text = str(value)
    is_clear = text == " ".join(text.split()) and text != _NOTHING and not any(mark in text for mark in _MARKS)
    return text if is_clear else json.dumps(text, ensure_ascii=False)


# --- the whole result -------------------------------------------------------------------------------------------------


def _summary(rows: Iterable[Mapping[str, Any]], groups: Sequence[Record]) -> dict[str, int]:
    counts = Counter(row["outcome"] for row in rows)
    total = sum(counts[outcome] for outcome in DRIFT) + len(groups)
    return {**{outcome: counts[outcome] for outcome in OUTCOMES}, "total": total, "groups": len(groups)}


def _failure(rows: Iterable[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]], compared: int) -> str:
    differing = [f"{row['email']} ({row['outcome']})" for row in rows if row["outcome"] in DRIFT]
    lacking = [f"group {group['name']} ({group['outcome']})" for group in groups]
    counts = f"people: {len(differing)} of {compared}" + (f"; groups: {len(lacking)}" if lacking else "")
    return f"The organization differs from the roster ({counts}): {named([*lacking, *differing], MESSAGE_NAMES)}."
