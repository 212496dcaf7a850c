# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``tallyfy_oneoff_task``: made once whatever happens, found again among many, and changed like any task."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._tasks import oneoff_search
from sandbox.testing import Sandbox
from tests.acceptance.cases_tasks import LAPTOP
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, BOB_ID, DANA, PARTNER

pytestmark = pytest.mark.any_core

MODULE = "tallyfy_oneoff_task"
TITLE = "Order a laptop (HR-1042)"
DONE, ARCHIVED, OPEN = {"state": "completed"}, {"state": "archived"}, {"state": "open"}
APPROVAL = {"type": "approval"}
NAMED = {name: LAPTOP[name] for name in ("title", "reference")}


def laptops(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [dict(one) for one in sandbox.state(sandbox.org_id, "tasks")["tasks"] if "1042" in one["title"]]


def insert(modules: Modules, title: str) -> str:
    """Make a one-off task as somebody does it by hand, and return its ID."""
    owners = {"users": [BOB_ID], "guests": [], "groups": []}
    body = {"title": title, "task_type": "task", "deadline": "2026-12-04 17:00:00", "owners": owners}
    made = modules.succeed("tallyfy_api", method="POST", path="/organizations/{org_id}/tasks", body=body)
    return str(made["data"]["id"])


def insert_many(modules: Modules) -> None:
    for result in modules.loop(
        "tallyfy_api",
        *(
            {"method": "POST", "path": "/organizations/{org_id}/tasks", "body": {
                "title": f"Water the plants of room {number} (room-{number})", "task_type": "task",
                "deadline": "2026-12-04 17:00:00", "owners": {"users": [BOB_ID], "guests": [], "groups": []},
            }} for number in range(101)
        ),
    ):  # fmt: skip
        assert not result.get("failed"), result


class TestOnce:
    def test_it_takes_few_requests(self, sandbox: Sandbox, signed_in: Modules) -> None:
        """Three look for it, one for the member, one makes it, one reads back; the second run takes one."""
        assert signed_in.succeed(MODULE, **LAPTOP)["changed"] is True
        assert (len(sandbox.ledger()), len(sandbox.writes())) == (6, 1)
        sandbox.clear_ledger()
        assert signed_in.succeed(MODULE, **NAMED)["changed"] is False
        assert len(sandbox.ledger()) == 1

    @pytest.mark.parametrize(
        "lost", [{"cut": "after"}, {"status": 500, "apply": True}, {"half_body": True}, {"empty": True, "apply": True}]
    )
    def test_a_lost_answer_is_found_out_by_reading(self, sandbox: Sandbox, modules: Modules, lost: Any) -> None:
        sandbox.fault(route="tasks.create_one_off", **lost)
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is True
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is False
        assert len(laptops(sandbox)) == 1

    @pytest.mark.parametrize("lost", [{"cut": "before"}, {"status": 500}])
    def test_what_was_not_carried_out_is_for_the_next_run(self, sandbox: Sandbox, modules: Modules, lost: Any) -> None:
        sandbox.fault(route="tasks.create_one_off", **lost)
        failed = modules.fail(MODULE, **LAPTOP)
        assert "so it was not repeated" in failed["msg"]
        assert failed["failed_action"]["action"] == "created"
        assert len(sandbox.ledger(route="tasks.create_one_off")) == 1
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is True
        assert len(laptops(sandbox)) == 1

    def test_what_may_be_carried_out_late_is_waited_for(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="tasks.create_one_off", status=504, apply_late=True)
        modules.fail(MODULE, **LAPTOP)
        assert "not_before" in modules.fail(MODULE, **LAPTOP)
        sandbox.carry_out_late()
        modules.use(max_wait=300)
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is False
        assert len(laptops(sandbox)) == 1

    def test_two_runs_at_once(self, sandbox: Sandbox, modules: Modules) -> None:
        results: list[bool] = []

        def run() -> None:
            results.append(modules.succeed(MODULE, **LAPTOP)["changed"])

        runs = [threading.Thread(target=run) for _number in range(3)]
        for one in runs:
            one.start()
        for one in runs:
            one.join()
        assert sorted(results) == [False, False, True]
        assert len(laptops(sandbox)) == 1

    def test_nothing_is_made_where_nothing_can_be_locked(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(state_dir="/dev/null/cache")
        assert "state_dir" in modules.fail(MODULE, **LAPTOP)["msg"]
        assert laptops(sandbox) == []


class TestFoundAgain:
    @pytest.mark.parametrize("search", ["finds titles", "finds nothing", "is ignored"])
    @pytest.mark.parametrize("state", ["open", "archived"])
    def test_among_many(
        self, sandbox: Sandbox, modules: Modules, monkeypatch: pytest.MonkeyPatch, search: str, state: str
    ) -> None:
        """That nothing was found is believed only where the service is known to find titles."""
        insert_many(modules)
        asked = oneoff_search._query
        if search == "finds nothing":
            monkeypatch.setattr(oneoff_search, "_query", lambda one, piece=None: asked(one, piece and "no such title"))
        if search == "is ignored":
            monkeypatch.setattr(oneoff_search, "_query", lambda one, _piece=None: asked(one))
        modules.succeed(MODULE, **LAPTOP)
        modules.succeed(MODULE, **NAMED, state=state)
        sandbox.clear_ledger()
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is False
        if search == "finds titles":
            assert len(sandbox.ledger(route="tasks.list")) == (1 if state == "open" else 4)
        assert len(laptops(sandbox)) == 1

    @pytest.mark.parametrize(
        ("title", "reference"),
        [
            ("ORDER a laptop", "hr-1042"),
            (TITLE, "HR-1042"),
            ("Order  a laptop", " HR-1042 "),
        ],
    )
    def test_in_other_spellings(self, sandbox: Sandbox, modules: Modules, title: str, reference: str) -> None:
        modules.succeed(MODULE, **LAPTOP)
        again = modules.succeed(MODULE, **{**LAPTOP, "title": title, "reference": reference})
        assert (again["changed"], again["notes"]) == (False, [])
        assert [one["title"] for one in laptops(sandbox)] == [TITLE]

    def test_steps_of_processes_are_none(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_task("445c3d87850db96d73b577036f6f3fd5", title=TITLE)
        assert modules.succeed(MODULE, **LAPTOP)["changed"] is True

    def test_another_title_is_reported_and_stays(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed(MODULE, **LAPTOP)
        other = modules.succeed(MODULE, **{**LAPTOP, "title": "Print a badge"})
        assert other["changed"] is False
        assert f"The task with this reference has the title '{TITLE}', which was not changed." in other["notes"][0]

    def test_the_oldest_of_several_counts(self, sandbox: Sandbox, modules: Modules) -> None:
        first = insert(modules, TITLE)
        sandbox.advance(2)
        insert(modules, "A second one (HR-1042)")
        found = modules.succeed(MODULE, **LAPTOP)
        assert (found["changed"], found["task"]["id"]) == (False, first)
        assert f"2 tasks have this reference; the task with the ID {first} was used" in found["notes"][0]


class TestStates:
    @pytest.mark.parametrize(
        ("before", "arguments", "actions", "state"),
        [
            ([], {}, [], "open"),
            ([], OPEN, [], "open"),
            ([], {"assignees": {"set": [ALICE, PARTNER]}}, ["updated"], "open"),
            ([], {"deadline": "2026-12-07", "summary": "x"}, ["updated"], "open"),
            ([], DONE, ["completed"], "completed"),
            ([], {**DONE, "summary": "x"}, ["updated", "completed"], "completed"),
            ([], ARCHIVED, ["archived"], "archived"),
            ([DONE], {}, [], "completed"),
            ([DONE], OPEN, ["reopened"], "open"),
            ([DONE], ARCHIVED, ["archived"], "archived"),
            ([ARCHIVED], {}, [], "archived"),
            ([ARCHIVED], DONE, [], "archived"),
            ([ARCHIVED], ARCHIVED, [], "archived"),
            ([ARCHIVED], OPEN, ["unarchived"], "open"),
            ([ARCHIVED], {**OPEN, "summary": "x"}, ["unarchived", "updated"], "open"),
            ([DONE, ARCHIVED], OPEN, ["unarchived", "reopened"], "open"),
        ],
    )  # fmt: skip
    def test_check_mode_is_the_plan_and_a_second_run_changes_nothing(
        self, sandbox: Sandbox, modules: Modules, before: Any, arguments: Any, actions: list[str], state: str
    ) -> None:
        for one in ({}, *before):
            modules.succeed(MODULE, **{**LAPTOP, **one})
        sandbox.clear_ledger()
        given = {**LAPTOP, **arguments}
        reported = modules.succeed(MODULE, check_mode=True, **given)
        assert sandbox.writes() == []
        done = modules.succeed(MODULE, **given)
        assert [one["action"] for one in done["actions"]] == actions
        for name in ("changed", "actions", "diff", "notes", "unchangeable"):
            assert reported[name] == done[name], name
        assert reported["task"]["state"] == done["task"]["state"] == state
        assert done["changed"] is bool(actions)
        sandbox.clear_ledger()
        assert modules.succeed(MODULE, **given)["changed"] is False
        assert sandbox.writes() == []

    def test_a_record_given_back_changes_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        assignees = [BOB, PARTNER, "People"]
        modules.succeed(MODULE, **{**LAPTOP, **APPROVAL, "assignees": assignees, "summary": "x"})
        modules.succeed(MODULE, **NAMED, **DONE, approved=False)
        (record,) = [one for one in modules.succeed("tallyfy_task_info")["tasks"] if one["reference"] == "HR-1042"]
        names = (*LAPTOP, "type", "summary", "state", "approved")
        back = {name: record[name] for name in names}
        sandbox.clear_ledger()
        again = modules.succeed(MODULE, **{**back, "assignees": {"set": record["assignees"]}})
        assert (again["changed"], again["notes"], again["unchangeable"]) == (False, [], [])
        assert (again["task"]["state"], again["task"]["approved"]) == ("completed", False)
        assert sandbox.writes() == []

    def test_the_type_stays(self, modules: Modules) -> None:
        modules.succeed(MODULE, **LAPTOP)
        (kept,) = modules.succeed(MODULE, **LAPTOP, **APPROVAL)["unchangeable"]
        assert (kept["field"], kept["current"], kept["wanted"]) == ("type", "task", "approval")

    @pytest.mark.parametrize("route", ["tasks.archive_one_off", "tasks.restore_one_off"])
    @pytest.mark.parametrize("lost", [{"cut": "after"}, {"status": 500, "apply": True}, {"status": 500}])
    def test_a_lost_answer(self, sandbox: Sandbox, modules: Modules, route: str, lost: Any) -> None:
        modules.succeed(MODULE, **LAPTOP)
        sandbox.fault(route=route, **lost)
        for state in ("archived", "open"):
            assert modules.succeed(MODULE, **NAMED, state=state)["task"]["state"] == state
        assert laptops(sandbox)[0]["archived_at"] is None

    def test_a_failure_tells_what_was_done_before_it(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed(MODULE, **LAPTOP)
        modules.succeed(MODULE, **NAMED, **ARCHIVED)
        sandbox.fault(route="tasks.update_one_off", status=403)
        failed = modules.fail(MODULE, **NAMED, **OPEN, summary="x")
        assert failed["changed"] is True
        assert [one["action"] for one in failed["actions"]] == ["unarchived"]
        assert failed["failed_action"]["action"] == "updated"


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        ({**NAMED}, "assignees is missing: a new task needs an assignee"),
        ({**NAMED}, "deadline is missing: a new task needs a deadline"),
        ({**LAPTOP, "assignees": {"remove": [BOB]}}, "assignees is missing"),
        ({**LAPTOP, "assignees": ["x@example.com", DANA]}, "x@example.com is neither a member nor a guest"),
        ({**LAPTOP, "assignees": ["x@example.com", DANA]}, f"{DANA} is disabled"),
        ({**LAPTOP, "deadline": "soon"}, "deadline 'soon' is not a date"),
        ({**LAPTOP, "approved": True}, "approved needs state=completed"),
        ({**LAPTOP, "title": "x" * 600}, "title has 610 characters including its reference; at most 600"),
        ({**LAPTOP, "title": "x\u200by"}, "title holds U+200B"),
        ({**LAPTOP, "reference": " "}, "reference is blank"),
        ({**LAPTOP, "state": "absent"}, "value of state must be one of: open, completed, archived"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_before_anything_is_written(
    sandbox: Sandbox, modules: Modules, arguments: dict[str, Any], reported: str
) -> None:
    for check_mode in (True, False):
        assert reported in modules.fail(MODULE, check_mode, **arguments)["msg"]
    assert sandbox.writes() == []
