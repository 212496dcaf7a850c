# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of an offboarding and their problems. Private to the collection.

Nothing here sends a request.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Decrypt, undecrypted
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email, is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import NO_ADDRESS as NOT_VALID
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import Flaw
from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Place, Problem
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import given_rows
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import Policy
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.operation import validate_concurrency
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.rows import (
    LEAVING_SUCCESSOR,
    NO_ADDRESS,
    Rows,
    unknown_field,
)

#: The desired state of a leaver: without access, or permanently deleted.
DISABLED, DELETED = "disabled", "deleted"
FIELDS = ("email", "reassign_to")
GUEST_FIELDS = ("email",)
#: The sort order of the first guest: problems of guests follow those of people.
FIRST_GUEST = 1_000_000_000


@dataclass(frozen=True)
class Wish:
    """One person or guest to remove, and the place in the input.

    ``is_general`` means that ``reassign_to`` is the option of the task and not of the row.
    """

    place: Place
    email: Email
    reassign_to: Email | None = None
    is_general: bool = False

    def problem(self, text: str, option: str = "") -> Problem:
        """Return a problem with this place and address."""
        return Problem(text, self.place, self.email, option)


@dataclass(frozen=True)
class DesiredOffboarding:
    """The desired state of an offboarding, and the problems that can be found without a request."""

    people: Sequence[Wish] = ()
    guests: Sequence[Wish] = ()
    state: str = DISABLED
    policy: Policy = field(default_factory=Policy)
    workers: int = 1
    problems: Sequence[Problem] = ()


def desired_offboarding(
    params: Mapping[str, Any], called: Callable[[str], str], decrypt: Decrypt = undecrypted
) -> DesiredOffboarding:
    """Return the desired state of the options; ``called`` returns the name of an option in messages."""
    policy = Policy.from_params(params, called)
    general = policy.reassign_to
    workers = params["concurrency"]
    wrong_workers = validate_concurrency(workers, called)
    problems = [Problem(text) for text in (*policy.problems(), *wrong_workers)]
    rows = _given_rows(params, called, decrypt, problems)
    people = _people(rows, general, problems)
    guests = _guests(params.get("guests"), called, problems)
    problems += _conflicts(people, guests, general, called)
    state = DELETED if params["delete"] else DISABLED
    return DesiredOffboarding(people, guests, state, policy, 1 if wrong_workers else workers, problems)


def _given_rows(
    params: Mapping[str, Any], called: Callable[[str], str], decrypt: Decrypt, problems: list[Problem]
) -> Rows:
    people = params.get("people")
    if not isinstance(people, (list, tuple)) and not is_blank(people):
        text = f"must be a list of dictionaries with email and reassign_to, not {_quoted(people)}"
        problems.append(Problem(text, option=called("people")))
        return Rows([])
    rows, found = given_rows({**params, "people": people or []}, FIELDS, called, decrypt)
    problems += found
    return rows


def _people(rows: Rows, general: Email | None, problems: list[Problem]) -> list[Wish]:
    first: dict[Email, int] = {}
    wishes = []
    for index, row in enumerate(rows.rows):
        if not isinstance(row, Mapping):
            problems.append(Problem("not a dictionary with email and reassign_to", rows.place(index)))
            continue
        found: list[str | Flaw] = []
        email, successor = _email(row, "email", found), _email(row, "reassign_to", found)
        if email and not email.is_valid:
            found.append(Flaw(NOT_VALID.format("email", email), ("email", str(email))))
        elif not email and isinstance(row.get("email"), (str, type(None))):
            found.append("email is missing")
        if successor and not successor.is_valid:
            found.append(NOT_VALID.format("reassign_to", successor))
        elif successor and successor == email:
            found.append("reassign_to is the leaver: name another member")
        if email and first.setdefault(email, index) != index:
            found.append(f"the same e-mail address as {rows.place(first[email]).label}")
        problems += [rows.problem(index, row.get("email"), flaw) for flaw in found]
        if email:
            heir = successor or general
            # An invalid successor is not looked up.
            heir = heir if heir is not None and heir.is_valid else None
            wishes.append(Wish(rows.place(index), email, heir, is_general=not successor))
    return wishes


def _guests(given: Any, called: Callable[[str], str], problems: list[Problem]) -> list[Wish]:
    if is_blank(given):
        return []
    if not isinstance(given, (list, tuple)):
        text = f"must be a list of e-mail addresses, not {_quoted(given)}"
        problems.append(Problem(text, option=called("guests")))
        return []
    first: dict[Email, Place] = {}
    wishes = []
    for number, entry in enumerate(given, start=1):
        row = entry if isinstance(entry, Mapping) else {"email": entry}
        place = Place(f"{called('guests')} entry {number}", FIRST_GUEST + number)
        found = [unknown_field(name, GUEST_FIELDS) for name in row if name not in GUEST_FIELDS]
        email = _email(row, "email", found)
        odd = []
        if isinstance(row.get("email"), (str, type(None))) and not email.is_valid:
            odd.append(f"{email!r} is not an e-mail address")
        if email and first.setdefault(email, place) != place:
            found.append(f"the same e-mail address as {first[email].label}")
        subject = str(row.get("email") or "").strip() or NO_ADDRESS
        problems += [Problem(text, place, subject) for text in found]
        problems += [Problem(text, place, subject, stored=("email", str(email))) for text in odd]
        if email:
            wishes.append(Wish(place, email))
    return wishes


def _conflicts(
    people: Sequence[Wish], guests: Sequence[Wish], general: Email | None, called: Callable[[str], str]
) -> list[Problem]:
    """Return the problems of guests that are also listed as people, and of successors who also leave."""
    leaving = {wish.email for wish in people}
    problems = [wish.problem(f"is also listed in {called('people')}") for wish in guests if wish.email in leaving]
    if general is not None and not general.is_valid:
        problems.append(Problem(f"{general!r} is not an e-mail address", option=called("reassign_to")))
    elif general in leaving:
        problems.append(Problem(LEAVING_SUCCESSOR.format(general), option=called("reassign_to")))
    return problems + [
        wish.problem(LEAVING_SUCCESSOR.format(wish.reassign_to), "reassign_to")
        for wish in people
        if not wish.is_general and wish.reassign_to in leaving and wish.reassign_to != wish.email
    ]


def _email(row: Mapping[Any, Any], name: str, found: list[Any]) -> Email:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return Email(value)
    found.append(f"{name} is not a text: {_quoted(value)}")
    return Email()


def _quoted(value: Any) -> str:
    return reprlib.repr(value)
