# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Processes: launched from templates, found by name and filters, archived and brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .calls import Call, Route
from .envelopes import Reply, item, json_reply, refuse, resource_not_found
from .field_values import ValueRefusedError, checked_owners, checked_values
from .launching import forget_run, launch, touch
from .listings import paged, plain_list
from .naming import name_of_launch, name_of_update
from .notifications import notify_launch
from .records import Run, Template
from .run_records import late_tasks, shown_run, task_fields
from .state import World
from .switches import Switches
from .task_records import checked_moment
from .templates import may
from .validation import Checker, known_ids, user_id, user_ids

_TRUE = ("true", "1")
_SORTABLE = ("name", "created_at", "started_at", "last_updated", "completed_at", "status", "increment_id")


def launch_process(call: Call) -> Reply:
    world, organization = call.world, call.organization
    switches = world.switches
    checker = Checker(call)
    template = _template_to_launch(call, checker)
    if not may(call, template, "process_launch"):
        raise refuse(403, "Permission denied: cannot launch process from this template.")
    values: dict[str, Any] = {
        "name": name_of_launch(call, checker, template),
        "summary": checker.text("summary"),
    }
    starter = call.acting_id
    if call.body.get("user_id") is not None:
        starter = user_id(call, checker, "user_id")
    if call.body.get("owner_id") is not None:
        values["owner_id"] = user_id(call, checker, "owner_id")
    for name in ("starred", "is_public", "assign_someone_else"):
        values[name] = checker.boolean(name)
    if call.body.get("parent_id") is not None:
        values["parent_id"] = call.body["parent_id"]
        if values["parent_id"] not in organization.runs:
            checker.complain("parent_id", "The selected parent id is invalid.")
    values["users"] = user_ids(call, checker, "users")
    for name, known in (
        ("groups", organization.groups),
        ("tags", organization.tags),
        ("folders", organization.folders),
    ):
        values[name] = known_ids(checker, name, known) if call.body.get(name) is not None else None
    fields = template.record["prerun"]
    prerun, complaints = checked_values(call, fields, call.body.get("prerun"), require=True)
    if complaints:
        checker.errors["prerun"] = complaints
    overrides = _overrides(call, checker, template)
    checker.raise_if_any()
    tags, folders = values.pop("tags") or [], values.pop("folders") or []
    run = launch(
        world,
        organization,
        template,
        starter_id=starter,
        values={name: value for name, value in values.items() if value is not None},
        prerun=_kept(call, fields, prerun),
        overrides=overrides,
    )
    run.tags = {world.new_id(): tag_id for tag_id in tags}
    run.folders = {world.new_id(): folder_id for folder_id in folders}
    notify_launch(call, run)
    return item(shown_run(call, run, prerun=not switches.run_prerun_missing), switches.launch_status)


def list_processes(call: Call) -> Reply:
    runs = _listed(call)
    prerun = not call.world.switches.run_prerun_missing

    def render(run: Run) -> bytes:
        return shown_run(call, run, prerun=prerun)

    if call.query.get("without_pagination") == "true":
        return plain_list(call, runs, render)
    return paged(call, runs, render, default=10, maximum=100)


def get_process(call: Call) -> Reply:
    return item(shown_run(call, _find(call)))


def update_process(call: Call) -> Reply:
    """Store what the body names; users and groups it does not name are detached."""
    run = _find(call)
    if run.record["archived_at"] is not None:
        raise refuse(403, "Cannot update archived processes.")
    checker = Checker(call)
    changes = _changes(call, checker, run)
    prerun = _changed_values(call, checker, run)
    checker.raise_if_any()
    run.record |= changes
    run.record["prerun"] = prerun
    touch(run, call.world.timestamp())
    return item(shown_run(call, run))


def _changes(call: Call, checker: Checker, run: Run) -> dict[str, Any]:
    body = call.body
    changes = name_of_update(call, checker, run.template)
    if "summary" in body:
        changes["summary"] = checker.text("summary")
    if body.get("owner_id") is not None:
        changes["owner_id"] = user_id(call, checker, "owner_id")
    changes |= {name: checker.boolean(name) for name in ("starred", "is_public") if body.get(name) is not None}
    partial = call.world.switches.run_put_partial
    if "users" in body or not partial:
        changes["users"] = user_ids(call, checker, "users") or []
    if "groups" in body or not partial:
        changes["groups"] = known_ids(checker, "groups", call.organization.groups) or []
    return changes


