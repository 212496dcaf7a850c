# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a roster and its fuse, as check mode has them."""

from __future__ import annotations

import re
from typing import Any

from tests.acceptance.running import Modules

from .canvas import INNER, MARGIN, WIDTH, Canvas
from .scenes import Scenes

LISTED = (
    {"email": "alice.smith@example.com", "role": "admin"},
    {"email": "erin.walker@example.com", "role": "admin"},
    {"email": "bob@example.com", "role": "light"},
    {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"},
)
ALSO_LISTED = ({"email": "john.smith@example.com"},)
PROTECTED = "*@example.net"
KINDS = {"created": "good", "updated": "info", "disabled": "bad", "unchanged": "plain", "kept": "wait"}
ROW = 28


def draw(scenes: Scenes) -> str:
    modules = scenes.modules("roster_fuse")
    passes = _plan(modules, [*LISTED, *ALSO_LISTED], protect=[PROTECTED])
    refused = _plan(modules, list(LISTED))
    demoted = _plan(modules, [LISTED[0], {"email": "erin.walker@example.com", "role": "standard"}], unlisted="ignore")
    limit = re.search(r"allows (\d+) of (\d+) active members", refused["msg"])
    leaving = re.search(r"(\d+) members would lose", refused["msg"])
    if limit is None or leaving is None or "min_admins is 2" not in demoted["msg"]:
        raise RuntimeError(f"The fuse has other words: {refused['msg']} {demoted['msg']}")
    allowed, active = int(limit[1]), int(limit[2])

    canvas = Canvas("A roster and its fuse", "Unlisted members are to be disabled. The plan:")
    for row in passes["people"]:
        _row(canvas, row)
    canvas.y += 8
    disabled = passes["summary"]["disabled"]
    limit_text = f"The limit: 10 % of {active} active members, but at least 3 people."
    _fuse(canvas, f"{disabled} would lose access", disabled, allowed, [limit_text], "The run goes on")
    canvas.y += 6
    order = "Removals come last, and not after an error."
    canvas.paragraph(order, "soft", color="soft")
    canvas.y += 14
    canvas.paragraph("The same roster without John and the protection", "head")
    canvas.y += 6
    count = int(leaving[1])
    text = f"Nothing is written, in check mode either, until somebody sets max_removals to {count}."
    _fuse(canvas, f"{count} would lose access", count, allowed, [text], "Refused")
    canvas.y += 14
    canvas.paragraph("A roster that takes the second administrator's role", "head")
    canvas.y += 6
    left = "1 of 2 administrators would remain. min_admins is 2."
    if "the number of active administrators would drop from 2 to 1" not in demoted["msg"]:
        raise RuntimeError(demoted["msg"])
    canvas.box("Nothing is written", [left], kind="bad", note="Refused")
    return canvas.svg()


def _plan(modules: Modules, people: list[dict[str, str]], **options: Any) -> dict[str, Any]:
    return modules.run("tallyfy_roster", check_mode=True, people=people, **{"unlisted": "disabled", **options})


def _row(canvas: Canvas, row: dict[str, Any]) -> None:
    outcome = "kept" if row["unlisted"] and row["outcome"] == "unchanged" else row["outcome"]
    y = canvas.y
    canvas.parts.append(f'<path d="M{MARGIN} {y}h{INNER}" class="rule"/>')
    canvas.text(MARGIN, y + 5, row["name"], "body")
    canvas.text(MARGIN + 126, y + 5, _why(row), "soft", "soft")
    canvas.pill(WIDTH - MARGIN, y + 3.5, outcome, KINDS[outcome])
    canvas.y += ROW


def _why(row: dict[str, Any]) -> str:
    if not row["unlisted"]:
        return "listed"
    for sign, text in (("protect", "unlisted, protected"), ("Bot", "unlisted, Tallyfy Bot")):
        if sign in row["message"]:
            return text
    return "unlisted"


def _fuse(canvas: Canvas, head: str, used: int, allowed: int, lines: list[str], note: str) -> None:
    """Draw a box with a slot for each removal that is allowed, and a mark for each that is planned."""
    kind = "good" if used <= allowed else "bad"
    place, top, pad, size = len(canvas.parts), canvas.y, 11, 22
    canvas.y += pad
    canvas.text(MARGIN + pad, canvas.y, head, "head")
    canvas.note(WIDTH - MARGIN - pad, canvas.y + 1, note, kind)
    canvas.y += 26
    for slot in range(max(used, allowed)):
        x = MARGIN + pad + slot * (size + 6) + (14 if slot >= allowed else 0)
        look = "field" if slot < allowed else "field dash"
        canvas.parts.append(canvas.rectangle(x, canvas.y, size, size, look, 5))
        if slot < used:
            fill = "good" if slot < allowed else "bad"
            canvas.parts.append(f'<circle cx="{x + size / 2}" cy="{canvas.y + size / 2}" r="6.5" class="c-{fill}"/>')
    text = f"{used} planned, {allowed} allowed"
    canvas.text(WIDTH - MARGIN - pad, canvas.y + 2, text, "soft", "soft", "end")
    canvas.y += size + 8
    for line in lines:
        canvas.paragraph(line, x=MARGIN + pad, width=INNER - 2 * pad, color="soft")
    canvas.y += pad - 2
    canvas.parts.insert(place, canvas.rectangle(MARGIN, top, INNER, canvas.y - top, f"b-{kind}"))
