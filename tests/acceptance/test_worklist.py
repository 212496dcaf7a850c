# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role worklist: the user's own tasks do each open step, once, and what fails leaves its step open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.plugin_utils import _claims, _worklist_action
from sandbox.testing import Sandbox
from tests.acceptance.documented import REPOSITORY_ROOT, documentation
from tests.acceptance.roles import Roles
from tests.acceptance.running import Playbooks, Run, given
from tests.people import HIRE_ID

HIRE = "New hire onboarding"
WORKLIST = "tallyfy.platform.worklist"
GIVEN = {
    "worklist_template": "New hire onboarding",
    "worklist_step": "create accounts",
    "worklist_tasks_file": "work.yml",
}
TOKEN = "s3cret-of-the-mail-server-4711"
HOSTILE = "{{ lookup('pipe', 'id') }} (F-6)"
WORK = """
- name: Write down what is taken up
  ansible.builtin.copy:
    content: "{{ [worklist_task, worklist_result] | to_json }}"
    dest: "{{ notes }}/{{ worklist_task.reference }}.json"
    mode: "600"

- name: Sign in to the mail server with {{ token }}
  ansible.builtin.fail:
    msg: 401 for Bearer {{ token }}
  when: worklist_task.reference == 'B-2'

- name: Look at another step meanwhile, as anybody may
  tallyfy.platform.tallyfy_task_info:
    task_id: "{{ worklist_task.id }}"
  register: own
  failed_when: own.tasks | length != 1

- name: Say what came of it
  ansible.builtin.set_fact:
    worklist_result: "{{ results[worklist_task.reference] }}"
  when: worklist_task.reference in results
"""
RESULTS: dict[str, Any] = {
    "A-1": {"form": {"Laptop serial": "SN-1"}, "comment": "The accounts of Ada are there."},
    "D-4": {"forms": {"Laptop serial": "SN-4"}},
    "F-6": {"form": {"laptop serial": "{{ worklist_task.process }}", "Software suite": "Office 365"}},
    "HR-10293": {"form": {"Laptop serial": "SN-0"}},
}


def serial(task: dict[str, Any]) -> Any:
    return task["taskdata"].get("97fa6c95a7399ed9ea5f997be085fc28")


