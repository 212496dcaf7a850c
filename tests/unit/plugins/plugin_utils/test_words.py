# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a bulk module in words: what happened to each, totals, failures, and counts for other jobs."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.plugin_utils._subjects import Subject
from ansible_collections.tallyfy.platform.plugins.plugin_utils._totals import (
    artifacts_of,
    failure_of,
    subjects_of,
    text_of,
)
from ansible_collections.tallyfy.platform.plugins.plugin_utils._words import listed, shown
from tests.people import BOB

MARY = "mary.major@example.com"
WHERE = {"id": "25f6", "name": "Example Corp", "acting_as": "admin@example.com"}
KINDS = ("onboarding", "offboarding", "roster", "drift")


def row(outcome: str, **more: Any) -> dict[str, Any]:
    return {"email": MARY, "name": "Mary Major", "action": "unchanged", "outcome": outcome, "message": "", **more}


def step(action: str, *fields: str, **more: Any) -> dict[str, Any]:
    return {"email": MARY, "action": action, "reason": "because", "fields": list(fields), **more}


def joins(*groups: str) -> list[dict[str, Any]]:
    return [step("added_to_group", target=group) for group in groups]


LAUNCHED = {"name": "Onboarding Mary", "action": "launched", "outcome": "launched", "message": ""}
CREATED = row("created", action="created", before={}, after={"email": MARY, "role": "light", "groups": ["Engineering"]})
PHONE = {"before": {"phone": "1", "job_title": None}, "after": {"phone": "2", "job_title": "Cook"}}
LEFT = {"before": {"status": "active"}, "after": {"status": "disabled"}}


@pytest.mark.parametrize(
    ("subject", "actions", "done", "would"),
    [
        (CREATED, [step("created", "email")], "created as light", "would be created as light"),
        ({**CREATED, "process": LAUNCHED},
         [step("created", "email"), step("updated", "timezone"), *joins("Engineering", "Sales")],
         "created as light, added to groups Engineering and Sales; process 'Onboarding Mary' launched",
         ("would be created as light, added to groups Engineering and Sales; "
          "process 'Onboarding Mary' would be launched")),
        (CREATED, [], "created as light, added to group Engineering",
         "would be created as light, added to group Engineering"),
        (row("invited", action="invited"), [step("invited")], "invited", "would be invited"),
        (row("updated", action="updated", **PHONE), [step("updated", "phone", "job_title")],
         "updated (phone: '1' → '2'; job title: empty → 'Cook')",
         "would be updated (phone: '1' → '2'; job title: empty → 'Cook')"),
        (row("enabled", action="enabled", before={"role": "light"}, after={"role": "admin"}),
         [step("enabled", "status"), step("role_changed", "role"), step("removed_from_group", target="Sales")],
         "enabled, updated (role: 'light' → 'admin'), removed from group Sales",
         "would be enabled, updated (role: 'light' → 'admin'), removed from group Sales"),
        (row("updated", action="added_to_group", before={"groups": ["A", "B"]}, after={"groups": ["B", "C"]}),
         [], "added to group C, removed from group A", "would be added to group C, removed from group A"),
        (row("updated", process={**LAUNCHED, "action": "unarchived", "outcome": "unarchived"}),
         [{**step("unarchived"), "process": "Onboarding Mary"}], "process 'Onboarding Mary' unarchived",
         "process 'Onboarding Mary' would be unarchived"),
        (row("disabled", action="disabled", **LEFT), [], "disabled", "would be disabled"),
        (row("disabled", action="disabled", reassign_to=BOB, **LEFT), [step("disabled", "status", target=BOB)],
         "disabled; open work handed over to bob@example.com",
         "would be disabled; open work would be handed over to bob@example.com"),
        (
            row(
                "deleted",
                action="disabled",
                reassign_to=BOB,
                processes=[
                    {"id": "1", "name": "Budget", "owner_before": MARY, "owner_after": BOB},
                    {"id": "2", "name": "Kept", "owner_before": MARY, "owner_after": MARY},
                    {"id": "3", "name": "Lost", "owner_before": MARY, "owner_after": None},
                ],
            ),
            [step("disabled", "status"), step("deleted")],
            (
                "disabled; open work handed over to bob@example.com; deleted; "
                "process 'Budget' handed over to bob@example.com"
            ),
            (
                "would be disabled; open work would be handed over to bob@example.com; "
                "would be deleted; process 'Budget' would be handed over to bob@example.com"
            ),
        ),
        (row("updated", action="updated", before={"open_tasks": 2}, after={"open_tasks": 0}, reassign_to=BOB),
         [step("updated", "open_tasks")], "2 open tasks handed over to bob@example.com",
         "2 open tasks would be handed over to bob@example.com"),
        (row("disabled", action="disabled", unlisted=True), [step("disabled")],
         "not listed: disabled", "not listed: would be disabled"),
        (row("unchanged"), [], "unchanged", "unchanged"),
        (row("updated"), [], "updated", "would be updated"),
    ],
)  # fmt: skip
def test_what_happened_to_a_person_is_one_line(
    subject: dict[str, Any], actions: list[dict[str, Any]], done: str, would: str
) -> None:
    of_somebody_else = {**step("deleted"), "email": BOB}
    assert Subject("person", subject, (*actions, of_somebody_else), False).text == done
    assert Subject("person", subject, tuple(actions), True).text == would


