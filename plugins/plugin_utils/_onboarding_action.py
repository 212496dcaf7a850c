# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The survey answers of the role onboarding, and its tokens for tasks of the user.

Private to the collection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.file import read_roster
from ansible_collections.tallyfy.platform.plugins.plugin_utils._bulk_action import BulkAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import PERSON, PERSON_ANSWERS, onboarding_row
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import shown

TOKENS_FOR, TOKENS_TASKS = "onboarding_tokens_for", "onboarding_tokens_tasks"


class OnboardingAction(BulkAction):
    """The action of ``tallyfy_onboarding``."""

    kind = "onboarding"
    roles = ("onboarding",)
    #: The people whose tokens the tasks of the user get.
    tokens_for: Sequence[str] = ()
    more_variables = ("tokens_for", "tokens_tasks", *(f"person_{name}" for name in PERSON_ANSWERS))

    def _adapt(self, arguments: dict[str, Any], names: dict[str, str], variables: dict[str, Any]) -> list[str]:
        answers = {name: self._variable(name, variables) for name in variables if name.startswith(PERSON)}
        given = {names[option]: arguments[option] for option in self.alternatives if option in arguments}
        row, problems = onboarding_row({**plain(answers), **given}, has_process="process" in arguments)
        if row is not None and not problems:
            arguments["people"] = [row]
        return problems + self._problems_of_tokens(arguments, variables)

    def _problems_of_tokens(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> list[str]:
        """Return the errors in the variables for tokens, and store for whom tokens are needed."""
        requested = plain({"for": self._variable(TOKENS_FOR, variables)})["for"]
        self.tokens_for = []
        if is_blank(requested) or requested == []:
            return []
        if not isinstance(requested, list):
            return [f"{TOKENS_FOR} is not a list of e-mail addresses"]
        problems = []
        tasks = self._variable(TOKENS_TASKS, variables)
        if is_blank(tasks) or not _is_file(str(tasks)):
            found = "is not given" if is_blank(tasks) else f"is not a file on the controller: {tasks}"
            problems.append(f"{TOKENS_TASKS} {found}; give the file of tasks that receive each token")
        listed = self._addresses(arguments)
        unlisted = [str(email) for email in requested if listed is not None and Email(email) not in listed]
        if unlisted:
            problems.append(f"{TOKENS_FOR} names people who are not in the list: {', '.join(unlisted)}")
        self.tokens_for = [str(email).strip() for email in requested]
        return problems

    def _addresses(self, arguments: Mapping[str, Any]) -> set[str] | None:
        """Return the e-mail addresses in the list; ``None`` where the list cannot be read."""
        rows = plain({"people": arguments.get("people")})["people"]
        if not is_blank(arguments.get("src")):
            try:
                rows = read_roster(str(arguments["src"]), decrypt=self._decrypt).rows
            except InputError:
                # The module reports the errors in the file.
                return None
        return {Email(row.get("email")) for row in rows if isinstance(row, Mapping)} if isinstance(rows, list) else None

    def _with_report(self, result: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        reported = super()._with_report(result, variables)
        if not self.tokens_for or "summary" not in reported:
            return {**reported, "tokens_for": []}
        if not reported["check_mode"]:
            return {**reported, "tokens_for": list(self.tokens_for)}
        text = f"tokens would be passed to the tasks for {', '.join(map(shown, self.tokens_for))}"
        return {**reported, "tokens_for": [], "text": [*reported["text"], text]}


def _is_file(path: str) -> bool:
    # The home folder may be unknown, and the path may be invalid.
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return Path(path).expanduser().is_file()
    return False
