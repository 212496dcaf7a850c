# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The search over templates, processes and tasks: one list for each kind that was asked for."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route
from .envelopes import Reply
from .listings import paged
from .records import Run, Task, Template
from .run_records import run_record

KINDS = ("blueprint", "process", "task", "snippet", "capture", "step")


def search(call: Call) -> Reply:
    kinds = [kind for kind in call.query.get("on", "").split(",") if kind]
    requested = call.query.get("search", "").lower()
    if not kinds or any(kind not in KINDS for kind in kinds):
        raise call.invalid({"on": ["The selected on is invalid."]})
    organization = call.organization
    parts = []
    for kind in kinds:
        rows: list[Any] = []
        if kind == "blueprint":
            rows = [
                one
                for one in organization.templates.values()
                if one.record["archived_at"] is None and requested in one.record["title"].lower()
            ]
        elif kind == "process":
            rows = [
                one
                for one in organization.runs.values()
                if one.record["archived_at"] is None and requested in one.name_key
            ]
        elif kind == "task":
            rows = [
                one for one in organization.tasks.values() if one.is_open and requested in one.record["title"].lower()
            ]
        page = paged(call, rows, lambda row: _row(call, row), default=10, maximum=100)
        parts.append(b'"%s":%s' % (kind.encode(), page.body))
    return Reply(200, b"{" + b",".join(parts) + b"}")


def _row(call: Call, row: Template | Run | Task) -> bytes:
    if isinstance(row, Run):
        record = run_record(call.world, row)
        found = {"id": row.id, "increment_id": record["increment_id"], "search_type": "process"}
        found |= {name: record[name] for name in ("name", "status", "type", "due_date_passed", "due_soon")}
    elif isinstance(row, Template):
        found = {"id": row.id, "increment_id": row.record["increment_id"], "search_type": "blueprint"}
        found |= {name: row.record[name] for name in ("title", "status", "type")}
    else:
        found = {"id": row.id, "increment_id": row.record["increment_id"], "search_type": "task"}
        found |= {name: row.record[name] for name in ("title", "status", "run_id")}
    return orjson.dumps(found | {"organization_id": call.organization.id})


ROUTES = (Route("search", "GET", "/organizations/{org}/search", search),)
