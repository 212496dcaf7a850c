# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many members at once: what is wrong with their rows. Private to the collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.tallyfy.platform.plugins.module_utils._groups import Names, fold
from ansible_collections.tallyfy.platform.plugins.module_utils._members import (
    MEMBER_OPTIONS,
    problems_with,
    same_email,
)

NEEDED_TO_ADD = ("first_name", "last_name")


def problems_in_rows(
    rows: Any,
    defaults: Mapping[str, Any] | None = None,
    fields: Collection[str] | None = None,
    groups: Collection[str] | None = None,
    successors: Collection[Mapping[str, Any]] | None = None,
) -> list[str]:
    """Return everything that is wrong with the rows, each text led by its row's number (from 1) and address.

    A row holds the options of ``tallyfy_user``, or only ``fields`` of them; what it leaves out comes from ``defaults``,
    and a blank value counts as left out. A row that is wanted (``state: present``) needs both names, since the person
    may have to be added. Whoever leaves cannot take over the work of another.

    ``groups`` are the names of all groups, and ``successors`` the members, as ``tallyfy_user_info`` returns them, that
    were found for the addresses in ``reassign_to``. Without them those fields are not compared with Tallyfy.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, (str, bytes)):
        return [f"a list of people is needed, not {type(rows).__name__}"]
    allowed = set(MEMBER_OPTIONS if fields is None else fields)
    given = [_given(row, defaults or {}, allowed) if isinstance(row, Mapping) else None for row in rows]
    leavers = {_folded(row.get("email")) for row in given if row and row.get("state", "present") != "present"}
    validator = ArgumentSpecValidator(MEMBER_OPTIONS)
    first_row_of: dict[str, int] = {}
    problems = []
    for number, (row, fields_given) in enumerate(zip(rows, given), start=1):
        if fields_given is None:
            problems.append(f"row {number}: not a dictionary of a person's fields")
            continue
        email = str(fields_given.get("email", "")).strip()
        found = [f"unknown field {name}" for name in row if name not in allowed]
        found += _problems_of(fields_given, validator, groups)
        earlier = first_row_of.setdefault(_folded(email), number) if email else number
        if earlier != number:
            found.append(f"the same e-mail address as row {earlier}")
        successor = _folded(fields_given.get("reassign_to"))
        if successor in leavers and successor != _folded(email):
            found.append(f"reassign_to {successor} is leaving too")
        elif successors is not None and "@" in successor:
            found += _unfit(successor, successors)
        problems += [f"row {number} ({email or 'no e-mail address'}): {problem}" for problem in found]
    return problems


def _given(row: Mapping[Any, Any], defaults: Mapping[Any, Any], allowed: Collection[str]) -> dict[Any, Any]:
    return {**_without_blanks(defaults), **_without_blanks({name: row[name] for name in row if name in allowed})}


def _folded(email: Any) -> str:
    return str(email or "").strip().lower()


def _without_blanks(row: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in row.items() if value is not None and value != ""}


def _problems_of(row: Mapping[Any, Any], validator: ArgumentSpecValidator, groups: Collection[str] | None) -> list[str]:
    # ansible-core's own check cannot bear sub-options that are no dictionary.
    given = dict(row)
    problems = []
    if not isinstance(given.get("groups", {}), Mapping):
        problems.append(f"groups is not a dictionary of add, remove or set: {given.pop('groups')!r}")
    result = validator.validate(given)
    problems += [_told(error) for error in result.errors]
    if groups is not None:
        problems += _unknown_groups(result.validated_parameters.get("groups"), groups)
    if result.validated_parameters.get("state") == "present":
        missing = [name for name in NEEDED_TO_ADD if name not in given]
        problems += [f"{' and '.join(missing)} missing"] * bool(missing)
    # After a wrong type the other values can still be judged, so that nobody has to mend a row twice.
    plain = {name: value for name, value in given.items() if isinstance(value, (str, int))}
    return problems + (
        problems_with(plain if result.error_messages else result.validated_parameters) if "email" in given else []
    )


def _unknown_groups(option: Mapping[str, Any] | None, groups: Collection[str]) -> list[str]:
    # What is no list was told of before.
    lists = {key: names for key, names in (option or {}).items() if isinstance(names, list)}
    names = Names.from_option(lists) or Names()
    wanted = dict.fromkeys(str(name).strip() for name in (*names.add, *names.remove, *(names.set or ())))
    there = {fold(str(name)) for name in groups}
    known = ", ".join(sorted(str(name) for name in groups)[:20]) or "none"
    return [f"there is no group {name!r} (groups: {known})" for name in wanted if name and fold(name) not in there]


def _unfit(email: str, members: Collection[Mapping[str, Any]]) -> list[str]:
    member = next((member for member in members if same_email(member.get("email"), email)), None)
    if member is None:
        return [f"reassign_to {email} is not a member of the organization"]
    kind = "the Tallyfy Bot" if member.get("is_bot") else member.get("status")
    return [] if kind == "active" else [f"reassign_to {email} is {kind}, and must be active"]


def _told(error: Exception) -> str:
    if isinstance(error, UnsupportedError):
        # ansible-core writes this one as a list of what is supported, led by the name alone.
        return f"unknown field {str(error).partition('. Supported')[0]}"
    return str(error)
