# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the roster file of an export on the controller, wherever the module ran. Private to the collection.

The module returns the text; the action plugin writes the file on the controller.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere in ansible-core

from ansible_collections.tallyfy.platform.plugins.module_utils._roster.file import ENDINGS
from ansible_collections.tallyfy.platform.plugins.module_utils._state.regular_files import read_regular
from ansible_collections.tallyfy.platform.plugins.module_utils._texts import shown_lines
from ansible_collections.tallyfy.platform.plugins.plugin_utils._bulk_action import BulkAction
from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import (
    NOT_ASYNCHRONOUS,
    path_from,
    refusal_of,
    replace_file,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import plain
from ansible_collections.tallyfy.platform.plugins.plugin_utils._totals import acting_as, organization_in_words
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import counted, shown

MOST_NOTES = 20


class ExportAction(BulkAction):
    """The action of ``tallyfy_roster_export``: writes the text from the module to ``dest``."""

    kind = "export"
    roles = ("export_roster",)
    alternatives = ()
    needs = ("dest",)

    def _perform(
        self, arguments: dict[str, Any], variables: dict[str, Any], called: Callable[[str], str] = str
    ) -> dict[str, Any]:
        folder = self._loader.get_basedir()
        dest = plain({"dest": arguments.get("dest")})["dest"]
        refusal = refusal_of(str(dest), folder, ENDINGS) if dest is not None else ""
        if not refusal and self._task.async_val:
            refusal = NOT_ASYNCHRONOUS
        if refusal:
            return {"failed": True, **self._failure([f"{called('dest')} {refusal}"])}
        result = super()._perform(arguments, variables, called)
        text = result.pop("content", None)
        if text is None:
            return result
        path = path_from(str(dest), folder)
        try:
            written = write_roster(path, text, check_mode=bool(self._task.check_mode), shows_diff=bool(self._task.diff))
        except OSError as error:
            message = f"{called('dest')} {dest}: {error.strerror}"
            return {**result, "failed": True, "msg": message, "problems": [message]}
        return {**result, **written}

    def _with_report(self, result: dict[str, Any], _variables: dict[str, Any]) -> dict[str, Any]:
        if result.get("failed"):
            return self._failed(result)
        return result if "text" in result else {**result, "text": text_of_export(result)}


def text_of_export(result: Mapping[str, Any]) -> list[str]:
    """Return the readable lines after an export."""
    is_planned = result["check_mode"] and result["changed"]
    left_out, notes = result["left_out"], [shown(note) for note in result["notes"]]
    more = len(notes) - MOST_NOTES
    return [
        f"Roster of {organization_in_words(result)}, acting as {acting_as(result)}"
        + ("; dry run: nothing was written" if is_planned else ""),
        f"{counted(result['people'], 'people')} in {shown(result['dest'])}"
        + ("" if result["changed"] else ", which was already up to date"),
        f"left out: {left_out['disabled']} without access, {left_out['service_accounts']} service accounts of Tallyfy",
        *notes[:MOST_NOTES],
        *([f"and {counted(more, 'more notes')}"] if more > 0 else []),
    ]


def write_roster(path: Path, text: str, *, check_mode: bool, shows_diff: bool) -> dict[str, Any]:
    """Write the text to the file if it differs, unless in check mode; return ``changed``, ``dest`` and ``diff``.

    Raises ``OSError`` when the file cannot be read or written.
    """
    content = text.encode()
    # A spreadsheet detects the encoding by this mark. A file without the mark counts as equal.
    mark = codecs.BOM_UTF8 if path.suffix.lower() == ".csv" else b""
    before = read_regular(path) if path.exists() else None
    held = before[len(mark) :] if before is not None and before.startswith(mark) else before
    is_changed = held != content
    if is_changed and not check_mode:
        replace_file(path, mark + content)
    diff = _diff(path, held or b"", content) if is_changed and shows_diff else {}
    return {"changed": is_changed, "dest": str(path), "diff": diff}


def _diff(path: Path, before: bytes, after: bytes) -> dict[str, Any]:
    """Return the diff in the format of ansible-core, which omits long contents."""
    longest = C.MAX_FILE_SIZE_FOR_DIFF
    diff: dict[str, Any] = {"before_header": str(path), "after_header": str(path)}
    if len(before) > longest:
        diff["dst_larger"] = longest
    elif b"\0" in before:
        diff["dst_binary"] = 1
    else:
        diff["before"] = shown_lines(before.decode(errors="replace"))
    if len(after) > longest:
        diff["src_larger"] = longest
    else:
        diff["after"] = shown_lines(after.decode())
    return diff
