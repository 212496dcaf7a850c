# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plugins' documentation says, and what running its examples gives."""

from __future__ import annotations

import ast
import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import authorization_request
from tests.people import LEGACY_GROUP, URGENT_TAG

if TYPE_CHECKING:
    from sandbox.testing import Sandbox
    from tests.acceptance.running import Playbooks

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
#: The files that examples name.
FILES = {
    "roster.csv": """\
email,first_name,last_name,role,groups
alice.smith@example.com,,,admin,
erin.walker@example.com,,,admin,
bob@example.com,,,standard,
jane.doe@example.com,Jane,Doe,light,People
""",
    "hr-export.csv": "mail,title,cost_center\nbob@example.com,Senior analyst,4711\n",
    "new-hires.csv": """\
email,first_name,last_name,process
jane.doe@example.com,Jane,Doe,Welcome tour
bob@example.com,Bob,,
""",
    "leavers.csv": "email,reassign_to\nbob@example.com,erin.walker@example.com\n",
}
#: An action of its own beside the playbook, which takes no process.
BEGIN_ANEW = """
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        urllib.request.urlopen(urllib.request.Request(self._task.args["url"], data=b"{}", method="POST")).close()
        return {}
"""


def documented_files(*kinds: str) -> list[Path]:
    """Return every plugin of these kinds, else every module and lookup of the collection."""
    found = [
        path for kind in kinds or ("modules", "lookup") for path in (REPOSITORY_ROOT / "plugins" / kind).glob("*.py")
    ]
    return sorted(path for path in found if path.stem != "__init__")


def documentation(file: Path) -> dict[str, Any]:
    """Return ``DOCUMENTATION``, ``EXAMPLES`` and ``RETURN`` of a plugin, parsed; several documents make a list."""
    blocks = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            name = getattr(statement.targets[0], "id", "")
            if name in {"DOCUMENTATION", "EXAMPLES", "RETURN"}:
                documents = list(yaml.safe_load_all(statement.value.value))
                blocks[name] = documents[0] if len(documents) == 1 else documents
    return blocks


def run_examples(
    playbooks: Playbooks, sandbox: Sandbox, files: list[Path]
) -> dict[Path, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Run all examples of each plugin as a play, and return the tasks with their results by plugin.

    All plays are one run, and each finds the sandbox as it is at the beginning. A failure does not end its play.
    """
    for name, content in FILES.items():
        (playbooks.folder / name).write_text(content)
    (playbooks.folder / "action_plugins").mkdir()
    (playbooks.folder / "action_plugins" / "begin_anew.py").write_text(BEGIN_ANEW)
    tasks = {file: documentation(file)["EXAMPLES"] for file in files}
    results = playbooks.folder / "results.json"
    plays = [*(_play(sandbox, file, tasks[file]) for file in files), _keep(tasks, results)]
    # Each has a host of its own, where no other play has left a variable.
    done = playbooks.run(yaml.safe_dump(plays, sort_keys=False), "-i", ",".join(map(_host, files)) + ",")
    assert done.returncode == 0, done.stdout
    kept = json.loads(results.read_text())
    return {file: list(zip(tasks[file], kept[_host(file)])) for file in files}


def _host(file: Path) -> str:
    return f"{file.parent.name}-{file.stem}".replace("_", "-")


def _keep(tasks: dict[Path, list[dict[str, Any]]], results: Path) -> dict[str, Any]:
    """Return the play that writes down what all the others have registered."""
    kept = {
        _host(file): ", ".join(f"hostvars['{_host(file)}'].{example['register']}" for example in examples)
        for file, examples in tasks.items()
    }
    content = ", ".join(f"'{host}': [{registered}]" for host, registered in kept.items())
    copied = {"content": f"{{{{ {{{content}}} | to_json }}}}", "dest": str(results), "mode": "0600"}
    task = {"name": "Keep the results", "ansible.builtin.copy": copied, "no_log": True}
    return {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}


def _play(sandbox: Sandbox, file: Path, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    asked = authorization_request(
        client_id=sandbox.client_id,
        redirect_uri="https://app.example.com/auth/callback",
        response_type="code",
        authorize_url=sandbox.authorize_url,
        random_text=secrets.token_urlsafe,
    )
    for number, task in enumerate(tasks):
        task.setdefault("register", f"example{number}")
    reset = {"name": "Begin anew", "begin_anew": {"url": f"{sandbox.url}/_sandbox/reset"}}
    sign_in = {
        "name": "Sign in by a browser",
        "ansible.builtin.uri": {"url": asked.url, "follow_redirects": "none", "status_code": 302},
        "register": "browser",
    }
    is_by_browser = any("pasted" in str(task) for task in tasks)
    return {
        "name": f"{file.parent.name}/{file.stem}",
        "hosts": _host(file),
        "connection": "local",
        "gather_facts": False,
        "ignore_errors": True,
        "vars": {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "group_id": LEGACY_GROUP,
            "tag_id": URGENT_TAG,
            "tallyfy_api_url": sandbox.api_url,
            "tallyfy_org_id": sandbox.org_id,
            "asked": asdict(asked),
            "pasted": {"user_input": "{{ browser.location }}"},
            "new_hires": [{"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}],
        },
        "tasks": [reset, *([sign_in] if is_by_browser else []), *tasks],
    }
