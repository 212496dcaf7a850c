# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The control plane under ``/_sandbox/``: how tests set the scene and read what happened. Never in the ledger."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from . import seed, tokens
from .faults import FaultError
from .launching import forget_run, index_run, launch, launch_onboarding, touch
from .people import accept
from .raw_records import (
    ACCOUNT_FIELDS,
    GROUP_FIELDS,
    GUEST_FIELDS,
    MEMBER_FIELDS,
    PROFILE_FIELDS,
    RECORDS,
    raw_guest,
    raw_member,
    raw_run,
    raw_template,
)
from .records import Account, Member, Organization, Run
from .seed_templates import HIRE_ID
from .state import Options, World
from .switches import SwitchError, describe
from .template_records import add_step, new_field, new_template

_HEX_ID = re.compile("[0-9a-f]{32}")


class ControlError(Exception):
    """A request of a test that cannot be carried out."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Order:
    """One request of a test."""

    world: World
    request: Request
    body: Any


Step = Callable[[Order], Any]
Value = TypeVar("Value")


def control_plane(world: World) -> Starlette:
    """Return the application that serves ``/_sandbox/``."""

    def at(path: str, method: str, step: Step) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _carry_out(world, step, request)

        return Route(path, endpoint, methods=[method])

    return Starlette(
        routes=[
            Mount(
                "/_sandbox",
                routes=[
                    at("/health", "GET", _health),
                    at("/ledger", "GET", _ledger),
                    at("/ledger", "DELETE", _clear_ledger),
                    at("/events", "GET", _events),
                    at("/events", "DELETE", _clear_events),
                    at("/reset", "POST", _reset),
                    at("/switches", "GET", _switches),
                    at("/switches", "PATCH", _set_switches),
                    at("/faults", "POST", _add_fault),
                    at("/faults", "GET", _list_faults),
                    at("/faults", "DELETE", _clear_faults),
                    at("/late", "POST", _carry_out_late),
                    at("/state", "GET", _state),
                    at("/members", "POST", _insert_members),
                    at("/members/{email}", "PATCH", _patch_member),
                    at("/members/{email}/accept", "POST", _accept_member),
                    at("/groups/{name}", "PATCH", _patch_group),
                    at("/guests/{email}", "PATCH", _patch_guest),
                    at("/templates", "POST", _insert_template),
                    at("/templates/{id}", "PATCH", _patch_template),
                    at("/runs", "POST", _insert_runs),
                    at("/runs/{id}", "PATCH", _patch_run),
                    at("/runs/{id}", "DELETE", _delete_run),
                    at("/tasks/{id}", "PATCH", _patch_task),
                    at("/tokens", "POST", _issue_token),
                    at("/tokens/revoke", "POST", _revoke_tokens),
                    at("/tokens/expire", "POST", _expire_tokens),
                    at("/clock", "POST", _move_clock),
                    at("/ids", "POST", _plan_ids),
                ],
            )
        ]
    )


async def _carry_out(world: World, step: Step, request: Request) -> Response:
    raw = await request.body()
    if request.method != "GET":
        world.changes += 1
    try:
        body = orjson.loads(raw) if raw else {}
        answer, status = step(Order(world, request, body)), 200
    except orjson.JSONDecodeError as error:
        answer, status = {"error": f"body is not JSON: {error}"}, 400
    except (SwitchError, FaultError) as error:
        answer, status = {"error": str(error)}, 400
    except ControlError as error:
        answer, status = {"error": str(error)}, error.status
    return Response(orjson.dumps(answer), status, media_type="application/json")


def reset(world: World, options: Options, switches: dict[str, Any]) -> None:
    """Plant a fresh seed and set switches on top of the command line's."""
    seed.plant(world, options)
    for name, value in switches.items():
        world.switches.set(name, value)
    world.switch_changed()


def _health(order: Order) -> Any:
    return {
        "status": "ok",
        "organization_id": seed.ORGANIZATION_ID,
        "client_id": seed.CLIENT_ID,
        "members": sum(len(organization.members) for organization in order.world.organizations.values()),
        "now": order.world.now(),
        "cpu_seconds": time.process_time(),
    }


