# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules and hostile answers: one clear error, an end, and ``changed`` that is true to what was carried out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import AS_MODULE, IN_PROCESS, Modules
from tests.hostile import HostileServer

pytestmark = pytest.mark.any_core

#: The shortest time-out that there is.
SECONDS = 1
KINDS = ["drip-headers", "drip-body", "flood", "gzip-bomb", "depth-500", "depth-5000", "depth-100000", "huge-number"]
USERS = "/organizations/{org_id}/users"


@pytest.fixture
def between(hostile: HostileServer, sandbox: Sandbox, modules: Modules) -> HostileServer:
    """The hostile server before the sandbox, which carries out what is answered in its way."""
    hostile.behind = sandbox.url
    return hostile


def is_slow(kind: str) -> bool:
    return "drip" in kind


def point_at(modules: Modules, server: HostileServer, kind: str, to: str) -> None:
    # Without a wait nothing is repeated: it would be answered in the same way.
    timeout = SECONDS if is_slow(kind) else 30
    modules.use(api_url=server.url(kind, to) + "/api", timeout=timeout, rate_limit=0, max_wait=0)


def check_message(result: dict[str, Any]) -> None:
    assert "Traceback" not in json.dumps(result)
    assert "\n" not in result["msg"]
    assert len(result["msg"]) < 1000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_that_was_carried_out_is_reported_as_changed(
    between: HostileServer, sandbox: Sandbox, modules: Modules, kind: str, method: str
) -> None:
    point_at(modules, between, kind, method)
    user = sandbox.member("bob@example.com")["id"]
    calls: dict[str, dict[str, Any]] = {
        "POST": {"path": "/organizations/{org_id}/groups", "body": {"name": "New"}},
        "PUT": {"path": f"{USERS}/{user}/disable"},
        "DELETE": {"path": f"{USERS}/{user}/disable"},
    }
    result = modules.fail("tallyfy_api", method=method, **calls[method])
    assert sandbox.writes(), "it was carried out"
    assert result["changed"] is True
    check_message(result)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_member_is_reported_as_changed(
    between: HostileServer, sandbox: Sandbox, modules: Modules, kind: str
) -> None:
    point_at(modules, between, kind, "POST")
    result = modules.run(
        "tallyfy_user", email="new@example.com", first_name="New", last_name="Person", role="standard",
        provision="invite", access_token=sandbox.issue_token("alice.smith@example.com"), client_id=None,
        client_secret=None,
    )  # fmt: skip
    assert sandbox.member("new@example.com"), "it was carried out"
    assert result["changed"] is True
    if result.get("failed"):
        check_message(result)


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_is_reported_as_changed(between: HostileServer, sandbox: Sandbox, modules: Modules, kind: str) -> None:
    point_at(modules, between, kind, "PUT")
    result = modules.run("tallyfy_group", name="Everyone", members={"remove": ["bob@example.com"]})
    assert sandbox.writes()
    assert result["changed"] is True
    if result.get("failed"):
        check_message(result)


@pytest.mark.parametrize("kind", [*KINDS, "gzip-bomb-stacked", "encoding-br", "no-http", "many-headers"])
def test_reading_is_one_clear_error(between: HostileServer, modules: Modules, kind: str) -> None:
    point_at(modules, between, kind, "GET")
    result = modules.fail("tallyfy_user_info")
    assert not result.get("changed")
    check_message(result)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sign_in_is_one_clear_error(between: HostileServer, sandbox: Sandbox, modules: Modules, kind: str) -> None:
    modules.use(token_url=between.url(kind) + "/oauth/token", timeout=SECONDS if is_slow(kind) else 30, max_wait=0)
    result = modules.fail("tallyfy_user", email="bob@example.com", state="deleted")
    assert result["changed"] is False
    assert sandbox.writes() == []
    check_message(result)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sign_in_for_a_member_is_one_clear_error(between: HostileServer, modules: Modules, kind: str) -> None:
    point_at(modules, between, kind, "POST")
    modules.use(act_as="alice.smith@example.com")
    result = modules.fail("tallyfy_organization_info")
    assert not result.get("changed")
    assert "/token" in result["msg"]
    check_message(result)


@pytest.mark.parametrize("kind", ["401-flood", "401-drip-body", "401-gzip-bomb", "422-flood", "404-depth-5000"])
def test_a_refusal_is_reported_with_its_status(between: HostileServer, modules: Modules, kind: str) -> None:
    between.behind = None
    point_at(modules, between, kind, "PUT")
    result = modules.fail("tallyfy_api", method="PUT", path=f"{USERS}/1", body={"a": 1})
    assert result["status"] == int(kind[:3])
    assert result["changed"] is False
    check_message(result)


@pytest.mark.parametrize(
    ("way", "levels"),
    # What is deeper stops ansible-core itself, so the action plugin does not even start a module.
    [(AS_MODULE, 101), (IN_PROCESS, 101), (IN_PROCESS, 300), (IN_PROCESS, 900)],
)
def test_an_option_of_too_many_levels_is_refused_before_anything_is_sent(
    sandbox: Sandbox, modules: Modules, levels: int
) -> None:
    body: Any = {}
    for _level in range(levels):
        body = {"a": [body]} if levels < 900 else {"a": body}
    result = modules.fail("tallyfy_api", method="PUT", path=f"{USERS}/1", body=body)
    assert "is nested deeper than 100 levels" in result["msg"]
    assert result["changed"] is False
    assert sandbox.ledger() == []
