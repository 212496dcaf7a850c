# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""References to what is documented elsewhere: they become links by rule, so that no inventory is downloaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

ANSIBLE = "https://docs.ansible.com/ansible/latest"
# Labels of Ansible's own documentation that antsibull-docs refers to.
PAGES = {
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# Variables of ansible-core that the inventory plugin reads, too.
VARIABLES = {f"ANSIBLE_CACHE_PLUGIN{end}" for end in ("", "_CONNECTION", "_PREFIX", "_TIMEOUT")}
PLUGIN = re.compile(
    r"ansible_collections\.(?P<namespace>\w+)\.(?P<name>\w+)\.(?P<page>[a-z0-9_]+)(__(?P<anchor>[\w/-]+))?"
)


def address(kind: str, label: str) -> str | None:
    """Return where Ansible documents what is named, or nothing for names of this collection and unknown ones."""
    if kind == "envvar":
        return f"{ANSIBLE}/{PAGES['ansible_configuration_settings']}#envvar-{label}" if label in VARIABLES else None
    if page := PAGES.get(label):
        return f"{ANSIBLE}/{page}"
    plugin = PLUGIN.fullmatch(label)
    if not plugin or plugin["namespace"] == "tallyfy":
        return None
    anchor = f"#{plugin['anchor']}" if plugin["anchor"] else ""
    return f"{ANSIBLE}/collections/{plugin['namespace']}/{plugin['name']}/{plugin['page']}.html{anchor}"


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.Node | None:
    if found := address(node["reftype"], node["reftarget"]):
        return nodes.reference("", "", content, refuri=found, internal=False)
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