class Steps:
    """The open steps of some processes: one that is done, ones that fail in each way, one that is frozen."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        names = ["Ada (A-1)", "Bea (B-2)", "Cem (C-3)", "Dua (D-4)", "Eve (E-5)", HOSTILE]
        self.runs = sandbox.insert_runs(*({"checklist_id": HIRE_ID, "name": name} for name in names))
        sandbox.patch_run(self.runs[4], status="issue")
        sandbox.clear_ledger()

    def now(self) -> dict[str, dict[str, Any]]:
        """Return the steps as they are, by the references of their processes."""
        state = self.sandbox.state(self.sandbox.org_id)
        names = {run["id"]: run["name"] for run in state["runs"]}
        return {
            names[task["run_id"]].rpartition("(")[2].rstrip(")"): task
            for task in state["tasks"]
            if task["title"] == "Create accounts" and "(" in names[task["run_id"]]
        }

    def statuses(self) -> dict[str, str]:
        return {name: task["status"] for name, task in self.now().items() if task["status"] == "completed"}

    def comments(self) -> dict[str, list[str]]:
        return {name: [one["content"] for one in task["threads"]] for name, task in self.now().items()}


@pytest.fixture
def steps(sandbox: Sandbox, playbooks: Playbooks) -> Steps:
    (playbooks.folder / "work.yml").write_text(WORK)
    return Steps(sandbox)


def run(playbooks: Playbooks, *options: str, results: dict[str, Any] | None = None, **variables: Any) -> Run:
    reported = {
        **GIVEN,
        "results": {**RESULTS, **(results or {})},
        "token": TOKEN,
        "notes": str(playbooks.folder),
        **variables,
    }
    return Run(playbooks, WORKLIST, given(playbooks, **{**reported, **variables}), *options)


def test_check_mode_names_what_would_be_done_and_includes_nothing(
    steps: Steps, sandbox: Sandbox, playbooks: Playbooks
) -> None:
    dry = run(playbooks, "--check", worklist_limit=3).succeeded()
    assert sandbox.writes() == []
    assert not list(playbooks.folder.glob("*-*.json"))
    assert "dry run: nothing was written" in dry.output
    assert any(line.startswith("Ada (A-1): would be completed") for line in dry.lines)
    assert dry.stats["tallyfy_worklist_completed"] == 3
    assert dry.stats["tallyfy_worklist_total"] == 7
    assert steps.statuses() == {}


def test_each_step_is_done_once_and_failures_stay_open(steps: Steps, sandbox: Sandbox, playbooks: Playbooks) -> None:
    first = run(playbooks).failed()
    assert set(steps.statuses()) == {"A-1", "F-6", "HR-10293"}
    # The failure at the end tells some of them once more.
    reported = {line.partition(": ")[0]: line.partition(": ")[2] for line in reversed(first.lines) if "): " in line}
    assert reported["Ada (A-1)"] == "completed"
    assert reported["Bea (B-2)"] == "failed: the task 'Sign in to the mail server with …' failed"
    assert reported["Cem (C-3)"].startswith("failed: the work was done, but the step could not be completed: ")
    assert "Laptop serial is required" in reported["Cem (C-3)"]
    assert "worklist_result takes form, comment and approved, not forms" in reported["Dua (D-4)"]
    assert reported["Eve (E-5)"].startswith("skipped: its process has an open issue")
    assert reported[HOSTILE] == "completed"
    assert "3 of 7 steps could not be done." in first.output
    names = ("completed", "failed", "skipped", "deferred", "total")
    assert [first.stats[f"tallyfy_worklist_{name}"] for name in names] == [3, 3, 1, 0, 7]

    # Each got its own values and nobody else's.
    stored = {name: serial(task) for name, task in steps.now().items()}
    assert {name: value for name, value in stored.items() if value} == {
        "A-1": "SN-1", "F-6": HOSTILE, "HR-10293": "SN-0"
    }  # fmt: skip
    handed = {path.stem: json.loads(path.read_text()) for path in playbooks.folder.glob("*-*.json")}
    assert set(handed) == {"A-1", "B-2", "C-3", "D-4", "F-6", "HR-10293"}
    assert all(result == {"form": {}, "comment": ""} for _task, result in handed.values())
    module = REPOSITORY_ROOT / "plugins" / "modules" / "tallyfy_task_info.py"
    assert set(handed["A-1"][0]) == set(documentation(module)["RETURN"]["tasks"]["contains"])
    assert handed["HR-10293"][0]["kickoff"]["New hire name"] == "Jordan Rivera"
    assert handed["F-6"][0]["process"] == HOSTILE

    # What failed is told in a comment, without anything that its work has said.
    comments = steps.comments()
    assert TOKEN not in json.dumps(comments)
    assert comments["A-1"] == ["The accounts of Ada are there.\n\n(Ansible: worklist)"]
    (failed,) = comments["B-2"]
    assert "failed at the task 'Sign in to the mail server with …'" in failed
    assert [len(comments[name]) for name in ("C-3", "D-4", "E-5", "F-6")] == [1, 1, 0, 0]

    # What is mended is done, what fails again is told once, and what is done is not taken up.
    sandbox.clear_ledger()
    for file in playbooks.folder.glob("*-*.json"):
        file.unlink()
    mended = {"C-3": {"form": {"Laptop serial": "SN-3"}, "comment": "Late, but there."}, "D-4": {"form": {}}}
    second = run(playbooks, results=mended).failed()
    assert {path.stem for path in playbooks.folder.glob("*-*.json")} == {"B-2", "C-3", "D-4"}
    assert steps.comments() == {**comments, "C-3": ["Late, but there.\n\n(Ansible: worklist)"]}
    assert set(steps.statuses()) == {"A-1", "C-3", "F-6", "HR-10293"}
    assert [entry["method"] for entry in sandbox.writes()] == ["PUT", "PUT", "POST"], "the form, the comment, the end"
    assert second.stats["tallyfy_worklist_completed"] == 1
    completed = [one["task_id"] for one in sandbox.events(event="task.completed")]
    assert len(completed) == len(set(completed)) == 4


BY_MODULES = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/tallyfy.platform.tallyfy:
      state_dir: "{{ playbook_dir }}/own"
  vars:
    tallyfy_in_process: false
  tasks:
    - ansible.builtin.include_role:
        name: tallyfy.platform.worklist
    - ansible.builtin.include_role:
        name: tallyfy.platform.worklist
      vars:
        worklist_step: Manager approval
        worklist_tasks_file: approve.yml
"""


