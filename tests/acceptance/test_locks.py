# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real processes that write the same: nobody is lost, or the run says so and fails."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.opening import open_client
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError, LostAnswerError, TallyfyError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.budget import RequestBudget
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import ensure_group
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._state import private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import HeldError, PrivateDirectory
from sandbox.testing import Sandbox
from tests.acceptance.controllers import at_launch
from tests.acceptance.running import Modules
from tests.people import TOUR_ID

pytestmark = pytest.mark.any_core

FORK = multiprocessing.get_context("fork")
GROUP = "People"
EVERYBODY = ("alice.smith@example.com", "bob@example.com", "john.smith@example.com", "mary.major@example.com")
BOB = EVERYBODY[1]
#: How Python's own lists of them are called where the file system has no locks.
NO_LOCKS = os.strerror(errno.ENOLCK)


def connection_to(sandbox: Sandbox, state_dir: str, **options: Any) -> Connection:
    given = {"rate_limit": 0, "state_dir": state_dir, **options}
    return Connection(
        sandbox.api_url,
        sandbox.token_url,
        sandbox.org_id,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        **given,
    )


def add(client: Client, email: str) -> bool:
    params = {"name": GROUP, "members": {"add": [email]}}
    return bool(ensure_group(client, params, warn=lambda _text: None)["changed"])


def member_ids_in(sandbox: Sandbox) -> set[int]:
    group = sandbox.group(GROUP)
    return {int(number) for number in group["members"]}


def refuse_locks(_descriptor: int, _how: int) -> None:
    raise OSError(errno.ENOLCK, NO_LOCKS)


def join_in(connection: Connection, email: str, start: Any, reported: Any, *, has_locks: bool) -> None:
    if not has_locks:
        fcntl.flock = refuse_locks
    start.wait(30)
    try:
        client = open_client(connection, SecretKeeper(), lambda _text: None)
        reported.put((email, add(client, email), ""))
    except TallyfyError as error:
        reported.put((email, False, error.message))


def all_at_once(sandbox: Sandbox, connection: Connection, *, has_locks: bool = True) -> dict[str, str]:
    """Let four processes add one person each to one group; return why those failed who did."""
    sandbox.patch_group(GROUP, members=[])
    sandbox.insert_members({"email": EVERYBODY[-1]})
    # Whoever reads the group is kept for a moment, so that all would read the same.
    sandbox.fault(method="GET", route="groups.get", times=None, delay_ms=200)
    start, reported = FORK.Event(), FORK.SimpleQueue()
    processes = [
        FORK.Process(target=join_in, args=(connection, email, start, reported), kwargs={"has_locks": has_locks})
        for email in EVERYBODY
    ]
    for process in processes:
        process.start()
    start.set()
    ended = [reported.get() for _process in processes]
    for process in processes:
        process.join(60)
    there = member_ids_in(sandbox)
    for email, is_changed, message in ended:
        assert is_changed == (not message), email
        assert (sandbox.member(email)["id"] in there) == is_changed, f"{email}: {message or 'changed'}"
    return {email: message for email, _changed, message in ended if message}


@pytest.mark.parametrize("max_wait", [0, 1, 60])
def test_nobody_is_lost(sandbox: Sandbox, tmp_path: Path, max_wait: int) -> None:
    connection = connection_to(sandbox, str(tmp_path / "state"), max_wait=max_wait)
    failures = all_at_once(sandbox, connection)
    assert len(failures) < len(EVERYBODY), "one of them has the lock"
    assert max_wait < 60 or not failures
    for message in failures.values():
        assert f"max_wait ({max_wait} s): process " in message
        assert "Nothing was written. Wait until that run has ended, or allow a longer max_wait." in message
    assert not list((tmp_path / "state").glob("lock-*"))


def test_nobody_writes_where_nothing_can_be_locked(sandbox: Sandbox, tmp_path: Path) -> None:
    state_dir = str(tmp_path / "state")
    failures = all_at_once(sandbox, connection_to(sandbox, state_dir), has_locks=False)
    assert set(failures) == set(EVERYBODY)
    for message in failures.values():
        assert state_dir in message
        assert NO_LOCKS in message
        assert "Set state_dir to a directory of your own where files can be locked." in message
    assert sandbox.writes() == []


# --- somebody who is stopped ------------------------------------------------------------------------------------------


