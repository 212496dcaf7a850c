# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A narrow SVG that is written from top to bottom.

It is 400 px wide with texts of at least 12.5 px, so that a telephone shows them at 11 px. It has its own background and
follows the colour scheme of the reader's system: whatever the page around it looks like, it can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

WIDTH = 400
MARGIN = 18
INNER = WIDTH - 2 * MARGIN
#: Sizes in px by style.
SIZES = {"title": 18, "head": 14, "body": 13, "soft": 12.5, "mono": 12.5, "pill": 12.5, "big": 26}
LINE_HEIGHT = 1.4
BOLD = ("title", "head", "pill", "big")
# Widths of characters in em, of DejaVu Sans, which is wider than the fonts of other systems: what fits it fits all.
WIDTHS = {
    **dict.fromkeys("ijl'", 0.28),
    **dict.fromkeys("I|.,:;/! ftr()[]-J", 0.38),
    **dict.fromkeys("csz", 0.54),
    **dict.fromkeys("mMW@%→…", 0.97),
    **dict.fromkeys("w", 0.82),
    **dict.fromkeys("ABCDGHKNOQRUVXZ&", 0.75),
}
DEFAULT_WIDTH = 0.63
MONO_WIDTH = 0.605
BOLDER = 1.12
LIGHT = {
    "paper": "#ffffff", "panel": "#f4f6f8", "line": "#c3cad2", "ink": "#1b2128", "soft": "#545e6a",
    "bad": "#a8071a", "bad-panel": "#fdeeee", "wait": "#7a4b00", "wait-panel": "#fdf3df",
    "good": "#0b6232", "good-panel": "#e6f4ea", "info": "#0b4f8a", "info-panel": "#e7f0fa",
}  # fmt: skip
DARK = {
    "paper": "#14181d", "panel": "#1e242b", "line": "#475260", "ink": "#e6eaee", "soft": "#a5b0bc",
    "bad": "#ff9d9d", "bad-panel": "#3a1a1d", "wait": "#f3c26b", "wait-panel": "#362812",
    "good": "#86d7a3", "good-panel": "#14301f", "info": "#8fc3f5", "info-panel": "#14293d",
}  # fmt: skip
KINDS = ("plain", "bad", "wait", "good", "info")


def width_of(text: str, style: str) -> float:
    """Return the width of a text in px, estimated on the safe side."""
    em = sum(MONO_WIDTH if style == "mono" else WIDTHS.get(sign, DEFAULT_WIDTH) for sign in text)
    return em * SIZES[style] * (BOLDER if style in BOLD else 1)


