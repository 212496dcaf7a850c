# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of a member's profile, one row each. Private to the collection.

All else that lists them follows from here: a new field is a row and its documentation.

Source: API reference, "Members" and "Create (provision) a user".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import flaw_in, tidied

ROLES = ("admin", "standard", "light")
STATES = ("present", "disabled", "deleted")
PROVISIONS = ("direct", "invite")


@dataclass(frozen=True)
class MemberField:
    """A field that a PUT writes. ``at_creation`` are the ways to add somebody that take it at once."""

    name: str
    type: str = "str"
    longest: int | None = None
    choices: tuple[str, ...] = ()
    is_clearable: bool = False
    has_lines: bool = False
    at_creation: tuple[str, ...] = ()

    @property
    def option(self) -> dict[str, Any]:
        """The argument spec of the field."""
        return {"type": self.type, **({"choices": list(self.choices)} if self.choices else {})}

    def taken(self, given: Any) -> Any:
        """Return the value that is wanted; ``None`` for a blank, which leaves the field as it is."""
        return given if given is None or self.type != "str" else tidied(given) or None

    def flaw(self, given: Any) -> str | None:
        """Return why a value that came in is not taken."""
        return flaw_in(tidied(given), longest=self.longest, has_lines=self.has_lines) if self.type == "str" else None


#: In the order in which people read them.
MEMBER_FIELDS = (
    MemberField("first_name", longest=32, at_creation=PROVISIONS),
    MemberField("last_name", longest=32, at_creation=PROVISIONS),
    MemberField("timezone", at_creation=("direct",)),
    MemberField("phone", longest=20, is_clearable=True),
    MemberField("job_title", is_clearable=True),
    MemberField("job_description", is_clearable=True, has_lines=True),
    MemberField("team", is_clearable=True),
    MemberField("country_id", type="int"),
    MemberField("date_format", choices=("mm/dd/yyyy", "dd/mm/yyyy")),
)
#: What an invitation says; it is sent and never stored.
INVITATION_MESSAGE = MemberField("invitation_message", longest=5000, has_lines=True)
#: What else a record of a member holds: Tallyfy sets it, and nobody can want another value.
SET_BY_TALLYFY = (
    "id",
    "username",
    "full_name",
    "status",
    "is_default_admin",
    "is_bot",
    "is_support_user",
    "created_at",
    "updated_at",
    "last_login_at",
)
PROFILE_FIELDS = tuple(one.name for one in MEMBER_FIELDS)
CLEARABLE_FIELDS = tuple(one.name for one in MEMBER_FIELDS if one.is_clearable)


def taken_at_creation(provision: str) -> tuple[str, ...]:
    """Return the fields that somebody can be added with."""
    return tuple(one.name for one in MEMBER_FIELDS if provision in one.at_creation)
