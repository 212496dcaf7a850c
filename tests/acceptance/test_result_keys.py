# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every documented key is in every result, so that ``rescue`` and ``until`` find what they look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.documented import REPOSITORY_ROOT, documentation
from tests.acceptance.roles import Roles
from tests.acceptance.running import WAYS, Modules
from tests.people import BOB, FRANK, JOHN, MARY, NORA, PARTNER

#: One task of each module that has something to do, where it ever has.
TASKS: dict[str, dict[str, Any]] = {
    "tallyfy_api": {"method": "POST", "path": "/organizations/{org_id}/tags", "body": {"title": "New"}},
    "tallyfy_authorization": {"name": "nobody", "state": "absent"},
    "tallyfy_group": {"name": "People", "description": "Everybody"},
    "tallyfy_group_info": {},
    "tallyfy_guest": {"email": PARTNER, "state": "disabled"},
    "tallyfy_guest_info": {},
    "tallyfy_offboarding": {"people": [{"email": BOB, "reassign_to": JOHN}, {"email": "x@example.com"}],
                            "guests": [NORA]},
    "tallyfy_onboarding": {"people": [{**MARY, "groups": ["People"]}, {"email": BOB}],
                           "process": {"template": "Welcome tour"}, "ensure_groups": ["New"], "ensure_guests": [NORA]},
    "tallyfy_oneoff_task": {"title": "A laptop", "reference": "HR-1", "assignees": [JOHN], "deadline": "2030-01-01"},
    "tallyfy_organization_info": {},
    "tallyfy_process": {"template": "Welcome tour", "name": "A tour"},
    "tallyfy_process_info": {},
    "tallyfy_roster": {"people": [MARY, {"email": BOB, "state": "disabled"}, {"email": JOHN}]},
    "tallyfy_roster_drift": {"people": [MARY, {"email": BOB, "role": "light"}]},
    "tallyfy_roster_export": {"dest": "roster.yml"},
    "tallyfy_task": {"template": "New hire onboarding", "reference": "HR-10293", "step": "Welcome call",
                     "state": "completed"},
    "tallyfy_task_info": {},
    "tallyfy_template_info": {},
    "tallyfy_token": {"state": "absent"},
    "tallyfy_user": {"email": BOB, "team": "New"},
    "tallyfy_user_info": {},
}  # fmt: skip
DOCUMENTED = {
    file.stem: documentation(file)["RETURN"] for file in (REPOSITORY_ROOT / "plugins/modules").glob("tallyfy_*.py")
}
WITH_REPORT = ("tallyfy_offboarding", "tallyfy_onboarding", "tallyfy_roster", "tallyfy_roster_drift")


def deep(levels: int) -> Any:
    return {"inner": deep(levels - 1)} if levels else "end"


#: Options that are refused, in the order in which that is found out.
REFUSED: dict[str, dict[str, Any]] = {
    "no such option": {"nonsense": 1},
    "the wrong type": {"timeout": "soon"},
    "nested too deeply": {"ca_path": deep(200)},
    "no organization of that form": {"org_id": "a/b"},
    "nothing to sign in with": {"client_id": "", "client_secret": ""},
}
#: What goes wrong at once, and what goes wrong after all has been read, for a module that writes.
AT_ONCE: tuple[dict[str, Any], ...] = ({"path": "/oauth/*", "status": 401}, {"status": 500})
AT_A_WRITE = tuple(
    {"method": method, "path": f"/{part}/*", "status": 422}
    for method in ("POST", "PUT", "DELETE")
    for part in ("organizations", "applications")
)


def lacking(documented: dict[str, Any], result: dict[str, Any], where: str = "") -> Iterator[str]:
    """Yield the documented keys that the result, or a row of it, does not have."""
    for name, entry in documented.items():
        if entry.get("returned", "always") != "always":
            continue
        if name not in result:
            yield f"{where}{name}"
            continue
        rows = result[name] if isinstance(result[name], list) else [result[name]]
        for row in rows if "contains" in entry else ():
            if isinstance(row, dict) and row:
                yield from lacking(entry["contains"], row, f"{where}{name}.")


