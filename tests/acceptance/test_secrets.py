# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is ever shown: every module and the lookup, every way to fail, every place where something is kept.

The tokens are planted: sign-ins are answered with tokens that the test knows, and errors echo them in all spellings.
"""

from __future__ import annotations

import base64
import json
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.running import AS_MODULE, IN_PROCESS, WAYS, Modules, Playbooks
from tests.people import ALICE, BOB
from tests.spellings import ISSUED, ISSUED_IN_BASE64, forms, pieces

WRONG_SECRET = 'wr0ng "Geheimnis"/+=%&\'\\ü-4711'
PROXY_PASSWORD = "proxy-pass/word+=0815"
# What the browser flow works with; a state is what somebody chose, and a code what the service did.
STATE, CODE = 'st4te-"odd"/+=%&-0816-Zustand', "c0de-def502/odd+=-0817-Kennwort"
VERIFIER = "v3rifier.0818~" * 4
REDIRECT = "https://app.example.com/auth/callback"


@dataclass(frozen=True)
class Planted:
    """The secrets of one run: what may never be seen."""

    client_secret: str
    application_token: str
    user_token: str

    def all(self) -> tuple[str, ...]:
        known = (self.client_secret, self.application_token, self.user_token)
        return (*known, WRONG_SECRET, PROXY_PASSWORD, STATE, CODE, VERIFIER)


def assert_clean(planted: Planted, where: str, text: str) -> None:
    """Fail with the place when any piece of any secret is in the text."""
    for secret in planted.all():
        for piece in pieces(secret):
            at = text.find(piece)
            assert at < 0, f"{where} holds {piece!r}: …{text[max(0, at - 300) : at + 200]}…"
    for piece in (ISSUED, ISSUED_IN_BASE64):
        assert piece not in text, f"{where} holds a token: …{text[max(0, text.find(piece) - 300) :][:500]}…"


def assert_clean_files(planted: Planted, root: Path) -> set[str]:
    """Check every file below a folder, and return the names of all."""
    seen = set()
    for path in root.rglob("*"):
        assert_clean(planted, f"the name {path.name}", path.name)
        if path.is_file():
            seen.add(path.name)
            assert_clean(planted, str(path), path.read_bytes().decode("utf-8", "replace"))
    return seen


@pytest.fixture
def planted(sandbox: Sandbox) -> Planted:
    """Answer every sign-in with a token that is known here and works."""
    known = Planted(sandbox.client_secret, sandbox.issue_token(), sandbox.issue_token(ALICE))
    plant(sandbox, known)
    return known


# --- modules, all of them with all errors -----------------------------------------------------------------------------

TASKS: dict[str, dict[str, Any]] = {
    "tallyfy_api": {"path": "/organizations/{org_id}/groups"},
    "tallyfy_offboarding": {
        "people": [{"email": BOB, "reassign_to": ALICE}, {"email": "dana.lee@example.com", "reassign_to": ALICE}],
        "guests": ["partner@example.org"],
        "report": "leavers.md",
    },
    "tallyfy_onboarding": {
        "people": [{"email": BOB, "team": "New", "groups": ["Engineering"]}],
        "process": {"template": "Welcome tour", "tags": ["Urgent"]},
        "ensure_groups": [{"name": "People", "description": "New"}],
        "ensure_guests": [{"email": "partner@example.org", "associated_members": [BOB]}],
    },
    "tallyfy_organization_info": {},
    "tallyfy_roster": {"people": [{"email": BOB, "team": "New", "groups": ["Engineering"]}]},
    "tallyfy_user": {"email": BOB, "team": "New", "groups": {"add": ["Engineering"]}},
    "tallyfy_user_info": {"complete": True},
    "tallyfy_token": {},
}


#: What is masked by ansible-core in a process of its own is masked in the same way for all of them.
of_all_modules = pytest.mark.parametrize(
    ("module", "way"),
    [*((module, IN_PROCESS) for module in TASKS if module != "tallyfy_token"), ("tallyfy_user", AS_MODULE)],
)
both_ways = pytest.mark.parametrize("way", WAYS)


def errors(sent: list[str]) -> dict[str, dict[str, Any]]:
    """Return what can come back for a request, quoting every secret that went into it in every spelling."""
    echo = " and ".join(form for secret in sent for form in sorted(forms(secret)))
    token = sent[-1]
    page = f"<html><pre>Authorization: Bearer {token}</pre>{echo}</html>"
    answers: dict[str, dict[str, Any]] = {
        str(status): {
            "status": status,
            "body": {"error": True, "message": echo, "code": echo, "errors": {echo: [echo]}},
        }
        for status in (400, 401, 403, 404, 409, 418, 422, 429, 500, 503)
    }
    # Long quotations are cut; what is left of a secret then must not be shown either.
    for before in range(180, 300, 15):
        for secret in sent:
            message = "x" * before + f" {secret} {quote(secret, safe='')}"
            answers[f"torn after {before}, {secret[:3]}"] = {"status": 422, "body": {"message": message}}
    location = f"https://{quote(sent[0], safe='')}@example.com/{token}?token={token}#access_token={token}"
    return answers | {
        "page": {"status": 500, "body": page},
        "page as an answer": {"body": page},
        "torn page": {"body": f"<p>Authorization: Bearer {token}</p>"},
        "text": {"status": 403, "body": echo},
        "content type": {"body": "x", "content_type": f"text/html+{token}; charset=UTF-8"},
        "oauth": {"status": 401, "body": {"error": "invalid_client", "error_description": echo, "hint": echo}},
        "half a body": {"half_body": True},
        "half of the JSON": {"body": f'{{"data": [{{"id": "{token}'},
        "empty": {"empty": True},
        "cut": {"cut": "before"},
        "redirect": {"status": 302, "headers": {"Location": location}},
        "redirect with a new token": {"status": 302, "headers": {"Location": f"https://example.com/#token={ISSUED}.a"}},
        "a list of secrets": {"body": {"data": sent}},
        "a record of secrets": {"body": {"data": {"id": token, "name": echo, "access_token": [token]}}},
        "records of secrets": {"body": {"data": [{"id": 1, "email": token, "first_name": echo, "name": echo}]}},
        "request number": {"status": 500, "headers": {"X-Request-Id": token}},
    }  # fmt: skip


@pytest.mark.parametrize("act_as", [None, ALICE], ids=["application", "user"])
@of_all_modules
def test_modules(sandbox: Sandbox, modules: Modules, planted: Planted, module: str, act_as: str | None) -> None:
    """Whatever comes back for a request of a module, what it returns is free of secrets."""
    # No pace is to be learned from all these refusals.
    modules.use(max_wait=0, rate_limit=0, act_as=act_as)
    assert_clean(planted, module, shown(modules, module))
    assert_clean(planted, module, shown(modules, module, check_mode=True))
    token = planted.user_token if act_as else planted.application_token
    for name, case in errors([planted.client_secret, token]).items():
        fault = sandbox.fault(path="/organizations/*", times=None, **case)
        assert_clean(planted, f"{module} ({name})", shown(modules, module, check_mode=name.startswith("torn")))
        hits = {one["id"]: one["hits"] for one in sandbox.faults()}
        assert hits[fault], name
        sandbox.clear_faults()
        plant(sandbox, planted)
    assert_clean_files(planted, Path(modules.options["state_dir"]))


@both_ways
@pytest.mark.parametrize("user", [None, ALICE], ids=["application", "user"])
def test_signing_in(sandbox: Sandbox, modules: Modules, planted: Planted, user: str | None) -> None:
    """Whatever comes back for a sign-in is not shown with a secret in it."""
    modules.use(max_wait=0)
    shown(modules, "tallyfy_token")
    sent = [planted.client_secret, planted.application_token] if user else [planted.client_secret]
    for name, case in errors(sent).items():
        sandbox.clear_faults()
        sandbox.fault(route="applications.token" if user else "oauth.token", times=None, **case)
        plant(sandbox, planted)
        text = shown(modules, "tallyfy_token", user=user, renew=True)
        assert_clean(planted, f"tallyfy_token ({name})", text)
    assert_clean_files(planted, Path(modules.options["state_dir"]))


def answered(mark: str = "?", **parameters: str) -> dict[str, Any]:
    """Return the arguments of a task that takes the answer of the sign-in page with these parameters."""
    verifier = {} if "access_token" in parameters else {"code_verifier": VERIFIER}
    return {
        "name": "alice",
        "redirect_response": f"{REDIRECT}{mark}{urlencode(parameters)}",
        "redirect_uri": REDIRECT,
        "expected_state": STATE,
        **verifier,
    }


@both_ways
@pytest.mark.parametrize("asked_for", ["token", "code"])
def test_authorizing(sandbox: Sandbox, modules: Modules, planted: Planted, asked_for: str) -> None:
    """Whatever comes back for a code or for a token out of a browser is not shown with a secret in it."""
    modules.use(max_wait=0)
    issued = {"access_token": planted.user_token, "token_type": "Bearer", "expires_in": "600"}
    given = answered(state=STATE, **({"code": CODE} if asked_for == "code" else issued))
    route = "oauth.token" if asked_for == "code" else "me.in_organization"
    # Only what the run knows by then can be quoted back.
    sent = [VERIFIER, STATE, CODE, planted.client_secret] if asked_for == "code" else [STATE, planted.user_token]
    for number, (name, case) in enumerate(errors(sent).items()):
        sandbox.clear_faults()
        fault = sandbox.fault(route=route, times=None, **case)
        # A cache of its own, or the code would count as used.
        cache = f"{modules.options['state_dir']}-{number}"
        text = shown(modules, "tallyfy_authorization", state_dir=cache, **given)
        assert_clean(planted, f"tallyfy_authorization ({name})", text)
        assert_clean_files(planted, Path(cache))
        assert {one["id"]: one["hits"] for one in sandbox.faults()}[fault], name
    sandbox.clear_faults()
    sandbox.fault(route="oauth.token", times=None, body=issued)
    assert '"kept_as": "alice"' in shown(modules, "tallyfy_authorization", **given)
    assert_clean(planted, "check mode", shown(modules, "tallyfy_authorization", check_mode=True, **given))
    assert_clean_files(planted, Path(modules.options["state_dir"]))


@both_ways
def test_answers_that_are_tampered_with(modules: Modules, planted: Planted) -> None:
    token = planted.user_token
    good = {"access_token": token, "token_type": "Bearer", "expires_in": "600", "state": STATE}
    echo = f"{STATE} {quote(STATE)} {token} {CODE} {base64.b64encode(CODE.encode()).decode()}"
    for given in (
        answered(**{**good, "state": CODE}),
        answered(**good, code=CODE),
        answered(**{**good, "expires_in": CODE}),
        answered(**{**good, "token_type": CODE}),
        answered(**{**good, "access_token": f"{token}\n{CODE}"}),
        answered(state=STATE, code=f"{CODE} {CODE}"),
        answered(state=STATE, error=CODE, error_description=echo, code=CODE, access_token=token),
        answered(state=STATE, error="server_error", error_description=echo, code=CODE, access_token=token),
        answered(state=STATE, error="server_error", error_description=echo * 9, code=CODE, access_token=token),
        {**answered(**good), "redirect_response": f"{token} {CODE}"},
        {**answered(**good), "redirect_response": f"https://user:{token}@evil.test/?code={CODE}"},
        {**answered(**good), "redirect_uri": f"https://user:{token}@evil.test/"},
        {**answered(**good), "redirect_uri": f"http://app.example.com/{token}#{CODE}"},
        {**answered(state=STATE, code=CODE), "code_verifier": f"{VERIFIER} "},
        {**answered(**good), "min_ttl": "soon"},
        {**answered(**good), "state": "absent"},
    ):
        text = shown(modules, "tallyfy_authorization", **given)
        assert '"failed": true' in text
        assert_clean(planted, "tallyfy_authorization", text)


@pytest.mark.parametrize(
    "options",
    [
        {"client_secret": WRONG_SECRET},
        {"client_secret": f"{WRONG_SECRET}\nsecond line"},
        {"client_secret": f"{WRONG_SECRET}\udce4"},
        {"access_token": WRONG_SECRET, "client_id": None, "client_secret": None},
        {"access_token": f"Bearer {WRONG_SECRET}", "client_id": None, "client_secret": None},
        {"access_token": WRONG_SECRET.replace(" ", "").replace("ü", ""), "client_id": None, "client_secret": None},
        {"api_url": f"https://user:{quote(WRONG_SECRET)}@example.com/api"},
        {"token_url": f"https://example.com/oauth/token?secret={quote(WRONG_SECRET)}"},
        {"api_url": f"ftp://user:{quote(WRONG_SECRET)}@example.com/api#{quote(WRONG_SECRET)}"},
        {"token_url": f"https://user:{WRONG_SECRET}@example.com:port/"},
        {"timeout": "soon", "client_secret": WRONG_SECRET},
    ],
)
@of_all_modules
def test_secrets_passed_wrongly(
    sandbox: Sandbox, modules: Modules, planted: Planted, module: str, options: dict[str, Any]
) -> None:
    sandbox.clear_faults()
    modules.use(max_wait=0, **options)
    text = shown(modules, module)
    assert '"failed": true' in text
    assert_clean(planted, module, text)


@both_ways
def test_unreachable_with_a_proxy_that_wants_a_password(modules: Modules, planted: Planted) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    proxies = [
        f"http://user:{quote(PROXY_PASSWORD, safe='')}@127.0.0.1:{port}",
        f"http://user:{PROXY_PASSWORD}@127.0.0.1:x",
    ]
    # Where each of the libraries takes an address apart.
    halves = PROXY_PASSWORD.split("/")
    proxies += [f"http://user:{mark.join(halves)}@127.0.0.1:{port}" for mark in "#?[]@"]
    for proxy in proxies:
        modules.environment.update(http_proxy=proxy, https_proxy=proxy, no_proxy="")
        # Nothing on this machine is asked through a proxy.
        url = "https://tallyfy.invalid"
        modules.use(api_url=f"{url}/api", token_url=f"{url}/oauth/token", max_wait=0)
        for module in TASKS:
            text = shown(modules, module)
            assert '"failed": true' in text
            assert_clean(planted, module, text)


def plant(sandbox: Sandbox, known: Planted, times: int | None = None) -> None:
    """Answer sign-ins with known tokens, those of the application so many times."""
    answer = {"token_type": "Bearer", "expires_in": 604800}
    sandbox.fault(route="oauth.token", times=times, body={**answer, "access_token": known.application_token})
    alice = f"/applications/{sandbox.org_id}/users/alice*/token"
    sandbox.fault(path=alice, times=None, body={**answer, "access_token": known.user_token})


def shown(modules: Modules, module: str, *, check_mode: bool = False, **arguments: Any) -> str:
    """Return all of a module's result that ansible-core would show."""
    result = modules.run(module, check_mode=check_mode, **{**TASKS.get(module, {}), **arguments})
    if not result.get("failed"):
        result.pop("token", None)  # what it is for; the action plugin keeps it out of the output
    return json.dumps({name: value for name, value in result.items() if not name.startswith("_ansible")})


