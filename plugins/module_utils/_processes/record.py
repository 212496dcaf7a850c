# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the record of a process says. Private to the collection.

Source: API reference, "Processes"; the service calls them runs. Every function here is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Record
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import fold
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import included

from .fields import FormField, fields_of
from .values import moment

#: What a process is tied to, and shows when it is asked for.
TIES = ("tags", "folders")


@dataclass(frozen=True)
class Found:
    """The processes that carry a reference, oldest first."""

    active: tuple[Record, ...] = ()
    archived: tuple[Record, ...] = ()

    @property
    def current(self) -> Record | None:
        """The process that is meant: the oldest one that is not archived, else the latest archived one."""
        return self.active[0] if self.active else self.archived[-1] if self.archived else None


def shown_fields(run: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields of the kick-off form as a process shows them when it is asked to."""
    rows = included(run, "ko_form_fields")
    return fields_of(rows) if isinstance(rows, list) else ()


def age(run: Mapping[str, Any]) -> tuple[int, str]:
    """Return by what processes are sorted, the oldest first: the second of their launch, and their id.

    Answers spell the same moment with and without fractions, so whole seconds are all that can be compared.
    """
    return launch_second(run), str(run.get("id"))


def launch_second(run: Mapping[str, Any]) -> int:
    """Return the second in which a process was launched by the clock of the service, 0 when it does not tell."""
    at = moment(run.get("created_at"))
    return 0 if at is None else int(at.timestamp())


def values_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the kick-off values of a process by field id; the service shows an empty list where there are none."""
    values = included(run, "prerun")
    return values if isinstance(values, Mapping) else {}


def shown_names(run: Mapping[str, Any], kind: str) -> list[str] | None:
    """Return the titles of the tags or the names of the folders of a process, ``None`` when it does not show them."""
    rows = included(run, kind)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return [str(row.get("title") or row.get("name") or "") for row in rows]


def tie_id(run: Mapping[str, Any], title: str) -> int | None:
    """Return the ID by which a tag is tied to a process, ``None`` where only the tags themselves are shown."""
    rows = included(run, "tags")
    for row in rows if isinstance(rows, list) else ():
        if fold(str(row.get("title") or row.get("name") or "")) == fold(title) and "tag_id" in row:
            return int(row["id"]) if str(row.get("id")).isdigit() else None
    return None
