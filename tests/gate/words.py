# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that this repository does not use, and what stands in their place: plain English for engineers.

    python -m tests.gate.words

names each place in the files that git tracks. Phrases are found in all of them, also where a line ends inside of one;
names in Python alone, where they are identifiers. A new word to avoid is one line of a table here.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.collection_tree import CHECKOUT

#: What may stand between two words of a phrase: space, the end of a line, the sign of a comment, quotes in between.
_GAP = r"""(?:[\s#]|["']\s+f?["'])+"""


class Rule(NamedTuple):
    """A pattern, what to write instead, and a text that holds it; in a pattern, a space is any gap between words."""

    pattern: str
    better: str
    example: str


PHRASES = (
    Rule(
        "you say who should be in",
        "declare members, roles, groups and processes",
        "you say who should be in an organization",
    ),
    Rule(
        "and the collection makes it so",
        "the collection converges Tallyfy to match",
        "and the collection makes it so",
    ),
    Rule("tells the truth", "shows exactly what a run would change", "`--check --diff` tells the truth"),
    Rule(
        "who is not listed is left alone",
        "unlisted members are left alone",
        "Who is not listed is left alone, unless you say so",
    ),
    Rule(
        "is there already over into a file",
        "export an existing organization to a file",
        "take an organization that is there already over into a file",
    ),
    Rule("(?:begins?|tries) nothing else", "starts no further work after a failure", "it begins nothing else then"),
    Rule("number of the country", "Tallyfy country ID", "the number of the country in Tallyfy"),
    Rule(
        "this is who this runs as",
        "Refusing to remove X: it is the acting user. Ask another administrator.",
        "is not removed: this is who this runs as",
    ),
    Rule(
        r"\bas (?:they are )?wanted\b",
        "as desired, up to date or could not be converged",
        "5 of 9 are not as wanted",
    ),
    Rule(r"\bwanted state\b", "desired state", "into the wanted state"),
    Rule(
        r"\bname: Take (?:[\w']+ ){1,3}access away\b",
        "Remove access",
        "- name: Take everybody's access away",
    ),
    Rule("Say that this slice does nothing", "Skip this slice", "- name: Say that this slice does nothing"),
    Rule(
        r"\bname: Make sure that (?:[\w'-]+ ){1,4}(?:is|are) given\b",
        "Require …, such as: Require a list of people",
        "- name: Make sure that people are given",
    ),
    Rule("what is wrong is told", "errors are reported", "what is wrong is told below"),
)

NAMES = (
    Rule(r"surroundings|_?around", "PlanContext for the class, context for the rest", "around"),
    Rule("look_around", "read_context", "look_around"),
    Rule(r"(?:\w+_)?wanted(?:_\w+)?", "desired", "is_wanted"),
    Rule("told_moment", "iso_utc", "told_moment"),
    Rule(r"(?:\w+_)?told(?:_\w+)?|(?-i:Told[A-Z])\w*", "reported, shown or …Report", "told"),
    Rule("brakes|halts", "CircuitBreaker for the class, skip_reason for the rest", "Brakes"),
    Rule("launchpad", "LaunchPlanner", "Launchpad"),
    Rule(r"(?:\w+_)?side_by_side", "map_concurrently", "side_by_side"),
    Rule(
        r"(?:(?:member|user|owner|guest|group|task|process|tag|tie|folder|country|org|organization)_)numbers?"
        r"|_?numbers_of|by_number|(?:is_)?numbered",
        "…_id, ids_of or by_id",
        "tie_number",
    ),
    Rule(r"problems_with(?:_\w+)?|\w+_problems_with", "validate_<noun>", "problems_with"),
)


class Finding(NamedTuple):
    line: int
    found: str
    better: str


def findings_in(text: str, *, is_python: bool) -> list[Finding]:
    """Return each place of a text that another word belongs in, from the first line to the last."""
    found = list(_phrases_in(text))
    if is_python:
        found += _names_in(text)
    return sorted(found)


def _phrases_in(text: str) -> Iterator[Finding]:
    for pattern, better in _PHRASES:
        for match in pattern.finditer(text):
            yield Finding(text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), better)


def _names_in(text: str) -> Iterator[Finding]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        # The name of a test is a sentence.
        if token.type == tokenize.NAME and not token.string.startswith(("test_", "Test")):
            for pattern, better in _NAMES:
                if pattern.fullmatch(token.string):
                    yield Finding(token.start[0], token.string, better)
                    break


_PHRASES = [(re.compile(rule.pattern.replace(" ", _GAP), re.IGNORECASE), rule.better) for rule in PHRASES]
_NAMES = [(re.compile(rule.pattern, re.IGNORECASE), rule.better) for rule in NAMES]


def tracked_files() -> list[Path]:
    """Return the text files that git tracks, but for this one, which holds all the words."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    files = [CHECKOUT / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file() and not file.is_symlink() and file != Path(__file__).resolve()]


def problems() -> Iterator[str]:
    """Yield a line for each place in the repository that another word belongs in."""
    for file in tracked_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        for finding in findings_in(text, is_python=file.suffix == ".py"):
            yield f"{file.relative_to(CHECKOUT)}:{finding.line}: {finding.found!r}: write {finding.better!r}"


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or None)
