# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies and certificates: which way a secret takes, and whom it is given to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import WAYS, Modules, Playbooks
from tests.certificates import Authority, self_signed
from tests.wires import Proxy, running_proxy, speaking_tls

pytestmark = pytest.mark.any_core

LOOK = "tallyfy_organization_info"
HOST = "tallyfy.test"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


def port_of(sandbox: Sandbox) -> int:
    port = urlsplit(sandbox.url).port
    assert port is not None
    return port


@pytest.fixture
def proxy(sandbox: Sandbox, modules: Modules) -> Iterator[Proxy]:
    """A proxy that the environment names, with nothing that is to be reached without it."""
    with running_proxy() as running:
        modules.environment.update(dict.fromkeys(PROXY_VARIABLES, running.url), no_proxy="", NO_PROXY="")
        yield running


def use_host(modules: Modules, address: str) -> None:
    modules.use(api_url=f"{address}/api", token_url=f"{address}/oauth/token", max_wait=0)


# --- proxies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"])
def test_a_secret_for_this_machine_goes_through_no_proxy(
    sandbox: Sandbox, modules: Modules, proxy: Proxy, host: str
) -> None:
    use_host(modules, f"http://{host}:{port_of(sandbox)}")
    modules.succeed(LOOK)
    assert len(sandbox.sign_ins()) == 1
    assert proxy.seen == b""


def test_nor_does_a_secret_that_is_encrypted(
    sandbox: Sandbox, modules: Modules, proxy: Proxy, authority: Authority
) -> None:
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        modules.use(ca_path=str(authority.file))
        modules.succeed(LOOK)
    assert proxy.seen == b""


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.1.", "localhost.", "[::1%25lo]", "[::]"]
)
def test_other_spellings_of_this_machine_are_refused(
    sandbox: Sandbox, modules: Modules, proxy: Proxy, host: str
) -> None:
    use_host(modules, f"http://{host}:{port_of(sandbox)}")
    message = modules.fail(LOOK)["msg"]
    assert message.startswith("api_url ")
    assert sandbox.ledger() == []
    assert proxy.seen == b""


def test_a_tunnel_through_a_proxy(sandbox: Sandbox, modules: Modules, authority: Authority) -> None:
    certificate = authority.issue(HOST)
    with speaking_tls(certificate, port_of(sandbox)) as port, running_proxy({HOST: port}) as proxy:
        modules.environment.update(https_proxy=proxy.url, no_proxy="")
        use_host(modules, f"https://{HOST}")
        modules.use(ca_path=str(authority.file))
        modules.succeed(LOOK)
        assert proxy.seen.startswith(f"CONNECT {HOST}:443 ".encode())
        assert len(sandbox.ledger()) == 2
        assert_no_secret(sandbox, proxy)


@pytest.mark.parametrize("flaw", ["other host", "self-signed", "expired"])
def test_a_tunnel_to_somebody_else_gets_no_secret(
    sandbox: Sandbox, modules: Modules, authority: Authority, tmp_path: Path, flaw: str
) -> None:
    certificate = {
        "other host": lambda: authority.issue("other.test"),
        "self-signed": lambda: self_signed(tmp_path),
        "expired": lambda: authority.issue(HOST, days=(-9, -2)),
    }[flaw]()
    with speaking_tls(certificate, port_of(sandbox)) as port, running_proxy({HOST: port}) as proxy:
        modules.environment.update(https_proxy=proxy.url, no_proxy="")
        use_host(modules, f"https://{HOST}")
        modules.use(ca_path=str(authority.file))
        message = modules.fail(LOOK)["msg"]
        assert message.startswith(f"POST https://{HOST}/oauth/token: the TLS connection failed: ")
        assert_no_secret(sandbox, proxy)
    assert sandbox.ledger() == []


def assert_no_secret(sandbox: Sandbox, proxy: Proxy) -> None:
    for secret in (sandbox.client_secret, "client_secret", "Bearer", "authorization"):
        assert secret.encode() not in bytes(proxy.seen)


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.fixture
def trusting(modules: Modules, authority: Authority) -> Modules:
    modules.use(ca_path=str(authority.file))
    return modules


