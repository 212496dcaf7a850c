# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of the role worklist. Private to the collection.

The tasks of the role call ``tallyfy_task_info`` and ``tallyfy_task`` with the variable ``__worklist_stage``; tasks of
the user call the same modules without it. Each stage registers the data of the next stage, above all ``rows``: the
outcome of each step so far.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.vars import load_extra_vars

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS, environment_value
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.record import COMPLETED, OPEN
from ansible_collections.tallyfy.platform.plugins.plugin_utils._claims import claim, release
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import tasks_file
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._role_action import RoleAction, failure_result
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import counted, listed, shown

ROLE = "worklist"
STAGE, RUN, STEP = "__worklist_stage", "__worklist_run", "__worklist_step"
TASK, RESULT = "worklist_task", "worklist_result"
VARIABLES = ("template", "step", "tasks_file", "limit")
COMMENT_KEY = "worklist"
#: The result before each step, so that no values of the previous step remain.
EMPTY = {"form": {}, "comment": ""}
#: The keys that the tasks of the user may set.
RESULTS = ("form", "comment", "approved")
#: The outcomes of steps, in the order of the report.
ENDS = ("failed", "deferred", "skipped", "completed")
#: The most steps beyond the limit that are read when steps are skipped.
SPARE_LOOKS = 100
#: The most steps in the text for other jobs, for all hosts together.
TEXT_ROWS = 200
_TEMPLATES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_OPEN = "The step was left open, and the next run tries it again."


def failed_work(failed: Any, tasks: Any) -> str:
    """Return the untemplated name of the failed task from the file of ``tasks``, else its module.

    The message and the templated name may contain a secret, and many people read comments.
    """
    if not isinstance(failed, Mapping):
        return "a task"
    name = str(failed.get("name") or "")
    for raw in sorted(_names_in(tasks), key=lambda raw: raw != name):
        reported = _TEMPLATES.sub("…", raw)
        pattern = ".*".join(map(re.escape, _TEMPLATES.split(raw)))
        if reported.strip("… ") and re.fullmatch(pattern, name, re.DOTALL):
            return f"the task '{shown(reported, 100)}'"
    return f"a task of {shown(failed.get('action') or 'a module', 100)}"


def flaws_of_tasks(tasks: Any, name: str) -> list[str]:
    """Return the errors in a file of tasks that would stop the loop over the steps."""
    if not isinstance(tasks, (list, type(None))):
        return [f"{name} is not a list of tasks"]
    metas = [str(task[key]).strip() for task in _each_of(tasks) for key in task if key.rpartition(".")[2] == "meta"]
    return [
        f"{name} has meta: {action}, which would end the run without an error and leave this and all later steps open. "
        f"Use a condition (when) for tasks that are not for each step, or fail"
        for action in dict.fromkeys(metas)
        if action.startswith("end_")
    ]


def _names_in(tasks: Any) -> list[str]:
    """Return the untemplated names of tasks, including those in blocks."""
    return [task["name"] for task in _each_of(tasks) if isinstance(task.get("name"), str)]


