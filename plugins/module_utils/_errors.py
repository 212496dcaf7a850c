# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of requests to Tallyfy: one class per cause. Private to the collection.

The docstring of a class is its entry on the pages "When it goes wrong" of the documentation: the title, a description
and ``Remedy:``. ``python tests/acceptance/errors_page.py`` generates the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.tallyfy.platform.plugins.module_utils._problems import Problem

#: How many problems a message names; the fact ``problems`` holds all of them.
MOST_PROBLEMS = 50


class TallyfyError(Exception):
    """When it goes wrong.

    What the message of a failed task means, and what to do. The message says what was refused, why, and what to do;
    ``changed`` in the result says whether anything was written before. A failed task can be run again: it does the
    remaining work and repeats nothing.
    """

    # ``text`` is the message without its ``subject``, for callers that already name the subject.

    #: Whether a write may have been carried out, so that ``changed: false`` could be wrong.
    may_be_done = False

    def __init__(self, message: str, **facts: object) -> None:
        subject = facts.pop("subject", "")
        self.text = message
        self.message = f"{subject}: {message}" if subject else message
        super().__init__(self.message)
        #: What a module returns in addition to ``msg``, for playbooks that handle a failure.
        self.facts: dict[str, object] = {name: value for name, value in facts.items() if value is not None}


class OptionError(TallyfyError):
    """A connection option is missing, malformed or contradicts another.

    No request was sent.

    Remedy: correct the option that the message names. It may come from the task, from a variable ``tallyfy_...`` or
    from the environment, in this order.
    """


class InputError(TallyfyError):
    """The input of the task is incomplete or invalid.

    Nothing was written. The message names every row that is wrong, and ``problems`` in the result lists all of them in
    the order of the input.

    Remedy: correct all of them, then run the task again.
    """

    # A plain text is about the task.

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        found = dict.fromkeys(problem if isinstance(problem, Problem) else Problem(problem) for problem in problems)
        self.problems = sorted(found, key=lambda problem: problem.place.order)
        texts = [str(problem) for problem in self.problems]
        more = len(texts) - MOST_PROBLEMS
        text = "; ".join(texts[:MOST_PROBLEMS]) + (f"; and {more} more, see problems" if more > 0 else "")
        super().__init__(text, problems=texts)


class RefusedError(TallyfyError):
    """A safety limit refuses to remove or demote these people.

    Nothing was written for them. The limits are ``protect``, ``max_removals`` and ``min_admins``. Bots, support users,
    the default administrator and the acting user are always protected.

    Remedy: check that the people in the message should lose access. If so, raise the limit in the message for this
    run only. To remove the acting user, sign in as another administrator.
    """


class NotStoredError(TallyfyError):
    """Tallyfy reported success but did not store what was sent.

    The answer to a write has other values than those that were sent. Some of them may be stored.

    Remedy: run the task again. If the message persists, compare the field with Tallyfy's web page, and check whether
    the acting user may change it.
    """

    may_be_done = True


class BusyError(TallyfyError):
    """Another run holds the lock that this task needs.

    Two runs must not change the same list at the same time, because one would undo the other. The task waited for
    ``max_wait`` seconds and then stopped. The message names the holder of the lock and says whether anything was
    written.

    Remedy: wait until that run has ended, or set a longer ``max_wait``. If its process hangs, end it.
    """


class StateDirError(TallyfyError):
    """The state directory cannot hold the lock that a write needs.

    Reading works without a state directory, with a warning. Writing does not.

    Remedy: set ``state_dir`` to a directory on a local disk that you own and nobody else can open.
    """

    def __init__(self, state_dir: object, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The directory {state_dir} (state_dir) cannot be used ({reason}). Without a lock there this task could "
            f"undo or repeat the changes of another task, so it stops before it writes. Set state_dir to a directory "
            f"of your own where files can be locked.",
            state_dir=str(state_dir),
        )


class AuthorizationError(TallyfyError):
    """The answer of the browser's sign-in page is not accepted.

    It is incomplete, expired, already used, or not the answer to this request. No token was kept.

    Remedy: start the sign-in again, and paste the whole address from the browser.
    """


class RosterError(TallyfyError):
    """Some people or processes could not be converged.

    All others were converged. ``people`` in the result has a row for each with its outcome, ``problems`` the reasons,
    and ``deferred`` those that have to wait for a limit of Tallyfy.

    Remedy: correct what the reasons name, then run the same task again.
    """


class DriftError(TallyfyError):
    """The organization differs from its roster.

    This is a failure only with ``fail: true``. ``people`` and ``groups`` in the result hold every difference.

    Remedy: apply the roster to change the organization, or export the organization to change the roster.
    """


