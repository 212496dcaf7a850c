# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any call, with what makes it safe to repeat. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ansible_collections.tallyfy.platform.plugins.module_utils._client import Client, path_below
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import (
    InputError,
    NotFoundError,
    RefusedByServiceError,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._plan import Plan, Step

_ISSUES_TOKENS = re.compile(r"/applications/+[^/]+/+users/+([^/]+/+)?token/*$|/oauth/+token/*$")


def problems_with(params: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with the options by themselves."""
    method, body = params["method"], params.get("body")
    problems = []
    if params["all_pages"] and method != "GET":
        problems.append(f"all_pages is for method GET, not for {method}")
    if params["only_if_different"] and method != "PUT":
        problems.append(f"only_if_different is for method PUT, not for {method}")
    if params["only_if_different"] and not (isinstance(body, Mapping) and body):
        problems.append("only_if_different needs a body that is a dictionary with the keys to compare")
    if any(isinstance(value, Mapping) for value in params["query"].values()):
        problems.append("query holds a dictionary; give plain values or lists")
    if method == "GET" and body is not None:
        problems.append("a GET request has no body; give parameters with query")
    return problems


def make_call(client: Client, params: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Make the call that the options of ``tallyfy_api`` describe and return the module's result."""
    path = path_below(client.connection.api_url, params["path"].replace("{org_id}", client.connection.org_id))
    problems = problems_with(params)
    if _ISSUES_TOKENS.search(unquote(path)):
        problems.append("this route issues a token; use the module tallyfy_token, which keeps it out of the output")
    if problems:
        raise InputError(problems)
    method, query, body, token = params["method"], params["query"], params.get("body"), params["token"]
    if method == "GET":
        return _read(client, path, _joined(query), token, all_pages=params["all_pages"])
    query = _joined(query)
    is_there = _is_there(client, path, token) if method == "DELETE" else None
    plan = Plan(path) if is_there is False else _plan_write(client, path, {**params, "query": query})
    result: dict[str, Any] = {"status": None, "data": None, "meta": None, "request_id": None}

    def carry_out(_step: Step) -> bool:
        try:
            answer = client.call(method, path, query=query, body=body, token=token)
        except NotFoundError as error:
            if method != "DELETE" or error.code == "ENDPOINT_NOT_FOUND":
                raise
            result.update(status=404)
            # What was seen a moment ago has gone by this very request, whose first answer was lost.
            return bool(is_there)
        result.update(status=answer.status, data=answer.data, meta=_meta(answer.body), request_id=answer.request_id)
        return True

    outcome = plan.run(carry_out, check_mode=check_mode)
    if not params["only_if_different"]:
        del outcome["diff"]
    return {**result, **outcome}


def _read(client: Client, path: str, query: Mapping[str, Any], token: str, *, all_pages: bool) -> dict[str, Any]:
    if all_pages:
        # Any route may be asked for, and some send all they have without a count.
        records = client.records(path, query=query, token=token, is_paged=False, is_checked=False)
        return {"changed": False, "status": 200, "data": records, "meta": None, "request_id": None, "actions": []}
    answer = client.call("GET", path, query=query, token=token)
    return {
        "changed": False,
        "status": answer.status,
        "data": answer.data,
        "meta": _meta(answer.body),
        "request_id": answer.request_id,
        "actions": [],
    }


def _plan_write(client: Client, path: str, params: Mapping[str, Any]) -> Plan:
    """Return the plan of one write; it is empty when nothing differs."""
    method, body = params["method"], params.get("body") or {}
    if not params["only_if_different"]:
        values = body if isinstance(body, Mapping) else {}
        return Plan(path, steps=(Step(method.lower(), path, "was asked for", values),))
    current = client.call("GET", path, query=params["query"], token=params["token"]).record
    changes = {key: value for key, value in body.items() if key not in current or current[key] != value}
    if not changes:
        return Plan(path)
    before = {key: current[key] for key in changes if key in current}
    return Plan(path, before, changes, (Step("put", path, f"{', '.join(sorted(changes))} to be set", changes),))


def _is_there(client: Client, path: str, token: str) -> bool | None:
    """Return whether there is something to delete; ``None`` when that cannot be seen before the DELETE.

    A route that cannot be read, such as ``…/users/7/disable``, says so with a code of its own.
    """
    try:
        client.call("GET", path, token=token)
    except NotFoundError as error:
        return None if error.code == "ENDPOINT_NOT_FOUND" else False
    except RefusedByServiceError:
        return None
    return True


def _joined(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with lists as the service takes them: parted by commas."""
    return {
        name: ",".join(str(one) for one in value) if isinstance(value, (list, tuple)) else value
        for name, value in query.items()
    }


def _meta(body: Any) -> Any:
    return body.get("meta") if isinstance(body, Mapping) else None
