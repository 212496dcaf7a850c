# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members: their desired state, their records, and how they are found. Private to the collection.

Source: API reference, "Members".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION, Names, meant, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InconsistentListError, InputError

from .fields import CLEARABLE_FIELDS, INVITATION_MESSAGE, MEMBER_FIELDS, PROFILE_FIELDS, PROVISIONS, ROLES, STATES
from .time_zones import time_zone_problem

DEFAULT_ROLE = "light"
NAMES = ("first_name", "last_name")
NO_ADDRESS = "{} {!r} is not an e-mail address"
DEFAULT_MESSAGE = "You are invited to join us on Tallyfy."
#: The largest page of the service, and the default number of pages that are requested concurrently.
MEMBERS_PER_PAGE = 1000
PAGE_WORKERS = 8
#: The fields of a member's record, each with all names that the service uses for it, the usual name first.
SHAPE = {
    "id": ("id",),
    "email": ("email",),
    "username": ("username",),
    "full_name": ("full_name",),
    "status": ("status",),
    "role": ("role", "user_role"),
    **{name: (name,) for name in PROFILE_FIELDS},
    "is_default_admin": ("is_default_admin",),
    "is_support_user": ("support_user",),
    "created_at": ("created_at",),
    "updated_at": ("updated_at", "last_updated"),
    "last_login_at": ("last_login_at",),
}
#: The argument spec of one member: the options of ``tallyfy_user`` and the fields of a row.
MEMBER_OPTIONS: dict[str, dict[str, Any]] = {
    "email": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "role": {"type": "str", "choices": list(ROLES)},
    **{member_field.name: member_field.option for member_field in MEMBER_FIELDS},
    "clear": {"type": "list", "elements": "str"},
    "groups": LIST_OPTION,
    "provision": {"type": "str", "choices": list(PROVISIONS)},
    "invitation_message": {"type": "str", "default": DEFAULT_MESSAGE},
    "reassign_to": {"type": "str"},
}
_DELETED = re.compile(r"\.deleted\.\d+$")
_JUDGED_FIELDS = (*MEMBER_FIELDS, INVITATION_MESSAGE)
_SCHEME = re.compile(r"(?i)\b(https?|ftp)://|^www\.")


@dataclass(frozen=True)
class DesiredMember:
    """The desired state of one person.

    A field that is not in ``profile`` was not given and stays unchanged; an empty text there clears it.
    """

    email: Email
    state: str = "present"
    profile: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None
    groups: Names | None = None
    provision: str = "invite"
    invitation_message: str = DEFAULT_MESSAGE
    reassign_to: Email | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, has_application: bool) -> DesiredMember:
        """Return the desired member of module parameters or a row of a roster; a blank counts as not given."""
        given = {
            profile_field.name: profile_field.taken(params[profile_field.name])
            for profile_field in MEMBER_FIELDS
            if params.get(profile_field.name) is not None
        }
        cleared = dict.fromkeys(filter(None, map(tidied, params.get("clear") or ())), "")
        return cls(
            email=Email(params["email"]),
            state=params.get("state") or "present",
            profile={**{name: value for name, value in given.items() if value is not None}, **cleared},
            role=params.get("role"),
            groups=names_in(params.get("groups"), "groups")[0],
            provision=params.get("provision") or ("direct" if has_application else "invite"),
            invitation_message=tidied(params.get("invitation_message")) or DEFAULT_MESSAGE,
            reassign_to=Email(params.get("reassign_to")) or None,
        )


# --- validation -------------------------------------------------------------------------------------------------------


class Flaw(NamedTuple):
    """Why a desired value is invalid.

    ``stored`` is the field and its value when the value is accepted for a member whose record already holds it.
    """

    text: str
    stored: tuple[str, str] | None = None


def validate_member(params: Mapping[str, Any]) -> list[Flaw]:
    """Return the flaws of the desired values that can be found without a request."""
    email = Email(params.get("email"))
    flaws = [] if email.is_valid else [Flaw(NO_ADDRESS.format("email", email), ("email", str(email)))]
    for member_field in _JUDGED_FIELDS:
        name = member_field.name
        given = params.get(name)
        found = None if given is None else member_field.flaw(given)
        if found is not None:
            flaws.append(Flaw(f"{name} {found}", (name, tidied(given))))
    flaws += [Flaw(f"{name} is a web address") for name in NAMES if _SCHEME.search(str(params.get(name) or ""))]
    zone = tidied(params.get("timezone"))
    flaw = time_zone_problem(zone) if zone else ""
    if flaw:
        flaws.append(Flaw(f"timezone {flaw}"))
    successor = Email(params.get("reassign_to"))
    if successor and not successor.is_valid:
        flaws.append(Flaw(NO_ADDRESS.format("reassign_to", successor)))
    elif successor and successor == email:
        flaws.append(Flaw("reassign_to is the leaver: name another member"))
    return flaws + [Flaw(text) for text in (*_validate_clear(params), *names_in(params.get("groups"), "groups")[1])]


def require_address(email: str, found: object) -> None:
    """Raise ``InputError`` when nothing was found and the text is not an address: it is probably misspelled."""
    if found is None and not Email(email).is_valid:
        raise InputError([NO_ADDRESS.format("email", email)])


