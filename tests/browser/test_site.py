# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every page of the documentation site, looked at on a telephone and on a desk, in the light and in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.browser.conftest import SITE

PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
TELEPHONE, DESK = (390, 844), (1280, 800)
MOST_SCREENS = 8


def resize(reader: Chrome, size: tuple[int, int]) -> None:
    width, height = size
    metrics: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    reader.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def open_page(reader: Chrome, address: str, size: tuple[int, int]) -> None:
    resize(reader, size)
    # A telephone draws them over the page.
    reader.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    reader.get_log("browser")  # what an earlier page has left behind
    reader.get(address)


def problems_of_page(reader: Chrome) -> list[str]:
    """Return what is wrong with the page that is open on a telephone, there and then on a desk."""
    found = []
    for size, most in ((TELEPHONE, MOST_SCREENS * TELEPHONE[1]), (DESK, None)):
        resize(reader, size)
        found += [f"{size[0]} px: {problem}" for problem in reader.execute_script(CHECKS, most)]
    # The log holds what has come since it was last asked for.
    return found + [f"the console says: {line['message']}" for line in reader.get_log("browser")]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_read_everywhere(reader: Chrome, address: str, page: str) -> None:
    open_page(reader, f"{address}/{page}", TELEPHONE)
    found = problems_of_page(reader)
    assert not found, "\n".join([page, *found])


@pytest.mark.parametrize(
    ("broken", "reported"),
    [
        ("<div style='height: 7000px'>", "px high"),
        (
            "<p style='width: 600px'>A long line of words that goes on and on and on and on and on and on.</p>",
            "outside",
        ),
        ("<p style='width: 600px'>Wide</p>", "<div.content> scrolls sideways"),
        ("<p style='position: absolute; left: 0; width: 600px'>Wide</p>", "the page scrolls sideways"),
        ("<p style='width: 60px; overflow: hidden; white-space: nowrap'>Some words in no room</p>", "is cut off by <p"),
        ("<p style='height: 9px; overflow: hidden'>Some words<br>in no room</p>", "is cut off by <p"),
        ("<p style='width: 60px; overflow: auto; white-space: nowrap'>Some words</p>", "neither code nor a table"),
        ("<p style='color: #888'>Grey words</p>", "390 px: light: <p>"),
        ("<p style='background: #fff'>Pale words</p>", "390 px: dark: <p>"),
        ("<style>@media (min-width: 1000px) { h1 { margin-left: 900px } }</style>", "1280 px: <h1>"),
        ("<img src='none.png' alt='None'>", "the picture none.png does not load"),
        ("<img src='none.png' alt='None'>", "the console says: "),
        ("<img src='_static/favicon.svg'>", "has no alternative text"),
        ("<details><summary>More</summary><p style='color: #888'>Grey words</p></details>", "contrast of"),
    ],
)
def test_what_is_broken_is_found(reader: Chrome, address: str, broken: str, reported: str) -> None:
    """The checks that the other test relies on, each on something that it has to find."""
    open_page(reader, f"{address}/index.html", TELEPHONE)
    reader.execute_script("document.querySelector('article').insertAdjacentHTML('beforeend', arguments[0])", broken)
    reader.execute_async_script("setTimeout(arguments[0], 200)")
    found = problems_of_page(reader)
    assert [problem for problem in found if reported in problem], found
