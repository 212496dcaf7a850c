# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roster files: what can be read, and what is said about the rest."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._roster import yaml_texts
from ansible_collections.tallyfy.platform.plugins.module_utils._roster.file import MOST_BYTES, MOST_ROWS, read_roster

MARY = {"email": "mary@example.com", "first_name": "Mary", "last_name": "Major", "groups": "Ops;Sales, the best"}
CSV = 'email,first_name,last_name,groups\nmary@example.com,Mary,Major,"Ops;Sales, the best"\n'


VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n6162\n"


def read(folder: Path, name: str, content: str | bytes) -> list[Any]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_roster(str(path)).rows)


def refused(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, name, content)
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith(f"src {folder / name}: ")
    return problem.partition(": ")[2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", CSV),
        ("r.CSV", CSV),
        ("r.csv", "\ufeff" + CSV),
        ("r.csv", CSV.replace("\n", "\r\n")),
        ("r.csv", CSV.replace("email,first_name", " Email , First_Name").replace("\n", "\n\n,,,\n", 1)),
        ("r.csv", CSV + "\n \n"),
        ("r.csv", CSV.replace("\n", ",,,\n")),
        ("r.csv", CSV.replace('the best"', 'the best", ,')),
        ("r.json", '[{"email": "mary@example.com", "first_name": "Mary", "last_name": "Major", "groups": "%s"}]'),
        ("r.yml", '- {email: mary@example.com, first_name: Mary, last_name: Major, groups: "%s"}\n'),
        ("r.yaml", "people:\n- &a {email: mary@example.com, first_name: Mary, last_name: Major, groups: '%s'}\n"),
        ("r.yml", "\ufeffpeople:\n- email: mary@example.com\n  first_name: Mary\n  last_name: Major\n  groups: '%s'"),
    ],
)
def test_every_form_holds_the_same(tmp_path: Path, name: str, content: str) -> None:
    assert read(tmp_path, name, content.replace("%s", MARY["groups"])) == [MARY]


def test_values_of_yaml_stay_texts(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "r.yml",
        "- {email: a@example.com, last_name: no, phone: +4915112345, team: 007, job_title: 2026-01-01, first_name: ~,\n"
        "   country_id: 1, groups: {set: [yes, 1.0]}}\n- <<: {role: light}\n  email: b@example.com\n  team: null\n",
    )
    assert rows == [
        {
            "email": "a@example.com", "last_name": "no", "phone": "+4915112345", "team": "007", "first_name": None,
            "job_title": "2026-01-01", "country_id": "1", "groups": {"set": ["yes", "1.0"]},
        },
        {"role": "light", "email": "b@example.com", "team": None},
    ]  # fmt: skip


def test_empty_cell_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "r.csv", "email,team,\na@example.com,,\nb@example.com, Ops \nc@example.com\n") == [
        {"email": "a@example.com"},
        {"email": "b@example.com", "team": "Ops"},
        {"email": "c@example.com"},
    ]


