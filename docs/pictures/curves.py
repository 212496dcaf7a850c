# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The curves of the benchmark, both axes logarithmic, from ``benchmarks/results.json``.

Its ``runs`` are rows with ``case`` (``new``, ``unchanged``), ``members``, ``latency_ms``, ``tool`` and, where the tool
was run, ``requests`` and ``seconds``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from .canvas import MARGIN, WIDTH, Canvas
from .scenes import Scenes

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"
CASES = {"new": "All members are new", "unchanged": "Nothing has changed"}
#: Name, class of the colour, and mark of each tool.
TOOLS = {
    "collection": ("this collection", "info", "circle"),
    "sdk": ("Python SDK, one by one", "wait", "square"),
    "uri": ("loop of uri", "bad", "triangle"),
    "bound": ("bound: least possible", "soft", ""),
}
LEFT, RIGHT, HEIGHT = MARGIN + 58, WIDTH - MARGIN - 12, 190
Row = dict[str, Any]


def draw_requests(_scenes: Scenes) -> str:
    return draw(_runs(), "requests", "Requests")


def draw_seconds(_scenes: Scenes) -> str:
    return draw(_runs(), "seconds", "Seconds")


def draw(runs: list[Row], value: str, title: str) -> str:
    """Return a picture of one value over the numbers of members, at the latency in the middle."""
    latencies = sorted({row["latency_ms"] for row in runs})
    latency = latencies[len(latencies) // 2]
    rows = [row for row in runs if row["latency_ms"] == latency and row.get(value, 0) > 0]
    canvas = Canvas(f"{title} by number of members", f"Each answer takes {latency} ms. Lower is better.")
    for tool, (name, color, mark) in TOOLS.items():
        if any(row["tool"] == tool for row in rows):
            middle = canvas.y + 9
            dash = " dash" if not mark else ""
            canvas.parts.append(f'<path d="M{MARGIN} {middle:.1f}h34" class="curve s-{color}{dash}"/>')
            _mark(canvas, mark, MARGIN + 17, middle, color)
            canvas.text(MARGIN + 44, canvas.y, name, "body")
            canvas.y += 20
    canvas.y += 10
    for case, heading in CASES.items():
        canvas.paragraph(heading, "head")
        canvas.y += 8
        _panel(canvas, [row for row in rows if row["case"] == case], value)
        canvas.y += 14
    canvas.paragraph("Both axes are logarithmic. A tool that would take hours is not run.", "soft", color="soft")
    return canvas.svg()


def _runs() -> list[Row]:
    runs: list[Row] = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]
    return runs


def _panel(canvas: Canvas, rows: list[Row], value: str) -> None:
    top, bottom = canvas.y, canvas.y + HEIGHT
    members = sorted({row["members"] for row in rows})
    lowest = math.floor(math.log10(min(row[value] for row in rows)))
    highest = math.ceil(math.log10(max(row[value] for row in rows)))
    highest = max(highest, lowest + 1)

    def x_of(count: float) -> float:
        least, most = math.log10(members[0]), math.log10(members[-1])
        return LEFT + (RIGHT - LEFT) * ((math.log10(count) - least) / (most - least) if most > least else 0.5)

    def y_of(amount: float) -> float:
        return bottom - HEIGHT * (math.log10(amount) - lowest) / (highest - lowest)

    step = 1 if highest - lowest < 6 else 2
    for power in range(lowest, highest + 1, step):
        y = y_of(10**power)
        canvas.parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" class="rule"/>')
        canvas.text(LEFT - 8, y - 9, f"{10**power:,}", "soft", "soft", "end")
    for count in members:
        x = x_of(count)
        canvas.parts.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" class="rule"/>')
        anchor = {members[0]: "start", members[-1]: "end"}.get(count, "middle")
        canvas.text(x, bottom + 5, f"{count:,}", "soft", "soft", anchor)
    for tool, (_name, color, mark) in reversed(TOOLS.items()):
        found = sorted((row["members"], row[value]) for row in rows if row["tool"] == tool)
        points = [(x_of(count), y_of(amount)) for count, amount in found]
        if points:
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            dash = " dash" if not mark else ""
            canvas.parts.append(f'<path d="M{line}" class="curve s-{color}{dash}"/>')
        for x, y in points:
            _mark(canvas, mark, x, y, color)
    canvas.y = bottom + 24


def _mark(canvas: Canvas, mark: str, x: float, y: float, color: str) -> None:
    # Of different sizes, so that tools that need the same can be told apart.
    shapes = {
        "circle": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="c-{color}"/>',
        "square": f'<rect x="{x - 5.5:.1f}" y="{y - 5.5:.1f}" width="11" height="11" class="c-{color}"/>',
        "triangle": f'<path d="M{x - 8:.1f} {y + 6:.1f}h16l-8-15z" class="c-{color}"/>',
    }
    canvas.parts += [shapes[mark]] if mark else []
