# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests: find them, shape them, and plan the changes that Tallyfy allows. Private to the collection.

Tallyfy stores a profile only when the guest is first created, in any organization. Source: API reference, "Guests".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import LIST_OPTION, Names, names_in
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import (
    Plan,
    Step,
    unchangeable,
    unchangeable_warning,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, flaw_in, is_blank, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

from .directory import (
    Directory,
    ids_of,
)
from .fields import STATES
from .member import list_everybody, require_address
from .time_zones import time_zone_problem

#: The page size of the service when none is requested.
GUESTS_PER_PAGE = 999
LONGEST = {
    "first_name": 200,
    "last_name": 200,
    "company_name": 200,
    "opportunity_name": 200,
    "status": 200,
    "phone_1": 20,
    "phone_2": 20,
}
ADDRESSES = ("company_url", "contact_url", "image_url", "opportunity_url")
#: The fields that are stored when a guest is first created, in the order in which they are shown.
PROFILE_FIELDS = (*LONGEST, *ADDRESSES, "timezone", "external_sync_source", "external_date_creation")
KEPT = "The profile of a guest counts only when they are first created in Tallyfy, in whichever organization."
NOBODY = "no guest has this address."
DIFFERENT = "associated_members differ"
NOT_AT_CREATION = "not taken at creation"
#: The argument spec of ``tallyfy_guest``.
GUEST_OPTIONS: dict[str, dict[str, Any]] = {
    "email": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    **{name: {"type": "str"} for name in PROFILE_FIELDS},
    "external_sync_source": {"type": "str", "choices": ["salesforce"]},
    "associated_members": LIST_OPTION,
}
_DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True)
class DesiredGuest:
    """The desired state of one guest. A field that is not in ``profile`` was not given."""

    email: Email
    state: str = "present"
    profile: Mapping[str, str] = field(default_factory=dict)
    members: Names | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredGuest:
        """Return the desired guest of these module parameters; a blank counts as not given."""
        return cls(
            email=Email(params["email"]),
            state=params.get("state") or "present",
            profile=_profile(params),
            members=names_in(params.get("associated_members"), "associated_members", Email)[0],
        )


def _profile(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: tidied(params[name]) for name in PROFILE_FIELDS if not is_blank(params.get(name))}


# --- validation -------------------------------------------------------------------------------------------------------


