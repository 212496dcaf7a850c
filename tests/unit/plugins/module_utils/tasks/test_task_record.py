# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What records of tasks say, in the spellings of the service."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError, UnreadableAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.comments import (
    find_comment,
    is_same_comment,
    signed,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.desired import is_same_deadline
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.find import pick_task
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.people import People
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.record import (
    Owners,
    is_overdue,
    shown_deadline,
    state_of,
    values_of,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.shape import shape_task


@pytest.mark.parametrize(
    ("task", "state"),
    [
        ({"status": "not-started"}, "open"),
        ({"status": "in-progress", "completed_at": None}, "open"),
        ({"status": "completed"}, "completed"),
        ({"status": "Complete"}, "completed"),
        ({"status": "expired", "completed_at": "2026-03-01 10:00:00"}, "completed"),
        ({"status": "auto-skipped", "completed_at": "2026-03-01 10:00:00"}, "skipped"),
    ],
)
def test_the_state_of_a_task(task: dict[str, Any], state: str) -> None:
    assert state_of(task) == state


@pytest.mark.parametrize(
    ("content", "is_found"),
    [
        ("Done.\n\n(Ansible: mailbox)", True),
        ("<p>Done.</p><p>(ansible: Mailbox)</p>\n", True),
        ("Done &amp; dusted. (Ansible: mailbox)", True),
        ("(Ansible: mailbox) is what I saw", False),
        ("Done. (Ansible)", False),
        (None, False),
    ],
)
def test_a_comment_is_found_by_its_signature(content: str | None, is_found: bool) -> None:
    rows = [{"id": "1", "content": content}, {"id": "2", "content": "x (Ansible: mailbox)", "archived_at": "2026"}]
    assert (find_comment({"threads": {"data": rows}}, "mailbox") is not None) is is_found


def test_a_comment_is_the_same_in_every_spelling() -> None:
    sent = signed("5 < 6 & more", "x")
    for shown in (sent, "5 &lt; 6 &amp; more<br>(Ansible: x)", "<p>5 &lt; 6 &amp; more</p><p>(Ansible: x)</p>"):
        assert is_same_comment({"content": shown}, sent)
    assert not is_same_comment({"content": sent.replace("more", "More")}, sent)


def test_what_looks_like_a_tag_may_be_taken_away() -> None:
    """Or the comment would be written in each run, and the step never completed."""
    sent = signed("Made for Mary <mary@example.com>, see <a href='1'>here</a>.", None)
    for shown in ("Made for Mary , see here. (Ansible)", f"<p>{sent}</p>", "<p>Made for Mary, see here.</p>(Ansible)"):
        assert is_same_comment({"content": shown}, sent)
    assert not is_same_comment({"content": sent.replace("'1'", "'2'")}, sent)
    assert not is_same_comment({"content": sent.replace("Mary", "Bob")}, sent)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("desired", "stored", "is_same"),
    [
        ("2026-03-02T17:00", "2026-03-02T17:00:00.000Z", True),
        ("2026-03-02T17:00", "2026-03-02T18:00:00+01:00", True),
        ("2026-03-02T17:00", "2026-03-03T17:00:00Z", False),
        # The 28th of February is a Saturday.
        ("2026-02-28T17:00", "2026-03-02T09:00:00Z", True),
        ("2026-02-28T17:00", "2026-03-05T09:00:00Z", False),
        ("2026-02-28T17:00", "2026-02-27T17:00:00Z", False),
        ("2026-02-28T17:00", None, False),
    ],
)
def test_a_deadline_may_be_moved_off_a_weekend(desired: str, stored: str | None, is_same: bool) -> None:
    assert is_same_deadline(at(desired), stored) is is_same


def test_a_deadline_is_reported_in_one_spelling() -> None:
    assert shown_deadline("2026-03-02 18:00:00+01:00") == shown_deadline("2026-03-02T17:00:00.000Z")
    assert (shown_deadline(None), shown_deadline("soon")) == (None, "soon")
    now = at("2026-03-02T17:00").timestamp()
    assert is_overdue({"status": "active", "deadline": "2026-03-02T16:59:59Z"}, now)
    assert not is_overdue({"status": "completed", "deadline": "2026-03-02T16:59:59Z"}, now)


def test_owners_come_in_two_shapes_and_are_never_guessed() -> None:
    people = [{"id": 7, "full_name": "Seven"}, "8"]
    owners = Owners.of({"owners": {"users": people, "guests": ["A@example.com"], "groups": None}})
    assert owners.body() == {"users": [7, 8], "guests": ["A@example.com"], "groups": []}
    assert Owners.from_tokens(owners.tokens) == owners
    for odd in (None, [], {"users": ["somebody"]}):
        with pytest.raises(UnreadableAnswerError):
            Owners.of({"owners": odd})


def test_the_values_of_a_form_and_several_fields_of_one_label() -> None:
    fields = [
        {"id": "a", "label": "Note", "alias": "note-1", "field_type": "text", "value": "x"},
        {"id": "b", "label": "Note", "alias": "note-2", "field_type": "text", "value": None},
    ]
    task = {"id": "t", "form_fields": fields, "taskdata": {"a": "old", "b": "y"}, "owners": {"users": []}}
    assert values_of(task) == {"a": "x", "b": "y"}
    assert shape_task(task, People(), 0.0)["form"] == {"note-1": "x", "note-2": "y"}


STEPS = [
    {"id": "1", "step_id": "s1", "alias": "order-1", "title": "Done by Bob", "original_title": "Order"},
    {"id": "2", "step_id": "s2", "title": "x", "step": {"data": {"title": "Check", "alias": "check-2"}}},
    {"id": "3", "step_id": "s3", "title": "Check"},
    {"id": "4", "step_id": None, "title": "Order"},
]


@pytest.mark.parametrize(
    ("step", "found"),
    [("order", "1"), ("order-1", "1"), ("s2", "2"), ("check-2", "2"), ("Done by Bob", None), ("check", None)],
)
def test_a_step_is_named_by_its_title_in_the_template(step: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(InputError, match=r"there is no step 'Done by Bob'; steps: Order, |2 steps have the title"):
            pick_task(STEPS, step, "P")
        return
    assert pick_task(STEPS, step, "P")["id"] == found
