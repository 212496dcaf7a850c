# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README tells a newcomer to type works and prints what it shows, and what it says is what the code says."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils import _python
from ansible_collections.tallyfy.platform.plugins.module_utils._http.libraries import OLDEST, install_command
from sandbox.testing import Sandbox
from tests.acceptance.pages import CHECKOUT, PAGES, follow, make_newcomer, read_readme
from tests.acceptance.running import Playbooks
from tests.gate import cores

pytestmark = pytest.mark.any_core

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")
#: Without its line breaks.
WORDS = " ".join(TEXT.split())
LONGEST = 150
SITE = "https://tallyfy.github.io/ansible-platform/"
#: Where files of the repository are shown, as a page, as a folder and as they are.
FILES = re.compile(
    r"https://(?:github\.com/tallyfy/ansible-platform/(?:blob|tree)"
    r"|raw\.githubusercontent\.com/tallyfy/ansible-platform)/main/"
)


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= LONGEST


def test_a_newcomer_gets_what_is_shown(sandbox: Sandbox, playbooks: Playbooks) -> None:
    make_newcomer(sandbox, playbooks)
    follow(read_readme(), sandbox, playbooks)
    assert sandbox.member("mary.major@example.com")["role"] == "standard"
    (launched,) = [event for event in sandbox.events() if event["event"] == "process.launched"]
    assert launched


def test_what_it_needs_is_what_the_code_needs() -> None:
    oldest, newest = cores.OLDEST, cores.NEWEST
    candidates = "".join(f" ({core} is a release candidate)" for core in cores.CANDIDATES)
    libraries = " and ".join(f"`{library}` {version}" for library, version in OLDEST.items())
    assert (
        f"The controller needs Python {'.'.join(map(str, _python.OLDEST))} or newer, ansible-core {oldest} to {newest}"
        f"{candidates}, and the Python libraries {libraries} or newer:"
    ) in WORDS


def test_libraries_are_installed_as_the_modules_say() -> None:
    """A module that lacks one names the same command."""
    shown = dict(re.findall(r"^\| ([\w ']+) \| (.*`) ?(?:.*)\|$", TEXT, flags=re.MULTILINE))
    assert shown["pip"].strip("`") == install_command("/usr", "python3", is_managed=False)
    for maker, folder in (("pipx", "venvs"), ("uv", "tools")):
        given = install_command(f"/home/mary/.local/{maker}/{folder}/ansible-core", "python", is_managed=False)
        assert shown[maker].strip("`") == given
    (packages,) = re.findall(r"^\| a distribution's package \| (.*) \|$", TEXT, flags=re.MULTILINE)
    assert packages.replace("`", "") == install_command("/usr", "python3", is_managed=True)


def test_links_lead_somewhere() -> None:
    """They have the address of the site or the repository, since Galaxy shows this page without the files beside it."""
    sections = yaml.safe_load((CHECKOUT / "docs" / "docsite" / "extra-docs.yml").read_text("utf-8"))["sections"]
    pages = {f"docsite/{page}.html" for section in sections for page in section["toctree"]}
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert any(link.startswith(SITE) for link in links)
    assert any(FILES.match(link) for link in links)
    for link in links:
        assert link.startswith("https://"), f"{link} leads nowhere on Galaxy"
        if link.startswith(SITE) and link != SITE:
            assert link[len(SITE) :] in pages, f"{link} is no page"
        if match := FILES.match(link):
            assert (CHECKOUT / link[match.end() :]).exists(), f"{link} is no file"


def test_what_make_makes_is_there() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    texts = [TEXT, *(path.read_text(encoding="utf-8") for path in (CHECKOUT / "docs").rglob("*.rst"))]
    named = {name for text in texts for name in re.findall(r"(?:`|^ *)make ([\w-]+)", text, flags=re.MULTILINE)}
    assert {"bench", "demo", "sandbox", "test"} <= named
    assert named <= set(re.findall(r"^([\w-]+):", makefile, flags=re.MULTILINE))


def test_every_module_and_role_has_a_job() -> None:
    text = (PAGES / "reference_modules.rst").read_text(encoding="utf-8")
    listed = set(re.findall(r":ansplugin:`tallyfy\.platform\.(\w+#\w+)`", text))
    kinds = {"module": "plugins/modules/*.py", "lookup": "plugins/lookup/*.py", "inventory": "plugins/inventory/*.py"}
    there = {f"{path.stem}#{kind}" for kind, files in kinds.items() for path in CHECKOUT.glob(files)}
    there |= {f"{path.name}#role" for path in CHECKOUT.glob("roles/*")}
    assert listed == there
    for playbook in CHECKOUT.glob("playbooks/*.yml"):
        assert f"``tallyfy.platform.{playbook.stem}``" in text, playbook.stem
