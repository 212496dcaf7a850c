# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be done for a member, one row each: when, who may, and how it is told. Private to the collection.

Source: API reference, "Members", "Seats" and "Suggested permission matrix".
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Step

#: The switch of an organization that lets standard members write groups.
MANAGE_GROUPS = "allow_manage_groups"
#: Only an administrator may do it, and no switch of the organization changes that.
ADMIN = ""


@dataclass(frozen=True)
class MemberAction:
    """A kind of step about one member.

    ``phase`` is one of ``add``, ``change``, ``group`` and ``remove``, in the order in which a run works. ``story`` fits
    before it is done and afterwards. ``switch`` of the organization lets others than administrators do it; ``None``
    asks nothing of the acting member.
    """

    name: str
    phase: str
    story: str
    outcome: str = "changed"
    takes_seat: bool = False
    switch: str | None = ADMIN

    def told(self, step: Step) -> str:
        """Return what such a step does, in words."""
        return self.story.format(
            role=step.values.get("role"),
            fields=", ".join(step.values),
            target=step.target,
            reason=step.reason.replace("; they go", ""),
            handover=step.reason.partition("; ")[2],
        )


MEMBER_ACTIONS = {
    one.name: one
    for one in (
        # Adding somebody goes through the application.
        MemberAction("create", "add", "add as {role}", "created", takes_seat=True, switch=None),
        MemberAction("invite", "add", "invite as {role}", "invited", takes_seat=True, switch="allow_user_invite"),
        MemberAction("enable", "change", "enable", "reactivated", takes_seat=True),
        MemberAction("update", "change", "set {fields}"),
        MemberAction("change_role", "change", "make {role}, {reason}", takes_seat=True),
        MemberAction("hand_over", "change", "hand over {reason}"),
        MemberAction("add_to_group", "group", "put into {target}", switch=MANAGE_GROUPS),
        MemberAction("remove_from_group", "group", "take out of {target}", switch=MANAGE_GROUPS),
        MemberAction("remove", "remove", "take access away, {handover}", "removed"),
        MemberAction("disable", "remove", "take access away", "removed"),
        MemberAction("delete", "remove", "delete", "removed"),
    )
}


def _in_phase(phase: str) -> tuple[str, ...]:
    return tuple(one.name for one in MEMBER_ACTIONS.values() if one.phase == phase)


CREATIONS, CHANGES, GROUP_CHANGES, REMOVALS = map(_in_phase, ("add", "change", "group", "remove"))
