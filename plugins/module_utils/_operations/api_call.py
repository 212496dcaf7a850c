# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to any route, and how to repeat them safely. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from ansible_collections.tallyfy.platform.plugins.module_utils._api.answer import Answer
from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client, Record
from ansible_collections.tallyfy.platform.plugins.module_utils._api.creation import READ_BACK_WAITS_SECONDS
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import replace_by
from ansible_collections.tallyfy.platform.plugins.module_utils._api.routes import path_below
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.answered_tokens import keep_tokens, without_tokens
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.plan import Plan, PlanRun, Step
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.verbs import Verb
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    ApiError,
    InputError,
    InvalidError,
    NotFoundError,
    NotStoredError,
    RefusedByServiceError,
    TallyfyError,
    UnreadableAnswerError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SHORTEST_SECRET

from .differences import (
    differing,
    dotted,
    is_in,
    lasting,
    leaves,
    nested,
    part_of,
    unasked_changes,
)

ROUTE_UNKNOWN = "ENDPOINT_NOT_FOUND"
TOKEN_NOTE = "The answer contains a token, which is not shown; use tallyfy_token to register a token."
#: The effect of a write, by its method.
_VERBS: dict[str, Verb] = {"POST": "created", "PUT": "updated", "PATCH": "updated", "DELETE": "deleted"}
_OF_A_GUEST = re.compile(r"/guests/[^/]+/*$")
_PUT_AWAY_AT = ("archived_at", "deleted_at", "disabled_at")
_PUT_AWAY = ("archived", "deleted", "disabled")
_NO_ANSWER = {"status": None, "data": None, "meta": None, "request_id": None}
_DOUBT_OF_A_DELETE = "It may or may not have been carried out. Run it again to find out: it reads first."
_DO_NOT_REPEAT = (
    "It may have been carried out. Do not just run it again: read the path, or the record that it changes, with "
    "method=GET first"
)
#: The advice after a write with an unknown outcome: repeating it could do it twice.
_DOUBT = {
    "POST": f"{_DO_NOT_REPEAT} (all_pages=true for a list), and send it again only if it had no effect.",
    "PATCH": f"{_DO_NOT_REPEAT}, and send it again only if it had no effect.",
    "PUT": f"{_DO_NOT_REPEAT}, or use only_if_different=true, which does so.",
    "DELETE": f"{_DO_NOT_REPEAT}, and send it again only if it had no effect.",
}


def validate_call(params: Mapping[str, Any]) -> list[str]:
    """Return the problems of the options that need no request to be found."""
    method, body = params["method"], params.get("body")
    problems = []
    if params["all_pages"] and method != "GET":
        problems.append(f"all_pages requires method GET, not {method}")
    if params["only_if_different"] and method != "PUT":
        problems.append(f"only_if_different requires method PUT, not {method}")
    if params["only_if_different"] and not (isinstance(body, Mapping) and body):
        problems.append("only_if_different requires a body that is a dictionary with the keys to compare")
    if any(isinstance(value, Mapping) for value in params["query"].values()):
        problems.append("query must contain plain values or lists, not dictionaries")
    if method == "GET" and body is not None:
        problems.append("method GET has no body; use query for parameters")
    return problems


def issues_tokens(path: str) -> bool:
    """Return whether a route issues a token: ``/applications/…/users/…/token``, ``/oauth/token``.

    Segments are separated by slashes. A percent-encoded slash is a part of a name, or a separator for some servers;
    both readings are checked.
    """
    segments = [unquote(segment).strip().casefold() for segment in path.split("/")]
    names = [name for segment in segments for name in (segment, *segment.split("/")) if name]
    if not names or names[-1] != "token":
        return False
    return {"applications", "users"} <= set(names) or "oauth" in names


def make_call(client: Client, params: Mapping[str, Any]) -> dict[str, Any]:
    """Send the request of the options of ``tallyfy_api`` and return the module's result.

    Tokens in a request or an answer are not shown, regardless of the route.
    """
    sent = [params["path"], params["query"], params.get("body")]
    keep_tokens(sent, client.secrets, shortest=SHORTEST_SECRET)
    path = path_below(client.connection.api_url, params["path"].replace("{org_id}", client.connection.org_id))
    problems = validate_call(params)
    if issues_tokens(path):
        problems.append("this route issues a token; use the module tallyfy_token, which hides it from the output")
    if problems:
        raise InputError(problems)
    call = _Call(client, params["method"], path, _joined(params["query"]), params.get("body"), params["token_kind"])
    result, has_token = without_tokens(_made(call, params))
    return {**result, "notes": [*result["notes"], TOKEN_NOTE]} if has_token else dict(result)


