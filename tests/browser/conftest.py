# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser without a window, and an application to which it is sent back."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

# Fixtures are found by their names.
from tests.acceptance.conftest import modules, playbooks, sandbox, server, way

__all__ = ("browser", "modules", "playbooks", "redirect_uri", "sandbox", "server", "way")

# Where the session `browser` has built the documentation site.
SITE = Path(os.environ["DOCUMENTATION_SITE"])

# Neither the network nor anything of the person at the keyboard.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)


class _Application(BaseHTTPRequestHandler):
    """The page of an application at its redirect address; what it says does not matter."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Back</title><p>Copy the address of this page.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing: the addresses hold tokens."""


@pytest.fixture(scope="session")
def redirect_uri() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Application) as application:
        threading.Thread(target=application.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{application.server_port}/auth/callback"
        application.shutdown()


def new_browser(folder: Path) -> Iterator[Chrome]:
    """Yield a browser that keeps what it has to keep in this folder, and end it."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium") or shutil.which("google-chrome"))
    for argument in (*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # The driver listens on the loopback interface, where no proxy may come between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    home = folder / "browser-home"
    home.mkdir()
    service = ChromeService(str(shutil.which("chromedriver")), env={**os.environ, "HOME": str(home)})
    driver = Chrome(options=options, service=service)
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """A browser that nobody has used before."""
    yield from new_browser(tmp_path)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing."""


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the documentation site, on the loopback interface."""
    handler = functools.partial(_Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all pages of the documentation site, which keep nothing."""
    yield from new_browser(tmp_path_factory.mktemp("reader"))
