# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party authorization flow: from the answer of the sign-in page to a token, and what is refused."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import re
import secrets
import select
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.browser_flow import (
    AuthorizationRequest,
    authorization_request,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory
from sandbox.testing import Sandbox
from tests.acceptance.browsing import answer_to
from tests.acceptance.pages import Command, File, read_page
from tests.acceptance.running import WAYS, Modules, Playbooks
from tests.people import ALICE, GRACE

REDIRECT = "https://app.example.com/auth/callback"
INITECH = "9c1b6d5a04e84b7fa3d2c0e95f7a6b18"


both_ways = pytest.mark.parametrize("way", WAYS)


def asked(sandbox: Sandbox, response_type: str = "token") -> AuthorizationRequest:
    return authorization_request(
        client_id=sandbox.client_id,
        redirect_uri=REDIRECT,
        response_type=response_type,
        authorize_url=sandbox.authorize_url,
        random_text=secrets.token_urlsafe,
    )


def options(request: AuthorizationRequest, answer: str | None = None) -> dict[str, Any]:
    """Return what tallyfy_authorization gets after the person has signed in."""
    return {
        "redirect_response": answer_to(request.url) if answer is None else answer,
        "redirect_uri": request.redirect_uri,
        "expected_state": request.state,
        "code_verifier": request.code_verifier,
    }


def exchanges(sandbox: Sandbox) -> int:
    return len(sandbox.ledger(route="oauth.token"))


def kept_files(modules: Modules) -> list[Path]:
    return [path for path in Path(modules.options["state_dir"]).glob("token-*") if path.suffix != ".lock"]


# --- what is taken ----------------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize(
    ("response_type", "redirect", "lasts", "requests"),
    [
        ("token", "query", 840, ["me.in_organization"]),
        ("token", "fragment", 840, ["me.in_organization"]),
        ("code", "query", 3600, ["oauth.token", "me.in_organization"]),
    ],
)
def test_a_token_is_taken_kept_and_found(
    sandbox: Sandbox, modules: Modules, response_type: str, redirect: str, lasts: int, requests: list[str]
) -> None:
    sandbox.switch(implicit_redirect=redirect)
    given = options(asked(sandbox, response_type))
    sandbox.clear_ledger()
    result = modules.succeed("tallyfy_authorization", name="alice", **given)
    token = result["token"]
    assert (result["changed"], result["kept_as"]) == (True, "alice")
    assert "warnings" not in result
    assert (token["kind"], token["user"], token["org_id"], token["source"]) == ("user", ALICE, sandbox.org_id, "issued")
    assert lasts - 10 <= token["expires_in"] <= lasts
    assert [entry["route"] for entry in sandbox.ledger()] == requests
    assert sandbox.writes() == []
    sandbox.clear_ledger()

    kept = modules.succeed("tallyfy_authorization", name="alice")
    assert (kept["changed"], kept["kept_as"]) == (False, "alice")
    assert kept["token"].pop("source") == "cache"
    assert kept["token"].pop("expires_in") <= lasts
    assert kept["token"].items() <= token.items()
    assert sandbox.ledger() == []

    modules.use(client_id=None, client_secret=None, access_token=token["access_token"])
    assert modules.succeed("tallyfy_api", path="/me")["data"]["email"] == ALICE


def test_the_organization_is_the_one_that_is_reported(sandbox: Sandbox, modules: Modules) -> None:
    modules.use(org_id=None)
    token = modules.succeed("tallyfy_authorization", name="alice", **options(asked(sandbox)))["token"]
    assert (token["org_id"], token["user"]) == (sandbox.org_id, ALICE)
    assert [entry["route"] for entry in sandbox.ledger()][1:] == ["me.get"]
    assert modules.succeed("tallyfy_authorization", name="alice")["token"]["org_id"] == sandbox.org_id


