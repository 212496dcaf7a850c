# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: what stands in them, in which order, as Markdown, HTML and JSON; that nothing becomes markup; the file."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.plugin_utils import _report_content
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _reports as reports
from ansible_collections.tallyfy.platform.plugins.plugin_utils._reports import (
    render,
    short_text,
    write,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import shown
from tests.people import BOB

MOMENT = datetime(2026, 11, 22, 15, 5, 9, tzinfo=timezone(timedelta(hours=1)))
WHERE = {"id": "25f6", "name": "Example Corp", "acting_as": "admin@example.com"}
MARY, EVE = "mary@example.com", "eve@example.com"
KINDS = ("onboarding", "offboarding", "roster", "drift")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ lookup('pipe', 'id') }} {% for x in y %} {# c #}",
    "a | b \\| c `code` [link](https://evil.example) ![i](x) <https://evil.example> www.evil.example",
    "# heading\n\n- list\n1. list\n> quote\n---",
    "</bdi></td></table><h1>x",
    "a\u202eb\x1b[31mc\x00d",
    "&lt;b&gt; &amp; *bold* _it_ ~~x~~ $x$",
    "\ud800 half",
)


def person(email: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "name": "", "action": "unchanged", "outcome": outcome, "message": "", **more}


def result(*people: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for one in people:
        counts[one["outcome"]] = counts.get(one["outcome"], 0) + 1
    base = {"people": list(people), "summary": counts, "organization": WHERE, "org_id": "25f6", "check_mode": False}
    return {**base, "problems": [], "notes": [], "actions": [], "changed": True, **more}


CREATED = person(MARY, "created", name="Mary Major", action="created", after={"role": "light"})
FAILED = person(BOB, "failed", name="Bob Jones", message="PUT /users/1: no (HTTP 422).")
UNCHANGED = person(EVE, "unchanged", name="Eve Adams")


class Page(HTMLParser):
    """The elements of a page with their texts, and its tables as rows of cells."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.tables: list[list[list[str]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data

    def text(self, *within: str) -> str:
        """Return what can be read, or what can be read within certain elements."""
        texts = [text for path, text in self.texts if "style" not in path and {*within} <= {*path}]
        return " ".join(" ".join(texts).split())


def page(kind: str, subject: dict[str, Any], **more: Any) -> Page:
    return Page(render(kind, subject, ".html", moment=MOMENT, **more))


def markdown(kind: str, subject: dict[str, Any], **more: Any) -> str:
    return render(kind, subject, ".md", moment=MOMENT, **more)


def cells_of(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table, as GitHub splits it."""
    assert line.startswith("| ")
    assert line.endswith(" |")
    return re.findall(r"((?:\\.|[^\\|])*)\|", line[1:])


def markdown_tables(text: str) -> Iterator[list[list[str]]]:
    for block in text.split("\n\n"):
        if block.startswith("|"):
            yield [cells_of(line) for line in block.splitlines()]


# --- what stands in it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("onboarding", "Onboarding into Example Corp"),
        ("offboarding", "Offboarding from Example Corp"),
        ("roster", "Roster of Example Corp"),
        ("drift", "Drift of Example Corp"),
    ],
)
def test_a_report_says_what_where_when_and_who(kind: str, title: str) -> None:
    job = {"id": 4711, "workflow_id": 4710, "user": "helpdesk"}
    facts = ["Example Corp (25f6)", "admin@example.com", "2026-11-22 14:05 UTC", "4711", "4710", "helpdesk"]
    rendered = page(kind, result(CREATED), job=job)
    assert rendered.text("h1") == rendered.text("title") == title
    assert all(fact in rendered.text("dl") for fact in facts)
    text = markdown(kind, result(CREATED), job=job)
    assert text.startswith(f"# {title}\n")
    assert all(f": {fact}\n" in text for fact in facts)


def test_without_a_job_there_is_no_word_of_one() -> None:
    for job in (None, {"id": None, "workflow_id": None, "user": None}):
        assert "AWX" not in markdown("roster", result(CREATED), job=job)
        assert "AWX" not in page("roster", result(CREATED), job=job).text()


