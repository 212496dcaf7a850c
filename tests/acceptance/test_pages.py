# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages of the documentation tell their readers to save and to type works, and prints what they show."""

from __future__ import annotations

import re

import pytest

from sandbox.testing import Sandbox
from tests.acceptance import pages
from tests.acceptance.pages import CHECKOUT, File, follow, make_newcomer, read_page
from tests.acceptance.running import Playbooks

pytestmark = pytest.mark.any_core

#: The pages that are read here. Each begins with a fresh sandbox and an empty folder.
PAGES = (
    "reference_drift",
    "reference_failures",
    "reference_onboarding",
    "reference_people",
    "reference_process",
    "reference_results",
    "reference_roster",
    "reference_running",
    "reference_sign_in",
    "reference_survey",
    "tutorial_automation",
    "tutorial_offboarding",
    "tutorial_onboarding",
    "tutorial_roster",
)


#: Where the start page leads: from a shell, from git, from AWX, from HR events, and from other automation.
STARTS = 5


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(sandbox: Sandbox, playbooks: Playbooks, page: str) -> None:
    follow(read_page(page), sandbox, playbooks)


def test_the_first_steps_of_somebody_who_has_nothing_yet(sandbox: Sandbox, playbooks: Playbooks) -> None:
    make_newcomer(sandbox, playbooks)
    (playbooks.home / "password").write_text("invented")
    playbooks.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(playbooks.home / "password")
    follow(read_page("tutorial_start"), sandbox, playbooks)
    needed = re.findall(r"^\w.*", (CHECKOUT / "meta" / "ee-requirements.txt").read_text(), flags=re.MULTILINE)
    assert (playbooks.home / "installed").read_text().split() == needed
    assert (playbooks.folder / "tallyfy.yml").read_text().startswith("$ANSIBLE_VAULT")
    assert sandbox.writes() == []


def test_every_page_with_commands_is_read_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests").rglob("*.py"))
    with_commands = [path for path in pages.PAGES.glob("*.rst") if ".. code-block:: console" in path.read_text("utf-8")]
    silent = [path.stem for path in with_commands if not re.search(rf'"{path.stem}"|\b{path.stem}\.rst', tests)]
    assert silent == []
    assert set(PAGES) <= {path.stem for path in with_commands}


def test_plays_that_the_collection_contains_are_the_same_there() -> None:
    plays = {part.name: part.text for part in read_page("tutorial_automation") if isinstance(part, File)}
    for name in ("one_person.yml", "token_in_uri.yml"):
        example = (CHECKOUT / "playbooks" / "examples" / name).read_text(encoding="utf-8")
        assert example.endswith(f"\n{plays[name]}"), name


def test_the_start_page_leads_each_kind_of_reader_to_a_page() -> None:
    start = (CHECKOUT / "docs" / "site" / "index.rst").read_text(encoding="utf-8")
    cards = re.findall(
        r"^- :ref:`[^<`]+ <ansible_collections\.tallyfy\.platform\.docsite\.(\w+)>`$", start, re.MULTILINE
    )
    assert len(set(cards)) == STARTS
    assert all((pages.PAGES / f"{page}.rst").is_file() for page in cards)
