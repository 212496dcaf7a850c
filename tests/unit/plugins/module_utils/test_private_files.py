# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that nobody else may read or plant."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils import _private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._private_files import (
    LOCK_POLL_SECONDS,
    PrivateDirectory,
    UntrustedPathError,
)

FORK = multiprocessing.get_context("fork")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def open_umask() -> object:
    """Let a missing mode show: with this umask everything would be open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def directory(tmp_path: Path, open_umask: object) -> PrivateDirectory:
    return PrivateDirectory(str(tmp_path / "cache"))


# --- the directory ----------------------------------------------------------------------------------------------------


def test_directory_is_made_for_its_owner_only(tmp_path: Path, open_umask: object) -> None:
    made = PrivateDirectory(str(tmp_path / "cache"))
    assert made.path == tmp_path / "cache"
    assert mode_of(made.path) == 0o700


def test_missing_parents_are_made(tmp_path: Path) -> None:
    assert PrivateDirectory(str(tmp_path / "a" / "b" / "c")).path.is_dir()


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert PrivateDirectory("~/.cache/x").path == tmp_path / ".cache" / "x"


def test_home_of_nobody_is_no_place() -> None:
    with pytest.raises(UntrustedPathError, match="home directory"):
        PrivateDirectory("~nobody-of-this-name/cache")


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o701])
def test_own_directory_that_is_open_is_closed(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "cache"
    path.mkdir()
    path.chmod(mode)
    PrivateDirectory(str(path))
    assert mode_of(path) == 0o700


def test_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "cache").symlink_to(tmp_path / "real")
    with pytest.raises(UntrustedPathError, match="not a directory"):
        PrivateDirectory(str(tmp_path / "cache"))
    assert list((tmp_path / "real").iterdir()) == []


def test_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(UntrustedPathError, match="not a directory"):
        PrivateDirectory(str(tmp_path / "cache"))
    with pytest.raises((FileExistsError, NotADirectoryError)):
        PrivateDirectory(str(tmp_path / "cache" / "below"))


def test_foreign_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    monkeypatch.setattr(_private_files.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UntrustedPathError, match=f"belongs to user {os.getuid()}"):
        PrivateDirectory(str(tmp_path / "cache"))


def test_directory_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser may write everywhere, so the answer of the system is played here.
    monkeypatch.setattr(_private_files.os, "access", lambda _path, _mode: False)
    with pytest.raises(PermissionError):
        PrivateDirectory(str(tmp_path / "cache"))


# --- files ------------------------------------------------------------------------------------------------------------


def test_file_is_for_its_owner_only(directory: PrivateDirectory) -> None:
    directory.write("one", b"content")
    assert mode_of(directory.path / "one") == 0o600
    assert directory.read("one") == b"content"


def test_file_is_replaced_in_one_step(directory: PrivateDirectory) -> None:
    directory.write("one", b"old")
    with (directory.path / "one").open("rb") as reader:
        directory.write("one", b"new and longer")
        assert reader.read() == b"old"
    assert directory.read("one") == b"new and longer"
    assert [path.name for path in directory.path.iterdir()] == ["one"]


def test_write_that_fails_leaves_the_old_content_and_no_rest(
    directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.write("one", b"old")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        directory.write("one", b"new")
    assert directory.read("one") == b"old"
    assert [path.name for path in directory.path.iterdir()] == ["one"]


def test_missing_file_is_none(directory: PrivateDirectory) -> None:
    assert directory.read("one") is None
    assert directory.delete("one") is False
    directory.write("one", b"")
    assert directory.delete("one") is True
    assert directory.read("one") is None


def test_link_is_not_read(directory: PrivateDirectory, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"planted")
    (tmp_path / "elsewhere").chmod(0o600)
    (directory.path / "one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UntrustedPathError, match="is a link"):
        directory.read("one")


def test_link_is_not_written_through(directory: PrivateDirectory, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (directory.path / "one").symlink_to(tmp_path / "elsewhere")
    directory.write("one", b"new")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert directory.read("one") == b"new"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660, 0o601])
def test_file_that_is_open_to_others_is_not_trusted(directory: PrivateDirectory, mode: int) -> None:
    directory.write("one", b"content")
    (directory.path / "one").chmod(mode)
    with pytest.raises(UntrustedPathError, match="mode 0600"):
        directory.read("one")
    with pytest.raises(UntrustedPathError, match="mode 0600"), directory.locked("one"):
        pass


def test_foreign_file_is_not_trusted(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.write("one", b"content")
    monkeypatch.setattr(_private_files.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UntrustedPathError):
        directory.read("one")


# --- locks ------------------------------------------------------------------------------------------------------------


def test_lock_file_is_private_and_not_a_link(directory: PrivateDirectory, tmp_path: Path) -> None:
    with directory.locked("lock"):
        assert mode_of(directory.path / "lock") == 0o600
    (directory.path / "planted").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), directory.locked("planted"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_lock_is_given_back(directory: PrivateDirectory) -> None:
    for _round in range(2):
        with directory.locked("lock", seconds=0):
            pass
    with pytest.raises(ZeroDivisionError), directory.locked("lock"):
        raise ZeroDivisionError
    with directory.locked("lock", seconds=0):
        pass


def test_waiting_for_a_lock_ends(directory: PrivateDirectory) -> None:
    naps: list[float] = []
    waiter = PrivateDirectory(str(directory.path), sleep=naps.append)
    with (
        directory.locked("lock"),
        pytest.raises(TimeoutError, match="locked for 1 s"),
        waiter.locked("lock", seconds=1),
    ):
        pass
    assert 1 <= sum(naps) < 1 + 2 * LOCK_POLL_SECONDS


def test_waiting_goes_on_when_the_lock_is_free(directory: PrivateDirectory) -> None:
    holder = directory.locked("lock")
    holder.__enter__()
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            holder.__exit__(None, None, None)

    with PrivateDirectory(str(directory.path), sleep=nap).locked("lock", seconds=10):
        assert len(naps) == 3


def count_up(path: str, times: int) -> None:
    directory = PrivateDirectory(path)
    for _time in range(times):
        with directory.locked("lock"):
            value = int(directory.read("count") or b"0")
            directory.write("count", b"%d" % (value + 1))


def test_processes_lock_each_other_out(directory: PrivateDirectory) -> None:
    workers = [FORK.Process(target=count_up, args=(str(directory.path), 25)) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert directory.read("count") == b"100"


def hold_and_die(path: str) -> None:
    with PrivateDirectory(path).locked("lock"):
        os._exit(9)


def test_lock_of_a_dead_process_is_free(directory: PrivateDirectory) -> None:
    worker = FORK.Process(target=hold_and_die, args=(str(directory.path),))
    worker.start()
    worker.join(30)
    assert worker.exitcode == 9
    with directory.locked("lock", seconds=0):
        pass
