# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members: find them, compare them, plan and carry out their changes. Private to the collection.

Source: API reference, "Members" and "Recipes". Planning is pure; everything that is sent goes through ``MemberRun``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.tallyfy.platform.plugins.module_utils._answers import included, shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ForbiddenError,
    InputError,
    InvalidError,
    NotFoundError,
    NotStoredError,
    RefusedByServiceError,
    RefusedError,
    UnauthorizedError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._groups import (
    Names,
    change_members,
    fold,
    list_groups,
    members_of,
    require_groups,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._transport import encoded_path

ROLES = ("admin", "standard", "light")
DEFAULT_ROLE = "light"
DEFAULT_MESSAGE = "You are invited to join us on Tallyfy."
#: Writable by PUT, in the order in which people read them. The first three must be part of every PUT.
PROFILE_FIELDS = (
    "first_name",
    "last_name",
    "timezone",
    "phone",
    "job_title",
    "job_description",
    "team",
    "country_id",
    "date_format",
)
#: What the application route takes at creation beside the e-mail address and the role.
PROVISION_FIELDS = ("first_name", "last_name", "timezone")
INVITE_FIELDS = ("first_name", "last_name")
#: Answers that tell that this profile is not to be written, and not that something else is wrong.
REFUSALS_OF_PROFILES = (400, 403, 404)
LONGEST = {"first_name": 32, "last_name": 32, "phone": 20, "invitation_message": 5000}
#: Fields of a member's record under all names that the service has for them, the usual one first.
SHAPE = {
    "id": ("id",),
    "email": ("email",),
    "username": ("username",),
    "full_name": ("full_name",),
    "status": ("status",),
    "role": ("role", "user_role"),
    **{name: (name,) for name in PROFILE_FIELDS},
    "is_default_admin": ("is_default_admin",),
    "support_user": ("support_user",),
    "created_at": ("created_at",),
    "updated_at": ("updated_at", "last_updated"),
    "last_login_at": ("last_login_at",),
}
_NAMES = {"type": "list", "elements": "str"}
#: The argument spec of one member: the options of ``tallyfy_user`` and the fields of a row.
MEMBER_OPTIONS: dict[str, dict[str, Any]] = {
    "email": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "deleted"], "default": "present"},
    "first_name": {"type": "str"},
    "last_name": {"type": "str"},
    "role": {"type": "str", "choices": list(ROLES)},
    "timezone": {"type": "str"},
    "phone": {"type": "str"},
    "job_title": {"type": "str"},
    "job_description": {"type": "str"},
    "team": {"type": "str"},
    "country_id": {"type": "int"},
    "date_format": {"type": "str", "choices": ["mm/dd/yyyy", "dd/mm/yyyy"]},
    "groups": {
        "type": "dict",
        "options": {"add": _NAMES, "remove": _NAMES, "set": _NAMES},
        "mutually_exclusive": [("set", "add"), ("set", "remove")],
    },
    "provision": {"type": "str", "choices": ["direct", "invite"]},
    "invitation_message": {"type": "str", "default": DEFAULT_MESSAGE},
    "reassign_to": {"type": "str"},
}
_BOT_REFUSAL = "{email} is the Tallyfy Bot, which cannot be edited."
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s.,;<>\"]+")
_DELETED = re.compile(r"\.deleted\.\d+$")
_SCHEME = re.compile(r"(?i)\b(https?|ftp)://|^www\.")


@dataclass(frozen=True)
class DesiredMember:
    """What is wanted of one person. A field that is not in ``profile`` was not mentioned and stays as it is."""

    email: str
    state: str = "present"
    profile: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None
    groups: Names | None = None
    provision: str = "invite"
    invitation_message: str = DEFAULT_MESSAGE
    reassign_to: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, has_application: bool) -> DesiredMember:
        """Return what module parameters or a row of a roster ask for; ``None`` counts as not mentioned."""
        return cls(
            email=str(params["email"]).strip(),
            state=params.get("state") or "present",
            profile={name: params[name] for name in PROFILE_FIELDS if params.get(name) is not None},
            role=params.get("role"),
            groups=Names.from_option(params.get("groups")),
            provision=params.get("provision") or ("direct" if has_application else "invite"),
            invitation_message=params.get("invitation_message") or DEFAULT_MESSAGE,
            reassign_to=(params.get("reassign_to") or "").strip() or None,
        )


