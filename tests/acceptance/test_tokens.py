# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tallyfy_token keeps the promises in its own way: what it changes is which tokens are issued and kept."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import WAYS, Modules
from tests.people import ALICE, BOB


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("arguments", [{}, {"user": ALICE}], ids=str)
class TestPromises:
    def test_check_mode_announces_what_the_run_does(
        self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]
    ) -> None:
        reported = modules.succeed("tallyfy_token", check_mode=True, **arguments)
        done = modules.succeed("tallyfy_token", **arguments)
        again = modules.succeed("tallyfy_token", **arguments)
        assert (reported["changed"], done["changed"], again["changed"]) == (True, True, False)
        assert (reported["token"]["source"], done["token"]["source"], again["token"]["source"]) == (
            "issued",
            "issued",
            "cache",
        )
        assert done["token"]["access_token"] == again["token"]["access_token"]
        assert sandbox.writes() == []

    def test_the_second_run_asks_for_nothing(
        self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]
    ) -> None:
        modules.succeed("tallyfy_token", **arguments)
        sandbox.clear_ledger()
        modules.succeed("tallyfy_token", **arguments)
        assert sandbox.ledger() == []

    def test_renewed_when_it_would_not_last(
        self, sandbox: Sandbox, modules: Modules, arguments: dict[str, Any]
    ) -> None:
        sandbox.switch(expires_in_application=1000, expires_in_user=1000)
        first = modules.succeed("tallyfy_token", **arguments)
        assert 990 <= first["token"]["expires_in"] <= 1000
        assert modules.succeed("tallyfy_token", min_ttl=900, **arguments)["changed"] is False
        assert modules.succeed("tallyfy_token", min_ttl=1100, **arguments)["changed"] is True

    def test_renewed_on_request(self, modules: Modules, arguments: dict[str, Any]) -> None:
        first = modules.succeed("tallyfy_token", **arguments)
        second = modules.succeed("tallyfy_token", renew=True, **arguments)
        assert second["changed"] is True
        assert second["token"]["access_token"] != first["token"]["access_token"]

    def test_forgotten(self, modules: Modules, arguments: dict[str, Any]) -> None:
        modules.succeed("tallyfy_token", **arguments)
        reported = modules.succeed("tallyfy_token", check_mode=True, state="absent", **arguments)
        done = modules.succeed("tallyfy_token", state="absent", **arguments)
        again = modules.succeed("tallyfy_token", state="absent", **arguments)
        assert (reported["changed"], done["changed"], again["changed"]) == (True, True, False)


def test_a_token_in_the_name_of_a_member(sandbox: Sandbox, modules: Modules) -> None:
    token = modules.succeed("tallyfy_token", user=ALICE.title())["token"]
    assert (token["kind"], token["user"], token["org_id"]) == ("user", ALICE, sandbox.org_id)
    modules.use(client_id=None, client_secret=None, access_token=token["access_token"])
    caller = modules.succeed("tallyfy_organization_info")["caller"]
    assert caller["kind"] == "given"


@pytest.mark.parametrize("user", ["nobody@example.com", "dana.lee@example.com"])
def test_a_member_who_cannot_be_acted_for(modules: Modules, user: str) -> None:
    assert f"{user} must be an active member" in modules.fail("tallyfy_token", user=user)["msg"]


@pytest.mark.parametrize(
    ("connection", "kind", "got"),
    [
        # What a task has: nothing but the application, a member to act as, an access token, or it and the application.
        ({"access_token": None}, None, "application"),
        ({"access_token": None}, "application", "application"),
        ({"access_token": None}, "user", "A user token requires act_as"),
        ({"access_token": None, "act_as": ALICE}, None, ALICE),
        ({"access_token": None, "act_as": ALICE}, "application", "application"),
        ({"access_token": None, "act_as": ALICE}, "user", ALICE),
        ({"client_id": None, "client_secret": None}, None, "given"),
        ({"client_id": None, "client_secret": None}, "application", "The application's token requires"),
        ({"client_id": None, "client_secret": None}, "user", "given"),
        ({}, None, "application"),
        ({}, "user", "given"),
    ],
    ids=str,
)
def test_the_token_that_the_modules_use(
    sandbox: Sandbox, modules: Modules, connection: dict[str, Any], kind: str | None, got: str
) -> None:
    given = sandbox.issue_token(ALICE)
    modules.use(**{"access_token": given, **connection})
    result = modules.run("tallyfy_token", **({"kind": kind} if kind else {}))
    if result.get("failed"):
        assert got in result["msg"]
        return
    token = result["token"]
    assert got in (token["kind"], token["user"])
    assert (token["access_token"] == given) is (got == "given")
    # What the modules send to the organization themselves.
    if kind is None:
        caller = modules.succeed("tallyfy_organization_info")["caller"]
        assert got in (caller["kind"], caller["email"])


def test_an_access_token_is_returned_as_it_is(sandbox: Sandbox, modules: Modules) -> None:
    given = sandbox.issue_token(ALICE)
    modules.use(client_id=None, client_secret=None, access_token=given)
    result = modules.succeed("tallyfy_token", min_ttl=10**9)
    assert (result["changed"], result["token"]["access_token"]) == (False, given)
    assert (result["token"]["expires_at"], result["token"]["source"]) == (None, "given")
    assert modules.succeed("tallyfy_token", state="absent")["changed"] is False
    assert "cannot be renewed" in modules.fail("tallyfy_token", renew=True)["msg"]
    assert "Tokens are issued only to applications." in modules.fail("tallyfy_token", user=BOB)["msg"]
    assert sandbox.ledger() == []


def test_a_token_asked_for_in_check_mode_is_not_kept(sandbox: Sandbox, modules: Modules) -> None:
    """That of the application signs in for the member, and is kept."""
    modules.use(act_as=ALICE)
    sources = [modules.succeed("tallyfy_token", check_mode=True)["token"]["source"] for _time in range(2)]
    assert sources == ["issued", "issued"]
    assert [one["route"] for one in sandbox.sign_ins()] == ["oauth.token", "applications.token", "applications.token"]


def test_user_says_whose_whatever_act_as_says(modules: Modules) -> None:
    modules.use(act_as=ALICE)
    assert modules.succeed("tallyfy_token", user=BOB)["token"]["user"] == BOB
    assert modules.succeed("tallyfy_token", user=BOB, kind="user")["token"]["user"] == BOB
    assert "cannot be combined with user" in modules.fail("tallyfy_token", user=BOB, kind="application")["msg"]
