# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired process of each person: values for everybody, with the person's fields filled in, and values of the row.

Private to the collection. Every function here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import quoted_refusal
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._people.fields import PROFILE_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import (
    DesiredMember,
    folded,
    shape_member,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import (
    PROCESS_OPTIONS,
    DesiredProcess,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import (
    UnfitError,
    choices,
    is_empty,
    text_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.values import notes_of_numbers
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import Rows, unknown_field

#: The fields of a person that the values for everybody may name in braces.
PERSON_FIELDS = ("email", "first_name", "last_name", "full_name", "role", *PROFILE_FIELDS[2:])
#: The default reference of a person's process.
DEFAULT_REFERENCE = "{email}"
_OPTIONAL = {name: {**option, "required": False} for name, option in PROCESS_OPTIONS.items()}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "dict": (dict,), "raw": (object,)}


@dataclass(frozen=True)
class Wish:
    """The desired process of one person: ``own`` holds the values of the row.

    ``notes`` report values that may differ from the text in the row.
    """

    index: int
    member: DesiredMember
    own: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def split_processes(rows: Sequence[Any]) -> tuple[list[Any], dict[int, Any]]:
    """Return the rows without ``process``, and the value of ``process`` in each row."""
    plain = [
        {name: value for name, value in row.items() if name != "process"} if isinstance(row, Mapping) else row
        for row in rows
    ]
    own = {index: row["process"] for index, row in enumerate(rows) if isinstance(row, Mapping) and "process" in row}
    return plain, own


def general_process(given: Any, called: Callable[[str], str] = str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the valid values for everybody's process, or ``None`` when there are none, and the problems.

    The title of a template is enough.
    """
    if is_empty(given):
        return None, []
    if not isinstance(given, (str, Mapping)):
        return None, [Problem("neither a dictionary nor the title of a template", Place(called("process")))]
    given = _without_blanks({"template": given.strip()} if isinstance(given, str) else given)
    if not given:
        return None, []
    params, problems = _validated(given, _OPTIONAL)
    unknown = sorted(set(_names_in(given)) - set(PERSON_FIELDS))
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        problems.append(f"{names} is not a field of a person; fields: {choices(PERSON_FIELDS)}")
    # A value of the wrong type is reported here, and not for each person.
    good = {name: value for name, value in params.items() if isinstance(value, _TYPES[PROCESS_OPTIONS[name]["type"]])}
    return good, [Problem(text, Place(called("process"))) for text in problems]


def process_wishes(
    people: Iterable[tuple[int, DesiredMember]], own: Mapping[int, Any], general: Mapping[str, Any] | None, rows: Rows
) -> tuple[list[Wish], list[Problem]]:
    """Return the desired process of each person, and the problems that can be found without a request.

    A person has a process when there are values for everybody, or when the row holds one: a dictionary, or the template
    alone. ``false`` in a row means no process for this person.
    """
    problems = []
    wishes = []
    for index, member in people:
        value = own.get(index)
        if value is False or (is_empty(value) and general is None):
            continue
        if isinstance(value, str):
            value = {"template": value} if value.strip() else {}
        if not isinstance(value, (Mapping, bool, type(None))):
            problems.append(rows.problem(index, member.email, "process is neither a dictionary nor a template"))
            continue
        given = dict(value) if isinstance(value, Mapping) else {}
        params, found = _validated(given, _OPTIONAL)
        problems += [rows.problem(index, member.email, f"process: {text}") for text in found]
        if not found:
            notes = [note for name in ("name", "reference") for note in notes_of_numbers(name, given.get(name))]
            wishes.append(Wish(index, member, params, tuple(notes)))
    return wishes, problems


def _validated(given: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    if not given:
        return {}, []
    unknown = [unknown_field(name, list(options)) for name in given if name not in options]
    known = {name: value for name, value in given.items() if name in options and value is not None}
    result = ArgumentSpecValidator(dict(options)).validate(known)
    params = {name: value for name, value in result.validated_parameters.items() if not is_empty(value)}
    return params, [*unknown, *map(quoted_refusal, result.errors), *_unfit_texts(known, options)]


def _unfit_texts(given: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Return the values that are not texts although they must be; ansible-core would convert any value to a text."""
    problems = []
    for name, value in given.items():
        if options[name]["type"] == "str":
            try:
                text_of(value)
            except UnfitError as error:
                problems.append(f"{name} {error}")
    return problems


def _names_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return _PLACEHOLDER.findall(value)
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    return [name for entry in value for name in _names_in(entry)] if isinstance(value, (list, tuple)) else []


def fields_of_person(desired: DesiredMember, current: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the fields of a person after the run, as texts; missing fields are empty."""
    fields = {**shape_member(current or {}), **desired.profile, "role": desired.role or (current or {}).get("role")}
    fields["email"] = folded(desired.email)
    names = (str(fields.get(name) or "").strip() for name in ("first_name", "last_name"))
    fields["full_name"] = " ".join(name for name in names if name)
    return {name: str(fields.get(name) or "").strip() for name in PERSON_FIELDS}


def filled(value: Any, fields: Mapping[str, str]) -> Any:
    """Return a value with each name in braces replaced by the person's field. Other braces stay unchanged."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: fields.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {name: filled(entry, fields) for name, entry in value.items()}
    return [filled(entry, fields) for entry in value] if isinstance(value, (list, tuple)) else value


def desired_process(wish: Wish, general: Mapping[str, Any] | None, fields: Mapping[str, str]) -> DesiredProcess:
    """Return one person's process. Values of the row override values for everybody, each kick-off value separately.

    Fields are filled in only in the values for everybody; a value of a row stays unchanged.
    """
    common = filled({"reference": DEFAULT_REFERENCE, **(general or {})}, fields)
    params = {**common, **wish.own}
    for name in ("kickoff", "assignments"):
        own = wish.own.get(name) or {}
        replaced = {fold(str(label)) for label in own}
        kept = {label: value for label, value in (common.get(name) or {}).items() if fold(str(label)) not in replaced}
        params[name] = {**kept, **own}
    return DesiredProcess.from_params(params)


def _without_blanks(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if not is_empty(value)}
