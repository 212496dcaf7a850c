# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""Finding the handler of a path: a tree of segments, so that the number of routes costs nothing."""

from __future__ import annotations

from urllib.parse import unquote

from . import (
    applications,
    comments,
    folders,
    groups,
    guests,
    members,
    oauth,
    one_off_tasks,
    organization,
    processes,
    searching,
    tags,
    task_lists,
    tasks,
    template_fields,
    template_rules,
    template_steps,
    templates,
)
from .calls import Route

_TABLES = (
    oauth.ROUTES,
    applications.ROUTES,
    members.ROUTES,
    organization.ROUTES,
    groups.ROUTES,
    guests.ROUTES,
    tags.ROUTES,
    templates.ROUTES,
    template_steps.ROUTES,
    template_fields.ROUTES,
    template_rules.ROUTES,
    processes.ROUTES,
    task_lists.ROUTES,
    tasks.ROUTES,
    one_off_tasks.ROUTES,
    comments.ROUTES,
    folders.ROUTES,
    searching.ROUTES,
)


class _Node:
    __slots__ = ("any_segment", "literal", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.any_segment: _Node | None = None
        self.routes: dict[str, Route] = {}


def _grow() -> _Node:
    root = _Node()
    for table in _TABLES:
        for route in table:
            node = root
            for segment in route.template.strip("/").split("/"):
                if segment.startswith("{"):
                    node.any_segment = node.any_segment or _Node()
                    node = node.any_segment
                else:
                    node = node.literal.setdefault(segment, _Node())
            node.routes[route.method] = route
    return root


_ROOT = _grow()


def resolve(method: str, raw_path: str) -> tuple[Route | None, list[str], str]:
    """Return the route, the decoded parameters, and the path without ``/api``.

    Segments are split before they are decoded: an address with an encoded slash stays one segment.
    """
    path = raw_path
    if path == "/api" or path.startswith("/api/"):
        path = path[4:] or "/"
    segments = path.strip("/").split("/")
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    params: list[str] = []
    node = _find(_ROOT, segments, 0, params, "GET" if method == "HEAD" else method)
    shown = "/" + "/".join(segments)
    return (node, params, shown) if node is not None else (None, [], shown)


def _find(node: _Node, segments: list[str], at: int, params: list[str], method: str) -> Route | None:
    if at == len(segments):
        return node.routes.get(method)
    segment = segments[at]
    literal = node.literal.get(segment)
    if literal is not None:
        found = _find(literal, segments, at + 1, params, method)
        if found is not None:
            return found
    if node.any_segment is None or not segment:
        return None
    params.append(segment)
    found = _find(node.any_segment, segments, at + 1, params, method)
    if found is None:
        params.pop()
    return found
