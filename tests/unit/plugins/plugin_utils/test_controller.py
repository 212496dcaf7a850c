# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a controller: what is asked, and one plain sentence for whatever else answers at its address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils._controller import Controller, SetupProblem

ME = b'{"results": [{"username": "ann"}]}'
SECRET = "a-token-not-real"
NO_API = "/api/v2/me/ is not the API of AWX or Automation Controller"


class Server(HTTPServer):
    """Answers everything with one status, text and address; keeps the lines and headers of the requests."""

    answer: tuple[int, bytes, str] = (200, ME, "")

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        status, text, location = self.server.answer
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX", "CONTROLLER_VERIFY_SSL", "TOWER_VERIFY_SSL"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


def options(host: str, **more: Any) -> dict[str, Any]:
    return {"host": host, "token": SECRET, "username": "", "password": "", "validate_certs": "", **more}


def problem(host: str, **more: Any) -> str:
    with pytest.raises(SetupProblem) as refused:
        Controller(options(host, **more)).user()
    assert SECRET not in str(refused.value)
    return str(refused.value)


def test_a_token_is_sent_to_the_api(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Controller(options(server.url)).user() == {"is_superuser": False, "username": "ann"}
    monkeypatch.setenv("CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX", "/api/controller/")
    Controller(options(f"{server.url}/")).find("projects", name="People & co")
    assert server.asked == [
        ("/api/v2/me/", f"Bearer {SECRET}"),
        ("/api/controller/v2/projects/?name=People+%26+co", f"Bearer {SECRET}"),
    ]


def test_user_and_password_are_sent_when_there_is_no_token(server: Server) -> None:
    Controller(options(server.url, token="", username="ann", password="pass")).user()
    assert server.asked == [("/api/v2/me/", "Basic YW5uOnBhc3M=")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, b"", ""), "refuses the token (HTTP 401). Check awx_setup_controller_token (CONTROLLER_OAUTH_TOKEN)."),
        ((404, b"<html>", ""), f"{NO_API} (HTTP 404). Check awx_setup_controller_host (CONTROLLER_HOST)."),
        ((302, b"", "https://sso.example.com/login?next=1"), f"{NO_API} (HTTP 302, a redirect to https://sso.example"),
        ((200, b"<html>", ""), f"{NO_API} (the answer is no JSON). Check"),
        ((200, b"[]", ""), f"{NO_API} (the answer is no list of AWX). Check"),
        ((200, b'{"results": [{}]}', ""), f"{NO_API} (the answer names no user). Check"),
        ((200, b'{"results": ["ann"]}', ""), f"{NO_API} (the answer is no list of AWX). Check"),
        ((503, b"", ""), "/api/v2/me/: HTTP 503. Nothing was changed."),
    ],
)
def test_whatever_else_answers_is_reported_plainly(server: Server, answer: tuple[int, bytes, str], words: str) -> None:
    server.answer = answer
    assert words in problem(server.url)
    assert len(server.asked) == 1, "a redirect is not followed"


def test_a_refused_password_is_told_from_a_refused_token(server: Server) -> None:
    server.answer = (401, b"", "")
    message = problem(server.url, token="", username="ann", password=SECRET)
    assert "refuses the user name and password (HTTP 401). Check awx_setup_controller_username and" in message


@pytest.mark.parametrize("host", ["http://127.0.0.1:1", "http://127.0.0.1:x", "nowhere.invalid"])
def test_an_address_where_nothing_answers(host: str) -> None:
    message = problem(host)
    assert f"{host} cannot be reached: " in message
    assert "Check awx_setup_controller_host (CONTROLLER_HOST)." in message


def test_no_password_in_an_address_is_shown(server: Server) -> None:
    server.answer = (404, b"", "")
    assert "secret" not in problem(server.url.replace("//", "//ann:secret@"))


@pytest.mark.parametrize("token", ["a\nb", "tökén"])
def test_a_token_that_is_none_is_not_sent(server: Server, token: str) -> None:
    assert problem(server.url, token=token).endswith("has characters that no token has.")
    assert not server.asked


@pytest.mark.parametrize(("given", "valid"), [("", True), (True, True), ("no", False), (False, False)])
def test_certificates_are_checked_unless_switched_off(given: Any, valid: bool) -> None:
    assert Controller(options("https://a.example.com", validate_certs=given))._validate_certs is valid


def test_the_environment_of_awx_awx_switches_the_check_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROLLER_VERIFY_SSL", "false")
    assert Controller(options("https://a.example.com"))._validate_certs is False
    monkeypatch.setenv("CONTROLLER_VERIFY_SSL", "maybe")
    assert "(CONTROLLER_VERIFY_SSL) is neither true nor false: maybe" in problem("https://a.example.com")
