# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that lint finds: each of the tables, where it stands, and none where another meaning is plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate import words
from tests.gate.words import NAMES, PHRASES, Finding, Rule, findings_in


def spellings(text: str) -> list[str]:
    """Return a phrase as it may stand in a file: in a line, over two lines, in a comment and in a Python text."""
    first, _space, rest = text.rpartition(" ")
    return [text, f"{first}\n    {rest}", f"# {first}\n# {rest}", f'"{first} "\n    f"{rest}"', text.upper()]


@pytest.mark.parametrize("rule", PHRASES, ids=lambda rule: rule.example)
def test_each_phrase_is_found_however_it_is_broken(rule: Rule) -> None:
    for spelling in spellings(rule.example):
        found = findings_in(f"A line before.\n{spelling}\n", is_python=False)
        assert [finding.better for finding in found] == [rule.better], spelling
        assert found[0].line in (2, 3)


@pytest.mark.parametrize("rule", NAMES, ids=lambda rule: rule.example)
def test_each_name_is_found_where_it_is_an_identifier(rule: Rule) -> None:
    assert findings_in(f"import os\n\n{rule.example} = os.name\n", is_python=True) == [
        Finding(3, rule.example, rule.better)
    ]
    assert findings_in(f"# {rule.example}\n'{rule.example}'\n", is_python=True) == []
    assert findings_in(f"{rule.example} = 1\n", is_python=False) == []


@pytest.mark.parametrize(
    "text",
    [
        "The number of countries. Unlisted members are left alone unless you say so. It runs as this user.",
        "this work was unwanted; does nothing; starts nothing else; Make sure that Mary is a member",
        "An onboarding takes nobody's access away, and what is wanted comes first.",
    ],
)
def test_other_meanings_are_left_alone(text: str) -> None:
    assert findings_in(text, is_python=False) == []


@pytest.mark.parametrize("name", ["number", "is_number", "unwanted", "phone_number", "toldest", "test_who_is_told"])
def test_other_names_are_left_alone(name: str) -> None:
    assert findings_in(f"def {name}():\n    pass\n", is_python=True) == []


def test_a_problem_names_file_line_and_better_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "page.md").write_text(f"Good.\n\n{PHRASES[0].example}\n", encoding="utf-8")
    (tmp_path / "code.py").write_text(f"{NAMES[0].example} = 1\n", encoding="utf-8")
    monkeypatch.setattr(words, "CHECKOUT", tmp_path)
    monkeypatch.setattr(words, "tracked_files", lambda: sorted(tmp_path.iterdir()))
    assert list(words.problems()) == [
        f"code.py:1: {NAMES[0].example!r}: write {NAMES[0].better!r}",
        f"page.md:3: {PHRASES[0].pattern!r}: write {PHRASES[0].better!r}",
    ]