# --- playbooks --------------------------------------------------------------------------------------------------------

RECORDER = '''
import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Writes down all that a callback gets to see of results, as callbacks that feed other systems do."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, result, **options):
        with open(os.environ["RECORDER_FILE"], "a") as file:
            file.write(json.dumps(getattr(result, "result", None) or result._result, default=str) + "\\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = v2_runner_retry = _record
    v2_runner_item_on_ok = v2_runner_item_on_failed = v2_on_file_diff = _record
'''

PLAY = """
- name: Everything that could show a secret
  hosts: localhost
  gather_facts: false
  vars:
    closed: "http://127.0.0.1:1"
  module_defaults:
    group/tallyfy.platform.tallyfy:
      max_wait: 0
  tasks:
    - name: Get a token
      tallyfy.platform.tallyfy_token:
      register: application
    - name: Get tokens in a loop
      tags: check
      tallyfy.platform.tallyfy_token:
        user: "{{ item }}"
      loop: [alice.smith@example.com, alice.smith@example.com]
      register: users
    - name: Get one and call it a failure
      tallyfy.platform.tallyfy_token:
      failed_when: true
      ignore_errors: true
    - name: Get one again and again
      tallyfy.platform.tallyfy_token:
      register: again
      until: again.token is not defined
      retries: 1
      delay: 0
      ignore_errors: true
    - name: Do not get one
      tallyfy.platform.tallyfy_token:
        user: "{{ item }}"
      loop: [nobody@example.com, alice.smith@example.com]
      ignore_errors: true
    - name: Sign in with a wrong secret
      tallyfy.platform.tallyfy_token:
        client_secret: "{{ lookup('env', 'WRONG_SECRET') }}"
        renew: true
        cache_tokens: false
      ignore_errors: true
    - name: Keep a fact that is not secret
      ansible.builtin.set_fact:
        seconds: "{{ application.token.expires_in }}"
        cacheable: true
    - name: The registered token can be used
      tallyfy.platform.tallyfy_organization_info:
        client_id: ""
        client_secret: ""
        access_token: "{{ item }}"
      environment:
        TALLYFY_CLIENT_ID: ""
        TALLYFY_CLIENT_SECRET: ""
      loop: ["{{ application.token.access_token }}", "{{ users.results[1].token.access_token }}"]
      loop_control:
        label: a token
      no_log: true
      register: used
    - name: Say what came of it
      ansible.builtin.debug:
        msg: >-
          lengths {{ application.token.access_token | length }} {{ users.results[1].token.access_token | length }}
          kinds {{ used.results | map(attribute='caller.kind') | join(' ') }}
          looked up {{ lookup('tallyfy.platform.token') | length }}
          {{ query('tallyfy.platform.token', 'alice.smith@example.com')[0] | length }}
    - name: Look up in vain
      ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', 'nobody@example.com') }}"
      ignore_errors: true
    - name: Look up with a wrong secret
      tags: check
      ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', client_secret=lookup('env', 'WRONG_SECRET'), cache_tokens=false) }}"
      ignore_errors: true
    - name: Look up with a secret of two lines
      ansible.builtin.debug:
        msg: >-
          {{ lookup('tallyfy.platform.token', client_id='', client_secret='', timeout='x',
             access_token=lookup('env', 'WRONG_SECRET') ~ '\\nü') }}
      ignore_errors: true
    - name: Give a token that is none
      tallyfy.platform.tallyfy_user_info:
        access_token: "{{ lookup('env', 'WRONG_SECRET') }}\\nü"
      ignore_errors: true
    - name: Hand a secret over in an option that is none, or another one
      tallyfy.platform.tallyfy_api:
        path: "/organizations/{org_id}"
      args: "{{ {item: lookup('env', 'WRONG_SECRET')} }}"
      loop: [token, token_kind, all_pages, timeout, query]
      ignore_errors: true
      tags: check
    - name: Change somebody
      tags: check
      tallyfy.platform.tallyfy_user:
        email: bob@example.com
        team: Board
        client_secret: "{{ lookup('env', 'TALLYFY_CLIENT_SECRET') }}"
    - name: Meet every error
      tallyfy.platform.tallyfy_api:
        path: "/organizations/{org_id}/{{ item }}"
      loop: [e403, e422, e500, page, half, redirect]
      ignore_errors: true
      tags: check
    - name: Meet some in the name of somebody
      tallyfy.platform.tallyfy_api:
        path: "/organizations/{org_id}/{{ item }}"
        act_as: alice.smith@example.com
      loop: [u500, u401]
      ignore_errors: true
    - name: Meet one while changing somebody
      tags: check
      tallyfy.platform.tallyfy_user:
        email: frank.moore@example.com
        team: Board
      ignore_errors: true
    - name: Reach nobody
      tallyfy.platform.tallyfy_organization_info:
        api_url: "{{ closed }}/api"
      ignore_errors: true
    - name: Trust nobody
      tallyfy.platform.tallyfy_organization_info:
        api_url: "{{ lookup('env', 'TALLYFY_API_URL') | replace('http:', 'https:') }}"
      ignore_errors: true
    - name: Get nonsense
      tallyfy.platform.tallyfy_user_info:
        complete: true
      ignore_errors: true
    - name: Lose the token on the way
      tallyfy.platform.tallyfy_api:
        path: "/organizations/{org_id}/e401"
      ignore_errors: true
    - name: Forget the token
      tallyfy.platform.tallyfy_token:
        state: absent
"""