def validate_guest(params: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of the desired values that can be found without a request."""
    given, email = _profile(params), Email(params.get("email"))
    problems = [] if email.is_valid else [Problem(f"email {email!r} is not an e-mail address")]
    flaws = {name: flaw_in(value, longest=LONGEST.get(name)) for name, value in given.items()}
    found = [(name, f"{name} {flaw}") for name, flaw in flaws.items() if flaw is not None]
    found += [
        (name, f"{name} {given[name]!r} is not a web address such as https://example.com")
        for name in ADDRESSES
        if given.get(name) and not _is_web_address(given[name])
    ]
    zone = given.get("timezone")
    flaw = time_zone_problem(zone) if zone else ""
    if flaw:
        found.append(("timezone", f"timezone {flaw}"))
    date = given.get("external_date_creation")
    if date and _date(date) is None:
        text = f"external_date_creation {date!r} is not a date such as 2026-01-31 09:00:00"
        found.append(("external_date_creation", text))
    problems += [Problem(text, stored=(name, given[name])) for name, text in found]
    members = names_in(params.get("associated_members"), "associated_members", Email)[1]
    return problems + [Problem(text) for text in members]


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)


def _date(text: str) -> str | None:
    """Return a date in the format that the service accepts, in UTC, or ``None`` when it cannot be parsed.

    Source: API reference, "Dates, times, time zones" (answers use five formats; no offset means UTC).
    """
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text.strip()).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(timezone.utc)).strftime(_DATE_FORMAT)


# --- reading ----------------------------------------------------------------------------------------------------------


def find_guest(client: Client, email: str) -> Record | None:
    """Return the guest with this address, disabled or not, or ``None``.

    The service's ``q`` is a substring search, so the address is compared here. An address that may be spelled in
    another way, or whose ``+`` may be lost in ``q``, is also looked up in the whole list.
    """
    found = _exact(list_guests(client, query=email), Email(email))
    return _exact(list_guests(client), Email(email)) if found is None and Email(email).has_many_spellings else found


def list_guests(client: Client, *, query: str | None = None) -> list[Record]:
    """Return all guests of the organization, or those whose address contains ``query``."""
    rows = client.records(client.path("guests"), query={"q": query}, per_page=GUESTS_PER_PAGE)
    return [row for row in rows if not row.get("deleted_at")]


def _exact(rows: list[Record], email: Email) -> Record | None:
    return next((row for row in rows if Email(row.get("email")) == email), None)


def show_guests(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped guests that match ``email``, ``query`` and ``disabled``, sorted by e-mail address."""
    email, text = (filters.get("email") or "").strip(), (filters.get("query") or "").strip()
    if email:
        found = find_guest(client, email)
        require_address(email, found)
        rows = [found] if found is not None and text.casefold() in str(found["email"]).casefold() else []
    else:
        rows = list_guests(client, query=text or None)
    disabled = filters.get("disabled")
    rows = [row for row in rows if disabled in (None, is_disabled(row))]
    directory = Directory(list_everybody(client) if any(associated(row) for row in rows) else ())
    return sorted((shape_guest(row, directory) for row in rows), key=lambda guest: Email(guest["email"]).key)


def detail(record: Mapping[str, Any], name: str) -> Any:
    """Return a field of a guest, from the top of the record or, in the old shape, from ``details``."""
    details = record.get("details")
    value = details.get(name) if isinstance(details, Mapping) else None
    return record.get(name) if value is None else value


def is_disabled(record: Mapping[str, Any]) -> bool:
    """Return whether the guest has no access."""
    return bool(detail(record, "disabled_at"))


def state_of(record: Mapping[str, Any]) -> str:
    """Return the guest's state as a value of the option ``state``."""
    return "disabled" if is_disabled(record) else "present"


def associated(record: Mapping[str, Any]) -> set[int]:
    """Return the IDs of the members the guest is associated with."""
    return ids_of(detail(record, "associated_members"), f"guest {record.get('email')}")


def shape_guest(record: Mapping[str, Any], directory: Directory) -> Record:
    """Return a guest's record in the shape that modules return, whichever shape the service used.

    The guest's link is left out: it grants access without a password.
    """
    return {
        "id": None if record.get("id") is None else str(record["id"]),
        "email": record.get("email"),
        **{name: comparable(name, detail(record, name)) for name in PROFILE_FIELDS},
        "state": state_of(record),
        "disabled_at": detail(record, "disabled_at"),
        "associated_members": directory.emails(associated(record)),
        "associated_member_ids": sorted(associated(record)),
        "created_at": record.get("created_at"),
        "last_accessed_at": detail(record, "last_accessed_at"),
    }


def comparable(name: str, value: Any) -> Any:
    """Return a value in the form that is compared: trimmed, empty as missing, dates in the format of the service."""
    if isinstance(value, str):
        value = tidied(value)
        if name == "external_date_creation":
            value = _date(value) or value
    return value or None


# --- planning ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlannedGuest:
    """The plan for one guest; ``record`` is ``None`` when the address is not a guest."""

    desired: DesiredGuest
    record: Record | None
    plan: Plan


def plan_guest(desired: DesiredGuest, current: Record | None, directory: Directory) -> Plan:
    """Return the plan for one guest. Pure: the same arguments always give the same plan.

    Raises ``InputError`` with every address that the guest cannot be associated with, and for an address that cannot
    become a guest, because it is a member in ``directory``.
    """
    email = desired.email
    if current is None and desired.state != "present":
        return Plan(email, warnings=(f"{email}: {NOBODY}",))
    if desired.state == "deleted":
        gone = {name: value for name, value in shape_guest(current or {}, directory).items() if value}
        return Plan(email, gone, {}, (Step("deleted", email, "permanent deletion was asked for"),))
    problems: list[Problem | str] = [
        *directory.problems(desired.members, "associated_members", associated(current or {}))
    ]
    problems += _validate_members(desired, directory) if current is None else []
    if problems:
        raise InputError(problems)
    warnings = directory.strangers(desired.members, "associated_members")
    if current is None:
        return _plan_creation(desired, directory, warnings)
    kept = drift(desired, current)
    warnings += [unchangeable_warning(email, kept)] if kept else []
    before: Record = {}
    after: Record = {}
    steps = []
    if state_of(current) != desired.state:
        action: Verb = "enabled" if is_disabled(current) else "disabled"
        steps.append(Step(action, email, state_of(current), {"state": desired.state}))
        before["state"], after["state"] = state_of(current), desired.state
    fields = differing(desired, current, directory)
    if fields:
        before["associated_members"] = directory.shown(associated(current))
        after["associated_members"] = directory.shown(fields["associated_members"])
        values = {"associated_members": after["associated_members"]}
        steps.append(Step("updated", email, DIFFERENT, values))
    return Plan(email, before, after, tuple(steps), tuple(warnings))


def _plan_creation(desired: DesiredGuest, directory: Directory, warnings: list[str]) -> Plan:
    email, reason = desired.email, "not a guest of the organization"
    profile = {name: comparable(name, value) for name, value in desired.profile.items()}
    values = {"email": email, **{name: value for name, value in profile.items() if value is not None}}
    steps = [Step("created", email, reason, values)]
    fields = differing(desired, {}, directory)
    rest = {name: directory.shown(ids) for name, ids in fields.items()}
    if rest:
        steps.append(Step("updated", email, NOT_AT_CREATION, rest))
    return Plan(email, {}, {**values, **rest}, tuple(steps), tuple(warnings))


def _validate_members(desired: DesiredGuest, directory: Directory) -> list[Problem]:
    member = directory.find(desired.email)
    # The service decides whether a disabled member may become a guest.
    if member is None or member.status == "disabled":
        return []
    text = f"is a member of the organization ({member.status}), so it cannot be a guest"
    return [Problem(text, subject=desired.email)]


def differing(desired: DesiredGuest, current: Mapping[str, Any], directory: Directory) -> dict[str, list[int]]:
    """Return the IDs of the members to associate, when they differ from those of the record; pure."""
    names = directory.ids(desired.members)
    there = {str(member_id) for member_id in associated(current)}
    add, remove = names.changes(there) if names is not None else ([], [])
    if not add and not remove:
        return {}
    return {"associated_members": sorted(int(member_id) for member_id in (there | set(add)) - set(remove))}


def drift(desired: DesiredGuest, current: Mapping[str, Any]) -> list[Record]:
    """Return the profile fields that differ from the desired state and cannot be changed."""
    if desired.state == "deleted":
        return []
    shaped = shape_guest(current, Directory())
    return [
        unchangeable(name, shaped[name], comparable(name, value), KEPT)
        for name, value in desired.profile.items()
        if shaped[name] != comparable(name, value)
    ]
