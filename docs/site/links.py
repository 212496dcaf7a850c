# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the links of the documentation without asking the network.

These are the links of the built site, those of the Markdown files, and addresses of the repository and of its site
wherever they stand. Links to other sites are only checked for their form. A picture that nothing
shows is an error, too.
"""

from __future__ import annotations

import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tests.gate.checkout import SHIPPED, files

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://tallyfy.github.io/ansible-platform"
REPOSITORY = "https://github.com/tallyfy/ansible-platform"
RAW = REPOSITORY.replace("github.com", "raw.githubusercontent.com")
OWN = re.compile(rf"(?:{re.escape(SITE)}|{re.escape(REPOSITORY)}|{re.escape(RAW)})(?![\w.-])[^\s<>\"'`()\[\]{{}}|,\\]*")
# What an address of the repository may go on with; a path is one of its files or folders.
IN_REPOSITORY = re.compile(
    r"/?|/issues(?:/new|/\d+)?|/pull/\d+|/releases|/(?:blob|tree|edit|raw)/main/(?P<path>[^?#]+)(?:[?#].*)?"
    r"|/security/advisories/new|/actions/workflows/(?P<workflow>[\w.-]+?)(?:/badge\.svg)?"
)
HOST = re.compile(r"(?:[\w-]+\.)+[\w-]+")
IN_MARKDOWN = re.compile(
    r"\]\(<?(?P<inline>[^\s)>]+)|<(?P<bare>https?://[^>\s]+)>|^\[[^\]\n]+\]: *(?P<defined>\S+)"
    r"|(?:href|src)=\"(?P<html>[^\"]+)\"",
    re.MULTILINE,
)
#: In Markdown a backslash before punctuation is no part of an address; the changelog has one before each dot.
ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
CODE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)|`[^`\n]+`", re.MULTILINE | re.DOTALL)


class Page(HTMLParser):
    """The anchors of a page and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {""}
        self.targets: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.targets.add(value or "")


def markdown_anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings, and those that stand in HTML."""
    titles = re.findall(r"^#+ +(.*?) *$", CODE.sub(lambda found: found[0].replace("#", ""), text), re.MULTILINE)
    given = re.findall(r" id=\"([^\"]+)\"", text)
    return {"", *given, *(re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles)}


def malformed(address: str) -> str | None:
    """Return what is wrong with the form of an address."""
    try:
        parts = urlsplit(address)
    except ValueError as error:
        return str(error)
    if parts.scheme == "mailto":
        return None
    if parts.scheme != "https":
        return "is not https"
    if not HOST.fullmatch(parts.hostname or ""):
        return "names no host"
    if re.search(r"[\s<>\"{}|\\^`]", address) or address.endswith((".", ",", ";", ":", "'")):
        return "has characters that belong to the text around it"
    return None


class Links:
    """What can be linked to in a checkout and in the site that was built from it."""

    def __init__(self, html: Path, checkout: Path) -> None:
        self.html, self.checkout, self.names = html, checkout, files(checkout)
        self.pages = {
            path.relative_to(html).as_posix(): Page(path.read_text(encoding="utf-8")) for path in html.rglob("*.html")
        }

    def problems(self) -> list[str]:
        """Return what is wrong, a line for each link and for each picture that is not shown."""
        found = [(where, target, reason) for where, target, reason in self._checked() if reason]
        unused = [f"{name}: no page of the site and no Markdown file shows it" for name in self._unused_pictures()]
        return [f"{where}: {target} {reason}" for where, target, reason in sorted(set(found))] + unused

    def _unused_pictures(self) -> list[str]:
        markdown = [name for name in self.names if name.endswith(".md")]
        texts = "".join((self.checkout / name).read_text(encoding="utf-8") for name in markdown)
        pictures = [Path(name) for name in sorted(self.names) if name.startswith("docs/pictures/images/")]
        shown = {path.name for path in self.html.glob("_images/*")}
        return [str(path) for path in pictures if path.name not in shown and path.name not in texts]

    def _checked(self) -> Iterator[tuple[str, str, str | None]]:
        for name, page in self.pages.items():
            for target in page.targets:
                where = f"{self.html.name}/{name}"
                is_address = ":" in target.partition("/")[0] or target.startswith("//")
                yield where, target, self._address(target) if is_address else self._on_site(name, target)
        for name in sorted(self.names):
            try:
                text = (self.checkout / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            for address in OWN.findall(text):
                yield name, address.rstrip(".:;"), self._own(address.rstrip(".:;"))
            if name.endswith(".md"):
                for match in IN_MARKDOWN.finditer(CODE.sub("", text)):
                    target = ESCAPE.sub(r"\1", next(filter(None, match.groups())))
                    is_address = ":" in target.partition("/")[0]
                    yield name, target, self._address(target) if is_address else self._in_tree(name, target)

    def _address(self, address: str) -> str | None:
        return malformed(address) or (self._own(address) if OWN.match(address) else None)

    def _own(self, address: str) -> str | None:
        if address.startswith(SITE):
            return self._on_site("index.html", address.removeprefix(SITE).removeprefix("/"))
        rest = address.replace(f"{RAW}/", f"{REPOSITORY}/raw/").removeprefix(REPOSITORY).removesuffix(".git")
        found = IN_REPOSITORY.fullmatch(rest)
        if not found:
            return "is no page of the repository"
        path = f".github/workflows/{found['workflow']}" if found["workflow"] else unquote(found["path"] or "")
        return None if self._is_there(path) else "is no file of the repository"

    def _on_site(self, page: str, target: str) -> str | None:
        parts = urlsplit(target)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path))) if parts.path else page
        if (self.html / path).is_dir():
            path = posixpath.normpath(posixpath.join(path, "index.html"))
        if path.startswith("../") or not (self.html / path).is_file():
            return "is no file of the site"
        anchors = self.pages[path].anchors if path in self.pages else {""}
        return None if unquote(parts.fragment) in anchors else "is no anchor of that page"

    def _in_tree(self, name: str, target: str) -> str | None:
        parts = urlsplit(target)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
        if not self._is_there(path):
            return "is no file of the repository"
        if name.startswith(SHIPPED) and not f"{path}/".startswith(SHIPPED):
            return f"does not ship; write {REPOSITORY}/blob/main/{path}"
        if path.endswith(".md"):
            anchors = markdown_anchors((self.checkout / path).read_text(encoding="utf-8"))
            return None if parts.fragment in anchors else "is no heading of that file"
        return None

    def _is_there(self, path: str) -> bool:
        below = path.rstrip("/")
        return not below or below in self.names or any(name.startswith(f"{below}/") for name in self.names)
