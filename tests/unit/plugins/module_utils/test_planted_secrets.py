# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret in an option that is meant for something else: it is refused or carried out, and never shown."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.arguments import meant_secret, refusal_of
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec, without_named_secrets
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _in_process

MODULES = sorted(path.stem for path in (Path(__file__).parents[4] / "plugins" / "modules").glob("*.py"))
JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIxMTExIn0.c2lnbmF0dXJl-of_it"
OPAQUE = "3f9a7c01d5e84b26a0f1"
CONNECTION = {"org_id": "a1", "client_id": "1111", "client_secret": "Geheimnis", "cache_tokens": False}
#: Names under which people hand over a secret.
SECRET_NAME = re.compile(
    r"(?:.*_)?(?:token|secret|pass\w*|credentials?|jwt|bearer)|(?:api|access|private|secret)?_?key", re.IGNORECASE
)


def spec_of(module: str) -> ModuleSpec:
    spec = importlib.import_module(f"ansible_collections.tallyfy.platform.plugins.modules.{module}").SPEC
    assert isinstance(spec, ModuleSpec)
    return spec


def options_in(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every option with the names of those that it is a part of."""
    for name, option in options.items():
        yield f"{above}{name}", option
        yield from options_in(option.get("options") or {}, f"{above}{name}.")


def printed(spec: ModuleSpec, operation: Any, arguments: Mapping[str, Any]) -> str:
    """Return all that a run with this operation shows."""
    heard: list[str] = []
    spec = replace(spec, operation=operation, shows_tokens=False, rules={})
    given = {**CONNECTION, **arguments}
    result = _in_process.run_in_process("a.b.c", spec, given, check_mode=False, progress=heard.append)
    return json.dumps([result, heard])


def enough(spec: ModuleSpec) -> dict[str, Any]:
    """Return arguments without which another mistake is told first."""
    required = {name: option for name, option in spec.argument_spec.items() if option.get("required")}
    return {name: option.get("choices", ["x"])[0] for name, option in required.items()}


def repeat(task: Task) -> dict[str, Any]:
    """Return all that was given, and warn of it."""
    task.warn(str(task.params))
    task.progress(str(task.params))
    return {"changed": False, "given": dict(task.params)}


def refuse(task: Task) -> dict[str, Any]:
    raise InputError([str(task.params)])


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_in_process, "_clients", _in_process.KeptClients())


@pytest.mark.parametrize("module", MODULES)
def test_no_option_has_a_name_for_secrets_and_a_type_that_is_shown(module: str) -> None:
    for name, option in options_in(spec_of(module).options()):
        if SECRET_NAME.fullmatch(name.rpartition(".")[2]):
            assert (option.get("no_log"), option["type"], option.get("choices")) == (True, "str", None), name


@pytest.mark.parametrize("module", MODULES)
def test_a_secret_in_any_option_is_not_shown(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token by its form, one that is the access token, and, where the option takes no text, any other secret."""
    monkeypatch.setenv("TALLYFY_ACCESS_TOKEN", OPAQUE)
    spec = spec_of(module)
    for place, option in options_in(spec.options()):
        if option.get("no_log"):
            continue
        for secret in (JWT, OPAQUE, f"other-{OPAQUE[::-1]}"):
            value: Any = [secret] if option["type"] == "list" else secret
            for name in reversed(place.split(".")):
                value = {name: value}
            texts = [printed(spec, operation, {**enough(spec), **value}) for operation in (repeat, refuse)]
            is_refused = option.get("choices") or option["type"] in ("bool", "dict", "float", "int")
            if is_refused or not secret.startswith("other-"):
                assert secret not in "".join(texts), (place, texts)
            assert "failed" in texts[1]


@pytest.mark.parametrize("module", MODULES)
def test_a_secret_in_an_option_that_is_none_is_not_shown(module: str) -> None:
    for name in ("token", "api_key", "password", "bearer_token", "shoe_size"):
        text = printed(spec_of(module), repeat, {**enough(spec_of(module)), name: f"other-{OPAQUE}"})
        assert OPAQUE not in text
        assert "Unsupported parameters" in text


SENT = [
    {"body": {"client_secret": OPAQUE}}, {"body": [{"user": {"apiKey": [OPAQUE]}}]}, {"query": {"token": OPAQUE}},
    {"body": {"Client secret": OPAQUE}}, {"query": {"password": [OPAQUE, 7]}},
    {"body": f'{{"client_secret": "{OPAQUE}"}}'},
    {"path": f"/organizations/{{org_id}}/x?access_token={OPAQUE}"}, {"body": f"a=b&client_secret={OPAQUE}&c=d"},
]  # fmt: skip


@pytest.mark.parametrize("sent", SENT)
def test_a_secret_that_is_sent_under_its_name_is_not_shown(sent: dict[str, Any]) -> None:
    """Older ansible-core shows the arguments of a task with ``-vvv``."""
    spec = spec_of("tallyfy_api")
    arguments = {"path": "/organizations/{org_id}/x", "method": "POST", **sent}
    result = _in_process.run_in_process(
        "a.b.c", spec, {**CONNECTION, **arguments}, check_mode=True, progress=lambda _text: None
    )
    assert result["invocation"]["module_args"]["method"] == "POST"
    assert OPAQUE not in json.dumps(result)


def test_what_stands_beside_a_secret_is_shown() -> None:
    given = {"token": OPAQUE, "tokens": ["x"], "secret": None, "key": "", "inner": [{"password": 1, "name": "Mary"}]}
    shown = {"token": MASK, "tokens": ["x"], "secret": None, "key": "", "inner": [{"password": MASK, "name": "Mary"}]}
    assert without_named_secrets(given) == shown


MISNAMED = [
    ("token", "access_token"), ("Token", "access_token"), ("bearer_token", "access_token"), ("jwt", "access_token"),
    ("api_key", "access_token"), ("apikey", "access_token"), ("tallyfy_token", "access_token"),
    ("secret", "client_secret"), ("password", "client_secret"), ("api_secret", "client_secret"),
    ("credentials", "access_token"), ("key", "access_token"),
    ("tokens", None), ("keyboard", None), ("sort_key", None), ("token_kind_", None), ("author", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "meant"), MISNAMED)
def test_the_option_that_was_meant(name: str, meant: str | None) -> None:
    assert meant_secret(name) == meant
    validation = ArgumentSpecValidator({"email": {"type": "str"}}).validate({name: OPAQUE})
    hint = f"{name} is not an option; did you mean {meant}? " if meant else ""
    refused = f"Unsupported parameters for m: {name}. Supported parameters include: email."
    assert refusal_of(validation, "m") == hint + refused


ROLE = {"choices": ["admin", "light"]}
ROW = {"type": "dict", "options": {"role": ROLE}}
REFUSED = [
    (ROLE, "boss", "value of it must be one of: admin, light, got: boss"),
    (ROLE, "light user", "value of it must be one of: admin, light, got: light user"),
    (ROLE, "b055", "value of it must be one of: admin, light"),
    (ROLE, f"boss, got: {OPAQUE}", "value of it must be one of: admin, light"),
    (ROLE, "x" * 25, "value of it must be one of: admin, light"),
    ({"type": "list", **ROLE}, ["boss", OPAQUE], "value of it must be one or more of: admin, light"),
    (ROW, {"role": "boss"}, "value of role must be one of: admin, light, got: boss found in it"),
    (ROW, {"role": OPAQUE}, "value of role must be one of: admin, light found in it"),
    *(
        (option, value, f"argument 'it' is of type str and we were unable to convert to {option['type']}")
        for option in ({"type": "int"}, {"type": "float"}, {"type": "bool"}, {"type": "dict"}, ROW)
        for value in ("soon", OPAQUE, f"x: unable to convert to int: {OPAQUE}")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value", "message"), REFUSED)
def test_what_is_left_of_a_refusal(option: dict[str, Any], value: Any, message: str) -> None:
    refusal = refusal_of(ArgumentSpecValidator({"it": option}).validate({"it": value}), "m")
    # ansible-core < 2.19 shows the class of a value.
    assert (refusal or "").replace("<class 'str'>", "str") == message
