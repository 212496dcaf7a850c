# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey as AWX asks it, from its definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .canvas import INNER, MARGIN, SIZES, WIDTH, Canvas
from .scenes import Scenes

SURVEY = Path(__file__).resolve().parents[2] / "playbooks" / "awx" / "surveys" / "onboard_person.yml"
#: What the person at the help desk has typed.
ANSWERS = {
    "onboarding_person_email": "mary.major@example.com",
    "onboarding_person_first_name": "Mary",
    "onboarding_person_last_name": "Major",
    "onboarding_person_role": "standard",
    "onboarding_person_timezone": "Europe/London",
    "onboarding_person_groups": "Engineering",
    "onboarding_person_process": "New hire onboarding",
    "onboarding_person_kickoff": "Start date: 2026-12-01",
}
FIELD, AREA = 30, 46


def draw(_scenes: Scenes) -> str:
    survey = yaml.safe_load(SURVEY.read_text(encoding="utf-8"))
    unknown = set(ANSWERS) - {question["variable"] for question in survey["spec"]}
    if unknown:
        raise RuntimeError(f"The survey does not ask for {', '.join(sorted(unknown))}.")
    canvas = Canvas(survey["name"], survey["description"])
    for question in survey["spec"]:
        _question(canvas, question)
    canvas.y += 4
    canvas.parts.append(canvas.rectangle(MARGIN, canvas.y, 84, 32, "k-info-full", 6))
    canvas.text(MARGIN + 42, canvas.y + 7, "Next", "pill", "paper", "middle")
    canvas.text(MARGIN + 104, canvas.y + 7, "Cancel", "pill", "info")
    canvas.y += 32
    return canvas.svg()


def _question(canvas: Canvas, question: dict[str, Any]) -> None:
    canvas.text(MARGIN, canvas.y, question["question_name"], "pill", mark="*" if question["required"] else "")
    canvas.y += SIZES["pill"] * 1.5
    if "question_description" in question:
        canvas.paragraph(question["question_description"], "soft", color="soft")
    canvas.y += 3
    height = AREA if question["type"] == "textarea" else FIELD
    canvas.parts.append(canvas.rectangle(MARGIN, canvas.y, INNER, height, "field", 4))
    canvas.text(MARGIN + 9, canvas.y + 6, ANSWERS.get(question["variable"], ""), "body")
    if question["type"] == "multiplechoice":
        x, y = WIDTH - MARGIN - 20, canvas.y + 12
        canvas.parts.append(f'<path d="M{x} {y:.1f}l5 6l5-6" class="stroke"/>')
    canvas.y += height + 11
