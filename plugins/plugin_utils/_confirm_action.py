# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the playbook confirm_task: whether a task that a webhook reports as completed is completed.

Anybody can send a webhook, so its values are compared with the task in Tallyfy, and IDs from it are not repeated in
messages. Private to the collection.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ansible.utils.vars import load_extra_vars

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold, is_blank, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS, environment_value
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import moment
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.record import COMPLETED
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import tasks_file
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._role_action import RoleAction, failure_result
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import shown

MARK, PREFIX, CONFIRMED = "__confirm_task", "confirm_task", "confirmed_task"
VARIABLES = ("process", "id", "organization", "completed_at", "template", "step", "tasks", "delay")
#: The time until Tallyfy returns the change that its webhook reports.
DELAY_SECONDS = 3.0
_SECONDS = re.compile(r"\d{1,4}([.]\d+)?")
HTTP_NOT_FOUND = 404
_ID = re.compile(r"[0-9a-f]{32}")
#: The readable time format of webhooks: 15/10/2025 09:00 AM UTC. Other locales have another word for AM.
_FOR_PEOPLE = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d):(\d\d) ([AP])M UTC")
_WITH_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_GONE = "The task does not exist in this organization, or it or its process is archived."


def refusal_of(task: Mapping[str, Any], reported: Mapping[str, str]) -> str:
    """Return the first difference between a task and the report of the webhook, empty for none; pure."""
    if task["process_id"] != reported["process"]:
        return "The task does not belong to the process."
    called = called_task(task)
    if task["state"] != COMPLETED:
        return f"{called} is not completed; its status is {task['status'] or 'unknown'}."
    if not task["completed_at"]:
        return f"{called} is completed, but Tallyfy does not return the time."
    if task["approved"] is False:
        return f"{called} was completed, but not approved."
    for part, text in (("template", "the template"), ("step", "the step")):
        expected = tidied(reported[part])
        if expected and expected != task[f"{part}_id"] and fold(expected) != fold(task[part] or ""):
            return f"{called} comes from {text} {task[part]}, not from {expected}."
    if is_other_time(reported["completed_at"], task["completed_at"]):
        at = in_words(task["completed_at"])
        return f"{called} was completed at {at}, not at {reported['completed_at']}; it has been reopened since then."
    return ""


def is_other_time(reported: str, stored: str) -> bool:
    """Return whether a task was completed at another time than reported; unknown formats are not compared."""
    at = moment(stored)
    match = _FOR_PEOPLE.fullmatch(reported)
    if match is None:
        exact = moment(reported) if _WITH_TIME.match(reported) else None
        return None not in (exact, at) and exact != at
    day, month, year, hour, minute = map(int, match.groups()[:5])
    hour = hour % 12 + (12 if match[6] == "P" else 0)
    return at is not None and (year, month, day, hour, minute) != at.timetuple()[:5]


def called_task(task: Mapping[str, Any]) -> str:
    return f"The task {task['title']} of {task['process']}"


def in_words(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"


class ConfirmAction(RoleAction):
    """``tallyfy_task_info`` in the playbook: returns the completed task, or fails with the reason."""

    def _outcome(self, variables: dict[str, Any]) -> dict[str, Any]:
        return self._confirmed(variables) if MARK in self._task.vars else super()._outcome(variables)

    def _confirmed(self, variables: dict[str, Any]) -> dict[str, Any]:
        given = plain({name: self._variable(f"{PREFIX}_{name}", variables) for name in VARIABLES})
        reported = {name: "" if is_blank(value) else str(value).strip() for name, value in given.items()}
        connection = self._connection_options(variables)
        file, flaw = tasks_file(reported["tasks"], f"{PREFIX}_tasks")
        names = [f"{PREFIX}_{name}" for name in VARIABLES]
        problems = self._validate_host(variables, PREFIX, names) + _problems_of(reported, connection)
        problems += [flaw] if flaw else []
        if file and CONFIRMED in load_extra_vars(self._loader):
            # For example the artifact of an earlier node of a workflow. It overrides the fact.
            problems.append(
                f"{CONFIRMED} is set as an extra variable, perhaps by an earlier node of the workflow, so the tasks "
                f"would get another task than the one confirmed here. Confirm in only one node, or do not set "
                f"{PREFIX}_tasks."
            )
        if problems:
            return failure_result({}, f"No request was sent to Tallyfy: {'; '.join(map(shown, problems))}", [])
        result = self._ask(reported, connection, variables)
        refusal, task = _judged(result, reported)
        if refusal:
            return failure_result(result, f"Not confirmed: {shown(refusal)}", [])
        text = f"{called_task(task)} was completed at {in_words(task['completed_at'])}."
        return {**result, "text": shown(text), CONFIRMED: task, "files": [file] if file else []}

    def _ask(
        self, reported: Mapping[str, str], connection: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the result of the module; ask again after a delay, since the webhook may arrive too early."""
        arguments = {**connection, "task_id": reported["id"], "kickoff": True}
        result = self._perform(arguments, variables)
        if any(task["state"] != COMPLETED for task in result.get("tasks", ())):
            time.sleep(float(reported["delay"] or DELAY_SECONDS))
            result = self._perform(arguments, variables)
        return result


def _problems_of(reported: Mapping[str, str], connection: Mapping[str, Any]) -> list[str]:
    """Return the errors in the variables."""
    problems = [
        f"{PREFIX}_{name} is not the ID of a {noun}: an ID has 32 characters, 0-9 and a-f."
        for name, noun in (("process", "process"), ("id", "task"))
        if not _ID.fullmatch(reported[name])
    ]
    organization = connection.get("org_id") or environment_value(OPTIONS["org_id"][1]) or ""
    if reported["organization"] not in ("", str(organization).strip()):
        problems.append(f"{PREFIX}_organization is not the organization of the connection.")
    if reported["delay"] and not _SECONDS.fullmatch(reported["delay"]):
        problems.append(f"{PREFIX}_delay is not a number of seconds.")
    return problems


def _judged(result: Mapping[str, Any], reported: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the reason why the task is not confirmed, empty for none, and the task."""
    if result.get("failed") and result.get("status") != HTTP_NOT_FOUND:
        return str(result.get("msg")), {}
    tasks = result.get("tasks")
    return (refusal_of(tasks[0], reported), dict(tasks[0])) if tasks else (_GONE, {})
