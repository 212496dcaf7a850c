# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugins of the bulk modules: reports on the controller, and the roles of the modules.

A role is its module with variables as options. In the task of its role, a module takes the options that the task omits
from the variables of the role, uses their names in messages, and returns a readable text. Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _reports as reports
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _totals as totals
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import (
    DOLLAR,
    NOT_ASYNCHRONOUS,
    path_from,
    refusal_of,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._role_action import RoleAction, failure_result
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import hosts_hint

_BETWEEN = re.compile(r"[\n,;]")
#: The most rows of the text for other jobs, for all hosts together: AWX stores the text and passes it on.
TEXT_ROWS = 200


class BulkAction(RoleAction):
    """The base class of the action plugins of the bulk modules.

    ``kind`` names the report. ``roles`` are the roles whose variables set the options: that of the module, then those
    whose variables are used where its own are not given.
    """

    kind: str
    roles: tuple[str, ...]
    #: Options that replace each other: when one is given, the others count as given, too.
    alternatives: tuple[str, ...] = ("people", "src")
    #: Options of which at least one must be given.
    needs: tuple[str, ...] = alternatives
    #: The modules of the other roles.
    stand_ins: tuple[ModuleSpec, ...] = ()
    #: Variables of the role that are not options of the module, without the prefix.
    more_variables: tuple[str, ...] = ()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the module, with the text and artifacts of the role in the task of a role."""
        result = super().run(tmp, task_vars)
        return self._with_report(result, task_vars or {}) if self._is_by_role() else result

    def _is_by_role(self) -> bool:
        role = self._task._role
        return role is not None and role.get_name() == f"tallyfy.platform.{self.roles[0]}"

    def _outcome(self, variables: dict[str, Any]) -> dict[str, Any]:
        if not self._is_by_role():
            return super()._outcome(variables)
        problems = self._validate_host(variables, self.roles[0], self.variables())
        if problems:
            return {"failed": True, **self._failure(problems)}
        notice = self._slice_notice(variables)
        if notice:
            nothing = self.spec.failure("", {"problems": []}, check_mode=bool(self._task.check_mode))
            return {**nothing, "text": notice}
        arguments, names, problems = self._role_arguments(variables)
        if problems:
            return {"failed": True, **self._failure(problems)}
        # The arguments of a task in a role are only defaults of the play; the variables of the role override them.
        arguments = {**self._connection_arguments(variables), **self._task.args, **arguments}
        return self._perform(arguments, variables, lambda option: names.get(option, option))

    # --- the variables of the role ------------------------------------------------------------------------------------

    def variables(self) -> frozenset[str]:
        """Return the names of all variables of the role and of its stand-ins."""
        own = {role: tuple(spec.argument_spec) for role, spec in zip(self.roles, (self.spec, *self.stand_ins))}
        own[self.roles[0]] += self.more_variables
        return frozenset(f"{role}_{name}" for role, names in own.items() for name in names)

    def _role_arguments(self, variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
        """Return the options from variables, the name of the variable of each option, and all errors."""
        arguments: dict[str, Any] = {}
        names = {option: f"{self.roles[0]}_{option}" for option in self.spec.argument_spec}
        for option in self.spec.argument_spec:
            for name in self._names_of(option, arguments, names):
                value = self._variable(name, variables)
                if not is_blank(value):
                    arguments[option], names[option] = value, name
                    break
        for option, value in arguments.items():
            if self.spec.argument_spec[option].get("elements") == "str" and isinstance(value, str):
                # The answer of a survey may have one entry per line.
                arguments[option] = [entry.strip() for entry in _BETWEEN.split(value) if entry.strip()]
        problems = self._adapt(arguments, names, variables)
        if not problems and not any(option in arguments for option in self.needs):
            problems.append(self._nothing_given(names, variables))
        problems += [
            f"{names[option]} is not a list; put the list in a file and give the file with -e @file.yml"
            for option, value in arguments.items()
            if self.spec.argument_spec[option].get("elements") == "raw" and isinstance(value, (str, Mapping))
        ]
        return arguments, names, problems + _complete_paths(arguments, names)

    def _nothing_given(self, names: Mapping[str, str], variables: dict[str, Any]) -> str:
        first, *others = (names[option] for option in self.needs)
        reported = f"Neither {' nor '.join((first, *others))} is given." if others else f"{first} is not given."
        file = names["src" if "src" in self.needs else self.needs[0]]
        hint = hosts_hint(variables, variables.get("groups", {}).get("all", []))
        return f"{reported} Give a file, for example: -e {file}=people.yml. {hint}".strip()

    def _names_of(self, option: str, arguments: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
        """Return the variables that may set an option, in order of precedence."""
        # The report of a stand-in role is not the report of this role.
        roles: Sequence[str] = self.roles if option != "report" else self.roles[:1]
        if option in self.alternatives:
            given = [names[other] for other in self.alternatives if other in arguments]
            roles = [role for role in roles if not given or given[0].startswith(f"{role}_")]
        return [f"{role}_{option}" for role in roles]

    def _adapt(self, _arguments: dict[str, Any], _names: dict[str, str], _variables: dict[str, Any]) -> list[str]:
        """Turn special variables of the role into options, in place; return all errors."""
        return []

    # --- reports ------------------------------------------------------------------------------------------------------

    def _perform(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str] = str
    ) -> dict[str, Any]:
        report, folder = str(arguments.get("report") or "").strip(), self._loader.get_basedir()
        if not report:
            return self._carry_out(arguments, variables, called)
        refusal = refusal_of(report, folder, reports.ENDINGS)
        if not refusal and self._task.async_val:
            refusal = NOT_ASYNCHRONOUS
        if refusal:
            return {"failed": True, **self._failure([f"{called('report')} {refusal}"])}
        path = path_from(report, folder)
        result = self._carry_out({**arguments, "report": str(path)}, variables, called)
        try:
            text = reports.render(
                self.kind,
                result,
                Path(report).suffix.lower(),
                moment=datetime.now(timezone.utc),
                job=_job_of(variables),
            )
            reports.write(str(path), text)
        except OSError as error:
            text = f"{called('report')}: {path} could not be written: {error.strerror}"
            message = ". ".join(str(part).rstrip(".") for part in (result.get("msg"), text) if part)
            return {**result, "failed": True, "msg": message, "problems": [*result.get("problems", ()), text]}
        return {**result, "report": str(path)}

    def _carry_out(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str]
    ) -> dict[str, Any]:
        """Return the result of the module, which is the content of the report."""
        return super()._perform(arguments, variables, called)

    def _with_report(self, result: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the result with the text and the artifacts of the role."""
        if "text" in result:
            return {**result, "artifacts": {}}
        artifacts: dict[str, Any] = totals.artifacts_of(self.kind, result)
        text_name = f"tallyfy_{self.roles[0]}_report_text"
        if not result.get("failed"):
            # Every later task processes the registered result; thousands of unchanged people would cost as much time as
            # the run itself. They are counted, and a report contains them.
            people = [row for row in result.get("people", ()) if row.get("outcome") != "unchanged"]
            reported = {**result, "people": people}
            rows = max(TEXT_ROWS // max(len(variables.get("ansible_play_hosts_all", ())), 1), 1)
            moment, job = datetime.now(timezone.utc), _job_of(variables)
            artifacts[text_name] = reports.short_text(self.kind, reported, moment=moment, job=job, limit=rows)
            text = totals.text_of(self.kind, reported, report=result.get("report"))
            return {**reported, "text": text, "artifacts": artifacts}
        headline = totals.failure_of(self.kind, result)[0]
        # The artifacts are printed with the failure, so omit zeros.
        artifacts = {name: count for name, count in artifacts.items() if count}
        artifacts[text_name] = f"{headline}\n"
        return self._failed(result, artifacts=artifacts)

    def _failed(self, result: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return the failure of the task of a role, or raise it where ansible-core would show it twice otherwise."""
        headline, problems = totals.failure_of(self.kind, result)
        return failure_result(result, headline, problems, **more)


def _complete_paths(arguments: dict[str, Any], names: Mapping[str, str]) -> list[str]:
    """Make the paths of files absolute, in place; return all errors."""
    problems = []
    for option in ("src", "report", "dest"):
        # The answer of a survey may end in a line break.
        given = "" if is_blank(arguments.get(option)) else str(arguments[option]).strip()
        if "$" in given:
            problems.append(f"{names[option]} {given}: {DOLLAR}")
        elif given:
            try:
                # Relative to the current folder of the shell; a module would use the folder of the playbook.
                arguments[option] = str(path_from(given, str(Path.cwd())))
            except (OSError, RuntimeError, ValueError) as error:  # an unknown home folder, or an invalid path
                problems.append(f"{names[option]} {given}: {error}")
    return problems


def _job_of(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the IDs and the user that AWX passes to each job."""
    names = {"id": "awx_job_id", "workflow_id": "awx_workflow_job_id", "user": "awx_user_name"}
    return {key: variables.get(name) for key, name in names.items()}
