# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every task of a role does before and after its work, whatever that is. Private to the collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._action import ModuleAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import names_of_own
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import (
    missing_organization,
    misspelled_for_role,
    slice_notice,
)


class RoleFailure(AnsibleActionFail):
    """A failure that ansible-core 2.19 and later tells once: not also as an error with lines of the role's source."""

    omit_exception_key = True


class RoleAction(ModuleAction):
    """The base of the action plugins of modules that have a role of their own."""

    def _problems_of_place(self, variables: Mapping[str, Any], role: str, known: Collection[str]) -> list[str]:
        """Return why nothing may be done on this host: misspelled variables, or no organization of its own.

        ``known`` are all variables of the role, and those that stand in for them.
        """
        problems = misspelled_for_role(names_of_own(variables), role, known)
        if problems:
            return problems
        host = str(variables.get("inventory_hostname"))
        missing = missing_organization(self._plain_variables(variables), host, *_hosts(variables))
        return [missing] if missing else []

    def _connection_options(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the connection options of a task whose other options its role or playbook gives."""
        found = self._connection_arguments(variables)
        own = {name: value for name, value in self._task.args.items() if name in OPTIONS or name in ALIASES}
        return {**found, **own}

    def _slice_notice(self, variables: Mapping[str, Any]) -> list[str]:
        """Return why a slice of a job does nothing, none when there is work to do."""
        return slice_notice(self._plain_variables(variables), *_hosts(variables))

    def _plain_variables(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables that the guards look at, templated."""
        connection = ("tallyfy_org_id", "tallyfy_organization_id", "tallyfy_hosts")
        job = ("awx_workflow_job_name", "awx_job_template_name")
        return {
            name: value for name in (*connection, *job) if not is_blank(value := self._variable(name, dict(variables)))
        }


def _hosts(variables: Mapping[str, Any]) -> tuple[Sequence[str], Collection[str]]:
    return variables.get("ansible_play_hosts_all", []), variables.get("groups", {}).get("all", [])


def failure_result(result: Mapping[str, Any], headline: str, problems: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return the failure of a role's task, or raise it where it would be told twice otherwise."""
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
