# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of variables in the READMEs of roles, made from their argument specs.

A test holds them together. ``python tests/acceptance/role_readmes.py`` writes the tables anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
BEGIN, END = "<!-- variables: from meta/argument_specs.yml -->", "<!-- end of variables -->"
MARKUP = re.compile(r"\b[CEMOV]\(([^)]*)\)")


def variables_table(role: Path) -> str:
    """Return the table for the role's entry point ``main`` as it must stand in the README."""
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    lines = ["| Variable | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for name, option in flattened(spec["argument_specs"]["main"]["options"]):
        meaning = " ".join(option["description"])
        if "choices" in option:
            meaning += f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}."
        meaning = MARKUP.sub(r"`\1`", meaning)
        lines.append(f"| `{name}` | {option['type']} | {_default(option)} | {meaning} |")
    return "\n".join([BEGIN, "", *lines, "", END])


def flattened(
    options: dict[str, Any], prefix: str = "", *, below: str = "options"
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each option by its full name; ``below`` is the key for those of an option."""
    for name, option in options.items():
        yield prefix + name, option
        between = "[]." if option["type"] == "list" else "."
        yield from flattened(option.get(below, {}), f"{prefix}{name}{between}", below=below)


def _default(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "required"
    default = option.get("default")
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default else ""


def tables_in(readme: str) -> list[str]:
    """Return what stands between the marks, with them."""
    return re.findall(f"{re.escape(BEGIN)}.*?{re.escape(END)}", readme, flags=re.DOTALL)


def main() -> None:
    for role in sorted(path for path in ROLES.iterdir() if path.is_dir()):
        readme = role / "README.md"
        text = readme.read_text(encoding="utf-8")
        for table in tables_in(text):
            text = text.replace(table, variables_table(role))
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
