# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuses what the acting member is known not to be allowed, before anything is written. Private to the collection.

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
    """Raise ``RefusedError`` when the acting member is known to lack the rights for these steps.

    The check runs before the first write, so that no plan is carried out in part. The role comes from the list of
    members; a caller that has read it passes ``everybody``. ``group_steps`` are the steps of plans for groups.
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
            f"the acting user {email} has the role {role}, but these actions require an administrator: "
            f"{', '.join(sorted(denied))}. Set act_as (TALLYFY_ACT_AS) to the e-mail address of an administrator, or "
            f"set access_token to the token of an administrator."
        )
        raise RefusedError(f"Nothing was written: {reason}", problems=[reason])


def _right_for(step: Step) -> tuple[str, str | None]:
    """Return the description of a step about a member, and the setting of the organization that allows it to others."""
    if step.action == "invited" and step.values.get("role") == "admin":
        return "administrator invited", ADMIN
    return spoken(step.action), MEMBER_ACTIONS[step.action].switch


def _acting_email_if_known(client: Client) -> str | None:
    try:
        return client.acting_email()
    except (ForbiddenError, NotFoundError):
        # The acting member is unknown, so Tallyfy itself must refuse.
        return None


def _denied(client: Client, rights: Mapping[str, str]) -> list[str]:
    """Return the actions that a standard member is not allowed in this organization."""
    organization = client.organization() if any(rights.values()) else {}
    # A setting that is not shown counts as allowed: Tallyfy itself refuses if it is off.
    return [words for words, switch in rights.items() if not switch or organization.get(switch) in (False, 0)]