def _made(call: _Call, params: Mapping[str, Any]) -> dict[str, Any]:
    if call.method == "GET":
        return _read(call, all_pages=params["all_pages"])
    if params["only_if_different"]:
        return Replacement(call).result()
    seen = _look(call) if call.method == "DELETE" else _Seen(None)
    values = call.body if isinstance(call.body, Mapping) else {}
    step = Step(_VERBS[call.method], call.path, "was asked for", values)
    plan = Plan(call.path, steps=() if seen.is_there is False else (step,))
    result = dict(_NO_ANSWER)
    outcome = plan.run(lambda _step: _write(call, seen, result), check_mode=call.client.check_mode)
    del outcome["diff"]
    return {**result, **outcome, "notes": []}


@dataclass(frozen=True)
class _Call:
    """One request."""

    client: Client
    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    token: str

    def send(self) -> Answer:
        """Send it and return the answer."""
        answer = self.client.call(self.method, self.path, query=self.query, body=self.body, token=self.token)
        return self.heard(answer)

    def read(self) -> Answer:
        """Return the answer to a GET of the same path."""
        return self.heard(self.client.call("GET", self.path, query=self.query, token=self.token))

    def heard(self, answer: Answer) -> Answer:
        """Return the answer and mask its tokens from now on."""
        keep_tokens(answer.body, self.client.secrets)
        return answer


@dataclass(frozen=True)
class _Seen:
    """The record at a path; ``is_there`` is ``None`` if the path cannot be read."""

    is_there: bool | None
    data: Any = None

    @property
    def is_put_away(self) -> bool:
        """Whether the record can be read but is archived, disabled or deleted."""
        record = self.data if isinstance(self.data, Mapping) else {}
        details = record.get("details")
        places = [place for place in (record, details) if isinstance(place, Mapping)]
        dates = [place.get(name) for place in places for name in _PUT_AWAY_AT]
        return any(dates) or str(record.get("status")).lower() in _PUT_AWAY

    @property
    def shown(self) -> Any:
        """The values by which a change of the record is recognized."""
        return lasting(self.data) if isinstance(self.data, Mapping) else self.data


