# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the record of a process. Private to the collection.

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

#: Kinds of records that a process is associated with, and returns as includes.
TIES = ("tags", "folders")


@dataclass(frozen=True)
class Found:
    """The processes with a reference, oldest first."""

    active: tuple[Record, ...] = ()
    archived: tuple[Record, ...] = ()

    @property
    def current(self) -> Record | None:
        """The process to use: the oldest that is not archived, else the latest archived process."""
        return self.active[0] if self.active else self.archived[-1] if self.archived else None


def shown_fields(run: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields of the kick-off form that a process includes."""
    rows = included(run, "ko_form_fields")
    return fields_of(rows) if isinstance(rows, list) else ()


def age(run: Mapping[str, Any]) -> tuple[int, str]:
    """Return the sort key of processes, oldest first: the second of the launch, and the ID.

    Answers show the same time with and without fractions of a second, so only whole seconds are compared.
    """
    return launch_second(run), str(run.get("id"))


def launch_second(run: Mapping[str, Any]) -> int:
    """Return the second of the launch of a process by the clock of the service, 0 when the record does not show it."""
    at = moment(run.get("created_at"))
    return 0 if at is None else int(at.timestamp())


def values_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the kick-off values of a process by field ID; the service returns an empty list for no values."""
    values = included(run, "prerun")
    return values if isinstance(values, Mapping) else {}


def shown_names(run: Mapping[str, Any], kind: str) -> list[str] | None:
    """Return the titles of the tags or the names of the folders of a process, ``None`` when it includes none."""
    rows = included(run, kind)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return [str(row.get("title") or row.get("name") or "") for row in rows]


def tie_id(run: Mapping[str, Any], title: str) -> int | None:
    """Return the ID of the association of a tag with a process, ``None`` where the record includes only the tags."""
    rows = included(run, "tags")
    for row in rows if isinstance(rows, list) else ():
        if fold(str(row.get("title") or row.get("name") or "")) == fold(title) and "tag_id" in row:
            return int(row["id"]) if str(row.get("id")).isdigit() else None
    return None
