# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the documentation that list every option and every return key in alphabetical order.

A word that means two things stands in two rows, one below the other. A test holds the pages and the documentation of
the plugins together. ``python tests/acceptance/interface_page.py`` writes the pages anew.
"""

from __future__ import annotations

import csv
import importlib
import io
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import yaml

from tests.acceptance.documented import REPOSITORY_ROOT, documentation, documented_files
from tests.acceptance.role_readmes import MARKUP, flattened

RST = REPOSITORY_ROOT / "docs" / "docsite" / "rst"
FRAGMENTS = "ansible_collections.tallyfy.platform.plugins.doc_fragments"
HEAD = """\
..
  Copyright (c) 2026 the tallyfy.platform authors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Made by tests/acceptance/interface_page.py from the documentation of the plugins.

.. _ansible_collections.tallyfy.platform.docsite.{name}:
"""
OPTIONS = """
All options
===========

This page lists every option of the modules and plugins. The page of each module explains its options, and so does
``ansible-doc``. The variables of a role are the options of its module, with the name of the role in front. ``a.b`` is
the option ``b`` of ``a``, and ``a[].b`` that of each entry of a list.
"""
KEYS = """
All return keys
===============

This page lists every key that the modules and plugins return. The page of each module explains its keys, and so does
``ansible-doc``. ``a.b`` is the key ``b`` of ``a``, and ``a[].b`` that of each entry of a list. A key is there after a
success, unless the table says something else.
"""
NEXT = """\
Where next
----------

- :ref:`ansible_collections.tallyfy.platform.docsite.{page}`
- :ref:`ansible_collections.tallyfy.platform.docsite.reference_results`
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


def pages() -> dict[str, str]:
    """Return the pages as they must be, by their names."""
    plugins = {file: documentation(file) for file in documented_files("modules", "lookup", "inventory")}
    options, keys = [], []
    for file, blocks in plugins.items():
        where = file.stem if file.parent.name == "modules" else f"{file.parent.name} {file.stem}"
        for name, option in _flat_options(blocks["DOCUMENTATION"]):
            options.append(((_code(name), _of_option(option)), where))
        for name, key in flattened(blocks.get("RETURN", {}), below="contains"):
            keys.append(((_code(name), _of_key(key)), where))
    connection, environment = fragment("tallyfy.platform.connection"), fragment("tallyfy.platform.connection.plugin")
    names = {name: ", ".join(_code(one["name"]) for one in environment[name]["env"]) for name in connection}
    parts = {
        "reference_options": [
            OPTIONS,
            *_section("Connection options"),
            "Modules, the lookup ``token`` and the inventory have them, and variables with ``tallyfy_`` in front.\n",
            *_table(
                ("Option", "Value", "Environment"),
                [(_code(name), _of_option(option), names[name]) for name, option in connection.items()],
            ),
            *_by_letter(("Option", "Value", "Module or plugin"), options),
            NEXT.format(page="reference_return_keys"),
        ],
        "reference_return_keys": [
            KEYS,
            *_by_letter(("Key", "Value", "Module or plugin"), keys),
            NEXT.format(page="reference_options"),
        ],
    }
    return {name: HEAD.format(name=name) + "\n".join(part) for name, part in parts.items()}


def _flat_options(plugin: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from flattened(options_of(plugin), below="suboptions")


def _by_letter(head: Row, given: Iterable[tuple[Row, str]]) -> list[str]:
    """Return a folded section for each initial letter, with each row once and everything that has it."""
    found: dict[Row, list[str]] = defaultdict(list)
    for row, where in given:
        found[row].append(where)
    rows = sorted(((*row, ", ".join(where)) for row, where in found.items()), key=lambda row: row[0].strip("`_"))
    return [
        line
        for letter, same in groupby(rows, key=lambda row: row[0].strip("`_")[0].upper())
        for line in [*_section(letter), ".. fold", "", *_table(head, same)]
    ]


def _of_option(option: dict[str, Any]) -> str:
    value = _type(option)
    if "choices" in option:
        value += f": {', '.join(map(_code, option['choices']))}"
    if option.get("required"):
        return f"{value}; required"
    default = option.get("default")
    if default in (None, [], {}, ""):
        return value
    return f"{value}; default {_code(str(default).lower() if isinstance(default, bool) else default)}"


def _of_key(key: dict[str, Any]) -> str:
    returned = key.get("returned", "success")
    return _type(key) if returned == "success" else f"{_type(key)}; " + MARKUP.sub(r"``\1``", returned)


def _type(entry: dict[str, Any]) -> str:
    return f"list of {entry['elements']}" if "elements" in entry else str(entry["type"])


def _code(word: object) -> str:
    return f"``{word}``"


def _section(title: str) -> list[str]:
    return [title, "-" * len(title), ""]


def _table(head: Row, rows: Iterable[Row]) -> list[str]:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return [".. csv-table::", "   :header-rows: 1", "", *(f"   {line}" for line in text.getvalue().splitlines()), ""]


if __name__ == "__main__":
    for page_name, text in pages().items():
        (RST / f"{page_name}.rst").write_text(text, encoding="utf-8")
