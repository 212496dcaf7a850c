# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site.

    python -m docs.site FOLDER

makes ``FOLDER/html``. Pages are made from the documentation of plugins and roles by antsibull-docs, taken from
``docs/docsite/rst``, and the start page is ``index.rst`` beside this file. All of them are in ``FOLDER/rst`` meanwhile.
A warning is an error, and so is a link that leads nowhere, or a picture that nothing shows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from docs.site.links import Links
from tests.collection_tree import CHECKOUT, collection_tree

HERE = Path(__file__).parent
KINDS = {"module": "Modules", "role": "Roles", "lookup": "Lookups", "inventory": "Inventory"}


@dataclass(frozen=True)
class PluginPage:
    """A page that antsibull-docs has made of a module, a role or another plugin."""

    document: str
    name: str
    kind: str
    summary: str


def run(*command: str) -> None:
    tools = str(Path(sys.executable).parent)
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collection_tree()),
        "PATH": os.pathsep.join([tools, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(collection_tree()), str(CHECKOUT)]),
    }
    if status := subprocess.call([str(Path(tools, command[0])), *command[1:]], cwd=CHECKOUT, env=env):
        sys.exit(status)


def plugin_pages(rst: Path) -> list[PluginPage]:
    """Return the pages about plugins and roles, by the title that each of them begins with."""
    title = re.compile(r"^tallyfy\.platform\.(?P<name>\w+) (?P<kind>\w+)(?: plugin)? -- (?P<summary>.*)\n\++$", re.M)
    titles = {path.stem: title.search(path.read_text(encoding="utf-8")) for path in sorted(rst.glob("*.rst"))}
    pages = [PluginPage(document, **found.groupdict()) for document, found in titles.items() if found]
    return sorted(pages, key=lambda page: page.name)


def toctree(caption: str, entries: list[str], *options: str) -> str:
    lines = (f":caption: {caption}", ":titlesonly:", *options, "", *entries)
    return "\n".join([".. toctree::", *(f"   {line}".rstrip() for line in lines), "", ""])


def start_page() -> str:
    """Return the start page: its file, with the lists of tutorials, references and modules in place of ``.. pages``."""
    sections = yaml.safe_load((CHECKOUT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    trees = [toctree(section["title"], [f"docsite/{page}" for page in section["toctree"]]) for section in sections]
    trees.append(toctree("Modules and roles", ["collection", "Environment variables <environment_variables>"]))
    return (HERE / "index.rst").read_text(encoding="utf-8").replace(".. pages\n", "\n".join(trees))


def overview_page(pages: list[PluginPage]) -> str:
    """Return the page with one line for each module, role and plugin."""
    title = "Modules, roles and plugins"
    lines = [".. _plugins_in_tallyfy.platform:", "", title, "=" * len(title), ""]
    for kind, heading in KINDS.items():
        lines += [heading, "-" * len(heading), ""]
        lines += [f"- :doc:`{page.name} <{page.document}>`: {page.summary}" for page in pages if page.kind == kind]
        lines += [""]
        suffix = "" if kind == "module" else f" {kind}"
        entries = [f"{page.name}{suffix} <{page.document}>" for page in pages if page.kind == kind]
        lines += [toctree(heading, entries, ":hidden:")]
    return "\n".join(lines)


def main(folder: Path) -> None:
    rst, html, doctrees = (folder / name for name in ("rst", "html", "doctrees"))
    for made in (rst, html, doctrees):
        shutil.rmtree(made, ignore_errors=True)
    rst.mkdir(parents=True, mode=0o755)  # antsibull-docs wants nobody else to write there
    options = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(rst))
    config = str(HERE / "antsibull-docs.cfg")
    run("antsibull-docs", "--config-file", config, "collection", *options, "tallyfy.platform")

    pages = plugin_pages(rst)
    (rst / "index.rst").write_text(start_page(), encoding="utf-8")
    (rst / "collection.rst").write_text(overview_page(pages), encoding="utf-8")
    images = CHECKOUT / "docs" / "pictures" / "images"
    if images.is_dir():
        shutil.copytree(images, rst / "pictures")
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")
    run("sphinx-build", *strict, "-b", "html", "-c", str(HERE), "-d", str(doctrees), str(rst), str(html))
    if problems := Links(html, CHECKOUT).problems():
        sys.exit("\n".join(["Links and pictures:", *problems]))
    print(f"The site is {html / 'index.html'}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
