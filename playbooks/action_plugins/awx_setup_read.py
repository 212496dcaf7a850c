# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the controller for awx_setup.yml, which is the only playbook that uses it. It never fails and never writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.tallyfy.platform.plugins.plugin_utils._awx_setup import setup_plan

FOLDER = Path(__file__).resolve().parents[1] / "awx"


class ActionModule(ActionBase):
    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, "changed": False, "folder": str(FOLDER), **setup_plan(self._task.args, FOLDER)}
