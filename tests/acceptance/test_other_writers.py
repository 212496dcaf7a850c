# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else writes the same record while a write fails, waits or is carried out late. Nobody's change is lost."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import ReadTimeoutError

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    BusyError,
    LostAnswerError,
    RateLimitError,
    ServerError,
    TallyfyError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._people.group_run import ensure_group
from ansible_collections.tallyfy.platform.plugins.module_utils._people.guest_run import ensure_guest
from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import find_member
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.single import ensure_process
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.handover import (
    Leaver,
    ProcessHandover,
    plan_processes,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.one_member import ensure_member
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox
from tests.people import ALICE, BOB, DANA, JOHN, NORA, PARTNER, TOUR_ID

pytestmark = pytest.mark.any_core

RUN = "Of Bob"
LATE_SECONDS = 120


class Play:
    """A client whose waits take no time; ``meanwhile`` is called when it waits, until it returns true."""

    def __init__(self, sandbox: Sandbox, folder: Path, **options: Any) -> None:
        self.sandbox = sandbox
        self.passed = 0.0
        self.meanwhile: Callable[[], bool] = lambda: True
        self._folder = folder
        self._options = options

    def sleep(self, seconds: float) -> None:
        self.passed += max(0.0, seconds)
        if self.meanwhile():
            self.meanwhile = lambda: True

    def now(self) -> float:
        return time.time() + self.passed

    def client(self, **options: Any) -> Client:
        """Return the client of another task."""
        connection = Connection(
            self.sandbox.api_url,
            self.sandbox.token_url,
            self.sandbox.org_id,
            client_id=self.sandbox.client_id,
            client_secret=self.sandbox.client_secret,
            **{"rate_limit": 0, **self._options, **options},
        )
        directory = PrivateDirectory(str(self._folder), sleep=self.sleep)
        return Client(connection, directory=directory, sleep=self.sleep, now=self.now, clock=self.now)


def unheard(_text: str) -> None:
    """Warnings are in the notes, too."""


# --- what is wanted, and what somebody else wants ---------------------------------------------------------------------


def member(client: Client, **params: Any) -> bool:
    return bool(ensure_member(Task(client, {"min_admins": 2, **params}, unheard, unheard))["changed"])


def change_group(client: Client) -> bool:
    params = {"name": "People", "members": {"add": [BOB]}}
    return bool(ensure_group(client, params, warn=unheard)["changed"])


def other_in_group(sandbox: Sandbox) -> None:
    group = sandbox.group("People")
    sandbox.patch_group("People", members=[*group["members"], sandbox.member(JOHN)["id"]])


def group_has_both(sandbox: Sandbox) -> bool:
    group = sandbox.group("People")
    desired = {sandbox.member(BOB)["id"], sandbox.member(JOHN)["id"]}
    return group is not None and desired <= set(map(int, group["members"]))


def change_guest(client: Client) -> bool:
    params = {"email": PARTNER, "associated_members": {"add": [BOB]}}
    return bool(ensure_guest(client, params, warn=unheard)["changed"])


def guest(sandbox: Sandbox, email: str = PARTNER) -> dict[str, Any]:
    return next(dict(one) for one in sandbox.state(sandbox.org_id)["guests"] if one["email"] == email)


def other_at_guest(sandbox: Sandbox) -> None:
    there = guest(sandbox)["associated_members"] or []
    sandbox.patch_guest(PARTNER, associated_members=[*there, sandbox.member(DANA)["id"]])


def guest_has_both(sandbox: Sandbox) -> bool:
    return {sandbox.member(BOB)["id"], sandbox.member(DANA)["id"]} <= set(guest(sandbox)["associated_members"])


def hand_over(client: Client) -> bool:
    leaver, successor = find_member(client, BOB), find_member(client, JOHN)
    assert leaver is not None
    assert successor is not None
    runs = client.records(client.path("runs"), query={"q": RUN})
    planned = plan_processes([Leaver(leaver, successor)], runs)
    if not planned:
        return False
    (handover,) = planned
    run = ProcessHandover(client, handover.record, Leaver(leaver, successor), handover.plan)
    run.complete(run.carry_out)
    run.raise_failure()
    return run.changed


def rename(client: Client) -> bool:
    params = {"template": TOUR_ID, "reference": "E-1", "name": "Bob's tour", "kickoff": {}}
    return bool(ensure_process(client, params, warn=unheard)["changed"])


def process(sandbox: Sandbox) -> dict[str, Any]:
    return next(run for run in sandbox.runs() if run["name"].startswith((RUN, "Bob's tour")))


def other_at_process(sandbox: Sandbox) -> None:
    run = process(sandbox)
    sandbox.patch_run(run["id"], users=[*run["users"], sandbox.member(DANA)["id"]])


def process_is_johns(sandbox: Sandbox) -> bool:
    run = process(sandbox)
    return run["owner_id"] == sandbox.member(JOHN)["id"] and sandbox.member(DANA)["id"] in run["users"]


def process_is_renamed(sandbox: Sandbox) -> bool:
    run = process(sandbox)
    return run["name"] == "Bob's tour (E-1)" and sandbox.member(DANA)["id"] in run["users"]


def promote(client: Client) -> bool:
    return member(client, email=BOB, job_title="Head of Tours")


def other_at_member(sandbox: Sandbox) -> None:
    sandbox.patch_member(BOB, phone="+49 30 1", team="Tours")


def member_has_both(sandbox: Sandbox) -> bool:
    record = sandbox.member(BOB) or {}
    return [record.get(name) for name in ("job_title", "phone", "team")] == ["Head of Tours", "+49 30 1", "Tours"]


@dataclass(frozen=True)
class Case:
    """One record that two write: ``act`` and ``other`` change different things of it, and ``is_whole`` wants both."""

    noun: str
    act: Callable[[Client], bool]
    other: Callable[[Sandbox], None]
    is_whole: Callable[[Sandbox], bool]


CASES = {
    "group": Case("groups", change_group, other_in_group, group_has_both),
    "guest": Case("guests", change_guest, other_at_guest, guest_has_both),
    "owner of a process": Case("processes", hand_over, other_at_process, process_is_johns),
    "name of a process": Case("processes", rename, other_at_process, process_is_renamed),
    "member": Case("members", promote, other_at_member, member_has_both),
}
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "headers": {"Retry-After": "30"}},
    "429 twice": {"status": 429, "headers": {"Retry-After": "30"}, "times": 2},
    "500": {"status": 500},
    "502 after the change": {"status": 502, "apply": True},
    "503": {"status": 503, "headers": {"Retry-After": "30"}},
    "503 for a while": {"status": 503, "times": 3},
    "reset before the change": {"cut": "before"},
    "reset after the change": {"cut": "after"},
    "half of the body": {"half_body": True},
    "no JSON": {"status": 200, "body": "<html>", "content_type": "text/html", "apply": True},
}


