# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a scenario once, then again for each of its requests with one fault there, and ask five questions each time.

1. Does the run come to one clear end, and is ``changed`` true to what is there?
2. Is nothing doubled, lost or changed that nobody asked for?
3. Does a run that nothing disturbs then end as an unbroken one?
4. Does a third run write nothing?
5. Did check mode tell beforehand what that run did?
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote_plus

import requests

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _in_process
from sandbox.testing import Sandbox

Result = dict[str, Any]
#: What is there, by kind and name: ``member bob@example.com``. Who has the same name shares an entry.
Picture = dict[str, list[dict[str, Any]]]
#: How an organization's things are called by those who ask for them.
NAMES = {"members": "email", "groups": "name", "guests": "email", "tags": "title", "folders": "name", "runs": "name"}
#: Numbers and times that are other ones whenever the same is done again.
PASSING = {
    "id", "increment_id", "alias", "link", "deadline", "last_updated", "updated_at", "created_at", "started_at",
    "last_accessed_at", "last_login_at",
}  # fmt: skip
#: What check mode has to tell as the run then does.
REPORTED = (
    "changed", "actions", "diff", "summary", "problems", "deferred", "notes", "organization", "unchangeable", "people",
    "groups", "guests", "processes",
)  # fmt: skip
#: From the end of one run to the begin of the next: longer than any pause that a fault asks for.
BETWEEN_RUNS_SECONDS = 3600.0
#: With these a request was certainly not carried out.
REFUSED = {400, 401, 403, 404, 405, 409, 410, 422, 429}
SHORTEST_ID = 4
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class Fault:
    """What happens at one request: a fault of the sandbox, an ``act`` right before it, or the end of the run.

    ``meets`` says which requests it makes sense for. ``is_plausible`` marks an answer that nobody can tell from a true
    one, after which a run may be content with what is not so.
    """

    name: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    meets: str = "any"
    act: Callable[[Sandbox], object] | None = None
    kills: str = ""
    is_plausible: bool = False

    def can_meet(self, request: Mapping[str, Any]) -> bool:
        """Whether this can happen to a request of the ledger."""
        is_list = request["method"] == "GET" and "page" in request["query"]
        return self.meets == "any" or (request["write"] if self.meets == "writes" else is_list)


def _faults() -> Iterator[Fault]:
    for status in (401, 403, 404, 408, 422, 500, 502, 503, 504, 520):
        yield Fault(str(status), {"status": status})
    yield Fault("429 with a long wait", {"status": 429, "headers": {"Retry-After": "900"}})
    yield Fault("429 with a short wait", {"status": 429, "headers": {"Retry-After": "2"}})
    yield Fault("500 that lasts", {"status": 500, "times": None})
    for status in (408, 500, 502, 503, 504, 520):
        yield Fault(f"{status} after the change", {"status": status, "apply": True}, "writes")
    yield Fault("502 after the change that lasts", {"status": 502, "apply": True, "times": None}, "writes")
    for times, how in ((1, ""), (None, " that lasts")):
        yield Fault(f"cut before{how}", {"cut": "before", "times": times})
        yield Fault(f"cut after{how}", {"cut": "after", "times": times}, "writes")
    yield Fault("half of the body", {"half_body": True})
    for name, rule in (("empty", {"empty": True}), ("malformed", {"body": '{"data": ['}), ("{}", {"body": {}})):
        yield Fault(f"200 {name}", rule)
        yield Fault(f"200 {name} after the change", {**rule, "apply": True}, "writes")
    pagination = {"total": 0, "count": 0, "per_page": 100, "current_page": 1, "total_pages": 1, "links": {}}
    nothing = {"data": [], "meta": {"pagination": pagination}}
    yield Fault("an empty list", {"body": nothing}, "lists", is_plausible=True)
    yield Fault("a list without paging", {"body": {"data": []}}, "lists")
    yield Fault("a short page", {"shrink": True}, "lists")
    yield Fault("a total that is off", {"total_off": True}, "lists")
    yield Fault("tokens revoked", act=lambda sandbox: sandbox.revoke_tokens())
    yield Fault("killed before", kills="before")
    yield Fault("killed after", kills="after", meets="writes")


#: Whether everything happens to everything, as in the session ``faults`` of nox; otherwise a sample, always the same.
IS_WHOLE = os.environ.get("FAULTS") == "all"
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _faults()}


