# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that no other user can read or plant."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import multiprocessing
import os
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._state import private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    LOCK_POLL_SECONDS,
    STATE_LOCK_SECONDS,
    HeldError,
    NoLockError,
    PrivateDirectory,
    UntrustedPathError,
    UnusableError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._state.regular_files import read_regular

FORK = multiprocessing.get_context("fork")
#: The text that describes the holder of a lock.
WHO = r"still locked after 1 s by process \d+ of .+ on .+, since 20.+ UTC"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def open_umask() -> object:
    """Make a missing mode visible: with this umask, new files are open to everybody."""
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


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o701, 0o1777])
def test_directory_that_is_open_is_refused_and_stays_as_it_is(tmp_path: Path, mode: int) -> None:
    """The directory may be a home directory, a web root or /tmp."""
    path = tmp_path / "cache"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(UntrustedPathError, match=f"mode {mode:04o}.*chmod 0700 {path}"):
        PrivateDirectory(str(path))
    assert mode_of(path) == mode
    assert list(path.iterdir()) == []


def test_missing_parents_are_made_for_nobody_else(tmp_path: Path, open_umask: object) -> None:
    PrivateDirectory(str(tmp_path / "a" / "b" / "c"))
    assert [mode_of(tmp_path / below) for below in ("a", "a/b", "a/b/c")] == [0o700] * 3


@pytest.mark.parametrize(
    ("mode", "group", "refusal"),
    [
        pytest.param(0o777, "own", "other users can write", id="world"),
        pytest.param(0o1777, "own", None, id="world, sticky"),
        pytest.param(0o775, "users", "other users can write", id="group of others"),
        pytest.param(0o1775, "users", None, id="group of others, sticky"),
        pytest.param(0o775, "root", None, id="group of root"),
        pytest.param(0o775, "own", None, id="group of one's own"),
        pytest.param(0o775, "shared", "other users can write", id="group of one's own with somebody else in it"),
        pytest.param(0o775, "nameless", "other users can write", id="group without a name"),
        pytest.param(0o755, "users", None, id="nobody else"),
    ],
)
@pytest.mark.parametrize("depth", ["parent", "grandparent"])
def test_parents_that_others_may_write_to_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: str, refusal: str | None, depth: str
) -> None:
    numbers = {"root": 0, "own": 1000, "shared": 1000, "users": 100, "nameless": 4242}
    users = {os.geteuid(): SimpleNamespace(pw_name="alice", pw_gid=1000)}
    groups = {
        1000: SimpleNamespace(gr_name="alice", gr_mem=["alice", *(["bob"] * (group == "shared"))]),
        100: SimpleNamespace(gr_name="users", gr_mem=[]),
    }
    monkeypatch.setattr(private_files.pwd, "getpwuid", lambda number: users[number])
    monkeypatch.setattr(private_files.grp, "getgrgid", lambda number: groups[number])
    above = tmp_path / "above"
    path = above / "cache" if depth == "parent" else above / "between" / "cache"
    above.mkdir()
    stat_of = Path.stat

    def seen(path: Path, **options: object) -> object:
        found = stat_of(path, **options)
        if path != above:
            return found
        fields = list(found)
        fields[stat.ST_MODE], fields[stat.ST_GID] = stat.S_IFDIR | mode, numbers[group]
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", seen)
    if refusal is None:
        assert PrivateDirectory(str(path)).path.is_dir()
        return
    with pytest.raises(
        UntrustedPathError, match=f"{refusal} to its parent directory {above}, mode {mode:04o}.*chmod go-w {above}"
    ):
        PrivateDirectory(str(path))
    assert list(above.iterdir()) == [], "nothing is made below it"


@pytest.mark.parametrize(
    ("owner", "group", "own_groups", "is_taken"),
    [
        pytest.param(0, 0, [1000], True, id="root"),
        pytest.param(4242, 4242, [1000], False, id="somebody else"),
        pytest.param(4242, 0, [1000], False, id="somebody else in the group of root"),
        pytest.param(4242, 0, [0], True, id="user of the container"),
        pytest.param(4242, 4242, [0], False, id="somebody else, seen from the group of root"),
        pytest.param(65534, 65534, [1000], True, id="outside of the user namespace"),
    ],
)
@pytest.mark.parametrize("is_link", [False, True])
def test_whose_the_parents_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: int,
    group: int,
    own_groups: list[int],
    is_taken: bool,
    is_link: bool,
) -> None:
    above = tmp_path / "above"
    if is_link:
        (tmp_path / "real").mkdir()
        above.symlink_to("real")
    else:
        above.mkdir()
    lstat_of = Path.lstat

    def seen(path: Path) -> object:
        found = lstat_of(path)
        if path != above:
            return found
        fields = list(found)
        fields[stat.ST_UID], fields[stat.ST_GID] = owner, group
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "lstat", seen)
    monkeypatch.setattr(private_files.os, "getegid", lambda: own_groups[0])
    monkeypatch.setattr(private_files.os, "getgroups", lambda: own_groups)
    if is_taken:
        assert PrivateDirectory(str(above / "cache")).path.is_dir()
        return
    with pytest.raises(UntrustedPathError, match=f"its parent directory {above} belongs to user {owner}"):
        PrivateDirectory(str(above / "cache"))
    assert list((tmp_path / "real" if is_link else above).iterdir()) == []


