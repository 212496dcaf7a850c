# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handing over what leavers have: guests, processes, open tasks and group memberships. Private to the collection.

It is searched for leavers with and without access, so that a later run finishes what an earlier one could not.
Source: API reference, "Disable, enable, remove, delete", "Update" of guests, "Update, archive, reactivate".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.listing import PER_PAGE
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import rewrite
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import Names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    NotStoredError,
    RefusedByServiceError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.directory import Directory, ids_of
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import DesiredGroup, plan_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import GroupRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    DesiredGuest,
    associated,
    detail,
    plan_guest,
    state_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import GuestRun
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.listing import list_runs

from .member_plan import plan_open_tasks, target_of

#: The statuses of tasks that need no more work.
CLOSED = ("completed", "complete", "auto-skipped")
#: Statuses that mean that the service refuses the hand-over; any other error is a failure.
REFUSALS = (400, 404, 422)
OWNERS_PER_LIST = PER_PAGE


@dataclass(frozen=True)
class Leaver:
    """A member who leaves or has left, and the successor. ``is_deleted`` means that the member is to be deleted."""

    record: Member
    successor: Member | None = None
    is_deleted: bool = False

    @property
    def email(self) -> str:
        return str(self.record["email"])

    @property
    def key(self) -> Email:
        """The address in the form that is compared."""
        return self.record.email

    @property
    def member_id(self) -> str:
        return str(self.record["id"])

    @property
    def has_access(self) -> bool:
        return self.record.status != "disabled"


@dataclass(frozen=True)
class Handover:
    """The plan for one record, carried out before its leavers lose access.

    ``kind`` is ``guest``, ``process``, ``tasks`` or ``group``; ``leavers`` are addresses in the form that is compared.
    """

    kind: str
    plan: Plan
    leavers: frozenset[str]
    record: Record
    desired: DesiredGuest | DesiredGroup | Leaver


# --- reading ----------------------------------------------------------------------------------------------------------