def _ledger(order: Order) -> Any:
    query = order.request.query_params
    write = query.get("write")
    requests = order.world.ledger.find(
        method=query.get("method"),
        route=query.get("route"),
        since=int(query.get("since", "0")),
        write=None if write is None else write.lower() == "true",
    )
    return {"requests": requests, "count": len(requests)}


def _clear_ledger(order: Order) -> Any:
    order.world.ledger.clear()
    return {"count": 0}


def _events(order: Order) -> Any:
    query = order.request.query_params
    events = order.world.events.find(
        event=query.get("event"), run=query.get("run"), task=query.get("task"), since=int(query.get("since", "0"))
    )
    return {"events": events, "count": len(events)}


def _clear_events(order: Order) -> Any:
    order.world.events.clear()
    return {"count": 0}


def _reset(order: Order) -> Any:
    _refuse_unknown(set(order.body) - {"members", "organizations", "switches", "latency_ms"}, "reset field")
    base = order.world.baseline
    options = Options(
        members=int(order.body.get("members", base.members)),
        organizations=int(order.body.get("organizations", base.organizations)),
        latency_ms=float(order.body.get("latency_ms", base.latency_ms)),
    )
    reset(order.world, options, order.body.get("switches") or {})
    return {"members": options.members, "organizations": options.organizations, "latency_ms": options.latency_ms}


def _switches(order: Order) -> Any:
    if order.request.query_params.get("describe") == "true":
        return describe()
    return order.world.switches.as_dict()


def _set_switches(order: Order) -> Any:
    # All names and values are tried on a copy first: a refused request changes nothing.
    trial = copy(order.world.switches)
    for name, value in order.body.items():
        trial.set(name, value)
    order.world.switches = trial
    order.world.switch_changed()
    return order.world.switches.as_dict()


def _add_fault(order: Order) -> Any:
    return {"id": order.world.add_fault(order.body).id}


def _list_faults(order: Order) -> Any:
    return {"faults": order.world.faults.all()}


def _clear_faults(order: Order) -> Any:
    order.world.faults.clear()
    return {"faults": []}


def _carry_out_late(order: Order) -> Any:
    """Carry out the requests that were put off, in the order they came in."""
    return {"statuses": [order.world.carry_out(work) for work in list(order.world.late)]}


def _state(order: Order) -> Any:
    """Return all that is there, or the kinds of records that ``only`` names."""
    query, world = order.request.query_params, order.world
    kinds = query["only"].split(",") if "only" in query else list(RECORDS)
    unknown = sorted(set(kinds) - set(RECORDS))
    if unknown:
        raise ControlError(f"unknown records {', '.join(unknown)}; known are: {', '.join(RECORDS)}")
    requested = query.get("organization")
    chosen = list(world.organizations.values()) if requested is None else [_organization(order)]
    state: dict[str, Any] = {
        kind: [
            {"organization_id": organization.id} | record
            for organization in chosen
            for record in RECORDS[kind](organization)
        ]
        for kind in kinds
    }
    return state | {"tokens": len(world.tokens)}


def _insert_members(order: Order) -> Any:
    """Insert raw members: ``email`` is needed, the rest has defaults. Takes one object or a list."""
    organization = _organization(order)
    inserted = []
    for record in order.body if isinstance(order.body, list) else [order.body]:
        email = record.get("email")
        if not email:
            raise ControlError("a member needs an email")
        if order.world.member_of(organization, email) is not None:
            raise ControlError(f"{email} is a member already")
        account = order.world.account_of(email) or order.world.add_account(
            Account(
                int(record.get("id") or order.world.new_id()),
                email,
                "First",
                "Last",
                username=email.partition("@")[0],
                timezone=organization.timezone,
                activated_at=seed.JOINED,
                created_at=seed.JOINED,
                updated_at=seed.JOINED,
            )
        )
        member = order.world.add_member(Member(account, organization, approved_at=seed.JOINED))
        _set_raw(order.world, member, {name: value for name, value in record.items() if name not in ("email", "id")})
        inserted.append(raw_member(member))
    return {"members": inserted}