def set_the_scene(sandbox: Sandbox) -> None:
    alice = sandbox.member(ALICE)["id"]
    # One of this very second would be looked at again in the next.
    since = {"created_at": "2026-01-01T00:00:00.000Z"}
    sandbox.insert_runs(
        {"checklist_id": TOUR_ID, "name": f"{RUN} (E-1)", "owner_id": sandbox.member(BOB)["id"], **since}
    )
    sandbox.patch_group("People", members=[alice])
    sandbox.patch_guest(PARTNER, associated_members=[alice])


@pytest.fixture
def play(sandbox: Sandbox, tmp_path: Path) -> Play:
    set_the_scene(sandbox)
    return Play(sandbox, tmp_path / "cache")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.mark.parametrize("fault", FAULTS)
def test_change_of_somebody_else_survives_a_failure(play: Play, case: Case, fault: str) -> None:
    sandbox = play.sandbox
    sandbox.fault(route=f"{case.noun}.update", **FAULTS[fault])

    def meanwhile() -> bool:
        case.other(sandbox)
        return True

    play.meanwhile = meanwhile
    assert case.act(play.client())
    assert case.is_whole(sandbox)
    assert not case.act(play.client()), "a second run finds nothing to do"


def test_change_of_somebody_else_survives_an_unbroken_run(play: Play, case: Case) -> None:
    """It came after the plan was made, and right before the record was read."""
    send = requests.adapters.HTTPAdapter.send
    reads = [0]

    def watched(adapter: Any, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> Any:
        if request.method == "GET" and is_record_of(case, str(request.url)):
            reads[0] += 1
            if reads[0] == 1:
                case.other(play.sandbox)
        return send(adapter, request, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", watched)
        assert case.act(play.client())
    assert reads == [1]
    assert case.is_whole(play.sandbox)


def test_nothing_waits_for_the_pace_between_the_reading_and_the_writing(
    sandbox: Sandbox, tmp_path: Path, case: Case
) -> None:
    got_in_between = []
    for earlier in range(4):
        sandbox.reset()
        set_the_scene(sandbox)
        play = Play(sandbox, tmp_path / str(earlier), rate_limit=3)

        def meanwhile() -> bool:
            ledger = sandbox.ledger()
            if ledger and ledger[-1]["route"] == f"{case.noun}.get":
                got_in_between.append(ledger[-1])
            return False

        play.meanwhile = meanwhile
        client = play.client()
        # Whatever the number of requests before it is, the reading may be the last one of a minute.
        for _request in range(earlier):
            client.get()
        assert case.act(client)
        assert play.passed > 0
    assert got_in_between == []


# --- carried out late -------------------------------------------------------------------------------------------------


def is_record_of(case: Case, url: str) -> bool:
    noun = {"processes": "runs", "members": "users"}.get(case.noun, case.noun)
    return f"/{noun}/" in url


class Late:
    """The first PUT or DELETE of a run, which nobody answers in time; ``deliver`` lets it be carried out after all."""

    def __init__(self, answer: int | None) -> None:
        self.answer = answer
        self.held: list[Callable[[], requests.Response]] = []
        self.writes = 0

    @contextlib.contextmanager
    def holding(self) -> Iterator[Late]:
        send = requests.adapters.HTTPAdapter.send

        def watched(adapter: Any, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> Any:
            is_write = request.method in {"PUT", "DELETE"}
            self.writes += is_write
            if not is_write or self.writes > 1:
                return send(adapter, request, *arguments, **options)
            late = request.copy()
            self.held.append(lambda: send(adapter, late, *arguments, **options))
            if self.answer is None:
                raise requests.exceptions.ReadTimeout(ReadTimeoutError(None, str(request.url), "Read timed out."))  # type: ignore[arg-type]
            response = requests.Response()
            response.status_code, response.request, response.url = self.answer, request, str(request.url)
            response.raw = HTTPResponse(io.BytesIO(b"<html>Gateway Time-out</html>"), preload_content=False)
            return response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.adapters.HTTPAdapter, "send", watched)
            yield self

    def deliver(self) -> None:
        while self.held:
            assert self.held.pop()().status_code in (200, 201)


NOT_ANSWERED = pytest.mark.parametrize("answer", [None, 504], ids=["time-out", "504"])


@NOT_ANSWERED
def test_what_is_carried_out_late_is_waited_for(play: Play, case: Case, answer: int | None) -> None:
    case.other(play.sandbox)
    with Late(answer).holding() as late:

        def meanwhile() -> bool:
            if play.passed < 40:
                return False
            late.deliver()
            return True

        play.meanwhile = meanwhile
        assert case.act(play.client()), "it counts as written"
    assert late.writes == 1
    assert 40 <= play.passed < LATE_SECONDS
    assert case.is_whole(play.sandbox)
    # It is settled, so nobody waits for it.
    passed = play.passed
    case.act(play.client())
    assert play.passed == passed


@NOT_ANSWERED
def test_what_is_never_carried_out_is_sent_again(play: Play, case: Case, answer: int | None) -> None:
    with Late(answer).holding() as late:

        def meanwhile() -> bool:
            case.other(play.sandbox)
            return True

        play.meanwhile = meanwhile
        assert case.act(play.client())
    assert late.writes == 2
    assert play.passed == pytest.approx(LATE_SECONDS, abs=1)
    assert case.is_whole(play.sandbox)


def enable_dana(client: Client) -> bool:
    return member(client, email=DANA, state="present")


def disable_dana(client: Client) -> bool:
    return member(client, email=DANA, state="disabled")


def bob_is(state: str) -> Callable[[Client], bool]:
    return lambda client: member(client, email=BOB, state=state)


def guest_is(email: str, state: str) -> Callable[[Client], bool]:
    params = {"email": email, "state": state}
    return lambda client: bool(ensure_guest(client, params, warn=unheard)["changed"])


def bob_becomes(role: str) -> Callable[[Client], bool]:
    return lambda client: member(client, email=BOB, role=role)


def title_of_bob(title: str) -> Callable[[Client], bool]:
    return lambda client: member(client, email=BOB, job_title=title)


def people_are(*emails: str) -> Callable[[Client], bool]:
    params = {"name": "People", "members": {"set": list(emails)}}
    return lambda client: bool(ensure_group(client, params, warn=unheard)["changed"])


def guest_of(*emails: str) -> Callable[[Client], bool]:
    params = {"email": PARTNER, "associated_members": {"set": list(emails)}}
    return lambda client: bool(ensure_guest(client, params, warn=unheard)["changed"])


def tour(state: str) -> Callable[[Client], bool]:
    params = {"template": TOUR_ID, "reference": "E-1", "state": state, "kickoff": {}}
    return lambda client: bool(ensure_process(client, params, warn=unheard)["changed"])


def role_of_bob(sandbox: Sandbox) -> Any:
    return sandbox.member(BOB)["role"]


#: A task, another that wants the opposite, what to look at, and what the second leaves behind.
OPPOSITES: dict[str, tuple[Callable[[Client], bool], Callable[[Client], bool], Callable[[Sandbox], Any], Any]] = {
    "role": (bob_becomes("admin"), bob_becomes("light"), role_of_bob, "light"),
    "profile": (title_of_bob("First"), title_of_bob("Second"),
                lambda one: (one.member(BOB) or {})["job_title"], "Second"),
    "access": (enable_dana, disable_dana, lambda one: (one.member(DANA) or {})["status"], "disabled"),
    "no access": (bob_is("disabled"), bob_is("present"), lambda one: (one.member(BOB) or {})["status"], "active"),
    "guest's access": (guest_is(NORA, "present"), guest_is(NORA, "disabled"),
                       lambda one: guest(one, NORA)["disabled_at"] is None, False),
    "guest's no access": (guest_is(PARTNER, "disabled"), guest_is(PARTNER, "present"),
                          lambda one: guest(one)["disabled_at"] is None, True),
    "group": (people_are(BOB), people_are(JOHN),
              lambda one: list(map(int, one.group("People")["members"])) == [one.member(JOHN)["id"]], True),
    "guest": (guest_of(BOB), guest_of(JOHN),
              lambda one: guest(one)["associated_members"] == [one.member(JOHN)["id"]], True),
}  # fmt: skip


@pytest.mark.parametrize("name", OPPOSITES)
@NOT_ANSWERED
def test_what_is_carried_out_late_does_not_undo_a_later_task(play: Play, name: str, answer: int | None) -> None:
    first, second, look, expected = OPPOSITES[name]
    # It may not wait long, so it cannot know what becomes of its write.
    with Late(answer).holding() as late:
        with pytest.raises(LostAnswerError, match=r"may still be\. Run it again after") as caught:
            first(play.client(max_wait=20))
        assert late.writes == 1
    assert caught.value.facts["not_before"]
    assert caught.value.facts["changed"] is True

    def meanwhile() -> bool:
        if play.passed < 60:
            return False
        late.deliver()
        return True

    play.meanwhile = meanwhile
    second(play.client())
    late.deliver()
    assert look(play.sandbox) == expected


@NOT_ANSWERED
def test_who_may_not_wait_for_what_may_still_come_writes_nothing(play: Play, answer: int | None) -> None:
    with Late(answer).holding(), pytest.raises(LostAnswerError):
        people_are(BOB)(play.client(max_wait=20))
    play.sandbox.clear_ledger()
    with pytest.raises(BusyError, match=r"Nothing was written\. Run it again after") as caught:
        people_are(JOHN)(play.client(max_wait=20))
    assert caught.value.facts["not_before"]
    assert play.sandbox.writes() == []


@NOT_ANSWERED
def test_what_brings_one_state_about_is_waited_for_and_sent_again(play: Play, answer: int | None) -> None:
    for name, waits, puts in (("role", 40, 1), ("access", 40, 1), ("guest's access", 40, 1), ("role", 400, 2)):
        play.sandbox.reset()
        play.passed += 2 * LATE_SECONDS
        started = play.passed
        act, _opposite, look, unwanted = OPPOSITES[name]
        with Late(answer).holding() as late:

            def meanwhile(late: Late = late, until: float = started + waits) -> bool:
                if play.passed < until:
                    return False
                late.deliver()
                return True

            play.meanwhile = meanwhile
            assert act(play.client())
            assert late.writes == puts
        assert look(play.sandbox) != unwanted


@NOT_ANSWERED
def test_process_that_is_activated_late_is_waited_for(play: Play, answer: int | None) -> None:
    assert tour("archived")(play.client())
    with Late(answer).holding() as late:

        def meanwhile() -> bool:
            late.deliver()
            return True

        play.meanwhile = meanwhile
        assert tour("present")(play.client())
    assert late.writes == 1
    assert process(play.sandbox)["status"] == "active"


# --- ends -------------------------------------------------------------------------------------------------------------


def test_failure_that_lasts_is_raised_after_a_few_tries(play: Play, case: Case) -> None:
    play.sandbox.fault(route=f"{case.noun}.update", status=503, times=None)
    with pytest.raises(ServerError) as caught:
        case.act(play.client())
    # The last look has not shown it; a gateway that fails may have let it through all the same.
    assert caught.value.facts["changed"] is True
    assert len(play.sandbox.writes()) == 5
    assert play.passed < 60


def test_what_was_done_although_every_answer_was_a_failure_is_done(play: Play, case: Case) -> None:
    play.sandbox.fault(route=f"{case.noun}.update", status=502, apply=True, times=None)
    assert case.act(play.client(max_wait=0))
    assert len(play.sandbox.writes()) == 1


def test_wait_that_is_too_long_is_reported_at_once(play: Play, case: Case) -> None:
    play.sandbox.fault(route=f"{case.noun}.update", status=429, headers={"Retry-After": "900"}, times=None)
    with pytest.raises(RateLimitError) as caught:
        case.act(play.client())
    assert caught.value.facts["not_before"]
    assert caught.value.facts["changed"] is False
    assert (len(play.sandbox.writes()), play.passed) == (1, 0)


def test_what_cannot_be_looked_at_is_not_known(play: Play, case: Case) -> None:
    sandbox = play.sandbox
    sandbox.fault(route=f"{case.noun}.update", cut="after")
    sandbox.fault(route=f"{case.noun}.get", skip=1, times=None, status=500)
    with pytest.raises(LostAnswerError, match="reading back failed too") as caught:
        case.act(play.client())
    assert caught.value.facts["changed"] is True
    assert len(sandbox.writes()) == 1


def test_refusal_is_raised_at_once(play: Play, case: Case) -> None:
    play.sandbox.fault(route=f"{case.noun}.update", status=422)
    with pytest.raises(TallyfyError, match="HTTP 422"):
        case.act(play.client())
    assert (len(play.sandbox.writes()), play.passed) == (1, 0)
