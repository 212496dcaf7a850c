# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role offboarding has beside its module: the answer of a survey. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable
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

    def _perform(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str] = str
    ) -> dict[str, Any]:
        # Whoever answers a survey sees that the job is green, and takes it that the person is gone.
        unknown = self._unknown(arguments, variables, called) if self.is_by_survey else []
        if unknown:
            return {"failed": True, **self._failure([f"{EMAILS}: nobody has the address {email}" for email in unknown])}
        return super()._perform(arguments, variables, called)

    def _unknown(self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str]) -> list[str]:
        """Return the addresses that nobody has, as a dry run tells."""
        was_check_mode, self._task.check_mode = self._task.check_mode, True
        try:
            found = super()._perform({**arguments, "report": None}, variables, called)
        finally:
            self._task.check_mode = was_check_mode
        return [row["email"] for row in found.get("people", ()) if row["outcome"] == "not_found"]
