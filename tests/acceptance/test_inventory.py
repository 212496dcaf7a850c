# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of open tasks, read by the real ansible-inventory and worked off by the real ansible-playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.acceptance.cases_tasks import ACCOUNTS, APPROVAL, CALL, HIRE, JORDAN_ID
from tests.acceptance.documented import REPOSITORY_ROOT, documentation
from tests.acceptance.running import Modules, Playbooks, Run
from tests.acceptance.test_variables import vaulted
from tests.people import ALICE, JOHN, TOUR_ID

PLUGIN = "tallyfy.platform.tasks"
EXAMPLES = documentation(REPOSITORY_ROOT / "plugins" / "inventory" / "tasks.py")["EXAMPLES"]
MANY = 100
HOSTILE = "{{ lookup('pipe', 'touch hacked') }}"
SHOW = """
- hosts: tallyfy_state_open
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        var: tallyfy_task_process
"""
#: Does the work of each host and ticks it off.
PLAY = """
- hosts: tallyfy_template_new_hire_onboarding:&tallyfy_state_open
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ tallyfy_task_title }} for {{ mailbox }}: {{ tallyfy_task_kickoff.Notes }}"
    - tallyfy.platform.tallyfy_task:
        task_id: "{{ tallyfy_task_id }}"
        form: "{{ tallyfy_task_form }}"
        deadline: "{{ tallyfy_task_deadline }}"
        assignees:
          set: "{{ tallyfy_task_assignees }}"
        state: completed
        approved: "{{ (tallyfy_task_type == 'approval') | ternary(true, omit) }}"
"""