def test_a_dry_run_says_so_and_would() -> None:
    dry = result(CREATED, check_mode=True)
    for text in (page("roster", dry).text(), markdown("roster", dry)):
        assert "Dry run: nothing was written" in text
        assert "would be created as light" in text
        assert "What would be done" in text
    for text in (page("roster", result(CREATED)).text(), markdown("roster", result(CREATED))):
        assert "would" not in text
        assert "created as light" in text
        assert "What was done" in text


def test_what_needs_attention_comes_first() -> None:
    subject = result(CREATED, FAILED, guests=[{"email": "g@example.net", "outcome": "not_found"}], problems=["p: q"])
    for text in (page("onboarding", subject).text("main"), markdown("onboarding", subject)):
        places = [text.index(part) for part in ("1 of 2 people", "p: q", BOB, "g@example.net", MARY)]
        assert places == sorted(places)


def test_names_stand_beside_addresses() -> None:
    (table,) = page("roster", result(CREATED)).tables
    assert " ".join(table[1][0].split()) == f"Mary Major {MARY}"
    assert f"| Mary Major, {MARY} |" in markdown("roster", result(CREATED))


def test_a_failure_is_reported_once() -> None:
    subject = result(FAILED, CREATED, problems=[f"{BOB} and {EVE}: PUT /users/1: no (HTTP 422)."], failed=True)
    for text in (page("roster", subject).text("main"), markdown("roster", subject)):
        assert text.count("HTTP 422") == 1
        assert "1 of 2 people could not be converged" in text


def test_what_no_row_tells_is_reported_as_a_problem() -> None:
    refused = {"failed": True, "problems": ["row 2 (bob): no e-mail address"], "check_mode": False}
    for text in (page("roster", refused).text("main"), markdown("roster", refused)):
        assert "Nothing was written: 1 problem." in text
        assert "row 2 (bob): no e-mail address" in text
    assert "No token" in markdown("drift", {"failed": True, "msg": "No token"})


def test_unchanged_people_are_folded_away() -> None:
    rendered = page("roster", result(CREATED, UNCHANGED))
    assert rendered.text("details") == f"1 person unchanged Eve Adams {EVE}"
    assert ("details", {}) in rendered.elements
    assert EVE not in rendered.text("table")
    text = markdown("roster", result(CREATED, UNCHANGED))
    assert "1 person unchanged." in text
    assert EVE not in text


def test_very_many_unchanged_people_are_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_report_content, "MOST_UNCHANGED", 1)
    rendered = page("roster", result(CREATED, UNCHANGED, person("f", "unchanged")))
    assert "2 people unchanged" in rendered.text()
    assert EVE not in rendered.text()


def test_no_column_is_empty() -> None:
    note = {**CREATED, "notes": [f"{MARY}: country_id cannot be compared."]}
    for subject, columns in ((CREATED, 3), (note, 4)):
        (table,) = page("roster", result(subject)).tables
        assert [len(line) for line in table] == [columns] * 2
        assert all(cell.strip() for line in table for cell in line)
        (lines,) = markdown_tables(markdown("roster", result(subject)))
        assert [len(line) for line in lines] == [columns] * 3
        assert all(cell.strip() for line in lines for cell in line)


def test_processes_of_leavers_have_their_owners() -> None:
    processes = [
        {"id": "1", "name": "Budget", "owner_before": MARY, "owner_after": BOB},
        {"id": "2", "name": "Kept", "owner_before": MARY, "owner_after": MARY},
        {"id": "3", "name": "Lost", "owner_before": MARY, "owner_after": None},
    ]
    *_others, table = page("offboarding", result(person(MARY, "disabled"), processes=processes)).tables
    assert [[cell.strip() for cell in line] for line in table] == [
        ["Process", "Owner"],
        ["Budget", f"{MARY} → {BOB}"],
        ["Kept", f"still {MARY}"],
        ["Lost", f"was {MARY}; changed by somebody else during the run"],
    ]


def test_drift_is_reported_as_a_difference() -> None:
    subject = result(
        person(BOB, "kept", message="protect holds it"),
        person(MARY, "different", message="role is light, should be admin"),
        summary={"different": 1, "kept": 1, "total": 2, "groups": 1},
        groups=[{"name": "Sales", "outcome": "missing", "message": "is not there"}],
    )
    rendered = page("drift", subject)
    assert [table[0] for table in rendered.tables] == [["Who", "Outcome", "Difference"], ["Person", "Outcome", "Why"]]
    assert "The organization differs from the roster." in rendered.text()
    assert "group Sales" in " ".join(rendered.tables[0][2][0].split())
    assert "Nothing differs." in page("drift", result(summary={"missing": 0, "total": 0, "groups": 0})).text()