@pytest.fixture
def careless(sandbox: Sandbox, planted: Planted) -> Planted:
    """Let the service quote secrets in whatever goes wrong; one sign-in gets the known token, and wrong ones fail."""
    sandbox.clear_faults()
    plant(sandbox, planted, times=1)
    for letter, token in (("e", planted.application_token), ("u", planted.user_token)):
        cases = errors([planted.client_secret, token])
        for name in ("401", "403", "422", "500", "page", "half of the JSON", "redirect"):
            path = f"/organizations/*/{letter}{name}" if name.isdigit() else f"/organizations/*/{name.split()[0]}"
            sandbox.fault(path=path, times=None, **cases[name])
    cases = errors([planted.client_secret, planted.application_token])
    sandbox.fault(method="PUT", path="/organizations/*/users/1008", times=None, **cases["422"])
    nonsense = [{"id": 1, "name": planted.application_token, "members": [planted.application_token]}]
    sandbox.fault(route="groups.list", times=None, body={"data": nonsense})
    return planted


def run_watched(playbooks: Playbooks, play: str, *options: str) -> CompletedProcess[str]:
    """Run a play at -vvvv and let everything that ansible-core can be made to write down be written down."""
    folder = playbooks.folder
    (folder / "callbacks").mkdir()
    (folder / "callbacks" / "recorder.py").write_text(RECORDER)
    (folder / "temporary").mkdir()
    return playbooks.run(
        play,
        "-vvvv",
        *options,
        WRONG_SECRET=WRONG_SECRET,
        TMPDIR=str(folder / "temporary"),
        ANSIBLE_LOCAL_TEMP=str(folder / "local"),
        ANSIBLE_REMOTE_TEMP=str(folder / "remote"),
        ANSIBLE_PIPELINING="0",
        ANSIBLE_LOG_PATH=str(folder / "ansible.log"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(folder / "facts"),
        ANSIBLE_DISPLAY_TRACEBACK="always",
        ANSIBLE_CALLBACK_PLUGINS=str(folder / "callbacks"),
        ANSIBLE_CALLBACKS_ENABLED="recorder,ansible.builtin.junit,ansible.builtin.tree",
        ANSIBLE_CALLBACK_TREE_DIR=str(folder / "results"),
        JUNIT_OUTPUT_DIR=str(folder / "junit"),
        RECORDER_FILE=str(folder / "recorded"),
    )


@pytest.mark.parametrize(
    "options",
    [("--diff",), ("--diff", "-e", "tallyfy_in_process=false"), ("--diff", "--check", "--tags", "check")],
    ids=["run", "modules", "check"],
)
def test_playbook(playbooks: Playbooks, careless: Planted, options: tuple[str, ...]) -> None:
    """At -vvvv nothing is shown, logged, cached, handed to callbacks or left behind."""
    folder = playbooks.folder
    done = run_watched(playbooks, PLAY, *options)
    output = done.stdout
    assert_clean(careless, "the output", output)
    names = assert_clean_files(careless, folder)
    assert {"ansible.log", "recorded", "localhost", "playbook.yml"} <= names
    assert done.returncode == 0, output[-3000:]
    assert "the sign-in failed" in output
    assert "redirected to" in output
    assert not list((folder / "temporary").rglob("*")), "temporary files stayed"
    assert not [path for path in (folder / "remote").rglob("*") if path.is_file()]
    if "--check" in options:
        return
    lengths = f"{len(careless.application_token)} {len(careless.user_token)}"
    for sentence in (
        f"lengths {lengths} kinds given given looked up {lengths}",
        "nobody@example.com must be an active member",
        "access_token contains characters that no token has",
        "token is not an option; did you mean access_token?",
        "value of token_kind must be one of: auto, application, user",
    ):
        assert sentence in " ".join(output.split()), sentence
    kept = [path for path in folder.rglob("token-*") if path.suffix != ".lock"]
    assert kept
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)


