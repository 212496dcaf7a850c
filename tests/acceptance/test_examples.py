# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example runs, and what comes back is what the documentation says, no less and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.documented import documentation, documented_files, run_examples
from tests.acceptance.example_outcomes import OUTCOMES
from tests.acceptance.role_readmes import flattened
from tests.acceptance.running import Playbooks

MODULES = [file for file in documented_files() if file.parent.name == "modules"]
#: Those that most people start with have more examples than the others.
STARTING_POINTS = {"tallyfy_user", "tallyfy_roster", "tallyfy_onboarding", "tallyfy_process", "tallyfy_offboarding"}
#: Keywords of a task beside its module.
KEYWORDS = {"name", "register", "no_log", "check_mode", "diff"}
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "dict": (dict,), "list": (list,),
}  # fmt: skip
# What ansible-core documents for every module, and what it adds.
COMMON = {"ansible_parsed", "changed", "diff", "exception", "failed", "invocation", "msg", "warnings", "deprecations"}
# Tallyfy's own records are handed through: what matters is documented, the rest is as Tallyfy has it.
HANDED_THROUGH = {"tallyfy_organization_info.organization", "tallyfy_api.data", "tallyfy_api.meta"}
EMPTY: tuple[Any, ...] = (None, "", [], {})
# What no run returns twice, and times, identifiers, tokens and folders.
VARYING = {"requests", "request_id", "expires_in", "users_count"}
RECOGNIZED = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|eyJ[\w.-]+|^/.*/|(?<=-)\d{5,6}$"
)
# Names after which a dot in Jinja finds the method of a dictionary instead.
METHODS = set(dir(dict))


def of_file(files: list[Path]) -> Any:
    return pytest.mark.parametrize("file", files, ids=[f"{file.parent.name}/{file.stem}" for file in files])


@of_file(documented_files())
def test_every_plugin_has_enough_examples_with_titles_of_their_own(file: Path) -> None:
    titles = [task["name"] for task in documentation(file)["EXAMPLES"]]
    assert titles == list(OUTCOMES[file.stem]), "example_outcomes.py has the examples in their order"
    assert len(titles) >= (8 if file.stem in STARTING_POINTS else 4)
    assert len(titles) == len(set(titles))


