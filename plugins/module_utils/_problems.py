# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with the input of a task. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A position in the input, with its label for messages. ``order`` sorts; the task itself is first."""

    label: str = ""
    order: int = -1


TASK = Place()


@dataclass(frozen=True)
class Problem:
    """One problem of the input: its text, place, subject (such as an e-mail address) and option.

    ``stored`` is a field with its value, if the value is valid for a subject for which Tallyfy already stores it.
    """

    text: str
    place: Place = TASK
    subject: str = ""
    option: str = ""
    stored: tuple[str, str] | None = None

    def is_confirmed_by(self, record: Mapping[str, object]) -> bool:
        """Return whether the record already has this value, so that it is valid although it is unusual."""
        return self.stored is not None and record.get(self.stored[0]) == self.stored[1]

    def __str__(self) -> str:
        text = f"{self.option} {self.text}" if self.option else self.text
        if not self.place.label:
            return f"{self.subject}: {text}" if self.subject else text
        return f"{self.place.label} ({self.subject}): {text}" if self.subject else f"{self.place.label}: {text}"
