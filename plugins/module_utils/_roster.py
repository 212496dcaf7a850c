# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired people on one side, the live organization on the other: one plan, one run. Private to the collection.

One member is a roster of one; there is no other way to plan or to change a member.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._brakes import Brakes
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InconsistentListError,
    InputError,
    RefusedError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._fuse import Policy, ambiguous, named, refusals
from ansible_collections.tallyfy.platform.plugins.module_utils._member_plans import REMOVALS, Surroundings, plan_member
from ansible_collections.tallyfy.platform.plugins.module_utils._member_runs import (
    MemberRun,
    Newcomers,
    Pair,
    look_around,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._members import (
    DesiredMember,
    find_member,
    folded,
    is_address,
    list_everybody,
    problems_with,
    shape_member,
    status_of,
    unseen_in,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_file import read_roster
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_results import (
    UNKNOWN_ADDRESS,
    PlannedPerson,
    Told,
    roster_result,
    warn_of_notes,
    without_subject,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_run import RosterRun
from ansible_collections.tallyfy.platform.plugins.module_utils._rows import (
    LEAVING_SUCCESSOR,
    Rows,
    checked_rows,
    in_order,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._transport import MOST_CONNECTIONS

LOCK_SUBJECT = "the roster of {}"
#: Fields that tell that a member belongs to Tallyfy, or cannot be spared.
PROTECTING_FIELDS = ("is_default_admin", "support_user")
DIRECT_NEEDS_APPLICATION = "provision=direct goes through the application: give client_id and client_secret"
#: The argument spec of ``tallyfy_roster``. Rows are raw: ansible-core's own messages would not say which one is wrong.
ROSTER_OPTIONS: dict[str, dict[str, Any]] = {
    "members": {"type": "list", "elements": "raw"},
    "src": {"type": "path"},
    "defaults": {"type": "dict", "default": {}},
    "unlisted": {"type": "str", "choices": ["ignore", "absent"], "default": "ignore"},
    "protect": {"type": "list", "elements": "str", "default": []},
    "max_removals": {"type": "str", "default": "10%"},
    "min_admins": {"type": "int", "default": 2},
    "reassign_to": {"type": "str"},
    "concurrency": {"type": "int", "default": 8},
    "on_error": {"type": "str", "choices": ["finish", "stop"], "default": "finish"},
}
ROSTER_RULES: dict[str, Any] = {
    "mutually_exclusive": [("members", "src")],
    "required_one_of": [("members", "src")],
}


# --- planning ---------------------------------------------------------------------------------------------------------


def unlisted_leavers(
    listed: Iterable[DesiredMember], everybody: Iterable[Record], policy: Policy
) -> list[DesiredMember]:
    """Return the wish that members who are not listed lose their access, where the policy has it; pure."""
    if policy.unlisted != "absent":
        return []
    addresses = {folded(desired.email) for desired in listed}
    return [
        DesiredMember(email=str(record["email"]), state="absent", reassign_to=policy.reassign_to)
        for record in everybody
        if folded(record["email"]) not in addresses and status_of(record) != "disabled"
    ]


def plan_roster(
    pairs: Sequence[Pair],
    everybody: Sequence[Record],
    policy: Policy,
    around: Surroundings,
    *,
    listed: int | None = None,
    called: Callable[[int], str] = lambda index: f"row {index + 1}",
) -> list[PlannedPerson]:
    """Return the plan of every person, in the order of ``pairs``. Pure: it depends on nothing but its arguments.

    The first ``listed`` pairs (by default: all) were asked for, the others are members whom nobody listed. ``called``
    names a pair in a message.

    Raises ``InputError`` for what is missing or impossible, with every row concerned, ``InconsistentListError`` when
    the list of members leaves a doubt about who is meant, and ``RefusedError`` when the policy does not allow it.
    """
    count = len(pairs) if listed is None else listed
    planned: list[PlannedPerson] = []
    problems: list[str] = []
    for index, (desired, current) in enumerate(pairs):
        try:
            if index < count:
                planned.append(_plan_listed(desired, current, policy, around))
            else:
                planned.append(_plan_unlisted(desired, current, policy, around))
        except InputError as error:
            texts = [without_subject(text, desired.email) for text in error.problems]
            problems += [text if _is_about_all(text, policy) else f"{called(index)}: {text}" for text in texts]
        except RefusedError as error:
            problems.append(f"{called(index)}: {without_subject(error.message, desired.email)}")
    problems += _leaving_successors(pairs, count, planned, called, policy)
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    _refuse_doubts(everybody, planned)
    reasons = refusals([(person.current, person.plan) for person in planned], everybody, policy)
    if reasons:
        leavers = sorted(person.desired.email for person in planned if _is_leaving(person.plan))
        raise RefusedError(f"Nothing was written: {'; '.join(reasons)}.", removals=leavers, reasons=reasons)
    return planned


def _leaving_successors(
    pairs: Sequence[Pair],
    listed: int,
    planned: Iterable[PlannedPerson],
    called: Callable[[int], str],
    policy: Policy,
) -> list[str]:
    problems = []
    leaving = {folded(person.desired.email) for person in planned if _is_leaving(person.plan)}
    unlisted = {folded(desired.email) for desired, _current in pairs[listed:]}
    for index, (desired, _current) in enumerate(pairs):
        address, successor = folded(desired.email), folded(desired.reassign_to)
        if address not in leaving or successor not in leaving:
            continue
        if index >= listed or successor in unlisted:
            text = f"reassign_to {desired.reassign_to} would lose their access, too"
            problems.append(text if _is_about_all(text, policy) else f"{called(index)}: {text}")
        elif successor != address:
            problems.append(f"{called(index)}: {LEAVING_SUCCESSOR.format(successor)}")
    return problems


def _plan_listed(desired: DesiredMember, current: Record | None, policy: Policy, around: Surroundings) -> PlannedPerson:
    plan = plan_member(desired, current, around)
    protector = policy.protector(desired.email) if _is_leaving(plan) else None
    if protector is not None:
        raise RefusedError(f"{desired.email} is not removed: protect holds {protector}")
    is_unknown = current is None and desired.state != "present"
    return PlannedPerson(desired, current, plan, note=UNKNOWN_ADDRESS if is_unknown else "")


def _is_about_all(problem: str, policy: Policy) -> bool:
    """Return whether the problem is the successor that the task names for everybody: told once, not per person."""
    return policy.reassign_to is not None and problem.startswith(f"reassign_to {policy.reassign_to} ")


def _plan_unlisted(
    desired: DesiredMember, current: Record | None, policy: Policy, around: Surroundings
) -> PlannedPerson:
    protector = policy.protector(desired.email)
    note = f"Not listed, and kept: protect holds {protector}." if protector is not None else ""
    plan = Plan(desired.email)
    if not note:
        try:
            plan = plan_member(desired, current, around)
        except RefusedError as error:
            note = f"Not listed, and kept: {error.message}"
    hidden = unseen_in(PROTECTING_FIELDS, current or {}) if plan.steps else []
    if hidden:
        warning = (
            f"{desired.email}: Tallyfy does not show {', '.join(hidden)}, which could have been a reason to keep them."
        )
        plan = replace(plan, warnings=(*plan.warnings, warning))
    return PlannedPerson(desired, current, plan, is_listed=False, note=note)


def _refuse_doubts(everybody: Sequence[Record], planned: Sequence[PlannedPerson]) -> None:
    """Raise ``InconsistentListError`` when it is not sure who is meant, and that matters."""
    doubtful = ambiguous(everybody)
    if not doubtful:
        return
    concerned = {folded(person.desired.email) for person in planned if person.is_listed}
    if concerned & set(doubtful) or any(_is_leaving(person.plan) for person in planned):
        raise InconsistentListError(
            "The list of members",
            f"several members have the address {named(doubtful)} when case does not matter, so it is not sure who is "
            f"meant",
            advice="Nothing was written. Keep one of them in Tallyfy, and run it again.",
        )


def _is_leaving(plan: Plan) -> bool:
    return any(step.action in REMOVALS for step in plan.steps)


# --- a whole roster ---------------------------------------------------------------------------------------------------


def ensure_roster(
    client: Client,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Bring all people of a roster into their wanted state and return the result of ``tallyfy_roster``.

    Raises ``InputError`` with every row that is wrong, before anything is written, and ``RosterError`` at the end when
    somebody could not be brought into the wanted state.
    """
    subject = LOCK_SUBJECT.format(client.connection.org_id)
    # Who only looks keeps nobody waiting.
    with contextlib.nullcontext() if check_mode else client.exclusively(subject):
        return _ensure_roster(client, params, check_mode=check_mode, warn=warn, progress=progress)


def _ensure_roster(
    client: Client,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    workers = params["concurrency"]
    policy = Policy(
        unlisted=params["unlisted"],
        protect=tuple(params["protect"]),
        max_removals=str(params["max_removals"]),
        min_admins=params["min_admins"],
        reassign_to=(params["reassign_to"] or "").strip() or None,
    )
    rows = read_roster(params["src"]) if params["src"] is not None else Rows(params["members"])
    indexed, problems = _listed(rows, params, policy, has_application=client.application is not None)
    listed = [desired for _index, desired in indexed]
    problems += _problems_of_task(workers, policy, listed, rows)
    try:
        pairs, everybody, around = _read(client, listed, policy, workers)

        def called(index: int) -> str:
            email = pairs[index][0].email
            return rows.called(indexed[index][0], email) if index < len(indexed) else f"{email} (not listed)"

        planned = plan_roster(pairs, everybody, policy, around, listed=len(listed), called=called)
    except TallyfyError as error:
        if isinstance(error, InputError):
            # A successor who is leaving, too, is found out before anything is asked, and again by the plan.
            problems = list(dict.fromkeys([*problems, *error.problems]))
        if problems:
            raise InputError(in_order(problems, rows)) from None
        raise
    if problems:
        raise InputError(in_order(problems, rows))
    newcomers = Newcomers(client)
    runs = [MemberRun(client, one.desired, one.current, around, one.plan, newcomers) for one in planned]
    roster_run = RosterRun(
        client,
        runs,
        workers=workers,
        brakes=Brakes(goes_on=params["on_error"] == "finish"),
        everybody=everybody,
        min_admins=policy.min_admins,
        progress=progress,
    )
    if check_mode:
        for run in runs:
            run.pretend()
    else:
        roster_run.carry_out()
    told = [Told(one, run, roster_run.halt_of(run)) for one, run in zip(planned, runs)]
    warn_of_notes([note for run in runs for note in run.notes], warn)
    return roster_result(told, client)


def _listed(
    rows: Rows, params: Mapping[str, Any], policy: Policy, *, has_application: bool
) -> tuple[list[tuple[int, DesiredMember]], list[str]]:
    """Return each row's index with what it wants, as far as it names a person, and every problem."""
    checked, problems = checked_rows(rows, params["defaults"])
    listed = []
    for index, row in checked:
        if not is_address(row.get("email")):
            continue
        desired = DesiredMember.from_params(row, has_application=has_application)
        if desired.state == "present" and desired.provision == "direct" and not has_application:
            problems.append(f"{rows.called(index, desired.email)}: {DIRECT_NEEDS_APPLICATION}")
        if desired.state != "present" and desired.reassign_to is None:
            desired = replace(desired, reassign_to=policy.reassign_to)
        listed.append((index, desired))
    return listed, problems


def _problems_of_task(workers: int, policy: Policy, listed: Sequence[DesiredMember], rows: Rows) -> list[str]:
    problems = policy.problems()
    if not 1 <= workers <= MOST_CONNECTIONS:
        problems.append(f"concurrency is {workers}, and must be between 1 and {MOST_CONNECTIONS}")
    if policy.unlisted == "absent" and not rows.rows:
        problems.append("the roster is empty, and unlisted=absent would remove everybody; that is never done")
    successor = folded(policy.reassign_to)
    if successor and any(folded(one.email) == successor and one.state != "present" for one in listed):
        problems.append(f"reassign_to {successor} is leaving too")
    return problems


def _read(
    client: Client, listed: Sequence[DesiredMember], policy: Policy, workers: int
) -> tuple[list[Pair], list[Record], Surroundings]:
    everybody = list_everybody(client, workers=workers)
    index = {folded(record["email"]): record for record in everybody}
    wanted = [*listed, *unlisted_leavers(listed, everybody, policy)]
    pairs: list[Pair] = [(desired, index.get(folded(desired.email))) for desired in wanted]
    completed, around = look_around(client, pairs, everybody=index, workers=workers)
    # The fuse counts what the listing may not show, such as roles.
    whole = {str(current["id"]): current for _desired, current in completed if current is not None}
    return completed, [whole.get(str(record["id"]), record) for record in everybody], around


# --- a roster of one --------------------------------------------------------------------------------------------------


def ensure_member(
    client: Client, params: Mapping[str, Any], *, check_mode: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Bring one person into the wanted state and return the result of ``tallyfy_user``.

    Raises ``InputError`` before anything is sent when the wanted values are wrong by themselves.
    """
    problems = problems_with(params)
    if problems:
        raise InputError(problems)
    desired = DesiredMember.from_params(params, has_application=client.application is not None)
    if desired.state == "present" and desired.provision == "direct" and client.application is None:
        raise InputError([DIRECT_NEEDS_APPLICATION])
    ((_desired, current),), around = look_around(client, [(desired, find_member(client, desired.email))])
    run = MemberRun(client, desired, current, around, plan_member(desired, current, around))
    if check_mode:
        run.pretend()
    else:
        RosterRun(client, [run]).carry_out()
    for note in run.notes:
        warn(note)
    run.raise_failure()
    # Warnings are lost from the registered results of a loop before ansible-core 2.22; a report wants them.
    return {**run.result(), "notes": run.notes, "user": _member_after(run, check_mode=check_mode)}


def _member_after(run: MemberRun, *, check_mode: bool) -> Record | None:
    """Return the member as they are after the run, or, in check mode, as far as the plan can tell."""
    if run.desired.state == "deleted" or (run.current is None and not run.plan.steps):
        return None
    groups = None
    if run.desired.groups is not None:
        groups = list(run.plan.after.get("groups", run.around.groups.names_of(run.current)))
    planned = {name: value for name, value in run.plan.after.items() if name != "groups"}
    return shape_member({**(run.current or {}), **planned, **({} if check_mode else run.record)}, groups)
