# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``tallyfy_task``: how many requests it takes, what happens only once, and what is refused before anything is sent."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.cases_tasks import ACCOUNTS, APPROVAL, CALL, DONE, FORM, HIRE, JORDAN, JORDAN_ID
from tests.acceptance.running import Modules
from tests.people import ALICE, BOB, BOB_ID, DANA, HIRE_ID, NORA, PARTNER

pytestmark = pytest.mark.any_core

BY_TITLE = {**JORDAN, "step": "create accounts"}
BY_TEMPLATE_ID = {"template": HIRE_ID, "reference": "HR-10293", "step": "create-accounts"}
BY_PROCESS = {"process_id": JORDAN_ID, "step": "CREATE ACCOUNTS"}
BY_ID = {"task_id": ACCOUNTS}
COMMENT = {"comment": "The mailbox is there."}


def task(sandbox: Sandbox, task_id: str = ACCOUNTS) -> dict[str, Any]:
    return next(dict(one) for one in sandbox.state(sandbox.org_id, "tasks")["tasks"] if one["id"] == task_id)


def completions(sandbox: Sandbox, task_id: str = ACCOUNTS) -> int:
    """Return how often people and machines were told that the step is completed."""
    return len(sandbox.events(event="task.completed", task=task_id))


def comments(sandbox: Sandbox) -> list[str]:
    return [one["content"] for one in task(sandbox)["threads"]]


def finish(sandbox: Sandbox) -> None:
    """Let the step have been completed as it is desired."""
    values = {"97fa6c95a7399ed9ea5f997be085fc28": "SN-4711",
              "ed0cdf5010734b3c8e11d599e6d3c7af": {"id": 2, "text": "Office 365", "value": None}}  # fmt: skip
    sandbox.patch_task(ACCOUNTS, taskdata=values, status="completed", completed_at="2026-02-21T17:00:00.000Z")


def reopen(sandbox: Sandbox) -> None:
    """Reopen the step as a person does it."""
    sandbox.patch_task(ACCOUNTS, status="in-progress", completed_at=None, completer_id=None)


class TestRequests:
    @pytest.mark.parametrize(
        ("named", "extra", "is_done", "requests", "writes"),
        [
            (BY_TITLE, {}, True, 2, 0),
            (BY_TITLE, {"form": FORM}, True, 2, 0),
            (BY_TEMPLATE_ID, {}, True, 2, 0),
            (BY_PROCESS, {"form": FORM}, True, 2, 0),
            (BY_ID, {"form": FORM}, True, 1, 0),
            # The one request more is a look right before the first write.
            (BY_TITLE, {"form": FORM}, False, 5, 2),
            (BY_TITLE, {"form": FORM, **COMMENT}, False, 6, 3),
            (BY_PROCESS, {"form": FORM}, False, 5, 2),
            (BY_ID, {"form": FORM}, False, 3, 2),
            (BY_ID, {"form": FORM, **COMMENT}, False, 4, 3),
            (BY_ID, {"form": FORM, "assignees": [BOB], "summary": "x"}, False, 4, 2),
        ],
    )  # fmt: skip
    def test_a_step_takes_few(
        self, sandbox: Sandbox, signed_in: Modules, named: Any, extra: Any, is_done: bool, requests: int, writes: int
    ) -> None:
        alias = task(sandbox)["alias"]
        if "template" in named and named["template"] == HIRE_ID:
            named = {**named, "step": alias}
        if is_done:
            finish(sandbox)
        sandbox.clear_ledger()
        result = signed_in.succeed("tallyfy_task", **named, **extra, **DONE)
        assert result["changed"] is not is_done
        assert len(sandbox.ledger()) == requests
        assert len(sandbox.writes()) == writes

    def test_a_list_that_does_not_show_the_form(self, sandbox: Sandbox, signed_in: Modules) -> None:
        rows = [{**task(sandbox), "threads": None}]
        body = {"data": rows, "meta": {"pagination": {"total": 1, "current_page": 1, "total_pages": 1}}}
        sandbox.fault(route="tasks.list_of_process", body=body)
        signed_in.succeed("tallyfy_task", **BY_TITLE, form=FORM, **COMMENT)
        assert len(sandbox.ledger()) == 6

    def test_a_service_that_does_not_search(self, sandbox: Sandbox, signed_in: Modules) -> None:
        sandbox.switch(run_q_ignored=True)
        sandbox.insert_runs(*({"checklist_id": HIRE_ID, "name": f"Other {number}"} for number in range(120)))
        assert signed_in.succeed("tallyfy_task", **BY_TITLE)["task"]["id"] == ACCOUNTS

    def test_a_process_whose_name_was_changed(self, sandbox: Sandbox, signed_in: Modules) -> None:
        sandbox.patch_run(JORDAN_ID, name="Jordan", prerun={"89f6f391a05e236f8d8a08ffe5a7173a": "HR-10293"})
        assert "has the reference" in signed_in.fail("tallyfy_task", **BY_TITLE)["msg"]
        found = signed_in.succeed("tallyfy_task", **BY_TITLE, reference_field="Notes")
        assert found["task"]["id"] == ACCOUNTS


