# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of ``benchmarks/results.json`` as tables and sentences, and the pages that show them.

A page has them between two marks, with the name of an entry of ``BLOCKS`` in the first::

    <!-- bench: summary -->          .. bench: summary
    <!-- end of bench -->            .. end of bench

``python -m benchmarks.figures`` writes what stands between the marks of README and pages anew; a test compares.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "benchmarks" / "results.json"
TOOLS = {"collection": "this collection", "uri": "loop of uri", "sdk": "Python SDK", "bound": "bound"}
MARK = re.compile(r"^(?:<!--|\.\.) bench: ", flags=re.MULTILINE)
BLOCK = re.compile(
    r"^((?:<!--|\.\.) bench: (\w+)(?: -->)?\n).*?(^(?:<!--|\.\.) end of bench(?: -->)?$)",
    flags=re.MULTILINE | re.DOTALL,
)
NOT_RUN, NO_FIGURE = "not run", "n/a"
Row = dict[str, Any]
Results = dict[str, Any]


def stored_results() -> Results:
    """Return what ``make bench`` measured last."""
    results: Results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def store(**parts: Any) -> None:
    """Replace parts of the stored results, with one run a line, for whoever compares two files."""
    before = stored_results() if RESULTS.exists() else {}
    text = json.dumps({**before, **parts}, indent=1)
    text = re.sub(r"\{[^{}]*\}", lambda match: re.sub(r"\s+", " ", match[0]), text)
    RESULTS.write_text(text + "\n", encoding="utf-8")


def numbers(text: str) -> list[int]:
    """Return the numbers of an option, such as ``100,1000``."""
    return sorted({int(number) for number in text.split(",")})


def found(results: Results, case: str, members: int, latency_ms: int, tool: str) -> Row:
    """Return one row of the results; it has no ``seconds`` where the tool was not run."""
    key = {"case": case, "members": members, "latency_ms": latency_ms, "tool": tool}
    return next(row for row in results["runs"] if key.items() <= row.items())


def sizes(results: Results) -> list[int]:
    return sorted({row["members"] for row in results["runs"]})


def latencies(results: Results) -> list[int]:
    return sorted({row["latency_ms"] for row in results["runs"]})


