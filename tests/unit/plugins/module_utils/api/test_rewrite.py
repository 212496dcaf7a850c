# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that replace: what is sent again, when, and what is said when nobody can know. Nobody really sleeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import bring_about, replace
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    CertificateError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    PausedError,
    RateLimitError,
    RedirectedError,
    RefusedByServiceError,
    ServerError,
    UnreachableError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import STATUS_ATTEMPTS
from ansible_collections.tallyfy.platform.plugins.module_utils._state.marks import Marks
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

REQUEST = "PUT /things/1"


class Service:
    """As much of a client, and of the service behind it, as a write needs: one thing, and what its PUTs come to.

    An outcome is an error to be raised, a pair of one and whether the PUT is carried out all the same, or ``None``.
    """

    def __init__(self, *outcomes: Any, max_wait: float = 300.0) -> None:
        self.thing: dict[str, Any] = {"name": "old", "other": "theirs"}
        self.outcomes = list(outcomes)
        self.max_wait = max_wait
        self.waits: list[float] = []
        self.sent: list[str] = []
        self.unreadable: ApiError | None = None
        self.late_writes = Marks(None, "late-writes", 120)

    @contextlib.contextmanager
    def alone(self, subject: str) -> Iterator[None]:
        assert subject == "/things/1"
        yield

    @contextlib.contextmanager
    def prepaid(self, count: int) -> Iterator[None]:
        self.sent.append(f"prepaid {count}")
        yield

    def path(self, *segments: object) -> str:
        return "/" + "/".join(map(str, segments))

    def now(self) -> float:
        return sum(self.waits)

    def wait(self, seconds: float) -> bool:
        if sum(self.waits) + seconds > self.max_wait:
            return False
        self.waits.append(seconds)
        return True

    def get(self, *segments: object) -> dict[str, Any]:
        assert segments == ("things", 1)
        self.sent.append("GET")
        if self.unreadable is not None and "PUT" in self.sent:
            raise self.unreadable
        return dict(self.thing)

    def call(self, method: str, path: str, *, body: Any, repeats: bool) -> SimpleNamespace:
        assert (method, path, repeats) == ("PUT", "/things/1", False)
        self.sent.append("PUT")
        outcome = self.outcomes.pop(0) if self.outcomes else None
        error, is_done = outcome if isinstance(outcome, tuple) else (outcome, outcome is None)
        if is_done:
            self.thing.update(body)
        if error is not None:
            raise error
        return SimpleNamespace(record=dict(self.thing))

    def write(self) -> tuple[dict[str, Any], bool]:
        return replace(
            self,  # type: ignore[arg-type]
            "things",
            1,
            differing=lambda thing: {"name": "new"} if thing["name"] != "new" else {},
            body=lambda thing, fields: {**thing, **fields},
        )

    def switch(self) -> dict[str, Any]:
        return bring_about(
            self,  # type: ignore[arg-type]
            "things",
            1,
            body={"name": "new"},
            read=lambda: self.get("things", 1),
            is_so=lambda thing: thing["name"] == "new",
        )

    @property
    def requests(self) -> list[str]:
        return [one for one in self.sent if not one.startswith("prepaid")]


def refused(status: int, retry_after: float | None = None) -> RefusedByServiceError:
    kinds = {422: InvalidError, 404: NotFoundError, 429: RateLimitError}
    kind = kinds.get(status, ServerError if status >= 500 else RefusedByServiceError)
    error = kind(REQUEST, "no", status=status)
    error.retry_after = retry_after
    return error


def lost() -> LostAnswerError:
    return LostAnswerError(REQUEST, "the answer was lost")


def late() -> LostAnswerError:
    return LostAnswerError(REQUEST, "no answer within 30 s", is_late=True)


def test_unbroken_write() -> None:
    service = Service()
    assert service.write() == ({"name": "new", "other": "theirs"}, True)
    assert service.sent == ["prepaid 2", "GET", "PUT"]
    assert service.write() == ({"name": "new", "other": "theirs"}, False)


PASSING = [refused(429), refused(500), refused(502), refused(503), lost(), UnreachableError(REQUEST, "no connection")]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_failure_that_passes_is_met_with_a_new_reading(error: ApiError) -> None:
    service = Service(error)
    assert service.write()[1] is True
    assert service.requests == ["GET", "PUT", "GET", "PUT"]
    assert len(service.waits) == 1


