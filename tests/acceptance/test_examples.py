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
from tests.acceptance.running import Playbooks

MODULES = [file for file in documented_files() if file.parent.name == "modules"]
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "dict": (dict,), "list": (list,),
}  # fmt: skip
# What ansible-core documents for every module, and what it adds.
COMMON = {"ansible_parsed", "changed", "diff", "failed", "invocation", "warnings", "deprecations"}
# Tallyfy's own records are handed through: what matters is documented, the rest is as Tallyfy has it.
HANDED_THROUGH = {"tallyfy_organization_info.organization", "tallyfy_api.data", "tallyfy_api.meta"}
# Names after which a dot in Jinja finds the method of a dictionary instead.
METHODS = set(dir(dict))


def of_file(files: list[Path]) -> Any:
    return pytest.mark.parametrize("file", files, ids=[f"{file.parent.name}/{file.stem}" for file in files])


def test_examples_run_and_return_what_is_documented(sandbox: Sandbox, playbooks: Playbooks) -> None:
    for file, examples in run_examples(playbooks, sandbox, documented_files()).items():
        assert examples
        check_examples(file, examples)


def check_examples(file: Path, examples: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for task, result in examples:
        assert task["name"]
        assert all("." in key for key in task if key not in {"name", "register", "no_log", "check_mode"}), (
            "an example needs the FQCN"
        )
        assert not result.get("failed")
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
        if "contains" in entry:
            check_keys(where, row, entry["contains"], arguments)


def is_promised(returned: str, arguments: dict[str, Any]) -> bool:
    """Return whether a key must be there, after what ``returned`` says."""
    if re.match(r"always|success", returned):
        return True
    condition = re.fullmatch(r"when O\((\w+)=(\w+)\)", returned)
    return condition is not None and str(arguments.get(condition[1], "present")).lower() == condition[2]


@of_file(MODULES)
def test_samples_are_of_the_documented_shape(file: Path) -> None:
    for name, entry in documentation(file)["RETURN"].items():
        assert "sample" in entry, f"{file.stem}: {name} has no sample"
        sample = entry["sample"]
        is_empty = "Always empty" in str(entry["description"])
        assert (sample in ({}, [], "")) == is_empty, f"{file.stem}: the sample of {name} is empty, or should be"
        if sample is not None:
            check_value(f"{file.stem}.{name}", sample, entry, {"groups": True, "complete": True})
        check_names(file.stem, {name: entry})


def check_names(where: str, documented: dict[str, Any]) -> None:
    for name, entry in documented.items():
        assert name not in METHODS, f"{where}.{name} cannot be reached with a dot in Jinja"
        assert entry["description"], f"{where}.{name}"
        check_names(f"{where}.{name}", entry.get("contains", {}))


@of_file(MODULES)
def test_no_sample_is_a_token(file: Path) -> None:
    assert not re.search(r"eyJ0eXAi[\w-]{20}", file.read_text(encoding="utf-8"))
