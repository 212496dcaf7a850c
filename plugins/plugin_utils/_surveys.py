# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the answers to a survey of AWX into rows of people. Private to the collection.

AWX passes a blank answer as an empty text, and ansible-core 2.19 and later converts answers that look like numbers or
booleans. Values are used as they are, without templating. Each answer that is not blank is in the row, or in an error
that names the variable; the fields are validated later, with the row. Every function here is pure.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._engine.names import fold, split_names
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import is_blank
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import shorten
from ansible_collections.tallyfy.platform.plugins.module_utils._onboarding.prepare import REFUSED_FIELDS
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS

#: The prefix of the variables about one person.
PERSON = "onboarding_person_"
#: The answers about one person other than the process: every field of a row.
PERSON_FIELDS = tuple(name for name in MEMBER_OPTIONS if name not in (*REFUSED_FIELDS, "clear"))
PERSON_ANSWERS = (*PERSON_FIELDS, "process", "kickoff")
EMAILS = "offboarding_person_emails"
BOTH_GIVEN = "{} and {} are both given. Give only one of them."
#: The other variables with the people of each role.
_OTHER_PEOPLE = {
    "onboarding": ("onboarding_people", "onboarding_src"),
    "offboarding": ("offboarding_people", "offboarding_src"),
}
_LONGEST_QUOTE = 100
_LINE_END = re.compile(r"\r\n|\r|\n")
#: An entry of a list of addresses, with separators between quotes and brackets; then the parts of an entry.
_ENTRY = re.compile(r'(?:"[^"\r\n]*"|<[^<>]*>|[^,;\r\n])+')
_WORD = re.compile(r'"(?P<quoted>[^"]*)"|<(?P<address>[^<>]*)>|(?P<bare>[^\s<>]+)')
_SEPARATORS = re.compile(r"[\s,;<>]+")


def onboarding_row(variables: Mapping[str, Any], *, has_process: bool) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the row of the answers about a person, ``None`` when all are blank, and all errors.

    The answers are the templated ``variables`` with the prefix ``onboarding_person_``. They exclude
    ``onboarding_people`` and ``onboarding_src``; an empty list of people counts as given. ``has_process`` is whether
    ``onboarding_process`` names a process for everybody. A row with errors is incomplete.
    """
    answers = {
        name[len(PERSON) :]: value
        for name, value in variables.items()
        if name.startswith(PERSON) and name != PERSON and not _is_blank(value)
    }
    if not answers:
        return None, []
    problems = [
        BOTH_GIVEN.format(f"{PERSON}email", other)
        for other in _OTHER_PEOPLE["onboarding"]
        if not is_blank(variables.get(other))
    ]
    problems += [_unknown(name) for name in answers if name not in PERSON_ANSWERS]
    if "email" not in answers:
        problems.append(f"{PERSON}email is not given.")
    row: dict[str, Any] = {}
    for name in PERSON_FIELDS:
        if name in answers:
            value, found = _groups(answers[name]) if name == "groups" else _field(name, answers[name])
            row.update({} if found else {name: value})
            problems += found
    process, found = _process(answers, has_process=has_process)
    return {**row, **({"process": process} if process else {})}, problems + found


def offboarding_rows(variables: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row for each address in ``offboarding_person_emails``, and all errors.

    The answer is a text or a list of texts. Commas, semicolons or white space separate addresses. An address may be in
    angle brackets after a name, as mail programs copy it. The answer excludes ``offboarding_src`` and
    ``offboarding_people``, unless that is empty. A text that is not an address is a row, too, and refused later.
    """
    answer = variables.get(EMAILS)
    if _is_blank(answer):
        return [], []
    entries = answer if isinstance(answer, (list, tuple)) else [answer]
    texts = [_text(entry) for entry in entries if not _is_blank(entry)]
    if None in texts:
        return [], [f"{EMAILS} is neither a text nor a list of e-mail addresses: {_quoted(answer)}"]
    rows = [{"email": address} for text in texts for address in _addresses(text or "")]
    problems = [
        BOTH_GIVEN.format(EMAILS, other)
        for other in _OTHER_PEOPLE["offboarding"]
        if not is_blank(variables.get(other)) and variables.get(other) != []
    ]
    if texts and not rows:
        problems.append(f"{EMAILS} contains no e-mail address: {_quoted(answer)}")
    return rows, problems