def test_a_limit_keeps_what_needs_attention() -> None:
    many = result(*(person(f"p{i}", "created") for i in range(9)), FAILED, UNCHANGED)
    text = short_text("roster", many, moment=MOMENT, limit=3)
    assert BOB in text
    assert EVE not in text
    assert text.count("| created |") == 2
    assert "\nand 7 more\n" in text
    assert "and 7 more" in page("roster", many, limit=3).text()
    assert "more" not in markdown("roster", many)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_else_and_can_be_read_by_all() -> None:
    text = render("onboarding", result(CREATED, FAILED, UNCHANGED), ".html", moment=MOMENT)
    rendered = Page(text)
    tags = [tag for tag, _attributes in rendered.elements]
    assert not {"script", "link", "img", "iframe", "a"} & {*tags}
    assert "url(" not in text
    assert "@import" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert ("html", {"lang": "en"}) in rendered.elements
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in rendered.elements if tag == "th")
    metas = [attributes for tag, attributes in rendered.elements if tag == "meta"]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_all_texts_have_enough_contrast() -> None:
    text = render("roster", result(), ".html", moment=MOMENT)
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{.*?\}", text, re.S)
    ]
    light, dark, *_print = schemes
    for scheme in (light, dark):
        pairs = [("ink", ground) for ground in scheme if "panel" in ground or ground == "paper"]
        pairs += [("soft", "paper"), ("soft", "panel")]
        pairs += [(tone, ground) for tone in ("bad", "wait", "good", "info") for ground in ("paper", f"{tone}-panel")]
        pairs += [("bad", "panel"), ("wait", "panel")]
        for ink, ground in pairs:
            dim, bright = sorted(luminance(scheme[name]) for name in (ink, ground))
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)


# --- nothing becomes markup -------------------------------------------------------------------------------------------


def hostile(text: str) -> dict[str, Any]:
    """Return a result that holds the text everywhere."""
    row = {"email": text, "name": text, "message": text, "notes": [text], "action": "updated", "reassign_to": text}
    changes = {"before": {"phone": text, "groups": [text]}, "after": {"phone": "1", text: text}}
    process = {"name": text, "action": "launched", "outcome": "launched", "message": text}
    return {
        "people": [
            {**row, **changes, "outcome": "updated", "process": process},
            {**row, "outcome": "failed"},
            {**row, "outcome": text},
            {**row, "outcome": "unchanged"},
        ],
        "guests": [{**row, "outcome": "created"}],
        "groups": [{**row, "outcome": "created"}],
        "processes": [{"id": text, "name": text, "owner_before": text, "owner_after": text}],
        "summary": {"people": {text: 1, "failed": 1, "unchanged": 1}, "groups": {"created": 1}},
        "organization": {"id": text, "name": text, "acting_as": text},
        "problems": [text],
        "notes": [text],
        "actions": [{"email": text, "action": text, "target": text, "fields": [text, "phone"]}],
        "msg": text,
    }


PLAIN = hostile("plain")


def check_html(kind: str, text: str) -> None:
    rendered = page(kind, hostile(text), job={"id": text, "user": text})
    allowed = {tag for tag, _attributes in page(kind, PLAIN, job={"id": "1", "user": "u"}).elements} | {
        "details",
        "summary",
    }
    assert {tag for tag, _attributes in rendered.elements} <= allowed
    classes = {attributes.get("class") for _tag, attributes in rendered.elements}
    assert all(one is None or re.fullmatch("[a-z_ ]+", one) for one in classes)
    assert not shown(text) or " ".join(shown(text).split()) in rendered.text()


