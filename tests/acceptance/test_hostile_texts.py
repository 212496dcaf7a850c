# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service, a colleague or a file whose texts steer terminals: none of it stays raw in what is told to people.

Every answer to a task is made hostile in turn, in its names and as a refusal with its headers, for every module and in
both ways of running. A few real playbooks show that nothing in between prints it either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._http.transport import Transport
from sandbox.testing import Sandbox
from tests.acceptance.roles import Roles
from tests.acceptance.running import AS_MODULE, IN_PROCESS, WAYS, Modules, Playbooks, given
from tests.acceptance.test_promises import CASES, FILES, Case
from tests.acceptance.test_roles import WORK

#: Clears a screen, forges the line of another task, turns a line around, and hides what follows.
RAW = ("\x1b", "\n", "\r", "\x07", "\x7f", "\x9b", "\x85", "\u200b", "\u202e", "\u2028", "\u2066", "\U000e0041")
HOSTILE = "\x1b[2J\nok: [localhost]" + "x".join(RAW)
#: As long as a name of somebody may be.
SHORT = "\x1b[2J\nok: [localhost]\x9b\u202e\u200b\u2028x"
#: As a header has it, which holds bytes.
IN_A_HEADER = "\x1b[2Jok: [localhost]\x07\x9b1m\u00e2\u0080\u00ae"
#: What is data in a result, and keeps its values.
DATA = frozenset({"before", "after", "data", "meta", "user", "group", "guest", "organization", "invocation", "token"})
#: Texts for people, wherever else they stand.
MESSAGES = frozenset(
    {"msg", "problems", "notes", "warnings", "message", "reason", "errors", "code", "request", "request_id", "holder"}
    | {"not_before", "before_header", "after_header", "text", "exception"}
)


def texts_in(value: Any, *, is_message: bool = False) -> Iterator[str]:
    """Yield every text for people in a result."""
    if isinstance(value, str) and is_message:
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in DATA:
                yield from texts_in(inner, is_message=is_message or key in MESSAGES)
            if is_message:
                yield key
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_in(inner, is_message=is_message)


def assert_harmless(result: dict[str, Any], where: str) -> None:
    for text in texts_in(result):
        found = [ascii(one) for one in RAW if one in text and not (one == "\n" and "Traceback" in text)]
        assert not found, f"{where}: {found} in {text!r}"
    assert "Traceback" not in json.dumps(result), where


def renamed(value: Any, key: str = "") -> Any:
    """Return an answer whose names, titles and other free texts are hostile."""
    if isinstance(value, dict):
        return {name: renamed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, key) for inner in value]
    is_free = key in ("name", "title", "label", "full_name", "last_name", "team", "description", "job_title", "phone")
    return f"{value}{HOSTILE}" if isinstance(value, str) and (is_free or key.endswith("_name")) else value


class HostileService:
    """Stands in the transport: makes one answer hostile, or with ``status`` a hostile refusal of it."""

    def __init__(self, number: int, status: int | None = None) -> None:
        self.number, self.status = number, status
        self.count = 0
        self.send = Transport.send

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def send(transport: Transport, *args: Any, **options: Any) -> Any:
            return self._sent(transport, *args, **options)

        monkeypatch.setattr(Transport, "send", send)

    def _sent(self, transport: Transport, method: str, url: str, **options: Any) -> Any:
        response = self.send(transport, method, url, **options)
        number, self.count = self.count, self.count + 1
        if number < self.number:
            return response
        if self.status is None:
            if response.content and response.status_code < 300:
                response._content = json.dumps(renamed(response.json())).encode()
            return response
        response.status_code = self.status
        response.headers.update({"X-Request-Id": IN_A_HEADER, "Content-Type": IN_A_HEADER, "Retry-After": IN_A_HEADER})
        response._content = json.dumps(
            {"error": True, "code": HOSTILE, "message": HOSTILE, "errors": {HOSTILE: [HOSTILE]}, "hint": HOSTILE}
        ).encode()
        return response


def arguments_of(one: Case, folder: Path) -> dict[str, Any]:
    arguments = dict(one.arguments)
    if "src" in arguments:
        arguments["src"] = str(folder / arguments["src"])
        Path(arguments["src"]).write_text(FILES[one.arguments["src"]])
    return arguments