def _field(name: str, value: Any) -> tuple[str, list[str]]:
    text = _text(value)
    if text is not None:
        return text, []
    if isinstance(value, bool):
        # YAML reads No as false, which may be a name.
        return "", [f"{PERSON}{name} is the truth value {str(value).lower()}; put quotes around the text."]
    return "", [f"{PERSON}{name} is neither a text nor a number: {_quoted(value)}"]


def _groups(value: Any) -> tuple[Any, list[str]]:
    """Return the names of the groups; in a text, lines or semicolons separate them."""
    if isinstance(value, Mapping):
        return value, []
    if isinstance(value, (list, tuple)):
        names = [_text(name) for name in value if not _is_blank(name)]
        if None in names:
            return [], [f"{PERSON}groups is not a list of names: {_quoted(value)}"]
        return names, []
    text, problems = _field("groups", value)
    split = split_names(text)
    if not split and not problems:
        problems = [f"{PERSON}groups contains no name: {_quoted(value)}"]
    return split, problems


def _process(answers: Mapping[str, Any], *, has_process: bool) -> tuple[dict[str, Any], list[str]]:
    process: dict[str, Any] = {}
    problems = []
    if "process" in answers:
        title = _text(answers["process"])
        if title is None:
            problems.append(f"{PERSON}process is not the title of a template.")
        else:
            process["template"] = title
    if "kickoff" in answers:
        if "process" not in answers and not has_process:
            problems.append(f"{PERSON}kickoff is given without a process; give {PERSON}process.")
        kickoff, found = _kickoff(answers["kickoff"])
        process.update({"kickoff": kickoff} if kickoff else {})
        problems += found
    return process, problems


def _kickoff(value: Any) -> tuple[dict[Any, Any], list[str]]:
    """Return the values by label; each line of a text is a label, a colon and a value."""
    if isinstance(value, Mapping):
        return {label: _as_texts(item) for label, item in value.items()}, []
    text = _text(value)
    if text is None:
        return {}, [f"{PERSON}kickoff is neither a text nor a dictionary."]
    values: dict[Any, Any] = {}
    problems: dict[str, None] = {}
    seen = set()
    for line in filter(None, map(str.strip, _LINE_END.split(text))):
        label, colon, text_of_value = (part.strip() for part in line.partition(":"))
        if not colon or not label:
            quote = shorten(line, _LONGEST_QUOTE)
            problems[f"{PERSON}kickoff: '{quote}' is not a label, a colon and a value."] = None
            continue
        if fold(label) in seen:
            problems[f"{PERSON}kickoff: '{shorten(label, _LONGEST_QUOTE)}' is given more than once."] = None
        seen.add(fold(label))
        values[label] = text_of_value
    return values, list(problems)


def _addresses(text: str) -> Iterator[str]:
    """Yield the addresses of a text; a name before an address in angle brackets is omitted, but never an address."""
    for entry in _ENTRY.findall(text):
        words = list(_WORD.finditer(entry))
        last = max((index for index, word in enumerate(words) if word["address"] is not None), default=-1)
        found: list[str] = []
        for index, word in enumerate(words):
            if word["address"] is not None:
                address = [part for part in _SEPARATORS.split(word["address"]) if part]
                # Some mail programs repeat the address as the name.
                if found and [fold(part) for part in address] == [fold(found[-1].strip("'"))]:
                    found.pop()
                found += address
                continue
            named = [word["bare"]] if word["quoted"] is None else _addresses(word["quoted"])
            found += [text for text in named if index > last or "@" in text]
        yield from found


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), PERSON_ANSWERS, n=1, cutoff=0.7)
    return f"{PERSON}{name} is not known" + (f"; did you mean {PERSON}{close[0]}?" if close else ".")


def _text(value: Any) -> str | None:
    """Return the text of an answer, also of a number or a date, ``None`` for any other value."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _as_texts(value: Any) -> Any:
    """Return a value with all numbers in it as texts."""
    if isinstance(value, Mapping):
        return {name: _as_texts(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_texts(item) for item in value]
    text = _text(value)
    return value if text is None else text


def _is_blank(value: Any) -> bool:
    """Return whether an answer is blank, or a list of blank answers."""
    if isinstance(value, (list, tuple)):
        return all(_is_blank(item) for item in value)
    return is_blank(value) or (isinstance(value, Mapping) and not value)


def _quoted(value: Any) -> str:
    return shorten(reprlib.repr(value), _LONGEST_QUOTE)
