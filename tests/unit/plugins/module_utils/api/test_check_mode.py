# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client made for check mode: it refuses to write before anything is sent, whoever forgot what mode it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.rewrite import await_late_writes
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, perform
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

PARAMS = {"org_id": "a1", "access_token": "eyJ.x.y"}


@pytest.fixture
def client(tmp_path: Path) -> Client:
    # Nothing listens at the port of discard, and a test that sends something fails.
    connection = Connection(
        api_url="http://127.0.0.1:9", token_url="http://127.0.0.1:9/token", org_id="a1", access_token="eyJ.x.y"
    )
    return Client(connection, directory=PrivateDirectory(str(tmp_path)), sleep=pytest.fail)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_a_defect(client: Client, method: str) -> None:
    looking = client.for_check_mode()
    for other in (looking, looking.with_token("eyJ.z.z")):
        with pytest.raises(AssertionError, match=f"^{method} /things must not be sent in check mode"):
            other.call(method, "/things")
    assert client.requests_sent == 0


def test_an_operation_that_forgets_check_mode_is_found_out(client: Client) -> None:
    def operation(task: Task) -> dict[str, Any]:
        return {"changed": bool(task.client.create(task.client.path("groups"), {}, find=lambda: None))}

    spec = ModuleSpec(argument_spec={}, operation=operation)
    with pytest.raises(AssertionError, match="in check mode"):
        perform(spec, PARAMS, check_mode=True, warn=pytest.fail, client_for=lambda _connection, _warn: client)
    assert client.check_mode is False


def test_a_code_is_not_exchanged(client: Client) -> None:
    assert client.for_check_mode().exchange_code(code="x", redirect_uri="y", code_verifier="z") is None
    assert client.requests_sent == 0


def test_who_looks_neither_keeps_out_nor_waits(client: Client) -> None:
    looking = client.for_check_mode()
    client.late_writes.add("/things/1", client.now())
    with client.alone("the list"), looking.alone("the list"):
        assert await_late_writes(looking, ["/things/1"]) is False
    looking.used_answers.add("answer", client.now())
    assert client.used_answers.since("answer", client.now()) is None
