# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written down twice: specs of roles, their READMEs, options of modules, and the pages with all of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._people.member import MEMBER_OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._processes.desired import PROCESS_OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import EMAILS, PERSON
from tests.acceptance.interface_page import RST, number_of_options, pages
from tests.acceptance.role_readmes import ROLES, tables_in, variables_table
from tests.acceptance.roles import MODULES, Roles

pytestmark = pytest.mark.any_core

#: Those of the three modules of tasks, which came later.
OPTIONS_OF_TASKS = 35
#: Of all modules together, with options of options and without the connection's: 140 since the interface is one, and
#: 149 before.
MOST_OPTIONS = 140 + OPTIONS_OF_TASKS
NAMES = sorted(path.name for path in ROLES.iterdir())
ROLES_OF_MODULES = pytest.mark.parametrize("role", NAMES)


def options_of(role: str) -> dict[str, Any]:
    """Return the variables of a role, as its argument spec has them."""
    spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options: dict[str, Any] = spec["argument_specs"]["main"]["options"]
    return options


@pytest.mark.parametrize("page", pages())
def test_the_pages_of_the_interface_are_what_plugins_document(page: str) -> None:
    is_current = (RST / f"{page}.rst").read_text(encoding="utf-8") == pages()[page]
    assert is_current, "python tests/acceptance/interface_page.py writes it anew"


def test_there_are_no_more_options_than_there_were() -> None:
    """What is added must replace something, so that the interface stays small enough to be known by heart."""
    assert number_of_options() <= MOST_OPTIONS


def test_every_role_is_tested() -> None:
    assert set(NAMES) == set(MODULES)


@ROLES_OF_MODULES
def test_readme_and_argument_spec_agree(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text(encoding="utf-8")
    assert tables_in(readme) == [variables_table(ROLES / role)]


def test_the_variables_of_the_worklist_are_described() -> None:
    """It has two modules, and takes none of their options as they are."""
    assert set(options_of("worklist")) == Roles.variables_of("worklist")


@pytest.mark.parametrize("role", [name for name in NAMES if name != "worklist"])
def test_the_variables_are_the_options_of_the_module(role: str) -> None:
    options = options_of(role)
    module = importlib.import_module(f"ansible_collections.tallyfy.platform.plugins.modules.{MODULES[role]}")
    assert set(options) == {name for name in Roles.variables_of(role) if name.startswith(f"{role}_")}
    for name, option in module.SPEC.argument_spec.items():
        given = options[f"{role}_{name}"]
        # What a variable of the role roster stands in for has no default of its own in drift.
        if "default" in option and role != "drift":
            assert given["default"] == option["default"], name
        # A blank answer of a survey is none of them, and no mistake.
        for choice in option.get("choices", ()):
            assert f"V({choice})" in " ".join(given["description"]), name


def test_a_row_of_the_onboarding_is_described_as_its_module_takes_it() -> None:
    options = options_of("onboarding")
    row = options["onboarding_people"]["options"]
    expected = {name: option for name, option in MEMBER_OPTIONS.items() if name not in ("state", "reassign_to")}
    assert set(row) == {*expected, "process"}
    assert set(options["onboarding_process"]["options"]) == set(PROCESS_OPTIONS) - {"state"}
    for name, option in expected.items():
        assert row[name]["type"] == option["type"], name
        assert row[name].get("choices") == option.get("choices"), name
        assert set(row[name].get("options", ())) == set(option.get("options", ())), name


def test_every_answer_of_a_survey_is_described() -> None:
    answers = {name for name in options_of("onboarding") if name.startswith(PERSON)}
    assert answers == {name for name in Roles.variables_of("onboarding") if name.startswith(PERSON)}
    assert EMAILS in options_of("offboarding")


@ROLES_OF_MODULES
def test_there_are_few_lines_besides_words(role: str) -> None:
    """Rules live in Python: no defaults, no vars, no filters, and no decisions of a template."""
    assert {path.name for path in (ROLES / role).iterdir()} == {"README.md", "meta", "tasks"}
    for file in Path(ROLES / role / "tasks").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "{%" not in text
        assert "when:" not in text