@contextmanager
def stopped(hold: Callable[[Callable[[], None]], Any]) -> Iterator[int]:
    """Let another process call ``hold`` with what stops it; yield its number as soon as it has stopped."""
    child = os.fork()
    if child == 0:
        hold(lambda: os.kill(os.getpid(), signal.SIGSTOP))
        os._exit(0)
    try:
        _child, status = os.waitpid(child, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class Held:
    """Ways to stop in the middle of something, each with what somebody else then does in vain."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def client(self, **options: Any) -> Client:
        """Return a client whose waits take no time."""
        connection = connection_to(self._sandbox, str(self._folder), **{"max_wait": 3, **options})
        directory = PrivateDirectory(str(self._folder), sleep=self.sleep)
        clock = time.time
        return Client(connection, directory=directory, sleep=self.sleep, now=clock, clock=clock)

    def whole_list(self, stop: Callable[[], None]) -> None:
        client = self.client()
        group_id = next(row["id"] for row in client.records(client.path("groups")) if row["name"] == GROUP)
        with client.alone(client.path("groups", group_id)):
            stop()

    def launches(self, stop: Callable[[], None]) -> None:
        with self.client().alone("the launches"):
            stop()

    def launch(self) -> None:
        with self.client().alone("the launches"):
            pytest.fail("two at once")

    def budget(self, stop: Callable[[], None]) -> None:
        self.client()._transport._budget._update(lambda _schedule: stop())

    def read(self) -> None:
        self.client(cache_tokens=False).get()

    def sign_in(self, stop: Callable[[], None]) -> None:
        application = self.client().application
        assert application is not None
        with application._store.locked(application._scope, 1):
            stop()

    def marks(self, stop: Callable[[], None]) -> None:
        with PrivateDirectory(str(self._folder)).locked("late-launches.lock"):
            stop()

    def mark(self) -> None:
        self.client().late_launches.add("one", time.time())


@pytest.fixture
def held(sandbox: Sandbox, tmp_path: Path) -> Held:
    return Held(sandbox, tmp_path / "state")


def fails_for(act: Callable[[], Any], holder: int) -> BusyError:
    began = time.monotonic()
    with pytest.raises(BusyError, match=rf"process {holder}\b") as refused:
        act()
    assert time.monotonic() - began < 10
    return refused.value


def test_who_is_stopped_in_the_middle_of_a_list_is_named(sandbox: Sandbox, held: Held) -> None:
    sandbox.patch_group(GROUP, members=[])
    with stopped(held.whole_list) as holder:
        error = fails_for(lambda: add(held.client(), BOB), holder)
    assert 3 <= held.slept < 4
    assert "/groups/" in error.message
    assert sandbox.writes() == []
    add(held.client(), BOB)
    assert sandbox.member(BOB)["id"] in member_ids_in(sandbox)


def test_who_is_stopped_in_the_middle_of_a_run_is_named(held: Held) -> None:
    with stopped(held.launches) as holder:
        assert "the launches" in fails_for(held.launch, holder).message
    assert 3 <= held.slept < 4


def test_who_is_stopped_with_the_budget_is_named(sandbox: Sandbox, held: Held) -> None:
    with stopped(held.budget) as holder:
        assert "request budget" in fails_for(held.read, holder).message
    assert 10 <= held.slept < 11
    assert sandbox.ledger() == []
    held.read()


def test_who_is_stopped_at_the_sign_in_is_named(sandbox: Sandbox, held: Held) -> None:
    with stopped(held.sign_in) as holder:
        assert "lock of the sign-in" in fails_for(lambda: held.client().get(), holder).message
    assert sandbox.sign_ins() == []


def test_who_is_stopped_with_the_marks_is_named(held: Held) -> None:
    with stopped(held.marks) as holder:
        assert "late-launches.lock" in fails_for(held.mark, holder).message
    assert 10 <= held.slept < 11


def test_a_launch_whose_answer_is_lost_stays_in_doubt(
    sandbox: Sandbox, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody hangs with the budget right when it is to be read back."""
    params = {"template": TOUR_ID, "reference": "E-1", "name": "Bob's tour", "kickoff": {}}
    sandbox.fault(method="POST", path="*/runs", cut="after")

    def hang(*_arguments: Any) -> None:
        raise HeldError(Path("budget"), 10, "process 42")

    client = held.client()
    with (
        monkeypatch.context() as patch,
        at_launch("after", lambda: patch.setattr(RequestBudget, "take", hang)),
        pytest.raises(LostAnswerError, match=r"process 42.*It is unknown whether the process was launched"),
    ):
        ensure_process(client, params, warn=lambda _text: None)
    assert client.has_written
    done = ensure_process(held.client(), params, warn=lambda _text: None)
    assert done["changed"] is False
    assert len([run for run in sandbox.runs() if run["name"].startswith("Bob's tour")]) == 1


def test_nothing_is_launched_that_cannot_be_remembered(sandbox: Sandbox, modules: Modules) -> None:
    """Nobody could tell whether an earlier run has launched it."""
    before = len(sandbox.runs())
    Path(modules.options["state_dir"]).mkdir(mode=0o700)
    os.mkfifo(Path(modules.options["state_dir"]) / "doubtful-launches", 0o600)
    failure = modules.fail("tallyfy_process", template=TOUR_ID, reference="E-1", name="Bob's tour")
    assert "doubtful-launches is not a regular file" in failure["msg"]
    assert failure["changed"] is False
    assert len(sandbox.runs()) == before


# --- a place that cannot be used --------------------------------------------------------------------------------------

WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "group": ("tallyfy_group", {"name": GROUP, "members": {"add": [BOB]}}),
    "new group": ("tallyfy_group", {"name": "Newcomers", "members": {"add": [BOB]}}),
    "guest": ("tallyfy_guest", {"email": "nora@example.net", "associated_members": {"add": [BOB]}}),
    "member": ("tallyfy_user", {"email": BOB, "job_title": "Head of Tours"}),
    "new member": ("tallyfy_user",
                   {"email": "new@example.com", "first_name": "New",
                    "last_name": "Comer", "role": "light", "groups": {"add": [GROUP]}}),
    "process": ("tallyfy_process", {"template": TOUR_ID, "reference": "E-1", "name": "Bob's tour"}),
    "roster": ("tallyfy_roster", {"people": [{"email": BOB, "job_title": "Head of Tours"}]}),
    "onboarding": ("tallyfy_onboarding", {"people": [{"email": BOB, "job_title": "Head of Tours"}]}),
    "offboarding": ("tallyfy_offboarding", {"people": [{"email": BOB}]}),
    "body": ("tallyfy_api",
             {"method": "PUT", "path": "/organizations/{org_id}/groups/GROUP_ID",
              "body": {"name": GROUP, "description": "Everybody"}, "only_if_different": True}),
}  # fmt: skip


