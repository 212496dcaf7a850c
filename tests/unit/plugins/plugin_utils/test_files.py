# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller: where one can be, and that it is replaced in one step."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._files import path_from, refusal_of, replace_file

ENDINGS = (".yml", ".csv")


@pytest.mark.parametrize("given", ["roster.yml", "ROSTER.CSV", "./roster.yml", "sub/roster.yml", "there.yml"])
def test_a_file_can_be_here(tmp_path: Path, given: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "there.yml").touch()
    assert refusal_of(given, str(tmp_path), ENDINGS) == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sub", "there.yml"], "nothing is written"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (" ", "is blank"),
        ("$HOME/roster.yml", "$HOME/roster.yml: it contains a dollar sign"),
        ("roster.txt", "roster.txt does not end in .yml or .csv"),
        ("roster", "roster does not end in"),
        ("nowhere/roster.yml", "/nowhere does not exist"),
        ("file/roster.yml", "file/roster.yml: Not a directory"),
        ("folder.yml", "folder.yml is a folder"),
        ("pipe.yml", "pipe.yml is not a regular file"),
        ("x" * 300 + ".yml", "File name too long"),
        ("a\0b.yml", "null "),
        ("~nobody-of-this-name/roster.yml", "home"),
    ],
    ids=lambda value: value[:20].replace("\0", "-"),
)
def test_no_file_can_be_there(tmp_path: Path, given: str, words: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe.yml")
    assert words in refusal_of(given, str(tmp_path), ENDINGS)


def test_a_path_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    assert path_from("~/roster.yml", "/elsewhere") == home / "roster.yml"
    assert path_from("roster.yml", str(tmp_path)) == tmp_path / "roster.yml"
    assert path_from("/etc/roster.yml", str(tmp_path)) == Path("/etc/roster.yml")
    (tmp_path / "link.yml").symlink_to("real.yml")
    assert path_from("link.yml", str(tmp_path)) == tmp_path / "real.yml"


def test_a_new_file_is_not_for_others(tmp_path: Path) -> None:
    replace_file(tmp_path / "roster.yml", b"a")
    assert (tmp_path / "roster.yml").read_bytes() == b"a"
    assert stat.S_IMODE((tmp_path / "roster.yml").stat().st_mode) == 0o640


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o600, 0o600), (0o775, 0o640), (0o640, 0o640)])
def test_a_file_is_replaced_in_one_step_and_not_opened_up(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "roster.yml"
    path.write_bytes(b"before")
    path.chmod(before)
    with path.open("rb") as reader:
        replace_file(path, b"after")
        assert reader.read() == b"before", "whoever reads goes on with the old one"
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == after
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "roster.yml"
    path.write_bytes(b"before")

    def full(_descriptor: int, _mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