def test_what_cannot_be_seen_is_no_column_and_no_row(tmp_path: Path) -> None:
    text = "\ufeff\ufeffemail,team\u200b,\u200b\na@example.com,Ops,\u200b\n\u00a0,\u200b,\n"
    assert read(tmp_path, "r.csv", text) == [{"email": "a@example.com", "team": "Ops"}]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("r.txt", "x", "the name must end in .yml, .yaml, .json, .csv"),
        ("roster", "x", "the name must end in"),
        ("r.csv", b"email\n\xfc\n", 'it is not UTF-8 (line 2, byte 0xfc); save it as "CSV UTF-8"'),
        ("r.yml", b"# people\n- email: a@b.example\n  team: B\xfcro\n",
         "not UTF-8 (line 3, byte 0xfc); save it as UTF-8"),
        ("r.csv", CSV.encode("utf-16"), 'it is UTF-16, not UTF-8; save it as "CSV UTF-8"'),
        ("r.csv", CSV.encode("utf-16-le"), 'it is UTF-16, not UTF-8; save it as "CSV UTF-8"'),
        ("r.json", "[]".encode("utf-16-be"), "it is UTF-16, not UTF-8; save it as UTF-8"),
        ("r.yml", VAULTED, "it is encrypted with ansible-vault: only a task that runs inside the controller"),
        ("r.csv", "", "line 1 must name the columns, with email among them"),
        ("r.csv", "name,mail\n", "it names 'name, mail'"),
        ("r.csv", "email;role\n", "it names 'email;role'; separate the columns by commas, not semicolons"),
        ("r.csv", "email\trole\n", "separate the columns by commas, not tabs"),
        ("r.csv", "email,team,Email\n", "line 1 names the column 'email' twice"),
        ("r.csv", "email\na@example.com\nb@example.com,x\n", "line 3 has 2 cells, and the header names 1 columns"),
        ("r.csv", 'email\n"a@example.com\n', "line 2: unexpected end of data"),
        ("r.json", "[", "Expecting value: line 1 column 2"),
        ("r.json", "7", "it must hold a list of people"),
        ("r.json", '{"people": [], "members": []}', "a dictionary with the single key people"),
        ("r.yml", "members: []\n", "a dictionary with the single key people, not members"),
        ("r.json", '{"persons": []}', "a dictionary with the single key people"),
        ("r.json", '{"people": [], "defaults": {}}', "a dictionary with the single key people"),
        ("r.yml", "", "it must hold a list of people"),
        ("r.yml", "a: [", "not YAML: "),
        ("r.yml", "- !!python/object/apply:os.system ['true']", "line 1: the type tag:yaml.org,2002:python/object"),
        ("r.yml", "- email: a@example.com\n  team: !!timestamp x\n", "line 2: the type tag:yaml.org,2002:timestamp"),
        ("r.yml", "- email: a@example.com\n  email: b@example.com\n",
         "line 1: 'email' occurs more than once in one row"),
        ("r.yml", "people: []\npeople: []\n", "line 1: 'people' occurs more than once in one row"),
        ("r.json", '[{"email": "a@example.com", "email": "b@example.com"}]',
         '\'email\' occurs more than once in one row: "a@example.com" and "b@example.com"'),
        ("r.csv", "email,\na@example.com,\nb@example.com,x\n",
         "line 3 has a value in a column that line 1 does not name"),
        ("r.yml", "people: {a: b}", "it must hold a list of people"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    assert words in refused(tmp_path, name, content)


def test_what_is_nested_too_deeply_is_said(tmp_path: Path) -> None:
    assert "it is nested deeper than 100 levels" in refused(tmp_path, "r.json", "[" * 100_000)


#: Made when they are asked for, since all of them together are 200 MB.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "lists.json": lambda: b"[" * 100_000 + b"]" * 100_000,
    "objects.json": lambda: b'{"a":' * 100_000,
    "in-a-row.json": lambda: b'[{"email": "a@example.com", "team": ' + b"[" * 900 + b"]" * 900 + b"}]",
    "number.json": lambda: b'[{"email": ' + b"9" * 1_000_000 + b"}]",
    "repeated.json": lambda: b"[{" + b'"k": [1], ' * 200_000 + b'"k": 1}]',
    "many-repeated.json": lambda: b"[{" + b", ".join(b'"k%d": 1, "k%d": 1' % (n, n) for n in range(100_000)) + b"}]",
    "long-key.json": lambda: b'[{"' + b"k" * 1_000_000 + b'": 1, "' + b"k" * 1_000_000 + b'": 1}]',
    "flow.yml": lambda: b"[" * 100_000,
    "block.yml": lambda: b"- " * 100_000,
    "laughs.yml": lambda: (
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 120))
    ),
    "itself.yml": lambda: b"- &a {b: *a}\n",
    "long-key.yml": lambda: b"- {? " + b"k" * 1_000_000 + b" : 1, ? " + b"k" * 1_000_000 + b" : 1}\n",
    "many-repeated.yml": lambda: b"- {" + b"a: 1, " * 100_000 + b"}\n",
    "one-line.yml": lambda: b"x" * (MOST_BYTES + 1),
    "one-line.json": lambda: b" " * (MOST_BYTES + 1),
    "one-line.csv": lambda: b"," * (MOST_BYTES + 1),
    "cell.csv": lambda: b"email,team\na@example.com," + b"x" * 5_000_000 + b"\n",
    "quoted-cell.csv": lambda: b'email,team\na@example.com,"' + b"x\n" * 2_000_000,
    "header.csv": lambda: b"x" * 100_000 + b",y\n",
    "columns.csv": lambda: b",".join(b"c%d" % n for n in range(300_000)) + b"\n",
    "many-rows.csv": lambda: b"email\n" + b"a@example.com\n" * (MOST_ROWS + 1),
    "cut.csv": lambda: b"email\n" + "ü".encode() * (MOST_BYTES // 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_one_short_error(tmp_path: Path, name: str) -> None:
    assert len(refused(tmp_path, name, HOSTILE[name]())) < 5000


def test_columns_are_looked_through_once(tmp_path: Path) -> None:
    header = ",".join(["email", *(f"c{number}" for number in range(100_000))])
    assert read(tmp_path, "r.csv", f"{header}\na@example.com\n") == [{"email": "a@example.com"}]


@pytest.mark.parametrize("name", ["r.yml", "r.json", "r.csv"])
def test_file_of_gigabytes_is_not_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="it is longer than 32 MiB"):
            read_roster(str(tmp_path / name))
        assert tracemalloc.get_traced_memory()[1] < 3 * MOST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["~nobody-of-this-name/people.yml", "a\0b.yml"], ids=["a home", "a byte"])