def check(module: str, result: dict[str, Any], *, has_failed: bool) -> None:
    assert list(lacking(DOCUMENTED[module], result)) == []
    assert bool(result.get("failed")) is has_failed, result
    assert bool(result["problems"]) is has_failed
    if has_failed:
        assert result["msg"]
        assert "reasons" not in result


def test_every_key_is_documented_as_always_there() -> None:
    assert DOCUMENTED.keys() == TASKS.keys()
    for module, keys in DOCUMENTED.items():
        assert {name for name, entry in keys.items() if entry["returned"] != "always"} == set(), module
        assert "problems" in keys, module


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("module", TASKS)
def test_a_success(modules: Modules, module: str) -> None:
    for check_mode in (True, False):
        check(module, modules.run(module, check_mode, **TASKS[module]), has_failed=False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("module", TASKS)
def test_a_refusal(modules: Modules, module: str) -> None:
    for called, options in REFUSED.items():
        if called != "nothing to sign in with" or "state" not in TASKS[module]:
            check(module, modules.run(module, **{**TASKS[module], **options}), has_failed=True)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("module", [name for name, task in TASKS.items() if task.get("state") != "absent"])
def test_a_failure(sandbox: Sandbox, modules: Modules, module: str) -> None:
    modules.use(max_wait=0)
    for fault in AT_ONCE:
        sandbox.fault(times=None, **fault)
        check(module, modules.run(module, **TASKS[module]), has_failed=True)
        sandbox.clear_faults()
    for fault in AT_A_WRITE:
        sandbox.fault(times=None, **fault)
    result = modules.run(module, **TASKS[module])
    # What only reads sends no write that could fail.
    check(module, result, has_failed="actions" in DOCUMENTED[module] and module != "tallyfy_roster_drift")


@pytest.mark.parametrize("module", TASKS)
def test_a_refusal_of_the_action(roles: Roles, module: str) -> None:
    task = TASKS[module]
    check(module, roles.module(module, args=task, tallyfy_clientid="1"), has_failed=True)
    check(module, roles.module(module, args=task, tallyfy_in_process="perhaps"), has_failed=True)
    check(module, roles.module(module, args={**task, "org_id": deep(200)}), has_failed=True)


@pytest.mark.parametrize("module", WITH_REPORT)
def test_a_report_that_cannot_be_written(roles: Roles, module: str) -> None:
    for report in ("report.doc", "nowhere/report.md"):
        result = roles.module(module, args={**TASKS[module], "report": report}, check_mode=True)
        check(module, result, has_failed=True)
        assert result["report"] is None


@pytest.mark.parametrize("module", TASKS)
def test_a_defect(modules: Modules, roles: Roles, module: str) -> None:
    plugin = roles.plugin(module, TASKS[module], {**roles.variables, "tallyfy_in_process": False})
    plugin._execute_module = mock.Mock(return_value={"failed": True, "msg": "MODULE FAILURE", "rc": 1})
    result = plugin.run(task_vars={**roles.variables, "tallyfy_in_process": False})
    check(module, result, has_failed=True)
    assert (result["msg"], result["rc"]) == ("MODULE FAILURE", 1)
    name = "ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process.perform"
    with mock.patch(name, side_effect=ValueError("odd")):
        check(module, modules.run(module, **TASKS[module]), has_failed=True)


def test_where_a_file_was_written_nothing_changed(roles: Roles, tmp_path: Path) -> None:
    """A report, tokens at rest and locks are no change of Tallyfy."""
    as_desired: dict[str, dict[str, Any]] = {
        "tallyfy_offboarding": {"people": [{"email": "nobody@example.com"}]},
        "tallyfy_onboarding": {"people": [{"email": BOB}]},
        "tallyfy_roster": {"people": [{"email": BOB}]},
        "tallyfy_roster_drift": {"people": [{"email": FRANK, "role": "admin"}]},
        "tallyfy_user": {"email": BOB},
        "tallyfy_user_info": {},
    }
    for module, task in as_desired.items():
        state_dir, report = tmp_path / f"state of {module}", tmp_path / f"{module}.md"
        args = {**task, **({"report": str(report)} if module in WITH_REPORT else {})}
        result = roles.module(module, args=args, tallyfy_state_dir=str(state_dir))
        assert (result["changed"], result.get("failed", False)) == (False, False), module
        assert any(state_dir.iterdir())
        assert report.exists() == (module in WITH_REPORT)
