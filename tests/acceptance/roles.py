# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the task of a role in this process: the action plugin with the role's variables, without a playbook around it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

from sandbox.testing import Sandbox

#: The module that each role is another spelling of.
MODULES = {
    "onboarding": "tallyfy_onboarding",
    "offboarding": "tallyfy_offboarding",
    "roster": "tallyfy_roster",
    "drift": "tallyfy_roster_drift",
    "export_roster": "tallyfy_roster_export",
    "worklist": "tallyfy_task_info",
}
#: What the first task of a role says of itself, where the role has several.
FIRST = {"worklist": {"__worklist_stage": "find"}}
ACTIONS = "ansible_collections.tallyfy.platform.plugins.action"


class Roles:
    """Runs roles' tasks against the sandbox. ``variables`` are those that every run gets."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        #: Where Ansible was called, and where the playbook is.
        self.folder = self.playbook_folder = folder
        #: The secrets of ansible-vault that the run has, as ansible-core holds them.
        self.vault_secrets: list[tuple[str, Any]] = []
        #: What was shown while the work went on.
        self.shown: list[str] = []
        self.variables: dict[str, Any] = {
            "inventory_hostname": "localhost",
            "ansible_play_hosts_all": ["localhost"],
            "groups": {"all": [], "ungrouped": []},
            "ansible_python_interpreter": sys.executable,
            "tallyfy_api_url": sandbox.api_url,
            "tallyfy_token_url": sandbox.token_url,
            "tallyfy_org_id": sandbox.org_id,
            "tallyfy_client_id": sandbox.client_id,
            "tallyfy_client_secret": sandbox.client_secret,
            "tallyfy_state_dir": str(folder / "cache"),
            "tallyfy_max_wait": 5,
        }

    def run(self, role: str, check_mode: bool = False, **variables: Any) -> dict[str, Any]:
        """Return what the role registers, failed or not; ``None`` takes away a variable that every run gets."""
        return self._run(MODULES[role], {}, role, check_mode, variables)

    @staticmethod
    def variables_of(role: str) -> frozenset[str]:
        """Return the names of all variables of a role."""
        plugin = importlib.import_module(f"{ACTIONS}.{MODULES[role]}").ActionModule
        names: frozenset[str] = plugin.variables(plugin)
        return names

    def module(
        self, module: str, check_mode: bool = False, *, args: dict[str, Any], **variables: Any
    ) -> dict[str, Any]:
        """Return what a task outside of any role registers; its own arguments are ``args``."""
        return self._run(module, args, None, check_mode, variables)

    def _run(
        self, module: str, args: dict[str, Any], role: str | None, check_mode: bool, variables: dict[str, Any]
    ) -> dict[str, Any]:
        given = {**self.variables, **variables}
        given = {name: value for name, value in given.items() if value is not None or name not in self.variables}
        plugin = self.plugin(module, args, given, check_mode)
        if role is not None:
            plugin._task._role = mock.Mock(get_name=lambda *_args, **_more: f"tallyfy.platform.{role}")
            plugin._task.vars = FIRST.get(role, {})
        with _working_in(self.folder):
            try:
                result: dict[str, Any] = plugin.run(task_vars=given)
            except AnsibleActionFail as error:
                # How ansible-core 2.19 and later is told of a failure.
                result = {**error.result, "failed": True}
        return result

    def plugin(self, module: str, args: dict[str, Any], variables: dict[str, Any], check_mode: bool = False) -> Any:
        """Return the action plugin for a task on this machine."""
        task = Task()
        task.action, task.args, task.check_mode = f"tallyfy.platform.{module}", dict(args), check_mode
        loader = DataLoader()
        loader.set_basedir(str(self.playbook_folder))
        loader.set_vault_secrets(self.vault_secrets)
        plugin = importlib.import_module(f"{ACTIONS}.{module}").ActionModule(
            task=task,
            connection=mock.Mock(transport="local", become=None),
            play_context=mock.Mock(check_mode=check_mode),
            loader=loader,
            templar=Templar(loader, variables=variables),
            shared_loader_obj=None,
        )
        plugin._display = mock.Mock(display=self._display)
        return plugin

    def _display(self, text: str, *_args: Any, stderr: bool = False, **_more: Any) -> None:
        assert stderr, f"on stdout, which may be for a program to read: {text}"
        self.shown.append(text)

    def succeed(self, role: str, check_mode: bool = False, **variables: Any) -> dict[str, Any]:
        """Run the role and return what it registers; a failure fails the test."""
        result = self.run(role, check_mode, **variables)
        assert not result.get("failed"), result
        return result

    def fail(self, role: str, check_mode: bool = False, **variables: Any) -> list[str]:
        """Run the role and return its problems; a success, and a defect, fails the test."""
        result = self.run(role, check_mode, **variables)
        assert result.get("failed"), result
        assert "exception" not in result, result
        assert result["msg"]
        return list(result["problems"])


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
