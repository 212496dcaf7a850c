# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures on README and pages are those of ``benchmarks/results.json``, and these are as good as promised."""

from __future__ import annotations

import re

import pytest

from benchmarks import figures
from tests.collection_tree import CHECKOUT

pytestmark = pytest.mark.any_core

RESULTS = figures.stored_results()
PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "reference_benchmarks.rst"
MADE_UP = {
    "machine": dict.fromkeys(("cores", "system", "architecture", "python", "ansible_core", "sdk"), "2"),
    "runs": [
        {
            "case": case, "members": members, "latency_ms": 20, "tool": tool, "requests": members, "seconds": seconds,
            "cpu_seconds": 1.0, "megabytes": 80.0, "sandbox_cpu_seconds": 0.5,
        }
        for case in ("new", "unchanged")
        for members in (100, 1000)
        for tool, seconds in (("collection", 2.0), ("uri", 50.0), ("sdk", 5.0), ("bound", 0.25))
    ],
}  # fmt: skip


@pytest.mark.parametrize("page", figures.pages(), ids=lambda page: page.name)
def test_pages_show_the_figures_of_the_results(page) -> None:
    text = page.read_text(encoding="utf-8")
    is_current = text == figures.updated(text, RESULTS, is_rst=page.suffix == ".rst")
    assert is_current, f"{page.name} shows other figures than results.json: run python -m benchmarks.figures"


def test_the_page_shows_all_there_is() -> None:
    assert PAGE in figures.pages()
    shown = re.findall(r"^\.\. bench: (\w+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(shown) == sorted(figures.BLOCKS)


def test_a_page_gets_its_figures() -> None:
    page = "Before.\n\n<!-- bench: new -->\nold\n<!-- end of bench -->\n\nAfter.\n"
    updated = figures.updated(page, MADE_UP, is_rst=False)
    assert "| 1,000 | loop of uri | 1,000 | 50 (25x) | 1.0 | 80 |\n" in updated
    assert "old" not in updated
    assert (updated[:7], updated[-9:]) == ("Before.", "\n\nAfter.\n")
    assert figures.updated(updated, MADE_UP, is_rst=False) == updated


@pytest.mark.parametrize("page", [".. bench: nothing\n.. end of bench\n", ".. bench: new\n", "<!-- bench: new -->\n"])
def test_a_mark_that_is_not_understood(page: str) -> None:
    with pytest.raises(ValueError, match="bench"):
        figures.updated(page, MADE_UP, is_rst=True)


def test_what_was_not_run_is_named() -> None:
    runs = [dict(row) for row in MADE_UP["runs"]]
    row = next(row for row in runs if (row["tool"], row["case"], row["members"]) == ("sdk", "new", 1000))
    for measured in ("requests", "seconds", "cpu_seconds", "megabytes", "sandbox_cpu_seconds"):
        del row[measured]
    results = {**MADE_UP, "runs": runs}
    page = figures.updated(
        ".. bench: new\n.. end of bench\n\n.. bench: machine\n.. end of bench\n", results, is_rst=True
    )
    assert re.search(r"^1,000 +Python SDK +not run +not run +n/a +n/a$", page, flags=re.MULTILINE)
    assert "up to these numbers of members: 100 (Python SDK, new)." in " ".join(page.split())
    assert "not run" in figures.table(results)


class TestResults:
    """What the stored results have to show; a slower collection is not committed."""

    def rows(self, case: str) -> list[figures.Row]:
        return [row for row in RESULTS["runs"] if row["case"] == case and row["tool"] == "collection"]

    def test_requests_of_new_members(self) -> None:
        assert self.rows("new")
        for row in self.rows("new"):
            assert row["members"] == row["writes"] <= row["requests"] <= row["members"] + 15

    def test_requests_of_unchanged_members(self) -> None:
        assert self.rows("unchanged")
        for row in self.rows("unchanged"):
            assert row["writes"] == 0
            assert row["requests"] <= 2 + -(-(row["members"] + 10) // 1000)

    def test_time_and_memory(self) -> None:
        """Ten thousand members fit into 200 MB, and a member more does not cost more where there are many."""
        by_size = {row["members"]: row for row in self.rows("unchanged") if row["latency_ms"] == 0}
        assert all(row["megabytes"] <= 200 for members, row in by_size.items() if members <= 10_000)
        if {1_000, 10_000, 50_000} <= set(by_size):
            cpu = {members: row["cpu_seconds"] for members, row in by_size.items()}
            assert (cpu[50_000] - cpu[10_000]) / 40_000 <= 1.5 * (cpu[10_000] - cpu[1_000]) / 9_000
