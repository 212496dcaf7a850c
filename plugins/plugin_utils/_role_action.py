# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks and failures that all tasks of roles share. Private to the collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._action import ModuleAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import names_of_own
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import (
    file_without_at,
    missing_organization,
    misspelled_for_role,
    slice_notice,
)


class RoleFailure(AnsibleActionFail):
    """A failure that ansible-core 2.19 and later shows once: not also as an error with source lines of the role."""

    omit_exception_key = True


class RoleAction(ModuleAction):
    """The base class of the action plugins of modules that have a role."""

    def _validate_host(self, variables: Mapping[str, Any], role: str, known: Collection[str]) -> list[str]:
        """Return the reasons for not running on this host: ignored or misspelled variables, or a missing organization.

        ``known`` are all variables of the role and of its stand-ins.
        """
        problems = file_without_at(variables.get("_raw_params"), role, known)
        problems += misspelled_for_role(names_of_own(variables), role, known)
        if problems:
            return problems
        host = str(variables.get("inventory_hostname"))
        missing = missing_organization(self._plain_variables(variables), host, *_hosts(variables))
        return [missing] if missing else []

    def _connection_options(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the connection options of a task in a role or playbook that sets all other options."""
        found = self._connection_arguments(variables)
        own = {name: value for name, value in self._task.args.items() if name in OPTIONS or name in ALIASES}
        return {**found, **own}

    def _slice_notice(self, variables: Mapping[str, Any]) -> list[str]:
        """Return the notice that a slice of a job does nothing, empty when there is work to do."""
        return slice_notice(self._plain_variables(variables), *_hosts(variables))

    def _plain_variables(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the templated variables that the checks need."""
        connection = ("tallyfy_org_id", "tallyfy_organization_id", "tallyfy_hosts")
        job = ("awx_workflow_job_name", "awx_job_template_name")
        return {
            name: value for name in (*connection, *job) if not is_blank(value := self._variable(name, dict(variables)))
        }


def _hosts(variables: Mapping[str, Any]) -> tuple[Sequence[str], Collection[str]]:
    return variables.get("ansible_play_hosts_all", []), variables.get("groups", {}).get("all", [])


def failure_result(result: Mapping[str, Any], headline: str, problems: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return the failure of the task of a role, or raise it where ansible-core would show it twice otherwise."""
    failure = {
        "changed": bool(result.get("changed")),
        "msg": headline,
        "problems": list(problems),
        **more,
        # Printed line by line.
        "_ansible_verbose_always": True,
    }
    failure.update({name: result[name] for name in ("exception", "warnings", "deprecations") if result.get(name)})
    if "exception" in failure or not hasattr(AnsibleActionFail, "omit_exception_key"):
        return {**failure, "failed": True}
    raise RoleFailure(headline, result=failure)
