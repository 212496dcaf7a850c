# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of a member's profile as a table. Private to the collection.

Every other list of fields is derived from it: a new field takes a row here and its documentation.

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
    """A field that a PUT writes. ``at_creation`` lists the values of ``provision`` that accept it on creation."""

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
        """Return the desired value; ``None`` for a blank, which leaves the field unchanged."""
        return given if given is None or self.type != "str" else tidied(given) or None

    def flaw(self, given: Any) -> str | None:
        """Return why a value is invalid, or ``None``."""
        return flaw_in(tidied(given), longest=self.longest, has_lines=self.has_lines) if self.type == "str" else None


#: In the order in which they are shown.
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
#: The text of an invitation; it is sent and never stored.
INVITATION_MESSAGE = MemberField("invitation_message", longest=5000, has_lines=True)
#: The other fields of a member's record: Tallyfy sets them, and a row cannot change them.
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
PROFILE_FIELDS = tuple(field.name for field in MEMBER_FIELDS)
CLEARABLE_FIELDS = tuple(field.name for field in MEMBER_FIELDS if field.is_clearable)


def taken_at_creation(provision: str) -> tuple[str, ...]:
    """Return the fields that a creation with this ``provision`` accepts."""
    return tuple(field.name for field in MEMBER_FIELDS if provision in field.at_creation)