def _patch_member(order: Order) -> Any:
    member = _member(order)
    _set_raw(order.world, member, order.body)
    return raw_member(member)


def _accept_member(order: Order) -> Any:
    member = _member(order)
    if member.status != "invited":
        raise ControlError(f"{member.account.email} is {member.status}, not invited")
    accept(order.world, member)
    run = launch_onboarding(order.world, member.organization, member.id)
    return raw_member(member) | ({} if run is None else {"run_id": run.id})


def _patch_group(order: Order) -> Any:
    organization = _organization(order)
    name = order.request.path_params["name"]
    named = next((group for group in organization.groups.values() if name in (group.name, group.id)), None)
    group = _there(named, f"group {name}")
    _refuse_unknown(set(order.body) - GROUP_FIELDS, "group field")
    order.world.unindex_group(organization, group)
    for field_name, value in order.body.items():
        setattr(group, field_name, value)
    group.row_generation = -1
    order.world.index_group(organization, group)
    return {"id": group.id} | {field_name: getattr(group, field_name) for field_name in sorted(GROUP_FIELDS)}


def _patch_guest(order: Order) -> Any:
    email = order.request.path_params["email"]
    guest = _there(_organization(order).guests.get(order.world.email_key(email)), f"guest {email}")
    for name, value in order.body.items():
        if name in GUEST_FIELDS:
            setattr(guest, name, value)
        elif name in PROFILE_FIELDS - {"id", "email"}:
            setattr(guest.profile, name, value)
        else:
            raise ControlError(f"unknown guest field {name}")
    guest.row_generation = -1
    return raw_guest(guest)


def _insert_template(order: Order) -> Any:
    """Insert a template: ``title`` is needed; ``prerun`` and ``steps`` are lists of definitions."""
    organization, world = _organization(order), order.world
    given = dict(order.body)
    owner = organization.default_admin()
    template = new_template(
        world,
        given.pop("title"),
        owner_id=given.pop("owner_id", owner.id if owner is not None else 0),
        at=world.timestamp(),
        template_id=given.pop("id", None),
        status=given.pop("status", "active"),
    )
    requested_fields, requested_steps = given.pop("prerun", []), given.pop("steps", [])
    template.permissions = given.pop("permissions", {})
    _set_record(template.record, given, "template")
    template.record["prerun"] = [
        new_field(world, template, number, one) for number, one in enumerate(requested_fields, 1)
    ]
    for step in requested_steps:
        add_step(world, template, step)
    organization.templates[template.id] = template
    return raw_template(template)


def _patch_template(order: Order) -> Any:
    template_id = order.request.path_params["id"]
    template = _there(_organization(order).templates.get(template_id), f"template {template_id}")
    given = dict(order.body)
    template.permissions = given.pop("permissions", template.permissions)
    template.steps = given.pop("steps", template.steps)
    _set_record(template.record, given, "template")
    template.row_generation = -1
    return raw_template(template)


def _insert_runs(order: Order) -> Any:
    """Insert processes without any check; ``checklist_id`` defaults to the seeded template, ``name`` to its own."""
    organization, world = _organization(order), order.world
    inserted = []
    for record in order.body if isinstance(order.body, list) else [order.body]:
        given = dict(record)
        template_id = given.pop("checklist_id", HIRE_ID)
        template = _there(organization.templates.get(template_id), f"template {template_id}")
        prerun, starter = given.pop("prerun", {}), given.pop("started_by", template.record["owner_id"])
        run = launch(world, organization, template, starter_id=starter, prerun=prerun, run_id=given.pop("id", None))
        _set_record(run.record, given, "run")
        index_run(organization, run)
        inserted.append(run.id)
    return {"runs": inserted}


