# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way a call to Tallyfy can go wrong: one class per cause. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: How many problems a message names; the fact ``problems`` holds all of them.
MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Place:
    """Where something stands in the input, as a message calls it. ``order`` sorts; the task itself comes first."""

    label: str = ""
    order: int = -1


TASK = Place()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input: what, where, about whom (such as an e-mail address), in which option.

    ``stored`` is a field with its value where that is fine for a subject of whom Tallyfy says just this.
    """

    text: str
    place: Place = TASK
    subject: str = ""
    option: str = ""
    stored: tuple[str, str] | None = None

    def is_confirmed_by(self, record: Mapping[str, object]) -> bool:
        """Return whether Tallyfy itself says it: what a record holds can be said back, however odd it is."""
        return self.stored is not None and record.get(self.stored[0]) == self.stored[1]

    def __str__(self) -> str:
        text = f"{self.option} {self.text}" if self.option else self.text
        if not self.place.label:
            return f"{self.subject}: {text}" if self.subject else text
        return f"{self.place.label} ({self.subject}): {text}" if self.subject else f"{self.place.label}: {text}"


class TallyfyError(Exception):
    """A failure that the user can understand and act on; its text is the whole message.

    ``text`` is the message without the ``subject`` that it is about, for who names the subject already.
    """

    #: Whether a write may have been carried out all the same, so that claiming that nothing changed could be false.
    may_be_done = False

    def __init__(self, message: str, **facts: object) -> None:
        subject = facts.pop("subject", "")
        self.text = message
        self.message = f"{subject}: {message}" if subject else message
        super().__init__(self.message)
        #: What a module returns beside ``msg``, for playbooks that react to a failure.
        self.facts: dict[str, object] = {name: value for name, value in facts.items() if value is not None}


class OptionError(TallyfyError):
    """A connection option is missing, malformed or contradicts another; nothing has been sent."""


class InputError(TallyfyError):
    """What was asked for is not possible or not complete; nothing has been written.

    ``problems`` holds every single one, once and in the order of the input, so that all can be mended at once. A plain
    text is about the task.
    """

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        found = dict.fromkeys(one if isinstance(one, Problem) else Problem(one) for one in problems)
        self.problems = sorted(found, key=lambda problem: problem.place.order)
        texts = [str(problem) for problem in self.problems]
        more = len(texts) - MOST_PROBLEMS
        text = "; ".join(texts[:MOST_PROBLEMS]) + (f"; and {more} more, see problems" if more > 0 else "")
        super().__init__(text, problems=texts)


class RefusedError(TallyfyError):
    """The collection will not do this to this person (promise 5); nothing has been written."""


class NotStoredError(TallyfyError):
    """The service answered a write with success and did not store what was sent; a part of it may be stored."""

    may_be_done = True


class BusyError(TallyfyError):
    """Another run holds what this one needs for itself; nothing has been written."""


class StateDirError(TallyfyError):
    """What a write needs in ``state_dir`` cannot be had there: a lock, or a note of what has been sent."""

    def __init__(self, state_dir: object, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The directory {state_dir} (state_dir) cannot be used ({reason}). Without a lock there this task could "
            f"undo or repeat what another one does, so it stops before it writes. Set state_dir to a directory of your "
            f"own where files can be locked.",
            state_dir=str(state_dir),
        )


class AuthorizationError(TallyfyError):
    """The answer of the sign-in page, or the token that came of it, is not taken; nothing has been kept."""


class RosterError(TallyfyError):
    """Some people of a roster could not be brought into their desired state; the facts name every one of them."""


class DriftError(TallyfyError):
    """The organization differs from its roster, and somebody wants that to be a failure; the facts hold every row."""


class ApiError(TallyfyError):
    """A call that did not succeed. ``request`` reads ``PUT /organizations/…``; there is no secret in it."""

    #: For how many seconds the answer asked to be left in peace.
    retry_after: float | None = None

    def __init__(self, request: str, answer: str, *, advice: str = "", **facts: object) -> None:
        self.request = request
        self.answer = answer
        super().__init__(_message(request, answer, advice), request=request, **facts)

    def advise(self, advice: str) -> None:
        """Replace what the user is told to do, by somebody who knows more about what was tried."""
        self.message = _message(self.request, self.answer, advice)
        self.text = self._common(advice)
        self.args = (self.message,)

    def _common(self, advice: str) -> str:
        """Return the message without what differs from one request to the next."""
        return _message(self.request, self.answer, advice)

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer, ``None`` when there was none."""
        status = self.facts.get("status")
        return status if isinstance(status, int) else None


def _message(request: str, answer: str, advice: str) -> str:
    text = f"{request}: {answer}"
    return f"{text.rstrip('.')}. {advice}" if advice else text


class UnreachableError(ApiError):
    """No connection could be made, so the request was certainly not carried out."""


class BusyRequestError(BusyError, ApiError):
    """A request was not sent, because a process that hangs holds what all requests need: the budget or the sign-in."""

    def __init__(self, request: str, answer: str, holder: str) -> None:
        super().__init__(request, answer, advice="End that process if it hangs, and run this again.", holder=holder)


class CertificateError(UnreachableError):
    """The TLS connection could not be trusted."""


class LostAnswerError(ApiError):
    """The request was sent and its answer never came or could not be read: it may have been carried out."""

    may_be_done = True


class UnreadableAnswerError(ApiError):
    """The answer was not JSON, not complete or not of the expected shape."""


class RedirectedError(ApiError):
    """The service pointed elsewhere; redirects are never followed, because they could carry the token away."""


class RefusedByServiceError(ApiError):
    """Any answer with an HTTP error status; its subclasses name the causes a caller can react to."""

    def __init__(
        self,
        request: str,
        answer: str,
        *,
        status: int,
        advice: str = "",
        code: str | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
        request_id: str | None = None,
        **facts: object,
    ) -> None:
        self.code = code
        self.errors: dict[str, list[str]] = {field: list(texts) for field, texts in (errors or {}).items()}
        answer = answer.rstrip(".")
        self._common_answer = f"{answer} (HTTP {status})"
        super().__init__(
            request,
            f"{answer} (HTTP {status}, request {request_id})" if request_id else self._common_answer,
            advice=advice,
            status=status,
            code=code,
            errors=self.errors or None,
            request_id=request_id,
            **facts,
        )
        self.text = self._common(advice)

    def _common(self, advice: str) -> str:
        return _message(self.request, self._common_answer, advice)


class UnauthorizedError(RefusedByServiceError):
    """401: no, expired, revoked or unsuitable token."""


class ForbiddenError(RefusedByServiceError):
    """403: not allowed, or against a rule of the service. Never a reason to sign in again."""


class NotFoundError(RefusedByServiceError):
    """404: no such resource, or no such route (``code`` is then ``ENDPOINT_NOT_FOUND``)."""


class SeatPoolError(RefusedByServiceError):
    """409: the organization's pool of seats is used up."""


class InvalidError(RefusedByServiceError):
    """422: the service's validation refused the values; ``errors`` names the fields."""


class RateLimitError(RefusedByServiceError):
    """429 whose wait is longer than the task may wait; the fact ``not_before`` says when to go on."""


class PausedError(ApiError):
    """The service asked another task for a pause that is longer than this task may wait; see ``not_before``."""


class ServerError(RefusedByServiceError):
    """5xx, or another status of who gave up (408, 425, 499), that lasted: a write may have been carried out."""


class SignInError(RefusedByServiceError):
    """The token endpoint refused the application credentials."""


class InconsistentListError(ApiError):
    """A listing whose pages do not add up; its records must not be relied upon."""