def _changed_values(call: Call, checker: Checker, run: Run) -> dict[str, Any]:
    """Return the kick-off values as they are after a PUT, by the words of the switches."""
    switches = call.world.switches
    current: dict[str, Any] = run.record["prerun"]
    if call.body.get("prerun") is None:
        return current
    if switches.completed_kickoff_locked and run.record["prerun_status"] == "complete":
        checker.complain("prerun", "The kick-off form is completed; reopen it to change its values.")
        return current
    fields = run.template.record["prerun"]
    prerun, complaints = checked_values(call, fields, call.body["prerun"], require=False)
    if complaints:
        checker.errors["prerun"] = complaints
    if switches.run_put_prerun == "ignore":
        return current
    kept = _kept(call, fields, prerun)
    return kept if switches.run_put_prerun == "replace" else {**current, **kept}


def _kept(call: Call, fields: list[dict[str, Any]], prerun: dict[str, Any]) -> dict[str, Any]:
    """Return the values without those that the switches have the service lose."""
    unstored = {one["id"] for one in fields if one["label"] in call.world.switches.drop_prerun_labels}
    return {name: value for name, value in prerun.items() if name not in unstored}


def archive_process(call: Call) -> Reply:
    run = _find(call)
    if run.record["archived_at"] is None:
        archive(call.world, run)
    return item(shown_run(call, run))


def archive(world: World, run: Run) -> None:
    run.record["archived_at"] = world.timestamp()
    touch(run, run.record["archived_at"])


def activate_process(call: Call) -> Reply:
    run = _find(call)
    if run.record["archived_at"] is None:
        raise call.invalid({"run": ["The process is already active."]})
    run.record["archived_at"] = None
    touch(run, call.world.timestamp())
    return item(shown_run(call, run))


def delete_process(call: Call) -> Reply:
    run = _find(call)
    if run.record["archived_at"] is None:
        raise call.invalid({"run": ["Only archived processes can be deleted."]})
    forget_run(call.organization, run)
    return Reply(200)


def complete_kickoff(call: Call) -> Reply:
    run = _find(call)
    now = call.world.timestamp()
    run.record |= {"prerun_status": "complete", "prerun_completed_at": now, "prerun_completed_by": call.acting_id}
    touch(run, now)
    return item(shown_run(call, run))


def reopen_kickoff(call: Call) -> Reply:
    run = _find(call)
    run.record |= {"prerun_status": "active", "prerun_completed_at": None, "prerun_completed_by": None}
    touch(run, call.world.timestamp())
    return item(shown_run(call, run))


def list_process_fields(call: Call) -> Reply:
    run = _find(call)
    return json_reply({"data": {"form_fields": task_fields(run), "ko_form_fields": run.template.record["prerun"]}})


def _template_to_launch(call: Call, checker: Checker) -> Template:
    requested = checker.text("checklist_id", required=True)
    checker.raise_if_any()
    template = call.organization.templates.get(requested or "")
    if template is None or template.record["archived_at"] is not None:
        if call.world.switches.archived_template_launch == "404":
            raise resource_not_found()
        raise call.invalid({"checklist_id": ["The selected checklist id is invalid."]})
    if template.record["status"] == "draft":
        raise call.invalid({"checklist_id": ["The template is a draft; publish it before launching."]})
    return template


def _overrides(call: Call, checker: Checker, template: Template) -> dict[str, dict[str, Any]]:
    """Return what ``tasks`` says of each step; keys that are no step's id are dropped."""
    requested = call.body.get("tasks")
    given = requested if isinstance(requested, dict) else {}
    overrides: dict[str, dict[str, Any]] = {}
    complaints = []
    for step in template.steps:
        one = given.get(step["id"])
        if not isinstance(one, dict):
            continue
        override = {name: one.get(name) for name in ("position", "max_assignable")}
        try:
            if one.get("owners") is not None:
                override["owners"] = checked_owners(call, one["owners"])
            if one.get("deadline") is not None:
                override["deadline"] = checked_moment(one["deadline"])
        except ValueRefusedError as refused:
            complaints.append({step["id"]: [str(refused)]})
        overrides[step["id"]] = override
    if complaints:
        checker.errors["tasks"] = complaints
    return overrides


def _find(call: Call) -> Run:
    run = call.organization.runs.get(call.params[1])
    if run is None:
        raise resource_not_found()
    return run


def _listed(call: Call) -> list[Run]:
    """Return what the query asks for; what was found for one page counts for the next while nothing changes."""
    organization, query = call.organization, call.query
    if query.get("status") == "delayed":  # changes with the time
        return _sorted(call, _found(call))
    if organization.listed_at != call.world.changes:
        organization.listed.clear()
        organization.listed_at = call.world.changes
    requested = tuple(sorted(pair for pair in query.items() if pair[0] not in ("page", "per_page", "with")))
    if requested not in organization.listed:
        organization.listed[requested] = _sorted(call, _found(call))
    return organization.listed[requested]


