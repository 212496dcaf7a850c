# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pictures that are committed show what the code does now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pictures import curves, report
from docs.pictures.drawings import DRAWINGS, IMAGES
from docs.pictures.scenes import Scenes
from sandbox.testing import Sandbox

pytestmark = pytest.mark.any_core

#: Between the margins of a page on a telephone that is 390 px wide, and the smallest text that is read there, in px.
TELEPHONE, SMALLEST = 358, 10.9


@pytest.fixture(scope="module")
def scenes(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    return Scenes(server, tmp_path_factory.mktemp("pictures"))


def committed(name: str) -> str:
    return (IMAGES / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(DRAWINGS.keys() - {"report"}))
def test_a_picture_is_what_would_be_drawn_now(name: str, scenes: Scenes) -> None:
    assert committed(name) == DRAWINGS[name](scenes), f"it is stale: run python -m docs.pictures {name}"


def test_the_photograph_is_of_the_report_that_is_written_now(scenes: Scenes) -> None:
    marks = committed("report").count(report.mark(scenes))
    assert marks == 2, "it is stale: run python -m docs.pictures report"


def test_curves_have_a_line_for_each_tool_and_a_mark_for_each_run() -> None:
    sizes = (100, 1000)
    runs = [
        {"case": case, "members": members, "latency_ms": 20, "tool": tool, "seconds": members / 10}
        for case in curves.CASES
        for members in sizes
        for tool in ("collection", "bound")
    ]
    # One that was not run, and two at other latencies than the one in the middle.
    runs += [{**runs[0], "tool": "uri", "seconds": 0}]
    runs += [{**runs[0], "latency_ms": latency, "members": 7} for latency in (0, 100)]
    svg = curves.draw(runs, "seconds", "Seconds")
    # Each tool has a line in the legend and in both panels; the bound has no marks.
    assert svg.count('class="curve s-info"') == svg.count('class="curve s-soft dash"') == 1 + len(curves.CASES)
    assert svg.count("<circle") == 1 + len(curves.CASES) * len(sizes)
    assert ("loop of uri" in svg, ">7<" in svg) == (False, False)


def test_every_file_is_a_picture() -> None:
    assert {file.name for file in Path(IMAGES).iterdir()} == {f"{name}.svg" for name in DRAWINGS}


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_a_telephone_shows_it_readably(name: str) -> None:
    text = committed(name)
    width = int(re.findall(r'<svg [^>]*width="(\d+)"', text)[0])
    sizes = dict(re.findall(r"\.(\w+)\{font-size:([\d.]+)px\}", text))
    smallest = min(float(sizes[style]) for style in re.findall(r'<text [^>]*class="(\w+) ', text))
    assert smallest * TELEPHONE / width >= SMALLEST
