# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a page on its way to HTML: pictures, folds, and the link to edit it.

A page stays plain reStructuredText, which antsibull-docs renders elsewhere, too. Two comments mean something here:

``.. picture: NAME | alternative text`` is the figure ``docs/pictures/images/NAME.svg`` or ``NAME.png``.
``.. fold`` below the title of a section folds that section; on a wide window and in print it is open.

The long sections of the pages about plugins and roles are folded without it, and so are the connection options, which
all of them share, in a fold that is closed everywhere.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from sphinx.errors import ExtensionError

from tests.collection_tree import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

REPOSITORY = "https://github.com/tallyfy/ansible-platform"
PICTURE = re.compile(r"^(?P<indent> *)\.\. picture:(?P<words>.*)$", re.MULTILINE)
# The theme has a table of contents of its own beside the page.
CONTENTS = re.compile(r"^\.\. contents::\n(?: +:.*\n)*", re.MULTILINE)
PLUGIN_PAGE = re.compile(r"[a-z0-9_]+_(?:module|role|lookup|inventory|filter)")
# What a page about a plugin shows at once; its other sections are folded.
OPEN_SECTIONS = {"Synopsis", "Authors", "Collection links"}
# The full name stands in the first lines of the page.
TITLE = re.compile(r"^tallyfy\.platform\.(\w+) (?:module|role|\w+ plugin|\w+) -- (.*)(?=\n\++$)", re.MULTILINE)

ACTION_PLUGIN = re.compile(r"^\.\. note::\n +This module has a corresponding :ref:`action plugin.*\n", re.MULTILINE)
SHARED = yaml.safe_load(
    runpy.run_path(str(CHECKOUT / "plugins/doc_fragments/connection.py"))["ModuleDocFragment"].DOCUMENTATION
)["options"]
OPTION = re.compile(r'id="parameter-(\w+)"')


def html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def rewrite_comments(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn the comments that name pictures into figures, shorten titles, and leave out what tells a reader nothing."""

    def figure(found: re.Match[str]) -> str:
        name, bar, alternative = (part.strip() for part in found["words"].partition("|"))
        images = [*Path(app.srcdir, "pictures").glob(f"{name}.svg"), *Path(app.srcdir, "pictures").glob(f"{name}.png")]
        if not (bar and alternative):
            raise ExtensionError(
                f'{page}: "{found[0].strip()}" is not of the form ".. picture: NAME | alternative text"'
            )
        if len(images) != 1:
            raise ExtensionError(
                f"{page}: there must be one picture docs/pictures/images/{name}.svg or .png, not {len(images)}"
            )
        file, top = images[0].name, "../" * page.count("/")
        lines = (
            f".. figure:: /pictures/{file}",
            f"   :alt: {alternative}",
            "   :class: picture",
            f"   :target: {top}_images/{file}",
        )
        return "\n".join(found["indent"] + line for line in lines)

    text = PICTURE.sub(figure, source[0])
    source[0] = TITLE.sub(r"\1: \2", ACTION_PLUGIN.sub("", CONTENTS.sub("", text)))


def folded_sections(page: str, tree: nodes.document) -> Iterator[nodes.section]:
    about_plugin = PLUGIN_PAGE.fullmatch(page)
    for section in tree.findall(nodes.section):
        title = section[section.first_child_matching_class(nodes.title)].astext()
        is_page_or_entry_point = isinstance(section.parent, nodes.document) or title.startswith("Entry point")
        if (about_plugin and not is_page_or_entry_point and title not in OPEN_SECTIONS) or any(
            isinstance(child, nodes.comment) and child.astext() == "fold" for child in section
        ):
            yield section


def is_shared(row: nodes.Node) -> bool:
    option = OPTION.search(row.astext())
    return bool(option and option[1] in SHARED)


def keep_rows(table: nodes.table, *, shared: bool) -> nodes.table:
    for body in table.findall(nodes.tbody):
        body.children = [row for row in body if is_shared(row) == shared]
    return table


def fold_shared_options(tree: nodes.document) -> None:
    """Move the connection options from the table of a plugin's options to one of their own below it."""
    for table in list(tree.findall(nodes.table)):
        rows = [row for body in table.findall(nodes.tbody) for row in body]
        if not any(map(is_shared, rows)):
            continue
        parts = [
            html('<details class="fold shared"><summary>Connection options, the same everywhere</summary>'),
            keep_rows(table.deepcopy(), shared=True),
            html("</details>"),
        ]
        own = [] if all(map(is_shared, rows)) else [keep_rows(table, shared=False)]
        table.parent.replace(table, own + parts)


def fold(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Put the sections to be folded between ``<details>``; Sphinx has made its lists of sections by now."""
    fold_shared_options(tree)
    for section in list(folded_sections(page, tree)):
        first = section.first_child_matching_class(nodes.title)
        section.insert(first + 1, html("</summary>"))
        section.insert(first, html('<details class="fold"><summary>'))
        # What antsibull-docs puts below the last section, authors and links, is about the page.
        last = section.first_child_matching_class(nodes.section) if PLUGIN_PAGE.fullmatch(page) else None
        section.insert(len(section) if last is None else last, html("</details>"))


def source_file(app: Sphinx, page: str, meta: dict[str, str] | None) -> str | None:
    """Return which file of the repository to change in order to change the page."""
    if address := (meta or {}).get("github_url"):
        return address.partition("?")[0].removeprefix(f"{REPOSITORY}/edit/main/")
    if page == "index":
        return "docs/site/index.rst"
    if page.startswith("docsite/"):
        path = f"docs/docsite/rst/{page.removeprefix('docsite/')}.rst"
        made_by = re.search(r"^ +Made by (\S+)", (CHECKOUT / path).read_text(encoding="utf-8"), re.MULTILINE)
        return made_by[1] if made_by else path
    return None


def offer_to_edit(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None) -> None:
    """Let "Edit this page" lead to the source of the page; what is made of many files has no such link."""
    path = source_file(app, page, context.get("meta"))
    if not path:
        context["page_source_suffix"] = ""
        return
    if not (CHECKOUT / path).is_file():
        raise ExtensionError(f"{page}: the link to edit the page leads to {path}, which is not there")
    context["theme_source_edit_link"] = f"{REPOSITORY}/edit/main/{path}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", rewrite_comments)
    app.connect("doctree-resolved", fold)
    app.connect("html-page-context", offer_to_edit)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
