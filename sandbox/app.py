# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The gateway: one request from the wire to its handler and back, through faults, tokens, limits and the ledger."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote, unquote_plus

import orjson

from . import applications, tokens
from .calls import Call, Route, certain
from .control import control_plane
from .envelopes import (
    JSON,
    RefusalError,
    Reply,
    endpoint_not_found,
    forbidden,
    html_page,
    rate_limited,
    read_only,
    resource_not_found,
    unauthenticated,
    wrong_application,
)
from .faults import Fault
from .ledger import Entry
from .permissions import require
from .routing import resolve
from .state import World
from .validation import without_empty_strings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# The extension of the scope under which the server's protocol leaves the connection, see __main__.py.
MINUTE_SECONDS = 60.0
TRANSPORT = "tallyfy.sandbox.transport"

_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
}
_request_ids = itertools.count(1)


def build(world: World) -> Application:
    """Return the ASGI application over a world: ``/_sandbox`` for tests, everything else is the API."""
    control = control_plane(world)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_sandbox/"):
            await _serve(world, scope, receive, send)
            return
        await control(scope, receive, send)

    return application


async def _serve(world: World, scope: Scope, receive: Receive, send: Send) -> None:
    body = await _read(receive)
    raw_path = scope["raw_path"].decode("latin-1")
    method = scope["method"]
    route, params, path = resolve(method, raw_path)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw_query = scope["query_string"].decode("latin-1")
    warnings: list[str] = []
    # OAuth parameters are form-encoded by the standard; the API's own are not reliably decoded that way.
    plus = world.switches.plus_is_space or path.startswith("/oauth/")
    query = _query(raw_query, warnings, plus_is_space=plus) if raw_query else {}
    client = scope.get("client") or ("", 0)
    entry = Entry(
        n=world.ledger.next_number(),
        at=world.now(),
        method=method,
        path=path,
        raw_path=raw_path,
        query=query,
        route=route.name if route is not None else "unknown",
        write=method not in ("GET", "HEAD") and not (route is not None and route.sign_in),
        connection=client[1],
        body=body,
        content_type=headers.get("content-type", ""),
        warnings=warnings,
    )
    world.ledger.add(entry)
    fault = world.faults.meet(method, path, entry.route)
    call = Call(world, method, path, body, headers, query, params, client_host=client[0], warnings=warnings)
    if fault is not None and fault.apply_late:
        _put_off(world, lambda: _answer(call, route, raw_path, entry), fault.late_ms)
    delay = world.latency_ms + (fault.delay_ms if fault is not None else 0.0)
    if delay:
        await asyncio.sleep(delay / 1000)
    if fault is not None:
        entry.fault = fault.id
        if fault.cut == "before":
            _cut(scope)
            return
        call.listing_fault, call.replica = fault.listing, fault.replica
    reply = _answer(call, route, raw_path, entry) if fault is None or fault.runs_request else Reply(200)
    if fault is not None:
        if fault.cut == "after":
            _cut(scope)
            return
        reply = _spoiled(fault, reply, world.now())
    entry.status = reply.status
    await _respond(scope, send, reply, half=fault is not None and fault.half_body)