def _found(call: Call) -> list[Run]:
    query, switches = call.query, call.world.switches
    template_id = query.get("checklist_id") or query.get("blueprint_id")
    runs: Iterable[Run] = call.organization.runs.values()
    if template_id and not switches.run_checklist_filter_ignored:
        runs = call.organization.runs_of.get(template_id, {}).values()
    status = query.get("status")
    archived = "" if switches.archived_param_ignored else query.get("archived", "").lower()
    if archived == "only" or (status == "archived" and not switches.status_archived_ignored):
        runs = [run for run in runs if run.record["archived_at"] is not None]
    elif archived not in ("true", "1"):
        runs = [run for run in runs if run.record["archived_at"] is None]
    for name, passes in _FILTERS.items():
        requested = query.get(name)
        if requested and not _is_ignored(switches, name):
            text = requested.lower()
            runs = [run for run in runs if passes(call, run, text)]
    return list(runs)


def _is_ignored(switches: Switches, name: str) -> bool:
    if name == "q":
        return switches.run_q_ignored
    return name == "form_fields_values" and switches.run_values_filter == "ignored"


def _matches(call: Call, run: Run, text: str) -> bool:
    return text in run.name_key or (call.world.switches.run_q_finds_values and _has_text(run, text))


def _has_value(call: Call, run: Run, text: str) -> bool:
    return call.world.switches.run_values_filter == "finds" and _has_text(run, text)


def _has_status(call: Call, run: Run, status: str) -> bool:
    shown = run.record["status"]
    if status == "archived":
        return True  # seen to before
    if status == "starred":
        return bool(run.record["starred"])
    if status == "problem":
        return shown in ("problem", "issue")
    if status == "delayed":
        return late_tasks(call.world, run) > 0
    return bool(shown == status)


def _shares(ids: Iterable[str], requested: str) -> bool:
    """Say whether a comma list names one of the ids."""
    return not set(ids).isdisjoint(requested.split(","))


def _has_text(run: Run, requested: str) -> bool:
    return any(isinstance(value, str) and requested in value.lower() for value in run.record["prerun"].values())


# Parameter of the list: whether a process passes, given the value in lower case.
_FILTERS: dict[str, Callable[[Call, Run, str], bool]] = {
    "q": _matches,
    "status": _has_status,
    "owners": lambda _call, run, ids: _shares([str(run.record["owner_id"])], ids),
    "type": lambda _call, run, kind: run.record["type"] == kind,
    "starred": lambda _call, run, flag: flag not in _TRUE or run.record["starred"],
    "tag": lambda _call, run, ids: _shares(run.tags.values(), ids),
    "tag_ids": lambda _call, run, ids: _shares(run.tags.values(), ids),
    "untagged": lambda _call, run, flag: flag not in _TRUE or not run.tags,
    "folder": lambda _call, run, ids: _shares(run.folders.values(), ids),
    "groups": lambda _call, run, ids: _shares(run.record["groups"], ids),
    "task_status": lambda _call, run, status: any(task.record["status"] == status for task in run.tasks),
    "form_fields_values": _has_value,
}


def _sorted(call: Call, runs: list[Run]) -> list[Run]:
    name, downwards = call.sorting()
    if name not in _SORTABLE or call.world.switches.run_sort_ignored:
        return runs
    if name == "name":
        return sorted(runs, key=lambda run: run.name_key, reverse=downwards)
    # What has no value is less than all that has one. Keys without a tuple keep long lists quick.
    valued = [run for run in runs if run.record[name] is not None]
    blank = [run for run in runs if run.record[name] is None] if len(valued) < len(runs) else []
    if downwards:
        return sorted(valued, key=lambda run: run.record[name], reverse=True) + blank
    return blank + sorted(valued, key=lambda run: run.record[name])


_RUNS = "/organizations/{org}/runs"
_ONE = f"{_RUNS}/{{id}}"

ROUTES = (
    Route("processes.list", "GET", _RUNS, list_processes),
    Route("processes.launch", "POST", _RUNS, launch_process),
    Route("processes.get", "GET", _ONE, get_process),
    Route("processes.update", "PUT", _ONE, update_process, permission="standard"),
    Route("processes.archive", "DELETE", _ONE, archive_process, permission="standard"),
    Route("processes.activate", "PUT", f"{_ONE}/activate", activate_process, permission="standard"),
    Route("processes.delete", "DELETE", f"{_ONE}/delete", delete_process, permission="admin"),
    Route("processes.complete_kickoff", "POST", f"{_ONE}/complete-prerun", complete_kickoff),
    Route("processes.reopen_kickoff", "DELETE", f"{_ONE}/complete-prerun", reopen_kickoff),
    Route("processes.form_fields", "GET", f"{_ONE}/form-fields", list_process_fields),
)