@pytest.mark.parametrize("error", [refused(500), refused(502), lost(), late(), refused(504)], ids=repr)
@pytest.mark.parametrize("max_wait", [0, 300])
def test_what_was_carried_out_all_the_same_is_written(error: ApiError, max_wait: float) -> None:
    service = Service((error, True), max_wait=max_wait)
    assert service.write() == ({"name": "new", "other": "theirs"}, True)
    assert service.requests == ["GET", "PUT", "GET"]


FINAL = [
    refused(403), refused(404), refused(409), refused(422), refused(501), CertificateError(REQUEST, "no"),
    RedirectedError(REQUEST, "elsewhere"), PausedError(REQUEST, "a pause"),
]  # fmt: skip


@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_other_failure_is_raised_at_once(error: ApiError) -> None:
    service = Service(error)
    with pytest.raises(type(error)) as caught:
        service.write()
    assert caught.value is error
    assert (service.requests, service.waits) == (["GET", "PUT"], [])


def test_wait_is_the_one_that_is_asked_for() -> None:
    service = Service(refused(503, 17.0), refused(429, 40.0))
    service.write()
    assert service.waits == [17.0, 40.0]


def test_refusals_for_now_are_met_as_long_as_the_allowance_lasts() -> None:
    service = Service(*[refused(429, 20.0)] * 20)
    with pytest.raises(RateLimitError):
        service.write()
    assert service.waits == [20.0] * 15


@pytest.mark.parametrize("error", [refused(503), UnreachableError(REQUEST, "no connection")], ids=repr)
def test_failures_that_last_are_raised_after_a_few_tries(error: ApiError) -> None:
    service = Service(*[error] * 20)
    with pytest.raises(type(error)) as caught:
        service.write()
    assert caught.value is error
    assert service.requests.count("PUT") == STATUS_ATTEMPTS + 1


@pytest.mark.parametrize("error", [late(), *map(refused, (408, 499, 504, 524))], ids=repr)
def test_what_may_still_be_carried_out_is_looked_at_for_two_minutes(error: ApiError) -> None:
    service = Service(error)
    assert service.write()[1] is True
    assert service.waits == [1, 2, 4, 8, 16, 30, 30, 29]
    assert service.requests == ["GET", "PUT", *["GET"] * 8, "PUT"]
    assert service.sent.count("prepaid 1") == 7


@pytest.mark.parametrize("act", [Service.write, Service.switch])
def test_what_nobody_can_know_is_said_so(act: Any) -> None:
    service = Service(late(), max_wait=20)
    with pytest.raises(LostAnswerError, match=r"may still be\. Run it again after 1970-01-01T00:02:01Z") as caught:
        act(service)
    assert caught.value.facts == {"request": REQUEST, "is_late": True, "not_before": "1970-01-01T00:02:01Z"}
    assert service.waits == [1, 2, 4, 8]
    assert service.requests.count("PUT") == 1


def test_what_other_tasks_cannot_be_told_of_is_said(tmp_path: Path) -> None:
    directory = PrivateDirectory(str(tmp_path / "state"))
    (directory.path / "late-writes.lock").symlink_to("elsewhere")
    service = Service(late(), max_wait=20)
    service.late_writes = Marks(directory, "late-writes", 120)
    with pytest.raises(LostAnswerError, match=r"Run it again after .*Other tasks are not informed"):
        service.write()
    assert service.requests.count("PUT") == 1


@pytest.mark.parametrize("error", [lost(), late(), refused(502), refused(504)], ids=repr)
@pytest.mark.parametrize("act", [Service.write, Service.switch])
def test_what_cannot_be_looked_at_is_not_known(act: Any, error: ApiError) -> None:
    service = Service(error)
    service.unreadable = refused(500)
    with pytest.raises(LostAnswerError, match="reading back failed too"):
        act(service)


def test_what_is_gone_is_gone() -> None:
    service = Service(lost())
    service.unreadable = refused(404)
    with pytest.raises(NotFoundError):
        service.write()


def test_what_was_certainly_not_carried_out_is_no_doubt() -> None:
    service = Service(refused(429))
    service.unreadable = refused(500)
    with pytest.raises(ServerError):
        service.write()


def test_state_is_brought_about_without_a_reading() -> None:
    service = Service()
    assert service.switch()["name"] == "new"
    assert service.requests == ["PUT"]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_state_is_looked_at_where_it_may_be_there(error: ApiError) -> None:
    service = Service(error)
    assert service.switch()["name"] == "new"
    is_certain = isinstance(error, (RateLimitError, UnreachableError))
    assert service.requests == (["PUT", "PUT"] if is_certain else ["PUT", "GET", "PUT"])
    service = Service((error, True))
    assert service.switch()["name"] == "new"
    assert service.requests == (["PUT", "PUT"] if is_certain else ["PUT", "GET"])
