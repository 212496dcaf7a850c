# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module and the same work inside the controller: the same requests, the same results, word for word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import MASK
from sandbox.testing import Sandbox
from tests.acceptance.running import AS_MODULE, IN_PROCESS, Modules
from tests.acceptance.test_promises import CASES, WORLDS, Case
from tests.people import ALICE, BOB, MARY

# What differs from one run to the next: the time, and the numbers that the sandbox gives to requests and groups.
RANDOM = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|sandbox-\d+|\b[0-9a-f]{32}\b")


def warning(one: Any) -> Any:
    """Return the text of a warning, for which ansible-core 2.19 and later has a shape of its own."""
    return one["event"]["msg"] if isinstance(one, dict) else one


def comparable(value: Any) -> Any:
    """Return a result without what chance has put into it, and without what ansible-core 2.22 masks later on."""
    if isinstance(value, dict):
        # What was sent is compared by itself.
        kept = [key for key in value if not key.startswith("_ansible") and key != "requests"]
        shown = {key: comparable(value[key]) for key in kept}
        return {**shown, "warnings": [warning(one) for one in shown.get("warnings", [])]}
    if isinstance(value, (list, tuple)):
        return [comparable(inner) for inner in value]
    return RANDOM.sub("…", value).replace(Sandbox.client_secret, MASK) if isinstance(value, str) else value


def both(
    sandbox: Sandbox,
    folder: Path,
    world: str,
    *runs: tuple[str, bool, dict[str, Any]],
    fault: dict[str, Any] | None = None,
) -> list[list[Any]]:
    """Return for each way what came of the runs (module, check mode, arguments) and what was sent for them."""
    came = []
    for way in (AS_MODULE, IN_PROCESS):
        sandbox.reset()
        sandbox.switch(**WORLDS[world])
        if fault:
            sandbox.fault(times=None, **fault)
        modules = Modules(sandbox, folder / way, way)
        if world == "application tokens denied":
            modules.use(act_as=ALICE)
        results = [modules.run(module, check_mode, **arguments) for module, check_mode, arguments in runs]
        sent = [(one["method"], one["path"], one["query"], one["status"]) for one in sandbox.ledger()]
        # What was launched in this very second is looked at again in the next, so by chance a page is read twice.
        reads = list(dict.fromkeys(str(one) for one in sent if one[0] == "GET"))
        writes = [one for one in sent if one[0] != "GET"]
        came.append([comparable(one) for one in (results, reads, writes)])
    return came


def first_of_each_module() -> list[Case]:
    return list({one.module: one for one in reversed(CASES)}.values())


