# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of actions and outcomes. Private to the collection.

Steps, ``actions``, rows, ``summary``, totals, reports and artifacts use only these. They are types, so that mypy
refuses any other name.
"""

from __future__ import annotations

from typing import Literal, Union

#: The actions. Those on a person, guest, group or process as a whole come first.
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
#: The outcomes without a complete action.
End = Literal["failed", "deferred", "skipped", "not_found", "unchanged"]
Outcome = Union[Verb, End]

UNDONE: tuple[End, ...] = ("failed", "deferred", "skipped")
#: The outcomes of subjects whose steps were all done.
DONE: tuple[Verb, ...] = (
    "created", "invited", "launched", "enabled", "unarchived", "updated", "disabled", "deleted",
)  # fmt: skip
#: All outcomes in the order in which results list them, by importance.
OUTCOMES: tuple[Outcome, ...] = (*UNDONE, "not_found", *DONE, "unchanged")


def outcome_of(verb: Verb) -> Verb:
    """Return the outcome of a subject whose main action was ``verb``."""
    return verb if verb in DONE else "updated"


def spoken(word: str) -> str:
    """Return the name of an action or outcome for people to read."""
    return word.replace("_", " ")