@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("name", ["ca_path", "TALLYFY_CA_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authority_is_trusted_that_is_named(
    sandbox: Sandbox, modules: Modules, authority: Authority, tmp_path: Path, name: str, kind: str
) -> None:
    path = str(authority.file if kind == "file" else authority.directory(tmp_path / "certificates"))
    if name == "ca_path":
        modules.use(ca_path=path)
    else:
        # The first of them that holds something counts.
        modules.environment.update({"REQUESTS_CA_BUNDLE": "", name: path})
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        modules.succeed(LOOK)


CLOCK = "the clock of the machine that runs the task"
OTHER_CA = "set ca_path or REQUESTS_CA_BUNDLE"


@pytest.mark.parametrize(
    ("flaw", "reason", "advice"),
    [
        ("other host", "certificate is not valid for '127.0.0.1'", "Check the host in api_url and token_url"),
        ("self-signed", "self-signed certificate", OTHER_CA),
        ("other authority", "unable to get local issuer certificate", OTHER_CA),
        ("expired", "certificate has expired", CLOCK),
        ("not yet valid", "certificate is not yet valid", CLOCK),
    ],
)
def test_a_certificate_that_proves_nothing_gets_no_secret(
    sandbox: Sandbox, trusting: Modules, authority: Authority, tmp_path: Path, flaw: str, reason: str, advice: str
) -> None:
    certificate = {
        "other host": lambda: authority.issue("other.test"),
        "self-signed": lambda: self_signed(tmp_path),
        "other authority": lambda: Authority(tmp_path, "Other").issue("127.0.0.1"),
        "expired": lambda: authority.issue("127.0.0.1", days=(-9, -2)),
        "not yet valid": lambda: authority.issue("127.0.0.1", days=(2, 9)),
    }[flaw]()
    with speaking_tls(certificate, port_of(sandbox)) as port:
        use_host(trusting, f"https://127.0.0.1:{port}")
        message = trusting.fail(LOOK)["msg"]
        assert message.startswith(f"POST https://127.0.0.1:{port}/oauth/token: the TLS connection failed: ")
        assert reason in message.replace("self signed", "self-signed")
        assert advice in message
        assert sandbox.ledger() == []
        # Without validation the same server is accepted.
        trusting.use(validate_certs=False)
        trusting.succeed(LOOK)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_no_other_bundle_counts_beside_ca_path(
    sandbox: Sandbox, modules: Modules, authority: Authority, tmp_path: Path, variable: str
) -> None:
    modules.use(ca_path=str(Authority(tmp_path, "Other").file))
    modules.environment[variable] = str(authority.file)
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        assert "the TLS connection failed" in modules.fail(LOOK)["msg"]
    assert sandbox.ledger() == []


def test_a_directory_without_names_that_are_looked_for(
    sandbox: Sandbox, modules: Modules, authority: Authority, folder: Path
) -> None:
    modules.use(ca_path=str(folder))
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        message = modules.fail(LOOK)["msg"]
    assert f"ca_path {folder} contains no certificates with names as created by openssl rehash" in message


# --- switching the check off ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [False, "no", "off", "0", 0, "False", "n"])
@pytest.mark.parametrize("place", ["option", "environment"])
def test_a_no_switches_the_check_off(
    sandbox: Sandbox, modules: Modules, authority: Authority, place: str, value: object
) -> None:
    if place == "option":
        modules.use(validate_certs=value)
    else:
        modules.environment["TALLYFY_VALIDATE_CERTS"] = str(value)
    with speaking_tls(authority.issue("other.test"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        modules.succeed(LOOK)


@pytest.mark.parametrize("value", ["", " ", "maybe", "none", "2", "nope", "yes"])
@pytest.mark.parametrize("place", ["option", "environment"])
def test_nothing_else_does(sandbox: Sandbox, modules: Modules, authority: Authority, place: str, value: str) -> None:
    if place == "option":
        modules.use(validate_certs=value)
    else:
        modules.environment["TALLYFY_VALIDATE_CERTS"] = value
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        use_host(modules, f"https://127.0.0.1:{port}")
        message = modules.fail(LOOK)["msg"]
    assert "the TLS connection failed" in message or "validate_certs" in message
    assert sandbox.ledger() == []


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Look
      tallyfy.platform.tallyfy_organization_info:
      vars:
        tallyfy_validate_certs: "{{ item }}"
        tallyfy_in_process: IN_PROCESS
      loop: ["", " ", maybe, null, false, "no"]
      ignore_errors: true
      register: looks
    - name: Show
      ansible.builtin.debug:
        msg: "failed: {{ looks.results | map(attribute='failed', default=false) | join(', ') }}."
"""


def test_the_variable_is_no_other(sandbox: Sandbox, playbooks: Playbooks, authority: Authority) -> None:
    with speaking_tls(authority.issue("127.0.0.1"), port_of(sandbox)) as port:
        address = f"https://127.0.0.1:{port}"
        run = playbooks.run(
            PLAY.replace("IN_PROCESS", "true") + PLAY.replace("IN_PROCESS", "false"),
            TALLYFY_API_URL=f"{address}/api", TALLYFY_TOKEN_URL=f"{address}/oauth/token", TALLYFY_MAX_WAIT="0",
        )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("failed: True, True, True, True, False, False.") == 2
    assert sandbox.client_secret not in run.stdout