def wrapped(text: str, style: str, width: float) -> list[str]:
    """Return the lines of a text; a word that is longer than a line is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, style) <= width:
            lines[-1] = longer
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while width_of(rest, style) > width:
            cut = max(place for place in range(1, len(rest)) if width_of(rest[:place], style) <= width)
            lines[-1] = rest[:cut]
            rest = rest[cut:]
            lines.append("")
        lines[-1] = rest
    return lines


class Canvas:
    """The picture so far; ``y`` is where the next thing goes."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title = title
        self.parts: list[str] = []
        self.y: float = MARGIN
        self.paragraph(title, "title")
        if subtitle:
            self.y += 2
            self.paragraph(subtitle, "soft", color="soft")
        self.y += 12

    def rectangle(self, x: float, y: float, width: float, height: float, look: str, radius: float = 8) -> str:
        return (
            f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{_px(height)}" rx="{_px(radius)}" '
            f'class="{look}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        style: str = "body",
        color: str = "ink",
        anchor: str = "start",
        mark: str = "",
    ) -> None:
        """Write one line with its top at ``y``; ``mark`` follows it in red."""
        base = y + SIZES[style] * (LINE_HEIGHT + 0.7) / 2
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        space = ' xml:space="preserve"' if style == "mono" else ""
        suffix = f' <tspan class="c-bad">{escape(mark)}</tspan>' if mark else ""
        self.parts.append(
            f'<text x="{_px(x)}" y="{_px(base)}" class="{style} c-{color}"{where}{space}>{escape(text)}{suffix}</text>'
        )

    def paragraph(
        self, text: str, style: str = "body", *, x: float = MARGIN, width: float = INNER, color: str = "ink"
    ) -> None:
        """Write a text at ``y``, as many lines as it needs."""
        for line in wrapped(text, style, width):
            self.text(x, self.y, line, style, color)
            self.y += SIZES[style] * LINE_HEIGHT

    def note(self, right: float, y: float, text: str, kind: str) -> float:
        """Write a word in bold that ends at ``right``; return its width."""
        self.text(right, y, text, "pill", "ink" if kind == "plain" else kind, "end")
        return width_of(text, "pill")

    def pill(self, right: float, y: float, text: str, kind: str) -> float:
        """Draw a badge whose right end is at ``right``; return its width."""
        width = width_of(text, "pill") + 16
        self.parts.append(self.rectangle(right - width, y, width, 21, f"k-{kind}", 10.5))
        self.text(right - width / 2, y + 1.5, text, "pill", "ink" if kind == "plain" else kind, "middle")
        return width

    def box(
        self,
        head: str,
        lines: Iterable[str] = (),
        *,
        kind: str = "plain",
        note: str = "",
        x: float = MARGIN,
        width: float = INNER,
        mono: Iterable[str] = (),
    ) -> None:
        """Draw a box with a heading, paragraphs, lines of code, and a note in its corner."""
        place, top, pad = len(self.parts), self.y, 11
        self.y += pad
        badge = self.note(x + width - pad, self.y + 1, note, kind) + 8 if note else 0
        self.paragraph(head, "head", x=x + pad, width=width - 2 * pad - badge)
        self.y += 2
        for line in lines:
            self.paragraph(line, x=x + pad, width=width - 2 * pad, color="soft")
            self.y += 2
        for line in mono:
            self.paragraph(line, "mono", x=x + pad, width=width - 2 * pad)
        self.y += pad - 2
        self.parts.insert(place, self.rectangle(x, top, width, self.y - top, f"b-{kind}"))

    def arrow(self, x: float = WIDTH / 2, length: float = 22) -> None:
        """Draw an arrow down from ``y`` to what comes next."""
        end = self.y + length
        self.parts.append(f'<path d="M{_px(x)} {_px(self.y + 2)}V{_px(end - 6)}" class="stroke"/>')
        self.parts.append(f'<path d="M{_px(x - 5)} {_px(end - 8)}h10l-5 7z" class="tip"/>')
        self.y = end

    def svg(self, width: int = WIDTH) -> str:
        """Return the whole file."""
        height = self.y + MARGIN
        card = self.rectangle(0.5, 0.5, width - 1, height - 1, "card", 12)
        body = "\n".join([card, *self.parts])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_px(height)}" '
            f'viewBox="0 0 {width} {_px(height)}" role="img" aria-labelledby="title">\n'
            f'<title id="title">{escape(self.title)}</title>\n<style>{_style()}</style>\n{body}\n</svg>\n'
        )


def _style() -> str:
    fonts = [f".{name}{{font-size:{size}px}}" for name, size in SIZES.items()]
    colors = [f".c-{name}{{fill:var(--{name})}}" for name in ("ink", "soft", "paper", *KINDS[1:])]
    curves = [f".s-{name}{{stroke:var(--{name})}}" for name in ("soft", *KINDS[1:])]
    kinds = [f".b-{kind},.k-{kind}{{fill:var(--{kind}-panel)}}.b-{kind}{{stroke:var(--{kind})}}" for kind in KINDS[1:]]
    return "\n".join(
        [
            "",
            f"svg{{{_variables(LIGHT)}}}.dark{{display:none}}",
            f"@media (prefers-color-scheme:dark){{svg{{{_variables(DARK)}}}",
            ".dark{display:inline}.light{display:none}}",
            "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}",
            ",".join(f".{style}" for style in BOLD) + "{font-weight:700}",
            ".mono,.terminal{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}",
            ".card{fill:var(--paper);stroke:var(--line)}",
            ".b-plain{fill:var(--panel);stroke:var(--line)}.k-plain{fill:var(--panel);stroke:var(--line)}",
            ".stroke{fill:none;stroke:var(--soft);stroke-width:2}.dash{stroke-dasharray:5 4}.tip{fill:var(--soft)}",
            ".terminal{font-size:12px}.rule{stroke:var(--line)}.k-info-full{fill:var(--info)}",
            ".room{fill:var(--paper);stroke:var(--line)}",
            ".field{fill:var(--paper);stroke:var(--soft)}",
            *fonts,
            *colors,
            *kinds,
            ".curve{fill:none;stroke-width:2.5}",
            *curves,
            "",
        ]
    )


def _variables(palette: dict[str, str]) -> str:
    return ";".join(f"--{name}:{color}" for name, color in palette.items())


def _px(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
