# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name, and writes its file on the controller."""

from __future__ import annotations

from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_roster_export import SPEC
from ansible_collections.tallyfy.platform.plugins.plugin_utils._export import ExportAction


class ActionModule(ExportAction):
    spec = SPEC