def test_two_worklists_in_one_play_and_modules_of_their_own(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Nothing of the first is left for the second, whose step is an approval."""
    (playbooks.folder / "work.yml").write_text(WORK)
    (playbooks.folder / "approve.yml").write_text(
        "- ansible.builtin.set_fact:\n    worklist_result: {approved: true, comment: '{{ worklist_result.form }}'}\n"
    )
    options = (given(playbooks, results=RESULTS, token=TOKEN, notes=str(playbooks.folder)),)
    variables = playbooks.folder / "group_vars"
    variables.mkdir()
    (variables / "all.yml").write_text(json.dumps(GIVEN))
    done = Run(playbooks, BY_MODULES, *options).succeeded()
    assert done.stats["tallyfy_worklist_completed"] == 2
    tasks = {task["title"]: task for task in sandbox.state(sandbox.org_id)["tasks"] if task["threads"]}
    assert tasks["Manager approval"]["is_approved"] is True
    assert tasks["Manager approval"]["threads"][0]["content"].startswith("{}")
    assert (playbooks.folder / "own").is_dir()


# --- in this process --------------------------------------------------------------------------------------------------


@pytest.fixture
def work(roles: Roles) -> Roles:
    (roles.folder / "work.yml").write_text("[]\n")
    roles.variables.update(GIVEN)
    return roles


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"worklist_template": None, "worklist_step": " "}, "worklist_step is not given"),
        ({"worklist_tasks_file": "missing.yml"}, "worklist_tasks_file is not a file: missing.yml"),
        ({"worklist_tasks_file": "$HOME/work.yml"}, "it contains a dollar sign"),
        ({"worklist_limit": "0"}, "worklist_limit is not a number of at least 1: 0"),
        ({"worklist_limit": True}, "worklist_limit is not a number of at least 1: True"),
        ({"worklist_task_file": "x"}, "did you mean worklist_tasks_file?"),
        ({"worklist_steps": "x"}, "did you mean worklist_step?"),
        ({"tallyfy_orgid": "x"}, "did you mean tallyfy_org_id?"),
        ({"worklist_result": {}}, "worklist_result is set by the play"),
        ({"worklist_task": "x"}, "worklist_task is set by the play"),
        ({"worklist_step": "Create account"}, "there is no step 'Create account'; steps: Create accounts,"),
        ({"worklist_template": "Nothing"}, "there is no template 'Nothing'"),
        ({"worklist_step": 7}, "worklist_step is the number 7"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    variables: dict[str, Any], problem: str, sandbox: Sandbox, work: Roles
) -> None:
    problems = work.fail("worklist", **variables)
    assert any(problem in one for one in problems), problems
    assert sandbox.writes() == []


@pytest.mark.parametrize(
    ("tasks", "problem"),
    [
        ("a: 1\n", "work.yml is not a list of tasks"),
        ("- meta: end_host\n", "work.yml has meta: end_host, which would end the run without an error"),
        ("- block:\n    - ansible.builtin.meta: end_play\n      when: false\n", "has meta: end_play"),
    ],
)
def test_a_file_that_would_end_the_run_is_refused(tasks: str, problem: str, sandbox: Sandbox, work: Roles) -> None:
    """A host that ends is no failure: the step stayed open in each run, and so did all after it, all in green."""
    (work.folder / "work.yml").write_text(tasks)
    (reported,) = work.fail("worklist")
    assert problem in reported
    assert sandbox.ledger() == []


def test_a_file_without_tasks_and_with_other_metas(work: Roles) -> None:
    for tasks in ("", "- meta: flush_handlers\n"):
        (work.folder / "work.yml").write_text(tasks)
        work.succeed("worklist")


def test_an_extra_variable_is_no_result(monkeypatch: pytest.MonkeyPatch, work: Roles) -> None:
    """Not even an empty one: it would outrank what the tasks set, and each step would be completed without it."""
    monkeypatch.setattr(_worklist_action, "load_extra_vars", lambda _loader: {"worklist_result": {}})
    (problem,) = work.fail("worklist", worklist_result={"form": {}, "comment": ""})
    assert problem.startswith("worklist_result is set as an extra variable")


def test_the_limit_and_the_leftover_result_of_an_earlier_role(sandbox: Sandbox, work: Roles) -> None:
    sandbox.insert_runs(*({"checklist_id": HIRE_ID, "name": f"Hire {number:03}"} for number in range(110)))
    done = work.succeed("worklist", worklist_limit=" 2\n", worklist_result={"form": {}, "comment": ""})
    assert (len(done["steps"]), len(done["rows"])) == (102, 9)
    assert {row["outcome"] for row in done["rows"]} == {"deferred"}


def test_a_slice_that_has_nothing_to_do_says_so(sandbox: Sandbox, work: Roles) -> None:
    done = work.succeed("worklist", awx_workflow_job_name="Tallyfy", awx_job_template_name="Tallyfy")
    assert (done["steps"], sandbox.ledger()) == ([], [])
    assert "NOTHING WAS DONE HERE" in done["notice"][0]


NAMED = [
    {"name": "Plain"},
    {"block": [{"name": "Sign in with {{ token }}"}], "rescue": [{"name": "{{ token }}"}, {"debug": None}]},
    {"name": "Line\x1b[2J"},
]


@pytest.mark.parametrize(
    ("failed", "reported"),
    [
        ({"name": "Plain"}, "the task 'Plain'"),
        ({"name": f"Sign in with {TOKEN}"}, "the task 'Sign in with …'"),
        ({"name": "Sign in with {{ token }}"}, "the task 'Sign in with …'"),
        ({"name": "Line\x1b[2J"}, "the task 'Line\\x1b[2J'"),
        # Of a role or a file that the tasks include: how it stands there is not known.
        ({"name": TOKEN, "action": "ansible.builtin.uri"}, "a task of ansible.builtin.uri"),
        ({"name": ""}, "a task of a module"),
        (None, "a task"),
    ],
)
def test_of_a_failed_task_no_more_is_reported_than_stands_in_its_file(failed: Any, reported: str) -> None:
    assert _worklist_action.failed_work(failed, NAMED) == reported


def test_what_a_run_has_taken_up_is_its_own_as_long_as_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "state")
    assert _claims.claim(folder, "step", "globex") == ""
    assert _claims.claim(folder, "step", "globex") == "", "the same run, which goes on"
    other = _claims.claim(folder, "step", "initech")
    assert other == f"process {os.getppid()}, for the host globex"
    _claims.release(folder, "step", "initech")
    assert _claims.claim(folder, "step", "initech") == other, "it was not theirs"
    # Another process of that number, or none.
    monkeypatch.setattr(_claims, "_start_of", lambda _pid: "later")
    assert _claims.claim(folder, "step", "initech") == ""
    _claims.release(folder, "step", "initech")
    assert _claims.claim(folder, "step", "globex") == ""
    assert _claims.claim("none", "step", "globex") == ""
    assert not Path("none").exists()
    (tmp_path / "state" / _claims.FILE).write_text("{")
    assert _claims.claim(folder, "step", "initech") == ""