AUTHORIZING = """
- name: Everything that could show a secret of the browser flow
  hosts: localhost
  gather_facts: false
  vars_files: [secrets.json]
  module_defaults:
    group/tallyfy.platform.tallyfy:
      max_wait: 0
  tasks:
    - name: Make an address
      ansible.builtin.set_fact:
        asked: "{{ lookup('tallyfy.platform.authorization_request', redirect_uri=good.redirect_uri) }}"
      no_log: true
    - name: Take an answer that is refused at the exchange
      tallyfy.platform.tallyfy_authorization: &answer
        name: alice
        redirect_response: "{{ answer.redirect_response }}"
        redirect_uri: "{{ answer.redirect_uri }}"
        expected_state: "{{ answer.expected_state }}"
        code_verifier: "{{ answer.code_verifier | default(omit) }}"
      vars:
        answer: "{{ answers[0] }}"
      ignore_errors: true
    - name: Take one with another state
      tallyfy.platform.tallyfy_authorization: *answer
      vars:
        answer: "{{ answers[1] }}"
      ignore_errors: true
    - name: Take an error that quotes
      tallyfy.platform.tallyfy_authorization: *answer
      vars:
        answer: "{{ answers[2] }}"
      ignore_errors: true
    - name: Take a good one
      tallyfy.platform.tallyfy_authorization: *answer
      vars:
        answer: "{{ good }}"
      register: taken
    - name: Take it twice
      tallyfy.platform.tallyfy_authorization: *answer
      vars:
        answer: "{{ good }}"
      ignore_errors: true
    - name: Get the kept one, and call it a failure
      tallyfy.platform.tallyfy_authorization:
        name: alice
      failed_when: true
      ignore_errors: true
    - name: Use it
      tallyfy.platform.tallyfy_organization_info:
        access_token: "{{ lookup('tallyfy.platform.token', name='alice') }}"
    - name: Say what came of it
      ansible.builtin.debug:
        msg: "{{ taken.token.user }} {{ lookup('tallyfy.platform.token', name='alice') | length }}"
    - name: Look for another
      ansible.builtin.debug:
        msg: "{{ lookup('tallyfy.platform.token', name='bob') }}"
      ignore_errors: true
"""


