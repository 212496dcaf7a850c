# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of an onboarding; what it reads and in which order it writes are the requests of a real run."""

from __future__ import annotations

from .canvas import MARGIN, WIDTH, Canvas
from .scenes import Scenes

#: What is read and written, by the sandbox's names of routes; a run that does something else has no picture.
READ = {
    "members.list": "all members",
    "groups.list": "all groups",
    "templates.list": "the template",
    "processes.list": "its processes, active and archived",
    "tags.list": "tags",
    "organization.get": "the organization",
}
WRITTEN = {
    "applications.create_user": "Add or invite people",
    "members.update": "Set their profiles",
    "groups.update": "Fill groups, once for each group",
    "processes.launch": "Launch processes, each once, and check their values",
}


def draw(scenes: Scenes) -> str:
    requests = scenes.onboarding.requests
    first_write = next(index for index, request in enumerate(requests) if request["write"])
    read = [request["route"] for request in requests[:first_write] if request["route"] != "oauth.token"]
    what = ", ".join(READ[route] for route in dict.fromkeys(read))
    canvas = Canvas("What an onboarding does", "Figures of a run that adds one person and changes one.")
    canvas.box("A file, a survey or an event", ["names the people, their groups and processes."])
    canvas.arrow()
    canvas.box(
        "Validate",
        ["Every wrong row, unknown option and misspelled variable is reported, all at once."],
        kind="info",
        note="no request",
    )
    canvas.arrow()
    canvas.box("Read", [f"{what[0].upper()}{what[1:]}. None of these requests is per person."],
               kind="info", note=f"{len(read)} requests")  # fmt: skip
    canvas.arrow()
    canvas.box(
        "Plan",
        [
            "Compare each person with what is there. Only what differs becomes a step.",
            "Refuse what would leave too few administrators or a form with wrong values.",
        ],
        kind="info",
        note="no request",
    )
    canvas.arrow(length=26)
    _check_mode_ends(canvas)
    canvas.arrow(length=26)
    order = dict.fromkeys(request["route"] for request in requests if request["write"])
    writes = sum(request["write"] for request in requests)
    canvas.box(
        "Write, in this order",
        [f"{number}. {WRITTEN[route]}" for number, route in enumerate(order, 1)],
        kind="good",
        note=f"{writes} writes",
    )
    canvas.arrow()
    canvas.box("Report", ["Who was added, changed, left as they were or failed, and why. A second run writes nothing."])
    return canvas.svg()


def _check_mode_ends(canvas: Canvas) -> None:
    y = canvas.y + 11
    canvas.parts.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" class="stroke dash"/>')
    text = "--check --diff stops here and writes nothing"
    canvas.parts.append(canvas.rectangle(MARGIN + 22, canvas.y, WIDTH - 2 * MARGIN - 44, 22, "k-wait", 11))
    canvas.text(WIDTH / 2, canvas.y + 2, text, "pill", "wait", "middle")
    canvas.y += 22
