# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the acting member may not do is refused before the first write, in check mode and in the run alike."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import Modules
from tests.people import BOB, DANA, ERIN, FRANK, MARY

pytestmark = pytest.mark.any_core

#: Those who act, by their role.
ACTING = {"admin": ERIN, "standard": "john.smith@example.com", "light": FRANK}
INVITED = {**MARY, "provision": "invite"}
ADMIN = {**INVITED, "role": "admin"}
UPDATED = {"email": BOB, "team": "Sales"}
GROUPED = {"email": BOB, "groups": {"add": ["Engineering"]}}
SWITCHES = ("allow_user_invite", "allow_manage_groups")
WAYS = ("act_as", "access_token")

#: What is asked of a member, what a refusal calls it, and which switch lets a standard member do it.
WISHES: list[tuple[dict[str, Any], str, str]] = [
    (UPDATED, "updated", ""),
    ({"email": BOB, "role": "light"}, "role changed", ""),
    ({"email": DANA}, "enabled", ""),
    ({"email": BOB, "state": "disabled"}, "disabled", ""),
    ({"email": BOB, "state": "disabled", "reassign_to": ERIN}, "disabled", ""),
    ({"email": DANA, "state": "deleted"}, "deleted", ""),
    (ADMIN, "administrator invited", ""),
    (INVITED, "invited", "allow_user_invite"),
    (GROUPED, "added to group", "allow_manage_groups"),
    ({"email": BOB, "groups": {"set": []}}, "removed from group", "allow_manage_groups"),
]
MODULES = ("tallyfy_user", "tallyfy_roster", "tallyfy_onboarding")


