# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for what is done and for what becomes of somebody or something. Private to the collection.

Steps, ``actions``, rows, ``summary``, totals, reports and artifacts use these and no others. They are types, so that
mypy refuses another word wherever a step is made or compared.
"""

from __future__ import annotations

from typing import Literal, Union

#: What is done. A person, guest, group or process as a whole comes first.
Verb = Literal[
    "created",
    "invited",
    "launched",
    "enabled",
    "unarchived",
    "updated",
    "archived",
    "disabled",
    "deleted",
    "role_changed",
    "handed_over",
    "added_to_group",
    "removed_from_group",
    "kickoff_updated",
    "tagged",
    "untagged",
    "added_to_folder",
    "commented",
    "completed",
    "reopened",
]
#: Ends at which nothing was done, or not all of it.
End = Literal["failed", "deferred", "skipped", "not_found", "unchanged"]
Outcome = Union[Verb, End]

UNDONE: tuple[End, ...] = ("failed", "deferred", "skipped")
#: What has become of somebody or something for whom all was done.
DONE: tuple[Verb, ...] = (
    "created", "invited", "launched", "enabled", "unarchived", "updated", "disabled", "deleted",
)  # fmt: skip
#: In the order in which they are told, and in which they matter.
OUTCOMES: tuple[Outcome, ...] = (*UNDONE, "not_found", *DONE, "unchanged")


def outcome_of(verb: Verb) -> Verb:
    """Return what becomes of a subject for which this is the main thing that was done."""
    return verb if verb in DONE else "updated"


def spoken(word: str) -> str:
    """Return a word as people read it."""
    return word.replace("_", " ")
