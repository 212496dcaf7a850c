# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of steps about a member: phase, required right and description. Private to the collection.

Source: API reference, "Members", "Seats" and "Suggested permission matrix".
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb, spoken

#: The setting of an organization that allows standard members to change groups.
MANAGE_GROUPS = "allow_manage_groups"
#: Only an administrator may do it, whatever the settings of the organization.
ADMIN = ""


@dataclass(frozen=True)
class MemberAction:
    """A kind of step about one member.

    ``phase`` is one of ``add``, ``change``, ``group`` and ``remove``, the order of a run. ``details`` follow the verb
    in a description. ``switch`` is the setting of the organization that allows the action to other members than
    administrators; ``None`` requires no right.
    """

    verb: Verb
    phase: str
    details: str = ""
    takes_seat: bool = False
    switch: str | None = ADMIN

    def described(self, step: Step) -> str:
        """Return the description of such a step."""
        return spoken(self.verb) + self.details.format(
            role=step.values.get("role"),
            fields=", ".join(step.values),
            target=step.target,
            reason=step.reason.replace("; they go", ""),
            handover=", ".join(["", *step.reason.split("; ")[1:]]),
        )


MEMBER_ACTIONS = {
    action.verb: action
    for action in (
        # The request uses the application's credentials.
        MemberAction("created", "add", " as {role}", takes_seat=True, switch=None),
        MemberAction("invited", "add", " as {role}", takes_seat=True, switch="allow_user_invite"),
        MemberAction("enabled", "change", takes_seat=True),
        MemberAction("updated", "change", " {fields}"),
        MemberAction("role_changed", "change", " to {role}, {reason}", takes_seat=True),
        MemberAction("handed_over", "change", " {reason}"),
        MemberAction("added_to_group", "group", " {target}", switch=MANAGE_GROUPS),
        MemberAction("removed_from_group", "group", " {target}", switch=MANAGE_GROUPS),
        MemberAction("disabled", "remove", "{handover}"),
        MemberAction("deleted", "remove"),
    )
}


def _in_phase(phase: str) -> tuple[Verb, ...]:
    return tuple(action.verb for action in MEMBER_ACTIONS.values() if action.phase == phase)


CREATIONS, CHANGES, GROUP_CHANGES, REMOVALS = map(_in_phase, ("add", "change", "group", "remove"))