@pytest.mark.parametrize(
    ("one", "world"),
    [
        *(pytest.param(one, "as documented", id=one.name) for one in CASES),
        # In the name of a member.
        *(
            pytest.param(one, "application tokens denied", id=f"{one.name} as a member", marks=pytest.mark.any_core)
            for one in first_of_each_module()
        ),
    ],
)
def test_table_of_cases(sandbox: Sandbox, tmp_path: Path, one: Case, world: str) -> None:
    # One request at a time, so that their order can be compared.
    concurrent_modules = ("tallyfy_roster", "tallyfy_onboarding", "tallyfy_offboarding")
    is_parallel = one.module in concurrent_modules
    arguments = {**one.arguments, **({"concurrency": 1} if is_parallel else {})}
    runs = [(one.module, check_mode, arguments) for check_mode in (True, False, False)]
    module, in_process = both(sandbox, tmp_path, world, *runs)
    assert in_process == module


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown option": ("tallyfy_user", {"emai": BOB}),
    "unknown option beside": ("tallyfy_user", {"email": BOB, "nickname": "B", "shoe_size": 9}),
    "unknown option below": ("tallyfy_user", {"email": BOB, "groups": {"ad": ["People"], "only": []}}),
    "missing option": ("tallyfy_user", {}),
    "missing options": ("tallyfy_api", {"method": "GET"}),
    "no choice": ("tallyfy_user", {"email": BOB, "role": "boss"}),
    "no dictionary": ("tallyfy_api", {"path": "/x", "query": 7}),
    "no number": ("tallyfy_user", {"email": BOB, "country_id": "Wales"}),
    "no number of seconds": ("tallyfy_user", {"email": BOB, "timeout": "soon"}),
    "no truth": ("tallyfy_user_info", {"complete": "perhaps"}),
    "two kinds of groups": ("tallyfy_user", {"email": BOB, "groups": {"set": [], "add": ["People", 7]}}),
    "text for a list": ("tallyfy_user", {"email": BOB, "groups": {"add": "Engineering; Legacy Team"}}),
    "text for a number": ("tallyfy_user", {"email": BOB, "country_id": "2"}),
    "number for a text": ("tallyfy_user", {"email": BOB, "phone": 42}),
    "date for a text": ("tallyfy_user", {"email": BOB, "team": "2026-11-22"}),
    "alias": ("tallyfy_organization_info", {"organization_id": "0" * 32}),
    "alias and its option": ("tallyfy_organization_info", {"organization_id": Sandbox.org_id}),
    "secret in an unknown option": ("tallyfy_organization_info", {Sandbox.client_secret: 1}),
    "secret in a value": ("tallyfy_user", {"email": BOB, "role": Sandbox.client_secret}),
    "short secret": ("tallyfy_user", {"email": BOB, "client_secret": "b1b"}),
    "organization that is none": ("tallyfy_user", {"email": BOB, "org_id": "a/b"}),
    "nothing to sign in with": ("tallyfy_user", {"email": BOB, "client_id": "", "client_secret": ""}),
    "cache that cannot be used": ("tallyfy_user", {"email": BOB, "state_dir": "/dev/null/cache"}),
    "somebody of two organizations": ("tallyfy_user", {"email": "grace.kim@example.net", "team": "Elsewhere"}),
    "group that is not there": ("tallyfy_user", {**MARY, "groups": {"add": ["Nobodies"]}}),
    "text beyond ASCII": ("tallyfy_user", {**MARY, "first_name": "Zoë \U0001f600 \u2028", "team": "{{ 1 + 1 }}"}),
    "token with a wrong number": ("tallyfy_token", {"min_ttl": "long"}),
    "token of nobody": ("tallyfy_token", {"user": "nobody@example.com"}),
    "call elsewhere": ("tallyfy_api", {"path": "https://example.com/x"}),
    "call of nothing": ("tallyfy_api", {"path": "/organizations/{org_id}/nothing"}),
    "body of all types": ("tallyfy_api", {
        "method": "POST", "path": "/organizations/{org_id}/nothing",
        "body": {"a": [1, 2.5, None, True], "b": {"c": "d"}},
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_and_odd_values(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    asked, arguments = WRONG[name]
    module, in_process = both(sandbox, tmp_path, "as documented", (asked, False, arguments))
    assert in_process == module


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500}, {"status": 401}, {"status": 403}, {"status": 429, "headers": {"Retry-After": "3600"}},
        {"status": 302, "headers": {"Location": "https://example.com/"}}, {"cut": "before"}, {"half_body": True},
        {"empty": True}, {"body": "<html>Sign in</html>"}, {"body": {"data": [{"id": {}}]}},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("skip", [0, 1], ids=["sign-in", "request"])
def test_failures(sandbox: Sandbox, tmp_path: Path, fault: dict[str, Any], skip: int) -> None:
    """What goes wrong is one message either way; test_bad_luck.py has more of it, and one way."""
    asked = ("tallyfy_user", False, {"email": BOB, "team": "New", "max_wait": 0})
    module, in_process = both(sandbox, tmp_path, "as documented", asked, fault={**fault, "skip": skip})
    assert in_process == module
    assert module[0][0]["failed"] is True


class TestLoops:
    """Items of a loop inside the controller share what may be shared, and nothing else."""

    @pytest.fixture
    def way(self) -> str:
        return IN_PROCESS

    def test_one_connection_and_one_sign_in(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(cache_tokens=False)
        results = modules.loop("tallyfy_user", *[{"email": BOB, "first_name": "Bob"}] * 20)
        assert [result["changed"] for result in results] == [False] * 20
        assert len(sandbox.sign_ins()) == 1
        assert len(sandbox.ledger()) == 21
        assert len({one["connection"] for one in sandbox.ledger()}) == 1

    def test_other_options_share_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(cache_tokens=False)
        member = sandbox.issue_token(ALICE)
        given = {"client_id": None, "client_secret": None, "access_token": member}
        acting = {"act_as": ALICE}
        results = modules.loop("tallyfy_organization_info", {}, given, acting, {}, given, acting)
        assert [result["caller"]["kind"] for result in results] == ["application", "given", "user"] * 2
        assert len({one["connection"] for one in sandbox.ledger()}) == 3
        # Once for the application, and once more for it and the member where that is asked for.
        assert [one["route"] for one in sandbox.sign_ins()] == ["oauth.token", "oauth.token", "applications.token"]

    def test_many_connections_are_not_all_kept(self, sandbox: Sandbox, modules: Modules) -> None:
        items = [{"max_wait": number} for number in range(1, 12)]
        results = modules.loop("tallyfy_organization_info", *items, items[-1], items[0])
        assert not any(result.get("failed") for result in results)
        asked = [one["connection"] for one in sandbox.ledger(route="organization.get")]
        assert asked[-2] == asked[-3]
        assert asked[-1] != asked[0]

    def test_each_item_may_wait(self, sandbox: Sandbox, modules: Modules) -> None:
        """What one item has waited is not taken from the next: each waits its second, of the one that is allowed."""
        modules.use(max_wait=1.5, cache_tokens=False)
        sandbox.fault(route="organization.get", times=1, status=429, headers={"Retry-After": "1"})
        sandbox.fault(route="organization.get", times=1, skip=1, status=429, headers={"Retry-After": "1"})
        results = modules.loop("tallyfy_organization_info", {}, {}, {})
        assert [result.get("msg") for result in results] == [None] * 3

    def test_each_item_warns(self, modules: Modules) -> None:
        modules.use(state_dir="/dev/null/cache")
        first, second = modules.loop("tallyfy_organization_info", {}, {})
        assert first["warnings"] == second["warnings"]
        assert "cannot be used" in first["warnings"][0]

    def test_a_token_that_ends_between_two_items(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="organization.get", skip=1, times=1, status=401)
        results = modules.loop("tallyfy_organization_info", {}, {}, {})
        assert [result.get("msg") for result in results] == [None] * 3
        assert len(sandbox.sign_ins()) == 2

    def test_a_refused_token_is_not_kept(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(cache_tokens=False, max_wait=0)
        sandbox.fault(route="organization.get", times=2, status=401)
        first, second = modules.loop("tallyfy_organization_info", {}, {})
        assert first["status"] == 401
        assert "failed" not in second
        assert len(sandbox.sign_ins()) == 3

    def test_tokens_are_reported_as_they_are(self, sandbox: Sandbox, modules: Modules) -> None:
        results = modules.loop("tallyfy_token", {}, {}, {"renew": True}, {"state": "absent"}, {})
        assert [(result["token"] or {}).get("source") for result in results] == [
            "issued", "cache", "issued", None, "issued",
        ]  # fmt: skip
        assert [result["changed"] for result in results] == [True, False, True, True, True]

    def test_a_failure_ends_one_item_only(self, sandbox: Sandbox, modules: Modules) -> None:
        results = modules.loop("tallyfy_user", {"email": BOB}, {"email": BOB, "role": "boss"}, {}, {"email": BOB})
        assert [bool(result.get("failed")) for result in results] == [False, True, True, False]
        assert len({one["connection"] for one in sandbox.ledger()}) == 1

    def test_secrets_of_one_item_are_masked_in_the_next(self, sandbox: Sandbox, modules: Modules) -> None:
        """The kept token, which the next item did not ask for, is as secret as one that it asked for."""
        token = sandbox.issue_token()
        sandbox.fault(route="oauth.token", times=1, body={"access_token": token, "expires_in": 600})
        sandbox.fault(route="organization.get", skip=1, times=None, status=500, body={"message": f"no {token}"})
        modules.use(max_wait=0)
        first, second = modules.loop("tallyfy_organization_info", {}, {})
        assert "failed" not in first
        assert token not in str(second)
        assert "no ********" in second["msg"]