@pytest.mark.parametrize(
    ("subject", "actions", "text"),
    [
        (row("not_found", message="No member has this address."), [], "not found: no member has this address"),
        (row("failed", message="PUT /users/1: no (HTTP 422)."), [], "failed: PUT /users/1: no (HTTP 422)"),
        (row("failed", message=f"{MARY}: no seat."), [], "failed: no seat"),
        (row("failed", message=""), [], "failed: no reason was given"),
        (row("deferred", message="Deferred: no seat is left."), [], "deferred: no seat is left"),
        (row("deferred", message="No seat is left."), [], "deferred: No seat is left"),
        (row("skipped", message="an earlier error"), [], "skipped: an earlier error"),
        ({**CREATED, "outcome": "failed", "message": "No."}, [], "failed: No"),
        ({**CREATED, "outcome": "failed", "message": "No."},
         [step("created")], "failed: No; before that: created as light"),
        ({**CREATED, "outcome": "failed", "message": "No. Done before: created as light."},
         [step("created")], "failed: No. Done before: created as light"),
        (
            # The message of the row begins with what was done.
            row("failed", message="Added to group A. No.", process={**LAUNCHED, "outcome": "failed", "message": "No."}),
            joins("A"),
            "failed: process 'Onboarding Mary': No; before that: added to group A",
        ),
        (row("failed", action="created", message="No.", process={**LAUNCHED, "outcome": "skipped", "message": "x"}),
         [], "failed: No"),
        (row("different", message="role is light, should be admin"), [], "role is light, should be admin"),
    ],
)  # fmt: skip
def test_what_did_not_happen_has_its_reason(subject: dict[str, Any], actions: list[dict[str, Any]], text: str) -> None:
    assert Subject("person", subject, tuple(actions), False).text == text


@pytest.mark.parametrize(
    ("part", "subject", "line"),
    [
        ("guests", {"email": "g@example.net", "action": "created", "outcome": "created"},
         "guest g@example.net: created"),
        ("guests",
         {"email": "g@example.net", "action": "updated", "outcome": "updated",
          "message": "Associated with bob@example.com.", "before": {"associated_members": [MARY]},
          "after": {"associated_members": [BOB]}}, f"guest g@example.net: handed over from {MARY} to {BOB}"),
        ("guests",
         {"email": "g@example.net", "action": "unchanged", "outcome": "not_found", "message": "No guest has it."},
         "guest g@example.net: not found: no guest has this address"),
        ("groups",
         {"name": "Sales", "action": "updated", "outcome": "updated",
          "before": {"members": ["a", "b"]}, "after": {"members": ["c"]}}, "group Sales: c added; a and b removed"),
        ("groups", {"name": "Sales", "action": "updated", "outcome": "updated", "message": "a stayed."},
         "group Sales: updated; a stayed"),
    ],
)  # fmt: skip
def test_guests_and_groups_are_named_as_such(part: str, subject: dict[str, Any], line: str) -> None:
    (reported,) = subjects_of({part: [subject]})
    assert f"{reported.label}: {reported.text}" == line


