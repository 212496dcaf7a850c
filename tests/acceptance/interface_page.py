# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that holds every option, state, return key and role variable, word by word.

A word that means two things stands in two rows, one below the other. A test holds the page and the documentation of
the plugins together. ``python tests/acceptance/interface_page.py`` writes the page anew.
"""

from __future__ import annotations

import csv
import importlib
import io
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from tests.acceptance.documented import REPOSITORY_ROOT, documentation, documented_files
from tests.acceptance.role_readmes import MARKUP, ROLES, flattened

PAGE = REPOSITORY_ROOT / "docs" / "docsite" / "rst" / "reference_interface.rst"
FRAGMENTS = "ansible_collections.tallyfy.platform.plugins.doc_fragments"
HEAD = """\
..
  Copyright (c) 2026 the tallyfy.platform authors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Made by tests/acceptance/interface_page.py from the documentation of the plugins and the argument specs of the roles.

.. _ansible_collections.tallyfy.platform.docsite.reference_interface:

Every option, return key and variable
=====================================

The words of the collection in alphabetical order, with the modules and plugins that have them. ``ansible-doc`` tells
what they mean. ``a.b`` is the key ``b`` of ``a``, and ``a[].b`` that of each entry of a list.

.. contents::
   :local:
   :depth: 1
"""
Row = tuple[str, ...]


def fragment(name: str) -> dict[str, Any]:
    """Return the options of a documentation fragment of the collection, by its full name."""
    file, _dot, part = name.split(".", 2)[2].partition(".")
    fragments = importlib.import_module(f"{FRAGMENTS}.{file}").ModuleDocFragment
    options: dict[str, Any] = yaml.safe_load(getattr(fragments, part.upper() or "DOCUMENTATION"))["options"]
    return options


def options_of(plugin: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a plugin of its own, without those of the connection, which all of them have."""
    named = plugin.get("extends_documentation_fragment", ())
    # Those of ansible-core are known.
    shared = [name for name in named if name.startswith("tallyfy.") and ".connection" not in name]
    return dict(ChainMap(plugin.get("options", {}), *map(fragment, shared)))


def number_of_options() -> int:
    """Return how many options all modules have together, beside those of the connection, options of options too."""
    modules = [file for file in documented_files() if file.parent.name == "modules"]
    return len([one for file in modules for one in _flat_options(documentation(file)["DOCUMENTATION"])])


def page() -> str:
    """Return the page as it must be."""
    plugins = {file: documentation(file) for file in documented_files("modules", "lookup", "inventory")}
    options, keys = [], []
    for file, blocks in plugins.items():
        where = file.stem if file.parent.name == "modules" else f"{file.parent.name} {file.stem}"
        found = _flat_options(blocks["DOCUMENTATION"])
        options += [((_code(name), *_of_option(option)), where) for name, option in found]
        keys += [
            ((_code(name), *_of_key(key)), where) for name, key in flattened(blocks.get("RETURN", {}), below="contains")
        ]
    connection, environment = fragment("tallyfy.platform.connection"), fragment("tallyfy.platform.connection.plugin")
    names = {name: ", ".join(_code(one["name"]) for one in environment[name]["env"]) for name in connection}
    modules = len([file for file in plugins if file.parent.name == "modules"])
    return "\n".join(
        [
            HEAD,
            *_section("Connection options"),
            "Modules, the lookup ``token`` and the inventory have them, and variables with ``tallyfy_`` in front.\n",
            *_table(
                ("Option", "Type", "Choices", "Default", "Environment"),
                [(_code(name), *_of_option(option), names[name]) for name, option in connection.items()],
            ),
            *_section("Options"),
            f"Options of all {modules} modules beside those of the connection: {number_of_options()}.\n",
            *_table(("Option", "Type", "Choices", "Default", "Module or plugin"), _by_word(options)),
            *_section("Return keys"),
            "Where nothing else is said, a key is there after a success.\n",
            *_table(("Key", "Type", "Returned", "Module or plugin"), _by_word(keys)),
            *_section("Variables of roles"),
            "A variable is the option of the role's module with the name of the role in front.\n",
            *_table(("Variable", "Type", "Choices", "Default"), _variables()),
        ]
    )


def _flat_options(plugin: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from flattened(options_of(plugin), below="suboptions")


def _variables() -> Iterator[Row]:
    for role in sorted(ROLES.iterdir()):
        spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        for name, option in flattened(spec["argument_specs"]["main"]["options"]):
            yield (_code(name), *_of_option(option))


def _by_word(given: Iterable[tuple[Row, str]]) -> list[Row]:
    """Return the rows in the order of their words, each once, with everything that has it."""
    found: dict[Row, list[str]] = defaultdict(list)
    for row, where in given:
        found[row].append(where)
    return [(*row, ", ".join(where)) for row, where in sorted(found.items(), key=lambda one: one[0][0].strip("`"))]


def _of_option(option: dict[str, Any]) -> Row:
    kind = _type(option) + (", required" if option.get("required") else "")
    default = option.get("default")
    shown = str(default).lower() if isinstance(default, bool) else default
    is_blank = default in (None, [], {}, "")
    return kind, ", ".join(map(_code, option.get("choices", ()))), "" if is_blank else _code(shown)


def _of_key(key: dict[str, Any]) -> Row:
    returned = key.get("returned", "success")
    return _type(key), "" if returned == "success" else MARKUP.sub(r"``\1``", returned)


def _type(entry: dict[str, Any]) -> str:
    return f"list of {entry['elements']}" if "elements" in entry else str(entry["type"])


def _code(word: object) -> str:
    return f"``{word}``"


def _section(title: str) -> list[str]:
    return ["", title, "-" * len(title), ""]


def _table(head: Row, rows: Iterable[Row]) -> list[str]:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return [".. csv-table::", "   :header-rows: 1", "", *(f"   {line}" for line in text.getvalue().splitlines()), ""]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
