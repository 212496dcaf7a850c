# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start ansible-rulebook with a controller that is not real, and post events to it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.awx.controller import Controller

START_SECONDS = 90.0
WAIT_SECONDS = 20.0
STOP_SECONDS = 15.0
SIGNATURE = "X-Hub-Signature-256"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(controller: Controller, home: Path) -> dict[str, str]:
    java = shutil.which("java")
    assert java is not None, "ansible-rulebook needs Java 17 or later, and there is no java on PATH"
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "JAVA_HOME": str(Path(java).resolve().parents[1]),
        "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
        "EDA_CONTROLLER_URL": controller.url,
        "EDA_CONTROLLER_TOKEN": controller.token,
        "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.1",
    }


class Rulebook:
    """A running ansible-rulebook."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def listening(self, port: int) -> None:
        """Return when something listens at the port."""
        self.wait(lambda: _answers(port), START_SECONDS)

    def wait(self, condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
        """Return when the condition holds; fail with what ansible-rulebook said when it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process.poll() is None, f"ansible-rulebook ended:\n{self.output}"
            assert time.monotonic() < deadline, f"it has not happened within {seconds:.0f} s:\n{self.output}"
            time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def running_rulebook(
    rulebook: str, controller: Controller, folder: Path, variables: Mapping[str, Any]
) -> Iterator[Rulebook]:
    """Start ansible-rulebook, and stop it. The rulebook is a file, or the name of one of the collection."""
    folder.mkdir()
    values, log = folder / "variables.yml", folder / "log"
    values.write_text(json.dumps(dict(variables)))
    command = [str(Path(sys.executable).parent / "ansible-rulebook"), "--rulebook", rulebook, "--vars", str(values)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment(controller, folder), cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield Rulebook(process, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def post(port: int, body: Any, path: str = "", **headers: str) -> int:
    """Post a body and return the status of the answer. What is no text is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with requests.Session() as session:
        session.trust_env = False
        url = f"http://127.0.0.1:{port}/{path}"
        return session.post(
            url, data=data, headers={"Content-Type": "application/json", **named}, timeout=10
        ).status_code


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
