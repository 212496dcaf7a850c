# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name inside the controller where that is equivalent."""

from __future__ import annotations

from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_roster import SPEC as ROSTER
from ansible_collections.tallyfy.platform.plugins.modules.tallyfy_roster_drift import SPEC
from ansible_collections.tallyfy.platform.plugins.plugin_utils._bulk_action import BulkAction


class ActionModule(BulkAction):
    spec = SPEC
    kind = "drift"
    # Variables that are not given are taken from the role roster, so one file serves both roles.
    roles = ("drift", "roster")
    stand_ins = (ROSTER,)
