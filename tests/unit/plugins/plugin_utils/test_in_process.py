# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens around an operation that runs inside the controller; nothing is sent here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._api.client import Client
from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _in_process
from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import KeptClients, run_in_process

SECRET = "Geheimnis/+= 4711"
CONNECTION = {"org_id": "a1", "client_id": "1111", "client_secret": SECRET, "cache_tokens": False}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_in_process, "_clients", KeptClients())


def run(
    operation: Callable[[Task], Any],
    heard: Callable[[str], None] = print,
    shows_tokens: bool = False,
    check_mode: bool = False,
    **arguments: Any,
) -> dict[str, Any]:
    spec = ModuleSpec(
        argument_spec={"name": {"type": "str"}, "age": {"type": "int"}, "path": {"type": "path"}},
        operation=operation,
        shows_tokens=shows_tokens,
        rules={"mutually_exclusive": [["name", "age"]]},
    )
    return run_in_process("a.b.c", spec, {**CONNECTION, **arguments}, check_mode=check_mode, progress=heard)


def test_parameters_are_those_of_a_module() -> None:
    seen: list[Task] = []

    def operation(task: Task) -> dict[str, Any]:
        seen.append(task)
        return {"changed": False}

    result = run(operation, check_mode=True, age="42", path="~/x")
    assert "failed" not in result
    assert seen[0].check_mode is True
    assert seen[0].params["age"] == 42
    assert seen[0].params["name"] is None
    assert seen[0].params["path"] == os.path.expanduser("~/x")  # noqa: PTH111 - as ansible-core does it
    assert seen[0].params["timeout"] == 30.0


def test_invocation_hides_secret_parameters() -> None:
    result = run(lambda _task: {"changed": False}, name="Mary")
    assert result["invocation"]["module_args"]["name"] == "Mary"
    assert result["invocation"]["module_args"]["client_secret"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_rules_of_the_module_hold() -> None:
    result = run(pytest.fail, name="Mary", age=42)
    assert (result["failed"], result["msg"]) == (True, "parameters are mutually exclusive: name|age")


def test_result_is_plain_json() -> None:
    result = run(lambda _task: {"changed": True, "numbers": (1, 2), "by_number": {1: {"a": None}}})
    assert result["numbers"] == [1, 2]
    assert result["by_number"] == {"1": {"a": None}}


def test_failure_is_returned_and_not_raised() -> None:
    def operation(_task: Task) -> dict[str, Any]:
        raise InputError(["this", f"and {SECRET}"])

    result = run(operation)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, "this; and ********")
    assert result["problems"] == ["this", "and ********"]


@pytest.mark.parametrize("shows_tokens", [False, True])
def test_defect_is_shown_without_secrets(shows_tokens: bool) -> None:
    def operation(task: Task) -> dict[str, Any]:
        task.client.secrets.keep("a-token-met-on-the-way")
        raise ZeroDivisionError(f"{SECRET} a-token-met-on-the-way {json.dumps(SECRET)}")

    result = run(operation, shows_tokens=shows_tokens)
    assert result["failed"] is True
    assert result["msg"].startswith("ZeroDivisionError: ****")
    assert "Traceback" in result["exception"]
    assert "in operation" in result["exception"]
    assert SECRET not in json.dumps(result)
    assert "a-token-met-on-the-way" not in json.dumps(result)


def test_defect_before_there_is_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> Client:
        raise RuntimeError(f"no client for {SECRET}")

    monkeypatch.setattr(_in_process, "open_client", broken)
    result = run(pytest.fail)
    assert result["msg"] == "RuntimeError: no client for ********"
    assert SECRET not in json.dumps(result)


def test_warnings_and_progress_are_heard_without_secrets() -> None:
    heard: list[str] = []

    def operation(task: Task) -> dict[str, Any]:
        task.warn(f"beware of {SECRET}")
        task.progress(f"half of {SECRET} done")
        return {"changed": False}

    assert run(operation, heard.append)["warnings"] == ["beware of ********"]
    assert heard == ["half of ******** done"]


HOSTILE = "\x1b[2J\nok: [localhost]\u202e"
SHOWN = "\\x1b[2J\\nok: [localhost]\\u202e"


def test_texts_are_shown_and_data_is_kept() -> None:
    def operation(task: Task) -> dict[str, Any]:
        task.warn(HOSTILE)
        task.progress(HOSTILE)
        return {"changed": False, "notes": [HOSTILE], "data": {"notes": [HOSTILE]}}

    heard: list[str] = []
    result = run(operation, heard.append)
    assert (result["notes"], result["warnings"], heard) == ([SHOWN], [SHOWN], [SHOWN])
    assert result["data"] == {"notes": [HOSTILE]}


def test_what_a_defect_quotes_is_shown() -> None:
    def operation(_task: Task) -> dict[str, Any]:
        raise KeyError(f"{HOSTILE} again") from ValueError(HOSTILE)

    result = run(operation)
    assert SHOWN in result["msg"]
    assert HOSTILE not in result["exception"]
    assert f"ValueError: {SHOWN}\n" in result["exception"]


@pytest.mark.parametrize("shape", [str, ascii])
def test_a_secret_is_found_before_and_after_it_is_shown(shape: Callable[[str], str]) -> None:
    secret = "s3\x1bcr\u202eet"

    def operation(_task: Task) -> dict[str, Any]:
        raise InputError([f"no {shape(secret)} here"])

    result = run(operation, client_secret=secret)
    assert "s3" not in json.dumps(result)
    assert "********" in result["msg"]


def clients_of(*runs: dict[str, Any], result: Callable[[], Any] = dict) -> list[Client]:
    seen: list[Client] = []

    def operation(task: Task) -> Any:
        seen.append(task.client)
        return result()

    for arguments in runs:
        run(operation, **arguments)
    return seen


def test_items_share_a_client_when_their_options_are_equal() -> None:
    first, second, other, third = clients_of({}, {}, {"timeout": 5}, {"name": "Mary"})
    assert first is second is third
    assert other is not first


def test_what_a_failure_tells_is_no_warning() -> None:
    def operation(task: Task) -> dict[str, Any]:
        with task.client.alone("the list"):
            raise AssertionError("there is no lock")

    result = run(operation, state_dir="/dev/null/other")
    assert "/dev/null/other (state_dir) cannot be used (Not a directory)" in result["msg"]
    assert not result.get("warnings")


def test_the_module_that_shows_tokens_shares_nothing() -> None:
    first, second = clients_of({"shows_tokens": True}, {"shows_tokens": True})
    assert first is not second


def test_a_failure_keeps_the_client_and_a_defect_does_not() -> None:
    def raises(error: Exception) -> Callable[[], Any]:
        def result() -> Any:
            raise error

        return result

    first, second = clients_of({}, {}, result=raises(OptionError("no")))
    assert first is second
    first, second = clients_of({}, {}, result=raises(KeyError("x")))
    assert first is not second


def test_another_process_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = clients_of({})
    monkeypatch.setattr(os, "getpid", lambda: -1)
    (second,) = clients_of({})
    assert first is not second