class Stage:
    """The sandbox, a folder for what runs keep from one to the next, and a time that passes when somebody waits."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        folder.mkdir(parents=True)
        #: The texts that nobody may see.
        self.secrets = {sandbox.client_secret, quote_plus(sandbox.client_secret)}
        self.shows_tokens = False
        self._passed = 0.0
        self._sent = 0
        self._lock = threading.Lock()

    @property
    def options(self) -> dict[str, Any]:
        """The connection options of every run. No pauses but those that faults ask for."""
        named = ("api_url", "token_url", "org_id", "client_id", "client_secret")
        return {
            **{name: getattr(self.sandbox, name) for name in named},
            "state_dir": str(self.folder / "cache"),
            "rate_limit": 0,
        }

    def sleep(self, seconds: float) -> None:
        """Let time pass here and in the service."""
        if seconds > 0:
            self._passed += seconds
            self.sandbox.advance(seconds)

    @contextlib.contextmanager
    def online(self, act: Callable[[int, str], object] = lambda _number, _moment: None) -> Iterator[None]:
        """Run what follows as a process of its own would; ``act`` is called around each of its requests."""
        send = requests.adapters.HTTPAdapter.send
        self._sent = 0  # in this run

        def watched(adapter: Any, request: Any, *arguments: Any, **options: Any) -> requests.Response:
            with self._lock:
                self._sent += 1
                number = self._sent
            act(number, "before")
            token = str(request.headers.get("Authorization", "")).partition(" ")[2]
            self.secrets |= {token} - {""}
            response = send(adapter, request, *arguments, **options)
            act(number, "after")
            return response

        times = {
            "sleep": self.sleep,
            "now": lambda: time.time() + self._passed,
            "clock": lambda: time.monotonic() + self._passed,
        }
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(requests.adapters.HTTPAdapter, "send", watched))
            stack.enter_context(mock.patch.dict(Client.__init__.__kwdefaults__, times))
            stack.enter_context(mock.patch.object(_in_process, "_clients", _in_process.KeptClients()))
            yield


@dataclass(frozen=True)
class Scenario:
    """One task or playbook that writes: what is there before it, how it runs, and what of it is special.

    ``run`` takes the stage and whether it is check mode, and returns the result. ``complaint`` may find that something
    is not as it always has to be.
    """

    name: str
    run: Callable[[Stage, bool], Result]
    set_the_scene: Callable[[Sandbox], object] = Sandbox.reset
    is_repeatable: bool = True
    complaint: Callable[[Sandbox], str] = lambda _sandbox: ""
    #: What happens to it, and which part of these cases is run where all are: less when each takes seconds.
    faults: Sequence[str] = tuple(FAULTS)
    share: float = 1.0


@dataclass(frozen=True)
class Unbroken:
    """What a run that nothing disturbs sends, and what it finds and leaves behind."""

    requests: list[dict[str, Any]]
    before: Picture
    end: Picture
    warnings: set[str]

    def numbers(self, fault: Fault) -> list[int]:
        """Return the numbers of the requests that the fault can happen to, from 1."""
        return [number for number, request in enumerate(self.requests, 1) if fault.can_meet(request)]


@dataclass(frozen=True)
class Finding:
    """A question that was answered with no."""

    scenario: str
    number: int
    route: str
    fault: str
    question: int
    text: str

    def __str__(self) -> str:
        where = f"{self.scenario}, request {self.number} ({self.route})"
        return f"{where}, {self.fault}: question {self.question}: {self.text}"


def unbroken(scenario: Scenario, stage: Stage) -> Unbroken:
    """Run the scenario as it should run; fails the test when that is not so."""
    sandbox = stage.sandbox
    scenario.set_the_scene(sandbox)
    before = picture(sandbox)
    reported = _run(scenario, stage, check_mode=True)
    assert not sandbox.writes(), f"check mode wrote: {sandbox.writes()}"
    sandbox.clear_ledger()
    stage = Stage(sandbox, stage.folder / "run")
    done = _run(scenario, stage)
    sent, end = sandbox.ledger(), picture(sandbox)
    problems = [*_of_the_end(stage, done), *_of_changed(done, before, end, ()), *_of_check_mode(reported, done)]
    if done.get("failed"):
        problems.append(f"it failed: {done['msg']}")
    if scenario.is_repeatable:
        problems += _of_a_repetition(scenario, stage)
    assert not problems, f"{scenario.name}, with no fault at all: {problems}"
    return Unbroken(sent, before, end, {*done.get("warnings", ())})


def findings(scenario: Scenario, fault: Fault, number: int, line: Unbroken, stage: Stage) -> list[Finding]:
    """Run the scenario with the fault at its request with that number, and return what is not as it should be."""
    sandbox = stage.sandbox
    scenario.set_the_scene(sandbox)
    broken = _run_broken(scenario, fault, number, stage)
    now = picture(sandbox)
    found: list[tuple[int, str]] = []
    if broken is not None:
        found += [(1, text) for text in _of_the_end(stage, broken)]
        found += [(1, text) for text in _of_changed(broken, line.before, now, sandbox.writes())]
        # What the service declined, and a run may do without, is a warning.
        is_reported = broken.get("failed") or {*broken.get("warnings", ())} - line.warnings
        if now != line.end and not is_reported and not fault.is_plausible:
            found.append((1, f"it succeeded, but {difference(line.end, now)}"))
    found += [(2, text) for text in [*unasked(line.before, now, line.end), scenario.complaint(sandbox)] if text]
    sandbox.clear_faults()
    if scenario.is_repeatable:
        stage.sleep(BETWEEN_RUNS_SECONDS)
        found += _of_the_next_runs(scenario, stage, line.end)
    route = line.requests[number - 1]["route"]
    return [Finding(scenario.name, number, route, fault.name, question, text) for question, text in found]


def _of_the_next_runs(scenario: Scenario, stage: Stage, end: Picture) -> Iterator[tuple[int, str]]:
    sandbox = stage.sandbox
    sandbox.clear_ledger()
    before = picture(sandbox)
    reported = _run(scenario, stage, check_mode=True)
    yield from ((5, f"check mode wrote: {entry['method']} {entry['path']}") for entry in sandbox.writes())
    done = _run(scenario, stage)
    now = picture(sandbox)
    yield from ((3, text) for text in _of_the_end(stage, done))
    yield from ((3, text) for text in _of_changed(done, before, now, sandbox.writes()))
    if done.get("failed"):
        yield 3, f"the second run failed: {done.get('msg')}"
        return
    if now != end:
        yield 3, f"after the second run {difference(end, now)}"
    yield from ((5, text) for text in _of_check_mode(reported, done))
    yield from ((4, text) for text in _of_a_repetition(scenario, stage))


def _run(scenario: Scenario, stage: Stage, *, check_mode: bool = False) -> Result:
    with stage.online():
        return scenario.run(stage, check_mode)


def _run_broken(scenario: Scenario, fault: Fault, number: int, stage: Stage) -> Result | None:
    """Return the result, or nothing of a run that was killed."""

    def act(now: int, moment: str) -> None:
        if now == number and moment == fault.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if now == number and moment == "before" and fault.act is not None:
            fault.act(stage.sandbox)

    if fault.rule:
        stage.sandbox.fault(skip=number - 1, **fault.rule)
    if not fault.kills:
        with stage.online(act):
            return scenario.run(stage, False)
    child = os.fork()
    if child == 0:
        with stage.online(act):
            scenario.run(stage, False)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), f"there is a request {number}"
    return None


# --- The questions ----------------------------------------------------------------------------------------------------


def _of_the_end(stage: Stage, result: Result) -> Iterator[str]:
    text = json.dumps(result)
    if "exception" in result or "Traceback" in text:
        yield f"a traceback: {result.get('msg')}"
    if result.get("failed") and not str(result.get("msg") or "").strip():
        yield "a failure without a message"
    if not isinstance(result.get("changed", False), bool):
        yield f"changed is {result['changed']!r}"
    is_secret = not stage.shows_tokens or result.get("failed")
    if is_secret and any(secret in text for secret in stage.secrets):
        yield "a secret is in the result"


def _of_changed(result: Result, before: Picture, now: Picture, writes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    is_reported, is_so = bool(result.get("changed")), now != before
    if is_so and not is_reported:
        yield f"changed is false, but {difference(before, now)} ({result.get('msg', 'it succeeded')})"
    may_be_done = result.get("failed") and any(entry["status"] not in REFUSED for entry in writes)
    if is_reported and not is_so and not may_be_done:
        yield f"changed is true, but nothing differs ({result.get('msg', 'it succeeded')})"


def _of_check_mode(reported: Result, done: Result) -> Iterator[str]:
    if reported.get("failed"):
        yield f"check mode failed: {reported.get('msg')}"
        return
    for name in REPORTED:
        first, second = _without_ids(reported.get(name)), _without_ids(done.get(name))
        if first != second:
            yield f"check mode told {name} {_short(first)}, the run {_short(second)}"


def _of_a_repetition(scenario: Scenario, stage: Stage) -> Iterator[str]:
    stage.sandbox.clear_ledger()
    again = _run(scenario, stage)
    if again.get("failed"):
        yield f"the third run failed: {again.get('msg')}"
    if again.get("changed"):
        yield "the third run says that it changed something"
    yield from (f"the third run wrote: {entry['method']} {entry['path']}" for entry in stage.sandbox.writes())


def unasked(before: Picture, now: Picture, end: Picture) -> Iterator[str]:
    """Yield what was added, removed or changed although it is the same before and after an unbroken run."""
    for name in sorted({*before, *now, *end}):
        old, there, desired = (one.get(name, []) for one in (before, now, end))
        least, most = sorted((len(old), len(desired)))
        if not least <= len(there) <= most:
            yield f"{name} is there {len(there)} times, before {len(old)}, desired {len(desired)}"
        for was, is_now, is_to_be in zip(old, there, desired) if len(old) == len(desired) == len(there) else ():
            fields = [key for key in was if was[key] == is_to_be.get(key) and was[key] != is_now.get(key)]
            yield from (f"{key} of {name} was {was[key]!r}, is {is_now.get(key)!r}" for key in fields)


# --- What is there ----------------------------------------------------------------------------------------------------


def picture(sandbox: Sandbox) -> Picture:
    """Return everything in the organization, by names instead of numbers, and without times."""
    state = sandbox.state(sandbox.org_id)
    names = {str(record["id"]): _name(record[key]) for kind, key in NAMES.items() for record in state[kind]}
    # Whoever is told twice that a step is completed acts twice.
    reported = Counter(event["task_id"] for event in sandbox.events(event="task.completed"))
    state["tasks"] = [{**task, "times_completed": reported[task["id"]]} for task in state["tasks"]]
    found: Picture = {}
    for kind in (*NAMES, "tasks"):
        for record in state[kind]:
            known = names.get(str(record["id"])) or f"{record['title']} of {names.get(str(record['run_id']))}"
            found.setdefault(f"{kind[:-1]} {known}", []).append(_named(record, names))
    for records in found.values():
        records.sort(key=_in_order)
    # Nothing that is tested makes or changes one.
    return {**found, **{f"template {one['title']} ({one['id']})": [one] for one in state["templates"]}}


def _name(text: str) -> str:
    # A deleted person's address holds their number.
    return text.partition(".deleted.")[0]


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """Return the value without what differs each time: names for numbers, and of a time whether there is one."""
    if isinstance(value, dict):
        return {
            _named(key, names): inner is not None if key.endswith("_at") else _named(inner, names)
            for key, inner in value.items()
            if key not in PASSING
        }
    if isinstance(value, list):
        return sorted((_named(one, names) for one in value), key=_in_order)
    if isinstance(value, str):
        value = _name(value)
    # Numbers of people and things have more digits than those of countries and options.
    return names.get(str(value), value) if len(str(value)) >= SHORTEST_ID else value


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def difference(first: Picture, second: Picture) -> str:
    """Return what differs between two pictures, in words."""
    texts = []
    for name in sorted({*first, *second}):
        one, other = first.get(name, []), second.get(name, [])
        if len(one) != len(other):
            texts.append(f"{name} is there {len(other)} times instead of {len(one)}")
        for was, is_now in zip(one, other) if len(one) == len(other) else ():
            texts += [f"{key} of {name} is {is_now.get(key)!r} instead of {was[key]!r}" for key in was
                      if was[key] != is_now.get(key)]  # fmt: skip
    more = len(texts) - MOST_DIFFERENCES
    return "; ".join(texts[:MOST_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")


def _without_ids(value: Any) -> Any:
    """Return the value without numbers of records, which check mode cannot know before they are there."""
    if isinstance(value, Mapping):
        return {key: _without_ids(inner) for key, inner in value.items() if key not in ("id", "link")}
    return [_without_ids(one) for one in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) < 200 else f"{text[:200]}…"
