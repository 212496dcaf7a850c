# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role offboarding has beside its module: the answer of a survey. Private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.tallyfy.platform.plugins.plugin_utils._action import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._bulk_action import BulkAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import EMAILS, offboarding_rows


class OffboardingAction(BulkAction):
    """The action of ``tallyfy_offboarding``."""

    kind = "offboarding"
    roles = ("offboarding",)
    more_variables = ("emails",)
    needs = ("people", "src", "guests")
    is_by_survey = False

    def _adapt(self, arguments: dict[str, Any], names: dict[str, str], variables: dict[str, Any]) -> list[str]:
        given = {names[option]: arguments[option] for option in self.alternatives if option in arguments}
        rows, problems = offboarding_rows(plain({EMAILS: self._variable(EMAILS, variables), **given}))
        if rows and not problems:
            arguments["people"] = rows
            self.is_by_survey = True
        return problems

    def _told(self, result: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        # Whoever answers a survey sees that the job is green, and takes it that the person is gone.
        unknown = [row["email"] for row in result.get("people", ()) if row["outcome"] == "not_found"]
        if self.is_by_survey and unknown:
            problems = [f"{EMAILS}: nobody has the address {email}" for email in unknown]
            result = {**result, "failed": True, "problems": [*result["problems"], *problems]}
        return super()._told(result, variables)
