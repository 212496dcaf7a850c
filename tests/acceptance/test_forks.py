# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sign-in for a play, however many hosts and forks; tokens that end in the middle; a home that cannot be used."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import IN_PROCESS, Modules, Playbooks
from tests.people import ALICE

pytestmark = pytest.mark.any_core

HOSTS = 20
PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - tallyfy.platform.tallyfy_organization_info:
"""


def test_many_hosts(sandbox: Sandbox, playbooks: Playbooks) -> None:
    """A play over many hosts with an empty cache asks for one application token and one in the member's name."""
    inventory = playbooks.folder / "inventory"
    inventory.write_text("\n".join(f"organization{number:02}" for number in range(HOSTS)) + "\n")
    done = playbooks.run(PLAY, "-i", str(inventory), "--forks", str(HOSTS), TALLYFY_ACT_AS=ALICE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count("ok=1 ") == HOSTS
    assert len(sandbox.ledger(route="organization.get")) == HOSTS
    assert [entry["route"] for entry in sandbox.sign_ins()] == ["oauth.token", "applications.token"]


def at_once(modules: Modules, folder: Path, run: Callable[[Modules], dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the same task in many processes that start at the same moment, and return their results."""
    folder.mkdir()
    ready, go = os.pipe()
    children = []
    for number in range(HOSTS):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(ready, 1)  # returns when the last of the many is there and the parent lets go
            try:
                (folder / str(number)).write_text(json.dumps(run(modules)))
            finally:
                os._exit(0)
        children.append(child)
    os.close(ready)
    os.close(go)
    for child in children:
        os.waitpid(child, 0)
    return [json.loads((folder / str(number)).read_text()) for number in range(HOSTS)]


def ask(modules: Modules) -> dict[str, Any]:
    return modules.run("tallyfy_organization_info")


@pytest.mark.any_core
@pytest.mark.parametrize("act_as", [None, ALICE], ids=["application", "user"])
def test_many_processes_at_the_same_moment(
    sandbox: Sandbox, modules: Modules, tmp_path: Path, act_as: str | None
) -> None:
    modules.use(act_as=act_as)
    results = at_once(modules, tmp_path / "first", ask)
    assert [result.get("msg") for result in results] == [None] * HOSTS
    expected = ["oauth.token", "applications.token"] if act_as else ["oauth.token"]
    assert [entry["route"] for entry in sandbox.sign_ins()] == expected

    # All of them find out at the same moment that the token is no good any more.
    sandbox.revoke_tokens("user" if act_as else "application")
    sandbox.clear_ledger()
    results = at_once(modules, tmp_path / "second", ask)
    assert [result.get("msg") for result in results] == [None] * HOSTS
    assert [entry["route"] for entry in sandbox.sign_ins()] == expected[-1:]


MIDDLE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_organization_info:
    - ansible.builtin.uri:
        url: "{{ sandbox }}/_sandbox/tokens/expire"
        method: POST
    - tallyfy.platform.tallyfy_organization_info:
    - ansible.builtin.uri:
        url: "{{ sandbox }}/_sandbox/tokens/revoke"
        method: POST
    - tallyfy.platform.tallyfy_organization_info:
"""


def test_tokens_that_end_in_the_middle_of_a_play(sandbox: Sandbox, playbooks: Playbooks) -> None:
    done = playbooks.run(MIDDLE, "-e", f"sandbox={sandbox.url}")
    assert done.returncode == 0, done.stdout
    assert [entry["status"] for entry in sandbox.sign_ins()] == [200, 200, 200]
    assert [entry["status"] for entry in sandbox.ledger(route="organization.get")] == [200, 401, 200, 401, 200]


def test_a_refusal_is_no_reason_to_sign_in(sandbox: Sandbox, modules: Modules) -> None:
    modules.succeed("tallyfy_organization_info")
    sandbox.fault(path="/organizations/*", times=None, status=403)
    for module, arguments in (
        ("tallyfy_organization_info", {}),
        ("tallyfy_user_info", {}),
        ("tallyfy_user", {"email": ALICE}),
        ("tallyfy_api", {"path": "/organizations/{org_id}/groups"}),
    ):
        modules.fail(module, **arguments)
    assert len(sandbox.sign_ins()) == 1
    assert len(sandbox.ledger()) == 2 + 4


def test_a_token_that_is_refused_each_time_is_renewed_once(sandbox: Sandbox, modules: Modules) -> None:
    modules.succeed("tallyfy_organization_info")
    sandbox.fault(path="/organizations/*", times=None, status=401)
    sandbox.clear_ledger()
    modules.fail("tallyfy_organization_info")
    assert [entry["route"] for entry in sandbox.ledger()] == ["organization.get", "oauth.token", "organization.get"]


# --- a home that cannot be used ---------------------------------------------------------------------------------------

ONCE = PLAY.replace("hosts: all", "hosts: localhost")


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def run_in_an_unusable_home(playbooks: Playbooks, **environment: str) -> str:
    """Run a task, which must succeed and leave no file anywhere; return what was printed."""
    for name in ("ansible", "local", "remote"):
        (playbooks.folder / name).mkdir()
    (playbooks.folder / "playbook.yml").touch()
    before = everything_below(playbooks.folder)
    # ansible-core 2.20 and later makes a socket in TMPDIR, whose path may have 108 characters at most.
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        done = playbooks.run(
            ONCE,
            TMPDIR=temporary,
            ANSIBLE_HOME=str(playbooks.folder / "ansible"),
            ANSIBLE_LOCAL_TEMP=str(playbooks.folder / "local"),
            ANSIBLE_REMOTE_TEMP=str(playbooks.folder / "remote"),
            ANSIBLE_PIPELINING="0",
            **environment,
        )
        assert everything_below(Path(temporary)) == set()
    assert done.returncode == 0, done.stdout
    # What ansible-core keeps in its own home is its own affair.
    left = {name for name in everything_below(playbooks.folder) - before if not name.startswith("ansible/")}
    assert not left, f"{left} was written"
    return " ".join(done.stdout.split())


def test_home_that_does_not_exist_and_cannot_be_made(sandbox: Sandbox, playbooks: Playbooks) -> None:
    printed = run_in_an_unusable_home(playbooks, HOME="/dev/null")
    assert "The directory ~/.cache/tallyfy-platform (state_dir) cannot be used (Not a directory)" in printed
    assert "Set state_dir to a directory of your own." in printed
    assert len(sandbox.sign_ins()) == 1


def warned_of(modules: Modules, home: Path, **environment: str) -> str:
    """Run a module in this home, which must succeed; return its warnings."""
    modules.way = IN_PROCESS
    modules.use(state_dir=None)
    modules.environment.update({"HOME": str(home), **environment})
    return " ".join(modules.succeed("tallyfy_organization_info").get("warnings", ()))


def test_file_in_the_place_of_the_cache(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "tallyfy-platform").write_text("mine")
    assert "cannot be used" in warned_of(modules, tmp_path)
    assert (tmp_path / ".cache" / "tallyfy-platform").read_text() == "mine"
    assert len(sandbox.sign_ins()) == 1


def test_cache_of_somebody_else(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    cache = tmp_path / ".cache" / "tallyfy-platform"
    cache.mkdir(parents=True, mode=0o777)
    os.chown(cache, 12345, -1)
    assert "belongs to user 12345" in warned_of(modules, tmp_path)
    assert list(cache.iterdir()) == []


def test_home_that_may_not_be_written(sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    try:
        assert "cannot be used (Permission denied)" in warned_of(modules, tmp_path)
    finally:
        tmp_path.chmod(0o700)
