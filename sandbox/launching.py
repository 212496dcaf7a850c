# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Making a process and its tasks from a template: for a launch, an accepted invitation, the seed and tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from .naming import default_name
from .records import Organization, Run, Task, Template
from .state import World

_UNITS = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080, "months": 43200}


def launch(
    world: World,
    organization: Organization,
    template: Template,
    *,
    starter_id: int | None,
    values: dict[str, Any] | None = None,
    prerun: dict[str, Any] | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    run_id: str | None = None,
    at: str | None = None,
) -> Run:
    """Add a process to the organization; nothing is checked here.

    ``values`` are attributes of the process, ``overrides`` attributes of its tasks by step id.
    """
    now = at or world.timestamp()
    fields = template.record["prerun"]
    record: dict[str, Any] = {
        "id": run_id or world.new_hex("run"),
        "increment_id": world.new_increment_id(),
        "checklist_id": template.id,
        "checklist_title": template.record["title"],
        "assign_someone_else": False,
        "name": default_name(template, prerun or {}, now),
        "summary": None,
        "status": "active",
        "started_by": starter_id,
        "owner_id": starter_id if starter_id is not None else template.record["owner_id"],
        "prerun": prerun or {},
        "prerun_status": "complete",
        "prerun_completed_at": now,
        "prerun_completed_by": starter_id,
        "prerun_length": len(fields),
        "starred": False,
        "created_at": now,
        "started_at": now,
        "last_updated": now,
        "archived_at": None,
        "completed_at": None,
        "type": template.record["type"],
        "is_public": False,
        "users": [],
        "groups": [],
        "parent_id": None,
        "can_add_oot": template.record["can_add_oot"],
        "has_open_issue": False,
        "custom_fields": [],
    }
    record.update(values or {})
    run = Run(record, template)
    for step in template.steps:
        if step["archived_at"] is None:
            add_task(world, organization, run, step, (overrides or {}).get(step["id"], {}), now)
    template.record["started_processes"] += 1
    template.row_generation = -1
    index_run(organization, run)
    return run


def index_run(organization: Organization, run: Run) -> None:
    run.name_key = run.record["name"].lower()
    organization.runs[run.id] = run
    organization.runs_of.setdefault(run.template.id, {})[run.id] = run


def forget_run(organization: Organization, run: Run) -> None:
    """Delete a process and its tasks for good."""
    del organization.runs[run.id]
    organization.runs_of[run.template.id].pop(run.id)
    for task in run.tasks:
        organization.tasks.pop(task.id, None)


def touch(run: Run, now: str) -> None:
    """Note that a process changed."""
    run.record["last_updated"] = now
    run.name_key = run.record["name"].lower()
    run.row_generation = -1


def settle(run: Run, now: str) -> bool:
    """Give a process the status that follows from its issues and tasks; say whether that has just completed it."""
    record, before = run.record, run.record["status"]
    is_done = bool(run.tasks) and not any(task.is_open for task in run.tasks)
    has_problem = any(task.record["problem"] for task in run.tasks)
    record["completed_at"] = (record["completed_at"] or now) if is_done else None
    record["has_open_issue"] = has_problem or has_open_issue(run.threads)
    if has_open_issue(run.threads):
        record["status"] = "issue"
    elif has_problem:
        record["status"] = "problem"
    else:
        record["status"] = "complete" if is_done else "active"
    touch(run, now)
    return bool(record["status"] == "complete" and before != "complete")


def has_open_issue(threads: list[dict[str, Any]]) -> bool:
    return any(
        one["label"] == "problem" and one["resolve_id"] is None and one["archived_at"] is None for one in threads
    )


def add_task(
    world: World, organization: Organization, run: Run, step: dict[str, Any], override: dict[str, Any], now: str
) -> Task:
    """Make the task of a step. Who gets it: the override, else the step's people, else whoever launched."""
    owners = {"users": list(step["assignees"]), "guests": list(step["guests"]), "groups": list(step["groups"])}
    if not any(owners.values()) and step["assign_run_starter"] and run.record["started_by"] is not None:
        owners["users"] = [run.record["started_by"]]
    record = new_task_record(
        world,
        title=step["title"],
        task_type=step["step_type"],
        position=step["position"],
        owners=override.get("owners") or owners,
        deadline=override.get("deadline") or _deadline(step, now),
        starter_id=run.record["started_by"],
        now=now,
    )
    record |= {
        "run_id": run.id,
        "is_oneoff_task": False,
        "checklist_id": run.template.id,
        "step_id": step["id"],
        "alias": step["alias"],
        "summary": step["summary"],
        "blueprint_position": step["position"],
    }
    for name in ("everyone_must_complete", "can_complete_only_assignees", "max_assignable", "webhook",
                 "prevent_guest_comment", "is_soft_start_date"):  # fmt: skip
        record[name] = step[name]
    for name in ("id", "position", "max_assignable"):
        if override.get(name) is not None:
            record[name] = override[name]
    task = Task(record, run)
    run.tasks.append(task)
    organization.tasks[task.id] = task
    return task


def new_task_record(
    world: World,
    *,
    title: str,
    task_type: str,
    position: int,
    owners: dict[str, list[Any]],
    deadline: str | None,
    starter_id: int | None,
    now: str,
) -> dict[str, Any]:
    """Return the attributes of a new task, as a one-off task has them."""
    return {
        "id": world.new_hex("task"),
        "increment_id": world.new_increment_id(),
        "title": title,
        "original_title": title,
        "run_id": None,
        "checklist_id": None,
        "step_id": None,
        "linked_step_id": None,
        "alias": None,
        "taskdata": {},
        "owners": owners,
        "is_completable": True,
        "status": "not-started",
        "status_label": "not-started",
        "task_type": task_type,
        "is_approved": None,
        "position": position,
        "started_at": now,
        "deadline": deadline,
        "created_at": now,
        "last_updated": now,
        "archived_at": None,
        "completed_at": None,
        "starter_id": starter_id,
        "completer_id": None,
        "completer_guest": None,
        "is_oneoff_task": True,
        "everyone_must_complete": False,
        "completion_progress": 0,
        "has_deadline_dependent_child_tasks": False,
        "can_complete_only_assignees": False,
        "allow_guest_owners": False,
        "max_assignable": 0,
        "webhook": None,
        "prevent_guest_comment": False,
        "stage_id": None,
        "problem": False,
        "blueprint_position": None,
        "is_soft_start_date": False,
        "send_chromeless": None,
        "run_status": None,
        "top_secret": False,
        "summary": None,
    }


def _deadline(step: dict[str, Any], now: str) -> str | None:
    deadline = step["deadline"]
    return _later(now, deadline["value"] or 0, deadline["unit"]) if deadline else None


@lru_cache(maxsize=1024)
def _later(now: str, value: int, unit: str) -> str:
    moment = datetime.fromisoformat(now[:19]) + timedelta(minutes=_UNITS.get(unit, 1440) * value)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def launch_onboarding(world: World, organization: Organization, member_id: int) -> Run | None:
    """Launch what the organization wants launched for everybody who accepts an invitation."""
    switches = world.switches
    template = organization.templates.get(switches.onboarding_template_id or "")
    if not switches.enable_onboarding_template or template is None or not is_launchable(template):
        return None
    return launch(world, organization, template, starter_id=member_id)


def is_launchable(template: Template) -> bool:
    return template.record["archived_at"] is None and template.record["status"] != "draft"