@pytest.mark.parametrize("options", [(), ("-e", "tallyfy_in_process=false")], ids=["run", "modules"])
def test_browser(playbooks: Playbooks, sandbox: Sandbox, planted: Planted, options: tuple[str, ...]) -> None:
    issued = {"access_token": planted.user_token, "token_type": "Bearer", "expires_in": "600"}
    sandbox.clear_faults()
    echo = " and ".join(form for secret in (planted.client_secret, CODE, VERIFIER) for form in sorted(forms(secret)))
    sandbox.fault(route="oauth.token", status=400, body={"error": "invalid_grant", "error_description": echo})
    sandbox.fault(route="oauth.token", times=None, body=issued)
    answers = [
        {**answered(state=STATE + "1", code=CODE), "expected_state": STATE + "1"},
        answered(**{**issued, "state": "no" + STATE}),
        answered(state=STATE, error="server_error", error_description=f"{STATE} {quote(CODE)}", code=CODE),
    ]
    given = {"good": answered(state=STATE, code=CODE), "answers": answers}
    # Outside of what is searched, since it is where the secrets come from.
    file = playbooks.folder.parent / f"{playbooks.folder.name}-secrets.json"
    file.write_text(json.dumps(given))
    done = run_watched(playbooks, AUTHORIZING.replace("secrets.json", str(file)), *options)
    file.unlink()
    assert_clean(planted, "the output", done.stdout)
    assert_clean_files(planted, playbooks.folder)
    assert done.returncode == 0, done.stdout[-3000:]
    output = " ".join(done.stdout.split())
    for sentence in (
        f"{ALICE} {len(planted.user_token)}",
        "its state differs from expected_state",
        "answered with server_error",
        "the sign-in failed",
        "has already been used",
        "No token is stored as bob",
    ):
        assert sentence in output, sentence


