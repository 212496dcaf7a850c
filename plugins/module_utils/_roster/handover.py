# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people who leave would leave behind: guests, processes, open tasks and places in groups. Private to the
collection.

It is looked for whether or not they still have access, so that a later run finishes what an earlier one could not.
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

#: Tasks that nobody has to do any more.
CLOSED = ("completed", "complete", "auto-skipped")
#: Answers that tell that this is not possible, and not that something else is wrong.
REFUSALS = (400, 404, 422)
OWNERS_PER_LIST = PER_PAGE


@dataclass(frozen=True)
class Leaver:
    """A member who leaves, or has left, and who takes over. ``is_deleted`` says that nothing of them is to stay."""

    record: Member
    successor: Member | None = None
    is_deleted: bool = False

    @property
    def email(self) -> str:
        return str(self.record["email"])

    @property
    def key(self) -> Email:
        """The address as it is compared."""
        return self.record.email

    @property
    def member_id(self) -> str:
        return str(self.record["id"])

    @property
    def has_access(self) -> bool:
        return self.record.status != "disabled"


@dataclass(frozen=True)
class Handover:
    """What is to be done about one record before the people concerned lose their access.

    ``kind`` is ``guest``, ``process``, ``tasks`` or ``group``; ``leavers`` are the addresses as they are compared.
    """

    kind: str
    plan: Plan
    leavers: frozenset[str]
    record: Record
    desired: DesiredGuest | DesiredGroup | Leaver


# --- reading ----------------------------------------------------------------------------------------------------------


