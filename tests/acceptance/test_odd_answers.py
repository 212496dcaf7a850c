# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of success that are not what the contract says: each module ends well or with one clear error.

Every answer to a task is spoiled in turn, in every way: a record without its id, an id of a wrong kind, something else
in the place of a record, a row that is none.
"""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils import _module
from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import _validate
from sandbox.testing import Sandbox
from tests.acceptance.running import MODULES
from tests.acceptance.test_promises import CASES, FILES, Case

pytestmark = pytest.mark.any_core

#: How many spoiled answers of a task are tried, and the seed by which they are chosen. ``None`` tries them all.
SAMPLE: int | None = 5
SEED = 20261201
LONGEST_MESSAGE = 1500


def spoiled(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield what may come in the place of an answer, each with its name."""
    for name, other in (("{}", {}), ("[]", []), ("null", None), ("a text", "fine"), ("data {}", {"data": {}})):
        yield name, other
    for name, other in (("data []", {"data": []}), ("data null", {"data": None}), ("data text", {"data": "fine"})):
        yield name, other
    data = body.get("data", body) if isinstance(body, dict) else body
    rest = {name: value for name, value in body.items() if name != "data"} if data is not body else {}
    yield "a list for an object, or an object for a list", {**rest, "data": [data] if isinstance(data, dict) else {}}
    rows = data if isinstance(data, list) else [data]
    if not rows or not isinstance(rows[-1], dict):
        return
    for name, row in _spoiled_rows(rows[-1]):
        yield name, {**rest, "data": [*rows[:-1], row] if isinstance(data, list) else row}


def _spoiled_rows(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "a text for a row", "fine"
    yield "an empty row", {}
    for key in ("id", "email", "name", "title"):
        if key in row:
            yield f"no {key}", {name: value for name, value in row.items() if name != key}
            for odd in (None, [], {}, "", True):
                yield f"{key} is {odd!r}", {**row, key: odd}
    for key in sorted(row.keys() - {"id", "email", "name", "title"}):
        yield f"no {key}", {name: value for name, value in row.items() if name != key}
        for odd in (None, [], {}, "odd", 7, ["odd"], [None], {"data": None}, {"data": "odd"}):
            yield f"{key} is {odd!r}", {**row, key: odd}


@dataclass
class Spoiler:
    """Stands between a client and the service: puts ``other`` for the body of one answer, and keeps all the bodies."""

    number: int | None = None
    other: Any = None
    bodies: list[tuple[str, Any]] = field(default_factory=list)

    def client_for(self, connection: Connection, _warn: Callable[[str], None]) -> Client:
        waited: list[float] = []
        client = Client(connection, sleep=waited.append, clock=lambda: sum(waited))
        send = client._transport.send

        def spoiling(method: str, url: str, **options: Any) -> Any:
            response = send(method, url, **options)
            if options.get("sign_in") or "/token" in url or not response.content or response.status_code >= 300:
                return response
            body, number = response.json(), len(self.bodies)
            self.bodies.append((f"{method} {url}", body))
            if number == self.number:
                response._content = json.dumps(self.other).encode()
            return response

        client._transport.send = spoiling  # type: ignore[method-assign]
        return client


def run(sandbox: Sandbox, one: Case, folder: Path, spoiler: Spoiler) -> tuple[bool, dict[str, Any]]:
    """Run a case in this process, where what nobody foresaw ends the test."""
    sandbox.reset()
    spec = importlib.import_module(f"{MODULES}.{one.module}").SPEC
    params: dict[str, Any] = {
        "api_url": sandbox.api_url, "token_url": sandbox.token_url, "org_id": sandbox.org_id,
        "client_id": sandbox.client_id, "client_secret": sandbox.client_secret, "state_dir": str(folder / "state"),
        "rate_limit": 0, "act_as": None, **one.arguments,
    }  # fmt: skip
    if "src" in one.arguments:
        params["src"] = str(folder / one.arguments["src"])
        Path(params["src"]).write_text(FILES[one.arguments["src"]])
    refusal = _validate(one.module, spec, params, print, str)
    assert refusal is None, refusal
    return _module.perform(spec, params, check_mode=False, warn=lambda _text: None, client_for=spoiler.client_for)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name.replace(" ", "-"))
def test_an_odd_answer_ends_well_or_with_one_clear_error(one: Case, sandbox: Sandbox, tmp_path: Path) -> None:
    clean = Spoiler()
    succeeded, desired = run(sandbox, one, tmp_path, clean)
    assert succeeded, desired["msg"]
    tries = [
        (number, request, name, body)
        for number, (request, whole) in enumerate(clean.bodies)
        for name, body in spoiled(whole)
    ]
    chance = random.Random(f"{SEED} {one.name}")
    for number, request, name, body in tries if SAMPLE is None else chance.sample(tries, min(SAMPLE, len(tries))):
        spoiler = Spoiler(number, body)
        where = f"{name} for {request} (request {number})"
        try:
            succeeded, result = run(sandbox, one, tmp_path, spoiler)
        except Exception as error:
            raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
        if not succeeded:
            message = result["msg"]
            assert message, where
            assert "\n" not in message, where
            assert len(message) <= LONGEST_MESSAGE, f"{where}: {message}"
