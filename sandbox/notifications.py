# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What happens to processes and tasks, told to webhooks and by mail: entries of the record of events.

Who gets which mail is stated nowhere; here assignees learn of a task, the launcher that one is completed, the owner of
a process of its issues, and those who are mentioned of a comment. Nobody is told what they did themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .calls import Call
from .records import Organization, Run, Task

_MENTION = re.compile(r"@\[(\d+)\]")


def notify_launch(call: Call, run: Run) -> None:
    _notify(call, "process.launched", run, webhook=run.template.record["webhook"])
    for task in run.tasks:
        notify_assignment(call, task, {})


def notify_assignment(call: Call, task: Task, before: dict[str, list[Any]]) -> None:
    """Tell the assignees whom a task did not have before."""
    organization, owners = call.organization, task.record["owners"]
    added = {bucket: [one for one in owners[bucket] if one not in before.get(bucket, ())] for bucket in owners}
    if any(added.values()):
        groups = [organization.groups[one] for one in added["groups"] if one in organization.groups]
        mails = _addresses(organization, [*added["users"], *(member for group in groups for member in group.members)])
        mails += [*added["guests"], *(guest for group in groups for guest in group.guests)]
        _notify(call, "task.assigned", task.run, task, mails=mails)


def notify_completion(call: Call, task: Task) -> None:
    """Tell that a task is completed; the step's own webhook takes the place of the template's."""
    webhook = task.record["webhook"]
    if webhook is None and task.run is not None and not task.is_one_off:
        webhook = task.run.template.record["webhook"]
    launcher = task.record["starter_id"] if task.run is None else task.run.record["started_by"]
    _notify(call, "task.completed", task.run, task, webhook=webhook, mails=_addresses(call.organization, [launcher]))


def notify_end(call: Call, run: Run) -> None:
    mails = _addresses(call.organization, [run.record["owner_id"]])
    _notify(call, "process.completed", run, webhook=run.template.record["webhook"], mails=mails)


def notify_comment(call: Call, event: str, run: Run | None, task: Task | None, content: str) -> None:
    mentioned = [int(mentioned) for mentioned in _MENTION.findall(content)]
    if event != "task.comment_added" and run is not None:
        mentioned.append(run.record["owner_id"])
    _notify(call, event, run, task, mails=_addresses(call.organization, mentioned))


def _notify(
    call: Call,
    event: str,
    run: Run | None,
    task: Task | None = None,
    *,
    webhook: str | None = None,
    mails: Iterable[str] = (),
) -> None:
    acting = None if call.acting is None else call.acting.account.email
    call.world.events.add(
        event,
        call.organization.id,
        call.world.now(),
        run_id=None if run is None else run.id,
        task_id=None if task is None else task.id,
        acting=acting,
        webhooks=[] if webhook is None else [webhook],
        mails=[address for address in dict.fromkeys(mails) if address != acting],
    )


def _addresses(organization: Organization, ids: Iterable[int | None]) -> list[str]:
    """Return where people get mail; those who are disabled, and bots, get none."""
    members = (organization.members.get(one) for one in ids if one is not None)
    return [
        member.account.email
        for member in members
        if member is not None and not member.is_bot and member.status != "disabled"
    ]
