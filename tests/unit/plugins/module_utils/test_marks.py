# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._marks import Marks
from ansible_collections.tallyfy.platform.plugins.module_utils._private_files import PrivateDirectory

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
