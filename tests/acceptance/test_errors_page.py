# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages about errors say what the code says: each class, a message that a module really gives, and a remedy."""

from __future__ import annotations

import inspect
import re

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import TallyfyError
from sandbox.testing import Sandbox
from tests.acceptance.errors_page import PAGES, SCENES, classes, messages, pages

FAMILIES = [family for family, _next in PAGES.values()]


@pytest.fixture(scope="module")
def met(server: Sandbox) -> dict[type[TallyfyError], str]:
    return messages(server)


def test_the_pages_are_what_the_code_says(met: dict[type[TallyfyError], str]) -> None:
    for file, text in pages(met).items():
        assert file.read_text(encoding="utf-8") == text, "python tests/acceptance/errors_page.py writes it anew"
        assert re.findall(r"^([=-])\1+$", text, flags=re.MULTILINE)[0] == "=", "a page begins with its title"


def test_every_error_is_met_but_those_that_only_name_a_family() -> None:
    assert {kind.__name__ for kind in set(classes()) - set(SCENES)} == {"TallyfyError", "ApiError"}


@pytest.mark.parametrize("kind", [kind for kind in classes() if kind not in FAMILIES], ids=lambda kind: kind.__name__)
def test_every_error_has_a_title_and_a_remedy(kind: type[TallyfyError]) -> None:
    title, *_cause, remedy = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    assert len(title) <= 70
    assert remedy.startswith("Remedy: ")
