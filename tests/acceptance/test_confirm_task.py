# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook confirm_task: it believes Tallyfy, and nobody else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.documented import REPOSITORY_ROOT, documentation
from tests.acceptance.pages import File, read_page
from tests.acceptance.running import Playbooks
from tests.hostile import running_hostile
from tests.people import ALICE

MODULE = REPOSITORY_ROOT / "plugins" / "modules" / "tallyfy_task_info.py"
CONFIRM = "tallyfy.platform.confirm_task"
TEMPLATE = "New hire onboarding"
NAME = "Onboarding of {{ 7*7 }}"
AT = "2026-02-21T17:00:00.000Z"
TASKS = """
- name: Write down what is confirmed
  ansible.builtin.copy:
    content: "{{{{ confirmed_task | to_json }}}}"
    dest: {file}
    mode: "600"
  check_mode: false
"""
#: What the tutorial lets its reader save.
FILES = {part.name: part.text for part in read_page("tutorial_task_events") if isinstance(part, File)}


class Task:
    """The first task of a process, completed, and what a webhook would say of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        template = sandbox.template(TEMPLATE)
        self.template = template
        values = {field["label"]: field["id"] for field in template["prerun"]}
        self.process = sandbox.insert_runs(
            {
                "checklist_id": template["id"],
                "name": NAME,
                "prerun": {
                    values["New hire name"]: "{{ lookup('pipe', 'id') }}",
                    values["Department"]: {"id": 1, "text": "Engineering", "value": None},
                    values["Software"]: [
                        {"id": 1, "text": "Slack", "value": None, "selected": True},
                        {"id": 2, "text": "Office 365", "value": None, "selected": False},
                    ],
                },
            }
        )[0]
        tasks = [task for task in sandbox.state(sandbox.org_id)["tasks"] if task["run_id"] == self.process]
        self.record = min(tasks, key=lambda task: int(task["position"]))
        self.id = str(self.record["id"])
        self.patch(status="completed", completed_at=AT, completer_id=1001)

    def patch(self, **fields: Any) -> None:
        self.sandbox.patch_task(self.id, **fields)

    def reported(self, **others: str) -> dict[str, str]:
        return {
            "tallyfy_org_id": self.sandbox.org_id,
            "confirm_task_organization": self.sandbox.org_id,
            "confirm_task_process": self.process,
            "confirm_task_id": self.id,
            "confirm_task_completed_at": AT,
            **others,
        }

    def requests(self) -> int:
        return sum(1 for entry in self.sandbox.ledger() if self.id in entry["path"])


def confirm(playbooks: Playbooks, *options: str, **cases: dict[str, str]) -> tuple[int, str]:
    """Run the playbook with each case as a host, since starting it costs most; return its status and output."""
    inventory = playbooks.folder / "inventory.yml"
    inventory.write_text(json.dumps({"all": {"hosts": cases, "vars": {"ansible_connection": "local"}}}))
    options = ("-i", str(inventory), "-e", "tallyfy_hosts=all confirm_task_delay=0", *options)
    done = playbooks.run(CONFIRM, *options, ANSIBLE_SHOW_CUSTOM_STATS="1", COLUMNS="1000")
    return done.returncode, done.stdout


def messages(output: str) -> dict[str, str]:
    """Return the messages of the failures by host."""
    decoder = json.JSONDecoder()
    found = re.finditer(r"^fatal: \[(\w+)\]: FAILED! => ", output, re.MULTILINE)
    return {match[1]: str(decoder.raw_decode(output, match.end())[0]["msg"]) for match in found}


def test_names_steer_no_terminal(sandbox: Sandbox, playbooks: Playbooks) -> None:
    task = Task(sandbox)
    task.patch(title="Caf\u00e9 \u2013 \x1b[2J\x9b\u202e\u200b\U000e0041x")
    reported = {"good": task.reported(), "bad": task.reported(confirm_task_step="Another")}
    # What is passed on to other jobs is data.
    output = confirm(playbooks, **reported)[1].partition("CUSTOM STATS")[0]
    assert not [one for one in "\x1b\x9b\u202e\u200b\U000e0041" if one in output]
    assert "The task Caf\u00e9 \u2013 \\\\x1b[2J\\\\x9b\\\\u202e\\\\u200b\\\\U000e0041x of " in output


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["run", "check"])
def test_what_is_confirmed_is_reported_and_acted_on(
    check: tuple[str, ...], sandbox: Sandbox, playbooks: Playbooks, tmp_path: Path
) -> None:
    task = Task(sandbox)
    capture = task.template["steps"][0]["captures"][0]
    task.patch(taskdata={capture["id"]: "SN-4411 {{ 7*7 }}"}, title="Renamed")
    (tmp_path / "tasks.yml").write_text(TASKS.format(file=tmp_path / "confirmed.json"))
    reported = task.reported(
        confirm_task_tasks="tasks.yml", confirm_task_template=TEMPLATE, confirm_task_step="Create accounts"
    )
    # What AWX makes of text that was asked for.
    status, output = confirm(playbooks, *check, here={**reported, "confirm_task_id": f" {task.id}\n"})
    assert status == 0, output
    assert task.requests() == 1
    assert not sandbox.writes()
    assert f"The task Renamed of {NAME} was completed at 2026-02-21 17:00:00 UTC." in output
    confirmed = json.loads((tmp_path / "confirmed.json").read_text())
    # As tallyfy_task_info has it, and worklist_task in the role worklist.
    assert set(confirmed) == set(documentation(MODULE)["RETURN"]["tasks"]["contains"])
    assert {
        "id": task.id,
        "title": "Renamed",
        "step": "Create accounts",
        "step_id": task.record["step_id"],
        "process": NAME,
        "process_id": task.process,
        "template": TEMPLATE,
        "template_id": task.template["id"],
        "state": "completed",
        "approved": None,
        "completed_at": "2026-02-21T17:00:00Z",
        "completed_by": ALICE,
    }.items() <= confirmed.items()
    shown_values = {name: confirmed["kickoff"][name] for name in ("New hire name", "Department", "Software")}
    assert shown_values == {
        "New hire name": "{{ lookup('pipe', 'id') }}",
        "Department": "Engineering",
        "Software": ["Slack"],
    }
    assert confirmed["form"][capture["label"]] == "SN-4411 {{ 7*7 }}"
    # What later nodes of a workflow get.
    assert task.process in output.partition("CUSTOM STATS")[2]


def test_what_an_earlier_node_has_confirmed_does_not_take_its_place(
    sandbox: Sandbox, playbooks: Playbooks, tmp_path: Path
) -> None:
    task = Task(sandbox)
    (tmp_path / "tasks.yml").write_text(TASKS.format(file=tmp_path / "confirmed.json"))
    earlier = ("-e", json.dumps({"confirmed_task": {"task_id": "of the earlier node"}}))
    hosts = {"alone": task.reported(), "acts": task.reported(confirm_task_tasks="tasks.yml")}
    status, output = confirm(playbooks, *earlier, **hosts)
    assert status != 0
    reported = messages(output)
    assert set(reported) == {"acts"}
    assert "confirmed_task is set as an extra variable" in reported["acts"]
    assert not (tmp_path / "confirmed.json").exists()
    passed_on = output.partition("CUSTOM STATS")[2]
    assert task.id in passed_on
    assert "of the earlier node" not in passed_on


def test_what_tallyfy_does_not_say_is_not_confirmed(sandbox: Sandbox, playbooks: Playbooks) -> None:
    refused: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
        "reopened": (
            {"status": "in-progress", "completed_at": None},
            {},
            "is not completed; its status is in-progress",
        ),
        "skipped": (
            {"status": "auto-skipped", "completed_at": None},
            {},
            "is not completed; its status is auto-skipped",
        ),
        "rejected": ({"is_approved": False}, {}, "was completed, but not approved"),
        "timeless": ({"completed_at": None}, {}, "does not return the time"),
        "invented": ({}, {"confirm_task_id": "0" * 32}, "The task does not exist in this organization"),
        "nowhere": ({}, {"confirm_task_process": "0" * 32}, "does not belong to the process"),
        "template": ({}, {"confirm_task_template": "Leaving"}, f"comes from the template {TEMPLATE}, not from"),
        "step": ({}, {"confirm_task_step": "Welcome call"}, "comes from the step Create accounts, not from"),
        "earlier": ({}, {"confirm_task_completed_at": "2026-02-21T16:59:59Z"}, "it has been reopened since then"),
        "later": ({}, {"confirm_task_completed_at": "21/02/2026 05:01 PM UTC"}, "it has been reopened since then"),
        "other": ({}, {}, "does not belong to the process"),
        "mixed": ({}, {}, "does not belong to the process"),
        "archived": ({}, {}, "or it or its process is archived"),
    }
    tasks = {name: Task(sandbox) for name in refused}
    for name, (fields, _reported, _message) in refused.items():
        tasks[name].patch(**fields)
    # Whoever looks a task up by its own ID alone would answer so.
    stray = {**tasks["mixed"].record, "status": "completed", "completed_at": AT, "run_id": tasks["later"].process}
    path = f"*/tasks/{tasks['mixed'].id}"
    sandbox.fault(method="GET", path=path, times=None, status=200, body={"data": stray})
    sandbox.patch_run(tasks["archived"].process, archived_at=AT)
    reported = {name: tasks[name].reported(**refused[name][1]) for name in refused}
    # A task there is, of another process.
    reported["other"]["confirm_task_id"] = tasks["rejected"].id
    status, output = confirm(playbooks, **reported)
    assert status == 2
    assert "CUSTOM STATS" not in output
    found = messages(output)
    assert {name: message in found.get(name, "") for name, (*_done, message) in refused.items()} == dict.fromkeys(
        refused, True
    ), found
    assert all(message.startswith("Not confirmed: ") for message in found.values())
    asked = {name: tasks[name].requests() for name in refused}
    assert asked == {
        name: {"reopened": 2, "skipped": 2, "rejected": 2, "invented": 0, "other": 0}.get(name, 1) for name in refused
    }
    assert not sandbox.writes()


def test_a_completion_is_confirmed_however_and_whenever_it_is_reported(sandbox: Sandbox, playbooks: Playbooks) -> None:
    times = {"people": "21/02/2026 05:00 PM UTC", "space": "2026-02-21 17:00:00", "odd": "yesterday", "none": ""}
    tasks = {name: Task(sandbox) for name in [*times, "early"]}
    # The webhook comes before the API shows what it tells.
    early = tasks["early"]
    body = {"data": {**early.record, "status": "in-progress", "completed_at": None}}
    sandbox.fault(path=f"*/tasks/{early.id}", status=200, body=body)
    sandbox.switch(bare_includes=True)
    reported = {name: tasks[name].reported(confirm_task_completed_at=at) for name, at in times.items()}
    status, output = confirm(playbooks, **reported, early=early.reported(confirm_task_organization=""))
    assert status == 0, output
    assert early.requests() == 2


def test_nothing_is_asked_for_what_cannot_be_meant(sandbox: Sandbox, playbooks: Playbooks) -> None:
    reported = {
        "process": {"confirm_task_process": "../users"},
        "task": {"confirm_task_id": "A" * 32},
        "organization": {"confirm_task_organization": "0" * 32},
        "file": {"confirm_task_tasks": "missing.yml"},
    }
    task = Task(sandbox)
    status, output = confirm(playbooks, **{name: task.reported(**others) for name, others in reported.items()})
    assert status == 2
    found = messages(output)
    assert "confirm_task_process is not the ID of a process" in found["process"]
    assert "confirm_task_id is not the ID of a task" in found["task"]
    assert "not the organization of the connection" in found["organization"]
    assert "confirm_task_tasks is not a file: missing.yml" in found["file"]
    assert "../users" not in output
    assert not sandbox.ledger()


def test_a_refused_sign_in_is_reported(sandbox: Sandbox, playbooks: Playbooks) -> None:
    playbooks.environment["TALLYFY_CLIENT_SECRET"] = "wrong"
    status, output = confirm(playbooks, here=Task(sandbox).reported())
    assert status == 2
    assert "401" in messages(output)["here"]


def test_the_play_of_the_tutorial_has_completions_reported(sandbox: Sandbox, playbooks: Playbooks) -> None:
    template = sandbox.template(TEMPLATE)
    group = sandbox.state(sandbox.org_id)["groups"][0]["id"]
    sandbox.patch_template(template["id"], users=[1001], groups=[group])
    for changed in (1, 0):
        sandbox.clear_ledger()
        done = playbooks.run(FILES["webhook.yml"], "-e", "tallyfy_webhook_path=secret-path", "-vvv")
        assert done.returncode == 0, done.stdout
        assert len(sandbox.writes()) == changed
        assert "https://events.example.com/secret" not in done.stdout
    after = sandbox.template(TEMPLATE)
    assert after["webhook"] == "https://events.example.com/secret-path"
    assert (after["users"], after["groups"]) == ([1001], [group])


def test_the_tasks_of_the_tutorial_use_what_is_confirmed(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """Its extra variables name its tasks, which tell a mail server what Tallyfy has said."""
    task = Task(sandbox)
    values = {field["label"]: field["id"] for field in task.template["prerun"]}
    sandbox.patch_run(
        task.process, prerun={values["New hire name"]: "Jo Rivera", values["Personal email"]: "jo@example.net"}
    )
    with running_hostile() as mail:
        (playbooks.folder / "tasks").mkdir()
        tasks = FILES["tasks/create_mailbox.yml"].replace("https://mail.example.com", mail.url("ordinary"))
        (playbooks.folder / "tasks" / "create_mailbox.yml").write_text(tasks)
        (playbooks.folder / "extra-variables.yml").write_text(FILES["extra-variables.yml"])
        status, output = confirm(playbooks, "-e", "@extra-variables.yml", here=task.reported())
        assert status == 0, output
        assert mail.requests == ["PUT /ordinary/mailboxes/jo%40example.net"]