class Inventories:
    """Writes inventories and reads them by ansible-inventory."""

    def __init__(self, playbooks: Playbooks) -> None:
        self.playbooks = playbooks
        #: What ansible-inventory said besides, without line breaks.
        self.warnings = ""

    def file(self, name: str = "tallyfy_tasks.yml", **options: Any) -> str:
        """Write an inventory and return its path."""
        file = self.playbooks.folder / name
        file.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}))
        return str(file)

    def listed(self, *files: str, options: tuple[str, ...] = (), **environment: str) -> dict[str, Any]:
        """Return what is in them: the variables of the hosts below ``_meta``, and the hosts of each group."""
        command = [sys.executable, "-m", "ansible", "inventory", "--list", "--export", *options]
        done = subprocess.run(
            [*command, *(f"--inventory={file}" for file in files)],
            env={**self.playbooks.environment, **environment},
            cwd=self.playbooks.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        self.warnings = " ".join(done.stderr.split())
        assert "Traceback" not in self.warnings
        assert "DEPRECATION" not in self.warnings
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def inventories(playbooks: Playbooks) -> Inventories:
    return Inventories(playbooks)


def plain(value: Any) -> Any:
    """Return a value as it was before ansible-inventory told which texts are no templates."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {plain(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def hosts_of(inventory: dict[str, Any], group: str) -> list[str]:
    return list(inventory.get(group, {}).get("hosts", []))


def test_tasks_are_hosts(sandbox: Sandbox, inventories: Inventories, modules: Modules) -> None:
    """As the example has it. Options come from the file, else from extra variables, else from the environment."""
    sandbox.patch_task(APPROVAL, status="completed", completed_at="2026-02-21T17:00:00.000Z")
    sandbox.patch_task(CALL, deadline="2099-03-01T17:00:00.000Z")
    example = {name: value for name, value in EXAMPLES[0].items() if name not in ("plugin", "step")}
    client_id = "{{ lookup('ansible.builtin.env', 'AN_ID') }}"
    file = inventories.file("hire.tallyfy_tasks.yaml", **example, client_id=client_id, strict=True)
    with Path(file).open("a", encoding="utf-8") as more:
        more.write(f"client_secret: {vaulted(inventories.playbooks.folder, sandbox.client_secret)}")
    given = json.dumps({"tallyfy_org_id": "{{ organization }}", "organization": sandbox.org_id})
    wrong = {"TALLYFY_ORG_ID": "wrong", "TALLYFY_CLIENT_ID": "wrong", "AN_ID": sandbox.client_id}
    found = inventories.listed(file, options=("-e", given, "--vault-password-file", "password"), **wrong)
    assert inventories.warnings == ""
    variables = found["_meta"]["hostvars"]
    assert list(variables) == [ACCOUNTS, CALL]
    assert hosts_of(found, "tallyfy_template_new_hire_onboarding") == [ACCOUNTS, CALL]
    assert hosts_of(found, "tallyfy_step_create_accounts") == [ACCOUNTS]
    assert hosts_of(found, "tallyfy_state_open") == [ACCOUNTS, CALL]
    assert hosts_of(found, "late") == [ACCOUNTS]
    assert hosts_of(found, "department_Engineering") == [ACCOUNTS, CALL]
    (task,) = modules.succeed("tallyfy_task_info", task_id=ACCOUNTS, kickoff=True)["tasks"]
    reported = {f"tallyfy_task_{name}": value for name, value in task.items()}
    assert plain(variables[ACCOUNTS]) == {**reported, "ansible_connection": "local", "mailbox": "jordan@example.net"}


def test_each_example_has_the_hosts_that_it_says(sandbox: Sandbox, inventories: Inventories) -> None:
    options = [{name: value for name, value in example.items() if name != "plugin"} for example in EXAMPLES]
    files = [inventories.file(f"{number}.tallyfy_tasks.yml", **given) for number, given in enumerate(options)]
    listed = [list(inventories.listed(file)["_meta"]["hostvars"]) for file in files]
    assert listed == [[ACCOUNTS], [CALL], [ACCOUNTS, APPROVAL], [APPROVAL]]
    assert sandbox.ledger() != []


def test_filters(sandbox: Sandbox, inventories: Inventories) -> None:
    """Each is that of tallyfy_task_info; what is a host of two inventories is one."""
    sandbox.patch_task(ACCOUNTS, status="completed", completed_at="2026-02-21T17:00:00.000Z")
    desired: dict[str, dict[str, Any]] = {
        "assignee": {"assignee": JOHN}, "group": {"group": "engineering"}, "completed": {"state": "completed"},
        "late": {"overdue": True, "due_before": "2026-03-02", "step": "Welcome call"},
    }  # fmt: skip
    files = [inventories.file(f"{name}.tallyfy_tasks.yml", **one) for name, one in desired.items()]
    found = inventories.listed(*files)
    assert inventories.warnings == ""
    assert sorted(found["_meta"]["hostvars"]) == sorted([ACCOUNTS, CALL, APPROVAL])
    assert hosts_of(found, "tallyfy_state_completed") == [ACCOUNTS]
    assert hosts_of(found, "tallyfy_template_new_hire_onboarding") == [APPROVAL, CALL, ACCOUNTS]


def test_what_is_wrong_is_reported_in_a_sentence(sandbox: Sandbox, inventories: Inventories) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "there is no template 'Nothing'": {"template": "Nothing"},
        "Unsupported parameters for tallyfy.platform.tasks: templat": {"templat": HIRE},
        "template is the number 7, not a text: put it in quotes": {"template": 7},
        "assignee=me needs a member": {"assignee": "me"},
        "due_before 'soon' is not a date": {"due_before": "soon"},
        "the sign-in failed": {"client_secret": "s3cret-of-nobody"},
    }
    files = [inventories.file(f"{number}.tallyfy_tasks.yml", **one) for number, one in enumerate(wrong.values())]
    found = inventories.listed(*files, inventories.file("tasks.yml"))
    assert found["_meta"]["hostvars"] == {}
    assert [text for text in wrong if text not in inventories.warnings] == []
    assert "tasks.yml' could not be verified by inventory plugin" in inventories.warnings
    assert "s3cret-of-nobody" not in inventories.warnings
    assert sandbox.client_secret not in inventories.warnings
    inventories.listed(files[3], options=("-e", "tallyfy_orgid=x"))
    assert "tallyfy_orgid is not a variable of this collection; did you mean tallyfy_org_id?" in inventories.warnings


def test_the_cache_keeps_tasks_apart_and_no_tokens(sandbox: Sandbox, inventories: Inventories) -> None:
    sandbox.patch_run(JORDAN_ID, name=HOSTILE)
    folder = inventories.playbooks.folder / "kept"
    file = inventories.file(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(folder))
    first = inventories.listed(file)
    sandbox.clear_ledger()
    assert inventories.listed(file) == first
    assert sandbox.ledger() == []
    # Somebody else may see other tasks.
    inventories.listed(file, TALLYFY_ACT_AS=ALICE)
    assert sandbox.ledger(route="tasks.list") != []
    kept = [path.read_text() for path in folder.iterdir()]
    assert len(kept) == 2
    assert "eyJ" not in str(kept)
    assert sandbox.client_secret not in str(kept)
    # What comes from the cache is no template either.
    run = Run(inventories.playbooks, SHOW, "-i", file).succeeded()
    assert f'"tallyfy_task_process": "{HOSTILE}"' in run.output


def test_a_play_does_the_work_of_each_and_ticks_it_off(
    sandbox: Sandbox, inventories: Inventories, signed_in: Modules
) -> None:
    """What people typed is shown as they typed it, and what is told of a task can be given back."""
    prerun = {"Notes": HOSTILE, "Personal email": "jordan@example.net"}
    fields = {one["label"]: one["id"] for one in sandbox.template(HIRE)["prerun"]}
    sandbox.patch_run(JORDAN_ID, prerun={fields[label]: value for label, value in prerun.items()})
    for task in (ACCOUNTS, CALL, APPROVAL):
        sandbox.patch_task(task, title=HOSTILE)
    signed_in.succeed("tallyfy_task", task_id=ACCOUNTS, form={"Laptop serial": HOSTILE})
    file = inventories.file(template=HIRE, compose={"mailbox": "tallyfy_task_kickoff['Personal email']"}, strict=True)
    run = Run(inventories.playbooks, PLAY, "-i", file).succeeded()
    assert run.changed == 3
    assert run.output.count(f"{HOSTILE} for jordan@example.net: {HOSTILE}") == 3
    assert not (inventories.playbooks.folder / "hacked").exists()
    tasks = {task["id"]: task for task in sandbox.state(sandbox.org_id, "tasks")["tasks"]}
    assert [tasks[one]["status"] for one in (ACCOUNTS, CALL, APPROVAL)] == ["completed"] * 3


def test_a_hundred_steps_take_three_requests_each(
    sandbox: Sandbox, inventories: Inventories, signed_in: Modules
) -> None:
    """One reads, one fills in, one completes. A second run reads each once, and writes nothing."""
    sandbox.insert_runs(*({"checklist_id": TOUR_ID, "name": f"Tour {one}", "prerun": {}} for one in range(MANY - 2)))
    file = inventories.file(template="Welcome tour", step="First lunch")

    def done() -> list[bool]:
        return [
            result["changed"]
            for result in signed_in.loop(
                "tallyfy_task",
                *({"task_id": host, "summary": "At the canteen.", "state": "completed"} for host in hosts),
            )
        ]

    hosts = list(inventories.listed(file, TALLYFY_RATE_LIMIT="0")["_meta"]["hostvars"])
    assert len(hosts) == MANY
    assert done() == [True] * MANY
    assert len(sandbox.ledger()) <= 3 * MANY + 10
    sandbox.clear_ledger()
    assert done() == [False] * MANY
    assert len(sandbox.ledger()) <= MANY + 10
    assert sandbox.writes() == []
    assert inventories.listed(file)["_meta"]["hostvars"] == {}