def usual_latency(results: Results) -> int:
    """Return the latency in the middle, at which a figure is reported where only one is."""
    measured = latencies(results)
    return measured[len(measured) // 2]


def number(value: float) -> str:
    """Return a figure in about two digits, since the next run has other ones behind them."""
    digits = 2 if value < 1 else 1 if value < 10 else 0
    return f"{value:,.{digits}f}" if value >= 0.005 else "0"


def ratio(results: Results, row: Row) -> str:
    """Return how many times longer than this collection a tool took, in the same run."""
    return number(row["seconds"] / found(results, **{**_key(row), "tool": "collection"})["seconds"])


def _key(row: Row) -> Row:
    return {name: row[name] for name in ("case", "members", "latency_ms", "tool")}


def table(results: Results) -> str:
    """Return all that was measured, for a terminal."""
    lines = [
        ("case", "members", "ms", "tool", "requests", "seconds", "ratio", "CPU s", "MB", "server"),
        *(
            (row["case"], f"{row['members']:,}", str(row["latency_ms"]), TOOLS[row["tool"]], *_measured(results, row))
            for row in sorted(results["runs"], key=_order)
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*lines)]
    aligned = ("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)
    return "\n".join([*aligned, "", _wrapped(_conditions(results, str))])


def _order(row: Row) -> tuple[str, int, int, int]:
    return row["case"], row["members"], row["latency_ms"], list(TOOLS).index(row["tool"])


def _measured(results: Results, row: Row) -> tuple[str, ...]:
    if "seconds" not in row:
        return (NOT_RUN, *[""] * 5)
    reported = (f"{row['requests']:,}", number(row["seconds"]), ratio(results, row))
    if row["tool"] == "bound":
        return (*reported, "", "", "")
    share = row["sandbox_cpu_seconds"] / row["seconds"]
    return (*reported, number(row["cpu_seconds"]), f"{row['megabytes']:.0f}", f"{share:.0%}")


def _table_of(case: str) -> Callable[[Results, bool], str]:
    """Return what makes the table of a case for a page: one line a size and tool, the latencies side by side."""

    def made(results: Results, is_rst: bool) -> str:
        usual = usual_latency(results)
        head = ["members", "tool", "requests", *(f"{each} ms" for each in latencies(results)), "CPU s", "MB"]
        lines = [head]
        for members in sizes(results):
            for tool, name in TOOLS.items():
                cells = [_seconds(results, found(results, case, members, each, tool)) for each in latencies(results)]
                reported = _measured(results, found(results, case, members, usual, tool))
                lines.append(
                    [f"{members:,}", name, reported[0], *cells, reported[3] or NO_FIGURE, reported[4] or NO_FIGURE]
                )
        return _rst_table(lines) if is_rst else _markdown_table(lines)

    return made


def _seconds(results: Results, row: Row) -> str:
    if "seconds" not in row:
        return NOT_RUN
    return number(row["seconds"]) + (f" ({ratio(results, row)}x)" if row["tool"] != "collection" else "")


def _rst_table(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = "  ".join("=" * width for width in widths)
    head, *body = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
    return "\n".join([rule, head, rule, *body, rule])


def _markdown_table(lines: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"|{' --- |' * len(lines[0])}", *body])


def _summary(results: Results, is_rst: bool) -> str:
    """The shortest answer, at the usual latency: up to 10,000 members, and how much longer the other tools take."""
    usual = usual_latency(results)
    members = max((size for size in sizes(results) if size <= 10_000), default=min(sizes(results)))
    new, unchanged = (found(results, case, members, usual, "collection") for case in ("new", "unchanged"))
    text = (
        f"With a service that answers after {usual} ms, {members:,} unchanged members take {unchanged['requests']} "
        f"requests and {number(unchanged['seconds'])} seconds; {members:,} new members take {new['requests']:,} "
        f"requests and {number(new['seconds'])} seconds."
    )
    module = "``ansible.builtin.uri``" if is_rst else "`ansible.builtin.uri`"
    for tool, name in (("uri", f"A loop of {module}"), ("sdk", "The official Python SDK")):
        if size := _largest(results, "new", tool):
            times = ratio(results, found(results, "new", size, usual, tool))
            text += f" {name} takes {times} times as long to create {size:,} members."
    return _wrapped(text)


def _largest(results: Results, case: str, tool: str) -> int:
    """Return the most members that a tool was run with, 0 if it was not run."""
    key = {"case": case, "tool": tool}
    return max(
        (row["members"] for row in results["runs"] if key.items() <= row.items() and "seconds" in row), default=0
    )


def _conditions(results: Results, code: Callable[[str], str]) -> str:
    machine = results["machine"]
    shares = [row["sandbox_cpu_seconds"] / row["seconds"] for row in results["runs"] if "sandbox_cpu_seconds" in row]
    largest = {(case, tool): _largest(results, case, tool) for case in ("new", "unchanged") for tool in ("uri", "sdk")}
    limited = [(key, members) for key, members in largest.items() if members < max(sizes(results))]
    text = [
        f"Measured with ansible-core {machine['ansible_core']} and {code('tallyfy')} {machine['sdk']} on Python",
        f"{machine['python']}, on {machine['system']} ({machine['architecture']}) with {machine['cores']} cores.",
        f"The sandbox computed for {min(shares):.0%} to {max(shares):.0%} of the time that a tool took, on one core.",
    ]
    if limited:
        limits = (f"{members:,} ({TOOLS[tool]}, {case})" for (case, tool), members in limited)
        text.append(f"Tools were run up to these numbers of members: {', '.join(limits)}.")
    return " ".join(text)


def _machine(results: Results, is_rst: bool) -> str:
    code = "``{}``" if is_rst else "`{}`"
    usual = f"CPU s and MB are those at {usual_latency(results)} ms."
    return _wrapped(f"{_conditions(results, code.format)} {usual}")


def organizations_table(results: Results, is_rst: bool) -> str:
    """What one organization more costs, and the seconds of all by forks and latency."""
    measured = results["organizations"]
    cost, runs = measured["one_more"], measured["runs"]
    seconds = {(row["forks"], row["latency_ms"]): row["seconds"] for row in runs}
    forks, waits = (sorted({row[name] for row in runs}) for name in ("forks", "latency_ms"))
    text = (
        f"One organization more takes {cost['requests']:g} requests, {number(cost['cpu_seconds'])} seconds of a "
        f"processor and {number(cost['megabytes'])} MB. {measured['number']} organizations take these seconds:"
    )
    lines = [["forks", *(f"{wait} ms" for wait in waits)]]
    lines += [[str(count), *(number(seconds[count, wait]) for wait in waits)] for count in forks]
    return "\n\n".join([_wrapped(text), _rst_table(lines) if is_rst else _markdown_table(lines)])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


BLOCKS: dict[str, Callable[[Results, bool], str]] = {
    "summary": _summary,
    "new": _table_of("new"),
    "unchanged": _table_of("unchanged"),
    "machine": _machine,
    "organizations": organizations_table,
}


def pages() -> list[Path]:
    """Return README and the pages that have a mark."""
    files = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.rst"))]
    return [file for file in files if MARK.search(file.read_text(encoding="utf-8"))]


def updated(text: str, results: Results, *, is_rst: bool) -> str:
    """Return a page with these results between its marks; raises ``ValueError`` for a mark that is not understood."""

    def block(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        if name not in BLOCKS:
            raise ValueError(f"bench: {name} is none of {', '.join(BLOCKS)}")
        return f"{begin}\n{BLOCKS[name](results, is_rst)}\n\n{end}"

    if len(MARK.findall(text)) != len(BLOCK.findall(text)):
        raise ValueError("a mark 'bench: NAME' has no 'end of bench'")
    return BLOCK.sub(block, text)


def main() -> None:
    results = stored_results()
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(updated(text, results, is_rst=page.suffix == ".rst"), encoding="utf-8")


if __name__ == "__main__":
    main()
