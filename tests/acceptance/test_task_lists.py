# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``tallyfy_task_info``: what it finds, and that finding it does not grow with what was completed long ago."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_tasks import ACCOUNTS, APPROVAL, CALL, HIRE, JORDAN, JORDAN_ID
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB_ID, ENGINEERING, JOHN, NORA, TOUR_ID

pytestmark = pytest.mark.any_core

OPEN, DONE = 500, 1_500
TOURS = ("Show the office", "First lunch", "Feedback")


def listed(modules: Modules, **filters: Any) -> list[str]:
    return [task["id"] for task in modules.succeed("tallyfy_task_info", **filters)["tasks"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"process_id": JORDAN_ID}, [ACCOUNTS, CALL, APPROVAL]),
        ({**JORDAN}, [ACCOUNTS, CALL, APPROVAL]),
        ({**JORDAN, "state": "open"}, [CALL, APPROVAL]),
        ({**JORDAN, "state": "completed"}, [ACCOUNTS]),
        ({**JORDAN, "state": "skipped"}, []),
        ({"template": HIRE, "step": "WELCOME CALL"}, [CALL]),
        ({"template": HIRE, "assignee": JOHN}, [ACCOUNTS, APPROVAL]),
        ({"assignee": NORA}, [APPROVAL]),
        ({"assignee": JOHN, "group": "engineering"}, []),
        ({"group": "engineering"}, [CALL]),
        ({**JORDAN, "overdue": True}, [CALL]),
        ({**JORDAN, "overdue": False}, [ACCOUNTS, APPROVAL]),
        ({"template": HIRE, "due_before": "2026-03-02"}, [ACCOUNTS, CALL]),
        ({"task_id": CALL}, [CALL]),
        ({"template": HIRE, "reference": "HR-10201"}, []),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("has_filters", [True, False], ids=["filters", "no filters"])
def test_what_is_found(sandbox: Sandbox, modules: Modules, filters: Any, found: Any, has_filters: bool) -> None:
    """Where the service ignores the filters, what each task says of itself counts."""
    owners = {"users": [12345], "guests": [NORA], "groups": []}
    sandbox.patch_task(ACCOUNTS, status="completed", completed_at="2026-02-21T17:00:00.000Z", completer_id=BOB_ID)
    sandbox.patch_task(APPROVAL, deadline="2099-03-01T17:00:00.000Z", owners=owners)
    if not has_filters:
        for route in ("tasks.list", "tasks.list_of_process"):
            sandbox.fault(route=route, times=None, body=unfiltered(sandbox, route))
    assert listed(modules, **filters) == found


def unfiltered(sandbox: Sandbox, route: str) -> dict[str, Any]:
    """Return the answer with all tasks, of the process or of all that are not archived."""
    state = sandbox.state(sandbox.org_id)
    runs = {run["id"]: run for run in state["runs"] if not run["archived_at"]}
    tasks = [
        {**task, "form_fields": {"data": []}, "run": {"data": runs[task["run_id"]]}, "threads": []}
        for task in state["tasks"]
        if task["run_id"] in runs and (route == "tasks.list" or task["run_id"] == JORDAN_ID)
    ]
    return {"data": tasks, "meta": {"pagination": {"total": len(tasks), "current_page": 1, "total_pages": 1}}}


def test_my_tasks(sandbox: Sandbox, modules: Modules) -> None:
    assert "act_as" in modules.fail("tallyfy_task_info", assignee="me")["msg"]
    modules.use(act_as=JOHN)
    assert listed(modules, assignee="me", state="open") == [ACCOUNTS, APPROVAL]


@pytest.mark.parametrize(
    ("filters", "reported"),
    [
        ({"group": "Nobodies"}, "there is no group 'Nobodies'; groups: "),
        ({"assignee": "bob"}, "assignee 'bob' is neither me nor the e-mail address"),
        ({"due_before": "soon"}, "due_before 'soon' is not a date"),
        ({"template": "Nothing"}, "there is no template 'Nothing'"),
        ({"template": HIRE, "step": "Create acounts"},
         "there is no step 'Create acounts'; steps: Create accounts, Welcome call, Manager approval (of the template"),
        ({**JORDAN, "step": "Manager aproval", "state": "completed"},
         "there is no step 'Manager aproval'; steps: Create accounts, Welcome call, Manager approval (of the process"),
        ({**JORDAN, "reference": "HR-0"}, "no process of New hire onboarding has the reference 'HR-0'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_reported(modules: Modules, filters: dict[str, Any], reported: str) -> None:
    assert reported in modules.fail("tallyfy_task_info", **filters)["msg"]


def test_everything_by_name(sandbox: Sandbox, modules: Modules) -> None:
    owners = {"users": [1001], "guests": [NORA], "groups": [ENGINEERING]}
    sandbox.patch_task(ACCOUNTS, owners=owners, status="completed", completed_at="2026-02-21T17:00:00.000Z",
                       completer_id=BOB_ID)  # fmt: skip
    (task,) = modules.succeed("tallyfy_task_info", task_id=ACCOUNTS, kickoff=True)["tasks"]
    assert task["assignees"] == [ALICE, NORA, "Engineering"]
    assert task["completed_by"] == "bob@example.com"
    assert task["form"] == {"Laptop serial": None, "Software suite": None}
    assert task["kickoff"]["Department"] == "Engineering"
    assert (task["reference"], task["template"]) == ("HR-10293", HIRE)


class TestManyTasks:
    @pytest.fixture
    def history(self, sandbox: Sandbox, signed_in: Modules) -> Modules:
        """The modules in an organization with many tasks of one template, most of them completed."""
        runs = (OPEN + DONE) // len(TOURS) + 1
        sandbox.insert_runs(*({"checklist_id": TOUR_ID, "name": f"Tour {one}", "prerun": {}} for one in range(runs)))
        ids = [one["id"] for one in sandbox.state(sandbox.org_id, "tasks")["tasks"] if one["checklist_id"] == TOUR_ID]
        for number in ids[: len(ids) - OPEN]:
            sandbox.patch_task(number, status="completed", completed_at="2026-02-21T17:00:00.000Z")
        sandbox.clear_ledger()
        return signed_in

    def test_the_open_ones_take_their_pages_and_a_few_requests(self, sandbox: Sandbox, history: Modules) -> None:
        filters = {"template": "Welcome tour", "state": "open", "kickoff": True}
        assert len(listed(history, **filters)) == OPEN
        requests = [one["route"] for one in sandbox.ledger()]
        assert len(requests) <= 10, requests
