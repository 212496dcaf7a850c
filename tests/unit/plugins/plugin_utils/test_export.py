# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the roster file of an export: what changes, what is shown of it, and that check mode writes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible import constants

from ansible_collections.tallyfy.platform.plugins.plugin_utils._export import text_of_export, write_roster


def write(path: Path, text: str, *, check_mode: bool = False, shows_diff: bool = True) -> dict[str, Any]:
    return write_roster(path, text, check_mode=check_mode, shows_diff=shows_diff)


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "roster.yml"
    announced = write(path, "é\n", check_mode=True)
    assert not path.exists()
    done = write(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    header = {"before_header": str(path), "after_header": str(path)}
    expected = {"changed": True, "dest": str(path), "diff": {**header, "before": "", "after": "é\n"}}
    assert announced == done == expected

    written = path.stat()
    assert write(path, "é\n") == {"changed": False, "dest": str(path), "diff": {}}
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns), "it is not touched"


def test_check_mode_reports_what_a_file_would_become(tmp_path: Path) -> None:
    path = tmp_path / "roster.yml"
    path.write_bytes(b"a\r\n\xff")
    announced = write(path, "b\n", check_mode=True)
    assert (announced["changed"], announced["diff"]["before"], announced["diff"]["after"]) == (
        True,
        "a\r\n\ufffd",
        "b\n",
    )
    assert path.read_bytes() == b"a\r\n\xff"


def test_a_line_ending_is_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    path.write_bytes(b"a\r\n")
    assert write(path, "a\n")["changed"] is True
    assert path.read_bytes() == b"a\n"


def test_a_table_is_marked_as_utf_8_for_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "roster.CSV"
    reported = write_roster(path, "Zoë\n", check_mode=False, shows_diff=True)
    assert (path.read_bytes(), reported["diff"]["after"]) == (b"\xef\xbb\xbfZo\xc3\xab\n", "Zoë\n")
    assert not write_roster(path, "Zoë\n", check_mode=False, shows_diff=True)["changed"]

    path.write_text("Zoë\n", encoding="utf-8")
    assert not write_roster(path, "Zoë\n", check_mode=False, shows_diff=True)["changed"], "it holds the same"
    assert write_roster(path, "Zoe\n", check_mode=False, shows_diff=True)["diff"]["before"] == "Zoë\n"


def test_the_difference_is_told_to_who_wants_it(tmp_path: Path) -> None:
    assert write(tmp_path / "roster.yml", "a", shows_diff=False)["diff"] == {}


def test_difference_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "roster.yml"
    path.write_bytes(b"team: \x1b[2J\r\n")
    diff = write(path, "team: \u202e\n", check_mode=True)["diff"]
    assert (diff["before"], diff["after"]) == ("team: \\x1b[2J\r\n", "team: \\u202e\n")


def test_what_is_too_long_to_be_read_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "MAX_FILE_SIZE_FOR_DIFF", 10)
    path = tmp_path / "roster.yml"
    diff = write(path, "a" * 11)["diff"]
    assert (diff["before"], diff["src_larger"]) == ("", 10)
    assert "after" not in diff
    diff = write(path, "b")["diff"]
    assert (diff["dst_larger"], diff["after"]) == (10, "b")
    assert "before" not in diff
    path.write_bytes(b"\0")
    diff = write(path, "b")["diff"]
    assert diff["dst_binary"] == 1
    assert "before" not in diff


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "roster.yml")
    with pytest.raises(OSError, match="Not a regular file"):
        write(tmp_path / "roster.yml", "a")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "roster.yml", "a")


def result(**more: Any) -> dict[str, Any]:
    return {
        "changed": True, "check_mode": False, "dest": "/rosters/roster.yml", "people": 7, "notes": [],
        "left_out": {"disabled": 1, "service_accounts": 2},
        "organization": {"id": "25f6", "name": "Globex", "acting_as": "the application 1111"}, **more,
    }  # fmt: skip


def test_what_people_read_names_the_organization_and_the_file() -> None:
    reported = "Roster of Globex (25f6), acting as the application 1111"
    left_out = "left out: 1 without access, 2 service accounts of Tallyfy"
    assert text_of_export(result()) == [reported, "7 people in /rosters/roster.yml", left_out]
    assert text_of_export(result(check_mode=True, people=1)) == [
        f"{reported}; dry run: nothing was written", "1 person in /rosters/roster.yml", left_out,
    ]  # fmt: skip
    same = "7 people in /rosters/roster.yml, which was already up to date"
    assert text_of_export(result(changed=False, check_mode=True)) == [reported, same, left_out]
    many = text_of_export(result(notes=[f"note {number}" for number in range(22)]))
    assert many[3:4] + many[-2:] == ["note 0", "note 19", "and 2 more notes"]