def write_of(sandbox: Sandbox, kind: str) -> tuple[str, dict[str, Any]]:
    """Return a module and the arguments with which it has something to write."""
    group = sandbox.patch_group(GROUP, members=[sandbox.member(EVERYBODY[0])["id"]])
    module, arguments = WRITES[kind]
    if "path" in arguments:
        arguments = {**arguments, "path": arguments["path"].replace("GROUP_ID", str(group["id"]))}
    return module, arguments


@pytest.fixture(params=["no directory", "no locks", "open to others"])
def unusable(request: pytest.FixtureRequest, modules: Modules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Make ``state_dir`` unusable in one of several ways and return the reason."""
    if request.param == "no directory":
        modules.use(state_dir="/dev/null/state")
        return "Not a directory"
    if request.param == "no locks":
        monkeypatch.setattr(private_files.fcntl, "flock", refuse_locks)
        return NO_LOCKS
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    modules.use(state_dir=str(tmp_path / "open"))
    return f"other users can open {tmp_path}/open, mode 0755"


@pytest.mark.parametrize("kind", WRITES)
def test_who_needs_a_lock_is_refused_before_the_first_write(
    sandbox: Sandbox, modules: Modules, unusable: str, kind: str
) -> None:
    module, arguments = write_of(sandbox, kind)
    failure = modules.fail(module, **arguments)
    assert unusable in failure["msg"]
    assert failure["msg"].count("state_dir") == 2
    assert "Set state_dir to a directory of your own where files can be locked." in failure["msg"]
    assert failure["changed"] is False
    assert sandbox.writes() == []
    assert not any("state_dir" in str(text) for text in failure.get("warnings", [])), "it is told once"


def test_who_reads_goes_on_with_a_warning(sandbox: Sandbox, modules: Modules, unusable: str) -> None:
    for module, arguments in (
        ("tallyfy_organization_info", {}),
        ("tallyfy_user_info", {}),
        ("tallyfy_group", {"name": GROUP, "members": {"add": []}}),
    ):
        (warning,) = modules.succeed(module, **arguments)["warnings"]
        assert unusable in str(warning)
        assert "writes that need a lock are refused" in str(warning)
    for kind in WRITES:
        module, arguments = write_of(sandbox, kind)
        dry = modules.succeed(module, check_mode=True, **arguments)
        assert any(unusable in str(text) for text in dry["warnings"])
    assert sandbox.writes() == []


def test_a_directory_is_never_changed(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    (home / "index.html").write_text("hello")
    modules.use(state_dir=str(home))
    (warning,) = modules.succeed("tallyfy_organization_info")["warnings"]
    assert f"run chmod 0700 {home} if nothing else uses it" in str(warning)
    assert home.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in home.iterdir()] == ["index.html"]


@pytest.mark.parametrize("name", ["budget", "token", "used-answers", "late-launches"])
def test_nobody_waits_for_a_pipe(sandbox: Sandbox, modules: Modules, name: str) -> None:
    state_dir = Path(modules.options["state_dir"])
    modules.succeed("tallyfy_organization_info")
    scope = f"{sandbox.api_url}\n{sandbox.org_id}".encode()
    names = {"budget": f"budget-{hashlib.sha256(scope).hexdigest()[:24]}"}
    names["token"] = next(path.name for path in state_dir.glob("token-*"))
    file = state_dir / names.get(name, name)
    file.unlink(missing_ok=True)
    os.mkfifo(file, 0o600)
    assert modules.succeed("tallyfy_organization_info")["organization"]["id"] == sandbox.org_id
