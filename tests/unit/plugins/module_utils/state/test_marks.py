# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError, StateDirError
from ansible_collections.tallyfy.platform.plugins.module_utils._state import private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

NOW = 1_700_000_000.0
NAME = "late"


@pytest.fixture
def directory(tmp_path: Path) -> PrivateDirectory:
    return PrivateDirectory(str(tmp_path / "cache"))


def test_texts_are_remembered_for_a_while(directory: PrivateDirectory) -> None:
    Marks(directory, NAME, 60).add("first", NOW)
    Marks(directory, NAME, 60).add("second", NOW + 10)
    marks = Marks(directory, NAME, 60)
    assert marks.since("first", NOW + 59) == NOW
    assert marks.since("first", NOW + 60) is None
    assert marks.since("second", NOW + 60) == NOW + 10
    assert marks.since("third", NOW) is None
    before = len(directory.read(NAME) or b"")
    marks.add("third", NOW + 69)
    assert len(directory.read(NAME) or b"") == before, "what is too old is forgotten"


def test_only_digests_are_kept(directory: PrivateDirectory) -> None:
    Marks(directory, NAME, 60).add("first", NOW)
    assert b"first" not in (directory.read(NAME) or b"")


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b"1", b'{"first": "yesterday"}', b"\xff"])
def test_a_memory_that_cannot_be_read_is_none(directory: PrivateDirectory, content: bytes) -> None:
    directory.write(NAME, content)
    marks = Marks(directory, NAME, 60)
    assert marks.since("first", NOW) is None
    marks.add("first", NOW)
    assert marks.since("first", NOW) == NOW


def test_without_a_directory_nothing_is_remembered() -> None:
    marks = Marks(None, NAME, 60)
    marks.add("first", NOW)
    assert marks.since("first", NOW) is None


def test_nobody_forgets_what_others_add(directory: PrivateDirectory) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Marks(directory, NAME, 60).add(str(number), NOW), range(40)))
    marks = Marks(directory, NAME, 60)
    assert all(marks.since(str(number), NOW) == NOW for number in range(40))


def test_those_that_are_remembered_are_found_and_dropped(directory: PrivateDirectory) -> None:
    marks = Marks(directory, NAME, 60)
    texts = iter(["a", "b"])
    assert marks.known(texts, NOW) == []
    assert list(texts) == ["a", "b"], "where nothing is remembered they are not even looked at"
    for text in ("a", "b"):
        marks.add(text, NOW)
    assert marks.known(["c", "b", "a"], NOW + 10) == ["b", "a"]
    for text in ("a", "c"):
        marks.drop(text, NOW + 10)
    assert marks.known(["c", "b", "a"], NOW + 10) == ["b"]
    assert marks.known(["b"], NOW + 60) == []


def refuse(*_arguments: object, **_options: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("room", "name", "trouble", "reason"),
    [
        pytest.param(private_files.fcntl, "flock", refuse, "No locks available", id="no locks"),
        pytest.param(PrivateDirectory, "write", full, "No space left", id="no space"),
    ],
)
def test_what_cannot_be_remembered_is_an_error(
    directory: PrivateDirectory,
    monkeypatch: pytest.MonkeyPatch,
    room: object,
    name: str,
    trouble: Callable[..., None],
    reason: str,
) -> None:
    marks = Marks(directory, NAME, 60)
    marks.add("first", NOW)
    monkeypatch.setattr(room, name, trouble)
    with pytest.raises(StateDirError, match=f"{directory.path}.*state_dir.*{NAME}.*{reason}"):
        marks.add("second", NOW)
    marks.drop("first", NOW)
    assert marks.since("first", NOW) == NOW, "others look once more than they need to"


@pytest.mark.parametrize("harm", ["pipe", "open to others", "link"])
def test_what_somebody_else_may_have_planted_is_an_error(directory: PrivateDirectory, harm: str) -> None:
    file = directory.path / NAME
    if harm == "pipe":
        os.mkfifo(file, 0o600)
    elif harm == "link":
        file.symlink_to("elsewhere")
    else:
        file.touch(mode=0o644)
    marks = Marks(directory, NAME, 60)
    with pytest.raises(StateDirError, match=str(file)):
        marks.since("first", NOW)
    with pytest.raises(StateDirError, match=str(file)):
        marks.known(["first"], NOW)


def test_who_hangs_is_named(directory: PrivateDirectory) -> None:
    marks = Marks(PrivateDirectory(str(directory.path), sleep=lambda _seconds: None), NAME, 60)
    with directory.locked(f"{NAME}.lock"):
        with pytest.raises(
            BusyError, match=f"still locked after 10 s by process {os.getpid()} of .*End that process if it hangs"
        ):
            marks.add("first", NOW)
        marks.drop("first", NOW)


def test_lock_leaves_no_file(directory: PrivateDirectory) -> None:
    Marks(directory, NAME, 60).add("first", NOW)
    assert [path.name for path in directory.path.iterdir()] == [NAME]
