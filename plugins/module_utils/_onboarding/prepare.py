# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of an onboarding, validated without a request. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import quoted_refusal
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import NO_NAME, fold, names_in, split_names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, not_a_text
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group import DesiredGroup, validate_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest import (
    GUEST_OPTIONS,
    DesiredGuest,
    validate_guest,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import DesiredMember
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.fields import is_empty
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import ROW_FIELDS, given_rows
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import (
    DIRECT_NEEDS_APPLICATION,
    validate_concurrency,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import (
    NO_ADDRESS,
    Rows,
    checked_rows,
    unknown_field,
)

from .wishes import Wish, general_process, process_wishes, split_processes

#: The fields for leavers: an onboarding removes nobody.
REFUSED_FIELDS = ("state", "reassign_to")
_ROW_FIELDS = (*(name for name in ROW_FIELDS if name not in REFUSED_FIELDS), "process")
_GUEST_OPTIONS = {name: option for name, option in GUEST_OPTIONS.items() if name != "state"}


@dataclass(frozen=True)
class DesiredOnboarding:
    """The desired state, and the ``problems`` that can be found without a request.

    ``people`` come with the index of their row; ``process`` holds the values for everybody's process.
    """

    policy: Policy
    workers: int = 1
    rows: Rows = field(default_factory=lambda: Rows([]))
    people: Sequence[tuple[int, DesiredMember]] = ()
    process: Mapping[str, Any] | None = None
    wishes: Sequence[Wish] = ()
    groups: Sequence[DesiredGroup] = ()
    guests: Sequence[DesiredGuest] = ()
    problems: Sequence[Problem] = ()

    def place(self, option: str) -> Place:
        """Return the place of an option, with its name in messages."""
        return Place(self.policy.called(option))


def prepare_onboarding(
    params: Mapping[str, Any],
    called: Callable[[str], str],
    *,
    has_application: bool = True,
    decrypt: Decrypt = undecrypted,
) -> DesiredOnboarding:
    """Return the desired state of the options; ``called`` returns the name of an option in messages."""
    # An onboarding removes nobody.
    policy = Policy(max_removals="0", min_admins=params["min_admins"], called=called)
    wrong_workers = validate_concurrency(params["concurrency"], called)
    problems = [Problem(text) for text in (*wrong_workers, *policy.problems())]
    given, found = _given_rows(params, called, decrypt)
    problems += found
    plain, own = split_processes(given.rows)
    # A blank field of a row takes its value from the defaults.
    rows = given.replaced([_without_blanks(row) if isinstance(row, Mapping) else row for row in plain])
    defaults = _without_blanks(params["defaults"])
    problems += [
        Problem(f"unknown field {name}", Place(called("defaults"))) for name in REFUSED_FIELDS if name in defaults
    ]
    defaults = {name: value for name, value in defaults.items() if name not in REFUSED_FIELDS}
    checked, found = checked_rows(rows, defaults, called)
    problems += found
    people = _people(checked, rows, problems, has_application=has_application)
    process, found = general_process(params["process"], called)
    problems += found
    wishes, found = process_wishes(people, own, process, rows)
    problems += found
    lists = {name: _entries(params[name], called(name), problems) for name in ("ensure_groups", "ensure_guests")}
    groups = _groups(lists["ensure_groups"], Place(called("ensure_groups")), problems)
    guests = _guests(lists["ensure_guests"], called("ensure_guests"), problems)
    workers = 1 if wrong_workers else params["concurrency"]
    return DesiredOnboarding(policy, workers, rows, people, process, wishes, groups, guests, problems)


def _given_rows(
    params: Mapping[str, Any], called: Callable[[str], str], decrypt: Decrypt
) -> tuple[Rows, list[Problem]]:
    """Return the people with their processes, as given, and the problems of field names."""
    rows, problems = given_rows(params, _ROW_FIELDS, called, decrypt)
    if params["src"] is not None:
        rows = rows.replaced([_with_refused_process(row) for row in rows.rows])
    return rows, problems


def _people(
    checked: Iterable[tuple[int, Mapping[str, Any]]], rows: Rows, problems: list[Problem], *, has_application: bool
) -> list[tuple[int, DesiredMember]]:
    people = []
    for index, row in checked:
        if not Email(row.get("email")):
            continue
        desired = DesiredMember.from_params(row, has_application=has_application)
        if desired.provision == "direct" and not has_application:
            problems.append(rows.problem(index, desired.email, DIRECT_NEEDS_APPLICATION))
        people.append((index, desired))
    return people


def _entries(given: Any, option: str, problems: list[Problem]) -> Sequence[Any]:
    """Return the entries of a list; a text is split at semicolons and line breaks, as in every option."""
    if is_empty(given):
        return []
    if not isinstance(given, str):
        if isinstance(given, (list, tuple)):
            return given
        problems.append(Problem(f"{option} is not a list"))
        return []
    texts = split_names(given)
    problems += [] if texts else [Problem(NO_NAME.format(option, given))]
    return texts


def _groups(given: Sequence[Any], place: Place, problems: list[Problem]) -> list[DesiredGroup]:
    groups: dict[str, DesiredGroup] = {}
    for number, row in enumerate(given, start=1):
        params = {"name": row} if isinstance(row, str) else row
        if not isinstance(params, Mapping) or is_empty(params.get("name")):
            text = f"entry {number} is neither a name nor a dictionary with a name"
            problems.append(Problem(text, place))
            continue
        params = _without_blanks(params)
        found = [f"unknown field {name}" for name in params if name not in ("name", "description")]
        given_texts = {name: params[name] for name in ("name", "description") if name in params}
        flaws = {name: not_a_text(value) for name, value in given_texts.items()}
        found += [f"{name} {flaw}" for name, flaw in flaws.items() if flaw is not None]
        params = {"name": str(params["name"]), "description": params.get("description"), "state": "present"}
        found += [problem.text for problem in validate_group(params)]
        if fold(params["name"]) in groups:
            found.append("is named twice")
        problems += [Problem(text, place, params["name"]) for text in found]
        groups[fold(params["name"])] = DesiredGroup.from_params(params)
    return list(groups.values())


def _guests(given: Sequence[Any], called: str, problems: list[Problem]) -> list[DesiredGuest]:
    guests: dict[Email, DesiredGuest] = {}
    validator = ArgumentSpecValidator(_GUEST_OPTIONS)
    for number, row in enumerate(given, start=1):
        place = Place(f"{called} entry {number}")
        params = {"email": row} if isinstance(row, str) else row
        if not isinstance(params, Mapping):
            problems.append(Problem("neither an address nor a dictionary", place))
            continue
        params = _without_blanks(params)
        found = [unknown_field(name, list(_GUEST_OPTIONS)) for name in params if name not in _GUEST_OPTIONS]
        for name in [name for name in params if _GUEST_OPTIONS.get(name, {}).get("type") == "str"]:
            flaw = not_a_text(params[name])
            found += [f"{name} {flaw}"] if flaw is not None else []
        result = validator.validate({name: value for name, value in params.items() if name in _GUEST_OPTIONS})
        found += map(quoted_refusal, result.errors)
        if found:
            found += names_in(params.get("associated_members"), "associated_members", Email)[1]
        else:
            found += [problem.text for problem in validate_guest(result.validated_parameters)]
        address = Email(params.get("email"))
        if address in guests:
            found.append("is named twice")
        email = str(params.get("email") or "").strip() or NO_ADDRESS
        problems += [Problem(text, place, email) for text in found]
        if not found:
            guests[address] = DesiredGuest.from_params(result.validated_parameters)
    return list(guests.values())


def _with_refused_process(row: Any) -> Any:
    """Return the row with ``process`` false when its text means that: most file formats hold texts only."""
    refuses = isinstance(row, Mapping) and fold(str(row.get("process"))) == "false"
    return {**row, "process": False} if refuses else row


def _without_blanks(row: Mapping[Any, Any] | None) -> dict[Any, Any]:
    return {name: value for name, value in (row or {}).items() if value is not None and not _is_blank_text(value)}


def _is_blank_text(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
