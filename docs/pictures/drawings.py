# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pictures there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import curves, dry_run, onboarding_flow, packages, report, roster_fuse, survey, token_life
from .scenes import Scenes

IMAGES = Path(__file__).with_name("images")
DRAWINGS: dict[str, Callable[[Scenes], str]] = {
    "onboarding_flow": onboarding_flow.draw,
    "roster_fuse": roster_fuse.draw,
    "token_life": token_life.draw,
    "packages": packages.draw,
    "dry_run": dry_run.draw,
    "report": report.draw,
    "survey": survey.draw,
}
# The benchmark has to be run first.
if curves.RESULTS.exists():
    DRAWINGS.update({"bench_requests": curves.draw_requests, "bench_seconds": curves.draw_seconds})
