# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A single member, planned and changed by the code for rosters. Private to the collection."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import split_names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    MEMBER_OPTIONS,
    DesiredMember,
    find_member,
    list_everybody,
    shape_member,
    validate_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

from .fuse import FUSE_OPTIONS, Policy, active_admins, admins_after
from .member_plan import (
    plan_member,
)
from .member_run import MemberRun
from .operation import DIRECT_NEEDS_APPLICATION, roster_lock
from .plan import refuse_by_policy
from .reading import Pair, read_context
from .rights import refuse_without_rights
from .rows import standing
from .run import RosterRun

#: The argument spec of ``tallyfy_user``. It has no ``max_removals``, because it removes one person at most.
ONE_MEMBER_OPTIONS: dict[str, dict[str, Any]] = {**MEMBER_OPTIONS, "min_admins": FUSE_OPTIONS["min_admins"]}


def ensure_member(task: Task) -> dict[str, Any]:
    """Bring one person into the desired state and return the result of ``tallyfy_user``.

    Raises ``InputError`` before anything is sent when a desired value is invalid.
    """
    client, params = task.client, dict(task.params)
    email = Email(params["email"])
    # Split as in a row: ansible-core splits a text at commas only.
    params["clear"] = [name for text in params.get("clear") or () for name in split_names(text)]
    problems = [Problem(flaw.text, subject=email, stored=flaw.stored) for flaw in validate_member(params)]
    problems += map(Problem, Policy.from_params(task.params, task.called).problems())
    if any(problem.stored is None for problem in problems):
        raise InputError(problem.text for problem in problems)
    desired = DesiredMember.from_params(params, has_application=client.application is not None)
    if desired.state == "present" and desired.provision == "direct" and client.application is None:
        raise InputError([DIRECT_NEEDS_APPLICATION])
    member = find_member(client, email)
    problems = standing(problems, [] if member is None else [member])
    if problems:
        raise InputError(problem.text for problem in problems)
    pairs: list[Pair] = [(desired, member)]
    ((_desired, current),), context = read_context(client, pairs)
    run = MemberRun(client, desired, current, context, plan_member(desired, current, context))
    refuse_without_rights(client, run.plan.steps)
    if run.plan.steps:
        client.require_locks()
    with contextlib.ExitStack() as locks:
        if _takes_rights(run):
            # Without the lock, two tasks could each remove an administrator and together leave too few.
            locks.enter_context(roster_lock(task))
            _refuse_by_policy(run, task)
        RosterRun(client, [run]).complete(check_mode=task.check_mode)
    for note in run.notes:
        task.warn(note)
    run.raise_failure()
    # A report needs the notes, and before ansible-core 2.22 the registered results of a loop lack warnings.
    return {**run.result(), "notes": run.notes, "user": _member_after(run)}


def _takes_rights(run: MemberRun) -> bool:
    """Return whether the run removes or demotes an active administrator."""
    before = active_admins([run.current] if run.current is not None else [])
    return not before <= admins_after(before, [(run.current, run.plan)])


def _refuse_by_policy(run: MemberRun, task: Task) -> None:
    """Raise ``RefusedError`` when too few administrators would remain; this reads the list of all members."""
    everybody = [
        run.current if run.current is not None and member.email == run.desired.email else member
        for member in list_everybody(task.client)
    ]
    refuse_by_policy([(run.current, run.plan)], everybody, Policy.from_params(task.params, task.called))


def _member_after(run: MemberRun) -> Record | None:
    """Return the member after the run, or, in check mode, as the plan predicts it."""
    if run.desired.state == "deleted" or (run.current is None and not run.plan.steps):
        return None
    groups = None
    if run.desired.groups is not None:
        groups = list(run.plan.after.get("groups", run.context.groups.names_of(run.current)))
    planned = {name: value for name, value in run.plan.after.items() if name != "groups"}
    shaped = shape_member({**(run.current or {}), **planned, **({} if run.is_pretended else run.record)}, groups)
    return {**shaped, "state": run.desired.state}