def _put_off(world: World, work: Callable[[], Reply], late_ms: float | None) -> None:
    """Keep a request for later: until a test says so, or for so many milliseconds."""
    world.late.append(work)
    if late_ms is not None:
        asyncio.get_running_loop().call_later(late_ms / 1000, world.carry_out, work)


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _respond(scope: Scope, send: Send, reply: Reply, *, half: bool) -> None:
    length = len(reply.body)
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"x-request-id", b"sandbox-%d" % next(_request_ids)),
    ]
    if reply.status != 204:
        headers.append((b"content-length", b"%d" % length))
    headers.extend((name.lower().encode(), value.encode()) for name, value in reply.headers.items())
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if half:
        await send({"type": "http.response.body", "body": reply.body[: length // 2], "more_body": True})
        _transport(scope).close()
        return
    await send({"type": "http.response.body", "body": reply.body})


def _answer(call: Call, route: Route | None, raw_path: str, entry: Entry) -> Reply:
    reply = _answer_without_limits(call, route, raw_path, entry)
    _add_limit_headers(call, reply)
    return reply


def _add_limit_headers(call: Call, reply: Reply) -> None:
    """Put the numbers of the minute into the headers of all answers; a refusal comes with its own."""
    shown = call.world.switches.rate_limit_headers
    if call.pace is not None and reply.status != 429 and shown in ("all", "remaining"):
        limit, left = call.pace
        reply.headers.update({"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left)})
    if shown in ("none", "remaining"):
        reply.headers.pop("X-RateLimit-Limit", None)
    if shown == "none":
        reply.headers.pop("X-RateLimit-Remaining", None)


def _answer_without_limits(call: Call, route: Route | None, raw_path: str, entry: Entry) -> Reply:
    try:
        return _handled(call, route, raw_path, entry)
    except RefusalError as refusal:
        if call.world.switches.missing_accept == "html" and not _wants_json(call):
            return html_page(refusal.reply.status, _TITLES.get(refusal.reply.status, "Error"))
        return refusal.reply


def _handled(call: Call, route: Route | None, raw_path: str, entry: Entry) -> Reply:
    world = call.world
    switches = world.switches
    _note_oddities(call, raw_path)
    if call.params:
        entry.organization = call.params[0]
    if route is None or not _exists(call, route, raw_path):
        raise endpoint_not_found()
    if route.caller == "anyone":
        _limit(call, f"address {call.client_host}", None)
        return route.handler(call)
    if "x-tallyfy-client" not in call.headers:
        _missing_client_header(call)
    _authenticate(call, entry)
    _admit(call, route, entry)
    if entry.write:
        if switches.read_only:
            raise read_only()
        world.changes += 1
        call.body = _json_body(call)
    elif route.sign_in:
        call.body = _json_body(call)
    require(call, route.permission)
    if call.replica is not None and not entry.write:
        call.organization = call.replica[call.organization.id]
    return route.handler(call)


def _exists(call: Call, route: Route, raw_path: str) -> bool:
    """Say whether the switches let this route exist."""
    switches = call.world.switches
    if route.name == "oauth.token":
        return raw_path.rstrip("/") in switches.token_paths
    if route is applications.MINT:
        return not switches.legacy_user_token_route
    if route is applications.MINT_BY_BODY:
        return switches.legacy_user_token_route
    return True


def _missing_client_header(call: Call) -> None:
    call.warnings.append("X-Tallyfy-Client is missing")
    answer = call.world.switches.missing_client_header
    if answer == "401":
        raise _unauthenticated(call)
    if answer == "403":
        raise forbidden()
    if answer == "404":
        raise endpoint_not_found()


def _authenticate(call: Call, entry: Entry) -> None:
    """Find the token and the person behind it, or refuse with 401."""
    world = call.world
    authorization = call.headers.get("authorization")
    if authorization is None:
        _limit(call, f"address {call.client_host}", None)
        raise _unauthenticated(call)
    scheme, _, value = authorization.partition(" ")
    token = tokens.find(world, value) if scheme == "Bearer" else None
    if token is None:
        entry.token = "invalid"
        raise _unauthenticated(call)
    entry.token = token.kind
    call.token = token
    home = world.organizations[token.organization_id]
    if token.user_id is not None:
        member = home.members.get(token.user_id)
        if member is None or member.deleted:
            entry.token = "invalid"
            raise _unauthenticated(call)
        call.acting = member
        entry.acting = member.account.email
    _limit(call, _limit_key(call), home.id)


def _admit(call: Call, route: Route, entry: Entry) -> None:
    """Check the kind of token against the route, and the organization of the path against the token's."""
    world, token = call.world, certain(call.token)
    switches = world.switches
    home = world.organizations[token.organization_id]
    if route.caller == "application":
        if token.kind != "application" and switches.user_token_on_application_routes != "accept":
            raise forbidden() if switches.user_token_on_application_routes == "403" else _unauthenticated(call)
    elif token.kind == "application" and (route.caller == "user" or switches.app_token_on_org_routes == "deny"):
        raise _unauthenticated(call)
    if not call.params:
        call.organization = home
        entry.organization = home.id
        return
    requested = world.organizations.get(call.params[0])
    if requested is None:
        raise resource_not_found()
    if requested is not home:
        if token.kind == "application":
            raise wrong_application()
        belongs = call.acting is not None and call.acting.id in requested.members
        if belongs and switches.foreign_organization == "404":
            raise resource_not_found()
        raise forbidden()
    call.organization = requested


def _limit_key(call: Call) -> str:
    token = certain(call.token)
    return f"application {token.client_id}" if token.user_id is None else f"user {token.user_id}"


def _limit(call: Call, caller: str, organization_id: str | None) -> None:
    """Keep the rolling windows; a request that is refused does not count."""
    switches = call.world.switches
    limits: list[tuple[str, int, float, str, bool]] = []
    operation = "You've reached the limit for API requests. Please try again later."
    if switches.burst_per_second is not None:
        limits.append((f"burst {caller}", switches.burst_per_second, 1.0, "Too Many Attempts.", False))
    if switches.rate_limit_per_minute is not None:
        limits.append((caller, switches.rate_limit_per_minute, MINUTE_SECONDS, operation, True))
    if organization_id is not None and switches.rate_limit_organization_per_minute is not None:
        name = f"organization minute {organization_id}"
        limits.append((name, switches.rate_limit_organization_per_minute, MINUTE_SECONDS, operation, True))
    if organization_id is not None and switches.rate_limit_organization_per_hour is not None:
        name = f"organization hour {organization_id}"
        limits.append((name, switches.rate_limit_organization_per_hour, 3600.0, operation, True))
    _count(call, limits)


def _count(call: Call, limits: list[tuple[str, int, float, str, bool]]) -> None:
    now = call.world.now()
    windows = call.world.windows
    for name, limit, seconds, message, code in limits:
        window = windows.setdefault(name, deque())
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) >= limit:
            wait = (window[0] if window else now) + seconds - now
            # How many there may be in a second is told to nobody.
            raise rate_limited(message, wait, limit=limit if code else None, code=code)
    for name, limit, seconds, *_ in limits:
        windows[name].append(now)
        left = limit - len(windows[name])
        if seconds == MINUTE_SECONDS and (call.pace is None or left < call.pace[1]):
            call.pace = limit, left


def _json_body(call: Call) -> dict[str, Any]:
    """Return the JSON object of the body; whatever else arrives counts as no fields at all."""
    if not call.raw_body:
        return {}
    if "json" not in call.headers.get("content-type", ""):
        call.warnings.append("body without a JSON Content-Type is not parsed")
        return {}
    try:
        document = orjson.loads(call.raw_body)
    except orjson.JSONDecodeError:
        call.warnings.append("body is not JSON")
        return {}
    if not isinstance(document, dict):
        if document not in ([], None):
            call.warnings.append("body is not a JSON object")
        return {}
    cleaned: dict[str, Any] = without_empty_strings(document, trim=call.world.switches.trim_strings)
    return cleaned


def _query(raw: str, warnings: list[str], *, plus_is_space: bool) -> dict[str, str]:
    if "+" in raw and not plus_is_space:
        warnings.append("unencoded + in the query")
    decode = unquote_plus if plus_is_space else unquote
    query = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name:
            query[decode(name)] = decode(value)
    if "limit" in query:
        warnings.append("limit is not a parameter of this API")
    return query


def _note_oddities(call: Call, raw_path: str) -> None:
    if "@" in raw_path or "+" in raw_path:
        call.warnings.append("unencoded @ or + in the path")
    if not _wants_json(call) and not call.path.startswith("/oauth/"):
        call.warnings.append("Accept does not name application/json")


def _wants_json(call: Call) -> bool:
    return JSON in call.headers.get("accept", "")


def _unauthenticated(call: Call) -> RefusalError:
    return unauthenticated(bare=call.world.switches.unauthenticated_body == "bare")


def _spoiled(fault: Fault, reply: Reply, now: float) -> Reply:
    if fault.replaces_answer:
        return fault.answer(now)
    reply.headers.update(fault.extra_headers(now))
    if fault.content_type is not None:
        reply.content_type = fault.content_type
    return reply


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]
    return transport


def _cut(scope: Scope) -> None:
    """Reset the connection, so that the caller sees an error and not an end of file."""
    transport = _transport(scope)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