@dataclass(frozen=True)
class Surroundings:
    """What planning one member must know beside the member: read by ``look_around``, or made up by a test."""

    groups: Mapping[str, Record] = field(default_factory=dict)
    organization_timezone: str | None = None
    acting_email: str | None = None
    successor: Record | None = None


# --- what is wrong with what is wanted --------------------------------------------------------------------------------


def problems_with(params: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with the wanted values by themselves; nothing is asked of the service."""
    problems = []
    email = str(params.get("email") or "").strip()
    if not _EMAIL.fullmatch(email):
        problems.append(f"email {email!r} is not an e-mail address")
    for name, longest in LONGEST.items():
        length = len(str(params.get(name) or "").strip())
        if length > longest:
            problems.append(f"{name} has {length} characters, at most {longest} are allowed")
    for name in ("first_name", "last_name"):
        value = params.get(name)
        if value is not None and not str(value).strip():
            problems.append(f"{name} is blank; it cannot be cleared")
        elif value is not None and _SCHEME.search(str(value)):
            problems.append(f"{name} is a web address")
    zone = params.get("timezone")
    if zone is not None and not _is_timezone(str(zone).strip()):
        problems.append(f"timezone {zone!r} is not an IANA name such as Europe/Berlin")
    successor = str(params.get("reassign_to") or "").strip()
    if successor and not _EMAIL.fullmatch(successor):
        problems.append(f"reassign_to {successor!r} is not an e-mail address")
    elif successor and same_email(successor, email):
        problems.append("reassign_to is the leaver")
    names = Names.from_option(params.get("groups"))
    return problems + (names.problems() if names else [])


def _is_timezone(name: str) -> bool:
    """Return whether this is an IANA name; any name will do on a machine without the time zone database."""
    if not name:
        return False
    for known in (name, "UTC"):
        # A key that is no plain relative path, or that names a folder, is refused in several ways.
        with contextlib.suppress(KeyError, ValueError, OSError):
            ZoneInfo(known)
            return known == name
    return True


# --- reading ----------------------------------------------------------------------------------------------------------


def same_email(left: object, right: object) -> bool:
    """Return whether two addresses are the same person's: case does not matter."""
    return str(left or "").strip().lower() == str(right or "").strip().lower()


def find_member(client: Client, email: str) -> Record | None:
    """Return the member with this address, whatever their status, or ``None``.

    The service's ``q`` is a substring search, so the address is compared here, exactly but for case. An address with
    a ``+`` is also looked for in the whole list, because its way through ``q`` is in doubt. Removed members are not
    listed. ``organizations`` is included, because a member of several organizations cannot be edited.
    """
    path = client.path("users")
    query = {"with": "organizations"}
    found = _exact(client.records(path, query={**query, "q": email}), email)
    if found is None and "+" in email:
        found = _exact(client.records(path, query=query), email)
    return found


def list_members(client: Client, filters: Mapping[str, Any]) -> list[Record]:
    """Return the shaped members that match ``email``, ``query``, ``status`` and ``role``, sorted by e-mail address.

    The service filters by text only. ``groups`` adds the names of each member's groups.
    """
    email = (filters.get("email") or "").strip()
    if email:
        found = find_member(client, email)
        rows = [found] if found is not None else []
        text = str(filters.get("query") or "").casefold()
        rows = [
            row
            for row in rows
            if text in " ".join(str(row.get(name)) for name in ("first_name", "last_name", "email")).casefold()
        ]
    else:
        rows = client.records(client.path("users"), query={"q": filters.get("query") or None})
    groups = list_groups(client) if filters.get("groups") else None
    status, role = filters.get("status"), filters.get("role")
    members = [
        shape_member(row, None if groups is None else group_names_of(row, groups))
        for row in rows
        if status_of(row) != "deleted" and status in (None, status_of(row)) and role in (None, role_of(row))
    ]
    return sorted(members, key=lambda member: str(member["email"]).lower())


def find_in_whole_list(client: Client, email: str) -> Record | None:
    """Return the member with this address from the unfiltered list; the last word when ``q`` found nobody."""
    return _exact(client.records(client.path("users"), query={"with": "organizations"}), email)


def _exact(rows: list[Record], email: str) -> Record | None:
    for row in rows:
        if same_email(row.get("email"), email) and status_of(row) != "deleted":
            return row
    return None


def status_of(record: Mapping[str, Any]) -> str:
    """Return ``active``, ``invited``, ``disabled`` or, for a permanently deleted member, ``deleted``."""
    if _DELETED.search(str(record.get("email", ""))):
        return "deleted"
    return str(record.get("status") or "active").lower()


def role_of(record: Mapping[str, Any]) -> str:
    """Return the role in lower case; answers also spell it ``Admin``."""
    return str(_first(record, SHAPE["role"]) or "").lower()


def is_bot(record: Mapping[str, Any]) -> bool:
    """Return whether this is the Tallyfy Bot. How a bot is marked is not documented, so several marks count."""
    return (
        str(record.get("type") or "").lower() == "bot"
        or str(record.get("username") or "").lower() == "tallyfybot"
        or same_email(record.get("email"), "bot@tallyfy.com")
        or str(record.get("full_name") or "").strip().lower() == "tallyfy bot"
    )


def shape_member(record: Mapping[str, Any], groups: list[str] | None = None) -> Record:
    """Return a member's record in the one shape that modules return, whichever shape the service used."""
    shaped = {name: _first(record, spellings) for name, spellings in SHAPE.items()}
    shaped["role"] = role_of(record) or None
    shaped["status"] = status_of(record) if record.get("status") else None
    shaped["date_format"] = _comparable("date_format", shaped["date_format"])
    shaped["is_bot"] = is_bot(record)
    shaped["is_default_admin"] = bool(shaped["is_default_admin"])
    shaped["support_user"] = bool(shaped["support_user"])
    if not shaped["full_name"]:
        names = (str(shaped[name]) for name in ("first_name", "last_name") if shaped[name])
        shaped["full_name"] = " ".join(names) or None
    if groups is not None:
        shaped["groups"] = sorted(groups, key=str.casefold)
    return shaped


def group_names_of(record: Mapping[str, Any], groups: Mapping[str, Record]) -> list[str]:
    """Return the names of the groups that hold the member."""
    member = str(record.get("id"))
    return [str(group["name"]) for group in groups.values() if member in {str(one) for one in members_of(group)}]


def look_around(client: Client, desired: DesiredMember, current: Record | None) -> tuple[Record | None, Surroundings]:
    """Return the member's record, completed where the listing was too short, and what else the plan needs.

    Asks only for what this plan can depend on: nothing at all for a member who is as wanted and has no groups.
    """
    if current is not None:
        current = _completed(client, desired, current)
    groups = list_groups(client) if desired.groups is not None and desired.state == "present" else {}
    needs_timezone = _needs_timezone(desired, current)
    organization_timezone = client.get().get("timezone") if needs_timezone else None
    acting_email = successor = None
    if desired.state != "present" and current is not None and status_of(current) != "disabled":
        acting_email = _acting_email(client)
        if desired.reassign_to:
            successor = find_member(client, desired.reassign_to)
    elif current is not None and (desired.state == "deleted" or _becomes_less(desired, current)):
        acting_email = _acting_email(client)
    return current, Surroundings(groups, organization_timezone, acting_email, successor)


def _becomes_less(desired: DesiredMember, current: Mapping[str, Any]) -> bool:
    return desired.state == "present" and desired.role in ("standard", "light") and role_of(current) == "admin"


def _completed(client: Client, desired: DesiredMember, current: Record) -> Record:
    """Return the record with every field that is compared or must be kept; list rows may be as short as six fields.

    A PUT carries all of the profile, so one that is needed needs all of the record. A field that even the whole record
    lacks cannot be compared, and is warned about and left alone.
    """
    needed = {"status", *(PROFILE_FIELDS if _profile_changes(desired, current) else desired.profile)}
    if desired.role or desired.state != "present":
        needed |= {"role", "is_default_admin"}
    if desired.state != "present":
        needed |= {"support_user"}
    if not _unseen(needed, current):
        return current
    return {**current, **client.get("users", current["id"])}


def _needs_timezone(desired: DesiredMember, current: Record | None) -> bool:
    if desired.state != "present" or desired.profile.get("timezone"):
        return False
    if current is not None:
        return not current.get("timezone") and bool(_profile_changes(desired, current))
    given_at_creation = PROVISION_FIELDS if desired.provision == "direct" else INVITE_FIELDS
    given = {name for name, value in desired.profile.items() if _comparable(name, value) is not None}
    return not given <= set(given_at_creation)


def _acting_email(client: Client) -> str | None:
    """Return who the calls are made as; an application has no user, and then there is nobody to protect."""
    if client.member is not None:
        return client.member.user
    if client.application is not None:
        return None
    try:
        return str(client.get("me").get("email") or "") or None
    except UnauthorizedError:
        # An application's own token was given as the access token; there is no user behind it.
        return None


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_member(desired: DesiredMember, current: Record | None, around: Surroundings) -> Plan:
    """Return what has to be done for one person. Pure: the same arguments always give the same plan.

    Raises ``RefusedError`` for people who must not be touched so, and ``InputError`` for what is missing.
    """
    if desired.state != "present":
        return _plan_removal(desired, current, around)
    if current is None:
        return _plan_creation(desired, around)
    return _plan_update(desired, current, around)


def _plan_creation(desired: DesiredMember, around: Surroundings) -> Plan:
    missing = [name for name in ("first_name", "last_name") if not str(desired.profile.get(name) or "").strip()]
    if missing:
        raise InputError([f"{desired.email} is not a member yet; to add them give {' and '.join(missing)}"])
    compared = {name: _comparable(name, value) for name, value in desired.profile.items()}
    profile = {name: value for name, value in compared.items() if value is not None}
    at_creation = PROVISION_FIELDS if desired.provision == "direct" else INVITE_FIELDS
    if "timezone" not in profile and any(name not in at_creation for name in profile):
        profile["timezone"] = _required_timezone(desired, around)
    first = {name: profile[name] for name in at_creation if name in profile}
    first.update(email=desired.email, role=desired.role or DEFAULT_ROLE)
    action = "create" if desired.provision == "direct" else "invite"
    reason = "not a member of the organization"
    steps = [Step(action, desired.email, reason, first)]
    rest = {name: value for name, value in profile.items() if name not in first}
    if rest:
        steps.append(Step("update", desired.email, "not taken at creation", rest))
    group_steps, _names_before, names_after = _plan_groups(desired, None, around)
    after = {**first, **rest, **({"groups": names_after} if names_after else {})}
    return Plan(desired.email, {}, after, tuple(steps + group_steps))


def _plan_update(desired: DesiredMember, current: Record, around: Surroundings) -> Plan:
    before: Record = {}
    after: Record = {}
    steps: list[Step] = []
    warnings: list[str] = []
    email = desired.email
    if status_of(current) == "disabled":
        steps.append(Step("enable", email, "disabled", {"status": "active"}))
        before["status"], after["status"] = "disabled", "active"
    changes = _profile_changes(desired, current)
    unseen = _unseen([*desired.profile, *(["role"] if desired.role else [])], current)
    if unseen:
        warnings.append(_unseen_warning(email, unseen))
    if changes and is_bot(current):
        raise RefusedError(_BOT_REFUSAL.format(email=email))
    organizations = included(current, "organizations")
    if changes and isinstance(organizations, list) and len(organizations) > 1:
        warnings.append(
            f"{email} belongs to {len(organizations)} organizations, so only they themselves can change their "
            f"{', '.join(changes)}."
        )
        changes = {}
    if changes:
        if not current.get("timezone") and not changes.get("timezone"):
            changes["timezone"] = _required_timezone(desired, around)
        steps.append(Step("update", email, f"{', '.join(changes)} differ" + ("s" * (len(changes) == 1)), changes))
        before.update({name: current.get(name) for name in changes})
        after.update(changes)
    if desired.role and "role" not in unseen and desired.role != role_of(current):
        steps.append(Step("change_role", email, f"role is {role_of(current) or 'empty'}", {"role": desired.role}))
        before["role"], after["role"] = role_of(current) or None, desired.role
    group_steps, names_before, names_after = _plan_groups(desired, current, around)
    if group_steps:
        before["groups"], after["groups"] = names_before, names_after
    steps += group_steps
    _refuse_impossible(email, current, around, steps, desired.role if "role" in after else None)
    return Plan(email, before, after, tuple(steps), tuple(warnings))


def _refuse_impossible(
    email: str, current: Mapping[str, Any], around: Surroundings, steps: list[Step], new_role: str | None
) -> None:
    if steps and is_bot(current):
        raise RefusedError(_BOT_REFUSAL.format(email=email))
    if new_role in (None, "admin"):
        return
    if current.get("is_default_admin"):
        raise RefusedError(
            f"{email} is the default administrator and cannot become {new_role}: make somebody else the default "
            f"administrator in Tallyfy first."
        )
    if role_of(current) == "admin" and same_email(around.acting_email, email):
        raise RefusedError(f"{email} is who this runs as and cannot stop being an administrator by this run.")


def _plan_removal(desired: DesiredMember, current: Record | None, around: Surroundings) -> Plan:
    email = desired.email
    if current is None or (desired.state == "absent" and status_of(current) == "disabled"):
        return Plan(email)
    _refuse_protected(email, current, around)
    steps: list[Step] = []
    status = status_of(current)
    if status != "disabled" and desired.reassign_to:
        successor = _checked_successor(desired, around)
        reason = f"{status}; open work goes to {successor['email']}"
        steps.append(Step("remove", email, reason, {"status": "disabled"}, target=str(successor["id"])))
    elif status != "disabled":
        steps.append(Step("disable", email, status, {"status": "disabled"}))
    if desired.state == "deleted":
        steps.append(Step("delete", email, "permanent deletion was asked for"))
        before = {name: value for name, value in shape_member(current).items() if value not in (None, False)}
        return Plan(email, before, {}, tuple(steps))
    return Plan(email, {"status": status}, {"status": "disabled"}, tuple(steps))


def _refuse_protected(email: str, current: Mapping[str, Any], around: Surroundings) -> None:
    reason = None
    if is_bot(current):
        reason = "is the Tallyfy Bot, which belongs to every organization"
    elif current.get("support_user"):
        reason = "is a support account of Tallyfy"
    elif current.get("is_default_admin"):
        reason = "is the default administrator: make somebody else the default administrator in Tallyfy first"
    elif around.acting_email and same_email(around.acting_email, current.get("email")):
        reason = "is who this runs as: let another administrator remove them"
    if reason:
        raise RefusedError(f"{email} is not removed: this {reason}.")


def _checked_successor(desired: DesiredMember, around: Surroundings) -> Record:
    successor = around.successor
    if successor is None:
        raise InputError([f"{desired.email}: reassign_to {desired.reassign_to} is not a member of the organization"])
    if status_of(successor) != "active" or is_bot(successor):
        kind = "the Tallyfy Bot" if is_bot(successor) else status_of(successor)
        raise InputError([f"{desired.email}: reassign_to {desired.reassign_to} is {kind}, and must be active"])
    return successor


def _profile_changes(desired: DesiredMember, current: Mapping[str, Any]) -> Record:
    changes: Record = {}
    for name in PROFILE_FIELDS:
        if name in desired.profile and name in current:
            wanted = desired.profile[name]
            if _comparable(name, wanted) != _comparable(name, current.get(name)):
                changes[name] = _comparable(name, wanted)
    return changes


def _plan_groups(
    desired: DesiredMember, current: Record | None, around: Surroundings
) -> tuple[list[Step], list[str], list[str]]:
    if desired.groups is None:
        return [], [], []
    names = desired.groups
    require_groups(around.groups, (*names.add, *names.remove, *(names.set or ())), desired.email)
    held = group_names_of(current, around.groups) if current is not None else []
    add, remove = names.changes({fold(name) for name in held})
    official = {key: str(group["name"]) for key, group in around.groups.items()}
    add, remove = [official[fold(name)] for name in add], [official[fold(name)] for name in remove]
    steps = [Step("add_to_group", desired.email, f"not in {name}", target=name) for name in add]
    steps += [Step("remove_from_group", desired.email, f"in {name}", target=name) for name in remove]
    kept = [name for name in held if name not in remove]
    return steps, sorted(held, key=str.casefold), sorted([*kept, *add], key=str.casefold)


def _unseen(names: Iterable[str], record: Mapping[str, Any]) -> list[str]:
    """Return the names that the record does not show under any of their spellings."""
    return sorted(name for name in names if all(spelling not in record for spelling in SHAPE[name]))


def _unseen_warning(email: str, unseen: list[str]) -> str:
    return f"{email}: Tallyfy does not show {', '.join(unseen)}, so it cannot be compared or checked."


def _required_timezone(desired: DesiredMember, around: Surroundings) -> str:
    if not around.organization_timezone:
        raise InputError(
            [f"{desired.email} has no timezone, and neither has the organization; Tallyfy needs one: give timezone"]
        )
    return str(around.organization_timezone)


def _comparable(name: str, value: Any) -> Any:
    """Return a value as it is compared: trimmed, empty like missing, date formats in lower case, ids as integers."""
    if isinstance(value, str):
        value = value.strip()
        if name == "date_format":
            value = value.lower()
    if name == "country_id" and isinstance(value, str) and value.isdigit():
        return int(value)
    return None if value == "" else value


def _first(record: Mapping[str, Any], spellings: tuple[str, ...]) -> Any:
    for spelling in spellings:
        if record.get(spelling) is not None:
            return record[spelling]
    return None


# --- running ----------------------------------------------------------------------------------------------------------


class _AppearedError(Exception):
    """Somebody who was not there when the plan was made is there now."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self.record = record


class MemberRun:
    """Carries out the steps of one member's plan and keeps the record as the service last told it."""

    def __init__(
        self,
        client: Client,
        desired: DesiredMember,
        current: Record | None,
        around: Surroundings,
        warn: Callable[[str], None],
    ) -> None:
        self.record: Record = dict(current or {})
        # ``look_around`` completes the record of somebody who is there; the answer to a creation is a short one.
        self._is_whole = current is not None
        self._client = client
        self._org_id = client.connection.org_id
        self._desired = desired
        self._around = around
        self._warn = warn

    def carry_out(self, step: Step) -> bool:
        """Send what the step says and check that the service stored it; return whether it was done."""
        acts: dict[str, Callable[[], bool | None]] = {
            "create": lambda: self._add(encoded_path("applications", self._org_id, "users"), step.values),
            "invite": lambda: self._add(self._client.path("users", "invite"), self._invitation(step)),
            "update": lambda: self._update(step),
            "change_role": lambda: self._change_role(step),
            "enable": self._enable,
            "disable": lambda: self._end_access("disable"),
            "remove": lambda: self._end_access(query={"with_reassignment": True, "to": step.target}),
            "delete": lambda: self._end_access("delete"),
            "add_to_group": lambda: self._change_group(step),
            "remove_from_group": lambda: self._change_group(step),
        }
        return acts[step.action]() is not False

    def _invitation(self, step: Step) -> Record:
        return {**step.values, "message": self._desired.invitation_message}

    def _add(self, path: str, body: Mapping[str, Any]) -> None:
        email = str(body["email"])
        try:
            self.record = self._client.create(path, body, find=lambda: find_member(self._client, email))
        except InvalidError as error:
            # The service may know the address although the search did not show it, or somebody was quicker.
            found = find_in_whole_list(self._client, email) if "email" in error.errors else None
            if found is None:
                error.facts["email"] = email
                raise
            raise _AppearedError(found) from error
        self._check({name: value for name, value in body.items() if name in SHAPE and name != "email"}, self.record)

    def _update(self, step: Step) -> bool:
        if not self._is_whole:
            self._read()
        kept = {name: self.record.get(name) for name in PROFILE_FIELDS if self.record.get(name) is not None}
        body = {**kept, **step.values}
        if body.get("date_format"):
            body["date_format"] = str(body["date_format"]).lower()
        try:
            answer = self._put(body, "users", self.record["id"])
        except RefusedByServiceError as error:
            if status_of(self.record) == "invited" and error.status in REFUSALS_OF_PROFILES:
                # Whether an invited member's profile can be written is not documented.
                self._warn(f"{self._desired.email} is still invited, and Tallyfy did not take their profile: {error}")
                return False
            if isinstance(error, ForbiddenError):
                error.advise(
                    "Only they themselves can change the profile of somebody who belongs to several organizations; "
                    "otherwise the acting user must be an administrator."
                )
            raise
        self._check(step.values, answer)
        return True

    def _change_role(self, step: Step) -> None:
        answer = self._put({"role": step.values["role"]}, "users", self.record["id"], "role")
        self._check(step.values, answer)

    def _enable(self) -> None:
        answer = self._put(None, "users", self.record["id"], "enable")
        self._check({"status": "active"}, answer)

    def _change_group(self, step: Step) -> None:
        group = self._around.groups[fold(str(step.target))]
        member = [int(self.record["id"])]
        if step.action == "add_to_group":
            change_members(self._client, group["id"], add=member)
        else:
            change_members(self._client, group["id"], remove=member)

    def _read(self) -> None:
        self.record.update(self._client.get("users", self.record["id"]))
        self._is_whole = True

    def _put(self, body: Any, *segments: object) -> Record:
        answer = self._client.call("PUT", self._client.path(*segments), body=body).record
        self.record.update(answer)
        return answer

    def _end_access(self, *segments: str, query: Mapping[str, Any] | None = None) -> None:
        path = self._client.path("users", self.record["id"], *segments)
        try:
            answer = self._client.call("DELETE", path, query=query).record
        except NotFoundError as error:
            # A repeated DELETE finds nobody after its first try succeeded; a wrong address is another matter.
            if error.code == "ENDPOINT_NOT_FOUND":
                raise
            answer = {}
        wanted = "deleted" if "delete" in segments else "disabled"
        if status_of(answer) != wanted:
            # Neither a 404 nor an answer that does not say so proves that the access is gone.
            answer = find_member(self._client, self._desired.email) or {"status": wanted}
        self.record.update(answer)
        if status_of(answer) not in {wanted, "deleted"}:
            raise NotStoredError(
                f"{self._desired.email}: Tallyfy did not refuse the request, but the member is still "
                f"{status_of(answer)} instead of {wanted}.",
                not_stored=["status"],
            )

    def _check(self, sent: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Raise ``NotStoredError`` for values that the service accepted and did not store.

        What the answer does not tell is read; source: API reference, "unknown keys are dropped and still answered 2xx".
        """
        if _unseen(sent, answer):
            self._read()
        unseen = _unseen(sent, self.record)
        if unseen:
            self._warn(_unseen_warning(self._desired.email, unseen))
        self._raise_not_stored({name: value for name, value in sent.items() if name not in unseen})

    def _raise_not_stored(self, sent: Mapping[str, Any]) -> None:
        shaped = shape_member(self.record)
        lost = [name for name, value in sent.items() if _comparable(name, value) != _comparable(name, shaped.get(name))]
        if lost:
            found = ", ".join(f"{name} is {shorten(repr(shaped.get(name)), 60)}" for name in lost)
            raise NotStoredError(
                f"{self._desired.email}: Tallyfy answered with success but did not store {', '.join(lost)} ({found}). "
                f"Check that the values are ones Tallyfy knows and that the acting user may set them.",
                not_stored=lost,
            )


def ensure_member(
    client: Client, params: Mapping[str, Any], *, check_mode: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Bring one person into the wanted state and return the result of ``tallyfy_user``.

    Raises ``InputError`` before anything is sent when the wanted values are wrong by themselves.
    """
    problems = problems_with(params)
    if problems:
        raise InputError(problems)
    desired = DesiredMember.from_params(params, has_application=client.application is not None)
    if desired.state == "present" and desired.provision == "direct" and client.application is None:
        raise InputError(["provision=direct goes through the application: give client_id and client_secret"])
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        warn(text)

    current = find_member(client, desired.email)
    try:
        result = _ensure(client, desired, current, check_mode=check_mode, note=note)
    except _AppearedError as appeared:
        result = _ensure(client, desired, appeared.record, check_mode=check_mode, note=note)
    # Warnings are lost from the registered results of a loop before ansible-core 2.22; a report wants them.
    result["notes"] = notes
    return result


def _ensure(
    client: Client, desired: DesiredMember, found: Record | None, *, check_mode: bool, note: Callable[[str], None]
) -> dict[str, Any]:
    current, around = look_around(client, desired, found)
    plan = plan_member(desired, current, around)
    for warning in plan.warnings:
        note(warning)
    run = MemberRun(client, desired, current, around, note)
    result = plan.run(run.carry_out, check_mode=check_mode)
    result["user"] = _member_after(desired, plan, {} if check_mode else run.record, current, around)
    return result


def _member_after(
    desired: DesiredMember, plan: Plan, record: Record, current: Record | None, around: Surroundings
) -> Record | None:
    """Return the member as they are after the run, or, in check mode, as far as the plan can tell."""
    if desired.state == "deleted" or (current is None and not plan.steps):
        return None
    groups = None
    if desired.groups is not None:
        held = group_names_of(current, around.groups) if current is not None else []
        groups = list(plan.after.get("groups", held))
    planned = {name: value for name, value in plan.after.items() if name != "groups"}
    return shape_member({**(current or {}), **planned, **record}, groups)