def test_links_on_the_way_are_followed_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "real").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "second").symlink_to(tmp_path / "open" / ".." / "open" / "real")
    (tmp_path / "first").symlink_to("second")
    with pytest.raises(UntrustedPathError, match=f"other users can write to its parent directory {tmp_path}/open,"):
        PrivateDirectory(str(tmp_path / "first" / "cache"))
    (tmp_path / "open").chmod(0o755)
    assert PrivateDirectory(str(tmp_path / "first" / "cache")).path.is_dir()
    (tmp_path / "ring").symlink_to("ring")
    with pytest.raises(OSError, match="symbolic links"):
        PrivateDirectory(str(tmp_path / "ring" / "cache"))


def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UntrustedPathError, match="is not a path"):
        PrivateDirectory(f"{tmp_path}/a\0b")


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
    monkeypatch.setattr(private_files.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UntrustedPathError, match=f"belongs to user {os.getuid()}"):
        PrivateDirectory(str(tmp_path / "cache"))


def test_directory_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser can write everywhere, so the answer of the system is simulated.
    monkeypatch.setattr(private_files.os, "access", lambda _path, _mode: False)
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
    with pytest.raises(UntrustedPathError, match="is a symbolic link"):
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
    monkeypatch.setattr(private_files.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UntrustedPathError):
        directory.read("one")


@pytest.fixture
def alarm() -> Iterator[None]:
    """Interrupt a call that would block for ever."""

    def ring(_number: int, _frame: object) -> None:
        raise AssertionError("it waits for somebody")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def plant(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path, 0o600)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.mkdir(mode=0o700)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("pipe", "[Nn]ot a regular file"), ("socket", "No such device"), ("directory", "Is a directory")],
)
def test_nobody_waits_for_what_is_no_file(kind: str, words: str, alarm: None) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # the path of a socket is short
        directory = PrivateDirectory(f"{folder}/cache")
        plant(directory.path / "one", kind)
        with pytest.raises((UntrustedPathError, OSError), match=words):
            directory.read("one")
        with pytest.raises(UnusableError, match=words), directory.locked("one"):
            pass
        with pytest.raises(OSError, match=words):
            read_regular(directory.path / "one")


def test_nobody_reads_a_device(alarm: None) -> None:
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular("/dev/zero")


# --- locks ------------------------------------------------------------------------------------------------------------


def test_lock_file_is_private_and_not_a_link(directory: PrivateDirectory, tmp_path: Path) -> None:
    with directory.locked("lock"):
        assert mode_of(directory.path / "lock") == 0o600
    (directory.path / "planted").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UntrustedPathError, match="is a symbolic link"), directory.locked("planted"):
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
    with directory.locked("lock"), pytest.raises(HeldError, match=WHO) as held, waiter.locked("lock", seconds=1):
        pass
    assert f"process {os.getpid()} of " in held.value.holder
    assert not isinstance(held.value, OSError), "whoever takes the disk for full would go on without the lock"
    assert 1 <= sum(naps) < 1 + 2 * LOCK_POLL_SECONDS


@pytest.mark.parametrize("name", ["lock", "another"])
def test_every_wait_has_a_limit(directory: PrivateDirectory, name: str) -> None:
    naps: list[float] = []
    with directory.locked(name), pytest.raises(HeldError):
        PrivateDirectory(str(directory.path), sleep=naps.append).locked(name).__enter__()
    assert sum(naps) == pytest.approx(STATE_LOCK_SECONDS, abs=2 * LOCK_POLL_SECONDS)


def test_whoever_does_not_wait_tries_once(directory: PrivateDirectory) -> None:
    naps: list[float] = []
    waiter = PrivateDirectory(str(directory.path), sleep=naps.append)
    with directory.locked("lock"), pytest.raises(HeldError), waiter.locked("lock", seconds=0):
        pass
    assert naps == []
    with waiter.locked("lock", seconds=0):
        pass