def test_a_path_that_leads_nowhere_is_said(path: str) -> None:
    with pytest.raises(InputError, match=r"^src "):
        read_roster(path)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "people.yml"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    words = {"pipe": "Not a regular file", "folder": "Is a directory"}
    with pytest.raises(InputError, match=f"^src {path}: {words[kind]}$"):
        read_roster(str(path))


def test_merged_keys_are_not_repeated_ones(tmp_path: Path) -> None:
    text = "- &a {email: a@example.com, team: A}\n- &b {<<: *a, email: b@example.com}\n- {<<: [*b, *a], team: C}\n"
    assert [row["team"] for row in read(tmp_path, "r.yml", text)] == ["A", "A", "C"]


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"src .*nowhere\.csv: No such file"):
        read_roster(str(tmp_path / "nowhere.csv"))


def test_without_pyyaml_other_forms_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_texts, "yaml", None)
    assert read(tmp_path, "r.json", '[{"email": "x"}]') == [{"email": "x"}]
    assert read_roster(str(tmp_path / "r.json")).place(0).label == "r.json row 1"
    assert "PyYAML is required" in refused(tmp_path, "r.yml", "[]")


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("r.csv", 'email,job_description\na@example.com,"two\nlines"\n\nb@example.com,x\n', [2, 5]),
        ("r.json", '[\n  {"email": "a@example.com"},\n\n  {\n "email": "b@example.com"}]', [2, 4]),
        ("r.json", '{"people":\n [{"email": "a@example.com"},\n {"email": "b@example.com"}]}', [2, 3]),
        ("r.yml", "# people\n- email: a@example.com\n  team: x\n- email: b@example.com\n", [2, 4]),
        ("r.yml", "people:\n\n  - email: a@example.com\n  - email: b@example.com\n", [3, 4]),
    ],
)
def test_message_names_the_line(tmp_path: Path, name: str, content: str, lines: list[int]) -> None:
    path = tmp_path / name
    path.write_text(content)
    rows = read_roster(str(path))
    assert [rows.place(index).label for index in range(2)] == [f"{name} line {line}" for line in lines]
    assert len(rows.rows) == 2


def test_an_encrypted_file_is_read_by_who_can_decrypt_it(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(VAULTED)
    assert read_roster(str(path), decrypt=lambda asked: CSV.encode() if asked == path else b"").rows == [MARY]
