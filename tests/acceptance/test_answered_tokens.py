# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of tallyfy_api that hold a token, whatever route they came from: nobody gets to see it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._operations.api_call import TOKEN_NOTE
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK
from sandbox.testing import Sandbox
from tests.acceptance.running import IN_PROCESS, WAYS, Modules, Playbooks

pytestmark = pytest.mark.any_core

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.answered/token+="
TAGS = "/organizations/{org_id}/tags"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def answer(sandbox: Sandbox, body: Any, *, path: str = "/organizations/*/tags*", **fault: Any) -> None:
    sandbox.fault(path=path, times=None, body=body, **fault)


def assert_unseen(modules: Modules, result: dict[str, Any]) -> None:
    """Look through all that a run shows; what a module tells ansible-core to mask is not shown."""
    reported = {name: value for name, value in result.items() if not name.startswith("_ansible")}
    text = json.dumps({**reported, "invocation": modules.invocation})
    for spelling in (TOKEN, TOKEN[:20], "%2Ftoken%2B"):
        assert spelling not in text


@pytest.mark.parametrize(
    "path", ["/applications/{org_id}/users/a%2Fb@example.com/token", "/applications/{org_id}/users/x/TOKEN"]
)
def test_routes_that_issue_tokens_are_refused(sandbox: Sandbox, modules: Modules, path: str) -> None:
    answer(sandbox, {"access_token": TOKEN}, path="/applications/*")
    result = modules.fail("tallyfy_api", method="POST", path=path)
    assert "use the module tallyfy_token" in result["msg"]
    assert_unseen(modules, result)
    assert sandbox.ledger() == []


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT"])
def test_a_token_of_any_other_route_is_not_shown(sandbox: Sandbox, modules: Modules, method: str) -> None:
    answer(sandbox, {"data": {"id": "1", "accessToken": TOKEN, "url": f"x?t={TOKEN}"}, "meta": {"id_token": TOKEN}})
    result = modules.succeed("tallyfy_api", method=method, path=TAGS)
    assert_unseen(modules, result)
    assert result["data"] == {"id": "1", "accessToken": MASK, "url": f"x?t={MASK}"}
    assert result["meta"] == {"id_token": MASK}
    assert result["notes"] == [TOKEN_NOTE]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("title", ["a", "b"])
def test_a_token_that_is_compared(sandbox: Sandbox, modules: Modules, title: str, check_mode: bool) -> None:
    answer(sandbox, {"data": {"id": "1", "title": "b", "accessToken": TOKEN}})
    body = {"title": title, "accessToken": TOKEN}
    result = modules.run("tallyfy_api", check_mode, method="PUT", path=TAGS, body=body, only_if_different=True)
    assert_unseen(modules, result)
    # What it is is not forgotten when it is compared.
    assert [one["fields"] for one in result["actions"]] == ([["title"]] if title == "a" and check_mode else [])
    assert bool(result.get("failed")) is (title == "a" and not check_mode)


def test_a_token_in_a_diff(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, {"data": {"id": "1", "client": {"client_secret": TOKEN}}})
    body = {"client": {"client_secret": f"{TOKEN}-new"}}
    arguments = {"method": "PUT", "path": TAGS, "body": body, "only_if_different": True}
    result = modules.succeed("tallyfy_api", check_mode=True, **arguments)
    assert result["actions"][0]["fields"] == ["client.client_secret"]
    assert result["diff"]["before"]["client"] == {"client_secret": MASK}
    assert result["notes"] == [TOKEN_NOTE]
    assert_unseen(modules, result)


def test_tokens_of_all_pages(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, {"data": [{"id": "1", "refresh_token": TOKEN}]})
    result = modules.succeed("tallyfy_api", path=TAGS, all_pages=True)
    assert result["data"] == [{"id": "1", "refresh_token": MASK}]
    assert result["notes"] == [TOKEN_NOTE]
    assert_unseen(modules, result)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_token_in_a_refusal(sandbox: Sandbox, modules: Modules, method: str, status: int) -> None:
    body = {"message": f"not with {TOKEN}", "errors": {"title": [TOKEN]}, "data": {"access-token": TOKEN}}
    answer(sandbox, body, status=status)
    modules.use(max_wait=0)
    result = modules.run("tallyfy_api", method=method, path=TAGS)
    assert_unseen(modules, result)
    if method != "DELETE":
        assert MASK in result["msg"]


def test_a_token_in_half_of_an_answer(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, f'{{"access_token":"{TOKEN}","to')
    modules.use(max_wait=0)
    for method in ("GET", "POST"):
        assert_unseen(modules, modules.fail("tallyfy_api", method=method, path=TAGS))


def test_a_sign_in_that_is_refused_with_a_token(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, {"message": f"used: {TOKEN}", "refresh_token": TOKEN}, path="/oauth/token", status=400)
    assert_unseen(modules, modules.fail("tallyfy_api", path=TAGS))


def test_what_the_task_itself_was_given(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, {"data": {"access_token": TOKEN}})
    result = modules.succeed(
        "tallyfy_api", method="POST", path=TAGS, body={"secret": TOKEN}, query={"t": TOKEN}, client_id=sandbox.client_id
    )
    assert_unseen(modules, result)
    assert modules.invocation in ({}, {**modules.invocation, "body": {"secret": MASK}, "query": {"t": MASK}})


@pytest.mark.parametrize("way", [IN_PROCESS])
def test_later_items_of_a_loop(sandbox: Sandbox, modules: Modules) -> None:
    answer(sandbox, {"data": {"access_token": TOKEN}}, path="/organizations/*/tags/1")
    answer(sandbox, {"data": {"title": f"x {TOKEN}"}}, path="/organizations/*/tags/2")
    paths: list[dict[str, Any]] = [{"path": f"{TAGS}/{number}"} for number in (1, 2)]
    first, second = modules.loop("tallyfy_api", *paths)
    assert (first["data"], first["notes"]) == ({"access_token": MASK}, [TOKEN_NOTE])
    assert (second["data"], second["notes"]) == ({"title": f"x {MASK}"}, [])


def test_a_playbook_shows_none(sandbox: Sandbox, playbooks: Playbooks) -> None:
    answer(sandbox, {"data": {"access_token": TOKEN, "title": TOKEN}})
    play = f"""
- hosts: localhost
  gather_facts: false
  vars:
    tallyfy_in_process: true
  tasks:
    - name: Make any call
      tallyfy.platform.tallyfy_api:
        method: PUT
        path: "{TAGS}"
        body:
          title: {TOKEN}x
        only_if_different: true
      ignore_errors: true
    - name: Read
      tallyfy.platform.tallyfy_api:
        path: "{TAGS}"
"""
    run = playbooks.run(play + play.replace("in_process: true", "in_process: false"), "-vvvv", "--diff")
    assert run.returncode == 0, run.stdout
    for shown in run.stdout.split("\nPLAY [")[1:]:
        assert TOKEN_NOTE in shown
    before = run.stdout.replace(f"{TOKEN}x", "")
    assert TOKEN not in before