class ApiError(TallyfyError):
    """When a request gets no usable answer.

    What it means when a connection, an answer or a list cannot be used, and what to do. The message begins with the
    request. It shows no secret.
    """

    #: The number of seconds to wait, as the answer requests.
    retry_after: float | None = None

    def __init__(self, request: str, answer: str, *, advice: str = "", **facts: object) -> None:
        self.request = request
        self.answer = answer
        super().__init__(_message(request, answer, advice), request=request, **facts)

    def advise(self, advice: str) -> None:
        """Replace the advice; for callers that know more about the request."""
        self.message = _message(self.request, self.answer, advice)
        self.text = self._common(advice)
        self.args = (self.message,)

    def _common(self, advice: str) -> str:
        """Return the message without parts that differ between requests."""
        return _message(self.request, self.answer, advice)

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer, ``None`` without an answer."""
        status = self.facts.get("status")
        return status if isinstance(status, int) else None


def _message(request: str, answer: str, advice: str) -> str:
    text = f"{request}: {answer}"
    return f"{text.rstrip('.')}. {advice}" if advice else text


class UnreachableError(ApiError):
    """Tallyfy cannot be reached.

    No connection was made, or it ended before the answer to a reading request was complete. Nothing was changed by
    this request.

    Remedy: check ``api_url``, ``token_url``, the network, and the proxy in ``HTTPS_PROXY`` or ``ALL_PROXY``.
    """


class BusyRequestError(BusyError, ApiError):
    """Another process blocks the request budget or the sign-in.

    All processes of one user share both, and hold them for an instant only. The request was not sent.

    Remedy: end the process that the message names if it hangs, then run the task again.
    """

    def __init__(self, request: str, answer: str, holder: str) -> None:
        super().__init__(request, answer, advice="End that process if it hangs, and run this again.", holder=holder)


class CertificateError(UnreachableError):
    """The certificate of the server is not trusted.

    The request was not sent, and neither was a secret.

    Remedy: check the host in ``api_url`` and ``token_url``. For an authority of your own, set ``ca_path`` to its
    certificate.
    """


class LostAnswerError(ApiError):
    """A write was sent and its answer was lost.

    Tallyfy may have carried it out. The task looked for its effect and could not decide, or cannot look for it.

    Remedy: run the task again. It reads first, so it does not write twice. For ``tallyfy_api`` with ``POST``, look in
    Tallyfy first, since such a call is not repeated safely.
    """

    may_be_done = True


class UnreadableAnswerError(ApiError):
    """An answer cannot be read.

    It is not JSON, not complete, too large, or has another structure than Tallyfy documents.

    Remedy: check that ``api_url`` and ``token_url`` are the addresses of the API and not of a web page or a proxy.
    If they are, run the task again later.
    """


class RedirectedError(ApiError):
    """The server redirects to another address.

    Redirects are not followed, because the other address would get the token.

    Remedy: set ``api_url`` and ``token_url`` to the final addresses, with ``https://``.
    """


class RefusedByServiceError(ApiError):
    """When Tallyfy refuses a request.

    What each refusal means, and what to do. The message quotes the reason that Tallyfy gives, the HTTP status, and the
    ID of the request, by which Tallyfy's support can find it. For a status that is not listed below, correct what the
    reason names, then run the task again.
    """

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
    """The token is not accepted (401).

    It is expired, revoked, or of the wrong kind for this route. A token that the collection issued was renewed once,
    and the new one was refused as well.

    Remedy: with application credentials, set ``act_as`` to the e-mail address of an administrator. With
    ``access_token``, get a new token.
    """


class ForbiddenError(RefusedByServiceError):
    """The acting user may not do this (403).

    The token is valid, so the task does not request a new one.

    Remedy: with application credentials, check that ``org_id`` and ``client_id`` belong together. With ``act_as`` or
    ``access_token``, act as an administrator. Only the person can change a profile that several organizations share.
    """


class NotFoundError(RefusedByServiceError):
    """Tallyfy does not find the address or the record (404).

    With the code ``ENDPOINT_NOT_FOUND`` the address is not a route of the API.

    Remedy: check ``api_url``, ``org_id`` and the IDs in the address.
    """


class SeatPoolError(RefusedByServiceError):
    """The organization has no free seat (409).

    Administrators and standard members share one pool of seats; light members have another.

    Remedy: disable members who have left, buy seats, or make the person a light member. Then run the task again.
    """


class InvalidError(RefusedByServiceError):
    """Tallyfy does not accept a value (422).

    ``errors`` in the result names the fields and what is wrong with each.

    Remedy: correct these fields, then run the task again.
    """


class RateLimitError(RefusedByServiceError):
    """Tallyfy asks for a longer wait than the task may take (429).

    ``not_before`` in the result is the time from which Tallyfy accepts the request again. Runs over many people finish
    what they can, and list the others as ``deferred``.

    Remedy: run the task again after ``not_before``, or set a longer ``max_wait``.
    """


class PausedError(ApiError):
    """Tallyfy has asked another task to pause.

    The pause applies to all processes of this user and organization. It is longer than ``max_wait`` of this task, so
    nothing was sent.

    Remedy: run the task again after ``not_before``, or set a longer ``max_wait``.
    """


class ServerError(RefusedByServiceError):
    """Tallyfy itself fails (5xx).

    The request was repeated as long as ``max_wait`` allows, if repeating it is safe. A write may have been carried out.

    Remedy: run the task again later. If the error persists, give the request ID to Tallyfy's support.
    """


class SignInError(RefusedByServiceError):
    """The sign-in is refused.

    The token endpoint does not accept the application credentials.

    Remedy: check ``client_id`` and ``client_secret``, and that both are still valid in Tallyfy.
    """


class InconsistentListError(ApiError):
    """The pages of a list do not add up.

    Records are missing or occur twice, usually because somebody changed the list while it was read. Such a list is
    never used, so nobody is removed.

    Remedy: run the task again.
    """
