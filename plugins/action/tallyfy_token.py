# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ``tallyfy_token`` and keeps what it returns out of the output, while ``register`` still gets it."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, marked as censored unless it failed: an error must stay readable."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        # Connection plugins print what a module returned at -vvv, before the result reaches this plugin. The connection
        # has a play context of its own, which is not this plugin's.
        context = self._connection._play_context
        was_censored = context.no_log
        context.no_log = True
        try:
            result.update(self._execute_module(module_name="tallyfy.platform.tallyfy_token", task_vars=task_vars))
        finally:
            context.no_log = was_censored
        if not result.get("failed"):
            result["_ansible_no_log"] = True
            # ansible-core < 2.19 looks at the task when it puts the results of a loop together.
            self._task.no_log = True
        return result