def test_lock_of_who_says_nothing_has_no_name(directory: PrivateDirectory) -> None:
    (directory.path / "lock").touch(mode=0o600)
    waiter = PrivateDirectory(str(directory.path), sleep=lambda _seconds: None)
    with (directory.path / "lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(HeldError, match="by an unknown process"), waiter.locked("lock", seconds=0):
            pass


def test_names_that_are_not_utf8_are_no_reason_not_to_lock(
    directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_ID", "\udcff")
    monkeypatch.setenv("LOGNAME", "a\udcff")
    with directory.locked("lock"), pytest.raises(HeldError, match=r"process [0-9]+ of a\?"):
        directory.locked("lock", seconds=0).__enter__()


def test_a_file_that_stays_tells_the_process(directory: PrivateDirectory) -> None:
    with directory.locked("budget", pid_at=4) as descriptor:
        os.pwrite(descriptor, b"head", 0)
        with (
            pytest.raises(HeldError, match=f"by process {os.getpid()}$"),
            directory.locked("budget", seconds=0, pid_at=4),
        ):
            pass
    assert (directory.path / "budget").read_bytes()[:4] == b"head"


def test_files_of_locks_do_not_pile_up(directory: PrivateDirectory) -> None:
    for number in range(3):
        with directory.locked(f"lock-{number}"), contextlib.suppress(HeldError), directory.locked("other"):
            pass
    assert list(directory.path.iterdir()) == []


def test_lock_of_a_file_that_is_gone_is_none(directory: PrivateDirectory) -> None:
    """The waiting process has the old file open; the next process creates a new one."""
    holder, naps = directory.locked("lock"), []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            holder.__exit__(None, None, None)
            newcomer.__enter__()

    holder.__enter__()
    newcomer = directory.locked("lock")
    with pytest.raises(HeldError), PrivateDirectory(str(directory.path), sleep=nap).locked("lock", seconds=0.05):
        pass
    newcomer.__exit__(None, None, None)


def test_nobody_removes_the_lock_of_somebody_else(directory: PrivateDirectory) -> None:
    first = directory.locked("lock")
    first.__enter__()
    (directory.path / "lock").unlink()
    with directory.locked("lock"):
        first.__exit__(None, None, None)
        with pytest.raises(HeldError), directory.locked("lock", seconds=0):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO, errno.EACCES])
def test_place_that_cannot_lock(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    assert directory.lock_flaw() == ""
    monkeypatch.setattr(private_files.fcntl, "flock", refuse)
    with pytest.raises(NoLockError, match=os.strerror(number)), directory.locked("lock"):
        pass
    assert os.strerror(number) in directory.lock_flaw()


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.ENOENT])
def test_place_where_no_lock_can_be_made(
    directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(private_files, "open_regular", refuse)
    with pytest.raises(NoLockError, match=os.strerror(number)), directory.locked("lock"):
        pass
    assert os.strerror(number) in directory.lock_flaw()


def test_lock_is_held_on_a_full_disk(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(private_files.os, "pwrite", full)
    waiter = PrivateDirectory(str(directory.path), sleep=lambda _seconds: None)
    with directory.locked("lock"), pytest.raises(HeldError), waiter.locked("lock", seconds=1):
        pass


def test_a_probe_that_others_make_is_no_flaw(directory: PrivateDirectory) -> None:
    with directory.locked("probe"):
        assert directory.lock_flaw() == ""


def test_trouble_of_whoever_holds_it_is_their_own(directory: PrivateDirectory) -> None:
    with pytest.raises(TimeoutError), directory.locked("lock"):
        raise TimeoutError


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


def hold_and_stop(path: str) -> None:
    with PrivateDirectory(path).locked("lock"):
        os.kill(os.getpid(), signal.SIGSTOP)


def test_who_is_stopped_is_named(directory: PrivateDirectory) -> None:
    worker = FORK.Process(target=hold_and_stop, args=(str(directory.path),))
    worker.start()
    os.waitpid(worker.pid or 0, os.WUNTRACED)
    try:
        waiter = PrivateDirectory(str(directory.path), sleep=lambda _seconds: None)
        with pytest.raises(HeldError, match=f"process {worker.pid} of "), waiter.locked("lock"):
            pass
    finally:
        worker.kill()
        worker.join(30)
    with directory.locked("lock", seconds=0):
        pass


def take_turns(path: str, times: int) -> None:
    directory = PrivateDirectory(path)
    for _time in range(times):
        with directory.locked("turn", seconds=60):
            # Another process that holds the lock at the same time would find it.
            descriptor = os.open(directory.path / "inside", os.O_CREAT | os.O_EXCL, 0o600)
            os.close(descriptor)
            (directory.path / "inside").unlink()


def test_nobody_slips_in_while_files_of_locks_come_and_go(directory: PrivateDirectory) -> None:
    workers = [FORK.Process(target=take_turns, args=(str(directory.path), 100)) for _worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert list(directory.path.iterdir()) == []