def _read(call: _Call, *, all_pages: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": False, **_NO_ANSWER, "status": 200, "actions": [], "notes": []}
    if all_pages:
        # The route is not known here, and some routes return all records without a count.
        rows = call.client.records(call.path, query=call.query, token=call.token, is_paged=False, is_checked=False)
        return {**result, "data": keep_tokens(rows, call.client.secrets)}
    return {**result, **_answer_fields(call.read())}


def _write(call: _Call, seen: _Seen, result: dict[str, Any]) -> bool:
    """Send a write and add its answer to ``result``; return whether it changed something."""
    try:
        answer = call.send()
    except ApiError as error:
        if call.method == "DELETE" and _is_gone(call, error, seen):
            result.update(status=error.status)
            # The record existed before, so this request removed it, and its first answer was lost.
            return bool(seen.is_there)
        if error.may_be_done:
            error.advise(_DOUBT[call.method] if seen.is_there is None else _DOUBT_OF_A_DELETE)
        raise
    result.update(_answer_fields(answer))
    return _has_gone(call, seen) if seen.is_there else True


def _has_gone(call: _Call, before: _Seen) -> bool:
    """Return whether a successful DELETE changed something; raise ``NotStoredError`` if it should have.

    A record that was archived or disabled can still be read, but differs from its earlier state.
    """
    for seconds in READ_BACK_WAITS_SECONDS:
        call.client.wait(seconds)
        after = _look(call)
        if not after.is_there or after.shown != before.shown:
            return True
    if before.is_put_away:
        # It was disabled before. The query may have requested something else, such as handing work over.
        return bool(call.query)
    raise NotStoredError(
        f"DELETE {call.path}: Tallyfy answered with success, but the record is still there and unchanged. Check the "
        f"path, and what the acting user may do.",
        not_stored=["state"],
    )


def _is_gone(call: _Call, error: ApiError, before: _Seen) -> bool:
    """Return whether a DELETE was refused because there is nothing to delete.

    For a missing guest that is a 422 about the address; source: API reference, "Guests". A record that can still be
    read unchanged is not gone, regardless of the answer.
    """
    is_said = isinstance(error, NotFoundError) and error.code != ROUTE_UNKNOWN
    is_about_guest = isinstance(error, InvalidError) and "email" in error.errors and _OF_A_GUEST.search(call.path)
    if not (is_said or is_about_guest):
        return False
    after = _look(call) if before.is_there or is_about_guest else before
    return not after.is_there or after.shown != before.shown


def _look(call: _Call) -> _Seen:
    """Return the record to delete, if it can be read.

    A route that cannot be read, such as ``…/users/7/disable``, answers with a specific code.
    """
    try:
        return _Seen(True, call.heard(call.client.call("GET", call.path, token=call.token)).data)
    except NotFoundError as error:
        return _Seen(None if error.code == ROUTE_UNKNOWN else False)
    except RefusedByServiceError:
        return _Seen(None)


class Replacement:
    """A PUT that is sent only if the record differs from its body, and verified afterwards."""

    def __init__(self, call: _Call) -> None:
        self._call = call
        self._run = PlanRun(Plan(call.path))
        self._notes: list[str] = []
        self._answer = dict(_NO_ANSWER)

    def result(self) -> dict[str, Any]:
        """Send it unless in check mode, and return the module's result."""
        if self._call.client.check_mode:
            self._read()
            self._run.pretend()
        else:
            self._carry_out()
        self._run.raise_failure()
        return {**self._answer, **self._run.result(), "notes": self._notes}

    def _read(self) -> tuple[Record, Record]:
        """Return the record and the differing values by their names, and make the plan."""
        record = self._call.read().record
        if not record:
            raise UnreadableAnswerError(
                f"GET {self._call.path}",
                "the answer has no record to compare with",
                advice="Use only_if_different with a path whose GET returns the record.",
            )
        changes = differing(self._call.body, record)
        if changes:
            names = {dotted(path): value for path, value in changes.items()}
            steps = (Step("updated", self._call.path, f"{', '.join(sorted(names))} to be set", names),)
            self._run.plan = Plan(self._call.path, part_of(record, changes), nested(changes), steps)
        return record, {dotted(path): value for path, value in changes.items()}

    def _carry_out(self) -> None:
        call = self._call
        try:
            with call.client.alone(call.path):
                done = replace_by(
                    call.client, call.path, read=self._read, body=lambda _record, _fields: call.body,
                    query=call.query, token=call.token,
                )  # fmt: skip
            if done.answer is not None:
                self._answer.update(_answer_fields(call.heard(done.answer)))
            if done.is_written:
                self._look_at(done.before, done.after)
        except TallyfyError as error:
            if not self._run.plan.steps:
                raise
            self._run.fail(self._run.plan.steps[0], error)
            return
        for step in self._run.open_steps() if done.is_written else ():
            self._run.finish(step)

    def _look_at(self, before: Record, after: Record) -> None:
        """Compare the record with its earlier state and the body; raise ``NotStoredError`` for values not stored."""
        if not before.keys() <= after.keys():
            after = self._call.read().record
        sent = leaves(self._call.body)
        lost = sorted(dotted(path) for path in differing(self._call.body, after) if is_in(after, path))
        if lost:
            raise NotStoredError(
                f"PUT {self._call.path}: Tallyfy answered with success, but did not store {', '.join(lost)}. Check the "
                f"values, and that the acting user may set them.",
                not_stored=lost,
            )
        changed = [path for path in sent if dotted(path) in self._run.plan.steps[0].values]
        unseen = sorted(dotted(path) for path in changed if not is_in(after, path))
        if unseen:
            self._notes.append(f"Tallyfy does not return {', '.join(unseen)}, so it is not known if it was stored.")
        unasked = unasked_changes(before, after, sent)
        if unasked:
            self._notes.append(
                f"Tallyfy also changed {', '.join(sorted(map(dotted, unasked)))}, which was not sent. A PUT may "
                f"replace fields that body omits; add them to body to keep them."
            )
        reported = {*changed, *unasked}
        self._run.plan = replace(
            self._run.plan, before=part_of(before, reported), after=part_of(after, reported, otherwise=sent)
        )


def _answer_fields(answer: Answer) -> dict[str, Any]:
    meta = answer.body.get("meta") if isinstance(answer.body, Mapping) else None
    return {"status": answer.status, "data": answer.data, "meta": meta, "request_id": answer.request_id}


def _joined(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with lists joined by commas, as the service expects."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value for name, value in query.items()
    }