def check_markdown(kind: str, text: str) -> None:
    rendered = markdown(kind, hostile(text), job={"id": text, "user": text})
    plain = markdown(kind, PLAIN, job={"id": "1", "user": "u"})
    for table in markdown_tables(rendered):
        assert len({len(line) for line in table}) == 1
    # Each line is of the form that the report itself gave it.
    for line in rendered.splitlines():
        assert re.match(r"$|# (Onboarding|Offboarding|Roster|Drift)|## [A-Z]|- |\| |\*\*|[A-Za-z0-9]", line), line
        content = re.sub(r"\\[^a-zA-Z0-9\s]", "§", line.strip("|*# "))
        content = re.sub(r"^- |\| --- |---|\*\*| \| ", " ", content)
        assert not re.search(r"[`<>\[\]]|://|www\.", content), line
        assert not re.match(r"\s*- ?(#|-|\+|>|\d+[.)] ?)", line) or "\\" in line, line
    assert rendered.count("\n## ") <= plain.count("\n## ") + 1


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts_are_data(kind: str, text: str) -> None:
    check_html(kind, text)
    check_markdown(kind, text)


@given(
    st.sampled_from(KINDS), st.text(alphabet=st.sampled_from("<>&\"'`|\\*_[]()#-+~:/{}%$w. \n\u202e1a"), max_size=12)
)
def test_no_text_becomes_markup(kind: str, text: str) -> None:
    check_html(kind, text)
    check_markdown(kind, text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("job_title of _Mary_", "job_title of \\_Mary\\_"),
        ("a|b\\", "a\\|b\\\\"),
        ("# x", "\\# x"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("mary.major+x@example.com", "mary.major+x@example.com"),
        ("see https://e.example", "see https\\://e.example"),
        ("WWW.e.example", "WWW\\.e.example"),
        ("[a](b) <c> `d`", "\\[a\\](b) \\<c\\> \\`d\\`"),
    ],
)
def test_markdown_escapes_what_has_an_effect_only(text: str, escaped: str) -> None:
    assert reports.markdown(text) == escaped


# --- JSON -------------------------------------------------------------------------------------------------------------

JSON_KEYS = [
    *("title", "kind", "check_mode", "organization", "acting_as", "moment", "summary", "problems"),
    *("people", "groups", "guests", "processes", "notes", "job"),
]


def test_json_has_stable_keys_and_everybody() -> None:
    subject = result(CREATED, UNCHANGED, FAILED, problems=["p"], notes=["n"], check_mode=True)
    rendered = json.loads(
        render("roster", subject, ".json", moment=MOMENT, job={"id": 1, "workflow_id": None, "user": "u"}, limit=1)
    )
    assert list(rendered) == JSON_KEYS
    assert rendered["title"] == "Roster of Example Corp"
    assert rendered["kind"] == "roster"
    assert rendered["check_mode"] is True
    assert rendered["organization"] == {"id": "25f6", "name": "Example Corp"}
    assert rendered["acting_as"] == "admin@example.com"
    assert rendered["moment"] == "2026-11-22T14:05:09Z"
    assert rendered["summary"] == subject["summary"]
    assert rendered["people"] == [
        {**CREATED, "text": "would be created as light"},
        UNCHANGED,
        {**FAILED, "text": "failed: PUT /users/1: no (HTTP 422)"},
    ]
    assert rendered["job"] == {"id": 1, "workflow_id": None, "user": "u"}


@pytest.mark.parametrize("kind", KINDS)
def test_json_of_next_to_nothing_has_all_keys(kind: str) -> None:
    rendered = json.loads(render(kind, {"msg": "No token"}, ".json", moment=MOMENT))
    assert list(rendered) == JSON_KEYS
    assert rendered["job"] is None
    assert (
        rendered["people"]
        == rendered["groups"]
        == rendered["guests"]
        == rendered["processes"]
        == rendered["problems"]
        == []
    )


@given(st.text())
def test_json_gives_back_any_text(text: str) -> None:
    rendered = json.loads(render("roster", hostile(text), ".json", moment=MOMENT))
    assert rendered["notes"] == [text]
    assert rendered["people"][3]["name"] == text


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_for_user_and_group(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("old")
    file.chmod(0o666)
    with file.open() as reader:
        write(str(file), "new ü\ud800")
        assert reader.read() == "old"
    assert file.read_bytes() == b"new \xc3\xbc\\ud800"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "report.md", tmp_path / "there" / "target.md"
    link.symlink_to(target)
    for text in ("first", "second"):
        write(str(link), text)
        assert link.is_symlink()
        assert target.read_text() == text


@pytest.mark.parametrize("call", ["replace", "fdopen"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "report.md"
    file.write_text("old")
    monkeypatch.setattr(Path if call == "replace" else os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write(str(file), "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
