# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that goes wrong ends in one clear message: what was asked, what came back, what to do.

No traceback, no secret, ``changed`` as it really is, and nothing half written that is not named.
"""

from __future__ import annotations

import datetime
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import OPTIONS
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.running import Modules, Playbooks
from tests.certificates import self_signed
from tests.people import ALICE, BOB, FRANK, LEGACY_GROUP, MARY
from tests.wires import running_proxy

pytestmark = pytest.mark.any_core

OTHER_ORGANIZATION = "9c1b6d5a04e84b7fa3d2c0e95f7a6b18"
RUNNING = "5e7f9a1b3c5d7e9f1a2b4c6d8e0f2a4b"
LONGEST_MESSAGE = 700
PAGE = "<html><head><title>Sign in</title></head><body>Sign in to go on</body></html>"

# One task of every module, all of which ask the organization's routes.
TASKS: dict[str, dict[str, Any]] = {
    "tallyfy_api": {"path": "/organizations/{org_id}/groups"},
    "tallyfy_organization_info": {},
    "tallyfy_roster": {"people": [{"email": BOB, "team": "New"}]},
    "tallyfy_user": {"email": BOB, "team": "New"},
    "tallyfy_user_info": {},
}
ALL_TASKS = {**TASKS, "tallyfy_token": {}}

every_task = pytest.mark.parametrize("module", sorted(TASKS))
every_module = pytest.mark.parametrize("module", sorted(ALL_TASKS))


def reported(result: dict[str, Any], *pieces: str) -> str:
    """Check that a failure is clear and says all of ``pieces``, and return its message."""
    assert result.get("failed"), f"this should have failed: {result}"
    message = str(result["msg"])
    # What a module tells ansible-core in private, such as the secrets it is to mask, is not shown.
    text = json.dumps({name: value for name, value in result.items() if not name.startswith("_ansible")})
    assert "Traceback" not in text
    assert "\n" not in message
    assert len(message) <= LONGEST_MESSAGE, message
    assert Sandbox.client_secret not in text
    assert "eyJ0" not in text
    missing = [piece for piece in pieces if piece not in message]
    assert not missing, f"{missing} not in: {message}"
    return message


def failure(modules: Modules, module: str, *pieces: str, **arguments: Any) -> dict[str, Any]:
    """Run a module that must fail before it changes anything, and say all of ``pieces``."""
    result = modules.fail(module, **arguments)
    reported(result, *pieces)
    assert not result.get("changed")
    return result


@contextmanager
def another_host() -> Iterator[tuple[str, list[Any]]]:
    """Run a server that is not the sandbox and refuses everything; yield its address and what it has been asked."""
    seen: list[Any] = []

    class Recorder(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            seen.append((f"{self.command} {self.path}", dict(self.headers), body))
            self.send_response(418)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Print nothing between the tests' own output."""

    for method in ("GET", "POST", "PUT", "DELETE", "CONNECT"):
        setattr(Recorder, f"do_{method}", Recorder.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def use_unknown_host(modules: Modules) -> None:
    url = "https://tallyfy.invalid"
    modules.use(api_url=f"{url}/api", token_url=f"{url}/oauth/token", max_wait=0)


class TestSigningIn:
    @every_module
    def test_wrong_client_secret(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.use(client_secret='wr0ng/+= "secret')
        result = failure(
            modules, module, f"POST {sandbox.token_url}: the sign-in failed: ",
            "Client authentication failed (HTTP 401", "Check client_id and client_secret", **ALL_TASKS[module],
        )  # fmt: skip
        assert result["status"] == 401
        assert result["code"] == "invalid_client"
        assert [entry["route"] for entry in sandbox.ledger()] == ["oauth.token"]

    def test_wrong_client_id(self, modules: Modules) -> None:
        modules.use(client_id="4711")
        failure(modules, "tallyfy_organization_info", "the sign-in failed", "Check client_id and client_secret")

    @every_task
    def test_wrong_organization(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.use(org_id=OTHER_ORGANIZATION)
        result = failure(
            modules, module, f"/organizations/{OTHER_ORGANIZATION}", "HTTP 403",
            f"Check that org_id {OTHER_ORGANIZATION} and client_id 1111 belong together", **TASKS[module],
        )  # fmt: skip
        assert result["status"] == 403
        assert len(sandbox.sign_ins()) == 1

    @every_task
    def test_unknown_organization(self, modules: Modules, module: str) -> None:
        modules.use(org_id="0" * 32)
        failure(modules, module, f"/organizations/{'0' * 32}", "HTTP 404", "org_id", **TASKS[module])

    @every_task
    def test_application_token_on_organization_routes(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        sandbox.switch(app_token_on_org_routes="deny")
        result = failure(
            modules, module, f"/organizations/{sandbox.org_id}", "HTTP 401", "set act_as (TALLYFY_ACT_AS)",
            **TASKS[module],
        )  # fmt: skip
        assert result["status"] == 401
        modules.use(act_as=ALICE)
        modules.succeed(module, **TASKS[module])

    def test_acting_as_a_stranger(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(act_as="nobody@example.com")
        failure(
            modules, "tallyfy_organization_info", "/users/nobody%40example.com/token", "HTTP 404",
            "nobody@example.com must be an active member",
        )  # fmt: skip
        assert sandbox.writes() == []

    def test_acting_as_a_disabled_member(self, modules: Modules) -> None:
        modules.use(act_as="dana.lee@example.com")
        failure(modules, "tallyfy_organization_info", "/users/dana.lee%40example.com/token", "HTTP 403")

    def test_acting_as_somebody_without_the_right(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(act_as=FRANK)
        failure(
            modules, "tallyfy_user", FRANK, "has the role light", "require an administrator: role changed", "act_as",
            email=BOB, role="light",
        )  # fmt: skip
        assert sandbox.writes() == []
        assert len(sandbox.sign_ins()) == 2

    def test_a_refusal_that_nobody_foresaw(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(act_as=ALICE)
        sandbox.fault(route="members.role", status=403)
        failure(
            modules, "tallyfy_user", "PUT /organizations/", "HTTP 403", "administrator", email=BOB, role="light"
        )  # fmt: skip

    @every_task
    def test_refused_access_token(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.use(client_id=None, client_secret=None, access_token="not-a-token-of-anybody")
        words = ("HTTP 401", "The access_token is expired, revoked or not valid for this route")
        result = failure(modules, module, *words, **TASKS[module])
        assert "not-a-token-of-anybody" not in str(result["msg"])
        assert sandbox.sign_ins() == []

    def test_token_url_that_leads_nowhere(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(token_url=f"{sandbox.url}/nowhere/token")
        failure(modules, "tallyfy_token", f"POST {sandbox.url}/nowhere/token", "HTTP 404", "Check token_url")

    def test_token_url_that_is_a_web_page(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="oauth.token", times=None, body=PAGE)
        failure(
            modules, "tallyfy_token", "the answer has no valid access token (HTTP 200, text/html)", "Check token_url"
        )

    @pytest.mark.parametrize(
        "body", ["", "[]", "null", '"text"', "{}", '{"access_token": null}', '{"access_token": ""}', '{"access_tok',
                 '{"access_token": ["a"], "expires_in": 60}', '{"access_token": "a b\\nc", "expires_in": 60}',
                 '{"access_token": "\\u00fc", "expires_in": 60}'],
    )  # fmt: skip
    def test_answer_without_a_usable_token(self, sandbox: Sandbox, modules: Modules, body: str) -> None:
        sandbox.fault(route="oauth.token", times=None, **({"body": body} if body else {"empty": True}))
        failure(modules, "tallyfy_token", f"POST {sandbox.token_url}", "no valid access token", "Check token_url")
        failure(modules, "tallyfy_organization_info", f"POST {sandbox.token_url}", "no valid access token")

    def test_token_service_down(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0)
        sandbox.fault(route="oauth.token", times=None, status=503)
        failure(modules, "tallyfy_token", f"POST {sandbox.token_url}", "HTTP 503", "Try again later")


class TestReaching:
    @every_module
    def test_nobody_listens(self, modules: Modules, module: str) -> None:
        url = f"http://127.0.0.1:{unused_port()}"
        modules.use(api_url=f"{url}/api", token_url=f"{url}/oauth/token", max_wait=0)
        failure(
            modules, module, f"POST {url}/oauth/token", "no connection: Connection refused", "Check api_url",
            **ALL_TASKS[module],
        )  # fmt: skip

    def test_unknown_host(self, modules: Modules) -> None:
        use_unknown_host(modules)
        failure(modules, "tallyfy_organization_info", "POST https://tallyfy.invalid/oauth/token: no connection: ")

    @pytest.mark.parametrize("option", ["api_url", "token_url"])
    def test_plain_http_is_for_this_machine_only(self, sandbox: Sandbox, modules: Modules, option: str) -> None:
        modules.use(**{option: "http://tallyfy.example.com/api"})
        failure(modules, "tallyfy_organization_info", f"{option} must start with https://", "tallyfy.example.com")
        assert sandbox.ledger() == []

    @every_task
    def test_api_url_without_the_api(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.use(api_url=f"{sandbox.url}/wrong")
        result = failure(
            modules, module, f"/organizations/{sandbox.org_id}", "HTTP 404",
            f"Check api_url: {sandbox.url}/wrong does not lead to this route.", **TASKS[module],
        )  # fmt: skip
        assert result["code"] == "ENDPOINT_NOT_FOUND"

    @pytest.mark.parametrize("act_as", [None, ALICE], ids=["application", "member"])
    @pytest.mark.parametrize("is_html", [True, False], ids=["html", "json"])
    def test_a_wrong_path_is_about_api_url_alone(
        self, is_html: bool, act_as: str | None, sandbox: Sandbox, modules: Modules
    ) -> None:
        modules.use(api_url=f"{sandbox.url}/wrong", act_as=act_as)
        reason = f"Check api_url: {sandbox.url}/wrong does not lead to this route."
        if is_html:
            sandbox.fault(path="/wrong/*", times=None, status=404, body="<html>Not Found</html>")
            reason = f"Check api_url: the answer of {sandbox.url}/wrong does not come from the Tallyfy API."
        message = failure(modules, "tallyfy_organization_info", "HTTP 404", reason)["msg"]
        assert "member of the organization" not in message
        assert "client_id" not in message

    @pytest.mark.parametrize(("route", "status"), [("oauth.token", 307), ("*", 302)])
    def test_a_redirect_is_never_followed(self, sandbox: Sandbox, modules: Modules, route: str, status: int) -> None:
        with another_host() as (url, seen):
            headers = {"Location": f"{url}/elsewhere?access_token=eyJ0secret#token=eyJ0secret"}
            sandbox.fault(route=route, times=None, status=status, headers=headers, skip=int(route == "*"))
            failure(
                modules, "tallyfy_organization_info", f"redirected to {url}/elsewhere (HTTP {status})",
                "Redirects are not followed",
            )  # fmt: skip
            assert seen == []

    def test_an_unreachable_proxy(self, modules: Modules) -> None:
        modules.environment.update(https_proxy=f"http://127.0.0.1:{unused_port()}", no_proxy="")
        use_unknown_host(modules)
        failure(modules, "tallyfy_organization_info", "no connection: Connection refused", "proxy settings")

    def test_a_proxy_is_used_unless_it_is_to_be_bypassed(self, modules: Modules) -> None:
        use_unknown_host(modules)
        with running_proxy() as proxy:
            modules.environment.update(https_proxy=proxy.url, HTTPS_PROXY=proxy.url, no_proxy="", NO_PROXY="")
            failure(modules, "tallyfy_organization_info", "no connection through the proxy: ", "502 Unknown Host")
            seen = bytes(proxy.seen)
            assert seen.startswith(b"CONNECT tallyfy.invalid:443 ")
            modules.environment.update(no_proxy="tallyfy.invalid", NO_PROXY="tallyfy.invalid")
            failure(modules, "tallyfy_organization_info", "no connection: ")
            assert proxy.seen == seen

    def test_a_proxy_that_is_no_address(self, modules: Modules) -> None:
        modules.environment.update(https_proxy="http://[proxy", http_proxy="http://[proxy", no_proxy="")
        # It is not for this machine.
        modules.succeed("tallyfy_organization_info")
        use_unknown_host(modules)
        failure(modules, "tallyfy_organization_info", "https_proxy is not a proxy address", "NO_PROXY")
        modules.environment.update(no_proxy="tallyfy.invalid")
        failure(modules, "tallyfy_organization_info", "no connection: ")

    def test_no_password_from_netrc(self, sandbox: Sandbox, modules: Modules, tmp_path: Path) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password something\n")
        netrc.chmod(0o600)
        modules.environment["NETRC"] = str(netrc)
        modules.succeed("tallyfy_organization_info")
        assert {entry["token"] for entry in sandbox.ledger(route="organization.get")} == {"application"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(certificate: tuple[Path, Path]) -> Iterator[Sandbox]:
    with running_sandbox(tls=certificate) as running:
        yield running


class TestCertificates:
    @pytest.fixture
    def modules(self, secured: Sandbox, tmp_path: Path, way: str) -> Modules:
        secured.reset()
        return Modules(secured, tmp_path / "cache", way)

    @every_module
    def test_unknown_authority(self, secured: Sandbox, modules: Modules, module: str) -> None:
        modules.use(max_wait=0)
        failure(
            modules, module, f"POST {secured.token_url}: the TLS connection failed: ", "self", "ca_path",
            **ALL_TASKS[module],
        )  # fmt: skip
        assert secured.ledger() == []

    def test_with_ca_path(self, modules: Modules, certificate: tuple[Path, Path]) -> None:
        modules.use(ca_path=str(certificate[0]))
        modules.environment["REQUESTS_CA_BUNDLE"] = "/nowhere/bundle.pem"
        modules.succeed("tallyfy_organization_info")

    def test_a_bundle_of_the_environment_is_used(self, modules: Modules, certificate: tuple[Path, Path]) -> None:
        modules.environment["REQUESTS_CA_BUNDLE"] = str(certificate[0])
        modules.succeed("tallyfy_organization_info")

    def test_without_checks_although_a_bundle_is_set(self, modules: Modules, certificate: tuple[Path, Path]) -> None:
        import certifi

        modules.use(validate_certs=False)
        modules.environment["REQUESTS_CA_BUNDLE"] = certifi.where()
        modules.succeed("tallyfy_organization_info")

    def test_ca_path_that_is_not_there(self, secured: Sandbox, modules: Modules) -> None:
        modules.use(ca_path="/nowhere/bundle.pem")
        failure(modules, "tallyfy_organization_info", "ca_path /nowhere/bundle.pem does not exist")
        assert secured.ledger() == []

    def test_ca_path_that_is_no_bundle(self, modules: Modules, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.pem"
        bundle.write_text("not a certificate\n")
        modules.use(ca_path=str(bundle), max_wait=0)
        failure(modules, "tallyfy_organization_info", f"ca_path {bundle} contains no readable certificates")

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_bundle_of_the_environment_that_is_not_there(self, secured: Sandbox, modules: Modules, name: str) -> None:
        modules.environment.update({"REQUESTS_CA_BUNDLE": "", name: "/nowhere/bundle.pem"})
        failure(modules, "tallyfy_organization_info", f"{name} /nowhere/bundle.pem does not exist")
        assert secured.ledger() == []

    def test_a_variable_that_requests_does_not_read(self, modules: Modules, certificate: tuple[Path, Path]) -> None:
        modules.environment["SSL_CERT_FILE"] = str(certificate[0])
        modules.use(max_wait=0)
        failure(modules, "tallyfy_organization_info", "the TLS connection failed", "(not SSL_CERT_FILE)")

    def test_https_where_plain_http_is_spoken(self, modules: Modules) -> None:
        with another_host() as (url, seen):
            secure = url.replace("http:", "https:")
            modules.use(api_url=f"{secure}/api", token_url=f"{secure}/oauth/token", max_wait=0)
            failure(modules, "tallyfy_organization_info", f"POST {secure}/oauth/token: the TLS connection failed: ")
            assert seen == []


def asking(*terms: str) -> str:
    """Return a play that asks the lookup with each of these arguments, and goes on after a failure."""
    head = "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
    return head + "".join(
        f"    - name: Ask {number}\n"
        "      ansible.builtin.debug:\n"
        f"        msg: got {{{{ lookup('tallyfy.platform.token', {term}) | length }}}} characters\n"
        "      ignore_errors: true\n"
        for number, term in enumerate(terms)
    )


def answers_of(playbooks: Playbooks, *terms: str, **environment: str) -> list[str]:
    """Return what was printed for each of these arguments of the lookup."""
    done = playbooks.run(asking(*terms), **environment)
    assert done.returncode == 0, done.stdout
    assert "InsecureRequestWarning" not in done.stdout
    return [" ".join(part.split()) for part in done.stdout.split("TASK [Ask ")[1:]]


class TestLookup:
    """What the lookup reads by itself, on every ansible-core."""

    variables = tuple(name for _default, names in OPTIONS.values() for name in names)

    @pytest.mark.parametrize("blank", ["", " "])
    def test_blank_variables_do_not_switch_certificates_off(self, secured: Sandbox, tmp_path: Path, blank: str) -> None:
        secured.reset()
        playbooks = Playbooks(secured, tmp_path)
        options = ", ".join(
            f"{name}='{value}'"
            for name, value in {
                "api_url": secured.api_url, "token_url": secured.token_url, "organization_id": secured.org_id,
                "client_id": secured.client_id, "client_secret": secured.client_secret, "max_wait": "0",
            }.items()
        )  # fmt: skip
        terms = [options + more for more in ("", ", validate_certs=''", ", validate_certs=false")]
        *refused, switched_off = answers_of(playbooks, *terms, **dict.fromkeys(self.variables, blank))
        assert all("the TLS connection failed" in answer for answer in refused)
        assert "characters" in switched_off
        assert len(secured.sign_ins()) == len(secured.ledger()) == 1

    def test_variables_count_and_options_win(self, sandbox: Sandbox, playbooks: Playbooks) -> None:
        terms = ("min_ttl='60'", "timeout=5, min_ttl='60'")
        refused, given = answers_of(playbooks, *terms, TALLYFY_TIMEOUT="soon")
        assert "unable to convert to float" in refused
        assert "characters" in given
        assert len(sandbox.sign_ins()) == 1

    def test_blank_member_is_not_the_application(self, sandbox: Sandbox, playbooks: Playbooks) -> None:
        for answer in answers_of(playbooks, "''", "' '", "none"):
            assert "the member is blank" in answer
        assert sandbox.sign_ins() == []


class TestAnswers:
    """Answers that are not what the service is known to send. ``*`` meets everything but the sign-in before it."""

    @every_task
    def test_a_web_page(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.use(max_wait=0)
        sandbox.fault(path="/organizations/*", times=None, body=PAGE)
        failure(
            modules, module, "GET /organizations/", "the answer is not JSON (HTTP 200, text/html, starting '<html>",
            "Check that api_url is the address of the API.", **TASKS[module],
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("fault", "said"),
        [({"half_body": True}, ("GET ", "no complete answer")),
         ({"body": '{"data": [{"id": '}, ("GET /organizations/", "the answer is not JSON")),
         ({"empty": True}, ("GET /organizations/", "the answer is empty (HTTP 200)"))],
        ids=["body", "JSON", "empty"],
    )  # fmt: skip
    @every_task
    def test_half_an_answer(
        self, sandbox: Sandbox, modules: Modules, module: str, fault: dict[str, Any], said: tuple[str, ...]
    ) -> None:
        modules.use(max_wait=0)
        sandbox.fault(path="/organizations/*", times=None, **fault)
        failure(modules, module, f"/organizations/{sandbox.org_id}", *said, **TASKS[module])

    @pytest.mark.parametrize(
        "body",
        ["[]", "null", "5", '"text"', "{}", '{"data": null}', '{"data": {}}', '{"data": "text"}', '{"data": [null]}',
         '{"data": [[]]}', '{"data": [{}]}', '{"data": [{"id": "x"}]}', '{"data": [{"id": {}}]}',
         '{"data": [{"id": null, "email": "bob@example.com"}]}', '{"data": [{"id": 1, "email": 5, "status": []}]}',
         '{"data": [], "meta": []}', '{"data": [], "meta": {"pagination": {"total": "many"}}}',
         '{"data": [{"id": 1, "email": "bob@example.com", "organizations": 7}], "meta": {"pagination": 1}}'],
    )  # fmt: skip
    @every_task
    def test_json_of_another_shape(self, sandbox: Sandbox, modules: Modules, module: str, body: str) -> None:
        """Whatever it is, it is either understood or clearly refused."""
        sandbox.fault(method="GET", path="/organizations/*", times=None, body=body)
        arguments = dict(TASKS[module])
        if module == "tallyfy_user":
            arguments["groups"] = {"set": []}
        for more in ({}, {"complete": True}) if module == "tallyfy_user_info" else ({},):
            result = modules.run(module, **arguments, **more)
            if result.get("failed"):
                reported(result)

    @pytest.mark.parametrize(
        "groups", ['[{"name": 5}]', '[{"id": 1, "members": 5}]', '[{"name": "x", "members": ["y"]}]']
    )
    def test_groups_of_another_shape(self, sandbox: Sandbox, modules: Modules, groups: str) -> None:
        sandbox.fault(method="GET", path="/organizations/*/groups", times=None, body=f'{{"data": {groups}}}')
        for module, arguments in (
            ("tallyfy_user_info", {"complete": True}), ("tallyfy_user", {"email": BOB, "groups": {"set": []}}),
        ):  # fmt: skip
            result = modules.run(module, **arguments)
            if result.get("failed"):
                reported(result)

    def test_fields_that_are_not_stored(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(drop_fields=["job_title"])
        result = modules.fail("tallyfy_user", email=BOB, job_title="Lead", phone="+1")
        reported(
            result, BOB, "answered with success but did not store job_title (job_title is 'Analyst')", "Check that"
        )
        assert result["not_stored"] == ["job_title"]
        assert result["failed_action"]["action"] == "updated"

    def test_a_field_of_a_new_member_that_is_not_stored(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(drop_fields=["job_title"])
        result = modules.fail("tallyfy_user", **MARY, job_title="Lead")
        reported(result, "did not store job_title")
        assert result["changed"] is True
        assert [action["action"] for action in result["actions"]] == ["created"]

    @pytest.mark.parametrize("unreadable", [{"body": PAGE}, {"status": 500}, {"half_body": True}, {"cut": "after"}])
    def test_a_deletion_whose_answer_is_lost_is_looked_at(
        self, sandbox: Sandbox, modules: Modules, unreadable: dict[str, Any]
    ) -> None:
        modules.use(max_wait=0)
        sandbox.fault(method="DELETE", times=None, apply=True, **unreadable)
        assert modules.succeed("tallyfy_user", email=BOB, state="disabled")["changed"] is True
        assert len(sandbox.ledger(method="DELETE")) == 1
        assert modules.succeed("tallyfy_user", email=BOB, state="disabled")["changed"] is False


class TestDoubts:
    """After a failure that leaves open whether a write was carried out, nobody is told that nothing changed."""

    POST = {"method": "POST", "path": "/organizations/{org_id}/groups", "body": {"name": "Fresh", "description": "x"}}

    @pytest.mark.parametrize(
        "fault",
        [
            {"cut": "after"}, {"empty": True, "status": 504, "apply": True}, {"status": 408, "apply": True},
            {"status": 499, "apply": True}, {"status": 502}, {"status": 200, "body": PAGE, "apply": True},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_raw_post_is_not_to_be_repeated_blindly(
        self, sandbox: Sandbox, modules: Modules, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(method="POST", path="/organizations/*/groups", **fault)
        result = modules.fail("tallyfy_api", **self.POST)
        reported(result, "It may have been carried out. Do not just run it again", "method=GET")
        assert (result["changed"], result["actions"]) == (True, [])
        assert result["failed_action"]["action"] == "created"
        assert len(sandbox.writes()) == 1

    def test_a_raw_post_that_was_refused_is_no_change(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="POST", path="/organizations/*/groups", times=None, status=429)
        assert modules.fail("tallyfy_api", **self.POST)["changed"] is False

    @pytest.mark.parametrize(
        ("module", "arguments"),
        [
            ("tallyfy_user", {"email": BOB, "team": "New"}), ("tallyfy_user", {"email": BOB, "state": "disabled"}),
            ("tallyfy_user", {"email": BOB, "role": "light"}),
            ("tallyfy_group", {"name": "People", "members": {"set": []}}),
            ("tallyfy_group", {"name": "People", "state": "absent"}),
            ("tallyfy_guest", {"email": "partner@example.org", "state": "deleted"}),
            ("tallyfy_roster", {"people": [{"email": BOB, "team": "New"}]}),
            ("tallyfy_api", {"method": "PUT", "path": f"/organizations/{{org_id}}/groups/{LEGACY_GROUP}",
                             "body": {"name": "Elders"}, "only_if_different": True}),
        ],
        ids=str,
    )  # fmt: skip
    def test_writes_that_always_fail_may_have_been_carried_out(
        self, sandbox: Sandbox, modules: Modules, module: str, arguments: dict[str, Any]
    ) -> None:
        modules.use(max_wait=0)
        for method in ("PUT", "DELETE"):
            sandbox.fault(method=method, times=None, status=502, path="/organizations/*")
        result = modules.fail(module, **arguments)
        assert result["changed"] is True

    def test_a_failure_behind_a_write_does_not_hide_it(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(method="DELETE", empty=True, status=200, apply=True)
        sandbox.fault(route="members.list", skip=1, times=None, status=403)
        result = modules.fail("tallyfy_user", email=BOB, state="disabled")
        assert result["changed"] is True
        assert sandbox.member(BOB)["status"] == "disabled"

    def test_a_deletion_that_did_nothing(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0)
        sandbox.fault(method="DELETE", empty=True, status=200, times=None)
        for module, arguments in (
            ("tallyfy_api", {"method": "DELETE", "path": f"/organizations/{{org_id}}/groups/{LEGACY_GROUP}"}),
            ("tallyfy_group", {"name": "Legacy Team", "state": "absent"}),
            ("tallyfy_guest", {"email": "partner@example.org", "state": "deleted"}),
            ("tallyfy_user", {"email": BOB, "state": "disabled"}),
            ("tallyfy_process", {"template": "New hire onboarding", "reference": "HR-10293", "state": "archived"}),
            ("tallyfy_offboarding", {"guests": ["partner@example.org"], "max_removals": 2}),
            ("tallyfy_offboarding", {"people": [{"email": BOB}], "max_removals": 2}),
        ):
            reported(modules.fail(module, **arguments))

    def test_what_a_put_wipes_is_reported(self, sandbox: Sandbox, modules: Modules) -> None:
        number = sandbox.member(BOB)["id"]
        sandbox.patch_run(RUNNING, users=[number])
        put = {
            "method": "PUT", "path": f"/organizations/{{org_id}}/runs/{RUNNING}", "body": {"name": "Renamed"},
            "only_if_different": True,
        }  # fmt: skip
        result = modules.succeed("tallyfy_api", **put)
        assert "Tallyfy also changed users, which was not sent" in result["notes"][0]
        assert (result["diff"]["before"]["users"], result["diff"]["after"]["users"]) == ([number], [])
        assert modules.succeed("tallyfy_api", **put)["changed"] is False

    def test_an_archived_process_is_still_there(self, modules: Modules) -> None:
        modules.use(max_wait=0)
        path = f"/organizations/{{org_id}}/runs/{RUNNING}"
        for changed in (True, False):
            assert modules.succeed("tallyfy_api", method="DELETE", path=path)["changed"] is changed


class TestRefusals:
    def test_read_only_organization(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(read_only=True)
        reported(modules.fail("tallyfy_user", email=BOB, team="New"), "PUT /organizations/", "HTTP 4")
        reported(modules.fail("tallyfy_user", **MARY), "POST /applications/", "HTTP 4")
        modules.succeed("tallyfy_user", email=BOB)

    def test_no_seat_left(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.switch(seat_limit_light=0, seat_limit_full=0)
        result = modules.fail("tallyfy_user", **MARY)
        reported(result, "POST /applications/", "HTTP 409", "Free a seat or buy more")
        assert result["changed"] is False
        assert result["actions"] == []
        assert result["failed_action"]["action"] == "created"

    def test_values_that_are_refused(self, sandbox: Sandbox, modules: Modules) -> None:
        result = modules.fail("tallyfy_user", email=BOB, country_id=99999)
        reported(result, "PUT /organizations/", "HTTP 422", "country")
        assert list(result["errors"]) == ["country_id"]

    def test_an_unfinished_run_names_what_it_did(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="groups.update", times=None, status=403)
        desired = {**MARY, "team": "Ops", "groups": {"add": ["People", "Engineering"]}}
        result = modules.fail("tallyfy_user", **desired)
        reported(result, "PUT /organizations/", "/groups/", "HTTP 403")
        assert result["changed"] is True
        assert [action["action"] for action in result["actions"]] == ["created", "updated"]
        assert result["failed_action"]["action"] == "added_to_group"
        assert result["failed_action"]["target"] == "Engineering"
        sandbox.clear_faults()
        finished = modules.succeed("tallyfy_user", **desired)
        assert [action["action"] for action in finished["actions"]] == ["added_to_group", "added_to_group"]

    def test_a_deletion_that_stops_half_way(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="members.delete", times=None, status=403)
        result = modules.fail("tallyfy_user", email=BOB, state="deleted")
        assert result["changed"] is True
        assert [action["action"] for action in result["actions"]] == ["disabled"]
        assert result["failed_action"]["action"] == "deleted"


class TestLimits:
    @every_module
    def test_a_wait_that_is_too_long_is_reported_at_once(self, sandbox: Sandbox, modules: Modules, module: str) -> None:
        modules.succeed("tallyfy_token")
        sandbox.fault(times=None, status=429, headers={"Retry-After": "3600"})
        arguments = {"renew": True} if module == "tallyfy_token" else TASKS[module]
        result = failure(modules, module, "HTTP 429", f"Run it again after {'20'}", "max_wait", **arguments)
        not_before = datetime.datetime.strptime(result["not_before"], "%Y-%m-%dT%H:%M:%S%z")
        ahead = (not_before - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        assert 3500 < ahead <= 3600
        assert len(sandbox.ledger()) == 2

    def test_a_short_wait_is_obeyed(self, sandbox: Sandbox, modules: Modules) -> None:
        sandbox.fault(route="organization.get", status=429, headers={"Retry-After": "1"})
        modules.succeed("tallyfy_organization_info")
        refused, answered = sandbox.ledger(route="organization.get")
        assert answered["at"] - refused["at"] >= 0.99

    @pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
    def test_one_failure_of_the_service_is_survived(self, sandbox: Sandbox, modules: Modules, method: str) -> None:
        sandbox.fault(method=method, path="/[oa][rp]*", status=500)
        arguments = {"email": BOB, "team": "New"} if method != "POST" else MARY
        assert modules.succeed("tallyfy_user", **arguments)["changed"] is True
        assert [entry["status"] for entry in sandbox.ledger(method=method) if entry["fault"]] == [500]

    def test_a_service_that_stays_down(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(max_wait=0)
        sandbox.fault(path="/organizations/*", times=None, status=503)
        failure(modules, "tallyfy_user_info", "GET /organizations/", "HTTP 503", "run it again later")


class TestEnvironment:
    """Options from the environment, where AWX also puts empty ones."""

    def test_everything_from_the_environment(self, sandbox: Sandbox, modules: Modules) -> None:
        names = {"api_url", "token_url", "org_id", "client_id", "client_secret"}
        modules.environment.update({f"TALLYFY_{name.upper()}": str(modules.options[name]) for name in names})
        modules.use(**dict.fromkeys(names))
        modules.environment.update(
            TALLYFY_ACT_AS="", TALLYFY_ACCESS_TOKEN="", TALLYFY_API_TOKEN=" ", TALLYFY_TIMEOUT="", TALLYFY_CA_PATH="",
            TALLYFY_VALIDATE_CERTS="", TALLYFY_RATE_LIMIT="", TALLYFY_MAX_WAIT="", TALLYFY_STATE_DIR="",
        )  # fmt: skip
        result = modules.succeed("tallyfy_organization_info")
        assert result["organization"]["id"] == sandbox.org_id
        assert result["caller"]["kind"] == "application"

    def test_the_second_variable_when_the_first_is_empty(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(client_id=None, client_secret=None)
        modules.environment.update(TALLYFY_ACCESS_TOKEN="", TALLYFY_API_TOKEN=sandbox.issue_token(ALICE))
        assert modules.succeed("tallyfy_organization_info")["caller"]["kind"] == "given"

    def test_a_given_token_is_preferred_to_credentials_of_the_environment(
        self, sandbox: Sandbox, modules: Modules
    ) -> None:
        modules.environment.update(
            TALLYFY_CLIENT_ID=sandbox.client_id, TALLYFY_CLIENT_SECRET=sandbox.client_secret, TALLYFY_ACT_AS=BOB
        )
        modules.use(client_id=None, client_secret=None, access_token=sandbox.issue_token(ALICE))
        assert modules.succeed("tallyfy_organization_info")["caller"]["kind"] == "given"
        assert sandbox.sign_ins() == []

    def test_nothing_to_sign_in_with(self, sandbox: Sandbox, modules: Modules) -> None:
        modules.use(client_id=None, client_secret=None, org_id=None)
        modules.environment.update(TALLYFY_CLIENT_ID="", TALLYFY_CLIENT_SECRET="", TALLYFY_ORG_ID="")
        failure(
            modules, "tallyfy_organization_info", "org_id is not set: set the option or TALLYFY_ORG_ID",
            "no credentials are set", "TALLYFY_CLIENT_ID", "TALLYFY_ACCESS_TOKEN",
        )  # fmt: skip
        assert sandbox.ledger() == []

    def test_half_of_the_credentials(self, modules: Modules) -> None:
        modules.use(client_secret=None)
        failure(modules, "tallyfy_organization_info", "client_secret is not set, but client_id is")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("TIMEOUT", "soon"), ("MAX_WAIT", "-1"), ("RATE_LIMIT", "many"), ("VALIDATE_CERTS", "perhaps")],
    )
    def test_nonsense_in_a_variable(self, sandbox: Sandbox, modules: Modules, name: str, value: str) -> None:
        modules.use(max_wait=None)
        modules.environment[f"TALLYFY_{name}"] = value
        failure(modules, "tallyfy_organization_info", name.lower())
        assert sandbox.ledger() == []


def test_without_requests(playbooks: Playbooks) -> None:
    """The one Python dependency is missing: modules, roles and lookups name it, and the command that installs it."""
    stub = playbooks.folder / "stub" / "requests"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ModuleNotFoundError('No module', name='requests')\n")
    done = playbooks.run(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask a module
      tallyfy.platform.tallyfy_user_info:
      ignore_errors: true
    - name: Ask for a token
      tallyfy.platform.tallyfy_token:
      ignore_errors: true
    - name: Ask the lookup
      ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token') }}"
      ignore_errors: true
    - name: Run a role
      ansible.builtin.include_role:
        name: tallyfy.platform.export_roster
      vars:
        export_roster_dest: roster.yml
""",
        PYTHONPATH=str(stub.parent),
    )
    assert done.returncode == 2
    words = " ".join(done.stdout.split())
    command = f"Install it for {sys.executable}: {sys.executable} -m pip install 'requests>=2.25.1' 'urllib3>=1.26'"
    message = f"The Python library requests is missing. {command}"
    tasks = words.split("TASK [")
    for name in ("Ask a module]", "Ask for a token]", "tallyfy.platform.export_roster : Export the roster]"):
        (task,) = [text for text in tasks if text.startswith(name)]
        assert f'"{message}' in task
    assert f"The lookup tallyfy.platform.token cannot run. {message}" in words