def asked(module: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that ask a module for one member."""
    options = {"max_removals": "100%", "min_admins": 0} if module == "tallyfy_roster" else {}
    return wish if module == "tallyfy_user" else {"people": [wish], **options}


def act(sandbox: Sandbox, modules: Modules, role: str, way: str) -> str:
    """Let a member of this role act, and return their address."""
    email = ACTING[role]
    if way == "act_as":
        modules.use(act_as=email)
    else:
        modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(email))
    return email


def refused(sandbox: Sandbox, modules: Modules, module: str, arguments: dict[str, Any]) -> str:
    """Fail unless check mode and the run refuse it in the same words and nothing was written; return these."""
    before = sandbox.state(sandbox.org_id)
    reported, done = (modules.fail(module, check_mode=check_mode, **arguments) for check_mode in (True, False))
    assert reported["msg"] == done["msg"]
    assert (reported["changed"], done["changed"]) == (False, False)
    assert sandbox.writes() == []
    after = sandbox.state(sandbox.org_id)
    assert (after["members"], after["groups"]) == (before["members"], before["groups"])
    return str(done["msg"])


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def modules(sandbox: Sandbox, tmp_path: Any) -> Modules:
    return Modules(sandbox, tmp_path / "cache")


def cases(roles: tuple[str, ...]) -> list[Any]:
    return [
        pytest.param(module, role, wish, words, switch, id=f"{module}-{role}-{words}".replace(" ", "_"))
        for module in MODULES
        for role in roles
        for wish, words, switch in WISHES
        if module != "tallyfy_onboarding" or "state" not in wish
    ]


@pytest.mark.parametrize(("module", "role", "wish", "words", "switch"), cases(("standard", "light")))
def test_refused_before_the_first_write(
    sandbox: Sandbox, modules: Modules, module: str, role: str, wish: dict[str, Any], words: str, switch: str, way: str
) -> None:
    if switch and role == "standard":
        sandbox.switch(**{switch: False})
    email = act(sandbox, modules, role, way)
    message = refused(sandbox, modules, module, asked(module, wish))
    assert f"the acting user {email} has the role {role}, but these actions" in message
    assert f" require an administrator: {words}." in message
    assert "act_as" in message


@pytest.mark.parametrize(
    ("module", "role", "wish", "words", "switch"),
    [one for one in cases(("standard",)) if one.values[-1]],
)
def test_allowed_by_the_organization(
    sandbox: Sandbox, modules: Modules, module: str, role: str, wish: dict[str, Any], words: str, switch: str, way: str
) -> None:
    sandbox.switch(**{name: name == switch for name in SWITCHES})
    act(sandbox, modules, role, way)
    reported = modules.succeed(module, check_mode=True, **asked(module, wish))
    assert sandbox.writes() == []
    done = modules.succeed(module, **asked(module, wish))
    assert reported["changed"] is done["changed"] is True
    assert reported["actions"] == done["actions"]
    assert modules.succeed(module, **asked(module, wish))["changed"] is False


@pytest.mark.parametrize("module", MODULES)
def test_administrators_may_do_it(sandbox: Sandbox, modules: Modules, module: str, way: str) -> None:
    act(sandbox, modules, "admin", way)
    for wish in (UPDATED, GROUPED, ADMIN):
        assert modules.succeed(module, **asked(module, wish))["changed"] is True


@pytest.mark.parametrize("role", ["standard", "light"])
@pytest.mark.parametrize("module", MODULES)
def test_who_is_as_desired_needs_no_right(sandbox: Sandbox, modules: Modules, module: str, role: str, way: str) -> None:
    act(sandbox, modules, role, way)
    wish = {"email": BOB, "team": "Operations", "groups": {"add": ["People"]}}
    assert modules.succeed(module, **asked(module, wish))["changed"] is False
    assert sandbox.ledger(route="me.get") == sandbox.ledger(route="organization.get") == []


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("role", ["standard", "light"])
def test_the_application_adds_people_for_anybody(sandbox: Sandbox, modules: Modules, module: str, role: str) -> None:
    act(sandbox, modules, role, "act_as")
    assert modules.succeed(module, **asked(module, MARY))["changed"] is True


@pytest.mark.parametrize("module", ["tallyfy_roster", "tallyfy_onboarding"])
def test_nobody_is_left_half_done(sandbox: Sandbox, modules: Modules, module: str) -> None:
    """One person could be added; nobody is when the next one cannot be changed."""
    act(sandbox, modules, "standard", "act_as")
    people = [MARY, {**INVITED, "email": "richard.roe@example.com"}, UPDATED, {"email": DANA, "groups": ["People"]}]
    message = refused(sandbox, modules, module, {"people": people})
    # What is allowed is not named.
    assert "an administrator: enabled, updated." in message


@pytest.mark.parametrize("role", ["standard", "light"])
@pytest.mark.parametrize(
    ("group", "words"),
    [("Newcomers", "group created"), ({"name": "People", "description": "Everybody"}, "group updated")],
    ids=["create", "update"],
)
def test_groups_of_an_onboarding(sandbox: Sandbox, modules: Modules, group: Any, words: str, role: str) -> None:
    if role == "standard":
        sandbox.switch(allow_manage_groups=False)
    act(sandbox, modules, role, "act_as")
    reported = refused(sandbox, modules, "tallyfy_onboarding", {"ensure_groups": [group]})
    assert f"an administrator: {words}." in reported
    if role == "standard":
        sandbox.switch(allow_manage_groups=True, allow_user_invite=False)
        assert modules.succeed("tallyfy_onboarding", ensure_groups=[group])["changed"] is True


class TestUnknown:
    """What cannot be known beforehand is left to Tallyfy."""

    def test_switches_that_are_not_shown(self, sandbox: Sandbox, modules: Modules) -> None:
        organization = {"data": {"id": sandbox.org_id, "name": "Acme", "timezone": "UTC"}}
        sandbox.fault(route="organization.get", times=None, body=organization)
        act(sandbox, modules, "standard", "act_as")
        assert modules.succeed("tallyfy_user", **GROUPED)["changed"] is True

    @pytest.mark.parametrize("status", [403, 404])
    def test_an_owner_who_is_not_reported(self, sandbox: Sandbox, modules: Modules, status: int) -> None:
        sandbox.fault(route="me.get", times=None, status=status)
        act(sandbox, modules, "admin", "access_token")
        assert modules.succeed("tallyfy_user", **UPDATED)["changed"] is True

    def test_somebody_whom_the_list_does_not_show(self, sandbox: Sandbox, modules: Modules) -> None:
        act(sandbox, modules, "light", "act_as")
        shown = [one for one in sandbox.state(sandbox.org_id)["members"] if one["email"] != FRANK]
        pages = {"total": len(shown), "count": len(shown), "per_page": 1000, "current_page": 1, "total_pages": 1}
        sandbox.fault(route="members.list", body={"data": shown, "meta": {"pagination": {**pages, "links": {}}}})
        assert "HTTP 403" in modules.fail("tallyfy_roster", people=[UPDATED])["msg"]


@pytest.mark.parametrize(
    ("role", "acting", "wish", "requests"),
    [
        # The search for the acting member; the switches of the organization only where they decide.
        # A profile is read right before it is written.
        ("admin", "act_as", UPDATED, 4),
        ("admin", "access_token", UPDATED, 5),
        ("standard", "act_as", UPDATED, 2),
        ("light", "act_as", GROUPED, 3),
        ("light", "access_token", UPDATED, 3),
    ],
    ids=str,
)
def test_requests(
    sandbox: Sandbox, modules: Modules, role: str, acting: str, wish: dict[str, Any], requests: int
) -> None:
    act(sandbox, modules, role, acting)
    modules.run("tallyfy_user", **wish)
    assert len([entry for entry in sandbox.ledger() if entry not in sandbox.sign_ins()]) == requests