# --- lines ------------------------------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_stays_one_harmless_line(text: str) -> None:
    line = shown(text)
    assert line.splitlines() in ([], [line])
    harmful = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not [one for one in line if unicodedata.category(one) in harmful and one not in "\u200c\u200d"]
    assert shown(line) == line


def test_each_harmful_character_is_written_out() -> None:
    harmful = [chr(number) for number in range(sys.maxunicode + 1)]
    harmful = [one for one in harmful if unicodedata.category(one) in {"Cc", "Cf", "Cs"} and not one.isspace()]
    assert all(shown(f"a{one}b").isascii() for one in harmful if one not in "\u200c\u200d")
    assert shown("a\u202eb\x1b[31m\U000e0041") == "a\\u202eb\\x1b[31m\\U000e0041"
    assert shown(" a\r\n b\u2028c\t") == "a b c"
    assert shown("{{ 1 }} {% x %}") == "{{ 1 }} {% x %}"


def test_what_is_too_long_is_cut() -> None:
    assert shown("a" * 9, 5) == "aaaa…"
    assert shown("aaaaa", 5) == "aaaaa"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


def result(*people: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for one in people:
        counts[one["outcome"]] = counts.get(one["outcome"], 0) + 1
    base = {"people": list(people), "summary": counts, "organization": WHERE, "org_id": "25f6", "check_mode": False}
    return {**base, "problems": [], "notes": [], "actions": [], "changed": True, **more}


def named(email: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {**row(outcome, **more), "email": email}


def test_the_first_lines_say_where_who_and_how_many() -> None:
    reported = text_of("roster", result(named("a", "created"), named("b", "unchanged"), named("c", "not_found")))
    assert reported == [
        "Roster of Example Corp (25f6), acting as admin@example.com",
        "created 1, unchanged 1, not found 1",
        "c: not found: no member has this address",
        "a: created",
    ]


@pytest.mark.parametrize(
    ("kind", "organization", "check_mode", "line"),
    [
        ("onboarding", WHERE, False, "Onboarding into Example Corp (25f6), acting as admin@example.com"),
        ("offboarding", {"id": "25f6", "name": None}, False, "Offboarding from 25f6"),
        ("onboarding", {**WHERE, "acting_as": "the application 1111"}, True,
         "Onboarding into Example Corp (25f6), acting as the application 1111; dry run: nothing was written"),
        ("drift", WHERE, True, "Drift of Example Corp (25f6), acting as admin@example.com"),
        ("roster", None, False, "Roster of 25f6"),
    ],
)  # fmt: skip
def test_the_first_line_names_the_organization(kind: str, organization: Any, check_mode: bool, line: str) -> None:
    assert text_of(kind, result(organization=organization, check_mode=check_mode))[0] == line


NOBODY = {"created": 0, "unchanged": 3}


@pytest.mark.parametrize(
    ("kind", "summary", "line"),
    [
        ("roster", NOBODY, "3 people: nothing to do"),
        ("roster", {"unchanged": 1}, "1 person: nothing to do"),
        ("roster", {"created": 0}, "0 people: nothing to do"),
        ("onboarding",
         {"people": NOBODY, "processes": {"unchanged": 3}, "groups": {"unchanged": 1}, "guests": {"created": 0}},
         "3 people and 1 group: nothing to do"),
        ("onboarding",
         {"people": {"created": 2, "unchanged": 1}, "processes": {"launched": 2}, "groups": {"created": 0}},
         "created 2, unchanged 1; processes: launched 2"),
        ("drift", {"missing": 0, "extra": 2, "kept": 1, "total": 3, "groups": 1}, "extra 2, kept 1; groups: missing 1"),
        ("drift", {"missing": 0, "kept": 0, "total": 0, "groups": 0}, "nothing differs"),
        ("drift", {"missing": 0, "kept": 2, "total": 0, "groups": 0}, "nothing differs; kept 2"),
    ],
)  # fmt: skip
def test_totals_name_only_what_is_not_zero(kind: str, summary: dict[str, Any], line: str) -> None:
    assert text_of(kind, result(summary=summary))[1] == line


def test_what_needs_attention_comes_first_then_people_guests_and_groups() -> None:
    outcomes = (
        "unchanged",
        "deleted",
        "disabled",
        "updated",
        "enabled",
        "invited",
        "created",
        "not_found",
        "skipped",
        "deferred",
        "failed",
    )
    reported = text_of(
        "onboarding",
        result(
            *(named(outcome, outcome, message="why") for outcome in outcomes),
            guests=[{"email": "g1", "outcome": "created"}, {"email": "g2", "outcome": "failed", "message": "why"}],
            groups=[{"name": "G", "outcome": "created", "action": "created"}],
        ),
    )
    names = [line.split(":")[0] for line in reported[2:]]
    attention = ["failed", "deferred", "skipped", "not_found", "guest g2"]
    assert names == [
        *attention,
        "created",
        "invited",
        "enabled",
        "updated",
        "disabled",
        "deleted",
        "guest g1",
        "group G",
    ]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 25), st.booleans())