def _patch_run(order: Order) -> Any:
    run = _run(order)
    _set_record(run.record, order.body, "run")
    touch(run, run.record["last_updated"])
    return raw_run(run)


def _delete_run(order: Order) -> Any:
    run = _run(order)
    forget_run(_organization(order), run)
    return raw_run(run)


def _patch_task(order: Order) -> Any:
    task_id = order.request.path_params["id"]
    task = _there(_organization(order).tasks.get(task_id), f"task {task_id}")
    _set_record(task.record, order.body, "task")
    if task.run is not None:
        touch(task.run, task.run.record["last_updated"])
    return task.record


def _issue_token(order: Order) -> Any:
    """Hand out a token without a sign-in: for tests that start with a ready-made one."""
    organization = _organization(order)
    lifetime = int(order.body.get("expires_in", order.world.switches.expires_in_user))
    email = order.body.get("email")
    if email is None:
        return {"access_token": tokens.issue(order.world, "application", organization, lifetime)}
    member = _there(order.world.member_of(organization, email), f"member {email}")
    return {"access_token": tokens.issue(order.world, "user", organization, lifetime, user_id=member.id)}


def _revoke_tokens(order: Order) -> Any:
    revoked = [token for token in order.world.tokens.values() if order.body.get("kind") in (None, token.kind)]
    for token in revoked:
        token.revoked = True
    return {"revoked": len(revoked)}


def _expire_tokens(order: Order) -> Any:
    for token in order.world.tokens.values():
        token.expires_at = min(token.expires_at, order.world.now())
    return {"expired": len(order.world.tokens)}


def _move_clock(order: Order) -> Any:
    world = order.world
    now = float(order.body.get("now", world.now())) + float(order.body.get("advance_seconds", 0))
    is_stopped = order.body.get("stop", world.stopped_at is not None)
    world.stopped_at = now if is_stopped else None
    world.clock_offset = 0.0 if is_stopped else now - time.time()
    world.switch_changed()  # what is late depends on the clock
    return {"now": world.now(), "offset": world.clock_offset}


def _plan_ids(order: Order) -> Any:
    """Say which ids the next records of a kind get."""
    wrong = [one for planned in order.body.values() for one in planned if not _HEX_ID.fullmatch(one)]
    if wrong:
        raise ControlError(f"no 32-hex id: {', '.join(wrong)}")
    for kind, planned in order.body.items():
        order.world.planned_ids.setdefault(kind, deque()).extend(planned)
    return {kind: list(planned) for kind, planned in order.world.planned_ids.items()}


def _organization(order: Order) -> Organization:
    """Return the organization the query names, else the seeded one."""
    requested = order.request.query_params.get("organization", seed.ORGANIZATION_ID)
    return _there(order.world.organizations.get(requested), f"organization {requested}")


def _member(order: Order) -> Member:
    email = order.request.path_params["email"]
    return _there(order.world.member_of(_organization(order), email), f"member {email}")


def _run(order: Order) -> Run:
    run_id = order.request.path_params["id"]
    return _there(_organization(order).runs.get(run_id), f"run {run_id}")


def _there(found: Value | None, requested: str) -> Value:
    if found is None:
        raise ControlError(f"no {requested}", 404)
    return found


def _refuse_unknown(names: set[str], kind: str) -> None:
    if names:
        raise ControlError(f"unknown {kind} {', '.join(sorted(names))}")


def _set_record(record: dict[str, Any], values: dict[str, Any], noun: str) -> None:
    _refuse_unknown(set(values) - (set(record) - {"id"}), f"{noun} field")
    record.update(values)


def _set_raw(world: World, member: Member, values: dict[str, Any]) -> None:
    _refuse_unknown(set(values) - MEMBER_FIELDS - ACCOUNT_FIELDS, "member field")
    for name, value in values.items():
        if name == "email":
            world.rename_email(member.account, value)
        elif name in MEMBER_FIELDS:
            setattr(member, name, value)
        else:
            setattr(member.account, name, value)
    world.touch(member)