def test_examples_do_what_their_titles_say(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for file, examples in run_examples(playbooks, sandbox, documented_files()).items():
        check_examples(file, examples)
        if file.parent.name == "modules":
            check_samples_are_of_a_run(file, [result for _task, result in examples])


def check_examples(file: Path, examples: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for task, result in examples:
        assert all("." in key for key in task if key not in KEYWORDS), "an example needs the FQCN"
        OUTCOMES[file.stem][task["name"]].verify(f"{file.stem}: {task['name']}", result)
        if f"tallyfy.platform.{file.stem}" in task:
            returned = {name: value for name, value in result.items() if name not in COMMON}
            check_keys(file.stem, returned, documentation(file)["RETURN"], task[f"tallyfy.platform.{file.stem}"] or {})


def check_keys(where: str, returned: dict[str, Any], documented: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Check that the keys of a result are those that are documented, with values of the documented types."""
    if where not in HANDED_THROUGH:
        assert returned.keys() <= documented.keys(), f"{where}: {returned.keys() - documented.keys()} not documented"
    required = {name for name, entry in documented.items() if is_promised(entry.get("returned", "success"), arguments)}
    assert required <= returned.keys(), f"{where}: {required - returned.keys()} not returned"
    for name, entry in documented.items():
        if returned.get(name) is not None:
            check_value(f"{where}.{name}", returned[name], entry, arguments)


def check_value(where: str, value: Any, entry: dict[str, Any], arguments: dict[str, Any]) -> None:
    if entry["type"] == "raw" or where in HANDED_THROUGH - {"tallyfy_organization_info.organization"}:
        return
    assert isinstance(value, TYPES[entry["type"]]), f"{where} is not {entry['type']}: {value!r}"
    rows = value if isinstance(value, list) else [value]
    if "elements" in entry:
        assert all(isinstance(row, TYPES[entry["elements"]]) for row in rows), f"{where}: not all {entry['elements']}"
    for row in rows:
        if "contains" in entry and row:
            check_keys(where, row, entry["contains"], arguments)


def is_promised(returned: str, arguments: dict[str, Any]) -> bool:
    """Return whether a key must be there, after what ``returned`` says."""
    if re.match(r"always|success", returned):
        return True
    condition = re.fullmatch(r"when O\((\w+)=(\w+)\)", returned)
    return condition is not None and str(arguments.get(condition[1], "present")).lower() == condition[2]


@of_file(MODULES)
def test_every_return_value_has_a_sample_of_its_type_and_shape(file: Path) -> None:
    documented = documentation(file)["RETURN"]
    for where, entry in flattened(documented, below="contains"):
        assert "sample" in entry or ("contains" in entry and where not in documented), (
            f"{file.stem}: no sample: {where}"
        )
        if "sample" in entry:
            check_sample(f"{file.stem}.{where}", entry)
    check_names(file.stem, documented)


def check_sample(where: str, entry: dict[str, Any]) -> None:
    sample, description = entry["sample"], str(entry["description"])
    assert (sample is None) == ("Always V(null)" in description), f"{where}: the sample is null, or should be"
    assert (sample in ({}, [], "")) == ("Always empty" in description), f"{where}: the sample is empty, or should be"
    if sample is not None:
        check_value(where, sample, entry, {"groups": True, "complete": True, "kickoff": True})


def check_samples_are_of_a_run(file: Path, results: list[dict[str, Any]]) -> None:
    """Check that the examples have returned each sample, but for values that none of them returns."""
    for where, entry in flattened(documentation(file)["RETURN"], below="contains"):
        seen = [value for value in values_at(where.replace("[]", "").split("."), results) if value not in EMPTY]
        samples = entry.get("sample", []) if isinstance(entry.get("sample", []), list) else [entry["sample"]]
        rows = [row for value in seen for row in (value if isinstance(value, list) else [value])]
        for sample in samples if rows else ():
            assert any(is_like(sample, row, where.split(".")[-1]) for row in rows), (
                f"{file.stem}: no example returns this {where}: {sample}"
            )


def values_at(path: list[str], value: Any) -> list[Any]:
    """Return what stands at a path of keys, in each entry of lists on the way."""
    if isinstance(value, list) and path:
        return [found for row in value for found in values_at(path, row)]
    if not path:
        return [value]
    return values_at(path[1:], value[path[0]]) if isinstance(value, dict) and path[0] in value else []


def is_like(sample: Any, value: Any, name: str = "") -> bool:
    """Return whether a sample is this value, or a part of it, but for what differs from run to run."""
    if isinstance(sample, dict) and isinstance(value, dict):
        return sample.keys() <= value.keys() and all(is_like(sample[key], value[key], key) for key in sample)
    if isinstance(sample, list) and isinstance(value, list):
        return all(any(is_like(one, row) for row in value) for one in sample)
    return name in VARYING or pattern_of(sample) == pattern_of(value)


def pattern_of(value: Any) -> Any:
    """Return a value without the times, identifiers, tokens and folders in it."""
    return RECOGNIZED.sub("*", value) if isinstance(value, str) else value


def check_names(where: str, documented: dict[str, Any]) -> None:
    for name, entry in documented.items():
        assert name not in METHODS, f"{where}.{name} cannot be reached with a dot in Jinja"
        assert entry["description"], f"{where}.{name}"
        check_names(f"{where}.{name}", entry.get("contains", {}))


@of_file(MODULES)
def test_no_sample_is_a_token(file: Path) -> None:
    assert not re.search(r"eyJ0eXAi[\w-]{20}", file.read_text(encoding="utf-8"))
