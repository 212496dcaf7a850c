# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Who may do what: the roles of the acting member against the actions of the API."""

from __future__ import annotations

from .calls import Call
from .envelopes import forbidden


def require(call: Call, permission: str) -> None:
    """Refuse with 403 unless the acting member's role covers the action; an application acts as administrator."""
    if permission == "everybody":
        return
    role = acting_role(call)
    if role == "admin":
        return
    switches = call.world.switches
    if role == "standard" and (
        (permission == "invite" and switches.allow_user_invite)
        or (permission == "manage_groups" and switches.allow_manage_groups)
        or permission == "standard"
    ):
        return
    raise forbidden()


def acting_role(call: Call) -> str:
    return "admin" if call.acting is None else call.acting.role
