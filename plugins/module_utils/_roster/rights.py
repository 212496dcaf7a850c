# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the acting member is known not to be allowed, before anything is written. Private to the collection.

Source: API reference, "Suggested permission matrix".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import spoken
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    Member,
    find_member,
)

from .actions import ADMIN, MANAGE_GROUPS, MEMBER_ACTIONS


def refuse_without_rights(
    client: Client,
    steps: Iterable[Step],
    everybody: Iterable[Member] | None = None,
    *,
    group_steps: Iterable[Step] = (),
) -> None:
    """Raise ``RefusedError`` when the acting member is known not to be allowed what these steps do.

    It is asked before the first write, so that nobody is left half done. The role is the one that the list of members
    tells; who has read it gives ``everybody``. ``group_steps`` are those of plans for groups themselves.
    Source: API reference, "Suggested permission matrix".
    """
    rights = {words: switch for words, switch in map(_right_for, steps) if switch is not None}
    rights.update((f"group {spoken(step.action)}", MANAGE_GROUPS) for step in group_steps)
    email = _acting_email_if_known(client) if rights else None
    if email is None:
        return
    if everybody is None:
        acting = find_member(client, email)
    else:
        acting = next((member for member in everybody if member.email == email), None)
    role = acting.role if acting is not None else ""
    if role not in ("standard", "light"):
        return
    denied = list(rights) if role == "light" else _denied(client, rights)
    if denied:
        reason = (
            f"this runs as {email}, whose role is {role}, and these actions take an administrator: "
            f"{', '.join(sorted(denied))}. Set act_as (TALLYFY_ACT_AS) to the e-mail address of an administrator, or "
            f"give the access_token of one."
        )
        raise RefusedError(f"Nothing was written: {reason}", problems=[reason])


def _right_for(step: Step) -> tuple[str, str | None]:
    """Return what a step about a member does, in words, and which switch of the organization lets others do it."""
    if step.action == "invited" and step.values.get("role") == "admin":
        return "administrator invited", ADMIN
    return spoken(step.action), MEMBER_ACTIONS[step.action].switch


def _acting_email_if_known(client: Client) -> str | None:
    try:
        return client.acting_email()
    except (ForbiddenError, NotFoundError):
        # What cannot be known beforehand is left to Tallyfy to refuse.
        return None


def _denied(client: Client, rights: Mapping[str, str]) -> list[str]:
    """Return what a standard member may not do in this organization."""
    organization = client.organization() if any(rights.values()) else {}
    # Whether a switch that is not shown is off is left to Tallyfy.
    return [words for words, switch in rights.items() if not switch or organization.get(switch) in (False, 0)]