def read_processes(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> list[Record]:
    """Return the running processes that leavers own: one listing for each hundred of them.

    What each row says of itself counts, and not the filter of the service.
    """
    ids = [leaver.member_id for leaver in leavers]
    found: dict[str, Record] = {}
    for start in range(0, len(ids), OWNERS_PER_LIST):
        owners = ",".join(ids[start : start + OWNERS_PER_LIST])
        rows = list_runs(client, None, filters={"owners": owners}, workers=workers)
        found.update({str(row["id"]): row for row in rows})
    return [row for row in found.values() if owner_of(row) in ids and is_running(row)]


def read_open_tasks(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> list[Record]:
    """Return the open tasks of leavers: one listing for each hundred of them."""
    ids = [leaver.member_id for leaver in leavers]
    found: dict[str, Record] = {}
    for start in range(0, len(ids), OWNERS_PER_LIST):
        query = {"owners": ",".join(ids[start : start + OWNERS_PER_LIST]), "status": "active"}
        rows = client.records(client.path("tasks"), query=query, workers=workers)
        found.update({str(row["id"]): row for row in rows})
    return [row for row in found.values() if is_open(row) and not _users_of(row).isdisjoint(ids)]


def count_open_tasks(client: Client, leavers: Sequence[Leaver], *, workers: int = 1) -> dict[str, int]:
    """Return how many open tasks each leaver has, by member ID; who has none is not in it."""
    tasks = read_open_tasks(client, leavers, workers=workers)
    counts = {leaver.member_id: sum(leaver.member_id in _users_of(task) for task in tasks) for leaver in leavers}
    return {member_id: count for member_id, count in counts.items() if count}


def left_tasks(leavers: Iterable[Leaver]) -> list[Leaver]:
    """Return whose open tasks matter: those of who leaves now are handed over with their access."""
    return [leaver for leaver in leavers if not leaver.has_access and leaver.successor is not None]


def is_running(run: Mapping[str, Any]) -> bool:
    return run.get("status") != "complete" and not run.get("completed_at") and not run.get("archived_at")


def is_open(task: Mapping[str, Any]) -> bool:
    return str(task.get("status")) not in CLOSED and not task.get("archived_at") and not task.get("completed_at")


def owner_of(run: Mapping[str, Any]) -> str:
    """Return the ID of the member who owns a process."""
    return str(run.get("owner_id"))


def _users_of(task: Mapping[str, Any]) -> set[str]:
    """Return the IDs of a task's members; some answers hold the members themselves."""
    owners = task.get("owners")
    users = owners.get("users") if isinstance(owners, Mapping) else None
    return {str(user.get("id") if isinstance(user, Mapping) else user) for user in users or ()}


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_guests(
    leavers: Sequence[Leaver], guests: Iterable[Record], directory: Directory, *, leaving: Collection[str] = ()
) -> list[Handover]:
    """Return the guests of leavers, who are associated with the successor instead, or with nobody new; pure.

    Guests of ``leaving``, addresses as they are compared, leave too and need nobody.
    Raises ``UnreadableAnswerError`` when the list does not show whose guests they are.
    """
    by_id = {int(leaver.member_id): leaver for leaver in leavers}
    planned = []
    for guest in guests if leavers else ():
        if not _shows_members(guest):
            raise UnreadableAnswerError("GET guests", "the list does not show whose guests they are")
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
    """Return the groups that list leavers, without them; pure."""
    by_id = {int(leaver.member_id): leaver for leaver in leavers}
    planned = []
    for group in groups if leavers else ():
        if not isinstance(group.get("members"), list):
            raise UnreadableAnswerError("GET groups", "the list does not show who is in them")
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
    """Return the change of a group for some of its leavers only; pure."""
    return _group_without([one for one in leavers if one.key in handover.leavers], handover.record, directory)


def plan_processes(leavers: Sequence[Leaver], runs: Iterable[Record]) -> list[Handover]:
    """Return the running processes of leavers that go to their successors; pure. Others stay as they are."""
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
    """Return the open tasks of people who have no access any more, which go to their successors; pure."""
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
    """Gives a process to the successor of its owner, unless somebody else owns it by now."""

    def __init__(self, client: Client, run: Mapping[str, Any], leaver: Leaver, plan: Plan) -> None:
        super().__init__(plan)
        self.notes: list[str] = []
        self._client = client
        self._id = str(run["id"])
        self._leaver = leaver

    def carry_out(self, step: Step) -> bool:
        """Change the owner and check that it is stored; return whether that was still needed."""
        return rewrite(
            self._client,
            "runs",
            self._id,
            differing=lambda run: {"owner_id": int(str(step.target))} if self._is_theirs(run) else {},
            # What a PUT leaves out of these is detached.
            body=lambda run, fields: {**{name: _ids(run[name]) for name in ("users", "groups")}, **fields},
            unseen=_unseen_in_process,
        )[1]

    def _is_theirs(self, run: Mapping[str, Any]) -> bool:
        return owner_of(run) == self._leaver.member_id and not run.get("archived_at")


def _unseen_in_process(run: Mapping[str, Any]) -> list[str]:
    unseen = [name for name in ("users", "groups") if not isinstance(run.get(name), list)]
    return unseen if "owner_id" in run else [*unseen, "owner_id"]


class TaskHandover(PlanRun):
    """Gives the open tasks of somebody who has no access any more to their successor, all by one request."""

    def __init__(self, client: Client, leaver: Leaver, plan: Plan) -> None:
        super().__init__(plan)
        self.notes: list[str] = []
        self._client = client
        self._leaver = leaver

    def carry_out(self, step: Step) -> bool:
        """Hand the tasks over and check that they are; return whether the service was ready to do it."""
        leaver = self._leaver
        path = self._client.path("users", leaver.member_id)
        try:
            self._client.call("DELETE", path, query={"with_reassignment": True, "to": step.target})
        except RefusedByServiceError as error:
            # What becomes of the request for somebody disabled is not documented.
            if leaver.is_deleted or error.status not in REFUSALS or error.code == "ENDPOINT_NOT_FOUND":
                raise
            self.notes.append(
                f"{leaver.email}: Tallyfy did not hand their {step.reason.partition(';')[0]} over: {error}"
            )
            return False
        left = read_open_tasks(self._client, [leaver])
        if left:
            raise NotStoredError(
                f"DELETE {path}: Tallyfy answered with success, but {len(left)} open tasks are still those of "
                f"{leaver.email}. Give them to somebody else in Tallyfy.",
                not_stored=["open_tasks"],
            )
        return True


#: Whatever carries a hand-over out.
HandoverRun = Union[GuestRun, GroupRun, ProcessHandover, TaskHandover]


def run_of(client: Client, handover: Handover, directory: Directory) -> HandoverRun:
    """Return what carries the hand-over out."""
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