def test_a_text_has_its_length_and_hides_nothing_silently(
    people: int, notes: int, limit: int, has_report: bool
) -> None:
    report = "report.html" if has_report else None
    whole = result(*(named(f"p{i}", "created") for i in range(people)), notes=[f"note {i}" for i in range(notes)])
    reported = text_of("roster", whole, limit=limit, report=report)
    assert len(reported) <= limit + 5
    lines = [line for line in reported if line.startswith("p")]
    more = people - len(lines)
    assert len(lines) == min(people, limit)
    expected = f"and {more} more" + (f": see the report {report}" if report else "")
    assert (expected in reported) == (more > 0)
    shown_notes = [line for line in reported if line.startswith("note ")]
    hidden = notes - len(shown_notes)
    assert not hidden or reported[-1] == (f"and {hidden} more notes" if hidden > 1 else "and 1 more note")


def test_a_note_that_a_line_says_already_is_left_out() -> None:
    note = f"{MARY}: no member has this address."
    reported = text_of("offboarding", result(row("not_found", notes=[note]), notes=[note, "else", "else"]))
    assert reported[2:] == [f"{MARY}: not found: no member has this address", "else"]


@pytest.mark.parametrize(
    ("note", "bare"),
    [(f"{MARY}: Tallyfy hides it.", "Tallyfy hides it"), (f"{MARY} belongs to two.", "belongs to two")],
)
def test_a_note_that_a_line_holds_is_not_told_again(note: str, bare: str) -> None:
    unclear = {"email": MARY, "outcome": "unclear", "message": bare, "notes": [bare]}
    reported = text_of("drift", result(unclear, notes=[note, "else"]))
    assert [line for line in reported if bare in line or line == "else"] == [f"{MARY}: {bare}", "else"]
    # The line of somebody for whom all was done holds no notes.
    assert text_of("roster", result(row("updated", notes=[note]), notes=[note]))[-1] == note


# --- failures ---------------------------------------------------------------------------------------------------------

WHERE_TEXT = "Example Corp (25f6)"


