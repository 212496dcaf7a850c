# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a roster: their desired values and their problems. Private to the collection.

Nothing here sends a request.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationError, RequiredError, UnsupportedError

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import quoted_refusal
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import (
    NO_NAME,
    PARTS,
    meant,
    names_in,
    split_names,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, is_blank, not_a_text, tidied
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import CLEARABLE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    MEMBER_OPTIONS,
    NAMES,
    Flaw,
    validate_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem

LEAVING_SUCCESSOR = "{} is leaving too"
NO_ADDRESS = "no e-mail address"
LONGEST_QUOTE = 100
#: A table has no lists, so each part of ``groups`` has a column.
GROUP_COLUMNS = {f"groups.{part}": part for part in PARTS}
_NOT_IN_DEFAULTS = ("email",)
#: The options with choices; their texts are tidied before they are compared.
_NUMBERS = tuple(name for name, option in MEMBER_OPTIONS.items() if option["type"] == "int")
_COMPARED = tuple(name for name, option in MEMBER_OPTIONS.items() if option["type"] == "int" or "choices" in option)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class Rows:
    """Rows as given, and the name of each in messages."""

    def __init__(self, rows: Sequence[Any], *, source: str = "", lines: Sequence[int] = ()) -> None:
        self.rows = rows
        self._source = source
        self._lines = lines

    def replaced(self, rows: Sequence[Any]) -> Rows:
        """Return other rows with the same places."""
        return Rows(rows, source=self._source, lines=self._lines)

    def place(self, index: int) -> Place:
        """Return the place of the row: its line in the file, or its number counted from 1."""
        if index < len(self._lines):
            return Place(f"{self._source} line {self._lines[index]}", index)
        return Place(f"{self._source} row {index + 1}".strip(), index)

    def problem(self, index: int, email: object, flaw: str | Flaw, option: str = "") -> Problem:
        """Return a problem of a row."""
        text, stored = flaw if isinstance(flaw, Flaw) else (flaw, None)
        return Problem(text, self.place(index), tidied(email) or NO_ADDRESS, option, stored)


def checked_rows(
    rows: Rows, defaults: Mapping[str, Any], called: Callable[[str], str] = str
) -> tuple[list[tuple[int, Mapping[str, Any]]], list[Problem]]:
    """Return each row's index with its parameters, as ``tallyfy_user`` accepts them, and every problem.

    A row holds options of ``tallyfy_user``; missing and blank ones come from ``defaults``. ``groups`` may also be a
    list, or a text with semicolons: it then names groups to add. ``clear`` may be such a text, too. The parameters of
    rows with problems are not complete. ``called`` returns the name of an option in messages.
    """
    validator = ArgumentSpecValidator(MEMBER_OPTIONS)
    general, found_in_defaults = _checked_defaults(defaults, validator)
    problems = [Problem(text, Place(called("defaults"))) for text in found_in_defaults]
    leavers = {
        Email(row.get("email"))
        for row in rows.rows
        if isinstance(row, Mapping) and (tidied(row.get("state")) or general.get("state") or "present") != "present"
    }
    first_index_of: dict[Email, int] = {}
    checked: list[tuple[int, Mapping[str, Any]]] = []
    for index, row in enumerate(rows.rows):
        if not isinstance(row, Mapping):
            problems.append(Problem("not a dictionary of a person's fields", rows.place(index)))
            continue
        own, found = _given_in(row)
        given = _merged(general, own)
        unknown = [name for name in given if name not in MEMBER_OPTIONS]
        found += [Flaw(unknown_field(name, list(MEMBER_OPTIONS))) for name in unknown]
        params = {name: value for name, value in given.items() if name in MEMBER_OPTIONS} if unknown else given
        if not _is_plain(params):
            params, more = _validated(params, validator)
            found += map(Flaw, more)
        if "email" in params:
            found += validate_member(params)
        else:
            found += map(Flaw, names_in(params.get("groups"), "groups")[1])
        address = Email(params.get("email"))
        earlier = first_index_of.setdefault(address, index) if address else index
        if earlier != index:
            found.append(Flaw(f"the same e-mail address as {rows.place(earlier).label}"))
        successor = Email(params.get("reassign_to"))
        problems += [rows.problem(index, address, flaw) for flaw in found]
        if successor and successor in leavers and successor != address:
            problems.append(rows.problem(index, address, LEAVING_SUCCESSOR.format(successor.key), "reassign_to"))
        checked.append((index, _plannable(params)))
    return checked, problems


def standing(problems: Sequence[Problem], everybody: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return the problems that remain: a value that the member's record already holds is accepted."""
    if all(problem.stored is None for problem in problems):
        return list(problems)
    index = {Email(record["email"]): record for record in everybody}

    def is_excused(problem: Problem) -> bool:
        name, value = problem.stored or ("", None)
        record = index.get(Email(problem.subject))
        return record is not None and tidied(record.get(name)) == value

    return [problem for problem in problems if not is_excused(problem)]


def unknown_field(name: object, known: Sequence[str]) -> str:
    """Return the problem of an unknown field, with a similar field if there is one."""
    return f"unknown field {name}{meant(name, known)}"


def _checked_defaults(
    defaults: Mapping[str, Any], validator: ArgumentSpecValidator
) -> tuple[dict[str, Any], list[str]]:
    """Return the valid defaults, and the problems of the others, so that each is reported once and not for each row."""
    given, flaws = _given_in(defaults)
    problems = [flaw.text for flaw in flaws]
    problems += [f"{name} cannot be the same for everybody" for name in _NOT_IN_DEFAULTS if name in given]
    problems += [unknown_field(name, list(MEMBER_OPTIONS)) for name in given if name not in MEMBER_OPTIONS]
    good = {}
    for name in sorted(name for name in given if name in MEMBER_OPTIONS and name not in _NOT_IN_DEFAULTS):
        params, found = _validated({name: given[name], "email": "anybody@example.com"}, validator)
        found += [flaw.text for flaw in validate_member(params)]
        problems += found
        if not found:
            good[name] = given[name]
    return good, problems


def _plannable(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters without invalid names in ``clear``: rows with problems are planned, too."""
    names = params.get("clear")
    if not names or all(name in CLEARABLE_FIELDS for name in names):
        return params
    return {**params, "clear": [name for name in names if tidied(name) in CLEARABLE_FIELDS]}


def _is_plain(params: Mapping[str, Any]) -> bool:
    """Return whether every value has its final type and is one of the choices, as in nearly every row.

    ansible-core validates the other rows; for thousands of rows that would take seconds.
    """
    for name, value in params.items():
        option = MEMBER_OPTIONS[name]
        if option["type"] == "str":
            if not isinstance(value, str) or value not in option.get("choices", (value,)):
                return False
        elif option["type"] == "int":
            if not isinstance(value, int) or isinstance(value, bool):
                return False
        elif option["type"] == "list" and (
            not isinstance(value, list) or not all(isinstance(name, str) for name in value)
        ):
            return False
    return "email" in params


def _validated(params: Mapping[str, Any], validator: ArgumentSpecValidator) -> tuple[dict[str, Any], list[str]]:
    """Return the values as ansible-core converts them, and the problems that it finds."""
    # ansible-core would convert any value to a text.
    wrong = {name: flaw for name, flaw in ((name, _type_flaw(name, value)) for name, value in params.items()) if flaw}
    problems = [f"{name} {flaw}" for name, flaw in wrong.items()]
    given = {name: value for name, value in params.items() if name not in wrong}
    result = validator.validate(given)
    # An invalid address that was removed is not missing.
    problems += [
        _message_of(error) for error in result.errors if "email" not in wrong or not isinstance(error, RequiredError)
    ]
    # The object that holds the errors is true even when it is empty.
    if problems or result.error_messages:
        # An invalid name is not missing, either.
        names = {name: str(params[name]) for name in NAMES if name in wrong}
        kept = {name: value for name, value in given.items() if isinstance(value, (str, int)) or name == "groups"}
        return {**kept, **names}, problems
    return result.validated_parameters, problems


def _type_flaw(name: str, value: Any) -> str | None:
    """Return why a value does not have the option's type when ansible-core would convert it silently."""
    kind = MEMBER_OPTIONS[name]["type"]
    if kind == "raw":
        return None
    texts = list(value) if kind == "list" and isinstance(value, (list, tuple)) else [value]
    if kind == "int":
        is_number = isinstance(value, int) and not isinstance(value, bool)
        is_number = is_number or (isinstance(value, str) and _INTEGER.fullmatch(value) is not None)
        return None if is_number else f"is not a number: {_quoted(value)}"
    return next(filter(None, map(not_a_text, texts)), None)


def _merged(general: Mapping[str, Any], own: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the parameters of a row: its own values and cleared fields override the defaults."""
    if "clear" in general and "clear" not in own:
        general = {**general, "clear": [name for name in general["clear"] if name not in own]}
    cleared = own.get("clear")
    names = cleared if isinstance(cleared, list) else ()
    return {**{name: value for name, value in general.items() if name not in names}, **own}


def _given_in(row: Mapping[Any, Any]) -> tuple[dict[Any, Any], list[Flaw]]:
    """Return the row without blanks and with texts split into lists, and a flaw for each text of separators only."""
    given = {name: value for name, value in row.items() if not is_blank(value)}
    given.update({name: tidied(given[name]) for name in _COMPARED if isinstance(given.get(name), str)})
    if isinstance(given.get("email"), str):
        given["email"] = Email(given["email"])
    for name in _NUMBERS:
        # A file holds texts only, and ansible-core is slow to convert them to numbers.
        if isinstance(given.get(name), str) and _INTEGER.fullmatch(given[name]):
            given[name] = int(given[name])
    flaws = _join_groups(given)
    if isinstance(given.get("clear"), str):
        cell, given["clear"] = given["clear"], split_names(given["clear"])
        flaws += [] if given["clear"] else [Flaw(NO_NAME.format("clear", cell))]
    elif isinstance(given.get("clear"), tuple):
        given["clear"] = list(given["clear"])
    return given, flaws


def _join_groups(row: dict[Any, Any]) -> list[Flaw]:
    """Move the columns with parts of ``groups`` into ``groups``, and return a flaw for each part given twice."""
    parts = {part: row.pop(column) for column, part in GROUP_COLUMNS.items() if column in row}
    groups, flaws = row.pop("groups", None), []
    if parts:
        given = groups if isinstance(groups, Mapping) else {"add": groups}
        given = {part: value for part, value in given.items() if not is_blank(value)}
        flaws = [Flaw(f"groups.{part} is given twice, as a column and in groups") for part in parts if part in given]
        groups = {**given, **parts}
    # An empty list does not override the defaults.
    if groups is not None and names_in(groups, "groups") != (None, []):
        row["groups"] = groups
    return flaws


def _quoted(value: Any) -> str:
    """Return a value shortened for a message: its full text may be very long."""
    return shorten(reprlib.repr(value), LONGEST_QUOTE)


def _message_of(error: AnsibleValidationError) -> str:
    if isinstance(error, UnsupportedError):
        # ansible-core's message starts with the name, followed by a list of the supported names.
        return f"unknown field {str(error).partition('. Supported')[0]}"
    return quoted_refusal(error)
