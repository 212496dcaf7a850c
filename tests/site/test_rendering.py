# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comment that names a picture becomes a figure, and one that cannot stops the build."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.errors import ExtensionError

from docs.site.rendering import rewrite_comments


@pytest.fixture
def app(tmp_path: Path) -> Any:
    (tmp_path / "pictures").mkdir()
    for name in ("flow.svg", "photograph.png", "twice.svg", "twice.png"):
        (tmp_path / "pictures" / name).write_text("", encoding="utf-8")
    return SimpleNamespace(srcdir=tmp_path)


@pytest.mark.parametrize(
    ("page", "name", "file", "top"),
    [("index", "flow", "flow.svg", ""), ("docsite/tutorial_start", "photograph", "photograph.png", "../")],
)
def test_a_picture_is_a_figure_that_leads_to_its_file(app: Any, page: str, name: str, file: str, top: str) -> None:
    source = [f"Before.\n\n  .. picture: {name} | What is to be seen\n\nAfter."]
    rewrite_comments(app, page, source)
    figure = [
        f"  .. figure:: /pictures/{file}",
        "     :alt: What is to be seen",
        "     :class: picture",
        f"     :target: {top}_images/{file}",
    ]
    assert source[0].splitlines() == ["Before.", "", *figure, "", "After."]


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        ("none | Words", "must be one picture docs/pictures/images/none.svg or .png, not 0"),
        ("twice | Words", "not 2"),
        ("flow", 'not of the form ".. picture: NAME | alternative text"'),
        ("flow |", "not of the form"),
        ("flow Words", "not of the form"),
    ],
)
def test_a_comment_that_names_no_picture_is_an_error(app: Any, words: str, reported: str) -> None:
    with pytest.raises(ExtensionError) as caught:
        rewrite_comments(app, "docsite/tutorial_start", [f".. picture: {words}\n"])
    assert str(caught.value).startswith("docsite/tutorial_start: ")
    assert reported in str(caught.value)
