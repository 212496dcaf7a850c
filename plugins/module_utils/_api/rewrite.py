# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replaces records that others may change at the same time. Private to the collection.

A PUT is sent once, right after the record was read. After a temporary failure the record is read again and the body is
computed anew, because an old body would undo changes that somebody else has made in the meantime. After a time-out the
service may still process the PUT, so the next PUT waits until this is no longer possible. Somebody on another machine
can still change the record between a GET and its PUT, because the service supports no conditional requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    BusyError,
    CertificateError,
    LostAnswerError,
    NotFoundError,
    NotStoredError,
    TallyfyError,
    UnreachableError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.answers import iso_utc
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import LATE_STATUSES, TRANSIENT_STATUSES
from ansible_collections.tallyfy.platform.plugins.module_utils._http.retry import STATUS_ATTEMPTS, backoff_seconds

from .answer import Answer, Record
from .client import Client

WRITE_ATTEMPTS = 3
TRY_LATER = "Nothing was written; try again later."
TOO_MANY_REQUESTS = 429
LONGEST_LOOK_SECONDS = 30.0
Seen = TypeVar("Seen")


def rewrite(
    client: Client,
    *segments: object,
    differing: Callable[[Record], Record],
    body: Callable[[Record, Record], Record],
    unseen: Callable[[Record], list[str]],
) -> tuple[Record, bool]:
    """Update a record and return it as stored, and whether it had to be written; see ``replace``.

    The answer is checked, and fields that were not stored are written again, at most three times in all. ``unseen``
    returns the names of lists that a record lacks: the service replaces whole lists, so they must be known.
    """
    path = client.path(*segments)
    is_written = False
    left: Record = {}

    def lacking(record: Record) -> Record:
        nonlocal left
        missing = unseen(record)
        if missing:
            # Writing it back would empty the list.
            answer = f"the answer has no list of {', '.join(missing)}"
            raise UnreadableAnswerError(f"GET {path}", answer, advice=TRY_LATER)
        left = differing(record)
        return left

    with client.alone(path):
        for _attempt in range(WRITE_ATTEMPTS):
            record, is_sent = _replaced(client, segments, lacking, body)
            is_written = is_written or is_sent
            if not is_sent or (not unseen(record) and not differing(record)):
                return record, is_written
    raise NotStoredError(
        f"PUT {path}: the service answered with success, but did not store {', '.join(left)}. "
        f"Check that the members are active, and that nobody else is changing the same record.",
        not_stored=sorted(left),
    )


def replace(
    client: Client,
    *segments: object,
    differing: Callable[[Record], Record],
    body: Callable[[Record, Record], Record],
) -> tuple[Record, bool]:
    """Update a record and return its last known state, and whether it was written.

    The record is read right before it is written, by one process of this controller at a time. ``differing`` returns
    the fields to change with their desired values, and ``body`` returns the body of the request from the record and
    these fields. A write whose answer was lost counts as written if the record has the desired values.
    Raises ``LostAnswerError`` if the outcome remains unknown.
    """
    with client.alone(client.path(*segments)):
        return _replaced(client, segments, differing, body)


def _replaced(
    client: Client,
    segments: Sequence[object],
    differing: Callable[[Record], Record],
    body: Callable[[Record, Record], Record],
) -> tuple[Record, bool]:
    def read() -> tuple[Record, Record]:
        record = client.get(*segments)
        return record, differing(record)

    done = replace_by(client, client.path(*segments), read=read, body=body)
    return done.after, done.is_written


@dataclass(frozen=True)
class Replaced:
    """The outcome of a PUT: the record before it, the record as answered or last read, and the answer if any."""

    before: Record
    after: Record
    answer: Answer | None
    is_written: bool


def replace_by(
    client: Client,
    path: str,
    *,
    read: Callable[[], tuple[Record, Record]],
    body: Callable[[Record, Record], Any],
    **options: Any,
) -> Replaced:
    """Do the same as ``replace`` for any path; ``read`` returns the record and the fields to change.

    ``options`` are passed to ``Client.call`` with the PUT. The caller holds the lock of ``Client.alone``.
    """
    tries = _Tries(client, path, "PUT", **options)
    before: Record | None = None
    while True:
        may_send = tries.may_send
        with client.prepaid(2 if may_send else 1):
            record, fields = tries.read(read)
            if not fields:
                return Replaced(record if before is None else before, record, None, tries.settle())
            before = record if may_send else before
            answer = tries.send(body(record, fields)) if may_send else None
        if answer is not None:
            return Replaced(record, answer.record, answer, True)
        tries.wait()


def bring_about(
    client: Client,
    *segments: object,
    method: str = "PUT",
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    read: Callable[[], Record],
    is_so: Callable[[Record], bool],
) -> Record:
    """Send a request that sets one state, and return the answer, or the record that shows the state.

    The request replaces nothing that somebody else could have written. So ``read`` is called only after the answer was
    lost, and ``is_so`` returns whether the record has the state.
    """
    path = client.path(*segments)
    with client.alone(path):
        tries = _Tries(client, path, method, **({"query": query} if query else {}))
        while True:
            answer = tries.send(body) if tries.may_send else None
            if answer is not None:
                return answer.record
            tries.wait()
            if tries.is_in_doubt:
                record = tries.read(read)
                if is_so(record):
                    tries.settle()
                    return record


