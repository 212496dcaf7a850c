# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that must stay equal: options and their documentation, the version, the action group, the modules."""

from __future__ import annotations

import ast
import importlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from ansible_collections.tallyfy.platform.plugins.doc_fragments import rows as rows_fragment
from ansible_collections.tallyfy.platform.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.tallyfy.platform.plugins.module_utils import _module
from ansible_collections.tallyfy.platform.plugins.module_utils._engine.text import Email
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import (
    ALIASES,
    OPTIONS,
    SIGN_IN_OPTIONS,
    Connection,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._http.libraries import OLDEST
from ansible_collections.tallyfy.platform.plugins.module_utils._http.session import HEADERS
from ansible_collections.tallyfy.platform.plugins.module_utils._module import (
    ModuleSpec,
    connection_options,
    masked,
    perform,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.fuse import FUSE_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK, SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._version import VERSION

ROOT = Path(__file__).parents[4]
PLUGINS = ROOT / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
DOCUMENTED = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
PLUGIN = yaml.safe_load(ModuleDocFragment.PLUGIN)["options"]


def constants_of(module: str) -> dict[str, str]:
    """Return the texts that a module assigns to names, without importing it."""
    tree = ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def documentation_of(module: str) -> dict[str, Any]:
    read = yaml.safe_load(constants_of(module)["DOCUMENTATION"])
    assert isinstance(read, dict)
    return read


def spec_of(module: str) -> dict[str, Any]:
    """Return the argument spec that the module runs with."""
    spec: ModuleSpec = importlib.import_module(f"ansible_collections.tallyfy.platform.plugins.modules.{module}").SPEC
    return spec.options()


# --- connection options -----------------------------------------------------------------------------------------------


def test_options_have_one_set_of_names() -> None:
    spec = connection_options()
    assert set(spec) == set(OPTIONS) == set(DOCUMENTED) == set(PLUGIN)
    assert set(OPTIONS) == set(Connection.__dataclass_fields__)


@pytest.mark.parametrize("name", OPTIONS)
def test_option_is_documented_as_it_is(name: str) -> None:
    spec, documented = connection_options()[name], DOCUMENTED[name]
    assert documented["type"] == spec["type"]
    assert documented.get("aliases", []) == spec.get("aliases", [])
    assert documented.get("default") == spec.get("default") == OPTIONS[name][0]
    assert "required" not in documented
    assert "required" not in spec


@pytest.mark.parametrize("name", OPTIONS)
def test_environment_of_an_option_is_documented_as_it_is(name: str) -> None:
    variables = list(OPTIONS[name][1])
    assert [variable["name"] for variable in PLUGIN[name]["env"]] == variables
    aliases = [alias for alias, option in ALIASES.items() if option == name]
    assert [variable["name"] for variable in PLUGIN[name]["vars"]] == [f"tallyfy_{one}" for one in (name, *aliases)]
    assert re.findall(r"E\((\w+)\)", " ".join(DOCUMENTED[name]["description"])) == variables
    assert variables[0] == f"TALLYFY_{name.upper()}"
    if name in SIGN_IN_OPTIONS:
        # connection_from has to know which of them were given, and asks the environment itself.
        assert "fallback" not in connection_options()[name]
    else:
        fallback, names = connection_options()[name]["fallback"]
        assert names == variables
        assert callable(fallback)


def test_fallback_skips_empty_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    fallback, names = _module.from_environment, OPTIONS["access_token"][1]
    with pytest.raises(AnsibleFallbackNotFound):
        fallback(*names)
    monkeypatch.setenv(names[0], "  ")
    with pytest.raises(AnsibleFallbackNotFound):
        fallback(*names)
    monkeypatch.setenv(names[1], "second")
    assert fallback(*names) == "second"
    monkeypatch.setenv(names[0], "first")
    assert fallback(*names) == "first"


def test_secret_options_are_not_logged() -> None:
    for name, option in connection_options().items():
        assert option.get("no_log", False) is (name in {"client_secret", "access_token"}), name


def test_lookup_knows_the_aliases_of_the_modules() -> None:
    spec = connection_options()
    assert {alias: name for name in spec for alias in spec[name].get("aliases", [])} == ALIASES


def test_specs_are_not_shared() -> None:
    connection_options()["org_id"]["default"] = "changed"
    assert "default" not in connection_options()["org_id"]


# --- modules ----------------------------------------------------------------------------------------------------------


def test_action_group_holds_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["tallyfy"] == MODULES
    assert runtime["requires_ansible"] == ">=2.15.0"


@pytest.mark.parametrize("module", MODULES)
def test_module_is_documented(module: str) -> None:
    documentation = documentation_of(module)
    assert documentation["module"] == module
    assert "tallyfy.platform.connection" in documentation["extends_documentation_fragment"]
    assert any(
        fragment.startswith("tallyfy.platform.attributes")
        for fragment in documentation["extends_documentation_fragment"]
    )
    assert isinstance(yaml.safe_load(constants_of(module)["RETURN"]), dict)


def test_requirements_have_versions_and_stand_in_one_place() -> None:
    """What is documented is what is imported without complaint; test_libraries.py has what is installed."""
    requirements = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["requirements"]
    assert requirements == ["python >= 3.9", *(f"{library} >= {version}" for library, version in OLDEST.items())]
    assert not [module for module in MODULES if "requirements" in documentation_of(module)]


@pytest.mark.parametrize("module", MODULES)
def test_examples_use_documented_options(module: str) -> None:
    known = options_of(module)
    names = set(known) | {alias for option in known.values() for alias in option.get("aliases", [])}
    for task in yaml.safe_load(constants_of(module)["EXAMPLES"]):
        assert set(task.get(f"tallyfy.platform.{module}") or {}) <= names, task["name"]


def options_of(module: str) -> dict[str, Any]:
    """Return the options that a module documents, with those of its fragments."""
    documentation = documentation_of(module)
    has_rows = "tallyfy.platform.rows" in documentation["extends_documentation_fragment"]
    rows = yaml.safe_load(rows_fragment.ModuleDocFragment.DOCUMENTATION)["options"] if has_rows else {}
    return {**DOCUMENTED, **rows, **documentation.get("options", {})}


@pytest.mark.parametrize("module", MODULES)
def test_module_takes_what_it_documents(module: str) -> None:
    documented = options_of(module)
    spec = spec_of(module)
    assert set(documented) == set(spec)
    for name, option in spec.items():
        assert documented[name]["type"] == option.get("type", "str"), name
        assert documented[name].get("default") == option.get("default"), name
        assert documented[name].get("choices") == option.get("choices"), name
        assert documented[name].get("required", False) == option.get("required", False), name
        assert documented[name].get("elements") == option.get("elements"), name
        assert documented[name].get("aliases", []) == option.get("aliases", []), name
        assert set(documented[name].get("suboptions", {})) == set(option.get("options", {})), name


def test_the_fuse_is_the_same_in_every_module() -> None:
    for name, option in FUSE_OPTIONS.items():
        given = {module: spec_of(module)[name] for module in MODULES if name in spec_of(module)}
        assert set(given) >= {"tallyfy_roster", "tallyfy_offboarding"}
        assert all(one == option for one in given.values()), given


@pytest.mark.parametrize("module", MODULES)
def test_module_says_of_each_secret_name_whether_it_is_one(module: str) -> None:
    for name, option in spec_of(module).items():
        if re.search("token|secret|pass|key", name) and option["type"] in {"str", "raw"} and name != "token_url":
            assert isinstance(option.get("no_log"), bool), name


def test_every_module_has_its_action_plugin() -> None:
    """One that is missing, or copied with another's ``SPEC``, would go unnoticed: the module would run as any other.

    They are read and not imported: a process that has done so is a controller to ansible-core 2.19 and later, and
    modules that are tested in it print their warnings.
    """
    assert {path.stem for path in (PLUGINS / "action").glob("*.py")} == set(MODULES)
    for module in MODULES:
        text = (PLUGINS / "action" / f"{module}.py").read_text(encoding="utf-8")
        assert f"plugins.modules.{module} import SPEC\n" in text
        assert re.search(r"class ActionModule\([\w, ]+\):\n    spec = SPEC\n", text)


# --- version ----------------------------------------------------------------------------------------------------------


def test_version_is_that_of_the_collection() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == VERSION
    assert HEADERS["User-Agent"] == f"tallyfy.platform/{VERSION}"


def test_every_call_carries_the_headers_of_the_service() -> None:
    assert HEADERS["Accept"] == "application/json"
    assert HEADERS["X-Tallyfy-Client"] == "APIClient"


# --- results ----------------------------------------------------------------------------------------------------------


def test_secrets_are_taken_out_of_the_whole_result() -> None:
    secrets = SecretKeeper()
    secrets.keep("s3cret")
    result = {
        "msg": "no s3cret here",
        "s3cret": 1,
        "deep": [{"x": ("s3cret", ["a s3cret"], {"s3cret"})}],
        "count": 7,
        "none": None,
        "yes": True,
    }
    shown = masked(result, secrets)
    assert "s3cret" not in json.dumps(shown)
    assert shown["msg"] == f"no {MASK} here"
    assert (shown["count"], shown["none"], shown["yes"]) == (7, None, True)
    assert result["msg"] == "no s3cret here"


def test_two_spellings_of_an_address_stay_two_in_a_result() -> None:
    spellings = ["John.Smith@example.com", "john.smith@example.com", "JOHN.SMITH@example.com"]
    rows = [{"email": Email(spelling), "name": spelling} for spelling in spellings]
    spec = ModuleSpec(argument_spec={}, operation=lambda _task: {"people": rows}, signs_in=False)
    client = mock.Mock(secrets=SecretKeeper())
    succeeded, result = perform(
        spec, {}, check_mode=False, warn=pytest.fail, client_for=lambda _connection, _warn: client
    )
    assert succeeded
    assert [(row["email"], row["name"]) for row in result["people"]] == list(zip(spellings, spellings))
    assert {type(row["email"]) for row in result["people"]} == {str}


@pytest.mark.parametrize(("library", "version"), [("requests", "2.25.0"), ("urllib3", "1.25.11")])
def test_library_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, library: str, version: str) -> None:
    monkeypatch.setattr(f"{library}.__version__", version)
    guard = importlib.import_module(f"{_module.__package__}._http.requests_guard")
    try:
        found = importlib.reload(guard).__dict__.copy()
    finally:
        monkeypatch.undo()
        importlib.reload(guard)
    assert found["requests"] is None
    assert found["REQUESTS_ADVICE"].startswith(f"The Python library {library} {version} is too old: ")
    assert library in found["REQUESTS_IMPORT_ERROR"]


def test_library_that_is_missing_ends_a_module_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    class FailedError(Exception):
        """Ends the module as ``fail_json`` does."""

    class Module:
        params: dict[str, Any] = {}

        def __init__(self, **_options: Any) -> None:
            pass

        def fail_json(self, **result: Any) -> None:
            raise FailedError(result["msg"])

    monkeypatch.setattr(_module, "AnsibleModule", Module)
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback ...")
    monkeypatch.setattr(_module, "REQUESTS_ADVICE", "Install requests")
    with pytest.raises(FailedError, match="Install requests"):
        _module.run_module(ModuleSpec(argument_spec={}, operation=pytest.fail))


def test_a_number_for_a_text_is_seen_before_it_is_made_one() -> None:
    spec = ModuleSpec(
        {
            "email": {"type": "str", "required": True},
            "phone": {"type": "str"},
            "size": {"type": "int"},
        },
        lambda _task: {},
    )
    given = {"email": "", "phone": 27605367, "size": "", "role": None, "org_id": 7}
    left = {"email": "", "phone": 27605367, "role": None, "org_id": 7}
    assert spec.given(given) == (left, [])
    strict = replace(spec, takes_texts=True)
    assert strict.given(given, str.upper) == (
        left,
        ["PHONE is the number 27605367, not a text: put it in quotes"],
    )
    assert strict.given({"phone": False})[1] == ["phone is the truth value false, not a text: put it in quotes"]
    assert strict.given({"email": "\u200b ", "phone": "\u200b ", "size": 7}) == ({"email": "\u200b ", "size": 7}, [])