@pytest.mark.parametrize(("user", "count"), [(ALICE, 1), (GRACE, 2)])
def test_the_organization_is_the_only_one(sandbox: Sandbox, modules: Modules, user: str, count: int) -> None:
    """Where Tallyfy does not tell to which organization a token belongs."""
    sandbox.switch(signed_in_user=user)
    sandbox.fault(route="me.get", times=None, body={"data": {"id": 1, "email": user}})
    modules.use(org_id=None)
    given = options(asked(sandbox))
    if count == 1:
        assert modules.succeed("tallyfy_authorization", **given)["token"]["org_id"] == sandbox.org_id
        return
    assert "belongs to 2 organizations" in modules.fail("tallyfy_authorization", **given)["msg"]
    # The token is as good as before, once it is known where.
    assert modules.succeed("tallyfy_authorization", org_id=sandbox.org_id, **given)["token"]["user"] == GRACE


def test_nothing_to_sign_in_with_is_needed(sandbox: Sandbox, modules: Modules) -> None:
    modules.use(client_id=None, client_secret=None)
    result = modules.succeed("tallyfy_authorization", **options(asked(sandbox)))
    assert result["token"]["user"] == ALICE
    assert "warnings" not in result


def test_who_signs_in_by_a_browser_is_nobody_else(sandbox: Sandbox, modules: Modules) -> None:
    """Neither the application's token nor another ready one plays a part."""
    modules.use(act_as=ALICE, access_token=sandbox.issue_token("bob@example.com"))
    given = options(asked(sandbox))
    sandbox.clear_ledger()
    assert modules.succeed("tallyfy_authorization", **given)["token"]["user"] == ALICE
    assert sandbox.sign_ins() == []
    assert [entry["acting"] for entry in sandbox.ledger()] == [ALICE]


def test_a_public_client_exchanges_without_a_secret(sandbox: Sandbox, modules: Modules) -> None:
    """What cannot be encrypted is not kept, and that is said."""
    sandbox.switch(public_clients=True)
    modules.use(client_secret=None)
    result = modules.succeed("tallyfy_authorization", name="alice", **options(asked(sandbox, "code")))
    assert result["token"]["user"] == ALICE
    assert result["kept_as"] is None
    (warning,) = result["warnings"]
    assert "not stored as alice" in str(warning)
    assert "client_secret" in str(warning)
    assert kept_files(modules) == []
    assert "No token can be stored as alice" in modules.fail("tallyfy_authorization", name="alice")["msg"]
    (exchange,) = sandbox.ledger(route="oauth.token")
    assert "client_secret" not in exchange["body"]


@pytest.mark.parametrize("without", [{"cache_tokens": False}, {"state_dir": "/dev/null/cache"}], ids=str)
def test_without_a_cache_nothing_is_kept(sandbox: Sandbox, modules: Modules, without: dict[str, Any]) -> None:
    modules.use(**without)
    given = options(asked(sandbox))
    for check_mode in (True, False):
        result = modules.succeed("tallyfy_authorization", check_mode, name="alice", **given)
        warnings = [str(one) for one in result["warnings"] if "so anybody who has it can use it again" in str(one)]
        assert ["state_dir cannot be used" in warning for warning in warnings] == [True] * ("state_dir" in without)
    assert any("not stored as alice" in str(warning) for warning in result["warnings"])
    assert modules.fail("tallyfy_authorization", name="alice")["changed"] is False