def _each_of(tasks: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a file, including those in blocks."""
    for task in tasks if isinstance(tasks, list) else ():
        if isinstance(task, Mapping):
            yield task
            for part in ("block", "rescue", "always"):
                yield from _each_of(task.get(part))


def flaws_of_result(result: Any) -> list[str]:
    """Return the errors in the result of the tasks of the user, without values, which may be secret."""
    if not isinstance(result, Mapping):
        return [f"{RESULT} is not a dictionary with {listed(RESULTS)}"]
    unknown = sorted(str(name) for name in result if name not in RESULTS)
    flaws = [f"{RESULT} takes {listed(RESULTS)}, not {listed(unknown)}"] if unknown else []
    if not isinstance(result.get("form") or {}, Mapping):
        flaws.append(f"{RESULT}.form is not a dictionary of values by label")
    return flaws


class WorklistFinder(RoleAction):
    """``tallyfy_task_info`` in the role: finds the steps, and reports their outcomes at the end."""

    def variables(self) -> frozenset[str]:
        """Return the names of the variables of the role."""
        return frozenset(f"{ROLE}_{name}" for name in VARIABLES)

    def _outcome(self, variables: dict[str, Any]) -> dict[str, Any]:
        stage = self._task.vars.get(STAGE)
        if stage == "find":
            return self._found(variables)
        if stage == "sum_up":
            return self._summed_up(variables)
        if stage == "end":
            return self._ended(variables)
        return super()._outcome(variables)

    # --- finding ------------------------------------------------------------------------------------------------------

    def _found(self, variables: dict[str, Any]) -> dict[str, Any]:
        problems = self._validate_host(variables, ROLE, self.variables()) + self._overridden(variables)
        if problems:
            return self._refused(problems)
        notice = self._slice_notice(variables)
        if notice:
            return {"changed": False, "steps": [], "rows": [], "notice": notice}
        names = {f"{ROLE}_{name}": self._variable(f"{ROLE}_{name}", variables) for name in VARIABLES}
        given = {name: value for name, value in plain(names).items() if not is_blank(value)}
        problems = [f"{ROLE}_{name} is not given" for name in VARIABLES[:3] if f"{ROLE}_{name}" not in given]
        file, flaw = tasks_file(str(given.get(f"{ROLE}_tasks_file", "")), f"{ROLE}_tasks_file")
        limit, wrong = _limit(given.get(f"{ROLE}_limit"))
        problems += [text for text in (flaw, wrong) if text]
        problems += flaws_of_tasks(self._tasks_in(file), f"{ROLE}_tasks_file {shown(file)}") if file else []
        if problems:
            return self._refused(problems)
        query = {name: given[f"{ROLE}_{name}"] for name in ("template", "step")}
        arguments = {**self._connection_options(variables), **query, "state": OPEN, "kickoff": True}
        result = self._perform(arguments, variables, lambda name: f"{ROLE}_{name}" if name in query else name)
        if result.get("failed"):
            return self._refused(result.get("problems") or [str(result.get("msg"))], result)
        tasks = result["tasks"]
        # Skipped steps do not count towards the limit; otherwise, a few of them could block all others forever.
        taken = tasks if limit is None else tasks[: limit + SPARE_LOOKS]
        return {
            **{name: result[name] for name in ("warnings", "deprecations") if name in result},
            "changed": False,
            "steps": [{"label": shown(task["process"] or task["title"]), "task": task} for task in taken],
            "rows": [_deferred(task, limit) for task in tasks[len(taken) :]],
            "limit": limit,
            "file": file,
            "called": f"{query['step']} of {query['template']}",
        }

    def _tasks_in(self, file: str) -> Any:
        """Return the content of the file, ``None`` when it cannot be read; Ansible reports that later."""
        with contextlib.suppress(AnsibleError):
            return self._loader.load_from_file(file)
        return None

    def _overridden(self, variables: dict[str, Any]) -> list[str]:
        """Return an error for each variable of the role that is set elsewhere and would override it."""
        extra = load_extra_vars(self._loader)
        given = [name for name in (TASK, RESULT) if name in extra or variables.get(name, EMPTY) != EMPTY]
        return [
            f"{name} is set {'as an extra variable' if name in extra else 'by the play'} and would override the value "
            f"that this role and the tasks of {ROLE}_tasks_file set for each step. Remove it"
            for name in given
        ]

    def _refused(self, problems: Sequence[str], result: Mapping[str, Any] | None = None) -> dict[str, Any]:
        reported = [shown(problem) for problem in problems]
        headline = f"No step was started: {counted(len(reported), 'problems')}."
        return failure_result(
            result or {}, headline, reported, artifacts={f"tallyfy_{ROLE}_report_text": f"{headline}\n"}
        )

    # --- reporting ----------------------------------------------------------------------------------------------------

    def _summed_up(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = _run_of(variables)
        if "notice" in run:
            return {"changed": False, "text": run["notice"], "artifacts": {}, "rows": []}
        rows = sorted(run["rows"], key=lambda row: ENDS.index(row["outcome"]))
        counts = Counter(row["outcome"] for row in rows)
        dry_run = bool(self._task.check_mode)
        heading = f"Worklist {shown(run['called'])}{'; dry run: nothing was written' if dry_run else ''}"
        done = "would be completed" if dry_run else "completed"
        words = {end: done if end == COMPLETED else end for end in ENDS}
        totals = (
            ", ".join(f"{words[end]} {counts[end]}" for end in ENDS if counts[end]) or "no open step, nothing to do"
        )
        lines = [
            f"{row['process'] or row['id']}: {words[row['outcome']]}{': ' if row['message'] else ''}{row['message']}"
            for row in rows
        ]
        most = max(TEXT_ROWS // max(len(variables.get("ansible_play_hosts_all", ())), 1), 1)
        more = [f"and {len(lines) - most} more"] if len(lines) > most else []
        text = [heading, totals or "no open step: nothing to do", *lines[:most], *more]
        artifacts: dict[str, Any] = {f"tallyfy_{ROLE}_{end}": counts[end] for end in ENDS}
        artifacts.update({f"tallyfy_{ROLE}_total": len(rows), f"tallyfy_{ROLE}_report_text": "\n".join(text) + "\n"})
        return {"changed": False, "text": text, "artifacts": artifacts, "rows": rows}

    def _ended(self, variables: dict[str, Any]) -> dict[str, Any]:
        rows = _run_of(variables)["rows"]
        failed = [f"{row['process'] or row['id']}: {row['message']}" for row in rows if row["outcome"] == "failed"]
        if failed:
            return failure_result({}, f"{len(failed)} of {counted(len(rows), 'steps')} could not be done.", failed)
        return {"changed": False}


class WorklistWorker(RoleAction):
    """``tallyfy_task`` in the role: starts a step, and completes it, or reports that its work has failed."""

    def _outcome(self, variables: dict[str, Any]) -> dict[str, Any]:
        stages = {"take_up": self._started, "complete": self._completed, "fail": self._failed_work}
        stage = stages.get(self._task.vars.get(STAGE, ""))
        if stage is None:
            return super()._outcome(variables)
        try:
            result = stage(variables)
        except AnsibleError as error:
            # For example a result that cannot be templated. The outcomes of the previous steps must not get lost.
            return {**_next(_run_of(variables)), "failed": True, "msg": str(error)}
        if not result["files"]:
            release(*self._claimed(variables))
        return result

    def _started(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Read the step again before its work: another run or a person may have completed it."""
        run, listed_task = _run_of(variables), self._step(variables)
        if run["limit"] is not None and _worked_steps(run) >= run["limit"]:
            return _next(run, _deferred(listed_task, run["limit"]))
        owner = "" if self._task.check_mode else claim(*self._claimed(variables))
        if owner:
            return _next(run, _row(listed_task, "skipped", f"another run is working on it ({owner})"))
        result = self._ask(variables)
        if result.get("failed"):
            return _next(run, _row(listed_task, "failed", f"could not be read: {result.get('msg')}"))
        task = {**listed_task, **result["task"], "assignees": listed_task["assignees"]}
        if task["state"] != OPEN:
            return _next(run, _row(task, "skipped", f"it is {task['state']} by now"))
        if result["obstacles"]:
            return _next(run, _row(task, "skipped", "; ".join(result["obstacles"])))
        if self._task.check_mode:
            return _next(run, _row(task, COMPLETED))
        return _next(run, task=task, files=[run["file"]])

    def _completed(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = _run_of(variables)
        if not run["files"]:
            return _next(run)
        task = run["task"]
        given = plain({RESULT: self._variable(RESULT, variables)})[RESULT]
        flaws = flaws_of_result(given)
        if flaws:
            return self._not_completed(variables, "; ".join(flaws))
        comment = {} if is_blank(given.get("comment")) else {"comment": given["comment"], "comment_key": COMMENT_KEY}
        answer = {} if is_blank(given.get("approved")) else {"approved": given["approved"]}
        form = {"form": given["form"]} if given.get("form") else {}
        result = self._ask(variables, state=COMPLETED, **form, **answer, **comment)
        if result.get("failed"):
            return self._not_completed(variables, str(result.get("msg")), result)
        notes = "; ".join(result["notes"])
        end = COMPLETED if result["task"]["state"] == COMPLETED else "skipped"
        return {**_kept(result), **_next(run, _row(task, end, notes)), "changed": result["changed"]}

    def _not_completed(
        self, variables: dict[str, Any], reason: str, result: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        run = _run_of(variables)
        said = self._say(variables, f"The work of this step was done, but the step could not be completed. {_OPEN}")
        row = _row(run["task"], "failed", f"the work was done, but the step could not be completed: {reason}{said}")
        return {**_kept(result or {}), **_next(run, row), "changed": True}

    def _failed_work(self, variables: dict[str, Any]) -> dict[str, Any]:
        run, tasks = _run_of(variables), None
        with contextlib.suppress(AnsibleError):
            tasks = self._loader.load_from_file(run["file"])
        # Use the raw value, without templating.
        task = failed_work(variables.get("ansible_failed_task"), tasks)
        said = self._say(variables, f"The automation of this step failed at {task}. {_OPEN}")
        return {**_next(run, _row(self._step(variables), "failed", f"{task} failed{said}")), "changed": True}

    def _say(self, variables: dict[str, Any], comment: str) -> str:
        """Write a comment to the step; return the addition to the row when that fails."""
        result = self._ask(variables, comment=comment, comment_key=COMMENT_KEY)
        return f"; the comment could not be written: {result.get('msg')}" if result.get("failed") else ""

    def _claimed(self, variables: dict[str, Any]) -> tuple[str, str, str]:
        """Return the directory, the subject and the host of the claim to the step."""
        default, names = OPTIONS["state_dir"]
        connection = self._connection_options(variables)
        directory = str(connection.get("state_dir") or environment_value(names) or default)
        return directory, self._step(variables)["id"], str(variables.get("inventory_hostname"))

    def _ask(self, variables: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        given = {"task_id": self._step(variables)["id"], **arguments}
        return self._perform({**self._connection_options(variables), **given}, variables)

    def _step(self, variables: dict[str, Any]) -> dict[str, Any]:
        return dict(plain(variables[STEP])["task"])


def _run_of(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the registered data of the previous stage; texts of the service in it are not templates."""
    return plain(variables[RUN])


def _next(run: Mapping[str, Any], row: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return the data that a stage registers: all rows so far, and the data of the next stage."""
    kept = {name: run[name] for name in ("file", "called", "limit")}
    return {"changed": False, **kept, "files": [], **more, "rows": [*run["rows"], *([row] if row else [])]}


def _worked_steps(run: Mapping[str, Any]) -> int:
    return sum(row["outcome"] in ("failed", COMPLETED) for row in run["rows"])


def _deferred(task: Mapping[str, Any], limit: int | None) -> dict[str, Any]:
    return _row(task, "deferred", f"{ROLE}_limit is {limit}")


def _kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the result of the module that is shown on the screen."""
    return {name: result[name] for name in ("diff", "warnings", "deprecations") if result.get(name)}


def _row(task: Mapping[str, Any], outcome: str, message: str = "") -> dict[str, Any]:
    # The module names the step and its process in each problem; the row already shows the process.
    reported = message.replace(f"{task['step']} of {task['process']}: ", "")
    return {"id": task["id"], "process": shown(task["process"] or ""), "outcome": outcome, "message": shown(reported)}


def _limit(given: Any) -> tuple[int | None, str]:
    if given is None:
        return None, ""
    text = str(given).strip()
    if isinstance(given, bool) or not text.isdecimal() or int(text) < 1:
        return None, f"{ROLE}_limit is not a number of at least 1: {shown(text, 40)}"
    return int(text), ""
