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
from typing import Any

import yaml

from ansible_collections.tallyfy.platform.plugins.module_utils._authorization import authorization_request
from sandbox.testing import Sandbox
from tests.acceptance.browsing import answer_to
from tests.acceptance.running import Playbooks

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
LEGACY_GROUP = "731dc65d13ecdd9c8a8cb706592cf863"
ROSTER = "email,role\nalice.smith@example.com,admin\nerin.walker@example.com,admin\nbob@example.com,standard\n"
NEW_HIRES = "email,first_name,last_name,process\njane.doe@example.com,Jane,Doe,Welcome tour\nbob@example.com,Bob,,\n"
LEAVERS = "email,reassign_to\nbob@example.com,erin.walker@example.com\n"
URGENT_TAG = "c4e1f0a9b8d7465f9e3d2c1b0a998877"


def documented_files() -> list[Path]:
    """Return every module and lookup of the collection."""
    found = [path for kind in ("modules", "lookup") for path in (REPOSITORY_ROOT / "plugins" / kind).glob("*.py")]
    return sorted(path for path in found if path.stem != "__init__")


def documentation(file: Path) -> dict[str, Any]:
    """Return ``DOCUMENTATION``, ``EXAMPLES`` and ``RETURN`` of a plugin, parsed."""
    blocks = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            name = getattr(statement.targets[0], "id", "")
            if name in {"DOCUMENTATION", "EXAMPLES", "RETURN"}:
                blocks[name] = yaml.safe_load(statement.value.value)
    return blocks


def run_examples(playbooks: Playbooks, sandbox: Sandbox, file: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Run all examples of a plugin as one play; return each task with its result. A failure raises with the output."""
    tasks = documentation(file)["EXAMPLES"]
    # The files that examples name.
    (playbooks.folder / "roster.csv").write_text(ROSTER)
    (playbooks.folder / "new-hires.csv").write_text(NEW_HIRES)
    (playbooks.folder / "leavers.csv").write_text(LEAVERS)
    asked = authorization_request(
        client_id=sandbox.client_id,
        redirect_uri="https://app.example.com/auth/callback",
        response_type="code",
        authorize_url=sandbox.authorize_url,
        random_text=secrets.token_urlsafe,
    )
    names = [task.setdefault("register", f"example{number}") for number, task in enumerate(tasks)]
    results = playbooks.folder / "results.json"
    keep = {
        "name": "Keep the results",
        "ansible.builtin.copy":
            {"content": "{{ [" + ", ".join(names) + "] | to_json }}", "dest": str(results), "mode": "0600"},
        "no_log": True,
    }  # fmt: skip
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "group_id": LEGACY_GROUP,
            "tag_id": URGENT_TAG,
            "tallyfy_api_url": sandbox.api_url,
            "tallyfy_org_id": sandbox.org_id,
            "asked": asdict(asked),
            "pasted": {"user_input": answer_to(asked.url)},
            "new_hires": [{"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}],
        },
        "tasks": [*tasks, keep],
    }
    done = playbooks.run(yaml.safe_dump([play], sort_keys=False))
    assert done.returncode == 0, done.stdout
    return list(zip(tasks, json.loads(results.read_text())))