def _validate_clear(params: Mapping[str, Any]) -> Iterator[str]:
    for name in filter(None, map(tidied, params.get("clear") or ())):
        if name not in CLEARABLE_FIELDS:
            known = meant(name, CLEARABLE_FIELDS) or f"; these can be: {', '.join(CLEARABLE_FIELDS)}"
            yield f"clear: {name} cannot be cleared{known}"
        elif tidied(params.get(name)):
            yield f"{name} is both given and cleared"


# --- reading ----------------------------------------------------------------------------------------------------------


class Member(dict[str, Any]):
    """A member's record, with properties that read it however the service spells it.

    The record lacks the fields that the service does not show: see ``unseen_in``.
    """

    @property
    def email(self) -> Email:
        """The address in the form that is compared."""
        return Email(self.get("email"))

    @property
    def status(self) -> str:
        """``active``, ``invited``, ``disabled`` or, for a permanently deleted member, ``deleted``."""
        if _DELETED.search(str(self.get("email", ""))):
            return "deleted"
        return str(self.get("status") or "active").lower()

    @property
    def role(self) -> str:
        """The role in lower case, empty when the service shows none; some answers spell it ``Admin``."""
        return str(_first_of(self, SHAPE["role"]) or "").lower()


def folded(email: object) -> str:
    """Return an address in the form that is compared."""
    return Email(email).key


def find_member(client: Client, email: str) -> Member | None:
    """Return the member with this address, whatever their status, or ``None``.

    The service's ``q`` is a substring search, so the address is compared here. An address that may be spelled in
    another way, or whose ``+`` may be lost in ``q``, is also looked up in the whole list. Removed members are not
    listed. ``organizations`` is included, because a member of several organizations cannot be edited.
    """
    path = client.path("users")
    query = {"with": "organizations"}
    found = _exact(client.records(path, query={**query, "q": email}), email)
    if found is None and Email(email).has_many_spellings:
        found = _exact(client.records(path, query=query), email)
    return found


def list_everybody(client: Client, *, workers: int = PAGE_WORKERS) -> list[Member]:
    """Return the records of all members, whatever their status, read in large pages.

    Permanently deleted members, which some services still list, are left out. Raises ``InconsistentListError`` for a
    list that cannot be right.
    """
    path = client.path("users")
    rows = client.records(path, query={"with": "organizations"}, per_page=MEMBERS_PER_PAGE, workers=workers)
    if not rows:
        # A run would add everybody again.
        raise InconsistentListError(f"GET {path}", "the list is empty, but every organization has members")
    return [member for member in map(Member, rows) if member.status != "deleted"]


def _exact(rows: Iterable[Record], email: str) -> Member | None:
    members = (member for member in map(Member, rows) if member.status != "deleted")
    return next((member for member in members if member.email == email), None)


def full_name_of(record: Mapping[str, Any]) -> str:
    """Return the first and last name of a record or a profile, empty when it has none."""
    names = (str(record.get(name) or "").strip() for name in ("first_name", "last_name"))
    return " ".join(name for name in names if name) or str(record.get("full_name") or "")


def is_bot(record: Mapping[str, Any]) -> bool:
    """Return whether this is the Tallyfy Bot. The mark of a bot is not documented, so any of several marks counts."""
    return (
        str(record.get("type") or "").lower() == "bot"
        or str(record.get("username") or "").lower() == "tallyfybot"
        or str(record.get("email") or "").strip().lower() == "bot@tallyfy.com"
        or str(record.get("full_name") or "").strip().lower() == "tallyfy bot"
    )


def is_service_account(record: Mapping[str, Any]) -> bool:
    """Return whether this account belongs to Tallyfy: the Tallyfy Bot, or a support account."""
    return is_bot(record) or bool(record.get("support_user"))


def shape_member(record: Mapping[str, Any], groups: list[str] | None = None) -> Record:
    """Return a member's record in the shape that modules return, whichever shape the service used.

    Used as options, or as a row of a roster, it describes the current state: nothing would change.
    """
    member = Member(record)
    shaped = {name: _first_of(record, spellings) for name, spellings in SHAPE.items()}
    shaped["role"] = member.role or None
    shaped["status"] = member.status if record.get("status") else None
    shaped["state"] = {None: None, "disabled": "disabled"}.get(shaped["status"], "present")
    shaped["date_format"] = comparable("date_format", shaped["date_format"])
    shaped["is_bot"] = is_bot(record)
    shaped["is_default_admin"] = bool(shaped["is_default_admin"])
    shaped["is_support_user"] = bool(shaped["is_support_user"])
    if not shaped["full_name"]:
        names = (str(shaped[name]) for name in ("first_name", "last_name") if shaped[name])
        shaped["full_name"] = " ".join(names) or None
    if groups is not None:
        shaped["groups"] = sorted(groups, key=str.casefold)
    return shaped


def comparable(name: str, value: Any) -> Any:
    """Return a value to compare: tidied, empty as missing, date formats in lower case, IDs as integers."""
    if isinstance(value, str):
        value = tidied(value)
        if name == "date_format":
            value = value.lower()
        if name == "country_id" and value.isdigit():
            return int(value)
    return None if value == "" else value


def unseen_in(names: Iterable[str], record: Mapping[str, Any]) -> list[str]:
    """Return the names that the record holds under none of their spellings."""
    return sorted(
        name for name in names if name not in record and all(spelling not in record for spelling in SHAPE[name])
    )


def _first_of(record: Mapping[str, Any], spellings: tuple[str, ...]) -> Any:
    for spelling in spellings:
        value = record.get(spelling)
        if value is not None:
            return value
    return None
