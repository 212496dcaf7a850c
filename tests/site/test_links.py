# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that lead nowhere are found, and others are not. The build of the site checks the real ones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docs.site.links import RAW, REPOSITORY, SITE, Links

FILES = {
    "README.md": "# Read me\n\n## What it does\n",
    "CONTRIBUTING.md": "# Contributing\n",
    "playbooks/examples/one.yml": "---\n",
    "roles/roster/README.md": "# The role\n",
    ".github/workflows/ci.yml": "---\n",
}
PAGES = {
    "index.html": "<h1 id='top'>Start</h1>",
    "docsite/guide.html": "<h1 id='guide'>Guide</h1>",
    "_images/one.svg": "<svg/>",
}


def problems(folder: Path, **changed: str) -> list[str]:
    """Return what is wrong with the links when these texts are added to the README, a role's or a page."""
    html, checkout = folder / "html", folder / "checkout"
    for place, files in ((html, PAGES), (checkout, FILES)):
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text + changed.get(name, ""), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    return Links(html, checkout).problems()


@pytest.mark.parametrize(
    "target",
    [
        "CHANGELOG.md",
        "playbooks/none.yml",
        "CONTRIBUTING.md",
        "#what-it-did",
        "roles/roster/README.md#a-role",
        "http://tallyfy.com",
        "https://tallyfy",
        "https://tallyfy.com.",
        f"{REPOSITORY}/blob/main/none.md",
        f"{REPOSITORY}/blob/master/README.md",
        f"{REPOSITORY}/actions/workflows/none.yml/badge.svg",
        f"{REPOSITORY}/wiki",
        f"{RAW}/main/none.svg",
        f"{SITE}/none.html",
        f"{SITE}/docsite/guide.html#none",
    ],
)
def test_a_broken_link_of_a_text_is_named(tmp_path: Path, target: str) -> None:
    (reported,) = problems(tmp_path, **{"README.md": f"\nSee [it]({target}).\n"})
    assert reported.startswith(f"README.md: {target.removesuffix('.') if target.startswith(SITE) else target} ")


@pytest.mark.parametrize(
    "text",
    ["![It](none.svg)", "[![It](none.svg)](README.md)", '<img src="none.svg">', "[it]: none.svg", "<http://none.test>"],
)
def test_every_kind_of_link_of_a_text_is_seen(tmp_path: Path, text: str) -> None:
    (reported,) = problems(tmp_path, **{"roles/roster/README.md": f"\n{text}\n"})
    assert reported.startswith("roles/roster/README.md: ")


@pytest.mark.parametrize(
    "target",
    [
        "playbooks/examples/one.yml",
        "playbooks/examples",
        "#what-it-does",
        "roles/roster/README.md#the-role",
        "https://tallyfy.com/a?b=c#d",
        "mailto:alice@example.com",
        REPOSITORY,
        f"{REPOSITORY}/issues/17",
        f"{REPOSITORY}/issues/17".replace(":", "\\:").replace(".", "\\.").replace("-", "\\-"),
        f"{REPOSITORY}/blob/main/CONTRIBUTING.md#the-tests",
        f"{REPOSITORY}/tree/main/playbooks",
        f"{REPOSITORY}/actions/workflows/ci.yml/badge.svg",
        f"{RAW}/main/README.md",
        f"{SITE}/",
        f"{SITE}/docsite/guide.html#guide",
    ],
)
def test_a_link_that_leads_somewhere_is_in_order(tmp_path: Path, target: str) -> None:
    assert problems(tmp_path, **{"README.md": f"\nSee [it]({target}).\n"}) == []


def test_code_is_no_link(tmp_path: Path) -> None:
    text = "\n`[it](none.md)`\n\n```markdown\n# None\n[it](none.md)\n```\n"
    assert problems(tmp_path, **{"README.md": text}) == []


@pytest.mark.parametrize(
    ("target", "is_broken"),
    [
        ("#top", True),
        ("#guide", False),
        ("../index.html#top", False),
        ("../index.html#none", True),
        ("..", False),
        ("../../checkout/README.md", True),
        ("none.html", True),
        ("../_images/one.svg", False),
        ("https://tallyfy.com/)'", True),
        ("http://tallyfy.com", True),
        (f"{SITE}/index.html", False),
        (f"{REPOSITORY}/edit/main/none.rst", True),
    ],
)
def test_links_of_pages_are_checked(tmp_path: Path, target: str, is_broken: bool) -> None:
    reported = problems(tmp_path, **{"docsite/guide.html": f'<a href="{target}">It</a><img src="{target}">'})
    assert [line.partition(": ")[0] for line in reported] == ["html/docsite/guide.html"] * is_broken, reported


def test_addresses_of_the_repository_are_checked_wherever_they_stand(tmp_path: Path) -> None:
    (reported,) = problems(tmp_path, **{"playbooks/examples/one.yml": f"# see {REPOSITORY}/blob/main/none.yml.\n"})
    assert reported.startswith(f"playbooks/examples/one.yml: {REPOSITORY}/blob/main/none.yml ")


def test_a_picture_has_to_be_shown_somewhere(tmp_path: Path) -> None:
    files = {f"docs/pictures/images/{name}.svg": "<svg/>" for name in ("one", "two", "three")}
    for name, text in files.items():
        (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkout" / name).write_text(text, encoding="utf-8")
    # A page shows the first.
    (reported,) = problems(tmp_path, **{"README.md": f"![Two]({RAW}/main/docs/pictures/images/two.svg)"})
    assert reported.startswith("docs/pictures/images/three.svg: ")
