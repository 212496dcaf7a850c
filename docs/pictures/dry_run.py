# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode shows in a terminal; a real one of a telephone's width, in the colours of ansible-core."""

from __future__ import annotations

import re
from html import escape

from .canvas import MARGIN, Canvas
from .scenes import COLUMNS, PEOPLE, Scenes

COMMAND = ("$ ansible-playbook tallyfy.platform.onboard \\", f"    -e @{PEOPLE.name} --check --diff")
FONT, LINE = 12, 16.5
ADVANCE = 7.23
#: The codes that ansible-core uses, by the class of their colour here.
COLORS = {"31": "bad", "32": "good", "33": "wait", "34": "info", "36": "info", "35": "wait"}
CODE = re.compile(r"\x1b\[([0-9;]*)m")
SHOWN = "Onboard people"


def draw(scenes: Scenes) -> str:
    canvas = Canvas("Check mode with differences")
    width = round(MARGIN * 2 + COLUMNS * ADVANCE)
    for line in COMMAND:
        _line(canvas, [("ink", line)], bold=True)
    for line in _shown(scenes.dry_run.output):
        for piece in _pieces(_colored(line)):
            _line(canvas, piece)
    return canvas.svg(width)


def _shown(output: str) -> list[str]:
    """Return the lines of the task, from its banner to the next one."""
    lines = output.split("\n")
    banners = [number for number, line in enumerate(lines) if CODE.sub("", line).startswith(("TASK [", "PLAY RECAP"))]
    start = next(number for number in banners if SHOWN in CODE.sub("", lines[number]))
    end = next(number for number in banners if number > start)
    return ["…", *"\n".join(lines[start:end]).rstrip().split("\n"), "…"]


def _colored(line: str) -> list[tuple[str, str]]:
    """Return the parts of a line with their colours."""
    parts, color, start = [], "ink", 0
    for code in CODE.finditer(line):
        parts.append((color, line[start : code.start()]))
        color = next((COLORS[number] for number in code[1].split(";") if number in COLORS), "ink")
        start = code.end()
    return [(color, text) for color, text in [*parts, (color, line[start:])] if text]


def _pieces(parts: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Break a line as a terminal does."""
    pieces: list[list[tuple[str, str]]] = [[]]
    room = COLUMNS
    for color, text in parts:
        rest = text
        while rest:
            if not room:
                pieces.append([])
                room = COLUMNS
            pieces[-1].append((color, rest[:room]))
            rest, room = rest[room:], room - len(rest[:room])
    return pieces


def _line(canvas: Canvas, parts: list[tuple[str, str]], *, bold: bool = False) -> None:
    column = 0
    for color, text in parts:
        if text.strip():
            x = MARGIN + column * ADVANCE
            weight = ' font-weight="700"' if bold else ""
            canvas.parts.append(
                f'<text x="{x:.1f}" y="{canvas.y + FONT:.1f}" class="terminal c-{color}" xml:space="preserve" '
                f'textLength="{len(text.rstrip()) * ADVANCE:.1f}"{weight}>{escape(text.rstrip())}</text>'
            )
        column += len(text)
    canvas.y += LINE
