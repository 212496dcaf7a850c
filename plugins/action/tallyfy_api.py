# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name inside the controller where that is equivalent."""

from __future__ import annotations

from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_api import SPEC
from ansible_collections.tallyfy.platform.plugins.plugin_utils._action import ModuleAction


class ActionModule(ModuleAction):
    spec = SPEC