@pytest.mark.parametrize("callback", ["minimal", "oneline"])
def test_other_callbacks(playbooks: Playbooks, planted: Planted, callback: str) -> None:
    done = playbooks.run(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - tallyfy.platform.tallyfy_token:
      loop: [1, 2]
      register: application
    - tallyfy.platform.tallyfy_organization_info:
""",
        "-vvv",
        ANSIBLE_STDOUT_CALLBACK=callback,
    )
    assert done.returncode == 0, done.stdout
    assert "Globex" in done.stdout
    assert_clean(planted, "the output", done.stdout)


def test_over_ssh(playbooks: Playbooks, planted: Planted) -> None:
    """The connection plugin that prints what modules print; a stand-in runs the commands here."""
    ssh = playbooks.folder / "ssh"
    ssh.write_text('#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n')
    ssh.chmod(0o755)
    done = playbooks.run(
        """
- hosts: all
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    ansible_ssh_executable: "{{ playbook_dir }}/ssh"
    ansible_ssh_transfer_method: piped
  tasks:
    - tallyfy.platform.tallyfy_token:
      register: application
    - tallyfy.platform.tallyfy_organization_info:
        client_secret: "{{ lookup('env', 'TALLYFY_CLIENT_SECRET') }}"
    - tallyfy.platform.tallyfy_user_info:
        cache_tokens: false
""",
        "-vvvv",
        "-i",
        "elsewhere.example.com,",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert_clean(planted, "the output", done.stdout)