def await_late_write(client: Client, path: str) -> None:
    """Wait until the service can no longer process a write to this path that timed out in any task of this controller.

    Raises ``BusyError`` if this task may not wait so long.
    """
    now = client.now()
    asked = client.late_writes.since(path, now)
    if asked is None:
        return
    until = asked + client.late_writes.seconds
    if not client.wait(max(0.0, until - now)):
        not_before = iso_utc(until)
        raise BusyError(
            f"{path}: Tallyfy did not answer a recent write to this path and may still carry it out. Nothing was "
            f"written. Run it again after {not_before}, or allow a longer max_wait.",
            not_before=not_before,
        )


def await_late_writes(client: Client, paths: Iterable[str]) -> bool:
    """Wait as ``await_late_write`` does for all of these paths; return whether one of them was in doubt.

    Call it before a record is compared, because a late write could change it afterwards.
    """
    late = client.late_writes.known(paths, client.now())
    for path in late:
        await_late_write(client, path)
    return bool(late)


class _Tries:
    """The attempts of one write: whether the last may have been carried out, and when the next may be sent."""

    def __init__(self, client: Client, path: str, method: str, **options: Any) -> None:
        await_late_write(client, path)
        self._client = client
        self._method = method
        self._path = path
        self._options = options
        self._error: ApiError | None = None
        self._failures = 0
        self._looks = 0
        #: Until when the service may still carry out a request that timed out.
        self._late_until: float | None = None
        self._is_last_look = False
        #: The sentence for the message if other tasks cannot be informed.
        self._unnoted = ""
        self.is_in_doubt = False

    @property
    def may_send(self) -> bool:
        is_over = self._late_until is None or self._client.now() >= self._late_until
        return is_over and not self._is_last_look

    def send(self, body: Any) -> Answer | None:
        """Send it once and return the answer; return ``None`` after a temporary failure, and raise others."""
        self.is_in_doubt, self._late_until = False, None
        try:
            return self._client.call(self._method, self._path, body=body, repeats=False, **self._options)
        except ApiError as error:
            if not _may_pass(error):
                raise
            self._note(error)
            return None

    def _note(self, error: ApiError) -> None:
        self._error = error
        self._failures += error.status != TOO_MANY_REQUESTS
        # Neither a refused request nor one without a connection has been carried out.
        self.is_in_doubt = error.status != TOO_MANY_REQUESTS and not isinstance(error, UnreachableError)
        if error.facts.get("is_late") or error.status in LATE_STATUSES:
            now = self._client.now()
            self._late_until, self._looks = now + self._client.late_writes.seconds, 0
            try:
                self._client.late_writes.add(self._path, now)
            except TallyfyError:
                # The outcome of the write is more important than this error.
                self._unnoted = " Other tasks are not informed, because state_dir cannot be written."

    def wait(self) -> None:
        """Wait until it is time to read or send again; raise the last error if there is no time left."""
        error = self._error
        if error is None:
            raise AssertionError("wait() needs a failed request")
        if self._is_last_look:
            raise error if self._late_until is None else self._unknown(error)
        has_tries = self._failures <= STATUS_ATTEMPTS
        if has_tries and self._client.wait(self._seconds(error)):
            return
        if not self.is_in_doubt:
            raise error
        # There is no time for another attempt, but the record is read once more.
        self._is_last_look = True

    def _seconds(self, error: ApiError) -> float:
        if self._late_until is None:
            return error.retry_after or backoff_seconds(self._failures)
        self._looks += 1
        seconds = min(LONGEST_LOOK_SECONDS, 2.0 ** (self._looks - 1))
        return max(0.0, min(seconds, self._late_until - self._client.now()))

    def read(self, read: Callable[[], Seen]) -> Seen:
        """Return the result of ``read``; raise ``LostAnswerError`` if it fails while a write is in doubt."""
        try:
            return read()
        except ApiError as error:
            if self._error is None or not self.is_in_doubt or isinstance(error, NotFoundError):
                raise
            raise self._unknown(self._error, error) from error

    def settle(self) -> bool:
        """Record that the record is up to date; return whether a request of this write may have caused that."""
        if self._late_until is not None:
            self._client.late_writes.drop(self._path, self._client.now())
        return self.is_in_doubt

    def _unknown(self, lost: ApiError, unread: ApiError | None = None) -> LostAnswerError:
        """Return the error for a write with an unknown outcome."""
        answer = lost.answer if unread is None else (
            f"{lost.answer}, and reading back failed too ({unread.request}: {unread.answer})"
        )  # fmt: skip
        if self._late_until is None:
            advice = "It may or may not have been carried out; run it again to find out and to finish."
            return LostAnswerError(lost.request, answer, advice=advice, status=lost.status)
        not_before = iso_utc(self._late_until + 1)
        return LostAnswerError(
            lost.request,
            answer,
            advice=f"It may have been carried out, or may still be. Run it again after {not_before}: it reads first. "
            f"With a longer max_wait it waits by itself.{self._unnoted}",
            status=lost.status,
            is_late=True,
            not_before=not_before,
        )


def _may_pass(error: ApiError) -> bool:
    if isinstance(error, UnreachableError):
        return not isinstance(error, CertificateError)
    passing = {TOO_MANY_REQUESTS, *TRANSIENT_STATUSES, *LATE_STATUSES}
    return isinstance(error, LostAnswerError) or error.status in passing