@pytest.mark.parametrize("response_type", ["token", "code"])
def test_a_use_that_cannot_be_noted_is_reported_once(
    sandbox: Sandbox, modules: Modules, response_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = PrivateDirectory.write

    def full(directory: PrivateDirectory, name: str, content: bytes) -> None:
        if name == "used-answers":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(directory, name, content)

    monkeypatch.setattr(PrivateDirectory, "write", full)
    result = modules.succeed("tallyfy_authorization", name="alice", **options(asked(sandbox, response_type)))
    (warning,) = (str(one) for one in result["warnings"] if "so anybody who has it can use it again" in str(one))
    assert "used-answers: No space left on device" in warning
    assert result["token"]["user"] == ALICE


def test_an_unknown_expiry_is_reported(sandbox: Sandbox, modules: Modules) -> None:
    request = asked(sandbox)
    answer = answer_to(request.url).replace("&expires_in=840", "")
    result = modules.succeed("tallyfy_authorization", name="alice", **options(request, answer))
    assert (result["token"]["expires_in"], result["token"]["expires_at"]) == (None, None)
    assert any("did not return the expiry of the token" in str(warning) for warning in result["warnings"])
    assert modules.succeed("tallyfy_authorization", name="alice")["token"]["expires_at"] is None


def test_without_expected_state_there_is_a_warning(sandbox: Sandbox, modules: Modules) -> None:
    request = asked(sandbox)
    answer = answer_to(request.url).replace(f"&state={request.state}", "")
    given = {**options(request, answer), "expected_state": None}
    assert "expected_state is not set" in str(modules.succeed("tallyfy_authorization", **given)["warnings"])
    assert "has already been used" in modules.fail("tallyfy_authorization", **given)["msg"]


# --- kept under a name ------------------------------------------------------------------------------------------------


@both_ways
class TestKept:
    @pytest.fixture(autouse=True)
    def _kept(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.succeed("tallyfy_authorization", name="alice", **options(asked(sandbox)))

    def test_encrypted(self, modules: Modules) -> None:
        (file,) = kept_files(modules)
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"alice" not in file.read_bytes()

    def test_a_name_belongs_to_one_client_and_secret(self, modules: Modules) -> None:
        for other in ({"client_id": "2222"}, {"client_secret": "another"}, {"name": "Alice"}):
            failure = modules.fail("tallyfy_authorization", **{"name": "alice", **other})
            assert "Authorize again." in failure["msg"]

    def test_of_another_organization(self, sandbox: Sandbox, modules: Modules) -> None:
        failure = modules.fail("tallyfy_authorization", name="alice", org_id=INITECH)
        assert f"belongs to the organization {sandbox.org_id}, not to org_id {INITECH}" in failure["msg"]

    def test_gone_before_it_is_used(self, modules: Modules) -> None:
        assert modules.succeed("tallyfy_authorization", name="alice", min_ttl=800)["token"]["source"] == "cache"
        failure = modules.fail("tallyfy_authorization", name="alice", min_ttl=840)
        assert "too early for min_ttl (840 s)" in failure["msg"]

    def test_forgotten(self, modules: Modules) -> None:
        reported = modules.succeed("tallyfy_authorization", check_mode=True, name="alice", state="absent")
        done = modules.succeed("tallyfy_authorization", name="alice", state="absent")
        again = modules.succeed("tallyfy_authorization", name="alice", state="absent")
        assert (reported["changed"], done["changed"], again["changed"]) == (True, True, False)
        assert "No token is stored as alice" in modules.fail("tallyfy_authorization", name="alice")["msg"]

    def test_authorized_anew(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(signed_in_user=GRACE)
        modules.succeed("tallyfy_authorization", name="alice", **options(asked(sandbox)))
        assert modules.succeed("tallyfy_authorization", name="alice")["token"]["user"] == GRACE
        assert len(kept_files(modules)) == 1


# --- check mode -------------------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("response_type", ["token", "code"])
def test_check_mode_leaves_the_answer_usable(sandbox: Sandbox, modules: Modules, response_type: str) -> None:
    given = options(asked(sandbox, response_type))
    reported = modules.succeed("tallyfy_authorization", check_mode=True, name="alice", **given)
    assert reported["changed"] is True
    assert (reported["token"] is not None) is (response_type == "token")
    assert exchanges(sandbox) == 0
    assert kept_files(modules) == []
    done = modules.succeed("tallyfy_authorization", name="alice", **given)
    assert done["changed"] is True
    replayed = modules.fail("tallyfy_authorization", check_mode=True, name="alice", **given)
    assert "has already been used" in replayed["msg"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("response_type", ["token", "code"])
def test_replayed(sandbox: Sandbox, modules: Modules, response_type: str) -> None:
    given = options(asked(sandbox, response_type))
    token = modules.succeed("tallyfy_authorization", **given)["token"]
    sandbox.clear_ledger()
    assert "has already been used" in modules.fail("tallyfy_authorization", **given)["msg"]
    # A code that came twice would have ended its token.
    assert sandbox.ledger() == []
    modules.use(client_id=None, client_secret=None, access_token=token["access_token"])
    modules.succeed("tallyfy_organization_info")


def test_a_code_replayed_where_nobody_remembers(sandbox: Sandbox, modules: Modules) -> None:
    given = options(asked(sandbox, "code"))
    modules.succeed("tallyfy_authorization", state_dir="/dev/null/cache", **given)
    message = modules.fail("tallyfy_authorization", state_dir="/dev/null/cache", **given)["msg"]
    assert "(HTTP 400" in message
    assert "was used before" in message
    assert message.endswith("Authorize again.")


@both_ways
def test_tampered_answers_send_nothing(sandbox: Sandbox, modules: Modules) -> None:
    request = asked(sandbox)
    answer = answer_to(request.url)
    sandbox.clear_ledger()
    for wrong in (
        answer.replace("app.example.com", "evil.test"),
        answer.replace("app.example.com", "app.example.com@evil.test"),
        answer.replace(request.state, request.state[::-1]),
        answer + "#access_token=other",
        answer.replace("access_token", "code"),
        answer.replace("expires_in=840", "expires_in=0"),
        "",
    ):
        result = modules.fail("tallyfy_authorization", name="alice", **options(request, wrong))
        # What ansible-core 2.22 passes on for masking never leaves it.
        assert request.state not in json.dumps({k: v for k, v in result.items() if not k.startswith("_ansible")})
    assert sandbox.ledger() == []
    assert kept_files(modules) == []
    # None of them has used the answer up.
    modules.succeed("tallyfy_authorization", name="alice", **options(request, answer))


def test_a_token_where_a_code_was_asked_for(sandbox: Sandbox, modules: Modules) -> None:
    request = asked(sandbox, "code")
    answer = answer_to(request.url.replace("response_type=code", "response_type=token"))
    assert "it contains a token, but a code" in modules.fail("tallyfy_authorization", **options(request, answer))["msg"]


def test_another_verifier(sandbox: Sandbox, modules: Modules) -> None:
    given = {**options(asked(sandbox, "code")), "code_verifier": secrets.token_urlsafe(64)}
    assert "Authorize again." in modules.fail("tallyfy_authorization", **given)["msg"]
    assert "already been used" in modules.fail("tallyfy_authorization", **given)["msg"]
    assert exchanges(sandbox) == 1


@pytest.mark.parametrize("switches", [{"unverified_email": True}, {"in_trial": True}], ids=str)
@pytest.mark.parametrize("response_type", ["token", "code"])
def test_denied(sandbox: Sandbox, modules: Modules, switches: dict[str, bool], response_type: str) -> None:
    sandbox.switch(**switches)
    message = modules.fail("tallyfy_authorization", **options(asked(sandbox, response_type)))["msg"]
    assert message.startswith("The sign-in page answered with access_denied: the person did not consent")


@pytest.mark.parametrize("response_type", ["token", "code"])
def test_of_another_organization(sandbox: Sandbox, modules: Modules, response_type: str) -> None:
    modules.use(org_id=INITECH)
    message = modules.fail("tallyfy_authorization", name="alice", **options(asked(sandbox, response_type)))["msg"]
    assert f"not for the organization {INITECH} (org_id)" in message
    assert kept_files(modules) == []


def test_of_another_organization_by_what_is_reported(sandbox: Sandbox, modules: Modules) -> None:
    reported = {"data": {"id": 1, "email": ALICE, "organization_id": INITECH}}
    sandbox.fault(route="me.in_organization", times=None, body=reported)
    message = modules.fail("tallyfy_authorization", **options(asked(sandbox)))["msg"]
    assert f"it belongs to {INITECH}" in message


@pytest.mark.parametrize("act", ["revoke_tokens", "expire_tokens"])
def test_ended_before_it_came(sandbox: Sandbox, modules: Modules, act: str) -> None:
    given = options(asked(sandbox))
    getattr(sandbox, act)()
    message = modules.fail("tallyfy_authorization", name="alice", **given)["msg"]
    assert "it is expired or revoked. Authorize again." in message
    assert kept_files(modules) == []


def test_too_short_a_life(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.switch(expires_in_implicit=200, expires_in_password=200)
    for response_type in ("token", "code"):
        message = modules.fail("tallyfy_authorization", **options(asked(sandbox, response_type)))["msg"]
        assert "min_ttl requires more than 300 s" in message
    modules.succeed("tallyfy_authorization", min_ttl=100, **options(asked(sandbox)))


# --- bad luck ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer_is_not_asked_for_again(sandbox: Sandbox, modules: Modules, cut: str) -> None:
    sandbox.fault(route="oauth.token", cut=cut)
    given = options(asked(sandbox, "code"))
    message = modules.fail("tallyfy_authorization", **given)["msg"]
    assert "A code works only once, so it was not sent again. Authorize again." in message
    assert "has already been used" in modules.fail("tallyfy_authorization", **given)["msg"]
    assert exchanges(sandbox) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_the_service_is_not_answered_by_the_code_again(
    sandbox: Sandbox, modules: Modules, status: int
) -> None:
    sandbox.fault(route="oauth.token", status=status, times=None)
    given = options(asked(sandbox, "code"))
    assert f"(HTTP {status}" in modules.fail("tallyfy_authorization", **given)["msg"]
    assert exchanges(sandbox) == 1


def test_a_429_was_not_carried_out(sandbox: Sandbox, modules: Modules) -> None:
    sandbox.fault(route="oauth.token", status=429, headers={"Retry-After": "1"}, times=1)
    modules.use(max_wait=5)
    assert modules.succeed("tallyfy_authorization", **options(asked(sandbox, "code")))["token"]["user"] == ALICE


def test_a_code_that_never_arrived_can_be_sent(sandbox: Sandbox, modules: Modules) -> None:
    given = options(asked(sandbox, "code"))
    modules.fail("tallyfy_authorization", token_url="http://127.0.0.1:1/oauth/token", max_wait=0, **given)
    assert "Check client_id" in modules.fail("tallyfy_authorization", client_secret="wrong", **given)["msg"]
    assert modules.succeed("tallyfy_authorization", **given)["token"]["user"] == ALICE


def test_a_token_is_tried_again_after_a_failure(sandbox: Sandbox, modules: Modules) -> None:
    given = options(asked(sandbox))
    modules.use(max_wait=0)
    sandbox.fault(route="me.in_organization", status=503, times=None)
    modules.fail("tallyfy_authorization", **given)
    sandbox.clear_faults()
    modules.succeed("tallyfy_authorization", **given)


def test_a_code_whose_token_could_not_be_tried(sandbox: Sandbox, modules: Modules) -> None:
    modules.use(max_wait=0)
    sandbox.fault(route="me.in_organization", status=503, times=None)
    message = modules.fail("tallyfy_authorization", **options(asked(sandbox, "code")))["msg"]
    assert message.endswith("The code has been used, and its token was not stored. Authorize again.")


@both_ways
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"name": " "}, "name is blank"),
        ({}, "one of the following is required: name, redirect_response"),
        ({"redirect_response": "a-paste"}, "missing parameter(s) required by 'redirect_response': redirect_uri"),
        (
            {"name": "alice", "expected_state": "a-guess"},
            "missing parameter(s) required by 'expected_state': redirect_response",
        ),
        ({"state": "absent", "redirect_response": "a-paste", "redirect_uri": REDIRECT}, "following are missing: name"),
        (
            {"state": "absent", "name": "alice", "redirect_response": "a-paste", "redirect_uri": REDIRECT},
            "redirect_response requires state=present",
        ),
        ({"redirect_response": "a-paste", "redirect_uri": "http://app.example.com/"}, "must start with https://"),
        ({"name": "alice", "client_id": "", "client_secret": "x"}, "client_id is not set, but client_secret is"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_options_that_do_not_go_together(modules: Modules, arguments: dict[str, Any], reason: str) -> None:
    assert reason in modules.fail("tallyfy_authorization", **arguments)["msg"]


def test_a_code_needs_the_client_id(sandbox: Sandbox, modules: Modules) -> None:
    modules.use(client_id=None, client_secret=None)
    assert "client_id is not set" in modules.fail("tallyfy_authorization", **options(asked(sandbox, "code")))["msg"]


def test_two_at_once_use_an_answer_once(sandbox: Sandbox, modules: Modules) -> None:
    """Both forks hold the same answer; one gets the token, and the code is sent once."""
    given = options(asked(sandbox, "code"))
    sandbox.fault(route="oauth.token", delay_ms=200)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        result = modules.run("tallyfy_authorization", **given)
        os.write(write, json.dumps(result.get("msg", "")).encode())
        os._exit(0)
    mine = modules.run("tallyfy_authorization", **given).get("msg", "")
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as reported:
        messages = sorted([mine, json.load(reported)])
    assert messages[0] == ""
    assert "has already been used" in messages[1]
    assert exchanges(sandbox) == 1


def test_the_state_in_the_answer_is_the_one_asked_with(sandbox: Sandbox) -> None:
    request = asked(sandbox)
    assert parse_qs(urlsplit(answer_to(request.url)).query)["state"] == [request.state]


# --- the lookups and the playbook -------------------------------------------------------------------------------------

AUTHORIZE = "tallyfy.platform.authorize"
LOOKUPS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: >-
          {{ [lookup('tallyfy.platform.authorization_request', redirect_uri='https://app.example.com/auth/callback',
                     response_type='code', scope='*', client_id=''),
              lookup('tallyfy.platform.authorization_request', redirect_uri='http://localhost:8765/callback',
                     client_id=4711, authorize_url='https://other.example.com/oauth/authorize')] | to_json }}
        dest: "{{ playbook_dir }}/requests.json"
        mode: "0600"
      no_log: true
    - ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.authorization_request', redirect_uri='http://app.example.com/') }}"
      ignore_errors: true
    - tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_access_token: "{{ lookup('tallyfy.platform.token', name='alice') }}"
      register: used
    - ansible.builtin.debug:
        msg: "as {{ used.caller.kind }} in {{ used.organization.name }}"
    - ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', name=item) }}"
      loop: [bob, " "]
      ignore_errors: true
    - ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', 'alice.smith@example.com', name='alice') }}"
      ignore_errors: true
    - ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', name='alice', min_ttl=10000) }}"
      ignore_errors: true
"""


class TestLookups:
    def test_lookups(self, sandbox: Sandbox, modules: Modules, playbooks: Playbooks) -> None:
        given = options(asked(sandbox))
        taken = modules.succeed("tallyfy_authorization", name="alice", **given)["token"]
        run = playbooks.run(LOOKUPS, TALLYFY_STATE_DIR=modules.options["state_dir"], TALLYFY_ACT_AS="")
        assert run.returncode == 0, run.stdout
        code, token = json.loads((playbooks.folder / "requests.json").read_text())
        assert set(code) == set(token) == {"url", "state", "code_verifier", "redirect_uri"}
        assert code["url"].startswith(f"{sandbox.authorize_url}?client_id=1111&response_type=code&")
        assert token["url"].startswith("https://other.example.com/oauth/authorize?client_id=4711&response_type=token&")
        assert token["code_verifier"] is None
        assert code["state"] != token["state"]
        result = modules.succeed(
            "tallyfy_authorization", redirect_response=answer_to(code["url"]), redirect_uri=REDIRECT,
            expected_state=code["state"], code_verifier=code["code_verifier"],
        )  # fmt: skip
        assert result["token"]["user"] == ALICE

        output = " ".join(run.stdout.split())
        for sentence in (
            "redirect_uri must start with https://",
            "as given in Globex Corporation",
            "No token is stored as bob for client_id 1111",
            "takes an e-mail address or a name, and the name must not be blank",
            "too early for min_ttl (10000 s)",
        ):
            assert sentence in output, sentence
        assert taken["access_token"] not in output


class TestPlaybook:
    def test_the_tutorial(self, sandbox: Sandbox, playbooks: Playbooks) -> None:
        """Its command, its play that asks, and its play that uses what was kept, one after the other."""
        parts = read_page("tutorial_browser_sign_in")
        using, asking = (part for part in parts if isinstance(part, File))
        (command,) = (part.text for part in parts if isinstance(part, Command) and "authorize" in part.text)
        status, output = at_a_terminal(playbooks, answer_to, *command.split()[1:])
        assert status == 0, output
        assert "Kept as: alice" in output
        file = playbooks.folder / asking.name
        file.write_text(f"---\n{asking.text}")
        status, output = at_a_terminal(playbooks, answer_to, str(file), prompt="address to which it leads")
        assert status == 0, output
        run = playbooks.run(f"---\n{using.text}")
        assert run.returncode == 0, run.stdout
        assert sandbox.ledger()[-1]["acting"] == ALICE

    @pytest.mark.parametrize("response_type", ["token", "code"])
    def test_at_a_terminal(self, sandbox: Sandbox, modules: Modules, playbooks: Playbooks, response_type: str) -> None:
        """The person types nothing but what the browser shows, and does not see it."""
        answers: list[str] = []

        def paste(url: str) -> str:
            answers.append(answer_to(url))
            return answers[-1]

        variables = {"redirect_uri": REDIRECT, "response_type": response_type, "token_name": "alice"}
        extra = [part for name, value in variables.items() for part in ("-e", f"tallyfy_{name}={value}")]
        status, output = at_a_terminal(playbooks, paste, AUTHORIZE, *extra, "-vvv")
        assert status == 0, output
        assert f"Signed in: {ALICE}" in output
        assert f"Organization: {sandbox.org_id}" in output
        assert "Kept as: alice" in output
        (answer,) = answers
        for name, values in parse_qs(urlsplit(answer).query).items():
            assert name in {"state", "token_type", "expires_in"} or values[0] not in output
        assert answer not in output
        modules.use(state_dir=str(playbooks.home / ".cache" / "tallyfy-platform"))
        assert modules.succeed("tallyfy_authorization", name="alice")["token"]["user"] == ALICE

    def test_without_a_terminal(self, sandbox: Sandbox, playbooks: Playbooks) -> None:
        request = asked(sandbox, "code")
        answer = answer_to(request.url)
        file = playbooks.folder / "answer.yml"
        variables = {
            "tallyfy_redirect_uri": REDIRECT,
            "tallyfy_redirect_response": answer,
            "tallyfy_state": request.state,
            "tallyfy_code_verifier": request.code_verifier,
        }
        file.write_text(json.dumps(variables))
        reported = playbooks.run(AUTHORIZE, "-e", f"@{file}", "--check", "-vvv")
        done = playbooks.run(AUTHORIZE, "-e", f"@{file}", "-e", "tallyfy_token_name=alice", "-vvv")
        assert (reported.returncode, done.returncode) == (0, 0), reported.stdout + done.stdout
        assert "its code was not exchanged" in reported.stdout
        assert f"Signed in: {ALICE}" in done.stdout
        for output in (reported.stdout, done.stdout):
            for secret in (answer, request.state, request.code_verifier, *parse_qs(urlsplit(answer).query)["code"]):
                assert str(secret) not in output
        again = playbooks.run(AUTHORIZE, "-e", f"@{file}")
        assert again.returncode == 2
        assert "has already been used" in again.stdout

    @pytest.mark.parametrize(
        ("variables", "reason"),
        [
            ([], "tallyfy_redirect_uri is not given"),
            ([f"tallyfy_redirect_uri={REDIRECT}"], "Nothing was pasted"),
            (
                [f"tallyfy_redirect_uri={REDIRECT}", "tallyfy_hosts=all", "-ione,two,"],
                "Only one person can sign in at a time",
            ),
        ],
    )
    def test_what_is_missing_is_reported(self, playbooks: Playbooks, variables: list[str], reason: str) -> None:
        extra = [part for one in variables for part in ((one,) if one.startswith("-") else ("-e", one))]
        run = playbooks.run(AUTHORIZE, *extra)
        assert run.returncode == 2
        assert reason in " ".join(run.stdout.split())


def at_a_terminal(
    playbooks: Playbooks, paste: Callable[[str], str], *arguments: str, prompt: str = "and press Enter"
) -> tuple[int, str]:
    """Run a playbook at a terminal, and answer its question by what ``paste`` makes of the address in it."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(playbooks.folder)
        command = [sys.executable, "-m", "ansible", "playbook", *arguments]
        os.execve(sys.executable, command, playbooks.environment)
    output, pasted = "", ""
    with contextlib.suppress(OSError):  # how the end of a terminal shows
        while True:
            if select.select([terminal], [], [], 0.2)[0]:
                output += os.read(terminal, 65536).decode()
            elif (
                prompt in (asked := output.rpartition("TASK")[2]) and not termios.tcgetattr(terminal)[3] & termios.ECHO
            ):
                # What comes before Ansible listens is thrown away by it, so it is pasted until it has been taken.
                pasted = pasted or paste(re.findall(r"http[^\s\"]+/oauth/authorize\?[^\s\"]+", asked)[-1])
                os.write(terminal, f"{pasted}\r".encode())
    _pid, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.WEXITSTATUS(status), output
