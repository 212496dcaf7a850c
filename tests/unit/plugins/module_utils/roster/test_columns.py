# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of other systems: each unknown column is reported once, with the options that map or ignore it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._roster.columns import ROW_FIELDS, given_rows

KNOWN = ("email", "first_name", "team")
OUT = "; list it in r_ignore_columns, or name its field in r_columns"


def given(people: list[Any] | None = None, **params: Any) -> tuple[list[Any], list[str]]:
    rows, problems = given_rows(
        {"people": people, "columns": {}, "ignore_columns": [], **params}, KNOWN, lambda option: f"r_{option}"
    )
    return list(rows.rows), [str(problem) for problem in problems]


def row(email: str = "a@example.com", **more: Any) -> dict[str, Any]:
    return {"email": email, **more}


@pytest.mark.parametrize(
    ("people", "options", "rows", "problems"),
    [
        ([row(team="x"), "no row", None], {}, [row(team="x"), "no row", None], []),
        ([row(badge=1, tema="x")], {}, [row()],
         [f"row 1 (a@example.com): unknown field badge{OUT}",
          "row 1 (a@example.com): unknown field tema; did you mean team?"]),
        ([row(), row(badge=1), row(badge=2, tema="x"), row(tema="x")], {}, [row()] * 4,
         [f"2 rows, the first is row 2: unknown field badge{OUT}",
          f"2 rows, the first is row 3: unknown field tema; did you mean team?{OUT}"]),
        ([row(badge=None, size=" ")], {}, [row()], []),
        ([row(badge=1, size=2)], {"ignore_columns": ["Badge ", "size", "not there"]}, [row()], []),
        ([row(team="x")], {"ignore_columns": ["team"]}, [row()], []),
        ([{"Mail": "a@example.com", "Department": "x", 7: "y"}],
         {"columns": {"mail": "email", "DEPARTMENT": "team", 7: "first_name"}}, [row(team="x", first_name="y")], []),
        # A field that another column is mapped to may also be the name of an ignored or mapped column.
        ([row(team="x", title="y")], {"columns": {"title": "team", "team": "first_name"}},
         [row(first_name="x", team="y")], []),
        ([row(title="x", team="y"), row(title="x", team="y")], {"columns": {"title": "team"}}, [row(team="x")] * 2,
         ["2 rows, the first is row 1: title and team are the same field; list one of them in r_ignore_columns"]),
        ([row()], {"columns": {"a": "tema", "b": "colour", "c": ["team"], "d": "team", "e": "team"}}, [row()],
         ["r_columns a: unknown field tema; did you mean team?", "r_columns b: unknown field colour",
          "r_columns c: unknown field ['team']", "r_columns names team twice"]),
        ([row(size="\u200b")], {}, [row()], []),
        ([row(a="x", b="y", c="z")], {"columns": {"a": "tema", "b": None, "c": "team", "C": "first_name"}},
         [row(team="z")],
         ["r_columns a: unknown field tema; did you mean team?",
          "r_columns b: the field is blank", "r_columns holds C twice"]),
        ([row(a="x")], {"columns": {"A": "team"}, "ignore_columns": ["a"]},
         [row()], ["r_ignore_columns holds a, which r_columns also names"]),
    ],
)  # fmt: skip
def test_rows_have_known_fields(
    people: list[Any], options: dict[str, Any], rows: list[Any], problems: list[str]
) -> None:
    assert given(people, **options) == (rows, problems)


def test_each_unknown_column_of_a_file_is_reported_once(tmp_path: Path) -> None:
    file = tmp_path / "hr.csv"
    lines = [f"p{number}@example.net,P,4711,x,Hall {number}" for number in range(400)]
    file.write_text("\n".join(["mail,first_name,cost_center,manager,locaton", *lines]))
    _rows, problems = given(src=str(file), columns={"Mail": "email", "manager": "team"}, ignore_columns=["locaton"])
    assert problems == [f"400 rows, the first is hr.csv line 2: unknown field cost_center{OUT}"]


def test_a_roster_takes_lists_in_parts() -> None:
    assert {"groups", "groups.add", "groups.remove", "groups.set"} <= set(ROW_FIELDS)