def read_processes(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> list[Record]:
    """Return the running processes that leavers own: one listing for each hundred leavers.

    Each row is checked, in case the service ignores the filter.
    """
    ids = [leaver.member_id for leaver in leavers]
    found: dict[str, Record] = {}
    for start in range(0, len(ids), OWNERS_PER_LIST):
        owners = ",".join(ids[start : start + OWNERS_PER_LIST])
        rows = list_runs(client, None, filters={"owners": owners}, workers=workers)
        found.update({str(row["id"]): row for row in rows})
    return [row for row in found.values() if owner_of(row) in ids and is_running(row)]


def read_open_tasks(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> list[Record]:
    """Return the open tasks of leavers: one listing for each hundred leavers."""
    ids = [leaver.member_id for leaver in leavers]
    found: dict[str, Record] = {}
    for start in range(0, len(ids), OWNERS_PER_LIST):
        query = {"owners": ",".join(ids[start : start + OWNERS_PER_LIST]), "status": "active"}
        rows = client.records(client.path("tasks"), query=query, workers=workers)
        found.update({str(row["id"]): row for row in rows})
    return [row for row in found.values() if is_open(row) and not _users_of(row).isdisjoint(ids)]


def count_open_tasks(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> dict[str, int]:
    """Return the number of open tasks of each leaver, by member ID; leavers without open tasks are left out."""
    tasks = read_open_tasks(client, leavers, workers=workers)
    counts = {leaver.member_id: sum(leaver.member_id in _users_of(task) for task in tasks) for leaver in leavers}
    return {member_id: count for member_id, count in counts.items() if count}


def left_tasks(leavers: Iterable[Leaver]) -> list[Leaver]:
    """Return the leavers whose open tasks need a plan: disabling a member hands over the others'."""
    return [leaver for leaver in leavers if not leaver.has_access and leaver.successor is not None]


def is_running(run: Mapping[str, Any]) -> bool:
    return run.get("status") != "complete" and not run.get("completed_at") and not run.get("archived_at")


def is_open(task: Mapping[str, Any]) -> bool:
    return str(task.get("status")) not in CLOSED and not task.get("archived_at") and not task.get("completed_at")


def owner_of(run: Mapping[str, Any]) -> str:
    """Return the ID of the member who owns a process."""
    return str(run.get("owner_id"))


def _users_of(task: Mapping[str, Any]) -> set[str]:
    """Return the IDs of a task's members; some answers hold member records instead."""
    owners = task.get("owners")
    users = owners.get("users") if isinstance(owners, Mapping) else None
    return {str(user.get("id") if isinstance(user, Mapping) else user) for user in users or ()}


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_guests(
    leavers: Sequence[Leaver], guests: Iterable[Record], directory: Directory, *, leaving: Collection[str] = ()
) -> list[Handover]:
    """Return the plans that associate the guests of leavers with the successor, or with nobody new; pure.

    ``leaving`` are the guests that are removed in the same run, in the form that is compared; they need no plan.
    Raises ``UnreadableAnswerError`` when the list does not show the members of each guest.
    """
    by_id = {int(leaver.member_id): leaver for leaver in leavers}
    planned = []
    for guest in guests if leavers else ():
        if not _shows_members(guest):
            raise UnreadableAnswerError("GET guests", "the list does not show the members of each guest")
        concerned = [by_id[member_id] for member_id in sorted(associated(guest) & by_id.keys())]
        if not concerned or Email(guest.get("email")) in leaving:
            continue
        successors = dict.fromkeys(str(leaver.successor["email"]) for leaver in concerned if leaver.successor)
        desired = DesiredGuest(
            Email(guest["email"]),
            state_of(guest),
            members=Names(add=tuple(successors), remove=tuple(leaver.email for leaver in concerned)),
        )
        reason = f"associated with {_addresses(concerned)}"
        plan = plan_guest(desired, guest, directory)
        verb: Verb = "handed_over" if successors else "updated"
        planned.append(_handover("guest", _because(plan, reason, verb), concerned, guest, desired))
    return planned


def plan_groups(leavers: Sequence[Leaver], groups: Iterable[Record], directory: Directory) -> list[Handover]:
    """Return the plans that remove leavers from groups; pure."""
    by_id = {int(leaver.member_id): leaver for leaver in leavers}
    planned = []
    for group in groups if leavers else ():
        if not isinstance(group.get("members"), list):
            raise UnreadableAnswerError("GET groups", "the list does not show the members of each group")
        listed = ids_of(group["members"], f"group {group.get('name')}")
        concerned = [by_id[member_id] for member_id in sorted(listed & by_id.keys())]
        if concerned:
            planned.append(_group_without(concerned, group, directory))
    return planned


def _group_without(leavers: Sequence[Leaver], group: Record, directory: Directory) -> Handover:
    desired = DesiredGroup(str(group["name"]), members=Names(remove=tuple(leaver.email for leaver in leavers)))
    plan = _because(plan_group(desired, group, directory), f"lists {_addresses(leavers)}")
    return _handover("group", plan, leavers, group, desired)


def narrowed(handover: Handover, leavers: Sequence[Leaver], directory: Directory) -> Handover:
    """Return the change of a group for these leavers only; pure."""
    return _group_without([leaver for leaver in leavers if leaver.key in handover.leavers], handover.record, directory)


def plan_processes(leavers: Sequence[Leaver], runs: Iterable[Record]) -> list[Handover]:
    """Return the plans that hand running processes over to successors; pure. Without a successor there is no plan."""
    by_id = {leaver.member_id: leaver for leaver in leavers}
    planned = []
    for run in runs:
        leaver = by_id.get(owner_of(run))
        if leaver is None or leaver.successor is None:
            continue
        before, after = {"owner": leaver.email}, {"owner": str(leaver.successor["email"])}
        name = str(run.get("name"))
        step = Step("handed_over", name, f"owned by {leaver.email}", after, **target_of(leaver.successor))
        planned.append(_handover("process", Plan(name, before, after, (step,)), [leaver], run, leaver))
    return planned


def plan_tasks(leavers: Sequence[Leaver], tasks: Iterable[Record]) -> list[Handover]:
    """Return the plans that hand open tasks of members without access over to their successors; pure."""
    planned = []
    tasks = list(tasks)
    for leaver in left_tasks(leavers):
        count = sum(leaver.member_id in _users_of(task) for task in tasks)
        if count and leaver.successor is not None:
            plan = plan_open_tasks(leaver.email, count, leaver.successor)
            planned.append(_handover("tasks", plan, [leaver], leaver.record, leaver))
    return planned


def _handover(
    kind: str,
    plan: Plan,
    leavers: Sequence[Leaver],
    record: Record,
    desired: DesiredGuest | DesiredGroup | Leaver,
) -> Handover:
    return Handover(kind, plan, frozenset(leaver.key for leaver in leavers), record, desired)


def _because(plan: Plan, reason: str, action: Verb = "updated") -> Plan:
    return replace(plan, steps=tuple(replace(step, reason=reason, action=action) for step in plan.steps))


def _addresses(leavers: Iterable[Leaver]) -> str:
    return ", ".join(leaver.email for leaver in leavers)


def _shows_members(guest: Mapping[str, Any]) -> bool:
    details = guest.get("details")
    return "associated_members" in (details if isinstance(details, Mapping) else guest) or bool(
        detail(guest, "associated_members")
    )


# --- writing ----------------------------------------------------------------------------------------------------------


class ProcessHandover(PlanRun):
    """Hands a process over to the successor of its owner, unless the owner has changed since."""

    def __init__(self, client: Client, run: Mapping[str, Any], leaver: Leaver, plan: Plan) -> None:
        super().__init__(plan)
        self.notes: list[str] = []
        self._client = client
        self._id = str(run["id"])
        self._leaver = leaver

    def carry_out(self, step: Step) -> bool:
        """Change the owner and check that it is stored; return whether a write was needed."""
        return rewrite(
            self._client,
            "runs",
            self._id,
            differing=lambda run: {"owner_id": int(str(step.target))} if self._is_theirs(run) else {},
            # A PUT detaches each of these that it leaves out.
            body=lambda run, fields: {**{name: _ids(run[name]) for name in ("users", "groups")}, **fields},
            unseen=_unseen_in_process,
        )[1]

    def _is_theirs(self, run: Mapping[str, Any]) -> bool:
        return owner_of(run) == self._leaver.member_id and not run.get("archived_at")


def _unseen_in_process(run: Mapping[str, Any]) -> list[str]:
    unseen = [name for name in ("users", "groups") if not isinstance(run.get(name), list)]
    return unseen if "owner_id" in run else [*unseen, "owner_id"]


class TaskHandover(PlanRun):
    """Hands all open tasks of a member without access over to the successor, in one request."""

    def __init__(self, client: Client, leaver: Leaver, plan: Plan) -> None:
        super().__init__(plan)
        self.notes: list[str] = []
        self._client = client
        self._leaver = leaver

    def carry_out(self, step: Step) -> bool:
        """Hand the tasks over and check the result; return false when the service refuses."""
        leaver = self._leaver
        path = self._client.path("users", leaver.member_id)
        try:
            self._client.call("DELETE", path, query={"with_reassignment": True, "to": step.target})
        except RefusedByServiceError as error:
            # The effect of this request on a disabled member is not documented.
            if leaver.is_deleted or error.status not in REFUSALS or error.code == "ENDPOINT_NOT_FOUND":
                raise
            self.notes.append(f"{leaver.email}: Tallyfy did not hand over {step.reason.partition(';')[0]}: {error}")
            return False
        left = read_open_tasks(self._client, [leaver])
        if left:
            raise NotStoredError(
                f"DELETE {path}: Tallyfy answered with success, but {leaver.email} still has {len(left)} open "
                f"{'task' if len(left) == 1 else 'tasks'}. Reassign the work in Tallyfy.",
                not_stored=["open_tasks"],
            )
        return True


#: A run that carries out a hand-over.
HandoverRun = Union[GuestRun, GroupRun, ProcessHandover, TaskHandover]


def run_of(client: Client, handover: Handover, directory: Directory) -> HandoverRun:
    """Return the run that carries out the hand-over."""
    desired, record, plan = handover.desired, handover.record, handover.plan
    if isinstance(desired, DesiredGuest):
        return GuestRun(client, desired, record, directory, plan)
    if isinstance(desired, DesiredGroup):
        return GroupRun(client, desired, record, directory, plan)
    if handover.kind == "process":
        return ProcessHandover(client, record, desired, plan)
    return TaskHandover(client, desired, plan)


def _ids(rows: Iterable[Any]) -> list[Any]:
    return [next((row[name] for name in ("id", "user_id", "group_id") if name in row), row) if isinstance(row, Mapping)
            else row for row in rows]  # fmt: skip