class TestOnce:
    def test_a_second_run_completes_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        first = modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        second = modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert (first["changed"], second["changed"]) == (True, False)
        assert completions(sandbox) == 1

    @pytest.mark.parametrize(
        "lost", [{"cut": "after"}, {"status": 500, "apply": True}, {"half_body": True}, {"empty": True, "apply": True}]
    )
    def test_a_lost_answer_is_found_out_by_reading(self, sandbox: Sandbox, modules: Modules, lost: Any) -> None:
        sandbox.fault(route="tasks.complete", **lost)
        assert modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)["changed"] is True
        assert completions(sandbox) == 1

    @pytest.mark.parametrize("lost", [{"cut": "before"}, {"status": 500}])
    def test_what_was_not_carried_out_is_for_the_next_run(self, sandbox: Sandbox, modules: Modules, lost: Any) -> None:
        sandbox.fault(route="tasks.complete", **lost)
        failed = modules.fail("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert "so it was not repeated" in failed["msg"]
        assert failed["changed"] is True
        assert failed["failed_action"]["action"] == "completed"
        assert len(sandbox.ledger(route="tasks.complete")) == 1
        assert modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)["changed"] is True
        assert completions(sandbox) == 1

    def test_what_may_be_carried_out_late_is_waited_for(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="tasks.complete", status=504, apply_late=True)
        modules.fail("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert "not_before" in modules.fail("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        sandbox.carry_out_late()
        modules.use(max_wait=300)
        assert modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)["changed"] is False
        assert completions(sandbox) == 1

    def test_two_runs_at_once(self, sandbox: Sandbox, modules: Modules) -> None:
        finish(sandbox)
        reopen(sandbox)
        sandbox.fault(route="tasks.complete", delay_ms=300)
        results: list[dict[str, Any]] = []

        def run(named: dict[str, Any]) -> None:
            results.append(modules.run("tallyfy_task", **named, **DONE))

        threads = [threading.Thread(target=run, args=(named,)) for named in (BY_TITLE, BY_ID)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert not any(one.get("failed") for one in results), results
        assert sorted(one["changed"] for one in results) == [False, True]
        assert completions(sandbox) == 1

    def test_another_controller_was_quicker(self, sandbox: Sandbox, modules: Modules) -> None:
        """It completes the step between the last look and the completion."""
        sandbox.switch(complete_is_lenient=False)
        sandbox.fault(route="tasks.complete", status=422, apply=True, body={"message": "Already completed."})
        result = modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert [step["action"] for step in result["actions"]] == ["updated"]
        assert result["task"]["state"] == "completed"

    def test_what_does_not_get_completed_is_no_success(self, sandbox: Sandbox, modules: Modules) -> None:
        open_task = task(sandbox)
        sandbox.fault(route="tasks.complete", body={"data": open_task})
        failed = modules.fail("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert failed["not_stored"] == ["state"]

    def test_everybody_has_to_complete_it(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_task(CALL, everyone_must_complete=True)
        sandbox.fault(route="tasks.complete", times=None, body={"data": task(sandbox, CALL)})
        first = modules.succeed("tallyfy_task", task_id=CALL, **DONE)
        assert "until all of its assignees have completed it" in first["notes"][0]
        sandbox.clear_ledger()
        assert modules.succeed("tallyfy_task", task_id=CALL, **DONE)["changed"] is False
        assert sandbox.writes() == []


class TestObstacles:
    """What keeps a step from being completed is told before the work for it is done."""

    def test_a_look_tells_them(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_ID, form=FORM, **DONE)
        assert modules.succeed("tallyfy_task", **BY_ID)["obstacles"] == []
        reopen(sandbox)
        sandbox.patch_run(JORDAN_ID, status="issue")
        sandbox.patch_task(ACCOUNTS, can_complete_only_assignees=True)
        modules.use(act_as=BOB)
        sandbox.clear_ledger()
        issue, assignees, reopened = modules.succeed("tallyfy_task", **BY_ID)["obstacles"]
        assert "open issue" in issue
        assert "only its assignees" in assignees
        assert "somebody has reopened it" in reopened
        assert sandbox.writes() == []

    def test_what_its_form_lacks_is_none(self, sandbox: Sandbox, modules: Modules) -> None:
        looked = modules.succeed("tallyfy_task", **BY_ID)
        assert (looked["obstacles"], looked["changed"]) == ([], False)
        assert "is required" in modules.fail("tallyfy_task", **BY_ID, **DONE)["msg"]
        assert modules.succeed("tallyfy_task", **BY_ID, **COMMENT)["obstacles"] == []


class TestReopened:
    def test_by_a_person_it_stays_open(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        reopen(sandbox)
        sandbox.clear_ledger()
        for check_mode in (True, False):
            kept = modules.succeed("tallyfy_task", check_mode, **BY_TITLE, form={"Laptop serial": "Other"}, **DONE)
            assert kept["changed"] is False
            assert kept["task"]["state"] == "open"
            assert "somebody has reopened it" in kept["notes"][0]
        assert sandbox.writes() == []
        again = modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE, complete_again=True)
        assert again["task"]["state"] == "completed"
        assert completions(sandbox) == 2

    def test_by_this_module_it_is_completed_again(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        opened = modules.succeed("tallyfy_task", **BY_TITLE, state="open", form={"laptop serial": "SN-2"})
        assert [step["action"] for step in opened["actions"]] == ["reopened", "updated"]
        assert (opened["task"]["state"], opened["task"]["form"]["Laptop serial"]) == ("open", "SN-2")
        assert modules.succeed("tallyfy_task", **BY_TITLE, state="open")["changed"] is False
        assert modules.succeed("tallyfy_task", **BY_TITLE, **DONE)["task"]["state"] == "completed"

    def test_another_controller_cannot_tell(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        reopen(sandbox)
        modules.use(state_dir=str(tmp_path / "elsewhere"))
        assert modules.succeed("tallyfy_task", **BY_TITLE, **DONE)["changed"] is True

    @pytest.mark.parametrize("lost", [{"cut": "after"}, {"cut": "before"}, {"status": 502, "apply": True}])
    def test_a_lost_answer(self, sandbox: Sandbox, modules: Modules, lost: Any) -> None:
        finish(sandbox)
        sandbox.fault(route="tasks.reopen", **lost)
        assert modules.succeed("tallyfy_task", **BY_TITLE, state="open")["task"]["state"] == "open"


class TestForm:
    def test_a_value_that_is_not_stored_is_reported(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="tasks.update", times=None, body={"data": task(sandbox)})
        failed = modules.fail("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        assert failed["not_stored"] == ["Laptop serial", "Software suite"]
        assert sandbox.ledger(route="tasks.complete") == []

    def test_other_values_stay(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form={"Software suite": "Office 365"})
        modules.succeed("tallyfy_task", **BY_TITLE, form={"Laptop serial": "SN-1"})
        (sent,) = [one["body"]["taskdata"] for one in sandbox.ledger(route="tasks.update")][1:]
        assert list(sent.values()) == ["SN-1"]
        assert len(task(sandbox)["taskdata"]) == 2

    def test_a_completed_step_is_reported_and_not_changed(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, **DONE)
        kept = modules.succeed("tallyfy_task", **BY_TITLE, form={"Laptop serial": "Other"}, **DONE)
        assert [(one["field"], one["current"], one["wanted"]) for one in kept["unchangeable"]] == [
            ("Laptop serial", "SN-4711", "Other")
        ]
        assert "Laptop serial" in kept["notes"][0]

    def test_a_record_given_back_changes_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, form=FORM, assignees=[BOB, PARTNER, "People"], summary="x", **DONE)
        for read in ("tallyfy_task", "tallyfy_task_info"):
            result = modules.succeed(read, task_id=ACCOUNTS)
            record = result["task"] if read == "tallyfy_task" else result["tasks"][0]
            back = {name: record[name] for name in ("state", "form", "deadline", "summary")}
            sandbox.clear_ledger()
            again = modules.succeed(
                "tallyfy_task", task_id=record["id"], **back, assignees={"set": record["assignees"]}
            )
            assert (again["changed"], again["notes"]) == (False, [])
            assert sandbox.writes() == []

    def test_a_deadline_that_is_moved_is_reported(self, sandbox: Sandbox, modules: Modules) -> None:
        moved = {**task(sandbox), "deadline": "2026-12-28T17:00:00.000Z"}
        sandbox.fault(route="tasks.update", body={"data": moved}, apply=True)
        (note,) = modules.succeed("tallyfy_task", **BY_TITLE, deadline="2026-12-24 17:00:00")["notes"]
        assert note.endswith("Tallyfy moved the deadline 2026-12-24T17:00:00Z to 2026-12-28T17:00:00Z.")


class TestComments:
    def test_one_of_a_key_is_changed_and_not_repeated(self, sandbox: Sandbox, modules: Modules) -> None:
        for text in ("Begun.", "Begun.", "Done."):
            modules.succeed("tallyfy_task", **BY_TITLE, comment=text, comment_key="mailbox")
        modules.succeed("tallyfy_task", **BY_TITLE, comment="Done.")
        assert comments(sandbox) == ["Done.\n\n(Ansible: mailbox)", "Done.\n\n(Ansible)"]

    def test_those_of_people_stay(self, sandbox: Sandbox, modules: Modules) -> None:
        path = f"/organizations/{{org_id}}/tasks/{ACCOUNTS}/comment"
        modules.succeed("tallyfy_api", method="POST", path=path, body={"content": "By hand (Ansible was not there)"})
        modules.succeed("tallyfy_task", **BY_TITLE, comment="Done.")
        assert comments(sandbox) == ["By hand (Ansible was not there)", "Done.\n\n(Ansible)"]

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    @pytest.mark.parametrize("lost", [{"cut": "after"}, {"status": 500, "apply": True}, {"empty": True, "apply": True}])
    def test_a_lost_answer_repeats_nothing(self, sandbox: Sandbox, modules: Modules, method: str, lost: Any) -> None:
        if method == "PUT":
            modules.succeed("tallyfy_task", **BY_TITLE, comment="Begun.")
        sandbox.fault(method=method, path="*/comment*", **lost)
        assert modules.succeed("tallyfy_task", **BY_TITLE, comment="Done.")["changed"] is True
        assert comments(sandbox) == ["Done.\n\n(Ansible)"]

    def test_somebody_else_wrote_it(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_task", **BY_TITLE, comment="Begun.")
        sandbox.fault(method="PUT", path="*/comment/*", status=403)
        assert "comment_key" in modules.fail("tallyfy_task", **BY_TITLE, comment="Done.")["msg"]


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "reported"),
        [
            ({**JORDAN, "step": "Make coffee"}, "there is no step 'Make coffee'; steps: Create accounts, Welcome "),
            ({**JORDAN, "reference": "HR-0", "step": "x"}, "no process of New hire onboarding has the reference"),
            ({**JORDAN, "reference": "HR-10201", "step": "x"}, "Casey Lane (HR-10201) is archived"),
            ({"template": HIRE, "step": "x"}, "reference and name are missing"),
            ({"template": "Nothing", "name": "x", "step": "x"}, "there is no template 'Nothing'"),
            ({"process_id": "0" * 32, "step": "x"}, "there is no process 000"),
            ({"task_id": "0" * 32}, "task_id: 00000000000000000000000000000000 does not exist"),
            ({"task_id": ACCOUNTS, "step": "x"}, "mutually exclusive"),
            ({"process_id": JORDAN_ID}, "missing parameter(s) required by 'process_id': step"),
            ({"step": "x"}, "one of the following is required: task_id, process_id, template"),
            ({**BY_TITLE, **DONE}, "Laptop serial is required (text)"),
            ({**BY_TITLE, "form": {"Serial": "x", "Software suite": "Libre"}}, "there is no field 'Serial'; fields: "),
            ({**BY_TITLE, "form": {"Serial": "x", "Software suite": "Libre"}}, "'Libre' is not an option; options: "),
            ({**BY_TITLE, "approved": True}, "approved needs state=completed"),
            ({**BY_TITLE, "deadline": "soon"}, "deadline 'soon' is not a date"),
            ({**BY_TITLE, "comment_key": "x"}, "required by 'comment_key': comment"),
            ({**BY_TITLE, "assignees": ["a@b"]}, "assignees: 'a@b' is not an e-mail address"),
            ({**BY_TITLE, "assignees": ["x@example.com", DANA]}, "x@example.com is neither a member nor a guest"),
            ({**BY_TITLE, "assignees": ["x@example.com", DANA]}, f"{DANA} is disabled"),
            ({"task_id": APPROVAL, **DONE}, "approved (true or false) is required for an approval"),
        ],
    )  # fmt: skip
    def test_before_anything_is_written(
        self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any], reported: str
    ) -> None:
        for check_mode in (True, False):
            failed = modules.fail("tallyfy_task", check_mode, **arguments)
            assert reported in failed["msg"]
            assert not failed.get("changed")
        assert sandbox.writes() == []

    @pytest.mark.parametrize(
        ("path", "reported"),
        [
            (f"runs/{JORDAN_ID}/problem", "its process has an open issue"),
            (f"tasks/{ACCOUNTS}/problem", "it has an open issue"),
        ],
    )
    @pytest.mark.parametrize("named", [BY_TITLE, BY_ID], ids=["process", "task"])
    def test_an_open_issue(self, sandbox: Sandbox, modules: Modules, named: Any, path: str, reported: str) -> None:
        body = {"content": "The mail server is down."}
        modules.succeed("tallyfy_api", method="POST", path=f"/organizations/{{org_id}}/{path}", body=body)
        sandbox.clear_ledger()
        assert reported in modules.fail("tallyfy_task", **named, form=FORM, **DONE)["msg"]
        assert sandbox.writes() == []

    @pytest.mark.parametrize("named", [BY_TITLE, BY_ID], ids=["process", "task"])
    def test_a_rule_skips_it(self, sandbox: Sandbox, modules: Modules, named: Any) -> None:
        sandbox.patch_task(ACCOUNTS, status="auto-skipped")
        assert modules.succeed("tallyfy_task", **named)["task"]["state"] == "skipped"
        assert "a rule of the template skips it" in modules.fail("tallyfy_task", **named, form=FORM, **DONE)["msg"]
        assert sandbox.writes() == []

    def test_two_templates_of_one_title(self, sandbox: Sandbox, modules: Modules) -> None:
        templates = [one for one in sandbox.state(sandbox.org_id)["templates"] if one["title"] == "Laptop request"]
        sandbox.insert_runs(*({"checklist_id": one["id"], "name": "Laptop (L-1)"} for one in templates))
        failed = modules.fail("tallyfy_task", template="Laptop request", reference="L-1", step="Order")
        assert "2 templates have the title" in failed["msg"]

    def test_the_oldest_of_several_processes_is_taken(self, modules: Modules) -> None:
        taken = modules.succeed(
            "tallyfy_task", template="Welcome tour", name="Welcome tour: Robin Hale", step="Feedback"
        )
        assert "2 active processes have the name" in taken["notes"][0]

    def test_only_assignees_may_complete_it(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_task(CALL, can_complete_only_assignees=True, owners={"users": [], "guests": [NORA], "groups": []})
        modules.use(act_as=BOB)
        assert "only its assignees" in modules.fail("tallyfy_task", task_id=CALL, **DONE)["msg"]
        assert sandbox.writes() == []
        sandbox.patch_task(CALL, owners={"users": [BOB_ID], "guests": [], "groups": []})
        assert modules.succeed("tallyfy_task", task_id=CALL, **DONE)["changed"] is True

    def test_the_title_in_the_process_does_not_matter(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.patch_task(ACCOUNTS, title="Welcome call")
        assert modules.succeed("tallyfy_task", **BY_TITLE)["task"]["title"] == "Welcome call"
        assert modules.succeed("tallyfy_task", **JORDAN, step="Welcome call")["task"]["id"] == CALL


class TestOneOff:
    def test_a_task_of_its_own(self, sandbox: Sandbox, modules: Modules) -> None:
        body = {"title": "Order cake", "task_type": "task", "deadline": "2026-12-01 10:00:00",
                "owners": {"users": [BOB_ID], "guests": [], "groups": []}}  # fmt: skip
        made = modules.succeed("tallyfy_api", method="POST", path="/organizations/{org_id}/tasks", body=body)["data"]
        arguments = {"task_id": made["id"], "assignees": [ALICE], "summary": "With candles.", **COMMENT, **DONE}
        reported = modules.succeed("tallyfy_task", check_mode=True, **arguments)
        done = modules.succeed("tallyfy_task", **arguments)
        assert reported["actions"] == done["actions"]
        assert (done["task"]["process"], done["task"]["step"], done["task"]["state"]) == (None, None, "completed")
        assert modules.succeed("tallyfy_task", **arguments)["changed"] is False
        opened = modules.succeed("tallyfy_task", task_id=made["id"], state="open")
        assert opened["task"]["assignees"] == ["1001", "1002"]