@pytest.mark.parametrize(
    ("kind", "failure", "headline", "problems"),
    [
        ("roster", {"msg": "No token.\nAt all."}, "No token. At all.", []),
        ("roster", {}, "The task failed without a message.", []),
        ("roster", {"msg": "x", "problems": ["row 1: a", "row 2: b", "row 1: a"]},
         "Nothing was written: 2 problems.", ["row 1: a", "row 2: b"]),
        ("drift", {"problems": ["a"]}, "Nothing was compared: 1 problem.", ["a"]),
        ("onboarding",
         result(summary={"people": {"created": 2, "failed": 1}, "processes": {"launched": 0, "failed": 1}},
                problems=["bob@example.com: no"]),
         f"1 of 3 people could not be onboarded into {WHERE_TEXT}; done: created 2.", ["bob@example.com: no"]),
        ("offboarding",
         result(named("b", "deferred", message="no"), summary={"people": {"deferred": 1}}, changed=False),
         f"1 of 1 person could not be offboarded from {WHERE_TEXT}; nothing was written.", ["b: deferred: no"]),
        ("roster", result(summary={"created": 1, "skipped": 1}, problems=["b: no"], check_mode=True),
         f"1 of 2 people would not be converged in {WHERE_TEXT}; would be done: created 1.", ["b: no"]),
        ("onboarding",
         result(summary={"people": {"unchanged": 1}, "guests": {"failed": 1, "created": 1}}, problems=["g: no"]),
         f"1 of 2 guests could not be onboarded into {WHERE_TEXT}; done: guests: created 1.", ["g: no"]),
        ("roster", result(summary={"created": 1}, problems=["the listing failed"]),
         "Stopped: 1 problem; done: created 1.", ["the listing failed"]),
        ("drift", result(named("b", "missing", message="is not a member"), named("k", "kept"), changed=False),
         f"{WHERE_TEXT} differs from the roster: missing 1.", ["b: is not a member"]),
    ],
)  # fmt: skip
def test_a_failure_is_a_sentence_and_its_problems(
    kind: str, failure: dict[str, Any], headline: str, problems: list[str]
) -> None:
    assert failure_of(kind, failure) == (headline, problems)


def test_who_failed_is_named_up_to_a_bound() -> None:
    people = [named(f"p{i}", "failed", message="no") for i in range(30)]
    _headline, problems = failure_of("roster", result(*people))
    assert problems == [*(f"p{i}: failed: no" for i in range(20)), "and 10 more"]


# --- artifacts --------------------------------------------------------------------------------------------------------


def test_counts_for_other_jobs_have_the_name_of_the_role() -> None:
    people, processes = {"created": 2, "enabled": 1, "unchanged": 1}, {"launched": 2, "unarchived": 5}
    reported = artifacts_of("onboarding", result(summary={"people": people, "processes": processes}))
    assert {name: count for name, count in reported.items() if count} == {
        "tallyfy_onboarding_created": 2,
        "tallyfy_onboarding_enabled": 1,
        "tallyfy_onboarding_unchanged": 1,
        "tallyfy_onboarding_launched": 2,
        "tallyfy_onboarding_total": 4,
    }
    summary = {
        "people": {"disabled": 2, "not_found": 1},
        "guests": {"deleted": 3, "updated": 4},
        "groups": {"updated": 5},
    }
    reported = artifacts_of("offboarding", result(summary=summary))
    assert {name: count for name, count in reported.items() if count} == {
        "tallyfy_offboarding_disabled": 2,
        "tallyfy_offboarding_not_found": 1,
        "tallyfy_offboarding_guests_deleted": 3,
        "tallyfy_offboarding_guests_updated": 4,
        "tallyfy_offboarding_groups_updated": 5,
        "tallyfy_offboarding_total": 3,
    }
    summary = {"missing": 1, "extra": 2, "different": 3, "unclear": 4, "kept": 5, "total": 7, "groups": 1}
    assert artifacts_of("drift", result(summary=summary)) == {f"tallyfy_drift_{k}": v for k, v in summary.items()}
    assert artifacts_of("roster", result(summary={"invited": 1, "failed": 1}))["tallyfy_roster_total"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_artifacts_always_have_every_key(kind: str) -> None:
    assert artifacts_of(kind, {"msg": "x"}).keys() == artifacts_of(kind, result(named("a", "failed"))).keys()


# --- anything ---------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)
_ROW_KEYS = ("email", "name", "action", "outcome", "message", "before", "after", "notes", "process", "processes")
_KEYS = (
    "people",
    "guests",
    "groups",
    "summary",
    "problems",
    "notes",
    "actions",
    "organization",
    "org_id",
    "check_mode",
)
_ROWS = st.lists(st.dictionaries(st.sampled_from(_ROW_KEYS), _JSON) | _JSON, max_size=3)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from((*_KEYS, "msg", "changed")), _ROWS | _JSON))
def test_any_result_can_be_reported(kind: str, anything: dict[str, Any]) -> None:
    lines = text_of(kind, anything)
    headline, problems = failure_of(kind, anything)
    assert headline
    assert all("\n" not in line for line in (*lines, headline, *problems))
    assert all(isinstance(count, int) for count in artifacts_of(kind, anything).values())
