# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The survey answers of the role offboarding. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.tallyfy.platform.plugins.plugin_utils._bulk_action import BulkAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import EMAILS, offboarding_rows


class OffboardingAction(BulkAction):
    """The action of ``tallyfy_offboarding``."""

    kind = "offboarding"
    roles = ("offboarding",)
    more_variables = ("person_emails",)
    needs = ("people", "src", "guests")
    is_by_survey = False

    def _adapt(self, arguments: dict[str, Any], names: dict[str, str], variables: dict[str, Any]) -> list[str]:
        given = {names[option]: arguments[option] for option in self.alternatives if option in arguments}
        rows, problems = offboarding_rows({**plain({EMAILS: self._variable(EMAILS, variables)}), **given})
        self.is_by_survey = bool(rows) and not problems
        if self.is_by_survey:
            arguments["people"] = rows
        return problems

    def _carry_out(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str]
    ) -> dict[str, Any]:
        if not self.is_by_survey:
            return super()._carry_out(arguments, variables, called)
        planned = self._planned(arguments, variables, called)
        # The user of a survey takes a successful job as proof that the person has no access any more.
        unknown = [row["email"] for row in planned.get("people", ()) if row.get("outcome") == "not_found"]
        if unknown:
            return {
                "failed": True,
                **self._failure([f"{EMAILS}: no member and no guest has the address {email}" for email in unknown]),
            }
        return planned if self._task.check_mode else super()._carry_out(arguments, variables, called)

    def _planned(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str]
    ) -> dict[str, Any]:
        """Return the result of a dry run."""
        was_check_mode, self._task.check_mode = self._task.check_mode, True
        try:
            return super()._carry_out(arguments, variables, called)
        finally:
            self._task.check_mode = was_check_mode
