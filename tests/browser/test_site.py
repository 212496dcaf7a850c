# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every page of the documentation site, looked at on a telephone and on a desk, in the light and in the dark.

``DOCUMENTATION_SITE`` names the folder of the built site; the session ``browser`` builds it.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.browser.conftest import new_browser

SITE = Path(os.environ["DOCUMENTATION_SITE"])
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
TELEPHONE, DESK = (390, 844), (1280, 800)
MOST_SCREENS = 8


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all pages; pages keep nothing that matters but the theme, which each look sets."""
    yield from new_browser(tmp_path_factory.mktemp("reader"))


def open_page(reader: Chrome, address: str, size: tuple[int, int], theme: str = "light") -> None:
    width, height = size
    metrics: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    reader.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    # A telephone draws them over the page.
    reader.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    scheme = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    reader.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    reader.get(address)


def looked_at(
    reader: Chrome, address: str, size: tuple[int, int], theme: str, change: Callable[[], None] = lambda: None
) -> set[str]:
    """Return what is wrong with the page as it opens, and with what its folds hold."""
    open_page(reader, address, size, theme)
    change()
    found = set(reader.execute_script(CHECKS, MOST_SCREENS * TELEPHONE[1] if size == TELEPHONE else None))
    reader.execute_script("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    found |= set(reader.execute_script(CHECKS, None))
    # The log holds what has come since it was last asked for.
    return found | {f"the console says: {line['message']}" for line in reader.get_log("browser")}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_read_everywhere(reader: Chrome, address: str, page: str) -> None:
    found = {
        f"{size[0]} px, {theme}: {problem}"
        for size in (TELEPHONE, DESK)
        for theme in ("light", "dark")
        for problem in looked_at(reader, f"{address}/{page}", size, theme)
    }
    assert not found, "\n".join([page, *sorted(found)])


@pytest.mark.parametrize(
    ("broken", "told"),
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
        ("<p style='color: #888'>Grey words</p>", "contrast of"),
        ("<img src='none.png' alt='None'>", "the picture none.png does not load"),
        ("<img src='_static/favicon.svg'>", "has no alternative text"),
        ("<details><summary>More</summary><p style='color: #888'>Grey words</p></details>", "contrast of"),
    ],
)
def test_what_is_broken_is_found(reader: Chrome, address: str, broken: str, told: str) -> None:
    """The checks that the other test relies on, each on something that it has to find."""

    def spoil() -> None:
        reader.execute_script("document.querySelector('article').insertAdjacentHTML('beforeend', arguments[0])", broken)
        reader.execute_async_script("setTimeout(arguments[0], 200)")

    found = looked_at(reader, f"{address}/index.html", TELEPHONE, "light", change=spoil)
    assert [problem for problem in found if told in problem], found