def first_cases() -> list[Case]:
    """Return one case of each module."""
    return list({one.module: one for one in reversed(CASES)}.values())


@pytest.mark.any_core
@pytest.mark.parametrize(
    ("one", "way"),
    [
        *(pytest.param(one, IN_PROCESS, id=one.name.replace(" ", "-")) for one in CASES),
        *(pytest.param(one, AS_MODULE, id=f"{one.module}-as-module") for one in first_cases()),
    ],
)
def test_hostile_answers(
    one: Case, sandbox: Sandbox, modules: Modules, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules.use(cache_tokens=False, rate_limit=0, max_wait=0)
    # Another answer and another status for each case, the same ones each time.
    turn = CASES.index(one)
    statuses = (400, 401, 403, 404, 409, 422, 429, 500)
    runs = [
        (HostileService(0), bool(turn % 2)),
        (HostileService(turn % 4, statuses[turn % 8]), False),
        (HostileService(1, 422), True),
    ]
    for service, check_mode in runs:
        sandbox.reset()
        with monkeypatch.context() as patched:
            service.stand_in(patched)
            result = modules.run(one.module, check_mode, **arguments_of(one, tmp_path))
        assert_harmless(result, f"{one.name}, {service.number}, {service.status}, {check_mode}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("tallyfy_user", {"email": HOSTILE}),
        ("tallyfy_user", {"email": "a@example.com", "role": HOSTILE}),
        ("tallyfy_user", {"email": "a@example.com", HOSTILE: 1}),
        ("tallyfy_user", {"email": "a@example.com", "country_id": HOSTILE}),
        ("tallyfy_user", {"email": "bob@example.com", "groups": {"add": [HOSTILE]}}),
        ("tallyfy_roster", {"people": [{"email": HOSTILE, HOSTILE: HOSTILE}]}),
        ("tallyfy_roster", {"src": HOSTILE}),
        ("tallyfy_group", {"name": HOSTILE, "members": {"add": [HOSTILE]}}),
        ("tallyfy_process", {"name": HOSTILE, "template": HOSTILE}),
        ("tallyfy_template_info", {"template": HOSTILE}),
        ("tallyfy_api", {"path": f"/{HOSTILE}", "method": "GET"}),
        ("tallyfy_roster_export", {"dest": HOSTILE}),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(map(ascii, value))[:30],
)
def test_hostile_arguments(modules: Modules, module: str, arguments: dict[str, Any], way: str) -> None:
    result = modules.run(module, **arguments)
    assert_harmless(result, module)


@pytest.mark.parametrize("way", WAYS)
def test_values_of_records_are_kept(sandbox: Sandbox, modules: Modules, way: str) -> None:
    sandbox.patch_member("bob@example.com", team=HOSTILE)
    users = modules.succeed("tallyfy_user_info", email="bob@example.com")["users"]
    assert [user["team"] for user in users] == [HOSTILE]
    assert modules.succeed("tallyfy_user", email="bob@example.com", team=HOSTILE.strip())["changed"] is False


# --- roles, reports and playbooks -------------------------------------------------------------------------------------


def plant(sandbox: Sandbox) -> None:
    """Give everybody and everything a hostile name."""
    for email in ("john.smith@example.com", "bob@example.com", "frank.moore@example.com"):
        sandbox.patch_member(email, last_name=SHORT, job_title=HOSTILE, team=HOSTILE)
    sandbox.patch_group("Engineering", name=f"Engineering {HOSTILE}")
    template = sandbox.template("Welcome tour")
    sandbox.insert_runs({"checklist_id": template["id"], "name": HOSTILE, "owner_id": 12345})


def raw_in(text: str) -> list[str]:
    """Return the hostile characters that stand in lines of text."""
    return [ascii(one) for one in RAW if one in text.replace("\r\n", "\n") and one != "\n"]


@pytest.mark.any_core
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("ending", ["md", "html", "json"])
@pytest.mark.parametrize("role", ["onboarding", "offboarding", "roster", "drift"])
def test_roles_and_reports(role: str, ending: str, check_mode: bool, sandbox: Sandbox, roles: Roles) -> None:
    plant(sandbox)
    variables = {**WORK[role], f"{role}_report": f"report.{ending}", "awx_user_name": HOSTILE}
    done = roles.succeed(role, check_mode, **variables)
    report = (roles.folder / f"report.{ending}").read_bytes().decode()
    for text in (*done["text"], *map(str, done["artifacts"].values()), *roles.shown, report):
        assert raw_in(text) == []
        assert "\nok: [localhost]" not in text
    assert not [line for line in (*done["text"], *roles.shown) if "\n" in line]
    assert "x1b" in report or "u001b" in report
    if ending == "json":
        people = json.loads(report)["people"]
        assert any(SHORT in str(person.get("name")) for person in people)


@pytest.mark.any_core
@pytest.mark.parametrize("role", WORK)
def test_failures_of_roles(role: str, sandbox: Sandbox, roles: Roles) -> None:
    body = {"error": True, "message": HOSTILE, "errors": {"email": [HOSTILE]}}
    sandbox.fault(path="*/users*", times=None, status=422, body=body)
    result = roles.run(role, **WORK[role])
    assert result["failed"]
    assert_harmless(result, role)
    assert "x1b[2J" in result["msg"] + "".join(result["problems"])


def test_export_is_harmless_and_applies(sandbox: Sandbox, modules: Modules, roles: Roles) -> None:
    plant(sandbox)
    for ending in ("yml", "json", "csv"):
        reported = roles.succeed("export_roster", export_roster_dest=f"roster.{ending}")
        text = (roles.folder / f"roster.{ending}").read_bytes().decode()
        assert raw_in(text) == []
        assert not [line for line in reported["text"] if raw_in(line) or "\n" in line]
        applied = modules.succeed("tallyfy_roster", src=str(roles.folder / f"roster.{ending}"), unlisted="ignore")
        assert applied["changed"] is False


PLAY = """
- hosts: localhost
  gather_facts: false
  ignore_errors: true
  tasks:
    - ansible.builtin.include_role:
        name: tallyfy.platform.{role}
"""
LOOK = """
- hosts: localhost
  gather_facts: false
  ignore_errors: true
  tasks:
    - tallyfy.platform.tallyfy_api:
        path: /organizations/{org_id}/groups
    - tallyfy.platform.tallyfy_group:
        name: Sales
      vars:
        ansible_connection: local
        tallyfy_in_process: false
    - ansible.builtin.set_fact:
        token: "{{ lookup('tallyfy.platform.token', 'bob@example.com') }}"
"""


def test_playbook_with_roles(sandbox: Sandbox, playbooks: Playbooks) -> None:
    plant(sandbox)
    roles = ("offboarding", "roster")
    reports = {f"{role}_report": f"{role}.html" for role in roles}
    options = (given(playbooks, **WORK["offboarding"], **WORK["roster"], **reports), "--diff")
    environment = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    plays = "".join(PLAY.format(role=role) for role in roles)
    announced = playbooks.run(plays, *options, "--check", **environment)
    assert (announced.returncode, raw_in(announced.stdout)) == (0, [])
    sandbox.fault(method="PUT", path="*/users/*", times=1, status=422, body={"error": True, "message": HOSTILE})
    sandbox.fault(method="DELETE", path="*/users/*", times=1, status=422, body={"error": True, "message": HOSTILE})
    failed = playbooks.run(plays, *options, **environment)
    done = playbooks.run(plays, *options, **environment)
    for run in (failed, done):
        assert raw_in(run.stdout) == []
        assert not re.search(r"^ok: \[localhost\](?! =>|$)", run.stdout, re.MULTILINE)
    assert "x1b[2J" in failed.stdout


def test_playbook_whose_service_refuses(sandbox: Sandbox, playbooks: Playbooks) -> None:
    body = {"error": True, "code": HOSTILE, "message": HOSTILE, "errors": {HOSTILE: [HOSTILE]}}
    sandbox.fault(path="*", times=None, status=422, body=body)
    run = playbooks.run(LOOK, "-v")
    assert raw_in(run.stdout) == []
    assert not re.search(r"^ok: \[localhost\](?! =>|$)", run.stdout, re.MULTILINE)
    assert run.stdout.count("x1b[2J") >= 3
